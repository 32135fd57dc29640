/* CVSS 2.0, 3.0, 3.1 and 4.0: reading a vector and scoring it. Scores are tenths (98 = 9.8), exact: integers, or
 * rational numbers rounded once, so that no floating-point error moves a score. */
#pragma once

#include "base/bytes.h"

enum hn_cvss_version { HN_CVSS_V2, HN_CVSS_V30, HN_CVSS_V31, HN_CVSS_V40 };
enum hn_cvss_rating { HN_CVSS_R_NONE, HN_CVSS_R_LOW, HN_CVSS_R_MEDIUM, HN_CVSS_R_HIGH, HN_CVSS_R_CRITICAL };

struct hn_cvss {
    enum hn_cvss_version version;
    bool has_threat, has_environment; /* a metric of the group (2.0, 3.x: temporal) is given and not "not defined" */
    int16_t base;
    int16_t threat;        /* temporal; 4.0: base and threat metrics */
    int16_t environmental; /* all metrics */
    int16_t score;         /* what ranks: all metrics that are given */
    const char *name;      /* "CVSS-B", "CVSS-BT", "CVSS-BE", "CVSS-BTE" (4.0, section 1.3; used for all versions) */
    enum hn_cvss_rating rating; /* of score; 2.0 has no rating of its own: NVD's (low, medium, high) */
    char macro[7];              /* 4.0: MacroVector, "000100" */
};

/* False when it is no vector: *ret_why (may be NULL) is a literal. Metrics may come in any order; one that is unknown,
 * given twice, or missing though mandatory makes it none. 2.0 may stand in parentheses or behind "CVSS2#". */
bool hn_cvss_parse(struct hn_str vector, struct hn_cvss *ret, const char **ret_why);
enum hn_cvss_rating hn_cvss_rate(enum hn_cvss_version version, int tenths);
const char *hn_cvss_rating_word(enum hn_cvss_rating r);   /* "none", "low", "medium", "high", "critical" */
const char *hn_cvss_version_text(enum hn_cvss_version v); /* "3.1" */
