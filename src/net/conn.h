/*
 * A connection, from accept to its end. Lives on one loop, is touched by that loop's thread only.
 *
 *   TLS_HANDSHAKE -> UPGRADE -> OPEN -> CLOSING -> FINISHING -> LINGERING -> DEAD
 *                          -> EVENTS ------------^
 *
 * Any state may be skipped on the way down, none is entered twice. Files: conn.c (life),
 * conn_upgrade.c (HTTP), conn_http.c and conn_events.c (what is no upgrade), conn_receive.c (frames
 * in), conn_send.c (frames out), conn_deliver.c (publications), conn_frames.c (counting what is no
 * message), conn_close.c (ends), conn_timers.c (deadlines), conn_log.c (access lines),
 * conn_describe.c (what handlers may know of it).
 */
#ifndef WSRELAYD_NET_CONN_H
#define WSRELAYD_NET_CONN_H

#include "base/list.h"
#include "base/queue.h"
#include "base/wheel.h"
#include "config/config.h"
#include "handlers/handler.h"
#include "net/admission.h"
#include "net/inbound.h"
#include "net/listener.h"
#include "net/message.h"
#include "net/outbox.h"
#include "net/route.h"
#include "net/transport.h"
#include "net/watch.h"
#include "protocol/http.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct route_counters;

enum conn_state {
    CONN_TLS_HANDSHAKE, /* until TLS is there */
    CONN_UPGRADE,       /* until the request head is complete and answered */
    CONN_OPEN,          /* messages flow */
    CONN_CLOSING,       /* our Close is queued or sent, the peer's is awaited */
    CONN_EVENTS,        /* server-sent events flow; input is discarded */
    CONN_FINISHING,     /* what is queued is the last; input is discarded */
    CONN_LINGERING,     /* we have half-closed; input is discarded up to the peer's FIN */
    CONN_DEAD,          /* waits for the end of the turn to be freed */
    CONN_STATE_COUNT
};

/* Who a connection comes from, as small as it can be. */
struct peer {
    uint8_t address[16]; /* IPv4 in the first four */
    uint16_t port;
    uint8_t family; /* AF_INET, AF_INET6 or AF_UNIX */
};

/* A request head that arrives in pieces. A reload may change the limits meanwhile. */
struct head_assembly {
    struct http_scanner scanner;
    size_t awaited; /* the head is complete: what it has to become with its content; else 0 */
    size_t length;
    size_t capacity; /* limits.header_size when it was begun, and one more */
    uint8_t bytes[];
};

/* Ordered by use: what every message touches comes first and lies together. */
struct conn {
    struct watch watch;
    struct transport transport;
    struct loop *loop;

    enum conn_state state : 8;
    enum admission_verdict admission : 8;
    bool paused : 1;          /* the handler wants no messages now */
    bool blocked : 1;         /* the kernel did not take all: writing waits for readiness */
    bool congested : 1;       /* the outbox has been above the high mark, not yet below the low */
    bool writable_due : 1;    /* on_writable is to be called */
    bool too_slow : 1;        /* to be closed with 1013 when the turn ends */
    bool attached : 1;        /* on_upgrade has accepted and on_close has not run */
    bool streaming : 1;       /* between conn_send_begin and conn_send_end */
    bool stream_begun : 1;    /* a frame of the streamed message has been sent */
    bool close_flushed : 1;   /* our Close has been given to the kernel */
    bool peer_finished : 1;   /* the peer's FIN has been seen */
    bool pending_counted : 1; /* counts as pending in the admission */
    bool opened : 1;          /* has been answered 101 */
    bool closed_by_peer : 1;  /* close_code is the peer's */
    bool reason_owned : 1;    /* close_reason is a copy of the peer's words */
    bool departing : 1;       /* to be closed at its moment of the loop's departure */
    bool depart_due : 1; /* the moment has come: closed when the thread's mail has been taken */
    uint32_t fan_out;    /* its entry in the loop's fan-out; 0: none */

    struct inbound *inbound; /* NULL: nothing incomplete */
    struct outbox *outbox;   /* NULL: nothing waits to be sent, here or in the transport */

    struct route *route;           /* a reference; from the upgrade on */
    const struct handler *handler; /* of the route */
    void *handler_state;           /* handler->state_bytes */
    int64_t alive_ms;              /* last sign of life from the peer */
    int64_t message_ms;            /* last data message, either way */
    /*
     * When the phase at hand must be over (ms): the handshake, an outstanding Pong, the peer's
     * Close, its FIN. When the next server-sent event is due. 0: not bounded now.
     */
    int64_t phase_end_ms;
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t bytes_in; /* payload */
    uint64_t bytes_out;
    struct queue_node dirty;    /* on the loop's queue of those to be flushed */
    struct queue_node runnable; /* on the loop's queue of those to be run again */

    /* What follows is looked at only when something begins or ends. */
    struct wheel_entry deadline;
    struct list_node node;           /* on the loop's connections, or its graveyard when dead */
    int64_t opened_ms;               /* accept; from the 101 on, the 101 */
    uint64_t number;                 /* of the loop's, rising, never given twice */
    struct route_counters *counters; /* of the route, from the upgrade on; NULL: none */
    struct head_assembly *head;      /* in CONN_UPGRADE: what has arrived of the head, or NULL */
    struct listener *listener;       /* a reference of listener_enter */
    const char *subprotocol;         /* in the route or the handler's state, or NULL */
    struct conn_timing *timing;      /* in the handler's state; NULL: the route's settings hold */
    struct slice close_reason;       /* static or in the handler's state unless reason_owned */
    struct peer peer;
    uint8_t stream_opcode; /* of the streamed message that is being sent */
    uint8_t age_jitter;    /* random: how much of the jitter its maximum age is cut by */
    uint16_t close_code;   /* for the log; 0 while open */
};

/* ---- conn.c ---- */

/*
 * Takes over an accepted socket (non-blocking) and its reference to its listener, made by
 * listener_enter. `verdict` is what admission_ask said, GRANTED or OVERFLOW. On false the socket is
 * closed and the rest given back.
 */
bool conn_create(struct loop *loop, int fd, struct listener *listener, const struct peer *peer,
                 enum admission_verdict verdict);

/* Frees a dead connection. */
void conn_destroy(struct conn *conn);

/* The one place where the state changes; goes by a table of legal moves. */
void conn_set_state(struct conn *conn, enum conn_state state);
const char *conn_state_name(enum conn_state state);

/* What its watch waits for has come. */
void conn_ready(struct watch *watch, unsigned what);

/* Around everything that handles one connection: callbacks in between gather what they send. */
void conn_enter(struct conn *conn);
void conn_leave(struct conn *conn);

/* Calls what the handler has for something else than a message, or NULL. What it sends then is a
 * message as any other to the idle timeout. */
void conn_call(struct conn *conn, void (*callback)(struct conn *conn));

/* The end-of-turn work of the loop for a connection on its queues. */
void conn_run(struct conn *conn);
void conn_flush_dirty(struct conn *conn);

void conn_mark_dirty(struct conn *conn);
void conn_mark_runnable(struct conn *conn);

/* The peer has given a sign of life: no Pong is awaited any more, and the next Ping is due after
 * ping_interval, which may be earlier than the Pong was. */
void conn_note_alive(struct conn *conn);

/* Tells the watch what the connection waits for. */
void conn_update_watch(struct conn *conn);

/* Has the kernel end a TCP connection whose peer takes nothing for timeouts.send. */
void conn_set_send_timeout(const struct conn *conn);

/* ---- conn_upgrade.c ---- */

/* Takes bytes of the request head; what follows it is taken as frames after a 101. */
void conn_upgrade_input(struct conn *conn, const uint8_t *bytes, size_t length);

/* Frees what has been kept of the head. */
void conn_free_head(struct conn *conn);

/* Answers with an HTTP error and finishes. */
void conn_refuse(struct conn *conn, const struct http_refusal *refusal);

/* What a request may have now. One that has been begun may not become larger than its memory,
 * whatever is allowed. */
struct http_limits conn_http_limits(const struct conn *conn);

/* ---- conn_http.c ---- */

/* What is there for requests that open no WebSocket. */
enum http_service { HTTP_SERVICE_NONE, HTTP_SERVICE_PAGE, HTTP_SERVICE_ECHO, HTTP_SERVICE_EVENTS };

struct plain_request {
    const struct http_head *head;
    struct slice head_bytes; /* the same as received */
    struct slice content;    /* what has come behind it so far */
};

/* Finds what a request is to get that is no handshake in order. */
enum http_service conn_find_service(struct conn *conn, const struct http_head *head);

/*
 * Answers a request for a service, which there is. Returns 0; or, if content is missing that has to
 * be echoed, how many bytes head and content are together: not more than limits.header_size.
 */
size_t conn_serve(struct conn *conn, enum http_service service,
                  const struct plain_request *request);

/* ---- conn_events.c ---- */

/* The response's head has been sent: sends the first event, and one each second from now on. */
void conn_start_events(struct conn *conn);

/* The next event is due. */
void conn_send_event(struct conn *conn);

/* Ends the stream. */
void conn_end_events(struct conn *conn);

/* ---- conn_frames.c ---- */

/* Counts a frame that no message stands for (struct further_frames). */
void conn_count_frame_in(struct conn *conn);
void conn_count_frame_out(struct conn *conn);

/* Takes back the Pongs that were counted and have been dropped for newer ones. */
void conn_discount_pongs(struct conn *conn);

/* ---- conn_receive.c ---- */

/* Takes bytes of frames, in CONN_OPEN and CONN_CLOSING. WHOLE_FRAME_SLACK_BYTES behind them must be
 * readable. */
void conn_receive(struct conn *conn, const uint8_t *bytes, size_t length);

/* Goes on with what was left over when the last callback ended: bytes, or a Close that waits. */
void conn_receive_kept(struct conn *conn);

/* What the connection knows of an incomplete message: its own, or else the loop's. */
struct inbound *conn_inbound(struct conn *conn);

/* ---- conn_send.c ---- */

/* Queues frames behind what waits, or holds them for the end of a streamed message; the caller
 * keeps its reference. False when memory is short. */
bool conn_queue_parcel(struct conn *conn, struct parcel *parcel, bool hold);

/* Begins the queue of a connection that has none with [offset, end) of a parcel's message. */
bool conn_queue_part(struct conn *conn, struct parcel *parcel, size_t offset, size_t end);

/* Bytes that wait in the queue. */
size_t conn_waiting(const struct conn *conn);

/* Whether a queue with so many bytes waiting takes `length` more: any one message if it is empty.
 */
bool conn_admits(const struct conn *conn, size_t waiting, size_t length);

/*
 * A message with these bytes, framed: the callback's own buffer where `bytes` lies in it, else a
 * copy. One reference, the caller's. NULL when memory is short.
 */
struct message *conn_take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                                  size_t length);

/* Sends a control frame: at once, or at the next frame boundary of what waits. */
void conn_send_control(struct conn *conn, enum opcode opcode, struct slice payload);

/* Queues a Close frame behind everything. */
void conn_queue_close(struct conn *conn, uint16_t code, struct slice reason);

/* Sends bytes that are not frames: an HTTP response, or a part of one. */
void conn_send_response(struct conn *conn, const char *bytes, size_t length);

/* The same with the first `length` wire bytes of a message, of which nothing is copied. */
void conn_send_shared_response(struct conn *conn, struct message *message, size_t length);

/* Writes what waits, in one system call; nothing while the kernel takes no more. */
void conn_flush(struct conn *conn);

/* Ends or frees the queue and the watch for writing to fit what is left to be sent. */
void conn_settle(struct conn *conn);

/* TLS may have written by itself, which the kernel may not have taken. */
void conn_note_rest(struct conn *conn);

/* The kernel takes more: writes what waits. */
void conn_writable(struct conn *conn);

/* Drops whole messages that wait for the end of a streamed one, which will not come. */
void conn_drop_held(struct conn *conn);

/* Drops everything that waits but what cannot be taken back. */
void conn_drop_unsent(struct conn *conn);

/* ---- conn_deliver.c ---- */

/* Gives a publication to the connection; called in nobody's or anybody's callback. */
void conn_deliver(struct conn *conn, struct parcel *parcel);

/* Moves what the turn's fan-out has for the connection, which must be something, into its queue; or
 * drops it. */
void conn_queue_fan_out(struct conn *conn);
void conn_drop_fan_out(struct conn *conn);

/* Sends what the turn's fan-out has for connections, one system call each. */
void conn_flush_fan_out(struct loop *loop);

/* ---- conn_close.c ---- */

/* The peer's Close has come. */
void conn_peer_closed(struct conn *conn, uint16_t code, struct slice reason);

/* The peer's FIN has come. */
void conn_peer_finished(struct conn *conn);

/* The transport has failed. */
void conn_peer_gone(struct conn *conn, const char *reason);

/* Ends at once, without another byte. */
void conn_kill(struct conn *conn, uint16_t code, const char *reason);

/* What was queued has been given to the kernel: goes on to the next state. */
void conn_after_flush(struct conn *conn);

/*
 * Somebody outside has asked for the end of the connection: between callbacks. `reason` is copied.
 * False when it is not open.
 */
bool conn_close_as_told(struct conn *conn, uint16_t code, struct slice reason);

/* The process stops: Close 1001 to an open one, 503 to one that has not been upgraded. */
void conn_stop(struct conn *conn);

/* The process drains: an open one is told at its moment of the loop's departure, others as above.
 */
void conn_drain(struct conn *conn);

/* A reload wants it to go: it is told at its moment of the loop's departure. */
void conn_send_away(struct conn *conn);

/* A later reload keeps it after all, unless it is closing already. */
void conn_keep(struct conn *conn);

/* Closes a connection whose moment has come. */
void conn_depart(struct conn *conn);

/* ---- conn_timers.c ---- */

/* Enters the earliest deadline of the state at hand. */
void conn_schedule(struct conn *conn);

/* timeouts.send has another value, for the kernel, too. */
void conn_send_timeout_changed(struct conn *conn);

/* A deadline of the wheel has come; `argument` is the loop. */
void conn_deadline_due(struct wheel_entry *entry, void *argument);

/* ---- conn_log.c ---- */

void conn_log_opened(const struct conn *conn);
void conn_log_closed(const struct conn *conn);
/* A request that was no upgrade has got what is called `service`. */
void conn_log_served(const struct conn *conn, const char *service);
void conn_log_refused(const struct conn *conn, const struct http_refusal *refusal);

/* The peer's address as text. */
enum { PEER_TEXT_BYTES = 64 };
void peer_format(const struct peer *peer, char text[PEER_TEXT_BYTES]);
struct sockaddr;
void peer_set(struct peer *peer, const struct sockaddr *address);

#endif
