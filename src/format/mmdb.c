/* The format's pieces:
 *
 *   node     two records of 24, 28 or 32 bits (28: octet 3 holds the upper four bits of both, left one first).
 *            record < nodes: next node │ = nodes: nothing │ > nodes: data at record - nodes - 16
 *   value    type 3 bits, size 5 bits [, type - 7 when the type is 0] [, 1 to 3 octets of size], content
 *   pointer  1 3 bits, length 2 bits, upper 3 bits of the value, 1 to 4 octets; counts from the start of the section
 */
#include "format/mmdb.h"

#include <string.h>

#define MARKER      "\xab\xcd\xefMaxMind.com"
#define MARKER_SIZE 14
#define MARKER_ZONE (128u << 10) /* the marker begins in the last 128 KiB */
#define SEPARATOR   16

enum { EXTENDED, POINTER, STRING, DOUBLE, BYTES, UINT16, UINT32, MAP, INT32, UINT64, UINT128, ARRAY, CACHE, END, BOOL };

struct value {
    unsigned type;
    uint32_t size; /* octets, entries, or where a pointer leads */
    size_t at;     /* content */
};

/* ---------------------------------------------------------------- values */

static uint32_t number_of(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static bool pointer(struct hn_bytes b, size_t off, uint8_t control, struct value *v)
{
    static const uint32_t bases[4] = {0, 2048, 526336, 0};
    unsigned length = control >> 3 & 3;
    size_t n = length + 1u;
    if (b.n - off < n)
        return false;
    uint32_t upper = length == 3 ? 0 : control & 7u;
    v->size = (length == 3 ? 0 : upper << (8 * n)) + number_of(b.p + off, n) + bases[length];
    v->at = off + n;
    return true;
}

/* What stands at off; a pointer is not followed. */
static bool head(struct hn_bytes b, size_t off, struct value *v)
{
    static const uint32_t bases[3] = {29, 285, 65821};
    if (off >= b.n)
        return false;
    uint8_t control = b.p[off++];
    v->type = control >> 5;
    if (v->type == POINTER)
        return pointer(b, off, control, v);
    if (v->type == EXTENDED) {
        if (off >= b.n)
            return false;
        v->type = b.p[off++] + 7u;
        if (v->type <= MAP)
            return false;
    }
    v->size = control & 31;
    if (v->size >= 29) {
        size_t n = v->size - 28u;
        if (b.n - off < n)
            return false;
        v->size = number_of(b.p + off, n) + bases[n - 1];
        off += n;
    }
    v->at = off;
    return v->type == MAP || v->type == ARRAY || v->type == BOOL || v->size <= b.n - off;
}

/* The value at off, or the one that a pointer there leads to. ret_end, which may be NULL: what follows the pointer, or
 * the head of the value itself. */
static bool follow(struct hn_bytes b, size_t off, struct value *v, size_t *ret_end)
{
    if (!head(b, off, v))
        return false;
    if (ret_end)
        *ret_end = v->at;
    return v->type != POINTER || (head(b, v->size, v) && v->type != POINTER);
}

/* Passes over a value and all that is in it, without following pointers; false when it is damaged or too much. */
static bool skip(struct hn_bytes b, size_t *off, unsigned *work)
{
    uint64_t pending = 1;
    while (pending) {
        struct value v;
        if (*work == 0 || !head(b, *off, &v))
            return false;
        --*work;
        pending--;
        *off = v.at;
        if (v.type == MAP || v.type == ARRAY)
            pending += v.type == MAP ? UINT64_C(2) * v.size : v.size;
        else if (v.type != POINTER && v.type != BOOL)
            *off += v.size;
    }
    return true;
}

/* Where the value of the key lies. */
static bool entry(struct hn_bytes b, const struct value *map, const char *key, size_t *ret, unsigned *work)
{
    size_t off = map->at, n = strlen(key);
    for (uint32_t i = 0; i < map->size && *work; i++) {
        struct value k;
        size_t end;
        --*work;
        if (!follow(b, off, &k, &end) || k.type != STRING)
            return false;
        off = end == k.at ? end + k.size : end; /* the key stands here, or a pointer to it */
        if (k.size == n && memcmp(b.p + k.at, key, n) == 0) {
            *ret = off;
            return true;
        }
        if (!skip(b, &off, work))
            return false;
    }
    return false;
}

static bool walk(struct hn_bytes b, size_t off, const char *const *path, size_t n, struct value *v)
{
    unsigned work = HN_MMDB_WORK;
    for (size_t i = 0; i < n; i++)
        if (!follow(b, off, v, NULL) || v->type != MAP || !entry(b, v, path[i], &off, &work))
            return false;
    return follow(b, off, v, NULL);
}

static bool text_of(struct hn_bytes b, size_t off, const char *const *path, size_t n, struct hn_bytes *ret)
{
    struct value v;
    if (!walk(b, off, path, n, &v) || v.type != STRING)
        return false;
    *ret = hn_bytes_of(b.p + v.at, v.size);
    return true;
}

static bool unsigned_of(struct hn_bytes b, size_t off, const char *const *path, size_t n, uint64_t *ret)
{
    struct value v;
    if (!walk(b, off, path, n, &v) || (v.type != UINT16 && v.type != UINT32 && v.type != UINT64) || v.size > 8)
        return false;
    *ret = 0;
    for (uint32_t i = 0; i < v.size; i++)
        *ret = *ret << 8 | b.p[v.at + i];
    return true;
}

bool hn_mmdb_text(const struct hn_mmdb *db, uint32_t record, const char *const *path, size_t n, struct hn_bytes *ret)
{
    return text_of(db->data, record, path, n, ret);
}

bool hn_mmdb_number(const struct hn_mmdb *db, uint32_t record, const char *const *path, size_t n, uint64_t *ret)
{
    return unsigned_of(db->data, record, path, n, ret);
}

/* ---------------------------------------------------------------- tree */

static uint32_t record_of(const struct hn_mmdb *db, uint32_t node, unsigned right)
{
    const uint8_t *p = db->tree.p + (size_t)node * (db->record_bits / 4);
    switch (db->record_bits) {
    case 24:
        return number_of(p + 3u * right, 3);
    case 28:
        return right ? (uint32_t)(p[3] & 15u) << 24 | number_of(p + 4, 3)
                     : (uint32_t)(p[3] >> 4) << 24 | number_of(p, 3);
    default:
        return number_of(p + 4u * right, 4);
    }
}

/* Follows the first bits of b, from a record on. */
static uint32_t descend(const struct hn_mmdb *db, uint32_t record, const uint8_t *b, unsigned bits)
{
    for (unsigned i = 0; i < bits && record < db->nodes; i++)
        record = record_of(db, record, b[i / 8] >> (7 - i % 8) & 1u);
    return record;
}

uint32_t hn_mmdb_find(const struct hn_mmdb *db, const struct hn_ip *ip)
{
    if (ip->family == 0 || (ip->family != 4 && db->ip_version == 4))
        return HN_MMDB_NONE;
    uint32_t record = ip->family == 4 ? descend(db, db->start4, ip->b, 32) : descend(db, 0, ip->b, 128);
    if (record == db->nodes)
        return HN_MMDB_NONE;
    if (record < db->nodes || record - db->nodes < SEPARATOR || record - db->nodes - SEPARATOR >= db->data.n)
        return HN_MMDB_BAD;
    return record - db->nodes - SEPARATOR;
}

/* ---------------------------------------------------------------- file */

/* Where the last marker begins; b.n: none. */
static size_t marker(struct hn_bytes b)
{
    size_t least = b.n > MARKER_ZONE ? b.n - MARKER_ZONE : 0;
    for (size_t at = b.n < MARKER_SIZE ? 0 : b.n - MARKER_SIZE + 1; at-- > least;)
        if (memcmp(b.p + at, MARKER, MARKER_SIZE) == 0)
            return at;
    return b.n;
}

bool hn_mmdb_is(struct hn_bytes file)
{
    return marker(file) != file.n;
}

static const char *metadata(struct hn_mmdb *db, struct hn_bytes b)
{
    uint64_t major = 0, nodes = 0, bits = 0, version = 0;
    if (!unsigned_of(b, 0, (const char *const[]){"binary_format_major_version"}, 1, &major) || major != 2)
        return "metadata does not say format version 2";
    if (!unsigned_of(b, 0, (const char *const[]){"node_count"}, 1, &nodes) || nodes > UINT32_MAX - 1)
        return "metadata does not say how many nodes there are";
    if (!unsigned_of(b, 0, (const char *const[]){"record_size"}, 1, &bits) || (bits != 24 && bits != 28 && bits != 32))
        return "size of records is not 24, 28 or 32 bits";
    if (!unsigned_of(b, 0, (const char *const[]){"ip_version"}, 1, &version) || (version != 4 && version != 6))
        return "metadata does not say IPv4 or IPv6";
    db->nodes = (uint32_t)nodes;
    db->record_bits = (unsigned)bits;
    db->ip_version = (unsigned)version;
    if (!unsigned_of(b, 0, (const char *const[]){"build_epoch"}, 1, &db->built))
        db->built = 0;
    if (!text_of(b, 0, (const char *const[]){"database_type"}, 1, &db->type))
        db->type = (struct hn_bytes){0};
    return NULL;
}

const char *hn_mmdb_open(struct hn_mmdb *db, struct hn_bytes file)
{
    static const uint8_t zero[16];
    size_t at = marker(file);
    *db = (struct hn_mmdb){0};
    if (at == file.n)
        return "not a MaxMind database";
    const char *why = metadata(db, hn_bytes_of(file.p + at + MARKER_SIZE, file.n - at - MARKER_SIZE));
    if (why)
        return why;
    uint64_t tree = (uint64_t)db->nodes * (db->record_bits / 4);
    if (tree + SEPARATOR > at)
        return "the search tree is longer than the file";
    if (memcmp(file.p + tree, zero, SEPARATOR) != 0)
        return "the search tree does not end where it should";
    db->tree = hn_bytes_of(file.p, (size_t)tree);
    db->data = hn_bytes_of(file.p + tree + SEPARATOR, at - (size_t)tree - SEPARATOR);
    db->start4 = db->ip_version == 6 ? descend(db, 0, zero, 96) : 0;
    return NULL;
}
