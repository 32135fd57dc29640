/* Messages between roles: u8 type, u32 length (little endian), payload. Over stream sockets, blocking. */
#pragma once

#include "base/buf.h"

#define HN_FRAME_MAX (32u << 20)

/* Writes one frame whole. HN_E_DIED when the other side is gone. */
HN_MUST struct hn_err hn_frame_write(int fd, uint8_t type, struct hn_bytes payload);
/* Reads one frame into b (cleared first; its max bounds the payload). HN_E_NOENT at a clean end of stream. */
HN_MUST struct hn_err hn_frame_read(int fd, struct hn_buf *b, uint8_t *ret_type);

/* Buffered, for the reading side of a poll loop and for writers of many small frames. */
struct hn_frame_in {
    struct hn_buf buf;
    size_t off;
};
void hn_frame_in_init(struct hn_frame_in *in, size_t max);
void hn_frame_in_done(struct hn_frame_in *in);
/* One read(2) into the buffer. HN_E_NOENT at end of stream, HN_E_BUSY on EAGAIN. */
HN_MUST struct hn_err hn_frame_in_fill(struct hn_frame_in *in, int fd);
/* Next complete frame, if there is one; the payload stays valid until the next fill. */
bool hn_frame_in_next(struct hn_frame_in *in, uint8_t *ret_type, struct hn_bytes *ret_payload, struct hn_err *reterr);
void hn_frame_add(struct hn_buf *out, uint8_t type, struct hn_bytes payload);
/* The same for a payload that is written in its place, between the two. */
size_t hn_frame_begin(struct hn_buf *out, uint8_t type);
void hn_frame_end(struct hn_buf *out, size_t begun);
