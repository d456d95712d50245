/*
 * The settings of an echo: its greeting.
 */
#include "config/config.h"
#include "config/errors.h"
#include "handlers/echo.h"
#include "handlers/registry.h"
#include "net_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = FRAME_FIN | OPCODE_TEXT };

static struct echo_settings settings;

static struct client *open_greeted(char *greeting)
{
    settings.greeting = greeting;
    net_start(&echo_handler, &settings);
    return client_open("/x");
}

START_TEST(test_a_greeting_comes_first_and_only_once)
{
    char greeting[] = "gr\xc3\xbc\xc3\x9f dich";
    struct client *client = open_greeted(greeting);

    client_expect(client, TEXT, greeting, strlen(greeting));
    client_send_frame(client, TEXT, "echo", 4);
    client_expect(client, TEXT, "echo", 4);
    client_free(client);
    net_stop();
}
END_TEST

/* Longer than what a callback sends, and than the queue is to hold. */
START_TEST(test_a_greeting_may_be_long)
{
    enum { LENGTH = 2000000 };
    char *greeting = (char *)make_payload(LENGTH);
    struct client *client;

    greeting[LENGTH] = '\0';
    client = open_greeted(greeting);
    client_expect(client, TEXT, greeting, LENGTH);
    client_send_frame(client, TEXT, "echo", 4);
    client_expect(client, TEXT, "echo", 4);
    client_free(client);
    net_stop();
    free(greeting);
}
END_TEST

START_TEST(test_without_a_greeting_nothing_comes_first)
{
    struct client *client = open_greeted(NULL);

    client_send_frame(client, TEXT, "echo", 4);
    client_expect(client, TEXT, "echo", 4);
    client_free(client);
    net_stop();
}
END_TEST

/* Loads a file whose greeting is that of the environment. Returns how many errors it has. */
static size_t errors_with(const char *greeting)
{
    char path[] = "/tmp/wsrelayd-test-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    struct config_errors errors;
    size_t count;

    ck_assert_ptr_nonnull(file);
    fputs("listeners: [{name: plain, address: ':0'}]\n"
          "routes:\n"
          "  - {path: /, handler: {type: echo, greeting: '${GREETING}'}}\n",
          file);
    ck_assert_int_eq(fclose(file), 0);
    setenv("GREETING", greeting, 1);
    config_errors_init(&errors, path);
    config_free(config_load(path, handler_registry, NULL, NULL, &errors));
    count = errors.error_count;
    config_errors_free(&errors);
    unlink(path);
    return count;
}

START_TEST(test_a_greeting_is_utf8)
{
    ck_assert_uint_eq(errors_with("gr\xc3\xbc\xc3\x9f dich"), 0);
    ck_assert_uint_eq(errors_with("gr\xfc\xdf dich"), 1);
    ck_assert_uint_eq(errors_with("cut\xc3"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("echo");
    TCase *tests = suite_case(suite, "greeting");

    tcase_add_test(tests, test_a_greeting_comes_first_and_only_once);
    tcase_add_test(tests, test_a_greeting_may_be_long);
    tcase_add_test(tests, test_without_a_greeting_nothing_comes_first);
    tcase_add_test(tests, test_a_greeting_is_utf8);
    return suite_run(suite);
}
