/* Flow logs in text: Zeek conn.log (TSV and JSON lines), Argus (ra CSV, CTU's binetflow), nfdump's CSV, AWS VPC and
 * Azure NSG flow logs, any CSV with a header whose column names are known or given. Fed in pieces of any size; what
 * kind it is, the first line tells.
 *
 * Lines of Zeek's dns.log are no flows (conn.log has those): they are handed out as names. Those of ssl.log with the
 * columns ja3, ja3s or ja4 are no flows either: they are put down in `joins`, and lines of conn.log with the same uid
 * get their fingerprints from there.
 *
 * A line that does not fit is counted with its reason and passed over; a column that is not known is passed over, and
 * a value that is absent ("-") leaves its field unknown. */
#pragma once

#include "base/buf.h"
#include "format/flow/flow.h"
#include "format/flow/join.h"
#include "format/flow/name.h"

#define HN_FLOW_LINE_MAX    (4u << 20)
#define HN_FLOW_COLUMNS_MAX 512u

enum hn_flow_log_kind {
    HN_FLOW_LOG_UNKNOWN,
    HN_FLOW_LOG_ZEEK,
    HN_FLOW_LOG_ZEEK_JSON,
    HN_FLOW_LOG_ARGUS,
    HN_FLOW_LOG_VPC,
    HN_FLOW_LOG_NSG,
    HN_FLOW_LOG_CSV
};
const char *hn_flow_log_name(enum hn_flow_log_kind k); /* "zeek", "argus", … */

struct hn_flow_log_stats {
    uint64_t lines, flows, names, prints; /* prints: lines with fingerprints of TLS */
    uint64_t other;                       /* lines that are no flow: comments, ARP, LLC, accounting */
    uint64_t bad;                         /* lines that do not fit */
    uint64_t bad_at;                      /* number of the first of them */
    const char *why;                      /* … and what was wrong */
};

struct hn_flow_log;
struct hn_flow_log_sink {
    /* label: the text of a label column (ground truth of labelled captures), empty when there is none. */
    void (*flow)(void *arg, const struct hn_flow *f, struct hn_bytes label);
    void *arg;
    void (*name)(void *arg, const struct hn_flow_name *n); /* or NULL */
    struct hn_flow_joins *joins;                           /* or NULL */
};

/* Does b, the first octets of an input, begin like one of them? */
enum hn_flow_log_kind hn_flow_log_sniff(struct hn_bytes b);
/* Does b begin a log of Zeek that says what others say of its connections? It is better read after those. */
bool hn_flow_log_wants_joins(struct hn_bytes b);
/* map: "field=column,…" for CSV without known names (fields: src dst sport dport proto first last duration packets
 * bytes packets_back bytes_back flags state label ja3 ja3s ja4); empty: by the header. NULL: out of memory. */
struct hn_flow_log *hn_flow_log_new(const struct hn_flow_log_sink *sink, struct hn_str map);
void hn_flow_log_free(struct hn_flow_log *l);
/* NULL, or why nothing can be read (a static text; sticky). */
const char *hn_flow_log_feed(struct hn_flow_log *l, struct hn_bytes b);
const char *hn_flow_log_end(struct hn_flow_log *l);
const struct hn_flow_log_stats *hn_flow_log_stats(const struct hn_flow_log *l);
enum hn_flow_log_kind hn_flow_log_kind(const struct hn_flow_log *l);
