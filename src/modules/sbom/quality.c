/* hinomi sbom quality: is this bill of materials what was asked for? The gate of procurement. */
#include "modules/sbom/quality.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "modules/sbom/document.h"
#include "modules/sbom/sbom.h"

#define PROFILES_MOST 8
#define ANSWER_MAX    ((size_t)1 << 30)
#define SETTINGS_MAX  ((size_t)1 << 20)
#define PLACES_MOST   1000 /* of an element, in JSON */

const struct hn_verb_option sbom_quality_options[] = {
    {"profile", HN_OPT_STR, "PROFILE", .many = true, .enums = "ntia-2021 cisa-2025 bsi-tr-03183-2 meti-2.0"},
    {"profile-file", HN_OPT_INPUT, "FILE"},
    {"answers", HN_OPT_INPUT, "FILE"},
    {"licences", HN_OPT_INPUT, "FILE"},
    {"report", HN_OPT_REPORT, "FILE.html|FILE.pdf"},
    {0}};

struct gate {
    struct hn_work *w;
    struct hn_arena *a;
    const struct quality_profile *profiles[PROFILES_MOST];
    size_t n;
    struct quality_answer *answers;
    struct quality_licences *licences;
    struct hn_buf out;
    struct quality_report report;
    struct hn_jw j;
    enum quality_verdict verdict;
};

/* ---------------------------------------------------------------- what it is measured by */

/* The bytes of a settings file; a copy, since the input is given back. */
static bool settings(struct gate *g, const char *option, struct hn_bytes *ret, int *ret_rc)
{
    struct hn_input in;

    if (!hn_work_given(g->w, option))
        return false;
    if (!hn_work_input(g->w, option, &in) || !hn_work_map(g->w, &in, SETTINGS_MAX)) {
        *ret_rc = 3;
        return false;
    }
    *ret = hn_arena_bytes(g->a, in.map);
    hn_work_done(&in);
    return true;
}

static int refused(struct gate *g, const char *option, const struct hn_diag *why)
{
    return hn_work_usage(g->w, "sbom.quality.settings", "option", option, "why", why->msg, NULL);
}

static int load_profiles(struct gate *g)
{
    const struct hn_str *names, first = HN_STR("ntia-2021");
    size_t n = hn_work_strs(g->w, "profile", &names);
    struct hn_diag why = {""};
    struct hn_bytes yaml;
    int rc = 0;

    if (settings(g, "profile-file", &yaml, &rc)) {
        g->profiles[g->n] = sbom_quality_profile_parse(g->a, yaml, &why);
        if (!g->profiles[g->n++])
            return refused(g, "--profile-file", &why);
    }
    if (!n && !g->n) {
        names = &first;
        n = 1;
    }
    for (size_t i = 0; i < n && g->n < PROFILES_MOST; i++) {
        g->profiles[g->n] = sbom_quality_profile_of(g->a, names[i], &why);
        if (!g->profiles[g->n++])
            return refused(g, "--profile", &why);
    }
    return rc;
}

static int load_settings(struct gate *g)
{
    struct hn_diag why = {""};
    struct hn_bytes yaml;
    int rc = load_profiles(g);

    if (rc)
        return rc;
    if (settings(g, "answers", &yaml, &rc) && !sbom_quality_answers_parse(g->a, yaml, &g->answers, &why))
        return refused(g, "--answers", &why);
    if (settings(g, "licences", &yaml, &rc) && !sbom_quality_licences_parse(g->a, yaml, &g->licences, &why))
        return refused(g, "--licences", &why);
    return rc;
}

/* ---------------------------------------------------------------- documents */

static void tell(struct gate *g, const struct quality_document *d)
{
    if (hn_work_given(g->w, "report"))
        sbom_quality_report_add(&g->report, d);
    switch (hn_work_form(g->w)) {
    case HN_FORM_TEXT:
        sbom_quality_tell_text(g->w, d);
        break;
    case HN_FORM_CSV:
        sbom_quality_tell_csv(g->w, &g->out, d);
        break;
    case HN_FORM_JSON:
        sbom_quality_tell_json(g->w, &g->j, d);
        break;
    case HN_FORM_JSONL:
        hn_jw_init(&g->j, &g->out);
        sbom_quality_tell_json(g->w, &g->j, d);
        hn_buf_chr(&g->out, '\n');
        break;
    }
}

static bool judge(struct gate *g, const struct hn_input *in, const struct hn_bom *b)
{
    struct quality_judgement *list = hn_arena_alloc(g->a, g->n * sizeof *list);
    struct quality_licence_judgement licences;
    struct quality_document d = {.name = in->name, .b = b, .judgements = list, .n = g->n};
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];

    hn_sha256(in->map, sum);
    hn_hex(hn_bytes_of(sum, sizeof sum), hex);
    d.sha256 = hn_str_c(hex);

    for (size_t i = 0; list && i < g->n; i++) {
        if (!sbom_quality_judge(g->a, b, g->profiles[i], g->answers, PLACES_MOST, &list[i]))
            return false;
        d.verdict = list[i].verdict > d.verdict ? list[i].verdict : d.verdict;
    }
    if (g->licences) {
        static const enum quality_verdict as[] = {QUALITY_PASS, QUALITY_OPEN, QUALITY_FAIL};
        if (!sbom_quality_licences_judge(g->a, b, g->licences, &licences))
            return false;
        d.licences = &licences;
        for (size_t v = 0; v < 3; v++)
            if (licences.n[v] && as[v] > d.verdict)
                d.verdict = as[v];
    }
    if (b->broken) /* whatever is in the rest is not known */
        d.verdict = QUALITY_FAIL;
    g->verdict = d.verdict > g->verdict ? d.verdict : g->verdict;
    tell(g, &d);
    return list && !g->a->failed;
}

static int one_input(struct gate *g, struct hn_input *in)
{
    struct hn_bom b;
    int rc = sbom_document_read(g->w, in, &b);

    if (!rc && !judge(g, in, &b))
        rc = hn_work_fail(g->w, "sbom.error.memory", "file", hn_arena_cstr(g->a, in->name), NULL);
    if (b.broken)
        rc = 3; /* judged as far as it could be read: neither good nor bad */
    hn_bom_done(&b);
    return rc;
}

static void begin(struct gate *g)
{
    hn_buf_init(&g->out, ANSWER_MAX);
    hn_jw_init(&g->j, &g->out);
    if (hn_work_form(g->w) == HN_FORM_JSON) {
        hn_jw_obj(&g->j);
        hn_jw_key(&g->j, "documents");
        hn_jw_arr(&g->j);
    }
    if (hn_work_form(g->w) == HN_FORM_CSV)
        hn_buf_c(&g->out, "file,profile,element,title,need,verdict,checked,satisfied,where\r\n");
    if (hn_work_given(g->w, "report"))
        sbom_quality_report_begin(g->w, &g->report, ANSWER_MAX);
}

static int end(struct gate *g)
{
    if (hn_work_form(g->w) == HN_FORM_JSON) {
        hn_jw_arr_end(&g->j);
        hn_jw_kc(&g->j, "verdict", sbom_quality_verdict_name(g->verdict));
        hn_jw_obj_end(&g->j);
        hn_buf_chr(&g->out, '\n');
    }
    hn_work_write(g->w, hn_bytes_of(g->out.p, g->out.n));
    if (hn_work_given(g->w, "report")) {
        struct hn_report whole;
        sbom_quality_report_end(&g->report, &whole);
        bool written = hn_work_report(g->w, "report", &whole);
        hn_report_done(&whole);
        if (!written)
            return hn_work_fail(g->w, "sbom.error.write", NULL);
    }
    return g->out.bad ? hn_work_fail(g->w, "sbom.error.write", NULL) : 0;
}

int sbom_quality(struct hn_work *w)
{
    struct gate g = {.w = w, .a = hn_work_arena(w)};
    struct hn_input in;
    size_t seen = 0;
    int rc = load_settings(&g), worst = 0;

    if (rc)
        return rc;
    begin(&g);
    while (hn_work_next(w, &in)) {
        rc = one_input(&g, &in);
        worst = rc > worst ? rc : worst;
        hn_work_done(&in);
        seen++;
    }
    rc = end(&g);
    hn_buf_done(&g.out);
    if (!seen)
        return hn_work_unreadable(w) ? 3 : hn_work_usage(w, "sbom.error.no-file", NULL);
    if (rc || worst || hn_work_unreadable(w))
        return rc ? rc : worst ? worst : 3;
    return g.verdict == QUALITY_FAIL || g.verdict == QUALITY_OPEN ? 1 : 0;
}
