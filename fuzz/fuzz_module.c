/* Any module: MODULE \n flags, then records in the wire form, each with a u32 length before it. Parsed like in the
 * parser role, then judged. HINOMI_FUZZ_MODULE=NAME (or -DHN_TARGET="NAME") takes that module whatever the input says.
 *
 * What must hold: no observation is refused by the core; no wrong use of memory; ends. */
#include "base/arena.h"
#include "base/str.h"
#include "core/judge.h"
#include "core/parse.h"
#include "core/record.h"
#include "core/registry.h"
#include "fuzz.h"

#define RECORDS_MAX 256u

struct state {
    struct hn_arena *arena;
    struct hn_facts *facts;
};

static void on_obs(void *arg, const struct hn_module *m, struct hn_str json)
{
    struct state *s = arg;
    const char *why = "not JSON";
    const struct hn_jv *v = hn_jv_parse(s->arena, hn_str_bytes(hn_arena_str(s->arena, json)), NULL);
    bool ok = v && hn_facts_add_json(s->facts, v, 0, &why);
    FUZZ_CHECK(ok || s->arena->failed || strcmp(why, "too many observations") == 0, "%s: %s: %.*s", m->name, why,
               HN_FMT(json));
}

static void on_malformed(void *arg, const struct hn_module *m, struct hn_bytes path, uint64_t offset, const char *why)
{
    FUZZ_CHECK(why && *why, "%s says nothing", m->name);
}

static void on_not_seen(void *arg, const struct hn_module *m, struct hn_str what, struct hn_str why, bool hidden)
{
    struct hn_str s;
    FUZZ_CHECK(hn_str_from_utf8(hn_str_bytes(what), &s) && hn_str_from_utf8(hn_str_bytes(why), &s), "%s", m->name);
}

static void on_want(void *arg, const struct hn_module *m, const struct hn_want *want)
{
    struct hn_str s;
    FUZZ_CHECK(want->how != HN_WANT_GLOB || hn_str_from_utf8(want->path, &s), "%s wants %s", m->name, want->tag);
}

static const struct hn_module *choose(struct hn_str name)
{
#ifdef HN_TARGET
    return hn_module_find(HN_STR(HN_TARGET));
#else
    const char *forced = getenv("HINOMI_FUZZ_MODULE");
    return hn_module_find(forced ? hn_str_c(forced) : name);
#endif
}

static void one_record(struct hn_parse *p, struct hn_bytes wire)
{
    struct hn_rec r;
    struct hn_bytes exact = fuzz_copy(wire.p, wire.n);
    if (hn_rec_read(exact, &r)) {
        /* the data by itself, with not a byte behind it */
        struct hn_bytes data = fuzz_copy(r.data.p, r.data.n), path = fuzz_copy(r.path.p, r.path.n);
        r.data = data;
        r.path = path;
        hn_parse_record(p, &r);
        fuzz_free(data);
        fuzz_free(path);
    }
    fuzz_free(exact);
}

static void judge(struct state *s, const struct hn_module *m, bool live)
{
    struct hn_judged judged;
    hn_facts_mark_seen(s->facts, m);
    hn_judge_run(
        &(struct hn_judge_options){.arena = s->arena, .facts = s->facts, .asset = HN_STR("fuzz"), .live = live}, m,
        &judged);
    for (const struct hn_finding *f = judged.first; f; f = f->next)
        FUZZ_CHECK(f->rule && f->evidence, "%s: a finding without evidence", m->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nl = size ? memchr(data, '\n', size < 40 ? size : 40) : NULL;
    const struct hn_module *m = nl ? choose((struct hn_str){(const char *)data, (size_t)(nl - data)}) : NULL;
    size_t at = nl ? (size_t)(nl - data) + 1 : 0;
    if (!m || at == size)
        return 0;
    struct hn_parse_options o = {.live = data[at] & 1,
                                 .deep = data[at] & 2,
                                 .inventory = data[at] & 4,
                                 .hashes = data[at] & 8,
                                 .now = 1795330800 * HN_SECOND};
    struct hn_arena arena;
    hn_arena_init(&arena, 64u << 20);
    struct state s = {&arena, hn_facts_new(&arena)};
    struct hn_parse_sink sink = {&s, on_obs, on_malformed, on_not_seen, on_want};
    struct hn_parse *p = hn_parse_new(&o, &sink);
    at++;
    if (p && s.facts && hn_ok(hn_parse_begin(p, m))) {
        hn_parse_path_want(p, hn_str_bytes(HN_STR("/usr/bin/openssl")));
        for (unsigned i = 0; i < RECORDS_MAX && size - at >= 4; i++) {
            size_t n =
                (size_t)data[at] | (size_t)data[at + 1] << 8 | (size_t)data[at + 2] << 16 | (size_t)data[at + 3] << 24;
            at += 4;
            if (n > size - at)
                n = size - at;
            one_record(p, hn_bytes_of(data + at, n));
            at += n;
        }
        struct hn_err e = hn_parse_end(p);
        if (hn_ok(e))
            judge(&s, m, o.live);
    }
    hn_parse_free(p);
    hn_facts_free(s.facts);
    hn_arena_done(&arena);
    return 0;
}
