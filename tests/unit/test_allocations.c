/*
 * In steady state a message below 64 KiB costs one turn of the loop and no allocation: not to be
 * echoed, and not to be delivered to a room. A sanitizer counts; a build without one has but the
 * turns to check here.
 */
#include "handlers/echo.h"
#include "handlers/registry.h"
#include "handlers/rooms.h"

#include "net_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    WARM_UP = 50,
    COUNTED = 200,
    MEMBERS = 3,
    HEADER_MAX_BYTES = 14,
};

/* ---- counting ---- */

/* Of the sanitizers' run time (sanitizer/allocator_interface.h); NULL without one. */
extern int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *block,
                                                                       size_t length),
                                                     void (*freed)(const volatile void *block))
    __attribute__((weak));

static bool counting;
static unsigned allocations;

static void note_allocation(const volatile void *block, size_t length)
{
    (void)block;
    (void)length;
    allocations += counting;
}

static void ignore(const volatile void *block)
{
    (void)block;
}

static void no_mail(void *owner)
{
    (void)owner;
}

/* Check allocates, too: only what the loop does is counted. */
static void turn(void)
{
    bool good;

    counting = true;
    good = loop_turn(net.loop, no_mail);
    counting = false;
    ck_assert(good);
}

/* ---- messages ---- */

static struct client *clients[MEMBERS];

static const size_t lengths[] = {0, 1, 20, 125, 126, 1024, 16384, 65535};
enum { LENGTHS = sizeof lengths / sizeof lengths[0], LONGEST = 65535 };

static void take(const struct client *client, size_t payload_bytes)
{
    static uint8_t frame[HEADER_MAX_BYTES + LONGEST];
    size_t header_bytes = payload_bytes < 126 ? 2 : 4;
    ssize_t received = recv(client->fd, frame, sizeof frame, 0);

    ck_assert_int_eq(received, (ssize_t)(header_bytes + payload_bytes));
}

/* Has the first client send messages, each of which comes to those from `first` on. */
static void exchange(unsigned count, size_t payload_bytes, unsigned first, unsigned end)
{
    uint8_t *payload = make_payload(payload_bytes);
    uint8_t *frame = malloc(HEADER_MAX_BYTES + payload_bytes);
    size_t length;

    ck_assert_ptr_nonnull(frame);
    length = client_make_frame(frame, TEXT, payload, payload_bytes);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(send(clients[0]->fd, frame, length, 0), (ssize_t)length);
        turn();
        for (unsigned to = first; to < end; to++) {
            take(clients[to], payload_bytes);
        }
    }
    free(frame);
    free(payload);
}

static void count_allocations(size_t payload_bytes, unsigned first, unsigned end)
{
    exchange(WARM_UP, payload_bytes, first, end);
    allocations = 0;
    exchange(COUNTED, payload_bytes, first, end);
}

static void prepare(void)
{
    if (__sanitizer_install_malloc_and_free_hooks != NULL) {
        ck_assert_int_gt(__sanitizer_install_malloc_and_free_hooks(note_allocation, ignore), 0);
    }
}

static void stop(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        client_free(clients[i]);
    }
    net_stop();
}

/* ---- the tests ---- */

START_TEST(test_an_echo_allocates_nothing)
{
    static struct echo_settings settings;

    net_start(&echo_handler, &settings);
    clients[0] = client_open("/x");
    count_allocations(lengths[_i], 0, 1);
    ck_assert_uint_eq(allocations, 0);
    stop(1);
}
END_TEST

static enum upgrade_decision join(struct conn *conn, const struct upgrade_info *info, int *status,
                                  const char **reason)
{
    (void)status;
    (void)reason;
    ck_assert(room_join(conn, conn_state(conn), SLICE("namespace"), info->captures[0].value));
    return UPGRADE_ACCEPT;
}

static void publish(struct conn *conn, enum message_type type, const uint8_t *bytes, size_t length)
{
    if (!room_publish(conn_state(conn), type, bytes, length, false)) {
        conn_close(conn, CLOSE_INTERNAL_ERROR, "not published");
    }
}

static void leave(struct conn *conn)
{
    room_leave(conn_state(conn));
}

static const struct handler room_handler = {.schema = {.name = "test"},
                                            .state_bytes = sizeof(struct room_member),
                                            .on_upgrade = join,
                                            .on_message = publish,
                                            .on_close = leave};

START_TEST(test_a_delivery_allocates_nothing)
{
    net_start(&room_handler, NULL);
    for (unsigned i = 0; i < MEMBERS; i++) {
        clients[i] = client_open("/lobby");
    }
    count_allocations(lengths[_i], 1, MEMBERS);
    ck_assert_uint_eq(allocations, 0);
    stop(MEMBERS);
}
END_TEST

/* Otherwise nothing above would be counted. */
START_TEST(test_a_connection_is_counted)
{
    net_start(&room_handler, NULL);
    counting = true;
    allocations = 0;
    clients[0] = client_open("/lobby");
    counting = false;
    ck_assert_uint_gt(allocations, 0);
    stop(1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocations");
    TCase *tests = suite_case(suite, "messages");

    tcase_add_checked_fixture(tests, prepare, NULL);
    tcase_add_loop_test(tests, test_an_echo_allocates_nothing, 0, LENGTHS);
    tcase_add_loop_test(tests, test_a_delivery_allocates_nothing, 0, LENGTHS);
    if (__sanitizer_install_malloc_and_free_hooks != NULL) {
        tcase_add_test(tests, test_a_connection_is_counted);
    }
    return suite_run(suite);
}
