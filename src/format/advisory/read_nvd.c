/* NVD: API 2.0 answers ({vulnerabilities: [{cve}]}), the same records bare (in a list "cve_items" or alone), and the
 * older data feed 1.1 ({CVE_Items}). Most records since April 2026 have no configurations: that is data, not an error.
 */
#include "format/advisory/read_in.h"

#define NVD_SOURCE  "nvd@nist.gov"
#define CISA_SOURCE "134c704f-9b21-4f2e-91b3-4a467353bcc0" /* as NVD names CISA-ADP */

struct nvd {
    const struct hn_adv_sink *s;
    bool any;
};

static struct hn_str source_of(struct hn_str source, enum hn_adv_sayer *ret)
{
    *ret = hn_str_eqc(source, NVD_SOURCE)    ? HN_SAYER_NVD
           : hn_str_eqc(source, CISA_SOURCE) ? HN_SAYER_ADP
                                             : HN_SAYER_CNA;
    return *ret == HN_SAYER_ADP ? HN_STR("CISA-ADP") : source;
}

static void take_cvss(struct hn_arena *a, struct hn_adv_vec *v, const struct hn_jv *data, const struct hn_jv *metric,
                      struct hn_str source)
{
    struct hn_adv_severity s, *p;
    if (!hn_adv_tree_cvss(data, &s) || !(p = hn_adv_push(a, v, sizeof *p)))
        return;
    s.source = source_of(source, &s.sayer);
    s.primary = hn_str_eqc(hn_adv_tree_str(metric, "type"), "Primary");
    if (!s.word.n) /* of version 2 it stands beside the vector */
        s.word = hn_adv_tree_str(metric, "baseSeverity");
    *p = s;
}

static void take_metrics(struct hn_arena *a, const struct hn_jv *metrics, struct hn_adv_vec *v, struct hn_adv *adv)
{
    for (size_t i = 0; metrics && metrics->kind == HN_JV_OBJ && i < metrics->n; i++)
        HN_ADV_EACH(metric, &metrics->items[i]) {
            if (hn_str_starts(metrics->keys[i], "cvssMetric"))
                take_cvss(a, v, hn_jv_get(metric, "cvssData"), metric, hn_adv_tree_str(metric, "source"));
            else if (hn_str_starts(metrics->keys[i], "ssvc"))
                hn_adv_tree_ssvc(hn_jv_get(metric, "ssvcData"), &adv->ssvc);
        }
}

static struct hn_str english(const struct hn_jv *list)
{
    HN_ADV_EACH(item, list)
        if (hn_str_eqc(hn_adv_tree_str(item, "lang"), "en"))
            return hn_adv_tree_str(item, "value");
    return HN_STR("");
}

static void take_weaknesses(struct hn_arena *a, const struct hn_jv *list, struct hn_adv *adv)
{
    struct hn_adv_vec v = {0};
    HN_ADV_EACH(weakness, list)
        HN_ADV_EACH(description, hn_jv_get(weakness, "description"))
            hn_adv_push_str_once(a, &v, hn_adv_cwe_in(hn_adv_tree_str(description, "value")));
    adv->cwes = hn_adv_vec_strs(&v);
}

static void take_kev(const struct hn_jv *cve, struct hn_adv_kev *kev)
{
    kev->added = hn_adv_tree_time(cve, "cisaExploitAdd");
    kev->due = hn_adv_tree_time(cve, "cisaActionDue");
    kev->action = hn_adv_tree_str(cve, "cisaRequiredAction");
    kev->listed = kev->added != 0;
}

static void give(struct nvd *n, struct hn_adv *adv, struct hn_adv_text *text, struct hn_adv_vec *severities,
                 struct hn_adv_vec *affected, struct hn_adv_vec *nodes, uint64_t offset)
{
    adv->summary = hn_adv_first_line(text->details);
    adv->severities = severities->p;
    adv->n_severities = severities->n;
    adv->affected = affected->p;
    adv->n_affected = affected->n;
    adv->nodes = nodes->p;
    adv->n_nodes = nodes->n;
    n->any |= hn_adv_give(n->s, adv, text, offset);
}

static void read_cve(void *arg, const struct hn_jv *cve, uint64_t offset)
{
    struct nvd *n = arg;
    struct hn_arena *a = n->s->arena;
    struct hn_adv adv = {.family = HN_ADV_NVD, .id = hn_adv_tree_str(cve, "id")};
    struct hn_adv_text text = {.details = english(hn_jv_get(cve, "descriptions"))};
    struct hn_adv_vec severities = {0}, affected = {0}, nodes = {0};
    adv.published = hn_adv_tree_time(cve, "published");
    adv.modified = hn_adv_tree_time(cve, "lastModified");
    adv.author = hn_adv_tree_str(cve, "sourceIdentifier");
    adv.state = hn_adv_tree_str(cve, "vulnStatus");
    adv.rejected = hn_str_eqc(adv.state, "Rejected") || hn_str_eqc(adv.state, "REJECTED");
    take_metrics(a, hn_jv_get(cve, "metrics"), &severities, &adv);
    take_weaknesses(a, hn_jv_get(cve, "weaknesses"), &adv);
    take_kev(cve, &adv.kev);
    hn_adv_tree_nodes(a, hn_jv_get(cve, "configurations"), &nodes);
    hn_adv_tree_references(a, hn_jv_get(cve, "references"), &text);
    HN_ADV_EACH(item, hn_jv_get(cve, "affected"))
        hn_adv_tree_cve_affected(a, hn_jv_get(item, "affectedData"), hn_adv_tree_str(item, "source"), &affected);
    give(n, &adv, &text, &severities, &affected, &nodes, offset);
}

static void read_wrapped(void *arg, const struct hn_jv *v, uint64_t offset)
{
    struct nvd *n = arg;
    const struct hn_jv *cve = hn_jv_get(v, "cve");
    if (cve && cve->kind == HN_JV_OBJ)
        read_cve(arg, cve, offset);
    else
        n->s->bad(n->s->arg, HN_STR(""), offset, "an object \"cve\" was expected");
}

/* Data feed 1.1. */
static void read_old(void *arg, const struct hn_jv *item, uint64_t offset)
{
    struct nvd *n = arg;
    struct hn_arena *a = n->s->arena;
    const struct hn_jv *cve = hn_jv_get(item, "cve"), *impact = hn_jv_get(item, "impact"),
                       *v3 = hn_jv_get(impact, "baseMetricV3"), *v2 = hn_jv_get(impact, "baseMetricV2");
    struct hn_adv adv = {.family = HN_ADV_NVD, .id = hn_adv_tree_str(hn_jv_get(cve, "CVE_data_meta"), "ID")};
    struct hn_adv_text text = {.details = english(hn_jv_get(hn_jv_get(cve, "description"), "description_data"))};
    struct hn_adv_vec severities = {0}, affected = {0}, nodes = {0}, cwes = {0};
    adv.published = hn_adv_tree_time(item, "publishedDate");
    adv.modified = hn_adv_tree_time(item, "lastModifiedDate");
    adv.author = hn_adv_tree_str(hn_jv_get(cve, "CVE_data_meta"), "ASSIGNER");
    take_cvss(a, &severities, hn_jv_get(v3, "cvssV3"), v3, HN_STR(NVD_SOURCE));
    take_cvss(a, &severities, hn_jv_get(v2, "cvssV2"), v2, HN_STR(NVD_SOURCE));
    HN_ADV_EACH(problem, hn_jv_get(hn_jv_get(cve, "problemtype"), "problemtype_data"))
        HN_ADV_EACH(description, hn_jv_get(problem, "description"))
            hn_adv_push_str_once(a, &cwes, hn_adv_cwe_in(hn_adv_tree_str(description, "value")));
    adv.cwes = hn_adv_vec_strs(&cwes);
    hn_adv_tree_nodes(a, hn_jv_get(hn_jv_get(item, "configurations"), "nodes"), &nodes);
    hn_adv_tree_references(a, hn_jv_get(hn_jv_get(cve, "references"), "reference_data"), &text);
    give(n, &adv, &text, &severities, &affected, &nodes, offset);
}

/* Which list the top object has. NULL: none, the record stands alone. */
static const char *list_of(struct hn_bytes doc)
{
    static const char *const lists[] = {"vulnerabilities", "cve_items", "CVE_Items"};
    struct hn_jr r;
    hn_jr_init(&r, doc, HN_ADV_DEPTH, 0);
    if (hn_jr_next(&r) != HN_J_OBJ)
        return NULL;
    while (hn_jr_next(&r) == HN_J_KEY) {
        for (unsigned i = 0; i < 3; i++)
            if (hn_str_eqc(r.raw, lists[i]))
                return lists[i];
        if (!hn_jr_skip(&r))
            break;
    }
    return NULL;
}

bool hn_adv_read_nvd(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct nvd n = {.s = s};
    const char *list = list_of(doc);
    if (!list) {
        const struct hn_jv *v = hn_adv_tree(doc, s);
        if (v)
            read_cve(&n, v, 0);
        hn_arena_clear(s->arena);
    } else {
        hn_adv_each_member(doc, list, s,
                           list[0] == 'v'   ? read_wrapped
                           : list[0] == 'c' ? read_cve
                                            : read_old,
                           NULL, &n);
    }
    return n.any;
}
