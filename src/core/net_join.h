/* The network joined with a host: which of the host's findings weigh more because of what telescopes and flows saw.
 *
 *   scanned-now       somebody scans for the port of a listener that the finding reaches, and scans can reach it
 *   scanned-surge     the same, and far more within an hour than is usual
 *   scanned-maybe     the same, but whether scans get here is not seen (private addresses: translation may forward)
 *   c2-suspected      an address of this host talks to a peer like a bot to its command server
 *   scans-others      an address of this host scans
 *   seen-in-darknet   an address of this host sends to addresses where nobody lives
 *   network-ambiguous one of these, about an address that several hosts have: said, and joined with none of them
 *
 * Pure functions over small structures and JSON, so that a run that comes after the evidence and evidence that comes
 * after the run go through the same two steps: hn_net_evidence() (what holds for the host), hn_net_apply() (what it
 * does to one finding). Applying is idempotent: what was joined before is taken out first.
 *
 * Evidence is a JSON array with a text that depends on what is seen only (counts rounded, times by the day), so that
 * equal texts mean that nothing need be done:
 *   [{"name","seen","listener"?,"params":{…},"obs":{"asset","kind","subject","at"},"node":{"type","label"},"how"}] */
#pragma once

#include "base/buf.h"
#include "base/ip.h"
#include "base/json.h"
#include "core/policy.h"

/* One listener of the host, by the observation sockets.listener. */
struct hn_net_listener {
    struct hn_str subject, proto, reach, firewall;
    int64_t port;
    bool has_networks, public_network; /* of a listener on every address: is one of them public? */
};

struct hn_net_host {
    const struct hn_net_listener *listeners;
    size_t n_listeners;
    const struct hn_str *addresses; /* without loopback and link-local ones */
    size_t n_addresses;
};

struct hn_net_source { /* the observation behind it */
    struct hn_str asset, kind, subject;
};

/* A port that was scanned for. */
struct hn_net_port {
    struct hn_net_source by;
    struct hn_str proto;
    int64_t port, sources;
    int64_t usual; /* of a surge: sources that were to be expected in its hour; -1: no surge */
    hn_time last;  /* of the day that the sources are of */
};

/* Scanners that got an answer from this very address and port: no matter what stands between. */
struct hn_net_hit {
    struct hn_net_source by;
    struct hn_str address, proto;
    int64_t port, sources;
    uint64_t holders; /* as of hn_net_sender */
    hn_time last;
};

enum hn_net_kind { HN_NET_C2, HN_NET_SCANS, HN_NET_DARKNET };

/* An address that does what it should not. */
struct hn_net_sender {
    struct hn_net_source by;
    enum hn_net_kind kind;
    struct hn_str address, peer, tool;
    int64_t port, n;  /* n: contacts, targets or packets */
    uint64_t holders; /* hosts with this address, where the evidence comes from */
    hn_time last;
};

struct hn_net_seen {
    const struct hn_net_port *ports;
    size_t n_ports;
    const struct hn_net_sender *senders;
    size_t n_senders;
    const struct hn_net_hit *hits; /* of the host's addresses */
    size_t n_hits;
};

/* Writes the array. *ret_expires: when the first of it grows too old; 0 when it is empty. Limits of age come from the
 * policy: judge.network.scan-hours (24), judge.network.detection-days (7). */
void hn_net_evidence(struct hn_jw *w, struct hn_arena *a, const struct hn_net_host *host,
                     const struct hn_net_seen *seen, const struct hn_policy *policy, hn_time now, hn_time *ret_expires);

/* The finding with this evidence and no other of its kind, scored anew. False: it stays as it is, nothing is written.
 */
bool hn_net_apply(struct hn_jw *w, struct hn_arena *a, const struct hn_jv *finding, const struct hn_jv *evidence,
                  const struct hn_policy *policy);

/* Is what was joined before still right? Counts that differ by less than a third are. */
bool hn_net_same(struct hn_arena *a, struct hn_str before, struct hn_str now);
/* Could this evidence change a finding with these terms and this graph (as JSON)? */
bool hn_net_concerns(const struct hn_jv *evidence, struct hn_str class_, struct hn_str terms, struct hn_str graph);

/* 1 234 → 1 200: two digits say enough, and the third changes every minute. */
int64_t hn_net_round(int64_t n);
/* Could a packet from elsewhere be for this address? Not loopback, link-local or unspecified. In its shortest form. */
bool hn_net_address(struct hn_arena *a, struct hn_str s, struct hn_str *ret);
