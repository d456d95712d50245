/*
 * The admin listener: sockets of its own on the main thread's event base.
 */
#ifndef WSRELAYD_ADMIN_ADMIN_H
#define WSRELAYD_ADMIN_ADMIN_H

#include "admin/survey.h"
#include "admin/token.h"
#include "base/list.h"
#include "server/control.h"

enum {
    /* To unix sockets, and to TCP addresses, so that nobody from there locks out those here. All
     * together they take less than the descriptors that are kept in reserve. */
    ADMIN_CONNECTIONS_MAX = 8,
    ADMIN_OVERFLOW_MAX = 2, /* more that are told so; what is beyond is closed unread */
};

struct admin;
struct config_errors;
struct exchange;

/* What the server runs beside its workers. */
extern const struct server_companion admin_companion;

/* Reports what would keep the admin listener from being opened (`-t`). */
void admin_check(const struct config *config, struct config_errors *errors);

/* ---- for its own files ---- */

struct event_base *admin_base(const struct admin *admin);
const struct server_control *admin_control(const struct admin *admin);
struct surveyor *admin_surveyor(struct admin *admin);
const struct token *admin_token(const struct admin *admin);

/* An exchange's place among those that are under way. */
struct exchange_link {
    struct list_node node;
    struct exchange *exchange;
    bool trusted; /* over a unix socket */
};
void admin_remember(struct admin *admin, struct exchange_link *link, struct exchange *exchange);
void admin_forget(struct admin *admin, struct exchange_link *link);

#endif
