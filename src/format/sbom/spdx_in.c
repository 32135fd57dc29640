#include "format/sbom/spdx_in.h"

#include "base/str.h"

void spdx_in_init(struct spdx_in *in, struct hn_bom *b, struct hn_bytes text)
{
    if (text.n >= 3 && !memcmp(text.p, "\xEF\xBB\xBF", 3)) { /* byte order mark */
        text.p += 3;
        text.n -= 3;
    }
    *in = (struct spdx_in){.b = b, .index = SIZE_MAX};
    hn_jr_init(&in->r, text, 0, 0);
}

static bool between(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':';
}

enum hn_jtok spdx_next(struct spdx_in *in)
{
    in->at = in->r.off;
    while (in->at < in->r.len && between(in->r.base[in->at]))
        in->at++;
    return hn_jr_next(&in->r);
}

bool spdx_skip(struct spdx_in *in, enum hn_jtok t)
{
    unsigned depth = 0;
    size_t at = in->at;

    for (;; t = spdx_next(in)) {
        if (t == HN_J_OBJ || t == HN_J_ARR)
            depth++;
        else if (t == HN_J_OBJ_END || t == HN_J_ARR_END)
            depth--;
        else if (t == HN_J_ERR || t == HN_J_END)
            return false;
        if (!depth)
            break;
    }
    in->at = at;
    return true;
}

struct hn_str spdx_raw(struct spdx_in *in, enum hn_jtok t)
{
    size_t at = in->at;

    if (!spdx_skip(in, t))
        return (struct hn_str){NULL, 0};
    return (struct hn_str){(const char *)in->r.base + at, in->r.off - at};
}

static void wrong_kind(struct spdx_in *in, enum hn_jtok t, const char *wanted)
{
    if (t != HN_J_ERR)
        spdx_note(in, HN_BOM_NOTE_ERROR, "wrong-type", in->member, hn_str_c(wanted));
    spdx_skip(in, t);
}

struct hn_str spdx_str(struct spdx_in *in, enum hn_jtok t)
{
    if (t == HN_J_STR) {
        struct hn_str s = hn_jr_text(&in->r, in->b->arena);
        return s.p ? s : HN_STR("");
    }
    if (t != HN_J_NULL)
        wrong_kind(in, t, "string");
    return (struct hn_str){NULL, 0};
}

bool spdx_bool(struct spdx_in *in, enum hn_jtok t, bool dflt)
{
    if (t == HN_J_TRUE || t == HN_J_FALSE)
        return t == HN_J_TRUE;
    wrong_kind(in, t, "boolean");
    return dflt;
}

void spdx_each(struct spdx_in *in, enum hn_jtok t, void (*item)(struct spdx_in *in, enum hn_jtok t, void *arg),
               void *arg)
{
    if (t == HN_J_NULL)
        return;
    if (t != HN_J_ARR) {
        if (t != HN_J_ERR) {
            spdx_note(in, HN_BOM_NOTE_ERROR, "wrong-type", in->member, HN_STR("array"));
            item(in, t, arg);
        }
        return;
    }
    while ((t = spdx_next(in)) != HN_J_ARR_END) {
        if (t == HN_J_ERR || in->b->arena->failed)
            return;
        item(in, t, arg);
    }
}

/* "externalIdetifier" is real: say what was probably meant. */
static void unknown_member(struct spdx_in *in, struct hn_str key, const struct spdx_field *fields, size_t n)
{
    const char *names[64];
    const char *near = NULL;

    if (in->b->notes.n < in->b->notes.most) {
        for (size_t i = 0; i < n && i < 64; i++)
            names[i] = fields[i].name;
        near = hn_str_nearest(key, names, n < 64 ? n : 64);
    }
    spdx_note(in, HN_BOM_NOTE_WARNING, near ? "unknown-member-near" : "unknown-member", key,
              hn_str_c(near ? near : ""));
}

static void one_member(struct spdx_in *in, struct hn_str key, enum hn_jtok t, const struct spdx_field *fields, size_t n,
                       uint64_t *seen, void *obj, struct hn_bom_extra **extra)
{
    for (size_t i = 0; i < n; i++) {
        if (!hn_str_eqc(key, fields[i].name))
            continue;
        if (*seen & UINT64_C(1) << i) {
            spdx_note(in, HN_BOM_NOTE_ERROR, "duplicate-member", key, HN_STR(""));
            spdx_skip(in, t);
            return;
        }
        *seen |= UINT64_C(1) << i;
        if (fields[i].take)
            fields[i].take(in, t, obj);
        else
            spdx_keep(in, extra, key, t);
        return;
    }
    unknown_member(in, key, fields, n);
    spdx_keep(in, extra, key, t);
}

bool spdx_fields(struct spdx_in *in, enum hn_jtok t, const struct spdx_field *fields, size_t n, void *obj,
                 struct hn_bom_extra **extra)
{
    struct hn_str outer = in->member;
    uint64_t seen = 0;

    in->keep_list = NULL; /* the list may lie where another one lay before */
    if (t != HN_J_OBJ) {
        wrong_kind(in, t, "object");
        return false;
    }
    while ((t = spdx_next(in)) == HN_J_KEY) {
        struct hn_str key = hn_jr_text(&in->r, in->b->arena);
        if (in->b->arena->failed)
            return false;
        in->member = key;
        t = spdx_next(in);
        if (t == HN_J_ERR)
            return false;
        one_member(in, key, t, fields, n, &seen, obj, extra);
    }
    in->member = outer;
    in->keep_list = NULL;
    return t == HN_J_OBJ_END;
}

/* ---------------------------------------------------------------- notes */

static struct hn_str place(struct spdx_in *in)
{
    struct hn_arena *a = in->b->arena;

    if (!in->section)
        return in->member.n ? hn_arena_fmt(a, "/%.*s", HN_FMT(in->member)) : HN_STR("");
    if (in->index == SIZE_MAX)
        return hn_arena_fmt(a, "/%s", in->section);
    if (!in->member.n)
        return hn_arena_fmt(a, "/%s/%zu", in->section, in->index);
    return hn_arena_fmt(a, "/%s/%zu/%.*s", in->section, in->index, HN_FMT(in->member));
}

void spdx_line_add(struct spdx_lines *l, struct hn_arena *a, const struct hn_buf *json, uint32_t line)
{
    struct spdx_line *more = hn_arena_more(a, l->v, l->n, &l->cap, sizeof *more);
    if (!more)
        return;
    l->v = more;
    l->v[l->n++] = (struct spdx_line){json->n, line};
}

static uint32_t line_of(const struct spdx_in *in, size_t at)
{
    size_t lo = 0, hi = in->lines.n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (in->lines.v[mid].json <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? in->lines.v[lo - 1].line : 0;
}

void spdx_note(struct spdx_in *in, enum hn_bom_severity severity, const char *code, struct hn_str a, struct hn_str b)
{
    struct hn_bom_notes *notes = &in->b->notes;
    struct hn_bom_note *last = notes->last;

    hn_bom_note(in->b, severity, code, notes->n < notes->most ? place(in) : HN_STR(""), a, b);
    if (notes->last == last || !notes->last)
        return;
    if (in->lines.n)
        notes->last->line = line_of(in, in->at);
    else
        notes->last->offset = in->at;
}

struct hn_err spdx_broken(struct spdx_in *in)
{
    struct hn_bom *b = in->b;

    b->broken = true;
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    in->at = in->r.at;
    spdx_note(in, HN_BOM_NOTE_FATAL, "json", hn_str_c(in->r.why ? in->r.why : "not an object"), HN_STR(""));
    return (struct hn_err){HN_E_INVALID};
}

/* ---------------------------------------------------------------- small values */

/* Lists are added to at their end, which is remembered: a hostile one may be long. */
struct tail {
    struct hn_bom_text **text;
    struct hn_bom_prop **prop;
    const char *name;
};

static void text_item(struct spdx_in *in, enum hn_jtok t, void *arg)
{
    struct tail *tail = arg;
    struct hn_str s = spdx_str(in, t);
    if (s.p && hn_bom_text_add(in->b, tail->text, s))
        tail->text = &(*tail->text)->next;
}

static void prop_item(struct spdx_in *in, enum hn_jtok t, void *arg)
{
    struct tail *tail = arg;
    struct hn_str s = spdx_str(in, t);
    if (s.p && hn_bom_prop_add(in->b, tail->prop, hn_str_c(tail->name), s))
        tail->prop = &(*tail->prop)->next;
}

void spdx_texts(struct spdx_in *in, enum hn_jtok t, struct hn_bom_text **list)
{
    struct tail tail = {.text = list};
    while (*tail.text)
        tail.text = &(*tail.text)->next;
    spdx_each(in, t, text_item, &tail);
}

void spdx_text_props(struct spdx_in *in, enum hn_jtok t, struct hn_bom_prop **list, const char *name)
{
    struct tail tail = {.prop = list, .name = name};
    while (*tail.prop)
        tail.prop = &(*tail.prop)->next;
    spdx_each(in, t, prop_item, &tail);
}

static void keep(struct spdx_in *in, struct hn_bom_extra **list, struct hn_str key, struct hn_str value)
{
    if (in->keep_list != list) {
        in->keep_list = in->keep_tail = list;
        while (*in->keep_tail)
            in->keep_tail = &(*in->keep_tail)->next;
    }
    if (hn_bom_extra_add(in->b, in->keep_tail, key, value))
        in->keep_tail = &(*in->keep_tail)->next;
}

void spdx_keep(struct spdx_in *in, struct hn_bom_extra **list, struct hn_str key, enum hn_jtok t)
{
    struct hn_str raw = spdx_raw(in, t);
    if (raw.p)
        keep(in, list, key, raw);
}

void spdx_keep_text(struct spdx_in *in, struct hn_bom_extra **list, const char *key, struct hn_str text)
{
    struct hn_buf buf;
    struct hn_jw w;

    hn_buf_init(&buf, 6 * text.n + 16);
    hn_jw_init(&w, &buf);
    hn_jw_str(&w, text);
    if (!buf.bad)
        keep(in, list, hn_str_c(key), hn_arena_str(in->b->arena, hn_buf_text(&buf)));
    hn_buf_done(&buf);
}

enum spdx_agent spdx_agent_of(struct hn_str text, struct hn_str *ret_name, struct hn_str *ret_mail)
{
    static const struct {
        const char *word;
        enum spdx_agent agent;
    } words[] = {
        {"Person:", SPDX_AGENT_PERSON}, {"Organization:", SPDX_AGENT_ORGANIZATION}, {"Tool:", SPDX_AGENT_TOOL}};

    *ret_mail = (struct hn_str){NULL, 0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!hn_str_starts(text, words[i].word))
            continue;
        struct hn_str rest = hn_str_trim(hn_str_cut(text, strlen(words[i].word), text.n));
        size_t open = rest.n;
        while (open && rest.p[open - 1] != '(')
            open--;
        if (words[i].agent != SPDX_AGENT_TOOL && open && hn_str_ends(rest, ")")) {
            *ret_mail = hn_str_trim(hn_str_cut(rest, open, rest.n - 1));
            rest = hn_str_trim(hn_str_cut(rest, 0, open - 1));
        }
        *ret_name = rest;
        return words[i].agent;
    }
    *ret_name = text;
    return SPDX_AGENT_NONE;
}

const struct spdx_relation *spdx_relation_of(struct hn_str word)
{
    static const struct spdx_relation words[] = {
        {"DEPENDS_ON", HN_BOM_REL_DEPENDS_ON, false},
        {"CONTAINS", HN_BOM_REL_CONTAINS, false},
        {"DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"DESCRIBES", HN_BOM_REL_DESCRIBES, false},
        {"DESCRIBED_BY", HN_BOM_REL_DESCRIBES, true},
        {"CONTAINED_BY", HN_BOM_REL_CONTAINS, true},
        {"RUNTIME_DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"BUILD_DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"DEV_DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"TEST_DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"OPTIONAL_DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"PROVIDED_DEPENDENCY_OF", HN_BOM_REL_DEPENDS_ON, true},
        {"HAS_PREREQUISITE", HN_BOM_REL_DEPENDS_ON, false},
        {"PREREQUISITE_FOR", HN_BOM_REL_DEPENDS_ON, true},
        {"GENERATED_FROM", HN_BOM_REL_GENERATED_FROM, false},
        {"GENERATES", HN_BOM_REL_GENERATED_FROM, true},
        {"VARIANT_OF", HN_BOM_REL_VARIANT_OF, false},
        {"ANCESTOR_OF", HN_BOM_REL_ANCESTOR_OF, false},
        {"DESCENDANT_OF", HN_BOM_REL_ANCESTOR_OF, true},
        {"PATCH_FOR", HN_BOM_REL_PATCH_FOR, false},
        {"COPY_OF", HN_BOM_REL_COPY_OF, false},
        {"PACKAGE_OF", HN_BOM_REL_PACKAGE_OF, false},
        {"DOCUMENTATION_OF", HN_BOM_REL_DOCUMENTATION_OF, false},
        {"TEST_OF", HN_BOM_REL_TEST_OF, false},
        {"BUILD_TOOL_OF", HN_BOM_REL_BUILD_TOOL_OF, false},
        {"STATIC_LINK", HN_BOM_REL_STATIC_LINK, false},
        {"DYNAMIC_LINK", HN_BOM_REL_DYNAMIC_LINK, false},
        {"OTHER", HN_BOM_REL_OTHER, false},
        {"AMENDS", HN_BOM_REL_OTHER, false},
        {"DATA_FILE_OF", HN_BOM_REL_OTHER, false},
        {"DEPENDENCY_MANIFEST_OF", HN_BOM_REL_OTHER, false},
        {"DEV_TOOL_OF", HN_BOM_REL_OTHER, false},
        {"DISTRIBUTION_ARTIFACT", HN_BOM_REL_OTHER, false},
        {"EXAMPLE_OF", HN_BOM_REL_OTHER, false},
        {"EXPANDED_FROM_ARCHIVE", HN_BOM_REL_OTHER, false},
        {"FILE_ADDED", HN_BOM_REL_OTHER, false},
        {"FILE_DELETED", HN_BOM_REL_OTHER, false},
        {"FILE_MODIFIED", HN_BOM_REL_OTHER, false},
        {"METAFILE_OF", HN_BOM_REL_OTHER, false},
        {"OPTIONAL_COMPONENT_OF", HN_BOM_REL_OTHER, false},
        {"PATCH_APPLIED", HN_BOM_REL_OTHER, false},
        {"REQUIREMENT_DESCRIPTION_FOR", HN_BOM_REL_OTHER, false},
        {"SPECIFICATION_FOR", HN_BOM_REL_OTHER, false},
        {"TEST_CASE_OF", HN_BOM_REL_OTHER, false},
        {"TEST_TOOL_OF", HN_BOM_REL_OTHER, false},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (hn_str_eqc(word, words[i].word))
            return &words[i];
    return NULL;
}

void spdx_make_subject(struct hn_bom *b, struct hn_bom_component *c)
{
    struct hn_bom_component *before = c->number ? b->components[c->number - 1] : NULL;

    memmove(b->components + c->number, b->components + c->number + 1,
            (b->n_components - c->number - 1) * sizeof(struct hn_bom_component *));
    b->n_components--;
    for (size_t i = c->number; i < b->n_components; i++)
        b->components[i]->number = (uint32_t)i;
    if (before) /* all are on the top level as yet */
        before->next = c->next;
    else
        b->first_component = c->next;
    if (b->last_component == c)
        b->last_component = before;
    c->next = NULL;
    c->number = UINT32_MAX;
    c->role = HN_BOM_ROLE_SUBJECT;
    b->subject = c;
}
