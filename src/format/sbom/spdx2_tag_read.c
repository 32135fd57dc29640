/* SPDX 2 tag-value, read by turning it into the JSON form.
 *
 *   Tag: value                  one line; "#" begins a comment line
 *   Tag: <text>several
 *   lines</text>
 *
 * The order of tags makes the structure: PackageName, FileName, SnippetSPDXID, LicenseID, Annotator, Reviewer and
 * Relationship each begin something; what follows belongs to it. Files that follow a package are in that package,
 * unless relations say so themselves. Offsets of the JSON are mapped back to lines for the notes. */
#include "base/json.h"
#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/sbom/spdx2_tags.h"
#include "format/sbom/spdx_in.h"

struct value {
    struct value *next;
    struct hn_str text, comment; /* comment: of an external reference */
    struct hn_str name;          /* an unknown tag */
    uint32_t line;
};

struct values {
    struct value *first, *last;
};

struct object {
    struct object *next;
    enum spdx2_section section;
    struct values *of; /* by tag of its section: first_tag[section] + i */
    struct values unknown;
    struct hn_str id;       /* SPDXID */
    struct object *package; /* FILE: the package before it */
    struct object *annotations, *last_annotation;
    struct hn_str about;
};

struct objects {
    struct object *first, *last;
};

struct reading {
    struct hn_bom *b;
    struct hn_arena *a;
    size_t first_tag[SPDX2_SECTIONS + 1];
    struct objects all[SPDX2_SECTIONS];
    struct object *now, *package, *element; /* element: what SPDXID and annotations are about */
    struct hn_map by_id, contains;
    struct hn_jw w;
    struct spdx_lines lines;
};

/* ---------------------------------------------------------------- lines */

static void note_line(struct reading *r, enum hn_bom_severity severity, const char *code, uint32_t line,
                      struct hn_str a)
{
    struct hn_bom_note *n = hn_bom_note_at(r->b, severity, code, UINT64_MAX, a, HN_STR(""));
    if (n)
        n->line = line;
}

/* The value of <text>, which may go on over lines; *rest is moved behind it. */
static struct hn_bytes long_text(struct reading *r, struct hn_bytes value, struct hn_bytes *rest, uint32_t *line)
{
    static const char end[] = "</text>";
    const uint8_t *from = value.p + 6, *limit = rest->p + rest->n;
    const uint8_t *to = memmem(from, (size_t)(limit - from), end, sizeof end - 1);
    struct hn_bytes ignored;

    if (!to) {
        note_line(r, HN_BOM_NOTE_ERROR, "tag-text-open", *line, HN_STR(""));
        to = limit;
    }
    for (const uint8_t *p = from; p < to; p++)
        *line += *p == '\n';
    if (to + sizeof end - 1 > rest->p) { /* else it ended on its first line */
        const uint8_t *next = to == limit ? limit : to + sizeof end - 1;
        rest->n = (size_t)(limit - next);
        rest->p = next;
        if (rest->n)
            (void)hn_bytes_line(rest, &ignored);
    }
    return hn_bytes_of(from, (size_t)(to - from));
}

static struct object *object_add(struct reading *r, enum spdx2_section section)
{
    struct object *o = HN_NEW(r->a, struct object);
    size_t n = r->first_tag[section + 1] - r->first_tag[section];

    if (!o)
        return NULL;
    o->section = section;
    o->of = hn_arena_alloc(r->a, n * sizeof *o->of);
    if (!o->of)
        return NULL;
    if (r->all[section].last)
        r->all[section].last->next = o;
    else
        r->all[section].first = o;
    r->all[section].last = o;
    return o;
}

static void value_add(struct reading *r, struct values *v, struct hn_str name, struct hn_str text, uint32_t line)
{
    struct value *x = HN_NEW(r->a, struct value);
    if (!x)
        return;
    x->name = name;
    x->text = text;
    x->line = line;
    if (v->last)
        v->last->next = x;
    else
        v->first = x;
    v->last = x;
}

/* The tag, in the section that is being read where it exists in several. */
static const struct spdx2_tag *find_tag(const struct reading *r, struct hn_str name)
{
    const struct spdx2_tag *found = NULL;
    for (size_t i = 0; i < spdx2_tags_n; i++) {
        if (!hn_str_eqc(name, spdx2_tags[i].tag))
            continue;
        if (!found || (r->element && spdx2_tags[i].section == r->element->section))
            found = &spdx2_tags[i];
    }
    return found;
}

static void register_id(struct reading *r, struct object *o, struct hn_str id)
{
    o->id = id;
    if (id.n && !hn_map_has(&r->by_id, hn_str_bytes(id)) && !hn_ok(hn_map_set(&r->by_id, hn_str_bytes(id), o)))
        r->a->failed = true;
}

static struct object *object_for(struct reading *r, const struct spdx2_tag *tag)
{
    if (tag->begins) {
        struct object *o = object_add(r, tag->section);
        if (!o)
            return NULL;
        if (tag->section == SPDX2_PACKAGE || tag->section == SPDX2_FILE || tag->section == SPDX2_SNIPPET)
            r->element = o;
        if (tag->section == SPDX2_PACKAGE)
            r->package = o;
        if (tag->section == SPDX2_FILE)
            o->package = r->package;
        if (tag->section == SPDX2_ANNOTATION)
            o->about = r->element ? r->element->id : (struct hn_str){NULL, 0};
        return o;
    }
    return r->all[tag->section].last ? r->all[tag->section].last : object_add(r, tag->section);
}

static void tag_value(struct reading *r, struct hn_str name, struct hn_str text, uint32_t line)
{
    const struct spdx2_tag *tag = find_tag(r, name);
    struct object *o;

    if (!tag) {
        o = r->now ? r->now : object_add(r, SPDX2_DOCUMENT);
        if (o)
            value_add(r, &o->unknown, name, text, line);
        return;
    }
    o = object_for(r, tag);
    if (!o)
        return;
    r->now = o;
    struct values *v = &o->of[(size_t)(tag - spdx2_tags) - r->first_tag[tag->section]];
    if (!strcmp(tag->member, "SPDXID"))
        register_id(r, o, text);
    if (tag->kind == SPDX2_ABOUT)
        o->about = text;
    else if (tag->kind == SPDX2_EXTREF_NOTE && v[-1].last)
        v[-1].last->comment = text;
    else
        value_add(r, v, name, text, line);
}

static void read_lines(struct reading *r, struct hn_bytes text)
{
    struct hn_bytes line;
    uint32_t number = 0;

    while (hn_bytes_line(&text, &line) && !r->a->failed) {
        const uint8_t *colon;
        uint32_t at = ++number;
        while (line.n && (line.p[0] == ' ' || line.p[0] == '\t')) {
            line.p++;
            line.n--;
        }
        if (!line.n || line.p[0] == '#')
            continue;
        colon = memchr(line.p, ':', line.n);
        if (!colon) {
            note_line(r, HN_BOM_NOTE_ERROR, "tag-form", at, hn_str_from_hostile(r->a, line, 80));
            continue;
        }
        struct hn_str name = hn_str_trim(hn_str_from_hostile(r->a, hn_bytes_of(line.p, (size_t)(colon - line.p)), 80));
        struct hn_bytes value = {colon + 1, line.n - (size_t)(colon + 1 - line.p)};
        while (value.n && (value.p[0] == ' ' || value.p[0] == '\t')) {
            value.p++;
            value.n--;
        }
        bool multi = value.n >= 6 && !memcmp(value.p, "<text>", 6);
        if (multi)
            value = long_text(r, value, &text, &number);
        struct hn_str s = hn_str_from_hostile(r->a, value, SIZE_MAX);
        tag_value(r, name, multi ? s : hn_str_trim(s), at);
    }
}

/* ---------------------------------------------------------------- JSON */

/* "SHA1: 85ed…" or "SHA1 85ed…" */
static void checksum(struct reading *r, struct hn_str s)
{
    struct hn_str alg, rest = s;
    ptrdiff_t colon = hn_str_chr(s, ':');
    if (colon >= 0) {
        alg = hn_str_cut(s, 0, (size_t)colon);
        rest = hn_str_cut(s, (size_t)colon + 1, s.n);
    } else if (!hn_str_word(&rest, &alg)) {
        alg = HN_STR("");
    }
    hn_jw_obj(&r->w);
    hn_jw_kstr(&r->w, "algorithm", hn_str_trim(alg));
    hn_jw_kstr(&r->w, "checksumValue", hn_str_trim(rest));
    hn_jw_obj_end(&r->w);
}

static void document_ref(struct reading *r, struct hn_str s)
{
    struct hn_str id = {"", 0}, uri = {"", 0};
    (void)hn_str_word(&s, &id);
    (void)hn_str_word(&s, &uri);
    hn_jw_obj(&r->w);
    hn_jw_kstr(&r->w, "externalDocumentId", id);
    hn_jw_kstr(&r->w, "spdxDocument", uri);
    if (hn_str_trim(s).n) {
        hn_jw_key(&r->w, "checksum");
        checksum(r, hn_str_trim(s));
    }
    hn_jw_obj_end(&r->w);
}

static void external_ref(struct reading *r, const struct value *v)
{
    struct hn_str rest = v->text, category = {"", 0}, type = {"", 0};
    (void)hn_str_word(&rest, &category);
    (void)hn_str_word(&rest, &type);
    hn_jw_obj(&r->w);
    hn_jw_kstr(&r->w, "referenceCategory", category);
    hn_jw_kstr(&r->w, "referenceType", type);
    hn_jw_kstr(&r->w, "referenceLocator", rest.p ? hn_str_trim(rest) : HN_STR(""));
    if (v->comment.p)
        hn_jw_kstr(&r->w, "comment", v->comment);
    hn_jw_obj_end(&r->w);
}

/* "digest (excludes: ./a, ./b)"; older documents write "(./a)" */
static void verification(struct reading *r, struct hn_str s)
{
    ptrdiff_t open = hn_str_chr(s, '(');
    struct hn_str value = open < 0 ? s : hn_str_trim(hn_str_cut(s, 0, (size_t)open)), rest = {"", 0}, one;

    hn_jw_obj(&r->w);
    hn_jw_kstr(&r->w, "packageVerificationCodeValue", value);
    if (open >= 0) {
        rest = hn_str_trim(hn_str_cut(s, (size_t)open + 1, s.n));
        if (hn_str_ends(rest, ")"))
            rest.n--;
        if (hn_str_starts(rest, "excludes:"))
            rest = hn_str_cut(rest, 9, rest.n);
        hn_jw_key(&r->w, "packageVerificationCodeExcludedFiles");
        hn_jw_arr(&r->w);
        while (hn_str_split(&rest, ',', &one))
            hn_jw_str(&r->w, hn_str_trim(one));
        hn_jw_arr_end(&r->w);
    }
    hn_jw_obj_end(&r->w);
}

static void pointer(struct reading *r, const char *key, const char *member, struct hn_str number, struct hn_str file)
{
    int64_t n;
    hn_jw_key(&r->w, key);
    hn_jw_obj(&r->w);
    if (hn_str_i64(hn_str_trim(number), &n))
        hn_jw_kint(&r->w, member, n);
    else
        hn_jw_kstr(&r->w, member, number);
    hn_jw_kstr(&r->w, "reference", file);
    hn_jw_obj_end(&r->w);
}

static void triple(struct reading *r, struct hn_str s)
{
    struct hn_str from = {"", 0}, word = {"", 0}, to = {"", 0};
    (void)hn_str_word(&s, &from);
    (void)hn_str_word(&s, &word);
    (void)hn_str_word(&s, &to);
    hn_jw_kstr(&r->w, "spdxElementId", from);
    hn_jw_kstr(&r->w, "relationshipType", word);
    hn_jw_kstr(&r->w, "relatedSpdxElement", to);
}

static void list_item(struct reading *r, const struct spdx2_tag *tag, const struct value *v)
{
    if (tag->kind == SPDX2_LIST)
        hn_jw_str(&r->w, v->text);
    else if (tag->kind == SPDX2_CHECKSUM)
        checksum(r, v->text);
    else if (tag->kind == SPDX2_DOCREF)
        document_ref(r, v->text);
    else
        external_ref(r, v);
}

static void single(struct reading *r, const struct spdx2_tag *tag, const struct value *v)
{
    if (tag->kind == SPDX2_TRIPLE) {
        triple(r, v->text);
        return;
    }
    hn_jw_key(&r->w, tag->member);
    if (tag->kind == SPDX2_VERIFICATION)
        verification(r, v->text);
    else if (tag->kind == SPDX2_BOOL && (hn_str_eqc(v->text, "true") || hn_str_eqc(v->text, "false")))
        hn_jw_bool(&r->w, hn_str_eqc(v->text, "true"));
    else
        hn_jw_str(&r->w, v->text);
}

static bool is_list(enum spdx2_kind kind)
{
    return kind == SPDX2_LIST || kind == SPDX2_CHECKSUM || kind == SPDX2_DOCREF || kind == SPDX2_EXTREF;
}

static void ranges(struct reading *r, const struct object *o)
{
    bool open = false;
    struct hn_str file = {"", 0};
    size_t base = r->first_tag[SPDX2_SNIPPET];

    if (o->of[1].first)
        file = o->of[1].first->text;
    for (size_t i = base; i < r->first_tag[SPDX2_SNIPPET + 1]; i++)
        for (const struct value *v = spdx2_tags[i].kind == SPDX2_RANGE ? o->of[i - base].first : NULL; v; v = v->next) {
            struct hn_str rest = v->text, from = {"", 0};
            (void)hn_str_split(&rest, ':', &from);
            if (!open) {
                hn_jw_key(&r->w, "ranges");
                hn_jw_arr(&r->w);
            }
            open = true;
            hn_jw_obj(&r->w);
            pointer(r, "startPointer", spdx2_tags[i].member, from, file);
            pointer(r, "endPointer", spdx2_tags[i].member, rest.p ? rest : from, file);
            hn_jw_obj_end(&r->w);
        }
    if (open)
        hn_jw_arr_end(&r->w);
}

static void members(struct reading *r, const struct object *o)
{
    size_t base = r->first_tag[o->section];

    for (size_t i = base; i < r->first_tag[o->section + 1]; i++) {
        const struct value *v = o->of[i - base].first;
        if (!v || spdx2_tags[i].kind == SPDX2_RANGE || spdx2_tags[i].kind == SPDX2_EXTREF_NOTE)
            continue;
        spdx_line_add(&r->lines, r->a, r->w.out, v->line);
        if (is_list(spdx2_tags[i].kind)) {
            hn_jw_key(&r->w, spdx2_tags[i].member);
            hn_jw_arr(&r->w);
        }
        for (; v; v = v->next) {
            spdx_line_add(&r->lines, r->a, r->w.out, v->line);
            if (is_list(spdx2_tags[i].kind))
                list_item(r, &spdx2_tags[i], v);
            else
                single(r, &spdx2_tags[i], v);
        }
        if (is_list(spdx2_tags[i].kind))
            hn_jw_arr_end(&r->w);
    }
    for (const struct value *v = o->unknown.first; v; v = v->next) {
        spdx_line_add(&r->lines, r->a, r->w.out, v->line);
        hn_jw_key_str(&r->w, v->name);
        hn_jw_str(&r->w, v->text);
    }
    if (o->section == SPDX2_SNIPPET)
        ranges(r, o);
}

static void annotation_list(struct reading *r, const struct object *o)
{
    if (!o)
        return;
    hn_jw_key(&r->w, "annotations");
    hn_jw_arr(&r->w);
    for (; o; o = o->annotations) {
        hn_jw_obj(&r->w);
        members(r, o);
        hn_jw_obj_end(&r->w);
    }
    hn_jw_arr_end(&r->w);
}

static void section(struct reading *r, enum spdx2_section s, const char *name)
{
    if (!r->all[s].first)
        return;
    hn_jw_key(&r->w, name);
    hn_jw_arr(&r->w);
    for (const struct object *o = r->all[s].first; o; o = o->next) {
        hn_jw_obj(&r->w);
        members(r, o);
        annotation_list(r, o->annotations);
        hn_jw_obj_end(&r->w);
    }
    hn_jw_arr_end(&r->w);
}

/* ---------------------------------------------------------------- joining */

/* Annotations go to what they are about; those of the document are a chain of their own. */
static struct object *sort_annotations(struct reading *r)
{
    struct object document = {.annotations = NULL};

    for (struct object *o = r->all[SPDX2_ANNOTATION].first; o; o = o->next) {
        struct object *at = o->about.n ? hn_map_find(&r->by_id, hn_str_bytes(o->about)) : NULL;
        if (!at || at->section == SPDX2_DOCUMENT || at->section == SPDX2_SNIPPET)
            at = &document;
        if (at->last_annotation)
            at->last_annotation->annotations = o;
        else
            at->annotations = o;
        at->last_annotation = o;
    }
    return document.annotations;
}

static struct hn_str pair(struct reading *r, struct hn_str package, struct hn_str file)
{
    return hn_arena_fmt(r->a, "%.*s\n%.*s", HN_FMT(package), HN_FMT(file));
}

static void relations(struct reading *r)
{
    for (const struct object *o = r->all[SPDX2_RELATION].first; o; o = o->next) {
        struct hn_str rest = o->of[0].first ? o->of[0].first->text : (struct hn_str){"", 0}, from, word, to;
        if (hn_str_word(&rest, &from) && hn_str_word(&rest, &word) && hn_str_word(&rest, &to) &&
            (hn_str_eqc(word, "CONTAINS") || hn_str_eqc(word, "CONTAINED_BY"))) {
            bool by = hn_str_eqc(word, "CONTAINED_BY");
            struct hn_str key = by ? pair(r, to, from) : pair(r, from, to);
            if (!hn_ok(hn_map_set(&r->contains, hn_str_bytes(key), r)))
                r->a->failed = true;
        }
    }
    section(r, SPDX2_RELATION, "relationships");
}

/* Files that follow a package, as relations that were not said; "files" of one document are few or many, once each. */
static void contained(struct reading *r)
{
    for (const struct object *o = r->all[SPDX2_FILE].first; o; o = o->next) {
        if (!o->package || !o->package->id.n || !o->id.n ||
            hn_map_has(&r->contains, hn_str_bytes(pair(r, o->package->id, o->id))))
            continue;
        spdx2_relation_add(r->b, o->package->id, HN_STR("CONTAINS"), o->id, NULL);
    }
}

static void write_document(struct reading *r)
{
    struct object *annotations = sort_annotations(r);

    hn_jw_obj(&r->w);
    if (r->all[SPDX2_DOCUMENT].first)
        members(r, r->all[SPDX2_DOCUMENT].first);
    if (r->all[SPDX2_CREATION].first) {
        hn_jw_key(&r->w, "creationInfo");
        hn_jw_obj(&r->w);
        members(r, r->all[SPDX2_CREATION].first);
        hn_jw_obj_end(&r->w);
    }
    annotation_list(r, annotations);
    section(r, SPDX2_LICENCE, "hasExtractedLicensingInfos");
    section(r, SPDX2_REVIEW, "revieweds");
    section(r, SPDX2_PACKAGE, "packages");
    section(r, SPDX2_FILE, "files");
    section(r, SPDX2_SNIPPET, "snippets");
    relations(r);
    hn_jw_obj_end(&r->w);
}

static void index_tags(struct reading *r)
{
    size_t s = 0;
    for (size_t i = 0; i < spdx2_tags_n; i++)
        while (s <= (size_t)spdx2_tags[i].section)
            r->first_tag[s++] = i;
    r->first_tag[SPDX2_SECTIONS] = spdx2_tags_n;
}

static struct hn_err read_tags(struct hn_bom *b, struct hn_bytes text)
{
    struct reading r = {.b = b, .a = b->arena};
    struct hn_buf json;
    struct hn_err err = {HN_E_NOMEM};

    if (text.n >= 3 && !memcmp(text.p, "\xEF\xBB\xBF", 3))
        text = hn_bytes_of(text.p + 3, text.n - 3);
    index_tags(&r);
    hn_map_init(&r.by_id);
    hn_map_init(&r.contains);
    hn_buf_init(&json, SIZE_MAX / 4);
    hn_jw_init(&r.w, &json);
    read_lines(&r, text);
    write_document(&r);
    if (!json.bad && !b->arena->failed) {
        struct hn_bytes kept = hn_arena_bytes(b->arena, hn_str_bytes(hn_buf_text(&json)));
        if (!b->arena->failed)
            err = spdx2_read_json(b, kept, &r.lines);
        contained(&r);
    }
    hn_buf_done(&json);
    hn_map_done(&r.by_id);
    hn_map_done(&r.contains);
    return b->arena->failed ? (struct hn_err){HN_E_NOMEM} : err;
}

static unsigned sniff(struct hn_bytes text)
{
    struct hn_bytes rest = {text.p, text.n < 65536 ? text.n : 65536}, line;

    while (hn_bytes_line(&rest, &line)) {
        struct hn_str s = {(const char *)line.p, line.n};
        if (hn_str_starts(s, "\xEF\xBB\xBF"))
            s = hn_str_cut(s, 3, s.n);
        s = hn_str_trim(s);
        if (hn_str_starts(s, "SPDXVersion:"))
            return 95;
        if (hn_str_starts(s, "PackageName:") || hn_str_starts(s, "DocumentNamespace:"))
            return 60;
        if (s.n && (s.p[0] == '{' || s.p[0] == '<' || s.p[0] == '['))
            return 0;
    }
    return 0;
}

static const char *const versions[] = {"2.3", "2.2", NULL};
const struct hn_bom_format hn_bom_spdx2_tag = {
    .family = HN_BOM_SPDX2,
    .form = HN_BOM_TAG,
    .versions = versions,
    .sniff = sniff,
    .read = read_tags,
    .write = spdx2_write_tags,
};
