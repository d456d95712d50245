/*
 * Base64: the examples of RFC 4648, and OpenSSL's answer for everything near a good text.
 */
#include "protocol/base64.h"

#include "suite.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 20 };

/* RFC 4648 section 10. */
static const char *const examples[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

START_TEST(test_the_examples_of_the_rfc)
{
    const char *plain = examples[_i][0];
    struct slice encoded = slice_of(examples[_i][1]);
    char target[BASE64_LENGTH(6)];

    ck_assert_uint_eq(BASE64_LENGTH(strlen(plain)), encoded.length);
    base64_encode(target, (const uint8_t *)plain, strlen(plain));
    ck_assert(slice_equal((struct slice){target, encoded.length}, encoded));
    ck_assert(base64_is_canonical(encoded, strlen(plain)));
}
END_TEST

START_TEST(test_every_value_of_a_group_is_encoded_in_the_standard_alphabet)
{
    for (unsigned value = 0; value < 1 << 18; value += 61) {
        uint8_t bytes[3] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
        char encoded[4];
        uint8_t expected[5];

        base64_encode(encoded, bytes, sizeof bytes);
        EVP_EncodeBlock(expected, bytes, sizeof bytes);
        ck_assert_mem_eq(encoded, expected, sizeof encoded);
    }
}
END_TEST

/* Whether OpenSSL decodes the text to bytes that it encodes to the same text. */
static bool survives_openssl(const char *text, size_t text_length, size_t length)
{
    uint8_t decoded[LONGEST + 4];
    uint8_t encoded[BASE64_LENGTH(LONGEST) + 1];

    if (EVP_DecodeBlock(decoded, (const uint8_t *)text, (int)text_length) < 0) {
        return false;
    }
    EVP_EncodeBlock(encoded, decoded, (int)length);
    return memcmp(encoded, text, text_length) == 0;
}

/* Puts each byte into each place of a text of its own size: a look behind the end shows. */
static void check_near(const uint8_t *bytes, size_t length)
{
    size_t text_length = BASE64_LENGTH(length);
    char *text = malloc(text_length);

    for (size_t place = 0; place < text_length; place++) {
        base64_encode(text, bytes, length);
        for (unsigned byte = 0; byte < 256; byte++) {
            text[place] = (char)byte;
            if (base64_is_canonical((struct slice){text, text_length}, length) !=
                survives_openssl(text, text_length, length)) {
                ck_abort_msg("%zu bytes, byte %02x at %zu", length, byte, place);
            }
        }
    }
    free(text);
}

START_TEST(test_a_text_is_canonical_if_it_is_what_its_bytes_are_encoded_to)
{
    uint8_t bytes[LONGEST];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(0xE7 + 41 * i);
    }
    for (size_t length = 1; length <= sizeof bytes; length++) {
        check_near(bytes, length);
    }
}
END_TEST

static const char *const no_keys[] = {
    "",
    "AAAAAAAAAAAAAAAAAAAAAA",           /* padding missing */
    "AAAAAAAAAAAAAAAAAAAAAA=",          /* half of it */
    "AAAAAAAAAAAAAAAAAAAAAA===",        /* too much */
    "AAAAAAAAAAAAAAAAAA==",             /* 13 bytes */
    "AAAAAAAAAAAAAAAAAAAAAAAAAA==",     /* 19 */
    "AAAAAAAAAAAAAAAAAAAAAAA=",         /* 17 bytes */
    "AAAAAAAAAAAAAAAAAAAAAAAA",         /* 18 */
    "AAAAAAAAAAAAAAAAAAAA",             /* 15 */
    "AAAAAAAAAAAAAAAAAAAAAB==",         /* bits that stand for nothing */
    "____________________-w==",         /* the alphabet for URLs */
    "AAAAAAAAAAA AAAAAAAAAA==",         /* a blank */
    "AAAAAAAAAA==AAAAAAAAAA==",         /* padding inside */
    "AAAAAAAAAAAAAAAAAAAAAA==AAAAAAAA", /* something behind */
    "========================",
};

START_TEST(test_what_is_not_the_encoding_of_16_bytes_is_no_key)
{
    ck_assert(base64_is_canonical(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), 16));
    for (size_t i = 0; i < sizeof no_keys / sizeof *no_keys; i++) {
        ck_assert_msg(!base64_is_canonical(slice_of(no_keys[i]), 16), "%s", no_keys[i]);
    }
}
END_TEST

/* ---- decoding ---- */

START_TEST(test_the_examples_are_decoded)
{
    uint8_t target[8];
    size_t length;

    ck_assert(base64_decode(target, slice_of(examples[_i][1]), &length));
    ck_assert_uint_eq(length, strlen(examples[_i][0]));
    ck_assert_mem_eq(target, examples[_i][0], length);
}
END_TEST

START_TEST(test_every_byte_survives_in_every_place)
{
    uint8_t bytes[LONGEST];
    uint8_t decoded[LONGEST];
    char encoded[BASE64_LENGTH(LONGEST)];

    for (size_t length = 1; length <= LONGEST; length++) {
        for (unsigned value = 0; value < 256; value++) {
            size_t decoded_length;

            memset(bytes, (int)value, length);
            bytes[value % length] ^= 0xff;
            base64_encode(encoded, bytes, length);
            ck_assert(base64_decode(decoded, (struct slice){encoded, BASE64_LENGTH(length)},
                                    &decoded_length));
            ck_assert_uint_eq(decoded_length, length);
            ck_assert_mem_eq(decoded, bytes, length);
        }
    }
}
END_TEST

static const char *const undecodable[] = {
    "A",    "AA",   "AAA",      "AAAAA", "=",    "==",         "====",  "A===",   "AA=",
    "AB==", "AAB=", "AA==AAAA", "AA A",  "AA-_", "AA\xff\xff", "AAAA=", "AAAA==", "AAAA====",
};

START_TEST(test_what_is_not_canonical_is_not_decoded)
{
    uint8_t target[16];
    size_t length;

    ck_assert_msg(!base64_decode(target, slice_of(undecodable[_i]), &length), "%s",
                  undecodable[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base64");
    TCase *tests = tcase_create("texts");

    tcase_add_loop_test(tests, test_the_examples_of_the_rfc, 0, sizeof examples / sizeof *examples);
    tcase_add_test(tests, test_every_value_of_a_group_is_encoded_in_the_standard_alphabet);
    tcase_add_test(tests, test_a_text_is_canonical_if_it_is_what_its_bytes_are_encoded_to);
    tcase_add_test(tests, test_what_is_not_the_encoding_of_16_bytes_is_no_key);
    tcase_add_loop_test(tests, test_the_examples_are_decoded, 0,
                        sizeof examples / sizeof *examples);
    tcase_add_test(tests, test_every_byte_survives_in_every_place);
    tcase_add_loop_test(tests, test_what_is_not_canonical_is_not_decoded, 0,
                        sizeof undecodable / sizeof *undecodable);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
