/*
 * The relay's promises with workers that run at the same time: one order for a room, nothing lost
 * or doubled, joins that are atomic, own messages only when asked for, rooms freed.
 *
 * Every worker joins, leaves and publishes at random in the same few rooms. In each room of the
 * record each worker has a witness, a member that stays throughout, so a witness's record is the
 * room's order, and the record of every other stay must be a part of it without a hole.
 */
#include "relay/relay.h"

#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKERS = 4,
    WITNESSED_ROOMS = 3,
    ROOMS = WITNESSED_ROOMS + 2, /* the others are empty now and then: they come and go */
    SEATS = 6,                   /* members of a worker at a time */
    STEPS = 3000,
    SERIALS_MAX = STEPS + 1
};

/* A publication's name: who sent it, and the how-manieth of that worker in that room, from 1. */
struct letter {
    unsigned worker;
    unsigned serial;
};

/* One member from its join to its leave. */
struct stay {
    struct stay *next; /* of the same worker */
    struct relay_member member;
    unsigned room;
    bool is_witness;
    bool until_end;                     /* was there when the last mail had been read */
    unsigned completed_before[WORKERS]; /* publications that were complete before the join */
    unsigned started_after[WORKERS];    /* those that had begun when the join was complete */
    struct letter *received;
    size_t count;
    size_t capacity;
};

struct worker {
    pthread_t thread;
    unsigned index;
    unsigned seed;
    struct relay_worker *relay;
    struct mailbox box;
    struct pool pool;
    struct stay *stays; /* all of them, also those that have ended */
    struct stay *witnesses[WITNESSED_ROOMS];
    struct stay *seats[SEATS];
};

static struct relay *relay;
static struct worker workers[WORKERS];
static pthread_barrier_t barrier;

/* How many publications of a worker in a room have begun, and how many are complete. */
static atomic_uint started[ROOMS][WORKERS];
static atomic_uint completed[ROOMS][WORKERS];

/* Who published, or NULL if the publisher is to get it too. Written by the publishing worker. */
static struct stay *excluded[ROOMS][WORKERS][SERIALS_MAX];

static void write_down(struct relay_member *member, struct parcel *parcel)
{
    struct stay *stay = container_of(member, struct stay, member);

    if (stay->count == stay->capacity) {
        stay->capacity = stay->capacity * 2 + 64;
        stay->received = realloc(stay->received, stay->capacity * sizeof *stay->received);
        if (stay->received == NULL) {
            abort();
        }
    }
    memcpy(&stay->received[stay->count++], parcel_wire(parcel) + 2, sizeof(struct letter));
}

static struct stay *begin_stay(struct worker *worker, unsigned room)
{
    static const char *const names[ROOMS] = {"a", "b", "c", "d", "e"};
    struct stay *stay = calloc(1, sizeof *stay);

    if (stay == NULL) {
        abort();
    }
    stay->room = room;
    stay->next = worker->stays;
    worker->stays = stay;
    for (unsigned i = 0; i < WORKERS; i++) {
        stay->completed_before[i] = atomic_load(&completed[room][i]);
    }
    if (!relay_join(worker->relay, &stay->member, SLICE("host"), slice_of(names[room]))) {
        abort();
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        stay->started_after[i] = atomic_load(&started[room][i]);
    }
    return stay;
}

static void publish(struct worker *worker, struct stay *stay, bool include_sender)
{
    unsigned serial = atomic_load(&started[stay->room][worker->index]) + 1;
    struct letter letter = {worker->index, serial};
    struct message *message = message_create(&worker->pool, sizeof letter);

    if (message == NULL) {
        abort();
    }
    memcpy(message_payload(message), &letter, sizeof letter);
    message_frame(message, 0x82, sizeof letter);
    excluded[stay->room][worker->index][serial] = include_sender ? NULL : stay;
    atomic_store(&started[stay->room][worker->index], serial);
    if (relay_publish(worker->relay, &stay->member, message, include_sender) < 0) {
        abort();
    }
    atomic_store(&completed[stay->room][worker->index], serial);
}

static unsigned any(struct worker *worker, unsigned limit)
{
    return (unsigned)rand_r(&worker->seed) % limit;
}

static void take_or_leave_seat(struct worker *worker, struct stay **seat)
{
    if (*seat == NULL) {
        *seat = begin_stay(worker, any(worker, ROOMS));
    } else {
        relay_leave(worker->relay, &(*seat)->member);
        *seat = NULL;
    }
}

static void take_step(struct worker *worker)
{
    struct stay **seat = &worker->seats[any(worker, SEATS)];

    if (*seat == NULL || any(worker, 8) == 0) {
        take_or_leave_seat(worker, seat);
    } else {
        publish(worker, *seat, any(worker, 2) == 0);
    }
    if (any(worker, 4) == 0) {
        mailbox_drain(&worker->box, NULL);
    }
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;

    worker->relay = relay_worker_start(relay, worker->index, &worker->box, &worker->pool);
    for (unsigned room = 0; room < WITNESSED_ROOMS; room++) {
        worker->witnesses[room] = begin_stay(worker, room);
        worker->witnesses[room]->is_witness = true;
    }
    pthread_barrier_wait(&barrier);
    for (unsigned step = 0; step < STEPS; step++) {
        take_step(worker);
    }
    pthread_barrier_wait(&barrier);
    /* Nothing is posted any more. */
    mailbox_drain(&worker->box, NULL);
    for (struct stay *stay = worker->stays; stay != NULL; stay = stay->next) {
        stay->until_end = stay->member.room != NULL;
        relay_leave(worker->relay, &stay->member);
    }
    return NULL;
}

static void run_all(void)
{
    relay = relay_create(WORKERS, write_down);
    ck_assert_ptr_nonnull(relay);
    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, WORKERS), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.index = i, .seed = i + 1};
        pool_init(&workers[i].pool);
        ck_assert_int_eq(mailbox_init(&workers[i].box), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}

static void free_all(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        while (workers[i].stays != NULL) {
            struct stay *stay = workers[i].stays;

            workers[i].stays = stay->next;
            free(stay->received);
            free(stay);
        }
        relay_worker_end(workers[i].relay);
        mailbox_destroy(&workers[i].box);
        pool_destroy(&workers[i].pool);
    }
    pthread_barrier_destroy(&barrier);
    relay_free(relay);
}

/* ---- the checks, when all has ended ---- */

/* Where in its room's order each publication stands. */
static size_t places[ROOMS][WORKERS][SERIALS_MAX];

static bool same_letter(const struct letter *a, const struct letter *b)
{
    return a->worker == b->worker && a->serial == b->serial;
}

/* The room's order has every publication once, and is the same for the witnesses of all workers. */
static void check_order(unsigned room)
{
    const struct stay *order = workers[0].witnesses[room];
    unsigned seen[WORKERS] = {0};

    for (size_t i = 0; i < order->count; i++) {
        const struct letter *letter = &order->received[i];

        ck_assert_uint_eq(letter->serial, ++seen[letter->worker]);
        places[room][letter->worker][letter->serial] = i;
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct stay *witness = workers[i].witnesses[room];

        ck_assert_uint_eq(seen[i], atomic_load(&completed[room][i]));
        ck_assert_uint_eq(witness->count, order->count);
        for (size_t at = 0; at < order->count; at++) {
            ck_assert(same_letter(&witness->received[at], &order->received[at]));
        }
    }
}

static bool is_for(const struct stay *stay, const struct letter *letter)
{
    return excluded[stay->room][letter->worker][letter->serial] != stay;
}

/* What was received is the room's order from the first on, but for the stay's own. */
static void check_no_hole(const struct stay *stay, size_t first)
{
    const struct stay *order = workers[0].witnesses[stay->room];
    size_t received = 0;

    for (size_t i = first; i < order->count; i++) {
        if (!is_for(stay, &order->received[i])) {
            continue;
        }
        if (received == stay->count) {
            ck_assert_msg(!stay->until_end, "the last publications were not received");
            return;
        }
        ck_assert(same_letter(&stay->received[received++], &order->received[i]));
    }
    ck_assert_uint_eq(received, stay->count);
}

/* What began after the join was received, if anything later was. */
static void check_nothing_missed_at_join(const struct stay *stay, size_t first)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        struct letter letter = {i, stay->started_after[i] + 1};

        while (letter.serial <= atomic_load(&completed[stay->room][i]) && !is_for(stay, &letter)) {
            letter.serial++;
        }
        if (letter.serial <= atomic_load(&completed[stay->room][i])) {
            ck_assert_uint_ge(places[stay->room][i][letter.serial], first);
        }
    }
}

/* What can be said without a witness: nothing from before, nothing twice, the senders' orders. */
static void check_senders(const struct stay *stay)
{
    unsigned last[WORKERS];

    memcpy(last, stay->completed_before, sizeof last);
    for (size_t i = 0; i < stay->count; i++) {
        const struct letter *letter = &stay->received[i];

        ck_assert_uint_gt(letter->serial, last[letter->worker]);
        ck_assert(is_for(stay, letter));
        last[letter->worker] = letter->serial;
    }
}

static void check_stay(const struct stay *stay)
{
    check_senders(stay);
    if (stay->room < WITNESSED_ROOMS && (stay->count > 0 || stay->until_end)) {
        size_t first = stay->count > 0
                           ? places[stay->room][stay->received[0].worker][stay->received[0].serial]
                           : workers[0].witnesses[stay->room]->count;

        check_no_hole(stay, first);
        check_nothing_missed_at_join(stay, first);
    }
}

START_TEST(test_workers_that_run_at_the_same_time_keep_every_promise)
{
    size_t stays = 0;
    size_t received = 0;

    run_all();
    ck_assert_uint_eq(relay_member_count(relay), 0);
    ck_assert_uint_eq(relay_room_count(relay), 0);
    for (unsigned room = 0; room < WITNESSED_ROOMS; room++) {
        check_order(room);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        for (const struct stay *stay = workers[i].stays; stay != NULL; stay = stay->next) {
            check_stay(stay);
            stays++;
            received += stay->is_witness ? 0 : stay->count;
        }
    }
    /* That was not for nothing. */
    ck_assert_uint_gt(stays, 1000);
    ck_assert_uint_gt(received, 5000);
    free_all();
}
END_TEST

static Suite *relay_threads_suite(void)
{
    Suite *suite = suite_create("relay_threads");
    TCase *threads = tcase_create("threads");

    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, test_workers_that_run_at_the_same_time_keep_every_promise);
    suite_add_tcase(suite, threads);
    return suite;
}

int main(void)
{
    return suite_run(relay_threads_suite());
}
