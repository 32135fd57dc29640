/* hinomi flow replay: files of flows or packets in, suspects out. */
#include <math.h>
#include <stdlib.h>

#include "base/str.h"
#include "modules/flow/flow_in.h"

#define ANSWER_MAX ((size_t)512 << 20)
#define SHOWN      20u
#define BARS       24u

struct input_note {
    struct hn_str name;
    struct flow_input_stats stats;
};

struct replay {
    struct hn_work *w;
    struct flow_state state;
    struct flow_stitch *stitch;
    struct flow_reader reader;
    struct flow_verdicts verdicts;
    struct flow_scanned *scanned;
    struct input_note *notes;
    size_t n_scanned, n_notes, cap_notes;
    uint64_t unreadable, random;
    uint32_t thin;
};

/* As if the exporter had sampled one packet in N: a flow of k packets is seen with probability 1 − (1 − 1/N)^k. Which
 * ones is decided by a generator that begins the same way every time. */
static bool thinned(struct replay *r, struct hn_flow *f)
{
    r->random = r->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    double toss = (double)(r->random >> 11) / (double)((uint64_t)1 << 53);
    uint64_t k = f->packets + f->packets_back ? f->packets + f->packets_back : 1;
    if (toss >= 1 - pow(1 - 1.0 / (double)r->thin, (double)k))
        return true;
    f->packets = (f->packets + r->thin - 1) / r->thin;
    f->bytes = (f->bytes + r->thin - 1) / r->thin;
    f->packets_back /= r->thin;
    f->bytes_back /= r->thin;
    f->sampling = r->thin;
    return false;
}

static void on_flow(void *arg, const struct hn_flow *f)
{
    struct replay *r = arg;
    struct hn_flow g = *f;
    if (r->thin < 2 || !thinned(r, &g))
        flow_stitch_add(r->stitch, &g);
}

static void on_name(void *arg, const struct hn_flow_name *n)
{
    struct replay *r = arg;
    flow_names_add(&r->state, n);
}

/* ---------------------------------------------------------------- reading */

bool flow_internal_take(struct hn_work *w, struct flow_state *s)
{
    const struct hn_str *list;
    size_t n = hn_work_strs(w, "internal", &list);
    for (size_t i = 0; i < n; i++) {
        struct hn_ip net;
        unsigned bits;
        if (!hn_ip_parse_prefix(list[i], &net, &bits) || i == 64)
            return false;
        if (!s)
            continue;
        s->internal[i].net = net;
        s->internal[i].bits = bits;
        s->n_internal = i + 1;
    }
    return true;
}

static bool take_sampling(struct replay *r)
{
    const struct hn_str *list;
    size_t n = hn_work_strs(r->w, "sampling", &list);
    for (size_t i = 0; i < n; i++)
        if (!flow_sampling_given(r->reader.exports, list[i]))
            return false;
    return true;
}

static void note(struct replay *r, struct hn_str name, const struct flow_input_stats *s)
{
    if (r->n_notes == r->cap_notes) {
        size_t cap = r->cap_notes ? 2 * r->cap_notes : 16;
        struct input_note *more = hn_arena_alloc(hn_work_arena(r->w), cap * sizeof *more);
        if (!more)
            return;
        if (r->n_notes)
            memcpy(more, r->notes, r->n_notes * sizeof *more);
        r->notes = more;
        r->cap_notes = cap;
    }
    r->notes[r->n_notes++] = (struct input_note){name, *s};
}

static void read_all(struct replay *r)
{
    struct flow_inputs inputs = {.w = r->w};
    struct hn_input in;
    while (flow_inputs_next(&inputs, &in)) {
        struct flow_input_stats s;
        flow_read(&r->reader, &in, &s);
        note(r, in.name, &s);
        if (s.why && !s.flows && !s.packets)
            r->unreadable++;
        if (s.why)
            hn_work_warn(r->w, "flow.input.why", "name", hn_arena_cstr(hn_work_arena(r->w), in.name), "why", s.why,
                         NULL);
        hn_work_done(&in);
    }
    flow_inputs_done(&inputs);
}

/* ---------------------------------------------------------------- JSON */

static void put_ip(struct hn_jw *j, const char *key, const struct hn_ip *ip)
{
    char t[HN_IP_TEXT];
    hn_jw_kc(j, key, ip->family ? hn_ip_text(ip, t) : "");
}

static double seconds(hn_time t)
{
    int64_t ms = t / 1000000;
    return (double)ms / 1000;
}

static void put_terms(struct hn_jw *j, const struct flow_suspect *s)
{
    hn_jw_key(j, "terms");
    hn_jw_arr(j);
    for (size_t i = 0; i < s->n_terms; i++) {
        hn_jw_obj(j);
        hn_jw_kc(j, "name", s->terms[i].name);
        hn_jw_knum(j, "value", s->terms[i].value);
        hn_jw_knum(j, "log_odds", s->terms[i].weight * s->terms[i].value);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static int by_time(const void *a, const void *b)
{
    hn_time x = *(const hn_time *)a, y = *(const hn_time *)b;
    return x < y ? -1 : x > y;
}

/* Begins of the last contacts, and how often each length of interval came, up to four times the median. */
static void put_contacts(struct hn_jw *j, const struct flow_suspect *s)
{
    const struct flow_pair *p = s->pair;
    hn_time at[FLOW_TIMES];
    uint32_t n = p->n_times < p->cap_times ? p->n_times : p->cap_times, bars[BARS] = {0};
    memcpy(at, p->times, n * sizeof *at);
    qsort(at, n, sizeof *at, by_time);
    hn_time width = s->rhythm.median * 4 / BARS;
    for (uint32_t i = 1; i < n && width; i++) {
        hn_time k = (at[i] - at[i - 1]) / width;
        bars[k < BARS ? k : BARS - 1]++;
    }
    hn_jw_knum(j, "bar_seconds", seconds(width));
    hn_jw_key(j, "intervals");
    hn_jw_arr(j);
    for (size_t i = 0; i < BARS; i++)
        hn_jw_int(j, bars[i]);
    hn_jw_arr_end(j);
    hn_jw_key(j, "contacts_at");
    hn_jw_arr(j);
    for (uint32_t i = n > 50 ? n - 50 : 0; i < n; i++)
        hn_jw_time(j, at[i]);
    hn_jw_arr_end(j);
}

static void put_beacon(struct hn_jw *j, const struct flow_suspect *s)
{
    const struct flow_pair *p = s->pair;
    hn_jw_kint(j, "flows", p->n);
    hn_jw_kint(j, "contacts", s->rhythm.contacts);
    hn_jw_knum(j, "interval_seconds", seconds(s->rhythm.median));
    hn_jw_knum(j, "dispersion", s->rhythm.dispersion);
    hn_jw_knum(j, "skew", s->rhythm.skew);
    hn_jw_knum(j, "multiples", s->rhythm.multiples);
    hn_jw_knum(j, "same_size", s->same_size);
    hn_jw_kint(j, "failed", p->failed);
    hn_jw_kint(j, "answered", p->answered);
    hn_jw_kint(j, "packets", (int64_t)p->packets);
    hn_jw_kint(j, "bytes", (int64_t)p->bytes);
    hn_jw_kint(j, "packets_back", (int64_t)p->packets_back);
    hn_jw_kint(j, "bytes_back", (int64_t)p->bytes_back);
    hn_jw_knum(j, "longest_seconds", seconds(p->longest));
    hn_jw_ktime(j, "first", p->first);
    hn_jw_ktime(j, "last", p->last);
    put_contacts(j, s);
}

static void put_suspect(struct replay *r, struct hn_jw *j, const struct flow_suspect *s)
{
    struct hn_arena *a = hn_work_arena(r->w);
    const struct flow_pair *p = s->pair;
    char id[FLOW_ID];
    flow_alert_id(s, id);
    hn_jw_obj(j);
    hn_jw_kc(j, "id", id);
    hn_jw_kc(j, "kind", flow_kind_name(s->kind));
    /* host: the one of ours; peer: the other side, who commands if anybody does */
    put_ip(j, "host", flow_suspect_host(s));
    put_ip(j, "peer", flow_suspect_peer(s));
    hn_jw_kint(j, "port", flow_suspect_port(s));
    hn_jw_kint(j, "proto", p ? p->proto : s->fan->proto);
    hn_jw_kc(j, "direction", s->inward ? "in" : "out");
    hn_jw_knum(j, "score", (double)(int)(s->score * 1000 + 0.5) / 1000);
    hn_jw_kbool(j, "alert", s->score >= FLOW_ALERT);
    hn_jw_key(j, "sentence");
    hn_jw_obj(j);
    hn_jw_kstr(j, "en", flow_sentence(a, HN_EN, s));
    hn_jw_kstr(j, "ja", flow_sentence(a, HN_JA, s));
    hn_jw_obj_end(j);
    hn_jw_key(j, "benign_if");
    hn_jw_obj(j);
    hn_jw_kc(j, "en", flow_benign_if(a, HN_EN, s));
    hn_jw_kc(j, "ja", flow_benign_if(a, HN_JA, s));
    hn_jw_obj_end(j);
    hn_jw_kc(j, "technique", flow_technique(s));
    if (s->what.n && !s->list.n)
        hn_jw_kstr(j, "names", s->what);
    if (s->list.n) {
        hn_jw_kstr(j, "list", s->list);
        hn_jw_kstr(j, "indicator", s->what);
    }
    if (s->print.n) {
        hn_jw_kstr(j, "fingerprint", s->print);
        hn_jw_kint(j, "fingerprint_flows", p->listed_flows);
    }
    if (s->opinion.n)
        hn_jw_kstr(j, "judged_because", s->opinion);
    hn_jw_key(j, "evidence");
    hn_jw_obj(j);
    if (p) {
        put_beacon(j, s);
    } else {
        hn_jw_kint(j, "flows", s->fan->n);
        hn_jw_kint(j, "peers", s->peers);
        hn_jw_kint(j, "more_ports", s->more);
        hn_jw_kint(j, "failed", s->fan->failed);
        hn_jw_ktime(j, "first", s->fan->first);
        hn_jw_ktime(j, "last", s->fan->last);
    }
    put_terms(j, s);
    hn_jw_obj_end(j);
    hn_jw_obj_end(j);
}

static void put_inputs(struct hn_jw *j, const struct replay *r)
{
    hn_jw_key(j, "inputs");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_notes; i++) {
        const struct flow_input_stats *s = &r->notes[i].stats;
        hn_jw_obj(j);
        hn_jw_kstr(j, "name", r->notes[i].name);
        hn_jw_kc(j, "kind", s->kind);
        hn_jw_kint(j, "flows", (int64_t)s->flows);
        hn_jw_kint(j, "names", (int64_t)s->names);
        hn_jw_kint(j, "fingerprints", (int64_t)s->prints);
        hn_jw_kint(j, "packets", (int64_t)s->packets);
        hn_jw_kint(j, "malformed", (int64_t)s->malformed);
        hn_jw_kint(j, "other", (int64_t)s->other);
        if (s->why)
            hn_jw_kc(j, "why", s->why);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void put_bad(struct hn_jw *j, const struct hn_exporter *e)
{
    hn_jw_key(j, "malformed");
    hn_jw_obj(j);
    for (int b = 0; b < HN_EXPORT_BADS; b++)
        if (e->bad[b])
            hn_jw_kint(j, hn_export_bad_text((enum hn_export_bad)b), (int64_t)e->bad[b]);
    hn_jw_obj_end(j);
}

const char *flow_protocol_name(uint8_t version)
{
    return version == 105  ? "sflow5"
           : version == 10 ? "ipfix"
           : version == 9  ? "netflow9"
           : version == 7  ? "netflow7"
                           : "netflow5";
}

static void put_exporters(struct hn_jw *j, const struct hn_export *x)
{
    const struct hn_exporter *e;
    hn_jw_key(j, "exporters");
    hn_jw_arr(j);
    for (size_t i = 0; (e = hn_export_at(x, i)); i++) {
        hn_jw_obj(j);
        hn_jw_kint(j, "number", e->number);
        put_ip(j, "address", &e->address);
        hn_jw_kint(j, "domain", e->domain);
        hn_jw_kc(j, "protocol", flow_protocol_name(e->version));
        hn_jw_kint(j, "packets", (int64_t)e->packets);
        hn_jw_kint(j, "flows", (int64_t)e->flows);
        hn_jw_kint(j, "templates", (int64_t)e->templates);
        hn_jw_kint(j, "templates_changed", (int64_t)e->changed);
        hn_jw_kint(j, "options", (int64_t)e->options);
        hn_jw_kint(j, "lost", (int64_t)e->lost);
        hn_jw_kc(j, "lost_unit", hn_export_unit(e->version));
        hn_jw_kint(j, "gaps", (int64_t)e->gaps);
        hn_jw_kint(j, "disordered", (int64_t)e->disordered);
        hn_jw_kint(j, "restarts", (int64_t)e->restarts);
        hn_jw_kint(j, "sets_without_template", (int64_t)e->waiting_sets);
        hn_jw_kint(j, "sampling", e->sampling);
        hn_jw_kbool(j, "sampling_given", e->sampling_given);
        hn_jw_kint(j, "skew_ms", e->skew_ms);
        put_bad(j, e);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static const char *peel_name(size_t i)
{
    static const char *const names[] = {
#define XX(name, low) #low,
        FLOW_PEEL_MAP(XX)
#undef XX
    };
    return names[i];
}

/* Services of ours that scanners reached within the last day of the flows. */
static void put_scanned(struct hn_jw *j, const struct replay *r, size_t most)
{
    hn_jw_key(j, "scanned");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_scanned && i < most; i++) {
        const struct flow_scanned *x = &r->scanned[i];
        hn_jw_obj(j);
        put_ip(j, "host", &x->host);
        hn_jw_kint(j, "port", x->port);
        hn_jw_kint(j, "proto", x->proto);
        hn_jw_kint(j, "sources", x->sources);
        put_ip(j, "source", &x->source);
        hn_jw_ktime(j, "last", x->last);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_kint(j, "scanned_total", (int64_t)r->n_scanned);
}

static void put_document(struct replay *r, struct hn_jw *j)
{
    size_t most = (size_t)hn_work_int(r->w, "top", 100);
    double least = hn_work_num(r->w, "min-score", 0);
    hn_jw_obj(j);
    hn_jw_kc(j, "schema", "hinomi-flow-1");
    hn_jw_kint(j, "flows", (int64_t)r->state.flows);
    hn_jw_ktime(j, "first", r->state.first);
    hn_jw_ktime(j, "last", r->state.last);
    hn_jw_kint(j, "flows_ahead", (int64_t)r->state.ahead);
    hn_jw_kint(j, "hosts", (int64_t)r->state.n_hosts);
    hn_jw_kint(j, "pairs", (int64_t)r->state.n_pairs);
    hn_jw_kint(j, "forgotten_pairs", (int64_t)r->state.forgotten);
    hn_jw_kint(j, "forgotten_names", (int64_t)flow_names_forgotten(r->state.names));
    hn_jw_kint(j, "sampling_most", r->state.sampling_most);
    /* What thinning hides: a beacon needs every contact to be seen at least once. */
    hn_jw_kbool(j, "beacons_visible", r->state.sampling_most <= 10);
    hn_jw_key(j, "suspects");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->verdicts.n && i < most; i++)
        if (r->verdicts.list[i].score >= least)
            put_suspect(r, j, &r->verdicts.list[i]);
    hn_jw_arr_end(j);
    hn_jw_kint(j, "suspects_total", (int64_t)r->verdicts.n);
    hn_jw_key(j, "peeled");
    hn_jw_obj(j);
    for (size_t i = 1; i < FLOW_PEELS; i++)
        hn_jw_kint(j, peel_name(i), (int64_t)r->verdicts.peeled[i]);
    hn_jw_obj_end(j);
    put_scanned(j, r, most);
    put_inputs(j, r);
    put_exporters(j, r->reader.exports);
    hn_jw_obj_end(j);
}

/* ---------------------------------------------------------------- for people */

static void say_text(struct replay *r)
{
    struct hn_arena *a = hn_work_arena(r->w);
    enum hn_lang lang = (enum hn_lang)hn_work_lang(r->w);
    size_t alerts = 0;
    while (alerts < r->verdicts.n && r->verdicts.list[alerts].score >= FLOW_ALERT)
        alerts++;
    hn_work_say(r->w, "flow.replay.head", "flows", hn_arena_fmt(a, "%llu", (unsigned long long)r->state.flows).p,
                "hosts", hn_arena_fmt(a, "%zu", r->state.n_hosts).p, "alerts", hn_arena_fmt(a, "%zu", alerts).p,
                "suspects", hn_arena_fmt(a, "%zu", r->verdicts.n).p, NULL);
    if (r->state.sampling_most > 10)
        hn_work_say(r->w, "flow.replay.sampled", "n", hn_arena_fmt(a, "%u", r->state.sampling_most).p, NULL);
    for (size_t i = 0; i < alerts && i < SHOWN; i++) {
        char id[FLOW_ID];
        flow_alert_id(&r->verdicts.list[i], id);
        hn_work_print(r->w, "%3zu  %3.0f  %s  ", i + 1, 100 * r->verdicts.list[i].score, id);
        hn_work_text(r->w, flow_sentence(a, lang, &r->verdicts.list[i]));
        hn_work_print(r->w, "\n");
    }
}

/* ---------------------------------------------------------------- the answer */

static void answer(struct replay *r)
{
    struct hn_buf b;
    struct hn_jw j;
    if (hn_work_form(r->w) == HN_FORM_TEXT) {
        say_text(r);
        return;
    }
    hn_buf_init(&b, ANSWER_MAX);
    hn_jw_init(&j, &b);
    put_document(r, &j);
    hn_buf_chr(&b, '\n');
    hn_work_write(r->w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

/* ---------------------------------------------------------------- the verb */

/* When it was observed: at the last flow, unless the clock of an exporter runs ahead of ours. One such clock would
 * otherwise keep what all the others told out of the store, which takes nothing from the future. */
static hn_time observed_at(const struct replay *r)
{
    hn_time now = hn_work_now(r->w);
    return r->state.last && r->state.last < now ? r->state.last : now;
}

static void tell_ahead(struct replay *r)
{
    struct hn_work *w = r->w;
    char at[HN_TIME_TEXT];
    if (r->state.ahead)
        hn_work_warn(w, "flow.replay.ahead", "n",
                     hn_arena_fmt(hn_work_arena(w), "%llu", (unsigned long long)r->state.ahead).p, "last",
                     hn_time_text(r->state.last, at), NULL);
}

static int conclude(struct replay *r)
{
    struct hn_work *w = r->w;
    if (!hn_ok(flow_judge_all(&r->state, hn_work_arena(w), &r->verdicts)))
        return hn_work_fail(w, "flow.memory", NULL);
    if (!r->state.only_intel)
        r->n_scanned = flow_scanned_of(&r->state, hn_work_arena(w), &r->scanned);
    answer(r);
    tell_ahead(r);
    bool alert = r->verdicts.n && r->verdicts.list[0].score >= FLOW_ALERT;
    if (hn_work_switch(w, "store")) {
        flow_keep_suspects(w, &r->verdicts, observed_at(r));
        if (!r->state.only_intel)
            flow_keep_scanned(w, &r->state, r->reader.exports, r->scanned, r->n_scanned, observed_at(r));
        flow_keep_exporters(w, r->reader.exports, observed_at(r));
    }
    if (r->unreadable == r->n_notes && (r->n_notes || hn_work_unreadable(w)))
        return 3;
    return alert ? 1 : 0;
}

static int run(struct replay *r)
{
    struct hn_work *w = r->w;
    if (!flow_internal_take(w, &r->state))
        return hn_work_usage(w, "flow.bad-prefix", NULL);
    if (!take_sampling(r))
        return hn_work_usage(w, "flow.bad-sampling", NULL);
    if (!hn_work_switch(w, "stored"))
        read_all(r);
    else if (!flow_stored_read(w, hn_work_time(w, "since"), hn_work_time(w, "until"), on_flow, r))
        return hn_work_fail(w, "flow.memory", NULL);
    flow_stitch_end(r->stitch);
    hn_export_give_up(r->reader.exports, INT64_MAX);
    return conclude(r);
}

static bool begin(struct replay *r, struct hn_work *w)
{
    struct hn_export_sink sink = {on_flow, r};
    r->reader = (struct flow_reader){.w = w,
                                     .flow = on_flow,
                                     .name = on_name,
                                     .arg = r,
                                     .exports = hn_export_new(&sink),
                                     .joins = hn_flow_joins_new()};
    r->stitch = flow_stitch_new(&r->state);
    bool ok = hn_ok(flow_state_init(&r->state));
    r->state.now = hn_work_now(w);
    if (r->reader.exports)
        flow_register_load(w, r->reader.exports);
    return ok && r->reader.exports && r->reader.joins && r->stitch;
}

static void done(struct replay *r)
{
    flow_stitch_free(r->stitch);
    hn_export_free(r->reader.exports);
    hn_flow_joins_free(r->reader.joins);
    flow_state_done(&r->state);
}

int flow_replay(struct hn_work *w)
{
    struct replay r = {.w = w, .random = 1, .thin = 1};
    struct flow_intel *intel = flow_intel_load(w);
    bool ok = begin(&r, w) && intel;
    r.thin = (uint32_t)hn_work_int(w, "thin", 1);
    r.reader.map = hn_work_str(w, "map");
    r.reader.as_exports = hn_work_switch(w, "exports");
    r.state.opinions = flow_opinions_load(w);
    r.state.intel = ok && flow_intel_size(intel) ? intel : NULL;
    int rc = ok ? run(&r) : hn_work_fail(w, "flow.memory", NULL);
    done(&r);
    if (intel)
        flow_intel_free(intel);
    return rc;
}

int flow_replay_stored(struct hn_work *w, struct flow_intel *t)
{
    struct replay r = {.w = w, .random = 1, .thin = 1};
    bool ok = begin(&r, w);
    r.state.intel = t;
    r.state.only_intel = true;
    r.state.opinions = flow_opinions_load(w);
    ok = ok && flow_stored_read(w, 0, 0, on_flow, &r);
    if (ok)
        flow_stitch_end(r.stitch);
    int rc = ok ? conclude(&r) : hn_work_fail(w, "flow.memory", NULL);
    done(&r);
    return rc;
}
