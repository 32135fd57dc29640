#include "base/str.h"
#include "format/cvss/metrics.h"

static bool refuse(const char **ret_why, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return false;
}

static int value_index(const char *values, struct hn_str value)
{
    struct hn_str rest = hn_str_c(values), word;
    for (int i = 0; hn_str_word(&rest, &word); i++)
        if (hn_str_eq(word, value))
            return i;
    return -1;
}

static bool take_metric(struct hn_str part, const struct cvss_metric *metrics, size_t n, int8_t *values,
                        const char **ret_why)
{
    struct hn_str value = part, name;
    hn_str_split(&value, ':', &name);
    for (size_t i = 0; i < n; i++) {
        if (!hn_str_eqc(name, metrics[i].name))
            continue;
        if (values[i] >= 0)
            return refuse(ret_why, "a metric twice");
        int v = value.p ? value_index(metrics[i].values, value) : -1;
        values[i] = (int8_t)v;
        return v >= 0 || refuse(ret_why, "a value that its metric does not have");
    }
    return refuse(ret_why, "an unknown metric");
}

bool cvss_read(struct hn_str text, const struct cvss_metric *metrics, size_t n, int8_t *values, struct hn_cvss *ret,
               const char **ret_why)
{
    struct hn_str part;
    memset(values, -1, n);
    if (text.n && text.p[text.n - 1] == '/')
        text.n--;
    while (hn_str_split(&text, '/', &part))
        if (!take_metric(part, metrics, n, values, ret_why))
            return false;
    for (size_t i = 0; i < n; i++) {
        if (values[i] < 0 && metrics[i].mandatory)
            return refuse(ret_why, "a mandatory metric is missing");
        if (values[i] < 0)
            values[i] = metrics[i].absent;
        bool said = values[i] != metrics[i].absent;
        ret->has_threat = ret->has_threat || (said && metrics[i].group == 1);
        ret->has_environment = ret->has_environment || (said && metrics[i].group == 2);
    }
    return true;
}

enum hn_cvss_rating hn_cvss_rate(enum hn_cvss_version version, int tenths)
{
    if (tenths >= 90 && version != HN_CVSS_V2)
        return HN_CVSS_R_CRITICAL;
    if (tenths >= 70)
        return HN_CVSS_R_HIGH;
    if (tenths >= 40)
        return HN_CVSS_R_MEDIUM;
    return tenths > 0 || version == HN_CVSS_V2 ? HN_CVSS_R_LOW : HN_CVSS_R_NONE;
}

const char *hn_cvss_rating_word(enum hn_cvss_rating r)
{
    static const char *const words[] = {"none", "low", "medium", "high", "critical"};
    return words[r];
}

const char *hn_cvss_version_text(enum hn_cvss_version v)
{
    static const char *const texts[] = {"2.0", "3.0", "3.1", "4.0"};
    return texts[v];
}

static bool score(struct hn_str v, struct hn_cvss *ret, const char **ret_why)
{
    static const struct {
        const char *prefix;
        enum hn_cvss_version version;
        bool (*score)(struct hn_str text, struct hn_cvss *ret, const char **ret_why);
    } versions[] = {
        {"CVSS:4.0/", HN_CVSS_V40, cvss4_score}, {"CVSS:3.1/", HN_CVSS_V31, cvss3_score},
        {"CVSS:3.0/", HN_CVSS_V30, cvss3_score}, {"CVSS2#", HN_CVSS_V2, cvss2_score},
        {"", HN_CVSS_V2, cvss2_score},
    };
    size_t i = 0;
    while (!hn_str_starts(v, versions[i].prefix))
        i++;
    ret->version = versions[i].version;
    return versions[i].score(hn_str_cut(v, strlen(versions[i].prefix), v.n), ret, ret_why);
}

bool hn_cvss_parse(struct hn_str vector, struct hn_cvss *ret, const char **ret_why)
{
    static const char *const names[] = {"CVSS-B", "CVSS-BT", "CVSS-BE", "CVSS-BTE"};
    *ret = (struct hn_cvss){0};
    vector = hn_str_trim(vector);
    if (vector.n > 1 && vector.p[0] == '(' && vector.p[vector.n - 1] == ')')
        vector = hn_str_cut(vector, 1, vector.n - 1);
    if (!score(vector, ret, ret_why))
        return false;
    ret->name = names[ret->has_threat + 2 * ret->has_environment];
    ret->score = ret->has_environment ? ret->environmental : ret->has_threat ? ret->threat : ret->base;
    ret->rating = hn_cvss_rate(ret->version, ret->score);
    return true;
}
