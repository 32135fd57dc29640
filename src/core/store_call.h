/* Inside the store role: one request, one answer. */
#pragma once

#include "core/store_role.h"

/* request: the JSON of one message. local: the principal of the role's own socket, or NULL for httpd. The answer's JSON
 * is appended to ret, unless the operation asked to be deferred (role->defer): then nothing is. */
void hn_store_call(struct hn_store *s, struct hn_role_state *role, const struct hn_principal *local,
                   struct hn_bytes request, struct hn_arena *a, struct hn_buf *ret);
