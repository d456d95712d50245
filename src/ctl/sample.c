/*
 * Taking samples.
 */
#include "ctl/sample.h"

#include "base/clock.h"
#include "ctl/field.h"
#include "ctl/listing.h"

static const struct query_parameter no_filters[] = {{NULL, NULL}};

/* Offers all rows of a list. */
static bool look_through(const struct remote *remote, struct listing *listing, struct top *top,
                         struct failure *failure)
{
    bool answered;

    do {
        struct answer answer;
        json_t *row;
        size_t i;

        answered = listing_ask(remote, listing, &answer, failure);
        json_array_foreach(json_object_get(answer.json, listing->member), i, row)
        {
            top_offer(top, row);
        }
        answer_free(&answer);
    } while (answered && listing_goes_on(listing));
    return answered;
}

static bool take_list(struct sample *sample, const struct remote *remote, struct listing listing,
                      struct top *top, bool *has_more)
{
    bool answered;

    listing.filters = no_filters;
    listing.left = SAMPLE_ROWS_MAX;
    answered = look_through(remote, &listing, top, &sample->failure);
    *has_more = listing.next != NULL;
    listing_free(&listing);
    return answered;
}

static bool take_status(struct sample *sample, const struct remote *remote)
{
    const struct inquiry inquiry = {.method = "GET", .target = "/v1/status"};
    struct answer answer;
    bool answered = inquire(remote, &inquiry, &answer, &sample->failure);

    sample->time_us = clock_monotonic_us();
    sample->status = answered ? json_incref(answer.json) : NULL;
    answer_free(&answer);
    return answered;
}

bool sample_take(struct sample *sample, const struct remote *remote)
{
    bool answered;

    *sample =
        (struct sample){.rooms = {.member = "members"}, .connections = {.member = "queue_bytes"}};
    answered = take_status(sample, remote) &&
               take_list(sample, remote, (struct listing){.path = "/v1/rooms", .member = "rooms"},
                         &sample->rooms, &sample->has_more_rooms) &&
               take_list(sample, remote,
                         (struct listing){.path = "/v1/connections", .member = "connections"},
                         &sample->connections, &sample->has_more_connections);
    if (!answered) {
        json_decref(sample->status);
        sample->status = NULL;
    }
    return answered;
}

/* The same process has counted both. */
static bool are_comparable(const struct sample *sample, const struct sample *earlier,
                           const char *member)
{
    return sample->status != NULL && earlier->status != NULL &&
           slice_equal(field_text(sample->status, "started_at"),
                       field_text(earlier->status, "started_at")) &&
           field_number(sample->status, "pid") == field_number(earlier->status, "pid") &&
           field_is_known(sample->status, member) && field_is_known(earlier->status, member) &&
           sample->time_us > earlier->time_us;
}

double sample_rate(const struct sample *sample, const struct sample *earlier, const char *member)
{
    if (!are_comparable(sample, earlier, member)) {
        return -1;
    }
    return (field_number(sample->status, member) - field_number(earlier->status, member)) * 1e6 /
           (double)(sample->time_us - earlier->time_us);
}

void sample_clear(struct sample *sample)
{
    json_decref(sample->status);
    sample->status = NULL;
    top_clear(&sample->rooms);
    top_clear(&sample->connections);
}
