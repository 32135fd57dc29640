/* Records become sights, sorted by the cell that they belong to. */
#include "base/mem.h"
#include "modules/telescope/classify.h"

/* ---------------------------------------------------------------- cells */

static uint32_t hash16(const uint8_t b[16])
{
    uint32_t h = 0x2545f491u;
    for (unsigned i = 0; i < 16; i += 4)
        h = telescope_mix(h ^ ((uint32_t)b[i] << 24 | (uint32_t)b[i + 1] << 16 | (uint32_t)b[i + 2] << 8 | b[i + 3]));
    return h;
}

/* Neighbours share a cell, so that whoever attacks a whole prefix is seen in one place: IPv4 by /24, IPv6 by /48. */
static unsigned cell4(uint32_t addr)
{
    return telescope_mix(addr >> 8) >> 28;
}

static unsigned cell6(const uint8_t b[16])
{
    uint8_t head[16] = {0};
    memcpy(head, b, 6);
    return hash16(head) >> 28;
}

/* Number of a pair of IPv6 addresses in this block; UINT32_MAX: out of memory. */
static uint32_t pair6(struct telescope_batch *b, const struct hn_ip *src, const struct hn_ip *dst)
{
    if (b->n_v6 == b->cap_v6) {
        uint32_t cap = b->cap_v6 ? b->cap_v6 * 2 : 256;
        struct telescope_v6 *p = hn_realloc(b->v6, cap * sizeof(*p));
        if (!p) {
            b->failed = true;
            return UINT32_MAX;
        }
        b->v6 = p;
        b->cap_v6 = cap;
    }
    memcpy(b->v6[b->n_v6].src, src->b, 16);
    memcpy(b->v6[b->n_v6].dst, dst->b, 16);
    return b->n_v6++;
}

static bool grow(struct telescope_batch *b, unsigned cell)
{
    uint32_t cap = b->cap[cell] ? b->cap[cell] * 2 : 1024;
    struct telescope_sight *p = hn_realloc(b->list[cell], cap * sizeof(*p));
    if (!p) {
        b->failed = true;
        return false;
    }
    b->list[cell] = p;
    b->cap[cell] = cap;
    return true;
}

#define AHEAD 8

/* The next place of a cell; NULL: out of memory. */
static inline struct telescope_sight *place_in(struct telescope_batch *b, unsigned cell)
{
    if (__builtin_expect(b->n[cell] == b->cap[cell], 0) && !grow(b, cell))
        return NULL;
    struct telescope_sight *to = &b->list[cell][b->n[cell]++];
    __builtin_prefetch(to + AHEAD, 1); /* sixteen lists are written, each too seldom for the processor to see ahead */
    return to;
}

static inline void put_in(struct telescope_batch *b, const struct telescope_sight *s, unsigned cell)
{
    struct telescope_sight *to = place_in(b, cell);
    if (to)
        *to = *s;
}

static void put6(struct telescope_batch *b, struct telescope_sight *s, const struct hn_ip *src, const struct hn_ip *dst)
{
    s->flags |= SIGHT_V6;
    s->src = pair6(b, src, dst);
    s->dst = hash16(dst->b);
    if (s->src != UINT32_MAX)
        put_in(b, s, cell6(src->b));
}

static inline void put(struct telescope_batch *b, struct telescope_sight *s, const struct hn_ip *src,
                       const struct hn_ip *dst)
{
    if (src->family != 4) {
        put6(b, s, src, dst);
        return;
    }
    s->src = hn_ip_v4(src);
    s->dst = dst->family == 4 ? hn_ip_v4(dst) : hash16(dst->b);
    put_in(b, s, cell4(s->src));
}

/* ---------------------------------------------------------------- whose packet is it? */

/* Index of the telescope, 0 when none is declared, -1 for a packet to elsewhere. */
static int whose(const struct telescope_config *how, const struct hn_ip *dst)
{
    if (!how->telescopes.n)
        return 0;
    if (dst->family == 4)
        return hn_prefixes_find4(&how->telescopes, hn_ip_v4(dst));
    const struct hn_prefix *p = hn_prefixes_find(&how->telescopes, dst);
    return p ? (int)(p - how->telescopes.list) : -1;
}

/* A packet to one of ours is the packet that came, whatever it carries. */
static bool stop(void *arg, const struct hn_ip *dst)
{
    const struct telescope_config *how = arg;
    return how->outer || (how->telescopes.n && whose(how, dst) >= 0);
}

/* ---------------------------------------------------------------- one record */

static void count_port(struct telescope_port *ports, unsigned proto, uint16_t port)
{
    struct telescope_port *p = &ports[telescope_port_index(proto, port)];
    p->packets++;
    p->hour_packets++;
}

/* An error message names a victim: who was asked, by somebody that forged one of our addresses. */
static void put_victim(struct telescope_batch *b, const struct hn_packet *p, const struct telescope_sight *s)
{
    if (!p->quote.dst.family || hn_ip_eq(&p->quote.dst, &p->src))
        return;
    struct telescope_sight v = *s;
    v.flags = SIGHT_VICTIM;
    v.sport = p->quote.ports ? p->quote.dport : 0;
    v.proto = p->quote.proto;
    put(b, &v, &p->quote.dst, &p->dst);
}

static uint16_t port_of(const struct hn_packet *p)
{
    if (p->has_ports)
        return p->dport;
    return p->proto == 1 || p->proto == 58 ? p->icmp_type : p->proto;
}

static void count_class(struct telescope_counts *sum, const struct telescope_sight *s, uint16_t octets)
{
    sum->octets += octets;
    sum->class_packets[s->class]++;
    if (s->class != CLASS_TCP_SYN)
        return;
    sum->os_packets[s->os]++;
    sum->plain += (s->flags & SIGHT_PLAIN) != 0;
    sum->plain1024 += (s->flags & SIGHT_1024) != 0;
}

static bool answers(uint8_t class)
{
    return telescope_class_roles[class] == ROLE_BACKSCATTER || telescope_class_roles[class] == ROLE_REFLECTION;
}

static void sight(const struct telescope_config *how, const struct hn_packet *p, uint32_t time, int telescope,
                  struct telescope_batch *b, struct telescope_port *ports)
{
    struct telescope_sight s = {
        .time = time, .seq = p->tcp_seq, .sport = p->sport, .dport = port_of(p), .proto = p->proto};
    b->sum.packets++;
    b->sum.telescope_packets[telescope > 255 ? 255 : telescope]++;
    count_port(ports, p->proto, s.dport);
    uint32_t dst = p->dst.family == 4 ? telescope_mix(hn_ip_v4(&p->dst)) : hash16(p->dst.b);
    telescope_hll_add(b->dsts, 12, dst);
    telescope_classify(p, &s);
    s.eport = answers(s.class) && p->has_ports ? s.sport : s.dport;
    count_class(&b->sum, &s, p->ip_len);
    put(b, &s, &p->src, &p->dst);
    if (s.class == CLASS_ICMP_UNREACHABLE || s.class == CLASS_ICMP_EXCEEDED || s.class == CLASS_ICMP_QUENCH)
        put_victim(b, p, &s);
}

/* Later than 2106 or before 1970 does not fit; such a clock is wrong anyway. */
static uint32_t seconds(hn_time t, uint32_t last)
{
    return t > 0 && t / HN_SECOND < UINT32_MAX ? (uint32_t)(t / HN_SECOND) : last;
}

/* The common case, on its own because it is nearly every packet of a day: Ethernet, IPv4 of twenty octets, not a
 * fragment, TCP or UDP wholly there, no tunnel. A few comparisons, then loads of single octets at fixed places;
 * everything else goes through the decoder, whose result this must equal (test_telescope compares them). */
#define FAST_ETHER 14
#define FAST_LEAST (FAST_ETHER + 40)
#define VXLAN      4789
#define VXLAN_OLD  8472
#define GENEVE     6081
#define GTP_U      2152
#define TEREDO     3544

static inline uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 6 or 17 when the record is such a packet, else 0. */
static inline unsigned fast_proto(const struct hn_capture_record *r)
{
    const uint8_t *b = r->p;
    /* type IPv4, version and length; more fragments, reserved bit and offset */
    if (r->link != HN_LINK_ETHERNET || r->cap < FAST_LEAST || be32(b + 12) >> 8 != 0x080045 || be16(b + 20) & 0xbfff)
        return 0;
    size_t total = be16(b + 16);
    if (total > r->cap - FAST_ETHER)
        return 0;
    if (b[23] == 6) {
        size_t doff = (b[46] >> 4) * 4u;
        return total >= 40 && doff >= 20 && doff <= total - 20 ? 6 : 0;
    }
    return b[23] == 17 && total >= 28 && be16(b + 38) == total - 20 ? 17 : 0;
}

/* Tunnels over UDP are known by their destination port, Teredo by either. */
static inline bool may_carry(const uint8_t *b)
{
    unsigned port = be16(b + 36);
    return port == VXLAN || port == VXLAN_OLD || port == GENEVE || port == GTP_U || port == TEREDO ||
           be16(b + 34) == TEREDO;
}

__attribute__((always_inline)) static inline void fast_tcp(const uint8_t *b, size_t total, struct hn_packet *p)
{
    size_t doff = (b[46] >> 4) * 4u;
    p->proto = 6;
    p->tcp_seq = be32(b + 38);
    p->tcp_ack = be32(b + 42);
    p->tcp_doff = (uint8_t)(doff / 4);
    p->tcp_flags = b[47];
    p->tcp_window = be16(b + 48);
    p->options = hn_bytes_of(b + 54, doff - 20);
    p->payload = hn_bytes_of(b + 34 + doff, total - 20 - doff);
}

static bool fast(const struct hn_capture_record *r, struct hn_packet *p)
{
    const uint8_t *b = r->p;
    unsigned proto = fast_proto(r);
    if (!proto || (proto == 17 && may_carry(b)))
        return false;
    size_t total = be16(b + 16);
    p->src.family = p->dst.family = 4;
    memcpy(p->src.b, b + 26, 4);
    memcpy(p->dst.b, b + 30, 4);
    p->ip_len = (uint16_t)total;
    p->tos = b[15];
    p->ip_id = be16(b + 18);
    p->df = b[20] & 0x40;
    p->ttl = b[22];
    p->is_fragment = p->mf = false;
    p->has_ports = true;
    p->sport = be16(b + 34);
    p->dport = be16(b + 36);
    p->quote.dst.family = 0;
    if (proto == 6) {
        fast_tcp(b, total, p);
        return true;
    }
    p->proto = 17;
    p->tcp_seq = p->tcp_ack = p->tcp_window = 0;
    p->payload = hn_bytes_of(b + 42, total - 28);
    p->udp_len = (uint16_t)(total - 28);
    return true;
}

/* Sums of a block of mere counting. */
struct counted {
    uint64_t n;
    hn_time first, last; /* of them; last 0: none since these were handed on */
};

/* The same for mere counting. */
static inline bool fast_port(const struct hn_capture_record *r, struct counted *sum, struct telescope_port *ports)
{
    unsigned proto = fast_proto(r), port = be16(r->p + 36);
    if (!proto || r->time <= 0 || (proto == 17 && may_carry(r->p)))
        return false;
    sum->n++;
    sum->first = sum->first < r->time ? sum->first : r->time;
    sum->last = sum->last > r->time ? sum->last : r->time;
    ports[proto == 6 ? port : 65536 + port].packets++;
    return true;
}

/* A clock that is wrong takes the latest time, so it must be right before that is asked for. */
static void hand_on(struct telescope_batch *b, struct counted *sum)
{
    if (sum->last) {
        uint32_t first = seconds(sum->first, b->last), last = seconds(sum->last, b->last);
        b->first = b->first < first && b->first ? b->first : first;
        b->last = b->last > last ? b->last : last;
    }
    sum->first = INT64_MAX;
    sum->last = 0;
}

/* Packets that fast_port() took. */
static void count_fast(struct telescope_counts *sum, uint64_t n)
{
    sum->verdicts[HN_PACKET_OK] += n;
    sum->packets += n;
    sum->telescope_packets[0] += n;
}

static void one(const struct telescope_config *how, const struct hn_capture_record *r, struct telescope_batch *b,
                struct telescope_port *ports, struct hn_packet *p)
{
    const struct hn_packet_how decode = {.stop = stop, .arg = (void *)(uintptr_t)how};
    if (!fast(r, p)) {
        enum hn_packet_verdict v = hn_packet_decode(r->link, hn_bytes_of(r->p, r->cap), r->wire, &decode, p);
        b->sum.verdicts[v]++;
        if (hn_packet_verdict_malformed(v))
            return;
        if (!p->src.family || (v != HN_PACKET_OK && v != HN_PACKET_CUT)) {
            b->sum.not_ip++;
            return;
        }
        if (v == HN_PACKET_CUT && !p->has_ports && (p->proto == 6 || p->proto == 17))
            return; /* counted as cut: what it was cannot be told */
    } else {
        b->sum.verdicts[HN_PACKET_OK]++;
    }
    if ((how->since && r->time < how->since) || (how->until && r->time >= how->until)) {
        b->sum.out_of_time++;
        return;
    }
    int telescope = whose(how, &p->dst);
    if (telescope < 0) {
        b->sum.outside++;
        return;
    }
    uint32_t t = seconds(r->time, b->last);
    if (t) {
        b->first = b->first && b->first < t ? b->first : t;
        b->last = b->last > t ? b->last : t;
    }
    if (how->ports_only) {
        b->sum.packets++;
        b->sum.telescope_packets[telescope > 255 ? 255 : telescope]++;
        count_port(ports, p->proto, port_of(p));
        return;
    }
    sight(how, p, t, telescope, b, ports);
}

/* SYNs with nothing special about them, on their own for the same reason; the result is that of one(). Sums of a block.
 */
struct syns {
    uint64_t n, octets, plain, plain1024, os[OS_COUNT];
    uint32_t first; /* second; UINT32_MAX: none */
};

static inline bool syn(const struct hn_capture_record *r, struct telescope_batch *b, struct telescope_port *ports,
                       struct syns *sum)
{
    const uint8_t *o = r->p;
    if (r->cap < FAST_LEAST || (o[47] & 63) != HN_TCP_SYN || fast_proto(r) != 6 || r->time <= 0)
        return false;
    struct hn_packet p;
    size_t total = be16(o + 16);
    p.src.family = p.dst.family = 4;
    memcpy(p.src.b, o + 26, 4);
    memcpy(p.dst.b, o + 30, 4);
    p.tos = o[15];
    p.ip_id = be16(o + 18);
    p.df = o[20] & 0x40;
    p.ttl = o[22];
    p.sport = be16(o + 34);
    p.dport = be16(o + 36);
    fast_tcp(o, total, &p);
    uint32_t src = be32(o + 26), dst = be32(o + 30), time = (uint32_t)((uint64_t)r->time / HN_SECOND);
    struct telescope_sight *s = place_in(b, cell4(src));
    if (!s)
        return true;
    *s = (struct telescope_sight){.src = src,
                                  .dst = dst,
                                  .time = time,
                                  .seq = p.tcp_seq,
                                  .sport = p.sport,
                                  .dport = p.dport,
                                  .eport = p.dport,
                                  .proto = 6};
    classify_syn(&p, s);
    ports[p.dport].packets++;
    ports[p.dport].hour_packets++;
    telescope_hll_add(b->dsts, 12, telescope_mix(dst));
    sum->n++;
    sum->octets += total;
    sum->plain += (s->flags & SIGHT_PLAIN) != 0;
    sum->plain1024 += (s->flags & SIGHT_1024) != 0;
    sum->os[s->os]++;
    sum->first = sum->first < time ? sum->first : time;
    b->last = b->last > time ? b->last : time;
    return true;
}

static void count_syns(struct telescope_batch *b, const struct syns *s)
{
    struct telescope_counts *sum = &b->sum;
    if (s->n)
        b->first = b->first < s->first && b->first ? b->first : s->first;
    count_fast(sum, s->n);
    sum->octets += s->octets;
    sum->class_packets[CLASS_TCP_SYN] += s->n;
    sum->plain += s->plain;
    sum->plain1024 += s->plain1024;
    for (unsigned i = 0; i < OS_COUNT; i++)
        sum->os_packets[i] += s->os[i];
}

/* Answers come to random ports. */
__attribute__((always_inline)) static inline void fetch_port(const struct hn_capture_record *r,
                                                             const struct telescope_port *ports)
{
    if (r->cap >= FAST_LEAST)
        __builtin_prefetch(&ports[(r->p[23] == 17 ? 65536u : 0u) + be16(r->p + 36)], 1);
}

#define FETCH_RECORD 32
#define FETCH_PORT   8

static void observe_ports(const struct telescope_config *how, const struct hn_capture_record *r, size_t n,
                          struct telescope_batch *b, struct telescope_port *ports)
{
    struct hn_packet p = {0};
    struct counted sum = {.first = INT64_MAX};
    for (size_t i = 0; i < n; i++) {
        if (i + FETCH_RECORD < n)
            __builtin_prefetch(r[i + FETCH_RECORD].p + 12);
        if (r[i].cap >= FAST_LEAST && fast_port(&r[i], &sum, ports))
            continue;
        hand_on(b, &sum);
        one(how, &r[i], b, ports, &p);
    }
    hand_on(b, &sum);
    count_fast(&b->sum, sum.n);
}

void telescope_observe(const struct telescope_config *how, const struct hn_capture_record *r, size_t n,
                       struct telescope_batch *b, struct telescope_port *ports)
{
    struct hn_packet p = {0};
    bool all = !how->telescopes.n && !how->since && !how->until; /* whatever comes is ours */
    b->sum.records += n;
    if (how->ports_only && all) {
        observe_ports(how, r, n, b, ports);
        return;
    }
    struct syns syns = {.first = UINT32_MAX};
    for (size_t i = 0; i < n; i++) {
        if (i + FETCH_RECORD < n)
            __builtin_prefetch(r[i + FETCH_RECORD].p + 12);
        if (i + FETCH_PORT < n)
            fetch_port(&r[i + FETCH_PORT], ports);
        if (!all || !syn(&r[i], b, ports, &syns))
            one(how, &r[i], b, ports, &p);
    }
    count_syns(b, &syns);
}
