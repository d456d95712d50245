/*
 * Whether files could be made, without making them.
 */
#ifndef WSRELAYD_BASE_FILE_ACCESS_H
#define WSRELAYD_BASE_FILE_ACCESS_H

/* Whether the directory of a path is there and lets this process make files. Returns 0, or an
 * errno value. */
int file_creatable(const char *path);

#endif
