#include "hn_test.h"

#include "base/buf.h"
#include "base/str.h"
#include "format/deb822.h"

struct seen {
    struct hn_buf text; /* paragraphs, each ended by '|' */
    size_t n, bad;
    uint64_t last;
};

static void each(void *arg, struct hn_bytes b, uint64_t offset)
{
    struct seen *s = arg;
    hn_buf_add(&s->text, b.p, b.n);
    hn_buf_chr(&s->text, '|');
    s->n++;
    s->last = offset;
}

static void bad(void *arg, uint64_t offset, const char *why)
{
    struct seen *s = arg;
    s->bad++;
    s->last = offset;
}

/* Feeds text in pieces of `step` bytes. */
static void feed(struct seen *s, const char *text, size_t step, size_t cap)
{
    struct hn_arena a;
    struct hn_deb822 d;
    hn_arena_init(&a, 1u << 20);
    hn_buf_init(&s->text, 1u << 20);
    if (!hn_deb822_init(&d, &a, cap, each, bad, s)) {
        hn_arena_done(&a);
        return;
    }
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i += step) {
        /* an exact copy, so that one byte too far is seen by the sanitizer */
        size_t len = n - i < step ? n - i : step;
        uint8_t *copy = hn_alloc(len);
        if (!copy)
            break;
        memcpy(copy, text + i, len);
        hn_deb822_feed(&d, hn_bytes_of(copy, len));
        hn_free(copy);
    }
    hn_deb822_end(&d);
    hn_arena_done(&a);
}

TEST(paragraphs_do_not_depend_on_the_pieces)
{
    const char *text = "\n\nA: 1\nB: 2\n\n\nC: 3\n\nD: 4\n more\n\n\n\nE: 5";
    for (size_t step = 1; step < 50; step++) {
        struct seen s = {.n = 0};
        feed(&s, text, step, 4096);
        struct hn_buf t;
        hn_buf_init(&t, 4096);
        /* white space at the ends aside */
        for (size_t i = 0; i < s.text.n; i++) {
            if (s.text.p[i] != '\n')
                hn_buf_chr(&t, s.text.p[i]);
        }
        CHECK_TEXT(hn_buf_text(&t), "A: 1B: 2|C: 3|D: 4 more|E: 5|");
        CHECK_UINT(s.n, 4);
        CHECK_UINT(s.bad, 0);
        hn_buf_done(&t);
        hn_buf_done(&s.text);
    }
}

TEST(a_paragraph_that_is_too_long_is_told_and_skipped)
{
    for (size_t step = 1; step < 40; step++) {
        struct seen s = {.n = 0};
        feed(&s, "A: 1\n\nLong: 0123456789012345678901234567890\n\nB: 2\n", step, 16);
        CHECK_UINT(s.n, 2);
        CHECK_UINT(s.bad, 1);
        CHECK(hn_str_find(hn_buf_text(&s.text), HN_STR("B: 2")) >= 0);
        CHECK(hn_str_find(hn_buf_text(&s.text), HN_STR("Long")) < 0);
        hn_buf_done(&s.text);
    }
}

TEST(fields_with_their_continuations)
{
    struct hn_bytes rest = hn_str_bytes(HN_STR("Package: foo\nno field\n# comment\nDescription: short\n long one\n .\n"
                                               " end\nEmpty:\n: nothing\nX-Y :  blanks  \n")),
                    name, value;
    const char *why = NULL;
    CHECK(hn_deb822_field(&rest, &name, &value, &why));
    CHECK(hn_deb822_is(name, "package"));
    CHECK_BYTES(value, hn_str_bytes(HN_STR("foo")));
    CHECK(why == NULL);
    CHECK(hn_deb822_field(&rest, &name, &value, &why));
    CHECK(why != NULL);
    CHECK(hn_deb822_is(name, "Description"));
    CHECK_BYTES(value, hn_str_bytes(HN_STR("short\n long one\n .\n end")));
    CHECK(hn_deb822_field(&rest, &name, &value, &why));
    CHECK_UINT(value.n, 0);
    CHECK(hn_deb822_field(&rest, &name, &value, &why));
    CHECK(hn_deb822_is(name, "X-Y"));
    CHECK_BYTES(value, hn_str_bytes(HN_STR("blanks")));
    CHECK(!hn_deb822_field(&rest, &name, &value, &why));
}

TEST(source_with_and_without_version)
{
    struct hn_bytes name, version;
    hn_deb822_source(hn_str_bytes(HN_STR("dash (0.5.12-2)")), &name, &version);
    CHECK_BYTES(name, hn_str_bytes(HN_STR("dash")));
    CHECK_BYTES(version, hn_str_bytes(HN_STR("0.5.12-2")));
    hn_deb822_source(hn_str_bytes(HN_STR("openssl")), &name, &version);
    CHECK_BYTES(name, hn_str_bytes(HN_STR("openssl")));
    CHECK_UINT(version.n, 0);
    hn_deb822_source(hn_str_bytes(HN_STR("x (1.0")), &name, &version);
    CHECK_BYTES(version, hn_str_bytes(HN_STR("1.0")));
    hn_deb822_source((struct hn_bytes){0}, &name, &version);
    CHECK_UINT(name.n, 0);
}
