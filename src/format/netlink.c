#include "format/netlink.h"

#define HEADER    16u
#define ATTR_TYPE 0x3fffu /* NLA_TYPE_MASK */

uint16_t hn_nl_u16(struct hn_bytes v)
{
    uint16_t r = 0;
    if (v.n >= sizeof(r))
        memcpy(&r, v.p, sizeof(r));
    return r;
}

uint32_t hn_nl_u32(struct hn_bytes v)
{
    uint32_t r = 0;
    if (v.n >= sizeof(r))
        memcpy(&r, v.p, sizeof(r));
    return r;
}

uint16_t hn_nl_be16(struct hn_bytes v)
{
    return v.n < 2 ? 0 : (uint16_t)(v.p[0] << 8 | v.p[1]);
}

uint32_t hn_nl_be32(struct hn_bytes v)
{
    return v.n < 4 ? 0 : (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
}

struct hn_bytes hn_nl_text(struct hn_bytes v)
{
    const uint8_t *nul = v.n ? memchr(v.p, 0, v.n) : NULL;
    return hn_bytes_of(v.p, nul ? (size_t)(nul - v.p) : v.n);
}

uint16_t hn_nl_take_u16(struct hn_cur *c)
{
    return hn_nl_u16(hn_cur_take(c, 2));
}

uint32_t hn_nl_take_u32(struct hn_cur *c)
{
    return hn_nl_u32(hn_cur_take(c, 4));
}

/* Padding to four bytes; the last one may lack it. */
static void skip_padding(struct hn_cur *c, size_t len)
{
    size_t pad = (4 - len % 4) % 4;
    hn_cur_skip(c, pad < hn_cur_left(c) ? pad : hn_cur_left(c));
}

bool hn_nl_next(struct hn_cur *c, struct hn_nl_msg *ret)
{
    if (!hn_cur_left(c) || hn_cur_bad(c) || !hn_cur_work(c))
        return false;
    uint32_t len = hn_nl_take_u32(c);
    ret->type = hn_nl_take_u16(c);
    ret->flags = hn_nl_take_u16(c);
    hn_cur_skip(c, 8);
    if (hn_cur_bad(c))
        return false;
    if (len < HEADER) {
        hn_cur_fail(c, "netlink message shorter than its header");
        return false;
    }
    ret->body = hn_cur_sub(c, len - HEADER);
    skip_padding(c, len);
    return !hn_cur_bad(c);
}

bool hn_nl_attr(struct hn_cur *c, struct hn_nl_attr *ret)
{
    if (!hn_cur_left(c) || hn_cur_bad(c) || !hn_cur_work(c))
        return false;
    uint16_t len = hn_nl_take_u16(c);
    ret->type = hn_nl_take_u16(c) & ATTR_TYPE;
    if (hn_cur_bad(c))
        return false;
    if (len < 4) {
        hn_cur_fail(c, "netlink attribute shorter than its header");
        return false;
    }
    ret->value = hn_cur_take(c, len - 4u);
    skip_padding(c, len);
    return !hn_cur_bad(c);
}

struct hn_cur hn_nl_nested(struct hn_bytes value)
{
    struct hn_cur c;
    hn_cur_init(&c, value, value.n / 4 + 1);
    return c;
}

struct hn_bytes hn_nl_find(const struct hn_cur *c, uint16_t type)
{
    struct hn_cur copy = *c;
    struct hn_nl_attr a;
    while (hn_nl_attr(&copy, &a)) {
        if (a.type == type)
            return a.value;
    }
    return (struct hn_bytes){0};
}
