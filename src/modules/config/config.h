/* What the files of this folder share: the table of configuration files, the line readers, and the settings collected
 * so far. Everything is bounded; text from files becomes hn_str only through hn_str_from_hostile(). */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "core/module.h"

#define CONFIG_FILE_MAX  (256u << 10) /* longest configuration file that is read */
#define CONFIG_TEXT_MAX  1024u        /* longest value that is kept */
#define CONFIG_ITEMS_MAX 20000u       /* settings, PAM lines, mounts … of one host */

/* One configuration file as it came from the collector. */
struct config_file {
    struct hn_parse *p;
    const struct config_source *src;
    struct hn_bytes path;
    struct hn_bytes text;
};

enum config_keep {
    CONFIG_LAST,  /* a later file or line replaces an earlier one */
    CONFIG_FIRST, /* the first one counts */
    CONFIG_EACH   /* every occurrence is an observation of its own */
};

/* One configuration ("journald") and how its files are read. Files are given in the order in which the program reads
 * them; a name with a '*' is a glob, one with '/' at its end a folder of which only the being there matters. */
struct config_source {
    const char *conf;
    enum config_keep keep;
    void (*read)(struct config_file *f);
    const char *files[10];
};

extern const struct config_source config_sources[];
extern const size_t config_sources_n;
/* Paths whose mode, owner and size are looked at; a name with "/." at the end stands for the entries of that folder. */
extern const char *const config_stat_paths[];
extern const size_t config_stat_paths_n;

/* Settings that some rule asks about: "conf key", the key in lower case; '*' in a key matches. Made from rules/ by
 * tools/build-rules. Nothing else is kept: no file is copied into the store. */
extern const char *const config_wanted[];
extern const size_t config_wanted_n;

/* ---- lines (lines.c) ---- */

struct config_lines {
    struct hn_bytes rest;
    unsigned line; /* number of the line just given, from 1 */
};

/* Next line, trimmed, neither empty nor a comment (a line that begins with one of `comment`). A backslash at the end
 * joins nothing here; readers that need it do so themselves. */
bool config_line(struct config_lines *l, const char *comment, struct hn_bytes *ret);
/* First word of *rest (blanks and tabs between words; "…" and '…' hold one word together). */
bool config_word(struct hn_bytes *rest, struct hn_bytes *ret);
struct hn_bytes config_trim(struct hn_bytes b);
struct hn_bytes config_unquote(struct hn_bytes b);
bool config_starts(struct hn_bytes b, const char *prefix);
struct hn_bytes config_skip(struct hn_bytes b, size_t n);

void config_read_words(struct config_file *f);  /* key value…; '#' */
void config_read_equals(struct config_file *f); /* key = value; flags without '=' have the value "" */
void config_read_ini(struct config_file *f);    /* [section] key = value → "section.key" */
void config_read_nginx(struct config_file *f);  /* word value; */

/* ---- readers of one format each ---- */

void config_read_apt_conf(struct config_file *f); /* apt.c */
void config_read_apt_list(struct config_file *f); /* one-line style */
void config_read_apt_deb822(struct config_file *f);
void config_read_pam(struct config_file *f);   /* pam.c */
void config_read_fstab(struct config_file *f); /* mounts.c */
void config_read_mountinfo(struct config_file *f);
void config_read_exports(struct config_file *f);
void config_read_limits(struct config_file *f); /* special.c */
void config_read_modprobe(struct config_file *f);
void config_read_shell(struct config_file *f);
void config_read_banner(struct config_file *f);
void config_read_cmdline(struct config_file *f);
void config_read_grub_cfg(struct config_file *f);
void config_read_rsyslog(struct config_file *f);
void config_read_audit_rules(struct config_file *f); /* special2.c */
void config_read_nft(struct config_file *f);
void config_read_iptables(struct config_file *f);
void config_read_hba(struct config_file *f);
void config_read_snmpd(struct config_file *f);
void config_read_json(struct config_file *f);
void config_read_apparmor(struct config_file *f);
void config_read_nothing(struct config_file *f);
void config_read_value(struct config_file *f); /* the file is one value: key "value" */

/* ---- state (parse.c) ---- */

struct config_item {
    const struct config_source *src;
    struct hn_str key, value;
    struct hn_str path;
    unsigned line;
    struct hn_str rank; /* base name of a drop-in, empty for the main file */
    bool each;          /* an observation of its own, whatever others say */
    bool etc;           /* below /etc: wins over the same name elsewhere */
    struct config_item *next;
};

struct config_pam_line {
    struct hn_str service, type, control, module, path;
    struct hn_str *args;
    size_t n_args;
    unsigned line;
    struct config_pam_line *next;
};

struct config_mount {
    struct hn_str path, device, fstype;
    struct hn_str *options, *fstab;
    size_t n_options, n_fstab;
    bool mounted, in_fstab;
    unsigned line;
    struct config_mount *next;
};

/* How far one source was seen. */
struct config_seen {
    bool any; /* a record came */
    bool exists;
    bool bad; /* unreadable or cut */
    unsigned files;
};

#define CONFIG_SOURCES_MAX 96

struct config_state {
    unsigned items;
    bool over;
    struct hn_map index; /* lower-case "conf key" → struct config_item */
    struct config_item *first, *last;
    struct config_pam_line *pam_first, *pam_last;
    struct config_mount *mounts;
    struct hn_map users, groups; /* decimal id → name, arena strings */
    struct config_seen seen[CONFIG_SOURCES_MAX];
    struct {
        bool known, live, container, systemd, desktop;
    } sys;
};

struct config_state *config_state(struct hn_parse *p);
/* False when the limit of this host is reached; then it is recorded once as malformed. */
bool config_room(struct hn_parse *p, struct hn_bytes path);
/* Keeps one setting, when a rule asks about it. line 0: not known. Secret values are replaced by "(set)". */
void config_set(struct config_file *f, struct hn_bytes key, struct hn_bytes value, unsigned line);
void config_set_c(struct config_file *f, const char *key, struct hn_bytes value, unsigned line);
struct hn_str config_text(struct config_file *f, struct hn_bytes b);
/* Splits at commas; at most max items, in the arena. */
size_t config_commas(struct config_file *f, struct hn_bytes b, struct hn_str **ret, size_t max);
/* The rest of this file was not read: rules about its configuration become unknown. */
void config_incomplete(struct config_file *f);
void config_source_bad(struct hn_parse *p, const char *conf); /* the same by name */
void config_malformed(struct config_file *f, struct hn_bytes at, const char *why);

/* Called from finish (pam.c, mounts.c). */
void config_pam_emit(struct hn_parse *p);
void config_mounts_emit(struct hn_parse *p);

extern const struct hn_kind config_kinds[];
extern const struct hn_rule config_rules[]; /* generated */
extern const char *const config_needs[];    /* generated */
void config_collect(struct hn_collect *c);
void config_parse(struct hn_parse *p, const struct hn_rec *r);
void config_finish(struct hn_parse *p);
void config_judge(struct hn_judge *j);
