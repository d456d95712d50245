/*
 * The thinning of floods in the log.
 */
#include "base/log_flood.h"

#include "suite.h"

#include <string.h>

enum { START_MS = 123456 };

static struct log_flood flood;
static struct log_flood_report reports[LOG_FLOOD_SLOTS];

static void prepare(void)
{
    log_flood_init(&flood);
}

/* How many of `lines` lines at that time may be written. */
static unsigned admitted(const char *message, unsigned lines, int64_t now_ms)
{
    unsigned count = 0;

    for (unsigned i = 0; i < lines; i++) {
        count += log_flood_admit(&flood, LOG_LEVEL_WARNING, message, now_ms);
    }
    return count;
}

START_TEST(test_a_burst_is_written_and_the_rest_is_held_back_and_counted)
{
    ck_assert_uint_eq(admitted("a", LOG_BURST + 7, START_MS), LOG_BURST);
    ck_assert_uint_eq(log_flood_take_reports(&flood, reports), 1);
    ck_assert_str_eq(reports[0].message, "a");
    ck_assert_int_eq(reports[0].level, LOG_LEVEL_WARNING);
    ck_assert_uint_eq(reports[0].held_back, 7);
}
END_TEST

START_TEST(test_a_flood_that_goes_on_is_written_at_the_steady_rate)
{
    unsigned count = 0;

    admitted("a", LOG_BURST, START_MS);
    for (int64_t now_ms = START_MS + 1; now_ms <= START_MS + 10000; now_ms++) {
        count += admitted("a", 3, now_ms);
    }
    ck_assert_uint_eq(count, 10 * LOG_PER_SECOND);
}
END_TEST

START_TEST(test_a_message_that_has_rested_has_its_burst_again)
{
    int64_t later_ms = START_MS + 1000 * LOG_BURST / LOG_PER_SECOND;

    admitted("a", LOG_BURST + 1, START_MS);
    ck_assert_uint_eq(admitted("a", LOG_BURST + 1, later_ms), LOG_BURST);
    ck_assert_uint_eq(admitted("a", LOG_BURST + 1, later_ms + 1000000), LOG_BURST);
}
END_TEST

START_TEST(test_one_message_in_flood_does_not_thin_another)
{
    admitted("a", LOG_BURST + 1, START_MS);
    ck_assert_uint_eq(admitted("b", 1, START_MS), 1);
}
END_TEST

START_TEST(test_a_report_is_due_a_second_after_the_first_line_held_back)
{
    ck_assert_int_eq(flood.report_at_ms, -1);
    admitted("a", LOG_BURST, START_MS);
    ck_assert_int_eq(flood.report_at_ms, -1);
    admitted("a", 1, START_MS + 1);
    admitted("a", 1, START_MS + 2);
    ck_assert_int_eq(flood.report_at_ms, START_MS + 1001);
}
END_TEST

START_TEST(test_what_was_reported_is_not_reported_again)
{
    admitted("a", LOG_BURST + 1, START_MS);
    ck_assert_uint_eq(log_flood_take_reports(&flood, reports), 1);
    ck_assert_uint_eq(log_flood_take_reports(&flood, reports), 0);
    ck_assert_int_eq(flood.report_at_ms, -1);
}
END_TEST

START_TEST(test_more_messages_than_slots_lose_no_count_and_reuse_what_has_rested)
{
    static const char messages[LOG_FLOOD_SLOTS + 1];

    for (size_t i = 0; i < LOG_FLOOD_SLOTS; i++) {
        ck_assert_uint_eq(admitted(&messages[i], LOG_BURST + 1, START_MS), LOG_BURST);
    }
    /* Not even later, as long as no slot has been reported. */
    ck_assert_uint_eq(admitted(&messages[LOG_FLOOD_SLOTS], 1000, START_MS), 1000);
    ck_assert_uint_eq(admitted(&messages[LOG_FLOOD_SLOTS], 1000, START_MS + 100000), 1000);
    ck_assert_uint_eq(log_flood_take_reports(&flood, reports), LOG_FLOOD_SLOTS);
    for (size_t i = 0; i < LOG_FLOOD_SLOTS; i++) {
        ck_assert_uint_eq(reports[i].held_back, 1);
    }
    ck_assert_uint_eq(admitted(&messages[LOG_FLOOD_SLOTS], 1000, START_MS + 100000), LOG_BURST);
}
END_TEST

static Suite *log_flood_suite(void)
{
    Suite *suite = suite_create("log_flood");
    TCase *thinning = tcase_create("thinning");

    tcase_add_checked_fixture(thinning, prepare, NULL);
    tcase_add_test(thinning, test_a_burst_is_written_and_the_rest_is_held_back_and_counted);
    tcase_add_test(thinning, test_a_flood_that_goes_on_is_written_at_the_steady_rate);
    tcase_add_test(thinning, test_a_message_that_has_rested_has_its_burst_again);
    tcase_add_test(thinning, test_one_message_in_flood_does_not_thin_another);
    tcase_add_test(thinning, test_a_report_is_due_a_second_after_the_first_line_held_back);
    tcase_add_test(thinning, test_what_was_reported_is_not_reported_again);
    tcase_add_test(thinning, test_more_messages_than_slots_lose_no_count_and_reuse_what_has_rested);
    suite_add_tcase(suite, thinning);
    return suite;
}

int main(void)
{
    return suite_run(log_flood_suite());
}
