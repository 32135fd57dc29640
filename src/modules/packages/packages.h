/* Inside of the packages module: what its parse files share. */
#pragma once

#include "base/map.h"
#include "core/module.h"
#include "format/deb822.h"
#include "format/unpack.h"

#define PACKAGES_MAX           200000u /* packages in one database */
#define PACKAGES_MAX_REPOS     256u
#define PACKAGES_MAX_PARAGRAPH (1u << 18)
#define PACKAGES_MAX_LIST      (UINT64_C(1) << 30) /* decompressed bytes of one apt list */
#define PACKAGES_TEXT          1024u               /* bytes kept of one text */
#define PACKAGES_MAX_LINE      16384u
#define PACKAGES_SUITES        6

/* One Release file of apt's lists. */
struct packages_repo {
    struct packages_repo *next;
    struct hn_str prefix; /* file name without "_InRelease" */
    struct hn_str origin, label, suite, codename;
    hn_time date, valid_until;
    bool security, not_automatic;
    int64_t lists, offered; /* Packages files, paragraphs in them */
};

/* A version that a repository offers. */
struct packages_offer {
    struct hn_str version, source_version;
    const struct packages_repo *repo; /* NULL: no offer */
};

#define PACKAGES_COPYRIGHT_MAX ((size_t)256 << 10)

/* What only a bill of materials asks for. */
struct packages_detail {
    struct hn_str maintainer, homepage, summary;
    struct hn_str licence;   /* an expression that the database itself has (apk, rpm) */
    struct hn_str *licences; /* names in debian/copyright */
    size_t n_licences;
    bool machine_readable;                        /* debian/copyright is in the format 1.0 */
    struct hn_str depends, pre_depends, provides; /* as written; of apk and rpm separated by blanks */
};

/* Of a package's files in a deep run. */
struct packages_checks {
    int64_t files, changed; /* whose checksum was compared; of these, different */
    hn_time oldest;         /* when the one was read that was read longest ago */
};

struct packages_pkg {
    struct packages_pkg *next;      /* in order of arrival */
    struct packages_pkg *same_name; /* another architecture */
    const char *manager;            /* "dpkg", "apk", "rpm" */
    struct hn_str subject, name, arch, version, source, source_version;
    struct hn_str want, flag, state, section, priority, vendor;
    bool essential, installed;
    int64_t size, conffiles;                             /* size in bytes, 0 = unknown */
    bool replaced;                                       /* a later paragraph gave the same package again */
    bool known;                                          /* some list has this name */
    const struct packages_repo *suites[PACKAGES_SUITES]; /* that offer the installed version */
    unsigned n_suites;
    struct packages_offer candidate, fixed;
    struct packages_checks *checks;
    struct packages_detail *detail; /* NULL: not an inventory, or nothing told */
    hn_time published;              /* a newer version existed at this time at the latest */
};

/* A name in a system folder, until a package claims it. */
struct packages_entry {
    struct packages_entry *next;
    struct hn_bytes path, link;
    struct hn_bytes raw;            /* as it is on disk, where that differs from path */
    const struct packages_pkg *pkg; /* whose digest was asked for */
    uint64_t size;
    bool owned, executable;
};

struct packages_sum {
    uint64_t hash; /* of the canonical path */
    uint8_t md5[16];
    const struct packages_pkg *pkg;
    bool conffile;
};

struct packages_diversion {
    struct hn_bytes to;
    struct hn_bytes by; /* package; ":" is the administrator */
};

struct packages_state {
    bool begun, out_of_memory;
    struct hn_map by_name, by_subject; /* → packages_pkg */
    struct packages_pkg *first, **last;
    size_t n;
    struct hn_map entries; /* canonical path → packages_entry */
    struct packages_entry *first_entry, **last_entry;
    struct hn_map diversions, owned; /* from → packages_diversion; wanted paths that have an owner */
    struct packages_repo *repos;
    size_t n_repos;
    hn_time refreshed;         /* the last time that somebody updated the lists */
    struct packages_sum *sums; /* open addressing, power of two; hash 0 is free */
    size_t n_sums, cap_sums;
    uint64_t digests, read; /* files whose checksum was compared; of these, read in this run */
    hn_time oldest_check;
    bool saw_dpkg, saw_apk, saw_rpm, saw_lists, lists_incomplete;
    struct hn_deb822 text;
    struct hn_unpack *unpack; /* of the list being read */
    uint8_t *line;            /* the line that a record ended in the middle of, PACKAGES_MAX_LINE bytes */
    size_t n_line;
    struct packages_image *rpm; /* the rpm database being gathered */
    /* the record at hand, for callbacks */
    struct hn_parse *p;
    struct hn_bytes path;
    struct packages_repo *repo;
};

/* status.c */
struct hn_str packages_keep(struct packages_state *st, struct hn_bytes b);
bool packages_set(struct packages_state *st, struct hn_map *m, struct hn_bytes key, void *value);
struct packages_pkg *packages_add(struct packages_state *st, struct packages_pkg *k);
void packages_status(struct packages_state *st, const struct hn_rec *r);
void packages_malformed(void *st, uint64_t offset, const char *why);
/* Calls each for every line of a file that comes in several records; one cut off between two records is put together.
 * offset is the line's within the file. each gives false to look no further in this record. */
void packages_lines(struct packages_state *st, const struct hn_rec *r,
                    bool (*each)(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes line,
                                 uint64_t offset),
                    const struct packages_pkg *pkg);
/* detail.c */
struct packages_detail *packages_detail_of(struct packages_state *st, struct packages_pkg *k); /* NULL: no memory */
void packages_copyright(struct packages_state *st, const struct hn_rec *r);
void packages_emit_details(struct packages_state *st);
/* lists.c */
void packages_release(struct packages_state *st, const struct hn_rec *r);
void packages_list(struct packages_state *st, const struct hn_rec *r);
void packages_refreshed(struct packages_state *st, const struct hn_rec *r);
/* owners.c */
void packages_entry_seen(struct packages_state *st, const struct hn_rec *r);
void packages_diversions(struct packages_state *st, const struct hn_rec *r);
/* pkg owns path (canonical, as it is on disk). */
void packages_owns(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes path);
/* A digest that was asked for: an observation of the file. */
void packages_file_digest(struct packages_state *st, const struct hn_rec *r);
void packages_file_list(struct packages_state *st, const struct hn_rec *r);
void packages_emit_foreign(struct packages_state *st);
/* sums.c */
void packages_sum_add(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes path,
                      struct hn_bytes hex, bool conffile);
void packages_md5sums(struct packages_state *st, const struct hn_rec *r);
void packages_digest(struct packages_state *st, const struct hn_rec *r);
void packages_emit_checks(struct packages_state *st);
/* The package that "name.list" or "name:arch.md5sums" belongs to, or NULL. */
const struct packages_pkg *packages_of_file(struct packages_state *st, struct hn_bytes path, const char *suffix);
/* apk.c, rpm.c */
void packages_apk(struct packages_state *st, const struct hn_rec *r);
void packages_rpm(struct packages_state *st, const struct hn_rec *r);
void packages_rpm_done(struct packages_state *st);
/* collect.c, judge.c */
void packages_collect(struct hn_collect *c);
void packages_judge(struct hn_judge *j);
