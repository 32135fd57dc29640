/* Risk: joins evidence from all modules, scores findings, sets due dates, and sums up hosts and organisations.
 *
 *   logit(p) = prior + Σ weight(term)          p: probability of harm through this finding in 30 days
 *   loss     = criticality × technical impact × Π e^weight(terms on the loss)
 *   score    = 100 × (1 − exp(−κ · p · loss))
 *   share    = p · loss / loss_max             what the finding adds to its host
 *
 * Missing data never lowers a score: a term that could not be judged is listed with seen == false and weight 0. A term
 * that lowers needs positive evidence from a complete run that could see everything. */
#pragma once

#include "core/policy.h"

/* How well a module saw this asset in the run at hand. */
struct hn_risk_cover {
    struct hn_str module;
    bool live;     /* a running system, not a mounted root */
    bool root;     /* saw it with the privilege of root */
    bool complete; /* nothing was "not seen" */
};

struct hn_risk_in {
    const struct hn_facts *facts;
    const struct hn_policy *policy;
    const struct hn_risk_cover *cover;
    size_t n_cover;
    double criticality; /* of the asset, 0.25–2; 0 = unknown (counts as 1) */
    hn_time now;
};

/* Fills terms, graph, p, loss, score and due date of every finding of the list. The order of the list is kept; see
 * hn_risk_sort. Builds its indexes once: time is linear in observations plus evidence found. */
HN_MUST struct hn_err hn_risk_rank(const struct hn_risk_in *in, struct hn_arena *a, struct hn_finding *list,
                                   struct hn_diag *reterr);
struct hn_finding *hn_risk_sort(struct hn_finding *list); /* highest score first, then severity, then id */

/* ---------------------------------------------------------------- hosts and organisations */

/* One open finding of a host. Exceptions stay in until they expire. */
struct hn_score_item {
    struct hn_str cause; /* findings with the same cause count once, at their worst; empty: on its own */
    double share;
};
/* One cause: what its fix would take off. */
struct hn_score_cause {
    struct hn_str cause;
    size_t findings;
    size_t worst; /* index of the item with the largest share */
    double share;
    double drop; /* points of the host score */
};
/* 100 × (1 − Π(1 − share)) over different causes. 0 without findings: whether anything was looked at at all is the
 * caller's to say; without coverage there is no score. */
double hn_score_host(const struct hn_score_item *items, size_t n);
/* Causes, largest drop first, in the arena. NULL and *ret_n = 0 when there are none or memory ran out (a->failed). */
const struct hn_score_cause *hn_score_causes(struct hn_arena *a, const struct hn_score_item *items, size_t n,
                                             size_t *ret_n);

struct hn_score_asset {
    double score;
    double criticality; /* 0 = unknown (counts as 1) */
};
/* Criticality-weighted mean of the hosts that have a score; *ret_worst is the index of the worst host. NaN when n == 0.
 */
double hn_score_organisation(const struct hn_score_asset *assets, size_t n, size_t *ret_worst);
