/* list: the feeds of the index. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/feed/beside.h"

const struct hn_verb_option feed_list_options[] = {
    {"kind", HN_OPT_STR, "KIND", true, NULL, 0, 0},
    {"sort", HN_OPT_STR, "COLUMN", false, "name kind date records", 0, 0},
    {"older", HN_OPT_INT, "DAYS", false, NULL, 0, 36500},
    {0}};

#define COLUMNS 6u

static int by_name(const void *a, const void *b)
{
    const struct hn_adv_feed *x = a, *y = b;
    return hn_str_cmp(x->name, y->name);
}

static int by_kind(const void *a, const void *b)
{
    const struct hn_adv_feed *x = a, *y = b;
    int c = hn_str_cmp(x->kind, y->kind);
    return c ? c : by_name(a, b);
}

static int by_date(const void *a, const void *b) /* oldest first */
{
    const struct hn_adv_feed *x = a, *y = b;
    return x->date != y->date ? (x->date > y->date) - (x->date < y->date) : by_name(a, b);
}

static int by_records(const void *a, const void *b) /* most first */
{
    const struct hn_adv_feed *x = a, *y = b;
    return x->records != y->records ? (x->records < y->records) - (x->records > y->records) : by_name(a, b);
}

static void sort(struct hn_work *w, struct hn_adv_feed *list, size_t n)
{
    struct hn_str by = hn_work_str(w, "sort");
    if (n)
        qsort(list, n, sizeof *list,
              hn_str_eqc(by, "kind")      ? by_kind
              : hn_str_eqc(by, "date")    ? by_date
              : hn_str_eqc(by, "records") ? by_records
                                          : by_name);
}

static int64_t age(struct hn_work *w, const struct hn_adv_feed *f)
{
    return f->date ? (hn_work_now(w) - f->date) / HN_DAY : -1;
}

static bool wanted(struct hn_work *w, const struct hn_adv_feed *f)
{
    const struct hn_str *kinds;
    size_t n = hn_work_strs(w, "kind", &kinds);
    bool ok = !n;
    for (size_t i = 0; i < n; i++)
        ok = ok || hn_str_eq(kinds[i], f->kind);
    return ok && (!hn_work_given(w, "older") || !f->date || age(w, f) > hn_work_int(w, "older", 0));
}

static void put_one(struct hn_work *w, struct hn_jw *j, const struct hn_adv_feed *f)
{
    char sum[HN_HEX256_LEN];
    hn_hex(hn_bytes_of(f->sha256, sizeof f->sha256), sum);
    hn_jw_obj(j);
    hn_jw_kstr(j, "name", f->name);
    hn_jw_kstr(j, "kind", f->kind);
    hn_jw_kstr(j, "source", f->source);
    hn_jw_kstr(j, "licence", f->licence);
    hn_jw_ktime(j, "date", f->date);
    if (f->date)
        hn_jw_kint(j, "age_days", age(w, f));
    hn_jw_ktime(j, "imported", f->imported);
    hn_jw_kint(j, "records", (int64_t)f->records);
    hn_jw_kint(j, "rejected", (int64_t)f->rejected);
    hn_jw_kc(j, "sha256", sum);
    feed_checks_json(j, w, f->name);
    hn_jw_obj_end(j);
}

static const char *taken_key(const struct hn_adv_feed *f)
{
    if (f->date)
        return f->rejected ? "feed.taken.but" : "feed.taken";
    return f->rejected ? "feed.taken.undated.but" : "feed.taken.undated";
}

void feed_told(struct hn_work *w, const struct hn_adv_feed *f)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_arena *a = hn_work_arena(w);
    char date[HN_TIME_TEXT];
    if (hn_work_form(w) == HN_FORM_TEXT) {
        hn_work_say(w, taken_key(f), "name", hn_arena_cstr(a, f->name), "n",
                    hn_arena_fmt(a, "%llu", (unsigned long long)f->records).p, "date",
                    hn_arena_fmt(a, "%.10s", hn_time_text(f->date, date)).p, "out",
                    hn_arena_fmt(a, "%llu", (unsigned long long)f->rejected).p, NULL);
        return;
    }
    struct hn_jw j;
    hn_buf_init(&out, 1u << 20);
    hn_jw_init(&j, &out);
    put_one(w, &j, f);
    hn_buf_chr(&out, '\n');
    hn_work_write(w, hn_bytes_of(out.p, out.n));
}

void feed_json(struct hn_work *w, const struct hn_adv_feed *list, size_t n)
{
    struct hn_buf out;
    struct hn_jw j;
    hn_buf_init(&out, 16u << 20);
    hn_jw_init(&j, &out);
    hn_jw_arr(&j);
    for (size_t i = 0; i < n; i++)
        put_one(w, &j, &list[i]);
    hn_jw_arr_end(&j);
    hn_buf_chr(&out, '\n');
    hn_work_write(w, hn_bytes_of(out.p, out.n));
    hn_buf_done(&out);
}

static void put_lines(struct hn_work *w, const struct hn_adv_feed *list, size_t n)
{
    struct hn_buf out;
    hn_buf_init(&out, 16u << 20);
    for (size_t i = 0; i < n; i++) {
        struct hn_jw j;
        hn_jw_init(&j, &out);
        put_one(w, &j, &list[i]);
        hn_buf_chr(&out, '\n');
    }
    hn_work_write(w, hn_bytes_of(out.p, out.n));
    hn_buf_done(&out);
}

static void put_table(struct hn_work *w, const struct hn_adv_feed *list, size_t n)
{
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str *cells = hn_arena_alloc(a, (n + 1) * COLUMNS * sizeof *cells);
    static const char *const head[COLUMNS] = {"feed.col.name", "feed.col.kind", "feed.col.records",
                                              "feed.col.date", "feed.col.age",  "feed.col.licence"};
    if (!cells)
        return;
    for (size_t i = 0; i < COLUMNS; i++) {
        struct hn_str text = hn_work_head(w, head[i]);
        cells[i] = i == 2 || i == 4 ? hn_arena_fmt(a, ">%.*s", HN_FMT(text)) : text;
    }
    for (size_t i = 0; i < n; i++) {
        struct hn_str *row = cells + (i + 1) * COLUMNS;
        char date[HN_TIME_TEXT];
        row[0] = list[i].name;
        row[1] = list[i].kind;
        row[2] = hn_arena_fmt(a, "%llu", (unsigned long long)list[i].records);
        row[3] = list[i].date ? hn_arena_fmt(a, "%.10s", hn_time_text(list[i].date, date)) : HN_STR("–");
        row[4] = list[i].date ? hn_arena_fmt(a, "%lld", (long long)age(w, &list[i])) : HN_STR("–");
        row[5] = list[i].licence;
    }
    hn_work_table(w, cells, n + 1, COLUMNS);
}

int feed_list(struct hn_work *w)
{
    struct feed_index x;
    if (!feed_open(w, &x))
        return 3;
    size_t n = 0, all = x.there ? x.x.n_feeds : 0;
    struct hn_adv_feed *list = hn_arena_alloc(hn_work_arena(w), (all + 1) * sizeof *list);
    for (uint32_t i = 0; list && i < all && hn_adv_feed_at(&x.x, i, &list[n]); i++)
        n += wanted(w, &list[n]);
    sort(w, list, n);
    if (hn_work_form(w) == HN_FORM_JSON)
        feed_json(w, list, n);
    else if (hn_work_form(w) == HN_FORM_JSONL)
        put_lines(w, list, n);
    else if (!all && hn_work_form(w) == HN_FORM_TEXT)
        hn_work_say(w, "feed.none", NULL);
    else
        put_table(w, list, n);
    for (size_t i = 0; i < n && hn_work_form(w) == HN_FORM_TEXT; i++)
        feed_checks_say(w, list[i].name);
    return 0;
}
