/* hinomi flow shape: the flows of a filter, a pair's say, as figures to be drawn: over time, by the interval between
 * contacts, by size. What a person looks at before believing in a beacon. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/query_in.h"

#define CONTACTS_MOST 200000u
#define BARS          24u
#define BINS          60
#define SIZE_BARS     40u

struct contact {
    int64_t at_ms;
    uint64_t bytes, back;
};

struct shape {
    struct query q;
    struct contact *list;
    size_t n;
    uint64_t flows, packets, bytes, back, failed;
};

static void take_block(struct query_worker *k, const struct hn_segment_block *b)
{
    struct shape *s = (struct shape *)k->q;
    for (uint32_t i = 0; i < b->n; i++) {
        if (!k->keep[i])
            continue;
        struct contact c = {.at_ms = b->first_ms + (int64_t)query_get(k, b, HN_SEGMENT_FIRST, i),
                            .bytes = query_get(k, b, HN_SEGMENT_BYTES, i),
                            .back = query_get(k, b, HN_SEGMENT_BYTES_BACK, i)};
        uint64_t state = query_get(k, b, HN_SEGMENT_STATE, i);
        s->flows++;
        s->packets += query_get(k, b, HN_SEGMENT_PACKETS, i) + query_get(k, b, HN_SEGMENT_PACKETS_BACK, i);
        s->bytes += c.bytes;
        s->back += c.back;
        s->failed += state == HN_FLOW_ATTEMPT || state == HN_FLOW_REJECTED;
        if (s->n < CONTACTS_MOST)
            s->list[s->n++] = c;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct contact *x = a, *y = b;
    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* ---------------------------------------------------------------- over time */

static void put_timeline(struct shape *s, struct hn_jw *j)
{
    static const int64_t steps[] = {1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800};
    struct bin {
        int64_t flows, bytes, back;
    } bins[BINS + 2] = {{0}};
    int64_t first = s->list[0].at_ms / 1000, span = s->list[s->n - 1].at_ms / 1000 - first, width;
    size_t k = 0;
    while (k + 1 < sizeof steps / sizeof *steps && span / steps[k] >= BINS)
        k++;
    width = span / steps[k] >= BINS ? span / BINS + 1 : steps[k];
    first -= (first % width + width) % width;
    size_t n = (size_t)((s->list[s->n - 1].at_ms / 1000 - first) / width) + 1;
    for (size_t i = 0; i < s->n; i++) {
        struct bin *b = &bins[(s->list[i].at_ms / 1000 - first) / width];
        b->flows++;
        b->bytes += (int64_t)s->list[i].bytes;
        b->back += (int64_t)s->list[i].back;
    }
    hn_jw_kint(j, "bin_seconds", width);
    hn_jw_key(j, "bins");
    hn_jw_arr(j);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(j);
        hn_jw_ktime(j, "at", (first + (int64_t)i * width) * HN_SECOND);
        hn_jw_kint(j, "flows", bins[i].flows);
        hn_jw_kint(j, "bytes", bins[i].bytes);
        hn_jw_kint(j, "bytes_back", bins[i].back);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- by interval */

/* Of the latest contacts, as the judgement sees them. */
static struct flow_rhythm rhythm_of(const struct shape *s)
{
    hn_time times[FLOW_TIMES];
    struct flow_rhythm r;
    size_t n = s->n < FLOW_TIMES ? s->n : FLOW_TIMES;
    struct flow_pair p = {.times = times, .n_times = (uint32_t)n, .cap_times = FLOW_TIMES};
    for (size_t i = 0; i < n; i++)
        times[i] = s->list[s->n - n + i].at_ms * (HN_SECOND / 1000);
    flow_rhythm_of(&p, &r);
    return r;
}

static void put_bar(struct hn_jw *j, double from, double to, int64_t n)
{
    hn_jw_obj(j);
    hn_jw_knum(j, "from", from);
    if (to > 0)
        hn_jw_knum(j, "to", to);
    hn_jw_kint(j, "n", n);
    hn_jw_obj_end(j);
}

/* Bars up to three times the median; the last one holds whatever was longer. */
static void put_intervals(const struct shape *s, struct hn_jw *j, const struct flow_rhythm *r)
{
    int64_t bars[BARS] = {0}, width = r->median / (HN_SECOND / 1000) * 3 / (BARS - 1);
    width = width > 0 ? width : 1;
    for (size_t i = 1; i < s->n; i++) {
        int64_t k = (s->list[i].at_ms - s->list[i - 1].at_ms) / width;
        bars[k < BARS ? k : BARS - 1]++;
    }
    hn_jw_kint(j, "contacts", r->contacts);
    hn_jw_knum(j, "interval_seconds", (double)r->median / (double)HN_SECOND);
    hn_jw_knum(j, "dispersion", r->dispersion < 9 ? r->dispersion : -1);
    hn_jw_key(j, "intervals");
    hn_jw_arr(j);
    for (size_t i = 0; i < BARS && s->n > 1; i++)
        put_bar(j, (double)((int64_t)i * width) / 1000, i + 1 < BARS ? (double)((int64_t)(i + 1) * width) / 1000 : 0,
                bars[i]);
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- by size */

/* Octets in powers of two: [0], [1, 2), [2, 4) … without the empty ones at both ends. */
static void put_sizes(const struct shape *s, struct hn_jw *j)
{
    int64_t bars[SIZE_BARS] = {0};
    size_t from = SIZE_BARS, to = 0;
    for (size_t i = 0; i < s->n; i++) {
        uint64_t v = s->list[i].bytes;
        size_t k = 0;
        while (v && k + 1 < SIZE_BARS) {
            v >>= 1;
            k++;
        }
        bars[k]++;
        from = k < from ? k : from;
        to = k + 1 > to ? k + 1 : to;
    }
    hn_jw_key(j, "sizes");
    hn_jw_arr(j);
    for (size_t i = from; i < to; i++)
        put_bar(j, i ? (double)(UINT64_C(1) << (i - 1)) : 0, i ? (double)(UINT64_C(1) << i) : 1, bars[i]);
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- the answer */

static void put_document(struct shape *s, struct hn_jw *j)
{
    hn_jw_obj(j);
    hn_jw_kc(j, "schema", "hinomi-flow-shape-1");
    hn_jw_kint(j, "flows", (int64_t)s->flows);
    hn_jw_kint(j, "drawn", (int64_t)s->n);
    hn_jw_kint(j, "packets", (int64_t)s->packets);
    hn_jw_kint(j, "bytes", (int64_t)s->bytes);
    hn_jw_kint(j, "bytes_back", (int64_t)s->back);
    hn_jw_kint(j, "failed", (int64_t)s->failed);
    hn_jw_ktime(j, "first", s->n ? s->list[0].at_ms * (HN_SECOND / 1000) : 0);
    hn_jw_ktime(j, "last", s->n ? s->list[s->n - 1].at_ms * (HN_SECOND / 1000) : 0);
    if (s->n) {
        struct flow_rhythm r = rhythm_of(s);
        put_timeline(s, j);
        put_intervals(s, j, &r);
        put_sizes(s, j);
    }
    hn_jw_obj_end(j);
}

static void say(struct shape *s)
{
    struct hn_arena *a = hn_work_arena(s->q.w);
    struct flow_rhythm r = rhythm_of(s);
    hn_work_say(s->q.w, "flow.shape.said", "flows", hn_arena_fmt(a, "%llu", (unsigned long long)s->flows).p, "contacts",
                hn_arena_fmt(a, "%u", r.contacts).p, "interval",
                hn_arena_fmt(a, "%.1f", (double)r.median / (double)HN_SECOND).p, "bytes",
                hn_arena_fmt(a, "%llu", (unsigned long long)s->bytes).p, "back",
                hn_arena_fmt(a, "%llu", (unsigned long long)s->back).p, NULL);
}

static void answer(struct shape *s)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw j;
    if (s->n)
        qsort(s->list, s->n, sizeof *s->list, by_time);
    if (hn_work_form(s->q.w) == HN_FORM_TEXT) {
        say(s);
        return;
    }
    hn_buf_init(&b, 1u << 20);
    hn_jw_init(&j, &b);
    put_document(s, &j);
    hn_buf_chr(&b, '\n');
    hn_work_write(s->q.w, hn_bytes_of(b.p, b.n));
}

int flow_shape(struct hn_work *w)
{
    static struct shape s;
    int rc = flow_query_open(&s.q, w,
                             1u << HN_SEGMENT_PACKETS | 1u << HN_SEGMENT_BYTES | 1u << HN_SEGMENT_PACKETS_BACK |
                                 1u << HN_SEGMENT_BYTES_BACK | 1u << HN_SEGMENT_STATE);
    if (rc >= 0)
        return rc;
    s.list = hn_alloc(CONTACTS_MOST * sizeof *s.list);
    s.q.each = take_block;
    bool ok = s.list && flow_query_run(&s.q, 1);
    if (ok)
        answer(&s);
    hn_free(s.list);
    flow_query_close(&s.q);
    return ok ? 0 : hn_work_fail(w, "flow.memory", NULL);
}
