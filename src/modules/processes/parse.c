/* Records of one process follow each other: stat first, "end" last. Names, arguments and paths are what the process
 * chose itself: never more than text. */
#include <stdio.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"
#include "format/capability.h"
#include "modules/processes/processes.h"

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD */
#define TICKS         100 /* clock ticks per second in /proc (USER_HZ), the same on all architectures of Debian */

struct hn_str processes_keep(struct processes_state *st, struct hn_bytes b, size_t max)
{
    return hn_arena_str(hn_parse_arena(st->p), hn_str_from_hostile(hn_parse_scratch(st->p), b, max));
}

/* ---------------------------------------------------------------- the host */

/* name:x:uid:… */
static void parse_passwd(struct processes_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    while (!r->err && hn_bytes_line(&rest, &line)) {
        struct hn_str text = {(const char *)line.p, line.n}, name, password, uid;
        if (!hn_str_split(&text, ':', &name) || !hn_str_split(&text, ':', &password) || !hn_str_split(&text, ':', &uid))
            continue;
        struct hn_str *own = HN_NEW(hn_parse_arena(st->p), struct hn_str);
        struct hn_bytes key = hn_arena_bytes(hn_parse_arena(st->p), hn_str_bytes(uid));
        if (!own || !uid.n || hn_map_has(&st->users, key))
            continue; /* the first one is the one that the system shows */
        *own = processes_keep(st, hn_str_bytes(name), 256);
        if (!hn_ok(hn_map_set(&st->users, key, own)))
            return;
    }
}

static void parse_boot(struct processes_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str text = {(const char *)line.p, line.n};
        uint64_t seconds;
        if (hn_str_starts(text, "btime ") && hn_str_u64(hn_str_cut(text, 6, text.n), 10, &seconds) &&
            seconds < (UINT64_C(1) << 33))
            st->booted = (hn_time)seconds * HN_SECOND;
    }
}

static void parse_host(struct processes_state *st, const struct hn_rec *r)
{
    if (hn_bytes_eqc(r->path, "host-root"))
        st->host_root = hn_arena_bytes(hn_parse_arena(st->p), r->data);
    for (size_t i = 0; processes_ns[i] && r->path.n > 5; i++) {
        if (hn_bytes_eqc(hn_bytes_of(r->path.p + 5, r->path.n - 5), processes_ns[i]))
            st->host_ns[i] = hn_arena_bytes(hn_parse_arena(st->p), r->data);
    }
}

/* ---------------------------------------------------------------- one process */

static uint64_t number(struct hn_str s, unsigned base)
{
    uint64_t v;
    return hn_str_u64(s, base, &v) ? v : 0;
}

/* "812 (ssh) S 1 …": the name is in parentheses and may hold some itself; field numbers as in proc(5). */
static void parse_stat(struct processes_state *st, const struct hn_rec *r)
{
    struct hn_str text = {(const char *)r->data.p, r->data.n}, w;
    ptrdiff_t open = hn_str_chr(text, '(');
    const char *close = open < 0 ? NULL : memrchr(text.p, ')', text.n);
    st->now = NULL;
    uint64_t pid;
    if (open < 1 || !close || close < text.p + open ||
        !hn_str_u64(hn_str_trim(hn_str_cut(text, 0, (size_t)open)), 10, &pid) || pid > INT32_MAX) {
        hn_parse_malformed(st->p, r->path, 0, "stat of a process cannot be read");
        return;
    }
    struct process *q = HN_NEW(hn_parse_arena(st->p), struct process);
    if (!q || ++st->n > PROCESSES_MAX) {
        if (st->n == PROCESSES_MAX + 1)
            hn_parse_not_seen(st->p, HN_STR("further processes"), "too many");
        return;
    }
    q->pid = (int)pid;
    q->no_new_privs = -1;
    q->name = processes_keep(st, hn_bytes_of(text.p + open + 1, (size_t)(close - text.p - open - 1)), 256);
    struct hn_str rest = hn_str_trim(hn_str_cut(text, (size_t)(close - text.p) + 1, text.n));
    for (unsigned field = 3; field <= 22 && hn_str_word(&rest, &w); field++) {
        if (field == 4)
            q->ppid = (int64_t)(number(w, 10) & INT32_MAX);
        else if (field == 9)
            q->kernel = (number(w, 10) & KERNEL_THREAD) != 0;
        else if (field == 20)
            q->threads = (int64_t)(number(w, 10) & INT32_MAX);
        else if (field == 22)
            q->start = number(w, 10);
    }
    q->subject = hn_arena_fmt(hn_parse_arena(st->p), "%d:%llu", q->pid, (unsigned long long)q->start);
    st->now = q;
}

static void parse_status(struct process *q, struct hn_bytes text)
{
    struct hn_bytes line;
    q->has_status = true;
    while (hn_bytes_line(&text, &line)) {
        struct hn_str rest = {(const char *)line.p, line.n}, key, a, b;
        if (!hn_str_split(&rest, ':', &key) || !hn_str_word(&rest, &a))
            continue;
        if (hn_str_eqc(key, "Uid") && hn_str_word(&rest, &b)) {
            q->uid = (int64_t)number(a, 10);
            q->euid = (int64_t)number(b, 10);
        } else if (hn_str_eqc(key, "CapEff")) {
            q->has_caps = hn_str_u64(a, 16, &q->caps);
        } else if (hn_str_eqc(key, "NoNewPrivs")) {
            q->no_new_privs = number(a, 10) != 0;
        } else if (hn_str_eqc(key, "Seccomp")) {
            q->seccomp = (int64_t)(number(a, 10) & 3);
        }
    }
}

static void parse_exe(struct processes_state *st, struct process *q, struct hn_bytes path)
{
    q->exe_deleted = processes_undelete(&path);
    q->has_exe = true;
    if (path.n && path.p[0] == '/')
        path = hn_path_canonical(hn_parse_scratch(st->p), path);
    q->exe = processes_keep(st, path, PROCESSES_TEXT * 4);
}

static bool has_word(struct hn_bytes b, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= b.n; i++) {
        if (strncasecmp((const char *)b.p + i, word, n) == 0)
            return true;
    }
    return false;
}

/* "--password", "api-token=…", "\"SECRET\": …": the name of something that must not be kept. */
static bool names_secret(struct hn_bytes b)
{
    static const char *const words[] = {"passw",       "secret",     "token",      "apikey",
                                        "api-key",     "api_key",    "credential", "private-key",
                                        "private_key", "access-key", "access_key", "authorization"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_word(b, words[i]))
            return true;
    }
    return false;
}

/* One argument without secrets. after: the argument before named one and this is its value. *ret_next: the same for the
 * next. Keeping too little here costs a word in a list; keeping too much costs a password. */
static void add_argument(struct hn_buf *out, struct hn_bytes arg, bool after, bool *ret_next)
{
    size_t eq = 0;
    while (eq < arg.n && arg.p[eq] != '=' && arg.p[eq] != ':')
        eq++;
    bool option = arg.n && arg.p[0] == '-';
    *ret_next = option && eq == arg.n && names_secret(arg);
    if (after && !option) {
        hn_buf_c(out, "***");
    } else if (names_secret(arg) && eq < arg.n) {
        hn_buf_add(out, arg.p, names_secret(hn_bytes_of(arg.p, eq)) ? eq + 1 : 0);
        hn_buf_c(out, "***");
    } else if (names_secret(arg) && !option && arg.n > 64) {
        hn_buf_c(out, "***"); /* a document with a secret somewhere in it */
    } else {
        hn_buf_add(out, arg.p, arg.n);
    }
}

/* Arguments end in NUL; shown with a blank between them. */
static void parse_cmdline(struct processes_state *st, struct process *q, struct hn_bytes text)
{
    struct hn_buf out;
    bool after = false, next = false;
    if (q->cmdline.n || !text.n)
        return;
    if (text.n > PROCESSES_CMDLINE * 4)
        text.n = PROCESSES_CMDLINE * 4;
    hn_buf_init(&out, PROCESSES_CMDLINE * 8);
    while (text.n) {
        const uint8_t *nul = memchr(text.p, 0, text.n);
        size_t n = nul ? (size_t)(nul - text.p) : text.n;
        if (out.n)
            hn_buf_chr(&out, ' ');
        add_argument(&out, hn_bytes_of(text.p, n), after, &next);
        after = next;
        n += nul != NULL;
        text.p += n;
        text.n -= n;
    }
    while (out.n && out.p[out.n - 1] == ' ')
        out.n--;
    q->cmdline = processes_keep(st, hn_str_bytes(hn_buf_text(&out)), PROCESSES_CMDLINE);
    hn_buf_done(&out);
}

static bool differs(struct hn_bytes a, struct hn_bytes b)
{
    return a.n && b.n && (a.n != b.n || memcmp(a.p, b.p, a.n) != 0);
}

static void emit_lists(struct processes_state *st, const struct process *q)
{
    struct hn_str list[HN_CAPABILITIES];
    size_t n = 0;
    uint64_t caps = q->caps & HN_CAPABILITIES_ALL;
    if (q->has_caps && caps == HN_CAPABILITIES_ALL)
        list[n++] = HN_STR("all");
    else if (q->has_caps)
        n = hn_capability_names(caps, list);
    if (n)
        hn_obs_list(st->p, "capabilities", list, n);
    for (size_t i = n = 0; processes_ns[i]; i++) {
        if (differs(q->ns[i], st->host_ns[i]))
            list[n++] = hn_str_c(processes_ns[i]);
    }
    if (n)
        hn_obs_list(st->p, "namespaces", list, n);
}

static void emit_denied(struct processes_state *st, const struct process *q)
{
    static const char *const parts[PROCESSES_PARTS] = {"executable", "mapped", "namespaces"};
    struct hn_str list[PROCESSES_PARTS];
    size_t n = 0;
    for (size_t i = 0; i < PROCESSES_PARTS; i++) {
        st->denied[i] += q->denied[i];
        if (q->denied[i])
            list[n++] = hn_str_c(parts[i]);
    }
    if (n)
        hn_obs_list(st->p, "not_seen", list, n);
}

static void emit_identity(struct processes_state *st, const struct process *q)
{
    static const char *const seccomp[] = {"none", "strict", "filter", "filter"};
    char uid[24];
    snprintf(uid, sizeof(uid), "%lld", (long long)q->euid);
    const struct hn_str *user = hn_map_find(&st->users, hn_str_bytes(hn_str_c(uid)));
    hn_obs_int(st->p, "uid", q->uid);
    hn_obs_int(st->p, "euid", q->euid);
    if (user)
        hn_obs_str(st->p, "user", *user);
    hn_obs_str(st->p, "seccomp", hn_str_c(seccomp[q->seccomp]));
    if (q->no_new_privs >= 0)
        hn_obs_bool(st->p, "no_new_privs", q->no_new_privs);
}

static void emit_process(struct processes_state *st, const struct process *q)
{
    struct hn_parse *p = st->p;
    hn_obs_begin(p, "process", q->subject);
    hn_obs_int(p, "pid", q->pid);
    hn_obs_int(p, "ppid", q->ppid);
    hn_obs_str(p, "name", q->name);
    if (st->booted)
        hn_obs_time(p, "started", st->booted + (hn_time)(q->start / TICKS) * HN_SECOND);
    if (q->has_exe) {
        hn_obs_str(p, q->other_root ? "exe_inside" : "exe", q->exe);
        hn_obs_bool(p, "exe_deleted", q->exe_deleted);
    }
    if (q->cmdline.n)
        hn_obs_str(p, "cmdline", q->cmdline);
    if (q->has_status)
        emit_identity(st, q);
    emit_lists(st, q);
    if (q->container.n)
        hn_obs_str(p, "container", q->container);
    if (q->unit.n)
        hn_obs_str(p, "unit", q->unit);
    if (q->threads)
        hn_obs_int(p, "threads", q->threads);
    emit_denied(st, q);
    hn_obs_end(p);
}

static void process_over(struct processes_state *st)
{
    struct process *q = st->now;
    st->now = NULL;
    if (!q)
        return;
    if (q->kernel) {
        st->kernel_threads++;
        st->n--;
        return;
    }
    st->in_containers += q->other_root;
    emit_process(st, q);
}

static bool of_this(const struct process *q, struct hn_bytes path)
{
    char want[32];
    int n = snprintf(want, sizeof(want), "/proc/%d", q->pid);
    return path.n >= (size_t)n && memcmp(path.p, want, (size_t)n) == 0 && (path.n == (size_t)n || path.p[n] == '/');
}

/* "/proc/812/exe": which part of the process it was that could not be read. */
static void parse_denied(struct process *q, struct hn_bytes path)
{
    struct hn_str text = {(const char *)path.p, path.n};
    if (hn_str_ends(text, "/exe"))
        q->denied[PROCESSES_EXE] = true;
    else if (hn_str_ends(text, "/maps"))
        q->denied[PROCESSES_MAPS] = true;
    else if (hn_str_ends(text, "/ns/mnt"))
        q->denied[PROCESSES_NS] = true;
}

static void parse_of_process(struct processes_state *st, const struct hn_rec *r)
{
    struct process *q = st->now;
    if (!q || !of_this(q, r->path))
        return;
    if (hn_str_eqc(r->tag, "status"))
        parse_status(q, r->data);
    else if (hn_str_eqc(r->tag, "exe"))
        parse_exe(st, q, r->data);
    else if (hn_str_eqc(r->tag, "cmdline"))
        parse_cmdline(st, q, r->data);
    else if (hn_str_eqc(r->tag, "cgroup"))
        processes_cgroup(st, q, r->data);
    else if (hn_str_eqc(r->tag, "root"))
        q->other_root = differs(r->data, st->host_root);
    else if (hn_str_eqc(r->tag, "maps") && !q->other_root && !q->kernel)
        processes_maps(st, q, r);
    else if (hn_str_eqc(r->tag, "end"))
        process_over(st);
    else if (hn_str_eqc(r->tag, "denied"))
        parse_denied(q, r->path);
    for (size_t i = 0; hn_str_starts(r->tag, "ns/") && processes_ns[i]; i++) {
        if (hn_str_eqc(hn_str_cut(r->tag, 3, r->tag.n), processes_ns[i]))
            q->ns[i] = hn_arena_bytes(hn_parse_arena(st->p), r->data);
    }
}

void processes_parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct processes_state *st = hn_parse_state(p);
    st->p = p;
    if (!st->begun) {
        st->begun = true;
        st->last = &st->first;
    }
    if (r->err)
        return;
    if (hn_str_eqc(r->tag, "stat")) {
        process_over(st);
        parse_stat(st, r);
    } else if (hn_str_eqc(r->tag, "passwd")) {
        parse_passwd(st, r);
    } else if (hn_str_eqc(r->tag, "boot")) {
        parse_boot(st, r);
    } else if (hn_str_eqc(r->tag, "host")) {
        parse_host(st, r);
    } else if (hn_str_eqc(r->tag, "really")) {
        processes_really(st, r);
    } else {
        parse_of_process(st, r);
    }
}

/* One line for each part that was refused. Judge says what each of these processes may hide. */
static void tell_denied(struct processes_state *st)
{
    static const char *const parts[PROCESSES_PARTS] = {"executable", "mapped files", "namespaces"};
    for (size_t i = 0; i < PROCESSES_PARTS; i++) {
        if (st->denied[i])
            hn_parse_hidden(st->p,
                            hn_arena_fmt(hn_parse_scratch(st->p), "%s of %zu process%s", parts[i], st->denied[i],
                                         st->denied[i] == 1 ? "" : "es"),
                            "permission denied");
    }
}

void processes_finish(struct hn_parse *p)
{
    struct processes_state *st = hn_parse_state(p);
    st->p = p;
    process_over(st);
    processes_emit_maps(st);
    tell_denied(st);
    if (st->n || st->kernel_threads) {
        hn_obs_begin(p, "summary", HN_STR("processes"));
        hn_obs_int(p, "processes", (int64_t)st->n);
        hn_obs_int(p, "kernel_threads", (int64_t)st->kernel_threads);
        hn_obs_int(p, "containers", (int64_t)st->in_containers);
        hn_obs_end(p);
    }
    hn_map_done(&st->users);
    hn_map_done(&st->maps);
}
