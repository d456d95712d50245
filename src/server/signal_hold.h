/*
 * Signals whose default is the end of the process, while nobody handles them: at the start they
 * wait, and at the end they are lost.
 */
#ifndef WSRELAYD_SERVER_SIGNAL_HOLD_H
#define WSRELAYD_SERVER_SIGNAL_HOLD_H

/* Has HUP, USR1 and USR2 wait, in this thread and those that it starts from now on. */
void signal_hold_begin(void);

/* Lets them in: those that have waited are handled now. */
void signal_hold_end(void);

#endif
