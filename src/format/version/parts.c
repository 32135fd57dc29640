#include "format/version/parts.h"

static struct hn_bytes without_zeros(struct hn_bytes b)
{
    while (b.n && b.p[0] == '0')
        b = version_from(b, 1);
    return b;
}

int version_number_cmp(struct hn_bytes a, struct hn_bytes b)
{
    a = without_zeros(a);
    b = without_zeros(b);
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n ? version_sign(memcmp(a.p, b.p, a.n)) : 0;
}

bool version_number_zero(struct hn_bytes b)
{
    return without_zeros(b).n == 0;
}

int version_text_cmp(struct hn_bytes a, struct hn_bytes b, bool fold)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        uint8_t x = fold ? version_lower(a.p[i]) : a.p[i], y = fold ? version_lower(b.p[i]) : b.p[i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.n > b.n) - (a.n < b.n);
}

int version_word_index(struct hn_bytes word, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (version_text_cmp(word, hn_bytes_of(list[i], strlen(list[i])), true) == 0)
            return i;
    return -1;
}
