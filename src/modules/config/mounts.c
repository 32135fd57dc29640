/* Mounts: /etc/fstab (fstab(5)), /proc/self/mountinfo (proc(5)), and what is exported by NFS (exports(5)). */
#include "modules/config/config.h"

#define MOUNTS_MAX  2000u
#define OPTIONS_MAX 64u

/* \040 and the like, as both files write blanks. */
static struct hn_str unescaped(struct config_file *f, struct hn_bytes b)
{
    uint8_t *out = hn_arena_alloc(hn_parse_scratch(f->p), b.n + 1);
    if (!out)
        return HN_STR("");
    size_t n = 0;
    for (size_t i = 0; i < b.n; i++) {
        uint64_t v = 0;
        if (b.p[i] == '\\' && i + 3 < b.n && hn_str_u64((struct hn_str){(const char *)b.p + i + 1, 3}, 8, &v) &&
            v < 256) {
            out[n++] = (uint8_t)v;
            i += 3;
        } else {
            out[n++] = b.p[i];
        }
    }
    return config_text(f, hn_bytes_of(out, n));
}

static struct config_mount *mount_at(struct config_file *f, struct hn_str path)
{
    struct config_state *st = config_state(f->p);
    struct config_mount **at = &st->mounts;
    unsigned n = 0;
    for (; *at; at = &(*at)->next, n++)
        if (hn_str_eq((*at)->path, path))
            return *at;
    if (n >= MOUNTS_MAX || !config_room(f->p, f->path))
        return NULL;
    *at = HN_NEW(hn_parse_arena(f->p), struct config_mount);
    if (*at)
        (*at)->path = path;
    return *at;
}

void config_read_fstab(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, device, path, fstype, options;
    while (config_line(&l, "#", &line)) {
        if (!config_word(&line, &device) || !config_word(&line, &path) || !config_word(&line, &fstype)) {
            config_malformed(f, line, "fewer than three fields");
            continue;
        }
        if (!config_word(&line, &options))
            options = hn_bytes_of("defaults", 8);
        if (hn_bytes_eqc(fstype, "swap") || hn_bytes_eqc(path, "none"))
            continue;
        struct config_mount *m = mount_at(f, unescaped(f, path));
        if (!m)
            continue;
        m->in_fstab = true;
        m->line = l.line;
        m->n_fstab = config_commas(f, options, &m->fstab, OPTIONS_MAX);
        if (!m->mounted) {
            m->device = unescaped(f, device);
            m->fstype = config_text(f, fstype);
        }
    }
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
void config_read_mountinfo(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, w, path = {NULL, 0}, options = {NULL, 0};
    while (config_line(&l, "", &line)) {
        unsigned i = 0;
        bool dash = false;
        while (config_word(&line, &w) && !(dash = hn_bytes_eqc(w, "-"))) {
            if (i == 4)
                path = w;
            else if (i == 5)
                options = w;
            i++;
        }
        struct hn_bytes fstype, device;
        if (!dash || i < 6 || !config_word(&line, &fstype) || !config_word(&line, &device)) {
            config_malformed(f, line, "not a mountinfo line");
            continue;
        }
        struct config_mount *m = mount_at(f, unescaped(f, path));
        if (!m)
            continue;
        m->mounted = true; /* a later mount at the same place hides the earlier one */
        m->n_options = config_commas(f, options, &m->options, OPTIONS_MAX);
        m->device = unescaped(f, device);
        m->fstype = config_text(f, fstype);
    }
}

static void bound_options(struct hn_parse *p, const char *field, struct hn_str *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_starts(v[i], "password=") || hn_str_starts(v[i], "pass=") || hn_str_starts(v[i], "username="))
            v[i] = hn_str_cut(v[i], 0, (size_t)hn_str_chr(v[i], '=') + 1);
    hn_obs_list(p, field, v, n);
}

void config_mounts_emit(struct hn_parse *p)
{
    for (struct config_mount *m = config_state(p)->mounts; m; m = m->next) {
        hn_obs_begin(p, "mount", m->path);
        hn_obs_str(p, "path", m->path);
        hn_obs_str(p, "device", m->device);
        hn_obs_str(p, "fstype", m->fstype);
        hn_obs_bool(p, "mounted", m->mounted);
        hn_obs_bool(p, "in_fstab", m->in_fstab);
        if (m->mounted)
            bound_options(p, "options", m->options, m->n_options);
        if (m->in_fstab) {
            bound_options(p, "fstab_options", m->fstab, m->n_fstab);
            hn_obs_int(p, "line", m->line);
        }
        /* What holds: the live mount, else what the next boot will do. */
        bound_options(p, "effective", m->mounted ? m->options : m->fstab, m->mounted ? m->n_options : m->n_fstab);
        hn_obs_end(p);
    }
}

/* /srv 10.0.0.0/8(ro,sync) *(rw,no_root_squash) */
void config_read_exports(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, dir, client;
    while (config_line(&l, "#", &line)) {
        if (!config_word(&line, &dir))
            continue;
        while (config_word(&line, &client)) {
            if (client.n > 0 && client.p[0] == '-')
                continue;
            const uint8_t *open = memchr(client.p, '(', client.n);
            size_t at = open ? (size_t)(open - client.p) : client.n;
            struct hn_bytes options = config_skip(client, at + 1);
            if (options.n > 0 && options.p[options.n - 1] == ')')
                options.n--;
            struct hn_str *items, name = config_text(f, hn_bytes_of(client.p, at));
            size_t n = config_commas(f, options, &items, OPTIONS_MAX);
            if (name.n == 0)
                name = HN_STR("*");
            if (!config_room(f->p, f->path))
                return;
            hn_obs_begin(f->p, "export",
                         hn_arena_fmt(hn_parse_arena(f->p), "%.*s %.*s", HN_FMT(config_text(f, dir)), HN_FMT(name)));
            hn_obs_str(f->p, "directory", unescaped(f, dir));
            hn_obs_str(f->p, "client", name);
            hn_obs_list(f->p, "options", items, n);
            hn_obs_str(f->p, "path", config_text(f, f->path));
            hn_obs_int(f->p, "line", l.line);
            hn_obs_end(f->p);
        }
    }
}
