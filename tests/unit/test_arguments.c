/*
 * Tests of ctl/arguments.c: wsrelayctl's command line.
 */
#include "ctl/arguments.h"

#include "ctl/verb.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8 };

static struct arguments arguments;
static char *argv[WORDS_MAX + 2];
static char *said; /* on standard error by the last parse */

static void forget(void)
{
    for (size_t i = 0; argv[i] != NULL; i++) {
        free(argv[i]);
        argv[i] = NULL;
    }
    free(said);
    said = NULL;
}

/* Parses what follows the program's name, with standard error going to `said`. */
static enum command parse(const char *const words[WORDS_MAX])
{
    FILE *real_stderr = stderr;
    size_t length;
    int argc = 0;
    enum command command;

    forget();
    argv[argc++] = strdup("wsrelayctl");
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++) {
        argv[argc++] = strdup(words[i]);
    }
    stderr = open_memstream(&said, &length);
    command = arguments_parse(argc, argv, &arguments);
    fclose(stderr);
    stderr = real_stderr;
    return command;
}

START_TEST(test_options_may_stand_anywhere)
{
    static const char *const orders[][WORDS_MAX] = {
        {"-s", "a", "--json", "connections", "--room", "x", "--limit", "5"},
        {"connections", "-sa", "--json", "--room=x", "--limit=5"},
        {"--limit=5", "--room=x", "connections", "--json", "--server", "a"},
    };

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        ck_assert_int_eq(parse(orders[i]), COMMAND_RUN);
        ck_assert_str_eq(arguments.verb->name, "connections");
        ck_assert_str_eq(arguments.server, "a");
        ck_assert_str_eq(arguments.room, "x");
        ck_assert_uint_eq(arguments.limit, 5);
        ck_assert(arguments.json);
        ck_assert_ptr_null(arguments.operands[0]);
    }
}
END_TEST

START_TEST(test_what_is_not_given_has_its_default)
{
    static const char *const words[WORDS_MAX] = {"watch"};

    ck_assert_int_eq(parse(words), COMMAND_RUN);
    ck_assert_double_eq(arguments.timeout_s, 30);
    ck_assert_double_eq(arguments.interval_s, 1);
    ck_assert_uint_eq(arguments.count, 0);
    ck_assert_ptr_null(arguments.server);
    ck_assert(!arguments.json);
}
END_TEST

START_TEST(test_operands_are_taken_in_order)
{
    static const char *const words[WORDS_MAX] = {"publish", "--binary", "ours",
                                                 "lobby",   "--",       "-x"};

    ck_assert_int_eq(parse(words), COMMAND_RUN);
    ck_assert_str_eq(arguments.operands[0], "ours");
    ck_assert_str_eq(arguments.operands[1], "lobby");
    ck_assert_str_eq(arguments.operands[2], "-x");
    ck_assert_ptr_null(arguments.operands[3]);
    ck_assert(arguments.binary);
}
END_TEST

START_TEST(test_help_and_version_need_no_verb)
{
    static const char *const words[][WORDS_MAX] = {
        {"-h"}, {"--help"}, {"nonsense", "-h"}, {"-V"}, {"--version"}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        ck_assert_int_eq(parse(words[i]), i < 3 ? COMMAND_HELP : COMMAND_VERSION);
    }
}
END_TEST

static const struct {
    const char *words[WORDS_MAX];
    const char *said;
} mistakes[] = {
    {{NULL}, "a verb is needed, such as status"},
    {{"--json"}, "a verb is needed, such as status"},
    {{"stauts"}, "there is no verb \"stauts\" (did you mean \"status\"?)"},
    {{"xyzzy"}, "there is no verb \"xyzzy\""},
    {{""}, "there is no verb \"\""},
    {{"\x1b[m"}, "there is no verb \"\\x1b[m\""},
    {{"status", "x"}, "status: \"x\" is one word too many"},
    {{"close"}, "close needs ID"},
    {{"close-room", "a"}, "close-room needs NAMESPACE NAME"},
    {{"publish", "a", "b", "c", "d"}, "publish: \"d\" is one word too many"},
    {{"-x", "status"}, "unknown option \"-x\""},
    {{"--bogus", "status"}, "unknown option \"--bogus\""},
    {{"status", "-s"}, "--server needs its ADDRESS"},
    {{"status", "--json=1"}, "\"--json=1\": --json takes no argument"},
    {{"status", "--room", "x"}, "--room has no meaning with status"},
    {{"close", "0-1", "--wait"}, "--wait has no meaning with close"},
    {{"reload", "--code", "1000"}, "--code has no meaning with reload"},
    {{"health", "--json"}, "--json has no meaning with health"},
    {{"watch", "--all"}, "--all has no meaning with watch"},
    {{"rooms", "--limit", "5", "--all"}, "--limit and --all exclude each other"},
    {{"status", "-s", "a", "-c", "b"}, "--server and --config exclude each other"},
    {{"rooms", "--limit", "0"}, "--limit: \"0\" is not a whole number, 1 or more"},
    {{"rooms", "--limit", "-1"}, "--limit: \"-1\" is not a whole number, 1 or more"},
    {{"rooms", "--limit", "99999999999999999999"},
     "--limit: \"99999999999999999999\" is not a whole number, 1 or more"},
    {{"status", "--timeout", "0"},
     "--timeout: \"0\" is not a number of seconds from 0.001 to 1000000"},
    {{"status", "--timeout", "inf"},
     "--timeout: \"inf\" is not a number of seconds from 0.001 to 1000000"},
    {{"status", "--timeout", "1e9"},
     "--timeout: \"1e9\" is not a number of seconds from 0.001 to 1000000"},
    {{"connections", "--state", "opn"},
     "--state: \"opn\" is not one of tls-handshake upgrade open closing events finishing "
     "lingering"},
    {{"connections", "--state", ""},
     "--state: \"\" is not one of tls-handshake upgrade open closing events finishing lingering"},
    {{"log-level", "loud"},
     "log-level: \"loud\" is not one of error, warning, notice, info, debug"},
    {{"close", "0-1", "--code", "65536"}, "--code: there is no such code"},
};

START_TEST(test_a_mistake_is_one_line)
{
    char expected[256];

    ck_assert_int_eq(parse(mistakes[_i].words), COMMAND_MISTAKE);
    snprintf(expected, sizeof expected, "wsrelayctl: %s (see wsrelayctl --help)\n",
             mistakes[_i].said);
    ck_assert_str_eq(said, expected);
}
END_TEST

START_TEST(test_every_verb_is_found_by_its_name)
{
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        ck_assert_ptr_eq(verb_find(verb->name), verb);
        ck_assert_int_le(verb->operands_least, verb->operands_most);
        ck_assert_int_le(verb->operands_most, OPERANDS_MAX);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arguments");
    TCase *tests = suite_case(suite, "arguments");

    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_test(tests, test_options_may_stand_anywhere);
    tcase_add_test(tests, test_what_is_not_given_has_its_default);
    tcase_add_test(tests, test_operands_are_taken_in_order);
    tcase_add_test(tests, test_help_and_version_need_no_verb);
    tcase_add_loop_test(tests, test_a_mistake_is_one_line, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, test_every_verb_is_found_by_its_name);
    return suite_run(suite);
}
