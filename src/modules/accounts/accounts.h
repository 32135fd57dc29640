/* Inside of the accounts module: what its files share. Everything lives in the parse arena until finish. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "core/module.h"

#define ACCOUNTS_MAX_USERS   32768u
#define ACCOUNTS_MAX_LINES   65536u
#define ACCOUNTS_UTMP_LEN    384u /* struct utmp of 64-bit x86 glibc */
#define ACCOUNTS_LASTLOG_LEN 292u /* struct lastlog: time, line[32], host[256] */
#define ACCOUNTS_LASTLOG_MAX (4u << 20)
#define ACCOUNTS_LOGINDB_MAX (16u << 20)

/* A configuration file kept until finish, because includes arrive later than what includes them. */
struct accounts_file {
    struct hn_bytes path;
    struct hn_str text; /* invalid bytes as \xHH */
    uint32_t mode, uid;
    bool has_stat;
    bool open; /* being walked: an include that comes back to it goes in circles */
    struct accounts_file *next;
};

struct accounts_user {
    struct hn_str name, home, shell, gecos;
    uint32_t uid, gid;
    unsigned line;
    bool number_bad;         /* uid or gid is no number: not a usable account */
    const char *passwd_hash; /* kind of a hash that stands in passwd itself, or NULL when it points to shadow */
    bool has_shadow;
    const char *hash; /* kind */
    bool locked;
    int64_t changed, min, max, warn, inactive, expires; /* days since 1970 or days; -1 = not set */
    hn_time last_login;
    struct hn_str last_from;
    bool home_seen;
    uint32_t home_mode, home_uid, home_gid;
    unsigned keys;
    bool first_of_name;
    struct hn_str *groups; /* supplementary */
    size_t n_groups;
    struct accounts_user *next;
};

struct accounts_group {
    struct hn_str name, members, admins;
    uint32_t gid;
    bool number_bad;
    const char *password; /* kind, or NULL */
    struct accounts_group *next;
};

/* Carries the rest of a fixed-size record over to the next chunk of its file. */
struct accounts_carry {
    uint8_t rest[ACCOUNTS_UTMP_LEN];
    size_t n;
    uint64_t index;
};

struct accounts_state {
    struct accounts_user *users, *last_user;
    struct hn_map by_name; /* login name → first accounts_user of that name */
    struct hn_map by_home; /* home as written → first accounts_user */
    struct accounts_group *groups;
    struct accounts_file *sudo, *sshd;
    size_t n_users;
    bool maps_ready;
    bool shadow_seen, passwd_seen, lastlog_seen, lastlog_cut, wtmp_seen, sshd_seen, sudo_seen;
    bool login_database, lastlog2_read;
    struct accounts_image *logindb; /* the database whose pieces arrive */
    uint64_t lastlog_records;
    struct accounts_carry lastlog, wtmp;
    unsigned uid_min;
};

/* users.c */
void accounts_passwd(struct hn_parse *p, const struct hn_rec *r);
void accounts_shadow(struct hn_parse *p, const struct hn_rec *r);
void accounts_group_file(struct hn_parse *p, const struct hn_rec *r);
void accounts_gshadow(struct hn_parse *p, const struct hn_rec *r);
void accounts_login_defs(struct hn_parse *p, const struct hn_rec *r);
void accounts_home_stat(struct hn_parse *p, const struct hn_rec *r);
void accounts_users_emit(struct hn_parse *p);
const char *accounts_hash_kind(struct hn_str field, bool *ret_locked);
/* logins.c */
void accounts_lastlog(struct hn_parse *p, const struct hn_rec *r);
void accounts_wtmp(struct hn_parse *p, const struct hn_rec *r);
/* The newest counts; host: up to its first NUL. */
void accounts_note_login(struct hn_parse *p, struct accounts_user *u, hn_time when, struct hn_bytes host);
/* logindb.c */
void accounts_logindb(struct hn_parse *p, const struct hn_rec *r);
void accounts_logindb_done(struct accounts_state *s);
/* sudo.c */
void accounts_sudoers(struct hn_parse *p, const struct hn_rec *r);
void accounts_sudo_emit(struct hn_parse *p);
/* sshd.c */
void accounts_sshd_file(struct hn_parse *p, const struct hn_rec *r);
void accounts_sshd_emit(struct hn_parse *p);
/* keys.c */
void accounts_keys(struct hn_parse *p, const struct hn_rec *r);
void accounts_trust_file(struct hn_parse *p, const struct hn_rec *r);
/* escape.c: does a rule of sudo (accounts.sudo_rule) make whoever has it root, though it names other programs? */
bool accounts_sudo_escapes(const struct hn_obs *rule, struct hn_str *ret_program);
/* A group (accounts.group) whose members can take the whole host. */
void accounts_judge_root_group(struct hn_judge *j, const struct hn_obs *group);

/* judge.c */
void accounts_judge(struct hn_judge *j);
/* module.c */
/* Keeps a file of configuration for finish; NULL when there is nothing to keep or no memory. */
struct accounts_file *accounts_keep(struct hn_parse *p, struct accounts_file **list, const struct hn_rec *r);
