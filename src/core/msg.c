#include "core/msg.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"

enum { READ_STEP = 64 * 1024, READ_TURN = 1 << 20 };

void hn_msg_add(struct hn_buf *b, struct hn_str json)
{
    uint32_t n = (uint32_t)json.n;
    uint8_t head[HN_MSG_HEAD] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

    hn_buf_add(b, head, sizeof head);
    hn_buf_str(b, json);
}

bool hn_msg_ready(const struct hn_buf *b, size_t max, size_t *ret_len)
{
    *ret_len = 0;
    if (b->n < HN_MSG_HEAD)
        return true;
    const uint8_t *h = (const uint8_t *)b->p;
    size_t n = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
    if (n == 0 || n > max)
        return false;
    if (b->n - HN_MSG_HEAD >= n)
        *ret_len = n;
    return true;
}

struct hn_err hn_msg_read(int fd, struct hn_buf *b, bool *ret_eof)
{
    *ret_eof = false;
    for (size_t turn = 0; turn < READ_TURN;) {
        if (!hn_buf_room(b, READ_STEP))
            return hn_buf_err(b);
        ssize_t n = recv(fd, b->p + b->n, READ_STEP, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? HN_OK : (struct hn_err){hn_err_from_errno(errno)};
        if (n == 0) {
            *ret_eof = true;
            return HN_OK;
        }
        b->n += (size_t)n;
        turn += (size_t)n;
    }
    return HN_OK;
}

struct hn_err hn_msg_write(int fd, struct hn_buf *b, size_t *off)
{
    while (*off < b->n) {
        ssize_t n = send(fd, b->p + *off, b->n - *off, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? HN_OK : (struct hn_err){hn_err_from_errno(errno)};
        *off += (size_t)n;
    }
    hn_buf_clear(b);
    *off = 0;
    return HN_OK;
}

/* ---------------------------------------------------------------- documents */

bool hn_msg_put_document(struct hn_jw *w, struct hn_bytes document)
{
    struct hn_str text;

    if (hn_str_from_utf8(document, &text)) {
        hn_jw_kstr(w, "document", text);
        return true;
    }
    char *coded = document.n < HN_MSG_MAX_ANSWER ? hn_alloc(HN_BASE64_LEN(document.n)) : NULL;
    if (!coded)
        return false;
    hn_base64_encode(document, coded);
    hn_jw_kc(w, "document", coded);
    hn_jw_kbool(w, "base64", true);
    hn_free(coded);
    return true;
}

bool hn_msg_document(const struct hn_jv *v, struct hn_arena *a, struct hn_bytes *ret)
{
    struct hn_str text = hn_jv_str(v, "document");
    size_t most = text.n / 4 * 3 + 3;

    *ret = hn_str_bytes(text);
    if (!hn_jv_bool(v, "base64", false))
        return true;
    uint8_t *raw = hn_arena_alloc(a, most);
    *ret = raw ? hn_bytes_of(raw, hn_base64_decode(text, raw, most)) : (struct hn_bytes){NULL, 0};
    return raw != NULL;
}
