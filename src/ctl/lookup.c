/*
 * getaddrinfo on a thread of its own, which is left behind when it takes too long.
 */
#include "ctl/lookup.h"

#include "ctl/dial.h"
#include "ctl/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* What the two threads share. Freed by the one that comes last. */
struct question {
    char *host;
    char *port;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool is_over; /* for one of the two: it is answered, or nobody waits for it any more */
    int result;
    struct addrinfo *found;
};

static int resolve(const char *host, const char *port, struct addrinfo **found)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};

    return getaddrinfo(host, port, &hints, found);
}

/* Its condition is timed by the clock of deadlines. */
static struct question *question_create(const char *host, const char *port)
{
    struct question *question = memory_got(calloc(1, sizeof *question));
    pthread_condattr_t attributes;

    question->host = host != NULL ? memory_got(strdup(host)) : NULL;
    question->port = memory_got(strdup(port));
    (void)pthread_mutex_init(&question->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&question->answered, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return question;
}

static void question_free(struct question *question)
{
    (void)pthread_cond_destroy(&question->answered);
    (void)pthread_mutex_destroy(&question->lock);
    free(question->host);
    free(question->port);
    free(question);
}

/* On the thread that may be left behind. */
static void *answer(void *argument)
{
    struct question *question = argument;
    struct addrinfo *found = NULL;
    int result = resolve(question->host, question->port, &found);
    bool is_late;

    (void)pthread_mutex_lock(&question->lock);
    is_late = question->is_over;
    question->is_over = true;
    question->result = result;
    question->found = found;
    (void)pthread_cond_signal(&question->answered);
    (void)pthread_mutex_unlock(&question->lock);
    if (is_late) {
        if (result == 0) {
            freeaddrinfo(found);
        }
        question_free(question);
    }
    return NULL;
}

/* Signals are for the thread that waits. Returns 0 or an errno value. */
static int start_thread(struct question *question)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    int error;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, NULL, answer, question);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        (void)pthread_detach(thread);
    }
    return error;
}

/* Returns whether it was answered in time; if not, the question is the other thread's. */
static bool await(struct question *question, int64_t deadline_ms)
{
    const struct timespec deadline = {.tv_sec = deadline_ms / 1000,
                                      .tv_nsec = deadline_ms % 1000 * 1000000};
    int error = 0;
    bool is_answered;

    (void)pthread_mutex_lock(&question->lock);
    while (!question->is_over && error == 0) {
        error = pthread_cond_timedwait(&question->answered, &question->lock, &deadline);
    }
    is_answered = question->is_over;
    question->is_over = true;
    (void)pthread_mutex_unlock(&question->lock);
    return is_answered;
}

static bool fail(int error, const char *phrase, const char **problem)
{
    errno = error;
    *problem = phrase;
    return false;
}

bool lookup(const char *host, const char *port, int64_t deadline_ms, struct addrinfo **found,
            const char **problem)
{
    struct question *question;
    int result;

    if (deadline_ms == DIAL_NEVER) {
        result = resolve(host, port, found);
        return result == 0 || fail(0, gai_strerror(result), problem);
    }
    question = question_create(host, port);
    result = start_thread(question);
    if (result != 0) {
        question_free(question);
        return fail(result, strerror(result), problem);
    }
    if (!await(question, deadline_ms)) {
        return fail(ETIMEDOUT, "looking its name up takes too long", problem);
    }
    result = question->result;
    *found = question->found;
    question_free(question);
    return result == 0 || fail(0, gai_strerror(result), problem);
}
