/* hinomi sbom judge: every distinct component of the portfolio against the advisory index, in one pass, by the same
 * matcher as `hinomi sbom match`. Takes rows as the store gives them ([n, ecosystem, name, version, source, source
 * version, type, purl, cpe, lookup]) and answers in lines, each as the store takes it back (operation matches.put) for
 * the components from..upto. `hinomi sbom rematch` runs this in its worker.
 *
 * A component that cannot be judged is said to be unknown, with the reason. Matches that the document shows to be false
 * (a distribution's package owns the files) are held back and counted; the component keeps the reason. */
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/sbom/index.h"
#include "modules/sbom/match_out.h"
#include "modules/sbom/sbom.h"

const struct hn_verb_option sbom_judge_options[] = {{"feed", HN_OPT_INPUT, "DIR", true, NULL, 0, 0}, {0}};

#define ROWS_MAX  ((size_t)1 << 30)
#define LINE_FULL ((size_t)16 << 20) /* bytes of a line after which the next begins; the store takes 64 MiB at once */
#define TEXTS_MAX ((size_t)4 << 30)

struct span { /* of the texts */
    size_t at, n;
};

struct found {
    uint32_t row, advisory;
    unsigned confidence;
    struct span fixed, why;
};

struct row {
    uint64_t n; /* of the component in the store */
    enum sbom_unknown unknown;
    int release; /* of the releases; -1: none */
};

struct pass {
    struct hn_work *w;
    struct hn_adv_index index;
    struct sbom_engine engine;
    struct sbom_releases releases;
    struct hn_arena keep, a; /* a: one component */
    struct hn_map advisory;  /* id → number + 1 */
    struct hn_buf texts;     /* heads of advisories, sentences of matches */
    struct span *heads;
    struct found *found;
    struct row *rows;
    size_t n_heads, cap_heads, n_found, cap_found, n_rows, cap_rows;
    uint64_t held;
    bool failed;
};

static struct hn_str cell(const struct hn_jv *row, size_t i)
{
    return i < row->n && row->items[i].kind == HN_JV_STR ? row->items[i].s : (struct hn_str){"", 0};
}

/* One more of a list on the heap. */
static bool more(void *list, size_t size, size_t n, size_t *cap)
{
    void **p = list, *grown = hn_more(*p, n, cap, size);
    *p = grown ? grown : *p;
    return grown != NULL;
}

static struct hn_str text_of(const struct pass *p, struct span s)
{
    return hn_str_cut(hn_buf_text(&p->texts), s.at, s.at + s.n);
}

static struct span keep(struct pass *p, struct hn_str s)
{
    struct span at = {p->texts.n, s.n};
    hn_buf_str(&p->texts, s);
    return at;
}

/* ---------------------------------------------------------------- advisories that matched */

static void write_facts(struct hn_jw *j, const struct hn_adv_facts *f)
{
    hn_jw_key(j, "aliases");
    hn_jw_arr(j);
    for (size_t i = 0; i < f->ids.n; i++)
        hn_jw_str(j, f->ids.p[i]);
    hn_jw_arr_end(j);
    if (f->epss.scored)
        hn_jw_knum(j, "epss", f->epss.score);
    if (f->kev.listed || f->kev_known)
        hn_jw_kbool(j, "kev", f->kev.listed);
    if (f->ssvc.automatable)
        hn_jw_kbool(j, "automatable", f->ssvc.automatable == HN_AUTOMATABLE_YES);
    if (f->ssvc.impact)
        hn_jw_kc(j, "impact", f->ssvc.impact == HN_IMPACT_TOTAL ? "total" : "partial");
    if (f->published)
        hn_jw_ktime(j, "published", f->published);
}

static const char *severity_word(enum hn_cvss_rating r)
{
    static const char *const words[] = {"info", "low", "medium", "high", "critical"};
    return words[r];
}

static void write_head(struct pass *p, struct hn_jw *j, const struct sbom_match *m)
{
    struct hn_adv_feed feed;

    hn_jw_obj(j);
    hn_jw_kstr(j, "id", m->adv.id);
    hn_jw_kc(j, "source", hn_adv_family_word(m->adv.family));
    hn_jw_kstr(j, "summary", m->adv.summary);
    if (m->adv.modified)
        hn_jw_ktime(j, "modified", m->adv.modified);
    if (hn_adv_feed_at(&p->index, m->adv.feed, &feed))
        hn_jw_kstr(j, "licence", feed.licence);
    if (m->rated)
        hn_jw_kc(j, "severity", severity_word(m->rating));
    if (m->best.said) {
        hn_jw_knum(j, "cvss", m->best.cvss.score / 10.0);
        hn_jw_kstr(j, "vector", m->best.said->vector);
    }
    if (m->group)
        write_facts(j, &m->group->facts);
    hn_jw_obj_end(j);
}

/* Number of the advisory; its head is written once. */
static bool advisory_number(struct pass *p, const struct sbom_match *m, uint32_t *ret)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    uintptr_t at = (uintptr_t)hn_map_find(&p->advisory, hn_str_bytes(m->adv.id));
    struct hn_jw j;

    if (at) {
        *ret = (uint32_t)(at - 1);
        return true;
    }
    struct hn_str id = hn_arena_str(&p->keep, m->adv.id);
    if (!id.n || !more(&p->heads, sizeof *p->heads, p->n_heads, &p->cap_heads) ||
        !hn_ok(hn_map_set(&p->advisory, hn_str_bytes(id), (void *)(uintptr_t)(p->n_heads + 1))))
        return false;
    hn_buf_init(&b, 4u << 20);
    hn_jw_init(&j, &b);
    write_head(p, &j, m);
    p->heads[p->n_heads] = keep(p, hn_buf_text(&b));
    *ret = (uint32_t)p->n_heads++;
    return !b.bad;
}

/* ---------------------------------------------------------------- one component */

static bool add_match(struct pass *p, const struct sbom_match *m)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct found f = {.row = (uint32_t)p->n_rows, .confidence = m->confidence};
    struct hn_jw j;

    if (!advisory_number(p, m, &f.advisory) || !more(&p->found, sizeof *p->found, p->n_found, &p->cap_found))
        return false;
    for (size_t i = p->n_found; i > 0 && p->found[i - 1].row == f.row; i--)
        if (p->found[i - 1].advisory == f.advisory)
            return true; /* the same record from two feeds */
    hn_buf_init(&b, 1u << 16);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    sbom_match_why(&j, m);
    hn_jw_obj_end(&j);
    f.fixed = keep(p, m->eval.fixed);
    f.why = keep(p, b.bad ? HN_STR("{}") : hn_buf_text(&b));
    p->found[p->n_found++] = f;
    return true;
}

static bool match_row(struct pass *p, const struct sbom_row *from, struct row *ret)
{
    struct sbom_matches m = {0};
    struct sbom_part part = {0};

    if (hn_str_eqc(from->type, "operating-system"))
        return true; /* stands for the release of its packages; there are no advisories about it as a whole */
    if (!sbom_part_read(&p->a, from, &part) || !sbom_match_part(&p->engine, &p->a, &part, 1, 0, &p->releases, &m))
        return false;
    p->held += part.suppressed != SBOM_FALSE_NOT ? m.n : 0;
    for (size_t i = 0; part.suppressed == SBOM_FALSE_NOT && i < m.n; i++)
        if (!add_match(p, &m.first[i]))
            return false;
    ret->unknown = part.unknown;
    ret->release = sbom_release_find(&p->releases, &part);
    return true;
}

static void judge(struct pass *p, const struct hn_jv *v)
{
    const struct sbom_row row = {.ecosystem = cell(v, 1),
                                 .name = cell(v, 2),
                                 .version = cell(v, 3),
                                 .source = cell(v, 4),
                                 .source_version = cell(v, 5),
                                 .type = cell(v, 6),
                                 .purl = cell(v, 7),
                                 .cpe = cell(v, 8),
                                 .lookup = cell(v, 9)};

    if (v->kind != HN_JV_ARR || v->n < 9 || v->items[0].kind != HN_JV_INT || v->items[0].i < 0)
        return;
    struct row r = {.n = (uint64_t)v->items[0].i, .release = -1};
    p->failed = !more(&p->rows, sizeof *p->rows, p->n_rows, &p->cap_rows) || !match_row(p, &row, &r) || p->texts.bad;
    if (!p->failed)
        p->rows[p->n_rows++] = r;
    hn_arena_clear(&p->a);
}

/* ---------------------------------------------------------------- the answer */

static void write_feeds(struct pass *p, struct hn_jw *j, hn_time *newest)
{
    struct hn_adv_feed f;

    hn_jw_key(j, "feeds");
    hn_jw_arr(j);
    for (uint32_t i = 0; hn_adv_feed_at(&p->index, i, &f); i++) {
        hn_jw_obj(j);
        hn_jw_kstr(j, "name", f.name);
        hn_jw_kstr(j, "kind", f.kind);
        hn_jw_kstr(j, "source", f.source);
        hn_jw_kstr(j, "licence", f.licence);
        hn_jw_ktime(j, "date", f.date);
        hn_jw_kint(j, "records", (int64_t)f.records);
        hn_jw_kint(j, "rejected", (int64_t)f.rejected);
        hn_jw_obj_end(j);
        *newest = f.date > *newest ? f.date : *newest;
    }
    hn_jw_arr_end(j);
}

/* A line: the components of rows from..to, with the advisories that their matches need, numbered anew. */
struct line {
    struct pass *p;
    struct hn_buf heads, matches, unknown;
    struct hn_jw jh, jm, ju;
    uint32_t *number; /* of an advisory within the line, + 1 */
    uint32_t n_heads;
    size_t at; /* of found */
};

static const char *unknown_word(const struct pass *p, const struct row *r)
{
    if (r->unknown == SBOM_UNKNOWN_NOT && sbom_release_missing(&p->releases, r->release))
        return sbom_unknown_word(SBOM_UNKNOWN_RELEASE_NOT_COVERED);
    return r->unknown == SBOM_UNKNOWN_NOT ? NULL : sbom_unknown_word(r->unknown);
}

static uint32_t number_in(struct line *l, uint32_t advisory)
{
    if (!l->number[advisory]) {
        l->number[advisory] = ++l->n_heads;
        hn_jw_raw(&l->jh, text_of(l->p, l->p->heads[advisory]));
    }
    return l->number[advisory] - 1;
}

static void row_write(struct line *l, uint32_t row)
{
    const struct pass *p = l->p;
    const struct row *r = &p->rows[row];
    const char *why = unknown_word(p, r);

    if (why) {
        hn_jw_arr(&l->ju);
        hn_jw_int(&l->ju, (int64_t)r->n);
        hn_jw_c(&l->ju, why);
        hn_jw_arr_end(&l->ju);
    }
    for (; l->at < p->n_found && p->found[l->at].row == row; l->at++) {
        const struct found *f = &p->found[l->at];
        hn_jw_arr(&l->jm);
        hn_jw_int(&l->jm, (int64_t)r->n);
        hn_jw_int(&l->jm, number_in(l, f->advisory));
        hn_jw_int(&l->jm, f->confidence);
        hn_jw_str(&l->jm, text_of(p, f->fixed));
        hn_jw_str(&l->jm, text_of(p, f->why));
        hn_jw_arr_end(&l->jm);
    }
}

static void line_begin(struct line *l)
{
    struct hn_buf *bufs[] = {&l->heads, &l->matches, &l->unknown};
    struct hn_jw *jws[] = {&l->jh, &l->jm, &l->ju};

    for (int i = 0; i < 3; i++) {
        hn_buf_clear(bufs[i]);
        hn_jw_init(jws[i], bufs[i]);
        hn_jw_arr(jws[i]);
    }
    memset(l->number, 0, (l->p->n_heads + 1) * sizeof *l->number);
    l->n_heads = 0;
}

static bool line_end(struct line *l, uint64_t from, uint64_t upto, uint64_t held)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    hn_time newest = 0;
    struct hn_jw j;

    hn_jw_arr_end(&l->jh);
    hn_jw_arr_end(&l->jm);
    hn_jw_arr_end(&l->ju);
    hn_buf_init(&b, TEXTS_MAX);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kint(&j, "from", (int64_t)from);
    hn_jw_kint(&j, "upto", (int64_t)upto);
    hn_jw_kint(&j, "held", (int64_t)held);
    write_feeds(l->p, &j, &newest);
    hn_jw_ktime(&j, "feed_at", newest ? newest : hn_work_now(l->p->w));
    hn_jw_key(&j, "advisories");
    hn_jw_raw(&j, hn_buf_text(&l->heads));
    hn_jw_key(&j, "matches");
    hn_jw_raw(&j, hn_buf_text(&l->matches));
    hn_jw_key(&j, "unknown");
    hn_jw_raw(&j, hn_buf_text(&l->unknown));
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    if (b.bad || l->heads.bad || l->matches.bad || l->unknown.bad)
        return false;
    hn_work_write(l->p->w, hn_bytes_of(b.p, b.n));
    return true;
}

static bool lines(struct line *l)
{
    const struct pass *p = l->p;
    uint64_t from = p->n_rows ? p->rows[0].n : 0; /* rows may begin anywhere: only these were judged */

    line_begin(l);
    for (size_t i = 0; i < p->n_rows; i++) {
        bool last = i + 1 == p->n_rows;
        row_write(l, (uint32_t)i);
        if (!last && l->heads.n + l->matches.n + l->unknown.n < LINE_FULL)
            continue;
        if (!line_end(l, from, p->rows[i].n, last ? p->held : 0))
            return false;
        from = p->rows[i].n + 1;
        line_begin(l);
    }
    return p->n_rows || line_end(l, 0, 0, 0);
}

static int answer(struct pass *p)
{
    struct line l = {.p = p, .number = hn_arena_alloc(&p->keep, (p->n_heads + 1) * sizeof *l.number)};
    bool ok = l.number && !p->failed;

    hn_buf_init(&l.heads, TEXTS_MAX);
    hn_buf_init(&l.matches, TEXTS_MAX);
    hn_buf_init(&l.unknown, TEXTS_MAX);
    ok = ok && lines(&l);
    hn_buf_done(&l.heads);
    hn_buf_done(&l.matches);
    hn_buf_done(&l.unknown);
    return ok ? 0 : hn_work_fail(p->w, "sbom.judge.memory", NULL);
}

/* {…, "rows": [row, …], …}, a row at a time: what one is read into is free again for the next. False: there are none.
 */
static bool rows_of(struct pass *p, struct hn_bytes text)
{
    HN_AUTO(hn_arena_done) struct hn_arena one;
    struct hn_jr r;
    bool found = false;

    hn_arena_init(&one, (size_t)1 << 30);
    hn_jr_init(&r, text, HN_JR_DEPTH_MAX, UINT64_MAX);
    enum hn_jtok t = hn_jr_next(&r);
    while (t == HN_J_OBJ && !found && hn_jr_next(&r) == HN_J_KEY) {
        found = hn_str_eqc(r.raw, "rows") && hn_jr_next(&r) == HN_J_ARR;
        if (!found && !hn_jr_skip(&r))
            return false;
    }
    while (found && !p->failed && (t = hn_jr_next(&r)) != HN_J_ARR_END) {
        const struct hn_jv *v = t == HN_J_ERR ? NULL : hn_jv_build(&one, &r, t);
        p->failed = !v;
        if (v)
            judge(p, v);
        hn_arena_clear(&one);
    }
    return found;
}

static void all_rows(struct pass *p)
{
    struct hn_input in;

    while (hn_work_next(p->w, &in)) {
        bool found = hn_work_map(p->w, &in, ROWS_MAX) && rows_of(p, in.map);
        p->failed = p->failed || !found; /* no pass over nothing: it would say that nothing was found */
        hn_work_done(&in);
    }
}

int sbom_judge(struct hn_work *w)
{
    struct pass p = {.w = w};

    if (!sbom_index_open(w, &p.index))
        return 3;
    hn_arena_init(&p.keep, (size_t)4 << 30);
    hn_arena_init(&p.a, (size_t)1 << 30);
    hn_map_init(&p.advisory);
    hn_buf_init(&p.texts, TEXTS_MAX);
    sbom_engine_init(&p.engine, &p.index, &p.keep);
    all_rows(&p);
    int rc = answer(&p);
    sbom_engine_done(&p.engine);
    hn_buf_done(&p.texts);
    hn_free(p.heads);
    hn_free(p.found);
    hn_free(p.rows);
    hn_map_done(&p.advisory);
    hn_arena_done(&p.a);
    hn_arena_done(&p.keep);
    return rc;
}
