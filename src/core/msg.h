/* Messages between the store role and those who talk to it: u32 length, big-endian, then that many bytes of JSON.
 *
 *   request   {"id"?, "op", "session"?, "csrf"?, "peer"?, "lang"?, "args"?}
 *   answer    {"id", "ok": true, "body": …}                       JSON answers
 *             {"id", "ok": true, "type": "text/csv…", "text": …}  exports
 *             {"id", "error": {"name", "message": {en, ja}, "detail"?}}
 *             with "set_session" when the HTTP cookie is to be set ("-": removed)
 *   unasked   {"events": N}   over httpd's connection: the log now ends at N
 */
#pragma once

#include "base/json.h"

#define HN_MSG_HEAD       4
#define HN_MSG_MAX_LOCAL  (64u << 20)
#define HN_MSG_MAX_HTTP   (1u << 20)
#define HN_MSG_MAX_ANSWER (192u << 20)

/* Appends one message; sticky failure in b. */
void hn_msg_add(struct hn_buf *b, struct hn_str json);
/* Length of the complete message at the front of b (without its head), or 0 when more bytes are needed. False when the
 * announced length is 0 or over max: the connection is to be closed. */
bool hn_msg_ready(const struct hn_buf *b, size_t max, size_t *ret_len);
/* The members "document" and, when it is no text, "base64": true (UTF-16, CoSWID). False: memory. */
bool hn_msg_put_document(struct hn_jw *w, struct hn_bytes document);
/* The bytes of it, in the arena where they were coded; empty when they are no base 64. False: memory. */
bool hn_msg_document(const struct hn_jv *v, struct hn_arena *a, struct hn_bytes *ret);
/* Non-blocking: appends what can be read now. OK with *ret_eof at the end of the stream. */
HN_MUST struct hn_err hn_msg_read(int fd, struct hn_buf *b, bool *ret_eof);
/* Non-blocking: writes from b at *off as much as goes; clears b and *off when all went. */
HN_MUST struct hn_err hn_msg_write(int fd, struct hn_buf *b, size_t *off);
