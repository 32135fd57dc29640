#include "format/tar.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

enum { STATE_HEADER, STATE_SPECIAL, STATE_GNU_MAP, STATE_PAX_MAP };

bool hn_tar_init(struct hn_tar *t, void (*each)(void *arg, const struct hn_tar_entry *e), void *arg)
{
    *t = (struct hn_tar){.each = each, .arg = arg};
    hn_buf_init(&t->special, HN_TAR_LONG_MAX + 512);
    hn_buf_init(&t->pax, HN_TAR_LONG_MAX);
    hn_buf_init(&t->long_name, HN_TAR_NAME_MAX);
    hn_buf_init(&t->long_link, HN_TAR_NAME_MAX);
    hn_buf_init(&t->name, HN_TAR_NAME_MAX);
    t->pieces = hn_alloc(HN_TAR_SPARSE_MAX * sizeof *t->pieces);
    return t->pieces != NULL;
}

void hn_tar_done(struct hn_tar *t)
{
    hn_buf_done(&t->special);
    hn_buf_done(&t->pax);
    hn_buf_done(&t->long_name);
    hn_buf_done(&t->long_link);
    hn_buf_done(&t->name);
    hn_free(t->pieces);
    t->pieces = NULL;
}

static void fail(struct hn_tar *t, const char *why)
{
    if (t->bad)
        return;
    t->bad = why;
    t->bad_at = t->at;
}

/* ---------------------------------------------------------------- fields */

static struct hn_bytes text(const uint8_t *p, size_t n)
{
    return hn_bytes_of(p, strnlen((const char *)p, n));
}

/* Octal digits between blanks or NUL; or, with the top bit set, a big-endian number (GNU). False: neither. */
static bool number(const uint8_t *p, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    if (p[0] & 0x80) {
        if (p[0] & 0x40) { /* negative: a time before 1970 */
            *ret = 0;
            return true;
        }
        for (size_t i = 0; i < n; i++) {
            uint8_t b = i ? p[i] : p[i] & 0x3f;
            if (v >> 55)
                return false;
            v = v << 8 | b;
        }
        *ret = v;
        return true;
    }
    size_t i = 0;
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
        if (v >> 60)
            return false;
        v = v << 3 | (uint64_t)(p[i] - '0');
    }
    *ret = v;
    return i == n || p[i] == 0 || p[i] == ' ';
}

static bool checksum_fits(const uint8_t *b)
{
    uint64_t want, sum = 0;
    if (!number(b + 148, 8, &want))
        return false;
    for (size_t i = 0; i < 512; i++)
        sum += i >= 148 && i < 156 ? ' ' : b[i];
    return sum == want;
}

static bool decimal(struct hn_bytes b, uint64_t *ret)
{
    struct hn_str s = {(const char *)b.p, b.n};
    ptrdiff_t dot = hn_str_chr(s, '.'); /* times have a fraction */
    return hn_str_u64(dot < 0 ? s : hn_str_cut(s, 0, (size_t)dot), 10, ret);
}

/* ---------------------------------------------------------------- sparse files */

static bool add_piece(struct hn_tar *t, uint64_t at, uint64_t n)
{
    if (t->e.n_pieces == HN_TAR_SPARSE_MAX || at > INT64_MAX || n > INT64_MAX) {
        fail(t, "sparse file in too many pieces");
        return false;
    }
    t->pieces[t->e.n_pieces++] = (struct hn_tar_piece){at, n};
    return true;
}

/* {offset 12, bytes 12} as long as there are some. */
static void gnu_pieces(struct hn_tar *t, const uint8_t *p, size_t n)
{
    uint64_t at, len;
    for (size_t i = 0; i < n && p[i * 24]; i++)
        if (!number(p + i * 24, 12, &at) || !number(p + i * 24 + 12, 12, &len) || !add_piece(t, at, len))
            return;
}

/* "0,512,1024,512" (pax sparse 0.1) or lines "2\n0\n512\n1024\n512\n" (1.0). */
static bool list_of_pieces(struct hn_tar *t, struct hn_str rest, char sep)
{
    struct hn_str a, b;
    uint64_t at, n;
    while (rest.n && hn_str_split(&rest, sep, &a) && rest.p && hn_str_split(&rest, sep, &b)) {
        if (!hn_str_u64(a, 10, &at) || !hn_str_u64(b, 10, &n))
            return false;
        if (!add_piece(t, at, n))
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- pax records */

static void pax_record(struct hn_tar *t, struct hn_bytes key, struct hn_bytes value)
{
    uint64_t v;
    if (hn_bytes_eqc(key, "path") || hn_bytes_eqc(key, "GNU.sparse.name")) {
        t->e.name = value;
    } else if (hn_bytes_eqc(key, "linkpath")) {
        t->e.link = value;
    } else if (hn_bytes_eqc(key, "SCHILY.xattr.security.capability")) {
        t->e.capability = value.n <= HN_TAR_CAPABILITY ? value : (struct hn_bytes){0};
    } else if (hn_bytes_eqc(key, "GNU.sparse.map")) {
        t->e.n_pieces = 0;
        list_of_pieces(t, (struct hn_str){(const char *)value.p, value.n}, ',');
    } else if (!decimal(value, &v)) {
        return;
    } else if (hn_bytes_eqc(key, "size")) {
        t->packed = t->e.size = v;
    } else if (hn_bytes_eqc(key, "uid") && v <= UINT32_MAX) {
        t->e.uid = (uint32_t)v;
    } else if (hn_bytes_eqc(key, "gid") && v <= UINT32_MAX) {
        t->e.gid = (uint32_t)v;
    } else if (hn_bytes_eqc(key, "mtime") && v < INT64_MAX / 1000000000) {
        t->e.mtime = (int64_t)v;
    } else if (hn_bytes_eqc(key, "GNU.sparse.realsize") || hn_bytes_eqc(key, "GNU.sparse.size")) {
        t->real_size = v;
        t->has_real_size = true;
    } else if (hn_bytes_eqc(key, "GNU.sparse.major")) {
        t->sparse_map_first = v == 1;
    }
}

/* "LENGTH key=value\n", the length counting itself. */
static void pax_records(struct hn_tar *t)
{
    struct hn_bytes rest = hn_bytes_of(t->pax.p, t->pax.n);
    while (rest.n) {
        const uint8_t *space = memchr(rest.p, ' ', rest.n), *eq;
        uint64_t n = 0;
        if (!space || !hn_str_u64((struct hn_str){(const char *)rest.p, (size_t)(space - rest.p)}, 10, &n) ||
            n > rest.n || n < (uint64_t)(space - rest.p) + 2) {
            fail(t, "pax header is damaged");
            return;
        }
        struct hn_bytes record = {space + 1, (size_t)n - (size_t)(space - rest.p) - 2};
        eq = record.n ? memchr(record.p, '=', record.n) : NULL;
        if (eq)
            pax_record(t, hn_bytes_of(record.p, (size_t)(eq - record.p)),
                       hn_bytes_of(eq + 1, record.n - (size_t)(eq + 1 - record.p)));
        rest.p += n;
        rest.n -= (size_t)n;
    }
}

/* ---------------------------------------------------------------- entries */

static uint64_t padded(uint64_t n)
{
    return n + (512 - n % 512) % 512;
}

/* The entry is known whole: tell of it, and pass over its content. */
static void tell(struct hn_tar *t)
{
    if (t->e.n_pieces) {
        uint64_t sum = 0;
        for (size_t i = 0; i < t->e.n_pieces; i++)
            sum += t->pieces[i].n;
        if (sum > t->packed)
            fail(t, "sparse file with more pieces than content");
        t->e.pieces = t->pieces;
    }
    if (t->has_real_size)
        t->e.size = t->real_size;
    if (!t->bad)
        t->each(t->arg, &t->e);
    hn_buf_clear(&t->pax);
    hn_buf_clear(&t->long_name);
    hn_buf_clear(&t->long_link);
    t->state = STATE_HEADER;
}

static void begin_gather(struct hn_tar *t, int state, uint64_t size)
{
    t->state = state;
    t->gather_size = size;
    t->gather = padded(size);
    hn_buf_clear(&t->special);
}

static void name_of(struct hn_tar *t, const uint8_t *b)
{
    bool ustar = memcmp(b + 257, "ustar\0", 6) == 0;
    struct hn_bytes name = text(b, 100), prefix = ustar ? text(b + 345, 155) : (struct hn_bytes){0};
    hn_buf_clear(&t->name);
    if (prefix.n) {
        hn_buf_add(&t->name, prefix.p, prefix.n);
        hn_buf_chr(&t->name, '/');
    }
    hn_buf_add(&t->name, name.p, name.n);
    t->e.name = hn_bytes_of(t->name.p ? t->name.p : "", t->name.n);
    t->e.link = text(b + 157, 100);
    if (t->long_name.n)
        t->e.name = hn_bytes_of(t->long_name.p, strnlen(t->long_name.p, t->long_name.n));
    if (t->long_link.n)
        t->e.link = hn_bytes_of(t->long_link.p, strnlen(t->long_link.p, t->long_link.n));
}

static bool holds_content(char type)
{
    return type == '0' || type == 0 || type == '7' || type == 'S';
}

static void entry(struct hn_tar *t, const uint8_t *b, uint64_t size, char type)
{
    uint64_t mode = 0, uid = 0, gid = 0, mtime = 0;
    bool fine = number(b + 100, 8, &mode) && number(b + 108, 8, &uid) && number(b + 116, 8, &gid) &&
                number(b + 136, 12, &mtime);
    t->e = (struct hn_tar_entry){.type = type == 0 || type == '7' || type == 'S' ? '0' : type,
                                 .mode = (uint32_t)(mode & 07777),
                                 .uid = (uint32_t)uid,
                                 .gid = (uint32_t)gid,
                                 .size = size,
                                 .header = t->at - 512,
                                 .mtime = mtime < INT64_MAX / 1000000000 ? (int64_t)mtime : 0};
    t->packed = size;
    t->has_real_size = t->sparse_map_first = false;
    if (!fine)
        fail(t, "header with a number that is none");
    name_of(t, b);
    pax_records(t);
    if (!holds_content(type))
        t->packed =
            type == '5' || type == '1' || type == '2' ? 0 : t->packed; /* some write a size that has no content */
    t->e.content = t->at;
    t->skip = padded(t->packed);
    if (type == 'S') {
        gnu_pieces(t, b + 386, 4);
        t->has_real_size = number(b + 483, 12, &t->real_size);
        if (b[482]) { /* the map goes on in blocks of its own */
            t->skip = 0;
            t->state = STATE_GNU_MAP;
            return;
        }
    } else if (t->sparse_map_first && t->packed >= 512) {
        t->skip = 0;
        begin_gather(t, STATE_PAX_MAP, 512);
        return;
    }
    tell(t);
}

static void header(struct hn_tar *t)
{
    const uint8_t *b = t->block;
    uint64_t size = 0;
    bool zero = true;
    for (size_t i = 0; i < 512 && zero; i++)
        zero = b[i] == 0;
    t->zeros = zero ? t->zeros + 1 : 0;
    t->over = t->zeros == 2;
    if (zero)
        return;
    if (!checksum_fits(b)) {
        fail(t, "header without its checksum: no tar archive, or damaged");
        return;
    }
    if (!number(b + 124, 12, &size) || size > INT64_MAX / 2) {
        fail(t, "size that is none");
        return;
    }
    char type = (char)b[156];
    if (type != 'x' && type != 'g' && type != 'L' && type != 'K') {
        entry(t, b, size, type);
    } else if (size > HN_TAR_LONG_MAX) {
        fail(t, "name or pax header is too long");
    } else {
        t->special_type = type;
        begin_gather(t, STATE_SPECIAL, size);
    }
}

static void special_over(struct hn_tar *t)
{
    struct hn_buf *to = t->special_type == 'x'   ? &t->pax
                        : t->special_type == 'L' ? &t->long_name
                        : t->special_type == 'K' ? &t->long_link
                                                 : NULL; /* 'g': for all that follow; images have none that matter */
    t->state = STATE_HEADER;
    if (!to)
        return;
    hn_buf_clear(to);
    if (t->special.bad || t->special.n < t->gather_size)
        to->bad = true; /* there was no memory to gather it */
    else
        hn_buf_add(to, t->special.p, (size_t)t->gather_size);
    if (to->bad)
        fail(t, "name is too long");
}

/* Another block of a GNU sparse map: 21 pieces and whether one more block follows. */
static void gnu_map(struct hn_tar *t)
{
    gnu_pieces(t, t->block, 21);
    if (t->block[504] || t->bad)
        return;
    t->e.content = t->at;
    t->skip = padded(t->packed);
    tell(t);
}

/* The map of pax sparse 1.0: a count, then pairs, one number a line, in as many blocks as it takes. */
static void pax_map(struct hn_tar *t)
{
    struct hn_str s = hn_buf_text(&t->special), count, rest = s;
    uint64_t n = 0, lines = 0;
    bool told = hn_str_split(&rest, '\n', &count) && rest.p && hn_str_u64(count, 10, &n);
    for (size_t i = 0; i < rest.n; i++)
        lines += rest.p[i] == '\n';
    if (!told || n > HN_TAR_SPARSE_MAX) {
        fail(t, "map of a sparse file is damaged");
        return;
    }
    if (lines < 2 * n) {
        if (s.n + 512 > t->packed || s.n + 512 > HN_TAR_LONG_MAX) {
            fail(t, "map of a sparse file is damaged");
            return;
        }
        t->gather = 512; /* what was gathered stays */
        return;
    }
    size_t end = 0;
    for (uint64_t k = 0; k < 2 * n; end++)
        k += rest.p[end] == '\n';
    if (n && !list_of_pieces(t, hn_str_cut(rest, 0, end - 1), '\n')) {
        fail(t, "map of a sparse file is damaged");
        return;
    }
    if (!n)
        add_piece(t, 0, 0);
    t->packed -= s.n;
    t->e.content = t->at;
    t->skip = padded(t->packed);
    tell(t);
}

static void block_done(struct hn_tar *t)
{
    if (t->state == STATE_HEADER) {
        header(t);
    } else if (t->state == STATE_GNU_MAP) {
        gnu_map(t);
    } else {
        hn_buf_add(&t->special, t->block, 512);
        t->gather -= 512;
        if (t->special.bad)
            fail(t, "name or pax header is too long");
        else if (!t->gather && t->state == STATE_SPECIAL)
            special_over(t);
        else if (!t->gather)
            pax_map(t);
    }
    /* an empty special entry has no block of its own */
    if (t->state == STATE_SPECIAL && !t->gather)
        special_over(t);
}

void hn_tar_skip(struct hn_tar *t, uint64_t n)
{
    t->at += n;
    t->skip -= n;
}

bool hn_tar_feed(struct hn_tar *t, struct hn_bytes b)
{
    while (b.n && !t->bad && !t->over) {
        if (t->skip) {
            size_t n = t->skip < b.n ? (size_t)t->skip : b.n;
            hn_tar_skip(t, n);
            b.p += n;
            b.n -= n;
            continue;
        }
        size_t n = 512 - t->have < b.n ? 512 - t->have : b.n;
        memcpy(t->block + t->have, b.p, n);
        t->have += n;
        t->at += n;
        b.p += n;
        b.n -= n;
        if (t->have == 512) {
            t->have = 0;
            block_done(t);
        }
    }
    return !t->bad && !t->over;
}

const char *hn_tar_end(struct hn_tar *t)
{
    if (!t->bad && !t->over && (t->skip || t->have || t->state != STATE_HEADER))
        fail(t, "archive is cut short");
    return t->bad;
}
