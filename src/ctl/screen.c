/*
 * The terminal. There is one, so what is known of it is of the file: signal handlers need it.
 */
#include "ctl/screen.h"

#include "base/clock.h"
#include "ctl/escape.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, so that the user's own comes back as it was, and no cursor. */
#define ENTER_SCREEN "\033[?1049h\033[?25l"
#define LEAVE_SCREEN "\033[?25h\033[?1049l"
#define HOME         "\033[H"

/* They erase from the cursor on, which stays on the last character of a line that is full: so what
 * is to be erased is erased before anything is written there. */
#define ERASE_LINE  "\033[K"
#define ERASE_BELOW "\033[J"

enum { LINES_DEFAULT = 24, COLUMNS_DEFAULT = 80, KEYS_BYTES = 64 };

static const int ending_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static struct termios original;
static volatile sig_atomic_t has_original;
static volatile sig_atomic_t is_open;
static bool reads_keys;
static sigset_t waiting_mask; /* SIGWINCH is let through while waiting only */

bool screen_is_there(void)
{
    const char *type = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && type != NULL && strcmp(type, "dumb") != 0;
}

/* Writes to the terminal itself, as signal handlers may. */
static void write_now(const char *text)
{
    ssize_t written = write(STDOUT_FILENO, text, strlen(text));

    (void)written; /* a terminal that is gone needs nothing */
}

static void give_back(void)
{
    if (is_open != 0) {
        is_open = 0;
        write_now(LEAVE_SCREEN);
    }
    if (has_original != 0) {
        has_original = 0;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &original);
    }
}

static void end_by_signal(int number)
{
    give_back();
    if (number == SIGINT) {
        _exit(EXIT_SUCCESS);
    }
    (void)raise(number); /* the handler is gone, and the signal comes when this returns */
}

static void notice(int number)
{
    (void)number;
}

static void handle_signals(void)
{
    struct sigaction ending = {.sa_handler = end_by_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction resizing = {.sa_handler = notice};
    sigset_t blocked;

    for (size_t i = 0; i < sizeof ending_signals / sizeof *ending_signals; i++) {
        (void)sigaction(ending_signals[i], &ending, NULL);
    }
    (void)sigaction(SIGWINCH, &resizing, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGWINCH);
    (void)sigprocmask(SIG_BLOCK, &blocked, &waiting_mask);
    sigdelset(&waiting_mask, SIGWINCH);
}

/* Keys come one by one and unseen; what stops a process in the background would leave it half
 * drawn. */
static void take_keyboard(void)
{
    struct termios changed;

    reads_keys = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &original) == 0;
    if (!reads_keys) {
        return;
    }
    has_original = 1;
    changed = original;
    changed.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    changed.c_cc[VMIN] = 1;
    changed.c_cc[VTIME] = 0;
    changed.c_cc[VSUSP] = _POSIX_VDISABLE;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &changed);
}

void screen_open(void)
{
    (void)atexit(give_back); /* for an end that nobody has foreseen */
    handle_signals();
    take_keyboard();
    is_open = 1;
    write_now(ENTER_SCREEN);
}

void screen_close(void)
{
    give_back();
}

static struct winsize size(void)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        size = (struct winsize){.ws_row = LINES_DEFAULT, .ws_col = COLUMNS_DEFAULT};
    }
    return size;
}

size_t screen_lines(void)
{
    return size().ws_row;
}

size_t screen_columns(void)
{
    return size().ws_col;
}

void screen_draw(const char *text, size_t length)
{
    struct winsize limits = size();
    const char *end = text + length;
    size_t line = 0;

    fputs(HOME, stdout);
    while (text < end && line < limits.ws_row) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        struct slice whole = {text, (size_t)((newline != NULL ? newline : end) - text)};

        fputs(line > 0 ? "\n" ERASE_LINE : ERASE_LINE, stdout);
        fwrite(whole.data, 1, escape_fitting(whole, limits.ws_col), stdout);
        text = newline != NULL ? newline + 1 : end;
        line++;
    }
    fputs(line < limits.ws_row ? "\n" ERASE_BELOW : "", stdout);
    fflush(stdout);
}

/* Whether one of the keys that are there says so, or no more will come. */
static bool is_told_to_quit(void)
{
    char keys[KEYS_BYTES];
    ssize_t count = read(STDIN_FILENO, keys, sizeof keys);

    return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) ||
           (count > 0 &&
            (memchr(keys, 'q', (size_t)count) != NULL || memchr(keys, 'Q', (size_t)count) != NULL));
}

enum screen_event screen_wait(int64_t until_ms)
{
    struct pollfd keyboard = {.fd = reads_keys ? STDIN_FILENO : -1, .events = POLLIN};

    for (;;) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        struct timespec time = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
        int ready;

        if (left_ms <= 0) {
            return SCREEN_TIME;
        }
        ready = ppoll(&keyboard, 1, &time, &waiting_mask);
        if (ready < 0) {
            return SCREEN_RESIZED;
        }
        if (ready > 0 && is_told_to_quit()) {
            return SCREEN_QUIT;
        }
    }
}
