/* Text, tables and fields on a terminal. Everything shown may come from outside: nothing reaches the terminal raw. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/cli.h"
#include "core/export.h"

static struct hn_str show_time(struct hn_arena *a, struct hn_str s, bool zone)
{
    hn_time t;
    struct tm tm;
    if (!hn_time_parse(s, &t))
        return s;
    time_t sec = (time_t)(t / HN_SECOND);
    localtime_r(&sec, &tm);
    char text[64];
    strftime(text, sizeof text, zone ? "%Y-%m-%d %H:%M %Z" : "%Y-%m-%d %H:%M", &tm);
    return hn_arena_str(a, hn_str_c(text));
}

static struct hn_str show_number(struct hn_arena *a, double d)
{
    struct hn_str s = hn_arena_fmt(a, "%.1f", d);
    return hn_str_ends(s, ".0") ? hn_str_cut(s, 0, s.n - 2) : s;
}

static struct hn_str show_value(struct hn_arena *a, const struct hn_jv *v, bool date);

#define LIST_MOST 20u /* of a list in one cell */

static struct hn_str show_list(struct hn_arena *a, const struct hn_jv *v)
{
    struct hn_str s = {"", 0};
    for (size_t i = 0; i < v->n; i++) {
        if (i == LIST_MOST)
            return hn_arena_fmt(a, "%.*s, … (%zu)", HN_FMT(s), v->n);
        struct hn_str one = show_value(a, &v->items[i], false);
        s = hn_arena_fmt(a, "%.*s%s%.*s", HN_FMT(s), s.n && one.n ? ", " : "", HN_FMT(one));
    }
    return s;
}

static struct hn_str show_value(struct hn_arena *a, const struct hn_jv *v, bool date)
{
    if (!v)
        return HN_STR("");
    switch (v->kind) {
    case HN_JV_STR:
        return date ? show_time(a, v->s, false) : v->s;
    case HN_JV_INT:
        return hn_arena_fmt(a, "%lld", (long long)v->i);
    case HN_JV_NUM:
        return show_number(a, v->d);
    case HN_JV_BOOL:
        return v->b ? HN_STR("✓") : HN_STR("");
    case HN_JV_OBJ: {
        struct hn_str s = hn_jv_str(v, cli.lang == HN_JA ? "ja" : "en");
        return s.p ? s : hn_jv_str(v, "name");
    }
    case HN_JV_ARR:
        return show_list(a, v);
    default:
        return HN_STR("");
    }
}

struct hn_str cli_word(const char *column, struct hn_str s)
{
    static const struct {
        const char *column, *prefix;
    } words[] = {{"severity", "severity."}, {"worst", "severity."},   {"state", "cli.word."},
                 {"status", "cli.word."},   {"kind", "cli.word."},    {"landlock", "cli.word."},
                 {"class", "cli.word."},    {"fix_kind", "cli.word."}};
    char key[80];
    for (size_t i = 0; cli.lang != HN_EN && i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].column, column) != 0 || s.n > 32)
            continue;
        snprintf(key, sizeof key, "%s%.*s", words[i].prefix, HN_FMT(s));
        const char *t = hn_text_find(cli.lang, key);
        return t ? hn_str_c(t) : s;
    }
    return s;
}

static const struct hn_jv *at_path(struct hn_arena *a, const struct hn_jv *row, const char *path)
{
    struct hn_str rest = hn_str_c(path), part;
    const struct hn_jv *v = row;
    while (v && hn_str_split(&rest, '.', &part)) {
        const char *name = hn_arena_cstr(a, part);
        v = name ? hn_jv_get(v, name) : NULL;
    }
    return v;
}

struct hn_str cli_value(struct hn_arena *a, const struct hn_jv *row, const char *path, bool date)
{
    const struct hn_jv *v = at_path(a, row, path);
    if (v && v->kind == HN_JV_NULL && hn_str_ends(hn_str_c(path), "score"))
        return hn_str_c(hn_text_find(cli.lang, "cli.not-seen"));
    const char *dot = strrchr(path, '.');
    return v && v->kind == HN_JV_STR ? cli_word(dot ? dot + 1 : path, show_value(a, v, date)) : show_value(a, v, date);
}

/* ---------------------------------------------------------------- tables */

#define COLUMNS_MAX 16u

static struct hn_str header(const struct cli_column *c)
{
    char key[128];
    const char *dot = strrchr(c->path, '.');
    const char *last = dot && strcmp(dot, ".name") != 0 && strcmp(dot, ".en") != 0 ? dot + 1 : c->path;
    snprintf(key, sizeof key, "cli.col.%s", last);
    const char *t = hn_text_find(cli.lang, key);
    return hn_str_c(t ? t : last);
}

static void put_cell(struct hn_buf *out, const struct cli_column *c, struct hn_str s, size_t width, bool last)
{
    size_t w = hn_term_width(s);
    if (c->right)
        for (size_t i = w; i < width; i++)
            hn_buf_chr(out, ' ');
    const char *color = c->flex ? "" : cli_color(s);
    hn_buf_c(out, color);
    hn_term_cut(out, s, width);
    hn_buf_c(out, *color ? cli_color_end() : "");
    if (!c->right && !last)
        for (size_t i = w; i < width; i++)
            hn_buf_chr(out, ' ');
    hn_buf_c(out, last ? "\n" : "  ");
}

/* Natural widths; then the flexible column gives or takes what the terminal asks. */
static void fit(const struct cli_column *cs, size_t n, size_t *width)
{
    size_t total = 2 * (n - 1), flex = n;
    for (size_t i = 0; i < n; i++) {
        total += width[i];
        if (cs[i].flex)
            flex = i;
    }
    if (!cli.columns || total <= cli.columns || flex == n)
        return;
    size_t over = total - cli.columns;
    width[flex] = width[flex] > over + 12 ? width[flex] - over : 12;
}

void cli_table(const struct cli_column *cs, const struct hn_jv *items)
{
    struct hn_arena a;
    struct hn_buf out;
    size_t n = 0, width[COLUMNS_MAX];
    hn_arena_init(&a, 256u << 20);
    hn_buf_init(&out, 256u << 20);
    while (cs[n].path && n < COLUMNS_MAX)
        n++;
    for (size_t c = 0; c < n; c++) {
        width[c] = hn_term_width(header(&cs[c]));
        for (size_t i = 0; items && i < items->n; i++) {
            size_t w = hn_term_width(cli_value(&a, &items->items[i], cs[c].path, cs[c].date));
            width[c] = w > width[c] ? w : width[c];
        }
    }
    fit(cs, n, width);
    for (size_t c = 0; c < n; c++) {
        struct cli_column plain = cs[c];
        plain.flex = true; /* no colour in the header */
        put_cell(&out, &plain, header(&cs[c]), width[c], c + 1 == n);
    }
    for (size_t i = 0; items && i < items->n; i++)
        for (size_t c = 0; c < n; c++)
            put_cell(&out, &cs[c], cli_value(&a, &items->items[i], cs[c].path, cs[c].date), width[c], c + 1 == n);
    cli_out(&out);
    hn_buf_done(&out);
    hn_arena_done(&a);
}

/* Columns by their paths, the same in every language. */
void cli_csv(const struct cli_column *cs, const struct hn_jv *items)
{
    struct hn_arena a;
    struct hn_buf out;
    hn_arena_init(&a, 256u << 20);
    hn_buf_init(&out, 256u << 20);
    for (size_t c = 0; cs[c].path; c++)
        hn_buf_fmt(&out, "%s%s", c ? "," : "", cs[c].path);
    hn_buf_chr(&out, '\n');
    for (size_t i = 0; items && i < items->n; i++) {
        for (size_t c = 0; cs[c].path; c++) {
            hn_buf_c(&out, c ? "," : "");
            const struct hn_jv *v = at_path(&a, &items->items[i], cs[c].path);
            hn_csv_cell(&out,
                        v && v->kind == HN_JV_STR ? v->s : show_value(&a, v, false)); /* times and words as they are */
        }
        hn_buf_chr(&out, '\n');
    }
    cli_out(&out);
    hn_buf_done(&out);
    hn_arena_done(&a);
}

/* ---------------------------------------------------------------- sentences */

void cli_sentence(const char *key, const struct hn_jv *members)
{
    enum { MOST = 12 };
    struct hn_param p[MOST + 1] = {{.name = ""}};
    struct hn_buf text, out;
    struct hn_arena a;
    hn_arena_init(&a, 1u << 20);
    hn_buf_init(&text, 64u << 10);
    hn_buf_init(&out, 256u << 10);
    for (size_t i = 0; members && i < members->n && i < MOST; i++) {
        const char *name = hn_arena_cstr(&a, members->keys[i]);
        p[i] = (struct hn_param){name ? name : "", cli_value(&a, members, name ? name : "", false), &p[i + 1]};
    }
    hn_text_add(&text, cli.lang, key, p);
    hn_term_put(&out, hn_buf_text(&text));
    hn_buf_chr(&out, '\n');
    cli_out(&out);
    hn_buf_done(&out);
    hn_buf_done(&text);
    hn_arena_done(&a);
}

/* ---------------------------------------------------------------- fields */

static bool is_text(const struct hn_jv *v)
{
    return v->kind == HN_JV_OBJ && v->n == 2 && hn_jv_str(v, "en").p && hn_jv_str(v, "ja").p;
}

/* The name of a member, in the language in force as far as there is a text. */
static void put_name(struct hn_buf *out, struct hn_str name)
{
    static const char *const prefixes[] = {"cli.field.", "cli.col."};
    const char *t = NULL;
    char key[80];
    for (size_t i = 0; cli.lang != HN_EN && !t && name.n < 60 && i < 2; i++) {
        snprintf(key, sizeof key, "%s%.*s", prefixes[i], HN_FMT(name));
        t = hn_text_find(cli.lang, key);
    }
    hn_term_put(out, t ? hn_str_c(t) : name);
}

static struct hn_str field_value(struct hn_arena *a, struct hn_str name, const struct hn_jv *v)
{
    char column[64];
    if (v->kind == HN_JV_NULL || (v->kind == HN_JV_STR && !v->s.n))
        return HN_STR("–");
    if (v->kind == HN_JV_BOOL)
        return v->b ? HN_STR("✓") : HN_STR("–");
    if (v->kind != HN_JV_STR)
        return show_value(a, v, false);
    snprintf(column, sizeof column, "%.*s", HN_FMT(name));
    return cli_word(column, show_time(a, v->s, true));
}

static void put_field(struct hn_buf *out, struct hn_arena *a, const struct hn_jv *v, unsigned depth)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct hn_jv *m = &v->items[i];
        for (unsigned k = 0; k < depth; k++)
            hn_buf_c(out, "  ");
        if (v->kind == HN_JV_OBJ)
            put_name(out, v->keys[i]);
        else
            hn_buf_chr(out, '-');
        bool nested = (m->kind == HN_JV_OBJ && !is_text(m)) || m->kind == HN_JV_ARR;
        if (nested && m->n) {
            hn_buf_chr(out, '\n');
            put_field(out, a, m, depth + 1);
            continue;
        }
        hn_buf_c(out, v->kind == HN_JV_OBJ ? ": " : " ");
        hn_term_put(out, nested ? HN_STR("–") : field_value(a, v->kind == HN_JV_OBJ ? v->keys[i] : HN_STR(""), m));
        hn_buf_chr(out, '\n');
    }
}

void cli_fields(const struct hn_jv *body)
{
    struct hn_arena a;
    struct hn_buf out;
    hn_arena_init(&a, 64u << 20);
    hn_buf_init(&out, 64u << 20);
    put_field(&out, &a, body, 0);
    cli_out(&out);
    hn_buf_done(&out);
    hn_arena_done(&a);
}

int cli_output_failed(void)
{
    if (errno != EPIPE) /* who reads no further knows */
        cli_error("error.output", "why", strerror(errno), NULL);
    return CLI_FAILURE;
}

void cli_out(const struct hn_buf *b)
{
    if (b->bad)
        errno = ENOMEM;
    if (b->bad || (b->n && fwrite(b->p, 1, b->n, stdout) != b->n))
        exit(cli_output_failed());
}

/* ---------------------------------------------------------------- colour, progress */

const char *cli_color(struct hn_str word)
{
    static const struct {
        const char *word, *code;
    } map[] = {{"critical", "\033[1;31m"}, {"high", "\033[31m"},      {"medium", "\033[33m"},
               {"verified", "\033[32m"},   {"overdue", "\033[1;31m"}, {"not_seen", "\033[2m"}};
    if (cli.color)
        for (size_t i = 0; i < sizeof map / sizeof *map; i++)
            if (hn_str_eqc(word, map[i].word) || hn_str_eq(word, cli_word("severity", hn_str_c(map[i].word))) ||
                hn_str_eq(word, cli_word("state", hn_str_c(map[i].word))))
                return map[i].code;
    return "";
}

const char *cli_color_end(void)
{
    return cli.color ? "\033[0m" : "";
}

void cli_put_severity(struct hn_buf *out, struct hn_str severity)
{
    struct hn_str word = cli_word("severity", severity);
    const char *color = cli_color(severity);
    hn_buf_c(out, color);
    hn_term_put(out, word);
    hn_buf_c(out, *color ? cli_color_end() : "");
    for (size_t w = hn_term_width(word); w < 8; w++)
        hn_buf_chr(out, ' ');
}

void cli_progress(const char *fmt, ...)
{
    static hn_time began;
    static bool shown;
    va_list ap;
    if (!isatty(STDERR_FILENO) || cli.quiet)
        return;
    if (!began)
        began = hn_monotonic();
    if (!fmt) {
        if (shown)
            fprintf(stderr, "\r\033[K");
        shown = false;
        began = 0;
        return;
    }
    if (hn_monotonic() - began < HN_SECOND)
        return;
    shown = true;
    fprintf(stderr, "\r\033[K");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fflush(stderr);
}
