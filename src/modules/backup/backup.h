/* Inside of the backup module: what its files share. Everything lives in the parse arena until finish. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "core/module.h"

#define BACKUP_MAX_REPOSITORIES 64u
#define BACKUP_MAX_JOBS         512u
#define BACKUP_MAX_CONFIGS      512u
#define BACKUP_MAX_COPIES       128u
#define BACKUP_MAX_SNAPSHOTS    1024u /* names kept of one repository */
#define BACKUP_MAX_DAMAGE       16u   /* damaged files named of one repository */
#define BACKUP_SMALL_PACKS      64u   /* deep: a repository with fewer packs is read whole, else 1/256 of it a day */
#define BACKUP_MAX_PACKS        3000u
#define BACKUP_PROVEN_DAYS      180 /* a restore test older than this proves nothing (backup.proof) */

enum backup_repo_kind { BACKUP_RESTIC, BACKUP_BORG, BACKUP_OTHER };

struct backup_repo {
    enum backup_repo_kind kind;
    struct hn_str tool, target, path; /* path: "" for one that is not on this host */
    bool recognised;                  /* its layout was seen */
    bool missing, append_only, locked, keys_seen;
    hn_time newest, newest_index;
    unsigned snapshots, packs, packs_read, bad;
    uint64_t bytes;
    struct hn_str snapshot_names[BACKUP_MAX_SNAPSHOTS];
    size_t n_names;
    struct hn_str damage[BACKUP_MAX_DAMAGE];
    size_t n_damage;
    struct hn_str lost[BACKUP_MAX_DAMAGE]; /* expected snapshots that are not there */
    size_t n_lost;
    int64_t expected_packs;
    struct backup_repo *next;
};

struct backup_copy {
    struct hn_str name, medium, location, attested_by, repository;
    bool offline, immutable, offsite;
    hn_time last_success, last_restore_test, valid_until;
    struct hn_str covers[32], expected[256];
    size_t n_covers, n_expected;
    int64_t expected_packs; /* -1: not said */
    unsigned line;
    struct backup_copy *next;
};

struct backup_config {
    const char *tool;
    struct hn_str path, target, sources[32];
    size_t n_sources;
    bool secret;
    uint32_t mode;
    struct backup_config *next;
};

struct backup_job {
    const char *tool;
    struct hn_str subject, path, command, schedule, unit, target;
    bool check; /* looks at a repository instead of writing one */
    struct backup_job *next;
};

struct backup_timer { /* unit name without its suffix */
    struct hn_str name, schedule;
    hn_time stamp;
    bool enabled;
    struct backup_timer *next;
};

struct backup_state {
    struct backup_repo *repos;
    struct backup_copy *copies;
    struct backup_config *configs;
    struct backup_job *jobs;
    struct backup_timer *timers;
    size_t n_repos, n_copies, n_configs, n_jobs;
    struct backup_copy *last_copy;
    hn_time newest_dump;
    struct hn_str dump;
    unsigned dumps;
    hn_time log_time;
    bool denied; /* something that may hold a backup could not be read */
    bool started;
    /* reading a file that comes in several records */
    struct hn_digest *digest;
    struct backup_repo *digest_of;
    void *segment; /* borg.c */
};

/* tools.c */
/* The tool that a command line runs, or NULL. *ret_check: it only verifies. */
const char *backup_tool_of(struct hn_str command, bool *ret_check);
/* Where the command writes to: its repository, its last argument, or the file it is redirected to; empty if unknown. */
struct hn_str backup_target_of(struct hn_arena *a, const char *tool, struct hn_str command);
bool backup_is_local(struct hn_str target);
struct hn_str backup_text(struct hn_parse *p, const struct hn_rec *r); /* the record's data, in the parse arena */
/* configs.c */
void backup_config_file(struct hn_parse *p, const struct hn_rec *r);
/* jobs.c */
void backup_unit(struct hn_parse *p, const struct hn_rec *r);
void backup_cron(struct hn_parse *p, const struct hn_rec *r);
void backup_script(struct hn_parse *p, const struct hn_rec *r);
void backup_stamp(struct hn_parse *p, const struct hn_rec *r);
void backup_timer_link(struct hn_parse *p, const struct hn_rec *r);
void backup_jobs_emit(struct hn_parse *p);
/* repos.c */
struct backup_repo *backup_repo_get(struct hn_parse *p, const char *tool, struct hn_str target);
void backup_repo_file(struct hn_parse *p, const struct hn_rec *r);  /* content of a file of a repository */
void backup_repo_entry(struct hn_parse *p, const struct hn_rec *r); /* mode, size and times of one */
void backup_repo_guess(struct hn_parse *p, const struct hn_rec *r); /* a file named config, maybe of a repository */
void backup_repo_damage(struct hn_parse *p, struct backup_repo *repo, struct hn_str what);
void backup_repos_emit(struct hn_parse *p);
/* borg.c */
/* Checks the entries of a segment file against their checksums; called for every record of the file in order. */
void backup_borg_segment(struct hn_parse *p, struct backup_repo *repo, const struct hn_rec *r);
/* evidence.c */
void backup_evidence(struct hn_parse *p, const struct hn_rec *r);
void backup_copies_emit(struct hn_parse *p);
/* judge.c */
void backup_judge(struct hn_judge *j);
