/*
 * SHA-1: the examples of FIPS 180, and OpenSSL's answer for every length around the block.
 */
#include "protocol/sha1.h"

#include "suite.h"

#include <openssl/sha.h>
#include <stdlib.h>

static const struct {
    struct slice message;
    const uint8_t digest[SHA1_BYTES];
} examples[] = {
    {{"", 0}, {0xDA, 0x39, 0xA3, 0xEE, 0x5E, 0x6B, 0x4B, 0x0D, 0x32, 0x55,
               0xBF, 0xEF, 0x95, 0x60, 0x18, 0x90, 0xAF, 0xD8, 0x07, 0x09}},
    {{"abc", 3}, {0xA9, 0x99, 0x3E, 0x36, 0x47, 0x06, 0x81, 0x6A, 0xBA, 0x3E,
                  0x25, 0x71, 0x78, 0x50, 0xC2, 0x6C, 0x9C, 0xD0, 0xD8, 0x9D}},
    {{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
     {0x84, 0x98, 0x3E, 0x44, 0x1C, 0x3B, 0xD2, 0x6E, 0xBA, 0xAE,
      0x4A, 0xA1, 0xF9, 0x51, 0x29, 0xE5, 0xE5, 0x46, 0x70, 0xF1}},
};

START_TEST(test_the_examples_of_the_standard)
{
    uint8_t digest[SHA1_BYTES];

    sha1(examples[_i].message, digest);
    ck_assert_mem_eq(digest, examples[_i].digest, SHA1_BYTES);
}
END_TEST

static void check_against_openssl(size_t length)
{
    char *message = malloc(length);
    uint8_t digest[SHA1_BYTES];
    uint8_t expected[SHA1_BYTES];

    for (size_t i = 0; i < length; i++) {
        message[i] = (char)(i * 7 + length);
    }
    sha1((struct slice){message, length}, digest);
    SHA1((const uint8_t *)message, length, expected);
    ck_assert_msg(memcmp(digest, expected, SHA1_BYTES) == 0, "%zu bytes", length);
    free(message);
}

START_TEST(test_every_length_is_padded_as_the_standard_says)
{
    for (size_t length = 1; length <= 260; length++) {
        check_against_openssl(length);
    }
    check_against_openssl(1000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sha1");
    TCase *tests = tcase_create("digests");

    tcase_add_loop_test(tests, test_the_examples_of_the_standard, 0,
                        sizeof examples / sizeof *examples);
    tcase_add_test(tests, test_every_length_is_padded_as_the_standard_says);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
