#include "core/text.h"

#include <stdlib.h>

#include "base/str.h"
#include "core/catalogue.h"

static int by_key(const void *key, const void *entry)
{
    return strcmp(key, ((const struct hn_catalogue_entry *)entry)->key);
}

const char *hn_text_find(enum hn_lang lang, const char *key)
{
    const struct hn_catalogue_entry *e = bsearch(key, hn_catalogue, hn_catalogue_n, sizeof *e, by_key);
    return e ? e->text[lang] : NULL;
}

const char *hn_text_key(size_t i)
{
    return i < hn_catalogue_n ? hn_catalogue[i].key : NULL;
}

static const struct hn_param *param_find(const struct hn_param *p, struct hn_str name)
{
    for (; p; p = p->next)
        if (hn_str_eqc(name, p->name))
            return p;
    return NULL;
}

/* name is what stands between the braces: "days", or "days|n" for the plural ending. */
static void add_placeholder(struct hn_buf *out, enum hn_lang lang, struct hn_str name, const struct hn_param *params)
{
    bool plural = hn_str_ends(name, "|n");
    if (plural)
        name.n -= 2;
    const struct hn_param *p = param_find(params, name);
    if (!p)
        hn_buf_fmt(out, "{?%.*s}", HN_FMT(name));
    else if (hn_str_eqc(name, "why") || hn_str_eqc(name, "detail"))
        hn_reason_add(out, lang, p->value);
    else if (!plural)
        hn_buf_str(out, p->value);
    else if (!hn_str_eqc(p->value, "1"))
        hn_buf_chr(out, 's');
}

void hn_text_add(struct hn_buf *out, enum hn_lang lang, const char *key, const struct hn_param *params)
{
    const char *text = hn_text_find(lang, key);
    struct hn_str rest = hn_str_c(text ? text : key);
    while (rest.n) {
        ptrdiff_t open = hn_str_chr(rest, '{');
        ptrdiff_t close = open < 0 ? -1 : hn_str_chr(hn_str_cut(rest, (size_t)open, rest.n), '}');
        if (close < 0) {
            hn_buf_str(out, rest);
            return;
        }
        hn_buf_str(out, hn_str_cut(rest, 0, (size_t)open));
        add_placeholder(out, lang, hn_str_cut(rest, (size_t)open + 1, (size_t)(open + close)), params);
        rest = hn_str_cut(rest, (size_t)(open + close) + 1, rest.n);
    }
}

#define TEXT_MAX (256u << 10)

struct hn_str hn_text(struct hn_arena *a, enum hn_lang lang, const char *key, const struct hn_param *params)
{
    struct hn_buf b;
    hn_buf_init(&b, TEXT_MAX);
    hn_text_add(&b, lang, key, params);
    struct hn_str s = hn_arena_str(a, hn_buf_text(&b));
    hn_buf_done(&b);
    return s;
}

enum hn_lang hn_lang_default(void)
{
    static const char *const vars[] = {"HINOMI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof vars / sizeof *vars; i++) {
        const char *v = getenv(vars[i]);
        if (v && *v)
            return strncmp(v, "ja", 2) == 0 ? HN_JA : HN_EN;
    }
    return HN_EN;
}
