#include "hn_test.h"

#include "base/base64.h"

static const char *const pairs[][2] = {/* RFC 4648, section 10 */
                                       {"f", "Zg"},        {"fo", "Zm8"},        {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};

TEST(base64_gives_the_published_values_both_ways)
{
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[HN_BASE64_LEN(8)];
        uint8_t out[8];
        struct hn_str raw = {pairs[i][0], strlen(pairs[i][0])};
        hn_base64_encode(hn_str_bytes(raw), text);
        CHECK_C(text, pairs[i][1]);
        CHECK_INT((int64_t)hn_base64_decode((struct hn_str){pairs[i][1], strlen(pairs[i][1])}, out, 8), (int64_t)raw.n);
        CHECK_BYTES(hn_bytes_of(out, raw.n), hn_str_bytes(raw));
    }
}

TEST(base64_skips_white_space_and_padding)
{
    uint8_t out[8];
    CHECK_INT((int64_t)hn_base64_decode(HN_STR("Zm9v\r\n YmE=\n"), out, 8), 5);
    CHECK_BYTES(hn_bytes_of(out, 5), hn_bytes_of("fooba", 5));
}

TEST(base64_refuses_other_characters_and_small_rooms)
{
    uint8_t out[4];
    CHECK_INT((int64_t)hn_base64_decode(HN_STR("Zm9v-w"), out, 4), 0);
    CHECK_INT((int64_t)hn_base64_decode(HN_STR("Zg==Zg"), out, 4), 0);
    CHECK_INT((int64_t)hn_base64_decode(HN_STR("Zm9vYmE"), out, 4), 0);
    CHECK_INT((int64_t)hn_base64_decode(HN_STR(""), out, 4), 0);
    CHECK_INT((int64_t)hn_base64_decode(HN_STR("===="), out, 4), 0);
}
