/* Unit files, drop-ins and the links that enable or mask them, over all unit paths of systemd.unit(5). */
#include "modules/services/services.h"

/* Weakest first; the index is the strength. /lib is /usr/lib after the canonical form. */
const char *const services_unit_dirs[] = {"/run/systemd/generator.late",   "/usr/lib/systemd/system",
                                          "/usr/local/lib/systemd/system", "/run/systemd/generator",
                                          "/run/systemd/system.attached",  "/run/systemd/system",
                                          "/etc/systemd/system.attached",  "/etc/systemd/system",
                                          "/run/systemd/generator.early",  "/run/systemd/transient",
                                          "/run/systemd/system.control",   "/etc/systemd/system.control",
                                          "/lib/systemd/system",           NULL};

bool services_is_unit_dir(struct hn_bytes path, unsigned *ret_strength)
{
    for (unsigned i = 0; services_unit_dirs[i]; i++)
        if (hn_bytes_eqc(path, services_unit_dirs[i])) {
            *ret_strength = i;
            return true;
        }
    return false;
}

/* "/etc/systemd/system/x.wants/y" → folder "/etc/systemd/system/x.wants", name "y" */
static void cut_path(struct hn_bytes path, struct hn_bytes *ret_dir, struct hn_bytes *ret_name)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    *ret_dir = hn_bytes_of(path.p, at ? at - 1 : 0);
    *ret_name = hn_bytes_of(path.p + at, path.n - at);
}

static struct services_unit *unit_get(struct hn_parse *p, struct hn_str name)
{
    struct services_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct services_unit *u = hn_map_find(&s->units, hn_str_bytes(name));
    if (u)
        return u;
    u = s->n_units < SERVICES_MAX_UNITS ? HN_NEW(a, struct services_unit) : NULL;
    if (!u)
        return NULL;
    u->name = hn_arena_str(a, name);
    if (!hn_ok(hn_map_set(&s->units, hn_str_bytes(u->name), u)))
        return NULL;
    if (s->last)
        s->last->next = u;
    else
        s->first = u;
    s->last = u;
    s->n_units++;
    return u;
}

static bool is_unit_name(struct hn_str n)
{
    return hn_str_ends(n, ".service") || hn_str_ends(n, ".socket") || hn_str_ends(n, ".timer") ||
           hn_str_ends(n, ".path");
}

/* A link in the folder itself: to /dev/null it masks, to another unit name it is an alias. */
static void take_link(struct hn_parse *p, const struct hn_rec *r, struct hn_str name, unsigned strength)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_bytes dir, base;
    struct services_unit *u = unit_get(p, name);
    if (!u || (u->link_path.n && u->link_strength > strength))
        return;
    cut_path(r->link, &dir, &base);
    struct hn_str target = hn_str_from_hostile(a, base, 512);
    u->masked = hn_bytes_eqc(r->link, "/dev/null");
    u->alias = !u->masked && !hn_str_eq(target, name);
    u->link_strength = strength;
    u->link_path = hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(a, r->path, 4096));
    struct services_unit *of = u->alias && is_unit_name(target) ? unit_get(p, target) : NULL;
    if (of && strength != 1 && strength != 12)
        of->enabled = true; /* Alias= of the [Install] section, made by enabling */
}

static void take_wants(struct hn_parse *p, struct hn_str name, struct hn_str folder, unsigned strength)
{
    struct services_unit *u = unit_get(p, name);
    if (!u)
        return;
    if (strength == 1 || strength == 2 || strength == 12)
        u->enabled_static = true;
    else
        u->enabled = true;
    for (size_t i = 0; i < u->n_enabled_by; i++)
        if (hn_str_eq(u->enabled_by[i], folder))
            return;
    if (u->n_enabled_by < sizeof(u->enabled_by) / sizeof(u->enabled_by[0]))
        u->enabled_by[u->n_enabled_by++] = hn_arena_str(hn_parse_arena(p), folder);
}

void services_entry(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_bytes dir, base, top, folder;
    unsigned strength;
    if (r->err)
        return;
    cut_path(r->path, &dir, &base);
    struct hn_str name = hn_str_from_hostile(a, base, 512);
    if (!is_unit_name(name))
        return;
    if (services_is_unit_dir(dir, &strength)) {
        if (r->link.n)
            take_link(p, r, name, strength);
        return;
    }
    cut_path(dir, &top, &folder);
    struct hn_str f = hn_str_from_hostile(a, folder, 512);
    size_t cut = hn_str_ends(f, ".wants") ? 6 : hn_str_ends(f, ".requires") || hn_str_ends(f, ".upholds") ? 9 : 0;
    if (hn_str_ends(f, ".upholds"))
        cut = 8;
    if (cut && services_is_unit_dir(top, &strength))
        take_wants(p, name, hn_str_cut(f, 0, f.n - cut), strength);
}

static struct services_text *keep_text(struct hn_parse *p, const struct hn_rec *r, unsigned strength)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct services_text *t = HN_NEW(a, struct services_text);
    if (!t)
        return NULL;
    if (r->truncated)
        hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
    t->path = hn_arena_bytes(a, r->path);
    t->text = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), r->data, 1u << 20));
    t->strength = strength;
    return t;
}

/* Programs are asked for while there is still a round to bring them. */
static void note_programs(struct hn_parse *p, struct hn_bytes path, struct hn_str text)
{
    struct hn_str rest = text, line;
    bool goes_on = false;
    while (hn_str_split(&rest, '\n', &line)) {
        size_t at = (size_t)(line.p - text.p);
        line = hn_str_trim(line);
        ptrdiff_t eq = hn_str_chr(line, '=');
        bool comment = !line.n || strchr("#;", line.p[0]), part = goes_on;
        goes_on = comment ? goes_on && line.n : line.p[line.n - 1] == '\\';
        if (!comment && !part && eq <= 0 && line.p[0] != '[')
            hn_parse_malformed(p, path, at, "neither a section nor Key=Value");
        if (!hn_str_starts(line, "Exec") || eq < 0)
            continue;
        struct hn_str prog = services_exec_program(hn_parse_scratch(p), hn_str_cut(line, (size_t)eq + 1, line.n));
        if (prog.n)
            services_program_note(p, prog);
    }
}

void services_unit_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_bytes dir, base;
    unsigned strength;
    if (r->offset)
        return;
    cut_path(r->path, &dir, &base);
    struct hn_str name = hn_str_from_hostile(hn_parse_scratch(p), base, 512);
    struct services_unit *u = r->err || !services_is_unit_dir(dir, &strength) ? NULL : unit_get(p, name);
    if (!u || (u->file && u->file->strength >= strength))
        return;
    struct services_text *t = keep_text(p, r, strength);
    if (!t)
        return;
    u->file = t;
    if (!r->data.n && r->st.size == 0)
        u->masked = true; /* an empty unit file masks as well */
    note_programs(p, t->path, t->text);
}

void services_dropin_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct services_state *s = hn_parse_state(p);
    struct hn_bytes folder, base, top, name;
    unsigned strength;
    if (r->err || r->offset || s->n_dropins >= SERVICES_MAX_DROPINS)
        return;
    cut_path(r->path, &folder, &base);
    cut_path(folder, &top, &name);
    struct services_text *t = services_is_unit_dir(top, &strength) ? keep_text(p, r, strength) : NULL;
    if (!t)
        return;
    t->next = s->dropins;
    s->dropins = t;
    s->n_dropins++;
    note_programs(p, t->path, t->text);
}

/* /run/systemd/units/invocation:NAME → id, one per unit that systemd has started */
void services_active(struct hn_parse *p, const struct hn_rec *r)
{
    static const char mark[] = "invocation:";
    struct hn_bytes dir, base;
    cut_path(r->path, &dir, &base);
    struct hn_str name = hn_str_from_hostile(hn_parse_scratch(p), base, 512);
    if (r->err || !hn_str_starts(name, mark))
        return;
    ((struct services_state *)hn_parse_state(p))->active_known = true;
    name = hn_str_cut(name, sizeof(mark) - 1, name.n);
    struct services_unit *u = is_unit_name(name) ? unit_get(p, name) : NULL;
    if (u)
        u->active = true;
}

/* ---------------------------------------------------------------- drop-ins of one unit */

/* How near the folder "foo-bar.service.d" is to the unit: 0 not at all, 1 type, 2 prefix, 3 template, 4 the unit. */
static unsigned nearness(struct hn_str folder, struct hn_str unit)
{
    if (!hn_str_ends(folder, ".d"))
        return 0;
    struct hn_str f = hn_str_cut(folder, 0, folder.n - 2);
    if (hn_str_eq(f, unit))
        return 4;
    ptrdiff_t dot = -1;
    for (size_t i = 0; i < unit.n; i++)
        if (unit.p[i] == '.')
            dot = (ptrdiff_t)i;
    struct hn_str suffix = dot < 0 ? HN_STR("") : hn_str_cut(unit, (size_t)dot, unit.n);
    if (suffix.n > 1 && hn_str_eq(f, hn_str_cut(suffix, 1, suffix.n)))
        return 1;
    if (f.n <= suffix.n || memcmp(f.p + f.n - suffix.n, suffix.p, suffix.n) != 0)
        return 0;
    struct hn_str stem = hn_str_cut(f, 0, f.n - suffix.n);
    bool prefix = unit.n > stem.n && memcmp(unit.p, stem.p, stem.n) == 0;
    if (prefix && stem.p[stem.n - 1] == '@')
        return 3;
    return prefix && stem.p[stem.n - 1] == '-' ? 2 : 0;
}

struct dropin {
    const struct services_text *t;
    struct hn_str name;
    unsigned near;
};

#define MAX_DROPINS_OF_UNIT 64u

/* Sorted by name; of one name the nearest, then the strongest. */
static size_t dropins_of(struct hn_parse *p, struct hn_str unit, struct dropin *out)
{
    struct services_state *s = hn_parse_state(p);
    size_t n = 0;
    for (const struct services_text *t = s->dropins; t; t = t->next) {
        struct hn_bytes folder, base, top, fname;
        cut_path(t->path, &folder, &base);
        cut_path(folder, &top, &fname);
        struct hn_str name = {(const char *)base.p, base.n};
        unsigned near = nearness((struct hn_str){(const char *)fname.p, fname.n}, unit);
        size_t at = 0;
        if (!near)
            continue;
        while (at < n && hn_str_cmp(out[at].name, name) < 0)
            at++;
        if (at < n && hn_str_eq(out[at].name, name)) {
            bool better = near > out[at].near || (near == out[at].near && t->strength > out[at].t->strength);
            if (better)
                out[at] = (struct dropin){t, name, near};
            continue;
        }
        if (n == MAX_DROPINS_OF_UNIT)
            continue;
        memmove(out + at + 1, out + at, (n - at) * sizeof(*out));
        out[at] = (struct dropin){t, name, near};
        n++;
    }
    return n;
}

/* ---------------------------------------------------------------- out */

static struct hn_str path_text(struct hn_parse *p, struct hn_bytes path)
{
    struct hn_arena *a = hn_parse_arena(p);
    return hn_str_from_hostile(a, hn_path_canonical(a, path), 4096);
}

#define MAX_LIST 64u

/* Values of the keys of one section that begin with prefix. "Key=value" when named, else the value. */
static size_t values(struct hn_parse *p, const struct services_settings *w, const char *section, const char *prefix,
                     bool named, struct hn_str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n && n < MAX_LIST; i++) {
        if (!hn_str_eqc(w->v[i].section, section) || !hn_str_starts(w->v[i].key, prefix))
            continue;
        out[n++] = named ? hn_arena_fmt(hn_parse_arena(p), "%.*s=%.*s", HN_FMT(w->v[i].key), HN_FMT(w->v[i].value))
                         : w->v[i].value;
    }
    return n;
}

static void emit_execs(struct hn_parse *p, const struct services_settings *w)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str list[MAX_LIST];
    size_t n = 0;
    bool first = true;
    for (size_t i = 0; i < w->n && n < MAX_LIST; i++) {
        if (!hn_str_eqc(w->v[i].section, "Service") || !hn_str_starts(w->v[i].key, "Exec") ||
            hn_str_starts(w->v[i].key, "ExecPaths") || hn_str_starts(w->v[i].key, "ExecSearch"))
            continue;
        struct hn_str prog = services_exec_program(a, w->v[i].value);
        struct hn_str path = prog.n ? path_text(p, hn_str_bytes(prog)) : prog;
        if (first && hn_str_eqc(w->v[i].key, "ExecStart")) {
            first = false;
            hn_obs_str(p, "command", w->v[i].value);
            if (path.n)
                hn_obs_str(p, "exec", path);
        }
        bool known = !path.n;
        for (size_t k = 0; k < n && !known; k++)
            known = hn_str_eq(list[k], path);
        if (!known)
            list[n++] = path;
    }
    if (n)
        hn_obs_list(p, "execs", list, n);
}

static size_t protections(struct hn_parse *p, const struct services_settings *w, struct hn_str *out)
{
    static const char *const prefixes[] = {"Private",  "Protect",   "Restrict", "NoNewPrivileges", "SystemCall",
                                           "Capab",    "Ambient",   "Memory",   "LockPersonality", "IPAddress",
                                           "ReadOnly", "ReadWrite", "Device",   "UMask",           "ProcSubset"};
    size_t n = 0;
    for (size_t i = 0; i < w->n && n < MAX_LIST; i++)
        for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++)
            if (hn_str_eqc(w->v[i].section, "Service") && hn_str_starts(w->v[i].key, prefixes[k])) {
                out[n++] = hn_arena_fmt(hn_parse_arena(p), "%.*s=%.*s", HN_FMT(w->v[i].key), HN_FMT(w->v[i].value));
                break;
            }
    return n;
}

static void emit_service(struct hn_parse *p, const struct services_settings *w)
{
    struct hn_str user = services_setting_last(w, "Service", "User");
    bool dynamic = hn_str_eqc(services_setting_last(w, "Service", "DynamicUser"), "yes") ||
                   hn_str_eqc(services_setting_last(w, "Service", "DynamicUser"), "true");
    struct hn_str restart = services_setting_last(w, "Service", "Restart"), list[MAX_LIST];
    emit_execs(p, w);
    if (!dynamic || user.n)
        hn_obs_str(p, "user", user.n ? user : HN_STR("root"));
    hn_obs_bool(p, "dynamic_user", dynamic);
    if (restart.n)
        hn_obs_str(p, "restart", restart);
    size_t n = protections(p, w, list);
    hn_obs_list(p, "hardening", list, n);
    int64_t exposure = services_exposure(w, list, MAX_LIST, &n);
    hn_obs_list(p, "missing", list, n);
    hn_obs_int(p, "exposure", exposure);
}

static void emit_trigger(struct hn_parse *p, const struct services_unit *u, const struct services_settings *w)
{
    struct hn_str list[MAX_LIST], target;
    const char *section = hn_str_ends(u->name, ".timer")    ? "Timer"
                          : hn_str_ends(u->name, ".socket") ? "Socket"
                                                            : "Path";
    size_t n = values(p, w, section, "Listen", true, list);
    if (n)
        hn_obs_list(p, "listen", list, n);
    n = values(p, w, section, section[0] == 'P' ? "Path" : "On", true, list);
    if (n)
        hn_obs_list(p, "schedule", list, n);
    target = services_setting_last(w, section, section[0] == 'S' ? "Service" : "Unit");
    if (!target.n) {
        size_t end = u->name.n;
        while (end && u->name.p[end - 1] != '.')
            end--;
        target = hn_arena_fmt(hn_parse_arena(p), "%.*sservice", (int)end, u->name.p);
    }
    hn_obs_str(p, "triggers", target);
}

static const char *state_of(const struct services_unit *u, const struct services_settings *w)
{
    if (u->masked)
        return "masked";
    if (!u->file)
        return "not-found"; /* pulled in by a link, or only drop-ins are there */
    if (u->file->strength == 0 || u->file->strength == 3 || u->file->strength == 8)
        return "generated";
    if (u->file->strength == 9)
        return "transient";
    if (u->enabled)
        return "enabled";
    return !w->has_install ? "static" : "disabled";
}

/* The file of "foo@x.service" is that of "foo@.service". */
static const struct services_text *file_of(const struct services_state *s, const struct services_unit *u)
{
    char name[512];
    ptrdiff_t at = hn_str_chr(u->name, '@');
    if (u->file || at < 0)
        return u->file;
    size_t dot = u->name.n;
    while (dot && u->name.p[dot - 1] != '.')
        dot--;
    if (!dot || (size_t)at + 2 + u->name.n - dot > sizeof(name) || dot < (size_t)at + 2)
        return NULL;
    size_t n = (size_t)at + 1;
    memcpy(name, u->name.p, n);
    memcpy(name + n, u->name.p + dot - 1, u->name.n - dot + 1);
    n += u->name.n - dot + 1;
    const struct services_unit *t = hn_map_find(&s->units, hn_bytes_of(name, n));
    return t ? t->file : NULL;
}

static void emit_unit(struct hn_parse *p, struct services_unit *u)
{
    struct services_state *s = hn_parse_state(p);
    struct services_settings *w = s->work;
    struct dropin drop[MAX_DROPINS_OF_UNIT];
    struct hn_str list[MAX_DROPINS_OF_UNIT];
    u->file = file_of(s, u);
    w->n = 0;
    w->has_install = false;
    size_t n = u->masked ? 0 : dropins_of(p, u->name, drop);
    if (u->file && !u->masked)
        services_settings_add(w, hn_parse_arena(p), u->file->text);
    for (size_t i = 0; i < n; i++) {
        services_settings_add(w, hn_parse_arena(p), drop[i].t->text);
        list[i] = path_text(p, drop[i].t->path);
    }
    size_t dot = u->name.n;
    while (dot && u->name.p[dot - 1] != '.')
        dot--;
    struct hn_str type = hn_str_cut(u->name, dot, u->name.n);
    struct hn_str about = services_setting_last(w, "Unit", "Description");
    hn_obs_begin(p, "unit", u->name);
    hn_obs_str(p, "type", type);
    hn_obs_str(p, "state", hn_str_c(state_of(u, w)));
    if (s->active_known)
        hn_obs_bool(p, "active", u->active);
    if (about.n)
        hn_obs_str(p, "description", about);
    if (u->file || u->link_path.n)
        hn_obs_str(p, "path", u->file ? path_text(p, u->file->path) : u->link_path);
    if (n)
        hn_obs_list(p, "dropins", list, n);
    if (u->n_enabled_by)
        hn_obs_list(p, "enabled_by", u->enabled_by, u->n_enabled_by);
    if (u->file && !u->masked && hn_str_eqc(type, "service"))
        emit_service(p, w);
    else if (u->file && !u->masked)
        emit_trigger(p, u, w);
    hn_obs_end(p);
}

void services_units_emit(struct hn_parse *p)
{
    struct services_state *s = hn_parse_state(p);
    s->work = HN_NEW(hn_parse_arena(p), struct services_settings);
    for (struct services_unit *u = s->first; u && s->work; u = u->next)
        if (u->masked || !u->alias)
            emit_unit(p, u);
}
