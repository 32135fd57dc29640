/* hinomi sbom diff A B: what changed between two bills of materials; with --scan, what a vendor's says against what we
 * found ourselves. */
#include "format/sbom/diff.h"

#include "base/json.h"
#include "base/str.h"
#include "base/term.h"
#include "modules/sbom/document.h"
#include "modules/sbom/sbom.h"

const struct hn_verb_option sbom_diff_options[] = {
    {"scan", HN_OPT_SWITCH},
    {"files", HN_OPT_SWITCH},
    {"only", HN_OPT_STR, "CHANGE", .many = true,
     .enums = "added removed upgraded downgraded version licence supplier hash needs needs-not"},
    {0}};

struct telling {
    struct hn_work *w;
    struct hn_arena *a;
    const struct hn_bom *bom_a, *bom_b;
    const struct hn_bom_diff *d;
    bool shown[HN_BOM_CHANGES];
};

static struct hn_str change_text(struct telling *t, enum hn_bom_change c)
{
    const char *key = hn_arena_cstr(
        t->a, hn_arena_fmt(t->a, "sbom.diff.%s%s", hn_bom_change_name(c), hn_work_switch(t->w, "scan") ? ".scan" : ""));
    static const struct hn_str none = {"", 0};
    return sbom_text(t->w, key, none, none);
}

static struct hn_str identity(struct telling *t, const struct hn_bom_difference *x)
{
    return hn_bom_identity_text(t->a, x->a ? x->a : x->b);
}

/* ---------------------------------------------------------------- table */

#define LINES_MOST 20u /* of one cell; JSON and CSV have it whole */
#define CELL_LEAST 16u

/* A cell of the table as lines that fit in, broken at blanks where there are any. */
struct lines {
    struct hn_str v[LINES_MOST];
    size_t n;
};

static size_t char_bytes(struct hn_str s)
{
    size_t n = 1;
    while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* How much of s goes into one line. */
static size_t line_bytes(struct hn_str s, size_t width)
{
    size_t at = 0, cells = 0, blank = 0;

    while (at < s.n) {
        size_t n = char_bytes(hn_str_cut(s, at, s.n));
        cells += hn_term_width(hn_str_cut(s, at, at + n));
        if (cells > width)
            return blank ? blank : at ? at : n;
        at += n;
        if (s.p[at - 1] == ' ')
            blank = at;
    }
    return at;
}

static void fold(struct lines *l, struct hn_str s, size_t width)
{
    l->n = 0;
    do {
        size_t n = l->n + 1 < LINES_MOST ? line_bytes(s, width) : s.n;
        l->v[l->n++] = hn_str_trim(hn_str_cut(s, 0, n));
        s = hn_str_cut(s, n, s.n);
    } while (s.n);
}

#define FOLDED 3u /* columns whose cells are folded: the component, what was, what is */

struct table {
    struct hn_str *cells;
    size_t n, cap;        /* rows of cells */
    size_t width[FOLDED]; /* what a line of each may take */
};

static void table_row(struct telling *t, struct table *x, const struct hn_str row[1 + FOLDED])
{
    struct lines l[FOLDED];
    size_t n = 1;

    for (size_t c = 0; c < FOLDED; c++) {
        fold(&l[c], row[1 + c], x->width[c]);
        n = l[c].n > n ? l[c].n : n;
    }
    for (size_t i = 0; i < n; i++) {
        struct hn_str *cells = hn_arena_more(t->a, x->cells, x->n, &x->cap, (1 + FOLDED) * sizeof *cells);
        if (!cells)
            return;
        x->cells = cells;
        cells += x->n++ * (1 + FOLDED);
        cells[0] = i ? HN_STR("") : row[0];
        for (size_t c = 0; c < FOLDED; c++)
            cells[1 + c] = i < l[c].n ? l[c].v[i] : HN_STR("");
    }
}

/* What the widest rows need; on a terminal the widest columns give until the row fits. */
static void fit(const struct telling *t, struct table *x, const struct hn_str *rows, size_t n)
{
    size_t have = hn_work_columns(t->w), used = 0, widest;

    for (size_t r = 0; r < n; r++) {
        const struct hn_str *row = rows + r * (1 + FOLDED);
        size_t change = hn_term_width(row[0]);
        used = change > used ? change : used;
        for (size_t c = 0; c < FOLDED; c++) {
            size_t w = hn_term_width(row[1 + c]);
            x->width[c] = w > x->width[c] ? w : x->width[c];
        }
    }
    used += 2 * FOLDED; /* blanks between the columns */
    do {
        widest = 0;
        for (size_t c = 1; c < FOLDED; c++)
            widest = x->width[c] > x->width[widest] ? c : widest;
    } while (have && used + x->width[0] + x->width[1] + x->width[2] > have && x->width[widest]-- > CELL_LEAST);
}

static void tell_table(struct telling *t)
{
    static const char *const heads[] = {"sbom.diff.head.change", "sbom.diff.head.component", "sbom.diff.head.from",
                                        "sbom.diff.head.to"};
    struct hn_str *rows = hn_arena_alloc(t->a, (t->d->n + 1) * (1 + FOLDED) * sizeof *rows);
    static const struct hn_str none = {"", 0};
    struct table x = {0};
    size_t n = 0;

    if (!rows)
        return;
    for (size_t i = 0; i < 1 + FOLDED; i++)
        rows[n++] = sbom_text(t->w, heads[i], none, none);
    for (size_t i = 0; i < t->d->n; i++) {
        const struct hn_bom_difference *d = &t->d->list[i];
        if (!t->shown[d->change])
            continue;
        rows[n++] = change_text(t, d->change);
        rows[n++] = identity(t, d);
        rows[n++] = d->from;
        rows[n++] = d->to;
    }
    n /= 1 + FOLDED;
    fit(t, &x, rows, n);
    for (size_t i = 0; i < n; i++)
        table_row(t, &x, rows + i * (1 + FOLDED));
    if (n > 1)
        hn_work_table(t->w, x.cells, x.n, 1 + FOLDED);
    for (int c = 0; c < HN_BOM_CHANGES; c++)
        if (t->d->count[c])
            hn_work_say(t->w, "sbom.diff.count", "n", hn_arena_cstr(t->a, hn_arena_fmt(t->a, "%zu", t->d->count[c])),
                        "what", hn_arena_cstr(t->a, change_text(t, (enum hn_bom_change)c)), NULL);
    hn_work_say(t->w, "sbom.diff.same", "n", hn_arena_cstr(t->a, hn_arena_fmt(t->a, "%zu", t->d->same)), NULL);
}

static void component_json(struct telling *t, struct hn_jw *j, const char *key, const struct hn_bom *b,
                           const struct hn_bom_component *c)
{
    if (!c)
        return;
    hn_jw_key(j, key);
    hn_jw_obj(j);
    hn_jw_kstr(j, "name", c->name.p ? c->name : HN_STR(""));
    if (c->version.p)
        hn_jw_kstr(j, "version", c->version);
    if (c->purl.p)
        hn_jw_kstr(j, "purl", c->purl);
    hn_jw_kstr(j, "place", hn_bom_component_place(b, c, t->a));
    hn_jw_obj_end(j);
}

static void difference_json(struct telling *t, struct hn_jw *j, const struct hn_bom_difference *x)
{
    hn_jw_obj(j);
    hn_jw_kc(j, "change", hn_bom_change_name(x->change));
    hn_jw_kstr(j, "component", identity(t, x));
    if (x->from.n)
        hn_jw_kstr(j, "from", x->from);
    if (x->to.n)
        hn_jw_kstr(j, "to", x->to);
    component_json(t, j, "a", t->bom_a, x->a);
    component_json(t, j, "b", t->bom_b, x->b);
    hn_jw_obj_end(j);
}

static void tell_json(struct telling *t, bool lines)
{
    struct hn_buf out;
    struct hn_jw j;

    hn_buf_init(&out, (size_t)1 << 30);
    hn_jw_init(&j, &out);
    if (!lines) {
        hn_jw_obj(&j);
        hn_jw_key(&j, "count");
        hn_jw_obj(&j);
        for (int c = 0; c < HN_BOM_CHANGES; c++)
            hn_jw_kint(&j, hn_bom_change_name((enum hn_bom_change)c), (int64_t)t->d->count[c]);
        hn_jw_kint(&j, "same", (int64_t)t->d->same);
        hn_jw_obj_end(&j);
        hn_jw_key(&j, "differences");
        hn_jw_arr(&j);
    }
    for (size_t i = 0; i < t->d->n; i++) {
        if (!t->shown[t->d->list[i].change])
            continue;
        difference_json(t, &j, &t->d->list[i]);
        if (lines) {
            hn_buf_chr(&out, '\n');
            hn_jw_init(&j, &out);
        }
    }
    if (!lines) {
        hn_jw_arr_end(&j);
        hn_jw_obj_end(&j);
        hn_buf_chr(&out, '\n');
    }
    hn_work_write(t->w, hn_bytes_of(out.p, out.n));
    hn_buf_done(&out);
}

static void tell_csv(struct telling *t)
{
    struct hn_buf out;

    hn_buf_init(&out, (size_t)1 << 30);
    hn_buf_c(&out, "change,component,from,to,place_a,place_b\r\n");
    for (size_t i = 0; i < t->d->n; i++) {
        const struct hn_bom_difference *x = &t->d->list[i];
        struct hn_str cells[] = {hn_str_c(hn_bom_change_name(x->change)),
                                 identity(t, x),
                                 x->from,
                                 x->to,
                                 x->a ? hn_bom_component_place(t->bom_a, x->a, t->a) : HN_STR(""),
                                 x->b ? hn_bom_component_place(t->bom_b, x->b, t->a) : HN_STR("")};
        if (!t->shown[x->change])
            continue;
        sbom_csv_row(&out, cells, sizeof cells / sizeof *cells);
    }
    hn_work_write(t->w, hn_bytes_of(out.p, out.n));
    hn_buf_done(&out);
}

static void choose(struct telling *t)
{
    const struct hn_str *only;
    size_t n = hn_work_strs(t->w, "only", &only);

    for (int c = 0; c < HN_BOM_CHANGES; c++) {
        t->shown[c] = n == 0;
        for (size_t i = 0; i < n; i++)
            t->shown[c] |= hn_str_eqc(only[i], hn_bom_change_name((enum hn_bom_change)c));
    }
}

static int compare(struct hn_work *w, const struct hn_bom *a, const struct hn_bom *b)
{
    struct hn_bom_diff d;
    struct telling t = {.w = w, .a = hn_work_arena(w), .bom_a = a, .bom_b = b, .d = &d};
    size_t shown = 0;

    if (!hn_ok(hn_bom_compare(t.a, a, b, hn_work_switch(w, "files"), &d)))
        return hn_work_fail(w, "sbom.error.memory", "file", "", NULL);
    choose(&t);
    enum hn_work_form form = hn_work_form(w);
    if (form == HN_FORM_TEXT)
        tell_table(&t);
    else if (form == HN_FORM_CSV)
        tell_csv(&t);
    else
        tell_json(&t, form == HN_FORM_JSONL);
    for (int c = 0; c < HN_BOM_CHANGES; c++)
        shown += t.shown[c] ? d.count[c] : 0;
    return shown ? 1 : 0;
}

int sbom_diff(struct hn_work *w)
{
    struct hn_input in[2];
    struct hn_bom b[2];
    int n = 0, rc = 0;

    while (n < 2 && !rc && hn_work_next(w, &in[n])) {
        rc = sbom_document_read(w, &in[n], &b[n]);
        n++;
    }
    if (!rc && n < 2)
        rc = hn_work_usage(w, "sbom.diff.two", NULL);
    if (!rc)
        rc = compare(w, &b[0], &b[1]);
    while (n--) {
        if (b[n].broken)
            rc = 3; /* what is missing in a damaged one may be there */
        hn_bom_done(&b[n]);
        hn_work_done(&in[n]);
    }
    return rc;
}
