/* A finding as the judge made it and the risk engine ranked it; what is stored, printed and ingested. */
#pragma once

#include "core/facts.h"

#define HN_FINDING_ID 33 /* 128 bits of SHA-256(asset, module.rule, subject, location) in hex, with the NUL */

struct hn_param {
    const char *name;
    struct hn_str value;
    struct hn_param *next;
};

/* One term of the risk sum: a bar of the waterfall, a clause of the sentence. */
struct hn_term {
    const char *name;         /* text "term.<name>", policy "weights.<name>" */
    double weight;            /* log-odds; its sign is its direction */
    bool on_loss;             /* the weight is the logarithm of a factor of the loss instead */
    bool seen;                /* false: could not be judged; listed as "not seen", weight 0 */
    const struct hn_obs *obs; /* what shows it, or NULL */
    struct hn_param *params;
    struct hn_term *next;
};

struct hn_evidence {
    const struct hn_obs *obs;
    const char *role;
    struct hn_evidence *next;
};

/* The graph package → process → listener → network; nodes are observations or plain labels. */
struct hn_node {
    const char *type; /* "package", "process", "listener", "network", "file", "setting", "host" */
    struct hn_str label;
    const struct hn_obs *obs; /* may be NULL */
};
struct hn_edge {
    unsigned from, to;
    const char *how; /* text "edge.<how>": "maps", "listens", "reaches" */
};

struct hn_about {
    enum hn_ref ref;
    struct hn_str value;
    struct hn_about *next;
};

/* Inputs of the deadline table, each with where it came from. */
struct hn_due_input {
    const char *name;  /* "kev", "exposed", "automatable", "technical_impact" */
    const char *value; /* "yes", "no", "unknown", "total", "partial" */
    const char *taken; /* the row value used when unknown */
};

struct hn_finding {
    char id[HN_FINDING_ID];
    const struct hn_module *module;
    const struct hn_rule *rule;
    struct hn_str subject, location;
    enum hn_severity severity;
    unsigned confidence;
    struct hn_param *params;
    struct hn_evidence *evidence;
    struct hn_about *about;
    struct hn_term *extra_terms; /* from judge */
    struct hn_str cause;
    hn_time since;
    enum hn_fix_kind fix;
    struct hn_str fix_target, fix_value;
    /* set by the risk engine */
    double prior;          /* log-odds before any term */
    double p, loss, score; /* score 0–100 */
    double share;          /* p · loss / loss_max: what it adds to its host */
    double criticality;    /* of the asset, as used */
    const char *impact;    /* technical impact as used for the loss: "total", "partial" */
    struct hn_term *terms; /* largest first */
    size_t n_nodes, n_edges;
    struct hn_node *nodes;
    struct hn_edge *edges;
    int64_t due_days;     /* from first seen; -1 = none */
    const char *due_rule; /* "bod-26-04:7", "severity:high" */
    struct hn_due_input due_inputs[4];
    size_t n_due_inputs;
    struct hn_param *inputs; /* everything a due table may ask: name → value ("unknown" included) */
    struct hn_finding *next;
};
