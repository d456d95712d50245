/*
 * A command that runs for a moment does not go on without memory.
 */
#ifndef WSRELAYD_CTL_MEMORY_H
#define WSRELAYD_CTL_MEMORY_H

/* Returns what it is given; where that is NULL, ends the process after saying so. */
void *memory_got(void *pointer);

#endif
