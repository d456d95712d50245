/*
 * Ticket keys: the current one and the one before.
 */
#include "net/tls_tickets.h"

#include "base/clock.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct tls_tickets {
    atomic_uint references;
    pthread_mutex_t lock;          /* over all below */
    struct tls_ticket_key keys[2]; /* the current one first */
    int64_t rotation_due_ms[2];    /* when a key stops sealing; 0: there is no such key */
};

struct tls_tickets *tls_tickets_create(void)
{
    struct tls_tickets *tickets = calloc(1, sizeof *tickets);

    if (tickets != NULL && pthread_mutex_init(&tickets->lock, NULL) != 0) {
        free(tickets);
        return NULL;
    }
    if (tickets != NULL) {
        atomic_init(&tickets->references, 1);
    }
    return tickets;
}

struct tls_tickets *tls_tickets_hold(struct tls_tickets *tickets)
{
    atomic_fetch_add_explicit(&tickets->references, 1, memory_order_relaxed);
    return tickets;
}

void tls_tickets_free(struct tls_tickets *tickets)
{
    if (tickets == NULL ||
        atomic_fetch_sub_explicit(&tickets->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    pthread_mutex_destroy(&tickets->lock);
    OPENSSL_cleanse(tickets->keys, sizeof tickets->keys);
    free(tickets);
}

/* Under the lock: replaces a key that has sealed for long enough; what was before it is lost. */
static bool rotate(struct tls_tickets *tickets, int64_t now_ms)
{
    struct tls_ticket_key fresh;

    if (now_ms < tickets->rotation_due_ms[0]) {
        return true;
    }
    if (RAND_priv_bytes((unsigned char *)&fresh, sizeof fresh) != 1) {
        return false;
    }
    tickets->keys[1] = tickets->keys[0];
    tickets->rotation_due_ms[1] = tickets->rotation_due_ms[0];
    tickets->keys[0] = fresh;
    tickets->rotation_due_ms[0] = now_ms + TLS_TICKET_KEY_ROTATION_MS;
    OPENSSL_cleanse(&fresh, sizeof fresh);
    return true;
}

bool tls_tickets_current(struct tls_tickets *tickets, int64_t now_ms, struct tls_ticket_key *key)
{
    bool made;

    pthread_mutex_lock(&tickets->lock);
    made = rotate(tickets, now_ms);
    *key = tickets->keys[0];
    pthread_mutex_unlock(&tickets->lock);
    return made;
}

/* Under the lock. A key may open for one more rotation after it has stopped sealing. */
static bool opens(const struct tls_tickets *tickets, size_t index, int64_t now_ms,
                  const unsigned char *name)
{
    int64_t due_ms = tickets->rotation_due_ms[index];

    return due_ms != 0 && now_ms < due_ms + TLS_TICKET_KEY_ROTATION_MS &&
           memcmp(tickets->keys[index].name, name, TLS_TICKET_NAME_BYTES) == 0;
}

bool tls_tickets_find(struct tls_tickets *tickets, int64_t now_ms,
                      const unsigned char name[TLS_TICKET_NAME_BYTES], struct tls_ticket_key *key,
                      bool *current)
{
    bool found = false;

    pthread_mutex_lock(&tickets->lock);
    for (size_t i = 0; !found && i < 2; i++) {
        found = opens(tickets, i, now_ms, name);
        if (found) {
            *key = tickets->keys[i];
            *current = now_ms < tickets->rotation_due_ms[i];
        }
    }
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

static bool set_mac_key(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac_key, sizeof key->mac_key),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

/* OpenSSL's question, SSL_CTX_set_tlsext_ticket_key_evp_cb(3): which key does this ticket have? */
static int choose_key(SSL *ssl, unsigned char name[TLS_TICKET_NAME_BYTES], unsigned char *iv,
                      EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    enum { FAILED = -1, UNKNOWN = 0, GOOD = 1, GOOD_BUT_RENEW = 2 };
    struct tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct tls_ticket_key key;
    bool current = true;
    bool good;

    if (sealing) {
        good = tls_tickets_current(tickets, clock_monotonic_ms(), &key) &&
               RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1;
        memcpy(name, key.name, sizeof key.name);
    } else {
        good = tls_tickets_find(tickets, clock_monotonic_ms(), name, &key, &current);
        if (!good) {
            return UNKNOWN;
        }
    }
    good = good && set_mac_key(mac, &key) &&
           EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher_key, iv, sealing) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    if (!good) {
        return FAILED;
    }
    return current ? GOOD : GOOD_BUT_RENEW;
}

bool tls_tickets_serve(struct tls_tickets *tickets, SSL_CTX *context)
{
    return SSL_CTX_set_app_data(context, tickets) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(context, choose_key) == 1;
}
