/* Line-wise reading: what the simple configuration formats have in common. */
#include "modules/config/config.h"

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

struct hn_bytes config_skip(struct hn_bytes b, size_t n)
{
    if (n > b.n)
        n = b.n;
    return n ? hn_bytes_of(b.p + n, b.n - n) : b;
}

struct hn_bytes config_trim(struct hn_bytes b)
{
    size_t from = 0, to = b.n;
    while (from < to && blank(b.p[from]))
        from++;
    while (to > from && blank(b.p[to - 1]))
        to--;
    return from < b.n ? hn_bytes_of(b.p + from, to - from) : hn_bytes_of(b.p, 0);
}

struct hn_bytes config_unquote(struct hn_bytes b)
{
    b = config_trim(b);
    if (b.n >= 2 && (b.p[0] == '"' || b.p[0] == '\'') && b.p[b.n - 1] == b.p[0])
        return hn_bytes_of(b.p + 1, b.n - 2);
    return b;
}

bool config_starts(struct hn_bytes b, const char *prefix)
{
    size_t n = strlen(prefix);
    return b.n >= n && memcmp(b.p, prefix, n) == 0;
}

bool config_line(struct config_lines *l, const char *comment, struct hn_bytes *ret)
{
    struct hn_bytes line;
    while (hn_bytes_line(&l->rest, &line)) {
        l->line++;
        line = config_trim(line);
        if (line.n == 0 || (line.p[0] != 0 && strchr(comment, line.p[0])))
            continue;
        *ret = line;
        return true;
    }
    return false;
}

bool config_word(struct hn_bytes *rest, struct hn_bytes *ret)
{
    struct hn_bytes b = config_trim(*rest);
    if (b.n == 0) {
        *rest = b;
        return false;
    }
    size_t i = 0;
    if (b.p[0] == '"' || b.p[0] == '\'') {
        for (i = 1; i < b.n && b.p[i] != b.p[0]; i++)
            ;
        *ret = hn_bytes_of(b.p + 1, i - 1);
        *rest = config_skip(b, i + 1);
        return true;
    }
    while (i < b.n && !blank(b.p[i]))
        i++;
    *ret = hn_bytes_of(b.p, i);
    *rest = config_skip(b, i);
    return true;
}

/* The value without a comment that follows it after a blank. */
static struct hn_bytes without_comment(struct hn_bytes v)
{
    if (v.n > 0 && v.p[0] == '#')
        return hn_bytes_of(v.p, 0);
    for (size_t i = 1; i < v.n; i++)
        if (v.p[i] == '#' && blank(v.p[i - 1]))
            return config_trim(hn_bytes_of(v.p, i));
    return v;
}

void config_read_words(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, key;
    while (config_line(&l, "#!;%", &line))
        if (config_word(&line, &key))
            config_set(f, key, config_unquote(without_comment(config_trim(line))), l.line);
}

static ptrdiff_t find_chr(struct hn_bytes b, char c)
{
    const uint8_t *at = b.n ? memchr(b.p, c, b.n) : NULL;
    return at ? at - b.p : -1;
}

void config_read_equals(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line;
    while (config_line(&l, "#;", &line)) {
        if (config_starts(line, "export "))
            line = config_trim(config_skip(line, 7));
        ptrdiff_t eq = find_chr(line, '=');
        if (eq == 0) {
            config_malformed(f, line, "a line begins with '='");
            continue;
        }
        struct hn_bytes key, rest = line;
        if (eq > 0) {
            key = config_trim(hn_bytes_of(line.p, (size_t)eq));
            config_set(f, key, config_unquote(without_comment(config_trim(config_skip(line, (size_t)eq + 1)))), l.line);
        } else if (config_word(&rest, &key)) {
            config_set(f, key, config_unquote(without_comment(config_trim(rest))), l.line);
        }
    }
}

/* "section.key" for config_set; longer ones than the buffer are cut and so match nothing. */
static struct hn_bytes joined(char *out, size_t max, struct hn_bytes section, struct hn_bytes key)
{
    size_t n = 0;
    if (section.n > 0 && section.n < max / 2) {
        memcpy(out, section.p, section.n);
        n = section.n;
        out[n++] = '.';
    }
    size_t k = key.n < max - n ? key.n : max - n;
    if (k > 0)
        memcpy(out + n, key.p, k);
    return hn_bytes_of(out, n + k);
}

void config_read_ini(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, section = {NULL, 0};
    char name[256];
    while (config_line(&l, "#;", &line)) {
        if (line.p[0] == '[') {
            ptrdiff_t end = find_chr(line, ']');
            if (end < 0) {
                config_malformed(f, line, "section name without ']'");
                continue;
            }
            section = config_trim(hn_bytes_of(line.p + 1, (size_t)end - 1));
            continue;
        }
        ptrdiff_t eq = find_chr(line, '=');
        if (eq == 0) {
            config_malformed(f, line, "a line begins with '='");
            continue;
        }
        struct hn_bytes key = eq < 0 ? line : config_trim(hn_bytes_of(line.p, (size_t)eq));
        struct hn_bytes value = eq < 0 ? hn_bytes_of(line.p, 0) : config_skip(line, (size_t)eq + 1);
        config_set(f, joined(name, sizeof name, section, key), config_unquote(without_comment(config_trim(value))),
                   l.line);
    }
}

void config_read_nginx(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line, key;
    while (config_line(&l, "#", &line)) {
        line = without_comment(line);
        /* Several directives may share a line: "server { listen 80; server_tokens on; }". */
        while (line.n > 0) {
            size_t i = 0;
            while (i < line.n && line.p[i] != ';' && line.p[i] != '{' && line.p[i] != '}')
                i++;
            struct hn_bytes one = config_trim(hn_bytes_of(line.p, i));
            if (config_word(&one, &key) && i < line.n && line.p[i] == ';')
                config_set(f, key, config_unquote(one), l.line);
            line = config_trim(config_skip(line, i + 1));
        }
    }
}
