/* Runs every module's judge over sealed facts: findings out, not yet ranked. */
#pragma once

#include "core/finding.h"

struct hn_policy; /* core/policy.h; NULL: built-in numbers */

/* What hn_judge_hides() told. */
struct hn_hidden {
    const struct hn_module *module;
    struct hn_str who, kind, subject, location; /* kind: "module.kind" or "module.rule" */
    hn_time from;
    struct hn_hidden *next;
};

struct hn_judged {
    struct hn_finding *first; /* in order of module and discovery */
    size_t n;
    struct hn_hidden *hidden;
    bool incomplete; /* memory ran out: nothing may be closed by this run */
};

/* When a source of advisories was last asked with success: what it then had is in the index. */
struct hn_feed_check {
    struct hn_str feed;
    hn_time at;
};

struct hn_judge_options {
    struct hn_arena *arena;
    struct hn_facts *facts; /* judges may add what they conclude */
    const struct hn_policy *policy;
    struct hn_str asset; /* id; part of each finding's identity */
    hn_time now;
    bool live;
    struct hn_bytes advisories; /* the index of hinomi feed, mapped; empty: none */
    const struct hn_feed_check *checks;
    size_t n_checks;
};

/* Judges with one module (m) or all (NULL). */
void hn_judge_run(const struct hn_judge_options *o, const struct hn_module *m, struct hn_judged *ret);
/* SHA-256(asset \0 module.rule \0 subject \0 location), first 128 bits. */
void hn_finding_identify(struct hn_finding *f, struct hn_str asset);
