#include "hn_test.h"

#include "base/arena.h"
#include "base/str.h"

static struct hn_bytes bytes(const char *s)
{
    return hn_str_bytes(hn_str_c(s));
}

TEST(valid_utf8_is_taken_as_it_is)
{
    static const char *const good[] = {"",
                                       "plain",
                                       "caf\xC3\xA9",
                                       "\xE6\xB0\xB7\xE8\xA6\x8B",
                                       "\xF0\x9F\x94\x92",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "long enough for words: \xC3\xA9 and more after it"};
    struct hn_str s;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        NOTE("row %zu", i);
        CHECK(hn_str_from_utf8(bytes(good[i]), &s));
        CHECK_TEXT(s, good[i]);
    }
}

TEST(everything_table_3_7_forbids_is_refused)
{
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x41",
                                      "\xE0\x9F\xBF",
                                      "\xE0\xA0",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xE3\x81",
                                      "\xE3\x41\x81",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x9F\x94",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xFE",
                                      "\xF0\x9F\x94\xC2"};
    char text[64];
    struct hn_str s = HN_STR("untouched");

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        NOTE("row %zu", i);
        CHECK(!hn_str_from_utf8(bytes(bad[i]), &s));
        CHECK_UINT(hn_utf8_valid_len(bytes(bad[i])), 0);
        snprintf(text, sizeof text, "0123456789%s", bad[i]);
        CHECK_UINT(hn_utf8_valid_len(bytes(text)), 10);
    }
    CHECK(!hn_str_from_utf8(hn_bytes_of("a\0b", 3), &s));
    CHECK_TEXT(s, "untouched");
}

/* Against the definition, for every two-byte text and every cut of a valid one. */
TEST(every_two_byte_text_is_judged_by_the_definition)
{
    for (unsigned i = 0; i < 65536; i++) {
        uint8_t b[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        size_t want = b[0] < 0x80 ? 1 + (b[1] < 0x80) : b[0] >= 0xC2 && b[0] <= 0xDF && (b[1] >> 6) == 2 ? 2 : 0;
        NOTE("%02x %02x", b[0], b[1]);
        CHECK_UINT(hn_utf8_valid_len(hn_bytes_of(b, 2)), want);
    }
}

TEST(hostile_text_becomes_printable_data)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 100000);

    struct hn_bytes plain = bytes("caf\xC3\xA9");
    CHECK(hn_str_from_hostile(&a, plain, 100).p == (const char *)plain.p);
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("a\xFFz\xC3"), 100), "a\\xFFz\\xC3");
    CHECK_TEXT(hn_str_from_hostile(&a, hn_bytes_of("a\0b", 3), 100), "a\\x00b");
    CHECK_TEXT(hn_str_from_hostile(&a, hn_bytes_of(NULL, 0), 100), "");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("0123456789"), 10), "0123456789");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("0123456789a"), 10), "0123456\xE2\x80\xA6");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("12345\xC3\xA9\xC3\xA9\xC3\xA9"), 10), "12345\xC3\xA9\xE2\x80\xA6");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("123456\xC3\xA9\xC3\xA9"), 9), "123456\xE2\x80\xA6");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("\xFF\xFF\xFF"), 11), "\\xFF\\xFF\xE2\x80\xA6");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("abc"), 2), "ab");
    CHECK_TEXT(hn_str_from_hostile(&a, bytes("abc"), 0), "");
}

TEST(hostile_text_never_exceeds_its_maximum_and_is_always_valid)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    uint8_t in[24];
    uint32_t seed = 1;
    struct hn_str again;

    hn_arena_init(&a, 1 << 20);
    for (unsigned round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof in; i++) {
            seed = seed * 1664525 + 1013904223;
            in[i] = (uint8_t)((seed >> 24) % 3 ? seed >> 16 : 'a' + (seed >> 28));
        }
        size_t max = round % 40;
        struct hn_str s = hn_str_from_hostile(&a, hn_bytes_of(in, round % sizeof in), max);
        NOTE("round %u", round);
        CHECK(s.n <= max);
        CHECK(hn_str_from_utf8(hn_str_bytes(s), &again));
        hn_arena_clear(&a);
    }
}

TEST(comparing_and_finding)
{
    CHECK(hn_str_eq(HN_STR("a"), HN_STR("a")) && !hn_str_eq(HN_STR("a"), HN_STR("ab")));
    CHECK(hn_str_eqc((struct hn_str){NULL, 0}, ""));
    CHECK(hn_bytes_eqc(bytes("x"), "x") && !hn_bytes_eqc(bytes("x"), "y"));
    CHECK(hn_str_cmp(HN_STR("a"), HN_STR("b")) < 0 && hn_str_cmp(HN_STR("b"), HN_STR("a")) > 0);
    CHECK(hn_str_cmp(HN_STR("a"), HN_STR("ab")) < 0 && hn_str_cmp(HN_STR("ab"), HN_STR("ab")) == 0);
    CHECK(hn_str_cmp(HN_STR("\x7F"), HN_STR("\xC3\xA9")) < 0);
    CHECK(hn_str_starts(HN_STR("abc"), "ab") && !hn_str_starts(HN_STR("a"), "ab") && hn_str_starts(HN_STR(""), ""));
    CHECK(hn_str_ends(HN_STR("abc"), "bc") && !hn_str_ends(HN_STR("c"), "bc"));
    CHECK_INT(hn_str_find(HN_STR("abcabc"), HN_STR("ca")), 2);
    CHECK_INT(hn_str_find(HN_STR("abc"), HN_STR("abcd")), -1);
    CHECK_INT(hn_str_find((struct hn_str){NULL, 0}, HN_STR("a")), -1);
    CHECK_INT(hn_str_find(HN_STR("abc"), HN_STR("")), 0);
    CHECK_INT(hn_str_chr(HN_STR("abc"), 'c'), 2);
    CHECK_INT(hn_str_chr(HN_STR("abc"), 'd'), -1);
}

TEST(the_last_name_of_a_path)
{
    CHECK_TEXT(hn_str_base(HN_STR("/usr/bin/vim")), "vim");
    CHECK_TEXT(hn_str_base(HN_STR("vim")), "vim");
    CHECK_TEXT(hn_str_base(HN_STR("/usr/")), "");
    CHECK_TEXT(hn_str_base(HN_STR("")), "");
}

TEST(cutting)
{
    CHECK_TEXT(hn_str_trim(HN_STR(" \t\r\n a b \v\f")), "a b");
    CHECK_TEXT(hn_str_trim(HN_STR(" \n ")), "");
    CHECK_TEXT(hn_str_cut(HN_STR("abcdef"), 1, 3), "bc");
    CHECK_TEXT(hn_str_cut(HN_STR("abcdef"), 4, 99), "ef");
    CHECK_TEXT(hn_str_cut(HN_STR("abcdef"), 9, 3), "");
}

static void check_split(const char *text, char sep, const char *joined)
{
    struct hn_str rest = hn_str_c(text), part;
    char out[64] = "";

    while (hn_str_split(&rest, sep, &part))
        snprintf(out + strlen(out), sizeof out - strlen(out), "<%.*s>", HN_FMT(part));
    CHECK_C(out, joined);
}

TEST(splitting_keeps_empty_parts)
{
    check_split("a,b,c", ',', "<a><b><c>");
    check_split("a,", ',', "<a><>");
    check_split(",", ',', "<><>");
    check_split("", ',', "<>");
    check_split("abc", ',', "<abc>");
    check_split(NULL, ',', "");
}

TEST(words_and_lines)
{
    struct hn_str rest = HN_STR("  one\ttwo  three "), w;
    CHECK(hn_str_word(&rest, &w));
    CHECK_TEXT(w, "one");
    CHECK(hn_str_word(&rest, &w));
    CHECK_TEXT(w, "two");
    CHECK(hn_str_word(&rest, &w));
    CHECK_TEXT(w, "three");
    CHECK(!hn_str_word(&rest, &w));
    CHECK(hn_str_is_word_of(HN_STR("two"), HN_STR("  one\ttwo  three ")));
    CHECK(!hn_str_is_word_of(HN_STR("tw"), HN_STR("  one\ttwo  three ")));
    CHECK(!hn_str_is_word_of(HN_STR(""), HN_STR("one two")));
    CHECK(!hn_str_is_word_of(HN_STR("one"), hn_str_c(NULL)));

    struct hn_bytes text = bytes("a\r\n\nb\r"), line;
    CHECK(hn_bytes_line(&text, &line));
    CHECK_BYTES(line, bytes("a"));
    CHECK(hn_bytes_line(&text, &line));
    CHECK_BYTES(line, bytes(""));
    CHECK(hn_bytes_line(&text, &line));
    CHECK_BYTES(line, bytes("b\r"));
    CHECK(!hn_bytes_line(&text, &line));
}

TEST(plain_names)
{
    CHECK(hn_str_plain(HN_STR("Debian-12_x.json")));
    CHECK(!hn_str_plain(HN_STR("")));
    CHECK(!hn_str_plain(HN_STR("a/b")));
    CHECK(!hn_str_plain(HN_STR("a b")));
    CHECK(!hn_str_plain(HN_STR("é")));
}

TEST(numbers_are_the_whole_text_or_nothing)
{
    uint64_t u = 99;
    int64_t i = 99;

    CHECK(hn_str_u64(HN_STR("18446744073709551615"), 10, &u));
    CHECK_UINT(u, UINT64_MAX);
    CHECK(hn_str_u64(HN_STR("0755"), 8, &u));
    CHECK_UINT(u, 0755);
    CHECK(hn_str_u64(HN_STR("fFfFfFfFfFfFfFfF"), 16, &u));
    CHECK_UINT(u, UINT64_MAX);
    u = 99;
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "18446744073709551616", "0x10", "1a", "99999999999999999999"};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        NOTE("%s", bad[k]);
        CHECK(!hn_str_u64(hn_str_c(bad[k]), 10, &u));
    }
    CHECK(!hn_str_u64(HN_STR("8"), 8, &u) && !hn_str_u64(HN_STR("g"), 16, &u));
    CHECK(!hn_str_u64(HN_STR("10000000000000000"), 16, &u));
    CHECK_UINT(u, 99);
    CHECK(hn_str_i64(HN_STR("-9223372036854775808"), &i));
    CHECK_INT(i, INT64_MIN);
    CHECK(hn_str_i64(HN_STR("9223372036854775807"), &i));
    CHECK_INT(i, INT64_MAX);
    CHECK(!hn_str_i64(HN_STR("9223372036854775808"), &i) && !hn_str_i64(HN_STR("-9223372036854775809"), &i));
    CHECK(!hn_str_i64(HN_STR("-"), &i) && !hn_str_i64(HN_STR("--1"), &i) && !hn_str_i64(HN_STR("+1"), &i));
}

TEST(did_you_mean)
{
    static const char *const verbs[] = {"diagnose", "sbom", "telescope", "flow", "hunt"};

    CHECK_UINT(hn_str_distance(HN_STR("kitten"), HN_STR("sitting"), 99), 3);
    CHECK_UINT(hn_str_distance(HN_STR("kitten"), HN_STR("sitting"), 2), 2);
    CHECK_UINT(hn_str_distance(HN_STR(""), HN_STR("abc"), 99), 3);
    CHECK_UINT(hn_str_distance(HN_STR("abc"), HN_STR("abc"), 99), 0);
    CHECK_C(hn_str_nearest(HN_STR("diagnos"), verbs, 5), "diagnose");
    CHECK_C(hn_str_nearest(HN_STR("flwo"), verbs, 5), "flow");
    CHECK_C(hn_str_nearest(HN_STR("telescpoe"), verbs, 5), "telescope");
    CHECK(!hn_str_nearest(HN_STR("zzzz"), verbs, 5));
    CHECK(!hn_str_nearest(HN_STR("x"), verbs, 5));
    CHECK(!hn_str_nearest(HN_STR("flow"), verbs, 0));
}

struct glob_row {
    const char *pattern, *text;
    bool plain, path;
};

TEST(globs)
{
    static const struct glob_row rows[] = {
        {"", "", true, true},
        {"", "a", false, false},
        {"*", "", true, true},
        {"*", "a/b", true, false},
        {"a*c", "abbbc", true, true},
        {"a*c", "abbbcd", false, false},
        {"*a*b*c", "xxaxxbxxabc", true, true},
        {"*.conf", "x.conf", true, true},
        {"/etc/*/x", "/etc/a/x", true, true},
        {"/etc/*/x", "/etc/a/b/x", true, false},
        {"/etc/*x", "/etc/", false, false},
        {"*/b*", "a/cb/b", true, false},
        {"a?c", "a/c", true, false},
        {"a?c", "abc", true, true},
        {"?", "\xE6\xB0\xB7", true, true},
        {"??", "\xE6\xB0\xB7", false, false},
        {"[a-c]x", "bx", true, true},
        {"[a-c]x", "dx", false, false},
        {"[!a-c]x", "dx", true, true},
        {"[^a-c]x", "bx", false, false},
        {"[]]", "]", true, true},
        {"[]a", "[]a", true, true},
        {"[a-]", "-", true, true},
        {"[.-0]", "/", true, false},
        {"[\xE3\x81\x81-\xE3\x82\x93]", "\xE3\x81\xB2", true, true},
        {"\\*", "*", true, true},
        {"\\*", "a", false, false},
        {"[\\]]", "]", true, true},
        {"a\\", "a\\", true, true},
        {"[", "[", true, true},
        {"[a", "[a", true, true},
        {"a*", "b", false, false},
        {"**", "ab", true, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        NOTE("'%s' on '%s'", rows[i].pattern, rows[i].text);
        CHECK_INT(hn_glob_match(hn_str_c(rows[i].pattern), hn_str_c(rows[i].text), false), rows[i].plain);
        CHECK_INT(hn_glob_match(hn_str_c(rows[i].pattern), hn_str_c(rows[i].text), true), rows[i].path);
    }
}

TEST(a_hostile_glob_ends)
{
    static char pattern[100001], text[100001];

    memset(text, 'a', sizeof text - 1);
    for (size_t i = 0; i + 1 < sizeof pattern; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[sizeof pattern - 2] = 'b';
    CHECK(!hn_glob_match(hn_str_c(pattern), hn_str_c(text), false));
    memset(pattern, 'a', 50000);
    pattern[0] = '*';
    CHECK(!hn_glob_match(hn_str_c(pattern), hn_str_c(text), true));
}

/* File names are bytes; with ASan every byte too far is seen. */
TEST(globs_take_bytes_that_are_no_text)
{
    static const char *const names[] = {"\xf0", "a\xc3", "\xe3\x81", "\xff\xfe", "\x80", "a\xf0\x9f"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        char *exact = hn_alloc(n);
        CHECK(exact != NULL);
        memcpy(exact, names[i], n);
        struct hn_str s = {exact, n};
        NOTE("name %zu", i);
        bool star = hn_glob_match(HN_STR("*"), s, true), self = hn_glob_match(s, s, true);
        bool other = hn_glob_match(HN_STR("a"), s, true), set = hn_glob_match(s, HN_STR("[x"), true);
        bool longer = hn_glob_match(HN_STR("?????"), s, true);
        hn_free(exact);
        CHECK(star);
        CHECK(self);
        CHECK(!other && !set && !longer);
    }
}
