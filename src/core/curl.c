#include "core/curl.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"

struct hn_curl hn_curl;

/* POSIX wants a pointer to an object to hold the address of a function (dlsym). */
static bool find(void *library, const char *name, void *to)
{
    void *found = dlsym(library, name);
    if (found)
        *(void **)to = found;
    return found != NULL;
}

struct hn_err hn_curl_load(struct hn_diag *reterr)
{
    struct hn_curl c;
    if (hn_curl.global_init)
        return HN_OK;
    void *l = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!l)
        return hn_fail(reterr, HN_E_NOENT, "%s cannot be loaded: install libcurl4", LIBRARY);
    if (!find(l, "curl_global_init", &c.global_init) || !find(l, "curl_easy_init", &c.easy_init) ||
        !find(l, "curl_easy_setopt", &c.easy_setopt) || !find(l, "curl_easy_perform", &c.easy_perform) ||
        !find(l, "curl_easy_getinfo", &c.easy_getinfo) || !find(l, "curl_easy_strerror", &c.easy_strerror) ||
        !find(l, "curl_easy_cleanup", &c.easy_cleanup) || !find(l, "curl_slist_append", &c.slist_append) ||
        !find(l, "curl_slist_free_all", &c.slist_free_all) || !find(l, "curl_getdate", &c.getdate))
        return hn_fail(reterr, HN_E_NOENT, "%s lacks a function", LIBRARY);
    if (c.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return hn_fail(reterr, HN_E_IO, "%s cannot be initialised", LIBRARY);
    hn_curl = c;
    return HN_OK;
}
