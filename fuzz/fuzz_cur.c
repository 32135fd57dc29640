/* The cursor against a model that knows only offsets: the input is a list of operations, and the data they read.
 *
 *   byte 0      length of the list, n
 *   1 … n       operations: low four bits what, high four bits how much
 *   the rest    data */
#include "base/cur.h"
#include "fuzz.h"

#define NESTING 8

/* What the cursor must say: a window of the data, and whether a read has gone beyond it. */
struct model {
    size_t from, len, off;
    bool bad;
};

static uint64_t model_int(struct model *m, const uint8_t *data, size_t width, bool little)
{
    uint64_t v = 0;

    if (m->bad || m->len < m->off + width) {
        m->bad = true;
        return 0;
    }
    for (size_t i = 0; i < width; i++)
        v = v << 8 | data[m->from + m->off + (little ? width - 1 - i : i)];
    m->off += width;
    return v;
}

static bool model_skip(struct model *m, size_t n)
{
    if (m->bad)
        return false;
    if (n > m->len || m->off + n > m->len) {
        m->bad = true;
        return false;
    }
    m->off += n;
    return true;
}

static uint64_t read_int(struct hn_cur *c, unsigned what)
{
    switch (what) {
    case 0:
        return hn_cur_u8(c);
    case 1:
        return hn_cur_be16(c);
    case 2:
        return hn_cur_be32(c);
    case 3:
        return hn_cur_be64(c);
    case 4:
        return hn_cur_u8(c);
    case 5:
        return hn_cur_le16(c);
    case 6:
        return hn_cur_le32(c);
    default:
        return hn_cur_le64(c);
    }
}

/* Lengths worth trying: small ones, the rest, around the rest, and those that would wrap. */
static size_t length(const struct hn_cur *c, unsigned how)
{
    switch (how) {
    case 11:
        return hn_cur_left(c);
    case 12:
        return hn_cur_left(c) + 1;
    case 13:
        return SIZE_MAX;
    case 14:
        return SIZE_MAX - c->off;
    case 15:
        return SIZE_MAX - c->off + 1;
    default:
        return how;
    }
}

static void agree(const struct hn_cur *c, const struct model *m)
{
    FUZZ_CHECK(hn_cur_bad(c) == m->bad, "bad %d", m->bad);
    FUZZ_CHECK(c->off <= c->len && c->len == m->len, "offset %zu of %zu", c->off, c->len);
    FUZZ_CHECK(hn_cur_left(c) == (m->bad ? 0 : m->len - m->off), "left %zu", hn_cur_left(c));
}

struct level {
    struct hn_cur c;
    struct model m;
};

static void take(struct level *l, const uint8_t *data, size_t n)
{
    struct model before = l->m;
    struct hn_bytes b = hn_cur_take(&l->c, n);
    bool ok = n == 0 || model_skip(&l->m, n);

    FUZZ_CHECK(b.n == (ok ? n : 0), "took %zu", b.n);
    if (b.n)
        FUZZ_CHECK(memcmp(b.p, data + before.from + before.off, b.n) == 0, "took other bytes");
}

static void descend(struct level *parent, struct level *child, size_t n)
{
    struct model before = parent->m;

    child->c = hn_cur_sub(&parent->c, n);
    child->m = (struct model){.from = before.from + before.off};
    if (model_skip(&parent->m, n))
        child->m.len = n;
    else
        child->m.bad = true;
    agree(&child->c, &child->m);
}

/* One operation; gives the new depth. */
static unsigned step(struct level *levels, unsigned depth, const uint8_t *data, uint8_t op)
{
    struct level *l = &levels[depth];
    unsigned what = op & 15, how = op >> 4;
    size_t n = length(&l->c, how);

    if (what < 8) {
        uint64_t want = model_int(&l->m, data, (size_t)1 << what % 4, what >= 4);
        FUZZ_CHECK(read_int(&l->c, what) == want, "integer kind %u", what);
    } else if (what == 8) {
        hn_cur_skip(&l->c, n);
        if (n || !l->m.bad)
            model_skip(&l->m, n);
    } else if (what == 9) {
        take(l, data, n);
    } else if (what == 10 && depth + 1 < NESTING) {
        descend(l, &levels[depth + 1], n);
        return depth + 1;
    } else if (what == 11 && depth > 0) {
        return depth - 1;
    } else if (what == 12 && how == 0) {
        hn_cur_fail(&l->c, "asked to");
        l->m.bad = true;
    } else {
        uint64_t budget = l->c.budget;
        bool ok = hn_cur_work(&l->c);
        FUZZ_CHECK(ok == (budget > 0 && !l->m.bad), "budget %ju", (uintmax_t)budget);
        l->m.bad |= budget == 0;
    }
    agree(&l->c, &l->m);
    return depth;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct level levels[NESTING];
    unsigned depth = 0;

    if (size < 1 || size - 1 < data[0])
        return 0;
    size_t ops = data[0];
    struct hn_bytes rest = fuzz_copy(data + 1 + ops, size - 1 - ops);
    hn_cur_init(&levels[0].c, rest, 20);
    levels[0].m = (struct model){.len = rest.n};
    for (size_t i = 0; i < ops; i++)
        depth = step(levels, depth, rest.p, data[1 + i]);
    fuzz_free(rest);
    return 0;
}
