#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

void hn_jw_init(struct hn_jw *w, struct hn_buf *out)
{
    *w = (struct hn_jw){.out = out};
}

/* Before a value or a key: the comma, when one is due. */
static void separate(struct hn_jw *w)
{
    if (w->depth == 0 || w->depth > HN_JW_DEPTH)
        return;
    if (w->more[w->depth - 1])
        hn_buf_chr(w->out, ',');
    w->more[w->depth - 1] = true;
}

static void before_value(struct hn_jw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    assert(w->depth == 0 || w->depth > HN_JW_DEPTH || !w->in_obj[w->depth - 1]);
    separate(w);
}

static void open_container(struct hn_jw *w, bool obj)
{
    before_value(w);
    hn_buf_chr(w->out, obj ? '{' : '[');
    if (w->depth < HN_JW_DEPTH) {
        w->more[w->depth] = false;
        w->in_obj[w->depth] = obj;
    } else {
        w->out->bad = true;
    }
    w->depth++;
}

static void close_container(struct hn_jw *w, bool obj)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    assert(w->depth >= HN_JW_DEPTH || w->in_obj[w->depth] == obj);
    hn_buf_chr(w->out, obj ? '}' : ']');
}

void hn_jw_obj(struct hn_jw *w)
{
    open_container(w, true);
}

void hn_jw_obj_end(struct hn_jw *w)
{
    close_container(w, true);
}

void hn_jw_arr(struct hn_jw *w)
{
    open_container(w, false);
}

void hn_jw_arr_end(struct hn_jw *w)
{
    close_container(w, false);
}

/* What follows the backslash, 'u' for \u00HH, 0 for bytes that stand for themselves. */
static const char escapes[256] = {
    [0x00] = 'u', [0x01] = 'u',  [0x02] = 'u', [0x03] = 'u', [0x04] = 'u', [0x05] = 'u', [0x06] = 'u', [0x07] = 'u',
    [0x08] = 'b', [0x09] = 't',  [0x0A] = 'n', [0x0B] = 'u', [0x0C] = 'f', [0x0D] = 'r', [0x0E] = 'u', [0x0F] = 'u',
    [0x10] = 'u', [0x11] = 'u',  [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u', [0x16] = 'u', [0x17] = 'u',
    [0x18] = 'u', [0x19] = 'u',  [0x1A] = 'u', [0x1B] = 'u', [0x1C] = 'u', [0x1D] = 'u', [0x1E] = 'u', [0x1F] = 'u',
    ['"'] = '"',  ['\\'] = '\\', [0x7F] = 'u', /* DEL need not be escaped, but terminals act on it */
};

static void quoted(struct hn_jw *w, struct hn_str s)
{
    static const char digits[] = "0123456789abcdef";
    struct hn_buf *b = w->out;
    size_t from = 0;

    hn_buf_chr(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        char e = escapes[c];
        if (!e)
            continue;
        hn_buf_add(b, s.p + from, i - from);
        from = i + 1;
        if (e == 'u')
            hn_buf_add(b, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
        else
            hn_buf_add(b, (char[]){'\\', e}, 2);
    }
    hn_buf_add(b, s.p + from, s.n - from);
    hn_buf_chr(b, '"');
}

void hn_jw_key_str(struct hn_jw *w, struct hn_str key)
{
    assert(w->depth > 0 && !w->after_key);
    assert(w->depth > HN_JW_DEPTH || w->in_obj[w->depth - 1]);
    separate(w);
    quoted(w, key);
    hn_buf_chr(w->out, ':');
    w->after_key = true;
}

void hn_jw_key(struct hn_jw *w, const char *key)
{
    hn_jw_key_str(w, hn_str_c(key));
}

void hn_jw_str(struct hn_jw *w, struct hn_str s)
{
    before_value(w);
    quoted(w, s);
}

void hn_jw_c(struct hn_jw *w, const char *s)
{
    if (s)
        hn_jw_str(w, hn_str_c(s));
    else
        hn_jw_null(w);
}

static void literal(struct hn_jw *w, struct hn_str s)
{
    before_value(w);
    hn_buf_str(w->out, s);
}

void hn_jw_raw(struct hn_jw *w, struct hn_str json)
{
    literal(w, json);
}

void hn_jw_int(struct hn_jw *w, int64_t v)
{
    char text[24], *p = text + sizeof text;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        *--p = (char)('0' + u % 10);
    while ((u /= 10) != 0);
    if (v < 0)
        *--p = '-';
    literal(w, (struct hn_str){p, (size_t)(text + sizeof text - p)});
}

void hn_jw_num(struct hn_jw *w, double v)
{
    char text[40];

    if (!isfinite(v)) {
        hn_jw_null(w);
        return;
    }
    if (v > -1e15 && v < 1e15 && v == (double)(int64_t)v && !(v == 0 && signbit(v))) {
        hn_jw_int(w, (int64_t)v);
        return;
    }
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (digits == DBL_DECIMAL_DIG || strtod(text, NULL) == v)
            break;
    }
    literal(w, hn_str_c(text));
}

void hn_jw_bool(struct hn_jw *w, bool v)
{
    literal(w, v ? HN_STR("true") : HN_STR("false"));
}

void hn_jw_null(struct hn_jw *w)
{
    literal(w, HN_STR("null"));
}

void hn_jw_time(struct hn_jw *w, hn_time t)
{
    char text[HN_TIME_TEXT];

    hn_jw_c(w, t ? hn_time_text(t, text) : NULL);
}

void hn_jw_kstr(struct hn_jw *w, const char *key, struct hn_str s)
{
    hn_jw_key(w, key);
    hn_jw_str(w, s);
}

void hn_jw_kc(struct hn_jw *w, const char *key, const char *s)
{
    hn_jw_key(w, key);
    hn_jw_c(w, s);
}

void hn_jw_kint(struct hn_jw *w, const char *key, int64_t v)
{
    hn_jw_key(w, key);
    hn_jw_int(w, v);
}

void hn_jw_knum(struct hn_jw *w, const char *key, double v)
{
    hn_jw_key(w, key);
    hn_jw_num(w, v);
}

void hn_jw_kbool(struct hn_jw *w, const char *key, bool v)
{
    hn_jw_key(w, key);
    hn_jw_bool(w, v);
}

void hn_jw_ktime(struct hn_jw *w, const char *key, hn_time t)
{
    hn_jw_key(w, key);
    hn_jw_time(w, t);
}
