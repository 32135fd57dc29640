/* The way to the store role, for the command line and for others on this machine.
 *
 *   c = hn_client_open(home, &diag);          the running role's socket, or a role started for the time being
 *   hn_client_call(c, "findings.list", …)     one request, one answer
 *   hn_client_close(c);
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "core/text.h"

struct hn_client;

struct hn_answer {
    struct hn_str body; /* JSON text, or the text of an export; lives until the next call or close */
    struct hn_str type; /* "application/json" or the export's MIME type */
    struct hn_err err;  /* of the operation */
    struct hn_str message[HN_LANGS], detail;
};

/* home NULL: hn_home_default(). Starts `hinomi -x store` when none runs; it ends with its last client. */
struct hn_client *hn_client_open(const char *home, struct hn_diag *reterr);
/* The same without waiting for a role that has to be started: the first call does. */
struct hn_client *hn_client_begin(const char *home, struct hn_diag *reterr);
/* The running role's socket; NULL when there is none. */
struct hn_client *hn_client_connect(const char *home, struct hn_diag *reterr);
/* Over a connected socket to a role (owned from now on). */
struct hn_client *hn_client_from_fd(int fd);
void hn_client_close(struct hn_client *c); /* and waits for a role that it started, if that ends at once */
/* Another connection to the same role that has laid its rights down, for httpd (see core/store_role.h). */
HN_MUST struct hn_err hn_client_http(const char *home, int *ret_fd, struct hn_diag *reterr);
/* args: JSON object text, or empty. The returned error is that of the way (role died, time ran out) or, when the role
 * answered with an error, that error; ret_answer then holds its texts. Waits at most 10 minutes. */
HN_MUST struct hn_err hn_client_call(struct hn_client *c, const char *op, struct hn_str args,
                                     struct hn_answer *ret_answer, struct hn_diag *reterr);

/* $HINOMI_HOME, /var/lib/hinomi when that may be written, else $XDG_STATE_HOME/hinomi or ~/.local/state/hinomi. In out;
 * false when none can be told. */
bool hn_home_default(char *out, size_t n);
