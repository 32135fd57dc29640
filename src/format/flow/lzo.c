/* LZO1X (layout after Documentation/staging/lzo.rst of Linux). A stream of instructions; the two lowest bits of a copy
 * say how many literals follow it, and what the next instruction below 16 means depends on them.
 *
 *   first octet > 17     octet − 17 literals
 *   0000LLLL             after a copy without literals, or at the begin: 3 + L literals (L = 0: 18 + more)
 *   0000DDSS HHHHHHHH    after 1–3 literals: copy 2 from (H << 2) + D + 1; after a run of literals: copy 3 from … +
 * 2049 0001HLLL + DDDDDDDD DDDDDDSS   copy 2 + L (L = 0: 9 + more) from 16384 + (H << 14) + D; from 16384 itself: the
 * end 001LLLLL + DDDDDDDD DDDDDDSS   copy 2 + L (L = 0: 33 + more) from D + 1 01LDDDSS HHHHHHHH    copy 3 + L from (H
 * << 3) + D + 1 1LLDDDSS HHHHHHHH    copy 5 + L from (H << 3) + D + 1
 *
 * "more" is 255 for each octet that is 0, and the first one that is not. */
#include "format/flow/lzo.h"

#include <string.h>

#include "base/cur.h"

#define AFTER_RUN 4u

struct lzo {
    struct hn_cur c;
    uint8_t *out;
    size_t n, max;
    bool bad;
};

static size_t length(struct lzo *z, unsigned given, size_t most)
{
    size_t n = most;
    if (given)
        return given;
    while (!hn_cur_bad(&z->c) && n <= z->max) {
        unsigned octet = hn_cur_u8(&z->c);
        if (octet)
            return n + octet;
        n += 255;
    }
    z->bad = true;
    return 0;
}

static void literals(struct lzo *z, size_t n)
{
    struct hn_bytes b = hn_cur_take(&z->c, n);
    z->bad = z->bad || hn_cur_bad(&z->c) || n > z->max - z->n;
    if (z->bad || !n)
        return;
    memcpy(z->out + z->n, b.p, n);
    z->n += n;
}

/* Octet by octet: what is copied may reach into what is being written. */
static void copy(struct lzo *z, size_t back, size_t n)
{
    z->bad = z->bad || hn_cur_bad(&z->c) || back > z->n || n > z->max - z->n;
    for (; !z->bad && n; n--, z->n++)
        z->out[z->n] = z->out[z->n - back];
}

/* An instruction from 16 on; gives how many literals follow, and whether it was the end. */
static unsigned far_copy(struct lzo *z, unsigned i, bool *ret_end)
{
    if (i >= 64) {
        size_t back = ((size_t)hn_cur_u8(&z->c) << 3) + (i >> 2 & 7) + 1;
        copy(z, back, i >= 128 ? 5 + (i >> 5 & 3) : 3 + (i >> 5 & 1));
        return i & 3;
    }
    size_t n = 2 + (i >= 32 ? length(z, i & 31, 31) : length(z, i & 7, 7));
    unsigned word = hn_cur_le16(&z->c);
    size_t back = i >= 32 ? (word >> 2) + 1 : 16384 + ((size_t)(i & 8) << 11) + (word >> 2);
    *ret_end = i < 32 && back == 16384;
    if (!*ret_end)
        copy(z, back, n);
    return word & 3;
}

ptrdiff_t hn_lzo_unpack(struct hn_bytes b, uint8_t *out, size_t max)
{
    struct lzo z = {.out = out, .max = max};
    unsigned state = 0;
    bool end = false;
    hn_cur_init(&z.c, b, b.n + 1);
    if (b.n && b.p[0] > 17) {
        unsigned n = hn_cur_u8(&z.c) - 17u;
        literals(&z, n);
        state = n < 4 ? n : AFTER_RUN;
    }
    while (!z.bad && !end && !hn_cur_bad(&z.c)) {
        unsigned i = hn_cur_u8(&z.c);
        if (i >= 16) {
            state = far_copy(&z, i, &end);
        } else if (!state) {
            literals(&z, 3 + length(&z, i, 15));
            state = AFTER_RUN;
            continue;
        } else {
            size_t back = ((size_t)hn_cur_u8(&z.c) << 2) + (i >> 2) + 1;
            copy(&z, state == AFTER_RUN ? back + 2048 : back, state == AFTER_RUN ? 3 : 2);
            state = i & 3;
        }
        if (!end)
            literals(&z, state);
    }
    return end && !z.bad && !hn_cur_bad(&z.c) ? (ptrdiff_t)z.n : -1;
}
