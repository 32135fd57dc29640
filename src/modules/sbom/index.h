/* The advisory index that a verb works with. */
#pragma once

#include "core/work.h"
#include "format/advisory/advisory.h"

/* --feed DIR: read now, in memory; else the index that `hinomi feed update` keeps. False after a message: there is
 * none, or it cannot be read. It lives as long as the worker. */
void sbom_index_before(struct hn_work *w); /* of struct hn_verb */
bool sbom_index_open(struct hn_work *w, struct hn_adv_index *ret);
