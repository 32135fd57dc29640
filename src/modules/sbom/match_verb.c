/* hinomi sbom match: documents in (without any, what is installed here), what is vulnerable in them out. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/vex.h"
#include "modules/sbom/generate.h"
#include "modules/sbom/index.h"
#include "modules/sbom/match_list.h"
#include "modules/sbom/match_out.h"
#include "modules/sbom/sbom.h"

#define DOCUMENT_MAX  (1u << 30)
#define DOCUMENT_CAP  ((size_t)2 << 30)
#define OUT_MAX       ((size_t)1 << 30)
#define UNKNOWN_SHOWN 5u

const struct hn_verb_option sbom_match_options[] = {
    {"root", HN_OPT_STR, "DIR"},
    {"image", HN_OPT_STR, "FILE|DIR"},
    {"platform", HN_OPT_STR, "OS/ARCH"},
    {"deep", HN_OPT_SWITCH},
    {"feed", HN_OPT_INPUT, "DIR", true, NULL, 0, 0},
    {"vex", HN_OPT_INPUT, "FILE", true, NULL, 0, 0},
    {"trusted", HN_OPT_INPUT, "FILE", true, NULL, 0, 0},
    {"vex-max-age", HN_OPT_INT, "DAYS", false, NULL, 1, 36500},
    {"sources", HN_OPT_INPUT, "FILE", true, NULL, 0, 0},
    {"fail-on", HN_OPT_STR, "SEVERITY", false, "none low medium high critical kev", 0, 0},
    {"why", HN_OPT_SWITCH, NULL, false, NULL, 0, 0},
    {0}};

/* One line of the table: a vulnerability in a component, from however many advisories. */
struct row {
    struct hn_str severity, name, component, version, purl, fixed, file;
    struct hn_str sentence;
    int rating; /* -1: unknown */
    int score;  /* tenths, -1: only a word, or nothing */
    bool kev;
    double epss;
};

struct counts {
    size_t documents, broken, components, affected, matches, suppressed, unknown;
    size_t by_rating[6]; /* enum hn_cvss_rating, then unknown */
    size_t by_unknown[SBOM_UNKNOWNS], by_false[SBOM_FALSES], by_vex, kev;
};

/* How many components of an ecosystem were judged, and by how many entries of advisories: that few were found is worth
 * little where the index holds few. */
#define ECOSYSTEMS 64u
struct judged {
    struct hn_str name;
    size_t components;
    uint64_t entries;
};

struct run {
    struct hn_work *w;
    struct hn_adv_index index;
    struct sbom_engine engine;
    struct sbom_sources sources;
    struct hn_vex vex;
    hn_time max_age;
    struct sbom_list documents, matches, suppressed, unknown; /* in JSON form */
    bool json;
    struct row *rows;
    size_t n_rows, cap_rows;
    struct counts n;
    struct judged judged[ECOSYSTEMS];
    size_t n_judged;
    bool over; /* at or above --fail-on */
    bool failed;
    struct hn_str collected; /* what was looked at in place of documents; empty: nothing was */
    bool nothing;            /* no package in it, or it could not be read: told */
#define GAPS_SHOWN 5u
    struct hn_str gaps[GAPS_SHOWN]; /* what was not seen, the first ones */
    size_t n_gaps;
};

/* ---------------------------------------------------------------- threshold */

static bool reaches(const struct run *r, const struct sbom_match *m)
{
    static const char *const words[] = {"none", "low", "medium", "high", "critical"};
    struct hn_str on = hn_work_str(r->w, "fail-on");
    bool kev = m->group && m->group->facts.kev.listed;
    int least = HN_CVSS_R_HIGH;
    if (hn_str_eqc(on, "kev"))
        return kev;
    if (hn_str_eqc(on, "none"))
        return false;
    for (int i = 1; i < 5; i++)
        if (hn_str_eqc(on, words[i]))
            least = i;
    /* What nobody has rated may be anything: it counts as high. */
    int rating = m->rated ? (int)m->rating : HN_CVSS_R_HIGH;
    return kev || (!m->unimportant && rating >= least);
}

/* ---------------------------------------------------------------- one document */

struct document {
    struct hn_str file;
    struct hn_bom *bom;
    struct hn_arena arena;
    struct sbom_part *parts;
    size_t n;
};

/* In JSON form, elements go to their own list; as lines, at once to the output. */
static struct hn_jw *begin(const struct run *r, struct sbom_list *list, struct hn_buf *line, struct hn_jw *own)
{
    if (hn_work_form(r->w) != HN_FORM_JSONL)
        return &list->jw;
    hn_buf_clear(line);
    hn_jw_init(own, line);
    return own;
}

static void end(struct run *r, struct sbom_list *list, struct hn_buf *line)
{
    if (hn_work_form(r->w) != HN_FORM_JSONL) {
        sbom_list_settle(list);
        return;
    }
    hn_buf_chr(line, '\n');
    hn_work_write(r->w, hn_bytes_of(line->p, line->n));
}

static void verdict_of(const struct run *r, const struct document *d, const struct sbom_match *m,
                       struct hn_vex_verdict *ret)
{
    struct hn_str within[35];
    size_t n = 0;
    const struct hn_bom_component *c = m->part->component, *subject = d->bom->subject;
    if (subject) {
        within[n++] = subject->purl.n ? subject->purl : subject->ref;
        within[n++] = subject->ref;
        within[n++] = subject->name;
    }
    for (const struct hn_bom_component *p = c->parent; p && n < 33; p = p->parent)
        within[n++] = p->purl.n ? p->purl : p->ref;
    if (d->bom->name.n && n < 34)
        within[n++] = d->bom->name;
    struct hn_str alone[1] = {m->adv.id};
    bool group = m->group && m->group->facts.ids.n;
    const struct hn_vex_about about = {
        .purl = c->purl,
        .cpe = c->cpe,
        .ref = c->ref,
        .within = within,
        .n_within = n,
        .ids = group ? m->group->facts.ids.p : alone,
        .n_ids = group ? m->group->facts.ids.n : 1,
    };
    hn_vex_decide(&r->vex, &about, hn_work_now(r->w), r->max_age, ret);
}

static bool closes(const struct hn_vex_verdict *v)
{
    return v->effect == HN_VEX_APPLIES &&
           (v->statement->status == HN_BOM_VEX_NOT_AFFECTED || v->statement->status == HN_BOM_VEX_FIXED);
}

static struct row *row_of(struct run *r, const struct sbom_match *m, struct hn_str file)
{
    struct hn_str name = m->group ? m->group->name : m->adv.id;
    const struct hn_bom_component *c = m->part->component;
    for (size_t i = r->n_rows; i > 0; i--) { /* another advisory for the same: the last rows are of this component */
        struct row *x = &r->rows[i - 1];
        if (!hn_str_eq(x->component, c->name) || !hn_str_eq(x->file, file))
            break;
        if (hn_str_eq(x->name, name) && hn_str_eq(x->version, m->part->query.version))
            return x;
    }
    if (r->n_rows == r->cap_rows) {
        size_t cap = r->cap_rows ? 2 * r->cap_rows : 256;
        struct row *grown = hn_arena_alloc(hn_work_arena(r->w), cap * sizeof *grown);
        if (!grown)
            return NULL;
        if (r->n_rows)
            memcpy(grown, r->rows, r->n_rows * sizeof *grown);
        r->rows = grown;
        r->cap_rows = cap;
    }
    struct row *x = &r->rows[r->n_rows++];
    struct hn_arena *a = hn_work_arena(r->w);
    *x = (struct row){
        .name = hn_arena_str(a, name), .component = hn_arena_str(a, c->name), .file = file, .rating = -1, .score = -1};
    x->purl = hn_arena_str(a, c->purl);
    x->version = hn_arena_str(a, m->part->query.range ? m->part->component->version_range : m->part->query.version);
    return x;
}

static void add_row(struct run *r, struct document *d, const struct sbom_match *m)
{
    struct row *x = row_of(r, m, d->file);
    struct hn_arena *a = hn_work_arena(r->w);
    const struct hn_adv_facts *f = m->group ? &m->group->facts : NULL;
    if (!x)
        return;
    if (m->rated && (int)m->rating > x->rating) {
        x->rating = (int)m->rating;
        x->score = m->best.said ? m->best.cvss.score : -1;
        x->severity = m->best.said ? hn_arena_fmt(a, "%s %d.%d", hn_cvss_rating_word(m->rating),
                                                  m->best.cvss.score / 10, m->best.cvss.score % 10)
                                   : hn_str_c(hn_cvss_rating_word(m->rating));
    }
    if (!x->fixed.n)
        x->fixed = hn_arena_str(a, m->eval.fixed);
    x->kev = x->kev || (f && f->kev.listed);
    x->epss = f && f->epss.scored ? f->epss.score : x->epss;
    if (!x->sentence.n)
        x->sentence = sbom_match_sentence(a, (enum hn_lang)hn_work_lang(r->w), m);
}

/* The matches of a document are told while it is matched. */
struct telling {
    struct run *r;
    struct document *d;
    struct hn_buf line;
    const struct sbom_part *last; /* that had a match */
};

static void say_match(void *arg, struct hn_arena *a, const struct sbom_match *m)
{
    struct telling *t = arg;
    struct run *r = t->r;
    struct document *d = t->d;
    struct hn_vex_verdict v;
    struct hn_jw own;
    r->n.affected += m->part != t->last;
    t->last = m->part;
    verdict_of(r, d, m, &v);
    bool closed = closes(&v), hidden = m->part->suppressed != SBOM_FALSE_NOT || closed;
    if (hidden) {
        r->n.suppressed++;
        r->n.by_false[m->part->suppressed]++;
        r->n.by_vex += closed;
    } else {
        r->n.matches++;
        r->n.by_rating[m->rated ? (size_t)m->rating : 5]++;
        r->n.kev += m->group && m->group->facts.kev.listed;
        r->over = r->over || reaches(r, m);
    }
    if (r->json) {
        struct sbom_list *list = hidden ? &r->suppressed : &r->matches;
        sbom_match_json(begin(r, list, &t->line, &own), a, m, d->file, &v);
        end(r, list, &t->line);
    } else if (!hidden) {
        add_row(r, d, m);
    }
}

static void say_unknown(struct run *r, struct document *d, struct hn_buf *line)
{
    struct hn_jw own;
    for (size_t i = 0; i < d->n; i++) {
        if (d->parts[i].unknown == SBOM_UNKNOWN_NOT)
            continue;
        r->n.unknown++;
        r->n.by_unknown[d->parts[i].unknown]++;
        if (!r->json)
            continue;
        sbom_unknown_json(begin(r, &r->unknown, line, &own), &d->arena, &d->parts[i], d->file);
        end(r, &r->unknown, line);
    }
}

static void find_ecosystems(struct run *r)
{
    for (uint32_t i = 0; r->n_judged < ECOSYSTEMS; i++) {
        struct judged *j = &r->judged[r->n_judged];
        if (!hn_adv_ecosystem_at(&r->index, i, &j->name, &j->entries))
            return;
        r->n_judged++;
    }
}

static void count_judged(struct run *r, const struct document *d)
{
    for (size_t i = 0; i < d->n; i++) {
        struct hn_str base = hn_adv_ecosystem_base(d->parts[i].query.ecosystem);
        for (size_t k = 0; base.n && d->parts[i].unknown == SBOM_UNKNOWN_NOT && k < r->n_judged; k++)
            r->judged[k].components += hn_str_eq(r->judged[k].name, base);
    }
}

static void say_document(struct run *r, const struct document *d)
{
    static const char *const severities[] = {"info", "warning", "error", "fatal"};
    struct hn_jw *w = &r->documents.jw;
    if (!r->json)
        return;
    hn_jw_obj(w);
    hn_jw_kstr(w, "file", d->file);
    hn_jw_kc(w, "family", hn_bom_family_name(d->bom->family));
    hn_jw_kstr(w, "version", d->bom->spec_version);
    hn_jw_kint(w, "components", (int64_t)d->n);
    hn_jw_kbool(w, "broken", d->bom->broken);
    hn_jw_key(w, "notes");
    hn_jw_arr(w);
    for (const struct hn_bom_note *n = d->bom->notes.first; n; n = n->next) {
        hn_jw_obj(w);
        hn_jw_kc(w, "severity", severities[n->severity]);
        hn_jw_kc(w, "code", n->code);
        hn_jw_kstr(w, "place", n->place);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "not_seen");
    hn_jw_arr(w);
    for (const struct hn_bom_prop *p = d->bom->metadata_props; p; p = p->next)
        if (hn_str_eqc(p->name, SBOM_NOT_SEEN))
            hn_jw_str(w, p->value);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

/* What whoever made the document could not see: without it, few matches would look like good news. */
static void keep_gaps(struct run *r, const struct document *d)
{
    for (const struct hn_bom_prop *p = d->bom->metadata_props; p; p = p->next)
        if (hn_str_eqc(p->name, SBOM_NOT_SEEN) && r->n_gaps++ < GAPS_SHOWN)
            r->gaps[r->n_gaps - 1] = hn_arena_str(hn_work_arena(r->w), p->value);
}

static bool match_document(struct run *r, struct document *d)
{
    d->parts = sbom_parts(&d->arena, d->bom, &r->sources, &d->n);
    if (!d->parts)
        return false;
    sbom_parts_check(&d->arena, d->bom, d->parts, d->n);
    if (!hn_vex_add_document(&r->vex, d->bom, d->file, 0))
        return false;
    r->n.components += d->n;
    struct telling t = {.r = r, .d = d};
    hn_buf_init(&t.line, 16u << 20);
    bool ok = sbom_match_each(&r->engine, d->parts, d->n, DOCUMENT_CAP, say_match, &t);
    if (ok)
        say_unknown(r, d, &t.line);
    hn_buf_done(&t.line);
    return ok;
}

static void judge_document(struct run *r, struct document *d)
{
    r->n.documents++;
    hn_arena_init(&d->arena, DOCUMENT_CAP);
    keep_gaps(r, d);
    if (match_document(r, d))
        count_judged(r, d);
    else
        r->failed = true;
    say_document(r, d);
    hn_arena_done(&d->arena);
}

static void take_document(struct run *r, struct hn_input *in)
{
    struct hn_arena a;
    struct hn_bom bom;
    struct document d = {.file = in->name, .bom = &bom};
    hn_arena_init(&a, DOCUMENT_CAP);
    hn_bom_init(&bom, &a);
    struct hn_err e = hn_bom_read(&bom, in->map);
    if (e.code == HN_E_NOMEM || !hn_ok(hn_bom_index(&bom)))
        r->failed = true;
    bom.broken = bom.broken || !hn_ok(e);
    if (bom.broken) {
        char name[256];
        r->n.broken++;
        snprintf(name, sizeof name, "%.*s", HN_FMT(in->name));
        hn_work_warn(r->w, "sbom.match.broken", "file", name, NULL);
    }
    judge_document(r, &d);
    hn_bom_done(&bom);
    hn_arena_done(&a);
}

/* ---------------------------------------------------------------- a host, a root or an image */

/* "host:web1", "root:/mnt/web1", "image:web1.tar" */
static struct hn_str looked_at(const struct run *r, const struct generate *g)
{
    struct hn_work_about about = hn_work_facts_about(r->w);
    return about.live ? hn_arena_fmt(g->a, "host:%.*s", HN_FMT(g->bom.name)) : about.scope;
}

/* What was collected for this run, as the bill of materials that `hinomi sbom generate` would write. It says nothing of
 * dependencies, so there is nothing to resolve (hn_bom_index). */
static void take_collected(struct run *r)
{
    struct generate g;
    if (!sbom_generate_begin(r->w, false, &g)) {
        r->nothing = true;
        return;
    }
    r->collected = looked_at(r, &g);
    g.bom.spec_version = HN_STR(HN_VERSION); /* family "Hinomi" */
    r->nothing = !sbom_generate_found(&g);
    hn_bom_components_sort(&g.bom); /* matches of one component come in a row, as from a document */
    judge_document(r, &(struct document){.file = r->collected, .bom = &g.bom});
    if (r->nothing)
        hn_work_fail(r->w, "sbom.match.error.nothing", NULL);
    sbom_generate_end(&g);
}

/* Options that say what is looked at, beside documents that were named: one of both was meant. */
static const char *stray_option(const struct hn_work *w)
{
    static const char *const options[] = {"root", "image", "platform", "deep"};
    for (size_t i = 0; !hn_work_collected(w) && i < sizeof options / sizeof *options; i++)
        if (hn_work_given(w, options[i]))
            return options[i];
    return NULL;
}

/* ---------------------------------------------------------------- VEX and source tables */

static void read_options(struct run *r)
{
    struct hn_input in;
    for (int trust = 1; trust <= 2; trust++) { /* 0: what the bill of materials says itself */
        while (hn_work_input(r->w, trust == 1 ? "vex" : "trusted", &in)) {
            if (hn_work_map(r->w, &in, DOCUMENT_MAX) && !sbom_vex_read(r->w, &r->vex, &in, trust, NULL))
                r->failed = true;
            hn_work_done(&in);
        }
    }
    while (hn_work_input(r->w, "sources", &in)) {
        if (hn_work_map(r->w, &in, DOCUMENT_MAX))
            sbom_sources_read(&r->sources, in.map);
        hn_work_done(&in);
    }
    r->max_age = hn_work_int(r->w, "vex-max-age", 0) * HN_DAY;
}

/* ---------------------------------------------------------------- the answer */

static void index_json(struct run *r, struct hn_jw *w)
{
    hn_jw_key(w, "index");
    hn_jw_obj(w);
    hn_jw_ktime(w, "built", r->index.built);
    hn_jw_kint(w, "records", (int64_t)r->index.n_records);
    hn_jw_key(w, "feeds");
    hn_jw_arr(w);
    for (uint32_t i = 0; i < r->index.n_feeds; i++) {
        struct hn_adv_feed f;
        if (!hn_adv_feed_at(&r->index, i, &f))
            continue;
        hn_jw_obj(w);
        hn_jw_kstr(w, "name", f.name);
        hn_jw_kstr(w, "kind", f.kind);
        hn_jw_ktime(w, "date", f.date);
        hn_jw_kint(w, "records", (int64_t)f.records);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static void judged_json(const struct run *r, struct hn_jw *w)
{
    hn_jw_key(w, "judged");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n_judged; i++) {
        if (!r->judged[i].components)
            continue;
        hn_jw_obj(w);
        hn_jw_kstr(w, "ecosystem", r->judged[i].name);
        hn_jw_kint(w, "components", (int64_t)r->judged[i].components);
        hn_jw_kint(w, "entries", (int64_t)r->judged[i].entries);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void counts_json(const struct counts *n, struct hn_jw *w)
{
    hn_jw_key(w, "counts");
    hn_jw_obj(w);
    hn_jw_kint(w, "documents", (int64_t)n->documents);
    hn_jw_kint(w, "broken", (int64_t)n->broken);
    hn_jw_kint(w, "components", (int64_t)n->components);
    hn_jw_kint(w, "affected", (int64_t)n->affected);
    hn_jw_kint(w, "matches", (int64_t)n->matches);
    hn_jw_kint(w, "suppressed", (int64_t)n->suppressed);
    hn_jw_kint(w, "unknown", (int64_t)n->unknown);
    hn_jw_kint(w, "kev", (int64_t)n->kev);
    hn_jw_key(w, "severity");
    hn_jw_obj(w);
    for (int i = 0; i < 6; i++)
        hn_jw_kint(w, i < 5 ? hn_cvss_rating_word((enum hn_cvss_rating)i) : "unknown", (int64_t)n->by_rating[i]);
    hn_jw_obj_end(w);
    hn_jw_key(w, "unknown_why");
    hn_jw_obj(w);
    for (int i = 1; i < SBOM_UNKNOWNS; i++)
        if (n->by_unknown[i])
            hn_jw_kint(w, sbom_unknown_word((enum sbom_unknown)i), (int64_t)n->by_unknown[i]);
    hn_jw_obj_end(w);
    hn_jw_key(w, "suppressed_why");
    hn_jw_obj(w);
    for (int i = 1; i < SBOM_FALSES; i++)
        if (n->by_false[i])
            hn_jw_kint(w, sbom_false_word((enum sbom_false)i), (int64_t)n->by_false[i]);
    if (n->by_vex)
        hn_jw_kint(w, "vex", (int64_t)n->by_vex);
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

static void say_json(struct run *r)
{
    HN_AUTO(hn_buf_done) struct hn_buf out;
    struct hn_jw w;
    hn_buf_init(&out, OUT_MAX);
    hn_jw_init(&w, &out);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "schema", "hinomi-sbom-match/1");
    index_json(r, &w);
    struct {
        const char *key;
        struct sbom_list *list;
    } lists[] = {{"documents", &r->documents},
                 {"matches", &r->matches},
                 {"suppressed", &r->suppressed},
                 {"unknown", &r->unknown}};
    for (size_t i = 0; i < 4; i++)
        r->failed = !sbom_list_end(lists[i].list) || r->failed;
    for (size_t i = 0; !r->failed && i < 4; i++) {
        hn_jw_key(&w, lists[i].key);
        hn_jw_raw(&w, HN_STR("")); /* behind the key it comes from the list */
        hn_work_write(r->w, hn_bytes_of(out.p, out.n));
        hn_buf_clear(&out);
        sbom_list_write(lists[i].list, r->w);
    }
    judged_json(r, &w);
    counts_json(&r->n, &w);
    hn_jw_obj_end(&w);
    hn_buf_chr(&out, '\n');
    r->failed = r->failed || out.bad;
    if (!r->failed)
        hn_work_write(r->w, hn_bytes_of(out.p, out.n));
}

static int by_weight(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    if (a->kev != b->kev)
        return b->kev - a->kev;
    if (a->rating != b->rating)
        return b->rating - a->rating;
    if (a->epss != b->epss)
        return a->epss < b->epss ? 1 : -1;
    int r = hn_str_cmp(a->component, b->component);
    r = r ? r : hn_str_cmp(a->name, b->name);
    r = r ? r : hn_str_cmp(a->version, b->version);
    return r ? r : hn_str_cmp(a->file, b->file);
}

/* In the order that counts; a component that a document lists twice is told once. */
static void order_rows(struct run *r)
{
    size_t n = 0;
    if (r->n_rows)
        qsort(r->rows, r->n_rows, sizeof *r->rows, by_weight);
    for (size_t i = 0; i < r->n_rows; i++)
        if (!n || by_weight(&r->rows[n - 1], &r->rows[i]) != 0)
            r->rows[n++] = r->rows[i];
    r->n_rows = n;
}

static struct hn_str tenths(struct hn_arena *a, int score)
{
    return score < 0 ? HN_STR("") : hn_arena_fmt(a, "%d.%d", score / 10, score % 10);
}

/* Every match a row; what is unknown is told beside it, on standard error. */
static void say_csv(struct run *r)
{
    static const char *const heads[] = {"severity", "score", "vulnerability", "component", "version",
                                        "purl",     "fixed", "kev",           "epss",      "file"};
    enum { N = sizeof heads / sizeof *heads };
    struct hn_arena *a = hn_work_arena(r->w);
    struct hn_str *cells = hn_arena_alloc(a, (r->n_rows + 1) * N * sizeof *cells), *c = cells;
    if (!cells)
        return;
    for (size_t i = 0; i < N; i++)
        *c++ = hn_str_c(heads[i]);
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct row *x = &r->rows[i];
        *c++ = x->rating < 0 ? HN_STR("unknown") : hn_str_c(hn_cvss_rating_word((enum hn_cvss_rating)x->rating));
        *c++ = tenths(a, x->score);
        *c++ = x->name;
        *c++ = x->component;
        *c++ = x->version;
        *c++ = x->purl;
        *c++ = x->fixed;
        *c++ = x->kev ? HN_STR("yes") : HN_STR("");
        *c++ = x->epss > 0 ? hn_arena_fmt(a, "%.5f", x->epss) : HN_STR("");
        *c++ = x->file;
    }
    hn_work_table(r->w, cells, r->n_rows + 1, N);
}

#define COLUMNS 6

static void say_table(struct run *r)
{
    struct hn_arena *a = hn_work_arena(r->w);
    enum hn_lang lang = (enum hn_lang)hn_work_lang(r->w);
    static const char *const heads[COLUMNS] = {"sbom.column.severity",  "sbom.column.vulnerability",
                                               "sbom.column.component", "sbom.column.version",
                                               "sbom.column.fixed",     "sbom.column.exploited"};
    struct hn_str *cells = hn_arena_alloc(a, (r->n_rows + 1) * COLUMNS * sizeof *cells);
    if (!cells)
        return;
    for (int i = 0; i < COLUMNS; i++)
        cells[i] = hn_text(a, lang, heads[i], NULL);
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct row *x = &r->rows[i];
        struct hn_str *c = &cells[(i + 1) * COLUMNS];
        c[0] = x->severity.n ? x->severity : hn_text(a, lang, "sbom.severity.unknown", NULL);
        c[1] = x->name;
        c[2] = x->component;
        c[3] = x->version;
        c[4] = x->fixed.n ? x->fixed : HN_STR("–");
        c[5] = hn_arena_fmt(a, "%s%s%.4g", x->kev ? "KEV" : "", x->kev && x->epss > 0 ? " " : "", x->epss);
        if (x->epss <= 0)
            c[5] = x->kev ? HN_STR("KEV") : HN_STR("");
    }
    if (r->n_rows)
        hn_work_table(r->w, cells, r->n_rows + 1, COLUMNS);
    for (size_t i = 0; hn_work_switch(r->w, "why") && i < r->n_rows; i++) {
        hn_work_print(r->w, "\n");
        hn_work_text(r->w, r->rows[i].sentence);
    }
    hn_work_print(r->w, r->n_rows ? "\n" : "");
}

static const char *number(struct hn_arena *a, size_t n)
{
    return hn_arena_fmt(a, "%zu", n).p;
}

/* On standard error where the answer is for programs; JSON has them itself, in whole. */
static void say_gaps(struct run *r)
{
    struct hn_arena *a = hn_work_arena(r->w);
    if (hn_work_form(r->w) == HN_FORM_JSON || !r->n_gaps)
        return;
    bool text = hn_work_form(r->w) == HN_FORM_TEXT;
    void (*say)(struct hn_work *, const char *, ...) = text ? hn_work_say : hn_work_warn;
    for (size_t i = 0; i < r->n_gaps && i < GAPS_SHOWN; i++)
        say(r->w, "sbom.match.not-seen", "why", hn_arena_cstr(a, r->gaps[i]), NULL);
    if (r->n_gaps > GAPS_SHOWN)
        say(r->w, "sbom.match.not-seen-more", "n", number(a, r->n_gaps - GAPS_SHOWN), NULL);
}

static void say_text(struct run *r)
{
    struct hn_arena *a = hn_work_arena(r->w);
    const struct counts *n = &r->n;
    order_rows(r);
    if (hn_work_form(r->w) == HN_FORM_CSV) {
        say_csv(r);
        hn_work_warn(r->w, "sbom.match.summary", "components", number(a, n->components), "affected",
                     number(a, n->affected), "matches", number(a, n->matches), "suppressed", number(a, n->suppressed),
                     "unknown", number(a, n->unknown), NULL);
        return;
    }
    say_table(r);
    if (r->collected.n)
        hn_work_say(r->w, "sbom.match.looked-at", "what", hn_arena_cstr(a, r->collected), NULL);
    hn_work_say(r->w, "sbom.match.summary", "components", number(a, n->components), "affected", number(a, n->affected),
                "matches", number(a, n->matches), "suppressed", number(a, n->suppressed), "unknown",
                number(a, n->unknown), NULL);
    for (size_t i = 0; i < r->n_judged; i++)
        if (r->judged[i].components)
            hn_work_say(r->w, "sbom.match.judged", "n", number(a, r->judged[i].components), "ecosystem",
                        hn_arena_cstr(a, r->judged[i].name), "entries", number(a, r->judged[i].entries), NULL);
    for (int i = 1; i < SBOM_UNKNOWNS; i++) {
        char key[64];
        snprintf(key, sizeof key, "sbom.reason.%s", sbom_unknown_word((enum sbom_unknown)i));
        if (n->by_unknown[i])
            hn_work_say(r->w, key, "n", number(a, n->by_unknown[i]), NULL);
    }
    for (int i = 1; i < SBOM_FALSES; i++) {
        char key[64];
        snprintf(key, sizeof key, "sbom.suppressed.%s", sbom_false_word((enum sbom_false)i));
        if (n->by_false[i])
            hn_work_say(r->w, key, "n", number(a, n->by_false[i]), NULL);
    }
    if (n->by_vex)
        hn_work_say(r->w, "sbom.suppressed.vex", "n", number(a, n->by_vex), NULL);
}

/* ---------------------------------------------------------------- the verb */

static void run_init(struct run *r)
{
    struct sbom_list *lists[] = {&r->documents, &r->matches, &r->suppressed, &r->unknown};
    enum hn_work_form form = hn_work_form(r->w);
    r->json = form == HN_FORM_JSON || form == HN_FORM_JSONL;
    for (size_t i = 0; i < 4; i++)
        sbom_list_begin(lists[i]);
    sbom_engine_init(&r->engine, &r->index, hn_work_arena(r->w));
    sbom_sources_init(&r->sources, hn_work_arena(r->w));
    hn_vex_init(&r->vex, hn_work_arena(r->w));
}

static void run_done(struct run *r)
{
    sbom_list_free(&r->documents);
    sbom_list_free(&r->matches);
    sbom_list_free(&r->suppressed);
    sbom_list_free(&r->unknown);
    sbom_engine_done(&r->engine);
    sbom_sources_done(&r->sources);
    hn_vex_done(&r->vex);
}

int sbom_match(struct hn_work *w)
{
    struct run r = {.w = w};
    struct hn_input in;
    const char *stray = stray_option(w);
    if (stray)
        return hn_work_usage(w, "sbom.match.error.stray", "option", stray, NULL);
    if (!sbom_index_open(w, &r.index))
        return 3;
    run_init(&r);
    find_ecosystems(&r);
    read_options(&r);
    if (hn_work_collected(w))
        take_collected(&r);
    while (!r.failed && hn_work_next(w, &in)) {
        if (hn_work_map(w, &in, DOCUMENT_MAX))
            take_document(&r, &in);
        else
            r.failed = true;
        hn_work_done(&in);
    }
    if (!r.failed && hn_work_form(w) == HN_FORM_JSON)
        say_json(&r);
    else if (!r.failed && !r.json)
        say_text(&r);
    if (!r.failed)
        say_gaps(&r);
    bool failed = r.failed || r.nothing || r.n.broken || hn_work_unreadable(w);
    if (r.failed)
        hn_work_fail(w, "sbom.match.memory", NULL);
    run_done(&r);
    return failed ? 3 : r.over ? 1 : 0;
}
