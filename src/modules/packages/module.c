/* Installed software: dpkg, apk and rpm databases, what apt's lists on disk offer, who owns which file. See README.md.
 */
#include "modules/packages/packages.h"

#include "base/str.h"

static const struct hn_field package_fields[] = {
    {"name", HN_T_STR, 0, NULL, "binary package name"},
    {"arch", HN_T_STR, 0, NULL, "architecture"},
    {"version", HN_T_STR, 0, NULL, "installed version"},
    {"source", HN_T_STR, 0, NULL, "source package that advisories name"},
    {"source_version", HN_T_STR, 0, NULL, "version of the source package"},
    {"manager", HN_T_STR, 0, NULL, "dpkg, apk or rpm"},
    {"installed", HN_T_BOOL, 0, NULL, "its files are on disk"},
    {"want", HN_T_STR, 0, NULL, "what the administrator asked for: install, hold, deinstall, purge"},
    {"state", HN_T_STR, 0, NULL, "state in the package database: installed, half-configured, config-files, ..."},
    {"section", HN_T_STR, 0, NULL, "section"},
    {"priority", HN_T_STR, 0, NULL, "priority"},
    {"essential", HN_T_BOOL, 0, NULL, "the system does not work without it"},
    {"size", HN_T_INT, 0, "bytes", "installed size as the package says"},
    {"conffiles", HN_T_INT, 0, NULL, "number of configuration files under the care of the package manager"},
    {"vendor", HN_T_STR, 0, NULL, "vendor or origin that the package itself names"},
    {"suites", HN_T_LIST, 0, NULL, "suites whose lists on disk offer exactly the installed version"},
    {"available", HN_T_BOOL, 0, NULL, "some list on disk offers a package of this name"},
    {0}};

static const struct hn_field owner_fields[] = {{"path", HN_T_STR, HN_REF_PATH, NULL, "file that another module saw"},
                                               {"package", HN_T_STR, HN_REF_PACKAGE, NULL, "package that installed it"},
                                               {0}};

static const struct hn_field update_fields[] = {
    {"package", HN_T_STR, HN_REF_PACKAGE, NULL, "installed package"},
    {"name", HN_T_STR, 0, NULL, "binary package name"},
    {"installed", HN_T_STR, 0, NULL, "installed version"},
    {"candidate", HN_T_STR, 0, NULL, "newest version that apt would install"},
    {"suite", HN_T_STR, 0, NULL, "suite of the candidate"},
    {"security", HN_T_BOOL, 0, NULL, "a security suite offers a newer version than the installed one"},
    {"fixed", HN_T_STR, 0, NULL, "lowest newer version in a security suite"},
    {"fixed_suite", HN_T_STR, 0, NULL, "that security suite"},
    {"source", HN_T_STR, 0, NULL, "source package"},
    {"source_installed", HN_T_STR, 0, NULL, "installed version of the source package"},
    {"source_fixed", HN_T_STR, 0, NULL, "source version of the fix, or of the candidate when it is no security update"},
    {"published", HN_T_TIME, 0, NULL, "a newer version was public at this time at the latest (date of a Release file)"},
    {"held", HN_T_BOOL, 0, NULL, "kept back by the administrator"},
    {0}};

static const struct hn_field repository_fields[] = {
    {"origin", HN_T_STR, 0, NULL, "Origin of the Release file"},
    {"label", HN_T_STR, 0, NULL, "Label"},
    {"suite", HN_T_STR, 0, NULL, "Suite"},
    {"codename", HN_T_STR, 0, NULL, "Codename"},
    {"security", HN_T_BOOL, 0, NULL, "carries security updates"},
    {"not_automatic", HN_T_BOOL, 0, NULL, "nothing is installed from it unless asked (backports, experimental)"},
    {"date", HN_T_TIME, 0, NULL, "when the Release file was made"},
    {"valid_until", HN_T_TIME, 0, NULL, "after this the Release file must not be trusted"},
    {"lists", HN_T_INT, 0, NULL, "package lists of it on disk"},
    {"offered", HN_T_INT, 0, NULL, "packages in these lists"},
    {0}};

static const struct hn_field summary_fields[] = {
    {"installed", HN_T_INT, 0, NULL, "installed packages"},
    {"removed", HN_T_INT, 0, NULL, "removed packages whose configuration remains"},
    {"repositories", HN_T_INT, 0, NULL, "repositories with lists on disk"},
    {"security_repositories", HN_T_INT, 0, NULL, "of these, security suites"},
    {"refreshed", HN_T_TIME, 0, NULL, "when the lists were last fetched"},
    {"updates_known", HN_T_BOOL, 0, NULL, "pending updates can be told from what is on disk"},
    {"checked", HN_T_INT, 0, NULL, "files whose checksum was compared"},
    {"checked_now", HN_T_INT, 0, NULL, "of these, read in this run; the others have not changed since they were"},
    {"oldest_check", HN_T_TIME, 0, NULL, "when the one was read that was read longest ago"},
    {0}};

static const struct hn_field foreign_fields[] = {{"directory", HN_T_STR, 0, NULL, "system folder"},
                                                 {"count", HN_T_INT, 0, NULL, "files in it that no package installed"},
                                                 {"examples", HN_T_LIST, HN_REF_PATH, NULL, "the first of them"},
                                                 {0}};

static const struct hn_field changed_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file that differs from what the package installed"},
    {"package", HN_T_STR, HN_REF_PACKAGE, NULL, "package that installed it"},
    {"conffile", HN_T_BOOL, 0, NULL, "a configuration file, which administrators are expected to change"},
    {"checked", HN_T_TIME, 0, NULL, "when it was read"},
    {0}};

static const struct hn_field file_fields[] = {{"path", HN_T_STR, HN_REF_PATH, NULL, "program or library"},
                                              {"package", HN_T_STR, HN_REF_PACKAGE, NULL, "package that installed it"},
                                              {"size", HN_T_INT, 0, "bytes", "size"},
                                              {"executable", HN_T_BOOL, 0, NULL, "may be executed"},
                                              {"sha512", HN_T_STR, 0, NULL, "digest"},
                                              {0}};

static const struct hn_field detail_fields[] = {
    {"package", HN_T_STR, HN_REF_PACKAGE, NULL, "installed package"},
    {"maintainer", HN_T_STR, 0, NULL, "who maintains it, as the package says"},
    {"homepage", HN_T_STR, 0, NULL, "address of the project"},
    {"summary", HN_T_STR, 0, NULL, "one line about it"},
    {"licence", HN_T_STR, 0, NULL, "licence as the package database has it (apk, rpm)"},
    {"licences", HN_T_LIST, 0, NULL, "names of licences in debian/copyright"},
    {"machine_readable", HN_T_BOOL, 0, NULL,
     "the licences are stated by name; else concluded from the texts pointed to"},
    {"depends", HN_T_LIST, HN_REF_PACKAGE, NULL, "installed packages that it needs"},
    {"missing", HN_T_LIST, 0, NULL, "needed, but nothing installed provides it"},
    {0}};

static const struct hn_field checksum_fields[] = {
    {"package", HN_T_STR, HN_REF_PACKAGE, NULL, "the package itself"},
    {"files", HN_T_INT, 0, NULL, "its files whose checksum was compared"},
    {"changed", HN_T_INT, 0, NULL, "of these, different from what it installed"},
    {"oldest", HN_T_TIME, 0, NULL, "when the one was read that was read longest ago"},
    {0}};

static const struct hn_kind kinds[] = {{"package", "name:arch", package_fields},
                                       {"detail", "name:arch (only in an inventory)", detail_fields},
                                       {"owner", "path", owner_fields},
                                       {"file", "path (only in an inventory with digests)", file_fields},
                                       {"update", "name:arch", update_fields},
                                       {"repository", "name of the Release file without its ending", repository_fields},
                                       {"summary", "package manager", summary_fields},
                                       {"foreign_file", "system folder", foreign_fields},
                                       {"changed_file", "path", changed_fields, .deep = true},
                                       {"checksum", "name:arch", checksum_fields, .deep = true},
                                       {0}};

static const struct hn_rule rules[] = {{"update-pending", HN_SEV_HIGH, HN_CLASS_VULNERABILITY, "MHLW:6.0"},
                                       {"update-held", HN_SEV_HIGH, HN_CLASS_VULNERABILITY, NULL},
                                       {"update-available", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
                                       {"lists-stale", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {"lists-missing", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {"no-security-source", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, NULL},
                                       {"package-broken", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
                                       {"package-foreign", HN_SEV_LOW, HN_CLASS_HYGIENE, NULL},
                                       {"file-changed", HN_SEV_HIGH, HN_CLASS_INTEGRITY, NULL},
                                       {"foreign-file", HN_SEV_LOW, HN_CLASS_INTEGRITY, NULL},
                                       {0}};

static const char *const needs[] = {"host.os", NULL};

static bool parse_begin(struct packages_state *st, struct hn_parse *p)
{
    st->p = p;
    if (st->begun)
        return !st->out_of_memory;
    st->begun = true;
    st->last = &st->first;
    st->last_entry = &st->first_entry;
    st->out_of_memory =
        !hn_deb822_init(&st->text, hn_parse_arena(p), PACKAGES_MAX_PARAGRAPH, NULL, packages_malformed, st);
    return !st->out_of_memory;
}

static const struct {
    const char *tag;
    void (*parse)(struct packages_state *st, const struct hn_rec *r);
} tags[] = {
    {"list", packages_file_list},
    {"sysdir", packages_entry_seen},
    {"md5", packages_digest},
    {"status", packages_status},
    {"diversions", packages_diversions},
    {"md5sums", packages_md5sums},
    {"release", packages_release},
    {"packages", packages_list},
    {"refreshed", packages_refreshed},
    {"apk", packages_apk},
    {"rpm", packages_rpm},
    {"copyright", packages_copyright},
    {"sha512", packages_file_digest},
};

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct packages_state *st = hn_parse_state(p);
    if (!parse_begin(st, p))
        return;
    st->path = r->path;
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (hn_str_eqc(r->tag, tags[i].tag)) {
            tags[i].parse(st, r);
            return;
        }
    }
}

/* lists: apt lists were read, so that a package that none of them has is worth knowing. */
static void emit_package(struct hn_parse *p, const struct packages_pkg *k, bool lists)
{
    struct hn_str suites[PACKAGES_SUITES];
    hn_obs_begin(p, "package", k->subject);
    hn_obs_str(p, "name", k->name);
    if (k->arch.n)
        hn_obs_str(p, "arch", k->arch);
    if (k->version.n)
        hn_obs_str(p, "version", k->version);
    hn_obs_str(p, "source", k->source);
    if (k->source_version.n)
        hn_obs_str(p, "source_version", k->source_version);
    hn_obs_str(p, "manager", hn_str_c(k->manager));
    hn_obs_bool(p, "installed", k->installed);
    if (k->want.n)
        hn_obs_str(p, "want", k->want);
    hn_obs_str(p, "state", k->state);
    if (k->section.n)
        hn_obs_str(p, "section", k->section);
    if (k->priority.n)
        hn_obs_str(p, "priority", k->priority);
    if (k->essential)
        hn_obs_bool(p, "essential", true);
    if (k->size)
        hn_obs_int(p, "size", k->size);
    if (k->conffiles)
        hn_obs_int(p, "conffiles", k->conffiles);
    if (k->vendor.n)
        hn_obs_str(p, "vendor", k->vendor);
    for (unsigned i = 0; i < k->n_suites; i++)
        suites[i] = k->suites[i]->codename.n ? k->suites[i]->codename : k->suites[i]->suite;
    if (k->n_suites)
        hn_obs_list(p, "suites", suites, k->n_suites);
    if (lists)
        hn_obs_bool(p, "available", k->known);
    hn_obs_end(p);
}

static void emit_update(struct hn_parse *p, const struct packages_pkg *k)
{
    const struct packages_offer *fix = k->fixed.repo ? &k->fixed : &k->candidate;
    const struct packages_repo *repo = k->candidate.repo;
    hn_obs_begin(p, "update", k->subject);
    hn_obs_str(p, "package", k->subject);
    hn_obs_str(p, "name", k->name);
    hn_obs_str(p, "installed", k->version);
    hn_obs_str(p, "candidate", k->candidate.version);
    hn_obs_str(p, "suite", repo->codename.n ? repo->codename : repo->suite);
    hn_obs_bool(p, "security", k->fixed.repo != NULL);
    if (k->fixed.repo) {
        hn_obs_str(p, "fixed", k->fixed.version);
        hn_obs_str(p, "fixed_suite", k->fixed.repo->codename.n ? k->fixed.repo->codename : k->fixed.repo->suite);
    }
    hn_obs_str(p, "source", k->source);
    hn_obs_str(p, "source_installed", k->source_version);
    hn_obs_str(p, "source_fixed", fix->source_version);
    hn_obs_time(p, "published", k->published);
    hn_obs_bool(p, "held", hn_str_eqc(k->want, "hold"));
    hn_obs_end(p);
}

static void emit_repository(struct hn_parse *p, const struct packages_repo *repo)
{
    hn_obs_begin(p, "repository", repo->prefix);
    if (repo->origin.n)
        hn_obs_str(p, "origin", repo->origin);
    if (repo->label.n)
        hn_obs_str(p, "label", repo->label);
    if (repo->suite.n)
        hn_obs_str(p, "suite", repo->suite);
    if (repo->codename.n)
        hn_obs_str(p, "codename", repo->codename);
    hn_obs_bool(p, "security", repo->security);
    hn_obs_bool(p, "not_automatic", repo->not_automatic);
    hn_obs_time(p, "date", repo->date);
    hn_obs_time(p, "valid_until", repo->valid_until);
    hn_obs_int(p, "lists", repo->lists);
    hn_obs_int(p, "offered", repo->offered);
    hn_obs_end(p);
}

static void emit_checked(struct packages_state *st)
{
    hn_obs_int(st->p, "checked", (int64_t)st->digests);
    hn_obs_int(st->p, "checked_now", (int64_t)st->read);
    hn_obs_time(st->p, "oldest_check", st->oldest_check);
}

static void emit_summary(struct packages_state *st, const char *manager)
{
    struct hn_parse *p = st->p;
    int64_t installed = 0, removed = 0, repos = 0, security = 0;
    for (const struct packages_pkg *k = st->first; k; k = k->next) {
        if (k->replaced || strcmp(k->manager, manager) != 0)
            continue;
        installed += k->installed;
        removed += hn_str_eqc(k->state, "config-files");
    }
    bool apt = strcmp(manager, "dpkg") == 0 && !hn_parse_inventory(p);
    for (const struct packages_repo *r = st->repos; apt && r; r = r->next) {
        repos += r->lists > 0;
        security += r->lists > 0 && r->security;
    }
    hn_obs_begin(p, "summary", hn_str_c(manager));
    hn_obs_int(p, "installed", installed);
    hn_obs_int(p, "removed", removed);
    if (apt) {
        hn_obs_int(p, "repositories", repos);
        hn_obs_int(p, "security_repositories", security);
        hn_obs_time(p, "refreshed", st->refreshed);
        if (hn_parse_deep(p))
            emit_checked(st);
    }
    hn_obs_bool(p, "updates_known", apt && repos > 0 && !st->lists_incomplete);
    hn_obs_end(p);
    if (!apt && !hn_parse_inventory(p))
        hn_parse_not_seen(p, HN_STR("pending updates"), "only apt keeps lists on disk that can be read");
}

static void finish(struct hn_parse *p)
{
    struct packages_state *st = hn_parse_state(p);
    if (!parse_begin(st, p))
        return;
    for (const struct packages_pkg *k = st->first; k; k = k->next) {
        if (k->replaced)
            continue;
        emit_package(p, k, st->saw_lists && !st->lists_incomplete && strcmp(k->manager, "dpkg") == 0);
        if (k->installed && k->candidate.repo)
            emit_update(p, k);
    }
    if (hn_parse_inventory(p))
        packages_emit_details(st);
    for (const struct packages_repo *r = st->repos; r; r = r->next)
        emit_repository(p, r);
    if (st->saw_dpkg)
        emit_summary(st, "dpkg");
    if (st->saw_apk)
        emit_summary(st, "apk");
    if (st->saw_rpm)
        emit_summary(st, "rpm");
    packages_emit_checks(st);
    if (st->n)
        packages_emit_foreign(st);
    else
        hn_parse_not_seen(p, HN_STR("installed packages"), "no dpkg, apk or rpm database that can be read");
    hn_unpack_free(st->unpack);
    st->unpack = NULL;
    packages_rpm_done(st);
    hn_map_done(&st->by_name);
    hn_map_done(&st->by_subject);
    hn_map_done(&st->entries);
    hn_map_done(&st->diversions);
    hn_map_done(&st->owned);
}

const struct hn_module hn_module_packages = {
    .name = "packages",
    .kinds = kinds,
    .rules = rules,
    .deep = true,
    .told = true,
    .needs = needs,
    .wants_paths = true,
    .state_size = sizeof(struct packages_state),
    .collect = packages_collect,
    .parse = parse,
    .finish = finish,
    .judge = packages_judge,
};
