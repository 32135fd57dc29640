/* Scoring one finding whose terms are known: used when it is found, and when history is ranked anew. Private to the
 * risk engine. */
#pragma once

#include "core/risk.h"

#define RISK_TERMS 64

/* p, loss, score and share from prior, criticality, impact and terms. */
void risk_score(const struct hn_policy *policy, struct hn_finding *f);
/* Largest first, those not seen last; ties by name. False when there are too many. */
bool risk_sort_terms(struct hn_term **list);
/* due_days, due_rule, due_inputs from severity, class and inputs. kind is "module.rule". */
void risk_due(const struct hn_policy *policy, struct hn_arena *a, const char *kind, struct hn_finding *f);
