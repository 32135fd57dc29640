/* Reading what the join needs, and writing what it gives; the join itself is net_join.c. */
#include "core/ops_network.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/ops_in.h"

#define ASSET_MEMORY ((size_t)512 << 20)
#define TEXT_MAX     ((size_t)8 << 20)
#define FINDINGS     HN_PAGE_MOST

static const struct hn_principal *const sys = &hn_principal_system;

/* ---------------------------------------------------------------- the world */

static hn_time time_of(const struct hn_jv *f, const char *key)
{
    hn_time t = 0;
    struct hn_str s = hn_jv_str(f, key);
    return s.n && hn_time_parse(s, &t) ? t : 0;
}

static struct hn_err rows_of(struct ops_net *n, const char *kind, struct hn_str asset, struct hn_store_obs **ret,
                             size_t *ret_n)
{
    struct hn_store_kind_query q = {.kind = hn_str_c(kind), .asset = asset};
    bool more;
    return hn_store_obs_of_kind(n->store, sys, &q, n->arena, ret, ret_n, &more);
}

static struct hn_net_source source_of(struct ops_net *n, const struct hn_store_obs *o)
{
    return (struct hn_net_source){o->asset, hn_arena_fmt(n->arena, "%.*s.%.*s", HN_FMT(o->module), HN_FMT(o->kind)),
                                  o->subject};
}

/* Of a telescope that has watched for longer than a day, "sources" are those of all the time: then only the sources of
 * the day count, where it says them. */
static bool of_a_day(const struct hn_store_obs *summaries, size_t n, struct hn_str asset)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    bool day = false;
    hn_arena_init(&a, 4 << 20);
    for (size_t i = 0; i < n; i++) {
        const struct hn_jv *f =
            hn_str_eq(summaries[i].asset, asset) ? hn_jv_parse(&a, hn_str_bytes(summaries[i].fields), NULL) : NULL;
        hn_time first = time_of(f, "first"), last = time_of(f, "last");
        day = day || (first && last && last - first <= 25 * HN_HOUR);
    }
    return day;
}

static void add_port(struct ops_net *n, const struct hn_store_obs *o, bool day)
{
    const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(o->fields), NULL);
    struct ops_net_world *w = &n->world;
    int64_t sources = hn_jv_int(f, "today", day ? hn_jv_int(f, "sources", 0) : 0);
    if (sources <= 0)
        return;
    w->port_org[w->n_ports] = o->org;
    w->ports[w->n_ports++] = (struct hn_net_port){.by = source_of(n, o),
                                                  .proto = hn_jv_str(f, "proto"),
                                                  .port = hn_jv_int(f, "port", -1),
                                                  .sources = sources,
                                                  .last = o->at};
}

static struct hn_err read_ports(struct ops_net *n)
{
    struct hn_store_obs *o, *summaries;
    size_t count, n_summaries;
    bool day = false;
    HN_TRY(rows_of(n, "telescope.summary", HN_STR(""), &summaries, &n_summaries));
    HN_TRY(rows_of(n, "telescope.port", HN_STR(""), &o, &count));
    n->world.ports = hn_arena_alloc(n->arena, (count + 1) * sizeof *n->world.ports);
    n->world.port_org = hn_arena_alloc(n->arena, (count + 1) * sizeof *n->world.port_org);
    if (!n->world.ports || !n->world.port_org)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < count; i++) {
        if (!i || !hn_str_eq(o[i].asset, o[i - 1].asset))
            day = of_a_day(summaries, n_summaries, o[i].asset);
        add_port(n, &o[i], day);
    }
    return HN_OK;
}

static void add_sender(struct ops_net *n, const struct hn_store_obs *o, const struct hn_net_sender *s)
{
    struct ops_net_world *w = &n->world;
    struct hn_net_sender *to = &w->senders[w->n_senders];
    *to = *s;
    if (!hn_net_address(n->arena, s->address, &to->address))
        return;
    to->by = source_of(n, o);
    to->last = to->last && to->last < o->at ? to->last : o->at;
    w->sender_org[w->n_senders++] = o->org;
}

static void add_member(struct ops_net *n, const struct hn_store_obs *o)
{
    const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(o->fields), NULL);
    struct hn_net_sender s = {.kind = HN_NET_DARKNET,
                              .address = hn_jv_str(f, "address"),
                              .tool = hn_jv_str(f, "fingerprint"),
                              .port = hn_jv_int(f, "port", 0),
                              .n = hn_jv_int(f, "packets", 0),
                              .last = time_of(f, "last")};
    if (hn_jv_bool(f, "open", false) && hn_jv_bool(f, "sends", false))
        add_sender(n, o, &s);
}

static bool among(struct hn_str s, const char *words)
{
    struct hn_str rest = hn_str_c(words), word;
    while (hn_str_word(&rest, &word))
        if (hn_str_eq(word, s))
            return true;
    return false;
}

/* Spam, floods and uploads are alerts of their own; they say less of who commands the host. */
static void add_suspect(struct ops_net *n, const struct hn_store_obs *o)
{
    const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(o->fields), NULL);
    struct hn_str kind = hn_jv_str(f, "kind");
    bool c2 = among(kind, "beacon intel dns-tunnel");
    if (hn_str_eqc(hn_jv_str(f, "verdict"), "benign"))
        return; /* somebody looked */
    struct hn_net_sender s = {.kind = c2 ? HN_NET_C2 : HN_NET_SCANS,
                              .address = hn_jv_str(f, "host"),
                              .peer = c2 ? hn_jv_str(f, "peer") : HN_STR(""),
                              .port = hn_jv_int(f, "port", 0),
                              .n = hn_jv_int(f, "contacts", 0),
                              .last = time_of(f, "last")};
    if (c2 || among(kind, "scan port-scan lateral"))
        add_sender(n, o, &s);
}

static struct hn_err read_senders(struct ops_net *n)
{
    struct hn_store_obs *m, *s;
    size_t n_m, n_s;
    HN_TRY(rows_of(n, "telescope.member", HN_STR(""), &m, &n_m));
    HN_TRY(rows_of(n, "flow.suspect", HN_STR(""), &s, &n_s));
    n->world.senders = hn_arena_alloc(n->arena, (n_m + n_s + 1) * sizeof *n->world.senders);
    n->world.sender_org = hn_arena_alloc(n->arena, (n_m + n_s + 1) * sizeof *n->world.sender_org);
    if (!n->world.senders || !n->world.sender_org)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n_m; i++)
        add_member(n, &m[i]);
    for (size_t i = 0; i < n_s; i++)
        add_suspect(n, &s[i]);
    return HN_OK;
}

struct hn_err ops_net_open(struct ops_net *n)
{
    n->world = (struct ops_net_world){0};
    HN_TRY(read_ports(n));
    HN_TRY(read_senders(n));
    return n->arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

/* ---------------------------------------------------------------- one host */

struct host {
    struct hn_net_host h;
    struct hn_net_listener *listeners;
    struct hn_str *addresses;
};

static bool scanned_for(const struct ops_net_world *w, struct hn_str subject)
{
    struct hn_str proto = {0}, rest = subject, part, last = {0};
    int64_t port;
    if (!hn_str_split(&rest, ':', &proto))
        return false;
    while (hn_str_split(&rest, ':', &part))
        last = part;
    if (!hn_str_i64(last, &port))
        return false;
    for (size_t i = 0; i < w->n_ports; i++)
        if (w->ports[i].port == port && hn_str_eq(w->ports[i].proto, proto))
            return true;
    return false;
}

/* The subject says protocol and port: the rest is read only where it matters. */
static void add_listener(struct ops_net *n, struct host *h, struct hn_str subject, struct hn_str fields)
{
    const struct hn_jv *f = scanned_for(&n->world, subject) ? hn_jv_parse(n->arena, hn_str_bytes(fields), NULL) : NULL;
    const struct hn_jv *networks = hn_jv_get(f, "networks");
    if (!f)
        return;
    struct hn_net_listener l = {.subject = subject,
                                .proto = hn_jv_str(f, "proto"),
                                .port = hn_jv_int(f, "port", -1),
                                .reach = hn_jv_str(f, "reach"),
                                .firewall = hn_jv_str(f, "firewall"),
                                .has_networks = networks && networks->kind == HN_JV_ARR};
    for (size_t i = 0; l.has_networks && i < networks->n; i++)
        l.public_network = l.public_network || hn_str_eqc(networks->items[i].s, "public");
    h->listeners[h->h.n_listeners++] = l;
}

static void add_address(struct ops_net *n, struct host *h, struct hn_str fields)
{
    const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(fields), NULL);
    struct hn_str s;
    if (hn_net_address(n->arena, hn_jv_str(f, "address"), &s))
        h->addresses[h->h.n_addresses++] = s;
}

static bool covers(const struct hn_store_run *run, const char *module)
{
    for (size_t i = 0; run && i < run->n_cover; i++)
        if (hn_str_eqc(run->cover[i].module, module) && !run->cover[i].kept)
            return true;
    return false;
}

static bool is(const struct hn_store_run_obs *o, const char *module, const char *kind)
{
    return hn_str_eqc(o->module, module) && hn_str_eqc(o->kind, kind);
}

static bool room(struct ops_net *n, struct host *h, size_t listeners, size_t addresses)
{
    h->listeners = hn_arena_alloc(n->arena, (listeners + 1) * sizeof *h->listeners);
    h->addresses = hn_arena_alloc(n->arena, (addresses + 1) * sizeof *h->addresses);
    return h->listeners && h->addresses;
}

/* From the run where it looked, else from what is known. */
static struct hn_err read_host(struct ops_net *n, struct hn_str asset, const struct hn_store_run *run, struct host *h)
{
    struct hn_store_obs *o = NULL;
    struct hn_str *known = NULL;
    size_t n_o = 0, n_known = 0, n_run = run ? run->n_obs : 0;
    bool sockets = covers(run, "sockets"), network = covers(run, "network");
    *h = (struct host){{0}};
    if (!sockets)
        HN_TRY(rows_of(n, "sockets.listener", asset, &o, &n_o));
    if (!network)
        HN_TRY(hn_store_addresses(n->store, asset, n->arena, &known, &n_known));
    if (!room(n, h, n_o + n_run, n_known + n_run))
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < n_o; i++)
        add_listener(n, h, o[i].subject, o[i].fields);
    for (size_t i = 0; i < n_known; i++)
        h->addresses[h->h.n_addresses++] = known[i];
    for (size_t i = 0; i < n_run; i++) {
        if (sockets && is(&run->obs[i], "sockets", "listener"))
            add_listener(n, h, run->obs[i].subject, run->obs[i].fields);
        if (network && is(&run->obs[i], "network", "address"))
            add_address(n, h, run->obs[i].fields);
    }
    h->h.listeners = h->listeners;
    h->h.addresses = h->addresses;
    return n->arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

/* What a centre sees serves its subtree, and no other. */
static struct hn_err seen_by(struct ops_net *n, struct hn_str org, struct host *h, struct hn_net_seen *ret)
{
    const struct ops_net_world *w = &n->world;
    struct hn_net_port *ports = hn_arena_alloc(n->arena, (w->n_ports + 1) * sizeof *ports);
    struct hn_net_sender *senders = hn_arena_alloc(n->arena, (w->n_senders + 1) * sizeof *senders);
    if (!ports || !senders)
        return (struct hn_err){HN_E_NOMEM};
    *ret = (struct hn_net_seen){.ports = ports, .senders = senders};
    for (size_t i = 0; i < w->n_ports; i++)
        if (hn_store_org_above(n->store, w->port_org[i], org))
            ports[ret->n_ports++] = w->ports[i];
    for (size_t i = 0; i < w->n_senders; i++) {
        bool ours = false;
        for (size_t k = 0; k < h->h.n_addresses; k++)
            ours = ours || hn_str_eq(h->addresses[k], w->senders[i].address);
        if (!ours || !hn_store_org_above(n->store, w->sender_org[i], org))
            continue;
        struct hn_net_sender *s = &senders[ret->n_senders++];
        *s = w->senders[i];
        HN_TRY(hn_store_address_holders(n->store, s->address, w->sender_org[i], &s->holders));
    }
    return HN_OK;
}

static struct hn_err evidence_of(struct ops_net *n, struct host *h, struct hn_str org, struct hn_str *ret,
                                 hn_time *ret_expires)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_net_seen seen;
    struct hn_jw w;
    hn_buf_init(&b, TEXT_MAX);
    HN_TRY(seen_by(n, org, h, &seen));
    hn_jw_init(&w, &b);
    hn_net_evidence(&w, n->arena, &h->h, &seen, n->policy, n->now, ret_expires);
    *ret = hn_arena_str(n->arena, hn_buf_text(&b));
    return b.bad || n->arena->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

static bool about_hosts(const struct hn_store_run *run)
{
    static const char *const modules[] = {"packages", "sockets", "processes", "network", "services", "config"};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        for (size_t k = 0; k < run->n_cover; k++)
            if (hn_str_eqc(run->cover[k].module, modules[i]))
                return true;
    return false;
}

bool ops_net_is_evidence(const struct hn_store_run *run)
{
    return covers(run, "telescope") || covers(run, "flow");
}

/* A host that shows an address for the first time counts as one of those that have it. */
static struct hn_err put_addresses(struct ops_net *n, const struct hn_store_run *run, const struct host *h)
{
    return covers(run, "network") ? hn_store_addresses_put(n->store, run->asset, h->addresses, h->h.n_addresses)
                                  : HN_OK;
}

struct hn_err ops_net_of_run(struct ops_net *n, const struct hn_store_run *run, struct hn_str org,
                             struct ops_net_told *ret)
{
    struct host h;
    *ret = (struct ops_net_told){.evidence = NULL};
    if (!about_hosts(run))
        return HN_OK;
    HN_TRY(ops_net_open(n));
    HN_TRY(read_host(n, run->asset, run, &h));
    HN_TRY(put_addresses(n, run, &h));
    HN_TRY(evidence_of(n, &h, org, &ret->text, &ret->expires));
    ret->evidence = hn_jv_parse(n->arena, hn_str_bytes(ret->text), NULL);
    return ret->evidence ? HN_OK : (struct hn_err){HN_E_NOMEM};
}

struct hn_err ops_net_remember(struct ops_net *n, struct hn_str asset, const struct ops_net_told *told)
{
    return told->evidence ? hn_store_join_put(n->store, asset, told->text, told->expires) : HN_OK;
}

/* ---------------------------------------------------------------- telling anew */

static struct hn_err rank_again(struct ops_net *n, const struct hn_store_finding *f, const struct hn_jv *evidence,
                                struct hn_store_run_finding *out, bool *ret_differs)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, TEXT_MAX);
    hn_jw_init(&w, &b);
    const struct hn_jv *v = ops_finding_value(n->arena, f);
    *ret_differs = v && hn_net_apply(&w, n->arena, v, evidence, n->policy);
    if (!*ret_differs)
        return v ? HN_OK : (struct hn_err){HN_E_NOMEM};
    v = hn_jv_parse(n->arena, hn_str_bytes(hn_arena_str(n->arena, hn_buf_text(&b))), NULL);
    if (!v)
        return (struct hn_err){HN_E_NOMEM};
    *out = (struct hn_store_run_finding){.id = f->id,
                                         .kind = f->kind,
                                         .scope = f->scope,
                                         .class_ = f->class_,
                                         .subject = f->subject,
                                         .location = f->location,
                                         .cause = f->cause,
                                         .fix_kind = f->fix_kind,
                                         .fix_target = f->fix_target,
                                         .fix_value = f->fix_value,
                                         .severity = f->severity,
                                         .confidence = f->confidence,
                                         .prior = hn_jv_num(v, "prior", f->prior),
                                         .p = hn_jv_num(v, "p", f->p),
                                         .loss = hn_jv_num(v, "loss", f->loss),
                                         .score = hn_jv_num(v, "score", f->score),
                                         .due_days = hn_jv_int(v, "due_days", -1),
                                         .due_rule = hn_jv_str(v, "due_rule"),
                                         .since = f->since,
                                         .params = f->params,
                                         .terms = ops_json_text(n->arena, hn_jv_get(v, "terms")),
                                         .graph = ops_json_text(n->arena, hn_jv_get(v, "graph")),
                                         .evidence = f->evidence,
                                         .due_inputs = ops_json_text(n->arena, hn_jv_get(v, "due_inputs")),
                                         .references = f->references};
    return HN_OK;
}

static struct hn_err retell(struct ops_net *n, struct hn_str asset, struct hn_str text, hn_time expires,
                            uint64_t *ret_changed)
{
    struct hn_store_finding_query q = {.asset = asset, .status = HN_F_ANY_STATUS, .page.limit = FINDINGS};
    const struct hn_jv *evidence = hn_jv_parse(n->arena, hn_str_bytes(text), NULL);
    struct hn_store_finding *f;
    struct hn_listing l;
    size_t count = 0;
    HN_TRY(hn_store_findings(n->store, sys, &q, n->arena, &f, &l));
    struct hn_store_run_finding *out = hn_arena_alloc(n->arena, (l.n + 1) * sizeof *out);
    if (!out || !evidence)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < l.n; i++) {
        bool differs = false;
        if (f[i].status != HN_F_CLOSED)
            HN_TRY(rank_again(n, &f[i], evidence, &out[count], &differs));
        count += differs;
    }
    return hn_store_findings_retell(n->store, asset, out, count, text, expires, ret_changed);
}

static struct hn_err refresh_one(struct ops_net *n, struct hn_str asset, uint64_t *ret_changed)
{
    struct hn_store_asset x;
    struct host h;
    struct hn_str text, before;
    hn_time expires, expires_before;
    *ret_changed = 0;
    HN_TRY(hn_store_asset_get(n->store, sys, asset, n->arena, &x));
    HN_TRY(read_host(n, asset, NULL, &h));
    HN_TRY(evidence_of(n, &h, x.org, &text, &expires));
    HN_TRY(hn_store_join_get(n->store, asset, n->arena, &before, &expires_before));
    if (!hn_str_eq(text, before))
        return retell(n, asset, text, expires, ret_changed);
    return expires == expires_before ? HN_OK : hn_store_join_put(n->store, asset, text, expires);
}

struct hn_err ops_net_refresh(struct ops_net *n, const struct hn_str *assets, size_t n_assets, uint64_t *ret_changed)
{
    struct hn_str *all;
    size_t n_all;
    *ret_changed = 0;
    if (!n_assets) {
        HN_TRY(hn_store_assets_seen_by(n->store, sys, HN_STR("sockets"), n->arena, &all, &n_all));
        assets = all;
        n_assets = n_all;
    }
    for (size_t i = 0; i < n_assets; i++) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        struct ops_net one = *n;
        uint64_t changed;
        hn_arena_init(&a, ASSET_MEMORY);
        one.arena = &a;
        HN_TRY(refresh_one(&one, assets[i], &changed));
        *ret_changed += changed;
    }
    return HN_OK;
}

struct hn_err ops_net_sweep(struct hn_store *s, const struct hn_policy *policy)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct ops_net n = {.store = s, .policy = policy, .arena = &a, .now = hn_now()};
    struct hn_str *old;
    size_t count;
    uint64_t changed;
    hn_arena_init(&a, ASSET_MEMORY);
    HN_TRY(hn_store_join_expired(s, n.now, &a, &old, &count));
    if (!count)
        return HN_OK;
    HN_TRY(ops_net_open(&n));
    return ops_net_refresh(&n, old, count, &changed);
}
