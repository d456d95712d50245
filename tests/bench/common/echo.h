/*
 * What the two baseline servers have in common: a listening socket on loopback and one step of
 * an echo, one recv and one send. They differ only in what waits for readiness.
 */
#ifndef WSRELAYD_BENCH_ECHO_H
#define WSRELAYD_BENCH_ECHO_H

#include <stddef.h>
#include <stdint.h>

/* The bytes that the kernel would not take back. While there are any, nothing more is read. */
struct unsent {
    uint8_t *bytes; /* NULL when there are none */
    size_t length;
    size_t sent;
};

enum echo_result {
    ECHO_WANTS_READ,  /* all is sent, wait for input */
    ECHO_WANTS_WRITE, /* wait until the kernel takes more */
    ECHO_ENDED,       /* the peer is gone, close */
};

/*
 * Listens on 127.0.0.1 at the port that the command line names (default or "0": a free one) and
 * prints "port N" on standard output. Ends the program with a message when it cannot.
 */
int echo_listen(int argc, char **argv);

/* Accepts one connection, non-blocking and without delay; -1 when none is waiting. */
int echo_accept(int listener);

/* Receives once, into a buffer that all connections share, and sends the same bytes back. */
enum echo_result echo_receive(int fd, struct unsent *unsent);

/* Sends what was left over. */
enum echo_result echo_flush(int fd, struct unsent *unsent);

#endif
