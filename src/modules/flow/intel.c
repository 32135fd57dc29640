/* Indicators: addresses, prefixes, ports of addresses, fingerprints of TLS that somebody warned of. Lists are kept as
 * they came, one file "intel-NAME" each, and are read again at every use.
 *
 *   line: indicator[,port][,what…]   or   address:port   or   columns after a CSV header that names ip/indicator, port
 *   indicator: address, prefix, JA4, 32 digits (a JA3 or JA3S), or one of these after "ja3:", "ja3s:", "ja4:"
 *
 * "#" and ";" begin comments. What is neither (names, other hashes) cannot be met in flow records: it is counted and
 * said. */
#include <ctype.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/flow_in.h"

#define LIST_MAX    ((size_t)256 << 20)
#define ENTRIES_MAX (1u << 24)
#define COLUMNS_MAX 64u

struct entry {
    struct hn_ip net;
    uint8_t bits;
    uint16_t port; /* 0: any */
    uint32_t list;
    uint32_t next; /* of the same bucket; UINT32_MAX: none */
    struct hn_str what;
};

/* A fingerprint. */
struct print {
    struct hn_flow_tls v;   /* in the first of its kinds */
    bool of[HN_TLS_PRINTS]; /* kinds that it may be; their values are as long */
    uint32_t list;
    uint32_t next; /* as above */
    struct hn_str what, text;
};

struct flow_intel {
    struct entry *entries;
    struct print *prints;
    size_t n, cap, n_prints, cap_prints;
    uint32_t *buckets, *print_buckets;
    size_t n_buckets;
    bool has[2][129]; /* prefix lengths that occur, of IPv4 and of IPv6 */
    struct hn_str names[FLOW_INTEL_LISTS];
    uint64_t taken[FLOW_INTEL_LISTS], other[FLOW_INTEL_LISTS];
    size_t n_lists;
    bool failed;
};

static struct hn_ip masked(const struct hn_ip *ip, unsigned bits)
{
    struct hn_ip net = *ip;
    for (unsigned i = 0; i < sizeof net.b; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        net.b[i] &= keep >= 8 ? 0xff : (uint8_t)(0xff00u >> keep);
    }
    return net;
}

static size_t bucket_of(const struct flow_intel *t, const struct hn_ip *net, unsigned bits)
{
    uint8_t k[18] = {net->family, (uint8_t)bits};
    memcpy(k + 2, net->b, 16);
    return hn_hash64(hn_bytes_of(k, sizeof k)) & (t->n_buckets - 1);
}

/* ---------------------------------------------------------------- reading a list */

static void add(struct flow_intel *t, const struct entry *e)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 1024;
        struct entry *more = cap > ENTRIES_MAX ? NULL : hn_realloc(t->entries, cap * sizeof *more);
        if (!more) {
            t->failed = true;
            return;
        }
        t->entries = more;
        t->cap = cap;
    }
    t->entries[t->n++] = *e;
}

static void add_print(struct flow_intel *t, const struct print *p)
{
    if (t->n_prints == t->cap_prints) {
        size_t cap = t->cap_prints ? 2 * t->cap_prints : 256;
        struct print *more = cap > ENTRIES_MAX ? NULL : hn_realloc(t->prints, cap * sizeof *more);
        if (!more) {
            t->failed = true;
            return;
        }
        t->prints = more;
        t->cap_prints = cap;
    }
    t->prints[t->n_prints++] = *p;
}

static struct hn_str unquoted(struct hn_str s)
{
    s = hn_str_trim(s);
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? hn_str_cut(s, 1, s.n - 1) : s;
}

static size_t columns_of(struct hn_str line, struct hn_str out[COLUMNS_MAX])
{
    char sep = hn_str_chr(line, ',') >= 0 ? ',' : hn_str_chr(line, ';') > 0 ? ';' : '\t';
    size_t n = 0;
    while (n < COLUMNS_MAX && hn_str_split(&line, sep, &out[n])) {
        out[n] = unquoted(out[n]);
        n++;
    }
    return n;
}

/* "192.0.2.1", "192.0.2.0/24", "192.0.2.1:443", "[2001:db8::1]:443" */
static bool parse_indicator(struct hn_str s, struct entry *e)
{
    unsigned bits;
    uint64_t port;
    ptrdiff_t colon = -1;
    if (hn_ip_parse_prefix(s, &e->net, &bits)) {
        e->bits = (uint8_t)bits;
        return true;
    }
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ':')
            colon = (ptrdiff_t)i;
    if (colon <= 0 || !hn_str_u64(hn_str_cut(s, (size_t)colon + 1, s.n), 10, &port) || port > 65535)
        return false;
    struct hn_str ip = hn_str_cut(s, 0, (size_t)colon);
    if (ip.n > 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']')
        ip = hn_str_cut(ip, 1, ip.n - 1);
    if (!hn_ip_parse(ip, &e->net))
        return false;
    e->bits = e->net.family == 4 ? 32 : 128;
    e->port = (uint16_t)port;
    return true;
}

static enum hn_tls_print first_kind(const struct print *p)
{
    return p->of[HN_TLS_JA3] ? HN_TLS_JA3 : p->of[HN_TLS_JA3S] ? HN_TLS_JA3S : HN_TLS_JA4;
}

/* "ja3:…", "ja4:…", or the value alone. */
static bool parse_print(struct hn_str s, struct print *p)
{
    ptrdiff_t colon = hn_str_chr(s, ':');
    struct hn_str name = hn_str_cut(s, 0, colon > 0 ? (size_t)colon : 0);
    struct hn_str value = colon > 0 ? hn_str_trim(hn_str_cut(s, (size_t)colon + 1, s.n)) : s;
    char small[8] = "";
    for (size_t i = 0; i < name.n && i + 1 < sizeof small; i++)
        small[i] = (char)tolower((unsigned char)name.p[i]);
    for (unsigned k = 0; k < HN_TLS_PRINTS; k++) {
        enum hn_tls_print kind = (enum hn_tls_print)k;
        struct hn_flow_tls one = {{0}, {0}, {0}};
        bool meant = colon < 0 || strcmp(small, hn_tls_print_name(kind)) == 0;
        p->of[k] = meant && hn_tls_print_parse(&one, kind, value) && hn_tls_print_get(&one, kind).n;
        if (p->of[k] && first_kind(p) == kind)
            p->v = one;
    }
    return p->of[HN_TLS_JA3] || p->of[HN_TLS_JA3S] || p->of[HN_TLS_JA4];
}

struct header {
    size_t indicator, port; /* columns; port SIZE_MAX: none */
};

static bool is_header(const struct hn_str *c, size_t n, struct header *h)
{
    static const char *const names[] = {"ip",    "indicator", "address", "dst_ip",  "dest_ip", "ip_address",
                                        "value", "ioc",       "ja3",     "ja3_md5", "ja4",     "fingerprint"};
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; !found && k < sizeof names / sizeof *names; k++)
            if (hn_str_eqc(c[i], names[k])) {
                h->indicator = i;
                found = true;
            }
        if (hn_str_eqc(c[i], "port") || hn_str_eqc(c[i], "dst_port"))
            h->port = i;
    }
    return found;
}

/* The last column, or, of a plain list, the indicator itself: a sentence says it. */
static struct hn_str what_of(struct hn_arena *a, const struct hn_str *c, size_t n, size_t indicator)
{
    return hn_arena_str(a, n > 1 && c[n - 1].n ? c[n - 1] : c[indicator]);
}

static bool read_print(struct flow_intel *t, struct hn_arena *a, const struct hn_str *c, size_t n, size_t at)
{
    struct print p = {.list = (uint32_t)t->n_lists - 1, .next = UINT32_MAX};
    char text[HN_TLS_TEXT];
    if (!parse_print(c[at], &p))
        return false;
    enum hn_tls_print kind = first_kind(&p);
    p.what = what_of(a, c, n, at);
    hn_tls_print_text(kind, hn_tls_print_get(&p.v, kind).p, text);
    p.text = hn_arena_fmt(a, "%s %s", hn_tls_print_name(kind), text);
    t->taken[p.list]++;
    add_print(t, &p);
    return true;
}

static void read_line(struct flow_intel *t, struct hn_arena *a, struct hn_str line, struct header *h)
{
    struct hn_str c[COLUMNS_MAX];
    struct entry e = {.list = (uint32_t)t->n_lists - 1, .next = UINT32_MAX};
    uint64_t port;
    line = hn_str_trim(line);
    if (!line.n || line.p[0] == '#' || line.p[0] == ';')
        return;
    size_t n = columns_of(line, c);
    if (h->indicator >= n || !parse_indicator(c[h->indicator], &e)) {
        if (!(h->indicator < n && read_print(t, a, c, n, h->indicator)) && !is_header(c, n, h))
            t->other[e.list]++;
        return;
    }
    size_t at = h->port == SIZE_MAX && n > 1 ? 1 : h->port;
    if (at < n && at != h->indicator && hn_str_u64(c[at], 10, &port) && port <= 65535)
        e.port = (uint16_t)port;
    e.what = what_of(a, c, n, h->indicator);
    t->taken[e.list]++;
    add(t, &e);
}

static bool read_list(struct flow_intel *t, struct hn_work *w, struct hn_str name, struct hn_bytes text)
{
    struct header h = {0, SIZE_MAX};
    struct hn_bytes line;
    if (t->n_lists == FLOW_INTEL_LISTS)
        return false;
    t->names[t->n_lists++] = name;
    while (hn_bytes_line(&text, &line)) {
        struct hn_str s = hn_str_from_hostile(hn_work_arena(w), line, 4096);
        read_line(t, hn_work_arena(w), s, &h);
    }
    return !t->failed;
}

static size_t print_bucket(const struct flow_intel *t, struct hn_bytes v)
{
    return hn_hash64(v) & (t->n_buckets - 1);
}

static void index_prints(struct flow_intel *t)
{
    memset(t->print_buckets, 0xff, t->n_buckets * sizeof *t->print_buckets);
    for (size_t i = t->n_prints; i--;) { /* the first of several that are equal is found */
        struct print *p = &t->prints[i];
        uint32_t *b = &t->print_buckets[print_bucket(t, hn_tls_print_get(&p->v, first_kind(p)))];
        p->next = *b;
        *b = (uint32_t)i;
    }
}

static void index_all(struct flow_intel *t)
{
    for (t->n_buckets = 1024; t->n_buckets < 2 * (t->n + t->n_prints);)
        t->n_buckets *= 2;
    t->buckets = hn_alloc(t->n_buckets * sizeof *t->buckets);
    t->print_buckets = hn_alloc(t->n_buckets * sizeof *t->print_buckets);
    if (!t->buckets || !t->print_buckets) {
        t->failed = true;
        return;
    }
    index_prints(t);
    memset(t->buckets, 0xff, t->n_buckets * sizeof *t->buckets);
    for (size_t i = 0; i < t->n; i++) {
        struct entry *e = &t->entries[i];
        e->net = masked(&e->net, e->bits);
        t->has[e->net.family == 6][e->bits] = true;
        uint32_t *b = &t->buckets[bucket_of(t, &e->net, e->bits)];
        e->next = *b;
        *b = (uint32_t)i;
    }
}

/* ---------------------------------------------------------------- asking */

static const struct entry *find(const struct flow_intel *t, const struct hn_ip *ip, unsigned port)
{
    for (int bits = ip->family == 4 ? 32 : 128; bits >= 0; bits--) {
        if (!t->has[ip->family == 6][bits])
            continue;
        struct hn_ip net = masked(ip, (unsigned)bits);
        uint32_t i = t->buckets[bucket_of(t, &net, (unsigned)bits)];
        for (; i != UINT32_MAX; i = t->entries[i].next) {
            const struct entry *e = &t->entries[i];
            if (e->bits == bits && hn_ip_eq(&e->net, &net) && (!e->port || e->port == port))
                return e;
        }
    }
    return NULL;
}

bool flow_intel_match(const struct flow_intel *t, const struct flow_pair *p, bool inward, struct hn_str *ret_list,
                      struct hn_str *ret_what)
{
    const struct entry *e = t->n ? find(t, inward ? &p->src : &p->dst, p->port) : NULL;
    if (!e)
        return false;
    *ret_list = t->names[e->list];
    *ret_what = e->what;
    return true;
}

static uint32_t find_print(const struct flow_intel *t, enum hn_tls_print kind, struct hn_bytes v)
{
    uint32_t i = v.n ? t->print_buckets[print_bucket(t, v)] : UINT32_MAX;
    for (; i != UINT32_MAX; i = t->prints[i].next) {
        const struct print *p = &t->prints[i];
        struct hn_bytes w = hn_tls_print_get(&p->v, first_kind(p));
        if (p->of[kind] && w.n == v.n && memcmp(w.p, v.p, v.n) == 0)
            return i + 1;
    }
    return 0;
}

uint32_t flow_intel_print(const struct flow_intel *t, const struct hn_flow_tls *tls)
{
    static const enum hn_tls_print order[] = {HN_TLS_JA4, HN_TLS_JA3, HN_TLS_JA3S}; /* what says most first */
    uint32_t number = 0;
    for (size_t i = 0; t->n_prints && !number && i < HN_TLS_PRINTS; i++)
        number = find_print(t, order[i], hn_tls_print_get(tls, order[i]));
    return number;
}

size_t flow_intel_prints(const struct flow_intel *t)
{
    return t->n_prints;
}

void flow_intel_print_of(const struct flow_intel *t, uint32_t number, struct hn_str *ret_list, struct hn_str *ret_what,
                         struct hn_str *ret_text)
{
    const struct print *p = &t->prints[number - 1];
    *ret_list = t->names[p->list];
    *ret_what = p->what;
    *ret_text = p->text;
}

size_t flow_intel_size(const struct flow_intel *t)
{
    return t->n + t->n_prints;
}

void flow_intel_free(struct flow_intel *t)
{
    hn_free(t->entries);
    hn_free(t->prints);
    hn_free(t->buckets);
    hn_free(t->print_buckets);
    *t = (struct flow_intel){.n = 0};
}

static bool load_one(struct flow_intel *t, struct hn_work *w, struct hn_str file)
{
    struct hn_buf b;
    HN_AUTO_FD fd = hn_work_file_open(w, file);
    hn_buf_init(&b, LIST_MAX);
    bool ok = fd >= 0 && hn_ok(hn_read_fd(fd, &b, NULL)) &&
              read_list(t, w, hn_str_cut(file, sizeof "intel-" - 1, file.n), hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
    return ok;
}

struct flow_intel *flow_intel_load(struct hn_work *w)
{
    struct hn_file_entry *list;
    size_t n = 0;
    struct flow_intel *t = hn_arena_alloc(hn_work_arena(w), sizeof *t);
    if (!t)
        return NULL;
    *t = (struct flow_intel){.n = 0};
    if (!hn_ok(hn_work_file_list(w, HN_STR("intel-"), &list, &n)))
        n = 0;
    for (size_t i = 0; i < n; i++)
        if (!load_one(t, w, list[i].name))
            hn_work_warn(w, "flow.intel.unread", "name", hn_arena_cstr(hn_work_arena(w), list[i].name), NULL);
    index_all(t);
    return t->failed ? NULL : t;
}

/* ---------------------------------------------------------------- the verb */

static int add_list(struct hn_work *w, struct hn_str name, struct flow_intel *t)
{
    struct hn_input in;
    struct hn_str file = hn_arena_fmt(hn_work_arena(w), "intel-%.*s", (int)name.n, name.p);
    if (!hn_work_input(w, "from", &in) || !hn_work_map(w, &in, LIST_MAX))
        return hn_work_usage(w, "flow.intel.usage", NULL);
    HN_AUTO_FD fd = hn_work_file_new(w, file);
    bool ok = fd >= 0 && hn_ok(hn_write_all(fd, in.map.p, in.map.n)) && hn_ok(hn_work_file_commit(w, file)) &&
              read_list(t, w, name, in.map);
    hn_work_done(&in);
    if (!ok)
        return hn_work_fail(w, "flow.not-written", NULL);
    index_all(t);
    return -1;
}

static void put_lists(struct hn_work *w, const struct flow_intel *t)
{
    struct hn_buf b;
    struct hn_jw j;
    hn_buf_init(&b, 1u << 20);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-intel-1");
    hn_jw_key(&j, "lists");
    hn_jw_arr(&j);
    for (size_t i = 0; i < t->n_lists; i++) {
        hn_jw_obj(&j);
        hn_jw_kstr(&j, "name", t->names[i]);
        hn_jw_kint(&j, "indicators", (int64_t)t->taken[i]);
        hn_jw_kint(&j, "not_matchable", (int64_t)t->other[i]);
        hn_jw_obj_end(&j);
    }
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    if (hn_work_form(w) == HN_FORM_JSON)
        hn_work_write(w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
    for (size_t i = 0; hn_work_form(w) != HN_FORM_JSON && i < t->n_lists; i++)
        hn_work_say(w, "flow.intel.list", "name", hn_arena_cstr(hn_work_arena(w), t->names[i]), "n",
                    hn_arena_fmt(hn_work_arena(w), "%llu", (unsigned long long)t->taken[i]).p, "other",
                    hn_arena_fmt(hn_work_arena(w), "%llu", (unsigned long long)t->other[i]).p, NULL);
}

int flow_intel_verb(struct hn_work *w)
{
    struct hn_str what = hn_work_word(w, 0), name = hn_work_word(w, 1);
    if (hn_work_words(w) == 1 && hn_str_eqc(what, "list")) {
        struct flow_intel *t = flow_intel_load(w);
        if (!t)
            return hn_work_fail(w, "flow.memory", NULL);
        put_lists(w, t);
        flow_intel_free(t);
        return 0;
    }
    if (hn_work_words(w) != 2)
        return hn_work_usage(w, "flow.intel.usage", NULL);
    struct hn_str file = hn_arena_fmt(hn_work_arena(w), "intel-%.*s", (int)name.n, name.p);
    if (hn_str_eqc(what, "remove"))
        return hn_ok(hn_work_file_remove(w, file)) ? 0 : hn_work_fail(w, "flow.intel.none", NULL);
    if (!hn_str_eqc(what, "add"))
        return hn_work_usage(w, "flow.intel.usage", NULL);
    struct flow_intel t = {.n = 0};
    int rc = add_list(w, name, &t);
    if (rc < 0) { /* what was stored before is asked about the new ones at once */
        if (hn_work_form(w) != HN_FORM_JSON)
            put_lists(w, &t);
        rc = flow_replay_stored(w, &t);
    }
    flow_intel_free(&t);
    return rc;
}
