/*
 * One thread's turn, and what its connections share.
 */
#include "net/loop.h"

#include "base/clock.h"
#include "net/conn.h"

#include <stdlib.h>

/* ---- making and freeing ---- */

static void timer_due(void *argument)
{
    struct loop *loop = argument;

    loop->timer_ms = -1; /* the end of the turn advances the wheel */
}

bool loop_settings_init(struct loop_settings *settings, struct snapshot *snapshot)
{
    *settings = (struct loop_settings){
        .snapshot = snapshot_hold(snapshot),
        .fields = calloc(snapshot->limits.headers, sizeof *settings->fields),
        .path_buffer = malloc(snapshot->limits.request_line_bytes),
    };
    return settings->fields != NULL && settings->path_buffer != NULL;
}

void loop_settings_release(struct loop_settings *settings)
{
    free(settings->fields);
    free(settings->path_buffer);
    snapshot_release(settings->snapshot);
}

void loop_exchange_settings(struct loop *loop, struct loop_settings *settings)
{
    const struct loop_settings previous = {loop->snapshot, loop->fields, loop->path_buffer};

    loop->snapshot = settings->snapshot;
    loop->fields = settings->fields;
    loop->path_buffer = settings->path_buffer;
    *settings = previous;
}

static bool allocate_settings(struct loop *loop, struct snapshot *snapshot)
{
    struct loop_settings settings;
    bool made = loop_settings_init(&settings, snapshot);

    loop_exchange_settings(loop, &settings);
    return made;
}

static bool allocate_buffers(struct loop *loop)
{
    loop->output.bytes = malloc(OUTPUT_BYTES + WHOLE_FRAME_SLACK_BYTES);
    return loop->output.bytes != NULL && tls_wire_init(&loop->wire, &loop->pool);
}

struct loop *loop_create(unsigned index, struct snapshot *snapshot, struct admission *admission)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL) {
        return NULL;
    }
    loop->index = index;
    loop->admission = admission;
    loop->now_ms = clock_monotonic_ms();
    loop->random_state = (uint64_t)loop->now_ms + index;
    loop->timer.watch.watch.fd = -1;
    loop->timer_ms = -1;
    output_clear(&loop->output);
    pool_init(&loop->pool);
    wheel_init(&loop->wheel, loop->now_ms);
    list_init(&loop->connections);
    list_init(&loop->graveyard);
    list_init(&loop->scans);
    if (!watch_set_init(&loop->watches, conn_ready) ||
        !watch_timer_init(&loop->timer, &loop->watches, timer_due, loop) ||
        !allocate_settings(loop, snapshot) || !allocate_buffers(loop)) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    struct loop_settings settings = {0};

    if (loop == NULL) {
        return;
    }
    loop_exchange_settings(loop, &settings);
    loop_settings_release(&settings);
    watch_timer_close(&loop->timer);
    watch_set_free(&loop->watches);
    free(loop->output.bytes);
    tls_wire_free(&loop->wire);
    fan_out_free(&loop->fan_out);
    pool_destroy(&loop->pool);
    route_counters_free(&loop->routes);
    free(loop);
}

int64_t loop_refresh_clock(struct loop *loop)
{
    loop->now_us = clock_monotonic_us();
    loop->now_ms = loop->now_us / 1000;
    loop->clock_stale = false;
    return loop->now_ms;
}

/* SplitMix64: one addition and a few shifts. */
uint32_t loop_random(struct loop *loop)
{
    uint64_t bits = loop->random_state += 0x9E3779B97F4A7C15U;

    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
    return (uint32_t)(bits >> 32);
}

/* ---- the turn ---- */

/* Sends what the turn has brought to connections other than the callback's own. */
static void flush_others(struct loop *loop)
{
    struct queue_node *node;

    do {
        conn_flush_fan_out(loop);
        while ((node = queue_take_first(&loop->dirty)) != NULL) {
            conn_flush_dirty(container_of(node, struct conn, dirty));
        }
    } while (loop->fan_out.count > 0); /* somebody's on_close has published */
}

/* Runs those that are runnable now; what becomes so meanwhile waits for the next turn. */
static void run_runnable(struct loop *loop)
{
    struct queue taken = queue_take_all(&loop->runnable);
    struct queue_node *node;

    while ((node = queue_take_first(&taken)) != NULL) {
        conn_run(container_of(node, struct conn, runnable));
    }
}

/* Frees the dead, those too that die of it; one that is still on a queue waits for the next turn.
 */
static void reap(struct loop *loop)
{
    struct list_node *kept = &loop->graveyard;

    while (kept->next != &loop->graveyard) {
        struct conn *conn = container_of(kept->next, struct conn, node);

        if (queue_holds(&conn->dirty) || queue_holds(&conn->runnable)) {
            kept = kept->next;
        } else {
            conn_destroy(conn);
        }
    }
}

static void start_timer(struct loop *loop)
{
    int64_t next_ms = wheel_next_ms(&loop->wheel);

    if (next_ms < 0 || (loop->timer_ms >= 0 && loop->timer_ms <= next_ms)) {
        return; /* an earlier one that is running finds nothing to do */
    }
    loop->timer_ms = next_ms;
    watch_timer_start(&loop->timer, next_ms > loop->now_ms ? next_ms - loop->now_ms : 0);
}

static bool has_work(const struct loop *loop)
{
    return !queue_empty(&loop->runnable) || !queue_empty(&loop->dirty) || loop->fan_out.count > 0;
}

/* One more look at the clock for a turn, which has at least one system call. */
static void count_turn(struct loop *loop)
{
    durations_add(&loop->tally.turns, &turn_bounds,
                  (uint64_t)(clock_monotonic_us() - loop->now_us));
}

bool loop_turn(struct loop *loop, void (*mail)(void *owner))
{
    loop->clock_stale = true;
    if (watch_poll(&loop->watches, !has_work(loop)) < 0) {
        return false;
    }
    mail(loop->owner);
    flush_others(loop);
    run_runnable(loop);
    wheel_advance(&loop->wheel, loop_now(loop), conn_deadline_due, loop);
    flush_others(loop);
    reap(loop);
    start_timer(loop);
    count_turn(loop);
    return true;
}
