/* What to fetch of a source, by its kind. Lists are read by a worker (hn_update_watch.names); a name that it brings is
 * joined to an address that is known here, and only when it can lead nowhere else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/fetch_in.h"

#define NAMES_MAX   ((size_t)256 << 20)
#define DELTA_MAX   2000u /* more changed records than this: the archive as a whole is less work */
#define PATH_LONG   512u
#define FILE_LONG   180u
#define WHY         300u
#define FAILED_MOST 20u /* documents in a row that cannot be had: the source is given up for this time */

/* ---------------------------------------------------------------- names */

/* One step of a path: no "..", nothing hidden, no escapes. */
static bool good_step(struct hn_str s)
{
    if (!s.n || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._-+~:", c)))
            return false;
    }
    return true;
}

static bool good_path(struct hn_str s)
{
    struct hn_str step;
    bool ok = s.n > 0 && s.n < PATH_LONG;
    while (ok && hn_str_split(&s, '/', &step))
        ok = good_step(step);
    return ok;
}

bool update_allowed(const struct update *u, struct hn_str url, struct hn_url *ret)
{
    struct hn_url own;
    if (!hn_url_parse(url, ret) || !good_path(hn_str_cut(ret->path, 1, ret->path.n)))
        return false;
    for (size_t i = 0; i < u->src->n_urls; i++)
        if (hn_url_parse(u->src->urls[i], &own) && hn_url_same_origin(&own, ret))
            return true;
    for (size_t i = 0; i < u->src->n_hosts; i++)
        if (hn_str_eqc(ret->scheme, "https") && !ret->port.n && hn_str_eq(u->src->hosts[i], ret->host))
            return true;
    return false;
}

/* "2026/x.json" → "data/0,2026,x.json"; what would be too long for a file is its sum. */
static const char *file_of(struct update *u, const char *folder, size_t number, struct hn_str path)
{
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    if (path.n > FILE_LONG) {
        hn_sha256(hn_str_bytes(path), sum);
        hn_hex(hn_bytes_of(sum, sizeof sum), hex);
        path = hn_str_c(hex);
    }
    struct hn_str name = hn_arena_fmt(&u->one, "%s/%zu,%.*s", folder, number, HN_FMT(path));
    char *flat = (char *)(uintptr_t)name.p; /* ours, in the arena */
    for (size_t i = name.n - path.n; name.n && i < name.n; i++)
        flat[i] = flat[i] == '/' ? ',' : flat[i];
    return name.p;
}

bool update_next_line(struct hn_str *rest, struct update_line *ret)
{
    struct hn_str line;
    while (hn_str_split(rest, '\n', &line)) {
        struct hn_str time;
        int64_t t;
        if (hn_str_split(&line, ' ', &ret->what) && hn_str_split(&line, ' ', &time) && hn_str_i64(time, &t) && line.n) {
            ret->name = line;
            ret->time = t;
            return true;
        }
    }
    return false;
}

static struct hn_err names_of(struct update *u, const char *form, const char *file, struct hn_str *ret,
                              struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_str path = hn_arena_fmt(&u->a, "%s/%s", u->folder, file), text;
    hn_buf_init(&b, NAMES_MAX);
    HN_TRY(u->watch->names(u->watch->arg, form, path.p, &b, reterr));
    if (!hn_str_from_utf8(hn_bytes_of(b.p ? b.p : "", b.n), &text))
        return hn_fail(reterr, HN_E_DIED, "a list that none gives");
    *ret = hn_arena_str(&u->a, text);
    return HN_OK;
}

/* ---------------------------------------------------------------- outcomes */

void update_note_failure(struct update *u, const char *url, const char *why)
{
    if (!u->done->failed++)
        u->done->first_failed = hn_arena_fmt(&u->s->arena, "%s: %s", url, why);
}

/* A file without which nothing goes on. */
static struct hn_err must_have(struct update *u, const struct file_want *w, enum file_outcome *ret,
                               struct hn_diag *reterr)
{
    char why[WHY];
    HN_TRY(update_file(u, w, ret, why, reterr));
    if (*ret == FILE_NEW || *ret == FILE_SAME)
        return HN_OK;
    return hn_fail(reterr, HN_E_IO, "%.150s: %s", w->url, why);
}

bool update_has(const struct update *u, const char *file, hn_time time)
{
    struct stat st;
    return fstatat(u->dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_mtim.tv_sec * HN_SECOND + st.st_mtim.tv_nsec >= time;
}

/* ---------------------------------------------------------------- plain files */

static struct hn_err update_files(struct update *u, struct hn_diag *reterr)
{
    for (size_t i = 0; i < u->src->n_urls; i++) {
        const char *url = hn_arena_cstr(&u->a, u->src->urls[i]);
        struct hn_url parts;
        enum file_outcome o;
        if (!url || !hn_url_parse(u->src->urls[i], &parts))
            return hn_fail(reterr, HN_E_INVALID, "not an address: %.*s", HN_FMT(u->src->urls[i]));
        struct hn_str path = hn_str_cut(parts.path, 1, parts.path.n);
        struct file_want w = {.url = url, .sum = u->src->hash ? SUM_MUST : SUM_NONE, .conditional = true};
        w.to = good_path(path) ? file_of(u, "data", i, path) : hn_arena_fmt(&u->a, "data/%zu", i).p;
        HN_TRY(must_have(u, &w, &o, reterr));
        HN_TRY(update_signature(u, &w, o == FILE_NEW, reterr));
    }
    return HN_OK;
}

/* ---------------------------------------------------------------- OSV
 *
 * all.zip has every record, modified_id.csv "time,id" of each, newest first, and ID.json is one record. The list is
 * fetched before the archive, so the archive is at least as new as the list. */

#define ZIP "data/all.zip"

/* Records that came one by one: the archive has them now. */
static void drop_delta(struct update *u)
{
    int copy = openat(u->dir, "data", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    for (const struct dirent *e; d && (e = readdir(d));)
        if (strncmp(e->d_name, "0,", 2) == 0)
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    else if (copy >= 0)
        close(copy);
}

static struct hn_err osv_whole(struct update *u, hn_time newest, struct hn_diag *reterr)
{
    enum file_outcome o;
    struct file_want w = {.url = hn_arena_cstr(&u->a, u->src->urls[0]),
                          .to = ZIP,
                          .sum = u->src->hash ? SUM_MUST : SUM_NONE,
                          .conditional = true};
    HN_TRY(must_have(u, &w, &o, reterr));
    if (o == FILE_NEW)
        drop_delta(u);
    u->src->mark = newest;
    return HN_OK;
}

static struct hn_err osv_delta(struct update *u, struct hn_str base, struct hn_str names, hn_time newest,
                               struct hn_diag *reterr)
{
    struct update_line l;
    char why[WHY];
    for (u->at = 0; update_next_line(&names, &l);) {
        enum file_outcome o;
        if (l.time <= u->src->mark || !good_step(l.name))
            continue;
        u->at++;
        hn_arena_clear(&u->one);
        struct hn_str file = hn_arena_fmt(&u->one, "%.*s.json", HN_FMT(l.name));
        struct hn_str url = hn_arena_fmt(&u->one, "%.*s%.*s", HN_FMT(base), HN_FMT(file));
        struct file_want w = {.url = url.p, .to = file_of(u, "data", 0, file), .stamp = l.time};
        if (update_has(u, w.to, l.time))
            continue;
        HN_TRY(update_file(u, &w, &o, why, reterr));
        if (o != FILE_NEW)
            update_note_failure(u, w.url, why);
    }
    if (!u->done->failed) /* else it is tried again next time */
        u->src->mark = newest;
    return HN_OK;
}

static struct hn_err update_osv(struct update *u, struct hn_diag *reterr)
{
    struct hn_str url = u->src->urls[0], base = hn_str_cut(url, 0, url.n - 7), names = {"", 0};
    struct hn_str list = hn_arena_fmt(&u->a, "%.*smodified_id.csv", HN_FMT(base));
    struct file_want w = {.url = list.p, .to = "index/modified_id.csv", .conditional = true};
    enum file_outcome o;
    struct update_line l;
    char why[WHY];
    hn_time newest = 0;
    size_t n = 0;
    HN_TRY(update_file(u, &w, &o, why, reterr));
    if (o == FILE_FAILED)
        return hn_fail(reterr, HN_E_IO, "%.150s: %s", list.p, why);
    bool zip = update_has(u, ZIP, 0);
    if (o == FILE_ABSENT) /* a mirror that has only the archive */
        return osv_whole(u, 0, reterr);
    HN_TRY(names_of(u, "osv", w.to, &names, reterr));
    for (struct hn_str rest = names; update_next_line(&rest, &l); n += l.time > u->src->mark)
        newest = l.time > newest ? l.time : newest;
    u->of = n;
    struct hn_err e = !zip || !u->src->mark || n > DELTA_MAX ? osv_whole(u, newest, reterr)
                                                             : osv_delta(u, base, names, newest, reterr);
    u->of = 0;
    return e;
}

/* ---------------------------------------------------------------- CSAF (csaf-v2.0 §7)
 *
 * provider-metadata.json names folders with a changes.csv each (§7.1.13), or ROLIE feeds (§7.1.15). */

static struct hn_err csaf_documents(struct update *u, size_t number, struct hn_str base, struct hn_str names,
                                    struct hn_diag *reterr)
{
    struct update_line l;
    char why[WHY];
    unsigned in_a_row = 0;
    u->of = 0;
    for (struct hn_str rest = names; update_next_line(&rest, &l);)
        u->of++;
    for (u->at = 1; update_next_line(&names, &l) && in_a_row < FAILED_MOST; u->at++) {
        enum file_outcome o = FILE_SAME;
        struct hn_url url;
        hn_arena_clear(&u->one);
        struct hn_str at = hn_arena_fmt(&u->one, "%.*s%.*s", HN_FMT(base), HN_FMT(l.name));
        if ((base.n && !good_path(l.name)) || !update_allowed(u, at, &url) || !hn_str_ends(at, ".json")) {
            update_note_failure(u, at.p, "not below the address of the source");
            continue;
        }
        struct hn_str path = base.n ? l.name : hn_str_cut(url.path, 1, url.path.n);
        struct file_want w = {.url = at.p,
                              .to = file_of(u, "data", number, path),
                              .sum = u->src->hash ? SUM_MUST : SUM_IF_THERE,
                              .stamp = l.time};
        bool there = update_has(u, w.to, l.time);
        if (!there)
            HN_TRY(update_file(u, &w, &o, why, reterr));
        in_a_row = there || o == FILE_NEW ? 0 : in_a_row + 1;
        if (!there && o != FILE_NEW)
            update_note_failure(u, w.url, why);
        else
            HN_TRY(update_signature(u, &w, !there, reterr));
    }
    u->of = 0;
    return HN_OK;
}

static struct hn_err csaf_list(struct update *u, size_t number, struct hn_str what, struct hn_str address,
                               struct hn_diag *reterr)
{
    bool folder = hn_str_eqc(what, "folder");
    const char *slash = folder && address.p[address.n - 1] != '/' ? "/" : "";
    struct hn_str base = hn_arena_fmt(&u->a, "%.*s%s", HN_FMT(address), slash), names = {"", 0};
    struct hn_str url = hn_arena_fmt(&u->a, "%.*s%s", HN_FMT(base), folder ? "changes.csv" : "");
    struct hn_str to = hn_arena_fmt(&u->a, "index/%zu-%s", number, folder ? "changes.csv" : "rolie.json");
    struct file_want w = {.url = url.p, .to = to.p, .conditional = true};
    enum file_outcome o;
    struct hn_url parts;
    char why[WHY];
    if (!update_allowed(u, url, &parts)) {
        update_note_failure(u, url.p, "not at the address of the source (name its host with --host)");
        return HN_OK;
    }
    HN_TRY(update_file(u, &w, &o, why, reterr));
    if (o == FILE_ABSENT || o == FILE_FAILED) {
        update_note_failure(u, url.p, why);
        return HN_OK;
    }
    HN_TRY(names_of(u, folder ? "changes" : "rolie", to.p, &names, reterr));
    return csaf_documents(u, number, folder ? base : HN_STR(""), names, reterr);
}

static struct hn_err update_csaf(struct update *u, struct hn_diag *reterr)
{
    struct file_want w = {
        .url = hn_arena_cstr(&u->a, u->src->urls[0]), .to = "index/provider-metadata.json", .conditional = true};
    enum file_outcome o;
    struct hn_str names = {"", 0};
    struct update_line l;
    size_t folders = 0, n = 0;
    HN_TRY(must_have(u, &w, &o, reterr));
    HN_TRY(names_of(u, "provider", w.to, &names, reterr));
    for (struct hn_str rest = names; update_next_line(&rest, &l);)
        folders += hn_str_eqc(l.what, "folder");
    HN_TRY(update_keys(u, names, reterr));
    for (struct hn_str rest = names; update_next_line(&rest, &l);)
        if (hn_str_eqc(l.what, folders ? "folder" : "rolie")) /* both name the same documents */
            HN_TRY(csaf_list(u, n++, l.what, l.name, reterr));
    if (!n)
        return hn_fail(reterr, HN_E_NOENT, "%.150s names no folder and no feed of documents", w.url);
    if (u->done->failed && !u->done->fetched && !u->src->imported)
        return hn_fail(reterr, HN_E_IO, "%.400s", u->done->first_failed.p);
    return HN_OK;
}

struct hn_err update_of_kind(struct update *u, struct hn_diag *reterr)
{
    switch (u->src->kind) {
    case HN_SOURCE_OSV:
        return update_osv(u, reterr);
    case HN_SOURCE_CSAF:
        return update_csaf(u, reterr);
    case HN_SOURCE_FILE:
        break;
    }
    return update_files(u, reterr);
}
