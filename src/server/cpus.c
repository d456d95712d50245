/*
 * Affinity and cgroup quota.
 */
#include "server/cpus.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned cpus_of_affinity(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Reads "QUOTA PERIOD" or "max PERIOD"; returns the quota in processors, rounded up, or 0. */
static unsigned read_quota(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[64] = "";
    char *rest;
    unsigned long quota;
    unsigned long period;

    if (file == NULL) {
        return 0;
    }
    if (fgets(line, sizeof line, file) == NULL) {
        line[0] = '\0';
    }
    (void)fclose(file);
    quota = strtoul(line, &rest, 10); /* 0 for "max" */
    period = strtoul(rest, NULL, 10);
    return period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

/* The path of this process's cgroup (v2) in `path`; false when there is none. */
static bool cgroup_path(char *path, size_t size)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    bool found = false;

    if (file == NULL) {
        return false;
    }
    while (!found && fgets(path, (int)size, file) != NULL) {
        found = strncmp(path, "0::", 3) == 0;
    }
    (void)fclose(file);
    if (found) {
        path[strcspn(path, "\n")] = '\0';
        memmove(path, path + 3, strlen(path) - 2);
    }
    return found;
}

/* The smallest quota on the way from the cgroup up to the root. */
static unsigned cpus_of_quota(void)
{
    char group[512];
    char path[600];
    unsigned smallest = 0;

    if (!cgroup_path(group, sizeof group)) {
        return 0;
    }
    for (;;) {
        char *slash = strrchr(group, '/');
        unsigned quota;

        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        quota = read_quota(path);
        if (quota > 0 && (smallest == 0 || quota < smallest)) {
            smallest = quota;
        }
        if (slash == NULL) {
            return smallest;
        }
        *slash = '\0';
    }
}

unsigned cpus_available(void)
{
    unsigned cpus = cpus_of_affinity();
    unsigned quota = cpus_of_quota();

    if (quota > 0 && quota < cpus) {
        cpus = quota;
    }
    return cpus > 0 ? cpus : 1;
}
