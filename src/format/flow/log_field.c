/* Columns of flow logs: their names, and what their values mean. */
#include <ctype.h>

#include "base/str.h"
#include "format/flow/log_in.h"
#include "format/packet/packet.h"

/* ---------------------------------------------------------------- names */

static const struct {
    const char *name;
    enum log_field field;
} columns[] = {
    /* Zeek */
    {"ts", LOG_FIRST},
    {"id.orig_h", LOG_SRC},
    {"id.resp_h", LOG_DST},
    {"id.orig_p", LOG_SPORT},
    {"id.resp_p", LOG_DPORT},
    {"proto", LOG_PROTO},
    {"service", LOG_SERVICE},
    {"duration", LOG_DURATION},
    {"orig_bytes", LOG_PAYLOAD},
    {"resp_bytes", LOG_PAYLOAD_BACK},
    {"conn_state", LOG_STATE_ZEEK},
    {"history", LOG_HISTORY},
    {"orig_pkts", LOG_PACKETS},
    {"orig_ip_bytes", LOG_BYTES},
    {"resp_pkts", LOG_PACKETS_BACK},
    {"resp_ip_bytes", LOG_BYTES_BACK},
    {"label", LOG_LABEL},
    {"detailed-label", LOG_NONE},
    {"uid", LOG_UID},
    {"ja3", LOG_JA3},
    {"ja3s", LOG_JA3S},
    {"ja4", LOG_JA4},
    {"query", LOG_QUERY},
    {"qtype_name", LOG_QUERY_TYPE},
    {"rcode_name", LOG_RESPONSE},
    {"answers", LOG_ANSWERS},
    {"ttls", LOG_TTLS},
    /* Argus */
    {"starttime", LOG_FIRST},
    {"stime", LOG_FIRST},
    {"lasttime", LOG_LAST},
    {"ltime", LOG_LAST},
    {"dur", LOG_DURATION},
    {"srcaddr", LOG_SRC},
    {"saddr", LOG_SRC},
    {"sport", LOG_SPORT},
    {"dir", LOG_DIR},
    {"dstaddr", LOG_DST},
    {"daddr", LOG_DST},
    {"dport", LOG_DPORT},
    {"state", LOG_STATE_ARGUS},
    {"stos", LOG_TOS},
    {"totpkts", LOG_TOTAL_PACKETS},
    {"pkts", LOG_TOTAL_PACKETS},
    {"totbytes", LOG_TOTAL_BYTES},
    {"srcbytes", LOG_BYTES},
    {"sbytes", LOG_BYTES},
    {"srcpkts", LOG_PACKETS},
    {"spkts", LOG_PACKETS},
    {"dstbytes", LOG_BYTES_BACK},
    {"dbytes", LOG_BYTES_BACK},
    {"dstpkts", LOG_PACKETS_BACK},
    {"dpkts", LOG_PACKETS_BACK},
    /* nfdump -o csv */
    {"te", LOG_LAST},
    {"td", LOG_DURATION},
    {"sa", LOG_SRC},
    {"da", LOG_DST},
    {"sp", LOG_SPORT},
    {"dp", LOG_DPORT},
    {"pr", LOG_PROTO},
    {"flg", LOG_FLAGS},
    {"ipkt", LOG_PACKETS},
    {"ibyt", LOG_BYTES},
    {"opkt", LOG_PACKETS_BACK},
    {"obyt", LOG_BYTES_BACK},
    {"firstseen", LOG_FIRST},
    {"first", LOG_FIRST},
    {"last", LOG_LAST},
    /* AWS VPC */
    {"srcport", LOG_SPORT},
    {"dstport", LOG_DPORT},
    {"protocol", LOG_PROTO},
    {"packets", LOG_PACKETS},
    {"bytes", LOG_BYTES},
    {"start", LOG_FIRST},
    {"end", LOG_LAST},
    {"action", LOG_ACTION},
    {"tcp-flags", LOG_FLAGS},
    /* what people call them */
    {"src", LOG_SRC},
    {"src_ip", LOG_SRC},
    {"srcip", LOG_SRC},
    {"ip_src", LOG_SRC},
    {"source", LOG_SRC},
    {"source_ip", LOG_SRC},
    {"source ip", LOG_SRC},
    {"sourceipv4address", LOG_SRC},
    {"sourceipv6address", LOG_SRC},
    {"dst", LOG_DST},
    {"dst_ip", LOG_DST},
    {"dstip", LOG_DST},
    {"ip_dst", LOG_DST},
    {"destination", LOG_DST},
    {"destination_ip", LOG_DST},
    {"destination ip", LOG_DST},
    {"dest_ip", LOG_DST},
    {"destinationipv4address", LOG_DST},
    {"destinationipv6address", LOG_DST},
    {"src_port", LOG_SPORT},
    {"port_src", LOG_SPORT},
    {"source port", LOG_SPORT},
    {"source_port", LOG_SPORT},
    {"sourcetransportport", LOG_SPORT},
    {"dst_port", LOG_DPORT},
    {"port_dst", LOG_DPORT},
    {"dest_port", LOG_DPORT},
    {"destination port", LOG_DPORT},
    {"destination_port", LOG_DPORT},
    {"destinationtransportport", LOG_DPORT},
    {"ip_proto", LOG_PROTO},
    {"protocolidentifier", LOG_PROTO},
    {"timestamp", LOG_FIRST},
    {"time", LOG_FIRST},
    {"start_time", LOG_FIRST},
    {"first_seen", LOG_FIRST},
    {"first_switched", LOG_FIRST},
    {"flowstartmilliseconds", LOG_FIRST},
    {"end_time", LOG_LAST},
    {"last_seen", LOG_LAST},
    {"last_switched", LOG_LAST},
    {"flowendmilliseconds", LOG_LAST},
    {"in_bytes", LOG_BYTES},
    {"in_pkts", LOG_PACKETS},
    {"out_bytes", LOG_BYTES_BACK},
    {"out_pkts", LOG_PACKETS_BACK},
    {"octetdeltacount", LOG_BYTES},
    {"packetdeltacount", LOG_PACKETS},
    {"octets", LOG_BYTES},
    {"flags", LOG_FLAGS},
    {"tcp_flags", LOG_FLAGS},
    {"tcpcontrolbits", LOG_FLAGS},
    {"tos", LOG_TOS},
};

static bool same_name(struct hn_bytes b, const char *name)
{
    size_t n = strlen(name);
    if (b.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower(b.p[i]) != name[i])
            return false;
    return true;
}

enum log_field log_field_of(struct hn_bytes name)
{
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (same_name(name, columns[i].name))
            return columns[i].field;
    return LOG_NONE;
}

enum log_field log_field_named(struct hn_str name)
{
    static const struct {
        const char *name;
        enum log_field field;
    } own[] = {{"src", LOG_SRC},
               {"dst", LOG_DST},
               {"sport", LOG_SPORT},
               {"dport", LOG_DPORT},
               {"proto", LOG_PROTO},
               {"first", LOG_FIRST},
               {"last", LOG_LAST},
               {"duration", LOG_DURATION},
               {"packets", LOG_PACKETS},
               {"bytes", LOG_BYTES},
               {"packets_back", LOG_PACKETS_BACK},
               {"bytes_back", LOG_BYTES_BACK},
               {"flags", LOG_FLAGS},
               {"state", LOG_STATE_ZEEK},
               {"label", LOG_LABEL},
               {"ja3", LOG_JA3},
               {"ja3s", LOG_JA3S},
               {"ja4", LOG_JA4}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (hn_str_eqc(name, own[i].name))
            return own[i].field;
    return LOG_NONE;
}

/* ---------------------------------------------------------------- values */

static struct hn_str text(struct hn_bytes b)
{
    return (struct hn_str){(const char *)b.p, b.n};
}

/* "0x1f90" in Argus is a port too; "http" is not read. */
static bool whole(struct hn_bytes b, uint64_t *ret)
{
    struct hn_str s = text(b);
    if (s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X'))
        return hn_str_u64(hn_str_cut(s, 2, s.n), 16, ret);
    if (hn_str_u64(s, 10, ret))
        return true;
    ptrdiff_t dot = hn_str_chr(s, '.'); /* "1234.0", as spreadsheets and data frames write */
    return dot > 0 && hn_str_u64(hn_str_cut(s, 0, (size_t)dot), 10, ret);
}

/* Seconds with a fraction as nanoseconds, without the rounding of a double. */
static bool decimal(struct hn_bytes b, int64_t *ret)
{
    uint64_t whole_part = 0, part = 0, unit = 100000000;
    size_t i = 0;
    for (; i < b.n && isdigit(b.p[i]); i++) {
        if (whole_part > 1000000000000000000u)
            return false;
        whole_part = whole_part * 10 + (b.p[i] - '0');
    }
    bool some = i > 0;
    if (i < b.n && b.p[i] == '.')
        for (i++; i < b.n && isdigit(b.p[i]); i++) {
            part += unit * (b.p[i] - '0');
            unit /= 10;
            some = true;
        }
    /* Seconds, milliseconds or microseconds since 1970: they cannot be mistaken for each other for 3 000 years. */
    uint64_t scale = whole_part > 100000000000000u ? 1000000 : whole_part > 100000000000u ? 1000 : 1;
    if (!some || i != b.n || whole_part / scale > 4000000000u)
        return false;
    *ret = (int64_t)(whole_part / scale * 1000000000u + whole_part % scale * (1000000000u / scale) +
                     (scale == 1 ? part : 0));
    return true;
}

/* "2018/09/27 22:40:52.362768" and RFC 3339 with a blank: UTC, since nothing says otherwise. */
static bool calendar(struct hn_bytes b, hn_time *ret)
{
    char t[40];
    if (b.n < 10 || b.n > 32)
        return false;
    memcpy(t, b.p, b.n);
    size_t n = b.n;
    t[4] = t[7] = '-';
    if (n > 10) {
        if (t[10] == ' ' || t[10] == '.')
            t[10] = 'T';
        if (t[n - 1] != 'Z' && !memchr(t + 11, '+', n - 11) && !memchr(t + 11, '-', n - 11))
            t[n++] = 'Z';
    }
    return hn_time_parse((struct hn_str){t, n}, ret);
}

static bool set_time(hn_time *t, struct hn_bytes v)
{
    return decimal(v, t) || calendar(v, t);
}

static bool set_address(struct hn_ip *ip, struct hn_bytes v)
{
    return hn_ip_parse(text(v), ip);
}

static bool set_port(uint16_t *port, struct hn_bytes v)
{
    uint64_t n;
    if (!whole(v, &n) || n > 65535)
        return false;
    *port = (uint16_t)n;
    return true;
}

static bool set_count(uint64_t *count, struct hn_bytes v)
{
    return whole(v, count);
}

static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {{"tcp", 6},    {"udp", 17},    {"icmp", 1},   {"ipv6-icmp", 58},
                 {"icmp6", 58}, {"icmpv6", 58}, {"igmp", 2},   {"gre", 47},
                 {"esp", 50},   {"ah", 51},     {"sctp", 132}, {"ospf", 89},
                 {"pim", 103},  {"ipv6", 41},   {"ipip", 4},   {"ipnip", 4},
                 {"vrrp", 112}, {"udt", 17},    {"rtp", 17},   {"rtcp", 17},
                 {"dccp", 33},  {"rsvp", 46},   {"eigrp", 88}, {"udplite", 136},
                 {"ipv4", 4},   {"l2tp", 115},  {"hopopt", 0}, {"unknown_transport", 0}};

static bool set_proto(struct log_line *l, struct hn_bytes v)
{
    uint64_t n;
    if (whole(v, &n) && n < 256) {
        l->f.proto = (uint8_t)n;
        return true;
    }
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (same_name(v, protocols[i].name)) {
            l->f.proto = protocols[i].number;
            return true;
        }
    l->other = true; /* arp, llc, man … */
    return true;
}

static bool set_flags(uint8_t *flags, struct hn_bytes v)
{
    static const char letters[] = "FSRPAUEC";
    uint64_t n;
    if (whole(v, &n)) {
        *flags = (uint8_t)n;
        return true;
    }
    for (size_t i = 0; i < v.n; i++) {
        const char *at = v.p[i] ? strchr(letters, toupper(v.p[i])) : NULL;
        if (at)
            *flags |= (uint8_t)(1u << (at - letters));
        else if (v.p[i] != '.' && v.p[i] != ' ')
            return false;
    }
    return true;
}

/* Zeek's conn_state (base/protocols/conn/main.zeek). */
static bool set_zeek_state(struct hn_flow *f, struct hn_bytes v)
{
    static const struct {
        const char *name;
        enum hn_flow_state state;
    } states[] = {{"S0", HN_FLOW_ATTEMPT},     {"S1", HN_FLOW_ESTABLISHED}, {"SF", HN_FLOW_CLOSED},
                  {"REJ", HN_FLOW_REJECTED},   {"S2", HN_FLOW_ESTABLISHED}, {"S3", HN_FLOW_ESTABLISHED},
                  {"RSTO", HN_FLOW_RESET},     {"RSTR", HN_FLOW_RESET},     {"RSTOS0", HN_FLOW_ATTEMPT},
                  {"RSTRH", HN_FLOW_REJECTED}, {"SH", HN_FLOW_ATTEMPT},     {"SHR", HN_FLOW_MIDSTREAM},
                  {"OTH", HN_FLOW_MIDSTREAM}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (hn_bytes_eqc(v, states[i].name)) {
            f->state = (uint8_t)states[i].state;
            return true;
        }
    return true;
}

/* Argus: flags of both sides ("FSPA_FSPA", "S_", "S_RA") for TCP; CON, INT, REQ, RST, FIN, TIM… else. */
static bool set_argus_state(struct hn_flow *f, struct hn_bytes v)
{
    const uint8_t *bar = v.n ? memchr(v.p, '_', v.n) : NULL;
    if (!bar) {
        f->state = hn_bytes_eqc(v, "CON") || hn_bytes_eqc(v, "ECO") ? HN_FLOW_ESTABLISHED
                   : hn_bytes_eqc(v, "FIN")                         ? HN_FLOW_CLOSED
                   : hn_bytes_eqc(v, "RST")                         ? HN_FLOW_RESET
                   : hn_bytes_eqc(v, "INT") || hn_bytes_eqc(v, "REQ") || hn_bytes_eqc(v, "URP") ||
                           hn_bytes_eqc(v, "UNR") || hn_bytes_eqc(v, "URH")
                       ? HN_FLOW_ATTEMPT
                       : HN_FLOW_STATE_UNKNOWN;
        return true;
    }
    set_flags(&f->flags, hn_bytes_of(v.p, (size_t)(bar - v.p)));
    set_flags(&f->flags_back, hn_bytes_of(bar + 1, v.n - (size_t)(bar - v.p) - 1));
    return true;
}

static bool set_service(struct hn_flow *f, struct hn_bytes v)
{
    static const struct {
        const char *name;
        enum hn_flow_app app;
    } apps[] = {{"dns", HN_APP_DNS},   {"http", HN_APP_HTTP},     {"ssl", HN_APP_TLS},   {"tls", HN_APP_TLS},
                {"ssh", HN_APP_SSH},   {"ntp", HN_APP_NTP},       {"smtp", HN_APP_SMTP}, {"irc", HN_APP_IRC},
                {"dhcp", HN_APP_DHCP}, {"gssapi,ssl", HN_APP_TLS}};
    f->app = HN_APP_OTHER;
    for (size_t i = 0; i < sizeof apps / sizeof *apps; i++)
        if (same_name(v, apps[i].name))
            f->app = (uint8_t)apps[i].app;
    return true;
}

static bool set_dir(struct log_line *l, struct hn_bytes v)
{
    struct hn_str s = hn_str_trim(text(v));
    l->reversed = hn_str_eqc(s, "<-") || hn_str_eqc(s, "<?");
    return true;
}

/* A value that has not the shape of one says nothing: the line may have others. */
static void set_print(struct log_line *l, enum hn_tls_print p, struct hn_bytes v)
{
    l->is_tls = true;
    if (hn_tls_print_parse(&l->f.tls, p, text(v)))
        l->f.known |= HN_FLOW_TLS;
}

static void set_name(struct log_line *l, enum log_field f, struct hn_bytes v)
{
    struct hn_bytes *to[LOG_FIELDS] = {[LOG_QUERY] = &l->query,
                                       [LOG_QUERY_TYPE] = &l->query_type,
                                       [LOG_RESPONSE] = &l->response,
                                       [LOG_ANSWERS] = &l->answers,
                                       [LOG_TTLS] = &l->ttls};
    if (to[f])
        *to[f] = v;
}

bool log_set(struct log_line *l, enum log_field field, struct hn_bytes v)
{
    struct hn_flow *f = &l->f;
    uint64_t n = 0;
    switch (field) {
    case LOG_SRC:
        return set_address(&f->src, v) || (l->other = true);
    case LOG_DST:
        return set_address(&f->dst, v) || (l->other = true);
    case LOG_SPORT:
        return set_port(&f->sport, v);
    case LOG_DPORT:
        return set_port(&f->dport, v);
    case LOG_PROTO:
        return set_proto(l, v);
    case LOG_FIRST:
        return set_time(&f->first, v);
    case LOG_LAST:
        return set_time(&f->last, v);
    case LOG_DURATION:
        l->has_duration = true;
        return decimal(v, &l->duration);
    case LOG_PACKETS:
        l->has_src_packets = true;
        return set_count(&f->packets, v);
    case LOG_BYTES:
        l->has_src_bytes = true;
        return set_count(&f->bytes, v);
    case LOG_PACKETS_BACK:
        f->known |= HN_FLOW_BACK;
        return set_count(&f->packets_back, v);
    case LOG_BYTES_BACK:
        f->known |= HN_FLOW_BACK;
        return set_count(&f->bytes_back, v);
    case LOG_PAYLOAD:
        l->has_payload = true;
        return set_count(&l->payload, v);
    case LOG_PAYLOAD_BACK:
        return set_count(&l->payload_back, v);
    case LOG_TOTAL_PACKETS:
        l->has_total_packets = true;
        return set_count(&l->total_packets, v);
    case LOG_TOTAL_BYTES:
        l->has_total_bytes = true;
        return set_count(&l->total_bytes, v);
    case LOG_FLAGS:
        return set_flags(&f->flags, v);
    case LOG_STATE_ZEEK:
        return set_zeek_state(f, v);
    case LOG_STATE_ARGUS:
        return set_argus_state(f, v);
    case LOG_ACTION:
        if (same_name(v, "reject") || same_name(v, "deny") || same_name(v, "d"))
            f->state = HN_FLOW_REJECTED;
        return true;
    case LOG_HISTORY:
        return true;
    case LOG_SERVICE:
        return set_service(f, v);
    case LOG_DIR:
        return set_dir(l, v);
    case LOG_TOS:
        if (whole(v, &n))
            f->tos = (uint8_t)n;
        return true;
    case LOG_LABEL:
        l->label = v;
        return true;
    case LOG_UID:
        l->uid = v;
        return true;
    case LOG_JA3:
    case LOG_JA3S:
    case LOG_JA4:
        set_print(l, (enum hn_tls_print)(field - LOG_JA3), v);
        return true;
    default:
        set_name(l, field, v);
        return true;
    }
}

/* ---------------------------------------------------------------- the whole line */

static void finish_counters(struct log_line *l)
{
    struct hn_flow *f = &l->f;
    if (!l->has_src_bytes && l->has_payload) {
        f->bytes = l->payload;
        f->bytes_back = l->payload_back;
        f->known |= HN_FLOW_PAYLOAD | HN_FLOW_BACK;
    }
    if (l->has_total_bytes) {
        if (!l->has_src_bytes)
            f->bytes = l->total_bytes;
        else if (!(f->known & HN_FLOW_BACK) && l->total_bytes >= f->bytes) {
            f->bytes_back = l->total_bytes - f->bytes;
            f->known |= HN_FLOW_BACK;
        }
    }
    if (l->has_total_packets) {
        if (!l->has_src_packets)
            f->packets = l->total_packets; /* of both sides: Argus without SrcPkts does not part them */
        else if (!f->packets_back && l->total_packets >= f->packets)
            f->packets_back = l->total_packets - f->packets;
    }
}

/* TCP flags of both sides tell how it went, where nobody else did. */
static void finish_state(struct hn_flow *f)
{
    if (f->state != HN_FLOW_STATE_UNKNOWN || f->proto != 6)
        return;
    bool syn = f->flags & HN_TCP_SYN, back = f->flags_back != 0;
    if (back && (f->flags_back & HN_TCP_RST) && !(f->flags_back & HN_TCP_SYN) && syn && !(f->flags & HN_TCP_ACK))
        f->state = HN_FLOW_REJECTED;
    else if (syn && !back && !(f->flags & HN_TCP_ACK))
        f->state = HN_FLOW_ATTEMPT;
    else if (back && (f->flags | f->flags_back) & HN_TCP_RST)
        f->state = HN_FLOW_RESET;
    else if (back && (f->flags & f->flags_back) & HN_TCP_FIN)
        f->state = HN_FLOW_CLOSED;
    else if (back && f->flags_back & HN_TCP_SYN)
        f->state = HN_FLOW_ESTABLISHED;
}

static void turn_round(struct hn_flow *f)
{
#define SWAP(a, b)                                                                                                     \
    do {                                                                                                               \
        __typeof__(a) swap_ = (a);                                                                                     \
        (a) = (b);                                                                                                     \
        (b) = swap_;                                                                                                   \
    } while (0)
    SWAP(f->src, f->dst);
    SWAP(f->sport, f->dport);
    SWAP(f->bytes, f->bytes_back);
    SWAP(f->packets, f->packets_back);
    SWAP(f->flags, f->flags_back);
    f->known |= HN_FLOW_REVERSED;
}

/* ---------------------------------------------------------------- names */

static enum hn_flow_name_state state_of(struct hn_bytes response)
{
    return !response.n                          ? HN_FLOW_NAME_SILENT
           : hn_bytes_eqc(response, "NOERROR")  ? HN_FLOW_NAME_FOUND
           : hn_bytes_eqc(response, "NXDOMAIN") ? HN_FLOW_NAME_NONE
                                                : HN_FLOW_NAME_REFUSED;
}

static void read_answers(struct hn_flow_name *n, struct hn_bytes list)
{
    struct hn_str rest = {(const char *)list.p, list.n}, part;
    while (n->n_answers < HN_FLOW_NAME_ANSWERS && hn_str_split(&rest, ',', &part))
        n->n_answers += hn_ip_parse(hn_str_trim(part), &n->answers[n->n_answers]);
}

/* "60.000000,300.000000" */
static uint32_t least_ttl(struct hn_bytes list)
{
    struct hn_str rest = {(const char *)list.p, list.n}, part, whole;
    uint64_t least = UINT32_MAX, v;
    while (hn_str_split(&rest, ',', &part))
        if (hn_str_split(&part, '.', &whole) && hn_str_u64(hn_str_trim(whole), 10, &v) && v < least)
            least = v;
    return (uint32_t)least;
}

bool log_name(const struct log_line *l, struct hn_flow_name *ret)
{
    *ret = (struct hn_flow_name){.at = l->f.first,
                                 .src = l->f.src,
                                 .dst = l->f.dst,
                                 .query = l->query,
                                 .type = l->query_type,
                                 .state = state_of(l->response),
                                 .ttl = least_ttl(l->ttls)};
    read_answers(ret, l->answers);
    return ret->query.n && ret->src.family;
}

bool log_finish(struct log_line *l)
{
    struct hn_flow *f = &l->f;
    if (l->other || !f->src.family || !f->dst.family || f->src.family != f->dst.family)
        return false;
    finish_counters(l);
    finish_state(f);
    if ((f->proto == 1 || f->proto == 58) &&
        f->sport) { /* Zeek and Argus: type as source port, code or id as the other */
        f->dport = (uint16_t)(f->sport << 8 | (l->zeek_icmp ? f->dport & 0xffu : 0));
        f->sport = 0;
    }
    if (f->first && !f->last)
        f->last = f->first + (l->has_duration ? l->duration : 0);
    if (f->last && !f->first)
        f->first = f->last - (l->has_duration ? l->duration : 0);
    if (f->last < f->first)
        f->last = f->first;
    if (f->first)
        f->known |= HN_FLOW_TIMES;
    f->sampling = 0;
    if (l->reversed && (f->known & HN_FLOW_BACK))
        turn_round(f);
    return true;
}
