#include "base/library.h"

#include <dlfcn.h>

/* POSIX wants a pointer to an object to hold the address of a function (dlsym). */
static bool find(void *library, const struct hn_library_function *f)
{
    void *found = dlsym(library, f->name);
    if (found)
        *(void **)f->to = found;
    return found != NULL;
}

struct hn_err hn_library_load(const char *library, const char *package, const struct hn_library_function *list,
                              size_t n, struct hn_diag *reterr)
{
    void *l = dlopen(library, RTLD_LAZY | RTLD_LOCAL); /* most of what it and its libraries link is never called */
    if (!l)
        return hn_fail(reterr, HN_E_NOENT, "%s cannot be loaded: install %s", library, package);
    for (size_t i = 0; i < n; i++)
        if (!find(l, &list[i]))
            return hn_fail(reterr, HN_E_NOENT, "%s lacks %s", library, list[i].name);
    return HN_OK;
}
