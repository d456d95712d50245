/*
 * The signal mask: unlike an ignored signal, a blocked one is not lost.
 */
#include "server/signal_hold.h"

#include <pthread.h>
#include <signal.h>

static void change_mask(int how)
{
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGUSR1);
    sigaddset(&held, SIGUSR2);
    (void)pthread_sigmask(how, &held, NULL);
}

void signal_hold_begin(void)
{
    change_mask(SIG_BLOCK);
}

void signal_hold_end(void)
{
    change_mask(SIG_UNBLOCK);
}
