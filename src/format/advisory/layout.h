/* Layout of the index file; private to this folder. All integers are little-endian; offsets count from the beginning of
 * the file. Nothing in it is a pointer: it may be mapped anywhere.
 *
 *   ┌────────┬───────┬───────┬───┬─────────────┬───────────┬────────────┬──────────┬──────┬───────┐
 *   │ header │ group │ group │ … │ names table │ ids table │ CPEs table │ dirs (3) │feeds │ sums  │
 *   └────────┴───────┴───────┴───┴─────────────┴───────────┴────────────┴──────────┴──────┴───────┘
 *    256 B                         entries of 16 B, sorted by hash        u32 each          u32 CRC of each 1 MiB
 *
 * group (8-aligned): records of one feed and, before them, what only people read of them, compressed together
 *
 *    0  u32 HN_ADV_GROUP     4  u32 bytes of the group   8  u32 bytes of the packed text  12  u32 … unpacked
 *   16  u32 records          20  u16 feed                22  u16 0
 *   24  packed text (zstd), padded to 8; records
 *
 * record (8-aligned; its length is a multiple of 8, which HN_ADV_GROUP is not)
 *
 *    0  u32 bytes            4  u32 back to the group    8  u32 at, 12 u32 bytes of its text in the unpacked text
 *   16  u32 at of affected  20  u32 number of affected  24  u32 at of the CPE nodes      28  u8 family  29 u8 flags
 *   30  u16 feed            32  i64 modified            40  head, affected entries (u32 length before each), nodes
 *
 *   in a record: numbers are LEB128, signed ones zigzag; text is n << 1 and n bytes, or at << 1 | 1, which means the
 * text that lies at `at` of the same record; lists of texts likewise. So "1.2.3" is there once, however often it is
 * named.
 *
 * feeds: one after the other; behind them the number of ecosystems and, of each, its name and its affected entries.
 *
 * text: number of references; type and URL of each; details. Coded as above.
 *
 * entry of a table: u64 hash, u32 record (offset / 8), u32 at (where the name lies in the record; ids: role in the two
 * highest bits). dir: 2^bits + 1 entry numbers; dir[b] is the first entry whose highest `bits` bits are ≥ b. */
#pragma once

#include "base/buf.h"
#include "base/cur.h"
#include "format/advisory/advisory.h"

#define HN_ADV_MAGIC   "HNADVIX\n"
#define HN_ADV_VERSION 1u
#define HN_ADV_HEADER  256u
#define HN_ADV_GROUP   UINT32_C(0x52474e4f) /* odd: never a record's length */

#define HN_ADV_GROUP_HEAD   24u
#define HN_ADV_RECORD_HEAD  40u
#define HN_ADV_RECORD_MOST  (32u << 20)
#define HN_ADV_TEXT_MOST    (8u << 20) /* unpacked text of a group */
#define HN_ADV_ENTRY        16u
#define HN_ADV_DIR_BITS_MAX 26u
#define HN_ADV_SUM_BLOCK    ((size_t)1 << 20)
#define HN_ADV_FEEDS_MAX    4096u

#define HN_ADV_FLAG_SUPERSEDED 1u /* a newer record of the same family has its id */
#define HN_ADV_FLAG_DAMAGED    2u /* carried over, but did not decode */

#define HN_ADV_ROLE_SHIFT 30u
#define HN_ADV_AT_MASK    ((UINT32_C(1) << HN_ADV_ROLE_SHIFT) - 1)

static inline uint16_t hn_adv_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}
static inline uint32_t hn_adv_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t hn_adv_le64(const uint8_t *p)
{
    return hn_adv_le32(p) | (uint64_t)hn_adv_le32(p + 4) << 32;
}
static inline void hn_adv_put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}
static inline void hn_adv_put64(uint8_t *p, uint64_t v)
{
    hn_adv_put32(p, (uint32_t)v);
    hn_adv_put32(p + 4, (uint32_t)(v >> 32));
}
static inline void hn_adv_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

/* Where the records of a group begin, from its start. */
static inline size_t hn_adv_group_records(uint32_t packed)
{
    return (HN_ADV_GROUP_HEAD + (size_t)packed + 7) & ~(size_t)7;
}

/* ---- the tables: what is looked up (keys.c) */

enum hn_adv_table_kind { HN_TABLE_SAME, HN_TABLE_NAMES, HN_TABLE_IDS, HN_TABLE_CPES }; /* SAME: only while building */

/* Keyed hash of a key of two parts; its two highest bits are free. Lower-case ASCII of b when fold is set. */
uint64_t hn_adv_hash(const uint64_t key[2], struct hn_str a, struct hn_str b, bool fold);
/* Vendor and product of a CPE name of either form (2.3 formatted string, 2.2 URI), decoded, in lower case. False when
 * it is none or either part is ANY or NA. */
bool hn_adv_cpe_parts(struct hn_str cpe, struct hn_str *ret_vendor, struct hn_str *ret_product, char *out, size_t room);

/* ---- the code of records */

struct hn_adv_writer;
struct hn_adv_writer *hn_adv_writer_new(void); /* NULL: out of memory */
void hn_adv_writer_free(struct hn_adv_writer *w);

/* Where keys lie in the record just written: for the tables. */
struct hn_adv_key_at {
    enum hn_adv_table_kind table;
    uint32_t at; /* with the role for ids */
    struct hn_str a, b;
};
/* Writes the record (head included; length, back, text place and feed are the caller's to fill in) and names its keys.
 * The result is the writer's until the next call. False: too large or out of memory. */
bool hn_adv_write(struct hn_adv_writer *w, const struct hn_adv *adv, struct hn_bytes *ret,
                  const struct hn_adv_key_at **ret_keys, size_t *ret_n);
void hn_adv_write_text(struct hn_buf *out, const struct hn_adv_text *text);

/* Reading. `record` begins with the record's head and has exactly its length. Parts that are not asked for are left. */
#define HN_ADV_PART_HEAD     1u
#define HN_ADV_PART_AFFECTED 2u
#define HN_ADV_PART_NODES    4u
#define HN_ADV_PART_ALL      7u
#define HN_ADV_RECORD_ROOM   ((size_t)256 << 20) /* most memory that one decoded record may take */
bool hn_adv_read_record(struct hn_bytes record, unsigned parts, struct hn_arena *a, struct hn_adv *ret);
bool hn_adv_read_affected(struct hn_bytes record, uint32_t at, struct hn_arena *a, struct hn_adv_affected *ret);
bool hn_adv_read_text(struct hn_bytes text, struct hn_arena *a, struct hn_adv_text *ret);
/* The text at this place of the record; false when there is none. */
bool hn_adv_text_at(struct hn_bytes record, uint32_t at, struct hn_str *ret);
/* Ecosystem and name of the affected entry at this place, without memory. */
bool hn_adv_name_at(struct hn_bytes record, uint32_t at, struct hn_str *ret_ecosystem, struct hn_str *ret_name);
/* The record at ref with its group's bytes; false when there is no sound one. */
bool hn_adv_record_at(const struct hn_adv_index *x, hn_adv_ref ref, struct hn_bytes *ret);
/* The group at this place and its bytes; false when there is no sound one. Its unpacked text. */
bool hn_adv_group_at(const struct hn_adv_index *x, uint64_t at, uint64_t *ret_n);
bool hn_adv_group_text(const struct hn_adv_index *x, uint64_t at, struct hn_arena *a, struct hn_bytes *ret);
struct hn_adv_ecosystem {
    char name[64];
    uint64_t entries;
};
#define HN_ADV_ECOSYSTEMS_MAX 512u

/* The part of a record of which only the beginning may be there. */
bool hn_adv_part_of(struct hn_bytes record, struct hn_str *ret);

/* Feeds: name, kind, source, licence, date, imported, records, rejected, 32 bytes of hash; one after the other. */
void hn_adv_write_feed(struct hn_buf *out, const struct hn_adv_feed *f);
bool hn_adv_read_feed(struct hn_cur *c, struct hn_adv_feed *ret);
void hn_adv_write_ecosystems(struct hn_buf *out, const struct hn_adv_ecosystem *list, size_t n);
bool hn_adv_read_ecosystem(struct hn_cur *c, uint32_t i, struct hn_str *ret_name, uint64_t *ret_entries);
