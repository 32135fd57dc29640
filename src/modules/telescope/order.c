/* ZMap by the order of its addresses, whatever its headers say (after Mazel and Strullu, 2019).
 *
 * ZMap walks the multiplicative group modulo a prime p: x, x·g, x·g², … and probes address number x - 1 of those that
 * it may probe; p is the smallest of a few primes that leaves room for all of them. A telescope sees some of the x, in
 * their order. To a fixed base their logarithms are L = L₀ + K·log g modulo p - 1, where K, the steps that the scan had
 * made, grows by about p / (addresses of the telescope) from one to the next. g is not known. But few g make all steps
 * between sixteen packets that small, and for addresses in no such order none does:
 *
 *   D = Lⱼ - Lᵢ = k·log g   for k = 1, 2, … below the bound: are the other steps (Lₘ - Lᵢ)·k/D below theirs as well?
 *
 * p - 1 has small factors only, so logarithms are cheap (Pohlig and Hellman; baby and giant steps for each factor).
 * Each thread of ZMap walks a range of its own: some of the steps then lead from one thread to another, and do not
 * count.
 *
 * Known are scans of one port over the whole Internet, over all of it that ZMap's own list does not block (the
 * default), over the telescope's /8, and over one prefix from /16 to /20 within it. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

#define FACTORS     5u
#define BABIES_MOST 1024u /* more than the root of the largest factor */
#define MEANS       8u    /* bound of a step, in means: one step in 3,000 is longer */
#define PAIR_MEANS  2u    /* of the step that the search begins with: six in seven are shorter */
#define PAIRS_MOST  8u    /* begun with */
#define BOUND_MOST  (UINT64_C(1) << 20)
#define LINKS       8u /* steps that must be short; the chance of a false one is far below 2^-40 */
#define NEAR        4u /* packets behind one in which the same thread's next one is looked for */

struct group {
    uint64_t p;
    unsigned bits; /* of the address that x holds */
    uint32_t root, factors[FACTORS], n;
};

/* Smallest primes above 2^16, 2^24 and 2^32, a generator, and the prime powers of p - 1. */
static const struct group groups[] = {
    {65537, 16, 3, {65536}, 1},
    {16777259, 24, 2, {2, 23, 103, 3541}, 4},
    {4294967311, 32, 3, {2, 9, 5, 131, 364289}, 5},
};

static uint64_t mul(uint64_t a, uint64_t b, uint64_t m)
{
    return (uint64_t)((__extension__(unsigned __int128) a * b) % m);
}

static uint64_t power(uint64_t x, uint64_t e, uint64_t m)
{
    uint64_t y = 1;
    for (; e; e >>= 1, x = mul(x, x, m))
        if (e & 1)
            y = mul(y, x, m);
    return y;
}

/* 1/a modulo m; 0: there is none (Euclid). */
static uint64_t inverse(uint64_t a, uint64_t m)
{
    int64_t t = 0, next = 1;
    uint64_t r = m, s = a % m;
    while (s) {
        uint64_t q = r / s, rest = r % s;
        int64_t u = t - (int64_t)q * next;
        t = next;
        next = u;
        r = s;
        s = rest;
    }
    return r == 1 ? (uint64_t)(t < 0 ? t + (int64_t)m : t) : 0;
}

/* ---------------------------------------------------------------- logarithms */

struct babies {
    uint64_t value[BABIES_MOST * 2]; /* open addressing; 0 unused: no power is 0 */
    uint32_t exponent[BABIES_MOST * 2], n;
    uint64_t giant; /* base to the power -n */
};

static uint32_t baby_place(uint64_t v)
{
    return telescope_mix((uint32_t)v) % (BABIES_MOST * 2);
}

/* The powers base^0 … base^(n-1), n the root of the order. */
static void babies_of(struct babies *b, uint64_t base, uint32_t order, uint64_t p)
{
    *b = (struct babies){.n = 1};
    while (b->n * b->n < order)
        b->n++;
    uint64_t v = 1;
    for (uint32_t i = 0; i < b->n; i++, v = mul(v, base, p)) {
        uint32_t at = baby_place(v);
        while (b->value[at] && b->value[at] != v)
            at = (at + 1) % (BABIES_MOST * 2);
        b->exponent[at] = b->value[at] ? b->exponent[at] : i;
        b->value[at] = v;
    }
    b->giant = power(v, p - 2, p); /* v = base^n */
}

static uint64_t log_in(const struct babies *b, uint64_t y, uint64_t p)
{
    for (uint32_t i = 0; i <= b->n; i++, y = mul(y, b->giant, p))
        for (uint32_t at = baby_place(y); b->value[at]; at = (at + 1) % (BABIES_MOST * 2))
            if (b->value[at] == y)
                return (uint64_t)i * b->n + b->exponent[at];
    return 0;
}

/* x[i] becomes its logarithm, modulo p - 1: one factor after the other, put together by the Chinese remainder. */
static void logarithms(const struct group *g, uint64_t *x, size_t n)
{
    struct babies b;
    uint64_t sum[TELESCOPE_TRAIL] = {0}, m = g->p - 1;
    for (unsigned f = 0; f < g->n; f++) {
        uint64_t q = g->factors[f], rest = m / q, unit = mul(rest, inverse(rest, q), m);
        babies_of(&b, power(g->root, rest, g->p), (uint32_t)q, g->p);
        for (size_t i = 0; i < n; i++)
            sum[i] = (sum[i] + mul(log_in(&b, power(x[i], rest, g->p), g->p) % q, unit, m)) % m;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = sum[i];
}

/* ---------------------------------------------------------------- steps */

/* Packets that another one precedes, a few packets before, by a short step. unit: step of one in logarithms, inverted.
 */
static unsigned links(const uint64_t *log, size_t n, uint64_t unit, uint64_t bound, uint64_t m)
{
    unsigned found = 0;
    for (size_t j = 1; j < n; j++) {
        bool near = false;
        for (size_t i = j > NEAR ? j - NEAR : 0; i < j && !near; i++)
            near = mul((log[j] + m - log[i]) % m, unit, m) - 1 < bound * (j - i);
        found += near;
    }
    return found;
}

/* Could packet j and the one that is d behind in logarithms be k = 1, 2, … steps apart? Then where would the next ones
 * be? */
static bool pair_fits(const uint64_t *log, size_t n, size_t j, uint64_t inv, uint64_t bound, uint64_t m)
{
    uint64_t each[NEAR], at[NEAR] = {0};
    size_t after = n - 1 - j < NEAR ? n - 1 - j : NEAR;
    for (size_t a = 0; a < after; a++)
        each[a] = mul((log[j + 1 + a] + m - log[j]) % m, inv, m);
    for (uint64_t k = 1; k <= bound / MEANS * PAIR_MEANS; k++) {
        bool near = false;
        for (size_t a = 0; a < after; a++) {
            at[a] += each[a];
            at[a] -= at[a] >= m ? m : 0;
            near |= at[a] - 1 < bound * (a + 1);
        }
        if (near && links(log, n, mul(inv, k, m), bound, m) >= LINKS)
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- addresses */

/* What ZMap's list blocks, as blocks of 4,096 addresses: it counts whole ones of these, then the rest. First, number.
 */
static const struct {
    uint32_t first, n;
} blocked[] = {
    {0x00000, 0x1000}, {0x0a000, 0x1000}, {0x64400, 0x400},   {0x7f000, 0x1000}, {0xa9fe0, 0x10},
    {0xac100, 0x100},  {0xc0000, 1},      {0xc0586, 1},       {0xc0a80, 0x10},   {0xc6120, 0x20},
    {0xc6336, 1},      {0xcb007, 1},      {0xe0000, 0x20000},
};

static uint32_t number_of(uint32_t dst, bool all)
{
    uint32_t block = dst >> 12, below = 0;
    for (size_t i = 0; !all && i < sizeof(blocked) / sizeof(blocked[0]) && blocked[i].first <= block; i++)
        below += blocked[i].n;
    return dst - (below << 12);
}

/* x: numbers of the addresses, plus one; they become logarithms. */
static bool in_order(const struct group *g, uint64_t *x, size_t n, uint64_t mean)
{
    uint64_t bound = mean * MEANS;
    if (bound > BOUND_MOST)
        return false;
    logarithms(g, x, n);
    unsigned pairs = 0;
    for (size_t i = 0; i + LINKS < n; i++)
        for (size_t j = i + 1; j <= i + NEAR && pairs < PAIRS_MOST; j++) {
            uint64_t m = g->p - 1, inv = inverse((x[j] + m - x[i]) % m, m);
            pairs += inv != 0;
            if (inv && pair_fits(x, n, j, inv, bound, m))
                return true;
        }
    return false;
}

/* A scan of just one prefix that the destinations fill: /16 to /20. */
static bool of_prefix(const uint32_t *dst, size_t n)
{
    uint64_t x[TELESCOPE_TRAIL];
    uint32_t differ = 0;
    for (size_t i = 1; i < n; i++)
        differ |= dst[i] ^ dst[0];
    unsigned bits = differ ? 32u - (unsigned)__builtin_clz(differ) : 0;
    if (bits > 16 || bits < 12)
        return false;
    for (size_t i = 0; i < n; i++)
        x[i] = (dst[i] & ((1u << bits) - 1)) + 1;
    return in_order(&groups[0], x, n, UINT64_C(1) << (16 - bits));
}

static bool of_more(const struct group *g, const uint32_t *dst, size_t n, uint64_t addresses, bool all)
{
    uint64_t x[TELESCOPE_TRAIL], space = UINT64_C(1) << g->bits, mask = space - 1;
    for (size_t i = 0; i < n; i++) {
        if ((dst[i] ^ dst[0]) & ~mask)
            return false;
        x[i] = (number_of(dst[i], all) & mask) + 1;
    }
    return in_order(g, x, n, addresses < space ? space / addresses : 1);
}

bool telescope_order(const uint32_t dst[TELESCOPE_TRAIL], uint64_t addresses)
{
    uint64_t a = addresses ? addresses : 65536;
    return of_prefix(dst, TELESCOPE_TRAIL) || of_more(&groups[1], dst, TELESCOPE_TRAIL, a, true) ||
           of_more(&groups[2], dst, TELESCOPE_TRAIL, a, true) || of_more(&groups[2], dst, TELESCOPE_TRAIL, a, false);
}

/* ---------------------------------------------------------------- trails */

/* Of a source whose headers might be ZMap's: its first destinations, then the question. A source that gave no answer is
 * asked again with the next ones, a few times. */
#define TRIES      4u
#define STALE      3600u
#define ASKED_MOST 16u /* questions of a cell in an hour: each costs some milliseconds */

static bool may_ask(struct telescope_cell *c, uint32_t hour)
{
    if (c->asked_hour != hour)
        c->asked = 0;
    c->asked_hour = hour;
    return c->asked++ < ASKED_MOST;
}

void telescope_trail_take(struct telescope_cell *c, const struct telescope_config *how, struct telescope_source *src,
                          const struct telescope_sight *s)
{
    if (src->flags & (SOURCE_ORDER | SOURCE_V6))
        return;
    if (!c->trails && !(c->trails = hn_alloc_zero(TELESCOPE_TRAILS * sizeof(*c->trails)))) {
        c->failed = true;
        return;
    }
    struct telescope_trail *t = &c->trails[telescope_source_mark(src->key) % TELESCOPE_TRAILS];
    if (t->key != src->key) {
        if (t->key && t->tries < TRIES && s->time < t->last + STALE)
            return; /* the place is another's */
        *t = (struct telescope_trail){.key = src->key};
    }
    if (t->tries >= TRIES || (t->n && t->dst[t->n - 1] == s->dst))
        return;
    t->last = s->time;
    t->dst[t->n++] = s->dst;
    if (t->n < TELESCOPE_TRAIL)
        return;
    t->n = 0;
    if (!may_ask(c, s->time / 3600))
        return;
    t->tries++;
    if (telescope_order(t->dst, how->addresses))
        src->flags |= SOURCE_ORDER;
}
