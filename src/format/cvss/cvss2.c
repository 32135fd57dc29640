/* A Complete Guide to CVSS 2.0, section 3.2. Weights are integers: thousandths, or hundredths where the guide has two
 * places. Every product is exact in 64 bits; each equation rounds once, half up, to tenths. */
#include "format/cvss/metrics.h"

enum { AV, AC, AU, C, I, A, E, RL, RC, CDP, TD, CR, IR, AR, METRICS };

static const struct cvss_metric metrics[METRICS] = {
    [AV] = {"AV", "L A N", true, 0, 0},       [AC] = {"AC", "H M L", true, 0, 0},
    [AU] = {"Au", "M S N", true, 0, 0},       [C] = {"C", "N P C", true, 0, 0},
    [I] = {"I", "N P C", true, 0, 0},         [A] = {"A", "N P C", true, 0, 0},
    [E] = {"E", "U POC F H ND", false, 4, 1}, [RL] = {"RL", "OF TF W U ND", false, 4, 1},
    [RC] = {"RC", "UC UR C ND", false, 3, 1}, [CDP] = {"CDP", "N L LM MH H ND", false, 5, 2},
    [TD] = {"TD", "N L M H ND", false, 4, 2}, [CR] = {"CR", "L M H ND", false, 3, 2},
    [IR] = {"IR", "L M H ND", false, 3, 2},   [AR] = {"AR", "L M H ND", false, 3, 2},
};

static const int64_t impact_weight[] = {0, 275, 660};                /* thousandths */
static const int64_t requirement_weight[] = {500, 1000, 1510, 1000}; /* thousandths */

static int64_t round_div(int64_t num, int64_t den)
{
    return (2 * num + den) / (2 * den);
}

/* Impact in units of 1e-8: 10.41 (1 - (1 - C)(1 - I)(1 - A)). Weights of the three in 1e-6; adjusted: with
 * requirements, at most 10. */
static int64_t impact(const int8_t *v, bool adjusted)
{
    static const int requirement[] = {CR, IR, AR};
    __int128 rest = 1;
    for (int k = 0; k < 3; k++) {
        int64_t w = impact_weight[v[C + k]] * (adjusted ? requirement_weight[v[requirement[k]]] : 1000);
        rest *= 1000000 - w;
    }
    const __int128 one = (__int128)1000000 * 1000000 * 1000000;
    __int128 i = 1041 * (one - rest); /* 1e-20 */
    int64_t r = (int64_t)(i / 1000000000000);
    return adjusted && r > 1000000000 ? 1000000000 : r;
}

/* ((0.6 Impact) + (0.4 Exploitability) - 1.5) f(Impact), in tenths. */
static int base_of(const int8_t *v, int64_t imp)
{
    static const int64_t av[] = {395, 646, 1000}, ac[] = {35, 61, 71}, au[] = {45, 56, 704};
    int64_t authentication = v[AU] == 2 ? au[2] : au[v[AU]] * 10;
    int64_t exploitability = 20 * av[v[AV]] * ac[v[AC]] * authentication; /* 1e-8 */
    int64_t sum = 6 * imp + 4 * exploitability - INT64_C(1500000000);     /* 1e-9 */
    if (imp == 0)
        return 0; /* f(Impact) = 0 */
    int64_t r = sum < 0 ? 0 : round_div(sum * 1176 / 1000, 100000000);
    return r > 100 ? 100 : (int)r;
}

static int temporal_of(const int8_t *v, int base)
{
    static const int64_t e[] = {85, 90, 95, 100, 100}, rl[] = {87, 90, 95, 100, 100}, rc[] = {90, 95, 100, 100};
    return (int)round_div(base * e[v[E]] * rl[v[RL]] * rc[v[RC]], 1000000);
}

/* (AdjustedTemporal + (10 - AdjustedTemporal) CollateralDamagePotential) TargetDistribution */
static int environmental_of(const int8_t *v)
{
    static const int64_t cdp[] = {0, 1, 3, 4, 5, 0}, td[] = {0, 25, 75, 100, 100};
    int64_t adjusted = temporal_of(v, base_of(v, impact(v, true)));
    return (int)round_div((adjusted * 10 + (100 - adjusted) * cdp[v[CDP]]) * td[v[TD]], 1000);
}

bool cvss2_score(struct hn_str text, struct hn_cvss *ret, const char **ret_why)
{
    int8_t v[METRICS];
    if (!cvss_read(text, metrics, METRICS, v, ret, ret_why))
        return false;
    ret->base = (int16_t)base_of(v, impact(v, false));
    ret->threat = (int16_t)temporal_of(v, ret->base);
    ret->environmental = (int16_t)environmental_of(v);
    return true;
}
