/* Installed kernels: /boot/vmlinuz-* and the folders of /lib/modules. */
#include "modules/kernel/kernel.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

int kernel_version_cmp(struct hn_str a, struct hn_str b)
{
    size_t i = 0, k = 0;
    while (i < a.n && k < b.n) {
        if (!digit(a.p[i]) || !digit(b.p[k])) {
            if (a.p[i] != b.p[k])
                return (unsigned char)a.p[i] < (unsigned char)b.p[k] ? -1 : 1;
            i++;
            k++;
            continue;
        }
        while (i < a.n && a.p[i] == '0')
            i++;
        while (k < b.n && b.p[k] == '0')
            k++;
        size_t x = i, y = k;
        while (x < a.n && digit(a.p[x]))
            x++;
        while (y < b.n && digit(b.p[y]))
            y++;
        if (x - i != y - k) /* without leading zeros the longer number is the greater */
            return x - i < y - k ? -1 : 1;
        int c = x > i ? memcmp(a.p + i, b.p + k, x - i) : 0;
        if (c)
            return c < 0 ? -1 : 1;
        i = x;
        k = y;
    }
    return i < a.n ? 1 : k < b.n ? -1 : 0;
}

struct hn_str kernel_flavour(struct hn_str v)
{
    for (size_t i = 0; i + 1 < v.n; i++)
        if (v.p[i] == '-' && ((v.p[i + 1] | 0x20) >= 'a' && (v.p[i + 1] | 0x20) <= 'z'))
            return hn_str_cut(v, i, v.n);
    return HN_STR("");
}

static struct kernel_version *version(struct kernel_state *s, struct hn_str v)
{
    for (size_t i = 0; i < s->n_versions; i++)
        if (hn_str_eq(s->versions[i].version, v))
            return &s->versions[i];
    if (s->n_versions == KERNEL_MAX_VERSIONS)
        return NULL;
    s->versions[s->n_versions] = (struct kernel_version){.version = v};
    return &s->versions[s->n_versions++];
}

void kernel_installed(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_bytes canon = hn_path_canonical(a, r->path);
    struct hn_str path = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), canon, 4096));
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    struct hn_str name = hn_str_cut(path, at, path.n);
    bool boot = hn_str_eqc(r->tag, "boot");
    if (boot && !hn_str_starts(name, "vmlinuz-"))
        return;
    if (boot)
        name = hn_str_cut(name, 8, name.n);
    if (!name.n || !digit(name.p[0]) || hn_str_ends(name, ".old"))
        return;
    struct kernel_version *v = version(hn_parse_state(p), name);
    if (!v)
        return;
    if (boot)
        v->image = path;
    else
        v->modules = true;
}

void kernel_versions_emit(struct hn_parse *p)
{
    struct kernel_state *s = hn_parse_state(p);
    for (size_t i = 0; i < s->n_versions; i++) {
        const struct kernel_version *v = &s->versions[i];
        hn_obs_begin(p, "installed", v->version);
        if (v->image.n)
            hn_obs_str(p, "image", v->image);
        hn_obs_bool(p, "modules", v->modules);
        if (s->running.n)
            hn_obs_bool(p, "running", hn_str_eq(v->version, s->running));
        hn_obs_end(p);
    }
}
