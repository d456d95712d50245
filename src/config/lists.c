/*
 * The types that are lists of texts. A single value stands for a list of one.
 */
#include "config/address_syntax.h"
#include "config/dump.h"
#include "config/reader.h"
#include "protocol/http.h"
#include "protocol/origin.h"
#include "protocol/upgrade.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_MAX_ITEMS = 1000 };

/* What the items of a list are. */
struct item_kind {
    bool (*check)(struct reader *reader, struct node *item); /* reports if it is none */
    char *(*rewrite)(const char *text); /* in the form in which it is compared; NULL: as it is */
};

static bool report_repetition(struct reader *reader, struct node *item,
                              const struct string_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return reader_error(reader, item, "\"%.64s\" is listed twice", item->text);
        }
    }
    return true;
}

/* A bad item is kept, too, so that every item of the list has its node's index. */
static bool read_item(struct reader *reader, struct node *item, struct string_list *list,
                      const struct item_kind *kind)
{
    bool good = reader_expect_text(reader, item) && kind->check(reader, item);
    const char *text = item->type == NODE_SCALAR ? item->text : "";
    char *copy = good && kind->rewrite != NULL ? kind->rewrite(text) : strdup(text);

    if (copy == NULL) {
        return reader_error(reader, item, "out of memory");
    }
    good = good && report_repetition(reader, item, list, copy);
    list->items[list->count++] = copy;
    return good;
}

/* Reads all items, going on after a bad one so that each is reported. */
static bool read_list(struct reader *reader, struct node *node, struct string_list *list,
                      const struct item_kind *kind)
{
    struct node *single[] = {node};
    struct node **items = node->type == NODE_SEQUENCE ? node->children : single;
    size_t count = node->type == NODE_SEQUENCE ? node->count : 1;
    bool all_read = true;

    if (node->type == NODE_MAPPING) {
        return reader_error(reader, node, "must be a value or a list of values, not a mapping");
    }
    if (count > LIST_MAX_ITEMS) {
        return reader_error(reader, node, "%zu are too many (at most %d)", count, LIST_MAX_ITEMS);
    }
    *list = (struct string_list){.items = calloc(count + 1, sizeof *list->items)};
    if (list->items == NULL) {
        return reader_error(reader, node, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        all_read = read_item(reader, items[i], list, kind) && all_read;
    }
    return all_read;
}

static void write_list(struct dump *dump, const struct string_list *list)
{
    fputs(" [", dump->stream);
    for (size_t i = 0; i < list->count; i++) {
        fputs(i == 0 ? "" : ", ", dump->stream);
        dump_text(dump, list->items[i]);
    }
    fputs("]\n", dump->stream);
}

static void clear_list(struct string_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
}

static struct string_list *list_field(const struct schema_row *row, void *object)
{
    return (struct string_list *)(void *)((char *)object + row->offset);
}

static void write_field(struct dump *dump, const struct schema_row *row, const void *object)
{
    write_list(dump,
               (const struct string_list *)(const void *)((const char *)object + row->offset));
}

static void clear_field(const struct schema_row *row, void *object)
{
    clear_list(list_field(row, object));
}

/* ---- addresses ---- */

static bool check_address(struct reader *reader, struct node *item)
{
    const char *problem = address_syntax_problem(item->text);

    if (problem != NULL) {
        return reader_error(reader, item, "\"%.128s\": %s", item->text, problem);
    }
    return true;
}

static const struct item_kind addresses = {.check = check_address};

static bool read_addresses(struct reader *reader, const struct schema_row *row, struct node *node,
                           void *object)
{
    if (node->type == NODE_SEQUENCE && node->count == 0) {
        return reader_error(reader, node, "empty: at least one address is needed");
    }
    return read_list(reader, node, list_field(row, object), &addresses);
}

const struct schema_type schema_addresses = {
    .name = "list", .read = read_addresses, .write = write_field, .clear = clear_field};

/* ---- subprotocols ---- */

static bool check_subprotocol(struct reader *reader, struct node *item)
{
    struct slice name = slice_of(item->text);

    if (!http_is_token(name)) {
        return reader_error(reader, item,
                            "\"%.64s\" is no subprotocol: only letters, digits and "
                            "!#$%%&'*+-.^_`|~ may stand in one",
                            item->text);
    }
    if (name.length > UPGRADE_SUBPROTOCOL_MAX_BYTES) {
        return reader_error(reader, item, "longer than %d bytes", UPGRADE_SUBPROTOCOL_MAX_BYTES);
    }
    return true;
}

static const struct item_kind subprotocols = {.check = check_subprotocol};

static bool read_subprotocols(struct reader *reader, const struct schema_row *row,
                              struct node *node, void *object)
{
    return read_list(reader, node, list_field(row, object), &subprotocols);
}

const struct schema_type schema_subprotocols = {
    .name = "list", .read = read_subprotocols, .write = write_field, .clear = clear_field};

/* ---- origins ---- */

/* What is said behind the text, or NULL when it is an origin. */
static const char *origin_problem(const char *text)
{
    struct slice origin = slice_of(text);

    if (strcmp(text, "any") == 0) {
        return "stands alone, not in a list";
    }
    if (origin_pattern_valid(origin)) {
        return NULL;
    }
    if (strncasecmp(text, "ws://", strlen("ws://")) == 0) {
        return "is no origin: the scheme is that of the page (write http://...)";
    }
    if (strncasecmp(text, "wss://", strlen("wss://")) == 0) {
        return "is no origin: the scheme is that of the page (write https://...)";
    }
    if (strcmp(text, "*") == 0) {
        return "is no origin: write any to let every origin in";
    }
    if (origin.data[origin.length - 1] == '/') {
        return "is no origin: one ends without a slash, as in https://example.org";
    }
    return "is no origin, such as https://example.org or https://*.example.org";
}

static bool check_origin(struct reader *reader, struct node *item)
{
    const char *problem = origin_problem(item->text);

    if (problem != NULL) {
        return reader_error(reader, item, "\"%.64s\" %s", item->text, problem);
    }
    return true;
}

static char *rewrite_origin(const char *text)
{
    struct slice pattern = slice_of(text);
    char *rewritten = calloc(1, pattern.length + ORIGIN_PATTERN_GROWTH_BYTES + 1);

    if (rewritten != NULL) {
        origin_pattern_write(rewritten, pattern);
    }
    return rewritten;
}

static const struct item_kind origins = {.check = check_origin, .rewrite = rewrite_origin};

static bool read_origins(struct reader *reader, const struct schema_row *row, struct node *node,
                         void *object)
{
    struct route_settings *settings = object;

    (void)row;
    settings->any_origin = node->type == NODE_SCALAR && strcmp(node->text, "any") == 0;
    return settings->any_origin || read_list(reader, node, &settings->origins, &origins);
}

static void write_origins(struct dump *dump, const struct schema_row *row, const void *object)
{
    const struct route_settings *settings = object;

    (void)row;
    if (settings->any_origin) {
        fputs(" any\n", dump->stream);
    } else {
        write_list(dump, &settings->origins);
    }
}

static void clear_origins(const struct schema_row *row, void *object)
{
    struct route_settings *settings = object;

    (void)row;
    clear_list(&settings->origins);
}

const struct schema_type schema_origins = {
    .name = "list", .read = read_origins, .write = write_origins, .clear = clear_origins};
