/*
 * /proc and the limits.
 */
#include "admin/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The second number of the file, in pages. */
static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char text[128] = "";
    char *rest;

    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof text, file) == NULL) {
        text[0] = '\0';
    }
    (void)fclose(file);
    (void)strtoull(text, &rest, 10);
    return strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Before Linux 6.2: a name for each, of which the dots and the directory itself are three. */
static uint64_t count_names(void)
{
    DIR *directory = opendir("/proc/self/fd");
    uint64_t count = 0;

    if (directory == NULL) {
        return 0;
    }
    while (readdir(directory) != NULL) {
        count++;
    }
    (void)closedir(directory);
    return count > 3 ? count - 3 : 0;
}

/* Since Linux 6.2 the directory's size is their number: a hundred thousand cost nothing. */
static uint64_t open_files(void)
{
    struct stat status;

    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) {
        return (uint64_t)status.st_size;
    }
    return count_names();
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void process_look(struct process *process)
{
    struct rlimit limit = {0};
    struct rusage usage = {0};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    (void)getrusage(RUSAGE_SELF, &usage);
    *process = (struct process){
        .resident_bytes = resident_bytes(),
        .open_files = open_files(),
        .open_files_limit = limit.rlim_cur,
        .cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
    };
}
