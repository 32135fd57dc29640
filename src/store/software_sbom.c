/* Bills of materials: taken in, listed, given back; and the packages of hosts, which are held the same way. */
#include <stdio.h>

#include "store/software_in.h"

/* ---------------------------------------------------------------- components, each once */

static bool component_hash(const struct hn_store_component_in *c, uint8_t out[HN_SHA256_LEN])
{
    const struct hn_str f[] = {c->ecosystem, c->name, c->version, c->source,   c->source_version, c->type,
                               c->licence,   c->purl, c->cpe,     c->supplier, c->lookup};
    size_t n = sizeof f / sizeof *f - !c->lookup.n; /* without one it is the component that it always was */
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    uint8_t full[64];

    if (!d)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t len[4] = {(uint8_t)(f[i].n >> 24), (uint8_t)(f[i].n >> 16), (uint8_t)(f[i].n >> 8), (uint8_t)f[i].n};
        hn_digest_add(d, hn_bytes_of(len, 4));
        hn_digest_add(d, hn_str_bytes(f[i]));
    }
    hn_digest_end(d, full);
    memcpy(out, full, HN_SHA256_LEN);
    return true;
}

#define COMPONENT_HASH 16 /* bytes kept: collisions stay out of reach */

static struct hn_err component_make(struct hn_store *s, const struct hn_store_component_in *c, struct hn_bytes hash,
                                    int64_t *ret)
{
    struct st q =
        st_open(s, "INSERT INTO component (hash, ecosystem, type, licence, name, version, source, "
                   "source_version, purl, cpe, supplier, lookup) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    st_blob(&q, hash);
    st_str(&q, c->ecosystem);
    st_str(&q, c->type);
    st_str(&q, c->licence);
    st_str(&q, c->name);
    st_str(&q, c->version);
    st_str(&q, c->source);
    st_str(&q, c->source_version);
    st_str(&q, c->purl);
    st_str(&q, c->cpe);
    st_str(&q, c->supplier);
    st_str(&q, c->lookup);
    HN_TRY(st_do(&q));
    *ret = sqlite3_last_insert_rowid(s->db);
    return HN_OK;
}

static bool component_fits(const struct hn_store_component_in *c)
{
    return c->ecosystem.n <= 256 && c->name.n <= 4096 && c->version.n <= 4096 && c->source.n <= 4096 &&
           c->source_version.n <= 4096 && c->type.n <= 256 && c->licence.n <= 4096 && c->purl.n <= 8192 &&
           c->cpe.n <= 4096 && c->supplier.n <= 4096 && c->lookup.n <= 16384 && soft_json(c->lookup, HN_JV_OBJ);
}

struct hn_err soft_intern(struct hn_store *s, const struct hn_store_component_in *in, size_t n, uint32_t *ns,
                          uint64_t *ret_fresh)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t hash[HN_SHA256_LEN];
        int64_t at = 0;
        if (!component_fits(&in[i]))
            return store_fail(s, HN_E_INVALID, "component %zu: a text is too long", i);
        if (!component_hash(&in[i], hash))
            return store_nomem(s);
        struct hn_bytes key = hn_bytes_of(hash, COMPONENT_HASH);
        struct st q = st_open(s, "SELECT n FROM component WHERE hash = ?");
        st_blob(&q, key);
        struct hn_err e = st_one(&q, &at);
        if (e.code == HN_E_NOENT) {
            e = component_make(s, &in[i], key, &at);
            *ret_fresh += 1;
        }
        HN_TRY(e);
        ns[i] = (uint32_t)at;
    }
    return HN_OK;
}

static struct hn_err pack_list(struct hn_store *s, const uint32_t *ns, size_t n, struct hn_buf *b)
{
    soft_pack(b, n);
    for (size_t i = 0; i < n; i++)
        soft_pack(b, ns[i]);
    return b->bad ? store_nomem(s) : HN_OK;
}

/* ---------------------------------------------------------------- taking one in */

struct put {
    struct hn_store *s;
    const struct hn_principal *p;
    const struct hn_store_sbom_in *in;
    struct hn_store_sbom_result *ret;
    struct hn_arena *a;
    int64_t product, org, release, sbom;
    hn_time now;
    char id[HN_ID_TEXT];
};

/* Times rise within a release, even when the clock does not. */
static struct hn_err end_former(struct put *x)
{
    struct hn_store *s = x->s;
    hn_time since = 0;
    struct st q = st_open(s, "SELECT id, since FROM sbom WHERE release = ? AND until = 0");

    st_int(&q, x->release);
    if (st_row(&q)) {
        x->ret->former = st_copy(&q, 0, x->a);
        since = st_get(&q, 1);
    }
    HN_TRY(st_end(&q));
    if (x->now <= since)
        x->now = since + 1;
    struct st u = st_open(s, "UPDATE sbom SET until = ? WHERE release = ? AND until = 0");
    st_int(&u, x->now);
    st_int(&u, x->release);
    return st_do(&u);
}

static struct hn_err put_row(struct put *x)
{
    const struct hn_store_sbom_in *in = x->in;
    struct st q =
        st_open(x->s, "INSERT INTO sbom (id, release, sha256, family, spec, subject, author, made_at, put_at, "
                      "put_by, since, components, edges, bytes, quality, problems) VALUES "
                      "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?9, ?, ?, ?, ?, ?)");

    st_c(&q, x->id);
    st_int(&q, x->release);
    st_blob(&q, hn_bytes_of(in->sha256, sizeof in->sha256));
    st_str(&q, in->family);
    st_str(&q, in->spec);
    st_str(&q, in->subject);
    st_str(&q, in->author);
    st_int(&q, in->made_at);
    st_int(&q, x->now);
    st_str(&q, x->p->name);
    st_int(&q, (int64_t)in->n_components);
    st_int(&q, (int64_t)in->n_edges);
    st_int(&q, (int64_t)in->raw.n);
    st_str(&q, in->quality.n ? in->quality : HN_STR("{}"));
    st_str(&q, in->problems.n ? in->problems : HN_STR("[]"));
    HN_TRY(st_do(&q));
    x->sbom = sqlite3_last_insert_rowid(x->s->db);
    return HN_OK;
}

static struct hn_err put_parts(struct put *x, const struct hn_buf *parts, const struct hn_buf *edges)
{
    struct hn_store *s = x->s;
    struct st q = st_open(s, "INSERT INTO sbom_part VALUES (?, ?, ?)");

    st_int(&q, x->sbom);
    st_blob(&q, hn_str_bytes(hn_buf_text(parts)));
    st_blob(&q, hn_str_bytes(hn_buf_text(edges)));
    HN_TRY(st_do(&q));
    if (!x->in->raw.n)
        return HN_OK;
    struct hn_bytes packed;
    HN_TRY(soft_deflate(s, x->in->raw, x->a, &packed));
    struct st r = st_open(s, "INSERT INTO sbom_raw VALUES (?, ?, ?)");
    st_int(&r, x->sbom);
    st_int(&r, (int64_t)x->in->raw.n);
    st_blob(&r, packed);
    return st_do(&r);
}

static struct hn_err put_lists(struct put *x)
{
    HN_AUTO(hn_buf_done) struct hn_buf parts = {0}, edges = {0};
    uint32_t *ns = hn_arena_alloc(x->a, (x->in->n_components + 1) * sizeof *ns);

    hn_buf_init(&parts, 64u << 20);
    hn_buf_init(&edges, 64u << 20);
    if (!ns)
        return store_nomem(x->s);
    HN_TRY(soft_intern(x->s, x->in->components, x->in->n_components, ns, &x->ret->fresh));
    HN_TRY(pack_list(x->s, ns, x->in->n_components, &parts));
    HN_TRY(soft_pack_edges(x->s, x->in, &edges));
    return put_parts(x, &parts, &edges);
}

static struct hn_err known(struct put *x)
{
    struct hn_store *s = x->s;
    struct st q = st_open(s, "SELECT b.id, r.id FROM sbom b JOIN product_release r ON r.n = b.release WHERE "
                             "r.product = ? AND r.version = ? AND b.sha256 = ? AND b.until = 0");

    st_int(&q, x->product);
    st_str(&q, x->in->version);
    st_blob(&q, hn_bytes_of(x->in->sha256, sizeof x->in->sha256));
    if (st_row(&q)) {
        x->ret->known = true;
        x->ret->id = st_copy(&q, 0, x->a);
        x->ret->release = st_copy(&q, 1, x->a);
    }
    return st_end(&q);
}

static struct hn_err take(struct put *x)
{
    HN_TRY(soft_release_make(x->s, x->product, x->in->version, &x->release, x->a, &x->ret->release));
    HN_TRY(end_former(x));
    HN_TRY(put_row(x));
    HN_TRY(put_lists(x));
    HN_TRY(store_history_add(x->s, STORE_ON_PRODUCT, x->product, x->now, "sbom", 0, x->p->name, hn_str_c(x->id)));
    HN_TRY(store_audit_add(x->s, x->p, x->org, "sbom.put", hn_str_c(x->id), x->ret->release));
    return store_event_add(x->s, x->org, "sbom", hn_str_c(x->id), "stored");
}

static struct hn_err valid(struct hn_store *s, const struct hn_store_sbom_in *in)
{
    if (in->version.n > 1024 || in->family.n > 64 || in->spec.n > 64 || in->subject.n > 4096 || in->author.n > 4096)
        return store_fail(s, HN_E_INVALID, "a text is too long");
    if (in->n_components > HN_STORE_COMPONENTS_MOST || in->n_edges > 8 * (size_t)HN_STORE_COMPONENTS_MOST)
        return store_fail(s, HN_E_LIMIT, "the document is too big");
    for (size_t i = 0; i < in->n_edges; i++)
        if (in->edges[i].to >= in->n_components ||
            (in->edges[i].from >= in->n_components && in->edges[i].from != HN_STORE_SUBJECT))
            return store_fail(s, HN_E_INVALID, "dependency %zu names a component that is not there", i);
    for (size_t i = 0; i < in->n_stated; i++)
        if (in->stated[i] >= in->n_components)
            return store_fail(s, HN_E_INVALID, "a component that is not there");
    if (!soft_json(in->quality, HN_JV_OBJ) || !soft_json(in->problems, HN_JV_ARR))
        return store_fail(s, HN_E_INVALID, "quality or problems is not JSON");
    return HN_OK;
}

struct hn_err hn_store_sbom_put(struct hn_store *s, const struct hn_principal *p, const struct hn_store_sbom_in *in,
                                struct hn_arena *a, struct hn_store_sbom_result *ret)
{
    struct put x = {.s = s, .p = p, .in = in, .ret = ret, .a = a, .now = hn_now()};
    struct hn_arena work;
    struct soft_product_at product;

    *ret = (struct hn_store_sbom_result){0};
    HN_TRY(soft_product_need(s, p, in->product, HN_ROLE_OPERATOR, &product));
    HN_TRY(valid(s, in));
    x.product = product.n;
    x.org = product.org_n;
    HN_TRY(known(&x));
    if (ret->known)
        return HN_OK;
    HN_TRY(hn_id_new(x.id));
    hn_arena_init(&work, (size_t)2 << 30);
    x.a = &work;
    HN_TRY(store_begin(s));
    struct hn_err e = store_end(s, take(&x));
    if (hn_ok(e)) {
        ret->id = hn_arena_str(a, hn_str_c(x.id));
        ret->release = hn_arena_str(a, ret->release);
        ret->former = hn_arena_str(a, ret->former);
        soft_dirty(s, SOFT_COMPONENTS | SOFT_THINGS | SOFT_HOLDERS);
    }
    hn_arena_done(&work);
    return hn_ok(e) && a->failed ? store_nomem(s) : e;
}

/* ---------------------------------------------------------------- packages of a host */

static struct hn_err same_parts(struct hn_store *s, int64_t asset, struct hn_bytes parts, bool *ret, hn_time *since)
{
    struct st q = st_open(s, "SELECT parts = ?, since FROM asset_part WHERE asset = ? AND until = 0");

    st_blob(&q, parts);
    st_int(&q, asset);
    *ret = false;
    *since = 0;
    if (st_row(&q)) {
        *ret = st_get(&q, 0) != 0;
        *since = st_get(&q, 1);
    }
    return st_end(&q);
}

static struct hn_err host_take(struct hn_store *s, int64_t asset, hn_time at, const struct hn_store_component_in *c,
                               size_t n, uint32_t *ns, struct hn_buf *b)
{
    uint64_t fresh = 0;
    bool same;
    hn_time since;

    HN_TRY(soft_intern(s, c, n, ns, &fresh));
    HN_TRY(pack_list(s, ns, n, b));
    HN_TRY(same_parts(s, asset, hn_str_bytes(hn_buf_text(b)), &same, &since));
    if (same)
        return HN_OK;
    if (since && at <= since)
        at = since + 1;
    struct st u = st_open(s, "UPDATE asset_part SET until = ? WHERE asset = ? AND until = 0");
    st_int(&u, at);
    st_int(&u, asset);
    HN_TRY(st_do(&u));
    struct st q = st_open(s, "INSERT INTO asset_part (asset, since, parts) VALUES (?, ?, ?)");
    st_int(&q, asset);
    st_int(&q, at);
    st_blob(&q, hn_str_bytes(hn_buf_text(b)));
    return st_do(&q);
}

struct hn_err hn_store_asset_components(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                        hn_time at, const struct hn_store_component_in *components, size_t n)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct store_asset *x;

    store_ask(s, p);
    HN_TRY(store_asset_need(s, p, asset, HN_ROLE_OPERATOR, &x));
    if (n > HN_STORE_COMPONENTS_MOST)
        return store_fail(s, HN_E_LIMIT, "too many components");
    uint32_t *ns = hn_alloc((n + 1) * sizeof *ns);
    if (!ns)
        return store_nomem(s);
    hn_buf_init(&b, 64u << 20);
    struct hn_err e = store_begin(s);
    if (hn_ok(e))
        e = store_end(s, host_take(s, x->n, at ? at : hn_now(), components, n, ns, &b));
    if (hn_ok(e))
        soft_dirty(s, SOFT_COMPONENTS | SOFT_HOLDERS);
    hn_free(ns);
    return e;
}

/* ---------------------------------------------------------------- reading */

#define SBOM_SELECT                                                                                                    \
    "SELECT b.id, p.id, p.name, r.id, r.version, p.org, b.sha256, b.family, b.spec, b.subject, b.author, b.put_by, "   \
    "b.quality, b.problems, b.made_at, b.put_at, b.since, b.until, b.components, b.edges, b.bytes, b.n FROM sbom b "   \
    "JOIN product_release r ON r.n = b.release JOIN product p ON p.n = r.product "

static void fill(struct hn_store *s, struct st *q, struct hn_arena *a, struct hn_store_sbom *ret)
{
    *ret = (struct hn_store_sbom){.id = st_copy(q, 0, a),
                                  .product = st_copy(q, 1, a),
                                  .product_name = st_copy(q, 2, a),
                                  .release = st_copy(q, 3, a),
                                  .version = st_copy(q, 4, a),
                                  .sha256 = soft_sha256(q, 6, a),
                                  .family = st_copy(q, 7, a),
                                  .spec = st_copy(q, 8, a),
                                  .subject = st_copy(q, 9, a),
                                  .author = st_copy(q, 10, a),
                                  .put_by = st_copy(q, 11, a),
                                  .quality = st_copy(q, 12, a),
                                  .problems = st_copy(q, 13, a),
                                  .made_at = st_get(q, 14),
                                  .put_at = st_get(q, 15),
                                  .since = st_get(q, 16),
                                  .until = st_get(q, 17),
                                  .components = (uint64_t)st_get(q, 18),
                                  .edges = (uint64_t)st_get(q, 19),
                                  .bytes = (uint64_t)st_get(q, 20)};
    soft_org_names(s, st_get(q, 5), a, &ret->org, &ret->org_name_en, &ret->org_name_ja);
}

static void count_unknown(const struct store_soft *m, int64_t n, struct hn_store_sbom *ret)
{
    for (uint32_t i = 0; i < m->holders_n; i++) {
        const struct soft_holder *h = &m->holders[i];
        if (h->n != n || h->release == STORE_NONE)
            continue;
        for (uint32_t k = 0; k < h->parts_n; k++)
            ret->unknown += m->comp[h->parts[k]].state == HN_COMPONENT_UNKNOWN;
        return;
    }
}

static const char *sbom_order(struct hn_str sort)
{
    static const char *const orders[][2] = {{"", "b.put_at DESC"},
                                            {"-put_at", "b.put_at DESC"},
                                            {"put_at", "b.put_at"},
                                            {"made_at", "b.made_at"},
                                            {"-made_at", "b.made_at DESC"},
                                            {"components", "b.components"},
                                            {"-components", "b.components DESC"},
                                            {"product", "p.name"},
                                            {"-product", "p.name DESC"}};

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (hn_str_eqc(sort, orders[i][0]))
            return orders[i][1];
    return NULL;
}

#define SBOM_WHERE                                                                                                     \
    "WHERE sees(p.org, 1) AND below(?1, p.org) AND p.ended_at = 0 AND (?2 = '' OR p.id = ?2) AND (?3 OR "              \
    "b.until = 0) AND (?4 = '' OR instr(lower(p.name || ' ' || r.version || ' ' || b.subject || ' ' || b.author), "    \
    "lower(?4)) > 0) "

static void bind_where(struct st *q, const struct hn_store_sbom_query *qu, uint32_t top)
{
    st_int(q, top);
    st_str(q, qu->product);
    st_int(q, qu->all);
    st_str(q, qu->q);
}

struct hn_err hn_store_sboms(struct hn_store *s, const struct hn_principal *p, const struct hn_store_sbom_query *qu,
                             struct hn_arena *a, struct hn_store_sbom **ret, struct hn_listing *ret_listing)
{
    size_t from, to, n = 0;
    uint32_t top;
    int64_t total = 0;
    char sql[2048];
    const char *order = sbom_order(qu->page.sort);

    store_ask(s, p);
    HN_TRY(soft_fresh(s));
    HN_TRY(store_subtree(s, p, qu->org, &top));
    if (!order)
        return store_fail(s, HN_E_INVALID, "this list cannot be sorted that way");
    struct st c = st_open(s, "SELECT count(*) FROM sbom b JOIN product_release r ON r.n = b.release JOIN product p ON "
                             "p.n = r.product " SBOM_WHERE);
    bind_where(&c, qu, top);
    HN_TRY(st_one(&c, &total));
    HN_TRY(soft_page(s, &qu->page, (size_t)total, a, &from, &to, ret_listing));
    *ret = hn_arena_alloc(a, (to - from + 1) * sizeof **ret);
    if (!*ret)
        return store_nomem(s);
    int len = snprintf(sql, sizeof sql, SBOM_SELECT SBOM_WHERE "ORDER BY %s, b.n DESC LIMIT ?5 OFFSET ?6", order);
    struct st q = st_make(s, (struct hn_str){sql, (size_t)len});
    bind_where(&q, qu, top);
    st_int(&q, (int64_t)(to - from));
    st_int(&q, (int64_t)from);
    while (n < to - from && st_row(&q)) {
        count_unknown(s->soft, st_get(&q, 21), &(*ret)[n]);
        uint64_t unknown = (*ret)[n].unknown;
        fill(s, &q, a, &(*ret)[n]);
        (*ret)[n++].unknown = unknown;
    }
    ret_listing->n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_sbom_get(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                                struct hn_store_sbom *ret)
{
    bool there = false;
    int64_t n = 0;

    store_ask(s, p);
    HN_TRY(soft_fresh(s));
    struct st q = st_open(s, SBOM_SELECT "WHERE sees(p.org, 1) AND b.id = ?1");
    st_str(&q, id);
    if (st_row(&q)) {
        there = true;
        fill(s, &q, a, ret);
        n = st_get(&q, 21);
    }
    HN_TRY(st_end(&q));
    if (!there)
        return store_fail(s, HN_E_NOENT, "there is no such bill of materials");
    count_unknown(s->soft, n, ret);
    return a->failed ? store_nomem(s) : HN_OK;
}

struct hn_err hn_store_sbom_raw(struct hn_store *s, const struct hn_principal *p, struct hn_str id, struct hn_arena *a,
                                struct hn_bytes *ret)
{
    struct hn_bytes packed = {0};
    size_t size = 0;
    bool there = false;

    store_ask(s, p);
    struct st q =
        st_open(s, "SELECT w.size, w.packed FROM sbom b JOIN sbom_raw w ON w.sbom = b.n JOIN product_release r "
                   "ON r.n = b.release JOIN product p ON p.n = r.product WHERE sees(p.org, 1) AND b.id = ?");
    st_str(&q, id);
    if (st_row(&q)) {
        there = true;
        size = (size_t)st_get(&q, 0);
        packed = hn_arena_bytes(a, st_bytes(&q, 1));
    }
    HN_TRY(st_end(&q));
    if (!there)
        return store_fail(s, HN_E_NOENT, "there is no such document");
    return soft_inflate(s, packed, size, a, ret);
}
