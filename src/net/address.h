/*
 * Socket addresses: how a configuration writes them and how the log shows them.
 */
#ifndef WSRELAYD_NET_ADDRESS_H
#define WSRELAYD_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_BYTES = 128, ADDRESS_RESULTS_MAX = 16 };

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/*
 * Turns "host:port", "[v6]:port", ":port" (all addresses, IPv6 and IPv4) or "unix:/path" into
 * addresses to bind. "localhost" is 127.0.0.1 and ::1 without asking a resolver. Returns the number
 * written to `results` (ADDRESS_RESULTS_MAX of room), or 0 with *error set to a static sentence.
 */
size_t address_resolve(const char *text, struct address *results, const char **error);

/* Whether address_resolve would ask the resolver, which may take long. Asks nobody. */
bool address_needs_resolver(const char *text);

/* "127.0.0.1:8080", "[::1]:8080", "unix:/path", "unix:" for an unnamed peer; always terminated. */
void address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES]);

/* Whether a socket that listens at `bound` accepts connections whose own end is `local`. */
bool address_covers(const struct address *bound, const struct address *local);

/* Whether both are the same address of the same family. */
bool address_equal(const struct address *left, const struct address *right);

/* Whether only this machine reaches it: loopback addresses, and all that are no IP addresses. */
bool address_is_local(const struct address *address);

#endif
