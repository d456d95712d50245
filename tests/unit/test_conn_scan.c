/*
 * Tests of net/conn_scan.c: every connection is visited once, whatever happens meanwhile.
 */
#include "net/conn_scan.h"

#include "net_fixture.h"
#include "suite.h"

enum { CLIENTS = 10, NUMBERS_MAX = 2 * CLIENTS + 2 };

static const struct handler idle_handler = {.schema = {.name = "idle"}};

static struct client *clients[CLIENTS];
static struct conn_scan scan;
static unsigned visits[NUMBERS_MAX];
static unsigned visits_at_death;
static bool kills; /* every visit ends its connection */

static void kill_conn(struct conn *conn)
{
    conn_enter(conn);
    conn_kill(conn, CLOSE_GOING_AWAY, "the test says so");
    conn_leave(conn);
}

static void visit(struct conn_scan *visited, struct conn *conn)
{
    ck_assert_ptr_eq(visited, &scan);
    ck_assert_uint_lt(conn->number, NUMBERS_MAX);
    visits[conn->number]++;
    visits_at_death += conn->state == CONN_DEAD;
    if (kills && conn->state != CONN_DEAD) {
        kill_conn(conn);
    }
}

static void start(void)
{
    net_start(&idle_handler, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_open("/a");
    }
}

static void stop(void)
{
    net_stop();
    for (size_t i = 0; i < CLIENTS; i++) {
        client_free(clients[i]);
    }
}

static void finish_scan(size_t step)
{
    while (!conn_scan_step(net.loop, &scan, step)) {}
    ck_assert(list_empty(&net.loop->scans));
}

/* Numbers begin with 1. */
static void assert_visited_once(unsigned last)
{
    for (unsigned number = 1; number <= last; number++) {
        ck_assert_msg(visits[number] == 1, "%u: %u visits", number, visits[number]);
    }
}

START_TEST(test_every_connection_is_visited_once)
{
    conn_scan_begin(net.loop, &scan, visit);
    finish_scan((size_t)_i);
    assert_visited_once(CLIENTS);
}
END_TEST

START_TEST(test_a_step_visits_no_more_than_it_may)
{
    conn_scan_begin(net.loop, &scan, visit);
    ck_assert(!conn_scan_step(net.loop, &scan, 3));
    ck_assert_uint_eq(visits[3], 1);
    ck_assert_uint_eq(visits[4], 0);
    ck_assert(!conn_scan_step(net.loop, &scan, 0));
    ck_assert_uint_eq(visits[4], 0);
    finish_scan(100);
    assert_visited_once(CLIENTS);
}
END_TEST

/* Any of them may die when any number has been visited. */
START_TEST(test_one_that_dies_is_visited_at_its_death_or_was_before)
{
    size_t dying = (size_t)_i / CLIENTS;
    size_t before = (size_t)_i % CLIENTS;

    conn_scan_begin(net.loop, &scan, visit);
    ck_assert(!conn_scan_step(net.loop, &scan, before));
    kill_conn(clients[dying]->conn);
    net_settle();
    finish_scan(1);
    assert_visited_once(CLIENTS);
    ck_assert_uint_eq(visits_at_death, dying >= before);
}
END_TEST

START_TEST(test_all_may_die)
{
    conn_scan_begin(net.loop, &scan, visit);
    ck_assert(!conn_scan_step(net.loop, &scan, 4));
    for (size_t i = CLIENTS; i > 0; i--) {
        kill_conn(clients[i - 1]->conn);
    }
    net_settle();
    finish_scan(1);
    assert_visited_once(CLIENTS);
}
END_TEST

START_TEST(test_a_visit_may_end_the_connection)
{
    kills = true;
    conn_scan_begin(net.loop, &scan, visit);
    finish_scan(3);
    ck_assert(list_empty(&net.loop->connections));
    assert_visited_once(CLIENTS);
    ck_assert_uint_eq(visits_at_death, 0);
}
END_TEST

START_TEST(test_one_that_comes_meanwhile_is_visited_too)
{
    struct client *late;

    conn_scan_begin(net.loop, &scan, visit);
    ck_assert(!conn_scan_step(net.loop, &scan, CLIENTS - 1));
    late = client_open("/a");
    finish_scan(1);
    assert_visited_once(CLIENTS + 1);
    client_free(late);
}
END_TEST

START_TEST(test_a_scan_can_be_ended_early)
{
    conn_scan_begin(net.loop, &scan, visit);
    ck_assert(!conn_scan_step(net.loop, &scan, 2));
    conn_scan_end(&scan);
    kill_conn(clients[5]->conn);
    net_settle();
    ck_assert_uint_eq(visits[6], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn_scan");
    TCase *tests = suite_case(suite, "scans");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, test_every_connection_is_visited_once, 1, CLIENTS + 2);
    tcase_add_test(tests, test_a_step_visits_no_more_than_it_may);
    tcase_add_loop_test(tests, test_one_that_dies_is_visited_at_its_death_or_was_before, 0,
                        CLIENTS * CLIENTS);
    tcase_add_test(tests, test_all_may_die);
    tcase_add_test(tests, test_a_visit_may_end_the_connection);
    tcase_add_test(tests, test_one_that_comes_meanwhile_is_visited_too);
    tcase_add_test(tests, test_a_scan_can_be_ended_early);
    return suite_run(suite);
}
