/*
 * Runs tests/certificates.
 */
#include "certificates.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static char directory[] = "/tmp/wsrelayd-certificates-XXXXXX";

/* Runs a command with the directory as its argument. Returns whether it went well. */
static bool run(const char *command)
{
    char line[128];

    snprintf(line, sizeof line, "%s %s", command, directory);
    return system(line) == 0;
}

void certificates_make(void)
{
    if (mkdtemp(directory) == NULL) {
        perror("mkdtemp");
        exit(EXIT_FAILURE);
    }
    if (!run("tests/certificates")) {
        fprintf(stderr, "tests/certificates failed (it is run from the source directory)\n");
        exit(EXIT_FAILURE);
    }
}

void certificates_remove(void)
{
    if (!run("rm -rf")) {
        fprintf(stderr, "cannot remove %s\n", directory);
    }
}

char *certificates_path(const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        abort();
    }
    return path;
}

struct certificate_config certificates_pair(const char *name)
{
    char certificate[64];
    char key[64];

    snprintf(certificate, sizeof certificate, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    return (struct certificate_config){certificates_path(certificate), certificates_path(key)};
}

void certificates_pair_free(struct certificate_config *pair)
{
    free(pair->certificate);
    free(pair->private_key);
}

void certificates_write(const char *name, const char *text)
{
    char *path = certificates_path(name);
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    free(path);
}
