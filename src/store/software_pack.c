/* Packed forms of a document's parts. Numbers are LEB128, seven bits a byte, lowest first.
 *
 *   parts   count, then the number of each component, in the document's order
 *   edges   count, then for each position: (parents << 1 | stated), then each parent's position + 1; 0 = the subject
 *   raw     zlib */
#include <zlib.h>

#include "store/software_in.h"

void soft_pack(struct hn_buf *b, uint64_t v)
{
    for (; v > 127; v >>= 7)
        hn_buf_chr(b, (char)(v | 128));
    hn_buf_chr(b, (char)v);
}

const uint32_t *soft_unpack_list(struct hn_bytes b, struct hn_arena *a, uint32_t *ret_n)
{
    struct soft_unpack u = {b.p, b.p + b.n, false};
    uint64_t n = soft_unpack(&u);

    *ret_n = 0;
    if (u.bad || n > b.n)
        return NULL;
    uint32_t *v = hn_arena_alloc(a, (n + 1) * sizeof *v);
    for (uint64_t i = 0; v && i < n; i++)
        v[i] = (uint32_t)soft_unpack(&u);
    if (u.bad || !v)
        return NULL;
    *ret_n = (uint32_t)n;
    return v;
}

/* Edges by what they lead to: a counting sort. */
struct hn_err soft_pack_edges(struct hn_store *s, const struct hn_store_sbom_in *in, struct hn_buf *ret)
{
    size_t n = in->n_components;
    struct hn_arena a;

    hn_arena_init(&a, (size_t)1 << 30);
    uint32_t *at = hn_arena_alloc(&a, (n + 2) * sizeof *at);
    uint32_t *from = hn_arena_alloc(&a, (in->n_edges + 1) * sizeof *from);
    uint8_t *stated = hn_arena_alloc(&a, n + 1);
    if (at && from && stated) {
        for (size_t i = 0; i < in->n_edges; i++)
            at[in->edges[i].to + 2]++;
        for (size_t i = 2; i < n + 2; i++)
            at[i] += at[i - 1];
        for (size_t i = 0; i < in->n_edges; i++)
            from[at[in->edges[i].to + 1]++] = in->edges[i].from;
        for (size_t i = 0; i < in->n_stated; i++)
            stated[in->stated[i]] = 1;
        soft_pack(ret, n);
        for (size_t i = 0; i < n; i++) {
            soft_pack(ret, (uint64_t)(at[i + 1] - at[i]) << 1 | stated[i]);
            for (uint32_t k = at[i]; k < at[i + 1]; k++)
                soft_pack(ret, from[k] == HN_STORE_SUBJECT ? 0 : (uint64_t)from[k] + 1);
        }
    }
    bool failed = a.failed || ret->bad;
    hn_arena_done(&a);
    return failed ? store_nomem(s) : HN_OK;
}

bool soft_unpack_edges(struct hn_bytes b, struct hn_arena *a, struct soft_edges *ret)
{
    struct soft_unpack u = {b.p, b.p + b.n, false};
    uint64_t n = soft_unpack(&u), k = 0;

    *ret = (struct soft_edges){0};
    if (u.bad || n > b.n)
        return false;
    ret->at = hn_arena_alloc(a, (n + 1) * sizeof *ret->at);
    ret->parent = hn_arena_alloc(a, (b.n + 1) * sizeof *ret->parent); /* each takes at least a byte */
    ret->stated = hn_arena_alloc(a, n + 1);
    if (!ret->at || !ret->parent || !ret->stated)
        return false;
    for (uint64_t i = 0; i < n && !u.bad; i++) {
        uint64_t head = soft_unpack(&u);
        ret->at[i] = (uint32_t)k;
        ret->stated[i] = head & 1;
        for (uint64_t j = 0; j < head >> 1 && !u.bad; j++) {
            uint64_t parent = soft_unpack(&u);
            if (parent <= n && !u.bad)
                ret->parent[k++] = parent ? (uint32_t)parent - 1 : STORE_NONE;
        }
        ret->at[i + 1] = (uint32_t)k;
    }
    ret->n = (uint32_t)n;
    return !u.bad;
}

struct hn_err soft_deflate(struct hn_store *s, struct hn_bytes raw, struct hn_arena *a, struct hn_bytes *ret)
{
    uLongf n = compressBound(raw.n);
    uint8_t *out = hn_arena_alloc(a, n);

    if (!out || compress2(out, &n, raw.p, raw.n, 1) != Z_OK)
        return store_nomem(s);
    *ret = hn_bytes_of(out, n);
    return HN_OK;
}

struct hn_err soft_inflate(struct hn_store *s, struct hn_bytes packed, size_t size, struct hn_arena *a,
                           struct hn_bytes *ret)
{
    uLongf n = size;
    uint8_t *out = hn_arena_alloc(a, size + 1);

    if (!out)
        return store_nomem(s);
    if (uncompress(out, &n, packed.p, packed.n) != Z_OK || n != size)
        return store_fail(s, HN_E_CORRUPT, "a document that was kept cannot be unpacked");
    *ret = hn_bytes_of(out, n);
    return HN_OK;
}
