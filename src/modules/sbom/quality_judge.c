/* Verdicts: elements of a profile over a document, and its licences by a policy. */
#include <stdlib.h>

#include "base/str.h"
#include "modules/sbom/quality.h"

const char *sbom_quality_verdict_name(enum quality_verdict v)
{
    static const char *const names[] = {"pass", "absent", "warn", "open", "fail"};
    return names[v];
}

static enum quality_verdict unmet(const struct quality_element *e)
{
    static const enum quality_verdict of[] = {QUALITY_FAIL, QUALITY_WARN, QUALITY_ABSENT};
    return of[e->need];
}

static void judge_human(struct quality_result *r, const struct quality_answer *answers)
{
    for (; answers && !hn_str_eq(answers->element, r->element->id); answers = answers->next)
        ;
    r->answered = answers;
    if (!answers)
        r->verdict = QUALITY_OPEN; /* only a person can tell */
    else if (answers->answer == QUALITY_NO)
        r->verdict = unmet(r->element);
    else
        r->verdict = QUALITY_PASS;
}

static bool judge_element(struct hn_quality *q, size_t most, struct quality_result *r)
{
    const struct quality_element *e = r->element;

    q->parameter = e->parameter;
    if (!hn_ok(hn_quality_run(q, e->check, most, &r->count)))
        return false;
    r->good = r->count.state[HN_QUALITY_PRESENT];
    if (e->accept_unknown)
        r->good += r->count.state[HN_QUALITY_UNKNOWN];
    if (e->accept_redacted)
        r->good += r->count.state[HN_QUALITY_REDACTED];
    /* a document without any component satisfies nothing that is asked of components */
    if (r->count.n && r->good * 100 >= (size_t)e->least * r->count.n)
        r->verdict = QUALITY_PASS;
    else
        r->verdict = unmet(e);
    return true;
}

bool sbom_quality_judge(struct hn_arena *a, const struct hn_bom *b, const struct quality_profile *p,
                        const struct quality_answer *answers, size_t most, struct quality_judgement *ret)
{
    struct hn_quality q;
    size_t sum = 0, automatic = 0;
    bool ok = hn_ok(hn_quality_begin(&q, b, a));

    *ret = (struct quality_judgement){.profile = p};
    ret->results = hn_arena_alloc(a, p->n * sizeof *ret->results);
    for (size_t i = 0; ok && ret->results && i < p->n; i++) {
        struct quality_result *r = &ret->results[i];
        r->element = &p->elements[i];
        if (!r->element->check) {
            judge_human(r, answers);
        } else {
            ok = judge_element(&q, most, r);
            if (r->element->need != QUALITY_OPTIONAL) {
                sum += r->count.n ? 100 * r->good / r->count.n : 0;
                automatic++;
            }
        }
        ret->by_verdict[r->verdict]++;
        if (r->verdict > ret->verdict && r->verdict != QUALITY_ABSENT)
            ret->verdict = r->verdict;
    }
    ret->score = automatic ? (unsigned)(sum / automatic) : 0;
    hn_quality_done(&q);
    return ok && ret->results;
}

/* ---------------------------------------------------------------- licences */

static enum hn_licence_verdict leaf_verdict(void *arg, const struct hn_licence *leaf)
{
    const struct quality_licences *p = arg;

    for (size_t i = 3; i--;) /* deny, review, allow */
        for (const struct hn_bom_text *t = p->patterns[i]; t; t = t->next)
            if (hn_licence_covers(t->s, leaf, i == HN_LICENCE_ALLOW))
                return (enum hn_licence_verdict)i;
    return p->unlisted;
}

static struct hn_str leaf_text(struct hn_arena *a, const struct hn_licence *leaf)
{
    if (!leaf->addition.n)
        return leaf->id;
    return hn_arena_fmt(a, "%.*s WITH %.*s", HN_FMT(leaf->id), HN_FMT(leaf->addition));
}

static void judge_text(struct hn_arena *a, const struct quality_licences *p, struct hn_str text,
                       struct quality_licence_result *r)
{
    struct hn_licence_notes notes;
    const struct hn_licence *l = hn_licence_parse(a, text, &notes), *why = NULL;
    enum hn_licence_verdict v;
    struct hn_str because;

    if (notes.noassertion)
        return;
    if (notes.none) {
        v = p->unlisted;
        because = HN_STR("NONE");
    } else if (!l) {
        /* a free name: a list may have it as it stands */
        struct hn_licence name = {.op = HN_LICENCE_LEAF, .id = text};
        enum hn_licence_verdict listed = leaf_verdict((void *)(uintptr_t)p, &name);
        v = listed == p->unlisted ? p->unreadable : listed;
        because = text;
    } else {
        v = hn_licence_judge(l, leaf_verdict, (void *)(uintptr_t)p, &why);
        because = leaf_text(a, why);
    }
    if (!r->text.p || v > r->verdict) { /* several licences hold together: the worst counts */
        r->verdict = v;
        r->why = because;
    }
    r->text = r->text.p ? hn_arena_fmt(a, "%.*s; %.*s", HN_FMT(r->text), HN_FMT(text)) : text;
}

/* What was concluded stands for what was declared. */
static struct quality_licence_result judge_component(struct hn_arena *a, const struct quality_licences *p,
                                                     const struct hn_bom_component *c)
{
    struct quality_licence_result r = {.c = c};
    bool concluded = false;

    for (const struct hn_bom_licence *l = c->licences; l; l = l->next)
        concluded |= l->says == HN_BOM_LICENCE_CONCLUDED && !hn_str_eqc(l->value, "NOASSERTION");
    for (const struct hn_bom_licence *l = c->licences; l; l = l->next)
        if (concluded == (l->says == HN_BOM_LICENCE_CONCLUDED))
            judge_text(a, p, l->value, &r);
    if (!r.text.p)
        r.verdict = p->unsaid;
    return r;
}

static int worst_first(const void *x, const void *y)
{
    const struct quality_licence_result *a = x, *b = y;
    if (a->verdict != b->verdict)
        return a->verdict > b->verdict ? -1 : 1;
    return (a->c->number > b->c->number) - (a->c->number < b->c->number);
}

bool sbom_quality_licences_judge(struct hn_arena *a, const struct hn_bom *b, const struct quality_licences *p,
                                 struct quality_licence_judgement *ret)
{
    *ret = (struct quality_licence_judgement){.n_list = 0};
    ret->list = hn_arena_alloc(a, (b->n_components + 2) * sizeof *ret->list);
    for (size_t i = 0; ret->list && i <= b->n_components; i++) {
        const struct hn_bom_component *c = i ? b->components[i - 1] : b->subject;
        if (!c || (c->type == HN_BOM_TYPE_FILE && !c->purl.n && !c->licences))
            continue;
        struct quality_licence_result r = judge_component(a, p, c);
        ret->n[r.verdict]++;
        if (r.verdict != HN_LICENCE_ALLOW)
            ret->list[ret->n_list++] = r;
    }
    if (!ret->list || a->failed)
        return false;
    qsort(ret->list, ret->n_list, sizeof *ret->list, worst_first);
    return true;
}
