/*
 * Server names and their certificates: one sorted table in which a wildcard is a name like any
 * other, "*.example.org". A name is looked up as it is, then with its first label starred.
 */
#include "net/tls_names.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DNS_NAME_MAX_BYTES = 255 };

struct tls_name {
    char text[DNS_NAME_MAX_BYTES + 1]; /* lower case, no final dot */
    size_t position;                   /* in the order of adding */
    SSL_CTX *context;                  /* not owned */
};

/*
 * Copies a name in lower case and without a final dot. False for one that is empty, too long, or
 * holds a NUL byte, which would make it look like a shorter one.
 */
static bool canonicalize(char target[DNS_NAME_MAX_BYTES + 1], const char *name, size_t length)
{
    if (length > 0 && name[length - 1] == '.') {
        length--;
    }
    if (length == 0 || length > DNS_NAME_MAX_BYTES || memchr(name, '\0', length) != NULL) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        target[i] = (char)tolower((unsigned char)name[i]);
    }
    target[length] = '\0';
    return true;
}

static int add_name(struct tls_names *names, const ASN1_STRING *name, SSL_CTX *context)
{
    struct tls_name *grown;
    struct tls_name *added;

    grown = reallocarray(names->names, names->count + 1, sizeof *grown);
    if (grown == NULL) {
        return -1;
    }
    names->names = grown;
    added = &grown[names->count];
    if (canonicalize(added->text, (const char *)ASN1_STRING_get0_data(name),
                     (size_t)ASN1_STRING_length(name))) {
        added->position = names->count;
        added->context = context;
        names->count++;
    }
    return 0;
}

static int add_common_name(struct tls_names *names, const X509 *certificate, SSL_CTX *context)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

    if (index < 0) {
        return 0;
    }
    return add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)), context);
}

int tls_names_add(struct tls_names *names, const X509 *certificate, SSL_CTX *context)
{
    GENERAL_NAMES *alternatives = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int result = 0;
    bool any = false;

    for (int i = 0; result == 0 && i < sk_GENERAL_NAME_num(alternatives); i++) {
        const GENERAL_NAME *alternative = sk_GENERAL_NAME_value(alternatives, i);

        if (alternative->type == GEN_DNS) {
            any = true;
            result = add_name(names, alternative->d.dNSName, context);
        }
    }
    GENERAL_NAMES_free(alternatives);
    return any ? result : add_common_name(names, certificate, context);
}

static int compare(const void *left, const void *right)
{
    const struct tls_name *a = left;
    const struct tls_name *b = right;
    int order = strcmp(a->text, b->text);

    if (order != 0) {
        return order;
    }
    return a->position < b->position ? -1 : a->position > b->position;
}

/* Sorts and keeps of equal names the one that was added first. */
void tls_names_sort(struct tls_names *names)
{
    size_t kept = 0;

    if (names->count == 0) {
        return;
    }
    qsort(names->names, names->count, sizeof *names->names, compare);
    for (size_t i = 1; i < names->count; i++) {
        if (strcmp(names->names[i].text, names->names[kept].text) != 0) {
            names->names[++kept] = names->names[i];
        }
    }
    names->count = kept + 1;
}

static int compare_text(const void *text, const void *name)
{
    return strcmp(text, ((const struct tls_name *)name)->text);
}

static SSL_CTX *find_exact(const struct tls_names *names, const char *text)
{
    const struct tls_name *name =
        names->count == 0 ? NULL
                          : bsearch(text, names->names, names->count, sizeof *name, compare_text);

    return name != NULL ? name->context : NULL;
}

SSL_CTX *tls_names_find(const struct tls_names *names, const char *server_name)
{
    char text[DNS_NAME_MAX_BYTES + 1];
    SSL_CTX *context;
    char *dot;

    if (!canonicalize(text, server_name, strlen(server_name)) || text[0] == '*') {
        return NULL;
    }
    context = find_exact(names, text);
    dot = strchr(text, '.');
    if (context != NULL || dot == NULL || dot == text) {
        return context;
    }
    dot[-1] = '*';
    return find_exact(names, dot - 1);
}

void tls_names_free(struct tls_names *names)
{
    free(names->names);
    *names = (struct tls_names){0};
}
