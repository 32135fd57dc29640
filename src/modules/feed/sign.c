#include "modules/feed/sign.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define COMPLAINTS_MAX 20u
#define RING_MAX       ((size_t)32 << 20)

/* ---------------------------------------------------------------- the file of keys
 *
 * One letter, "g" for given or "f" for first use, then the keys as hn_pgp_save() writes them. */

/* Names of feeds are any text: their sum names the file. */
static struct hn_str file_of(struct hn_work *w, struct hn_str name)
{
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    hn_sha256(hn_str_bytes(name), sum);
    hn_hex(hn_bytes_of(sum, sizeof sum), hex);
    return hn_arena_fmt(hn_work_arena(w), "keys/%.32s", hex);
}

/* False: not to be read, which must never look like none. */
static bool read_kept(struct hn_work *w, struct feed_sign *s)
{
    HN_AUTO_FD fd = hn_work_file_open(w, file_of(w, s->name));
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    char *p = size > 1 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (p == MAP_FAILED)
        return false;
    bool ok = (*p == 'g' || *p == 'f') && hn_ok(hn_pgp_restore(hn_bytes_of(p + 1, (size_t)size - 1)));
    s->from = *p == 'g' ? "given" : "first-use";
    munmap(p, (size_t)size);
    return ok;
}

static bool has_kept(struct hn_work *w, struct hn_str name)
{
    HN_AUTO_FD fd = hn_work_file_open(w, file_of(w, name));
    return fd >= 0;
}

struct hn_err feed_sign_keep(struct hn_work *w, const struct feed_sign *s)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    if (!s->keyed || s->no_library)
        return HN_OK;
    hn_buf_init(&b, RING_MAX);
    hn_buf_chr(&b, s->from[0]);
    HN_TRY(hn_pgp_save(&b));
    HN_AUTO_FD fd = hn_work_file_new(w, file_of(w, s->name));
    if (fd < 0)
        return (struct hn_err){HN_E_IO};
    HN_TRY(hn_write_all(fd, b.p, b.n));
    return hn_work_file_commit(w, file_of(w, s->name));
}

struct hn_err feed_sign_forget(struct hn_work *w, struct hn_str name)
{
    return has_kept(w, name) ? hn_work_file_remove(w, file_of(w, name)) : HN_OK;
}

/* ---------------------------------------------------------------- which keys */

void feed_sign_before(struct hn_work *w)
{
    struct hn_diag d;
    if (hn_work_given(w, "key") || hn_work_given(w, "offered") || has_kept(w, hn_work_str(w, "name")))
        (void)!hn_ok(hn_pgp_load(hn_work_now(w), &d)); /* that it is not there is said by feed_sign_open() */
}

static const char *cstr(struct hn_work *w, struct hn_str s)
{
    return hn_arena_cstr(hn_work_arena(w), s);
}

static bool read_given(struct hn_work *w)
{
    struct hn_input in;
    size_t n = 0;
    bool ok = true;
    while (ok && hn_work_input(w, "key", &in)) {
        ok = hn_work_map(w, &in, HN_PGP_KEY_FILE_MAX) && hn_ok(hn_pgp_import(HN_PGP_TRUSTED, in.map));
        if (!ok)
            hn_work_fail(w, "feed.key.bad", "at", cstr(w, in.name), NULL);
        hn_work_done(&in);
        n++;
    }
    if (ok && !n)
        hn_work_fail(w, "feed.key.none", NULL);
    return ok && n;
}

/* ".../keys/FINGERPRINT.asc": the fingerprint that the provider tells, in capitals. */
static const char *told_by_name(struct hn_work *w, struct hn_str path)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    struct hn_str base = hn_str_cut(path, at, path.n);
    size_t end = hn_str_ends(base, ".asc") ? base.n - 4 : base.n;
    struct hn_str out = hn_arena_fmt(hn_work_arena(w), "%.*s", (int)end, base.p);
    char *p = (char *)(uintptr_t)out.p; /* ours, in the arena */
    for (size_t i = 0; i < out.n; i++)
        p[i] = p[i] >= 'a' && p[i] <= 'z' ? (char)(p[i] - 32) : p[i];
    return out.n ? p : "";
}

struct offers {
    size_t known, strange;
    const char *stranger; /* the first */
};

/* A key that the provider names: trusted when the feed has none yet, or what is new of one that it has. */
static void take_offer(struct hn_work *w, struct hn_input *in, bool first_use, struct offers *o)
{
    const char *fpr = told_by_name(w, in->name);
    if (!hn_work_map(w, in, HN_PGP_KEY_FILE_MAX) || !hn_ok(hn_pgp_import(HN_PGP_OFFERED, in->map)) ||
        !hn_pgp_has(HN_PGP_OFFERED, fpr)) {
        hn_work_warn(w, "feed.key.other", "fingerprint", fpr, NULL);
        return;
    }
    bool known = hn_pgp_has(HN_PGP_TRUSTED, fpr);
    if ((known || first_use) && hn_ok(hn_pgp_trust(fpr))) {
        if (!known)
            hn_work_warn(w, "feed.key.first", "name", cstr(w, hn_work_str(w, "name")), "fingerprint", fpr, NULL);
        o->known++;
    } else {
        o->stranger = o->strange++ ? o->stranger : fpr;
    }
}

static bool read_offers(struct hn_work *w, struct feed_sign *s, bool given, bool kept)
{
    struct hn_input in;
    struct offers o = {0};
    struct hn_pgp_key old[HN_PGP_KEYS_MAX];
    while (hn_work_input(w, "offered", &in)) {
        take_offer(w, &in, !given && !kept, &o);
        hn_work_done(&in);
    }
    if (!o.strange)
        return true;
    size_t n = hn_pgp_keys(HN_PGP_TRUSTED, old);
    const char *name = cstr(w, s->name), *had = n ? old[0].fingerprint : "–";
    if (given || o.known || !n) {
        hn_work_warn(w, "feed.key.stranger", "name", name, "fingerprint", o.stranger, NULL);
        return true;
    }
    hn_work_fail(w, "feed.key.changed", "name", name, "had", had, "now", o.stranger, NULL);
    return false;
}

/* The library is not there: a feed with keys takes nothing that nobody checked, unless it shall. */
static bool without_library(struct hn_work *w, struct feed_sign *s, bool keys)
{
    s->no_library = true;
    s->keyed = keys;
    if (keys && !s->allow) {
        hn_work_fail(w, "feed.library", "name", cstr(w, s->name), "package", HN_PGP_PACKAGE, NULL);
        return false;
    }
    hn_work_warn(w, "feed.library.allowed", "name", cstr(w, s->name), "package", HN_PGP_PACKAGE, NULL);
    return true;
}

bool feed_sign_open(struct hn_work *w, struct hn_str name, struct feed_sign *s)
{
    bool given = hn_work_given(w, "key"), kept = !given && has_kept(w, name), offered = hn_work_given(w, "offered");
    *s = (struct feed_sign){
        .name = name, .from = given ? "given" : "first-use", .allow = hn_str_eqc(hn_work_str(w, "unsigned"), "allow")};
    if (!given && !kept && !offered)
        return true;
    if (!hn_pgp_loaded())
        return without_library(w, s, given || kept);
    if (given && !read_given(w))
        return false;
    if (kept && !read_kept(w, s)) {
        hn_work_fail(w, "feed.key.damaged", "name", cstr(w, name), NULL);
        return false;
    }
    if (offered && !read_offers(w, s, given, kept))
        return false;
    s->n_keys = hn_pgp_keys(HN_PGP_TRUSTED, s->keys);
    s->keyed = s->n_keys > 0;
    for (size_t i = 0; i < s->n_keys; i++)
        if (!s->keys[i].usable)
            hn_work_warn(w, "feed.key.ended", "name", cstr(w, name), "fingerprint", s->keys[i].fingerprint, NULL);
    return true;
}

/* ---------------------------------------------------------------- documents */

static void count_good(struct feed_sign *s, const char *key)
{
    for (size_t i = 0; i < s->n_keys; i++)
        s->good[i] += strcmp(s->keys[i].fingerprint, key) == 0;
}

/* NULL, or what is wrong with the signature. */
static const char *look(struct feed_sign *s, struct hn_bytes document, struct hn_bytes signature, struct feed_checks *c,
                        char key[HN_PGP_ID_ROOM])
{
    key[0] = 0;
    if (!signature.n) {
        c->lacking++;
        return "it is not signed";
    }
    switch (hn_pgp_verify(document, signature, key)) {
    case HN_PGP_GOOD:
        c->good++;
        count_good(s, key);
        return NULL;
    case HN_PGP_UNKNOWN:
        c->unknown++;
        return "it is signed by a key that the feed does not have";
    case HN_PGP_EXPIRED:
        c->expired++;
        return "its signature or the key of it has expired";
    case HN_PGP_BAD:
        break;
    }
    c->bad++;
    return key[0] ? "its signature is not of this document" : "the signature beside it cannot be read";
}

bool feed_sign_takes(struct hn_work *w, struct feed_sign *s, struct hn_str document_name, struct hn_bytes document,
                     struct hn_bytes signature, struct feed_checks *c)
{
    char key[HN_PGP_ID_ROOM];
    if (!s->keyed || s->no_library) {
        c->signatures += signature.n > 0;
        return true;
    }
    uint64_t bad = c->bad;
    const char *why = look(s, document, signature, c, key);
    bool takes = !why || (s->allow && c->bad == bad);
    if (why && s->complaints++ < COMPLAINTS_MAX) {
        struct hn_str at = hn_arena_fmt(hn_work_arena(w), "%.*s%s%s%s", HN_FMT(document_name), key[0] ? " (" : "", key,
                                        key[0] ? ")" : "");
        hn_work_warn(w, takes ? "feed.unsigned" : "feed.rejected", "at", cstr(w, at), "why", why, NULL);
    }
    c->refused += !takes;
    return takes;
}

static void tell(struct hn_work *w, const char *key, const struct feed_sign *s, uint64_t n)
{
    struct hn_str text = hn_arena_fmt(hn_work_arena(w), "%" PRIu64, n);
    if (n)
        hn_work_warn(w, key, "name", cstr(w, s->name), "n", cstr(w, text), NULL);
}

void feed_sign_end(struct hn_work *w, const struct feed_sign *s, struct feed_checks *c)
{
    struct hn_str keys = HN_STR("");
    c->from = s->no_library ? HN_STR("no-library") : s->keyed ? hn_str_c(s->from) : HN_STR("");
    for (size_t i = 0; i < s->n_keys; i++)
        keys = hn_arena_fmt(hn_work_arena(w), "%.*s%s%s:%" PRIu64 ":%d", HN_FMT(keys), i ? "," : "",
                            s->keys[i].fingerprint, s->good[i], s->keys[i].usable);
    c->keys = keys;
    tell(w, "feed.refused.some", s, c->refused);
    tell(w, "feed.unsigned.some", s, s->complaints - c->refused);
}
