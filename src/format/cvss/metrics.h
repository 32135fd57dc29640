/* Metrics of a version as data: what may be said, and what must be. Private to this folder. */
#pragma once

#include "format/cvss/cvss.h"

struct cvss_metric {
    const char *name;
    const char *values; /* separated by blanks; the index of one is its value */
    bool mandatory;
    int8_t absent; /* index of the value when it is not given */
    uint8_t group; /* 0 base, 1 threat or temporal, 2 environmental, 3 supplemental */
};

#define CVSS_METRICS_MAX 40

/* values: one for each metric. Sets has_threat and has_environment. */
bool cvss_read(struct hn_str text, const struct cvss_metric *metrics, size_t n, int8_t *values, struct hn_cvss *ret,
               const char **ret_why);

bool cvss2_score(struct hn_str text, struct hn_cvss *ret, const char **ret_why);
bool cvss3_score(struct hn_str text, struct hn_cvss *ret, const char **ret_why);
bool cvss4_score(struct hn_str text, struct hn_cvss *ret, const char **ret_why);
