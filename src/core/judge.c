#include "core/judge.h"

#include <assert.h>

#include "base/hash.h"
#include "base/str.h"
#include "core/policy.h"
#include "core/registry.h"
#include "format/advisory/advisory.h"

struct hn_judge {
    const struct hn_judge_options *o;
    const struct hn_module *module;
    struct hn_judged *out;
    struct hn_finding *last;
    struct hn_arena *arena;
    struct hn_obs *obs; /* being made, or NULL */
    struct hn_adv_index advisories;
    bool has_advisories;
};

/* Given when memory runs out, so that no judge has to look. Never read. */
static struct hn_finding lost;

const struct hn_facts *hn_judge_facts(const struct hn_judge *j)
{
    return j->o->facts;
}

hn_time hn_judge_now(const struct hn_judge *j)
{
    return j->o->now;
}

const struct hn_adv_index *hn_judge_advisories(const struct hn_judge *j)
{
    return j->has_advisories ? &j->advisories : NULL;
}

hn_time hn_judge_feed_checked(const struct hn_judge *j, struct hn_str feed)
{
    for (size_t i = 0; i < j->o->n_checks; i++)
        if (hn_str_eq(j->o->checks[i].feed, feed))
            return j->o->checks[i].at;
    return 0;
}

bool hn_judge_live(const struct hn_judge *j)
{
    return j->o->live;
}

int64_t hn_judge_policy_int(const struct hn_judge *j, const char *key, int64_t dflt)
{
    return j->o->policy ? hn_policy_int(j->o->policy, key, dflt) : dflt;
}

struct hn_arena *hn_judge_arena(struct hn_judge *j)
{
    return j->arena;
}

void hn_finding_identify(struct hn_finding *f, struct hn_str asset)
{
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    const struct hn_bytes nul = hn_bytes_of("", 1);
    uint8_t sum[64];
    f->id[0] = 0;
    if (!d)
        return;
    hn_digest_add(d, hn_str_bytes(asset));
    hn_digest_add(d, nul);
    hn_digest_add(d, hn_str_bytes(hn_str_c(f->module->name)));
    hn_digest_add(d, hn_str_bytes(HN_STR(".")));
    hn_digest_add(d, hn_str_bytes(hn_str_c(f->rule->id)));
    hn_digest_add(d, nul);
    hn_digest_add(d, hn_str_bytes(f->subject));
    hn_digest_add(d, nul);
    hn_digest_add(d, hn_str_bytes(f->location));
    hn_digest_end(d, sum);
    hn_hex(hn_bytes_of(sum, 16), f->id);
}

void hn_judge_obs_begin(struct hn_judge *j, const char *kind, struct hn_str subject)
{
    const struct hn_kind *k = hn_kind_find(j->module, hn_str_c(kind));
    assert(k && !j->obs);
    j->obs = hn_facts_add(j->o->facts, j->module, k, hn_arena_str(j->arena, subject), j->o->now);
    if (!j->obs)
        j->out->incomplete = true;
}

static struct hn_value *obs_field(struct hn_judge *j, const char *field, enum hn_type type)
{
    if (!j->obs)
        return NULL;
    int at = hn_field_find(j->obs->kind, hn_str_c(field));
    assert(at >= 0 && j->obs->kind->fields[at].type == type);
    j->obs->v[at] = (struct hn_value){.type = type, .set = true};
    return &j->obs->v[at];
}

void hn_judge_obs_str(struct hn_judge *j, const char *field, struct hn_str v)
{
    struct hn_value *to = obs_field(j, field, HN_T_STR);
    if (to)
        to->s = hn_arena_str(j->arena, v);
}

void hn_judge_obs_int(struct hn_judge *j, const char *field, int64_t v)
{
    struct hn_value *to = obs_field(j, field, HN_T_INT);
    if (to)
        to->i = v;
}

void hn_judge_obs_end(struct hn_judge *j)
{
    j->obs = NULL;
}

void hn_judge_hides(struct hn_judge *j, struct hn_str who, const char *kind_or_rule, struct hn_str subject,
                    struct hn_str location, hn_time from)
{
    assert(hn_kind_find(j->module, hn_str_c(kind_or_rule)) || hn_rule_find(j->module, hn_str_c(kind_or_rule)));
    struct hn_hidden *h = HN_NEW(j->arena, struct hn_hidden);
    if (!h) {
        j->out->incomplete = true;
        return;
    }
    *h = (struct hn_hidden){.module = j->module,
                            .who = hn_arena_str(j->arena, who),
                            .kind = hn_arena_fmt(j->arena, "%s.%s", j->module->name, kind_or_rule),
                            .subject = hn_arena_str(j->arena, subject),
                            .location = hn_arena_str(j->arena, location),
                            .from = from,
                            .next = j->out->hidden};
    j->out->hidden = h;
    j->out->incomplete |= j->arena->failed;
}

/* Setters get only the finding; what they need to allocate lies behind it. */
struct owned {
    struct hn_finding f; /* first: hn_find_* get its address */
    struct hn_judge *j;
    struct hn_arena *arena;
};

static struct owned *owner(struct hn_finding *f)
{
    return f == &lost ? NULL : (struct owned *)(void *)f;
}

static void *get(struct hn_finding *f, size_t n)
{
    struct owned *o = owner(f);
    void *p = o ? hn_arena_alloc(o->arena, n) : NULL;
    if (!p && o)
        o->j->out->incomplete = true;
    return p;
}

static struct hn_str keep(struct hn_finding *f, struct hn_str s)
{
    struct owned *o = owner(f);
    return o ? hn_arena_str(o->arena, s) : HN_STR("");
}

struct hn_finding *hn_find(struct hn_judge *j, const char *rule, struct hn_str subject, struct hn_str location)
{
    const struct hn_rule *r = hn_rule_find(j->module, hn_str_c(rule));
    assert(r);
    struct owned *o = HN_NEW(j->arena, struct owned);
    if (!o) {
        j->out->incomplete = true;
        return &lost;
    }
    o->j = j;
    o->arena = j->arena;
    struct hn_finding *f = &o->f;
    f->module = j->module;
    f->rule = r;
    f->subject = keep(f, subject);
    f->location = keep(f, location);
    f->severity = r->severity;
    f->confidence = 100;
    f->due_days = -1;
    hn_finding_identify(f, j->o->asset);
    f->cause = keep(f, hn_str_c(f->id));
    if (j->last)
        j->last->next = f;
    else
        j->out->first = f;
    j->last = f;
    j->out->n++;
    return f;
}

void hn_find_severity(struct hn_finding *f, enum hn_severity s)
{
    f->severity = s;
}

void hn_find_confidence(struct hn_finding *f, unsigned percent)
{
    f->confidence = percent > 100 ? 100 : percent;
}

void hn_find_param(struct hn_finding *f, const char *name, struct hn_str value)
{
    struct hn_param *p = get(f, sizeof *p);
    if (!p)
        return;
    *p = (struct hn_param){.name = name, .value = keep(f, value)};
    struct hn_param **at = &f->params;
    while (*at)
        at = &(*at)->next;
    *at = p;
}

void hn_find_param_int(struct hn_finding *f, const char *name, int64_t value)
{
    struct owned *o = owner(f);
    if (o)
        hn_find_param(f, name, hn_arena_fmt(o->arena, "%lld", (long long)value));
}

void hn_find_evidence(struct hn_finding *f, const struct hn_obs *obs, const char *role)
{
    struct hn_evidence *e = obs ? get(f, sizeof *e) : NULL;
    if (!e)
        return;
    *e = (struct hn_evidence){.obs = obs, .role = role};
    struct hn_evidence **at = &f->evidence;
    while (*at)
        at = &(*at)->next;
    *at = e;
}

void hn_find_about(struct hn_finding *f, enum hn_ref ref, struct hn_str value)
{
    struct hn_about *a = value.n ? get(f, sizeof *a) : NULL;
    if (!a)
        return;
    *a = (struct hn_about){.ref = ref, .value = keep(f, value)};
    struct hn_about **at = &f->about;
    while (*at)
        at = &(*at)->next;
    *at = a;
}

void hn_find_cause(struct hn_finding *f, struct hn_str cause)
{
    f->cause = keep(f, cause);
}

void hn_find_term(struct hn_finding *f, const char *name, const struct hn_obs *o)
{
    struct hn_term *t = get(f, sizeof *t);
    if (!t)
        return;
    *t = (struct hn_term){.name = name, .seen = true, .obs = o, .next = f->extra_terms};
    f->extra_terms = t;
}

void hn_find_since(struct hn_finding *f, hn_time t)
{
    f->since = t;
}

void hn_find_fix(struct hn_finding *f, enum hn_fix_kind kind, struct hn_str target, struct hn_str value)
{
    f->fix = kind;
    f->fix_target = keep(f, target);
    f->fix_value = keep(f, value);
}

void hn_judge_run(const struct hn_judge_options *o, const struct hn_module *only, struct hn_judged *ret)
{
    struct hn_judge j = {.o = o, .out = ret, .arena = o->arena};
    *ret = (struct hn_judged){0};
    j.has_advisories = o->advisories.n && hn_ok(hn_adv_index_open(o->advisories, &j.advisories, NULL));
    for (size_t i = 0; i < hn_modules_n; i++) {
        j.module = hn_modules[i];
        if (j.module->judge && (!only || only == j.module))
            j.module->judge(&j);
    }
}
