/* Java archives (jar, war, ear, …): ZIP with META-INF/MANIFEST.MF, and META-INF/maven/GROUP/ARTIFACT/{pom.properties,
 * pom.xml} where Maven built them. An archive passes in parts: its end, its directory, then the few members that tell
 * something; an archive within an archive is unpacked in memory and looked into the same way, within bounds for all of
 * them together. */
#include "modules/languages/java.h"
#include "base/str.h"
#include "format/zip.h"

#define TAIL          (16u << 10)  /* holds the end, and the directory too of small archives */
#define LONG_TAIL     (256u << 10) /* the end stands before a long comment */
#define DIRECTORY_MAX (32u << 20)
#define MEMBERS_MAX   200000u
#define TEXT_MAX      (1u << 20)  /* of a manifest, pom */
#define NESTED_MAX    (60u << 20) /* of an archive within an archive */
#define UNPACKED_MAX  (UINT64_C(4) << 30)
#define NESTED_COUNT  20000u
#define NESTED_DEPTH  4u
#define HEADER_SLACK  1024u /* a local header may be longer than the directory tells */

static bool ends(struct hn_bytes name, const char *suffix)
{
    size_t n = strlen(suffix);
    return name.n >= n && strncasecmp((const char *)name.p + name.n - n, suffix, n) == 0;
}

const char *languages_archive_format(struct hn_bytes name)
{
    static const char *const formats[] = {"jar", "war", "ear", "jpi", "hpi", "par", "sar", "lpkg", "nar", "rar", "kar"};
    const uint8_t *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;
    struct hn_bytes suffix = dot ? hn_bytes_of(dot + 1, name.n - (size_t)(dot + 1 - name.p)) : (struct hn_bytes){0};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (suffix.n == strlen(formats[i]) && ends(suffix, formats[i]))
            return formats[i];
    return NULL;
}

static enum java_member member_kind(struct hn_bytes name)
{
    struct hn_str s = {(const char *)name.p, name.n};
    if (name.n == 20 && ends(name, "META-INF/MANIFEST.MF"))
        return JAVA_MANIFEST;
    if (hn_str_starts(s, "META-INF/maven/") && hn_str_ends(s, "/pom.properties"))
        return JAVA_PROPERTIES;
    if (hn_str_starts(s, "META-INF/maven/") && hn_str_ends(s, "/pom.xml"))
        return JAVA_POM;
    /* sources and tests of the same build are not programs */
    if (languages_archive_format(name) && !ends(name, "-sources.jar") && !ends(name, "-javadoc.jar"))
        return JAVA_NESTED;
    return JAVA_OTHER;
}

static size_t member_max(enum java_member kind)
{
    return kind == JAVA_NESTED ? NESTED_MAX : TEXT_MAX;
}

static struct languages_jar *jar_new(struct languages_state *st, struct hn_bytes path, struct hn_bytes inner)
{
    struct languages_jar *j = HN_NEW(hn_parse_arena(st->p), struct languages_jar);
    if (j) {
        j->path = path;
        j->inner = inner;
        j->last = &j->first;
    }
    return j;
}

static void jar_in_memory(struct languages_state *st, struct languages_file *f, struct hn_bytes inner,
                          struct hn_bytes bytes, unsigned depth);

/* ---------------------------------------------------------------- members */

static struct hn_bytes joined(struct languages_state *st, struct hn_bytes outer, struct hn_bytes name)
{
    struct hn_str s =
        hn_arena_fmt(hn_parse_arena(st->p), "%.*s%s%.*s", HN_FMT(outer), outer.n ? "!/" : "", HN_FMT(name));
    return hn_str_bytes(s);
}

static void nested(struct languages_state *st, struct languages_file *f, const struct languages_jar *j,
                   struct hn_bytes name, struct hn_bytes bytes, unsigned depth)
{
    if (depth >= NESTED_DEPTH || ++st->nested > NESTED_COUNT) {
        hn_parse_not_seen(st->p, languages_text(st, joined(st, f->path, joined(st, j->inner, name))),
                          "archives nested too deeply, or too many");
        return;
    }
    jar_in_memory(st, f, joined(st, j->inner, name), bytes, depth + 1);
}

/* bytes begin at the member's local header. */
static void take_member(struct languages_state *st, struct languages_file *f, struct languages_jar *j,
                        const struct hn_zip_member *m, struct hn_bytes bytes, unsigned depth)
{
    enum java_member kind = member_kind(m->name);
    struct hn_bytes content = {0};
    struct hn_buf out;
    hn_buf_init(&out, member_max(kind));
    const char *why = hn_zip_content(bytes, m, &out, &content);
    st->unpacked += out.n;
    if (!why && m->method != 0)
        content = hn_str_bytes(hn_buf_text(&out));
    if (why)
        hn_parse_malformed(st->p, joined(st, f->path, joined(st, j->inner, m->name)), m->at, why);
    else if (kind == JAVA_NESTED)
        nested(st, f, j, m->name, content, depth);
    else
        languages_jar_take(st, j, kind, m->name, content);
    hn_buf_done(&out);
}

static bool member_fits(struct languages_state *st, const struct languages_file *f, const struct languages_jar *j,
                        const struct hn_zip_member *m)
{
    size_t max = member_max(member_kind(m->name));
    if (m->packed <= max && m->size <= max && st->unpacked + m->size <= UNPACKED_MAX)
        return true;
    hn_parse_not_seen(st->p, languages_text(st, joined(st, f->path, joined(st, j->inner, m->name))),
                      "too large, within an archive");
    return false;
}

/* ---------------------------------------------------------------- an archive in memory */

static void jar_in_memory(struct languages_state *st, struct languages_file *f, struct hn_bytes inner,
                          struct hn_bytes bytes, unsigned depth)
{
    struct languages_jar *j = jar_new(st, f->path, inner);
    struct hn_zip_end end;
    struct hn_zip_member m;
    uint64_t before;
    size_t tail = bytes.n < HN_ZIP_TAIL ? bytes.n : HN_ZIP_TAIL;
    const char *why = hn_zip_find_end(hn_bytes_of(bytes.p + (bytes.n - tail), tail), bytes.n, &end, &before);
    if (!j)
        return;
    if (why) {
        hn_parse_malformed(st->p, joined(st, f->path, inner), 0, why);
        return;
    }
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(bytes.p + end.at, (size_t)end.size), MEMBERS_MAX);
    while (hn_zip_next(&c, &m)) {
        languages_jar_class(st, j, m.name);
        if (member_kind(m.name) == JAVA_OTHER || !member_fits(st, f, j, &m))
            continue;
        if (m.at + before < bytes.n)
            take_member(st, f, j, &m, hn_bytes_of(bytes.p + m.at + before, bytes.n - (size_t)(m.at + before)), depth);
        else
            hn_parse_malformed(st->p, joined(st, f->path, joined(st, inner, m.name)), m.at,
                               "member lies beyond the end");
    }
    if (c.bad)
        hn_parse_malformed(st->p, joined(st, f->path, inner), end.at + c.bad_at, c.bad);
    f->packages += languages_jar_emit(st, j);
}

/* ---------------------------------------------------------------- an archive in parts */

static void want_member(struct languages_state *st, struct languages_file *f, const struct hn_zip_member *m,
                        uint64_t before)
{
    struct hn_arena *a = hn_parse_arena(st->p);
    struct java_wanted *w = HN_NEW(a, struct java_wanted);
    if (!w || m->at + before >= f->size)
        return;
    w->m = *m;
    w->m.name = hn_arena_bytes(a, m->name);
    w->at = m->at + before;
    w->most = (size_t)(m->local + HEADER_SLACK + m->packed);
    *f->jar->last = w;
    f->jar->last = &w->next;
    hn_parse_want_part(st->p, "archive-part", f->path, w->at, w->most);
}

static void directory(struct languages_state *st, struct languages_file *f, struct hn_bytes b)
{
    struct hn_zip_member m;
    struct hn_cur c;
    hn_cur_init(&c, b, MEMBERS_MAX);
    f->jar->stage = JAVA_MEMBERS;
    while (hn_zip_next(&c, &m)) {
        languages_jar_class(st, f->jar, m.name);
        if (member_kind(m.name) != JAVA_OTHER && member_fits(st, f, f->jar, &m))
            want_member(st, f, &m, f->jar->before);
    }
    if (c.bad)
        hn_parse_malformed(st->p, f->path, f->jar->end.at + c.bad_at, c.bad);
    if (!f->jar->first)
        languages_archive_done(st, f);
}

static void tail(struct languages_state *st, struct languages_file *f, struct hn_bytes b)
{
    struct languages_jar *j = f->jar;
    size_t n = b.n < HN_ZIP_TAIL ? b.n : HN_ZIP_TAIL;
    const char *why = hn_zip_find_end(hn_bytes_of(b.p + (b.n - n), n), f->size, &j->end, &j->before);
    uint64_t from = f->size - b.n;
    if (why && j->at && f->size - j->at == TAIL) {
        j->at = f->size > LONG_TAIL ? f->size - LONG_TAIL : 0;
        hn_parse_want_part(st->p, "archive-part", f->path, j->at, LONG_TAIL);
    } else if (why) {
        hn_parse_malformed(st->p, f->path, from, why);
        j->stage = JAVA_BAD;
    } else if (j->end.at >= from) {
        directory(st, f, hn_bytes_of(b.p + (j->end.at - from), (size_t)j->end.size));
    } else if (j->end.size > DIRECTORY_MAX) {
        hn_parse_not_seen(st->p, languages_text(st, f->path), "directory of the archive is too large");
        j->stage = JAVA_BAD;
    } else {
        j->stage = JAVA_DIRECTORY;
        j->at = j->end.at;
        hn_parse_want_part(st->p, "archive-part", f->path, j->at, (size_t)j->end.size);
    }
}

void languages_archive(struct languages_state *st, const struct hn_rec *r)
{
    const char *format = languages_archive_format(languages_base(r->path));
    if (r->err || !r->has_stat || !r->st.size || !format)
        return;
    struct languages_file *f = languages_file_of(st, r, LANGUAGES_ARCHIVE);
    if (!f || f->jar)
        return;
    f->format = format;
    f->jar = jar_new(st, f->path, (struct hn_bytes){0});
    if (!f->jar)
        return;
    f->jar->at = f->size > TAIL ? f->size - TAIL : 0;
    hn_parse_want_part(st->p, "archive-part", f->path, f->jar->at, TAIL);
}

static void member_part(struct languages_state *st, struct languages_file *f, struct hn_bytes b)
{
    struct languages_jar *j = f->jar;
    struct java_wanted *w = j->first;
    take_member(st, f, j, &w->m, b, 0);
    j->first = w->next;
    if (!j->first)
        languages_archive_done(st, f);
}

/* Parts come in the order they were asked for, the records of one behind each other. */
void languages_archive_part(struct languages_state *st, const struct hn_rec *r)
{
    struct languages_file *f = hn_map_find(&st->files, r->path);
    struct languages_jar *j = f && f->kind == LANGUAGES_ARCHIVE ? f->jar : NULL;
    if (!j || r->err || j->stage == JAVA_BAD)
        return;
    if (j->stage == JAVA_MEMBERS && !j->first)
        return;
    uint64_t at = j->stage == JAVA_MEMBERS ? j->first->at : j->at;
    if (r->offset == at)
        hn_buf_clear(&st->whole);
    if (r->offset != at + st->whole.n)
        return;
    hn_buf_add(&st->whole, r->data.p, r->data.n);
    if (r->more)
        return;
    struct hn_bytes b = hn_str_bytes(hn_buf_text(&st->whole));
    if (st->whole.bad)
        hn_parse_not_seen(st->p, languages_text(st, f->path), "out of memory");
    if (j->stage == JAVA_TAIL && b.n <= f->size)
        tail(st, f, b);
    else if (j->stage == JAVA_DIRECTORY)
        directory(st, f, b);
    else if (j->stage == JAVA_MEMBERS)
        member_part(st, f, b);
}

void languages_archive_done(struct languages_state *st, struct languages_file *f)
{
    if (f->jar->told || f->jar->stage != JAVA_MEMBERS)
        return;
    f->jar->told = true;
    f->packages += languages_jar_emit(st, f->jar);
    languages_file_done(st, f);
}
