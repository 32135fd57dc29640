/* Inside the reader of flow logs. */
#pragma once

#include "format/flow/log.h"

enum log_field {
    LOG_NONE,
    LOG_SRC,
    LOG_DST,
    LOG_SPORT,
    LOG_DPORT,
    LOG_PROTO,
    LOG_FIRST, /* seconds with a fraction, RFC 3339, "2018/09/27 22:40:52.362768", milliseconds when that long */
    LOG_LAST,
    LOG_DURATION, /* seconds */
    LOG_PACKETS,
    LOG_BYTES,
    LOG_PACKETS_BACK,
    LOG_BYTES_BACK,
    LOG_PAYLOAD, /* Zeek orig_bytes, where the IP octets are missing */
    LOG_PAYLOAD_BACK,
    LOG_TOTAL_PACKETS, /* Argus: both directions */
    LOG_TOTAL_BYTES,
    LOG_FLAGS,
    LOG_STATE_ZEEK,
    LOG_STATE_ARGUS,
    LOG_ACTION, /* VPC: ACCEPT, REJECT */
    LOG_HISTORY,
    LOG_SERVICE,
    LOG_DIR, /* Argus: who began */
    LOG_TOS,
    LOG_LABEL,
    LOG_UID, /* Zeek: of the connection */
    LOG_JA3, /* of Zeek's ssl.log, as its packages for it name them */
    LOG_JA3S,
    LOG_JA4,
    LOG_QUERY, /* from here on: of Zeek's dns.log only */
    LOG_QUERY_TYPE,
    LOG_RESPONSE,
    LOG_ANSWERS, /* "name,192.0.2.1": Zeek's sets are divided by commas */
    LOG_TTLS,
    LOG_FIELDS
};

/* What a line says, before it becomes a flow. */
struct log_line {
    struct hn_flow f;
    hn_time duration;
    bool has_duration, has_total_packets, has_total_bytes, has_src_packets, has_src_bytes, has_payload, other;
    bool zeek_icmp; /* the destination port of an ICMP line is its code */
    bool reversed;
    uint64_t total_packets, total_bytes, payload, payload_back;
    struct hn_bytes label, uid;
    bool is_tls;  /* a line of ssl.log */
    bool is_name; /* a line of dns.log, whatever it leaves out */
    struct hn_bytes query, query_type, response, answers, ttls;
};

/* Column names of all the kinds, any case. LOG_NONE: not known. */
enum log_field log_field_of(struct hn_bytes name);
enum log_field log_field_named(struct hn_str name); /* of a mapping */
/* False: the value does not fit the field. */
bool log_set(struct log_line *l, enum log_field f, struct hn_bytes value);
/* What a line of dns.log says; false: it asks for nothing. */
bool log_name(const struct log_line *l, struct hn_flow_name *ret);
/* Makes the flow whole; false: the line is no IP flow. */
bool log_finish(struct log_line *l);
