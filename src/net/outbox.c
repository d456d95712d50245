/*
 * The queue of one connection.
 */
#include "net/outbox.h"

#include "protocol/frame.h"

#include <string.h>

struct outbox *outbox_create(struct pool *pool)
{
    struct outbox *outbox = pool_alloc(pool, sizeof *outbox, NULL);

    if (outbox != NULL) {
        *outbox = (struct outbox){0};
    }
    return outbox;
}

/* An entry for the slice [offset, end) of a parcel, whose reference it takes over. */
static struct outbox_entry *entry_create(struct pool *pool, struct parcel *parcel, size_t offset,
                                         size_t end)
{
    struct outbox_entry *entry = pool_alloc(pool, sizeof *entry, NULL);

    if (entry != NULL) {
        *entry = (struct outbox_entry){.parcel = parcel, .offset = offset, .end = end};
    }
    return entry;
}

static void entry_free(struct pool *pool, struct outbox_entry *entry)
{
    parcel_release(pool, entry->parcel);
    pool_free(pool, entry, sizeof *entry);
}

/* An entry with a fresh message of its own, empty, with room for `capacity` bytes. */
static struct outbox_entry *entry_create_block(struct pool *pool, size_t capacity)
{
    struct message *message = message_create(pool, capacity);
    struct parcel *parcel = message != NULL ? parcel_create(pool, message) : NULL;
    struct outbox_entry *entry = parcel != NULL ? entry_create(pool, parcel, 0, 0) : NULL;

    if (entry != NULL) {
        entry->growing = true;
    } else if (parcel != NULL) {
        parcel_release(pool, parcel);
    } else if (message != NULL) {
        message_release(pool, message);
    }
    return entry;
}

static void block_add(struct outbox_entry *entry, const uint8_t *bytes, size_t length)
{
    message_append(entry->parcel->message, bytes, length);
    entry->end = entry->parcel->message->length;
}

static bool block_has_room(const struct outbox_entry *entry, size_t length)
{
    const struct message *message = entry->parcel->message;

    return entry->growing && message_payload_capacity(message) - message->length >= length;
}

static void list_add(struct outbox_list *list, struct outbox_entry *entry)
{
    if (list->first == NULL) {
        list->first = entry;
    } else {
        list->last->next = entry;
    }
    list->last = entry;
}

static void list_free(struct pool *pool, struct outbox_entry *entry)
{
    while (entry != NULL) {
        struct outbox_entry *next = entry->next;

        entry_free(pool, entry);
        entry = next;
    }
}

void outbox_free(struct pool *pool, struct outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    list_free(pool, outbox->ready.first);
    list_free(pool, outbox->held.first);
    pool_free(pool, outbox, sizeof *outbox);
}

/* Copies a small frame behind others, so that a backlog of them is neither many entries nor many
 * vectors. */
static bool add_copy(struct pool *pool, struct outbox_list *list, const uint8_t *bytes,
                     size_t length)
{
    if (!block_has_room(list->last, length)) {
        struct outbox_entry *block = entry_create_block(pool, OUTBOX_BLOCK_BYTES);

        if (block == NULL) {
            return false;
        }
        list_add(list, block);
    }
    block_add(list->last, bytes, length);
    return true;
}

/* Frames that lie right behind the last that wait, in the same message, need no entry. */
static bool extend_last(struct outbox_list *list, const struct parcel *parcel, size_t offset,
                        size_t end)
{
    struct outbox_entry *last = list->last;

    if (list->first == NULL || last->parcel->message != parcel->message || last->end != offset) {
        return false;
    }
    last->end = end;
    return true;
}

static bool add_reference(struct pool *pool, struct outbox_list *list, struct parcel *parcel,
                          size_t offset, size_t end)
{
    struct outbox_entry *entry = entry_create(pool, parcel, offset, end);

    if (entry == NULL) {
        return false;
    }
    parcel->references++;
    list_add(list, entry);
    return true;
}

static bool add(struct pool *pool, struct outbox *outbox, struct outbox_list *list,
                struct parcel *parcel)
{
    size_t length = parcel->end - parcel->offset;
    bool copy = list->first != NULL && length <= OUTBOX_COPY_BYTES;
    bool added = extend_last(list, parcel, parcel->offset, parcel->end) ||
                 (copy ? add_copy(pool, list, parcel_wire(parcel), length)
                       : add_reference(pool, list, parcel, parcel->offset, parcel->end));

    if (added) {
        outbox->bytes += length;
    }
    return added;
}

bool outbox_append(struct pool *pool, struct outbox *outbox, struct parcel *parcel)
{
    return add(pool, outbox, &outbox->ready, parcel);
}

bool outbox_hold(struct pool *pool, struct outbox *outbox, struct parcel *parcel)
{
    return add(pool, outbox, &outbox->held, parcel);
}

bool outbox_begin(struct pool *pool, struct outbox *outbox, struct parcel *parcel, size_t offset,
                  size_t end)
{
    if (!add_reference(pool, &outbox->ready, parcel, offset, end)) {
        return false;
    }
    outbox->bytes += end - offset;
    return true;
}

void outbox_release_held(struct outbox *outbox)
{
    if (outbox->held.first == NULL) {
        return;
    }
    if (outbox->ready.first == NULL) {
        outbox->ready = outbox->held;
    } else {
        outbox->ready.last->next = outbox->held.first;
        outbox->ready.last = outbox->held.last;
    }
    outbox->held = (struct outbox_list){0};
}

void outbox_drop_held(struct pool *pool, struct outbox *outbox)
{
    for (const struct outbox_entry *entry = outbox->held.first; entry != NULL;
         entry = entry->next) {
        outbox->bytes -= entry->end - entry->offset;
    }
    list_free(pool, outbox->held.first);
    outbox->held = (struct outbox_list){0};
}

bool outbox_append_response(struct pool *pool, struct outbox *outbox, struct parcel *parcel,
                            size_t offset, size_t end)
{
    if (!add_reference(pool, &outbox->ready, parcel, offset, end)) {
        return false;
    }
    outbox->ready.last->opaque = true;
    outbox->bytes += end - offset;
    return true;
}

bool outbox_append_opaque(struct pool *pool, struct outbox *outbox, const uint8_t *bytes,
                          size_t length)
{
    struct outbox_entry *entry = entry_create_block(pool, length);

    if (entry == NULL) {
        return false;
    }
    block_add(entry, bytes, length);
    entry->growing = false;
    entry->opaque = true;
    list_add(&outbox->ready, entry);
    outbox->bytes += length;
    return true;
}

static size_t first_frame_length(const uint8_t *frames, size_t length)
{
    return frame_boundary(frames, length, 1);
}

static bool is_pong(const uint8_t *frame)
{
    return frame[0] == (FRAME_FIN | OPCODE_PONG);
}

/* Copies whole frames into a block, but for Pongs; returns the last of those, or NULL. Those before
 * it are dropped. */
static const uint8_t *add_all_but_pongs(struct outbox *outbox, struct outbox_entry *block,
                                        const uint8_t *frames, size_t length)
{
    const uint8_t *pong = NULL;
    size_t frame_bytes;

    for (size_t at = 0; at < length; at += frame_bytes) {
        frame_bytes = first_frame_length(frames + at, length - at);
        if (is_pong(frames + at)) {
            outbox->pongs_dropped += pong != NULL;
            pong = frames + at;
        } else {
            block_add(block, frames + at, frame_bytes);
        }
    }
    return pong;
}

static void list_prepend(struct outbox_list *list, struct outbox_entry *entry)
{
    entry->next = list->first;
    if (list->first == NULL) {
        list->last = entry;
    }
    list->first = entry;
}

/* Puts the Pong of a rest back as one that waits, unless a newer one does already. */
static bool keep_pong(struct pool *pool, struct outbox *outbox, const uint8_t *pong)
{
    if (pong != NULL && outbox->pong != NULL) {
        outbox->pongs_dropped++;
        return true;
    }
    return pong == NULL || outbox_insert_control(pool, outbox, pong, 2 + (size_t)pong[1], true);
}

bool outbox_prepend_rest(struct pool *pool, struct outbox *outbox, const uint8_t *bytes,
                         size_t length, size_t sent)
{
    struct outbox_entry *block;
    const uint8_t *pong;
    size_t fixed; /* up to the end of the frame that has been begun, if one has */

    for (size_t frame = 0; (frame = first_frame_length(bytes, length)) <= sent;) {
        bytes += frame;
        length -= frame;
        sent -= frame;
    }
    block = entry_create_block(pool, length);
    if (block == NULL) {
        return false;
    }
    block->growing = false;
    fixed = frame_boundary(bytes, length, sent);
    block_add(block, bytes, fixed);
    pong = add_all_but_pongs(outbox, block, bytes + fixed, length - fixed);
    block->offset = sent;
    if (block->offset == block->end) { /* nothing but Pongs */
        entry_free(pool, block);
    } else {
        list_prepend(&outbox->ready, block);
        outbox->bytes += block->end - block->offset;
    }
    return keep_pong(pool, outbox, pong);
}

/* The first frame boundary in an entry that is not before `position`. */
static size_t entry_boundary(const struct outbox_entry *entry, size_t position)
{
    if (entry->opaque) {
        return entry->end;
    }
    return frame_boundary(message_wire(entry->parcel->message), entry->end, position);
}

/* Cuts an entry in two at a frame boundary. False when memory is short. */
static bool entry_split(struct pool *pool, struct outbox *outbox, struct outbox_entry *entry,
                        size_t boundary)
{
    struct outbox_entry *rest = entry_create(pool, entry->parcel, boundary, entry->end);

    if (rest == NULL) {
        return false;
    }
    entry->parcel->references++;
    rest->next = entry->next;
    rest->growing = entry->growing;
    entry->growing = false;
    entry->end = boundary;
    entry->next = rest;
    if (outbox->ready.last == entry) {
        outbox->ready.last = rest;
    }
    return true;
}

/*
 * Finds the first frame boundary, cutting the first entry in two where it lies inside it. Sets
 * *before to the entry that ends there, NULL at the front. False when memory is short.
 */
static bool find_boundary(struct pool *pool, struct outbox *outbox, struct outbox_entry **before)
{
    struct outbox_entry *entry = outbox->ready.first;
    size_t boundary;

    *before = NULL;
    if (entry == NULL) {
        return true;
    }
    boundary = entry_boundary(entry, entry->offset);
    if (boundary == entry->offset) {
        return true; /* nothing of this entry has been begun */
    }
    *before = entry;
    return boundary == entry->end || entry_split(pool, outbox, entry, boundary);
}

static void insert_after(struct outbox_list *list, struct outbox_entry *before,
                         struct outbox_entry *entry)
{
    struct outbox_entry **link = before != NULL ? &before->next : &list->first;

    entry->next = *link;
    *link = entry;
    if (entry->next == NULL) {
        list->last = entry;
    }
}

/* Overwrites a Pong that waits with a newer one. */
static void replace_pong(struct outbox *outbox, const uint8_t *frame, size_t length)
{
    struct outbox_entry *pong = outbox->pong;

    outbox->bytes -= pong->end;
    outbox->bytes += length;
    outbox->pongs_dropped++;
    pong->parcel->message->length = 0;
    block_add(pong, frame, length);
}

bool outbox_insert_control(struct pool *pool, struct outbox *outbox, const uint8_t *frame,
                           size_t length, bool is_pong_frame)
{
    struct outbox_entry *before;
    struct outbox_entry *entry;

    if (is_pong_frame && outbox->pong != NULL) {
        replace_pong(outbox, frame, length);
        return true;
    }
    entry = entry_create_block(pool, FRAME_SERVER_HEADER_MAX + FRAME_CONTROL_MAX_BYTES);
    if (entry == NULL) {
        return false;
    }
    if (!find_boundary(pool, outbox, &before)) {
        entry_free(pool, entry);
        return false;
    }
    block_add(entry, frame, length);
    entry->growing = false;
    insert_after(&outbox->ready, before, entry);
    outbox->bytes += length;
    if (is_pong_frame) {
        outbox->pong = entry;
    }
    return true;
}

void outbox_drop_unsent(struct pool *pool, struct outbox *outbox)
{
    struct outbox_entry *before;
    struct outbox_entry *dropped;

    if (!find_boundary(pool, outbox, &before)) {
        before = outbox->ready.first; /* no memory for the cut: a little more is kept */
    }
    dropped = before != NULL ? before->next : outbox->ready.first;
    list_free(pool, dropped);
    outbox_drop_held(pool, outbox);
    if (before != NULL) {
        before->next = NULL;
        outbox->ready.last = before;
    } else {
        outbox->ready = (struct outbox_list){0};
    }
    outbox->pong = NULL;
    outbox->bytes = 0;
    for (const struct outbox_entry *entry = outbox->ready.first; entry != NULL;
         entry = entry->next) {
        outbox->bytes += entry->end - entry->offset;
    }
}

int outbox_vectors(const struct outbox *outbox, struct iovec *vectors)
{
    int count = 0;

    for (const struct outbox_entry *entry = outbox->ready.first;
         entry != NULL && count < OUTBOX_VECTORS_MAX; entry = entry->next) {
        struct message *message = entry->parcel->message;

        vectors[count].iov_base = message->bytes + message->start + entry->offset;
        vectors[count].iov_len = entry->end - entry->offset;
        count++;
    }
    return count;
}

void outbox_sent(struct pool *pool, struct outbox *outbox, size_t length)
{
    outbox->bytes -= length;
    while (length > 0) {
        struct outbox_entry *entry = outbox->ready.first;
        size_t here = entry->end - entry->offset;

        if (outbox->pong == entry) {
            outbox->pong = NULL;
        }
        if (length < here) {
            entry->offset += length;
            return;
        }
        length -= here;
        outbox->ready.first = entry->next;
        entry_free(pool, entry);
    }
}
