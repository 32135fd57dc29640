/* CSV (RFC 4180, UTF-8 with a byte order mark, which spreadsheets need to read Japanese right). */
#include <stdlib.h>

#include "core/export.h"
#include "core/msg.h"
#include "core/registry.h"

void hn_csv_cell(struct hn_buf *out, struct hn_str s)
{
    bool quote = false;
    bool formula = s.n && (strchr("=+-@\t\r", s.p[0]) != NULL);
    double d;
    char *end, num[64];

    /* A plain negative number is no formula. */
    if (formula && s.p[0] == '-' && s.n < sizeof num) {
        memcpy(num, s.p, s.n);
        num[s.n] = 0;
        d = strtod(num, &end);
        formula = *end != 0 || d != d;
    }
    for (size_t i = 0; i < s.n && !quote; i++)
        quote = strchr("\",\r\n;", s.p[i]) != NULL;
    if (!quote && !formula) {
        hn_buf_str(out, s);
        return;
    }
    hn_buf_chr(out, '"');
    if (formula)
        hn_buf_chr(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            hn_buf_chr(out, '"');
        hn_buf_chr(out, s.p[i]);
    }
    hn_buf_chr(out, '"');
}

static void cells(struct hn_buf *b, const struct hn_str *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            hn_buf_chr(b, ',');
        hn_csv_cell(b, v[i]);
    }
    hn_buf_c(b, "\r\n");
}

static void begin(struct export_out *o)
{
    hn_buf_c(o->c->out, "\xef\xbb\xbf"
                        "id,kind,class,severity,score,status,due,overdue,due_rule,asset,asset_id,organisation,subject,"
                        "location,title,sentence,remedy,first_seen,last_seen,action_state,action_owner,fix_kind,"
                        "cause\r\n");
}

static struct hn_str time_cell(struct export_out *o, hn_time t)
{
    char text[HN_TIME_TEXT];

    return t ? hn_arena_str(o->a, hn_str_c(hn_time_text(t, text))) : (struct hn_str){"", 0};
}

static void row(struct export_out *o, const struct export_row *r)
{
    const struct hn_store_finding *f = r->f;
    struct hn_str org = o->lang == HN_JA && f->org_name_ja.n ? f->org_name_ja : f->org_name_en;
    struct hn_str v[] = {f->id,
                         f->kind,
                         f->class_,
                         hn_str_c(hn_severity_name((enum hn_severity)f->severity)),
                         hn_arena_fmt(o->a, "%.1f", f->score),
                         hn_str_c(hn_finding_status_name(f->status)),
                         time_cell(o, f->due),
                         f->overdue ? HN_STR("true") : HN_STR("false"),
                         f->due_rule,
                         f->asset_name,
                         f->asset,
                         org,
                         f->subject,
                         f->location,
                         r->title,
                         r->sentence,
                         r->remedy,
                         time_cell(o, f->first_seen),
                         time_cell(o, f->last_seen),
                         f->action.state,
                         f->action.owner_name,
                         f->fix_kind,
                         f->cause};

    cells(o->c->out, v, sizeof v / sizeof *v);
}

static void end(struct export_out *o)
{
}

const struct export_format export_csv = {"csv", "text/csv; charset=utf-8; header=present", begin, row, end};

/* ---------------------------------------------------------------- any list */

/* A cell of a flattened row: {"en","ja"} in the language asked for, {id,name} as the name, the rest as JSON. */
static struct hn_str flat(struct hn_op_ctx *c, struct hn_arena *a, const struct hn_jv *v)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;
    const struct hn_jv *name = hn_jv_get(v, "name");
    struct hn_str text = hn_jv_str(v, hn_str_eqc(ops_arg(c, "lang"), "ja") ? "ja" : "en");

    if (v->kind == HN_JV_STR)
        return v->s;
    if (v->kind == HN_JV_NULL)
        return (struct hn_str){"", 0};
    if (v->kind == HN_JV_OBJ && text.n)
        return text;
    if (name && name->kind == HN_JV_STR)
        return name->s;
    if (name)
        return flat(c, a, name);
    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, v);
    return hn_arena_str(a, hn_buf_text(&b));
}

enum { COLUMNS = 64, PAGE_ROWS = 500 };
struct table {
    struct hn_str name[COLUMNS];
    size_t n;
};

/* Columns are the members of the first row; rows lack what they lack. */
static void table_rows(struct hn_op_ctx *c, struct hn_arena *a, struct table *t, const struct hn_jv *items,
                       struct hn_buf *out)
{
    struct hn_str v[COLUMNS];

    for (size_t i = 0; i < items->n; i++) {
        const struct hn_jv *item = &items->items[i];
        if (!t->n) {
            for (; t->n < item->n && t->n < COLUMNS; t->n++)
                t->name[t->n] = hn_arena_str(c->arena, item->keys[t->n]);
            hn_buf_c(out, "\xef\xbb\xbf");
            cells(out, t->name, t->n);
        }
        for (size_t k = 0; k < t->n; k++) {
            const struct hn_jv *m = hn_jv_get(item, t->name[k].p);
            v[k] = m ? flat(c, a, m) : (struct hn_str){"", 0};
        }
        cells(out, v, t->n);
    }
}

/* The arguments without format and with the cursor; the handler is then asked page by page like any caller. */
static const struct hn_jv *args_for(struct hn_op_ctx *c, struct hn_arena *a, struct hn_str cursor, int64_t page)
{
    struct hn_jv *args = HN_NEW(a, struct hn_jv), v = {.kind = HN_JV_STR};
    struct hn_jv limit = {.kind = HN_JV_INT, .i = page};
    bool ok = args != NULL;

    for (size_t i = 0; ok && i < c->args->n; i++)
        if (!hn_str_eqc(c->args->keys[i], "format") && !hn_str_eqc(c->args->keys[i], "cursor") &&
            !hn_str_eqc(c->args->keys[i], "limit"))
            ok = hn_jv_put(a, args, c->args->keys[i], &c->args->items[i]);
    v.s = cursor;
    ok = ok && hn_jv_put(a, args, HN_STR("limit"), &limit);
    ok = ok && (!cursor.n || hn_jv_put(a, args, HN_STR("cursor"), &v));
    return ok ? args : NULL;
}

static struct hn_err one_page(struct hn_op_ctx *c, hn_op_fn *list, struct hn_arena *a, struct hn_str cursor,
                              int64_t rows, const struct hn_jv **ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf page = {0};
    struct hn_jw w;
    struct hn_op_ctx sub = *c;

    hn_buf_init(&page, rows > PAGE_ROWS ? HN_MSG_MAX_ANSWER : 64 << 20);
    hn_jw_init(&w, &page);
    sub.arena = a;
    sub.w = &w;
    sub.out = &page;
    sub.args = args_for(c, a, cursor, rows);
    struct hn_err e = sub.args ? list(&sub) : (struct hn_err){HN_E_NOMEM};
    if (!hn_ok(e)) {
        c->diag = sub.diag;
        return e;
    }
    HN_TRY(hn_buf_err(&page));
    *ret = hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, hn_buf_text(&page))), &c->diag);
    return *ret ? HN_OK : (struct hn_err){HN_E_NOMEM};
}

static struct hn_err csv(struct hn_op_ctx *c, hn_op_fn *list, int64_t page, size_t memory)
{
    struct hn_arena a;
    struct table t = {.n = 0};
    struct hn_err e;
    struct hn_str cursor = {NULL, 0};
    const struct hn_jv *doc;
    size_t rows = 0;

    hn_arena_init(&a, memory);
    do {
        e = one_page(c, list, &a, cursor, page, &doc);
        const struct hn_jv *items = hn_ok(e) ? hn_jv_get(doc, "items") : NULL;
        if (!items || items->kind != HN_JV_ARR)
            break;
        table_rows(c, &a, &t, items, c->out);
        rows += items->n;
        cursor = hn_arena_str(c->arena, hn_jv_str(doc, "next"));
        hn_arena_clear(&a);
    } while (cursor.n && rows < HN_EXPORT_ROWS);
    hn_arena_done(&a);
    c->type = "text/csv; charset=utf-8; header=present";
    return hn_ok(e) ? hn_buf_err(c->out) : e;
}

struct hn_err ops_csv(struct hn_op_ctx *c, hn_op_fn *list)
{
    return csv(c, list, PAGE_ROWS, 256u << 20);
}

struct hn_err ops_csv_whole(struct hn_op_ctx *c, hn_op_fn *list)
{
    return csv(c, list, HN_EXPORT_ROWS, (size_t)1 << 30);
}
