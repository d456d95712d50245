/*
 * Rooms as somebody sees them who is in none: looking at all of them, asking for a member's, and
 * publishing from outside. With one worker and with several.
 */
#include "relay/relay.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 3, MEMBERS = 600 };

struct stand_in {
    struct relay_member member;
    unsigned received;
};

static struct relay *relay;
static struct relay_worker *workers[WORKERS];
static struct mailbox boxes[WORKERS];
static struct pool pools[WORKERS];
static struct stand_in members[MEMBERS];
static unsigned worker_count;

static void take(struct relay_member *member, struct parcel *parcel)
{
    ck_assert_int_eq(parcel_wire(parcel)[2], 'x');
    container_of(member, struct stand_in, member)->received++;
}

static void prepare(unsigned count)
{
    worker_count = count;
    relay = relay_create(count, take);
    ck_assert_ptr_nonnull(relay);
    for (unsigned i = 0; i < count; i++) {
        pool_init(&pools[i]);
        ck_assert_int_eq(mailbox_init(&boxes[i]), 0);
        workers[i] = relay_worker_start(relay, i, &boxes[i], &pools[i]);
    }
    memset(members, 0, sizeof members);
}

static void read_mail(void)
{
    for (unsigned i = 0; i < worker_count; i++) {
        (void)mailbox_drain(&boxes[i], NULL);
    }
}

static void clean_up(void)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (members[i].member.room != NULL) {
            relay_leave(workers[i % worker_count], &members[i].member);
        }
    }
    ck_assert_uint_eq(relay_room_count(relay), 0);
    for (unsigned i = 0; i < worker_count; i++) {
        relay_worker_end(workers[i]);
        ck_assert(!mailbox_drain(&boxes[i], NULL));
        mailbox_destroy(&boxes[i]);
        pool_destroy(&pools[i]);
    }
    relay_free(relay);
}

static void prepare_one(void)
{
    prepare(1);
}

static void prepare_several(void)
{
    prepare(WORKERS);
}

static void join(unsigned member, const char *namespace, const char *name)
{
    ck_assert(relay_join(workers[member % worker_count], &members[member].member,
                         slice_of(namespace), slice_of(name)));
}

/* Publishes, and leaves the mail unread. */
static int64_t post(unsigned worker, const char *namespace, const char *name)
{
    struct message *message = message_create(&pools[worker], 1);

    ck_assert_ptr_nonnull(message);
    *message_payload(message) = 'x';
    message_frame(message, 0x81, 1);
    return relay_publish_to(workers[worker], slice_of(namespace), slice_of(name), message);
}

static int64_t publish(unsigned worker, const char *namespace, const char *name)
{
    int64_t audience = post(worker, namespace, name);

    read_mail();
    return audience;
}

/* ---- publishing ---- */

START_TEST(test_a_publication_from_outside_reaches_every_member)
{
    for (unsigned i = 0; i < 7; i++) {
        join(i, "host", i < 5 ? "lobby" : "other");
    }
    for (unsigned i = 0; i < worker_count; i++) {
        ck_assert_int_eq(publish(i, "host", "lobby"), 5);
    }
    for (unsigned i = 0; i < 7; i++) {
        ck_assert_uint_eq(members[i].received, i < 5 ? worker_count : 0);
    }
}
END_TEST

START_TEST(test_there_must_be_such_a_room)
{
    ck_assert_int_eq(publish(0, "host", "lobby"), RELAY_NO_ROOM);
    join(0, "host", "lobby");
    ck_assert_int_eq(publish(0, "hos", "tlobby"), RELAY_NO_ROOM);
    ck_assert_int_eq(publish(0, "host", "lobb"), RELAY_NO_ROOM);
    relay_leave(workers[0], &members[0].member);
    ck_assert_int_eq(publish(0, "host", "lobby"), RELAY_NO_ROOM);
    ck_assert_uint_eq(members[0].received, 0);
}
END_TEST

/* ---- looking ---- */

START_TEST(test_a_member_knows_its_room)
{
    struct slice namespace;
    struct slice name;

    ck_assert(!relay_member_room(&members[0].member, &namespace, &name));
    join(0, "host", "lobby");
    ck_assert(relay_member_room(&members[0].member, &namespace, &name));
    ck_assert(slice_equal(namespace, SLICE("host")));
    ck_assert(slice_equal(name, SLICE("lobby")));
    relay_leave(workers[0], &members[0].member);
    ck_assert(!relay_member_room(&members[0].member, &namespace, &name));
}
END_TEST

static unsigned seen[MEMBERS]; /* members, by number, which is the name */
static unsigned shown;         /* rooms */
static uint64_t from;          /* the place to look at next */
static uint64_t highest;       /* place of those shown by this call */

static void see(void *argument, struct slice namespace, struct slice name, uint64_t place,
                size_t member_count)
{
    char text[8];

    ck_assert_ptr_eq(argument, seen);
    ck_assert(slice_equal(namespace, SLICE("host")));
    ck_assert_uint_lt(name.length, sizeof text);
    memcpy(text, name.data, name.length);
    text[name.length] = '\0';
    shown++;
    seen[strtoul(text, NULL, 10)] += (unsigned)member_count;
    ck_assert_uint_ge(place, from);
    highest = place > highest ? place : highest;
}

/* Looks at about so many. Returns whether there are more. */
static bool look_on(size_t limit)
{
    uint64_t next;

    highest = 0;
    next = relay_visit_rooms(workers[0], from, limit, see, seen);
    ck_assert_uint_gt(next, from);
    ck_assert(highest < next || next == RELAY_ROOMS_END);
    from = next;
    return next != RELAY_ROOMS_END;
}

static void look_at_all(void)
{
    while (look_on(10)) {}
}

/* One room in three has two members, and one in three is empty again. */
START_TEST(test_every_room_with_members_is_shown_once)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        char name[8];

        snprintf(name, sizeof name, "%u", i % 3 == 0 ? i + 1 : i);
        join(i, "host", name);
    }
    for (unsigned i = 2; i < MEMBERS; i += 3) {
        relay_leave(workers[i % worker_count], &members[i].member);
    }
    look_at_all();
    ck_assert_uint_eq(shown, MEMBERS / 3);
    for (unsigned i = 0; i < MEMBERS; i++) {
        ck_assert_uint_eq(seen[i], i % 3 == 1 ? 2 : 0);
    }
}
END_TEST

static void join_numbered(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        char name[8];

        snprintf(name, sizeof name, "%u", i);
        join(i, "host", name);
    }
}

/* The first hundred stay, all others come or go in between. */
START_TEST(test_who_stays_is_shown_once_whatever_the_table_does)
{
    enum { STAYING = 100 };
    bool grows = _i == 0;

    join_numbered(0, grows ? STAYING : MEMBERS);
    for (unsigned i = STAYING; look_on(1);) {
        for (unsigned end = i + 5; i < end && i < MEMBERS; i++) {
            if (grows) {
                join_numbered(i, i + 1);
            } else {
                relay_leave(workers[i % worker_count], &members[i].member);
            }
        }
    }
    for (unsigned i = 0; i < STAYING; i++) {
        ck_assert_uint_eq(seen[i], 1);
    }
}
END_TEST

START_TEST(test_a_room_that_only_waits_for_its_mail_is_none)
{
    join(1, "host", "7");
    ck_assert_int_eq(post(0, "host", "7"), 1);
    relay_leave(workers[1], &members[1].member);
    ck_assert_uint_eq(relay_room_count(relay), 1);
    look_at_all();
    ck_assert_uint_eq(shown, 0);
    ck_assert_int_eq(post(0, "host", "7"), RELAY_NO_ROOM);
    read_mail();
    ck_assert_uint_eq(members[1].received, 0);
}
END_TEST

static TCase *add_tests(Suite *suite, const char *name, SFun set_up)
{
    TCase *tests = suite_case(suite, name);

    tcase_add_checked_fixture(tests, set_up, clean_up);
    tcase_add_test(tests, test_a_publication_from_outside_reaches_every_member);
    tcase_add_test(tests, test_there_must_be_such_a_room);
    tcase_add_test(tests, test_a_member_knows_its_room);
    tcase_add_test(tests, test_every_room_with_members_is_shown_once);
    tcase_add_loop_test(tests, test_who_stays_is_shown_once_whatever_the_table_does, 0, 2);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("rooms from outside");

    (void)add_tests(suite, "one worker", prepare_one);
    tcase_add_test(add_tests(suite, "several workers", prepare_several),
                   test_a_room_that_only_waits_for_its_mail_is_none);
    return suite_run(suite);
}
