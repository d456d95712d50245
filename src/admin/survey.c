/*
 * Surveys. A survey is freed when its last part is back, which for a blocked worker may be long
 * after it has been given up.
 */
#include "admin/survey.h"

#include "base/clock.h"
#include "base/list.h"

#include <stdlib.h>
#include <string.h>

enum part_state {
    PART_NOT_ASKED,
    PART_ASKED,
    PART_PASSED_OVER, /* the worker still has one from before */
    PART_BACK
};

/* What one worker is asked. Belongs to the worker's thread between the two mails. */
struct part {
    struct mail mail;
    struct survey *survey;
    enum part_state state; /* main thread */
    max_align_t answer[];
};

struct survey {
    struct surveyor *surveyor;
    struct survey *next;
    const struct survey_kind *kind;
    struct event *timer;
    survey_done *done; /* NULL: nobody waits for it any more */
    void *owner;
    bool trusted;
    bool overdue;         /* its time is over */
    unsigned outstanding; /* parts that are not back */
    void *question;
    struct part **parts; /* one for each worker; NULL: not asked */
};

/* ---- freeing ---- */

static void survey_free(struct survey *survey)
{
    unsigned workers = survey->surveyor->control->worker_count;

    for (unsigned i = 0; survey->parts != NULL && i < workers; i++) {
        if (survey->parts[i] != NULL && survey->kind->clear != NULL) {
            survey->kind->clear(survey->parts[i]->answer);
        }
        free(survey->parts[i]);
    }
    if (survey->timer != NULL) {
        event_free(survey->timer);
    }
    free(survey->parts);
    free(survey->question);
    free(survey);
}

static void unlink_survey(struct survey *survey)
{
    struct survey **link = &survey->surveyor->surveys;

    while (*link != survey) {
        link = &(*link)->next;
    }
    *link = survey->next;
    survey->surveyor->survey_counts[survey->trusted]--;
}

void surveyor_free(struct surveyor *surveyor)
{
    while (surveyor->surveys != NULL) {
        struct survey *survey = surveyor->surveys;

        surveyor->surveys = survey->next;
        survey_free(survey);
    }
}

/* ---- coming back ---- */

static void finish(struct survey *survey)
{
    survey_done *done = survey->done;

    survey->done = NULL;
    (void)event_del(survey->timer);
    if (done != NULL) {
        done(survey->owner, survey);
    }
}

/* On the main thread. */
static void part_back(struct mail *mail, void *receiver)
{
    struct part *part = container_of(mail, struct part, mail);
    struct survey *survey = part->survey;

    (void)receiver;
    part->state = PART_BACK;
    if (--survey->outstanding == 0) {
        unlink_survey(survey);
        finish(survey);
        survey_free(survey);
    }
}

/* The time is over: what has been asked still has to come back. Also the end of a survey in which
 * nobody was there to be asked, or nobody who answers. */
static void time_over(evutil_socket_t fd, short what, void *argument)
{
    struct survey *survey = argument;

    (void)fd;
    (void)what;
    survey->overdue = true;
    finish(survey);
    if (survey->outstanding == 0) {
        unlink_survey(survey);
        survey_free(survey);
    }
}

/* ---- on the worker's thread ---- */

static void part_step(struct mail *mail, void *receiver)
{
    struct part *part = container_of(mail, struct part, mail);
    struct survey *survey = part->survey;
    struct worker *worker = receiver;

    if (!survey->kind->step(worker_loop(worker), part->answer, survey->question)) {
        worker_post(worker, mail);
        return;
    }
    mail->deliver = part_back;
    mailbox_post(survey->surveyor->control->mailbox, mail);
}

/* ---- asking ---- */

static bool wants_worker(int worker, unsigned index)
{
    return worker == SURVEY_ALL || worker == (int)index;
}

/* Whether a worker has been asked this kind before and not answered in time. What is asked once
 * more would only pile up. */
static bool is_silent(const struct surveyor *surveyor, const struct survey_kind *kind,
                      unsigned worker)
{
    for (const struct survey *old = surveyor->surveys; old != NULL; old = old->next) {
        if (old->overdue && old->kind == kind && old->parts[worker]->state == PART_ASKED) {
            return true;
        }
    }
    return false;
}

/* What a worker that has ended has left is looked at from here: its thread does nothing any more.
 */
static void look_at_ended(const struct survey *survey, unsigned worker)
{
    const struct server_control *control = survey->surveyor->control;
    struct loop *loop = worker_loop(control->workers[worker]);

    while (!survey->kind->step(loop, survey->parts[worker]->answer, survey->question)) {}
}

static bool make_parts(struct survey *survey, int worker)
{
    unsigned workers = survey->surveyor->control->worker_count;

    survey->parts = calloc(workers, sizeof *survey->parts);
    for (unsigned i = 0; survey->parts != NULL && i < workers; i++) {
        struct part *part = calloc(1, sizeof *part + survey->kind->part_bytes);

        if (part == NULL) {
            return false;
        }
        part->mail.deliver = part_step;
        part->survey = survey;
        part->state = wants_worker(worker, i) ? PART_ASKED : PART_NOT_ASKED;
        survey->parts[i] = part;
    }
    return survey->parts != NULL;
}

static void post_parts(struct survey *survey)
{
    const struct server_control *control = survey->surveyor->control;

    for (unsigned i = 0; i < control->worker_count; i++) {
        if (survey->parts[i]->state != PART_ASKED) {
            continue;
        }
        if (is_silent(survey->surveyor, survey->kind, i)) {
            survey->parts[i]->state = PART_PASSED_OVER;
        } else if (control->worker_runs(control->server, i)) {
            survey->outstanding++;
            worker_post(control->workers[i], &survey->parts[i]->mail);
        } else {
            look_at_ended(survey, i);
            survey->parts[i]->state = PART_BACK;
        }
    }
}

static bool arm_timer(struct survey *survey)
{
    int64_t limit_ms = survey->outstanding > 0 ? survey->kind->limit_ms : 0;
    struct timeval limit = {.tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000};

    return event_add(survey->timer, &limit) == 0;
}

/* Copies the question and makes what has to be there. False when memory is short. */
static bool prepare(struct survey *survey, const struct survey_order *order)
{
    survey->question = malloc(order->question_bytes + 1);
    survey->timer = evtimer_new(survey->surveyor->control->base, time_over, survey);
    if (survey->question == NULL || survey->timer == NULL || !make_parts(survey, order->worker)) {
        return false;
    }
    if (order->question_bytes > 0) {
        memcpy(survey->question, order->question, order->question_bytes);
    }
    return true;
}

struct survey *survey_start(struct surveyor *surveyor, const struct survey_order *order)
{
    unsigned *count = &surveyor->survey_counts[order->trusted];
    struct survey *survey = *count < SURVEYS_MAX ? calloc(1, sizeof *survey) : NULL;

    if (survey == NULL) {
        return NULL;
    }
    *survey = (struct survey){.surveyor = surveyor,
                              .kind = order->kind,
                              .done = order->done,
                              .owner = order->owner,
                              .trusted = order->trusted};
    if (!prepare(survey, order)) {
        survey_free(survey);
        return NULL;
    }
    survey->next = surveyor->surveys;
    surveyor->surveys = survey;
    (*count)++;
    post_parts(survey);
    (void)arm_timer(survey);
    return survey;
}

void survey_forget(struct survey *survey)
{
    survey->done = NULL;
}

/* ---- reading it ---- */

bool survey_answered(const struct survey *survey, unsigned worker)
{
    enum part_state state = survey->parts[worker]->state;

    return state != PART_ASKED && state != PART_PASSED_OVER;
}

void *survey_part(const struct survey *survey, unsigned worker)
{
    return survey->parts[worker]->answer;
}

const void *survey_question(const struct survey *survey)
{
    return survey->question;
}

int survey_first_silent(const struct survey *survey)
{
    for (unsigned i = 0; i < survey->surveyor->control->worker_count; i++) {
        if (!survey_answered(survey, i)) {
            return (int)i;
        }
    }
    return -1;
}
