/*
 * Lists that come in pages.
 */
#ifndef WSRELAYD_CTL_LISTING_H
#define WSRELAYD_CTL_LISTING_H

#include "ctl/inquiry.h"
#include "ctl/query.h"

#include <stdint.h>

enum { LISTING_PAGE_ROWS = 1000, LISTING_FILTERS_MAX = 5 };

#define LISTING_UNLIMITED UINT64_MAX

struct listing {
    const char *path;
    const char *member;                    /* of the answer: the array */
    const struct query_parameter *filters; /* at most LISTING_FILTERS_MAX, ended by a NULL name */
    uint64_t left;                         /* rows that are still wanted */
    char *next; /* where to go on; NULL at the start, and when there is no more */
};

/*
 * Asks for the next page; its rows are the array `member` of the answer. Returns false with the
 * failure. Free the answer in either case.
 */
bool listing_ask(const struct remote *remote, struct listing *listing, struct answer *answer,
                 struct failure *failure);

/* Whether there are more rows, and more are wanted. */
bool listing_goes_on(const struct listing *listing);

void listing_free(struct listing *listing);

#endif
