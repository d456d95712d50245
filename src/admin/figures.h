/*
 * What the workers have counted and what their connections are at, asked of them together: a sum
 * never falls from one time to the next, whatever ends in between.
 */
#ifndef WSRELAYD_ADMIN_FIGURES_H
#define WSRELAYD_ADMIN_FIGURES_H

#include "admin/survey.h"
#include "net/conn.h"
#include "net/conn_scan.h"
#include "net/counters.h"
#include "net/route_counters.h"
#include "net/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct route_figures {
    char *name;          /* the host, if the route has one, then the path; owned */
    const char *handler; /* static */
    struct traffic traffic;
    struct further_frames further;
    uint64_t connections; /* open */
};

/* Of one worker, or of several together. */
struct figures {
    uint64_t counters[COUNTER_COUNT];
    struct tally tally;
    uint64_t states[CONN_STATE_COUNT]; /* connections in each */
    uint64_t queue_bytes;
    struct route_figures *routes;
    size_t route_count;
    bool no_memory; /* something is missing */
    bool begun;
    struct conn_scan scan;
};

/* The question; a part is a struct figures. */
extern const struct survey_kind figures_survey;

/* Sums up all parts; routes of the same name and handler become one, in the order of their names,
 * the configuration's without connections among them. False when memory is short. Free in any case.
 */
bool figures_sum(struct figures *sum, const struct survey *survey,
                 const struct server_control *control);
void figures_free(struct figures *figures);

/* All routes together. */
struct traffic figures_traffic(const struct figures *figures);

#endif
