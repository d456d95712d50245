/*
 * The shape of a listener's address as the file writes it. Resolving it is for net/address.h.
 */
#ifndef WSRELAYD_CONFIG_ADDRESS_SYNTAX_H
#define WSRELAYD_CONFIG_ADDRESS_SYNTAX_H

#include <stdbool.h>

/*
 * Returns NULL when `text` is host:port, [v6]:port, :port, unix:/path or systemd:NAME, else a
 * static phrase that says what is wrong.
 */
const char *address_syntax_problem(const char *text);

bool address_syntax_is_unix(const char *text);

/* The NAME of systemd:NAME, or NULL for any other address. */
const char *address_syntax_passed_name(const char *text);

#endif
