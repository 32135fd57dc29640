/* Walking valid JSON by pieces of its text: each value is a slice that can be looked at again. */
#pragma once

#include "base/json.h"
#include "base/json_scan.h"

static inline char cdx_span_kind(struct hn_str json) /* its first character */
{
    return json.n ? json.p[0] : '\0';
}

/* A reader behind the first '{' or '[' of json. */
static inline struct hn_jr cdx_span_open(struct hn_str json)
{
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(json), HN_JR_DEPTH_MAX, UINT64_MAX);
    hn_jr_next(&r);
    return r;
}

/* The value that comes next, after a key. */
static inline struct hn_str cdx_span_value(struct hn_jr *r)
{
    size_t from = hn_scan_skip_ws(r->base, r->off, r->len);
    return hn_jr_skip(r) ? (struct hn_str){(const char *)r->base + from, r->off - from} : HN_STR("");
}

/* The next item of an array; false at its end. */
static inline bool cdx_span_item(struct hn_jr *r, struct hn_str *ret)
{
    size_t off = hn_scan_skip_ws(r->base, r->off, r->len);

    if (off < r->len && r->base[off] == ',')
        off = hn_scan_skip_ws(r->base, off + 1, r->len);
    if (off >= r->len || r->base[off] == ']' || !hn_jr_skip(r))
        return false;
    *ret = (struct hn_str){(const char *)r->base + off, r->off - off};
    return true;
}
