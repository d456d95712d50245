/*
 * wsrelay-bench: load on a WebSocket server, and what became of it.
 */
#include "bench/command_line.h"
#include "bench/figures.h"
#include "bench/report.h"
#include "bench/run.h"
#include "protocol/payload.h"

#include <err.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

/* What was printed has to have arrived. */
static int finish_output(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        err(EXIT_FAILURE, "standard output cannot be written to");
    }
    return status;
}

static int measure(const struct settings *settings)
{
    struct outcome *outcome = calloc(1, sizeof *outcome);
    struct figures figures;
    struct run run;
    int status;

    if (outcome == NULL) {
        err(1, "the result");
    }
    process_raise_descriptor_limit();
    protocol_choose_kernels();
    run_init(&run, settings);
    run_measure(&run, outcome);
    figures_compute(&figures, &run, outcome);
    if (run.deflate_declined) {
        fputs("wsrelay-bench: note: the server declined permessage-deflate, "
              "so not every message was compressed\n",
              stderr);
    }
    if (settings->json) {
        report_json(stdout, &run, &figures);
    } else {
        report_text(stdout, &run, &figures, &outcome->latency);
    }
    status = faults_total(&run.faults) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    run_destroy(&run);
    free(outcome);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings;

    switch (command_line_parse(argc, argv, &settings)) {
    case COMMAND_HELP:
        command_line_print_help(stdout);
        return finish_output(EXIT_SUCCESS);
    case COMMAND_VERSION:
        puts("wsrelay-bench " WSRELAYD_VERSION);
        return finish_output(EXIT_SUCCESS);
    case COMMAND_MISTAKE:
        return EXIT_USAGE;
    default:
        return finish_output(measure(&settings));
    }
}
