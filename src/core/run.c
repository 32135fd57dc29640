#include "core/run.h"
#include "core/fetch_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/record.h"
#include "core/registry.h"
#include "core/run_try.h"
#include "core/seen.h"

#define RUN_MEMORY (512u << 20)
#define NOTES_MAX  1000u

struct hn_run *hn_run_new(void)
{
    struct hn_run *r = hn_alloc_zero(sizeof *r);
    if (!r)
        return NULL;
    hn_arena_init(&r->arena, RUN_MEMORY);
    r->facts = hn_facts_new(&r->arena);
    r->cover = hn_arena_alloc(&r->arena, (hn_modules_n + 1) * sizeof *r->cover);
    if (!r->facts || !r->cover || !hn_ok(hn_id_new(r->id))) {
        hn_run_free(r);
        return NULL;
    }
    r->criticality = 1;
    r->scope = HN_STR("live");
    return r;
}

void hn_run_free(struct hn_run *r)
{
    if (!r)
        return;
    if (r->advisories.n)
        munmap((void *)(uintptr_t)r->advisories.p, r->advisories.n);
    hn_facts_free(r->facts);
    hn_arena_done(&r->arena);
    hn_free(r);
}

static void learn_checks(struct hn_run *r, const char *home)
{
    struct hn_sources s;
    if (hn_ok(hn_sources_open(home, false, &s, NULL)) && s.n)
        r->checks = hn_arena_alloc(&r->arena, s.n * sizeof *r->checks);
    for (size_t i = 0; r->checks && i < s.n; i++)
        if (!s.list[i].error.n && s.list[i].imported)
            r->checks[r->n_checks++] =
                (struct hn_feed_check){hn_arena_str(&r->arena, s.list[i].name), s.list[i].checked};
    hn_sources_close(&s);
}

void hn_run_advisories(struct hn_run *r, const char *home)
{
    char path[4096];
    struct stat st;
    if (!home || r->advisories.n || snprintf(path, sizeof path, "%s/feed/index", home) >= (int)sizeof path)
        return;
    HN_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p != MAP_FAILED)
        r->advisories = hn_bytes_of(p, (size_t)st.st_size);
    if (r->advisories.n)
        learn_checks(r, home);
}

struct hn_run_cover *run_cover_of(struct hn_run *r, const struct hn_module *m)
{
    for (size_t i = 0; i < r->n_cover; i++)
        if (r->cover[i].module == m)
            return &r->cover[i];
    return NULL;
}

void run_note(struct hn_run *r, struct hn_run_note **list, size_t *n, struct hn_str path, struct hn_str why,
              int64_t offset)
{
    if (++*n > NOTES_MAX)
        return;
    struct hn_run_note *note = HN_NEW(&r->arena, struct hn_run_note);
    if (!note)
        return;
    *note = (struct hn_run_note){hn_arena_str(&r->arena, path), hn_arena_str(&r->arena, why), offset, *list, false};
    *list = note;
}

/* ---------------------------------------------------------------- what was met while looking */

static struct hn_str self_subject(struct hn_run *r, const struct hn_run_cover *c, const struct hn_run_note *n)
{
    return hn_arena_fmt(&r->arena, "%s %.*s", c->module->name, HN_FMT(n->path));
}

static void note_facts(struct hn_run *r, const struct hn_run_cover *c, const struct hn_run_note *n, bool quarantined)
{
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 1u << 20);
    for (; n; n = n->next) {
        const char *why;
        hn_buf_clear(&b);
        hn_jw_init(&w, &b);
        hn_jw_obj(&w);
        hn_jw_kc(&w, "module", "self");
        hn_jw_kc(&w, "kind", "input");
        hn_jw_kstr(&w, "subject", self_subject(r, c, n));
        hn_jw_key(&w, "fields");
        hn_jw_obj(&w);
        hn_jw_kc(&w, "module", c->module->name);
        hn_jw_kstr(&w, "path", n->path);
        hn_jw_kstr(&w, "why", n->why);
        hn_jw_kint(&w, "offset", n->offset);
        hn_jw_kbool(&w, "quarantined", quarantined);
        hn_jw_obj_end(&w);
        hn_jw_obj_end(&w);
        const struct hn_jv *v = hn_jv_parse(&r->arena, hn_str_bytes(hn_arena_str(&r->arena, hn_buf_text(&b))), NULL);
        if (v)
            hn_facts_add_json(r->facts, v, r->collected_at, &why);
    }
    hn_buf_done(&b);
}

/* Observations of the module "self": what was malformed or set aside. One input counts once per module; being set aside
 * outweighs being malformed, so it is written last. */
static void add_self_facts(struct hn_run *r)
{
    for (size_t i = 0; i < r->n_cover; i++) {
        note_facts(r, &r->cover[i], r->cover[i].malformed, false);
        note_facts(r, &r->cover[i], r->cover[i].quarantined, true);
    }
}

/* ---------------------------------------------------------------- a run */

static bool chosen(const char *list, const char *name)
{
    struct hn_str rest = hn_str_c(list), part;
    while (list && hn_str_split(&rest, ',', &part))
        if (hn_str_eqc(part, name))
            return true;
    return !list;
}

static const struct hn_run_cover *cover_in(const struct hn_run *r, const struct hn_module *m)
{
    for (size_t i = 0; r && i < r->n_cover; i++)
        if (r->cover[i].module == m)
            return &r->cover[i];
    return NULL;
}

/* Is this module's part taken from an earlier run? "self" tells of the others' inputs, and a module that collects
 * nothing judges what others saw: these are made up anew each time. */
static bool keeps(const struct hn_run_options *o, const struct hn_module *m)
{
    return o->base && m->collect && !(o->fresh & hn_module_bit(m)) && cover_in(o->base, m) &&
           strcmp(m->name, "self") != 0;
}

static bool keeps_arg(void *arg, const struct hn_module *m)
{
    return keeps(arg, m);
}

static void keep_notes(struct hn_run *r, struct hn_run_note **to, size_t *n, const struct hn_run_note *from)
{
    for (; from; from = from->next) {
        run_note(r, to, n, from->path, from->why, from->offset);
        if (*to)
            (*to)->hidden = from->hidden;
    }
}

/* What the modules that are not looked at again said in the earlier run. */
static struct hn_err keep(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr)
{
    struct hn_run_options arg = *o;
    if (!hn_facts_copy(r->facts, o->base->facts, keeps_arg, &arg))
        return hn_fail(reterr, HN_E_NOMEM, "keeping what was seen before");
    for (size_t i = 0; i < o->base->n_cover; i++) {
        const struct hn_run_cover *b = &o->base->cover[i];
        if (!keeps(o, b->module))
            continue;
        struct hn_run_cover *c = &r->cover[r->n_cover++];
        *c = (struct hn_run_cover){.module = b->module,
                                   .complete = b->complete,
                                   .bounded = b->bounded,
                                   .n_hidden = b->n_hidden,
                                   .ran = b->ran,
                                   .kept = o->continues ? b->kept : true,
                                   .observations = b->observations,
                                   .rejected = b->rejected,
                                   .duration_ns = b->duration_ns,
                                   .inputs = hn_arena_bytes(&r->arena, b->inputs)};
        if (c->kept)
            c->looked = hn_arena_str(&r->arena, b->looked.n ? b->looked : hn_str_c(o->base->id));
        keep_notes(r, &c->not_seen, &c->n_not_seen, b->not_seen);
        keep_notes(r, &c->malformed, &c->n_malformed, b->malformed);
        keep_notes(r, &c->quarantined, &c->n_quarantined, b->quarantined);
        if (c->ran)
            hn_facts_mark_seen(r->facts, c->module);
    }
    r->inputs_lost = r->inputs_lost || o->base->inputs_lost;
    if (o->continues)
        r->collected_at = o->base->collected_at;
    return r->arena.failed ? hn_fail(reterr, HN_E_NOMEM, "keeping what was seen before") : HN_OK;
}

/* "self" tells of the others' inputs: whichever modules are wanted, their runs may give it something to tell. */
static bool wanted(const struct hn_run_options *o, const struct hn_module *m)
{
    return m->collect && (chosen(o->modules, m->name) || strcmp(m->name, "self") == 0) && !keeps(o, m) &&
           !(o->later & hn_module_bit(m));
}

/* Modules that want paths come after all that name some. */
static struct hn_err plan(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr)
{
    struct hn_str rest = hn_str_c(o->modules), part;
    while (o->modules && hn_str_split(&rest, ',', &part))
        if (!hn_module_find(part))
            return hn_fail(reterr, HN_E_INVALID, "no module is called \"%.*s\"", HN_FMT(part));
    for (int late = 0; late < 2; late++)
        for (size_t i = 0; i < hn_modules_n; i++)
            if (hn_modules[i]->wants_paths == (late == 1) && wanted(o, hn_modules[i]) && !cover_in(r, hn_modules[i]))
                r->cover[r->n_cover++] = (struct hn_run_cover){.module = hn_modules[i], .complete = true};
    r->n_fresh = r->n_cover;
    return HN_OK;
}

/* ---------------------------------------------------------------- tries */

#define TRIES_A_MODULE 5u
#define STALLS_MAX     4u /* with more, a module is given up at its first: a run ends in bounded time */

struct tries {
    const char *skip[RUN_SKIPS_MAX + 1];
    size_t n_skip;
    size_t module; /* place of the module that the last failing try was at */
    unsigned n;    /* failing tries of that module */
    unsigned stalls;
    const char *outside; /* what was looked at when a role was killed from outside; NULL: was not, in this module */
};

static bool skips(const struct tries *s, const char *path)
{
    for (size_t i = 0; i < s->n_skip; i++)
        if (strcmp(s->skip[i], path) == 0)
            return true;
    return false;
}

/* A try failed at this module: its input is noted and left out of the next one. False: nothing more can be left out,
 * and the module is given up. */
static bool learn(struct tries *s, const struct run_try *t, struct hn_run_cover *c)
{
    struct hn_run *r = t->r;
    s->n++;
    s->stalls += t->stalled;
    c->complete = false;
    /* Who kills from outside says nothing about the input, the first time. */
    if (t->from_outside && (!s->outside || strcmp(s->outside, t->path) != 0) && s->n < TRIES_A_MODULE) {
        s->outside = t->path;
        return true;
    }
    bool again = skips(s, t->path);
    if (!again)
        run_note(r, &c->quarantined, &c->n_quarantined,
                 *t->path ? hn_str_from_hostile(&r->arena, hn_str_bytes(hn_str_c(t->path)), HN_REC_PATH_MAX)
                          : HN_STR("*"),
                 t->why, 0);
    if (again || !*t->path || s->n_skip == RUN_SKIPS_MAX || s->n >= TRIES_A_MODULE ||
        (t->stalled && s->stalls > STALLS_MAX))
        return false;
    s->skip[s->n_skip++] = t->path;
    return true;
}

/* The planned modules from place `done` on. */
static struct hn_err collect_from(struct hn_run *r, size_t done, const struct hn_run_options *o, struct hn_diag *reterr)
{
    const struct hn_module *todo[256];
    struct tries s = {.module = SIZE_MAX};
    while (done < r->n_fresh) {
        struct run_try t = {.r = r, .o = o, .todo = todo, .n_todo = r->n_fresh - done};
        memcpy(t.skip, s.skip, sizeof s.skip);
        for (size_t k = 0; k < t.n_todo; k++)
            todo[k] = r->cover[done + k].module;
        HN_TRY(run_try(&t, reterr));
        if (t.end == RUN_END_DONE)
            return HN_OK;
        done += t.at;
        if (done >= r->n_fresh) /* all said what they had to say; the end itself went wrong */
            return HN_OK;
        if (s.module != done) {
            s.module = done;
            s.n = 0;
            s.outside = NULL;
        }
        struct hn_run_cover *c = &r->cover[done];
        if (!learn(&s, &t, c)) {
            run_note(r, &c->not_seen, &c->n_not_seen, hn_str_c(c->module->name), t.why, 0);
            done++;
        }
    }
    return HN_OK;
}

/* What was left for later: kept, or looked at now. */
static struct hn_err collect_later(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr)
{
    struct hn_run_options now = *o;
    size_t done = r->n_fresh;
    now.base = hn_seen_wait(o->seen, &now.fresh);
    now.later = 0;
    HN_TRY(plan(r, &now, reterr));
    if (now.base)
        HN_TRY(keep(r, &now, reterr));
    return collect_from(r, done, &now, reterr);
}

/* An empty folder, or one of something else, is no host without faults. */
static bool holds_a_system(int root)
{
    static const char *const any[] = {"etc", "usr", "bin", "lib", "var"};
    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        if (faccessat(root, any[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
            return true;
    return false;
}

struct hn_err hn_run_collect(struct hn_run *r, const struct hn_run_options *o, struct hn_diag *reterr)
{
    r->collected_at = hn_now();
    r->live = o->root == NULL && o->image == NULL;
    r->deep = o->deep;
    r->root_user = geteuid() == 0 || o->image; /* in an image nobody's rights count */
    if (o->image)
        r->scope = hn_arena_fmt(&r->arena, "image:%s", o->image);
    if (o->root) {
        HN_AUTO_FD root = open(o->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
            return hn_fail_errno(reterr, "cannot open the root %s", o->root);
        if (!o->inventory && !holds_a_system(root))
            return hn_fail(reterr, HN_E_INVALID, "%s holds no system: no etc, usr, bin, lib or var", o->root);
        r->scope = hn_arena_fmt(&r->arena, "root:%s", o->root);
    }
    HN_TRY(plan(r, o, reterr));
    if (o->base)
        HN_TRY(keep(r, o, reterr));
    HN_TRY(collect_from(r, 0, o, reterr));
    if (o->seen)
        HN_TRY(collect_later(r, o, reterr));
    for (size_t i = 0; i < r->n_fresh; i++)
        if (!r->cover[i].ran)
            r->cover[i].complete = false;
    add_self_facts(r);
    return HN_OK;
}

static size_t risk_cover(const struct hn_run *r, struct hn_risk_cover *out)
{
    for (size_t i = 0; i < r->n_cover; i++)
        out[i] = (struct hn_risk_cover){.module = hn_str_c(r->cover[i].module->name),
                                        .live = r->live,
                                        .root = r->root_user,
                                        .complete = r->cover[i].complete && r->cover[i].ran};
    return r->n_cover;
}

static struct hn_err score_host(struct hn_run *r, struct hn_diag *reterr)
{
    struct hn_score_item *items = hn_arena_alloc(&r->arena, (r->judged.n + 1) * sizeof *items);
    size_t n = 0;
    if (!items)
        return hn_fail(reterr, HN_E_NOMEM, "scoring");
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        items[n++] = (struct hn_score_item){f->cause, f->share};
    r->score = hn_score_host(items, n);
    return HN_OK;
}

/* The same in every process, unlike hn_hash64: a verdict may be kept on disk. */
static uint64_t digest64(struct hn_str s)
{
    uint8_t sum[HN_SHA256_LEN];
    uint64_t v;
    hn_sha256(hn_str_bytes(s), sum);
    memcpy(&v, sum, sizeof v);
    return v;
}

/* Findings and conclusions of each module's judge, without what is the same in any case. */
static void take_verdicts(struct hn_run *r)
{
    const struct hn_obs *o;
    struct hn_run_cover *c;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 1u << 20);
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        if ((c = run_cover_of(r, f->module)))
            c->verdict += digest64(hn_str_c(f->id));
    for (size_t i = 0; (o = hn_facts_at(r->facts, i)); i++) {
        if (!o->judged || !(c = run_cover_of(r, o->module)))
            continue;
        struct hn_obs timeless = *o;
        timeless.at = 0;
        hn_buf_clear(&b);
        hn_jw_init(&w, &b);
        hn_jw_obs(&w, &timeless, HN_STR(""));
        c->verdict += digest64(hn_buf_text(&b));
    }
}

/* The module of "packages.package". */
static struct hn_str module_of(const char *kind)
{
    struct hn_str s = hn_str_c(kind);
    ptrdiff_t dot = hn_str_chr(s, '.');
    return dot < 0 ? s : hn_str_cut(s, 0, (size_t)dot);
}

/* A host runs one system: that is known, or it is not, whatever else of the host could not be seen. */
static bool is_one_and_seen(const struct hn_run *r, const char *kind)
{
    return strcmp(kind, "host.os") == 0 && hn_facts_first(r->facts, kind) != NULL;
}

/* Modules that collect nothing and judge what others saw cover what those cover; a run without those says nothing of
 * them. */
static void cover_judges(struct hn_run *r)
{
    for (size_t i = 0; i < hn_modules_n; i++) {
        const struct hn_module *m = hn_modules[i];
        struct hn_run_cover c = {.module = m, .complete = true, .ran = true};
        bool whole = m->judge && !m->collect && m->needs && !cover_in(r, m);
        for (size_t k = 0; whole && m->needs[k]; k++) {
            const struct hn_run_cover *of = cover_in(r, hn_module_find(module_of(m->needs[k])));
            whole = of != NULL;
            c.complete = c.complete && of && of->ran && (of->complete || is_one_and_seen(r, m->needs[k]));
        }
        if (whole)
            r->cover[r->n_cover++] = c;
    }
}

struct hn_err hn_run_judge(struct hn_run *r, const struct hn_policy *policy, struct hn_diag *reterr)
{
    cover_judges(r);
    struct hn_judge_options o = {.arena = &r->arena,
                                 .facts = r->facts,
                                 .policy = policy,
                                 .asset = r->asset,
                                 .now = r->collected_at,
                                 .live = r->live,
                                 .advisories = r->advisories,
                                 .checks = r->checks,
                                 .n_checks = r->n_checks};
    struct hn_risk_cover *cover = hn_arena_alloc(&r->arena, (r->n_cover + 1) * sizeof *cover);
    if (!cover)
        return hn_fail(reterr, HN_E_NOMEM, "judging");
    hn_judge_run(&o, NULL, &r->judged);
    struct hn_risk_in in = {.facts = r->facts,
                            .policy = policy,
                            .cover = cover,
                            .n_cover = risk_cover(r, cover),
                            .criticality = r->criticality,
                            .now = r->collected_at};
    HN_TRY(hn_risk_rank(&in, &r->arena, r->judged.first, reterr));
    r->judged.first = hn_risk_sort(r->judged.first);
    take_verdicts(r);
    return score_host(r, reterr);
}

/* ---------------------------------------------------------------- what follows from what others saw */

bool hn_run_names_path(const struct hn_obs *o, size_t f, size_t i, struct hn_str *ret)
{
    const struct hn_value *v = &o->v[f];
    if (o->kind->fields[f].ref != HN_REF_PATH || !v->set)
        return false;
    if (v->type == HN_T_STR)
        *ret = v->s;
    else if (v->type == HN_T_LIST && i < v->n)
        *ret = v->items[i];
    return v->type == HN_T_STR ? i == 0 : v->type == HN_T_LIST && i < v->n;
}

/* Does an observation of a fresh module name a path that `known` lacks? With known's own run: fills it. */
static bool paths(const struct hn_run *r, struct hn_map *known, bool fill)
{
    const struct hn_obs *o;
    for (size_t k = 0; (o = hn_facts_at(r->facts, k)); k++) {
        const struct hn_run_cover *c = fill ? NULL : cover_in(r, o->module);
        if (o->judged || o->module->wants_paths || (c && c->kept))
            continue;
        for (size_t f = 0; o->kind->fields[f].name; f++) {
            struct hn_str path;
            for (size_t i = 0; hn_run_names_path(o, f, i, &path); i++) {
                if (fill ? !hn_ok(hn_map_set(known, hn_str_bytes(path), (void *)(uintptr_t)o))
                         : !hn_map_has(known, hn_str_bytes(path)))
                    return true;
            }
        }
    }
    return false;
}

static bool new_paths(const struct hn_run *r, const struct hn_run *base)
{
    struct hn_map known;
    hn_map_init(&known);
    for (size_t i = 0; i < base->n_known; i++)
        if (!hn_ok(hn_map_set(&known, hn_str_bytes(base->known[i]), &base->known[i])))
            break; /* then it counts as new: more is looked at than need be */
    bool yes = paths(base, &known, true) || paths(r, &known, false);
    hn_map_done(&known);
    return yes;
}

uint64_t hn_run_unsettled(const struct hn_run *r, const struct hn_run *base)
{
    uint64_t set = 0, late = 0;
    for (size_t i = r->n_fresh; i < r->n_cover; i++) {
        const struct hn_run_cover *c = &r->cover[i], *b = cover_in(base, c->module);
        if (c->kept && b && b->verdict != c->verdict)
            set |= hn_module_bit(c->module);
        if (c->kept && c->module->wants_paths)
            late |= hn_module_bit(c->module);
    }
    return late && new_paths(r, base) ? set | late : set;
}
