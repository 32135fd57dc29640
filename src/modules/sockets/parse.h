/* Entry points of the parser half, for module.c. */
#pragma once

#include "modules/sockets/sockets.h"

void sockets_parse(struct hn_parse *p, const struct hn_rec *r);
void sockets_finish(struct hn_parse *p);
