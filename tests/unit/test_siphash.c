/*
 * SipHash-1-3. The expected values are those of CPython 3.11, whose hash() of bytes is the same
 * function under a key of zeros when PYTHONHASHSEED is 0, and the published ones of the algorithm
 * for the key 00 01 .. 0f.
 */
#include "base/siphash.h"

#include "suite.h"

#include <string.h>

static const struct {
    const char *text;
    int64_t hash;
} zero_key[] = {
    {"a", INT64_C(4644417185603328019)},
    {"hello", INT64_C(-2096571579003691106)},
    {"12345678", INT64_C(3785724242978802311)},
    {"somewhat longer text here", INT64_C(-6310646958829155556)},
};

START_TEST(test_texts_hash_as_elsewhere_under_a_key_of_zeros)
{
    const struct siphash_key key = {0, 0};
    const char *text = zero_key[_i].text;

    ck_assert_int_eq((int64_t)siphash(&key, text, strlen(text)), zero_key[_i].hash);
}
END_TEST

/* The bytes 00, 01, 02, ... of each length. */
static const uint64_t counting_key[] = {
    UINT64_C(0xabac0158050fc4dc),
    UINT64_C(0xc9f49bf37d57ca93),
    UINT64_C(0x82cb9b024dc7d44d),
    UINT64_C(0x8bf80ab8e7ddf7fb),
};

START_TEST(test_every_byte_of_the_key_counts)
{
    const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    const char bytes[] = {0, 1, 2};

    ck_assert_uint_eq(siphash(&key, bytes, (size_t)_i), counting_key[_i]);
}
END_TEST

START_TEST(test_every_byte_and_the_length_count)
{
    const struct siphash_key key = {1, 2};
    char bytes[24] = {0};
    uint64_t hash = siphash(&key, bytes, sizeof bytes);

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        ck_assert_uint_ne(siphash(&key, bytes, sizeof bytes), hash);
        bytes[i] = 0;
        ck_assert_uint_ne(siphash(&key, bytes, i), hash);
    }
}
END_TEST

START_TEST(test_the_hash_does_not_depend_on_alignment)
{
    const struct siphash_key key = {1, 2};
    char room[40];
    uint64_t hash = siphash(&key, "a room of some name", 19);

    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, "a room of some name", 19);
        ck_assert_uint_eq(siphash(&key, room + shift, 19), hash);
    }
}
END_TEST

START_TEST(test_random_keys_differ)
{
    struct siphash_key a;
    struct siphash_key b;

    ck_assert_int_eq(siphash_key_random(&a), 0);
    ck_assert_int_eq(siphash_key_random(&b), 0);
    ck_assert_uint_ne(a.low, b.low);
    ck_assert_uint_ne(a.high, b.high);
}
END_TEST

static Suite *siphash_suite(void)
{
    Suite *suite = suite_create("siphash");
    TCase *hash = tcase_create("hash");

    tcase_add_loop_test(hash, test_texts_hash_as_elsewhere_under_a_key_of_zeros, 0,
                        sizeof zero_key / sizeof *zero_key);
    tcase_add_loop_test(hash, test_every_byte_of_the_key_counts, 0,
                        sizeof counting_key / sizeof *counting_key);
    tcase_add_test(hash, test_every_byte_and_the_length_count);
    tcase_add_test(hash, test_the_hash_does_not_depend_on_alignment);
    tcase_add_test(hash, test_random_keys_differ);
    suite_add_tcase(suite, hash);
    return suite;
}

int main(void)
{
    return suite_run(siphash_suite());
}
