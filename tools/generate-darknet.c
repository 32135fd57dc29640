/* Writes captures of a made-up telescope whose truth is known.
 *
 *   generate-darknet FILE [PACKETS]         one run of packets with a heavy tail of sources, 20,000 a second
 *   generate-darknet --days N FILE [RATE]   N days at RATE packets a second on the mean (default 40), with a daily
 * wave, bots that come and go, attacks, a surge, a new port and a member's host
 *
 *   generate-darknet --seasonal N FILE [SEED [FACTOR]]
 *                                            N days of 200 ports whose sources by the hour have a mean (3 to 150), a
 * wave by day, fewer at the end of the week, a slow drift and, for three in five ports, more variance than chance has;
 * nothing happens, unless FACTOR is given: then port 8291 draws that many times its crowd from the twentieth minute of
 * an hour on, two thirds of the way
 *
 * The truth goes to standard output as JSON. Rule of the heavy tail: of sixteen packets eight come from 2,000 sources,
 * six from 200,000, two from 3,000,000; destinations lie evenly in 10.66.0.0/16; ports are eighteen common ones. Kind
 * of a source = address modulo 10: 0 to 3 Mirai, 4 ZMap, 5 and 6 masscan, 7 UDP, 8 answers of a victim (SYN-ACK from
 * port 80), 9 plain SYN. Nothing here is real traffic. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME   60u
#define DARK    0x0a420000u
#define START   1700000000u
#define RATE    20000u
#define MEMBER  0xcb007105u /* 203.0.113.5 */
#define VICTIM  0xc6336414u /* 198.51.100.20 */
#define SURGE   8291
#define NEWPORT 39801

static uint64_t state = 88172645463325252u;
static FILE *out;

static uint32_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}
static void le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

enum kind { MIRAI, ZMAP, MASSCAN, UDP, ANSWER, PLAIN, KINDS };
static const char *const names[KINDS] = {"mirai", "zmap", "masscan", "udp", "answer", "plain"};
static const enum kind kinds[10] = {MIRAI, MIRAI, MIRAI, MIRAI, ZMAP, MASSCAN, MASSCAN, UDP, ANSWER, PLAIN};
static const uint16_t ports[18] = {23,   80,   443,  22,   8080, 3389, 445,  5555,  2323,
                                   8443, 1433, 3306, 5900, 7547, 81,   8081, 37215, 52869};

static uint64_t packets, by_kind[KINDS], sources[KINDS], mirai_turn;
static uint64_t *seen; /* bit = address */

static void packet(uint64_t usec, uint32_t src, enum kind kind, int port)
{
    uint8_t r[16 + FRAME] = {0}, *e = r + 16, *ip = e + 14, *t = ip + 20;
    uint32_t dst = DARK | (rnd() & 0xffff), seq = rnd();
    uint16_t sport = (uint16_t)(1024 + mix(src) % 60000), dport = port >= 0 ? (uint16_t)port : ports[rnd() % 18];
    unsigned id = rnd() & 0xffff, ttl = 48 + mix(src ^ 5) % 16, window = 1024, flags = 2;
    if (kind == MIRAI) {
        seq = dst;
        window = mix(src ^ 9) & 0xffff;
        dport = port >= 0 ? (uint16_t)port : mirai_turn++ % 10 == 0 ? 2323 : 23;
    } else if (kind == ZMAP) {
        id = 54321;
        window = 65535;
        ttl = 255 - mix(src ^ 7) % 24;
    } else if (kind == MASSCAN) {
        id = (dst ^ dport ^ seq) & 0xffff;
        ttl = 255 - mix(src ^ 7) % 24;
    } else if (kind == ANSWER) {
        sport = 80;
        dport = (uint16_t)(1024 + rnd() % 64000);
        flags = 18;
    }
    le32(r, (uint32_t)(usec / 1000000));
    le32(r + 4, (uint32_t)(usec % 1000000));
    le32(r + 8, FRAME);
    le32(r + 12, FRAME);
    memcpy(e, "\2\0\0\0\0\1\2\0\0\0\0\2\10\0", 14);
    ip[0] = 0x45;
    put16(ip + 2, kind == UDP ? 28 : 40);
    put16(ip + 4, id);
    ip[8] = (uint8_t)ttl;
    ip[9] = kind == UDP ? 17 : 6;
    put32(ip + 12, src);
    put32(ip + 16, dst);
    put16(t, sport);
    put16(t + 2, dport);
    if (kind == UDP) {
        put16(t + 4, 8);
    } else {
        put32(t + 4, seq);
        put32(t + 8, flags == 18 ? rnd() : 0);
        t[12] = 0x50;
        t[13] = (uint8_t)flags;
        put16(t + 14, window);
    }
    if (fwrite(r, sizeof r, 1, out) != 1) {
        perror("generate-darknet");
        exit(1);
    }
    packets++;
    by_kind[kind]++;
    if (!(seen[src >> 6] >> (src & 63) & 1)) {
        seen[src >> 6] |= UINT64_C(1) << (src & 63);
        sources[kind]++;
    }
}

/* Source number i, an address whose kind is i modulo 10. */
static uint32_t address(uint32_t i)
{
    uint32_t a = 0x0b000000u + mix(i * 2654435761u) % 0xc0000000u;
    return a - a % 10 + i % 10;
}

static void tail(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint32_t pick = rnd() & 15, k = pick < 8    ? rnd() % 2000
                                        : pick < 14 ? 2000 + rnd() % 200000
                                                    : 202000 + rnd() % 3000000;
        uint32_t src = address(k);
        packet(START * UINT64_C(1000000) + i * 1000000 / RATE, src, kinds[src % 10], -1);
    }
}

/* ---------------------------------------------------------------- days */

static void days(unsigned n, double rate)
{
    uint64_t t = START / 86400 * UINT64_C(86400) * 1000000, end = t + n * UINT64_C(86400000000), begin = t;
    unsigned surge_day = n * 2 / 3;
    while (t < end) {
        double day = (double)(t - begin) / 86400e6, wave = 1 + 0.4 * sin(day * 6.283185307);
        t += (uint64_t)(-log((rnd() + 1.0) / 4294967297.0) / (rate * wave) * 1e6) + 1;
        unsigned today = (unsigned)day, hour = (unsigned)((day - today) * 24), pick = rnd() % 1000;
        /* each day a third of the bots is replaced */
        uint32_t bot = rnd() % 3000, generation = (today + bot) / 3, src = address(bot + generation * 4000);
        if (pick < 20 && today == surge_day && hour == 10)
            packet(t, address(5000000 + rnd() % 400 * 10 + 9), PLAIN, SURGE);
        else if (pick < 20 && today == surge_day && hour == 15)
            packet(t, address(6000000 + rnd() % 300 * 10 + 9), PLAIN, NEWPORT);
        else if (pick < 40 && today % 7 == 3 && hour == 12)
            packet(t, VICTIM, ANSWER, -1);
        else if (pick < 2 && today == n / 2 && hour < 2)
            packet(t, MEMBER, MIRAI, 23);
        else if (pick < 42 && pick >= 40)
            packet(t, address(7000000 + rnd() % 20 * 10 + 9), PLAIN, SURGE);
        else
            packet(t, src, kinds[src % 10] == ANSWER ? PLAIN : kinds[src % 10], -1);
    }
    printf("\"days\": %u, \"surge\": {\"port\": %d, \"hour\": %u}, \"new_port\": {\"port\": %d, \"hour\": %u}, "
           "\"attacks\": %u, ",
           n, SURGE, (unsigned)(begin / 3600000000u) + surge_day * 24 + 10, NEWPORT,
           (unsigned)(begin / 3600000000u) + surge_day * 24 + 15, (n + 3) / 7);
}

/* ---------------------------------------------------------------- seasons */

#define SEASONAL 200u
#define SURGED   7u /* its place among them */

static double uniform(void)
{
    return (rnd() + 0.5) / 4294967296.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(6.283185307 * uniform());
}

static unsigned poisson(double mean)
{
    if (mean > 60) {
        double n = mean + sqrt(mean) * normal() + 0.5;
        return n > 0 ? (unsigned)n : 0;
    }
    unsigned n = 0;
    for (double p = uniform(), least = exp(-mean); p > least; p *= uniform())
        n++;
    return n;
}

struct season {
    double mean, wave, phase, noise, drift;
    uint16_t port;
};

struct arrival {
    uint32_t at; /* microseconds of the hour */
    uint16_t port;
};

static int by_time(const void *x, const void *y)
{
    const struct arrival *a = x, *b = y;
    return (a->at > b->at) - (a->at < b->at);
}

static double season_mean(struct season *s, unsigned hour)
{
    static const double week[7] = {1, 1, 1, 1, 1, 0.85, 0.8};
    s->drift = 0.99 * s->drift + 0.01 * normal();
    double noise = s->noise > 0 ? s->noise * normal() - s->noise * s->noise / 2 : 0;
    return s->mean * (1 + s->wave * sin(6.283185307 * (hour / 24.0 + s->phase))) * week[hour / 24 % 7] *
           exp(noise + s->drift);
}

static void seasons_begin(struct season list[SEASONAL])
{
    static const double noises[5] = {0, 0, 0.1, 0.1, 0.25};
    for (unsigned i = 0; i < SEASONAL; i++)
        list[i] = (struct season){.mean = 3 * pow(50, uniform()),
                                  .wave = 0.5 * uniform(),
                                  .phase = uniform(),
                                  .noise = noises[i % 5],
                                  .port = i == SURGED ? SURGE : (uint16_t)(1 + i * 211)};
    list[SURGED].mean = 30;
}

static void seasonal(unsigned n, double factor)
{
    static struct arrival list[1u << 20];
    struct season each[SEASONAL];
    uint64_t begin = START / 86400 * UINT64_C(24);
    unsigned surge = n * 2 / 3 * 24 + 10;
    seasons_begin(each);
    for (unsigned hour = 0; hour < n * 24; hour++) {
        size_t all = 0;
        for (unsigned i = 0; i < SEASONAL; i++) {
            double mean = season_mean(&each[i], hour);
            for (unsigned k = poisson(mean); k && all < 1u << 20; k--)
                list[all++] = (struct arrival){rnd() % 3600000000u, each[i].port};
            if (factor > 1 && i == SURGED && hour == surge)
                for (unsigned k = poisson(mean * (factor - 1) * 2 / 3); k && all < 1u << 20; k--)
                    list[all++] = (struct arrival){1200000000u + rnd() % 2400000000u, SURGE};
        }
        qsort(list, all, sizeof *list, by_time);
        for (size_t i = 0; i < all; i++)
            packet((begin + hour) * 3600000000u + list[i].at, 0x0b000000u + rnd() % 0xc0000000u, PLAIN, list[i].port);
    }
    printf("\"days\": %u, ", n);
    if (factor > 1)
        printf("\"surge\": {\"port\": %d, \"begins\": %" PRIu64 "}, ", SURGE, (begin + surge) * 3600 + 1200);
}

static void usage(FILE *to)
{
    fputs("usage: generate-darknet FILE [PACKETS] | --days N FILE [RATE] | --seasonal N FILE [SEED [FACTOR]]\n", to);
}

int main(int argc, char **argv)
{
    bool long_run = argc > 3 && strcmp(argv[1], "--days") == 0;
    bool seasons = argc > 3 && strcmp(argv[1], "--seasonal") == 0;
    const char *path = argc > 1 ? argv[long_run || seasons ? 3 : 1] : "-";
    if (strcmp(path, "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (path[0] == '-') { /* an option that there is not, or one that lacks its file */
        usage(stderr);
        return 2;
    }
    out = fopen(path, "wb");
    seen = calloc((UINT64_C(1) << 32) / 64, sizeof *seen);
    if (!out || !seen) {
        perror(path);
        return 1;
    }
    static const uint8_t head[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, [16] = 0xff, 0xff, [20] = 1};
    fwrite(head, sizeof head, 1, out);
    printf("{");
    state ^= seasons && argc > 4 ? strtoull(argv[4], NULL, 10) * 0x9e3779b97f4a7c15u : 0;
    if (seasons)
        seasonal((unsigned)strtoul(argv[2], NULL, 10), argc > 5 ? strtod(argv[5], NULL) : 1);
    else if (long_run)
        days((unsigned)strtoul(argv[2], NULL, 10), argc > 4 ? strtod(argv[4], NULL) : 40);
    else
        tail(argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000);
    uint64_t all = 0;
    for (unsigned i = 0; i < KINDS; i++)
        all += sources[i];
    printf("\"packets\": %" PRIu64 ", \"sources\": %" PRIu64 ", \"kinds\": {", packets, all);
    for (unsigned i = 0; i < KINDS; i++)
        printf("%s\"%s\": {\"packets\": %" PRIu64 ", \"sources\": %" PRIu64 "}", i ? ", " : "", names[i], by_kind[i],
               sources[i]);
    printf("}}\n");
    return fclose(out) ? 1 : 0;
}
