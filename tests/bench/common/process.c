/*
 * CPU time and memory of another process, and the limit of this one.
 */
#include "process.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    PATH_MAX_BYTES = 64,
    QUIET_MS = 100,
};

static FILE *open_proc(pid_t pid, const char *name, const char *mode)
{
    char path[PATH_MAX_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    file = fopen(path, mode);
    if (file == NULL) {
        err(1, "%s", path);
    }
    return file;
}

/* The figure in kB of a line "Name:   123 kB", in bytes. */
static uint64_t read_kilobytes(pid_t pid, const char *file_name, const char *name)
{
    FILE *file = open_proc(pid, file_name, "re");
    uint64_t kilobytes = 0;
    bool found = false;
    char line[256];

    while (!found && fgets(line, sizeof(line), file) != NULL) {
        found = strncmp(line, name, strlen(name)) == 0 &&
                sscanf(line + strlen(name), ": %" SCNu64 " kB", &kilobytes) == 1;
    }
    fclose(file);
    if (!found) {
        errx(1, "no %s of process %d", name, pid);
    }
    return kilobytes * 1024;
}

uint64_t process_resident_bytes(pid_t pid)
{
    return read_kilobytes(pid, "smaps_rollup", "Rss");
}

uint64_t process_peak_bytes(pid_t pid)
{
    return read_kilobytes(pid, "status", "VmHWM");
}

void process_reset_peak(pid_t pid)
{
    FILE *file = open_proc(pid, "clear_refs", "we");

    fputs("5\n", file);
    if (fclose(file) != 0) {
        err(1, "cannot reset the peak memory of process %d", pid);
    }
}

/* proc(5): the second number of a thread's schedstat. A thread that has just ended counts 0. */
static uint64_t thread_wait_ns(pid_t pid, const char *thread)
{
    char path[PATH_MAX_BYTES];
    uint64_t wait_ns = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/task/%.10s/schedstat", pid, thread);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*u %" SCNu64, &wait_ns) != 1) {
            wait_ns = 0;
        }
        fclose(file);
    }
    return wait_ns;
}

static uint64_t read_wait_ns(pid_t pid)
{
    char path[PATH_MAX_BYTES];
    uint64_t wait_ns = 0;
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    directory = opendir(path);
    if (directory == NULL) {
        err(1, "%s", path);
    }
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            wait_ns += thread_wait_ns(pid, entry->d_name);
        }
    }
    closedir(directory);
    return wait_ns;
}

static uint64_t read_cpu_ns(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    errno = clock_getcpuclockid(pid, &clock);
    if (errno != 0 || clock_gettime(clock, &used) < 0) {
        err(1, "no CPU time of process %d", pid);
    }
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

struct process_usage process_usage_now(pid_t pid)
{
    return (struct process_usage){.cpu_ns = read_cpu_ns(pid), .wait_ns = read_wait_ns(pid)};
}

void process_wait_until_quiet(pid_t pid)
{
    static const struct timespec pause = {.tv_nsec = QUIET_MS * 1000000L};
    uint64_t before;
    uint64_t now = read_cpu_ns(pid);

    do {
        before = now;
        nanosleep(&pause, NULL);
        now = read_cpu_ns(pid);
    } while (now != before);
}

void process_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
