/*
 * Certificate files: everything that can be wrong with them is said in a line of its own.
 */
#include "net/tls_certificate.h"

#include "certificates.h"
#include "net/tls.h"
#include "suite.h"

#include <check.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CERTIFICATES_MAX = 2, LINES_MAX = 4, LINE_BYTES = 512 };

/* What was reported. */
struct lines {
    size_t count;
    enum log_level levels[LINES_MAX];
    char text[LINES_MAX][LINE_BYTES];
};

static void collect(void *argument, enum log_level level, const char *key, const char *line)
{
    struct lines *lines = argument;

    ck_assert_uint_lt(lines->count, LINES_MAX);
    ck_assert_ptr_null(strchr(line, '\n'));
    lines->levels[lines->count] = level;
    snprintf(lines->text[lines->count++], LINE_BYTES, "%s: %s", key, line);
}

/* Files under test, all of them in the directory of the certificates. */
struct fixture {
    struct tls_config config;
    struct certificate_config certificates[CERTIFICATES_MAX];
    struct lines lines;
};

static void add(struct fixture *fixture, const char *certificate, const char *key)
{
    struct tls_config *config = &fixture->config;

    config->certificates = fixture->certificates;
    config->certificates[config->certificate_count++] =
        (struct certificate_config){certificates_path(certificate), certificates_path(key)};
}

/* Whether a context can be made of the files. What there was to say is in `lines`. */
static bool loads(struct fixture *fixture)
{
    struct tls_context *context = tls_context_create(&fixture->config, collect, &fixture->lines);

    tls_context_free(context);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return context != NULL;
}

static void assert_error(const struct fixture *fixture, size_t index, const char *part)
{
    ck_assert_uint_lt(index, fixture->lines.count);
    ck_assert_int_eq(fixture->lines.levels[index], LOG_LEVEL_ERROR);
    ck_assert_msg(strstr(fixture->lines.text[index], part) != NULL, "no \"%s\" in %s", part,
                  fixture->lines.text[index]);
}

static void assert_subject(const struct fixture *fixture, size_t index, const char *element,
                           const char *key)
{
    char start[LINE_BYTES];

    snprintf(start, sizeof start, "%s%s: ", element, key);
    ck_assert_uint_lt(index, fixture->lines.count);
    ck_assert_mem_eq(fixture->lines.text[index], start, strlen(start));
}

static void free_fixture(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->config.certificate_count; i++) {
        free(fixture->certificates[i].certificate);
        free(fixture->certificates[i].private_key);
    }
    free(fixture->config.client_ca);
}

static const struct {
    const char *certificate;
    const char *key;
    const char *subject; /* the key that the line is about, without the certificate's index */
    const char *problem; /* a part of the line */
    const char *named;   /* the file in it */
} bad_pairs[] = {
    {"missing.pem", "localhost.key", "certificate", "cannot open the certificate", "missing.pem"},
    {"localhost.pem", "missing.key", "private_key", "No such file or directory", "missing.key"},
    {"localhost.key", "localhost.key", "certificate", "not a PEM file of certificates",
     "localhost.key"},
    {"localhost.pem", "localhost.pem", "private_key", "not a PEM file of a private key",
     "localhost.pem"},
    {"garbage", "localhost.key", "certificate", "not a PEM file of certificates", "garbage"},
    {"empty", "localhost.key", "certificate", "not a PEM file of certificates", "empty"},
    {"damaged.pem", "localhost.key", "certificate", "not a PEM file of certificates",
     "damaged.pem"},
    {".", "localhost.key", "certificate", "not a PEM file of certificates", "/."},
    {"localhost.pem", "other.key", "private_key", "does not belong", "other.key"},
    {"localhost.pem", "rsa.key", "private_key", "does not belong", "rsa.key"},
    {"reversed.pem", "chain.key", "private_key", "must come first", "reversed.pem"},
    {"localhost.pem", "locked.key", "private_key", "is encrypted", "locked.key"},
    {"weak.pem", "weak.key", "certificate", "too small", "weak.pem"},
};

START_TEST(test_a_bad_file_is_reported_in_one_line)
{
    struct fixture fixture = {0};

    add(&fixture, bad_pairs[_i].certificate, bad_pairs[_i].key);
    ck_assert(!loads(&fixture));
    ck_assert_uint_eq(fixture.lines.count, 1);
    assert_subject(&fixture, 0, "certificates[0].", bad_pairs[_i].subject);
    assert_error(&fixture, 0, bad_pairs[_i].problem);
    assert_error(&fixture, 0, bad_pairs[_i].named);
    free_fixture(&fixture);
}
END_TEST

START_TEST(test_all_bad_files_are_reported)
{
    struct fixture fixture = {.config.client_auth = CLIENT_AUTH_REQUIRED};

    add(&fixture, "missing.pem", "missing.key");
    add(&fixture, "localhost.pem", "other.key");
    fixture.config.client_ca = certificates_path("garbage");
    ck_assert(!loads(&fixture));
    ck_assert_uint_eq(fixture.lines.count, 4);
    assert_subject(&fixture, 0, "certificates[0].", "certificate");
    assert_error(&fixture, 0, "missing.pem");
    assert_subject(&fixture, 1, "certificates[0].", "private_key");
    assert_error(&fixture, 1, "missing.key");
    assert_subject(&fixture, 2, "certificates[1].", "private_key");
    assert_error(&fixture, 2, "other.key");
    assert_subject(&fixture, 3, "", "client_ca");
    assert_error(&fixture, 3, "garbage");
    free_fixture(&fixture);
}
END_TEST

/* What a key failed to give has been reported with the key. */
START_TEST(test_a_file_that_is_not_named_is_not_reported_again)
{
    struct fixture fixture = {.config.client_auth = CLIENT_AUTH_REQUIRED};

    add(&fixture, "localhost.pem", "localhost.key");
    ck_assert(!loads(&fixture));
    free(fixture.certificates[0].private_key);
    fixture.certificates[0].private_key = NULL;
    ck_assert(!loads(&fixture));
    ck_assert_uint_eq(fixture.lines.count, 0);
    free_fixture(&fixture);
}
END_TEST

static const char *const bad_authorities[] = {"missing.pem", "garbage", "localhost.key"};

START_TEST(test_a_bad_client_ca_is_reported)
{
    struct fixture fixture = {.config.client_auth = CLIENT_AUTH_OPTIONAL};

    add(&fixture, "localhost.pem", "localhost.key");
    fixture.config.client_ca = certificates_path(bad_authorities[_i]);
    ck_assert(!loads(&fixture));
    ck_assert_uint_eq(fixture.lines.count, 1);
    assert_error(&fixture, 0, bad_authorities[_i]);
    free_fixture(&fixture);
}
END_TEST

START_TEST(test_an_expired_certificate_is_a_warning)
{
    struct fixture fixture = {0};

    add(&fixture, "expired.pem", "expired.key");
    ck_assert(loads(&fixture));
    ck_assert_uint_eq(fixture.lines.count, 1);
    ck_assert_int_eq(fixture.lines.levels[0], LOG_LEVEL_WARNING);
    ck_assert_ptr_nonnull(strstr(fixture.lines.text[0], "expired.pem expired on 20"));
    free_fixture(&fixture);
}
END_TEST

START_TEST(test_good_files_are_loaded_without_a_word)
{
    struct fixture fixture = {.config.client_auth = CLIENT_AUTH_REQUIRED};

    add(&fixture, "chain.pem", "chain.key");
    add(&fixture, "rsa.pem", "rsa.key");
    fixture.config.client_ca = certificates_path("chain.pem"); /* several authorities */
    ck_assert(loads(&fixture));
    ck_assert_uint_eq(fixture.lines.count, 0);
    free_fixture(&fixture);
}
END_TEST

static Suite *tls_certificate_suite(void)
{
    Suite *suite = suite_create("tls_certificate");
    TCase *files = tcase_create("files");

    tcase_add_loop_test(files, test_a_bad_file_is_reported_in_one_line, 0,
                        sizeof bad_pairs / sizeof *bad_pairs);
    tcase_add_test(files, test_all_bad_files_are_reported);
    tcase_add_test(files, test_a_file_that_is_not_named_is_not_reported_again);
    tcase_add_loop_test(files, test_a_bad_client_ca_is_reported, 0,
                        sizeof bad_authorities / sizeof *bad_authorities);
    tcase_add_test(files, test_an_expired_certificate_is_a_warning);
    tcase_add_test(files, test_good_files_are_loaded_without_a_word);
    suite_add_tcase(suite, files);
    return suite;
}

int main(void)
{
    int status;

    certificates_make();
    certificates_write("garbage", "This is not PEM.\n");
    certificates_write("empty", "");
    certificates_write("damaged.pem",
                       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    status = suite_run(tls_certificate_suite());
    certificates_remove();
    return status;
}
