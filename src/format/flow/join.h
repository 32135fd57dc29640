/* What logs say of a connection beside its record, by the connection's own id: Zeek's ssl.log has fingerprints,
 * conn.log the flows. Whoever reads both reads ssl.log first. */
#pragma once

#include "format/flow/tls.h"

#define HN_JOINS_MAX ((size_t)1 << 22) /* connections; about 30 octets each, and 68 for each set of fingerprints */

struct hn_flow_joins;
struct hn_flow_joins *hn_flow_joins_new(void); /* NULL: out of memory */
void hn_flow_joins_free(struct hn_flow_joins *j);
void hn_flow_joins_add(struct hn_flow_joins *j, struct hn_bytes uid, const struct hn_flow_tls *t);
/* NULL: nothing is known of it. */
const struct hn_flow_tls *hn_flow_joins_find(const struct hn_flow_joins *j, struct hn_bytes uid);
uint64_t hn_flow_joins_forgotten(const struct hn_flow_joins *j); /* beyond HN_JOINS_MAX, or without memory */
