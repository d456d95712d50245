/*
 * Resolving a URL once for all connections.
 */
#include "bench/endpoint.h"

#include <err.h>
#include <stdio.h>

static void init_tls(struct endpoint *endpoint, const struct settings *settings)
{
    struct stream_trust trust = {.insecure = settings->insecure, .ca = settings->ca};

    endpoint->tls = stream_tls_create(&trust);
    if (endpoint->tls == NULL) {
        errx(1, "cannot read the authorities%s%s: %s", trust.ca != NULL ? " in " : "",
             trust.ca != NULL ? trust.ca : "", stream_error());
    }
    if (settings->server_name != NULL) {
        snprintf(endpoint->server_name, sizeof endpoint->server_name, "%s", settings->server_name);
    } else {
        snprintf(endpoint->server_name, sizeof endpoint->server_name, "%.*s",
                 (int)endpoint->url.host.length, endpoint->url.host.data);
    }
}

void endpoint_init(struct endpoint *endpoint, const struct settings *settings,
                   const struct url *url)
{
    const char *why;

    *endpoint = (struct endpoint){.url = *url, .raw = url->scheme == URL_TCP};
    why = destination_resolve(url, &endpoint->destination);
    if (why != NULL) {
        errx(1, "%s: %s", url->text, why);
    }
    if (url->scheme == URL_WSS) {
        init_tls(endpoint, settings);
    }
    handshake_init(&endpoint->handshake, settings, url);
}

void endpoint_destroy(struct endpoint *endpoint)
{
    stream_tls_free(endpoint->tls);
    handshake_destroy(&endpoint->handshake);
}
