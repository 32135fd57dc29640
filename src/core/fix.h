/* Fixes: one typed change each, planned, shown, made, undone. Nothing here is ever a line for a shell.
 *
 *   plan   reads the present state and works out every step: which file gets which content, mode or owner, which
 * command runs. Its digest names exactly this change to exactly this state. apply  works only while the digest still
 * holds. Before each step the journal says so, durably; what is replaced was copied aside before. After a kill -9 at
 * any point, recover() finds out what was done and takes it back. undo   restores content, mode, owner and time of what
 * was changed, in reverse order; refuses a file that somebody changed since.
 *
 *   HINOMI_HOME/fixes/<id>/journal      one JSON object a line, appended and synced
 *                         /<n>.before   the file of step n as it was
 *
 * Works below a root descriptor (a mounted root, tests) or on the live system. Below a root no command runs. */
#pragma once

#include "base/json.h"
#include "core/module.h"

struct hn_fix_env {
    const char *root; /* NULL: the live system */
    const char *home; /* HINOMI_HOME; fixes/ is made in it */
    const char *bin;  /* NULL: commands run on the live system only, from the system's folders. Set: from this folder
                         alone,  below a root too (tests, and tools that bring their own) */
};

enum hn_fix_step_type {
    HN_FIX_STEP_FILE,   /* content of a file, made anew or replaced atomically */
    HN_FIX_STEP_META,   /* mode and owner */
    HN_FIX_STEP_UNLINK, /* a symbolic link goes */
    HN_FIX_STEP_MKDIR,  /* a folder for a file to come */
    HN_FIX_STEP_WRITE,  /* a value written to /proc/sys (live only) */
    HN_FIX_STEP_COMMAND /* live only; argv[0] NULL: only its undoing does something */
};

#define HN_FIX_ARGS  40
#define HN_FIX_STEPS 32

struct hn_fix_state_of { /* of one file, before or after */
    bool exists;
    uint32_t mode, uid, gid;
    int64_t mtime;        /* nanoseconds; before only */
    struct hn_str sha256; /* of content; of the target for a link */
    struct hn_str link;
};

struct hn_fix_step {
    enum hn_fix_step_type type;
    struct hn_str path; /* as the host names it; empty for commands */
    struct hn_fix_state_of before, after;
    struct hn_str content; /* FILE: the new one. WRITE: the value */
    struct hn_str former;  /* WRITE: the value before */
    struct hn_str diff;    /* FILE: for people, unified, three lines of context */
    const char *argv[HN_FIX_ARGS + 1];
    const char *undo_argv[HN_FIX_ARGS + 1]; /* [0] NULL: nothing to take back */
    bool check;                             /* a command that only tells whether what was done is sound (sshd -t) */
};

struct hn_fix_plan {
    enum hn_fix_kind kind;
    struct hn_str target, value;
    struct hn_fix_step steps[HN_FIX_STEPS];
    size_t n; /* 0: it is already so */
    bool undoable;
    char digest[65];
};

/* INVALID: the target or value is not of this kind. STATE: cannot be done safely here, reterr says why and what to do
 * by hand. NOENT: what should be changed is not there. Texts of the plan live in the arena. */
HN_MUST struct hn_err hn_fix_plan(const struct hn_fix_env *env, enum hn_fix_kind kind, struct hn_str target,
                                  struct hn_str value, struct hn_arena *a, struct hn_fix_plan *ret,
                                  struct hn_diag *reterr);
/* {"kind","target","value","digest","undoable","change":[{"type":"command"|"file"|"mode"|"link"|"folder"|"value","argv",
 * "path","diff","before","after"}],"title","may_break","undo"} with texts in both languages. */
void hn_fix_plan_json(struct hn_jw *w, struct hn_arena *a, const struct hn_fix_plan *p);

/* id: letters, digits and '-'. digest empty: whatever is planned now. A fix that is applied already is HN_OK. STATE:
 * the digest does not hold any more, or a fix of this id was undone. On any other failure what was done is taken back.
 */
HN_MUST struct hn_err hn_fix_apply(const struct hn_fix_env *env, const char *id, enum hn_fix_kind kind,
                                   struct hn_str target, struct hn_str value, struct hn_str digest,
                                   struct hn_diag *reterr);
/* Of an applied fix. Already undone: HN_OK. */
HN_MUST struct hn_err hn_fix_undo(const struct hn_fix_env *env, const char *id, struct hn_diag *reterr);
/* After a crash: takes back what was half done, or finishes an undo that was begun. *ret_state: "none" (no such fix, or
 * nothing was done), "applied", "undone". */
HN_MUST struct hn_err hn_fix_recover(const struct hn_fix_env *env, const char *id, const char **ret_state,
                                     struct hn_diag *reterr);
/* The journal as one JSON array, for the store; "[]" when there is none. */
HN_MUST struct hn_err hn_fix_journal(const struct hn_fix_env *env, const char *id, struct hn_buf *out,
                                     struct hn_diag *reterr);

/* Role: hinomi -x fixer plan|apply|undo|recover --home DIR [--root DIR] --id ID [--kind KIND --target T --value V
 * --digest D]. Prints one JSON object: {"state":"planned"|"applied"|"undone"|"none"|"failed","error","plan","journal"}.
 */
int hn_fixer_main(int argc, char **argv);
