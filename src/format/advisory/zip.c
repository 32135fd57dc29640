/*   …entries…   central directory   [zip64 end record   zip64 locator]   end record   comment
 *
 *   end record (§4.3.16)
 *      0 "PK\5\6"      10 u16 entries     12 u32 size      16 u32 offset    20 u16 comment
 *   zip64 locator (§4.3.15)
 *      0 "PK\6\7"       8 u64 offset of the zip64 end record
 *   zip64 end (§4.3.14)
 *      0 "PK\6\6"      32 u64 entries     40 u64 size      48 u64 offset
 *   central header (§4.3.12)
 *      0 "PK\1\2"       8 u16 flags       10 u16 method    12 u16 time      14 u16 date
 *     16 u32 crc       20 u32 packed      24 u32 unpacked  28 u16 name      30 u16 extra
 *     32 u16 comment   42 u32 local header                 46 name, extra, comment
 *   local header (§4.3.7)
 *      0 "PK\3\4"      26 u16 name        28 u16 extra     30 name, extra, data */
#include "format/advisory/zip.h"

#include <stdlib.h>

#include "base/cur.h"
#include "format/advisory/layout.h"

#define END_SIZE     22u
#define LOCATOR_SIZE 20u
#define END64_SIZE   56u
#define CENTRAL_SIZE 46u
#define LOCAL_SIZE   30u
#define COMMENT_MAX  65535u

/* Offset of the end record, looked for from the end of the file; its comment must reach exactly to there. */
static bool find_end(struct hn_bytes doc, size_t *ret)
{
    size_t least = doc.n > END_SIZE + COMMENT_MAX ? doc.n - END_SIZE - COMMENT_MAX : 0;
    for (size_t at = doc.n < END_SIZE ? 0 : doc.n - END_SIZE + 1; at-- > least;) {
        const uint8_t *p = doc.p + at;
        if (memcmp(p, "PK\5\6", 4) == 0 && hn_adv_le16(p + 20) == doc.n - at - END_SIZE) {
            *ret = at;
            return true;
        }
    }
    return false;
}

static bool find_end64(struct hn_bytes doc, size_t end, const uint8_t **ret)
{
    const uint8_t *locator = doc.p + end - LOCATOR_SIZE;
    if (end < LOCATOR_SIZE + END64_SIZE || memcmp(locator, "PK\6\7", 4) != 0)
        return false;
    uint64_t at = hn_adv_le64(locator + 8);
    if (at > end - LOCATOR_SIZE - END64_SIZE || memcmp(doc.p + at, "PK\6\6", 4) != 0)
        return false;
    *ret = doc.p + at;
    return true;
}

const char *hn_adv_zip_open(struct hn_bytes doc, struct hn_adv_zip *ret)
{
    size_t end = 0;
    const uint8_t *p64;
    if (doc.n < END_SIZE || !find_end(doc, &end))
        return "a zip archive without its end";
    const uint8_t *p = doc.p + end;
    uint64_t entries = hn_adv_le16(p + 10), size = hn_adv_le32(p + 12), at = hn_adv_le32(p + 16);
    if ((entries == UINT16_MAX || size == UINT32_MAX || at == UINT32_MAX) && find_end64(doc, end, &p64)) {
        entries = hn_adv_le64(p64 + 32);
        size = hn_adv_le64(p64 + 40);
        at = hn_adv_le64(p64 + 48);
    }
    if (at > end || size > end - at)
        return "a zip archive whose directory lies outside the file";
    *ret = (struct hn_adv_zip){doc, at, at + size, entries};
    return NULL;
}

/* Sizes and offset that did not fit 32 bits stand in the extra field 1, in this order, only those (§4.5.3). */
static void take_zip64(struct hn_cur extra, struct hn_adv_zip_entry *e)
{
    while (hn_cur_left(&extra) >= 4) {
        uint16_t id = hn_cur_le16(&extra), n = hn_cur_le16(&extra);
        struct hn_cur field = hn_cur_sub(&extra, n);
        if (id != 1)
            continue;
        if (e->unpacked == UINT32_MAX)
            e->unpacked = hn_cur_le64(&field);
        if (e->packed == UINT32_MAX)
            e->packed = hn_cur_le64(&field);
        if (e->header == UINT32_MAX)
            e->header = hn_cur_le64(&field);
        return;
    }
}

/* §4.4.6: two seconds, minutes, hours; day, month, years since 1980. Who packs reproducibly leaves the first day. */
static hn_time dos_time(unsigned time, unsigned date)
{
    int day = date & 31, month = date >> 5 & 15, year = 1980 + (int)(date >> 9);
    int64_t seconds = (time >> 11) * 3600 + (time >> 5 & 63) * 60 + (time & 31) * 2;
    if (date <= (1u << 5 | 1u) || !day || month < 1 || month > 12)
        return 0;
    return hn_time_from_date(year, month, day) + seconds * HN_SECOND;
}

bool hn_adv_zip_next(struct hn_adv_zip *z, struct hn_adv_zip_entry *ret, const char **ret_why)
{
    const uint8_t *p = z->doc.p + z->at;
    *ret_why = NULL;
    if (z->at == z->end)
        return false;
    uint64_t left = z->end - z->at;
    *ret_why = "the directory of the zip archive is damaged";
    if (left < CENTRAL_SIZE || memcmp(p, "PK\1\2", 4) != 0)
        return false;
    size_t name = hn_adv_le16(p + 28), extra = hn_adv_le16(p + 30), comment = hn_adv_le16(p + 32);
    if (name + extra + comment > left - CENTRAL_SIZE)
        return false;
    *ret = (struct hn_adv_zip_entry){.name = hn_bytes_of(p + CENTRAL_SIZE, name),
                                     .flags = hn_adv_le16(p + 8),
                                     .method = hn_adv_le16(p + 10),
                                     .changed = dos_time(hn_adv_le16(p + 12), hn_adv_le16(p + 14)),
                                     .crc = hn_adv_le32(p + 16),
                                     .packed = hn_adv_le32(p + 20),
                                     .unpacked = hn_adv_le32(p + 24),
                                     .header = hn_adv_le32(p + 42)};
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(p + CENTRAL_SIZE + name, extra), UINT64_MAX);
    take_zip64(c, ret);
    z->at += CENTRAL_SIZE + name + extra + comment;
    *ret_why = NULL;
    return true;
}

const char *hn_adv_zip_data(const struct hn_adv_zip *z, const struct hn_adv_zip_entry *e, struct hn_bytes *ret)
{
    if (e->flags & 1)
        return "encrypted";
    if (e->method != HN_ADV_ZIP_STORED && e->method != HN_ADV_ZIP_DEFLATE)
        return "packed by a method that is not read (only stored and deflate are)";
    if (e->header > z->doc.n || z->doc.n - e->header < LOCAL_SIZE)
        return "lies outside the archive";
    const uint8_t *p = z->doc.p + e->header;
    if (memcmp(p, "PK\3\4", 4) != 0)
        return "its local header is missing";
    uint64_t head = LOCAL_SIZE + (uint64_t)hn_adv_le16(p + 26) + hn_adv_le16(p + 28), left = z->doc.n - e->header;
    if (head > left || e->packed > left - head)
        return "lies outside the archive";
    *ret = hn_bytes_of(p + head, (size_t)e->packed);
    return NULL;
}
