#include "hn_test.h"

#include "base/arena.h"
#include "base/buf.h"

TEST(the_chosen_allocation_fails_once)
{
    unsigned long before = hn_alloc_fail_at(2);
    void *a = hn_alloc(8), *b = hn_alloc_zero(8), *c = hn_alloc(0);
    bool as_told = a && !b && c;

    hn_free(a);
    hn_free(b);
    hn_free(c);
    CHECK(as_told);
    CHECK_UINT(hn_alloc_count() - before, 3);
}

TEST(a_failed_realloc_keeps_the_old_block)
{
    char *p = hn_alloc(4);
    CHECK(p);
    memcpy(p, "abc", 4);
    hn_alloc_fail_at(1);
    char *q = hn_realloc(p, 1 << 20);
    bool kept = !q && memcmp(p, "abc", 4) == 0;
    hn_free(q ? q : p);
    CHECK(kept);
}

TEST(an_arena_hands_out_zeroed_aligned_memory_up_to_its_cap)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 100000);

    size_t got = 0;
    for (size_t n = 0; n < 200; n++) {
        uint8_t *p = hn_arena_alloc(&a, n);
        CHECK(p);
        CHECK_UINT((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            CHECK_UINT(p[i], 0);
        memset(p, 0xAA, n);
        got += n;
    }
    CHECK(a.used >= got && a.used <= 100000);
    CHECK(!hn_arena_alloc(&a, 100000 - a.used + 1));
    CHECK(a.failed);
    hn_arena_clear(&a);
    CHECK(!a.failed);
    uint8_t *p = hn_arena_alloc(&a, 99000);
    CHECK(p);
    CHECK_UINT(p[0] | p[98999], 0);
}

TEST(many_empty_pieces_do_not_escape_the_cap)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1600);

    unsigned n = 0;
    while (n < 1000 && hn_arena_alloc(&a, 0))
        n++;
    CHECK_UINT(n, 100);
}

TEST(an_arena_refuses_sizes_that_would_wrap)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, SIZE_MAX);

    CHECK(hn_arena_alloc(&a, 1));
    CHECK(!hn_arena_alloc(&a, SIZE_MAX));
    CHECK(!hn_arena_alloc(&a, SIZE_MAX - 15));
    CHECK(!hn_arena_alloc(&a, SIZE_MAX - 100));
    struct hn_arena none = {0};
    CHECK(!hn_arena_alloc(&none, 1));
}

TEST(arena_text_ends_in_nul)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1000);

    struct hn_str s = hn_arena_str(&a, HN_STR("abc"));
    CHECK_TEXT(s, "abc");
    CHECK_INT(s.p[3], 0);
    CHECK_C(hn_arena_cstr(&a, HN_STR("")), "");
    CHECK_TEXT(hn_arena_fmt(&a, "%d-%s", 7, "x"), "7-x");
    CHECK_TEXT(hn_arena_fmt(&a, "%2000d", 7), "");
    CHECK(a.failed);
}

TEST(a_buffer_grows_to_its_maximum_and_then_refuses)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 10);

    hn_buf_c(&b, "12345");
    hn_buf_fmt(&b, "%s", "67890");
    CHECK_TEXT(hn_buf_text(&b), "1234567890");
    CHECK_OK(hn_buf_err(&b));
    hn_buf_chr(&b, 'x');
    CHECK_ERR(hn_buf_err(&b), NOMEM);
    CHECK_UINT(b.n, 10);
    hn_buf_drop(&b, 4);
    CHECK_TEXT(hn_buf_text(&b), "567890");
    hn_buf_chr(&b, 'x'); /* sticky, although there is room again */
    CHECK_TEXT(hn_buf_text(&b), "567890");
    hn_buf_clear(&b);
    hn_buf_chr(&b, 'y');
    CHECK_TEXT(hn_buf_text(&b), "y");
}

TEST(long_formatted_text_goes_in_whole_or_not_at_all)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 1000);

    hn_buf_fmt(&b, "%0*d", 700, 1);
    CHECK_OK(hn_buf_err(&b));
    CHECK_UINT(b.n, 700);
    hn_buf_fmt(&b, "%0*d", 301, 1);
    CHECK_UINT(b.n, 700);
    CHECK(b.bad);
}

TEST(an_empty_buffer_is_empty_text)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    hn_buf_init(&b, 0);

    hn_buf_add(&b, NULL, 0);
    hn_buf_drop(&b, 3);
    CHECK_TEXT(hn_buf_text(&b), "");
    CHECK_OK(hn_buf_err(&b));
}
