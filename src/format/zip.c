#include "format/zip.h"

#include <zlib.h>

enum {
    SIGN_LOCAL = 0x04034b50,
    SIGN_CENTRAL = 0x02014b50,
    SIGN_END = 0x06054b50,
    SIGN_END64 = 0x06064b50,
    SIGN_LOCATOR = 0x07064b50
};

static struct hn_cur cursor(struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, b.n + 16);
    return c;
}

/* 4.3.14: signature, u64 size, versions, disks, u64 entries twice, u64 size and offset of the directory. It stands
 * right before the locator, wherever the locator believes it to be. */
static void end64(struct hn_bytes tail, size_t end, struct hn_zip_end *ret)
{
    if (end < 20 + 56)
        return;
    struct hn_cur c = cursor(hn_bytes_of(tail.p + end - 20, 20));
    if (hn_cur_le32(&c) != SIGN_LOCATOR)
        return;
    c = cursor(hn_bytes_of(tail.p + end - 76, 56));
    if (hn_cur_le32(&c) != SIGN_END64)
        return;
    hn_cur_skip(&c, 8 + 2 + 2 + 4 + 4 + 8);
    ret->n = hn_cur_le64(&c);
    ret->size = hn_cur_le64(&c);
    ret->at = hn_cur_le64(&c);
}

/* 4.3.16 */
const char *hn_zip_find_end(struct hn_bytes tail, uint64_t size, struct hn_zip_end *ret, uint64_t *ret_before)
{
    *ret = (struct hn_zip_end){0};
    *ret_before = 0;
    if (tail.n < 22 || tail.n > size)
        return "too short for an archive";
    for (size_t i = tail.n - 22;; i--) {
        struct hn_cur c = cursor(hn_bytes_of(tail.p + i, tail.n - i));
        if (hn_cur_le32(&c) == SIGN_END) {
            hn_cur_skip(&c, 2 + 2 + 2);
            ret->n = hn_cur_le16(&c);
            ret->size = hn_cur_le32(&c);
            ret->at = hn_cur_le32(&c);
            if (hn_cur_le16(&c) == hn_cur_left(&c)) {
                size_t end = i;
                if (ret->n == 0xffff || ret->size == 0xffffffff || ret->at == 0xffffffff) {
                    end64(tail, i, ret);
                    end = i >= 76 ? i - 76 : 0;
                }
                uint64_t directory_end = size - tail.n + end;
                if (ret->size > directory_end || ret->at > directory_end - ret->size)
                    return "directory lies beyond the end";
                *ret_before = directory_end - ret->size - ret->at;
                ret->at += *ret_before;
                return NULL;
            }
        }
        if (!i)
            return "end of the archive is missing";
    }
}

/* 4.5.3: the extra field 1 has, in this order, what stands as all ones in the record. */
static void extra64(struct hn_bytes extra, struct hn_zip_member *m)
{
    struct hn_cur c = cursor(extra);
    while (hn_cur_left(&c) >= 4) {
        uint16_t id = hn_cur_le16(&c), n = hn_cur_le16(&c);
        struct hn_cur v = hn_cur_sub(&c, n);
        if (id != 1)
            continue;
        if (m->size == 0xffffffff)
            m->size = hn_cur_le64(&v);
        if (m->packed == 0xffffffff)
            m->packed = hn_cur_le64(&v);
        if (m->at == 0xffffffff)
            m->at = hn_cur_le64(&v);
    }
}

/* 4.3.12 */
bool hn_zip_next(struct hn_cur *c, struct hn_zip_member *ret)
{
    *ret = (struct hn_zip_member){0};
    if (!hn_cur_left(c) || !hn_cur_work(c))
        return false;
    if (hn_cur_le32(c) != SIGN_CENTRAL) {
        hn_cur_fail(c, "directory of the archive is damaged");
        return false;
    }
    hn_cur_skip(c, 4);
    ret->flags = hn_cur_le16(c);
    ret->method = hn_cur_le16(c);
    hn_cur_skip(c, 4);
    ret->crc = hn_cur_le32(c);
    ret->packed = hn_cur_le32(c);
    ret->size = hn_cur_le32(c);
    uint16_t name = hn_cur_le16(c), extra = hn_cur_le16(c), comment = hn_cur_le16(c);
    hn_cur_skip(c, 2 + 2 + 4);
    ret->at = hn_cur_le32(c);
    ret->name = hn_cur_take(c, name);
    extra64(hn_cur_take(c, extra), ret);
    hn_cur_skip(c, comment);
    ret->local = 30u + name + extra;
    return !hn_cur_bad(c);
}

static const char *inflate_into(struct hn_bytes in, struct hn_buf *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (unsigned)in.n};
    int rc = inflateInit2(&z, -15);
    while (rc == Z_OK && out->n < out->max) {
        size_t step = out->max - out->n < (64u << 10) ? out->max - out->n : 64u << 10;
        if (!hn_buf_room(out, step)) {
            inflateEnd(&z);
            return "out of memory";
        }
        z.next_out = (Bytef *)out->p + out->n;
        z.avail_out = (unsigned)step;
        rc = inflate(&z, Z_NO_FLUSH);
        out->n += step - z.avail_out;
        if (rc == Z_OK && !z.avail_in && z.avail_out)
            rc = Z_BUF_ERROR;
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END ? NULL : rc == Z_OK ? "member unpacks to more than the limit" : "member is damaged";
}

const char *hn_zip_content(struct hn_bytes from_header, const struct hn_zip_member *m, struct hn_buf *out,
                           struct hn_bytes *ret_stored)
{
    struct hn_cur c = cursor(from_header);
    if (hn_cur_le32(&c) != SIGN_LOCAL)
        return "member without a header";
    hn_cur_skip(&c, 22);
    uint32_t name = hn_cur_le16(&c), extra = hn_cur_le16(&c);
    hn_cur_skip(&c, name + extra);
    if (hn_cur_bad(&c) || m->packed > hn_cur_left(&c))
        return "member is cut short";
    struct hn_bytes packed = hn_cur_take(&c, (size_t)m->packed);
    if (m->flags & 1)
        return "member is encrypted";
    size_t before = out->n;
    const char *why = NULL;
    if (m->method == 0 && ret_stored)
        *ret_stored = packed;
    else if (m->method == 0)
        hn_buf_add(out, packed.p, packed.n);
    else if (m->method == 8)
        why = inflate_into(packed, out);
    else
        why = "member is packed by a method that is not known";
    if (!why && m->method == 8 &&
        (uint32_t)crc32(0, (const Bytef *)out->p + before, (unsigned)(out->n - before)) != m->crc)
        why = "member does not have its checksum";
    return why ? why : out->bad ? "member unpacks to more than the limit" : NULL;
}
