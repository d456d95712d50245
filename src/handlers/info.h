/*
 * What a client may want to know of its own connection.
 */
#ifndef WSRELAYD_HANDLERS_INFO_H
#define WSRELAYD_HANDLERS_INFO_H

#include "handlers/handler.h"

/* In on_open: sends a JSON text about the connection, its request and the server. */
enum send_result info_send(struct conn *conn, const struct upgrade_info *info);

/* The same text, to be freed; NULL when memory is short. */
char *info_text(const struct conn_description *description, const struct upgrade_info *info);

#endif
