/* Statements on vulnerabilities, written in any of the four dialects.
 *
 *   OpenVEX 0.2.0            statements[]: vulnerability, products[] with subcomponents[], status, reasons, own time
 *   CSAF 2.0, profile VEX    product_tree (a part is "default_component_of" its product), then for each vulnerability
 *                            product_status, flags, threats, remediations
 *   CycloneDX, SPDX 3        as a document of the model (vex_document.c), by their writers */
#include <string.h>

#include "base/str.h"
#include "format/sbom/vex_in.h"

/* ---------------------------------------------------------------- shared */

static bool counts(const struct hn_vex_statement *s)
{
    return !s->under;
}

void vex_lost(struct hn_arena *a, struct hn_bom_notes *loss, const struct hn_vex_statement *s, const char *what)
{
    hn_bom_note_in(loss, a, HN_BOM_NOTE_INFO, "lost", s->name, hn_str_c(what), s->product);
}

struct hn_str vex_impact(const struct hn_vex_statement *s)
{
    struct hn_str said = s->impact.n || s->why ? s->impact : s->justification;
    return said.n || s->why || s->status != HN_BOM_VEX_NOT_AFFECTED ? said : HN_STR(HN_VEX_NO_REASON);
}

/* Of OpenVEX, CSAF and SPDX 3: "not affected" is not valid without a reason. */
static void reason_lost(const struct hn_vex_merged *m, struct hn_arena *a, struct hn_bom_notes *loss)
{
    for (size_t i = 0; i < m->n; i++)
        if (counts(m->s[i]) && m->s[i]->unfounded)
            vex_lost(a, loss, m->s[i], "reason is not given, which is written as \"" HN_VEX_NO_REASON "\"");
}

hn_time vex_newest(const struct hn_vex_merged *m, hn_time otherwise)
{
    hn_time t = 0;
    for (size_t i = 0; i < m->n; i++)
        if (counts(m->s[i]) && m->s[i]->time > t)
            t = m->s[i]->time;
    return t ? t : otherwise;
}

static void kopt(struct hn_jw *w, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(w, key, s);
}

/* ---------------------------------------------------------------- OpenVEX */

static void thing(struct hn_jw *w, struct hn_str id)
{
    hn_jw_kstr(w, "@id", id);
    const char *kind = hn_str_starts(id, "pkg:") ? "purl" : hn_str_starts(id, "cpe:2.3:") ? "cpe23" : NULL;
    if (!kind)
        return;
    hn_jw_key(w, "identifiers");
    hn_jw_obj(w);
    hn_jw_kstr(w, kind, id);
    hn_jw_obj_end(w);
}

static void openvex_names(struct hn_jw *w, const struct hn_vex_statement *s)
{
    hn_jw_key(w, "vulnerability");
    hn_jw_obj(w);
    hn_jw_kstr(w, "name", s->name);
    hn_jw_key(w, "aliases");
    hn_jw_arr(w);
    if (!hn_str_eq(s->vulnerability, s->name))
        hn_jw_str(w, s->vulnerability);
    for (size_t i = 0; i < s->n_aliases; i++)
        if (!hn_str_eq(s->aliases[i], s->name))
            hn_jw_str(w, s->aliases[i]);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

static void openvex_products(struct hn_jw *w, const struct hn_vex_statement *s)
{
    hn_jw_key(w, "products");
    hn_jw_arr(w);
    hn_jw_obj(w);
    thing(w, s->product);
    if (s->subcomponent.n) {
        hn_jw_key(w, "subcomponents");
        hn_jw_arr(w);
        hn_jw_obj(w);
        thing(w, s->subcomponent);
        hn_jw_obj_end(w);
        hn_jw_arr_end(w);
    }
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
}

/* The schema takes a justification or an impact statement, not both. */
static void openvex_statement(struct hn_jw *w, const struct hn_vex_statement *s)
{
    bool impact = s->status == HN_BOM_VEX_NOT_AFFECTED && !s->why;
    hn_jw_obj(w);
    openvex_names(w, s);
    if (s->time)
        hn_jw_ktime(w, "timestamp", s->time);
    if (s->product.n)
        openvex_products(w, s);
    hn_jw_kc(w, "status", hn_bom_vex_word(s->status));
    kopt(w, "supplier", s->author);
    if (s->why)
        hn_jw_kc(w, "justification", hn_bom_why_word(s->why));
    kopt(w, impact ? "impact_statement" : "status_notes", vex_impact(s));
    if (s->status == HN_BOM_VEX_AFFECTED) /* must be there (OpenVEX, "action_statement") */
        hn_jw_kstr(w, "action_statement", s->action.n ? s->action : HN_STR("The source states no action."));
    hn_jw_obj_end(w);
}

static void openvex(struct hn_jw *w, const struct hn_vex_merged *m, const struct hn_vex_meta *meta, struct hn_arena *a,
                    struct hn_bom_notes *loss)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "@context", "https://openvex.dev/ns/v0.2.0");
    hn_jw_kstr(w, "@id", meta->id);
    hn_jw_kstr(w, "author", meta->author);
    hn_jw_ktime(w, "timestamp", vex_newest(m, meta->now));
    hn_jw_kint(w, "version", 1);
    kopt(w, "tooling", meta->tool);
    hn_jw_key(w, "statements");
    hn_jw_arr(w);
    for (size_t i = 0; i < m->n; i++)
        if (counts(m->s[i]))
            openvex_statement(w, m->s[i]);
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
    for (size_t i = 0; i < m->n; i++)
        if (counts(m->s[i]) && !m->s[i]->product.n)
            vex_lost(a, loss, m->s[i], "product is not named: the statement applies to none");
}

/* ---------------------------------------------------------------- CSAF */

struct csaf {
    struct hn_jw *w;
    const struct hn_vex_merged *m;
    const struct hn_vex_meta *meta;
    struct hn_arena *a;
    struct hn_map ids; /* product, or product and part → product_id */
    struct hn_bom_notes *loss;
};

static struct hn_str key_of(struct csaf *c, struct hn_str product, struct hn_str part)
{
    return part.n ? hn_arena_fmt(c->a, "%.*s\n%.*s", HN_FMT(product), HN_FMT(part)) : product;
}

/* 0: given before. */
static size_t number(struct csaf *c, struct hn_str key)
{
    if (hn_map_has(&c->ids, hn_str_bytes(key)))
        return 0;
    size_t n = c->ids.n + 1;
    if (!hn_ok(hn_map_set(&c->ids, hn_str_bytes(key), (void *)(uintptr_t)n)))
        c->a->failed = true;
    return n;
}

static struct hn_str id_of(struct csaf *c, struct hn_str product, struct hn_str part)
{
    uintptr_t n = (uintptr_t)hn_map_find(&c->ids, hn_str_bytes(key_of(c, product, part)));
    return hn_arena_fmt(c->a, "P%zu", (size_t)n);
}

static void full_name(struct csaf *c, struct hn_str name, struct hn_str id, bool identify)
{
    hn_jw_obj(c->w);
    hn_jw_kstr(c->w, "name", name);
    hn_jw_kstr(c->w, "product_id", id);
    const char *kind = hn_str_starts(name, "pkg:") ? "purl" : hn_str_starts(name, "cpe:") ? "cpe" : NULL;
    if (kind && identify) {
        hn_jw_key(c->w, "product_identification_helper");
        hn_jw_obj(c->w);
        hn_jw_kstr(c->w, kind, name);
        hn_jw_obj_end(c->w);
    }
    hn_jw_obj_end(c->w);
}

static void csaf_name(struct csaf *c, struct hn_str name)
{
    if (name.n && number(c, name))
        full_name(c, name, id_of(c, name, (struct hn_str){"", 0}), true);
}

/* A statement about no product in particular is about whatever its author makes. */
static void csaf_any(struct csaf *c)
{
    struct hn_str none = {"", 0};
    if (number(c, key_of(c, none, none)))
        full_name(c, hn_arena_fmt(c->a, "Every product of %.*s", HN_FMT(c->meta->author)), id_of(c, none, none), false);
}

static void csaf_relation(struct csaf *c, const struct hn_vex_statement *s)
{
    struct hn_str none = {"", 0};
    if (!s->subcomponent.n || !number(c, key_of(c, s->product, s->subcomponent)))
        return;
    hn_jw_obj(c->w);
    hn_jw_kc(c->w, "category", "default_component_of");
    hn_jw_kstr(c->w, "product_reference", id_of(c, s->subcomponent, none));
    hn_jw_kstr(c->w, "relates_to_product_reference", id_of(c, s->product, none));
    hn_jw_key(c->w, "full_product_name");
    full_name(c, hn_arena_fmt(c->a, "%.*s in %.*s", HN_FMT(s->subcomponent), HN_FMT(s->product)),
              id_of(c, s->product, s->subcomponent), false);
    hn_jw_obj_end(c->w);
}

static void csaf_tree(struct csaf *c)
{
    bool parts = false;
    hn_jw_key(c->w, "product_tree");
    hn_jw_obj(c->w);
    hn_jw_key(c->w, "full_product_names");
    hn_jw_arr(c->w);
    for (size_t i = 0; i < c->m->n; i++) {
        const struct hn_vex_statement *s = c->m->s[i];
        if (!counts(s))
            continue;
        if (s->product.n)
            csaf_name(c, s->product);
        else
            csaf_any(c);
        csaf_name(c, s->subcomponent);
        parts = parts || s->subcomponent.n;
    }
    hn_jw_arr_end(c->w);
    if (parts) {
        hn_jw_key(c->w, "relationships");
        hn_jw_arr(c->w);
        for (size_t i = 0; i < c->m->n; i++)
            if (counts(c->m->s[i]))
                csaf_relation(c, c->m->s[i]);
        hn_jw_arr_end(c->w);
    }
    hn_jw_obj_end(c->w);
}

static void csaf_document(struct csaf *c)
{
    struct hn_jw *w = c->w;
    hn_time at = vex_newest(c->m, c->meta->now);
    hn_jw_key(w, "document");
    hn_jw_obj(w);
    hn_jw_kc(w, "category", "csaf_vex");
    hn_jw_kc(w, "csaf_version", "2.0");
    hn_jw_kstr(w, "title", hn_arena_fmt(c->a, "VEX of %.*s", HN_FMT(c->meta->author)));
    hn_jw_key(w, "publisher");
    hn_jw_obj(w);
    hn_jw_kc(w, "category", "other");
    hn_jw_kstr(w, "name", c->meta->author);
    hn_jw_kstr(w, "namespace", c->meta->namespace);
    hn_jw_obj_end(w);
    hn_jw_key(w, "tracking");
    hn_jw_obj(w);
    hn_jw_ktime(w, "current_release_date", at);
    hn_jw_kstr(w, "id", c->meta->id);
    hn_jw_ktime(w, "initial_release_date", at);
    hn_jw_key(w, "revision_history");
    hn_jw_arr(w);
    hn_jw_obj(w);
    hn_jw_ktime(w, "date", at);
    hn_jw_kc(w, "number", "1");
    hn_jw_kc(w, "summary", "Initial version");
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
    hn_jw_kc(w, "status", "final");
    hn_jw_kc(w, "version", "1");
    hn_jw_obj_end(w);
    hn_jw_obj_end(w);
}

/* Product ids of statements from..to for which each says true, as a list under a key; nothing when there are none. */
static void id_list(struct csaf *c, const char *key, size_t from, size_t to, enum hn_bom_vex status)
{
    bool open = false;
    for (size_t i = from; i < to; i++) {
        const struct hn_vex_statement *s = c->m->s[i];
        if (!counts(s) || s->status != status)
            continue;
        if (!open) {
            hn_jw_key(c->w, key);
            hn_jw_arr(c->w);
            open = true;
        }
        hn_jw_str(c->w, id_of(c, s->product, s->subcomponent));
    }
    if (open)
        hn_jw_arr_end(c->w);
}

static void csaf_reason(struct csaf *c, const struct hn_vex_statement *s, const char *kind, const char *category,
                        struct hn_str text)
{
    hn_jw_obj(c->w);
    if (s->time)
        hn_jw_ktime(c->w, "date", s->time);
    hn_jw_kc(c->w, kind, category);
    kopt(c->w, "details", text);
    hn_jw_key(c->w, "product_ids");
    hn_jw_arr(c->w);
    hn_jw_str(c->w, id_of(c, s->product, s->subcomponent));
    hn_jw_arr_end(c->w);
    hn_jw_obj_end(c->w);
}

/* One list of reasons: flags, threats or remediations; begun with its first member. */
static void csaf_reasons(struct csaf *c, size_t from, size_t to, const char *key)
{
    bool open = false, flags = !strcmp(key, "flags"), threats = !strcmp(key, "threats");
    for (size_t i = from; i < to; i++) {
        const struct hn_vex_statement *s = c->m->s[i];
        bool not = s->status == HN_BOM_VEX_NOT_AFFECTED;
        struct hn_str impact = vex_impact(s);
        bool says = flags ? not &&s->why : threats ? not &&impact.n : s->status == HN_BOM_VEX_AFFECTED;
        if (!counts(s) || !says)
            continue;
        if (!open) {
            hn_jw_key(c->w, key);
            hn_jw_arr(c->w);
            open = true;
        }
        if (flags)
            csaf_reason(c, s, "label", hn_bom_why_word(s->why), (struct hn_str){"", 0});
        else if (threats)
            csaf_reason(c, s, "category", "impact", impact);
        else
            csaf_reason(c, s, "category", s->action.n ? "mitigation" : "none_available",
                        s->action.n ? s->action : HN_STR("The source states no action."));
    }
    if (open)
        hn_jw_arr_end(c->w);
}

static void csaf_names(struct csaf *c, const struct hn_vex_statement *s)
{
    struct hn_jw *w = c->w;
    bool cve = hn_str_starts(s->name, "CVE-");
    if (cve)
        hn_jw_kstr(w, "cve", s->name);
    hn_jw_key(w, "notes"); /* 4.4: every vulnerability of a VEX has some */
    hn_jw_arr(w);
    hn_jw_obj(w);
    hn_jw_kc(w, "category", "general");
    hn_jw_kstr(w, "text", s->impact.n ? s->impact : s->name);
    hn_jw_obj_end(w);
    hn_jw_arr_end(w);
    if (cve && !s->n_aliases && hn_str_eq(s->name, s->vulnerability))
        return;
    hn_jw_key(w, "ids");
    hn_jw_arr(w);
    for (size_t i = 0; i <= s->n_aliases; i++) {
        struct hn_str id = i ? s->aliases[i - 1] : s->vulnerability;
        if (cve && hn_str_eq(id, s->name))
            continue;
        hn_jw_obj(w);
        hn_jw_kc(w, "system_name", hn_str_starts(id, "GHSA-") ? "GitHub Advisory" : "identifier");
        hn_jw_kstr(w, "text", id);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void csaf_vulnerability(struct csaf *c, size_t from, size_t to)
{
    static const char *const reasons[] = {"flags", "threats", "remediations"};
    hn_jw_obj(c->w);
    csaf_names(c, c->m->s[from]);
    hn_jw_key(c->w, "product_status");
    hn_jw_obj(c->w);
    id_list(c, "known_not_affected", from, to, HN_BOM_VEX_NOT_AFFECTED);
    id_list(c, "known_affected", from, to, HN_BOM_VEX_AFFECTED);
    id_list(c, "fixed", from, to, HN_BOM_VEX_FIXED);
    id_list(c, "under_investigation", from, to, HN_BOM_VEX_INVESTIGATING);
    hn_jw_obj_end(c->w);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        csaf_reasons(c, from, to, reasons[i]);
    hn_jw_obj_end(c->w);
}

/* What is fixed or in work needs no reason in CSAF, and has no place for one. */
static void csaf_losses(struct csaf *c)
{
    hn_time at = vex_newest(c->m, 0);
    for (size_t i = 0; i < c->m->n; i++) {
        const struct hn_vex_statement *s = c->m->s[i];
        bool plain = s->status == HN_BOM_VEX_FIXED || s->status == HN_BOM_VEX_INVESTIGATING;
        if (counts(s) && plain && s->time != at)
            vex_lost(c->a, c->loss, s, "time of the statement");
        if (counts(s) && plain && (s->action.n || s->impact.n))
            vex_lost(c->a, c->loss, s, "text of the statement");
    }
}

static void csaf(struct csaf *c)
{
    size_t from = 0;
    hn_jw_obj(c->w);
    csaf_document(c);
    csaf_tree(c);
    hn_jw_key(c->w, "vulnerabilities");
    hn_jw_arr(c->w);
    for (size_t i = 1; i <= c->m->n; i++)
        if (i == c->m->n || !hn_str_eq(c->m->s[i]->name, c->m->s[from]->name)) {
            csaf_vulnerability(c, from, i);
            from = i;
        }
    hn_jw_arr_end(c->w);
    hn_jw_obj_end(c->w);
    csaf_losses(c);
}

/* ---------------------------------------------------------------- any */

struct hn_err hn_vex_write(const struct hn_vex_merged *m, enum hn_vex_dialect to, const struct hn_vex_meta *meta,
                           struct hn_arena *a, struct hn_buf *out, struct hn_bom_notes *loss)
{
    struct hn_jw w;
    if (!m->n)
        return (struct hn_err){HN_E_INVALID};
    if (to != HN_VEX_CYCLONEDX)
        reason_lost(m, a, loss);
    if (to == HN_VEX_CYCLONEDX || to == HN_VEX_SPDX3)
        return vex_document(m, to, meta, a, out, loss);
    hn_jw_init(&w, out);
    if (to == HN_VEX_OPENVEX) {
        openvex(&w, m, meta, a, loss);
    } else {
        struct csaf c = {.w = &w, .m = m, .meta = meta, .a = a, .loss = loss};
        hn_map_init(&c.ids);
        csaf(&c);
        hn_map_done(&c.ids);
    }
    return a->failed ? (struct hn_err){HN_E_NOMEM} : hn_buf_err(out);
}
