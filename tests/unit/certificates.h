/*
 * The test certificates (tests/certificates), made once for a test program.
 */
#ifndef WSRELAYD_TESTS_CERTIFICATES_H
#define WSRELAYD_TESTS_CERTIFICATES_H

#include "config/config.h"

/* Ends the program when they cannot be made. To be called from main, once. */
void certificates_make(void);
void certificates_remove(void);

/* The path of a file among them, to be freed. */
char *certificates_path(const char *name);

/* NAME.pem and NAME.key. */
struct certificate_config certificates_pair(const char *name);
void certificates_pair_free(struct certificate_config *pair);

/* Writes a file among them. To be called from main. */
void certificates_write(const char *name, const char *text);

#endif
