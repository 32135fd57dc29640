/* PAM stacks (pam.conf(5)): /etc/pam.d, one file per service; include, substack and @include are followed. */
#include "modules/config/config.h"

#define PAM_ARGS  32
#define PAM_DEPTH 8        /* of includes */
#define PAM_WORK  2000000u /* lines looked at while following includes */
#define PAM_EMIT  2000u    /* lines of all expanded stacks */

/* "[success=1 default=ignore]" is one word; so is an argument in brackets. */
static bool pam_word(struct hn_bytes *rest, struct hn_bytes *ret)
{
    struct hn_bytes b = config_trim(*rest);
    if (b.n > 0 && b.p[0] == '[') {
        const uint8_t *end = memchr(b.p, ']', b.n);
        if (!end)
            return false;
        size_t n = (size_t)(end - b.p) + 1;
        *ret = hn_bytes_of(b.p, n);
        *rest = config_skip(b, n);
        return true;
    }
    return config_word(rest, ret);
}

/* An argument that carries a secret keeps its name only. */
static struct hn_str pam_arg(struct config_file *f, struct hn_bytes w)
{
    const uint8_t *eq = w.n ? memchr(w.p, '=', w.n) : NULL;
    if (eq) {
        struct hn_bytes name = hn_bytes_of(w.p, (size_t)(eq - w.p));
        if (hn_bytes_eqc(name, "passwd") || hn_bytes_eqc(name, "password") || hn_bytes_eqc(name, "bindpw") ||
            hn_bytes_eqc(name, "secret") || hn_bytes_eqc(name, "key"))
            return hn_arena_fmt(hn_parse_arena(f->p), "%.*s=(set)", (int)name.n, (const char *)name.p);
    }
    return config_text(f, w);
}

static void pam_line(struct config_file *f, struct hn_str service, struct hn_bytes line, unsigned no)
{
    struct config_state *st = config_state(f->p);
    struct hn_bytes type, control = {NULL, 0}, module = {NULL, 0}, w;
    struct hn_str args[PAM_ARGS];
    size_t n = 0;
    if (!config_word(&line, &type))
        return;
    bool at_include = hn_bytes_eqc(type, "@include");
    if (!at_include && !pam_word(&line, &control)) {
        config_malformed(f, type, "no control word");
        return;
    }
    if (!config_word(&line, &module)) {
        config_malformed(f, type, "no module");
        return;
    }
    while (n < PAM_ARGS && pam_word(&line, &w) && !config_starts(w, "#"))
        args[n++] = pam_arg(f, w);
    if (!config_room(f->p, f->path))
        return;
    struct config_pam_line *l = HN_NEW(hn_parse_arena(f->p), struct config_pam_line);
    struct hn_str *kept = n ? hn_arena_alloc(hn_parse_arena(f->p), n * sizeof *kept) : NULL;
    if (!l || (n && !kept))
        return;
    if (n)
        memcpy(kept, args, n * sizeof *kept);
    if (type.n > 0 && type.p[0] == '-') /* "-session": silent when the module is missing */
        type = config_skip(type, 1);
    *l = (struct config_pam_line){.service = service,
                                  .type = at_include ? HN_STR("*") : config_text(f, type),
                                  .control = at_include ? HN_STR("include") : config_text(f, control),
                                  .module = config_text(f, module),
                                  .path = config_text(f, f->path),
                                  .args = kept,
                                  .n_args = n,
                                  .line = no};
    if (st->pam_last)
        st->pam_last->next = l;
    else
        st->pam_first = l;
    st->pam_last = l;
}

void config_read_pam(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line;
    size_t slash = f->path.n;
    while (slash > 0 && f->path.p[slash - 1] != '/')
        slash--;
    struct hn_str service = config_text(f, config_skip(f->path, slash));
    while (config_line(&l, "#", &line))
        pam_line(f, service, line, l.line);
}

/* ---- expansion ---- */

struct expand {
    struct hn_parse *p;
    struct hn_str service;
    unsigned emitted, position, work;
    struct hn_str open[PAM_DEPTH]; /* services being expanded, against loops */
    unsigned depth;
};

/* Module names without folder: "/lib/x86_64-linux-gnu/security/pam_unix.so" is pam_unix.so. */
static struct hn_str module_name(struct hn_str m)
{
    size_t from = m.n;
    while (from > 0 && m.p[from - 1] != '/')
        from--;
    return hn_str_cut(m, from, m.n);
}

static void emit_line(struct expand *e, const struct config_pam_line *l)
{
    if (e->emitted++ >= PAM_EMIT)
        return;
    hn_obs_begin(
        e->p, "pam",
        hn_arena_fmt(hn_parse_arena(e->p), "%.*s/%.*s/%u", HN_FMT(e->service), HN_FMT(l->type), e->position++));
    hn_obs_str(e->p, "service", e->service);
    hn_obs_str(e->p, "type", l->type);
    hn_obs_str(e->p, "control", l->control);
    hn_obs_str(e->p, "module", module_name(l->module));
    hn_obs_list(e->p, "args", l->args, l->n_args);
    hn_obs_str(e->p, "path", l->path);
    hn_obs_int(e->p, "line", l->line);
    hn_obs_end(e->p);
}

static bool includes(const struct config_pam_line *l)
{
    return hn_str_eqc(l->control, "include") || hn_str_eqc(l->control, "substack");
}

/* Lines of `from` whose type is `type` (all when it is "*"). Depth is bounded, so the recursion is. */
static void expand(struct expand *e, struct hn_str from, struct hn_str type)
{
    if (e->depth == PAM_DEPTH || e->emitted >= PAM_EMIT)
        return;
    for (unsigned i = 0; i < e->depth; i++)
        if (hn_str_eq(e->open[i], from))
            return;
    e->open[e->depth++] = from;
    bool all = hn_str_eqc(type, "*");
    for (const struct config_pam_line *l = config_state(e->p)->pam_first; l; l = l->next) {
        if (e->work++ >= PAM_WORK)
            break;
        if (!hn_str_eq(l->service, from))
            continue;
        bool any = hn_str_eqc(l->type, "*");
        if (!all && !any && !hn_str_eq(l->type, type))
            continue;
        if (includes(l))
            expand(e, module_name(l->module), any ? type : l->type);
        else
            emit_line(e, l);
    }
    e->depth--;
}

void config_pam_emit(struct hn_parse *p)
{
    /* The stacks that rules ask about; the rest of /etc/pam.d only repeats them. */
    static const char *const services[] = {
        "common-auth", "common-account", "common-password", "common-session", "login",   "sshd", "su",
        "su-l",        "sudo",           "passwd",          "gdm-password",   "lightdm", "sddm", "other"};
    struct expand e = {.p = p};
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        e.service = hn_str_c(services[i]);
        e.position = 0;
        expand(&e, e.service, HN_STR("*"));
    }
    if (e.emitted < PAM_EMIT && e.work < PAM_WORK)
        return;
    hn_parse_malformed(p, hn_bytes_of("/etc/pam.d", 10), 0,
                       "includes without end; the stacks were not followed to the end");
    config_source_bad(p, "pam");
}
