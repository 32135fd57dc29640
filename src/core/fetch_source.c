/* The list of sources: read, written whole. */
#include "core/fetch_source.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

#define LIST_MAX    (16u << 20)
#define SOURCES_MAX 1000u

static const char *const kinds[] = {"file", "osv", "csaf"};

const char *hn_source_kind_word(enum hn_source_kind k)
{
    return kinds[k];
}

bool hn_source_kind_of(struct hn_str word, enum hn_source_kind *ret)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hn_str_eqc(word, kinds[i])) {
            *ret = (enum hn_source_kind)i;
            return true;
        }
    return false;
}

bool hn_source_name_ok(struct hn_str s)
{
    if (!hn_str_plain(s) || s.n > HN_SOURCE_NAME_MAX || s.p[0] == '.')
        return false;
    return !hn_str_eqc(s, "lock") && !hn_str_eqc(s, "sources.json");
}

/* ---------------------------------------------------------------- reading */

static hn_time get_time(const struct hn_jv *v, const char *key)
{
    hn_time t = 0;
    return hn_time_parse(hn_jv_str(v, key), &t) ? t : 0;
}

static size_t get_list(const struct hn_jv *v, const char *key, struct hn_str *out)
{
    const struct hn_jv *list = hn_jv_get(v, key);
    size_t n = 0;
    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n && n < HN_SOURCE_URLS_MAX; i++)
        if (list->items[i].kind == HN_JV_STR)
            out[n++] = list->items[i].s;
    return n;
}

static void get_files(struct hn_sources *s, const struct hn_jv *list, struct hn_source *src)
{
    size_t n = list && list->kind == HN_JV_ARR ? list->n : 0;
    src->files = n ? hn_arena_alloc(&s->arena, n * sizeof *src->files) : NULL;
    for (size_t i = 0; src->files && i < n; i++) {
        const struct hn_jv *v = &list->items[i];
        src->files[src->n_files++] = (struct hn_source_file){.url = hn_jv_str(v, "url"),
                                                             .etag = hn_jv_str(v, "etag"),
                                                             .modified = hn_jv_str(v, "modified"),
                                                             .sha256 = hn_jv_str(v, "sha256"),
                                                             .bytes = (uint64_t)hn_jv_int(v, "bytes", 0),
                                                             .date = get_time(v, "date")};
    }
    src->cap_files = src->n_files;
}

static void get_source(struct hn_sources *s, const struct hn_jv *v)
{
    enum hn_source_kind kind = HN_SOURCE_FILE;
    struct hn_str name = hn_jv_str(v, "name");
    struct hn_source *src = hn_source_name_ok(name) ? hn_source_put(s, name) : NULL;
    if (!src || !hn_source_kind_of(hn_jv_str(v, "kind"), &kind))
        return;
    src->kind = kind;
    src->licence = hn_jv_str(v, "licence");
    src->ca = hn_jv_str(v, "ca");
    src->n_urls = get_list(v, "urls", src->urls);
    src->n_hosts = get_list(v, "hosts", src->hosts);
    src->plain = hn_jv_bool(v, "plain", false);
    src->hash = hn_jv_bool(v, "hash", false);
    src->keyed = hn_jv_bool(v, "keyed", false);
    src->unsigned_too = hn_jv_bool(v, "unsigned_too", false);
    src->most = (uint64_t)hn_jv_int(v, "most", (int64_t)HN_SOURCE_MOST_DFLT);
    src->stall = hn_jv_int(v, "stall", 60);
    src->mark = get_time(v, "mark");
    src->checked = get_time(v, "checked");
    src->changed = get_time(v, "changed");
    src->imported = get_time(v, "imported");
    src->dirty = hn_jv_bool(v, "dirty", false);
    src->error = hn_jv_str(v, "error");
    get_files(s, hn_jv_get(v, "files"), src);
}

static struct hn_err load(struct hn_sources *s, struct hn_diag *reterr)
{
    HN_AUTO_FD fd = openat(s->dir, "sources.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    if (fd < 0)
        return errno == ENOENT ? HN_OK : hn_fail_errno(reterr, "the list of sources");
    hn_buf_init(&b, LIST_MAX);
    HN_TRY(hn_read_fd(fd, &b, reterr));
    struct hn_str text = hn_arena_str(&s->arena, hn_buf_text(&b));
    const struct hn_jv *v = hn_jv_parse(&s->arena, hn_str_bytes(text), reterr);
    const struct hn_jv *list = hn_jv_get(v, "sources");
    if (!list || list->kind != HN_JV_ARR)
        return hn_fail(reterr, HN_E_CORRUPT, "fetch/sources.json is damaged");
    for (size_t i = 0; i < list->n; i++)
        get_source(s, &list->items[i]);
    return HN_OK;
}

struct hn_err hn_sources_open(const char *home, bool write, struct hn_sources *s, struct hn_diag *reterr)
{
    char path[4096];
    *s = (struct hn_sources){.dir = -1, .lock = -1};
    hn_arena_init(&s->arena, (size_t)256 << 20);
    if (!home || snprintf(path, sizeof path, "%s/fetch", home) >= (int)sizeof path)
        return hn_fail(reterr, HN_E_NOENT, "no HINOMI_HOME");
    if (write)
        HN_TRY(hn_mkdirs(path, 0700, reterr));
    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return !write && errno == ENOENT ? HN_OK : hn_fail_errno(reterr, "%s", path);
    if (write) {
        s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (s->lock < 0)
            return hn_fail_errno(reterr, "%s/lock", path);
        if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
            return hn_fail(reterr, HN_E_BUSY, "another hinomi is fetching into %s", path);
    }
    return load(s, reterr);
}

void hn_sources_close(struct hn_sources *s)
{
    if (s->dir >= 0)
        close(s->dir);
    if (s->lock >= 0)
        close(s->lock);
    hn_arena_done(&s->arena);
    s->dir = s->lock = -1;
}

/* ---------------------------------------------------------------- writing */

static void put_list(struct hn_jw *w, const char *key, const struct hn_str *list, size_t n)
{
    hn_jw_key(w, key);
    hn_jw_arr(w);
    for (size_t i = 0; i < n; i++)
        hn_jw_str(w, list[i]);
    hn_jw_arr_end(w);
}

static void put_files(struct hn_jw *w, const struct hn_source *src)
{
    hn_jw_key(w, "files");
    hn_jw_arr(w);
    for (size_t i = 0; i < src->n_files; i++) {
        const struct hn_source_file *f = &src->files[i];
        hn_jw_obj(w);
        hn_jw_kstr(w, "url", f->url);
        hn_jw_kstr(w, "etag", f->etag);
        hn_jw_kstr(w, "modified", f->modified);
        hn_jw_kstr(w, "sha256", f->sha256);
        hn_jw_kint(w, "bytes", (int64_t)f->bytes);
        hn_jw_ktime(w, "date", f->date);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void put_source(struct hn_jw *w, const struct hn_source *src)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "name", src->name);
    hn_jw_kc(w, "kind", kinds[src->kind]);
    put_list(w, "urls", src->urls, src->n_urls);
    put_list(w, "hosts", src->hosts, src->n_hosts);
    hn_jw_kstr(w, "licence", src->licence);
    hn_jw_kstr(w, "ca", src->ca);
    hn_jw_kbool(w, "plain", src->plain);
    hn_jw_kbool(w, "hash", src->hash);
    hn_jw_kbool(w, "keyed", src->keyed);
    hn_jw_kbool(w, "unsigned_too", src->unsigned_too);
    hn_jw_kint(w, "most", (int64_t)src->most);
    hn_jw_kint(w, "stall", src->stall);
    hn_jw_ktime(w, "mark", src->mark);
    hn_jw_ktime(w, "checked", src->checked);
    hn_jw_ktime(w, "changed", src->changed);
    hn_jw_ktime(w, "imported", src->imported);
    hn_jw_kbool(w, "dirty", src->dirty);
    hn_jw_kstr(w, "error", src->error);
    put_files(w, src);
    hn_jw_obj_end(w);
}

void hn_sources_json(const struct hn_sources *s, struct hn_jw *w)
{
    hn_jw_arr(w);
    for (size_t i = 0; i < s->n; i++)
        put_source(w, &s->list[i]);
    hn_jw_arr_end(w);
}

struct hn_err hn_sources_save(struct hn_sources *s, struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;
    hn_buf_init(&b, LIST_MAX);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "schema", "hinomi-sources/1");
    hn_jw_key(&w, "sources");
    hn_sources_json(s, &w);
    hn_jw_obj_end(&w);
    HN_TRY(hn_buf_err(&b));
    return hn_write_atomic(s->dir, "sources.json", hn_bytes_of(b.p, b.n), 0600, reterr);
}

/* ---------------------------------------------------------------- rows */

struct hn_source *hn_source_find(struct hn_sources *s, struct hn_str name)
{
    for (size_t i = 0; i < s->n; i++)
        if (hn_str_eq(s->list[i].name, name))
            return &s->list[i];
    return NULL;
}

/* A row moves when one is put before it: do not keep pointers over this. */
struct hn_source *hn_source_put(struct hn_sources *s, struct hn_str name)
{
    struct hn_source *old = hn_source_find(s, name);
    if (old || s->n == SOURCES_MAX)
        return old;
    struct hn_source *more = hn_arena_more(&s->arena, s->list, s->n, &s->cap, sizeof *more);
    if (!more)
        return NULL;
    s->list = more;
    size_t at = s->n++;
    while (at && hn_str_cmp(s->list[at - 1].name, name) > 0) {
        s->list[at] = s->list[at - 1];
        at--;
    }
    s->list[at] = (struct hn_source){.name = hn_arena_str(&s->arena, name), .most = HN_SOURCE_MOST_DFLT, .stall = 60};
    s->list[at].licence = s->list[at].ca = s->list[at].error = HN_STR("");
    return &s->list[at];
}

static void remove_tree(const char *path)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
    for (FTSENT *e; fts && (e = fts_read(fts)) != NULL;)
        if (e->fts_info == FTS_DP)
            rmdir(e->fts_accpath);
        else if (e->fts_info != FTS_D)
            unlink(e->fts_accpath);
    if (fts)
        fts_close(fts);
}

bool hn_source_remove(struct hn_sources *s, struct hn_str name, bool files)
{
    char path[160];
    struct hn_source *src = hn_source_find(s, name);
    if (!src)
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d/%.*s", s->dir, HN_FMT(name));
    if (files)
        remove_tree(path);
    size_t at = (size_t)(src - s->list);
    memmove(src, src + 1, (s->n - at - 1) * sizeof *src);
    s->n--;
    return true;
}
