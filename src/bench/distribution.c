/*
 * A histogram of bars.
 */
#include "bench/distribution.h"

#include <string.h>

enum { BAR_WIDTH = 50 };

void distribution_print_time(FILE *stream, double us)
{
    static const struct {
        double below; /* microseconds */
        double unit;
        const char *name;
    } units[] = {{1e3, 1, "µs"}, {1e6, 1e3, "ms"}, {1e18, 1e6, "s"}};
    int i = us < units[0].below ? 0 : us < units[1].below ? 1 : 2;
    double value = us / units[i].unit;

    fprintf(stream, "%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, units[i].name);
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

    fputs("    up to ", stream);
    fprintf(stream, "%5.4g %s", edge_ns < 1000000 ? (double)edge_ns / 1e3 : (double)edge_ns / 1e6,
            edge_ns < 1000000 ? "µs" : "ms");
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
