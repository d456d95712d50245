/*
 * Tests of config/tree.c and config/node.c: which YAML is accepted, and where its nodes stand.
 */
#include "config/errors.h"
#include "config/tree.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct config_errors errors;
static struct node *root;

static void prepare(void)
{
    config_errors_init(&errors, "w.yaml");
    root = NULL;
}

static void clean_up(void)
{
    tree_free(root);
    config_errors_free(&errors);
}

static void parse(const char *text)
{
    root = tree_parse(text, strlen(text), &errors);
}

/* What stands in a document and what is said about it, one or two errors. */
static const struct refused_case {
    const char *text;
    const char *first;
    const char *second;
} refused_cases[] = {
    {"", "w.yaml:1:1: error: the file is empty", NULL},
    {"# only a comment\n", "w.yaml:1:1: error: the file is empty", NULL},
    {"---\n", "w.yaml:1:1: error: the file is empty", NULL},
    {"a: 1\n---\nb: 2\n", "w.yaml:2:1: error: more than one document", NULL},
    {"a: &x 1\n",
     "w.yaml:1:4: error: a: anchors are not supported (what routes share belongs into "
     "\"defaults\")",
     NULL},
    {"a: &x [1]\nb: &y {}\n",
     "w.yaml:1:4: error: a: anchors are not supported (what routes share belongs into "
     "\"defaults\")",
     "w.yaml:2:4: error: b: anchors are not supported (what routes share belongs into "
     "\"defaults\")"},
    {"a: &x 1\nb: *x\n",
     "w.yaml:1:4: error: a: anchors are not supported (what routes share belongs into "
     "\"defaults\")",
     "w.yaml:2:4: error: b: aliases are not supported (what routes share belongs into "
     "\"defaults\")"},
    {"a: [x, &y !z {}]\n",
     "w.yaml:1:8: error: a[1]: anchors are not supported (what routes share belongs into "
     "\"defaults\")",
     NULL},
    {"a: {&x b: 1}\n!y c: 2\n",
     "w.yaml:1:5: error: a.b: a key must have neither an anchor nor a tag",
     "w.yaml:2:1: error: c: a key must have neither an anchor nor a tag"},
    {"a: !!str 1\n", "w.yaml:1:4: error: a: tags are not supported", NULL},
    {"a: !x [1]\nb: ! 2\n", "w.yaml:1:4: error: a: tags are not supported",
     "w.yaml:2:4: error: b: tags are not supported"},
    {"a: 1\nb: 2\na: 3\n", "w.yaml:3:1: error: a: duplicate key (the first is in line 1)", NULL},
    {"x: {a: 1, a: 2,\n    a: 3}\n",
     "w.yaml:1:11: error: x.a: duplicate key (the first is in line 1)",
     "w.yaml:2:5: error: x.a: duplicate key (the first is in line 1)"},
    {"? [a]\n: b\n", "w.yaml:1:3: error: a key must be a word, not a list or a mapping", NULL},
    {"a: 1\n*x : b\n", "w.yaml:2:1: error: aliases are not supported", NULL},
    {"a: \"x\\0y\"\n", "w.yaml:1:4: error: a: must not contain a NUL character", NULL},
    {"\"x\\0y\": 1\n", "w.yaml:1:1: error: a key must not contain a NUL character", NULL},
    {"a:\n\t- b\n", "w.yaml:2:1: error: a tab where YAML wants spaces", NULL},
    /* places are counted in characters, whatever they are encoded in, and without a byte order mark
     */
    {"# \u00e9\u00e9\na:\n\t- b\n", "w.yaml:3:1: error: a tab where YAML wants spaces", NULL},
    {"\ufeff# \u00e9\na:\n\t- b\n", "w.yaml:3:1: error: a tab where YAML wants spaces", NULL},
    {"\ufeff\"\u00e9\": &x 1\n",
     "w.yaml:1:6: error: \u00e9: anchors are not supported (what routes share belongs into "
     "\"defaults\")",
     NULL},
    {"# \u00e9\na:\t]\n",
     "w.yaml:2:4: error: not valid YAML: did not find expected node content while parsing a block "
     "node",
     NULL},
    {"a: \u00e9\u00e9\x01\n",
     "w.yaml:1:6: error: not valid YAML: control characters are not allowed", NULL},
    {"\ufeff# \u00e9\r\n# \xc2\x85#\r#\n\u20ac\xff\n",
     "w.yaml:5:2: error: not valid YAML: invalid leading UTF-8 octet", NULL},
    {"a: [1, 2\nb: 3\n",
     "w.yaml:2:2: error: not valid YAML: did not find expected ',' or ']' while parsing a flow "
     "sequence",
     NULL},
    {"a: 'x\n",
     "w.yaml:2:1: error: not valid YAML: found unexpected end of stream while scanning a quoted "
     "scalar",
     NULL},
    {"a: 1\nb: \xff\n", "w.yaml:2:4: error: not valid YAML: invalid leading UTF-8 octet", NULL},
    {"a: \x01\n", "w.yaml:1:4: error: not valid YAML: control characters are not allowed", NULL},
};

START_TEST(test_what_the_language_leaves_out_is_refused_with_its_place)
{
    const struct refused_case *refused = &refused_cases[_i];

    parse(refused->text);
    ck_assert_uint_ge(errors.message_count, 1);
    ck_assert_str_eq(errors.messages[0].text, refused->first);
    ck_assert_uint_eq(errors.message_count, refused->second != NULL ? 2 : 1);
    if (refused->second != NULL) {
        ck_assert_str_eq(errors.messages[1].text, refused->second);
    }
}
END_TEST

START_TEST(test_a_nul_byte_is_refused_with_its_place)
{
    static const char text[] = "a: 1\nb: \0\n";

    root = tree_parse(text, sizeof text - 1, &errors);
    ck_assert_ptr_null(root);
    ck_assert_str_eq(errors.messages[0].text,
                     "w.yaml:2:4: error: a NUL byte (the file must be UTF-8 text)");
}
END_TEST

START_TEST(test_utf_16_is_refused)
{
    static const char text[] = "\xff\xfe"
                               "a\0:\0 \0"
                               "1\0\n\0";

    root = tree_parse(text, sizeof text - 1, &errors);
    ck_assert_ptr_null(root);
    ck_assert_uint_eq(errors.error_count, 1);
}
END_TEST

START_TEST(test_a_byte_order_mark_does_no_harm)
{
    parse("\xef\xbb\xbf"
          "a: 1\n");
    ck_assert_str_eq(node_child(root, "a")->text, "1");
}
END_TEST

START_TEST(test_every_node_knows_where_it_stands)
{
    char path[TREE_PATH_BYTES];

    parse("a: 1\nlist:\n  - x: {y: word}\n  - [\"quoted\", z]\n");
    const struct node *word =
        node_child(node_child(node_child(root, "list")->children[0], "x"), "y");
    ck_assert_str_eq(word->text, "word");
    ck_assert_int_eq(word->line, 3);
    ck_assert_int_eq(word->column, 12);
    ck_assert_int_eq(word->key_column, 9);
    node_path(word, path);
    ck_assert_str_eq(path, "list[0].x.y");
    const struct node *z = node_child(root, "list")->children[1]->children[1];
    node_path(z, path);
    ck_assert_str_eq(path, "list[1][1]");
    node_path(root, path);
    ck_assert_str_eq(path, "");
    ck_assert_ptr_null(node_child(root, "absent"));
    ck_assert_ptr_null(node_child(z, "absent"));
    ck_assert_ptr_null(node_child(NULL, "absent"));
}
END_TEST

START_TEST(test_scalars_are_texts_whatever_yaml_would_guess)
{
    static const char *const expected[] = {"no", "08", "1_000", "22:22", "~", "null", "1.20", ""};

    parse("[no, 08, 1_000, \"22:22\", ~, null, 1.20, \"\"]");
    ck_assert_uint_eq(root->count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < root->count; i++) {
        ck_assert_str_eq(root->children[i]->text, expected[i]);
    }
}
END_TEST

/* Repeats `opening` and returns the text, to be freed. */
static char *nest(const char *opening, size_t count)
{
    char *text = calloc(strlen(opening), count + 1);

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * strlen(opening), opening, strlen(opening));
    }
    return text;
}

START_TEST(test_32_levels_are_accepted_and_33_are_not)
{
    char text[70] = "";

    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    parse(text);
    ck_assert_ptr_nonnull(root);
    tree_free(root);
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    parse(text);
    ck_assert_ptr_null(root);
    ck_assert_str_eq(errors.messages[0].text, "w.yaml:1:33: error: nested deeper than 32 levels");
}
END_TEST

static int64_t cpu_ms(void)
{
    return (int64_t)clock() * 1000 / CLOCKS_PER_SEC;
}

static const char *const nestings[] = {"[", "{a: ", "- ", "? "};

/* The parser alone takes 23 seconds for this. */
START_TEST(test_100_kilobytes_of_nesting_are_refused_at_once)
{
    char *text = nest(nestings[_i], 100000 / strlen(nestings[_i]));
    int64_t start = cpu_ms();

    parse(text);
    ck_assert_ptr_null(root);
    ck_assert_uint_eq(errors.error_count, 1);
    ck_assert_int_lt(cpu_ms() - start, 50);
    free(text);
}
END_TEST

START_TEST(test_a_file_of_nothing_but_one_key_takes_no_quadratic_time)
{
    char *text = nest("a: 1\n", 100000);
    int64_t start = cpu_ms();

    parse(text);
    ck_assert_uint_eq(errors.error_count, 99999);
    ck_assert_int_lt(cpu_ms() - start, 5000);
    free(text);
}
END_TEST

START_TEST(test_variables_are_replaced_in_values_and_not_in_keys)
{
    setenv("WSRELAYD_TEST", "x: [y]", 1);
    parse("${WSRELAYD_TEST}: a\nb: ${WSRELAYD_TEST}\nc: ['<${WSRELAYD_TEST}>', '$${d}']\n");
    tree_expand(root, &errors);
    ck_assert_uint_eq(errors.error_count, 0);
    ck_assert_ptr_nonnull(node_child(root, "${WSRELAYD_TEST}"));
    ck_assert_str_eq(node_child(root, "b")->text, "x: [y]");
    ck_assert_str_eq(node_child(root, "c")->children[0]->text, "<x: [y]>");
    ck_assert_str_eq(node_child(root, "c")->children[1]->text, "${d}");
}
END_TEST

START_TEST(test_an_undefined_variable_is_an_error_with_its_place)
{
    unsetenv("WSRELAYD_TEST");
    parse("a:\n  - b: x${WSRELAYD_TEST}\n");
    tree_expand(root, &errors);
    ck_assert_uint_eq(errors.error_count, 1);
    ck_assert_str_eq(errors.messages[0].text,
                     "w.yaml:2:8: error: a[0].b: the variable WSRELAYD_TEST is not set");
}
END_TEST

static Suite *tree_suite(void)
{
    Suite *suite = suite_create("config tree");
    TCase *tcase = tcase_create("tree");

    tcase_add_checked_fixture(tcase, prepare, clean_up);
    tcase_add_loop_test(tcase, test_what_the_language_leaves_out_is_refused_with_its_place, 0,
                        sizeof refused_cases / sizeof *refused_cases);
    tcase_add_test(tcase, test_a_nul_byte_is_refused_with_its_place);
    tcase_add_test(tcase, test_utf_16_is_refused);
    tcase_add_test(tcase, test_a_byte_order_mark_does_no_harm);
    tcase_add_test(tcase, test_every_node_knows_where_it_stands);
    tcase_add_test(tcase, test_scalars_are_texts_whatever_yaml_would_guess);
    tcase_add_test(tcase, test_32_levels_are_accepted_and_33_are_not);
    tcase_add_loop_test(tcase, test_100_kilobytes_of_nesting_are_refused_at_once, 0,
                        sizeof nestings / sizeof *nestings);
    tcase_add_test(tcase, test_a_file_of_nothing_but_one_key_takes_no_quadratic_time);
    tcase_add_test(tcase, test_variables_are_replaced_in_values_and_not_in_keys);
    tcase_add_test(tcase, test_an_undefined_variable_is_an_error_with_its_place);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(tree_suite());
}
