/*
 * Holds together what the program knows and what its documents say: the schema of the
 * configuration, etc/wsrelayd.yaml and wsrelayd.yaml(5); the options, --help and wsrelayd(8). Runs
 * in the root of the source tree.
 */
#include "config/config.h"
#include "config/errors.h"
#include "config/schema.h"
#include "config/tree.h"
#include "config/units.h"
#include "handlers/registry.h"
#include "options.h"
#include "suite.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXAMPLE      "etc/wsrelayd.yaml"
#define FILE_PAGE    "man/wsrelayd.yaml.5"
#define PROGRAM_PAGE "man/wsrelayd.8"

enum { KEYS_MAX = 128 };

/* Returns the formatted text, to be freed. */
static char *format(const char *template, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *template, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, template);
    ck_assert_int_ge(vasprintf(&text, template, arguments), 0);
    va_end(arguments);
    return text;
}

/* Whether `text` holds the formatted one, which is freed. */
static bool holds(const char *text, char *part)
{
    bool found = strstr(text, part) != NULL;

    free(part);
    return found;
}

/* ---- the keys of the schema, with their paths ---- */

static struct key {
    char *path; /* "listeners[].tls.min_version", "handler.room" */
    const struct schema_row *row;
} keys[KEYS_MAX];
static size_t key_count;

static void add_keys(const char *prefix, const struct schema_row *rows)
{
    for (const struct schema_row *row = rows; row->name != NULL; row++) {
        if (row->shape == SHAPE_INHERITED) {
            continue; /* documented where it is inherited from */
        }
        ck_assert_uint_lt(key_count, KEYS_MAX);
        struct key *key = &keys[key_count++];
        key->row = row;
        key->path = format("%s%s", prefix, row->name);
        if (row->rows != NULL) {
            char *below = format("%s%s.", key->path, row->shape == SHAPE_LIST ? "[]" : "");
            add_keys(below, row->rows);
            free(below);
        }
    }
}

static void list_keys(void)
{
    add_keys("", schema_rows);
    for (size_t i = 0; handler_registry[i] != NULL; i++) {
        if (handler_registry[i]->rows != NULL) {
            add_keys("handler.", handler_registry[i]->rows);
        }
    }
}

static void forget_keys(void)
{
    while (key_count > 0) {
        free(keys[--key_count].path);
    }
}

static const struct key *find_key(const char *path, size_t length)
{
    for (size_t i = 0; i < key_count; i++) {
        if (strlen(keys[i].path) == length && memcmp(keys[i].path, path, length) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

/* ---- documents ---- */

static char *read_document(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");

    ck_assert_msg(file != NULL, "cannot open %s", path);
    ck_assert_int_gt(getdelim(&text, &size, '\0', file), 0);
    fclose(file);
    return text;
}

/* Where the line after `text` begins, or NULL after the last. */
static char *next_line(char *text)
{
    char *newline = strchr(text, '\n');

    return newline != NULL ? newline + 1 : NULL;
}

/*
 * Switches on every setting of the example that is switched off: "#" with anything but one blank
 * behind it stands in front of a setting, "# " in front of prose.
 */
static void switch_all_on(char *text)
{
    for (char *line = text; line != NULL; line = next_line(line)) {
        char *mark = line + strspn(line, " ");
        bool prose = mark[0] != '#' || mark[1] == '\n' || (mark[1] == ' ' && mark[2] != ' ');
        if (!prose) {
            memmove(mark, mark + 1, strlen(mark));
        }
    }
}

static struct node *parse_example(void)
{
    struct config_errors errors;
    char *text = read_document(EXAMPLE);

    switch_all_on(text);
    config_errors_init(&errors, EXAMPLE);
    struct node *root = tree_parse(text, strlen(text), &errors);
    config_errors_print(&errors, stderr);
    ck_assert_uint_eq(errors.error_count, 0);
    config_errors_free(&errors);
    free(text);
    return root;
}

/* ---- the example ---- */

typedef void visit_function(const struct node *node, const struct key *key);

/* Calls `visit` for every node with this path; returns how many there are. */
static size_t visit_path(const struct node *node, const char *path, const struct key *key,
                         visit_function *visit)
{
    size_t length = strcspn(path, ".[");
    size_t count = 0;

    if (strncmp(path, "[].", 3) == 0) {
        for (size_t i = 0; i < node->count; i++) {
            count += visit_path(node->children[i], path + 3, key, visit);
        }
        return count;
    }
    char *name = format("%.*s", (int)length, path);
    node = node_child(node, name);
    free(name);
    if (node == NULL) {
        return 0;
    }
    if (path[length] != '\0') {
        return visit_path(node, path + length + (path[length] == '.'), key, visit);
    }
    visit(node, key);
    return 1;
}

static size_t visit_key(const struct node *root, const struct key *key, visit_function *visit)
{
    bool of_handler = strncmp(key->path, "handler.", strlen("handler.")) == 0;
    char *path = format("%s%s", of_handler ? "routes[]." : "", key->path);
    size_t count = visit_path(root, path, key, visit);

    free(path);
    return count;
}

static void ignore(const struct node *node, const struct key *key)
{
    (void)node;
    (void)key;
}

static void check_shows_default(const struct node *node, const struct key *key)
{
    const char *shown = node->type == NODE_SCALAR ? node->text : node->count == 0 ? "[]" : "a list";

    if (key->row->fallback != NULL) {
        ck_assert_msg(strcmp(shown, key->row->fallback) == 0,
                      EXAMPLE ":%d: %s is %s and not its default, %s", node->line, key->path, shown,
                      key->row->fallback);
    }
}

START_TEST(test_the_example_shows_every_key)
{
    struct node *root = parse_example();

    for (size_t i = 0; i < key_count; i++) {
        ck_assert_msg(visit_key(root, &keys[i], ignore) > 0, EXAMPLE ": %s is missing",
                      keys[i].path);
    }
    tree_free(root);
}
END_TEST

START_TEST(test_the_example_shows_every_key_at_its_default)
{
    struct node *root = parse_example();

    for (size_t i = 0; i < key_count; i++) {
        visit_key(root, &keys[i], check_shows_default);
    }
    tree_free(root);
}
END_TEST

static struct config *load(const char *path)
{
    struct config_errors errors;
    struct config *config;

    config_errors_init(&errors, path);
    config = config_load(path, handler_registry, NULL, NULL, &errors);
    config_errors_print(&errors, stderr);
    ck_assert_uint_eq(errors.message_count, 0);
    config_errors_free(&errors);
    return config;
}

/* A key that the schema lacks would be an unknown key. */
START_TEST(test_the_example_is_in_order_with_all_its_settings_switched_on)
{
    char path[] = "/tmp/wsrelayd-test-XXXXXX";
    char *text = read_document(EXAMPLE);
    FILE *file = fdopen(mkstemp(path), "w");

    switch_all_on(text);
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    config_free(load(path));
    unlink(path);
    free(text);
}
END_TEST

START_TEST(test_out_of_the_box_the_example_echoes_and_relays_on_localhost)
{
    struct config *config = load(EXAMPLE);

    ck_assert_uint_eq(config->listener_count, 1);
    ck_assert_uint_eq(config->listeners[0].addresses.count, 1);
    ck_assert_str_eq(config->listeners[0].addresses.items[0], "localhost:8080");
    ck_assert_ptr_null(config->listeners[0].tls);
    ck_assert_uint_eq(config->route_count, 2);
    ck_assert_str_eq(config->routes[0].path, "/");
    ck_assert_str_eq(config->routes[0].handler->name, "echo");
    ck_assert_str_eq(config->routes[1].path, "/room/{name}");
    ck_assert_str_eq(config->routes[1].handler->name, "broadcast");
    config_free(config);
}
END_TEST

/* ---- the manual page of the file ---- */

static const struct {
    const struct schema_type *type;
    const struct unit_system *units;
} number_types[] = {{&schema_integer, &units_none},
                    {&schema_size, &units_size},
                    {&schema_duration, &units_duration}};

/* Copies the paragraph of a key out of the page, or returns NULL. */
static char *find_paragraph(const char *page, const char *path)
{
    static const char *const ends[] = {"\n.It Ic ", "\n.Ss ", "\n.Sh "};
    char *start = format("\n.It Ic %s : Ar ", path);
    const char *found = strstr(page, start);

    free(start);
    if (found == NULL) {
        return NULL;
    }
    size_t length = strlen(found);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *end = strstr(found + 1, ends[i]);
        if (end != NULL && (size_t)(end - found) < length) {
            length = (size_t)(end - found);
        }
    }
    return strndup(found, length + 1);
}

/* Checks that a line stands in the paragraph, and frees it. */
static void check_line(const char *paragraph, const struct key *key, char *line)
{
    ck_assert_msg(holds(paragraph, format("\n%s\n", line)), FILE_PAGE ": %s lacks the line \"%s\"",
                  key->path, line);
    free(line);
}

static void check_default(const char *paragraph, const struct key *key)
{
    const char *fallback = key->row->fallback;

    if (key->row->required) {
        check_line(paragraph, key, format("Required."));
    } else {
        check_line(paragraph, key, format("Default: %s.", fallback != NULL ? fallback : "unset"));
    }
}

static void check_range(const char *paragraph, const struct key *key)
{
    char minimum[UNITS_TEXT_BYTES];
    char maximum[UNITS_TEXT_BYTES];

    for (size_t i = 0; i < sizeof number_types / sizeof *number_types; i++) {
        if (key->row->type == number_types[i].type) {
            units_format(number_types[i].units, key->row->minimum, minimum);
            units_format(number_types[i].units, key->row->maximum, maximum);
            check_line(paragraph, key, format("Range: %s to %s.", minimum, maximum));
        }
    }
}

static void check_words(const char *paragraph, const struct key *key)
{
    const struct schema_choice *choice = key->row->choices;

    for (; choice != NULL && choice->name != NULL; choice++) {
        ck_assert_msg(strstr(paragraph, choice->name) != NULL, FILE_PAGE ": %s lacks the word %s",
                      key->path, choice->name);
    }
}

static void check_type(const char *paragraph, const struct key *key)
{
    const char *type = key->row->type->name;

    ck_assert_msg(holds(paragraph, format("\n.It Ic %s : Ar %s\n", key->path, type)),
                  FILE_PAGE ": %s is no %s", key->path, type);
}

static void check_paragraph(const char *page, const struct key *key)
{
    char *paragraph = find_paragraph(page, key->path);

    ck_assert_msg(paragraph != NULL, FILE_PAGE ": %s is missing", key->path);
    check_type(paragraph, key);
    check_default(paragraph, key);
    check_range(paragraph, key);
    check_words(paragraph, key);
    free(paragraph);
}

START_TEST(test_the_manual_page_has_every_value_with_its_type_default_and_range)
{
    char *page = read_document(FILE_PAGE);

    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].row->shape == SHAPE_VALUE) {
            check_paragraph(page, &keys[i]);
        }
    }
    free(page);
}
END_TEST

START_TEST(test_the_manual_page_says_what_a_reload_cannot_change)
{
    char *page = read_document(FILE_PAGE);
    char names[256] = "";
    const char *comma = "";

    for (const struct schema_row *row = schema_rows; row->name != NULL; row++) {
        if (row->needs_restart) {
            strcat(strcat(names, comma), row->name);
            comma = " , ";
        }
    }
    ck_assert_msg(
        holds(page, format("\n.It Ic %s Ta \"cannot change: the file is refused\"\n", names)),
        FILE_PAGE " says something else of %s", names);
    free(page);
}
END_TEST

START_TEST(test_the_manual_page_has_no_key_that_the_schema_lacks)
{
    char *page = read_document(FILE_PAGE);
    size_t count = 0;

    for (char *line = page; line != NULL; line = next_line(line)) {
        const char *path = line + strlen(".It Ic ");
        if (strncmp(line, ".It Ic ", strlen(".It Ic ")) == 0) {
            size_t length = strcspn(path, " \n");
            ck_assert_msg(find_key(path, length) != NULL, FILE_PAGE ": there is no key %.*s",
                          (int)length, path);
            count++;
        }
    }
    ck_assert_uint_gt(count, 0);
    free(page);
}
END_TEST

START_TEST(test_the_manual_page_describes_every_handler)
{
    char *page = read_document(FILE_PAGE);

    for (size_t i = 0; handler_registry[i] != NULL; i++) {
        ck_assert_msg(holds(page, format("\n.Ss The handler %s\n", handler_registry[i]->name)),
                      FILE_PAGE ": no section for the handler %s", handler_registry[i]->name);
    }
    free(page);
}
END_TEST

START_TEST(test_every_row_has_its_line_of_help)
{
    for (size_t i = 0; i < key_count; i++) {
        const char *help = keys[i].row->help;
        ck_assert_msg(help != NULL && help[0] != '\0' && strchr(help, '\n') == NULL,
                      "%s has no line of help", keys[i].path);
    }
}
END_TEST

/* ---- the options ---- */

/* How the page begins the paragraph of an option, to be freed. */
static char *item_of(const struct options_row *row)
{
    if (row->text.argument == NULL) {
        return format("\n.It Fl %c , Fl -%s\n", row->text.letter, row->text.name);
    }
    char *argument = format("%s", row->text.argument);
    for (char *letter = argument; *letter != '\0'; letter++) {
        *letter = (char)tolower((unsigned char)*letter);
    }
    char *item = format("\n.It Fl %c Ar %s , Fl -%s Ar %s\n", row->text.letter, argument,
                        row->text.name, argument);
    free(argument);
    return item;
}

START_TEST(test_the_manual_page_of_the_program_has_every_option)
{
    char *page = read_document(PROGRAM_PAGE);

    for (const struct options_row *row = options_rows; row->text.name != NULL; row++) {
        ck_assert_msg(holds(page, item_of(row)), PROGRAM_PAGE ": no item for -%c, --%s",
                      row->text.letter, row->text.name);
    }
    free(page);
}
END_TEST

START_TEST(test_the_manual_page_of_the_program_has_no_option_that_there_is_not)
{
    char *page = read_document(PROGRAM_PAGE);

    for (char *line = page; line != NULL; line = next_line(line)) {
        const struct options_row *row = options_rows;
        if (strncmp(line, ".It Fl ", strlen(".It Fl ")) != 0) {
            continue;
        }
        while (row->text.name != NULL && row->text.letter != line[strlen(".It Fl ")]) {
            row++;
        }
        ck_assert_msg(row->text.name != NULL, PROGRAM_PAGE ": there is no option %.20s", line);
    }
    free(page);
}
END_TEST

START_TEST(test_the_help_has_every_option_and_every_log_level)
{
    char *help = NULL;
    size_t length;
    FILE *stream = open_memstream(&help, &length);

    options_print_help(stream);
    fclose(stream);
    for (const struct options_row *row = options_rows; row->text.name != NULL; row++) {
        char letter[] = {'-', row->text.letter, '\0'};
        const char *in_usage = strstr(help, letter);
        ck_assert_msg(holds(help, format("\n  %s, --%s ", letter, row->text.name)),
                      "--help lacks --%s", row->text.name);
        ck_assert_msg(in_usage != NULL && in_usage < next_line(help),
                      "the usage line of --help lacks %s", letter);
    }
    for (const struct schema_choice *level = schema_log_levels; level->name != NULL; level++) {
        ck_assert_msg(strstr(help, level->name) != NULL, "--help lacks the level %s", level->name);
    }
    free(help);
}
END_TEST

static TCase *file_tests(void)
{
    TCase *tcase = tcase_create("file");

    tcase_add_checked_fixture(tcase, list_keys, forget_keys);
    tcase_add_test(tcase, test_the_example_shows_every_key);
    tcase_add_test(tcase, test_the_example_shows_every_key_at_its_default);
    tcase_add_test(tcase, test_the_example_is_in_order_with_all_its_settings_switched_on);
    tcase_add_test(tcase, test_out_of_the_box_the_example_echoes_and_relays_on_localhost);
    tcase_add_test(tcase, test_the_manual_page_has_every_value_with_its_type_default_and_range);
    tcase_add_test(tcase, test_the_manual_page_says_what_a_reload_cannot_change);
    tcase_add_test(tcase, test_the_manual_page_has_no_key_that_the_schema_lacks);
    tcase_add_test(tcase, test_the_manual_page_describes_every_handler);
    tcase_add_test(tcase, test_every_row_has_its_line_of_help);
    return tcase;
}

static TCase *option_tests(void)
{
    TCase *tcase = tcase_create("options");

    tcase_add_test(tcase, test_the_manual_page_of_the_program_has_every_option);
    tcase_add_test(tcase, test_the_manual_page_of_the_program_has_no_option_that_there_is_not);
    tcase_add_test(tcase, test_the_help_has_every_option_and_every_log_level);
    return tcase;
}

static Suite *documents_suite(void)
{
    Suite *suite = suite_create("documents");

    suite_add_tcase(suite, file_tests());
    suite_add_tcase(suite, option_tests());
    return suite;
}

int main(void)
{
    return suite_run(documents_suite());
}
