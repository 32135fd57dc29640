/* OpenVEX (openvex/spec) 0.0.1 to 0.2.0: each statement is a record of its vulnerability; each product, or each
 * subcomponent within a product, is an affected entry with a status. Precedence among statements (later wins, by
 * product) is for whoever applies them: `modified` is the statement's time, `part` its place in the document. */
#include "format/advisory/read_in.h"

struct vex {
    const struct hn_adv_sink *s;
    const struct hn_jv *doc;
    size_t number;
    bool any;
};

static enum hn_adv_status status_of(struct hn_str s)
{
    return hn_str_eqc(s, "not_affected")          ? HN_STATUS_NOT_AFFECTED
           : hn_str_eqc(s, "affected")            ? HN_STATUS_AFFECTED
           : hn_str_eqc(s, "fixed")               ? HN_STATUS_FIXED
           : hn_str_eqc(s, "under_investigation") ? HN_STATUS_INVESTIGATING
                                                  : HN_STATUS_UNSAID;
}

/* What a product is called: its purl, else its CPE, else its @id. */
static struct hn_str name_of(const struct hn_jv *v)
{
    const struct hn_jv *ids = hn_jv_get(v, "identifiers");
    struct hn_str purl = hn_adv_tree_str(ids, "purl"), cpe = hn_adv_tree_str(ids, "cpe23");
    if (v->kind == HN_JV_STR)
        return v->s;
    if (purl.n)
        return purl;
    return cpe.n ? cpe : hn_adv_tree_str(v, "@id");
}

static void push_product(struct vex *x, struct hn_adv_vec *affected, const struct hn_adv_affected *like,
                         struct hn_str name, struct hn_str within)
{
    struct hn_arena *a = x->s->arena;
    struct hn_adv_affected *f = name.n ? hn_adv_push(a, affected, sizeof *f) : NULL;
    if (!f)
        return;
    *f = *like;
    f->within = within;
    f->product_name = name;
    if (hn_str_starts(name, "pkg:")) {
        f->purl = name;
        hn_adv_fill_from_purl(a, f);
    } else if (hn_str_starts(name, "cpe:")) {
        struct hn_adv_vec cpes = {0};
        hn_adv_push_str(a, &cpes, name);
        f->cpes = hn_adv_vec_strs(&cpes);
    }
}

static void push_products(struct vex *x, const struct hn_jv *statement, struct hn_adv_vec *affected)
{
    struct hn_str impact = hn_adv_tree_str(statement, "impact_statement"),
                  action = hn_adv_tree_str(statement, "action_statement");
    struct hn_adv_affected like = {.status = status_of(hn_adv_tree_str(statement, "status")),
                                   .note = hn_adv_tree_str(statement, "justification"),
                                   .statement = impact.n ? impact : action};
    if (!like.statement.n)
        like.statement = hn_adv_tree_str(statement, "status_notes");
    HN_ADV_EACH(product, hn_jv_get(statement, "products")) {
        struct hn_str within = name_of(product);
        const struct hn_jv *parts = hn_jv_get(product, "subcomponents");
        if (!parts)
            parts = hn_jv_get(statement, "subcomponents"); /* 0.0.1 */
        if (!parts || parts->kind != HN_JV_ARR || !parts->n)
            push_product(x, affected, &like, within, HN_STR(""));
        HN_ADV_EACH(part, parts)
            push_product(x, affected, &like, name_of(part), within);
    }
}

static void take_vulnerability(const struct hn_jv *v, struct hn_arena *a, struct hn_adv *adv, struct hn_adv_text *text)
{
    if (v && v->kind == HN_JV_STR) {
        adv->id = v->s;
        return;
    }
    adv->id = hn_adv_tree_str(v, "name");
    if (!adv->id.n)
        adv->id = hn_adv_tree_str(v, "@id");
    adv->aliases = hn_adv_tree_strs(a, hn_jv_get(v, "aliases"));
    text->details = hn_adv_tree_str(v, "description");
    adv->summary = hn_adv_first_line(text->details);
}

/* A statement inherits what it does not say itself from the document. */
static hn_time time_of(const struct hn_jv *statement, const struct hn_jv *doc)
{
    static const char *const keys[] = {"last_updated", "timestamp"};
    for (unsigned i = 0; i < 4; i++) {
        hn_time t = hn_adv_tree_time(i < 2 ? statement : doc, keys[i % 2]);
        if (t)
            return t;
    }
    return 0;
}

static void read_statement(struct vex *x, const struct hn_jv *statement)
{
    struct hn_arena *a = x->s->arena;
    struct hn_str id = hn_adv_tree_str(x->doc, "@id");
    struct hn_adv adv = {.family = HN_ADV_OPENVEX, .document = id, .author = hn_adv_tree_str(x->doc, "author")};
    struct hn_adv_text text = {0};
    struct hn_adv_vec affected = {0};
    take_vulnerability(hn_jv_get(statement, "vulnerability"), a, &adv, &text);
    adv.part = hn_arena_fmt(a, "%.*s#%zu", HN_FMT(id.n ? id : adv.author), x->number++);
    adv.modified = time_of(statement, x->doc);
    adv.published = hn_adv_tree_time(x->doc, "timestamp");
    adv.state = hn_adv_tree_str(statement, "status");
    push_products(x, statement, &affected);
    adv.affected = affected.p;
    adv.n_affected = affected.n;
    if (!status_of(adv.state))
        x->s->bad(x->s->arg, adv.id, 0, "no status of OpenVEX");
    else if (!affected.n)
        x->s->bad(x->s->arg, adv.id, 0, "a statement about no product");
    else
        x->any |= hn_adv_give(x->s, &adv, &text, 0);
}

bool hn_adv_read_openvex(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct vex x = {.s = s, .doc = hn_adv_tree(doc, s)};
    if (!x.doc)
        return false;
    HN_ADV_EACH(statement, hn_jv_get(x.doc, "statements"))
        read_statement(&x, statement);
    hn_arena_clear(s->arena);
    return x.any;
}
