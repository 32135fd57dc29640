#include "core/record.h"

#include "base/str.h"

enum { FLAG_MORE = 1, FLAG_TRUNCATED = 2, FLAG_STAT = 4 };

static void put(struct hn_buf *b, uint64_t v, unsigned n)
{
    char c[8];
    for (unsigned i = 0; i < n; i++)
        c[i] = (char)(v >> (8 * i));
    hn_buf_add(b, c, n);
}

static void put_bytes(struct hn_buf *b, const void *p, size_t n)
{
    put(b, n, 4);
    if (n)
        hn_buf_add(b, p, n);
}

void hn_rec_write(struct hn_buf *b, const struct hn_rec *r)
{
    put(b, 1, 1);
    put(b, (r->more ? FLAG_MORE : 0u) | (r->truncated ? FLAG_TRUNCATED : 0u) | (r->has_stat ? FLAG_STAT : 0u), 1);
    put(b, (uint32_t)r->err, 4);
    put(b, r->offset, 8);
    if (r->has_stat) {
        put(b, r->st.mode, 4);
        put(b, r->st.uid, 4);
        put(b, r->st.gid, 4);
        put(b, r->st.nlink, 4);
        put(b, r->st.size, 8);
        put(b, r->st.ino, 8);
        put(b, r->st.dev, 8);
        put(b, (uint64_t)r->st.mtime, 8);
        put(b, (uint64_t)r->st.ctime, 8);
    }
    put_bytes(b, r->tag.p, r->tag.n);
    put_bytes(b, r->path.p, r->path.n);
    put_bytes(b, r->link.p, r->link.n);
    put_bytes(b, r->data.p, r->data.n);
}

static struct hn_bytes take_bytes(struct hn_cur *c)
{
    return hn_cur_take(c, hn_cur_le32(c));
}

bool hn_rec_read(struct hn_bytes b, struct hn_rec *r)
{
    struct hn_cur c;
    hn_cur_init(&c, b, 64);
    *r = (struct hn_rec){0};
    if (hn_cur_u8(&c) != 1)
        return false;
    uint8_t flags = hn_cur_u8(&c);
    r->more = flags & FLAG_MORE;
    r->truncated = flags & FLAG_TRUNCATED;
    r->has_stat = flags & FLAG_STAT;
    r->err = (int)hn_cur_le32(&c);
    r->offset = hn_cur_le64(&c);
    if (r->has_stat) {
        r->st.mode = hn_cur_le32(&c);
        r->st.uid = hn_cur_le32(&c);
        r->st.gid = hn_cur_le32(&c);
        r->st.nlink = hn_cur_le32(&c);
        r->st.size = hn_cur_le64(&c);
        r->st.ino = hn_cur_le64(&c);
        r->st.dev = hn_cur_le64(&c);
        r->st.mtime = (int64_t)hn_cur_le64(&c);
        r->st.ctime = (int64_t)hn_cur_le64(&c);
    }
    struct hn_bytes tag = take_bytes(&c);
    r->path = take_bytes(&c);
    r->link = take_bytes(&c);
    r->data = take_bytes(&c);
    return !hn_cur_bad(&c) && hn_cur_left(&c) == 0 && (tag.n == 0 || hn_str_from_utf8(tag, &r->tag));
}

static void print_escaped(struct hn_buf *out, struct hn_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] <= ' ' || b.p[i] == '%' || b.p[i] >= 0x7f)
            hn_buf_fmt(out, "%%%02x", b.p[i]);
        else
            hn_buf_chr(out, (char)b.p[i]);
    }
}

static bool is_text(struct hn_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < ' ' && b.p[i] != '\n' && b.p[i] != '\t')
            return false;
    return hn_utf8_valid_len(b) == b.n;
}

static void print_data(struct hn_buf *out, struct hn_bytes b)
{
    if (!is_text(b)) {
        for (size_t i = 0; i < b.n; i += 32) {
            hn_buf_chr(out, '#');
            for (size_t k = i; k < b.n && k < i + 32; k++)
                hn_buf_fmt(out, "%02x", b.p[k]);
            hn_buf_chr(out, '\n');
        }
        return;
    }
    while (b.n) {
        const uint8_t *nl = memchr(b.p, '\n', b.n);
        size_t n = nl ? (size_t)(nl - b.p) : b.n;
        hn_buf_chr(out, nl ? '|' : '>');
        hn_buf_add(out, b.p, n);
        hn_buf_chr(out, '\n');
        n += nl ? 1 : 0;
        b.p += n;
        b.n -= n;
    }
}

void hn_rec_print(struct hn_buf *out, const struct hn_rec *r)
{
    char t[HN_TIME_TEXT];
    hn_buf_c(out, "@ tag=");
    print_escaped(out, hn_str_bytes(r->tag));
    hn_buf_c(out, " path=");
    print_escaped(out, r->path);
    if (r->link.n) {
        hn_buf_c(out, " link=");
        print_escaped(out, r->link);
    }
    if (r->err)
        hn_buf_fmt(out, " err=%d", r->err);
    if (r->offset)
        hn_buf_fmt(out, " offset=%llu", (unsigned long long)r->offset);
    if (r->more)
        hn_buf_c(out, " more=1");
    if (r->truncated)
        hn_buf_c(out, " truncated=1");
    if (r->has_stat)
        hn_buf_fmt(out, " mode=0%o uid=%u gid=%u nlink=%u size=%llu ino=%llu dev=%llu mtime=%s", r->st.mode, r->st.uid,
                   r->st.gid, r->st.nlink, (unsigned long long)r->st.size, (unsigned long long)r->st.ino,
                   (unsigned long long)r->st.dev, hn_time_text(r->st.mtime, t));
    hn_buf_chr(out, '\n');
    print_data(out, r->data);
}
