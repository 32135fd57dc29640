/* The pull reader. One pass, no look-behind: every byte is checked once, on the way to the token that holds it. */
#include "base/json.h"
#include "base/json_scan.h"
#include "base/utf8.h"

enum state {
    S_VALUE,      /* a value must follow */
    S_FIRST_KEY,  /* after '{': a key or '}' */
    S_FIRST_ITEM, /* after '[': a value or ']' */
    S_AFTER,      /* after a value: ',' or the end of the container; at depth 0 the end of the text */
    S_END,
    S_ERR
};

#define WORK_SLACK 16

void hn_jr_init(struct hn_jr *r, struct hn_bytes text, unsigned depth_max, uint64_t work)
{
    *r = (struct hn_jr){
        .base = text.p,
        .len = text.n,
        .depth_max = depth_max == 0                ? 64
                     : depth_max < HN_JR_DEPTH_MAX ? depth_max
                                                   : HN_JR_DEPTH_MAX,
        .work = work ? work : (uint64_t)text.n + WORK_SLACK,
        .raw = {"", 0},
    };
}

__attribute__((cold)) static enum hn_jtok fail(struct hn_jr *r, const char *why, size_t at)
{
    if (r->state != S_ERR) {
        r->why = why;
        r->at = at;
        r->state = S_ERR;
    }
    return HN_J_ERR;
}

static const char cut_short[] = "ends too early";

/* ---- strings ---- */

static inline int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the escape at p (a backslash), or 0. */
static size_t escape_len(const uint8_t *p, size_t left)
{
    if (left < 2)
        return 0;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        if (left < 6)
            return 0;
        for (size_t i = 2; i < 6; i++)
            if (hex_digit(p[i]) < 0)
                return 0;
        return 6;
    default:
        return 0;
    }
}

/* Reads the string whose opening quote is at r->off. */
static bool read_string(struct hn_jr *r)
{
    const uint8_t *p = r->base;
    size_t from = r->off + 1, off = from;

    r->escaped = false;
    for (;;) {
        off = hn_scan_plain(p, off, r->len);
        if (off == r->len) {
            fail(r, cut_short, off);
            return false;
        }
        uint8_t c = p[off];
        if (c == '"')
            break;
        size_t n = 0;
        if (c == '\\') {
            n = escape_len(p + off, r->len - off);
            r->escaped = true;
        } else if (c >= 0x80) {
            n = hn_utf8_seq(p + off, r->len - off);
        }
        if (n == 0) {
            fail(r, c == '\\' ? "unknown escape" : c >= 0x80 ? "not UTF-8" : "control character in a string", off);
            return false;
        }
        off += n;
    }
    r->raw = (struct hn_str){(const char *)p + from, off - from};
    r->off = off + 1;
    return true;
}

/* ---- numbers and names ---- */

static inline size_t skip_digits(const uint8_t *p, size_t off, size_t len)
{
    while (off < len && (unsigned)(p[off] - '0') < 10)
        off++;
    return off;
}

/* RFC 8259 §6: [ minus ] int [ frac ] [ exp ] */
static enum hn_jtok read_number(struct hn_jr *r)
{
    const uint8_t *p = r->base;
    size_t len = r->len, from = r->off, off = from + (p[from] == '-'), end;

    if (off < len && p[off] == '0')
        end = off + 1;
    else
        end = skip_digits(p, off, len);
    if (end == off)
        return fail(r, "not a number", from);
    off = end;
    if (off < len && p[off] == '.') {
        end = skip_digits(p, off + 1, len);
        if (end == off + 1)
            return fail(r, "not a number", from);
        off = end;
    }
    if (off < len && (p[off] == 'e' || p[off] == 'E')) {
        off++;
        if (off < len && (p[off] == '+' || p[off] == '-'))
            off++;
        end = skip_digits(p, off, len);
        if (end == off)
            return fail(r, "not a number", from);
        off = end;
    }
    r->raw = (struct hn_str){(const char *)p + from, off - from};
    r->off = off;
    r->state = S_AFTER;
    return HN_J_NUM;
}

static enum hn_jtok read_name(struct hn_jr *r, const char *name, size_t n, enum hn_jtok tok)
{
    if (r->len - r->off < n || memcmp(r->base + r->off, name, n) != 0)
        return fail(r, "not a JSON value", r->off);
    r->off += n;
    r->state = S_AFTER;
    return tok;
}

/* ---- structure ---- */

static inline bool in_obj(const struct hn_jr *r)
{
    unsigned i = r->depth - 1;
    return r->in_obj[i / 8] >> i % 8 & 1;
}

static enum hn_jtok open_container(struct hn_jr *r, bool obj)
{
    if (r->depth >= r->depth_max)
        return fail(r, "nested too deeply", r->off);
    unsigned i = r->depth++;
    uint8_t bit = (uint8_t)(1u << i % 8);
    r->in_obj[i / 8] = (uint8_t)(obj ? r->in_obj[i / 8] | bit : r->in_obj[i / 8] & ~bit);
    r->off++;
    r->state = obj ? S_FIRST_KEY : S_FIRST_ITEM;
    return obj ? HN_J_OBJ : HN_J_ARR;
}

static enum hn_jtok close_container(struct hn_jr *r)
{
    enum hn_jtok tok = in_obj(r) ? HN_J_OBJ_END : HN_J_ARR_END;

    r->depth--;
    r->off++;
    r->state = S_AFTER;
    return tok;
}

static enum hn_jtok read_value(struct hn_jr *r)
{
    switch (r->base[r->off]) {
    case '"':
        r->state = S_AFTER;
        return read_string(r) ? HN_J_STR : HN_J_ERR;
    case '{':
        return open_container(r, true);
    case '[':
        return open_container(r, false);
    case 't':
        return read_name(r, "true", 4, HN_J_TRUE);
    case 'f':
        return read_name(r, "false", 5, HN_J_FALSE);
    case 'n':
        return read_name(r, "null", 4, HN_J_NULL);
    case '-':
    case '0' ... '9':
        return read_number(r);
    default:
        return fail(r, "not a JSON value", r->off);
    }
}

/* A key and its colon. */
static enum hn_jtok read_key(struct hn_jr *r)
{
    if (r->base[r->off] != '"')
        return fail(r, "a key in quotes was expected", r->off);
    if (!read_string(r))
        return HN_J_ERR;
    r->off = hn_scan_skip_ws(r->base, r->off, r->len);
    if (r->off == r->len)
        return fail(r, cut_short, r->off);
    if (r->base[r->off] != ':')
        return fail(r, "':' was expected", r->off);
    r->off++;
    r->state = S_VALUE;
    return HN_J_KEY;
}

static enum hn_jtok after_value(struct hn_jr *r)
{
    uint8_t c = r->base[r->off];

    if (c == (in_obj(r) ? '}' : ']'))
        return close_container(r);
    if (c != ',')
        return fail(r, in_obj(r) ? "',' or '}' was expected" : "',' or ']' was expected", r->off);
    r->off = hn_scan_skip_ws(r->base, r->off + 1, r->len);
    if (r->off == r->len)
        return fail(r, cut_short, r->off);
    return in_obj(r) ? read_key(r) : read_value(r);
}

enum hn_jtok hn_jr_next(struct hn_jr *r)
{
    if (r->state >= S_END)
        return r->state == S_END ? HN_J_END : HN_J_ERR;
    r->off = hn_scan_skip_ws(r->base, r->off, r->len);
    if (r->state == S_AFTER && r->depth == 0) {
        if (r->off != r->len)
            return fail(r, "something follows the value", r->off);
        r->state = S_END;
        return HN_J_END;
    }
    if (r->off == r->len)
        return fail(r, cut_short, r->off);
    if (r->work == 0)
        return fail(r, "too much work", r->off);
    r->work--;
    switch (r->state) {
    case S_AFTER:
        return after_value(r);
    case S_FIRST_KEY:
        return r->base[r->off] == '}' ? close_container(r) : read_key(r);
    case S_FIRST_ITEM:
        return r->base[r->off] == ']' ? close_container(r) : read_value(r);
    default:
        return read_value(r);
    }
}

bool hn_jr_skip(struct hn_jr *r)
{
    unsigned depth = r->depth;

    do {
        switch (hn_jr_next(r)) {
        case HN_J_ERR:
        case HN_J_END:
            return false;
        case HN_J_OBJ_END:
        case HN_J_ARR_END:
            if (r->depth < depth) /* there was no value to skip, its container ended */
                return false;
            break;
        default:
            break;
        }
    } while (r->depth > depth);
    return true;
}
