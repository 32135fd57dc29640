/* Headers of NetFlow v9 (RFC 3954 clause 5.1) and IPFIX (RFC 7011 clause 3.1).
 *
 *   v9, 20 octets: version, count of records, sysUptime ms u32, UNIX seconds u32, sequence u32, source id u32
 *   IPFIX, 16:     version, length in octets, export time u32, sequence u32, observation domain u32
 *
 * v9's count is not used to find the end: exporters disagree on what it counts. Its sequence numbers count packets;
 * those of IPFIX count data records, options included, which cannot be told while a template is missing. A message's
 * number is that of its first record; that of softflowd (1.0, 1.1) is that behind its last flow, options not counted.
 */
#include "format/flow/export_in.h"

#define HEAD9    20u
#define HEAD10   16u
#define WORK_MAX 65536u

void export_netflow9(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, WORK_MAX);
    hn_cur_skip(&c, 4);
    struct export_when when = {.received = received, .has_uptime = true};
    when.uptime_ms = hn_cur_be32(&c);
    when.seconds = hn_cur_be32(&c);
    uint32_t sequence = hn_cur_be32(&c), domain = hn_cur_be32(&c);
    if (hn_cur_bad(&c)) {
        x->strange[HN_EXPORT_SHORT]++;
        return;
    }
    struct export_one *e = export_find(x, from, domain, 9, received, b.n);
    if (!e)
        return;
    export_skew(e, received, when.seconds);
    export_sequence(e, sequence, 1, true);
    struct export_sets s = {.e = e, .when = when};
    export_read_sets(&s, &c);
}

void export_ipfix(struct hn_export *x, const struct hn_ip *from, hn_time received, struct hn_bytes b)
{
    struct hn_cur c;
    hn_cur_init(&c, b, WORK_MAX);
    hn_cur_skip(&c, 2);
    size_t length = hn_cur_be16(&c);
    struct export_when when = {.received = received};
    when.seconds = hn_cur_be32(&c);
    uint32_t sequence = hn_cur_be32(&c), domain = hn_cur_be32(&c);
    if (hn_cur_bad(&c)) {
        x->strange[HN_EXPORT_SHORT]++;
        return;
    }
    struct export_one *e = export_find(x, from, domain, 10, received, b.n);
    if (!e)
        return;
    export_skew(e, received, when.seconds);
    struct export_sets s = {.e = e, .when = when, .ipfix = true};
    if (length < HEAD10 || length > b.n)
        export_bad(e, HN_EXPORT_LENGTH);
    struct hn_cur rest =
        length >= HEAD10 && length < b.n ? hn_cur_sub(&c, length - HEAD10) : hn_cur_sub(&c, hn_cur_left(&c));
    export_read_sets(&s, &rest);
    export_sequence_ipfix(e, sequence, s.records, s.records - s.options, !s.unknown);
}
