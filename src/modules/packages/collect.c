/* What the collector reads for the packages module. It interprets nothing; in deep runs it makes digests. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "modules/packages/packages.h"

#define DATABASE_MAX  (256u << 20)
#define LIST_MAX      (512u << 20)
#define FILE_LIST_MAX (16u << 20)
#define DEPTH_MAX     40

/* ---------------------------------------------------------------- digests of installed files (deep) */

struct walk {
    struct hn_collect *c;
    uint64_t unreadable;
    dev_t dev;
};

/* 16 bytes MD5, u64 little-endian when the file was read, u8 whether in this run. */
static void digest_file(struct walk *w, const struct hn_at *dir, const char *name, const char *path,
                        const struct stat *st)
{
    uint8_t out[25];
    hn_time at;
    bool read;
    if (!hn_collect_md5(w->c, dir, name, path, st, out, &at, &read)) {
        w->unreadable++;
        return;
    }
    for (unsigned i = 0; i < 8; i++)
        out[16 + i] = (uint8_t)((uint64_t)at >> (8 * i));
    out[24] = read;
    hn_collect_bytes(w->c, "md5", path, hn_bytes_of(out, sizeof(out)));
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

static void digest_folder(struct walk *w, struct hn_at *dir, const char *path, unsigned depth)
{
    char sub[PATH_MAX];
    const char *name;
    unsigned char type;
    struct stat st;
    while ((name = hn_at_next(w->c, dir, &type)) != NULL) {
        struct hn_at child;
        int n = snprintf(sub, sizeof(sub), "%s/%s", path, name);
        if (n < 0 || (size_t)n >= sizeof(sub) || left_out(sub) || !hn_at_lstat(w->c, dir, name, &st))
            continue;
        if (S_ISREG(st.st_mode)) {
            digest_file(w, dir, name, sub, &st);
        } else if (S_ISDIR(st.st_mode) && st.st_dev == w->dev && depth < DEPTH_MAX &&
                   hn_at_open_in(w->c, dir, name, O_RDONLY | O_DIRECTORY, &child)) {
            digest_folder(w, &child, sub, depth + 1);
            hn_at_close(&child);
        }
    }
}

static void collect_digests(struct hn_collect *c)
{
    static const char *const trees[] = {"/usr", "/etc", "/boot", "/opt"};
    struct walk w = {.c = c};
    struct stat st;
    struct hn_at dir;
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        if (!hn_at_open(c, trees[i], O_RDONLY | O_DIRECTORY, &dir))
            continue;
        w.dev = hn_at_stat(c, &dir, &st) ? st.st_dev : 0;
        digest_folder(&w, &dir, trees[i], 0);
        hn_at_close(&dir);
    }
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
    struct hn_at at;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        hn_collect_looked(c, folders[i]);
        if (!hn_at_open(c, folders[i], O_PATH | O_DIRECTORY, &at))
            continue;
        hn_at_close(&at);
        hn_collect_dir(c, "sysdir", folders[i], 1, 50000);
    }
    for (size_t i = 0; i < sizeof(unmerged) / sizeof(unmerged[0]); i++) {
        hn_collect_looked(c, unmerged[i]);
        if (!hn_at_open(c, unmerged[i], O_PATH | O_DIRECTORY | O_NOFOLLOW, &at))
            continue;
        hn_at_close(&at);
        hn_collect_dir(c, "sysdir", unmerged[i], 1, 50000);
    }
}

/* The order matters to parse: names in system folders and the packages before what refers to them. */
void packages_collect(struct hn_collect *c)
{
    hn_collect_file(c, "diversions", "/var/lib/dpkg/diversions", 1u << 20);
    if (!hn_collect_inventory(c) || hn_collect_hashes(c))
        collect_system_folders(c);
    hn_collect_file(c, "status", "/var/lib/dpkg/status", DATABASE_MAX);
    hn_collect_glob(c, "status", "/var/lib/dpkg/status.d/*", 1u << 20, 5000);
    hn_collect_glob(c, "list", "/var/lib/dpkg/info/*.list", FILE_LIST_MAX, 50000);
    hn_collect_file(c, "apk", "/lib/apk/db/installed", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/var/lib/rpm/rpmdb.sqlite", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/usr/lib/sysimage/rpm/rpmdb.sqlite", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/usr/lib/sysimage/rpm/Packages.db", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/var/lib/rpm/Packages.db", DATABASE_MAX);
    hn_collect_file(c, "rpm", "/var/lib/rpm/Packages", DATABASE_MAX);
    if (hn_collect_bare(c))
        return;
    if (hn_collect_inventory(c)) {
        hn_collect_glob_once(c, "copyright", "/usr/share/doc/*/copyright", PACKAGES_COPYRIGHT_MAX, 50000);
        return;
    }
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
