#include "hn_test.h"

#include <float.h>
#include <math.h>

#include "base/json.h"

TEST(commas_and_nesting_are_kept_by_the_writer)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 1000);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "a", "x");
    hn_jw_kint(&w, "b", -5);
    hn_jw_key(&w, "c");
    hn_jw_arr(&w);
    hn_jw_arr_end(&w);
    hn_jw_key(&w, "d");
    hn_jw_arr(&w);
    hn_jw_obj(&w);
    hn_jw_obj_end(&w);
    hn_jw_bool(&w, true);
    hn_jw_null(&w);
    hn_jw_arr_end(&w);
    hn_jw_kbool(&w, "e", false);
    hn_jw_knum(&w, "f", 0.5);
    hn_jw_kc(&w, "g", NULL);
    hn_jw_ktime(&w, "h", 0);
    hn_jw_ktime(&w, "i", HN_SECOND);
    hn_jw_key_str(&w, HN_STR("j\n"));
    hn_jw_raw(&w, HN_STR("[1]"));
    hn_jw_kstr(&w, "k", HN_STR(""));
    hn_jw_obj_end(&w);
    CHECK_OK(hn_buf_err(&b));
    CHECK_TEXT(hn_buf_text(&b), "{\"a\":\"x\",\"b\":-5,\"c\":[],\"d\":[{},true,null],\"e\":false,\"f\":0.5,\"g\":null,"
                                "\"h\":null,\"i\":\"1970-01-01T00:00:01Z\",\"j\\n\":[1],\"k\":\"\"}");
}

static void check_str(struct hn_str in, const char *want)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 1000);
    hn_jw_init(&w, &b);
    hn_jw_str(&w, in);
    CHECK_OK(hn_buf_err(&b));
    CHECK_TEXT(hn_buf_text(&b), want);
}

TEST(what_must_be_escaped_is)
{
    check_str(HN_STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    check_str(HN_STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    check_str(HN_STR("\x01\x1F\x7F\x1B[2J"), "\"\\u0001\\u001f\\u007f\\u001b[2J\"");
    check_str(HN_STR("\xE6\xB0\xB7\xE8\xA6\x8B \xF0\x9F\x94\x92"), "\"\xE6\xB0\xB7\xE8\xA6\x8B \xF0\x9F\x94\x92\"");
    check_str((struct hn_str){NULL, 0}, "\"\"");
    check_str(HN_STR("0123456789abcdef0123456789abcdef\"0123456789abcdef\n"),
              "\"0123456789abcdef0123456789abcdef\\\"0123456789abcdef\\n\"");
}

/* The scanner works on blocks: what must be escaped is found at every distance from start and end. */
TEST(strings_of_every_length)
{
    static const uint8_t specials[] = {0x01, 0x1F, 0x7F, '"', '\\'};
    static const char *const escaped[] = {"\\u0001", "\\u001f", "\\u007f", "\\\"", "\\\\"};
    char in[64], want[80];

    for (size_t n = 1; n < 50; n++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < sizeof specials; k++) {
                memset(in, i % 2 ? 'a' : '~', n);
                memcpy(in + (i > 2 ? 0 : n), "\xC3\xA9", 2); /* beyond ASCII is no reason */
                snprintf(want, sizeof want, "\"%.*s%s%.*s\"", (int)i, in, escaped[k], (int)(n - i - 1), in + i + 1);
                in[i] = (char)specials[k];
                check_str((struct hn_str){in, n}, want);
                STOP_IF_FAILED();
            }
        }
    }
}

TEST(a_string_fits_a_buffer_of_exactly_its_size)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 5);
    hn_jw_init(&w, &b);
    hn_jw_str(&w, HN_STR("abc"));
    CHECK_OK(hn_buf_err(&b));
    CHECK_TEXT(hn_buf_text(&b), "\"abc\"");
    hn_buf_clear(&b);
    hn_jw_str(&w, HN_STR("ab\n"));
    CHECK_ERR(hn_buf_err(&b), NOMEM);
}

static void check_num(double v, const char *want)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 1000);
    hn_jw_init(&w, &b);
    hn_jw_num(&w, v);
    CHECK_OK(hn_buf_err(&b));
    CHECK_TEXT(hn_buf_text(&b), want);
}

TEST(numbers_take_their_shortest_form)
{
    check_num(0, "0");
    check_num(-0.0, "-0.0");
    check_num(3, "3");
    check_num(-1e14, "-100000000000000");
    check_num(0.1, "0.1");
    check_num(1.0 / 3, "0.3333333333333333");
    check_num(DBL_MAX, "1.7976931348623157e+308");
    check_num(5e-324, "4.94065645841247e-324");
    check_num(1e22, "1e+22");
    check_num((double)NAN, "null");
    check_num((double)INFINITY, "null");
    check_num(-(double)INFINITY, "null");
}

TEST(random_numbers_read_back_equal)
{
    uint64_t bits = 1;

    for (unsigned i = 0; i < 20000; i++) {
        HN_AUTO(hn_buf_done) struct hn_buf b;
        struct hn_jw w;
        double v;
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v))
            continue;
        hn_buf_init(&b, 100);
        hn_jw_init(&w, &b);
        hn_jw_num(&w, v);
        CHECK(b.p);
        hn_buf_chr(&b, '\0');
        CHECK_NUM(strtod(b.p, NULL), v);
    }
}

TEST(integers_reach_both_ends)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 1000);
    hn_jw_init(&w, &b);
    hn_jw_arr(&w);
    hn_jw_int(&w, INT64_MIN);
    hn_jw_int(&w, INT64_MAX);
    hn_jw_int(&w, 0);
    hn_jw_arr_end(&w);
    CHECK_TEXT(hn_buf_text(&b), "[-9223372036854775808,9223372036854775807,0]");
}

TEST(too_deep_makes_the_buffer_bad_and_nothing_worse)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 10000);
    hn_jw_init(&w, &b);
    for (unsigned i = 0; i < HN_JW_DEPTH; i++)
        hn_jw_arr(&w);
    CHECK_OK(hn_buf_err(&b));
    for (unsigned i = 0; i < 100; i++) {
        hn_jw_arr(&w);
        hn_jw_obj(&w);
        hn_jw_key(&w, "k");
    }
    hn_jw_int(&w, 1);
    for (unsigned i = 0; i < 100; i++) {
        hn_jw_obj_end(&w);
        hn_jw_arr_end(&w);
    }
    for (unsigned i = 0; i < HN_JW_DEPTH; i++)
        hn_jw_arr_end(&w);
    CHECK_ERR(hn_buf_err(&b), NOMEM);
}

/* Misuse aborts; each in a grandchild, so that the case goes on. */
static void check_aborts(void (*misuse)(struct hn_jw *))
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct hn_buf b;
        struct hn_jw w;
        fclose(stderr);
        hn_buf_init(&b, 1000);
        hn_jw_init(&w, &b);
        misuse(&w);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void key_outside(struct hn_jw *w)
{
    hn_jw_key(w, "a");
}

static void key_in_array(struct hn_jw *w)
{
    hn_jw_arr(w);
    hn_jw_key(w, "a");
}

static void value_without_key(struct hn_jw *w)
{
    hn_jw_obj(w);
    hn_jw_int(w, 1);
}

static void wrong_end(struct hn_jw *w)
{
    hn_jw_obj(w);
    hn_jw_arr_end(w);
}

static void key_without_value(struct hn_jw *w)
{
    hn_jw_obj(w);
    hn_jw_key(w, "a");
    hn_jw_obj_end(w);
}

TEST(misuse_is_a_wrong_program)
{
    check_aborts(key_outside);
    check_aborts(key_in_array);
    check_aborts(value_without_key);
    check_aborts(wrong_end);
    check_aborts(key_without_value);
}
