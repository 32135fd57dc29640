/* CVE JSON 5.x (CVEProject/cve-schema): what the CNA says, and what others add (ADP containers, CISA's Vulnrichment).
 * NVD's copy of affected data and of SSVC has the same inner shapes: hn_adv_tree_cve_affected(), hn_adv_tree_ssvc(). */
#include "format/advisory/read_in.h"

struct cve {
    struct hn_arena *a;
    struct hn_adv adv;
    struct hn_adv_text text;
    struct hn_adv_vec affected, severities, nodes, cwes;
};

/* ---------------------------------------------------------------- affected */

static enum hn_adv_status status_of(struct hn_str s)
{
    return hn_str_eqc(s, "affected")     ? HN_STATUS_AFFECTED
           : hn_str_eqc(s, "unaffected") ? HN_STATUS_NOT_AFFECTED
           : s.n                         ? HN_STATUS_UNKNOWN
                                         : HN_STATUS_UNSAID;
}

/* Package collections that CNAs name by URL, told by the domain, whichever of its hosts is named. */
static struct hn_str ecosystem_of_collection(struct hn_str url)
{
    static const char *const hosts[][2] = {{"pypi.", "PyPI"},
                                           {"npmjs.", "npm"},
                                           {"maven.apache.org", "Maven"},
                                           {"maven.org", "Maven"},
                                           {"rubygems.org", "RubyGems"},
                                           {"crates.io", "crates.io"},
                                           {"pkg.go.dev", "Go"},
                                           {"golang.org", "Go"},
                                           {"packagist.org", "Packagist"},
                                           {"nuget.org", "NuGet"},
                                           {"hex.pm", "Hex"},
                                           {"pub.dev", "Pub"},
                                           {"cran.r-project.org", "CRAN"},
                                           {"hackage.haskell.org", "Hackage"}};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (hn_str_find(url, hn_str_c(hosts[i][0])) >= 0)
            return hn_str_c(hosts[i][1]);
    return HN_STR("");
}

static void push_version(struct hn_arena *a, struct hn_adv_vec *v, const struct hn_jv *item)
{
    struct hn_adv_vec changes = {0};
    struct hn_adv_cve_version *p = hn_adv_push(a, v, sizeof *p);
    if (!p)
        return;
    HN_ADV_EACH(change, hn_jv_get(item, "changes")) {
        struct hn_adv_cve_change *c = hn_adv_push(a, &changes, sizeof *c);
        if (c)
            *c = (struct hn_adv_cve_change){hn_adv_tree_str(change, "at"),
                                            (uint8_t)status_of(hn_adv_tree_str(change, "status"))};
    }
    *p = (struct hn_adv_cve_version){.status = (uint8_t)status_of(hn_adv_tree_str(item, "status")),
                                     .version = hn_adv_tree_str(item, "version"),
                                     .type = hn_adv_tree_str(item, "versionType"),
                                     .less_than = hn_adv_tree_str(item, "lessThan"),
                                     .less_than_or_equal = hn_adv_tree_str(item, "lessThanOrEqual"),
                                     .changes = changes.p,
                                     .n_changes = changes.n};
}

void hn_adv_tree_cve_affected(struct hn_arena *a, const struct hn_jv *list, struct hn_str who,
                              struct hn_adv_vec *affected)
{
    HN_ADV_EACH(item, list) {
        struct hn_adv_vec versions = {0};
        struct hn_adv_affected *f = hn_adv_push(a, affected, sizeof *f);
        if (!f)
            return;
        f->vendor = hn_adv_tree_str(item, "vendor");
        f->product = hn_adv_tree_str(item, "product");
        f->purl = hn_adv_tree_str(item, "packageURL");
        f->name = hn_adv_tree_str(item, "packageName");
        f->ecosystem = ecosystem_of_collection(hn_adv_tree_str(item, "collectionURL"));
        f->cpes = hn_adv_tree_strs(a, hn_jv_get(item, "cpes"));
        f->platforms = hn_adv_tree_strs(a, hn_jv_get(item, "platforms"));
        f->status = status_of(hn_adv_tree_str(item, "defaultStatus"));
        f->note = who;
        HN_ADV_EACH(version, hn_jv_get(item, "versions"))
            push_version(a, &versions, version);
        f->cve_versions = versions.p;
        f->n_cve_versions = versions.n;
        hn_adv_fill_from_purl(a, f);
    }
}

/* ---------------------------------------------------------------- exploitation */

/* Keys and values as CVE records ("Technical Impact": "partial") and NVD ("technicalImpact": "total") write them. */
static bool like(struct hn_str s, const char *word)
{
    size_t k = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == ' ' || c == '_')
            continue;
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != word[k] || !word[k])
            return false;
        k++;
    }
    return !word[k];
}

static void take_point(struct hn_str key, struct hn_str value, struct hn_adv_ssvc *s)
{
    if (like(key, "exploitation"))
        s->exploitation = like(value, "active")                            ? HN_EXPLOITATION_ACTIVE
                          : like(value, "poc") || like(value, "publicpoc") ? HN_EXPLOITATION_POC
                          : like(value, "none")                            ? HN_EXPLOITATION_NONE
                                                                           : HN_EXPLOITATION_UNSAID;
    if (like(key, "automatable"))
        s->automatable = like(value, "yes")  ? HN_AUTOMATABLE_YES
                         : like(value, "no") ? HN_AUTOMATABLE_NO
                                             : HN_AUTOMATABLE_UNSAID;
    if (like(key, "technicalimpact"))
        s->impact = like(value, "total")     ? HN_IMPACT_TOTAL
                    : like(value, "partial") ? HN_IMPACT_PARTIAL
                                             : HN_IMPACT_UNSAID;
}

void hn_adv_tree_ssvc(const struct hn_jv *content, struct hn_adv_ssvc *ret)
{
    hn_time date = hn_adv_tree_time(content, "timestamp");
    if (ret->date > date)
        return;
    ret->date = date;
    HN_ADV_EACH(option, hn_jv_get(content, "options"))
        for (size_t i = 0; option->kind == HN_JV_OBJ && i < option->n; i++)
            if (option->items[i].kind == HN_JV_STR)
                take_point(option->keys[i], option->items[i].s, ret);
}

/* ---------------------------------------------------------------- containers */

static void take_metric(struct cve *c, const struct hn_jv *metric, enum hn_adv_sayer sayer, struct hn_str who)
{
    static const char *const keys[] = {"cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"};
    struct hn_adv_severity s;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (hn_adv_tree_cvss(hn_jv_get(metric, keys[i]), &s)) {
            struct hn_adv_severity *p = hn_adv_push(c->a, &c->severities, sizeof *p);
            s.sayer = sayer;
            s.source = who;
            if (p)
                *p = s;
        }
    const struct hn_jv *other = hn_jv_get(metric, "other"), *content = hn_jv_get(other, "content");
    struct hn_str type = hn_adv_tree_str(other, "type");
    if (like(type, "ssvc"))
        hn_adv_tree_ssvc(content, &c->adv.ssvc);
    if (like(type, "kev")) {
        c->adv.kev.listed = true;
        c->adv.kev.added = hn_adv_tree_time(content, "dateAdded");
    }
}

static struct hn_str english(const struct hn_jv *list, const char *key)
{
    struct hn_str any = HN_STR("");
    HN_ADV_EACH(item, list) {
        struct hn_str text = hn_adv_tree_str(item, key);
        if (text.n && hn_str_starts(hn_adv_tree_str(item, "lang"), "en"))
            return text;
        any = any.n ? any : text;
    }
    return any;
}

static void take_container(struct cve *c, const struct hn_jv *v, enum hn_adv_sayer sayer)
{
    struct hn_str who = hn_adv_tree_str(hn_jv_get(v, "providerMetadata"), "shortName");
    hn_adv_tree_cve_affected(c->a, hn_jv_get(v, "affected"), who, &c->affected);
    hn_adv_tree_nodes(c->a, hn_jv_get(v, "cpeApplicability"), &c->nodes);
    hn_adv_tree_references(c->a, hn_jv_get(v, "references"), &c->text);
    HN_ADV_EACH(metric, hn_jv_get(v, "metrics"))
        take_metric(c, metric, sayer, who);
    HN_ADV_EACH(problem, hn_jv_get(v, "problemTypes"))
        HN_ADV_EACH(description, hn_jv_get(problem, "descriptions")) {
            struct hn_str id = hn_adv_cwe_in(hn_adv_tree_str(description, "cweId"));
            hn_adv_push_str_once(c->a, &c->cwes,
                                 id.n ? id : hn_adv_cwe_in(hn_adv_tree_str(description, "description")));
        }
}

static void take_metadata(struct cve *c, const struct hn_jv *m)
{
    c->adv.id = hn_adv_tree_str(m, "cveId");
    c->adv.author = hn_adv_tree_str(m, "assignerShortName");
    c->adv.state = hn_adv_tree_str(m, "state");
    c->adv.rejected = hn_str_eqc(c->adv.state, "REJECTED");
    c->adv.published = hn_adv_tree_time(m, "datePublished");
    c->adv.modified = hn_adv_tree_time(m, "dateUpdated");
    if (!c->adv.modified)
        c->adv.modified = c->adv.published;
    if (c->adv.rejected)
        c->adv.withdrawn = hn_adv_tree_time(m, "dateRejected");
}

bool hn_adv_read_cve5(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct cve c = {.a = s->arena, .adv = {.family = HN_ADV_CVE5}};
    const struct hn_jv *v = hn_adv_tree(doc, s), *containers = hn_jv_get(v, "containers"),
                       *cna = hn_jv_get(containers, "cna");
    if (!v)
        return false;
    take_metadata(&c, hn_jv_get(v, "cveMetadata"));
    take_container(&c, cna, HN_SAYER_CNA);
    HN_ADV_EACH(adp, hn_jv_get(containers, "adp"))
        take_container(&c, adp, HN_SAYER_ADP);
    c.text.details = english(hn_jv_get(cna, c.adv.rejected ? "rejectedReasons" : "descriptions"), "value");
    c.adv.summary = hn_adv_tree_str(cna, "title");
    if (!c.adv.summary.n)
        c.adv.summary = hn_adv_first_line(c.text.details);
    c.adv.affected = c.affected.p;
    c.adv.n_affected = c.affected.n;
    c.adv.severities = c.severities.p;
    c.adv.n_severities = c.severities.n;
    c.adv.nodes = c.nodes.p;
    c.adv.n_nodes = c.nodes.n;
    c.adv.cwes = hn_adv_vec_strs(&c.cwes);
    bool ok = hn_adv_give(s, &c.adv, &c.text, 0);
    hn_arena_clear(s->arena);
    return ok;
}
