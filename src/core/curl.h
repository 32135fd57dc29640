/* libcurl, loaded by the processes that speak with other machines, when they begin to. It brings two dozen libraries
 * with it (LDAP, Kerberos, GnuTLS, SSH, …), which each of the many short-lived processes here would otherwise load and
 * relocate at its start: 6 of 15 ms. The names below are libcurl's own. */
#pragma once

#include <curl/curl.h>

#include "base/err.h"

struct hn_curl {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_getdate) *getdate;
};
extern struct hn_curl hn_curl;

/* Before anything else of libcurl, and before a sandbox is entered. Also initialises it; once is enough. */
HN_MUST struct hn_err hn_curl_load(struct hn_diag *reterr);

#undef curl_easy_setopt
#undef curl_easy_getinfo
#define curl_easy_init      hn_curl.easy_init
#define curl_easy_setopt    hn_curl.easy_setopt
#define curl_easy_perform   hn_curl.easy_perform
#define curl_easy_getinfo   hn_curl.easy_getinfo
#define curl_easy_strerror  hn_curl.easy_strerror
#define curl_easy_cleanup   hn_curl.easy_cleanup
#define curl_slist_append   hn_curl.slist_append
#define curl_slist_free_all hn_curl.slist_free_all
#define curl_getdate        hn_curl.getdate
