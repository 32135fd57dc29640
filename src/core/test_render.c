/* Texts from the terms, the stored form, explaining, another policy; JSON from anywhere. */
#include "test_world.h"

#include <math.h>

#include "core/carry.h"

static void openssl(struct world *w)
{
    world_add(w, "{'module':'packages','kind':'package','subject':'libssl3:amd64',"
                 "'fields':{'name':'libssl3','version':'3.0.15-1','source':'openssl'}}");
    world_add(w, "{'module':'packages','kind':'owner','subject':'/usr/lib/libssl.so.3',"
                 "'fields':{'path':'/usr/lib/libssl.so.3','package':'libssl3:amd64'}}");
    world_add(w,
              "{'module':'processes','kind':'process','subject':'812:77','fields':{'exe':'/usr/sbin/nginx','uid':0}}");
    world_add(w, "{'module':'sockets','kind':'listener','subject':'tcp:0.0.0.0:443','fields':{'proto':'tcp',"
                 "'address':'0.0.0.0','port':443,'reach':'everywhere','firewall':'open','processes':['812:77']}}");
}

static void mapping(struct world *w, const char *deleted)
{
    char text[300];
    snprintf(text, sizeof text,
             "{'module':'processes','kind':'mapped','subject':'/usr/lib/libssl.so.3','fields':{'path':'/usr/lib/"
             "libssl.so.3',"
             "'deleted':%s,'processes':['812:77'],'users':1}}",
             deleted);
    world_add(w, text);
}

static struct hn_finding *pending(struct world *w, int days)
{
    struct hn_finding *f = world_find(w, &world_m_packages, "update-pending");
    world_about(w, f, HN_REF_PACKAGE, "libssl3:amd64");
    world_param(w, f, "source", "openssl");
    world_param(w, f, "installed", "3.0.15-1");
    f->subject = HN_STR("openssl");
    f->cause = HN_STR("upgrade:openssl");
    f->since = days ? WORLD_NOW - days * HN_DAY : 0;
    return f;
}

TEST(the_sentence_says_what_was_seen_largest_first)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    openssl(&w);
    mapping(&w, "true");
    struct hn_finding *f = pending(&w, 12);
    CHECK(world_rank(&w));
    CHECK_TEXT(hn_finding_texts(&w.arena, HN_EN, f).sentence,
               "openssl 3.0.15-1 has had a security fix pending for 12 days. nginx (pid 812) still runs the old code, "
               "listens on "
               "every address (port 443/tcp) and runs as root. The firewall lets connections through (port 443/tcp).");
    CHECK_TEXT(hn_finding_texts(&w.arena, HN_JA, f).sentence,
               "openssl 3.0.15-1 の修正が12日前から未適用です。nginx(pid "
               "812)が古いコードを読み込んだまま、全アドレス(443/tcp)で"
               "待ち受けており、root権限で動いています。ファイアウォールは接続(443/tcp)を通します。");
}

TEST(without_a_chain_the_sentence_is_the_lead)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    w.cover[1].complete = false;
    struct hn_finding *f = pending(&w, 0);
    CHECK(world_rank(&w));
    CHECK_TEXT(hn_finding_texts(&w.arena, HN_EN, f).sentence, "openssl 3.0.15-1 lacks a published security fix.");
    CHECK_TEXT(hn_finding_texts(&w.arena, HN_JA, f).sentence, "openssl 3.0.15-1 にはセキュリティ修正が未適用です。");
}

TEST(what_nobody_runs_is_said_too)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    openssl(&w);
    struct hn_finding *f = pending(&w, 0);
    world_term(&w, f, "kev");
    CHECK(world_rank(&w));
    CHECK_TEXT(hn_finding_texts(&w.arena, HN_EN, f).sentence,
               "openssl 3.0.15-1 lacks a published security fix. It is known to be exploited. No running process has "
               "it loaded.");
    CHECK_TEXT(hn_finding_texts(&w.arena, HN_JA, f).sentence,
               "openssl 3.0.15-1 にはセキュリティ修正が未適用です。実際の悪用が確認されています。"
               "動作中のプロセスはどれも読み込んでいません。");
}

/* Stored, shown later: the same texts as when it was found. */
TEST(the_stored_form_gives_the_same_texts)
{
    for (unsigned i = 0; i < 8; i++) {
        HN_AUTO(world_done) struct world w;
        world_init(&w);
        openssl(&w);
        if (i & 1)
            mapping(&w, i & 2 ? "true" : "false");
        struct hn_finding *f = pending(&w, i & 4 ? 30 : 0);
        CHECK(world_rank(&w));
        const struct hn_jv *v = world_json(&w, f);
        CHECK(v);
        for (enum hn_lang l = HN_EN; l <= HN_JA; l++) {
            struct hn_finding_texts a = hn_finding_texts(&w.arena, l, f),
                                    b = hn_finding_texts_from_json(&w.arena, l, v);
            NOTE("case %u, language %d", i, (int)l);
            CHECK_STR(b.sentence, a.sentence);
            CHECK_STR(b.title, a.title);
            CHECK_STR(b.why, a.why);
            CHECK_STR(b.remedy, a.remedy);
            CHECK_STR(hn_sentence_from_json(&w.arena, l, v), a.sentence);
        }
        CHECK_TEXT(hn_jv_str(hn_jv_get(v, "sentence"), "en"), hn_finding_texts(&w.arena, HN_EN, f).sentence.p);
    }
}

TEST(explaining_shows_every_bar_input_and_gap)
{
    HN_AUTO(world_done) struct world w;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1 << 20);
    world_init(&w);
    openssl(&w);
    mapping(&w, "false");
    struct hn_finding *f = pending(&w, 12);
    CHECK(world_rank(&w));
    for (enum hn_lang l = HN_EN; l <= HN_JA; l++) {
        hn_buf_init(&b, 1 << 20);
        hn_finding_explain(&b, &w.arena, l, world_json(&w, f), 80);
        struct hn_str s = hn_buf_text(&b);
        static const char *const en[] = {"listens on every address (port 443/tcp)",
                                         "tcp:0.0.0.0:443",
                                         "CISA BOD 26-04, row 14: within 3 days",
                                         "Publicly exposed: yes",
                                         "Known to be exploited (KEV): unknown, taken as \"no\"",
                                         "libssl3 3.0.15-1 -- contains -> /usr/lib/libssl.so.3",
                                         "score = "};
        static const char *const ja[] = {"全アドレス(443/tcp)で待ち受けています",
                                         "CISA BOD 26-04 第14行: 3日以内",
                                         "外部への露出: はい",
                                         "悪用の確認(KEV): 不明(「いいえ」とみなす)",
                                         "未観測",
                                         "期限",
                                         "根拠",
                                         "対処"};
        HN_AUTO(hn_buf_done) struct hn_buf flat;
        hn_buf_init(&flat, 1 << 20); /* without the breaks of the lines */
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] != '\n') {
                hn_buf_chr(&flat, s.p[i]);
                continue;
            }
            while (i + 1 < s.n && s.p[i + 1] == ' ')
                i++;
            if (l == HN_EN)
                hn_buf_chr(&flat, flat.n && flat.p[flat.n - 1] == ' ' ? 0x7f : ' ');
        }
        for (size_t i = 0; i < flat.n; i++)
            if (flat.p[i] == 0x7f)
                memmove(flat.p + i, flat.p + i + 1, flat.n-- - i - 1);
        for (size_t i = 0; i < (l == HN_EN ? sizeof en / sizeof *en : sizeof ja / sizeof *ja); i++) {
            NOTE("%s", l == HN_EN ? en[i] : ja[i]);
            CHECK(hn_str_find(hn_buf_text(&flat), hn_str_c(l == HN_EN ? en[i] : ja[i])) >= 0);
        }
        hn_buf_done(&b);
        hn_buf_init(&b, 1);
    }
}

TEST(the_same_policy_ranks_the_same_and_another_one_differently)
{
    HN_AUTO(world_done) struct world w;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1 << 20);
    struct hn_jw jw;
    world_init(&w);
    w.criticality = 1.5;
    openssl(&w);
    mapping(&w, "true");
    world_add(&w, "{'module':'backup','kind':'proof','subject':'b','fields':{'restorable':true}}");
    struct hn_finding *f = pending(&w, 12);
    world_param(&w, f, "epss", "0.3");
    CHECK(world_rank(&w));
    const struct hn_jv *v = world_json(&w, f);
    hn_jw_init(&jw, &b);
    CHECK(hn_rerank_json(&jw, &w.arena, v, w.policy));
    const struct hn_jv *again = hn_jv_parse(&w.arena, hn_str_bytes(hn_arena_str(&w.arena, hn_buf_text(&b))), NULL);
    static const char *const numbers[] = {"score", "prior", "p", "loss", "share", "criticality"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        NOTE("%s", numbers[i]);
        CHECK(fabs(hn_jv_num(again, numbers[i], -1) - hn_jv_num(v, numbers[i], -2)) < 1e-9);
    }
    CHECK_TEXT(hn_jv_str(again, "due_rule"), f->due_rule);
    CHECK_STR(hn_sentence_from_json(&w.arena, HN_JA, again), hn_sentence_from_json(&w.arena, HN_JA, v));
    struct hn_policy *other = NULL;
    HN_AUTO(hn_buf_done) struct hn_buf json;
    hn_buf_init(&json, 1 << 20);
    hn_buf_clear(&b);
    /* the built-in one with another table and a heavier listener */
    extern const unsigned char hn_policy_data_default[];
    extern const size_t hn_policy_data_default_n;
    struct hn_str text = {(const char *)hn_policy_data_default, hn_policy_data_default_n};
    ptrdiff_t table = hn_str_find(text, HN_STR("due_table: bod-26-04")),
              one = hn_str_find(text, HN_STR("listens-everywhere: {value: 1.2"));
    CHECK(table > 0 && one > table);
    hn_buf_fmt(&json, "%.*sdue_table: severity%.*slistens-everywhere: {value: 3.2%.*s", (int)table, text.p,
               (int)(one - table - 20), text.p + table + 20, (int)(text.n - (size_t)one - 31), text.p + one + 31);
    CHECK_OK(hn_policy_parse(hn_str_bytes(hn_buf_text(&json)), &other, NULL));
    hn_jw_init(&jw, &b);
    CHECK(hn_rerank_json(&jw, &w.arena, v, other));
    hn_policy_free(other);
    again = hn_jv_parse(&w.arena, hn_str_bytes(hn_arena_str(&w.arena, hn_buf_text(&b))), NULL);
    CHECK(hn_jv_num(again, "score", 0) > f->score);
    CHECK_TEXT(hn_jv_str(again, "due_rule"), "severity:high");
    CHECK_INT(hn_jv_int(again, "due_days", 0), 14);
}

/* The store keeps less than the document: no inputs, no criticality, no impact. */
TEST(what_the_store_keeps_is_enough_to_rank_again)
{
    HN_AUTO(world_done) struct world w;
    struct hn_jw jw;
    HN_AUTO(hn_buf_done) struct hn_buf less, b;
    hn_buf_init(&b, 1 << 20);
    hn_buf_init(&less, 1 << 20);
    world_init(&w);
    openssl(&w);
    mapping(&w, "true");
    world_add(&w, "{'module':'backup','kind':'proof','subject':'b','fields':{'restorable':true}}");
    struct hn_finding *f = pending(&w, 12);
    CHECK(world_rank(&w));
    const struct hn_jv *v = world_json(&w, f);
    CHECK(v != NULL);
    static const char *const kept[] = {"kind", "class", "severity", "params", "terms", "loss", "due_inputs"};
    hn_jw_init(&jw, &less);
    hn_jw_obj(&jw);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        hn_jw_key(&jw, kept[i]);
        hn_jw_value(&jw, hn_jv_get(v, kept[i]));
    }
    hn_jw_obj_end(&jw);
    const struct hn_jv *stored = hn_jv_parse(&w.arena, hn_str_bytes(hn_arena_str(&w.arena, hn_buf_text(&less))), NULL);
    hn_jw_init(&jw, &b);
    CHECK(hn_rerank_json(&jw, &w.arena, stored, w.policy));
    const struct hn_jv *again = hn_jv_parse(&w.arena, hn_str_bytes(hn_arena_str(&w.arena, hn_buf_text(&b))), NULL);
    CHECK(fabs(hn_jv_num(again, "score", 0) - f->score) < 1e-9);
    CHECK_TEXT(hn_jv_str(again, "due_rule"), f->due_rule);
}

static bool blind_to_all(void *arg, struct hn_str module)
{
    return true;
}

static bool blind_to_none(void *arg, struct hn_str module)
{
    return false;
}

static const struct hn_jv *carried(struct world *w, const struct hn_jv *new, const struct hn_jv *old,
                                   bool (*blind)(void *arg, struct hn_str module))
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw jw;
    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&jw, &b);
    if (!hn_carry_json(&jw, &w->arena, new, hn_jv_get(old, "terms"), blind, NULL, w->policy))
        return NULL;
    return hn_jv_parse(&w->arena, hn_str_bytes(hn_arena_str(&w->arena, hn_buf_text(&b))), NULL);
}

/* Root saw nginx; then an ordinary user looks, who cannot. */
TEST(a_blind_run_keeps_what_a_better_one_saw)
{
    HN_AUTO(world_done) struct world seeing, less;
    world_init(&seeing);
    world_init(&less);
    openssl(&seeing);
    mapping(&seeing, "true");
    for (size_t i = 0; i < WORLD_MODULES; i++)
        less.cover[i].root = less.cover[i].complete = false;
    world_add(&less, "{'module':'packages','kind':'package','subject':'libssl3:amd64','fields':{'name':'libssl3'}}");
    struct hn_finding *f = pending(&seeing, 12), *g = pending(&less, 12);
    CHECK(world_rank(&seeing) && world_rank(&less));
    CHECK(g->score < f->score);
    const struct hn_jv *old = world_json(&seeing, f), *new = world_json(&less, g);
    CHECK(!carried(&less, new, old, blind_to_none));
    const struct hn_jv *kept = carried(&less, new, old, blind_to_all);
    CHECK(kept);
    CHECK(fabs(hn_jv_num(kept, "score", 0) - f->score) < 1e-9);
    CHECK_STR(hn_jv_str(kept, "id"), hn_jv_str(new, "id"));
    const struct hn_jv *again = carried(&less, new, kept, blind_to_all); /* blind twice: still the first day */
    CHECK(again);
    const struct hn_jv *t = &hn_jv_get(again, "terms")->items[0];
    CHECK_TEXT(hn_jv_str(hn_jv_get(t, "params"), "carried"), "2026-11-22");
    CHECK(hn_str_ends(hn_term_text_from_json(&less.arena, HN_EN, t),
                      "(Seen on 2026-11-22; the last run could not look.)"));
    CHECK(!carried(&seeing, old, kept, blind_to_all)); /* what is seen again needs no carrying */
}

static void show_all(struct hn_arena *a, const struct hn_jv *v, const struct hn_policy *p)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1 << 20);
    struct hn_jw jw;
    for (enum hn_lang l = HN_EN; l <= HN_JA; l++)
        hn_finding_explain(&b, a, l, v, 40);
    hn_buf_clear(&b);
    hn_jw_init(&jw, &b);
    if (hn_rerank_json(&jw, a, v, p)) {
        CHECK(hn_jv_parse(a, hn_str_bytes(hn_buf_text(&b)), NULL));
    }
}

/* Every value of the stored form replaced by every kind of value: nothing crashes, and what comes out is JSON. */
TEST_LONG(any_value_may_stand_anywhere, 60)
{
    static const char *const odd[] = {"null",           "true", "-1",   "1e308", "\"\"",
                                      "\"{x}\\u0000\"", "[]",   "[{}]", "{}",    "[[1]]"};
    HN_AUTO(world_done) struct world w;
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 64 << 20);
    world_init(&w);
    openssl(&w);
    mapping(&w, "true");
    struct hn_finding *f = pending(&w, 12);
    CHECK(world_rank(&w));
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1 << 20);
    struct hn_jw jw;
    hn_jw_init(&jw, &b);
    hn_finding_json(&jw, &w.arena, f, w.policy, false);
    struct hn_jr r;
    hn_jr_init(&r, hn_str_bytes(hn_buf_text(&b)), 0, 0);
    for (enum hn_jtok t = hn_jr_next(&r); t != HN_J_END && t != HN_J_ERR; t = hn_jr_next(&r)) {
        if (t != HN_J_STR && t != HN_J_NUM && t != HN_J_TRUE && t != HN_J_FALSE && t != HN_J_NULL)
            continue;
        size_t end = r.off, start = end;
        const char *text = hn_buf_text(&b).p;
        if (t == HN_J_STR)
            start = (size_t)(r.raw.p - text) - 1;
        else if (t == HN_J_NUM)
            start = (size_t)(r.raw.p - text);
        else
            start = end - (t == HN_J_FALSE ? 5 : 4);
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
            hn_arena_clear(&a);
            struct hn_str s = hn_arena_fmt(&a, "%.*s%s%s", (int)start, text, odd[i],
                                           hn_arena_cstr(&a, hn_str_cut(hn_buf_text(&b), end, b.n)));
            const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(s), NULL);
            NOTE("offset %zu: %s", start, odd[i]);
            CHECK(v);
            show_all(&a, v, w.policy);
            STOP_IF_FAILED();
        }
    }
}

TEST(kinds_of_fixes_are_read_as_written)
{
    enum hn_fix_kind k;
    for (unsigned i = HN_FIX_NONE; i <= HN_FIX_SETTING; i++) {
        CHECK(hn_fix_kind_parse(hn_str_c(hn_fix_kind_name((enum hn_fix_kind)i)), &k));
        CHECK_UINT(k, i);
    }
    CHECK(!hn_fix_kind_parse(HN_STR("shell"), &k));
}

/* Each word that the tables can answer with has its text, in both languages. */
TEST(every_word_of_the_due_tables_has_a_text)
{
    static const char *const tables[] = {"bod-26-04", "ssvc-deployer"};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 8 << 20);
    for (size_t n = 0; n < 2; n++) {
        struct hn_due_table *t = HN_NEW(&a, struct hn_due_table);
        CHECK(t != NULL);
        CHECK_OK(hn_due_parse(&a, hn_due_builtin(hn_str_c(tables[n])), t, NULL));
        for (size_t i = 0; i < t->n_inputs; i++) {
            NOTE("%s", t->inputs[i].name);
            CHECK(hn_text_find(HN_JA, hn_arena_fmt(&a, "due.input.%s", t->inputs[i].name).p));
            for (size_t v = 0; v < t->inputs[i].n; v++)
                CHECK(hn_text_find(HN_JA, hn_arena_fmt(&a, "due.value.%s", t->inputs[i].values[v]).p));
        }
        for (size_t i = 0; i < t->n_outcomes; i++)
            CHECK(hn_text_find(HN_JA, hn_arena_fmt(&a, "due.outcome.%s", t->outcomes[i].name).p));
    }
    CHECK_TEXT(hn_due_rule_text(&a, HN_EN, HN_STR("bod-26-04:7")), "CISA BOD 26-04, row 7: within 14 days");
    CHECK_TEXT(hn_due_rule_text(&a, HN_JA, HN_STR("severity:high")), "深刻度による: 高");
    CHECK_TEXT(hn_due_rule_text(&a, HN_EN, HN_STR("bod-26-04:99")), "bod-26-04:99");
    CHECK_TEXT(hn_due_rule_text(&a, HN_EN, HN_STR("nonsense")), "nonsense");
}
