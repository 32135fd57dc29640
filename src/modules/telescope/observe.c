/* Records become sights, sorted by the cell that they belong to. */
#include "base/mem.h"
#include "modules/telescope/telescope.h"

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

static struct telescope_sight *room(struct telescope_batch *b, unsigned cell)
{
    if (__builtin_expect(b->n[cell] == b->cap[cell], 0)) {
        uint32_t cap = b->cap[cell] ? b->cap[cell] * 2 : 1024;
        struct telescope_sight *p = hn_realloc(b->list[cell], cap * sizeof(*p));
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->list[cell] = p;
        b->cap[cell] = cap;
    }
    return &b->list[cell][b->n[cell]++];
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

static void put(struct telescope_batch *b, struct telescope_sight *s, const struct hn_ip *src, const struct hn_ip *dst)
{
    unsigned cell;
    if (src->family == 4) {
        s->src = hn_ip_v4(src);
        cell = cell4(s->src);
        s->dst = dst->family == 4 ? hn_ip_v4(dst) : hash16(dst->b);
    } else {
        s->flags |= SIGHT_V6;
        s->src = pair6(b, src, dst);
        s->dst = hash16(dst->b);
        cell = cell6(src->b);
        if (s->src == UINT32_MAX)
            return;
    }
    struct telescope_sight *to = room(b, cell);
    if (to)
        *to = *s;
}

/* ---------------------------------------------------------------- whose packet is it? */

/* Index of the telescope, 0 when none is declared, -1 for a packet to elsewhere. */
static int whose(const struct telescope_config *how, const struct hn_ip *dst)
{
    if (!how->telescopes.n)
        return 0;
    if (dst->family == 4)
        return telescope_prefixes_find4(&how->telescopes, hn_ip_v4(dst));
    const struct telescope_prefix *p = telescope_prefixes_find(&how->telescopes, dst);
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
    ports[telescope_port_index(proto, port)].packets++;
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

static void sight(const struct telescope_config *how, const struct hn_packet *p, uint32_t time, int telescope,
                  struct telescope_batch *b, struct telescope_port *ports)
{
    struct telescope_sight s = {.time = time,
                                .seq = p->tcp_seq,
                                .sport = p->sport,
                                .dport = port_of(p),
                                .len = p->ip_len,
                                .id = p->ip_id,
                                .window = p->tcp_window,
                                .ttl = p->ttl,
                                .proto = p->proto,
                                .telescope = (uint8_t)(telescope > 255 ? 255 : telescope)};
    b->packets++;
    b->telescope_packets[s.telescope]++;
    count_port(ports, p->proto, s.dport);
    uint32_t dst = p->dst.family == 4 ? telescope_mix(hn_ip_v4(&p->dst)) : hash16(p->dst.b);
    telescope_hll_add(b->dsts, 12, dst);
    telescope_classify(p, &s);
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
 * fragment, TCP or UDP wholly there. One comparison, then loads of single octets at fixed places; everything else goes
 * through the decoder, whose result this must equal (test_observe compares them). */
#define FAST_ETHER 14
#define FAST_LEAST (FAST_ETHER + 40)

static bool fast(const struct hn_capture_record *r, struct hn_packet *p)
{
    const uint8_t *b = r->p;
    if (r->link != HN_LINK_ETHERNET || r->cap < FAST_LEAST || b[12] != 8 || b[13] != 0 || b[14] != 0x45 ||
        (b[20] & 0xbf) != 0 || b[21] != 0 || b[23] != 6)
        return false;
    size_t total = (size_t)b[16] << 8 | b[17], doff = (b[46] >> 4) * 4u;
    if (total < 40 || total > r->cap - FAST_ETHER || doff < 20 || doff > total - 20)
        return false;
    p->src.family = p->dst.family = 4;
    memcpy(p->src.b, b + 26, 4);
    memcpy(p->dst.b, b + 30, 4);
    p->wire = r->wire;
    p->ip_len = (uint16_t)total;
    p->tos = b[15];
    p->ip_id = (uint16_t)(b[18] << 8 | b[19]);
    p->df = b[20] & 0x40;
    p->ttl = b[22];
    p->proto = 6;
    p->is_fragment = p->mf = false;
    p->has_ports = true;
    p->sport = (uint16_t)(b[34] << 8 | b[35]);
    p->dport = (uint16_t)(b[36] << 8 | b[37]);
    p->tcp_seq = (uint32_t)b[38] << 24 | (uint32_t)b[39] << 16 | (uint32_t)b[40] << 8 | b[41];
    p->tcp_ack = (uint32_t)b[42] << 24 | (uint32_t)b[43] << 16 | (uint32_t)b[44] << 8 | b[45];
    p->tcp_doff = (uint8_t)(doff / 4);
    p->tcp_flags = b[47];
    p->tcp_window = (uint16_t)(b[48] << 8 | b[49]);
    p->options = hn_bytes_of(b + 54, doff - 20);
    p->payload = hn_bytes_of(b + 34 + doff, total - 20 - doff);
    p->quote.dst.family = 0;
    return true;
}

/* The same for mere counting. */
static bool fast_port(const struct hn_capture_record *r, struct telescope_batch *b, struct telescope_port *ports)
{
    const uint8_t *p = r->p;
    if (r->link != HN_LINK_ETHERNET || r->cap < FAST_LEAST || p[12] != 8 || p[13] != 0 || p[14] != 0x45 ||
        (p[20] & 0xbf) != 0 || p[21] != 0 || p[23] != 6)
        return false;
    size_t total = (size_t)p[16] << 8 | p[17], doff = (p[46] >> 4) * 4u;
    if (total < 40 || total > r->cap - FAST_ETHER || doff < 20 || doff > total - 20)
        return false;
    uint32_t t = r->time > 0 ? (uint32_t)(r->time / HN_SECOND) : b->last;
    b->verdicts[HN_PACKET_OK]++;
    b->packets++;
    b->telescope_packets[0]++;
    b->first = b->first && b->first < t ? b->first : t;
    b->last = b->last > t ? b->last : t;
    ports[(unsigned)p[36] << 8 | p[37]].packets++;
    return true;
}

static void one(const struct telescope_config *how, const struct hn_capture_record *r, struct telescope_batch *b,
                struct telescope_port *ports, struct hn_packet *p)
{
    const struct hn_packet_how decode = {.stop = stop, .arg = (void *)(uintptr_t)how};
    if (!fast(r, p)) {
        enum hn_packet_verdict v = hn_packet_decode(r->link, hn_bytes_of(r->p, r->cap), r->wire, &decode, p);
        b->verdicts[v]++;
        if (hn_packet_verdict_malformed(v))
            return;
        if (!p->src.family || (v != HN_PACKET_OK && v != HN_PACKET_CUT)) {
            b->not_ip++;
            return;
        }
        if (v == HN_PACKET_CUT && !p->has_ports && (p->proto == 6 || p->proto == 17))
            return; /* counted as cut: what it was cannot be told */
    } else {
        b->verdicts[HN_PACKET_OK]++;
    }
    if ((how->since && r->time < how->since) || (how->until && r->time >= how->until)) {
        b->out_of_time++;
        return;
    }
    int telescope = whose(how, &p->dst);
    if (telescope < 0) {
        b->outside++;
        return;
    }
    uint32_t t = seconds(r->time, b->last);
    if (t) {
        b->first = b->first && b->first < t ? b->first : t;
        b->last = b->last > t ? b->last : t;
    }
    if (how->ports_only) {
        b->packets++;
        b->telescope_packets[telescope > 255 ? 255 : telescope]++;
        count_port(ports, p->proto, port_of(p));
        return;
    }
    sight(how, p, t, telescope, b, ports);
}

void telescope_observe(const struct telescope_config *how, const struct hn_capture_record *r, size_t n,
                       struct telescope_batch *b, struct telescope_port *ports)
{
    struct hn_packet p = {0};
    bool count_only = how->ports_only && !how->telescopes.n && !how->since && !how->until;
    for (size_t i = 0; i < n; i++) {
        if (i + 8 < n)
            __builtin_prefetch(r[i + 8].p + 12);
        if (count_only && fast_port(&r[i], b, ports))
            continue;
        one(how, &r[i], b, ports, &p);
    }
    b->records += n;
}
