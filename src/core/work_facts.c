/* The facts that a verb asked for, in the worker: the run document that the front hands over, and the observations as
 * they came from the parser, read like any that come from elsewhere. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "core/run.h"
#include "core/work_in.h"

static struct hn_run *read_run(struct hn_work *w)
{
    struct work_head h = {0};
    HN_AUTO_FD fd = -1;
    if (work_ask(w, 'F', &h, "", -1, NULL, &fd) || fd < 0 || !h.size)
        return NULL;
    void *p = mmap(NULL, (size_t)h.size, PROT_READ, MAP_PRIVATE, fd, 0); /* stays: the observations lie in it */
    struct hn_run *r = p != MAP_FAILED ? hn_run_new() : NULL;
    struct hn_bytes lines = hn_bytes_of(p, (size_t)h.size), head;
    struct hn_diag d = {{0}};
    if (r && hn_bytes_line(&lines, &head) && hn_ok(hn_run_read(r, head, &d))) {
        hn_run_take_lines(r, lines);
        return r;
    }
    hn_run_free(r);
    if (p != MAP_FAILED)
        munmap(p, (size_t)h.size);
    return NULL;
}

static const struct hn_run *run_of(struct hn_work *w)
{
    if (!w->run)
        w->run = read_run(w);
    return w->run;
}

const struct hn_facts *hn_work_facts(struct hn_work *w)
{
    const struct hn_run *r = run_of(w);
    return r ? r->facts : NULL;
}

struct hn_work_about hn_work_facts_about(struct hn_work *w)
{
    const struct hn_run *r = run_of(w);
    if (!r)
        return (struct hn_work_about){0};
    return (struct hn_work_about){.collected_at = r->collected_at,
                                  .live = r->live,
                                  .deep = r->deep,
                                  .root_user = r->root_user,
                                  .scope = r->scope};
}

bool hn_work_facts_complete(struct hn_work *w, const char *module)
{
    const struct hn_run *r = run_of(w);
    for (size_t i = 0; r && i < r->n_cover; i++)
        if (strcmp(r->cover[i].module->name, module) == 0)
            return r->cover[i].ran && r->cover[i].complete && !r->cover[i].n_malformed;
    return false;
}

void hn_work_facts_gaps(struct hn_work *w, void (*each)(void *arg, const struct hn_work_gap *gap), void *arg)
{
    const struct hn_run *r = run_of(w);
    for (size_t i = 0; r && i < r->n_cover; i++) {
        const struct hn_run_cover *c = &r->cover[i];
        const struct hn_run_note *lists[] = {c->not_seen, c->malformed, c->quarantined};
        for (size_t k = 0; k < 3; k++)
            for (const struct hn_run_note *n = lists[k]; n; n = n->next)
                each(arg, &(struct hn_work_gap){c->module->name, n->path, n->why});
    }
}
