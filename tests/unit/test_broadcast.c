/*
 * The broadcast handler: which rooms its templates and namespaces make, and which it refuses.
 */
#include "config/errors.h"
#include "handlers/registry.h"

#include "net_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = FRAME_FIN | OPCODE_TEXT };

enum { ROUTES_MAX = 4 };

static struct config *config;
static struct route *routes[ROUTES_MAX];
static size_t error_count;

/* Loads a configuration with these routes, one of them a line. */
static void load(const char *text)
{
    char path[] = "/tmp/wsrelayd-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    struct config_errors errors;

    ck_assert_ptr_nonnull(file);
    fprintf(file, "listeners: [{name: plain, address: ':0'}]\nroutes:\n%s", text);
    ck_assert_int_eq(fclose(file), 0);
    config_errors_init(&errors, path);
    config = config_load(path, handler_registry, NULL, NULL, &errors);
    error_count = errors.error_count;
    config_errors_free(&errors);
    unlink(path);
}

/* ---- the check ---- */

static const struct {
    const char *path;
    const char *room;
    size_t errors;
} template_rows[] = {
    {"/room/{name}", "{name}", 0},
    {"/room/{name}", "fixed", 0},
    {"/room/{name}/{part}", "{part}-of-{name}", 0},
    {"/room/{name*}", "{name}{name}", 0},
    {"/room/{name}", "{other}", 1},
    {"/room", "{name}", 1},
    {"/room/{name}", "{a}{b}", 2},
    {"/room/{name}", "{name", 1},
    {"/room/{name}", "{", 1},
    {"/room/{name}", "{}", 1},
    {"/room/{name}", "}", 1},
    {"/room/{name}", "{name}}", 1},
    {"/room/{name}", "a}{name}", 1},
    {"/room/{name}", "{{name}}", 1},
    {"/room/{name}", "a{name}b{name}c", 0},
};

START_TEST(test_a_template_may_name_what_its_path_captures)
{
    char route[256];

    snprintf(route, sizeof route, "  - {path: '%s', handler: {type: broadcast, room: '%s'}}\n",
             template_rows[_i].path, template_rows[_i].room);
    load(route);
    ck_assert_uint_eq(error_count, template_rows[_i].errors);
    ck_assert_int_eq(config != NULL, template_rows[_i].errors == 0);
    config_free(config);
}
END_TEST

/* ---- rooms ---- */

static void start(const char *text)
{
    load(text);
    ck_assert_ptr_nonnull(config);
    net_start((const struct handler *)(const void *)config->routes[0].handler, NULL);
    for (size_t i = 0; i < config->route_count; i++) {
        ck_assert_uint_lt(i, ROUTES_MAX);
        routes[i] = route_create(&config->routes[i]);
        ck_assert_ptr_nonnull(routes[i]);
    }
    net.snapshot.routes = routes;
    net.snapshot.route_count = config->route_count;
}

static void stop(void)
{
    net_stop();
    for (size_t i = 0; i < config->route_count; i++) {
        ck_assert_uint_eq(atomic_load(&routes[i]->references), 1);
        route_release(routes[i]);
    }
    config_free(config);
}

struct place {
    const char *host;
    const char *path;
};

/* Two members at two places, and whether they hear each other. */
static const struct {
    const char *routes;
    struct place one;
    struct place other;
    bool same_room;
} room_rows[] = {
    /* the name is what was captured, as it stands in the normalised path */
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a"}, {"h", "/r/a"}, true},
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a"}, {"h", "/r/b"}, false},
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a"}, {"h", "/r/%61?x"}, true},
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a%20"}, {"h", "/r/a"}, false},
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a"}, {"h", "/r/A"}, false},
    /* the template says what of the path counts */
    {"  - {path: '/r/{x}/{name}', handler: broadcast}\n", {"h", "/r/1/a"}, {"h", "/r/2/a"}, true},
    {"  - {path: '/r/{x}/{y}', handler: {type: broadcast, room: '{x}-{y}'}}\n",
     {"h", "/r/1/a"},
     {"h", "/r/2/a"},
     false},
    {"  - {path: '/r/{x}', handler: {type: broadcast, room: all}}\n",
     {"h", "/r/1"},
     {"h", "/r/2"},
     true},
    /* as many captures as a path may have, and the last one counts */
    {"  - path: '/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{name}'\n"
     "    handler: broadcast\n",
     {"h", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/1"},
     {"h", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/2"},
     false},
    /* hosts and patterns keep rooms apart */
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a"}, {"H:80", "/r/a"}, true},
    {"  - {path: '/r/{name}', handler: broadcast}\n", {"h", "/r/a"}, {"i", "/r/a"}, false},
    {"  - {path: '/r/{name}', handler: broadcast}\n"
     "  - {path: '/s/{name}', handler: broadcast}\n",
     {"h", "/r/a"},
     {"h", "/s/a"},
     false},
    /* but for a namespace of their own */
    {"  - {path: '/r/{name}', handler: {type: broadcast, namespace: n}}\n"
     "  - {path: '/s/{name}', handler: {type: broadcast, namespace: n}}\n",
     {"h", "/r/a"},
     {"i", "/s/a"},
     true},
    {"  - {path: '/r/{name}', handler: {type: broadcast, namespace: n}}\n"
     "  - {path: '/s/{name}', handler: {type: broadcast, namespace: m}}\n",
     {"h", "/r/a"},
     {"h", "/s/a"},
     false},
};

static bool hears(struct client *client, const char *text)
{
    net_settle();
    client_receive(client);
    if (!client_has_frame(client)) {
        return false;
    }
    client_expect(client, TEXT, text, strlen(text));
    return true;
}

START_TEST(test_members_of_one_room_hear_each_other)
{
    struct client *one;
    struct client *other;

    start(room_rows[_i].routes);
    one = client_open_at(room_rows[_i].one.host, room_rows[_i].one.path);
    other = client_open_at(room_rows[_i].other.host, room_rows[_i].other.path);
    ck_assert_uint_eq(relay_room_count(net.relay), room_rows[_i].same_room ? 1 : 2);
    client_send_frame(one, TEXT, "hello", 5);
    ck_assert_int_eq(hears(other, "hello"), room_rows[_i].same_room);
    ck_assert(!hears(one, "hello"));
    client_free(one);
    client_free(other);
    stop();
}
END_TEST

START_TEST(test_a_sender_hears_itself_if_the_route_says_so)
{
    struct client *client;

    start("  - {path: '/r/{name}', handler: {type: broadcast, include_sender: true}}\n");
    client = client_open("/r/a");
    client_send_frame(client, TEXT, "hello", 5);
    ck_assert(hears(client, "hello"));
    client_free(client);
    stop();
}
END_TEST

/* A name of 255 bytes is the longest. */
START_TEST(test_a_room_s_name_has_a_longest_length)
{
    char path[4 + ROOM_NAME_MAX_BYTES + 2];
    struct client *client;
    size_t length = ROOM_NAME_MAX_BYTES + (size_t)_i;

    memset(path, 'x', sizeof path);
    memcpy(path, "/r/", 3);
    path[3 + length] = '\0';
    start("  - {path: '/r/{name}', handler: broadcast}\n");
    client = client_connect(NULL);
    client_request(client, "h", path);
    net_settle();
    client_receive(client);
    ck_assert_mem_eq(client->bytes, _i == 0 ? "HTTP/1.1 101" : "HTTP/1.1 404", 12);
    ck_assert_uint_eq(relay_room_count(net.relay), _i == 0);
    client_free(client);
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("broadcast");
    TCase *check = tcase_create("check");
    TCase *rooms = tcase_create("rooms");

    tcase_add_loop_test(check, test_a_template_may_name_what_its_path_captures, 0,
                        sizeof template_rows / sizeof *template_rows);
    tcase_add_loop_test(rooms, test_members_of_one_room_hear_each_other, 0,
                        sizeof room_rows / sizeof *room_rows);
    tcase_add_test(rooms, test_a_sender_hears_itself_if_the_route_says_so);
    tcase_add_loop_test(rooms, test_a_room_s_name_has_a_longest_length, 0, 2);
    suite_add_tcase(suite, check);
    suite_add_tcase(suite, rooms);
    return suite_run(suite);
}
