/* JVN iPedia: VULDEF documents (getVulnDetailInfo, jvndb.jvn.jp/schema/vuldef_3.2) and overview lists in JVNRSS
 * (getVulnOverviewList, RDF 1.0 with the sec: module). Each Vulinfo or item is a record.
 *
 * libxml2's streaming reader gives one Vulinfo or item at a time as a small tree. No network, no entities of the
 * document's own: a document type declaration ends the reading. */

#include "format/advisory/read_in.h"
#include "format/xml.h"

#define ITEMS_MAX 10000u /* children looked at of one element */

struct jvn {
    const struct hn_adv_sink *s;
    struct hn_arena *a;
    struct hn_adv adv;
    struct hn_adv_text text;
    struct hn_adv_vec affected, severities, aliases, related, cwes, references;
    bool any;
};

/* ---------------------------------------------------------------- small trees */

static bool named(const xmlNode *n, const char *name)
{
    return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

static const xmlNode *child(const xmlNode *n, const char *name)
{
    for (const xmlNode *c = n ? n->children : NULL; c; c = c->next)
        if (named(c, name))
            return c;
    return NULL;
}

static struct hn_str copied(struct hn_arena *a, xmlChar *s)
{
    struct hn_str ret = HN_STR("");
    if (s && hn_str_from_utf8(hn_bytes_of(s, strlen((const char *)s)), &ret))
        ret = hn_arena_str(a, hn_str_trim(ret));
    xmlFree(s);
    return ret;
}

static struct hn_str text_of(struct hn_arena *a, const xmlNode *n)
{
    return n ? copied(a, xmlNodeGetContent(n)) : HN_STR("");
}

static struct hn_str attribute(struct hn_arena *a, const xmlNode *n, const char *name)
{
    return copied(a, xmlGetNoNsProp((xmlNode *)(uintptr_t)n, (const xmlChar *)name));
}

#define EACH_CHILD(c, n) for (const xmlNode *c = (n) ? (n)->children : NULL; c; c = c->next)

/* ---------------------------------------------------------------- shared */

static void push_cvss(struct jvn *j, struct hn_str version, struct hn_str vector, struct hn_str word,
                      struct hn_str score)
{
    struct hn_adv_severity *p = vector.n || word.n ? hn_adv_push(j->a, &j->severities, sizeof *p) : NULL;
    int64_t whole = -1;
    if (!p)
        return;
    *p = (struct hn_adv_severity){.sayer = HN_SAYER_JVN, .score = -1, .word = word, .source = HN_STR("JVN")};
    p->cvss = hn_adv_cvss_of(vector);
    if (!p->cvss && vector.n && hn_str_starts(version, "3")) { /* without its prefix */
        vector = hn_arena_fmt(j->a, "CVSS:%.*s/%.*s", HN_FMT(version), HN_FMT(vector));
        p->cvss = hn_adv_cvss_of(vector);
    }
    if (p->cvss)
        p->vector = vector;
    ptrdiff_t dot = hn_str_chr(score, '.');
    if (dot > 0 && (size_t)dot + 2 == score.n && hn_str_i64(hn_str_cut(score, 0, (size_t)dot), &whole) && whole >= 0 &&
        whole <= 10 && score.p[dot + 1] >= '0' && score.p[dot + 1] <= '9')
        p->score = (int16_t)(whole * 10 + score.p[dot + 1] - '0');
    if (p->score > 100)
        p->score = -1;
}

static void push_reference(struct jvn *j, struct hn_str type, struct hn_str url)
{
    struct hn_adv_reference *r = url.n ? hn_adv_push(j->a, &j->references, sizeof *r) : NULL;
    if (r)
        *r = (struct hn_adv_reference){type, url};
}

/* JVNDB-… is one problem with one or several CVEs: with one, they are names of the same thing. */
static void settle_ids(struct jvn *j)
{
    if (j->aliases.n == 1)
        j->adv.aliases = hn_adv_vec_strs(&j->aliases);
    else
        j->adv.upstream = hn_adv_vec_strs(&j->aliases);
    j->adv.related = hn_adv_vec_strs(&j->related);
    j->adv.cwes = hn_adv_vec_strs(&j->cwes);
}

static void give(struct jvn *j, uint64_t offset)
{
    settle_ids(j);
    j->adv.author = HN_STR("JVN");
    j->adv.affected = j->affected.p;
    j->adv.n_affected = j->affected.n;
    j->adv.severities = j->severities.p;
    j->adv.n_severities = j->severities.n;
    j->text.references = j->references.p;
    j->text.n_references = j->references.n;
    if (!j->adv.summary.n)
        j->adv.summary = hn_adv_first_line(j->text.details);
    j->any |= hn_adv_give(j->s, &j->adv, &j->text, offset);
}

/* ---------------------------------------------------------------- VULDEF */

static void vuldef_affected(struct jvn *j, const xmlNode *item)
{
    struct hn_adv_vec versions = {0}, cpes = {0};
    struct hn_adv_affected *f = hn_adv_push(j->a, &j->affected, sizeof *f);
    if (!f)
        return;
    f->vendor = text_of(j->a, child(item, "Name"));
    f->product = text_of(j->a, child(item, "ProductName"));
    struct hn_str status = attribute(j->a, item, "affectedstatus");
    f->status = hn_str_eqc(status, "notvulnerable") ? HN_STATUS_NOT_AFFECTED
                : hn_str_eqc(status, "unknown")     ? HN_STATUS_UNKNOWN
                                                    : HN_STATUS_AFFECTED;
    EACH_CHILD(c, item) {
        if (named(c, "Cpe"))
            hn_adv_push_str(j->a, &cpes, text_of(j->a, c));
        if (named(c, "VersionNumber"))
            hn_adv_push_str(j->a, &versions, text_of(j->a, c)); /* often words: 「1.2 およびそれ以前」 */
    }
    f->cpes = hn_adv_vec_strs(&cpes);
    f->versions = hn_adv_vec_strs(&versions);
}

static void vuldef_related(struct jvn *j, const xmlNode *item)
{
    struct hn_str type = attribute(j->a, item, "type"), id = text_of(j->a, child(item, "VulinfoID"));
    if (hn_adv_is_cve(id))
        hn_adv_push_str_once(j->a, &j->aliases, id);
    else if (hn_str_starts(id, "CWE-"))
        hn_adv_push_str_once(j->a, &j->cwes, id);
    else if (hn_str_starts(id, "JVN"))
        hn_adv_push_str_once(j->a, &j->related, id);
    push_reference(j, type, text_of(j->a, child(item, "URL")));
}

static void vuldef_impact(struct jvn *j, const xmlNode *impact)
{
    EACH_CHILD(c, impact)
        if (named(c, "Cvss"))
            push_cvss(j, attribute(j->a, c, "version"), text_of(j->a, child(c, "Vector")),
                      text_of(j->a, child(c, "Severity")), text_of(j->a, child(c, "Base")));
}

static void read_vulinfo(struct jvn *j, const xmlNode *n, uint64_t offset)
{
    const xmlNode *data = child(n, "VulinfoData");
    j->adv.id = text_of(j->a, child(n, "VulinfoID"));
    j->adv.summary = text_of(j->a, child(data, "Title"));
    struct hn_str overview = text_of(j->a, child(child(data, "VulinfoDescription"), "Overview"));
    struct hn_str solution = text_of(j->a, child(child(data, "Solution"), "SolutionItem"));
    j->text.details = solution.n ? hn_arena_fmt(j->a, "%.*s\n\n%.*s", HN_FMT(overview), HN_FMT(solution)) : overview;
    j->adv.published = hn_adv_time(text_of(j->a, child(data, "DateFirstPublished")));
    j->adv.modified = hn_adv_time(text_of(j->a, child(data, "DateLastUpdated")));
    EACH_CHILD(item, child(data, "Affected"))
        if (named(item, "AffectedItem"))
            vuldef_affected(j, item);
    EACH_CHILD(item, child(data, "Related"))
        if (named(item, "RelatedItem"))
            vuldef_related(j, item);
    vuldef_impact(j, child(data, "Impact"));
    give(j, offset);
}

/* ---------------------------------------------------------------- JVNRSS */

static void rss_cpe(struct jvn *j, const xmlNode *n)
{
    struct hn_adv_vec cpes = {0};
    struct hn_adv_affected *f = hn_adv_push(j->a, &j->affected, sizeof *f);
    if (!f)
        return;
    hn_adv_push_str(j->a, &cpes, text_of(j->a, n));
    *f = (struct hn_adv_affected){.vendor = attribute(j->a, n, "vendor"),
                                  .product = attribute(j->a, n, "product"),
                                  .status = HN_STATUS_AFFECTED,
                                  .cpes = hn_adv_vec_strs(&cpes)};
}

static void rss_reference(struct jvn *j, const xmlNode *n)
{
    struct hn_str id = attribute(j->a, n, "id"), source = attribute(j->a, n, "source");
    if (hn_adv_is_cve(id))
        hn_adv_push_str_once(j->a, &j->aliases, id);
    else if (hn_str_starts(id, "CWE-"))
        hn_adv_push_str_once(j->a, &j->cwes, id);
    else if (hn_str_starts(id, "JVN"))
        hn_adv_push_str_once(j->a, &j->related, id);
    push_reference(j, source, text_of(j->a, n));
}

static void read_item(struct jvn *j, const xmlNode *n, uint64_t offset)
{
    unsigned seen = 0;
    EACH_CHILD(c, n) {
        if (++seen > ITEMS_MAX)
            break;
        if (named(c, "title"))
            j->adv.summary = text_of(j->a, c);
        else if (named(c, "description"))
            j->text.details = text_of(j->a, c);
        else if (named(c, "link"))
            push_reference(j, HN_STR("JVN"), text_of(j->a, c));
        else if (named(c, "identifier"))
            j->adv.id = text_of(j->a, c);
        else if (named(c, "references"))
            rss_reference(j, c);
        else if (named(c, "cpe"))
            rss_cpe(j, c);
        else if (named(c, "cvss"))
            push_cvss(j, attribute(j->a, c, "version"), attribute(j->a, c, "vector"), attribute(j->a, c, "severity"),
                      attribute(j->a, c, "score"));
        else if (named(c, "issued"))
            j->adv.published = hn_adv_time(text_of(j->a, c));
        else if (named(c, "modified"))
            j->adv.modified = hn_adv_time(text_of(j->a, c));
    }
    give(j, offset);
}

/* ---------------------------------------------------------------- reading */

static void quiet(void *ctx, const char *fmt, ...)
{
}

static bool read_xml(struct hn_bytes doc, const struct hn_adv_sink *s, const char *element,
                     void (*each)(struct jvn *j, const xmlNode *n, uint64_t offset))
{
    bool can = hn_xml_load();
    xmlTextReader *r = can && doc.n <= INT32_MAX ? xmlReaderForMemory((const char *)doc.p, (int)doc.n, NULL, NULL,
                                                                      XML_PARSE_NONET | XML_PARSE_NOCDATA)
                                                 : NULL;
    const char *why = r ? NULL : can ? "too large" : "XML, for which libxml2 is not installed";
    bool any = false;
    int rc = 0;
    if (r)
        xmlTextReaderSetErrorHandler(r, (xmlTextReaderErrorFunc)(void *)quiet, NULL);
    for (rc = r ? xmlTextReaderRead(r) : 0; rc == 1 && !why;) {
        int type = xmlTextReaderNodeType(r);
        uint64_t offset = (uint64_t)xmlTextReaderByteConsumed(r);
        if (type == XML_READER_TYPE_DOCUMENT_TYPE) {
            why = "a document type declaration";
        } else if (type == XML_READER_TYPE_ELEMENT &&
                   strcmp((const char *)xmlTextReaderConstLocalName(r), element) == 0) {
            struct jvn j = {.s = s, .a = s->arena, .adv = {.family = HN_ADV_JVN}};
            const xmlNode *n = xmlTextReaderExpand(r);
            if (n)
                each(&j, n, offset);
            any |= j.any;
            hn_arena_clear(s->arena);
            rc = xmlTextReaderNext(r);
        } else {
            rc = xmlTextReaderRead(r);
        }
    }
    if (!why && rc < 0)
        why = "not XML";
    if (why)
        s->bad(s->arg, HN_STR(""), r ? (uint64_t)xmlTextReaderByteConsumed(r) : 0, why);
    if (r)
        xmlFreeTextReader(r);
    return any;
}

bool hn_adv_read_vuldef(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    return read_xml(doc, s, "Vulinfo", read_vulinfo);
}

bool hn_adv_read_jvnrss(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    return read_xml(doc, s, "item", read_item);
}
