/*
 * GET /v1/rooms. The table of rooms is shared by all workers; the first one looks through it, as
 * one worker alone does not lock it. Rooms are in the order of their places in the table, which an
 * `after` names: it lasts as long as the process.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/connection_facts.h"
#include "admin/exchange.h"
#include "admin/page.h"
#include "net/loop.h"
#include "relay/relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOMS_MS = 5000, ROOMS_A_TURN = 1024, KEY_DIGITS = 16 };

struct wanted_rooms {
    char prefix[ROOM_NAME_MAX_BYTES + 1];
    size_t limit;
    bool goes_on; /* behind the room with this key */
    uint64_t after;
};

struct found_room {
    uint64_t key;
    json_t *row;
};

/* The rooms of one part of the table are sorted before they are added to the page. */
struct found_rooms {
    const struct wanted_rooms *wanted;
    unsigned next_part; /* of the table */
    bool begun;
    size_t looked_at; /* in this turn */
    json_t *page;
    uint64_t last_key;
    bool more;
    struct found_room *rooms; /* of the part at hand */
    size_t count;
    size_t capacity;
};

/* ---- on the worker's thread ---- */

static bool is_wanted(const struct found_rooms *found, struct slice name, uint64_t key)
{
    const struct wanted_rooms *wanted = found->wanted;
    size_t prefix_bytes = strlen(wanted->prefix);
    bool in_first_part = wanted->goes_on && found->next_part == relay_part_of_key(wanted->after);

    return (!in_first_part || key > wanted->after) && name.length >= prefix_bytes &&
           memcmp(name.data, wanted->prefix, prefix_bytes) == 0;
}

static bool make_room_for_one(struct found_rooms *found)
{
    size_t capacity = 2 * found->capacity + 16;
    struct found_room *grown;

    if (found->count < found->capacity) {
        return true;
    }
    grown = reallocarray(found->rooms, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    found->rooms = grown;
    found->capacity = capacity;
    return true;
}

static void visit(void *argument, struct slice namespace, struct slice name, uint64_t key,
                  size_t members)
{
    struct found_rooms *found = argument;

    found->looked_at++;
    if (is_wanted(found, name, key) && make_room_for_one(found)) {
        found->rooms[found->count++] = (struct found_room){
            key, json_pack("{s:o, s:o, s:I}", "namespace", text_json(namespace), "name",
                           text_json(name), "members", (json_int_t)members)};
    }
}

static int compare_keys(const void *left, const void *right)
{
    const struct found_room *a = left;
    const struct found_room *b = right;

    return (a->key > b->key) - (a->key < b->key);
}

/* Adds the part's rooms to the page, as far as it goes. */
static void turn_over(struct found_rooms *found)
{
    if (found->count > 0) {
        qsort(found->rooms, found->count, sizeof *found->rooms, compare_keys);
    }
    for (size_t i = 0; i < found->count; i++) {
        if (json_array_size(found->page) < found->wanted->limit) {
            (void)json_array_append_new(found->page, found->rooms[i].row);
            found->last_key = found->rooms[i].key;
        } else {
            json_decref(found->rooms[i].row);
            found->more = true;
        }
    }
    found->count = 0;
}

static bool step(struct loop *loop, void *part, const void *question)
{
    struct found_rooms *found = part;

    if (!found->begun) {
        found->begun = true;
        found->wanted = question;
        found->page = json_array();
        found->next_part = found->wanted->goes_on ? relay_part_of_key(found->wanted->after) : 0;
    }
    found->looked_at = 0;
    while (!found->more && found->next_part < RELAY_PARTS) {
        if (found->looked_at >= ROOMS_A_TURN) {
            return false;
        }
        relay_visit_rooms(loop->rooms, found->next_part, visit, found);
        turn_over(found);
        found->next_part++;
    }
    return true;
}

static void clear(void *part)
{
    struct found_rooms *found = part;

    json_decref(found->page);
    free(found->rooms);
}

static const struct survey_kind rooms_survey = {
    .part_bytes = sizeof(struct found_rooms), .step = step, .clear = clear, .limit_ms = ROOMS_MS};

/* ---- on the main thread ---- */

static void rooms_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct found_rooms *found = survey_part(survey, 0);
    char next[KEY_DIGITS + 1];

    if (!exchange_all_answered(exchange, survey)) {
        return;
    }
    snprintf(next, sizeof next, "%016" PRIx64, found->last_key);
    exchange_answer_json(
        exchange, 200,
        json_pack("{s:O, s:s?}", "rooms", found->page, "next", found->more ? next : NULL));
}

static bool read_after(struct exchange *exchange, struct wanted_rooms *wanted)
{
    char text[KEY_DIGITS + 1];

    if (!page_text(exchange, "after", text, sizeof text)) {
        return false;
    }
    if (text[0] == '\0') {
        return true;
    }
    wanted->goes_on = true;
    wanted->after = strtoull(text, NULL, 16);
    return (strlen(text) == KEY_DIGITS && strspn(text, "0123456789abcdef") == KEY_DIGITS) ||
           page_fail(exchange, "after", "This is not what an earlier page called next.");
}

void answer_rooms(struct exchange *exchange, struct slice element)
{
    struct wanted_rooms wanted = {0};

    (void)element;
    if (page_text(exchange, "prefix", wanted.prefix, sizeof wanted.prefix) &&
        read_after(exchange, &wanted) && page_limit(exchange, &wanted.limit)) {
        exchange_ask(exchange, &rooms_survey, 0, &wanted, sizeof wanted, rooms_known);
    }
}
