/* The first octets of what clients send over TCP, put in order, for as long as a ClientHello may still come of them: in
 * a pool of a fixed number of streams, of which the oldest gives way. */
#pragma once

#include "format/flow/tls.h"

/* What a connection keeps; all zero at its beginning. */
struct hn_hello_of {
    uint32_t base; /* sequence number of the first octet */
    uint16_t slot; /* in the pool, with `waits` */
    uint32_t turn; /* the slot's, when it was taken: another number there is another connection's */
    bool begun, waits, ended;
};

struct hn_hellos;
struct hn_hellos *hn_hellos_new(void); /* NULL: out of memory */
void hn_hellos_free(struct hn_hellos *t);
/* A SYN of the client. */
void hn_hello_begins(struct hn_hello_of *h, uint32_t sequence);
/* Payload of the client. True: ret holds the fingerprints. */
bool hn_hello_add(struct hn_hellos *t, struct hn_hello_of *h, uint32_t sequence, struct hn_bytes payload,
                  struct hn_flow_tls *ret);
