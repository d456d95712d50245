/*
 * Listening sockets that outlive a crash or a restart without a socket unit: those that this
 * process has opened itself are given to the service manager to keep (systemd's file descriptor
 * store), which passes them to the next start. There they are taken instead of being opened anew
 * (net/inherited.h). All of it belongs to the main thread.
 *
 * Whether there is a store is said by $FDSTORE, the number of descriptors that it takes. systemd
 * sets it from version 254 on; under an older one the unit sets it beside FileDescriptorStoreMax=,
 * as the one that is installed does.
 */
#ifndef WSRELAYD_SERVER_DESCRIPTOR_STORE_H
#define WSRELAYD_SERVER_DESCRIPTOR_STORE_H

struct bound_socket;
struct listener_set;

/*
 * For all listeners of the start: what has been kept for nothing is removed from the store and
 * closed, then each socket that was opened here is added. Reads and unsets $FDSTORE. After
 * notify_open and listener_set_open.
 */
void descriptor_store_begin(const struct listener_set *set);

/* Adds a socket that was opened by this process; its file, if any, then stays when it is closed. */
void descriptor_store_add(struct bound_socket *bound);

/* Takes back one that is about to be closed for good. */
void descriptor_store_remove(struct bound_socket *bound);

#endif
