/*
 * POST /v1/rooms/publish: a message into a room, from outside.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"
#include "admin/missing_room.h"
#include "net/counters.h"
#include "net/loop.h"
#include "net/message.h"
#include "protocol/base64.h"
#include "protocol/frame.h"
#include "relay/relay.h"

#include <stdlib.h>
#include <string.h>

enum { PUBLISH_MS = 5000 };

/* The texts stand one behind the other. */
struct publishing {
    uint8_t first_byte; /* of the frame */
    size_t namespace_bytes;
    size_t name_bytes;
    size_t data_bytes;
    char bytes[];
};

struct published {
    int64_t members; /* or RELAY_NO_ROOM, or -1 */
};

static struct slice namespace_of(const struct publishing *publishing)
{
    return (struct slice){publishing->bytes, publishing->namespace_bytes};
}

static struct slice name_of(const struct publishing *publishing)
{
    return (struct slice){publishing->bytes + publishing->namespace_bytes, publishing->name_bytes};
}

/* ---- on a worker's thread ---- */

static struct message *make_message(struct loop *loop, const struct publishing *publishing)
{
    struct message *message = message_create(&loop->pool, publishing->data_bytes);

    if (message != NULL) {
        memcpy(message_payload(message),
               publishing->bytes + publishing->namespace_bytes + publishing->name_bytes,
               publishing->data_bytes);
        message_frame(message, publishing->first_byte, publishing->data_bytes);
    }
    return message;
}

static bool step(struct loop *loop, void *part, const void *question)
{
    const struct publishing *publishing = question;
    struct published *published = part;
    struct message *message = make_message(loop, publishing);

    published->members = message != NULL ? relay_publish_to(loop->rooms, namespace_of(publishing),
                                                            name_of(publishing), message)
                                         : -1;
    if (published->members >= 0) {
        counter_add(&loop->counters, COUNTER_PUBLICATIONS, 1);
        counter_add(&loop->counters, COUNTER_DELIVERIES, (uint64_t)published->members);
    }
    return true;
}

static const struct survey_kind publish_survey = {
    .part_bytes = sizeof(struct published), .step = step, .limit_ms = PUBLISH_MS};

/* ---- on the main thread ---- */

static void published_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct published *published = survey_part(survey, 0);
    const struct publishing *publishing = survey_question(survey);

    if (!exchange_all_answered(exchange, survey)) {
        return;
    }
    if (published->members == RELAY_NO_ROOM) {
        missing_room_answer(exchange, namespace_of(publishing), name_of(publishing));
    } else if (published->members < 0) {
        exchange_fail(exchange, 503, "Memory is short: nobody gets the message.", NULL);
    } else {
        exchange_answer_json(
            exchange, 200,
            json_pack("{s:b, s:I}", "published", 1, "members", (json_int_t)published->members));
    }
}

/* What the body says; the slices are the body's. */
struct fields {
    struct slice namespace;
    struct slice name;
    struct slice data;
    const char *type;
};

static bool read_fields(json_t *body, struct fields *fields)
{
    json_error_t error;

    return json_unpack_ex(body, &error, JSON_STRICT, "{s:s%, s:s%, s:s, s:s%}", "namespace",
                          &fields->namespace.data, &fields->namespace.length, "name",
                          &fields->name.data, &fields->name.length, "type", &fields->type, "data",
                          &fields->data.data, &fields->data.length) == 0 &&
           (strcmp(fields->type, "text") == 0 || strcmp(fields->type, "binary") == 0);
}

/* NULL with *problem set. To be freed. */
static struct publishing *make_publishing(const struct fields *fields, const char **problem)
{
    bool is_text = strcmp(fields->type, "text") == 0;
    struct publishing *publishing = malloc(sizeof *publishing + fields->namespace.length +
                                           fields->name.length + fields->data.length + 1);
    char *bytes;

    if (publishing == NULL) {
        *problem = NULL;
        return NULL;
    }
    *publishing = (struct publishing){
        .first_byte = (uint8_t)(FRAME_FIN | (is_text ? OPCODE_TEXT : OPCODE_BINARY)),
        .namespace_bytes = fields->namespace.length,
        .name_bytes = fields->name.length,
        .data_bytes = fields->data.length,
    };
    bytes = mempcpy(publishing->bytes, fields->namespace.data, fields->namespace.length);
    bytes = mempcpy(bytes, fields->name.data, fields->name.length);
    if (is_text) {
        memcpy(bytes, fields->data.data, fields->data.length);
    } else if (!base64_decode((uint8_t *)bytes, fields->data, &publishing->data_bytes)) {
        *problem = "The data of a binary message must be base64, with padding.";
        free(publishing);
        return NULL;
    }
    return publishing;
}

void publish_into_room(struct exchange *exchange, struct slice element)
{
    json_t *body = exchange_body(exchange);
    struct fields fields;
    struct publishing *publishing = NULL;
    const char *problem = "The body must be {\"namespace\": TEXT, \"name\": TEXT, \"type\": "
                          "\"text\" or \"binary\", \"data\": TEXT}.";

    (void)element;
    if (body == NULL) {
        return;
    }
    if (read_fields(body, &fields)) {
        publishing = make_publishing(&fields, &problem);
    }
    if (publishing != NULL) {
        exchange_ask(exchange, &publish_survey, 0, publishing,
                     sizeof *publishing + publishing->namespace_bytes + publishing->name_bytes +
                         publishing->data_bytes,
                     published_known);
    } else if (problem != NULL) {
        exchange_fail(exchange, 400, problem, NULL);
    } else {
        exchange_answer_json(exchange, 500, NULL);
    }
    free(publishing);
    json_decref(body);
}
