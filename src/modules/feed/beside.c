/* Files beside a document, as a CSAF provider puts them (CSAF 2.0 §7.1.18, §7.1.19): NAME.sha256, NAME.sha512,
 * NAME.asc. A document whose checksum is wrong is left out; signatures are sign.c's. How a feed was checked is in
 * "checks", a line each (older ones end earlier):
 *
 *   name TAB documents TAB with a right checksum TAB with a wrong one TAB signed, not checked
 *        TAB good TAB bad TAB of an unknown key TAB expired TAB without a signature TAB refused TAB from TAB keys */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/openpgp.h"
#include "modules/feed/beside.h"

#define CHECKS     HN_STR("checks")
#define CHECKS_MAX ((size_t)1 << 20)

/* ---------------------------------------------------------------- one document */

enum beside feed_beside_of(struct hn_str document, struct hn_str name)
{
    static const char *const suffixes[] = {
        [BESIDE_SHA256] = ".sha256", [BESIDE_SHA512] = ".sha512", [BESIDE_SIGNATURE] = ".asc"};
    if (!document.n || name.n <= document.n || !hn_str_eq(hn_str_cut(name, 0, document.n), document))
        return BESIDE_NOT;
    for (enum beside b = BESIDE_SHA256; b <= BESIDE_SIGNATURE; b++)
        if (hn_str_eqc(hn_str_cut(name, document.n, name.n), suffixes[b]))
            return b;
    return BESIDE_NOT;
}

/* "<hex>  <name>", as sha256sum writes it. */
bool feed_beside_right(enum beside kind, struct hn_bytes document, struct hn_bytes told)
{
    uint8_t own[64], want[64];
    struct hn_digest *d = hn_digest_new(kind == BESIDE_SHA256 ? HN_SHA256 : HN_SHA512);
    size_t digits = kind == BESIDE_SHA256 ? 64 : 128;
    if (!d)
        return false;
    hn_digest_add(d, document);
    size_t n = hn_digest_end(d, own);
    struct hn_str text = hn_str_trim((struct hn_str){(const char *)told.p, told.n});
    bool ended = text.n == digits || (text.n > digits && strchr(" \t\r\n", text.p[digits]));
    return ended && 2 * n == digits && hn_unhex(hn_str_cut(text, 0, digits), want, n) && !memcmp(own, want, n);
}

/* ---------------------------------------------------------------- what is kept */

static struct hn_str read_checks(struct hn_work *w)
{
    int fd = hn_work_file_open(w, CHECKS);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    void *p =
        size > 0 && (size_t)size <= CHECKS_MAX ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    struct hn_str text = {"", 0};
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        return text;
    text =
        hn_arena_str(hn_work_arena(w), hn_str_from_hostile(hn_work_arena(w), hn_bytes_of(p, (size_t)size), CHECKS_MAX));
    munmap(p, (size_t)size);
    return text;
}

static uint64_t number(struct hn_str *rest)
{
    struct hn_str one;
    uint64_t n;
    return hn_str_split(rest, '\t', &one) && hn_str_u64(one, 10, &n) ? n : 0;
}

static struct hn_str word(struct hn_str *rest)
{
    struct hn_str one;
    return hn_str_split(rest, '\t', &one) ? one : HN_STR("");
}

bool feed_checks_of(struct hn_work *w, struct hn_str name, struct feed_checks *ret)
{
    struct hn_str text = read_checks(w), line, own;
    *ret = (struct feed_checks){.from = HN_STR(""), .keys = HN_STR("")};
    while (hn_str_split(&text, '\n', &line))
        if (hn_str_split(&line, '\t', &own) && hn_str_eq(own, name)) {
            ret->documents = number(&line);
            ret->hashed = number(&line);
            ret->wrong = number(&line);
            ret->signatures = number(&line);
            ret->good = number(&line);
            ret->bad = number(&line);
            ret->unknown = number(&line);
            ret->expired = number(&line);
            ret->lacking = number(&line);
            ret->refused = number(&line);
            ret->from = word(&line);
            ret->keys = word(&line);
            return true;
        }
    return false;
}

static void put_line(struct hn_buf *out, struct hn_str name, const struct feed_checks *c)
{
    const uint64_t numbers[] = {c->documents, c->hashed,  c->wrong,   c->signatures, c->good,
                                c->bad,       c->unknown, c->expired, c->lacking,    c->refused};
    hn_buf_str(out, name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hn_buf_fmt(out, "\t%" PRIu64, numbers[i]);
    hn_buf_fmt(out, "\t%.*s\t%.*s\n", HN_FMT(c->from), HN_FMT(c->keys));
}

struct hn_err feed_checks_put(struct hn_work *w, struct hn_str name, const struct feed_checks *c)
{
    struct hn_str text = read_checks(w), line, own;
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    bool any = c && (c->hashed || c->wrong || c->signatures || c->from.n);
    if (!text.n && !any)
        return HN_OK;
    hn_buf_init(&out, CHECKS_MAX);
    while (hn_str_split(&text, '\n', &line)) {
        struct hn_str rest = line;
        if (line.n && hn_str_split(&rest, '\t', &own) && !hn_str_eq(own, name))
            hn_buf_fmt(&out, "%.*s\n", HN_FMT(line));
    }
    if (any)
        put_line(&out, name, c);
    HN_AUTO_FD fd = hn_work_file_new(w, CHECKS);
    if (fd < 0 || out.bad)
        return (struct hn_err){HN_E_IO};
    HN_TRY(hn_write_all(fd, out.p, out.n));
    return hn_work_file_commit(w, CHECKS);
}

/* ---------------------------------------------------------------- for people */

static const char *text_of(struct hn_work *w, uint64_t n)
{
    return hn_arena_cstr(hn_work_arena(w), hn_arena_fmt(hn_work_arena(w), "%" PRIu64, n));
}

bool feed_checks_key(struct hn_str *rest, struct feed_checked_key *ret)
{
    struct hn_str one, n;
    if (!hn_str_split(rest, ',', &one) || !hn_str_split(&one, ':', &ret->fingerprint) || !hn_str_split(&one, ':', &n))
        return false;
    ret->usable = hn_str_eqc(one, "1");
    return hn_str_u64(n, 10, &ret->documents);
}

static void say_signatures(struct hn_work *w, const char *name, const struct feed_checks *c)
{
    struct hn_str rest = c->keys;
    struct feed_checked_key key;
    hn_work_say(w, "feed.signed", "name", name, "good", text_of(w, c->good), "bad", text_of(w, c->bad), "unknown",
                text_of(w, c->unknown), "expired", text_of(w, c->expired), "lacking", text_of(w, c->lacking), "refused",
                text_of(w, c->refused), NULL);
    while (feed_checks_key(&rest, &key))
        hn_work_say(w, hn_str_eqc(c->from, "given") ? "feed.signed.given" : "feed.signed.first", "name", name,
                    "fingerprint", hn_arena_cstr(hn_work_arena(w), key.fingerprint), "n", text_of(w, key.documents),
                    NULL);
}

void feed_checks_say(struct hn_work *w, struct hn_str name)
{
    struct feed_checks c;
    if (!feed_checks_of(w, name, &c))
        return;
    const char *own = hn_arena_cstr(hn_work_arena(w), name);
    hn_work_say(w, "feed.checks", "name", own, "documents", text_of(w, c.documents), "hashed", text_of(w, c.hashed),
                "wrong", text_of(w, c.wrong), NULL);
    if (hn_str_eqc(c.from, "no-library"))
        hn_work_say(w, "feed.checks.library", "name", own, "n", text_of(w, c.signatures), "package", HN_PGP_PACKAGE,
                    NULL);
    else if (c.from.n)
        say_signatures(w, own, &c);
    else if (c.signatures)
        hn_work_say(w, "feed.checks.signed", "name", own, "n", text_of(w, c.signatures), NULL);
}

static void put_signatures(struct hn_jw *j, const struct feed_checks *c)
{
    struct hn_str rest = c->keys;
    struct feed_checked_key key;
    bool library = hn_str_eqc(c->from, "no-library");
    hn_jw_key(j, "signatures");
    hn_jw_obj(j);
    hn_jw_kc(j, "state", library ? "signature not checked: " HN_PGP_PACKAGE " is not installed" : "checked");
    hn_jw_kint(j, "good", (int64_t)c->good);
    hn_jw_kint(j, "bad", (int64_t)c->bad);
    hn_jw_kint(j, "unknown_key", (int64_t)c->unknown);
    hn_jw_kint(j, "expired", (int64_t)c->expired);
    hn_jw_kint(j, "unsigned", (int64_t)c->lacking);
    hn_jw_kint(j, "refused", (int64_t)c->refused);
    hn_jw_kstr(j, "keys_from", library ? HN_STR("") : c->from);
    hn_jw_key(j, "keys");
    hn_jw_arr(j);
    while (feed_checks_key(&rest, &key)) {
        hn_jw_obj(j);
        hn_jw_kstr(j, "fingerprint", key.fingerprint);
        hn_jw_kint(j, "documents", (int64_t)key.documents);
        hn_jw_kbool(j, "valid", key.usable);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_obj_end(j);
}

void feed_checks_json(struct hn_jw *j, struct hn_work *w, struct hn_str name)
{
    struct feed_checks c;
    if (!feed_checks_of(w, name, &c))
        return;
    hn_jw_key(j, "checked");
    hn_jw_obj(j);
    hn_jw_kint(j, "documents", (int64_t)c.documents);
    hn_jw_kint(j, "checksum_right", (int64_t)c.hashed);
    hn_jw_kint(j, "checksum_wrong", (int64_t)c.wrong);
    hn_jw_kint(j, "signature_not_checked", (int64_t)c.signatures);
    if (c.from.n)
        put_signatures(j, &c);
    hn_jw_obj_end(j);
}
