/*
 * How every test program runs its suite.
 */
#ifndef WSRELAYD_TESTS_SUITE_H
#define WSRELAYD_TESTS_SUITE_H

#include <check.h>

/* A test case of the suite. */
TCase *suite_case(Suite *suite, const char *name);

/* Runs the suite and frees it. Returns what main returns. */
int suite_run(Suite *suite);

#endif
