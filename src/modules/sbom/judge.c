/* hinomi sbom judge: every distinct component of the portfolio against the advisory index, in one pass. Takes rows as
 * the store gives them ([n, ecosystem, name, version, source, source version, type, purl, cpe]) and answers what it
 * takes back (operation matches.put). `hinomi sbom rematch` runs this in its worker.
 *
 * A component that cannot be judged is said to be unknown, with the reason: without version, of no ecosystem, of one
 * that no feed knows, of a distribution whose release is not known. */
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/advisory/eval.h"
#include "format/cvss/cvss.h"
#include "modules/sbom/index.h"
#include "modules/sbom/sbom.h"

const struct hn_verb_option sbom_judge_options[] = {{"feed", HN_OPT_INPUT, "DIR", true, NULL, 0, 0}, {0}};

#define ROWS_MAX ((size_t)1 << 30)

struct pass {
    struct hn_work *w;
    struct hn_adv_index index;
    struct hn_arena keep, a; /* a: one component */
    struct hn_map known;     /* ecosystems that the index has */
    struct hn_map advisory;  /* id → number + 1 */
    uint32_t advisories;
    struct hn_buf heads, matches, unknown; /* JSON arrays without brackets */
    struct hn_jw j;
};

static struct hn_str cell(const struct hn_jv *row, size_t i)
{
    return i < row->n && row->items[i].kind == HN_JV_STR ? row->items[i].s : (struct hn_str){"", 0};
}

/* Begins one value in a list that is kept as text. */
static struct hn_jw *item(struct pass *p, struct hn_buf *list)
{
    if (list->n)
        hn_buf_chr(list, ',');
    hn_jw_init(&p->j, list);
    return &p->j;
}

/* ---------------------------------------------------------------- advisories that matched */

static double worst_score(const struct hn_adv_facts *f, struct hn_str *vector)
{
    double worst = -1;

    for (size_t i = 0; i < f->n_severities; i++) {
        const struct hn_adv_severity *s = &f->severities[i];
        double score = s->score >= 0 ? s->score / 10.0 : -1;
        struct hn_cvss v;
        if (s->vector.n && hn_cvss_parse(s->vector, &v, NULL))
            score = v.score / 10.0;
        if (score > worst) {
            worst = score;
            *vector = s->vector;
        }
    }
    return worst;
}

static const char *severity_word(double score)
{
    return score >= 9 ? "critical" : score >= 7 ? "high" : score >= 4 ? "medium" : score > 0 ? "low" : "info";
}

static void write_facts(struct hn_jw *j, const struct hn_adv_facts *f)
{
    struct hn_str vector = {"", 0};
    double score = worst_score(f, &vector);

    hn_jw_key(j, "aliases");
    hn_jw_arr(j);
    for (size_t i = 0; i < f->ids.n; i++)
        hn_jw_str(j, f->ids.p[i]);
    hn_jw_arr_end(j);
    if (score >= 0) {
        hn_jw_knum(j, "cvss", score);
        hn_jw_kc(j, "severity", severity_word(score));
    }
    hn_jw_kstr(j, "vector", vector);
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

static void write_head(struct pass *p, const struct hn_adv *h)
{
    struct hn_jw *j = item(p, &p->heads);
    struct hn_adv_facts f = {0};
    struct hn_adv_feed feed;

    hn_jw_obj(j);
    hn_jw_kstr(j, "id", h->id);
    hn_jw_kstr(j, "source", hn_str_c(hn_adv_family_word(h->family)));
    hn_jw_kstr(j, "summary", h->summary);
    if (h->modified)
        hn_jw_ktime(j, "modified", h->modified);
    if (hn_adv_feed_at(&p->index, h->feed, &feed))
        hn_jw_kstr(j, "licence", feed.licence);
    if (hn_adv_facts_of(&p->index, h->id, &p->a, &f))
        write_facts(j, &f);
    hn_jw_obj_end(j);
}

/* Number of the advisory in the answer; false: withdrawn, rejected or damaged. */
static bool advisory_number(struct pass *p, hn_adv_ref ref, uint32_t *ret)
{
    struct hn_adv h;

    if (!hn_adv_get_head(&p->index, ref, &p->a, &h) || h.withdrawn || h.rejected)
        return false;
    uintptr_t at = (uintptr_t)hn_map_find(&p->advisory, hn_str_bytes(h.id));
    if (!at) {
        struct hn_str id = hn_arena_str(&p->keep, h.id);
        at = ++p->advisories;
        if (!id.n || !hn_ok(hn_map_set(&p->advisory, hn_str_bytes(id), (void *)at)))
            return false;
        write_head(p, &h);
    }
    *ret = (uint32_t)(at - 1);
    return true;
}

/* ---------------------------------------------------------------- one component */

struct asked {
    int64_t n;
    struct hn_str ecosystem, base, name, version;
    struct hn_adv_distro distro;
    enum hn_version_order order;
};

static void say_unknown(struct pass *p, int64_t n, const char *why)
{
    struct hn_jw *j = item(p, &p->unknown);

    hn_jw_arr(j);
    hn_jw_int(j, n);
    hn_jw_c(j, why);
    hn_jw_arr_end(j);
}

static struct hn_str why_text(struct pass *p, const struct asked *q, const struct hn_adv_eval *e)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw j;

    hn_buf_init(&b, 8192);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kstr(&j, "ecosystem", q->ecosystem);
    hn_jw_kstr(&j, "package", q->name);
    hn_jw_kstr(&j, "version", q->version);
    hn_jw_kc(&j, "order", hn_version_order_name(e->order));
    if (e->reason == HN_REASON_LISTED) {
        hn_jw_kstr(&j, "listed", e->listed);
    } else {
        hn_jw_kstr(&j, "introduced", e->introduced);
        hn_jw_kstr(&j, e->until_kind == HN_EVENT_LAST_AFFECTED ? "last_affected" : "fixed", e->until);
    }
    hn_jw_obj_end(&j);
    return b.bad ? (struct hn_str){"{}", 2} : hn_arena_str(&p->a, hn_buf_text(&b));
}

static void say_match(struct pass *p, const struct asked *q, uint32_t advisory, const struct hn_adv_eval *e)
{
    struct hn_str why = why_text(p, q, e);
    struct hn_jw *j = item(p, &p->matches);

    hn_jw_arr(j);
    hn_jw_int(j, q->n);
    hn_jw_int(j, advisory);
    hn_jw_int(j, hn_version_valid(e->order, hn_str_bytes(q->version)) ? 95 : 60);
    hn_jw_str(j, e->fixed);
    hn_jw_str(j, why);
    hn_jw_arr_end(j);
}

static void look_up(struct pass *p, const struct asked *q)
{
    struct hn_adv_hits hits;
    struct hn_adv_hit hit;

    hn_adv_by_name(&p->index, q->base, q->name, &hits);
    while (hn_adv_next(&hits, &hit)) {
        struct hn_adv_affected f;
        struct hn_adv_eval e;
        uint32_t advisory;
        if (!hn_adv_affected_at(&p->index, &hit, &p->a, &f) ||
            hn_adv_release_fits(f.ecosystem, &q->distro, q->version) != HN_RELEASE_SAME)
            continue;
        hn_adv_evaluate(&f, q->order, q->version, &e);
        if (e.verdict == HN_VERDICT_AFFECTED && advisory_number(p, hit.ref, &advisory))
            say_match(p, q, advisory, &e);
    }
}

/* "Ubuntu:22.04:LTS" → ubuntu, 22.04; "Alpine:v3.18" → alpine, 3.18. */
static void distro_of(struct pass *p, struct asked *q)
{
    struct hn_str release = hn_adv_ecosystem_release(q->ecosystem), first = release;
    char id[64];
    size_t n = q->base.n < sizeof id - 1 ? q->base.n : sizeof id - 1;

    for (size_t i = 0; i < n; i++)
        id[i] = q->base.p[i] >= 'A' && q->base.p[i] <= 'Z' ? (char)(q->base.p[i] + 32) : q->base.p[i];
    if (release.n)
        hn_str_split(&release, ':', &first);
    if (first.n && first.p[0] == 'v')
        first = hn_str_cut(first, 1, first.n);
    q->distro = (struct hn_adv_distro){hn_arena_str(&p->a, (struct hn_str){id, n}), first};
}

static void judge(struct pass *p, const struct hn_jv *row)
{
    struct hn_str source = cell(row, 4), source_version = cell(row, 5);
    struct asked q = {.ecosystem = cell(row, 1),
                      .name = source.n ? source : cell(row, 2),
                      .version = source.n && source_version.n ? source_version : cell(row, 3)};

    if (row->kind != HN_JV_ARR || row->n < 9 || row->items[0].kind != HN_JV_INT)
        return;
    q.n = row->items[0].i;
    q.base = hn_adv_ecosystem_base(q.ecosystem);
    q.order = hn_version_order_of_ecosystem(q.ecosystem);
    if (!q.ecosystem.n) {
        say_unknown(p, q.n, "no-ecosystem");
    } else if (!hn_map_has(&p->known, hn_str_bytes(q.base))) {
        say_unknown(p, q.n, "no-data");
    } else if (!q.version.n) {
        say_unknown(p, q.n, "no-version");
    } else {
        distro_of(p, &q);
        if (hn_adv_has_releases(q.base) && !q.distro.release.n)
            say_unknown(p, q.n, "no-release");
        else
            look_up(p, &q);
    }
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

static int answer(struct pass *p)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw j;
    hn_time newest = 0;
    const struct hn_buf *lists[] = {&p->heads, &p->matches, &p->unknown};
    static const char *const names[] = {"advisories", "matches", "unknown"};

    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    write_feeds(p, &j, &newest);
    hn_jw_ktime(&j, "feed_at", newest ? newest : hn_work_now(p->w));
    if (b.bad || p->heads.bad || p->matches.bad || p->unknown.bad)
        return hn_work_fail(p->w, "sbom.judge.memory", NULL);
    hn_work_write(p->w, hn_str_bytes(hn_buf_text(&b)));
    for (int i = 0; i < 3; i++) {
        hn_work_print(p->w, ",\"%s\":[", names[i]);
        hn_work_write(p->w, hn_str_bytes(hn_buf_text(lists[i])));
        hn_work_print(p->w, "]");
    }
    hn_work_print(p->w, "}\n");
    return 0;
}

static int all_rows(struct pass *p)
{
    struct hn_input in;
    struct hn_arena doc;
    uint64_t entries;
    struct hn_str name;

    for (uint32_t i = 0; hn_adv_ecosystem_at(&p->index, i, &name, &entries); i++)
        if (!hn_ok(hn_map_set(&p->known, hn_str_bytes(hn_arena_str(&p->keep, name)), p)))
            return hn_work_fail(p->w, "sbom.judge.memory", NULL);
    while (hn_work_next(p->w, &in)) {
        hn_arena_init(&doc, (size_t)4 << 30);
        const struct hn_jv *v = hn_work_map(p->w, &in, ROWS_MAX) ? hn_jv_parse(&doc, in.map, NULL) : NULL;
        const struct hn_jv *rows = hn_jv_get(v, "rows");
        for (size_t i = 0; rows && rows->kind == HN_JV_ARR && i < rows->n; i++)
            judge(p, &rows->items[i]);
        hn_arena_done(&doc);
        hn_work_done(&in);
    }
    return answer(p);
}

int sbom_judge(struct hn_work *w)
{
    struct pass p = {.w = w};

    if (!sbom_index_open(w, &p.index))
        return 3;
    hn_arena_init(&p.keep, (size_t)1 << 30);
    hn_arena_init(&p.a, 64u << 20);
    hn_map_init(&p.known);
    hn_map_init(&p.advisory);
    hn_buf_init(&p.heads, (size_t)512 << 20);
    hn_buf_init(&p.matches, (size_t)1 << 30);
    hn_buf_init(&p.unknown, (size_t)512 << 20);
    int rc = all_rows(&p);
    hn_buf_done(&p.heads);
    hn_buf_done(&p.matches);
    hn_buf_done(&p.unknown);
    hn_map_done(&p.known);
    hn_map_done(&p.advisory);
    hn_arena_done(&p.a);
    hn_arena_done(&p.keep);
    return rc;
}
