/* Sentences. A finding's sentence is its lead (text "<kind>.sentence", else the title) and at most four clauses made of
 * its largest terms. Terms that say something about the same process become one clause with several predicates:
 *
 *   nginx (pid 812) has it loaded, listens on every address (443/tcp) and runs as root.
 *   nginx(pid 812)がこれを読み込んでおり、全アドレス(443/tcp)で待ち受けており、root権限で動いています。 */
#include "core/render_view.h"

#include <stdio.h>

#include "base/str.h"

#define CLAUSES      4
#define ALWAYS       5 /* said beside them */
#define SENTENCE_MAX ((size_t)64 << 10)

/* ---------------------------------------------------------------- params */

static const struct hn_param *param_find(const struct hn_param *p, const char *name)
{
    for (; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static struct hn_str param_get(const struct hn_param *p, const char *name)
{
    const struct hn_param *found = param_find(p, name);
    return found ? found->value : (struct hn_str){0};
}

static const char *key2(struct hn_arena *a, const char *prefix, const char *name, const char *suffix)
{
    return hn_arena_fmt(a, "%s%s%s", prefix, name, suffix).p;
}

struct hn_str render_word(struct hn_arena *a, enum hn_lang lang, const char *prefix, struct hn_str name)
{
    const char *key = hn_arena_fmt(a, "%s%.*s", prefix, HN_FMT(name)).p;
    return hn_text_find(lang, key) ? hn_text(a, lang, key, NULL) : name;
}

/* Adds what depends on the language: {who} ("nginx (pid 812, and 3 more)"), {at} ("(443/tcp)"). New params come first.
 */
static const struct hn_param *with_derived(struct hn_arena *a, enum hn_lang lang, const struct hn_param *params)
{
    struct hn_param *who = HN_NEW(a, struct hn_param), *at = HN_NEW(a, struct hn_param);
    if (!who || !at)
        return params;
    const char *key = !param_find(params, "process") ? "who.nobody"
                      : param_find(params, "more")   ? "who.more"
                                                     : "who.one";
    *who = (struct hn_param){"who", hn_text(a, lang, key, params), (struct hn_param *)(uintptr_t)params};
    bool port = param_get(params, "port").n && param_get(params, "protocol").n;
    bool address = param_get(params, "address").n != 0;
    *at = (struct hn_param){"at", {0}, who};
    if (port) /* the remark follows the word directly in Japanese, after a blank in English */
        at->value = hn_arena_fmt(a, "%s%.*s", lang == HN_EN ? " " : "",
                                 HN_FMT(hn_text(a, lang, address ? "at.address" : "at.port", params)));
    return at;
}

struct hn_str render_term(struct hn_arena *a, enum hn_lang lang, const struct hn_term *t)
{
    const char *key = key2(a, "term.", t->name, t->seen ? "" : ".unseen");
    if (!t->seen && !hn_text_find(lang, key))
        key = "term.unseen";
    struct hn_param name = {"name", hn_str_c(t->name), (struct hn_param *)(uintptr_t)t->params};
    struct hn_str text = hn_text(a, lang, key, with_derived(a, lang, &name)), carried = param_get(t->params, "carried");
    if (!carried.n)
        return text;
    struct hn_param day = {"carried", carried, NULL}, said = {"text", text, &day};
    return hn_text(a, lang, "term.carried", &said);
}

/* ---------------------------------------------------------------- choosing */

/* Terms that are predicates of a process, in the order in which they read well. */
static const char *const predicates[] = {
    "mapped-running", "old-code-mapped",        "listens-everywhere", "listens-one-network", "listens-loopback",
    "listens-none",   "runs-with-capabilities", "runs-as-root",       "runs-confined",
};
#define NO_PREDICATE 99u

static unsigned predicate_rank(const struct hn_term *t)
{
    for (unsigned i = 0; i < sizeof predicates / sizeof predicates[0]; i++)
        if (strcmp(predicates[i], t->name) == 0 && param_find(t->params, "process"))
            return i;
    return NO_PREDICATE;
}

static bool same_process(const struct hn_term *a, const struct hn_term *b)
{
    return hn_str_eq(param_get(a->params, "pid"), param_get(b->params, "pid")) &&
           hn_str_eq(param_get(a->params, "process"), param_get(b->params, "process"));
}

static bool has(const struct hn_term *t, const char *name)
{
    for (; t; t = t->next)
        if (t->seen && strcmp(t->name, name) == 0)
            return true;
    return false;
}

/* What the lead has said, what another clause says better, and what belongs to the waterfall only. */
static bool worth_saying(const struct render_view *v, const struct hn_term *t, struct hn_str obs_kind, const char *lead)
{
    if (!t->seen || t->on_loss || strcmp(t->name, "epss") == 0)
        return false;
    if (strcmp(t->name, "fix-pending") == 0)
        return !strstr(lead, "{days}");
    if (strcmp(t->name, "mapped-running") == 0 && has(v->terms, "old-code-mapped"))
        return false;
    for (size_t i = 0; obs_kind.n && i < v->n_evidence; i++)
        if (hn_str_eq(v->evidence[i], obs_kind) && strcmp(t->name, "data-old") != 0)
            return false;
    return true;
}

/* ---------------------------------------------------------------- writing */

struct clause {
    const struct hn_term *t[CLAUSES];
    size_t n;
};

static void add_predicates(struct hn_buf *out, struct hn_arena *a, enum hn_lang lang, struct clause *c)
{
    for (size_t i = 0; i < c->n; i++) /* insertion sort of at most four */
        for (size_t k = i; k > 0 && predicate_rank(c->t[k]) < predicate_rank(c->t[k - 1]); k--) {
            const struct hn_term *swap = c->t[k];
            c->t[k] = c->t[k - 1];
            c->t[k - 1] = swap;
        }
    hn_text_add(out, lang, "sentence.subject", with_derived(a, lang, c->t[0]->params));
    for (size_t i = 0; i < c->n; i++) {
        bool last = i + 1 == c->n;
        if (i)
            hn_buf_c(out, lang == HN_JA ? "、" : last ? " and " : ", ");
        else if (lang == HN_EN)
            hn_buf_chr(out, ' ');
        hn_text_add(out, lang, key2(a, "predicate.", c->t[i]->name, last ? ".end" : ".mid"),
                    with_derived(a, lang, c->t[i]->params));
    }
    hn_buf_c(out, lang == HN_JA ? "。" : ".");
}

/* What the network says today is said whatever else weighs more: it is what the host itself cannot tell. */
static bool always_said(const struct hn_term *t)
{
    static const char *const terms[] = {"scanned-now", "scanned-surge", "c2-suspected", "scans-others",
                                        "seen-in-darknet"};
    for (size_t i = 0; i < ALWAYS; i++)
        if (strcmp(t->name, terms[i]) == 0)
            return true;
    return false;
}

static size_t choose(const struct render_view *v, const char *lead, struct clause *clauses)
{
    size_t n = 0, said = 0, at = 0;
    for (const struct hn_term *t = v->terms; t; t = t->next) {
        size_t i = 0;
        bool always = always_said(t);
        if (!worth_saying(v, t, v->obs_kinds ? v->obs_kinds[at++] : HN_STR(""), lead) || (said == CLAUSES && !always) ||
            n == CLAUSES + ALWAYS)
            continue;
        said += !always;
        while (predicate_rank(t) != NO_PREDICATE && i < n &&
               (predicate_rank(clauses[i].t[0]) == NO_PREDICATE || !same_process(clauses[i].t[0], t)))
            i++;
        if (predicate_rank(t) == NO_PREDICATE)
            i = n;
        if (i == n)
            clauses[n++].n = 0;
        clauses[i].t[clauses[i].n++] = t;
    }
    return n;
}

/* Does this Japanese noun phrase take です, or is it already a sentence? By its last character. */
static const char *japanese_end(struct hn_str s)
{
    static const char *const verbal[] = {"る", "す", "く", "う", "つ", "む", "ぐ", "た", "だ", "い", "ん"};
    if (hn_str_ends(s, "。"))
        return "";
    static const char *const brackets[] = {"（", "("};
    for (size_t k = 0; k < 2 && (hn_str_ends(s, "）") || hn_str_ends(s, ")")); k++)
        for (size_t i = s.n; i-- > 1;)
            if (hn_str_starts(hn_str_cut(s, i, s.n), brackets[k])) { /* what stands before the remark decides */
                s = hn_str_trim(hn_str_cut(s, 0, i));
                break;
            }
    for (size_t i = 0; i < sizeof verbal / sizeof verbal[0]; i++)
        if (hn_str_ends(s, verbal[i]))
            return "。";
    return "です。";
}

struct lead {
    const char *key; /* a whole sentence; NULL: the title is made into one */
    const struct hn_param *params;
    const char *text; /* with its placeholders */
};

/* "<kind>.sentence-since" when it is known how long a fix has been pending ({days}), else "<kind>.sentence", else the
 * title. */
static struct lead lead_of(struct hn_arena *a, enum hn_lang lang, const struct render_view *v)
{
    const char *since = key2(a, v->kind, ".sentence-since", ""), *own = key2(a, v->kind, ".sentence", "");
    for (const struct hn_term *t = v->terms; t && hn_text_find(lang, since); t = t->next) {
        struct hn_str days = param_get(t->params, "days");
        struct hn_param *p =
            t->seen && strcmp(t->name, "fix-pending") == 0 && days.n ? HN_NEW(a, struct hn_param) : NULL;
        if (!p)
            continue;
        *p = (struct hn_param){"days", days, (struct hn_param *)(uintptr_t)v->params};
        return (struct lead){since, p, hn_text_find(lang, since)};
    }
    if (hn_text_find(lang, own))
        return (struct lead){own, v->params, hn_text_find(lang, own)};
    const char *title = hn_text_find(lang, key2(a, v->kind, ".title", ""));
    return (struct lead){NULL, v->params, title ? title : ""};
}

static void add_lead(struct hn_buf *out, struct hn_arena *a, enum hn_lang lang, const struct render_view *v,
                     const struct lead *lead, bool process_follows)
{
    if (lead->key) {
        hn_text_add(out, lang, lead->key, lead->params);
        return;
    }
    struct hn_str title = hn_text(a, lang, key2(a, v->kind, ".title", ""), v->params);
    hn_buf_str(out, title);
    if (lang == HN_JA)
        hn_buf_c(out, japanese_end(title));
    else if (process_follows)
        hn_buf_chr(out, ':');
    else if (!hn_str_ends(title, "."))
        hn_buf_chr(out, '.');
}

struct hn_str render_sentence(struct hn_arena *a, enum hn_lang lang, const struct render_view *v)
{
    struct clause clauses[CLAUSES + ALWAYS];
    struct hn_buf b;
    struct lead lead = lead_of(a, lang, v);
    size_t n = choose(v, lead.text, clauses);
    hn_buf_init(&b, SENTENCE_MAX);
    add_lead(&b, a, lang, v, &lead, n && predicate_rank(clauses[0].t[0]) != NO_PREDICATE);
    for (size_t i = 0; i < n; i++) {
        if (lang == HN_EN)
            hn_buf_chr(&b, ' ');
        if (predicate_rank(clauses[i].t[0]) != NO_PREDICATE)
            add_predicates(&b, a, lang, &clauses[i]);
        else
            hn_buf_str(&b, render_term(a, lang, clauses[i].t[0]));
    }
    struct hn_str s = hn_arena_str(a, hn_buf_text(&b));
    hn_buf_done(&b);
    return s;
}

struct hn_finding_texts render_texts(struct hn_arena *a, enum hn_lang lang, const struct render_view *v)
{
    return (struct hn_finding_texts){
        .title = hn_text(a, lang, key2(a, v->kind, ".title", ""), v->params),
        .sentence = render_sentence(a, lang, v),
        .why = hn_text(a, lang, key2(a, v->kind, ".why", ""), v->params),
        .remedy = hn_text(a, lang, key2(a, v->kind, ".fix", ""), v->params),
    };
}

/* ---------------------------------------------------------------- from a finding, from JSON */

static struct hn_str kind_of(struct hn_arena *a, const struct hn_obs *o)
{
    return o ? hn_arena_fmt(a, "%s.%s", o->module->name, o->kind->name) : HN_STR("");
}

struct render_view render_view_of(struct hn_arena *a, const struct hn_finding *f)
{
    struct render_view v = {
        .kind = hn_arena_fmt(a, "%s.%s", f->module->name, f->rule->id).p, .params = f->params, .terms = f->terms};
    size_t terms = 0, evidence = 0;
    for (const struct hn_term *t = f->terms; t; t = t->next)
        terms++;
    for (const struct hn_evidence *e = f->evidence; e; e = e->next)
        evidence++;
    struct hn_str *kinds = hn_arena_alloc(a, (terms + evidence + 1) * sizeof *kinds);
    if (!kinds)
        return v;
    v.obs_kinds = kinds;
    for (const struct hn_term *t = f->terms; t; t = t->next)
        *kinds++ = kind_of(a, t->obs);
    v.evidence = kinds;
    v.n_evidence = evidence;
    for (const struct hn_evidence *e = f->evidence; e; e = e->next)
        *kinds++ = kind_of(a, e->obs);
    return v;
}

struct hn_param *render_params_from_json(struct hn_arena *a, const struct hn_jv *obj)
{
    struct hn_param *first = NULL, **end = &first;
    if (!obj || obj->kind != HN_JV_OBJ)
        return NULL;
    for (size_t i = 0; i < obj->n; i++) {
        struct hn_param *p = obj->items[i].kind == HN_JV_STR ? HN_NEW(a, struct hn_param) : NULL;
        const char *name = p ? hn_arena_cstr(a, obj->keys[i]) : NULL;
        if (!name)
            continue;
        *p = (struct hn_param){.name = name, .value = obj->items[i].s};
        *end = p;
        end = &p->next;
    }
    return first;
}

struct hn_term *render_terms_from_json(struct hn_arena *a, const struct hn_jv *list)
{
    struct hn_term *first = NULL, **end = &first;
    if (!list || list->kind != HN_JV_ARR)
        return NULL;
    for (size_t i = 0; i < list->n; i++) {
        struct hn_str name = hn_jv_str(&list->items[i], "name");
        struct hn_term *t = name.n ? HN_NEW(a, struct hn_term) : NULL;
        const char *c = t ? hn_arena_cstr(a, name) : NULL;
        if (!c)
            continue;
        *t = (struct hn_term){
            .name = c,
            .weight = hn_jv_num(&list->items[i], "weight", 0),
            .on_loss = hn_str_eqc(hn_jv_str(&list->items[i], "on"), "loss"),
            .seen = hn_jv_bool(&list->items[i], "seen", false),
            .params = render_params_from_json(a, hn_jv_get(&list->items[i], "params")),
        };
        *end = t;
        end = &t->next;
    }
    return first;
}

/* Kinds of the observations that the elements of a list name. Elements that render_terms_from_json() leaves out are
 * left out here too. */
static const struct hn_str *obs_kinds_from_json(struct hn_arena *a, const struct hn_jv *list, bool named, size_t *ret_n)
{
    *ret_n = 0;
    if (!list || list->kind != HN_JV_ARR)
        return NULL;
    struct hn_str *kinds = hn_arena_alloc(a, (list->n + 1) * sizeof *kinds);
    for (size_t i = 0; kinds && i < list->n; i++)
        if (!named || hn_jv_str(&list->items[i], "name").n)
            kinds[(*ret_n)++] = hn_jv_str(hn_jv_get(&list->items[i], "obs"), "kind");
    return kinds;
}

struct render_view render_view_from_json(struct hn_arena *a, const struct hn_jv *finding)
{
    const char *kind = hn_arena_cstr(a, hn_jv_str(finding, "kind"));
    struct render_view v = {.kind = kind ? kind : "",
                            .params = render_params_from_json(a, hn_jv_get(finding, "params")),
                            .terms = render_terms_from_json(a, hn_jv_get(finding, "terms"))};
    size_t n;
    v.obs_kinds = obs_kinds_from_json(a, hn_jv_get(finding, "terms"), true, &n);
    v.evidence = obs_kinds_from_json(a, hn_jv_get(finding, "evidence"), false, &v.n_evidence);
    return v;
}

struct hn_finding_texts hn_finding_texts(struct hn_arena *a, enum hn_lang lang, const struct hn_finding *f)
{
    struct render_view v = render_view_of(a, f);
    return render_texts(a, lang, &v);
}

struct hn_finding_texts hn_finding_texts_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *finding)
{
    struct render_view v = render_view_from_json(a, finding);
    return render_texts(a, lang, &v);
}

struct hn_str hn_sentence_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *finding)
{
    struct render_view v = render_view_from_json(a, finding);
    return render_sentence(a, lang, &v);
}
