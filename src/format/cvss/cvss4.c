/* CVSS 4.0 specification, section 8: MacroVectors and interpolation within them.
 *
 *   six equivalence sets (EQ1 … EQ6)  →  MacroVector "102010"  →  score of its highest vectors (table)
 *   minus the mean, over the EQs that have a next lower MacroVector, of
 *         difference to its score × severity distance from a highest vector / depth of the EQ
 *
 * Distances and depths are whole steps, scores tenths, so that the sum is a fraction over 840 and is rounded once. */
#include "base/str.h"
#include "format/cvss/metrics.h"

enum {
    AV,
    AC,
    AT,
    PR,
    UI,
    VC,
    VI,
    VA,
    SC,
    SI,
    SA,
    E,
    CR,
    IR,
    AR,
    MAV,
    MAC,
    MAT,
    MPR,
    MUI,
    MVC,
    MVI,
    MVA,
    MSC,
    MSI,
    MSA,
    S,
    AU,
    R,
    V,
    RE,
    U,
    METRICS
};

/* In falling severity, so that the index is the number of steps below the worst. */
static const struct cvss_metric metrics[METRICS] = {
    [AV] = {"AV", "N A L P", true, 0, 0},
    [AC] = {"AC", "L H", true, 0, 0},
    [AT] = {"AT", "N P", true, 0, 0},
    [PR] = {"PR", "N L H", true, 0, 0},
    [UI] = {"UI", "N P A", true, 0, 0},
    [VC] = {"VC", "H L N", true, 0, 0},
    [VI] = {"VI", "H L N", true, 0, 0},
    [VA] = {"VA", "H L N", true, 0, 0},
    [SC] = {"SC", "S H L N", true, 0, 0}, /* S: safety, only in the modified metrics of SI and SA */
    [SI] = {"SI", "S H L N", true, 0, 0},
    [SA] = {"SA", "S H L N", true, 0, 0},
    [E] = {"E", "A P U X", false, 3, 1},
    [CR] = {"CR", "H M L X", false, 3, 2},
    [IR] = {"IR", "H M L X", false, 3, 2},
    [AR] = {"AR", "H M L X", false, 3, 2},
    [MAV] = {"MAV", "N A L P X", false, 4, 2},
    [MAC] = {"MAC", "L H X", false, 2, 2},
    [MAT] = {"MAT", "N P X", false, 2, 2},
    [MPR] = {"MPR", "N L H X", false, 3, 2},
    [MUI] = {"MUI", "N P A X", false, 3, 2},
    [MVC] = {"MVC", "H L N X", false, 3, 2},
    [MVI] = {"MVI", "H L N X", false, 3, 2},
    [MVA] = {"MVA", "H L N X", false, 3, 2},
    [MSC] = {"MSC", "S H L N X", false, 4, 2},
    [MSI] = {"MSI", "S H L N X", false, 4, 2},
    [MSA] = {"MSA", "S H L N X", false, 4, 2},
    [S] = {"S", "X N P", false, 0, 3},
    [AU] = {"AU", "X N Y", false, 0, 3},
    [R] = {"R", "X A U I", false, 0, 3},
    [V] = {"V", "X D C", false, 0, 3},
    [RE] = {"RE", "X L M H", false, 0, 3},
    [U] = {"U", "X Clear Green Amber Red", false, 0, 3},
};

enum { SAFETY, HIGH, LOW, NONE }; /* of SC, SI, SA */

/* ---------------------------------------------------------------- facts of the specification */

/* Scores in tenths: rows EQ1 EQ2 EQ3 EQ4, columns EQ5 EQ6. -1: no such MacroVector. */
static const int8_t scores[3][2][3][3][3][2] = {
    {
        {
            {
                {{100, 99}, {98, 95}, {95, 92}},
                {{100, 96}, {93, 87}, {91, 81}},
                {{93, 90}, {89, 80}, {81, 68}},
            },
            {
                {{98, 95}, {95, 92}, {90, 84}},
                {{93, 92}, {89, 81}, {81, 65}},
                {{88, 80}, {78, 70}, {69, 48}},
            },
            {
                {{-1, 92}, {-1, 82}, {-1, 72}},
                {{-1, 79}, {-1, 69}, {-1, 50}},
                {{-1, 69}, {-1, 55}, {-1, 27}},
            },
        },
        {
            {
                {{99, 97}, {95, 92}, {92, 85}},
                {{95, 91}, {90, 83}, {84, 71}},
                {{92, 81}, {82, 71}, {72, 53}},
            },
            {
                {{95, 93}, {92, 85}, {85, 73}},
                {{92, 82}, {80, 72}, {70, 59}},
                {{84, 70}, {71, 52}, {50, 30}},
            },
            {
                {{-1, 86}, {-1, 75}, {-1, 52}},
                {{-1, 71}, {-1, 52}, {-1, 29}},
                {{-1, 63}, {-1, 29}, {-1, 17}},
            },
        },
    },
    {
        {
            {
                {{98, 95}, {94, 87}, {91, 81}},
                {{94, 89}, {86, 74}, {77, 64}},
                {{87, 75}, {74, 63}, {63, 49}},
            },
            {
                {{94, 89}, {88, 77}, {76, 67}},
                {{86, 76}, {74, 58}, {59, 50}},
                {{72, 57}, {57, 52}, {52, 25}},
            },
            {
                {{-1, 83}, {-1, 70}, {-1, 54}},
                {{-1, 65}, {-1, 58}, {-1, 26}},
                {{-1, 53}, {-1, 21}, {-1, 13}},
            },
        },
        {
            {
                {{95, 90}, {88, 76}, {76, 70}},
                {{90, 77}, {75, 62}, {61, 53}},
                {{77, 66}, {68, 59}, {52, 30}},
            },
            {
                {{89, 78}, {76, 67}, {62, 58}},
                {{74, 59}, {57, 57}, {47, 23}},
                {{61, 52}, {57, 29}, {24, 16}},
            },
            {
                {{-1, 71}, {-1, 59}, {-1, 30}},
                {{-1, 58}, {-1, 26}, {-1, 15}},
                {{-1, 23}, {-1, 13}, {-1, 6}},
            },
        },
    },
    {
        {
            {
                {{93, 87}, {86, 72}, {75, 58}},
                {{86, 74}, {74, 61}, {56, 34}},
                {{70, 54}, {52, 40}, {40, 22}},
            },
            {
                {{85, 75}, {74, 55}, {62, 51}},
                {{72, 57}, {55, 41}, {46, 19}},
                {{53, 36}, {34, 19}, {19, 8}},
            },
            {
                {{-1, 64}, {-1, 51}, {-1, 20}},
                {{-1, 47}, {-1, 21}, {-1, 11}},
                {{-1, 24}, {-1, 9}, {-1, 4}},
            },
        },
        {
            {
                {{88, 75}, {73, 53}, {60, 50}},
                {{73, 55}, {59, 40}, {41, 20}},
                {{54, 43}, {45, 22}, {20, 11}},
            },
            {
                {{75, 55}, {58, 45}, {40, 21}},
                {{61, 51}, {48, 18}, {20, 9}},
                {{46, 18}, {17, 7}, {8, 2}},
            },
            {
                {{-1, 53}, {-1, 24}, {-1, 14}},
                {{-1, 24}, {-1, 12}, {-1, 5}},
                {{-1, 10}, {-1, 3}, {-1, 1}},
            },
        },
    },
};

/* Highest severity vectors of an EQ (table of section 8.3), as values of its metrics; -1 ends. EQ3 and EQ6 are one. */
struct highest {
    int8_t value[6];
};
static const int eq1_metrics[] = {AV, PR, UI, -1}, eq2_metrics[] = {AC, AT, -1},
                 eq36_metrics[] = {VC, VI, VA, CR, IR, AR, -1}, eq4_metrics[] = {SC, SI, SA, -1};

static const struct highest eq1_0[] = {{{0, 0, 0}}}, eq1_1[] = {{{1, 0, 0}}, {{0, 1, 0}}, {{0, 0, 1}}},
                            eq1_2[] = {{{3, 0, 0}}, {{1, 1, 1}}};
static const struct highest eq2_0[] = {{{0, 0}}}, eq2_1[] = {{{1, 0}}, {{0, 1}}};
static const struct highest eq36_00[] = {{{0, 0, 0, 0, 0, 0}}},
                            eq36_01[] = {{{0, 0, 1, 1, 1, 0}}, {{0, 0, 0, 1, 1, 1}}},
                            eq36_10[] = {{{1, 0, 0, 0, 0, 0}}, {{0, 1, 0, 0, 0, 0}}},
                            eq36_11[] = {{{1, 0, 1, 0, 1, 0}},
                                         {{1, 0, 0, 0, 1, 1}},
                                         {{0, 1, 0, 1, 0, 1}},
                                         {{0, 1, 1, 1, 0, 0}},
                                         {{1, 1, 0, 0, 0, 1}}},
                            eq36_21[] = {{{1, 1, 1, 0, 0, 0}}};
static const struct highest eq4_0[] = {{{HIGH, SAFETY, SAFETY}}}, eq4_1[] = {{{HIGH, HIGH, HIGH}}},
                            eq4_2[] = {{{LOW, LOW, LOW}}};

/* Highest vectors and depth: the most steps that a vector of the EQ can be below one of them, plus one. */
struct level {
    const struct highest *highest;
    int n, depth;
};
#define LEVEL(list, depth)                                                                                             \
    {                                                                                                                  \
        (list), sizeof(list) / sizeof *(list), (depth)                                                                 \
    }
static const struct level eq1_levels[] = {LEVEL(eq1_0, 1), LEVEL(eq1_1, 4), LEVEL(eq1_2, 5)};
static const struct level eq2_levels[] = {LEVEL(eq2_0, 1), LEVEL(eq2_1, 2)};
static const struct level eq36_levels[3][2] = {
    {LEVEL(eq36_00, 7), LEVEL(eq36_01, 6)}, {LEVEL(eq36_10, 8), LEVEL(eq36_11, 8)}, {{0}, LEVEL(eq36_21, 10)}};
static const struct level eq4_levels[] = {LEVEL(eq4_0, 6), LEVEL(eq4_1, 5), LEVEL(eq4_2, 4)};

/* ---------------------------------------------------------------- MacroVector */

struct macro {
    int eq[6];
};

static struct macro macro_of(const int8_t *v)
{
    struct macro m = {0};
    bool n_av = v[AV] == 0, n_pr = v[PR] == 0, n_ui = v[UI] == 0;
    m.eq[0] = n_av && n_pr && n_ui ? 0 : v[AV] != 3 && (n_av || n_pr || n_ui) ? 1 : 2;
    m.eq[1] = v[AC] == 0 && v[AT] == 0 ? 0 : 1;
    m.eq[2] = v[VC] == 0 && v[VI] == 0 ? 0 : v[VC] == 0 || v[VI] == 0 || v[VA] == 0 ? 1 : 2;
    m.eq[3] = v[SI] == SAFETY || v[SA] == SAFETY ? 0 : v[SC] == HIGH || v[SI] == HIGH || v[SA] == HIGH ? 1 : 2;
    m.eq[4] = (uint8_t)v[E];
    m.eq[5] = (v[CR] == 0 && v[VC] == 0) || (v[IR] == 0 && v[VI] == 0) || (v[AR] == 0 && v[VA] == 0) ? 0 : 1;
    return m;
}

/* -1 when there is no such MacroVector. */
static int score_of(struct macro m)
{
    static const int most[] = {2, 1, 2, 2, 2, 1};
    for (int i = 0; i < 6; i++)
        if (m.eq[i] > most[i])
            return -1;
    return scores[m.eq[0]][m.eq[1]][m.eq[2]][m.eq[3]][m.eq[4]][m.eq[5]];
}

static int score_lower(struct macro m, int eq)
{
    m.eq[eq]++;
    return score_of(m);
}

/* EQ3 and EQ6 go down together: 00 to the better of 01 and 10, 01 and 10 to 11, 11 to 21. */
static int score_lower_36(struct macro m)
{
    if (m.eq[2] == 0 && m.eq[5] == 0) {
        int left = score_lower(m, 5), right = score_lower(m, 2);
        return left > right ? left : right;
    }
    if (m.eq[2] == 1 && m.eq[5] == 0)
        return score_lower(m, 5);
    return score_lower(m, 2);
}

/* Steps below the first of the highest vectors that is nowhere less severe. */
static int distance(const int8_t *v, const int *of, const struct level *level)
{
    for (int i = 0; i < level->n; i++) {
        int sum = 0, k = 0;
        for (; of[k] >= 0 && v[of[k]] >= level->highest[i].value[k]; k++)
            sum += v[of[k]] - level->highest[i].value[k];
        if (of[k] < 0)
            return sum;
    }
    return 0;
}

#define PARTS 840 /* every depth divides it */

static int64_t share(const int8_t *v, const int *of, const struct level *level, int score, int lower, int *n)
{
    if (lower < 0)
        return 0;
    ++*n;
    return (int64_t)(score - lower) * distance(v, of, level) * (PARTS / level->depth);
}

static int score_vector(const int8_t *v, char *ret_macro)
{
    struct macro m = macro_of(v);
    int score = score_of(m), n = 0;
    for (int i = 0; ret_macro && i < 6; i++)
        ret_macro[i] = (char)('0' + m.eq[i]);
    if (v[VC] == 2 && v[VI] == 2 && v[VA] == 2 && v[SC] == NONE && v[SI] == NONE && v[SA] == NONE)
        return 0;
    int64_t sum = share(v, eq1_metrics, &eq1_levels[m.eq[0]], score, score_lower(m, 0), &n) +
                  share(v, eq2_metrics, &eq2_levels[m.eq[1]], score, score_lower(m, 1), &n) +
                  share(v, eq36_metrics, &eq36_levels[m.eq[2]][m.eq[5]], score, score_lower_36(m), &n) +
                  share(v, eq4_metrics, &eq4_levels[m.eq[3]], score, score_lower(m, 3), &n);
    n += score_lower(m, 4) >= 0; /* EQ5: always at its highest */
    if (!n)
        return score;
    int64_t whole = (int64_t)score * PARTS * n - sum;
    return whole < 0 ? 0 : (int)((2 * whole + PARTS * n) / (2 * PARTS * n));
}

/* ---------------------------------------------------------------- which metrics count */

/* Threat and environmental metrics that are not given, or not asked for: E is A, requirements are H (section 7), the
 * modified metric is the base one. */
static void effective(const int8_t *given, bool threat, bool environment, int8_t *v)
{
    memcpy(v, given, METRICS);
    if (!threat || v[E] == metrics[E].absent)
        v[E] = 0;
    for (int i = CR; i <= AR; i++)
        if (!environment || v[i] == metrics[i].absent)
            v[i] = 0;
    for (int i = 0; environment && i <= SA - AV; i++)
        if (given[MAV + i] != metrics[MAV + i].absent)
            v[AV + i] = given[MAV + i];
}

bool cvss4_score(struct hn_str text, struct hn_cvss *ret, const char **ret_why)
{
    int8_t given[METRICS], v[METRICS];
    if (!cvss_read(text, metrics, METRICS, given, ret, ret_why))
        return false;
    if (given[SC] == SAFETY || given[SI] == SAFETY || given[SA] == SAFETY || given[MSC] == SAFETY) {
        if (ret_why)
            *ret_why = "a value that its metric does not have";
        return false;
    }
    effective(given, false, false, v);
    ret->base = (int16_t)score_vector(v, NULL);
    effective(given, true, false, v);
    ret->threat = (int16_t)score_vector(v, NULL);
    effective(given, true, true, v);
    ret->environmental = (int16_t)score_vector(v, ret->macro);
    return true;
}
