/* Signatures and keys of a source: fetched like anything, looked into by nobody here (csaf-v2.0 §7.1.19, §7.1.20). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/fetch_in.h"

#define SIGNATURE_MAX (16u << 10)
#define KEY_MAX       (1u << 20)
#define KEYS_MAX      8u
#define FPR_LEAST     40u
#define FPR_MOST      64u
#define WHY           300u
#define FAILED_MOST   20u           /* in a row: no more are asked for this time */
#define PATIENCE      (30 * HN_DAY) /* a signature that is not there may follow its document */

/* ---------------------------------------------------------------- keys */

/* "key:<fingerprint>" */
static bool fingerprint_of(struct hn_str what, struct hn_str *ret)
{
    *ret = hn_str_starts(what, "key:") ? hn_str_cut(what, 4, what.n) : HN_STR("");
    bool ok = ret->n >= FPR_LEAST && ret->n <= FPR_MOST;
    for (size_t i = 0; ok && i < ret->n; i++)
        ok = hn_hex_digit(ret->p[i]) >= 0;
    return ok;
}

static bool named(struct hn_str names, const char *file)
{
    struct update_line l;
    struct hn_str fpr;
    while (update_next_line(&names, &l))
        if (fingerprint_of(l.what, &fpr) && strncmp(file, fpr.p, fpr.n) == 0 && strcmp(file + fpr.n, ".asc") == 0)
            return true;
    return false;
}

/* A provider that has another key now must not seem to have both. */
static void drop_others(struct update *u, struct hn_str names)
{
    HN_AUTO_FD copy = openat(u->dir, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (!d)
        return;
    hn_fd_take(&copy); /* closedir() closes it */
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && !named(names, e->d_name))
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static struct hn_err update_key(struct update *u, struct hn_str fpr, struct hn_str url, struct hn_diag *reterr)
{
    struct hn_url parts;
    enum file_outcome o;
    char why[WHY];
    hn_arena_clear(&u->one);
    struct hn_str at = hn_arena_fmt(&u->one, "%.*s", HN_FMT(url)),
                  to = hn_arena_fmt(&u->one, "keys/%.*s.asc", HN_FMT(fpr));
    struct file_want w = {.url = at.p, .to = to.p, .conditional = true, .most = KEY_MAX};
    if (!update_allowed(u, at, &parts)) {
        update_note_failure(u, at.p, "its key is not at the address of the source (name its host with --host)");
        return HN_OK;
    }
    HN_TRY(update_file(u, &w, &o, why, reterr));
    if (o == FILE_FAILED || o == FILE_ABSENT)
        update_note_failure(u, at.p, why);
    return o == FILE_NEW ? update_dirty(u, reterr) : HN_OK; /* what was signed with it is looked at again */
}

struct hn_err update_keys(struct update *u, struct hn_str names, struct hn_diag *reterr)
{
    struct update_line l;
    struct hn_str fpr;
    unsigned n = 0;
    drop_others(u, names);
    for (struct hn_str rest = names; update_next_line(&rest, &l);)
        if (n < KEYS_MAX && fingerprint_of(l.what, &fpr)) {
            n++;
            HN_TRY(update_key(u, fpr, l.name, reterr));
        }
    u->keys = u->keys || n;
    return HN_OK;
}

/* ---------------------------------------------------------------- signatures */

/* There is none: an empty file says that it was asked for. */
static struct hn_err put_none(struct update *u, const char *to, hn_time stamp, struct hn_diag *reterr)
{
    struct timespec t = {stamp / HN_SECOND, stamp % HN_SECOND};
    struct timespec both[2] = {t, t};
    HN_AUTO_FD fd = openat(u->dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || (stamp && futimens(fd, both) != 0))
        return hn_fail_errno(reterr, "%s/%s", u->folder, to);
    return HN_OK;
}

/* Nothing more to ask: it is there, or there was none and the document is no longer new. */
static bool settled(const struct update *u, const char *to, hn_time stamp)
{
    struct stat st;
    return update_has(u, to, stamp) && fstatat(u->dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (st.st_size > 0 || stamp < hn_now() - PATIENCE);
}

struct hn_err update_signature(struct update *u, const struct file_want *document, bool anew, struct hn_diag *reterr)
{
    enum file_outcome o;
    char why[WHY];
    struct hn_str url = hn_arena_fmt(&u->one, "%s.asc", document->url),
                  to = hn_arena_fmt(&u->one, "%s.asc", document->to);
    struct file_want w = {.url = url.p, .to = to.p, .stamp = document->stamp, .most = SIGNATURE_MAX};
    if (!u->keys || u->no_signature >= FAILED_MOST || (!anew && document->stamp && settled(u, to.p, document->stamp)))
        return HN_OK;
    w.conditional = !document->stamp;
    if (anew && unlinkat(u->dir, to.p, 0) == 0)
        HN_TRY(update_dirty(u, reterr));
    HN_TRY(update_file(u, &w, &o, why, reterr));
    u->no_signature = o == FILE_FAILED ? u->no_signature + 1 : 0;
    if (o == FILE_FAILED)
        update_note_failure(u, url.p, why); /* asked for again next time */
    return o == FILE_ABSENT && (anew || document->stamp) ? put_none(u, to.p, document->stamp, reterr) : HN_OK;
}
