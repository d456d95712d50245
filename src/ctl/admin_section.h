/*
 * What a configuration file says of the admin listener. The rest of the file may be wrong: the
 * daemon may be running with what it said before.
 */
#ifndef WSRELAYD_CTL_ADMIN_SECTION_H
#define WSRELAYD_CTL_ADMIN_SECTION_H

#include <stdbool.h>
#include <stddef.h>

struct admin_section {
    char *address;    /* the first unix socket, or else the first TCP address */
    char *token_file; /* of a TCP address, or NULL */
};

/*
 * Reads a file. Returns false with a sentence that says why there is no address. Free with
 * admin_section_free in either case.
 */
bool admin_section_read(const char *path, struct admin_section *section, char *problem,
                        size_t problem_bytes);

void admin_section_free(struct admin_section *section);

#endif
