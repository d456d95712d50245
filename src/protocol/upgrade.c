/*
 * The opening handshake: what a request must have, and what it is answered.
 */
#include "protocol/upgrade.h"

#include "protocol/base64.h"
#include "protocol/upgrade_fields.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>

static bool refuse(struct http_refusal *refusal, int status, const char *reason)
{
    refusal->status = status;
    refusal->reason = reason;
    return false;
}

/* What is between a check and the answer. */
struct check {
    const struct http_head *head;
    char *path_buffer;
    char *host_buffer;
    struct upgrade_request *request;
    struct http_refusal *refusal;
};

/* Empty elements mean nothing (RFC 9110 section 5.6.1). */
static bool list_valid(const struct http_head *head, struct slice name,
                       bool (*is_element)(struct slice text))
{
    struct http_list_cursor cursor = {0};
    struct slice element;

    while (http_list_next(head, name, &cursor, &element)) {
        if (element.length > 0 && !is_element(element)) {
            return false;
        }
    }
    return true;
}

static bool list_has(const struct http_head *head, struct slice name, struct slice token)
{
    struct http_list_cursor cursor = {0};
    struct slice element;

    while (http_list_next(head, name, &cursor, &element)) {
        if (slice_equal_nocase(element, token)) {
            return true;
        }
    }
    return false;
}

/* ---- the checks, in the order in which they are made ---- */

/* RFC 9112 section 3.2: exactly one Host, and a valid one. */
static bool check_host(struct check *check)
{
    struct slice value;
    struct authority authority;

    if (!http_single_field(check->head, SLICE("Host"), &value) || value.data == NULL) {
        return refuse(check->refusal, 400, "There must be exactly one Host field.");
    }
    if (!authority_parse(value, &authority)) {
        return refuse(check->refusal, 400, "The Host field is not host[:port].");
    }
    check->request->host = authority.host;
    return true;
}

/* What could be a body, or be taken for one by something between the client and us, is refused:
 * bytes behind the head are frames or nothing. */
static bool check_body(struct check *check)
{
    struct slice value;

    if (!http_single_field(check->head, SLICE("Content-Length"), &value) ||
        (value.data != NULL && !slice_equal(value, SLICE("0")))) {
        return refuse(check->refusal, 400, "A WebSocket request has no content.");
    }
    if (!http_single_field(check->head, SLICE("Transfer-Encoding"), &value) || value.data != NULL) {
        return refuse(check->refusal, 400, "A WebSocket request has no Transfer-Encoding.");
    }
    return true;
}

static bool check_method(struct check *check)
{
    if (!slice_equal(check->head->method, SLICE("GET"))) {
        return refuse(check->refusal, 405, "WebSockets are opened with GET.");
    }
    if (check->head->version_minor < 1) {
        return refuse(check->refusal, 400, "WebSockets need HTTP/1.1.");
    }
    return true;
}

/* RFC 9112 section 3.2.2: the authority of an absolute target takes the place of Host. */
static bool check_target(struct check *check)
{
    struct target *target = &check->request->target;
    struct authority authority;

    if (!target_parse(check->head->target, check->path_buffer, target, check->refusal)) {
        return false;
    }
    if (target->authority.data != NULL) {
        if (!authority_parse(target->authority, &authority)) {
            return refuse(check->refusal, 400, "The target's authority is not host[:port].");
        }
        check->request->host = authority.host;
    }
    return true;
}

/* RFC 9110 section 7.8: a token, and perhaps a slash and a token. */
static bool is_protocol(struct slice text)
{
    const char *slash = memchr(text.data, '/', text.length);
    struct slice name = text;
    struct slice version;

    if (slash == NULL) {
        return http_is_token(name);
    }
    name.length = (size_t)(slash - text.data);
    version = (struct slice){slash + 1, text.length - name.length - 1};
    return http_is_token(name) && http_is_token(version);
}

static bool check_upgrade(struct check *check)
{
    if (!list_valid(check->head, SLICE("Upgrade"), is_protocol)) {
        return refuse(check->refusal, 400, "The Upgrade field is not a list of protocols.");
    }
    if (!list_valid(check->head, SLICE("Connection"), http_is_token)) {
        return refuse(check->refusal, 400, "The Connection field is not a list of tokens.");
    }
    if (!list_has(check->head, SLICE("Upgrade"), SLICE("websocket"))) {
        return refuse(check->refusal, 426, "This is a WebSocket server: send Upgrade: websocket.");
    }
    if (!list_has(check->head, SLICE("Connection"), SLICE("upgrade"))) {
        return refuse(check->refusal, 400, "The Connection field must contain Upgrade.");
    }
    return true;
}

static bool check_version(struct check *check)
{
    struct slice value;

    if (!http_single_field(check->head, SLICE("Sec-WebSocket-Version"), &value) ||
        !slice_equal(value, SLICE("13"))) {
        return refuse(check->refusal, 426, "Only version 13 of the WebSocket protocol is spoken.");
    }
    return true;
}

static bool check_key(struct check *check)
{
    struct slice value;

    if (!http_single_field(check->head, SLICE("Sec-WebSocket-Key"), &value) || value.data == NULL) {
        return refuse(check->refusal, 400, "There must be exactly one Sec-WebSocket-Key.");
    }
    if (!base64_is_canonical(value, 16)) {
        return refuse(check->refusal, 400, "The Sec-WebSocket-Key is not 16 bytes in base64.");
    }
    check->request->key = value;
    return true;
}

static bool check_origin(struct check *check)
{
    if (!http_single_field(check->head, SLICE("Origin"), &check->request->origin)) {
        return refuse(check->refusal, 400, "There must be at most one Origin field.");
    }
    return true;
}

static bool check_lists(struct check *check)
{
    if (!upgrade_subprotocols_valid(check->head)) {
        return refuse(check->refusal, 400,
                      "Sec-WebSocket-Protocol is not a list of at most 64 different tokens.");
    }
    if (!upgrade_extensions_valid(check->head)) {
        return refuse(check->refusal, 400, "Sec-WebSocket-Extensions is malformed.");
    }
    return true;
}

static bool (*const checks[])(struct check *check) = {
    check_host,    check_method, check_body,   check_target, check_upgrade,
    check_version, check_key,    check_origin, check_lists,
};

/* Those that any request has to pass. */
static bool (*const plain_checks[])(struct check *check) = {check_host, check_target};

static bool write_host(struct check *check)
{
    struct slice *host = &check->request->host;

    if (host->length > UPGRADE_HOST_MAX_BYTES) {
        return refuse(check->refusal, 400, "The host is too long.");
    }
    *host = authority_write_host(check->host_buffer, *host);
    return true;
}

bool upgrade_check(const struct http_head *head, char *path_buffer, char *host_buffer,
                   struct upgrade_request *request, struct http_refusal *refusal)
{
    struct check check = {head, path_buffer, host_buffer, request, refusal};

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i](&check)) {
            return false;
        }
    }
    return write_host(&check);
}

bool upgrade_is_wanted(const struct http_head *head)
{
    return list_has(head, SLICE("Upgrade"), SLICE("websocket"));
}

bool upgrade_check_plain(const struct http_head *head, char *path_buffer, char *host_buffer,
                         struct upgrade_request *request)
{
    struct http_refusal refusal;
    struct check check = {head, path_buffer, host_buffer, request, &refusal};

    for (size_t i = 0; i < sizeof plain_checks / sizeof plain_checks[0]; i++) {
        if (!plain_checks[i](&check)) {
            return false;
        }
    }
    return write_host(&check);
}

const char *upgrade_choose_subprotocol(const struct http_head *head, const char *const *supported,
                                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct http_list_cursor cursor = {0};
        struct slice offered;

        while (http_list_next(head, SLICE("Sec-WebSocket-Protocol"), &cursor, &offered)) {
            if (slice_equal(offered, slice_of(supported[i]))) {
                return supported[i];
            }
        }
    }
    return NULL;
}

/* ---- the answers ---- */

/* RFC 6455 section 4.2.2: the key as it was sent, with this behind it, hashed. */
static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum { SHA1_BYTES = 20 };

/* Looked up once for the process; NULL when OpenSSL has none. */
static EVP_MD *sha1;

static void find_sha1(void)
{
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

bool upgrade_accept(struct slice key, char accept[UPGRADE_ACCEPT_BYTES])
{
    static pthread_once_t found = PTHREAD_ONCE_INIT;
    char text[UPGRADE_KEY_BYTES + sizeof accept_guid - 1];
    uint8_t digest[SHA1_BYTES];

    (void)pthread_once(&found, find_sha1);
    memcpy(text, key.data, UPGRADE_KEY_BYTES);
    memcpy(text + UPGRADE_KEY_BYTES, accept_guid, sizeof accept_guid - 1);
    if (sha1 == NULL || EVP_Digest(text, sizeof text, digest, NULL, sha1, NULL) != 1) {
        return false;
    }
    base64_encode(accept, digest, sizeof digest);
    return true;
}

/* Returns where the text ends. */
static char *append(char *target, struct slice text)
{
    memcpy(target, text.data, text.length);
    return target + text.length;
}

size_t upgrade_write_accepted(char *target, struct slice key, const char *subprotocol)
{
    char *end = append(target, SLICE("HTTP/1.1 101 Switching Protocols\r\n"
                                     "Upgrade: websocket\r\n"
                                     "Connection: Upgrade\r\n"
                                     "Sec-WebSocket-Accept: "));

    if (!upgrade_accept(key, end)) {
        return 0;
    }
    end += UPGRADE_ACCEPT_BYTES;
    if (subprotocol != NULL) {
        end = append(end, SLICE("\r\nSec-WebSocket-Protocol: "));
        end = append(end, slice_of(subprotocol));
    }
    end = append(end, SLICE("\r\n\r\n"));
    return (size_t)(end - target);
}

/* Statuses, their phrases (RFC 9110 section 15) and the fields that belong to them. */
struct status {
    int code;
    const char *phrase;
    const char *connection; /* options beside "close" */
    const char *fields;
};

/* It has no content, as if the request were HEAD: RFC 9110 section 15.4.5. */
enum { NOT_MODIFIED = 304 };

static const struct status statuses[] = {
    {301, "Moved Permanently", "", ""},
    {302, "Found", "", ""},
    {303, "See Other", "", ""},
    {NOT_MODIFIED, "Not Modified", "", ""},
    {307, "Temporary Redirect", "", ""},
    {308, "Permanent Redirect", "", ""},
    {400, "Bad Request", "", ""},
    {401, "Unauthorized", "", ""},
    {402, "Payment Required", "", ""},
    {403, "Forbidden", "", ""},
    {404, "Not Found", "", ""},
    {405, "Method Not Allowed", "", "Allow: GET\r\n"},
    {406, "Not Acceptable", "", ""},
    {408, "Request Timeout", "", ""},
    {409, "Conflict", "", ""},
    {410, "Gone", "", ""},
    {411, "Length Required", "", ""},
    {413, "Content Too Large", "", ""},
    {414, "URI Too Long", "", ""},
    {417, "Expectation Failed", "", ""},
    {421, "Misdirected Request", "", ""},
    {422, "Unprocessable Content", "", ""},
    {426, "Upgrade Required", ", Upgrade", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"},
    {429, "Too Many Requests", "", ""},
    {431, "Request Header Fields Too Large", "", ""},
    {451, "Unavailable For Legal Reasons", "", ""},
    {500, "Internal Server Error", "", ""},
    {501, "Not Implemented", "", ""},
    {502, "Bad Gateway", "", ""},
    {503, "Service Unavailable", "", "Retry-After: 5\r\n"},
    {504, "Gateway Timeout", "", ""},
};

/* What stands for a status that the table lacks: its class. */
static const char *const class_phrases[] = {
    [3] = "Redirection", [4] = "Client Error", [5] = "Server Error"};

enum { REFUSAL_MIN = 300, REFUSAL_MAX = 599 };

static struct status find_status(int code)
{
    /* Nothing else refuses: a proxy might take 1xx or 2xx for an open tunnel. */
    int refusing = code >= REFUSAL_MIN && code <= REFUSAL_MAX ? code : 500;

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].code == refusing) {
            return statuses[i];
        }
    }
    return (struct status){refusing, class_phrases[refusing / 100], "", ""};
}

size_t upgrade_write_refused(char *target, const struct http_refusal *refusal)
{
    struct status status = find_status(refusal->status);
    int reason_bytes = (int)strnlen(refusal->reason, UPGRADE_REASON_MAX_BYTES);
    int content_bytes = reason_bytes + 1;
    size_t length = (size_t)snprintf(target, UPGRADE_RESPONSE_MAX_BYTES,
                                     "HTTP/1.1 %d %s\r\n"
                                     "%s"
                                     "Connection: close%s\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Length: %d\r\n"
                                     "\r\n"
                                     "%.*s\n",
                                     status.code, status.phrase, status.fields, status.connection,
                                     content_bytes, reason_bytes, refusal->reason);

    return refusal->head_only || status.code == NOT_MODIFIED ? length - (size_t)content_bytes
                                                             : length;
}
