/*
 * A histogram of bars.
 */
#include "bench/distribution.h"

#include <stdbool.h>

enum { BAR_WIDTH = 50 };

struct unit {
    double below; /* microseconds */
    double us;
    const char *name;
};

static const struct unit *unit_of(double us)
{
    static const struct unit units[] = {{1e3, 1, "µs"}, {1e6, 1e3, "ms"}, {1e18, 1e6, "s"}};

    return &units[us < units[0].below ? 0 : us < units[1].below ? 1 : 2];
}

void distribution_print_time(FILE *stream, double us)
{
    const struct unit *unit = unit_of(us);
    double value = us / unit->us;

    fprintf(stream, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit->name);
}

/* How many values are in buckets above `from` and up to `to`, by their middles. */
static uint64_t count_between(const struct histogram *latency, uint64_t from, uint64_t to)
{
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t middle = histogram_middle(i);

        if (middle > from && middle <= to) {
            count += latency->counts[i];
        }
    }
    return count;
}

static void print_row(FILE *stream, uint64_t edge_ns, double share)
{
    static const char bar[BAR_WIDTH + 1] = "##################################################";
    double us = (double)edge_ns / 1e3;
    const struct unit *unit = unit_of(us);
    bool is_short = unit->name[1] == '\0';

    fprintf(stream, "    up to %5.4g %s%s", us / unit->us, unit->name, is_short ? " " : "");
    fprintf(stream, "  %5.1f %%  %.*s\n", share * 100, (int)(share * BAR_WIDTH + 0.5), bar);
}

void distribution_print(FILE *stream, const struct histogram *latency)
{
    static const unsigned steps[] = {1, 2, 5};
    uint64_t decade = 1000;
    uint64_t before = 0;

    for (size_t i = 0; before < latency->most && latency->total > 0; i++) {
        uint64_t edge = decade * steps[i % 3];
        uint64_t count = count_between(latency, before, edge);

        if (edge > latency->least) {
            print_row(stream, edge, (double)count / (double)latency->total);
        }
        before = edge;
        decade *= i % 3 == 2 ? 10 : 1;
    }
}
