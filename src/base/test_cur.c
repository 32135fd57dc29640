#include "hn_test.h"

#include "base/cur.h"

static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct hn_cur cur(size_t n)
{
    struct hn_cur c;

    hn_cur_init(&c, hn_bytes_of(data, n), 100);
    return c;
}

TEST(integers_are_assembled_in_both_orders)
{
    struct hn_cur c = cur(16);

    CHECK_UINT(hn_cur_u8(&c), 1);
    CHECK_UINT(hn_cur_be16(&c), 0x0203);
    CHECK_UINT(hn_cur_le16(&c), 0x0504);
    CHECK_UINT(hn_cur_be32(&c), 0x06070809);
    CHECK_UINT(hn_cur_le32(&c), 0x0D0C0B0A);
    c = cur(16);
    CHECK_UINT(hn_cur_be64(&c), UINT64_C(0x0102030405060708));
    CHECK_UINT(hn_cur_le64(&c), UINT64_C(0x100F0E0D0C0B0A09));
    CHECK_UINT(hn_cur_left(&c), 0);
    CHECK(!hn_cur_bad(&c));
}

TEST(a_read_beyond_the_end_sticks)
{
    struct hn_cur c = cur(3);

    CHECK_UINT(hn_cur_be16(&c), 0x0102);
    CHECK_UINT(hn_cur_be16(&c), 0);
    CHECK(hn_cur_bad(&c));
    CHECK_UINT(c.bad_at, 2);
    CHECK_UINT(hn_cur_u8(&c), 0); /* although one byte had been there */
    CHECK_UINT(hn_cur_left(&c), 0);
    CHECK_UINT(hn_cur_take(&c, 1).n, 0);
    CHECK(!hn_cur_work(&c));
    CHECK_UINT(c.bad_at, 2);
    CHECK_C(c.bad, "cut short");
}

TEST(each_width_notices_each_shortage)
{
    for (size_t n = 0; n < 8; n++) {
        struct hn_cur c8 = cur(n), c4 = c8, c2 = c8, c1 = c8, l8 = c8, l4 = c8, l2 = c8;
        hn_cur_be64(&c8);
        hn_cur_be32(&c4);
        hn_cur_be16(&c2);
        hn_cur_u8(&c1);
        hn_cur_le64(&l8);
        hn_cur_le32(&l4);
        hn_cur_le16(&l2);
        NOTE("%zu bytes", n);
        CHECK_INT(hn_cur_bad(&c8), n < 8);
        CHECK_INT(hn_cur_bad(&l8), n < 8);
        CHECK_INT(hn_cur_bad(&c4), n < 4);
        CHECK_INT(hn_cur_bad(&l4), n < 4);
        CHECK_INT(hn_cur_bad(&c2), n < 2);
        CHECK_INT(hn_cur_bad(&l2), n < 2);
        CHECK_INT(hn_cur_bad(&c1), n < 1);
    }
}

TEST(lengths_near_the_end_of_the_number_range_do_not_wrap)
{
    struct hn_cur c = cur(16);

    hn_cur_skip(&c, 5);
    CHECK_UINT(hn_cur_take(&c, SIZE_MAX).n, 0);
    CHECK(hn_cur_bad(&c));
    c = cur(16);
    hn_cur_skip(&c, 5);
    hn_cur_skip(&c, SIZE_MAX - 4);
    CHECK(hn_cur_bad(&c));
    c = cur(16);
    CHECK(!hn_cur_need(&c, 17));
}

TEST(a_child_cannot_leave_its_parent)
{
    struct hn_cur c = cur(16);

    hn_cur_skip(&c, 2);
    struct hn_cur sub = hn_cur_sub(&c, 4);
    CHECK_UINT(hn_cur_be32(&sub), 0x03040506);
    CHECK_UINT(hn_cur_u8(&sub), 0);
    CHECK(hn_cur_bad(&sub) && !hn_cur_bad(&c));
    CHECK_UINT(hn_cur_u8(&c), 7);
    sub = hn_cur_sub(&c, 10);
    CHECK(hn_cur_bad(&sub) && hn_cur_bad(&c));
    CHECK_UINT(hn_cur_left(&sub), 0);
    sub = hn_cur_sub(&c, 0); /* of a failed parent */
    CHECK(hn_cur_bad(&sub));
}

TEST(work_is_bounded)
{
    struct hn_cur c;
    unsigned n = 0;

    hn_cur_init(&c, hn_bytes_of(data, 16), 3);
    while (hn_cur_work(&c))
        n++;
    CHECK_UINT(n, 3);
    CHECK_C(c.bad, "too much work");
}

TEST(the_first_reason_is_kept)
{
    struct hn_cur c = cur(4);

    hn_cur_skip(&c, 1);
    hn_cur_fail(&c, "wrong magic");
    hn_cur_skip(&c, 9);
    CHECK_C(c.bad, "wrong magic");
    CHECK_UINT(c.bad_at, 1);
}

TEST(an_empty_input_is_no_failure_until_read)
{
    struct hn_cur c;

    hn_cur_init(&c, (struct hn_bytes){NULL, 0}, 0);
    CHECK_UINT(hn_cur_take(&c, 0).n, 0);
    struct hn_cur sub = hn_cur_sub(&c, 0);
    CHECK(!hn_cur_bad(&c) && !hn_cur_bad(&sub));
    CHECK_UINT(hn_cur_u8(&c), 0);
    CHECK(hn_cur_bad(&c));
}
