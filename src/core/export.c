/* Pages through the list and hands each row to the format. */
#include "core/export.h"
#include "core/render.h"

#define PAGE 500u

static const struct export_format *const formats[] = {&export_csv, &export_ocsf, &export_sarif, NULL};

static struct hn_err page(struct export_out *o, const struct export_format *fmt, struct hn_store_finding_query *q,
                          struct hn_listing *l)
{
    struct hn_op_ctx *c = o->c;
    struct hn_store_finding *f;

    OPS_STORE(hn_store_findings(c->store, c->who, q, o->a, &f, l));
    for (size_t i = 0; i < l->n && o->rows < HN_EXPORT_ROWS; i++, o->rows++) {
        struct export_row r = {.f = &f[i], .v = ops_finding_value(o->a, &f[i])};
        if (!r.v)
            return (struct hn_err){HN_E_NOMEM};
        struct hn_finding_texts t = hn_finding_texts_from_json(o->a, o->lang, r.v);
        r.title = t.title;
        r.sentence = t.sentence;
        r.why = t.why;
        r.remedy = t.remedy;
        fmt->row(o, &r);
    }
    if (o->a->failed)
        return (struct hn_err){HN_E_NOMEM};
    return hn_buf_err(c->out);
}

static struct hn_err pages(struct export_out *o, const struct export_format *fmt,
                           const struct hn_store_finding_query *query)
{
    struct hn_store_finding_query q = *query;
    struct hn_listing l = {0};
    char cursor[1024];

    q.page.limit = PAGE;
    q.page.cursor = (struct hn_str){NULL, 0};
    for (;;) {
        HN_TRY(page(o, fmt, &q, &l));
        if (!l.next.n || l.next.n > sizeof cursor || o->rows >= HN_EXPORT_ROWS)
            return HN_OK;
        memcpy(cursor, l.next.p, l.next.n); /* the arena it lies in is cleared */
        q.page.cursor = (struct hn_str){cursor, l.next.n};
        hn_arena_clear(o->a);
    }
}

struct hn_err hn_export_findings(struct hn_op_ctx *c, const struct hn_store_finding_query *q, struct hn_str format)
{
    struct hn_arena a;
    struct export_out o = {.c = c, .a = &a};

    o.lang = hn_str_eqc(ops_arg(c, "lang"), "ja") ? HN_JA : HN_EN;
    for (size_t i = 0; formats[i]; i++) {
        if (!hn_str_eqc(format, formats[i]->name))
            continue;
        hn_arena_init(&a, 256u << 20);
        c->type = formats[i]->type;
        formats[i]->begin(&o);
        struct hn_err e = pages(&o, formats[i], q);
        formats[i]->end(&o);
        hn_arena_done(&a);
        return hn_ok(e) ? hn_buf_err(c->out) : e;
    }
    return (struct hn_err){HN_E_INVALID};
}
