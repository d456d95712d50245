/*
 * Pacing: a look costs a cache miss, an act some microseconds.
 */
#include "admin/paced_scan.h"

#include "admin/survey.h"

enum { ACTS_MAX = 64, CHUNK = 16 };

bool paced_scan_step(struct loop *loop, struct conn_scan *scan, const size_t *acted)
{
    size_t before = *acted;

    for (int looked = 0; looked < SURVEY_STEP_CONNECTIONS && *acted - before < ACTS_MAX;
         looked += CHUNK) {
        if (conn_scan_step(loop, scan, CHUNK)) {
            return true;
        }
    }
    return false;
}
