/* IPFIX over connections (RFC 7011 clause 10.2, 10.4): TCP and SCTP in its one-to-one style. Messages follow each other
 * and tell their own lengths. Nothing is lost here: who decodes slowly makes the sender wait. */
#pragma once

#include "modules/flow/flow_in.h"

#define FLOW_STREAMS_MAX 256u

struct flow_streams;
/* message is called in the thread that calls flow_streams_poll. NULL: out of memory. */
struct flow_streams *flow_streams_new(void (*message)(void *arg, const struct hn_ip *from, struct hn_bytes b),
                                      void *arg);
void flow_streams_free(struct flow_streams *t);
bool flow_streams_listen(struct flow_streams *t, int fd); /* takes fd; false: too many */
/* Waits for at most ms, then reads what is there. False when there is nothing to listen on. */
bool flow_streams_poll(struct flow_streams *t, int ms);
/* Connections that were accepted; that ended because what came was no IPFIX; refused because there were too many. */
void flow_streams_counts(const struct flow_streams *t, uint64_t *ret_taken, uint64_t *ret_strange,
                         uint64_t *ret_refused);
