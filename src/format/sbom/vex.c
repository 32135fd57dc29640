#include "format/sbom/vex.h"

#include "base/mem.h"
#include "base/str.h"
#include "format/name/cpe.h"
#include "format/name/purl.h"
#include "format/version/vers.h"

#define ID_MAX    256u
#define DEPTH_MAX 32u /* of parts within parts */

const char *hn_vex_dialect_word(enum hn_vex_dialect d)
{
    static const char *const words[] = {"OpenVEX", "CSAF", "CycloneDX", "SPDX 3"};
    return words[d];
}

void hn_vex_init(struct hn_vex *v, struct hn_arena *a)
{
    *v = (struct hn_vex){.arena = a};
    hn_map_init(&v->by_id);
}

void hn_vex_done(struct hn_vex *v)
{
    hn_map_done(&v->by_id);
    hn_free(v->statements);
    v->statements = NULL;
}

/* ---------------------------------------------------------------- filling */

static struct hn_str upper(struct hn_str s, char out[ID_MAX])
{
    if (s.n > ID_MAX)
        s.n = ID_MAX;
    for (size_t i = 0; i < s.n; i++)
        out[i] = (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] & ~0x20 : s.p[i]);
    return (struct hn_str){out, s.n};
}

static bool grow(struct hn_vex *v)
{
    struct hn_vex_statement **more = hn_more(v->statements, v->n, &v->cap, sizeof *more);
    v->statements = more ? more : v->statements;
    return more != NULL;
}

/* Under one more name of its vulnerability. */
static bool add_one(struct hn_vex *v, const struct hn_vex_statement *one, struct hn_str id, bool alias)
{
    struct hn_arena *a = v->arena;
    struct hn_vex_statement *s = HN_NEW(a, struct hn_vex_statement);
    char key[ID_MAX];
    if (!s || !grow(v))
        return false;
    *s = *one;
    struct hn_str *texts[] = {&s->product, &s->subcomponent, &s->product_ref, &s->state, &s->justification,
                              &s->impact,  &s->action,       &s->source,      &s->author};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = hn_arena_str(a, *texts[i]);
    s->vulnerability = hn_arena_str(a, id);
    s->alias = alias;
    s->number = (uint32_t)v->n;
    struct hn_str folded = hn_arena_str(a, upper(id, key));
    s->next_same = hn_map_find(&v->by_id, hn_str_bytes(folded));
    if (a->failed || !hn_ok(hn_map_set(&v->by_id, hn_str_bytes(folded), s)))
        return false;
    v->statements[v->n++] = s;
    return true;
}

/* Under all its names. */
static bool add(struct hn_vex *v, struct hn_vex_statement *one, struct hn_str id, const struct hn_str *names, size_t n)
{
    if (hn_str_eqc(one->impact, HN_VEX_NO_REASON))
        one->impact = (struct hn_str){"", 0};
    struct hn_str *kept = hn_arena_alloc(v->arena, (n + 1) * sizeof *kept);
    size_t k = 0;
    if (!kept)
        return false;
    for (size_t i = 0; i < n; i++)
        if (names[i].n && !hn_str_eq(names[i], id))
            kept[k++] = hn_arena_str(v->arena, names[i]);
    one->aliases = kept;
    one->n_aliases = k;
    bool ok = add_one(v, one, id, false);
    for (size_t i = 0; ok && i < k; i++)
        ok = add_one(v, one, kept[i], true);
    return ok;
}

static hn_time time_of(struct hn_str text)
{
    hn_time t;
    return text.n && hn_time_parse(text, &t) ? t : 0;
}

/* What a reference of a document stands for: the purl or CPE of its component, else the reference. A BOM-Link names a
 * component of another document behind "#". */
static struct hn_str product_of(const struct hn_bom *b, struct hn_str ref)
{
    const struct hn_bom_component *c = hn_bom_component_by_ref(b, ref);
    if (c && c->purl.n)
        return c->purl;
    if (c && c->cpe.n)
        return c->cpe;
    ptrdiff_t hash = hn_str_starts(ref, "urn:cdx:") ? hn_str_chr(ref, '#') : -1;
    if (hash >= 0)
        return hn_str_cut(ref, (size_t)hash + 1, ref.n);
    return c && c->name.n ? c->name : ref;
}

static struct hn_str called(const struct hn_bom_component *c)
{
    return c->purl.n ? c->purl : c->cpe.n ? c->cpe : c->name.n ? c->name : c->ref;
}

/* What it is nested in, or what a relation says to contain it. */
static const struct hn_bom_component *holder_of(const struct hn_map *holders, const struct hn_bom_component *c)
{
    if (!c || c->parent)
        return c ? c->parent : NULL;
    return hn_map_find(holders, hn_str_bytes(c->ref));
}

static bool note_holders(struct hn_map *holders, const struct hn_bom *b)
{
    bool ok = true;
    for (size_t i = 0; i < b->n_deps; i++)
        for (const struct hn_bom_edge *e = b->deps[i]->component ? b->deps[i]->edges : NULL; e && ok; e = e->next)
            if (e->rel == HN_BOM_REL_CONTAINS && e->component && e->component != b->deps[i]->component)
                ok = hn_ok(hn_map_set(holders, hn_str_bytes(e->component->ref), b->deps[i]->component));
    return ok;
}

/* A statement about a part is about that part of the product: what the document describes, else what the part is nested
 * in. It says nothing of the same part elsewhere. */
static void about(const struct hn_bom *b, const struct hn_map *holders, struct hn_vex_statement *s, struct hn_str ref)
{
    const struct hn_bom_component *c = hn_bom_component_by_ref(b, ref), *whole = c ? b->subject : NULL;
    s->product = product_of(b, ref);
    s->product_ref = ref;
    s->subcomponent = (struct hn_str){"", 0};
    unsigned depth = 0;
    for (const struct hn_bom_component *p = c && !whole ? holder_of(holders, c) : NULL; p && depth < DEPTH_MAX;
         depth++) {
        whole = p;
        p = holder_of(holders, p);
    }
    if (!whole || whole == c || (!whole->purl.n && !whole->cpe.n && !whole->name.n))
        return;
    s->subcomponent = s->product;
    s->product = called(whole);
    s->product_ref = (struct hn_str){"", 0};
}

/* "pkg:npm/x@1" and versions as "2" or "vers:npm/<2" → "pkg:npm/x@2", "pkg:npm/x?vers=vers:npm/<2". A range of what has
 * no package URL, or in words, is of nothing that could be found: it stays beside the name, for people. */
static struct hn_str in_versions(struct hn_arena *a, struct hn_str product, struct hn_str versions)
{
    struct hn_purl p;
    bool range = hn_vers_is(versions);
    if (!versions.n)
        return product;
    if (!hn_str_starts(product, "pkg:") || !hn_purl_parse(a, product, &p, NULL) ||
        (range && !hn_purl_set(&p, HN_STR("vers"), versions)))
        return hn_arena_fmt(a, "versions %.*s of %.*s", HN_FMT(versions), HN_FMT(product));
    p.version = range ? (struct hn_str){"", 0} : versions;
    return hn_purl_build(a, &p, NULL) ? hn_purl_text(&p, a)
                                      : hn_arena_fmt(a, "versions %.*s of %.*s", HN_FMT(versions), HN_FMT(product));
}

static hn_time document_time(const struct hn_bom *b, const struct hn_bom_vuln *u)
{
    hn_time t = time_of(u->last_updated);
    if (!t)
        t = time_of(u->first_issued);
    if (!t)
        t = time_of(u->updated);
    if (!t)
        t = time_of(u->published);
    return t ? t : b->timestamp;
}

/* What the analysis says is said of these versions of the product; a version that is listed as unaffected is so
 * whatever the others are, and one whose status is unknown is not known. */
static struct hn_vex_statement of_versions(struct hn_vex *v, const struct hn_vex_statement *all,
                                           const struct hn_bom_versions *x)
{
    struct hn_vex_statement s = *all;
    struct hn_str which = x->range.n ? x->range : x->version;
    struct hn_str *what = s.subcomponent.n ? &s.subcomponent : &s.product;
    *what = in_versions(v->arena, *what, which);
    s.product_ref = (struct hn_str){"", 0};
    if (hn_str_eqc(x->status, "unaffected") && s.status == HN_BOM_VEX_AFFECTED) {
        s.status = HN_BOM_VEX_NOT_AFFECTED;
        s.impact = hn_arena_fmt(v->arena, "The source lists %.*s as unaffected.", HN_FMT(which));
    } else if (hn_str_eqc(x->status, "unknown")) {
        s.status = HN_BOM_VEX_INVESTIGATING;
    }
    return s;
}

static bool add_affect(struct hn_vex *v, const struct hn_bom_affect *f, struct hn_vex_statement *s, struct hn_str id,
                       const struct hn_str *names, size_t n)
{
    if (!f || !f->versions)
        return add(v, s, id, names, n);
    for (const struct hn_bom_versions *x = f->versions; x; x = x->next) {
        struct hn_vex_statement one = of_versions(v, s, x);
        if (!add(v, &one, id, names, n))
            return false;
    }
    return true;
}

static bool add_vulnerability(struct hn_vex *v, const struct hn_bom *b, const struct hn_map *holders,
                              const struct hn_bom_vuln *u, struct hn_vex_statement *s)
{
    struct hn_str *names;
    size_t n = 0;
    s->status = u->status;
    s->why = u->why;
    s->state = u->state;
    s->justification = u->justification;
    s->impact = u->impact.n ? u->impact : u->detail;
    s->action = u->recommendation.n ? u->recommendation : u->workaround;
    s->time = document_time(b, u);
    for (const struct hn_bom_vuln_ref *r = u->references; r; r = r->next)
        n++;
    names = hn_arena_alloc(v->arena, (n + 1) * sizeof *names);
    if (!names)
        return false;
    n = 0;
    for (const struct hn_bom_vuln_ref *r = u->references; r; r = r->next)
        names[n++] = r->id;
    for (const struct hn_bom_affect *f = u->affects;; f = f->next) {
        about(b, holders, s, f ? f->ref : b->subject ? b->subject->ref : b->serial);
        if (!add_affect(v, f, s, u->id, names, n))
            return false;
        if (!f || !f->next)
            return true;
    }
}

bool hn_vex_add_document(struct hn_vex *v, const struct hn_bom *b, struct hn_str source, int trust)
{
    struct hn_map holders;
    hn_map_init(&holders);
    bool ok = !b->vulns || note_holders(&holders, b);
    for (const struct hn_bom_vuln *u = b->vulns; ok && u; u = u->next) {
        struct hn_vex_statement s = {
            .source = source,
            .author = b->authors    ? b->authors->name
                      : b->supplier ? b->supplier->name
                                    : (struct hn_str){"", 0},
            .trust = trust,
            .dialect = b->family == HN_BOM_SPDX3 ? HN_VEX_SPDX3 : HN_VEX_CYCLONEDX,
        };
        if (u->status != HN_BOM_VEX_NONE && u->id.n)
            ok = add_vulnerability(v, b, &holders, u, &s);
    }
    hn_map_done(&holders);
    return ok;
}

/* OpenVEX says it in these words; CSAF in product_status and flags, which the reader has turned into the same. */
static enum hn_bom_vex status_of(enum hn_adv_status status)
{
    switch (status) {
    case HN_STATUS_NOT_AFFECTED:
        return HN_BOM_VEX_NOT_AFFECTED;
    case HN_STATUS_AFFECTED:
    case HN_STATUS_FIRST_AFFECTED:
    case HN_STATUS_LAST_AFFECTED:
        return HN_BOM_VEX_AFFECTED;
    case HN_STATUS_FIXED:
    case HN_STATUS_FIRST_FIXED:
        return HN_BOM_VEX_FIXED;
    case HN_STATUS_INVESTIGATING:
        return HN_BOM_VEX_INVESTIGATING;
    default:
        return HN_BOM_VEX_NONE;
    }
}

static struct hn_str name_of(const struct hn_adv_affected *f)
{
    if (f->purl.n)
        return f->purl;
    if (f->cpes.n)
        return f->cpes.p[0];
    return f->name.n ? f->name : f->product_name.n ? f->product_name : f->product;
}

bool hn_vex_add_advisory(struct hn_vex *v, const struct hn_adv *adv, struct hn_str source, int trust)
{
    for (size_t i = 0; i < adv->n_affected; i++) {
        const struct hn_adv_affected *f = &adv->affected[i];
        struct hn_str what = in_versions(v->arena, name_of(f), f->vers);
        struct hn_vex_statement s = {
            .product = f->within.n ? f->within : what,
            .subcomponent = f->within.n ? what : (struct hn_str){"", 0},
            .status = status_of(f->status),
            .why = hn_bom_why_of(f->note),
            .justification = f->note,
            .impact = f->statement,
            .source = source,
            .author = adv->author,
            .time = adv->modified ? adv->modified : adv->published,
            .trust = trust,
            .dialect = adv->family == HN_ADV_CSAF ? HN_VEX_CSAF : HN_VEX_OPENVEX,
        };
        s.state = hn_str_c(hn_bom_vex_word(s.status));
        if (s.status == HN_BOM_VEX_NONE || !s.product.n)
            continue;
        if (!add(v, &s, adv->id, adv->aliases.p, adv->aliases.n))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- does it apply? */

/* Is what the statement names the thing with this purl, CPE or reference? */
static bool names(struct hn_arena *a, struct hn_str said, struct hn_str purl, struct hn_str cpe, struct hn_str ref)
{
    if (!said.n)
        return false;
    if (hn_str_eq(said, purl) || hn_str_eq(said, ref))
        return true;
    if (hn_str_starts(said, "pkg:") && hn_str_starts(purl, "pkg:")) {
        struct hn_purl x, y;
        return hn_purl_parse(a, said, &x, NULL) && hn_purl_parse(a, purl, &y, NULL) && hn_purl_covers(a, &x, &y);
    }
    if (hn_str_starts(said, "cpe:") && cpe.n) {
        struct hn_cpe x, y;
        if (!hn_cpe_parse(a, said, &x, NULL) || !hn_cpe_parse(a, cpe, &y, NULL))
            return false;
        enum hn_cpe_relation r = hn_cpe_compare(&x, &y);
        return r == HN_CPE_EQUAL || r == HN_CPE_SUPERSET;
    }
    return false;
}

static bool applies(struct hn_arena *a, const struct hn_vex_statement *s, const struct hn_vex_about *about)
{
    struct hn_str none = {"", 0};
    if (!s->subcomponent.n)
        return names(a, s->product, about->purl, about->cpe, about->ref) ||
               (s->product_ref.n && hn_str_eq(s->product_ref, about->ref));
    if (!names(a, s->subcomponent, about->purl, about->cpe, about->ref))
        return false;
    for (size_t i = 0; i < about->n_within; i++)
        if (names(a, s->product, about->within[i], none, about->within[i]))
            return true;
    return false;
}

static int specialness(const struct hn_vex_statement *s)
{
    struct hn_str said = s->subcomponent.n ? s->subcomponent : s->product;
    return (hn_str_chr(said, '@') >= 0) + (hn_str_chr(said, '?') >= 0) + (s->subcomponent.n > 0);
}

enum hn_vex_effect hn_vex_effect_of(const struct hn_vex_statement *s, hn_time now, hn_time max_age)
{
    if (s->status == HN_BOM_VEX_NOT_AFFECTED && s->why == HN_BOM_WHY_NONE && !s->justification.n && !s->impact.n)
        return HN_VEX_UNFOUNDED;
    if (max_age && s->status != HN_BOM_VEX_FIXED && now - s->time > max_age)
        return HN_VEX_EXPIRED;
    return HN_VEX_APPLIES;
}

const char *hn_vex_reason_word(enum hn_vex_reason r)
{
    static const char *const words[] = {"validity", "trust", "date", "precision", "order"};
    return words[r];
}

static int way(int64_t x, int64_t y)
{
    return (x > y) - (x < y);
}

bool hn_vex_outranks(const struct hn_vex_statement *x, const struct hn_vex_statement *y, hn_time now, hn_time max_age,
                     enum hn_vex_reason *ret_reason)
{
    const int ways[] = {
        [HN_VEX_BY_VALIDITY] = way(hn_vex_effect_of(x, now, max_age) == HN_VEX_APPLIES,
                                   hn_vex_effect_of(y, now, max_age) == HN_VEX_APPLIES),
        [HN_VEX_BY_TRUST] = way(x->trust, y->trust),
        [HN_VEX_BY_DATE] = way(x->time, y->time),
        [HN_VEX_BY_PRECISION] = way(specialness(x), specialness(y)),
        [HN_VEX_BY_ORDER] = way(x->number, y->number),
    };
    enum hn_vex_reason r = HN_VEX_BY_VALIDITY;
    while (r < HN_VEX_BY_ORDER && !ways[r])
        r++;
    if (ret_reason)
        *ret_reason = r;
    return ways[r] > 0;
}

/* Of statements that apply, one after the other. */
struct walk {
    const struct hn_vex *v;
    const struct hn_vex_about *about;
    struct hn_arena *scratch;
    size_t id;
    const struct hn_vex_statement *s;
};

static const struct hn_vex_statement *next_of(struct walk *k)
{
    char key[ID_MAX];
    for (;;) {
        k->s = k->s ? k->s->next_same : NULL;
        while (!k->s && k->id < k->about->n_ids)
            k->s = hn_map_find(&k->v->by_id, hn_str_bytes(upper(k->about->ids[k->id++], key)));
        hn_arena_clear(k->scratch);
        if (!k->s || applies(k->scratch, k->s, k->about))
            return k->s;
    }
}

void hn_vex_decide(const struct hn_vex *v, const struct hn_vex_about *about, hn_time now, hn_time max_age,
                   struct hn_vex_verdict *ret)
{
    HN_AUTO(hn_arena_done) struct hn_arena scratch;
    const struct hn_vex_statement *s, *best = NULL;
    *ret = (struct hn_vex_verdict){0};
    hn_arena_init(&scratch, 1u << 20);
    struct walk k = {v, about, &scratch, 0, NULL};
    for (; (s = next_of(&k)); ret->n++)
        if (!best || hn_vex_outranks(s, best, now, max_age, NULL))
            best = s;
    if (!best)
        return;
    for (k = (struct walk){v, about, &scratch, 0, NULL}; ret->n > 1 && (s = next_of(&k));) {
        if (s->status == best->status)
            continue;
        if (!ret->over || hn_vex_outranks(s, ret->over, now, max_age, NULL))
            ret->over = s;
        ret->contradicted = ret->contradicted || (s->trust == best->trust && s->time == best->time);
    }
    if (ret->over)
        (void)hn_vex_outranks(best, ret->over, now, max_age, &ret->reason);
    ret->statement = best;
    ret->effect = hn_vex_effect_of(best, now, max_age);
}
