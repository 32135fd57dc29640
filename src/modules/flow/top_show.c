/* What was added up, shown: a table for people, CSV, JSON. */
#include "base/str.h"
#include "modules/flow/top_in.h"

#define ANSWER_MAX ((size_t)256 << 20)

/* The text of field f within a row's key. A row of IPv6 is known by its length. */
static struct hn_str shown(struct hn_arena *a, const struct top *t, const struct row *r, size_t f)
{
    size_t plain = 0, addresses = 0, at = 0;
    for (size_t i = 0; i < t->n_by; i++) {
        plain += top_width(t, i);
        addresses += !top_width(t, i);
    }
    unsigned wide = addresses ? (unsigned)((r->n - plain) / addresses) : 0;
    for (size_t i = 0; i < f; i++)
        at += top_width(t, i) ? top_width(t, i) : wide;
    unsigned w = top_width(t, f);
    if (!w) {
        char text[HN_IP_TEXT];
        struct hn_ip ip = wide == 4 ? hn_ip4(r->key + at) : hn_ip6(r->key + at);
        unsigned bits = top_bits(t, f, wide);
        (void)hn_ip_text(&ip, text);
        return bits ? hn_arena_fmt(a, "%s/%u", text, bits) : hn_arena_str(a, hn_str_c(text));
    }
    if (t->by[f]->place == FLOW_COUNTRY) /* not known: as nfdump shows it */
        return r->key[at] ? hn_arena_fmt(a, "%c%c", r->key[at], r->key[at + 1]) : HN_STR("..");
    uint64_t v = 0;
    memcpy(&v, r->key + at, w);
    return hn_arena_fmt(a, "%llu", (unsigned long long)v);
}

/* For people: the names of what has names. */
static struct hn_str named(struct hn_arena *a, const struct top *t, const struct row *r, size_t f)
{
    struct hn_str s = shown(a, t, r, f);
    uint64_t v;
    if (!hn_str_u64(s, 10, &v))
        return s;
    const char *name = t->by[f]->column == HN_SEGMENT_PROTO   ? hn_flow_protocol_name((unsigned)v)
                       : t->by[f]->column == HN_SEGMENT_STATE ? flow_state_name(v)
                       : t->by[f]->column == HN_SEGMENT_FLAGS ? flow_flags_text(v, (char[9]){0})
                                                              : NULL;
    return name ? hn_arena_str(a, hn_str_c(name)) : s;
}

static void put_json(struct top *t, const struct heap *h)
{
    struct hn_buf b;
    struct hn_jw j;
    struct hn_arena *a = hn_work_arena(t->q.w);
    hn_buf_init(&b, ANSWER_MAX);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-top-1");
    hn_jw_kint(&j, "flows", (int64_t)t->t[0].all.flows);
    hn_jw_kint(&j, "packets", (int64_t)t->t[0].all.packets);
    hn_jw_kint(&j, "bytes", (int64_t)t->t[0].all.bytes);
    hn_jw_kint(&j, "looked_at", (int64_t)t->q.flows);
    hn_jw_kint(&j, "damaged_blocks", (int64_t)(t->q.workers[0].damaged + t->q.workers[1].damaged));
    if (t->places && hn_work_given(t->q.w, "geo")) /* networks are not only as exporters told them */
        hn_jw_kbool(&j, "places", true);
    hn_jw_key(&j, "rows");
    hn_jw_arr(&j);
    for (size_t i = 0; i < h->n; i++) {
        hn_jw_obj(&j);
        for (size_t f = 0; f < t->n_by; f++)
            hn_jw_kstr(&j, t->by[f]->name, shown(a, t, &h->rows[i], f));
        hn_jw_kint(&j, "flows", (int64_t)h->rows[i].s.flows);
        hn_jw_kint(&j, "packets", (int64_t)h->rows[i].s.packets);
        hn_jw_kint(&j, "bytes", (int64_t)h->rows[i].s.bytes);
        hn_jw_obj_end(&j);
    }
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(t->q.w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

static void put_table(struct top *t, const struct heap *h)
{
    struct hn_arena *a = hn_work_arena(t->q.w);
    static const char *const counters[] = {">FLOWS", ">PACKETS", ">BYTES"};
    size_t columns = t->n_by + 3;
    bool in_csv = hn_work_form(t->q.w) == HN_FORM_CSV;
    struct hn_str *cells = hn_arena_alloc(a, (h->n + 1) * columns * sizeof *cells);
    if (!cells)
        return;
    for (size_t f = 0; f < t->n_by; f++)
        cells[f] =
            hn_arena_fmt(a, "%s%s", top_width(t, f) && t->by[f]->place != FLOW_COUNTRY ? ">" : "", t->by[f]->name);
    for (size_t k = 0; k < 3; k++)
        cells[t->n_by + k] = hn_str_c(counters[k]);
    for (size_t i = 0; i < h->n; i++) {
        struct hn_str *c = cells + (i + 1) * columns;
        const struct sums *s = &h->rows[i].s;
        for (size_t f = 0; f < t->n_by; f++)
            c[f] = in_csv ? shown(a, t, &h->rows[i], f) : named(a, t, &h->rows[i], f);
        c[t->n_by] = hn_arena_fmt(a, "%llu", (unsigned long long)s->flows);
        c[t->n_by + 1] = hn_arena_fmt(a, "%llu", (unsigned long long)s->packets);
        c[t->n_by + 2] = hn_arena_fmt(a, "%llu", (unsigned long long)s->bytes);
    }
    hn_work_table(t->q.w, cells, h->n + 1, columns);
}

void flow_top_show(struct top *t, const struct heap *h)
{
    if (hn_work_form(t->q.w) == HN_FORM_JSON || hn_work_form(t->q.w) == HN_FORM_JSONL)
        put_json(t, h);
    else
        put_table(t, h);
}
