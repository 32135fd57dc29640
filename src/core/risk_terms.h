/* From the chain of a finding to its terms and the inputs of its due date. Private to the risk engine. */
#pragma once

#include "core/join.h"
#include "core/risk.h"

enum risk_yes { RISK_UNKNOWN, RISK_NO, RISK_YES };

/* What holds for the whole run, worked out once. */
struct risk_run {
    const struct hn_risk_in *in;
    struct hn_arena *arena, *scratch;
    struct hn_join *join;
    bool processes_full, sockets_full, packages_full; /* complete, live, as root: absence means something */
    const struct hn_obs *stray; /* a listener beyond loopback that no process could be found for */
    enum risk_yes backup;       /* proven restorable */
    const struct hn_obs *backup_obs;
    bool failed;
};

void risk_run_init(struct risk_run *r, const struct hn_risk_in *in, struct hn_arena *a, struct hn_arena *scratch);
/* Sets f->terms (not yet sorted), f->inputs. */
void risk_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c);
void risk_graph(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c);
/* How exposed one listener is; larger is worse. */
int risk_listener_rank(const struct hn_obs *listener);
/* The listeners and processes of a chain, worst first, for the graph. */
const struct hn_join_value *risk_worst_listener(struct risk_run *r, const struct hn_chain *c);
struct hn_str risk_process_name(struct hn_arena *a, const struct hn_obs *process);
