/* Texts, the stored form, explaining, another policy. */
#include "test_world.h"
TEST(kinds_of_fixes_are_read_as_written)
{
    enum hn_fix_kind k;
    for (unsigned i = HN_FIX_NONE; i <= HN_FIX_SETTING; i++) {
        CHECK(hn_fix_kind_parse(hn_str_c(hn_fix_kind_name((enum hn_fix_kind)i)), &k));
        CHECK_UINT(k, i);
    }
}
