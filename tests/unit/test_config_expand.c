/*
 * Tests of config/expand.c: variables in values.
 */
#include "config/expand.h"
#include "suite.h"

#include <stdlib.h>

static const struct expansion_case {
    const char *text;
    const char *expected; /* NULL: refused */
    const char *problem;
} cases[] = {
    {"plain", "plain", NULL},
    {"", "", NULL},
    {"${SET}", "value", NULL},
    {"a${SET}b${SET}c", "avaluebvaluec", NULL},
    {"${EMPTY}", "", NULL},
    {"${SET:-other}", "value", NULL},
    {"${UNSET:-other}", "other", NULL},
    {"${EMPTY:-other}", "other", NULL},
    {"${UNSET:-}", "", NULL},
    {"${UNSET:-a$$b}", "a$b", NULL},
    {"${UNSET:-:-:?}", ":-:?", NULL},
    {"${SET:?needed}", "value", NULL},
    {"$$", "$", NULL},
    {"$${SET}", "${SET}", NULL},
    {"$$$$", "$$", NULL},
    {"}{", "}{", NULL},
    {"${TRICKY}", "a\n- ${SET}: $", NULL},
    {"${UNSET}", NULL, "the variable UNSET is not set"},
    {"${UNSET:?set it}", NULL, "the variable UNSET is not set: set it"},
    {"${EMPTY:?set it}", NULL, "the variable EMPTY is not set: set it"},
    {"${UNSET:?}", NULL, "the variable UNSET is not set"},
    {"${LATIN1}", NULL, "the variable LATIN1 is not valid UTF-8"},
    {"$SET", NULL, "a lone \"$\": write ${NAME} for a variable and $$ for a dollar sign"},
    {"5$", NULL, "a lone \"$\": write ${NAME} for a variable and $$ for a dollar sign"},
    {"${SET", NULL, "\"${\" without \"}\": write ${NAME} for a variable and $$ for a dollar sign"},
    {"${}", NULL,
     "\"${}\" names no variable: write ${NAME} for a variable and $$ for a dollar sign"},
    {"${1X}", NULL,
     "\"${1X}\" names no variable: write ${NAME} for a variable and $$ for a dollar sign"},
    {"${:-x}", NULL,
     "\"${:-x}\" names no variable: write ${NAME} for a variable and $$ for a dollar sign"},
    {"${SET-x}", NULL, "after ${SET only }, :- and :? may follow"},
    {"${SET:+x}", NULL, "after ${SET only }, :- and :? may follow"},
    {"${SET:}", NULL, "after ${SET only }, :- and :? may follow"},
    {"${UNSET:-${SET}}", NULL,
     "\"${\" without \"}\": write ${NAME} for a variable and $$ for a dollar sign"},
};

static void prepare(void)
{
    setenv("SET", "value", 1);
    setenv("EMPTY", "", 1);
    setenv("TRICKY", "a\n- ${SET}: $", 1);
    setenv("LATIN1",
           "stra\xdf"
           "e",
           1);
    unsetenv("UNSET");
}

START_TEST(test_variables_are_replaced_as_documented)
{
    const struct expansion_case *expansion = &cases[_i];
    char problem[EXPAND_PROBLEM_BYTES];
    char *text = expand_variables(expansion->text, problem);

    if (expansion->expected != NULL) {
        ck_assert_ptr_nonnull(text);
        ck_assert_str_eq(text, expansion->expected);
    } else {
        ck_assert_ptr_null(text);
        ck_assert_str_eq(problem, expansion->problem);
    }
    free(text);
}
END_TEST

static Suite *expand_suite(void)
{
    Suite *suite = suite_create("config variables");
    TCase *tcase = tcase_create("expand");

    tcase_add_checked_fixture(tcase, prepare, NULL);
    tcase_add_loop_test(tcase, test_variables_are_replaced_as_documented, 0,
                        sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(expand_suite());
}
