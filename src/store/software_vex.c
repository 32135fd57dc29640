/* Statements about products and vulnerabilities: who said what, until when; and which one counts.
 *
 * Of the statements in force that apply to a holder's component, the one with the most trust counts, and of those the
 * latest: a supplier does not overrule our own analysis by being later. */
#include <stdio.h>

#include "store/software_in.h"

static const char *const names[] = {"not_affected", "affected", "fixed", "under_investigation", "none"};

const char *hn_vex_status_name(enum hn_vex_status st)
{
    return (unsigned)st < 5 ? names[st] : "none";
}

bool hn_vex_status_parse(struct hn_str s, enum hn_vex_status *ret)
{
    for (int i = 0; i < HN_VEX_NONE; i++)
        if (hn_str_eqc(s, names[i])) {
            *ret = (enum hn_vex_status)i;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- in memory */

void hn_store_on_range(struct hn_store *s,
                       bool (*covers)(struct hn_str said, struct hn_str purl, struct hn_str version))
{
    s->covers = covers;
}

bool hn_store_vex_has_range(struct hn_str purl)
{
    return hn_str_find(purl, HN_STR("?vers=")) >= 0 || hn_str_find(purl, HN_STR("&vers=")) >= 0;
}

/* Components that a package URL means: itself, and with anything behind it that it leaves open. Everything that begins
 * with "pkg:deb/debian/x@" lies between that and "pkg:deb/debian/xA" in order. Of a range of versions (qualifier
 * "vers") those of its versions that are in it. */
static struct hn_err components_of(struct hn_store *s, struct hn_str purl, struct hn_arena *a, uint32_t **ret,
                                   uint32_t *ret_n)
{
    size_t n = 0, cap = 0;
    bool range = hn_store_vex_has_range(purl),
         version = !range && hn_str_chr(purl, '@') >= 0 && purl.p[purl.n - 1] != '@';
    struct hn_str base = range ? hn_str_cut(purl, 0, (size_t)hn_str_chr(purl, '?')) : purl;
    struct hn_str low = hn_arena_fmt(a, "%.*s%c", HN_FMT(base), version ? '?' : '@');
    struct hn_str high = hn_arena_fmt(a, "%.*s%c", HN_FMT(base), version ? '@' : 'A');
    struct st q = st_open(s, "SELECT n, purl FROM component WHERE purl = ?1 OR (purl >= ?2 AND purl < ?3)");

    *ret = NULL;
    st_str(&q, purl);
    st_str(&q, low);
    st_str(&q, high);
    while (st_row(&q)) {
        if (range && (!s->covers || !s->covers(purl, st_text(&q, 1), HN_STR(""))))
            continue;
        if (!STORE_PUSH(a, *ret, n, cap))
            break;
        (*ret)[n++] = (uint32_t)st_get(&q, 0);
    }
    *ret_n = (uint32_t)n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

bool hn_store_vex_names(struct hn_str purl, struct hn_str product)
{
    size_t from = 0, to = 0;

    for (; to < purl.n && !strchr("@?#", purl.p[to]); to++)
        if (purl.p[to] == '/')
            from = to + 1;
    bool same = to - from == product.n;
    for (size_t i = 0; same && i < product.n; i++)
        same = (purl.p[from + i] | 0x20) == (product.p[i] | 0x20);
    return same;
}

/* The releases of the product that a statement about some of its versions means: "…/front@1", "…/front?vers=…". */
static struct hn_err releases_of(struct hn_store *s, struct soft_vex *v, struct hn_str purl)
{
    struct store_soft *m = s->soft;
    size_t n = 0, cap = 0;

    if (v->product == STORE_NONE || !hn_store_vex_names(purl, m->products[v->product].name))
        return HN_OK;
    for (uint32_t i = 0; i < m->releases_n; i++) {
        const struct soft_release *r = &m->releases[i];
        if (r->product != v->product || !s->covers || !s->covers(purl, HN_STR(""), r->version))
            continue;
        if (!STORE_PUSH(&m->vex_arena, v->releases, n, cap))
            return store_nomem(s);
        v->releases[n++] = i;
    }
    v->releases_n = (uint32_t)n;
    return HN_OK;
}

static struct hn_err attach(struct hn_store *s, uint32_t i, struct hn_str vuln, struct hn_str purl)
{
    struct store_soft *m = s->soft;
    uintptr_t at = (uintptr_t)hn_map_find(&m->vuln_by_name, hn_str_bytes(vuln));

    if (purl.n) {
        m->vex[i].by_component = true;
        HN_TRY(components_of(s, purl, &m->vex_arena, &m->vex[i].components, &m->vex[i].components_n));
        HN_TRY(releases_of(s, &m->vex[i], purl));
    }
    m->vex[i].next = STORE_NONE;
    if (at) {
        m->vex[i].next = m->vulns[at - 1].vex;
        m->vulns[at - 1].vex = i;
    }
    return HN_OK;
}

static hn_time earlier(hn_time a, hn_time b)
{
    return !a ? b : !b ? a : a < b ? a : b;
}

static struct hn_err read_row(struct hn_store *s, struct st *q, size_t *n, size_t *cap)
{
    struct store_soft *m = s->soft;
    struct hn_arena *a = &m->vex_arena;
    int64_t product = st_get(q, 2), release = st_get(q, 3);

    if (!STORE_PUSH(a, m->vex, *n, *cap))
        return store_nomem(s);
    m->vex[*n] = (struct soft_vex){.n = st_get(q, 0),
                                   .org_n = st_get(q, 1),
                                   .product = product ? soft_product_of_n(m, product) : STORE_NONE,
                                   .release = release ? soft_release_of_n(m, release) : STORE_NONE,
                                   .id = st_copy(q, 4, a),
                                   .status = (uint8_t)st_get(q, 7),
                                   .trust = (uint8_t)st_get(q, 8),
                                   .at = st_get(q, 9),
                                   .from = st_get(q, 10),
                                   .until = earlier(st_get(q, 11), st_get(q, 12))};
    HN_TRY(attach(s, (uint32_t)*n, st_text(q, 5), st_copy(q, 6, a)));
    ++*n;
    return HN_OK;
}

struct hn_err soft_read_vex(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_err e = HN_OK;
    size_t n = 0, cap = 0;

    hn_arena_clear(&m->vex_arena);
    m->vex = NULL;
    for (uint32_t i = 0; i < m->vulns_n; i++)
        m->vulns[i].vex = STORE_NONE;
    struct st q =
        st_open(s, "SELECT n, org, coalesce(product, 0), coalesce(release, 0), id, vuln, purl, status, trust, at, "
                   "put_at, expires, ended_at FROM vex ORDER BY n");
    while (hn_ok(e) && st_row(&q))
        e = read_row(s, &q, &n, &cap);
    m->vex_n = (uint32_t)n;
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

static bool holds(const struct soft_vex *v, uint32_t release, uint32_t component)
{
    for (uint32_t i = 0; i < v->releases_n; i++)
        if (v->releases[i] == release)
            return true;
    for (uint32_t i = 0; i < v->components_n; i++)
        if (v->components[i] == component)
            return true;
    return !v->by_component;
}

static bool applies(const struct soft_scope *k, const struct soft_vex *v, const struct soft_holder *h,
                    uint32_t component)
{
    uint32_t top = store_org_of_n(k->s, v->org_n);

    if (!soft_live(v->from, v->until, k->at))
        return false;
    if (v->product != STORE_NONE && (h->release == STORE_NONE || k->m->releases[h->release].product != v->product))
        return false;
    if (v->release != STORE_NONE && h->release != v->release)
        return false;
    if (v->product == STORE_NONE &&
        (top == STORE_NONE || !store_org_below(k->s, top, store_org_of_n(k->s, soft_holder_org(k, h)))))
        return false;
    return holds(v, h->release, component);
}

enum hn_vex_status soft_vex_of(const struct soft_scope *k, const struct soft_holder *h, uint32_t vuln,
                               uint32_t component, uint32_t *ret_vex)
{
    const struct store_soft *m = k->m;
    uint32_t best = STORE_NONE;

    for (uint32_t i = m->vulns[vuln].vex; i != STORE_NONE; i = m->vex[i].next) {
        const struct soft_vex *v = &m->vex[i], *b = best == STORE_NONE ? NULL : &m->vex[best];
        if (!applies(k, v, h, component))
            continue;
        if (!b || v->trust > b->trust || (v->trust == b->trust && (v->at > b->at || (v->at == b->at && v->n > b->n))))
            best = i;
    }
    if (ret_vex)
        *ret_vex = best;
    return best == STORE_NONE ? HN_VEX_NONE : (enum hn_vex_status)m->vex[best].status;
}

/* ---------------------------------------------------------------- putting */

struct put {
    struct hn_store *s;
    const struct hn_principal *p;
    const struct hn_store_vex_in *in;
    struct hn_arena *a;
    int64_t org, product;
    char id[HN_ID_TEXT];
};

static enum hn_role role_for(enum hn_vex_status st)
{
    return soft_answered(st) ? HN_ROLE_APPROVER : HN_ROLE_OPERATOR;
}

static struct hn_err insert(struct put *x)
{
    const struct hn_store_vex_in *in = x->in;
    int64_t release = 0;
    struct hn_str unused;

    if (in->version.n && x->product)
        HN_TRY(soft_release_make(x->s, x->product, in->version, &release, x->a, &unused));
    struct st q =
        st_open(x->s, "INSERT INTO vex (id, org, product, release, purl, vuln, status, justification, statement, "
                      "author, origin, document, trust, at, expires, put_at, put_by) VALUES (?, ?, ?, ?, ?, ?, "
                      "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    st_c(&q, x->id);
    st_int(&q, x->org);
    st_ref(&q, x->product);
    st_ref(&q, release);
    st_str(&q, in->purl);
    st_str(&q, in->vuln);
    st_int(&q, in->status);
    st_str(&q, in->justification);
    st_str(&q, in->statement);
    st_str(&q, in->author);
    st_str(&q, in->origin.n ? in->origin : HN_STR("own"));
    st_str(&q, in->document);
    st_int(&q, in->trust);
    st_int(&q, in->at ? in->at : hn_now());
    st_int(&q, in->expires);
    st_int(&q, hn_now());
    st_str(&q, x->p->name);
    HN_TRY(st_do(&q));
    char detail[320];
    snprintf(detail, sizeof detail, "%.200s %s", hn_arena_cstr(x->a, in->vuln), hn_vex_status_name(in->status));
    if (x->product)
        HN_TRY(store_history_add(x->s, STORE_ON_PRODUCT, x->product, hn_now(), "vex", 0, x->p->name, hn_str_c(detail)));
    HN_TRY(store_audit_add(x->s, x->p, x->org, "vex.put", hn_str_c(x->id), hn_str_c(detail)));
    return store_event_add(x->s, x->org, "vex", hn_str_c(x->id), "stored");
}

static struct hn_err valid(struct hn_store *s, const struct hn_store_vex_in *in)
{
    if (!in->vuln.n || in->vuln.n > 256 || in->purl.n > 8192 || in->justification.n > 256 || in->statement.n > 65536 ||
        in->author.n > 1024 || in->origin.n > 64 || in->document.n > 4096 || in->version.n > 1024 || in->trust > 100)
        return store_fail(s, HN_E_INVALID, "a statement needs a vulnerability, and texts of sensible length");
    if ((unsigned)in->status >= HN_VEX_NONE)
        return store_fail(s, HN_E_INVALID, "a statement needs a status");
    if (in->status == HN_VEX_NOT_AFFECTED && !in->justification.n && !in->statement.n)
        return store_fail(s, HN_E_INVALID, "not affected needs a justification or a statement of the impact");
    if (in->status == HN_VEX_AFFECTED && !in->statement.n)
        return store_fail(s, HN_E_INVALID, "affected needs a statement of what is to be done");
    if (in->purl.n && !hn_str_starts(in->purl, "pkg:"))
        return store_fail(s, HN_E_INVALID, "a component is named by its package URL");
    if (in->expires && in->expires <= hn_now())
        return store_fail(s, HN_E_INVALID, "the statement would have expired already");
    return HN_OK;
}

struct hn_err hn_store_vex_put(struct hn_store *s, const struct hn_principal *p, const struct hn_store_vex_in *in,
                               struct hn_arena *a, struct hn_str *ret_id)
{
    struct put x = {.s = s, .p = p, .in = in, .a = a};
    struct soft_product_at product = {0};

    store_ask(s, p);
    HN_TRY(valid(s, in));
    if (in->product.n) {
        HN_TRY(soft_product_need(s, p, in->product, role_for(in->status), &product));
    } else {
        uint32_t org = store_org_at(s, in->org.n ? in->org : HN_STR(HN_STORE_ROOT));
        HN_TRY(store_need(s, p, org, role_for(in->status)));
        product.org_n = s->orgs[org].n;
    }
    x.product = product.n;
    x.org = product.org_n;
    HN_TRY(hn_id_new(x.id));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, insert(&x)));
    soft_dirty(s, SOFT_VEX | (in->version.n ? SOFT_THINGS : 0));
    *ret_id = hn_arena_str(a, hn_str_c(x.id));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err end(struct hn_store *s, const struct hn_principal *p, const struct soft_vex *x)
{
    struct st q = st_open(s, "UPDATE vex SET ended_at = max(put_at + 1, ?) WHERE n = ?");

    st_int(&q, hn_now());
    st_int(&q, x->n);
    HN_TRY(st_do(&q));
    if (x->product != STORE_NONE)
        HN_TRY(store_history_add(s, STORE_ON_PRODUCT, s->soft->products[x->product].n, hn_now(), "vex_ended", 0,
                                 p->name, x->id));
    HN_TRY(store_audit_add(s, p, x->org_n, "vex.end", x->id, HN_STR("")));
    return store_event_add(s, x->org_n, "vex", x->id, "ended");
}

struct hn_err hn_store_vex_end(struct hn_store *s, const struct hn_principal *p, struct hn_str id)
{
    const struct soft_vex *x = NULL;

    store_ask(s, p);
    HN_TRY(soft_fresh(s));
    for (uint32_t i = 0; i < s->soft->vex_n && !x; i++)
        if (hn_str_eq(s->soft->vex[i].id, id))
            x = &s->soft->vex[i];
    HN_TRY(store_need(s, p, x ? store_org_of_n(s, x->org_n) : STORE_NONE,
                      x ? role_for((enum hn_vex_status)x->status) : HN_ROLE_VIEWER));
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, end(s, p, x)));
    soft_dirty(s, SOFT_VEX);
    return HN_OK;
}

/* ---------------------------------------------------------------- reading */

#define VEX_SELECT                                                                                                     \
    "SELECT v.id, v.org, coalesce(p.id, ''), coalesce(p.name, ''), coalesce(r.version, ''), v.purl, v.vuln, "          \
    "v.justification, v.statement, v.author, v.origin, v.document, v.put_by, v.status, v.trust, v.at, v.expires, "     \
    "v.put_at, v.ended_at FROM vex v LEFT JOIN product p ON p.n = v.product LEFT JOIN product_release r ON "           \
    "r.n = v.release "

static void fill(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_store_vex *ret)
{
    *ret = (struct hn_store_vex){.id = st_copy(q, 0, a),
                                 .product = st_copy(q, 2, a),
                                 .product_name = st_copy(q, 3, a),
                                 .version = st_copy(q, 4, a),
                                 .purl = st_copy(q, 5, a),
                                 .vuln = st_copy(q, 6, a),
                                 .justification = st_copy(q, 7, a),
                                 .statement = st_copy(q, 8, a),
                                 .author = st_copy(q, 9, a),
                                 .origin = st_copy(q, 10, a),
                                 .document = st_copy(q, 11, a),
                                 .put_by = st_copy(q, 12, a),
                                 .status = (enum hn_vex_status)st_get(q, 13),
                                 .trust = (unsigned)st_get(q, 14),
                                 .at = st_get(q, 15),
                                 .expires = st_get(q, 16),
                                 .put_at = st_get(q, 17),
                                 .ended_at = st_get(q, 18)};
    ret->in_force = !ret->ended_at && (!ret->expires || ret->expires > hn_now());
    soft_org_names(s, st_get(q, 1), a, &ret->org, &ret->org_name_en, &ret->org_name_ja);
}

/* A product that may be seen brings its statements; the others are seen where they were made. */
#define VEX_WHERE                                                                                                      \
    "WHERE sees(v.org, 1) AND below(?1, v.org) AND (?2 = '' OR p.id = ?2) AND (?3 = '' OR v.vuln = ?3) AND (?4 OR "    \
    "(v.ended_at = 0 AND (v.expires = 0 OR v.expires > ?5))) "

static void bind_where(struct st *q, const struct hn_store_vex_query *qu, uint32_t top)
{
    st_int(q, top);
    st_str(q, qu->product);
    st_str(q, qu->vuln);
    st_int(q, qu->with_ended);
    st_int(q, hn_now());
}

#define VEX_LIST                                                                                                       \
    "SELECT v.n, v.vuln, coalesce(p.name, ''), v.purl, v.author, v.statement, v.justification, v.document FROM vex v " \
    "LEFT JOIN product p ON p.n = v.product " VEX_WHERE "ORDER BY "
#define VEX_LATEST ", v.at DESC, v.n DESC"

/* A statement that never expires comes after those that do. */
static const struct {
    const char *name, *sql;
} orders[] = {{"-at", VEX_LIST "v.at DESC, v.n DESC"},
              {"at", VEX_LIST "v.at, v.n"},
              {"vuln", VEX_LIST "v.vuln" VEX_LATEST},
              {"-vuln", VEX_LIST "v.vuln DESC" VEX_LATEST},
              {"status", VEX_LIST "v.status" VEX_LATEST},
              {"-status", VEX_LIST "v.status DESC" VEX_LATEST},
              {"product", VEX_LIST "p.name" VEX_LATEST},
              {"-product", VEX_LIST "p.name DESC" VEX_LATEST},
              {"author", VEX_LIST "v.author" VEX_LATEST},
              {"-author", VEX_LIST "v.author DESC" VEX_LATEST},
              {"expires", VEX_LIST "v.expires = 0, v.expires" VEX_LATEST},
              {"-expires", VEX_LIST "v.expires = 0 DESC, v.expires DESC" VEX_LATEST}};

static const char *list_sql(struct hn_str sort)
{
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (hn_str_eqc(sort, orders[i].name))
            return orders[i].sql;
    return sort.n ? NULL : orders[0].sql;
}

/* The numbers of all that are asked for, in order. */
static struct hn_err list_numbers(struct hn_store *s, const struct hn_store_vex_query *qu, uint32_t top,
                                  struct hn_arena *a, int64_t **ret, size_t *ret_n)
{
    struct store_search f;
    size_t cap = 0;
    const char *sql = list_sql(qu->page.sort);

    *ret = NULL;
    *ret_n = 0;
    if (!sql)
        return store_fail(s, HN_E_INVALID, "this list cannot be sorted that way");
    store_search_init(&f, qu->q);
    struct st q = st_open(s, sql);
    bind_where(&q, qu, top);
    while (!a->failed && st_row(&q)) {
        struct hn_str texts[7];
        for (int i = 0; i < 7; i++)
            texts[i] = st_text(&q, i + 1);
        if ((f.n && !soft_words(&f, texts, 7)) || !STORE_PUSH(a, *ret, *ret_n, cap))
            continue;
        (*ret)[(*ret_n)++] = st_get(&q, 0);
    }
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_vexes(struct hn_store *s, const struct hn_principal *p, const struct hn_store_vex_query *qu,
                             struct hn_arena *a, struct hn_store_vex **ret, struct hn_listing *ret_listing)
{
    size_t from, to, n;
    int64_t *rows;
    uint32_t top;

    store_ask(s, p);
    HN_TRY(store_subtree(s, p, qu->org, &top));
    HN_TRY(list_numbers(s, qu, top, a, &rows, &n));
    HN_TRY(soft_page(s, &qu->page, n, a, &from, &to, ret_listing));
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    for (size_t i = from; i < to; i++) {
        struct st q = st_open(s, VEX_SELECT "WHERE v.n = ?");
        st_int(&q, rows[i]);
        if (st_row(&q))
            fill(s, &q, a, &(*ret)[i - from]);
        HN_TRY(st_end(&q));
    }
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_vex_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                               struct hn_store_vex *ret)
{
    bool there = false;

    store_ask(s, p);
    struct st q = st_open(s, VEX_SELECT "WHERE sees(v.org, 1) AND v.id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        fill(s, &q, a, ret);
        there = true;
    }
    HN_TRY(st_end(&q));
    if (!there)
        return store_fail(s, HN_E_NOENT, "there is no such statement");
    return a->failed ? store_nomem(s) : HN_OK;
}
