#include "format/sbom/diff.h"

#include <stdlib.h>

#include "base/str.h"
#include "format/name/purl.h"
#include "format/sbom/licence_names.h"
#include "format/version/version.h"

static const char *const names[] = {"added",   "removed",  "upgraded", "downgraded", "version",
                                    "licence", "supplier", "hash",     "needs",      "needs-not"};

const char *hn_bom_change_name(enum hn_bom_change c)
{
    return names[c];
}

/* One component in one document. */
struct part {
    const struct hn_bom_component *c;
    struct hn_str key;
    struct hn_str licence, supplier;
    size_t place;      /* order in its document */
    struct part *twin; /* in the other */
};

struct comparing {
    struct hn_arena *a;
    struct hn_bom_diff *out;
    const struct hn_bom *bom_a, *bom_b;
    struct hn_map parts_a, parts_b; /* component (its address) → part */
    struct hn_map names_a, names_b; /* of licences */
};

/* ---------------------------------------------------------------- identity */

static struct hn_str lower(struct hn_arena *a, struct hn_str s)
{
    struct hn_str out = hn_arena_str(a, s);
    char *p = (char *)(uintptr_t)out.p; /* ours */
    for (size_t i = 0; i < out.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] |= 0x20;
    return out;
}

/* cpe:2.3:a:vendor:product:… or cpe:/a:vendor:product:… */
static struct hn_str cpe_product(struct hn_str cpe)
{
    struct hn_str rest = cpe, part;
    size_t skip = hn_str_starts(cpe, "cpe:2.3:") ? 3 : hn_str_starts(cpe, "cpe:/") ? 2 : 0, from = 0;

    for (size_t i = 0; skip && i < skip + 2; i++) {
        if (!hn_str_split(&rest, ':', &part))
            return (struct hn_str){NULL, 0};
        if (i + 1 == skip)
            from = (size_t)(part.p + part.n + 1 - cpe.p);
    }
    return skip ? hn_str_cut(cpe, from, (size_t)(part.p + part.n - cpe.p)) : (struct hn_str){NULL, 0};
}

struct hn_str hn_bom_identity_text(struct hn_arena *a, const struct hn_bom_component *c)
{
    struct hn_purl p;

    if (c->purl.n && hn_purl_parse(a, c->purl, &p, NULL)) {
        if (p.namespace.n)
            return hn_arena_fmt(a, "%.*s/%.*s/%.*s", HN_FMT(p.type), HN_FMT(p.namespace), HN_FMT(p.name));
        return hn_arena_fmt(a, "%.*s/%.*s", HN_FMT(p.type), HN_FMT(p.name));
    }
    struct hn_str product = cpe_product(c->cpe);
    if (product.n)
        return hn_arena_fmt(a, "cpe/%.*s", HN_FMT(product));
    if (c->group.n)
        return hn_arena_fmt(a, "%.*s/%.*s", HN_FMT(c->group), HN_FMT(c->name));
    return c->name.p ? c->name : HN_STR("");
}

static enum hn_version_order order_of(struct hn_arena *a, const struct hn_bom_component *c)
{
    struct hn_purl p;
    if (c->purl.n && hn_purl_parse(a, c->purl, &p, NULL))
        return hn_version_order_of_purl(p.type);
    return HN_ORDER_UNKNOWN;
}

/* SPDX 2 has what stands in round brackets for an address; "c at example" or "of some house" is none and belongs to the
 * name, as in other families. */
static struct hn_str supplier(struct hn_arena *a, const struct hn_bom_party *p)
{
    if (p && p->email.n && hn_str_chr(p->email, '@') < 0)
        return hn_arena_fmt(a, "%.*s (%.*s)", HN_FMT(p->name), HN_FMT(p->email));
    return p ? p->name : HN_STR("");
}

/* ---------------------------------------------------------------- pairing */

static int by_version(const struct part *a, const struct part *b)
{
    return hn_str_cmp(a->c->version, b->c->version);
}

/* One version may lie in several places (node_modules within another), which no two families list in one order. */
static int by_what_is_said(const struct part *a, const struct part *b)
{
    int d = by_version(a, b);
    if (!d)
        d = hn_str_cmp(a->licence, b->licence);
    return d ? d : hn_str_cmp(a->supplier, b->supplier);
}

static int by_key_then_version(const void *x, const void *y)
{
    const struct part *a = *(const struct part *const *)x, *b = *(const struct part *const *)y;
    int d = hn_str_cmp(a->key, b->key);
    if (!d)
        d = by_what_is_said(a, b);
    return d ? d : (a->place > b->place) - (a->place < b->place);
}

static struct part *parts_of(struct comparing *x, const struct hn_bom *b, bool files, struct hn_map *map, size_t *ret_n)
{
    const struct hn_map *licences = b == x->bom_a ? &x->names_a : &x->names_b;
    struct part *parts = hn_arena_alloc(x->a, (b->n_components + 2) * sizeof *parts);
    size_t n = 0;

    for (size_t i = 0; parts && i <= b->n_components; i++) {
        const struct hn_bom_component *c = i ? b->components[i - 1] : b->subject;
        if (!c || (c->type == HN_BOM_TYPE_FILE && !c->purl.n && !files))
            continue;
        parts[n] = (struct part){.c = c,
                                 .key = lower(x->a, hn_bom_identity_text(x->a, c)),
                                 .licence = hn_bom_licence_compared(x->a, licences, c),
                                 .supplier = supplier(x->a, c->supplier),
                                 .place = n};
        /* the key of the map is the address, which stays */
        if (!hn_ok(hn_map_set(map, hn_bytes_of(&parts[n].c, sizeof parts[n].c), &parts[n])))
            x->a->failed = true;
        n++;
    }
    *ret_n = n;
    return parts;
}

static void pair(struct part *a, struct part *b)
{
    a->twin = b;
    b->twin = a;
}

static void pair_equal(struct part **a, size_t n, struct part **b, size_t m,
                       int (*order)(const struct part *, const struct part *))
{
    for (size_t i = 0, j = 0; i < n && j < m;) {
        int d = a[i]->twin ? -1 : b[j]->twin ? 1 : order(a[i], b[j]);
        if (!d)
            pair(a[i++], b[j++]);
        else if (d < 0)
            i++;
        else
            j++;
    }
}

/* Both runs have the same key. Those that say the same first, then equal versions, then what is left in order. */
static void pair_runs(struct part **a, size_t n, struct part **b, size_t m)
{
    pair_equal(a, n, b, m, by_what_is_said);
    pair_equal(a, n, b, m, by_version);
    for (size_t i = 0, j = 0; i < n; i++) {
        if (a[i]->twin)
            continue;
        while (j < m && b[j]->twin)
            j++;
        if (j == m)
            return;
        pair(a[i], b[j++]);
    }
}

static size_t run_length(struct part **p, size_t n)
{
    size_t i = 1;
    while (i < n && hn_str_eq(p[i]->key, p[0]->key))
        i++;
    return i;
}

static struct part **sorted(struct hn_arena *a, struct part *parts, size_t n)
{
    struct part **p = hn_arena_alloc(a, (n + 1) * sizeof(struct part *));
    for (size_t i = 0; p && i < n; i++)
        p[i] = &parts[i];
    if (p)
        qsort(p, n, sizeof(struct part *), by_key_then_version);
    return p;
}

static void pair_all(struct comparing *x, struct part *a, size_t n, struct part *b, size_t m)
{
    struct part **p = sorted(x->a, a, n), **q = sorted(x->a, b, m);

    for (size_t i = 0, j = 0; p && q && i < n && j < m;) {
        int d = hn_str_cmp(p[i]->key, q[j]->key);
        size_t run_a = run_length(p + i, n - i), run_b = run_length(q + j, m - j);
        if (!d)
            pair_runs(p + i, run_a, q + j, run_b);
        i += d <= 0 ? run_a : 0;
        j += d >= 0 ? run_b : 0;
    }
}

/* ---------------------------------------------------------------- what is different */

static void add(struct comparing *x, enum hn_bom_change change, const struct hn_bom_component *a,
                const struct hn_bom_component *b, struct hn_str from, struct hn_str to)
{
    struct hn_bom_diff *d = x->out;

    struct hn_bom_difference *more = hn_arena_more(x->a, d->list, d->n, &d->cap, sizeof *more);
    if (!more)
        return;
    d->list = more;
    d->list[d->n++] = (struct hn_bom_difference){change, a, b, from, to};
    d->count[change]++;
}

/* Tools disagree on the version member ("4.2.46", "4.2.46-31.el7") where their purls agree. */
static struct hn_str full_version(struct hn_arena *a, const struct hn_bom_component *c)
{
    struct hn_purl p;
    if (!c->purl.n || !hn_purl_parse(a, c->purl, &p, NULL) || !p.version.n)
        return c->version;
    struct hn_str epoch = hn_purl_qualifier(&p, "epoch");
    if (epoch.n && !hn_str_eqc(epoch, "0") && hn_str_chr(p.version, ':') < 0)
        return hn_arena_fmt(a, "%.*s:%.*s", HN_FMT(epoch), HN_FMT(p.version));
    return p.version;
}

static void versions(struct comparing *x, const struct hn_bom_component *a, const struct hn_bom_component *b)
{
    enum hn_version_order order = order_of(x->a, b);
    enum hn_bom_change change = HN_BOM_VERSION;
    struct hn_str va = full_version(x->a, a), vb = full_version(x->a, b);

    if (hn_str_eq(va, vb) || hn_str_eq(a->version, b->version))
        return;
    if (order != HN_ORDER_UNKNOWN && va.n && vb.n) {
        int d = hn_version_cmp(order, hn_str_bytes(va), hn_str_bytes(vb));
        if (!d)
            return;
        change = d < 0 ? HN_BOM_UPGRADED : HN_BOM_DOWNGRADED;
    }
    add(x, change, a, b, va, vb);
}

static void who_and_licence(struct comparing *x, const struct part *a, const struct part *b)
{
    if (!hn_str_eq(a->licence, b->licence))
        add(x, HN_BOM_LICENCE, a->c, b->c, a->licence, b->licence);
    if (!hn_str_eq(a->supplier, b->supplier))
        add(x, HN_BOM_SUPPLIER, a->c, b->c, a->supplier, b->supplier);
}

#define HASHES_MOST 64 /* of one component that are compared */

static void hashes(struct comparing *x, const struct hn_bom_component *a, const struct hn_bom_component *b)
{
    unsigned i = 0, j;

    if (!hn_str_eq(a->version, b->version))
        return;
    for (const struct hn_bom_hash *h = a->hashes; h && i < HASHES_MOST; h = h->next, i++) {
        const struct hn_bom_hash *g = b->hashes;
        for (j = 0; g && j < HASHES_MOST && g->alg != h->alg; j++)
            g = g->next;
        if (!g || g->alg != h->alg || h->alg == HN_BOM_ALG_OTHER)
            continue;
        if (!hn_str_eq(lower(x->a, g->value), lower(x->a, h->value)))
            add(x, HN_BOM_HASH, a, b, h->value, g->value);
    }
}

/* ---------------------------------------------------------------- what is needed */

static struct part *part_of(const struct hn_map *m, const struct hn_bom_component *c)
{
    return c ? hn_map_find(m, hn_bytes_of(&c, sizeof c)) : NULL;
}

static int by_text(const void *a, const void *b)
{
    return hn_str_cmp(*(const struct hn_str *)a, *(const struct hn_str *)b);
}

/* Sorted keys of what it needs. */
static struct hn_str *needs(struct comparing *x, const struct hn_bom *b, const struct hn_map *parts,
                            const struct hn_bom_component *c, size_t *ret_n)
{
    const struct hn_bom_dep *d = c->ref.n ? hn_bom_dep_of(b, c->ref) : NULL;
    size_t n = 0, m = 0;
    struct hn_str *keys;

    for (const struct hn_bom_edge *e = d ? d->edges : NULL; e; e = e->next)
        n += e->rel == HN_BOM_REL_DEPENDS_ON;
    keys = hn_arena_alloc(x->a, (n + 1) * sizeof *keys);
    for (const struct hn_bom_edge *e = d && keys ? d->edges : NULL; e; e = e->next) {
        struct part *p = e->rel == HN_BOM_REL_DEPENDS_ON ? part_of(parts, e->component) : NULL;
        if (p)
            keys[m++] = p->key;
    }
    if (m)
        qsort(keys, m, sizeof *keys, by_text);
    *ret_n = m;
    return keys;
}

/* Said on one side only means that it is not known on the other: no difference. */
static bool tells(const struct hn_bom *b, const struct hn_bom_component *c)
{
    const struct hn_bom_dep *d = c->ref.n ? hn_bom_dep_of(b, c->ref) : NULL;
    return d && (d->says_depends || !d->edges);
}

static void dependencies(struct comparing *x, const struct hn_bom_component *a, const struct hn_bom_component *b)
{
    static const struct hn_str none = {"", 0};
    size_t n, m;

    if (!tells(x->bom_a, a) || !tells(x->bom_b, b))
        return;
    struct hn_str *p = needs(x, x->bom_a, &x->parts_a, a, &n), *q = needs(x, x->bom_b, &x->parts_b, b, &m);
    for (size_t i = 0, j = 0; p && q && (i < n || j < m);) {
        int d = i == n ? 1 : j == m ? -1 : hn_str_cmp(p[i], q[j]);
        struct hn_str key = d <= 0 ? p[i] : q[j];
        if (d < 0)
            add(x, HN_BOM_NEEDS_NOT, a, b, key, none);
        else if (d > 0)
            add(x, HN_BOM_NEEDS, a, b, none, key);
        while (i < n && hn_str_eq(p[i], key))
            i++;
        while (j < m && hn_str_eq(q[j], key))
            j++;
    }
}

struct hn_err hn_bom_compare(struct hn_arena *arena, const struct hn_bom *a, const struct hn_bom *b, bool files,
                             struct hn_bom_diff *ret)
{
    struct comparing x = {.a = arena, .out = ret, .bom_a = a, .bom_b = b};
    static const struct hn_str none = {"", 0};
    size_t n = 0, m = 0;

    *ret = (struct hn_bom_diff){.list = NULL};
    hn_map_init(&x.parts_a);
    hn_map_init(&x.parts_b);
    hn_map_init(&x.names_a);
    hn_map_init(&x.names_b);
    hn_bom_licence_names(arena, a, &x.names_a);
    hn_bom_licence_names(arena, b, &x.names_b);
    struct part *p = parts_of(&x, a, files, &x.parts_a, &n), *q = parts_of(&x, b, files, &x.parts_b, &m);
    if (p && q)
        pair_all(&x, p, n, q, m);
    if (a->subject && b->subject && n && m && !p[0].twin && !q[0].twin && p[0].c == a->subject && q[0].c == b->subject)
        pair(&p[0], &q[0]); /* what the two are about is one thing under two names */
    for (size_t i = 0; p && q && i < n; i++) {
        size_t before = ret->n;
        if (!p[i].twin) {
            add(&x, HN_BOM_REMOVED, p[i].c, NULL, p[i].c->version, none);
            continue;
        }
        versions(&x, p[i].c, p[i].twin->c);
        who_and_licence(&x, &p[i], p[i].twin);
        hashes(&x, p[i].c, p[i].twin->c);
        dependencies(&x, p[i].c, p[i].twin->c);
        ret->same += ret->n == before;
    }
    for (size_t j = 0; p && q && j < m; j++)
        if (!q[j].twin)
            add(&x, HN_BOM_ADDED, NULL, q[j].c, none, q[j].c->version);
    hn_map_done(&x.parts_a);
    hn_map_done(&x.parts_b);
    hn_map_done(&x.names_a);
    hn_map_done(&x.names_b);
    return arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}
