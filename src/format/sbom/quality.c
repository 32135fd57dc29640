#include "format/sbom/quality.h"

#include <strings.h>

#include "base/str.h"
#include "format/name/purl.h"
#include "format/sbom/licence.h"
#include "format/sbom/spdx_out.h"

const char *hn_quality_state_name(enum hn_quality_state s)
{
    static const char *const names[] = {"present", "missing", "unknown", "redacted", "invalid"};
    return names[s];
}

/* ---------------------------------------------------------------- words */

static bool is_any(struct hn_str s, const char *const *words)
{
    for (; *words; words++)
        if (s.n == strlen(*words) && !strncasecmp(s.p, *words, s.n))
            return true;
    return false;
}

/* What a value says when it is a word and no value. CISA asks to tell what is not known from what is withheld. */
static enum hn_quality_state word_state(struct hn_str s)
{
    static const char *const unknown[] = {"NOASSERTION", "unknown",      "n/a", "(unknown)",
                                          "(devel)",     "not provided", NULL};
    static const char *const redacted[] = {"redacted", "[redacted]", "withheld", "confidential", NULL};
    struct hn_str t = hn_str_trim(s);

    if (!t.n)
        return HN_QUALITY_MISSING;
    if (is_any(t, redacted))
        return HN_QUALITY_REDACTED;
    return is_any(t, unknown) ? HN_QUALITY_UNKNOWN : HN_QUALITY_PRESENT;
}

/* Is NOASSERTION kept for one of these members? */
static bool says_unknown(const struct hn_bom_component *c, const char *const *members)
{
    for (; *members; members++) {
        struct hn_str raw = spdx_extra_get(c->extra, *members);
        if (hn_str_eqc(raw, "\"NOASSERTION\""))
            return true;
    }
    return false;
}

static enum hn_quality_state party_state(const struct hn_bom_component *c, const struct hn_bom_party *p,
                                         const char *const *members)
{
    if (p)
        return word_state(p->name.n ? p->name : p->email.n ? p->email : p->urls ? p->urls->s : p->name);
    return says_unknown(c, members) ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

#define CHECK(name) static enum hn_quality_state name(struct hn_quality *q, const struct hn_bom_component *c)

/* ---------------------------------------------------------------- components */

CHECK(component_name)
{
    return word_state(c->name);
}

CHECK(component_version)
{
    return word_state(c->version.n ? c->version : c->version_range);
}

CHECK(component_supplier)
{
    static const char *const members[] = {"supplier", NULL};
    if (c->supplier)
        return party_state(c, c->supplier, members);
    if (c->publisher.n)
        return word_state(c->publisher);
    return party_state(c, c->manufacturer, members);
}

/* Who made it: not who passed it on. */
CHECK(component_producer)
{
    static const char *const members[] = {"originator", "supplier", NULL};
    if (c->manufacturer)
        return party_state(c, c->manufacturer, members);
    if (c->authors)
        return party_state(c, c->authors, members);
    if (c->author.n)
        return word_state(c->author);
    return party_state(c, c->supplier, members);
}

static bool is_contact(struct hn_str s)
{
    return hn_str_starts(s, "https://") || hn_str_starts(s, "http://") ||
           (hn_str_chr(s, '@') > 0 && hn_str_chr(s, ' ') < 0 && hn_str_chr(s, '@') + 1 < (ptrdiff_t)s.n);
}

static bool has_contact(const struct hn_bom_party *p)
{
    for (; p; p = p->next) {
        if (is_contact(p->email) || (p->urls && is_contact(p->urls->s)) || is_contact(p->name))
            return true;
        for (const struct hn_bom_party *k = p->contacts; k; k = k->next)
            if (is_contact(k->email))
                return true;
    }
    return false;
}

/* BSI: an e-mail address or URL of the creator. */
CHECK(component_creator)
{
    static const char *const members[] = {"originator", "supplier", NULL};
    if (has_contact(c->manufacturer) || has_contact(c->authors) || has_contact(c->supplier))
        return HN_QUALITY_PRESENT;
    if (c->manufacturer || c->authors || c->supplier)
        return HN_QUALITY_INVALID;
    return says_unknown(c, members) ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

CHECK(component_identifier)
{
    struct hn_purl p;
    if (c->purl.n) {
        if (hn_purl_parse(q->a, c->purl, &p, NULL) && !(p.faults & HN_PURL_INVALID))
            return HN_QUALITY_PRESENT;
        return c->cpe.n ? HN_QUALITY_PRESENT : HN_QUALITY_INVALID;
    }
    if (c->cpe.n)
        return hn_str_starts(c->cpe, "cpe:") ? HN_QUALITY_PRESENT : HN_QUALITY_INVALID;
    if (c->swid && c->swid->tag_id.n)
        return HN_QUALITY_PRESENT;
    return HN_QUALITY_MISSING;
}

static bool is_hex(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("0123456789abcdefABCDEF", s.p[i]) || !s.p[i])
            return false;
    return s.n > 0;
}

/* parameter: an algorithm, or "strong": one that is not broken. */
CHECK(component_hash)
{
    enum hn_bom_alg want = q->parameter.n ? hn_bom_alg_of(q->parameter) : HN_BOM_ALG_OTHER;
    bool strong = hn_str_eqc(q->parameter, "strong"), invalid = false;

    for (const struct hn_bom_hash *h = c->hashes; h; h = h->next) {
        size_t len = 2 * hn_bom_alg_len(h->alg);
        bool broken = h->alg == HN_BOM_ALG_MD2 || h->alg == HN_BOM_ALG_MD4 || h->alg == HN_BOM_ALG_MD5 ||
                      h->alg == HN_BOM_ALG_SHA1 || h->alg == HN_BOM_ALG_ADLER32;
        if ((strong && broken) || (!strong && q->parameter.n && h->alg != want))
            continue;
        if (is_hex(h->value) && (!len || h->value.n == len))
            return HN_QUALITY_PRESENT;
        invalid = true;
    }
    return invalid ? HN_QUALITY_INVALID : HN_QUALITY_MISSING;
}

CHECK(component_licence)
{
    bool unknown = false;
    for (const struct hn_bom_licence *l = c->licences; l; l = l->next) {
        enum hn_quality_state s = word_state(l->value);
        if (s == HN_QUALITY_PRESENT || s == HN_QUALITY_REDACTED)
            return s;
        unknown |= s == HN_QUALITY_UNKNOWN;
    }
    return unknown ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

/* By SPDX identifiers or an expression of them. */
CHECK(component_licence_spdx)
{
    enum hn_quality_state s = component_licence(q, c);
    for (const struct hn_bom_licence *l = s == HN_QUALITY_PRESENT ? c->licences : NULL; l; l = l->next) {
        struct hn_licence_notes notes;
        if (hn_licence_parse(q->a, l->value, &notes) && !notes.unknown)
            return HN_QUALITY_PRESENT;
        if (notes.none)
            return HN_QUALITY_PRESENT;
    }
    return s == HN_QUALITY_PRESENT ? HN_QUALITY_INVALID : s;
}

CHECK(component_copyright)
{
    return word_state(c->copyright.n                          ? c->copyright
                      : c->evidence && c->evidence->copyright ? c->evidence->copyright->s
                                                              : c->copyright);
}

/* ---------------------------------------------------------------- completeness */

static unsigned badness(enum hn_bom_aggregate x)
{
    static const unsigned of[] = {[HN_BOM_AGG_UNSAID] = 0,
                                  [HN_BOM_AGG_COMPLETE] = 1,
                                  [HN_BOM_AGG_NOT_SPECIFIED] = 2,
                                  [HN_BOM_AGG_UNKNOWN] = 3,
                                  [HN_BOM_AGG_INCOMPLETE] = 4};
    return of[x];
}

static bool note_complete(struct hn_quality *q, const struct hn_bom_text *refs, const struct hn_bom_composition *c)
{
    for (; refs; refs = refs->next) {
        const struct hn_bom_composition *before = hn_map_find(&q->complete, hn_str_bytes(refs->s));
        if (before && badness(before->aggregate) >= badness(c->aggregate))
            continue;
        if (!hn_ok(hn_map_set(&q->complete, hn_str_bytes(refs->s), (void *)(uintptr_t)c)))
            return false;
    }
    return true;
}

struct hn_err hn_quality_begin(struct hn_quality *q, const struct hn_bom *b, struct hn_arena *a)
{
    *q = (struct hn_quality){.b = b, .a = a};
    hn_map_init(&q->complete);
    for (const struct hn_bom_composition *c = b->compositions; c; c = c->next)
        if (!note_complete(q, c->assemblies, c) || !note_complete(q, c->dependencies, c))
            return (struct hn_err){HN_E_NOMEM};
    return HN_OK;
}

void hn_quality_done(struct hn_quality *q)
{
    hn_map_done(&q->complete);
}

/* Of its parts or of what it needs. */
static enum hn_bom_aggregate complete(const struct hn_quality *q, const struct hn_bom_component *c)
{
    const struct hn_bom_composition *x = c->ref.n ? hn_map_find(&q->complete, hn_str_bytes(c->ref)) : NULL;
    return x ? x->aggregate : HN_BOM_AGG_UNSAID;
}

/* Needs nothing, or names what it needs: both are an answer, no entry is none. */
CHECK(component_dependencies)
{
    const struct hn_bom_dep *d = c->ref.n ? hn_bom_dep_of(q->b, c->ref) : NULL;
    if (d && (d->says_depends || !d->edges))
        return HN_QUALITY_PRESENT;
    for (const struct hn_bom_edge *e = d ? d->edges : NULL; e; e = e->next)
        if (e->rel == HN_BOM_REL_DEPENDS_ON || e->rel == HN_BOM_REL_CONTAINS || e->rel == HN_BOM_REL_STATIC_LINK ||
            e->rel == HN_BOM_REL_DYNAMIC_LINK)
            return HN_QUALITY_PRESENT;
    enum hn_bom_aggregate said = complete(q, c);
    return said == HN_BOM_AGG_UNKNOWN || said == HN_BOM_AGG_INCOMPLETE ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

/* Is it said whether what is listed below it is all? */
CHECK(component_completeness)
{
    enum hn_bom_aggregate said = complete(q, c);
    if (said == HN_BOM_AGG_UNSAID || said == HN_BOM_AGG_NOT_SPECIFIED)
        return HN_QUALITY_MISSING;
    return said == HN_BOM_AGG_UNKNOWN ? HN_QUALITY_UNKNOWN : HN_QUALITY_PRESENT;
}

/* parameter: the name of a property (BSI's taxonomy). */
CHECK(component_property)
{
    for (const struct hn_bom_prop *p = c->props; p; p = p->next)
        if (hn_str_eq(p->name, q->parameter))
            return word_state(p->value);
    return HN_QUALITY_MISSING;
}

CHECK(component_filename)
{
    struct hn_str s = hn_bom_prop_get(c->props, "bsi:component:filename");
    if (!s.n)
        s = hn_bom_prop_get(c->props, "spdx:packageFileName");
    return word_state(s);
}

/* parameter: kinds of external reference, separated by blanks. */
CHECK(component_link)
{
    for (const struct hn_bom_link *l = c->links; l; l = l->next) {
        struct hn_str kinds = q->parameter, one;
        while (hn_str_word(&kinds, &one))
            if (hn_str_eq(l->type, one) && l->url.n)
                return HN_QUALITY_PRESENT;
    }
    static const char *const members[] = {"downloadLocation", NULL};
    return says_unknown(c, members) ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

/* ---------------------------------------------------------------- document */

CHECK(document_author)
{
    const struct hn_bom *b = q->b;
    if (b->authors)
        return word_state(b->authors->name.n ? b->authors->name : b->authors->email);
    if (b->manufacturer || b->supplier || b->manufacture)
        return HN_QUALITY_PRESENT;
    return HN_QUALITY_MISSING;
}

CHECK(document_contact)
{
    const struct hn_bom *b = q->b;
    if (has_contact(b->authors) || has_contact(b->manufacturer) || has_contact(b->supplier) ||
        has_contact(b->manufacture))
        return HN_QUALITY_PRESENT;
    return document_author(q, c) == HN_QUALITY_PRESENT ? HN_QUALITY_INVALID : HN_QUALITY_MISSING;
}

CHECK(document_timestamp)
{
    if (!q->b->timestamp_text.n)
        return HN_QUALITY_MISSING;
    return q->b->timestamp ? HN_QUALITY_PRESENT : HN_QUALITY_INVALID;
}

CHECK(document_tool)
{
    for (const struct hn_bom_tool *t = q->b->tools; t; t = t->next)
        if (t->name.n)
            return HN_QUALITY_PRESENT;
    return HN_QUALITY_MISSING;
}

CHECK(document_context)
{
    for (const struct hn_bom_lifecycle *l = q->b->lifecycles; l; l = l->next)
        if (l->phase.n || l->name.n)
            return HN_QUALITY_PRESENT;
    return HN_QUALITY_MISSING;
}

CHECK(document_subject)
{
    if (q->b->subject)
        return word_state(q->b->subject->name);
    const struct hn_bom_dep *d = hn_bom_dep_of(q->b, HN_STR("SPDXRef-DOCUMENT"));
    for (const struct hn_bom_edge *e = d ? d->edges : NULL; e; e = e->next)
        if (e->rel == HN_BOM_REL_DESCRIBES)
            return HN_QUALITY_PRESENT;
    return HN_QUALITY_MISSING;
}

CHECK(document_identity)
{
    return q->b->serial.n ? HN_QUALITY_PRESENT : HN_QUALITY_MISSING;
}

/* "1.10" is later than "1.9". */
static bool at_least(struct hn_str have, struct hn_str want)
{
    struct hn_str a, b;
    for (;;) {
        uint64_t m = 0, n = 0;
        bool more_a = hn_str_split(&have, '.', &a), more_b = hn_str_split(&want, '.', &b);
        if (!more_a && !more_b)
            return true;
        if (more_a)
            (void)hn_str_u64(a, 10, &m);
        if (more_b)
            (void)hn_str_u64(b, 10, &n);
        if (m != n)
            return m > n;
    }
}

/* parameter: "cyclonedx-1.6 spdx-3.0.1": least versions of the families that are accepted; "any". */
CHECK(document_format)
{
    struct hn_str rest = q->parameter, one;
    const char *family = q->b->family == HN_BOM_CYCLONEDX                               ? "cyclonedx-"
                         : q->b->family == HN_BOM_SPDX2 || q->b->family == HN_BOM_SPDX3 ? "spdx-"
                         : q->b->family == HN_BOM_SWID || q->b->family == HN_BOM_COSWID ? "swid-"
                                                                                        : "?";
    while (hn_str_word(&rest, &one)) {
        if (!hn_str_starts(one, family))
            continue;
        if (at_least(q->b->spec_version, hn_str_cut(one, strlen(family), one.n)))
            return HN_QUALITY_PRESENT;
    }
    return HN_QUALITY_INVALID;
}

/* The graph hangs together: everything can be reached from the subject, by what is needed or contained. */
struct reach {
    const struct hn_bom *b;
    bool *seen;
    const struct hn_bom_component **todo;
    size_t n;
};

static void reach_add(struct reach *r, const struct hn_bom_component *c)
{
    if (!c || c->number == UINT32_MAX || r->seen[c->number])
        return;
    r->seen[c->number] = true;
    r->todo[r->n++] = c;
}

static void reach_from(struct reach *r, const struct hn_bom_component *c)
{
    const struct hn_bom_dep *d = c->ref.n ? hn_bom_dep_of(r->b, c->ref) : NULL;
    for (const struct hn_bom_edge *e = d ? d->edges : NULL; e; e = e->next)
        if (e->rel == HN_BOM_REL_DEPENDS_ON || e->rel == HN_BOM_REL_CONTAINS)
            reach_add(r, e->component);
    for (const struct hn_bom_component *k = c->first_child; k; k = k->next)
        reach_add(r, k);
}

CHECK(document_coverage)
{
    const struct hn_bom *b = q->b;
    struct reach r = {.b = b};
    size_t reached = 0, parts = 0;

    if (!b->subject)
        return HN_QUALITY_MISSING;
    if (!b->n_components)
        return HN_QUALITY_PRESENT;
    r.seen = hn_arena_alloc(q->a, b->n_components);
    r.todo = hn_arena_alloc(q->a, b->n_components * sizeof(struct hn_bom_component *));
    if (!r.seen || !r.todo)
        return HN_QUALITY_UNKNOWN;
    reach_from(&r, b->subject);
    for (size_t i = 0; i < r.n; i++)
        reach_from(&r, r.todo[i]);
    for (size_t i = 0; i < b->n_components; i++) {
        if (b->components[i]->type == HN_BOM_TYPE_FILE && !b->components[i]->purl.n)
            continue;
        parts++;
        reached += r.seen[i];
    }
    return reached == parts ? HN_QUALITY_PRESENT : HN_QUALITY_INVALID;
}

/* BSI: vulnerabilities belong into a document of their own. */
CHECK(document_no_vulnerabilities)
{
    return q->b->n_vulns ? HN_QUALITY_INVALID : HN_QUALITY_PRESENT;
}

/* Read without an error against the format. */
CHECK(document_valid)
{
    const struct hn_bom_notes *n = &q->b->notes;
    return q->b->broken || n->by_severity[HN_BOM_NOTE_ERROR] || n->by_severity[HN_BOM_NOTE_FATAL] ? HN_QUALITY_INVALID
                                                                                                  : HN_QUALITY_PRESENT;
}

const struct hn_quality_check hn_quality_checks[] = {
    {"component.name", false, component_name},
    {"component.version", false, component_version},
    {"component.supplier", false, component_supplier},
    {"component.producer", false, component_producer},
    {"component.creator", false, component_creator},
    {"component.identifier", false, component_identifier},
    {"component.hash", false, component_hash},
    {"component.licence", false, component_licence},
    {"component.licence-spdx", false, component_licence_spdx},
    {"component.copyright", false, component_copyright},
    {"component.dependencies", false, component_dependencies},
    {"component.completeness", false, component_completeness},
    {"component.property", false, component_property},
    {"component.filename", false, component_filename},
    {"component.link", false, component_link},
    {"document.author", true, document_author},
    {"document.contact", true, document_contact},
    {"document.timestamp", true, document_timestamp},
    {"document.tool", true, document_tool},
    {"document.context", true, document_context},
    {"document.subject", true, document_subject},
    {"document.identity", true, document_identity},
    {"document.format", true, document_format},
    {"document.coverage", true, document_coverage},
    {"document.no-vulnerabilities", true, document_no_vulnerabilities},
    {"document.valid", true, document_valid},
    {NULL, false, NULL},
};

const struct hn_quality_check *hn_quality_check_find(struct hn_str name)
{
    for (const struct hn_quality_check *c = hn_quality_checks; c->name; c++)
        if (hn_str_eqc(name, c->name))
            return c;
    return NULL;
}

static void count(struct hn_quality_count *r, const struct hn_bom_component *c, enum hn_quality_state s, size_t most)
{
    r->n++;
    r->state[s]++;
    if (s == HN_QUALITY_PRESENT)
        return;
    r->n_bad++;
    if (c && r->n_kept < most) {
        r->bad[r->n_kept] = c;
        r->bad_state[r->n_kept++] = s;
    }
}

struct hn_err hn_quality_run(struct hn_quality *q, const struct hn_quality_check *check, size_t most,
                             struct hn_quality_count *ret)
{
    const struct hn_bom *b = q->b;

    *ret = (struct hn_quality_count){.n = 0};
    if (check->of_document) {
        count(ret, NULL, check->check(q, NULL), 0);
        return HN_OK;
    }
    if (most > b->n_components + 1)
        most = b->n_components + 1;
    ret->bad = hn_arena_alloc(q->a, (most + 1) * sizeof(struct hn_bom_component *));
    ret->bad_state = hn_arena_alloc(q->a, (most + 1) * sizeof *ret->bad_state);
    if (!ret->bad || !ret->bad_state)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i ? b->components[i - 1] : b->subject;
        if (!c || (c->type == HN_BOM_TYPE_FILE && !c->purl.n && c != b->subject))
            continue;
        count(ret, c, check->check(q, c), most);
    }
    return q->a->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}
