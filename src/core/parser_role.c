/* The parser as a process: frames in from the collector, frames out to the core; entered before the first byte.
 * It says where it is on a shared page before each record, so that whoever finds it dead can name the input. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "core/facts.h"
#include "core/parse.h"
#include "core/record.h"
#include "core/registry.h"
#include "core/wire.h"
#include "format/xml.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"

enum { COLLECTOR_FD = 3, CORE_FD = 4, PROGRESS_FD = 5 };
#define FLUSH_AT (128u << 10)

struct role {
    struct hn_parse *parse;
    struct hn_progress *progress;
    struct hn_buf core; /* frames to the core, not yet written */
    struct hn_buf json;
    struct hn_buf wants; /* frames to the collector, for the end of the round */
    bool broken, orphaned;
};

static void flush(struct role *r)
{
    if (r->core.bad || (r->core.n && !hn_ok(hn_write_all(CORE_FD, r->core.p, r->core.n))))
        r->broken = true;
    hn_buf_clear(&r->core);
}

static void put(struct role *r, uint8_t type, struct hn_str payload)
{
    hn_frame_add(&r->core, type, hn_str_bytes(payload));
    if (r->core.n >= FLUSH_AT)
        flush(r);
}

static void on_obs(void *arg, const struct hn_module *m, struct hn_str json)
{
    put(arg, HN_WIRE_OBS, json);
}

static struct hn_str text(struct hn_bytes b, char *out, size_t n)
{
    struct hn_arena a;
    hn_arena_init(&a, 64u << 10);
    struct hn_str s = hn_str_from_hostile(&a, b, n - 1);
    if (s.n)
        memcpy(out, s.p, s.n);
    s.p = out;
    hn_arena_done(&a);
    return s;
}

static void on_malformed(void *arg, const struct hn_module *m, struct hn_bytes path, uint64_t offset, const char *why)
{
    struct role *r = arg;
    char p[1024];
    struct hn_jw w;
    hn_buf_clear(&r->json);
    hn_jw_init(&w, &r->json);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "path", text(path, p, sizeof p));
    hn_jw_kint(&w, "offset", (int64_t)(offset & INT64_MAX));
    hn_jw_kc(&w, "why", why);
    hn_jw_obj_end(&w);
    put(r, HN_WIRE_MALFORMED, hn_buf_text(&r->json));
}

static void on_not_seen(void *arg, const struct hn_module *m, struct hn_str what, struct hn_str why, bool hidden)
{
    struct role *r = arg;
    struct hn_jw w;
    hn_buf_clear(&r->json);
    hn_jw_init(&w, &r->json);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "what", what);
    hn_jw_kstr(&w, "why", why);
    hn_jw_obj_end(&w);
    put(r, hidden ? HN_WIRE_HIDDEN : HN_WIRE_NOT_SEEN, hn_buf_text(&r->json));
}

static void on_want(void *arg, const struct hn_module *m, const struct hn_want *want)
{
    struct role *r = arg;
    hn_buf_clear(&r->json);
    hn_buf_fmt(&r->json, "%s%c%c%c%llu%c%zu%c", want->tag, 0, (char)want->how, 0, (unsigned long long)want->offset, 0,
               want->max, 0);
    hn_buf_add(&r->json, want->path.p, want->path.n);
    hn_frame_add(&r->wants, HN_WIRE_WANT, hn_str_bytes(hn_buf_text(&r->json)));
}

static void note(struct role *r, struct hn_bytes path)
{
    struct hn_progress *g = r->progress;
    size_t n = path.n < HN_PROGRESS_PATH ? path.n : HN_PROGRESS_PATH;
    if (n)
        memcpy(g->path, path.p, n);
    g->path_len = (uint32_t)n;
    g->steps++;
    g->state = HN_PROGRESS_WORKS;
}

static struct hn_err end_module(struct role *r, const struct hn_module *m)
{
    if (m) {
        note(r, (struct hn_bytes){0}); /* no input in particular: all of them together */
        bool complete = hn_ok(hn_parse_end(r->parse));
        put(r, HN_WIRE_ROUND, complete ? HN_STR("") : HN_STR("memory"));
    }
    return r->broken ? (struct hn_err){HN_E_DIED} : HN_OK;
}

/* The round is over when the collector says so; what the module wants goes back, or "no wants" and the module ends. */
static struct hn_err end_round(struct role *r, bool *ret_over)
{
    *ret_over = r->wants.n == 0;
    hn_frame_add(&r->wants, HN_WIRE_NO_WANTS, (struct hn_bytes){0});
    struct hn_err e = hn_write_all(COLLECTOR_FD, r->wants.p, r->wants.n);
    hn_buf_clear(&r->wants);
    r->orphaned = !hn_ok(e);
    return e;
}

static struct hn_err begin_module(struct role *r, struct hn_bytes name, const struct hn_module **m)
{
    *m = hn_module_find((struct hn_str){(const char *)name.p, name.n});
    if (!*m)
        return (struct hn_err){HN_E_INVALID};
    put(r, HN_WIRE_MODULE, hn_str_c((*m)->name));
    flush(r); /* its time begins now */
    return hn_parse_begin(r->parse, *m);
}

static struct hn_err handle(struct role *r, uint8_t type, struct hn_bytes b, const struct hn_module **m, bool *done)
{
    struct hn_rec rec;
    bool over = false;
    switch (type) {
    case HN_WIRE_MODULE:
        return begin_module(r, b, m);
    case HN_WIRE_RECORD:
        if (!*m || !hn_rec_read(b, &rec))
            return (struct hn_err){HN_E_INVALID};
        note(r, rec.path);
        hn_parse_record(r->parse, &rec);
        return HN_OK;
    case HN_WIRE_NOT_SEEN: {
        const uint8_t *nul = b.n ? memchr(b.p, 0, b.n) : NULL;
        struct hn_str what, why;
        if (*m && nul && hn_str_from_utf8(hn_bytes_of(b.p, (size_t)(nul - b.p)), &what) &&
            hn_str_from_utf8(hn_bytes_of(nul + 1, b.n - (size_t)(nul - b.p) - 1), &why))
            on_not_seen(r, *m, what, why, false);
        return HN_OK;
    }
    case HN_WIRE_ROUND:
        HN_TRY(end_round(r, &over));
        if (over) {
            HN_TRY(end_module(r, *m));
            *m = NULL;
        }
        return HN_OK;
    case HN_WIRE_DONE:
        *done = true;
        return HN_OK;
    default:
        return (struct hn_err){HN_E_INVALID};
    }
}

static struct hn_err loop(struct role *r)
{
    struct hn_frame_in in;
    const struct hn_module *m = NULL;
    bool done = false;
    hn_frame_in_init(&in, 8u << 20);
    struct hn_err e = HN_OK;
    while (hn_ok(e) && !done) {
        uint8_t type;
        struct hn_bytes payload;
        r->progress->state = HN_PROGRESS_WAITS;
        e = hn_frame_in_fill(&in, COLLECTOR_FD);
        if (e.code == HN_E_BUSY)
            e = HN_OK;
        r->orphaned = e.code == HN_E_NOENT || e.code == HN_E_DIED;
        struct hn_err fe = HN_OK;
        while (hn_ok(e) && !done && hn_frame_in_next(&in, &type, &payload, &fe))
            e = handle(r, type, payload, &m, &done);
        if (hn_ok(e))
            e = fe;
    }
    hn_frame_in_done(&in);
    if (hn_ok(e)) {
        put(r, HN_WIRE_DONE, HN_STR(""));
        flush(r);
    }
    return r->broken ? (struct hn_err){HN_E_DIED} : e;
}

/* S {live, deep, inventory, hashes, now, wanted: […]} */
static struct hn_err read_start(struct hn_arena *a, struct hn_parse_options *o, const struct hn_jv **ret_wanted)
{
    struct hn_buf b;
    uint8_t type;
    struct hn_err e;
    hn_buf_init(&b, HN_FRAME_MAX);
    e = hn_frame_read(CORE_FD, &b, &type);
    const struct hn_jv *v = hn_ok(e) ? hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, hn_buf_text(&b))), NULL) : NULL;
    hn_buf_done(&b);
    if (!v || type != HN_WIRE_START)
        return (struct hn_err){HN_E_INVALID};
    o->live = hn_jv_bool(v, "live", false);
    o->deep = hn_jv_bool(v, "deep", false);
    o->inventory = hn_jv_bool(v, "inventory", false);
    o->hashes = hn_jv_bool(v, "hashes", false);
    o->now = hn_jv_int(v, "now", 0);
    *ret_wanted = hn_jv_get(v, "wanted");
    return HN_OK;
}

int hn_parser_main(int argc, char **argv)
{
    struct role r = {.broken = false};
    struct hn_parse_options o = {0};
    struct hn_parse_sink sink = {&r, on_obs, on_malformed, on_not_seen, on_want};
    struct hn_sandbox_state state;
    struct hn_diag d = {{0}};
    struct hn_arena a;
    const struct hn_jv *wanted = NULL;

    /* Before the sandbox: what libraries would otherwise look up lazily, and the shared page. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL);
    if (!hn_xml_load())
        hn_log(HN_LOG_WARN, "libxml2 cannot be loaded: what is in XML cannot be read");
    r.progress = mmap(NULL, sizeof *r.progress, PROT_READ | PROT_WRITE, MAP_SHARED, PROGRESS_FD, 0);
    if (r.progress == MAP_FAILED)
        return 3;
    hn_buf_init(&r.core, 8u << 20);
    hn_buf_init(&r.json, 1u << 20);
    hn_buf_init(&r.wants, HN_WANT_MEMORY);
    hn_arena_init(&a, 64u << 20);
    struct hn_err e = hn_sandbox_enter(HN_PROC_PARSER, NULL, &state, &d);
    if (!hn_ok(e)) {
        hn_log(HN_LOG_ERROR, "parser: %s", d.msg);
        return hn_err_exit(e);
    }
    r.progress->state = HN_PROGRESS_WAITS;
    e = read_start(&a, &o, &wanted);
    r.parse = hn_ok(e) ? hn_parse_new(&o, &sink) : NULL;
    if (!r.parse)
        return 3;
    for (size_t i = 0; wanted && i < wanted->n; i++)
        hn_parse_path_want(r.parse, hn_str_bytes(wanted->items[i].s));
    e = loop(&r);
    return hn_ok(e) ? 0 : r.orphaned ? HN_ROLE_ORPHANED : 3;
}
