/*
 * The opening handshake: one good request, each case a change to it; and the answers to the byte.
 */
#include "protocol/upgrade.h"

#include "suite.h"

#include <ctype.h>
#include <stdlib.h>

enum { FIELDS_MAX = 64, VALUES_MAX = 3, BASE_FIELDS = 5 };

static const char sample_key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char sample_accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static const struct http_field base_fields[BASE_FIELDS] = {
    {{"Host", 4}, {"Example.org:8080", 16}},
    {{"Upgrade", 7}, {"websocket", 9}},
    {{"Connection", 10}, {"Upgrade", 7}},
    {{"Sec-WebSocket-Key", 17}, {sample_key, sizeof sample_key - 1}},
    {{"Sec-WebSocket-Version", 21}, {"13", 2}},
};

/* ---- requests ---- */

struct request {
    struct http_field fields[FIELDS_MAX];
    struct http_head head;
};

static void make_request(struct request *request)
{
    memcpy(request->fields, base_fields, sizeof base_fields);
    request->head = (struct http_head){.method = SLICE("GET"),
                                       .target = SLICE("/chat?q"),
                                       .version_minor = 1,
                                       .fields = request->fields,
                                       .field_count = BASE_FIELDS};
}

static void add_field(struct request *request, const char *name, const char *value)
{
    request->fields[request->head.field_count++] =
        (struct http_field){slice_of(name), slice_of(value)};
}

static void remove_field(struct request *request, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < request->head.field_count; i++) {
        if (!slice_equal(request->fields[i].name, slice_of(name))) {
            request->fields[kept++] = request->fields[i];
        }
    }
    request->head.field_count = kept;
}

/* The request with the field of this name replaced by lines of these values, to the first NULL. */
static void make_changed(struct request *request, const char *name, const char *const *values)
{
    make_request(request);
    remove_field(request, name);
    for (size_t i = 0; i < VALUES_MAX && values[i] != NULL; i++) {
        add_field(request, name, values[i]);
    }
}

/* The status that a request is refused with, 0 when it is not. */
static int check(const struct request *request)
{
    size_t path_bytes = request->head.target.length;
    char *path_buffer = malloc(path_bytes > 0 ? path_bytes : 1);
    char *host_buffer = malloc(UPGRADE_HOST_MAX_BYTES);
    struct upgrade_request checked;
    struct http_refusal refusal = {0};
    bool right = upgrade_check(&request->head, path_buffer, host_buffer, &checked, &refusal);

    ck_assert(right ? refusal.status == 0 : refusal.reason != NULL);
    free(path_buffer);
    free(host_buffer);
    return refusal.status;
}

/* ---- what is accepted ---- */

START_TEST(test_the_request_is_taken_apart)
{
    struct request request;
    char path[7];
    char host[UPGRADE_HOST_MAX_BYTES];
    struct upgrade_request checked;
    struct http_refusal refusal;

    make_request(&request);
    ck_assert(upgrade_check(&request.head, path, host, &checked, &refusal));
    ck_assert(slice_equal(checked.target.path, SLICE("/chat")));
    ck_assert(slice_equal(checked.target.query, SLICE("q")));
    ck_assert(slice_equal(checked.host, SLICE("example.org")));
    ck_assert(slice_equal(checked.key, slice_of(sample_key)));
    ck_assert_ptr_null(checked.origin.data);
    add_field(&request, "ORIGIN", "");
    ck_assert(upgrade_check(&request.head, path, host, &checked, &refusal));
    ck_assert_ptr_nonnull(checked.origin.data);
    ck_assert_uint_eq(checked.origin.length, 0);
}
END_TEST

/* Gives a field name to another case, in room that lasts until the next call for this place. */
static struct slice in_other_case(struct slice name, size_t place, int (*convert)(int))
{
    static char room[BASE_FIELDS][32];

    for (size_t i = 0; i < name.length; i++) {
        room[place][i] = (char)convert((unsigned char)name.data[i]);
    }
    return (struct slice){room[place], name.length};
}

START_TEST(test_order_and_case_of_the_fields_do_not_matter)
{
    for (size_t shift = 0; shift < BASE_FIELDS; shift++) {
        struct request request;

        make_request(&request);
        for (size_t i = 0; i < BASE_FIELDS; i++) {
            struct http_field field = base_fields[(i + shift) % BASE_FIELDS];

            field.name = in_other_case(field.name, i, shift % 2 == 0 ? tolower : toupper);
            request.fields[i] = field;
        }
        ck_assert_int_eq(check(&request), 0);
    }
}
END_TEST

START_TEST(test_other_fields_are_ignored)
{
    struct request request;

    make_request(&request);
    add_field(&request, "Cookie", "a=b; c=\"d\"");
    add_field(&request, "Authorization", "Basic Og==");
    add_field(&request, "Upgrade-Insecure-Requests", "1");
    while (request.head.field_count < FIELDS_MAX - 1) {
        add_field(&request, "X-Other", "\x80\xFF \"(),/:;<=>?@[\\]{}");
    }
    remove_field(&request, "Upgrade");
    add_field(&request, "Upgrade", "websocket"); /* as the last */
    ck_assert_int_eq(check(&request), 0);
}
END_TEST

/* ---- the request line ---- */

static const struct {
    const char *method;
    const char *target;
    int version_minor;
    int status;
} request_lines[] = {
    {"GET", "/", 1, 0},
    {"GET", "/x?q", 1, 0},
    {"GET", "/", 2, 0},
    {"GET", "http://host/x", 1, 0},
    {"GET", "HTTPS://[::1]:443?q", 1, 0},
    {"POST", "/", 1, 405},
    {"HEAD", "/", 1, 405},
    {"PUT", "/", 1, 405},
    {"OPTIONS", "*", 1, 405},
    {"CONNECT", "host:80", 1, 405},
    {"get", "/", 1, 405},
    {"GETX", "/", 1, 405},
    {"GE", "/", 1, 405},
    {"GET", "/", 0, 400},
    {"GET", "*", 1, 400},
    {"GET", "x", 1, 400},
    {"GET", "", 1, 400},
    {"GET", "/#x", 1, 400},
    {"GET", "/\x80", 1, 400},
    {"GET", "/a/../b", 1, 400},
    {"GET", "http://", 1, 400},
    {"GET", "http:///x", 1, 400},
    {"GET", "http://user@host/", 1, 400},
    {"GET", "http://host:99999/", 1, 400},
    {"GET", "http://a,b/", 1, 400},
    {"GET", "ftp://host/", 1, 400},
};

START_TEST(test_method_target_and_version_are_checked)
{
    for (size_t i = 0; i < sizeof request_lines / sizeof *request_lines; i++) {
        struct request request;

        make_request(&request);
        request.head.method = slice_of(request_lines[i].method);
        request.head.target = slice_of(request_lines[i].target);
        request.head.version_minor = request_lines[i].version_minor;
        ck_assert_msg(check(&request) == request_lines[i].status, "%s %s HTTP/1.%d",
                      request_lines[i].method, request_lines[i].target,
                      request_lines[i].version_minor);
    }
}
END_TEST

START_TEST(test_the_host_of_an_absolute_target_counts)
{
    struct request request;
    char path[32];
    char host[UPGRADE_HOST_MAX_BYTES];
    struct upgrade_request checked;
    struct http_refusal refusal;

    make_request(&request);
    request.head.target = SLICE("http://OTHER.example:1/x");
    ck_assert(upgrade_check(&request.head, path, host, &checked, &refusal));
    ck_assert(slice_equal(checked.host, SLICE("other.example")));
    request.head.target = SLICE("http://[0:0::1]:80/x");
    ck_assert(upgrade_check(&request.head, path, host, &checked, &refusal));
    ck_assert(slice_equal(checked.host, SLICE("[::1]")));
    remove_field(&request, "Host");
    ck_assert_int_eq(check(&request), 400);
}
END_TEST

/* ---- fields ---- */

static const struct {
    const char *name;
    const char *values[VALUES_MAX]; /* NULL: no more lines */
    int status;
} fields[] = {
    {"Host", {"a"}, 0},
    {"Host", {"[2001:DB8::1]:443"}, 0},
    {"Host", {"a:"}, 0},
    {"Host", {NULL}, 400},
    {"Host", {""}, 400},
    {"Host", {"a", "a"}, 400},
    {"Host", {"a b"}, 400},
    {"Host", {"a:99999"}, 400},
    {"Host", {"a:x"}, 400},
    {"Host", {"user@a"}, 400},
    {"Host", {"a, b"}, 400},
    {"Host", {"::1"}, 400},
    {"Host", {"a\x80"}, 400},

    {"Upgrade", {"WebSocket"}, 0},
    {"Upgrade", {"WEBSOCKET"}, 0},
    {"Upgrade", {"foo, websocket"}, 0},
    {"Upgrade", {"websocket,h2c"}, 0},
    {"Upgrade", {"foo/2", "websocket"}, 0},
    {"Upgrade", {NULL}, 426},
    {"Upgrade", {""}, 426},
    {"Upgrade", {"websockets"}, 426},
    {"Upgrade", {"web socket"}, 400},
    {"Upgrade", {"web", "socket"}, 426},
    {"Upgrade", {"websocket/13"}, 426},
    {"Upgrade", {"\"websocket\""}, 400},
    {"Upgrade", {",, websocket ,"}, 0},
    {"Upgrade", {"web\x80, websocket"}, 400},
    {"Upgrade", {"websocket", "a b"}, 400},
    {"Upgrade", {"a/b/c, websocket"}, 400},
    {"Upgrade", {"a/, websocket"}, 400},
    {"Upgrade", {"/1, websocket"}, 400},
    {"Upgrade", {"h2c"}, 426},

    {"Connection", {"upgrade"}, 0},
    {"Connection", {"keep-alive, Upgrade"}, 0},
    {"Connection", {"keep-alive", "UPGRADE"}, 0},
    {"Connection", {NULL}, 400},
    {"Connection", {""}, 400},
    {"Connection", {"close"}, 400},
    {"Connection", {"upgraded"}, 400},
    {"Connection", {"up, grade"}, 400},
    {"Connection", {", Upgrade,, x,"}, 0},
    {"Connection", {"Upgrade, a b"}, 400},
    {"Connection", {"Upgrade", "caf\xc3\xa9"}, 400},
    {"Connection", {"keep-alive;x, Upgrade"}, 400},
    {"Connection", {"a/b, Upgrade"}, 400},

    {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAA=="}, 0},
    {"Sec-WebSocket-Key", {"/////////////////////w=="}, 0},
    {"Sec-WebSocket-Key", {NULL}, 400},
    {"Sec-WebSocket-Key", {""}, 400},
    {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAA"}, 400},
    {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAAA="}, 400},
    {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAA"}, 400},
    {"Sec-WebSocket-Key", {"____________________-w=="}, 400},
    {"Sec-WebSocket-Key", {"AAAAAAAAAAA AAAAAAAAAA=="}, 400},
    {"Sec-WebSocket-Key", {"AAAAAAAAAAAAAAAAAAAAAB=="}, 400},
    {"Sec-WebSocket-Key", {sample_key, sample_key}, 400},

    {"Sec-WebSocket-Version", {NULL}, 426},
    {"Sec-WebSocket-Version", {""}, 426},
    {"Sec-WebSocket-Version", {"12"}, 426},
    {"Sec-WebSocket-Version", {"14"}, 426},
    {"Sec-WebSocket-Version", {"8"}, 426},
    {"Sec-WebSocket-Version", {"0"}, 426},
    {"Sec-WebSocket-Version", {"255"}, 426},
    {"Sec-WebSocket-Version", {"013"}, 426},
    {"Sec-WebSocket-Version", {"13.0"}, 426},
    {"Sec-WebSocket-Version", {"13, 8"}, 426},
    {"Sec-WebSocket-Version", {"13", "13"}, 426},
    {"Sec-WebSocket-Version", {"13", "8"}, 426},

    {"Origin", {"https://example.org"}, 0},
    {"Origin", {"null"}, 0},
    {"Origin", {"https://a", "https://a"}, 400},

    {"Sec-WebSocket-Protocol", {"chat, superchat"}, 0},
    {"Sec-WebSocket-Protocol", {"chat", "superchat"}, 0},
    {"Sec-WebSocket-Protocol", {""}, 400},
    {"Sec-WebSocket-Protocol", {"a,,b"}, 400},
    {"Sec-WebSocket-Protocol", {"chat", "chat"}, 400},
    {"Sec-WebSocket-Protocol", {"\xC3\xBC"}, 400},

    {"Sec-WebSocket-Extensions", {"permessage-deflate; client_max_window_bits"}, 0},
    {"Sec-WebSocket-Extensions", {"a", "b;c=\"d\""}, 0},
    {"Sec-WebSocket-Extensions", {"a;b=\"c d\""}, 400},
    {"Sec-WebSocket-Extensions", {"a", "b;c=\""}, 400},

    /* what may be taken for a body */
    {"Content-Length", {"0"}, 0},
    {"Content-Length", {"1"}, 400},
    {"Content-Length", {"2147483648"}, 400},
    {"Content-Length", {"9223372036854775808"}, 400},
    {"Content-Length", {"18446744073709551616"}, 400},
    {"Content-Length", {""}, 400},
    {"Content-Length", {"00"}, 400},
    {"Content-Length", {"+0"}, 400},
    {"Content-Length", {"-0"}, 400},
    {"Content-Length", {"0x0"}, 400},
    {"Content-Length", {"+1"}, 400},
    {"Content-Length", {"0x1"}, 400},
    {"Content-Length", {"1, 1"}, 400},
    {"Content-Length", {"0, 0"}, 400},
    {"Content-Length", {"0", "0"}, 400},
    {"Content-Length", {"0", "5"}, 400},
    {"Transfer-Encoding", {"chunked"}, 400},
    {"Transfer-Encoding", {"xchunked"}, 400},
    {"Transfer-Encoding", {"identity"}, 400},
    {"Transfer-Encoding", {""}, 400},
    {"Transfer-Encoding", {"chunked", "identity"}, 400},
    {"tRANSFER-eNCODING", {"\tchunked"}, 400},
};

START_TEST(test_every_field_is_checked)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct request request;
        int status;

        make_changed(&request, fields[i].name, fields[i].values);
        status = check(&request);
        ck_assert_msg(status == fields[i].status, "%s: %s: %d", fields[i].name,
                      fields[i].values[0] != NULL ? fields[i].values[0] : "absent", status);
    }
}
END_TEST

START_TEST(test_a_length_and_an_encoding_together_are_refused)
{
    struct request request;

    make_request(&request);
    add_field(&request, "Content-Length", "0");
    add_field(&request, "Transfer-Encoding", "chunked");
    ck_assert_int_eq(check(&request), 400);
}
END_TEST

START_TEST(test_a_host_may_have_255_bytes)
{
    for (size_t length = 254; length <= 257; length++) {
        int expected = length <= UPGRADE_HOST_MAX_BYTES ? 0 : 400;
        char target[300] = "http://";
        char *host = target + strlen(target);
        struct request request;

        memset(host, 'A', length);
        make_changed(&request, "Host", (const char *const[VALUES_MAX]){host});
        ck_assert_int_eq(check(&request), expected);
        make_request(&request);
        request.head.target = slice_of(target);
        ck_assert_int_eq(check(&request), expected);
    }
}
END_TEST

/* ---- subprotocols ---- */

static const struct {
    const char *offers[VALUES_MAX];
    const char *supported[3];
    const char *chosen;
} choices[] = {
    {{"a"}, {"a"}, "a"},         {{"a, b"}, {"b", "a"}, "b"}, /* the server's preference */
    {{"b, a"}, {"b", "a"}, "b"}, {{"c", "x, a"}, {"b", "a"}, "a"},
    {{"a"}, {NULL}, NULL},       {{NULL}, {"a"}, NULL},
    {{"b"}, {"a"}, NULL},        {{"A"}, {"a"}, NULL}, /* case counts */
    {{"aa, a-"}, {"a"}, NULL},
};

START_TEST(test_the_first_supported_subprotocol_that_was_offered_is_chosen)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        struct request request;
        const char *chosen;
        size_t count = 0;

        while (choices[i].supported[count] != NULL) {
            count++;
        }
        make_changed(&request, "Sec-WebSocket-Protocol", choices[i].offers);
        chosen = upgrade_choose_subprotocol(&request.head, choices[i].supported, count);
        ck_assert_pstr_eq(chosen, choices[i].chosen);
    }
}
END_TEST

/* ---- answers ---- */

START_TEST(test_the_sample_key_of_the_rfc_gets_its_answer)
{
    char accept[UPGRADE_ACCEPT_BYTES];

    ck_assert(upgrade_accept(slice_of(sample_key), accept));
    ck_assert(slice_equal((struct slice){accept, sizeof accept}, slice_of(sample_accept)));
}
END_TEST

static void check_text(const char *written, size_t length, const char *expected)
{
    ck_assert_msg(slice_equal((struct slice){written, length}, slice_of(expected)),
                  "%.*s instead of %s", (int)length, written, expected);
}

START_TEST(test_an_acceptance_says_this_and_no_more)
{
    char text[UPGRADE_RESPONSE_MAX_BYTES];

    check_text(text, upgrade_write_accepted(text, slice_of(sample_key), NULL),
               "HTTP/1.1 101 Switching Protocols\r\n"
               "Upgrade: websocket\r\n"
               "Connection: Upgrade\r\n"
               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
               "\r\n");
    check_text(text, upgrade_write_accepted(text, slice_of(sample_key), "Chat.v1"),
               "HTTP/1.1 101 Switching Protocols\r\n"
               "Upgrade: websocket\r\n"
               "Connection: Upgrade\r\n"
               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
               "Sec-WebSocket-Protocol: Chat.v1\r\n"
               "\r\n");
}
END_TEST

#define PLAIN_TEXT "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nWhy.\n"
#define CLOSE      "Connection: close\r\n"

static const struct {
    int status;
    const char *text;
} refusals[] = {
    {400, "HTTP/1.1 400 Bad Request\r\n" CLOSE PLAIN_TEXT},
    {403, "HTTP/1.1 403 Forbidden\r\n" CLOSE PLAIN_TEXT},
    {404, "HTTP/1.1 404 Not Found\r\n" CLOSE PLAIN_TEXT},
    {405, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n" CLOSE PLAIN_TEXT},
    {414, "HTTP/1.1 414 URI Too Long\r\n" CLOSE PLAIN_TEXT},
    {426, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
          "Connection: close, Upgrade\r\n" PLAIN_TEXT},
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n" CLOSE PLAIN_TEXT},
    {500, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
    {503, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n" CLOSE PLAIN_TEXT},
    /* others that a handler may give, some that we have no words for, and what does not refuse */
    {308, "HTTP/1.1 308 Permanent Redirect\r\n" CLOSE PLAIN_TEXT},
    {401, "HTTP/1.1 401 Unauthorized\r\n" CLOSE PLAIN_TEXT},
    {429, "HTTP/1.1 429 Too Many Requests\r\n" CLOSE PLAIN_TEXT},
    {300, "HTTP/1.1 300 Redirection\r\n" CLOSE PLAIN_TEXT},
    {499, "HTTP/1.1 499 Client Error\r\n" CLOSE PLAIN_TEXT},
    {599, "HTTP/1.1 599 Server Error\r\n" CLOSE PLAIN_TEXT},
    {600, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
    {299, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
    {0, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
    {-1, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
    {200, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
    {101, "HTTP/1.1 500 Internal Server Error\r\n" CLOSE PLAIN_TEXT},
};

START_TEST(test_a_refusal_is_a_complete_response)
{
    char text[UPGRADE_RESPONSE_MAX_BYTES];

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct http_refusal refusal = {.status = refusals[i].status, .reason = "Why."};

        check_text(text, upgrade_write_refused(text, &refusal), refusals[i].text);
    }
}
END_TEST

START_TEST(test_the_answer_to_head_is_the_same_without_its_content)
{
    const struct http_refusal refusal = {.status = 405, .reason = "Why.", .head_only = true};
    char text[UPGRADE_RESPONSE_MAX_BYTES];

    check_text(text, upgrade_write_refused(text, &refusal),
               "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n" CLOSE
               "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
}
END_TEST

START_TEST(test_answers_fit_their_room_whatever_they_say)
{
    char *text = malloc(UPGRADE_RESPONSE_MAX_BYTES);
    char reason[UPGRADE_RESPONSE_MAX_BYTES + 1] = "";
    char subprotocol[UPGRADE_SUBPROTOCOL_MAX_BYTES + 1] = "";
    const struct http_refusal refusal = {.status = 426, .reason = reason};
    size_t length;

    memset(reason, 'r', sizeof reason - 1);
    length = upgrade_write_refused(text, &refusal);
    ck_assert_uint_lt(length, UPGRADE_RESPONSE_MAX_BYTES);
    ck_assert_mem_eq(text + length - UPGRADE_REASON_MAX_BYTES - 3, "\r\n", 2);
    ck_assert_mem_eq(text + length - 3, "rr\n", 3);
    ck_assert_ptr_nonnull(memmem(text, length, "Content-Length: 513\r\n", 21));
    memset(subprotocol, 's', sizeof subprotocol - 1);
    length = upgrade_write_accepted(text, slice_of(sample_key), subprotocol);
    ck_assert_uint_lt(length, UPGRADE_RESPONSE_MAX_BYTES);
    ck_assert_mem_eq(text + length - 6, "ss\r\n\r\n", 6);
    free(text);
}
END_TEST

static Suite *upgrade_suite(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *checks = tcase_create("checks");
    TCase *answers = tcase_create("answers");

    tcase_add_test(checks, test_the_request_is_taken_apart);
    tcase_add_test(checks, test_order_and_case_of_the_fields_do_not_matter);
    tcase_add_test(checks, test_other_fields_are_ignored);
    tcase_add_test(checks, test_method_target_and_version_are_checked);
    tcase_add_test(checks, test_the_host_of_an_absolute_target_counts);
    tcase_add_test(checks, test_every_field_is_checked);
    tcase_add_test(checks, test_a_length_and_an_encoding_together_are_refused);
    tcase_add_test(checks, test_a_host_may_have_255_bytes);
    tcase_add_test(checks, test_the_first_supported_subprotocol_that_was_offered_is_chosen);
    suite_add_tcase(suite, checks);
    tcase_add_test(answers, test_the_sample_key_of_the_rfc_gets_its_answer);
    tcase_add_test(answers, test_an_acceptance_says_this_and_no_more);
    tcase_add_test(answers, test_a_refusal_is_a_complete_response);
    tcase_add_test(answers, test_answers_fit_their_room_whatever_they_say);
    tcase_add_test(answers, test_the_answer_to_head_is_the_same_without_its_content);
    suite_add_tcase(suite, answers);
    return suite;
}

int main(void)
{
    return suite_run(upgrade_suite());
}
