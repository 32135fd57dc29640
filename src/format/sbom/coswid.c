/* CoSWID (RFC 9393): a SWID tag in CBOR, alone or as the payload of COSE_Sign1 (RFC 9052, 4.2), whose signature is not
 * verified here, and that is said.
 *
 *   1398229316( { 0: tag-id, 1: software-name, 2: entity, 6: payload, 13: software-version, … } )
 *   18( [ protected, unprotected, payload : bstr, signature ] ) */
#include "base/hash.h"
#include "base/str.h"
#include "format/cbor.h"
#include "format/sbom/spdx.h"
#include "format/sbom/swid_in.h"

#define TAG_COSWID 1398229316u
#define TAG_SIGN1  18u

enum key { /* RFC 9393, table 1 */
           K_TAG_ID = 0,
           K_NAME = 1,
           K_ENTITY = 2,
           K_EVIDENCE = 3,
           K_LINK = 4,
           K_META = 5,
           K_PAYLOAD = 6,
           K_HASH = 7,
           K_CORPUS = 8,
           K_PATCH = 9,
           K_SUPPLEMENTAL = 11,
           K_TAG_VERSION = 12,
           K_VERSION = 13,
           K_DIRECTORY = 16,
           K_FILE = 17,
           K_FS_NAME = 24,
           K_PATH_ELEMENTS = 26,
           K_ENTITY_NAME = 31,
           K_REG_ID = 32,
           K_ROLE = 33,
           K_HREF = 38,
           K_REL = 40,
           K_COLLOQUIAL = 45,
           K_DESCRIPTION = 46,
           K_EDITION = 47,
           K_PRODUCT = 52,
           K_REVISION = 54,
           K_SUMMARY = 55
};

struct reading {
    struct swid s; /* first */
    struct hn_cbor c;
    unsigned depth;
};

static struct hn_str text_of(struct reading *r, struct hn_cbor_item x)
{
    if (x.kind == HN_CBOR_TEXT)
        return hn_arena_str(r->s.b->arena, hn_str_from_hostile(r->s.b->arena, x.bytes, 1u << 16));
    if (x.kind == HN_CBOR_UINT)
        return hn_arena_fmt(r->s.b->arena, "%llu", (unsigned long long)x.number);
    return (struct hn_str){NULL, 0};
}

/* A tag-id may be 16 bytes: a UUID. */
static struct hn_str tag_id(struct reading *r, struct hn_cbor_item x)
{
    char hex[33];
    if (x.kind != HN_CBOR_BYTES || x.bytes.n != 16)
        return text_of(r, x);
    hn_hex(x.bytes, hex);
    return hn_arena_fmt(r->s.b->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* One or an array of: calls one() for each. */
static void each(struct reading *r, struct hn_cbor_item x,
                 void (*one)(struct reading *r, struct hn_cbor_item x, void *arg), void *arg)
{
    struct hn_cbor_item item;

    x = hn_cbor_untag(&r->c, x);
    if (x.kind != HN_CBOR_ARRAY) {
        one(r, x, arg);
        return;
    }
    while ((item = hn_cbor_member(&r->c, &x)).kind != HN_CBOR_END)
        one(r, hn_cbor_untag(&r->c, item), arg);
}

/* Calls member(key, value) for each integer key; others are passed over. */
static void map(struct reading *r, struct hn_cbor_item x,
                void (*member)(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg), void *arg)
{
    struct hn_cbor_item key, value;

    if (x.kind != HN_CBOR_MAP || r->depth >= HN_CBOR_DEPTH) {
        hn_cbor_skip(&r->c, x);
        return;
    }
    r->depth++;
    while ((key = hn_cbor_member(&r->c, &x)).kind != HN_CBOR_END) {
        if (key.kind != HN_CBOR_UINT)
            hn_cbor_skip(&r->c, key);
        value = hn_cbor_untag(&r->c, hn_cbor_next(&r->c));
        if (value.kind == HN_CBOR_END)
            break;
        if (key.kind == HN_CBOR_UINT)
            member(r, key.number, value, arg);
        else
            hn_cbor_skip(&r->c, value);
    }
    r->depth--;
}

/* ---------------------------------------------------------------- entities, links, meta */

static void role_item(struct reading *r, struct hn_cbor_item x, void *arg)
{
    static const char *const roles[] = {"",         "tagCreator", "softwareCreator", "aggregator", "distributor",
                                        "licensor", "maintainer"};
    struct swid_entity *e = arg;
    if (x.kind == HN_CBOR_UINT && x.number < sizeof roles / sizeof *roles)
        swid_role(e, hn_str_c(roles[x.number]));
    else
        hn_cbor_skip(&r->c, x);
}

static void entity_member(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg)
{
    struct swid_entity *e = arg;
    if (key == K_ENTITY_NAME)
        e->name = text_of(r, v);
    else if (key == K_REG_ID)
        e->regid = text_of(r, v);
    else if (key == K_ROLE)
        each(r, v, role_item, e);
    else
        hn_cbor_skip(&r->c, v);
}

static void entity_item(struct reading *r, struct hn_cbor_item x, void *arg)
{
    struct swid_entity e = {.roles = 0};
    map(r, x, entity_member, &e);
    swid_entity_add(&r->s, &e);
}

struct link {
    struct hn_str href, rel;
};

static void link_member(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg)
{
    static const char *const rels[] = {
        "",       "ancestor", "component", "feature",  "installationmedia", "packageinstaller",
        "parent", "patches",  "requires",  "see-also", "supersedes",        "supplemental"};
    struct link *l = arg;
    if (key == K_HREF)
        l->href = text_of(r, v);
    else if (key == K_REL && v.kind == HN_CBOR_UINT && v.number < sizeof rels / sizeof *rels)
        l->rel = hn_str_c(rels[v.number]);
    else if (key == K_REL)
        l->rel = text_of(r, v);
    else
        hn_cbor_skip(&r->c, v);
}

static void link_item(struct reading *r, struct hn_cbor_item x, void *arg)
{
    struct link l = {{NULL, 0}, {NULL, 0}};
    map(r, x, link_member, &l);
    swid_link_add(&r->s, l.rel, l.href);
}

static void meta_member(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg)
{
    static const struct {
        uint64_t key;
        const char *name;
    } names[] = {{K_COLLOQUIAL, "colloquialVersion"},
                 {K_EDITION, "edition"},
                 {K_PRODUCT, "product"},
                 {K_REVISION, "revision"},
                 {K_SUMMARY, "summary"},
                 {K_DESCRIPTION, "description"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (key == names[i].key && (v.kind == HN_CBOR_TEXT || v.kind == HN_CBOR_UINT)) {
            swid_meta(&r->s, hn_str_c(names[i].name), text_of(r, v));
            return;
        }
    hn_cbor_skip(&r->c, v);
}

static void meta_item(struct reading *r, struct hn_cbor_item x, void *arg)
{
    map(r, x, meta_member, arg);
}

/* ---------------------------------------------------------------- payload */

struct file {
    struct hn_str name;
    enum hn_bom_alg alg;
    struct hn_bytes digest;
    struct hn_str path; /* of the directory around it */
};

/* [ algorithm, digest ]; algorithms of the Named Information registry */
static void hash_entry(struct reading *r, struct hn_cbor_item x, struct file *f)
{
    static const uint8_t algs[] = {
        [1] = HN_BOM_ALG_SHA256,    [7] = HN_BOM_ALG_SHA384,    [8] = HN_BOM_ALG_SHA512,   [9] = HN_BOM_ALG_SHA3_224,
        [10] = HN_BOM_ALG_SHA3_256, [11] = HN_BOM_ALG_SHA3_384, [12] = HN_BOM_ALG_SHA3_512};
    struct hn_cbor_item item;
    unsigned i = 0;

    if (x.kind != HN_CBOR_ARRAY) {
        hn_cbor_skip(&r->c, x);
        return;
    }
    for (; (item = hn_cbor_member(&r->c, &x)).kind != HN_CBOR_END; i++) {
        if (i == 0 && item.kind == HN_CBOR_UINT && item.number < sizeof algs)
            f->alg = algs[item.number];
        else if (i == 1 && item.kind == HN_CBOR_BYTES)
            f->digest = item.bytes;
        else
            hn_cbor_skip(&r->c, item);
    }
}

static void file_member(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg)
{
    struct file *f = arg;
    if (key == K_FS_NAME)
        f->name = text_of(r, v);
    else if (key == K_HASH)
        hash_entry(r, v, f);
    else
        hn_cbor_skip(&r->c, v);
}

static void file_item(struct reading *r, struct hn_cbor_item x, void *arg)
{
    struct file f = {.path = *(const struct hn_str *)arg};
    char hex[130];

    map(r, x, file_member, &f);
    if (!f.name.n)
        return;
    struct hn_bom_component *c = swid_file_add(&r->s, f.path, f.name);
    if (!c || !f.digest.n || f.digest.n > 64)
        return;
    hn_hex(f.digest, hex);
    hn_bom_hash_add(r->s.b, &c->hashes, f.alg, hn_arena_str(r->s.b->arena, hn_str_c(hex)));
}

static void directory_item(struct reading *r, struct hn_cbor_item x, void *arg);

/* The name of a directory may come behind its elements: the files then have the path without it. */
static void content_member(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg)
{
    struct hn_str *path = arg;
    if (key == K_FS_NAME)
        *path = swid_path(&r->s, *path, text_of(r, v));
    else if (key == K_FILE)
        each(r, v, file_item, path);
    else if (key == K_DIRECTORY)
        each(r, v, directory_item, path);
    else if (key == K_PATH_ELEMENTS)
        map(r, v, content_member, path);
    else
        hn_cbor_skip(&r->c, v);
}

static void directory_item(struct reading *r, struct hn_cbor_item x, void *arg)
{
    struct hn_str path = *(const struct hn_str *)arg;
    map(r, x, content_member, &path);
}

/* ---------------------------------------------------------------- tag */

static void tag_member(struct reading *r, uint64_t key, struct hn_cbor_item v, void *arg)
{
    struct hn_bom_component *c = r->s.c;
    struct hn_str path = {"", 0};

    switch (key) {
    case K_TAG_ID:
        c->swid->tag_id = tag_id(r, v);
        break;
    case K_NAME:
        c->name = text_of(r, v);
        break;
    case K_VERSION:
        c->version = text_of(r, v);
        break;
    case K_TAG_VERSION:
        swid_meta(&r->s, HN_STR("tagVersion"), text_of(r, v));
        break;
    case K_CORPUS:
    case K_PATCH:
    case K_SUPPLEMENTAL:
        if (v.kind == HN_CBOR_SIMPLE && v.number == 21)
            swid_meta(&r->s,
                      hn_str_c(key == K_CORPUS  ? "corpus"
                               : key == K_PATCH ? "patch"
                                                : "supplemental"),
                      HN_STR("true"));
        break;
    case K_ENTITY:
        each(r, v, entity_item, NULL);
        break;
    case K_LINK:
        each(r, v, link_item, NULL);
        break;
    case K_META:
        each(r, v, meta_item, NULL);
        break;
    case K_PAYLOAD:
    case K_EVIDENCE:
        map(r, v, content_member, &path);
        break;
    default:
        hn_cbor_skip(&r->c, v);
    }
}

/* COSE_Sign1: the payload is shown, the signature is not verified. */
static bool unwrap(struct reading *r, struct hn_cbor_item *x)
{
    struct hn_cbor_item item, array = *x;
    struct hn_bytes payload = {NULL, 0};
    unsigned i = 0;

    for (; (item = hn_cbor_member(&r->c, &array)).kind != HN_CBOR_END; i++) {
        if (i == 2 && item.kind == HN_CBOR_BYTES)
            payload = item.bytes;
        hn_cbor_skip(&r->c, item);
    }
    if (hn_cur_bad(&r->c.cur) || i != 4 || !payload.n)
        return false;
    hn_bom_note(r->s.b, HN_BOM_NOTE_WARNING, "signature-not-verified", HN_STR(""), HN_STR("COSE_Sign1"), HN_STR(""));
    hn_cbor_init(&r->c, payload);
    *x = hn_cbor_untag(&r->c, hn_cbor_next(&r->c));
    return true;
}

static struct hn_err read_cbor(struct hn_bom *b, struct hn_bytes text)
{
    struct reading r = {.depth = 0};
    struct hn_cbor_item x;

    if (!swid_begin(&r.s, b))
        return (struct hn_err){HN_E_NOMEM};
    hn_cbor_init(&r.c, text);
    x = hn_cbor_untag(&r.c, hn_cbor_next(&r.c));
    if (x.kind == HN_CBOR_ARRAY && !unwrap(&r, &x))
        x.kind = HN_CBOR_END;
    if (x.kind == HN_CBOR_MAP)
        map(&r, x, tag_member, NULL);
    swid_end(&r.s);
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    if (!hn_cur_bad(&r.c.cur) && x.kind == HN_CBOR_MAP)
        return HN_OK;
    struct hn_bom_note *n = hn_bom_note_at(b, HN_BOM_NOTE_FATAL, "cbor", r.c.cur.bad_at,
                                           hn_str_c(r.c.cur.bad ? r.c.cur.bad : "not a CoSWID tag"), HN_STR(""));
    (void)n;
    b->broken = true;
    return (struct hn_err){HN_E_INVALID};
}

/* The tags are sure; a bare map is one when its first key is a small integer and the second item a text. */
static unsigned sniff(struct hn_bytes text)
{
    struct hn_cbor c;
    hn_cbor_init(&c, hn_bytes_of(text.p, text.n < 4096 ? text.n : 4096));
    struct hn_cbor_item x = text.n && text.p[0] >= 0x80 ? hn_cbor_next(&c) : (struct hn_cbor_item){.kind = HN_CBOR_END};
    if (x.kind == HN_CBOR_TAG)
        return x.number == TAG_COSWID ? 95 : x.number == TAG_SIGN1 ? 70 : 0;
    if (x.kind != HN_CBOR_MAP)
        return 0;
    struct hn_cbor_item key = hn_cbor_next(&c), value = hn_cbor_next(&c);
    if (key.kind != HN_CBOR_UINT || key.number > 57)
        return 0;
    return value.kind == HN_CBOR_TEXT || value.kind == HN_CBOR_BYTES || value.kind == HN_CBOR_UINT ? 50 : 0;
}

const struct hn_bom_format hn_bom_coswid = {
    .family = HN_BOM_COSWID,
    .form = HN_BOM_CBOR,
    .sniff = sniff,
    .read = read_cbor,
};
