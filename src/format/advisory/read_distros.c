/* Distributions in forms of their own: Debian's tracker, Ubuntu's USN database and CVE API, Alpine's secdb. All become
 * affected entries in OSV's ecosystems with ranges "introduced 0, fixed X", so that one evaluation serves them all. */
#include <stdlib.h>

#include "format/advisory/read_in.h"

/* ---------------------------------------------------------------- shared */

/* [0, fixed), or all versions when fixed is empty. */
static void set_range(struct hn_arena *a, struct hn_adv_affected *f, struct hn_str fixed)
{
    struct hn_adv_event *events = hn_arena_alloc(a, 2 * sizeof *events);
    struct hn_adv_range *range = HN_NEW(a, struct hn_adv_range);
    if (!events || !range)
        return;
    events[0] = (struct hn_adv_event){HN_EVENT_INTRODUCED, HN_STR("0")};
    events[1] = (struct hn_adv_event){HN_EVENT_FIXED, fixed};
    *range =
        (struct hn_adv_range){.type = HN_RANGE_ECOSYSTEM, .repo = HN_STR(""), .events = events, .n = fixed.n ? 2 : 1};
    f->ranges = range;
    f->n_ranges = 1;
}

struct release {
    const char *code, *ecosystem;
};

static struct hn_str release_of(const struct release *table, size_t n, struct hn_str code)
{
    for (size_t i = 0; i < n; i++)
        if (hn_str_eqc(code, table[i].code))
            return hn_str_c(table[i].ecosystem);
    return HN_STR("");
}

/* ---------------------------------------------------------------- Debian
 *
 *   {package: {CVE: {description, scope, releases: {bookworm: {status, fixed_version, urgency, nodsa}}}}} */

static struct hn_str debian_release(struct hn_arena *a, struct hn_str code)
{
    static const struct release releases[] = {
        {"etch", "Debian:4"},      {"lenny", "Debian:5"},   {"squeeze", "Debian:6"}, {"wheezy", "Debian:7"},
        {"jessie", "Debian:8"},    {"stretch", "Debian:9"}, {"buster", "Debian:10"}, {"bullseye", "Debian:11"},
        {"bookworm", "Debian:12"}, {"trixie", "Debian:13"}, {"forky", "Debian:14"},  {"duke", "Debian:15"}};
    struct hn_str s = release_of(releases, sizeof(releases) / sizeof(releases[0]), code);
    return s.n ? s : hn_arena_fmt(a, "Debian:%.*s", HN_FMT(code)); /* sid, experimental, what comes */
}

static void push_debian(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str package, struct hn_str code,
                        const struct hn_jv *r)
{
    struct hn_str status = hn_adv_tree_str(r, "status"), fixed = hn_adv_tree_str(r, "fixed_version");
    struct hn_adv_affected *f = hn_adv_push(a, v, sizeof *f);
    if (!f)
        return;
    *f = (struct hn_adv_affected){.ecosystem = debian_release(a, code),
                                  .name = package,
                                  .urgency = hn_adv_tree_str(r, "urgency"),
                                  .note = hn_adv_tree_str(r, "nodsa")};
    if (hn_str_eqc(status, "undetermined"))
        f->status = HN_STATUS_INVESTIGATING;
    else if (hn_str_eqc(fixed, "0"))
        f->status = HN_STATUS_NOT_AFFECTED; /* the release never had the defect */
    else
        set_range(a, f, hn_str_eqc(status, "resolved") ? fixed : HN_STR(""));
}

struct reading {
    const struct hn_adv_sink *s;
    bool any;
    struct hn_str ecosystem; /* Alpine */
    struct hn_str where;
};

static void debian_package(void *arg, struct hn_str package, const struct hn_jv *v, uint64_t offset)
{
    struct reading *d = arg;
    struct hn_arena *a = d->s->arena;
    if (v->kind != HN_JV_OBJ)
        d->s->bad(d->s->arg, package, offset, "an object was expected");
    for (size_t i = 0; v->kind == HN_JV_OBJ && i < v->n; i++) {
        const struct hn_jv *releases = hn_jv_get(&v->items[i], "releases");
        struct hn_adv adv = {.family = HN_ADV_DEBIAN, .id = v->keys[i], .part = package};
        struct hn_adv_text text = {.details = hn_adv_tree_str(&v->items[i], "description")};
        struct hn_adv_vec affected = {0};
        for (size_t k = 0; releases && releases->kind == HN_JV_OBJ && k < releases->n; k++)
            push_debian(a, &affected, package, releases->keys[k], &releases->items[k]);
        adv.state = hn_adv_tree_str(&v->items[i], "scope");
        adv.summary = hn_adv_first_line(text.details);
        adv.affected = affected.p;
        adv.n_affected = affected.n;
        d->any |= hn_adv_give(d->s, &adv, &text, offset);
    }
}

bool hn_adv_read_debian(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct reading d = {.s = s};
    hn_adv_each_pair(doc, s, debian_package, &d);
    return d.any;
}

/* ---------------------------------------------------------------- Ubuntu */

/* "jammy" → Ubuntu:22.04:LTS; "esm-infra/xenial" → Ubuntu:Pro:16.04:LTS, as OSV names them. */
static struct hn_str ubuntu_release(struct hn_arena *a, struct hn_str code, bool pro)
{
    static const struct release releases[] = {
        {"precise", "12.04:LTS"}, {"trusty", "14.04:LTS"},  {"utopic", "14.10"},   {"vivid", "15.04"},
        {"wily", "15.10"},        {"xenial", "16.04:LTS"},  {"yakkety", "16.10"},  {"zesty", "17.04"},
        {"artful", "17.10"},      {"bionic", "18.04:LTS"},  {"cosmic", "18.10"},   {"disco", "19.04"},
        {"eoan", "19.10"},        {"focal", "20.04:LTS"},   {"groovy", "20.10"},   {"hirsute", "21.04"},
        {"impish", "21.10"},      {"jammy", "22.04:LTS"},   {"kinetic", "22.10"},  {"lunar", "23.04"},
        {"mantic", "23.10"},      {"noble", "24.04:LTS"},   {"oracular", "24.10"}, {"plucky", "25.04"},
        {"questing", "25.10"},    {"resolute", "26.04:LTS"}};
    ptrdiff_t slash = hn_str_chr(code, '/');
    if (slash >= 0) {
        pro |= hn_str_starts(code, "esm");
        code = hn_str_cut(code, (size_t)slash + 1, code.n);
    }
    struct hn_str s = release_of(releases, sizeof(releases) / sizeof(releases[0]), code);
    return hn_arena_fmt(a, "Ubuntu:%s%.*s", pro ? "Pro:" : "", HN_FMT(s.n ? s : code));
}

/* {"USN-1-1": {title, summary, description, timestamp, cves, releases: {jammy: {sources: {name: {version}}}}}} */
static void usn_release(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str code, const struct hn_jv *release)
{
    const struct hn_jv *sources = hn_jv_get(release, "sources");
    for (size_t i = 0; sources && sources->kind == HN_JV_OBJ && i < sources->n; i++) {
        struct hn_str version = hn_adv_tree_str(&sources->items[i], "version");
        bool pro = hn_str_find(version, HN_STR("+esm")) >= 0 || hn_str_find(version, HN_STR("~esm")) >= 0;
        struct hn_adv_affected *f = version.n ? hn_adv_push(a, v, sizeof *f) : NULL;
        if (!f)
            continue;
        *f = (struct hn_adv_affected){.ecosystem = ubuntu_release(a, code, pro), .name = sources->keys[i]};
        set_range(a, f, version);
    }
}

static void usn_notice(void *arg, struct hn_str key, const struct hn_jv *v, uint64_t offset)
{
    struct reading *u = arg;
    struct hn_arena *a = u->s->arena;
    const struct hn_jv *releases = hn_jv_get(v, "releases");
    struct hn_adv adv = {.family = HN_ADV_UBUNTU, .author = HN_STR("Ubuntu"), .summary = hn_adv_tree_str(v, "title")};
    struct hn_adv_text text = {.details = hn_adv_tree_str(v, "description")};
    struct hn_adv_vec affected = {0}, cves = {0};
    double t = hn_jv_num(v, "timestamp", 0);
    adv.id = hn_str_starts(key, "USN-") || hn_str_starts(key, "LSN-") ? key : hn_arena_fmt(a, "USN-%.*s", HN_FMT(key));
    adv.published = adv.modified = t > 0 && t < 9e9 ? (hn_time)t * HN_SECOND : 0;
    HN_ADV_EACH(cve, hn_jv_get(v, "cves"))
        if (cve->kind == HN_JV_STR && hn_adv_is_cve(cve->s))
            hn_adv_push_str_once(a, &cves, cve->s);
    adv.upstream = hn_adv_vec_strs(&cves);
    for (size_t i = 0; releases && releases->kind == HN_JV_OBJ && i < releases->n; i++)
        usn_release(a, &affected, releases->keys[i], &releases->items[i]);
    adv.affected = affected.p;
    adv.n_affected = affected.n;
    u->any |= hn_adv_give(u->s, &adv, &text, offset);
}

bool hn_adv_read_usn(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct reading u = {.s = s};
    hn_adv_each_pair(doc, s, usn_notice, &u);
    return u.any;
}

/* The CVE API: {id, priority, packages: [{name, statuses: [{release_codename, status, description, pocket}]}]}.
 *   released       fixed in the version of the description   needed, pending, deferred, ignored   not fixed
 *   not-affected   also with a version: fixed before release  DNE   the release has no such package: nothing to say */
static void push_ubuntu(struct hn_arena *a, struct hn_adv_vec *v, struct hn_str package, struct hn_str priority,
                        const struct hn_jv *s)
{
    struct hn_str status = hn_adv_tree_str(s, "status"), what = hn_adv_tree_str(s, "description");
    struct hn_str code = hn_adv_tree_str(s, "release_codename"), pocket = hn_adv_tree_str(s, "pocket");
    if (hn_str_eqc(status, "DNE") || !code.n || hn_str_eqc(code, "upstream"))
        return;
    struct hn_adv_affected *f = hn_adv_push(a, v, sizeof *f);
    if (!f)
        return;
    *f = (struct hn_adv_affected){.ecosystem = ubuntu_release(a, code, hn_str_starts(pocket, "esm")),
                                  .name = package,
                                  .urgency = priority,
                                  .note = status,
                                  .statement = what};
    if (hn_str_eqc(status, "not-affected"))
        f->status = HN_STATUS_NOT_AFFECTED;
    else if (hn_str_eqc(status, "needs-triage"))
        f->status = HN_STATUS_INVESTIGATING;
    else
        set_range(a, f, hn_str_eqc(status, "released") ? what : HN_STR(""));
}

static void ubuntu_cve(void *arg, const struct hn_jv *v, uint64_t offset)
{
    struct reading *u = arg;
    struct hn_arena *a = u->s->arena;
    struct hn_str priority = hn_adv_tree_str(v, "priority"), own = hn_adv_tree_str(v, "ubuntu_description");
    struct hn_adv adv = {.family = HN_ADV_UBUNTU, .id = hn_adv_tree_str(v, "id"), .author = HN_STR("Ubuntu")};
    struct hn_adv_text text = {.details = own.n ? own : hn_adv_tree_str(v, "description")};
    struct hn_adv_vec affected = {0}, severities = {0};
    struct hn_adv_severity s;
    adv.published = hn_adv_tree_time(v, "published");
    adv.modified = hn_adv_tree_time(v, "updated_at");
    adv.state = hn_adv_tree_str(v, "status");
    adv.rejected = hn_str_eqc(adv.state, "rejected");
    adv.summary = hn_adv_first_line(text.details);
    if (hn_adv_tree_cvss(hn_jv_get(hn_jv_get(hn_jv_get(v, "impact"), "baseMetricV3"), "cvssV3"), &s)) {
        struct hn_adv_severity *p = hn_adv_push(a, &severities, sizeof *p);
        s.source = HN_STR("Ubuntu");
        s.sayer = HN_SAYER_DISTRO;
        if (p)
            *p = s;
    }
    struct hn_adv_severity *p = priority.n ? hn_adv_push(a, &severities, sizeof *p) : NULL;
    if (p)
        *p = (struct hn_adv_severity){
            .sayer = HN_SAYER_DISTRO, .score = -1, .word = priority, .source = HN_STR("Ubuntu")};
    HN_ADV_EACH(package, hn_jv_get(v, "packages"))
        HN_ADV_EACH(status, hn_jv_get(package, "statuses"))
            push_ubuntu(a, &affected, hn_adv_tree_str(package, "name"), priority, status);
    hn_adv_tree_references(a, hn_jv_get(v, "references"), &text);
    adv.severities = severities.p;
    adv.n_severities = severities.n;
    adv.affected = affected.p;
    adv.n_affected = affected.n;
    u->any |= hn_adv_give(u->s, &adv, &text, offset);
}

bool hn_adv_read_ubuntu_cve(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    struct reading u = {.s = s};
    struct hn_jr r;
    hn_jr_init(&r, doc, HN_ADV_DEPTH, 0);
    bool list = false;
    if (hn_jr_next(&r) == HN_J_OBJ)
        while (!list && hn_jr_next(&r) == HN_J_KEY) {
            list = hn_str_eqc(r.raw, "cves");
            if (!list && !hn_jr_skip(&r))
                break;
        }
    if (list) {
        hn_adv_each_member(doc, "cves", s, ubuntu_cve, NULL, &u);
        return u.any;
    }
    const struct hn_jv *v = hn_adv_tree(doc, s);
    if (v)
        ubuntu_cve(&u, v, 0);
    hn_arena_clear(s->arena);
    return u.any;
}

/* ---------------------------------------------------------------- Alpine, Wolfi, Chainguard
 *
 *   {distroversion: "v3.18", reponame: "main", packages: [{pkg: {name, secfixes: {"1.2-r0": ["CVE-…", "CVE-…
 * XSA-…"]}}}]} A version "0" means that the package was never affected. */

struct fix {
    struct hn_str id, version, line; /* line: all ids of the one problem */
};

static int by_id(const void *a, const void *b)
{
    return hn_str_cmp(((const struct fix *)a)->id, ((const struct fix *)b)->id);
}

/* "CVE-2026-1 XSA-9" is one problem with two names; "CVE-2026-1 CVE-2026-2" are two. */
static size_t cves_of(struct hn_str line)
{
    size_t n = 0;
    for (struct hn_str id; hn_str_word(&line, &id);)
        n += hn_adv_is_cve(id);
    return n;
}

static void push_others(struct hn_arena *a, struct hn_adv_vec *aliases, const struct fix *f)
{
    struct hn_str rest = f->line, id;
    while (cves_of(f->line) == 1 && hn_str_word(&rest, &id))
        if (hn_str_find(id, HN_STR("-")) > 0 && !hn_str_eq(id, f->id))
            hn_adv_push_str_once(a, aliases, id);
}

static void alpine_give(struct reading *d, struct hn_str package, const struct fix *fixes, size_t n)
{
    struct hn_arena *a = d->s->arena;
    struct hn_adv adv = {.family = HN_ADV_ALPINE, .id = fixes[0].id};
    struct hn_adv_vec aliases = {0};
    struct hn_adv_affected *f = hn_arena_alloc(a, n * sizeof *f);
    if (!f)
        return;
    adv.part = hn_arena_fmt(a, "%.*s/%.*s", HN_FMT(d->where), HN_FMT(package));
    for (size_t i = 0; i < n; i++) {
        f[i] = (struct hn_adv_affected){.ecosystem = d->ecosystem, .name = package};
        if (hn_str_eqc(fixes[i].version, "0"))
            f[i].status = HN_STATUS_NOT_AFFECTED;
        else
            set_range(a, &f[i], fixes[i].version);
        push_others(a, &aliases, &fixes[i]);
    }
    adv.aliases = hn_adv_vec_strs(&aliases);
    adv.affected = f;
    adv.n_affected = n;
    d->any |= hn_adv_give(d->s, &adv, &(struct hn_adv_text){0}, 0);
}

static void alpine_package(struct reading *d, const struct hn_jv *pkg)
{
    struct hn_arena *a = d->s->arena;
    const struct hn_jv *secfixes = hn_jv_get(pkg, "secfixes");
    struct hn_str package = hn_adv_tree_str(pkg, "name"), id;
    struct hn_adv_vec v = {0};
    for (size_t i = 0; secfixes && secfixes->kind == HN_JV_OBJ && i < secfixes->n; i++)
        HN_ADV_EACH(ids, &secfixes->items[i])
            for (struct hn_str rest = ids->kind == HN_JV_STR ? ids->s : HN_STR(""); hn_str_word(&rest, &id);) {
                bool other = cves_of(ids->s) == 1 && !hn_adv_is_cve(id);
                struct fix *f = !other && hn_str_find(id, HN_STR("-")) > 0 ? hn_adv_push(a, &v, sizeof *f) : NULL;
                if (f)
                    *f = (struct fix){id, secfixes->keys[i], ids->s};
            }
    if (!package.n)
        d->s->bad(d->s->arg, HN_STR(""), 0, "a package without a name");
    const struct fix *fixes = v.p;
    if (v.n)
        qsort(v.p, v.n, sizeof *fixes, by_id);
    for (size_t i = 0, n; package.n && i < v.n; i += n) {
        for (n = 1; i + n < v.n && hn_str_eq(fixes[i].id, fixes[i + n].id);)
            n++;
        alpine_give(d, package, fixes + i, n);
    }
}

bool hn_adv_read_alpine(struct hn_bytes doc, const struct hn_adv_sink *s)
{
    const struct hn_jv *v = hn_adv_tree(doc, s);
    struct hn_str release = hn_adv_tree_str(v, "distroversion"), prefix = hn_adv_tree_str(v, "urlprefix");
    struct reading d = {.s = s};
    if (!v)
        return false;
    d.ecosystem = hn_str_find(prefix, HN_STR("wolfi")) >= 0        ? HN_STR("Wolfi")
                  : hn_str_find(prefix, HN_STR("chainguard")) >= 0 ? HN_STR("Chainguard")
                  : release.n ? hn_arena_fmt(s->arena, "Alpine:%.*s", HN_FMT(release))
                              : HN_STR("Alpine");
    d.where = hn_arena_fmt(s->arena, "%.*s/%.*s", HN_FMT(release), HN_FMT(hn_adv_tree_str(v, "reponame")));
    HN_ADV_EACH(item, hn_jv_get(v, "packages"))
        alpine_package(&d, hn_jv_get(item, "pkg"));
    hn_arena_clear(s->arena);
    return d.any;
}
