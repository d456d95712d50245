/*
 * Counting on the workers' threads, adding up on the main thread.
 */
#include "admin/figures.h"

#include "net/loop.h"
#include "net/outbox.h"

#include <stdlib.h>
#include <string.h>

enum { FIGURES_MS = 5000 };

/* ---- on the worker's thread ---- */

/* `route` is copied, its name included. */
static bool add_route(struct figures *figures, const struct route_figures *route)
{
    size_t capacity = figures->route_count * 2 + 16;
    struct route_figures *grown;

    if ((figures->route_count & (figures->route_count - 1)) == 0) { /* 0, 1, 2, 4, 8, ... */
        grown = reallocarray(figures->routes, capacity, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        figures->routes = grown;
    }
    grown = &figures->routes[figures->route_count++];
    *grown = *route;
    grown->name = strdup(route->name);
    return grown->name != NULL;
}

/* Takes what routes have counted that it does not know yet. Their indices are the same here. */
static bool add_new_routes(struct figures *figures, struct route_counters *counters)
{
    for (; counters != NULL; counters = counters->next) {
        if (counters->index >= figures->route_count &&
            !add_route(figures, &(struct route_figures){.name = counters->name,
                                                        .handler = counters->handler,
                                                        .traffic = counters->ended,
                                                        .further = counters->further})) {
            return false;
        }
    }
    return true;
}

static void add_connection(struct figures *figures, const struct conn *conn)
{
    struct route_figures *route;

    if (conn->counters->index >= figures->route_count &&
        !add_new_routes(figures, conn->loop->routes.first)) {
        figures->no_memory = true;
        return;
    }
    route = &figures->routes[conn->counters->index];
    traffic_add(&route->traffic, &(struct traffic){conn->messages_in, conn->messages_out,
                                                   conn->bytes_in, conn->bytes_out});
    route->connections += conn->state == CONN_OPEN;
}

/* What the routes had counted before does not hold what a connection has that dies meanwhile. */
static void visit(struct conn_scan *scan, struct conn *conn)
{
    struct figures *figures = container_of(scan, struct figures, scan);

    if (conn->counters != NULL && !figures->no_memory) {
        add_connection(figures, conn);
    }
    if (conn->state != CONN_DEAD) {
        figures->states[conn->state]++;
        figures->queue_bytes += conn->outbox != NULL ? conn->outbox->bytes : 0;
    }
}

static void begin(struct loop *loop, struct figures *figures)
{
    figures->begun = true;
    for (int i = 0; i < COUNTER_COUNT; i++) {
        figures->counters[i] = counter_read(&loop->counters, (enum counter)i);
    }
    figures->tally = loop->tally;
    figures->no_memory = !add_new_routes(figures, loop->routes.first);
    conn_scan_begin(loop, &figures->scan, visit);
}

static bool step(struct loop *loop, void *part, const void *question)
{
    struct figures *figures = part;

    (void)question;
    if (!figures->begun) {
        begin(loop, figures);
    }
    return conn_scan_step(loop, &figures->scan, SURVEY_STEP_CONNECTIONS);
}

void figures_free(struct figures *figures)
{
    for (size_t i = 0; i < figures->route_count; i++) {
        free(figures->routes[i].name);
    }
    free(figures->routes);
}

static void clear(void *part)
{
    figures_free(part);
}

const struct survey_kind figures_survey = {
    .part_bytes = sizeof(struct figures), .step = step, .clear = clear, .limit_ms = FIGURES_MS};

/* ---- adding up ---- */

static void add_durations(struct durations *sum, const struct durations *durations)
{
    for (size_t i = 0; i <= DURATION_BUCKETS_MAX; i++) {
        sum->counts[i] += durations->counts[i];
    }
    sum->sum_us += durations->sum_us;
}

static void add_tally(struct tally *sum, const struct tally *tally)
{
    add_durations(&sum->turns, &tally->turns);
    add_durations(&sum->round_trips, &tally->round_trips);
    for (size_t i = 0; i < CLOSE_CLASSES; i++) {
        sum->closes[0][i] += tally->closes[0][i];
        sum->closes[1][i] += tally->closes[1][i];
    }
}

static bool add_figures(struct figures *sum, const struct figures *figures)
{
    for (int i = 0; i < COUNTER_COUNT; i++) {
        sum->counters[i] += figures->counters[i];
    }
    for (int i = 0; i < CONN_STATE_COUNT; i++) {
        sum->states[i] += figures->states[i];
    }
    sum->queue_bytes += figures->queue_bytes;
    add_tally(&sum->tally, &figures->tally);
    for (size_t i = 0; i < figures->route_count; i++) {
        if (!add_route(sum, &figures->routes[i])) {
            return false;
        }
    }
    return !figures->no_memory;
}

/* A route that nobody has used yet counts as well: from 0 on. */
static bool add_configured_routes(struct figures *sum, const struct snapshot *snapshot)
{
    bool added = true;

    for (size_t i = 0; added && i < snapshot->route_count; i++) {
        const struct route_config *route = &snapshot->routes[i]->config;
        const char *host = route->host != NULL ? route->host : "";
        size_t bytes = strlen(host) + strlen(route->path) + 1;
        char *name = malloc(bytes);

        if (name == NULL) {
            return false;
        }
        stpcpy(stpcpy(name, host), route->path);
        added =
            add_route(sum, &(struct route_figures){.name = name, .handler = route->handler->name});
        free(name);
    }
    return added;
}

static int compare_routes(const void *left, const void *right)
{
    const struct route_figures *a = left;
    const struct route_figures *b = right;
    int names = strcmp(a->name, b->name);

    return names != 0 ? names : strcmp(a->handler, b->handler);
}

/* Makes one of those that are the same, which stand together. */
static void merge_routes(struct figures *sum)
{
    size_t kept = 0;

    for (size_t i = 1; i < sum->route_count; i++) {
        if (compare_routes(&sum->routes[kept], &sum->routes[i]) != 0) {
            sum->routes[++kept] = sum->routes[i];
            continue;
        }
        traffic_add(&sum->routes[kept].traffic, &sum->routes[i].traffic);
        further_frames_add(&sum->routes[kept].further, &sum->routes[i].further);
        sum->routes[kept].connections += sum->routes[i].connections;
        free(sum->routes[i].name);
    }
    sum->route_count = sum->route_count > 0 ? kept + 1 : 0;
}

bool figures_sum(struct figures *sum, const struct survey *survey,
                 const struct server_control *control)
{
    bool added = true;

    *sum = (struct figures){0};
    for (unsigned i = 0; added && i < control->worker_count; i++) {
        added = add_figures(sum, survey_part(survey, i));
    }
    added = added && add_configured_routes(sum, control->in_force->snapshot);
    if (added && sum->route_count > 0) {
        qsort(sum->routes, sum->route_count, sizeof *sum->routes, compare_routes);
        merge_routes(sum);
    }
    return added;
}

struct traffic figures_traffic(const struct figures *figures)
{
    struct traffic sum = {0};

    for (size_t i = 0; i < figures->route_count; i++) {
        traffic_add(&sum, &figures->routes[i].traffic);
    }
    return sum;
}
