/* A component of the portfolio: what of a document's component must be kept so that the same answers come from it
 * alone, and back. Names and package URL are the component's own; what the document around it told goes into "lookup".
 */
#include "base/str.h"
#include "modules/sbom/part.h"

/* ---------------------------------------------------------------- writing */

static void kopt(struct hn_jw *j, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(j, key, s);
}

static bool is_own(enum sbom_how how)
{
    return how == SBOM_HOW_OWN || how == SBOM_HOW_STDLIB;
}

static void lookup_write(struct hn_jw *w, const struct sbom_part *p)
{
    bool named = p->query.ecosystem.n && !is_own(p->how) && p->how != SBOM_HOW_CPE;
    if (!named && !p->query.distro.release.n && p->suppressed == SBOM_FALSE_NOT && !p->query.range && !p->guessed)
        return;
    hn_jw_key(w, "lookup");
    hn_jw_obj(w);
    if (named)
        hn_jw_kc(w, "how", sbom_how_word(p->how));
    kopt(w, "distro", p->query.distro.id);
    kopt(w, "release", p->query.distro.release);
    if (p->query.range)
        hn_jw_kstr(w, "range", p->component->version_range);
    if (p->guessed)
        hn_jw_kbool(w, "guessed", true);
    if (p->suppressed != SBOM_FALSE_NOT) {
        hn_jw_kc(w, "held", sbom_false_word(p->suppressed));
        kopt(w, "evidence", p->evidence);
    }
    hn_jw_obj_end(w);
}

/* Names as advisories use them, where they are the component's own; else the source package beside them. */
void sbom_part_write(struct hn_jw *w, const struct sbom_part *p)
{
    const struct hn_bom_component *c = p->component;
    const struct sbom_query *q = &p->query;
    bool own = q->ecosystem.n && is_own(p->how);
    hn_jw_kstr(w, "name", own ? q->name : c->name);
    kopt(w, "version", own && q->version.n ? q->version : c->version);
    if (q->ecosystem.n && !own && p->how != SBOM_HOW_CPE) {
        kopt(w, "source", q->name);
        kopt(w, "source_version", q->version);
    }
    hn_jw_kc(w, "type", hn_bom_type_word((enum hn_bom_type)c->type));
    kopt(w, "purl", c->purl);
    kopt(w, "cpe", c->cpe);
    lookup_write(w, p);
}

/* ---------------------------------------------------------------- reading */

static enum sbom_how how_of(struct hn_str word)
{
    for (int i = 0; i < SBOM_HOWS; i++)
        if (hn_str_eqc(word, sbom_how_word((enum sbom_how)i)))
            return (enum sbom_how)i;
    return SBOM_HOW_TABLE; /* of a host: its package database says so */
}

static enum sbom_false held_of(struct hn_str word)
{
    for (int i = 1; i < SBOM_FALSES; i++)
        if (hn_str_eqc(word, sbom_false_word((enum sbom_false)i)))
            return (enum sbom_false)i;
    return SBOM_FALSE_NOT;
}

bool sbom_part_read(struct hn_arena *a, const struct sbom_row *row, struct sbom_part *ret)
{
    struct hn_bom_component *c = HN_NEW(a, struct hn_bom_component);
    const struct hn_jv *v = row->lookup.n ? hn_jv_parse(a, hn_str_bytes(row->lookup), NULL) : NULL;
    if (!c)
        return false;
    *c = (struct hn_bom_component){.name = row->name, .version = row->version, .purl = row->purl, .cpe = row->cpe};
    c->type = (uint8_t)hn_bom_type_of(row->type);
    c->version_range = hn_jv_str(v, "range");
    sbom_part_make(a, c, &(const struct hn_adv_distro){hn_jv_str(v, "distro"), hn_jv_str(v, "release")}, ret);
    if (ret->has_purl && row->source.n) {
        ret->how = how_of(hn_jv_str(v, "how"));
        ret->query.name = row->source;
        ret->query.version = row->source_version.n ? row->source_version : ret->query.version;
    }
    ret->guessed = hn_jv_bool(v, "guessed", false);
    ret->suppressed = held_of(hn_jv_str(v, "held"));
    ret->evidence = hn_jv_str(v, "evidence");
    return !a->failed;
}
