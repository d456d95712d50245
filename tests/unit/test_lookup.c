/*
 * Tests of ctl/lookup.c with a resolver of our own, which answers when it is told to.
 */
#include "ctl/lookup.h"

#include "base/clock.h"
#include "ctl/dial.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool holds;            /* under lock: it does not answer yet */
static unsigned freed;        /* under lock: answers that were given back */
static struct addrinfo one;   /* the answer to everything but "unknown" */
static const char *last_port; /* that was asked for */

/* These take the place of the C library's. */
int resolve_as_told(const char *host, const char *port, const struct addrinfo *hints,
                    struct addrinfo **found) __asm__("getaddrinfo");
void free_answer(struct addrinfo *found) __asm__("freeaddrinfo");

int resolve_as_told(const char *host, const char *port, const struct addrinfo *hints,
                    struct addrinfo **found)
{
    bool is_known = host == NULL || strcmp(host, "unknown") != 0;

    (void)hints;
    (void)pthread_mutex_lock(&lock);
    while (holds) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    last_port = strcmp(port, "80") == 0 ? "80" : "another";
    (void)pthread_mutex_unlock(&lock);
    if (is_known) {
        *found = &one;
    }
    return is_known ? 0 : EAI_NONAME;
}

void free_answer(struct addrinfo *found)
{
    ck_assert_ptr_eq(found, &one);
    (void)pthread_mutex_lock(&lock);
    freed++;
    (void)pthread_cond_signal(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static void hold(bool value)
{
    (void)pthread_mutex_lock(&lock);
    holds = value;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

static void wait_until_freed(void)
{
    (void)pthread_mutex_lock(&lock);
    while (freed == 0) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
}

/* The test's row says whether there is a deadline. */
static int64_t deadline(int row)
{
    return row == 0 ? DIAL_NEVER : clock_monotonic_ms() + 10000;
}

START_TEST(test_what_is_found_is_returned)
{
    struct addrinfo *found = NULL;
    const char *problem = NULL;

    ck_assert(lookup("host", "80", deadline(_i), &found, &problem));
    ck_assert_ptr_eq(found, &one);
    ck_assert_str_eq(last_port, "80");
    ck_assert(lookup(NULL, "80", deadline(_i), &found, &problem));
    ck_assert_ptr_null(problem);
}
END_TEST

START_TEST(test_what_is_not_there_is_no_matter_of_time)
{
    struct addrinfo *found = NULL;
    const char *problem = NULL;

    errno = EINVAL;
    ck_assert(!lookup("unknown", "80", deadline(_i), &found, &problem));
    ck_assert_int_eq(errno, 0);
    ck_assert_str_eq(problem, gai_strerror(EAI_NONAME));
}
END_TEST

START_TEST(test_an_answer_that_comes_too_late_is_freed)
{
    struct addrinfo *found = NULL;
    const char *problem = NULL;

    hold(true);
    ck_assert(!lookup("host", "80", clock_monotonic_ms() + 10, &found, &problem));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_nonnull(problem);
    ck_assert_ptr_null(found);
    hold(false);
    wait_until_freed();
}
END_TEST

START_TEST(test_a_deadline_that_has_passed_waits_for_nothing)
{
    struct addrinfo *found = NULL;
    const char *problem = NULL;

    hold(true);
    ck_assert(!lookup("host", "80", clock_monotonic_ms() - 1, &found, &problem));
    ck_assert_int_eq(errno, ETIMEDOUT);
    hold(false);
    wait_until_freed();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lookup");
    TCase *tests = suite_case(suite, "resolver");

    tcase_add_loop_test(tests, test_what_is_found_is_returned, 0, 2);
    tcase_add_loop_test(tests, test_what_is_not_there_is_no_matter_of_time, 0, 2);
    tcase_add_test(tests, test_an_answer_that_comes_too_late_is_freed);
    tcase_add_test(tests, test_a_deadline_that_has_passed_waits_for_nothing);
    return suite_run(suite);
}
