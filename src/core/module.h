/* The module contract: how a capability declares itself, collects, parses and judges.
 *
 *   collect   collector role: may read (root if given), may not write, execute or connect. Interprets nothing; emits
 *             capture records. Calls only the hn_collect_* functions below (and read-only system calls).
 *   parse     parser role: sandboxed. Capture records in, observations out. No descriptors, clock, globals; memory from
 *             the arena or from `state`.
 *   finish    parser role: after the last record of this module.
 *   judge     core: a pure function of (observations, policy, now); findings out.
 *
 * One `const struct hn_module hn_module_<name>` per folder, designated initialisers only, registered by one line in
 * modules.def. Texts live in the folder's text.yaml; a missing language fails the build. */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"

/* ---------------------------------------------------------------- declarations */

enum hn_type { HN_T_STR, HN_T_INT, HN_T_BOOL, HN_T_TIME, HN_T_LIST /* of strings */ };

/* What a text value refers to: values with the same meaning join, whichever module saw them.
 *   PATH      absolute path as the host names it, /usr merged (see hn_path_canonical)
 *   PROCESS   "pid:starttime" = subject of processes.process
 *   PACKAGE   "name:arch" = subject of packages.package
 *   LISTENER  "tcp:0.0.0.0:443" = subject of sockets.listener
 *   UNIT      "ssh.service"; USER login name */
enum hn_ref { HN_REF_NONE, HN_REF_PATH, HN_REF_PROCESS, HN_REF_PACKAGE, HN_REF_LISTENER, HN_REF_UNIT, HN_REF_USER };

struct hn_field {
    const char *name; /* snake_case */
    enum hn_type type;
    enum hn_ref ref;     /* of STR, and of each item of LIST */
    const char *unit;    /* "bytes", "seconds", … or NULL */
    const char *meaning; /* one English line; shown in help and reference docs */
};

/* A kind of observation. `subject` is unique within (asset, module, kind). */
struct hn_kind {
    const char *name;
    const char *subject;           /* what the subject is, one line */
    const struct hn_field *fields; /* ends with {0} */
    /* A deep pass sees subjects of it, or says things about them, that a quick one cannot. Such observations, and
     * findings that rest on one, are a deep pass's to close until a quick one has shown them too. */
    bool deep;
};

enum hn_severity { HN_SEV_INFO, HN_SEV_LOW, HN_SEV_MEDIUM, HN_SEV_HIGH, HN_SEV_CRITICAL };

enum hn_class {
    HN_CLASS_VULNERABILITY, /* known defect with a fix: deadline from the vulnerability table */
    HN_CLASS_CONFIGURATION,
    HN_CLASS_INTEGRITY,  /* something changed or is foreign */
    HN_CLASS_RESILIENCE, /* backup, recovery */
    HN_CLASS_DETECTION,
    HN_CLASS_HYGIENE
};

/* A kind of finding. Texts: "<module>.<id>.title" (noun phrase with placeholders), "<module>.<id>.why" (what it means
 * for this host, one or two sentences), "<module>.<id>.fix" (what to do). Placeholders are {param} names given by
 * judge. */
struct hn_rule {
    const char *id;
    enum hn_severity severity; /* unless judge says otherwise */
    enum hn_class class;
    /* Space separated, or NULL. Only what was looked up: CIS = recommendation of the CIS Debian Linux 12 Benchmark,
     * NIST = control of SP 800-53, ATTACK = technique; DS-211 and MHLW:6.0 (the guideline's version) name the document
     * as a whole, without a section. */
    const char *references;
};

struct hn_buf;
struct hn_collect;
struct hn_parse;
struct hn_judge;
struct hn_rec;
struct hn_verb;

struct hn_module {
    const char *name;            /* noun; URL segment; prefix of kinds: "packages" */
    const struct hn_kind *kinds; /* ends with {0} */
    const struct hn_rule *rules; /* ends with {0}; may be NULL */
    const char *const
        *needs; /* kinds of other modules that judge reads, "sockets.listener"; NULL-terminated; may be NULL */
    bool deep;  /* a deep pass sees more than a quick one: it is a scope of its own, so that a quick run never closes
                 * what only a deep one can see */
    bool live_only; /* nothing to see in a mounted root: reported as "not seen" there */
    /* All that collect looks at are files and names in folders, and all of it is told as inputs (the hn_collect_
     * functions see to that; see hn_collect_looked, hn_collect_listed): unchanged, they say the same again, and a run
     * need not look (core/seen.h). */
    bool told;
    bool reads_xml;    /* its verbs on documents may: the XML library is loaded for their worker (format/xml.h) */
    bool reads_packed; /* its verbs on files may meet bzip2: so is that library (format/bzip2.h) */
    bool wants_paths;  /* parse may call hn_parse_path_wanted(): runs after all modules that do not want paths */
    size_t state_size; /* of hn_parse_state(), zeroed before the first record */
    void (*collect)(struct hn_collect *c); /* NULL: no part of a diagnosis; its verbs feed it (core/work.h) */
    void (*parse)(struct hn_parse *p, const struct hn_rec *r);
    void (*finish)(struct hn_parse *p); /* may be NULL */
    void (*judge)(struct hn_judge *j);  /* may be NULL */
    const struct hn_verb *verbs;        /* core/work.h: subcommands of `hinomi <name>`; ends with {0}; may be NULL */
};

/* ---------------------------------------------------------------- capture records */

#define HN_REC_CHUNK (1u << 20) /* longest data of one record; longer files come as several */

/* tag is chosen by the module's collect to tell its records apart. A file longer than HN_REC_CHUNK comes as several
 * records with the same path, growing offset, and more == true on all but the last. */
struct hn_rec {
    struct hn_str tag;
    struct hn_bytes path; /* as the host names it (below the root), unvalidated */
    struct hn_bytes link; /* target, when a symbolic link was looked at */
    struct hn_bytes data;
    uint64_t offset;
    bool more;
    bool truncated; /* the file went on beyond the limit asked for */
    bool has_stat;
    int err; /* errno of the failed step, else 0 */
    struct {
        uint32_t mode, uid, gid, nlink;
        uint64_t size, ino, dev;
        int64_t mtime, ctime; /* hn_time */
    } st;
};

/* ---------------------------------------------------------------- collect (collector role) */

bool hn_collect_live(const struct hn_collect *c);      /* false: a mounted root; no /proc, /sys, netlink */
bool hn_collect_deep(const struct hn_collect *c);      /* --deep: whole-system walks are wanted */
bool hn_collect_inventory(const struct hn_collect *c); /* a list of parts is wanted, no diagnosis */
bool hn_collect_bare(const struct hn_collect *c);      /* with that: only what tells parts apart, no licences */
bool hn_collect_hashes(const struct hn_collect *c);    /* digests will be asked for */
bool hn_collect_root_user(const struct hn_collect *c);
/* True: this path ended a role in an earlier try and must be left alone. The functions below see to it themselves; it
 * is for collect functions that open by their own hand. */
bool hn_collect_skips(const struct hn_collect *c, const char *path);
/* Reads a file below the root (symbolic links stay inside it): stat and at most max bytes. A missing file gives a
 * record with err = ENOENT, an unreadable one err = EACCES and is listed as "not seen". */
void hn_collect_file(struct hn_collect *c, const char *tag, const char *path, size_t max);
/* Every path that matches (POSIX glob; "*" does not cross "/"), at most max_files, in sorted order. max 0: only the
 * stat of what each path leads to. */
void hn_collect_glob(struct hn_collect *c, const char *tag, const char *pattern, size_t max, size_t max_files);
/* The same for files of which many are copies: one of the same size and modification time as one before comes without
 * its content, and `link` names the earlier one. Whoever doubts that they are the same asks for it
 * (hn_parse_want_part). */
void hn_collect_glob_once(struct hn_collect *c, const char *tag, const char *pattern, size_t max, size_t max_files);
/* lstat and link target, no content. */
void hn_collect_stat(struct hn_collect *c, const char *tag, const char *path);
/* Entries of a folder (not "." and ".."), lstat each; depth 1 = the folder itself. Does not cross file systems. */
void hn_collect_dir(struct hn_collect *c, const char *tag, const char *path, unsigned depth, size_t max_entries);
/* For collect functions that list folders by their own hand: this one was, so that the module runs again when it
 * changes. */
void hn_collect_listed(struct hn_collect *c, const char *folder);
/* The same where only the names of the entries and which of them are folders counts; whatever else of an entry is
 * looked at is told by itself. */
void hn_collect_named(struct hn_collect *c, const char *folder);
/* The same for a path of which only the stat counts, or whether it is there. */
void hn_collect_looked(struct hn_collect *c, const char *path);
/* Target of a /proc/PID/exe or ns/net style link, without following it. */
void hn_collect_link(struct hn_collect *c, const char *tag, const char *path);
/* Bytes that are no file: a netlink dump, uname. path is a name for people ("netlink:inet_diag"). */
void hn_collect_bytes(struct hn_collect *c, const char *tag, const char *path, struct hn_bytes data);
/* Sends one netlink request (a complete message with NLM_F_DUMP) and hands on the answers, each record holding whole
 * messages. 0, or the errno of the refusal, which the caller reports when it matters. */
int hn_collect_netlink(struct hn_collect *c, const char *tag, const char *path, int protocol, struct hn_bytes request);
/* The same into a buffer, for what must be known to ask further. */
int hn_collect_netlink_read(int protocol, struct hn_bytes request, struct hn_buf *ret);
/* The tables of iptables (without nf_tables) that the kernel lists, each "xtables:ip/filter" or "…ip6/…": struct
 * ipt_getinfo and the entries, as ip_tables.h has them. 0, or the errno of a table that could not be read. */
int hn_collect_xtables(struct hn_collect *c, const char *tag);
/* Something that should have been seen could not be: shown to people. why: a short English phrase or strerror. */
void hn_collect_not_seen(struct hn_collect *c, const char *what, const char *why);
/* For collect functions that walk by their own hand: a folder or file of what is looked at. Nothing outside can be
 * reached; a failure leaves its reason in errno, and ret closed. Close each with hn_at_close(). */
struct hn_at {
    int fd; /* -1: closed, or a file of an image */
    void *list;
    struct hn_image_node *node; /* of an image */
};
struct stat;
/* flags as for open(2); symbolic links are followed inside the root, the last one not with O_NOFOLLOW. */
bool hn_at_open(const struct hn_collect *c, const char *path, int flags, struct hn_at *ret);
/* A name in an open folder (no "/"); never follows, never blocks. */
bool hn_at_open_in(const struct hn_collect *c, const struct hn_at *dir, const char *name, int flags, struct hn_at *ret);
void hn_at_close(struct hn_at *at);
bool hn_at_stat(const struct hn_collect *c, const struct hn_at *at, struct stat *ret);
bool hn_at_lstat(const struct hn_collect *c, const struct hn_at *dir, const char *name, struct stat *ret);
/* Opening it would mount something. */
bool hn_at_automounts(const struct hn_collect *c, const struct hn_at *dir, const char *name);
/* Entering it would leave the file system `dev`, or mount something. */
bool hn_at_crosses(const struct hn_collect *c, const struct hn_at *dir, const char *name, dev_t dev);
ptrdiff_t hn_at_readlink(const struct hn_collect *c, const struct hn_at *dir, const char *name, char *out, size_t n);
ptrdiff_t hn_at_xattr(const struct hn_collect *c, const struct hn_at *dir, const char *name, const char *attr,
                      uint8_t *out, size_t n);
/* n bytes from off on, fewer only at the end of the file; -1 on failure. */
ptrdiff_t hn_at_read(const struct hn_collect *c, const struct hn_at *at, uint8_t *p, size_t n, uint64_t off);
/* Entries in the order of the disk, not "." and ".."; type is a DT_ of readdir(3), possibly DT_UNKNOWN. NULL at the
 * end. */
const char *hn_at_next(const struct hn_collect *c, struct hn_at *dir, unsigned char *ret_type);
bool hn_at_rewind(const struct hn_collect *c, struct hn_at *dir);
/* Digest of the whole file; gives its length, 0 when it could not be read. */
size_t hn_collect_digest(struct hn_collect *c, const struct hn_at *at, enum hn_digest_kind kind, uint8_t out[64]);
/* MD5 of the regular file `name` in dir, whose lstat is st, from what an earlier run has read if it has not changed
 * since. ret_at: when it was read; ret_read: just now. False: cannot be read. */
bool hn_collect_md5(struct hn_collect *c, const struct hn_at *dir, const char *name, const char *path,
                    const struct stat *st, uint8_t out[16], hn_time *ret_at, bool *ret_read);
/* Calls each(c, pid) for every process directory under /proc, ascending. */
void hn_collect_each_pid(struct hn_collect *c, void (*each)(struct hn_collect *c, int pid));

/* ---------------------------------------------------------------- parse (parser role) */

void *hn_parse_state(struct hn_parse *p);              /* state_size zeroed bytes, kept until finish returns */
struct hn_arena *hn_parse_arena(struct hn_parse *p);   /* lives until finish returns */
struct hn_arena *hn_parse_scratch(struct hn_parse *p); /* cleared after every record */
bool hn_parse_live(const struct hn_parse *p);
bool hn_parse_deep(const struct hn_parse *p);
bool hn_parse_inventory(const struct hn_parse *p); /* a list of parts is wanted: what stands in it, and nothing else */
bool hn_parse_hashes(const struct hn_parse *p);    /* with digests of files */
hn_time hn_parse_now(const struct hn_parse *p);    /* time of collection */
/* Emits one observation: begin, any of the field setters, end. Unset fields are absent (unknown, never "fine").
 * Text values must be hn_str; make them with hn_str_from_hostile(). */
void hn_obs_begin(struct hn_parse *p, const char *kind, struct hn_str subject);
void hn_obs_str(struct hn_parse *p, const char *field, struct hn_str v);
void hn_obs_int(struct hn_parse *p, const char *field, int64_t v);
void hn_obs_bool(struct hn_parse *p, const char *field, bool v);
void hn_obs_time(struct hn_parse *p, const char *field, hn_time v); /* 0: left out */
void hn_obs_list(struct hn_parse *p, const char *field, const struct hn_str *v, size_t n);
void hn_obs_end(struct hn_parse *p);
/* Malformed input: recorded with the path, offset and reason; shown under Sources and as a finding. */
void hn_parse_malformed(struct hn_parse *p, struct hn_bytes path, uint64_t offset, const char *why);
/* Asks the collector for more files (includes, drop-ins): a glob below the root; they arrive as further records with
 * this tag, after the present ones. Bounded: 8 rounds, 4096 globs and files, 1 MiB each. */
void hn_parse_want(struct hn_parse *p, const char *tag, struct hn_str glob);
/* The same with at most max bytes of each file (HN_WANT_BYTES_MAX at most); 0: only mode, owner, size and times of what
 * the path leads to, for which it need not be readable. */
void hn_parse_want_some(struct hn_parse *p, const char *tag, struct hn_str glob, size_t max);
#define HN_WANT_BYTES_MAX (64u << 20)
/* A part of one file (a path, no pattern): at most max bytes from offset on, in records whose offset is the file's. */
void hn_parse_want_part(struct hn_parse *p, const char *tag, struct hn_bytes path, uint64_t offset, size_t max);
/* The SHA-512 of one file: a record with 64 bytes of data. */
void hn_parse_want_sha512(struct hn_parse *p, const char *tag, struct hn_bytes path);
void hn_parse_not_seen(struct hn_parse *p, struct hn_str what, const char *why);
/* The same where every single thing that was not seen is known: judge names what each may hide (hn_judge_hides), and
 * whatever is not hidden can still be found to be gone. */
void hn_parse_hidden(struct hn_parse *p, struct hn_str what, const char *why);
/* Modules with wants_paths: was this canonical path named by a PATH value of an earlier module? */
bool hn_parse_path_wanted(const struct hn_parse *p, struct hn_bytes path, uint64_t hash); /* hn_map_hash(path) */
/* Calls each for every wanted path. */
void hn_parse_each_wanted(const struct hn_parse *p, void (*each)(void *arg, struct hn_bytes path), void *arg);
/* /bin, /sbin, /lib, /lib32, /lib64, /libx32 → /usr/…  ; "//" and trailing "/" removed. Result in scratch or path
 * itself. Use it for every PATH value (both sides of a join must agree, whether or not the root is /usr-merged). */
struct hn_bytes hn_path_canonical(struct hn_arena *a, struct hn_bytes path);

/* ---------------------------------------------------------------- judge (core) */

struct hn_facts; /* see core/facts.h */
struct hn_obs;
struct hn_finding;

const struct hn_facts *hn_judge_facts(const struct hn_judge *j);
hn_time hn_judge_now(const struct hn_judge *j);
bool hn_judge_live(const struct hn_judge *j); /* false: a mounted root */
struct hn_arena *hn_judge_arena(struct hn_judge *j);
/* A number or word from the policy file ("packages.stale-days"), else dflt. */
int64_t hn_judge_policy_int(const struct hn_judge *j, const char *key, int64_t dflt);

/* The advisories that `hinomi feed` keeps, read-only (format/advisory/advisory.h); NULL: there are none on this
 * machine, or they cannot be read: then nothing is known, which is not "nothing is wrong". */
struct hn_adv_index;
const struct hn_adv_index *hn_judge_advisories(const struct hn_judge *j);
/* When `hinomi feed update` last asked the source of this feed with success; 0: it has none, or never. */
hn_time hn_judge_feed_checked(const struct hn_judge *j, struct hn_str feed);

/* An observation that the judge itself makes: what it concluded (a rule that was evaluated and passed). It joins the
 * facts of the run under one of the module's own kinds; judges that run later see it. Begin, any setters, end. */
void hn_judge_obs_begin(struct hn_judge *j, const char *kind, struct hn_str subject);
void hn_judge_obs_str(struct hn_judge *j, const char *field, struct hn_str v);
void hn_judge_obs_int(struct hn_judge *j, const char *field, int64_t v);
void hn_judge_obs_end(struct hn_judge *j);

/* Something (who: the subject of an observation) that hn_parse_hidden() told of may hide observations or findings:
 * those of one of the module's own kinds or rules; subject and location empty: whichever. It hides none that was last
 * seen before `from`, when it came to be; 0: any. */
void hn_judge_hides(struct hn_judge *j, struct hn_str who, const char *kind_or_rule, struct hn_str subject,
                    struct hn_str location, hn_time from);

/* A new finding of one of the module's rules. subject: what has the problem (package, path, unit…), location: where,
 * or empty; (asset, kind, subject, location) is its identity. Never NULL: on out-of-memory a throw-away object is given
 * and the run is marked incomplete. */
struct hn_finding *hn_find(struct hn_judge *j, const char *rule, struct hn_str subject, struct hn_str location);
void hn_find_severity(struct hn_finding *f, enum hn_severity s);
void hn_find_confidence(struct hn_finding *f, unsigned percent);                 /* default 100 */
void hn_find_param(struct hn_finding *f, const char *name, struct hn_str value); /* placeholder of the texts */
void hn_find_param_int(struct hn_finding *f, const char *name, int64_t value);
/* The observation it rests on; role is a short word shown on the graph ("update", "setting"). First call = the main
 * one. */
void hn_find_evidence(struct hn_finding *f, const struct hn_obs *o, const char *role);
/* What the core should join from: a value of this meaning (package, path, process, listener, unit, user). */
void hn_find_about(struct hn_finding *f, enum hn_ref ref, struct hn_str value);
/* Findings with the same cause are put right by the same deed and counted once ("upgrade:openssl"). Default: own id. */
void hn_find_cause(struct hn_finding *f, struct hn_str cause);
/* Extra evidence term of the risk sum, "term.<name>" in the texts and "weights.<name>" in the policy. */
void hn_find_term(struct hn_finding *f, const char *name, const struct hn_obs *o);
/* When the problem began by outside evidence (fix published, certificate expired), if known. */
void hn_find_since(struct hn_finding *f, hn_time t);

/* A change that `hinomi fix` can make. Typed; never a shell string. Absent: a person must do it (text ".fix" says
 * what). */
enum hn_fix_kind {
    HN_FIX_NONE,
    HN_FIX_UPGRADE,  /* target = binary packages, "name:arch", separated by blanks (one source: they go up together);
                        value = version at least, one for all or one for each */
    HN_FIX_SYSCTL,   /* target = "net.ipv4.ip_forward", value = "0": /etc/sysctl.d/90-hinomi.conf and /proc/sys */
    HN_FIX_MODE,     /* target = path, value = octal mode */
    HN_FIX_OWNER,    /* target = path, value = "user:group" */
    HN_FIX_UNIT_OFF, /* target = unit: disable and stop */
    HN_FIX_SSHD,     /* target = option, value = value: drop-in, checked with sshd -t, reload */
    HN_FIX_RESTART,  /* target = unit whose processes run deleted code */
    HN_FIX_SETTING   /* target = "path|key|style", value: one line of a key/value file; style "space" or "equals" */
};
void hn_find_fix(struct hn_finding *f, enum hn_fix_kind kind, struct hn_str target, struct hn_str value);
