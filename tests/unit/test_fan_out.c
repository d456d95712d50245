/*
 * The entries of a turn's publications.
 */
#include "net/fan_out.h"

#include "outbox_fixture.h"
#include "suite.h"

enum { DATA = FRAME_FIN | OPCODE_BINARY, MANY = 10000 };

static struct fan_out fan_out;
static struct parcel *parcel;
static struct conn *const somebody = (struct conn *)&fan_out;

static void prepare(void)
{
    outbox_fixture_start();
    parcel = make_parcel(DATA, 10, 1);
}

static void clean_up(void)
{
    parcel_release(&outbox_pool, parcel);
    fan_out_free(&fan_out);
    outbox_fixture_stop();
}

START_TEST(test_an_entry_holds_what_was_added)
{
    const struct fan_out_entry *entry;

    ck_assert_uint_eq(fan_out_add(&fan_out, somebody, parcel), 1);
    ck_assert_uint_eq(fan_out_add(&fan_out, somebody, parcel), 2);
    entry = fan_out_entry(&fan_out, 2);
    ck_assert_ptr_eq(entry->conn, somebody);
    ck_assert_ptr_eq(entry->parcel, parcel);
    ck_assert_uint_eq(entry->offset, 0);
    ck_assert_uint_eq(entry->end, 12);
    ck_assert_uint_eq(parcel->references, 3);
    parcel->references = 1;
}
END_TEST

START_TEST(test_only_what_lies_right_behind_extends_an_entry)
{
    struct parcel *other = make_parcel(DATA, 10, 2);
    struct parcel behind = *parcel;
    struct fan_out_entry *entry;

    fan_out_add(&fan_out, somebody, parcel);
    entry = fan_out_entry(&fan_out, 1);
    behind.offset = 12;
    behind.end = 20;
    ck_assert(!fan_out_extend(entry, parcel));
    ck_assert(!fan_out_extend(entry, other));
    ck_assert(fan_out_extend(entry, &behind));
    ck_assert_uint_eq(entry->end, 20);
    ck_assert(!fan_out_extend(entry, &behind));
    parcel->references = 1;
    parcel_release(&outbox_pool, other);
}
END_TEST

START_TEST(test_memory_goes_after_a_burst)
{
    for (int i = 0; i < MANY; i++) {
        ck_assert_uint_eq(fan_out_add(&fan_out, somebody, parcel), i + 1);
    }
    ck_assert_uint_ge(fan_out.capacity, MANY);
    fan_out_clear(&fan_out);
    ck_assert_uint_eq(fan_out_add(&fan_out, somebody, parcel), 1);
    ck_assert_uint_ge(fan_out.capacity, MANY); /* the next turn may be large again */
    for (int i = 0; i < 1000; i++) {
        fan_out_clear(&fan_out);
        ck_assert_uint_eq(fan_out_add(&fan_out, somebody, parcel), 1);
    }
    ck_assert_uint_le(fan_out.capacity, 64);
    parcel->references = 1;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fan-out");
    TCase *tests = suite_case(suite, "entries");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_an_entry_holds_what_was_added);
    tcase_add_test(tests, test_only_what_lies_right_behind_extends_an_entry);
    tcase_add_test(tests, test_memory_goes_after_a_burst);
    return suite_run(suite);
}
