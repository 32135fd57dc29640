/* The shape of contacts in time. Robust figures only: medians, so that sleeps, bursts and lost contacts do not decide.
 */
#include <math.h>
#include <stdlib.h>

#include "modules/flow/flow_in.h"

#define LOCAL_LEAST 20u
#define TOGETHER    (HN_SECOND / 2) /* a page and its pictures, a retry at once: one contact */

static int by_time(const void *a, const void *b)
{
    hn_time x = *(const hn_time *)a, y = *(const hn_time *)b;
    return x < y ? -1 : x > y;
}

static hn_time median(hn_time *v, size_t n)
{
    qsort(v, n, sizeof *v, by_time);
    return v[n / 2];
}

/* Median absolute deviation over median of the sums of `of` consecutive intervals. */
static double dispersion(const hn_time *gaps, size_t n, unsigned of, hn_time *room, hn_time *ret_median)
{
    size_t m = 0;
    for (size_t i = 0; i + of <= n; i++) {
        hn_time sum = 0;
        for (unsigned k = 0; k < of; k++)
            sum += gaps[i + k];
        room[m++] = sum;
    }
    if (!m)
        return 9;
    hn_time mid = median(room, m);
    for (size_t i = 0; i < m; i++)
        room[i] = room[i] > mid ? room[i] - mid : mid - room[i];
    *ret_median = mid;
    return mid ? (double)median(room, m) / (double)mid : 9;
}

/* Bowley: (Q1 + Q3 − 2 Q2) / (Q3 − Q1) */
static double skew(const hn_time *sorted, size_t n)
{
    hn_time first = sorted[n / 4], middle = sorted[n / 2], third = sorted[n * 3 / 4];
    double q1 = (double)first, q2 = (double)middle, q3 = (double)third;
    return q3 > q1 ? fabs(q1 + q3 - 2 * q2) / (q3 - q1) : 0;
}

static double multiples(const hn_time *gaps, size_t n, hn_time mid)
{
    size_t hits = 0;
    double slack = 0.1 * (double)mid + (double)(HN_SECOND / 20);
    for (size_t i = 0; i < n; i++)
        for (int k = 1; k <= 4; k++)
            if (fabs((double)gaps[i] - (double)(k * mid)) <= slack) {
                hits++;
                break;
            }
    return n ? (double)hits / (double)n : 0;
}

/* Exponential gaps, people, have a dispersion of 0.69; a jitter of ±50 % has 0.25; a clock 0. Sums of k independent
 * gaps have 1/√k of it, so a composed rhythm must be steadier than that to count. */
static double steadiness(double d, unsigned composed)
{
    double s = (0.5 - d * sqrt(composed)) / 0.4;
    return s < 0 ? 0 : s > 1 ? 1 : s;
}

/* The sleep may change every hour: then intervals resemble their neighbours, if not the whole. Of exponential gaps the
 * median is ln 3 = 1.10, of a jitter of ±50 % 0.37. */
static double local(const hn_time *gaps, size_t n, hn_time *room)
{
    size_t m = 0;
    for (size_t i = 1; i < n; i++)
        if (gaps[i] > 0 && gaps[i - 1] > 0)
            room[m++] = (hn_time)(fabs(log((double)gaps[i] / (double)gaps[i - 1])) * 1e6);
    return m ? (double)median(room, m) / 1e6 : 9;
}

static double raise(double steady, double to)
{
    return to > steady ? flow_clamp(to) : steady;
}

static size_t contacts(const struct flow_pair *p, hn_time *begins)
{
    size_t n = p->n_times < p->cap_times ? p->n_times : p->cap_times, out = 0;
    for (size_t i = 0; i < n; i++)
        begins[i] = p->times[i];
    qsort(begins, n, sizeof *begins, by_time);
    for (size_t i = 0; i < n; i++)
        if (!out || begins[i] - begins[out - 1] > TOGETHER)
            begins[out++] = begins[i];
    return out;
}

void flow_rhythm_of(const struct flow_pair *p, struct flow_rhythm *ret)
{
    hn_time begins[FLOW_TIMES] = {0}, gaps[FLOW_TIMES], room[FLOW_TIMES], mid = 0;
    *ret = (struct flow_rhythm){.dispersion = 9, .composed = 1};
    size_t n = contacts(p, begins);
    ret->contacts = (uint32_t)n;
    if (n < 4)
        return;
    for (size_t i = 0; i + 1 < n; i++)
        gaps[i] = begins[i + 1] - begins[i];
    n--;
    ret->dispersion = dispersion(gaps, n, 1, room, &ret->median);
    ret->steady = steadiness(ret->dispersion, 1);
    ret->multiples = multiples(gaps, n, ret->median);
    for (unsigned k = 2; k <= 3 && n >= 12; k++) {
        double d = dispersion(gaps, n, k, room, &mid), s = steadiness(d, k);
        if (s > ret->steady + 0.1) {
            ret->steady = s;
            ret->dispersion = d;
            ret->composed = k;
            ret->median = mid;
        }
    }
    /* Lost contacts leave gaps of twice or three times the period. */
    ret->steady = raise(ret->steady, (ret->multiples - 0.55) / 0.35);
    ret->local = n >= LOCAL_LEAST ? local(gaps, n, room) : 9;
    ret->steady = raise(ret->steady, 0.9 * flow_clamp((0.7 - ret->local) / 0.5));
    memcpy(room, gaps, n * sizeof *gaps);
    qsort(room, n, sizeof *room, by_time);
    ret->skew = skew(room, n);
}
