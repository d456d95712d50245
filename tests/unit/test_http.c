/*
 * Request heads: each is scanned as a whole, one byte at a time and cut in two, and the verdict is
 * always the same.
 */
#include "protocol/http.h"

#include "suite.h"

#include <stdlib.h>

enum { FIELDS = 64, LINE_BYTES = 4096, HEAD_BYTES = 8192, NEVER = -1 };

static const struct http_limits limits = {LINE_BYTES, HEAD_BYTES, FIELDS};

/* A row whose text may hold any byte. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* ---- judging a head ---- */

/* What became of a head. */
struct outcome {
    int status; /* of the refusal; 0: good; NEVER: it has not ended */
    const char *reason;
    size_t size; /* of a good head */
};

/* Scans what has arrived in a block of its own size: a look behind its end shows. */
static enum http_verdict scan(struct http_scanner *scanner, struct slice arrived,
                              struct http_refusal *refusal)
{
    char *block = malloc(arrived.length > 0 ? arrived.length : 1);
    size_t before = scanner->scanned;
    enum http_verdict verdict;

    memcpy(block, arrived.data, arrived.length);
    verdict = http_scan(scanner, &limits, (struct slice){block, arrived.length}, refusal);
    if (scanner->scanned < before || scanner->scanned > arrived.length) {
        ck_abort_msg("scanned %zu bytes of %zu, after %zu", scanner->scanned, arrived.length,
                     before);
    }
    free(block);
    return verdict;
}

static int parse(struct slice head, struct http_refusal *refusal)
{
    struct http_field fields[FIELDS];
    struct http_head parsed;

    return http_parse(head, fields, FIELDS, &parsed, refusal) ? 0 : refusal->status;
}

/* Has the text arrive in two pieces: up to `cut`, then `step` bytes at a time. */
static struct outcome judge(struct slice text, size_t cut, size_t step)
{
    struct http_scanner scanner = {0};
    struct http_refusal refusal = {0};
    enum http_verdict verdict = HTTP_NEED_MORE;

    for (size_t arrived = cut; verdict == HTTP_NEED_MORE; arrived += step) {
        bool all = text.length - cut <= arrived - cut;

        verdict = scan(&scanner, all ? text : (struct slice){text.data, arrived}, &refusal);
        if (verdict == HTTP_NEED_MORE && all) {
            return (struct outcome){.status = NEVER};
        }
    }
    if (verdict == HTTP_REFUSED) {
        return (struct outcome){refusal.status, refusal.reason, 0};
    }
    refusal = (struct http_refusal){0};
    return (struct outcome){parse((struct slice){text.data, scanner.scanned}, &refusal),
                            refusal.reason, scanner.scanned};
}

static bool same(struct outcome a, struct outcome b)
{
    return a.status == b.status && a.reason == b.reason && a.size == b.size;
}

/* The verdict on the text, which is the same however it arrives. */
static struct outcome judge_every_way(struct slice text)
{
    struct outcome whole = judge(text, text.length, 1);

    ck_assert_msg(same(judge(text, 0, 1), whole), "one byte at a time: %s",
                  whole.reason != NULL ? whole.reason : "good");
    for (size_t cut = 1; cut < text.length; cut++) {
        if (!same(judge(text, cut, text.length), whole)) {
            ck_abort_msg("cut at %zu: %s", cut, whole.reason != NULL ? whole.reason : "good");
        }
    }
    return whole;
}

/* ---- the grammar ---- */

static const struct {
    struct slice text;
    int status;
} heads[] = {
    {TEXT("GET / HTTP/1.1\r\n\r\n"), 0},
    {TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0},
    {TEXT("GET / HTTP/1.0\r\n\r\n"), 0},
    {TEXT("GET / HTTP/1.9\r\n\r\n"), 0},
    {TEXT("get /\x80\xFF HTTP/1.1\r\n\r\n"), 0},
    {TEXT("G!#$%&'*+-.^_`|~9 * HTTP/1.1\r\n\r\n"), 0},
    {TEXT("GET / HTTP/1.1\r\nA:\r\nb:b\r\nC: \t c\t \r\nd: e f\tg: h\r\n\r\n"), 0},
    {TEXT("GET / HTTP/1.1\r\nA: \x80\xFF\"(),/:;<=>?@[\\]{}\r\n\r\n"), 0},
    /* the request line */
    {TEXT("\r\nGET / HTTP/1.1\r\n\r\n"), 400},
    {TEXT(" GET / HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET  / HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET /  HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1 \r\n\r\n"), 400},
    {TEXT("GET\t/ HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET / \tHTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET /a b HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET /\r\n\r\n"), 400},
    {TEXT("GET\r\n\r\n"), 400},
    {TEXT("G@T / HTTP/1.1\r\n\r\n"), 400},
    {TEXT("G\xC4T / HTTP/1.1\r\n\r\n"), 400},
    {TEXT("/ HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET / HTTP/0.9\r\n\r\n"), 400},
    {TEXT("GET / HTTP/2.0\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.\r\n\r\n"), 400},
    {TEXT("GET / HTTP/11\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.10\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.:\r\n\r\n"), 400},
    {TEXT("GET / http/1.1\r\n\r\n"), 400},
    {TEXT("GET / HTTPS/1.1\r\n\r\n"), 400},
    {TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400},
    {TEXT("SSH-2.0-OpenSSH_9.2\r\n\r\n"), 400},
    {TEXT("\x16\x03\x01\x02"), 400},
    /* line ends */
    {TEXT("GET / HTTP/1.1\n\n"), 400},
    {TEXT("GET / HTTP/1.1\nA: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\r\n\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\r\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\r\n\r\n"), 400},
    {TEXT("\n"), 400},
    {TEXT("\rG"), 400},
    /* control bytes */
    {TEXT("GET /\0 HTTP/1.1\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA\0: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: \x1B[2J\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\x7F\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\vc\r\n\r\n"), 400},
    /* names */
    {TEXT("GET / HTTP/1.1\r\nA\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\n: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA : b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA\t: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA b: c\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\n\"A\": b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\n\xC3\x84: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nTransfer-Encoding[: b\r\n\r\n"), 400},
    /* folding, and blanks before the first field */
    {TEXT("GET / HTTP/1.1\r\n A: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\n\tA: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\n \r\nA: b\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), 400},
    {TEXT("GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n"), 400},
    /* what has not ended */
    {TEXT(""), NEVER},
    {TEXT("GET / HTTP/1.1\r"), NEVER},
    {TEXT("GET / HTTP/1.1\r\n"), NEVER},
    {TEXT("GET / HTTP/1.1\r\nA: b\r\n\r"), NEVER},
    {TEXT("\r"), NEVER},
};

START_TEST(test_the_verdict_does_not_depend_on_how_a_head_arrives)
{
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct outcome outcome = judge_every_way(heads[i].text);

        ck_assert_msg(outcome.status == heads[i].status, "row %zu: %d, not %d: %s", i,
                      outcome.status, heads[i].status, heads[i].text.data);
    }
}
END_TEST

START_TEST(test_a_head_ends_at_its_empty_line)
{
    static const char head[] = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
    static const char behind[] = "GET / HTTP/1.1\r\nA: b\r\n\r\n\x82\x80\n\r\0GET";

    ck_assert_uint_eq(judge_every_way((struct slice){behind, sizeof behind}).size, sizeof head - 1);
}
END_TEST

START_TEST(test_a_head_is_taken_apart)
{
    struct slice text = SLICE("GET /chat?a=b HTTP/1.1\r\nHost: example.org\r\nEmpty:\r\n"
                              "Blanks: \t a b\tc \t\r\nhost:2:3\r\n\r\n");
    static const struct http_field expected[] = {{TEXT("Host"), TEXT("example.org")},
                                                 {TEXT("Empty"), TEXT("")},
                                                 {TEXT("Blanks"), TEXT("a b\tc")},
                                                 {TEXT("host"), TEXT("2:3")}};
    struct http_field fields[FIELDS];
    struct http_head head;
    struct http_refusal refusal;

    ck_assert(http_parse(text, fields, FIELDS, &head, &refusal));
    ck_assert(slice_equal(head.method, SLICE("GET")));
    ck_assert(slice_equal(head.target, SLICE("/chat?a=b")));
    ck_assert_int_eq(head.version_minor, 1);
    ck_assert_ptr_eq(head.fields, fields);
    ck_assert_uint_eq(head.field_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < head.field_count; i++) {
        ck_assert(slice_equal(fields[i].name, expected[i].name));
        ck_assert(slice_equal(fields[i].value, expected[i].value));
    }
}
END_TEST

START_TEST(test_a_token_is_made_of_the_characters_of_the_rfc)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (unsigned value = 0; value < 256; value++) {
        char byte = (char)value;
        bool expected = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z') ||
                        memchr(marks, byte, sizeof marks - 1) != NULL;

        ck_assert_int_eq(http_is_token((struct slice){&byte, 1}), expected);
        ck_assert_int_eq(http_is_token((struct slice){(char[]){'a', byte}, 2}), expected);
    }
    ck_assert(!http_is_token(slice_of("")));
    ck_assert(!http_is_token(slice_of(NULL)));
}
END_TEST

/* What the scanner would not have let through. */
static const struct slice unscanned[] = {
    TEXT(""),
    TEXT("\n"),
    TEXT("\r\n"),
    TEXT("GET / HTTP/1.1"),
    TEXT("GET / HTTP/1.1\r\n"),
    TEXT("GET / HTTP/1.1\r\nA: b"),
    TEXT("GET / HTTP/1.1\r\nA: b\r\n"),
    TEXT("GET / HTTP/1.1\r\nA: b\r\n\r"),
    TEXT("GET / HTTP/1.1.\n\r\n"),
    TEXT("GET / HTTP/1.1\r\nA: b.\n\r\n"),
    TEXT("GET / HTTP/1.1\r\nA: b\r\n.\n"),
};

START_TEST(test_the_parser_alone_refuses_what_has_no_proper_end)
{
    for (size_t i = 0; i < sizeof unscanned / sizeof *unscanned; i++) {
        struct http_refusal refusal;

        ck_assert_msg(parse(unscanned[i], &refusal) == 400, "row %zu", i);
    }
}
END_TEST

/* ---- each byte once ---- */

/* What has been scanned may change, even to what would be refused: it is not looked at again. */
START_TEST(test_no_byte_is_looked_at_twice)
{
    char head[] = "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
    struct http_scanner scanner = {0};
    struct http_refusal refusal;
    size_t length = sizeof head - 1;

    for (size_t arrived = 1; arrived < length; arrived++) {
        ck_assert_int_eq(http_scan(&scanner, &limits, (struct slice){head, arrived}, &refusal),
                         HTTP_NEED_MORE);
        ck_assert_uint_eq(scanner.scanned, head[arrived - 1] == '\r' ? arrived - 1 : arrived);
        memset(head, '\0', scanner.scanned);
    }
    ck_assert_int_eq(http_scan(&scanner, &limits, (struct slice){head, length}, &refusal),
                     HTTP_COMPLETE);
    ck_assert_uint_eq(scanner.scanned, length);
}
END_TEST

/* ---- limits ---- */

/* Writes a head: the target and a field's value as long as told, then so many short fields. */
static struct slice make_head(size_t target_bytes, size_t value_bytes, size_t fields)
{
    size_t room = target_bytes + value_bytes + 5 * fields + 64;
    char *text = malloc(room);
    char *at = stpcpy(text, "GET /");

    memset(at, 'a', target_bytes - 1);
    at = stpcpy(at + target_bytes - 1, " HTTP/1.1\r\n");
    if (value_bytes > 0) {
        at = stpcpy(at, "L:");
        memset(at, 'v', value_bytes);
        at = stpcpy(at + value_bytes, "\r\n");
    }
    for (size_t i = 0; i < fields; i++) {
        at = stpcpy(at, "A:b\r\n");
    }
    at = stpcpy(at, "\r\n");
    return (struct slice){text, (size_t)(at - text)};
}

static void free_head(struct slice head)
{
    free((void *)(uintptr_t)head.data);
}

/* Bytes of a head beside the length of its target, and beside the value of its field. */
enum { LINE_OVERHEAD = 13, HEAD_OVERHEAD = 1 + LINE_OVERHEAD + 2 + 4 + 2 };

static const struct {
    size_t target_bytes;
    size_t value_bytes;
    size_t fields;
    int status;
} sizes[] = {
    {LINE_BYTES - LINE_OVERHEAD - 1, 0, 0, 0},
    {LINE_BYTES - LINE_OVERHEAD, 0, 0, 0},
    {LINE_BYTES - LINE_OVERHEAD + 1, 0, 0, 414},
    {1, HEAD_BYTES - HEAD_OVERHEAD - 1, 0, 0},
    {1, HEAD_BYTES - HEAD_OVERHEAD, 0, 0},
    {1, HEAD_BYTES - HEAD_OVERHEAD + 1, 0, 431},
    {1, HEAD_BYTES - HEAD_OVERHEAD + 2, 0, 431},
    {1, HEAD_BYTES - HEAD_OVERHEAD + 3, 0, 431},
    {1, 0, FIELDS - 1, 0},
    {1, 0, FIELDS, 0},
    {1, 0, FIELDS + 1, 431},
    {1, 0, 1500, 431},
    {1, 0, 2000, 431},
    {65536, 0, 0, 414},
    {1, 65536, 0, 431},
};

START_TEST(test_limits_hold_to_the_byte)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct slice head = make_head(sizes[i].target_bytes, sizes[i].value_bytes, sizes[i].fields);
        struct outcome whole = judge(head, head.length, 1);

        ck_assert_msg(whole.status == sizes[i].status, "row %zu: %d, not %d", i, whole.status,
                      sizes[i].status);
        ck_assert(whole.status != 0 || whole.size == head.length);
        ck_assert_msg(same(judge(head, 0, 1), whole), "row %zu, a byte at a time", i);
        free_head(head);
    }
}
END_TEST

START_TEST(test_a_limit_is_told_as_soon_as_it_shows)
{
    struct slice head = make_head(1, 0, FIELDS + 1);
    size_t last_field = head.length - 2 - 5;

    ck_assert_int_eq(judge((struct slice){head.data, last_field}, 0, 1).status, NEVER);
    ck_assert_int_eq(judge((struct slice){head.data, last_field + 1}, 0, 1).status, 431);
    free_head(head);
    head = make_head(LINE_BYTES, 0, 0);
    ck_assert_int_eq(judge((struct slice){head.data, LINE_BYTES}, LINE_BYTES, 1).status, NEVER);
    ck_assert_int_eq(judge((struct slice){head.data, LINE_BYTES + 1}, LINE_BYTES, 1).status, 414);
    free_head(head);
    head = make_head(1, 2 * HEAD_BYTES, 0);
    ck_assert_int_eq(judge((struct slice){head.data, HEAD_BYTES - 1}, HEAD_BYTES - 1, 1).status,
                     NEVER);
    ck_assert_int_eq(judge((struct slice){head.data, HEAD_BYTES}, HEAD_BYTES, 1).status, 431);
    free_head(head);
}
END_TEST

START_TEST(test_a_name_may_be_as_long_as_the_head)
{
    static const size_t lengths[] = {255, 256, 8000, 65535, 65536};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct slice head = make_head(1, lengths[i], 0);
        char *value = memchr(head.data, 'v', head.length);

        value[-1] = 'n';
        value[lengths[i] - 1] = ':';
        ck_assert_int_eq(judge(head, head.length, 1).status, lengths[i] < HEAD_BYTES ? 0 : 431);
        free_head(head);
    }
}
END_TEST

START_TEST(test_more_fields_than_there_is_room_for_are_refused)
{
    struct slice head = make_head(1, 0, 3);

    for (size_t capacity = 1; capacity < 5; capacity++) {
        struct http_field *fields = malloc(capacity * sizeof *fields);
        struct http_refusal refusal = {0};
        struct http_head parsed;
        bool right = http_parse(head, fields, capacity, &parsed, &refusal);

        ck_assert_int_eq(right, capacity >= 3);
        ck_assert_int_eq(refusal.status, right ? 0 : 431);
        free(fields);
    }
    free_head(head);
}
END_TEST

/* ---- garbage ---- */

START_TEST(test_garbage_is_refused_before_it_has_ended)
{
    static char garbage[65536];
    const struct slice text = {garbage, sizeof garbage};

    srandom(1);
    for (size_t i = 0; i < sizeof garbage; i++) {
        garbage[i] = (char)random();
    }
    ck_assert_int_eq(judge(text, 0, 1).status, 400);
    memset(garbage, 'A', sizeof garbage);
    ck_assert_int_eq(judge(text, 0, 1024).status, 414);
    memset(garbage, '\0', sizeof garbage);
    ck_assert_int_eq(judge(text, 0, 1).status, 400);
}
END_TEST

/* The parser is safe without the scanner, too. */
START_TEST(test_any_change_to_a_head_gets_one_verdict_and_no_overrun)
{
    static const char good[] = "GET /a?b HTTP/1.1\r\nHost: c\r\nD:\te \r\n\r\n";
    static const char bytes[] = "\r\n\t :,/\"\\\0aZ1\x7F\x80\xFF";
    struct slice text = {NULL, sizeof good - 1};

    srandom(2);
    for (unsigned i = 0; i < 5000; i++) {
        char *changed = malloc(text.length);
        struct http_refusal refusal = {0};

        memcpy(changed, good, text.length);
        for (long changes = random() % 4; changes >= 0; changes--) {
            changed[(size_t)random() % text.length] = bytes[(size_t)random() % sizeof bytes];
        }
        text.data = changed;
        if (!same(judge(text, 0, 1), judge(text, text.length, 1))) {
            ck_abort_msg("head %u", i);
        }
        parse((struct slice){changed, (size_t)random() % text.length}, &refusal);
        free(changed);
    }
}
END_TEST

/* ---- lists ---- */

START_TEST(test_a_list_goes_over_all_fields_of_its_name)
{
    struct http_field fields[] = {
        {TEXT("Other"), TEXT("x, y")},     {TEXT("List"), TEXT("a,b ,\tc")},
        {TEXT("LIST"), TEXT("")},          {TEXT("Lists"), TEXT("z")},
        {TEXT("list"), TEXT(",d e, \"f")}, {TEXT("List"), TEXT("g\",")},
    };
    static const char *const expected[] = {"a", "b", "c", "", "", "d e", "\"f", "g\"", ""};
    const struct http_head head = {.fields = fields, .field_count = sizeof fields / sizeof *fields};
    struct http_list_cursor cursor = {0};
    struct slice element;

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert(http_list_next(&head, SLICE("List"), &cursor, &element));
        ck_assert_msg(slice_equal(element, slice_of(expected[i])), "element %zu", i);
    }
    ck_assert(!http_list_next(&head, SLICE("List"), &cursor, &element));
    ck_assert(!http_list_next(&head, SLICE("List"), &cursor, &element));
}
END_TEST

START_TEST(test_a_length_is_a_number_that_fits)
{
    static const struct {
        const char *text; /* NULL: there is no such field */
        bool valid;
        size_t length;
    } rows[] = {{NULL, true, 0},
                {"0", true, 0},
                {"0012", true, 12},
                {"18446744073709551615", true, SIZE_MAX},
                {"18446744073709551616", false, 7},
                {"99999999999999999999999", false, 7},
                {"", false, 7},
                {"+1", false, 7},
                {"1 0", false, 7},
                {"0x1", false, 7}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = 7;

        ck_assert_int_eq(http_parse_length(slice_of(rows[i].text), &length), rows[i].valid);
        ck_assert_uint_eq(length, rows[i].length);
    }
}
END_TEST

static Suite *http_suite(void)
{
    Suite *suite = suite_create("http");
    TCase *grammar = tcase_create("grammar");
    TCase *sizes_case = tcase_create("sizes");

    tcase_add_test(grammar, test_the_verdict_does_not_depend_on_how_a_head_arrives);
    tcase_add_test(grammar, test_a_head_ends_at_its_empty_line);
    tcase_add_test(grammar, test_a_head_is_taken_apart);
    tcase_add_test(grammar, test_the_parser_alone_refuses_what_has_no_proper_end);
    tcase_add_test(grammar, test_a_token_is_made_of_the_characters_of_the_rfc);
    tcase_add_test(grammar, test_a_list_goes_over_all_fields_of_its_name);
    tcase_add_test(grammar, test_a_length_is_a_number_that_fits);
    suite_add_tcase(suite, grammar);
    tcase_add_test(sizes_case, test_no_byte_is_looked_at_twice);
    tcase_add_test(sizes_case, test_limits_hold_to_the_byte);
    tcase_add_test(sizes_case, test_a_limit_is_told_as_soon_as_it_shows);
    tcase_add_test(sizes_case, test_a_name_may_be_as_long_as_the_head);
    tcase_add_test(sizes_case, test_more_fields_than_there_is_room_for_are_refused);
    tcase_add_test(sizes_case, test_garbage_is_refused_before_it_has_ended);
    tcase_add_test(sizes_case, test_any_change_to_a_head_gets_one_verdict_and_no_overrun);
    suite_add_tcase(suite, sizes_case);
    return suite;
}

int main(void)
{
    return suite_run(http_suite());
}
