/*
 * Listeners with host names: when the resolver is asked. It is this file's.
 */
#include "net/listener_set.h"

#include "listener_fixture.h"
#include "suite.h"

#include <check.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static int questions;

/* Stand in for those of the C library, whose parameters have reserved names: every name has one
 * address. */
int answer(const char *host, const char *port, const struct addrinfo *hints,
           struct addrinfo **list) __asm__("getaddrinfo");
void free_answer(struct addrinfo *list) __asm__("freeaddrinfo");

int answer(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } * found;

    (void)host;
    if (hints->ai_flags & AI_NUMERICHOST) {
        return EAI_NONAME;
    }
    questions++;
    found = calloc(1, sizeof *found);
    found->address = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                          .sin_port = htons((in_port_t)strtol(port, NULL, 10))};
    found->info = (struct addrinfo){.ai_family = AF_INET,
                                    .ai_addr = (struct sockaddr *)&found->address,
                                    .ai_addrlen = sizeof found->address};
    *list = &found->info;
    return 0;
}

void free_answer(struct addrinfo *list)
{
    free(list);
}

static void open_beside(struct listener_fixture *fixture, struct listener_set *set)
{
    ck_assert_int_eq(listener_set_open(set, &fixture->config, &fixture->set), 0);
}

START_TEST(test_a_name_that_is_kept_is_not_looked_up_again)
{
    struct listener_fixture fixture = {0};
    struct listener_set second;
    struct listener_set third;

    listener_add_address(listener_add(&fixture, "plain", "relay.example:0"), "other.example:0");
    listener_open_set(&fixture);
    ck_assert_int_eq(questions, 2);
    open_beside(&fixture, &second);
    ck_assert_int_eq(listener_set_open(&third, &fixture.config, &second), 0);
    ck_assert_int_eq(questions, 2);
    ck_assert_uint_eq(third.count, 2);
    for (size_t i = 0; i < third.count; i++) {
        ck_assert(third.sockets[i].kept);
        ck_assert_ptr_eq(third.sockets[i].bound, fixture.set.sockets[i].bound);
    }
    listener_set_free(&third);
    listener_set_free(&second);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_name_is_still_known_after_certificates_were_renewed)
{
    struct listener_fixture fixture = {0};
    struct listener_set renewed;
    struct listener_set set;

    listener_add(&fixture, "plain", "relay.example:0");
    listener_open_set(&fixture);
    ck_assert_int_eq(listener_set_renew(&renewed, &fixture.set, &fixture.config, 0), 0);
    ck_assert_int_eq(listener_set_open(&set, &fixture.config, &renewed), 0);
    ck_assert_int_eq(questions, 1);
    listener_set_free(&set);
    listener_set_free(&renewed);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_new_name_is_looked_up_beside_one_that_is_kept)
{
    struct listener_fixture fixture = {0};
    struct listener_set set;

    listener_add(&fixture, "plain", "relay.example:0");
    listener_open_set(&fixture);
    listener_add(&fixture, "more", "relay.example:0"); /* another port */
    listener_add(&fixture, "another", "other.example:0");
    open_beside(&fixture, &set);
    ck_assert_int_eq(questions, 3);
    ck_assert(set.sockets[0].kept);
    ck_assert(!set.sockets[1].kept);
    ck_assert(!set.sockets[2].kept);
    listener_set_free(&set);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("listener_names");
    TCase *names = tcase_create("names");

    tcase_add_test(names, test_a_name_that_is_kept_is_not_looked_up_again);
    tcase_add_test(names, test_a_name_is_still_known_after_certificates_were_renewed);
    tcase_add_test(names, test_a_new_name_is_looked_up_beside_one_that_is_kept);
    suite_add_tcase(suite, names);
    return suite;
}

int main(void)
{
    int status;

    if (!listener_directory_make()) {
        return EXIT_FAILURE;
    }
    status = suite_run(make_suite());
    listener_directory_remove();
    return status;
}
