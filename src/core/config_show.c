/* What the table of options says, for people: list, sample file, documentation; and the values in force. */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/config.h"
#include "core/registry.h"

static const char *const type_names[] = {
    [HN_CONF_BOOL] = "bool",     [HN_CONF_INT] = "int",   [HN_CONF_SPAN] = "span", [HN_CONF_SIZE] = "size",
    [HN_CONF_TEXT] = "text",     [HN_CONF_WORD] = "word", [HN_CONF_PATH] = "path", [HN_CONF_URL] = "url",
    [HN_CONF_LISTEN] = "listen", [HN_CONF_MAIL] = "mail", [HN_CONF_LIST] = "list"};

/* Seconds or bytes in the largest unit that divides them: 3600 → 1h. */
static void put_number(struct hn_buf *out, enum hn_option_type type, int64_t v)
{
    static const struct {
        int64_t factor;
        const char *unit;
    } spans[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}},
      sizes[] = {{INT64_C(1) << 40, "T"}, {1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}};
    for (size_t i = 0; v > 0 && (type == HN_CONF_SPAN || type == HN_CONF_SIZE) && i < 4; i++) {
        int64_t f = type == HN_CONF_SPAN ? spans[i].factor : sizes[i].factor;
        if (v % f == 0) {
            hn_buf_fmt(out, "%lld%s", (long long)(v / f), type == HN_CONF_SPAN ? spans[i].unit : sizes[i].unit);
            return;
        }
    }
    hn_buf_fmt(out, "%lld", (long long)v);
}

static bool is_modules(const struct hn_option *o)
{
    return o->words && strcmp(o->words, "modules") == 0;
}

/* The names of the modules are given in messages; the files in the tree do not change with every new module. */
static void put_words(struct hn_buf *out, const struct hn_option *o, enum hn_option_type type)
{
    struct hn_str rest = hn_str_c(o->words), w;
    bool modules = is_modules(o);
    for (size_t i = 0; modules && i < hn_modules_n; i++)
        hn_buf_fmt(out, "%s%s", i ? ", " : "", hn_modules[i]->name);
    for (size_t i = 0; !modules && hn_str_word(&rest, &w); i++)
        hn_buf_fmt(out, "%s%.*s%s", i ? ", " : "", HN_FMT(w), type == HN_CONF_URL ? "://" : "");
}

static void wanted_as(const struct hn_option *o, enum hn_option_type type, enum hn_lang lang, struct hn_buf *out)
{
    HN_AUTO(hn_buf_done) struct hn_buf least;
    HN_AUTO(hn_buf_done) struct hn_buf most;
    HN_AUTO(hn_buf_done) struct hn_buf words;
    HN_AUTO(hn_buf_done) struct hn_buf item;
    char key[32];
    hn_buf_init(&least, 64);
    hn_buf_init(&most, 64);
    hn_buf_init(&words, 2048);
    hn_buf_init(&item, 2048);
    put_number(&least, type, o->least);
    put_number(&most, type, o->most);
    put_words(&words, o, type);
    if (type == HN_CONF_LIST)
        wanted_as(o, o->item, lang, &item); /* items are no lists: one level */
    struct hn_param p[4] = {{"least", hn_buf_text(&least), &p[1]},
                            {"most", hn_buf_text(&most), &p[2]},
                            {"words", hn_buf_text(&words), &p[3]},
                            {"item", hn_buf_text(&item), NULL}};
    snprintf(key, sizeof key, "option-type.%s", type_names[type]);
    hn_text_add(out, lang, key, p);
}

static void wanted_in_files(const struct hn_option *o, struct hn_buf *out)
{
    if (is_modules(o))
        hn_text_add(out, HN_EN, "option-type.modules", NULL);
    else
        hn_config_wanted(o, HN_EN, out);
}

void hn_config_wanted(const struct hn_option *o, enum hn_lang lang, struct hn_buf *out)
{
    wanted_as(o, o->type, lang, out);
}

static void put_meaning(const struct hn_option *o, enum hn_lang lang, struct hn_buf *out)
{
    char key[96];
    snprintf(key, sizeof key, "option.%s", o->name);
    hn_text_add(out, lang, key, NULL);
}

/* As YAML: text in quotes, the rest plain. */
static void put_yaml(struct hn_buf *out, const struct hn_option *o, struct hn_str s)
{
    bool plain = o->type == HN_CONF_BOOL || o->type == HN_CONF_INT || o->type == HN_CONF_SPAN ||
                 o->type == HN_CONF_SIZE || o->type == HN_CONF_WORD || (o->type == HN_CONF_LIST && hn_str_eqc(s, "[]"));
    if (plain) {
        hn_buf_str(out, s);
        return;
    }
    struct hn_jw w; /* a JSON string is a YAML double-quoted scalar */
    hn_jw_init(&w, out);
    hn_jw_str(&w, s);
}

static size_t section_of(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot ? (size_t)(dot - name) : 0;
}

void hn_config_sample(struct hn_buf *out)
{
    size_t before = 0;
    const char *last = "";
    for (int lang = 0; lang < HN_LANGS; lang++) {
        hn_buf_c(out, "# ");
        hn_text_add(out, (enum hn_lang)lang, "option-doc.intro", NULL);
        hn_buf_chr(out, '\n');
    }
    for (const struct hn_option *o = hn_options; o->name; o++) {
        size_t n = section_of(o->name);
        const char *indent = n ? "  " : "";
        if (n && (n != before || memcmp(last, o->name, n) != 0))
            hn_buf_fmt(out, "\n%.*s:\n", (int)n, o->name);
        else
            hn_buf_chr(out, '\n');
        before = n;
        last = o->name;
        for (int lang = 0; lang < HN_LANGS; lang++) {
            hn_buf_fmt(out, "%s# ", indent);
            put_meaning(o, (enum hn_lang)lang, out);
            hn_buf_chr(out, '\n');
        }
        if (o->type == HN_CONF_WORD || o->type == HN_CONF_LIST) {
            hn_buf_fmt(out, "%s# (", indent);
            wanted_in_files(o, out);
            hn_buf_c(out, ")\n");
        }
        hn_buf_fmt(out, "%s#%s: ", indent, o->name + (n ? n + 1 : 0));
        put_yaml(out, o, hn_str_c(o->dflt));
        hn_buf_chr(out, '\n');
    }
}

void hn_config_doc(struct hn_buf *out)
{
    hn_buf_c(out, "# Configuration / 設定\n\n");
    for (int lang = 0; lang < HN_LANGS; lang++) {
        hn_text_add(out, (enum hn_lang)lang, "option-doc.intro", NULL);
        hn_buf_c(out, "\n\n");
    }
    hn_buf_c(
        out,
        "Made from the table of options (`src/core/config_keys.c`); the commented file is `packaging/hinomi.yaml`.\n\n"
        "| key | default | value | meaning | 意味 |\n| --- | --- | --- | --- | --- |\n");
    for (const struct hn_option *o = hn_options; o->name; o++) {
        hn_buf_fmt(out, "| `%s` | `", o->name);
        put_yaml(out, o, hn_str_c(o->dflt));
        hn_buf_c(out, "` | ");
        wanted_in_files(o, out);
        hn_buf_c(out, " | ");
        put_meaning(o, HN_EN, out);
        hn_buf_c(out, " | ");
        put_meaning(o, HN_JA, out);
        hn_buf_c(out, " |\n");
    }
}

static void put_value(const struct hn_config *c, const struct hn_option *o, struct hn_buf *out)
{
    const struct hn_str *items;
    if (o->type != HN_CONF_LIST) {
        put_yaml(out, o, hn_config_str(c, o->name));
        return;
    }
    size_t n = hn_config_list(c, o->name, &items);
    hn_buf_chr(out, '[');
    for (size_t i = 0; i < n; i++)
        hn_buf_fmt(out, "%s%.*s", i ? ", " : "", HN_FMT(items[i]));
    hn_buf_chr(out, ']');
}

void hn_config_show(const struct hn_config *c, struct hn_buf *out)
{
    for (const struct hn_option *o = hn_options; o->name; o++) {
        hn_buf_fmt(out, "%s: ", o->name);
        put_value(c, o, out);
        if (hn_config_line(c, o->name))
            hn_buf_fmt(out, "  # %s:%u", hn_config_path(c), hn_config_line(c, o->name));
        hn_buf_chr(out, '\n');
    }
}

static void put_json_value(struct hn_jw *w, const struct hn_config *c, const struct hn_option *o)
{
    const struct hn_str *items;
    hn_jw_key(w, "value");
    if (o->type == HN_CONF_BOOL) {
        hn_jw_bool(w, hn_config_bool(c, o->name));
    } else if (o->type == HN_CONF_INT || o->type == HN_CONF_SPAN || o->type == HN_CONF_SIZE) {
        hn_jw_int(w, hn_config_int(c, o->name));
    } else if (o->type == HN_CONF_LIST) {
        size_t n = hn_config_list(c, o->name, &items);
        hn_jw_arr(w);
        for (size_t i = 0; i < n; i++)
            hn_jw_str(w, items[i]);
        hn_jw_arr_end(w);
    } else {
        hn_jw_str(w, hn_config_str(c, o->name));
    }
}

void hn_config_json(const struct hn_config *c, struct hn_jw *w)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 4096);
    hn_jw_obj(w);
    hn_jw_kc(w, "file", hn_config_path(c));
    hn_jw_key(w, "options");
    hn_jw_arr(w);
    for (const struct hn_option *o = hn_options; o->name; o++) {
        hn_jw_obj(w);
        hn_jw_kc(w, "name", o->name);
        hn_jw_kc(w, "type", type_names[o->type]);
        put_json_value(w, c, o);
        hn_jw_kc(w, "default", o->dflt);
        if (hn_config_line(c, o->name))
            hn_jw_kint(w, "line", hn_config_line(c, o->name));
        hn_jw_key(w, "meaning");
        hn_jw_obj(w);
        for (int lang = 0; lang < HN_LANGS; lang++) {
            hn_buf_clear(&b);
            put_meaning(o, (enum hn_lang)lang, &b);
            hn_jw_kstr(w, lang == HN_JA ? "ja" : "en", hn_buf_text(&b));
        }
        hn_jw_obj_end(w);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}
