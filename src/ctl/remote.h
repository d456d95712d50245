/*
 * The daemon to talk to: its address, and the token that opens it.
 */
#ifndef WSRELAYD_CTL_REMOTE_H
#define WSRELAYD_CTL_REMOTE_H

#include "ctl/arguments.h"
#include "ctl/complain.h"

#include <stdbool.h>
#include <stdint.h>

#define REMOTE_ENVIRONMENT "WSRELAYCTL_ADDRESS"
#define REMOTE_CONFIG      WSRELAYD_SYSCONFDIR "/wsrelayd/wsrelayd.yaml"
#define REMOTE_FALLBACK    "unix:/run/wsrelayd/admin.sock"

enum { REMOTE_TOKEN_MAX_BYTES = 512, REMOTE_ORIGIN_BYTES = 320 };

struct remote {
    char *address;                          /* host:port, [v6]:port, :port or unix:/path */
    char token[REMOTE_TOKEN_MAX_BYTES + 1]; /* for a TCP address; empty: none */
    int64_t timeout_ms;                     /* for a request and its answer */
    char origin[REMOTE_ORIGIN_BYTES];       /* where the address comes from, for complaints */
};

/*
 * Finds the address: --server, the file of --config, the environment, the configuration file of
 * the system, or else the fallback. The token is the first line of --token-file, or of the token
 * file that the same configuration names, if it can be read. Returns false with the failure when
 * the command line or the environment leads nowhere. Free with remote_free in either case.
 */
bool remote_find(struct remote *remote, const struct arguments *arguments, struct failure *failure);

void remote_free(struct remote *remote);

#endif
