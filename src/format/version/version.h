/* Orders of version numbers. Each gives <0, 0 or >0; any bytes are accepted (a version is never refused, it is ordered
 * the way the package manager itself would). Pure. */
#pragma once

#include "base/bytes.h"

/* deb-version(7): [epoch:]upstream[-revision]; "~" sorts before the end of a part. */
int hn_version_deb_cmp(struct hn_bytes a, struct hn_bytes b);
/* The characters and the form are those of deb-version(7). */
bool hn_version_deb_valid(struct hn_bytes v);
