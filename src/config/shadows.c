/*
 * A route is a text: its host, then its path with {} for a segment and {*} for the remainder, none
 * of which stands in a literal. What covers a route is the same text with some of its parts made
 * wider, and in the sorted texts of all routes every beginning of such a text is one range. So the
 * ranges are narrowed part by part, and end as soon as no route begins like that.
 */
#include "config/shadows.h"

#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

struct entry {
    char *text;
    size_t route;
};

/* Entries whose texts have the first `offset` bytes in common. */
struct range {
    const struct entry *first;
    const struct entry *end;
    size_t offset;
};

static const struct slice any_segment = {"{}", 2};
static const struct slice any_rest = {"{*}", 3};

/* The texts of parts other than literals. */
static const char *const part_texts[] = {[PATH_PART_SEGMENT] = "{}", [PATH_PART_REST] = "{*}"};

static char *make_text(const struct route_config *route)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL) {
        return NULL;
    }
    fputs(route->host != NULL ? route->host : "", stream);
    for (size_t i = 0; i < route->part_count; i++) {
        const struct path_part *part = &route->parts[i];

        fputs(part->type == PATH_PART_LITERAL ? part->text : part_texts[part->type], stream);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = strcmp(a->text, b->text);

    return order != 0 ? order : (a->route > b->route) - (a->route < b->route);
}

/* The first entry whose text, from the offset on, does not sort before `text`, or is behind it. */
static const struct entry *bound(struct range range, struct slice text, bool behind)
{
    const struct entry *first = range.first;
    const struct entry *end = range.end;

    while (first != end) {
        const struct entry *middle = first + (end - first) / 2;
        int order = strncmp(middle->text + range.offset, text.data, text.length);

        if (order < 0 || (behind && order == 0)) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

/* Those of a range whose texts go on with `text`. */
static struct range narrow(struct range range, struct slice text)
{
    return (struct range){bound(range, text, false), bound(range, text, true),
                          range.offset + text.length};
}

/* If texts end here, the first of the range does, and it is the earliest route of them. */
static void take(struct range range, size_t *earliest)
{
    if (range.first != range.end && range.first->text[range.offset] == '\0' &&
        range.first->route < *earliest) {
        *earliest = range.first->route;
    }
}

/* Lowers *earliest to the first route of the range whose path goes on with one that covers `path`.
 * It calls itself for captures only, of which a path has few. */
static void search(struct range range, const char *path, size_t *earliest)
{
    while (*path != '\0' && range.first != range.end) {
        struct slice segment = {path + 1, strcspn(path + 1, "/")};

        range = narrow(range, SLICE("/"));
        take(narrow(range, any_rest), earliest);
        if (slice_equal(segment, any_rest)) {
            return;
        }
        path += 1 + segment.length;
        if (segment.length > 0 && !slice_equal(segment, any_segment)) {
            search(narrow(range, any_segment), path, earliest);
        }
        range = narrow(range, segment);
    }
    if (*path == '\0') {
        take(range, earliest);
    }
}

/* Searches under every host that covers the route's: all, itself, and "*." before a part of it. */
static size_t find_first(struct range all, const struct route_config *route,
                         const struct entry *entry)
{
    const char *host = route->host != NULL ? route->host : "";
    const char *path = entry->text + strlen(host);
    size_t earliest = entry->route;

    search(all, path, &earliest);
    search(narrow(all, slice_of(host)), path, &earliest);
    for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        struct range below = narrow(narrow(all, SLICE("*")), slice_of(dot));

        search(below, path, &earliest);
    }
    return earliest;
}

bool shadows_find(const struct config *config, size_t *first)
{
    size_t count = config->route_count;
    struct entry *entries = calloc(count + 1, sizeof *entries);
    bool complete = entries != NULL;

    for (size_t i = 0; complete && i < count; i++) {
        entries[i] = (struct entry){make_text(&config->routes[i]), i};
        complete = entries[i].text != NULL;
    }
    if (complete) {
        qsort(entries, count, sizeof *entries, compare_entries);
        for (size_t i = 0; i < count; i++) {
            const struct route_config *route = &config->routes[entries[i].route];

            first[entries[i].route] =
                find_first((struct range){entries, entries + count, 0}, route, &entries[i]);
        }
    }
    for (size_t i = 0; entries != NULL && i < count; i++) {
        free(entries[i].text);
    }
    free(entries);
    return complete;
}
