/* Capture records on the wire between collector and parser, and as text in golden cases. */
#pragma once

#include "base/buf.h"
#include "base/cur.h"
#include "core/module.h"

#define HN_REC_PATH_MAX 8192u
#define HN_REC_WIRE_MAX (HN_REC_CHUNK + 4 * HN_REC_PATH_MAX)

/* Layout, little endian:
 *   u8 version=1 | u8 flags (1 more, 2 truncated, 4 has_stat) | u32 err | u64 offset
 *   has_stat: u32 mode uid gid nlink | u64 size ino dev mtime ctime
 *   u32 n + bytes, four times: tag, path, link, data */
void hn_rec_write(struct hn_buf *out, const struct hn_rec *r);
/* Slices of *r point into b. False on malformed input. */
bool hn_rec_read(struct hn_bytes b, struct hn_rec *r);
/* The text form of docs/golden.md. */
void hn_rec_print(struct hn_buf *out, const struct hn_rec *r);
