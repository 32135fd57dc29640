/* A SYN's header: options, guess of the system, fingerprint, signature. Inlined where SYNs are read: most of a
 * telescope's packets are that, and their fields then never leave the registers. */
#pragma once

#include "modules/telescope/telescope.h"

#define ZMAP_ID       54321
#define TTL_255_LEAST 191 /* sent with 255, at most 64 routers away */

/* ---------------------------------------------------------------- options */

struct options {
    uint32_t layout; /* kinds in their order, three bits each, oldest highest */
    uint16_t mss;
    uint8_t n, scale;
    bool bad;
    bool ones; /* a time stamp of nothing but ones, in answer to none: the probes by which nmap tells systems apart */
};

/* kind 1, length 1, value; kinds 0 (end) and 1 (nothing) have no length (RFC 9293 clause 3.1). */
static inline struct options read_options(struct hn_bytes b)
{
    struct options o = {0};
    for (size_t i = 0; i < b.n;) {
        uint8_t kind = b.p[i];
        o.layout = o.layout << 3 | (kind > 5 ? kind == 8 ? 6u : 7u : kind);
        o.n++;
        if (kind == 0)
            break;
        if (kind == 1) {
            i++;
            continue;
        }
        if (b.n - i < 2 || b.p[i + 1] < 2 || b.p[i + 1] > b.n - i) {
            o.bad = true;
            break;
        }
        if (kind == 2 && b.p[i + 1] == 4)
            o.mss = (uint16_t)(b.p[i + 2] << 8 | b.p[i + 3]);
        if (kind == 3 && b.p[i + 1] == 3)
            o.scale = b.p[i + 2];
        if (kind == 8 && b.p[i + 1] == 10)
            o.ones = memcmp(b.p + i + 2, "\xff\xff\xff\xff\0\0\0\0", 8) == 0;
        i += b.p[i + 1];
    }
    return o;
}

#define L(a, b, c, d, e, f)                                                                                            \
    ((uint32_t)(a) << 15 | (uint32_t)(b) << 12 | (uint32_t)(c) << 9 | (uint32_t)(d) << 6 | (uint32_t)(e) << 3 |        \
     (uint32_t)(f))
enum { END, NOP, MSS, SCALE, SACK, SACKS, STAMP };

/* After p0f's observations: the order of the options and the initial time to live tell systems apart. */
static inline enum telescope_os os_of(const struct hn_packet *p, const struct options *o)
{
    unsigned ttl = p->ttl > 128 ? 255 : p->ttl > 64 ? 128 : p->ttl > 32 ? 64 : 32;
    if (o->bad)
        return OS_OTHER;
    if (o->layout == L(0, MSS, SACK, STAMP, NOP, SCALE))
        return ttl == 64 ? OS_LINUX : OS_OTHER;
    if (o->layout == L(MSS, NOP, SCALE, NOP, NOP, SACK) || o->layout == L(0, 0, MSS, NOP, NOP, SACK))
        return ttl == 128 ? OS_WINDOWS : ttl == 64 ? OS_EMBEDDED : OS_OTHER;
    /* MSS NOP SCALE NOP NOP STAMP SACK END: the last six */
    if ((o->layout & 0777777) == L(SCALE, NOP, NOP, STAMP, SACK, END))
        return OS_APPLE;
    if (o->layout == L(0, MSS, NOP, SCALE, SACK, STAMP))
        return OS_BSD;
    if (o->layout == MSS)
        return p->tcp_window == 65535 || p->tcp_window == 1024 ? OS_RAW : OS_EMBEDDED;
    return OS_OTHER;
}
#undef L

/* ---------------------------------------------------------------- fingerprints */

static inline bool masscan_id(const struct hn_packet *p, uint32_t cookie)
{
    return p->src.family == 4 && p->ip_id == ((hn_ip_v4(&p->dst) ^ p->dport ^ cookie) & 0xffff);
}

/* The window is 1024 except in later versions with options; without options nothing else has this identification. */
static inline void syn_fingerprint(const struct hn_packet *p, const struct options *o, struct telescope_sight *s)
{
    bool bare = p->tcp_doff == 5, mss_only = o->n == 1 && o->mss;
    uint32_t dst = hn_ip_v4(&p->dst);
    if (p->src.family != 4)
        return;
    if (bare && p->tcp_window)
        s->flags |= SIGHT_PLAIN;
    if (bare && p->tcp_window == 1024)
        s->flags |= SIGHT_1024;
    if (o->ones) {
        s->fp = FP_NMAP;
        return;
    }
    if (p->tcp_seq == dst) {
        s->fp = bare && p->sport >= 1024 ? FP_MIRAI : FP_MIRAI_VARIANT;
        return;
    }
    if (p->ip_id == ZMAP_ID && p->tcp_window == 65535 && !p->df && (bare || mss_only) && p->ttl >= TTL_255_LEAST) {
        s->fp = FP_ZMAP;
        return;
    }
    s->flags |= SIGHT_WEAK;
    if (bare && p->tcp_window == 1024 && masscan_id(p, p->tcp_seq))
        s->fp = FP_MASSCAN;
    else if (bare && p->tcp_window && p->ip_id == ZMAP_ID)
        s->fp = FP_ZMAP;
    else if (mss_only && o->mss == 1460 && !p->df && p->ttl <= 64 && p->tcp_window && p->tcp_window <= 4096 &&
             p->tcp_window % 1024 == 0)
        s->fp = FP_NMAP;
    else if (p->tcp_window == 65535 && p->ttl >= TTL_255_LEAST && !p->df)
        s->fp = FP_ZMAP4;
    else
        s->flags &= (uint8_t)~SIGHT_WEAK;
    if (s->fp != FP_NONE)
        return;
    if (bare && p->tcp_window == 14600 && ((p->tcp_seq & 0xffff) == 0) != (p->tcp_seq >> 16 == 0))
        s->fp = FP_HAJIME;
    else if (bare && p->tcp_window == 512 && p->tcp_ack && !p->df && p->ttl <= 64)
        s->fp = FP_HPING; /* a number in the acknowledgement without its flag */
}

/* What stays the same between packets of one program: not addresses, ports, numbers. */
static inline uint32_t signature(const struct hn_packet *p, const struct options *o, const struct telescope_sight *s)
{
    uint32_t h = telescope_mix((uint32_t)s->class << 24 | (uint32_t)p->tcp_window << 8 |
                               (p->ttl > 128  ? 3u
                                : p->ttl > 64 ? 2u
                                : p->ttl > 32 ? 1u
                                              : 0u));
    h = telescope_mix(h ^ o->layout);
    h = telescope_mix(h ^ ((uint32_t)o->mss << 16 | (uint32_t)o->scale << 8 | (p->ip_id == 0 ? 1u : 0u) |
                           (p->df ? 2u : 0u) | (p->tos ? 4u : 0u)));
    if (s->class == CLASS_UDP)
        h = telescope_mix(h ^ p->udp_len);
    return h;
}

/* class, fp, os, sig and flags of a SYN. */
static inline void classify_syn(const struct hn_packet *p, struct telescope_sight *s)
{
    struct options o = {0};
    s->class = CLASS_TCP_SYN;
    s->fp = FP_NONE;
    s->os = OS_RAW; /* who sends no options builds packets of his own */
    if (p->options.n) {
        o = read_options(p->options);
        s->os = (uint8_t)os_of(p, &o);
    }
    syn_fingerprint(p, &o, s);
    s->sig = signature(p, &o, s);
    if (__builtin_expect(p->tcp_doff > 5 && !p->options.n, 0)) { /* cut by the capture: what they were is not known */
        s->os = OS_NONE;
        s->sig = 0;
    }
}
