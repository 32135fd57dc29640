/* ZIP archives (APPNOTE 6.3.10) read from their end: the end record, the central directory, single members. Works on
 * pieces, so that a large archive need not lie in memory.
 *
 *   members, each behind a local header │ central directory │ [Zip64 end, locator] │ end of central directory, comment
 */
#pragma once

#include "base/buf.h"
#include "base/cur.h"

#define HN_ZIP_TAIL (22u + 65535u + 20u + 56u) /* the end record, the longest comment, locator and Zip64 record */

struct hn_zip_end {
    uint64_t at, size, n; /* of the central directory: offset in the file, bytes, members */
};
struct hn_zip_member {
    struct hn_bytes name;
    uint16_t flags, method; /* method: 0 stored, 8 deflated */
    uint32_t crc;
    uint64_t packed, size, at; /* at: of the local header */
    uint32_t local; /* bytes of the local header as far as the directory tells: the header's own extra may differ */
};

/* tail: the last bytes of a file of `size` bytes. NULL, or why not (a literal). Data before the first member (a
 * self-extracting archive) is allowed for: offsets are moved by it. */
const char *hn_zip_find_end(struct hn_bytes tail, uint64_t size, struct hn_zip_end *ret, uint64_t *ret_before);
/* The next member of a central directory; false at its end or when c has failed. */
bool hn_zip_next(struct hn_cur *c, struct hn_zip_member *ret);
/* The content, given bytes that begin at the local header, appended to out (whose maximum bounds it). NULL, or why not.
 * A stored member is not copied when ret_stored is given. */
const char *hn_zip_content(struct hn_bytes from_header, const struct hn_zip_member *m, struct hn_buf *out,
                           struct hn_bytes *ret_stored);
