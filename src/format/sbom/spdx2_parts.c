/* Parts of SPDX 2 packages and files: who, licences, checksums, external references, annotations. */
#include "base/str.h"
#include "format/sbom/licence.h"
#include "format/sbom/spdx2_in.h"
#include "format/sbom/spdx_out.h"

#define TAKE(name) static SPDX_TAKE(name)

bool spdx2_says_nothing(struct hn_str s)
{
    return hn_str_eqc(s, "NOASSERTION") || hn_str_eqc(s, "NONE");
}

/* ---------------------------------------------------------------- who */

static struct hn_bom_party *party_add(struct spdx_in *in, struct hn_bom_party **list, struct hn_str text,
                                      enum spdx_agent *ret_agent)
{
    struct hn_str name, mail;
    *ret_agent = spdx_agent_of(text, &name, &mail);
    struct hn_bom_party *p = hn_bom_party_add(in->b, list, *ret_agent == SPDX_AGENT_PERSON, name);
    if (p)
        hn_bom_party_address(in->b, p, mail);
    return p;
}

/* *extra keeps what says nothing: the document knows that it does not know. */
static struct hn_str agent_text(struct spdx_in *in, enum hn_jtok t, struct hn_bom_extra **extra, const char *member)
{
    struct hn_str s = spdx_str(in, t), name, mail;
    if (!s.p)
        return s;
    if (spdx2_says_nothing(s)) {
        spdx_keep_text(in, extra, member, s);
        return (struct hn_str){NULL, 0};
    }
    enum spdx_agent agent = spdx_agent_of(s, &name, &mail);
    if (agent != SPDX_AGENT_PERSON && agent != SPDX_AGENT_ORGANIZATION)
        spdx_note(in, HN_BOM_NOTE_ERROR, "agent-form", s, in->member);
    return s;
}

SPDX_TAKE(spdx2_take_supplier)
{
    struct hn_bom_component *c = obj;
    enum spdx_agent agent;
    struct hn_str s = agent_text(in, t, &c->extra, "supplier");
    if (s.p && !party_add(in, &c->supplier, s, &agent))
        return;
}

SPDX_TAKE(spdx2_take_originator)
{
    struct hn_bom_component *c = obj;
    struct hn_str s = agent_text(in, t, &c->extra, "originator"), name, mail;
    enum spdx_agent agent;
    if (!s.p)
        return;
    bool person = spdx_agent_of(s, &name, &mail) == SPDX_AGENT_PERSON;
    (void)party_add(in, person ? &c->authors : &c->manufacturer, s, &agent);
}

/* ---------------------------------------------------------------- licences */

static void licence_add(struct spdx_in *in, struct hn_str s, enum hn_bom_licence_says says)
{
    struct spdx2_reader *r = spdx2_reader_of(in);
    const char *known = hn_licence_known(s);
    bool id = known && hn_str_eqc(s, known);
    struct hn_licence_notes notes;
    struct hn_bom_licence *l =
        hn_bom_licence_add(in->b, r->licences_tail, id ? HN_BOM_LICENCE_ID : HN_BOM_LICENCE_EXPRESSION, s);
    if (!l)
        return;
    l->says = (uint8_t)says;
    r->licences_tail = &l->next;
    if (id)
        return;
    if (!hn_licence_parse(in->b->arena, s, &notes) && notes.why)
        spdx_note(in, HN_BOM_NOTE_ERROR, "licence-form", s, hn_str_c(notes.why));
    else if (notes.unknown)
        spdx_note(in, HN_BOM_NOTE_WARNING, "licence-unknown", s, HN_STR(""));
}

SPDX_TAKE(spdx2_take_concluded)
{
    struct hn_str s = spdx_str(in, t);
    if (s.p)
        licence_add(in, s, HN_BOM_LICENCE_CONCLUDED);
}

SPDX_TAKE(spdx2_take_declared)
{
    struct hn_str s = spdx_str(in, t);
    if (s.p)
        licence_add(in, s, HN_BOM_LICENCE_DECLARED);
}

TAKE(file_licence_item)
{
    struct hn_bom_licence ***tail = obj;
    struct hn_str s = spdx_str(in, t);
    struct hn_bom_licence *l = s.p ? hn_bom_licence_add(in->b, *tail, HN_BOM_LICENCE_EXPRESSION, s) : NULL;
    if (l)
        *tail = &l->next;
}

/* licenseInfoFromFiles, licenseInfoInFiles: what was found inside, so evidence. */
SPDX_TAKE(spdx2_take_file_licences)
{
    struct hn_bom_evidence *e = hn_bom_evidence_of(in->b, obj);
    struct hn_bom_licence **tail = e ? &e->licences : NULL;
    if (!e) {
        spdx_skip(in, t);
        return;
    }
    spdx_each(in, t, file_licence_item, &tail);
}

/* ---------------------------------------------------------------- checksums */

struct checksum {
    struct hn_str alg, value;
    struct hn_bom_extra *extra;
};

TAKE(take_checksum_alg)
{
    ((struct checksum *)obj)->alg = spdx_str(in, t);
}

TAKE(take_checksum_value)
{
    ((struct checksum *)obj)->value = spdx_str(in, t);
}

static bool is_hex(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f')))
            return false;
    return s.n % 2 == 0;
}

void spdx_hash_check(struct spdx_in *in, const struct hn_bom_hash *h)
{
    size_t want = 2 * hn_bom_alg_len(h->alg);
    if (h->alg == HN_BOM_ALG_OTHER)
        spdx_note(in, HN_BOM_NOTE_WARNING, "hash-algorithm", h->alg_text, HN_STR(""));
    else if (!is_hex(h->value) || (want && h->value.n != want))
        spdx_note(in, HN_BOM_NOTE_ERROR, "hash-form", h->value, hn_str_c(hn_bom_alg_word(h->alg, HN_BOM_SPDX2)));
}

TAKE(checksum_item)
{
    static const struct spdx_field fields[] = {{"algorithm", take_checksum_alg},
                                               {"checksumValue", take_checksum_value}};
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct checksum x = {{NULL, 0}};
    if (!SPDX_FIELDS(in, t, fields, &x, &x.extra))
        return;
    if (!x.value.n) {
        spdx_note(in, HN_BOM_NOTE_ERROR, "missing-member", HN_STR("checksumValue"), HN_STR(""));
        return;
    }
    enum hn_bom_alg alg = hn_bom_alg_of(x.alg);
    struct hn_bom_hash *h = hn_bom_hash_add(in->b, r->hashes_tail, alg, x.value);
    if (!h)
        return;
    if (!hn_str_eqc(x.alg, hn_bom_alg_word(alg, HN_BOM_SPDX2)))
        h->alg_text = x.alg;
    h->extra = x.extra;
    r->hashes_tail = &h->next;
    spdx_hash_check(in, h);
}

SPDX_TAKE(spdx2_take_checksums)
{
    spdx_each(in, t, checksum_item, obj);
}

/* ---------------------------------------------------------------- references to elsewhere */

SPDX_TAKE(spdx2_take_download)
{
    struct hn_bom_component *c = obj;
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct hn_str s = spdx_str(in, t);
    if (!s.p)
        return;
    if (spdx2_says_nothing(s)) {
        spdx_keep_text(in, &c->extra, "downloadLocation", s);
        return;
    }
    struct hn_bom_link *l = hn_bom_link_add(in->b, r->links_tail, HN_STR("distribution"), s);
    if (l)
        r->links_tail = &l->next;
}

SPDX_TAKE(spdx2_take_homepage)
{
    struct hn_bom_component *c = obj;
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct hn_str s = spdx_str(in, t);
    if (!s.p)
        return;
    if (spdx2_says_nothing(s) || !s.n) {
        spdx_keep_text(in, &c->extra, "homepage", s);
        return;
    }
    struct hn_bom_link *l = hn_bom_link_add(in->b, r->links_tail, HN_STR("website"), s);
    if (l)
        r->links_tail = &l->next;
}

struct external {
    struct hn_str category, type, locator, comment;
    struct hn_bom_extra *extra;
};
TAKE(take_ext_category)
{
    ((struct external *)obj)->category = spdx_str(in, t);
}
TAKE(take_ext_type)
{
    ((struct external *)obj)->type = spdx_str(in, t);
}
TAKE(take_ext_locator)
{
    ((struct external *)obj)->locator = spdx_str(in, t);
}
TAKE(take_ext_comment)
{
    ((struct external *)obj)->comment = spdx_str(in, t);
}

static bool is_cpe(struct hn_str type)
{
    return hn_str_eqc(type, "cpe23Type") || hn_str_eqc(type, "cpe22Type") || hn_str_ends(type, "/cpe23Type") ||
           hn_str_ends(type, "/cpe22Type");
}

/* The first goes to *one, the others to the list. */
static void several(struct spdx_in *in, struct hn_str *one, struct hn_bom_text ***tail, struct hn_str s)
{
    if (!one->p)
        *one = s;
    else if (hn_bom_text_add(in->b, *tail, s))
        *tail = &(**tail)->next;
}

static void external_link(struct spdx_in *in, const struct external *x)
{
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct hn_bom_link *l = hn_bom_link_add(in->b, r->links_tail, x->type, x->locator);
    if (!l)
        return;
    l->comment = x->comment;
    l->extra = x->extra;
    r->links_tail = &l->next;
    spdx_keep_text(in, &l->extra, "referenceCategory", x->category);
}

TAKE(external_item)
{
    static const struct spdx_field fields[] = {{"referenceCategory", take_ext_category},
                                               {"referenceType", take_ext_type},
                                               {"referenceLocator", take_ext_locator},
                                               {"comment", take_ext_comment}};
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct hn_bom_component *c = r->c;
    struct external x = {{NULL, 0}};
    if (!SPDX_FIELDS(in, t, fields, &x, &x.extra))
        return;
    if (!x.locator.p || !x.type.p) {
        spdx_note(in, HN_BOM_NOTE_ERROR, "missing-member",
                  x.type.p ? HN_STR("referenceLocator") : HN_STR("referenceType"), HN_STR(""));
        return;
    }
    bool plain = !x.comment.p && !x.extra;
    if (hn_str_eqc(x.type, "purl")) {
        if (!hn_str_starts(x.locator, "pkg:"))
            spdx_note(in, HN_BOM_NOTE_ERROR, "purl-form", x.locator, HN_STR(""));
        several(in, &c->purl, &r->purls_tail, x.locator);
    } else if (is_cpe(x.type)) {
        several(in, &c->cpe, &r->cpes_tail, x.locator);
        plain &= !hn_str_eqc(x.type, "cpe22Type") || hn_str_starts(x.locator, "cpe:/");
    } else {
        plain = false;
    }
    if (!plain) /* also purls and CPEs about which there is more to say */
        external_link(in, &x);
}

SPDX_TAKE(spdx2_take_external_refs)
{
    spdx_each(in, t, external_item, obj);
}

/* ---------------------------------------------------------------- annotations */

struct annotation {
    struct hn_bom_annotation *a;
    struct hn_str who;
};
TAKE(take_ann_date)
{
    ((struct annotation *)obj)->a->timestamp = spdx_str(in, t);
}
TAKE(take_ann_who)
{
    struct annotation *x = obj;
    struct hn_str mail;
    x->who = spdx_str(in, t);
    (void)spdx_agent_of(x->who, &x->a->annotator, &mail);
    if (x->who.p)
        spdx_keep_text(in, &x->a->extra, "annotator", x->who);
}
TAKE(take_ann_comment)
{
    ((struct annotation *)obj)->a->text = spdx_str(in, t);
}

/* "cdx:property NAME=VALUE", as our writer says what SPDX 2 has no member for. */
static bool property_restore(struct spdx_in *in, struct hn_bom_component *c, struct hn_str text)
{
    char name[256];
    size_t n = 0;

    if (!hn_str_starts(text, SPDX2_PROPERTY))
        return false;
    text = hn_str_cut(text, strlen(SPDX2_PROPERTY), text.n);
    ptrdiff_t eq = hn_str_chr(text, '=');
    if (eq < 1 || (size_t)eq > sizeof name)
        return false;
    for (size_t i = 0; i < (size_t)eq; i++) {
        uint64_t v;
        bool escape = text.p[i] == '%' && i + 2 < (size_t)eq && hn_str_u64(hn_str_cut(text, i + 1, i + 3), 16, &v);
        name[n++] = escape ? (char)v : text.p[i];
        i += escape ? 2 : 0;
    }
    struct hn_str value = hn_str_cut(text, (size_t)eq + 1, text.n), key;
    if (!hn_str_from_utf8(hn_bytes_of(name, n), &key))
        return false;
    key = hn_arena_str(in->b->arena, key);
    if (!spdx_prop_restore(in->b, c, key, value))
        hn_bom_prop_add(in->b, spdx2_reader_of(in)->props_tail, key, value);
    return true;
}

/* obj: what it is about, a reference. */
SPDX_TAKE(spdx2_annotation_item)
{
    static const struct spdx_field fields[] = {{"annotationDate", take_ann_date},
                                               {"annotator", take_ann_who},
                                               {"comment", take_ann_comment},
                                               {"annotationType", NULL}};
    struct spdx2_reader *r = spdx2_reader_of(in);
    struct annotation x = {HN_NEW(in->b->arena, struct hn_bom_annotation), {NULL, 0}};
    const struct hn_str *about = obj;
    if (!x.a) {
        spdx_skip(in, t);
        return;
    }
    if (!SPDX_FIELDS(in, t, fields, &x, &x.a->extra))
        return;
    if (r->c && property_restore(in, r->c, x.a->text))
        return;
    if (about->p)
        hn_bom_text_add(in->b, &x.a->subjects, *about);
    *r->annotations_tail = x.a;
    r->annotations_tail = &x.a->next;
}
