/*
 * The test page, as scripts/embed-page makes it of src/page when the program is built: a whole HTTP
 * response, whose policy names the hashes of the page's script and style.
 */
#ifndef WSRELAYD_NET_PAGE_DOCUMENT_H
#define WSRELAYD_NET_PAGE_DOCUMENT_H

#include "net/message.h"

/* Static, with a reference that is never dropped: no pool ever gets it. Shared by all threads. */
extern struct message page_document;

/* How much of it is the response's head. */
extern const size_t page_document_head_bytes;

#endif
