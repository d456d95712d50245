/*
 * Reading and comparing the token. It is in no log and in no error.
 */
#include "admin/token.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 6750 section 2.1: b64token. */
static bool is_token_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("-._~+/=", byte) != NULL);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Cuts the first line out of what the file begins with. */
static const char *take_first_line(struct token *token, const char *text, size_t length)
{
    const char *newline = memchr(text, '\n', length);
    size_t end = newline != NULL ? (size_t)(newline - text) : length;
    size_t start = 0;

    while (end > start && is_blank(text[end - 1])) {
        end--;
    }
    while (start < end && is_blank(text[start])) {
        start++;
    }
    if (end - start < TOKEN_MIN_BYTES || end - start > TOKEN_MAX_BYTES) {
        return "the first line must have 16 to 512 characters";
    }
    for (size_t i = start; i < end; i++) {
        if (!is_token_byte(text[i])) {
            return "the first line may consist of letters, digits and -._~+/= only";
        }
    }
    token->length = end - start;
    memcpy(token->bytes, text + start, token->length);
    return NULL;
}

static const char *read_open_file(struct token *token, int fd, bool *exposed)
{
    char text[TOKEN_MAX_BYTES + 64];
    struct stat status;
    ssize_t length;
    const char *problem;

    if (fstat(fd, &status) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return "it is not a regular file";
    }
    *exposed = (status.st_mode & S_IROTH) != 0;
    length = read(fd, text, sizeof text);
    if (length < 0) {
        return strerror(errno);
    }
    problem = take_first_line(token, text, (size_t)length);
    OPENSSL_cleanse(text, sizeof text);
    return problem;
}

const char *token_read(struct token *token, const char *path, bool *exposed)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *problem;

    *token = (struct token){0};
    *exposed = false;
    if (fd < 0) {
        return strerror(errno);
    }
    problem = read_open_file(token, fd, exposed);
    (void)close(fd);
    return problem;
}

bool token_opens(const struct token *token, struct slice authorization)
{
    static const struct slice scheme = {"Bearer ", 7};

    if (token->length == 0 || authorization.length != scheme.length + token->length ||
        !slice_equal_nocase((struct slice){authorization.data, scheme.length}, scheme)) {
        return false;
    }
    return CRYPTO_memcmp(authorization.data + scheme.length, token->bytes, token->length) == 0;
}

void token_forget(struct token *token)
{
    OPENSSL_cleanse(token, sizeof *token);
}
