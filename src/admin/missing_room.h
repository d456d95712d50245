/*
 * The answer to those who name a room that is not there.
 */
#ifndef WSRELAYD_ADMIN_MISSING_ROOM_H
#define WSRELAYD_ADMIN_MISSING_ROOM_H

#include "admin/exchange.h"
#include "base/slice.h"

/* Answers 404, with the namespace and the name as they were understood in the details. */
void missing_room_answer(struct exchange *exchange, struct slice namespace, struct slice name);

#endif
