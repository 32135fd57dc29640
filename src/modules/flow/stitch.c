/* Two one-way records of one conversation become one. Bounded: what waits longer than a few minutes of flow time, or
 * stands in the way when the table is full, goes on alone. */
#include "base/hash.h"
#include "base/mem.h"
#include "modules/flow/flow_in.h"

#define SLOTS ((size_t)1 << 18)
#define WAIT  (5 * HN_MINUTE)

struct flow_stitch {
    struct flow_state *to;
    struct hn_flow *slots; /* by hash of the conversation; src.family 0: free */
};

struct flow_stitch *flow_stitch_new(struct flow_state *to)
{
    struct flow_stitch *t = hn_alloc_zero(sizeof *t);
    if (t) {
        t->to = to;
        t->slots = hn_alloc_zero(SLOTS * sizeof *t->slots);
    }
    if (t && !t->slots) {
        hn_free(t);
        t = NULL;
    }
    return t;
}

void flow_stitch_free(struct flow_stitch *t)
{
    if (!t)
        return;
    hn_free(t->slots);
    hn_free(t);
}

static size_t slot_of(const struct hn_flow *f)
{
    uint8_t k[37];
    int c = memcmp(f->src.b, f->dst.b, 16);
    bool turn = c > 0 || (c == 0 && f->sport > f->dport);
    memcpy(k, turn ? f->dst.b : f->src.b, 16);
    memcpy(k + 16, turn ? f->src.b : f->dst.b, 16);
    uint16_t ports[2] = {turn ? f->dport : f->sport, turn ? f->sport : f->dport};
    memcpy(k + 32, ports, 4);
    k[36] = f->proto;
    return hn_hash64(hn_bytes_of(k, sizeof k)) & (SLOTS - 1);
}

static bool mirrored(const struct hn_flow *a, const struct hn_flow *b)
{
    return a->proto == b->proto && a->sport == b->dport && a->dport == b->sport && hn_ip_eq(&a->src, &b->dst) &&
           hn_ip_eq(&a->dst, &b->src);
}

/* Who asked: who began, else who sent a bare SYN, else the higher port. */
static bool asks(const struct hn_flow *a, const struct hn_flow *b)
{
    bool sa = a->proto == 6 && (a->flags & 0x12u) == 0x02u, sb = b->proto == 6 && (b->flags & 0x12u) == 0x02u;
    if (sa != sb)
        return sa;
    if (a->first != b->first)
        return a->first < b->first;
    return a->sport >= b->sport;
}

static void state_of(struct hn_flow *f)
{
    if (f->proto != 6 || f->state)
        return;
    if ((f->flags_back & 0x14u) == 0x14u && !(f->flags_back & 0x02u) && f->packets_back <= 2)
        f->state = HN_FLOW_REJECTED;
    else
        f->state = HN_FLOW_ESTABLISHED;
}

static struct hn_flow together(const struct hn_flow *a, const struct hn_flow *b)
{
    const struct hn_flow *ask = asks(a, b) ? a : b, *answer = ask == a ? b : a;
    struct hn_flow f = *ask;
    f.packets_back = answer->packets;
    f.bytes_back = answer->bytes;
    f.flags_back = answer->flags;
    f.known |= HN_FLOW_BACK;
    f.first = a->first < b->first ? a->first : b->first;
    f.last = a->last > b->last ? a->last : b->last;
    state_of(&f);
    return f;
}

/* A lone record whose source is a service: the request was not seen; it is an answer all the same. */
static void give_alone(struct flow_stitch *t, const struct hn_flow *f)
{
    bool service = f->sport < 1024 && f->dport >= 1024 && (f->proto == 6 || f->proto == 17);
    bool began = f->proto == 6 && (f->flags & 0x12u) == 0x02u;
    if (!service || began) {
        flow_state_add(t->to, f);
        return;
    }
    struct hn_flow g = *f;
    g.src = f->dst;
    g.dst = f->src;
    g.sport = f->dport;
    g.dport = f->sport;
    g.packets_back = f->packets;
    g.bytes_back = f->bytes;
    g.flags_back = f->flags;
    g.packets = g.bytes = 0;
    g.flags = 0;
    g.known |= HN_FLOW_BACK | HN_FLOW_REVERSED;
    flow_state_add(t->to, &g);
}

void flow_stitch_add(struct flow_stitch *t, const struct hn_flow *f)
{
    if (f->known & (HN_FLOW_BACK | HN_FLOW_BEGINS) || (f->proto != 6 && f->proto != 17)) {
        flow_state_add(t->to, f);
        return;
    }
    struct hn_flow *slot = &t->slots[slot_of(f)];
    hn_time apart = slot->first > f->first ? slot->first - f->first : f->first - slot->first;
    if (slot->src.family && mirrored(slot, f) && apart <= WAIT) {
        struct hn_flow both = together(slot, f);
        slot->src.family = 0;
        flow_state_add(t->to, &both);
        return;
    }
    if (slot->src.family)
        give_alone(t, slot);
    *slot = *f;
}

void flow_stitch_end(struct flow_stitch *t)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (t->slots[i].src.family) {
            give_alone(t, &t->slots[i]);
            t->slots[i].src.family = 0;
        }
}
