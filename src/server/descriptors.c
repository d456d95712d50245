/*
 * RLIMIT_NOFILE and what it means for limits.connections.
 */
#include "server/descriptors.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

void descriptors_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warning("cannot raise the limit of open descriptors",
                    LOG_TEXT("error", strerror(errno)));
    }
}

static rlim_t count_open(void)
{
    DIR *directory = opendir("/proc/self/fd");
    rlim_t count = 0;

    if (directory == NULL) {
        return DESCRIPTORS_RESERVE;
    }
    while (readdir(directory) != NULL) {
        count++;
    }
    (void)closedir(directory);
    return count;
}

uint32_t descriptors_for_connections(uint32_t wanted, uint32_t open_connections)
{
    struct rlimit limit;
    rlim_t open = count_open();
    rlim_t taken = (open > open_connections ? open - open_connections : 0) + DESCRIPTORS_RESERVE;
    rlim_t room;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return wanted;
    }
    room = limit.rlim_cur > taken ? limit.rlim_cur - taken : 1;
    if (room >= wanted) {
        return wanted;
    }
    log_warning("limits.connections is more than the limit of open descriptors allows: raise "
                "LimitNOFILE or ulimit -n",
                LOG_NUMBER("configured", wanted), LOG_NUMBER("in_force", room),
                LOG_NUMBER("descriptors", limit.rlim_cur));
    return (uint32_t)room;
}
