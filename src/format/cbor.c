#include "format/cbor.h"

void hn_cbor_init(struct hn_cbor *c, struct hn_bytes b)
{
    hn_cur_init(&c->cur, b, (uint64_t)b.n + 16);
    c->depth = 0;
}

/* The argument of a head (RFC 8949, 3). False: reserved, or cut short. */
static bool argument(struct hn_cur *c, unsigned info, uint64_t *ret)
{
    *ret = info;
    if (info < 24)
        return true;
    if (info == 24)
        *ret = hn_cur_u8(c);
    else if (info == 25)
        *ret = hn_cur_be16(c);
    else if (info == 26)
        *ret = hn_cur_be32(c);
    else if (info == 27)
        *ret = hn_cur_be64(c);
    else if (info == 31)
        *ret = UINT64_MAX;
    else
        hn_cur_fail(c, "reserved length");
    return !hn_cur_bad(c);
}

static const enum hn_cbor_kind kinds[] = {HN_CBOR_UINT,  HN_CBOR_NEGATIVE, HN_CBOR_BYTES, HN_CBOR_TEXT,
                                          HN_CBOR_ARRAY, HN_CBOR_MAP,      HN_CBOR_TAG,   HN_CBOR_SIMPLE};

struct hn_cbor_item hn_cbor_next(struct hn_cbor *c)
{
    struct hn_cbor_item x = {.kind = HN_CBOR_END};
    struct hn_cur *cur = &c->cur;

    if (!hn_cur_left(cur) || !hn_cur_work(cur))
        return x;
    unsigned head = hn_cur_u8(cur);
    if (head == 0xFF) /* the end of a container of indefinite length */
        return x;
    if (!argument(cur, head & 31, &x.number))
        return x;
    x.kind = kinds[head >> 5];
    bool open = (head & 31) == 31;
    if (open && x.kind != HN_CBOR_ARRAY && x.kind != HN_CBOR_MAP) {
        hn_cur_fail(cur, "indefinite length here");
        x.kind = HN_CBOR_END;
    }
    if (x.kind == HN_CBOR_BYTES || x.kind == HN_CBOR_TEXT) {
        if (x.number > hn_cur_left(cur))
            hn_cur_fail(cur, "cut short");
        else
            x.bytes = hn_cur_take(cur, (size_t)x.number);
    }
    if ((x.kind == HN_CBOR_ARRAY || x.kind == HN_CBOR_MAP) && !open && x.number > hn_cur_left(cur))
        hn_cur_fail(cur, "more members than bytes");
    if (hn_cur_bad(cur))
        x.kind = HN_CBOR_END;
    return x;
}

struct hn_cbor_item hn_cbor_member(struct hn_cbor *c, struct hn_cbor_item *of)
{
    struct hn_cbor_item none = {.kind = HN_CBOR_END};

    if (of->number == 0)
        return none;
    if (of->number != UINT64_MAX)
        of->number--;
    struct hn_cbor_item x = hn_cbor_next(c);
    if (x.kind == HN_CBOR_END) {
        if (of->number != UINT64_MAX && !hn_cur_bad(&c->cur))
            hn_cur_fail(&c->cur, "ends too early");
        of->number = 0;
    }
    return x;
}

void hn_cbor_skip(struct hn_cbor *c, struct hn_cbor_item item)
{
    if (item.kind != HN_CBOR_ARRAY && item.kind != HN_CBOR_MAP && item.kind != HN_CBOR_TAG)
        return;
    if (++c->depth > HN_CBOR_DEPTH) {
        hn_cur_fail(&c->cur, "nested too deep");
        return;
    }
    if (item.kind == HN_CBOR_TAG) {
        hn_cbor_skip(c, hn_cbor_next(c));
    } else {
        for (struct hn_cbor_item key; (key = hn_cbor_member(c, &item)).kind != HN_CBOR_END;) {
            hn_cbor_skip(c, key);
            if (item.kind != HN_CBOR_MAP)
                continue;
            struct hn_cbor_item value = hn_cbor_next(c);
            if (value.kind == HN_CBOR_END)
                hn_cur_fail(&c->cur, "a key without a value");
            hn_cbor_skip(c, value);
        }
    }
    c->depth--;
}

struct hn_cbor_item hn_cbor_untag(struct hn_cbor *c, struct hn_cbor_item item)
{
    for (unsigned i = 0; item.kind == HN_CBOR_TAG && i < HN_CBOR_DEPTH; i++)
        item = hn_cbor_next(c);
    return item;
}
