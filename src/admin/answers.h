/*
 * Who answers what: the functions of the table of endpoints.
 */
#ifndef WSRELAYD_ADMIN_ANSWERS_H
#define WSRELAYD_ADMIN_ANSWERS_H

#include "admin/endpoints.h"

/* ---- answer_health.c ---- */

endpoint_answer answer_health;
endpoint_answer answer_readiness;

/* ---- answer_metrics.c ---- */

endpoint_answer answer_metrics;

/* ---- answer_status.c ---- */

endpoint_answer answer_status;

/* ---- answer_drain.c ---- */

endpoint_answer begin_drain;

/* ---- answer_settings.c ---- */

endpoint_answer answer_config;
endpoint_answer answer_listeners;
endpoint_answer answer_log_level;
endpoint_answer change_log_level;

/* ---- answer_reload.c ---- */

endpoint_answer begin_reload;

/* ---- answer_connections.c ---- */

endpoint_answer answer_connections;

/* ---- answer_close.c ---- */

endpoint_answer close_connection;
endpoint_answer close_room;

/* ---- answer_rooms.c ---- */

endpoint_answer answer_rooms;

/* ---- answer_publish.c ---- */

endpoint_answer publish_into_room;

#endif
