/* hinomi sbom parts: one document as the plain list that the portfolio keeps. What is not a part (tools, pedigree,
 * formulas) stays out. `hinomi sbom ingest` runs this in its worker and hands the answer to the store.
 *
 *   {family, spec, subject, author, made_at, components: [{ecosystem, name, version, source, …}],
 *    edges: [[from, to]], from -1 = the subject, stated: [positions], quality: {…}, problems: […]} */
#include "base/mem.h"
#include "base/str.h"
#include "modules/sbom/bill.h"
#include "modules/sbom/part.h"

const struct hn_verb_option sbom_parts_options[] = {{0}};

struct parts {
    struct bill *b;
    struct hn_jw *j;
    const struct sbom_part **part; /* by number of component; NULL: none */
    uint32_t *place;               /* number of a component → position in the list; UINT32_MAX: no part */
    uint32_t n;
    uint32_t subject; /* position of what the document describes, when it is a package itself */
    bool has_subject;
    struct {
        uint32_t supplier, version, identifier, licence, hash, dependencies;
    } has;
};

/* ---------------------------------------------------------------- names as advisories use them */

/* As OSV writes it: "12.5" → ":12"; Alpine ":v3.18"; Ubuntu with ":LTS" for its long-term releases; others as the
 * document has it. */
static struct hn_str release_of(struct hn_arena *a, struct hn_str base, struct hn_str v)
{
    struct hn_str first, second = {"", 0}, rest = v;

    if (!v.n || v.p[0] < '0' || v.p[0] > '9' || !hn_str_split(&rest, '.', &first))
        return v.n ? hn_arena_fmt(a, ":%.*s", HN_FMT(v)) : HN_STR("");
    if (rest.p)
        hn_str_split(&rest, '.', &second);
    if (hn_str_eqc(base, "Alpine"))
        return hn_arena_fmt(a, ":v%.*s.%.*s", HN_FMT(first), HN_FMT(second));
    if (hn_str_eqc(base, "Ubuntu"))
        return hn_arena_fmt(a, ":%.*s.%.*s%s", HN_FMT(first), HN_FMT(second),
                            hn_str_eqc(second, "04") && first.n && (first.p[first.n - 1] - '0') % 2 == 0 ? ":LTS" : "");
    if (hn_str_eqc(base, "SUSE") || hn_str_eqc(base, "openSUSE"))
        return hn_arena_fmt(a, ":%.*s", HN_FMT(v));
    return hn_arena_fmt(a, ":%.*s", HN_FMT(first));
}

static struct hn_str ecosystem_of(struct hn_arena *a, const struct sbom_query *q)
{
    if (!hn_adv_has_releases(q->ecosystem))
        return q->ecosystem;
    return hn_arena_fmt(a, "%.*s%.*s", HN_FMT(q->ecosystem), HN_FMT(release_of(a, q->ecosystem, q->distro.release)));
}

/* ---------------------------------------------------------------- components */

static struct hn_str licence_of(struct hn_arena *a, const struct hn_bom_component *c)
{
    struct hn_str all = {"", 0};

    for (const struct hn_bom_licence *l = c->licences; l && all.n < 1000; l = l->next) {
        if (!l->value.n || hn_str_eqc(l->value, "NOASSERTION") || hn_str_eqc(l->value, "NONE"))
            continue;
        all = all.n ? hn_arena_fmt(a, "%.*s AND %.*s", HN_FMT(all), HN_FMT(l->value)) : l->value;
    }
    return all;
}

static struct hn_str supplier_of(const struct hn_bom_component *c)
{
    const struct hn_bom_party *p = c->supplier ? c->supplier : c->manufacturer ? c->manufacturer : c->authors;

    return p && p->name.n ? p->name : c->publisher.n ? c->publisher : c->author;
}

static void kopt(struct hn_jw *j, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(j, key, s);
}

static void component(struct parts *p, const struct hn_bom_component *c, const struct sbom_part *part)
{
    struct hn_arena *a = &p->b->arena;
    struct hn_str licence = licence_of(a, c), supplier = supplier_of(c);
    /* What the matcher leaves out is the system itself: there so that the graph goes through it, not to be judged. */
    struct hn_bom_component system = *c;
    const struct sbom_part none = {.component = &system, .how = SBOM_HOW_CPE};

    system.type = HN_BOM_TYPE_OPERATING_SYSTEM;
    hn_jw_obj(p->j);
    kopt(p->j, "ecosystem", part ? ecosystem_of(a, &part->query) : HN_STR(""));
    sbom_part_write(p->j, part ? part : &none);
    kopt(p->j, "licence", licence);
    kopt(p->j, "supplier", supplier);
    hn_jw_obj_end(p->j);
    p->has.supplier += supplier.n > 0;
    p->has.version += c->version.n > 0 || (part && part->query.version.n);
    p->has.identifier += c->purl.n || c->cpe.n;
    p->has.licence += licence.n > 0;
    p->has.hash += c->hashes != NULL;
}

static bool components(struct parts *p)
{
    const struct hn_bom *m = &p->b->bom;
    size_t n = 0;
    struct sbom_part *parts = sbom_parts(&p->b->arena, m, NULL, &n);

    if (!parts)
        return false;
    sbom_parts_check(&p->b->arena, m, parts, n);
    p->place = hn_arena_alloc(&p->b->arena, (m->n_components + 1) * sizeof *p->place);
    p->part = hn_arena_alloc(&p->b->arena, (m->n_components + 1) * sizeof(struct sbom_part *));
    for (size_t i = 0; p->part && i < n; i++)
        if (parts[i].component && parts[i].component->number < m->n_components)
            p->part[parts[i].component->number] = &parts[i];
    hn_jw_key(p->j, "components");
    hn_jw_arr(p->j);
    for (size_t i = 0; p->place && p->part && i < m->n_components; i++) {
        bool part = m->components[i]->role == HN_BOM_ROLE_PART && m->components[i] != m->subject;
        p->place[i] = part ? p->n++ : UINT32_MAX;
        if (part)
            component(p, m->components[i], p->part[i]);
    }
    if (n && parts[0].component == m->subject) { /* a package itself: advisories may speak of it */
        p->subject = p->n++;
        p->has_subject = true;
        component(p, m->subject, &parts[0]);
    }
    hn_jw_arr_end(p->j);
    return p->place && p->part;
}

/* ---------------------------------------------------------------- edges */

/* Position in the list, -1 the subject, -2 neither. */
static int64_t place_of(const struct parts *p, const struct hn_bom_component *c)
{
    if (c && c == p->b->bom.subject)
        return -1;
    if (!c || c->number >= p->b->bom.n_components || p->place[c->number] == UINT32_MAX)
        return -2;
    return p->place[c->number];
}

static void edge(struct parts *p, int64_t from, int64_t to)
{
    if (from < -1 || to < 0)
        return;
    hn_jw_arr(p->j);
    hn_jw_int(p->j, from);
    hn_jw_int(p->j, to);
    hn_jw_arr_end(p->j);
}

static bool pulls_in(const struct hn_bom_edge *e)
{
    return e->rel == HN_BOM_REL_DEPENDS_ON || e->rel == HN_BOM_REL_CONTAINS || e->rel == HN_BOM_REL_STATIC_LINK ||
           e->rel == HN_BOM_REL_DYNAMIC_LINK;
}

static void edges(struct parts *p)
{
    const struct hn_bom *m = &p->b->bom;

    hn_jw_key(p->j, "edges");
    hn_jw_arr(p->j);
    for (size_t i = 0; i < m->n_deps; i++)
        for (const struct hn_bom_edge *e = m->deps[i]->edges; e; e = e->next)
            if (pulls_in(e))
                edge(p, place_of(p, m->deps[i]->component), place_of(p, e->component));
    for (size_t i = 0; i < m->n_components; i++) /* what lies inside another is pulled in by it */
        if (m->components[i]->parent)
            edge(p, place_of(p, m->components[i]->parent), place_of(p, m->components[i]));
    if (p->has_subject)
        edge(p, -1, p->subject);
    hn_jw_arr_end(p->j);
    hn_jw_key(p->j, "stated");
    hn_jw_arr(p->j);
    for (size_t i = 0; i < m->n_deps; i++) {
        int64_t at = m->deps[i]->says_depends ? place_of(p, m->deps[i]->component) : -2;
        if (at < 0)
            continue;
        hn_jw_int(p->j, at);
        p->has.dependencies++;
    }
    hn_jw_arr_end(p->j);
}

/* ---------------------------------------------------------------- the rest */

static void quality(struct parts *p)
{
    hn_jw_key(p->j, "quality");
    hn_jw_obj(p->j);
    hn_jw_kint(p->j, "components", p->n);
    hn_jw_kint(p->j, "supplier", p->has.supplier);
    hn_jw_kint(p->j, "version", p->has.version);
    hn_jw_kint(p->j, "identifier", p->has.identifier);
    hn_jw_kint(p->j, "licence", p->has.licence);
    hn_jw_kint(p->j, "hash", p->has.hash);
    hn_jw_kint(p->j, "dependencies", p->has.dependencies < p->n ? p->has.dependencies : p->n);
    hn_jw_obj_end(p->j);
}

static struct hn_str subject_of(struct hn_arena *a, const struct hn_bom *m)
{
    const struct hn_bom_component *s = m->subject;

    if (!s)
        return m->name;
    return s->version.n ? hn_arena_fmt(a, "%.*s %.*s", HN_FMT(s->name), HN_FMT(s->version)) : s->name;
}

static struct hn_str author_of(const struct hn_bom *m)
{
    const struct hn_bom_party *p = m->authors ? m->authors : m->supplier ? m->supplier : m->manufacturer;

    return p && p->name.n ? p->name : m->tools ? m->tools->name : HN_STR("");
}

static bool write_all(struct bill *b, struct hn_jw *j)
{
    struct parts p = {.b = b, .j = j};
    const struct hn_bom *m = &b->bom;

    hn_jw_obj(j);
    hn_jw_kc(j, "family", hn_bom_family_name(m->family));
    hn_jw_kstr(j, "spec", m->spec_version);
    kopt(j, "subject", subject_of(&b->arena, m));
    kopt(j, "author", author_of(m));
    if (m->timestamp)
        hn_jw_ktime(j, "made_at", m->timestamp);
    hn_jw_kbool(j, "complete", b->readable);
    hn_jw_kint(j, "statements", (int64_t)m->n_vulns);
    if (!components(&p))
        return false;
    edges(&p);
    quality(&p);
    hn_jw_key(j, "problems");
    sbom_bill_write_notes(b, j);
    hn_jw_obj_end(j);
    return !b->arena.failed;
}

int sbom_parts_list(struct hn_work *w)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct bill b;
    struct hn_jw j;

    if (!sbom_bill_next(w, &b))
        return 3;
    hn_buf_init(&out, (size_t)256 << 20);
    hn_jw_init(&j, &out);
    bool ok = b.bom.family != HN_BOM_UNKNOWN && write_all(&b, &j) && !out.bad;
    if (ok)
        hn_work_write(w, hn_str_bytes(hn_buf_text(&out)));
    sbom_bill_done(&b);
    return ok ? 0 : hn_work_fail(w, "sbom.parts.unreadable", NULL);
}
