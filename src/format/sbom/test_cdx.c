/* CycloneDX: conformance to the standard's own test documents, round trips of real ones, hostile ones. */
#include "hn_test.h"

#include <dirent.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "format/sbom/bom.h"
#include "format/sbom/bom_graph.h"
#include "format/sbom/bom_review.h"
#include "format/sbom/cdx.h"

#define MEMORY ((size_t)2 << 30)

struct doc {
    struct hn_arena arena;
    struct hn_bom bom;
    struct hn_err err;
};

static void doc_done(struct doc *d)
{
    hn_bom_done(&d->bom);
    hn_arena_done(&d->arena);
}

static void doc_read(struct doc *d, struct hn_bytes text)
{
    hn_arena_init(&d->arena, MEMORY);
    hn_bom_init(&d->bom, &d->arena);
    d->err = hn_bom_read(&d->bom, text);
    if (hn_ok(d->err))
        d->err = hn_bom_index(&d->bom);
}

static size_t errors(const struct doc *d)
{
    return d->bom.notes.by_severity[HN_BOM_NOTE_ERROR] + d->bom.notes.by_severity[HN_BOM_NOTE_FATAL];
}

static bool has_note(const struct doc *d, const char *code)
{
    for (const struct hn_bom_note *n = d->bom.notes.first; n; n = n->next)
        if (strcmp(n->code, code) == 0)
            return true;
    return false;
}

static struct hn_str write_as(const struct doc *d, enum hn_bom_form form, const char *version, struct hn_buf *out)
{
    struct hn_bom_how how = {.family = HN_BOM_CYCLONEDX, .form = form, .version = version, .compact = true};

    hn_buf_init(out, MEMORY);
    return hn_ok(hn_bom_write(&d->bom, &how, out, NULL)) ? hn_buf_text(out) : (struct hn_str){NULL, 0};
}

static struct hn_bytes of(const char *s)
{
    return hn_bytes_of(s, strlen(s));
}

/* ---------------------------------------------------------------- own cases */

static const char small[] =
    "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":2,\"metadata\":{\"component\":{\"type\":"
    "\"application\",\"bom-ref\":\"app\",\"name\":\"app\"}},\"components\":[{\"type\":\"library\",\"bom-ref\":\"a\","
    "\"name\":\"a\",\"version\":\"1\",\"extra\":{\"b\":[1,2]},\"components\":[{\"type\":\"file\",\"bom-ref\":\"f\","
    "\"name\":\"/f\"}]},{\"type\":\"library\",\"bom-ref\":\"b\",\"name\":\"b\"}],\"dependencies\":[{\"ref\":\"app\","
    "\"dependsOn\":[\"a\",\"b\"]},{\"ref\":\"a\",\"dependsOn\":[\"b\"]},{\"ref\":\"b\",\"dependsOn\":[]}]}";

TEST(fills_the_model)
{
    HN_AUTO(doc_done) struct doc d;
    doc_read(&d, of(small));
    CHECK_OK(d.err);
    CHECK_INT(d.bom.family, HN_BOM_CYCLONEDX);
    CHECK_TEXT(d.bom.spec_version, "1.6");
    CHECK_INT(d.bom.revision, 2);
    CHECK_UINT(d.bom.n_components, 3);
    CHECK_TEXT(d.bom.subject->name, "app");
    const struct hn_bom_component *file = hn_bom_component_by_ref(&d.bom, HN_STR("f"));
    CHECK(file && file->parent == d.bom.components[0]);
    CHECK_INT(file->type, HN_BOM_TYPE_FILE);
    const struct hn_bom_dep *known = hn_bom_dep_of(&d.bom, HN_STR("b"));
    CHECK(known && known->says_depends && !known->edges); /* needs nothing */
    CHECK(!hn_bom_dep_of(&d.bom, HN_STR("f")));           /* not told */
    CHECK_TEXT(d.bom.components[0]->extra->key, "extra");
    CHECK_TEXT(d.bom.components[0]->extra->value, "{\"b\":[1,2]}");
}

TEST(vex_words_are_mapped_and_kept)
{
    HN_AUTO(doc_done) struct doc d;
    doc_read(&d, of("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"vulnerabilities\":[{\"id\":\"CVE-1\","
                    "\"analysis\":{\"state\":\"false_positive\",\"justification\":\"protected_at_perimeter\"}},"
                    "{\"id\":\"CVE-2\",\"analysis\":{\"state\":\"resolved_with_pedigree\"}},{\"id\":\"CVE-3\"}]}"));
    CHECK_OK(d.err);
    const struct hn_bom_vuln *v = d.bom.vulns;
    CHECK_INT(v->status, HN_BOM_VEX_NOT_AFFECTED);
    CHECK_INT(v->why, HN_BOM_WHY_MITIGATED);
    CHECK_TEXT(v->state, "false_positive");
    CHECK_INT(v->next->status, HN_BOM_VEX_FIXED);
    CHECK_INT(v->next->next->status, HN_BOM_VEX_NONE);
}

TEST(what_is_wrong_has_a_place)
{
    HN_AUTO(doc_done) struct doc d;
    doc_read(&d, of("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\n\"components\":[\n{\"type\":\"library\","
                    "\"name\":\"a\",\"hashes\":[{\"alg\":\"SHA-1\",\"content\":\"xyz\"}]}]}"));
    CHECK_OK(d.err);
    hn_cdx_check(&d.bom);
    hn_bom_places(&d.bom);
    CHECK_UINT(d.bom.notes.n, 1);
    CHECK_C(d.bom.notes.first->code, "bad-form");
    CHECK_TEXT(d.bom.notes.first->place, "/components/0/hashes/0/content");
    CHECK_UINT(d.bom.notes.first->line, 3);
}

TEST(xml_faults_have_path_and_line)
{
    HN_AUTO(doc_done) struct doc d;
    doc_read(&d, of("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">\n<components>\n<component type=\"library\">\n"
                    "<version>1</version></component></components></bom>"));
    CHECK_OK(d.err);
    CHECK_C(d.bom.notes.first->code, "missing-element");
    CHECK_TEXT(d.bom.notes.first->place, "/bom/components/component[1]");
    CHECK_TEXT(d.bom.notes.first->a, "name");
}

TEST(xml_and_json_say_the_same)
{
    HN_AUTO(doc_done) struct doc json = {0}, xml = {0};
    HN_AUTO(hn_buf_done) struct hn_buf a = {0}, b = {0}, c = {0};
    doc_read(&json, of(small));
    struct hn_str text = write_as(&json, HN_BOM_XML, NULL, &a);
    doc_read(&xml, hn_str_bytes(text));
    CHECK_OK(xml.err);
    CHECK_UINT(errors(&xml), 0);
    struct hn_str again = write_as(&xml, HN_BOM_JSON, NULL, &b);
    CHECK(hn_str_find(again, HN_STR("\"dependsOn\":[\"a\",\"b\"]")) > 0);
    CHECK(hn_str_find(again, HN_STR("\"extra\"")) < 0); /* XML has no place for it */
    struct hn_str once_more = write_as(&xml, HN_BOM_XML, NULL, &c);
    CHECK_STR(once_more, text);
}

/* What JSON has one spelling for comes back from there in that: no loss, but another shape (docs/sbom-conversion.md).
 */
TEST(two_spellings_of_xml_are_one)
{
    static const char text[] =
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><services><service><name>s</name><data><classification "
        "flow=\"inbound\">PII</classification></data></service></services><dependencies><dependency "
        "ref=\"a\"><provides "
        "ref=\"b\"/><dependency ref=\"c\"/></dependency></dependencies></bom>";
    HN_AUTO(doc_done) struct doc d = {0}, json = {0};
    HN_AUTO(hn_buf_done) struct hn_buf a = {0}, b = {0};
    doc_read(&d, of(text));
    doc_read(&json, hn_str_bytes(write_as(&d, HN_BOM_JSON, NULL, &a)));
    struct hn_str back = write_as(&json, HN_BOM_XML, NULL, &b);
    CHECK(hn_str_find(back, HN_STR("<data><dataflow><classification flow=\"inbound\">PII</classification></dataflow>"
                                   "</data>")) > 0);
    CHECK(hn_str_find(back, HN_STR("<dependency ref=\"a\"><dependency ref=\"c\"/><provides ref=\"b\"/></dependency>")) >
          0);
}

TEST(a_lower_version_loses_and_says_so)
{
    HN_AUTO(doc_done) struct doc d, low = {0};
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_bom_notes loss = {.most = 100};
    struct hn_bom_how how = {.family = HN_BOM_CYCLONEDX, .form = HN_BOM_JSON, .version = "1.4", .compact = true};
    doc_read(&d, of("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"metadata\":{\"tools\":{\"components\":[{"
                    "\"type\":\"application\",\"name\":\"t\",\"version\":\"1\"}]}},\"components\":[{\"type\":"
                    "\"cryptographic-asset\",\"name\":\"k\",\"tags\":[\"x\"]}]}"));
    hn_buf_init(&out, 1 << 20);
    CHECK_OK(hn_bom_write(&d.bom, &how, &out, &loss));
    CHECK_TEXT(hn_buf_text(&out),
               "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\",\"version\":1,\"metadata\":{\"tools\":[{\"name\":"
               "\"t\",\"version\":\"1\"}]},\"components\":[{\"type\":\"file\",\"name\":\"k\"}]}");
    CHECK_UINT(loss.n, 3);
    doc_read(&low, hn_str_bytes(hn_buf_text(&out)));
    hn_cdx_check(&low.bom);
    CHECK_UINT(errors(&low), 0);
}

/* What another version writes in another form, and a signatory who is left without the one thing that makes it one, go
 * rather than make the document invalid. */
TEST(what_cannot_be_said_in_a_version_is_left_out_whole)
{
    HN_AUTO(doc_done) struct doc d, low = {0};
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    doc_read(&d, of("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.7\",\"components\":[{\"type\":\"cryptographic-"
                    "asset\",\"name\":\"k\","
                    "\"cryptoProperties\":{\"assetType\":\"protocol\",\"protocolProperties\":{\"type\":\"ike\","
                    "\"ikev2TransformTypes\":"
                    "{\"prf\":[{\"name\":\"SHA-256\"}]}}}}],\"declarations\":{\"affirmation\":{\"statement\":\"s\","
                    "\"signatories\":["
                    "{\"name\":\"Tom\",\"signature\":{\"algorithm\":\"ES256\",\"value\":\"x\"}},{\"name\":\"Ann\","
                    "\"organization\":"
                    "{\"name\":\"o\"},\"externalReference\":{\"type\":\"electronic-signature\",\"url\":\"https://"
                    "e.example\"}}]}}}"));
    hn_cdx_check(&d.bom);
    CHECK_UINT(errors(&d), 0);
    struct hn_str text = write_as(&d, HN_BOM_JSON, "1.6", &out);
    CHECK(hn_str_find(text, HN_STR("Ann")) > 0 && hn_str_find(text, HN_STR("Tom")) < 0);
    doc_read(&low, hn_str_bytes(text));
    hn_cdx_check(&low.bom);
    CHECK_UINT(errors(&low), 0);
}

TEST(attributes_of_others_are_kept_and_named)
{
    HN_AUTO(doc_done) struct doc d;
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    doc_read(
        &d, of("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\" version=\"1\"><components><component foo=\"b&amp;r\""
               " type=\"library\"><name>n</name></component></components></bom>"));
    CHECK_OK(d.err);
    CHECK_UINT(errors(&d), 0);
    CHECK_C(d.bom.notes.first->code, "unknown-attribute");
    CHECK(hn_str_find(write_as(&d, HN_BOM_XML, NULL, &out), HN_STR(" foo=\"b&amp;r\"")) > 0);
}

/* ---------------------------------------------------------------- graph */

static void append(void *arg, struct hn_bytes piece)
{
    hn_buf_add(arg, piece.p, piece.n);
}

/* Longer than what is held back at any place on the way: the same text in pieces, whole, and laid out from a whole. */
TEST(pieces_make_the_same_text)
{
    HN_AUTO(hn_buf_done) struct hn_buf in, whole, pieces, rest;
    HN_AUTO(doc_done) struct doc d;
    struct hn_bom_how how = {.family = HN_BOM_CYCLONEDX, .form = HN_BOM_JSON, .version = "1.6"};

    hn_buf_init(&in, MEMORY);
    hn_buf_init(&whole, MEMORY);
    hn_buf_init(&pieces, MEMORY);
    hn_buf_init(&rest, MEMORY);
    hn_buf_c(&in, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\"components\":[");
    for (unsigned i = 0; i < 5000; i++)
        hn_buf_fmt(&in,
                   "%s{\"type\":\"library\",\"bom-ref\":\"c%u\",\"name\":\"[{%u\\\"\",\"components\":[],"
                   "\"licenses\":[{\"license\":{\"id\":\"MIT\"}}],\"properties\":[{\"name\":\"a\",\"value\":\"}, \"}]}",
                   i ? "," : "", i, i);
    hn_buf_c(&in, "]}");
    doc_read(&d, hn_bytes_of(in.p, in.n));
    CHECK_OK(d.err);
    CHECK_OK(hn_bom_write(&d.bom, &how, &whole, NULL));
    CHECK(whole.n > (size_t)1 << 20);
    how.piece = append;
    how.arg = &pieces;
    CHECK_OK(hn_bom_write(&d.bom, &how, &rest, NULL));
    CHECK(pieces.n > 0 && rest.n < pieces.n);
    hn_buf_add(&pieces, rest.p, rest.n);
    CHECK(hn_str_eq(hn_buf_text(&pieces), hn_buf_text(&whole)));
    d.bom.plain = false; /* nothing that the version lacks, but it is looked for: by way of the whole text */
    d.bom.spec_version = HN_STR("1.5");
    hn_buf_clear(&rest);
    hn_buf_clear(&pieces);
    how.piece = NULL;
    CHECK_OK(hn_bom_write(&d.bom, &how, &rest, NULL));
    CHECK(hn_str_eq(hn_buf_text(&rest), hn_buf_text(&whole)));
}

static void count_path(void *arg, const uint32_t *path, size_t n)
{
    size_t *lengths = arg;
    lengths[0]++;
    lengths[1] = n;
}

TEST(paths_and_cycles)
{
    HN_AUTO(doc_done) struct doc d;
    struct hn_bom_graph g;
    size_t found[2] = {0}, cycles[2] = {0};
    doc_read(&d,
             of("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"metadata\":{\"component\":{\"type\":"
                "\"application\",\"bom-ref\":\"r\",\"name\":\"r\"}},\"components\":[{\"bom-ref\":\"a\"},{\"bom-ref\":"
                "\"b\"},{\"bom-ref\":\"c\"},{\"bom-ref\":\"lone\"}],\"dependencies\":[{\"ref\":\"r\",\"dependsOn\":["
                "\"a\",\"b\"]},{\"ref\":\"a\",\"dependsOn\":[\"c\"]},{\"ref\":\"b\",\"dependsOn\":[\"c\"]},{\"ref\":"
                "\"c\",\"dependsOn\":[\"a\",\"c\"]}]}"));
    CHECK_OK(d.err);
    CHECK(hn_bom_graph_build(&g, &d.bom, &d.arena));
    CHECK_UINT(g.n_roots, 1);
    CHECK_UINT(hn_bom_graph_paths(&g, 2, 10, &d.arena, count_path, found), 2);
    CHECK_UINT(found[0], 2);
    CHECK_UINT(found[1], 3);
    CHECK_UINT(hn_bom_graph_paths(&g, 3, 10, &d.arena, count_path, found), 0);
    CHECK_UINT(hn_bom_graph_cycles(&g, &d.arena, count_path, cycles), 1);
    CHECK_UINT(cycles[1], 2); /* a and c */
}

/* ---------------------------------------------------------------- hostile */

TEST(every_truncation_is_reported)
{
    HN_AUTO(doc_done) struct doc whole;
    HN_AUTO(hn_buf_done) struct hn_buf xml = {0};
    doc_read(&whole, of(small));
    struct hn_str texts[] = {HN_STR(small), write_as(&whole, HN_BOM_XML, NULL, &xml)};
    for (size_t k = 0; k < 2; k++)
        for (size_t n = 0; n + 1 < texts[k].n; n++) {
            struct doc d;
            doc_read(&d, hn_bytes_of(texts[k].p, n));
            NOTE("text %zu cut at %zu", k, n);
            CHECK_ERR(d.err, INVALID);
            CHECK(d.bom.broken && d.bom.notes.by_severity[HN_BOM_NOTE_FATAL] == 1);
            doc_done(&d);
        }
}

static void check_refused(struct hn_bytes text, const char *code)
{
    HN_AUTO(doc_done) struct doc d;
    doc_read(&d, text);
    NOTE("%s", code);
    CHECK_ERR(d.err, INVALID);
    CHECK(has_note(&d, code));
}

TEST(hostile_documents_are_refused_with_a_reason)
{
    HN_AUTO(hn_buf_done) struct hn_buf deep;
    check_refused(of("<?xml version=\"1.0\"?><!DOCTYPE bom [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;&a;\">]><bom "
                     "xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><components><component type=\"library\"><name>&b;"
                     "</name></component></components></bom>"),
                  "doctype");
    check_refused(hn_bytes_of("\xFF\xFE{\0\"\0", 6), "utf-16");
    check_refused(of("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"x\":\"\xC3\"}"), "broken-json");
    hn_buf_init(&deep, 1 << 20);
    hn_buf_c(&deep, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[");
    for (int i = 0; i < 10000; i++)
        hn_buf_c(&deep, "{\"type\":\"library\",\"name\":\"n\",\"components\":[");
    check_refused(hn_bytes_of(deep.p, deep.n), "broken-json");
    hn_buf_clear(&deep);
    hn_buf_c(&deep, "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><components>");
    for (int i = 0; i < 10000; i++)
        hn_buf_c(&deep, "<component type=\"library\"><name>n</name><components>");
    check_refused(hn_bytes_of(deep.p, deep.n), "broken-xml");
}

TEST(dirty_documents_are_read)
{
    HN_AUTO(doc_done) struct doc d;
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    doc_read(&d, of("\xEF\xBB\xBF{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"components\":[7,{\"name\":5,"
                    "\"bom-ref\":\"x\",\"type\":\"Library\"},{\"bom-ref\":\"x\",\"name\":\"b\",\"name\":\"c\"}],"
                    "\"dependencies\":[{\"ref\":\"x\",\"dependsOn\":[\"y\"]},{\"ref\":\"x\",\"dependsOn\":[\"x\"]}]}"));
    CHECK_OK(d.err);
    CHECK_UINT(d.bom.n_components, 2);
    static const char *const codes[] = {"byte-order-mark",
                                        "not-an-object",
                                        "duplicate-key",
                                        "duplicate-ref",
                                        "dangling-dep",
                                        "duplicate-dependency",
                                        NULL};
    for (size_t i = 0; codes[i]; i++) {
        NOTE("%s", codes[i]);
        CHECK(has_note(&d, codes[i]));
    }
    CHECK(hn_str_find(write_as(&d, HN_BOM_JSON, NULL, &out), HN_STR("\"name\":5")) > 0);
}

/* ---------------------------------------------------------------- the documents of the standard, and real ones */

static const char *data_folder(void)
{
    static char path[4000];
    const char *dir = getenv("HINOMI_TEST_DATA");
    snprintf(path, sizeof path, "%s/sbom/dev", dir ? dir : "../shared/data");
    return path;
}

static bool in_ci(void)
{
    const char *ci = getenv("CI");
    return ci && strcmp(ci, "true") == 0;
}

static void each_file(const char *folder, void (*each)(const char *path, const char *name))
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char path[4500];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            each_file(path, each);
        else
            each(path, e->d_name);
    }
    if (dir)
        closedir(dir);
}

static size_t seen, wrong;

static void conforms(const char *path, const char *name)
{
    HN_AUTO(hn_buf_done) struct hn_buf in;
    HN_AUTO(doc_done) struct doc d = {0};
    bool valid = strncmp(name, "valid", 5) == 0;

    hn_buf_init(&in, 64u << 20);
    if (!hn_ok(hn_read_file(path, &in, NULL)) || (!valid && strncmp(name, "invalid", 7) != 0))
        return;
    doc_read(&d, hn_bytes_of(in.p, in.n));
    hn_cdx_check(&d.bom);
    seen++;
    if ((errors(&d) == 0 && hn_ok(d.err)) == valid)
        return;
    wrong++;
    printf("# %s: %s\n", path, d.bom.notes.first ? d.bom.notes.first->code : "nothing found");
}

TEST_LONG(the_documents_of_the_standard, 60)
{
    char folder[4100];
    snprintf(folder, sizeof folder, "%s/cdx-spec", data_folder());
    each_file(folder, conforms);
    if (!seen && !in_ci())
        SKIP("no CycloneDX documents: set HINOMI_TEST_DATA");
    NOTE("%zu documents", seen);
    CHECK_UINT(wrong, 0);
    CHECK(seen >= 370);
}

/* Valid documents stay valid in every version and form that is written. */
static void converts(const char *path, const char *name)
{
    static const char *const versions[] = {"1.4", "1.5", "1.6", "1.7"};
    HN_AUTO(hn_buf_done) struct hn_buf in;
    HN_AUTO(doc_done) struct doc d = {0};

    hn_buf_init(&in, 64u << 20);
    if (strncmp(name, "valid", 5) != 0 || !hn_ok(hn_read_file(path, &in, NULL)))
        return;
    doc_read(&d, hn_bytes_of(in.p, in.n));
    for (size_t i = 0; i < 8; i++) {
        HN_AUTO(hn_buf_done) struct hn_buf out;
        HN_AUTO(doc_done) struct doc again = {0};
        bool xml = i % 2, several_data = xml && i / 2 == 1 && strstr(name, "component-data");
        struct hn_str text = write_as(&d, xml ? HN_BOM_XML : HN_BOM_JSON, versions[i / 2], &out);
        doc_read(&again, hn_str_bytes(text));
        hn_cdx_check(&again.bom);
        seen++;
        if ((hn_ok(again.err) && errors(&again) == 0) || several_data) /* XML 1.5 allows one <data> only */
            continue;
        wrong++;
        printf("# %s as %s %s: %s\n", path, xml ? "XML" : "JSON", versions[i / 2],
               again.bom.notes.first ? again.bom.notes.first->code : "unreadable");
    }
}

TEST_LONG(valid_documents_stay_valid_in_every_version, 120)
{
    char folder[4100];
    snprintf(folder, sizeof folder, "%s/cdx-spec", data_folder());
    each_file(folder, converts);
    if (!seen && !in_ci())
        SKIP("no CycloneDX documents: set HINOMI_TEST_DATA");
    NOTE("%zu conversions", seen);
    CHECK_UINT(wrong, 0);
    CHECK(seen >= 1500);
}

/* Every CycloneDX document is read, and what is written reads back as the same. JSON is compared with what came in:
 * every token of it is in the output, in an order of its own. */
static uint64_t token_sum(struct hn_str json)
{
    struct hn_jr r;
    enum hn_jtok t;
    uint64_t sum = 0;

    hn_jr_init(&r, hn_str_bytes(json), HN_JR_DEPTH_MAX, 0);
    while ((t = hn_jr_next(&r)) != HN_J_END && t != HN_J_ERR) {
        uint64_t h = 1469598103934665603u + t * 31 + (t == HN_J_KEY ? r.depth : 0);
        struct hn_arena a;
        hn_arena_init(&a, 64u << 20);
        struct hn_str s = t == HN_J_STR || t == HN_J_KEY ? hn_jr_text(&r, &a) : HN_STR("");
        for (size_t i = 0; i < s.n; i++)
            h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
        if (t == HN_J_NUM)
            h += (uint64_t)(int64_t)(hn_jr_num(&r) * 1000);
        sum += h;
        hn_arena_done(&a);
    }
    return sum;
}

/* By way of JSON an XML document is the same XML, unless JSON says that it has no place for something, or one spelling
 * for two (above). */
static bool same_by_json(const struct doc *d, struct hn_str xml)
{
    HN_AUTO(hn_buf_done) struct hn_buf json, back;
    HN_AUTO(doc_done) struct doc again = {0};
    struct hn_bom_notes loss = {.most = 1};
    struct hn_bom_how how = {.family = HN_BOM_CYCLONEDX, .form = HN_BOM_JSON, .compact = true};

    hn_buf_init(&json, MEMORY);
    hn_buf_init(&back, 1);
    if (!hn_ok(hn_bom_write(&d->bom, &how, &json, &loss)))
        return false;
    if (hn_str_find(xml, HN_STR("<data><classification")) >= 0)
        return true;
    doc_read(&again, hn_str_bytes(hn_buf_text(&json)));
    return loss.n || hn_str_eq(write_as(&again, HN_BOM_XML, NULL, &back), xml);
}

static void round_trip(const char *path, const char *name)
{
    HN_AUTO(hn_buf_done) struct hn_buf in, out, json1, json2;
    HN_AUTO(doc_done) struct doc d = {0}, again = {0};

    hn_buf_init(&in, 256u << 20);
    hn_buf_init(&out, 1);
    hn_buf_init(&json1, 1);
    hn_buf_init(&json2, 1);
    if (strncmp(name, "invalid", 7) == 0 || !hn_ok(hn_read_file(path, &in, NULL)))
        return;
    const struct hn_bom_format *f = hn_bom_sniff(hn_bytes_of(in.p, in.n));
    if (f != &hn_bom_cdx_json && f != &hn_bom_cdx_xml)
        return;
    seen++;
    doc_read(&d, hn_bytes_of(in.p, in.n));
    doc_read(&again, hn_str_bytes(write_as(&d, f->form, NULL, &out)));
    struct hn_str a = write_as(&d, HN_BOM_JSON, NULL, &json1), b = write_as(&again, HN_BOM_JSON, NULL, &json2);
    bool same = hn_ok(d.err) && hn_ok(again.err) && a.n == b.n && token_sum(a) == token_sum(b);
    if (f->form == HN_BOM_JSON) {
        size_t mark = in.n > 3 && memcmp(in.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        same &= token_sum(hn_str_cut(hn_buf_text(&in), mark, in.n)) == token_sum(a);
    } else
        same &= same_by_json(&d, hn_buf_text(&out));
    if (same)
        return;
    wrong++;
    printf("# %s (%s, %s)\n", path, hn_err_name(d.err), hn_err_name(again.err));
}

TEST_LONG(every_real_document_comes_back_as_it_was, 300)
{
    each_file(data_folder(), round_trip);
    if (!seen && !in_ci())
        SKIP("no documents: set HINOMI_TEST_DATA");
    NOTE("%zu documents", seen);
    CHECK_UINT(wrong, 0);
    CHECK(seen >= 270);
}
