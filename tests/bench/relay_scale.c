/*
 * How the relay scales with rooms: 200 000 rooms of one member each, 5000 joins and leaves a second
 * of them for ten seconds' worth, in process and with stand-in members.
 *
 *     relay_scale [WORKERS]     as the relay is told; the members all live on the first
 *
 * Prints bytes a room and what joins and leaves take, and fails if a room costs more than 512
 * bytes, a join at the 99th percentile more than 5 ms, or a room is left when all have left.
 */
#include "bench/process.h"
#include "relay/relay.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROOMS = 200000, CHURNS = 50000, ROOM_BYTES_MAX = 512, JOIN_NS_MAX = 5000000 };

struct crowd {
    struct relay *relay;
    struct relay_worker *worker;
    struct relay_member *members;
    uint64_t *join_ns;  /* of each join during the churn */
    uint64_t *leave_ns; /* likewise */
};

static void take_nothing(struct relay_member *member, struct parcel *parcel)
{
    (void)member;
    (void)parcel;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Zeroed, and resident from the start, so that it does not count as the rooms' memory. */
static void *allocate(size_t count, size_t size)
{
    void *memory = malloc(count * size);

    if (memory == NULL) {
        err(1, "%zu bytes", count * size);
    }
    explicit_bzero(memory, count * size);
    return memory;
}

/* Joins a room that nobody has been in. Returns how long it took. */
static uint64_t join_new_room(struct crowd *crowd, struct relay_member *member)
{
    static unsigned number;
    char name[48];
    uint64_t before;
    bool joined;

    snprintf(name, sizeof name, "document-%08x-of-some-name", number++ * 2654435761U);
    before = now_ns();
    joined =
        relay_join(crowd->worker, member, SLICE("www.example.org/room/{name}"), slice_of(name));
    if (!joined) {
        errx(1, "relay_join: memory is short");
    }
    return now_ns() - before;
}

static uint64_t leave(struct crowd *crowd, struct relay_member *member)
{
    uint64_t before = now_ns();

    relay_leave(crowd->worker, member);
    return now_ns() - before;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Prints the distribution of CHURNS times. Returns the 99th percentile. */
static uint64_t report(const char *what, uint64_t *times_ns)
{
    uint64_t p99;

    qsort(times_ns, CHURNS, sizeof *times_ns, compare);
    p99 = times_ns[CHURNS / 100 * 99];
    printf("%s: median %" PRIu64 " ns, p99 %" PRIu64 " ns, longest %" PRIu64 " ns\n", what,
           times_ns[CHURNS / 2], p99, times_ns[CHURNS - 1]);
    return p99;
}

/* One leaves and joins another room, CHURNS times, always at another place of the crowd. */
static void churn(struct crowd *crowd)
{
    for (unsigned i = 0; i < CHURNS; i++) {
        struct relay_member *member = &crowd->members[i * 7919ULL % ROOMS];

        crowd->leave_ns[i] = leave(crowd, member);
        crowd->join_ns[i] = join_new_room(crowd, member);
    }
}

/* Returns how many of the limits were broken. */
static int run(struct crowd *crowd)
{
    int64_t before = process_resident_bytes(getpid());
    int64_t room_bytes;
    uint64_t join_p99_ns;

    for (unsigned i = 0; i < ROOMS; i++) {
        join_new_room(crowd, &crowd->members[i]);
    }
    room_bytes = (process_resident_bytes(getpid()) - before) / ROOMS;
    printf("%zu rooms: %" PRId64 " bytes each\n", relay_room_count(crowd->relay), room_bytes);

    churn(crowd);
    printf("%zu rooms after the churn\n", relay_room_count(crowd->relay));
    join_p99_ns = report("join", crowd->join_ns);
    report("leave", crowd->leave_ns);

    for (unsigned i = 0; i < ROOMS; i++) {
        leave(crowd, &crowd->members[i]);
    }
    printf("%zu rooms when all have left\n", relay_room_count(crowd->relay));
    return (room_bytes > ROOM_BYTES_MAX) + (join_p99_ns > JOIN_NS_MAX) +
           (relay_room_count(crowd->relay) > 0);
}

int main(int argc, char **argv)
{
    unsigned workers = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    struct mailbox box;
    struct pool pool;
    struct crowd crowd = {
        .members = allocate(ROOMS, sizeof *crowd.members),
        .join_ns = allocate(CHURNS, sizeof *crowd.join_ns),
        .leave_ns = allocate(CHURNS, sizeof *crowd.leave_ns),
    };
    int broken;

    pool_init(&pool);
    crowd.relay = relay_create(workers, take_nothing);
    if (crowd.relay == NULL || mailbox_init(&box) != 0) {
        errx(1, "relay_create(%u) or mailbox_init", workers);
    }
    crowd.worker = relay_worker_start(crowd.relay, 0, &box, &pool);
    broken = run(&crowd);
    relay_worker_end(crowd.worker);
    relay_free(crowd.relay);
    mailbox_destroy(&box);
    pool_destroy(&pool);
    free(crowd.members);
    free(crowd.join_ns);
    free(crowd.leave_ns);
    return broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
