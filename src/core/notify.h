/* Telling people: e-mail over SMTP and webhooks over HTTP(S), by libcurl. Blocking, bounded in time; meant for a
 * process of its own. Addresses and texts are checked here: nothing from outside can add a header or a recipient. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct hn_notify_mail {
    const char *url; /* smtp://host:25, smtps://host:465, smtp://host:587 with starttls */
    const char *from;
    const char *user;     /* NULL: no authentication */
    const char *password; /* read from its file by the caller; never logged */
    bool starttls;        /* refuse to go on without TLS */
    const char *ca_file;  /* NULL: the system's */
};

/* One message in UTF-8 text. subject and body are encoded (RFC 2047, base64). INVALID: an address that is none. */
HN_MUST struct hn_err hn_notify_mail_send(const struct hn_notify_mail *m, struct hn_str to, struct hn_str subject,
                                          struct hn_str body, struct hn_diag *reterr);

struct hn_notify_hook {
    const char *url;    /* http:// only to loopback, else https:// */
    const char *secret; /* NULL, or the key of X-Hinomi-Signature: sha256=HMAC of the body */
};
/* POSTs json; any 2xx is success. */
HN_MUST struct hn_err hn_notify_hook_send(const struct hn_notify_hook *h, struct hn_str json, struct hn_diag *reterr);
