/*
 * Writing the request and judging the answer.
 */
#include "bench/handshake.h"

#include "bench/chance.h"
#include "bench/deflate.h"
#include "protocol/base64.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_RAW_BYTES = 16 };

/* ---- the request ---- */

static bool names_host(const char *header)
{
    return strncasecmp(header, "Host:", 5) == 0;
}

static void write_fields(FILE *stream, const struct settings *settings)
{
    for (size_t i = 0; i < settings->headers.count; i++) {
        fprintf(stream, "%s\r\n", settings->headers.items[i]);
    }
    for (size_t i = 0; i < settings->subprotocols.count; i++) {
        fprintf(stream, "%s%s", i == 0 ? "Sec-WebSocket-Protocol: " : ", ",
                settings->subprotocols.items[i]);
    }
    fputs(settings->subprotocols.count > 0 ? "\r\n" : "", stream);
    fputs(settings->deflate ? "Sec-WebSocket-Extensions: " DEFLATE_OFFER "\r\n" : "", stream);
}

static bool has_own_host(const struct settings *settings)
{
    for (size_t i = 0; i < settings->headers.count; i++) {
        if (names_host(settings->headers.items[i])) {
            return true;
        }
    }
    return false;
}

void handshake_init(struct handshake *handshake, const struct settings *settings,
                    const struct url *url)
{
    FILE *stream = open_memstream(&handshake->request, &handshake->length);

    if (stream == NULL) {
        err(1, "the request");
    }
    handshake->settings = settings;
    fprintf(stream, "GET %s%.*s HTTP/1.1\r\n", url->resource.data[0] == '?' ? "/" : "",
            (int)url->resource.length, url->resource.data);
    if (!has_own_host(settings)) {
        fprintf(stream, "Host: %.*s\r\n", (int)url->authority.length, url->authority.data);
    }
    fputs("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: ",
          stream);
    fflush(stream);
    handshake->key_at = handshake->length;
    fprintf(stream, "%*s\r\n", UPGRADE_KEY_BYTES, "");
    write_fields(stream, settings);
    fputs("\r\n", stream);
    if (fclose(stream) != 0) {
        err(1, "the request");
    }
}

void handshake_destroy(struct handshake *handshake)
{
    free(handshake->request);
}

void handshake_write(const struct handshake *handshake, uint64_t *seed, char *target)
{
    uint64_t key[2] = {chance_next(seed), chance_next(seed)};

    memcpy(target, handshake->request, handshake->length);
    base64_encode(target + handshake->key_at, (const uint8_t *)key, KEY_RAW_BYTES);
}

/* ---- the answer ---- */

/* A field of the answer, trimmed. */
struct field {
    struct slice name;
    struct slice value;
};

static enum handshake_verdict say(enum handshake_verdict verdict, struct handshake_answer *answer,
                                  const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum handshake_verdict say(enum handshake_verdict verdict, struct handshake_answer *answer,
                                  const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(answer->why, sizeof answer->why, format, arguments);
    va_end(arguments);
    return verdict;
}

/* Takes the next line, without its CRLF, from *rest. */
static struct slice next_line(struct slice *rest)
{
    const char *end = memmem(rest->data, rest->length, "\r\n", 2);
    struct slice line = {rest->data, (size_t)(end - rest->data)};

    rest->data += line.length + 2;
    rest->length -= line.length + 2;
    return line;
}

static bool next_field(struct slice *rest, struct field *field)
{
    struct slice line = next_line(rest);
    const char *colon = memchr(line.data, ':', line.length);

    if (line.length == 0) {
        return false;
    }
    field->name = line;
    field->value = (struct slice){line.data + line.length, 0};
    if (colon != NULL) {
        field->name.length = (size_t)(colon - line.data);
        field->value =
            slice_trim((struct slice){colon + 1, (size_t)(line.data + line.length - colon - 1)});
    }
    return true;
}

/* Whether a comma-separated list has the token, in any case. */
static bool list_has(struct slice list, struct slice token)
{
    while (list.length > 0) {
        const char *comma = memchr(list.data, ',', list.length);
        size_t length = comma != NULL ? (size_t)(comma - list.data) : list.length;

        if (slice_equal_nocase(slice_trim((struct slice){list.data, length}), token)) {
            return true;
        }
        length += comma != NULL;
        list = (struct slice){list.data + length, list.length - length};
    }
    return false;
}

/* What a 101 has said so far. */
struct acceptance {
    bool upgrades;
    bool connects;
    bool knows_key;
};

static bool was_offered(const struct texts *offered, struct slice name)
{
    for (size_t i = 0; i < offered->count; i++) {
        if (slice_equal(slice_of(offered->items[i]), name)) {
            return true;
        }
    }
    return false;
}

/* Takes a field into account; returns what is wrong with it, or NULL. */
static const char *judge_field(const struct handshake *handshake, struct slice accept,
                               const struct field *field, struct acceptance *acceptance,
                               struct handshake_answer *answer)
{
    if (slice_equal_nocase(field->name, SLICE("Upgrade"))) {
        acceptance->upgrades |= list_has(field->value, SLICE("websocket"));
    } else if (slice_equal_nocase(field->name, SLICE("Connection"))) {
        acceptance->connects |= list_has(field->value, SLICE("upgrade"));
    } else if (slice_equal_nocase(field->name, SLICE("Sec-WebSocket-Accept"))) {
        if (!slice_equal(field->value, accept)) {
            return "its Sec-WebSocket-Accept does not belong to the key";
        }
        acceptance->knows_key = true;
    } else if (slice_equal_nocase(field->name, SLICE("Sec-WebSocket-Protocol"))) {
        if (!was_offered(&handshake->settings->subprotocols, field->value)) {
            return "its Sec-WebSocket-Protocol was not offered";
        }
    } else if (slice_equal_nocase(field->name, SLICE("Sec-WebSocket-Extensions"))) {
        if (!handshake->settings->deflate || answer->deflates) {
            return "its Sec-WebSocket-Extensions were not offered";
        }
        answer->deflates = true;
        return deflate_read_answer(field->value, &answer->server_keeps_context);
    }
    return NULL;
}

static const char *judge_fields(const struct handshake *handshake, struct slice key,
                                struct slice rest, struct handshake_answer *answer)
{
    struct acceptance acceptance = {0};
    char accept[UPGRADE_ACCEPT_BYTES];
    struct field field;

    if (!upgrade_accept(key, accept)) {
        return "the key cannot be hashed: memory is short, or OpenSSL has no SHA-1";
    }
    while (next_field(&rest, &field)) {
        const char *why = judge_field(handshake, (struct slice){accept, sizeof accept}, &field,
                                      &acceptance, answer);

        if (why != NULL) {
            return why;
        }
    }
    return !acceptance.upgrades    ? "it has no \"Upgrade: websocket\""
           : !acceptance.connects  ? "it has no \"Connection: Upgrade\""
           : !acceptance.knows_key ? "it has no Sec-WebSocket-Accept"
                                   : NULL;
}

static bool is_http(struct slice received)
{
    static const struct slice start = {"HTTP/1.", 7};
    size_t length = received.length < start.length ? received.length : start.length;

    return memcmp(received.data, start.data, length) == 0;
}

enum handshake_verdict handshake_judge(const struct handshake *handshake, struct slice key,
                                       struct slice received, struct handshake_answer *answer)
{
    const char *end = memmem(received.data, received.length, "\r\n\r\n", 4);
    struct slice rest;
    struct slice line;
    const char *why;

    if (!is_http(received)) {
        return say(HANDSHAKE_REFUSED, answer, "the server does not answer with HTTP/1.1");
    }
    if (end == NULL) {
        return received.length < HANDSHAKE_ANSWER_MAX
                   ? HANDSHAKE_INCOMPLETE
                   : say(HANDSHAKE_WRONG, answer, "the head of the answer does not end");
    }
    answer->length = (size_t)(end - received.data) + 4;
    rest = (struct slice){received.data, answer->length};
    line = next_line(&rest);
    if (line.length < 12 || memcmp(line.data + 8, " 101", 4) != 0) {
        int shown = line.length > 9 ? (int)line.length - 9 : 0;

        return say(HANDSHAKE_REFUSED, answer, "the server answers with %.*s instead of 101", shown,
                   line.data + 9);
    }
    why = judge_fields(handshake, key, rest, answer);
    return why != NULL ? say(HANDSHAKE_WRONG, answer, "the 101 is not to be taken: %s", why)
                       : HANDSHAKE_ACCEPTED;
}
