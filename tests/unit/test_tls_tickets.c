/*
 * Ticket keys: how long one seals, and how long it opens. Tickets themselves: test_tls.c.
 */
#include "net/tls_tickets.h"

#include "suite.h"

#include <check.h>
#include <string.h>

/* Some moment after the machine's start. */
static const int64_t start_ms = 123456;

static struct tls_ticket_key current(struct tls_tickets *tickets, int64_t now_ms)
{
    struct tls_ticket_key key;

    ck_assert(tls_tickets_current(tickets, now_ms, &key));
    return key;
}

/* Whether a ticket of this key can be opened; *renew: but a new one should be given. */
static bool opens(struct tls_tickets *tickets, int64_t now_ms, const struct tls_ticket_key *key,
                  bool *renew)
{
    struct tls_ticket_key found;
    bool is_current = false;

    if (!tls_tickets_find(tickets, now_ms, key->name, &found, &is_current)) {
        return false;
    }
    ck_assert_mem_eq(&found, key, sizeof found);
    *renew = !is_current;
    return true;
}

START_TEST(test_a_key_seals_for_one_rotation)
{
    struct tls_tickets *tickets = tls_tickets_create();
    struct tls_ticket_key first = current(tickets, start_ms);
    struct tls_ticket_key later = current(tickets, start_ms + TLS_TICKET_KEY_ROTATION_MS - 1);
    struct tls_ticket_key next = current(tickets, start_ms + TLS_TICKET_KEY_ROTATION_MS);

    ck_assert_mem_eq(&first, &later, sizeof first);
    ck_assert_mem_ne(first.name, next.name, sizeof first.name);
    ck_assert_mem_ne(first.cipher_key, next.cipher_key, sizeof first.cipher_key);
    ck_assert_mem_ne(first.mac_key, next.mac_key, sizeof first.mac_key);
    tls_tickets_free(tickets);
}
END_TEST

START_TEST(test_a_key_opens_for_two_rotations)
{
    struct tls_tickets *tickets = tls_tickets_create();
    struct tls_ticket_key first = current(tickets, start_ms);
    int64_t end_ms = start_ms + 2 * (int64_t)TLS_TICKET_KEY_ROTATION_MS;
    bool renew = true;

    ck_assert(opens(tickets, start_ms, &first, &renew) && !renew);
    (void)current(tickets, start_ms + TLS_TICKET_KEY_ROTATION_MS);
    ck_assert(opens(tickets, start_ms + TLS_TICKET_KEY_ROTATION_MS, &first, &renew) && renew);
    ck_assert(opens(tickets, end_ms - 1, &first, &renew) && renew);
    ck_assert(!opens(tickets, end_ms, &first, &renew));
    tls_tickets_free(tickets);
}
END_TEST

START_TEST(test_a_key_ages_without_a_successor)
{
    struct tls_tickets *tickets = tls_tickets_create();
    struct tls_ticket_key first = current(tickets, start_ms);
    int64_t end_ms = start_ms + 2 * (int64_t)TLS_TICKET_KEY_ROTATION_MS;
    bool renew = false;

    ck_assert(opens(tickets, end_ms - 1, &first, &renew) && renew);
    ck_assert(!opens(tickets, end_ms, &first, &renew));
    tls_tickets_free(tickets);
}
END_TEST

START_TEST(test_names_of_no_key_are_unknown)
{
    struct tls_tickets *tickets = tls_tickets_create();
    struct tls_ticket_key zero = {{0}, {0}, {0}};
    bool renew;

    ck_assert(!opens(tickets, start_ms, &zero, &renew));
    (void)current(tickets, start_ms);
    ck_assert(!opens(tickets, start_ms, &zero, &renew));
    tls_tickets_free(tickets);
    tls_tickets_free(NULL);
}
END_TEST

static Suite *tls_tickets_suite(void)
{
    Suite *suite = suite_create("tls_tickets");
    TCase *keys = tcase_create("keys");

    tcase_add_test(keys, test_a_key_seals_for_one_rotation);
    tcase_add_test(keys, test_a_key_opens_for_two_rotations);
    tcase_add_test(keys, test_a_key_ages_without_a_successor);
    tcase_add_test(keys, test_names_of_no_key_are_unknown);
    suite_add_tcase(suite, keys);
    return suite;
}

int main(void)
{
    return suite_run(tls_tickets_suite());
}
