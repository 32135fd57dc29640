/* SWID, CoSWID and envelopes: one tag in two forms says the same; what is signed is read and said to be unverified. */
#include "format/sbom/test_sbom.h"

static const char xml[] =
    "<?xml version=\"1.0\"?><SoftwareIdentity xmlns=\"http://standards.iso.org/iso/19770/-2/2015/schema.xsd\" "
    "xmlns:h=\"http://www.w3.org/2001/04/xmlenc#sha256\" name=\"Runner\" version=\"4.1\" tagId=\"acme-4-1\">"
    "<Entity name=\"ACME\" regid=\"acme.example\" role=\"tagCreator softwareCreator\"/>"
    "<Entity name=\"Shop\" role=\"distributor\"/><Link rel=\"requires\" href=\"swid:base\"/>"
    "<Meta product=\"Road\"/><Payload><Directory root=\"/opt\" name=\"r\"><File name=\"run\" "
    "h:hash=\"a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3\"/></Directory></Payload>"
    "</SoftwareIdentity>";

static void same_tag(struct doc *d, const char *path)
{
    const struct hn_bom_component *c = d->b.subject;
    CHECK_OK(d->err);
    CHECK(c != NULL);
    CHECK_TEXT(c->name, "Runner");
    CHECK_TEXT(c->version, "4.1");
    CHECK_TEXT(c->swid->tag_id, "acme-4-1");
    CHECK_TEXT(c->manufacturer->name, "ACME");
    CHECK_TEXT(c->supplier->name, "Shop");
    CHECK_TEXT(d->b.authors->name, "ACME");
    CHECK_TEXT(hn_bom_prop_get(c->props, "swid:product"), "Road");
    CHECK_UINT(d->b.n_components, 1);
    CHECK_TEXT(d->b.components[0]->name, path);
    CHECK_INT(d->b.components[0]->hashes->alg, HN_BOM_ALG_SHA256);
    const struct hn_bom_dep *dep = hn_bom_dep_of(&d->b, HN_STR("acme-4-1"));
    CHECK(dep && dep->edges);
    CHECK_TEXT(dep->edges->to, "base");
}

TEST(a_swid_tag)
{
    struct doc d;
    doc_c(&d, xml);
    same_tag(&d, "/opt/r/run");
    STOP_IF_FAILED();
    CHECK_UINT(d.b.notes.n, 0);
    doc_done(&d);
    truncations(hn_str_c(xml), 1);
}

TEST(entities_are_not_followed)
{
    struct doc d;
    doc_c(&d,
          "<!DOCTYPE SoftwareIdentity [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
          "<SoftwareIdentity name=\"n\" tagId=\"t\"><Entity name=\"E\" role=\"tagCreator\"/>&e;</SoftwareIdentity>");
    CHECK(d.b.subject != NULL);
    CHECK_TEXT(d.b.subject->name, "n");
    CHECK(d.b.notes.n > 0);
    doc_done(&d);
}

/* ---------------------------------------------------------------- CBOR, by hand */

static void head(struct hn_buf *b, unsigned major, uint32_t n)
{
    if (n < 24) {
        hn_buf_chr(b, (char)(major << 5 | n));
        return;
    }
    hn_buf_chr(b, (char)(major << 5 | 26));
    for (int shift = 24; shift >= 0; shift -= 8)
        hn_buf_chr(b, (char)(n >> shift));
}

static void text(struct hn_buf *b, const char *s)
{
    head(b, 3, (uint32_t)strlen(s));
    hn_buf_c(b, s);
}

static void key_text(struct hn_buf *b, unsigned key, const char *s)
{
    head(b, 0, key);
    text(b, s);
}

static void entity(struct hn_buf *b, const char *name, unsigned n_roles, const unsigned *roles)
{
    head(b, 5, 2);
    key_text(b, 31, name);
    head(b, 0, 33);
    head(b, 4, n_roles);
    for (unsigned i = 0; i < n_roles; i++)
        head(b, 0, roles[i]);
}

static void tag(struct hn_buf *b)
{
    static const unsigned makers[] = {1, 2}, shop[] = {4};
    head(b, 6, 1398229316);
    head(b, 5, 7);
    key_text(b, 0, "acme-4-1");
    key_text(b, 1, "Runner");
    key_text(b, 13, "4.1");
    head(b, 0, 2);
    head(b, 4, 2);
    entity(b, "ACME", 2, makers);
    entity(b, "Shop", 1, shop);
    head(b, 0, 4);
    head(b, 5, 2);
    key_text(b, 38, "swid:base");
    head(b, 0, 40);
    head(b, 0, 8);
    head(b, 0, 5);
    head(b, 5, 1);
    key_text(b, 52, "Road");
    head(b, 0, 6);
    head(b, 5, 1);
    head(b, 0, 16);
    head(b, 5, 2);
    key_text(b, 24, "r");
    head(b, 0, 26);
    head(b, 5, 1);
    head(b, 0, 17);
    head(b, 5, 2);
    key_text(b, 24, "run");
    head(b, 0, 7);
    head(b, 4, 2);
    head(b, 0, 1);
    head(b, 2, 32);
    for (int i = 0; i < 32; i++)
        hn_buf_chr(b, '\xA3');
}

TEST(the_same_tag_in_cbor_and_signed)
{
    struct hn_buf plain, sealed;
    struct doc d;

    hn_buf_init(&plain, 4096);
    hn_buf_init(&sealed, 4096);
    tag(&plain);
    head(&sealed, 6, 18);
    head(&sealed, 4, 4);
    head(&sealed, 2, 0);
    head(&sealed, 5, 0);
    head(&sealed, 2, (uint32_t)plain.n);
    hn_buf_str(&sealed, hn_buf_text(&plain));
    head(&sealed, 2, 1);
    hn_buf_chr(&sealed, 's');
    doc_read(&d, hn_bytes_of(plain.p, plain.n));
    same_tag(&d, "r/run");
    STOP_IF_FAILED();
    CHECK_UINT(d.b.notes.n, 0);
    doc_done(&d);
    doc_read(&d, hn_bytes_of(sealed.p, sealed.n));
    same_tag(&d, "r/run");
    STOP_IF_FAILED();
    CHECK_C(d.b.notes.first->code, "signature-not-verified");
    doc_done(&d);
    truncations(hn_buf_text(&plain), 1);
    truncations(hn_buf_text(&sealed), 1);
    hn_buf_done(&plain);
    hn_buf_done(&sealed);
}

TEST(cbor_that_nests_and_promises_too_much)
{
    struct hn_buf b;
    struct doc d;
    hn_buf_init(&b, 1u << 20);
    head(&b, 6, 1398229316);
    for (int i = 0; i < 100000; i++)
        hn_buf_c(&b, "\x81");
    doc_read(&d, hn_bytes_of(b.p, b.n));
    CHECK_ERR(d.err, INVALID);
    CHECK(d.b.broken);
    doc_done(&d);
    doc_read(&d, hn_bytes_of("\xDA\x53\x57\x49\x44\xBB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 14));
    CHECK_ERR(d.err, INVALID);
    doc_done(&d);
    hn_buf_done(&b);
}

/* ---------------------------------------------------------------- envelopes */

TEST(an_envelope_is_opened)
{
    struct doc d;
    /* {"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"i","digest":{"sha256":"00"}}],
     *  "predicateType":"https://cyclonedx.org/bom","predicate":{"bomFormat":"CycloneDX","specVersion":"1.6",
     *  "components":[{"type":"library","name":"x"}]}} */
    doc_c(&d, "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\""
              "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoiaSIsImRpZ2VzdCI6eyJz"
              "aGEyNTYiOiIwMCJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL2N5Y2xvbmVkeC5vcmcvYm9tIiwicHJlZGljYXRlIjp7ImJvbUZv"
              "cm1hdCI6IkN5Y2xvbmVEWCIsInNwZWNWZXJzaW9uIjoiMS42IiwiY29tcG9uZW50cyI6W3sidHlwZSI6ImxpYnJhcnkiLCJuYW1lIjoi"
              "eCJ9XX19\",\"signatures\":[{\"keyid\":\"key-1\",\"sig\":\"AA==\"}]}");
    CHECK_OK(d.err);
    CHECK_INT(d.b.family, HN_BOM_CYCLONEDX);
    CHECK_UINT(d.b.n_components, 1);
    CHECK_C(d.b.notes.first->code, "signature-not-verified");
    CHECK_TEXT(d.b.notes.first->a, "key-1");
    CHECK_C(d.b.notes.first->next->code, "attested-subject");
    doc_done(&d);
}

/* DSSE lets a signer use the alphabet for addresses, without "="; a bundle of Sigstore holds the envelope one level
 * down. */
TEST(an_envelope_in_a_bundle_and_in_the_other_alphabet)
{
    static const char *const texts[] = {
        "{\"payloadType\":\"x\",\"payload\":\"@\",\"signatures\":[{\"sig\":\"AA==\"}]}",
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":{\"x\":1},"
        "\"dsseEnvelope\":{\"payload\":\"@\",\"payloadType\":\"x\",\"signatures\":[{\"sig\":\"AA==\"},{\"sig\":\"AA=="
        "\"}]}}",
    };
    /* {"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"~~ÿ?"}]} */
    static const char payload[] =
        "eyJib21Gb3JtYXQiOiJDeWNsb25lRFgiLCJzcGVjVmVyc2lvbiI6IjEuNiIsImNvbXBvbmVudHMiOlt7InR5cGUi"
        "OiJsaWJyYXJ5IiwibmFtZSI6In5-w78_In1dfQ";
    for (size_t i = 0; i < 2; i++) {
        struct doc d;
        char text[1024];
        const char *at = strchr(texts[i], '@');
        (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - texts[i]), texts[i], payload, at + 1);
        doc_c(&d, text);
        CHECK_OK(d.err);
        CHECK_INT(d.b.family, HN_BOM_CYCLONEDX);
        CHECK_UINT(d.b.n_components, 1);
        CHECK_C(d.b.notes.first->code, "signature-not-verified");
        CHECK_TEXT(d.b.notes.first->b, i ? "2" : "1");
        doc_done(&d);
    }
}

/* Provenance is no bill of materials: it is refused with its type, and what it speaks of is named. */
TEST(statements_that_hold_no_document_are_refused)
{
    struct doc d;
    doc_c(&d,
          "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"i\",\"digest\":{\"sha1\":\"00\"}}],"
          "\"predicateType\":\"https://slsa.dev/provenance/v1\",\"predicate\":{\"buildDefinition\":{}}}");
    CHECK_INT(d.err.code, HN_E_INVALID);
    CHECK_UINT(d.b.n_components, 0);
    CHECK_UINT(told(&d, "attested-subject"), 1);
    CHECK_UINT(told(&d, "predicate-no-bom"), 1);
    for (const struct hn_bom_note *n = d.b.notes.first; n; n = n->next)
        if (!strcmp(n->code, "predicate-no-bom"))
            CHECK_TEXT(n->a, "https://slsa.dev/provenance/v1");
    doc_done(&d);
}

/* An envelope in an envelope in an envelope …: an end is put to it. */
TEST(envelopes_within_envelopes_end)
{
    struct hn_buf b, next;
    struct doc d;

    hn_buf_init(&b, 1u << 24);
    hn_buf_init(&next, 1u << 24);
    hn_buf_c(&b, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\"}");
    for (int i = 0; i < 12; i++) {
        hn_buf_clear(&next);
        hn_buf_c(&next, "{\"_type\":\"x\",\"predicateType\":\"y\",\"predicate\":");
        hn_buf_str(&next, hn_buf_text(&b));
        hn_buf_c(&next, "}");
        hn_buf_clear(&b);
        hn_buf_str(&b, hn_buf_text(&next));
    }
    doc_read(&d, hn_str_bytes(hn_buf_text(&b)));
    CHECK(!hn_ok(d.err));
    CHECK(d.b.notes.n > 0);
    doc_done(&d);
    hn_buf_done(&b);
    hn_buf_done(&next);
}
