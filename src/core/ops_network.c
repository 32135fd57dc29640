/* Network: the day of the telescopes, and who looks like commanded. Rows are the modules' own observations, read for
 * the organisations that the asker sees. */
#include <stdlib.h>

#include "core/ops_in.h"
#include "core/ops_network.h"

#define HEAT_PORTS 40u

struct rows {
    struct hn_store_obs *o;
    const struct hn_jv **f; /* fields, parsed */
    size_t n;
    bool more;
};

static struct hn_err read(struct hn_op_ctx *c, const char *kind, struct rows *r)
{
    struct hn_store_kind_query q = {.kind = hn_str_c(kind), .org = ops_arg(c, "org")};

    OPS_STORE(hn_store_obs_of_kind(c->store, c->who, &q, c->arena, &r->o, &r->n, &r->more));
    r->f = hn_arena_alloc(c->arena, (r->n + 1) * sizeof *r->f);
    if (!r->f)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < r->n; i++)
        r->f[i] = hn_jv_parse(c->arena, hn_str_bytes(r->o[i].fields), NULL);
    return HN_OK;
}

/* ---------------------------------------------------------------- the world of today */

static void asset_ref(struct hn_jw *w, const char *key, const struct hn_store_obs *o)
{
    hn_jw_key(w, key);
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", o->asset);
    hn_jw_kstr(w, "name", o->asset_name);
    hn_jw_obj_end(w);
}

/* "JP 300 1084", "64500 12 40 Example Net": name, sources, packets, the rest is the organisation. */
static void place(struct hn_jw *w, bool network, struct hn_str line)
{
    struct hn_str name, sources, packets;
    int64_t asn = 0, s, p;

    if (!hn_str_word(&line, &name) || !hn_str_word(&line, &sources) || !hn_str_word(&line, &packets) ||
        !hn_str_i64(sources, &s) || !hn_str_i64(packets, &p) || (network && !hn_str_i64(name, &asn)))
        return;
    hn_jw_obj(w);
    if (network) {
        hn_jw_kint(w, "asn", asn);
        hn_jw_kstr(w, "organisation", hn_str_trim(line));
    } else if (hn_str_eqc(name, "-")) {
        ops_knull(w, "country");
    } else {
        hn_jw_kstr(w, "country", name);
    }
    hn_jw_kint(w, "sources", s);
    hn_jw_kint(w, "packets", p);
    hn_jw_obj_end(w);
}

static void places(struct hn_jw *w, const char *key, const struct hn_jv *lines)
{
    hn_jw_key(w, key);
    hn_jw_arr(w);
    for (size_t i = 0; lines && lines->kind == HN_JV_ARR && i < lines->n; i++)
        place(w, strcmp(key, "networks") == 0, lines->items[i].s);
    hn_jw_arr_end(w);
}

static void telescopes(struct hn_op_ctx *c, const struct rows *r)
{
    static const char *const counts[] = {"packets", "sources", "addresses", "victims", "malformed"};
    struct hn_jw *w = c->w;

    hn_jw_key(w, "telescopes");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n; i++) {
        hn_jw_obj(w);
        asset_ref(w, "asset", &r->o[i]);
        hn_jw_kstr(w, "name", r->o[i].subject);
        hn_jw_ktime(w, "at", r->o[i].at);
        hn_jw_kstr(w, "first", hn_jv_str(r->f[i], "first"));
        hn_jw_kstr(w, "last", hn_jv_str(r->f[i], "last"));
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            hn_jw_kint(w, counts[k], hn_jv_int(r->f[i], counts[k], 0));
        places(w, "countries", hn_jv_get(r->f[i], "countries"));
        places(w, "networks", hn_jv_get(r->f[i], "networks"));
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

struct heat {
    const struct hn_jv *f;
    const struct hn_store_obs *o;
    int64_t today;
};

static int by_today(const void *x, const void *y)
{
    const struct heat *a = x, *b = y;

    if (a->today != b->today)
        return a->today > b->today ? -1 : 1;
    return hn_str_cmp(a->o->id, b->o->id);
}

/* "2026-11-28T13:00:00Z 120 30" */
static void hour(struct hn_jw *w, struct hn_str line)
{
    struct hn_str at, packets, sources;
    int64_t p, s;

    if (!hn_str_word(&line, &at) || !hn_str_word(&line, &packets) || !hn_str_word(&line, &sources) ||
        !hn_str_i64(packets, &p) || !hn_str_i64(sources, &s))
        return;
    hn_jw_obj(w);
    hn_jw_kstr(w, "at", at);
    hn_jw_kint(w, "packets", p);
    hn_jw_kint(w, "sources", s);
    hn_jw_obj_end(w);
}

static struct hn_err ports(struct hn_op_ctx *c, const struct rows *r)
{
    struct heat *h = hn_arena_alloc(c->arena, (r->n + 1) * sizeof *h);
    struct hn_jw *w = c->w;

    if (!h)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < r->n; i++)
        h[i] = (struct heat){r->f[i], &r->o[i], hn_jv_int(r->f[i], "today", 0)};
    qsort(h, r->n, sizeof *h, by_today);
    hn_jw_key(w, "ports");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n && i < HEAT_PORTS; i++) {
        const struct hn_jv *hours = hn_jv_get(h[i].f, "hours");
        hn_jw_obj(w);
        hn_jw_kstr(w, "telescope", h[i].o->asset_name);
        hn_jw_kstr(w, "proto", hn_jv_str(h[i].f, "proto"));
        hn_jw_kint(w, "port", hn_jv_int(h[i].f, "port", 0));
        hn_jw_kint(w, "packets", hn_jv_int(h[i].f, "packets", 0));
        hn_jw_kint(w, "sources", hn_jv_int(h[i].f, "sources", 0));
        hn_jw_kint(w, "today", h[i].today);
        hn_jw_key(w, "hours");
        hn_jw_arr(w);
        for (size_t k = 0; hours && hours->kind == HN_JV_ARR && k < hours->n; k++)
            hour(w, hours->items[k].s);
        hn_jw_arr_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_kint(w, "ports_total", (int64_t)r->n);
    return HN_OK;
}

static struct hn_err now(struct hn_op_ctx *c)
{
    static const char *const counted[] = {"telescope.campaign", "telescope.member", "telescope.victim",
                                          "telescope.surge",    "flow.suspect",     "flow.exporter"};
    static const char *const names[] = {"campaigns", "members", "victims", "surges", "suspects", "exporters"};
    struct rows summaries, p, some;

    HN_TRY(read(c, "telescope.summary", &summaries));
    HN_TRY(read(c, "telescope.port", &p));
    hn_jw_obj(c->w);
    telescopes(c, &summaries);
    HN_TRY(ports(c, &p));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        HN_TRY(read(c, counted[i], &some));
        hn_jw_kint(c->w, names[i], (int64_t)some.n);
    }
    hn_jw_obj_end(c->w);
    return HN_OK;
}

/* ---------------------------------------------------------------- lists */

struct sorted {
    size_t i;
    int64_t by;
    bool open;
};

static int by_weight(const void *x, const void *y)
{
    const struct sorted *a = x, *b = y;

    if (a->open != b->open)
        return a->open ? -1 : 1;
    if (a->by != b->by)
        return a->by > b->by ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

static void row(struct hn_op_ctx *c, const struct hn_store_obs *o)
{
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "id", o->id);
    hn_jw_kstr(c->w, "subject", o->subject);
    hn_jw_ktime(c->w, "at", o->at);
    asset_ref(c->w, "asset", o);
    ops_kraw(c->w, "fields", o->fields, "{}");
    hn_jw_obj_end(c->w);
}

/* The cursor names the last row that was shown: where that row has gone meanwhile, the list begins anew after as many.
 */
static size_t after(struct hn_op_ctx *c, const struct rows *r, const struct sorted *s)
{
    struct hn_str cursor = ops_arg(c, "cursor"), at;
    uint64_t n = 0;

    if (!cursor.n || !hn_str_split(&cursor, '.', &at) || !hn_str_u64(at, 10, &n))
        return 0;
    for (size_t i = 0; i < r->n; i++)
        if (hn_str_eq(r->o[s[i].i].id, cursor))
            return i + 1;
    return n < r->n ? (size_t)n : r->n;
}

/* Open ones first, then by `by`, the largest first. */
static struct hn_err list(struct hn_op_ctx *c, const char *kind, const char *by, hn_op_fn *self)
{
    struct rows r;
    size_t limit = (size_t)hn_jv_int(c->args, "limit", 50), i;

    if (hn_str_eqc(ops_arg(c, "format"), "csv"))
        return ops_csv_whole(c, self);
    HN_TRY(read(c, kind, &r));
    struct sorted *s = hn_arena_alloc(c->arena, (r.n + 1) * sizeof *s);
    if (!s)
        return (struct hn_err){HN_E_NOMEM};
    for (i = 0; i < r.n; i++)
        s[i] = (struct sorted){i, hn_jv_int(r.f[i], by, 0), hn_jv_bool(r.f[i], "open", true)};
    qsort(s, r.n, sizeof *s, by_weight);
    size_t from = after(c, &r, s), end = r.n - from < limit ? r.n : from + limit;
    struct hn_listing l = {.n = end - from, .total = r.n};
    ops_list_begin(c);
    for (i = from; i < end; i++)
        row(c, &r.o[s[i].i]);
    if (end > from && end < r.n)
        l.next = hn_arena_fmt(c->arena, "%zu.%.*s", end, HN_FMT(r.o[s[end - 1].i].id));
    ops_list_end(c, &l);
    return HN_OK;
}

static struct hn_err campaigns(struct hn_op_ctx *c)
{
    return list(c, "telescope.campaign", "sources", campaigns);
}

static struct hn_err members(struct hn_op_ctx *c)
{
    return list(c, "telescope.member", "packets", members);
}

static struct hn_err victims(struct hn_op_ctx *c)
{
    return list(c, "telescope.victim", "ppm", victims);
}

static struct hn_err surges(struct hn_op_ctx *c)
{
    return list(c, "telescope.surge", "sources", surges);
}

static struct hn_err suspects(struct hn_op_ctx *c)
{
    return list(c, "flow.suspect", "score", suspects);
}

/* Those that lose most first: what they do not show is what matters. */
static struct hn_err exporters(struct hn_op_ctx *c)
{
    return list(c, "flow.exporter", "lost_share", exporters);
}

static const struct hn_op_param now_params[] = {OPS_ORG, OPS_END};
static const struct hn_op_param list_params[] = {
    OPS_ORG,
    OPS_PAGE,
    {"format", HN_IN_QUERY, HN_PT_STR, false, "json csv", "csv: all rows, as a file", 0, 0},
    OPS_END};

const struct hn_op hn_ops_network[] = {
    {"network.now", "GET", "network", HN_NEED_VIEWER, 0, now_params, "network_now",
     "The telescopes' last day: ports by hour, and how much else there is", now},
    {"network.campaigns", "GET", "network/campaigns", HN_NEED_VIEWER, HN_OP_BIG, list_params, "network_rows",
     "Campaigns that telescopes saw, by sources", campaigns},
    {"network.members", "GET", "network/members", HN_NEED_VIEWER, HN_OP_BIG, list_params, "network_rows",
     "Members' addresses that send into a darknet, open alerts first", members},
    {"network.victims", "GET", "network/victims", HN_NEED_VIEWER, HN_OP_BIG, list_params, "network_rows",
     "Victims of attacks with forged sources, by their backscatter", victims},
    {"network.surges", "GET", "network/surges", HN_NEED_VIEWER, HN_OP_BIG, list_params, "network_rows",
     "Ports with far more sources than usual", surges},
    {"network.suspects", "GET", "network/suspects", HN_NEED_VIEWER, HN_OP_BIG, list_params, "network_rows",
     "Hosts that talk like a bot to its command server, or scan, by score", suspects},
    {"network.exporters", "GET", "network/exporters", HN_NEED_VIEWER, HN_OP_BIG, list_params, "network_rows",
     "Exporters of flows, and what each cannot show", exporters},
    {0}};
