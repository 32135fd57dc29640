/* Which statements count: one for each vulnerability, product and subcomponent. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/name/purl.h"
#include "format/sbom/vex.h"

#define ID_MAX 256u

/* ---------------------------------------------------------------- names of vulnerabilities */

struct node { /* of a set of names that mean the same */
    struct node *up;
    struct hn_str best; /* of the set, at its top */
};

static struct node *top(struct node *n)
{
    while (n->up != n)
        n = n->up = n->up->up;
    return n;
}

static bool better(struct hn_str name, struct hn_str than)
{
    bool cve = hn_str_starts(name, "CVE-"), other = hn_str_starts(than, "CVE-");
    return cve != other ? cve : hn_str_cmp(name, than) < 0;
}

static struct node *node_of(struct hn_arena *a, struct hn_map *m, struct hn_str id)
{
    char low[ID_MAX];
    size_t n = id.n < ID_MAX ? id.n : ID_MAX;
    for (size_t i = 0; i < n; i++)
        low[i] = (char)(id.p[i] >= 'a' && id.p[i] <= 'z' ? id.p[i] & ~0x20 : id.p[i]);
    struct node *x = hn_map_find(m, hn_bytes_of(low, n));
    if (x)
        return x;
    struct hn_str key = hn_arena_str(a, (struct hn_str){low, n});
    x = HN_NEW(a, struct node);
    if (!x || !hn_ok(hn_map_set(m, hn_str_bytes(key), x)))
        return NULL;
    *x = (struct node){x, id};
    return x;
}

static bool join(struct hn_arena *a, struct hn_map *m, struct hn_str id, struct hn_str other)
{
    struct node *x = node_of(a, m, id), *y = node_of(a, m, other);
    if (!x || !y)
        return false;
    x = top(x);
    y = top(y);
    if (x == y)
        return true;
    y->up = x;
    if (better(y->best, x->best))
        x->best = y->best;
    return true;
}

static bool name_all(struct hn_vex *v)
{
    struct hn_map names;
    bool ok = true;
    hn_map_init(&names);
    for (size_t i = 0; ok && i < v->n; i++) {
        const struct hn_vex_statement *s = v->statements[i];
        ok = node_of(v->arena, &names, s->vulnerability) != NULL;
        for (size_t k = 0; ok && !s->alias && k < s->n_aliases; k++)
            ok = join(v->arena, &names, s->vulnerability, s->aliases[k]);
    }
    for (size_t i = 0; ok && i < v->n; i++) {
        struct node *x = node_of(v->arena, &names, v->statements[i]->vulnerability);
        ok = x != NULL;
        if (ok)
            v->statements[i]->name = top(x)->best;
    }
    hn_map_done(&names);
    return ok;
}

/* ---------------------------------------------------------------- order */

/* The same package may be written in several ways. */
static struct hn_str plain(struct hn_arena *a, struct hn_str product)
{
    struct hn_purl p;
    return hn_str_starts(product, "pkg:") && hn_purl_parse(a, product, &p, NULL) ? hn_purl_text(&p, a) : product;
}

static int by_subject(const struct hn_vex_statement *x, const struct hn_vex_statement *y)
{
    int r = hn_str_cmp(x->name, y->name);
    if (!r)
        r = hn_str_cmp(x->product, y->product);
    return r ? r : hn_str_cmp(x->subcomponent, y->subcomponent);
}

static int by_weight(const void *p, const void *q)
{
    const struct hn_vex_statement *x = *(struct hn_vex_statement *const *)p, *y = *(struct hn_vex_statement *const *)q;
    int r = by_subject(x, y);
    if (r)
        return r;
    bool here = !x->expired && !x->unfounded, there = !y->expired && !y->unfounded;
    if (here != there)
        return here ? -1 : 1;
    if (x->trust != y->trust)
        return x->trust > y->trust ? -1 : 1;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    return x->number > y->number ? -1 : x->number < y->number;
}

bool hn_vex_merge(struct hn_vex *v, hn_time now, hn_time max_age, struct hn_vex_merged *ret)
{
    *ret = (struct hn_vex_merged){.s = hn_arena_alloc(v->arena, (v->n + 1) * sizeof(struct hn_vex_statement *))};
    if (!ret->s || !name_all(v))
        return false;
    for (size_t i = 0; i < v->n; i++) {
        struct hn_vex_statement *s = v->statements[i];
        if (s->alias)
            continue;
        s->product = plain(v->arena, s->product);
        s->subcomponent = plain(v->arena, s->subcomponent);
        enum hn_vex_effect e = hn_vex_effect_of(s, now, max_age);
        s->expired = e == HN_VEX_EXPIRED;
        s->unfounded = e == HN_VEX_UNFOUNDED;
        ret->s[ret->n++] = s;
    }
    if (ret->n)
        qsort(ret->s, ret->n, sizeof(struct hn_vex_statement *), by_weight);
    const struct hn_vex_statement *first = NULL;
    for (size_t i = 0; i < ret->n; i++) {
        struct hn_vex_statement *s = ret->s[i];
        if (!first || by_subject(first, s) != 0)
            first = s;
        s->under = first == s ? NULL : first;
        if (s->under)
            (void)hn_vex_outranks(first, s, now, max_age, &s->reason);
        ret->superseded += s->under != NULL;
        ret->expired += s->expired && !s->under;
        ret->unfounded += s->unfounded && !s->under;
    }
    return !v->arena->failed;
}
