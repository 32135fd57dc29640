#include "core/parse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/facts.h"
#include "core/record.h"
#include "core/registry.h"
#include "core/wire.h"

#define MODULE_MEMORY  (48u << 20)
#define SCRATCH_MEMORY (16u << 20)
#define PATHS_MEMORY   (32u << 20)
#define OBS_BYTES      (1u << 20)
#define WANTS_MAX      4096u

struct hn_parse {
    struct hn_parse_options o;
    const struct hn_parse_sink *sink;
    const struct hn_module *module;
    const struct hn_kind *kind; /* of the observation being written */
    struct hn_arena arena, scratch, paths;
    struct hn_map wanted; /* canonical path → itself */
    void *state;
    struct hn_buf json;
    struct hn_jw w;
    size_t wants, parts;
    bool failed;
};

struct hn_parse *hn_parse_new(const struct hn_parse_options *o, const struct hn_parse_sink *sink)
{
    struct hn_parse *p = hn_alloc_zero(sizeof *p);
    if (!p)
        return NULL;
    p->o = *o;
    p->sink = sink;
    hn_arena_init(&p->arena, MODULE_MEMORY);
    hn_arena_init(&p->scratch, SCRATCH_MEMORY);
    hn_arena_init(&p->paths, PATHS_MEMORY);
    hn_map_init(&p->wanted);
    hn_buf_init(&p->json, OBS_BYTES);
    return p;
}

void hn_parse_free(struct hn_parse *p)
{
    if (!p)
        return;
    hn_arena_done(&p->arena);
    hn_arena_done(&p->scratch);
    hn_arena_done(&p->paths);
    hn_map_done(&p->wanted);
    hn_buf_done(&p->json);
    hn_free(p);
}

struct hn_err hn_parse_begin(struct hn_parse *p, const struct hn_module *m)
{
    p->module = m;
    p->failed = false;
    p->wants = p->parts = 0;
    hn_arena_clear(&p->arena);
    p->state = hn_arena_alloc(&p->arena, m->state_size ? m->state_size : 1);
    return p->state ? HN_OK : (struct hn_err){HN_E_NOMEM};
}

void hn_parse_record(struct hn_parse *p, const struct hn_rec *r)
{
    hn_arena_clear(&p->scratch);
    p->module->parse(p, r);
}

struct hn_err hn_parse_end(struct hn_parse *p)
{
    hn_arena_clear(&p->scratch);
    if (p->module->finish)
        p->module->finish(p);
    bool failed = p->failed || p->arena.failed || p->paths.failed;
    hn_arena_clear(&p->arena);
    p->state = NULL;
    return failed ? (struct hn_err){HN_E_NOMEM} : HN_OK;
}

void *hn_parse_state(struct hn_parse *p)
{
    return p->state;
}

struct hn_arena *hn_parse_arena(struct hn_parse *p)
{
    return &p->arena;
}

struct hn_arena *hn_parse_scratch(struct hn_parse *p)
{
    return &p->scratch;
}

bool hn_parse_live(const struct hn_parse *p)
{
    return p->o.live;
}

bool hn_parse_deep(const struct hn_parse *p)
{
    return p->o.deep;
}

bool hn_parse_inventory(const struct hn_parse *p)
{
    return p->o.inventory;
}

bool hn_parse_hashes(const struct hn_parse *p)
{
    return p->o.hashes;
}

hn_time hn_parse_now(const struct hn_parse *p)
{
    return p->o.now;
}

/* ---------------------------------------------------------------- observations */

void hn_obs_begin(struct hn_parse *p, const char *kind, struct hn_str subject)
{
    p->kind = hn_kind_find(p->module, hn_str_c(kind));
    assert(p->kind);
    hn_buf_clear(&p->json);
    hn_jw_init(&p->w, &p->json);
    hn_jw_obj(&p->w);
    hn_jw_kc(&p->w, "module", p->module->name);
    hn_jw_kc(&p->w, "kind", kind);
    hn_jw_kstr(&p->w, "subject", subject);
    hn_jw_key(&p->w, "fields");
    hn_jw_obj(&p->w);
}

static const struct hn_field *begin_field(struct hn_parse *p, const char *field, enum hn_type type)
{
    int at = hn_field_named(p->kind, field);
    assert(at >= 0 && p->kind->fields[at].type == type);
    hn_jw_key(&p->w, field);
    return &p->kind->fields[at];
}

void hn_parse_path_want(struct hn_parse *p, struct hn_bytes path)
{
    if (!path.n || path.p[0] != '/' || hn_map_has(&p->wanted, path))
        return;
    struct hn_bytes own = hn_arena_bytes(&p->paths, path);
    if (!own.p || !hn_ok(hn_map_set(&p->wanted, own, p)))
        p->failed = true;
}

/* A text longer than the limit is cut at a character boundary: half a fact is better than none. */
static struct hn_str bounded(struct hn_str v)
{
    if (v.n <= HN_FACTS_MAX_TEXT)
        return v;
    return (struct hn_str){v.p, hn_utf8_valid_len(hn_bytes_of(v.p, HN_FACTS_MAX_TEXT))};
}

void hn_obs_str(struct hn_parse *p, const char *field, struct hn_str v)
{
    const struct hn_field *f = begin_field(p, field, HN_T_STR);
    hn_jw_str(&p->w, bounded(v));
    if (f->ref == HN_REF_PATH)
        hn_parse_path_want(p, hn_str_bytes(v));
}

void hn_obs_int(struct hn_parse *p, const char *field, int64_t v)
{
    begin_field(p, field, HN_T_INT);
    hn_jw_int(&p->w, v);
}

void hn_obs_bool(struct hn_parse *p, const char *field, bool v)
{
    begin_field(p, field, HN_T_BOOL);
    hn_jw_bool(&p->w, v);
}

void hn_obs_time(struct hn_parse *p, const char *field, hn_time v)
{
    if (!v)
        return;
    begin_field(p, field, HN_T_TIME);
    hn_jw_time(&p->w, v < HN_FACTS_MIN_TIME ? HN_FACTS_MIN_TIME : v > HN_FACTS_MAX_TIME ? HN_FACTS_MAX_TIME : v);
}

void hn_obs_list(struct hn_parse *p, const char *field, const struct hn_str *v, size_t n)
{
    const struct hn_field *f = begin_field(p, field, HN_T_LIST);
    hn_jw_arr(&p->w);
    for (size_t i = 0; i < n; i++) {
        hn_jw_str(&p->w, bounded(v[i]));
        if (f->ref == HN_REF_PATH)
            hn_parse_path_want(p, hn_str_bytes(v[i]));
    }
    hn_jw_arr_end(&p->w);
}

void hn_obs_end(struct hn_parse *p)
{
    hn_jw_obj_end(&p->w);
    hn_jw_obj_end(&p->w);
    if (p->json.bad)
        p->failed = true;
    else
        p->sink->obs(p->sink->arg, p->module, hn_buf_text(&p->json));
}

void hn_parse_malformed(struct hn_parse *p, struct hn_bytes path, uint64_t offset, const char *why)
{
    p->sink->malformed(p->sink->arg, p->module, path, offset, why);
}

void hn_parse_want(struct hn_parse *p, const char *tag, struct hn_str glob)
{
    hn_parse_want_some(p, tag, glob, HN_WANT_BYTES);
}

void hn_parse_want_some(struct hn_parse *p, const char *tag, struct hn_str glob, size_t max)
{
    if (++p->wants == WANTS_MAX)
        hn_parse_not_seen(p, glob, "too many includes");
    else if (p->wants < WANTS_MAX && glob.n < 4096)
        p->sink->want(p->sink->arg, p->module,
                      &(struct hn_want){tag, HN_WANT_GLOB, hn_str_bytes(glob), 0,
                                        max < HN_WANT_BYTES_MAX ? max : HN_WANT_BYTES_MAX});
}

static void want_of_file(struct hn_parse *p, const struct hn_want *want)
{
    if (++p->parts == HN_WANT_PARTS)
        hn_parse_not_seen(p, HN_STR("parts of files"), "too many");
    else if (p->parts < HN_WANT_PARTS && want->path.n <= HN_REC_PATH_MAX && want->path.n && want->path.p[0] == '/')
        p->sink->want(p->sink->arg, p->module, want);
}

void hn_parse_want_part(struct hn_parse *p, const char *tag, struct hn_bytes path, uint64_t offset, size_t max)
{
    want_of_file(p, &(struct hn_want){tag, HN_WANT_PART, path, offset & INT64_MAX,
                                      max < HN_WANT_BYTES_MAX ? max : HN_WANT_BYTES_MAX});
}

void hn_parse_want_sha512(struct hn_parse *p, const char *tag, struct hn_bytes path)
{
    want_of_file(p, &(struct hn_want){.tag = tag, .how = HN_WANT_SHA512, .path = path});
}

void hn_parse_not_seen(struct hn_parse *p, struct hn_str what, const char *why)
{
    p->sink->not_seen(p->sink->arg, p->module, what, hn_str_c(why), false);
}

void hn_parse_hidden(struct hn_parse *p, struct hn_str what, const char *why)
{
    p->sink->not_seen(p->sink->arg, p->module, what, hn_str_c(why), true);
}

bool hn_parse_path_wanted(const struct hn_parse *p, struct hn_bytes path, uint64_t hash)
{
    return hn_map_find_hashed(&p->wanted, path, hash) != NULL;
}

void hn_parse_each_wanted(const struct hn_parse *p, void (*each)(void *arg, struct hn_bytes path), void *arg)
{
    size_t i = 0;
    struct hn_bytes key;
    void *value;
    while (hn_map_next(&p->wanted, &i, &key, &value))
        each(arg, key);
}

/* ---------------------------------------------------------------- paths */

static bool merged_prefix(struct hn_bytes b)
{
    static const char *const dirs[] = {"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"};
    if (b.n < 2 || !memchr("bsl", b.p[1], 3)) /* by far most are below /usr */
        return false;
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        size_t n = strlen(dirs[i]);
        if (b.n >= n && memcmp(b.p, dirs[i], n) == 0)
            return true;
    }
    return false;
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Eight places at once: a zero byte in both ^ "////////" is a slash that a slash follows. */
static bool has_double_slash(struct hn_bytes b)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t i = 0;
    for (; b.n - i >= 9; i += 8) {
        uint64_t v = (load64(b.p + i) ^ ones * '/') | (load64(b.p + i + 1) ^ ones * '/');
        if ((v - ones) & ~v & (ones << 7))
            return true;
    }
    for (; i + 1 < b.n; i++)
        if (b.p[i] == '/' && b.p[i + 1] == '/')
            return true;
    return false;
}

static bool is_plain(struct hn_bytes b)
{
    return b.n < 2 || (b.p[b.n - 1] != '/' && !has_double_slash(b));
}

struct hn_bytes hn_path_canonical(struct hn_arena *a, struct hn_bytes path)
{
    bool merge = merged_prefix(path);
    if (!merge && is_plain(path))
        return path;
    char *out = hn_arena_alloc(a, path.n + 5);
    size_t n = 0;
    if (!out)
        return path;
    if (merge) {
        memcpy(out, "/usr", 4);
        n = 4;
    }
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = (char)path.p[i];
    while (n > 1 && out[n - 1] == '/')
        n--;
    return hn_bytes_of(out, n);
}
