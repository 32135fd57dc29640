/* What the verbs of several modules read alike: packets of an interface, and where addresses are. */
#include "base/str.h"
#include "core/work.h"
#include "format/packet/live.h"
#include "format/place.h"

#define GEO_MAX    ((size_t)1 << 30)
#define LINES_TOLD 8u

bool hn_work_live(struct hn_work *w, int fd, const struct hn_live_sink *sink, struct hn_live *ret)
{
    return hn_str_eq(hn_work_str(w, "capture"), HN_STR("libpcap"))
               ? hn_live_stream(ret, fd, sink)
               : hn_live_ring(ret, fd, HN_RING_BLOCK, HN_RING_BYTES / HN_RING_BLOCK, sink);
}

void hn_work_bad_line(void *arg, unsigned line, const char *why)
{
    struct hn_work_lines *t = arg;
    struct hn_arena *a = hn_work_arena(t->w);
    if (t->told++ < LINES_TOLD)
        hn_work_warn(t->w, t->key, "name", t->name, "line", hn_arena_fmt(a, "%u", line).p, "why", why, NULL);
}

static const char *add_geo(struct hn_work *w, const char *bad_line, struct hn_geo *geo, struct hn_input *in)
{
    struct hn_work_lines t = {.w = w, .key = bad_line, .name = hn_arena_cstr(hn_work_arena(w), in->name)};
    if (!hn_work_map(w, in, GEO_MAX))
        return "cannot be read";
    bool list = !hn_mmdb_is(in->map);
    const char *why = hn_geo_add(geo, hn_work_arena(w), in->map, hn_work_bad_line, &t);
    if (list) /* a database is looked into as long as the worker lives: it stays mapped */
        hn_work_done(in);
    return why;
}

int hn_work_geo(struct hn_work *w, const char *bad_file, const char *bad_line, struct hn_geo *geo, size_t *ret_n)
{
    struct hn_input in;
    *ret_n = 0;
    while (hn_work_input(w, "geo", &in)) {
        const char *why = add_geo(w, bad_line, geo, &in);
        if (why)
            return hn_work_fail(w, bad_file, "name", hn_arena_cstr(hn_work_arena(w), in.name), "why", why, NULL);
        ++*ret_n;
    }
    hn_prefixes_sort(&geo->lists, hn_work_arena(w));
    return 0;
}
