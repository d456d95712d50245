/*
 * Looking again and again.
 */
#include "ctl/live.h"

#include "base/clock.h"
#include "ctl/memory.h"
#include "ctl/screen.h"
#include "ctl/view.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK_ROWS = 10 };

struct live {
    struct sample samples[2];
    size_t current; /* index of the one taken last */
    uint64_t taken;
};

static struct sample *current(struct live *live)
{
    return &live->samples[live->current];
}

static struct sample *earlier(struct live *live)
{
    return &live->samples[1 - live->current];
}

static bool look(struct live *live, const struct remote *remote)
{
    live->current = 1 - live->current;
    sample_clear(current(live));
    live->taken++;
    return sample_take(current(live), remote);
}

static void forget(struct live *live)
{
    sample_clear(&live->samples[0]);
    sample_clear(&live->samples[1]);
}

/* ---- on a terminal ---- */

/* Rooms and slow readers share the lines that are left. */
static size_t rows_on_screen(void)
{
    size_t lines = screen_lines();

    return lines > VIEW_OTHER_LINES + 2 ? (lines - VIEW_OTHER_LINES) / 2 : 1;
}

static void draw(struct live *live)
{
    char *text = NULL;
    size_t length;
    FILE *stream = memory_got(open_memstream(&text, &length));

    view_write(stream, current(live), earlier(live), rows_on_screen(), screen_columns());
    fclose(stream);
    screen_draw(memory_got(text), length);
    free(text);
}

/* Waits, and draws what is known again whenever the terminal has another size. */
static bool rest_on_screen(struct live *live, int64_t until_ms)
{
    enum screen_event event = screen_wait(until_ms);

    while (event == SCREEN_RESIZED) {
        draw(live);
        event = screen_wait(until_ms);
    }
    return event != SCREEN_QUIT;
}

static void watch_on_screen(struct live *live, const struct arguments *arguments,
                            const struct remote *remote)
{
    int64_t interval_ms = (int64_t)(arguments->interval_s * 1000);
    int64_t next_ms = clock_monotonic_ms();
    bool goes_on = true;

    screen_open();
    while (goes_on) {
        draw(live);
        next_ms += interval_ms;
        if (next_ms < clock_monotonic_ms()) {
            next_ms = clock_monotonic_ms() + interval_ms;
        }
        goes_on = live->taken != arguments->count && rest_on_screen(live, next_ms);
        if (goes_on) {
            (void)look(live, remote);
        }
    }
    screen_close();
}

/* ---- elsewhere ---- */

static void rest(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

    while (nanosleep(&time, &time) < 0 && errno == EINTR) {}
}

/* The first block waits for a second sample, so that it has rates, too. */
static void watch_in_blocks(struct live *live, const struct arguments *arguments,
                            const struct remote *remote)
{
    uint64_t blocks = 0;

    do {
        rest(arguments->interval_s);
        (void)look(live, remote);
        if (blocks > 0) {
            putchar('\n');
        }
        view_write(stdout, current(live), earlier(live), BLOCK_ROWS, SIZE_MAX);
        blocks++;
    } while (fflush(stdout) == 0 && blocks != arguments->count);
}

int live_watch(const struct arguments *arguments, const struct remote *remote)
{
    struct live live = {.taken = 0};
    int status = STATUS_DONE;

    if (!look(&live, remote)) {
        status = complain(current(&live)->failure.status, "%s", current(&live)->failure.text);
    } else if (screen_is_there()) {
        watch_on_screen(&live, arguments, remote);
    } else {
        watch_in_blocks(&live, arguments, remote);
    }
    if (status == STATUS_DONE && current(&live)->status == NULL) {
        status = current(&live)->failure.status;
    }
    forget(&live);
    return status;
}
