/* CSAF 2.0 (OASIS csaf-v2.0), profiles security advisory and VEX; 2.1 where it only adds. One record for each
 * vulnerability: its id is the CVE, its part the document.
 *
 *   product_tree   branches (vendor › product_name › product_version), full_product_names     product_id → product
 *                  relationships: component "default_component_of" product                    product_id → both
 *   vulnerability  product_status {known_affected: [product_id…]…}, flags, remediations, threats, scores
 *
 * Each (status, product_id) is an affected entry. Red Hat's components are named as OSV names them: ecosystem "Red
 * Hat:" and the rest of the platform's CPE ("Red Hat:enterprise_linux:9::baseos"). */
#include "base/map.h"
#include "format/advisory/read_in.h"
#include "format/version/vers.h"
#include "format/version/version.h"

#define BRANCH_DEPTH    32u
#define CONSTRAINTS_MAX 1000u /* of a range; sorted by insertion */

struct product {
    struct hn_str id, name, purl, cpe, vendor, product, version, range;
    const struct product *within; /* of a relationship: what it is part of */
};

/* What the lists of a vulnerability say about one product_id. */
struct saying {
    struct hn_str flag, remedy;
};

struct csaf {
    const struct hn_adv_sink *s;
    struct hn_arena *a;
    struct hn_map products, groups; /* id → struct product; group id → its JSON list */
    struct hn_str document, author;
    hn_time released, first;
    bool any, failed;
};

static void put(struct csaf *c, struct hn_map *m, struct hn_str key, void *value)
{
    if (!value || !hn_ok(hn_map_set(m, hn_str_bytes(key), value)))
        c->failed = true;
}

static const struct product *product_of(const struct csaf *c, struct hn_str id)
{
    return hn_map_find(&c->products, hn_str_bytes(id));
}

/* ---------------------------------------------------------------- product tree */

struct path {
    struct hn_str vendor, product, version, range;
};

/* SUSE names a package "curl-8.0.1-150400.5.41.1.x86_64", many of its documents without a package URL; one that is only
 * affected has no version: "curl". */
static struct hn_str suse_purl(struct hn_arena *a, struct hn_str name)
{
    static const char *const arches[] = {"x86_64", "noarch", "aarch64", "ppc64le", "s390x", "i586",
                                         "i686",   "ia64",   "ppc64",   "s390",    "src"};
    size_t cuts[2], n_cuts = 0, dot = name.n;
    while (dot && name.p[dot - 1] != '.')
        dot--;
    struct hn_str arch = hn_str_cut(name, dot, name.n);
    bool is_arch = false;
    for (size_t i = 0; dot && i < sizeof arches / sizeof *arches; i++)
        is_arch = is_arch || hn_str_eqc(arch, arches[i]);
    for (size_t i = is_arch ? dot : 0; i > 1 && n_cuts < 2; i--)
        if (name.p[i - 1] == '-')
            cuts[n_cuts++] = i - 1;
    if (n_cuts == 2)
        return hn_arena_fmt(a, "pkg:rpm/suse/%.*s@%.*s?arch=%.*s", HN_FMT(hn_str_cut(name, 0, cuts[1])),
                            HN_FMT(hn_str_cut(name, cuts[1] + 1, dot - 1)), HN_FMT(arch));
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] == ':' || name.p[i] == '/')
            return HN_STR("");
    return hn_arena_fmt(a, "pkg:rpm/suse/%.*s", HN_FMT(name));
}

static void add_product(struct csaf *c, const struct hn_jv *v, const struct path *at)
{
    const struct hn_jv *helper = hn_jv_get(v, "product_identification_helper"), *purls = hn_jv_get(helper, "purls");
    struct product *p = HN_NEW(c->a, struct product);
    struct hn_str id = hn_adv_tree_str(v, "product_id");
    if (!p || !id.n)
        return;
    *p = (struct product){.id = id,
                          .name = hn_adv_tree_str(v, "name"),
                          .purl = hn_adv_tree_str(helper, "purl"),
                          .cpe = hn_adv_tree_str(helper, "cpe"),
                          .vendor = at->vendor,
                          .product = at->product,
                          .version = at->version,
                          .range = at->range};
    if (!p->purl.n && purls && purls->kind == HN_JV_ARR && purls->n && purls->items[0].kind == HN_JV_STR)
        p->purl = purls->items[0].s; /* 2.1 */
    if (!p->purl.n && !p->cpe.n && at->version.n && hn_str_eqc(at->vendor, "SUSE"))
        p->purl = suse_purl(c->a, at->version);
    put(c, &c->products, id, p);
}

static void walk_branches(struct csaf *c, const struct hn_jv *branches, const struct path *outer, unsigned depth)
{
    if (depth > BRANCH_DEPTH) {
        c->s->bad(c->s->arg, c->document, 0, "branches nested too deeply");
        return;
    }
    HN_ADV_EACH(branch, branches) {
        struct path at = *outer;
        struct hn_str category = hn_adv_tree_str(branch, "category"), name = hn_adv_tree_str(branch, "name");
        const struct hn_jv *product = hn_jv_get(branch, "product");
        if (hn_str_eqc(category, "vendor"))
            at.vendor = name;
        else if (hn_str_eqc(category, "product_name"))
            at.product = name;
        else if (hn_str_eqc(category, "product_version"))
            at.version = name;
        else if (hn_str_eqc(category, "product_version_range"))
            at.range = name;
        if (product)
            add_product(c, product, &at);
        walk_branches(c, hn_jv_get(branch, "branches"), &at, depth + 1);
    }
}

/* A product made of two others. Its parts may be relationships themselves; they stand before it (§3.2.3.2 has no rule:
 * those that come later are not found and the product keeps only its name). */
static void add_relationship(struct csaf *c, const struct hn_jv *v)
{
    const struct hn_jv *full = hn_jv_get(v, "full_product_name");
    const struct product *part = product_of(c, hn_adv_tree_str(v, "product_reference")),
                         *whole = product_of(c, hn_adv_tree_str(v, "relates_to_product_reference"));
    struct product *p = HN_NEW(c->a, struct product);
    struct hn_str id = hn_adv_tree_str(full, "product_id");
    if (!p || !id.n)
        return;
    if (part)
        *p = *part;
    else
        *p = (struct product){.version = HN_STR(""), .range = HN_STR("")};
    p->id = id;
    p->name = hn_adv_tree_str(full, "name");
    p->within = whole;
    put(c, &c->products, id, p);
}

static void read_tree(struct csaf *c, const struct hn_jv *tree)
{
    const struct path top = {HN_STR(""), HN_STR(""), HN_STR(""), HN_STR("")};
    walk_branches(c, hn_jv_get(tree, "branches"), &top, 0);
    HN_ADV_EACH(name, hn_jv_get(tree, "full_product_names"))
        add_product(c, name, &top);
    HN_ADV_EACH(relationship, hn_jv_get(tree, "relationships"))
        add_relationship(c, relationship);
    HN_ADV_EACH(group, hn_jv_get(tree, "product_groups"))
        put(c, &c->groups, hn_adv_tree_str(group, "group_id"), (void *)(uintptr_t)hn_jv_get(group, "product_ids"));
}

/* ---------------------------------------------------------------- versions */

struct constraint {
    enum hn_vers_compare compare;
    struct hn_str version;
};

/* What a product is listed for, as far as it can be compared. */
struct versions {
    struct hn_adv_vec events, listed, excluded; /* struct hn_adv_event; hn_str; struct hn_adv_cve_version */
};

/* Rising; the order of a range says nothing (VERS wants it sorted, not everybody does it). */
static bool read_constraints(struct hn_arena *a, struct hn_str rest, enum hn_version_order order, struct hn_adv_vec *v)
{
    struct constraint one, *list;

    while (hn_vers_take(a, &rest, &one.compare, &one.version)) {
        if (v->n >= CONSTRAINTS_MAX || !hn_adv_push(a, v, sizeof one))
            return false;
        size_t i = v->n - 1;
        for (list = v->p; i && hn_version_cmp(order, hn_str_bytes(list[i - 1].version), hn_str_bytes(one.version)) > 0;
             i--)
            list[i] = list[i - 1];
        list[i] = one;
    }
    return !rest.p && v->n;
}

static void push_event(struct hn_arena *a, struct versions *v, enum hn_adv_event_kind kind, struct hn_str version)
{
    struct hn_adv_event *e = hn_adv_push(a, &v->events, sizeof *e);
    if (e)
        *e = (struct hn_adv_event){kind, version};
}

/* OSV's events have no "above" and no "except": such a version is an entry of its own, which is asked first. */
static void exclude(struct hn_arena *a, struct versions *v, struct hn_str version)
{
    struct hn_adv_cve_version *x = hn_adv_push(a, &v->excluded, sizeof *x);
    if (x)
        *x = (struct hn_adv_cve_version){.version = version,
                                         .type = HN_STR(""),
                                         .less_than = HN_STR(""),
                                         .less_than_or_equal = HN_STR(""),
                                         .status = HN_STATUS_NOT_AFFECTED};
}

static void add_constraint(struct hn_arena *a, struct versions *v, const struct constraint *c, bool *open)
{
    bool all = hn_str_eqc(c->version, "*");

    switch (c->compare) {
    case HN_VERS_IS:
        if (all)
            push_event(a, v, HN_EVENT_INTRODUCED, HN_STR("0"));
        else
            hn_adv_push_str(a, &v->listed, c->version);
        return;
    case HN_VERS_IS_NOT:
        exclude(a, v, c->version);
        return;
    case HN_VERS_MORE:
        exclude(a, v, c->version);
        /* fall through */
    case HN_VERS_MORE_OR_IS:
        push_event(a, v, HN_EVENT_INTRODUCED, c->version);
        *open = true;
        return;
    case HN_VERS_LESS:
    case HN_VERS_LESS_OR_IS:
        if (!*open) /* an upper bound alone begins at the beginning */
            push_event(a, v, HN_EVENT_INTRODUCED, HN_STR("0"));
        push_event(a, v, c->compare == HN_VERS_LESS ? HN_EVENT_FIXED : HN_EVENT_LAST_AFFECTED, c->version);
        *open = false;
        return;
    }
}

/* A range as VERS, or its constraints alone. False: words, which nothing can be compared with. */
static bool read_range(struct hn_arena *a, struct hn_str range, enum hn_version_order order, struct versions *v)
{
    ptrdiff_t slash = hn_str_chr(range, '/');
    bool vers = hn_vers_is(range) && slash > 5, open = false;
    struct hn_adv_vec constraints = {0};

    if (vers && order == HN_ORDER_UNKNOWN)
        order = hn_version_order_of_vers(hn_str_cut(range, 5, (size_t)slash));
    if (order == HN_ORDER_UNKNOWN)
        order = HN_ORDER_GENERIC;
    if ((!vers && !hn_vers_is_bare(range)) ||
        !read_constraints(a, vers ? hn_str_cut(range, (size_t)slash + 1, range.n) : range, order, &constraints))
        return false;
    for (size_t i = 0; i < constraints.n; i++)
        add_constraint(a, v, (const struct constraint *)constraints.p + i, &open);
    if (v->excluded.n && !v->events.n && !v->listed.n) /* everything but */
        push_event(a, v, HN_EVENT_INTRODUCED, HN_STR("0"));
    return true;
}

/* Versions as Red Hat and others write them beside the purl's: the epoch is a qualifier there. */
static struct hn_str full_version(struct hn_arena *a, const struct hn_adv_purl *p)
{
    if (!p->version.n || !p->epoch.n || hn_str_eqc(p->epoch, "0") || hn_str_chr(p->version, ':') >= 0)
        return p->version;
    return hn_arena_fmt(a, "%.*s:%.*s", HN_FMT(p->epoch), HN_FMT(p->version));
}

static bool is_fixed(enum hn_adv_status s)
{
    return s == HN_STATUS_FIXED || s == HN_STATUS_FIRST_FIXED;
}

/* As VERS, for who asks by package URL; words stay words. */
static struct hn_str as_vers(struct hn_arena *a, struct hn_str range, const struct hn_adv_purl *purl)
{
    if (hn_vers_is(range) || !hn_vers_is_bare(range) || !purl->type.n)
        return range;
    return hn_arena_fmt(a, "vers:%.*s/%.*s", HN_FMT(purl->type), HN_FMT(range));
}

static void give_range(struct csaf *c, struct hn_adv_affected *f, enum hn_adv_range_type type, struct versions *v)
{
    struct hn_adv_range *r = HN_NEW(c->a, struct hn_adv_range);
    if (!r)
        return;
    *r = (struct hn_adv_range){.type = type, .repo = HN_STR(""), .events = v->events.p, .n = v->events.n};
    f->ranges = r;
    f->n_ranges = 1;
}

/* A distribution's package that is fixed in a version was affected before it; elsewhere "fixed" speaks of this version
 * alone, and a range of fixed ones says nothing of the others. */
static void set_versions(struct csaf *c, const struct product *p, struct hn_adv_affected *f)
{
    struct versions v = {0};
    struct hn_adv_purl purl = {0};
    bool known = hn_adv_purl_parts(c->a, p->purl, &purl), readable = true;
    bool distribution =
        known && (hn_str_eqc(purl.type, "rpm") || hn_str_eqc(purl.type, "deb") || hn_str_eqc(purl.type, "apk"));
    /* Red Hat writes the component's name for a version where all that were shipped are meant. */
    struct hn_str version = known && purl.version.n                            ? full_version(c->a, &purl)
                            : distribution && hn_str_eq(p->version, purl.name) ? HN_STR("")
                                                                               : p->version;
    f->vers = as_vers(c->a, p->range, &purl);
    if (distribution && is_fixed(f->status) && version.n) {
        push_event(c->a, &v, HN_EVENT_INTRODUCED, HN_STR("0"));
        push_event(c->a, &v, HN_EVENT_FIXED, version);
    } else if (p->range.n) {
        readable = read_range(c->a, p->range, hn_version_order_of_purl(purl.type), &v);
        if (readable && is_fixed(f->status))
            return;
    }
    if (!readable) {
        f->urgency = p->range; /* for people */
        hn_adv_push_str(c->a, &v.listed, version);
    } else if (!v.events.n && !v.listed.n) {
        hn_adv_push_str(c->a, &v.listed, version);
    }
    f->versions = hn_adv_vec_strs(&v.listed);
    f->cve_versions = v.excluded.p;
    f->n_cve_versions = v.excluded.n;
    if (v.events.n)
        give_range(c, f, HN_RANGE_ECOSYSTEM, &v);
    else if (!readable) /* without events nothing is decided: unknown, neither all versions nor none */
        give_range(c, f, HN_RANGE_CUSTOM, &v);
}

/* ---------------------------------------------------------------- affected */

/* "cpe:/o:redhat:enterprise_linux:9::baseos" → "enterprise_linux:9::baseos" */
static struct hn_str red_hat_stream(struct hn_str cpe)
{
    static const char *const prefixes[] = {"cpe:/o:redhat:", "cpe:/a:redhat:"};
    for (unsigned i = 0; i < 2; i++)
        if (hn_str_starts(cpe, prefixes[i]))
            return hn_str_cut(cpe, strlen(prefixes[i]), cpe.n);
    return HN_STR("");
}

/* "SUSE Linux Enterprise Server 15 SP5" → "SUSE:Linux Enterprise Server 15 SP5", as OSV names it. */
static struct hn_str suse_ecosystem(struct hn_arena *a, struct hn_str product)
{
    static const char *const bases[] = {"SUSE ", "openSUSE "};
    for (unsigned i = 0; i < 2; i++)
        if (hn_str_starts(product, bases[i])) {
            size_t n = strlen(bases[i]);
            return hn_arena_fmt(a, "%.*s:%.*s", HN_FMT(hn_str_cut(product, 0, n - 1)),
                                HN_FMT(hn_str_cut(product, n, product.n)));
        }
    return HN_STR("");
}

static void name_package(struct csaf *c, const struct product *p, struct hn_adv_affected *f)
{
    struct hn_adv_vec cpes = {0};
    struct hn_str stream = p->within ? red_hat_stream(p->within->cpe) : HN_STR("");
    hn_adv_push_str(c->a, &cpes, p->cpe);
    f->cpes = hn_adv_vec_strs(&cpes);
    f->purl = p->purl;
    hn_adv_fill_from_purl(c->a, f);
    struct hn_str suse =
        p->within && hn_str_starts(p->purl, "pkg:rpm/") ? suse_ecosystem(c->a, p->within->name) : HN_STR("");
    if (suse.n) {
        f->ecosystem = suse;
        if (f->status == HN_STATUS_RECOMMENDED) /* how SUSE says that it is fixed from there on */
            f->status = HN_STATUS_FIXED;
    }
    if (stream.n && (!f->ecosystem.n || hn_str_eqc(f->ecosystem, "Red Hat"))) {
        f->ecosystem = hn_arena_fmt(c->a, "Red Hat:%.*s", HN_FMT(stream));
        if (!f->name.n) /* a component without a version is only named: "kernel" */
            f->name = p->product.n ? p->product : p->id;
    }
    if (!p->within)
        return;
    const struct product *w = p->within;
    f->within = w->purl.n ? w->purl : w->cpe.n ? w->cpe : w->name.n ? w->name : w->id;
}

static void push_affected(struct csaf *c, struct hn_adv_vec *v, struct hn_str id, enum hn_adv_status status,
                          const struct hn_map *sayings)
{
    static const struct product nothing = {.version = HN_STR_INIT(""), .range = HN_STR_INIT("")};
    const struct product *p = product_of(c, id);
    const struct saying *say = hn_map_find(sayings, hn_str_bytes(id));
    struct hn_adv_affected *f = hn_adv_push(c->a, v, sizeof *f);
    if (!f)
        return;
    f->status = status;
    f->product_name = p && p->name.n ? p->name : id;
    if (!p)
        p = &nothing;
    f->vendor = p->vendor;
    f->product = p->product;
    if (say) {
        f->note = say->flag;
        f->statement = say->remedy;
    }
    name_package(c, p, f);
    set_versions(c, p, f);
}

static const struct {
    const char *word;
    enum hn_adv_status status;
} statuses[] = {
    {"known_affected", HN_STATUS_AFFECTED},
    {"known_not_affected", HN_STATUS_NOT_AFFECTED},
    {"fixed", HN_STATUS_FIXED},
    {"under_investigation", HN_STATUS_INVESTIGATING},
    {"first_affected", HN_STATUS_FIRST_AFFECTED},
    {"last_affected", HN_STATUS_LAST_AFFECTED},
    {"first_fixed", HN_STATUS_FIRST_FIXED},
    {"recommended", HN_STATUS_RECOMMENDED},
    {"unknown", HN_STATUS_UNKNOWN}, /* 2.1 */
};

/* ---------------------------------------------------------------- flags, remedies */

static void say(struct csaf *c, struct hn_map *m, const struct hn_jv *ids, struct hn_str flag, struct hn_str remedy)
{
    HN_ADV_EACH(id, ids) {
        if (id->kind != HN_JV_STR)
            continue;
        struct saying *s = hn_map_find(m, hn_str_bytes(id->s));
        if (!s) {
            s = HN_NEW(c->a, struct saying);
            put(c, m, id->s, s);
        }
        if (s && !s->flag.n)
            s->flag = flag;
        if (s && !s->remedy.n)
            s->remedy = remedy;
    }
}

static void say_all(struct csaf *c, struct hn_map *m, const struct hn_jv *item, struct hn_str flag,
                    struct hn_str remedy)
{
    say(c, m, hn_jv_get(item, "product_ids"), flag, remedy);
    HN_ADV_EACH(group, hn_jv_get(item, "group_ids"))
        if (group->kind == HN_JV_STR)
            say(c, m, hn_map_find(&c->groups, hn_str_bytes(group->s)), flag, remedy);
}

static void read_sayings(struct csaf *c, const struct hn_jv *v, struct hn_map *m)
{
    HN_ADV_EACH(flag, hn_jv_get(v, "flags"))
        say_all(c, m, flag, hn_adv_tree_str(flag, "label"), HN_STR(""));
    HN_ADV_EACH(remedy, hn_jv_get(v, "remediations")) {
        struct hn_str category = hn_adv_tree_str(remedy, "category"), details = hn_adv_tree_str(remedy, "details");
        bool fix = hn_str_eqc(category, "vendor_fix");
        say_all(c, m, remedy, fix ? HN_STR("") : category, details);
    }
    HN_ADV_EACH(threat, hn_jv_get(v, "threats"))
        if (hn_str_eqc(hn_adv_tree_str(threat, "category"), "impact"))
            say_all(c, m, threat, HN_STR(""), hn_adv_tree_str(threat, "details"));
}

/* ---------------------------------------------------------------- vulnerabilities */

static void push_scores(struct csaf *c, const struct hn_jv *list, struct hn_adv_vec *v)
{
    static const char *const keys[] = {"cvss_v4", "cvss_v3", "cvss_v2"};
    HN_ADV_EACH(score, list)
        for (unsigned i = 0; i < 3; i++) {
            const struct hn_jv *content = hn_jv_get(score, "content"); /* 2.1 */
            struct hn_adv_severity s, *have = v->p, *p;
            size_t k = 0;
            if (!hn_adv_tree_cvss(hn_jv_get(content ? content : score, keys[i]), &s))
                continue;
            while (k < v->n && !hn_str_eq(have[k].vector, s.vector))
                k++;
            if (k == v->n && v->n < 64 && (p = hn_adv_push(c->a, v, sizeof *p))) {
                s.source = c->author;
                s.sayer = hn_str_starts(c->author, "Red Hat") ? HN_SAYER_DISTRO : HN_SAYER_OTHER;
                *p = s;
            }
        }
}

static void take_notes(const struct hn_jv *v, struct hn_adv *adv, struct hn_adv_text *text)
{
    HN_ADV_EACH(note, hn_jv_get(v, "notes")) {
        struct hn_str category = hn_adv_tree_str(note, "category");
        if (!text->details.n && (hn_str_eqc(category, "description") || hn_str_eqc(category, "details")))
            text->details = hn_adv_tree_str(note, "text");
        if (!adv->summary.n && hn_str_eqc(category, "summary"))
            adv->summary = hn_adv_tree_str(note, "text");
    }
    struct hn_str title = hn_adv_tree_str(v, "title");
    adv->summary = title.n ? title : hn_adv_first_line(adv->summary.n ? adv->summary : text->details);
}

static void take_ids(struct csaf *c, const struct hn_jv *v, size_t number, struct hn_adv *adv)
{
    struct hn_adv_vec aliases = {0}, related = {0}, cwes = {0};
    adv->id = hn_adv_tree_str(v, "cve");
    HN_ADV_EACH(id, hn_jv_get(v, "ids")) {
        struct hn_str text = hn_adv_tree_str(id, "text");
        if (!adv->id.n)
            adv->id = text;
        else if (hn_str_starts(text, "GHSA-"))
            hn_adv_push_str_once(c->a, &aliases, text);
        else
            hn_adv_push_str_once(c->a, &related, text);
    }
    if (!adv->id.n) {
        adv->id = c->document;
        adv->part = hn_arena_fmt(c->a, "%.*s#%zu", HN_FMT(c->document), number);
    }
    if (!hn_str_eq(adv->id, c->document))
        hn_adv_push_str_once(c->a, &related, c->document); /* so that RHSA-… leads here */
    hn_adv_push_str(c->a, &cwes, hn_adv_tree_str(hn_jv_get(v, "cwe"), "id"));
    HN_ADV_EACH(cwe, hn_jv_get(v, "cwes")) /* 2.1 */
        hn_adv_push_str_once(c->a, &cwes, hn_adv_tree_str(cwe, "id"));
    adv->aliases = hn_adv_vec_strs(&aliases);
    adv->related = hn_adv_vec_strs(&related);
    adv->cwes = hn_adv_vec_strs(&cwes);
}

static void read_vulnerability(struct csaf *c, const struct hn_jv *v, size_t number)
{
    struct hn_adv adv = {.family = HN_ADV_CSAF, .part = c->document, .document = c->document, .author = c->author};
    struct hn_adv_text text = {0};
    struct hn_adv_vec affected = {0}, severities = {0};
    struct hn_map sayings;
    hn_map_init(&sayings);
    adv.published = hn_adv_tree_time(v, "release_date");
    if (!adv.published)
        adv.published = c->first;
    adv.modified = c->released;
    take_ids(c, v, number, &adv);
    take_notes(v, &adv, &text);
    read_sayings(c, v, &sayings);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        HN_ADV_EACH(id, hn_jv_get(hn_jv_get(v, "product_status"), statuses[i].word))
            if (id->kind == HN_JV_STR)
                push_affected(c, &affected, id->s, statuses[i].status, &sayings);
    push_scores(c, hn_jv_get(v, "scores"), &severities);
    push_scores(c, hn_jv_get(v, "metrics"), &severities);
    hn_adv_tree_references(c->a, hn_jv_get(v, "references"), &text);
    adv.affected = affected.p;
    adv.n_affected = affected.n;
    adv.severities = severities.p;
    adv.n_severities = severities.n;
    if (c->failed)
        c->s->bad(c->s->arg, adv.id, 0, "too large");
    else
        c->any |= hn_adv_give(c->s, &adv, &text, 0);
    hn_map_done(&sayings);
}

bool hn_adv_read_csaf(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct csaf c = {.s = s, .a = s->arena};
    const struct hn_jv *v = hn_adv_tree(doc, s), *document = hn_jv_get(v, "document"),
                       *tracking = hn_jv_get(document, "tracking");
    size_t number = 0;
    if (!v)
        return false;
    hn_map_init(&c.products);
    hn_map_init(&c.groups);
    c.document = hn_adv_tree_str(tracking, "id");
    c.author = hn_adv_tree_str(hn_jv_get(document, "publisher"), "name");
    c.first = hn_adv_tree_time(tracking, "initial_release_date");
    c.released = hn_adv_tree_time(tracking, "current_release_date");
    read_tree(&c, hn_jv_get(v, "product_tree"));
    HN_ADV_EACH(vulnerability, hn_jv_get(v, "vulnerabilities"))
        read_vulnerability(&c, vulnerability, number++);
    if (!number && s->dated)
        s->dated(s->arg, c.released); /* an informational advisory: nothing to match, no error */
    hn_map_done(&c.products);
    hn_map_done(&c.groups);
    hn_arena_clear(s->arena);
    return c.any;
}
