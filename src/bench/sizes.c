/*
 * Payload sizes.
 */
#include "bench/sizes.h"

#include "bench/chance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 1 TiB: of as many as can be under way, the sum is still a number. */
static const size_t size_most = (size_t)1 << 40;

/* A number in front of *text, which is moved over it. */
static bool parse_size(const char **text, size_t *size)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"KiB", 10}, {"MiB", 20}};
    unsigned shift = 0;
    char *end;
    unsigned long number;

    if (**text < '0' || **text > '9') {
        return false;
    }
    errno = 0;
    number = strtoul(*text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strncmp(end, units[i].name, strlen(units[i].name)) == 0) {
            shift = units[i].shift;
            end += strlen(units[i].name);
            break;
        }
    }
    *text = end;
    *size = number << shift;
    return errno == 0 && number <= size_most >> shift;
}

static bool parse_weight(const char **text, double *weight)
{
    char *end;

    if (**text != ':') {
        return false;
    }
    *weight = strtod(*text + 1, &end);
    *text = end;
    return *weight > 0 && *weight < 1e9;
}

static bool parse_weighted(const char *text, struct sizes *sizes)
{
    for (;;) {
        struct size_range *range = &sizes->ranges[sizes->count++];

        if (!parse_size(&text, &range->least) || !parse_weight(&text, &range->weight)) {
            return false;
        }
        range->most = range->least;
        if (*text == '\0') {
            return true;
        }
        if (*text++ != ',' || sizes->count == SIZES_MAX) {
            return false;
        }
    }
}

bool sizes_parse(const char *text, struct sizes *sizes)
{
    struct size_range *range = sizes->ranges;
    const char *rest = text;

    *sizes = (struct sizes){.count = 0};
    if (strchr(text, ':') != NULL) {
        return parse_weighted(text, sizes);
    }
    sizes->count = 1;
    range->weight = 1;
    if (!parse_size(&rest, &range->least)) {
        return false;
    }
    range->most = range->least;
    if (*rest == '-') {
        rest++;
        if (!parse_size(&rest, &range->most)) {
            return false;
        }
    }
    return *rest == '\0' && range->least <= range->most;
}

bool sizes_are_one(const struct sizes *sizes)
{
    return sizes_least(sizes) == sizes_most(sizes);
}

size_t sizes_least(const struct sizes *sizes)
{
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < sizes->count; i++) {
        least = sizes->ranges[i].least < least ? sizes->ranges[i].least : least;
    }
    return least;
}

size_t sizes_most(const struct sizes *sizes)
{
    size_t most = 0;

    for (size_t i = 0; i < sizes->count; i++) {
        most = sizes->ranges[i].most > most ? sizes->ranges[i].most : most;
    }
    return most;
}

static double weight_of_all(const struct sizes *sizes)
{
    double all = 0;

    for (size_t i = 0; i < sizes->count; i++) {
        all += sizes->ranges[i].weight;
    }
    return all;
}

double sizes_mean(const struct sizes *sizes)
{
    double sum = 0;

    for (size_t i = 0; i < sizes->count; i++) {
        const struct size_range *range = &sizes->ranges[i];

        sum += range->weight * ((double)range->least + (double)range->most) / 2;
    }
    return sum / weight_of_all(sizes);
}

/* The size at a fraction, below 1, of all that there are: by weight, and evenly in a range. */
static size_t size_at(const struct sizes *sizes, double fraction)
{
    double left = fraction * weight_of_all(sizes);
    const struct size_range *range = sizes->ranges;
    size_t offset;

    while (range < &sizes->ranges[sizes->count - 1] && left >= range->weight) {
        left -= range->weight;
        range++;
    }
    offset = (size_t)(left / range->weight * (double)(range->most - range->least + 1));
    return offset <= range->most - range->least ? range->least + offset : range->most;
}

void sizes_draw(const struct sizes *sizes, uint64_t *seed, size_t *drawn, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t other = (size_t)(chance_next(seed) % (i + 1));

        drawn[i] = drawn[other];
        drawn[other] = size_at(sizes, ((double)i + 0.5) / (double)count);
    }
}
