/* Comparing one observed value with what a rule asks for. */
#include <stdio.h>

#include "base/str.h"
#include "core/registry.h"
#include "modules/config/rules.h"

static enum config_tri tri(bool b)
{
    return b ? CONFIG_TRUE : CONFIG_FALSE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same(struct hn_str a, struct hn_str b, bool exact)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (exact ? a.p[i] != b.p[i] : lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

static bool one_of(struct hn_str v, const char *const *values, bool exact)
{
    for (; values && *values; values++)
        if (same(v, hn_str_c(*values), exact))
            return true;
    return false;
}

/* A decimal number; with sshd's units (sshd_config(5), TIME FORMATS) in seconds. */
static bool number(struct hn_str v, int64_t *ret)
{
    static const struct {
        char unit;
        int64_t factor;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    v = hn_str_trim(v);
    if (hn_str_i64(v, ret))
        return true;
    for (size_t i = 0; v.n > 1 && i < sizeof units / sizeof units[0]; i++)
        if (lower(v.p[v.n - 1]) == units[i].unit && hn_str_i64(hn_str_cut(v, 0, v.n - 1), ret))
            return !__builtin_mul_overflow(*ret, units[i].factor, ret);
    return false;
}

static bool order(int64_t v, enum config_op op, int64_t to)
{
    switch (op) {
    case CONFIG_OP_LT:
        return v < to;
    case CONFIG_OP_LE:
        return v <= to;
    case CONFIG_OP_GT:
        return v > to;
    default:
        return v >= to;
    }
}

static bool ordered(struct hn_str v, const struct config_cond *c)
{
    int64_t a, b;
    return number(v, &a) && number(hn_str_c(c->values[0]), &b) && order(a, c->op, b);
}

static bool truth(struct hn_str v, bool want)
{
    static const char *const yes[] = {"yes", "true", "on", "1", "y", "enabled", NULL};
    static const char *const no[] = {"no", "false", "off", "0", "n", "disabled", NULL};
    return one_of(v, want ? yes : no, false);
}

/* Octal bits: of a file's mode, or of a umask ("027", "0027"). */
static bool bits(struct hn_str v, const struct config_cond *c)
{
    uint64_t have, limit;
    if (!hn_str_u64(v, 8, &have) || !hn_str_u64(hn_str_c(c->values[0]), 8, &limit))
        return false;
    return c->op == CONFIG_OP_MASKS ? (have & limit) == limit : (have & 07777u & ~limit) == 0;
}

#define FOLD_MAX 1024

/* v in lower case, in buf; what does not fit stays as it is. */
static struct hn_str folded(struct hn_str v, char buf[FOLD_MAX])
{
    if (v.n > FOLD_MAX)
        return v;
    for (size_t i = 0; i < v.n; i++)
        buf[i] = lower(v.p[i]);
    return (struct hn_str){buf, v.n};
}

static bool globs(struct hn_str v, const char *const *patterns, bool exact)
{
    char text[FOLD_MAX], pattern[FOLD_MAX];
    if (!exact)
        v = folded(v, text);
    for (; *patterns; patterns++) {
        struct hn_str p = hn_str_c(*patterns);
        if (hn_glob_match(exact ? p : folded(p, pattern), v, false))
            return true;
    }
    return false;
}

/* Is `want` one of the words of v? Words end at blanks, tabs and commas. */
static bool has_word(struct hn_str v, struct hn_str want)
{
    size_t from = 0;
    for (size_t i = 0; i <= v.n; i++)
        if (i == v.n || v.p[i] == ' ' || v.p[i] == '\t' || v.p[i] == ',') {
            if (same(hn_str_cut(v, from, i), want, false))
                return true;
            from = i + 1;
        }
    return false;
}

static bool list_has(const struct hn_value *v, struct hn_str want)
{
    for (size_t i = 0; i < v->n; i++)
        if (same(v->items[i], want, false))
            return true;
    return false;
}

enum config_tri config_compare_text(struct hn_str v, const struct config_cond *c, bool exact)
{
    switch (c->op) {
    case CONFIG_OP_NONE:
        return CONFIG_TRUE;
    case CONFIG_OP_EQ:
    case CONFIG_OP_IN:
        return tri(one_of(v, c->values, exact));
    case CONFIG_OP_NE:
    case CONFIG_OP_NOT_IN:
        return tri(!one_of(v, c->values, exact));
    case CONFIG_OP_LT:
    case CONFIG_OP_LE:
    case CONFIG_OP_GT:
    case CONFIG_OP_GE:
        return tri(ordered(v, c));
    case CONFIG_OP_MATCHES:
        return tri(globs(v, c->values, exact));
    case CONFIG_OP_NOT_MATCHES:
        return tri(!globs(v, c->values, exact));
    case CONFIG_OP_HAS:
    case CONFIG_OP_HAS_NOT:
        for (const char *const *w = c->values; *w; w++)
            if (has_word(v, hn_str_c(*w)) != (c->op == CONFIG_OP_HAS))
                return CONFIG_FALSE;
        return CONFIG_TRUE;
    case CONFIG_OP_MODE_AT_MOST:
    case CONFIG_OP_MASKS:
        return tri(bits(v, c));
    case CONFIG_OP_TRUE:
    case CONFIG_OP_FALSE:
        return tri(truth(v, c->op == CONFIG_OP_TRUE));
    case CONFIG_OP_SET:
        return tri(v.n > 0);
    case CONFIG_OP_UNSET:
        return tri(v.n == 0);
    }
    return CONFIG_UNKNOWN;
}

static enum config_tri compare_list(const struct hn_value *v, const struct config_cond *c)
{
    bool want = c->op == CONFIG_OP_HAS || c->op == CONFIG_OP_MATCHES;
    switch (c->op) {
    case CONFIG_OP_HAS:
    case CONFIG_OP_HAS_NOT:
        for (const char *const *w = c->values; *w; w++)
            if (list_has(v, hn_str_c(*w)) != want)
                return CONFIG_FALSE;
        return CONFIG_TRUE;
    case CONFIG_OP_MATCHES:
    case CONFIG_OP_NOT_MATCHES:
        for (size_t i = 0; i < v->n; i++)
            if (globs(v->items[i], c->values, false))
                return tri(want);
        return tri(!want);
    case CONFIG_OP_SET:
        return tri(v->n > 0);
    case CONFIG_OP_UNSET:
        return tri(v->n == 0);
    default:
        return CONFIG_UNKNOWN;
    }
}

/* Permission bits are a number in some modules, octal text in others. */
static enum config_tri compare_int(int64_t v, const struct config_cond *c)
{
    char text[24];
    bool octal = c->op == CONFIG_OP_MODE_AT_MOST || c->op == CONFIG_OP_MASKS;
    int n = octal ? snprintf(text, sizeof text, "%llo", (unsigned long long)v)
                  : snprintf(text, sizeof text, "%lld", (long long)v);
    return config_compare_text((struct hn_str){text, (size_t)n}, c, true);
}

/* Where the value of "subject", "value" or "value|configured" (the first that is set) stands. Exact: a path. */
static const struct hn_value *pick(const struct hn_obs *o, const char *field, struct hn_value *subject, bool *ret_exact)
{
    struct hn_str rest = hn_str_c(field), name;
    const struct hn_value *v = NULL;
    *ret_exact = false;
    if (strcmp(field, "subject") == 0) {
        *subject = (struct hn_value){.type = HN_T_STR, .set = true, .s = o->subject};
        return subject;
    }
    while ((!v || !v->set) && hn_str_split(&rest, '|', &name)) {
        int at = hn_field_find(o->kind, name);
        v = at < 0 ? NULL : &o->v[at];
        *ret_exact = at >= 0 && o->kind->fields[at].ref == HN_REF_PATH;
    }
    return v;
}

enum config_tri config_compare(const struct hn_obs *o, const struct config_cond *c)
{
    struct hn_value subject;
    bool exact;
    const struct hn_value *v = pick(o, c->field, &subject, &exact);
    if (!v)
        return CONFIG_UNKNOWN;
    if (!v->set)
        return c->op == CONFIG_OP_UNSET ? CONFIG_TRUE : c->op == CONFIG_OP_SET ? CONFIG_FALSE : CONFIG_UNKNOWN;
    switch (v->type) {
    case HN_T_LIST:
        return compare_list(v, c);
    case HN_T_BOOL:
        return config_compare_text(v->i ? HN_STR("yes") : HN_STR("no"), c, true);
    case HN_T_INT:
    case HN_T_TIME:
        return compare_int(v->i, c);
    default:
        return config_compare_text(v->s, c, exact);
    }
}

struct hn_str config_show(const struct hn_obs *o, const char *field, struct hn_arena *a)
{
    struct hn_value subject;
    bool exact;
    const struct hn_value *v = o && field ? pick(o, field, &subject, &exact) : NULL;
    if (!v || !v->set)
        return HN_STR("-");
    switch (v->type) {
    case HN_T_STR:
        return v->s;
    case HN_T_BOOL:
        return v->i ? HN_STR("yes") : HN_STR("no");
    case HN_T_INT:
        return hn_arena_fmt(a, "%lld", (long long)v->i);
    case HN_T_TIME: {
        char text[HN_TIME_TEXT];
        return hn_arena_str(a, hn_str_c(hn_time_text(v->i, text)));
    }
    case HN_T_LIST:
        break;
    }
    struct hn_str out = HN_STR("");
    for (size_t i = 0; i < v->n && i < 32; i++)
        out = hn_arena_fmt(a, "%.*s%s%.*s", HN_FMT(out), i ? "," : "", HN_FMT(v->items[i]));
    return out;
}
