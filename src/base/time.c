#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"

static hn_time clock_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (hn_time)ts.tv_sec * HN_SECOND + ts.tv_nsec;
}

hn_time hn_now(void)
{
    const char *fixed = getenv("HINOMI_NOW");
    hn_time t;

    if (fixed && hn_time_parse(hn_str_c(fixed), &t))
        return t;
    return clock_ns(CLOCK_REALTIME);
}

hn_time hn_monotonic(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap day is the
 * last of its year; 719468 days lie between 0000-03-01 and 1970-01-01. */
static int64_t days_from_date(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_from_days(int64_t days, int *y, int *m, int *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 = March */

    *d = (int)(of_year - (153 * month + 2) / 5 + 1);
    *m = (int)(month < 10 ? month + 3 : month - 9);
    *y = (int)(year + era * 400 + (*m <= 2));
}

static bool date_valid(int y, int m, int d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (y < 0 || y > 9999 || m < 1 || m > 12 || d < 1)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d <= days[m - 1] + (m == 2 && leap);
}

/* What a nanosecond count in 64 bits can say: 1677-09-21 to 2262-04-11. */
static bool to_ns(int64_t seconds, int64_t ns, hn_time *ret)
{
    int64_t v;

    if (seconds < 0 && ns > 0) { /* so that the intermediate product is not beyond the range when the sum is not */
        seconds++;
        ns -= HN_SECOND;
    }
    if (__builtin_mul_overflow(seconds, HN_SECOND, &v) || __builtin_add_overflow(v, ns, &v))
        return false;
    *ret = v;
    return true;
}

hn_time hn_time_from_date(int year, int month, int day)
{
    hn_time t;

    if (!date_valid(year, month, day) || !to_ns(days_from_date(year, month, day) * 86400, 0, &t))
        return 0;
    return t;
}

const char *hn_time_text(hn_time t, char out[HN_TIME_TEXT])
{
    int64_t seconds = t / HN_SECOND, ns = t % HN_SECOND;
    int y, m, d;

    if (ns < 0) {
        ns += HN_SECOND;
        seconds--;
    }
    int64_t days = seconds / 86400, of_day = seconds % 86400;
    if (of_day < 0) {
        of_day += 86400;
        days--;
    }
    date_from_days(days, &y, &m, &d);
    int n = snprintf(out, HN_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d, (int)(of_day / 3600),
                     (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (ns) {
        n += snprintf(out + n, (size_t)(HN_TIME_TEXT - n), ".%09d", (int)ns);
        while (out[n - 1] == '0')
            n--;
    }
    out[n] = 'Z';
    out[n + 1] = '\0';
    return out;
}

/* Takes between least and most digits. */
static bool take_digits(struct hn_str *s, size_t least, size_t most, int *ret)
{
    size_t n = 0;
    uint64_t v;

    while (n < s->n && n < most && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (n < least || !hn_str_u64(hn_str_cut(*s, 0, n), 10, &v))
        return false;
    *ret = (int)v;
    *s = hn_str_cut(*s, n, s->n);
    return true;
}

static bool take_chr(struct hn_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = hn_str_cut(*s, 1, s->n);
    return true;
}

/* ".123…": digits beyond nanoseconds are dropped. */
static bool take_fraction(struct hn_str *s, int64_t *ret)
{
    int64_t unit = HN_SECOND / 10, v = 0;
    size_t n = 0;

    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
        v += (s->p[n] - '0') * unit;
        unit /= 10;
    }
    *ret = v;
    *s = hn_str_cut(*s, n, s->n);
    return n > 0;
}

/* "+09:00" with the colon wanted (RFC 3339) or without it (RFC 5322); seconds east of UTC. */
static bool take_offset(struct hn_str *s, bool colon, int *ret)
{
    int sign = take_chr(s, '-') ? -1 : take_chr(s, '+') ? 1 : 0, h, m;

    if (!sign || !take_digits(s, 2, 2, &h) || (colon && !take_chr(s, ':')) || !take_digits(s, 2, 2, &m) || h > 23 ||
        m > 59)
        return false;
    *ret = sign * (h * 3600 + m * 60);
    return true;
}

/* second 60 is a leap second (RFC 3339 §5.7): counted as the first of the next minute, as POSIX time does */
static bool clock_valid(int hour, int minute, int second)
{
    return hour <= 23 && minute <= 59 && second <= 60;
}

bool hn_time_parse(struct hn_str s, hn_time *ret)
{
    int y, m, d, hour, minute, second, east = 0;
    int64_t ns = 0;

    if (!take_digits(&s, 4, 4, &y) || !take_chr(&s, '-') || !take_digits(&s, 2, 2, &m) || !take_chr(&s, '-') ||
        !take_digits(&s, 2, 2, &d) || !date_valid(y, m, d))
        return false;
    int64_t seconds = days_from_date(y, m, d) * 86400;
    if (s.n == 0)
        return to_ns(seconds, 0, ret);
    if (!take_chr(&s, 'T') && !take_chr(&s, 't') && !take_chr(&s, ' '))
        return false;
    if (!take_digits(&s, 2, 2, &hour) || !take_chr(&s, ':') || !take_digits(&s, 2, 2, &minute) || !take_chr(&s, ':') ||
        !take_digits(&s, 2, 2, &second) || !clock_valid(hour, minute, second))
        return false;
    if (take_chr(&s, '.') && !take_fraction(&s, &ns))
        return false;
    if (!take_chr(&s, 'Z') && !take_chr(&s, 'z') && !take_offset(&s, true, &east))
        return false;
    seconds += hour * 3600 + minute * 60 + second - east;
    return s.n == 0 && to_ns(seconds, ns, ret);
}

static bool take_month(struct hn_str *s, int *ret)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (s->n >= 3 && memcmp(s->p, names + (ptrdiff_t)3 * i, 3) == 0) {
            *ret = i + 1;
            *s = hn_str_cut(*s, 3, s->n);
            return true;
        }
    }
    return false;
}

/* RFC 5322 §3.3 and the zone names of §4.3 that still occur. */
static bool zone_parse(struct hn_str s, int *ret)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"UTC", 0},  {"GMT", 0},  {"UT", 0},   {"Z", 0},    {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};

    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (hn_str_eqc(s, zones[i].name)) {
            *ret = zones[i].hours * 3600;
            return true;
        }
    }
    return take_offset(&s, false, ret) && s.n == 0;
}

bool hn_time_parse_rfc2822(struct hn_str s, hn_time *ret)
{
    struct hn_str word = {NULL, 0};
    int y, m, d, hour, minute, second = 0, east;

    s = hn_str_trim(s);
    ptrdiff_t comma = hn_str_chr(s, ',');
    if (comma >= 0) /* the name of the day says nothing new */
        s = hn_str_cut(s, (size_t)comma + 1, s.n);
    if (!hn_str_word(&s, &word) || !take_digits(&word, 1, 2, &d) || word.n)
        return false;
    if (!hn_str_word(&s, &word) || !take_month(&word, &m) || word.n)
        return false;
    if (!hn_str_word(&s, &word) || !take_digits(&word, 4, 4, &y) || word.n || !date_valid(y, m, d))
        return false;
    if (!hn_str_word(&s, &word) || !take_digits(&word, 1, 2, &hour) || !take_chr(&word, ':') ||
        !take_digits(&word, 2, 2, &minute))
        return false;
    if (word.n && (!take_chr(&word, ':') || !take_digits(&word, 2, 2, &second) || word.n))
        return false;
    if (!clock_valid(hour, minute, second) || !hn_str_word(&s, &word) || !zone_parse(word, &east))
        return false;
    if (hn_str_word(&s, &word) && word.p[0] != '(') /* a comment may follow */
        return false;
    return to_ns(days_from_date(y, m, d) * 86400 + hour * 3600 + minute * 60 + second - east, 0, ret);
}
