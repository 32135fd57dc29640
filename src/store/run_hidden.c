/* What a run says that it could not look at, one by one, and whether that may hide something it does not show.
 *
 *   last sighting          this run
 *   hidden: {1:0}          hidden: {1:0, 7:90}      what 1:0 may hide was hidden then too, and yet the thing was seen:
 *                                                   it was not there. 7:90 is new: it may hide the thing, unless it
 *                                                   is of another subject or came to be only after the last sighting
 *
 * Who was hidden at the last sighting is kept with that run, in its list of what was not seen ("each"). When that run
 * has been pruned nothing is known of it, and everything counts as newly hidden. */
#include "base/json.h"
#include "store/internal.h"

#define WORK_MOST 20000000u /* comparisons of a run; beyond, everything counts as hidden */

static struct hn_err note_each(struct store_run *r, struct store_run_part *p, struct hn_str json)
{
    const struct hn_jv *v = hn_jv_parse(r->a, hn_str_bytes(json), NULL);

    for (size_t i = 0; v && v->kind == HN_JV_ARR && i < v->n; i++) {
        const struct hn_jv *each = hn_jv_get(&v->items[i], "each");
        for (size_t k = 0; each && each->kind == HN_JV_ARR && k < each->n; k++)
            if (each->items[k].kind == HN_JV_STR && !hn_ok(hn_map_set(&p->then, hn_str_bytes(each->items[k].s), p)))
                return store_nomem(r->s);
    }
    return HN_OK;
}

/* Fills p->then with who was hidden in that run. */
static struct hn_err then(struct store_run *r, struct store_run_part *p, int64_t run)
{
    struct hn_str json = {0};

    if (p->then_run == run)
        return HN_OK;
    hn_map_done(&p->then);
    hn_map_init(&p->then);
    p->then_run = run;
    struct st q = st_open(r->s, "SELECT not_seen FROM run_cover WHERE run = ? AND module = ? AND scope = ?");
    st_int(&q, run);
    st_int(&q, p->module);
    st_int(&q, p->scope);
    if (st_row(&q))
        json = st_copy(&q, 0, r->a);
    HN_TRY(st_end(&q));
    return note_each(r, p, json);
}

struct hn_err store_run_hides(struct store_run *r, struct store_run_part *p, uint32_t kind, struct hn_str subject,
                              struct hn_str location, hn_time last, int64_t last_run, bool *ret)
{
    struct hn_str name = store_word_text(r->s, kind);

    *ret = false;
    for (size_t i = 0; i < p->in->n_hidden && !*ret; i++) {
        const struct hn_store_run_hidden *h = &p->in->hidden[i];
        if (++r->work > WORK_MOST) {
            *ret = true;
            break;
        }
        if (!hn_str_eq(h->kind, name) || h->from > last || (h->subject.n && !hn_str_eq(h->subject, subject)) ||
            (h->location.n && !hn_str_eq(h->location, location)))
            continue;
        HN_TRY(then(r, p, last_run));
        *ret = !hn_map_has(&p->then, hn_str_bytes(h->who));
    }
    return HN_OK;
}
