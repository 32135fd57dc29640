/* Time is UTC nanoseconds since 1970 in one type. Local time only when shown. */
#pragma once

#include "base/bytes.h"

typedef int64_t hn_time; /* 0 = unknown */

#define HN_SECOND INT64_C(1000000000)
#define HN_MINUTE (60 * HN_SECOND)
#define HN_HOUR   (60 * HN_MINUTE)
#define HN_DAY    (24 * HN_HOUR)

#define HN_TIME_TEXT 40
hn_time hn_now(void); /* CLOCK_REALTIME; HINOMI_NOW (RFC 3339) overrides it, for tests and replay */
hn_time hn_monotonic(void);
/* RFC 3339 in UTC ("2026-11-22T05:00:00Z", with a fraction only when there is one). Gives out. */
const char *hn_time_text(hn_time t, char out[HN_TIME_TEXT]);
/* RFC 3339 with any offset; a date alone is midnight UTC. */
bool hn_time_parse(struct hn_str s, hn_time *ret);
/* RFC 5322/2822 as in apt Release files ("Sat, 22 Nov 2026 05:00:00 UTC"). */
bool hn_time_parse_rfc2822(struct hn_str s, hn_time *ret);
hn_time hn_time_from_date(int year, int month, int day);
