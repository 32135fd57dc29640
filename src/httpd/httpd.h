/* The httpd role: translates HTTP into operations of the store role, and serves the console. Unprivileged; holds its
 * listening sockets, one connection to the store role, and nothing else: the console is embedded.
 *
 *   hinomi -x httpd [--listeners N] [--user NAME] [--name HOST]… [--secure]
 *
 * Descriptors: 3 … are the N listening sockets (default 1; loopback or Unix), the next one is the connection to the
 * store role (hn_client_http() in core/client.h). --name: a further Host name that is ours. --secure: cookies for TLS
 * only. Ends with 0 when the store role goes, or on SIGTERM. */
#pragma once

int hn_httpd_argv(int argc, char **argv);
