/*
 * The files that TLS is set up from: whether they are still the same.
 */
#ifndef WSRELAYD_NET_TLS_FILES_H
#define WSRELAYD_NET_TLS_FILES_H

#include "config/config.h"

#include <stdint.h>

/*
 * A number that changes when any of the certificates, keys and authorities is replaced or written
 * to. Looks at what the file system says of them, not at what is in them.
 */
uint64_t tls_files_mark(const struct tls_config *config);

#endif
