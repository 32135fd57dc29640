/* The policy: every constant that ranks findings and sets their due dates, in one versioned YAML file
 * (policy/default.yaml is built in; --policy FILE replaces it). Each constant carries its source: a published figure,
 * or "judgement". Read with strict validation: an unknown or missing key, a value out of range or a duplicate is an
 * error with line and nearest name. */
#pragma once

#include "base/json.h"
#include "core/finding.h"

struct hn_policy;
struct hn_due_table;

/* path NULL: the policy that is built in. The tables that due_table can name are built in. */
HN_MUST struct hn_err hn_policy_load(const char *path, struct hn_policy **ret, struct hn_diag *reterr);
HN_MUST struct hn_err hn_policy_parse(struct hn_bytes yaml, struct hn_policy **ret, struct hn_diag *reterr);
void hn_policy_free(struct hn_policy *p); /* NULL is fine */

struct hn_str hn_policy_id(const struct hn_policy *p); /* "default/1": name and version, stored with every score */
/* Everything in force, each constant as {"value","source"}; the shape of GET policy. */
void hn_policy_json(const struct hn_policy *p, struct hn_jw *w);
/* "judge" section: what modules ask through hn_judge_policy_int(); key "packages.stale-days". */
int64_t hn_policy_int(const struct hn_policy *p, const char *key, int64_t dflt);

/* Log-odds weight of a term; 0 and false when the policy does not know it. Graded terms: see hn_policy_graded. */
bool hn_policy_weight(const struct hn_policy *p, const char *term, double *ret);
/* Log-odds before any evidence: by kind when the policy names it, else by class and severity. epss < 0: none known. */
double hn_policy_prior(const struct hn_policy *p, const char *kind, enum hn_class class, enum hn_severity severity,
                       double epss);
/* weight × log2(1 + x / unit), at most `most`: terms that grow with a number (days pending). */
double hn_policy_graded(const struct hn_policy *p, const char *term, double x);
double hn_policy_impact(const struct hn_policy *p, bool total); /* technical impact as a factor of the loss */
double hn_policy_loss_weight(const struct hn_policy *p, const char *term); /* logarithm of a factor; 0 unknown */
double hn_policy_loss_max(const struct hn_policy *p); /* of the most critical asset, total impact */
double hn_policy_kappa(const struct hn_policy *p);
double hn_policy_criticality(const struct hn_policy *p, double asked); /* clamped; NaN or <= 0: the default */
/* "low" … "very-high" of SSVC; "unknown" when criticality is not given (<= 0). */
const char *hn_policy_human_impact(const struct hn_policy *p, double criticality);
bool hn_policy_never_mapped(const struct hn_policy *p, struct hn_str package); /* interpreted code, kernels, data */
int64_t hn_policy_old_days(const struct hn_policy *p);
const struct hn_due_table *hn_policy_due_table(const struct hn_policy *p);
/* Days for a finding that is not a vulnerability; -1 none. *ret_named: the policy names the kind itself. */
int64_t hn_policy_severity_days(const struct hn_policy *p, const char *kind, enum hn_severity s, bool *ret_named);
