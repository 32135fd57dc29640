/* Every constant that a policy must give, with the range that keeps a policy honest: a term that is named after
 * something dangerous may not lower a score. Private to policy.c and its test. */
#pragma once

enum policy_form {
    POLICY_NUMBER,
    POLICY_GRADED, /* with unit and most */
    POLICY_DAYS    /* a whole number, or none (-1) */
};

struct policy_key {
    const char *name; /* section.name; ends in '*': any name there, optional */
    enum policy_form form;
    double least, most;
};

static const struct policy_key policy_keys[] = {
    {"priors.severity.info", POLICY_NUMBER, 1e-6, 0.5},
    {"priors.severity.low", POLICY_NUMBER, 1e-6, 0.5},
    {"priors.severity.medium", POLICY_NUMBER, 1e-6, 0.5},
    {"priors.severity.high", POLICY_NUMBER, 1e-6, 0.5},
    {"priors.severity.critical", POLICY_NUMBER, 1e-6, 0.5},
    {"priors.class.vulnerability", POLICY_NUMBER, -5, 5},
    {"priors.class.configuration", POLICY_NUMBER, -5, 5},
    {"priors.class.integrity", POLICY_NUMBER, -5, 5},
    {"priors.class.resilience", POLICY_NUMBER, -5, 5},
    {"priors.class.detection", POLICY_NUMBER, -5, 5},
    {"priors.class.hygiene", POLICY_NUMBER, -5, 5},
    {"priors.kind.*", POLICY_NUMBER, 1e-6, 0.9},
    {"priors.epss.shift", POLICY_NUMBER, -5, 0},
    {"priors.epss.floor", POLICY_NUMBER, 1e-6, 0.1},
    {"weights.mapped-running", POLICY_NUMBER, 0, 5},
    {"weights.mapped-none", POLICY_NUMBER, -5, 0},
    {"weights.old-code-mapped", POLICY_NUMBER, 0, 5},
    {"weights.listens-none", POLICY_NUMBER, -5, 0},
    {"weights.listens-loopback", POLICY_NUMBER, -5, 0},
    {"weights.listens-one-network", POLICY_NUMBER, 0, 5},
    {"weights.listens-everywhere", POLICY_NUMBER, 0, 5},
    {"weights.firewall-open", POLICY_NUMBER, 0, 5},
    {"weights.firewall-blocked", POLICY_NUMBER, -5, 0},
    {"weights.remote-peers-seen", POLICY_NUMBER, 0, 5},
    {"weights.runs-as-root", POLICY_NUMBER, 0, 5},
    {"weights.runs-with-capabilities", POLICY_NUMBER, 0, 5},
    {"weights.runs-confined", POLICY_NUMBER, -5, 0},
    {"weights.kev", POLICY_NUMBER, 0, 8},
    {"weights.exploit-public", POLICY_NUMBER, 0, 5},
    {"weights.scanned-now", POLICY_NUMBER, 0, 5},
    {"weights.scanned-surge", POLICY_NUMBER, 0, 5},
    {"weights.detection", POLICY_NUMBER, 0, 8},
    {"weights.mitigation", POLICY_NUMBER, -8, 0},
    {"weights.fix-pending", POLICY_GRADED, 0, 5},
    {"weights.data-old", POLICY_NUMBER, 0, 0},
    {"weights.*", POLICY_NUMBER, -8, 8},
    {"loss.backup-proven", POLICY_NUMBER, -3, 0},
    {"loss.backup-unproven", POLICY_NUMBER, 0, 0},
    {"loss.partial", POLICY_NUMBER, 0.01, 1},
    {"loss.total", POLICY_NUMBER, 1, 1},
    {"criticality.default", POLICY_NUMBER, 1, 1},
    {"criticality.least", POLICY_NUMBER, 0.01, 1},
    {"criticality.most", POLICY_NUMBER, 1, 100},
    {"criticality.medium", POLICY_NUMBER, 0.01, 100},
    {"criticality.high", POLICY_NUMBER, 0.01, 100},
    {"criticality.very-high", POLICY_NUMBER, 0.01, 100},
    {"scale.worst-p", POLICY_NUMBER, 0.05, 0.99},
    {"scale.worst-score", POLICY_NUMBER, 50, 99.9},
    {"scale.old-days", POLICY_NUMBER, 1, 3650},
    {"due.severity.critical", POLICY_DAYS, -1, 3650},
    {"due.severity.high", POLICY_DAYS, -1, 3650},
    {"due.severity.medium", POLICY_DAYS, -1, 3650},
    {"due.severity.low", POLICY_DAYS, -1, 3650},
    {"due.severity.info", POLICY_DAYS, -1, 3650},
    {"due.kind.*", POLICY_DAYS, -1, 3650},
    {"judge.*", POLICY_NUMBER, -1e12, 1e12},
};

/* Pairs whose order the scores rely on: seeing more of a danger never lowers (see docs/decisions/0002). */
static const struct {
    const char *low, *high;
} policy_orders[] = {
    {"priors.severity.info", "priors.severity.low"},
    {"priors.severity.low", "priors.severity.medium"},
    {"priors.severity.medium", "priors.severity.high"},
    {"priors.severity.high", "priors.severity.critical"},
    {"weights.listens-none", "weights.listens-loopback"},
    {"weights.listens-loopback", "weights.listens-one-network"},
    {"weights.listens-one-network", "weights.listens-everywhere"},
    {"weights.runs-confined", "weights.runs-with-capabilities"},
    {"weights.runs-with-capabilities", "weights.runs-as-root"},
    {"weights.mapped-none", "weights.listens-none"},
    {"criticality.least", "criticality.medium"},
    {"criticality.medium", "criticality.high"},
    {"criticality.high", "criticality.very-high"},
    {"criticality.very-high", "criticality.most"},
};
