/* Programs that something starts: their mode and owner, and those of the folders above them, since whoever may write
 * there decides what runs. */
#include <errno.h>

#include "modules/services/services.h"

/* path is canonical; raw is how the file is reached on a system without merged /usr. */
static struct services_program *note(struct hn_parse *p, struct hn_str path, struct hn_str raw)
{
    struct services_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct services_program *g = hn_map_find(&s->programs, hn_str_bytes(path));
    if (g || s->n_programs >= SERVICES_MAX_PROGRAMS)
        return g;
    g = HN_NEW(a, struct services_program);
    if (!g)
        return NULL;
    g->path = hn_arena_str(a, path);
    if (!hn_ok(hn_map_set(&s->programs, hn_str_bytes(g->path), g)))
        return NULL;
    g->next = s->programs_first;
    s->programs_first = g;
    s->n_programs++;
    for (size_t i = 0; i < raw.n; i++)
        if (strchr("*?[\\", raw.p[i]))
            return g; /* would be taken as a pattern: left unseen */
    hn_parse_want_some(p, "program", raw, 0);
    return g;
}

struct hn_str services_program_note(struct hn_parse *p, struct hn_str path)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str canon = hn_str_from_hostile(a, hn_path_canonical(a, hn_str_bytes(path)), 4096);
    struct services_program *g = note(p, canon, path);
    for (size_t at = canon.n; at > 1;) { /* every folder above, once */
        while (at > 1 && canon.p[at - 1] != '/')
            at--;
        at--;
        if (at > 0)
            note(p, hn_str_cut(canon, 0, at), hn_str_cut(canon, 0, at));
    }
    return g ? g->path : canon;
}

void services_program_stat(struct hn_parse *p, const struct hn_rec *r)
{
    struct services_state *s = hn_parse_state(p);
    struct services_program *g = hn_map_find(&s->programs, hn_path_canonical(hn_parse_scratch(p), r->path));
    if (!g)
        return;
    g->missing = r->err == ENOENT || r->err == ENOTDIR;
    g->seen = r->has_stat;
    g->mode = r->st.mode;
    g->uid = r->st.uid;
    g->gid = r->st.gid;
}

void services_programs_emit(struct hn_parse *p)
{
    struct services_state *s = hn_parse_state(p);
    for (const struct services_program *g = s->programs_first; g; g = g->next) {
        if (!g->seen && !g->missing)
            continue;
        hn_obs_begin(p, "program", g->path);
        hn_obs_str(p, "path", g->path);
        hn_obs_bool(p, "missing", g->missing);
        if (g->seen) {
            hn_obs_bool(p, "folder", (g->mode & 0170000) == 0040000);
            hn_obs_int(p, "mode", g->mode & 07777);
            hn_obs_int(p, "uid", g->uid);
            hn_obs_int(p, "gid", g->gid);
        }
        hn_obs_end(p);
    }
}

static bool ends_word(char c)
{
    return strchr(" \t;&|()<>\"'`={}$\\,", c) != NULL;
}

size_t services_programs_of(struct hn_parse *p, struct hn_str line, struct hn_str *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < line.n && n < max; i++) {
        bool start = line.p[i] == '/' && (i == 0 || ends_word(line.p[i - 1]));
        if (!start)
            continue;
        size_t end = i;
        while (end < line.n && !ends_word(line.p[end]))
            end++;
        struct hn_str path = hn_str_cut(line, i, end);
        bool write = i >= 1 && (line.p[i - 1] == '>' || (i >= 2 && line.p[i - 1] == ' ' && line.p[i - 2] == '>'));
        i = end;
        if (path.n < 2 || write || hn_str_starts(path, "/dev/") || hn_str_starts(path, "/proc/") ||
            hn_str_starts(path, "/sys/"))
            continue;
        out[n++] = services_program_note(p, path);
    }
    return n;
}
