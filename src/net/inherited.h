/*
 * Listening sockets that whoever started this process has opened and passed to it, by the protocol
 * of sd_listen_fds(3): $LISTEN_PID, $LISTEN_FDS, $LISTEN_FDNAMES. The passed descriptors stay open
 * here, and listeners get duplicates, so a listener may come and go while the process runs. They
 * are never shut down: the manager's own copies would be, too. All of it belongs to the main
 * thread.
 */
#ifndef WSRELAYD_NET_INHERITED_H
#define WSRELAYD_NET_INHERITED_H

#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>

enum inherited_outcome { INHERITED_TAKEN, INHERITED_NONE_LEFT, INHERITED_UNFIT };

/*
 * Finds what was passed to this process, if anything, makes it close-on-exec and unsets the
 * variables. Returns 0, or -1 with the reason logged.
 */
int inherited_collect(void);

/*
 * Gives a duplicate (non-blocking, close-on-exec) of the next socket that was passed under a name,
 * with the address that it is bound to. *position is 0 at first and is moved on. Where there is
 * none at all, or it is no socket to accept connections from, the outcome is INHERITED_UNFIT with
 * *problem set to a sentence that is valid until the next call.
 */
enum inherited_outcome inherited_take(const char *name, size_t *position, int *fd,
                                      struct address *address, const char **problem);

/*
 * Sockets that an earlier process of this service has opened and left in the service manager's
 * store come back the same way, under a name that their address makes.
 */
enum { INHERITED_NAME_BYTES = ADDRESS_TEXT_BYTES + 16 };
void inherited_make_name(char name[INHERITED_NAME_BYTES], const struct address *address);

/*
 * Gives the socket that was stored for an address, non-blocking and close-on-exec, for the caller
 * to close; -1 when there is none, or when the file of a unix socket is gone.
 */
int inherited_take_stored(const struct address *address);

/* Closes one that nobody has taken. Returns false when there is none, else true with its name. */
bool inherited_close_stale(char name[INHERITED_NAME_BYTES]);

/* Closes what nobody has taken, with a warning each. */
void inherited_close_unused(void);

/* Closes the rest. Duplicates live on. */
void inherited_free(void);

#endif
