/* add, remove: the next index from the one in force and what is named. */
#include <unistd.h>

#include "format/advisory/import.h"
#include "modules/feed/beside.h"
#include "modules/feed/sign.h"

#define THREADS        2u
#define NAME_MAX_BYTES 64u

const struct hn_verb_option feed_add_options[] = {{"name", HN_OPT_STR, "NAME"},
                                                  {"licence", HN_OPT_STR, "TEXT"},
                                                  {"source", HN_OPT_STR, "TEXT"},
                                                  {"date", HN_OPT_TIME, "TIME"},
                                                  {"key", HN_OPT_INPUT, "FILE", true},
                                                  {"offered", HN_OPT_INPUT, "DIR"},
                                                  {"unsigned", HN_OPT_STR, "WORD", false, "refuse allow", 0, 0},
                                                  {0}};

/* What the next index is made of. */
struct next {
    const struct feed_index *old;
    struct hn_str without;              /* a feed of the old one that is left out; empty: none */
    bool reads;                         /* the inputs come as the feed `without` */
    const struct hn_adv_index *besides; /* all feeds of it, in place of those of the same names; NULL */
    struct feed_sign *sign;             /* of the inputs */
    struct hn_adv_feed *taken;          /* what the inputs became; NULL: there are none */
};

static bool has(const struct hn_adv_index *x, struct hn_str name)
{
    struct hn_adv_feed f;
    for (uint32_t i = 0; x && i < x->n_feeds && hn_adv_feed_at(x, i, &f); i++)
        if (hn_str_eq(f.name, name))
            return true;
    return false;
}

static struct hn_err carry(struct hn_adv_build *b, struct hn_adv_importer *im, const struct hn_adv_index *from,
                           struct hn_str without, const struct hn_adv_index *unless)
{
    struct hn_adv_feed f;
    for (uint32_t i = 0; i < from->n_feeds; i++) {
        uint16_t feed;
        if (!hn_adv_feed_at(from, i, &f) || hn_str_eq(f.name, without) || has(unless, f.name))
            continue;
        f.records = 0;
        HN_TRY(hn_adv_build_feed(b, &f, &feed));
        HN_TRY(hn_adv_lane_carry(hn_adv_import_lane(im), from, (uint16_t)i, feed));
    }
    return HN_OK;
}

static void complain(struct hn_work *w, const struct hn_adv_importer *im)
{
    const struct hn_adv_complaint *c;
    size_t n = hn_adv_import_complaints(im, &c);
    for (size_t i = 0; i < n; i++) {
        struct hn_str at = hn_arena_fmt(hn_work_arena(w), "%.*s %.*s (%llu)", HN_FMT(c[i].file), HN_FMT(c[i].entry),
                                        (unsigned long long)c[i].offset);
        hn_work_warn(w, "feed.rejected", "at", hn_arena_cstr(hn_work_arena(w), at), "why", c[i].why, NULL);
    }
}

/* A document waits for what lies beside it, which follows it: names are sorted. */
struct pending {
    struct hn_input in, signature;
    bool there, wrong, hashed, has_signature;
    struct feed_sign *sign;
    struct feed_checks n;
    hn_time changed; /* of the newest file */
};

/* An empty signature is the mark that its source has none (core/fetch_sign.c). */
static bool signed_well(struct hn_work *w, struct pending *p)
{
    struct hn_bytes signature = {NULL, 0};
    if (p->has_signature && p->signature.size)
        signature = hn_work_map(w, &p->signature, HN_PGP_SIG_MAX) ? p->signature.map : hn_bytes_of("?", 1);
    return feed_sign_takes(w, p->sign, p->in.name, p->in.map, signature, &p->n);
}

static void take(struct hn_work *w, struct hn_adv_importer *im, uint16_t feed, struct pending *p)
{
    if (!hn_work_map(w, &p->in, SIZE_MAX / 2) || !signed_well(w, p))
        return;
    hn_adv_import_file(im, feed, p->in.name, p->in.map, p->in.regular && !p->in.copied);
    p->n.documents++;
    p->n.hashed += p->hashed;
}

static void flush(struct hn_work *w, struct hn_adv_importer *im, uint16_t feed, struct pending *p)
{
    if (!p->there)
        return;
    if (p->wrong)
        hn_work_warn(w, "feed.rejected", "at", hn_arena_cstr(hn_work_arena(w), p->in.name), "why",
                     "the checksum beside it is not its own", NULL);
    else
        take(w, im, feed, p);
    p->n.wrong += p->wrong;
    p->changed = p->in.mtime > p->changed ? p->in.mtime : p->changed;
    hn_work_done(&p->in);
    if (p->has_signature)
        hn_work_done(&p->signature);
    p->there = p->wrong = p->hashed = p->has_signature = false;
}

/* True when the file is no document of its own. */
static bool beside(struct hn_work *w, struct pending *p, struct hn_input *in)
{
    enum beside kind = p->there ? feed_beside_of(p->in.name, in->name) : BESIDE_NOT;
    if (kind == BESIDE_NOT)
        return false;
    if (kind == BESIDE_SIGNATURE && !p->has_signature) {
        p->has_signature = true;
        p->signature = *in;
        return true;
    }
    if (kind != BESIDE_SIGNATURE) {
        bool right = hn_work_map(w, in, 1u << 16) && hn_work_map(w, &p->in, SIZE_MAX / 2) &&
                     feed_beside_right(kind, p->in.map, in->map);
        p->wrong = p->wrong || !right;
        p->hashed = p->hashed || right;
    }
    hn_work_done(in);
    return true;
}

/* The inputs as one feed. Its kind is the form that brought most records, its date that of its newest record, or of
 * its newest entry or file where records tell none. */
static struct hn_err read_feed(struct hn_work *w, struct hn_adv_build *b, struct hn_adv_importer *im,
                               const struct next *next, struct feed_checks *ret)
{
    struct hn_adv_feed f = {.name = next->without,
                            .licence = hn_work_str(w, "licence"),
                            .source = hn_work_str(w, "source"),
                            .imported = hn_work_now(w)};
    struct hn_input in;
    struct pending p = {.sign = next->sign};
    uint16_t feed;
    uint64_t done = 0, total = hn_work_total(w, NULL);
    f.kind = HN_STR("");
    f.source = f.source.n ? f.source : HN_STR("");
    f.licence = f.licence.n ? f.licence : HN_STR("");
    HN_TRY(hn_adv_build_feed(b, &f, &feed));
    while (hn_work_next_whole(w, &in)) {
        if (!f.source.n)
            f.source = hn_arena_str(hn_work_arena(w), in.name);
        hn_work_progress(w, done += in.size, total, "advisories");
        if (beside(w, &p, &in))
            continue;
        flush(w, im, feed, &p);
        p.in = in;
        p.there = true;
    }
    flush(w, im, feed, &p);
    feed_sign_end(w, next->sign, &p.n);
    *ret = p.n;
    hn_adv_import_sum(im, f.sha256);
    f.kind = hn_str_c(hn_adv_import_form(im));
    f.date = hn_adv_import_date(im, hn_work_given(w, "date") ? hn_work_time(w, "date") : 0, p.changed);
    f.date = f.date < f.imported ? f.date : f.imported;
    f.rejected = hn_adv_import_rejected(im);
    hn_adv_build_feed_set(b, feed, &f);
    complain(w, im);
    f.records = hn_adv_import_records(im);
    *next->taken = f;
    return f.records ? HN_OK : (struct hn_err){HN_E_NOENT};
}

static struct hn_err fill(struct hn_work *w, struct hn_adv_build *b, const struct next *next, struct feed_checks *ret)
{
    struct hn_adv_importer *im;
    HN_TRY(hn_adv_import_new(b, THREADS, NULL, &im));
    struct hn_err e = next->old->there ? carry(b, im, &next->old->x, next->without, next->besides) : HN_OK;
    if (hn_ok(e) && next->besides)
        e = carry(b, im, next->besides, HN_STR(""), NULL);
    if (hn_ok(e) && next->reads)
        e = read_feed(w, b, im, next, ret);
    struct hn_err ended = hn_adv_import_end(im);
    return hn_ok(e) ? ended : e;
}

static struct hn_err forget_checks(struct hn_work *w, const struct hn_adv_index *x)
{
    struct hn_adv_feed f;
    for (uint32_t i = 0; i < x->n_feeds && hn_adv_feed_at(x, i, &f); i++)
        HN_TRY(feed_checks_put(w, f.name, NULL));
    return HN_OK;
}

/* The index in force stays until the new one is whole. */
static int rebuild(struct hn_work *w, const struct next *next)
{
    struct hn_adv_build *b = NULL;
    struct feed_checks checks = {0};
    struct hn_diag d = {{0}};
    int out = hn_work_file_new(w, FEED_INDEX), spill = hn_work_temp(w);
    struct hn_err e = out < 0 || spill < 0 ? (struct hn_err){HN_E_IO} : hn_adv_build_new(out, spill, 0, &b);
    if (hn_ok(e))
        e = fill(w, b, next, &checks);
    if (hn_ok(e))
        e = hn_adv_build_end(b, hn_work_now(w), &d);
    hn_adv_build_free(b);
    if (out >= 0)
        close(out);
    if (spill >= 0)
        close(spill);
    if (hn_ok(e) && next->reads)
        e = feed_sign_keep(w, next->sign); /* before the index: a key once trusted is not asked for again */
    if (hn_ok(e))
        e = hn_work_file_commit(w, FEED_INDEX);
    if (hn_ok(e) && next->without.n)
        e = feed_checks_put(w, next->without, next->reads ? &checks : NULL);
    if (hn_ok(e) && next->besides) /* what was checked here was another machine's feed of that name */
        e = forget_checks(w, next->besides);
    if (hn_ok(e) && next->without.n && !next->reads)
        e = feed_sign_forget(w, next->without);
    if (hn_ok(e))
        return 0;
    return hn_work_fail(w, "feed.failed", "why", e.code == HN_E_NOENT ? "no advisory in it" : hn_err_text(e), NULL);
}

int feed_join(struct hn_work *w, const struct feed_index *old, const struct hn_adv_index *bundle)
{
    struct next next = {.old = old, .without = HN_STR(""), .besides = bundle};
    return rebuild(w, &next);
}

static int change(struct hn_work *w, struct hn_str name, struct hn_adv_feed *taken)
{
    struct feed_index old;
    struct feed_sign sign;
    bool reads = taken;
    struct next next = {.old = &old, .without = name, .reads = reads, .sign = &sign, .taken = taken};
    if (!name.n || name.n > NAME_MAX_BYTES)
        return hn_work_usage(w, "feed.name", NULL);
    if (!feed_open(w, &old))
        return 3;
    if (!reads && !has(old.there ? &old.x : NULL, name))
        return hn_work_fail(w, "feed.unknown", "name", hn_arena_cstr(hn_work_arena(w), name), NULL);
    if (reads && !feed_sign_open(w, name, &sign))
        return 3;
    return rebuild(w, &next);
}

int feed_add(struct hn_work *w)
{
    struct hn_adv_feed taken;
    int rc = change(w, hn_work_str(w, "name"), &taken);
    if (rc == 0)
        feed_told(w, &taken);
    return rc;
}

int feed_remove(struct hn_work *w)
{
    return change(w, hn_work_word(w, 0), NULL);
}
