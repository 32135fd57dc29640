/* Findings about packages: from the module's own observations and the name of the operating system. */
#include "base/buf.h"
#include "base/map.h"
#include "base/str.h"
#include "core/facts.h"
#include "modules/packages/packages.h"

#define STALE_DAYS 7
#define NAMES_MAX  8 /* names given in a sentence */

/* "a, b, c and 12 more" without words: the count is a parameter of its own. */
struct names {
    struct hn_buf text;
    size_t n;
};

static void names_add(struct names *l, struct hn_str s)
{
    if (++l->n > NAMES_MAX)
        return;
    hn_buf_c(&l->text, l->n > 1 ? ", " : "");
    hn_buf_str(&l->text, s);
}

static struct hn_str names_end(struct names *l, struct hn_arena *a)
{
    if (l->n > NAMES_MAX)
        hn_buf_c(&l->text, ", …");
    struct hn_str s = hn_arena_str(a, hn_buf_text(&l->text));
    hn_buf_done(&l->text);
    return s;
}

/* ---------------------------------------------------------------- updates */

struct source {
    struct source *next;
    struct hn_str name;
    const struct hn_obs *main; /* of the package named like its source, else the first */
    struct hn_finding *finding;
    struct names binaries;
    bool held;
    struct hn_buf fix_targets, fix_values; /* of HN_FIX_UPGRADE; in the order of the updates */
    struct hn_str version;                 /* the same for all, unless several_versions */
    bool several_versions;
    size_t n_fixes;
};

static struct source *source_of(struct hn_judge *j, struct source **first, struct hn_map *map, struct hn_str name)
{
    struct source *s = hn_map_find(map, hn_str_bytes(name));
    if (s)
        return s;
    s = HN_NEW(hn_judge_arena(j), struct source);
    if (!s || !hn_ok(hn_map_set(map, hn_str_bytes(name), s)))
        return NULL;
    s->name = name;
    hn_buf_init(&s->binaries.text, 4096);
    hn_buf_init(&s->fix_targets, 8192);
    hn_buf_init(&s->fix_values, 8192);
    while (*first)
        first = &(*first)->next;
    return *first = s;
}

static void judge_source(struct hn_judge *j, struct source *s)
{
    const struct hn_obs *o = s->main;
    struct hn_arena *a = hn_judge_arena(j);
    hn_time published = hn_obs_get_time(o, "published");
    struct hn_finding *f = hn_find(j, s->held ? "update-held" : "update-pending", s->name, (struct hn_str){0});
    s->finding = f;
    hn_find_evidence(f, o, "update");
    hn_find_cause(f, hn_arena_fmt(a, "upgrade:%.*s", HN_FMT(s->name)));
    hn_find_param(f, "source", s->name);
    hn_find_param(f, "installed", hn_obs_get(o, "source_installed"));
    hn_find_param(f, "fixed", hn_obs_get(o, "source_fixed"));
    hn_find_param(f, "suite", hn_obs_get(o, "fixed_suite"));
    hn_find_param_int(f, "count", (int64_t)s->binaries.n);
    hn_find_param(f, "packages", names_end(&s->binaries, a));
    if (published)
        hn_find_since(f, published);
}

#define FIXES_MAX 24u

/* Every binary of the source, so that the finding is gone afterwards. Nearly always all have one version. */
static void add_fix(struct source *s, const struct hn_obs *u)
{
    struct hn_str version = hn_obs_get(u, "fixed");
    if (s->n_fixes++ >= FIXES_MAX)
        return;
    hn_buf_c(&s->fix_targets, s->n_fixes > 1 ? " " : "");
    hn_buf_str(&s->fix_targets, hn_obs_get(u, "package"));
    hn_buf_c(&s->fix_values, s->n_fixes > 1 ? " " : "");
    hn_buf_str(&s->fix_values, version);
    s->several_versions = s->several_versions || (s->version.n && !hn_str_eq(s->version, version));
    s->version = version;
}

static void source_done(struct source *s)
{
    if (s->finding && s->main && !s->held && s->n_fixes && s->n_fixes <= FIXES_MAX)
        hn_find_fix(s->finding, HN_FIX_UPGRADE, hn_buf_text(&s->fix_targets),
                    s->several_versions ? hn_buf_text(&s->fix_values) : s->version);
    hn_buf_done(&s->fix_targets);
    hn_buf_done(&s->fix_values);
}

/* One finding per source package: its binaries are built together, fixed together and named together by advisories. */
static void judge_security(struct hn_judge *j)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    struct source *first = NULL;
    struct hn_map map;
    hn_map_init(&map);
    HN_FACTS_EACH(u, facts, "packages.update") {
        struct source *s;
        if (!hn_obs_get_bool(u, "security", false) || !(s = source_of(j, &first, &map, hn_obs_get(u, "source"))))
            continue;
        if (!s->main || hn_str_eq(hn_obs_get(u, "name"), s->name))
            s->main = u;
        names_add(&s->binaries, hn_obs_get(u, "name"));
        s->held = s->held || hn_obs_get_bool(u, "held", false);
    }
    for (struct source *s = first; s; s = s->next)
        judge_source(j, s);
    HN_FACTS_EACH(u, facts, "packages.update") {
        struct source *s = hn_map_find(&map, hn_str_bytes(hn_obs_get(u, "source")));
        if (!s || !hn_obs_get_bool(u, "security", false))
            continue;
        hn_find_about(s->finding, HN_REF_PACKAGE, hn_obs_get(u, "package"));
        add_fix(s, u);
        if (u != s->main)
            hn_find_evidence(s->finding, u, "update");
        hn_find_evidence(s->finding, hn_facts_find(facts, "packages.package", hn_obs_get(u, "package")), "package");
    }
    for (struct source *s = first; s; s = s->next)
        source_done(s);
    hn_map_done(&map);
}

static void judge_available(struct hn_judge *j)
{
    struct names names = {0};
    const struct hn_obs *first = NULL;
    hn_buf_init(&names.text, 4096);
    HN_FACTS_EACH(u, hn_judge_facts(j), "packages.update") {
        if (hn_obs_get_bool(u, "security", false))
            continue;
        first = first ? first : u;
        names_add(&names, hn_obs_get(u, "name"));
    }
    int64_t count = (int64_t)names.n;
    struct hn_str text = names_end(&names, hn_judge_arena(j));
    if (!first)
        return;
    struct hn_finding *f = hn_find(j, "update-available", HN_STR("updates"), (struct hn_str){0});
    hn_find_param_int(f, "count", count);
    hn_find_param(f, "packages", text);
    HN_FACTS_EACH(u, hn_judge_facts(j), "packages.update") {
        if (!hn_obs_get_bool(u, "security", false))
            hn_find_evidence(f, u, "update");
    }
}

/* ---------------------------------------------------------------- lists */

static void judge_lists(struct hn_judge *j, const struct hn_obs *summary)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    hn_time now = hn_judge_now(j), refreshed = hn_obs_get_time(summary, "refreshed");
    int64_t most = hn_judge_policy_int(j, "packages.stale-days", STALE_DAYS);
    const struct hn_obs *expired = NULL;
    if (hn_obs_get_int(summary, "repositories", 0) == 0) {
        struct hn_finding *f = hn_find(j, "lists-missing", HN_STR("apt"), (struct hn_str){0});
        hn_find_evidence(f, summary, "lists");
        return;
    }
    HN_FACTS_EACH(r, facts, "packages.repository") {
        hn_time until = hn_obs_get_time(r, "valid_until");
        if (until && until < now && hn_obs_get_int(r, "lists", 0) && !expired)
            expired = r;
    }
    bool old = refreshed && now - refreshed > most * HN_DAY;
    if (!old && !expired)
        return;
    struct hn_finding *f = hn_find(j, "lists-stale", HN_STR("apt"), (struct hn_str){0});
    hn_time since = old ? refreshed : hn_obs_get_time(expired, "valid_until");
    hn_find_param_int(f, "days", (now - since) / HN_DAY);
    hn_find_evidence(f, old ? summary : expired, "lists");
    if (old && expired)
        hn_find_evidence(f, expired, "lists");
}

static void judge_security_source(struct hn_judge *j, const struct hn_obs *summary)
{
    const struct hn_facts *facts = hn_judge_facts(j);
    struct hn_str os = hn_obs_get(hn_facts_first(facts, "host.os"), "id");
    bool debian = hn_str_eqc(os, "debian") || hn_str_eqc(os, "ubuntu");
    if (!debian || !hn_obs_get_int(summary, "repositories", 0) || hn_obs_get_int(summary, "security_repositories", 0))
        return;
    HN_FACTS_EACH(r, facts, "packages.repository") {
        if (hn_str_eqc(hn_obs_get(r, "codename"), "sid"))
            return; /* unstable has no security suite: fixes go straight into it */
    }
    struct hn_finding *f = hn_find(j, "no-security-source", HN_STR("apt"), (struct hn_str){0});
    hn_find_evidence(f, summary, "lists");
    hn_find_param(f, "os", hn_obs_get(hn_facts_first(facts, "host.os"), "pretty"));
}

/* ---------------------------------------------------------------- packages and files */

static void judge_broken(struct hn_judge *j)
{
    static const char *const broken[] = {"half-installed", "unpacked", "half-configured", "unknown"};
    HN_FACTS_EACH(k, hn_judge_facts(j), "packages.package") {
        struct hn_str state = hn_obs_get(k, "state");
        for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
            if (!hn_str_eqc(state, broken[i]))
                continue;
            struct hn_finding *f = hn_find(j, "package-broken", k->subject, (struct hn_str){0});
            hn_find_param(f, "package", hn_obs_get(k, "name"));
            hn_find_param(f, "state", state);
            hn_find_about(f, HN_REF_PACKAGE, k->subject);
            hn_find_evidence(f, k, "package");
        }
    }
}

/* Packages that no list offers get no fixes from anybody: one finding, since they are usually removed together. */
static void judge_foreign_packages(struct hn_judge *j)
{
    struct names names = {0};
    struct hn_finding *f = NULL;
    hn_buf_init(&names.text, 4096);
    HN_FACTS_EACH(k, hn_judge_facts(j), "packages.package") {
        if (!hn_obs_has(k, "available") || hn_obs_get_bool(k, "available", true) ||
            !hn_obs_get_bool(k, "installed", false))
            continue;
        if (!f)
            f = hn_find(j, "package-foreign", HN_STR("packages"), (struct hn_str){0});
        names_add(&names, hn_obs_get(k, "name"));
        hn_find_evidence(f, k, "package");
    }
    int64_t count = (int64_t)names.n;
    struct hn_str text = names_end(&names, hn_judge_arena(j));
    if (f) {
        hn_find_param(f, "packages", text);
        hn_find_param_int(f, "count", count);
    }
}

static void judge_foreign_files(struct hn_judge *j)
{
    HN_FACTS_EACH(o, hn_judge_facts(j), "packages.foreign_file") {
        const struct hn_str *examples;
        struct names names = {0};
        size_t n = hn_obs_get_list(o, "examples", &examples);
        hn_buf_init(&names.text, 4096);
        for (size_t i = 0; i < n; i++)
            names_add(&names, examples[i]);
        struct hn_finding *f = hn_find(j, "foreign-file", o->subject, (struct hn_str){0});
        hn_find_param(f, "directory", o->subject);
        hn_find_param_int(f, "count", hn_obs_get_int(o, "count", 0));
        hn_find_param(f, "files", names_end(&names, hn_judge_arena(j)));
        hn_find_evidence(f, o, "file");
    }
}

/* One finding per package with changed files; a changed configuration file is an administrator's work. */
static void judge_changed(struct hn_judge *j)
{
    struct source *first = NULL; /* here: by package */
    struct hn_map map;
    hn_map_init(&map);
    HN_FACTS_EACH(o, hn_judge_facts(j), "packages.changed_file") {
        struct hn_str package = hn_obs_get(o, "package");
        struct source *s;
        if (hn_obs_get_bool(o, "conffile", false) || !(s = source_of(j, &first, &map, package)))
            continue;
        if (!s->finding) {
            s->finding = hn_find(j, "file-changed", package, (struct hn_str){0});
            hn_find_param(s->finding, "package", package);
            hn_find_about(s->finding, HN_REF_PACKAGE, package);
        }
        names_add(&s->binaries, o->subject);
        hn_find_evidence(s->finding, o, "file");
        hn_find_about(s->finding, HN_REF_PATH, o->subject);
    }
    for (struct source *s = first; s; s = s->next) {
        hn_find_param_int(s->finding, "count", (int64_t)s->binaries.n);
        hn_find_param(s->finding, "files", names_end(&s->binaries, hn_judge_arena(j)));
        source_done(s);
    }
    hn_map_done(&map);
}

void packages_judge(struct hn_judge *j)
{
    const struct hn_obs *summary = hn_facts_find(hn_judge_facts(j), "packages.summary", HN_STR("dpkg"));
    judge_security(j);
    judge_available(j);
    if (summary) {
        judge_lists(j, summary);
        judge_security_source(j, summary);
    }
    judge_broken(j);
    judge_foreign_packages(j);
    judge_foreign_files(j);
    judge_changed(j);
}
