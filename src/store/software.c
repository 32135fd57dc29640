/* Software in memory: reading what changed, who holds what, what is seen of it. */
#include <math.h>
#include <stdlib.h>

#include "store/software_in.h"

/* ---------------------------------------------------------------- life */

static struct store_soft *soft_new(void)
{
    struct store_soft *m = hn_alloc_zero(sizeof *m);

    if (!m)
        return NULL;
    m->dirty = SOFT_ALL;
    store_dict_init(&m->texts);
    hn_arena_init(&m->things, (size_t)2 << 30);
    hn_arena_init(&m->parts, (size_t)4 << 30);
    hn_arena_init(&m->matches_arena, (size_t)4 << 30);
    hn_arena_init(&m->vex_arena, (size_t)1 << 30);
    hn_map_init(&m->product_by_id);
    hn_map_init(&m->release_by_n);
    hn_map_init(&m->vuln_by_name);
    return m;
}

static void index_drop(struct soft_index *x)
{
    hn_free(x->at);
    hn_free(x->to);
    *x = (struct soft_index){0};
}

void store_soft_drop(struct hn_store *s)
{
    struct store_soft *m = s->soft;

    if (!m)
        return;
    store_dict_done(&m->texts);
    hn_arena_done(&m->things);
    hn_arena_done(&m->parts);
    hn_arena_done(&m->matches_arena);
    hn_arena_done(&m->vex_arena);
    hn_map_done(&m->product_by_id);
    hn_map_done(&m->release_by_n);
    hn_map_done(&m->vuln_by_name);
    hn_free(m->comp);
    hn_free(m->holders);
    index_drop(&m->reverse[0]);
    index_drop(&m->reverse[1]);
    hn_free(m);
    s->soft = NULL;
}

void soft_dirty(struct hn_store *s, unsigned what)
{
    if (s->soft)
        s->soft->dirty |= what;
}

static bool room(void **p, uint32_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return true;
    size_t to = *cap ? *cap : 256;
    while (to < need)
        to *= 2;
    void *q = to > UINT32_MAX ? NULL : hn_realloc(*p, to * size);
    if (!q)
        return false;
    memset((char *)q + *cap * size, 0, (to - *cap) * size);
    *p = q;
    *cap = (uint32_t)to;
    return true;
}

/* ---------------------------------------------------------------- components */

static struct hn_err read_component(struct hn_store *s, struct st *q)
{
    struct store_soft *m = s->soft;
    int64_t n = st_get(q, 0);

    if (n <= 0 || n >= UINT32_MAX || !room((void **)&m->comp, &m->comp_cap, (size_t)n + 1, sizeof *m->comp))
        return store_nomem(s);
    struct soft_component *c = &m->comp[n];
    HN_TRY(store_dict_add(&m->texts, st_text(q, 1), &c->ecosystem));
    HN_TRY(store_dict_add(&m->texts, st_text(q, 2), &c->licence));
    HN_TRY(store_dict_add(&m->texts, st_text(q, 3), &c->name));
    HN_TRY(store_dict_add(&m->texts, st_text(q, 4), &c->version));
    HN_TRY(store_dict_add(&m->texts, st_text(q, 5), &c->source));
    c->state = (uint8_t)st_get(q, 6);
    c->there = true;
    m->comp_n = (uint32_t)n > m->comp_n ? (uint32_t)n : m->comp_n;
    return HN_OK;
}

static struct hn_err read_components(struct hn_store *s)
{
    struct hn_err e = HN_OK;
    struct st q = st_open(s, "SELECT n, ecosystem, licence, name, version, source, state FROM component "
                             "WHERE n > ? ORDER BY n");

    st_int(&q, s->soft->comp_n);
    while (hn_ok(e) && st_row(&q))
        e = read_component(s, &q);
    struct hn_err end = st_end(&q);
    return hn_ok(e) ? end : e;
}

static struct hn_err read_states(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct st q = st_open(s, "SELECT n, state FROM component");

    while (st_row(&q))
        if (st_get(&q, 0) <= m->comp_n)
            m->comp[st_get(&q, 0)].state = (uint8_t)st_get(&q, 1);
    return st_end(&q);
}

/* ---------------------------------------------------------------- products, releases, deployments */

static struct hn_err read_products(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_arena *a = &m->things;
    size_t n = 0, cap = 0;
    struct st q =
        st_open(s, "SELECT n, org, coalesce(owner, 0), id, name, supplier, contract_until, ended_at FROM product "
                   "ORDER BY n");

    m->products = NULL;
    while (st_row(&q) && STORE_PUSH(a, m->products, n, cap)) {
        m->products[n] = (struct soft_product){.n = st_get(&q, 0),
                                               .org_n = st_get(&q, 1),
                                               .owner = st_get(&q, 2),
                                               .id = st_copy(&q, 3, a),
                                               .name = st_copy(&q, 4, a),
                                               .supplier = st_copy(&q, 5, a),
                                               .contract_until = st_get(&q, 6),
                                               .ended = st_get(&q, 7) > 0};
        n++;
    }
    m->products_n = (uint32_t)n;
    HN_TRY(st_end(&q));
    for (uint32_t i = 0; i < m->products_n && !a->failed; i++)
        HN_TRY(hn_map_set(&m->product_by_id, hn_str_bytes(m->products[i].id), (void *)(uintptr_t)(i + 1)));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* Rows come in order of n: the place of a number is found by halving. */
uint32_t soft_product_of_n(const struct store_soft *m, int64_t n)
{
    uint32_t low = 0, high = m->products_n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (m->products[mid].n < n)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->products_n && m->products[low].n == n ? low : STORE_NONE;
}

uint32_t soft_release_of_n(const struct store_soft *m, int64_t n)
{
    uint32_t low = 0, high = m->releases_n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (m->releases[mid].n < n)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->releases_n && m->releases[low].n == n ? low : STORE_NONE;
}

static struct hn_err read_releases(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_arena *a = &m->things;
    size_t n = 0, cap = 0;
    struct st q = st_open(s, "SELECT n, id, version, product, created FROM product_release ORDER BY n");

    m->releases = NULL;
    while (st_row(&q) && STORE_PUSH(a, m->releases, n, cap)) {
        uint32_t product = soft_product_of_n(m, st_get(&q, 3));
        if (product == STORE_NONE)
            continue;
        m->releases[n] = (struct soft_release){.n = st_get(&q, 0),
                                               .id = st_copy(&q, 1, a),
                                               .version = st_copy(&q, 2, a),
                                               .product = product,
                                               .created = st_get(&q, 4)};
        n++;
    }
    m->releases_n = (uint32_t)n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err read_deployments(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_arena *a = &m->things;
    size_t n = 0, cap = 0;
    struct st q = st_open(s, "SELECT n, org, coalesce(asset, 0), coalesce(owner, 0), release, id, service, customers, "
                             "since, until FROM deployment ORDER BY n");

    m->deployments = NULL;
    m->deployment_of_release = hn_arena_alloc(a, ((size_t)m->releases_n + 1) * sizeof *m->deployment_of_release);
    for (uint32_t i = 0; m->deployment_of_release && i < m->releases_n; i++)
        m->deployment_of_release[i] = STORE_NONE;
    while (!a->failed && st_row(&q) && STORE_PUSH(a, m->deployments, n, cap)) {
        uint32_t release = soft_release_of_n(m, st_get(&q, 4));
        if (release == STORE_NONE)
            continue;
        m->deployments[n] = (struct soft_deployment){.n = st_get(&q, 0),
                                                     .org_n = st_get(&q, 1),
                                                     .asset_n = st_get(&q, 2),
                                                     .owner = st_get(&q, 3),
                                                     .release = release,
                                                     .next_of_release = m->deployment_of_release[release],
                                                     .id = st_copy(&q, 5, a),
                                                     .service = st_copy(&q, 6, a),
                                                     .customers = st_copy(&q, 7, a),
                                                     .since = st_get(&q, 8),
                                                     .until = st_get(&q, 9)};
        m->deployment_of_release[release] = (uint32_t)n++;
    }
    m->deployments_n = (uint32_t)n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

static struct hn_err read_things(struct hn_store *s)
{
    struct store_soft *m = s->soft;

    hn_map_done(&m->product_by_id);
    hn_map_init(&m->product_by_id);
    hn_arena_clear(&m->things);
    HN_TRY(read_products(s));
    HN_TRY(read_releases(s));
    return read_deployments(s);
}

/* ---------------------------------------------------------------- holders */

/* Lists are read once; dates and places of all of them again: a newer document ends an older one. */
static struct hn_err add_holder(struct hn_store *s, struct st *q, uint32_t release, int64_t asset)
{
    struct store_soft *m = s->soft;

    if (!room((void **)&m->holders, &m->holders_cap, (size_t)m->holders_n + 1, sizeof *m->holders))
        return store_nomem(s);
    struct soft_holder *h = &m->holders[m->holders_n++];
    *h = (struct soft_holder){
        .n = st_get(q, 0), .release = release, .asset_n = asset, .since = st_get(q, 2), .until = st_get(q, 3)};
    h->parts = soft_unpack_list(st_bytes(q, 4), &m->parts, &h->parts_n);
    if (!h->parts && !m->parts.failed)
        return store_fail(s, HN_E_CORRUPT, "%s: the parts of a document are damaged", s->path);
    for (uint32_t i = 0; h->parts && i < h->parts_n; i++)
        if (h->parts[i] > m->comp_n || !m->comp[h->parts[i]].there)
            return store_fail(s, HN_E_CORRUPT, "%s: a document names a component that is not there", s->path);
    return m->parts.failed ? store_nomem(s) : HN_OK;
}

static struct hn_err read_new(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct hn_err e = HN_OK;
    struct st q = st_open(s, "SELECT b.n, b.release, b.since, b.until, p.parts FROM sbom b JOIN sbom_part p ON "
                             "p.sbom = b.n WHERE b.n > ? ORDER BY b.n");

    st_int(&q, m->sbom_last);
    while (hn_ok(e) && st_row(&q)) {
        uint32_t release = soft_release_of_n(m, st_get(&q, 1));
        m->sbom_last = st_get(&q, 0);
        if (release != STORE_NONE)
            e = add_holder(s, &q, release, 0);
    }
    struct hn_err end = st_end(&q);
    HN_TRY(hn_ok(e) ? end : e);
    struct st r = st_open(s, "SELECT n, asset, since, until, parts FROM asset_part WHERE n > ? ORDER BY n");
    st_int(&r, m->asset_part_last);
    while (hn_ok(e) && st_row(&r)) {
        m->asset_part_last = st_get(&r, 0);
        e = add_holder(s, &r, STORE_NONE, st_get(&r, 1));
    }
    end = st_end(&r);
    return hn_ok(e) ? end : e;
}

/* Both kinds rise by n within the list, so one walk over each finds its rows. */
static struct hn_err read_until(struct hn_store *s, const char *sql, bool hosts, int64_t last)
{
    struct store_soft *m = s->soft;
    uint32_t i = 0;
    struct st q = st_open(s, sql);

    st_int(&q, last);
    while (st_row(&q)) {
        int64_t n = st_get(&q, 0);
        while (i < m->holders_n && ((m->holders[i].release == STORE_NONE) != hosts || m->holders[i].n < n))
            i++;
        if (i < m->holders_n && m->holders[i].n == n) {
            m->holders[i].until = st_get(&q, 1);
            if (!hosts)
                m->holders[i].release = soft_release_of_n(m, st_get(&q, 2));
        }
    }
    return st_end(&q);
}

static struct hn_err read_holders(struct hn_store *s)
{
    struct store_soft *m = s->soft;

    HN_TRY(read_until(s, "SELECT n, until, release FROM sbom WHERE n <= ? ORDER BY n", false, m->sbom_last));
    HN_TRY(read_until(s, "SELECT n, until FROM asset_part WHERE n <= ? ORDER BY n", true, m->asset_part_last));
    return read_new(s);
}

/* A counting sort of the memberships of holders from … */
static struct hn_err index_make(struct hn_store *s, struct soft_index *x, uint32_t from)
{
    struct store_soft *m = s->soft;
    size_t total = 0;

    index_drop(x);
    for (uint32_t i = from; i < m->holders_n; i++)
        total += m->holders[i].parts_n;
    uint32_t *at = hn_alloc_zero(((size_t)m->comp_n + 3) * sizeof *at), *to = hn_alloc((total + 1) * sizeof *to);
    if (!at || !to) {
        hn_free(at);
        hn_free(to);
        return store_nomem(s);
    }
    for (uint32_t i = from; i < m->holders_n; i++)
        for (uint32_t k = 0; k < m->holders[i].parts_n; k++)
            at[m->holders[i].parts[k] + 2]++;
    for (uint32_t i = 2; i < m->comp_n + 3; i++)
        at[i] += at[i - 1];
    for (uint32_t i = from; i < m->holders_n; i++)
        for (uint32_t k = 0; k < m->holders[i].parts_n; k++)
            to[at[m->holders[i].parts[k] + 1]++] = i;
    *x = (struct soft_index){.at = at, .to = to, .comp_n = m->comp_n, .from = from, .end = m->holders_n, .n = total};
    return HN_OK;
}

/* A document more makes only the small index again, until that is an eighth of the large one. What holders hold never
 * changes: a newer document is another holder. */
struct hn_err soft_reverse(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    struct soft_index *all = &m->reverse[0], *late = &m->reverse[1];
    size_t since = 0;

    if (all->at && m->holders_n == (late->at ? late->end : all->end))
        return HN_OK;
    for (uint32_t i = all->end; i < m->holders_n; i++)
        since += m->holders[i].parts_n;
    if (all->at && since <= all->n / 8)
        return index_make(s, late, all->end);
    index_drop(late);
    return index_make(s, all, 0);
}

/* ---------------------------------------------------------------- all of it */

static struct hn_err fresh(struct hn_store *s)
{
    struct store_soft *m = s->soft;
    unsigned d = m->dirty;

    /* Positions of releases are named by holders and statements. */
    if (d & SOFT_THINGS)
        d |= SOFT_HOLDERS | SOFT_VEX;
    if (d & SOFT_COMPONENTS)
        HN_TRY(read_components(s));
    if (d & SOFT_STATES)
        HN_TRY(read_states(s));
    if (d & SOFT_THINGS)
        HN_TRY(read_things(s));
    if (d & SOFT_HOLDERS)
        HN_TRY(read_holders(s));
    if (d & SOFT_MATCHES) {
        HN_TRY(soft_read_matches(s));
        d |= SOFT_VEX;
    }
    if (d & SOFT_VEX)
        HN_TRY(soft_read_vex(s));
    m->dirty = 0;
    return HN_OK;
}

struct hn_err soft_fresh(struct hn_store *s)
{
    HN_TRY(store_index_read(s));
    if (!s->soft)
        s->soft = soft_new();
    if (!s->soft)
        return store_nomem(s);
    if (!s->soft->dirty)
        return HN_OK;
    struct hn_err e = fresh(s);
    if (!hn_ok(e))
        store_soft_drop(s);
    return e;
}

/* ---------------------------------------------------------------- who sees what */

bool soft_sees_org(const struct soft_scope *k, int64_t org_n)
{
    uint32_t org = store_org_of_n(k->s, org_n);

    return org != STORE_NONE && k->org[org];
}

int64_t soft_holder_org(const struct soft_scope *k, const struct soft_holder *h)
{
    if (h->release != STORE_NONE)
        return k->m->products[k->m->releases[h->release].product].org_n;
    const struct store_asset *x = store_asset_of_n(k->s, h->asset_n);
    return x ? x->org_n : 0;
}

static bool holder_counts(const struct soft_scope *k, const struct soft_holder *h)
{
    if (!soft_live(h->since, h->until, k->at))
        return false;
    if (h->release != STORE_NONE && k->m->products[k->m->releases[h->release].product].ended)
        return false;
    return soft_sees_org(k, soft_holder_org(k, h));
}

struct hn_err soft_scope(struct hn_store *s, const struct hn_principal *p, struct hn_str org, hn_time as_of,
                         struct hn_arena *a, struct soft_scope *ret)
{
    uint32_t top;

    store_ask(s, p);
    HN_TRY(soft_fresh(s));
    HN_TRY(store_subtree(s, p, org, &top));
    *ret = (struct soft_scope){.s = s, .m = s->soft, .at = as_of ? as_of : hn_now()};
    ret->org = hn_arena_alloc(a, s->orgs_n);
    ret->holder = hn_arena_alloc(a, (size_t)s->soft->holders_n + 1);
    if (!ret->org || !ret->holder)
        return store_nomem(s);
    for (uint32_t i = 0; i < s->orgs_n; i++)
        ret->org[i] = store_role(s, p, i) >= HN_ROLE_VIEWER && (top == STORE_NONE || store_org_below(s, top, i));
    for (uint32_t i = 0; i < s->soft->holders_n; i++)
        ret->holder[i] = holder_counts(ret, &s->soft->holders[i]);
    return HN_OK;
}

/* ---------------------------------------------------------------- adding up */

double soft_epss_log(double epss)
{
    return epss <= 0 ? 0 : log1p(-(epss < 0.999999 ? epss : 0.999999));
}

struct hn_err soft_tally_init(struct soft_tally *t, const struct soft_scope *k, struct hn_arena *a)
{
    *t = (struct soft_tally){.k = k};
    t->seen = hn_arena_alloc(a, ((size_t)k->m->vulns_n + 1) * sizeof *t->seen);
    t->open = hn_arena_alloc(a, ((size_t)k->m->vulns_n + 1) * sizeof *t->open);
    t->comp = hn_arena_alloc(a, ((size_t)k->m->comp_n + 1) * sizeof *t->comp);
    return t->seen && t->open && t->comp ? HN_OK : store_nomem(k->s);
}

void soft_tally_begin(struct soft_tally *t)
{
    t->round++;
    t->components = t->unknown = t->unjudged = t->vulnerabilities = t->kev = t->answered = 0;
    t->kev_unknown = t->epss_unknown = 0;
    t->log_none = 0;
}

static void tally_open(struct soft_tally *t, uint32_t vuln)
{
    const struct soft_vuln *v = &t->k->m->vulns[vuln];

    t->open[vuln] = t->round;
    t->vulnerabilities++;
    t->kev += v->kev == 1;
    t->kev_unknown += v->kev < 0;
    t->epss_unknown += v->epss < 0;
    t->log_none += soft_epss_log(v->epss);
}

/* A vulnerability is answered as long as every holder's component is; the first open one opens it. */
static void tally_match(struct soft_tally *t, const struct soft_holder *h, const struct soft_match *x)
{
    if (!soft_match_live(t->k, x) || t->open[x->vuln] == t->round)
        return;
    bool answered = soft_answered(soft_vex_of(t->k, h, x->vuln, x->component, NULL));
    if (answered && t->seen[x->vuln] != t->round)
        t->answered++;
    if (!answered && t->seen[x->vuln] == t->round)
        t->answered--;
    t->seen[x->vuln] = t->round;
    if (!answered)
        tally_open(t, x->vuln);
}

void soft_tally_add(struct soft_tally *t, const struct soft_holder *h)
{
    const struct store_soft *m = t->k->m;

    for (uint32_t i = 0; i < h->parts_n; i++) {
        uint32_t c = h->parts[i], to;
        if (t->comp[c] != t->round) {
            t->comp[c] = t->round;
            t->components++;
            t->unknown += m->comp[c].state == HN_COMPONENT_UNKNOWN;
            t->unjudged += m->comp[c].state == HN_COMPONENT_UNJUDGED;
        }
        for (uint32_t k = soft_matches_of(m, c, &to); k < to; k++)
            tally_match(t, h, &m->matches[k]);
    }
}

double soft_tally_p(const struct soft_tally *t)
{
    return t->log_none < 0 ? -expm1(t->log_none) : 0; /* no negative zero */
}

/* ---------------------------------------------------------------- small things */

static void swap_rows(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t keep = a[i];
        a[i] = b[i];
        b[i] = keep;
    }
}

struct hn_err soft_sort(struct hn_store *s, struct hn_str sort, const struct soft_order *orders, void *rows, size_t n,
                        size_t size)
{
    bool falling = hn_str_starts(sort, "-");
    struct hn_str name = falling ? hn_str_cut(sort, 1, sort.n) : sort;
    uint8_t *v = rows;

    while (orders->name && !hn_str_eqc(name, orders->name))
        orders++;
    if (!orders->name)
        return store_fail(s, HN_E_INVALID, "this list cannot be sorted that way");
    if (n)
        qsort(v, n, size, orders->cmp);
    for (size_t k = 0; falling && k < n / 2; k++)
        swap_rows(v + k * size, v + (n - 1 - k) * size, size);
    return HN_OK;
}

struct hn_err soft_page(struct hn_store *s, const struct hn_page *page, size_t n, struct hn_arena *a, size_t *ret_from,
                        size_t *ret_to, struct hn_listing *ret)
{
    uint64_t from = 0, check = 0, limit = page->limit ? page->limit : HN_PAGE_DEFAULT;

    if (page->cursor.n && (!store_cursor_read(page->cursor, &from, &check) || check != 2))
        return store_fail(s, HN_E_INVALID, "the cursor is not one of this list");
    if (limit > HN_PAGE_MOST)
        limit = HN_PAGE_MOST;
    *ret_from = from < n ? (size_t)from : n;
    *ret_to = n - *ret_from > limit ? *ret_from + (size_t)limit : n;
    *ret = (struct hn_listing){.n = *ret_to - *ret_from, .total = n};
    if (*ret_to < n)
        ret->next = store_cursor(a, *ret_to, 2);
    return a->failed ? store_nomem(s) : HN_OK;
}

/* In pieces that overlap by more than a word may have. */
static unsigned words_in(const struct store_search *f, struct hn_str text)
{
    char low[sizeof f->text * 4];
    unsigned found = 0;

    for (size_t from = 0, k; from < text.n; from += k < sizeof low ? k : sizeof low - sizeof f->text) {
        for (k = 0; k < sizeof low && from + k < text.n; k++) {
            char c = text.p[from + k];
            low[k] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        found |= store_search_in(f, (struct hn_str){low, k});
    }
    return found;
}

bool soft_words(const struct store_search *f, const struct hn_str *texts, size_t n)
{
    unsigned found = 0;

    for (size_t i = 0; i < n && f->n; i++)
        found |= words_in(f, texts[i]);
    return found == (1u << f->n) - 1;
}

struct hn_err soft_account_name(struct hn_store *s, int64_t n, struct hn_arena *a, struct hn_str *ret_id,
                                struct hn_str *ret_name)
{
    *ret_id = *ret_name = HN_STR("");
    if (!n)
        return HN_OK;
    struct st q = st_open(s, "SELECT id, name FROM account WHERE n = ?");
    st_int(&q, n);
    if (st_row(&q)) {
        *ret_id = st_copy(&q, 0, a);
        *ret_name = st_copy(&q, 1, a);
    }
    return st_end(&q);
}

struct hn_str soft_sha256(struct st *q, int column, struct hn_arena *a)
{
    char hex[HN_HEX256_LEN] = "";
    struct hn_bytes sha = st_bytes(q, column);

    if (sha.n == HN_SHA256_LEN)
        hn_hex(sha, hex);
    return hn_arena_str(a, hn_str_c(hex));
}

void soft_org_names(struct hn_store *s, int64_t org_n, struct hn_arena *a, struct hn_str *id, struct hn_str *en,
                    struct hn_str *ja)
{
    uint32_t org = store_org_of_n(s, org_n);

    *id = *en = *ja = HN_STR("");
    if (org == STORE_NONE)
        return;
    *id = hn_arena_str(a, s->orgs[org].id);
    *en = hn_arena_str(a, s->orgs[org].name_en);
    *ja = hn_arena_str(a, s->orgs[org].name_ja);
}

/* What concerns everybody's components is for those who look after everything. */
struct hn_err soft_need_admin(struct hn_store *s, const struct hn_principal *p)
{
    store_ask(s, p);
    return p->system ? HN_OK : store_need(s, p, 0, HN_ROLE_ADMIN);
}

bool soft_json(struct hn_str text, enum hn_jkind kind)
{
    struct hn_arena a;

    if (!text.n)
        return true;
    hn_arena_init(&a, 64u << 20);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(text), NULL);
    bool ok = v && v->kind == kind;
    for (size_t i = 0; ok && kind == HN_JV_ARR && i < v->n; i++)
        ok = v->items[i].kind == HN_JV_STR || v->items[i].kind == HN_JV_OBJ;
    hn_arena_done(&a);
    return ok;
}
