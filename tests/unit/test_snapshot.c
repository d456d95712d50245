/*
 * What a reload carries over from one snapshot to the next, and that all of it is freed.
 */
#include "net/snapshot.h"

#include "config_fixture.h"
#include "net/reload_counters.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 1024 };

/* A snapshot of these routes. */
static struct snapshot *make(const char *routes, const struct snapshot *previous,
                             struct snapshot_changes *changes)
{
    char text[TEXT_BYTES];
    struct config *config;
    struct snapshot *snapshot;

    snprintf(text, sizeof text, "listeners: [{name: a, address: ':1'}]\nroutes:\n%s", routes);
    config = fixture_load_good(text);
    ck_assert_ptr_nonnull(config);
    snapshot = snapshot_create(config, previous, changes);
    ck_assert_ptr_nonnull(snapshot);
    config_free(config);
    return snapshot;
}

static void check_nothing_lives(void)
{
    ck_assert_uint_eq(reload_counter_read(LIVE_SNAPSHOTS), 0);
    ck_assert_uint_eq(reload_counter_read(LIVE_ROUTES), 0);
}

#define A         "  - {path: /a, handler: echo}\n"
#define A_LARGE   "  - {path: /a, handler: echo, max_message_size: 2MiB}\n"
#define A_DEFAULT "  - {path: /a, handler: echo, max_message_size: 1MiB}\n"
#define A_AT_X    "  - {path: /a, host: x, handler: echo}\n"
#define B         "  - {path: /b, handler: echo}\n"
#define C         "  - {path: /c, handler: echo}\n"

static const struct {
    const char *before;
    const char *after;
    struct snapshot_changes changes;
} rows[] = {
    {A, A, {.kept = 1}},
    {A B, B A, {.kept = 2}},
    {A, A_DEFAULT, {.kept = 1}}, /* the text differs, the meaning does not */
    {A, "\n\n" A, {.kept = 1}},
    {A, A_LARGE, {.changed = 1}},
    {A, A_AT_X, {.added = 1, .removed = 1}},
    {A, A_AT_X A, {.kept = 1, .added = 1}},
    {A B, B C, {.kept = 1, .added = 1, .removed = 1}},
    {A_LARGE B, A C, {.changed = 1, .added = 1, .removed = 1}},
};

START_TEST(test_routes_that_mean_the_same_are_carried_over)
{
    struct snapshot_changes changes;
    struct snapshot *before = make(rows[_i].before, NULL, &changes);
    struct snapshot *after;

    ck_assert_uint_eq(changes.added, before->route_count);
    after = make(rows[_i].after, before, &changes);
    ck_assert_uint_eq(changes.kept, rows[_i].changes.kept);
    ck_assert_uint_eq(changes.changed, rows[_i].changes.changed);
    ck_assert_uint_eq(changes.added, rows[_i].changes.added);
    ck_assert_uint_eq(changes.removed, rows[_i].changes.removed);
    ck_assert_uint_eq(reload_counter_read(LIVE_ROUTES),
                      before->route_count + after->route_count - changes.kept);
    snapshot_release(before);
    ck_assert_uint_eq(reload_counter_read(LIVE_ROUTES), after->route_count);
    snapshot_release(after);
    check_nothing_lives();
}
END_TEST

START_TEST(test_the_order_is_the_files)
{
    struct snapshot_changes changes;
    struct snapshot *before = make(A B, NULL, &changes);
    struct snapshot *after = make(C B A, before, &changes);

    ck_assert_uint_eq(after->route_count, 3);
    ck_assert_str_eq(after->routes[0]->config.path, "/c");
    ck_assert_ptr_eq(after->routes[1], before->routes[1]);
    ck_assert_ptr_eq(after->routes[2], before->routes[0]);
    snapshot_release(before);
    snapshot_release(after);
    check_nothing_lives();
}
END_TEST

START_TEST(test_a_route_lives_as_long_as_somebody_holds_it)
{
    struct snapshot_changes changes;
    struct snapshot *before = make(A, NULL, &changes);
    struct route *held = route_hold(before->routes[0]);
    struct snapshot *after = make(B, before, &changes);

    snapshot_release(before);
    ck_assert_str_eq(held->config.path, "/a");
    ck_assert_uint_eq(reload_counter_read(LIVE_ROUTES), 2);
    ck_assert_uint_eq(reload_counter_read(LIVE_SNAPSHOTS), 1);
    route_release(held);
    ck_assert_uint_eq(reload_counter_read(LIVE_ROUTES), 1);
    snapshot_release(after);
    check_nothing_lives();
}
END_TEST

START_TEST(test_a_snapshot_lives_as_long_as_somebody_holds_it)
{
    struct snapshot_changes changes;
    struct snapshot *snapshot = make(A, NULL, &changes);

    ck_assert_ptr_eq(snapshot_hold(snapshot), snapshot);
    snapshot_release(snapshot);
    ck_assert_str_eq(snapshot->routes[0]->config.path, "/a");
    snapshot_release(snapshot);
    check_nothing_lives();
    snapshot_release(NULL);
    route_release(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tests = suite_case(suite, "snapshot");

    tcase_add_loop_test(tests, test_routes_that_mean_the_same_are_carried_over, 0,
                        sizeof rows / sizeof *rows);
    tcase_add_test(tests, test_the_order_is_the_files);
    tcase_add_test(tests, test_a_route_lives_as_long_as_somebody_holds_it);
    tcase_add_test(tests, test_a_snapshot_lives_as_long_as_somebody_holds_it);
    return suite_run(suite);
}
