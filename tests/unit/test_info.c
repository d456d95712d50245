/*
 * What a client is told of its own connection. What comes from a real one is in the integration
 * tests.
 */
#include "handlers/info.h"

#include "protocol/http.h"
#include "suite.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct conn_description description;
static struct upgrade_info info;
static struct http_field parsed_fields[64];
static struct http_head parsed;

/* Makes it the request. */
static void request(const char *head)
{
    struct http_refusal refusal;

    ck_assert(http_parse(slice_of(head), parsed_fields, 64, &parsed, &refusal));
}

static void prepare(void)
{
    description =
        (struct conn_description){.address = "192.0.2.1", .port = 1234, .listener = "one"};
    info = (struct upgrade_info){.head = &parsed, .host = SLICE("h")};
    request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

/* The text as a value, to be released. */
static json_t *told(void)
{
    char *text = info_text(&description, &info);
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    ck_assert_ptr_nonnull(value);
    ck_assert_ptr_null(strchr(text, '\n'));
    free(text);
    return value;
}

static const char *text_at(const json_t *value, const char *one, const char *other)
{
    return json_string_value(json_object_get(json_object_get(value, one), other));
}

START_TEST(test_a_plain_connection)
{
    json_t *value = told();

    ck_assert_str_eq(text_at(value, "client", "address"), "192.0.2.1");
    ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(value, "client"), "port")),
                     1234);
    ck_assert_str_eq(json_string_value(json_object_get(value, "listener")), "one");
    ck_assert(json_is_null(json_object_get(value, "tls")));
    ck_assert(json_is_null(json_object_get(value, "subprotocol")));
    ck_assert_uint_eq(json_array_size(json_object_get(value, "extensions")), 0);
    ck_assert_str_eq(json_string_value(json_object_get(value, "host")), "h");
    ck_assert_str_eq(text_at(value, "server", "name"), "wsrelayd");
    ck_assert_str_eq(text_at(value, "server", "version"), WSRELAYD_VERSION);
    ck_assert_str_eq(text_at(value, "request", "line"), "GET / HTTP/1.1");
    json_decref(value);
}
END_TEST

START_TEST(test_a_unix_socket_has_no_port)
{
    json_t *value;

    description = (struct conn_description){.listener = "one"};
    value = told();
    ck_assert_str_eq(text_at(value, "client", "address"), "unix:");
    ck_assert_ptr_null(json_object_get(json_object_get(value, "client"), "port"));
    json_decref(value);
}
END_TEST

START_TEST(test_tls_with_and_without_a_client_certificate)
{
    json_t *value;

    description.tls_version = "TLSv1.3";
    description.tls_cipher = "TLS_AES_128_GCM_SHA256";
    value = told();
    ck_assert_str_eq(text_at(value, "tls", "version"), "TLSv1.3");
    ck_assert_str_eq(text_at(value, "tls", "cipher"), "TLS_AES_128_GCM_SHA256");
    ck_assert(json_is_null(json_object_get(json_object_get(value, "tls"), "client_certificate")));
    json_decref(value);
    strcpy(description.tls_subject, "CN=\\C3\\A4");
    value = told();
    ck_assert_str_eq(text_at(value, "tls", "client_certificate"), "CN=\\C3\\A4");
    json_decref(value);
}
END_TEST

/* As a field stands in the request, and what it is called. */
static const struct {
    const char *line;
    const char *name;
    const char *value;
} fields[] = {
    {"Host: h", "Host", "h"},
    {"X:", "X", ""},
    {"X: \t ", "X", ""},
    {"x-y:\ta b\t", "x-y", "a b"},
    {"X: a:b", "X", "a:b"},
    {"X: a\tb", "X", "a\tb"},
    {"X: \"\\/", "X", "\"\\/"},
    {"X: gr\xc3\xbc\xc3\x9f", "X", "gr\xc3\xbc\xc3\x9f"},
    {"X: \xf0\x9d\x84\x9e", "X", "\xf0\x9d\x84\x9e"},
    {"X: \xff\xf0\x9d\x84\x9e\xff", "X", "\\xff\xf0\x9d\x84\x9e\\xff"},
    {"X: gr\xfc\xdf", "X", "gr\\xfc\\xdf"},
    {"X: \xc3", "X", "\\xc3"},
    {"X: \xc3\xc3\xbc\xbc", "X", "\\xc3\xc3\xbc\\xbc"},
    {"X: \xed\xa0\x80", "X", "\\xed\\xa0\\x80"},
    {"X: \xf4\x90\x80\x80", "X", "\\xf4\\x90\\x80\\x80"},
    {"X: \xff\xfe", "X", "\\xff\\xfe"},
    {"Authorization: Basic c2VjcmV0", "Authorization", "Basic c2VjcmV0"},
};

START_TEST(test_fields_stand_as_they_came_and_what_is_no_utf8_is_escaped)
{
    char head[4096] = "GET /a?b HTTP/1.1\r\n";
    size_t count = sizeof fields / sizeof *fields;
    json_t *value;
    json_t *list;

    for (size_t i = 0; i < count; i++) {
        strcat(strcat(head, fields[i].line), "\r\n");
    }
    strcat(head, "\r\n");
    request(head);
    value = told();
    list = json_object_get(json_object_get(value, "request"), "fields");
    ck_assert_str_eq(text_at(value, "request", "line"), "GET /a?b HTTP/1.1");
    ck_assert_uint_eq(json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *field = json_array_get(list, i);

        ck_assert_str_eq(json_string_value(json_object_get(field, "name")), fields[i].name);
        ck_assert_str_eq(json_string_value(json_object_get(field, "value")), fields[i].value);
    }
    json_decref(value);
}
END_TEST

START_TEST(test_the_time_is_that_of_rfc_3339)
{
    json_t *value = told();
    const char *time = json_string_value(json_object_get(value, "time"));
    unsigned number[7];
    char end;

    ck_assert_int_eq(sscanf(time, "%4u-%2u-%2uT%2u:%2u:%2u.%3u%c", &number[0], &number[1],
                            &number[2], &number[3], &number[4], &number[5], &number[6], &end),
                     8);
    ck_assert_int_eq(end, 'Z');
    ck_assert_uint_eq(strlen(time), strlen("2026-11-23T03:17:12.123Z"));
    json_decref(value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("info");
    TCase *tests = suite_case(suite, "info");

    tcase_add_checked_fixture(tests, prepare, NULL);
    tcase_add_test(tests, test_a_plain_connection);
    tcase_add_test(tests, test_a_unix_socket_has_no_port);
    tcase_add_test(tests, test_tls_with_and_without_a_client_certificate);
    tcase_add_test(tests, test_fields_stand_as_they_came_and_what_is_no_utf8_is_escaped);
    tcase_add_test(tests, test_the_time_is_that_of_rfc_3339);
    return suite_run(suite);
}
