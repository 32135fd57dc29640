/* Data records of v9 and IPFIX by their template: information elements become fields of a flow, or options of the
 * exporter. Element numbers are IANA's (RFC 7012 and the registry); v9's own types below 128 are the same. */
#include "format/flow/export_in.h"
#include "format/packet/packet.h"

#define PEN_REVERSE 29305u /* RFC 5103: the same elements, of the other direction */

/* What a record says before it becomes a flow. */
struct reading {
    struct hn_flow f;
    bool v4, has_first_ms, has_last_ms, has_counters, initiator;
    uint64_t first_ms, last_ms; /* since boot, both of the exporter's clock */
    hn_time first, last, at, duration;
    bool has_icmp, has_selector, has_rate;
    uint16_t icmp;
    uint64_t selector, rate;
    uint64_t interval, space, size, population;
    uint64_t boot_ms;
    uint64_t total_bytes, total_packets, layer2_bytes;
    uint8_t end_reason, event;
    struct hn_bytes frame; /* a piece of the packet itself */
    unsigned frame_link;
    uint64_t frame_size;
};

static uint64_t number(struct hn_bytes b)
{
    uint64_t v = 0;
    for (size_t i = b.n > 8 ? b.n - 8 : 0; i < b.n; i++)
        v = v << 8 | b.p[i];
    return v;
}

static struct hn_ip address(struct hn_bytes b)
{
    if (b.n == 4)
        return hn_ip4(b.p);
    return b.n == 16 ? hn_ip6(b.p) : (struct hn_ip){.family = 0};
}

static void set_address(struct hn_ip *ip, struct hn_bytes b, bool v6)
{
    struct hn_ip a = address(b);
    static const struct hn_ip none6 = {.family = 6};
    /* Templates for both families fill the one that is not meant with zeros. */
    if (!a.family || (v6 && hn_ip_eq(&a, &none6) && ip->family))
        return;
    static const struct hn_ip none4 = {.family = 4};
    if (!v6 && ip->family == 6 && hn_ip_eq(&a, &none4))
        return;
    *ip = a;
}

/* Seconds since 1900 and a fraction of 2^32 (RFC 5905). */
static hn_time ntp(struct hn_bytes b)
{
    uint64_t v = number(b), seconds = v >> 32;
    if (b.n != 8 || seconds < 2208988800u)
        return 0;
    return (hn_time)(seconds - 2208988800u) * HN_SECOND + (hn_time)((v & 0xffffffffu) * 1000000000u >> 32);
}

static hn_time scaled(uint64_t v, hn_time unit)
{
    return v < (uint64_t)(INT64_MAX / 4 / unit) ? (hn_time)v * unit : 0;
}

static bool set_time(struct reading *r, uint16_t id, struct hn_bytes b, const struct export_when *w)
{
    uint64_t v = number(b);
    switch (id) {
    case 21:
        r->last_ms = v;
        r->has_last_ms = true;
        return true;
    case 22:
        r->first_ms = v;
        r->has_first_ms = true;
        return true;
    case 150:
        r->first = scaled(v, HN_SECOND);
        return true;
    case 151:
        r->last = scaled(v, HN_SECOND);
        return true;
    case 152:
        r->first = scaled(v, HN_SECOND / 1000);
        return true;
    case 153:
        r->last = scaled(v, HN_SECOND / 1000);
        return true;
    case 154:
    case 156:
        r->first = ntp(b);
        return true;
    case 155:
    case 157:
        r->last = ntp(b);
        return true;
    case 158: /* microseconds before the export time */
        r->first = (hn_time)w->seconds * HN_SECOND - scaled(v, 1000);
        return true;
    case 159:
        r->last = (hn_time)w->seconds * HN_SECOND - scaled(v, 1000);
        return true;
    case 160:
        r->boot_ms = v;
        return true;
    case 161:
        r->duration = scaled(v, HN_SECOND / 1000);
        return true;
    case 162:
        r->duration = scaled(v, 1000);
        return true;
    case 322:
        r->at = scaled(v, HN_SECOND);
        return true;
    case 323:
        r->at = scaled(v, HN_SECOND / 1000);
        return true;
    default:
        return false;
    }
}

/* What samples and how much (RFC 5477, RFC 3954 clause 8). */
static bool set_sampling(struct reading *r, uint16_t id, struct hn_bytes b)
{
    uint64_t v = number(b);
    switch (id) {
    case 34:
    case 50:
        r->rate = v;
        r->has_rate = true;
        return true;
    case 48:
    case 302:
        r->selector = v;
        r->has_selector = true;
        return true;
    case 305:
        r->interval = v;
        return true;
    case 306:
        r->space = v;
        return true;
    case 309:
        r->size = v;
        return true;
    case 310:
        r->population = v;
        return true;
    default:
        return false;
    }
}

static bool set_counter(struct reading *r, uint16_t id, uint64_t v)
{
    switch (id) {
    case 1:
        r->f.bytes = v;
        break;
    case 2:
        r->f.packets = v;
        break;
    case 85:
        r->total_bytes = v;
        break;
    case 86:
        r->total_packets = v;
        break;
    case 352:
        r->layer2_bytes = v;
        break;
    case 23: /* outgoing side, where only that is told */
        r->total_bytes = r->total_bytes ? r->total_bytes : v;
        break;
    case 24:
        r->total_packets = r->total_packets ? r->total_packets : v;
        break;
    case 231:
        r->f.bytes = v;
        r->initiator = true;
        break;
    case 298:
        r->f.packets = v;
        r->initiator = true;
        break;
    case 232:
        r->f.bytes_back = v;
        r->f.known |= HN_FLOW_BACK;
        break;
    case 299:
        r->f.packets_back = v;
        r->f.known |= HN_FLOW_BACK;
        break;
    default:
        return false;
    }
    r->has_counters = true;
    return true;
}

static void set_icmp(struct reading *r, unsigned type, unsigned code, bool is_type)
{
    r->icmp = is_type ? (uint16_t)(type << 8 | (r->icmp & 0xffu)) : (uint16_t)((r->icmp & 0xff00u) | (code & 0xffu));
    r->has_icmp = true;
}

static void set_frame(struct reading *r, struct hn_bytes b, unsigned link)
{
    r->frame = b;
    r->frame_link = link;
}

static void set_plain(struct reading *r, uint16_t id, struct hn_bytes b)
{
    uint64_t v = number(b);
    struct hn_flow *f = &r->f;
    switch (id) {
    case 4:
        f->proto = (uint8_t)v;
        break;
    case 5:
        f->tos = (uint8_t)v;
        break;
    case 6:
        f->flags |= (uint8_t)v;
        break;
    case 7:
    case 180:
    case 182:
        f->sport = (uint16_t)v;
        break;
    case 11:
    case 181:
    case 183:
        f->dport = (uint16_t)v;
        break;
    case 8:
        set_address(&f->src, b, false);
        break;
    case 12:
        set_address(&f->dst, b, false);
        break;
    case 27:
        set_address(&f->src, b, true);
        break;
    case 28:
        set_address(&f->dst, b, true);
        break;
    case 10:
    case 252:
        f->in_if = (uint32_t)v;
        break;
    case 14:
    case 253:
        f->out_if = (uint32_t)v;
        break;
    case 16:
        f->src_as = (uint32_t)v;
        break;
    case 17:
        f->dst_as = (uint32_t)v;
        break;
    case 58:
    case 243:
        f->vlan = (uint16_t)(v & 0xfffu);
        break;
    case 32:
    case 139:
        if (v || !r->has_icmp) {
            r->icmp = (uint16_t)v;
            r->has_icmp = true;
        }
        break;
    case 176:
    case 178:
        set_icmp(r, (unsigned)v & 0xffu, 0, true);
        break;
    case 177:
    case 179:
        set_icmp(r, 0, (unsigned)v, false);
        break;
    case 136:
        r->end_reason = (uint8_t)v;
        break;
    case 233:
        r->event = (uint8_t)v;
        break;
    case 312:
        r->frame_size = v;
        break;
    case 315:
        set_frame(r, b, HN_LINK_ETHERNET);
        break;
    case 313:
        set_frame(r, b, HN_LINK_RAW);
        break;
    default:
        break;
    }
}

static void set_reverse(struct reading *r, uint16_t id, uint64_t v)
{
    if (id == 1 || id == 85)
        r->f.bytes_back = v;
    else if (id == 2 || id == 86)
        r->f.packets_back = v;
    else if (id == 6)
        r->f.flags_back |= (uint8_t)v;
    else
        return;
    r->f.known |= HN_FLOW_BACK;
}

static void set(struct reading *r, const struct export_field *d, struct hn_bytes b, const struct export_when *w)
{
    if (d->pen == PEN_REVERSE) {
        set_reverse(r, d->id, number(b));
        return;
    }
    if (d->pen || !b.n)
        return;
    if ((d->id >= 21 && d->id <= 24) || (d->id >= 150 && d->id <= 162) || (d->id | 1) == 323) {
        if (set_time(r, d->id, b, w))
            return;
    }
    if (set_counter(r, d->id, number(b)) || set_sampling(r, d->id, b))
        return;
    set_plain(r, d->id, b);
}

/* ---------------------------------------------------------------- a record as a whole */

/* Count-based sampling takes `interval` packets and leaves out `space` of them (RFC 5477 clause 8.2); random sampling
 * takes `size` of a `population`. Exporters that sample at random may send an interval of 1 besides, and those that
 * send an interval alone mean one packet in so many. */
static uint64_t told_rate(const struct reading *r)
{
    if (r->interval && r->space)
        return (r->interval + r->space) / r->interval;
    if (r->size && r->population)
        return r->population / r->size;
    if (r->has_rate)
        return r->rate;
    return r->interval;
}

static void take_options(struct export_sets *s, const struct reading *r)
{
    s->e->is.options++;
    if (r->boot_ms) {
        s->e->boot_ms = r->boot_ms;
        s->e->has_boot = true;
    }
    if (told_rate(r))
        export_sampler_set(s->e, r->has_selector, r->selector, told_rate(r));
}

static hn_time since_boot(const struct export_sets *s, const struct reading *r, uint64_t ms)
{
    if (s->when.has_uptime)
        return export_uptime(&s->when, (uint32_t)ms);
    uint64_t boot = r->boot_ms ? r->boot_ms : s->e->boot_ms;
    return boot ? scaled(boot + ms, HN_SECOND / 1000) : 0;
}

static void take_times(const struct export_sets *s, struct reading *r)
{
    struct hn_flow *f = &r->f;
    if (r->has_first_ms && !r->first)
        r->first = since_boot(s, r, r->first_ms);
    if (r->has_last_ms && !r->last)
        r->last = since_boot(s, r, r->last_ms);
    if (!r->last)
        r->last = r->at;
    if (!r->first && r->last)
        r->first = r->last - r->duration;
    if (!r->last && r->first)
        r->last = r->first + r->duration;
    if (r->first && r->last) {
        f->first = r->first;
        f->last = r->last < r->first ? r->first : r->last;
        f->known |= HN_FLOW_TIMES;
    } else { /* when it was told is all that is known */
        f->first = f->last = s->when.seconds ? (hn_time)s->when.seconds * HN_SECOND : s->when.received;
    }
}

/* Exporters that hand out the head of the packet in place of fields (PSAMP). */
static void take_frame(struct reading *r)
{
    struct hn_packet p;
    uint64_t wire = r->frame_size ? r->frame_size : r->frame.n;
    hn_packet_decode(r->frame_link, r->frame, wire > UINT32_MAX ? UINT32_MAX : (uint32_t)wire, NULL, &p);
    if (!p.src.family)
        return;
    struct hn_flow *f = &r->f;
    f->src = p.src;
    f->dst = p.dst;
    f->proto = p.proto;
    f->tos = p.tos;
    f->flags = p.tcp_flags;
    f->vlan = f->vlan ? f->vlan : p.vlan;
    if (p.has_ports) {
        f->sport = p.sport;
        f->dport = p.dport;
    } else if (p.proto == 1 || p.proto == 58) {
        r->icmp = (uint16_t)(p.icmp_type << 8 | p.icmp_code);
        r->has_icmp = true;
    }
    f->packets = f->packets ? f->packets : 1;
    f->bytes = f->bytes ? f->bytes : p.ip_len;
}

/* Firewall events (RFC 8158; Cisco NSEL): 1 created, 2 deleted, 3 denied, 4 alert, 5 update. */
static void take_event(struct reading *r)
{
    if (r->event == 3)
        r->f.state = HN_FLOW_REJECTED;
    else if (r->event == 1)
        r->f.known |= HN_FLOW_BEGINS;
    else if (r->event == 2)
        r->f.state = HN_FLOW_ESTABLISHED;
}

static void take_flow(struct export_sets *s, struct reading *r)
{
    struct hn_flow *f = &r->f;
    uint64_t rate = told_rate(r);
    if (r->frame.n)
        take_frame(r);
    if (!f->bytes)
        f->bytes = r->total_bytes ? r->total_bytes : r->layer2_bytes;
    if (!f->packets)
        f->packets = r->total_packets;
    if (r->has_icmp && (f->proto == 1 || f->proto == 58))
        f->dport = r->icmp;
    take_times(s, r);
    take_event(r);
    f->sampling = !s->e->override && rate && rate <= UINT32_MAX ? (uint32_t)rate
                                                                : export_rate(s->e, r->has_selector, r->selector);
    export_flow(s->e, f);
}

/* A length of a variable field: one octet, or 255 and two (RFC 7011 clause 7). */
static size_t variable_length(struct hn_cur *c)
{
    size_t n = hn_cur_u8(c);
    return n == 255 ? hn_cur_be16(c) : n;
}

static bool read_record(struct export_sets *s, const struct export_template *t, struct hn_cur *c)
{
    struct reading r = {.first = 0};
    for (size_t i = 0; i < t->n; i++) {
        size_t n = t->f[i].length == 0xffffu ? variable_length(c) : t->f[i].length;
        struct hn_bytes b = hn_cur_take(c, n);
        if (hn_cur_bad(c))
            return false;
        if (i < t->scopes && !(t->options && s->ipfix))
            continue; /* scopes of v9 have a numbering of their own */
        set(&r, &t->f[i], b, &s->when);
    }
    s->records++;
    s->options += t->options;
    if (t->options)
        take_options(s, &r);
    else
        take_flow(s, &r);
    return true;
}

void export_read_data(struct export_sets *s, const struct export_template *t, struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, b.n + 1);
    /* what is shorter than a record is padding */
    while (hn_cur_left(&c) >= t->least && hn_cur_work(&c))
        if (!read_record(s, t, &c)) {
            export_bad(s->e, HN_EXPORT_RECORD);
            return;
        }
}
