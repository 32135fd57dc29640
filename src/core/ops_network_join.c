/* Reading what the join needs; the join itself is net_join.c, writing what it gives is ops_network_tell.c. */
#include "core/ops_network.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/ops_in.h"

#define TEXT_MAX ((size_t)8 << 20)

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
                                                  .usual = -1,
                                                  .last = o->at};
}

static void add_surge(struct ops_net *n, const struct hn_store_obs *o)
{
    const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(o->fields), NULL);
    struct ops_net_world *w = &n->world;
    w->port_org[w->n_ports] = o->org;
    w->ports[w->n_ports++] = (struct hn_net_port){.by = source_of(n, o),
                                                  .proto = hn_jv_str(f, "proto"),
                                                  .port = hn_jv_int(f, "port", -1),
                                                  .sources = hn_jv_int(f, "sources", 0),
                                                  .usual = hn_jv_int(f, "expected", 0),
                                                  .last = time_of(f, "hour") + HN_HOUR};
}

static void ask(struct ops_net_world *w, struct hn_str proto, int64_t port)
{
    if (port >= 0 && port < 65536)
        w->asked[hn_str_eqc(proto, "udp")][port / 8] |= (uint8_t)(1u << port % 8);
}

static struct hn_err read_ports(struct ops_net *n)
{
    struct hn_store_obs *o, *summaries, *surges;
    size_t count, n_summaries, n_surges;
    bool day = false;
    HN_TRY(rows_of(n, "telescope.summary", HN_STR(""), &summaries, &n_summaries));
    HN_TRY(rows_of(n, "telescope.port", HN_STR(""), &o, &count));
    HN_TRY(rows_of(n, "telescope.surge", HN_STR(""), &surges, &n_surges));
    n->world.ports = hn_arena_alloc(n->arena, (count + n_surges + 1) * sizeof *n->world.ports);
    n->world.port_org = hn_arena_alloc(n->arena, (count + n_surges + 1) * sizeof *n->world.port_org);
    if (!n->world.ports || !n->world.port_org)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < count; i++) {
        if (!i || !hn_str_eq(o[i].asset, o[i - 1].asset))
            day = of_a_day(summaries, n_summaries, o[i].asset);
        add_port(n, &o[i], day);
    }
    for (size_t i = 0; i < n_surges; i++)
        add_surge(n, &surges[i]);
    for (size_t i = 0; i < n->world.n_ports; i++)
        ask(&n->world, n->world.ports[i].proto, n->world.ports[i].port);
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

/* Spam, floods and uploads are alerts of their own; they say less of who commands the host. */
static void add_suspect(struct ops_net *n, const struct hn_store_obs *o)
{
    const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(o->fields), NULL);
    struct hn_str kind = hn_jv_str(f, "kind");
    bool c2 = hn_str_is_word_of(kind, HN_STR("beacon intel dns-tunnel"));
    if (hn_str_eqc(hn_jv_str(f, "verdict"), "benign"))
        return; /* somebody looked */
    struct hn_net_sender s = {.kind = c2 ? HN_NET_C2 : HN_NET_SCANS,
                              .address = hn_jv_str(f, "host"),
                              .peer = c2 ? hn_jv_str(f, "peer") : HN_STR(""),
                              .port = hn_jv_int(f, "port", 0),
                              .n = hn_jv_int(f, "contacts", 0),
                              .last = time_of(f, "last")};
    if (c2 || hn_str_is_word_of(kind, HN_STR("scan port-scan lateral")))
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

/* ---------------------------------------------------------------- by address */

static int by_address(const void *x, const void *y)
{
    const struct ops_net_row *a = x, *b = y;
    int c = hn_str_cmp(a->address, b->address);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

/* How many rows are about the address; *ret_first: the first of them. */
static size_t rows_about(const struct ops_net_row *rows, size_t n, struct hn_str address, size_t *ret_first)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (hn_str_cmp(rows[mid].address, address) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (*ret_first = low; low < n && hn_str_eq(rows[low].address, address); low++)
        ;
    return low - *ret_first;
}

/* "198.18.0.7 tcp:22" */
static bool hit_subject(struct hn_str s, struct hn_str *ret_address, struct hn_str *ret_proto, int64_t *ret_port)
{
    return hn_str_split(&s, ' ', ret_address) && hn_str_split(&s, ':', ret_proto) && hn_str_i64(s, ret_port);
}

static struct hn_err read_hits(struct ops_net *n)
{
    struct ops_net_world *w = &n->world;
    struct hn_str address, proto;
    int64_t port;
    HN_TRY(rows_of(n, "flow.scanned", HN_STR(""), &w->hits, &w->n_hits));
    w->by_hit = hn_arena_alloc(n->arena, (w->n_hits + 1) * sizeof *w->by_hit);
    w->by_sender = hn_arena_alloc(n->arena, (w->n_senders + 1) * sizeof *w->by_sender);
    if (!w->by_hit || !w->by_sender)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < w->n_hits; i++) {
        w->by_hit[i] = (struct ops_net_row){HN_STR(""), i};
        if (hit_subject(w->hits[i].subject, &address, &proto, &port)) {
            w->by_hit[i].address = address;
            ask(w, proto, port);
        }
    }
    for (size_t i = 0; i < w->n_senders; i++)
        w->by_sender[i] = (struct ops_net_row){w->senders[i].address, i};
    if (w->n_hits)
        qsort(w->by_hit, w->n_hits, sizeof *w->by_hit, by_address);
    if (w->n_senders)
        qsort(w->by_sender, w->n_senders, sizeof *w->by_sender, by_address);
    return HN_OK;
}

struct hn_err ops_net_open(struct ops_net *n)
{
    n->world = (struct ops_net_world){.n_ports = 0};
    HN_TRY(read_ports(n));
    HN_TRY(read_senders(n));
    HN_TRY(read_hits(n));
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
    return hn_str_i64(last, &port) && port >= 0 && port < 65536 &&
           w->asked[hn_str_eqc(proto, "udp")][port / 8] >> port % 8 & 1;
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

/* What a centre sees serves its subtree, and no other. Rows of one telescope follow one another. */
static void ports_for(struct ops_net *n, struct hn_str org, struct hn_net_port *ports, size_t *ret_n)
{
    const struct ops_net_world *w = &n->world;
    bool serves = false;
    for (size_t i = 0; i < w->n_ports; i++) {
        if (!i || !hn_str_eq(w->port_org[i], w->port_org[i - 1]))
            serves = hn_store_org_above(n->store, w->port_org[i], org);
        if (serves)
            ports[(*ret_n)++] = w->ports[i];
    }
}

static struct hn_err add_senders(struct ops_net *n, struct hn_str org, struct hn_str address,
                                 struct hn_net_sender *senders, size_t *ret_n)
{
    const struct ops_net_world *w = &n->world;
    size_t first, count = rows_about(w->by_sender, w->n_senders, address, &first);
    for (size_t k = first; k < first + count; k++) {
        size_t i = w->by_sender[k].at;
        if (!hn_store_org_above(n->store, w->sender_org[i], org))
            continue;
        struct hn_net_sender *s = &senders[(*ret_n)++];
        *s = w->senders[i];
        HN_TRY(hn_store_address_holders(n->store, s->address, w->sender_org[i], &s->holders));
    }
    return HN_OK;
}

static struct hn_err add_hits(struct ops_net *n, struct hn_str org, struct hn_str address, struct hn_net_hit *hits,
                              size_t *ret_n)
{
    const struct ops_net_world *w = &n->world;
    size_t first, count = rows_about(w->by_hit, w->n_hits, address, &first);
    for (size_t k = first; k < first + count; k++) {
        const struct hn_store_obs *o = &w->hits[w->by_hit[k].at];
        if (!hn_store_org_above(n->store, o->org, org))
            continue;
        const struct hn_jv *f = hn_jv_parse(n->arena, hn_str_bytes(o->fields), NULL);
        struct hn_net_hit *h = &hits[(*ret_n)++];
        *h = (struct hn_net_hit){.by = source_of(n, o),
                                 .address = address,
                                 .proto = hn_jv_str(f, "proto"),
                                 .port = hn_jv_int(f, "port", -1),
                                 .sources = hn_jv_int(f, "sources", 0),
                                 .last = time_of(f, "last")};
        h->last = h->last < o->at ? h->last : o->at;
        HN_TRY(hn_store_address_holders(n->store, address, o->org, &h->holders));
    }
    return HN_OK;
}

static size_t about(const struct ops_net_row *rows, size_t n, const struct host *h)
{
    size_t sum = 0, first;
    for (size_t k = 0; k < h->h.n_addresses; k++)
        sum += rows_about(rows, n, h->addresses[k], &first);
    return sum;
}

static bool said_before(const struct host *h, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (hn_str_eq(h->addresses[i], h->addresses[k]))
            return true;
    return false;
}

static struct hn_err seen_by(struct ops_net *n, struct hn_str org, struct host *h, struct hn_net_seen *ret)
{
    const struct ops_net_world *w = &n->world;
    struct hn_net_port *ports = hn_arena_alloc(n->arena, (w->n_ports + 1) * sizeof *ports);
    struct hn_net_sender *senders =
        hn_arena_alloc(n->arena, (about(w->by_sender, w->n_senders, h) + 1) * sizeof *senders);
    struct hn_net_hit *hits = hn_arena_alloc(n->arena, (about(w->by_hit, w->n_hits, h) + 1) * sizeof *hits);
    if (!ports || !senders || !hits)
        return (struct hn_err){HN_E_NOMEM};
    *ret = (struct hn_net_seen){.ports = ports, .senders = senders, .hits = hits};
    ports_for(n, org, ports, &ret->n_ports);
    for (size_t k = 0; k < h->h.n_addresses; k++) {
        if (said_before(h, k))
            continue;
        HN_TRY(add_senders(n, org, h->addresses[k], senders, &ret->n_senders));
        HN_TRY(add_hits(n, org, h->addresses[k], hits, &ret->n_hits));
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

struct hn_err ops_net_known(struct ops_net *n, struct hn_str asset, struct hn_str org, struct hn_str *ret_text,
                            hn_time *ret_expires)
{
    struct host h;
    HN_TRY(read_host(n, asset, NULL, &h));
    return evidence_of(n, &h, org, ret_text, ret_expires);
}
