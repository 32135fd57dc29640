/* hinomi sbom show: what is this document, who made it, what is in it, how complete is it, what is wrong with it? */
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/name/purl.h"
#include "format/sbom/bom_graph.h"
#include "format/sbom/bom_review.h"
#include "format/sbom/cdx.h"
#include "modules/sbom/bill.h"

const struct hn_verb_option sbom_show_options[] = {{0}};

struct tally { /* a word and how often */
    struct hn_str word;
    size_t n;
};
#define TALLIES 256
struct tallies {
    struct tally *list;
    size_t n, other;
};

struct summary {
    struct tallies types, ecosystems, states;
    size_t with_version, with_purl, with_licence, with_hash, with_supplier, deps_known, edges, vulns;
    uint32_t deepest;
    size_t roots, cycles;
};

static void add(struct tallies *t, struct hn_arena *a, struct hn_str word)
{
    if (!t->list)
        t->list = hn_arena_alloc(a, TALLIES * sizeof *t->list);
    for (size_t i = 0; i < t->n; i++)
        if (hn_str_eq(t->list[i].word, word)) {
            t->list[i].n++;
            return;
        }
    if (!t->list || t->n == TALLIES) {
        t->other++;
        return;
    }
    t->list[t->n++] = (struct tally){word, 1};
}

static int by_count(const void *x, const void *y)
{
    const struct tally *a = x, *b = y;
    return a->n != b->n ? (a->n < b->n ? 1 : -1) : hn_str_cmp(a->word, b->word);
}

static void sort(struct tallies *t)
{
    if (t->n)
        qsort(t->list, t->n, sizeof *t->list, by_count);
}

/* The type of a purl without looking at the rest of it: "pkg:deb/…" is deb. */
static struct hn_str purl_type(struct hn_str purl)
{
    if (!hn_str_starts(purl, "pkg:"))
        return HN_STR("");
    struct hn_str rest = hn_str_cut(purl, 4, purl.n), type;
    while (rest.n && rest.p[0] == '/')
        rest = hn_str_cut(rest, 1, rest.n);
    return hn_str_split(&rest, '/', &type) && rest.p ? type : HN_STR("");
}

static void ignore_cycle(void *arg, const uint32_t *nodes, size_t n)
{
}

static void summarise_graph(struct bill *b, struct summary *s)
{
    struct hn_bom_graph g;

    if (!hn_bom_graph_build(&g, &b->bom, &b->arena))
        return;
    uint32_t *d = hn_bom_graph_distances(&g, &b->arena);
    for (uint32_t i = 0; d && i < g.n; i++)
        if (d[i] != UINT32_MAX && d[i] > s->deepest)
            s->deepest = d[i];
    s->roots = g.n_roots;
    s->cycles = hn_bom_graph_cycles(&g, &b->arena, ignore_cycle, NULL);
}

static struct summary summarise(struct bill *b)
{
    struct summary s = {0};
    struct hn_bom *m = &b->bom;

    for (size_t i = 0; i < m->n_components; i++) {
        const struct hn_bom_component *c = m->components[i];
        struct hn_str type = hn_str_c(hn_bom_type_word((enum hn_bom_type)c->type)), eco = purl_type(c->purl);
        add(&s.types, &b->arena, type.n ? type : HN_STR("?"));
        add(&s.ecosystems, &b->arena, eco.n ? eco : HN_STR("-"));
        s.with_version += c->version.n > 0;
        s.with_purl += c->purl.n > 0;
        s.with_licence += c->licences != NULL;
        s.with_hash += c->hashes != NULL;
        s.with_supplier += c->supplier || c->manufacturer || c->publisher.n || c->author.n || c->authors;
        s.deps_known += c->ref.n && hn_bom_dep_of(m, c->ref);
    }
    for (size_t i = 0; i < m->n_deps; i++)
        for (const struct hn_bom_edge *e = m->deps[i]->edges; e; e = e->next)
            s.edges++;
    for (const struct hn_bom_vuln *v = m->vulns; v; v = v->next) {
        const char *word = hn_bom_vex_word(v->status);
        add(&s.states, &b->arena, hn_str_c(word[0] ? word : "-"));
        s.vulns++;
    }
    sort(&s.types);
    sort(&s.ecosystems);
    sort(&s.states);
    summarise_graph(b, &s);
    return s;
}

static const char *completeness(const struct hn_bom *m)
{
    static const char *const words[] = {"unsaid", "complete", "incomplete", "unknown", "not_specified"};
    return words[hn_bom_complete(m, NULL)];
}

/* ---- JSON ---- */

static void write_tallies(struct hn_jw *j, const char *key, const struct tallies *t)
{
    hn_jw_key(j, key);
    hn_jw_obj(j);
    for (size_t i = 0; i < t->n; i++) {
        hn_jw_key_str(j, t->list[i].word);
        hn_jw_int(j, (int64_t)t->list[i].n);
    }
    hn_jw_obj_end(j);
}

static void write_component(struct hn_jw *j, const char *key, const struct hn_bom_component *c)
{
    if (!c)
        return;
    hn_jw_key(j, key);
    hn_jw_obj(j);
    hn_jw_kc(j, "type", hn_bom_type_word((enum hn_bom_type)c->type));
    hn_jw_kstr(j, "name", c->name);
    if (c->version.n)
        hn_jw_kstr(j, "version", c->version);
    if (c->purl.n)
        hn_jw_kstr(j, "purl", c->purl);
    hn_jw_obj_end(j);
}

static void write_counts(struct hn_jw *j, const struct hn_bom *m, const struct summary *s)
{
    hn_jw_kint(j, "components", (int64_t)m->n_components);
    hn_jw_kint(j, "services", (int64_t)m->n_services);
    write_tallies(j, "by_type", &s->types);
    write_tallies(j, "by_ecosystem", &s->ecosystems);
    hn_jw_key(j, "with");
    hn_jw_obj(j);
    hn_jw_kint(j, "version", (int64_t)s->with_version);
    hn_jw_kint(j, "purl", (int64_t)s->with_purl);
    hn_jw_kint(j, "licence", (int64_t)s->with_licence);
    hn_jw_kint(j, "hash", (int64_t)s->with_hash);
    hn_jw_kint(j, "supplier", (int64_t)s->with_supplier);
    hn_jw_kint(j, "known_dependencies", (int64_t)s->deps_known);
    hn_jw_obj_end(j);
    hn_jw_key(j, "dependencies");
    hn_jw_obj(j);
    hn_jw_kint(j, "edges", (int64_t)s->edges);
    hn_jw_kint(j, "roots", (int64_t)s->roots);
    hn_jw_kint(j, "deepest", s->deepest);
    hn_jw_kint(j, "cycles", (int64_t)s->cycles);
    hn_jw_obj_end(j);
    hn_jw_kc(j, "completeness", completeness(m));
    hn_jw_kint(j, "vulnerabilities", (int64_t)s->vulns);
    write_tallies(j, "statements", &s->states);
}

static void write_json(struct bill *b, const struct summary *s, struct hn_jw *j)
{
    struct hn_bom *m = &b->bom;

    hn_jw_obj(j);
    hn_jw_kstr(j, "file", b->in.name);
    hn_jw_kbool(j, "readable", b->readable);
    hn_jw_kc(j, "family", hn_bom_family_name(m->family));
    hn_jw_kstr(j, "version", m->spec_version);
    hn_jw_kc(j, "form", hn_bom_form_name(m->form));
    if (m->serial.n)
        hn_jw_kstr(j, "serial", m->serial);
    if (m->timestamp)
        hn_jw_ktime(j, "timestamp", m->timestamp);
    write_component(j, "subject", m->subject);
    hn_jw_key(j, "tools");
    hn_jw_arr(j);
    for (const struct hn_bom_tool *t = m->tools; t; t = t->next) {
        hn_jw_obj(j);
        hn_jw_kstr(j, "vendor", t->vendor);
        hn_jw_kstr(j, "name", t->name);
        hn_jw_kstr(j, "version", t->version);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_key(j, "authors");
    hn_jw_arr(j);
    for (const struct hn_bom_party *p = m->authors; p; p = p->next)
        hn_jw_str(j, p->name);
    hn_jw_arr_end(j);
    write_counts(j, m, s);
    hn_jw_kint(j, "errors",
               (int64_t)(m->notes.by_severity[HN_BOM_NOTE_ERROR] + m->notes.by_severity[HN_BOM_NOTE_FATAL]));
    hn_jw_kint(j, "warnings", (int64_t)m->notes.by_severity[HN_BOM_NOTE_WARNING]);
    hn_jw_obj_end(j);
}

/* ---- text ---- */

static void row(struct hn_work *w, const char *key, struct hn_str value)
{
    if (!value.n)
        return;
    hn_work_print(w, "  ");
    hn_work_text(w, sbom_bill_word(w, key));
    hn_work_print(w, ": ");
    hn_work_text(w, value);
    hn_work_print(w, "\n");
}

static struct hn_str join_tallies(struct bill *b, const struct tallies *t)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 8192);
    for (size_t i = 0; i < t->n && i < 20; i++)
        hn_buf_fmt(&buf, "%s%.*s %zu", i ? ", " : "", HN_FMT(t->list[i].word), t->list[i].n);
    if (t->n > 20)
        hn_buf_c(&buf, ", …");
    return hn_arena_str(&b->arena, hn_buf_text(&buf));
}

static struct hn_str tools_text(struct bill *b)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 4096);
    for (const struct hn_bom_tool *t = b->bom.tools; t && buf.n < 2000; t = t->next)
        hn_buf_fmt(&buf, "%s%.*s%s%.*s%s%.*s", buf.n ? ", " : "", HN_FMT(t->vendor), t->vendor.n ? " " : "",
                   HN_FMT(t->name), t->version.n ? " " : "", HN_FMT(t->version));
    return hn_arena_str(&b->arena, hn_buf_text(&buf));
}

static struct hn_str parties_text(struct bill *b, const struct hn_bom_party *p)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 4096);
    for (; p && buf.n < 2000; p = p->next) {
        struct hn_str s = p->name.n ? p->name : p->email;
        hn_buf_fmt(&buf, "%s%.*s", buf.n ? ", " : "", HN_FMT(s));
    }
    return hn_arena_str(&b->arena, hn_buf_text(&buf));
}

static void share(struct hn_work *w, struct bill *b, const char *key, size_t n)
{
    size_t all = b->bom.n_components;
    row(w, key, hn_arena_fmt(&b->arena, "%zu / %zu (%zu %%)", n, all, n * 100 / all));
}

static void print_made(struct hn_work *w, struct bill *b)
{
    struct hn_bom *m = &b->bom;
    char time[HN_TIME_TEXT];

    row(w, "sbom.show.format", sbom_bill_format(b));
    row(w, "sbom.show.serial", m->serial);
    row(w, "sbom.show.made",
        m->timestamp ? hn_arena_str(&b->arena, hn_str_c(hn_time_text(m->timestamp, time))) : HN_STR(""));
    row(w, "sbom.show.tools", tools_text(b));
    row(w, "sbom.show.authors", parties_text(b, m->authors));
    row(w, "sbom.show.supplier", parties_text(b, m->supplier));
    row(w, "sbom.show.manufacturer", parties_text(b, m->manufacturer ? m->manufacturer : m->manufacture));
    if (m->subject) {
        const struct hn_bom_component *c = m->subject;
        row(w, "sbom.show.subject",
            hn_arena_fmt(&b->arena, "%.*s%s%.*s%s%s", HN_FMT(c->name), c->version.n ? " " : "", HN_FMT(c->version),
                         ", ", hn_bom_type_word((enum hn_bom_type)c->type)));
    }
}

static void print_text(struct hn_work *w, struct bill *b, const struct summary *s)
{
    struct hn_bom *m = &b->bom;
    struct hn_arena *a = &b->arena;

    hn_work_text(w, b->in.name);
    hn_work_print(w, "\n");
    print_made(w, b);
    row(w, "sbom.show.components", hn_arena_fmt(a, "%zu", m->n_components));
    row(w, "sbom.show.types", join_tallies(b, &s->types));
    row(w, "sbom.show.ecosystems", join_tallies(b, &s->ecosystems));
    if (m->n_services)
        row(w, "sbom.show.services", hn_arena_fmt(a, "%zu", m->n_services));
    if (m->n_components) {
        share(w, b, "sbom.show.with.version", s->with_version);
        share(w, b, "sbom.show.with.purl", s->with_purl);
        share(w, b, "sbom.show.with.licence", s->with_licence);
        share(w, b, "sbom.show.with.hash", s->with_hash);
        share(w, b, "sbom.show.with.supplier", s->with_supplier);
        share(w, b, "sbom.show.with.dependencies", s->deps_known);
    }
    row(w, "sbom.show.edges", hn_arena_fmt(a, "%zu", s->edges));
    if (s->edges)
        row(w, "sbom.show.deepest", hn_arena_fmt(a, "%u", s->deepest));
    if (s->cycles)
        row(w, "sbom.show.cycles", hn_arena_fmt(a, "%zu", s->cycles));
    row(w, "sbom.show.completeness", sbom_bill_word(w, hn_arena_fmt(a, "sbom.completeness.%s", completeness(m)).p));
    if (s->vulns) {
        row(w, "sbom.show.vulnerabilities", hn_arena_fmt(a, "%zu", s->vulns));
        row(w, "sbom.show.statements", join_tallies(b, &s->states));
    }
    hn_work_print(w, "  ");
    hn_work_say(w, b->readable ? "sbom.check.counts" : "sbom.check.unreadable", "errors",
                hn_arena_fmt(a, "%zu", m->notes.by_severity[HN_BOM_NOTE_ERROR]).p, "warnings",
                hn_arena_fmt(a, "%zu", m->notes.by_severity[HN_BOM_NOTE_WARNING]).p, NULL);
}

static void print_why(struct hn_work *w, struct bill *b)
{
    for (const struct hn_bom_note *n = b->readable ? NULL : b->bom.notes.first; n; n = n->next) {
        if (n->severity != HN_BOM_NOTE_FATAL)
            continue;
        hn_work_print(w, "  ");
        hn_work_text(w, sbom_bill_note_text(b, n, (enum hn_lang)hn_work_lang(w)));
        hn_work_print(w, "\n");
    }
}

int sbom_show(struct hn_work *w)
{
    bool json = hn_work_form(w) == HN_FORM_JSON, unreadable = false;
    HN_AUTO(hn_buf_done) struct hn_buf buf;
    struct hn_jw j;
    struct bill b = {0};

    hn_buf_init(&buf, (size_t)1 << 30);
    hn_jw_init(&j, &buf);
    hn_jw_obj(&j);
    hn_jw_key(&j, "documents");
    hn_jw_arr(&j);
    while (sbom_bill_next(w, &b)) {
        if (b.readable) {
            hn_cdx_check(&b.bom);
            hn_bom_review(&b.bom);
        }
        struct summary s = summarise(&b);
        if (json) {
            write_json(&b, &s, &j);
        } else {
            print_text(w, &b, &s);
            print_why(w, &b);
        }
        unreadable |= !b.readable;
        sbom_bill_done(&b);
    }
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&buf, '\n');
    if (json)
        hn_work_write(w, hn_str_bytes(hn_buf_text(&buf)));
    return unreadable || hn_work_unreadable(w) ? 3 : 0;
}
