/*
 * The phases, as the main thread leads through them.
 */
#include "bench/run.h"

#include "bench/engine.h"
#include "bench/fanout.h"
#include "bench/mode.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    WARM_UP_PERCENT = 10,
    DISTINCT_ROUNDS = 3, /* stamps tell the publications of a fan-out apart */
};

static const uint64_t never = UINT64_MAX;

void run_notice(struct run *run)
{
    uint64_t one = 1;

    if (write(run->notice_fd, &one, sizeof one) < 0 && errno != EAGAIN) {
        err(1, "eventfd");
    }
}

uint64_t run_operations(const struct run *run)
{
    uint64_t operations = 0;

    for (uint64_t i = 0; i < run->settings->threads; i++) {
        operations += atomic_load_explicit(&run->engines[i].operations, memory_order_relaxed);
    }
    return operations;
}

/* ---- waiting ---- */

/* Interrupts are events of the main thread; after the first one they do what they usually do. */
static sigset_t mask_signals(int how)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(how, &signals, NULL);
    return signals;
}

/* Whether all engines have done what the phase is for. */
static bool is_through(const struct run *run)
{
    for (uint64_t i = 0; i < run->settings->threads; i++) {
        if (atomic_load(&run->engines[i].reached) != atomic_load(&run->phase)) {
            return false;
        }
    }
    return true;
}

/* Waits for an engine's notice or a signal, up to that moment. Returns false on a signal. */
static bool wait_for_notice(const struct run *run, uint64_t until_ns)
{
    struct pollfd watched[] = {{.fd = run->signal_fd, .events = POLLIN},
                               {.fd = run->notice_fd, .events = POLLIN}};
    uint64_t now_ns = engine_clock_ns();
    uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec left = {.tv_sec = (time_t)(left_ns / 1000000000),
                            .tv_nsec = (long)(left_ns % 1000000000)};
    struct signalfd_siginfo signal;
    uint64_t notices;

    if (ppoll(watched, 2, until_ns == never ? NULL : &left, NULL) < 0) {
        err(1, "ppoll");
    }
    if ((watched[1].revents & POLLIN) != 0 &&
        read(run->notice_fd, &notices, sizeof notices) != sizeof notices) {
        err(1, "eventfd");
    }
    if ((watched[0].revents & POLLIN) == 0) {
        return true;
    }
    if (read(run->signal_fd, &signal, sizeof signal) != sizeof signal) {
        err(1, "signalfd");
    }
    mask_signals(SIG_UNBLOCK);
    return false;
}

/* Begins a phase. */
static void enter(struct run *run, enum phase phase)
{
    atomic_store(&run->phase, phase);
    for (uint64_t i = 0; i < run->settings->threads; i++) {
        engine_wake(&run->engines[i]);
    }
}

/* Stays in a phase up to that moment, or until all is done. Returns false on a signal. */
static bool stay(struct run *run, uint64_t until_ns)
{
    while (!is_through(run) && engine_clock_ns() < until_ns) {
        uint64_t next_ns = progress_update(&run->progress, run);

        if (!wait_for_notice(run, next_ns < until_ns ? next_ns : until_ns)) {
            return false;
        }
    }
    return true;
}

/* ---- measuring ---- */

static uint64_t own_cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static void take_sample(const struct run *run, struct sample *sample)
{
    sample->operations = run_operations(run);
    sample->publications = run->room != NULL ? room_published(run->room) : 0;
    sample->own_cpu_ns = own_cpu_ns();
    if (run->settings->pid != 0) {
        sample->server = process_usage_now((pid_t)run->settings->pid);
    }
    sample->time_ns = engine_clock_ns();
}

/* Returns when everything that is to be opened is. Returns false on a signal. */
static bool start_engines(struct run *run)
{
    for (uint64_t i = 0; i < run->settings->threads; i++) {
        engine_start(&run->engines[i], run, i);
    }
    return stay(run, never);
}

static double resident_bytes(const struct run *run)
{
    pid_t pid = (pid_t)run->settings->pid;

    if (pid == 0) {
        return -1;
    }
    process_wait_until_quiet(pid);
    return (double)process_resident_bytes(pid);
}

/* Before what is measured, so that only what that takes shows. */
static void settle_server(const struct run *run, struct outcome *outcome)
{
    outcome->resident_before = resident_bytes(run);
    if (run->settings->pid != 0) {
        process_reset_peak((pid_t)run->settings->pid);
    }
}

/* When no more connections come. */
static void measure_held(const struct run *run, struct outcome *outcome)
{
    outcome->resident_after = resident_bytes(run);
    outcome->held = (double)run_operations(run);
}

static uint64_t duration_ns(const struct run *run)
{
    return (uint64_t)(run->settings->duration_s * 1e9);
}

/* Opening is the preparation, and the load is measured. */
static void measure_load(struct run *run, struct outcome *outcome)
{
    bool counts = run->settings->count > 0;
    bool goes_on = start_engines(run);

    settle_server(run, outcome);
    atomic_store(&run->start_ns, engine_clock_ns());
    take_sample(run, &outcome->from);
    if (goes_on && !counts) {
        enter(run, PHASE_WARM_UP);
        goes_on = stay(run, engine_clock_ns() + duration_ns(run) * WARM_UP_PERCENT / 100);
    }
    if (goes_on) {
        take_sample(run, &outcome->from);
        enter(run, PHASE_MEASURE);
        stay(run, counts ? never : engine_clock_ns() + duration_ns(run));
    }
    take_sample(run, &outcome->to);
    outcome->resident_after = -1;
    if (run->settings->hold) {
        enter(run, PHASE_STOP);
        stay(run, never);
        measure_held(run, outcome);
    }
}

/* Opening is measured, and what comes then is only to be held out. */
static void measure_opening(struct run *run, struct outcome *outcome)
{
    bool goes_on;

    settle_server(run, outcome);
    take_sample(run, &outcome->from);
    goes_on = start_engines(run);
    take_sample(run, &outcome->to);
    measure_held(run, outcome);
    if (goes_on) {
        enter(run, PHASE_MEASURE);
        stay(run, engine_clock_ns() + duration_ns(run));
    }
}

static void finish(struct run *run, struct outcome *outcome)
{
    enter(run, PHASE_STOP);
    if (stay(run, never)) {
        enter(run, PHASE_DRAIN);
        stay(run, never);
    }
    if (run->settings->pid != 0) {
        outcome->peak = (double)process_peak_bytes((pid_t)run->settings->pid);
    }
    enter(run, PHASE_END);
    for (uint64_t i = 0; i < run->settings->threads; i++) {
        engine_join(&run->engines[i]);
        histogram_merge(&outcome->latency, &run->engines[i].latency);
    }
}

void run_measure(struct run *run, struct outcome *outcome)
{
    if (run->settings->mode->measures_opening) {
        measure_opening(run, outcome);
    } else {
        measure_load(run, outcome);
    }
    finish(run, outcome);
    progress_clear(&run->progress);
}

/* ---- both ends ---- */

void run_init(struct run *run, const struct settings *settings)
{
    bool is_fanout = settings->mode == &fanout_mode;
    struct batch_plan plan = {
        .sizes = settings->sizes,
        .together = settings->in_flight,
        .rounds = is_fanout ? 1 : DISTINCT_ROUNDS,
        .reserved = is_fanout ? STAMP_BYTES : 0,
        .text = settings->text,
        .deflates = settings->deflate && !is_fanout,
        .raw = settings->url.scheme == URL_TCP && !is_fanout,
    };

    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    *run = (struct run){.settings = settings};
    endpoint_init(&run->endpoint, settings, &settings->url);
    if (is_fanout) {
        endpoint_init(&run->publish_endpoint, settings,
                      settings->has_publish_url ? &settings->publish_url : &settings->url);
        run->room = room_create(settings);
    }
    run->batch = batch_create(&plan);
    faults_init(&run->faults);
    progress_init(&run->progress, settings->quiet);
    /* Not earlier: resolving a name may take long, and an interrupt is to end that. */
    signals = mask_signals(SIG_BLOCK);
    run->notice_fd = eventfd(0, EFD_CLOEXEC);
    run->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    run->engines = calloc(settings->threads, sizeof *run->engines);
    if (run->notice_fd < 0 || run->signal_fd < 0 || run->engines == NULL) {
        err(1, "%ju threads", (uintmax_t)settings->threads);
    }
}

void run_destroy(struct run *run)
{
    free(run->engines);
    close(run->notice_fd);
    close(run->signal_fd);
    batch_free(run->batch);
    room_free(run->room);
    endpoint_destroy(&run->publish_endpoint);
    endpoint_destroy(&run->endpoint);
}
