/* rpm databases. */
#include "modules/packages/packages.h"

void packages_rpm(struct packages_state *st, const struct hn_rec *r)
{
    if (!r->err && r->offset == 0)
        hn_parse_not_seen(st->p, packages_keep(st, r->path), "rpm database");
}
