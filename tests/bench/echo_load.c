/*
 * Keeps messages in flight on many connections of an echo server, checks what comes back and
 * tells what that cost the server: CPU time a message, or memory a connection.
 */
#include "common/batch.h"
#include "common/handshake.h"
#include "common/options.h"
#include "common/process.h"
#include "common/report.h"
#include "common/transport.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 1024,
    GREETING_BYTES = 20,
    RECEIVE_BYTES = 256 * 1024,
    STALL_MS = 10 * 1000, /* without any echo: something was lost */
    WARM_UP_PERCENT = 10, /* of the seconds to measure, before them */
};

static const double nanoseconds_per_second = 1e9;

static struct {
    const char *target;
    const char *path; /* NULL with --raw */
    unsigned long connections;
    unsigned long payload_bytes;
    unsigned long in_flight;
    unsigned long seconds;
    unsigned long messages; /* 0: for so many seconds instead */
    unsigned long server;   /* process; 0: not told */
    bool raw;
    bool tls;
    bool text;
    bool verify;
    bool idle;
    bool hold;
    bool json;
} options = {.connections = 64, .payload_bytes = 20, .in_flight = 1, .seconds = 5};

static const char synopsis[] =
    "echo_load (--websocket PATH | --raw) [options] HOST:PORT | unix:/PATH";

static const struct option_row option_rows[] = {
    {"websocket", OPTION_TEXT, &options.path, "upgrade at this path and send masked frames"},
    {"raw", OPTION_FLAG, &options.raw, "send the same bytes to a server that returns bytes"},
    {"tls", OPTION_FLAG, &options.tls, "over TLS; any certificate will do"},
    {"connections", OPTION_NUMBER, &options.connections, "how many (64)"},
    {"size", OPTION_NUMBER, &options.payload_bytes, "payload bytes of a message (20)"},
    {"in-flight", OPTION_NUMBER, &options.in_flight, "messages sent at once and waited for (1)"},
    {"seconds", OPTION_NUMBER, &options.seconds, "how long to measure (5)"},
    {"messages", OPTION_NUMBER, &options.messages, "measure so many messages instead"},
    {"text", OPTION_FLAG, &options.text, "UTF-8 text messages instead of binary ones"},
    {"verify", OPTION_FLAG, &options.verify, "compare what comes back byte for byte"},
    {"idle", OPTION_FLAG, &options.idle, "let each connection echo once, tell the memory of each"},
    {"hold", OPTION_FLAG, &options.hold, "at the end keep the connections until a signal comes"},
    {"pid", OPTION_NUMBER, &options.server, "the server's process: tell its CPU time and memory"},
    {"json", OPTION_FLAG, &options.json, "print the figures as JSON"},
    {0},
};

struct connection {
    struct transport transport;
    struct batch_reply reply;
    size_t sent_bytes; /* of the batch */
    bool blocked;      /* waits for room to send the rest */
};

struct load {
    struct batch *batch;
    struct connection *connections;
    int epoll;
    uint64_t rounds; /* batches that came back whole */
};

/* Everything at one moment. */
struct sample {
    uint64_t time_ns;
    uint64_t own_cpu_ns;
    uint64_t rounds;
    struct process_usage server;
};

/* ---- opening ---- */

/* One message on a blocking connection, there and back. */
static void greet(struct transport *transport, const struct batch *greeting)
{
    struct batch_reply reply = {0};
    uint8_t bytes[256];
    ssize_t got;

    if (transport_send(transport, greeting->wire, greeting->wire_bytes) !=
        (ssize_t)greeting->wire_bytes) {
        errx(1, "the server does not take the first message");
    }
    do {
        got = transport_receive(transport, bytes, sizeof(bytes));
        if (got == TRANSPORT_WOULD_BLOCK) {
            errx(1, "no echo of the first message");
        }
    } while (!batch_check(greeting, &reply, bytes, (size_t)got));
}

/* One after the other, so that the server is not flooded; each has echoed once when it is done. */
static void open_connections(struct load *load)
{
    enum batch_kind kind = options.raw ? BATCH_RAW : BATCH_BINARY;
    struct batch *greeting = batch_create(kind, 1, GREETING_BYTES, true);

    for (unsigned long i = 0; i < options.connections; i++) {
        struct connection *connection = &load->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        connection->transport = transport_open(options.target, options.tls);
        if (!options.raw) {
            handshake_upgrade(&connection->transport, options.path);
        }
        greet(&connection->transport, greeting);
        transport_set_nonblocking(&connection->transport);
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->transport.fd, &event) < 0) {
            err(1, "epoll_ctl");
        }
    }
    batch_free(greeting);
}

/* ---- messages in flight ---- */

static void watch_for_room(struct load *load, struct connection *connection, bool blocked)
{
    struct epoll_event event = {.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = connection};

    if (blocked != connection->blocked) {
        connection->blocked = blocked;
        if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->transport.fd, &event) < 0) {
            err(1, "epoll_ctl");
        }
    }
}

/* What the kernel takes of the batch; all of it with one call when there is room. */
static void send_batch(struct load *load, struct connection *connection)
{
    const struct batch *batch = load->batch;
    ssize_t sent = 0;

    while (connection->sent_bytes < batch->wire_bytes && sent != TRANSPORT_WOULD_BLOCK) {
        sent = transport_send(&connection->transport, batch->wire + connection->sent_bytes,
                              batch->wire_bytes - connection->sent_bytes);
        if (sent != TRANSPORT_WOULD_BLOCK) {
            connection->sent_bytes += (size_t)sent;
        }
    }
    watch_for_room(load, connection, connection->sent_bytes < batch->wire_bytes);
}

static void start_round(struct load *load, struct connection *connection)
{
    connection->reply = (struct batch_reply){0};
    connection->sent_bytes = 0;
    send_batch(load, connection);
}

static void receive_echo(struct load *load, struct connection *connection)
{
    static uint8_t bytes[RECEIVE_BYTES];

    do {
        ssize_t got = transport_receive(&connection->transport, bytes, sizeof(bytes));

        if (got == TRANSPORT_WOULD_BLOCK) {
            return;
        }
        if (batch_check(load->batch, &connection->reply, bytes, (size_t)got)) {
            load->rounds++;
            start_round(load, connection);
        }
    } while (transport_has_pending(&connection->transport));
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* One pass over what is ready. */
static void turn(struct load *load)
{
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(load->epoll, events, EVENTS_MAX, STALL_MS);

    if (count == 0) {
        errx(1, "no echo for %d seconds", STALL_MS / 1000);
    }
    if (count < 0 && errno != EINTR) {
        err(1, "epoll_wait");
    }
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;

        if (events[i].events & EPOLLOUT) {
            send_batch(load, connection);
        }
        if (events[i].events & ~(uint32_t)EPOLLOUT) {
            receive_echo(load, connection);
        }
    }
}

static void run_for(struct load *load, uint64_t duration_ns)
{
    uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + duration_ns;

    while (clock_ns(CLOCK_MONOTONIC) < end_ns) {
        turn(load);
    }
}

static void run_until(struct load *load, uint64_t rounds)
{
    while (load->rounds < rounds) {
        turn(load);
    }
}

static struct sample take_sample(const struct load *load)
{
    struct sample sample = {
        .time_ns = clock_ns(CLOCK_MONOTONIC),
        .own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID),
        .rounds = load->rounds,
    };

    if (options.server != 0) {
        sample.server = process_usage_now((pid_t)options.server);
    }
    return sample;
}

static void report_speed(const struct load *load, const struct sample *from,
                         const struct sample *to, struct report *report)
{
    double elapsed_ns = (double)(to->time_ns - from->time_ns);
    double messages = (double)(to->rounds - from->rounds) * (double)load->batch->count;
    double server_ns = (double)(to->server.cpu_ns - from->server.cpu_ns);

    report_add(report, "connections", (double)options.connections, 0);
    report_add(report, "payload_bytes", (double)load->batch->payload_bytes, 0);
    report_add(report, "in_flight", (double)load->batch->count, 0);
    report_add(report, "messages", messages, 0);
    report_add(report, "seconds", elapsed_ns / nanoseconds_per_second, 3);
    report_add(report, "messages_per_second", messages / elapsed_ns * nanoseconds_per_second, 0);
    report_add(report, "generator_core_share",
               (double)(to->own_cpu_ns - from->own_cpu_ns) / elapsed_ns, 3);
    if (options.server != 0) {
        report_add(report, "server_cpu_ns_per_message", server_ns / messages, 2);
        report_add(report, "server_core_share", server_ns / elapsed_ns, 3);
        report_add(report, "server_wait_share",
                   (double)(to->server.wait_ns - from->server.wait_ns) / elapsed_ns, 3);
    }
}

/* The load itself, and its figures: all of so many messages, or of the time after the warm-up. */
static void measure_speed(struct load *load, struct report *report)
{
    uint64_t seconds_ns = options.seconds * UINT64_C(1000000000);
    struct sample from = take_sample(load);
    struct sample to;

    for (unsigned long i = 0; i < options.connections; i++) {
        start_round(load, &load->connections[i]);
    }
    if (options.messages != 0) {
        run_until(load, (options.messages + options.in_flight - 1) / options.in_flight);
    } else {
        run_for(load, seconds_ns * WARM_UP_PERCENT / 100);
        from = take_sample(load);
        run_for(load, seconds_ns);
    }
    to = take_sample(load);
    if (to.rounds == from.rounds) {
        errx(1, "no batch came back in that time");
    }
    report_speed(load, &from, &to, report);
}

/* ---- memory ---- */

static void measure_load(struct load *load, struct report *report)
{
    pid_t server = (pid_t)options.server;
    double before = 0;

    open_connections(load);
    if (server != 0) {
        process_wait_until_quiet(server);
        before = (double)process_resident_bytes(server);
        process_reset_peak(server);
    }
    measure_speed(load, report);
    if (server != 0) {
        report_add(report, "server_resident_bytes", before, 0);
        report_add(report, "server_peak_growth_bytes", (double)process_peak_bytes(server) - before,
                   0);
    }
}

static void measure_idle(struct load *load, struct report *report)
{
    double connections = (double)options.connections;
    pid_t server = (pid_t)options.server;
    double before;
    double after;

    process_wait_until_quiet(server);
    before = (double)process_resident_bytes(server);
    open_connections(load);
    process_wait_until_quiet(server);
    after = (double)process_resident_bytes(server);
    report_add(report, "connections", connections, 0);
    report_add(report, "server_resident_bytes_before", before, 0);
    report_add(report, "server_resident_bytes_after", after, 0);
    report_add(report, "bytes_per_connection", (after - before) / connections, 1);
}

/* ---- the program ---- */

static void read_command_line(int argc, char **argv)
{
    options.target = options_parse(option_rows, synopsis, argc, argv);
    if (options.raw == (options.path != NULL) || options.connections == 0 ||
        options.in_flight == 0 || options.seconds == 0 || (options.idle && options.server == 0)) {
        options_fail(option_rows, synopsis);
    }
}

static struct load create_load(void)
{
    enum batch_kind kind = options.raw ? BATCH_RAW : options.text ? BATCH_TEXT : BATCH_BINARY;
    struct load load = {
        .batch = batch_create(kind, options.in_flight, options.payload_bytes, options.verify),
        .connections = calloc(options.connections, sizeof(struct connection)),
        .epoll = epoll_create1(EPOLL_CLOEXEC),
    };

    if (load.connections == NULL || load.epoll < 0) {
        err(1, "%lu connections", options.connections);
    }
    return load;
}

static void free_load(struct load *load)
{
    for (unsigned long i = 0; i < options.connections; i++) {
        transport_close(&load->connections[i].transport);
    }
    free(load->connections);
    close(load->epoll);
    batch_free(load->batch);
}

int main(int argc, char **argv)
{
    struct report report = {0};
    struct load load;

    read_command_line(argc, argv);
    process_raise_descriptor_limit();
    load = create_load();
    if (options.idle) {
        measure_idle(&load, &report);
    } else {
        measure_load(&load, &report);
    }
    report_print(&report, options.json);
    if (options.hold) {
        pause();
    }
    free_load(&load);
    return EXIT_SUCCESS;
}
