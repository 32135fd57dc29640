/* The main port of a source that goes to many.
 *
 * The vote of a source (cell.c) ends with the port that most of its packets went to when that is more than half of
 * them, and else with one of its ports, which depends on the order of the packets. There the events of the source are
 * asked, so that the same packets give the same main port, and the same campaign, in any order and from any number of
 * parts. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define MARKS 17u /* log2 of the bits by which most events of other sources are passed over */

/* More than half of the packets went to port_major: each vote stands for one of them that no other has answered. */
static bool certain(const struct telescope_source *s)
{
    unsigned kinds = s->traits & (TRAIT_TCP | TRAIT_UDP | TRAIT_ICMP);
    return (kinds & (kinds - 1)) == 0 && s->port_votes * 2u > s->packets;
}

static uint64_t *mark_of(uint64_t *marks, uint32_t key, uint64_t *bit)
{
    uint32_t at = telescope_source_mark(key) >> (32 - MARKS);
    *bit = UINT64_C(1) << (at & 63);
    return &marks[at >> 6];
}

/* most: packets of the best port so far, by number of the source. */
static void ask_event(struct telescope_cell *c, const struct telescope_event *e, uint32_t *most)
{
    struct telescope_source *s = telescope_source_find(c, e->key, telescope_source_hash(&c->salt, e->key));
    if (!s || certain(s))
        return;
    uint32_t *n = &most[s - telescope_sources(&c->sources)];
    if (e->packets < *n || (e->packets == *n && e->port >= s->port_major))
        return;
    *n = e->packets;
    s->port_major = e->port;
    s->port_votes = 0; /* they were given to another */
}

static bool majors_of(struct telescope_cell *c, uint64_t *marks, size_t size)
{
    uint64_t bit, n = 0;
    memset(marks, 0, size);
    for (uint32_t i = 0; i < c->sources.n; i++) {
        const struct telescope_source *s = &telescope_sources(&c->sources)[i];
        if (s->traits & (TRAIT_TCP | TRAIT_UDP | TRAIT_ICMP) && !certain(s)) {
            *mark_of(marks, s->key, &bit) |= bit;
            n++;
        }
    }
    uint32_t *most = n ? hn_alloc_zero(c->sources.n * sizeof *most) : NULL;
    for (uint32_t i = 0; most && i < c->events.n; i++) {
        const struct telescope_event *e = &telescope_events(&c->events)[i];
        if (telescope_class_roles[e->class] == ROLE_SCAN && *mark_of(marks, e->key, &bit) & bit)
            ask_event(c, e, most);
    }
    hn_free(most);
    return !n || most;
}

bool telescope_majors(struct telescope_engine *e)
{
    const size_t size = (1u << MARKS) / 8;
    uint64_t *marks = hn_alloc(size);
    bool ok = marks != NULL;
    for (unsigned k = 0; ok && k < TELESCOPE_CELLS; k++)
        ok = majors_of(&e->cells[k], marks, size);
    hn_free(marks);
    return ok;
}
