#include "core/seen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cur.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/facts.h"
#include "core/record.h"
#include "core/registry.h"

#define FILE_NAME "seen"
#define MAGIC     "HNSEEN1\n"
#define MAGIC_LEN 8u
#define HEAD_LEN  (MAGIC_LEN + HN_SHA256_LEN)
#define MAX_BYTES (256u << 20)
/* What changed so shortly before a run began may have changed while it looked: clocks of file systems lag a little. */
#define LAG HN_SECOND

/* ---------------------------------------------------------------- the state of what was looked at */

struct state {
    struct hn_digest *sum;
    hn_time newest; /* last change of anything */
    bool whole;     /* no entry that files and names do not tell */
};

static void add_stat(struct state *s, int rc, const struct stat *st)
{
    int64_t all[] = {rc, 0, 0, 0, 0, 0, 0, 0};
    if (rc == 0) {
        hn_time changed = st->st_ctim.tv_sec * HN_SECOND + st->st_ctim.tv_nsec;
        const int64_t of[] = {(int64_t)st->st_dev,
                              (int64_t)st->st_ino,
                              (int64_t)st->st_mode,
                              ((int64_t)st->st_uid << 32) + st->st_gid,
                              st->st_size,
                              st->st_mtim.tv_sec * HN_SECOND + st->st_mtim.tv_nsec,
                              changed};
        memcpy(all + 1, of, sizeof of);
        s->newest = changed > s->newest ? changed : s->newest;
    }
    hn_digest_add(s->sum, hn_bytes_of((const uint8_t *)all, sizeof all));
}

static void add_file(struct state *s, const char *path)
{
    struct stat st;
    int rc = lstat(path, &st) == 0 ? 0 : errno;
    add_stat(s, rc, &st);
    if (rc == 0 && S_ISLNK(st.st_mode)) {
        rc = stat(path, &st) == 0 ? 0 : errno;
        add_stat(s, rc, &st);
    }
}

/* In the order of the disk, which does not change while the folder does not. */
static void add_names(struct state *s, struct hn_str folder, struct hn_str pattern)
{
    char path[HN_REC_PATH_MAX];
    const struct dirent *e;
    struct stat st;
    int n = snprintf(path, sizeof path, "%.*s", HN_FMT(folder));
    DIR *d = n > 0 && (size_t)n < sizeof path ? opendir(path) : NULL;
    if (!d) {
        add_stat(s, errno ? errno : ENAMETOOLONG, NULL);
        return;
    }
    int rc = fstat(dirfd(d), &st) == 0 ? 0 : errno;
    add_stat(s, rc, &st);
    while ((e = readdir(d)) != NULL) {
        struct hn_str name = hn_str_c(e->d_name);
        if (hn_str_eqc(name, ".") || hn_str_eqc(name, "..") || !hn_glob_match(pattern, name, true))
            continue;
        hn_digest_add(s->sum, hn_str_bytes(name));
        rc = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
        add_stat(s, rc, &st);
    }
    closedir(d);
}

static void add_entry(struct state *s, struct hn_str entry)
{
    struct hn_str text = hn_str_cut(entry, 1, entry.n);
    char path[HN_REC_PATH_MAX];
    size_t slash = text.n;
    hn_digest_add(s->sum, hn_str_bytes(entry));
    while (slash && text.p[slash - 1] != '/')
        slash--;
    if (!slash || text.n >= sizeof path) {
        s->whole = false;
    } else if (entry.p[0] == 'F' || entry.p[0] == 'L') { /* a folder's times tell of its names */
        memcpy(path, text.p, text.n);
        path[text.n] = 0;
        add_file(s, path);
    } else if (entry.p[0] == 'G') {
        add_names(s, slash > 1 ? hn_str_cut(text, 0, slash - 1) : HN_STR("/"), hn_str_cut(text, slash, text.n));
    } else {
        s->whole = false;
    }
}

static bool end_state(const struct state *s, char ret[HN_HEX256_LEN])
{
    uint8_t sum[64];
    size_t n = hn_digest_end(s->sum, sum);
    if (n)
        hn_hex(hn_bytes_of(sum, n), ret);
    return n > 0;
}

/* False: it cannot be told by files and names, or something changed after `before`. */
static bool state_of(struct hn_bytes inputs, hn_time before, char ret[HN_HEX256_LEN])
{
    struct hn_str rest = {(const char *)inputs.p, inputs.n}, entry;
    struct state s = {.sum = hn_digest_new(HN_SHA256), .whole = inputs.n > 0};
    struct hn_map done; /* a file that is read in parts is told for each */
    if (!s.sum)
        return false;
    hn_map_init(&done);
    while (s.whole && hn_str_split(&rest, 0, &entry)) {
        if (!entry.n || hn_map_has(&done, hn_str_bytes(entry)))
            continue;
        s.whole = hn_ok(hn_map_set(&done, hn_str_bytes(entry), (void *)(uintptr_t)entry.p));
        add_entry(&s, entry);
    }
    hn_map_done(&done);
    return end_state(&s, ret) && s.whole && s.newest < before;
}

/* The program, the user and the root that it is valid for. */
static bool made_for(char ret[HN_HEX256_LEN])
{
    struct state s = {.sum = hn_digest_new(HN_SHA256)};
    struct stat st;
    uid_t uid = geteuid();
    if (!s.sum)
        return false;
    int rc = stat("/proc/self/exe", &st) == 0 ? 0 : errno;
    add_stat(&s, rc, &st);
    bool ok = rc == 0 && stat("/", &st) == 0;
    if (ok) {
        uint64_t root[] = {st.st_dev, st.st_ino, uid};
        hn_digest_add(s.sum, hn_bytes_of((const uint8_t *)root, sizeof root));
    }
    return end_state(&s, ret) && ok;
}

/* ---------------------------------------------------------------- writing */

/* When it was looked at: a kept one, in the run that did. 0: it says nothing. */
static hn_time looked_at(const struct hn_run *r, const struct hn_module *m)
{
    const struct hn_obs *o;
    hn_time t = 0;
    for (size_t i = 0; (o = hn_facts_at(r->facts, i)); i++)
        if (o->module == m && !o->judged && (!t || o->at < t))
            t = o->at;
    return t;
}

/* Paths that a later run's modules may name without anything being new. */
static void write_paths(struct hn_jw *w, const struct hn_run *r)
{
    const struct hn_obs *o;
    hn_jw_key(w, "paths");
    hn_jw_arr(w);
    for (size_t i = 0; (o = hn_facts_at(r->facts, i)); i++) {
        struct hn_str path;
        if (o->judged || o->module->wants_paths)
            continue;
        for (size_t f = 0; o->kind->fields[f].name; f++)
            for (size_t k = 0; hn_run_names_path(o, f, k, &path); k++)
                hn_jw_str(w, path);
    }
    hn_jw_arr_end(w);
}

static void write_module(struct hn_jw *w, const struct hn_run *r, const struct hn_run_cover *c, const char *state)
{
    char verdict[17];
    snprintf(verdict, sizeof verdict, "%016llx", (unsigned long long)c->verdict);
    hn_jw_obj(w);
    hn_jw_kc(w, "name", c->module->name);
    hn_jw_kstr(w, "run", c->looked.n ? c->looked : hn_str_c(r->id));
    hn_jw_ktime(w, "at", looked_at(r, c->module));
    hn_jw_kc(w, "state", state);
    hn_jw_kc(w, "verdict", verdict);
    hn_jw_obj_end(w);
}

static void write_file(const char *home, const struct hn_buf *json, const struct hn_buf *inputs)
{
    HN_AUTO_FD dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    HN_AUTO(hn_buf_done) struct hn_buf all;
    uint8_t sum[HN_SHA256_LEN] = {0};
    hn_buf_init(&all, MAX_BYTES);
    hn_buf_c(&all, MAGIC);
    hn_buf_add(&all, sum, sizeof sum);
    for (unsigned i = 0; i < 4; i++)
        hn_buf_chr(&all, (char)(json->n >> (8 * i)));
    hn_buf_str(&all, hn_buf_text(json));
    hn_buf_str(&all, hn_buf_text(inputs));
    if (dir < 0 || json->bad || inputs->bad || all.bad)
        return;
    hn_sha256(hn_bytes_of((const uint8_t *)all.p + HEAD_LEN, all.n - HEAD_LEN), sum);
    memcpy(all.p + MAGIC_LEN, sum, sizeof sum);
    if (!hn_ok(hn_write_atomic(dir, FILE_NAME, hn_str_bytes(hn_buf_text(&all)), 0600, NULL)))
        return;
}

/* Is there a module that looked in this run? What was kept was compared when it was loaded. */
static bool has_news(const struct hn_run *r)
{
    for (size_t i = 0; i < r->n_cover; i++)
        if (r->cover[i].module->told && !r->cover[i].kept)
            return true;
    return false;
}

void hn_seen_save(const char *home, struct hn_run *r)
{
    HN_AUTO(hn_buf_done) struct hn_buf json;
    HN_AUTO(hn_buf_done) struct hn_buf inputs;
    struct hn_jw w;
    char state[HN_HEX256_LEN];
    uint64_t set = 0;
    hn_buf_init(&json, MAX_BYTES / 2);
    hn_buf_init(&inputs, MAX_BYTES / 2);
    if (!r->live || r->deep || r->inputs_lost || !has_news(r) || !made_for(state))
        return;
    hn_jw_init(&w, &json);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "for", state);
    hn_jw_key(&w, "modules");
    hn_jw_arr(&w);
    for (size_t i = 0; i < r->n_cover; i++) {
        const struct hn_run_cover *c = &r->cover[i];
        if (!c->module->told || !c->ran || c->quarantined || c->n_hidden || !looked_at(r, c->module))
            continue;
        if (!state_of(c->inputs, r->collected_at - LAG, state))
            continue;
        write_module(&w, r, c, state);
        hn_buf_fmt(&inputs, "M%s", c->module->name);
        hn_buf_chr(&inputs, 0);
        hn_buf_str(&inputs, (struct hn_str){(const char *)c->inputs.p, c->inputs.n});
        set |= hn_module_bit(c->module);
    }
    hn_jw_arr_end(&w);
    write_paths(&w, r);
    hn_jw_key(&w, "run");
    hn_run_json_of(r, set, &w);
    hn_jw_obj_end(&w);
    write_file(home, &json, &inputs);
}

/* ---------------------------------------------------------------- reading */

/* Ours, as it was written; in the arena. */
static bool read_file(const char *home, struct hn_arena *a, struct hn_bytes *ret_json, struct hn_bytes *ret_inputs)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char path[4096];
    uint8_t sum[HN_SHA256_LEN];
    struct stat st;
    hn_buf_init(&b, MAX_BYTES);
    int n = snprintf(path, sizeof path, "%s/" FILE_NAME, home);
    HN_AUTO_FD fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) ||
        !hn_ok(hn_read_fd(fd, &b, NULL)) || b.n < HEAD_LEN + 4 || memcmp(b.p, MAGIC, MAGIC_LEN) != 0)
        return false;
    struct hn_bytes rest = hn_bytes_of((const uint8_t *)b.p + HEAD_LEN, b.n - HEAD_LEN);
    hn_sha256(rest, sum);
    struct hn_cur c = {0};
    hn_cur_init(&c, rest, 4);
    size_t len = hn_cur_le32(&c);
    if (memcmp(sum, b.p + MAGIC_LEN, sizeof sum) != 0 || len > rest.n - 4)
        return false;
    *ret_json = hn_arena_bytes(a, hn_bytes_of(rest.p + 4, len));
    *ret_inputs = hn_arena_bytes(a, hn_bytes_of(rest.p + 4 + len, rest.n - 4 - len));
    return !a->failed;
}

/* The part of one module, and the state that it has now. */
struct part {
    struct hn_str module;
    struct hn_bytes inputs;
    char state[HN_HEX256_LEN];
    bool told;
};

/* Found by two threads, each taking the next part: the one that loads, when it has read what was seen, helps the other
 * to the end. */
struct parts {
    struct part *list;
    size_t n;
    atomic_size_t next;
    hn_time now;
};

/* Each part is after its 'M' entry, up to the next one. */
static bool split_inputs(struct hn_arena *a, struct hn_bytes all, struct parts *ret)
{
    struct hn_str rest = {(const char *)all.p, all.n}, entry;
    ret->list = hn_arena_alloc(a, (hn_modules_n + 1) * sizeof *ret->list);
    while (ret->list && rest.n && hn_str_split(&rest, 0, &entry)) {
        if (entry.n && entry.p[0] == 'M' && ret->n < hn_modules_n)
            ret->list[ret->n++] = (struct part){.module = hn_str_cut(entry, 1, entry.n),
                                                .inputs = hn_bytes_of((const uint8_t *)(rest.p ? rest.p : entry.p), 0)};
        else if (ret->n)
            ret->list[ret->n - 1].inputs.n += entry.n + (rest.p ? 1 : 0);
    }
    return ret->list != NULL;
}

static void *compare(void *arg)
{
    struct parts *p = arg;
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->n;)
        p->list[i].told = state_of(p->list[i].inputs, p->now, p->list[i].state);
    return NULL;
}

static const struct part *part_of(const struct parts *p, const char *module)
{
    for (size_t i = 0; i < p->n; i++)
        if (hn_str_eqc(p->list[i].module, module))
            return &p->list[i];
    return NULL;
}

static bool still_valid(struct hn_run_cover *c, const struct part *part, const struct hn_jv *said, hn_time now)
{
    uint64_t verdict;
    hn_time at;
    if (!part || !said || !hn_time_parse(hn_jv_str(said, "at"), &at) || at > now || at < now - HN_SEEN_AGE ||
        !hn_str_u64(hn_jv_str(said, "verdict"), 16, &verdict) || c->rejected || !hn_jv_str(said, "run").n)
        return false;
    c->verdict = verdict;
    c->looked = hn_jv_str(said, "run");
    c->inputs = part->inputs;
    return part->told && hn_str_eqc(hn_jv_str(said, "state"), part->state);
}

static const struct hn_jv *named(const struct hn_jv *list, const char *name)
{
    for (size_t i = 0; list && i < list->n; i++)
        if (hn_str_eqc(hn_jv_str(&list->items[i], "name"), name))
            return &list->items[i];
    return NULL;
}

static bool take_paths(struct hn_run *r, const struct hn_jv *list)
{
    r->known = list && list->n ? hn_arena_alloc(&r->arena, list->n * sizeof *r->known) : NULL;
    for (size_t i = 0; r->known && i < list->n; i++)
        if (list->items[i].kind == HN_JV_STR)
            r->known[r->n_known++] = list->items[i].s;
    return !r->arena.failed;
}

/* The modules that need not be looked at again. */
static uint64_t take(struct hn_run *r, const struct hn_jv *v, const struct parts *p)
{
    const struct hn_jv *list = hn_jv_get(v, "modules");
    uint64_t kept = 0;
    for (size_t i = 0; i < r->n_cover; i++) {
        struct hn_run_cover *c = &r->cover[i];
        const char *name = c->module->name;
        if (c->module->told && c->ran && still_valid(c, part_of(p, name), named(list, name), p->now))
            kept |= hn_module_bit(c->module);
    }
    return kept;
}

struct hn_seen {
    struct hn_run *run; /* NULL: nothing that could be used */
    struct hn_bytes json;
    struct parts parts;
    char made[HN_HEX256_LEN];
    uint64_t kept;
    pthread_t thread;
    bool runs; /* the thread */
};

/* What was seen, while another thread finds out whether all is as it was. */
static void *load(void *arg)
{
    struct hn_seen *s = arg;
    struct hn_run *r = s->run;
    pthread_t helper;
    bool helped = pthread_create(&helper, NULL, compare, &s->parts) == 0;
    const struct hn_jv *v = hn_jv_parse(&r->arena, s->json, NULL);
    bool ok = v && hn_str_eqc(hn_jv_str(v, "for"), s->made) && take_paths(r, hn_jv_get(v, "paths")) &&
              hn_ok(hn_run_take(r, hn_jv_get(v, "run"), NULL));
    if (ok)
        compare(&s->parts);
    if (helped)
        pthread_join(helper, NULL);
    s->kept = ok ? take(r, v, &s->parts) : 0;
    return NULL;
}

static uint64_t modules_of(const struct parts *p)
{
    uint64_t set = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct hn_module *m = hn_module_find(p->list[i].module);
        set |= m && m->told ? hn_module_bit(m) : 0;
    }
    return set;
}

struct hn_seen *hn_seen_begin(const char *home, uint64_t *ret_modules)
{
    struct hn_seen *s = home ? hn_alloc_zero(sizeof *s) : NULL;
    struct hn_bytes inputs;
    *ret_modules = 0;
    if (!s)
        return NULL;
    s->run = hn_run_new();
    s->parts.now = hn_now();
    if (!s->run || !made_for(s->made) || !read_file(home, &s->run->arena, &s->json, &inputs) ||
        !split_inputs(&s->run->arena, inputs, &s->parts)) {
        hn_seen_free(s);
        return NULL;
    }
    *ret_modules = modules_of(&s->parts);
    s->runs = pthread_create(&s->thread, NULL, load, s) == 0;
    if (!s->runs)
        load(s);
    return s;
}

const struct hn_run *hn_seen_wait(struct hn_seen *s, uint64_t *ret_fresh)
{
    if (s && s->runs)
        pthread_join(s->thread, NULL);
    if (s)
        s->runs = false;
    *ret_fresh = s ? ~s->kept : UINT64_MAX;
    return s && s->kept ? s->run : NULL;
}

void hn_seen_free(struct hn_seen *s)
{
    uint64_t fresh;
    if (!s)
        return;
    hn_seen_wait(s, &fresh);
    hn_run_free(s->run);
    hn_free(s);
}
