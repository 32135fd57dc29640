/* One file: asked for with what is known of it, gone on with where it was cut, its sum compared, then put in place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "core/fetch_in.h"

#define PART     "part"
#define META     "part.meta"
#define META_MAX 4096u
#define SUM_MAX  65536u
#define WHY      300u

/* ---------------------------------------------------------------- what is known of an address */

static struct hn_source_file *known(struct update *u, const char *url)
{
    for (size_t i = 0; i < u->src->n_files; i++)
        if (hn_str_eqc(u->src->files[i].url, url))
            return &u->src->files[i];
    return NULL;
}

static struct hn_source_file *make_known(struct update *u, const char *url)
{
    struct hn_source *src = u->src;
    struct hn_source_file *f = known(u, url);
    if (f)
        return f;
    if (src->n_files == src->cap_files) {
        size_t cap = src->cap_files ? 2 * src->cap_files : 8;
        struct hn_source_file *more = hn_arena_alloc(&u->s->arena, cap * sizeof *more);
        if (!more)
            return NULL;
        if (src->n_files)
            memcpy(more, src->files, src->n_files * sizeof *more);
        src->files = more;
        src->cap_files = cap;
    }
    f = &src->files[src->n_files++];
    *f = (struct hn_source_file){.url = hn_arena_str(&u->s->arena, hn_str_c(url))};
    return f;
}

struct hn_err update_dirty(struct update *u, struct hn_diag *reterr)
{
    if (u->src->dirty)
        return HN_OK;
    u->src->dirty = true;
    return hn_sources_save(u->s, reterr);
}

/* ---------------------------------------------------------------- the part that is there
 *
 * part.meta: the address, a line end, the validator (a strong ETag, else Last-Modified), a line end. Written when the
 * first byte comes, so that what a kill leaves can be gone on with. */

static void begun(void *arg, const struct hn_fetch_got *got)
{
    struct update *u = arg;
    bool strong = got->etag[0] && strncmp(got->etag, "W/", 2) != 0;
    struct hn_str meta = hn_arena_fmt(&u->one, "%s\n%s\n", u->url, strong ? got->etag : got->modified);
    if (!hn_ok(hn_write_atomic(u->dir, META, hn_str_bytes(meta), 0600, NULL)))
        unlinkat(u->dir, META, 0); /* then it is fetched from its beginning next time */
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
    struct update *u = arg;
    if (!u->watch->progress)
        return;
    if (u->of)
        u->watch->progress(u->watch->arg, u->shown, u->at, u->of);
    else
        u->watch->progress(u->watch->arg, u->shown, done, total);
}

static void drop_part(struct update *u)
{
    unlinkat(u->dir, PART, 0);
    unlinkat(u->dir, META, 0);
}

/* Opens the part; *ret_from bytes of it can be gone on with, when the server still has what `validator` names. */
static int open_part(struct update *u, const char *url, uint64_t *ret_from, struct hn_str *ret_validator)
{
    struct stat st;
    HN_AUTO_FD meta = openat(u->dir, META, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_str rest, of, validator;
    hn_buf_init(&b, META_MAX);
    bool ok = meta >= 0 && hn_ok(hn_read_fd(meta, &b, NULL));
    rest = hn_arena_str(&u->one, hn_buf_text(&b));
    ok = ok && hn_str_split(&rest, '\n', &of) && hn_str_split(&rest, '\n', &validator) && hn_str_eqc(of, url) &&
         validator.n;
    if (!ok)
        drop_part(u);
    int fd = openat(u->dir, PART, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    *ret_from = ok && fd >= 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
    *ret_validator = ok ? validator : HN_STR("");
    return fd;
}

/* ---------------------------------------------------------------- sums */

static struct hn_err sum_of(int fd, enum hn_digest_kind kind, char *out)
{
    uint8_t block[65536], sum[64];
    struct hn_digest *d = hn_digest_new(kind);
    ssize_t n;
    off_t at = 0;
    if (!d)
        return (struct hn_err){HN_E_NOMEM};
    while ((n = pread(fd, block, sizeof block, at)) > 0) {
        hn_digest_add(d, hn_bytes_of(block, (size_t)n));
        at += n;
    }
    size_t len = hn_digest_end(d, sum);
    hn_hex(hn_bytes_of(sum, len), out);
    return n == 0 ? HN_OK : (struct hn_err){HN_E_IO};
}

/* The sum at `url`: the hexadecimal digits that the file begins with ("<hex>  <name>", as sha256sum writes it). */
static struct hn_err fetch_sum(struct update *u, const char *url, size_t digits, char *out, bool *ret_absent, char *why,
                               struct hn_diag *reterr)
{
    struct hn_fetch_want want = {.url = url, .most = SUM_MAX};
    struct hn_fetch_watch watch = {0};
    struct hn_fetch_got got;
    uint8_t bytes[64];
    HN_AUTO_FD fd = openat(u->dir, "sum", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    out[0] = 0;
    if (fd < 0)
        return hn_fail_errno(reterr, "%s/sum", u->folder);
    HN_TRY(hn_fetch_get(u->f, &want, fd, &watch, &got, reterr));
    unlinkat(u->dir, "sum", 0);
    *ret_absent = got.status == 404 || got.status == 410 || got.status == 403;
    if (!got.whole) {
        snprintf(why, WHY, "its checksum cannot be had: %.200s", got.why);
        return HN_OK;
    }
    char text[129] = "";
    ssize_t n = pread(fd, text, digits, 0);
    for (size_t i = 0; n == (ssize_t)digits && i < digits; i++)
        text[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
    if (n != (ssize_t)digits || !hn_unhex((struct hn_str){text, digits}, bytes, digits / 2))
        snprintf(why, WHY, "the file beside it holds no checksum");
    else
        memcpy(out, text, digits + 1);
    return HN_OK;
}

static struct hn_err compare_sum(struct update *u, int fd, const char *url, enum hn_digest_kind kind,
                                 const char *suffix, bool *ret_absent, char *why, struct hn_diag *reterr)
{
    char told[129], own[129] = "";
    size_t digits = kind == HN_SHA256 ? 64 : 128;
    struct hn_str at = hn_arena_fmt(&u->one, "%s%s", url, suffix);
    HN_TRY(fetch_sum(u, at.p, digits, told, ret_absent, why, reterr));
    if (!told[0])
        return HN_OK;
    HN_TRY(sum_of(fd, kind, own));
    if (strcmp(own, told) != 0)
        snprintf(why, WHY, "its checksum is wrong: %s says %.16s…, it has %.16s…", suffix + 1, told, own);
    return HN_OK;
}

/* why stays empty when all is well. CSAF 2.0 §7.1.18 lets a provider choose SHA-256 or SHA-512. */
static struct hn_err check_sum(struct update *u, int fd, const struct file_want *w, char *why, struct hn_diag *reterr)
{
    bool absent = false;
    why[0] = 0;
    if (w->sum == SUM_NONE)
        return HN_OK;
    HN_TRY(compare_sum(u, fd, w->url, HN_SHA256, ".sha256", &absent, why, reterr));
    if (!absent || w->sum == SUM_MUST)
        return HN_OK;
    why[0] = 0;
    HN_TRY(compare_sum(u, fd, w->url, HN_SHA512, ".sha512", &absent, why, reterr));
    if (absent) {
        why[0] = 0;
        u->done->unhashed++;
    }
    return HN_OK;
}

/* ---------------------------------------------------------------- in place */

static struct hn_err put_in_place(struct update *u, const struct file_want *w, int fd, struct hn_diag *reterr)
{
    if (w->stamp) {
        struct timespec t = {w->stamp / HN_SECOND, w->stamp % HN_SECOND};
        struct timespec both[2] = {t, t};
        if (futimens(fd, both) != 0)
            return hn_fail_errno(reterr, "%s/%s", u->folder, PART);
    }
    if (strncmp(w->to, "data/", 5) == 0)
        HN_TRY(update_dirty(u, reterr));
    if (fdatasync(fd) != 0 || renameat(u->dir, PART, u->dir, w->to) != 0)
        return hn_fail_errno(reterr, "%s/%s", u->folder, w->to);
    unlinkat(u->dir, META, 0);
    return HN_OK;
}

static struct hn_err remember(struct update *u, const struct file_want *w, const struct hn_fetch_got *got,
                              const char *sum, struct hn_diag *reterr)
{
    struct hn_source_file *f = make_known(u, w->url);
    struct hn_arena *a = &u->s->arena;
    if (!f)
        return hn_fail(reterr, HN_E_NOMEM, "sources");
    f->etag = hn_arena_str(a, hn_str_c(got->etag));
    f->modified = hn_arena_str(a, hn_str_c(got->modified));
    f->sha256 = hn_arena_str(a, hn_str_c(sum));
    f->bytes = got->bytes;
    f->date = got->date;
    return hn_sources_save(u->s, reterr);
}

static struct hn_err take(struct update *u, const struct file_want *w, int fd, const struct hn_fetch_got *got,
                          enum file_outcome *ret, char *why, struct hn_diag *reterr)
{
    char sum[129];
    HN_TRY(check_sum(u, fd, w, why, reterr));
    if (why[0]) {
        drop_part(u); /* what is wrong is not gone on with */
        *ret = FILE_FAILED;
        return HN_OK;
    }
    struct hn_err e = sum_of(fd, HN_SHA256, sum);
    if (!hn_ok(e))
        return hn_fail(reterr, e.code, "%s/part cannot be read", u->folder);
    HN_TRY(put_in_place(u, w, fd, reterr));
    if (w->conditional)
        HN_TRY(remember(u, w, got, sum, reterr));
    u->done->fetched++;
    u->done->bytes += got->bytes;
    *ret = FILE_NEW;
    return HN_OK;
}

/* ---------------------------------------------------------------- the file */

static struct hn_err ask(struct update *u, const struct file_want *w, int fd, uint64_t from, struct hn_str validator,
                         struct hn_fetch_got *got, struct hn_diag *reterr)
{
    struct hn_source_file *f = w->conditional ? known(u, w->url) : NULL;
    struct hn_fetch_want want = {.url = w->url, .from = from, .range_if = from ? validator.p : NULL, .most = w->most};
    struct hn_fetch_watch watch = {begun, progress, u};
    char room[HN_FETCH_URL_MAX];
    bool there = f && faccessat(u->dir, w->to, F_OK, 0) == 0;
    if (from) {
        snprintf(room, sizeof room, "%.*s", HN_FMT(validator));
        want.range_if = room;
    } else if (there) {
        want.etag = f->etag.n ? hn_arena_cstr(&u->one, f->etag) : NULL;
        want.modified = f->modified.n ? hn_arena_cstr(&u->one, f->modified) : NULL;
    }
    u->url = w->url;
    return hn_fetch_get(u->f, &want, fd, &watch, got, reterr);
}

struct hn_err update_file(struct update *u, const struct file_want *w, enum file_outcome *ret, char *why,
                          struct hn_diag *reterr)
{
    struct hn_fetch_got got;
    struct hn_str validator;
    uint64_t from;
    why[0] = 0;
    *ret = FILE_FAILED;
    u->shown = hn_str_c(w->url);
    HN_AUTO_FD fd = open_part(u, w->url, &from, &validator);
    if (fd < 0)
        return hn_fail_errno(reterr, "%s/part", u->folder);
    HN_TRY(ask(u, w, fd, from, validator, &got, reterr));
    if (got.status == 416 && from) /* nothing is behind what we have, or it is another file now */
        HN_TRY(ask(u, w, fd, 0, HN_STR(""), &got, reterr));
    if (got.whole)
        return take(u, w, fd, &got, ret, why, reterr);
    if (got.status == 304) {
        *ret = FILE_SAME;
        drop_part(u);
        return HN_OK;
    }
    *ret = got.status == 404 || got.status == 410 ? FILE_ABSENT : FILE_FAILED;
    snprintf(why, WHY, "%.299s", got.why);
    return HN_OK;
}
