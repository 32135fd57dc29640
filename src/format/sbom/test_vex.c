/* Statements on vulnerabilities: every dialect in and out, which of several counts, and input that ends early. */
#include "base/mem.h"
#include "base/str.h"
#include "format/advisory/reader.h"
#include "format/sbom/vex.h"
#include "hn_test.h"

#define DAY(n) ((hn_time)(1767225600 + (n)*86400) * HN_SECOND) /* from 2026-01-01 */

struct set {
    struct hn_arena a;
    struct hn_vex v;
    struct hn_vex_merged m;
    int trust;
    bool failed;
};

static void on_record(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    struct set *s = arg;
    (void)text;
    s->failed = s->failed || !hn_vex_add_advisory(&s->v, adv, HN_STR("doc"), s->trust);
}

static void on_bad(void *arg, struct hn_str entry, uint64_t offset, const char *why)
{
    (void)arg, (void)entry, (void)offset, (void)why;
}

static void set_init(struct set *s)
{
    *s = (struct set){.trust = 1};
    hn_arena_init(&s->a, (size_t)256 << 20);
    hn_vex_init(&s->v, &s->a);
}

static void set_done(struct set *s)
{
    hn_vex_done(&s->v);
    hn_arena_done(&s->a);
}

static void take(struct set *s, struct hn_str text)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, (size_t)256 << 20);
    struct hn_bytes exact = hn_arena_bytes(&a, hn_str_bytes(text)); /* one byte too far is seen */
    enum hn_adv_form form = hn_adv_form_of(exact);
    if (form == HN_ADV_FORM_OPENVEX || form == HN_ADV_FORM_CSAF) {
        hn_adv_read(form, exact,
                    &(const struct hn_adv_sink){.arena = &a, .record = on_record, .bad = on_bad, .arg = s});
        return;
    }
    struct hn_bom b;
    hn_bom_init(&b, &a);
    struct hn_err e = hn_bom_read(&b, exact);
    (void)hn_ok(e); /* of a truncated one the beginning is used */
    if (hn_ok(hn_bom_index(&b)))
        s->failed = s->failed || !hn_vex_add_document(&s->v, &b, HN_STR("doc"), s->trust);
    hn_bom_done(&b);
}

static void merge(struct set *s, hn_time max_age)
{
    s->failed = s->failed || !hn_vex_merge(&s->v, DAY(200), max_age, &s->m);
}

/* What counts, a line each, without time. */
static struct hn_str told(struct set *s)
{
    struct hn_str all = HN_STR("");
    for (size_t i = 0; i < s->m.n; i++) {
        const struct hn_vex_statement *x = s->m.s[i];
        if (!x->under)
            all = hn_arena_fmt(&s->a, "%.*s%.*s %.*s>%.*s %s %s\n", HN_FMT(all), HN_FMT(x->name), HN_FMT(x->product),
                               HN_FMT(x->subcomponent), hn_bom_vex_word(x->status), hn_bom_why_word(x->why));
    }
    return all;
}

#define HEAD                                                                                                           \
    "{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"@id\":\"urn:x\",\"author\":\"V\",\"timestamp\":"                \
    "\"2026-01-01T00:00:00Z\",\"version\":1,\"statements\":["
#define STATEMENT(vuln, product, rest)                                                                                 \
    "{\"vulnerability\":{\"name\":\"" vuln "\"},\"products\":[{\"@id\":\"" product "\"}]," rest "}"

static const char many[] = HEAD
    "{\"vulnerability\":{\"name\":\"CVE-2026-1\",\"aliases\":[\"GHSA-a\"]},\"products\":[{\"@id\":\"pkg:"
    "generic/app@1\","
    "\"subcomponents\":[{\"@id\":\"pkg:pypi/a@1\"},{\"@id\":\"pkg:pypi/b@1\"}]}],\"status\":\"not_affected\","
    "\"justification\":\"vulnerable_code_not_in_execute_path\",\"impact_statement\":\"never "
    "called\"}," STATEMENT("CVE-2026-2", "pkg:generic/app@1", "\"status\":\"affected\",\"action_statement\":\"Upgrade\"") "," STATEMENT(
        "CVE-2026-3", "pkg:generic/app@1",
        "\"status\":\"fixed\"") "," STATEMENT("CVE-2026-4", "pkg:generic/other",
                                              "\"status\":\"under_investigation\"") "]}";

static struct hn_str write_as(struct set *s, enum hn_vex_dialect to)
{
    struct hn_bom_notes loss = {.most = 100};
    const struct hn_vex_meta meta = {.author = HN_STR("V"),
                                     .id = HN_STR("urn:hinomi:vex:1"),
                                     .namespace = HN_STR("urn:x"),
                                     .tool = HN_STR("test"),
                                     .now = DAY(200)};
    struct hn_buf out;
    hn_buf_init(&out, 16u << 20);
    if (!hn_ok(hn_vex_write(&s->m, to, &meta, &s->a, &out, &loss)))
        hn_buf_clear(&out);
    struct hn_str text = hn_arena_str(&s->a, hn_buf_text(&out));
    hn_buf_done(&out);
    return text;
}

/* From each dialect into each: the same statements. */
TEST_LONG(dialects, 60)
{
    struct set s;
    set_init(&s);
    take(&s, hn_str_c(many));
    merge(&s, 0);
    struct hn_str want = told(&s);
    CHECK_TEXT(want, "CVE-2026-1 pkg:generic/app@1>pkg:pypi/a@1 not_affected vulnerable_code_not_in_execute_path\n"
                     "CVE-2026-1 pkg:generic/app@1>pkg:pypi/b@1 not_affected vulnerable_code_not_in_execute_path\n"
                     "CVE-2026-2 pkg:generic/app@1> affected \n"
                     "CVE-2026-3 pkg:generic/app@1> fixed \n"
                     "CVE-2026-4 pkg:generic/other> under_investigation \n");
    for (enum hn_vex_dialect to = HN_VEX_OPENVEX; to <= HN_VEX_SPDX3; to++) {
        struct set x, y;
        set_init(&x);
        take(&x, write_as(&s, to));
        merge(&x, 0);
        CHECK_STR(told(&x), want);
        for (enum hn_vex_dialect again = HN_VEX_OPENVEX; again <= HN_VEX_SPDX3; again++) {
            set_init(&y);
            take(&y, write_as(&x, again));
            merge(&y, 0);
            CHECK_STR(told(&y), want);
            set_done(&y);
        }
        set_done(&x);
    }
    CHECK(!s.failed);
    set_done(&s);
}

/* Every truncation of every dialect ends with a report, and with no more statements than the whole. */
TEST_LONG(truncations, 60)
{
    struct set s;
    set_init(&s);
    take(&s, hn_str_c(many));
    merge(&s, 0);
    for (enum hn_vex_dialect to = HN_VEX_OPENVEX; to <= HN_VEX_SPDX3; to++) {
        struct hn_str text = write_as(&s, to);
        for (size_t n = 0; n < text.n; n++) {
            struct set x;
            set_init(&x);
            take(&x, hn_str_cut(text, 0, n));
            merge(&x, 0);
            CHECK(x.m.n <= s.m.n);
            set_done(&x);
        }
    }
    CHECK(!s.failed);
    set_done(&s);
}

#define A1 "\"status\":\"affected\",\"action_statement\":\"x\",\"timestamp\":\"2026-01-02T00:00:00Z\""
#define N2                                                                                                             \
    "\"status\":\"not_affected\",\"justification\":\"component_not_present\",\"timestamp\":\"2026-01-03T00:00:00Z\""
#define F0 "\"status\":\"fixed\",\"timestamp\":\"2025-01-01T00:00:00Z\""

TEST_LONG(precedence, 60)
{
    struct set s;
    set_init(&s);
    take(&s, HN_STR(HEAD STATEMENT("CVE-1", "pkg:pypi/a", N2) "," STATEMENT("CVE-1", "pkg:pypi/a", A1) "]}"));
    merge(&s, 0);
    CHECK_INT(s.m.superseded, 1);
    CHECK_TEXT(told(&s), "CVE-1 pkg:pypi/a> not_affected component_not_present\n");
    s.trust = 2; /* older, but more trusted */
    take(&s, HN_STR(HEAD STATEMENT("CVE-1", "pkg:pypi/a", F0) "]}"));
    take(&s, HN_STR(HEAD STATEMENT("CVE-1", "pkg:pypi/b", A1) "]}")); /* another product: its own */
    merge(&s, 0);
    CHECK_INT(s.m.superseded, 2);
    CHECK_TEXT(told(&s), "CVE-1 pkg:pypi/a> fixed \nCVE-1 pkg:pypi/b> affected \n");
    CHECK(!s.failed);
    set_done(&s);
}

TEST_LONG(ages, 60)
{
    struct set s;
    set_init(&s);
    take(&s, HN_STR(HEAD STATEMENT("CVE-1", "pkg:pypi/a", N2) "," STATEMENT("CVE-2", "pkg:pypi/a", F0) "," STATEMENT(
                 "CVE-3", "pkg:pypi/a", "\"status\":\"not_affected\"") "]}"));
    merge(&s, 30 * HN_DAY);
    CHECK_INT(s.m.n, 3);
    CHECK(s.m.s[0]->expired);
    CHECK(!s.m.s[1]->expired); /* what is fixed stays fixed */
    CHECK(s.m.s[2]->unfounded);
    CHECK_INT(s.m.unfounded, 1);
    merge(&s, 0);
    CHECK_INT(s.m.expired, 0);
    CHECK(!s.failed);
    set_done(&s);
}

/* Names join transitively, over documents and in a ring. */
TEST_LONG(names, 60)
{
    struct set s;
    set_init(&s);
    take(&s,
         HN_STR(HEAD "{\"vulnerability\":{\"name\":\"X-1\",\"aliases\":[\"Y-1\"]},\"products\":[{\"@id\":\"p\"}],"
                     "\"status\":\"fixed\"},{\"vulnerability\":{\"name\":\"Y-1\",\"aliases\":[\"CVE-2026-9\",\"X-1\"]"
                     "},\"products\":[{\"@id\":\"p\"}]," A1 "}]}"));
    merge(&s, 0);
    CHECK_INT(s.m.n, 2);
    CHECK_TEXT(told(&s), "CVE-2026-9 p> affected \n");
    CHECK(!s.failed);
    set_done(&s);
}

/* What a supplier says of a library in its product says nothing of the library elsewhere. */
TEST_LONG(per_product, 60)
{
    static const char doc[] =
        "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"metadata\":{\"component\":{\"type\":\"application\","
        "\"bom-ref\":\"s\",\"name\":\"front\",\"purl\":\"pkg:generic/front@1\"}},\"components\":[{\"type\":\"library\","
        "\"bom-ref\":\"l\",\"name\":\"lib\",\"purl\":\"pkg:pypi/lib@1\"}],\"vulnerabilities\":[{\"id\":\"CVE-1\","
        "\"analysis\":{\"state\":\"not_affected\",\"justification\":\"code_not_reachable\"},\"affects\":[{\"ref\":"
        "\"l\"}]}]}";
    struct set s;
    struct hn_vex_verdict v;
    struct hn_str id = HN_STR("CVE-1"), mine = HN_STR("pkg:generic/front@1"), other = HN_STR("pkg:generic/back@1");
    set_init(&s);
    take(&s, hn_str_c(doc));
    struct hn_vex_about about = {
        .purl = HN_STR("pkg:pypi/lib@1"), .within = &mine, .n_within = 1, .ids = &id, .n_ids = 1};
    hn_vex_decide(&s.v, &about, DAY(200), 0, &v);
    CHECK_INT(v.effect, HN_VEX_APPLIES);
    about.within = &other;
    hn_vex_decide(&s.v, &about, DAY(200), 0, &v);
    CHECK_INT(v.effect, HN_VEX_NONE);
    CHECK(!s.failed);
    set_done(&s);
}
