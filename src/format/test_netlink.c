#include "hn_test.h"

#include "format/netlink.h"

/* Header (length, type, flags, sequence, port) and attributes as a little-endian kernel writes them; the test is for
 * such. */
static const uint8_t two[] = {
    28, 0, 0, 0,    16,  0,   2, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* 28 bytes, type 16 */
    7,  0, 1, 0,    'l', 'o', 0, 0,                         /* attribute 1 = "lo\0", one byte of padding */
    4,  0, 2, 0x80,                                         /* attribute 2, nested, empty */
    16, 0, 0, 0,    17,  0,   0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* no body, type 17 */
};

TEST(messages_and_attributes)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    struct hn_nl_attr a;
    if (hn_nl_u16(hn_bytes_of("\1\0", 2)) != 1)
        SKIP("big-endian");
    hn_cur_init(&c, hn_bytes_of(two, sizeof two), 100);
    CHECK(hn_nl_next(&c, &m));
    CHECK_UINT(m.type, 16);
    CHECK_BYTES(hn_nl_text(hn_nl_find(&m.body, 1)), hn_bytes_of("lo", 2));
    CHECK(hn_nl_attr(&m.body, &a));
    CHECK(hn_nl_attr(&m.body, &a));
    CHECK_UINT(a.type, 2);
    CHECK(!hn_nl_attr(&m.body, &a));
    CHECK(!hn_cur_bad(&m.body));
    CHECK(hn_nl_next(&c, &m));
    CHECK_UINT(m.type, 17);
    CHECK(!hn_nl_next(&c, &m));
    CHECK(!hn_cur_bad(&c));
}

TEST(every_cut_ends_without_reading_beyond)
{
    for (size_t n = 0; n < sizeof two; n++) {
        uint8_t *copy = hn_alloc(n ? n : 1);
        struct hn_cur c;
        struct hn_nl_msg m;
        struct hn_nl_attr a;
        size_t messages = 0;
        if (!copy)
            return;
        memcpy(copy, two, n);
        hn_cur_init(&c, hn_bytes_of(copy, n), 100);
        while (hn_nl_next(&c, &m)) {
            messages++;
            while (hn_nl_attr(&m.body, &a))
                ;
        }
        bool orderly = n == 0 || n == 28;
        bool told = hn_cur_bad(&c);
        hn_free(copy);
        CHECK(messages <= 1);
        CHECK(orderly || told);
    }
}

TEST(lengths_that_lie)
{
    static const uint8_t shorter[] = {8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t attr[] = {2, 0, 1, 0, 9, 9, 9, 9};
    struct hn_cur c;
    struct hn_nl_msg m;
    struct hn_nl_attr a;
    hn_cur_init(&c, hn_bytes_of(shorter, sizeof shorter), 100);
    CHECK(!hn_nl_next(&c, &m));
    CHECK(hn_cur_bad(&c));
    c = hn_nl_nested(hn_bytes_of(attr, sizeof attr));
    CHECK(!hn_nl_attr(&c, &a));
    CHECK(hn_cur_bad(&c));
}
