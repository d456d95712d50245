/*
 * Mailboxes.
 */
#include "base/mailbox.h"

#include "suite.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

enum { SENDERS = 4, LETTERS_OF_A_SENDER = 5000 };

struct letter {
    struct mail mail;
    unsigned sender;
    unsigned number;
};

/* What the receiver saw. */
struct reader {
    unsigned total;
    unsigned next_number[SENDERS];
    struct letter *reply; /* posted once from within a delivery */
};

static struct mailbox box;

static void prepare(void)
{
    ck_assert_int_eq(mailbox_init(&box), 0);
}

static void clean_up(void)
{
    mailbox_destroy(&box);
}

static bool is_readable(int timeout_ms)
{
    struct pollfd wanted = {.fd = box.wake_fd, .events = POLLIN};

    return poll(&wanted, 1, timeout_ms) == 1;
}

static void read_letter(struct mail *mail, void *receiver)
{
    struct letter *letter = (struct letter *)(void *)mail;
    struct reader *reader = receiver;

    ck_assert_uint_eq(letter->number, reader->next_number[letter->sender]);
    reader->next_number[letter->sender]++;
    reader->total++;
    if (reader->reply != NULL) {
        mailbox_post(&box, &reader->reply->mail);
        reader->reply = NULL;
    }
}

START_TEST(test_an_empty_box_is_not_readable_and_has_nothing)
{
    struct reader reader = {0};

    ck_assert(!is_readable(0));
    ck_assert(!mailbox_drain(&box, &reader));
    ck_assert_uint_eq(reader.total, 0);
}
END_TEST

START_TEST(test_mail_comes_once_and_in_order_with_one_wake_up)
{
    struct letter letters[3];
    struct reader reader = {0};

    for (unsigned i = 0; i < 3; i++) {
        letters[i] = (struct letter){.mail.deliver = read_letter, .number = i};
        mailbox_post(&box, &letters[i].mail);
    }
    ck_assert(is_readable(0));
    ck_assert(mailbox_drain(&box, &reader));
    ck_assert_uint_eq(reader.total, 3);
    ck_assert(!is_readable(0));
    ck_assert(!mailbox_drain(&box, &reader));
}
END_TEST

START_TEST(test_mail_posted_during_a_delivery_waits_and_keeps_the_box_readable)
{
    struct letter first = {.mail.deliver = read_letter, .number = 0};
    struct letter second = {.mail.deliver = read_letter, .number = 1};
    struct reader reader = {.reply = &second};

    mailbox_post(&box, &first.mail);
    ck_assert(mailbox_drain(&box, &reader));
    ck_assert_uint_eq(reader.total, 1);
    ck_assert(is_readable(0));
    ck_assert(mailbox_drain(&box, &reader));
    ck_assert_uint_eq(reader.total, 2);
}
END_TEST

static void free_letter(struct mail *mail, void *receiver)
{
    read_letter(mail, receiver);
    free(mail);
}

START_TEST(test_the_receiver_may_free_what_is_delivered)
{
    struct reader reader = {0};

    for (unsigned i = 0; i < 2; i++) {
        struct letter *letter = malloc(sizeof *letter);

        ck_assert_ptr_nonnull(letter);
        *letter = (struct letter){.mail.deliver = free_letter, .number = i};
        mailbox_post(&box, &letter->mail);
    }
    ck_assert(mailbox_drain(&box, &reader));
    ck_assert_uint_eq(reader.total, 2);
}
END_TEST

static void *post_all(void *argument)
{
    struct letter *letters = argument;

    for (unsigned i = 0; i < LETTERS_OF_A_SENDER; i++) {
        mailbox_post(&box, &letters[i].mail);
    }
    return NULL;
}

START_TEST(test_no_wake_up_is_lost_between_many_senders_and_one_receiver)
{
    static struct letter letters[SENDERS][LETTERS_OF_A_SENDER];
    pthread_t threads[SENDERS];
    struct reader reader = {0};

    for (unsigned sender = 0; sender < SENDERS; sender++) {
        for (unsigned i = 0; i < LETTERS_OF_A_SENDER; i++) {
            letters[sender][i] =
                (struct letter){.mail.deliver = read_letter, .sender = sender, .number = i};
        }
        ck_assert_int_eq(pthread_create(&threads[sender], NULL, post_all, letters[sender]), 0);
    }
    while (reader.total < SENDERS * LETTERS_OF_A_SENDER) {
        ck_assert(is_readable(10000));
        ck_assert(mailbox_drain(&box, &reader));
    }
    for (unsigned sender = 0; sender < SENDERS; sender++) {
        pthread_join(threads[sender], NULL);
    }
    ck_assert(!is_readable(0));
}
END_TEST

START_TEST(test_the_descriptor_does_not_block_and_is_closed_on_exec)
{
    ck_assert_int_ne(fcntl(box.wake_fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(box.wake_fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

static Suite *mailbox_suite(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *mail = tcase_create("mail");

    tcase_add_checked_fixture(mail, prepare, clean_up);
    tcase_set_timeout(mail, 60);
    tcase_add_test(mail, test_an_empty_box_is_not_readable_and_has_nothing);
    tcase_add_test(mail, test_mail_comes_once_and_in_order_with_one_wake_up);
    tcase_add_test(mail, test_mail_posted_during_a_delivery_waits_and_keeps_the_box_readable);
    tcase_add_test(mail, test_the_receiver_may_free_what_is_delivered);
    tcase_add_test(mail, test_no_wake_up_is_lost_between_many_senders_and_one_receiver);
    tcase_add_test(mail, test_the_descriptor_does_not_block_and_is_closed_on_exec);
    suite_add_tcase(suite, mail);
    return suite;
}

int main(void)
{
    return suite_run(mailbox_suite());
}
