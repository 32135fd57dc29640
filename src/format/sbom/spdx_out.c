#include "format/sbom/spdx_out.h"

#include "base/hash.h"
#include "base/str.h"
#include "format/sbom/licence.h"
#include "format/sbom/spdx_in.h"

/* ---------------------------------------------------------------- losses */

void spdx_lost(struct spdx_out *o, const struct hn_bom_component *c, const char *member, struct hn_str value)
{
    struct hn_arena *a = o->b->arena;
    struct hn_str place = HN_STR("");

    if (c && o->loss->n < o->loss->most)
        place = hn_bom_component_place(o->b, c, a);
    hn_bom_note_in(o->loss, a, HN_BOM_NOTE_WARNING, "lost", place, hn_str_c(member), value);
}

void spdx_extra_write(struct spdx_out *o, const struct hn_bom_component *c, const struct hn_bom_extra *e)
{
    for (; e; e = e->next) {
        if (!o->same &&
            (hn_str_eqc(e->key, "$schema") || hn_str_eqc(e->key, "spdxId"))) /* of the form, not of the content */
            continue;
        if (!o->same) {
            spdx_lost(o, c, hn_arena_cstr(o->b->arena, e->key), e->value);
            continue;
        }
        hn_jw_key_str(&o->w, e->key);
        hn_jw_raw(&o->w, e->value);
    }
}

struct hn_str spdx_extra_get(const struct hn_bom_extra *e, const char *key)
{
    for (; e; e = e->next)
        if (hn_str_eqc(e->key, key))
            return e->value;
    return (struct hn_str){NULL, 0};
}

/* ---------------------------------------------------------------- identifiers */

static bool id_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

static bool is_id(struct hn_str s)
{
    if (!hn_str_starts(s, "SPDXRef-") || s.n == strlen("SPDXRef-"))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!id_char(s.p[i]))
            return false;
    return true;
}

/* prefix, what can be kept of the text, "-", 64 bits of its digest */
static struct hn_str readable_id(struct hn_arena *a, const char *prefix, struct hn_str text)
{
    char name[48], hex[HN_HEX256_LEN];
    uint8_t digest[HN_SHA256_LEN];
    size_t n = 0;
    struct hn_str tail = text;

    if (hn_str_starts(tail, "pkg:"))
        tail = hn_str_cut(tail, 4, tail.n);
    ptrdiff_t query = hn_str_chr(tail, '?');
    if (query >= 0)
        tail.n = (size_t)query;
    for (size_t i = 0; i < tail.n && n < sizeof name; i++) {
        bool keep = id_char(tail.p[i]);
        if (keep || (n && name[n - 1] != '-'))
            name[n++] = keep ? tail.p[i] : '-';
    }
    hn_sha256(hn_str_bytes(text), digest);
    hn_hex(hn_bytes_of(digest, 8), hex);
    return hn_arena_fmt(a, "%s%.*s-%s", prefix, (int)n, name, hex);
}

struct hn_str spdx_id(struct spdx_out *o, struct hn_str ref)
{
    if (o->same || is_id(ref) || hn_str_starts(ref, "DocumentRef-") || hn_str_eqc(ref, "NONE") ||
        hn_str_eqc(ref, "NOASSERTION"))
        return ref;
    return readable_id(o->b->arena, "SPDXRef-", ref);
}

struct hn_str spdx_component_id(struct spdx_out *o, const struct hn_bom_component *c)
{
    if (c->ref.n)
        return spdx_id(o, c->ref);
    if (c == o->b->subject)
        return HN_STR("SPDXRef-subject");
    return hn_arena_fmt(o->b->arena, "SPDXRef-component-%u", c->number);
}

struct hn_str spdx_agent_text(struct spdx_out *o, const struct hn_bom_party *p)
{
    struct hn_str name, mail;
    /* an agent without one of the words, as it stood */
    if (o->same && o->b->family == HN_BOM_SPDX2 && !p->person && !p->email.p && !p->urls &&
        spdx_agent_of(p->name, &name, &mail) == SPDX_AGENT_NONE && p->extra)
        return p->name;
    const char *word = p->person ? "Person" : "Organization";
    struct hn_str address = p->email.p ? p->email : p->contacts ? p->contacts->email : p->email;
    if (!address.p && p->urls)
        address = p->urls->s;
    if (address.p)
        return hn_arena_fmt(o->b->arena, "%s: %.*s (%.*s)", word, HN_FMT(p->name), HN_FMT(address));
    return hn_arena_fmt(o->b->arena, "%s: %.*s", word, HN_FMT(p->name));
}

/* ---------------------------------------------------------------- licences */

struct hn_str spdx_licence_ref(struct spdx_out *o, struct hn_str name)
{
    return readable_id(o->b->arena, "LicenseRef-", name);
}

/* Is this text an expression that SPDX accepts? Unknown identifiers make it a name. */
static bool is_expression(struct hn_arena *a, struct hn_str s)
{
    struct hn_licence_notes notes;
    const struct hn_licence *l = hn_licence_parse(a, s, &notes);
    return (l && !notes.unknown && !notes.odd_operators) || notes.none || notes.noassertion;
}

static bool names(struct spdx_out *o, const struct hn_bom_licence *l)
{
    return !o->same && l->value.n && !is_expression(o->b->arena, l->value);
}

struct hn_str spdx_licence_text(struct spdx_out *o, const struct hn_bom_licence *l, enum hn_bom_licence_says says)
{
    struct hn_arena *a = o->b->arena;
    struct hn_str out = {NULL, 0};

    for (; l; l = l->next) {
        if (l->says != (uint8_t)says || !l->value.n)
            continue;
        struct hn_str one = names(o, l) ? spdx_licence_ref(o, l->value) : l->value;
        bool choice = hn_str_find(one, HN_STR(" OR ")) >= 0 || hn_str_find(one, HN_STR(" or ")) >= 0;
        if (!out.p) {
            bool more = false;
            for (const struct hn_bom_licence *m = l->next; m && choice; m = m->next)
                more |= m->says == (uint8_t)says && m->value.n;
            out = more ? hn_arena_fmt(a, "(%.*s)", HN_FMT(one)) : one;
        } else {
            out = hn_arena_fmt(a, choice ? "%.*s AND (%.*s)" : "%.*s AND %.*s", HN_FMT(out), HN_FMT(one));
        }
    }
    return out;
}

struct hn_str spdx_licence_name_ref(struct spdx_out *o, const struct hn_bom_licence *l)
{
    return names(o, l) ? spdx_licence_ref(o, l->value) : (struct hn_str){NULL, 0};
}

void spdx_each_named_licence(const struct hn_bom *b, void (*each)(void *arg, const struct hn_bom_licence *l), void *arg)
{
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i < b->n_components ? b->components[i] : b->subject;
        for (const struct hn_bom_licence *l = c ? c->licences : NULL; l; l = l->next)
            if (l->value.n && !is_expression(b->arena, l->value))
                each(arg, l);
    }
}

static void each_reference(const struct hn_licence *x, void (*each)(void *arg, struct hn_str ref), void *arg)
{
    if (x->op == HN_LICENCE_LEAF && (x->flags & HN_LICENCE_REF) && hn_str_starts(x->id, "LicenseRef-"))
        each(arg, x->id);
    for (size_t i = 0; x->op != HN_LICENCE_LEAF && i < x->n; i++)
        each_reference(x->items[i], each, arg);
}

void spdx_each_licence_reference(const struct hn_bom *b, void (*each)(void *arg, struct hn_str ref), void *arg)
{
    for (size_t i = 0; i <= b->n_components; i++) {
        const struct hn_bom_component *c = i < b->n_components ? b->components[i] : b->subject;
        for (const struct hn_bom_licence *l = c ? c->licences : NULL; l; l = l->next) {
            struct hn_licence_notes notes;
            bool any = hn_str_find(l->value, HN_STR("LicenseRef-")) >= 0 && is_expression(b->arena, l->value);
            const struct hn_licence *x = any ? hn_licence_parse(b->arena, l->value, &notes) : NULL;
            if (x)
                each_reference(x, each, arg);
        }
    }
}

/* ---------------------------------------------------------------- members without a place */

static const char *const scopes[] = {"", "required", "optional", "excluded"};

struct member {
    const char *name;
    size_t offset;
};
static const struct member members[] = {
    {"cdx:group", offsetof(struct hn_bom_component, group)},
    {"cdx:author", offsetof(struct hn_bom_component, author)},
    {"cdx:publisher", offsetof(struct hn_bom_component, publisher)},
    {"cdx:mime-type", offsetof(struct hn_bom_component, mime_type)},
    {"cdx:versionRange", offsetof(struct hn_bom_component, version_range)},
};
#define MEMBERS (sizeof members / sizeof *members)

static struct hn_str *member_of(struct hn_bom_component *c, size_t i)
{
    return (struct hn_str *)(void *)((char *)c + members[i].offset);
}

/* Properties that are members of SPDX 2; others of that prefix are somebody's own. */
bool spdx_is_member_prop(struct hn_str name)
{
    static const char *const names[] = {"sourceInfo",    "summary",          "comment",          "licenseComments",
                                        "builtDate",     "releaseDate",      "validUntilDate",   "packageFileName",
                                        "noticeText",    "fileTypes",        "attributionTexts", "fileContributors",
                                        "filesAnalyzed", "licenseConcluded", "licenseDeclared"};
    if (!hn_str_starts(name, "spdx:"))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_str_eqc(hn_str_cut(name, 5, name.n), names[i]))
            return true;
    return false;
}

void spdx_each_prop(struct spdx_out *o, const struct hn_bom_component *c,
                    void (*each)(void *arg, struct hn_str name, struct hn_str value), void *arg)
{
    struct hn_bom_component copy = *c;

    if (!o->same && c->ref.n && !hn_str_eq(spdx_id(o, c->ref), c->ref) && !hn_bom_prop_get(c->props, "cdx:bom-ref").p)
        each(arg, HN_STR("cdx:bom-ref"), c->ref);
    for (size_t i = 0; i < MEMBERS; i++)
        if (member_of(&copy, i)->p)
            each(arg, hn_str_c(members[i].name), *member_of(&copy, i));
    if (c->scope)
        each(arg, HN_STR("cdx:scope"), hn_str_c(scopes[c->scope]));
    if (c->type == HN_BOM_TYPE_CRYPTO)
        each(arg, HN_STR("cdx:type"), hn_str_c(hn_bom_type_word(c->type)));
    for (const struct hn_bom_text *t = c->tags; t; t = t->next)
        each(arg, HN_STR("cdx:tag"), t->s);
    for (const struct hn_bom_prop *p = c->props; p; p = p->next)
        if (!spdx_is_member_prop(p->name))
            each(arg, p->name, p->value);
}

bool spdx_prop_restore(struct hn_bom *b, struct hn_bom_component *c, struct hn_str name, struct hn_str value)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (!hn_str_eqc(name, members[i].name))
            continue;
        *member_of(c, i) = value;
        return true;
    }
    if (hn_str_eqc(name, "cdx:scope")) {
        for (size_t i = 1; i < sizeof scopes / sizeof *scopes; i++)
            if (hn_str_eqc(value, scopes[i]))
                c->scope = (uint8_t)i;
        return true;
    }
    if (hn_str_eqc(name, "cdx:type")) {
        c->type = (uint8_t)hn_bom_type_of(value);
        return true;
    }
    if (hn_str_eqc(name, "cdx:tag")) {
        hn_bom_text_add(b, &c->tags, value);
        return true;
    }
    return false;
}

static void party_losses(struct spdx_out *o, const struct hn_bom_component *c, const char *member,
                         const struct hn_bom_party *p)
{
    if (!p)
        return;
    const struct hn_bom_party *contact = p->contacts;
    bool mail = p->email.n || (contact && contact->email.n); /* in place of which a page is written */
    if ((p->urls && (mail || p->urls->next)) || p->phone.n ||
        (contact && (contact->name.n || contact->next || contact->phone.n)))
        spdx_lost(o, c, member, p->urls ? p->urls->s : contact ? contact->name : p->phone);
    spdx_extra_write(o, c, p->extra);
}

void spdx_component_losses(struct spdx_out *o, const struct hn_bom_component *c)
{
    if (o->same)
        return;
    party_losses(o, c, "supplier.contact", c->supplier);
    party_losses(o, c, "manufacturer.contact", c->manufacturer);
    if (c->pedigree)
        spdx_lost(o, c, "pedigree", c->pedigree->notes);
    if (c->swid && (c->swid->extra || c->swid->version.n))
        spdx_lost(o, c, "swid", c->swid->tag_id);
    if (c->evidence && (c->evidence->identity || c->evidence->occurrences || c->evidence->copyright))
        spdx_lost(o, c, "evidence", HN_STR(""));
    if (c->external)
        spdx_lost(o, c, "isExternal", c->external == HN_BOM_YES ? HN_STR("true") : HN_STR("false"));
    for (const struct hn_bom_licence *l = c->licences; l; l = l->next)
        if (l->url.n || (l->extra && !spdx_extra_get(l->extra, "spdxId").n) || l->outer_extra)
            spdx_lost(o, c, "licence.text", l->value);
    for (const struct hn_bom_link *l = c->links; l; l = l->next)
        if (l->hashes)
            spdx_lost(o, c, "externalReference.hashes", l->url);
}

/* ---------------------------------------------------------------- of the document */

struct hn_str spdx_time(struct spdx_out *o)
{
    char text[HN_TIME_TEXT];
    const struct hn_bom *b = o->b;

    if (o->same || !b->timestamp)
        return b->timestamp_text;
    hn_time second = b->timestamp - b->timestamp % HN_SECOND;
    return hn_arena_str(b->arena, hn_str_c(hn_time_text(second, text)));
}

/* 128 bits of a digest in the form of a UUID of version 8 (RFC 9562, 5.8), the same for the same content. */
static struct hn_str digest_uuid(struct hn_arena *a, const uint8_t digest[HN_SHA256_LEN])
{
    uint8_t d[16];
    char hex[33];

    memcpy(d, digest, sizeof d);
    d[6] = (uint8_t)((d[6] & 0x0F) | 0x80);
    d[8] = (uint8_t)((d[8] & 0x3F) | 0x80);
    hn_hex(hn_bytes_of(d, sizeof d), hex);
    return hn_arena_fmt(a, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

struct hn_str spdx_namespace(struct spdx_out *o)
{
    const struct hn_bom *b = o->b;
    uint8_t digest[HN_SHA256_LEN];

    if (b->serial.n)
        return b->serial;
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    if (!d)
        return HN_STR("urn:uuid:00000000-0000-8000-8000-000000000000");
    hn_digest_add(d, b->text);
    for (size_t i = 0; i < b->n_components && !b->text.n; i++) {
        const struct hn_bom_component *c = b->components[i];
        hn_digest_add(d, hn_str_bytes(c->purl.n ? c->purl : c->name));
        hn_digest_add(d, hn_str_bytes(c->version));
    }
    uint8_t out[64];
    hn_digest_end(d, out);
    memcpy(digest, out, sizeof digest);
    return digest_uuid(b->arena, digest);
}

struct hn_str spdx_document_name(const struct hn_bom *b)
{
    if (b->name.n)
        return b->name;
    if (!b->subject || !b->subject->name.n)
        return HN_STR("sbom");
    if (!b->subject->version.n)
        return b->subject->name;
    return hn_arena_fmt(b->arena, "%.*s-%.*s", HN_FMT(b->subject->name), HN_FMT(b->subject->version));
}
