/*
 * Accepting: what is handed on, how much at a time, and what happens without descriptors.
 */
#include "server/acceptor.h"

#include "base/clock.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LISTENERS = 2, CONNECTIONS_MAX = 200, BATCH = 64 };

static struct watch_set watches;
static struct listener listeners[LISTENERS];
static struct accept_count *accepted; /* of all */
static struct listening sockets[LISTENERS];
static struct listener_set set = {.sockets = sockets, .count = LISTENERS};
static struct admission admission;
static struct acceptor *acceptor;
static struct rlimit descriptors;

/* What has been handed on. */
static struct {
    int fd;
    struct listener *listener;
    struct peer peer;
    enum admission_verdict verdict;
} taken[CONNECTIONS_MAX];
static unsigned taken_count;

static int clients[CONNECTIONS_MAX];
static unsigned client_count;

/* What accept is to fail with, once; 0: it does what it does. */
static int accept_error;

int accept4(int fd, struct sockaddr *addr, socklen_t *addr_len, int flags)
{
    if (accept_error != 0) {
        errno = accept_error;
        accept_error = 0;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, addr, addr_len, flags);
}

static void take(void *owner, int fd, struct listener *listener, const struct peer *peer,
                 enum admission_verdict verdict)
{
    ck_assert_ptr_eq(owner, &taken);
    ck_assert_uint_lt(taken_count, CONNECTIONS_MAX);
    taken[taken_count].fd = fd;
    taken[taken_count].listener = listener;
    taken[taken_count].peer = *peer;
    taken[taken_count++].verdict = verdict;
}

static void listen_on_loopback(struct listening *listening)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct address address = {.length = sizeof name};
    struct bound_socket_failure failure;

    memcpy(&address.storage, &name, sizeof name);
    listening->bound = bound_socket_open(&address, 0, NULL, &failure);
    ck_assert_ptr_nonnull(listening->bound);
    listening->kept = false;
}

static void prepare(void)
{
    ck_assert_int_eq(log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, LOG_TARGET_FILE, "/dev/null"),
                     0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
    taken_count = 0;
    client_count = 0;
    admission = (struct admission){.max_connections = 1000, .max_pending = 1000};
    accepted = accept_count_hold("all");
    for (int i = 0; i < LISTENERS; i++) {
        listeners[i] = (struct listener){.references = 1, .accepted = accepted};
        sockets[i].listener = &listeners[i];
        listen_on_loopback(&sockets[i]);
    }
    ck_assert(watch_set_init(&watches, NULL));
    acceptor = acceptor_create(&watches, &set, &admission, take, &taken);
    ck_assert_ptr_nonnull(acceptor);
}

static void clean_up(void)
{
    acceptor_free(acceptor);
    watch_set_free(&watches);
    for (unsigned i = 0; i < taken_count; i++) {
        close(taken[i].fd);
        if (taken[i].listener != NULL) {
            listener_leave(taken[i].listener);
        }
    }
    for (unsigned i = 0; i < client_count; i++) {
        close(clients[i]);
    }
    for (int i = 0; i < LISTENERS; i++) {
        ck_assert_uint_eq(atomic_load(&listeners[i].references), 1);
        bound_socket_release(sockets[i].bound);
    }
    ck_assert_uint_eq(accept_count_present(accepted), 0);
    accept_count_release(accepted);
}

/* Connects and returns the client's own port. */
static unsigned connect_to(const struct listening *listening)
{
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&listening->bound->address.storage,
                             listening->bound->address.length),
                     0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    clients[client_count++] = fd;
    return ntohs(own.sin_port);
}

static void turn(void)
{
    ck_assert_int_ge(watch_poll(&watches, false), 0);
}

/* ---- with descriptors ---- */

START_TEST(test_a_connection_is_handed_on_with_all_that_is_known_of_it)
{
    struct listener *listener = &listeners[_i];
    unsigned port = connect_to(&sockets[_i]);

    turn();
    ck_assert_uint_eq(taken_count, 1);
    ck_assert_ptr_eq(taken[0].listener, listener);
    ck_assert_int_eq(taken[0].verdict, ADMISSION_GRANTED);
    ck_assert_int_eq(taken[0].peer.family, AF_INET);
    ck_assert_mem_eq(taken[0].peer.address, "\x7f\0\0\1", 4);
    ck_assert_uint_eq(taken[0].peer.port, port);
    ck_assert_int_ne(fcntl(taken[0].fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(taken[0].fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_uint_eq(atomic_load(&admission.connections), 1);
    ck_assert_uint_eq(atomic_load(&admission.pending), 1);
}
END_TEST

START_TEST(test_a_turn_accepts_a_bounded_number)
{
    for (int i = 0; i < BATCH + 10; i++) {
        connect_to(&sockets[0]);
    }
    turn();
    ck_assert_uint_eq(taken_count, BATCH);
    turn();
    ck_assert_uint_eq(taken_count, BATCH + 10);
}
END_TEST

/* Whether the server has ended the connection. */
static bool is_ended(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(test_connections_over_the_limit_are_handed_on_as_such_and_then_closed)
{
    admission.max_connections = 1;
    for (int i = 0; i < 1 + ADMISSION_OVERFLOW_MAX + 1; i++) {
        connect_to(&sockets[0]);
    }
    turn();
    ck_assert_uint_eq(taken_count, 1 + ADMISSION_OVERFLOW_MAX);
    ck_assert_int_eq(taken[0].verdict, ADMISSION_GRANTED);
    ck_assert_int_eq(taken[1].verdict, ADMISSION_OVERFLOW);
    ck_assert(!is_ended(clients[0]));
    ck_assert(!is_ended(clients[1]));
    ck_assert(is_ended(clients[1 + ADMISSION_OVERFLOW_MAX]));
}
END_TEST

/* What accept may say of a connection that is gone already. */
static const int passed_on[] = {ECONNABORTED, EPROTO,      EPERM,        EINTR,
                                ENETDOWN,     EHOSTDOWN,   EHOSTUNREACH, ENETUNREACH,
                                ENONET,       ENOPROTOOPT, EOPNOTSUPP,   ETIMEDOUT};
enum { PASSED_ON = sizeof passed_on / sizeof *passed_on };

START_TEST(test_the_error_of_one_connection_holds_up_nobody)
{
    connect_to(&sockets[0]);
    accept_error = passed_on[_i];
    turn();
    ck_assert_uint_eq(taken_count, 1);
}
END_TEST

/* What the process or the machine is short of. */
static const int lasting[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
enum { LASTING = sizeof lasting / sizeof *lasting };

START_TEST(test_a_shortage_pauses_all_listeners)
{
    connect_to(&sockets[0]);
    connect_to(&sockets[1]);
    accept_error = lasting[_i];
    turn();
    ck_assert_int_eq(accept_error, 0);
    ck_assert_uint_le(taken_count, 1); /* the other listener's may have been there first */
    turn();
    ck_assert_uint_le(taken_count, 1);
}
END_TEST

START_TEST(test_listening_ends_with_the_acceptor)
{
    int fd = sockets[0].bound->fd;

    acceptor_free(acceptor);
    acceptor = NULL;
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    turn();
    acceptor_free(NULL);
}
END_TEST

/* ---- another set of sockets ---- */

/* The first socket is kept for another listener, the second dropped, a third added. */
START_TEST(test_a_change_keeps_adds_and_drops_sockets)
{
    struct listener replacements[LISTENERS] = {{.references = 1, .accepted = accepted},
                                               {.references = 1, .accepted = accepted}};
    struct listening wanted[LISTENERS] = {
        {.bound = sockets[0].bound, .listener = &replacements[0], .kept = true},
        {.listener = &replacements[1]}};
    const struct listener_set other = {.sockets = wanted, .count = LISTENERS};
    int dropped = sockets[1].bound->fd;

    listen_on_loopback(&wanted[1]);
    connect_to(&sockets[0]); /* before the change, but not accepted yet */
    acceptor_apply(acceptor, acceptor_prepare(acceptor, &other));
    ck_assert_int_eq(fcntl(dropped, F_GETFD), -1);
    ck_assert_uint_eq(atomic_load(&listeners[0].references), 1);
    ck_assert_uint_eq(atomic_load(&listeners[1].references), 1);
    connect_to(&wanted[1]);
    turn();
    turn();
    ck_assert_uint_eq(taken_count, 2);
    ck_assert_uint_eq(accept_count_read(accepted), 2);
    ck_assert(taken[0].listener != taken[1].listener);
    for (int i = 0; i < LISTENERS; i++) {
        ck_assert(taken[i].listener == &replacements[0] || taken[i].listener == &replacements[1]);
        listener_leave(taken[i].listener);
        taken[i].listener = NULL;
    }
    acceptor_free(acceptor);
    acceptor = NULL;
    ck_assert_uint_eq(atomic_load(&replacements[0].references), 1);
    ck_assert_uint_eq(atomic_load(&replacements[1].references), 1);
    bound_socket_release(wanted[1].bound);
}
END_TEST

START_TEST(test_a_change_that_is_given_up_leaves_everything_as_it_was)
{
    struct listener replacement = {.references = 1, .accepted = accepted};
    struct listening wanted[] = {
        {.bound = sockets[0].bound, .listener = &replacement, .kept = true}};
    const struct listener_set other = {.sockets = wanted, .count = 1};

    acceptor_discard(acceptor_prepare(acceptor, &other));
    acceptor_discard(NULL);
    ck_assert_uint_eq(atomic_load(&replacement.references), 1);
    connect_to(&sockets[0]);
    connect_to(&sockets[1]);
    turn();
    turn();
    ck_assert_uint_eq(taken_count, 2);
}
END_TEST

/* ---- without descriptors ---- */

/* Leaves no descriptor free. */
static void exhaust_descriptors(void)
{
    int lowest = dup(sockets[0].bound->fd);
    struct rlimit limit = descriptors;

    ck_assert_int_ge(lowest, 0);
    close(lowest);
    limit.rlim_cur = (rlim_t)lowest;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(dup(0), -1);
}

/* Runs the loop for `turns` times of waiting. Returns how long it waited (ms). */
static int64_t wait_turns(int turns)
{
    int64_t begin_ms = clock_monotonic_ms();

    for (int i = 0; i < turns; i++) {
        ck_assert_int_ge(watch_poll(&watches, true), 0);
    }
    return clock_monotonic_ms() - begin_ms;
}

/* A timer never fires early, so a pause that is too short shows. */
START_TEST(test_accepting_pauses_for_longer_and_longer_instead_of_spinning)
{
    connect_to(&sockets[0]);
    exhaust_descriptors();
    wait_turns(1); /* fails to accept */
    ck_assert_int_ge(wait_turns(1), 90);
    wait_turns(1); /* fails again */
    ck_assert_int_ge(wait_turns(1), 190);
    ck_assert_uint_eq(taken_count, 0);
    ck_assert_uint_eq(atomic_load(&admission.connections), 0);
}
END_TEST

START_TEST(test_accepting_goes_on_when_there_are_descriptors_again)
{
    connect_to(&sockets[0]);
    connect_to(&sockets[1]);
    exhaust_descriptors();
    wait_turns(1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
    while (taken_count < 2) {
        wait_turns(1);
    }
    ck_assert_int_eq(taken[0].verdict, ADMISSION_GRANTED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("acceptor");
    TCase *tests = tcase_create("acceptor");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_loop_test(tests, test_a_connection_is_handed_on_with_all_that_is_known_of_it, 0,
                        LISTENERS);
    tcase_add_test(tests, test_a_turn_accepts_a_bounded_number);
    tcase_add_test(tests, test_connections_over_the_limit_are_handed_on_as_such_and_then_closed);
    tcase_add_loop_test(tests, test_the_error_of_one_connection_holds_up_nobody, 0, PASSED_ON);
    tcase_add_loop_test(tests, test_a_shortage_pauses_all_listeners, 0, LASTING);
    tcase_add_test(tests, test_listening_ends_with_the_acceptor);
    tcase_add_test(tests, test_a_change_keeps_adds_and_drops_sockets);
    tcase_add_test(tests, test_a_change_that_is_given_up_leaves_everything_as_it_was);
    tcase_add_test(tests, test_accepting_pauses_for_longer_and_longer_instead_of_spinning);
    tcase_add_test(tests, test_accepting_goes_on_when_there_are_descriptors_again);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
