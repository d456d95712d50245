/*
 * The client's side of the opening handshake: RFC 6455 section 4.1.
 */
#ifndef WSRELAYD_BENCH_HANDSHAKE_H
#define WSRELAYD_BENCH_HANDSHAKE_H

#include "base/slice.h"
#include "bench/settings.h"
#include "protocol/upgrade.h"

enum {
    HANDSHAKE_ANSWER_MAX = 16384, /* of an answer's head */
    HANDSHAKE_WHY_MAX = 192,
};

/* The request for a URL, the same for all connections but for the key. */
struct handshake {
    const struct settings *settings;
    char *request;
    size_t length;
    size_t key_at; /* where the UPGRADE_KEY_BYTES of the key are */
};

/* Ends the program when memory is short. */
void handshake_init(struct handshake *handshake, const struct settings *settings,
                    const struct url *url);
void handshake_destroy(struct handshake *handshake);

/* Writes the request with a key of its own to `target`, which has room for `length` bytes. */
void handshake_write(const struct handshake *handshake, uint64_t *seed, char *target);

enum handshake_verdict {
    HANDSHAKE_INCOMPLETE,
    HANDSHAKE_ACCEPTED,
    HANDSHAKE_REFUSED, /* properly, or by something that does not speak HTTP */
    HANDSHAKE_WRONG,   /* a 101 that RFC 6455 section 4.1 does not let a client take */
};

struct handshake_answer {
    size_t length; /* of the head; what follows is frames */
    bool deflates;
    bool server_keeps_context; /* for compression */
    char why[HANDSHAKE_WHY_MAX];
};

/* Judges what has come so far, in answer to a request with this key. */
enum handshake_verdict handshake_judge(const struct handshake *handshake, struct slice key,
                                       struct slice received, struct handshake_answer *answer);

#endif
