/*
 * Reading proc(5).
 */
#include "bench/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    NAME_MAX_BYTES = 48,
    PATH_MAX_BYTES = 96,
    QUIET_MS = 100,
    QUIET_TRIES = 50, /* a process with timers of its own is never quiet for long */
};

static FILE *open_proc(pid_t pid, const char *name, const char *mode)
{
    char path[PATH_MAX_BYTES];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, mode);
}

/* ---- memory ---- */

/* The figure in kB of a line "Name:   123 kB", in bytes; negative when there is none. */
static int64_t read_kilobytes(pid_t pid, const char *file_name, const char *name)
{
    FILE *file = open_proc(pid, file_name, "re");
    int64_t kilobytes = 0;
    bool found = false;
    char line[256];

    if (file == NULL) {
        return -1;
    }
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':';
        if (found) {
            kilobytes = strtoll(line + strlen(name) + 1, NULL, 10);
        }
    }
    fclose(file);
    return found ? kilobytes * 1024 : -1;
}

int64_t process_resident_bytes(pid_t pid)
{
    return read_kilobytes(pid, "smaps_rollup", "Rss");
}

int64_t process_peak_bytes(pid_t pid)
{
    return read_kilobytes(pid, "status", "VmHWM");
}

void process_reset_peak(pid_t pid)
{
    FILE *file = open_proc(pid, "clear_refs", "we");

    if (file != NULL) {
        fputs("5\n", file);
        fclose(file);
    }
}

/* ---- CPU time ---- */

/* proc(5): schedstat has time on a core and time waiting for one. */
static void read_thread(pid_t pid, const char *id, struct process_usage *usage)
{
    struct process_thread *thread = &usage->threads[usage->thread_count];
    char name[NAME_MAX_BYTES];
    char line[128];
    char *rest;
    FILE *file;

    snprintf(name, sizeof name, "task/%.10s/schedstat", id);
    file = open_proc(pid, name, "re");
    if (file == NULL) {
        return;
    }
    if (fgets(line, sizeof line, file) != NULL) {
        thread->id = (pid_t)strtol(id, NULL, 10);
        thread->cpu_ns = strtoull(line, &rest, 10);
        thread->wait_ns = strtoull(rest, NULL, 10);
        usage->wait_ns += thread->wait_ns;
        usage->thread_count++;
    }
    fclose(file);
}

static void read_threads(pid_t pid, struct process_usage *usage)
{
    char path[PATH_MAX_BYTES];
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    directory = opendir(path);
    if (directory == NULL) {
        return;
    }
    while ((entry = readdir(directory)) != NULL && usage->thread_count < PROCESS_THREADS_MAX) {
        if (entry->d_name[0] != '.') {
            read_thread(pid, entry->d_name, usage);
        }
    }
    closedir(directory);
}

static bool read_cpu_ns(pid_t pid, uint64_t *cpu_ns)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0) {
        return false;
    }
    *cpu_ns = (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
    return true;
}

struct process_usage process_usage_now(pid_t pid)
{
    struct process_usage usage = {.known = false};

    usage.known = read_cpu_ns(pid, &usage.cpu_ns);
    read_threads(pid, &usage);
    return usage;
}

static const struct process_thread *find_thread(const struct process_usage *usage, pid_t id)
{
    for (size_t i = 0; i < usage->thread_count; i++) {
        if (usage->threads[i].id == id) {
            return &usage->threads[i];
        }
    }
    return NULL;
}

uint64_t process_busiest_ns(const struct process_usage *from, const struct process_usage *to)
{
    uint64_t busiest_ns = 0;

    for (size_t i = 0; i < to->thread_count; i++) {
        const struct process_thread *after = &to->threads[i];
        const struct process_thread *before = find_thread(from, after->id);
        uint64_t busy_ns = after->cpu_ns + after->wait_ns;

        busy_ns -= before != NULL ? before->cpu_ns + before->wait_ns : 0;
        busiest_ns = busy_ns > busiest_ns ? busy_ns : busiest_ns;
    }
    return busiest_ns;
}

void process_wait_until_quiet(pid_t pid)
{
    static const struct timespec pause = {.tv_nsec = QUIET_MS * 1000000L};
    uint64_t before = 0;
    uint64_t now = 0;

    read_cpu_ns(pid, &now);
    for (int i = 0; i < QUIET_TRIES && now != before; i++) {
        before = now;
        nanosleep(&pause, NULL);
        if (!read_cpu_ns(pid, &now)) {
            return;
        }
    }
}

void process_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
