/* One run of what has changed, and of what follows from it. */
#include "cli/cli.h"
#include "cli/keep.h"
#include "core/seen.h"

#define ROUNDS_MAX 4u

static struct hn_err collect(const struct hn_run_options *like, const struct cli_keep *k, const struct hn_run *base,
                             uint64_t fresh, bool continues, struct hn_run **ret, struct hn_diag *d)
{
    struct hn_run_options o = *like;
    o.learn = true;
    o.base = base;
    o.fresh = fresh;
    o.continues = continues;
    return cli_diagnose_some(&o, k, ret, d);
}

/* A module whose judge says something else by what others saw is looked at before anything is stored: a finding comes
 * and goes by a run of its own module only. */
static struct hn_err settle(const struct hn_run_options *o, const struct cli_keep *k, const struct hn_run *base,
                            struct hn_run **r, struct hn_diag *d)
{
    for (unsigned round = 0;; round++) {
        struct hn_run *next = NULL;
        uint64_t more = hn_run_unsettled(*r, base);
        if (!more)
            return HN_OK;
        HN_TRY(collect(o, k, *r, round < ROUNDS_MAX ? more : CLI_LOOK_ALL, true, &next, d));
        hn_run_free(*r);
        *r = next;
    }
}

struct hn_err cli_look(const struct hn_run_options *o, const struct cli_keep *k, const struct hn_run *base,
                       uint64_t fresh, struct hn_run **ret, struct hn_diag *d)
{
    struct hn_run *r = NULL;
    struct hn_run_options again = *o;
    again.seen = NULL;
    again.later = 0;
    base = fresh == CLI_LOOK_ALL ? NULL : base;
    struct hn_err e = collect(o, k, base, fresh, false, &r, d);
    if (!base)
        base = hn_seen_wait(o->seen, &fresh);
    if (hn_ok(e) && base && !r->lost)
        e = settle(&again, k, base, &r, d);
    if (hn_ok(e) && r->lost) {
        hn_run_free(r);
        r = NULL;
        e = collect(&again, k, NULL, CLI_LOOK_ALL, false, &r, d);
    }
    if (hn_ok(e) && k)
        e = cli_keep_put(k, r, o->policy, d);
    if (!hn_ok(e)) {
        hn_run_free(r);
        r = NULL;
    }
    *ret = r;
    return e;
}
