/* Profiles, answers and licence policies: YAML files of ours or of the user. */
#include "modules/sbom/quality.h"

#include "base/str.h"
#include "format/yaml_tree.h"
#include "policy_data.h"

/* ---------------------------------------------------------------- YAML */

/* Refuses what was not asked for: a mistyped key must not pass silently. */
static bool all_used(const struct hn_yaml *y, struct hn_diag *reterr)
{
    for (const struct hn_yaml *m = y->kind == HN_YAML_MAP ? y->first : NULL; m; m = m->next) {
        if (m->used)
            continue;
        return hn_ok(hn_fail(reterr, HN_E_INVALID, "line %u: unknown key \"%.*s\"", m->line, HN_FMT(m->key)));
    }
    return true;
}

static struct hn_str scalar(struct hn_yaml *map, const char *key)
{
    struct hn_yaml *m = hn_yaml_get(map, key);
    return m && m->kind == HN_YAML_SCALAR ? m->s : (struct hn_str){NULL, 0};
}

static bool yes(struct hn_yaml *map, const char *key)
{
    return hn_str_eqc(scalar(map, key), "true");
}

static void titles(struct hn_yaml *map, struct hn_str title[HN_LANGS])
{
    struct hn_yaml *t = hn_yaml_get(map, "title");
    title[HN_EN] = t && t->kind == HN_YAML_SCALAR ? t->s : scalar(t, "en");
    title[HN_JA] = t && t->kind == HN_YAML_SCALAR ? t->s : scalar(t, "ja");
    if (!title[HN_JA].n)
        title[HN_JA] = title[HN_EN];
    if (!title[HN_EN].n)
        title[HN_EN] = title[HN_JA];
}

static bool fail_at(struct hn_diag *reterr, const struct hn_yaml *y, const char *what)
{
    return hn_ok(hn_fail(reterr, HN_E_INVALID, "line %u: %s", y ? y->line : 0, what));
}

/* ---------------------------------------------------------------- profiles */

const char *sbom_quality_need_name(enum quality_need n)
{
    static const char *const names[] = {"required", "recommended", "optional"};
    return names[n];
}

static bool need_of(struct hn_str s, enum quality_need *ret)
{
    for (unsigned i = 0; i < QUALITY_NEEDS; i++)
        if (hn_str_eqc(s, sbom_quality_need_name((enum quality_need)i))) {
            *ret = (enum quality_need)i;
            return true;
        }
    return false;
}

static bool element_parse(struct hn_yaml *y, struct quality_element *e, struct hn_diag *reterr)
{
    struct hn_str check = scalar(y, "check"), need = scalar(y, "need"), least = scalar(y, "least");
    uint64_t percent = 100;

    e->id = scalar(y, "id");
    e->parameter = scalar(y, "parameter");
    titles(y, e->title);
    e->accept_unknown = yes(y, "accept-unknown");
    e->accept_redacted = yes(y, "accept-redacted");
    e->check = hn_quality_check_find(check);
    if (!e->id.n || !e->title[HN_EN].n)
        return fail_at(reterr, y, "an element needs id and title");
    if (!e->check && !hn_str_eqc(check, "human"))
        return fail_at(reterr, y, "there is no such check");
    if (!need_of(need, &e->need))
        return fail_at(reterr, y, "need is required, recommended or optional");
    if (least.p && (!hn_str_u64(least, 10, &percent) || percent < 1 || percent > 100))
        return fail_at(reterr, y, "least is a number from 1 to 100");
    e->least = (unsigned)percent;
    return all_used(y, reterr);
}

const struct quality_profile *sbom_quality_profile_parse(struct hn_arena *a, struct hn_bytes yaml,
                                                         struct hn_diag *reterr)
{
    struct quality_profile *p = HN_NEW(a, struct quality_profile);
    struct hn_yaml *y, *list;

    if (!p || !hn_ok(hn_yaml_parse(a, yaml, &y, reterr)))
        return NULL;
    p->id = scalar(y, "id");
    p->source = scalar(y, "source");
    titles(y, p->title);
    list = hn_yaml_get(y, "elements");
    if (!p->id.n || !list || list->kind != HN_YAML_SEQ || !list->n) {
        fail_at(reterr, y, "a profile needs id and elements");
        return NULL;
    }
    p->elements = hn_arena_alloc(a, list->n * sizeof *p->elements);
    if (!p->elements || !all_used(y, reterr))
        return NULL;
    for (struct hn_yaml *m = list->first; m; m = m->next)
        if (!element_parse(m, &p->elements[p->n++], reterr))
            return NULL;
    return p;
}

const struct quality_profile *sbom_quality_profile_of(struct hn_arena *a, struct hn_str id, struct hn_diag *reterr)
{
    const struct {
        const char *id;
        const unsigned char *data;
        size_t n;
    } own[] = {{"ntia-2021", hn_policy_data_ntia_2021, hn_policy_data_ntia_2021_n},
               {"cisa-2025", hn_policy_data_cisa_2025, hn_policy_data_cisa_2025_n},
               {"bsi-tr-03183-2", hn_policy_data_bsi_tr_03183_2, hn_policy_data_bsi_tr_03183_2_n},
               {"meti-2.0", hn_policy_data_meti_2_0, hn_policy_data_meti_2_0_n}};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (hn_str_eqc(id, own[i].id))
            return sbom_quality_profile_parse(a, hn_bytes_of(own[i].data, own[i].n), reterr);
    fail_at(reterr, NULL, "there is no such profile");
    return NULL;
}

/* ---------------------------------------------------------------- answers */

static bool answer_parse(struct hn_yaml *y, struct quality_answer *x, struct hn_diag *reterr)
{
    struct hn_str said = y->kind == HN_YAML_SCALAR ? y->s : scalar(y, "answer");

    x->element = y->key;
    x->by = scalar(y, "by");
    x->date = scalar(y, "date");
    x->note = scalar(y, "note");
    if (hn_str_eqc(said, "yes"))
        x->answer = QUALITY_YES;
    else if (hn_str_eqc(said, "no"))
        x->answer = QUALITY_NO;
    else if (hn_str_eqc(said, "n/a"))
        x->answer = QUALITY_NOT_APPLICABLE;
    else
        return fail_at(reterr, y, "an answer is yes, no or n/a");
    return all_used(y, reterr);
}

bool sbom_quality_answers_parse(struct hn_arena *a, struct hn_bytes yaml, struct quality_answer **ret,
                                struct hn_diag *reterr)
{
    struct hn_yaml *y, *map;
    struct quality_answer **end = ret;

    *ret = NULL;
    if (!hn_ok(hn_yaml_parse(a, yaml, &y, reterr)))
        return false;
    map = hn_yaml_get(y, "answers");
    if (!map || map->kind != HN_YAML_MAP)
        return fail_at(reterr, y, "answers: a mapping from element to yes, no or n/a");
    for (struct hn_yaml *m = map->first; m; m = m->next) {
        *end = HN_NEW(a, struct quality_answer);
        if (!*end || !answer_parse(m, *end, reterr))
            return false;
        end = &(*end)->next;
    }
    return all_used(y, reterr);
}

/* ---------------------------------------------------------------- licence policy */

static bool verdict_of(struct hn_str s, enum hn_licence_verdict *ret)
{
    static const char *const words[] = {"allow", "review", "deny"};
    for (size_t i = 0; i < 3; i++)
        if (hn_str_eqc(s, words[i])) {
            *ret = (enum hn_licence_verdict)i;
            return true;
        }
    return !s.p;
}

bool sbom_quality_licences_parse(struct hn_arena *a, struct hn_bytes yaml, struct quality_licences **ret,
                                 struct hn_diag *reterr)
{
    static const char *const lists[] = {"allow", "review", "deny"};
    struct quality_licences *p = HN_NEW(a, struct quality_licences);
    struct hn_yaml *y;

    if (!p || !hn_ok(hn_yaml_parse(a, yaml, &y, reterr)))
        return false;
    p->unlisted = p->unsaid = p->unreadable = HN_LICENCE_REVIEW;
    for (size_t i = 0; i < 3; i++) {
        struct hn_yaml *list = hn_yaml_get(y, lists[i]);
        struct hn_bom_text **end = &p->patterns[i];
        if (list && list->kind != HN_YAML_SEQ)
            return fail_at(reterr, list, "a list of licences is expected");
        for (struct hn_yaml *m = list ? list->first : NULL; m; m = m->next) {
            *end = HN_NEW(a, struct hn_bom_text);
            if (!*end || m->kind != HN_YAML_SCALAR)
                return fail_at(reterr, m, "a licence is expected");
            (*end)->s = m->s;
            end = &(*end)->next;
        }
    }
    if (!verdict_of(scalar(y, "unlisted"), &p->unlisted) || !verdict_of(scalar(y, "unsaid"), &p->unsaid) ||
        !verdict_of(scalar(y, "unreadable"), &p->unreadable))
        return fail_at(reterr, y, "allow, review or deny is expected");
    *ret = p;
    return all_used(y, reterr);
}
