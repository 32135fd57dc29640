/* One pass over /proc. Six small files and a few links for each process; a process that has gone meanwhile is no error,
 * and of what may not be read goes a record "denied" in its place. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "modules/processes/processes.h"

#define FILE_MAX_BYTES (8u << 20) /* of one /proc file: maps of a program with very many mappings */
#define FIRST_SIZE     (64u << 10)

const char *const processes_ns[8] = {"mnt", "pid", "net", "user", "ipc", "uts", "cgroup", NULL};

static struct hn_buf content;

/* Reads one /proc file whole. Such files give a page or so per read, whatever is asked for. */
static int read_proc(int fd)
{
    hn_buf_clear(&content);
    for (;;) {
        if (!hn_buf_room(&content, FIRST_SIZE))
            return content.n ? 0 : ENOMEM;
        ssize_t n = read(fd, content.p + content.n, FIRST_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        content.n += (size_t)n;
    }
}

/* Long contents are cut between lines, so that each record can be read by itself. */
static void send_lines(struct hn_collect *c, const char *tag, const char *path)
{
    struct hn_bytes rest = {(const uint8_t *)content.p, content.n};
    while (rest.n > HN_REC_CHUNK) {
        const uint8_t *nl = memrchr(rest.p, '\n', HN_REC_CHUNK);
        if (!nl)
            break;
        size_t n = (size_t)(nl - rest.p) + 1;
        hn_collect_bytes(c, tag, path, hn_bytes_of(rest.p, n));
        rest.p += n;
        rest.n -= n;
    }
    if (rest.n > HN_REC_CHUNK)
        rest.n = HN_REC_CHUNK; /* arguments may be megabytes; a few thousand bytes are kept */
    hn_collect_bytes(c, tag, path, rest);
}

static void failed(struct hn_collect *c, const char *path, int err)
{
    if (err == EACCES || err == EPERM)
        hn_collect_bytes(c, "denied", path, (struct hn_bytes){0}); /* else it has gone */
}

/* Gives the number of bytes. */
static size_t one_file(struct hn_collect *c, int dir, int pid, const char *name)
{
    char path[64];
    HN_AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    int err = fd < 0 ? errno : read_proc(fd);
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    if (err) {
        failed(c, path, err);
        return 0;
    }
    send_lines(c, name, path);
    return content.n;
}

static void one_link(struct hn_collect *c, int dir, int pid, const char *name)
{
    char path[64], target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof(target));
    int err = errno;
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    if (n < 0)
        failed(c, path, err);
    else
        hn_collect_bytes(c, name, path, hn_bytes_of(target, (size_t)n));
}

/* Device and inode of the root that the process sees: a container has another one than the host. */
static void one_root(struct hn_collect *c, int dir, int pid)
{
    char path[64], text[64];
    struct stat st;
    if (fstatat(dir, "root/", &st, 0) != 0)
        return;
    int n = snprintf(text, sizeof(text), "%llx:%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    snprintf(path, sizeof(path), "/proc/%d/root", pid);
    hn_collect_bytes(c, "root", path, hn_bytes_of(text, (size_t)n));
}

static void each_pid(struct hn_collect *c, int pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d", pid);
    HN_AUTO_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || pid == getpid())
        return;
    one_file(c, dir, pid, "stat");
    one_file(c, dir, pid, "status");
    /* kernel threads have no arguments; nothing else of theirs is there to see, whatever the kernel answers */
    bool user = one_file(c, dir, pid, "cmdline") > 0;
    if (!user) {
        hn_collect_bytes(c, "end", path, (struct hn_bytes){0});
        return;
    }
    one_link(c, dir, pid, "exe");
    one_file(c, dir, pid, "cgroup");
    one_root(c, dir, pid);
    for (size_t i = 0; processes_ns[i]; i++) {
        char name[16];
        snprintf(name, sizeof(name), "ns/%s", processes_ns[i]);
        one_link(c, dir, pid, name);
    }
    one_file(c, dir, pid, "maps");
    hn_collect_bytes(c, "end", path, (struct hn_bytes){0});
}

/* The namespaces and root that count as the host's: those of pid 1, or without permission our own. */
static void host_view(struct hn_collect *c)
{
    char name[32], target[PATH_MAX];
    HN_AUTO_FD dir = open("/proc/1", O_PATH | O_DIRECTORY | O_CLOEXEC);
    HN_AUTO_FD self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; processes_ns[i]; i++) {
        snprintf(name, sizeof(name), "ns/%s", processes_ns[i]);
        ssize_t n = readlinkat(dir, name, target, sizeof(target));
        if (n < 0)
            n = readlinkat(self, name, target, sizeof(target));
        snprintf(name, sizeof(name), "host-%s", processes_ns[i]);
        if (n > 0)
            hn_collect_bytes(c, "host", name, hn_bytes_of(target, (size_t)n));
    }
    struct stat st;
    if (fstatat(dir, "root/", &st, 0) == 0 || stat("/", &st) == 0) {
        int n =
            snprintf(target, sizeof(target), "%llx:%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
        hn_collect_bytes(c, "host", "host-root", hn_bytes_of(target, (size_t)n));
    }
}

void processes_collect(struct hn_collect *c)
{
    hn_buf_init(&content, FILE_MAX_BYTES);
    hn_collect_file(c, "passwd", "/etc/passwd", 4u << 20);
    hn_collect_file(c, "boot", "/proc/stat", 1u << 20);
    host_view(c);
    hn_collect_each_pid(c, each_pid);
    hn_buf_done(&content);
}
