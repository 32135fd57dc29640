/* Inside the store's part for software. The tables hold everything; for questions they are held in memory as well:
 *
 *   component 1 … n (columns)        ◀── parts of each holder (release by its SBOM, host by its packages)
 *        │ matches, by component     ──▶ reverse: holders of each component
 *        ▼
 *   advisory ──▶ vulnerability (advisories that are aliases of each other)
 *
 * Two million memberships are 8 MB here and are walked in milliseconds. A change marks what it changed (soft_dirty);
 * the next question reads that part again. What is undone drops everything. */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "store/internal.h"
#include "store/software.h"

enum {
    SOFT_COMPONENTS = 1, /* new rows only */
    SOFT_STATES = 2,     /* states of components */
    SOFT_THINGS = 4,     /* products, releases, deployments */
    SOFT_HOLDERS = 8,    /* SBOMs and packages of hosts */
    SOFT_MATCHES = 16,
    SOFT_VEX = 32,
    SOFT_ALL = 63
};

struct soft_component {
    uint32_t ecosystem, licence, name, version, source; /* in texts */
    uint8_t state;                                      /* enum hn_component_state */
    bool there;
};

struct soft_product {
    int64_t n, org_n, owner;
    struct hn_str id, name, supplier;
    hn_time contract_until;
    bool ended;
};

struct soft_release {
    int64_t n;
    struct hn_str id, version;
    uint32_t product; /* index */
    hn_time created;
};

struct soft_deployment {
    int64_t n, org_n, asset_n /* 0 none */, owner;
    uint32_t release, next_of_release; /* index; STORE_NONE ends */
    struct hn_str id, service, customers;
    hn_time since, until;
};

struct soft_holder {
    int64_t n;        /* of sbom or asset_part */
    uint32_t release; /* index; STORE_NONE: a host */
    int64_t asset_n;  /* of a host */
    hn_time since, until;
    const uint32_t *parts; /* component numbers, document order */
    uint32_t parts_n;
};

struct soft_advisory {
    struct hn_store_advisory out;
    int64_t n;
    uint32_t vuln;
};

struct soft_vuln {
    struct hn_str id;
    uint32_t *advisories, advisories_n; /* indexes */
    uint32_t *matches, matches_n;       /* indexes into matches */
    uint32_t vex;                       /* first statement; STORE_NONE */
    double epss, cvss;
    int kev, severity, automatable;
    struct hn_str impact;
};

struct soft_match {
    uint32_t component, advisory /* index */, vuln, fixed /* in texts */;
    int64_t n;
    uint8_t confidence;
    hn_time since, until;
};

struct soft_vex {
    int64_t n, org_n;
    struct hn_str id;
    uint32_t product, release; /* indexes; STORE_NONE: any */
    uint32_t *components, components_n;
    bool by_component;              /* only those; else all */
    uint32_t *releases, releases_n; /* all of these releases too: a range of the product's versions */
    uint8_t status, trust;
    hn_time at, from, until; /* in force; until 0 = open */
    uint32_t next;           /* of the same vulnerability */
};

/* Holders of each component: to[at[c]] … to[at[c + 1]], of holders from … end. */
struct soft_index {
    uint32_t *at, *to; /* NULL: to be made */
    uint32_t comp_n, from, end;
    size_t n; /* memberships */
};

struct store_soft {
    unsigned dirty;
    struct store_dict texts;
    struct soft_component *comp; /* by number: comp_n + 1 of them, 0 unused */
    uint32_t comp_n, comp_cap;

    struct hn_arena things;
    struct soft_product *products;
    struct soft_release *releases;
    struct soft_deployment *deployments;
    uint32_t products_n, releases_n, deployments_n;
    uint32_t *deployment_of_release;           /* first; STORE_NONE */
    struct hn_map product_by_id, release_by_n; /* index + 1 */

    struct hn_arena parts; /* grows; holders' lists */
    struct soft_holder *holders;
    uint32_t holders_n, holders_cap;
    struct hn_map holder_by_n; /* key: kind and number; index + 1 */
    int64_t sbom_last, asset_part_last;
    struct soft_index reverse[2]; /* of the holders that were there when it was made; of the few that came since */

    struct hn_arena matches_arena;
    struct soft_advisory *advisories;
    struct soft_vuln *vulns;
    struct soft_match *matches; /* by component */
    uint32_t advisories_n, vulns_n, matches_n;
    uint32_t *match_at;         /* comp_n + 2 offsets */
    uint32_t match_at_n;        /* for how many components */
    struct hn_map vuln_by_name; /* any alias; index + 1 */
    hn_time feed_at, matched_at;

    struct hn_arena vex_arena;
    struct soft_vex *vex;
    uint32_t vex_n;
};

/* Everything that is dirty is read again. */
HN_MUST struct hn_err soft_fresh(struct hn_store *s);
HN_MUST struct hn_err soft_reverse(struct hn_store *s);

/* Each holder of a component once, in rising order; after soft_reverse(). */
struct soft_each {
    const struct store_soft *m;
    uint32_t component;
    unsigned index; /* of m->reverse: the next one */
    const uint32_t *at, *end;
    uint32_t last;
};
static inline struct soft_each soft_holders_of(const struct store_soft *m, uint32_t component)
{
    return (struct soft_each){.m = m, .component = component, .last = STORE_NONE};
}
static inline bool soft_each_next(struct soft_each *e, uint32_t *ret)
{
    for (;;) {
        while (e->at == e->end) {
            if (e->index == 2)
                return false;
            const struct soft_index *x = &e->m->reverse[e->index++];
            if (!x->at || e->component > x->comp_n)
                continue;
            e->at = x->to + x->at[e->component];
            e->end = x->to + x->at[e->component + 1];
        }
        *ret = *e->at++;
        if (*ret == e->last) /* a document may name a component twice: its holder then comes twice in a row */
            continue;
        e->last = *ret;
        return true;
    }
}
void soft_dirty(struct hn_store *s, unsigned what);
HN_MUST struct hn_err soft_read_matches(struct hn_store *s); /* software_match.c */
HN_MUST struct hn_err soft_read_vex(struct hn_store *s);     /* software_vex.c */

static inline struct hn_str soft_text(const struct store_soft *m, uint32_t n)
{
    return m->texts.text[n];
}
static inline bool soft_live(hn_time since, hn_time until, hn_time at)
{
    return since <= at && (until == 0 || until > at);
}

/* Who asks, about when, about which part of the tree. Arrays in the arena. */
struct soft_scope {
    struct hn_store *s;
    struct store_soft *m;
    hn_time at;      /* never 0 */
    bool *org;       /* by index: visible and below the narrowing organisation */
    uint8_t *holder; /* by index: it counts */
};
HN_MUST struct hn_err soft_scope(struct hn_store *s, const struct hn_principal *p, struct hn_str org, hn_time as_of,
                                 struct hn_arena *a, struct soft_scope *ret);
bool soft_sees_org(const struct soft_scope *k, int64_t org_n);
int64_t soft_holder_org(const struct soft_scope *k, const struct soft_holder *h); /* 0 none */
static inline bool soft_match_live(const struct soft_scope *k, const struct soft_match *x)
{
    return soft_live(x->since, x->until, k->at) && k->m->advisories[x->advisory].out.withdrawn == 0;
}
/* Matches of a component: indexes from … to. */
static inline uint32_t soft_matches_of(const struct store_soft *m, uint32_t component, uint32_t *to)
{
    if (component >= m->match_at_n)
        return *to = 0;
    *to = m->match_at[component + 1];
    return m->match_at[component];
}
/* What the statements say about a vulnerability of a component in a holder. ret_vex may be NULL. */
enum hn_vex_status soft_vex_of(const struct soft_scope *k, const struct soft_holder *h, uint32_t vuln,
                               uint32_t component, uint32_t *ret_vex);
static inline bool soft_answered(enum hn_vex_status st)
{
    return st == HN_VEX_NOT_AFFECTED || st == HN_VEX_FIXED;
}

/* Adds up the open vulnerabilities of holders, one after the other; each vulnerability counts once. */
struct soft_tally {
    const struct soft_scope *k;
    uint32_t *seen, *open; /* by vulnerability: round */
    uint32_t *comp;        /* by component: round */
    uint32_t round;
    uint64_t components, unknown, unjudged, vulnerabilities, kev, answered, kev_unknown, epss_unknown;
    double log_none; /* Σ log(1 − EPSS) */
};
HN_MUST struct hn_err soft_tally_init(struct soft_tally *t, const struct soft_scope *k, struct hn_arena *a);
void soft_tally_begin(struct soft_tally *t);
void soft_tally_add(struct soft_tally *t, const struct soft_holder *h);
double soft_tally_p(const struct soft_tally *t);
double soft_epss_log(double epss); /* log(1 − EPSS), bounded; 0 when unknown */

/* A page of n sorted rows: offset cursor. Gives the range. */
HN_MUST struct hn_err soft_page(struct hn_store *s, const struct hn_page *page, size_t n, struct hn_arena *a,
                                size_t *ret_from, size_t *ret_to, struct hn_listing *ret);
/* Orders that a list knows, up to one without a name. A "-" before the name turns the order round. */
struct soft_order {
    const char *name;
    int (*cmp)(const void *, const void *);
};
HN_MUST struct hn_err soft_sort(struct hn_store *s, struct hn_str sort, const struct soft_order *orders, void *rows,
                                size_t n, size_t size);
bool soft_words(const struct store_search *f, const struct hn_str *texts, size_t n); /* all words in some of them */

/* software_pack.c: lists of numbers, LEB128. */
void soft_pack(struct hn_buf *b, uint64_t v);
struct soft_unpack {
    const uint8_t *p, *end;
    bool bad;
};
static inline uint64_t soft_unpack(struct soft_unpack *u)
{
    uint64_t v = 0;

    for (unsigned shift = 0; u->p < u->end && shift < 64; shift += 7) {
        uint8_t b = *u->p++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128)
            return v;
    }
    u->bad = true;
    return 0;
}
/* count, then each number. NULL: damaged, or memory. */
const uint32_t *soft_unpack_list(struct hn_bytes b, struct hn_arena *a, uint32_t *ret_n);
/* What pulls each position in: for each its parents + 1 (0 = the subject), and whether its dependencies are stated. */
HN_MUST struct hn_err soft_pack_edges(struct hn_store *s, const struct hn_store_sbom_in *in, struct hn_buf *ret);
struct soft_edges {
    uint32_t n, *at, *parent; /* parents of i: parent[at[i]] … at[i + 1]; STORE_NONE is the subject */
    bool *stated;
};
bool soft_unpack_edges(struct hn_bytes b, struct hn_arena *a, struct soft_edges *ret);
HN_MUST struct hn_err soft_deflate(struct hn_store *s, struct hn_bytes raw, struct hn_arena *a, struct hn_bytes *ret);
HN_MUST struct hn_err soft_inflate(struct hn_store *s, struct hn_bytes packed, size_t size, struct hn_arena *a,
                                   struct hn_bytes *ret);

/* Components by their fields: found or made. ns: one number each. */
HN_MUST struct hn_err soft_intern(struct hn_store *s, const struct hn_store_component_in *in, size_t n, uint32_t *ns,
                                  uint64_t *ret_fresh);
HN_MUST struct hn_err soft_component_fill(struct hn_store *s, uint32_t n, struct hn_arena *a,
                                          struct hn_store_component *ret);

/* Of a visible product, from the table: nothing is read into memory for it. NOENT, PERM; STATE when it has ended and
 * more than looking is wanted. */
struct soft_product_at {
    int64_t n, org_n;
    bool ended;
};
HN_MUST struct hn_err soft_product_need(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                        enum hn_role role, struct soft_product_at *ret);
uint32_t soft_product_of_n(const struct store_soft *m, int64_t n); /* STORE_NONE */
uint32_t soft_release_of_n(const struct store_soft *m, int64_t n); /* STORE_NONE */
/* Its number; made when it is not there. */
HN_MUST struct hn_err soft_release_make(struct hn_store *s, int64_t product, struct hn_str version, int64_t *ret_n,
                                        struct hn_arena *a, struct hn_str *ret_id);
HN_MUST struct hn_err soft_account_name(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_str *ret_id,
                                        struct hn_str *ret_name);
/* A column that holds a SHA-256, as hex; empty when it holds none. */
struct hn_str soft_sha256(struct st *q, int column, struct hn_arena *a);
void soft_org_names(struct hn_store *s, int64_t org_n, struct hn_arena *a, struct hn_str *id, struct hn_str *en,
                    struct hn_str *ja);
HN_MUST struct hn_err soft_need_admin(struct hn_store *s, const struct hn_principal *p);
bool soft_json(struct hn_str text, enum hn_jkind kind); /* valid JSON of that kind, or empty */
