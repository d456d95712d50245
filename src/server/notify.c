/*
 * Building and sending the messages.
 */
#include "server/notify.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_BYTES = 256, MESSAGE_BYTES = 512 };

static struct {
    int fd; /* -1: nobody is to be told */
    struct sockaddr_un manager;
    socklen_t manager_length;
    int64_t watchdog_us;
    char status[STATUS_BYTES];  /* the last that was sent */
    char unsent[MESSAGE_BYTES]; /* a change of state that the socket had no room for, or "" */
} notify = {.fd = -1};

/* ---- finding the manager ---- */

/* Fills the address in. '@' stands for the zero byte of an abstract name. */
static bool set_address(const char *name)
{
    size_t length = strlen(name);
    bool abstract = name[0] == '@';

    if ((name[0] != '/' && !abstract) || length < 2 || length >= sizeof notify.manager.sun_path) {
        return false;
    }
    notify.manager = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(notify.manager.sun_path, name, length);
    if (abstract) {
        notify.manager.sun_path[0] = '\0';
    }
    notify.manager_length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (abstract ? 0 : 1));
    return true;
}

static void open_socket(const char *name)
{
    if (!set_address(name)) {
        log_warning("cannot tell the service manager anything: NOTIFY_SOCKET is not understood",
                    LOG_TEXT("name", name));
        return;
    }
    notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (notify.fd < 0) {
        log_warning("cannot tell the service manager anything", LOG_TEXT("error", strerror(errno)));
    }
}

/* A number of the environment; 0 when there is none. */
static int64_t number_of(const char *text)
{
    char *end;
    intmax_t number;

    if (text == NULL) {
        return 0;
    }
    errno = 0;
    number = strtoimax(text, &end, 10);
    return errno == 0 && *end == '\0' && number > 0 ? number : 0;
}

/* The interval of a watchdog is another process's where $WATCHDOG_PID names one. */
static int64_t find_watchdog(void)
{
    const char *pid = getenv("WATCHDOG_PID");

    return pid == NULL || number_of(pid) == getpid() ? number_of(getenv("WATCHDOG_USEC")) : 0;
}

void notify_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");

    if (name != NULL) {
        open_socket(name);
    }
    notify.watchdog_us = notify.fd >= 0 ? find_watchdog() : 0;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

void notify_close(void)
{
    if (notify.fd >= 0) {
        (void)close(notify.fd);
    }
    notify.fd = -1;
    notify.watchdog_us = 0;
    notify.status[0] = '\0';
    notify.unsent[0] = '\0';
}

bool notify_enabled(void)
{
    return notify.fd >= 0;
}

int64_t notify_watchdog_us(void)
{
    return notify.watchdog_us;
}

/* ---- sending ---- */

/* Sends one datagram, with a descriptor unless it is -1. Returns 0, or an errno value. */
static int send_datagram(const char *text, int fd)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_name = &notify.manager,
                             .msg_namelen = notify.manager_length,
                             .msg_iov = &part,
                             .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    return sendmsg(notify.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : errno;
}

static bool is_full(int error)
{
    return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* Sends what is still owed. Returns whether nothing is owed any more. */
static bool send_unsent(void)
{
    if (notify.unsent[0] != '\0' && is_full(send_datagram(notify.unsent, -1))) {
        return false;
    }
    notify.unsent[0] = '\0';
    return true;
}

/* Sends a message that may get lost. Returns 0, or an errno value. */
static int send_note(const char *text, int fd)
{
    return send_unsent() ? send_datagram(text, fd) : EAGAIN;
}

/* Sends a change of state. */
static void send_state(const char *text)
{
    int error = send_note(text, -1);

    if (is_full(error)) {
        snprintf(notify.unsent, sizeof notify.unsent, "%s", text);
    } else if (error != 0) {
        log_warning("cannot tell the service manager of a change",
                    LOG_TEXT("error", strerror(error)));
    }
}

/* How many bytes of the status are sent: its first line, and whole characters of UTF-8 only. */
static int status_length(const char *status)
{
    size_t length = strcspn(status, "\n");

    if (length >= STATUS_BYTES) {
        length = STATUS_BYTES - 1;
        while (length > 0 && ((unsigned char)status[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    return (int)length;
}

/* Keeps it as the last one. */
static void set_status(const char *status)
{
    snprintf(notify.status, sizeof notify.status, "%.*s", status_length(status), status);
}

/* ---- the messages ---- */

void notify_ready(const char *status)
{
    char text[MESSAGE_BYTES];

    if (notify_enabled()) {
        set_status(status);
        snprintf(text, sizeof text, "READY=1\nSTATUS=%s\nMAINPID=%ld", notify.status,
                 (long)getpid());
        send_state(text);
    }
}

/* Managers compare this time with that of their own request. */
void notify_reloading(void)
{
    char text[MESSAGE_BYTES];
    struct timespec now;

    if (notify_enabled()) {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
        send_state(text);
    }
}

void notify_stopping(const char *status)
{
    char text[MESSAGE_BYTES];

    if (notify_enabled()) {
        set_status(status);
        snprintf(text, sizeof text, "STOPPING=1\nSTATUS=%s", notify.status);
        send_state(text);
    }
}

void notify_failed(int error, const char *status)
{
    char text[MESSAGE_BYTES];

    if (notify_enabled()) {
        set_status(status);
        snprintf(text, sizeof text, "ERRNO=%d\nSTATUS=%s", error, notify.status);
        send_state(text);
    }
}

void notify_status(const char *status)
{
    char text[MESSAGE_BYTES];

    if (!notify_enabled() || !send_unsent() || strcmp(status, notify.status) == 0) {
        return;
    }
    snprintf(text, sizeof text, "STATUS=%.*s", status_length(status), status);
    if (send_note(text, -1) == 0) {
        set_status(status);
    }
}

void notify_extend(int64_t extension_us, const char *status)
{
    char text[MESSAGE_BYTES];

    if (notify_enabled()) {
        set_status(status);
        snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%" PRId64 "\nSTATUS=%s", extension_us,
                 notify.status);
        (void)send_note(text, -1);
    }
}

void notify_watchdog(void)
{
    if (notify_enabled()) {
        (void)send_note("WATCHDOG=1", -1);
    }
}

/* ---- descriptors ---- */

int notify_store_descriptor(const char *name, int fd)
{
    char text[MESSAGE_BYTES];

    snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s", name);
    return send_note(text, fd);
}

int notify_remove_descriptor(const char *name)
{
    char text[MESSAGE_BYTES];

    snprintf(text, sizeof text, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    return send_note(text, -1);
}
