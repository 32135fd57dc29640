#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    const char *name, *text;
    int exit, http;
};

static const struct err_row rows[] = {
#define XX(name, low, text, exit, http) {#low, text, exit, http},
    HN_ERR_MAP(XX)
#undef XX
};

static const struct err_row *row(struct hn_err e)
{
    return &rows[(unsigned)e.code < HN_E_COUNT ? e.code : HN_E_STATE];
}

const char *hn_err_name(struct hn_err e)
{
    return row(e)->name;
}

const char *hn_err_text(struct hn_err e)
{
    return row(e)->text;
}

int hn_err_exit(struct hn_err e)
{
    return row(e)->exit;
}

int hn_err_http(struct hn_err e)
{
    return row(e)->http;
}

enum hn_err_code hn_err_from_errno(int err)
{
    switch (err) {
    case 0:
        return HN_E_OK;
    case ENOMEM:
        return HN_E_NOMEM;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return HN_E_NOENT;
    case EACCES:
    case EPERM:
        return HN_E_PERM;
    case EEXIST:
    case ENOTEMPTY:
        return HN_E_EXISTS;
    case EINVAL:
    case ENAMETOOLONG:
        return HN_E_INVALID;
    case EMFILE:
    case ENFILE:
    case EFBIG:
    case E2BIG:
    case EMSGSIZE:
    case ELOOP:
        return HN_E_LIMIT;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
        return HN_E_BUSY;
    case ENOSPC:
    case EDQUOT:
        return HN_E_FULL;
    case EROFS:
        return HN_E_READONLY;
    case ETIMEDOUT:
        return HN_E_TIMEOUT;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
        return HN_E_UNSUPPORTED;
    default:
        return HN_E_IO;
    }
}

enum hn_err_code hn_err_from_name(const char *name, size_t n)
{
    for (unsigned i = 0; i < HN_E_COUNT; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
            return (enum hn_err_code)i;
    return HN_E_COUNT;
}

struct hn_err hn_fail(struct hn_diag *d, enum hn_err_code code, const char *fmt, ...)
{
    if (d) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(d->msg, sizeof d->msg, fmt, ap);
        va_end(ap);
    }
    return (struct hn_err){code};
}

struct hn_err hn_fail_errno(struct hn_diag *d, const char *fmt, ...)
{
    int err = errno;
    enum hn_err_code code = hn_err_from_errno(err);

    if (d) {
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(d->msg, sizeof d->msg, fmt, ap);
        va_end(ap);
        const char *text = strerrordesc_np(err); /* unlike strerror: constant strings, no shared buffer */
        if (n >= 0 && (size_t)n < sizeof d->msg)
            snprintf(d->msg + n, sizeof d->msg - (size_t)n, ": %s", text ? text : "unknown error");
    }
    errno = err;
    /* errno 0 here means that the failing call did not set it: still a failure. */
    return (struct hn_err){code == HN_E_OK ? HN_E_IO : code};
}
