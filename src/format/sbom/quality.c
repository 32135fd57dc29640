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
    ptrdiff_t open = hn_str_chr(s, '<');

    if (open >= 0 && hn_str_ends(s, ">")) /* "Name <name@host>" */
        s = hn_str_cut(s, (size_t)open + 1, s.n - 1);
    return hn_str_starts(s, "https://") || hn_str_starts(s, "http://") ||
           (hn_str_chr(s, '@') > 0 && hn_str_chr(s, ' ') < 0 && hn_str_chr(s, '@') + 1 < (ptrdiff_t)s.n);
}

/* Else it leaves the name that stands there without one. */
static bool has_contact(struct hn_quality *q, const struct hn_bom_party *p)
{
    for (; p; p = p->next) {
        if (is_contact(p->email) || is_contact(p->name))
            return true;
        for (const struct hn_bom_text *u = p->urls; u; u = u->next)
            if (is_contact(u->s))
                return true;
        for (const struct hn_bom_party *k = p->contacts; k; k = k->next)
            if (is_contact(k->email))
                return true;
        if (!q->found.n)
            q->found = p->name;
    }
    return false;
}

/* BSI: an e-mail address or URL of the creator. */
CHECK(component_creator)
{
    static const char *const members[] = {"originator", "supplier", NULL};
    if (has_contact(q, c->manufacturer) || has_contact(q, c->authors) || has_contact(q, c->supplier))
        return HN_QUALITY_PRESENT;
    if (c->manufacturer || c->authors || c->supplier)
        return HN_QUALITY_INVALID;
    return says_unknown(c, members) ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

CHECK(component_identifier)
{
    struct hn_purl p;
    q->found = c->purl.n ? c->purl : c->cpe;
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

/* One of the algorithm that the parameter names, of one that is not broken ("strong"), or of any. */
static enum hn_quality_state hash_state(struct hn_quality *q, const struct hn_bom_hash *h)
{
    enum hn_bom_alg want = q->parameter.n ? hn_bom_alg_of(q->parameter) : HN_BOM_ALG_OTHER;
    bool strong = hn_str_eqc(q->parameter, "strong"), invalid = false;

    for (; h; h = h->next) {
        size_t len = 2 * hn_bom_alg_len(h->alg);
        bool broken = h->alg == HN_BOM_ALG_MD2 || h->alg == HN_BOM_ALG_MD4 || h->alg == HN_BOM_ALG_MD5 ||
                      h->alg == HN_BOM_ALG_SHA1 || h->alg == HN_BOM_ALG_ADLER32;
        if ((strong && broken) || (!strong && q->parameter.n && h->alg != want))
            continue;
        if (is_hex(h->value) && (!len || h->value.n == len))
            return HN_QUALITY_PRESENT;
        q->found = h->value;
        invalid = true;
    }
    return invalid ? HN_QUALITY_INVALID : HN_QUALITY_MISSING;
}

CHECK(component_hash)
{
    return hash_state(q, c->hashes);
}

static enum hn_quality_state better(enum hn_quality_state a, enum hn_quality_state b)
{
    return a == HN_QUALITY_PRESENT || b == HN_QUALITY_MISSING ? a : b;
}

/* Of the references of these kinds, separated by blanks. */
static enum hn_quality_state link_hash_state(struct hn_quality *q, const struct hn_bom_component *c, const char *kinds)
{
    enum hn_quality_state s = HN_QUALITY_MISSING;

    for (const struct hn_bom_link *l = c->links; l; l = l->next)
        if (hn_str_is_word_of(l->type, hn_str_c(kinds)))
            s = better(s, hash_state(q, l->hashes));
    return s;
}

/* SPDX 3: the file in which a package is delivered (hasDistributionArtifact). NULL: it names none. */
static const struct hn_bom_component *artifact(const struct hn_quality *q, const struct hn_bom_component *c)
{
    const struct hn_bom_dep *d = c->ref.n ? hn_bom_dep_of(q->b, c->ref) : NULL;

    for (const struct hn_bom_edge *e = d ? d->edges : NULL; e; e = e->next)
        if (hn_str_eqc(e->word, "hasDistributionArtifact") && e->component)
            return e->component;
    return NULL;
}

/* BSI, CycloneDX: at the reference to the file as delivered (8.1.6); at the component in SPDX, and by most tools. */
CHECK(component_deployable_hash)
{
    const struct hn_bom_component *file = artifact(q, c);
    enum hn_quality_state s =
        better(link_hash_state(q, c, "distribution distribution-intake"), hash_state(q, c->hashes));
    return file ? better(s, hash_state(q, file->hashes)) : s;
}

CHECK(component_source_hash)
{
    return link_hash_state(q, c, "source-distribution vcs");
}

/* Licences that are said in one of these ways: a set of bits 1 << enum hn_bom_licence_says. */
static enum hn_quality_state licence_state(const struct hn_bom_component *c, unsigned says)
{
    bool unknown = false;
    for (const struct hn_bom_licence *l = c->licences; l; l = l->next) {
        enum hn_quality_state s = 1u << l->says & says ? word_state(l->value) : HN_QUALITY_MISSING;
        if (s == HN_QUALITY_PRESENT || s == HN_QUALITY_REDACTED)
            return s;
        unknown |= s == HN_QUALITY_UNKNOWN;
    }
    return unknown ? HN_QUALITY_UNKNOWN : HN_QUALITY_MISSING;
}

/* By SPDX identifiers or an expression of them. */
static enum hn_quality_state licence_spdx_state(struct hn_quality *q, const struct hn_bom_component *c, unsigned says)
{
    enum hn_quality_state s = licence_state(c, says);
    for (const struct hn_bom_licence *l = s == HN_QUALITY_PRESENT ? c->licences : NULL; l; l = l->next) {
        struct hn_licence_notes notes;
        if (!(1u << l->says & says))
            continue;
        if (hn_licence_parse(q->a, l->value, &notes) && !notes.unknown)
            return HN_QUALITY_PRESENT;
        if (notes.none)
            return HN_QUALITY_PRESENT;
        q->found = l->value;
    }
    return s == HN_QUALITY_PRESENT ? HN_QUALITY_INVALID : s;
}

#define ANY_LICENCE (1u << HN_BOM_LICENCE_SAYS | 1u << HN_BOM_LICENCE_DECLARED | 1u << HN_BOM_LICENCE_CONCLUDED)

CHECK(component_licence)
{
    (void)q;
    return licence_state(c, ANY_LICENCE);
}

CHECK(component_licence_spdx)
{
    return licence_spdx_state(q, c, ANY_LICENCE);
}

/* What its creator gave it under ("declared"); not what somebody concluded. */
CHECK(component_licence_declared)
{
    return licence_spdx_state(q, c, 1u << HN_BOM_LICENCE_DECLARED);
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

/* parameter: names of a property, separated by blanks. */
CHECK(component_property)
{
    for (const struct hn_bom_prop *p = c->props; p; p = p->next) {
        struct hn_str names = q->parameter, one;
        while (hn_str_word(&names, &one))
            if (hn_str_eq(p->name, one))
                return word_state(p->value);
    }
    return HN_QUALITY_MISSING;
}

/* BSI's properties of the deployable file: parameter "archive" stands for "bsi:component:archive" with one of two
 * words. In SPDX 3 the purposes of the file tell it, and what they do not tell is "no": a file that is named is enough.
 */
CHECK(component_file_property)
{
    static const char *const words[][3] = {{"executable", "executable", "non-executable"},
                                           {"archive", "archive", "no archive"},
                                           {"structured", "structured", "unstructured"}};
    struct hn_str name = hn_arena_fmt(q->a, "bsi:component:%.*s", HN_FMT(q->parameter));
    struct hn_str value = hn_bom_prop_get(c->props, hn_arena_cstr(q->a, name));

    if (!value.n)
        return artifact(q, c) ? HN_QUALITY_PRESENT : HN_QUALITY_MISSING;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (hn_str_eqc(q->parameter, words[i][0]) && (hn_str_eqc(value, words[i][1]) || hn_str_eqc(value, words[i][2])))
            return HN_QUALITY_PRESENT;
    q->found = value;
    return HN_QUALITY_INVALID;
}

CHECK(component_filename)
{
    const struct hn_bom_component *file = artifact(q, c);
    struct hn_str s = hn_bom_prop_get(c->props, "bsi:component:filename");
    if (!s.n)
        s = hn_bom_prop_get(c->props, "spdx:packageFileName");
    return word_state(!s.n && file ? file->name : s);
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
    if (has_contact(q, b->authors) || has_contact(q, b->manufacturer) || has_contact(q, b->supplier) ||
        has_contact(q, b->manufacture))
        return HN_QUALITY_PRESENT;
    return document_author(q, c) == HN_QUALITY_PRESENT ? HN_QUALITY_INVALID : HN_QUALITY_MISSING;
}

CHECK(document_timestamp)
{
    if (!q->b->timestamp_text.n)
        return HN_QUALITY_MISSING;
    q->found = q->b->timestamp_text;
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
    q->found = hn_arena_fmt(q->a, "%s %.*s", hn_bom_family_name(q->b->family), HN_FMT(q->b->spec_version));
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
    q->found = hn_arena_fmt(q->a, "%zu / %zu", reached, parts);
    return reached == parts ? HN_QUALITY_PRESENT : HN_QUALITY_INVALID;
}

/* BSI: vulnerabilities belong into a document of their own. */
CHECK(document_no_vulnerabilities)
{
    q->found = hn_arena_fmt(q->a, "%zu", q->b->n_vulns);
    return q->b->n_vulns ? HN_QUALITY_INVALID : HN_QUALITY_PRESENT;
}

/* Read without an error against the format. */
CHECK(document_valid)
{
    const struct hn_bom_notes *n = &q->b->notes;
    for (const struct hn_bom_note *x = n->first; x && !q->found.n; x = x->next)
        if (x->severity == HN_BOM_NOTE_ERROR || x->severity == HN_BOM_NOTE_FATAL)
            q->found = x->place;
    return q->b->broken || n->by_severity[HN_BOM_NOTE_ERROR] || n->by_severity[HN_BOM_NOTE_FATAL] ? HN_QUALITY_INVALID
                                                                                                  : HN_QUALITY_PRESENT;
}

#define CREATORS   "/creationInfo/creators"
#define CREATED_BY "CreationInfo/createdBy"

const struct hn_quality_check hn_quality_checks[] = {
    {"component.name", component_name, {NULL}},
    {"component.version", component_version, {NULL}},
    {"component.supplier", component_supplier, {NULL}},
    {"component.producer", component_producer, {NULL}},
    {"component.creator", component_creator, {NULL}},
    {"component.identifier", component_identifier, {NULL}},
    {"component.hash", component_hash, {NULL}},
    {"component.deployable-hash", component_deployable_hash, {NULL}},
    {"component.source-hash", component_source_hash, {NULL}},
    {"component.licence", component_licence, {NULL}},
    {"component.licence-spdx", component_licence_spdx, {NULL}},
    {"component.licence-declared", component_licence_declared, {NULL}},
    {"component.copyright", component_copyright, {NULL}},
    {"component.dependencies", component_dependencies, {NULL}},
    {"component.completeness", component_completeness, {NULL}},
    {"component.property", component_property, {NULL}},
    {"component.file-property", component_file_property, {NULL}},
    {"component.filename", component_filename, {NULL}},
    {"component.link", component_link, {NULL}},
    {"document.author", document_author, {"/metadata/authors", CREATORS, CREATED_BY}},
    {"document.contact", document_contact, {"/metadata/authors", CREATORS, CREATED_BY}},
    {"document.timestamp",
     document_timestamp,
     {"/metadata/timestamp", "/creationInfo/created", "CreationInfo/created"}},
    {"document.tool", document_tool, {"/metadata/tools", CREATORS, "CreationInfo/createdUsing"}},
    {"document.context", document_context, {"/metadata/lifecycles", "/creationInfo/comment", "software_Sbom/sbomType"}},
    {"document.subject", document_subject, {"/metadata/component", "/documentDescribes", "SpdxDocument/rootElement"}},
    {"document.identity", document_identity, {"/serialNumber", "/documentNamespace", "SpdxDocument/spdxId"}},
    {"document.format", document_format, {"/specVersion", "/spdxVersion", "CreationInfo/specVersion"}},
    {"document.coverage", document_coverage, {"/dependencies", "/relationships", "Relationship"}},
    {"document.no-vulnerabilities",
     document_no_vulnerabilities,
     {"/vulnerabilities", "/packages", "security_Vulnerability"}},
    {"document.valid", document_valid, {"/", "/", "/"}},
    {NULL, NULL, {NULL}},
};

const struct hn_quality_check *hn_quality_check_find(struct hn_str name)
{
    for (const struct hn_quality_check *c = hn_quality_checks; c->name; c++)
        if (hn_str_eqc(name, c->name))
            return c;
    return NULL;
}

static struct hn_str place_of(const struct hn_quality *q, const struct hn_quality_check *check,
                              const struct hn_bom_component *c)
{
    if (c)
        return hn_bom_component_place(q->b, c, q->a);
    return hn_str_c(check->place[q->b->family == HN_BOM_SPDX2 ? 1 : q->b->family == HN_BOM_SPDX3 ? 2 : 0]);
}

static void one(struct hn_quality *q, const struct hn_quality_check *check, const struct hn_bom_component *c,
                size_t most, struct hn_quality_count *r)
{
    q->found = (struct hn_str){NULL, 0};
    enum hn_quality_state s = check->check(q, c);

    r->n++;
    r->state[s]++;
    if (s == HN_QUALITY_PRESENT)
        return;
    r->n_bad++;
    if (r->n_kept < most)
        r->bad[r->n_kept++] = (struct hn_quality_place){.c = c,
                                                        .state = s,
                                                        .place = place_of(q, check, c),
                                                        .found = s == HN_QUALITY_INVALID ? q->found : HN_STR("")};
}

struct hn_err hn_quality_run(struct hn_quality *q, const struct hn_quality_check *check, size_t most,
                             struct hn_quality_count *ret)
{
    const struct hn_bom *b = q->b;

    *ret = (struct hn_quality_count){.n = 0};
    if (most > b->n_components + 1)
        most = b->n_components + 1;
    ret->bad = hn_arena_alloc(q->a, (most + 1) * sizeof *ret->bad);
    if (!ret->bad)
        return (struct hn_err){HN_E_NOMEM};
    if (check->place[0]) {
        one(q, check, NULL, most, ret);
        return q->a->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
    }
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i ? b->components[i - 1] : b->subject;
        if (!c || (c->type == HN_BOM_TYPE_FILE && !c->purl.n && c != b->subject))
            continue;
        one(q, check, c, most, ret);
    }
    return q->a->failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}
