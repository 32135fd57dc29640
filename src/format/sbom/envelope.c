/* Envelopes around bills of materials: DSSE (payload in base 64, signatures) and in-toto statements (subjects, a
 * predicate that is the document). What is inside is read; signatures are not verified here, and that is said, with the
 * keys named.
 *
 *   { "payloadType": "application/vnd.in-toto+json", "payload": base64, "signatures": [ { "keyid", "sig" } ] }
 *   { "mediaType": "application/vnd.dev.sigstore.bundle…", "verificationMaterial": { … }, "dsseEnvelope": { as above }
 * } { "_type": "https://in-toto.io/Statement/v1", "subject": [ { "name", "digest": { "sha256": … } } ],
 *     "predicateType": "https://spdx.dev/Document", "predicate": { … } } */
#include "base/base64.h"
#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/sbom/spdx_in.h"

#define TAKE(name) static void name(struct spdx_in *in, enum hn_jtok t, void *obj)

/* Keys that may come first or last, around something long. */
static bool has_key(struct hn_bytes text, const char *key)
{
    struct hn_str head = {(const char *)text.p, text.n < 8192 ? text.n : 8192}, tail = head;
    if (text.n > 8192)
        tail = (struct hn_str){(const char *)text.p + text.n - 8192, 8192};
    return hn_str_find(head, hn_str_c(key)) >= 0 || hn_str_find(tail, hn_str_c(key)) >= 0;
}

static bool is_object(struct hn_bytes text)
{
    size_t i = 0;
    while (i < text.n && (text.p[i] <= ' ' || text.p[i] >= 0xBB))
        i++;
    return i < text.n && text.p[i] == '{';
}

/* ---------------------------------------------------------------- DSSE */

struct dsse {
    struct hn_str type, payload;
    struct hn_buf keys;
    unsigned signatures;
    struct hn_bom_extra *extra;
};

TAKE(take_type)
{
    ((struct dsse *)obj)->type = spdx_str(in, t);
}
TAKE(take_payload)
{
    ((struct dsse *)obj)->payload = spdx_str(in, t);
}
TAKE(take_keyid)
{
    struct dsse *d = obj;
    struct hn_str s = spdx_str(in, t);
    if (!s.n || d->keys.n + s.n > 150)
        return;
    if (d->keys.n)
        hn_buf_c(&d->keys, ", ");
    hn_buf_str(&d->keys, s);
}
TAKE(signature_item)
{
    static const struct spdx_field fields[] = {{"keyid", take_keyid}, {"sig", NULL}, {"cert", NULL}};
    struct dsse *d = obj;
    struct hn_bom_extra *unused = NULL;
    d->signatures++;
    (void)SPDX_FIELDS(in, t, fields, d, &unused);
}
TAKE(take_signatures)
{
    spdx_each(in, t, signature_item, obj);
}

TAKE(take_envelope)
{
    static const struct spdx_field fields[] = {
        {"payloadType", take_type}, {"payload", take_payload}, {"signatures", take_signatures}};
    struct dsse *d = obj;
    (void)SPDX_FIELDS(in, t, fields, d, &d->extra);
}

/* DSSE allows either alphabet of base 64 (RFC 4648, sections 4 and 5). */
static struct hn_str plain_alphabet(struct hn_arena *a, struct hn_str s)
{
    if (!memchr(s.p, '-', s.n) && !memchr(s.p, '_', s.n))
        return s;
    char *to = hn_arena_alloc(a, s.n);
    for (size_t i = 0; to && i < s.n; i++)
        to[i] = (char)(s.p[i] == '-' ? '+' : s.p[i] == '_' ? '/' : s.p[i]);
    return (struct hn_str){to, to ? s.n : 0};
}

static struct hn_err open_payload(struct hn_bom *b, const struct dsse *d)
{
    size_t room = d->payload.n / 4 * 3 + 4;
    uint8_t *bytes = hn_arena_alloc(b->arena, room);
    size_t n = bytes && d->payload.n ? hn_base64_decode(plain_alphabet(b->arena, d->payload), bytes, room) : 0;

    if (!bytes || b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    if (!n) {
        hn_bom_note(b, HN_BOM_NOTE_FATAL, "envelope-payload", HN_STR("/payload"), HN_STR(""), HN_STR(""));
        b->broken = true;
        return (struct hn_err){HN_E_INVALID};
    }
    b->depth++;
    return hn_bom_read(b, hn_bytes_of(bytes, n));
}

static struct hn_err read_dsse(struct hn_bom *b, struct hn_bytes text)
{
    static const struct spdx_field fields[] = {{"payloadType", take_type},      {"payload", take_payload},
                                               {"signatures", take_signatures}, {"mediaType", NULL},
                                               {"verificationMaterial", NULL},  {"dsseEnvelope", take_envelope}};
    struct dsse d = {.signatures = 0};
    struct spdx_in in;
    struct hn_bytes first = text, rest = text;

    /* one envelope a line (.jsonl): the first is read */
    if (hn_bytes_line(&rest, &first) && is_object(first) && first.n && first.p[first.n - 1] == '}' && is_object(rest)) {
        hn_bom_note(b, HN_BOM_NOTE_WARNING, "envelope-several", HN_STR(""), HN_STR(""), HN_STR(""));
        text = first;
    }
    hn_buf_init(&d.keys, 256);
    spdx_in_init(&in, b, text);
    bool whole = SPDX_FIELDS(&in, spdx_next(&in), fields, &d, &d.extra);
    hn_bom_note(b, HN_BOM_NOTE_WARNING, d.signatures ? "signature-not-verified" : "envelope-unsigned", HN_STR(""),
                d.keys.n ? hn_buf_text(&d.keys) : HN_STR("DSSE"), hn_arena_fmt(b->arena, "%u", d.signatures));
    hn_buf_done(&d.keys);
    if (!whole)
        return spdx_broken(&in);
    return open_payload(b, &d);
}

static unsigned sniff_dsse(struct hn_bytes text)
{
    bool bundle = has_key(text, "\"dsseEnvelope\""),
         plain = has_key(text, "\"payloadType\"") && has_key(text, "\"payload\"");
    return is_object(text) && (bundle || plain) ? 99 : 0;
}

const struct hn_bom_format hn_bom_dsse = {
    .family = HN_BOM_UNKNOWN,
    .form = HN_BOM_JSON,
    .sniff = sniff_dsse,
    .read = read_dsse,
};

/* ---------------------------------------------------------------- in-toto */

struct statement {
    struct hn_str type, predicate;
    struct hn_bom_extra *extra;
    struct subject *first, **tail;
};

struct subject {
    struct subject *next;
    struct hn_str name;
    struct hn_bom_hash *hashes, **hashes_tail;
    struct hn_bom_extra *extra;
};

TAKE(take_predicate_type)
{
    ((struct statement *)obj)->type = spdx_str(in, t);
}
TAKE(take_predicate)
{
    ((struct statement *)obj)->predicate = spdx_raw(in, t);
}
TAKE(take_subject_name)
{
    ((struct subject *)obj)->name = spdx_str(in, t);
}
TAKE(take_digest)
{
    struct subject *s = obj;
    if (t != HN_J_OBJ) {
        spdx_skip(in, t);
        return;
    }
    while (spdx_next(in) == HN_J_KEY) {
        struct hn_str alg = hn_jr_text(&in->r, in->b->arena), value = spdx_str(in, spdx_next(in));
        struct hn_bom_hash *h = hn_bom_hash_add(in->b, s->hashes_tail, hn_bom_alg_of(alg), value);
        if (!h)
            return;
        h->alg_text = alg;
        s->hashes_tail = &h->next;
    }
}
TAKE(subject_item)
{
    static const struct spdx_field fields[] = {
        {"name", take_subject_name}, {"digest", take_digest},    {"uri", NULL},    {"mediaType", NULL},
        {"annotations", NULL},       {"downloadLocation", NULL}, {"content", NULL}};
    struct statement *st = obj;
    struct subject *s = HN_NEW(in->b->arena, struct subject);
    if (!s) {
        spdx_skip(in, t);
        return;
    }
    s->hashes_tail = &s->hashes;
    *st->tail = s;
    st->tail = &s->next;
    (void)SPDX_FIELDS(in, t, fields, s, &s->extra);
}
TAKE(take_subject)
{
    spdx_each(in, t, subject_item, obj);
}

/* cosign once put the document into { "Data": … }. */
static struct hn_bytes inner(struct hn_bom *b, struct hn_str predicate)
{
    struct hn_jr r;
    hn_jr_init(&r, hn_str_bytes(predicate), 0, 0);
    bool object = hn_jr_next(&r) == HN_J_OBJ;
    enum hn_jtok first = hn_jr_next(&r);
    if (!object || first != HN_J_KEY || !hn_str_eqc(r.raw, "Data"))
        return hn_str_bytes(predicate);
    size_t from = r.off;
    struct hn_jr value = r;
    if (hn_jr_next(&r) == HN_J_STR) /* the document as a text */
        return hn_str_bytes(hn_jr_text(&r, b->arena));
    if (!hn_jr_skip(&value))
        return hn_str_bytes(predicate);
    while (from < value.off && predicate.p[from] != '{')
        from++;
    return hn_bytes_of(predicate.p + from, value.off - from);
}

static struct hn_err read_statement(struct hn_bom *b, struct hn_bytes text)
{
    static const struct spdx_field fields[] = {{"_type", NULL},
                                               {"predicateType", take_predicate_type},
                                               {"predicate", take_predicate},
                                               {"subject", take_subject}};
    struct statement st = {.first = NULL};
    struct spdx_in in;

    st.tail = &st.first;
    spdx_in_init(&in, b, text);
    bool whole = SPDX_FIELDS(&in, spdx_next(&in), fields, &st, &st.extra);
    for (const struct subject *s = st.first; s; s = s->next)
        hn_bom_note(b, HN_BOM_NOTE_INFO, "attested-subject", HN_STR("/subject"), s->name,
                    s->hashes ? s->hashes->value : HN_STR(""));
    if (!whole)
        return spdx_broken(&in);
    struct hn_bytes document = st.predicate.p ? inner(b, st.predicate) : hn_str_bytes(HN_STR(""));
    if (hn_bom_sniff(document)) {
        b->depth++;
        return hn_bom_read(b, document);
    }
    /* provenance, a verdict: its subjects are named above; to read it as a document with no more than those parts would
     * pass for a bill of materials */
    hn_bom_note(b, HN_BOM_NOTE_FATAL, "predicate-no-bom", HN_STR("/predicateType"), st.type, HN_STR(""));
    b->broken = true;
    return (struct hn_err){b->arena->failed ? HN_E_NOMEM : HN_E_INVALID};
}

static unsigned sniff_statement(struct hn_bytes text)
{
    return is_object(text) && has_key(text, "\"predicateType\"") && has_key(text, "\"_type\"") ? 98 : 0;
}

const struct hn_bom_format hn_bom_intoto = {
    .family = HN_BOM_UNKNOWN,
    .form = HN_BOM_JSON,
    .sniff = sniff_statement,
    .read = read_statement,
};
