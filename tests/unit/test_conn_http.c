/*
 * What connections cost that open no WebSocket: the page, the echo of a request, events.
 */
#include "net/page_document.h"
#include "net_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static const struct handler handler = {.schema = {.name = "test"}};

static struct client *client;

static void start(void)
{
    net_start(&handler, NULL);
    net.route.config.settings.page = true;
}

static void connect_one(void)
{
    client = client_connect(NULL);
}

static void ask(const char *request)
{
    client_send(client, request, strlen(request));
    net_settle();
}

static void get(const char *path)
{
    char request[256];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    ask(request);
}

static void stop(void)
{
    client_free(client);
    net_stop();
}

static uint64_t counted(enum counter counter)
{
    return counter_read(&net.loop->counters, counter);
}

static unsigned page_references(void)
{
    return atomic_load(&page_document.references);
}

/* ---- the page ---- */

START_TEST(test_the_page_waits_for_a_slow_reader_without_being_copied)
{
    start();
    connect_one();
    client_squeeze(client);
    get("/x");
    ck_assert_int_eq(client->conn->state, CONN_FINISHING);
    ck_assert_ptr_eq(client->conn->outbox->ready.first->parcel->message, &page_document);
    ck_assert_uint_eq(page_references(), 2);
    while (client->conn->state == CONN_FINISHING) {
        client_receive(client);
        net_turn();
    }
    net_settle();
    client_receive(client);
    ck_assert(client->finished);
    ck_assert_uint_eq(client->length, page_document.length);
    ck_assert_mem_eq(client->bytes, page_document.bytes, client->length);
    ck_assert_uint_eq(counted(COUNTER_PAGES), 1);
    ck_assert_uint_eq(counted(COUNTER_REFUSALS), 0);
    stop();
    ck_assert_uint_eq(page_references(), 1);
}
END_TEST

START_TEST(test_a_reader_of_nothing_is_dropped_after_the_time_of_a_handshake)
{
    start();
    net.snapshot.timeouts.handshake_ms = 50;
    connect_one();
    client_squeeze(client);
    get("/x");
    ck_assert_int_eq(client->conn->state, CONN_FINISHING);
    ck_assert_int_ge(client->conn->phase_end_ms, client->conn->opened_ms + 50);
    while (net_connections() > 0) {
        net_turn();
    }
    ck_assert_uint_eq(counted(COUNTER_HANDSHAKE_TIMEOUTS), 1);
    ck_assert_uint_eq(counted(COUNTER_CLOSE_TIMEOUTS), 0);
    stop();
    ck_assert_uint_eq(page_references(), 1);
}
END_TEST

START_TEST(test_a_reader_that_goes_away_frees_what_waited)
{
    start();
    connect_one();
    client_squeeze(client);
    get("/x");
    client_close(client);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    stop();
    ck_assert_uint_eq(page_references(), 1);
}
END_TEST

START_TEST(test_a_page_is_not_pending)
{
    start();
    connect_one();
    get("/x");
    ck_assert_uint_eq(atomic_load(&net.admission.pending), 0);
    ck_assert_uint_eq(atomic_load(&net.admission.connections), 1);
    stop();
}
END_TEST

START_TEST(test_a_stopping_server_serves_no_page)
{
    start();
    connect_one();
    net.loop->stopping = true;
    get("/x");
    client_receive(client);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 503", 12);
    net.loop->stopping = false;
    stop();
}
END_TEST

/* ---- the echo ---- */

static const char posted[] = "POST /x/.http HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
static const char echoed[] = "POST /x/.http HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc";

static void expect_echo(void)
{
    client_receive(client);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 200", 12);
    ck_assert_uint_gt(client->length, sizeof echoed);
    ck_assert_mem_eq(client->bytes + client->length - (sizeof echoed - 1), echoed,
                     sizeof echoed - 1);
    ck_assert(client->finished);
}

START_TEST(test_a_request_is_echoed_however_it_is_cut)
{
    for (size_t cut = 1; cut < sizeof posted - 1; cut++) {
        start();
        connect_one();
        client_send(client, posted, cut);
        net_settle();
        ck_assert_int_eq(client->conn->state, CONN_UPGRADE);
        ask(posted + cut);
        expect_echo();
        stop();
    }
}
END_TEST

START_TEST(test_a_request_is_echoed_byte_by_byte)
{
    start();
    connect_one();
    for (size_t i = 0; i < sizeof posted - 1; i++) {
        client_send(client, posted + i, 1);
        net_settle();
    }
    expect_echo();
    stop();
}
END_TEST

START_TEST(test_an_echo_waits_for_a_slow_reader)
{
    char request[8000];
    int head = snprintf(request, sizeof request,
                        "POST /.http HTTP/1.1\r\nHost: a\r\nContent-Length: 7000\r\n\r\n");

    memset(request + head, 0xFF, 7000);
    start();
    connect_one();
    client_squeeze(client);
    client_send(client, request, (size_t)head + 7000);
    net_settle();
    ck_assert_ptr_nonnull(client->conn->outbox);
    while (client->conn->state == CONN_FINISHING) {
        client_receive(client);
        net_turn();
    }
    net_settle();
    client_receive(client);
    ck_assert(client->finished);
    ck_assert_uint_gt(client->length, 4 * 7000);
    ck_assert_mem_eq(client->bytes + client->length - 8, "\\xff\\xff", 8);
    stop();
}
END_TEST

START_TEST(test_parts_of_a_response_keep_their_order)
{
    enum { PART_BYTES = 30000 };
    static char part[PART_BYTES];

    memset(part, 'a', PART_BYTES);
    start();
    connect_one();
    net_settle();
    client_squeeze(client);
    conn_send_response(client->conn, part, PART_BYTES);
    client_receive(client); /* now there is room */
    conn_send_response(client->conn, "b", 1);
    while (client->length < PART_BYTES + 1) {
        client_receive(client);
        net_turn();
    }
    ck_assert_mem_eq(client->bytes, part, PART_BYTES);
    ck_assert_uint_eq(client->bytes[PART_BYTES], 'b');
    stop();
}
END_TEST

/* ---- events ---- */

START_TEST(test_an_event_is_left_out_while_one_before_it_waits)
{
    size_t waiting;

    start();
    connect_one();
    get("/.sse");
    ck_assert_int_eq(client->conn->state, CONN_EVENTS);
    client_squeeze(client);
    while (client->conn->outbox == NULL) {
        conn_send_event(client->conn);
    }
    waiting = client->conn->outbox->bytes;
    for (int i = 0; i < 10; i++) {
        conn_send_event(client->conn);
    }
    ck_assert_uint_eq(client->conn->outbox->bytes, waiting);
    stop();
}
END_TEST

START_TEST(test_a_peer_that_takes_no_events_is_dropped)
{
    start();
    net.snapshot.timeouts.send_ms = 30;
    connect_one();
    get("/.sse");
    client_squeeze(client);
    while (client->conn->outbox == NULL) {
        conn_send_event(client->conn);
    }
    while (net_connections() > 0) {
        net_turn();
    }
    ck_assert_uint_eq(counted(COUNTER_SEND_TIMEOUTS), 1);
    stop();
}
END_TEST

START_TEST(test_the_next_event_is_due_after_a_second)
{
    int64_t due_ms;

    start();
    connect_one();
    get("/.sse");
    due_ms = wheel_next_ms(&net.loop->wheel);
    ck_assert_int_ge(due_ms, client->conn->opened_ms + 1000);
    ck_assert_int_lt(due_ms, client->conn->opened_ms + 1000 + 2 * WHEEL_TICK_MS);
    stop();
}
END_TEST

START_TEST(test_a_stream_ends_after_an_hour)
{
    start();
    connect_one();
    get("/.sse");
    client->conn->opened_ms -= 3599 * 1000;
    conn_send_event(client->conn);
    ck_assert_int_eq(client->conn->state, CONN_FINISHING);
    conn_enter(client->conn);
    conn_leave(client->conn);
    client_receive(client);
    ck_assert(client->finished);
    ck_assert_ptr_nonnull(memmem(client->bytes, client->length, "\"count\":3600,", 13));
    stop();
}
END_TEST

START_TEST(test_a_stream_ends_when_the_server_stops)
{
    start();
    connect_one();
    get("/.sse");
    conn_stop(client->conn);
    client_receive(client);
    ck_assert(client->finished);
    ck_assert_int_eq(client->conn->state, CONN_LINGERING);
    stop();
}
END_TEST

static void add_page_tests(TCase *tests)
{
    tcase_add_test(tests, test_the_page_waits_for_a_slow_reader_without_being_copied);
    tcase_add_test(tests, test_a_reader_of_nothing_is_dropped_after_the_time_of_a_handshake);
    tcase_add_test(tests, test_a_reader_that_goes_away_frees_what_waited);
    tcase_add_test(tests, test_a_page_is_not_pending);
    tcase_add_test(tests, test_a_stopping_server_serves_no_page);
}

static void add_echo_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_request_is_echoed_however_it_is_cut);
    tcase_add_test(tests, test_a_request_is_echoed_byte_by_byte);
    tcase_add_test(tests, test_an_echo_waits_for_a_slow_reader);
    tcase_add_test(tests, test_parts_of_a_response_keep_their_order);
}

static void add_event_tests(TCase *tests)
{
    tcase_add_test(tests, test_an_event_is_left_out_while_one_before_it_waits);
    tcase_add_test(tests, test_a_peer_that_takes_no_events_is_dropped);
    tcase_add_test(tests, test_the_next_event_is_due_after_a_second);
    tcase_add_test(tests, test_a_stream_ends_after_an_hour);
    tcase_add_test(tests, test_a_stream_ends_when_the_server_stops);
}

int main(void)
{
    Suite *suite = suite_create("requests that are no upgrade");

    add_page_tests(suite_case(suite, "the page"));
    add_echo_tests(suite_case(suite, "the echo"));
    add_event_tests(suite_case(suite, "events"));
    return suite_run(suite);
}
