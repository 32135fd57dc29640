#include "core/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/registry.h"
#include "format/yaml_tree.h"

#define CONFIG_MEMORY (8u << 20)
#define DEFAULT_PATH  "/etc/hinomi/hinomi.yaml"

struct value {
    unsigned line; /* 0: default */
    int64_t i;     /* INT, SPAN, SIZE, BOOL */
    struct hn_str s;
    struct hn_str *items;
    size_t n;
};

struct hn_config {
    struct hn_arena arena;
    const char *path;
    struct value *values; /* as hn_options */
};

struct loader {
    struct hn_config *c;
    const char *name; /* of the file */
    struct hn_diag *reterr;
};

static size_t options_n(void)
{
    size_t n = 0;
    while (hn_options[n].name)
        n++;
    return n;
}

/* ---- messages ---- */

/* Text `key` with file, line and up to two more parameters, as an error. */
static struct hn_err invalid(struct loader *l, const char *key, unsigned line, struct hn_str name, const char *other,
                             struct hn_str value)
{
    struct hn_param p[4];
    struct hn_arena *a = &l->c->arena;
    p[0] = (struct hn_param){"file", hn_str_c(l->name), &p[1]};
    p[1] = (struct hn_param){"line", hn_arena_fmt(a, "%u", line), &p[2]};
    p[2] = (struct hn_param){"name", name, other ? &p[3] : NULL};
    p[3] = (struct hn_param){other, value, NULL};
    struct hn_str text = hn_text(a, hn_lang_default(), key, p);
    return hn_fail(l->reterr, HN_E_INVALID, "%.*s", HN_FMT(text));
}

static struct hn_err wrong_value(struct loader *l, const struct hn_option *o, unsigned line)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 4096);
    hn_config_wanted(o, hn_lang_default(), &b);
    return invalid(l, "option-error.value", line, hn_str_c(o->name), "wanted", hn_buf_text(&b));
}

/* "diagnose" of "diagnose.every", in the arena; NULL: it is in no section. */
static const char *section_of(struct hn_arena *a, const char *option)
{
    ptrdiff_t dot = hn_str_chr(hn_str_c(option), '.');
    return dot > 0 ? hn_arena_cstr(a, hn_str_cut(hn_str_c(option), 0, (size_t)dot)) : NULL;
}

static struct hn_err unknown_key(struct loader *l, const struct hn_yaml *y, struct hn_str name)
{
    const char *names[256], *section;
    size_t n = 0;
    for (size_t i = 0; i < options_n() && n < 254; i++) {
        names[n++] = hn_options[i].name;
        if ((section = section_of(&l->c->arena, hn_options[i].name)))
            names[n++] = section;
    }
    const char *near = hn_str_nearest(name, names, n);
    return invalid(l, near ? "option-error.nearest" : "option-error.unknown", y->line, name, near ? "nearest" : NULL,
                   hn_str_c(near));
}

/* ---- values ---- */

static bool one_of_words(struct hn_str s, const char *words)
{
    if (strcmp(words, "modules") == 0)
        return hn_module_find(s) != NULL;
    return hn_str_is_word_of(s, hn_str_c(words));
}

/* A number with one unit letter; units like "s1 m60" are pairs in order. */
static bool with_unit(struct hn_str s, const char *letters, const int64_t *factors, int64_t *ret)
{
    uint64_t v;
    int64_t factor = 1;
    const char *unit = s.n > 1 ? strchr(letters, s.p[s.n - 1]) : NULL;
    if (unit && s.p[s.n - 1]) {
        factor = factors[unit - letters];
        s.n--;
    }
    if (!hn_str_u64(s, 10, &v) || v > INT64_MAX)
        return false;
    return !__builtin_mul_overflow((int64_t)v, factor, ret);
}

static bool is_number(const struct hn_option *o, struct hn_str s, int64_t *ret)
{
    static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
    static const int64_t bytes[] = {1 << 10, 1 << 20, 1 << 30, INT64_C(1) << 40};
    bool ok = o->type == HN_CONF_SPAN   ? with_unit(s, "smhdw", seconds, ret)
              : o->type == HN_CONF_SIZE ? with_unit(s, "KMGT", bytes, ret)
                                        : hn_str_i64(s, ret);
    return ok && *ret >= o->least && *ret <= o->most;
}

/* Printable ASCII without blanks, quotes and brackets. */
static bool is_plain(struct hn_str s, size_t most)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"'<>\\`", s.p[i]))
            return false;
    return s.n > 0 && s.n <= most;
}

static bool is_url(const struct hn_option *o, struct hn_str s)
{
    struct hn_str rest = hn_str_c(o->words), scheme;
    if (!is_plain(s, 2048))
        return false;
    while (hn_str_word(&rest, &scheme)) {
        if (s.n <= scheme.n + 3 || memcmp(s.p, scheme.p, scheme.n) != 0 || memcmp(s.p + scheme.n, "://", 3) != 0)
            continue;
        struct hn_str host = hn_str_cut(s, scheme.n + 3, s.n);
        if (!hn_str_eqc(scheme, "http")) /* plain HTTP does not leave this machine */
            return true;
        for (size_t i = 0; i < host.n; i++)
            if (host.p[i] == '/')
                host.n = i;
        if (hn_str_chr(host, '@') >= 0)
            return false;
        return hn_str_starts(host, "127.") || hn_str_starts(host, "[::1]") || hn_str_eqc(host, "localhost") ||
               hn_str_starts(host, "localhost:");
    }
    return false;
}

static bool is_mail(struct hn_str s)
{
    ptrdiff_t at = hn_str_chr(s, '@');
    return is_plain(s, 254) && at > 0 && (size_t)at + 1 < s.n &&
           hn_str_chr(hn_str_cut(s, (size_t)at + 1, s.n), '@') < 0 && hn_str_chr(s, ',') < 0;
}

static bool is_listen(struct hn_str s)
{
    struct hn_ip ip;
    uint64_t port;
    if (hn_str_starts(s, "unix:/"))
        return s.n > 6 && s.n < 100;
    size_t colon = s.n;
    while (colon > 0 && s.p[colon - 1] != ':')
        colon--;
    if (colon < 2 || !hn_str_u64(hn_str_cut(s, colon, s.n), 10, &port) || port > 65535)
        return false;
    struct hn_str host = hn_str_cut(s, 0, colon - 1);
    if (hn_str_starts(host, "[") && hn_str_ends(host, "]"))
        host = hn_str_cut(host, 1, host.n - 1);
    return hn_str_eqc(host, "localhost") || (hn_ip_parse(host, &ip) && hn_ip_reach(&ip) == HN_REACH_LOOPBACK);
}

/* One scalar as `type` wants it. */
static bool scalar(const struct hn_option *o, enum hn_option_type type, struct hn_str s, struct value *v)
{
    v->s = s;
    switch (type) {
    case HN_CONF_BOOL:
        v->i = hn_str_eqc(s, "true");
        return v->i || hn_str_eqc(s, "false");
    case HN_CONF_INT:
    case HN_CONF_SPAN:
    case HN_CONF_SIZE:
        return is_number(o, s, &v->i);
    case HN_CONF_TEXT:
        return s.n <= (size_t)o->most;
    case HN_CONF_WORD:
        return one_of_words(s, o->words);
    case HN_CONF_PATH:
        return s.n == 0 || (s.p[0] == '/' && s.n < 4096);
    case HN_CONF_URL:
        return s.n == 0 || is_url(o, s);
    case HN_CONF_LISTEN:
        return is_listen(s);
    case HN_CONF_MAIL:
        return s.n == 0 || is_mail(s);
    case HN_CONF_LIST:
        return false;
    }
    return false;
}

static struct hn_err read_list(struct loader *l, const struct hn_option *o, struct hn_yaml *y, struct value *v)
{
    if (y->kind != HN_YAML_SEQ || y->n > HN_CONFIG_ITEMS)
        return wrong_value(l, o, y->line);
    v->items = hn_arena_alloc(&l->c->arena, (y->n + 1) * sizeof *v->items);
    if (!v->items)
        return hn_fail(l->reterr, HN_E_NOMEM, "%s", l->name);
    v->n = 0;
    for (struct hn_yaml *m = y->first; m; m = m->next) {
        struct value one = {0};
        if (m->kind != HN_YAML_SCALAR || m->s.n == 0 || !scalar(o, o->item, m->s, &one))
            return wrong_value(l, o, m->line);
        v->items[v->n++] = one.s;
    }
    return HN_OK;
}

static struct hn_err read_option(struct loader *l, size_t i, struct hn_yaml *y)
{
    const struct hn_option *o = &hn_options[i];
    struct value v = {.line = y->line};
    if (o->type == HN_CONF_LIST) {
        HN_TRY(read_list(l, o, y, &v));
    } else {
        if (y->kind != HN_YAML_SCALAR)
            return wrong_value(l, o, y->line);
        v.s = hn_arena_str(&l->c->arena, y->s);
        if (!scalar(o, o->type, v.s, &v))
            return wrong_value(l, o, y->line);
    }
    l->c->values[i] = v;
    return HN_OK;
}

static bool is_section(struct hn_str name)
{
    for (size_t i = 0; hn_options[i].name; i++) {
        struct hn_str o = hn_str_c(hn_options[i].name);
        if (o.n > name.n && o.p[name.n] == '.' && memcmp(o.p, name.p, name.n) == 0)
            return true;
    }
    return false;
}

static ptrdiff_t option_find(struct hn_str name)
{
    for (size_t i = 0; hn_options[i].name; i++)
        if (hn_str_eqc(name, hn_options[i].name))
            return (ptrdiff_t)i;
    return -1;
}

static struct hn_err read_member(struct loader *l, struct hn_yaml *y, struct hn_str name)
{
    ptrdiff_t i = option_find(name);
    return i < 0 ? unknown_key(l, y, name) : read_option(l, (size_t)i, y);
}

static struct hn_err read_document(struct loader *l, struct hn_yaml *doc)
{
    if (!doc)
        return HN_OK;
    if (doc->kind != HN_YAML_MAP)
        return invalid(l, "option-error.unknown", doc->line, hn_str_cut(doc->s, 0, doc->s.n < 80 ? doc->s.n : 80), NULL,
                       HN_STR(""));
    for (struct hn_yaml *m = doc->first; m; m = m->next) {
        if (!is_section(m->key)) {
            HN_TRY(read_member(l, m, m->key));
            continue;
        }
        if (m->kind == HN_YAML_SCALAR && m->s.n == 0 && !m->quoted)
            continue; /* a section whose options are all comments */
        if (m->kind != HN_YAML_MAP)
            return invalid(l, "option-error.section", m->line, m->key, NULL, HN_STR(""));
        for (struct hn_yaml *k = m->first; k; k = k->next) {
            struct hn_str full = hn_arena_fmt(&l->c->arena, "%.*s.%.*s", HN_FMT(m->key), HN_FMT(k->key));
            HN_TRY(read_member(l, k, full));
        }
    }
    return HN_OK;
}

/* Options that contradict each other. */
static struct hn_err check_together(struct loader *l)
{
    const struct hn_config *c = l->c;
    if (hn_config_list(c, "fix.kinds", NULL) && !hn_str_eqc(hn_config_str(c, "fix.approval"), "approved"))
        return invalid(l, "option-error.kinds", hn_config_line(c, "fix.kinds"), HN_STR(""), NULL, HN_STR(""));
    if (hn_config_str(c, "mail.url").n && !hn_config_str(c, "mail.from").n)
        return invalid(l, "option-error.mail", hn_config_line(c, "mail.url"), HN_STR(""), NULL, HN_STR(""));
    if (hn_config_list(c, "diagnose.modules", NULL) && hn_config_list(c, "diagnose.without", NULL))
        return invalid(l, "option-error.modules", hn_config_line(c, "diagnose.without"), HN_STR(""), NULL, HN_STR(""));
    return HN_OK;
}

/* ---- loading ---- */

static struct hn_config *new_config(void)
{
    struct hn_config *c = hn_alloc_zero(sizeof *c);
    if (!c)
        return NULL;
    hn_arena_init(&c->arena, CONFIG_MEMORY);
    c->values = hn_arena_alloc(&c->arena, options_n() * sizeof *c->values);
    for (size_t i = 0; c->values && hn_options[i].name; i++)
        if (hn_options[i].type != HN_CONF_LIST) {
            bool ok = scalar(&hn_options[i], hn_options[i].type, hn_str_c(hn_options[i].dflt), &c->values[i]);
            assert(ok);
            (void)ok;
        }
    if (c->values)
        return c;
    hn_config_free(c);
    return NULL;
}

void hn_config_free(struct hn_config *c)
{
    if (!c)
        return;
    hn_arena_done(&c->arena);
    hn_free(c);
}

/* Nothing but comments and blank lines, for which YAML has no document. */
static bool is_empty(struct hn_bytes yaml)
{
    struct hn_bytes line;
    while (hn_bytes_line(&yaml, &line)) {
        size_t i = 0;
        while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
            i++;
        if (i < line.n && line.p[i] != '#')
            return false;
    }
    return true;
}

static struct hn_err parse_into(struct hn_config *c, struct hn_bytes yaml, const char *name, struct hn_diag *reterr)
{
    struct loader l = {c, name, reterr};
    struct hn_yaml *doc = NULL;
    struct hn_diag d = {""};
    if (yaml.n <= HN_CONFIG_MAX && is_empty(yaml))
        return HN_OK;
    struct hn_err e = yaml.n <= HN_CONFIG_MAX ? hn_yaml_parse(&c->arena, yaml, &doc, &d)
                                              : hn_fail(&d, HN_E_LIMIT, "more than %u bytes", HN_CONFIG_MAX);
    if (!hn_ok(e))
        return hn_fail(reterr, e.code, "%s: %s", name, d.msg);
    HN_TRY(read_document(&l, doc));
    if (c->arena.failed)
        return hn_fail(reterr, HN_E_NOMEM, "%s", name);
    return check_together(&l);
}

struct hn_err hn_config_parse(struct hn_bytes yaml, const char *name, struct hn_config **ret, struct hn_diag *reterr)
{
    *ret = NULL;
    struct hn_config *c = new_config();
    if (!c)
        return hn_fail(reterr, HN_E_NOMEM, "%s", name);
    c->path = hn_arena_str(&c->arena, hn_str_c(name)).p;
    struct hn_err e = parse_into(c, yaml, name, reterr);
    if (hn_ok(e))
        *ret = c;
    else
        hn_config_free(c);
    return e;
}

/* The file to read, in `out`; empty: none. */
static struct hn_err search(const char *path, struct hn_buf *out)
{
    const char *home = getenv("HINOMI_HOME");
    hn_buf_c(out, path ? path : home ? home : "");
    if (!path && home && home[0])
        hn_buf_c(out, "/hinomi.yaml");
    hn_buf_add(out, "", 1);
    if (!path && out->p && (!home || !home[0] || access(out->p, F_OK) != 0)) {
        hn_buf_clear(out);
        if (access(DEFAULT_PATH, F_OK) == 0)
            hn_buf_c(out, DEFAULT_PATH);
        hn_buf_add(out, "", 1);
    }
    return hn_buf_err(out);
}

struct hn_err hn_config_load(const char *path, struct hn_config **ret, struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf name;
    HN_AUTO(hn_buf_done) struct hn_buf text;
    *ret = NULL;
    hn_buf_init(&name, 8192);
    hn_buf_init(&text, HN_CONFIG_MAX + 1);
    HN_TRY(search(path, &name));
    if (!name.p || !name.p[0]) {
        *ret = new_config();
        return *ret ? HN_OK : hn_fail(reterr, HN_E_NOMEM, "configuration");
    }
    HN_TRY(hn_read_file(name.p, &text, reterr));
    return hn_config_parse(hn_bytes_of(text.p, text.n), name.p, ret, reterr);
}

/* ---- access ---- */

static const struct value *get(const struct hn_config *c, const char *key)
{
    ptrdiff_t i = option_find(hn_str_c(key));
    assert(i >= 0);
    return &c->values[i];
}

const char *hn_config_path(const struct hn_config *c)
{
    return c->path;
}

struct hn_str hn_config_str(const struct hn_config *c, const char *key)
{
    struct hn_str s = get(c, key)->s;
    return s.p ? s : HN_STR("");
}

int64_t hn_config_int(const struct hn_config *c, const char *key)
{
    return get(c, key)->i;
}

bool hn_config_bool(const struct hn_config *c, const char *key)
{
    return get(c, key)->i != 0;
}

size_t hn_config_list(const struct hn_config *c, const char *key, const struct hn_str **ret)
{
    const struct value *v = get(c, key);
    if (ret)
        *ret = v->items;
    return v->n;
}

bool hn_config_has(const struct hn_config *c, const char *key, const char *item)
{
    const struct value *v = get(c, key);
    for (size_t i = 0; i < v->n; i++)
        if (hn_str_eqc(v->items[i], item))
            return true;
    return false;
}

unsigned hn_config_line(const struct hn_config *c, const char *key)
{
    return get(c, key)->line;
}

struct hn_err hn_config_secret(const struct hn_config *c, const char *key, struct hn_arena *a, struct hn_str *ret,
                               struct hn_diag *reterr)
{
    struct hn_str path = hn_config_str(c, key);
    HN_AUTO(hn_buf_done) struct hn_buf b = {.max = 4096};
    struct stat st;
    *ret = HN_STR("");
    if (!path.n)
        return HN_OK;
    HN_AUTO_FD fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0)
        return hn_fail_errno(reterr, "%s", path.p);
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
        return hn_fail(reterr, HN_E_PERM, "%s: must be a file that only its owner may read (mode 0600)", path.p);
    HN_TRY(hn_read_fd(fd, &b, reterr));
    struct hn_bytes rest = hn_bytes_of(b.p, b.n), line = {NULL, 0};
    struct hn_str text;
    if (!hn_bytes_line(&rest, &line) || !hn_str_from_utf8(line, &text) || !text.n)
        return hn_fail(reterr, HN_E_INVALID, "%s: the first line is empty or not UTF-8", path.p);
    *ret = hn_arena_str(a, text);
    return ret->n ? HN_OK : hn_fail(reterr, HN_E_NOMEM, "%s", path.p);
}
