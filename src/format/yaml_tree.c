#include "format/yaml_tree.h"

#include <yaml.h>

#include "base/mem.h"
#include "base/str.h"

struct builder {
    struct hn_arena *a;
    yaml_parser_t parser;
    unsigned nodes;
    struct hn_diag *reterr;
};

static unsigned line_of(const yaml_event_t *e)
{
    return (unsigned)e->start_mark.line + 1;
}

static struct hn_err next_event(struct builder *b, yaml_event_t *e)
{
    if (yaml_parser_parse(&b->parser, e))
        return HN_OK;
    if (b->parser.error == YAML_MEMORY_ERROR)
        return hn_fail(b->reterr, HN_E_NOMEM, "YAML");
    return hn_fail(b->reterr, HN_E_INVALID, "line %zu: %s", b->parser.problem_mark.line + 1,
                   b->parser.problem ? b->parser.problem : "not YAML");
}

static struct hn_err new_node(struct builder *b, const yaml_event_t *e, enum hn_yaml_kind kind, struct hn_yaml **ret)
{
    if (++b->nodes > HN_YAML_NODES)
        return hn_fail(b->reterr, HN_E_LIMIT, "line %u: too many values", line_of(e));
    struct hn_yaml *n = HN_NEW(b->a, struct hn_yaml);
    if (!n)
        return hn_fail(b->reterr, HN_E_NOMEM, "YAML");
    n->kind = kind;
    n->line = line_of(e);
    *ret = n;
    return HN_OK;
}

static struct hn_err scalar(struct builder *b, const yaml_event_t *e, struct hn_str *ret)
{
    struct hn_str s;
    if (!hn_str_from_utf8(hn_bytes_of(e->data.scalar.value, e->data.scalar.length), &s))
        return hn_fail(b->reterr, HN_E_INVALID, "line %u: a NUL in a text", line_of(e));
    *ret = hn_arena_str(b->a, s);
    return b->a->failed ? hn_fail(b->reterr, HN_E_NOMEM, "YAML") : HN_OK;
}

static struct hn_err build(struct builder *b, yaml_event_t *e, unsigned depth, struct hn_yaml **ret);

static struct hn_err build_seq(struct builder *b, unsigned depth, struct hn_yaml *seq)
{
    struct hn_yaml **end = &seq->first;
    for (;;) {
        yaml_event_t e;
        HN_TRY(next_event(b, &e));
        if (e.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&e);
            return HN_OK;
        }
        struct hn_yaml *value = NULL;
        struct hn_err err = build(b, &e, depth + 1, &value);
        yaml_event_delete(&e);
        if (!hn_ok(err) || !value)
            return err;
        *end = value;
        end = &value->next;
        seq->n++;
    }
}

static struct hn_err map_key(struct builder *b, const yaml_event_t *e, const struct hn_yaml *map, struct hn_str *ret)
{
    if (e->type != YAML_SCALAR_EVENT || e->data.scalar.anchor || e->data.scalar.tag)
        return hn_fail(b->reterr, HN_E_INVALID, "line %u: a key must be a plain text", line_of(e));
    HN_TRY(scalar(b, e, ret));
    for (const struct hn_yaml *m = map->first; m; m = m->next)
        if (hn_str_eq(m->key, *ret))
            return hn_fail(b->reterr, HN_E_INVALID, "line %u: \"%.*s\" is given twice (first in line %u)", line_of(e),
                           HN_FMT(*ret), m->line);
    return HN_OK;
}

static struct hn_err build_map(struct builder *b, unsigned depth, struct hn_yaml *map)
{
    struct hn_yaml **end = &map->first;
    for (;;) {
        yaml_event_t e;
        struct hn_str key = {0};
        HN_TRY(next_event(b, &e));
        bool over = e.type == YAML_MAPPING_END_EVENT;
        struct hn_err err = over ? HN_OK : map_key(b, &e, map, &key);
        yaml_event_delete(&e);
        if (over || !hn_ok(err))
            return err;
        HN_TRY(next_event(b, &e));
        struct hn_yaml *value = NULL;
        err = build(b, &e, depth + 1, &value);
        yaml_event_delete(&e);
        if (!hn_ok(err) || !value)
            return err;
        value->key = key;
        *end = value;
        end = &value->next;
        map->n++;
    }
}

static struct hn_err build(struct builder *b, yaml_event_t *e, unsigned depth, struct hn_yaml **ret)
{
    if (depth > HN_YAML_DEPTH)
        return hn_fail(b->reterr, HN_E_LIMIT, "line %u: nested too deeply", line_of(e));
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        if (e->data.scalar.anchor || e->data.scalar.tag)
            break;
        HN_TRY(new_node(b, e, HN_YAML_SCALAR, ret));
        (*ret)->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return scalar(b, e, &(*ret)->s);
    case YAML_SEQUENCE_START_EVENT:
        if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
            break;
        HN_TRY(new_node(b, e, HN_YAML_SEQ, ret));
        return build_seq(b, depth, *ret);
    case YAML_MAPPING_START_EVENT:
        if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
            break;
        HN_TRY(new_node(b, e, HN_YAML_MAP, ret));
        return build_map(b, depth, *ret);
    case YAML_ALIAS_EVENT:
        break;
    default:
        return hn_fail(b->reterr, HN_E_INVALID, "line %u: a value is expected", line_of(e));
    }
    return hn_fail(b->reterr, HN_E_INVALID, "line %u: anchors, aliases and tags are not used here", line_of(e));
}

/* Stream start, document start, one value, document end, stream end: nothing before or after. */
static struct hn_err document(struct builder *b, struct hn_yaml **ret)
{
    static const yaml_event_type_t frame[] = {YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT, YAML_NO_EVENT,
                                              YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT};
    for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
        yaml_event_t e;
        struct hn_err err = HN_OK;
        HN_TRY(next_event(b, &e));
        if (frame[i] == YAML_NO_EVENT)
            err = build(b, &e, 0, ret);
        else if (e.type != frame[i])
            err = hn_fail(b->reterr, HN_E_INVALID, "line %u: one document is expected", line_of(&e));
        yaml_event_delete(&e);
        HN_TRY(err);
    }
    return HN_OK;
}

struct hn_err hn_yaml_parse(struct hn_arena *a, struct hn_bytes text, struct hn_yaml **ret, struct hn_diag *reterr)
{
    struct builder b = {.a = a, .reterr = reterr};
    if (!yaml_parser_initialize(&b.parser))
        return hn_fail(reterr, HN_E_NOMEM, "YAML");
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, text.p ? text.p : (const uint8_t *)"", text.n);
    struct hn_err e = document(&b, ret);
    yaml_parser_delete(&b.parser);
    return e;
}

struct hn_yaml *hn_yaml_get(struct hn_yaml *map, const char *key)
{
    if (!map || map->kind != HN_YAML_MAP)
        return NULL;
    for (struct hn_yaml *m = map->first; m; m = m->next)
        if (hn_str_eqc(m->key, key)) {
            m->used = true;
            return m;
        }
    return NULL;
}
