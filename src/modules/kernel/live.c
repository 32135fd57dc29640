/* Small files of /proc and /sys, each of one value, and the lists of modules and modprobe.d(5). */
#include "modules/kernel/kernel.h"

static struct hn_str text_of(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_arena(p);
    return hn_str_trim(hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), r->data, 64u << 10)));
}

/* proc(5), /proc/modules: name size references users, state address (taints) */
void kernel_modules(struct hn_parse *p, const struct hn_rec *r)
{
    struct kernel_state *s = hn_parse_state(p);
    struct hn_str rest = hn_str_from_hostile(hn_parse_scratch(p), r->data, 2u << 20), line;
    struct hn_str text = rest;
    while (hn_str_split(&rest, '\n', &line)) {
        struct hn_str f[7] = {{0}}, at = line, users[32], part;
        size_t n = 0, n_users = 0;
        uint64_t size, refs;
        while (n < 7 && hn_str_word(&line, &f[n]))
            n++;
        if (!n)
            continue;
        if (n < 5 || !hn_str_u64(f[1], 10, &size)) {
            hn_parse_malformed(p, r->path, (size_t)(at.p - text.p), "not a line of /proc/modules");
            continue;
        }
        s->modules++;
        while (n_users < 32 && hn_str_split(&f[3], ',', &part))
            if (part.n && !hn_str_eqc(part, "-"))
                users[n_users++] = part;
        hn_obs_begin(p, "module", f[0]);
        hn_obs_int(p, "size", (int64_t)(size & INT64_MAX));
        if (hn_str_u64(f[2], 10, &refs))
            hn_obs_int(p, "references", (int64_t)(refs & INT64_MAX));
        hn_obs_list(p, "used_by", users, n_users);
        hn_obs_str(p, "state", f[4]);
        if (n == 7 && f[6].n > 2 && f[6].p[0] == '(')
            hn_obs_str(p, "taints", hn_str_cut(f[6], 1, f[6].n - 1));
        hn_obs_end(p);
    }
}

void kernel_cpu(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096), text = text_of(p, r);
    size_t at = path.n;
    while (at && path.p[at - 1] != '/')
        at--;
    const char *state = "unknown";
    if (hn_str_starts(text, "Not affected"))
        state = "not affected";
    else if (hn_str_starts(text, "Vulnerable") || hn_str_find(text, HN_STR("KVM: Vulnerable")) >= 0)
        state = "vulnerable";
    else if (hn_str_starts(text, "Mitigation") || hn_str_starts(text, "KVM: Mitigation"))
        state = "mitigated";
    hn_obs_begin(p, "cpu_vulnerability", hn_str_cut(path, at, path.n));
    hn_obs_str(p, "state", hn_str_c(state));
    hn_obs_str(p, "text", text);
    hn_obs_bool(p, "smt_vulnerable", hn_str_find(text, HN_STR("SMT vulnerable")) >= 0);
    hn_obs_end(p);
}

/* modprobe.d(5); a backslash at the end continues a line. */
void kernel_modprobe(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_str rest = hn_str_from_hostile(a, r->data, 1u << 20), line, word, name;
    struct hn_str path = hn_str_from_hostile(a, hn_path_canonical(a, r->path), 4096);
    for (unsigned no = 1; no < 65536 && hn_str_split(&rest, '\n', &line); no++) {
        unsigned first = no;
        struct hn_str more;
        while (line.n && line.p[line.n - 1] == '\\' && line.n < 16384 && hn_str_split(&rest, '\n', &more)) {
            line = hn_arena_fmt(a, "%.*s%.*s", (int)(line.n - 1), line.p, HN_FMT(more));
            no++;
        }
        if (!hn_str_word(&line, &word) || word.p[0] == '#')
            continue;
        if (!hn_str_word(&line, &name))
            continue;
        struct hn_str tail = hn_str_trim(line);
        bool off = hn_str_eqc(word, "install") && (hn_str_ends(tail, "/false") || hn_str_ends(tail, "/true") ||
                                                   hn_str_eqc(tail, "false") || hn_str_eqc(tail, "true"));
        hn_obs_begin(p, "modprobe", hn_arena_fmt(a, "%.*s:%u", HN_FMT(path), first));
        hn_obs_str(p, "directive", word);
        hn_obs_str(p, "name", name);
        if (tail.n)
            hn_obs_str(p, "rest", tail);
        hn_obs_bool(p, "disabled", off);
        hn_obs_str(p, "path", path);
        hn_obs_int(p, "line", first);
        hn_obs_end(p);
    }
}

/* "[none] integrity confidentiality": the one in brackets holds. */
static struct hn_str bracketed(struct hn_str s)
{
    ptrdiff_t from = hn_str_chr(s, '['), to = hn_str_chr(s, ']');
    return from < 0 || to <= from ? HN_STR("") : hn_str_cut(s, (size_t)from + 1, (size_t)to);
}

/* "… #1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)": the word after the distribution's name. */
static struct hn_str build_of(struct hn_str version)
{
    struct hn_str rest = version, word;
    while (hn_str_word(&rest, &word))
        if (hn_str_eqc(word, "Debian") && hn_str_word(&rest, &word) && word.p[0] >= '0' && word.p[0] <= '9')
            return word;
    return HN_STR("");
}

static void reboot_packages(struct kernel_state *s, struct hn_str text)
{
    struct hn_str line;
    while (s->n_reboot_packages < 64 && hn_str_split(&text, '\n', &line)) {
        line = hn_str_trim(line);
        bool known = !line.n;
        for (size_t i = 0; i < s->n_reboot_packages && !known; i++)
            known = hn_str_eq(s->reboot_packages[i], line);
        if (!known)
            s->reboot_packages[s->n_reboot_packages++] = line;
    }
}

void kernel_one_value(struct hn_parse *p, const struct hn_rec *r)
{
    struct kernel_state *s = hn_parse_state(p);
    struct hn_str text = text_of(p, r);
    if (hn_str_eqc(r->tag, "running")) {
        s->running = text;
    } else if (hn_str_eqc(r->tag, "version")) {
        s->build = build_of(text);
    } else if (hn_str_eqc(r->tag, "cmdline")) {
        s->cmdline = text;
    } else if (hn_str_eqc(r->tag, "lockdown")) {
        s->lockdown = bracketed(text);
    } else if (hn_str_eqc(r->tag, "taint")) {
        s->taint_seen = hn_str_u64(text, 10, &s->taint);
        if (!s->taint_seen)
            hn_parse_malformed(p, r->path, 0, "not a number");
    } else if (hn_str_eqc(r->tag, "efi")) {
        s->efi = true;
    } else if (hn_str_eqc(r->tag, "secureboot")) { /* u32 attributes, then the value (UEFI 2.10, 3.3) */
        s->secure_boot_seen = r->data.n == 5;
        s->secure_boot = s->secure_boot_seen && r->data.p[4] == 1;
        if (!s->secure_boot_seen)
            hn_parse_malformed(p, r->path, 0, "not a variable of one byte");
    } else if (hn_str_eqc(r->tag, "sigenforce")) {
        s->sig_enforce_seen = text.n == 1;
        s->sig_enforce = hn_str_eqc(text, "Y");
    } else if (hn_str_eqc(r->tag, "container")) {
        s->container = hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096));
    } else if (hn_str_eqc(r->tag, "reboot")) {
        s->reboot_required = true;
    } else if (hn_str_eqc(r->tag, "rebootpkgs")) {
        reboot_packages(s, text);
    } else if (hn_str_eqc(r->tag, "livepatch") && s->n_livepatches < 16) {
        struct hn_str path = hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096));
        size_t at = path.n;
        while (at && path.p[at - 1] != '/')
            at--;
        s->livepatches[s->n_livepatches++] = hn_str_cut(path, at, path.n);
    }
}

/* Documentation/admin-guide/tainted-kernels.rst: bit, letter, meaning. */
static const struct {
    char letter;
    const char *meaning;
} taints[] = {{'P', "proprietary module was loaded"},
              {'F', "module was force loaded"},
              {'S', "kernel running on an out of specification system"},
              {'R', "module was force unloaded"},
              {'M', "processor reported a machine check exception"},
              {'B', "bad page referenced or unexpected page flags"},
              {'U', "taint requested by userspace"},
              {'D', "kernel died recently (oops or bug)"},
              {'A', "ACPI table overridden by user"},
              {'W', "kernel issued a warning"},
              {'C', "staging driver was loaded"},
              {'I', "workaround for a bug in platform firmware"},
              {'O', "out-of-tree module was loaded"},
              {'E', "unsigned module was loaded"},
              {'L', "soft lockup occurred"},
              {'K', "kernel was live patched"},
              {'X', "auxiliary taint of the distribution"},
              {'T', "kernel was built with struct randomisation"},
              {'N', "in-kernel test was run"}};

void kernel_taint_emit(struct hn_parse *p)
{
    struct kernel_state *s = hn_parse_state(p);
    for (unsigned bit = 0; bit < 63 && s->taint_seen; bit++) {
        if (!(s->taint >> bit & 1))
            continue;
        hn_obs_begin(p, "taint", hn_arena_fmt(hn_parse_arena(p), "%u", bit));
        if (bit < sizeof(taints) / sizeof(taints[0])) {
            hn_obs_str(p, "letter", (struct hn_str){&taints[bit].letter, 1});
            hn_obs_str(p, "meaning", hn_str_c(taints[bit].meaning));
        }
        hn_obs_end(p);
    }
}

void kernel_boot_params_emit(struct hn_parse *p)
{
    struct kernel_state *s = hn_parse_state(p);
    struct hn_str rest = s->cmdline, word;
    for (unsigned n = 0; n < 512 && hn_str_word(&rest, &word); n++) {
        ptrdiff_t eq = hn_str_chr(word, '=');
        struct hn_str name = eq < 0 ? word : hn_str_cut(word, 0, (size_t)eq);
        if (!name.n)
            continue;
        hn_obs_begin(p, "boot_param", name);
        hn_obs_str(p, "value", eq < 0 ? HN_STR("") : hn_str_cut(word, (size_t)eq + 1, word.n));
        hn_obs_end(p);
    }
}
