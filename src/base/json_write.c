#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"

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

static void escape(struct hn_buf *b, uint8_t c)
{
    static const char digits[] = "0123456789abcdef", letters[] = "btn\0fr"; /* of 0x08 to 0x0D */
    char e = c == '"' || c == '\\' ? (char)c : c >= 0x08 && c <= 0x0D ? letters[c - 0x08] : '\0';

    if (e)
        hn_buf_add(b, (char[]){'\\', e}, 2);
    else /* also DEL, which JSON does not ask for, but terminals act on it */
        hn_buf_add(b, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
}

/* The string in quotes, then (after a key) the colon. */
static void quoted(struct hn_jw *w, struct hn_str s, bool colon)
{
    const uint8_t *p = (const uint8_t *)s.p;
    struct hn_buf *b = w->out;
    size_t from = 0, to;

    if (!hn_buf_room(b, s.n + 2 + colon)) /* at least; what escapes need is seen below */
        return;
    b->p[b->n++] = '"';
    while ((to = hn_scan_unescaped(p, from, s.n)) != s.n) {
        hn_buf_add(b, p + from, to - from);
        escape(b, p[to]);
        from = to + 1;
    }
    if (!hn_buf_room(b, s.n - from + 1 + colon))
        return;
    if (s.n - from)
        memcpy(b->p + b->n, p + from, s.n - from);
    b->n += s.n - from;
    b->p[b->n++] = '"';
    if (colon)
        b->p[b->n++] = ':';
}

void hn_jw_key_str(struct hn_jw *w, struct hn_str key)
{
    assert(w->depth > 0 && !w->after_key);
    assert(w->depth > HN_JW_DEPTH || w->in_obj[w->depth - 1]);
    separate(w);
    quoted(w, key, true);
    w->after_key = true;
}

void hn_jw_key(struct hn_jw *w, const char *key)
{
    hn_jw_key_str(w, hn_str_c(key));
}

void hn_jw_str(struct hn_jw *w, struct hn_str s)
{
    before_value(w);
    quoted(w, s, false);
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
    if (v > -1e15 && v < 1e15 && v == (double)(int64_t)v) {
        if (v == 0 && signbit(v))
            literal(w, HN_STR("-0.0")); /* "-0" would read back as the integer 0 */
        else
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
