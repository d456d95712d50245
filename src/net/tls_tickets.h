/*
 * The keys that session tickets are sealed with. A key that never changed would undo the forward
 * secrecy of every session that it had sealed, so a new one is made from time to time and old
 * ones are forgotten. One set serves all the contexts of a listener, in any thread.
 */
#ifndef WSRELAYD_NET_TLS_TICKETS_H
#define WSRELAYD_NET_TLS_TICKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    TLS_TICKET_NAME_BYTES = 16,
    TLS_TICKET_KEY_BYTES = 32,
    TLS_TICKET_KEY_ROTATION_MS = 12 * 3600 * 1000 /* sealed with for so long, then opened only */
};

struct tls_ticket_key {
    unsigned char name[TLS_TICKET_NAME_BYTES];
    unsigned char cipher_key[TLS_TICKET_KEY_BYTES];
    unsigned char mac_key[TLS_TICKET_KEY_BYTES];
};

struct tls_tickets;

/* One reference; NULL when memory is short. */
struct tls_tickets *tls_tickets_create(void);

/* Any thread; the last reference frees. tls_tickets_free accepts NULL. */
struct tls_tickets *tls_tickets_hold(struct tls_tickets *tickets);
void tls_tickets_free(struct tls_tickets *tickets);

/* Makes a context use the keys, which must live as long as it. Returns whether that went well. */
bool tls_tickets_serve(struct tls_tickets *tickets, SSL_CTX *context);

/* The key for new tickets at this moment (monotonic). False when there is no randomness. */
bool tls_tickets_current(struct tls_tickets *tickets, int64_t now_ms, struct tls_ticket_key *key);

/*
 * The key of an old ticket, and whether it is the one for new tickets too. False when it has been
 * forgotten: a key serves for one rotation and is good for opening during the next.
 */
bool tls_tickets_find(struct tls_tickets *tickets, int64_t now_ms,
                      const unsigned char name[TLS_TICKET_NAME_BYTES], struct tls_ticket_key *key,
                      bool *current);

#endif
