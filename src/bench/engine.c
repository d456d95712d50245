/*
 * The loop of a thread.
 */
#include "bench/engine.h"

#include "bench/chance.h"
#include "bench/connection.h"
#include "bench/mode.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 1024,
    SCANS_PER_TIMEOUT = 8,
    WAIT_MS_MAX = 100,
};

static const double ns_per_second = 1e9;

uint64_t engine_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t engine_share(const struct engine *engine, uint64_t whole)
{
    uint64_t threads = engine->run->settings->threads;

    return whole / threads + (engine->number < whole % threads);
}

/* ---- waking ---- */

void engine_wake(const struct engine *engine)
{
    uint64_t one = 1;

    if (write(engine->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN) {
        err(1, "eventfd");
    }
}

void engine_wake_at(const struct engine *engine, uint64_t time_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(time_ns / 1000000000),
                                           .tv_nsec = (long)(time_ns % 1000000000)}};

    if (timerfd_settime(engine->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0) {
        err(1, "timerfd");
    }
}

void engine_wake_when_due(const struct engine *engine, const struct schedule *schedule)
{
    if (schedule->interval_ns > 0) {
        engine_wake_at(engine, schedule_due_ns(schedule, schedule->taken));
    }
}

/* A descriptor that says only that it is time to look. */
static void watch_alarm(const struct engine *engine, const int *fd)
{
    union epoll_data data = {.ptr = (void *)(uintptr_t)fd};
    struct epoll_event event = {.events = EPOLLIN, .data = data};

    if (*fd < 0 || epoll_ctl(engine->epoll, EPOLL_CTL_ADD, *fd, &event) < 0) {
        err(1, "epoll");
    }
}

static void silence_alarm(int fd)
{
    uint64_t times;

    if (read(fd, &times, sizeof times) < 0 && errno != EAGAIN) {
        err(1, "eventfd");
    }
}

/* ---- opening ---- */

/* Whether the next connection may begin; sets when it should have. */
static bool may_open(struct engine *engine, uint64_t *begun_ns)
{
    /* Connecting takes long. */
    engine->now_ns = engine_clock_ns();
    *begun_ns = engine->now_ns;
    if (engine->opening >= engine->window || engine->to_open == 0 ||
        (engine->mode->may_open != NULL && !engine->mode->may_open(engine))) {
        return false;
    }
    return !engine->mode->opens_on_schedule || engine->schedule.interval_ns == 0 ||
           schedule_take(&engine->schedule, engine->now_ns, begun_ns);
}

/* Connections that are what the mode calls open. */
static uint64_t open_connections(const struct engine *engine)
{
    return engine->alive - engine->opening;
}

/*
 * As many as may be under way at most, so that those refused are not tried again at once. Returns
 * whether some are open already, as those of bytes alone are, and so leave room for others.
 */
static bool open_more(struct engine *engine)
{
    uint64_t tries = engine->window;
    uint64_t open_before = open_connections(engine);
    uint64_t begun_ns;

    while (tries-- > 0 && may_open(engine, &begun_ns)) {
        engine->to_open--;
        connection_open(engine,
                        engine->mode->next_endpoint != NULL ? engine->mode->next_endpoint(engine)
                                                            : &engine->run->endpoint,
                        begun_ns);
    }
    if (engine->mode->opens_on_schedule && engine->to_open > 0 &&
        engine->opening < engine->window) {
        engine_wake_when_due(engine, &engine->schedule);
    }
    return open_connections(engine) > open_before;
}

/* ---- phases ---- */

static bool is_load(int phase)
{
    return phase == PHASE_WARM_UP || phase == PHASE_MEASURE;
}

/* What was due in the load is opened even after it. */
static uint64_t overdue_connections(const struct engine *engine)
{
    uint64_t overdue =
        engine->mode->opens_on_schedule ? schedule_overdue(&engine->schedule, engine->now_ns) : 0;

    return overdue < engine->to_open ? overdue : engine->to_open;
}

static void enter(struct engine *engine, int phase)
{
    bool was_loading = engine->loading;

    if (was_loading && !is_load(phase)) {
        engine->mode->tick(engine); /* begins what has become due until now */
    }
    engine->phase = phase;
    engine->phase_ns = engine->now_ns;
    engine->loading = is_load(phase);
    if (phase == PHASE_MEASURE && was_loading) {
        histogram_reset(&engine->latency);
    }
    if (engine->loading && !was_loading) {
        engine->schedule.start_ns = atomic_load(&engine->run->start_ns);
        engine->mode->load(engine);
    }
    if (!engine->loading) {
        engine->to_open = phase == PHASE_OPEN ? engine->to_open
                          : was_loading       ? overdue_connections(engine)
                                              : 0;
    }
}

/* Whether what the phase is for has been done. */
static bool is_through(struct engine *engine)
{
    bool opens = engine->to_open > 0 || engine->opening > 0;

    switch (engine->phase) {
    case PHASE_OPEN:
        return !opens;
    case PHASE_STOP:
        return !opens || !engine->mode->opens_on_schedule;
    case PHASE_DRAIN:
        return engine->mode->at_rest(engine);
    default:
        return !opens && (engine->alive == 0 ||
                          (engine->run->settings->count > 0 && engine->mode->at_rest(engine)));
    }
}

static void report_if_through(struct engine *engine)
{
    if (atomic_load_explicit(&engine->reached, memory_order_relaxed) != engine->phase &&
        is_through(engine)) {
        atomic_store(&engine->reached, engine->phase);
        run_notice(engine->run);
    }
}

/* ---- the loop ---- */

static void give_up_opening(struct engine *engine)
{
    faults_add(&engine->run->faults, FAULT_LOST, engine->to_open,
               "connections were due and could not begin");
    engine->to_open = 0;
}

static void scan_for_timeouts(struct engine *engine)
{
    uint64_t timeout_ns = (uint64_t)(engine->run->settings->timeout_s * ns_per_second);
    struct list_node *node = engine->connections.next;

    while (node != &engine->connections) {
        struct connection *connection = container_of(node, struct connection, node);

        node = node->next;
        connection_check_timeout(connection, timeout_ns);
    }
    if (engine->phase == PHASE_STOP && engine->now_ns - engine->phase_ns > timeout_ns) {
        give_up_opening(engine);
    }
    engine->next_scan_ns = engine->now_ns + timeout_ns / SCANS_PER_TIMEOUT;
}

static void free_ended(struct engine *engine)
{
    while (engine->ended != NULL) {
        struct connection *connection = engine->ended;

        engine->ended = connection->next_ended;
        free(connection);
    }
}

static void handle(struct engine *engine, const struct epoll_event *event)
{
    if (event->data.ptr == &engine->wake_fd || event->data.ptr == &engine->timer_fd) {
        silence_alarm(*(int *)event->data.ptr);
    } else {
        connection_ready(event->data.ptr, event->events);
    }
}

static void turn(struct engine *engine, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(engine->epoll, events, EVENTS_MAX, wait_ms);

    if (count < 0 && errno != EINTR) {
        err(1, "epoll_wait");
    }
    engine->now_ns = engine_clock_ns();
    for (int i = 0; i < count; i++) {
        handle(engine, &events[i]);
    }
    if (engine->now_ns >= engine->next_scan_ns) {
        scan_for_timeouts(engine);
    }
}

static void leave_all(struct engine *engine)
{
    while (!list_empty(&engine->connections)) {
        connection_leave(container_of(engine->connections.next, struct connection, node));
    }
    free_ended(engine);
}

static void *work(void *argument)
{
    struct engine *engine = argument;
    int phase;
    bool has_opened;

    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    engine->now_ns = engine_clock_ns();
    engine->next_scan_ns = engine->now_ns;
    engine->schedule.start_ns = engine->now_ns;
    engine->mode->start(engine);
    while ((phase = atomic_load(&engine->run->phase)) != PHASE_END) {
        if (phase != engine->phase) {
            enter(engine, phase);
        }
        has_opened = open_more(engine);
        engine->mode->tick(engine);
        free_ended(engine);
        report_if_through(engine);
        turn(engine, has_opened ? 0 : WAIT_MS_MAX);
    }
    leave_all(engine);
    if (engine->mode->stop != NULL) {
        engine->mode->stop(engine);
    }
    free(engine->state);
    return NULL;
}

void engine_start(struct engine *engine, struct run *run, uint64_t number)
{
    const struct settings *settings = run->settings;

    engine->run = run;
    engine->mode = settings->mode;
    engine->number = number;
    engine->phase = PHASE_OPEN;
    engine->reached = -1;
    engine->left = settings->count > 0 ? engine_share(engine, settings->count) : UINT64_MAX;
    engine->next_source = (size_t)number;
    engine->schedule = (struct schedule){
        .interval_ns = settings->rate > 0 ? ns_per_second / settings->rate : 0,
        .shares = settings->threads,
        .share = number,
    };
    list_init(&engine->connections);
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    engine->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    engine->buffer = malloc(ENGINE_BUFFER_BYTES);
    engine->inflated = settings->deflate ? malloc(ENGINE_BUFFER_BYTES) : NULL;
    if (engine->epoll < 0 || engine->buffer == NULL ||
        (settings->deflate && engine->inflated == NULL) ||
        getrandom(&engine->seed, sizeof engine->seed, 0) < 0) {
        err(1, "a thread");
    }
    watch_alarm(engine, &engine->wake_fd);
    watch_alarm(engine, &engine->timer_fd);
    errno = pthread_create(&engine->thread, NULL, work, engine);
    if (errno != 0) {
        err(1, "a thread");
    }
}

void engine_join(struct engine *engine)
{
    pthread_join(engine->thread, NULL);
    close(engine->epoll);
    close(engine->wake_fd);
    close(engine->timer_fd);
    free(engine->buffer);
    free(engine->inflated);
}
