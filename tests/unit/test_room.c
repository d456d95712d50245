/*
 * The table of rooms.
 */
#include "relay/room.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct room_table table;

/* Stands for two workers: the table only compares their addresses. */
static char workers[2];

static struct relay_worker *worker(size_t index)
{
    return (struct relay_worker *)(void *)&workers[index];
}

static void prepare(void)
{
    ck_assert_int_eq(room_table_init(&table), 0);
}

static void clean_up(void)
{
    ck_assert_uint_eq(room_table_count(&table), 0);
    room_table_destroy(&table);
}

static struct room *enter_slices(struct slice namespace, struct slice name)
{
    uint64_t hash = room_table_hash(&table, namespace, name);
    struct room *room = room_stripe_enter(room_table_stripe(&table, hash), hash, namespace, name);

    if (room == NULL) {
        ck_abort_msg("memory is short");
    }
    return room;
}

static struct room *enter(const char *namespace, const char *name)
{
    return enter_slices(slice_of(namespace), slice_of(name));
}

static void drop(struct room *room)
{
    room_drop_unused(room_table_stripe(&table, room->hash), room, room->shares);
}

START_TEST(test_the_same_namespace_and_name_are_the_same_room)
{
    struct room *room = enter("host/room/{name}", "lobby");

    ck_assert_ptr_eq(enter("host/room/{name}", "lobby"), room);
    ck_assert_uint_eq(room_table_count(&table), 1);
    drop(room);
}
END_TEST

static const struct {
    struct slice namespace;
    struct slice name;
} distinct[] = {
    {{"ab", 2}, {"c", 1}},     {{"a", 1}, {"bc", 2}},     {{"abc", 3}, {"", 0}},
    {{"", 0}, {"abc", 3}},     {{"", 0}, {"", 0}},        {{"ab", 2}, {"C", 1}},
    {{"ab\0", 3}, {"c", 1}},   {{"ab", 2}, {"\0c", 2}},   {{"ab", 2}, {"c\0", 2}},
    {{"ab/", 3}, {"c", 1}},    {{"ab", 2}, {"/c", 2}},    {{NULL, 0}, {"c", 1}},
    {{"ab", 2}, {"c\xff", 2}}, {{"ab", 2}, {"c\x7f", 2}},
};

START_TEST(test_rooms_are_told_apart_by_every_byte_and_by_where_the_name_begins)
{
    enum { ROOMS = sizeof distinct / sizeof *distinct };
    struct room *rooms[ROOMS];

    for (size_t i = 0; i < ROOMS; i++) {
        rooms[i] = enter_slices(distinct[i].namespace, distinct[i].name);
        ck_assert_uint_eq(room_table_count(&table), i + 1);
        for (size_t other = 0; other < i; other++) {
            ck_assert_uint_ne(rooms[other]->hash, rooms[i]->hash);
        }
    }
    for (size_t i = 0; i < ROOMS; i++) {
        ck_assert_ptr_eq(enter_slices(distinct[i].namespace, distinct[i].name), rooms[i]);
        drop(rooms[i]);
    }
}
END_TEST

START_TEST(test_hashes_depend_on_a_key_of_the_table)
{
    static struct room_table other; /* on the stack the sanitizer would not align it */

    ck_assert_int_eq(room_table_init(&other), 0);
    ck_assert_uint_ne(room_table_hash(&table, SLICE("host"), SLICE("lobby")),
                      room_table_hash(&other, SLICE("host"), SLICE("lobby")));
    room_table_destroy(&other);
}
END_TEST

START_TEST(test_a_room_stays_until_its_last_share_has_neither_members_nor_mail)
{
    struct room *room = enter("host", "lobby");
    struct room_stripe *stripe = room_table_stripe(&table, room->hash);
    struct room_share *first = room_share_enter(room, worker(0));
    struct room_share *second = room_share_enter(room, worker(1));

    ck_assert_ptr_ne(first, second);
    ck_assert_ptr_eq(room_share_find(room, worker(0)), first);
    ck_assert_ptr_eq(room_share_enter(room, worker(1)), second);
    first->member_count = 1;
    second->mail_count = 1;
    room_drop_unused(stripe, room, second);
    ck_assert_ptr_eq(room_share_find(room, worker(1)), second);
    second->mail_count = 0;
    room_drop_unused(stripe, room, second);
    ck_assert_ptr_null(room_share_find(room, worker(1)));
    room_drop_unused(stripe, room, first);
    ck_assert_uint_eq(room_table_count(&table), 1);
    first->member_count = 0;
    room_drop_unused(stripe, room, first);
    ck_assert_uint_eq(room_table_count(&table), 0);
}
END_TEST

static size_t bucket_total(void)
{
    size_t total = 0;

    for (size_t i = 0; i < ROOM_STRIPES; i++) {
        total += table.stripes[i].bucket_count;
    }
    return total;
}

static size_t longest_chain(void)
{
    size_t longest = 0;

    for (size_t i = 0; i < ROOM_STRIPES; i++) {
        for (size_t bucket = 0; bucket < table.stripes[i].bucket_count; bucket++) {
            size_t length = 0;

            for (struct room *room = table.stripes[i].buckets[bucket]; room != NULL;
                 room = room->next) {
                length++;
            }
            longest = length > longest ? length : longest;
        }
    }
    return longest;
}

START_TEST(test_the_table_grows_with_its_rooms_and_shrinks_after_them)
{
    enum { ROOMS = 100000 };
    struct room **rooms = calloc(ROOMS, sizeof *rooms);
    char name[16];
    int found = 0;

    ck_assert_ptr_nonnull(rooms);
    for (int i = 0; i < ROOMS; i++) {
        snprintf(name, sizeof name, "%d", i);
        rooms[i] = enter("host", name);
    }
    ck_assert_uint_ge(bucket_total(), ROOMS / 2);
    ck_assert_uint_le(bucket_total(), ROOMS * 4);
    for (int i = 0; i < ROOMS; i++) {
        snprintf(name, sizeof name, "%d", i);
        found += enter("host", name) == rooms[i];
    }
    ck_assert_int_eq(found, ROOMS);
    for (int i = 0; i < ROOMS; i++) {
        drop(rooms[i]);
    }
    ck_assert_uint_le(bucket_total(), ROOM_STRIPES * 8);
    free(rooms);
}
END_TEST

/* ---- names made to collide ---- */

enum { PAIRS = 16, BLOCK_BYTES = 8, COLLIDING_NAMES = 1 << PAIRS, TRIED_BLOCKS = 1 << 18 };

static uint32_t fnv1a(uint32_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    }
    return hash;
}

/* Distinct blocks for distinct numbers, that of the next number in no way alike. */
static void make_block(char block[BLOCK_BYTES], unsigned number)
{
    uint32_t mixed = number * 2654435761U;

    for (int i = 0; i < BLOCK_BYTES; i++) {
        block[i] = "0123456789abcdef"[mixed >> 4 * i & 0xf];
    }
}

/* Two blocks that lead from `hash` to the same hash. Returns that hash. */
static uint32_t find_pair(uint32_t hash, char pair[2][BLOCK_BYTES], uint32_t *seen)
{
    memset(seen, 0, TRIED_BLOCKS * sizeof *seen);
    for (unsigned number = 1; number < TRIED_BLOCKS; number++) {
        uint32_t result;
        unsigned slot;

        make_block(pair[0], number);
        result = fnv1a(hash, pair[0], BLOCK_BYTES);
        for (slot = result % TRIED_BLOCKS; seen[slot] != 0; slot = (slot + 1) % TRIED_BLOCKS) {
            make_block(pair[1], seen[slot]);
            if (fnv1a(hash, pair[1], BLOCK_BYTES) == result) {
                return result;
            }
        }
        seen[slot] = number;
    }
    ck_abort_msg("no pair of blocks collides");
}

START_TEST(test_names_that_collide_elsewhere_are_spread_like_any_others)
{
    static char pairs[PAIRS][2][BLOCK_BYTES];
    struct room **rooms = calloc(COLLIDING_NAMES, sizeof *rooms);
    uint32_t *seen = calloc(TRIED_BLOCKS, sizeof *seen);
    uint32_t hash = 2166136261U;
    unsigned colliding = 0;

    ck_assert(rooms != NULL && seen != NULL);
    for (int i = 0; i < PAIRS; i++) {
        hash = find_pair(hash, pairs[i], seen);
    }
    for (unsigned i = 0; i < COLLIDING_NAMES; i++) {
        char name[PAIRS * BLOCK_BYTES + 1] = "";

        for (int pair = 0; pair < PAIRS; pair++) {
            memcpy(name + pair * BLOCK_BYTES, pairs[pair][i >> pair & 1], BLOCK_BYTES);
        }
        colliding += fnv1a(2166136261U, name, sizeof name - 1) == hash;
        rooms[i] = enter("host", name);
    }
    ck_assert_uint_eq(colliding, COLLIDING_NAMES);
    ck_assert_uint_eq(room_table_count(&table), COLLIDING_NAMES);
    ck_assert_uint_le(longest_chain(), 16);
    for (unsigned i = 0; i < COLLIDING_NAMES; i++) {
        drop(rooms[i]);
    }
    free(rooms);
    free(seen);
}
END_TEST

/* ---- the order of rooms ---- */

enum { FEW = 20, MANY = 2000 };

static struct room *numbered[MANY];

/* All in the first stripe, in no order. */
static uint64_t hash_of(unsigned number)
{
    return number * UINT64_C(0x9E3779B97F4A7C15) * ROOM_STRIPES;
}

static void enter_numbered(unsigned number)
{
    char name[8];

    snprintf(name, sizeof name, "%u", number);
    numbered[number] =
        room_stripe_enter(&table.stripes[0], hash_of(number), SLICE("n"), slice_of(name));
    ck_assert_ptr_nonnull(numbered[number]);
}

static void drop_numbered(unsigned number)
{
    if (numbered[number] != NULL) {
        room_drop_unused(&table.stripes[0], numbered[number], NULL);
        numbered[number] = NULL;
    }
}

/* A room's name has no end of its own. */
static unsigned number_of(const struct room *room)
{
    unsigned number = 0;

    for (size_t i = 0; i < room_name(room).length; i++) {
        number = number * 10 + (unsigned)(room_name(room).data[i] - '0');
    }
    return number;
}

/* Counts the rooms of the bucket that are not before `place`, nor behind where the next begins. */
static uint64_t look_at_bucket(uint64_t place, unsigned *counts)
{
    uint64_t next = room_stripe_next_bucket(&table.stripes[0], place);

    for (const struct room *room = room_stripe_bucket(&table.stripes[0], place); room != NULL;
         room = room->next) {
        ck_assert_uint_lt(room_place(room->hash), next);
        if (room_place(room->hash) >= place) {
            counts[number_of(room)]++;
        }
    }
    return next;
}

/* Row 0: the stripe grows from a few buckets to many. Row 1: it shrinks. */
START_TEST(test_who_goes_through_a_stripe_may_let_it_change)
{
    static unsigned counts[MANY];
    unsigned first = _i == 0 ? FEW : MANY;
    unsigned changed = FEW;
    uint64_t place = 0;

    memset(counts, 0, sizeof counts); /* of the other row, where tests do not fork */
    for (unsigned i = 0; i < first; i++) {
        enter_numbered(i);
    }
    while (room_place_stripe(place) == 0) {
        place = look_at_bucket(place, counts);
        for (unsigned i = 0; i < 200 && changed < MANY; i++, changed++) {
            if (_i == 0) {
                enter_numbered(changed);
            } else {
                drop_numbered(changed);
            }
        }
    }
    ck_assert_uint_eq(changed, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert_uint_le(counts[i], 1);
        ck_assert_uint_eq(counts[i], i < FEW ? 1 : counts[i]);
        drop_numbered(i);
    }
}
END_TEST

START_TEST(test_the_stripes_follow_each_other)
{
    ck_assert_uint_eq(room_place_stripe(room_place(hash_of(5) + 17)), 17);
    ck_assert_ptr_null(room_stripe_bucket(&table.stripes[17], room_place(17)));
    ck_assert_uint_eq(room_stripe_next_bucket(&table.stripes[17], room_place(17)), room_place(18));
    ck_assert_uint_eq(room_stripe_next_bucket(&table.stripes[255], room_place(255)), 0);
}
END_TEST

static Suite *room_suite(void)
{
    Suite *suite = suite_create("room");
    TCase *identity = tcase_create("identity");
    TCase *size = tcase_create("size");
    TCase *order;

    tcase_add_checked_fixture(identity, prepare, clean_up);
    tcase_add_test(identity, test_the_same_namespace_and_name_are_the_same_room);
    tcase_add_test(identity, test_rooms_are_told_apart_by_every_byte_and_by_where_the_name_begins);
    tcase_add_test(identity, test_hashes_depend_on_a_key_of_the_table);
    tcase_add_test(identity, test_a_room_stays_until_its_last_share_has_neither_members_nor_mail);
    suite_add_tcase(suite, identity);
    tcase_add_checked_fixture(size, prepare, clean_up);
    tcase_set_timeout(size, 120);
    tcase_add_test(size, test_the_table_grows_with_its_rooms_and_shrinks_after_them);
    tcase_add_test(size, test_names_that_collide_elsewhere_are_spread_like_any_others);
    suite_add_tcase(suite, size);
    order = suite_case(suite, "order");
    tcase_add_checked_fixture(order, prepare, clean_up);
    tcase_add_loop_test(order, test_who_goes_through_a_stripe_may_let_it_change, 0, 2);
    tcase_add_test(order, test_the_stripes_follow_each_other);
    return suite;
}

int main(void)
{
    return suite_run(room_suite());
}
