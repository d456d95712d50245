/*
 * One error of several endpoints.
 */
#include "admin/missing_room.h"

#include "admin/connection_facts.h"

void missing_room_answer(struct exchange *exchange, struct slice namespace, struct slice name)
{
    exchange_fail(
        exchange, 404, "There is no such room.",
        json_pack("{s:o, s:o}", "namespace", text_json(namespace), "name", text_json(name)));
}
