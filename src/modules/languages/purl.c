/* Package URLs of what was found. */
#include "format/name/purl.h"

#include "base/str.h"
#include "modules/languages/languages.h"

struct hn_str languages_purl(struct languages_state *st, const struct languages_pkg *k)
{
    struct hn_arena *a = &st->one;
    struct hn_purl u = {.type = hn_str_c(k->type),
                        .namespace = languages_text(st, k->group),
                        .name = languages_text(st, k->name),
                        .version = languages_text(st, k->version)};
    if (strcmp(k->type, "golang") == 0) { /* the module's path: its last part is the name */
        const char *slash = u.name.n ? memrchr(u.name.p, '/', u.name.n) : NULL;
        size_t n = slash ? (size_t)(slash - u.name.p) : 0;
        u.namespace = hn_str_cut(u.name, 0, n);
        u.name = hn_str_cut(u.name, slash ? n + 1 : 0, u.name.n);
    }
    if (k->platform.n)
        hn_purl_set(&u, HN_STR("platform"), languages_text(st, k->platform));
    bool prohibited = strcmp(k->type, "golang") == 0 && !u.namespace.n; /* stdlib: what everybody writes */
    if (!u.name.n || !hn_purl_build(a, &u, NULL) || ((u.faults & HN_PURL_INVALID) && !prohibited))
        return HN_STR("");
    return hn_purl_text(&u, a);
}
