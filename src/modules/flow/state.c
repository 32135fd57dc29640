/* Pairs, fans and hosts: what is kept of millions of flows. */
#include "modules/flow/flow_in.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"

#define BUCKETS   ((size_t)1 << 20)
#define PAIRS_MAX ((size_t)1 << 20)
#define FANS_MAX  ((size_t)1 << 20)
#define HOSTS_MAX ((size_t)1 << 20)
#define NONE      UINT32_MAX
#define FIRST_BIN HN_MINUTE

struct hn_err flow_state_init(struct flow_state *s)
{
    *s = (struct flow_state){.n_buckets = BUCKETS};
    uint32_t **tables[] = {&s->pair_buckets, &s->fan_buckets, &s->host_buckets};
    for (size_t i = 0; i < 3; i++) {
        *tables[i] = hn_alloc(BUCKETS * sizeof(uint32_t));
        if (!*tables[i])
            return (struct hn_err){HN_E_NOMEM};
        memset(*tables[i], 0xff, BUCKETS * sizeof(uint32_t));
    }
    return HN_OK;
}

void flow_state_done(struct flow_state *s)
{
    for (size_t i = 0; i < s->n_pairs; i++) {
        hn_free(s->pairs[i].times);
        hn_free(s->pairs[i].octets);
    }
    flow_names_free(s->names);
    hn_free(s->pairs);
    hn_free(s->fans);
    hn_free(s->hosts);
    hn_free(s->pair_buckets);
    hn_free(s->fan_buckets);
    hn_free(s->host_buckets);
}

/* ---------------------------------------------------------------- tables */

static uint64_t hash_key(const struct hn_ip *src, const struct hn_ip *dst, uint16_t port, uint8_t proto)
{
    uint8_t k[37];
    memcpy(k, src->b, 16);
    k[16] = (uint8_t)(src->family << 4 | dst->family);
    memcpy(k + 17, dst->b, 16);
    memcpy(k + 33, &port, 2);
    k[35] = proto;
    k[36] = 0;
    return hn_hash64(hn_bytes_of(k, sizeof k));
}

/* Room for one more of a table that doubles; false when it may not grow. */
static bool room(void **list, size_t *cap, size_t n, size_t max, size_t size)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? 2 * *cap : 1024;
    void *p = more > max ? NULL : hn_realloc(*list, more * size);
    if (!p)
        return false;
    *list = p;
    *cap = more;
    return true;
}

static const struct hn_ip nobody = {.family = 0};

struct flow_host *flow_host_find(const struct flow_state *s, const struct hn_ip *ip)
{
    uint32_t i = s->host_buckets[hash_key(ip, &nobody, 0, 0) & (s->n_buckets - 1)];
    while (i != NONE && !hn_ip_eq(&s->hosts[i].ip, ip))
        i = s->hosts[i].next;
    return i == NONE ? NULL : &s->hosts[i];
}

static struct flow_host *host(struct flow_state *s, const struct hn_ip *ip, hn_time at)
{
    struct flow_host *h = flow_host_find(s, ip);
    if (!h) {
        void *list = s->hosts;
        if (!room(&list, &s->cap_hosts, s->n_hosts, HOSTS_MAX, sizeof *s->hosts))
            return NULL;
        s->hosts = list;
        uint32_t *b = &s->host_buckets[hash_key(ip, &nobody, 0, 0) & (s->n_buckets - 1)];
        h = &s->hosts[s->n_hosts];
        *h = (struct flow_host){.ip = *ip, .next = *b, .first = at};
        *b = (uint32_t)s->n_hosts++;
    }
    h->first = at < h->first ? at : h->first;
    h->last = at > h->last ? at : h->last;
    return h;
}

struct flow_fan *flow_fan_find(const struct flow_state *s, const struct hn_ip *src, const struct hn_ip *dst,
                               uint16_t port, uint8_t proto)
{
    dst = dst ? dst : &nobody;
    uint32_t i = s->fan_buckets[hash_key(src, dst, port, proto) & (s->n_buckets - 1)];
    for (; i != NONE; i = s->fans[i].next) {
        struct flow_fan *f = &s->fans[i];
        if (f->port == port && f->proto == proto && hn_ip_eq(&f->src, src) && f->dst.family == dst->family &&
            (!dst->family || hn_ip_eq(&f->dst, dst)))
            return f;
    }
    return NULL;
}

static struct flow_fan *fan(struct flow_state *s, const struct hn_ip *src, const struct hn_ip *dst, uint16_t port,
                            uint8_t proto, hn_time at)
{
    struct flow_fan *f = flow_fan_find(s, src, dst, port, proto);
    dst = dst ? dst : &nobody;
    if (!f) {
        void *list = s->fans;
        if (!room(&list, &s->cap_fans, s->n_fans, FANS_MAX, sizeof *s->fans))
            return NULL;
        s->fans = list;
        uint32_t *b = &s->fan_buckets[hash_key(src, dst, port, proto) & (s->n_buckets - 1)];
        f = &s->fans[s->n_fans];
        *f = (struct flow_fan){.src = *src, .dst = *dst, .port = port, .proto = proto, .next = *b, .first = at};
        *b = (uint32_t)s->n_fans++;
    }
    f->first = at < f->first ? at : f->first;
    f->last = at > f->last ? at : f->last;
    return f;
}

static struct flow_pair *pair_find(const struct flow_state *s, const struct hn_flow *f, uint16_t port)
{
    uint32_t i = s->pair_buckets[hash_key(&f->src, &f->dst, port, f->proto) & (s->n_buckets - 1)];
    for (; i != NONE; i = s->pairs[i].next) {
        struct flow_pair *p = &s->pairs[i];
        if (p->port == port && p->proto == f->proto && hn_ip_eq(&p->src, &f->src) && hn_ip_eq(&p->dst, &f->dst))
            return p;
    }
    return NULL;
}

/* Memory has ended: pairs that met once or twice, long ago, are what a beacon is not. */
static void forget_few(struct flow_state *s)
{
    hn_time before = s->first + (s->last - s->first) / 4 * 3;
    size_t kept = 0;
    memset(s->pair_buckets, 0xff, s->n_buckets * sizeof *s->pair_buckets);
    for (size_t i = 0; i < s->n_pairs; i++) {
        struct flow_pair *p = &s->pairs[i];
        if (p->n <= 2 && p->last < before) {
            hn_free(p->times);
            hn_free(p->octets);
            s->forgotten++;
            continue;
        }
        uint32_t *b = &s->pair_buckets[hash_key(&p->src, &p->dst, p->port, p->proto) & (s->n_buckets - 1)];
        s->pairs[kept] = *p;
        s->pairs[kept].next = *b;
        *b = (uint32_t)kept++;
    }
    s->n_pairs = kept;
}

static struct flow_pair *pair(struct flow_state *s, const struct hn_flow *f, uint16_t port)
{
    struct flow_pair *p = pair_find(s, f, port);
    if (p)
        return p;
    void *list = s->pairs;
    bool fits = room(&list, &s->cap_pairs, s->n_pairs, PAIRS_MAX, sizeof *s->pairs);
    s->pairs = list;
    if (!fits) {
        forget_few(s);
        if (s->n_pairs == s->cap_pairs) {
            s->forgotten++;
            return NULL;
        }
    }
    uint32_t *b = &s->pair_buckets[hash_key(&f->src, &f->dst, port, f->proto) & (s->n_buckets - 1)];
    p = &s->pairs[s->n_pairs];
    *p = (struct flow_pair){.src = f->src,
                            .dst = f->dst,
                            .port = port,
                            .proto = f->proto,
                            .next = *b,
                            .first = f->first,
                            .from = f->first,
                            .last = f->first,
                            .bin = FIRST_BIN};
    *b = (uint32_t)s->n_pairs++;
    return p;
}

/* ---------------------------------------------------------------- counting */

void flow_mark(uint64_t *bits, unsigned words, const void *what, size_t n)
{
    uint64_t h = hn_hash64(hn_bytes_of(what, n)) % (64u * words);
    bits[h / 64] |= (uint64_t)1 << (h % 64);
}

/* n = −m · ln(share of bits still clear) */
unsigned flow_distinct(const uint64_t *bits, unsigned words)
{
    unsigned set = 0, m = 64 * words;
    for (unsigned i = 0; i < words; i++)
        set += (unsigned)__builtin_popcountll(bits[i]);
    if (set == m)
        return m * 7;
    return (unsigned)(m * log((double)m / (m - set)) + 0.5);
}

#define SIZE_SLACK 24u /* within a 24th: padding, a counter in the path, a cookie */

static void add_size(struct flow_pair *p, uint64_t bytes)
{
    struct flow_size *least = NULL;
    for (size_t i = 0; i < FLOW_SIZES; i++) {
        struct flow_size *z = &p->sizes[i];
        uint64_t apart = z->bytes > bytes ? z->bytes - bytes : bytes - z->bytes;
        if (z->n && apart * SIZE_SLACK <= bytes) {
            z->n++;
            return;
        }
        if (!least || z->n < least->n)
            least = z;
    }
    if (!least->n) {
        *least = (struct flow_size){bytes, 1};
        return;
    }
    for (size_t i = 0; i < FLOW_SIZES; i++)
        p->sizes[i].n--;
}

static void add_time(struct flow_state *s, struct flow_pair *p, hn_time at, uint64_t octets)
{
    if (p->n_times >= p->cap_times && p->cap_times < FLOW_TIMES) {
        uint32_t cap = p->cap_times ? 2 * p->cap_times : 8;
        hn_time *more = hn_realloc(p->times, cap * sizeof *more);
        p->times = more ? more : p->times;
        uint32_t *sizes = more ? hn_realloc(p->octets, cap * sizeof *sizes) : NULL;
        p->octets = sizes ? sizes : p->octets;
        if (!sizes) {
            s->failed = true;
            return;
        }
        p->cap_times = cap;
    }
    p->octets[p->n_times % p->cap_times] = octets < UINT32_MAX ? (uint32_t)octets : UINT32_MAX;
    p->times[p->n_times++ % p->cap_times] = at;
}

/* Half as many slices, each twice as long. */
static void fold(struct flow_pair *p)
{
    uint64_t folded = 0;
    for (unsigned i = 0; i < FLOW_BINS; i++)
        if (p->bins >> i & 1)
            folded |= (uint64_t)1 << (i / 2);
    p->bins = folded;
    p->bin *= 2;
}

/* Records do not come in the order of time: files are given in any, and exporters tell what is over. */
void flow_bin(struct flow_pair *p, hn_time at)
{
    while (at < p->from || (at - p->from) / p->bin >= FLOW_BINS) {
        hn_time before = at < p->from ? (p->from - at - 1) / p->bin + 1 : 0; /* slices that are missing */
        if (before && before < FLOW_BINS && !(p->bins >> (FLOW_BINS - before))) {
            p->bins <<= before;
            p->from -= before * p->bin;
        } else {
            fold(p);
        }
    }
    p->bins |= (uint64_t)1 << ((at - p->from) / p->bin);
}

#define GOES_ON (5 * HN_SECOND) /* between two pieces of one connection */

/* Exporters tell a long connection in pieces, as regular as their timer. A piece is no contact. */
static bool goes_on(struct flow_pair *p, const struct hn_flow *f)
{
    struct flow_open *o = NULL, *oldest = &p->open[0];
    for (size_t i = 0; i < FLOW_OPEN; i++) {
        if (p->open[i].last && p->open[i].sport == f->sport)
            o = &p->open[i];
        if (p->open[i].last < oldest->last)
            oldest = &p->open[i];
    }
    bool begins = f->proto == 6 && f->flags & 0x02u;
    hn_time slack = GOES_ON, told = o ? o->told : 0;
    if (f->proto == 17 && told / 4 > slack) /* a keep-alive each half minute: the exporter closes between two of them */
        slack = told / 4;
    if (!o || begins || f->first < o->last - GOES_ON || f->first > o->last + slack || o->last - o->first < GOES_ON) {
        o = o ? o : oldest;
        *o = (struct flow_open){f->first, f->last, f->last - f->first, f->sport};
        return false;
    }
    o->last = f->last > o->last ? f->last : o->last;
    p->longest = o->last - o->first > p->longest ? o->last - o->first : p->longest;
    return true;
}

#define LONG_NAME 125u /* with IP and UDP headers; the reverse name of an IPv6 address takes 118 */

/* Records that add up both sides without saying which said what (Argus without SrcBytes) tell nothing of the questions.
 */
static uint32_t long_questions(const struct hn_flow *f, uint16_t port)
{
    bool both = !(f->known & HN_FLOW_BACK) && f->state == HN_FLOW_ESTABLISHED;
    if (port != 53 || both || !f->packets)
        return 0;
    uint64_t each = f->bytes / f->packets + (f->known & HN_FLOW_PAYLOAD ? 28 : 0);
    return each >= LONG_NAME ? (uint32_t)f->packets : 0;
}

static void count_pair(struct flow_state *s, const struct hn_flow *f, uint16_t port, bool failed)
{
    struct flow_pair *p = pair(s, f, port);
    if (!p)
        return;
    uint32_t listed = s->intel && f->known & HN_FLOW_TLS ? flow_intel_print(s->intel, &f->tls) : 0;
    p->listed = p->listed ? p->listed : listed;
    p->listed_flows += listed != 0;
    if (goes_on(p, f)) {
        p->pieces++;
        p->packets += f->packets;
        p->bytes += f->bytes;
        p->packets_back += f->packets_back;
        p->bytes_back += f->bytes_back;
        p->end = f->last > p->end ? f->last : p->end;
        p->spoken += f->last > f->first ? f->last - f->first : 0;
        return;
    }
    p->n++;
    p->failed += failed;
    p->answered += f->packets_back > 0 || f->bytes_back > 0;
    p->apps |= (uint16_t)(1u << (f->app & 15u));
    p->payload_only = (f->known & HN_FLOW_PAYLOAD) != 0;
    p->packets += f->packets;
    p->bytes += f->bytes;
    p->packets_back += f->packets_back;
    p->bytes_back += f->bytes_back;
    p->first = f->first < p->first ? f->first : p->first;
    p->last = f->first > p->last ? f->first : p->last;
    p->end = f->last > p->end ? f->last : p->end;
    p->longest = f->last - f->first > p->longest ? f->last - f->first : p->longest;
    p->spoken += f->last > f->first ? f->last - f->first : 0;
    p->long_names += long_questions(f, port);
    add_size(p, f->bytes);
    add_time(s, p, f->first, f->bytes);
    flow_bin(p, f->first);
}

/* Is the other side of the same network? Of private addresses (198.18.0.0/15 is for measurements), or next to us. */
static bool inside(const struct hn_flow *f)
{
    return (hn_ip_reach(&f->dst) == HN_REACH_PRIVATE && f->dst.b[0] != 198) ||
           (f->src.family == f->dst.family && memcmp(f->src.b, f->dst.b, f->src.family == 4 ? 2 : 6) == 0);
}

static void count_fans(struct flow_state *s, const struct hn_flow *f, bool failed)
{
    bool icmp = f->proto == 1 || f->proto == 58;
    uint16_t port = icmp ? 0 : f->dport;
    if (icmp && f->dport >> 8 != (f->proto == 1 ? 8 : 128)) /* only who asks sweeps; errors are answers */
        return;
    struct flow_fan *many = fan(s, &f->src, NULL, port, f->proto, f->first);
    if (many) {
        many->n++;
        many->failed += failed;
        flow_mark(many->seen, 8, f->dst.b, sizeof f->dst.b);
        if (inside(f))
            flow_mark(&many->inside, 1, f->dst.b, sizeof f->dst.b);
    }
    struct flow_fan *ports = f->proto == 6 || f->proto == 17 ? fan(s, &f->src, &f->dst, 0, f->proto, f->first) : NULL;
    if (ports) {
        ports->n++;
        ports->failed += failed;
        flow_mark(ports->seen, 8, &f->dport, sizeof f->dport);
    }
}

/* Peers are those that answer: who is scanned on a high port is no peer of a peer-to-peer network. */
static void count_hosts(struct flow_state *s, const struct hn_flow *f, bool failed)
{
    struct flow_host *h = host(s, &f->src, f->first);
    if (h) {
        h->n_src++;
        h->dns += f->dport == 53;
        if (!failed)
            flow_mark(h->peers, 16, f->dst.b, sizeof f->dst.b);
        if (!failed && f->sport >= 1024 && f->dport >= 1024)
            flow_mark(h->high_peers, 16, f->dst.b, sizeof f->dst.b);
    }
    struct flow_host *d = host(s, &f->dst, f->first);
    if (d) {
        d->n_dst++;
        d->dns_in += f->dport == 53;
        d->mail_in += f->proto == 6 && f->dport == 25 && f->state != HN_FLOW_ATTEMPT && f->state != HN_FLOW_REJECTED;
        flow_mark(d->users, 4, f->src.b, sizeof f->src.b);
    }
}

/* No answer at all, or a refusal. */
static bool went_wrong(const struct hn_flow *f)
{
    if (f->state == HN_FLOW_ATTEMPT || f->state == HN_FLOW_REJECTED)
        return true;
    return f->state == HN_FLOW_STATE_UNKNOWN && f->proto == 6 && !f->packets_back && !f->bytes_back &&
           (f->flags & 0x12u) == 0x02u;
}

/* Clocks that differ by seconds are no fault: what they date a little ahead is of now. */
#define CLOCKS_DIFFER HN_MINUTE

static void note_clock(struct flow_state *s, hn_time first)
{
    if (s->now && first > s->now + CLOCKS_DIFFER) {
        s->ahead++;
        return;
    }
    first = s->now && first > s->now ? s->now : first;
    s->so_far = first > s->so_far ? first : s->so_far;
}

void flow_state_add(struct flow_state *s, const struct hn_flow *f)
{
    s->flows++;
    if (f->sampling > 1) {
        s->sampled++;
        s->sampling_most = f->sampling > s->sampling_most ? f->sampling : s->sampling_most;
    }
    if (f->known & HN_FLOW_BEGINS) {
        s->begun++; /* its end is told again */
        return;
    }
    if (!f->first || !f->src.family) {
        s->without_time++;
        return;
    }
    s->first = !s->first || f->first < s->first ? f->first : s->first;
    s->last = f->first > s->last ? f->first : s->last;
    note_clock(s, f->first);
    bool failed = went_wrong(f);
    count_hosts(s, f, failed);
    count_fans(s, f, failed);
    count_pair(s, f, f->proto == 6 || f->proto == 17 ? f->dport : 0, failed);
}
