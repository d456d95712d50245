/*
 * The file that holds the process's number.
 */
#ifndef WSRELAYD_SERVER_PID_FILE_H
#define WSRELAYD_SERVER_PID_FILE_H

/* Writes it; NULL means none. Returns 0, or -1 with the reason logged. */
int pid_file_write(const char *path);

/* Removes it. NULL is allowed. */
void pid_file_remove(const char *path);

#endif
