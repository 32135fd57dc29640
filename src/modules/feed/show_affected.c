/* show: what a record says is affected. OSV's ranges and versions, the versions of a CVE record with the status of each
 * and of all others, verdicts on products, and configurations of CPE names. */
#include "base/str.h"
#include "modules/feed/show.h"

#define VERSIONS_MOST 200u        /* of one package, as JSON; the rest is counted */
#define VERSIONS_TOLD 12u         /* for people */
#define TELL_MOST     (64u << 10) /* bytes of one line */

static const char *const statuses[] = {
    "",        "affected",       "not_affected",  "fixed",       "under_investigation",
    "unknown", "first_affected", "last_affected", "first_fixed", "recommended"};
static const char *const range_types[] = {"SEMVER", "ECOSYSTEM", "GIT", "CUSTOM", "UNKNOWN"};
static const char *const events[] = {"introduced", "fixed", "last_affected", "limit"};

/* ---------------------------------------------------------------- JSON */

void feed_show_kstr(struct hn_jw *j, const char *key, struct hn_str s)
{
    if (s.n)
        hn_jw_kstr(j, key, s);
}

void feed_show_kstrs(struct hn_jw *j, const char *key, struct hn_adv_strs list, size_t most)
{
    if (!list.n)
        return;
    hn_jw_key(j, key);
    hn_jw_arr(j);
    for (size_t i = 0; i < list.n && i < most; i++)
        hn_jw_str(j, list.p[i]);
    hn_jw_arr_end(j);
}

static void put_ranges(struct hn_jw *j, const struct hn_adv_affected *f)
{
    hn_jw_key(j, "ranges");
    hn_jw_arr(j);
    for (size_t i = 0; i < f->n_ranges; i++) {
        const struct hn_adv_range *r = &f->ranges[i];
        hn_jw_obj(j);
        hn_jw_kc(j, "type", WORD(range_types, r->type));
        feed_show_kstr(j, "repo", r->repo);
        hn_jw_key(j, "events");
        hn_jw_arr(j);
        for (size_t k = 0; k < r->n; k++) {
            hn_jw_obj(j);
            hn_jw_kstr(j, WORD(events, r->events[k].kind), r->events[k].version);
            hn_jw_obj_end(j);
        }
        hn_jw_arr_end(j);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* Under the names that CVE JSON 5 has for them. */
static void put_cve_version(struct hn_jw *j, const struct hn_adv_cve_version *v)
{
    hn_jw_obj(j);
    hn_jw_kstr(j, "version", v->version);
    feed_show_kstr(j, "lessThan", v->less_than);
    feed_show_kstr(j, "lessThanOrEqual", v->less_than_or_equal);
    feed_show_kstr(j, "versionType", v->type);
    hn_jw_kc(j, "status", WORD(statuses, v->status));
    if (v->n_changes) {
        hn_jw_key(j, "changes");
        hn_jw_arr(j);
        for (size_t i = 0; i < v->n_changes; i++) {
            hn_jw_obj(j);
            hn_jw_kstr(j, "at", v->changes[i].at);
            hn_jw_kc(j, "status", WORD(statuses, v->changes[i].status));
            hn_jw_obj_end(j);
        }
        hn_jw_arr_end(j);
    }
    hn_jw_obj_end(j);
}

static void put_cve_versions(struct hn_jw *j, const struct hn_adv_affected *f)
{
    if (!f->n_cve_versions)
        return;
    hn_jw_key(j, "version_statuses");
    hn_jw_arr(j);
    for (size_t i = 0; i < f->n_cve_versions; i++)
        put_cve_version(j, &f->cve_versions[i]);
    hn_jw_arr_end(j);
}

static void put_imports(struct hn_jw *j, const struct hn_adv_affected *f)
{
    if (!f->n_imports)
        return;
    hn_jw_key(j, "imports");
    hn_jw_arr(j);
    for (size_t i = 0; i < f->n_imports; i++) {
        hn_jw_obj(j);
        hn_jw_kstr(j, "path", f->imports[i].path);
        feed_show_kstrs(j, "symbols", f->imports[i].symbols, SIZE_MAX);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

void feed_show_put_affected(struct hn_jw *j, const struct hn_adv_affected *f)
{
    hn_jw_obj(j);
    feed_show_kstr(j, "ecosystem", f->ecosystem);
    feed_show_kstr(j, "name", f->name);
    feed_show_kstr(j, "purl", f->purl);
    feed_show_kstr(j, "vendor", f->vendor);
    feed_show_kstr(j, "product", f->product.n ? f->product : f->product_name);
    feed_show_kstr(j, "within", f->within);
    feed_show_kstr(j, "status", hn_str_c(WORD(statuses, f->status)));
    feed_show_kstr(j, "urgency", f->urgency);
    feed_show_kstr(j, "note", f->note);
    feed_show_kstr(j, "statement", f->statement);
    if (f->n_ranges)
        put_ranges(j, f);
    feed_show_kstrs(j, "versions", f->versions, VERSIONS_MOST);
    if (f->versions.n > VERSIONS_MOST)
        hn_jw_kint(j, "versions_left_out", (int64_t)(f->versions.n - VERSIONS_MOST));
    put_cve_versions(j, f);
    put_imports(j, f);
    feed_show_kstrs(j, "cpes", f->cpes, SIZE_MAX);
    feed_show_kstrs(j, "platforms", f->platforms, SIZE_MAX);
    feed_show_put_severities(j, f->severities, f->n_severities);
    hn_jw_obj_end(j);
}

static void put_match(struct hn_jw *j, const struct hn_adv_cpe_match *m)
{
    hn_jw_obj(j);
    hn_jw_kstr(j, "criteria", m->criteria);
    hn_jw_kbool(j, "vulnerable", m->vulnerable);
    feed_show_kstr(j, "versionStartIncluding", m->start_including);
    feed_show_kstr(j, "versionStartExcluding", m->start_excluding);
    feed_show_kstr(j, "versionEndIncluding", m->end_including);
    feed_show_kstr(j, "versionEndExcluding", m->end_excluding);
    hn_jw_obj_end(j);
}

void feed_show_put_nodes(struct hn_jw *j, const struct hn_adv *r)
{
    if (!r->n_nodes)
        return;
    hn_jw_key(j, "configurations");
    hn_jw_arr(j);
    for (size_t i = 0; i < r->n_nodes; i++) {
        const struct hn_adv_cpe_node *n = &r->nodes[i];
        hn_jw_obj(j);
        if (n->parent >= 0)
            hn_jw_kint(j, "parent", n->parent); /* its place in this list */
        hn_jw_kc(j, "operator", n->all ? "AND" : "OR");
        if (n->negate)
            hn_jw_kbool(j, "negate", true);
        hn_jw_key(j, "matches");
        hn_jw_arr(j);
        for (size_t k = 0; k < n->n; k++)
            put_match(j, &n->matches[k]);
        hn_jw_arr_end(j);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

/* ---------------------------------------------------------------- for people */

static void add(struct hn_buf *b, const char *before, struct hn_str s)
{
    if (s.n)
        hn_buf_fmt(b, "%s%.*s", b->n ? before : "", HN_FMT(s));
}

static void add_ranges(struct hn_buf *b, const struct hn_adv_affected *f)
{
    for (size_t i = 0; i < f->n_ranges; i++)
        for (size_t k = 0; k < f->ranges[i].n; k++)
            hn_buf_fmt(b, "%s%s %.*s", b->n ? ", " : "", WORD(events, f->ranges[i].events[k].kind),
                       HN_FMT(f->ranges[i].events[k].version));
    if (f->n_ranges)
        return; /* they say what the list of versions spells out */
    for (size_t i = 0; i < f->versions.n && i < VERSIONS_TOLD; i++)
        add(b, ", ", f->versions.p[i]);
    if (f->versions.n > VERSIONS_TOLD)
        hn_buf_fmt(b, ", … (%zu)", f->versions.n);
}

static void add_cve_versions(struct hn_buf *b, const struct hn_adv_affected *f)
{
    for (size_t i = 0; i < f->n_cve_versions; i++) {
        const struct hn_adv_cve_version *v = &f->cve_versions[i];
        add(b, ", ", v->version);
        if (v->less_than.n)
            hn_buf_fmt(b, " … < %.*s", HN_FMT(v->less_than));
        else if (v->less_than_or_equal.n)
            hn_buf_fmt(b, " … ≤ %.*s", HN_FMT(v->less_than_or_equal));
        hn_buf_fmt(b, " %s", WORD(statuses, v->status));
        for (size_t k = 0; k < v->n_changes; k++)
            hn_buf_fmt(b, ", %.*s %s", HN_FMT(v->changes[k].at), WORD(statuses, v->changes[k].status));
    }
}

/* "xz: 5.6.0 affected, 5.6.1 affected, all others not_affected". */
void feed_show_tell_affected(struct shown *s, const struct hn_adv_affected *f)
{
    enum hn_lang lang = (enum hn_lang)hn_work_lang(s->w);
    struct hn_str product = f->product.n ? f->product : f->product_name;
    struct hn_buf b, what;
    hn_buf_init(&b, TELL_MOST);
    hn_buf_init(&what, TELL_MOST);
    add(&b, "", f->ecosystem);
    if (!hn_str_eq(hn_str_cut(product, 0, f->vendor.n), f->vendor)) /* "Red Hat", "Red Hat Enterprise Linux 10" */
        add(&b, " ", f->vendor);
    add(&b, " ", product);
    add(&b, " ", f->name.n ? f->name : f->purl);
    for (size_t i = 0; !b.n && i < f->cpes.n; i++)
        add(&b, " ", f->cpes.p[i]);
    if (f->within.n)
        hn_buf_fmt(&b, " (%.*s)", HN_FMT(f->within));
    add_ranges(&what, f);
    add_cve_versions(&what, f);
    if (f->status != HN_STATUS_UNSAID && f->n_cve_versions)
        hn_buf_fmt(&what, "%s%s %s", what.n ? ", " : "", hn_text_find(lang, "feed.show.others"),
                   WORD(statuses, f->status));
    else
        add(&what, "  ", hn_str_c(WORD(statuses, f->status)));
    add(&what, "  ", f->urgency);
    add(&what, "  ", f->note);
    hn_work_print(s->w, "    ");
    hn_work_text(s->w, hn_buf_text(&b));
    hn_work_print(s->w, what.n ? ": " : "");
    hn_work_text(s->w, hn_buf_text(&what));
    hn_work_print(s->w, "\n");
    hn_buf_done(&b);
    hn_buf_done(&what);
}

static unsigned depth_of(const struct hn_adv *r, size_t i)
{
    unsigned depth = 0;
    for (int32_t up = r->nodes[i].parent; up >= 0 && (size_t)up < i && depth < 8; depth++) {
        i = (size_t)up;
        up = r->nodes[i].parent;
    }
    return depth;
}

static void tell_match(struct shown *s, unsigned indent, const struct hn_adv_cpe_match *m)
{
    struct hn_buf b;
    hn_buf_init(&b, TELL_MOST);
    add(&b, "", m->criteria);
    add(&b, "  ≥ ", m->start_including);
    add(&b, "  > ", m->start_excluding);
    add(&b, "  ≤ ", m->end_including);
    add(&b, "  < ", m->end_excluding);
    hn_work_print(s->w, "%*s", (int)indent, "");
    hn_work_text(s->w, hn_buf_text(&b));
    if (!m->vulnerable)
        hn_work_print(s->w, "  (%s)", hn_text_find((enum hn_lang)hn_work_lang(s->w), "feed.show.platform"));
    hn_work_print(s->w, "\n");
    hn_buf_done(&b);
}

void feed_show_tell_nodes(struct shown *s, const struct hn_adv *r)
{
    for (size_t i = 0; i < r->n_nodes; i++) {
        const struct hn_adv_cpe_node *n = &r->nodes[i];
        unsigned indent = 4 + 2 * depth_of(r, i);
        hn_work_print(s->w, "%*s%s%s\n", (int)indent, "", n->negate ? "NOT " : "", n->all ? "AND" : "OR");
        for (size_t k = 0; k < n->n; k++)
            tell_match(s, indent + 2, &n->matches[k]);
    }
}
