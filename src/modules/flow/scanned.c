/* Which services of ours scanners reached: who searches is known by what it does elsewhere, so that the one knock that
 * was answered is told from a visit. Joined in the core with the listeners of hosts. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/flow/flow_in.h"

#define KNOCKS_LEAST 5u /* places of ours that never answered: Jung 2004 decides after four or five */
#define ROWS_MOST    ((size_t)10000)

static void count_knocks(struct flow_state *s)
{
    for (size_t i = 0; i < s->n_pairs; i++) {
        const struct flow_pair *p = &s->pairs[i];
        bool asks = p->proto == 6 || p->proto == 17;
        struct flow_host *h = asks && p->failed == p->n && flow_is_own(s, &p->dst) ? flow_host_find(s, &p->src) : NULL;
        if (h)
            h->knocks++;
    }
    for (size_t i = 0; i < s->n_fans; i++) {
        const struct flow_fan *f = &s->fans[i];
        struct flow_host *h = !f->dst.family && flow_is_scan(f) ? flow_host_find(s, &f->src) : NULL;
        if (h)
            h->knocks += KNOCKS_LEAST;
    }
}

/* One exporter whose clock runs ahead must not move the day beyond what all the others told. */
static hn_time latest(const struct flow_state *s)
{
    return s->so_far ? s->so_far : s->last;
}

/* Of the last day, by a scanner, and at least once answered: then something listens, and the scan got there. */
static bool reached(const struct flow_state *s, const struct flow_pair *p)
{
    if ((p->proto != 6 && p->proto != 17) || p->failed == p->n || !p->answered || p->last < latest(s) - HN_DAY ||
        !flow_is_own(s, &p->dst) || flow_is_group(&p->dst))
        return false;
    const struct flow_host *h = flow_host_find(s, &p->src);
    return h && h->knocks >= KNOCKS_LEAST;
}

static int by_service(const void *a, const void *b)
{
    const struct flow_pair *p = *(const struct flow_pair *const *)a, *q = *(const struct flow_pair *const *)b;
    int c = memcmp(p->dst.b, q->dst.b, 16);
    if (c)
        return c;
    return p->proto != q->proto ? p->proto - q->proto : p->port - q->port;
}

static int most_sources_first(const void *a, const void *b)
{
    const struct flow_scanned *x = a, *y = b;
    if (x->sources != y->sources)
        return x->sources > y->sources ? -1 : 1;
    int c = memcmp(x->host.b, y->host.b, 16);
    return c ? c : x->port - y->port;
}

static bool is_service(const struct flow_scanned *x, const struct flow_pair *p)
{
    return x->proto == p->proto && x->port == p->port && hn_ip_eq(&x->host, &p->dst);
}

size_t flow_scanned_of(struct flow_state *s, struct hn_arena *a, struct flow_scanned **ret)
{
    size_t n = 0, rows = 0;
    count_knocks(s);
    for (size_t i = 0; i < s->n_pairs; i++)
        n += reached(s, &s->pairs[i]);
    const struct flow_pair **list = hn_arena_alloc(a, (n + 1) * sizeof *list);
    struct flow_scanned *out = hn_arena_alloc(a, (n + 1) * sizeof *out);
    *ret = out;
    if (!list || !out)
        return 0;
    for (size_t i = n = 0; i < s->n_pairs; i++)
        if (reached(s, &s->pairs[i]))
            list[n++] = &s->pairs[i];
    if (n)
        qsort(list, n, sizeof(const struct flow_pair *), by_service);
    for (size_t i = 0; i < n; i++) {
        if (!rows || !is_service(&out[rows - 1], list[i]))
            out[rows++] =
                (struct flow_scanned){list[i]->dst, list[i]->src, list[i]->proto, list[i]->port, 0, list[i]->last};
        struct flow_scanned *x = &out[rows - 1];
        x->sources++;
        x->last = list[i]->last > x->last ? list[i]->last : x->last;
    }
    if (rows)
        qsort(out, rows, sizeof *out, most_sources_first);
    return rows < ROWS_MOST ? rows : ROWS_MOST;
}

/* ---------------------------------------------------------------- kept */

static const char *proto_name(uint8_t proto)
{
    return proto == 6 ? "tcp" : "udp";
}

/* Who saw it: the first exporter, which is an asset already; else the network that was watched. */
static struct hn_work_asset seen_by(struct hn_work *w, const struct flow_state *s, const struct hn_export *x)
{
    struct hn_arena *a = hn_work_arena(w);
    struct hn_work_asset asset = {.kind = HN_STR("network"), .scope = HN_STR("flow-scans")};
    const struct hn_exporter *e;
    char text[HN_IP_TEXT];
    for (size_t i = 0; (e = hn_export_at(x, i)); i++)
        if (flow_exporter_known(e)) {
            asset.key_type = HN_STR("address");
            asset.name = asset.key = hn_arena_str(a, hn_str_c(hn_ip_text(&e->address, text)));
            return asset;
        }
    asset.key_type = HN_STR("flows");
    asset.key = s->n_internal ? hn_arena_fmt(a, "%s/%u", hn_ip_text(&s->internal[0].net, text), s->internal[0].bits)
                              : HN_STR("flows");
    asset.name = asset.key;
    return asset;
}

static void emit(struct hn_parse *o, struct hn_arena *a, const struct flow_scanned *x)
{
    char host[HN_IP_TEXT], source[HN_IP_TEXT];
    hn_ip_text(&x->host, host);
    hn_obs_begin(o, "scanned", hn_arena_fmt(a, "%s %s:%u", host, proto_name(x->proto), x->port));
    hn_obs_str(o, "host", hn_str_c(host));
    hn_obs_str(o, "proto", hn_str_c(proto_name(x->proto)));
    hn_obs_int(o, "port", x->port);
    hn_obs_int(o, "sources", x->sources);
    hn_obs_str(o, "source", hn_str_c(hn_ip_text(&x->source, source)));
    hn_obs_time(o, "last", x->last);
    hn_obs_end(o);
}

void flow_keep_scanned(struct hn_work *w, const struct flow_state *s, const struct hn_export *x,
                       const struct flow_scanned *list, size_t n, hn_time at)
{
    struct hn_work_asset asset = seen_by(w, s, x);
    if (!s->last)
        return;
    struct hn_parse *o = hn_work_obs_begin(w, &asset, at);
    for (size_t i = 0; i < n; i++)
        emit(o, hn_work_arena(w), &list[i]);
    if (!hn_ok(hn_work_obs_end(w, true)))
        hn_work_warn(w, "flow.not-kept", "host", hn_arena_cstr(hn_work_arena(w), asset.name), NULL);
}
