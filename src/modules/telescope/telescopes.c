/* The list of telescopes, and what came to each: two engines, or an engine and a state, may have different ones. */
#include "modules/telescope/telescope.h"

#define COUNTED 256u /* struct telescope_counts: the first ones of the list are told apart */

uint64_t telescope_addresses(const struct hn_prefixes *ps)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ps->n4; i++)
        if (ps->list[i].parent < 0) /* else it is counted already */
            n += UINT64_C(1) << (32 - ps->list[i].bits);
    return n;
}

static size_t place_of(const struct hn_prefixes *ps, const struct hn_prefix *p)
{
    size_t i = 0;
    while (i < ps->n && !(ps->list[i].bits == p->bits && hn_ip_eq(&ps->list[i].ip, &p->ip)))
        i++;
    return i;
}

static void add_missing(struct hn_prefixes *to, struct hn_arena *a, const struct hn_prefixes *from)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct hn_prefix *p = &from->list[i];
        char ip[HN_IP_TEXT];
        if (place_of(to, p) == to->n)
            hn_prefixes_add(to, a, hn_arena_fmt(a, "%s/%u", hn_ip_text(&p->ip, ip), p->bits), hn_arena_str(a, p->name),
                            hn_arena_str(a, p->text));
    }
}

static void count(struct telescope_engine *e, const struct hn_prefixes *list, const uint64_t packets[COUNTED])
{
    for (size_t i = 0; i < list->n && i < COUNTED; i++) {
        size_t at = place_of(&e->how.telescopes, &list->list[i]);
        if (at < e->how.telescopes.n)
            e->sum.telescope_packets[at < COUNTED ? at : COUNTED - 1] += packets[i];
    }
}

/* Places move when a telescope joins, so both lists are counted into the new one. */
static void join(struct telescope_engine *e, const struct hn_prefixes *list)
{
    const struct hn_prefixes was = e->how.telescopes;
    struct hn_prefixes all = {0};
    uint64_t own[COUNTED];
    add_missing(&all, e->how.arena, &was);
    add_missing(&all, e->how.arena, list);
    hn_prefixes_sort(&all, e->how.arena);
    if (e->how.arena->failed) {
        e->failed = true;
        return;
    }
    memcpy(own, e->sum.telescope_packets, sizeof own);
    memset(e->sum.telescope_packets, 0, sizeof own);
    e->how.telescopes = all;
    e->how.addresses = telescope_addresses(&all);
    count(e, &was, own);
}

void telescope_adopt(struct telescope_engine *e, const struct hn_prefixes *list, const uint64_t packets[COUNTED])
{
    bool missing = false;
    for (size_t i = 0; i < list->n; i++)
        missing |= place_of(&e->how.telescopes, &list->list[i]) == e->how.telescopes.n;
    if (missing && e->how.arena)
        join(e, list);
    if (!list->n && !e->how.telescopes.n)
        e->sum.telescope_packets[0] += packets[0]; /* neither names one: all is one */
    count(e, list, packets);
}
