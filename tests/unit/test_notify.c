/*
 * Tests of server/notify.c: the messages, and what becomes of them when there is no room.
 */
#include "server/notify.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES = 1024 };

static int manager; /* the other end */
static char text[TEXT_BYTES];
static char expected[TEXT_BYTES];

/* ---- the manager ---- */

/* A manager with an abstract name of this process's. */
static void manager_open(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length;
    char variable[TEXT_BYTES];

    snprintf(variable, sizeof variable, "@wsrelayd-test-notify-%ld", (long)getpid());
    memcpy(name.sun_path + 1, variable + 1, strlen(variable + 1));
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(variable));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&name, length), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", variable, 1), 0);
}

static void manager_close(void)
{
    notify_close();
    (void)close(manager);
}

/* The next message in `text`, and the descriptor that came with it, or -1. */
static int receive(void)
{
    struct iovec part = {.iov_base = text, .iov_len = sizeof text - 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t length = recvmsg(manager, &message, MSG_CMSG_CLOEXEC);
    int fd = -1;

    ck_assert_msg(length >= 0, "no message");
    text[length] = '\0';
    if (CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
    }
    return fd;
}

static void assert_message(const char *wanted)
{
    ck_assert_int_eq(receive(), -1);
    ck_assert_str_eq(text, wanted);
}

static void assert_nothing(void)
{
    ck_assert_int_eq(recv(manager, text, sizeof text, 0), -1);
    ck_assert_int_eq(errno, EAGAIN);
}

/* Leaves no room for another message. Returns how many there are. */
static int fill(void)
{
    int count = 0;

    while (notify_remove_descriptor("filler") == 0) {
        count++;
    }
    return count;
}

static void drain(int count)
{
    while (count-- > 0) {
        assert_message("FDSTOREREMOVE=1\nFDNAME=filler");
    }
}

/* ---- finding it ---- */

START_TEST(test_nobody_else_finds_the_manager_afterwards)
{
    manager_open();
    setenv("WATCHDOG_USEC", "3000000", 1);
    notify_open();
    ck_assert(notify_enabled());
    ck_assert_int_eq(notify_watchdog_us(), 3000000);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
    ck_assert_ptr_null(getenv("WATCHDOG_PID"));
    manager_close();
}
END_TEST

START_TEST(test_without_a_manager_nothing_is_done)
{
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "3000000", 1);
    notify_open();
    ck_assert(!notify_enabled());
    ck_assert_int_eq(notify_watchdog_us(), 0);
    notify_ready("a");
    notify_reloading();
    notify_status("b");
    notify_extend(1, "c");
    notify_watchdog();
    notify_stopping("d");
    notify_failed(1, "e");
    notify_close();
}
END_TEST

static const struct {
    const char *us;
    const char *pid; /* NULL: unset; "": this process's */
    int64_t expected;
} watchdogs[] = {
    {"1", NULL, 1}, {"20", "", 20}, {"20", "1", 0},  {"0", NULL, 0},
    {"-5", "", 0},  {"x", "", 0},   {"20x", "", 0},  {"99999999999999999999", "", 0},
    {"", "", 0},    {NULL, "", 0},  {"20", "x1", 0},
};

START_TEST(test_the_watchdog_is_that_of_this_process)
{
    char pid[32];

    manager_open();
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    if (watchdogs[_i].us != NULL) {
        setenv("WATCHDOG_USEC", watchdogs[_i].us, 1);
    }
    if (watchdogs[_i].pid != NULL) {
        setenv("WATCHDOG_PID", watchdogs[_i].pid[0] != '\0' ? watchdogs[_i].pid : pid, 1);
    }
    notify_open();
    ck_assert_int_eq(notify_watchdog_us(), watchdogs[_i].expected);
    manager_close();
}
END_TEST

/* ---- messages ---- */

START_TEST(test_states)
{
    manager_open();
    notify_open();
    notify_ready("serving");
    snprintf(expected, sizeof expected, "READY=1\nSTATUS=serving\nMAINPID=%ld", (long)getpid());
    assert_message(expected);
    notify_watchdog();
    assert_message("WATCHDOG=1");
    notify_stopping("stopping");
    assert_message("STOPPING=1\nSTATUS=stopping");
    notify_extend(5000000, "3 left");
    assert_message("EXTEND_TIMEOUT_USEC=5000000\nSTATUS=3 left");
    notify_failed(EINVAL, "no good");
    assert_message("ERRNO=22\nSTATUS=no good");
    assert_nothing();
    manager_close();
}
END_TEST

static long long microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

START_TEST(test_a_reload_has_the_time_at_which_it_begins)
{
    long long before = microseconds();
    long long time;

    manager_open();
    notify_open();
    notify_reloading();
    receive();
    ck_assert_int_eq(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld", &time), 1);
    ck_assert_int_ge(time, before);
    ck_assert_int_le(time, microseconds());
    notify_ready("reloaded");
    snprintf(expected, sizeof expected, "READY=1\nSTATUS=reloaded\nMAINPID=%ld", (long)getpid());
    assert_message(expected);
    manager_close();
}
END_TEST

START_TEST(test_a_status_is_sent_when_it_changes)
{
    manager_open();
    notify_open();
    notify_ready("1");
    receive();
    notify_status("1");
    assert_nothing();
    notify_status("2");
    assert_message("STATUS=2");
    notify_status("2");
    assert_nothing();
    notify_status("1");
    assert_message("STATUS=1");
    manager_close();
}
END_TEST

/* A message is lines: what is in one line of it must not look like another. */
START_TEST(test_a_status_is_one_line_of_whole_characters)
{
    char long_text[400] = "x";
    size_t length;

    manager_open();
    notify_open();
    notify_status("one\nREADY=1");
    assert_message("STATUS=one");
    for (size_t i = 1; i + 2 < sizeof long_text; i += 2) {
        memcpy(long_text + i, "\xC3\xA9", 2);
    }
    notify_status(long_text);
    receive();
    length = strlen("STATUS=") + 255;
    ck_assert_uint_eq(strlen(text), length);
    ck_assert_str_eq(text + length - 2, "\xC3\xA9");
    notify_status(long_text + 1);
    receive();
    ck_assert_uint_eq(strlen(text), length - 1);
    manager_close();
}
END_TEST

/* ---- a manager that does not read ---- */

START_TEST(test_a_state_that_finds_no_room_is_sent_before_anything_else)
{
    int count;

    manager_open();
    notify_open();
    count = fill();
    ck_assert_int_gt(count, 0);
    notify_ready("serving");
    notify_status("another");
    notify_watchdog();
    drain(count);
    assert_nothing();
    notify_watchdog();
    snprintf(expected, sizeof expected, "READY=1\nSTATUS=serving\nMAINPID=%ld", (long)getpid());
    assert_message(expected);
    assert_message("WATCHDOG=1");
    notify_status("another");
    assert_message("STATUS=another");
    assert_nothing();
    manager_close();
}
END_TEST

START_TEST(test_a_status_that_has_not_changed_sends_what_is_owed)
{
    int count;

    manager_open();
    notify_open();
    count = fill();
    notify_ready("serving");
    drain(count);
    notify_status("serving");
    receive();
    ck_assert_ptr_nonnull(strstr(text, "READY=1"));
    assert_nothing();
    manager_close();
}
END_TEST

START_TEST(test_of_two_states_without_room_the_later_is_sent)
{
    int count;

    manager_open();
    notify_open();
    count = fill();
    notify_ready("serving");
    notify_stopping("stopping");
    drain(count);
    notify_watchdog();
    assert_message("STOPPING=1\nSTATUS=stopping");
    assert_message("WATCHDOG=1");
    assert_nothing();
    manager_close();
}
END_TEST

/* ---- descriptors ---- */

START_TEST(test_a_descriptor_goes_with_its_message)
{
    int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int received;
    struct stat one;
    struct stat other;

    manager_open();
    notify_open();
    ck_assert_int_eq(notify_store_descriptor("listener-a", sent), 0);
    received = receive();
    ck_assert_str_eq(text, "FDSTORE=1\nFDNAME=listener-a");
    ck_assert_int_eq(fstat(sent, &one) | fstat(received, &other), 0);
    ck_assert_uint_eq(one.st_ino, other.st_ino);
    ck_assert_int_eq(notify_remove_descriptor("listener-a"), 0);
    assert_message("FDSTOREREMOVE=1\nFDNAME=listener-a");
    close(sent);
    close(received);
    manager_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notify");
    TCase *finding = suite_case(suite, "finding the manager");
    TCase *messages = suite_case(suite, "messages");
    TCase *full = suite_case(suite, "no room");
    TCase *descriptors = suite_case(suite, "descriptors");

    tcase_add_test(finding, test_nobody_else_finds_the_manager_afterwards);
    tcase_add_test(finding, test_without_a_manager_nothing_is_done);
    tcase_add_loop_test(finding, test_the_watchdog_is_that_of_this_process, 0,
                        sizeof watchdogs / sizeof *watchdogs);
    tcase_add_test(messages, test_states);
    tcase_add_test(messages, test_a_reload_has_the_time_at_which_it_begins);
    tcase_add_test(messages, test_a_status_is_sent_when_it_changes);
    tcase_add_test(messages, test_a_status_is_one_line_of_whole_characters);
    tcase_add_test(full, test_a_state_that_finds_no_room_is_sent_before_anything_else);
    tcase_add_test(full, test_a_status_that_has_not_changed_sends_what_is_owed);
    tcase_add_test(full, test_of_two_states_without_room_the_later_is_sent);
    tcase_add_test(descriptors, test_a_descriptor_goes_with_its_message);
    return suite_run(suite);
}
