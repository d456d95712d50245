/*
 * What `watch` sees at one moment.
 */
#ifndef WSRELAYD_CTL_SAMPLE_H
#define WSRELAYD_CTL_SAMPLE_H

#include "ctl/complain.h"
#include "ctl/remote.h"
#include "ctl/top.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looking through all rooms and connections costs the daemon work: of more than so many, only those
 * that come first are looked at, and the view says so. */
enum { SAMPLE_ROWS_MAX = 20000 };

struct sample {
    int64_t time_us;  /* of the monotonic clock */
    json_t *status;   /* NULL: the daemon did not answer */
    struct top rooms; /* by members */
    bool has_more_rooms;
    struct top connections; /* by what waits for them */
    bool has_more_connections;
    struct failure failure; /* set when there is no status */
};

/* Asks the daemon. Returns whether it has answered everything. */
bool sample_take(struct sample *sample, const struct remote *remote);

/* How fast a number of the status has risen since an earlier sample, a second. Negative: not known.
 */
double sample_rate(const struct sample *sample, const struct sample *earlier, const char *member);

/* Forgets what it holds. A zero-filled one holds nothing. */
void sample_clear(struct sample *sample);

#endif
