/* Packets become bidirectional flows: what a router's or softflowd's meter does, so that detection over flows runs on
 * captures. The side that began is the source: who sent the SYN, else who was seen first.
 *
 * Fragments belong to the flow of the first one of their packet, which alone has ports, if it came first.
 *
 * A flow is handed out when it was idle, when it has been active for long, when TCP has ended, or when the table is
 * full (the longest idle first). Time is the packets' own. The one thing looked at inside is a TLS ClientHello over TCP
 * (hello.h), for its fingerprints. */
#pragma once

#include "format/flow/flow.h"
#include "format/packet/packet.h"

struct hn_meter_options {
    hn_time idle, active; /* 0: 60 s, 30 min */
    size_t flows_max;     /* 0: 1 M; memory is about 300 octets a flow */
};

struct hn_meter;
struct hn_meter *hn_meter_new(const struct hn_meter_options *o, void (*flow)(void *arg, const struct hn_flow *f),
                              void *arg); /* NULL: out of memory */
void hn_meter_free(struct hn_meter *m);
void hn_meter_packet(struct hn_meter *m, hn_time at, const struct hn_packet *p);
/* Time goes on without packets: what is idle by then is handed out. Packets that come later may be older. A clock that
 * was set back by more than a minute ends all flows. */
void hn_meter_clock(struct hn_meter *m, hn_time now);
void hn_meter_flush(struct hn_meter *m);             /* hands out all that is left */
uint64_t hn_meter_evicted(const struct hn_meter *m); /* flows handed out early because the table was full */
