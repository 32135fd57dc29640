#include "core/join.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

#define REFS      (HN_REF_USER + 1)
#define KIND_REFS 32

/* Kinds whose subject is itself a value that others refer to. */
static const struct {
    const char *kind;
    enum hn_ref ref;
} subjects[] = {
    {"packages.package", HN_REF_PACKAGE}, {"processes.process", HN_REF_PROCESS}, {"sockets.listener", HN_REF_LISTENER},
    {"services.unit", HN_REF_UNIT},       {"accounts.account", HN_REF_USER},
};

/* Observations that connect nothing when a field says so: a font or a locale that is mapped is no code that runs. */
static const struct {
    const char *kind, *field;
} unless_false[] = {
    {"processes.mapped", "executable"},
};

struct hn_join_link {
    const struct hn_obs *obs;
    const struct kind_refs *refs;
    struct hn_join_link *next;
};

/* What a kind refers to, read once from its declaration. */
struct kind_refs {
    const struct hn_kind *kind;
    enum hn_ref subject;
    unsigned mask; /* 1 << ref of everything in it */
    unsigned n;
    struct {
        unsigned field;
        enum hn_ref ref;
    } fields[KIND_REFS];
    bool indexed;
    struct kind_refs *next;
};

struct hn_join {
    struct hn_arena *arena;
    struct hn_map values[REFS]; /* text → struct hn_join_value, one table per meaning */
    struct hn_map sources;      /* source package name → struct named */
    struct hn_map names;        /* binary package name → struct named, one for each architecture */
    struct kind_refs *kinds;
    uint64_t stamp;
    bool failed;
};

struct named {
    struct hn_join_value *package;
    struct named *next;
};

bool hn_obs_kind_is(const struct hn_obs *o, const char *kind)
{
    size_t n = strlen(o->module->name);
    return strncmp(kind, o->module->name, n) == 0 && kind[n] == '.' && strcmp(kind + n + 1, o->kind->name) == 0;
}

/* ---------------------------------------------------------------- index */

static struct kind_refs *refs_of(struct hn_join *j, const struct hn_obs *o)
{
    for (struct kind_refs *k = j->kinds; k; k = k->next)
        if (k->kind == o->kind)
            return k;
    struct kind_refs *k = HN_NEW(j->arena, struct kind_refs);
    if (!k) {
        j->failed = true;
        return NULL;
    }
    k->kind = o->kind;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        if (hn_obs_kind_is(o, subjects[i].kind))
            k->subject = subjects[i].ref;
    k->mask = k->subject ? 1u << k->subject : 0;
    for (unsigned i = 0; o->kind->fields[i].name && k->n < KIND_REFS; i++) {
        if (!o->kind->fields[i].ref)
            continue;
        k->fields[k->n].field = i;
        k->fields[k->n++].ref = o->kind->fields[i].ref;
        k->mask |= 1u << o->kind->fields[i].ref;
    }
    /* One reference alone connects nothing, but what speaks about a process or listener is looked up by it. */
    k->indexed = k->n + (k->subject != HN_REF_NONE) > 1 || (k->mask & (1u << HN_REF_PROCESS | 1u << HN_REF_LISTENER));
    k->indexed = k->indexed || k->subject != HN_REF_NONE;
    k->next = j->kinds;
    j->kinds = k;
    return k;
}

static struct hn_join_value *value_get(struct hn_join *j, enum hn_ref ref, struct hn_str s)
{
    struct hn_join_value *v = hn_map_find(&j->values[ref], hn_str_bytes(s));
    if (v)
        return v;
    v = HN_NEW(j->arena, struct hn_join_value);
    if (!v || !hn_ok(hn_map_set(&j->values[ref], hn_str_bytes(s), v))) {
        j->failed = true;
        return NULL;
    }
    v->ref = ref;
    v->s = s;
    return v;
}

static struct hn_join_value *link_value(struct hn_join *j, const struct kind_refs *k, const struct hn_obs *o,
                                        enum hn_ref ref, struct hn_str s)
{
    struct hn_join_value *v = s.n ? value_get(j, ref, s) : NULL;
    if (!v || (v->links && v->links->obs == o))
        return v;
    struct hn_join_link *l = HN_NEW(j->arena, struct hn_join_link);
    if (!l) {
        j->failed = true;
        return v;
    }
    *l = (struct hn_join_link){.obs = o, .refs = k, .next = v->links};
    v->links = l;
    return v;
}

static void index_name(struct hn_join *j, struct hn_map *map, struct hn_str name, struct hn_join_value *package)
{
    struct named *s = name.n && package ? HN_NEW(j->arena, struct named) : NULL;
    if (!s)
        return;
    s->package = package;
    s->next = hn_map_find(map, hn_str_bytes(name));
    if (!hn_ok(hn_map_set(map, hn_str_bytes(name), s)))
        j->failed = true;
}

static bool connects(const struct hn_obs *o)
{
    for (size_t i = 0; i < sizeof unless_false / sizeof unless_false[0]; i++)
        if (hn_obs_kind_is(o, unless_false[i].kind) && !hn_obs_get_bool(o, unless_false[i].field, true))
            return false;
    return true;
}

static void index_obs(struct hn_join *j, const struct hn_obs *o)
{
    struct kind_refs *k = refs_of(j, o);
    if (!k || !k->indexed || !connects(o))
        return;
    if (k->subject) {
        struct hn_join_value *v = link_value(j, k, o, k->subject, o->subject);
        if (v)
            v->obs = o;
        if (k->subject == HN_REF_PACKAGE) {
            index_name(j, &j->sources, hn_obs_get(o, "source"), v);
            index_name(j, &j->names, hn_obs_get(o, "name"), v);
        }
    }
    for (unsigned i = 0; i < k->n; i++) {
        const struct hn_value *v = &o->v[k->fields[i].field];
        if (!v->set)
            continue;
        if (v->type == HN_T_STR)
            link_value(j, k, o, k->fields[i].ref, v->s);
        for (size_t n = 0; v->type == HN_T_LIST && n < v->n; n++)
            link_value(j, k, o, k->fields[i].ref, v->items[n]);
    }
}

struct hn_join *hn_join_new(const struct hn_facts *facts, struct hn_arena *a)
{
    struct hn_join *j = HN_NEW(a, struct hn_join);
    if (!j)
        return NULL;
    j->arena = a;
    for (size_t i = 0; i < REFS; i++)
        hn_map_init(&j->values[i]);
    hn_map_init(&j->sources);
    hn_map_init(&j->names);
    const struct hn_obs *o;
    for (size_t i = 0; (o = hn_facts_at(facts, i)) && !j->failed; i++)
        index_obs(j, o);
    if (j->failed) {
        hn_join_free(j);
        return NULL;
    }
    return j;
}

void hn_join_free(struct hn_join *j)
{
    if (!j)
        return;
    for (size_t i = 0; i < REFS; i++)
        hn_map_done(&j->values[i]);
    hn_map_done(&j->sources);
    hn_map_done(&j->names);
}

struct hn_join_value *hn_join_find(struct hn_join *j, enum hn_ref ref, struct hn_str s)
{
    return hn_map_find(&j->values[ref], hn_str_bytes(s));
}

void hn_join_each(struct hn_join *j, const struct hn_join_value *v, const char *kind,
                  bool (*each)(void *arg, const struct hn_obs *o), void *arg)
{
    for (const struct hn_join_link *l = v->links; l; l = l->next)
        if ((!kind || hn_obs_kind_is(l->obs, kind)) && !each(arg, l->obs))
            return;
}

/* ---------------------------------------------------------------- neighbours */

/* Calls each for every value of meaning `to` in an observation, until it gives false. */
static bool values_in(struct hn_join *j, const struct hn_obs *o, const struct kind_refs *k, enum hn_ref to,
                      bool (*each)(void *arg, struct hn_join_value *v), void *arg)
{
    struct hn_join_value *v;
    if (k->subject == to && (v = hn_join_find(j, to, o->subject)) && !each(arg, v))
        return false;
    for (unsigned i = 0; i < k->n; i++) {
        const struct hn_value *f = &o->v[k->fields[i].field];
        if (k->fields[i].ref != to || !f->set)
            continue;
        if (f->type == HN_T_STR && (v = hn_join_find(j, to, f->s)) && !each(arg, v))
            return false;
        for (size_t n = 0; f->type == HN_T_LIST && n < f->n; n++)
            if ((v = hn_join_find(j, to, f->items[n])) && !each(arg, v))
                return false;
    }
    return true;
}

static void neighbours(struct hn_join *j, const struct hn_join_value *from, enum hn_ref to,
                       bool (*each)(void *arg, struct hn_join_value *v), void *arg)
{
    for (const struct hn_join_link *l = from->links; l; l = l->next)
        if ((l->refs->mask & 1u << to) && !values_in(j, l->obs, l->refs, to, each, arg))
            return;
}

static int obs_cmp(const struct hn_obs *a, const struct hn_obs *b)
{
    int c = strcmp(a->module->name, b->module->name);
    c = c ? c : strcmp(a->kind->name, b->kind->name);
    return c ? c : hn_str_cmp(a->subject, b->subject);
}

struct wanted {
    const struct hn_join_value *v;
    bool found;
};

static bool is_wanted(void *arg, struct hn_join_value *v)
{
    struct wanted *w = arg;
    w->found = w->found || v == w->v;
    return !w->found;
}

const struct hn_obs *hn_join_between(struct hn_join *j, const struct hn_join_value *a, const struct hn_join_value *b)
{
    const struct hn_obs *best = NULL;
    for (const struct hn_join_link *l = a->links; l; l = l->next) {
        struct wanted w = {.v = b};
        if (!(l->refs->mask & 1u << b->ref))
            continue;
        values_in(j, l->obs, l->refs, b->ref, is_wanted, &w);
        if (w.found && (!best || obs_cmp(l->obs, best) < 0))
            best = l->obs;
    }
    return best;
}

/* ---------------------------------------------------------------- following */

struct follow {
    struct hn_join *j;
    struct hn_arena *scratch;
    struct hn_chain *c;
    struct hn_join_set *into;
};

static void set_add(struct follow *f, struct hn_join_set *s, struct hn_join_value *v)
{
    if (v->stamp == f->j->stamp)
        return;
    if (s->n == HN_JOIN_SET) {
        f->c->truncated = true;
        return;
    }
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 4 : 16;
        struct hn_join_value **grown = hn_arena_alloc(f->scratch, cap * sizeof(void *));
        if (!grown) {
            f->c->failed = true;
            return;
        }
        if (s->n)
            memcpy(grown, s->v, s->n * sizeof(void *));
        s->v = grown;
        s->cap = cap;
    }
    v->stamp = f->j->stamp;
    s->v[s->n++] = v;
}

static bool add_each(void *arg, struct hn_join_value *v)
{
    struct follow *f = arg;
    set_add(f, f->into, v);
    return !f->c->failed;
}

static bool any(void *arg, struct hn_join_value *v)
{
    *(bool *)arg = true;
    return false;
}

static bool add_used_path(void *arg, struct hn_join_value *v)
{
    struct follow *f = arg;
    bool used = false;
    neighbours(f->j, v, HN_REF_PROCESS, any, &used);
    return used ? add_each(arg, v) : true;
}

static void step(struct follow *f, const struct hn_join_set *from, enum hn_ref to, struct hn_join_set *into)
{
    f->into = into;
    for (size_t i = 0; i < from->n; i++)
        neighbours(f->j, from->v[i], to, to == HN_REF_PATH ? add_used_path : add_each, f);
}

/* "name:arch" is that package; a name alone is a source, with all packages made from it, or else a package name. */
static void add_packages(struct follow *f, struct hn_str s)
{
    struct hn_join_value *v = hn_join_find(f->j, HN_REF_PACKAGE, s);
    if (v)
        set_add(f, &f->c->packages, v);
    if (hn_str_chr(s, ':') >= 0)
        return;
    const struct named *n = hn_map_find(&f->j->sources, hn_str_bytes(s));
    if (!n)
        n = hn_map_find(&f->j->names, hn_str_bytes(s));
    for (; n; n = n->next)
        set_add(f, &f->c->packages, n->package);
}

static struct hn_join_set *set_of(struct hn_chain *c, enum hn_ref ref)
{
    switch (ref) {
    case HN_REF_PATH:
        return &c->paths;
    case HN_REF_PROCESS:
        return &c->processes;
    case HN_REF_LISTENER:
        return &c->listeners;
    case HN_REF_UNIT:
        return &c->units;
    default:
        return NULL;
    }
}

/* Digits compare as numbers ("812:…" before "1042:…"), the rest bytewise. */
int hn_join_value_cmp(const struct hn_join_value *a, const struct hn_join_value *b)
{
    size_t na = 0, nb = 0;
    while (na < a->s.n && a->s.p[na] >= '0' && a->s.p[na] <= '9')
        na++;
    while (nb < b->s.n && b->s.p[nb] >= '0' && b->s.p[nb] <= '9')
        nb++;
    if (na && nb && na != nb)
        return na < nb ? -1 : 1;
    return hn_str_cmp(a->s, b->s);
}

static int by_value(const void *x, const void *y)
{
    return hn_join_value_cmp(*(struct hn_join_value *const *)x, *(struct hn_join_value *const *)y);
}

void hn_join_follow(struct hn_join *j, struct hn_arena *scratch, const struct hn_about *about, struct hn_chain *ret)
{
    struct follow f = {.j = j, .scratch = scratch, .c = ret};
    *ret = (struct hn_chain){0};
    j->stamp++;
    for (const struct hn_about *b = about; b; b = b->next) {
        ret->about[b->ref] = true;
        struct hn_join_set *s = set_of(ret, b->ref);
        struct hn_join_value *v = s ? hn_join_find(j, b->ref, b->value) : NULL;
        if (v)
            set_add(&f, s, v);
        if (b->ref == HN_REF_PACKAGE)
            add_packages(&f, b->value);
    }
    struct hn_join_set named = ret->listeners; /* only those named lead back to a process */
    if (!ret->about[HN_REF_PROCESS] || !ret->about[HN_REF_PATH])
        step(&f, &ret->packages, HN_REF_PATH, &ret->paths);
    if (!ret->about[HN_REF_PROCESS]) { /* else it is about these: who else has the same library loaded is not concerned
                                        */
        step(&f, &ret->paths, HN_REF_PROCESS, &ret->processes);
        step(&f, &ret->units, HN_REF_PROCESS, &ret->processes);
    }
    if (!ret->about[HN_REF_LISTENER])
        step(&f, &ret->processes, HN_REF_LISTENER, &ret->listeners);
    else
        step(&f, &named, HN_REF_PROCESS, &ret->processes);
    struct hn_join_set *sets[] = {&ret->packages, &ret->paths, &ret->processes, &ret->listeners, &ret->units};
    for (size_t i = 0; i < sizeof sets / sizeof(void *); i++)
        if (sets[i]->n > 1)
            qsort(sets[i]->v, sets[i]->n, sizeof(void *), by_value);
}
