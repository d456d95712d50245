/*
 * One timerfd for each timer.
 */
#include "net/watch_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

/* Zero stops it, and takes back that it was readable. */
static void set_timer(struct watch_timer *timer, const struct timespec *delay)
{
    const struct itimerspec once = {.it_value = *delay};

    /* Cannot fail: the descriptor is a timer's and the time a legal one. */
    (void)timerfd_settime(timer->watch.watch.fd, 0, &once, NULL);
}

static void expired(void *argument)
{
    struct watch_timer *timer = argument;

    set_timer(timer, &(struct timespec){0});
    timer->due(timer->argument);
}

bool watch_timer_init(struct watch_timer *timer, struct watch_set *set, void (*due)(void *argument),
                      void *argument)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    timer->due = due;
    timer->argument = argument;
    single_watch_init(&timer->watch, fd, expired, timer);
    return fd >= 0 && watch_want(set, &timer->watch.watch, WATCH_READ);
}

void watch_timer_start(struct watch_timer *timer, int64_t delay_ms)
{
    struct timespec delay = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000};

    delay.tv_nsec += delay_ms == 0; /* zero would stop it */
    set_timer(timer, &delay);
}

void watch_timer_close(struct watch_timer *timer)
{
    watch_stop(&timer->watch.watch);
    if (timer->watch.watch.fd >= 0) {
        (void)close(timer->watch.watch.fd);
    }
}
