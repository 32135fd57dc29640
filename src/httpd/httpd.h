/* The httpd role: translates HTTP into operations of the store role, and serves the console. Unprivileged; holds its
 * listening sockets, one connection to the store role, and nothing else: the console is embedded.
 *
 *   hinomi -x httpd --store-fd 3 --listen-fd 4 [--listen-fd 5] [--name HOST]… [--secure] */
#pragma once

#include "base/err.h"

#define HN_HTTPD_LISTENERS 4

/* Listening sockets for "127.0.0.1:8470", "[::1]:8470", "localhost:8470" (both families) or "unix:/path" (mode 0660).
 * Anything beyond loopback is refused: TLS and the outside are the gateway's. Port 0 takes a free one. Appends to fds; the
 * address to open in a browser goes to url (may be NULL). */
HN_MUST struct hn_err hn_httpd_listen(const char *address, int fds[HN_HTTPD_LISTENERS], size_t *n, char *url,
                                      size_t url_n, struct hn_diag *reterr);
int hn_httpd_main(int argc, char **argv);

struct hn_child;
/* Starts the role; the descriptors stay the caller's (close them afterwards). names: further Host names, ended by NULL. */
HN_MUST struct hn_err hn_httpd_start(int store_fd, const int *listen_fds, size_t n, const char *const *names,
                                     struct hn_child *ret, struct hn_diag *reterr);
