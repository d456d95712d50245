/*
 * What is in the store, and what is told of it.
 */
#include "server/descriptor_store.h"

#include "base/log.h"
#include "net/inherited.h"
#include "net/listener_set.h"
#include "server/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned long size; /* how many it takes; 0: there is none */
static unsigned long used;

static void remove_name(const char *name)
{
    int error = notify_enabled() ? notify_remove_descriptor(name) : 0;

    if (error != 0) {
        log_warning("cannot remove a socket from the service manager's store",
                    LOG_TEXT("name", name), LOG_TEXT("error", strerror(error)));
    }
}

/* What the last process had and this one has not. */
static void remove_stale(void)
{
    char name[INHERITED_NAME_BYTES];

    while (inherited_close_stale(name)) {
        log_notice("a socket of the last start was closed: no listener has its address any more",
                   LOG_TEXT("name", name));
        remove_name(name);
    }
}

void descriptor_store_begin(const struct listener_set *set)
{
    const char *text = getenv("FDSTORE");

    size = text != NULL && notify_enabled() ? strtoul(text, NULL, 10) : 0;
    (void)unsetenv("FDSTORE");
    remove_stale();
    used = 0;
    for (size_t i = 0; i < set->count; i++) {
        used += set->sockets[i].bound->stored;
    }
    for (size_t i = 0; i < set->count; i++) {
        descriptor_store_add(set->sockets[i].bound);
    }
}

void descriptor_store_add(struct bound_socket *bound)
{
    char name[INHERITED_NAME_BYTES];
    int error;

    if (size == 0 || bound->passed_name != NULL || bound->stored) {
        return;
    }
    inherited_make_name(name, &bound->address);
    error = used < size ? notify_store_descriptor(name, bound->fd) : ENOSPC;
    if (error != 0) {
        log_warning("cannot give a socket to the service manager's store: FileDescriptorStoreMax= "
                    "says how many it takes",
                    LOG_TEXT("name", name), LOG_TEXT("error", strerror(error)));
        return;
    }
    bound->stored = true;
    used++;
}

void descriptor_store_remove(struct bound_socket *bound)
{
    char name[INHERITED_NAME_BYTES];

    if (bound->stored) {
        inherited_make_name(name, &bound->address);
        remove_name(name);
        bound->stored = false;
        used--;
    }
}
