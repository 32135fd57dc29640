/* What form a document has, and its reader. */
#include "format/advisory/read_in.h"

#define LOOK_AT ((size_t)64 << 10)

static const struct {
    const char *word;
    bool (*read)(struct hn_bytes doc, const struct hn_adv_sink *s);
} forms[HN_ADV_FORM_COUNT] = {
    [HN_ADV_FORM_UNKNOWN] = {"unknown", NULL},
    [HN_ADV_FORM_ZIP] = {"zip", NULL},
    [HN_ADV_FORM_GZIP] = {"gzip", NULL},
    [HN_ADV_FORM_OSV] = {"osv", hn_adv_read_osv},
    [HN_ADV_FORM_OSV_LIST] = {"osv-list", hn_adv_read_osv_list},
    [HN_ADV_FORM_CVE5] = {"cve", hn_adv_read_cve5},
    [HN_ADV_FORM_NVD] = {"nvd", hn_adv_read_nvd},
    [HN_ADV_FORM_KEV_JSON] = {"kev", hn_adv_read_kev_json},
    [HN_ADV_FORM_KEV_CSV] = {"kev-csv", hn_adv_read_kev_csv},
    [HN_ADV_FORM_EPSS] = {"epss", hn_adv_read_epss},
    [HN_ADV_FORM_CSAF] = {"csaf", hn_adv_read_csaf},
    [HN_ADV_FORM_OPENVEX] = {"openvex", hn_adv_read_openvex},
    [HN_ADV_FORM_DEBIAN] = {"debian", hn_adv_read_debian},
    [HN_ADV_FORM_USN] = {"usn", hn_adv_read_usn},
    [HN_ADV_FORM_UBUNTU_CVE] = {"ubuntu", hn_adv_read_ubuntu_cve},
    [HN_ADV_FORM_ALPINE] = {"alpine", hn_adv_read_alpine},
    [HN_ADV_FORM_VULDEF] = {"vuldef", hn_adv_read_vuldef},
    [HN_ADV_FORM_JVNRSS] = {"jvnrss", hn_adv_read_jvnrss},
};

const char *hn_adv_form_word(enum hn_adv_form f)
{
    return (unsigned)f < HN_ADV_FORM_COUNT ? forms[f].word : "";
}

bool hn_adv_read(enum hn_adv_form form, struct hn_bytes doc, const struct hn_adv_sink *s)
{
    if ((unsigned)form < HN_ADV_FORM_COUNT && forms[form].read)
        return forms[form].read(doc, s);
    s->bad(s->arg, HN_STR(""), 0, "no known form of advisory data");
    return false;
}

/* ---------------------------------------------------------------- JSON */

/* Keys that the first levels show, and the form that they mean together. A document is of the first form all of whose
 * keys were seen at their depth. */
struct clue {
    enum hn_adv_form form;
    struct {
        unsigned depth;
        const char *key;
    } keys[3];
};
static const struct clue clues[] = {
    {HN_ADV_FORM_OSV, {{1, "id"}, {1, "modified"}}},
    {HN_ADV_FORM_CSAF, {{1, "document"}, {2, "csaf_version"}}},
    {HN_ADV_FORM_CVE5, {{1, "cveMetadata"}}},
    {HN_ADV_FORM_KEV_JSON, {{1, "catalogVersion"}, {1, "vulnerabilities"}}},
    {HN_ADV_FORM_KEV_JSON, {{1, "vulnerabilities"}, {2, "cveID"}}},
    {HN_ADV_FORM_NVD, {{1, "vulnerabilities"}, {2, "cve"}}},
    {HN_ADV_FORM_NVD, {{1, "CVE_Items"}}},
    {HN_ADV_FORM_NVD, {{1, "resultsPerPage"}, {1, "vulnerabilities"}}},
    {HN_ADV_FORM_NVD, {{1, "sourceIdentifier"}, {1, "id"}}},
    {HN_ADV_FORM_NVD, {{1, "cve_items"}}},
    {HN_ADV_FORM_OPENVEX, {{1, "@context"}, {1, "statements"}}},
    {HN_ADV_FORM_ALPINE, {{1, "packages"}, {1, "distroversion"}}},
    {HN_ADV_FORM_ALPINE, {{1, "packages"}, {3, "secfixes"}}},
    {HN_ADV_FORM_OSV_LIST, {{1, "vulns"}}},
    {HN_ADV_FORM_USN, {{2, "releases"}, {2, "cves"}, {2, "title"}}},
    {HN_ADV_FORM_UBUNTU_CVE, {{1, "id"}, {1, "packages"}, {1, "priority"}}},
    {HN_ADV_FORM_UBUNTU_CVE, {{1, "cves"}, {2, "packages"}}},
    {HN_ADV_FORM_DEBIAN, {{3, "releases"}}},
    {HN_ADV_FORM_OSV, {{1, "id"}, {1, "affected"}}},
    {HN_ADV_FORM_OSV, {{1, "schema_version"}, {1, "id"}}},
};
#define OSV_CLUE 0
#define N_CLUES  (sizeof(clues) / sizeof(clues[0]))

static enum hn_adv_form look(const uint8_t seen[N_CLUES])
{
    for (size_t i = 0; i < N_CLUES; i++) {
        uint8_t all = 1;
        for (unsigned k = 1; k < 3 && clues[i].keys[k].key; k++)
            all |= (uint8_t)(1u << k);
        if (seen[i] == all)
            return clues[i].form;
    }
    return HN_ADV_FORM_UNKNOWN;
}

/* Depth of objects: arrays do not count. Reading stops where the look ends; what was seen till then decides. */
static enum hn_adv_form look_at_json(struct hn_bytes b)
{
    uint8_t seen[N_CLUES] = {0};
    unsigned depth = 0;
    struct hn_jr r;
    hn_jr_init(&r, b, HN_ADV_DEPTH, 0);
    for (enum hn_jtok t; (t = hn_jr_next(&r)) != HN_J_ERR && t != HN_J_END;) {
        depth += t == HN_J_OBJ;
        depth -= t == HN_J_OBJ_END;
        for (size_t i = 0; t == HN_J_KEY && depth <= 3 && i < N_CLUES; i++)
            for (unsigned k = 0; k < 3 && clues[i].keys[k].key; k++)
                if (clues[i].keys[k].depth == depth && hn_str_eqc(r.raw, clues[i].keys[k].key))
                    seen[i] |= (uint8_t)(1u << k);
        if (seen[OSV_CLUE] == 3) /* the many: no other form has these two */
            return HN_ADV_FORM_OSV;
    }
    return look(seen);
}

static bool holds(struct hn_bytes b, const char *what)
{
    return memmem(b.p, b.n, what, strlen(what)) != NULL;
}

static enum hn_adv_form look_at_text(struct hn_bytes b)
{
    struct hn_str s = {(const char *)b.p, b.n};
    if (hn_str_starts(s, "#model_version") || hn_str_starts(s, "cve,epss,percentile"))
        return HN_ADV_FORM_EPSS;
    if (hn_str_starts(s, "cveID,") || hn_str_starts(s, "\"cveID\""))
        return HN_ADV_FORM_KEV_CSV;
    if (!hn_str_starts(s, "<"))
        return HN_ADV_FORM_UNKNOWN;
    if (holds(b, "VULDEF-Document"))
        return HN_ADV_FORM_VULDEF;
    return holds(b, "jvn") && holds(b, ":RDF") ? HN_ADV_FORM_JVNRSS : HN_ADV_FORM_UNKNOWN;
}

enum hn_adv_form hn_adv_form_of(struct hn_bytes doc)
{
    struct hn_bytes b = {doc.p, doc.n < LOOK_AT ? doc.n : LOOK_AT};
    if (b.n >= 4 && memcmp(b.p, "PK", 2) == 0 && (b.p[2] == 3 || b.p[2] == 5))
        return HN_ADV_FORM_ZIP;
    if (b.n >= 2 && b.p[0] == 0x1f && b.p[1] == 0x8b)
        return HN_ADV_FORM_GZIP;
    if (b.n >= 3 && memcmp(b.p, "\xef\xbb\xbf", 3) == 0)
        b = hn_bytes_of(b.p + 3, b.n - 3);
    while (b.n && (b.p[0] == ' ' || b.p[0] == '\n' || b.p[0] == '\r' || b.p[0] == '\t'))
        b = hn_bytes_of(b.p + 1, b.n - 1);
    if (!b.n)
        return HN_ADV_FORM_UNKNOWN;
    if (b.p[0] == '{')
        return look_at_json(b);
    return b.p[0] == '[' ? HN_ADV_FORM_OSV_LIST : look_at_text(b);
}
