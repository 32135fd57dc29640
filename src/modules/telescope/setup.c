#include "modules/telescope/setup.h"

#include "base/mem.h"
#include "base/str.h"

#define LIST_MAX   (64u << 20)
#define REPORT_MAX (512u << 20)

/* ---------------------------------------------------------------- options */

/* The lists of an option; false when it was given and could not be read. */
static bool read_list(struct hn_work *w, const char *option, struct hn_prefixes *ps)
{
    struct hn_input in;
    struct hn_arena *a = hn_work_arena(w);
    bool ok = true;
    size_t n = 0;
    while (hn_work_input(w, option, &in)) {
        struct hn_work_lines t = {.w = w, .key = "telescope.line", .name = hn_arena_cstr(a, in.name)};
        ok &= hn_work_map(w, &in, LIST_MAX);
        if (in.map.p)
            hn_prefixes_parse(ps, a, hn_arena_bytes(a, in.map), hn_work_bad_line, &t);
        hn_work_done(&in);
        n++;
    }
    hn_prefixes_sort(ps, a);
    return ok && !a->failed && (n || !hn_work_given(w, option));
}

/* 0, or the exit code of what was wrong (told). */
static int read_geo(struct hn_work *w, struct telescope_config *how)
{
    size_t n = 0;
    struct hn_geo *geo = HN_NEW(hn_work_arena(w), struct hn_geo);
    int code = geo ? hn_work_geo(w, "telescope.geo", "telescope.line", geo, &n) : 0;
    if (code)
        return code;
    how->geo = n ? geo : NULL;
    return n ? 0 : hn_work_fail(w, "telescope.list", NULL);
}

/* "NAME=PREFIX" or "PREFIX". */
static bool add_telescope(struct hn_work *w, struct telescope_config *how, struct hn_str s)
{
    ptrdiff_t eq = hn_str_chr(s, '=');
    struct hn_str prefix = eq < 0 ? s : hn_str_cut(s, (size_t)eq + 1, s.n),
                  name = eq < 0 ? s : hn_str_cut(s, 0, (size_t)eq);
    return hn_prefixes_add(&how->telescopes, hn_work_arena(w), prefix, name, (struct hn_str){"", 0});
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
    how->addresses = telescope_addresses(&how->telescopes);
    how->since = hn_work_time(w, "since");
    how->until = hn_work_time(w, "until");
    how->idle = (uint32_t)hn_work_int(w, "idle", how->idle);
    how->member_quiet = (uint32_t)hn_work_int(w, "quiet", how->member_quiet);
    how->threads = (unsigned)hn_work_int(w, "threads", 2);
    how->ports_only = hn_work_switch(w, "ports-only");
    how->outer = hn_work_switch(w, "outer");
    return 0;
}

/* ---------------------------------------------------------------- what comes out */

static bool say_json(struct hn_work *w, const struct telescope_report *r, const struct telescope_inputs *in, size_t top)
{
    struct hn_buf out;
    hn_buf_init(&out, REPORT_MAX);
    telescope_report_json(r, in, top, &out);
    hn_buf_chr(&out, '\n');
    bool whole = !out.bad;
    if (whole)
        hn_work_write(w, hn_str_bytes(hn_buf_text(&out)));
    hn_buf_done(&out);
    return whole;
}

static bool save(struct hn_work *w, struct telescope_engine *e, const struct telescope_inputs *in)
{
    struct telescope_note *note =
        hn_alloc_zero(sizeof *note); /* no captures are followed: there is nothing to go on with */
    int fd = hn_work_output(w, "state");
    bool ok = note && fd >= 0;
    if (ok) {
        note->in = *in;
        ok = telescope_state_save(e, fd, note, sizeof *note);
    }
    hn_free(note);
    if (!ok)
        hn_work_warn(w, "telescope.save", NULL);
    return ok;
}

int telescope_answer(struct hn_work *w, struct telescope_engine *e, struct telescope_inputs *in)
{
    struct hn_arena *a = hn_work_arena(w);
    struct telescope_report *r = telescope_majors(e) ? telescope_report_new(e, a) : NULL;
    bool json = hn_work_form(w) != HN_FORM_TEXT, ok = r != NULL;
    size_t top = (size_t)hn_work_int(w, "top", json ? 0 : 20);
    in->unreadable += hn_work_unreadable(w);
    if (ok && json)
        ok = say_json(w, r, in, top);
    else if (ok)
        telescope_report_text(r, in, top, w);
    if (!ok) {
        telescope_report_done(r);
        return hn_work_fail(w, "telescope.memory", NULL);
    }
    int code = r->n_alerts ? 1 : 0;
    if (hn_work_given(w, "keep") && !telescope_keep(w, a, r, hn_work_str(w, "keep")))
        code = 3;
    telescope_report_done(r);
    return hn_work_given(w, "state") && !save(w, e, in) ? 3 : code;
}
