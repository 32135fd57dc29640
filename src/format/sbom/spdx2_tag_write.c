/* SPDX 2 tag-value, written from the JSON form. All files come before the first package, so that none is taken to be
 * part of one; relations say what is. */
#include "base/json.h"
#include "base/str.h"
#include "format/sbom/spdx2_tags.h"
#include "format/sbom/spdx_in.h"

struct writing {
    const struct hn_bom *b;
    struct hn_buf *out;
    struct hn_bom_notes *loss;
};

static void lost(struct writing *x, const char *what, struct hn_str value)
{
    hn_bom_note_in(x->loss, x->b->arena, HN_BOM_NOTE_WARNING, "lost", HN_STR(""), hn_str_c(what), value);
}

/* A value that would not come back from its line is put into <text>. */
static bool needs_text(struct hn_str s)
{
    return hn_str_chr(s, '\n') >= 0 || hn_str_chr(s, '\r') >= 0 || hn_str_starts(s, "<text>") ||
           hn_str_trim(s).n != s.n;
}

static void line(struct writing *x, const char *tag, struct hn_str s)
{
    hn_buf_c(x->out, tag);
    hn_buf_c(x->out, ": ");
    if (!needs_text(s)) {
        hn_buf_str(x->out, s);
    } else {
        if (hn_str_find(s, HN_STR("</text>")) >= 0) /* cannot be said in this form */
            lost(x, tag, s);
        hn_buf_c(x->out, "<text>");
        hn_buf_str(x->out, s);
        hn_buf_c(x->out, "</text>");
    }
    hn_buf_chr(x->out, '\n');
}

static void text_line(struct writing *x, const char *tag, const struct hn_jv *v)
{
    if (v->kind == HN_JV_STR)
        line(x, tag, v->s);
    else if (v->kind == HN_JV_BOOL)
        line(x, tag, v->b ? HN_STR("true") : HN_STR("false"));
    else if (v->kind != HN_JV_NULL)
        lost(x, tag, HN_STR(""));
}

static struct hn_str checksum(struct writing *x, const struct hn_jv *v)
{
    return hn_arena_fmt(x->b->arena, "%.*s: %.*s", HN_FMT(hn_jv_str(v, "algorithm")),
                        HN_FMT(hn_jv_str(v, "checksumValue")));
}

static void verification(struct writing *x, const char *tag, const struct hn_jv *v)
{
    const struct hn_jv *excluded = hn_jv_get(v, "packageVerificationCodeExcludedFiles");
    struct hn_buf text;

    hn_buf_init(&text, 1u << 24);
    hn_buf_str(&text, hn_jv_str(v, "packageVerificationCodeValue"));
    for (size_t i = 0; excluded && excluded->kind == HN_JV_ARR && i < excluded->n; i++) {
        hn_buf_c(&text, i ? ", " : " (excludes: ");
        hn_buf_str(&text, excluded->items[i].s);
    }
    if (excluded && excluded->n)
        hn_buf_c(&text, ")");
    line(x, tag, hn_buf_text(&text));
    hn_buf_done(&text);
}

static void item(struct writing *x, const struct spdx2_tag *t, const struct hn_jv *v)
{
    struct hn_arena *a = x->b->arena;

    if (t->kind == SPDX2_LIST) {
        text_line(x, t->tag, v);
    } else if (t->kind == SPDX2_CHECKSUM) {
        line(x, t->tag, checksum(x, v));
    } else if (t->kind == SPDX2_DOCREF) {
        const struct hn_jv *sum = hn_jv_get(v, "checksum");
        struct hn_str end = sum ? checksum(x, sum) : HN_STR("");
        line(x, t->tag,
             hn_arena_fmt(a, "%.*s %.*s %.*s", HN_FMT(hn_jv_str(v, "externalDocumentId")),
                          HN_FMT(hn_jv_str(v, "spdxDocument")), HN_FMT(end)));
    } else {
        line(x, t->tag,
             hn_arena_fmt(a, "%.*s %.*s %.*s", HN_FMT(hn_jv_str(v, "referenceCategory")),
                          HN_FMT(hn_jv_str(v, "referenceType")), HN_FMT(hn_jv_str(v, "referenceLocator"))));
        if (hn_jv_str(v, "comment").p)
            line(x, t[1].tag, hn_jv_str(v, "comment"));
    }
}

static struct hn_str number_of(struct writing *x, const struct hn_jv *v, const char *member)
{
    const struct hn_jv *n = hn_jv_get(v, member);
    if (!n)
        return (struct hn_str){NULL, 0};
    return n->kind == HN_JV_INT ? hn_arena_fmt(x->b->arena, "%lld", (long long)n->i) : n->s;
}

static void ranges(struct writing *x, const struct spdx2_tag *t, const struct hn_jv *object)
{
    const struct hn_jv *list = hn_jv_get(object, "ranges");

    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++) {
        struct hn_str from = number_of(x, hn_jv_get(&list->items[i], "startPointer"), t->member);
        struct hn_str to = number_of(x, hn_jv_get(&list->items[i], "endPointer"), t->member);
        if (from.p && to.p)
            line(x, t->tag, hn_arena_fmt(x->b->arena, "%.*s:%.*s", HN_FMT(from), HN_FMT(to)));
    }
}

static void one(struct writing *x, const struct spdx2_tag *t, const struct hn_jv *object, struct hn_str about)
{
    const struct hn_jv *v = *t->member ? hn_jv_get(object, t->member) : NULL;

    if (t->kind == SPDX2_RANGE)
        ranges(x, t, object);
    else if (t->kind == SPDX2_ABOUT)
        line(x, t->tag, about);
    else if (t->kind == SPDX2_TRIPLE)
        line(x, t->tag,
             hn_arena_fmt(x->b->arena, "%.*s %.*s %.*s", HN_FMT(hn_jv_str(object, "spdxElementId")),
                          HN_FMT(hn_jv_str(object, "relationshipType")),
                          HN_FMT(hn_jv_str(object, "relatedSpdxElement"))));
    else if (!v || t->kind == SPDX2_EXTREF_NOTE)
        return;
    else if (t->kind == SPDX2_VERIFICATION)
        verification(x, t->tag, v);
    else if (t->kind == SPDX2_TEXT || t->kind == SPDX2_BOOL)
        text_line(x, t->tag, v);
    else
        for (size_t i = 0; v->kind == HN_JV_ARR && i < v->n; i++)
            item(x, t, &v->items[i]);
}

/* Members that this form has no tag for. */
static bool has_tag(enum spdx2_section section, struct hn_str member)
{
    static const char *const apart[] = {"annotations", "ranges", "spdxElementId", "relationshipType",
                                        "relatedSpdxElement"};
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (hn_str_eqc(member, apart[i]))
            return true;
    for (size_t i = 0; i < spdx2_tags_n; i++)
        if (spdx2_tags[i].section == section && hn_str_eqc(member, spdx2_tags[i].member))
            return true;
    return false;
}

static void object_write(struct writing *x, enum spdx2_section section, const struct hn_jv *v, struct hn_str about)
{
    for (size_t i = 0; i < spdx2_tags_n; i++)
        if (spdx2_tags[i].section == section)
            one(x, &spdx2_tags[i], v, about);
    for (size_t i = 0; i < v->n && section != SPDX2_DOCUMENT; i++)
        if (!has_tag(section, v->keys[i]))
            lost(x, "member", v->keys[i]);
    if (section != SPDX2_RELATION)
        hn_buf_chr(x->out, '\n');
}

static void annotations(struct writing *x, const struct hn_jv *object, struct hn_str about)
{
    const struct hn_jv *list = hn_jv_get(object, "annotations");
    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++)
        object_write(x, SPDX2_ANNOTATION, &list->items[i], about);
}

static void section_write(struct writing *x, const struct hn_jv *doc, const char *member, enum spdx2_section section)
{
    const struct hn_jv *list = hn_jv_get(doc, member);

    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++) {
        const struct hn_jv *v = &list->items[i];
        object_write(x, section, v, HN_STR(""));
        if (section == SPDX2_PACKAGE || section == SPDX2_FILE || section == SPDX2_SNIPPET)
            annotations(x, v, hn_jv_str(v, "SPDXID"));
    }
}

struct hn_err spdx2_write_tags(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                               struct hn_bom_notes *loss)
{
    struct writing x = {b, out, loss};
    struct hn_buf json;
    const struct hn_jv *doc = NULL, *creation;

    hn_buf_init(&json, SIZE_MAX / 4);
    struct hn_err err = spdx2_write_json(b, how->version ? how->version : "2.3", &json, loss);
    if (hn_ok(err))
        doc = hn_jv_parse(b->arena, hn_str_bytes(hn_buf_text(&json)), NULL);
    if (doc) {
        object_write(&x, SPDX2_DOCUMENT, doc, HN_STR(""));
        creation = hn_jv_get(doc, "creationInfo");
        if (creation)
            object_write(&x, SPDX2_CREATION, creation, HN_STR(""));
        annotations(&x, doc, HN_STR("SPDXRef-DOCUMENT"));
        section_write(&x, doc, "files", SPDX2_FILE);
        section_write(&x, doc, "packages", SPDX2_PACKAGE);
        section_write(&x, doc, "snippets", SPDX2_SNIPPET);
        section_write(&x, doc, "hasExtractedLicensingInfos", SPDX2_LICENCE);
        section_write(&x, doc, "revieweds", SPDX2_REVIEW);
        section_write(&x, doc, "relationships", SPDX2_RELATION);
    }
    hn_buf_done(&json);
    if (!hn_ok(err))
        return err;
    if (!doc)
        return (struct hn_err){HN_E_NOMEM};
    return hn_buf_err(out);
}
