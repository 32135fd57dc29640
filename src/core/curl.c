#include "core/curl.h"

#include "base/library.h"

#define LIBRARY "libcurl.so.4"

struct hn_curl hn_curl;

struct hn_err hn_curl_load(struct hn_diag *reterr)
{
    struct hn_curl c;
    const struct hn_library_function functions[] = {
        {"curl_global_init", &c.global_init},       {"curl_easy_init", &c.easy_init},
        {"curl_easy_setopt", &c.easy_setopt},       {"curl_easy_perform", &c.easy_perform},
        {"curl_easy_getinfo", &c.easy_getinfo},     {"curl_easy_strerror", &c.easy_strerror},
        {"curl_easy_cleanup", &c.easy_cleanup},     {"curl_slist_append", &c.slist_append},
        {"curl_slist_free_all", &c.slist_free_all}, {"curl_getdate", &c.getdate},
    };
    if (hn_curl.global_init)
        return HN_OK;
    HN_TRY(hn_library_load(LIBRARY, "libcurl4", functions, sizeof functions / sizeof *functions, reterr));
    if (c.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return hn_fail(reterr, HN_E_IO, "%s cannot be initialised", LIBRARY);
    hn_curl = c;
    return HN_OK;
}
