/* The walk over folders, in the collector role. It selects by mode, owner and name and looks into nothing: what is
 * selected goes to the parser as records.
 *
 * Quick: folders from which programs run, and /etc. Deep: everything on local file systems. Folders are opened one
 * below the other (O_NOFOLLOW), so a link that somebody swaps in leads nowhere; memory and depth are bounded; names are
 * bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/mem.h"
#include "modules/files/files.h"

#define MAX_DEPTH   200u
#define QUICK_DEPTH 6u /* names in a path that the quick pass still enters: "/usr/lib/x/y/z/bin" */
#define MAX_INODES  20000000u
#define MAX_PATH    4096u
#define MAX_MOUNTS  256u
#define MAX_LINKED  4096u  /* interesting files with several names, told once */
#define MAX_HEADS   20000u /* small files whose first bytes are looked at, deep only */

struct owner {
    uint32_t id;
    bool used;
    uint64_t count;
    unsigned examples;
};

struct place {
    uint64_t dev, ino;
};

struct walk {
    struct hn_collect *c;
    char path[MAX_PATH]; /* NUL-terminated; "" is the root itself */
    size_t len;
    unsigned depth;
    uint64_t inodes, folders, skipped_mounts, too_deep, left_out;
    unsigned entries, keys, heads;
    bool deep, cut, no_xattr;
    struct owner users[FILES_MAX_OWNERS], groups[FILES_MAX_OWNERS];
    struct place mounts[MAX_MOUNTS], linked[MAX_LINKED];
    size_t n_mounts, n_linked;
};

/* ---------------------------------------------------------------- file systems */

/* Local file systems that hold files of their own. What is not named here (network, FUSE, pseudo) is not entered. */
static bool local_type(long type)
{
    static const long types[] = {0xEF53 /* ext */,        0x58465342 /* xfs */,      0x9123683E /* btrfs */,
                                 0x01021994 /* tmpfs */,  0x858458F6 /* ramfs */,    0x794C7630 /* overlay */,
                                 0x2FC12FC1 /* zfs */,    0xF2F52010 /* f2fs */,     0x4D44 /* vfat */,
                                 0x2011BAB0 /* exfat */,  0x73717368 /* squashfs */, 0xE0F5E1E2 /* erofs */,
                                 0x52654973 /* reiser */, 0x3153464A /* jfs */,      0xCA451A4E /* bcachefs */,
                                 0x9660 /* iso */,        0x15013346 /* udf */,      0x7366746E /* ntfs3 */,
                                 0x61756673 /* aufs */,   0x3434 /* nilfs */,        0x24051905 /* ubifs */};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i] == (type & 0xffffffffL))
            return true;
    return false;
}

/* Each mounted tree once, though it may be mounted at several places. */
static bool enter_mount(struct walk *w, const struct hn_at *at, uint64_t dev, uint64_t ino)
{
    struct statfs fs;
    if (fstatfs(at->fd, &fs) != 0 || !local_type((long)fs.f_type)) {
        w->skipped_mounts++;
        return false;
    }
    for (size_t i = 0; i < w->n_mounts; i++)
        if (w->mounts[i].dev == dev && w->mounts[i].ino == ino)
            return false;
    if (w->n_mounts == MAX_MOUNTS)
        return false;
    w->mounts[w->n_mounts++] = (struct place){dev, ino};
    return true;
}

/* ---------------------------------------------------------------- selection */

static struct owner *owner_slot(struct owner *table, uint32_t id)
{
    size_t at = (id * 2654435761u) % FILES_MAX_OWNERS;
    for (size_t i = 0; i < FILES_MAX_OWNERS; i++, at = (at + 1) % FILES_MAX_OWNERS) {
        if (table[at].used && table[at].id == id)
            return &table[at];
        if (!table[at].used) {
            table[at].used = true;
            table[at].id = id;
            return &table[at];
        }
    }
    return NULL;
}

static void count_owner(struct walk *w, struct owner *table, uint32_t id, const char *tag)
{
    struct owner *o = id ? owner_slot(table, id) : NULL;
    if (!o)
        return;
    o->count++;
    if (o->examples < FILES_EXAMPLES) {
        o->examples++;
        hn_collect_stat(w->c, tag, w->path);
    }
}

/* True when this file was told under another name. */
static bool told_before(struct walk *w, uint64_t dev, uint64_t ino)
{
    for (size_t i = 0; i < w->n_linked; i++)
        if (w->linked[i].dev == dev && w->linked[i].ino == ino)
            return true;
    if (w->n_linked < MAX_LINKED)
        w->linked[w->n_linked++] = (struct place){dev, ino};
    return false;
}

static bool ends(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

static bool under(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* Trust stores and examples that packages bring: nobody's own keys. */
static bool packaged(const char *path)
{
    static const char *const list[] = {"/usr/share",           "/usr/lib",
                                       "/usr/include",         "/usr/src",
                                       "/etc/ca-certificates", "/etc/letsencrypt/archive",
                                       "/var/lib/dpkg",        "/var/lib/docker",
                                       "/usr/local/lib",       "/var/lib/containers",
                                       "/usr/local/go",        NULL};
    static const char *const parts[] = {"/node_modules/", "/site-packages/", "/dist-packages/", "/test/",     "/tests/",
                                        "/testdata/",     "/certdata/",      "/examples/",      "/fixtures/", NULL};
    for (size_t i = 0; list[i]; i++)
        if (under(path, list[i]))
            return true;
    for (size_t i = 0; parts[i]; i++)
        if (strstr(path, parts[i]))
            return true;
    return false;
}

static bool key_name(const char *name)
{
    static const char *const suffixes[] = {".pem",   ".key",     ".crt",      ".cer", ".der", ".p12",
                                           ".pfx",   ".jks",     ".keystore", ".ppk", "_rsa", "_dsa",
                                           "_ecdsa", "_ed25519", "_key",      ".p8",  NULL};
    for (size_t i = 0; suffixes[i]; i++)
        if (ends(name, suffixes[i]))
            return true;
    return false;
}

/* Deep: small files outside of the package folders, when they begin like a key. */
static bool key_head(struct walk *w, const struct hn_at *dir, const char *name, const struct stat *st)
{
    static const char *const places[] = {"/home",    "/root",    "/srv",         "/opt", "/tmp",
                                         "/var/tmp", "/var/www", "/var/backups", "/etc", NULL};
    uint8_t head[16];
    struct hn_at at;
    bool here = false;
    for (size_t i = 0; places[i] && !here; i++)
        here = under(w->path, places[i]);
    if (!here || st->st_size < 64 || st->st_size > 32768 || w->heads >= MAX_HEADS)
        return false;
    w->heads++;
    if (!hn_at_open_in(w->c, dir, name, O_RDONLY, &at))
        return false;
    bool is = hn_at_read(w->c, &at, head, 11, 0) == 11 && memcmp(head, "-----BEGIN ", 11) == 0;
    hn_at_close(&at);
    return is;
}

static void look_for_key(struct walk *w, const struct hn_at *dir, const char *name, const struct stat *st)
{
    bool named = key_name(name) && st->st_size <= (4 << 20);
    if (w->keys >= FILES_MAX_KEYS || st->st_size < 32 || (!named && !w->deep) || packaged(w->path) ||
        (!named && !key_head(w, dir, name, st)))
        return;
    w->keys++;
    hn_collect_file(w->c, "candidate", w->path, FILES_KEY_BYTES);
}

/* xattr(7): the capabilities of a file, struct vfs_cap_data. */
static bool look_for_capabilities(struct walk *w, const struct hn_at *dir, const char *name)
{
    uint8_t data[64];
    if (w->no_xattr)
        return false;
    ptrdiff_t n = hn_at_xattr(w->c, dir, name, "security.capability", data, sizeof(data));
    if (n > 0) {
        hn_collect_bytes(w->c, "capability", w->path, hn_bytes_of(data, (size_t)n));
        return true;
    }
    if (n < 0 && (errno == ENOENT || errno == EPERM || errno == EACCES)) {
        w->no_xattr = true;
        hn_collect_not_seen(w->c, "file capabilities", "/proc is not there to read them through");
    }
    return false;
}

static void tell(struct walk *w, const struct stat *st)
{
    if (S_ISREG(st->st_mode) && st->st_nlink > 1 && told_before(w, st->st_dev, st->st_ino))
        return;
    if (w->entries >= FILES_MAX_ENTRIES) {
        w->cut = true;
        return;
    }
    w->entries++;
    hn_collect_stat(w->c, "entry", w->path);
}

static void look_at(struct walk *w, const struct hn_at *dir, const char *name, const struct stat *st)
{
    unsigned mode = st->st_mode;
    count_owner(w, w->users, st->st_uid, "user");
    count_owner(w, w->groups, st->st_gid, "group-of");
    if (S_ISDIR(mode)) {
        if ((mode & 0002) && !(mode & 01000))
            tell(w, st);
        return;
    }
    if (!S_ISREG(mode))
        return;
    bool interesting = (mode & 06000) && (mode & 0111);
    if (mode & 0002)
        interesting = true;
    if ((mode & 0111) && look_for_capabilities(w, dir, name))
        interesting = true;
    if (interesting)
        tell(w, st);
    look_for_key(w, dir, name, st);
}

/* ---------------------------------------------------------------- walking */

static bool push(struct walk *w, const char *name, size_t *ret_len)
{
    size_t n = strlen(name);
    *ret_len = w->len;
    if (w->len + n + 2 > MAX_PATH)
        return false;
    w->path[w->len] = '/';
    memcpy(w->path + w->len + 1, name, n + 1);
    w->len += n + 1;
    return true;
}

static void pop(struct walk *w, size_t len)
{
    w->len = len;
    w->path[len] = 0;
}

static bool too_far(const struct walk *w)
{
    unsigned names = 0;
    for (size_t i = 0; i < w->len; i++)
        names += w->path[i] == '/';
    return names > QUICK_DEPTH;
}

/* Folders that the quick pass leaves out, and pseudo file systems for any pass. */
static bool left_out(const struct walk *w)
{
    static const char *const always[] = {"/proc", "/sys", "/dev", "/run/user", NULL};
    static const char *const quick[] = {
        "/usr/lib/modules",   "/usr/lib/firmware", "/usr/lib/debug",     "/usr/local/share",
        "/usr/local/include", "/usr/local/go/src", "/usr/local/go/test", NULL};
    for (size_t i = 0; always[i]; i++)
        if (strcmp(w->path, always[i]) == 0)
            return true;
    for (size_t i = 0; !w->deep && quick[i]; i++)
        if (strcmp(w->path, quick[i]) == 0)
            return true;
    return false;
}

static void walk_dir(struct walk *w, struct hn_at *dir, uint64_t dev);

static void enter(struct walk *w, const struct hn_at *dir, const char *name, const struct stat *st, uint64_t dev)
{
    struct hn_at sub;
    if (!hn_at_open_in(w->c, dir, name, O_RDONLY | O_DIRECTORY, &sub)) {
        if (errno == EACCES || errno == EPERM)
            hn_collect_not_seen(w->c, w->path, strerror(errno));
        return;
    }
    if (st->st_dev == dev || enter_mount(w, &sub, st->st_dev, st->st_ino))
        walk_dir(w, &sub, st->st_dev);
    hn_at_close(&sub);
}

static void step(struct walk *w, const struct hn_at *dir, const char *name, uint64_t dev)
{
    struct stat st;
    size_t len;
    if (!push(w, name, &len)) {
        w->too_deep++;
        return;
    }
    if (left_out(w) || !hn_at_lstat(w->c, dir, name, &st)) {
        pop(w, len);
        return;
    }
    w->inodes++;
    look_at(w, dir, name, &st);
    if (S_ISDIR(st.st_mode) && !w->deep && too_far(w))
        w->left_out++;
    else if (S_ISDIR(st.st_mode) && !hn_at_automounts(w->c, dir, name))
        enter(w, dir, name, &st, dev);
    pop(w, len);
}

/* dir stays the caller's. */
static void walk_dir(struct walk *w, struct hn_at *dir, uint64_t dev)
{
    const char *name;
    unsigned char type;
    if (w->depth >= MAX_DEPTH) {
        w->too_deep++;
        return;
    }
    w->depth++;
    w->folders++;
    hn_collect_listed(w->c, w->len ? w->path : "/");
    while (w->inodes < MAX_INODES && (name = hn_at_next(w->c, dir, &type)))
        step(w, dir, name, dev);
    w->depth--;
}

static void walk_from(struct walk *w, const char *path)
{
    struct stat st;
    struct hn_at dir;
    size_t n = strlen(path);
    if (!hn_at_open(w->c, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &dir)) {
        if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
            hn_collect_not_seen(w->c, path, strerror(errno));
        return; /* ELOOP, ENOTDIR: /bin as a link to /usr/bin, which is walked under its own name */
    }
    if (hn_at_stat(w->c, &dir, &st)) {
        w->len = strcmp(path, "/") == 0 ? 0 : n;
        memcpy(w->path, path, w->len);
        w->path[w->len] = 0;
        w->inodes++;
        if (w->n_mounts < MAX_MOUNTS)
            w->mounts[w->n_mounts++] = (struct place){st.st_dev, st.st_ino};
        walk_dir(w, &dir, st.st_dev);
    } else {
        hn_collect_not_seen(w->c, path, strerror(errno));
    }
    hn_at_close(&dir);
}

static void tell_owners(struct walk *w, const struct owner *table, char letter)
{
    char name[32], text[32];
    for (size_t i = 0; i < FILES_MAX_OWNERS; i++) {
        if (!table[i].used || !table[i].count)
            continue;
        snprintf(name, sizeof(name), "%c:%u", letter, table[i].id);
        int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)table[i].count);
        hn_collect_bytes(w->c, "owner", name, hn_bytes_of(text, (size_t)n));
    }
}

void files_walk(struct hn_collect *c)
{
    static const char *const quick[] = {"/bin",         "/sbin",      "/lib", "/usr/bin", "/usr/sbin", "/usr/lib",
                                        "/usr/libexec", "/usr/local", "/opt", "/etc",     NULL};
    static const char *const deep[] = {"/", NULL};
    char text[512];
    struct walk *w = hn_alloc_zero(sizeof(*w)); /* too much for a stack */
    if (!w) {
        hn_collect_not_seen(c, "files", "out of memory");
        return;
    }
    w->c = c;
    w->deep = hn_collect_deep(c);
    const char *const *roots = w->deep ? deep : quick;
    for (size_t i = 0; roots[i]; i++)
        walk_from(w, roots[i]);
    tell_owners(w, w->users, 'u');
    tell_owners(w, w->groups, 'g');
    int n = snprintf(
        text, sizeof(text),
        "scope %s\ninodes %llu\nfolders %llu\nentries %u\nkeys %u\nmounts_skipped %llu\nleft_out %llu\ntoo_deep %llu\n"
        "cut %d\n",
        w->deep ? "deep" : "quick", (unsigned long long)w->inodes, (unsigned long long)w->folders, w->entries, w->keys,
        (unsigned long long)w->skipped_mounts, (unsigned long long)w->left_out, (unsigned long long)w->too_deep,
        w->cut || w->inodes >= MAX_INODES);
    hn_collect_bytes(c, "totals", "walk", hn_bytes_of(text, (size_t)n));
    hn_free(w);
}
