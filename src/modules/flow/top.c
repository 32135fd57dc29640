/* hinomi flow top: flows added up by one field or several, the largest shown.
 *
 * A key is the values of the fields side by side. Keys of two octets index an array; up to eight octets (two addresses
 * of IPv4, an address and a port) go into a table of numbers; longer ones into a table of octets. Each thread has its
 * own tables; they are added together at the end.
 *
 * An address may be cut to its network: srcip4/24, dstip6/48, both for mixed traffic, as nfdump -A takes them; without
 * a family, up to 32 bits are of IPv4 and more of IPv6. Addresses of the other family stay whole.
 *
 * Countries and networks are columns that are made for each block (place.c). Without a side (country, as) a flow counts
 * for that of its source and, unless it is the same, for that of its destination. */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/top_in.h"

#define LARGE_PAGE  ((size_t)2 << 20)
#define AHEAD       32u
#define LARGE_TABLE ((size_t)1 << 20) /* slots: from here on, memory that stays empty costs more than moving again */
#define TABLE_MAX   ((size_t)1 << 27)

static const struct field fields[] = {{"srcip", HN_SEGMENT_SRC},
                                      {"dstip", HN_SEGMENT_DST},
                                      {"srcport", HN_SEGMENT_SPORT},
                                      {"dstport", HN_SEGMENT_DPORT},
                                      {"proto", HN_SEGMENT_PROTO},
                                      {"state", HN_SEGMENT_STATE},
                                      {"app", HN_SEGMENT_APP},
                                      {"tos", HN_SEGMENT_TOS},
                                      {"vlan", HN_SEGMENT_VLAN},
                                      {"exporter", HN_SEGMENT_EXPORTER},
                                      {"inif", HN_SEGMENT_IN_IF},
                                      {"outif", HN_SEGMENT_OUT_IF},
                                      {"flags", HN_SEGMENT_FLAGS},
                                      {"srcas", HN_SEGMENT_SRC_AS, FLOW_NETWORK, SIDE_SRC},
                                      {"dstas", HN_SEGMENT_DST_AS, FLOW_NETWORK, SIDE_DST},
                                      {"as", HN_SEGMENT_SRC_AS, FLOW_NETWORK, SIDE_EITHER},
                                      {"srccountry", HN_SEGMENT_SRC, FLOW_COUNTRY, SIDE_SRC},
                                      {"dstcountry", HN_SEGMENT_DST, FLOW_COUNTRY, SIDE_DST},
                                      {"country", HN_SEGMENT_SRC, FLOW_COUNTRY, SIDE_EITHER},
                                      /* nfdump's names for them */
                                      {"srcgeo", HN_SEGMENT_SRC, FLOW_COUNTRY, SIDE_SRC},
                                      {"dstgeo", HN_SEGMENT_DST, FLOW_COUNTRY, SIDE_DST}};

/* ---------------------------------------------------------------- tables */

static void add(struct sums *s, const struct sums *v)
{
    s->flows += v->flows;
    s->packets += v->packets;
    s->bytes += v->bytes;
}

/* A seeded multiplication folded: keys come from strangers. */
static size_t mix(uint64_t key, uint64_t seed)
{
    unsigned __int128 m = (unsigned __int128)(key ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)((uint64_t)m ^ (uint64_t)(m >> 64));
}

/* Large tables on large pages, where the kernel has them: half of the time would go into finding the small ones. */
static void want_large_pages(void *p, size_t n)
{
    uintptr_t from = ((uintptr_t)p + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1), to = (uintptr_t)p + n;
    if (to > from + LARGE_PAGE)
        (void)madvise((void *)from, (to - from) & ~(size_t)(LARGE_PAGE - 1), MADV_HUGEPAGE);
}

static bool tables_init(struct tables *t, bool places)
{
    for (size_t f = 0; f <= FIELDS_MAX && places; f++)
        if (!(t->places[f] = hn_alloc(HN_SEGMENT_FLOWS * sizeof *t->places[f])))
            return false;
    t->direct = hn_alloc_zero(65536 * sizeof *t->direct);
    t->packets = hn_alloc(HN_SEGMENT_FLOWS * sizeof *t->packets);
    t->bytes = hn_alloc(HN_SEGMENT_FLOWS * sizeof *t->bytes);
    return t->direct && t->packets && t->bytes;
}

static bool grow_narrow(struct tables *t, uint64_t seed)
{
    size_t cap = t->narrow_cap ? t->narrow_cap * (t->narrow_cap < LARGE_TABLE ? 4 : 2) : (size_t)1 << 16;
    struct slot *list = cap > TABLE_MAX ? NULL : hn_alloc_zero(cap * sizeof *list);
    if (!list)
        return false;
    want_large_pages(list, cap * sizeof *list);
    for (size_t i = 0; i < t->narrow_cap; i++) {
        if (!t->narrow[i].s.flows)
            continue;
        size_t at = mix(t->narrow[i].key, seed) & (cap - 1);
        while (list[at].s.flows)
            at = (at + 1) & (cap - 1);
        list[at] = t->narrow[i];
    }
    hn_free(t->narrow);
    t->narrow = list;
    t->narrow_cap = cap;
    return true;
}

static bool add_narrow(struct tables *t, uint64_t seed, uint64_t key, const struct sums *v)
{
    if (t->narrow_n * 2 >= t->narrow_cap && !grow_narrow(t, seed))
        return false;
    size_t at = mix(key, seed) & (t->narrow_cap - 1);
    while (t->narrow[at].s.flows && t->narrow[at].key != key)
        at = (at + 1) & (t->narrow_cap - 1);
    t->narrow_n += !t->narrow[at].s.flows;
    t->narrow[at].key = key;
    add(&t->narrow[at].s, v);
    return true;
}

static size_t wide_place(const struct wide_slot *list, size_t cap, const uint8_t *key, size_t n)
{
    size_t at = hn_hash64(hn_bytes_of(key, n)) & (cap - 1);
    while (list[at].s.flows && (list[at].n != n || memcmp(list[at].key, key, n) != 0))
        at = (at + 1) & (cap - 1);
    return at;
}

static bool grow_wide(struct tables *t)
{
    size_t cap = t->wide_cap ? 2 * t->wide_cap : (size_t)1 << 14;
    struct wide_slot *list = cap > TABLE_MAX / 4 ? NULL : hn_alloc_zero(cap * sizeof *list);
    if (!list)
        return false;
    for (size_t i = 0; i < t->wide_cap; i++)
        if (t->wide[i].s.flows)
            list[wide_place(list, cap, t->wide[i].key, t->wide[i].n)] = t->wide[i];
    hn_free(t->wide);
    t->wide = list;
    t->wide_cap = cap;
    return true;
}

static bool add_wide(struct tables *t, const uint8_t *key, size_t n, const struct sums *v)
{
    if (t->wide_n * 2 >= t->wide_cap && !grow_wide(t))
        return false;
    struct wide_slot *s = &t->wide[wide_place(t->wide, t->wide_cap, key, n)];
    if (!s->s.flows) {
        memcpy(s->key, key, n);
        s->n = (uint8_t)n;
        t->wide_n++;
    }
    add(&s->s, v);
    return true;
}

/* ---------------------------------------------------------------- fields */

static unsigned width_in(const struct top *t, const struct hn_segment_block *b, size_t f)
{
    return t->by[f]->place ? (unsigned)sizeof(uint32_t) : b->width[t->by[f]->column];
}

static const uint8_t *column_in(const struct top *t, const struct query_worker *k, size_t f)
{
    return t->by[f]->place ? (const uint8_t *)t->t[k->index].places[f] : k->columns[t->by[f]->column];
}

/* ---------------------------------------------------------------- counting a block */

/* Octets in `width`, little endian as they lie in memory. */
static uint64_t load(const uint8_t *p, unsigned width)
{
    uint64_t v = 0;
    uint32_t four;
    uint16_t two;
    switch (width) {
    case 1:
        return *p;
    case 2:
        memcpy(&two, p, 2);
        return two;
    case 4:
        memcpy(&four, p, 4);
        return four;
    default:
        memcpy(&v, p, 8);
        return v;
    }
}

/* A counter of both directions for all records of a block: straight loops, which the compiler turns into wide ones. */
static void sum_column(const struct query_worker *k, const struct hn_segment_block *b, enum hn_segment_column c,
                       uint64_t *sums)
{
    const uint32_t *four = k->columns[c];
    const uint64_t *eight = k->columns[c];
    if (!b->packing[c] && !load(k->columns[c], b->width[c]))
        return; /* of one-way records: 0 throughout */
    if (b->width[c] == 4)
        for (uint32_t i = 0; i < b->n; i++)
            sums[i] += four[i];
    else
        for (uint32_t i = 0; i < b->n; i++)
            sums[i] += eight[i];
}

/* Where nobody said how it was sampled, a packet stands for itself: never × 0. */
static void scale_block(const struct query_worker *k, const struct hn_segment_block *b, struct tables *mine)
{
    for (uint32_t i = 0; i < b->n; i++) {
        uint64_t by = query_get(k, b, HN_SEGMENT_SAMPLING, i);
        mine->packets[i] *= by ? by : 1;
        mine->bytes[i] *= by ? by : 1;
    }
}

static void sum_block(const struct query_worker *k, const struct hn_segment_block *b, struct tables *mine)
{
    memset(mine->packets, 0, b->n * sizeof *mine->packets);
    memset(mine->bytes, 0, b->n * sizeof *mine->bytes);
    sum_column(k, b, HN_SEGMENT_PACKETS, mine->packets);
    sum_column(k, b, HN_SEGMENT_PACKETS_BACK, mine->packets);
    sum_column(k, b, HN_SEGMENT_BYTES, mine->bytes);
    sum_column(k, b, HN_SEGMENT_BYTES_BACK, mine->bytes);
}

/* What lies behind the first bits becomes 0. */
static void cut(uint8_t *p, unsigned width, unsigned bits)
{
    if (bits % 8)
        p[bits / 8] &= (uint8_t)(0xff << (8 - bits % 8));
    for (unsigned i = (bits + 7) / 8; i < width; i++)
        p[i] = 0;
}

static size_t key_of(const struct top *t, const struct query_worker *k, const struct hn_segment_block *b, uint32_t i,
                     uint8_t *key)
{
    size_t n = 0;
    for (size_t f = 0; f < t->n_by; f++) {
        unsigned w = width_in(t, b, f);
        memcpy(key + n, column_in(t, k, f) + (size_t)i * w, w);
        if (top_bits(t, f, w))
            cut(key + n, w, top_bits(t, f, w));
        n += w;
    }
    return n;
}

static size_t key_width(const struct top *t, const struct hn_segment_block *b)
{
    size_t n = 0;
    for (size_t f = 0; f < t->n_by; f++)
        n += width_in(t, b, f);
    return n;
}

/* Keys whose places are fetched from memory together, before any of them is looked at. */
struct ahead {
    uint64_t key[AHEAD];
    struct sums v[AHEAD];
    size_t n;
};

static bool add_ahead(struct top *t, struct tables *mine, struct ahead *h)
{
    bool ok = true;
    for (size_t i = 0; mine->narrow_cap && i < h->n; i++)
        __builtin_prefetch(&mine->narrow[mix(h->key[i], t->seed) & (mine->narrow_cap - 1)], 1);
    for (size_t i = 0; ok && i < h->n; i++)
        ok = add_narrow(mine, t->seed, h->key[i], &h->v[i]);
    h->n = 0;
    return ok;
}

/* Keys of at most eight octets as one number: the values side by side, the first lowest. */
struct narrow_key {
    const uint8_t *columns[FIELDS_MAX];
    unsigned widths[FIELDS_MAX];
    size_t n;
    uint64_t mask; /* over all of them: ones but where an address is cut */
};

static struct narrow_key narrow_of(const struct top *t, const struct query_worker *k, const struct hn_segment_block *b)
{
    struct narrow_key key = {.n = t->n_by};
    uint8_t mask[8];
    size_t at = 0;
    memset(mask, 0xff, sizeof mask);
    for (size_t f = 0; f < t->n_by; f++) {
        unsigned w = width_in(t, b, f);
        key.columns[f] = column_in(t, k, f);
        key.widths[f] = w;
        if (top_bits(t, f, w))
            cut(mask + at, w, top_bits(t, f, w));
        at += w;
    }
    key.mask = load(mask, sizeof mask);
    return key;
}

static uint64_t number_of(const struct narrow_key *key, uint32_t i)
{
    uint64_t number = 0;
    unsigned shift = 0;
    for (size_t f = 0; f < key->n; f++) {
        number |= load(key->columns[f] + (size_t)i * key->widths[f], key->widths[f]) << shift;
        shift += 8 * key->widths[f];
    }
    return number & key->mask;
}

static bool each_narrow(struct top *t, struct query_worker *k, const struct hn_segment_block *b, size_t width)
{
    struct tables *mine = &t->t[k->index];
    struct narrow_key key = narrow_of(t, k, b);
    struct ahead next = {.n = 0};
    bool ok = true;
    for (uint32_t i = 0; i < b->n && ok; i++) {
        if (!k->keep[i])
            continue;
        struct sums v = {1, mine->packets[i], mine->bytes[i]};
        uint64_t number = number_of(&key, i);
        add(&mine->all, &v);
        if (width <= 2) {
            add(&mine->direct[number], &v);
            continue;
        }
        next.key[next.n] = number;
        next.v[next.n++] = v;
        if (next.n == AHEAD)
            ok = add_ahead(t, mine, &next);
    }
    return (!next.n || add_ahead(t, mine, &next)) && ok;
}

static bool each_wide(struct top *t, struct query_worker *k, const struct hn_segment_block *b)
{
    struct tables *mine = &t->t[k->index];
    bool ok = true;
    for (uint32_t i = 0; i < b->n && ok; i++) {
        uint8_t key[KEY_MAX] = {0};
        if (!k->keep[i])
            continue;
        struct sums v = {1, mine->packets[i], mine->bytes[i]};
        add(&mine->all, &v);
        ok = add_wide(mine, key, key_of(t, k, b, i, key), &v);
    }
    return ok;
}

/* Keys of either family go into one table unless there are addresses in them. */
static bool count_block(struct top *t, struct query_worker *k, const struct hn_segment_block *b, size_t width)
{
    bool narrow = width <= 8 && (b->family == 4 || !t->addresses);
    return narrow ? each_narrow(t, k, b, width) : each_wide(t, k, b);
}

/* Again, by where the destinations are: of the flows for which that is somewhere else. They are the same flows. */
static bool count_other_side(struct top *t, struct query_worker *k, const struct hn_segment_block *b, size_t width)
{
    struct tables *mine = &t->t[k->index];
    struct sums all = mine->all;
    uint32_t *other = mine->places[FIELDS_MAX];
    for (uint32_t i = 0; i < b->n; i++)
        k->keep[i] = k->keep[i] ? 2 : 0;
    for (size_t f = 0; f < t->n_by; f++) {
        if (!t->by[f]->place || t->by[f]->side != SIDE_EITHER)
            continue;
        flow_places_fill(t->places, k, b, t->by[f]->place, true, other);
        for (uint32_t i = 0; i < b->n; i++) {
            k->keep[i] |= k->keep[i] && other[i] != mine->places[f][i];
            mine->places[f][i] = other[i];
        }
    }
    for (uint32_t i = 0; i < b->n; i++)
        k->keep[i] &= 1;
    bool ok = count_block(t, k, b, width);
    mine->all = all;
    return ok;
}

static void each(struct query_worker *k, const struct hn_segment_block *b)
{
    struct top *t = (struct top *)k->q;
    size_t width = key_width(t, b);
    sum_block(k, b, &t->t[k->index]);
    if (t->scaled)
        scale_block(k, b, &t->t[k->index]);
    for (size_t f = 0; f < t->n_by; f++)
        if (t->by[f]->place)
            flow_places_fill(t->places, k, b, t->by[f]->place, t->by[f]->side == SIDE_DST, t->t[k->index].places[f]);
    bool ok = count_block(t, k, b, width) && (!t->either || count_other_side(t, k, b, width));
    k->failed = k->failed || !ok;
}

/* ---------------------------------------------------------------- the largest */

static uint64_t weight(const struct top *t, const struct sums *s)
{
    return t->order == BY_BYTES ? s->bytes : t->order == BY_PACKETS ? s->packets : s->flows;
}

static bool less(const struct heap *h, size_t a, size_t b)
{
    uint64_t x = weight(h->t, &h->rows[a].s), y = weight(h->t, &h->rows[b].s);
    return x != y ? x < y : memcmp(h->rows[a].key, h->rows[b].key, KEY_MAX) > 0;
}

static void swap(struct heap *h, size_t a, size_t b)
{
    struct row r = h->rows[a];
    h->rows[a] = h->rows[b];
    h->rows[b] = r;
}

static void sink(struct heap *h, size_t i)
{
    for (;;) {
        size_t least = i, l = 2 * i + 1, r = l + 1;
        if (l < h->n && less(h, l, least))
            least = l;
        if (r < h->n && less(h, r, least))
            least = r;
        if (least == i)
            return;
        swap(h, i, least);
        i = least;
    }
}

static void offer(struct heap *h, const uint8_t *key, size_t n, const struct sums *s)
{
    struct row r = {.n = n, .s = *s};
    memcpy(r.key, key, n);
    if (h->n < h->most) {
        size_t i = h->n++;
        h->rows[i] = r;
        while (i && less(h, i, (i - 1) / 2)) {
            swap(h, i, (i - 1) / 2);
            i = (i - 1) / 2;
        }
        return;
    }
    if (weight(h->t, s) < weight(h->t, &h->rows[0].s))
        return;
    struct row old = h->rows[0];
    h->rows[0] = r;
    if (weight(h->t, s) == weight(h->t, &old.s) && memcmp(r.key, old.key, KEY_MAX) > 0)
        h->rows[0] = old;
    sink(h, 0);
}

static bool merge(struct top *t)
{
    struct tables *a = &t->t[0], *b = &t->t[1];
    bool ok = true;
    add(&a->all, &b->all);
    for (size_t i = 0; a->direct && i < 65536; i++)
        add(&a->direct[i], &b->direct[i]);
    for (size_t i = 0; ok && i < b->narrow_cap; i++)
        if (b->narrow[i].s.flows)
            ok = add_narrow(a, t->seed, b->narrow[i].key, &b->narrow[i].s);
    for (size_t i = 0; ok && i < b->wide_cap; i++)
        if (b->wide[i].s.flows)
            ok = add_wide(a, b->wide[i].key, b->wide[i].n, &b->wide[i].s);
    return ok;
}

static void choose(const struct top *t, struct heap *h, size_t narrow_width)
{
    const struct tables *a = &t->t[0];
    uint8_t key[8];
    for (size_t i = 0; a->direct && i < 65536; i++)
        if (a->direct[i].flows) {
            key[0] = (uint8_t)i;
            key[1] = (uint8_t)(i >> 8);
            offer(h, key, narrow_width < 2 ? narrow_width : 2, &a->direct[i]);
        }
    for (size_t i = 0; i < a->narrow_cap; i++)
        if (a->narrow[i].s.flows) {
            memcpy(key, &a->narrow[i].key, 8);
            offer(h, key, narrow_width, &a->narrow[i].s);
        }
    for (size_t i = 0; i < a->wide_cap; i++)
        if (a->wide[i].s.flows)
            offer(h, a->wide[i].key, a->wide[i].n, &a->wide[i].s);
}

static const struct top *sorting;

static int largest_first(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    uint64_t v = weight(sorting, &x->s), w = weight(sorting, &y->s);
    return v != w ? (v < w ? 1 : -1) : memcmp(x->key, y->key, KEY_MAX);
}

/* ---------------------------------------------------------------- the verb */

/* "24" behind srcip, srcip4 or srcip6; family 0: by how many they are. False: no prefix of that family. */
static bool read_bits(struct top *t, size_t f, char family, struct hn_str text)
{
    uint64_t bits;
    if (!hn_str_u64(text, 10, &bits) || !bits || bits > 128)
        return false;
    bool six = family ? family == '6' : bits > 32;
    if ((!six && bits > 32) || t->bits[f][six])
        return false;
    t->bits[f][six] = (uint8_t)bits;
    return true;
}

/* The place of a field in the key. A field stands there once; an address again, for the prefix of the other family. */
static bool place_of(struct top *t, const struct field *field, bool prefix, size_t *ret)
{
    for (size_t f = 0; f < t->n_by; f++) {
        if (t->by[f] != field)
            continue;
        *ret = f;
        return prefix && (t->bits[f][0] || t->bits[f][1]);
    }
    if (t->n_by == FIELDS_MAX)
        return false;
    t->by[t->n_by] = field;
    *ret = t->n_by++;
    return true;
}

static bool read_field(struct top *t, struct hn_str part)
{
    struct hn_str name = {0};
    size_t f;
    (void)hn_str_split(&part, '/', &name);
    bool prefix = part.p != NULL;
    char family = prefix && name.n ? name.p[name.n - 1] : 0;
    if (family == '4' || family == '6')
        name.n--;
    else
        family = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!hn_str_eqc(name, fields[i].name))
            continue;
        if (prefix && (fields[i].place || top_column_width(fields[i].column)))
            return false; /* no address */
        return place_of(t, &fields[i], prefix, &f) && (!prefix || read_bits(t, f, family, part));
    }
    return false;
}

static bool read_fields(struct top *t, struct hn_str by)
{
    struct hn_str part;
    while (hn_str_split(&by, ',', &part))
        if (!read_field(t, hn_str_trim(part)))
            return false;
    return t->n_by > 0;
}

static int answer(struct top *t)
{
    struct heap h = {.t = t, .most = (size_t)hn_work_int(t->q.w, "top", 10)};
    size_t narrow = 0;
    for (size_t i = 0; i < t->n_by; i++)
        narrow += top_width(t, i) ? top_width(t, i) : 4;
    h.rows = hn_arena_alloc(hn_work_arena(t->q.w), (h.most + 1) * sizeof *h.rows);
    if (!h.rows || !merge(t))
        return hn_work_fail(t->q.w, "flow.memory", NULL);
    choose(t, &h, narrow);
    sorting = t;
    if (h.n)
        qsort(h.rows, h.n, sizeof *h.rows, largest_first);
    flow_top_show(t, &h);
    return 0;
}

static void release(struct top *t)
{
    for (size_t i = 0; i < QUERY_THREADS; i++) {
        hn_free(t->t[i].direct);
        hn_free(t->t[i].packets);
        hn_free(t->t[i].bytes);
        hn_free(t->t[i].narrow);
        hn_free(t->t[i].wide);
        for (size_t f = 0; f <= FIELDS_MAX; f++)
            hn_free(t->t[i].places[f]);
    }
    if (t->places)
        flow_places_close(t->q.w, t->places);
    flow_query_close(&t->q);
}

/* The columns that a field is made of. */
static uint32_t columns_of(const struct field *f)
{
    const uint32_t src = 1u << HN_SEGMENT_SRC, dst = 1u << HN_SEGMENT_DST, src_as = 1u << HN_SEGMENT_SRC_AS,
                   dst_as = 1u << HN_SEGMENT_DST_AS;
    if (!f->place)
        return 1u << f->column;
    return (f->side != SIDE_DST ? src | (f->place == FLOW_NETWORK ? src_as : 0) : 0) |
           (f->side != SIDE_SRC ? dst | (f->place == FLOW_NETWORK ? dst_as : 0) : 0);
}

/* An exit code, or -1 to go on. */
static int prepare_fields(struct top *t, struct hn_work *w, uint32_t *needs)
{
    bool places = false;
    for (size_t f = 0; f < t->n_by; f++) {
        *needs |= columns_of(t->by[f]);
        places = places || t->by[f]->place;
        t->either = t->either || (t->by[f]->place && t->by[f]->side == SIDE_EITHER);
        t->addresses = t->addresses || !top_width(t, f);
        if (t->by[f]->place == FLOW_COUNTRY && !hn_work_given(w, "geo")) {
            flow_query_say_why(w, "places", -1);
            return hn_work_usage(w, "flow.needs-geo", NULL);
        }
    }
    return places ? flow_places_open(w, &t->places) : -1;
}

static int run_top(struct hn_work *w, const char *default_by)
{
    static struct top t; /* the query's thread state is large */
    struct hn_str by = hn_work_str(w, "by"), order = hn_work_str(w, "order");
    uint32_t needs =
        1u << HN_SEGMENT_PACKETS | 1u << HN_SEGMENT_BYTES | 1u << HN_SEGMENT_PACKETS_BACK | 1u << HN_SEGMENT_BYTES_BACK;
    if (!read_fields(&t, by.n ? by : hn_str_c(default_by)))
        return hn_work_usage(w, "flow.bad-field", NULL);
    int rc = prepare_fields(&t, w, &needs);
    if (rc >= 0)
        return rc;
    t.scaled = hn_work_switch(w, "scaled");
    needs |= t.scaled ? 1u << HN_SEGMENT_SAMPLING : 0;
    t.order = hn_str_eqc(order, "bytes") ? BY_BYTES : hn_str_eqc(order, "packets") ? BY_PACKETS : BY_FLOWS;
    rc = flow_query_open(&t.q, w, needs);
    if (rc >= 0)
        return rc;
    bool ok = hn_ok(hn_random(&t.seed, sizeof t.seed));
    for (size_t i = 0; i < QUERY_THREADS; i++)
        ok = tables_init(&t.t[i], t.places != NULL) && ok;
    t.q.each = each;
    ok = ok && flow_query_run(&t.q, QUERY_THREADS);
    rc = ok ? answer(&t) : hn_work_fail(w, "flow.memory", NULL);
    release(&t);
    return rc;
}

int flow_top(struct hn_work *w)
{
    return run_top(w, "dstport");
}

int flow_pairs(struct hn_work *w)
{
    return run_top(w, "srcip,dstip,dstport,proto");
}
