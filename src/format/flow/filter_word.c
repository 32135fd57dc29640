/* Words of the filter language: how tokens are cut, how numbers and addresses are written. */
#include <ctype.h>

#include "base/str.h"
#include "format/flow/filter_in.h"

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == ':' || c == '/' || c == '-' || c == ',' || c == '_';
}

/* Quotes are passed over: a shell may have left them. */
static bool is_gap(char c)
{
    return isspace((unsigned char)c) || c == '"' || c == '\'';
}

static bool is_pair(char a, char b)
{
    return (b == '=' && strchr("<>!=", a)) || (a == b && (a == '&' || a == '|'));
}

void filter_advance(struct filter_parser *p)
{
    size_t i = p->at;
    while (i < p->text.n && is_gap(p->text.p[i]))
        i++;
    p->token_at = i;
    size_t end = i;
    if (end < p->text.n && is_word(p->text.p[end]))
        while (end < p->text.n && is_word(p->text.p[end]))
            end++;
    else if (end < p->text.n)
        end += end + 1 < p->text.n && is_pair(p->text.p[end], p->text.p[end + 1]) ? 2 : 1;
    p->token = hn_str_cut(p->text, i, end);
    p->at = end;
}

static bool same(struct hn_str s, const char *word)
{
    size_t n = strlen(word);
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)s.p[i]) != word[i])
            return false;
    return true;
}

bool filter_is(const struct filter_parser *p, const char *word)
{
    return same(p->token, word);
}

bool filter_is_among(const struct filter_parser *p, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (filter_is(p, words[i]))
            return true;
    return false;
}

bool filter_take(struct filter_parser *p, const char *word)
{
    if (!filter_is(p, word))
        return false;
    filter_advance(p);
    return true;
}

struct hn_flow_filter *filter_fail(struct filter_parser *p, const char *why)
{
    if (!p->why) {
        p->why = why;
        p->why_at = p->token_at;
    }
    return NULL;
}

bool filter_element(struct filter_parser *p, bool bracket, struct hn_str *rest, struct hn_str *ret)
{
    for (;;) {
        while (rest->n && hn_str_split(rest, ',', ret))
            if (ret->n)
                return true;
        if (!bracket || filter_take(p, "]"))
            return false;
        if (!p->token.n || (!is_word(p->token.p[0]))) {
            (void)filter_fail(p, "a closing bracket was expected");
            return false;
        }
        *rest = p->token;
        filter_advance(p);
    }
}

/* ---------------------------------------------------------------- numbers */

struct name {
    const char *word;
    uint16_t number;
};

static const struct name protocols[] = {{"tcp", 6},   {"udp", 17},   {"icmp", 1},   {"icmp6", 58},   {"icmpv6", 58},
                                        {"gre", 47},  {"esp", 50},   {"ah", 51},    {"sctp", 132},   {"igmp", 2},
                                        {"ospf", 89}, {"ipip", 4},   {"pim", 103},  {"vrrp", 112},   {"dccp", 33},
                                        {"rsvp", 46}, {"eigrp", 88}, {"l2tp", 115}, {"udplite", 136}};

/* Those that people type; the files of the system are out of reach where filters are read. */
static const struct name ports[] = {{"ftp-data", 20},      {"ftp", 21},         {"ssh", 22},
                                    {"telnet", 23},        {"smtp", 25},        {"domain", 53},
                                    {"dns", 53},           {"bootps", 67},      {"bootpc", 68},
                                    {"tftp", 69},          {"http", 80},        {"www", 80},
                                    {"kerberos", 88},      {"pop3", 110},       {"sunrpc", 111},
                                    {"ntp", 123},          {"netbios-ns", 137}, {"netbios-dgm", 138},
                                    {"netbios-ssn", 139},  {"imap", 143},       {"imap2", 143},
                                    {"snmp", 161},         {"snmp-trap", 162},  {"bgp", 179},
                                    {"irc", 194},          {"ldap", 389},       {"https", 443},
                                    {"microsoft-ds", 445}, {"smb", 445},        {"isakmp", 500},
                                    {"syslog", 514},       {"submission", 587}, {"ldaps", 636},
                                    {"rsync", 873},        {"imaps", 993},      {"pop3s", 995},
                                    {"socks", 1080},       {"openvpn", 1194},   {"ms-sql-s", 1433},
                                    {"nfs", 2049},         {"mysql", 3306},     {"ms-wbt-server", 3389},
                                    {"rdp", 3389},         {"sip", 5060},       {"mdns", 5353},
                                    {"postgresql", 5432},  {"vnc", 5900},       {"redis", 6379},
                                    {"ircd", 6667},        {"http-alt", 8080}};

static bool by_name(const struct name *list, size_t n, struct hn_str s, uint64_t *ret)
{
    for (size_t i = 0; i < n; i++)
        if (same(s, list[i].word)) {
            *ret = list[i].number;
            return true;
        }
    return false;
}

const char *hn_flow_protocol_name(unsigned number)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (protocols[i].number == number)
            return protocols[i].word;
    return NULL;
}

static bool digits(struct hn_str *s, uint64_t *ret)
{
    size_t n = 0;
    *ret = 0;
    for (; n < s->n && isdigit((unsigned char)s->p[n]); n++) {
        if (*ret > UINT64_MAX / 10 - 9)
            return false;
        *ret = *ret * 10 + (uint64_t)(s->p[n] - '0');
    }
    *s = hn_str_cut(*s, n, s->n);
    return n > 0;
}

static uint64_t factor_of(struct hn_str s, enum filter_unit unit)
{
    static const struct {
        const char *word;
        uint64_t n;
    } times[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}},
      counts[] = {{"", 1}, {"k", 1000}, {"m", 1000000}, {"g", 1000000000}, {"t", 1000000000000}};
    for (size_t i = 0; unit == UNIT_TIME && i < sizeof times / sizeof *times; i++)
        if (same(s, times[i].word))
            return times[i].n;
    for (size_t i = 0; unit != UNIT_TIME && i < sizeof counts / sizeof *counts; i++)
        if (same(s, counts[i].word))
            return counts[i].n;
    return 0;
}

bool filter_number(struct hn_str s, enum filter_unit unit, uint64_t *ret)
{
    if (unit == UNIT_PROTOCOL && by_name(protocols, sizeof protocols / sizeof *protocols, s, ret))
        return true;
    if (unit == UNIT_PORT && by_name(ports, sizeof ports / sizeof *ports, s, ret))
        return true;
    if (s.n > 2 && s.p[0] == '0' && tolower((unsigned char)s.p[1]) == 'x')
        return hn_str_u64(hn_str_cut(s, 2, s.n), 16, ret);
    if (!digits(&s, ret))
        return false;
    uint64_t factor = factor_of(s, unit);
    if (!factor || *ret > UINT64_MAX / factor)
        return false;
    *ret *= factor;
    return true;
}

/* ---------------------------------------------------------------- addresses */

/* "10", "10/8", "192.168", "172.16/12": what is left out is 0; without a length, what is given is the prefix. */
static bool shortened(struct hn_str s, struct filter_net *ret)
{
    uint8_t b[4] = {0};
    uint64_t v, bits;
    unsigned n = 0;
    ptrdiff_t slash = hn_str_chr(s, '/');
    struct hn_str rest = slash < 0 ? s : hn_str_cut(s, 0, (size_t)slash), part;
    while (hn_str_split(&rest, '.', &part)) {
        if (n == 3 || !part.n || !hn_str_u64(part, 10, &v) || v > 255)
            return false;
        b[n++] = (uint8_t)v;
    }
    bits = 8 * (uint64_t)n;
    if (!n || (slash >= 0 && (!hn_str_u64(hn_str_cut(s, (size_t)slash + 1, s.n), 10, &bits) || bits > 32)))
        return false;
    ret->ip = hn_ip4(b);
    ret->bits = (unsigned)bits;
    return true;
}

bool filter_address(struct hn_str s, bool is_net, struct filter_net *ret)
{
    return hn_ip_parse_prefix(s, &ret->ip, &ret->bits) || (is_net && shortened(s, ret));
}

bool filter_mask(struct hn_str s, unsigned *ret_bits)
{
    struct filter_net n;
    if (!hn_ip_parse_prefix(s, &n.ip, &n.bits) || n.ip.family != 4 || n.bits != 32)
        return false;
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | n.ip.b[i];
    unsigned bits = 0;
    while (bits < 32 && v >> (31 - bits) & 1)
        bits++;
    *ret_bits = bits;
    return bits && (bits == 32 || (v << bits) == 0);
}
