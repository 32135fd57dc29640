/* Flow readers: the first byte chooses. Export packets come as a run of datagrams (length, then octets), so that
 * templates of one meet data of the next; what is saved can be loaded again; logs give the same however they are cut.
 */
#include "base/buf.h"
#include "base/str.h"
#include "format/flow/export.h"
#include "format/flow/filter.h"
#include "format/flow/log.h"
#include "format/flow/nfdump.h"
#include "fuzz.h"

struct sums {
    uint64_t n, sum;
};

static void add(void *arg, const struct hn_flow *f)
{
    struct sums *s = arg;
    s->n++;
    s->sum = s->sum * 31 + f->tls.ja3[0] + f->tls.ja4[35] + f->bytes + f->packets + f->sport + f->dport + f->proto +
             (uint64_t)f->first;
    FUZZ_CHECK(f->src.family == 0 || f->src.family == 4 || f->src.family == 6, "family %u", f->src.family);
}

static void add_labelled(void *arg, const struct hn_flow *f, struct hn_bytes label)
{
    add(arg, f);
}

static void add_name(void *arg, const struct hn_flow_name *n)
{
    struct sums *s = arg;
    s->n++;
    s->sum = s->sum * 31 + n->query.n + n->n_answers + n->ttl + (uint64_t)n->state;
    FUZZ_CHECK(n->query.n && n->src.family && n->n_answers <= HN_FLOW_NAME_ANSWERS, "%zu", n->n_answers);
}

static void exports(struct hn_bytes b)
{
    struct sums s = {0};
    struct hn_export_sink sink = {add, &s};
    struct hn_export *x = hn_export_new(&sink), *y = hn_export_new(&sink);
    struct hn_ip from = hn_ip4((const uint8_t[]){192, 0, 2, 1});
    struct hn_buf state;
    hn_buf_init(&state, 64u << 20);
    while (x && b.n >= 2) {
        size_t n = (size_t)b.p[0] << 8 | b.p[1];
        n = n > b.n - 2 ? b.n - 2 : n;
        struct hn_bytes exact = fuzz_copy(b.p + 2, n);
        hn_export_packet(x, &from, (uint16_t)(n & 7), 1700000000 * HN_SECOND, exact);
        fuzz_free(exact);
        b = hn_bytes_of(b.p + 2 + n, b.n - 2 - n);
    }
    if (x)
        hn_export_save(x, &state);
    if (y && !state.bad)
        FUZZ_CHECK(hn_export_load(y, hn_bytes_of(state.p, state.n)), "%zu octets", state.n);
    hn_buf_done(&state);
    hn_export_free(x);
    hn_export_free(y);
}

static void states(struct hn_bytes b)
{
    struct sums s = {0};
    struct hn_export_sink sink = {add, &s};
    struct hn_export *x = hn_export_new(&sink);
    struct hn_str text;
    if (x && hn_str_from_utf8(b, &text)) /* numbers are text, the state is none */
        (void)hn_export_numbers_load(x, text);
    else if (x)
        (void)hn_export_load(x, b);
    hn_export_free(x);
}

static struct sums read_log(struct hn_bytes b, size_t first)
{
    struct sums s = {0};
    struct hn_flow_log_sink sink = {add_labelled, &s, add_name, hn_flow_joins_new()};
    struct hn_flow_log *l = hn_flow_log_new(&sink, HN_STR(""));
    if (l && !hn_flow_log_feed(l, hn_bytes_of(b.p, first)))
        (void)hn_flow_log_feed(l, hn_bytes_of(b.p + first, b.n - first));
    if (l)
        (void)hn_flow_log_end(l);
    hn_flow_log_free(l);
    hn_flow_joins_free(sink.joins);
    return s;
}

static void logs(struct hn_bytes b)
{
    struct sums whole = read_log(b, b.n);
    /* the first piece tells what it is: cut after the first lines only */
    size_t cut = b.n > 512 ? 512 + (b.n - 512) / 3 : b.n;
    struct sums pieces = read_log(b, cut);
    if (b.n > 512 && hn_flow_log_sniff(b) == hn_flow_log_sniff(hn_bytes_of(b.p, cut)))
        FUZZ_CHECK(whole.n == pieces.n && whole.sum == pieces.sum, "%llu, %llu", (unsigned long long)whole.n,
                   (unsigned long long)pieces.n);
}

static void nfdumps(struct hn_bytes b)
{
    struct sums s = {0};
    struct hn_nfdump_stats stats;
    (void)hn_nfdump_read(b, 1u << 30, add, &s, &stats);
    FUZZ_CHECK(s.n == stats.flows, "%llu", (unsigned long long)s.n);
}

/* Blocks with and without their sums: a column gives all of its values or none. */
static void segments(struct hn_bytes b)
{
    static uint8_t out[HN_SEGMENT_FLOWS * 16], room[HN_SEGMENT_FLOWS * 16], values[HN_SEGMENT_FLOWS * HN_TLS_JA4N];
    struct hn_segment_block k;
    size_t at = 0;
    while (hn_segment_is(b) && hn_segment_next(b, &at, false, &k)) {
        FUZZ_CHECK(at <= b.n, "%zu", at);
        for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
            (void)hn_segment_column(&k, (enum hn_segment_column)c, out, room);
        for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
            (void)hn_segment_prints(&k, (enum hn_tls_print)p, values);
    }
}

static void filters(struct hn_bytes b)
{
    const struct hn_export_number one = {{.b = {192, 0, 2, 1}, .family = 4}, 0, 9, 70};
    struct hn_arena a;
    const char *why = NULL;
    size_t at = 0;
    struct hn_str s;
    hn_arena_init(&a, 16u << 20);
    if (hn_str_from_utf8(b, &s)) {
        struct hn_flow_filter *f = hn_flow_filter_parse(&a, s, &why, &at);
        FUZZ_CHECK(!f || hn_flow_filter_exporters(f, &a, &one, 1), "memory");
        FUZZ_CHECK(f || (why && at <= s.n), "%zu", at);
    }
    hn_arena_done(&a);
}

static void answers(struct hn_bytes b)
{
    struct hn_flow_name n;
    char room[HN_FLOW_NAME_TEXT];
    if (hn_dns_answer(b, &n, room) == HN_DNS_ANSWER)
        FUZZ_CHECK(n.query.n && n.query.n < sizeof room && n.n_answers <= HN_FLOW_NAME_ANSWERS, "%zu", n.query.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct hn_bytes) = {exports, states, logs, nfdumps, segments, filters, answers};
    if (!size)
        return 0;
    struct hn_bytes exact = fuzz_copy(data + 1, size - 1);
    readers[data[0] % 7](exact);
    fuzz_free(exact);
    return 0;
}
