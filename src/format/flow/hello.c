#include "format/flow/hello.h"

#include "base/mem.h"

#define SLOTS  512u
#define RANGES 8u

/* What has come of one stream: octets [from, to) each, not in order, not touching. */
struct stream {
    uint8_t *b; /* HN_HELLO_MAX octets, made when first needed */
    uint32_t turn;
    uint32_t n;
    struct range {
        uint32_t from, to;
    } ranges[RANGES];
};

struct hn_hellos {
    struct stream streams[SLOTS];
    unsigned next;
};

struct hn_hellos *hn_hellos_new(void)
{
    return hn_alloc_zero(sizeof(struct hn_hellos));
}

void hn_hellos_free(struct hn_hellos *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        hn_free(t->streams[i].b);
    hn_free(t);
}

void hn_hello_begins(struct hn_hello_of *h, uint32_t sequence)
{
    if (!h->begun)
        *h = (struct hn_hello_of){.base = sequence + 1, .begun = true};
}

/* NULL: another connection has its place, or there is no memory. */
static struct stream *stream_of(struct hn_hellos *t, struct hn_hello_of *h)
{
    if (h->waits)
        return t->streams[h->slot].turn == h->turn ? &t->streams[h->slot] : NULL;
    h->slot = (uint16_t)(t->next++ % SLOTS);
    struct stream *s = &t->streams[h->slot];
    s->b = s->b ? s->b : hn_alloc(HN_HELLO_MAX);
    s->n = 0;
    h->turn = ++s->turn;
    h->waits = true;
    return s->b ? s : NULL;
}

/* Adds a range to those that it touches; false: too many holes. */
static bool note(struct stream *s, struct range r)
{
    for (uint32_t i = 0; i < s->n;) {
        if (s->ranges[i].from > r.to || r.from > s->ranges[i].to) {
            i++;
            continue;
        }
        r.from = s->ranges[i].from < r.from ? s->ranges[i].from : r.from;
        r.to = s->ranges[i].to > r.to ? s->ranges[i].to : r.to;
        s->ranges[i] = s->ranges[--s->n];
    }
    if (s->n == RANGES)
        return false;
    s->ranges[s->n++] = r;
    return true;
}

/* How much there is from the first octet on. */
static uint32_t whole(const struct stream *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (!s->ranges[i].from)
            return s->ranges[i].to;
    return 0;
}

static bool may_begin(struct hn_bytes b)
{
    return b.p[0] == 22 && (b.n < 2 || b.p[1] == 3) && (b.n < 6 || b.p[5] == 1);
}

static enum hn_hello wait_for_more(struct hn_hellos *t, struct hn_hello_of *h, uint32_t at, struct hn_bytes payload,
                                   struct hn_flow_tls *ret)
{
    struct stream *s = stream_of(t, h);
    uint32_t n = payload.n < HN_HELLO_MAX - at ? (uint32_t)payload.n : HN_HELLO_MAX - at;
    if (!s || !note(s, (struct range){at, at + n}))
        return HN_HELLO_NONE;
    memcpy(s->b + at, payload.p, n);
    n = whole(s);
    return n ? hn_tls_hello(hn_bytes_of(s->b, n), ret) : HN_HELLO_MORE;
}

bool hn_hello_add(struct hn_hellos *t, struct hn_hello_of *h, uint32_t sequence, struct hn_bytes payload,
                  struct hn_flow_tls *ret)
{
    if (h->ended || !payload.n)
        return false;
    if (!h->begun)
        *h = (struct hn_hello_of){.base = sequence, .begun = true};
    uint32_t at = sequence - h->base;
    if (at >= HN_HELLO_MAX || (!at && !may_begin(payload))) {
        h->ended = true;
        return false;
    }
    /* nearly always it is whole in the first segment */
    enum hn_hello got = at || h->waits ? HN_HELLO_MORE : hn_tls_hello(payload, ret);
    if (got == HN_HELLO_MORE)
        got = wait_for_more(t, h, at, payload, ret);
    h->ended = got != HN_HELLO_MORE;
    return got == HN_HELLO_READ;
}
