/* SPDX 2 in YAML: the members of the JSON form. It is turned into JSON and read by its reader; the other way about to
 * write. One document, without anchors, aliases, tags and merge keys (no tool writes them, and they make much out of
 * little). What looks like a number stays the text that it is: versions are written without quotes. */
#include <yaml.h>

#include "base/json.h"
#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/sbom/spdx_in.h"

#define DEPTH_MOST 64

/* ---------------------------------------------------------------- reading */

struct reading {
    struct hn_bom *b;
    yaml_parser_t parser;
    struct hn_jw w;
    bool map[DEPTH_MOST], key[DEPTH_MOST]; /* the container at this depth is a mapping; its next scalar is a key */
    unsigned depth;
    struct spdx_lines lines;
    const char *why; /* it ends here */
    uint32_t line;
};

static bool one_of(struct hn_str s, const char *const *words)
{
    for (; *words; words++)
        if (hn_str_eqc(s, *words))
            return true;
    return false;
}

static bool number(struct hn_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n && s.n < 10 && (s.n == 1 || s.p[0] != '0');
}

/* counted: the member is a number in JSON. */
static void value(struct reading *r, struct hn_str s, bool plain, bool counted)
{
    static const char *const yes[] = {"true", "True", "TRUE", NULL}, *const no[] = {"false", "False", "FALSE", NULL},
                             *const none[] = {"null", "Null", "NULL", "~", "", NULL};
    if (plain && one_of(s, none))
        hn_jw_null(&r->w);
    else if (plain && (one_of(s, yes) || one_of(s, no)))
        hn_jw_bool(&r->w, one_of(s, yes));
    else if (plain && counted && number(s))
        hn_jw_raw(&r->w, s);
    else
        hn_jw_str(&r->w, s);
}

static void scalar(struct reading *r, const yaml_event_t *e, bool *counted)
{
    struct hn_str s = hn_arena_str(
        r->b->arena,
        hn_str_from_hostile(r->b->arena, hn_bytes_of(e->data.scalar.value, e->data.scalar.length), SIZE_MAX));
    if (r->depth && r->map[r->depth - 1] && r->key[r->depth - 1]) {
        hn_jw_key_str(&r->w, s);
        *counted = hn_str_eqc(s, "offset") || hn_str_eqc(s, "lineNumber");
        r->key[r->depth - 1] = false;
        return;
    }
    value(r, s, e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, *counted);
    if (r->depth)
        r->key[r->depth - 1] = true;
}

static void begin(struct reading *r, bool map)
{
    if (r->depth == DEPTH_MOST || (r->depth && r->map[r->depth - 1] && r->key[r->depth - 1])) {
        r->why = r->depth == DEPTH_MOST ? "nested too deeply" : "a key must be a text";
        return;
    }
    if (map)
        hn_jw_obj(&r->w);
    else
        hn_jw_arr(&r->w);
    r->map[r->depth] = r->key[r->depth] = map;
    r->depth++;
}

static void end(struct reading *r)
{
    r->depth--;
    if (r->map[r->depth] && !r->key[r->depth]) /* a key at the end of what was cut */
        hn_jw_null(&r->w);
    if (r->map[r->depth])
        hn_jw_obj_end(&r->w);
    else
        hn_jw_arr_end(&r->w);
    if (r->depth)
        r->key[r->depth - 1] = true;
}

static bool refused(const yaml_event_t *e)
{
    return e->type == YAML_ALIAS_EVENT ||
           (e->type == YAML_SCALAR_EVENT && (e->data.scalar.anchor || e->data.scalar.tag)) ||
           (e->type == YAML_SEQUENCE_START_EVENT && (e->data.sequence_start.anchor || e->data.sequence_start.tag)) ||
           (e->type == YAML_MAPPING_START_EVENT && (e->data.mapping_start.anchor || e->data.mapping_start.tag));
}

/* False when the document is over. */
static bool take(struct reading *r, const yaml_event_t *e, bool *counted)
{
    r->line = (uint32_t)e->start_mark.line + 1;
    if (refused(e)) {
        r->why = "anchors, aliases and tags are not read";
        return false;
    }
    spdx_line_add(&r->lines, r->b->arena, r->w.out, r->line);
    if (e->type == YAML_SCALAR_EVENT)
        scalar(r, e, counted);
    else if (e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT)
        begin(r, e->type == YAML_MAPPING_START_EVENT);
    else if (e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT)
        end(r);
    return e->type != YAML_DOCUMENT_END_EVENT && e->type != YAML_STREAM_END_EVENT && !r->why && !r->w.out->bad;
}

static void read_events(struct reading *r)
{
    bool counted = false;
    for (bool more = true; more && !r->b->arena->failed;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->parser, &e)) {
            r->why = r->parser.problem ? r->parser.problem : "not YAML";
            r->line = (uint32_t)r->parser.problem_mark.line + 1;
            break;
        }
        more = take(r, &e, &counted);
        yaml_event_delete(&e);
    }
    while (r->depth)
        end(r);
}

static struct hn_err read_json(struct reading *r, const struct hn_buf *json)
{
    struct hn_bytes kept = hn_arena_bytes(r->b->arena, hn_str_bytes(hn_buf_text(json)));
    if (json->bad || r->b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    struct hn_err err = spdx2_read_json(r->b, kept, &r->lines);
    if (!r->why)
        return err;
    struct hn_bom_note *n = hn_bom_note_at(r->b, HN_BOM_NOTE_FATAL, "yaml", UINT64_MAX, hn_str_c(r->why), HN_STR(""));
    if (n)
        n->line = r->line;
    r->b->broken = true;
    return err.code == HN_E_NOMEM ? err : (struct hn_err){HN_E_INVALID};
}

static struct hn_err read_yaml(struct hn_bom *b, struct hn_bytes text)
{
    struct reading r = {.b = b};
    struct hn_buf json;
    if (!yaml_parser_initialize(&r.parser))
        return (struct hn_err){HN_E_NOMEM};
    hn_buf_init(&json, SIZE_MAX / 4);
    hn_jw_init(&r.w, &json);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, text.p, text.n);
    read_events(&r);
    struct hn_err err = read_json(&r, &json); /* the reason of a break lives in the parser */
    yaml_parser_delete(&r.parser);
    hn_buf_done(&json);
    return err;
}

static unsigned sniff(struct hn_bytes text)
{
    struct hn_bytes rest = {text.p, text.n < 65536 ? text.n : 65536}, line;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str s = {(const char *)line.p, line.n};
        if (hn_str_starts(s, "\xEF\xBB\xBF"))
            s = hn_str_cut(s, 3, s.n);
        if (hn_str_starts(s, "spdxVersion:") || hn_str_starts(s, "\"spdxVersion\":") ||
            hn_str_starts(s, "'spdxVersion':"))
            return 90;
        if (s.n && (s.p[0] == '{' || s.p[0] == '<'))
            return 0;
    }
    return 0;
}

/* ---------------------------------------------------------------- writing */

static void indent(struct hn_buf *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        hn_buf_c(out, "  ");
}

static void text(struct hn_buf *out, struct hn_str s)
{
    struct hn_jw w; /* a JSON string is a YAML one */
    hn_jw_init(&w, out);
    hn_jw_str(&w, s);
}

static void node(struct hn_buf *out, const struct hn_jv *v, unsigned depth);

static void members(struct hn_buf *out, const struct hn_jv *v, unsigned depth, bool in_item)
{
    for (size_t i = 0; i < v->n; i++) {
        if (i || !in_item)
            indent(out, depth);
        if (v->kind == HN_JV_OBJ) {
            text(out, v->keys[i]);
            hn_buf_chr(out, ':');
        } else {
            hn_buf_chr(out, '-');
        }
        node(out, &v->items[i], depth + 1);
    }
}

static void node(struct hn_buf *out, const struct hn_jv *v, unsigned depth)
{
    bool many = (v->kind == HN_JV_OBJ || v->kind == HN_JV_ARR) && v->n;
    if (many) {
        bool item = out->n && out->p[out->n - 1] == '-';
        hn_buf_chr(out, item ? ' ' : '\n');
        members(out, v, depth, item);
        return;
    }
    hn_buf_chr(out, ' ');
    if (v->kind == HN_JV_STR)
        text(out, v->s);
    else if (v->kind == HN_JV_BOOL)
        hn_buf_c(out, v->b ? "true" : "false");
    else if (v->kind == HN_JV_INT)
        hn_buf_fmt(out, "%lld", (long long)v->i);
    else
        hn_buf_c(out, v->kind == HN_JV_OBJ ? "{}" : v->kind == HN_JV_ARR ? "[]" : "null");
    hn_buf_chr(out, '\n');
}

static struct hn_err write_yaml(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                                struct hn_bom_notes *loss)
{
    struct hn_buf json;
    hn_buf_init(&json, SIZE_MAX / 4);
    struct hn_err err = spdx2_write_json(b, how->version ? how->version : "2.3", &json, loss);
    const struct hn_jv *doc = hn_ok(err) ? hn_jv_parse(b->arena, hn_str_bytes(hn_buf_text(&json)), NULL) : NULL;
    if (doc)
        members(out, doc, 0, false);
    hn_buf_done(&json);
    return !hn_ok(err) ? err : doc ? hn_buf_err(out) : (struct hn_err){HN_E_NOMEM};
}

static const char *const versions[] = {"2.3", "2.2", NULL};
const struct hn_bom_format hn_bom_spdx2_yaml = {
    .family = HN_BOM_SPDX2,
    .form = HN_BOM_YAML,
    .versions = versions,
    .sniff = sniff,
    .read = read_yaml,
    .write = write_yaml,
};
