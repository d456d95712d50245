/*
 * Tests of options.c: the command line.
 */
#include "options.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 6 };

static struct options options;
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
static bool parse(const char *const words[WORDS_MAX])
{
    FILE *real_stderr = stderr;
    size_t length;
    int argc = 0;

    forget();
    argv[argc++] = strdup("wsrelayd");
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++) {
        argv[argc++] = strdup(words[i]);
    }
    stderr = open_memstream(&said, &length);
    bool parsed = options_parse(argc, argv, &options);
    fclose(stderr);
    stderr = real_stderr;
    return parsed;
}

static const struct good_case {
    const char *words[WORDS_MAX];
    int action;
    const char *config_path;
    int log_level; /* -1: not set */
} good_cases[] = {
    {{NULL}, ACTION_SERVE, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"-c", "x.yaml"}, ACTION_SERVE, "x.yaml", -1},
    {{"-cx.yaml"}, ACTION_SERVE, "x.yaml", -1},
    {{"--config", "x.yaml"}, ACTION_SERVE, "x.yaml", -1},
    {{"--config=x.yaml"}, ACTION_SERVE, "x.yaml", -1},
    {{"-c", "-t"}, ACTION_SERVE, "-t", -1},
    {{"-t"}, ACTION_CHECK, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"-tt"}, ACTION_CHECK, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"--check", "-c", "y"}, ACTION_CHECK, "y", -1},
    {{"-T"}, ACTION_DUMP, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"--dump"}, ACTION_DUMP, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"-l", "debug"}, ACTION_SERVE, "/etc/wsrelayd/wsrelayd.yaml", LOG_LEVEL_DEBUG},
    {{"--log-level=error", "-t"}, ACTION_CHECK, "/etc/wsrelayd/wsrelayd.yaml", LOG_LEVEL_ERROR},
    {{"-v"}, ACTION_VERSION, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"--version"}, ACTION_VERSION, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"-V"}, ACTION_BUILD_INFO, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"--build-info"}, ACTION_BUILD_INFO, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"-h"}, ACTION_HELP, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"--help"}, ACTION_HELP, "/etc/wsrelayd/wsrelayd.yaml", -1},
    {{"-tl", "info", "--"}, ACTION_CHECK, "/etc/wsrelayd/wsrelayd.yaml", LOG_LEVEL_INFO},
};

static const struct bad_case {
    const char *words[WORDS_MAX];
    const char *said;
} bad_cases[] = {
    {{"-x"}, "wsrelayd: unknown option \"-x\" (see wsrelayd --help)\n"},
    {{"-tx"}, "wsrelayd: unknown option \"-x\" (see wsrelayd --help)\n"},
    {{"--nothing"}, "wsrelayd: unknown option \"--nothing\" (see wsrelayd --help)\n"},
    {{"--c"}, "wsrelayd: \"--c\" may be --config or --check (see wsrelayd --help)\n"},
    {{"--c=x", "-t"}, "wsrelayd: \"--c=x\" may be --config or --check (see wsrelayd --help)\n"},
    {{"--cx"}, "wsrelayd: unknown option \"--cx\" (see wsrelayd --help)\n"},
    {{"--nothing", "-t"}, "wsrelayd: unknown option \"--nothing\" (see wsrelayd --help)\n"},
    {{"-c"}, "wsrelayd: --config needs its FILE (see wsrelayd --help)\n"},
    {{"--config"}, "wsrelayd: --config needs its FILE (see wsrelayd --help)\n"},
    {{"-t", "-l"}, "wsrelayd: --log-level needs its LEVEL (see wsrelayd --help)\n"},
    {{"--check=yes"},
     "wsrelayd: \"--check=yes\": --check takes no argument (see wsrelayd --help)\n"},
    {{"-l", "loud"},
     "wsrelayd: log level \"loud\" is not one of error, warning, notice, info, debug (see wsrelayd "
     "--help)\n"},
    {{"file"}, "wsrelayd: \"file\" is one word too many (see wsrelayd --help)\n"},
    {{"file.yaml"},
     "wsrelayd: \"file.yaml\" is one word too many: a file is given as -c file.yaml (see wsrelayd "
     "--help)\n"},
    {{"-t", "/x"},
     "wsrelayd: \"/x\" is one word too many: a file is given as -c /x (see wsrelayd --help)\n"},
    {{"-t", "--", "-T"}, "wsrelayd: \"-T\" is one word too many (see wsrelayd --help)\n"},
    {{"-t", "-T"}, "wsrelayd: -t and -T exclude each other (see wsrelayd --help)\n"},
    {{"-h", "-v"}, "wsrelayd: -h and -v exclude each other (see wsrelayd --help)\n"},
};

START_TEST(test_a_command_line_is_read)
{
    const struct good_case *good = &good_cases[_i];

    ck_assert(parse(good->words));
    ck_assert_str_eq(said, "");
    ck_assert_int_eq((int)options.action, good->action);
    ck_assert_str_eq(options.config_path, good->config_path);
    ck_assert_int_eq(options.log_level_set, good->log_level >= 0);
    if (options.log_level_set) {
        ck_assert_int_eq((int)options.log_level, good->log_level);
    }
}
END_TEST

START_TEST(test_a_mistake_is_one_line_that_points_to_the_help)
{
    ck_assert(!parse(bad_cases[_i].words));
    ck_assert_str_eq(said, bad_cases[_i].said);
}
END_TEST

START_TEST(test_a_command_line_is_read_anew_after_another)
{
    static const char *const first[WORDS_MAX] = {"-t", "-c", "x"};
    static const char *const second[WORDS_MAX] = {"-T"};

    ck_assert(parse(first));
    ck_assert(parse(second));
    ck_assert_int_eq(options.action, ACTION_DUMP);
    ck_assert_str_eq(options.config_path, "/etc/wsrelayd/wsrelayd.yaml");
}
END_TEST

static Suite *options_suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");

    tcase_add_checked_fixture(tcase, NULL, forget);
    tcase_add_loop_test(tcase, test_a_command_line_is_read, 0,
                        sizeof good_cases / sizeof *good_cases);
    tcase_add_loop_test(tcase, test_a_mistake_is_one_line_that_points_to_the_help, 0,
                        sizeof bad_cases / sizeof *bad_cases);
    tcase_add_test(tcase, test_a_command_line_is_read_anew_after_another);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(options_suite());
}
