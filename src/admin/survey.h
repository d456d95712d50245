/*
 * Questions to the workers. Each is taken to every worker by mail, worked on there on the worker's
 * own thread, a bounded piece each turn, and mailed back to the main thread. So nobody but a
 * worker's thread ever looks at its connections, and a worker that is blocked holds up nobody but
 * those who asked.
 */
#ifndef WSRELAYD_ADMIN_SURVEY_H
#define WSRELAYD_ADMIN_SURVEY_H

#include "server/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct survey;

enum {
    SURVEY_STEP_CONNECTIONS = 512, /* looked at in one turn of a worker */
    SURVEYS_MAX = 32, /* that are not back yet, of those over unix sockets and of the others */
};

struct survey_kind {
    size_t part_bytes; /* of a worker's answer, zero-filled at first; may be 0 */
    /* On the worker's thread, once a turn until it returns true. `question` is only to be read. */
    bool (*step)(struct loop *loop, void *part, const void *question);
    /* Frees what a part holds, on the main thread; NULL: nothing. */
    void (*clear)(void *part);
    int64_t limit_ms; /* for all workers to answer */
};

/* Who asks. The main thread's. */
struct surveyor {
    const struct server_control *control;
    struct survey *surveys;    /* that are not back yet */
    unsigned survey_counts[2]; /* [1]: of those over unix sockets */
};

/* The workers have ended, and their mail has been taken. */
void surveyor_free(struct surveyor *surveyor);

/* All workers that run have answered, or the time is over. The survey is gone afterwards. */
typedef void survey_done(void *owner, struct survey *survey);

enum { SURVEY_ALL = -1 };

struct survey_order {
    const struct survey_kind *kind;
    int worker;           /* or SURVEY_ALL */
    const void *question; /* copied; may be NULL if there are no bytes */
    size_t question_bytes;
    bool trusted; /* for somebody over a unix socket */
    survey_done *done;
    void *owner;
};

/*
 * Asks. A worker that has not answered a survey of this kind in time, and still has it, is not
 * asked: it counts as silent. NULL when memory is short or too many surveys are under way. `done`
 * is called later, never from here.
 */
struct survey *survey_start(struct surveyor *surveyor, const struct survey_order *order);

/* `done` is not called any more. */
void survey_forget(struct survey *survey);

/* For `done`. Of a worker that was not asked the part is zero-filled. */
bool survey_answered(const struct survey *survey, unsigned worker);
void *survey_part(const struct survey *survey, unsigned worker);
const void *survey_question(const struct survey *survey);

/* The first worker that has not answered, or -1. */
int survey_first_silent(const struct survey *survey);

#endif
