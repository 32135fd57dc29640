/* OSV schema 1.x (ossf.github.io/osv-schema), straight from the pull reader: most records of a feed are of this form.
 *
 * A known field of another type than the schema's makes the whole record bad: half a record would be silent about what
 * is missing. Unknown fields are passed over. */
#include "format/advisory/read_in.h"

struct osv {
    struct hn_jr r;
    struct hn_arena *a;
    const char *why;
    uint64_t at;
    struct hn_adv adv;
    struct hn_adv_text text;
    struct hn_adv_vec affected, severities;
};

static bool bad(struct osv *o, const char *why)
{
    if (!o->why) {
        o->why = why;
        o->at = o->r.off;
    }
    return false;
}

/* ---------------------------------------------------------------- pulling */

/* A text, or null, which is the empty text. */
static bool text(struct osv *o, struct hn_str *ret)
{
    enum hn_jtok t = hn_jr_next(&o->r);
    if (t == HN_J_STR)
        *ret = hn_jr_text(&o->r, o->a);
    else if (t == HN_J_NULL)
        *ret = HN_STR("");
    else
        return bad(o, "a text was expected");
    return true;
}

static bool date(struct osv *o, hn_time *ret)
{
    struct hn_str s;
    if (!text(o, &s))
        return false;
    *ret = hn_adv_time(s);
    return true;
}

/* Begins a list or an object; null is an empty one, for which *ret_more is false. */
static bool enter(struct osv *o, enum hn_jtok kind, bool *ret_more)
{
    enum hn_jtok t = hn_jr_next(&o->r);
    *ret_more = t == kind;
    if (t != kind && t != HN_J_NULL)
        return bad(o, kind == HN_J_ARR ? "a list was expected" : "an object was expected");
    return true;
}

static bool text_list(struct osv *o, struct hn_adv_strs *ret)
{
    struct hn_adv_vec v = {0};
    bool more;
    if (!enter(o, HN_J_ARR, &more))
        return false;
    for (enum hn_jtok t; more && (t = hn_jr_next(&o->r)) != HN_J_ARR_END;) {
        if (t != HN_J_STR)
            return bad(o, "a list of texts was expected");
        hn_adv_push_str(o->a, &v, hn_jr_text(&o->r, o->a));
    }
    *ret = hn_adv_vec_strs(&v);
    return true;
}

static bool skip(struct osv *o)
{
    return hn_jr_skip(&o->r) || bad(o, "not JSON");
}

typedef bool member_fn(struct osv *o, struct hn_str key, void *arg);

/* Calls member for each member of the object that comes next; it reads the value. */
static bool object(struct osv *o, member_fn *member, void *arg)
{
    bool more;
    if (!enter(o, HN_J_OBJ, &more))
        return false;
    for (enum hn_jtok t; more && (t = hn_jr_next(&o->r)) != HN_J_OBJ_END;)
        if (t != HN_J_KEY || !member(o, hn_jr_text(&o->r, o->a), arg))
            return bad(o, "not JSON");
    return true;
}

/* Calls member for the members of each object of the list that comes next, a new element of v being its argument. */
static bool objects(struct osv *o, struct hn_adv_vec *v, size_t size, member_fn *member)
{
    bool more;
    if (!enter(o, HN_J_ARR, &more))
        return false;
    for (enum hn_jtok t; more && (t = hn_jr_next(&o->r)) != HN_J_ARR_END;) {
        void *one = hn_adv_push(o->a, v, size);
        if (t != HN_J_OBJ || !one)
            return bad(o, one ? "a list of objects was expected" : "too large");
        while ((t = hn_jr_next(&o->r)) != HN_J_OBJ_END)
            if (t != HN_J_KEY || !member(o, hn_jr_text(&o->r, o->a), one))
                return bad(o, "not JSON");
    }
    return true;
}

static bool is(struct hn_str key, const char *name)
{
    return hn_str_eqc(key, name);
}

/* ---------------------------------------------------------------- severity */

static bool severity_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_severity *s = arg;
    if (is(key, "type"))
        return text(o, &s->word);
    if (is(key, "score"))
        return text(o, &s->vector);
    return skip(o);
}

static bool severities(struct osv *o, struct hn_adv_vec *v)
{
    size_t from = v->n;
    if (!objects(o, v, sizeof(struct hn_adv_severity), severity_member))
        return false;
    for (size_t i = from; i < v->n; i++) {
        struct hn_adv_severity *s = (struct hn_adv_severity *)v->p + i;
        s->cvss = hn_adv_cvss_of(s->vector);
        s->score = -1;
        s->word = s->cvss ? HN_STR("") : s->vector; /* type "Ubuntu", score "medium" */
        if (!s->cvss)
            s->vector = HN_STR("");
    }
    return true;
}

/* Who says it: OSV has no field for that, the id's prefix tells. */
static void name_sayers(struct osv *o, struct hn_adv_severity *s, size_t n)
{
    static const struct {
        const char *prefix;
        enum hn_adv_sayer sayer;
    } known[] = {{"GHSA-", HN_SAYER_GHSA},   {"DEBIAN-", HN_SAYER_DISTRO}, {"UBUNTU-", HN_SAYER_DISTRO},
                 {"USN-", HN_SAYER_DISTRO},  {"DSA-", HN_SAYER_DISTRO},    {"DLA-", HN_SAYER_DISTRO},
                 {"RHSA-", HN_SAYER_DISTRO}, {"RLSA-", HN_SAYER_DISTRO},   {"ALSA-", HN_SAYER_DISTRO},
                 {"SUSE-", HN_SAYER_DISTRO}, {"ALPINE-", HN_SAYER_DISTRO}, {"openSUSE-", HN_SAYER_DISTRO},
                 {"CVE-", HN_SAYER_CNA}};
    ptrdiff_t dash = hn_str_chr(o->adv.id, '-');
    enum hn_adv_sayer sayer = HN_SAYER_OTHER;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (hn_str_starts(o->adv.id, known[i].prefix))
            sayer = known[i].sayer;
    for (size_t i = 0; i < n; i++) {
        s[i].sayer = sayer;
        s[i].source = hn_str_cut(o->adv.id, 0, dash > 0 ? (size_t)dash : o->adv.id.n);
    }
}

/* ---------------------------------------------------------------- affected */

static bool package_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_affected *f = arg;
    if (is(key, "ecosystem"))
        return text(o, &f->ecosystem);
    if (is(key, "name"))
        return text(o, &f->name);
    if (is(key, "purl"))
        return text(o, &f->purl);
    return skip(o);
}

/* Every member of an event object is an event; in order. */
static bool events(struct osv *o, struct hn_adv_vec *v)
{
    static const char *const kinds[] = {"introduced", "fixed", "last_affected", "limit"};
    bool more;
    if (!enter(o, HN_J_ARR, &more))
        return false;
    for (enum hn_jtok t; more && (t = hn_jr_next(&o->r)) != HN_J_ARR_END;) {
        if (t != HN_J_OBJ)
            return bad(o, "a list of events was expected");
        while ((t = hn_jr_next(&o->r)) == HN_J_KEY) {
            struct hn_str key = hn_jr_text(&o->r, o->a), version;
            unsigned kind = 0;
            while (kind < 4 && !is(key, kinds[kind]))
                kind++;
            if (kind == 4 ? !skip(o) : !text(o, &version))
                return false;
            struct hn_adv_event *e = kind < 4 ? hn_adv_push(o->a, v, sizeof *e) : NULL;
            if (e)
                *e = (struct hn_adv_event){kind, version};
        }
        if (t != HN_J_OBJ_END)
            return bad(o, "not JSON");
    }
    return true;
}

static bool range_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_range *r = arg;
    struct hn_adv_vec v = {0};
    struct hn_str type;
    if (is(key, "type")) {
        if (!text(o, &type))
            return false;
        r->type = is(type, "SEMVER")      ? HN_RANGE_SEMVER
                  : is(type, "ECOSYSTEM") ? HN_RANGE_ECOSYSTEM
                  : is(type, "GIT")       ? HN_RANGE_GIT
                                          : HN_RANGE_UNKNOWN;
        return true;
    }
    if (is(key, "repo"))
        return text(o, &r->repo);
    if (!is(key, "events"))
        return skip(o);
    if (!events(o, &v))
        return false;
    r->events = v.p;
    r->n = v.n;
    return true;
}

/* More ranges behind those that are there: "ranges" may come after the custom ones. */
static bool ranges(struct osv *o, struct hn_adv_affected *f, bool custom)
{
    struct hn_adv_vec v = {0};
    for (size_t i = 0; i < f->n_ranges; i++) {
        struct hn_adv_range *r = hn_adv_push(o->a, &v, sizeof *r);
        if (r)
            *r = f->ranges[i];
    }
    size_t from = v.n;
    if (!objects(o, &v, sizeof(struct hn_adv_range), range_member))
        return false;
    for (size_t i = from; custom && i < v.n; i++)
        ((struct hn_adv_range *)v.p)[i].type = HN_RANGE_CUSTOM;
    f->ranges = v.p;
    f->n_ranges = v.n;
    return true;
}

static bool import_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_import *i = arg;
    if (is(key, "path"))
        return text(o, &i->path);
    if (is(key, "symbols"))
        return text_list(o, &i->symbols);
    return skip(o);
}

static bool specific_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_affected *f = arg;
    struct hn_adv_vec v = {0};
    if (is(key, "urgency") || is(key, "ubuntu_priority"))
        return text(o, &f->urgency);
    if (is(key, "custom_ranges"))
        return ranges(o, f, true);
    if (!is(key, "imports"))
        return skip(o);
    if (!objects(o, &v, sizeof(struct hn_adv_import), import_member))
        return false;
    f->imports = v.p;
    f->n_imports = v.n;
    return true;
}

/* GHSA says here up to which version an unfixed problem is known. */
static bool affected_database_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_affected *f = arg;
    struct hn_str version;
    if (!is(key, "last_known_affected_version_range"))
        return skip(o);
    if (!text(o, &version))
        return false;
    f->note = version.n ? hn_arena_fmt(o->a, "last known affected %.*s", HN_FMT(version)) : HN_STR("");
    return true;
}

static bool affected_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_affected *f = arg;
    struct hn_adv_vec v = {0};
    if (is(key, "package"))
        return object(o, package_member, f);
    if (is(key, "ranges"))
        return ranges(o, f, false);
    if (is(key, "versions"))
        return text_list(o, &f->versions);
    if (is(key, "ecosystem_specific"))
        return object(o, specific_member, f);
    if (is(key, "database_specific"))
        return object(o, affected_database_member, f);
    if (!is(key, "severity"))
        return skip(o);
    if (!severities(o, &v))
        return false;
    f->severities = v.p;
    f->n_severities = v.n;
    return true;
}

/* ---------------------------------------------------------------- the record */

static bool reference_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv_reference *r = arg;
    if (is(key, "type"))
        return text(o, &r->type);
    if (is(key, "url"))
        return text(o, &r->url);
    return skip(o);
}

static bool database_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_str word = {"", 0};
    if (is(key, "review_status"))
        return text(o, &o->adv.state);
    if (is(key, "cwe_ids") || is(key, "cwes"))
        return hn_adv_cwes_next(&o->r, o->a, &o->adv.cwes) || bad(o, "not JSON");
    if (!is(key, "severity"))
        return skip(o);
    enum hn_jtok t = hn_jr_next(&o->r);
    if (t == HN_J_STR)
        word = hn_jr_text(&o->r, o->a);
    else if (t == HN_J_OBJ || t == HN_J_ARR)
        return hn_adv_leave(&o->r) || bad(o, "not JSON");
    struct hn_adv_severity *s = word.n ? hn_adv_push(o->a, &o->severities, sizeof *s) : NULL;
    if (s)
        *s = (struct hn_adv_severity){.word = word, .score = -1};
    return true;
}

static bool references(struct osv *o)
{
    struct hn_adv_vec v = {0};
    if (!objects(o, &v, sizeof(struct hn_adv_reference), reference_member))
        return false;
    o->text.references = v.p;
    o->text.n_references = v.n;
    return true;
}

static bool record_member(struct osv *o, struct hn_str key, void *arg)
{
    struct hn_adv *adv = &o->adv;
    const struct {
        const char *name;
        struct hn_str *text;
        struct hn_adv_strs *list;
        hn_time *date;
    } plain[] = {
        {"id", &adv->id, NULL, NULL},
        {"summary", &adv->summary, NULL, NULL},
        {"details", &o->text.details, NULL, NULL},
        {"modified", NULL, NULL, &adv->modified},
        {"published", NULL, NULL, &adv->published},
        {"withdrawn", NULL, NULL, &adv->withdrawn},
        {"aliases", NULL, &adv->aliases, NULL},
        {"upstream", NULL, &adv->upstream, NULL},
        {"related", NULL, &adv->related, NULL},
    };
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (is(key, plain[i].name))
            return plain[i].text   ? text(o, plain[i].text)
                   : plain[i].list ? text_list(o, plain[i].list)
                                   : date(o, plain[i].date);
    if (is(key, "severity"))
        return severities(o, &o->severities);
    if (is(key, "affected"))
        return objects(o, &o->affected, sizeof(struct hn_adv_affected), affected_member);
    if (is(key, "references"))
        return references(o);
    if (is(key, "database_specific"))
        return object(o, database_member, NULL);
    return skip(o);
}

static void finish(struct osv *o)
{
    struct hn_adv_affected *f = o->affected.p;
    for (size_t i = 0; i < o->affected.n; i++) {
        name_sayers(o, (struct hn_adv_severity *)(uintptr_t)f[i].severities, f[i].n_severities);
        hn_adv_fill_from_purl(o->a, &f[i]);
    }
    name_sayers(o, o->severities.p, o->severities.n);
    o->adv.affected = f;
    o->adv.n_affected = o->affected.n;
    o->adv.severities = o->severities.p;
    o->adv.n_severities = o->severities.n;
    if (!o->adv.summary.n)
        o->adv.summary = hn_adv_first_line(o->text.details);
}

bool hn_adv_read_osv(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct osv o = {.a = s->arena, .adv = {.family = HN_ADV_OSV}};
    hn_jr_init(&o.r, doc, HN_ADV_DEPTH, 0);
    bool ok = object(&o, record_member, NULL) && hn_jr_next(&o.r) == HN_J_END;
    if (o.r.why) {
        o.why = o.r.why;
        o.at = o.r.at;
    }
    if (ok && !s->arena->failed) {
        finish(&o);
        ok = hn_adv_give(s, &o.adv, &o.text, 0);
    } else {
        s->bad(s->arg, o.adv.id.p ? o.adv.id : HN_STR(""), o.at,
               s->arena->failed ? "too large"
               : o.why          ? o.why
                                : "not JSON");
        ok = false;
    }
    hn_arena_clear(s->arena);
    return ok;
}

/* ---------------------------------------------------------------- lists */

/* The list that begins with the next token: each member is read as a document of its own, so that one bad record does
 * not take the others along. */
static bool list_members(struct hn_jr *r, struct hn_bytes doc, const struct hn_adv_sink *s)
{
    bool any = false;
    for (;;) {
        struct hn_jr peek = *r;
        enum hn_jtok t = hn_jr_next(&peek);
        size_t from = peek.off - 1;
        if (t == HN_J_ARR_END) {
            *r = peek;
            return any;
        }
        if (!hn_jr_skip(r))
            return any;
        if (t == HN_J_OBJ)
            any |= hn_adv_read_osv(hn_bytes_of(doc.p + from, r->off - from), s);
        else
            s->bad(s->arg, HN_STR(""), from, "a list of objects was expected");
    }
}

bool hn_adv_read_osv_list(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct hn_jr r;
    bool any = false;
    hn_jr_init(&r, doc, HN_ADV_DEPTH, 0);
    enum hn_jtok t = hn_jr_next(&r);
    if (t == HN_J_ARR)
        any = list_members(&r, doc, s);
    while (t == HN_J_OBJ && hn_jr_next(&r) == HN_J_KEY) {
        struct hn_jr peek = r;
        bool list = hn_str_eqc(hn_jr_text(&r, s->arena), "vulns") && hn_jr_next(&peek) == HN_J_ARR;
        if (list)
            r = peek;
        if (list ? (any |= list_members(&r, doc, s), false) : !hn_jr_skip(&r))
            break;
    }
    if (r.why || hn_jr_next(&r) != HN_J_END)
        s->bad(s->arg, HN_STR(""), r.why ? r.at : r.off, r.why ? r.why : "a list of records was expected");
    hn_arena_clear(s->arena);
    return any;
}
