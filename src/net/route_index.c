/*
 * Routes sorted by path, host, text and on_reload.
 */
#include "net/route_index.h"

#include <stdlib.h>
#include <string.h>

static int compare_hosts(const char *left, const char *right)
{
    if (left == NULL || right == NULL) {
        return (left != NULL) - (right != NULL);
    }
    return strcmp(left, right);
}

static int compare_places(const void *left, const void *right)
{
    const struct route *a = *(struct route *const *)left;
    const struct route *b = *(struct route *const *)right;
    int paths = strcmp(a->config.path, b->config.path);

    return paths != 0 ? paths : compare_hosts(a->config.host, b->config.host);
}

static int compare_texts(const void *left, const void *right)
{
    const struct route *a = *(struct route *const *)left;
    const struct route *b = *(struct route *const *)right;
    int places = compare_places(left, right);

    return places != 0 ? places : strcmp(a->text, b->text);
}

static int compare_all(const void *left, const void *right)
{
    const struct route *a = *(struct route *const *)left;
    const struct route *b = *(struct route *const *)right;
    int texts = compare_texts(left, right);

    return texts != 0 ? texts
                      : (int)a->config.settings.on_reload - (int)b->config.settings.on_reload;
}

bool route_index_init(struct route_index *index, struct route *const *routes, size_t count)
{
    *index = (struct route_index){.sorted = calloc(count + 1, sizeof(struct route *))};
    if (index->sorted == NULL) {
        return false;
    }
    index->count = count;
    for (size_t i = 0; i < count; i++) {
        index->sorted[i] = routes[i];
    }
    qsort(index->sorted, count, sizeof(struct route *), compare_all);
    return true;
}

void route_index_free(struct route_index *index)
{
    free(index->sorted);
}

static struct route *find(const struct route_index *index, const struct route *route,
                          int (*compare)(const void *, const void *))
{
    struct route **found =
        bsearch(&route, index->sorted, index->count, sizeof(struct route *), compare);

    return found != NULL ? *found : NULL;
}

struct route *route_index_find_equal(const struct route_index *index, const struct route *route)
{
    return find(index, route, compare_all);
}

struct route *route_index_find_same_text(const struct route_index *index, const struct route *route)
{
    return find(index, route, compare_texts);
}

struct route *route_index_find_place(const struct route_index *index, const struct route *route)
{
    return find(index, route, compare_places);
}
