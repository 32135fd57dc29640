/* Inside of the processes module: what its files share. */
#pragma once

#include "base/map.h"
#include "core/module.h"

#define PROCESSES_MAX     100000u
#define PROCESSES_TEXT    1024u /* bytes kept of a name or path */
#define PROCESSES_CMDLINE 4096u /* of the arguments */
#define PROCESSES_PER_MAP 512u  /* users listed of one mapped file */

/* What may be refused of a process, each by itself. */
enum processes_part { PROCESSES_EXE, PROCESSES_MAPS, PROCESSES_NS, PROCESSES_PARTS };

struct process {
    int pid;
    struct hn_str subject; /* "pid:start" */
    bool dead, kernel;     /* vanished while it was looked at; a kernel thread */
    struct hn_str name, exe, cmdline, user, unit, container;
    bool exe_deleted, has_exe, other_root;
    int64_t ppid, uid, euid, seccomp, threads;
    int no_new_privs; /* -1 = not told */
    bool has_status, has_caps;
    bool denied[PROCESSES_PARTS];
    uint64_t start, caps;
    struct hn_bytes ns[8]; /* targets of the namespace links, in the order of processes_ns */
};

struct mapped {
    struct mapped *next;
    struct hn_str path;
    bool deleted, executable, main; /* main: of at least one process the executable itself */
    uint64_t dev, inode;
    size_t n, cap, more; /* users listed, room, users beyond PROCESSES_PER_MAP */
    struct hn_str *users;
    const struct process *last;
    struct hn_bytes raw; /* with " (deleted)", to ask whether a file is really called that */
};

struct processes_state {
    bool begun;
    struct hn_parse *p;
    struct hn_map users;                   /* uid as text → hn_str* */
    struct process *now;                   /* the process whose records arrive */
    struct hn_bytes host_root, host_ns[8]; /* pid 1's, or without permission the collector's own */
    hn_time booted;
    struct hn_map maps; /* "d" or "-" and path → mapped */
    struct mapped *first, **last;
    size_t n, kernel_threads, in_containers, denied[PROCESSES_PARTS];
    unsigned asked;
};

extern const char *const processes_ns[8]; /* "mnt", "pid", …, NULL */

/* parse.c */
void processes_parse(struct hn_parse *p, const struct hn_rec *r);
void processes_finish(struct hn_parse *p);
struct hn_str processes_keep(struct processes_state *st, struct hn_bytes b, size_t max);
/* maps.c */
void processes_maps(struct processes_state *st, struct process *q, const struct hn_rec *r);
void processes_really(struct processes_state *st, const struct hn_rec *r);
void processes_emit_maps(struct processes_state *st);
/* Strips exactly one " (deleted)". */
bool processes_undelete(struct hn_bytes *path);
/* cgroup.c */
void processes_cgroup(struct processes_state *st, struct process *q, struct hn_bytes text);
/* collect.c, judge.c */
void processes_collect(struct hn_collect *c);
void processes_judge(struct hn_judge *j);
