/* Errors of the environment (disk, memory, kernel, database). Malformed input is data, not an error; a wrong program
 * asserts. One list gives enumerator, name, message, exit code and HTTP status. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*  name, the same in lower case, text, exit code, HTTP status */
#define HN_ERR_MAP(XX)                                                                                                 \
    XX(OK, ok, "ok", 0, 200)                                                                                           \
    XX(NOMEM, nomem, "out of memory or over a memory limit", 3, 503)                                                   \
    XX(IO, io, "input/output failed", 3, 500)                                                                          \
    XX(NOENT, noent, "not found", 3, 404)                                                                              \
    XX(PERM, perm, "not permitted", 3, 403)                                                                            \
    XX(EXISTS, exists, "already exists", 3, 409)                                                                       \
    XX(STATE, state, "not possible in the present state", 3, 409)                                                      \
    XX(INVALID, invalid, "not valid", 2, 400)                                                                          \
    XX(LIMIT, limit, "over a limit", 3, 413)                                                                           \
    XX(BUSY, busy, "busy, try again", 3, 503)                                                                          \
    XX(FULL, full, "no space left", 3, 507)                                                                            \
    XX(READONLY, readonly, "storage is read-only", 3, 503)                                                             \
    XX(CORRUPT, corrupt, "stored data is damaged", 3, 500)                                                             \
    XX(SANDBOX, sandbox, "cannot enter the sandbox", 3, 500)                                                           \
    XX(DIED, died, "a worker process ended unexpectedly", 3, 500)                                                      \
    XX(TIMEOUT, timeout, "took too long", 3, 504)                                                                      \
    XX(AUTH, auth, "sign in first", 3, 401)                                                                            \
    XX(RATE, rate, "too many attempts, wait", 3, 429)                                                                  \
    XX(UNSUPPORTED, unsupported, "not supported here", 3, 501)

enum hn_err_code {
#define XX(name, low, text, exit, http) HN_E_##name,
    HN_ERR_MAP(XX)
#undef XX
        HN_E_COUNT
};

/* A one-member struct, so that it cannot be mistaken for a length or a bool. */
struct hn_err {
    enum hn_err_code code;
};

#define HN_MUST              __attribute__((warn_unused_result))
#define HN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define HN_OK ((struct hn_err){HN_E_OK})

static inline bool hn_ok(struct hn_err e)
{
    return e.code == HN_E_OK;
}

/* The only macro that hides control flow: return the error to the caller. */
#define HN_TRY(expr)                                                                                                   \
    do {                                                                                                               \
        struct hn_err hn_try_ = (expr);                                                                                \
        if (!hn_ok(hn_try_))                                                                                           \
            return hn_try_;                                                                                            \
    } while (0)

/* Text that goes with an error, for a person. Always an optional last argument; NULL means "not wanted". */
struct hn_diag {
    char msg[512];
};

/* Fills d (if any) and gives the error, so that a failure is one statement: return hn_fail(d, HN_E_IO, "…", …); */
HN_MUST struct hn_err hn_fail(struct hn_diag *d, enum hn_err_code code, const char *fmt, ...) HN_PRINTF(3, 4);
/* The same from errno: the text is followed by strerror; the code is derived from errno. */
HN_MUST struct hn_err hn_fail_errno(struct hn_diag *d, const char *fmt, ...) HN_PRINTF(2, 3);

const char *hn_err_name(struct hn_err e); /* "noent" */
const char *hn_err_text(struct hn_err e);
int hn_err_exit(struct hn_err e);
int hn_err_http(struct hn_err e);
enum hn_err_code hn_err_from_errno(int err);
/* HN_E_COUNT when there is no such name. */
enum hn_err_code hn_err_from_name(const char *name, size_t n);
