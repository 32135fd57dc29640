/* hinomi sbom vex list, merge, convert: who says what of which vulnerability in which product, and which of it counts.
 */
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/advisory/reader.h"
#include "format/sbom/vex.h"
#include "modules/sbom/document.h"
#include "modules/sbom/sbom.h"

#define READ_CAP    ((size_t)1 << 30)
#define OUT_MAX     ((size_t)1 << 30)
#define LOSSES_MOST 10000
#define COLUMNS     6

static const char dialects[] = "openvex csaf cyclonedx spdx3";

const struct hn_verb_option sbom_vex_list_options[] = {{"trusted", HN_OPT_INPUT, "FILE", true, NULL, 0, 0},
                                                       {"max-age", HN_OPT_INT, "DAYS", false, NULL, 1, 36500},
                                                       {"all", HN_OPT_SWITCH, NULL, false, NULL, 0, 0},
                                                       {0}};
const struct hn_verb_option sbom_vex_merge_options[] = {{"trusted", HN_OPT_INPUT, "FILE", true, NULL, 0, 0},
                                                        {"max-age", HN_OPT_INT, "DAYS", false, NULL, 1, 36500},
                                                        {"to", HN_OPT_STR, "DIALECT", false, dialects, 0, 0},
                                                        {"author", HN_OPT_STR, "NAME", false, NULL, 0, 0},
                                                        {"namespace", HN_OPT_STR, "URI", false, NULL, 0, 0},
                                                        {"output", HN_OPT_OUTPUT, "FILE", false, NULL, 0, 0},
                                                        {0}};
const struct hn_verb_option sbom_vex_convert_options[] = {{"to", HN_OPT_STR, "DIALECT", false, dialects, 0, 0},
                                                          {"author", HN_OPT_STR, "NAME", false, NULL, 0, 0},
                                                          {"namespace", HN_OPT_STR, "URI", false, NULL, 0, 0},
                                                          {"output", HN_OPT_OUTPUT, "FILE", false, NULL, 0, 0},
                                                          {0}};

/* ---------------------------------------------------------------- reading */

struct reading {
    struct hn_work *w;
    struct hn_vex *v;
    struct hn_str file;
    int trust;
    size_t bad;
    bool failed;
};

static void on_record(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    struct reading *r = arg;
    (void)text;
    r->failed = r->failed || !hn_vex_add_advisory(r->v, adv, r->file, r->trust);
}

static void on_bad(void *arg, struct hn_str entry, uint64_t offset, const char *why)
{
    struct reading *r = arg;
    char file[256], place[300];
    snprintf(file, sizeof file, "%.*s", HN_FMT(r->file));
    snprintf(place, sizeof place, "%.*s:%llu", (int)(entry.n < 200 ? entry.n : 200), entry.p ? entry.p : "",
             (unsigned long long)offset);
    hn_work_warn(r->w, "sbom.match.vex-bad", "file", file, "place", place, "why", why, NULL);
    r->bad++;
}

static void read_document(struct reading *r, struct hn_arena *a, struct hn_bytes text)
{
    struct hn_bom b;
    hn_bom_init(&b, a);
    struct hn_err e = hn_bom_read(&b, text);
    bool indexed = hn_ok(hn_bom_index(&b));
    if (!hn_ok(e)) /* the beginning of a broken document is used all the same */
        on_bad(r, (struct hn_str){"", 0}, 0,
               b.family == HN_BOM_UNKNOWN ? "neither OpenVEX, CSAF, CycloneDX nor SPDX" : "cannot be read to its end");
    r->failed = r->failed || e.code == HN_E_NOMEM || !indexed || !hn_vex_add_document(r->v, &b, r->file, r->trust);
    hn_bom_done(&b);
}

bool sbom_vex_read(struct hn_work *w, struct hn_vex *v, struct hn_input *in, int trust, size_t *ret_bad)
{
    HN_AUTO(hn_arena_done) struct hn_arena a, wide;
    hn_arena_init(&a, READ_CAP);
    hn_arena_init(&wide, 2 * SBOM_INPUT_MAX);
    struct hn_bytes text = hn_bom_utf8(&wide, in->map);
    enum hn_adv_form form = hn_adv_form_of(text);
    struct reading r = {.w = w, .v = v, .file = hn_arena_str(hn_work_arena(w), in->name), .trust = trust};
    if (form == HN_ADV_FORM_OPENVEX || form == HN_ADV_FORM_CSAF) {
        const struct hn_adv_sink sink = {.arena = &a, .record = on_record, .bad = on_bad, .arg = &r};
        hn_adv_read(form, text, &sink);
    } else {
        read_document(&r, &a, text);
    }
    if (ret_bad)
        *ret_bad += r.bad;
    return !r.failed && !wide.failed;
}

struct statements {
    struct hn_vex v;
    struct hn_vex_merged m;
    size_t bad;
};

/* 0, or an exit code with the reason told. */
static int read_all(struct hn_work *w, struct statements *s)
{
    struct hn_input in;
    bool ok = true;
    hn_vex_init(&s->v, hn_work_arena(w));
    while (ok && hn_work_next(w, &in)) {
        ok = hn_work_map(w, &in, SBOM_INPUT_MAX) && sbom_vex_read(w, &s->v, &in, 1, &s->bad);
        hn_work_done(&in);
    }
    while (ok && hn_work_given(w, "trusted") && hn_work_input(w, "trusted", &in)) {
        ok = hn_work_map(w, &in, SBOM_INPUT_MAX) && sbom_vex_read(w, &s->v, &in, 2, &s->bad);
        hn_work_done(&in);
    }
    hn_time max_age = hn_work_given(w, "max-age") ? hn_work_int(w, "max-age", 0) * HN_DAY : 0;
    if (!ok || !hn_vex_merge(&s->v, hn_work_now(w), max_age, &s->m))
        return hn_work_fail(w, "sbom.match.memory", NULL);
    return 0;
}

/* ---------------------------------------------------------------- list */

static const char *state_of(const struct hn_vex_statement *s)
{
    return s->under ? "superseded" : s->expired ? "expired" : s->unfounded ? "unfounded" : "in-force";
}

static void kopt(struct hn_jw *w, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(w, key, s);
}

static void statement_json(struct hn_jw *w, const struct hn_vex_statement *s)
{
    hn_jw_obj(w);
    hn_jw_kstr(w, "vulnerability", s->name);
    kopt(w, "said_as", hn_str_eq(s->name, s->vulnerability) ? (struct hn_str){"", 0} : s->vulnerability);
    hn_jw_key(w, "aliases");
    hn_jw_arr(w);
    for (size_t i = 0; i < s->n_aliases; i++)
        hn_jw_str(w, s->aliases[i]);
    hn_jw_arr_end(w);
    hn_jw_kstr(w, "product", s->product);
    kopt(w, "subcomponent", s->subcomponent);
    hn_jw_kc(w, "status", hn_bom_vex_word(s->status));
    kopt(w, "justification", s->why ? hn_str_c(hn_bom_why_word(s->why)) : s->justification);
    kopt(w, "said_state", s->state);
    kopt(w, "said_justification", s->justification);
    kopt(w, "impact", s->impact);
    kopt(w, "action", s->action);
    hn_jw_kc(w, "dialect", hn_vex_dialect_word(s->dialect));
    hn_jw_kstr(w, "source", s->source);
    kopt(w, "author", s->author);
    if (s->time)
        hn_jw_ktime(w, "time", s->time);
    hn_jw_kint(w, "trust", s->trust);
    hn_jw_kc(w, "state", state_of(s));
    if (s->under)
        hn_jw_kstr(w, "superseded_by", s->under->source);
    if (s->under)
        hn_jw_kc(w, "superseded_for", hn_vex_reason_word(s->reason));
    hn_jw_obj_end(w);
}

static int list_json(struct hn_work *w, const struct statements *s)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_jw j;
    hn_buf_init(&out, OUT_MAX);
    hn_jw_init(&j, &out);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-vex-list/1");
    hn_jw_key(&j, "statements");
    hn_jw_arr(&j);
    for (size_t i = 0; i < s->m.n; i++)
        statement_json(&j, s->m.s[i]);
    hn_jw_arr_end(&j);
    hn_jw_kint(&j, "superseded", (int64_t)s->m.superseded);
    hn_jw_kint(&j, "expired", (int64_t)s->m.expired);
    hn_jw_kint(&j, "unfounded", (int64_t)s->m.unfounded);
    hn_jw_kint(&j, "unreadable", (int64_t)s->bad);
    hn_jw_obj_end(&j);
    hn_buf_chr(&out, '\n');
    if (out.bad)
        return hn_work_fail(w, "sbom.match.memory", NULL);
    hn_work_write(w, hn_bytes_of(out.p, out.n));
    return 0;
}

static int list_text(struct hn_work *w, const struct statements *s)
{
    static const char *const heads[COLUMNS] = {"sbom.column.vulnerability",
                                               "sbom.vex.product",
                                               "sbom.vex.status",
                                               "sbom.vex.state",
                                               "sbom.vex.time",
                                               "sbom.vex.source"};
    struct hn_arena *a = hn_work_arena(w);
    struct hn_str *cells = hn_arena_alloc(a, (s->m.n + 1) * COLUMNS * sizeof *cells), *c = cells;
    size_t rows = 0;
    if (!cells)
        return hn_work_fail(w, "sbom.match.memory", NULL);
    for (int i = 0; i < COLUMNS; i++)
        *c++ = hn_work_head(w, heads[i]);
    for (size_t i = 0; i < s->m.n; i++) {
        const struct hn_vex_statement *x = s->m.s[i];
        char key[64], at[HN_TIME_TEXT];
        if (x->under && !hn_work_switch(w, "all"))
            continue;
        snprintf(key, sizeof key, "sbom.vex.%s%s%s", state_of(x), x->under ? "." : "",
                 x->under ? hn_vex_reason_word(x->reason) : "");
        *c++ = x->name;
        *c++ = x->subcomponent.n ? hn_arena_fmt(a, "%.*s > %.*s", HN_FMT(x->product), HN_FMT(x->subcomponent))
                                 : x->product;
        *c++ = hn_str_c(hn_bom_vex_word(x->status));
        *c++ = hn_text(a, (enum hn_lang)hn_work_lang(w), key, NULL);
        *c++ = x->time ? hn_arena_str(a, hn_str_cut(hn_str_c(hn_time_text(x->time, at)), 0, 10)) : HN_STR("–");
        *c++ = x->source;
        rows++;
    }
    bool csv = hn_work_form(w) == HN_FORM_CSV;
    if (rows || csv)
        hn_work_table(w, cells, rows + 1, COLUMNS);
    if (csv)
        return 0;
    hn_work_say(w, "sbom.vex.summary", "n", hn_arena_cstr(a, hn_arena_fmt(a, "%zu", s->m.n)), "superseded",
                hn_arena_cstr(a, hn_arena_fmt(a, "%zu", s->m.superseded)), "expired",
                hn_arena_cstr(a, hn_arena_fmt(a, "%zu", s->m.expired)), "unfounded",
                hn_arena_cstr(a, hn_arena_fmt(a, "%zu", s->m.unfounded)), NULL);
    return 0;
}

int sbom_vex_list(struct hn_work *w)
{
    struct statements s = {.bad = 0};
    int rc = read_all(w, &s);
    if (!rc)
        rc = hn_work_form(w) != HN_FORM_JSON ? list_text(w, &s) : list_json(w, &s);
    if (!rc && (s.bad || hn_work_unreadable(w)))
        rc = 3;
    hn_vex_done(&s.v);
    return rc;
}

/* ---------------------------------------------------------------- merge, convert */

static enum hn_vex_dialect dialect_of(struct hn_str word)
{
    return hn_str_eqc(word, "csaf")        ? HN_VEX_CSAF
           : hn_str_eqc(word, "cyclonedx") ? HN_VEX_CYCLONEDX
           : hn_str_eqc(word, "spdx3")     ? HN_VEX_SPDX3
                                           : HN_VEX_OPENVEX;
}

/* Of the sources when they agree. */
static struct hn_str author_of(struct hn_work *w, const struct hn_vex_merged *m)
{
    struct hn_str one = hn_work_str(w, "author");
    for (size_t i = 0; i < m->n && !hn_work_given(w, "author"); i++) {
        if (one.n && !hn_str_eq(one, m->s[i]->author))
            return HN_STR("hinomi");
        one = m->s[i]->author;
    }
    return one.n ? one : HN_STR("hinomi");
}

/* The name of the document follows from what it says, so that the same input gives the same bytes. */
static struct hn_str id_of(struct hn_work *w, const struct hn_vex_merged *m)
{
    HN_AUTO(hn_buf_done) struct hn_buf all = {0};
    uint8_t sum[HN_SHA256_LEN];
    hn_buf_init(&all, OUT_MAX);
    for (size_t i = 0; i < m->n; i++)
        hn_buf_fmt(&all, "%.*s\n%.*s\n%.*s\n%d %lld\n", HN_FMT(m->s[i]->name), HN_FMT(m->s[i]->product),
                   HN_FMT(m->s[i]->subcomponent), (int)m->s[i]->status, (long long)m->s[i]->time);
    hn_sha256(hn_str_bytes(hn_buf_text(&all)), sum);
    return hn_arena_fmt(hn_work_arena(w), "urn:hinomi:vex:%02x%02x%02x%02x%02x%02x%02x%02x", sum[0], sum[1], sum[2],
                        sum[3], sum[4], sum[5], sum[6], sum[7]);
}

static void tell_losses(struct hn_work *w, const struct hn_bom_notes *loss)
{
    struct hn_arena *a = hn_work_arena(w);
    for (const struct hn_bom_note *n = loss->first; n; n = n->next)
        hn_work_warn(w, "sbom.vex.lost", "place", hn_arena_cstr(a, n->place), "what", hn_arena_cstr(a, n->a), "value",
                     hn_arena_cstr(a, n->b), NULL);
}

static int write_out(struct hn_work *w, const struct statements *s)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_bom_notes loss = {.most = LOSSES_MOST};
    struct hn_str space = hn_work_str(w, "namespace");
    const struct hn_vex_meta meta = {.author = author_of(w, &s->m),
                                     .id = id_of(w, &s->m),
                                     .namespace = space.n ? space : HN_STR("urn:hinomi"),
                                     .tool = HN_STR("hinomi " HN_VERSION),
                                     .now = hn_work_now(w)};
    if (!s->m.n)
        return hn_work_fail(w, "sbom.vex.none", NULL);
    hn_buf_init(&out, OUT_MAX);
    struct hn_err e = hn_vex_write(&s->m, dialect_of(hn_work_str(w, "to")), &meta, hn_work_arena(w), &out, &loss);
    if (!hn_ok(e))
        return hn_work_fail(w, "sbom.convert.error", "why", hn_err_text(e), NULL);
    tell_losses(w, &loss);
    return sbom_document_put(w, hn_work_output(w, "output"), &out);
}

int sbom_vex_write(struct hn_work *w)
{
    struct statements s = {.bad = 0};
    int rc = read_all(w, &s);
    if (!rc)
        rc = write_out(w, &s);
    if (!rc && (s.bad || hn_work_unreadable(w)))
        rc = 3;
    hn_vex_done(&s.v);
    return rc;
}
