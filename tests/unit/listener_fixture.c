/*
 * Configurations of listeners for tests.
 */
#include "listener_fixture.h"

#include "base/log.h"

#include <check.h>
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Adds a listener without addresses. */
static struct listener_config *listener_add_without(struct listener_fixture *fixture,
                                                    const char *name)
{
    size_t index = fixture->config.listener_count++;
    struct listener_config *added = &fixture->listeners[index];

    fixture->config.listeners = fixture->listeners;
    added->name = strdup(name);
    added->addresses.items = fixture->addresses[index];
    added->mode = 0660;
    return added;
}

void listener_add_address(struct listener_config *listener, const char *address)
{
    listener->addresses.items[listener->addresses.count++] = strdup(address);
}

struct listener_config *listener_add(struct listener_fixture *fixture, const char *name,
                                     const char *address)
{
    struct listener_config *added = listener_add_without(fixture, name);

    listener_add_address(added, address);
    return added;
}

void listener_fixture_free(struct listener_fixture *fixture)
{
    for (size_t i = 0; i < fixture->config.listener_count; i++) {
        struct listener_config *listener = &fixture->listeners[i];

        for (size_t j = 0; j < listener->addresses.count; j++) {
            free(listener->addresses.items[j]);
        }
        free(listener->name);
        free(listener->owner);
        free(listener->group);
    }
}

static char directory[] = "/tmp/wsrelayd-listener-XXXXXX";
static char log_path[LISTENER_PATH_BYTES];

void listener_make_path(char path[LISTENER_PATH_BYTES], const char *name)
{
    snprintf(path, LISTENER_PATH_BYTES, "%s/%s", directory, name);
}

void listener_make_unix_address(char address[LISTENER_PATH_BYTES], const char *name)
{
    snprintf(address, LISTENER_PATH_BYTES, "unix:%s/%s", directory, name);
}

bool listener_path_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static size_t listener_open_descriptors(void)
{
    DIR *descriptors = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(descriptors) != NULL) {
        count++;
    }
    closedir(descriptors);
    return count;
}

void listener_begin_log(void)
{
    (void)unlink(log_path);
    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_FILE, log_path), 0);
}

size_t listener_read_log(char text[LISTENER_LOG_BYTES])
{
    FILE *file = fopen(log_path, "r");
    size_t lines = 0;
    size_t length = 0;

    if (file != NULL) {
        length = fread(text, 1, LISTENER_LOG_BYTES - 1, file);
        fclose(file);
    }
    text[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

void listener_assert_refused(struct listener_fixture *fixture, const char *part,
                             const char *other_part)
{
    size_t before;
    char log[LISTENER_LOG_BYTES];

    listener_begin_log();
    before = listener_open_descriptors();
    ck_assert_int_eq(listener_set_open(&fixture->set, &fixture->config, NULL), -1);
    ck_assert_uint_eq(listener_read_log(log), 1);
    ck_assert_msg(strstr(log, part) != NULL, "no \"%s\" in %s", part, log);
    ck_assert_msg(strstr(log, other_part) != NULL, "no \"%s\" in %s", other_part, log);
    ck_assert_uint_eq(listener_open_descriptors(), before);
    ck_assert_ptr_null(fixture->set.sockets);
}

void listener_open_set(struct listener_fixture *fixture)
{
    char log[LISTENER_LOG_BYTES];

    listener_begin_log();
    if (listener_set_open(&fixture->set, &fixture->config, NULL) != 0) {
        listener_read_log(log);
        ck_abort_msg("%s", log);
    }
}

/* A client of the listener. Returns its descriptor, or -1. */
static int listener_connect_to(const struct bound_socket *bound)
{
    int fd = socket(bound->address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)&bound->address.storage, bound->address.length) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

bool listener_accepts(const struct bound_socket *bound)
{
    int fd = listener_connect_to(bound);

    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

unsigned listener_port_of(const struct bound_socket *bound)
{
    const struct sockaddr_in6 *name = (const struct sockaddr_in6 *)&bound->address.storage;

    /* sin_port and sin6_port have one place. */
    return ntohs(name->sin6_port);
}

void listener_intercept(unsigned call, unsigned mask, unsigned value, unsigned error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(LISTENER_CHILD_BROKEN);
    }
}

int listener_run_child(int (*child)(const char *address), const char *address)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        _exit(child(address));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != LISTENER_CHILD_BROKEN);
    return WEXITSTATUS(status);
}

bool listener_directory_make(void)
{
    if (mkdtemp(directory) == NULL) {
        perror("mkdtemp");
        return false;
    }
    listener_make_path(log_path, "log");
    return true;
}

void listener_directory_remove(void)
{
    char command[LISTENER_PATH_BYTES];

    snprintf(command, sizeof command, "rm -rf %s", directory);
    if (system(command) != 0) {
        fprintf(stderr, "%s failed\n", command);
    }
}
