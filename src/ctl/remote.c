/*
 * Finding the daemon.
 */
#include "ctl/remote.h"

#include "config/address_syntax.h"
#include "ctl/admin_section.h"
#include "ctl/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROBLEM_BYTES = REMOTE_ORIGIN_BYTES - 32 };

/* ---- the token ---- */

static bool is_token_byte(char byte)
{
    return byte > ' ' && byte <= '~';
}

/* Cuts the first line out of a text, without blanks around it. Returns NULL, or what is wrong. */
static const char *take_first_line(char *text, char token[REMOTE_TOKEN_MAX_BYTES + 1])
{
    const char *start = text + strspn(text, " \t");
    size_t length = strcspn(start, "\r\n");

    while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t')) {
        length--;
    }
    if (length == 0 || length > REMOTE_TOKEN_MAX_BYTES) {
        return "its first line is not a token of 1 to 512 characters";
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_token_byte(start[i])) {
            return "its first line holds what no token does";
        }
    }
    memcpy(token, start, length);
    token[length] = '\0';
    return NULL;
}

static const char *read_token(const char *path, char token[REMOTE_TOKEN_MAX_BYTES + 1])
{
    char text[REMOTE_TOKEN_MAX_BYTES + 64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    int error = errno;

    if (fd >= 0) {
        close(fd);
    }
    return length < 0 ? strerror(error) : take_first_line(text, token);
}

/* ---- the address ---- */

/* As in a configuration, but for sockets that systemd passes. */
static const char *address_problem(const char *address)
{
    const char *problem = address_syntax_problem(address);
    bool is_number = address[strspn(address, "0123456789")] == '\0';

    if (address_syntax_passed_name(address) != NULL) {
        return "a name of systemd's is no address: write host:port or unix:/path";
    }
    if (strchr(address, ':') == NULL && address[0] != '/' && !is_number) {
        return "not an address (host:port, [v6]:port, :port or unix:/path)";
    }
    return problem;
}

static bool check_address(const char *address, const char *from, struct failure *failure)
{
    const char *problem = address_problem(address);

    return problem == NULL ||
           failure_set(failure, STATUS_USAGE, "%s: \"%s\": %s", from, address, problem);
}

static bool take_address(struct remote *remote, const char *address, const char *from,
                         struct failure *failure)
{
    snprintf(remote->origin, sizeof remote->origin, "from %.256s", from);
    remote->address = memory_got(strdup(address));
    return check_address(address, from, failure);
}

/* What a configuration says. Its token is not missed: metrics and health need none. */
static void take_section(struct remote *remote, struct admin_section *section, const char *path)
{
    snprintf(remote->origin, sizeof remote->origin, "from %.256s", path);
    remote->address = section->address;
    section->address = NULL;
    if (section->token_file != NULL) {
        (void)read_token(section->token_file, remote->token);
    }
}

static bool use_config(struct remote *remote, const char *path, struct failure *failure)
{
    struct admin_section section;
    char problem[PROBLEM_BYTES];
    bool found = admin_section_read(path, &section, problem, sizeof problem);

    if (found) {
        take_section(remote, &section, path);
    }
    admin_section_free(&section);
    return found || failure_set(failure, STATUS_USAGE,
                                "%s: --server tells the address of a running wsrelayd", problem);
}

static void use_default(struct remote *remote)
{
    struct admin_section section;
    char problem[PROBLEM_BYTES];

    if (admin_section_read(REMOTE_CONFIG, &section, problem, sizeof problem)) {
        take_section(remote, &section, REMOTE_CONFIG);
    } else {
        snprintf(remote->origin, sizeof remote->origin, "the default, as %s %s", REMOTE_CONFIG,
                 access(REMOTE_CONFIG, R_OK) == 0 ? "names none" : "cannot be read");
        remote->address = memory_got(strdup(REMOTE_FALLBACK));
    }
    admin_section_free(&section);
}

bool remote_find(struct remote *remote, const struct arguments *arguments, struct failure *failure)
{
    const char *environment = getenv(REMOTE_ENVIRONMENT);
    const char *problem = NULL;
    bool found = true;

    *remote = (struct remote){.timeout_ms = (int64_t)(arguments->timeout_s * 1000)};
    if (arguments->server != NULL) {
        found = take_address(remote, arguments->server, "--server", failure);
    } else if (arguments->config != NULL) {
        found = use_config(remote, arguments->config, failure);
    } else if (environment != NULL && environment[0] != '\0') {
        found = take_address(remote, environment, REMOTE_ENVIRONMENT, failure);
    } else {
        use_default(remote);
    }
    if (found && arguments->token_file != NULL) {
        problem = read_token(arguments->token_file, remote->token);
    }
    return found && (problem == NULL ||
                     failure_set(failure, STATUS_USAGE, "%s: %s", arguments->token_file, problem));
}

void remote_free(struct remote *remote)
{
    free(remote->address);
    explicit_bzero(remote->token, sizeof remote->token);
}
