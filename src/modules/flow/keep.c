/* What the store shall keep: alerts as observations of the hosts, the health of exporters as observations of them. */
#include <sys/utsname.h>

#include "base/str.h"
#include "modules/flow/flow_in.h"

#define SCOPE     HN_STR("flow")
#define KNOWN_MAX ((size_t)16 << 20)

static void emit_suspect(struct hn_parse *o, struct hn_arena *a, const struct flow_suspect *s)
{
    char host[HN_IP_TEXT], peer[HN_IP_TEXT] = "", id[FLOW_ID];
    const struct flow_pair *p = s->pair;
    unsigned port = flow_suspect_port(s);
    hn_ip_text(flow_suspect_host(s), host);
    if (flow_suspect_peer(s)->family)
        hn_ip_text(flow_suspect_peer(s), peer);
    hn_obs_begin(o, "suspect", hn_arena_fmt(a, "%s %s:%u", flow_kind_name(s->kind), peer, port));
    hn_obs_str(o, "kind", hn_str_c(flow_kind_name(s->kind)));
    hn_obs_str(o, "host", hn_str_c(host));
    hn_obs_str(o, "peer", hn_str_c(peer));
    hn_obs_int(o, "port", port);
    hn_obs_int(o, "score", (int64_t)(100 * s->score));
    hn_obs_int(o, "contacts", p ? p->n : s->peers);
    hn_obs_int(o, "interval", p ? s->rhythm.median / HN_SECOND : 0);
    hn_obs_str(o, "technique", hn_str_c(flow_technique(s)));
    if (s->print.n)
        hn_obs_str(o, "fingerprint", s->print);
    hn_obs_str(o, "sentence_en", flow_sentence(a, HN_EN, s));
    hn_obs_str(o, "sentence_ja", flow_sentence(a, HN_JA, s));
    hn_obs_str(o, "benign_en", hn_str_c(flow_benign_if(a, HN_EN, s)));
    hn_obs_str(o, "benign_ja", hn_str_c(flow_benign_if(a, HN_JA, s)));
    hn_obs_time(o, "first", p ? p->first : s->fan->first);
    hn_obs_time(o, "last", p ? p->last : s->fan->last);
    flow_alert_id(s, id);
    hn_obs_str(o, "alert", hn_str_c(id));
    hn_obs_int(o, "unjudged", (int64_t)(1000 * (s->logit - s->judged)));
    if (s->verdict.n) {
        hn_obs_str(o, "verdict", s->verdict);
        hn_obs_str(o, "verdict_reason", s->opinion);
    }
    hn_obs_end(o);
}

/* All alerts on the host of list[from]; false when an earlier one was of the same host. */
static bool keep_host(struct hn_work *w, const struct flow_verdicts *v, size_t from, hn_time at)
{
    struct hn_arena *a = hn_work_arena(w);
    const struct hn_ip *ip = flow_suspect_host(&v->list[from]);
    char host[HN_IP_TEXT];
    for (size_t i = 0; i < from; i++)
        if (v->list[i].score >= FLOW_ALERT && hn_ip_eq(flow_suspect_host(&v->list[i]), ip))
            return true;
    struct hn_work_asset asset = {.kind = HN_STR("host"), .key_type = HN_STR("address"), .scope = SCOPE};
    asset.name = asset.key = hn_str_c(hn_ip_text(ip, host));
    struct hn_parse *o = hn_work_obs_begin(w, &asset, at);
    for (size_t i = from; i < v->n; i++)
        if (v->list[i].score >= FLOW_ALERT && hn_ip_eq(flow_suspect_host(&v->list[i]), ip))
            emit_suspect(o, a, &v->list[i]);
    if (hn_ok(hn_work_obs_end(w, false)))
        return true;
    hn_work_warn(w, "flow.not-kept", "host", host, NULL);
    return false;
}

void flow_keep_suspects(struct hn_work *w, const struct flow_verdicts *v, hn_time at)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->list[i].score >= FLOW_ALERT)
            keep_host(w, v, i, at);
}

/* ---------------------------------------------------------------- what is known already, judged */

static void tell_field(struct hn_parse *o, const struct hn_field *f, const struct hn_jv *v)
{
    hn_time t;
    if (v->kind == HN_JV_STR && f->type == HN_T_STR)
        hn_obs_str(o, f->name, v->s);
    else if (v->kind == HN_JV_STR && f->type == HN_T_TIME && hn_time_parse(v->s, &t))
        hn_obs_time(o, f->name, t);
    else if (v->kind == HN_JV_INT && f->type == HN_T_INT)
        hn_obs_int(o, f->name, v->i);
}

struct verdict {
    struct hn_str id, verdict, reason;
};

static void tell_known(struct hn_parse *o, const struct hn_jv *row, const struct verdict *v)
{
    const struct hn_jv *fields = hn_jv_get(row, "fields");
    bool it = hn_str_eq(hn_jv_str(fields, "alert"), v->id);
    double unjudged = (double)hn_jv_int(fields, "unjudged", 0) / 1000,
           weight = flow_verdict_weight(v->verdict, unjudged);
    hn_obs_begin(o, "suspect", hn_jv_str(row, "subject"));
    for (const struct hn_field *f = flow_suspect_fields; f->name; f++) {
        const struct hn_jv *value = hn_jv_get(fields, f->name);
        bool changes = it && (hn_str_eqc(HN_STR("score"), f->name) || strncmp(f->name, "verdict", 7) == 0);
        if (value && !changes)
            tell_field(o, f, value);
    }
    if (it)
        hn_obs_int(o, "score", (int64_t)(100 * flow_score_of(unjudged + weight)));
    if (it && weight != 0) {
        hn_obs_str(o, "verdict", v->verdict);
        hn_obs_str(o, "verdict_reason", v->reason);
    }
    hn_obs_end(o);
}

/* A moment after it was last seen, so that it is newer, and what is seen next is newer again. */
static hn_time last_of(const struct hn_jv *rows)
{
    hn_time last = 0, t;
    for (size_t i = 0; i < rows->n; i++)
        if (hn_time_parse(hn_jv_str(&rows->items[i], "at"), &t) && t > last)
            last = t;
    return last + HN_SECOND;
}

static int keep_known(struct hn_work *w, struct hn_bytes text, const struct verdict *v)
{
    const struct hn_jv *doc = hn_jv_parse(hn_work_arena(w), text, NULL), *rows = hn_jv_get(doc, "suspects");
    if (!rows || rows->kind != HN_JV_ARR || !rows->n)
        return hn_work_usage(w, "flow.bad-known", NULL);
    struct hn_work_asset asset = {.kind = HN_STR("host"), .key_type = HN_STR("address"), .scope = SCOPE};
    asset.name = asset.key = hn_jv_str(hn_jv_get(&rows->items[0], "fields"), "host");
    struct hn_parse *o = hn_work_obs_begin(w, &asset, last_of(rows));
    for (size_t i = 0; i < rows->n; i++)
        tell_known(o, &rows->items[i], v);
    return hn_ok(hn_work_obs_end(w, true))
               ? 0
               : hn_work_fail(w, "flow.not-kept", "host", hn_arena_cstr(hn_work_arena(w), asset.name), NULL);
}

int flow_keep_known(struct hn_work *w, struct hn_str id, struct hn_str verdict, struct hn_str reason)
{
    struct verdict v = {id, verdict, reason};
    struct hn_input in;
    if (!hn_work_given(w, "known"))
        return 0;
    if (!hn_work_input(w, "known", &in) || !hn_work_map(w, &in, KNOWN_MAX))
        return hn_work_usage(w, "flow.bad-known", NULL);
    int rc = keep_known(w, in.map, &v);
    hn_work_done(&in);
    return rc;
}

/* ---------------------------------------------------------------- exporters */

/* Loss in a thousand of what was sent, in the unit that the protocol counts. */
static int64_t lost_share(const struct hn_exporter *e)
{
    uint64_t got = e->version == 10                       ? e->flows + e->options
                   : e->version == 9 || e->version == 105 ? e->packets
                                                          : e->flows;
    uint64_t lost = e->lost + e->drops;
    return got + lost ? (int64_t)(lost * 1000 / (got + lost)) : 0;
}

static void emit_exporter(struct hn_parse *o, struct hn_arena *a, const struct hn_exporter *e)
{
    char address[HN_IP_TEXT];
    hn_ip_text(&e->address, address);
    hn_obs_begin(
        o, "exporter",
        hn_arena_fmt(a, "%s %u/%u", flow_protocol_name(e->version), (unsigned)e->domain, (unsigned)e->version));
    hn_obs_str(o, "address", hn_str_c(address));
    hn_obs_str(o, "protocol", hn_str_c(flow_protocol_name(e->version)));
    hn_obs_int(o, "domain", e->domain);
    hn_obs_int(o, "packets", (int64_t)e->packets);
    hn_obs_int(o, "flows", (int64_t)e->flows);
    hn_obs_int(o, "lost", (int64_t)(e->lost + e->drops));
    hn_obs_int(o, "lost_share", lost_share(e));
    hn_obs_str(o, "unit", hn_str_c(hn_export_unit(e->version)));
    hn_obs_int(o, "gaps", (int64_t)e->gaps);
    hn_obs_int(o, "without_template", (int64_t)e->unknown_sets);
    hn_obs_int(o, "waiting", (int64_t)e->waiting_sets);
    hn_obs_int(o, "skew", e->skew_ms / 1000);
    hn_obs_int(o, "sampling", e->sampling);
    hn_obs_time(o, "first", e->first);
    hn_obs_time(o, "last", e->last);
    hn_obs_end(o);
}

static bool first_of_address(const struct hn_export *x, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (hn_ip_eq(&hn_export_at(x, i)->address, &hn_export_at(x, at)->address))
            return false;
    return true;
}

bool flow_exporter_known(const struct hn_exporter *e)
{
    static const uint8_t none[16];
    return memcmp(e->address.b, none, sizeof none) != 0;
}

void flow_keep_exporters(struct hn_work *w, const struct hn_export *x, hn_time at)
{
    const struct hn_exporter *e, *f;
    char text[HN_IP_TEXT];
    for (size_t i = 0; (e = hn_export_at(x, i)); i++) {
        if (!flow_exporter_known(e) || !first_of_address(x, i))
            continue;
        struct hn_work_asset asset = {
            .kind = HN_STR("network"), .key_type = HN_STR("address"), .scope = HN_STR("flow-export")};
        asset.name = asset.key = hn_str_c(hn_ip_text(&e->address, text));
        struct hn_parse *o = hn_work_obs_begin(w, &asset, at);
        for (size_t k = i; (f = hn_export_at(x, k)); k++)
            if (hn_ip_eq(&f->address, &e->address))
                emit_exporter(o, hn_work_arena(w), f);
        if (!hn_ok(hn_work_obs_end(w, true)))
            hn_work_warn(w, "flow.not-kept", "host", text, NULL);
    }
}

/* ---------------------------------------------------------------- our own meter */

void flow_keep_meter(struct hn_work *w, const struct flow_meter_health *h, hn_time at)
{
    uint64_t sent = h->packets + h->dropped;
    struct hn_work_asset asset = {
        .kind = HN_STR("network"), .key_type = HN_STR("interface"), .scope = HN_STR("flow-meter")};
    struct utsname us; /* every machine has an eth0 */
    const char *node = uname(&us) == 0 && us.nodename[0] ? us.nodename : "?";
    asset.name = asset.key = hn_arena_fmt(hn_work_arena(w), "%s %.*s", node, HN_FMT(h->interface));
    struct hn_parse *o = hn_work_obs_begin(w, &asset, at);
    hn_obs_begin(o, "meter", h->interface);
    hn_obs_str(o, "interface", h->interface);
    hn_obs_int(o, "packets", (int64_t)h->packets);
    hn_obs_int(o, "flows", (int64_t)h->flows);
    hn_obs_int(o, "dropped", (int64_t)h->dropped);
    hn_obs_int(o, "dropped_share", sent ? (int64_t)(h->dropped * 1000 / sent) : 0);
    hn_obs_int(o, "malformed", (int64_t)h->malformed);
    hn_obs_int(o, "early", (int64_t)h->early);
    hn_obs_time(o, "first", h->first);
    hn_obs_time(o, "last", at);
    hn_obs_end(o);
    if (!hn_ok(hn_work_obs_end(w, true)))
        hn_work_warn(w, "flow.not-kept", "host", hn_arena_cstr(hn_work_arena(w), h->interface), NULL);
}
