#include "hn_test.h"

#include <math.h>

#include "base/json.h"
#include "base/str.h"

/* Reads an exact-size copy, so that a sanitizer sees one byte too far. Tokens as letters in out:
 * {} [] k s n t f 0, '.' for the end, '!' for an error. */
static struct hn_jr read_all(struct hn_str text, char *out, size_t room, unsigned depth, uint64_t work)
{
    uint8_t *copy = malloc(text.n ? text.n : 1);
    struct hn_jr r = {.why = "no memory"};
    size_t n = 0;

    if (!copy)
        return r;
    if (text.n)
        memcpy(copy, text.p, text.n);
    hn_jr_init(&r, hn_bytes_of(copy, text.n), depth, work);
    for (enum hn_jtok t = HN_J_NULL; t != HN_J_ERR && t != HN_J_END;) {
        t = hn_jr_next(&r);
        if (n + 1 < room)
            out[n++] = "!.{}[]ksntf0"[t];
    }
    out[n] = '\0';
    free(copy);
    r.base = NULL; /* only why, at and depth may be looked at */
    return r;
}

static void check_tokens(const char *text, const char *want)
{
    char out[256];

    NOTE("%s", text);
    read_all(hn_str_c(text), out, sizeof out, 0, 0);
    CHECK_C(out, want);
}

TEST(values_of_every_kind)
{
    check_tokens("{}", "{}.");
    check_tokens("[]", "[].");
    check_tokens(" { } ", "{}.");
    check_tokens("null", "0.");
    check_tokens("true", "t.");
    check_tokens("\tfalse\r\n", "f.");
    check_tokens("\"\"", "s.");
    check_tokens("0", "n.");
    check_tokens("-0.0e-0", "n.");
    check_tokens("{\"a\":1,\"b\":[true,false,null,\"x\"],\"c\":{\"d\":{}}}", "{knk[tf0s]k{k{}}}.");
    check_tokens("[ 1 , [ ] , { } , \"\" ]", "[n[]{}s].");
    check_tokens("[\n                                        1\n                                   ]", "[n].");
    check_tokens("{\"a\" : \t 1}", "{kn}.");
}

static void check_error(const char *text, const char *why, size_t at)
{
    char out[256];
    struct hn_jr r = read_all(hn_str_c(text), out, sizeof out, 0, 0);

    NOTE("%s", text);
    CHECK(strchr(out, '!'));
    CHECK_C(r.why, why);
    CHECK_UINT(r.at, at);
}

TEST(malformed_text_says_where_and_why)
{
    check_error("", "ends too early", 0);
    check_error("  ", "ends too early", 2);
    check_error("nul", "not a JSON value", 0);
    check_error("nulls", "something follows the value", 4);
    check_error("True", "not a JSON value", 0);
    check_error("1 2", "something follows the value", 2);
    check_error("[1 2]", "',' or ']' was expected", 3);
    check_error("[1,]", "not a JSON value", 3);
    check_error("[,1]", "not a JSON value", 1);
    check_error("[1}", "',' or ']' was expected", 2);
    check_error("{\"a\":1]", "',' or '}' was expected", 6);
    check_error("{\"a\":1,}", "a key in quotes was expected", 7);
    check_error("{a:1}", "a key in quotes was expected", 1);
    check_error("{\"a\" 1}", "':' was expected", 5);
    check_error("{\"a\":}", "not a JSON value", 5);
    check_error("{1:2}", "a key in quotes was expected", 1);
    check_error("]", "not a JSON value", 0);
    check_error("'a'", "not a JSON value", 0);
    check_error("\xEF\xBB\xBF{}", "not a JSON value", 0); /* RFC 8259 §8.1: no byte order mark */
    check_error("[1]//", "something follows the value", 3);
    check_error("\"a\nb\"", "control character in a string", 2);
    check_error("\"a\\xb\"", "unknown escape", 2);
    check_error("\"\\u12g4\"", "unknown escape", 1);
    check_error("\"\\u12\"", "unknown escape", 1);
    check_error("\"\xC0\x80\"", "not UTF-8", 1);
    check_error("\"0123456789abcdef0123456789\xED\xA0\x80\"", "not UTF-8", 27);
    check_error("\"0123456789abcdef0123456789\x01\"", "control character in a string", 27);
}

TEST(numbers_follow_the_grammar)
{
    static const char *const good[] = {"0",     "-0",  "1",     "10",   "-10",     "1.5",
                                       "0.5",   "1e5", "1E+5",  "1e-5", "1.25e10", "123456789012345678901234567890",
                                       "1e999", "0e0", "0.0000"};
    static const char *const bad[] = {"-",        "+1",        "01",    "-01",   "1.",  ".5",    "1.e5",
                                      "1e",       "1e+",       "--1",   "1.5.5", "0x1", "1_000", "NaN",
                                      "Infinity", "-Infinity", "1e5.5", "1a",    "00"};
    char out[16];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        read_all(hn_str_c(good[i]), out, sizeof out, 0, 0);
        NOTE("%s", good[i]);
        CHECK_C(out, "n.");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read_all(hn_str_c(bad[i]), out, sizeof out, 0, 0);
        NOTE("%s", bad[i]);
        CHECK(strchr(out, '!'));
    }
}

static const char sample[] =
    "{\"name\": \"caf\xC3\xA9 \xF0\x9F\x94\x92 \\u00e9\\ud83d\\udd12\\n\", \"list\": [1, -2.5e+3, true, false, null, "
    "[], {}],\n  \"nested\": {\"a\": {\"b\": [\"0123456789abcdef0123456789abcdef\"]}}}  ";

TEST(every_truncation_of_a_document_is_an_error)
{
    char out[256];
    size_t end = sizeof sample - 3; /* without the blanks at the end */

    for (size_t n = 0; n < end; n++) {
        struct hn_jr r = read_all((struct hn_str){sample, n}, out, sizeof out, 0, 0);
        NOTE("cut at %zu: %s", n, out);
        CHECK(strchr(out, '!') && !strchr(out, '.'));
        CHECK(r.at <= n);
    }
    for (size_t n = end; n < sizeof sample; n++) {
        read_all((struct hn_str){sample, n}, out, sizeof out, 0, 0);
        CHECK(strchr(out, '.'));
    }
}

TEST(no_single_changed_byte_is_read_beyond_the_end)
{
    char out[256], text[sizeof sample];

    for (size_t i = 0; i < sizeof sample - 1; i++) {
        for (unsigned c = 0; c < 256; c += 5) {
            memcpy(text, sample, sizeof sample);
            text[i] = (char)c;
            struct hn_jr r = read_all((struct hn_str){text, sizeof sample - 1}, out, sizeof out, 0, 0);
            CHECK(r.why ? r.at < sizeof sample : r.depth == 0);
        }
    }
}

/* The scanners work on blocks: a special byte must be found at every distance from start and end. */
TEST(strings_and_blanks_of_every_length)
{
    char text[200], out[16];

    for (size_t n = 0; n < 80; n++) {
        memset(text, 'a', sizeof text);
        text[0] = text[n + 1] = '"';
        NOTE("length %zu", n);
        read_all((struct hn_str){text, n + 2}, out, sizeof out, 0, 0);
        CHECK_C(out, "s.");
        read_all((struct hn_str){text, n + 1}, out, sizeof out, 0, 0);
        CHECK_C(out, "!");
        for (size_t i = 1; i <= n; i++) {
            static const char specials[] = {'\0', '\x1F', '\x80', '\xFF', '\n'};
            for (size_t k = 0; k < sizeof specials; k++) {
                text[i] = specials[k];
                struct hn_jr r = read_all((struct hn_str){text, n + 2}, out, sizeof out, 0, 0);
                CHECK_C(out, "!");
                CHECK_UINT(r.at, i);
            }
            text[i] = 'a';
        }
        memset(text, n % 2 ? ' ' : '\n', sizeof text);
        text[n] = '1';
        read_all((struct hn_str){text, 2 * n + 1}, out, sizeof out, 0, 0);
        CHECK_C(out, "n.");
    }
}

TEST(depth_is_bounded)
{
    char text[600], out[700];

    memset(text, '[', 300);
    memset(text + 300, ']', 300);
    struct hn_str s = {text + 300 - 64, 128};
    CHECK(!read_all(s, out, sizeof out, 0, 0).why);
    s = (struct hn_str){text + 300 - 65, 130};
    CHECK_C(read_all(s, out, sizeof out, 0, 0).why, "nested too deeply");
    s = (struct hn_str){text + 300 - 256, 512};
    CHECK(!read_all(s, out, sizeof out, 999, 0).why);
    s = (struct hn_str){text + 300 - 257, 514};
    CHECK_C(read_all(s, out, sizeof out, 999, 0).why, "nested too deeply");
    s = HN_STR("[[1]]");
    CHECK_C(read_all(s, out, sizeof out, 1, 0).why, "nested too deeply");
}

TEST(mixed_nesting_keeps_its_kinds)
{
    char text[1500] = "", out[1500];

    for (unsigned i = 0; i < 100; i++)
        strcat(text, i * 7 % 3 ? "[" : "{\"k\":");
    strcat(text, "1");
    for (unsigned i = 100; i-- > 0;)
        strcat(text, i * 7 % 3 ? "]" : "}");
    CHECK(!read_all(hn_str_c(text), out, sizeof out, 100, 0).why);
    text[strlen(text) - 1] = ']'; /* closes the outermost object */
    CHECK_C(read_all(hn_str_c(text), out, sizeof out, 100, 0).why, "',' or '}' was expected");
}

TEST(work_is_bounded)
{
    char out[32];

    CHECK_C(read_all(HN_STR("[1,2,3]"), out, sizeof out, 0, 3).why, "too much work");
    CHECK_C(out, "[nn!");
    CHECK(!read_all(HN_STR("[1,2,3]"), out, sizeof out, 0, 5).why);
}

TEST(an_error_sticks)
{
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(HN_STR("[1 2]")), 0, 0);
    CHECK_INT(hn_jr_next(&r), HN_J_ARR);
    CHECK_INT(hn_jr_next(&r), HN_J_NUM);
    for (int i = 0; i < 3; i++)
        CHECK_INT(hn_jr_next(&r), HN_J_ERR);
    CHECK(!hn_jr_skip(&r));
    CHECK_UINT(r.at, 3);
    hn_jr_init(&r, hn_str_bytes(HN_STR("\"\xFF\"")), 0, 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(hn_jr_next(&r), HN_J_ERR);
    hn_jr_init(&r, hn_str_bytes(HN_STR("1")), 0, 0);
    CHECK_INT(hn_jr_next(&r), HN_J_NUM);
    for (int i = 0; i < 3; i++)
        CHECK_INT(hn_jr_next(&r), HN_J_END);
}

static void check_text(const char *json, const char *want)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_jr r;

    hn_arena_init(&a, 1000);
    hn_jr_init(&r, hn_str_bytes(hn_str_c(json)), 0, 0);
    NOTE("%s", json);
    CHECK_INT(hn_jr_next(&r), HN_J_STR);
    struct hn_str s = hn_jr_text(&r, &a), again;
    CHECK_TEXT(s, want);
    CHECK(hn_str_from_utf8(hn_str_bytes(s), &again));
    CHECK_INT(r.escaped, strchr(json, '\\') != NULL);
}

TEST(escapes_are_decoded)
{
    check_text("\"plain\"", "plain");
    check_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    check_text("\"a\\u0041\\u00e9\\u6c37z\"", "aA\xC3\xA9\xE6\xB0\xB7z");
    check_text("\"\\ud83d\\uDD12\"", "\xF0\x9F\x94\x92");
    check_text("\"\\udbff\\udfff\"", "\xF4\x8F\xBF\xBF");
    check_text("\"\\u0000\"", "\xEF\xBF\xBD");
    check_text("\"\\ud83d\"", "\xEF\xBF\xBD");
    check_text("\"\\ud83dx\"", "\xEF\xBF\xBDx");
    check_text("\"\\udd12\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD");
    check_text("\"\\ud83d\\u0041\"", "\xEF\xBF\xBD"
                                     "A");
    check_text("\"\\ud83d\\ud83d\\udd12\"", "\xEF\xBF\xBD\xF0\x9F\x94\x92");
    check_text("\"\\ud83d\\n\"", "\xEF\xBF\xBD\n");
    check_text("\"\\uFFFF\"", "\xEF\xBF\xBF");
}

static void check_num(const char *json, double want, bool is_int, int64_t i)
{
    struct hn_jr r;
    int64_t got = 99;

    hn_jr_init(&r, hn_str_bytes(hn_str_c(json)), 0, 0);
    NOTE("%.60s", json);
    CHECK_INT(hn_jr_next(&r), HN_J_NUM);
    CHECK_NUM(hn_jr_num(&r), want);
    CHECK_INT(hn_jr_int(&r, &got), is_int);
    CHECK_INT(got, is_int ? i : 99);
}

TEST(numbers_have_their_values)
{
    check_num("0", 0, true, 0);
    check_num("-0", 0, true, 0);
    check_num("42", 42, true, 42);
    check_num("-9223372036854775808", -9223372036854775808.0, true, INT64_MIN);
    check_num("9223372036854775807", 9223372036854775807.0, true, INT64_MAX);
    check_num("9223372036854775808", 9223372036854775808.0, false, 0);
    check_num("1.0", 1, false, 0);
    check_num("1e2", 100, false, 0);
    check_num("-2.5e+3", -2500, false, 0);
    check_num("0.1", 0.1, false, 0);
    check_num("1e400", HUGE_VAL, false, 0);
    check_num("-1e400", -HUGE_VAL, false, 0);
    check_num("1e-400", 0, false, 0);
    check_num("1e99999999999999999999999999", HUGE_VAL, false, 0);
    check_num("0e99999999999999999999999999", 0, false, 0);
    check_num("123456789012345", 123456789012345.0, true, 123456789012345);
    check_num("12345678901234567", 12345678901234567.0, true, 12345678901234567);
}

TEST(very_long_numbers_have_the_nearest_value)
{
    static char text[3000];

    /* halfway between two doubles, told apart by a digit far behind */
    snprintf(text, sizeof text, "9007199254740993.%0*d1", 1500, 0);
    check_num(text, 9007199254740994.0, false, 0);
    snprintf(text, sizeof text, "9007199254740993.%0*d", 1500, 0);
    check_num(text, 9007199254740992.0, false, 0);
    snprintf(text, sizeof text, "0.%0*d1e1001", 1000, 0);
    check_num(text, 1, false, 0);
    snprintf(text, sizeof text, "-1%0*de-1000", 1000, 0);
    check_num(text, -1, false, 0);
    snprintf(text, sizeof text, "0.%0*d", 1000, 0);
    check_num(text, 0, false, 0);
    snprintf(text, sizeof text, "1.%0*de+0", 100, 0);
    check_num(text, 1, false, 0);
    snprintf(text, sizeof text, "1%0*d", 70, 0);
    check_num(text, 1e70, false, 0);
}

TEST(skip_passes_over_whole_values)
{
    struct hn_jr r;
    int64_t v;

    hn_jr_init(&r, hn_str_bytes(HN_STR("{\"a\":{\"x\":[1,{}]},\"b\":2,\"c\":[]}")), 0, 0);
    CHECK_INT(hn_jr_next(&r), HN_J_OBJ);
    CHECK_INT(hn_jr_next(&r), HN_J_KEY);
    CHECK(hn_jr_skip(&r));
    CHECK_INT(hn_jr_next(&r), HN_J_KEY);
    CHECK_TEXT(r.raw, "b");
    CHECK_INT(hn_jr_next(&r), HN_J_NUM);
    CHECK(hn_jr_int(&r, &v) && v == 2);
    CHECK_INT(hn_jr_next(&r), HN_J_KEY);
    CHECK(hn_jr_skip(&r));
    CHECK_INT(hn_jr_next(&r), HN_J_OBJ_END);
    CHECK_INT(hn_jr_next(&r), HN_J_END);
    hn_jr_init(&r, hn_str_bytes(HN_STR("{\"a\":[1,2")), 0, 0);
    CHECK(!hn_jr_skip(&r));
    hn_jr_init(&r, hn_str_bytes(HN_STR("[]")), 0, 0);
    CHECK_INT(hn_jr_next(&r), HN_J_ARR);
    CHECK(!hn_jr_skip(&r)); /* there is no value */
}
