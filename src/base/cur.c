#include "base/cur.h"

void hn_cur_init(struct hn_cur *c, struct hn_bytes b, uint64_t budget)
{
    *c = (struct hn_cur){.base = b.p, .len = b.n, .budget = budget};
}

void hn_cur_fail(struct hn_cur *c, const char *why)
{
    if (!c->bad) {
        c->bad = why;
        c->bad_at = c->off;
    }
    /* Nothing is left, so every later read fails by the ordinary comparison and loops over the rest end. */
    c->off = c->len;
}

struct hn_cur hn_cur_sub(struct hn_cur *c, size_t n)
{
    struct hn_cur sub = {.base = c->base, .budget = c->budget};

    if (hn_cur_need(c, n)) {
        sub.base = c->base ? c->base + c->off : NULL;
        sub.len = n;
        c->off += n;
    }
    if (c->bad)
        hn_cur_fail(&sub, c->bad);
    return sub;
}
