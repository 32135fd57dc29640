/* apt: package sources in both styles (sources.list(5)) and apt.conf(5). */
#include "modules/config/config.h"

/* ---- package sources ---- */

struct entry {
    struct hn_bytes type, uri, suite, components, signed_by;
    bool enabled, trusted, check_valid_off;
    unsigned line;
};

/* "https" of "https://…"; apt also has "cdrom:[…]" and "copy:/…". */
static struct hn_bytes scheme_of(struct hn_bytes uri)
{
    size_t i = 0;
    while (i < uri.n && uri.p[i] != ':')
        i++;
    return hn_bytes_of(uri.p, i < uri.n ? i : 0);
}

/* The URI without "user:password@". */
static struct hn_str uri_text(struct config_file *f, struct hn_bytes uri)
{
    size_t from = 0, end = uri.n;
    for (size_t i = 0; i + 3 <= uri.n; i++)
        if (memcmp(uri.p + i, "://", 3) == 0) {
            from = i + 3;
            break;
        }
    for (size_t i = from; from > 0 && i < uri.n; i++)
        if (uri.p[i] == '/') {
            end = i;
            break;
        }
    for (size_t i = end; from > 0 && i > from; i--)
        if (uri.p[i - 1] == '@') {
            struct hn_str head = config_text(f, hn_bytes_of(uri.p, from));
            struct hn_str tail = config_text(f, config_skip(uri, i));
            return hn_arena_fmt(hn_parse_arena(f->p), "%.*s%.*s", HN_FMT(head), HN_FMT(tail));
        }
    return config_text(f, uri);
}

static size_t words_list(struct config_file *f, struct hn_bytes b, struct hn_str **ret, size_t max)
{
    struct hn_str *items = hn_arena_alloc(hn_parse_scratch(f->p), max * sizeof *items);
    struct hn_bytes w;
    size_t n = 0;
    while (items && n < max && config_word(&b, &w))
        items[n++] = config_text(f, w);
    *ret = items;
    return n;
}

static void emit_source(struct config_file *f, const struct entry *e)
{
    if (!config_room(f->p, f->path))
        return;
    struct hn_str path = config_text(f, f->path), type = config_text(f, e->type);
    struct hn_str uri = uri_text(f, e->uri), suite = config_text(f, e->suite);
    struct hn_str *comps;
    size_t n = words_list(f, e->components, &comps, 32);
    bool security = hn_str_ends(suite, "-security") || hn_str_find(suite, HN_STR("/updates")) >= 0 ||
                    hn_str_find(uri, HN_STR("security.")) >= 0 || hn_str_find(uri, HN_STR("debian-security")) >= 0;
    hn_obs_begin(f->p, "apt_source",
                 hn_arena_fmt(hn_parse_arena(f->p), "%.*s:%u:%.*s %.*s %.*s", HN_FMT(path), e->line, HN_FMT(type),
                              HN_FMT(uri), HN_FMT(suite)));
    hn_obs_str(f->p, "path", path);
    hn_obs_int(f->p, "line", e->line);
    hn_obs_bool(f->p, "enabled", e->enabled);
    hn_obs_str(f->p, "type", type);
    hn_obs_str(f->p, "uri", uri);
    hn_obs_str(f->p, "scheme", config_text(f, scheme_of(e->uri)));
    hn_obs_str(f->p, "suite", suite);
    hn_obs_list(f->p, "components", comps, n);
    hn_obs_str(f->p, "signed_by", config_text(f, e->signed_by));
    hn_obs_bool(f->p, "trusted", e->trusted);
    hn_obs_bool(f->p, "expiry_ignored", e->check_valid_off);
    hn_obs_bool(f->p, "security", security);
    hn_obs_end(f->p);
}

static bool yes(struct hn_bytes v)
{
    struct hn_str s;
    return hn_str_from_utf8(v, &s) && (hn_str_eqc(s, "yes") || hn_str_eqc(s, "Yes") || hn_str_eqc(s, "true") ||
                                       hn_str_eqc(s, "1") || hn_str_eqc(s, "on"));
}

/* "arch=amd64 signed-by=/usr/share/keyrings/x.gpg trusted=yes" */
static void list_options(struct entry *e, struct hn_bytes options)
{
    struct hn_bytes w;
    while (config_word(&options, &w)) {
        if (config_starts(w, "signed-by="))
            e->signed_by = config_skip(w, 10);
        else if (config_starts(w, "trusted="))
            e->trusted = yes(config_skip(w, 8));
        else if (config_starts(w, "check-valid-until="))
            e->check_valid_off = !yes(config_skip(w, 18));
    }
}

void config_read_apt_list(struct config_file *f)
{
    struct config_lines l = {f->text, 0};
    struct hn_bytes line;
    while (config_line(&l, "#", &line)) {
        for (size_t i = 0; i < line.n; i++) /* a comment may follow an entry */
            if (line.p[i] == '#')
                line.n = i;
        struct entry e = {.enabled = true, .line = l.line};
        if (!config_word(&line, &e.type))
            continue;
        if (!hn_bytes_eqc(e.type, "deb") && !hn_bytes_eqc(e.type, "deb-src")) {
            config_malformed(f, e.type, "not a package source line");
            continue;
        }
        line = config_trim(line);
        if (line.n > 0 && line.p[0] == '[') {
            const uint8_t *end = memchr(line.p, ']', line.n);
            if (!end) {
                config_malformed(f, line, "options without ']'");
                continue;
            }
            list_options(&e, hn_bytes_of(line.p + 1, (size_t)(end - line.p) - 1));
            line = config_skip(line, (size_t)(end - line.p) + 1);
        }
        if (!config_word(&line, &e.uri) || !config_word(&line, &e.suite)) {
            config_malformed(f, e.type, "package source without address or suite");
            continue;
        }
        e.components = line;
        emit_source(f, &e);
    }
}

struct stanza {
    struct entry e;
    struct hn_bytes types, uris, suites;
    unsigned fields;
};

static void emit_stanza(struct config_file *f, struct stanza *s)
{
    struct hn_bytes types = s->types, type;
    if (s->fields > 0 && (s->types.n == 0 || s->uris.n == 0 || s->suites.n == 0))
        config_malformed(f, f->text, "package source without Types, URIs or Suites");
    while (config_word(&types, &type)) {
        struct hn_bytes uris = s->uris, uri;
        while (config_word(&uris, &uri)) {
            struct hn_bytes suites = s->suites, suite;
            while (config_word(&suites, &suite)) {
                struct entry e = s->e;
                e.type = type;
                e.uri = uri;
                e.suite = suite;
                emit_source(f, &e);
            }
        }
    }
    *s = (struct stanza){.e = {.enabled = true}};
}

static void stanza_field(struct stanza *s, struct hn_bytes name, struct hn_bytes value, unsigned line)
{
    struct hn_str n;
    if (!hn_str_from_utf8(name, &n))
        return;
    if (s->fields++ == 0)
        s->e.line = line;
    if (hn_str_eqc(n, "Types"))
        s->types = value;
    else if (hn_str_eqc(n, "URIs"))
        s->uris = value;
    else if (hn_str_eqc(n, "Suites"))
        s->suites = value;
    else if (hn_str_eqc(n, "Components"))
        s->e.components = value;
    else if (hn_str_eqc(n, "Enabled"))
        s->e.enabled = yes(value);
    else if (hn_str_eqc(n, "Trusted"))
        s->e.trusted = yes(value);
    else if (hn_str_eqc(n, "Check-Valid-Until"))
        s->e.check_valid_off = !yes(value);
    else if (hn_str_eqc(n, "Signed-By"))
        s->e.signed_by = value.n == 0 || config_starts(value, "-----BEGIN") ? hn_bytes_of("embedded key", 12) : value;
}

/* The value with the lines that continue it: they begin with a blank. Comments between them end it. */
static struct hn_bytes continued(struct hn_bytes value, struct hn_bytes *rest, unsigned *no)
{
    struct hn_bytes line, after = *rest;
    while (after.n > 0 && (after.p[0] == ' ' || after.p[0] == '\t') && hn_bytes_line(&after, &line)) {
        if (config_trim(line).n == 0)
            break;
        value = hn_bytes_of(value.p, (size_t)(line.p + line.n - value.p));
        *rest = after;
        (*no)++;
    }
    return config_trim(value);
}

/* Stanzas of "Field: value", deb822(5). */
void config_read_apt_deb822(struct config_file *f)
{
    struct stanza s = {.e = {.enabled = true}};
    struct hn_bytes rest = f->text, line;
    unsigned no = 0;
    while (hn_bytes_line(&rest, &line)) {
        unsigned at_line = ++no;
        if (config_trim(line).n == 0) {
            emit_stanza(f, &s);
            continue;
        }
        if (line.p[0] == '#')
            continue;
        const uint8_t *colon = memchr(line.p, ':', line.n);
        if (!colon || line.p[0] == ' ' || line.p[0] == '\t') {
            config_malformed(f, line, "not a field");
            continue;
        }
        size_t at = (size_t)(colon - line.p);
        struct hn_bytes value = hn_bytes_of(colon + 1, line.n - at - 1);
        stanza_field(&s, hn_bytes_of(line.p, at), continued(value, &rest, &no), at_line);
    }
    emit_stanza(f, &s);
}

/* ---- apt.conf ---- */

#define SCOPE_DEPTH 8
#define SCOPE_MAX   256

struct conf {
    struct config_file *f;
    size_t at;
    unsigned line;
    char scope[SCOPE_MAX];
    size_t ends[SCOPE_DEPTH]; /* length of scope before each '{' */
    unsigned depth;
};

static void skip_comment(struct conf *c)
{
    struct hn_bytes t = c->f->text;
    bool block = c->at + 1 < t.n && t.p[c->at] == '/' && t.p[c->at + 1] == '*';
    while (c->at < t.n) {
        if (t.p[c->at] == '\n') {
            c->line++;
            if (!block)
                return;
        }
        if (block && c->at + 1 < t.n && t.p[c->at] == '*' && t.p[c->at + 1] == '/') {
            c->at += 2;
            return;
        }
        c->at++;
    }
}

static bool at_comment(const struct conf *c)
{
    struct hn_bytes t = c->f->text;
    uint8_t ch = t.p[c->at], next = c->at + 1 < t.n ? t.p[c->at + 1] : 0;
    return ch == '#' || (ch == '/' && (next == '/' || next == '*'));
}

/* A word or a quoted text; stops before { } ; and blanks. */
static struct hn_bytes token(struct conf *c)
{
    struct hn_bytes t = c->f->text;
    size_t from = c->at;
    if (t.p[c->at] == '"') {
        for (c->at++; c->at < t.n && t.p[c->at] != '"'; c->at++)
            if (t.p[c->at] == '\n')
                c->line++;
        struct hn_bytes r = hn_bytes_of(t.p + from + 1, c->at - from - 1);
        if (c->at < t.n)
            c->at++;
        return r;
    }
    while (c->at < t.n && !strchr(" \t\r\n{};\"", t.p[c->at] ? t.p[c->at] : 'x'))
        c->at++;
    return hn_bytes_of(t.p + from, c->at - from);
}

static size_t scope_add(char *scope, size_t n, struct hn_bytes name)
{
    if (n > 0 && n + 2 < SCOPE_MAX) {
        scope[n++] = ':';
        scope[n++] = ':';
    }
    size_t k = name.n < SCOPE_MAX - n ? name.n : SCOPE_MAX - n;
    if (k > 0)
        memcpy(scope + n, name.p, k);
    return n + k;
}

static void conf_set(struct conf *c, struct hn_bytes name, struct hn_bytes value)
{
    char key[SCOPE_MAX];
    size_t n = c->depth ? c->ends[c->depth - 1] : 0;
    memcpy(key, c->scope, n);
    config_set(c->f, hn_bytes_of(key, scope_add(key, n, name)), value, c->line);
}

static bool conf_open(struct conf *c, struct hn_bytes name)
{
    if (c->depth == SCOPE_DEPTH) {
        config_malformed(c->f, c->f->text, "nested too deep");
        config_incomplete(c->f);
        return false;
    }
    size_t n = c->depth ? c->ends[c->depth - 1] : 0;
    c->ends[c->depth++] = scope_add(c->scope, n, name);
    return true;
}

/* `A::B "v";`, `A { B "v"; };`, `A { "item"; };` */
void config_read_apt_conf(struct config_file *f)
{
    struct conf c = {.f = f, .line = 1};
    struct hn_bytes name = {NULL, 0}, value = {NULL, 0};
    unsigned words = 0;
    while (c.at < f->text.n) {
        uint8_t ch = f->text.p[c.at];
        if (at_comment(&c)) {
            skip_comment(&c);
        } else if (ch == ';' || ch == '{' || ch == '}') {
            if (ch == ';' && words > 0)
                conf_set(&c, words > 1 ? name : hn_bytes_of("", 0), words > 1 ? value : name);
            if (ch == '{' && !conf_open(&c, name))
                return;
            if (ch == '}' && c.depth > 0)
                c.depth--;
            words = 0;
            name = value = hn_bytes_of(NULL, 0);
            c.at++;
        } else if (ch <= ' ') {
            c.line += ch == '\n';
            c.at++;
        } else {
            struct hn_bytes t = token(&c);
            if (words++ == 0)
                name = t;
            else
                value = t;
        }
    }
    if (c.depth > 0)
        config_malformed(f, f->text, "'{' without '}'");
}
