/* The entries of a zip archive (APPNOTE 6.3.x) from its central directory: stored or deflated, zip64. Pure; holds no
 * memory. */
#pragma once

#include "base/bytes.h"
#include "base/time.h"

struct hn_adv_zip {
    struct hn_bytes doc;
    uint64_t at, end; /* what is left of the central directory */
    uint64_t entries; /* as declared */
};

struct hn_adv_zip_entry {
    struct hn_bytes name;
    uint16_t flags, method;
    uint32_t crc;
    hn_time changed; /* local time of whoever packed it, read as UTC; 0 where it is none or the first day of DOS */
    uint64_t packed, unpacked, header; /* sizes; where its local header lies */
};

#define HN_ADV_ZIP_STORED  0u
#define HN_ADV_ZIP_DEFLATE 8u

/* NULL, or why it is no archive that can be read. */
const char *hn_adv_zip_open(struct hn_bytes doc, struct hn_adv_zip *ret);
/* The next entry. False at the end (*ret_why NULL) or where the directory is damaged. */
bool hn_adv_zip_next(struct hn_adv_zip *z, struct hn_adv_zip_entry *ret, const char **ret_why);
/* Its packed bytes, or why they cannot be had (encrypted, other method, outside the file). */
const char *hn_adv_zip_data(const struct hn_adv_zip *z, const struct hn_adv_zip_entry *e, struct hn_bytes *ret);
