#include "hn_test.h"

#include "base/str.h"
#include "base/time.h"

struct time_row {
    const char *text;
    hn_time t;
};

#define NOV22 (INT64_C(1795323600) * HN_SECOND) /* 2026-11-22T05:00:00Z, by date -u -d */

TEST(rfc3339_reads)
{
    static const struct time_row rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-22T05:00:00Z", NOV22},
        {"2026-11-22t05:00:00z", NOV22},
        {"2026-11-22 05:00:00Z", NOV22},
        {"2026-11-22T14:00:00+09:00", NOV22},
        {"2026-11-21T23:30:00-05:30", NOV22},
        {"2026-11-22T05:00:00.5Z", NOV22 + HN_SECOND / 2},
        {"2026-11-22T05:00:00.123456789Z", NOV22 + 123456789},
        {"2026-11-22T05:00:00.1234567899999Z", NOV22 + 123456789},
        {"2026-11-22", NOV22 - 5 * HN_HOUR},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800) * HN_SECOND},
        {"2000-02-29", INT64_C(951782400) * HN_SECOND},
        {"1969-12-31T23:59:59.75Z", -HN_SECOND / 4},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800) * HN_SECOND},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
        {"1677-09-21T00:12:43.145224192Z", INT64_MIN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hn_time t = 99;
        NOTE("%s", rows[i].text);
        CHECK(hn_time_parse(hn_str_c(rows[i].text), &t));
        CHECK_INT(t, rows[i].t);
    }
}

TEST(rfc3339_refuses)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-2",
        "2026-11-22T",
        "2026-11-22T05:00",
        "2026-11-22T05:00:00",
        "2026-11-22T05:00:00+0900",
        "2026-11-22T05:00:00+09:0",
        "2026-11-22T05:00:00+24:00",
        "2026-11-22T05:00:00+09:60",
        "2026-11-22T24:00:00Z",
        "2026-11-22T05:60:00Z",
        "2026-11-22T05:00:61Z",
        "2026-13-01",
        "2026-00-01",
        "2026-04-31",
        "2025-02-29",
        "1900-02-29",
        "2026-11-00",
        "2026-11-22T05:00:00.Z",
        "2026-11-22T05:00:00Zx",
        "2026-11-22x",
        "+2026-11-22",
        "2262-04-11T23:47:16.854775808Z",
        "1677-09-21T00:12:43.145224191Z",
        "9999-12-31T23:59:59Z",
        "0000-01-01",
        " 2026-11-22",
        "2026-1a-22",
    };
    hn_time t = 99;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        NOTE("%s", bad[i]);
        CHECK(!hn_time_parse(hn_str_c(bad[i]), &t));
    }
    CHECK_INT(t, 99);
}

TEST(text_reads_back_equal)
{
    static const hn_time times[] = {0,         1,         -1,        HN_SECOND, -HN_SECOND, NOV22,
                                    NOV22 + 1, INT64_MAX, INT64_MIN, -HN_DAY,   HN_DAY - 1, NOV22 + HN_SECOND / 10};
    char text[HN_TIME_TEXT];
    hn_time back;

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        NOTE("%" PRId64 " %s", times[i], hn_time_text(times[i], text));
        CHECK(hn_time_parse(hn_str_c(text), &back));
        CHECK_INT(back, times[i]);
    }
    CHECK_C(hn_time_text(NOV22, text), "2026-11-22T05:00:00Z");
    CHECK_C(hn_time_text(NOV22 + HN_SECOND / 10, text), "2026-11-22T05:00:00.1Z");
    CHECK_C(hn_time_text(-1, text), "1969-12-31T23:59:59.999999999Z");
}

TEST(every_day_of_the_range_reads_back)
{
    char text[HN_TIME_TEXT];
    hn_time back;

    for (int day = -106751; day <= 106751; day++) {
        hn_time t = day * HN_DAY;
        CHECK(hn_time_parse(hn_str_c(hn_time_text(t, text)), &back));
        CHECK_INT(back, t);
    }
}

TEST(rfc2822_reads_what_release_files_say)
{
    static const char *const good[] = {
        "Sun, 22 Nov 2026 05:00:00 UTC",   "Sun, 22 Nov 2026 05:00:00 +0000",       "22 Nov 2026 05:00:00 GMT",
        "Sun, 22 Nov 2026 14:00:00 +0900", " Sun,  22 Nov 2026 00:00:00 EST ",      "22 Nov 2026 05:00 Z",
        "Sun, 22 Nov 2026 5:00:00 UTC",    "Sun, 22 Nov 2026 05:00:00 +0000 (UTC)",
    };
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun, 22 Nov 2026",
        "Sun, 22 Nov 2026 05:00:00",
        "22 Now 2026 05:00:00 UTC",
        "31 Nov 2026 05:00:00 UTC",
        "22 Nov 26 05:00:00 UTC",
        "22 Nov 2026 25:00:00 UTC",
        "22 Nov 2026 05:00:00 +09:00",
        "22 Nov 2026 05:00:00 UTC x",
        "022 Nov 2026 05:00:00 UTC",
        "22 Nov 9999 05:00:00 UTC",
        "22 Nov 2026 05:00: UTC",
    };
    hn_time t;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        t = 99;
        NOTE("%s", good[i]);
        CHECK(hn_time_parse_rfc2822(hn_str_c(good[i]), &t));
        CHECK_INT(t, NOV22);
    }
    t = 99;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        NOTE("%s", bad[i]);
        CHECK(!hn_time_parse_rfc2822(hn_str_c(bad[i]), &t));
    }
    CHECK_INT(t, 99);
}

TEST(dates)
{
    CHECK_INT(hn_time_from_date(2026, 11, 22), NOV22 - 5 * HN_HOUR);
    CHECK_INT(hn_time_from_date(2025, 2, 29), 0);
    CHECK_INT(hn_time_from_date(2025, 0, 1), 0);
    CHECK_INT(hn_time_from_date(9999, 1, 1), 0);
}

TEST(now_can_be_fixed)
{
    setenv("HINOMI_NOW", "2026-11-22T05:00:00Z", 1);
    CHECK_INT(hn_now(), NOV22);
    setenv("HINOMI_NOW", "nonsense", 1);
    CHECK(hn_now() > INT64_C(1700000000) * HN_SECOND && hn_now() != NOV22);
    unsetenv("HINOMI_NOW");
    hn_time a = hn_now(), m = hn_monotonic();
    CHECK(hn_monotonic() >= m && hn_now() - a < HN_MINUTE);
}
