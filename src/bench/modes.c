/*
 * The modes.
 */
#include "bench/connect.h"
#include "bench/echo.h"
#include "bench/fanout.h"

#include <string.h>

const struct mode *const modes[] = {&echo_mode, &fanout_mode, &connect_mode, &idle_mode, NULL};

const struct mode *mode_find(const char *name)
{
    const struct mode *const *mode = modes;

    while (*mode != NULL && strcmp((*mode)->name, name) != 0) {
        mode++;
    }
    return *mode;
}

void mode_nothing_to_do(struct engine *engine)
{
    (void)engine;
}
