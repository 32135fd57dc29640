#include "core/image_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "core/record.h"

#define DEPTH_MAX 4u

/* ---------------------------------------------------------------- sending */

static bool send_one(int sock, char kind, const char *name, int fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec v[2] = {{&kind, 1}, {(void *)(uintptr_t)name, strlen(name)}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
    if (fd >= 0) {
        m.msg_control = control.room;
        m.msg_controllen = sizeof control.room;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    ssize_t n;
    do
        n = sendmsg(sock, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

struct sending {
    int sock;
    unsigned files;
    bool more, gone;
};

/* Plain files only, no links: an image's own folder has nothing else. */
static void send_folder(struct sending *s, int fd, const char *prefix, unsigned depth)
{
    DIR *d = fdopendir(fd);
    const struct dirent *e;
    if (!d) {
        close(fd);
        return;
    }
    while (!s->gone && (e = readdir(d))) {
        char name[1024];
        struct stat st;
        if (e->d_name[0] == '.' || snprintf(name, sizeof name, "%s%s", prefix, e->d_name) >= (int)sizeof name - 1)
            continue;
        int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (sub < 0 || fstat(sub, &st) != 0) {
            if (sub >= 0)
                close(sub);
        } else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
            memcpy(name + strlen(name), "/", 2); /* there is room: see above */
            send_folder(s, sub, name, depth + 1);
        } else {
            s->more = s->more || (S_ISREG(st.st_mode) && s->files >= HN_IMAGE_FILES);
            if (S_ISREG(st.st_mode) && s->files < HN_IMAGE_FILES) {
                s->files++;
                s->gone = !send_one(s->sock, 'F', name, sub);
            }
            close(sub);
        }
    }
    closedir(d);
}

struct hn_err hn_image_send(int sock, const char *path, struct hn_diag *reterr)
{
    struct stat st;
    struct sending s = {.sock = sock};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int err = errno;
        if (fd >= 0)
            close(fd);
        errno = err;
        return hn_fail_errno(reterr, "cannot open the image %s", path);
    }
    if (S_ISDIR(st.st_mode)) {
        send_folder(&s, fd, "", 0);
    } else {
        s.gone = !S_ISREG(st.st_mode) || !send_one(sock, 'T', "archive", fd);
        close(fd);
    }
    if (s.gone || !send_one(sock, s.more ? 'X' : 'E', "", -1))
        return hn_fail(reterr, HN_E_INVALID, "the image %s is neither a file nor a folder", path);
    return HN_OK;
}

int hn_image_spool(void)
{
    const char *own = getenv("TMPDIR");
    const char *const places[] = {own ? own : "/var/tmp", "/var/tmp", "/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
            return fd;
    }
    return memfd_create("layers", MFD_CLOEXEC);
}

/* ---------------------------------------------------------------- receiving */

static ssize_t receive_one(int sock, char *text, size_t n, int *ret_fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec v = {text, n};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t got;
    *ret_fd = -1;
    do
        got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
    return got;
}

bool hn_image_receive(int sock, struct hn_image *im)
{
    char text[2048];
    for (;;) {
        struct stat st;
        struct hn_str name;
        int fd;
        ssize_t n = receive_one(sock, text, sizeof text, &fd);
        if (n <= 0)
            return false;
        if (text[0] == 'X')
            hn_image_problem(im, HN_STR("folder of the image"), "more files than are looked at");
        if (text[0] == 'E' || text[0] == 'X')
            return true;
        if (fd < 0 || fstat(fd, &st) != 0)
            continue;
        if (text[0] == 'T') {
            im->archive = fd;
            im->archive_size = (uint64_t)st.st_size;
        } else if (hn_str_from_utf8(hn_bytes_of(text + 1, (size_t)n - 1), &name)) {
            hn_image_add_file(im, name, fd, (uint64_t)st.st_size);
        } else {
            close(fd);
        }
    }
}
