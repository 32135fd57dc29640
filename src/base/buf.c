#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

void hn_buf_init(struct hn_buf *b, size_t max)
{
    *b = (struct hn_buf){.max = max};
}

void hn_buf_done(struct hn_buf *b)
{
    hn_free(b->p);
    *b = (struct hn_buf){.max = b->max};
}

void hn_buf_clear(struct hn_buf *b)
{
    b->n = 0;
    b->bad = false;
}

bool hn_buf_grow(struct hn_buf *b, size_t n)
{
    if (b->bad || n > b->max - b->n) {
        b->bad = true;
        return false;
    }
    size_t need = b->n + n, cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    char *p = hn_realloc(b->p, cap);
    if (!p) {
        b->bad = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void hn_buf_add(struct hn_buf *b, const void *p, size_t n)
{
    if (n == 0 || !hn_buf_room(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void hn_buf_str(struct hn_buf *b, struct hn_str s)
{
    hn_buf_add(b, s.p, s.n);
}

void hn_buf_c(struct hn_buf *b, const char *s)
{
    hn_buf_add(b, s, strlen(s));
}

void hn_buf_fmt(struct hn_buf *b, const char *fmt, ...)
{
    char small[256];
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    size_t n = len < 0 ? 0 : (size_t)len;
    if (len < 0) {
        b->bad = true;
    } else if (n < sizeof small) {
        hn_buf_add(b, small, n);
    } else {
        /* vsnprintf wants room for its NUL, which may be one more than the maximum allows. */
        char *tmp = n > b->max ? NULL : hn_alloc(n + 1);
        if (tmp) {
            vsnprintf(tmp, n + 1, fmt, again);
            hn_buf_add(b, tmp, n);
            hn_free(tmp);
        } else {
            b->bad = true;
        }
    }
    va_end(again);
}

void hn_buf_drop(struct hn_buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

struct hn_err hn_buf_err(const struct hn_buf *b)
{
    return (struct hn_err){b->bad ? HN_E_NOMEM : HN_E_OK};
}
