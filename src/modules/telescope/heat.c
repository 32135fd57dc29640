/* Ports by hour, for the picture of a day: of each hour the ports with the most sources. Hours lie one after the other,
 * the oldest first; when there is no room, the oldest hour goes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define AN_HOUR 128u /* ports kept of one */

static void drop_hour(struct telescope_engine *e)
{
    uint32_t n = 1;
    while (n < e->n_heat && e->heat[n].hour == e->heat[0].hour)
        n++;
    memmove(e->heat, e->heat + n, (e->n_heat - n) * sizeof e->heat[0]);
    e->n_heat -= n;
}

/* The least of this hour's, which gives way to a port with more sources. */
static struct telescope_heat *least_of(struct telescope_engine *e, uint32_t from)
{
    struct telescope_heat *least = &e->heat[from];
    for (uint32_t i = from + 1; i < e->n_heat; i++)
        if (e->heat[i].sources < least->sources)
            least = &e->heat[i];
    return least;
}

void telescope_heat_add(struct telescope_engine *e, uint32_t hour, uint32_t port, uint32_t packets, uint32_t sources)
{
    struct telescope_heat h = {.hour = hour, .port = port, .packets = packets, .sources = sources};
    uint32_t from = e->n_heat;
    while (from && e->heat[from - 1].hour == hour)
        from--;
    if (e->n_heat - from == AN_HOUR) {
        struct telescope_heat *least = least_of(e, from);
        if (sources > least->sources)
            *least = h;
        return;
    }
    if (e->n_heat == TELESCOPE_HEAT)
        drop_hour(e);
    e->heat[e->n_heat++] = h;
}

static int by_time(const void *x, const void *y)
{
    const struct telescope_heat *a = x, *b = y;
    if (a->hour != b->hour)
        return a->hour < b->hour ? -1 : 1;
    return (a->port > b->port) - (a->port < b->port);
}

/* One port in one hour, which several entries are of: distinct sources when they were shared out, else at most these.
 */
static struct telescope_heat sum_of(const struct telescope_heat *list, size_t n)
{
    struct telescope_heat h = list[0];
    for (size_t i = 1; i < n; i++) {
        h.packets += list[i].packets;
        h.sources += list[i].sources;
    }
    return h;
}

bool telescope_heat_merge(struct telescope_engine *a, const struct telescope_engine *b)
{
    size_t n = a->n_heat + b->n_heat;
    struct telescope_heat *all = hn_alloc((n ? n : 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, a->heat, a->n_heat * sizeof *all);
    memcpy(all + a->n_heat, b->heat, b->n_heat * sizeof *all);
    qsort(all, n, sizeof *all, by_time);
    a->n_heat = 0;
    for (size_t i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && by_time(&all[i], &all[i + same]) == 0;)
            same++;
        struct telescope_heat h = sum_of(&all[i], same);
        telescope_heat_add(a, h.hour, h.port, h.packets, h.sources);
    }
    hn_free(all);
    return true;
}

size_t telescope_heat_of(const struct telescope_engine *e, uint32_t port,
                         struct telescope_heat ret[TELESCOPE_DAY_HOURS])
{
    uint32_t now = e->last / 3600;
    size_t n = 0;
    for (uint32_t i = 0; i < e->n_heat && n < TELESCOPE_DAY_HOURS - 1; i++)
        if (e->heat[i].port == port && e->heat[i].hour + TELESCOPE_DAY_HOURS > now && e->heat[i].hour != e->hour)
            ret[n++] = e->heat[i];
    struct telescope_heat present = {.hour = e->hour, .port = port};
    for (unsigned k = 0; k < e->how.threads; k++) {
        present.packets += e->ports[(size_t)k * TELESCOPE_PORTS + port].hour_packets;
        present.sources += e->ports[(size_t)k * TELESCOPE_PORTS + port].hour_sources;
    }
    if (present.packets)
        ret[n++] = present;
    return n;
}
