/*
 * The descriptor and its event.
 */
#include "server/signal_feed.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signal_feed {
    int fd;
    struct event *event;
    signal_caught *caught;
    void *owner;
};

static void change_mask(int how, const int *numbers, size_t count, sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < count; i++) {
        sigaddset(set, numbers[i]);
    }
    (void)pthread_sigmask(how, set, NULL);
}

void signal_feed_hold(void)
{
    static const int held[] = {SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;

    change_mask(SIG_BLOCK, held, sizeof held / sizeof held[0], &set);
}

/* False when there is none. */
static bool next_signal(const struct signal_feed *feed, struct signalfd_siginfo *info)
{
    return read(feed->fd, info, sizeof *info) == sizeof *info;
}

static void readable(evutil_socket_t fd, short what, void *argument)
{
    const struct signal_feed *feed = argument;
    struct signalfd_siginfo info;

    (void)fd;
    (void)what;
    while (next_signal(feed, &info)) {
        feed->caught(feed->owner, (int)info.ssi_signo, (pid_t)info.ssi_pid);
    }
}

struct signal_feed *signal_feed_create(struct event_base *base, const int *numbers, size_t count,
                                       signal_caught *caught, void *owner)
{
    struct signal_feed *feed = calloc(1, sizeof *feed);
    sigset_t set;

    if (feed == NULL) {
        return NULL;
    }
    feed->caught = caught;
    feed->owner = owner;
    change_mask(SIG_BLOCK, numbers, count, &set);
    feed->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (feed->fd >= 0) {
        feed->event = event_new(base, feed->fd, EV_READ | EV_PERSIST, readable, feed);
    }
    if (feed->event == NULL || event_add(feed->event, NULL) != 0) {
        signal_feed_free(feed);
        return NULL;
    }
    return feed;
}

void signal_feed_free(struct signal_feed *feed)
{
    static const int ending[] = {SIGTERM, SIGINT};
    struct signalfd_siginfo info;
    sigset_t set;

    if (feed == NULL) {
        return;
    }
    if (feed->event != NULL) {
        event_free(feed->event);
    }
    if (feed->fd >= 0) {
        while (next_signal(feed, &info)) {}
        (void)close(feed->fd);
    }
    change_mask(SIG_UNBLOCK, ending, sizeof ending / sizeof ending[0], &set);
    free(feed);
}
