/*
 * What the service manager is told of this process: systemd's notification protocol, sd_notify(3),
 * without its library. Messages are datagrams to the socket that $NOTIFY_SOCKET names. Nothing here
 * ever waits. All of it belongs to the main thread. Without a manager nothing is done.
 */
#ifndef WSRELAYD_SERVER_NOTIFY_H
#define WSRELAYD_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Finds the manager: reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID and unsets them, so
 * that nobody else speaks for this process. Before other threads are started.
 */
void notify_open(void);
void notify_close(void);

/* Whether there is a manager that wants to be told. */
bool notify_enabled(void);

/* How long the manager waits for a sign of life before it acts (us); 0: it does not watch. */
int64_t notify_watchdog_us(void);

/*
 * Changes of state. The latest that the manager's socket had no room for is sent again in front of
 * the next message of any kind. `status` is one line for people.
 */
void notify_ready(const char *status); /* also ends what notify_reloading has begun, well or not */
void notify_reloading(void);           /* call it after the signal has come */
void notify_stopping(const char *status);
void notify_failed(int error, const char *status); /* the start; `error` is an errno value */

/* Sends the line when it is another than the last. */
void notify_status(const char *status);

/* Asks for more time before a start or a stop counts as stuck. */
void notify_extend(int64_t extension_us, const char *status);

/* A sign of life. */
void notify_watchdog(void);

/*
 * Gives the manager a descriptor to keep for the next start, and takes it back. A name has at most
 * 255 printable characters of ASCII, and no colon. Return 0, or an errno value.
 */
int notify_store_descriptor(const char *name, int fd);
int notify_remove_descriptor(const char *name);

#endif
