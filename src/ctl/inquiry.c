/*
 * Asking: HTTP/1.1 on a connection of its own.
 */
#include "ctl/inquiry.h"

#include "base/clock.h"
#include "config/address_syntax.h"
#include "ctl/dial.h"
#include "ctl/field.h"
#include "ctl/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RECEIVE_BYTES = 64 << 10 };

/* ---- the request ---- */

/* The Host field: RFC 9112 section 3.2. */
static void write_host(FILE *stream, const char *address)
{
    if (address_syntax_is_unix(address)) {
        fputs("Host: localhost\r\n", stream);
    } else {
        fprintf(stream, "Host: %s%s\r\n", address[0] == ':' ? "localhost" : "", address);
    }
}

/* To be freed. */
static char *write_request(const struct remote *remote, const struct inquiry *inquiry,
                           size_t *length)
{
    char *body = inquiry->body != NULL ? memory_got(json_dumps(inquiry->body, JSON_COMPACT)) : NULL;
    char *request = NULL;
    FILE *stream = memory_got(open_memstream(&request, length));

    fprintf(stream, "%s %s HTTP/1.1\r\n", inquiry->method, inquiry->target);
    write_host(stream, remote->address);
    fputs("User-Agent: wsrelayctl/" WSRELAYD_VERSION "\r\nConnection: close\r\n", stream);
    if (remote->token[0] != '\0' && !address_syntax_is_unix(remote->address)) {
        fprintf(stream, "Authorization: Bearer %s\r\n", remote->token);
    }
    if (body != NULL) {
        fprintf(stream, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                strlen(body), body);
    } else if (strcmp(inquiry->method, "GET") != 0) {
        fputs("Content-Length: 0\r\n\r\n", stream);
    } else {
        fputs("\r\n", stream);
    }
    fclose(stream);
    free(body);
    return memory_got(request);
}

/* ---- what goes wrong on the way ---- */

/* What can be done about it. */
static const char *advice(int error)
{
    if (error == EACCES || error == EPERM) {
        return "run wsrelayctl as root or as a member of the socket's group";
    }
    if (error == ETIMEDOUT) {
        return "it may be busy; --timeout gives it longer";
    }
    return "is wsrelayd running, with this as its admin.address since it was started?";
}

static bool fail_to_reach(const struct remote *remote, const char *problem, int error,
                          struct failure *failure)
{
    return failure_set(failure, STATUS_UNREACHABLE, "cannot reach %s (%s): %s: %s", remote->address,
                       remote->origin, problem, advice(error));
}

static bool fail_to_understand(const struct remote *remote, const char *problem,
                               struct failure *failure)
{
    return failure_set(failure, STATUS_UNREACHABLE,
                       "%s (%s): the answer %s: is this the admin.address of wsrelayd?",
                       remote->address, remote->origin, problem);
}

static bool fail_to_wait(const struct remote *remote, const char *what, const char *if_late,
                         struct failure *failure)
{
    return failure_set(failure, STATUS_UNREACHABLE, "%s (%s): %s within %g s: %s", remote->address,
                       remote->origin, what, (double)remote->timeout_ms / 1000,
                       if_late != NULL ? if_late : advice(ETIMEDOUT));
}

/* ---- the exchange ---- */

static bool receive(const struct remote *remote, int fd, const char *if_late,
                    struct response *response, int64_t deadline_ms, struct failure *failure)
{
    static char buffer[RECEIVE_BYTES];
    enum response_verdict verdict = RESPONSE_INCOMPLETE;
    const char *problem = NULL;

    while (verdict == RESPONSE_INCOMPLETE) {
        ssize_t received = dial_receive(fd, buffer, sizeof buffer, deadline_ms);

        if (received < 0 && errno == ETIMEDOUT) {
            return fail_to_wait(remote, "no complete answer", if_late, failure);
        }
        if (received < 0) {
            return fail_to_reach(remote, strerror(errno), errno, failure);
        }
        if (received == 0) {
            return fail_to_understand(remote, "ends before it is complete", failure);
        }
        verdict = response_take(response, (struct slice){buffer, (size_t)received}, &problem);
    }
    return verdict == RESPONSE_COMPLETE || fail_to_understand(remote, problem, failure);
}

/* One that does not take all of a request may have answered it all the same. */
static bool converse(const struct remote *remote, int fd, struct slice request, const char *if_late,
                     struct response *response, int64_t deadline_ms, struct failure *failure)
{
    bool sent = dial_send(fd, request, deadline_ms);

    if (!sent && errno == ETIMEDOUT) {
        return fail_to_wait(remote, "the request was not taken", NULL, failure);
    }
    if (!sent && errno != EPIPE && errno != ECONNRESET) {
        return fail_to_reach(remote, strerror(errno), errno, failure);
    }
    return receive(remote, fd, if_late, response, deadline_ms, failure);
}

static bool exchange(const struct remote *remote, const struct inquiry *inquiry,
                     struct response *response, struct failure *failure)
{
    int64_t deadline_ms =
        inquiry->waits_for_ever ? DIAL_NEVER : clock_monotonic_ms() + remote->timeout_ms;
    size_t length;
    char *request = write_request(remote, inquiry, &length);
    const char *problem;
    int fd = dial(remote->address, deadline_ms, &problem);
    bool done;

    if (fd < 0) {
        done = fail_to_reach(remote, problem, errno, failure);
    } else {
        done = converse(remote, fd, (struct slice){request, length}, inquiry->if_late, response,
                        deadline_ms, failure);
        close(fd);
    }
    explicit_bzero(request, length);
    free(request);
    return done;
}

/* ---- what was answered ---- */

static void parse(struct answer *answer)
{
    struct slice body = response_body(&answer->response);

    answer->json = json_loadb(body.data, body.length, JSON_ALLOW_NUL, NULL);
}

/* What can be done when the token is not the daemon's: it tells when there is none that is. */
static const char *advise_on_token(const struct remote *remote, const struct answer *answer)
{
    const json_t *details = json_object_get(json_object_get(answer->json, "error"), "details");

    if (json_is_false(json_object_get(details, "configured"))) {
        return "";
    }
    return remote->token[0] != '\0' ? " The token that was sent is another."
                                    : " --token-file FILE tells the token of a TCP address.";
}

static bool fail_by_status(const struct remote *remote, const struct inquiry *inquiry,
                           const struct answer *answer, struct failure *failure)
{
    struct slice message = field_text(json_object_get(answer->json, "error"), "message");
    int status = answer->response.status;

    if (message.length == 0) {
        return failure_set(failure, STATUS_UNREACHABLE,
                           "%s (%s): answered with HTTP status %d and no reason: is this the "
                           "admin.address of wsrelayd?",
                           remote->address, remote->origin, status);
    }
    if (status == 404 && inquiry->missing != NULL) {
        return failure_set(failure, STATUS_FAILED, "%s", inquiry->missing);
    }
    return failure_set(failure, STATUS_FAILED, "%.*s%s", (int)message.length, message.data,
                       status == 401 ? advise_on_token(remote, answer) : "");
}

bool inquire(const struct remote *remote, const struct inquiry *inquiry, struct answer *answer,
             struct failure *failure)
{
    *answer = (struct answer){.json = NULL};
    if (!exchange(remote, inquiry, &answer->response, failure)) {
        return false;
    }
    if (!inquiry->is_text || answer->response.status >= 300) {
        parse(answer);
    }
    if (answer->response.status >= 300) {
        return fail_by_status(remote, inquiry, answer, failure);
    }
    return inquiry->is_text || json_is_object(answer->json) ||
           fail_to_understand(remote, "is no JSON object", failure);
}

void answer_free(struct answer *answer)
{
    json_decref(answer->json);
    response_free(&answer->response);
}
