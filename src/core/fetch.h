/* Fetching: what an address on the network gives, into a file.
 *
 *   front  knows the sources, makes every address, opens every file, checks sums; looks into nothing
 *     └── fetch   a role of its own (sandbox/role.h): libcurl and one descriptor; may connect, opens no file but
 *                 those that name look-up and TLS need; keeps nothing, looks into nothing
 *   worker  parses what was fetched, without a network; what it proposes are names below an address that the front has
 *
 * The rules of docs/decisions/0008-fetching.md are kept by the role: https, or http to this machine (or where the
 * source says so); a redirect stays within its scheme; no address that is not public, but of the host that was named;
 * bounded size, time and number of redirects. Proxies come from the environment as libcurl reads it (https_proxy,
 * no_proxy). */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define HN_FETCH_URL_MAX 2048u

struct hn_fetch; /* a running role, for one source */

struct hn_fetch_rules {
    const char *hosts; /* those that a person named, separated by blanks: they may be private */
    bool plain;        /* http is allowed */
    const char *ca;    /* PEM file to trust in place of the system's; NULL */
    uint64_t most;     /* bytes of one file */
    unsigned stall;    /* seconds below 1 KiB/s, and to connect, after which it is given up */
    unsigned total;    /* seconds for one file */
};

struct hn_fetch_want {
    const char *url;
    const char *etag, *modified; /* of what is there, as the server wrote them: 304 if it is still so; NULL */
    uint64_t from;               /* bytes of it that the file already has … */
    const char *range_if;        /* … with the validator they had: a strong ETag or a date */
    uint64_t most;               /* bytes of it, when fewer than the rules allow; 0: those */
};

struct hn_fetch_got {
    long status;                  /* of HTTP: 200, 206, 304, 404 …; 0 none */
    bool whole;                   /* the body is complete in the file */
    uint64_t bytes;               /* of the file now */
    char etag[200], modified[64]; /* printable ASCII, or empty */
    hn_time date;                 /* Last-Modified */
    char why[256];                /* when it failed: for people, in English */
};

HN_MUST struct hn_err hn_fetch_new(const struct hn_fetch_rules *rules, struct hn_fetch **ret, struct hn_diag *reterr);
void hn_fetch_free(struct hn_fetch *f); /* NULL is fine; ends the role */
/* While it runs; either may be NULL. */
struct hn_fetch_watch {
    void (*begun)(void *arg, const struct hn_fetch_got *so_far); /* the file is being written; validators are known */
    void (*progress)(void *arg, uint64_t done, uint64_t total);  /* bytes; total 0: not known */
    void *arg;
};
/* file: open for writing, holds `from` bytes. An error only when the role is gone: what the server or the network did
 * is in *ret. */
HN_MUST struct hn_err hn_fetch_get(struct hn_fetch *f, const struct hn_fetch_want *want, int file,
                                   const struct hn_fetch_watch *watch, struct hn_fetch_got *ret,
                                   struct hn_diag *reterr);

/* ---- addresses ---- */

struct hn_url {
    struct hn_str scheme, host, port, path; /* host without brackets; path from "/" on, with query */
};
/* http and https without user or fragment, of printable ASCII, at most HN_FETCH_URL_MAX - 1. */
bool hn_url_parse(struct hn_str url, struct hn_url *ret);
/* "localhost", 127.0.0.0/8, ::1 */
bool hn_url_is_loopback(const struct hn_url *u);
/* Same scheme, host (letter case aside) and port. */
bool hn_url_same_origin(const struct hn_url *a, const struct hn_url *b);

/* main of the role: descriptor 3 = the front, 4 = what is asked. */
int hn_fetch_main(int argc, char **argv);
