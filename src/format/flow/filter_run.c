/* A filter over the columns of a block: one octet a record, node by node. */
#include "format/flow/filter_in.h"

/* Of a register that nobody tampered with: exporters are numbered one after the other. */
#define EXPORTER_MOST (1u << 24)

struct run {
    const struct hn_segment_block *b;
    const void *const *columns;
    const uint8_t *const *prints;
};

static uint64_t get(const struct run *r, enum hn_segment_column c, uint32_t i)
{
    const uint8_t *p = r->columns[c];
    uint32_t v4;
    uint64_t v8;
    uint16_t v2;
    switch (r->b->width[c]) {
    case 1:
        return p[i];
    case 2:
        memcpy(&v2, p + 2 * (size_t)i, 2);
        return v2;
    case 4:
        memcpy(&v4, p + 4 * (size_t)i, 4);
        return v4;
    default:
        memcpy(&v8, p + 8 * (size_t)i, 8);
        return v8;
    }
}

static bool compare(const struct hn_flow_filter *f, uint64_t v)
{
    if (f->op == OP_SET) {
        for (size_t i = 0; i < f->n_set; i++)
            if (f->set[i] == v)
                return true;
        return false;
    }
    switch (f->compare) {
    case EQ:
        return v == f->value;
    case NE:
        return v != f->value;
    case LT:
        return v < f->value;
    case GT:
        return v > f->value;
    case LE:
        return v <= f->value;
    case GE:
        return v >= f->value;
    case BETWEEN:
        return v >= f->value && v <= f->to;
    }
    return false;
}

static bool number_test(const struct hn_flow_filter *f, const struct run *r, uint32_t i)
{
    uint64_t ms, n, packets;
    switch (f->of) {
    case OF_COLUMN:
        return compare(f, get(r, f->column, i));
    case OF_EITHER_PORT:
        return compare(f, get(r, HN_SEGMENT_SPORT, i)) || compare(f, get(r, HN_SEGMENT_DPORT, i));
    case OF_EITHER_AS:
        return compare(f, get(r, HN_SEGMENT_SRC_AS, i)) || compare(f, get(r, HN_SEGMENT_DST_AS, i));
    case OF_EITHER_IF:
        return compare(f, get(r, HN_SEGMENT_IN_IF, i)) || compare(f, get(r, HN_SEGMENT_OUT_IF, i));
    case OF_PACKETS:
        return compare(f, get(r, HN_SEGMENT_PACKETS, i) + get(r, HN_SEGMENT_PACKETS_BACK, i));
    case OF_BYTES:
        return compare(f, get(r, HN_SEGMENT_BYTES, i) + get(r, HN_SEGMENT_BYTES_BACK, i));
    case OF_BPS:
        ms = get(r, HN_SEGMENT_DURATION, i);
        n = get(r, HN_SEGMENT_BYTES, i) + get(r, HN_SEGMENT_BYTES_BACK, i);
        return compare(f, ms ? (uint64_t)((double)n * 8000 / (double)ms) : 0); /* one packet has no rate */
    case OF_BPP:
        packets = get(r, HN_SEGMENT_PACKETS, i) + get(r, HN_SEGMENT_PACKETS_BACK, i);
        n = get(r, HN_SEGMENT_BYTES, i) + get(r, HN_SEGMENT_BYTES_BACK, i);
        return compare(f, n / (packets ? packets : 1));
    case OF_ICMP_TYPE:
        return compare(f, get(r, HN_SEGMENT_DPORT, i) >> 8);
    case OF_ICMP_CODE:
        return compare(f, get(r, HN_SEGMENT_DPORT, i) & 255);
    case OF_PPS:
        ms = get(r, HN_SEGMENT_DURATION, i);
        n = get(r, HN_SEGMENT_PACKETS, i) + get(r, HN_SEGMENT_PACKETS_BACK, i);
        return compare(f, ms ? (uint64_t)((double)n * 1000 / (double)ms) : 0);
    }
    return false;
}

static bool in_net(const struct hn_flow_filter *f, const struct run *r, enum hn_segment_column c, uint32_t i)
{
    unsigned w = r->b->width[c];
    struct hn_ip ip = {.family = r->b->family};
    memcpy(ip.b, (const uint8_t *)r->columns[c] + (size_t)i * w, w);
    for (size_t n = 0; n < f->n_nets; n++)
        if (hn_ip_in(&ip, &f->nets[n].ip, f->nets[n].bits))
            return true;
    return false;
}

/* Every value stands once in a block: it is looked for once. */
static void print_test(const struct hn_flow_filter *f, const struct run *r, uint8_t *keep)
{
    struct hn_bytes want = hn_tls_print_get(&f->tls, f->print);
    uint32_t n = r->b->n_prints[f->print], number = 0;
    for (uint32_t i = 0; i < n && !number; i++)
        if (memcmp(r->prints[f->print] + (size_t)i * want.n, want.p, want.n) == 0)
            number = i + 1;
    for (uint32_t i = 0; i < r->b->n; i++)
        keep[i] = number && get(r, hn_segment_print_column(f->print), i) == number;
}

static bool is_exporter(const struct hn_flow_filter *f, uint64_t number)
{
    return number / 64 < f->n_set && f->set[number / 64] >> number % 64 & 1;
}

static void run(const struct hn_flow_filter *f, const struct run *r, uint8_t *keep, uint8_t *room)
{
    uint32_t n = r->b->n;
    switch (f->op) {
    case OP_ANY:
        memset(keep, 1, n);
        break;
    case OP_FAMILY:
        memset(keep, r->b->family == f->value, n);
        break;
    case OP_NOT:
        run(f->left, r, keep, room);
        for (uint32_t i = 0; i < n; i++)
            keep[i] = !keep[i];
        break;
    case OP_AND:
    case OP_OR:
        run(f->left, r, keep, room);
        run(f->right, r, room, room + n);
        for (uint32_t i = 0; i < n; i++)
            keep[i] = f->op == OP_AND ? keep[i] & room[i] : keep[i] | room[i];
        break;
    case OP_ADDRESS:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = (f->src && in_net(f, r, HN_SEGMENT_SRC, i)) || (f->dst && in_net(f, r, HN_SEGMENT_DST, i));
        break;
    case OP_BITS:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = ((get(r, f->column, i) & f->mask) == f->value) == (f->compare == EQ);
        break;
    case OP_EXPORTER:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = is_exporter(f, get(r, HN_SEGMENT_EXPORTER, i));
        break;
    case OP_PRINT:
        print_test(f, r, keep);
        break;
    case OP_NUMBER:
    case OP_SET:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = number_test(f, r, i);
        break;
    }
}

void hn_flow_filter_run(const struct hn_flow_filter *f, const struct hn_segment_block *b,
                        const void *const columns[HN_SEGMENT_COLUMNS], const uint8_t *const prints[HN_TLS_PRINTS],
                        uint8_t *keep, uint8_t *room)
{
    struct run r = {b, columns, prints};
    run(f, &r, keep, room);
}

static bool has_address(const struct hn_flow_filter *f, const struct hn_ip *ip)
{
    for (size_t i = 0; i < f->n_nets; i++)
        if (hn_ip_in(ip, &f->nets[i].ip, f->nets[i].bits))
            return true;
    return false;
}

/* Numbers are given one after the other, so a bit for each up to the highest is not much. */
static bool know_exporters(struct hn_flow_filter *f, struct hn_arena *a, const struct hn_export_number *list, size_t n)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < n; i++)
        highest = list[i].number > highest && list[i].number < EXPORTER_MOST ? list[i].number : highest;
    size_t words = highest / 64 + 1;
    uint64_t *set = hn_arena_alloc(a, words * sizeof *set);
    if (!set)
        return false;
    memset(set, 0, words * sizeof *set);
    for (size_t i = 0; i < n; i++)
        if (list[i].number <= highest && has_address(f, &list[i].address))
            set[list[i].number / 64] |= UINT64_C(1) << list[i].number % 64;
    f->set = set;
    f->n_set = words;
    return true;
}

bool hn_flow_filter_exporters(struct hn_flow_filter *f, struct hn_arena *a, const struct hn_export_number *list,
                              size_t n)
{
    bool ok = f->op != OP_EXPORTER || know_exporters(f, a, list, n);
    ok = (!f->left || hn_flow_filter_exporters(f->left, a, list, n)) && ok;
    return (!f->right || hn_flow_filter_exporters(f->right, a, list, n)) && ok;
}
