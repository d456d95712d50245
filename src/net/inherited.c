/*
 * Collecting, matching and checking.
 */
#include "net/inherited.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The protocol numbers descriptors from here on. */
enum { FIRST_DESCRIPTOR = 3, PROBLEM_BYTES = 512 };

/* What sd_listen_fds_with_names(3) calls a descriptor that came without a name. */
static const char no_name[] = "unknown";

static const char stored_prefix[] = "listener-";

struct inherited {
    int fd; /* -1: closed, or given away */
    const char *name;
    bool taken;
};

static struct inherited *passed;
static size_t passed_count;
static char *names; /* what the names point into; NULL: none were given */

/* ---- collecting ---- */

/* A number of the environment; 0 when there is none, or it is no number from 1 to `most`. */
static long number_of(const char *text, long most)
{
    char *end;
    intmax_t number;

    if (text == NULL) {
        return 0;
    }
    errno = 0;
    number = strtoimax(text, &end, 10);
    return errno == 0 && *end == '\0' && number > 0 && number <= most ? (long)number : 0;
}

/* How many were passed to this very process. */
static size_t count_passed(void)
{
    long most = sysconf(_SC_OPEN_MAX);

    if (number_of(getenv("LISTEN_PID"), LONG_MAX) != getpid()) {
        return 0;
    }
    return (size_t)number_of(getenv("LISTEN_FDS"), most > 0 ? most : INT16_MAX);
}

static bool set_flag(int fd, int get, int set, int flag)
{
    int flags = fcntl(fd, get);

    return flags >= 0 && fcntl(fd, set, flags | flag) == 0;
}

static int fail(const char *problem)
{
    log_error("cannot take the sockets that were passed", LOG_TEXT("error", problem));
    inherited_free();
    return -1;
}

static int collect_descriptors(size_t count)
{
    passed = calloc(count, sizeof *passed);
    if (passed == NULL) {
        return fail(strerror(ENOMEM));
    }
    for (size_t i = 0; i < count; i++) {
        int fd = FIRST_DESCRIPTOR + (int)i;

        if (!set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC)) {
            return fail("LISTEN_FDS counts more descriptors than are open");
        }
        passed[passed_count++] = (struct inherited){.fd = fd, .name = no_name};
    }
    return 0;
}

/* Cuts the list of names at its colons, in place. */
static int name_descriptors(const char *list)
{
    char *rest;
    size_t count = 0;

    if (list == NULL) {
        return 0;
    }
    names = strdup(list);
    if (names == NULL) {
        return fail(strerror(ENOMEM));
    }
    rest = names;
    while (rest != NULL && count < passed_count) {
        passed[count++].name = strsep(&rest, ":");
    }
    return rest == NULL && count == passed_count
               ? 0
               : fail("LISTEN_FDNAMES has another number of names than LISTEN_FDS says");
}

static int collect(void)
{
    size_t count = count_passed();
    int result = count > 0 ? collect_descriptors(count) : 0;

    return result == 0 && count > 0 ? name_descriptors(getenv("LISTEN_FDNAMES")) : result;
}

int inherited_collect(void)
{
    int result = collect();

    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return result;
}

/* ---- taking ---- */

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t length = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

/* What is wrong with a descriptor as a source of connections, or NULL. */
static const char *find_fault(int fd, struct address *address)
{
    int type = option_of(fd, SO_TYPE);
    sa_family_t family;

    address->length = sizeof address->storage;
    if (type < 0 || getsockname(fd, (struct sockaddr *)&address->storage, &address->length) != 0) {
        return "is no socket";
    }
    if (type != SOCK_STREAM) {
        return "is no stream socket (write ListenStream= in its unit)";
    }
    if (option_of(fd, SO_ACCEPTCONN) != 1) {
        return "does not listen (write Accept=no in its unit)";
    }
    family = address->storage.ss_family;
    return family == AF_INET || family == AF_INET6 || family == AF_UNIX
               ? NULL
               : "is neither a TCP nor a unix socket";
}

static enum inherited_outcome report_fault(const struct inherited *socket, const char *fault,
                                           const char **problem)
{
    static char text[PROBLEM_BYTES];

    snprintf(text, sizeof text, "descriptor %d, passed under that name, %s", socket->fd, fault);
    *problem = text;
    return INHERITED_UNFIT;
}

/* Says which names there are, as many as there is room for. */
static enum inherited_outcome report_missing(const char **problem)
{
    static char text[PROBLEM_BYTES];
    int length = snprintf(text, sizeof text, "no socket was passed under that name, only");
    const char *comma = "";

    for (size_t i = 0; i < passed_count && length < PROBLEM_BYTES; i++) {
        if (passed[i].fd >= 0) {
            length += snprintf(text + length, sizeof text - (size_t)length, "%s %.64s", comma,
                               passed[i].name);
            comma = ",";
        }
    }
    *problem =
        comma[0] != '\0' ? text : "no sockets were passed: let the socket unit start the service";
    return INHERITED_UNFIT;
}

static enum inherited_outcome take(struct inherited *socket, int *fd, struct address *address,
                                   const char **problem)
{
    const char *fault = find_fault(socket->fd, address);

    if (fault != NULL) {
        return report_fault(socket, fault, problem);
    }
    *fd = set_flag(socket->fd, F_GETFL, F_SETFL, O_NONBLOCK)
              ? fcntl(socket->fd, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR)
              : -1;
    if (*fd < 0) {
        return report_fault(socket, strerror(errno), problem);
    }
    socket->taken = true;
    return INHERITED_TAKEN;
}

enum inherited_outcome inherited_take(const char *name, size_t *position, int *fd,
                                      struct address *address, const char **problem)
{
    bool first = *position == 0;

    while (*position < passed_count) {
        struct inherited *socket = &passed[(*position)++];

        if (socket->fd >= 0 && strcmp(socket->name, name) == 0) {
            return take(socket, fd, address, problem);
        }
    }
    return first ? report_missing(problem) : INHERITED_NONE_LEFT;
}

/* ---- what an earlier process has stored ---- */

/* Colons and bytes that are no printable ASCII may not stand in a name. */
void inherited_make_name(char name[INHERITED_NAME_BYTES], const struct address *address)
{
    char text[ADDRESS_TEXT_BYTES];

    address_format(address, text);
    snprintf(name, INHERITED_NAME_BYTES, "%s%s", stored_prefix, text);
    for (char *c = name; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~' || *c == ':') {
            *c = '_';
        }
    }
}

/* Whether the way to it is still there: a unix socket without its file is reached by nobody. */
static bool is_reachable(const struct address *address)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&address->storage;
    struct stat status;

    return address->storage.ss_family != AF_UNIX ||
           (lstat(name->sun_path, &status) == 0 && S_ISSOCK(status.st_mode));
}

static bool is_stored_for(const struct inherited *socket, const char *name,
                          const struct address *address)
{
    struct address bound = {0};

    return socket->fd >= 0 && !socket->taken && strcmp(socket->name, name) == 0 &&
           find_fault(socket->fd, &bound) == NULL && bound.length == address->length &&
           memcmp(&bound.storage, &address->storage, address->length) == 0;
}

int inherited_take_stored(const struct address *address)
{
    char name[INHERITED_NAME_BYTES];

    inherited_make_name(name, address);
    for (size_t i = 0; i < passed_count; i++) {
        struct inherited *socket = &passed[i];

        if (is_stored_for(socket, name, address) && is_reachable(address) &&
            set_flag(socket->fd, F_GETFL, F_SETFL, O_NONBLOCK)) {
            int fd = socket->fd;

            socket->fd = -1;
            return fd;
        }
    }
    return -1;
}

bool inherited_close_stale(char name[INHERITED_NAME_BYTES])
{
    for (size_t i = 0; i < passed_count; i++) {
        struct inherited *socket = &passed[i];

        if (socket->fd >= 0 && !socket->taken &&
            strncmp(socket->name, stored_prefix, sizeof stored_prefix - 1) == 0) {
            snprintf(name, INHERITED_NAME_BYTES, "%s", socket->name);
            (void)close(socket->fd);
            socket->fd = -1;
            return true;
        }
    }
    return false;
}

/* ---- closing ---- */

void inherited_close_unused(void)
{
    for (size_t i = 0; i < passed_count; i++) {
        struct inherited *socket = &passed[i];

        if (!socket->taken && socket->fd >= 0) {
            log_warning("a socket that was passed was closed: no listener has its name as address",
                        LOG_NUMBER("fd", socket->fd), LOG_TEXT("name", socket->name));
            (void)close(socket->fd);
            socket->fd = -1;
        }
    }
}

void inherited_free(void)
{
    for (size_t i = 0; i < passed_count; i++) {
        if (passed[i].fd >= 0) {
            (void)close(passed[i].fd);
        }
    }
    free(passed);
    free(names);
    passed = NULL;
    names = NULL;
    passed_count = 0;
}
