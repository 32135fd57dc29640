/* sysctl.d(5): files of the same name in a stronger folder hide those in a weaker one; the rest is applied in the order
 * of the names, so the last setting wins; /etc/sysctl.conf comes last of all. */
#include "modules/kernel/kernel.h"

/* Settings that bear on security; whatever the files set besides is shown too. */
const char *const kernel_sysctls[] = {"kernel.kptr_restrict",
                                      "kernel.dmesg_restrict",
                                      "kernel.printk",
                                      "kernel.unprivileged_bpf_disabled",
                                      "kernel.yama.ptrace_scope",
                                      "kernel.perf_event_paranoid",
                                      "kernel.kexec_load_disabled",
                                      "kernel.sysrq",
                                      "kernel.randomize_va_space",
                                      "kernel.modules_disabled",
                                      "kernel.core_pattern",
                                      "kernel.core_uses_pid",
                                      "kernel.unprivileged_userns_clone",
                                      "kernel.panic",
                                      "kernel.panic_on_oops",
                                      "kernel.io_uring_disabled",
                                      "kernel.ctrl-alt-del",
                                      "kernel.pid_max",
                                      "kernel.apparmor_restrict_unprivileged_userns",
                                      "dev.tty.ldisc_autoload",
                                      "dev.tty.legacy_tiocsti",
                                      "fs.suid_dumpable",
                                      "fs.protected_hardlinks",
                                      "fs.protected_symlinks",
                                      "fs.protected_fifos",
                                      "fs.protected_regular",
                                      "user.max_user_namespaces",
                                      "vm.mmap_min_addr",
                                      "vm.mmap_rnd_bits",
                                      "vm.unprivileged_userfaultfd",
                                      "vm.overcommit_memory",
                                      "net.core.bpf_jit_harden",
                                      "net.core.bpf_jit_enable",
                                      "net.ipv4.ip_forward",
                                      "net.ipv4.tcp_syncookies",
                                      "net.ipv4.tcp_rfc1337",
                                      "net.ipv4.tcp_timestamps",
                                      "net.ipv4.tcp_sack",
                                      "net.ipv4.icmp_echo_ignore_all",
                                      "net.ipv4.icmp_echo_ignore_broadcasts",
                                      "net.ipv4.icmp_ignore_bogus_error_responses",
                                      "net.ipv4.ping_group_range",
                                      "net.ipv4.ip_unprivileged_port_start",
                                      "net.ipv4.conf.all.accept_redirects",
                                      "net.ipv4.conf.default.accept_redirects",
                                      "net.ipv4.conf.all.secure_redirects",
                                      "net.ipv4.conf.default.secure_redirects",
                                      "net.ipv4.conf.all.send_redirects",
                                      "net.ipv4.conf.default.send_redirects",
                                      "net.ipv4.conf.all.accept_source_route",
                                      "net.ipv4.conf.default.accept_source_route",
                                      "net.ipv4.conf.all.rp_filter",
                                      "net.ipv4.conf.default.rp_filter",
                                      "net.ipv4.conf.all.log_martians",
                                      "net.ipv4.conf.default.log_martians",
                                      "net.ipv4.conf.all.arp_ignore",
                                      "net.ipv4.conf.all.arp_announce",
                                      "net.ipv4.conf.all.bootp_relay",
                                      "net.ipv4.conf.all.proxy_arp",
                                      "net.ipv4.conf.all.mc_forwarding",
                                      "net.ipv4.conf.all.route_localnet",
                                      "net.ipv4.conf.all.shared_media",
                                      "net.ipv4.conf.all.forwarding",
                                      "net.ipv6.conf.all.disable_ipv6",
                                      "net.ipv6.conf.default.disable_ipv6",
                                      "net.ipv6.conf.all.forwarding",
                                      "net.ipv6.conf.all.accept_redirects",
                                      "net.ipv6.conf.default.accept_redirects",
                                      "net.ipv6.conf.all.accept_source_route",
                                      "net.ipv6.conf.default.accept_source_route",
                                      "net.ipv6.conf.all.accept_ra",
                                      "net.ipv6.conf.default.accept_ra",
                                      "net.ipv6.conf.default.autoconf",
                                      "net.ipv6.conf.default.max_addresses",
                                      "net.ipv6.conf.default.router_solicitations",
                                      "net.ipv6.conf.all.use_tempaddr",
                                      "net.ipv6.conf.default.use_tempaddr",
                                      NULL};

static struct kernel_setting *setting(struct hn_parse *p, struct hn_str name)
{
    struct kernel_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct kernel_setting *v = hn_map_find(&s->by_name, hn_str_bytes(name));
    if (v)
        return v;
    v = s->n_settings < KERNEL_MAX_SETTINGS ? HN_NEW(a, struct kernel_setting) : NULL;
    if (!v)
        return NULL;
    v->name = hn_arena_str(a, name);
    if (!hn_ok(hn_map_set(&s->by_name, hn_str_bytes(v->name), v)))
        return NULL;
    v->next = s->settings;
    s->settings = v;
    s->n_settings++;
    return v;
}

/* sysctl.d(5): with a "/" before the first "." the two characters trade places; else dots separate. */
static struct hn_str dotted(struct hn_arena *a, struct hn_str name)
{
    ptrdiff_t slash = hn_str_chr(name, '/'), dot = hn_str_chr(name, '.');
    if (slash < 0 || (dot >= 0 && dot < slash))
        return name;
    char *out = hn_arena_alloc(a, name.n + 1);
    if (!out)
        return HN_STR("");
    for (size_t i = 0; i < name.n; i++)
        out[i] = name.p[i] == '/' ? '.' : name.p[i] == '.' ? '/' : name.p[i];
    return (struct hn_str){out, name.n};
}

/* White space inside a value is one blank: /proc/sys separates numbers by tabs. */
static struct hn_str squeezed(struct hn_arena *a, struct hn_str s)
{
    struct hn_str rest = s, word;
    char *out = hn_arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return HN_STR("");
    while (hn_str_word(&rest, &word)) {
        if (n)
            out[n++] = ' ';
        memcpy(out + n, word.p, word.n);
        n += word.n;
    }
    return (struct hn_str){out, n};
}

void kernel_sysctl_live(struct hn_parse *p, const struct hn_rec *r)
{
    static const char base[] = "/proc/sys/";
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096);
    if (!hn_str_starts(path, base))
        return;
    struct hn_str name = hn_str_cut(path, sizeof(base) - 1, path.n);
    char *out = hn_arena_alloc(a, name.n + 1);
    if (!out)
        return;
    for (size_t i = 0; i < name.n; i++)
        out[i] = name.p[i] == '/' ? '.' : name.p[i];
    struct kernel_setting *v = setting(p, (struct hn_str){out, name.n});
    if (!v)
        return;
    struct hn_str text = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), r->data, 4096));
    v->value = squeezed(a, hn_str_trim(text));
    v->has_value = true;
    ((struct kernel_state *)hn_parse_state(p))->live_seen = true;
}

void kernel_sysctl_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct kernel_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct kernel_file *f = r->offset ? NULL : HN_NEW(a, struct kernel_file);
    if (!f)
        return;
    if (r->truncated)
        hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
    f->path = hn_arena_bytes(a, r->path);
    f->text = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), r->data, 1u << 20));
    f->next = s->files;
    s->files = f;
}

static struct hn_str base_name(struct hn_bytes path)
{
    return hn_str_base((struct hn_str){(const char *)path.p, path.n});
}

/* Weight of the folder: the strongest hides files of the same name elsewhere. */
static unsigned strength(struct hn_bytes path)
{
    static const char *const dirs[] = {"/usr/lib/", "/usr/local/lib/", "/run/", "/etc/"};
    for (unsigned i = 4; i--;)
        if (path.n > strlen(dirs[i]) && !memcmp(path.p, dirs[i], strlen(dirs[i])))
            return i + 1;
    return 0;
}

static bool is_main(struct hn_bytes path)
{
    return hn_bytes_eqc(path, "/etc/sysctl.conf");
}

/* The file applied after `last` (NULL: the first), or NULL. */
static const struct kernel_file *next_file(const struct kernel_state *s, const struct kernel_file *last)
{
    const struct kernel_file *best = NULL;
    struct hn_str after = last ? base_name(last->path) : HN_STR("");
    for (const struct kernel_file *f = s->files; f; f = f->next) {
        struct hn_str name = base_name(f->path);
        if (is_main(f->path) || (last && hn_str_cmp(name, after) <= 0))
            continue;
        int order = best ? hn_str_cmp(name, base_name(best->path)) : -1;
        if (order < 0 || (order == 0 && strength(f->path) > strength(best->path)))
            best = f;
    }
    return best;
}

static void apply_line(struct hn_parse *p, const struct kernel_file *f, struct hn_str line, unsigned no)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str whole = line;
    line = hn_str_trim(line);
    if (!line.n || line.p[0] == '#' || line.p[0] == ';')
        return;
    bool minus = line.p[0] == '-';
    if (minus)
        line = hn_str_trim(hn_str_cut(line, 1, line.n));
    ptrdiff_t eq = hn_str_chr(line, '=');
    if (eq <= 0) {
        struct kernel_setting *out = minus && line.n ? setting(p, dotted(a, line)) : NULL;
        if (out)
            out->kept_out = true;
        else
            hn_parse_malformed(p, f->path, (size_t)(whole.p - f->text.p), "a setting without '='");
        return;
    }
    struct hn_str name = dotted(a, hn_str_trim(hn_str_cut(line, 0, (size_t)eq)));
    struct kernel_setting *v = name.n ? setting(p, name) : NULL;
    if (!v)
        return;
    v->configured = squeezed(a, hn_str_trim(hn_str_cut(line, (size_t)eq + 1, line.n)));
    v->has_configured = true;
    v->pattern = hn_str_chr(name, '*') >= 0 || hn_str_chr(name, '?') >= 0 || hn_str_chr(name, '[') >= 0;
    v->path = hn_str_from_hostile(a, hn_path_canonical(a, f->path), 4096);
    v->line = no;
}

static void apply_file(struct hn_parse *p, const struct kernel_file *f)
{
    struct hn_str rest = f->text, line;
    for (unsigned no = 1; no < 65536 && hn_str_split(&rest, '\n', &line); no++)
        apply_line(p, f, line, no);
}

/* A pattern sets every name that no line of its own sets. */
static void apply_pattern(struct kernel_state *s, const struct kernel_setting *pattern)
{
    for (struct kernel_setting *v = s->settings; v; v = v->next) {
        if (v->has_configured || v->kept_out || !hn_glob_match(pattern->name, v->name, false))
            continue;
        v->configured = pattern->configured;
        v->path = pattern->path;
        v->line = pattern->line;
        v->has_configured = true;
    }
}

#define MAX_PATTERNS 64u

void kernel_sysctl_emit(struct hn_parse *p)
{
    struct kernel_state *s = hn_parse_state(p);
    unsigned patterns = 0, files = 0;
    for (const struct kernel_file *f = next_file(s, NULL); f && files < 2048; f = next_file(s, f), files++)
        apply_file(p, f);
    for (const struct kernel_file *f = s->files; f; f = f->next)
        if (is_main(f->path))
            apply_file(p, f);
    for (const struct kernel_setting *v = s->settings; v && patterns < MAX_PATTERNS; v = v->next)
        if (v->pattern) {
            apply_pattern(s, v);
            patterns++;
        }
    for (const struct kernel_setting *v = s->settings; v; v = v->next) {
        hn_obs_begin(p, "sysctl", v->name);
        if (v->has_value)
            hn_obs_str(p, "value", v->value);
        if (v->has_configured) {
            hn_obs_str(p, "configured", v->configured);
            hn_obs_str(p, "path", v->path);
            hn_obs_int(p, "line", v->line);
        }
        if (v->has_value && v->has_configured)
            hn_obs_bool(p, "differs", !hn_str_eq(v->value, v->configured));
        hn_obs_end(p);
    }
}
