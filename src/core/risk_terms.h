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
    bool owners_readable;       /* of every other one, what its processes have mapped was seen */
    enum risk_yes backup;       /* proven restorable */
    const struct hn_obs *backup_obs;
    bool failed;
};

void risk_run_init(struct risk_run *r, const struct hn_risk_in *in, struct hn_arena *a, struct hn_arena *scratch);
/* Sets f->terms (not yet sorted), f->inputs. */
void risk_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c);
void risk_graph(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c);
/* The listener of the chain that weighs most, or NULL. */
const struct hn_join_value *risk_worst_listener(struct risk_run *r, const struct hn_chain *c);
/* Of the chain alone. */
void risk_chain_terms(struct risk_run *r, struct hn_finding *f, const struct hn_chain *c);
bool risk_chain_applies(const struct hn_finding *f, const struct hn_chain *c);
/* yes: reachable from anywhere by what was seen. no: positively known not to be. */
enum risk_yes risk_exposed(struct risk_run *r, const struct hn_finding *f, const struct hn_chain *c);
bool risk_owners_readable(struct risk_run *r);
const struct hn_obs *risk_stray_listener(const struct hn_facts *facts);
/* Adds a term by its name, with the policy's weight; one of each group stays, the heaviest. NULL: not added. */
struct hn_term *risk_add(struct risk_run *r, struct hn_finding *f, const char *name, const struct hn_obs *obs);
struct hn_term *risk_term_add(struct risk_run *r, struct hn_finding *f, const char *name, bool seen, double weight,
                              const struct hn_obs *obs);
/* Of each group a finding has one term: the same evidence counts once, whoever reports it. */
bool risk_same_group(const char *a, const char *b);
void risk_not_seen(struct risk_run *r, struct hn_finding *f, const char *name);
double risk_weight(const struct risk_run *r, const char *name);
struct hn_param *risk_param(struct risk_run *r, struct hn_param **list, const char *name, struct hn_str value);
void risk_param_int(struct risk_run *r, struct hn_param **list, const char *name, int64_t v);
struct hn_str risk_process_name(struct hn_arena *a, const struct hn_obs *process);
