/* CVSS 3.0 and 3.1 specification, section 7 (8 in 3.0). All weights have at most three places, so everything but the
 * power is exact; the power is taken in long double and every rounding up forgives 1e-9. */
#include <math.h>

#include "format/cvss/metrics.h"

enum { AV, AC, PR, UI, S, C, I, A, E, RL, RC, CR, IR, AR, MAV, MAC, MPR, MUI, MS, MC, MI, MA, METRICS };

static const struct cvss_metric metrics[METRICS] = {
    [AV] = {"AV", "N A L P", true, 0, 0},
    [AC] = {"AC", "L H", true, 0, 0},
    [PR] = {"PR", "N L H", true, 0, 0},
    [UI] = {"UI", "N R", true, 0, 0},
    [S] = {"S", "U C", true, 0, 0},
    [C] = {"C", "N L H", true, 0, 0},
    [I] = {"I", "N L H", true, 0, 0},
    [A] = {"A", "N L H", true, 0, 0},
    [E] = {"E", "X H F P U", false, 0, 1},
    [RL] = {"RL", "X U W T O", false, 0, 1},
    [RC] = {"RC", "X C R U", false, 0, 1},
    [CR] = {"CR", "X L M H", false, 0, 2},
    [IR] = {"IR", "X L M H", false, 0, 2},
    [AR] = {"AR", "X L M H", false, 0, 2},
    [MAV] = {"MAV", "N A L P X", false, 4, 2},
    [MAC] = {"MAC", "L H X", false, 2, 2},
    [MPR] = {"MPR", "N L H X", false, 3, 2},
    [MUI] = {"MUI", "N R X", false, 2, 2},
    [MS] = {"MS", "U C X", false, 2, 2},
    [MC] = {"MC", "N L H X", false, 3, 2},
    [MI] = {"MI", "N L H X", false, 3, 2},
    [MA] = {"MA", "N L H X", false, 3, 2},
};

/* The smallest tenth that is not less. 3.1 (appendix A) looks at five places only, which the allowance covers. */
static int round_up(long double x)
{
    return (int)ceill(x * 10 - 1e-9L);
}

/* Of the base metric, or of the modified one where that says something. */
static int pick(const int8_t *v, int base, int modified, bool modify)
{
    return modify && v[modified] != metrics[modified].absent ? v[modified] : v[base];
}

static long double exploitability(const int8_t *v, bool modify)
{
    static const long double av[] = {0.85L, 0.62L, 0.55L, 0.2L}, ac[] = {0.77L, 0.44L}, ui[] = {0.85L, 0.62L};
    static const long double pr[2][3] = {{0.85L, 0.62L, 0.27L}, {0.85L, 0.68L, 0.5L}};
    int scope = pick(v, S, MS, modify);
    return 8.22L * av[pick(v, AV, MAV, modify)] * ac[pick(v, AC, MAC, modify)] * pr[scope][pick(v, PR, MPR, modify)] *
           ui[pick(v, UI, MUI, modify)];
}

static long double impact_base(const int8_t *v, bool modify)
{
    static const long double weight[] = {0, 0.22L, 0.56L}, requirement[] = {1, 0.5L, 1, 1.5L};
    long double rest = 1;
    for (int k = 0; k < 3; k++) {
        long double w = weight[pick(v, C + k, MC + k, modify)];
        rest *= 1 - w * (modify ? requirement[v[CR + k]] : 1);
    }
    return modify ? fminl(1 - rest, 0.915L) : 1 - rest;
}

static long double impact(const int8_t *v, bool modify, enum hn_cvss_version version)
{
    long double iss = impact_base(v, modify);
    if (pick(v, S, MS, modify) == 0)
        return 6.42L * iss;
    if (modify && version == HN_CVSS_V31) /* 7.3: the only equation that 3.1 changed */
        return 7.52L * (iss - 0.029L) - 3.25L * powl(iss * 0.9731L - 0.02L, 13);
    return 7.52L * (iss - 0.029L) - 3.25L * powl(iss - 0.02L, 15);
}

static int base_score(const int8_t *v, bool modify, enum hn_cvss_version version)
{
    long double imp = impact(v, modify, version);
    if (imp <= 0)
        return 0;
    long double sum = imp + exploitability(v, modify);
    return round_up(fminl(pick(v, S, MS, modify) ? 1.08L * sum : sum, 10));
}

static int temporal_score(const int8_t *v, int base)
{
    static const long double e[] = {1, 1, 0.97L, 0.94L, 0.91L}, rl[] = {1, 1, 0.97L, 0.96L, 0.95L},
                             rc[] = {1, 1, 0.96L, 0.92L};
    return round_up(base / 10.0L * e[v[E]] * rl[v[RL]] * rc[v[RC]]);
}

bool cvss3_score(struct hn_str text, struct hn_cvss *ret, const char **ret_why)
{
    int8_t v[METRICS];
    if (!cvss_read(text, metrics, METRICS, v, ret, ret_why))
        return false;
    ret->base = (int16_t)base_score(v, false, ret->version);
    ret->threat = (int16_t)temporal_score(v, ret->base);
    ret->environmental = (int16_t)temporal_score(v, base_score(v, true, ret->version));
    return true;
}
