#include "format/flow/meter.h"

#include "base/hash.h"
#include "base/mem.h"
#include "format/flow/hello.h"

#define FLOWS_MAX  ((size_t)1 << 20)
#define NONE       UINT32_MAX
#define CUT_MAX    4096u            /* packets whose further fragments are waited for */
#define CUT_LIFE   (30 * HN_SECOND) /* as long as hosts wait for them (RFC 791, Linux) */
#define CLOSE_LAG  (5 * HN_SECOND)  /* after FIN or RST: late packets still belong */
#define CLOCK_BACK HN_MINUTE

struct entry {
    struct hn_flow f;
    hn_time began;         /* of the record in hand */
    uint32_t next;         /* in the bucket */
    uint32_t older, newer; /* by last packet */
    bool fin, fin_back, rst, syn_ack;
    struct hn_hello_of hello;
};

/* The ports of a packet that was sent in fragments: only the first one bears them. */
struct cut_packet {
    struct hn_ip src, dst; /* family 0: free */
    uint16_t id, sport, dport;
    uint8_t proto;
    hn_time at;
};

struct hn_meter {
    struct hn_meter_options o;
    void (*flow)(void *arg, const struct hn_flow *f);
    void *arg;
    struct entry *entries;
    uint32_t *buckets;
    size_t n_buckets, n, cap;
    uint32_t free_list, oldest, newest;
    uint64_t evicted;
    hn_time now;
    struct hn_hellos *hellos;
    struct cut_packet *cut_packets; /* CUT_MAX, from the first fragment on; a place keeps the last that fell on it */
};

struct hn_meter *hn_meter_new(const struct hn_meter_options *o, void (*flow)(void *arg, const struct hn_flow *f),
                              void *arg)
{
    struct hn_meter *m = hn_alloc_zero(sizeof *m);
    if (!m)
        return NULL;
    m->o = o ? *o : (struct hn_meter_options){0};
    m->o.idle = m->o.idle ? m->o.idle : HN_MINUTE;
    m->o.active = m->o.active ? m->o.active : 30 * HN_MINUTE;
    m->o.flows_max = m->o.flows_max ? m->o.flows_max : FLOWS_MAX;
    for (m->n_buckets = 1024; m->n_buckets < m->o.flows_max;)
        m->n_buckets *= 2;
    m->buckets = hn_alloc(m->n_buckets * sizeof *m->buckets);
    m->hellos = hn_hellos_new();
    if (!m->buckets || !m->hellos) {
        hn_meter_free(m);
        return NULL;
    }
    memset(m->buckets, 0xff, m->n_buckets * sizeof *m->buckets);
    m->free_list = m->oldest = m->newest = NONE;
    m->flow = flow;
    m->arg = arg;
    return m;
}

void hn_meter_free(struct hn_meter *m)
{
    if (!m)
        return;
    hn_hellos_free(m->hellos);
    hn_free(m->cut_packets);
    hn_free(m->entries);
    hn_free(m->buckets);
    hn_free(m);
}

uint64_t hn_meter_evicted(const struct hn_meter *m)
{
    return m->evicted;
}

/* ---------------------------------------------------------------- table */

static bool swapped(const struct hn_ip *s, uint16_t sp, const struct hn_ip *d, uint16_t dp)
{
    int c = memcmp(s->b, d->b, sizeof s->b);
    return c > 0 || (c == 0 && sp > dp);
}

static uint64_t hash_of(const struct hn_ip *s, uint16_t sp, const struct hn_ip *d, uint16_t dp, uint8_t proto)
{
    uint8_t k[38];
    if (proto == 1 || proto == 58)
        sp = dp;
    bool turn = swapped(s, sp, d, dp);
    memcpy(k, turn ? d->b : s->b, 16);
    memcpy(k + 16, turn ? s->b : d->b, 16);
    uint16_t ports[2] = {turn ? dp : sp, turn ? sp : dp};
    memcpy(k + 32, ports, 4);
    k[36] = proto;
    k[37] = s->family;
    return hn_hash64(hn_bytes_of(k, sizeof k));
}

static void unlink_age(struct hn_meter *m, struct entry *e)
{
    if (e->older != NONE)
        m->entries[e->older].newer = e->newer;
    else
        m->oldest = e->newer;
    if (e->newer != NONE)
        m->entries[e->newer].older = e->older;
    else
        m->newest = e->older;
}

static void make_newest(struct hn_meter *m, uint32_t i)
{
    struct entry *e = &m->entries[i];
    e->older = m->newest;
    e->newer = NONE;
    if (m->newest != NONE)
        m->entries[m->newest].newer = i;
    else
        m->oldest = i;
    m->newest = i;
}

static uint32_t *bucket(struct hn_meter *m, const struct hn_flow *f)
{
    return &m->buckets[hash_of(&f->src, f->sport, &f->dst, f->dport, f->proto) & (m->n_buckets - 1)];
}

static uint8_t state_of(const struct entry *e)
{
    const struct hn_flow *f = &e->f;
    if (f->proto != 6)
        return f->packets_back ? HN_FLOW_ESTABLISHED : HN_FLOW_ATTEMPT;
    bool syn = f->flags & HN_TCP_SYN;
    if (!f->packets_back)
        return syn && !(f->flags & HN_TCP_ACK) ? HN_FLOW_ATTEMPT : HN_FLOW_MIDSTREAM;
    if (syn && !e->syn_ack && (f->flags_back & HN_TCP_RST))
        return HN_FLOW_REJECTED;
    if (e->rst)
        return HN_FLOW_RESET;
    if (e->fin && e->fin_back)
        return HN_FLOW_CLOSED;
    return e->syn_ack ? HN_FLOW_ESTABLISHED : HN_FLOW_MIDSTREAM;
}

static void hand_out(struct hn_meter *m, struct entry *e)
{
    e->f.state = state_of(e);
    e->f.known = HN_FLOW_TIMES | HN_FLOW_BACK | (e->f.known & (HN_FLOW_REVERSED | HN_FLOW_TLS));
    e->f.sampling = 1;
    if (e->f.packets || e->f.packets_back)
        m->flow(m->arg, &e->f);
}

static void remove_entry(struct hn_meter *m, uint32_t i)
{
    struct entry *e = &m->entries[i];
    uint32_t *at = bucket(m, &e->f);
    while (*at != i)
        at = &m->entries[*at].next;
    *at = e->next;
    unlink_age(m, e);
    hand_out(m, e);
    e->next = m->free_list;
    m->free_list = i;
    m->n--;
}

static bool grow(struct hn_meter *m)
{
    if (m->cap == m->o.flows_max)
        return false;
    size_t cap = m->cap ? 2 * m->cap : 1024;
    cap = cap > m->o.flows_max ? m->o.flows_max : cap;
    struct entry *more = hn_realloc(m->entries, cap * sizeof *more);
    if (!more)
        return false;
    m->entries = more;
    for (size_t i = cap; i-- > m->cap;) {
        more[i].next = m->free_list;
        m->free_list = (uint32_t)i;
    }
    m->cap = cap;
    return true;
}

static struct entry *add(struct hn_meter *m, const struct hn_flow *f)
{
    if (m->free_list == NONE && !grow(m)) {
        if (m->oldest == NONE)
            return NULL;
        m->evicted++;
        remove_entry(m, m->oldest);
    }
    uint32_t i = m->free_list, *at = bucket(m, f);
    struct entry *e = &m->entries[i];
    m->free_list = e->next;
    *e = (struct entry){.f = *f, .began = f->first, .next = *at};
    *at = i;
    make_newest(m, i);
    m->n++;
    return e;
}

static bool ended(const struct entry *e)
{
    return e->f.proto == 6 && (e->rst || (e->fin && e->fin_back));
}

static void expire(struct hn_meter *m)
{
    while (m->oldest != NONE) {
        struct entry *e = &m->entries[m->oldest];
        if (m->now - e->f.last <= (ended(e) ? CLOSE_LAG : m->o.idle))
            return;
        remove_entry(m, m->oldest);
    }
}

/* ---------------------------------------------------------------- packets */

static uint32_t find(struct hn_meter *m, const struct hn_flow *f, bool *ret_back)
{
    for (uint32_t i = *bucket(m, f); i != NONE; i = m->entries[i].next) {
        const struct hn_flow *g = &m->entries[i].f;
        if (g->proto != f->proto || g->src.family != f->src.family)
            continue;
        bool same =
            g->sport == f->sport && g->dport == f->dport && hn_ip_eq(&g->src, &f->src) && hn_ip_eq(&g->dst, &f->dst);
        bool icmp = f->proto == 1 || f->proto == 58;
        bool turned = icmp ? g->dport == f->dport : g->sport == f->dport && g->dport == f->sport;
        bool back = turned && hn_ip_eq(&g->src, &f->dst) && hn_ip_eq(&g->dst, &f->src);
        if (same || back) {
            *ret_back = !same;
            return i;
        }
    }
    return NONE;
}

static void count(struct entry *e, const struct hn_packet *p, bool back)
{
    struct hn_flow *f = &e->f;
    uint64_t octets = p->ip_len ? p->ip_len : p->wire;
    if (back) {
        f->packets_back++;
        f->bytes_back += octets;
        f->flags_back |= p->tcp_flags;
        e->fin_back = e->fin_back || (p->tcp_flags & HN_TCP_FIN);
    } else {
        f->packets++;
        f->bytes += octets;
        f->flags |= p->tcp_flags;
        e->fin = e->fin || (p->tcp_flags & HN_TCP_FIN);
    }
    e->rst = e->rst || (p->tcp_flags & HN_TCP_RST);
    e->syn_ack = e->syn_ack || (p->tcp_flags & (HN_TCP_SYN | HN_TCP_ACK)) == (HN_TCP_SYN | HN_TCP_ACK);
}

/* What opened a TLS connection shows itself in its first octets. */
static void look(struct hn_meter *m, struct entry *e, const struct hn_packet *p)
{
    if (p->tcp_flags & HN_TCP_SYN)
        hn_hello_begins(&e->hello, p->tcp_seq);
    else if (hn_hello_add(m->hellos, &e->hello, p->tcp_seq, p->payload, &e->f.tls))
        e->f.known |= HN_FLOW_TLS;
}

/* A record of a connection that goes on: the next one begins with nothing counted. */
static void cut(struct hn_meter *m, struct entry *e, hn_time at)
{
    hand_out(m, e);
    e->f.packets = e->f.bytes = e->f.packets_back = e->f.bytes_back = 0;
    e->f.first = e->began = at;
}

/* Type and code as flow records have them; an echo and its reply are one conversation, named by the request. */
static uint16_t icmp_request(const struct hn_packet *p)
{
    if (p->proto == 1 && p->icmp_type == 0)
        return 8 << 8;
    if (p->proto == 58 && p->icmp_type == 129)
        return 128 << 8;
    return (uint16_t)(p->icmp_type << 8 | p->icmp_code);
}

static struct hn_flow start(hn_time at, const struct hn_packet *p)
{
    struct hn_flow f = {
        .src = p->src, .dst = p->dst, .proto = p->proto, .tos = p->tos, .vlan = p->vlan, .first = at, .last = at};
    if (p->has_ports) {
        f.sport = p->sport;
        f.dport = p->dport;
    } else if (p->proto == 1 || p->proto == 58) {
        f.dport = icmp_request(p);
    }
    return f;
}

static struct cut_packet *cut_place(struct hn_meter *m, const struct hn_packet *p)
{
    uint8_t k[36] = {0};
    if (!m->cut_packets && !(m->cut_packets = hn_alloc_zero(CUT_MAX * sizeof *m->cut_packets)))
        return NULL;
    memcpy(k, p->src.b, 16);
    memcpy(k + 16, p->dst.b, 16);
    memcpy(k + 32, &p->ip_id, 2);
    k[34] = p->proto;
    return &m->cut_packets[hn_hash64(hn_bytes_of(k, sizeof k)) % CUT_MAX];
}

/* A fragment belongs to the flow of the first one, if that came before it; else it is counted without ports. */
static void rejoin(struct hn_meter *m, const struct hn_packet *p, struct hn_flow *f)
{
    struct cut_packet *c = cut_place(m, p);
    if (!c)
        return;
    if (!p->is_fragment)
        *c = (struct cut_packet){p->src, p->dst, p->ip_id, f->sport, f->dport, p->proto, f->first};
    else if (c->id == p->ip_id && c->proto == p->proto && hn_ip_eq(&c->src, &p->src) && hn_ip_eq(&c->dst, &p->dst) &&
             f->first - c->at <= CUT_LIFE) {
        f->sport = c->sport;
        f->dport = c->dport;
    }
}

void hn_meter_packet(struct hn_meter *m, hn_time at, const struct hn_packet *p)
{
    bool back = false;
    if (!p->src.family || !p->dst.family)
        return;
    m->now = at > m->now ? at : m->now;
    expire(m);
    struct hn_flow f = start(at, p);
    if (p->is_fragment || p->mf)
        rejoin(m, p, &f);
    uint32_t i = find(m, &f, &back);
    /* a new SYN on the ports of a connection that has ended is another one */
    bool syn = (p->tcp_flags & (HN_TCP_SYN | HN_TCP_ACK)) == HN_TCP_SYN;
    if (i != NONE && syn && ended(&m->entries[i])) {
        remove_entry(m, i);
        i = NONE;
        back = false;
    }
    struct entry *e = i == NONE ? NULL : &m->entries[i];
    if (!e) {
        /* the answer was seen first: whoever sent a SYN and ACK did not begin */
        if ((p->tcp_flags & (HN_TCP_SYN | HN_TCP_ACK)) == (HN_TCP_SYN | HN_TCP_ACK)) {
            struct hn_flow turned = f;
            turned.src = f.dst;
            turned.dst = f.src;
            turned.sport = f.dport;
            turned.dport = f.sport;
            turned.known = HN_FLOW_REVERSED;
            f = turned;
            back = true;
        }
        e = add(m, &f);
        if (!e)
            return;
    } else {
        unlink_age(m, e);
        make_newest(m, i);
        if (at - e->began > m->o.active)
            cut(m, e, at);
    }
    e->f.last = at > e->f.last ? at : e->f.last;
    count(e, p, back);
    if (p->proto == 6 && !back && !e->hello.ended)
        look(m, e, p);
}

void hn_meter_clock(struct hn_meter *m, hn_time now)
{
    if (m->now - now > CLOCK_BACK) { /* else all that comes until it is there again would be idle at once */
        hn_meter_flush(m);
        m->now = now;
    }
    m->now = now > m->now ? now : m->now;
    expire(m);
}

void hn_meter_flush(struct hn_meter *m)
{
    while (m->oldest != NONE)
        remove_entry(m, m->oldest);
}
