/*
 * Tests of config/expand.c: variables in values.
 */
#include "config/expand.h"
#include "suite.h"

#include <stdlib.h>

#define NOTATION_ADVICE "write ${NAME} for a variable and $$ for a dollar sign"
#define LONE_DOLLAR     "a lone \"$\": " NOTATION_ADVICE
#define WITHOUT_BRACE   "\"${\" without \"}\": " NOTATION_ADVICE
#define NESTED_2(text)  "${UNSET:-${UNSET:-" text "}}"
#define NESTED_4(text)  NESTED_2(NESTED_2(text))
#define NESTED_8(text)  NESTED_4(NESTED_4(text))

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
    {"$SET", NULL, LONE_DOLLAR},
    {"5$", NULL, LONE_DOLLAR},
    {"${SET", NULL, WITHOUT_BRACE},
    {"${}", NULL, "\"${}\" names no variable: " NOTATION_ADVICE},
    {"${1X}", NULL, "\"${1X}\" names no variable: " NOTATION_ADVICE},
    {"${:-x}", NULL, "\"${:-x}\" names no variable: " NOTATION_ADVICE},
    {"${SET-x}", NULL, "after ${SET only }, :- and :? may follow"},
    {"${SET:+x}", NULL, "after ${SET only }, :- and :? may follow"},
    {"${SET:}", NULL, "after ${SET only }, :- and :? may follow"},
    /* braces inside a reference come in pairs, whether or not the variable is set */
    {"${UNSET:-{name}}", "{name}", NULL},
    {"${SET:-{name}}", "value", NULL},
    {"a${SET:-{x}{y}}b}", "avalueb}", NULL},
    {"${UNSET:?write {name}}", NULL, "the variable UNSET is not set: write {name}"},
    {"${UNSET:-{}", NULL, WITHOUT_BRACE},
    {"${SET:-{}", NULL, WITHOUT_BRACE},
    {"${UNSET:-}}", "}", NULL},
    {"${SET:-}}", "value}", NULL},
    {"${UNSET:-${SET}}", "value", NULL},
    {"${UNSET:-a${EMPTY:-b${SET}c}d}", "abvaluecd", NULL},
    {"${SET:-${UNSET}}", "value", NULL},
    {"${SET:-${UNSET:?never}}", "value", NULL},
    {"${SET:-${LATIN1}}", "value", NULL},
    {"${UNSET:-$x}", NULL, LONE_DOLLAR},
    {"${SET:-$x}", NULL, LONE_DOLLAR},
    {"${SET:-${SET-x}}", NULL, "after ${SET only }, :- and :? may follow"},
    {"${SET:-${SET:-$}}", NULL, LONE_DOLLAR},
    {NESTED_8("${SET}"), "value", NULL},
    {NESTED_8("${SET:-x}"), NULL, "defaults inside defaults are nested deeper than 8"},
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
