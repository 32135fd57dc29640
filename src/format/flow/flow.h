/* One flow record, whatever told of it: NetFlow, IPFIX, sFlow, nfcapd, Zeek, Argus, CSV, or our own meter over packets.
 * Readers fill it; storage, queries and detection read it. Plain data, no pointers: may be copied and sorted. */
#pragma once

#include "base/ip.h"
#include "base/time.h"
#include "format/flow/tls.h"

/* How a connection went, where the source can tell. */
enum hn_flow_state {
    HN_FLOW_STATE_UNKNOWN,
    HN_FLOW_ATTEMPT,     /* request without answer: Zeek S0, a SYN alone */
    HN_FLOW_REJECTED,    /* Zeek REJ, RST to the SYN */
    HN_FLOW_ESTABLISHED, /* both sides spoke; may go on */
    HN_FLOW_CLOSED,      /* established and ended by FIN */
    HN_FLOW_RESET,       /* established and ended by RST */
    HN_FLOW_MIDSTREAM    /* seen without its beginning: Zeek OTH */
};

/* What the traffic is, where the source looked (never guessed from the port). */
enum hn_flow_app {
    HN_APP_UNKNOWN,
    HN_APP_DNS,
    HN_APP_HTTP,
    HN_APP_TLS,
    HN_APP_SSH,
    HN_APP_NTP,
    HN_APP_SMTP,
    HN_APP_IRC,
    HN_APP_DHCP,
    HN_APP_OTHER
};

#define HN_FLOW_BACK     1u  /* packets_back, bytes_back, flags_back are known (bidirectional record) */
#define HN_FLOW_TIMES    2u  /* first and last are known */
#define HN_FLOW_PAYLOAD  4u  /* bytes count payload only (Zeek orig_bytes), not IP lengths */
#define HN_FLOW_SAMPLED  8u  /* sampling says how many packets one stands for */
#define HN_FLOW_BEGINS   32u /* told when it began: no counters yet */
#define HN_FLOW_REVERSED 16u /* source was the answering side and was turned round by us */
#define HN_FLOW_TLS      64u /* some fingerprint of TLS is known */

struct hn_flow {
    struct hn_ip src, dst; /* src began, as far as is known */
    uint16_t sport, dport; /* ICMP: type and code in dport (type << 8 | code) */
    uint8_t proto;
    uint8_t flags, flags_back; /* TCP flags, or-ed */
    uint8_t state, app;        /* enum hn_flow_state, enum hn_flow_app */
    uint8_t known;             /* HN_FLOW_* */
    uint8_t tos;
    uint16_t vlan;
    uint32_t exporter; /* number that the reader gave the exporter; 0 = none */
    uint32_t in_if, out_if;
    uint32_t src_as, dst_as;
    uint32_t sampling; /* 1 = every packet; 0 = unknown */
    hn_time first, last;
    uint64_t packets, bytes; /* as counted by the exporter, not multiplied */
    uint64_t packets_back, bytes_back;
    struct hn_flow_tls tls;
};

static inline uint64_t hn_flow_scale(const struct hn_flow *f)
{
    return f->sampling > 1 ? f->sampling : 1; /* interval 0 never multiplies */
}
