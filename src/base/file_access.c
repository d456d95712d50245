/*
 * Asks the kernel about a file's directory.
 */
#include "base/file_access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path that ends with a slash names a directory, and no file can be made in its stead. */
int file_creatable(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int error;

    if (directory == NULL) {
        return ENOMEM;
    }
    error = faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
    free(directory);
    return error == 0 && slash != NULL && slash[1] == '\0' ? EISDIR : error;
}
