/* The collector role: runs the modules' collect functions over the live system or a mounted root. */
#pragma once

#include "base/buf.h"
#include "core/image.h"
#include "core/parse.h"
#include "core/record.h"
#include "core/wire.h"

struct hn_collect_options {
    const char *root; /* "/" when live */
    bool live, deep, inventory, bare, hashes;
    struct hn_image *image; /* in place of a root: see image.h; may be NULL */
    const struct hn_module *const *modules;
    size_t modules_n;
    const char *const *skip; /* quarantined paths, NULL-terminated; may be NULL */
    int not_pid;   /* 0, or a process of ours that ends with this run (the parser): not part of what is diagnosed */
    int transient; /* 0, or our parent, when it and all its children end with this run too (a one-shot diagnosis) */
    struct hn_progress *progress; /* may be NULL */
    struct hn_inputs *inputs;     /* may be NULL */
    struct hn_sums *sums;         /* may be NULL */
    const struct hn_early *early; /* may be NULL */
};

/* Before the sandbox: settings that only CAP_SYS_ADMIN may read, which is far too much to keep for them, and the tables
 * of iptables, which need an internet socket. */
const struct hn_early *hn_collect_early(void);

/* Where records go. Each returns false to stop (the other side is gone). */
struct hn_collect_sink {
    void *arg;
    bool (*module)(void *arg, const struct hn_module *m);
    bool (*record)(void *arg, const struct hn_rec *r);
    bool (*not_seen)(void *arg, struct hn_str what, struct hn_str why);
    /* A round of records is over; wants come back through hn_collect_want until it returns. False: stop. */
    bool (*round)(void *arg, struct hn_collect *c, bool *ret_more);
};

HN_MUST struct hn_err hn_collect_run(const struct hn_collect_options *o, const struct hn_collect_sink *sink,
                                     struct hn_diag *reterr);
/* /proc, /sys and /dev tell nobody when they change. */
bool hn_collect_silent(const char *path);
/* Notes what the present module looks at (letters in wire.h), so that it is run again when that changes. */
void hn_collect_input(struct hn_collect *c, char what, const char *text);
/* What parse asked for: as hn_collect_glob; gives the number of files that were looked at. */
size_t hn_collect_want(struct hn_collect *c, const char *tag, const char *glob, size_t max, size_t max_files);
/* A part or a digest of one file; path is NUL-terminated. */
void hn_collect_want_file(struct hn_collect *c, const struct hn_want *want);
/* main of the role: `hinomi -x collector --root DIR [--deep] --modules a,b [--skip PATH]…`, descriptor 3 = parser,
 * 4 = progress page; pages of inputs and checksums at the descriptors after --inputs and --sums. */
int hn_collector_main(int argc, char **argv);
