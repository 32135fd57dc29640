/* backup: is there a copy of what this host holds, how old is it, was it ever restored, and would it survive an
 * attacker who has this host. */
#include <errno.h>

#include "modules/backup/backup.h"

static const struct hn_field configuration_fields[] = {
    {"tool", HN_T_STR, HN_REF_NONE, NULL, "backup tool"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "its configuration file"},
    {"target", HN_T_STR, HN_REF_NONE, NULL, "where it writes to"},
    {"sources", HN_T_LIST, HN_REF_NONE, NULL, "what it covers"},
    {"secret", HN_T_BOOL, HN_REF_NONE, NULL, "a password stands in the file; the password itself is never kept"},
    {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits of the file"},
    {0}};

static const struct hn_field job_fields[] = {
    {"tool", HN_T_STR, HN_REF_NONE, NULL, "backup tool that it runs"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "unit, crontab or script"},
    {"command", HN_T_STR, HN_REF_NONE, NULL, "command as written, cut when long"},
    {"check", HN_T_BOOL, HN_REF_NONE, NULL, "it verifies a repository instead of writing one"},
    {"target", HN_T_STR, HN_REF_NONE, NULL, "where it writes to"},
    {"unit", HN_T_STR, HN_REF_UNIT, NULL, "systemd unit"},
    {"schedule", HN_T_STR, HN_REF_NONE, NULL, "when it runs"},
    {"enabled", HN_T_BOOL, HN_REF_NONE, NULL, "its timer is enabled"},
    {"last_run", HN_T_TIME, HN_REF_NONE, NULL,
     "when its timer last went off; whether it succeeded is not known from that"},
    {0}};

static const struct hn_field repository_fields[] = {
    {"tool", HN_T_STR, HN_REF_NONE, NULL, "backup tool"},
    {"path", HN_T_STR, HN_REF_PATH, NULL, "folder, when it is on this host"},
    {"local", HN_T_BOOL, HN_REF_NONE, NULL, "it is on this host"},
    {"missing", HN_T_BOOL, HN_REF_NONE, NULL, "the folder is not there"},
    {"recognised", HN_T_BOOL, HN_REF_NONE, NULL, "its layout was seen"},
    {"append_only", HN_T_BOOL, HN_REF_NONE, NULL,
     "Borg: set to append only; whoever is root here can undo that, so it does not count as offline"},
    {"locked", HN_T_BOOL, HN_REF_NONE, NULL, "a lock is left in it"},
    {"newest", HN_T_TIME, HN_REF_NONE, NULL, "newest snapshot or change"},
    {"snapshots", HN_T_INT, HN_REF_NONE, NULL, "snapshots, or entries of the folder"},
    {"packs", HN_T_INT, HN_REF_NONE, NULL, "pack or segment files (deep)"},
    {"packs_read", HN_T_INT, HN_REF_NONE, NULL, "of these, compared with their checksum in this run (deep)"},
    {"packs_expected", HN_T_INT, HN_REF_NONE, NULL, "how many there must be at least, by the evidence file"},
    {"bytes", HN_T_INT, HN_REF_NONE, "bytes", "size of the packs (deep)"},
    {"damaged", HN_T_INT, HN_REF_NONE, NULL, "files whose content is not what it must be"},
    {"damage", HN_T_LIST, HN_REF_NONE, NULL, "the first of them"},
    {"lost", HN_T_LIST, HN_REF_NONE, NULL, "snapshots that the evidence file expects and that are not there"},
    {0}};

static const struct hn_field copy_fields[] = {
    {"name", HN_T_STR, HN_REF_NONE, NULL, "name of the copy"},
    {"medium", HN_T_STR, HN_REF_NONE, NULL, "disk, nas, usb, tape, optical, cloud, snapshot, other"},
    {"location", HN_T_STR, HN_REF_NONE, NULL, "where it is kept"},
    {"repository", HN_T_STR, HN_REF_NONE, NULL, "repository that it is about"},
    {"offline", HN_T_BOOL, HN_REF_NONE, NULL, "not reachable over any network while it is not being written"},
    {"immutable", HN_T_BOOL, HN_REF_NONE, NULL, "cannot be changed or deleted before its time"},
    {"offsite", HN_T_BOOL, HN_REF_NONE, NULL, "kept at another place"},
    {"last_success", HN_T_TIME, HN_REF_NONE, NULL, "last success"},
    {"last_restore_test", HN_T_TIME, HN_REF_NONE, NULL, "last time something was restored from it and compared"},
    {"valid_until", HN_T_TIME, HN_REF_NONE, NULL, "the attestation holds until the end of this day"},
    {"expired", HN_T_BOOL, HN_REF_NONE, NULL, "the attestation has ended: it does not count"},
    {"attested_by", HN_T_STR, HN_REF_NONE, NULL, "who says so"},
    {"covers", HN_T_LIST, HN_REF_NONE, NULL, "what it covers"},
    {"line", HN_T_INT, HN_REF_NONE, NULL, "line in the evidence file"},
    {0}};

static const struct hn_field problem_fields[] = {{"line", HN_T_INT, HN_REF_NONE, NULL, "line in the evidence file"},
                                                 {"what", HN_T_STR, HN_REF_NONE, NULL, "what is wrong"},
                                                 {"detail", HN_T_STR, HN_REF_NONE, NULL, "which value"},
                                                 {0}};

static const struct hn_field evidence_fields[] = {{"path", HN_T_STR, HN_REF_PATH, NULL, "the path itself"},
                                                  {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits"},
                                                  {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner"},
                                                  {"mtime", HN_T_TIME, HN_REF_NONE, NULL, "last change"},
                                                  {0}};

static const struct hn_field proof_fields[] = {
    {"configurations", HN_T_INT, HN_REF_NONE, NULL, "configurations of backup tools"},
    {"jobs", HN_T_INT, HN_REF_NONE, NULL, "jobs that write a backup"},
    {"repositories", HN_T_INT, HN_REF_NONE, NULL, "repositories"},
    {"dumps", HN_T_INT, HN_REF_NONE, NULL, "dump files at the usual places"},
    {"newest_dump", HN_T_TIME, HN_REF_NONE, NULL, "the newest of them"},
    {"copies", HN_T_INT, HN_REF_NONE, NULL, "copies with a valid attestation"},
    {"offline", HN_T_INT, HN_REF_NONE, NULL, "copies that are offline or cannot be changed"},
    {"offsite", HN_T_INT, HN_REF_NONE, NULL, "copies at another place, remote repositories included"},
    {"media", HN_T_INT, HN_REF_NONE, NULL, "different media"},
    {"last_success", HN_T_TIME, HN_REF_NONE, NULL, "newest success of all"},
    {"last_restore_test", HN_T_TIME, HN_REF_NONE, NULL, "newest valid restore test of all"},
    {"restorable", HN_T_BOOL, HN_REF_NONE, NULL, "a restore test of the last 180 days is attested"},
    {"limited", HN_T_BOOL, HN_REF_NONE, NULL, "places where a backup may be could not be read"},
    {0}};

static const struct hn_kind kinds[] = {{"configuration", "tool:path", configuration_fields},
                                       {"job", "path:line", job_fields},
                                       {"repository", "folder or address", repository_fields, .deep = true},
                                       {"copy", "name", copy_fields},
                                       {"evidence_file", "path", evidence_fields},
                                       {"evidence_problem", "line:number", problem_fields},
                                       {"proof", "always \"host\"", proof_fields},
                                       {0}};

static const struct hn_rule rules[] = {
    {"none", HN_SEV_CRITICAL, HN_CLASS_RESILIENCE, "MHLW:6.0 NIST:CP-9 DS-211"},
    {"stale", HN_SEV_HIGH, HN_CLASS_RESILIENCE, "MHLW:6.0 NIST:CP-9 DS-211"},
    {"unproven", HN_SEV_MEDIUM, HN_CLASS_RESILIENCE, "NIST:CP-9 DS-211"},
    {"restore-test-missing", HN_SEV_HIGH, HN_CLASS_RESILIENCE, "MHLW:6.0 NIST:CP-9(1) DS-211"},
    {"restore-test-stale", HN_SEV_MEDIUM, HN_CLASS_RESILIENCE, "MHLW:6.0 NIST:CP-9(1) DS-211"},
    {"no-offline-copy", HN_SEV_HIGH, HN_CLASS_RESILIENCE, "MHLW:6.0"},
    {"no-offsite-copy", HN_SEV_MEDIUM, HN_CLASS_RESILIENCE, "NIST:CP-6 DS-211"},
    {"repository-damaged", HN_SEV_CRITICAL, HN_CLASS_RESILIENCE, "NIST:CP-9 DS-211"},
    {"snapshot-lost", HN_SEV_CRITICAL, HN_CLASS_INTEGRITY, "NIST:CP-9 DS-211"},
    {"repository-missing", HN_SEV_HIGH, HN_CLASS_RESILIENCE, "NIST:CP-9 DS-211"},
    {"evidence-expired", HN_SEV_HIGH, HN_CLASS_RESILIENCE, "MHLW:6.0"},
    {"evidence-malformed", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, NULL},
    {"evidence-writable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, NULL},
    {"secret-readable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:SC-12 DS-211"},
    {0}};

/* tag → patterns; content bytes 0 means stat only */
static const struct {
    const char *tag, *glob;
    size_t max, files;
} places[] = {
    {"config", "/etc/restic*", 65536, 64},
    {"config", "/etc/restic*/*", 65536, 64},
    {"config", "/etc/restic*/*/*", 65536, 64},
    {"config", "/etc/default/restic*", 65536, 16},
    {"config", "/etc/resticprofile/*", 65536, 64},
    {"config", "/root/.restic*", 65536, 16},
    {"config", "/etc/borg*", 65536, 16},
    {"config", "/etc/borg*/*", 262144, 64},
    {"config", "/etc/default/borg*", 65536, 16},
    {"config", "/root/.config/borgmatic*/*", 262144, 64},
    {"config", "/etc/kopia/*", 65536, 16},
    {"config", "/root/.config/kopia/*", 65536, 16},
    {"config", "/etc/rsnapshot*", 65536, 16},
    {"config", "/etc/duply/*/conf", 65536, 64},
    {"config", "/root/.duply/*/conf", 65536, 64},
    {"config", "/etc/timeshift*", 65536, 16},
    {"config", "/etc/timeshift/*", 65536, 16},
    {"config", "/etc/bacula/*.conf", 262144, 32},
    {"config", "/etc/bareos/*.conf", 262144, 32},
    {"config", "/etc/bareos/*/*/*.conf", 262144, 128},
    {"config", "/etc/amanda/*/amanda.conf", 65536, 16},
    {"config", "/etc/btrbk*", 65536, 16},
    {"config", "/etc/btrbk/*", 65536, 16},
    {"config", "/etc/snapper/configs/*", 65536, 64},
    {"config", "/etc/default/urbackup*", 65536, 16},
    {"config", "/etc/default/automysqlbackup", 65536, 1},
    {"config", "/etc/automysqlbackup/*.conf", 65536, 16},
    {"config", "/etc/default/autopostgresqlbackup", 65536, 1},
    {"config", "/etc/backup.d/*", 65536, 64},
    {"config", "/etc/backuppc/config.pl", 262144, 1},
    {"config", "/etc/sanoid/sanoid.conf", 65536, 1},
    {"config", "/etc/pgbackrest*", 65536, 16},
    {"config", "/etc/pgbackrest/*", 65536, 16},
    {"config", "/etc/barman.conf", 65536, 1},
    {"config", "/etc/barman.d/*.conf", 65536, 32},
    {"config", "/etc/vzdump.conf", 65536, 1},
    {"config", "/etc/veeam/veeam.ini", 65536, 1},
    {"unit", "/etc/systemd/system/*.service", 65536, 500},
    {"unit", "/etc/systemd/system/*.timer", 65536, 500},
    {"unit", "/usr/local/lib/systemd/system/*.service", 65536, 100},
    {"unit", "/usr/local/lib/systemd/system/*.timer", 65536, 100},
    {"unit", "/usr/lib/systemd/system/*b[ao][cr][kg]*.service", 65536, 50},
    {"unit", "/usr/lib/systemd/system/*b[ao][cr][kg]*.timer", 65536, 50},
    {"unit", "/usr/lib/systemd/system/*restic*", 65536, 20},
    {"unit", "/usr/lib/systemd/system/btrbk*", 65536, 10},
    {"unit", "/usr/lib/systemd/system/snapper*", 65536, 10},
    {"unit", "/usr/lib/systemd/system/sanoid*", 65536, 10},
    {"stamp", "/var/lib/systemd/timers/stamp-*", 0, 500},
    {"timer-link", "/etc/systemd/system/timers.target.wants/*", 0, 500},
    {"cron", "/etc/crontab", 65536, 1},
    {"cron", "/etc/cron.d/*", 65536, 200},
    {"cron", "/var/spool/cron/crontabs/*", 65536, 200},
    {"script", "/etc/cron.hourly/*", 65536, 100},
    {"script", "/etc/cron.daily/*", 65536, 100},
    {"script", "/etc/cron.weekly/*", 65536, 100},
    {"script", "/etc/cron.monthly/*", 65536, 100},
    {"script", "/usr/local/bin/*backup*", 65536, 50},
    {"script", "/usr/local/sbin/*backup*", 65536, 50},
    {"script", "/root/*backup*", 65536, 50},
    {"script", "/root/bin/*backup*", 65536, 50},
    {"script", "/opt/*backup*", 65536, 50},
    {"script", "/opt/*/*backup*.sh", 65536, 50},
    {"dump", "/var/backups/*.sql*", 0, 500},
    {"dump", "/var/backups/*.dump*", 0, 500},
    {"dump", "/var/backups/*/*.sql*", 0, 500},
    {"dump", "/var/backups/*/*.dump*", 0, 500},
    {"dump", "/backup*/*.sql*", 0, 500},
    {"dump", "/backup*/*.dump*", 0, 500},
    {"dump", "/srv/backup*/*", 0, 500},
    {"guess", "/srv/config", 4096, 1},
    {"guess", "/srv/*/config", 4096, 100},
    {"guess", "/srv/*/*/config", 4096, 100},
    {"guess", "/backup*/config", 4096, 20},
    {"guess", "/backup*/*/config", 4096, 100},
    {"guess", "/mnt/*/config", 4096, 50},
    {"guess", "/mnt/*/*/config", 4096, 100},
    {"guess", "/media/*/*/config", 4096, 50},
    {"guess", "/media/*/*/*/config", 4096, 50},
    {"guess", "/var/backups/*/config", 4096, 50},
    {"guess", "/data/*/config", 4096, 50},
    {"evidence", "/etc/hinomi/backup-evidence.yaml", 1u << 20, 1},
};

static void collect(struct hn_collect *c)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        hn_collect_glob(c, places[i].tag, places[i].glob, places[i].max, places[i].files);
}

static void take_dump(struct hn_parse *p, const struct hn_rec *r)
{
    struct backup_state *s = hn_parse_state(p);
    if ((r->st.mode & 0170000) != 0100000 || !r->st.size)
        return;
    s->dumps++;
    if (r->st.mtime <= s->newest_dump)
        return;
    s->newest_dump = r->st.mtime;
}

static const struct {
    const char *tag;
    void (*parse)(struct hn_parse *p, const struct hn_rec *r);
    bool errors; /* wants records of failures too */
} dispatch[] = {
    {"config", backup_config_file, false},
    {"unit", backup_unit, false},
    {"stamp", backup_stamp, false},
    {"timer-link", backup_timer_link, false},
    {"cron", backup_cron, false},
    {"script", backup_script, false},
    {"dump", take_dump, false},
    {"guess", backup_repo_guess, false},
    {"evidence", backup_evidence, false},
    {"repo-file", backup_repo_file, true},
    {"repo-entry", backup_repo_entry, true},
};

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct backup_state *s = hn_parse_state(p);
    s->started = true;
    s->denied = s->denied || r->err == EACCES || r->err == EPERM;
    for (size_t i = 0; i < sizeof(dispatch) / sizeof(dispatch[0]); i++)
        if (hn_str_eqc(r->tag, dispatch[i].tag) && (!r->err || dispatch[i].errors))
            dispatch[i].parse(p, r);
}

static void later(hn_time *t, hn_time other)
{
    if (other > *t)
        *t = other;
}

static void emit_proof(struct hn_parse *p)
{
    struct backup_state *s = hn_parse_state(p);
    int64_t jobs = 0, copies = 0, offline = 0, offsite = 0, media = 0;
    hn_time success = s->newest_dump, test = 0, now = hn_parse_now(p);
    for (const struct backup_job *j = s->jobs; j; j = j->next)
        jobs += !j->check;
    for (const struct backup_copy *c = s->copies; c; c = c->next) {
        bool first = true;
        if (c->valid_until + HN_DAY <= now)
            continue;
        copies++;
        offline += c->offline || c->immutable;
        offsite += c->offsite;
        later(&success, c->last_success);
        later(&test, c->last_restore_test);
        for (const struct backup_copy *k = s->copies; k != c; k = k->next)
            first = first && (!hn_str_eq(k->medium, c->medium) || k->valid_until + HN_DAY <= now);
        media += first;
    }
    for (const struct backup_repo *r = s->repos; r; r = r->next) {
        later(&success, r->newest);
        offsite += !r->path.n && hn_str_chr(r->target, ':') > 0; /* host:path, sftp:, s3: … */
    }
    hn_obs_begin(p, "proof", HN_STR("host"));
    hn_obs_int(p, "configurations", (int64_t)s->n_configs);
    hn_obs_int(p, "jobs", jobs);
    hn_obs_int(p, "repositories", (int64_t)s->n_repos);
    hn_obs_int(p, "dumps", s->dumps);
    hn_obs_time(p, "newest_dump", s->newest_dump);
    hn_obs_int(p, "copies", copies);
    hn_obs_int(p, "offline", offline);
    hn_obs_int(p, "offsite", offsite);
    hn_obs_int(p, "media", media);
    hn_obs_time(p, "last_success", success);
    hn_obs_time(p, "last_restore_test", test);
    hn_obs_bool(p, "restorable", test && now - test <= BACKUP_PROVEN_DAYS * HN_DAY);
    hn_obs_bool(p, "limited", s->denied);
    hn_obs_end(p);
}

static void finish(struct hn_parse *p)
{
    backup_repos_emit(p);
    backup_jobs_emit(p);
    backup_copies_emit(p);
    emit_proof(p);
}

const struct hn_module hn_module_backup = {
    .name = "backup",
    .kinds = kinds,
    .rules = rules,
    .deep = true,
    .state_size = sizeof(struct backup_state),
    .collect = collect,
    .parse = parse,
    .finish = finish,
    .judge = backup_judge,
};
