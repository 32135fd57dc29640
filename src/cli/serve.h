/* hinomi serve: the supervisor of the console. */
#pragma once

#include "base/err.h"

struct cli_listener {
    int fd;
    char url[256]; /* for people; unix:PATH for a Unix socket */
};

/* Loopback addresses and Unix sockets only (HN_E_INVALID otherwise). */
HN_MUST struct hn_err cli_listen(const char *where, struct cli_listener *ret, struct hn_diag *reterr);
