/* The run document. Written for people's scripts and for `hinomi ingest` on another machine; read with suspicion. */
#include <unistd.h>

#include "base/map.h"
#include "base/str.h"
#include "core/registry.h"
#include "core/render.h"
#include "core/run.h"

#define DOC_DEPTH 16u
#define DOC_MAX   (256u << 20)

/* ---------------------------------------------------------------- writing */

/* Who it is that hides something, each once: a later run knows by it what was hidden then already. */
static void write_who(struct hn_jw *w, const struct hn_run *r, const struct hn_module *m)
{
    struct hn_map seen;
    hn_map_init(&seen);
    hn_jw_key(w, "each");
    hn_jw_arr(w);
    for (struct hn_hidden *h = r->judged.hidden; h; h = h->next) {
        if (h->module != m || hn_map_has(&seen, hn_str_bytes(h->who)) ||
            !hn_ok(hn_map_set(&seen, hn_str_bytes(h->who), h)))
            continue;
        hn_jw_str(w, h->who);
    }
    hn_jw_arr_end(w);
    hn_map_done(&seen);
}

static void write_hidden(struct hn_jw *w, const struct hn_run *r, const struct hn_module *m)
{
    hn_jw_key(w, "hidden");
    hn_jw_arr(w);
    for (const struct hn_hidden *h = r->judged.hidden; h; h = h->next) {
        if (h->module != m)
            continue;
        hn_jw_obj(w);
        hn_jw_kstr(w, "who", h->who);
        hn_jw_kstr(w, "kind", h->kind);
        if (h->subject.n)
            hn_jw_kstr(w, "subject", h->subject);
        if (h->location.n)
            hn_jw_kstr(w, "location", h->location);
        if (h->from > 0)
            hn_jw_ktime(w, "from", h->from);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void write_not_seen_of(struct hn_jw *w, const struct hn_run *r, const struct hn_run_cover *c)
{
    bool told = false;
    hn_jw_key(w, "not_seen");
    hn_jw_arr(w);
    for (const struct hn_run_note *n = c->not_seen; n; n = n->next) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "what", n->path);
        hn_jw_kstr(w, "why", n->why);
        if (n->hidden && !told)
            write_who(w, r, c->module);
        told |= n->hidden;
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void write_notes(struct hn_jw *w, const char *key, const char *name, const struct hn_run_note *n, bool offset)
{
    hn_jw_key(w, key);
    hn_jw_arr(w);
    for (; n; n = n->next) {
        hn_jw_obj(w);
        hn_jw_kstr(w, name, n->path);
        if (offset)
            hn_jw_kint(w, "offset", n->offset);
        hn_jw_kstr(w, "why", n->why);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

/* A deep run of a module that sees more then covers two scopes: its own, and all that a quick run would have seen. */
static bool covers_two(const struct hn_run *r, const struct hn_module *m)
{
    return r->deep && m->deep;
}

/* The scope of something that a quick run would have shown as well; empty: the module's first one (of a deep run: the
 * deep one, unless the store knows it from a quick run). */
static struct hn_str scope_of(const struct hn_run *r, const struct hn_module *m, bool deep)
{
    return covers_two(r, m) && !deep ? r->scope : HN_STR("");
}

static bool rests_on_deep(const struct hn_finding *f)
{
    for (const struct hn_evidence *e = f->evidence; e; e = e->next)
        if (e->obs->kind->deep)
            return true;
    return !f->evidence;
}

static void write_cover(struct hn_jw *w, struct hn_run *r, const struct hn_run_cover *c, bool deep)
{
    hn_jw_obj(w);
    hn_jw_kc(w, "module", c->module->name);
    hn_jw_kstr(w, "scope", deep ? hn_arena_fmt(&r->arena, "%.*s+deep", HN_FMT(r->scope)) : r->scope);
    hn_jw_kc(w, "privilege", r->root_user ? "root" : "user");
    hn_jw_kbool(w, "ran", c->ran);
    hn_jw_kbool(w, "complete", c->complete && c->ran);
    if (c->bounded && c->ran)
        hn_jw_kbool(w, "bounded", true);
    hn_jw_kbool(w, "deep", r->deep);
    if (c->kept)
        hn_jw_kbool(w, "kept", true);
    hn_jw_kint(w, "observations", (int64_t)c->observations);
    hn_jw_kint(w, "duration_ms", c->duration_ns / 1000000);
    write_not_seen_of(w, r, c);
    if (c->bounded && c->ran)
        write_hidden(w, r, c->module);
    write_notes(w, "malformed", "path", c->malformed, true);
    write_notes(w, "quarantined", "path", c->quarantined, false);
    hn_jw_obj_end(w);
    if (deep)
        write_cover(w, r, &(struct hn_run_cover){.module = c->module, .complete = c->complete, .ran = c->ran}, false);
}

static void write_subject(struct hn_jw *w, const struct hn_run *r)
{
    if (!r->subject.key.n)
        return;
    hn_jw_key(w, "subject");
    hn_jw_obj(w);
    hn_jw_kstr(w, "name", r->subject.name);
    hn_jw_kstr(w, "kind", r->subject.kind);
    hn_jw_kstr(w, "key_type", r->subject.key_type);
    hn_jw_kstr(w, "key", r->subject.key);
    hn_jw_obj_end(w);
}

static void write_asset(struct hn_jw *w, const struct hn_run *r)
{
    struct hn_identity id = hn_run_identity(r);
    hn_jw_key(w, "asset");
    hn_jw_obj(w);
    hn_jw_kstr(w, "id", r->asset);
    hn_jw_key(w, "names");
    hn_jw_arr(w);
    for (size_t i = 0; i < id.n_names; i++)
        hn_jw_str(w, id.names[i]);
    hn_jw_arr_end(w);
    hn_jw_kstr(w, "machine_id", id.machine_id);
    hn_jw_kstr(w, "hardware_id", id.hardware_id);
    hn_jw_kstr(w, "os", id.os);
    hn_jw_obj_end(w);
}

static void write_not_seen(struct hn_jw *w, const struct hn_run *r)
{
    hn_jw_key(w, "not_seen");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n_cover; i++)
        for (const struct hn_run_note *n = r->cover[i].not_seen; n; n = n->next) {
            hn_jw_obj(w);
            hn_jw_kc(w, "module", r->cover[i].module->name);
            hn_jw_kstr(w, "what", n->path);
            hn_jw_kstr(w, "why", n->why);
            hn_jw_obj_end(w);
        }
    hn_jw_arr_end(w);
}

/* The store, which knows when it was first seen, may set an earlier date; a document of one run counts from that run.
 */
static void write_finding(struct hn_jw *w, struct hn_run *r, const struct hn_finding *f, const struct hn_policy *policy,
                          bool texts)
{
    hn_jw_obj(w);
    hn_finding_json_members(w, &r->arena, f, policy, texts);
    struct hn_str scope = scope_of(r, f->module, rests_on_deep(f));
    if (scope.n)
        hn_jw_kstr(w, "scope", scope);
    hn_jw_kstr(w, "asset", r->asset);
    hn_jw_ktime(w, "deadline", f->due_days < 0 ? 0 : r->collected_at + f->due_days * HN_DAY);
    hn_jw_kc(w, "deadline_rule", f->due_rule);
    hn_jw_obj_end(w);
}

static bool kept(const struct hn_run *r, const struct hn_module *m)
{
    for (size_t i = 0; i < r->n_cover; i++)
        if (r->cover[i].module == m)
            return r->cover[i].kept;
    return false;
}

static void write_head(struct hn_jw *w, struct hn_run *r)
{
    hn_jw_kc(w, "schema", "hinomi-run-1");
    hn_jw_kc(w, "run_id", r->id);
    hn_jw_ktime(w, "collected_at", r->collected_at);
    hn_jw_kbool(w, "live", r->live);
    hn_jw_kbool(w, "deep", r->deep);
    if (r->background)
        hn_jw_kbool(w, "background", true);
    hn_jw_kstr(w, "scope", r->scope);
    hn_jw_kc(w, "privilege", r->root_user ? "root" : "user");
}

void hn_run_json_of(struct hn_run *r, uint64_t modules, struct hn_jw *w)
{
    const struct hn_obs *o;
    hn_jw_obj(w);
    write_head(w, r);
    hn_jw_key(w, "coverage");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n_cover; i++) {
        struct hn_run_cover c = r->cover[i];
        c.kept = false;
        if (modules & hn_module_bit(c.module))
            write_cover(w, r, &c, false);
    }
    hn_jw_arr_end(w);
    hn_jw_key(w, "observations");
    hn_jw_arr(w);
    for (size_t i = 0; (o = hn_facts_at(r->facts, i)); i++)
        if (!o->judged && (modules & hn_module_bit(o->module)))
            hn_jw_obs(w, o, HN_STR(""));
    hn_jw_arr_end(w);
    hn_jw_obj_end(w);
}

void hn_run_json(struct hn_run *r, const struct hn_policy *policy, struct hn_jw *w, bool texts)
{
    const struct hn_obs *o;
    hn_jw_obj(w);
    write_head(w, r);
    write_asset(w, r);
    write_subject(w, r);
    hn_jw_knum(w, "score", r->score);
    hn_jw_key(w, "coverage");
    hn_jw_arr(w);
    for (size_t i = 0; i < r->n_cover; i++)
        write_cover(w, r, &r->cover[i], !r->cover[i].kept && covers_two(r, r->cover[i].module));
    hn_jw_arr_end(w);
    hn_jw_key(w, "observations");
    hn_jw_arr(w);
    for (size_t i = 0; (o = hn_facts_at(r->facts, i)); i++)
        if (!kept(r, o->module))
            hn_jw_obs(w, o, scope_of(r, o->module, o->kind->deep));
    hn_jw_arr_end(w);
    hn_jw_key(w, "findings");
    hn_jw_arr(w);
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        if (!r->background || !kept(r, f->module))
            write_finding(w, r, f, policy, texts);
    hn_jw_arr_end(w);
    write_not_seen(w, r);
    hn_jw_obj_end(w);
}

/* ---------------------------------------------------------------- identity */

struct hn_identity hn_run_identity(const struct hn_run *r)
{
    const struct hn_obs *id = hn_facts_first(r->facts, "host.identity");
    const struct hn_obs *os = hn_facts_first(r->facts, "host.os");
    struct hn_identity i = {.machine_id = hn_obs_get(id, "machine_id"),
                            .hardware_id = hn_obs_get(id, "hardware_id"),
                            .hostname = hn_obs_get(id, "hostname"),
                            .os = hn_obs_get(os, "pretty")};
    i.n_names = hn_obs_get_list(id, "names", &i.names);
    return i;
}

/* ---------------------------------------------------------------- reading */

static bool read_notes(struct hn_run *r, const struct hn_jv *list, const char *name, struct hn_run_note **out,
                       size_t *n)
{
    for (size_t i = 0; list && i < list->n && i < 1000; i++) {
        struct hn_run_note *note = HN_NEW(&r->arena, struct hn_run_note);
        if (!note)
            return false;
        *note = (struct hn_run_note){hn_jv_str(&list->items[i], name), hn_jv_str(&list->items[i], "why"),
                                     hn_jv_int(&list->items[i], "offset", 0), *out,
                                     hn_jv_get(&list->items[i], "each") != NULL};
        *out = note;
        (*n)++;
    }
    return true;
}

/* A module that this program does not know is left out: its findings could not be judged here. */
static bool read_cover(struct hn_run *r, const struct hn_jv *v)
{
    for (size_t i = 0; v && i < v->n && r->n_cover < hn_modules_n; i++) {
        const struct hn_jv *e = &v->items[i];
        const struct hn_module *m = hn_module_find(hn_jv_str(e, "module"));
        bool twice = false;
        for (size_t k = 0; k < r->n_cover; k++)
            twice = twice || r->cover[k].module == m;
        if (!m || twice || hn_jv_bool(e, "kept", false)) /* what was not looked at says nothing to others */
            continue;
        struct hn_run_cover *c = &r->cover[r->n_cover++];
        *c = (struct hn_run_cover){.module = m,
                                   .complete = hn_jv_bool(e, "complete", false),
                                   .bounded = hn_jv_bool(e, "bounded", false),
                                   .ran = hn_jv_bool(e, "ran", false),
                                   .duration_ns = hn_jv_int(e, "duration_ms", 0) * 1000000};
        if (!read_notes(r, hn_jv_get(e, "not_seen"), "what", &c->not_seen, &c->n_not_seen) ||
            !read_notes(r, hn_jv_get(e, "malformed"), "path", &c->malformed, &c->n_malformed) ||
            !read_notes(r, hn_jv_get(e, "quarantined"), "path", &c->quarantined, &c->n_quarantined))
            return false;
        if (c->ran)
            hn_facts_mark_seen(r->facts, m);
    }
    return true;
}

static struct hn_err read_head(struct hn_run *r, const struct hn_jv *v, struct hn_diag *reterr)
{
    struct hn_str id = hn_jv_str(v, "run_id");
    if (!hn_str_eqc(hn_jv_str(v, "schema"), "hinomi-run-1"))
        return hn_fail(reterr, HN_E_INVALID, "not a run document (schema hinomi-run-1 expected)");
    if (id.n < 8 || id.n >= sizeof r->id)
        return hn_fail(reterr, HN_E_INVALID, "run_id is missing or has the wrong length");
    for (size_t i = 0; i < id.n; i++)
        if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'A' && id.p[i] <= 'Z')))
            return hn_fail(reterr, HN_E_INVALID, "run_id holds a character that no id has");
    memcpy(r->id, id.p, id.n);
    r->id[id.n] = 0;
    if (!hn_time_parse(hn_jv_str(v, "collected_at"), &r->collected_at) || r->collected_at <= 0)
        return hn_fail(reterr, HN_E_INVALID, "collected_at is missing or not RFC 3339");
    if (r->collected_at > hn_now() + HN_DAY)
        return hn_fail(reterr, HN_E_INVALID, "collected_at lies in the future: set the clock of the sending machine");
    r->live = hn_jv_bool(v, "live", false);
    r->deep = hn_jv_bool(v, "deep", false);
    r->root_user = hn_str_eqc(hn_jv_str(v, "privilege"), "root");
    const struct hn_jv *subject = hn_jv_get(v, "subject");
    r->subject.name = hn_jv_str(subject, "name");
    r->subject.kind = hn_jv_str(subject, "kind");
    r->subject.key_type = hn_jv_str(subject, "key_type");
    r->subject.key = hn_jv_str(subject, "key");
    r->scope = hn_jv_str(v, "scope");
    if (!r->scope.n || r->scope.n > 4096)
        return hn_fail(reterr, HN_E_INVALID, "scope is missing or too long");
    return HN_OK;
}

struct hn_err hn_run_read(struct hn_run *r, struct hn_bytes json, struct hn_diag *reterr)
{
    struct hn_diag d = {{0}};
    if (json.n > DOC_MAX)
        return hn_fail(reterr, HN_E_LIMIT, "a run document may have %u MiB at most", DOC_MAX >> 20);
    struct hn_bytes own = hn_arena_bytes(&r->arena, json);
    const struct hn_jv *v = own.p ? hn_jv_parse(&r->arena, own, &d) : NULL;
    if (!v)
        return hn_fail(reterr, HN_E_INVALID, "%s", d.msg);
    return hn_run_take(r, v, reterr);
}

struct hn_err hn_run_take(struct hn_run *r, const struct hn_jv *v, struct hn_diag *reterr)
{
    HN_TRY(read_head(r, v, reterr));
    const struct hn_jv *list = hn_jv_get(v, "observations");
    if (!read_cover(r, hn_jv_get(v, "coverage")))
        return hn_fail(reterr, HN_E_NOMEM, "reading the coverage");
    for (size_t i = 0; list && i < list->n; i++) {
        const char *why;
        const struct hn_module *m = hn_module_find(hn_jv_str(&list->items[i], "module"));
        struct hn_run_cover *c = NULL;
        for (size_t k = 0; k < r->n_cover; k++)
            c = r->cover[k].module == m ? &r->cover[k] : c;
        if (!c)
            continue;
        if (hn_facts_add_json(r->facts, &list->items[i], r->collected_at, &why)) {
            c->observations++;
        } else {
            c->rejected++;
            c->complete = c->bounded = false;
        }
    }
    return HN_OK;
}
