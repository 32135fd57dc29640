/* `hinomi telescope merge`: states that watches and replays have left become one report, and one state. */
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/telescope/setup.h"

#define STATES_MOST 4096u

struct merge {
    struct hn_work *w;
    struct telescope_config how;
    struct telescope_engine *e; /* of all so far; NULL: none yet */
    struct telescope_inputs in;
    struct telescope_note note;
    uint8_t seen[STATES_MOST][32]; /* digests */
    size_t n_seen;
};

static void add_inputs(struct telescope_inputs *to, const struct telescope_inputs *in)
{
    to->files += in->files;
    to->unreadable += in->unreadable;
    to->octets += in->octets;
    to->damaged += in->damaged;
    to->skipped += in->skipped;
    to->dropped += in->dropped;
}

/* The same state again would count everything twice. */
static bool seen(struct merge *m, const uint8_t digest[32])
{
    for (size_t i = 0; i < m->n_seen; i++)
        if (memcmp(m->seen[i], digest, 32) == 0)
            return true;
    memcpy(m->seen[m->n_seen++], digest, 32);
    return false;
}

static void take(struct merge *m, struct telescope_engine *e, const char *name)
{
    if (seen(m, e->state)) {
        hn_work_warn(m->w, "telescope.merge.again", "name", name, NULL);
        telescope_engine_free(e);
        return;
    }
    add_inputs(&m->in, &m->note.in);
    if (!m->e) {
        m->e = e;
        return;
    }
    telescope_engine_merge(m->e, e);
    telescope_engine_free(e);
}

/* 0, or the exit code: what a missing part would change is not known, so there is no report without it. */
static int one(struct merge *m, const struct hn_input *in)
{
    const char *name = hn_arena_cstr(hn_work_arena(m->w), in->name);
    if (m->n_seen == STATES_MOST)
        return hn_work_fail(m->w, "telescope.merge.many", NULL);
    struct telescope_engine *e = telescope_engine_new(&m->how);
    if (!e)
        return hn_work_fail(m->w, "telescope.memory", NULL);
    if (!telescope_state_load(e, in->fd, &m->note, sizeof m->note)) {
        telescope_engine_free(e);
        return hn_work_fail(m->w, "telescope.merge.state", "name", name, NULL);
    }
    take(m, e, name);
    return m->e->failed ? hn_work_fail(m->w, "telescope.memory", NULL) : 0;
}

static int merge_all(struct merge *m)
{
    struct hn_input in;
    size_t n;
    uint64_t done = 0, total = hn_work_total(m->w, &n);
    int code = 0;
    while (!code && hn_work_next(m->w, &in)) {
        code = one(m, &in);
        done += in.size;
        hn_work_progress(m->w, done, total, "bytes");
        hn_work_done(&in);
    }
    if (!code && hn_work_unreadable(m->w))
        code = 3; /* told */
    if (!code && !m->e)
        code = hn_work_fail(m->w, "telescope.merge.nothing", NULL);
    if (!code && m->e->alerts_left && !hn_work_given(m->w, "members"))
        hn_work_warn(m->w, "telescope.merge.members", "n", hn_arena_fmt(hn_work_arena(m->w), "%u", m->e->alerts_left).p,
                     NULL);
    return code ? code : telescope_answer(m->w, m->e, &m->in);
}

int telescope_merge(struct hn_work *w)
{
    struct merge *m = hn_alloc_zero(sizeof *m);
    if (!m)
        return hn_work_fail(w, "telescope.memory", NULL);
    m->w = w;
    int code = telescope_setup(w, &m->how);
    m->how.arena = hn_work_arena(w);
    m->how.threads = 1; /* there are no packets to share out */
    if (!code)
        code = merge_all(m);
    telescope_engine_free(m->e);
    hn_free(m);
    return code;
}
