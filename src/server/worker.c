/*
 * The thread of a worker and the mail that it gets.
 */
#include "server/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/outdated.h"
#include "net/watch_timer.h"
#include "server/acceptor.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* An order as it is posted; each at most once. */
struct stop_order {
    struct mail mail;
    struct departure departure; /* of those that drain */
    int64_t end_ms;
};

struct worker {
    struct loop *loop;
    struct relay *relay;
    struct acceptor *acceptor; /* only with one worker; else the main thread accepts */
    struct mailbox mailbox;
    struct single_watch mail_watch;
    struct watch_timer stop_timer; /* runs while stopping: who is left then is dropped */
    bool stopping;
    bool sends_away; /* the configuration in force closes connections that are outdated */
    bool started;
    bool joined;
    unsigned index;
    pthread_t thread;
    atomic_uint connections; /* on this worker or under way to it */
    void (*ended)(void *owner);
    void *owner;

    struct stop_order orders[WORKER_ORDER_COUNT];

    struct mail question;
    atomic_int_least64_t asked_ms;  /* when the question was sent; 0: it is not under way */
    atomic_int_least64_t turned_ms; /* when it was last taken */
};

/* A connection on its way to its worker. */
struct connection_mail {
    struct mail mail;
    int fd;
    struct listener *listener; /* a reference of listener_enter */
    struct peer peer;
    enum admission_verdict verdict;
};

/* ---- connections ---- */

static void connection_gone(struct loop *loop)
{
    struct worker *worker = loop->owner;

    atomic_fetch_sub_explicit(&worker->connections, 1, memory_order_relaxed);
}

/* Closes a connection that has not been taken. */
static void turn_away(struct worker *worker, int fd, struct listener *listener,
                      enum admission_verdict verdict)
{
    listener_leave(listener);
    (void)close(fd);
    if (verdict == ADMISSION_GRANTED) {
        admission_end_pending(worker->loop->admission);
    }
    admission_leave(worker->loop->admission, verdict);
}

static void take_connection(struct worker *worker, int fd, struct listener *listener,
                            const struct peer *peer, enum admission_verdict verdict)
{
    if (worker->stopping) {
        turn_away(worker, fd, listener, verdict);
        connection_gone(worker->loop);
    } else if (!conn_create(worker->loop, fd, listener, peer, verdict)) {
        connection_gone(worker->loop);
    }
}

static void accepted_here(void *owner, int fd, struct listener *listener, const struct peer *peer,
                          enum admission_verdict verdict)
{
    struct worker *worker = owner;

    atomic_fetch_add_explicit(&worker->connections, 1, memory_order_relaxed);
    take_connection(worker, fd, listener, peer, verdict);
}

static void connection_delivered(struct mail *mail, void *receiver)
{
    struct connection_mail *connection = container_of(mail, struct connection_mail, mail);

    take_connection(receiver, connection->fd, connection->listener, &connection->peer,
                    connection->verdict);
    free(connection);
}

void worker_give(struct worker *worker, int fd, struct listener *listener, const struct peer *peer,
                 enum admission_verdict verdict)
{
    struct connection_mail *connection = malloc(sizeof *connection);

    if (connection == NULL) {
        log_error("no memory for a connection: it was closed", LOG_NUMBER("fd", fd));
        turn_away(worker, fd, listener, verdict);
        return;
    }
    *connection = (struct connection_mail){.mail.deliver = connection_delivered,
                                           .fd = fd,
                                           .listener = listener,
                                           .peer = *peer,
                                           .verdict = verdict};
    atomic_fetch_add_explicit(&worker->connections, 1, memory_order_relaxed);
    mailbox_post(&worker->mailbox, &connection->mail);
}

unsigned worker_connection_count(const struct worker *worker)
{
    return atomic_load_explicit(&worker->connections, memory_order_relaxed);
}

void worker_post(struct worker *worker, struct mail *mail)
{
    mailbox_post(&worker->mailbox, mail);
}

struct loop *worker_loop(const struct worker *worker)
{
    return worker->loop;
}

const struct counters *worker_counters(const struct worker *worker)
{
    return &worker->loop->counters;
}

static void for_each_connection(struct worker *worker, void (*handle)(struct conn *conn))
{
    struct list_node *head = &worker->loop->connections;
    struct list_node *next;

    for (struct list_node *node = head->next; node != head; node = next) {
        next = node->next;
        handle(container_of(node, struct conn, node));
    }
}

/* ---- another configuration ---- */

struct worker_change {
    struct mail mail;
    struct loop_settings settings;
    struct outdated *outdated;         /* NULL: every connection is kept */
    struct acceptor_change *accepting; /* NULL: the worker does not accept */
    struct worker_barrier *barrier;    /* or NULL */
};

static void take_settings(struct worker *worker, struct loop_settings *settings)
{
    struct loop *loop = worker->loop;

    loop_exchange_settings(loop, settings);
    if (loop->snapshot->timeouts.send_ms != settings->snapshot->timeouts.send_ms) {
        for_each_connection(worker, conn_send_timeout_changed);
    }
}

/* Each at a random moment within timeouts.drain; who has not left since the last time gets another
 * moment. */
static void plan_departure(struct worker *worker)
{
    struct loop *loop = worker->loop;
    int64_t now_ms = clock_monotonic_ms();

    loop->departure =
        (struct departure){.start_ms = now_ms,
                           .span_ms = loop->snapshot->timeouts.drain_ms,
                           .seed = (uint32_t)now_ms + worker->index,
                           .code = CLOSE_RESTART,
                           .reason = "the configuration has changed, please reconnect"};
}

/* Whom an earlier configuration has sent away and this one keeps, stays. */
static void send_away(struct worker *worker, const struct outdated *outdated)
{
    struct list_node *head = &worker->loop->connections;

    plan_departure(worker);
    for (struct list_node *node = head->next; node != head; node = node->next) {
        struct conn *conn = container_of(node, struct conn, node);

        if (outdated != NULL && outdated_has(outdated, conn)) {
            conn_send_away(conn);
        } else {
            conn_keep(conn);
        }
    }
    worker->sends_away = outdated != NULL;
}

static void pass_barrier(struct worker_barrier *barrier)
{
    if (barrier != NULL &&
        atomic_fetch_sub_explicit(&barrier->left, 1, memory_order_acq_rel) == 1) {
        mailbox_post(barrier->mailbox, &barrier->mail);
    }
}

static void change_delivered(struct mail *mail, void *receiver)
{
    struct worker_change *change = container_of(mail, struct worker_change, mail);
    struct worker *worker = receiver;
    struct worker_barrier *barrier = change->barrier;

    take_settings(worker, &change->settings);
    if ((change->outdated != NULL || worker->sends_away) && !worker->stopping) {
        send_away(worker, change->outdated);
    }
    if (change->accepting != NULL && worker->acceptor != NULL) {
        acceptor_apply(worker->acceptor, change->accepting);
        change->accepting = NULL;
    }
    worker_discard(change);
    pass_barrier(barrier);
}

struct worker_change *worker_prepare(struct worker *worker, struct snapshot *snapshot,
                                     const struct listener_set *set, bool closes)
{
    struct worker_change *change = calloc(1, sizeof *change);
    bool made;

    if (change == NULL) {
        return NULL;
    }
    change->mail.deliver = change_delivered;
    made = loop_settings_init(&change->settings, snapshot) &&
           (!closes || outdated_create(&change->outdated, snapshot, set));
    if (worker->acceptor != NULL) {
        change->accepting = acceptor_prepare(worker->acceptor, set);
        made = made && change->accepting != NULL;
    }
    if (!made) {
        worker_discard(change);
        return NULL;
    }
    return change;
}

void worker_commit(struct worker *worker, struct worker_change *change,
                   struct worker_barrier *barrier)
{
    change->barrier = barrier;
    mailbox_post(&worker->mailbox, &change->mail);
}

void worker_discard(struct worker_change *change)
{
    if (change != NULL) {
        acceptor_discard(change->accepting);
        outdated_free(change->outdated);
        loop_settings_release(&change->settings);
        free(change);
    }
}

/* ---- stopping ---- */

static void drop_connection(struct conn *conn)
{
    conn_enter(conn);
    conn_kill(conn, CLOSE_GOING_AWAY, "the server has stopped without waiting any longer");
    conn_leave(conn);
}

static void drop_all(void *worker)
{
    for_each_connection(worker, drop_connection);
}

/* Takes no more connections, and ends at `end_ms` at the latest. */
static void begin_stop(struct worker *worker, int64_t end_ms)
{
    int64_t left_ms = end_ms - clock_monotonic_ms();

    worker->stopping = true;
    worker->loop->stopping = true;
    acceptor_free(worker->acceptor);
    worker->acceptor = NULL;
    watch_timer_start(&worker->stop_timer, left_ms > 0 ? left_ms : 0);
}

static void drain_delivered(struct mail *mail, void *receiver)
{
    const struct stop_order *order = container_of(mail, struct stop_order, mail);
    struct worker *worker = receiver;

    begin_stop(worker, order->end_ms);
    worker->loop->departure = order->departure;
    for_each_connection(worker, conn_drain);
}

static void stop_delivered(struct mail *mail, void *receiver)
{
    const struct stop_order *order = container_of(mail, struct stop_order, mail);
    struct worker *worker = receiver;

    begin_stop(worker, order->end_ms);
    for_each_connection(worker, conn_stop);
}

static void stop_now_delivered(struct mail *mail, void *receiver)
{
    (void)mail;
    drop_all(receiver);
}

static void (*const order_deliveries[WORKER_ORDER_COUNT])(struct mail *mail, void *receiver) = {
    [WORKER_DRAIN] = drain_delivered,
    [WORKER_HURRY] = drain_delivered,
    [WORKER_STOP] = stop_delivered,
    [WORKER_STOP_NOW] = stop_now_delivered,
};

void worker_order(struct worker *worker, enum worker_order order, const struct departure *departure,
                  int64_t end_ms)
{
    struct stop_order *posted = &worker->orders[order];

    *posted = (struct stop_order){
        .mail.deliver = order_deliveries[order], .departure = *departure, .end_ms = end_ms};
    mailbox_post(&worker->mailbox, &posted->mail);
}

/* ---- whether it turns ---- */

int64_t worker_turned_ms(const struct worker *worker)
{
    return atomic_load_explicit(&worker->turned_ms, memory_order_relaxed);
}

static void question_delivered(struct mail *mail, void *receiver)
{
    struct worker *worker = receiver;

    (void)mail;
    if (worker_turned_ms(worker) !=
        WORKER_ENDED_MS) { /* else it is whoever has joined the thread */
        atomic_store_explicit(&worker->turned_ms, clock_monotonic_ms(), memory_order_relaxed);
    }
    atomic_store_explicit(&worker->asked_ms, 0, memory_order_release);
}

void worker_ask(struct worker *worker)
{
    int_least64_t not_asked = 0;

    if (atomic_compare_exchange_strong_explicit(&worker->asked_ms, &not_asked, clock_monotonic_ms(),
                                                memory_order_acquire, memory_order_relaxed)) {
        worker->question.deliver = question_delivered;
        mailbox_post(&worker->mailbox, &worker->question);
    }
}

int64_t worker_silence_ms(const struct worker *worker)
{
    int64_t asked_ms = atomic_load_explicit(&worker->asked_ms, memory_order_relaxed);

    return asked_ms != 0 && worker_turned_ms(worker) != WORKER_ENDED_MS
               ? clock_monotonic_ms() - asked_ms
               : 0;
}

/* ---- the thread ---- */

/*
 * Nobody cancels a worker. Without these words every recv and send of a process with threads is a
 * point where it could be, and glibc pays with four locked instructions a message.
 */
static void rule_out_cancellation(void)
{
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    /* NOLINTNEXTLINE(concurrency-thread-canceltype-asynchronous,cert-pos47-c): it is disabled. */
    (void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

/* Ends the wait: every turn takes the mail. */
static void mail_ready(void *worker)
{
    (void)worker;
}

static void take_mail(void *owner)
{
    struct worker *worker = owner;

    mailbox_drain(&worker->mailbox, worker);
}

/* Publications of others may still be under way to a worker without connections: they are taken,
 * so that what they refer to is freed. */
static void empty_mailbox(struct worker *worker)
{
    while (mailbox_drain(&worker->mailbox, worker)) {}
}

/* Without its loop a worker can neither serve its connections nor close them: the process ends, and
 * whoever supervises it starts another. */
static _Noreturn void fail(void)
{
    log_error("the event loop of a worker has failed: the process ends");
    log_stop();
    _exit(EXIT_FAILURE);
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    char name[16];

    snprintf(name, sizeof name, "worker-%u", worker->index);
    (void)pthread_setname_np(pthread_self(), name);
    rule_out_cancellation();
    while (!worker->stopping || worker->loop->connection_count > 0) {
        if (!loop_turn(worker->loop, take_mail)) {
            fail();
        }
    }
    atomic_store_explicit(&worker->turned_ms, WORKER_ENDED_MS, memory_order_relaxed);
    worker->ended(worker->owner);
    return NULL;
}

int worker_start(struct worker *worker)
{
    int error = pthread_create(&worker->thread, NULL, worker_run, worker);

    worker->started = error == 0;
    return error;
}

/* ---- making and freeing ---- */

static bool create_loop(struct worker *worker, struct snapshot *snapshot,
                        struct admission *admission)
{
    worker->loop = loop_create(worker->index, snapshot, admission);
    if (worker->loop == NULL) {
        return false;
    }
    worker->loop->owner = worker;
    worker->loop->connection_gone = connection_gone;
    worker->loop->rooms =
        relay_worker_start(worker->relay, worker->index, &worker->mailbox, &worker->loop->pool);
    single_watch_init(&worker->mail_watch, worker->mailbox.wake_fd, mail_ready, worker);
    return worker->loop->rooms != NULL &&
           watch_timer_init(&worker->stop_timer, &worker->loop->watches, drop_all, worker) &&
           watch_want(&worker->loop->watches, &worker->mail_watch.watch, WATCH_READ);
}

struct worker *worker_create(struct snapshot *snapshot, struct relay *relay,
                             struct admission *admission, unsigned index,
                             void (*ended)(void *owner), void *owner)
{
    struct worker *worker = calloc(1, sizeof *worker);

    if (worker == NULL) {
        return NULL;
    }
    worker->index = index;
    worker->relay = relay;
    worker->ended = ended;
    worker->owner = owner;
    worker->mailbox.wake_fd = -1;
    worker->stop_timer.watch.watch.fd = -1;
    atomic_init(&worker->turned_ms, clock_monotonic_ms());
    if (mailbox_init(&worker->mailbox) != 0 || !create_loop(worker, snapshot, admission)) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

bool worker_accept(struct worker *worker, const struct listener_set *set)
{
    worker->acceptor = acceptor_create(&worker->loop->watches, set, worker->loop->admission,
                                       accepted_here, worker);
    return worker->acceptor != NULL;
}

void worker_join(struct worker *worker)
{
    if (worker->started && !worker->joined) {
        (void)pthread_join(worker->thread, NULL);
        worker->joined = true;
    }
    if (worker->started) {
        empty_mailbox(worker);
    }
}

void worker_free(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    worker_join(worker);
    acceptor_free(worker->acceptor);
    watch_timer_close(&worker->stop_timer);
    if (worker->loop != NULL && worker->loop->rooms != NULL) {
        relay_worker_end(worker->loop->rooms);
    }
    loop_free(worker->loop);
    if (worker->mailbox.wake_fd >= 0) {
        mailbox_destroy(&worker->mailbox);
    }
    free(worker);
}
