/*
 * GET /v1/rooms. The table of rooms is shared by all workers; the first one looks through it, as
 * one worker alone does not lock it. What is wanted of some rooms is copied under the table's lock
 * and becomes JSON when that has been given back. Rooms are in the order of their places in the
 * table, which an `after` names: it lasts as long as the process.
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

enum {
    ROOMS_MS = 5000,
    ROOMS_A_LOCK = 64,   /* looked at, a cache miss each */
    ROOMS_A_TURN = 1024, /* the same */
    ROW_ROOMS = 16,      /* looks that cost as much as a row of JSON */
    PLACE_DIGITS = 16,
};

struct wanted_rooms {
    char prefix[ROOM_NAME_MAX_BYTES + 1];
    size_t limit;
    uint64_t from; /* the place of the first */
};

/* What a row says. The texts are in struct found_rooms, one behind the other. */
struct found_room {
    uint64_t place;
    size_t members;
    size_t offset;
    size_t namespace_bytes;
    size_t name_bytes;
};

struct found_rooms {
    const struct wanted_rooms *wanted; /* NULL: not begun */
    uint64_t next;                     /* place to be looked at, or RELAY_ROOMS_END */
    size_t looked_at;                  /* in this turn */
    json_t *page;
    uint64_t last; /* place on the page */
    bool more;
    bool no_memory; /* something is missing */
    /* Of one lock: sorted before they are added to the page. Kept from one to the next. */
    struct found_room *rooms;
    size_t count;
    size_t capacity;
    char *texts;
    size_t text_bytes;
    size_t text_capacity;
};

/* ---- on the worker's thread ---- */

/* An array that holds so many items, with what was in it; NULL: memory is short, and it is as it
 * was. */
static void *enlarged(void *items, size_t *capacity, size_t count, size_t item_bytes)
{
    void *grown = items;

    if (count > *capacity) {
        grown = reallocarray(items, 2 * count, item_bytes);
        *capacity = grown != NULL ? 2 * count : *capacity;
    }
    return grown;
}

static bool make_room_for_one(struct found_rooms *found, size_t text_bytes)
{
    struct found_room *rooms =
        enlarged(found->rooms, &found->capacity, found->count + 1, sizeof *rooms);
    char *texts =
        enlarged(found->texts, &found->text_capacity, found->text_bytes + text_bytes + 1, 1);

    found->rooms = rooms != NULL ? rooms : found->rooms;
    found->texts = texts != NULL ? texts : found->texts;
    return rooms != NULL && texts != NULL;
}

static void note(struct found_rooms *found, struct found_room room, struct slice namespace,
                 struct slice name)
{
    if (!make_room_for_one(found, namespace.length + name.length)) {
        found->no_memory = true;
        return;
    }
    room.offset = found->text_bytes;
    (void)mempcpy(mempcpy(found->texts + room.offset, namespace.data, namespace.length), name.data,
                  name.length);
    found->text_bytes += namespace.length + name.length;
    found->rooms[found->count++] = room;
}

/* Under the table's lock. */
static void visit(void *argument, struct slice namespace, struct slice name, uint64_t place,
                  size_t members)
{
    struct found_rooms *found = argument;
    size_t prefix_bytes = strlen(found->wanted->prefix);
    struct found_room room = {.place = place,
                              .members = members,
                              .namespace_bytes = namespace.length,
                              .name_bytes = name.length};

    found->looked_at++;
    if (name.length >= prefix_bytes &&
        memcmp(name.data, found->wanted->prefix, prefix_bytes) == 0) {
        note(found, room, namespace, name);
    }
}

static int compare_places(const void *left, const void *right)
{
    const struct found_room *a = left;
    const struct found_room *b = right;

    return (a->place > b->place) - (a->place < b->place);
}

static void add_row(struct found_rooms *found, const struct found_room *room)
{
    const char *namespace = found->texts + room->offset;
    const char *name = namespace + room->namespace_bytes;
    json_t *row = json_pack("{s:o, s:o, s:I}", "namespace",
                            text_json((struct slice){namespace, room->namespace_bytes}), "name",
                            text_json((struct slice){name, room->name_bytes}), "members",
                            (json_int_t)room->members);

    found->looked_at += ROW_ROOMS;
    found->last = room->place;
    if (json_array_append_new(found->page, row) != 0) {
        found->no_memory = true;
    }
}

/* Adds what was found under one lock to the page, as far as it goes. */
static void turn_over(struct found_rooms *found)
{
    if (found->count > 0) {
        qsort(found->rooms, found->count, sizeof *found->rooms, compare_places);
    }
    for (size_t i = 0; i < found->count; i++) {
        if (json_array_size(found->page) < found->wanted->limit) {
            add_row(found, &found->rooms[i]);
        } else {
            found->more = true;
        }
    }
    found->count = 0;
    found->text_bytes = 0;
}

static bool is_done(const struct found_rooms *found)
{
    return found->more || found->no_memory || found->next == RELAY_ROOMS_END;
}

static bool step(struct loop *loop, void *part, const void *question)
{
    struct found_rooms *found = part;

    if (found->wanted == NULL) {
        found->wanted = question;
        found->page = json_array();
        found->no_memory = found->page == NULL;
        found->next = found->wanted->from;
    }
    found->looked_at = 0;
    while (!is_done(found)) {
        if (found->looked_at >= ROOMS_A_TURN) {
            return false;
        }
        found->next = relay_visit_rooms(loop->rooms, found->next, ROOMS_A_LOCK, visit, found);
        turn_over(found);
    }
    return true;
}

static void clear(void *part)
{
    struct found_rooms *found = part;

    json_decref(found->page);
    free(found->rooms);
    free(found->texts);
}

static const struct survey_kind rooms_survey = {
    .part_bytes = sizeof(struct found_rooms), .step = step, .clear = clear, .limit_ms = ROOMS_MS};

/* ---- on the main thread ---- */

static void rooms_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct found_rooms *found = survey_part(survey, 0);
    char next[PLACE_DIGITS + 1];

    if (!exchange_all_answered(exchange, survey)) {
        return;
    }
    if (found->no_memory) {
        exchange_answer_json(exchange, 500, NULL);
        return;
    }
    snprintf(next, sizeof next, "%016" PRIx64, found->last);
    exchange_answer_json(
        exchange, 200,
        json_pack("{s:O, s:s?}", "rooms", found->page, "next", found->more ? next : NULL));
}

static bool read_after(struct exchange *exchange, struct wanted_rooms *wanted)
{
    char text[PLACE_DIGITS + 1];
    uint64_t after;

    if (!page_text(exchange, "after", text, sizeof text)) {
        return false;
    }
    if (text[0] == '\0') {
        return true;
    }
    after = strtoull(text, NULL, 16);
    wanted->from = after < RELAY_ROOMS_END ? after + 1 : RELAY_ROOMS_END;
    return (strlen(text) == PLACE_DIGITS && strspn(text, "0123456789abcdef") == PLACE_DIGITS) ||
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
