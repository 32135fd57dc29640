/* The words for versions, and VULDEF and JVNRSS documents of our own making, after the schemas. */
#include "format/advisory/jvn_versions.h"
#include "format/advisory/reader.h"
#include "hn_test.h"

/* ---------------------------------------------------------------- words */

static const char *where(const char *words, const char *version)
{
    static const char *const names[] = {"out", "in", "unknown"};
    struct hn_jvn_range r;
    return hn_jvn_range_parse(hn_str_c(words), &r) ? names[hn_jvn_holds(&r, hn_str_c(version))] : "words";
}

TEST(words_for_versions_are_understood_or_said_not_to_be)
{
    static const struct {
        const char *words, *in, *out;
    } rows[] = {
        {"1.5", "1.5", "1.5.1"},
        {"v1.5", "1.5", "1.4"},
        {"Ver.1.5 より前のバージョン", "1.4.9", "1.5"},
        {"1.5 より前", "1.4", "1.5"},
        {"1.5 未満", "1.4", "1.5"},
        {"バージョン 1.5 およびそれ以前", "1.5", "1.5.1"},
        {"1.5 及びそれ以前のバージョン", "1.0", "1.6"},
        {"1.5　以前", "1.5", "1.6"}, /* wide blank */
        {"1.5 以下", "1.5", "1.6"},
        {"1.5 以降", "1.5", "1.4"},
        {"1.2 から 1.5", "1.5", "1.6"},
        {"1.2 から 1.5 まで", "1.2", "1.1"},
        {"1.2 から 1.5 未満", "1.4.9", "1.5"},
        {"1.2 以上 1.5 未満", "1.2", "1.5"},
        {"1.2 から 1.5 より前のバージョン", "1.3", "1.1"},
        {"1.2 〜 1.5", "1.5", "1.5.1"},
        {"すべてのバージョン", "99", NULL},
        {"全バージョン", "0.1", NULL},
        {"versions prior to 1.5", "1.4", "1.5"},
        {"1.5 and earlier", "1.5", "1.6"},
        {"1.2 through 1.5", "1.5", "1.1"},
        {"1.10 より前", "1.9", "1.10"}, /* numbers, not letters */
        {"5.0.0-rc1 から 5.0.2", "5.0.1", "5.0.3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_C(where(rows[i].words, rows[i].in), "in");
        if (rows[i].out)
            CHECK_C(where(rows[i].words, rows[i].out), "out");
    }
    static const char *const odd[] = {"",
                                      "(複数の製品)",
                                      "2020年4月1日以前にリリースされたバージョン",
                                      "1.5 SP3 およびそれ以前",
                                      "1.2 から 1.5 および 2.0",
                                      "1.5 およびそれ以前 (Windows 版)",
                                      "R12 以前",
                                      "Windows Server",
                                      "1.2 または 1.5",
                                      "から",
                                      "より前 1.5",
                                      "\xe3\x80"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        CHECK_C(where(odd[i], "1.4"), "words");
    CHECK_C(where("1.5 より前", "unknown"), "unknown");
    char line[400];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = 0;
    CHECK_C(where(line, "1"), "words");
}

/* ---------------------------------------------------------------- documents */

struct seen {
    size_t records, bad;
    char ids[1024], why[256];
    size_t affected, severities, aliases, upstream, related, cwes;
    int score[8];
    enum hn_adv_status status[8];
    char versions[512], cpes[512];
    hn_time modified;
};

static void join(char *to, size_t cap, struct hn_str s)
{
    size_t n = strlen(to);
    snprintf(to + n, cap - n, "%s%.*s", n ? "|" : "", HN_FMT(s));
}

static void record(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text)
{
    struct seen *s = arg;
    (void)text;
    s->records++;
    join(s->ids, sizeof s->ids, adv->id);
    s->affected = adv->n_affected;
    s->severities = adv->n_severities;
    s->aliases = adv->aliases.n;
    s->upstream = adv->upstream.n;
    s->related = adv->related.n;
    s->cwes = adv->cwes.n;
    s->modified = adv->modified;
    for (size_t i = 0; i < adv->n_severities && i < 8; i++)
        s->score[i] = adv->severities[i].score;
    for (size_t i = 0; i < adv->n_affected && i < 8; i++) {
        s->status[i] = adv->affected[i].status;
        for (size_t k = 0; k < adv->affected[i].versions.n; k++)
            join(s->versions, sizeof s->versions, adv->affected[i].versions.p[k]);
        for (size_t k = 0; k < adv->affected[i].cpes.n; k++)
            join(s->cpes, sizeof s->cpes, adv->affected[i].cpes.p[k]);
    }
}

static void bad(void *arg, struct hn_str entry, uint64_t offset, const char *why)
{
    struct seen *s = arg;
    (void)entry;
    (void)offset;
    s->bad++;
    snprintf(s->why, sizeof s->why, "%s", why);
}

static struct seen read_text(enum hn_adv_form form, struct hn_bytes text)
{
    struct seen s = {0};
    struct hn_arena a;
    hn_arena_init(&a, (size_t)1 << 24);
    struct hn_adv_sink sink = {.arena = &a, .record = record, .bad = bad, .arg = &s};
    hn_adv_read(form, text, &sink);
    hn_arena_done(&a);
    return s;
}

#define HEAD                                                                                                           \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VULDEF-Document version=\"3.2\" xmlns=\"http://jvn.jp/vuldef/\" "    \
    "xmlns:status=\"http://jvndb.jvn.jp/myjvn/Status\" xml:lang=\"ja\">"
#define FOOT "<status:Status version=\"3.3\" method=\"getVulnDetailInfo\" retCd=\"0\"/></VULDEF-Document>"
#define DATES                                                                                                          \
    "<DateFirstPublished>2026-10-20T12:00:00+09:00</DateFirstPublished>"                                               \
    "<DateLastUpdated>2026-11-04T12:00:00+09:00</DateLastUpdated>"

static const char two[] = HEAD
    "<Vulinfo><VulinfoID>JVNDB-2026-000101</VulinfoID><VulinfoData><Title>甲における脆弱性</Title>"
    "<VulinfoDescription><Overview>概要 &lt;b&gt;</Overview></VulinfoDescription><Affected>"
    "<AffectedItem><Name>甲社</Name><ProductName>Foo</ProductName><Cpe version=\"2.2\">cpe:/a:kou:foo</Cpe>"
    "<VersionNumber>1.5 より前</VersionNumber><VersionNumber>2.0</VersionNumber></AffectedItem>"
    "<AffectedItem affectedstatus=\"notvulnerable\"><Name>甲社</Name><ProductName>Bar</ProductName>"
    "<Cpe version=\"2.2\">cpe:/a:kou:bar</Cpe><VersionNumber>3.0</VersionNumber></AffectedItem>"
    "<AffectedItem affectedstatus=\"unknown\"><Name>甲社</Name><ProductName>Baz</ProductName></AffectedItem></Affected>"
    "<Impact><Cvss version=\"3.0\"><Severity type=\"Base\">Critical</Severity><Base>9.8</Base>"
    "<Vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</Vector></Cvss>"
    "<Cvss version=\"2.0\"><Severity "
    "type=\"Base\">High</Severity><Base>7.5</Base><Vector>AV:N/AC:L/Au:N/C:P/I:P/A:P</Vector>"
    "</Cvss><Cvss version=\"3.1\"><Severity "
    "type=\"Base\">警告</Severity><Base>10.1</Base><Vector>damaged</Vector></Cvss>"
    "<ImpactItem><Description>影響</Description></ImpactItem></Impact>"
    "<Solution><SolutionItem><Description>対策</Description></SolutionItem></Solution><Related>"
    "<RelatedItem "
    "type=\"advisory\"><Name>JVN</Name><VulinfoID>JVN#12345678</VulinfoID><URL>https://jvn.jp/x</URL></RelatedItem>"
    "<RelatedItem "
    "type=\"advisory\"><Name>CVE</Name><VulinfoID>CVE-2026-2001</VulinfoID><URL>https://cve.example</URL></RelatedItem>"
    "<RelatedItem "
    "type=\"advisory\"><Name>CVE</Name><VulinfoID>CVE-2026-2002</VulinfoID><URL>https://cve.example</URL></RelatedItem>"
    "<RelatedItem type=\"cwe\"><Name>CWE</Name><VulinfoID>CWE-79</VulinfoID></RelatedItem></Related>" DATES
    "</VulinfoData></Vulinfo>";
static const char second[] =
    "<Vulinfo><VulinfoID>JVNDB-2026-000102</VulinfoID><VulinfoData><Title>乙</Title><Affected><AffectedItem><Name>乙</"
    "Name>"
    "<ProductName>Qux</ProductName><Cpe version=\"2.2\">cpe:/o:otsu:qux:1.0</Cpe></AffectedItem></Affected><Related>"
    "<RelatedItem type=\"advisory\"><VulinfoID>CVE-2026-2003</VulinfoID></RelatedItem></Related>" DATES
    "</VulinfoData></Vulinfo>" FOOT;

static size_t both(char *out, size_t cap)
{
    return (size_t)snprintf(out, cap, "%s%s", two, second);
}

TEST(a_document_of_vuldef_tells_all_that_it_has)
{
    char text[8192];
    snprintf(text, sizeof text, "%s%s", two, FOOT);
    struct seen s = read_text(HN_ADV_FORM_VULDEF, hn_str_bytes(hn_str_c(text)));
    CHECK_UINT(s.records, 1);
    CHECK_UINT(s.bad, 0);
    CHECK_C(s.ids, "JVNDB-2026-000101");
    CHECK_UINT(s.affected, 3);
    CHECK_INT(s.status[0], HN_STATUS_AFFECTED);
    CHECK_INT(s.status[1], HN_STATUS_NOT_AFFECTED);
    CHECK_INT(s.status[2], HN_STATUS_UNKNOWN);
    CHECK_C(s.versions, "1.5 より前|2.0|3.0");
    CHECK_C(s.cpes, "cpe:/a:kou:foo|cpe:/a:kou:bar");
    CHECK_UINT(s.severities, 3);
    CHECK_INT(s.score[0], 98);
    CHECK_INT(s.score[1], 75);
    CHECK_INT(s.score[2], -1); /* 10.1 is no score */
    CHECK_UINT(s.aliases, 0);  /* two CVEs: parts of one problem, not names of it */
    CHECK_UINT(s.upstream, 2);
    CHECK_UINT(s.related, 1);
    CHECK_UINT(s.cwes, 1);
    CHECK(s.modified == hn_time_from_date(2026, 11, 4) + 3 * 3600 * HN_SECOND);
}

TEST(every_item_of_a_document_is_a_record)
{
    char text[16384];
    struct seen s = read_text(HN_ADV_FORM_VULDEF, hn_bytes_of(text, both(text, sizeof text)));
    CHECK_C(s.ids, "JVNDB-2026-000101|JVNDB-2026-000102");
    CHECK_UINT(s.bad, 0);
    CHECK_UINT(s.aliases, 1); /* of the second */
    CHECK_C(s.cpes, "cpe:/a:kou:foo|cpe:/a:kou:bar|cpe:/o:otsu:qux:1.0");
}

/* What was whole before the damage is kept, and the damage is said. */
TEST_LONG(a_damaged_document_says_so_at_every_length, 60)
{
    char text[16384];
    size_t n = both(text, sizeof text);
    for (size_t i = 1; i < n; i++) {
        struct seen s = read_text(HN_ADV_FORM_VULDEF, hn_bytes_of(text, i));
        NOTE("cut at %zu: %zu records, %zu errors", i, s.records, s.bad);
        CHECK(s.bad > 0);
        CHECK(s.records <= 2);
    }
}

TEST(hostile_documents_are_refused_or_said)
{
    static const struct {
        const char *text;
        size_t records;
    } rows[] = {
        {"<!DOCTYPE x [<!ENTITY a \"b\">]>" HEAD FOOT, 0},
        {HEAD "<Vulinfo><VulinfoID>&undefined;</VulinfoID></Vulinfo>" FOOT, 0},
        {HEAD "<Vulinfo><VulinfoData/></Vulinfo>" FOOT, 0}, /* without an id */
        {HEAD "<Vulinfo><VulinfoID>JVNDB-1</VulinfoID></Vulinfo", 0},
        {"no XML at all", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = read_text(HN_ADV_FORM_VULDEF, hn_str_bytes(hn_str_c(rows[i].text)));
        NOTE("row %zu: %s", i, s.why);
        CHECK_UINT(s.records, rows[i].records);
        CHECK(s.bad > 0);
    }
}

TEST(an_overview_of_jvnrss_has_its_items)
{
    static const char text[] =
        "<?xml version=\"1.0\"?><rdf:RDF xmlns=\"http://purl.org/rss/1.0/\" xmlns:rdf=\"http://www.w3.org/1999/02/"
        "22-rdf-syntax-ns#\" xmlns:dcterms=\"http://purl.org/dc/terms/\" xmlns:sec=\"http://jvn.jp/rss/mod_sec/3.0/\">"
        "<item><title>a</title><link>https://jvn.example/a</link><sec:identifier>JVNDB-2026-1</sec:identifier>"
        "<sec:references source=\"CVE\" id=\"CVE-2026-1\">u</sec:references>"
        "<sec:cpe version=\"2.2\" vendor=\"V\" product=\"P\">cpe:/a:v:p</sec:cpe>"
        "<sec:cpe version=\"2.2\" vendor=\"V\" product=\"Q\">cpe:/a:v:q</sec:cpe>"
        "<sec:cvss score=\"6.1\" severity=\"Medium\" vector=\"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N\" "
        "version=\"3.0\" "
        "type=\"Base\"/><sec:cvss score=\"4.3\" severity=\"Medium\" vector=\"AV:N/AC:M/Au:N/C:N/I:P/A:N\" "
        "version=\"2.0\" "
        "type=\"Base\"/><dcterms:modified>2026-11-05T12:00:00+09:00</dcterms:modified></item>"
        "<item><title>b</title><sec:identifier>JVNDB-2026-2</sec:identifier></item></rdf:RDF>";
    struct seen s = read_text(HN_ADV_FORM_JVNRSS, hn_str_bytes(HN_STR(text)));
    CHECK_C(s.ids, "JVNDB-2026-1|JVNDB-2026-2");
    CHECK_C(s.cpes, "cpe:/a:v:p|cpe:/a:v:q");
    CHECK_INT(s.score[0], 61);
    CHECK_INT(s.score[1], 43);
    CHECK_UINT(s.bad, 0);
}
