#include "modules/telescope/setup.h"

#include <stdio.h>

#include "base/str.h"

#define LIST_MAX (64u << 20)
#define GEO_MAX  ((size_t)1 << 30)

struct told {
    struct hn_work *w;
    const char *name;
    unsigned n;
};

static void bad_line(void *arg, unsigned line, const char *why)
{
    struct told *t = arg;
    char number[16];
    if (t->n++ >= 8)
        return;
    snprintf(number, sizeof number, "%u", line);
    hn_work_warn(t->w, "telescope.line", "name", t->name, "line", number, "why", why, NULL);
}

/* The lists of an option; false when it was given and could not be read. */
static bool read_list(struct hn_work *w, const char *option, struct hn_prefixes *ps)
{
    struct hn_input in;
    struct hn_arena *a = hn_work_arena(w);
    bool ok = true;
    size_t n = 0;
    while (hn_work_input(w, option, &in)) {
        struct told t = {.w = w, .name = hn_arena_cstr(a, in.name)};
        ok &= hn_work_map(w, &in, LIST_MAX);
        if (in.map.p)
            hn_prefixes_parse(ps, a, hn_arena_bytes(a, in.map), bad_line, &t);
        hn_work_done(&in);
        n++;
    }
    hn_prefixes_sort(ps, a);
    return ok && !a->failed && (n || !hn_work_given(w, option));
}

/* A database is looked into for every report: it stays mapped. NULL, or why the file is of no use. */
static const char *add_geo(struct hn_work *w, struct hn_geo *geo, struct hn_input *in)
{
    struct told t = {.w = w, .name = hn_arena_cstr(hn_work_arena(w), in->name)};
    bool list = !hn_mmdb_is(in->map);
    const char *why = hn_geo_add(geo, hn_work_arena(w), in->map, bad_line, &t);
    if (list)
        hn_work_done(in);
    return why;
}

/* 0, or the exit code of what was wrong (told). */
static int read_geo(struct hn_work *w, struct telescope_config *how)
{
    struct hn_input in;
    struct hn_geo *geo = HN_NEW(hn_work_arena(w), struct hn_geo);
    while (geo && hn_work_input(w, "geo", &in)) {
        const char *why = hn_work_map(w, &in, GEO_MAX) ? add_geo(w, geo, &in) : "cannot be read";
        if (why)
            return hn_work_fail(w, "telescope.geo", "name", hn_arena_cstr(hn_work_arena(w), in.name), "why", why, NULL);
        how->geo = geo;
    }
    if (!geo || !how->geo)
        return hn_work_fail(w, "telescope.list", NULL);
    hn_prefixes_sort(&geo->lists, hn_work_arena(w));
    return 0;
}

/* "NAME=PREFIX" or "PREFIX". */
static bool add_telescope(struct hn_work *w, struct telescope_config *how, struct hn_str s)
{
    ptrdiff_t eq = hn_str_chr(s, '=');
    struct hn_str prefix = eq < 0 ? s : hn_str_cut(s, (size_t)eq + 1, s.n),
                  name = eq < 0 ? s : hn_str_cut(s, 0, (size_t)eq);
    return hn_prefixes_add(&how->telescopes, hn_work_arena(w), prefix, name, (struct hn_str){"", 0});
}

/* IPv4 addresses of prefixes that lie in no other; IPv6 ones are too many to be counted. */
static uint64_t addresses(const struct hn_prefixes *ps)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ps->n4; i++)
        if (ps->list[i].parent < 0)
            n += UINT64_C(1) << (32 - ps->list[i].bits);
    return n;
}

int telescope_setup(struct hn_work *w, struct telescope_config *how)
{
    const struct hn_str *prefixes;
    telescope_config_init(how);
    size_t n = hn_work_strs(w, "prefix", &prefixes);
    for (size_t i = 0; i < n; i++)
        if (!add_telescope(w, how, prefixes[i]))
            return hn_work_usage(w, "telescope.prefix", "text", hn_arena_cstr(hn_work_arena(w), prefixes[i]), NULL);
    hn_prefixes_sort(&how->telescopes, hn_work_arena(w));
    if (!read_list(w, "members", &how->members) || !read_list(w, "scanners", &how->scanners))
        return hn_work_fail(w, "telescope.list", NULL);
    if (hn_work_given(w, "geo") && read_geo(w, how))
        return 3;
    how->addresses = addresses(&how->telescopes);
    how->since = hn_work_time(w, "since");
    how->until = hn_work_time(w, "until");
    how->idle = (uint32_t)hn_work_int(w, "idle", how->idle);
    how->member_quiet = (uint32_t)hn_work_int(w, "quiet", how->member_quiet);
    how->threads = (unsigned)hn_work_int(w, "threads", 2);
    how->ports_only = hn_work_switch(w, "ports-only");
    how->outer = hn_work_switch(w, "outer");
    return 0;
}
