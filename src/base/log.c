#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

static _Atomic int most_level = HN_LOG_INFO;
static const char *_Atomic role_name;

void hn_log_level(enum hn_log_level most)
{
    atomic_store(&most_level, (int)most);
}

void hn_log_role(const char *role)
{
    atomic_store(&role_name, role);
}

/* Characters that move the cursor, hide or reorder text: C0, DEL, C1, and the bidirectional controls. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/* in → out with everything that is not printable text as \xHH; gives the length written. */
static size_t escape(const char *in, char *out, size_t room)
{
    size_t n = 0, left = strlen(in);

    while (left) {
        size_t len = hn_utf8_seq((const uint8_t *)in, left), same;
        bool plain = len && !is_control(hn_utf8_get(in, &same));
        size_t take = len ? len : 1;
        if (room - n < 4 * take + 1)
            break;
        for (size_t i = 0; i < take; i++) {
            if (plain)
                out[n++] = in[i];
            else
                n += (size_t)snprintf(out + n, 5, "\\x%02X", (unsigned)(uint8_t)in[i]);
        }
        in += take;
        left -= take;
    }
    return n;
}

void hn_log(enum hn_log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char msg[2048], line[4096 + 128];

    if ((int)level > atomic_load(&most_level))
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    const char *role = atomic_load(&role_name);
    int head = snprintf(line, 128, "hinomi%s%s: %s: ", role ? " " : "", role ? role : "", names[level & 3]);
    size_t n = head < 0 ? 0 : head > 127 ? 127 : (size_t)head;
    n += escape(msg, line + n, sizeof line - n - 1);
    line[n++] = '\n';
    /* One write, so that lines of several processes do not mix. Nothing can be done when it fails. */
    (void)!write(STDERR_FILENO, line, n);
}
