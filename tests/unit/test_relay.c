/*
 * Joining, leaving and publishing, with one worker and with several that take turns in one thread.
 */
#include "relay/relay.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { WORKERS = 3, MEMBERS = 8, RECEIVED_MAX = 64 };

/* A member that writes down what it is given: one letter a publication. */
struct stand_in {
    struct relay_member member;
    char received[RECEIVED_MAX];
};

static struct relay *relay;
static struct relay_worker *workers[WORKERS];
static struct mailbox boxes[WORKERS];
static struct pool pools[WORKERS];
static struct stand_in members[MEMBERS];

static void take(struct relay_member *member, struct parcel *parcel)
{
    struct stand_in *stand_in = container_of(member, struct stand_in, member);
    size_t length = strlen(stand_in->received);

    ck_assert_uint_lt(length + 1, sizeof stand_in->received);
    stand_in->received[length] = (char)parcel_wire(parcel)[2];
}

static void prepare(unsigned count)
{
    relay = relay_create(count, take);
    ck_assert_ptr_nonnull(relay);
    for (unsigned i = 0; i < count; i++) {
        pool_init(&pools[i]);
        ck_assert_int_eq(mailbox_init(&boxes[i]), 0);
        workers[i] = relay_worker_start(relay, i, &boxes[i], &pools[i]);
    }
    memset(members, 0, sizeof members);
}

static void clean_up(unsigned count)
{
    ck_assert_uint_eq(relay_member_count(relay), 0);
    ck_assert_uint_eq(relay_room_count(relay), 0);
    for (unsigned i = 0; i < count; i++) {
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

static void clean_up_one(void)
{
    clean_up(1);
}

static void prepare_several(void)
{
    prepare(WORKERS);
}

static void clean_up_several(void)
{
    clean_up(WORKERS);
}

static void join_room(unsigned worker, unsigned member, const char *name)
{
    ck_assert(relay_join(workers[worker], &members[member].member, SLICE("host"), slice_of(name)));
}

static void join(unsigned worker, unsigned member)
{
    join_room(worker, member, "lobby");
}

static void leave(unsigned worker, unsigned member)
{
    relay_leave(workers[worker], &members[member].member);
}

static struct message *letter(unsigned worker, char text)
{
    struct message *message = message_create(&pools[worker], 1);

    ck_assert_ptr_nonnull(message);
    *message_payload(message) = (uint8_t)text;
    message_frame(message, 0x81, 1);
    return message;
}

static int64_t publish_to(unsigned worker, unsigned member, char text, bool include_sender)
{
    return relay_publish(workers[worker], &members[member].member, letter(worker, text),
                         include_sender);
}

static int64_t publish(unsigned worker, unsigned member, char text)
{
    return publish_to(worker, member, text, false);
}

static void deliver_mail(unsigned worker)
{
    mailbox_drain(&boxes[worker], NULL);
}

static void deliver_all_mail(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        deliver_mail(i);
    }
}

static void ck_assert_received(unsigned member, const char *letters)
{
    ck_assert_str_eq(members[member].received, letters);
}

/* ---- one worker ---- */

START_TEST(test_a_publication_reaches_all_others_at_once_and_not_its_sender)
{
    join(0, 0);
    join(0, 1);
    join(0, 2);
    ck_assert_int_eq(publish(0, 0, 'a'), 2);
    ck_assert_int_eq(publish(0, 1, 'b'), 2);
    ck_assert_received(0, "b");
    ck_assert_received(1, "a");
    ck_assert_received(2, "ab");
    leave(0, 0);
    leave(0, 1);
    leave(0, 2);
}
END_TEST

START_TEST(test_a_sender_that_asks_for_it_gets_its_own_in_the_order_of_the_room)
{
    join(0, 0);
    join(0, 1);
    ck_assert_int_eq(publish_to(0, 0, 'a', true), 2);
    ck_assert_int_eq(publish(0, 1, 'b'), 1);
    ck_assert_int_eq(publish_to(0, 0, 'c', true), 2);
    ck_assert_received(0, "abc");
    ck_assert_received(1, "ac");
    leave(0, 0);
    leave(0, 1);
}
END_TEST

START_TEST(test_a_publication_that_is_for_nobody_is_let_go)
{
    struct message *message = letter(0, 'a');

    join(0, 0);
    message_reference(message);
    ck_assert_int_eq(relay_publish(workers[0], &members[0].member, message, false), 0);
    ck_assert_uint_eq(atomic_load(&message->references), 1);
    leave(0, 0);
    message_reference(message);
    ck_assert_int_eq(relay_publish(workers[0], &members[0].member, message, true), 0);
    ck_assert_uint_eq(atomic_load(&message->references), 1);
    message_release(&pools[0], message);
    ck_assert_received(0, "");
}
END_TEST

START_TEST(test_a_publication_delivered_is_let_go)
{
    struct message *message = letter(0, 'a');

    join(0, 0);
    join(0, 1);
    message_reference(message);
    ck_assert_int_eq(relay_publish(workers[0], &members[0].member, message, true), 2);
    ck_assert_uint_eq(atomic_load(&message->references), 1);
    message_release(&pools[0], message);
    leave(0, 0);
    leave(0, 1);
}
END_TEST

START_TEST(test_members_of_other_rooms_and_namespaces_hear_nothing)
{
    join_room(0, 0, "lobby");
    join_room(0, 1, "Lobby");
    ck_assert(relay_join(workers[0], &members[2].member, SLICE("other"), SLICE("lobby")));
    join_room(0, 3, "lobby");
    ck_assert_uint_eq(relay_room_count(relay), 3);
    ck_assert_uint_eq(relay_member_count(relay), 4);
    ck_assert_int_eq(publish(0, 0, 'a'), 1);
    ck_assert_received(1, "");
    ck_assert_received(2, "");
    ck_assert_received(3, "a");
    for (unsigned i = 0; i < 4; i++) {
        leave(0, i);
    }
}
END_TEST

START_TEST(test_who_has_left_hears_nothing_and_may_join_again)
{
    join(0, 0);
    join(0, 1);
    leave(0, 1);
    leave(0, 1);
    ck_assert_int_eq(publish(0, 0, 'a'), 0);
    join(0, 1);
    ck_assert_int_eq(publish(0, 0, 'b'), 1);
    ck_assert_received(1, "b");
    leave(0, 0);
    leave(0, 1);
}
END_TEST

/* ---- several workers ---- */

START_TEST(test_all_members_see_one_order_whoever_reads_its_mail_first)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        join(i % WORKERS, i);
    }
    ck_assert_int_eq(publish_to(0, 0, 'a', true), MEMBERS);
    ck_assert_int_eq(publish_to(1, 1, 'b', true), MEMBERS);
    deliver_mail(2);
    ck_assert_int_eq(publish_to(2, 2, 'c', true), MEMBERS);
    deliver_mail(1);
    ck_assert_int_eq(publish_to(0, 3, 'd', true), MEMBERS);
    deliver_all_mail();
    for (unsigned i = 0; i < MEMBERS; i++) {
        ck_assert_received(i, "abcd");
        leave(i % WORKERS, i);
    }
}
END_TEST

START_TEST(test_a_publication_is_not_delivered_before_the_mail_is_read_not_even_at_home)
{
    join(0, 0);
    join(0, 1);
    ck_assert_int_eq(publish(0, 0, 'a'), 1);
    ck_assert_received(1, "");
    deliver_mail(0);
    ck_assert_received(1, "a");
    ck_assert_received(0, "");
    leave(0, 0);
    leave(0, 1);
}
END_TEST

START_TEST(test_a_worker_without_members_in_the_room_gets_no_mail)
{
    join(0, 0);
    join(1, 1);
    join_room(2, 2, "elsewhere");
    ck_assert_int_eq(publish(0, 0, 'a'), 1);
    /* The publisher is alone on its worker, and the publication is not for it. */
    ck_assert(!mailbox_drain(&boxes[0], NULL));
    ck_assert(mailbox_drain(&boxes[1], NULL));
    ck_assert(!mailbox_drain(&boxes[2], NULL));
    ck_assert_received(1, "a");
    for (unsigned i = 0; i < WORKERS; i++) {
        leave(i, i);
    }
}
END_TEST

START_TEST(test_a_member_gets_what_is_published_after_its_join_and_nothing_from_before)
{
    join(0, 0);
    join(1, 1);
    ck_assert_int_eq(publish(0, 0, 'a'), 1);
    join(1, 2);
    ck_assert_int_eq(publish(0, 0, 'b'), 2);
    deliver_all_mail();
    ck_assert_received(1, "ab");
    ck_assert_received(2, "b");
    for (unsigned i = 0; i < 3; i++) {
        leave(i == 0 ? 0 : 1, i);
    }
}
END_TEST

START_TEST(test_who_leaves_before_the_mail_is_read_hears_nothing_of_it)
{
    join(0, 0);
    join(1, 1);
    join(1, 2);
    ck_assert_int_eq(publish(0, 0, 'a'), 2);
    leave(1, 1);
    deliver_all_mail();
    ck_assert_received(1, "");
    ck_assert_received(2, "a");
    leave(0, 0);
    leave(1, 2);
}
END_TEST

START_TEST(test_a_room_outlives_its_members_until_its_mail_is_read)
{
    struct message *message = letter(0, 'a');

    join(0, 0);
    join(1, 1);
    message_reference(message);
    ck_assert_int_eq(relay_publish(workers[0], &members[0].member, message, false), 1);
    leave(0, 0);
    leave(1, 1);
    ck_assert_uint_eq(relay_room_count(relay), 1);
    ck_assert_uint_eq(relay_member_count(relay), 0);
    ck_assert_uint_eq(atomic_load(&message->references), 2);
    deliver_all_mail();
    ck_assert_uint_eq(relay_room_count(relay), 0);
    ck_assert_uint_eq(atomic_load(&message->references), 1);
    message_release(&pools[0], message);
}
END_TEST

START_TEST(test_a_room_that_is_waiting_for_its_mail_takes_members_again)
{
    join(0, 0);
    join(1, 1);
    ck_assert_int_eq(publish(0, 0, 'a'), 1);
    leave(0, 0);
    leave(1, 1);
    join(1, 2);
    join(0, 0);
    ck_assert_int_eq(publish(0, 0, 'b'), 1);
    deliver_all_mail();
    ck_assert_received(2, "b");
    leave(1, 2);
    leave(0, 0);
}
END_TEST

/* The member is gone and its memory is a new member, on any worker, before the mail is read. */
START_TEST(test_a_new_member_at_the_address_of_a_publisher_gets_what_is_for_it)
{
    unsigned second_worker = (unsigned)_i;

    join(0, 0);
    join(1, 1);
    join(2, 2);
    ck_assert_int_eq(publish(0, 0, 'a'), 2);
    leave(0, 0);
    memset(&members[0], 0, sizeof members[0]);
    join(second_worker, 0);
    ck_assert_int_eq(publish(1, 1, 'b'), 2);
    deliver_all_mail();
    ck_assert_received(0, "b");
    ck_assert_received(1, "a");
    ck_assert_received(2, "ab");
    leave(second_worker, 0);
    leave(1, 1);
    leave(2, 2);
}
END_TEST

/* Whoever has got a publication may tell others of it, on whatever worker they are. */
START_TEST(test_a_worker_knows_whether_it_has_delivered_what_others_have)
{
    uint64_t before = 0;
    uint64_t mark = 0;

    join(0, 0);
    join(1, 1);
    ck_assert(relay_caught_up(workers[1], &members[1].member, &before));
    publish_to(0, 0, 'a', true);
    ck_assert(!relay_caught_up(workers[1], &members[1].member, &mark));
    deliver_mail(0);
    ck_assert(!relay_caught_up(workers[1], &members[1].member, &mark));
    ck_assert(relay_caught_up(workers[0], &members[0].member, &before));
    deliver_mail(1);
    ck_assert(relay_caught_up(workers[1], &members[1].member, &mark));
    publish_to(0, 0, 'b', true);
    ck_assert(relay_caught_up(workers[1], &members[1].member, &mark)); /* that is later */
    deliver_all_mail();
    leave(0, 0);
    leave(1, 1);
}
END_TEST

static Suite *relay_suite(void)
{
    Suite *suite = suite_create("relay");
    TCase *one = tcase_create("one worker");
    TCase *several = tcase_create("several workers");

    tcase_add_checked_fixture(one, prepare_one, clean_up_one);
    tcase_add_test(one, test_a_publication_reaches_all_others_at_once_and_not_its_sender);
    tcase_add_test(one, test_a_sender_that_asks_for_it_gets_its_own_in_the_order_of_the_room);
    tcase_add_test(one, test_a_publication_that_is_for_nobody_is_let_go);
    tcase_add_test(one, test_a_publication_delivered_is_let_go);
    tcase_add_test(one, test_members_of_other_rooms_and_namespaces_hear_nothing);
    tcase_add_test(one, test_who_has_left_hears_nothing_and_may_join_again);
    suite_add_tcase(suite, one);

    tcase_add_checked_fixture(several, prepare_several, clean_up_several);
    tcase_add_test(several, test_all_members_see_one_order_whoever_reads_its_mail_first);
    tcase_add_test(several,
                   test_a_publication_is_not_delivered_before_the_mail_is_read_not_even_at_home);
    tcase_add_test(several, test_a_worker_without_members_in_the_room_gets_no_mail);
    tcase_add_test(several,
                   test_a_member_gets_what_is_published_after_its_join_and_nothing_from_before);
    tcase_add_test(several, test_who_leaves_before_the_mail_is_read_hears_nothing_of_it);
    tcase_add_test(several, test_a_room_outlives_its_members_until_its_mail_is_read);
    tcase_add_test(several, test_a_room_that_is_waiting_for_its_mail_takes_members_again);
    tcase_add_loop_test(
        several, test_a_new_member_at_the_address_of_a_publisher_gets_what_is_for_it, 0, WORKERS);
    tcase_add_test(several, test_a_worker_knows_whether_it_has_delivered_what_others_have);
    suite_add_tcase(suite, several);
    return suite;
}

int main(void)
{
    return suite_run(relay_suite());
}
