#include "format/sbom/bom_words.h"

#include "base/str.h"

/* ASCII letters of either case are equal; '_' and '-' too (SPDX 2 and 3 differ in them). */
static bool same_word(struct hn_str s, const char *w)
{
    size_t n = strlen(w);

    if (n == 0 || s.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char x = s.p[i], y = w[i];
        x = (char)(x >= 'A' && x <= 'Z' ? x | 0x20 : x == '_' ? '-' : x);
        y = (char)(y >= 'A' && y <= 'Z' ? y | 0x20 : y == '_' ? '-' : y);
        if (x != y)
            return false;
    }
    return true;
}

const char *hn_bom_family_name(enum hn_bom_family f)
{
    static const char *const names[HN_BOM_FAMILIES] = {
        [HN_BOM_UNKNOWN] = "unknown", [HN_BOM_CYCLONEDX] = "CycloneDX", [HN_BOM_SPDX2] = "SPDX 2",
        [HN_BOM_SPDX3] = "SPDX 3",    [HN_BOM_SWID] = "SWID",           [HN_BOM_COSWID] = "CoSWID",
        [HN_BOM_OWN] = "Hinomi",
    };
    return names[f];
}

const char *hn_bom_form_name(enum hn_bom_form f)
{
    static const char *const names[HN_BOM_FORMS] = {"", "JSON", "XML", "tag-value", "YAML", "CBOR"};
    return names[f];
}

/* ---- component types ---- */

struct type_words {
    const char *cdx, *spdx;
};

static const struct type_words types[HN_BOM_TYPES] = {
#define HN_BOM_TYPE(name, cdx, spdx) {cdx, spdx},
    HN_BOM_TYPE_MAP(HN_BOM_TYPE)
#undef HN_BOM_TYPE
};

const char *hn_bom_type_word(enum hn_bom_type t)
{
    static const char *const others[HN_BOM_TYPES] = {[HN_BOM_TYPE_SOURCE] = "source",
                                                     [HN_BOM_TYPE_ARCHIVE] = "archive",
                                                     [HN_BOM_TYPE_INSTALL] = "install",
                                                     [HN_BOM_TYPE_OTHER] = "other"};
    return others[t] ? others[t] : types[t].cdx;
}

enum hn_bom_type hn_bom_type_of(struct hn_str word)
{
    for (int i = 1; i < HN_BOM_TYPES; i++)
        if (same_word(word, types[i].cdx) || same_word(word, types[i].spdx))
            return (enum hn_bom_type)i;
    return HN_BOM_TYPE_UNKNOWN;
}

/* ---- digests ---- */

struct alg_words {
    const char *cdx, *spdx2, *spdx3;
    size_t len;
};

static const struct alg_words algs[HN_BOM_ALGS] = {
#define HN_BOM_ALG(name, cdx, spdx2, spdx3, len) {cdx, spdx2, spdx3, len},
    HN_BOM_ALG_MAP(HN_BOM_ALG)
#undef HN_BOM_ALG
};

const char *hn_bom_alg_word(enum hn_bom_alg a, enum hn_bom_family f)
{
    return f == HN_BOM_SPDX2 ? algs[a].spdx2 : f == HN_BOM_SPDX3 ? algs[a].spdx3 : algs[a].cdx;
}

enum hn_bom_alg hn_bom_alg_of(struct hn_str word)
{
    for (int i = 1; i < HN_BOM_ALGS; i++)
        if (same_word(word, algs[i].cdx) || same_word(word, algs[i].spdx2) || same_word(word, algs[i].spdx3))
            return (enum hn_bom_alg)i;
    return HN_BOM_ALG_OTHER;
}

size_t hn_bom_alg_len(enum hn_bom_alg a)
{
    return algs[a].len;
}

/* ---- VEX ---- */

static const char *const vex_words[] = {"", "not_affected", "affected", "fixed", "under_investigation"};
static const char *const why_words[] = {"",
                                        "component_not_present",
                                        "vulnerable_code_not_present",
                                        "vulnerable_code_not_in_execute_path",
                                        "vulnerable_code_cannot_be_controlled_by_adversary",
                                        "inline_mitigations_already_exist"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

const char *hn_bom_vex_word(enum hn_bom_vex v)
{
    return vex_words[v];
}

const char *hn_bom_why_word(enum hn_bom_why w)
{
    return why_words[w];
}

enum hn_bom_vex hn_bom_vex_of(struct hn_str word)
{
    for (size_t i = 1; i < COUNT(vex_words); i++)
        if (same_word(word, vex_words[i]))
            return (enum hn_bom_vex)i;
    return HN_BOM_VEX_NONE;
}

enum hn_bom_why hn_bom_why_of(struct hn_str word)
{
    for (size_t i = 1; i < COUNT(why_words); i++)
        if (same_word(word, why_words[i]))
            return (enum hn_bom_why)i;
    return HN_BOM_WHY_NONE;
}
