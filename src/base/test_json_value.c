#include "hn_test.h"

#include <math.h>

#include "base/json.h"

static const struct hn_jv *parse(struct hn_arena *a, const char *text)
{
    return hn_jv_parse(a, hn_str_bytes(hn_str_c(text)), NULL);
}

/* Parses and writes again. */
static void check_round(const char *text, const char *want)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_arena_init(&a, 1 << 20);
    hn_buf_init(&b, 1 << 16);
    NOTE("%.100s", text);
    const struct hn_jv *v = parse(&a, text);
    CHECK(v);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, v);
    CHECK_OK(hn_buf_err(&b));
    CHECK_TEXT(hn_buf_text(&b), want);
}

TEST(a_value_is_written_as_it_was_read)
{
    check_round(" null ", "null");
    check_round("[1, -2.5, true, false, \"x\\ny\", {}, []]", "[1,-2.5,true,false,\"x\\ny\",{},[]]");
    check_round("{\"b\":1,\"a\":{\"c\":[{\"d\":null}]}}", "{\"b\":1,\"a\":{\"c\":[{\"d\":null}]}}");
    check_round("\"\\ud83d\\udd12\\u0000\"", "\"\xF0\x9F\x94\x92\xEF\xBF\xBD\"");
    check_round("[1,2,3,4,5,6,7,8,9,10]", "[1,2,3,4,5,6,7,8,9,10]");
}

TEST(duplicate_keys_keep_the_last)
{
    check_round("{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}");
    check_round("{\"a\":1,\"\\u0061\":2}", "{\"a\":2}");
    check_round("{\"a\":1,\"k1\":0,\"k2\":0,\"k3\":0,\"k4\":0,\"k5\":0,\"k6\":0,\"k7\":0,\"k8\":0,\"k9\":0,\"ka\":0,"
                "\"kb\":0,\"kc\":0,\"kd\":0,\"ke\":0,\"kf\":0,\"k1\":1,\"a\":2,\"k1\":2}",
                "{\"k2\":0,\"k3\":0,\"k4\":0,\"k5\":0,\"k6\":0,\"k7\":0,\"k8\":0,\"k9\":0,\"ka\":0,\"kb\":0,\"kc\":0,"
                "\"kd\":0,\"ke\":0,\"kf\":0,\"a\":2,\"k1\":2}");
}

TEST(very_many_keys_take_reasonable_time)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    HN_AUTO(hn_buf_done) struct hn_buf b;

    hn_arena_init(&a, (size_t)256 << 20);
    hn_buf_init(&b, 1 << 24);
    hn_buf_chr(&b, '{');
    for (unsigned i = 0; i < 200000; i++)
        hn_buf_fmt(&b, "%s\"k%u\":%u", i ? "," : "", i % 150000, i);
    hn_buf_chr(&b, '}');
    CHECK_OK(hn_buf_err(&b));
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&b)), NULL);
    CHECK(v);
    CHECK_UINT(v->n, 150000);
    CHECK_INT(hn_jv_int(v, "k7", -1), 150007);
    CHECK_INT(hn_jv_int(v, "k149999", -1), 149999);
}

TEST(members_have_defaults)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;

    hn_arena_init(&a, 1 << 16);
    const struct hn_jv *v = parse(&a, "{\"s\":\"x\",\"i\":7,\"d\":0.5,\"b\":true,\"n\":null,\"big\":1e30}");
    CHECK(v);
    CHECK_TEXT(hn_jv_str(v, "s"), "x");
    CHECK(!hn_jv_str(v, "i").p && !hn_jv_str(v, "none").p && !hn_jv_str(NULL, "s").p);
    CHECK_INT(hn_jv_int(v, "i", 1), 7);
    CHECK_INT(hn_jv_int(v, "d", 1), 1);
    CHECK_INT(hn_jv_int(v, "big", 1), 1);
    CHECK_INT(hn_jv_int(NULL, "i", 1), 1);
    CHECK_NUM(hn_jv_num(v, "d", 1), 0.5);
    CHECK_NUM(hn_jv_num(v, "i", 1), 7);
    CHECK_NUM(hn_jv_num(v, "s", 1), 1);
    CHECK(hn_jv_bool(v, "b", false) && hn_jv_bool(v, "n", true) && !hn_jv_bool(NULL, "b", false));
    CHECK(hn_jv_get(v, "n") && hn_jv_get(v, "n")->kind == HN_JV_NULL);
    CHECK(!hn_jv_get(v, "none") && !hn_jv_get(hn_jv_get(v, "s"), "x"));
}

TEST(malformed_text_is_refused_with_a_reason)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_diag d;

    hn_arena_init(&a, 1 << 16);
    CHECK(!hn_jv_parse(&a, hn_str_bytes(HN_STR("{\"a\":[1,2}")), &d));
    CHECK_C(d.msg, "not JSON: ',' or ']' was expected at byte 9");
    CHECK(!hn_jv_parse(&a, hn_str_bytes(HN_STR("1 1")), &d));
    CHECK(!hn_jv_parse(&a, hn_str_bytes(HN_STR("")), NULL));
    CHECK(!hn_jv_parse(&a, hn_str_bytes(HN_STR("]")), &d));
}

TEST(every_truncation_is_refused)
{
    static const char text[] = "{\"a\":[1,2.5e3,\"x\\u00e9\",{\"b\":null}],\"c\":true}";

    for (size_t n = 0; n < sizeof text - 1; n++) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        hn_arena_init(&a, 1 << 16);
        NOTE("cut at %zu", n);
        CHECK(!hn_jv_parse(&a, hn_bytes_of(text, n), NULL));
    }
}

TEST(an_arena_too_small_is_an_error_not_a_shorter_value)
{
    for (size_t cap = 0; cap < 4096; cap += 16) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        struct hn_diag d = {""};
        hn_arena_init(&a, cap);
        const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(HN_STR("{\"a\":[1,2,3,4,5,\"\\n\"],\"\\t\":{}}")), &d);
        NOTE("cap %zu", cap);
        if (!v) {
            CHECK(strstr(d.msg, "memory"));
            CHECK(cap < 2000);
            continue;
        }
        CHECK_UINT(v->n, 2);
        CHECK_UINT(v->items[0].n, 6);
        CHECK_TEXT(v->items[0].items[5].s, "\n");
        CHECK_TEXT(v->keys[1], "\t");
    }
}

TEST(texts_outlive_a_tree_of_its_own)
{
    HN_AUTO(hn_arena_done) struct hn_arena nodes, texts;

    hn_arena_init(&nodes, 1 << 16);
    hn_arena_init(&texts, 1 << 16);
    struct hn_bytes line = hn_str_bytes(HN_STR("{\"a\":\"one\\ttwo\",\"b\":[1,2,3,4,5,6,7,8,9]}"));
    const struct hn_jv *v = hn_jv_parse_apart(&nodes, &texts, line, NULL);
    struct hn_str a = hn_jv_str(v, "a");
    CHECK(v);
    STOP_IF_FAILED();
    CHECK_UINT(hn_jv_get(v, "b")->n, 9);
    size_t used = nodes.used;
    CHECK(texts.used < used);
    hn_arena_clear(&nodes);
    CHECK(hn_jv_parse_apart(&nodes, &texts, line, NULL));
    CHECK_UINT(nodes.used, used);
    CHECK_TEXT(a, "one\ttwo");
    hn_arena_done(&texts);
    hn_arena_init(&texts, 1);
    CHECK(!hn_jv_parse_apart(&nodes, &texts, line, NULL));
}

TEST(nesting_is_bounded_on_both_sides)
{
    char text[200];

    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = '\0';
    check_round(text, text);
    STOP_IF_FAILED();
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 16);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    CHECK(!hn_jv_parse(&a, hn_bytes_of(text, 130), NULL));
}
