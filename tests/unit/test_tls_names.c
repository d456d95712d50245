/*
 * Server names: which certificate they lead to.
 */
#include "net/tls_names.h"

#include "suite.h"

#include <check.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Stand-ins: tls_names only hands the pointers through. */
static char places[4];

static SSL_CTX *context(size_t index)
{
    return (SSL_CTX *)(void *)&places[index];
}

/* An unsigned certificate with these names; NULL: no such field. */
static X509 *certificate(const char *common_name, const char *alternative_names)
{
    X509 *made = X509_new();
    X509_NAME *subject = X509_NAME_new();

    if (common_name != NULL) {
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                   -1, -1, 0);
    }
    X509_set_subject_name(made, subject);
    X509_NAME_free(subject);
    if (alternative_names != NULL) {
        X509_EXTENSION *extension =
            X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, alternative_names);

        ck_assert_int_eq(X509_add_ext(made, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    return made;
}

static void add(struct tls_names *names, size_t index, const char *common_name,
                const char *alternative_names)
{
    X509 *made = certificate(common_name, alternative_names);

    ck_assert_int_eq(tls_names_add(names, made, context(index)), 0);
    X509_free(made);
}

static const struct {
    const char *server_name;
    int index; /* -1: none */
} expected[] = {
    {"example.org", 0},
    {"EXAMPLE.Org", 0},
    {"example.org.", 0},
    {"www.example.org", 1},   /* the wildcard */
    {"WWW.example.ORG.", 1},  /* the same, otherwise written */
    {"exact.example.org", 2}, /* exact goes before the wildcard that was added earlier */
    {"a.b.example.org", -1},  /* a wildcard stands for one label */
    {".example.org", -1},     /* and not for an empty one */
    {"xexample.org", -1},
    {"common.example", 3},   /* a certificate without alternative names */
    {"ignored.example", -1}, /* a common name beside alternative names */
    {"twice.example", 1},    /* the first that has it */
    {"192.0.2.1", -1},       /* not a DNS name */
    {"*.example.org", -1},   /* not a host */
    {"*.org", -1},
    {"example.org..", -1},
    {"org", -1},
    {"", -1},
    {".", -1},
};

START_TEST(test_a_server_name_leads_to_its_certificate)
{
    struct tls_names names = {0};
    SSL_CTX *found;

    add(&names, 0, "ignored.example", "DNS:Example.org,IP:192.0.2.1");
    add(&names, 1, NULL, "DNS:*.example.org,DNS:twice.example");
    add(&names, 2, NULL, "DNS:twice.example,DNS:exact.example.org.,DNS:example.org");
    add(&names, 3, "Common.example", NULL);
    tls_names_sort(&names);
    found = tls_names_find(&names, expected[_i].server_name);
    ck_assert_msg(found == (expected[_i].index < 0 ? NULL : context((size_t)expected[_i].index)),
                  "%s", expected[_i].server_name);
    tls_names_free(&names);
}
END_TEST

START_TEST(test_a_common_name_counts_beside_addresses_only)
{
    struct tls_names names = {0};

    add(&names, 0, "host.example", "IP:192.0.2.1");
    tls_names_sort(&names);
    ck_assert_ptr_eq(tls_names_find(&names, "host.example"), context(0));
    tls_names_free(&names);
}
END_TEST

START_TEST(test_no_names_match_nothing)
{
    struct tls_names names = {0};

    tls_names_sort(&names);
    ck_assert_ptr_null(tls_names_find(&names, "example.org"));
    add(&names, 0, NULL, NULL);
    tls_names_sort(&names);
    ck_assert_ptr_null(tls_names_find(&names, "example.org"));
    tls_names_free(&names);
}
END_TEST

/* A certificate for one dNSName of any bytes. */
static X509 *certificate_of_bytes(const void *name, int length)
{
    GENERAL_NAMES *alternatives = GENERAL_NAMES_new();
    GENERAL_NAME *alternative = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    X509 *made = X509_new();

    ASN1_STRING_set(text, name, length);
    GENERAL_NAME_set0_value(alternative, GEN_DNS, text);
    sk_GENERAL_NAME_push(alternatives, alternative);
    ck_assert_int_eq(X509_add1_ext_i2d(made, NID_subject_alt_name, alternatives, 0, 0), 1);
    GENERAL_NAMES_free(alternatives);
    return made;
}

START_TEST(test_a_name_with_a_nul_byte_is_no_name)
{
    static const char name[] = "example.org\0.attacker.example";
    struct tls_names names = {0};
    X509 *made = certificate_of_bytes(name, sizeof name - 1);

    ck_assert_int_eq(tls_names_add(&names, made, context(0)), 0);
    tls_names_sort(&names);
    ck_assert_ptr_null(tls_names_find(&names, "example.org"));
    X509_free(made);
    tls_names_free(&names);
}
END_TEST

START_TEST(test_a_name_may_have_255_bytes)
{
    struct tls_names names = {0};
    char name[257];
    X509 *made;

    memset(name, 'x', sizeof name);
    made = certificate_of_bytes(name, 256);
    ck_assert_int_eq(tls_names_add(&names, made, context(0)), 0);
    X509_free(made);
    made = certificate_of_bytes(name, 255);
    ck_assert_int_eq(tls_names_add(&names, made, context(1)), 0);
    X509_free(made);
    tls_names_sort(&names);
    name[256] = '\0';
    ck_assert_ptr_null(tls_names_find(&names, name));
    name[255] = '\0';
    ck_assert_ptr_eq(tls_names_find(&names, name), context(1));
    tls_names_free(&names);
}
END_TEST

static Suite *tls_names_suite(void)
{
    Suite *suite = suite_create("tls_names");
    TCase *find = tcase_create("find");

    tcase_add_loop_test(find, test_a_server_name_leads_to_its_certificate, 0,
                        sizeof expected / sizeof *expected);
    tcase_add_test(find, test_a_common_name_counts_beside_addresses_only);
    tcase_add_test(find, test_no_names_match_nothing);
    tcase_add_test(find, test_a_name_with_a_nul_byte_is_no_name);
    tcase_add_test(find, test_a_name_may_have_255_bytes);
    suite_add_tcase(suite, find);
    return suite;
}

int main(void)
{
    return suite_run(tls_names_suite());
}
