/*
 * One request to the daemon, and what became of it.
 */
#ifndef WSRELAYD_CTL_INQUIRY_H
#define WSRELAYD_CTL_INQUIRY_H

#include "ctl/complain.h"
#include "ctl/remote.h"
#include "ctl/response.h"

#include <jansson.h>

struct inquiry {
    const char *method;
    const char *target;
    const json_t *body;  /* or NULL */
    const char *if_late; /* advice for when no answer has come in time; NULL: the usual */
    const char *missing; /* what there is none of when the answer is 404; NULL: as it says */
    bool is_text;        /* what is answered is text and not JSON */
    bool waits_for_ever; /* its answer may take as long as it takes */
};

/* What was answered, whatever its status. */
struct answer {
    struct response response; /* its status is 0 if there was none */
    json_t *json;             /* NULL: it was none */
};

/*
 * Asks. Returns whether the answer is a success of the kind that was asked for; otherwise `failure`
 * says what to complain of. Free the answer in either case.
 */
bool inquire(const struct remote *remote, const struct inquiry *inquiry, struct answer *answer,
             struct failure *failure);

void answer_free(struct answer *answer);

#endif
