#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/work_wire.h"

bool hn_work_send(int sock, uint8_t type, const struct work_head *h, const void *text, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } c = {.room = {0}};
    struct iovec v[3] = {{&type, 1}, {(void *)(uintptr_t)h, sizeof *h}, {(void *)(uintptr_t)text, h->n}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = h->n ? 3 : 2};
    if (fd >= 0) {
        m.msg_control = c.room;
        m.msg_controllen = sizeof c.room;
        c.head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&c.head), &fd, sizeof fd);
    }
    ssize_t n;
    do
        n = sendmsg(sock, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)(1 + sizeof *h + h->n);
}

static int take_fd(struct msghdr *m)
{
    int fd = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof fd <= c->cmsg_len - CMSG_LEN(0); at += sizeof fd) {
            if (fd >= 0)
                close(fd); /* only one was agreed on */
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
        }
    }
    return fd;
}

static bool receive(int sock, uint8_t *ret_type, struct work_head *ret, char *text, size_t room, int *ret_fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } c;
    struct iovec v[3] = {{ret_type, 1}, {ret, sizeof *ret}, {text, room}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 3, .msg_control = c.room, .msg_controllen = sizeof c.room};
    ssize_t n;
    do
        n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *ret_fd = n > 0 ? take_fd(&m) : -1;
    bool whole = n >= (ssize_t)(1 + sizeof *ret) && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
                 (size_t)n == 1 + sizeof *ret + ret->n;
    if (!whole && *ret_fd >= 0) {
        close(*ret_fd);
        *ret_fd = -1;
    }
    return whole;
}

bool hn_work_receive(int sock, uint8_t *ret_type, struct work_head *ret, char *text, int *ret_fd)
{
    return receive(sock, ret_type, ret, text, WORK_TEXT_MAX, ret_fd);
}

bool hn_work_receive_batch(int sock, uint8_t *ret_type, struct work_head *ret, char *text, int *ret_fd)
{
    return receive(sock, ret_type, ret, text, WORK_BATCH, ret_fd);
}
