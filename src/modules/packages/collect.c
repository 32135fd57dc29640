/* What the collector reads for the packages module. It interprets nothing; in deep runs it makes digests. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "modules/packages/packages.h"

#define DATABASE_MAX  (256u << 20)
#define LIST_MAX      (512u << 20)
#define FILE_LIST_MAX (16u << 20)
#define DEPTH_MAX     40
#define READ_SIZE     (256u << 10)

/* ---------------------------------------------------------------- digests of installed files (deep) */

struct walk {
    struct hn_collect *c;
    uint8_t *buf;
    uint64_t unreadable;
    dev_t dev;
};

static void digest_file(struct walk *w, int dir, const char *name, const char *path)
{
    uint8_t out[64];
    HN_AUTO_FD fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct hn_digest *d = fd < 0 ? NULL : hn_digest_new(HN_MD5);
    if (!d) {
        w->unreadable++;
        return;
    }
    ssize_t n;
    while ((n = read(fd, w->buf, READ_SIZE)) > 0)
        hn_digest_add(d, hn_bytes_of(w->buf, (size_t)n));
    if (hn_digest_end(d, out) == 16 && n == 0)
        hn_collect_bytes(w->c, "md5", path, hn_bytes_of(out, 16));
    else
        w->unreadable++;
}

/* Big trees that hold no code: documentation, translations, what is built locally. */
static bool left_out(const char *path)
{
    static const char *const skip[] = {"/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/info",
                                       "/usr/local",     "/usr/src",       "/usr/share/help"};
    for (size_t i = 0; i < sizeof(skip) / sizeof(skip[0]); i++) {
        if (strcmp(path, skip[i]) == 0)
            return true;
    }
    return false;
}

static void digest_folder(struct walk *w, int fd, const char *path, unsigned depth)
{
    char sub[PATH_MAX];
    DIR *dir = fdopendir(fd);
    struct dirent *e;
    struct stat st;
    if (!dir) {
        close(fd);
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        int n = snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
        if (n < 0 || (size_t)n >= sizeof(sub) || left_out(sub) ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(st.st_mode)) {
            digest_file(w, dirfd(dir), e->d_name, sub);
        } else if (S_ISDIR(st.st_mode) && st.st_dev == w->dev && depth < DEPTH_MAX) {
            int child = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (child >= 0)
                digest_folder(w, child, sub, depth + 1);
        }
    }
    closedir(dir);
}

static void collect_digests(struct hn_collect *c)
{
    static const char *const trees[] = {"/usr", "/etc", "/boot", "/opt"};
    struct walk w = {.c = c, .buf = hn_alloc(READ_SIZE)};
    struct stat st;
    for (size_t i = 0; w.buf && i < sizeof(trees) / sizeof(trees[0]); i++) {
        int fd = hn_open_in_root(hn_collect_rootfd(c), trees[i], O_RDONLY | O_DIRECTORY);
        if (fd < 0)
            continue;
        w.dev = fstat(fd, &st) == 0 ? st.st_dev : 0;
        digest_folder(&w, fd, trees[i], 0);
    }
    hn_free(w.buf);
    if (w.unreadable)
        hn_collect_not_seen(c, "checksums of some files", "permission denied");
}

/* ---------------------------------------------------------------- */

static void collect_system_folders(struct hn_collect *c)
{
    static const char *const folders[] = {"/usr/bin",
                                          "/usr/sbin",
                                          "/usr/lib",
                                          "/usr/lib/x86_64-linux-gnu",
                                          "/usr/lib/aarch64-linux-gnu",
                                          "/usr/lib/i386-linux-gnu",
                                          "/usr/lib/arm-linux-gnueabihf",
                                          "/usr/lib/riscv64-linux-gnu",
                                          "/usr/lib64",
                                          "/usr/games"};
    static const char *const unmerged[] = {"/bin", "/sbin", "/lib", "/lib64"};
    struct stat st;
    int root = hn_collect_rootfd(c);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        HN_AUTO_FD fd = hn_open_in_root(root, folders[i], O_PATH | O_DIRECTORY);
        if (fd >= 0)
            hn_collect_dir(c, "sysdir", folders[i], 1, 50000);
    }
    for (size_t i = 0; i < sizeof(unmerged) / sizeof(unmerged[0]); i++) {
        if (fstatat(root, unmerged[i] + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            hn_collect_dir(c, "sysdir", unmerged[i], 1, 50000);
    }
}

/* The order matters to parse: names in system folders and the packages before what refers to them. */
void packages_collect(struct hn_collect *c)
{
    hn_collect_file(c, "diversions", "/var/lib/dpkg/diversions", 1u << 20);
    collect_system_folders(c);
    hn_collect_file(c, "status", "/var/lib/dpkg/status", DATABASE_MAX);
    hn_collect_glob(c, "status", "/var/lib/dpkg/status.d/*", 1u << 20, 5000);
    hn_collect_glob(c, "list", "/var/lib/dpkg/info/*.list", FILE_LIST_MAX, 50000);
    hn_collect_file(c, "apk", "/lib/apk/db/installed", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/var/lib/rpm/rpmdb.sqlite", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/usr/lib/sysimage/rpm/rpmdb.sqlite", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/usr/lib/sysimage/rpm/Packages.db", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/var/lib/rpm/Packages.db", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/var/lib/rpm/Packages", 4096);
    hn_collect_stat(c, "refreshed", "/var/lib/apt/lists/partial");
    hn_collect_stat(c, "refreshed", "/var/lib/apt/periodic/update-success-stamp");
    hn_collect_glob(c, "release", "/var/lib/apt/lists/*_InRelease", 1u << 19, 1000);
    hn_collect_glob(c, "release", "/var/lib/apt/lists/*_Release", 1u << 19, 1000);
    hn_collect_glob(c, "packages", "/var/lib/apt/lists/*_Packages", LIST_MAX, 1000);
    hn_collect_glob(c, "packages", "/var/lib/apt/lists/*_Packages.*", LIST_MAX, 1000);
    if (hn_collect_deep(c)) {
        hn_collect_glob(c, "md5sums", "/var/lib/dpkg/info/*.md5sums", FILE_LIST_MAX, 50000);
        collect_digests(c);
    }
}
