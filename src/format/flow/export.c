/* Exporters: who sent, what is lost, what is sampled. The versions themselves have a file each. */
#include "format/flow/export_in.h"

#include "base/mem.h"

#define KEY_BYTES EXPORT_KEY_BYTES

const char *hn_export_bad_text(enum hn_export_bad b)
{
    static const char *const texts[] = {
#define XX(name, text) text,
        HN_EXPORT_BAD_MAP(XX)
#undef XX
    };
    return texts[b];
}

const char *hn_export_unit(uint8_t version)
{
    return version == 10 ? "records" : version == 9 || version == 105 ? "packets" : "flows";
}

struct hn_export *hn_export_new(const struct hn_export_sink *sink)
{
    struct hn_export *x = hn_alloc_zero(sizeof *x);
    if (!x)
        return NULL;
    x->sink = *sink;
    hn_map_init(&x->by_key);
    hn_map_init(&x->by_number);
    return x;
}

static void free_one(struct export_one *e)
{
    export_template_drop(e, 0);
    hn_free(e->templates);
    hn_buf_done(&e->waiting);
    hn_free(e);
}

void hn_export_free(struct hn_export *x)
{
    if (!x)
        return;
    size_t i = 0;
    struct hn_bytes key;
    void *value;
    while (hn_map_next(&x->by_key, &i, &key, &value))
        hn_free((void *)(uintptr_t)key.p);
    hn_map_done(&x->by_key);
    export_numbers_free(x);
    for (i = 0; i < x->n; i++)
        free_one(x->all[i]);
    hn_free(x->all);
    hn_free(x);
}

const struct hn_exporter *hn_export_at(const struct hn_export *x, size_t i)
{
    return i < x->n ? &x->all[i]->is : NULL;
}

uint64_t hn_export_strange(const struct hn_export *x, enum hn_export_bad b)
{
    return x->strange[b];
}

/* ---------------------------------------------------------------- finding */

static uint32_t override_for(const struct hn_export *x, const struct hn_ip *from)
{
    for (size_t i = 0; i < x->n_overrides; i++)
        if (hn_ip_in(from, &x->overrides[i].net, x->overrides[i].bits))
            return x->overrides[i].rate;
    return 0;
}

static struct export_one *add(struct hn_export *x, const uint8_t key[KEY_BYTES])
{
    if (x->n == HN_EXPORTERS_MAX)
        return NULL;
    struct export_one **more = hn_more(x->all, x->n, &x->cap, sizeof *more);
    if (!more)
        return NULL;
    x->all = more;
    struct export_one *e = hn_alloc_zero(sizeof *e);
    uint8_t *own = hn_alloc(KEY_BYTES);
    if (e && own)
        memcpy(own, key, KEY_BYTES);
    if (!e || !own || !hn_ok(hn_map_set(&x->by_key, hn_bytes_of(own, KEY_BYTES), e))) {
        hn_free(e);
        hn_free(own);
        return NULL;
    }
    hn_buf_init(&e->waiting, HN_EXPORT_WAITING_MAX);
    x->all[x->n++] = e;
    e->x = x;
    return e;
}

struct export_one *export_find(struct hn_export *x, const struct hn_ip *from, uint32_t domain, uint8_t version,
                               hn_time received, size_t octets)
{
    uint8_t key[KEY_BYTES];
    export_key(key, from, domain, version);
    struct export_one *e = hn_map_find(&x->by_key, hn_bytes_of(key, KEY_BYTES));
    if (!e && (e = add(x, key))) {
        e->is.number = export_number(x, from, domain, version);
        e->is.address = *from;
        e->is.domain = domain;
        e->is.version = version;
        e->is.first = received;
        e->override = override_for(x, from);
        e->is.sampling_given = e->override != 0;
    }
    if (!e) {
        x->strange[HN_EXPORT_LIMIT]++;
        return NULL;
    }
    e->is.packets++;
    e->is.octets += octets;
    e->is.last = received;
    return e;
}

bool hn_export_override(struct hn_export *x, const struct hn_ip *net, unsigned bits, uint32_t sampling)
{
    if (x->n_overrides == sizeof x->overrides / sizeof *x->overrides || !sampling)
        return false;
    x->overrides[x->n_overrides++] = (struct export_override){*net, bits, sampling};
    for (size_t i = 0; i < x->n; i++) {
        x->all[i]->override = override_for(x, &x->all[i]->is.address);
        x->all[i]->is.sampling_given = x->all[i]->override != 0;
    }
    return true;
}

/* ---------------------------------------------------------------- health */

void export_bad(struct export_one *e, enum hn_export_bad b)
{
    e->is.bad[b]++;
}

/* Numbers count modulo 2^32. A little behind: late or twice. Far behind or far ahead: the exporter began again. */
#define SEQUENCE_BEHIND 4096
#define SEQUENCE_AHEAD  (1 << 28)
#define SEQUENCE_NEAR   (1 << 20)

static void follow(struct export_run *r, uint32_t sequence, uint32_t n, bool known)
{
    int32_t ahead = (int32_t)(sequence - r->next);
    if (r->has && ahead < 0 && ahead >= -SEQUENCE_BEHIND) {
        r->disordered++;
        /* one that fills the last gap was late, not lost */
        if (sequence - r->gap_from < r->gap_to - r->gap_from && r->lost >= n)
            r->lost -= n;
        return; /* what is expected stays as it was */
    }
    if (r->has && (ahead < 0 || ahead > SEQUENCE_AHEAD))
        r->restarts++;
    else if (r->has && ahead > 0) {
        r->lost += (uint32_t)ahead;
        r->gaps++;
        r->gap_from = r->next;
        r->gap_to = sequence;
    }
    r->fits += r->has && !ahead;
    r->next = sequence + n;
    r->has = known;
}

/* Which of the two ways to count numbers is this sender's? */
static const struct export_run *run_of(const struct export_session *s)
{
    return s->flows_to.fits > s->run.fits ? &s->flows_to : &s->run;
}

static void add_run(struct export_run *to, const struct export_run *r)
{
    to->lost += r->lost;
    to->gaps += r->gaps;
    to->disordered += r->disordered;
    to->restarts += r->restarts;
}

/* The same sender from another port (address translation, many sockets): its next number, or, when it is known to
 * wander, one near by. */
static bool goes_on(const struct export_session *s, uint32_t sequence)
{
    int32_t ahead = (int32_t)(sequence - s->run.next);
    return s->used && s->run.has && (!ahead || (s->wanders && ahead >= -SEQUENCE_BEHIND && ahead <= SEQUENCE_NEAR));
}

static struct export_session *session_of(struct export_one *e, uint32_t sequence)
{
    struct export_session *all = e->sessions, *oldest = all;
    for (unsigned i = 0; i < EXPORT_SESSIONS; i++) {
        if (all[i].used && all[i].port == e->x->port)
            return &all[i];
        oldest = all[i].turn < oldest->turn ? &all[i] : oldest;
    }
    for (unsigned i = 0; i < EXPORT_SESSIONS; i++)
        if (goes_on(&all[i], sequence)) {
            all[i].port = e->x->port;
            all[i].wanders = true;
            return &all[i];
        }
    add_run(&e->past, run_of(oldest));
    *oldest = (struct export_session){.used = true, .port = e->x->port};
    return oldest;
}

static void tell(struct export_one *e)
{
    struct export_run sum = e->past;
    for (unsigned i = 0; i < EXPORT_SESSIONS; i++)
        add_run(&sum, run_of(&e->sessions[i]));
    e->is.lost = sum.lost;
    e->is.gaps = sum.gaps;
    e->is.disordered = sum.disordered;
    e->is.restarts = sum.restarts;
}

void export_sequence(struct export_one *e, uint32_t sequence, uint32_t n, bool known)
{
    struct export_session *s = session_of(e, sequence);
    s->turn = e->is.packets;
    follow(&s->run, sequence, n, known);
    tell(e);
}

void export_sequence_ipfix(struct export_one *e, uint32_t sequence, uint32_t n, uint32_t flows, bool known)
{
    struct export_session *s = session_of(e, sequence);
    s->turn = e->is.packets;
    follow(&s->run, sequence, n, known);
    follow(&s->flows_to, sequence - flows, flows, known);
    tell(e);
}

void export_skew(struct export_one *e, hn_time received, uint32_t seconds)
{
    e->is.skew_ms = (int64_t)seconds * 1000 - received / 1000000;
}

hn_time export_uptime(const struct export_when *w, uint32_t ms)
{
    int64_t before = (int32_t)(w->uptime_ms - ms);
    return (hn_time)w->seconds * HN_SECOND - before * (HN_SECOND / 1000);
}

/* ---------------------------------------------------------------- sampling */

uint32_t export_rate(const struct export_one *e, bool has_selector, uint64_t selector)
{
    if (e->override)
        return e->override;
    for (size_t i = 0; has_selector && i < e->n_samplers; i++)
        if (e->samplers[i].id == selector)
            return e->samplers[i].rate;
    if (e->default_rate)
        return e->default_rate;
    /* A record that names no selector where only one sampler exists can only mean that one. */
    return !has_selector && e->n_samplers == 1 ? e->samplers[0].rate : 0;
}

void export_sampler_set(struct export_one *e, bool has_selector, uint64_t selector, uint64_t rate)
{
    if (!rate || rate > UINT32_MAX)
        return;
    if (!has_selector) {
        e->default_rate = (uint32_t)rate;
        return;
    }
    for (size_t i = 0; i < e->n_samplers; i++)
        if (e->samplers[i].id == selector) {
            e->samplers[i].rate = (uint32_t)rate;
            return;
        }
    if (e->n_samplers < HN_EXPORT_SAMPLERS_MAX)
        e->samplers[e->n_samplers++] = (struct export_sampler){selector, (uint32_t)rate};
    else
        export_bad(e, HN_EXPORT_LIMIT);
}

void export_flow(struct export_one *e, struct hn_flow *f)
{
    f->exporter = e->is.number;
    if (f->sampling)
        f->known |= HN_FLOW_SAMPLED;
    e->is.sampling = f->sampling;
    e->is.flows++;
    e->x->sink.flow(e->x->sink.arg, f);
}

/* ---------------------------------------------------------------- packets */

void hn_export_packet(struct hn_export *x, const struct hn_ip *from, uint16_t port, hn_time received, struct hn_bytes b)
{
    x->port = port;
    if (b.n < 4) {
        x->strange[HN_EXPORT_SHORT]++;
        return;
    }
    unsigned version = (unsigned)b.p[0] << 8 | b.p[1];
    if (version == 5 || version == 7)
        export_netflow5(x, from, received, b);
    else if (version == 9)
        export_netflow9(x, from, received, b);
    else if (version == 10)
        export_ipfix(x, from, received, b);
    else if (version == 0 && b.p[2] == 0 && b.p[3] == 5) /* sFlow's version is a 32-bit number */
        export_sflow(x, from, received, b);
    else
        x->strange[HN_EXPORT_VERSION]++;
}

size_t hn_export_message_length(struct hn_bytes b)
{
    if (b.n < 4)
        return 0;
    size_t n = (size_t)b.p[2] << 8 | b.p[3];
    return b.p[0] == 0 && b.p[1] == 10 && n >= 16 ? n : SIZE_MAX;
}

/* ---------------------------------------------------------------- what a datagram is */

static uint32_t be16(struct hn_bytes b, size_t at)
{
    return at + 2 <= b.n ? (uint32_t)b.p[at] << 8 | b.p[at + 1] : 0;
}

static uint32_t be32(struct hn_bytes b, size_t at)
{
    return be16(b, at) << 16 | be16(b, at + 2);
}

/* Sets fill what is behind the header, but for padding of less than four octets. */
static bool sets_fit(struct hn_bytes b, size_t at, bool ipfix)
{
    unsigned sets = 0;
    while (at + 4 <= b.n) {
        uint32_t id = be16(b, at), length = be16(b, at + 2);
        bool known = id >= 256 || (ipfix ? id == 2 || id == 3 : id <= 1);
        if (!known || length < 4 || length > b.n - at)
            return false;
        at += length;
        sets++;
    }
    return sets > 0;
}

static bool sample_fits(struct hn_bytes b)
{
    size_t at = be32(b, 4) == 1 ? 12 : be32(b, 4) == 2 ? 24 : b.n; /* behind the agent's address */
    uint32_t samples = be32(b, at + 12), format = be32(b, at + 16), length = be32(b, at + 20);
    return at + 24 <= b.n && samples && samples < 1000 && (format & 0xfff) <= 5 && length <= b.n - at - 24;
}

bool hn_export_begins(struct hn_bytes b)
{
    bool dated = be32(b, 8) > 946684800; /* 2000 */
    switch (b.n >= 20 ? be16(b, 0) : 1) {
    case 5:
        return dated && be16(b, 2) && b.n == 24 + 48 * (size_t)be16(b, 2);
    case 7:
        return dated && be16(b, 2) && b.n == 24 + 52 * (size_t)be16(b, 2);
    case 9:
        return dated && be16(b, 2) && sets_fit(b, 20, false);
    case 10:
        return be32(b, 4) > 946684800 && be16(b, 2) == b.n && sets_fit(b, 16, true);
    case 0:
        return be32(b, 0) == 5 && sample_fits(b);
    default:
        return false;
    }
}
