/*
 * The contract between the server and a handler: what happens to messages on a route.
 *
 * A handler is one constant struct. Its callbacks run on the connection's own thread, and nothing
 * re-enters them: whatever a callback asks for that would call back happens after it returns.
 * A NULL callback means the default. This header belongs to no layer: it needs only the C library,
 * base and config/handler_schema.h, and every layer from net upwards may include it.
 */
#ifndef WSRELAYD_HANDLERS_HANDLER_H
#define WSRELAYD_HANDLERS_HANDLER_H

#include "base/slice.h"
#include "config/handler_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct loop;
struct relay_member;

/* RFC 6455 opcodes of the two kinds of message. */
enum message_type { MESSAGE_TEXT = 0x1, MESSAGE_BINARY = 0x2 };

struct http_head;

/* What on_upgrade and on_open are shown. Slices are valid during the call only. */
struct upgrade_info {
    const struct http_head *head; /* the request as received: protocol/http.h */
    struct slice path;            /* normalised */
    struct slice query;           /* as sent, without "?" */
    struct slice host;       /* lower case, without port, an IPv6 address in its shortest form */
    const char *pattern;     /* the route's path as configured */
    const char *subprotocol; /* the one selected, or NULL; static for the connection's life */
    const struct handler_capture {
        const char *name;
        struct slice value; /* still percent-encoded */
    } * captures;
    size_t capture_count;
};

enum upgrade_decision {
    UPGRADE_ACCEPT,
    UPGRADE_REFUSE, /* answered with *status and *reason */
};

/*
 * What a handler sets for one connection instead of the route. Lives in the handler's state.
 * Zero-filled: the route's settings hold.
 */
struct conn_timing {
    int64_t ping_interval_ms;
    int64_t max_age_ms; /* to the millisecond; the route's holds as well */
    int64_t wake_ms;    /* see conn_wake_after, which alone changes it */
};

enum { CONN_ADDRESS_BYTES = 48, CONN_SUBJECT_BYTES = 1024 };

/* How a connection has come in. What is no array is valid for the connection's life. */
struct conn_description {
    char address[CONN_ADDRESS_BYTES]; /* the peer's; empty: it came over a unix socket */
    uint16_t port;                    /* the peer's; 0 with a unix socket */
    const char *listener;             /* its name */
    const char *tls_version;          /* NULL: plain */
    const char *tls_cipher;           /* NULL: plain */
    /* Of the client's certificate, as RFC 2253 writes it, in ASCII; empty: it has none. */
    char tls_subject[CONN_SUBJECT_BYTES];
};

enum send_result {
    SEND_QUEUED, /* will be sent, in order */
    /* The same, but what waits has been above the high mark, half of send_queue.size, and not yet
     * below the low mark, a quarter. */
    SEND_CONGESTED,
    SEND_TOO_SLOW, /* the queue is full: nothing was queued */
    SEND_CLOSED,   /* the connection is closing: nothing was queued */
    SEND_NO_MEMORY /* nothing was queued */
};

static inline bool send_was_queued(enum send_result result)
{
    return result == SEND_QUEUED || result == SEND_CONGESTED;
}

struct handler {
    struct handler_schema schema;
    size_t state_bytes; /* per connection, cleared before on_upgrade; conn_state gives it */

    /*
     * A handshake that is otherwise in order. On UPGRADE_REFUSE set *status (an HTTP status from
     * 300 to 599; any other is answered as 500) and *reason (a sentence, static or in the
     * handler's state). on_close follows an accepted on_upgrade exactly once, whatever happens, and
     * never a refused one.
     */
    enum upgrade_decision (*on_upgrade)(struct conn *conn, const struct upgrade_info *info,
                                        int *status, const char **reason);

    /* The 101 has been sent, and nothing has been received: what is sent now comes first. */
    void (*on_open)(struct conn *conn, const struct upgrade_info *info);

    /* One complete message; `bytes` is valid during the call. Text is valid UTF-8. Without an
     * on_chunk every message is collected for it. */
    void (*on_message)(struct conn *conn, enum message_type type, const uint8_t *bytes,
                       size_t length);

    /*
     * A message as it arrives: in chunks of at least CHUNK_LEAST_BYTES, the last of any size. One
     * of up to CHUNK_WHOLE_BYTES is always collected. What is there whole goes to on_message, or
     * comes as one chunk that is first and last if there is no on_message. Text has been checked up
     * to the end of the chunk, which may lie inside a character. If the connection ends before the
     * last chunk, on_close is all that follows.
     */
    void (*on_chunk)(struct conn *conn, enum message_type type, const uint8_t *bytes, size_t length,
                     bool first, bool last);

    /* The queue was above its high mark and has fallen below the low mark. What others publish
     * fills it too, so this may come without a SEND_CONGESTED before it. */
    void (*on_writable)(struct conn *conn);

    /* The time of conn_wake_after is over. */
    void (*on_wake)(struct conn *conn);

    /*
     * The peer's Close has come: whether everything that was accepted for this connection before
     * has been given to it. If not, the Close is looked at again in the next turn. *mark is 0 at
     * first and the handler's own: what it waits for. NULL: nothing is ever under way.
     */
    bool (*is_caught_up)(struct conn *conn, uint64_t *mark);

    /* The connection's place in a room, for those who ask about connections; NULL: it is in none.
     */
    const struct relay_member *(*membership)(const struct conn *conn);

    /* The connection is over for the handler: sends return SEND_CLOSED from here on. */
    void (*on_close)(struct conn *conn);
};

enum { CHUNK_WHOLE_BYTES = 65536, CHUNK_LEAST_BYTES = 16384 };

/* ---- what a handler may call, from any callback of the same connection ---- */

/* The handler's own memory for this connection; NULL when state_bytes is 0. */
void *conn_state(const struct conn *conn);

/* The settings of the connection's route, as filled by the handler's schema rows. */
const void *conn_handler_settings(const struct conn *conn);

/* The worker that the connection lives on. */
struct loop *conn_loop(const struct conn *conn);

/* The time (ms, monotonic), and bits for spreading things out; nothing secret. */
int64_t conn_now_ms(const struct conn *conn);
uint32_t conn_random(const struct conn *conn);

void conn_describe(const struct conn *conn, struct conn_description *description);

/*
 * In on_upgrade only: from here on the connection is another handler's, with cleared state; the
 * state it had is freed. What on_upgrade returns then counts for that handler, whose own is not
 * called. False, and nothing is changed, when memory is short.
 */
bool conn_become(struct conn *conn, const struct handler *handler);

/* In on_upgrade only: answers with this subprotocol, which is static or in the handler's state, or
 * with none (NULL), whatever the route says and the client has offered. */
void conn_set_subprotocol(struct conn *conn, const char *subprotocol);

/* In on_upgrade only: from here on `timing` counts. */
void conn_set_timing(struct conn *conn, struct conn_timing *timing);

/*
 * Calls on_wake after so many ms, and up to WHEEL_TICK_MS more; 0: in the next turn. A second call
 * moves it, and once the connection is closing nothing comes of it. The connection has a timing.
 */
void conn_wake_after(struct conn *conn, int64_t delay_ms);

/*
 * Sends a whole message. `bytes` may be what the callback was given, which then is not copied.
 * While a streamed message is being sent, whole ones wait for its end.
 */
enum send_result conn_send(struct conn *conn, enum message_type type, const uint8_t *bytes,
                           size_t length);

/* Sends a message in parts: begin, then any number of chunks, then end with the last bytes. */
enum send_result conn_send_begin(struct conn *conn, enum message_type type);
enum send_result conn_send_chunk(struct conn *conn, const uint8_t *bytes, size_t length);
enum send_result conn_send_end(struct conn *conn, const uint8_t *bytes, size_t length);

/* Stops and restarts the delivery of messages. What the peer sends meanwhile waits in the kernel.
 */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/*
 * Ends the connection. `reason` is a sentence, static or in the handler's state: it goes into the
 * Close frame and the log. A code that tells of a failure drops what waits to be sent. A second
 * call does nothing. on_close is called once the current callback has returned.
 */
void conn_close(struct conn *conn, uint16_t code, const char *reason);

/* The same behind everything that waits to be sent, whatever the code; and without a Close frame,
 * as a connection ends whose server has died. For handlers that test clients. */
void conn_close_orderly(struct conn *conn, uint16_t code, const char *reason);
void conn_abort(struct conn *conn, const char *reason);

#endif
