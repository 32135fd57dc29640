/* The tree of organisations, and the one decision who sees what in it. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

const char *hn_role_name(enum hn_role r)
{
    static const char *const names[] = {"none", "viewer", "operator", "approver", "admin"};

    return (unsigned)r < sizeof names / sizeof *names ? names[r] : "none";
}

bool hn_role_parse(struct hn_str s, enum hn_role *ret)
{
    for (int r = HN_ROLE_VIEWER; r <= HN_ROLE_ADMIN; r++)
        if (hn_str_eqc(s, hn_role_name(r))) {
            *ret = r;
            return true;
        }
    return false;
}

/* ---------------------------------------------------------------- in memory */

static struct hn_err read_rows(struct hn_store *s, struct store_org **ret, size_t *ret_n)
{
    struct hn_arena *a = &s->tree_arena;
    size_t n = 0, cap = 0;
    struct st q = st_open(s, "SELECT n, id, path, name_en, name_ja, kind FROM org ORDER BY path");

    while (st_row(&q)) {
        if (!STORE_PUSH(a, *ret, n, cap))
            break;
        (*ret)[n] = (struct store_org){
            .n = st_get(&q, 0),
            .id = st_copy(&q, 1, a),
            .path = st_copy(&q, 2, a),
            .name_en = st_copy(&q, 3, a),
            .name_ja = st_copy(&q, 4, a),
            .kind = st_copy(&q, 5, a),
            .size = 1,
        };
        n++;
    }
    *ret_n = n;
    HN_TRY(st_end(&q));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* Parents, depths and sizes from the paths: the rows come in pre-order. */
static bool join_rows(struct store_org *o, size_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        o[i].depth = (uint32_t)(o[i].path.n / 9) - 1;
        o[i].parent = STORE_NONE;
        if (i == 0)
            continue;
        uint32_t up = i - 1;
        while (up != STORE_NONE &&
               (o[up].path.n >= o[i].path.n || memcmp(o[up].path.p, o[i].path.p, o[up].path.n) != 0))
            up = o[up].parent;
        if (up == STORE_NONE)
            return false;
        o[i].parent = up;
        o[up].children++;
        for (; up != STORE_NONE; up = o[up].parent)
            o[up].size++;
    }
    return n > 0;
}

static struct hn_err number(struct hn_store *s, const struct store_org *o, size_t n)
{
    int64_t most = 0;

    for (size_t i = 0; i < n; i++)
        most = o[i].n > most ? o[i].n : most;
    uint32_t *of = hn_arena_alloc(&s->tree_arena, ((size_t)most + 1) * sizeof *of);
    if (!of)
        return store_nomem(s);
    memset(of, 0xff, ((size_t)most + 1) * sizeof *of);
    for (uint32_t i = 0; i < n; i++) {
        of[o[i].n] = i;
        HN_TRY(hn_map_set(&s->org_by_id, hn_str_bytes(o[i].id), (void *)(uintptr_t)(i + 1)));
    }
    s->org_of_n = of;
    s->org_n_most = most;
    return HN_OK;
}

struct hn_err store_tree_read(struct hn_store *s)
{
    struct store_org *o = NULL;
    size_t n = 0;

    hn_map_done(&s->org_by_id);
    hn_map_init(&s->org_by_id);
    hn_arena_clear(&s->tree_arena);
    s->orgs_n = 0;
    HN_TRY(read_rows(s, &o, &n));
    if (!join_rows(o, n))
        return store_fail(s, HN_E_CORRUPT, "%s: the organisations are not a tree", s->path);
    HN_TRY(number(s, o, n));
    s->orgs = o;
    s->orgs_n = (uint32_t)n;
    s->generation++;
    for (uint32_t i = 0; i < s->assets_n; i++)
        s->assets[i].org = store_org_of_n(s, s->assets[i].org_n);
    return HN_OK;
}

uint32_t store_org_at(const struct hn_store *s, struct hn_str id)
{
    uintptr_t v = (uintptr_t)hn_map_find(&s->org_by_id, hn_str_bytes(id));

    return v ? (uint32_t)(v - 1) : STORE_NONE;
}

uint32_t store_org_of_n(const struct hn_store *s, int64_t n)
{
    return n > 0 && n <= s->org_n_most && s->orgs_n ? s->org_of_n[n] : STORE_NONE;
}

/* ---------------------------------------------------------------- who sees what */

enum hn_role store_role(const struct hn_store *s, const struct hn_principal *p, uint32_t org)
{
    enum hn_role best = HN_ROLE_NONE;

    if (!p || org >= s->orgs_n)
        return HN_ROLE_NONE;
    if (p->system)
        return HN_ROLE_ADMIN;
    for (size_t i = 0; i < p->n_grants; i++) {
        uint32_t top = store_org_at(s, p->grants[i].org);
        if (top != STORE_NONE && store_org_below(s, top, org) && p->grants[i].role > best)
            best = p->grants[i].role;
    }
    return best;
}

enum hn_role hn_store_role_at(struct hn_store *s, const struct hn_principal *p, struct hn_str org)
{
    return store_role(s, p, store_org_at(s, org));
}

bool hn_store_visible(struct hn_store *s, const struct hn_principal *p, struct hn_str org, enum hn_role role)
{
    uint32_t at = store_org_at(s, org);

    return at != STORE_NONE && role != HN_ROLE_NONE && store_role(s, p, at) >= role;
}

struct hn_err store_need(struct hn_store *s, const struct hn_principal *p, uint32_t org, enum hn_role role)
{
    enum hn_role has = store_role(s, p, org);

    if (has == HN_ROLE_NONE)
        return store_fail(s, HN_E_NOENT, "%s", hn_err_text((struct hn_err){HN_E_NOENT}));
    if (has < role)
        return store_fail(s, HN_E_PERM, "the role %s is needed here", hn_role_name(role));
    return HN_OK;
}

struct hn_err store_subtree(struct hn_store *s, const struct hn_principal *p, struct hn_str org, uint32_t *ret)
{
    *ret = STORE_NONE;
    if (!org.n)
        return HN_OK;
    uint32_t at = store_org_at(s, org);
    HN_TRY(store_need(s, p, at, HN_ROLE_VIEWER));
    *ret = at;
    return HN_OK;
}

/* sees(org, role) in SQL: the same decision, for the principal whose call is being served. */
static void sql_sees(sqlite3_context *c, int n, sqlite3_value **v)
{
    const struct hn_store *s = sqlite3_user_data(c);
    uint32_t org = store_org_of_n(s, sqlite3_value_int64(v[0]));

    (void)n;
    sqlite3_result_int(c, store_role(s, s->asking, org) >= (enum hn_role)sqlite3_value_int(v[1]));
}

/* below(top, org): org is in the subtree of top; top is an index in memory, STORE_NONE for "no narrowing". */
static void sql_below(sqlite3_context *c, int n, sqlite3_value **v)
{
    const struct hn_store *s = sqlite3_user_data(c);
    uint32_t top = (uint32_t)sqlite3_value_int64(v[0]);

    (void)n;
    sqlite3_result_int(c, top == STORE_NONE || store_org_below(s, top, store_org_of_n(s, sqlite3_value_int64(v[1]))));
}

struct hn_err store_tree_functions(struct hn_store *s)
{
    const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    int rc = sqlite3_create_function_v2(s->db, "sees", 2, flags, s, sql_sees, NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(s->db, "below", 2, flags, s, sql_below, NULL, NULL, NULL);
    return rc == SQLITE_OK ? HN_OK : store_sql_err(s, rc);
}

/* ---------------------------------------------------------------- changing it */

#define NAME_MOST  1024u
#define DEPTH_MOST 60u

static struct hn_err valid_name(struct hn_store *s, struct hn_str en, struct hn_str ja, struct hn_str kind)
{
    if (en.n > NAME_MOST || ja.n > NAME_MOST || kind.n > 64)
        return store_fail(s, HN_E_INVALID, "the name is too long");
    return HN_OK;
}

static struct hn_err put(struct hn_store *s, const struct hn_principal *p, uint32_t parent, const struct hn_str text[3],
                         const char *id)
{
    char path[(DEPTH_MOST + 2) * 9 + 1];
    const struct store_org *up = &s->orgs[parent];
    int64_t n;
    struct st next = st_open(s, "SELECT max(n) + 1 FROM org");

    HN_TRY(st_one(&next, &n));
    if (up->depth >= DEPTH_MOST || n > INT32_MAX)
        return store_fail(s, HN_E_LIMIT, "the tree of organisations is too deep or too large");
    snprintf(path, sizeof path, "%.*s%08" PRIx32 ".", HN_FMT(up->path), (uint32_t)n);
    struct st q = st_open(s, "INSERT INTO org (n, id, parent, path, name_en, name_ja, kind, created) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    st_int(&q, n);
    st_c(&q, id);
    st_int(&q, up->n);
    st_c(&q, path);
    for (int i = 0; i < 3; i++)
        st_str(&q, text[i]);
    st_int(&q, hn_now());
    HN_TRY(st_do(&q));
    HN_TRY(store_audit_add(s, p, n, "organisation.create", hn_str_c(id), text[0].n ? text[0] : text[1]));
    HN_TRY(store_event_add(s, n, "org", hn_str_c(id), "created"));
    s->tree_new = true;
    return store_tree_read(s);
}

struct hn_err hn_store_org_put(struct hn_store *s, const struct hn_principal *p, struct hn_str parent,
                               struct hn_str name_en, struct hn_str name_ja, struct hn_str kind, struct hn_arena *a,
                               struct hn_str *ret_id)
{
    char id[HN_ID_TEXT];

    store_ask(s, p);
    uint32_t up = store_org_at(s, parent);
    HN_TRY(store_need(s, p, up, HN_ROLE_ADMIN));
    HN_TRY(valid_name(s, name_en, name_ja, kind));
    if (!name_en.n && !name_ja.n)
        return store_fail(s, HN_E_INVALID, "an organisation needs a name");
    HN_TRY(hn_id_new(id));
    struct hn_str text[3] = {name_en.n ? name_en : name_ja, name_ja.n ? name_ja : name_en,
                             kind.n ? kind : HN_STR("organisation")};
    HN_TRY(store_begin(s));
    HN_TRY(store_end(s, put(s, p, up, text, id)));
    *ret_id = hn_arena_str(a, hn_str_c(id));
    return a->failed ? store_nomem(s) : HN_OK;
}

/* The subtree gets new paths: the part up to and including the old parent is replaced by the new parent's. */
static struct hn_err move(struct hn_store *s, uint32_t org, uint32_t to)
{
    const struct store_org *o = &s->orgs[org], *up = &s->orgs[to];
    uint32_t deepest = 0;

    for (uint32_t i = org; i < org + o->size; i++)
        if (s->orgs[i].depth - o->depth > deepest)
            deepest = s->orgs[i].depth - o->depth;
    if (up->depth + 1 + deepest > DEPTH_MOST)
        return store_fail(s, HN_E_LIMIT, "the tree of organisations is too deep");
    struct st q = st_open(s, "UPDATE org SET path = ? || substr(path, ?) WHERE path >= ? AND path < ? || '~'");
    st_str(&q, up->path);
    st_int(&q, (int64_t)o->path.n - 9 + 1);
    st_str(&q, o->path);
    st_str(&q, o->path);
    HN_TRY(st_do(&q));
    struct st r = st_open(s, "UPDATE org SET parent = ? WHERE n = ?");
    st_int(&r, up->n);
    st_int(&r, o->n);
    return st_do(&r);
}

static struct hn_err change(struct hn_store *s, const struct hn_principal *p, uint32_t org, uint32_t to,
                            const struct hn_str text[3])
{
    int64_t n = s->orgs[org].n, old_parent = org ? s->orgs[s->orgs[org].parent].n : 0;
    struct hn_str id = s->orgs[org].id;
    struct st q = st_open(s, "UPDATE org SET name_en = ?, name_ja = ?, kind = ? WHERE n = ?");

    for (int i = 0; i < 3; i++)
        st_str(&q, text[i]);
    st_int(&q, n);
    HN_TRY(st_do(&q));
    HN_TRY(store_audit_add(s, p, n, "organisation.change", id, text[0]));
    HN_TRY(store_event_add(s, n, "org", id, to == STORE_NONE ? "changed" : "moved"));
    if (to != STORE_NONE)
        HN_TRY(move(s, org, to));
    s->tree_new = true;
    HN_TRY(store_tree_read(s));
    if (to == STORE_NONE)
        return HN_OK;
    HN_TRY(store_org_points(s, store_org_of_n(s, old_parent), hn_now()));
    return store_org_points(s, store_org_of_n(s, n), hn_now());
}

struct hn_err hn_store_org_change(struct hn_store *s, const struct hn_principal *p, struct hn_str id,
                                  struct hn_str parent, struct hn_str name_en, struct hn_str name_ja,
                                  struct hn_str kind)
{
    store_ask(s, p);
    uint32_t org = store_org_at(s, id), to = STORE_NONE;
    HN_TRY(store_need(s, p, org, HN_ROLE_ADMIN));
    HN_TRY(valid_name(s, name_en, name_ja, kind));
    const struct store_org *o = &s->orgs[org];
    if (parent.n) {
        to = store_org_at(s, parent);
        HN_TRY(store_need(s, p, to, HN_ROLE_ADMIN));
        if (to == o->parent)
            to = STORE_NONE;
        else if (store_org_below(s, org, to) || org == 0)
            return store_fail(s, HN_E_INVALID, "an organisation cannot be moved below itself");
        else
            HN_TRY(store_need(s, p, o->parent, HN_ROLE_ADMIN));
    }
    struct hn_str text[3] = {name_en.n ? name_en : o->name_en, name_ja.n ? name_ja : o->name_ja,
                             kind.n ? kind : o->kind};
    HN_TRY(store_begin(s));
    return store_end(s, change(s, p, org, to, text));
}
