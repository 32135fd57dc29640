/* Inside of the services module: what its files share. Everything lives in the parse arena until finish. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "core/module.h"

#define SERVICES_MAX_UNITS    8192u
#define SERVICES_MAX_DROPINS  4096u
#define SERVICES_MAX_PROGRAMS 3000u
#define SERVICES_MAX_SETTINGS 1024u /* of one unit */

struct services_text { /* a unit file or drop-in */
    struct hn_bytes path;
    struct hn_str text;
    unsigned strength; /* of its folder; the greatest wins */
    struct services_text *next;
};

struct services_unit {
    struct hn_str name;
    const struct services_text *file; /* strongest fragment */
    bool masked, alias, enabled, enabled_static, active;
    struct hn_str link_path; /* of the masking link or alias */
    unsigned link_strength;
    struct hn_str enabled_by[8];
    size_t n_enabled_by;
    struct services_unit *next;
};

struct services_setting {
    struct hn_str section, key, value;
};

/* The settings of one unit after its drop-ins, in order; an empty assignment has removed what stood before. */
struct services_settings {
    struct services_setting v[SERVICES_MAX_SETTINGS];
    size_t n;
    bool has_install;
};

struct services_program {
    struct hn_str path; /* canonical */
    bool seen, missing;
    uint32_t mode, uid, gid;
    struct services_program *next;
};

struct services_state {
    struct hn_map units, programs;
    struct services_unit *first, *last;
    struct services_text *dropins;
    struct services_program *programs_first;
    size_t n_units, n_dropins, n_programs;
    bool ready, active_known;
    struct services_settings *work;
};

enum services_how {
    SERVICES_STAT,        /* the file itself is what runs */
    SERVICES_CRON_SYSTEM, /* crontab(5) with a user column */
    SERVICES_CRON_USER,
    SERVICES_AT,
    SERVICES_EXEC,  /* Exec= of desktop and D-Bus files */
    SERVICES_LINES, /* every line that is no comment */
    SERVICES_MATCH  /* lines that hold one of a few words */
};

struct services_place {
    const char *kind; /* also the tag of its records */
    const char *glob;
    enum services_how how;
    const char *words; /* of SERVICES_MATCH, separated by blanks */
};
extern const struct services_place services_places[];

/* units.c */
bool services_is_unit_dir(struct hn_bytes path, unsigned *ret_strength);
void services_entry(struct hn_parse *p, const struct hn_rec *r); /* an entry of a unit folder */
void services_unit_file(struct hn_parse *p, const struct hn_rec *r);
void services_dropin_file(struct hn_parse *p, const struct hn_rec *r);
void services_active(struct hn_parse *p, const struct hn_rec *r);
void services_units_emit(struct hn_parse *p);
extern const char *const services_unit_dirs[]; /* weakest first, NULL-terminated */
/* settings.c */
void services_settings_add(struct services_settings *s, struct hn_arena *a, struct hn_str text);
/* The last value of the key in the section, or empty. */
struct hn_str services_setting_last(const struct services_settings *s, const char *section, const char *key);
/* Program of an Exec line: prefixes "-@:+!|" and quotes removed; empty when there is none. */
struct hn_str services_exec_program(struct hn_arena *a, struct hn_str line);
/* exposure.c */
/* 0–100 (tenths), and the names of the protections that are missing. */
int64_t services_exposure(const struct services_settings *s, struct hn_str *missing, size_t max, size_t *ret_n);
/* persist.c */
void services_persist(struct hn_parse *p, const struct hn_rec *r, const struct services_place *place);
/* programs.c */
/* Notes a program that something starts, and asks for its mode and owner and those of the folders above it. */
struct hn_str services_program_note(struct hn_parse *p, struct hn_str path);
void services_program_stat(struct hn_parse *p, const struct hn_rec *r);
void services_programs_emit(struct hn_parse *p);
/* Absolute paths in a shell line, canonical, noted as programs; at most max. */
size_t services_programs_of(struct hn_parse *p, struct hn_str line, struct hn_str *out, size_t max);
/* judge.c */
void services_judge(struct hn_judge *j);
