/*
 * Following pages.
 */
#include "ctl/listing.h"

#include "ctl/field.h"
#include "ctl/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_TEXT_BYTES = 24 };

/* To be freed. */
static char *make_target(const struct listing *listing)
{
    struct query_parameter parameters[LISTING_FILTERS_MAX + 3];
    size_t count = 0;
    char limit[LIMIT_TEXT_BYTES];

    while (listing->filters[count].name != NULL) {
        parameters[count] = listing->filters[count];
        count++;
    }
    snprintf(limit, sizeof limit, "%ju",
             listing->left < LISTING_PAGE_ROWS ? (uintmax_t)listing->left : LISTING_PAGE_ROWS);
    parameters[count++] = (struct query_parameter){"limit", limit};
    parameters[count++] = (struct query_parameter){"after", listing->next};
    parameters[count] = (struct query_parameter){.name = NULL};
    return query_target(listing->path, parameters);
}

/* Notes where the next page begins. One that begins where this one did, or follows an empty one,
 * may never end. */
static bool turn_page(struct listing *listing, const struct answer *answer)
{
    const char *next = json_string_value(json_object_get(answer->json, "next"));
    size_t rows = json_array_size(json_object_get(answer->json, listing->member));
    bool advances =
        next == NULL || (rows > 0 && (listing->next == NULL || strcmp(next, listing->next) != 0));

    free(listing->next);
    listing->next = next != NULL ? memory_got(strdup(next)) : NULL;
    listing->left -= listing->left == LISTING_UNLIMITED ? 0
                     : rows < listing->left             ? rows
                                                        : listing->left;
    return advances;
}

bool listing_ask(const struct remote *remote, struct listing *listing, struct answer *answer,
                 struct failure *failure)
{
    char *target = make_target(listing);
    const struct inquiry inquiry = {.method = "GET", .target = target};
    bool answered = inquire(remote, &inquiry, answer, failure);

    free(target);
    if (answered && !json_is_array(json_object_get(answer->json, listing->member))) {
        return failure_set(failure, STATUS_UNREACHABLE,
                           "%s: the answer has no list \"%s\": is this wsrelayd?", remote->address,
                           listing->member);
    }
    if (answered && !turn_page(listing, answer)) {
        return failure_set(failure, STATUS_UNREACHABLE,
                           "%s: the pages of the list have no end: is this wsrelayd?",
                           remote->address);
    }
    return answered;
}

bool listing_goes_on(const struct listing *listing)
{
    return listing->next != NULL && listing->left > 0;
}

void listing_free(struct listing *listing)
{
    free(listing->next);
    listing->next = NULL;
}
