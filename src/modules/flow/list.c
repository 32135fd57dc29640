/* hinomi flow list, flow timeline: stored flows one by one, and added up over time. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/query_in.h"

#define EVERYTHING ((1u << HN_SEGMENT_COLUMNS) - 1)
#define BINS_MAX   100000u

/* ---------------------------------------------------------------- list */

struct listing {
    struct query q;
    uint64_t skip, left;
    bool more;
    bool headed;
    struct hn_buf line;
};

static const char *const state_names[] = {"-", "attempt", "rejected", "established", "closed", "reset", "midstream"};

const char *flow_state_name(uint64_t state)
{
    return state < sizeof state_names / sizeof *state_names ? state_names[state] : "-";
}

static void put_address(struct hn_buf *out, const struct query_worker *k, const struct hn_segment_block *b,
                        enum hn_segment_column c, uint32_t i)
{
    char text[HN_IP_TEXT];
    const uint8_t *p = (const uint8_t *)k->columns[c] + (size_t)i * b->width[c];
    struct hn_ip ip = b->width[c] == 4 ? hn_ip4(p) : hn_ip6(p);
    hn_buf_c(out, hn_ip_text(&ip, text));
}

static unsigned long long get(const struct query_worker *k, const struct hn_segment_block *b, enum hn_segment_column c,
                              uint32_t i)
{
    return (unsigned long long)query_get(k, b, c, i);
}

static hn_time begin_of(const struct query_worker *k, const struct hn_segment_block *b, uint32_t i)
{
    return (b->first_ms + (int64_t)query_get(k, b, HN_SEGMENT_FIRST, i)) * 1000000;
}

/* In CSV all of them, "-" for those that are not known; else those that are, each with its name. */
static void put_prints(struct listing *l, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i)
{
    enum hn_work_form form = hn_work_form(k->q->w);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++) {
        enum hn_tls_print kind = (enum hn_tls_print)p;
        const uint8_t *v = query_print(k, b, kind, i);
        char text[HN_TLS_TEXT] = "-";
        if (v)
            hn_tls_print_text(kind, v, text);
        if (form == HN_FORM_CSV)
            hn_buf_fmt(&l->line, ",%s", text);
        else if (v && form == HN_FORM_TEXT)
            hn_buf_fmt(&l->line, "  %s %s", hn_tls_print_name(kind), text);
        else if (v)
            hn_buf_fmt(&l->line, ",\"%s\":\"%s\"", hn_tls_print_name(kind), text);
    }
}

/* "UAPRSF" as nfdump shows them, a point for each that is not set. */
const char *flow_flags_text(uint64_t flags, char out[9])
{
    static const char letters[] = "CEUAPRSF";
    for (unsigned i = 0; i < 8; i++)
        out[i] = flags >> (7 - i) & 1 ? letters[i] : '.';
    out[8] = 0;
    return out;
}

static void pad(struct hn_buf *out, size_t from, size_t width)
{
    while (out->n - from < width && !out->bad)
        hn_buf_chr(out, ' ');
}

static void put_proto(struct hn_buf *out, uint64_t proto)
{
    const char *name = hn_flow_protocol_name((unsigned)proto);
    size_t from = out->n;
    if (name)
        hn_buf_c(out, name);
    else
        hn_buf_fmt(out, "%llu", (unsigned long long)proto);
    pad(out, from, 7);
}

/* ADDRESS:PORT, of ICMP's destination TYPE.CODE; an address with colons in brackets. */
static void put_end(struct hn_buf *out, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i,
                    bool dst)
{
    size_t from = out->n;
    unsigned long long port = get(k, b, dst ? HN_SEGMENT_DPORT : HN_SEGMENT_SPORT, i);
    unsigned long long proto = get(k, b, HN_SEGMENT_PROTO, i);
    hn_buf_c(out, b->family == 6 ? "[" : "");
    put_address(out, k, b, dst ? HN_SEGMENT_DST : HN_SEGMENT_SRC, i);
    hn_buf_c(out, b->family == 6 ? "]" : "");
    if (dst && (proto == 1 || proto == 58))
        hn_buf_fmt(out, ":%llu.%llu", port >> 8, port & 255);
    else
        hn_buf_fmt(out, ":%llu", port);
    pad(out, from, 21);
}

static void put_text(struct listing *l, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i)
{
    char t[HN_TIME_TEXT], flags[9], back[9];
    struct hn_buf *o = &l->line;
    if (!l->headed)
        hn_buf_fmt(o, "%-24s %10s %-6s %-21s    %-21s %-8s %9s %11s %-8s %9s %11s  %s\n", "FIRST", "DURATION", "PROTO",
                   "SOURCE", "DESTINATION", "FLAGS", "PACKETS", "BYTES", "BACK", "PACKETS", "BYTES", "STATE");
    l->headed = true;
    hn_buf_fmt(o, "%-24s %10.3f ", hn_time_text(begin_of(k, b, i), t),
               (double)get(k, b, HN_SEGMENT_DURATION, i) / 1000);
    put_proto(o, get(k, b, HN_SEGMENT_PROTO, i));
    put_end(o, k, b, i, false);
    hn_buf_c(o, " -> ");
    put_end(o, k, b, i, true);
    hn_buf_fmt(o, " %-8s %9llu %11llu ", flow_flags_text(get(k, b, HN_SEGMENT_FLAGS, i), flags),
               get(k, b, HN_SEGMENT_PACKETS, i), get(k, b, HN_SEGMENT_BYTES, i));
    if (get(k, b, HN_SEGMENT_KNOWN, i) & HN_FLOW_BACK)
        hn_buf_fmt(o, "%-8s %9llu %11llu", flow_flags_text(get(k, b, HN_SEGMENT_FLAGS_BACK, i), back),
                   get(k, b, HN_SEGMENT_PACKETS_BACK, i), get(k, b, HN_SEGMENT_BYTES_BACK, i));
    else
        hn_buf_fmt(o, "%-8s %9s %11s", "-", "-", "-");
    hn_buf_fmt(o, "  %s", flow_state_name(get(k, b, HN_SEGMENT_STATE, i)));
    put_prints(l, k, b, i);
    hn_buf_chr(o, '\n');
}

#define CSV_HEAD                                                                                                       \
    "first,duration,proto,src,sport,dst,dport,packets,bytes,packets_back,bytes_back,state,ja3,ja3s,ja4,flags,"         \
    "flags_back,tos,vlan,in_if,out_if,src_as,dst_as,exporter,sampling\n"

static const enum hn_segment_column csv_more[] = {
    HN_SEGMENT_FLAGS,  HN_SEGMENT_FLAGS_BACK, HN_SEGMENT_TOS,    HN_SEGMENT_VLAN,     HN_SEGMENT_IN_IF,
    HN_SEGMENT_OUT_IF, HN_SEGMENT_SRC_AS,     HN_SEGMENT_DST_AS, HN_SEGMENT_EXPORTER, HN_SEGMENT_SAMPLING};

static void put_csv(struct listing *l, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i)
{
    char t[HN_TIME_TEXT];
    struct hn_buf *o = &l->line;
    hn_buf_fmt(o, "%s,%.3f,%llu,", hn_time_text(begin_of(k, b, i), t), (double)get(k, b, HN_SEGMENT_DURATION, i) / 1000,
               get(k, b, HN_SEGMENT_PROTO, i));
    put_address(o, k, b, HN_SEGMENT_SRC, i);
    hn_buf_fmt(o, ",%llu,", get(k, b, HN_SEGMENT_SPORT, i));
    put_address(o, k, b, HN_SEGMENT_DST, i);
    hn_buf_fmt(o, ",%llu,%llu,%llu,%llu,%llu,%s", get(k, b, HN_SEGMENT_DPORT, i), get(k, b, HN_SEGMENT_PACKETS, i),
               get(k, b, HN_SEGMENT_BYTES, i), get(k, b, HN_SEGMENT_PACKETS_BACK, i),
               get(k, b, HN_SEGMENT_BYTES_BACK, i), flow_state_name(get(k, b, HN_SEGMENT_STATE, i)));
    put_prints(l, k, b, i);
    for (size_t c = 0; c < sizeof csv_more / sizeof *csv_more; c++)
        hn_buf_fmt(o, ",%llu", get(k, b, csv_more[c], i));
    hn_buf_chr(o, '\n');
}

/* What few exporters tell, where this one did. */
static void put_told(struct hn_buf *o, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i)
{
    static const struct {
        const char *name;
        enum hn_segment_column column;
    } told[] = {{"tos", HN_SEGMENT_TOS},
                {"vlan", HN_SEGMENT_VLAN},
                {"src_as", HN_SEGMENT_SRC_AS},
                {"dst_as", HN_SEGMENT_DST_AS}};
    for (size_t c = 0; c < sizeof told / sizeof *told; c++)
        if (get(k, b, told[c].column, i))
            hn_buf_fmt(o, ",\"%s\":%llu", told[c].name, get(k, b, told[c].column, i));
}

static void put_object(struct listing *l, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i)
{
    char t[HN_TIME_TEXT];
    struct hn_buf *o = &l->line;
    hn_buf_fmt(o, "{\"first\":\"%s\",\"duration_ms\":%llu,\"src\":\"", hn_time_text(begin_of(k, b, i), t),
               get(k, b, HN_SEGMENT_DURATION, i));
    put_address(o, k, b, HN_SEGMENT_SRC, i);
    hn_buf_fmt(o, "\",\"sport\":%llu,\"dst\":\"", get(k, b, HN_SEGMENT_SPORT, i));
    put_address(o, k, b, HN_SEGMENT_DST, i);
    hn_buf_fmt(o, "\",\"dport\":%llu,\"proto\":%llu,\"flags\":%llu,\"packets\":%llu,\"bytes\":%llu",
               get(k, b, HN_SEGMENT_DPORT, i), get(k, b, HN_SEGMENT_PROTO, i), get(k, b, HN_SEGMENT_FLAGS, i),
               get(k, b, HN_SEGMENT_PACKETS, i), get(k, b, HN_SEGMENT_BYTES, i));
    if (get(k, b, HN_SEGMENT_KNOWN, i) & HN_FLOW_BACK)
        hn_buf_fmt(o, ",\"packets_back\":%llu,\"bytes_back\":%llu,\"flags_back\":%llu",
                   get(k, b, HN_SEGMENT_PACKETS_BACK, i), get(k, b, HN_SEGMENT_BYTES_BACK, i),
                   get(k, b, HN_SEGMENT_FLAGS_BACK, i));
    hn_buf_fmt(o, ",\"state\":\"%s\",\"exporter\":%llu,\"in_if\":%llu,\"out_if\":%llu,\"sampling\":%llu",
               flow_state_name(get(k, b, HN_SEGMENT_STATE, i)), get(k, b, HN_SEGMENT_EXPORTER, i),
               get(k, b, HN_SEGMENT_IN_IF, i), get(k, b, HN_SEGMENT_OUT_IF, i), get(k, b, HN_SEGMENT_SAMPLING, i));
    put_told(o, k, b, i);
    put_prints(l, k, b, i);
    hn_buf_chr(o, '}');
}

static void list_block(struct query_worker *k, const struct hn_segment_block *b)
{
    struct listing *l = (struct listing *)k->q;
    enum hn_work_form form = hn_work_form(k->q->w);
    for (uint32_t i = 0; i < b->n && !l->more; i++) {
        if (!k->keep[i])
            continue;
        if (l->skip) {
            l->skip--;
            continue;
        }
        l->more = !l->left;
        if (l->more)
            return;
        l->left--;
        k->kept++;
        if (form == HN_FORM_JSON) {
            hn_buf_c(&l->line, k->kept > 1 ? ",\n" : "");
            put_object(l, k, b, i);
        } else if (form == HN_FORM_JSONL) {
            put_object(l, k, b, i);
            hn_buf_chr(&l->line, '\n');
        } else if (form == HN_FORM_CSV) {
            put_csv(l, k, b, i);
        } else {
            put_text(l, k, b, i);
        }
        if (l->line.n > (64u << 10)) {
            hn_work_write(k->q->w, hn_bytes_of(l->line.p, l->line.n));
            hn_buf_clear(&l->line);
        }
    }
}

int flow_list(struct hn_work *w)
{
    static struct listing l;
    enum hn_work_form form = hn_work_form(w);
    int64_t most = hn_work_int(w, "top", 100);
    int rc = flow_query_open(&l.q, w, EVERYTHING);
    if (rc >= 0)
        return rc;
    uint64_t skip = (uint64_t)hn_work_int(w, "skip", 0);
    l.skip = skip;
    l.left = most ? (uint64_t)most : UINT64_MAX;
    l.q.each = list_block;
    hn_buf_init(&l.line, 16u << 20);
    if (form == HN_FORM_JSON)
        hn_buf_c(&l.line, "{\"schema\":\"hinomi-flow-list-1\",\"items\":[\n");
    else if (form == HN_FORM_CSV)
        hn_buf_c(&l.line, CSV_HEAD);
    bool ok = flow_query_run(&l.q, 1);
    if (form == HN_FORM_JSON)
        hn_buf_fmt(&l.line, l.more ? "\n],\"next\":\"%llu\"}\n" : "\n],\"next\":null}\n",
                   (unsigned long long)skip + (unsigned long long)most);
    hn_work_write(w, hn_bytes_of(l.line.p, l.line.n));
    hn_buf_done(&l.line);
    flow_query_close(&l.q);
    return ok ? 0 : hn_work_fail(w, "flow.memory", NULL);
}

/* ---------------------------------------------------------------- timeline */

struct bin {
    uint64_t flows, packets, bytes;
};

struct timeline {
    struct query q;
    int64_t from_ms, width_ms;
    bool scaled;
    size_t n;
    struct bin *bins[QUERY_THREADS];
};

static void count_block(struct query_worker *k, const struct hn_segment_block *b)
{
    struct timeline *t = (struct timeline *)k->q;
    for (uint32_t i = 0; i < b->n; i++) {
        if (!k->keep[i])
            continue;
        int64_t at = b->first_ms + (int64_t)query_get(k, b, HN_SEGMENT_FIRST, i) - t->from_ms;
        size_t n = (size_t)(at / t->width_ms);
        struct bin *x = &t->bins[k->index][n < t->n ? n : t->n - 1];
        uint64_t by = t->scaled ? query_get(k, b, HN_SEGMENT_SAMPLING, i) : 1;
        by = by ? by : 1;
        x->flows++;
        x->packets += by * (query_get(k, b, HN_SEGMENT_PACKETS, i) + query_get(k, b, HN_SEGMENT_PACKETS_BACK, i));
        x->bytes += by * (query_get(k, b, HN_SEGMENT_BYTES, i) + query_get(k, b, HN_SEGMENT_BYTES_BACK, i));
        k->kept++;
    }
}

/* Bins of whole seconds, minutes, …: about sixty of them unless the user says how long. */
static void plan(struct timeline *t, int64_t wanted_s)
{
    static const int64_t steps[] = {1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800};
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < t->q.n_blocks; i++) {
        first = t->q.blocks[i].first_ms < first ? t->q.blocks[i].first_ms : first;
        last = t->q.blocks[i].last_ms > last ? t->q.blocks[i].last_ms : last;
    }
    first = first < t->q.since_ms ? t->q.since_ms : first;
    last = last >= t->q.until_ms ? t->q.until_ms - 1 : last;
    size_t k = 0;
    while (k + 1 < sizeof steps / sizeof *steps && (last - first) / 1000 / steps[k] > 60)
        k++;
    t->width_ms = 1000 * (wanted_s ? wanted_s : steps[k]);
    while (first <= last && (last - first) / t->width_ms >= BINS_MAX)
        t->width_ms *= 2;
    t->from_ms = first - (first % t->width_ms + t->width_ms) % t->width_ms;
    t->n = first <= last ? (size_t)((last - t->from_ms) / t->width_ms) + 1 : 0;
}

static void put_bins(struct timeline *t)
{
    struct hn_work *w = t->q.w;
    enum hn_work_form form = hn_work_form(w);
    char at[HN_TIME_TEXT];
    if (form == HN_FORM_JSON)
        hn_work_print(w, "{\"schema\":\"hinomi-flow-timeline-1\",\"bin_seconds\":%lld,\"bins\":[",
                      (long long)t->width_ms / 1000);
    else if (form == HN_FORM_CSV)
        hn_work_print(w, "at,flows,packets,bytes\n");
    for (size_t i = 0; i < t->n; i++) {
        struct bin *x = &t->bins[0][i], *y = &t->bins[1][i];
        unsigned long long flows = x->flows + y->flows, packets = x->packets + y->packets, bytes = x->bytes + y->bytes;
        hn_time_text((t->from_ms + (int64_t)i * t->width_ms) * 1000000, at);
        if (form == HN_FORM_JSON || form == HN_FORM_JSONL)
            hn_work_print(w, "%s{\"at\":\"%s\",\"flows\":%llu,\"packets\":%llu,\"bytes\":%llu}%s",
                          form == HN_FORM_JSON && i ? ",\n" : "", at, flows, packets, bytes,
                          form == HN_FORM_JSONL ? "\n" : "");
        else
            hn_work_print(w, form == HN_FORM_CSV ? "%s,%llu,%llu,%llu\n" : "%s  %12llu  %14llu  %16llu\n", at, flows,
                          packets, bytes);
    }
    if (form == HN_FORM_JSON)
        hn_work_print(w, "]}\n");
}

int flow_timeline(struct hn_work *w)
{
    static struct timeline t;
    bool scaled = hn_work_switch(w, "scaled");
    int rc = flow_query_open(&t.q, w,
                             (scaled ? 1u << HN_SEGMENT_SAMPLING : 0) | 1u << HN_SEGMENT_PACKETS |
                                 1u << HN_SEGMENT_BYTES | 1u << HN_SEGMENT_PACKETS_BACK | 1u << HN_SEGMENT_BYTES_BACK);
    if (rc >= 0)
        return rc;
    t.scaled = scaled;
    plan(&t, hn_work_int(w, "bin", 0));
    bool ok = true;
    for (size_t i = 0; i < QUERY_THREADS; i++)
        ok = (t.bins[i] = hn_alloc_zero((t.n + 1) * sizeof **t.bins)) && ok;
    t.q.each = count_block;
    ok = ok && flow_query_run(&t.q, QUERY_THREADS);
    if (ok)
        put_bins(&t);
    for (size_t i = 0; i < QUERY_THREADS; i++)
        hn_free(t.bins[i]);
    flow_query_close(&t.q);
    return ok ? 0 : hn_work_fail(w, "flow.memory", NULL);
}
