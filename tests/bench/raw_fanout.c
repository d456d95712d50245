/*
 * The floor for rooms: a distribution of bytes on bare epoll. Whatever arrives from one connection
 * is sent to every other one, with one system call per member and turn of the event loop.
 */
#include "common/echo.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 1024,
    TURN_BYTES = 4 * 1024 * 1024,
};

struct member {
    int fd;
    size_t index;       /* in the table of members */
    size_t own_begin;   /* what it has published in this turn: a part of `published` */
    size_t own_end;     /* equal to own_begin: nothing */
    bool gone;          /* freed when the turn ends */
    bool waits;         /* for room to send what is unsent */
    size_t unsent_room; /* bytes allocated */
    struct unsent unsent;
};

static struct member **members;
static size_t member_count;
static size_t member_room;
static size_t gone_count;
static int epoll;

/* What has arrived in this turn, one piece per publisher. */
static uint8_t published[TURN_BYTES];
static size_t published_bytes;

static void watch(int operation, int fd, uint32_t events, void *owner)
{
    struct epoll_event event = {.events = events, .data.ptr = owner};

    if (epoll_ctl(epoll, operation, fd, &event) < 0) {
        err(1, "epoll_ctl");
    }
}

/* ---- members ---- */

static void *must_grow(void *memory, size_t bytes)
{
    void *grown = realloc(memory, bytes);

    if (grown == NULL) {
        err(1, "%zu bytes", bytes);
    }
    return grown;
}

static void member_add(int fd)
{
    struct member *member = calloc(1, sizeof(*member));

    if (member == NULL) {
        err(1, "a member");
    }
    if (member_count == member_room) {
        member_room = member_room * 2 + 64;
        members = must_grow(members, member_room * sizeof(struct member *));
    }
    member->fd = fd;
    member->index = member_count;
    members[member_count++] = member;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, member);
}

static void member_remove(struct member *member)
{
    struct member *last = members[--member_count];

    members[member->index] = last;
    last->index = member->index;
    close(member->fd);
    free(member->unsent.bytes);
    free(member);
}

static void member_end(struct member *member)
{
    gone_count += !member->gone;
    member->gone = true;
}

static void accept_all(int listener)
{
    int fd;

    while ((fd = echo_accept(listener)) >= 0) {
        member_add(fd);
    }
}

/* ---- sending ---- */

static void set_waiting(struct member *member, bool waits)
{
    if (waits != member->waits) {
        member->waits = waits;
        watch(EPOLL_CTL_MOD, member->fd, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, member);
    }
}

static void keep_unsent(struct member *member, const uint8_t *bytes, size_t length)
{
    struct unsent *unsent = &member->unsent;

    if (unsent->length + length > member->unsent_room) {
        member->unsent_room = (unsent->length + length) * 2;
        unsent->bytes = must_grow(unsent->bytes, member->unsent_room);
    }
    memcpy(unsent->bytes + unsent->length, bytes, length);
    unsent->length += length;
    set_waiting(member, true);
}

/* How much of both parts the kernel takes: 0 when it has no room, -1 when the member is gone. */
static ssize_t send_parts(int fd, struct iovec parts[2])
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = parts[1].iov_len == 0
                       ? send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                       : sendmsg(fd, &message, MSG_NOSIGNAL);

    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

/* What the others have published, which is everything but the member's own piece. */
static void deliver(struct member *member)
{
    bool silent = member->own_begin == member->own_end;
    struct iovec parts[2] = {
        {published, silent ? published_bytes : member->own_begin},
        {published + member->own_end, silent ? 0 : published_bytes - member->own_end},
    };
    ssize_t sent = 0;

    if (!silent) {
        member->own_begin = member->own_end = 0;
    }
    if (parts[0].iov_len + parts[1].iov_len == 0) {
        return;
    }
    if (!member->waits) {
        sent = send_parts(member->fd, parts);
    }
    if (sent < 0) {
        member_end(member);
    }
    for (int i = 0; i < 2 && sent >= 0; i++) {
        size_t taken = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;

        if (taken < parts[i].iov_len) {
            keep_unsent(member, (uint8_t *)parts[i].iov_base + taken, parts[i].iov_len - taken);
        }
        sent -= (ssize_t)taken;
    }
}

static void flush(struct member *member)
{
    enum echo_result result = echo_flush(member->fd, &member->unsent);

    if (result == ECHO_ENDED) {
        member_end(member);
    } else if (result == ECHO_WANTS_READ) {
        member->unsent.length = 0;
        member->unsent.sent = 0;
        member->unsent_room = 0;
        set_waiting(member, false);
    }
}

/* ---- a turn ---- */

/* Once per member and turn, so that what a member publishes is one piece. A full buffer waits. */
static void receive(struct member *member)
{
    size_t room = TURN_BYTES - published_bytes;
    ssize_t received = room > 0 ? recv(member->fd, published + published_bytes, room, 0) : -1;

    if (received > 0) {
        member->own_begin = published_bytes;
        published_bytes += (size_t)received;
        member->own_end = published_bytes;
    } else if (room > 0 && (received == 0 || errno != EAGAIN)) {
        member_end(member);
    }
}

static void distribute(void)
{
    for (size_t i = 0; i < member_count; i++) {
        deliver(members[i]);
    }
    published_bytes = 0;
}

/* From the end, because the last one takes the place of one that is removed. */
static void remove_gone(void)
{
    for (size_t i = member_count; i > 0 && gone_count > 0; i--) {
        if (members[i - 1]->gone) {
            gone_count--;
            member_remove(members[i - 1]);
        }
    }
}

static void turn(int listener)
{
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);

    if (count < 0 && errno != EINTR) {
        err(1, "epoll_wait");
    }
    for (int i = 0; i < count; i++) {
        struct member *member = events[i].data.ptr;

        if (member == NULL) {
            accept_all(listener);
            continue;
        }
        if (events[i].events & EPOLLOUT) {
            flush(member);
        }
        if (events[i].events & ~(uint32_t)EPOLLOUT) {
            receive(member);
        }
    }
    if (published_bytes > 0) {
        distribute();
    }
    remove_gone();
}

int main(int argc, char **argv)
{
    int listener = echo_listen(argc, argv);

    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        err(1, "epoll_create1");
    }
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    for (;;) {
        turn(listener);
    }
}
