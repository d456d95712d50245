/*
 * Who is told of a reload, and how often it runs: reloads of a file that is not there.
 */
#include "server/reloader.h"

#include "net/reload_counters.h"
#include "server/control.h"
#include "server/heartbeat.h"
#include "suite.h"

#include <string.h>

#define MISSING "/nonexistent/wsrelayd.yaml"

enum { CLIENTS = 3 };

static struct event_base *base;
static struct mailbox box;
static struct in_force in_force;
static struct heartbeat *heartbeat;
static struct reloader *reloader;

/* What one who has asked was told. */
struct client {
    unsigned answers;
    bool succeeded;
    size_t error_count;
    char error[128];
    bool asks_again;
};

static struct client clients[CLIENTS];

static void never(void *owner)
{
    (void)owner;
    ck_abort_msg("no other configuration is in force");
}

/* A companion that nothing is read for, as the file of the configuration is not there. */
static unsigned reloads_ended;

static int begin_reload(void *companion)
{
    (void)companion;
    ck_abort_msg("there is no configuration to go with");
    return -1;
}

static void end_reload(void *companion, bool succeeded)
{
    ck_assert_ptr_eq(companion, &reloads_ended);
    ck_assert(!succeeded);
    reloads_ended++;
}

static const struct server_companion companion_kind = {.begin_reload = begin_reload,
                                                       .end_reload = end_reload};
static void *companion = &reloads_ended;

static void start(void)
{
    static const struct handler_schema *const no_handlers[] = {NULL};
    static const struct config_source source = {.path = MISSING, .handlers = no_handlers};

    memset(clients, 0, sizeof clients);
    reloads_ended = 0;
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
    heartbeat = heartbeat_create(base, NULL, 0);
    ck_assert_ptr_nonnull(heartbeat);
    reloader = reloader_create(&(struct reloader_parts){
        .base = base,
        .mailbox = &box,
        .source = &source,
        .in_force = &in_force,
        .receivers = {.companion_kind = &companion_kind, .companion = &companion},
        .heartbeat = heartbeat,
        .reloaded = never});
    ck_assert_ptr_nonnull(reloader);
}

static void stop(void)
{
    reloader_free(reloader);
    heartbeat_free(heartbeat);
    event_base_free(base);
}

static void done(void *owner, const struct reload_result *result)
{
    struct client *client = owner;

    client->answers++;
    client->succeeded = result->succeeded;
    client->error_count = result->errors.count;
    snprintf(client->error, sizeof client->error, "%s", result->errors.items[0]);
    if (client->asks_again) {
        client->asks_again = false;
        ck_assert(reloader_ask(reloader, done, client));
    }
}

static void turn(void)
{
    ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
}

START_TEST(test_all_that_have_asked_are_answered_by_one_run)
{
    ck_assert_ptr_null(reloader_last(reloader));
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert(reloader_ask(reloader, done, &clients[i]));
    }
    ck_assert(reloader_ask(reloader, NULL, NULL));
    ck_assert_uint_eq(clients[0].answers, 0);
    turn();
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert_uint_eq(clients[i].answers, 1);
        ck_assert(!clients[i].succeeded);
        ck_assert_uint_eq(clients[i].error_count, 1);
        ck_assert_ptr_nonnull(strstr(clients[i].error, MISSING));
    }
    ck_assert_uint_eq(reload_counter_read(RELOADS_FAILED), 1);
    ck_assert_uint_eq(reloader_last(reloader)->errors.count, 1);
    ck_assert_int_ne(reloader_last(reloader)->at, 0);
    ck_assert_uint_eq(reloads_ended, 1);
    turn();
    ck_assert_uint_eq(reload_counter_read(RELOADS_FAILED), 1);
}
END_TEST

START_TEST(test_who_asks_when_one_ends_is_answered_by_the_next)
{
    clients[0].asks_again = true;
    ck_assert(reloader_ask(reloader, done, &clients[0]));
    turn();
    turn();
    ck_assert_uint_eq(clients[0].answers, 2);
    ck_assert_uint_eq(reload_counter_read(RELOADS_FAILED), 2);
}
END_TEST

START_TEST(test_who_has_gone_is_not_told)
{
    ck_assert(reloader_ask(reloader, done, &clients[0]));
    ck_assert(reloader_ask(reloader, done, &clients[1]));
    reloader_forget(reloader, &clients[0]);
    turn();
    ck_assert_uint_eq(clients[0].answers, 0);
    ck_assert_uint_eq(clients[1].answers, 1);
}
END_TEST

START_TEST(test_a_daemon_that_stops_says_so_and_reloads_nothing)
{
    ck_assert(reloader_ask(reloader, done, &clients[0]));
    reloader_stop(reloader);
    ck_assert_uint_eq(clients[0].answers, 1);
    ck_assert(!clients[0].succeeded);
    ck_assert_str_eq(clients[0].error, "the daemon is stopping");
    ck_assert(!reloader_ask(reloader, done, &clients[1]));
    turn();
    ck_assert_uint_eq(clients[1].answers, 0);
    ck_assert_uint_eq(reload_counter_read(RELOADS_FAILED), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reloader");
    TCase *tests = suite_case(suite, "reloader");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, test_all_that_have_asked_are_answered_by_one_run);
    tcase_add_test(tests, test_who_asks_when_one_ends_is_answered_by_the_next);
    tcase_add_test(tests, test_who_has_gone_is_not_told);
    tcase_add_test(tests, test_a_daemon_that_stops_says_so_and_reloads_nothing);
    return suite_run(suite);
}
