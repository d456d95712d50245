/*
 * Opening, accepting, closing.
 */
#include "admin/admin.h"

#include "admin/exchange.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAUSE_MS = 1000 };

struct admin_watch {
    struct admin *admin;
    const struct bound_socket *bound;
    struct event *event;
};

struct admin {
    const struct server_control *control;
    struct listener_set listeners;
    struct admin_watch *watches; /* one for each socket */
    struct event *resume;        /* armed while the process is out of descriptors */
    struct surveyor surveyor;
    struct token token;
    struct token next_token;     /* of the reload that runs */
    struct list_node exchanges;  /* struct exchange_link */
    unsigned exchange_counts[2]; /* [1]: of those over unix sockets */
};

struct event_base *admin_base(const struct admin *admin)
{
    return admin->control->base;
}

const struct server_control *admin_control(const struct admin *admin)
{
    return admin->control;
}

struct surveyor *admin_surveyor(struct admin *admin)
{
    return &admin->surveyor;
}

const struct token *admin_token(const struct admin *admin)
{
    return &admin->token;
}

/* ---- those under way ---- */

void admin_remember(struct admin *admin, struct exchange_link *link, struct exchange *exchange)
{
    link->exchange = exchange;
    list_append(&admin->exchanges, &link->node);
    admin->exchange_counts[link->trusted]++;
}

void admin_forget(struct admin *admin, struct exchange_link *link)
{
    list_remove(&link->node);
    admin->exchange_counts[link->trusted]--;
}

/* ---- accepting ---- */

static void watch_all(struct admin *admin, bool watching)
{
    for (size_t i = 0; i < admin->listeners.count; i++) {
        (void)(watching ? event_add(admin->watches[i].event, NULL)
                        : event_del(admin->watches[i].event));
    }
}

static void resume_accepting(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    watch_all(argument, true);
}

/* Out of descriptors or memory: a socket that stays watched would spin. */
static void pause_accepting(struct admin *admin)
{
    struct timeval delay = {.tv_sec = PAUSE_MS / 1000};

    watch_all(admin, false);
    (void)event_add(admin->resume, &delay);
}

/* Ends the oldest that is owed nothing, so that nobody takes all places by asking for nothing.
 * Returns whether there was one. */
static bool make_room(struct admin *admin, bool trusted)
{
    for (struct list_node *node = admin->exchanges.next; node != &admin->exchanges;
         node = node->next) {
        const struct exchange_link *link = container_of(node, struct exchange_link, node);

        if (link->trusted == trusted && exchange_is_idle(link->exchange)) {
            exchange_free(link->exchange);
            return true;
        }
    }
    return false;
}

static void take(struct admin *admin, const struct bound_socket *bound, int fd)
{
    bool trusted = bound->address.storage.ss_family == AF_UNIX;
    unsigned count;

    while (admin->exchange_counts[trusted] >= ADMIN_CONNECTIONS_MAX && make_room(admin, trusted)) {}
    count = admin->exchange_counts[trusted];
    if (count >= ADMIN_CONNECTIONS_MAX + ADMIN_OVERFLOW_MAX) {
        (void)close(fd);
        return;
    }
    if (!exchange_start(admin, fd, trusted, count >= ADMIN_CONNECTIONS_MAX)) {
        log_error("no memory for a connection to the admin listener: it was closed");
    }
}

/* One a turn: who has sent a request is heard before others take its place. */
static void accept_ready(evutil_socket_t fd, short what, void *argument)
{
    struct admin_watch *watch = argument;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)what;
    if (accepted >= 0) {
        take(watch->admin, watch->bound, accepted);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        pause_accepting(watch->admin);
    }
}

/* ---- opening ---- */

static void log_opened(const struct admin *admin)
{
    for (size_t i = 0; i < admin->listeners.count; i++) {
        const struct address *address = &admin->listeners.sockets[i].bound->address;
        char text[ADDRESS_TEXT_BYTES];

        address_format(address, text);
        log_notice("admin listening", LOG_TEXT("address", text));
        if (!address_is_local(address)) {
            log_warning("the admin listener can be reached from other machines, and neither its "
                        "answers nor its token are encrypted: let a proxy or a firewall guard it",
                        LOG_TEXT("address", text));
        }
    }
}

static int read_token(struct token *token, const char *path)
{
    bool exposed;
    const char *problem = path != NULL ? token_read(token, path, &exposed) : NULL;

    if (problem != NULL) {
        log_error("cannot use admin.token_file", LOG_TEXT("path", path),
                  LOG_TEXT("error", problem));
        return -1;
    }
    if (path != NULL && exposed) {
        log_warning("everybody on this machine can read admin.token_file: change its mode to 0640",
                    LOG_TEXT("path", path));
    }
    return 0;
}

static bool watch_listeners(struct admin *admin)
{
    struct event_base *base = admin_base(admin);

    admin->resume = evtimer_new(base, resume_accepting, admin);
    admin->watches = calloc(admin->listeners.count, sizeof *admin->watches);
    for (size_t i = 0; admin->watches != NULL && i < admin->listeners.count; i++) {
        struct admin_watch *watch = &admin->watches[i];

        watch->admin = admin;
        watch->bound = admin->listeners.sockets[i].bound;
        watch->event = event_new(base, watch->bound->fd, EV_READ | EV_PERSIST, accept_ready, watch);
        if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
            return false;
        }
    }
    return admin->resume != NULL && admin->watches != NULL;
}

static void admin_close(void *companion)
{
    struct admin *admin = companion;

    if (admin == NULL) {
        return;
    }
    while (!list_empty(&admin->exchanges)) {
        exchange_free(container_of(admin->exchanges.next, struct exchange_link, node)->exchange);
    }
    for (size_t i = 0; admin->watches != NULL && i < admin->listeners.count; i++) {
        if (admin->watches[i].event != NULL) {
            event_free(admin->watches[i].event);
        }
    }
    if (admin->resume != NULL) {
        event_free(admin->resume);
    }
    surveyor_free(&admin->surveyor);
    listener_set_free(&admin->listeners);
    token_forget(&admin->token);
    token_forget(&admin->next_token);
    free(admin->watches);
    free(admin);
}

static int open_all(struct admin *admin, const struct admin_config *config)
{
    static char name[] = "admin";
    struct listener_config listener = config->listener;

    listener.name = name;
    if (read_token(&admin->token, config->token_file) != 0 ||
        listener_set_open_one(&admin->listeners, &listener) != 0) {
        return -1;
    }
    if (!watch_listeners(admin)) {
        log_error("not enough memory or descriptors for the admin listener");
        return -1;
    }
    log_opened(admin);
    return 0;
}

static int admin_open(const struct server_control *control, void **companion)
{
    const struct admin_config *config = control->in_force->config->admin;
    struct admin *admin;

    *companion = NULL;
    if (config == NULL) {
        return 0;
    }
    admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        log_error("not enough memory for the admin listener");
        return -1;
    }
    admin->control = control;
    admin->surveyor.control = control;
    list_init(&admin->exchanges);
    if (open_all(admin, config) != 0) {
        admin_close(admin);
        return -1;
    }
    *companion = admin;
    return 0;
}

/* ---- reloading ---- */

/* The file is still the one of the start: the admin listener's keys cannot change. */
static int admin_begin_reload(void *companion)
{
    struct admin *admin = companion;

    return admin == NULL ? 0
                         : read_token(&admin->next_token,
                                      admin->control->in_force->config->admin->token_file);
}

static void admin_end_reload(void *companion, bool succeeded)
{
    struct admin *admin = companion;

    if (admin == NULL) {
        return;
    }
    if (succeeded) {
        admin->token = admin->next_token;
    }
    token_forget(&admin->next_token);
}

const struct server_companion admin_companion = {
    .open = admin_open,
    .begin_reload = admin_begin_reload,
    .end_reload = admin_end_reload,
    .close = admin_close,
};
