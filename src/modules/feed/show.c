/* show: everything that the index knows of one id and its aliases, each source in its own words. */
#include "modules/feed/show.h"
#include "base/str.h"
#include "format/cvss/cvss.h"
#include "modules/feed/feed.h"

const struct hn_verb_option feed_show_options[] = {{0}};

#define GROUP_MOST 500u
#define OUT_MOST   ((size_t)256 << 20)

static const char *const sayers[] = {"other", "cna", "nvd", "adp", "ghsa", "distribution", "jvn"};
static const char *const exploitation[] = {"", "none", "poc", "active"};
static const char *const automatable[] = {"", "no", "yes"};
static const char *const impacts[] = {"", "partial", "total"};

/* The vector decides; what the source says is kept beside it. -1: neither. ret_name: which metrics are in the score
 * ("CVSS-BT"); empty without a vector. */
static double score_of(const struct hn_adv_severity *s, const char **ret_name)
{
    struct hn_cvss v;
    bool parsed = s->vector.n && hn_cvss_parse(s->vector, &v, NULL);
    *ret_name = parsed ? v.name : "";
    return parsed ? v.score / 10.0 : s->score >= 0 ? s->score / 10.0 : -1;
}

/* ---------------------------------------------------------------- JSON */

static void ktime(struct hn_jw *j, const char *key, hn_time t)
{
    if (t)
        hn_jw_ktime(j, key, t);
}

void feed_show_put_severities(struct hn_jw *j, const struct hn_adv_severity *list, size_t n)
{
    if (!n)
        return;
    hn_jw_key(j, "severities");
    hn_jw_arr(j);
    for (size_t i = 0; i < n; i++) {
        const char *name;
        double score = score_of(&list[i], &name);
        hn_jw_obj(j);
        hn_jw_kc(j, "by", WORD(sayers, list[i].sayer));
        feed_show_kstr(j, "source", list[i].source);
        if (score >= 0)
            hn_jw_knum(j, "score", score);
        feed_show_kstr(j, "name", hn_str_c(name));
        feed_show_kstr(j, "vector", list[i].vector);
        feed_show_kstr(j, "word", list[i].word);
        if (list[i].primary)
            hn_jw_kbool(j, "primary", true);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
}

static void put_feed(struct shown *s, uint16_t number)
{
    struct hn_adv_feed f;
    if (!hn_adv_feed_at(s->x, number, &f))
        return;
    hn_jw_key(s->j, "feed");
    hn_jw_obj(s->j);
    hn_jw_kstr(s->j, "name", f.name);
    hn_jw_kstr(s->j, "source", f.source);
    hn_jw_kstr(s->j, "licence", f.licence);
    ktime(s->j, "date", f.date);
    hn_jw_obj_end(s->j);
}

static void put_kev(struct hn_jw *j, const struct hn_adv_kev *k)
{
    hn_jw_key(j, "kev");
    hn_jw_obj(j);
    ktime(j, "added", k->added);
    ktime(j, "due", k->due);
    hn_jw_kbool(j, "ransomware", k->ransomware);
    feed_show_kstr(j, "action", k->action);
    hn_jw_obj_end(j);
}

static void put_epss(struct hn_jw *j, const struct hn_adv_epss *e)
{
    hn_jw_key(j, "epss");
    hn_jw_obj(j);
    hn_jw_knum(j, "score", e->score);
    hn_jw_knum(j, "percentile", e->percentile);
    ktime(j, "date", e->date);
    hn_jw_obj_end(j);
}

static void put_ssvc(struct hn_jw *j, const struct hn_adv_ssvc *v)
{
    hn_jw_key(j, "ssvc");
    hn_jw_obj(j);
    feed_show_kstr(j, "exploitation", hn_str_c(WORD(exploitation, v->exploitation)));
    feed_show_kstr(j, "automatable", hn_str_c(WORD(automatable, v->automatable)));
    feed_show_kstr(j, "technical_impact", hn_str_c(WORD(impacts, v->impact)));
    ktime(j, "date", v->date);
    hn_jw_obj_end(j);
}

static bool said(const struct hn_adv_ssvc *v)
{
    return v->exploitation || v->automatable || v->impact;
}

static void put_text(struct shown *s, hn_adv_ref ref)
{
    struct hn_adv_text t;
    if (!hn_adv_text_of(s->x, ref, &s->a, &t))
        return;
    feed_show_kstr(s->j, "details", t.details);
    if (!t.n_references)
        return;
    hn_jw_key(s->j, "references");
    hn_jw_arr(s->j);
    for (size_t i = 0; i < t.n_references; i++) {
        hn_jw_obj(s->j);
        feed_show_kstr(s->j, "type", t.references[i].type);
        hn_jw_kstr(s->j, "url", t.references[i].url);
        hn_jw_obj_end(s->j);
    }
    hn_jw_arr_end(s->j);
}

static void put_head(struct hn_jw *j, const struct hn_adv *r)
{
    hn_jw_kstr(j, "id", r->id);
    hn_jw_kc(j, "form", hn_adv_family_word(r->family));
    feed_show_kstr(j, "document", r->document.n ? r->document : r->part);
    feed_show_kstr(j, "author", r->author);
    ktime(j, "published", r->published);
    ktime(j, "modified", r->modified);
    ktime(j, "withdrawn", r->withdrawn);
    if (r->rejected)
        hn_jw_kbool(j, "rejected", true);
    feed_show_kstr(j, "state", r->state);
    feed_show_kstrs(j, "aliases", r->aliases, SIZE_MAX);
    feed_show_kstrs(j, "upstream", r->upstream, SIZE_MAX);
    feed_show_kstrs(j, "related", r->related, SIZE_MAX);
    feed_show_kstrs(j, "cwes", r->cwes, SIZE_MAX);
    feed_show_kstr(j, "summary", r->summary);
}

static void put_record(struct shown *s, hn_adv_ref ref)
{
    struct hn_adv r;
    if (!hn_adv_get(s->x, ref, &s->a, &r))
        return;
    hn_jw_obj(s->j);
    put_head(s->j, &r);
    put_feed(s, r.feed);
    feed_show_put_severities(s->j, r.severities, r.n_severities);
    if (r.kev.listed)
        put_kev(s->j, &r.kev);
    if (r.epss.scored)
        put_epss(s->j, &r.epss);
    if (said(&r.ssvc))
        put_ssvc(s->j, &r.ssvc);
    hn_jw_key(s->j, "affected");
    hn_jw_arr(s->j);
    for (size_t i = 0; i < r.n_affected; i++)
        feed_show_put_affected(s->j, &r.affected[i]);
    hn_jw_arr_end(s->j);
    feed_show_put_nodes(s->j, &r);
    put_text(s, ref);
    hn_jw_obj_end(s->j);
}

static void put_facts(struct shown *s, const struct hn_adv_facts *f)
{
    struct hn_jw *j = s->j;
    feed_show_kstr(j, "cve", f->cve);
    feed_show_kstrs(j, "ids", f->ids, SIZE_MAX);
    ktime(j, "published", f->published);
    if (f->withdrawn)
        hn_jw_kbool(j, "withdrawn", true);
    hn_jw_kc(j, "exploited", f->kev.listed ? "yes" : f->kev_known ? "no" : "unknown");
    if (f->kev.listed)
        put_kev(j, &f->kev);
    if (f->epss.scored)
        put_epss(j, &f->epss);
    if (said(&f->ssvc))
        put_ssvc(j, &f->ssvc);
    feed_show_put_severities(j, f->severities, f->n_severities);
}

static void put_json(struct shown *s, struct hn_str id, const struct hn_adv_facts *f, const hn_adv_ref *refs, size_t n,
                     bool cut)
{
    hn_jw_obj(s->j);
    hn_jw_kstr(s->j, "asked", id);
    put_facts(s, f);
    hn_jw_key(s->j, "records");
    hn_jw_arr(s->j);
    for (size_t i = 0; i < n; i++)
        put_record(s, refs[i]);
    hn_jw_arr_end(s->j);
    if (cut)
        hn_jw_kbool(s->j, "more", true);
    hn_jw_obj_end(s->j);
}

/* ---------------------------------------------------------------- for people */

static void line(struct shown *s, const char *key, struct hn_str value)
{
    if (!value.n)
        return;
    hn_work_print(s->w, "  %s: ", hn_text_find((enum hn_lang)hn_work_lang(s->w), key));
    hn_work_text(s->w, value);
    hn_work_print(s->w, "\n");
}

static struct hn_str day(struct shown *s, hn_time t)
{
    char text[HN_TIME_TEXT];
    return t ? hn_arena_fmt(&s->a, "%.10s", hn_time_text(t, text)) : HN_STR("");
}

static struct hn_str joined(struct shown *s, struct hn_adv_strs list)
{
    struct hn_buf b;
    hn_buf_init(&b, 64u << 10);
    for (size_t i = 0; i < list.n; i++)
        hn_buf_fmt(&b, "%s%.*s", i ? ", " : "", HN_FMT(list.p[i]));
    struct hn_str text = hn_arena_str(&s->a, hn_buf_text(&b));
    hn_buf_done(&b);
    return text;
}

static void tell_severities(struct shown *s, const struct hn_adv_severity *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *name;
        double score = score_of(&list[i], &name);
        struct hn_str what = list[i].vector.n ? list[i].vector : list[i].word;
        struct hn_str who = list[i].source.n ? list[i].source : hn_str_c(WORD(sayers, list[i].sayer));
        line(s, "feed.show.severity",
             score >= 0 ? hn_arena_fmt(&s->a, "%.1f%s%s  %.*s  (%s, %.*s)", score, *name ? " " : "", name, HN_FMT(what),
                                       WORD(sayers, list[i].sayer), HN_FMT(who))
                        : hn_arena_fmt(&s->a, "%.*s  (%.*s)", HN_FMT(what), HN_FMT(who)));
    }
}

static void tell_record(struct shown *s, hn_adv_ref ref)
{
    struct hn_adv r;
    struct hn_adv_feed f = {.name = HN_STR("?")};
    if (!hn_adv_get(s->x, ref, &s->a, &r))
        return;
    hn_adv_feed_at(s->x, r.feed, &f);
    hn_work_print(s->w, "\n");
    hn_work_text(s->w, hn_arena_fmt(&s->a, "%.*s  [%.*s, %s, %.*s]", HN_FMT(r.id), HN_FMT(f.name),
                                    hn_adv_family_word(r.family), HN_FMT(f.licence.n ? f.licence : HN_STR("–"))));
    hn_work_print(s->w, "\n");
    line(s, "feed.show.summary", r.summary);
    line(s, "feed.show.published", day(s, r.published));
    line(s, "feed.show.modified", day(s, r.modified));
    line(s, "feed.show.withdrawn", day(s, r.withdrawn));
    line(s, "feed.show.state", r.state);
    line(s, "feed.show.data", day(s, f.date));
    tell_severities(s, r.severities, r.n_severities);
    for (size_t i = 0; i < r.n_affected; i++)
        feed_show_tell_affected(s, &r.affected[i]);
    feed_show_tell_nodes(s, &r);
}

static void tell_facts(struct shown *s, struct hn_str id, const struct hn_adv_facts *f)
{
    const char *exploited = f->kev.listed  ? "feed.show.kev.yes"
                            : f->kev_known ? "feed.show.kev.no"
                                           : "feed.show.kev.unknown";
    hn_work_text(s->w, f->cve.n ? f->cve : id);
    hn_work_print(s->w, "\n");
    if (f->ids.n > 1)
        line(s, "feed.show.ids", joined(s, f->ids));
    line(s, "feed.show.exploited", hn_str_c(hn_text_find((enum hn_lang)hn_work_lang(s->w), exploited)));
    line(s, "feed.show.kev.due", day(s, f->kev.due));
    if (f->epss.scored)
        line(s, "feed.show.epss", hn_arena_fmt(&s->a, "%.5f (%.1f %%)", f->epss.score, 100 * f->epss.percentile));
    tell_severities(s, f->severities, f->n_severities);
}

/* ---------------------------------------------------------------- the verb */

/* False: nothing is known of this id. */
static bool show(struct shown *s, struct hn_str id)
{
    hn_adv_ref *refs = hn_arena_alloc(&s->a, GROUP_MOST * sizeof *refs);
    struct hn_adv_facts f = {.cve = HN_STR("")};
    bool cut = false;
    size_t n = refs ? hn_adv_group(s->x, id, &s->a, refs, GROUP_MOST, &cut) : 0;
    if (!n || !hn_adv_facts_of(s->x, id, &s->a, &f))
        return false;
    if (s->j) {
        put_json(s, id, &f, refs, n, cut);
        return true;
    }
    tell_facts(s, id, &f);
    for (size_t i = 0; i < n; i++)
        tell_record(s, refs[i]);
    if (cut)
        hn_work_say(s->w, "feed.show.more", NULL);
    return true;
}

int feed_show(struct hn_work *w)
{
    struct feed_index x;
    struct hn_buf out;
    struct hn_jw j;
    struct shown s = {.w = w};
    int rc = 0;
    if (!hn_work_words(w))
        return hn_work_usage(w, "feed.show.id", NULL);
    if (!feed_open(w, &x))
        return 3;
    if (!x.there)
        return hn_work_fail(w, "feed.none", NULL);
    hn_buf_init(&out, OUT_MOST);
    hn_jw_init(&j, &out);
    s.x = &x.x;
    s.j = hn_work_form(w) == HN_FORM_JSON ? &j : NULL;
    if (s.j)
        hn_jw_arr(&j);
    for (size_t i = 0; i < hn_work_words(w); i++) {
        struct hn_str id = hn_work_word(w, i);
        hn_arena_init(&s.a, OUT_MOST);
        if (!show(&s, id))
            rc = hn_work_fail(w, "feed.show.unknown", "id", hn_arena_cstr(&s.a, id), NULL);
        hn_arena_done(&s.a);
    }
    if (s.j) {
        hn_jw_arr_end(&j);
        hn_work_write(w, hn_bytes_of(out.p, out.n));
    }
    hn_buf_done(&out);
    return rc;
}
