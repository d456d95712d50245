/*
 * Opening handshake with the sample key of RFC 6455 section 1.3, so that the answer is known.
 */
#include "handshake.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

enum {
    REQUEST_MAX = 2048,
    HEAD_MAX = 4096,
};

static const char accepted_key[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void send_request(struct transport *transport, const char *path)
{
    char request[REQUEST_MAX];
    int length = snprintf(request, sizeof(request),
                          "GET %s HTTP/1.1\r\n"
                          "Host: localhost\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          path);

    if (length < 0 || length >= REQUEST_MAX) {
        errx(2, "the path is too long");
    }
    if (transport_send(transport, request, (size_t)length) != length) {
        errx(1, "the server does not take the request");
    }
}

void handshake_upgrade(struct transport *transport, const char *path)
{
    char head[HEAD_MAX + 1] = "";
    size_t length = 0;

    send_request(transport, path);
    while (strstr(head, "\r\n\r\n") == NULL) {
        ssize_t got = length < HEAD_MAX
                          ? transport_receive(transport, head + length, HEAD_MAX - length)
                          : TRANSPORT_WOULD_BLOCK;

        if (got == TRANSPORT_WOULD_BLOCK) {
            errx(1, "no whole answer to the handshake");
        }
        length += (size_t)got;
        head[length] = '\0';
    }
    if (strncmp(head, "HTTP/1.1 101 ", 13) != 0 || strstr(head, accepted_key) == NULL) {
        errx(1, "the upgrade was refused: %.*s", (int)strcspn(head, "\r\n"), head);
    }
}
