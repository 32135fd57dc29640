/* Facts for a verb that asks for some (struct hn_verb.facts): the modules named there run as in a diagnosis, and the
 * worker gets the run document, unjudged. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "core/front_in.h"
#include "core/run.h"

/* The run document without what was observed, a line; then that, a line each. */
static struct hn_err write_document(struct front_state *s, struct hn_run *r, const struct hn_buf *lines,
                                    struct hn_diag *reterr)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, FRONT_FACTS_MAX);
    hn_jw_init(&w, &b);
    hn_run_json(r, NULL, &w, false);
    hn_buf_chr(&b, '\n');
    s->facts = memfd_create("facts", MFD_CLOEXEC);
    struct hn_err e = lines->bad ? hn_buf_err(lines) : hn_buf_err(&b);
    if (hn_ok(e) && b.n + lines->n > FRONT_FACTS_MAX)
        e = (struct hn_err){HN_E_LIMIT};
    if (hn_ok(e))
        e = s->facts < 0 ? (struct hn_err){HN_E_IO} : hn_write_all(s->facts, b.p, b.n);
    if (hn_ok(e))
        e = hn_write_all(s->facts, lines->p, lines->n);
    s->facts_size = b.n + lines->n;
    hn_buf_done(&b);
    return hn_ok(e) ? e : hn_fail(reterr, e.code, "facts for the worker");
}

bool front_facts_wanted(const struct hn_front *f)
{
    return f->verb->facts && !((f->verb->flags & HN_VERB_ELSE) && f->n_words);
}

struct hn_err front_facts_collect(struct front_state *s, struct hn_diag *reterr)
{
    const struct hn_front *f = s->f;
    HN_AUTO(hn_buf_done) struct hn_buf lines;
    struct hn_run_options o = {.root = hn_front_value(f, "root"),
                               .image = hn_front_value(f, "image"),
                               .platform = hn_front_value(f, "platform"),
                               .deep = hn_front_value(f, "deep") != NULL,
                               .hashes = hn_front_value(f, "hashes") != NULL,
                               .inventory = true,
                               .bare = f->verb->flags & HN_VERB_BARE,
                               .modules = f->verb->facts,
                               .transient = true,
                               .lines = &lines};
    hn_buf_init(&lines, FRONT_FACTS_MAX);
    if (!front_facts_wanted(f))
        return HN_OK;
    struct hn_run *r = hn_run_new();
    if (!r)
        return hn_fail(reterr, HN_E_NOMEM, "collection");
    struct hn_err e = hn_run_collect(r, &o, reterr);
    if (hn_ok(e))
        e = write_document(s, r, &lines, reterr);
    hn_run_free(r);
    return e;
}
