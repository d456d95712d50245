/*
 * wsrelayctl: talks to a running wsrelayd through its admin listener.
 */
#include "ctl/act.h"
#include "ctl/arguments.h"
#include "ctl/complain.h"
#include "ctl/escape.h"
#include "ctl/remote.h"
#include "ctl/verb.h"

#include <errno.h>
#include <string.h>

/* What was printed has to have arrived. */
static int finish_output(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return complain(STATUS_FAILED, "cannot write to standard output: %s", strerror(errno));
    }
    return status;
}

static int run(const struct arguments *arguments)
{
    struct remote remote;
    struct failure failure;
    int status;

    if (remote_find(&remote, arguments, &failure)) {
        status = arguments->verb->run(arguments, &remote);
    } else if (arguments->config != NULL && arguments->signal_pid > 0) {
        status = act_signal_reload(arguments);
    } else {
        status = complain(failure.status, "%s", failure.text);
    }
    remote_free(&remote);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments;

    escape_init();
    switch (arguments_parse(argc, argv, &arguments)) {
    case COMMAND_HELP:
        arguments_print_help(stdout);
        return finish_output(STATUS_DONE);
    case COMMAND_VERSION:
        puts("wsrelayctl " WSRELAYD_VERSION);
        return finish_output(STATUS_DONE);
    case COMMAND_MISTAKE:
        return STATUS_USAGE;
    default:
        return finish_output(run(&arguments));
    }
}
