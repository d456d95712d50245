/*
 * Connections and rooms.
 */
#include "ctl/browse.h"

#include "ctl/errand.h"
#include "ctl/listing.h"
#include "ctl/row.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_DEFAULT = 1000 };

/* How what is read is written: as one table, or as one JSON object like that of one page. */
struct browser {
    const struct row_column *row_columns;
    struct table *table; /* NULL: JSON */
    bool has_rows;       /* of JSON */
};

static void write_json_row(struct browser *browser, const json_t *row)
{
    fputs(browser->has_rows ? ", " : "", stdout);
    (void)json_dumpf(row, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    browser->has_rows = true;
}

static void write_page(struct browser *browser, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        if (browser->table != NULL) {
            row_add(browser->table, browser->row_columns, row);
        } else {
            write_json_row(browser, row);
        }
    }
    if (browser->table != NULL) {
        table_print(browser->table, stdout);
    }
}

/* Says what is left out. */
static void write_end(const struct browser *browser, const struct listing *listing)
{
    json_t *next;

    if (browser->table != NULL) {
        if (listing->next != NULL) {
            fflush(stdout);
            fprintf(stderr, "wsrelayctl: note: there are more %s; --limit N or --all shows them\n",
                    listing->member);
        }
        return;
    }
    next = listing->next != NULL ? json_string(listing->next) : json_null();
    fputs("], \"next\": ", stdout);
    (void)json_dumpf(next, stdout, JSON_ENCODE_ANY);
    fputs("}\n", stdout);
    json_decref(next);
}

/* A list that has begun is not followed by the answer that cut it. */
static int fail(const struct arguments *arguments, bool begun, const struct failure *failure,
                const struct answer *answer)
{
    static const struct answer nothing = {.json = NULL};

    fflush(stdout);
    return errand_fail(arguments, failure, begun ? &nothing : answer);
}

static int read_pages(const struct arguments *arguments, const struct remote *remote,
                      struct listing *listing, struct browser *browser)
{
    bool begun = false;
    int status = STATUS_DONE;

    do {
        struct answer answer;
        struct failure failure;

        if (!listing_ask(remote, listing, &answer, &failure)) {
            status = fail(arguments, begun, &failure, &answer);
        } else {
            if (!begun && browser->table == NULL) {
                printf("{\"%s\": [", listing->member);
            }
            begun = true;
            write_page(browser, json_object_get(answer.json, listing->member));
        }
        answer_free(&answer);
    } while (status == STATUS_DONE && listing_goes_on(listing));
    if (status == STATUS_DONE) {
        write_end(browser, listing);
    }
    return status;
}

static int browse(const struct arguments *arguments, const struct remote *remote,
                  struct listing listing, const struct row_column *row_columns)
{
    struct table_column columns[TABLE_COLUMNS_MAX + 1];
    struct browser browser = {.row_columns = row_columns};
    int status;

    row_make_columns(row_columns, columns);
    browser.table = arguments->json ? NULL : table_create(columns);
    listing.left = arguments->all         ? LISTING_UNLIMITED
                   : arguments->limit > 0 ? arguments->limit
                                          : ROWS_DEFAULT;
    status = read_pages(arguments, remote, &listing, &browser);
    listing_free(&listing);
    table_free(browser.table);
    return status;
}

int browse_connections(const struct arguments *arguments, const struct remote *remote)
{
    static const struct row_column columns[] = {
        {"ID", "id", ROW_TEXT},
        {"STATE", "state", ROW_TEXT},
        {"ADDRESS", "address", ROW_PEER},
        {"LISTENER", "listener", ROW_TEXT},
        {"TLS", "tls", ROW_TEXT},
        {"ROUTE", "route", ROW_TEXT},
        {"NAMESPACE", "namespace", ROW_TEXT},
        {"ROOM", "room", ROW_TEXT},
        {"AGE", "age_seconds", ROW_SECONDS},
        {"IDLE", "idle_seconds", ROW_SECONDS},
        {"QUEUE", "queue_bytes", ROW_BYTES},
        {"IN", "messages_in", ROW_COUNT},
        {"OUT", "messages_out", ROW_COUNT},
        {"IN-SIZE", "bytes_in", ROW_BYTES},
        {"OUT-SIZE", "bytes_out", ROW_BYTES},
        {"IN/S", "messages_in_per_second", ROW_RATE},
        {"OUT/S", "messages_out_per_second", ROW_RATE},
        {"IN-SIZE/S", "bytes_in_per_second", ROW_BYTES},
        {"OUT-SIZE/S", "bytes_out_per_second", ROW_BYTES},
        {NULL, NULL, ROW_TEXT},
    };
    const struct query_parameter filters[] = {
        {"route", arguments->route}, {"namespace", arguments->namespace},
        {"room", arguments->room},   {"address", arguments->address},
        {"state", arguments->state}, {NULL, NULL},
    };

    return browse(
        arguments, remote,
        (struct listing){.path = "/v1/connections", .member = "connections", .filters = filters},
        columns);
}

int browse_rooms(const struct arguments *arguments, const struct remote *remote)
{
    static const struct row_column columns[] = {
        {"MEMBERS", "members", ROW_COUNT},
        {"NAMESPACE", "namespace", ROW_TEXT},
        {"NAME", "name", ROW_TEXT},
        {NULL, NULL, ROW_TEXT},
    };
    const struct query_parameter filters[] = {{"prefix", arguments->prefix}, {NULL, NULL}};

    return browse(arguments, remote,
                  (struct listing){.path = "/v1/rooms", .member = "rooms", .filters = filters},
                  columns);
}
