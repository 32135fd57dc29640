/* Sockets, links of processes to them, and addresses, as the kernel dumps them.
 *
 * struct inet_diag_msg (linux/inet_diag.h), 72 bytes:
 *   u8 family, state, timer, retrans · be16 sport, dport · be32 src[4], dst[4] · u32 if · u32 cookie[2]
 *   u32 expires, rqueue, wqueue, uid, inode
 *
 * /proc/net/tcp and its like, one socket a line; addresses are 32-bit words in the byte order of the host:
 *   sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode … */
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "base/str.h"
#include "modules/sockets/sockets.h"

#define STATE_ESTABLISHED 1
#define STATE_CLOSE       7
#define STATE_LISTEN      10

void sockets_add(struct sockets_state *st, const struct sock *s)
{
    struct sock *own = HN_NEW(hn_parse_arena(st->p), struct sock);
    if (!own || ++st->n > SOCKETS_MAX) {
        if (st->n == SOCKETS_MAX + 1 || !own)
            hn_parse_not_seen(st->p, HN_STR("further sockets"), "too many");
        return;
    }
    *own = *s;
    *st->last = own;
    st->last = &own->next;
}

static uint8_t proto_of(struct hn_bytes path)
{
    struct hn_str s = {(const char *)path.p, path.n};
    if (hn_str_find(s, HN_STR("udplite")) >= 0)
        return SOCKETS_UDPLITE;
    if (hn_str_find(s, HN_STR("/udp")) >= 0)
        return SOCKETS_UDP;
    return hn_str_find(s, HN_STR("sctp")) >= 0 ? SOCKETS_SCTP : SOCKETS_TCP;
}

/* ---------------------------------------------------------------- sock_diag */

static struct hn_ip take_address(struct hn_cur *c, uint8_t family)
{
    struct hn_bytes b = hn_cur_take(c, 16);
    if (hn_cur_bad(c))
        return (struct hn_ip){0};
    return family == AF_INET6 ? hn_ip6(b.p) : hn_ip4(b.p);
}

static void one_socket(struct sockets_state *st, struct hn_cur *c, uint8_t proto)
{
    struct sock s = {.proto = proto, .v6only = -1};
    uint8_t family = hn_cur_u8(c);
    s.v6 = family == AF_INET6;
    s.state = hn_cur_u8(c);
    hn_cur_skip(c, 2);
    s.lport = hn_cur_be16(c);
    s.rport = hn_cur_be16(c);
    s.local = take_address(c, family);
    s.remote = take_address(c, family);
    s.iface = hn_nl_take_u32(c);
    hn_cur_skip(c, 8 + 12); /* cookie, expires, queues */
    s.uid = hn_nl_take_u32(c);
    s.inode = hn_nl_take_u32(c);
    if (hn_cur_bad(c) || (family != AF_INET && family != AF_INET6)) {
        hn_cur_fail(c, "socket of an unknown family");
        return;
    }
    struct hn_bytes v6only = hn_nl_find(c, INET_DIAG_SKV6ONLY);
    if (v6only.n)
        s.v6only = v6only.p[0] != 0;
    sockets_add(st, &s);
}

void sockets_diag(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    hn_cur_init(&c, r->data, r->data.n / 16 + 1);
    while (hn_nl_next(&c, &m)) {
        if (m.type == SOCK_DIAG_BY_FAMILY)
            one_socket(st, &m.body, proto_of(r->path));
        if (hn_cur_bad(&m.body))
            hn_parse_malformed(st->p, r->path, m.body.bad_at, m.body.bad);
    }
    if (hn_cur_bad(&c))
        hn_parse_malformed(st->p, r->path, c.bad_at, c.bad);
}

/* ---------------------------------------------------------------- /proc/net */

/* "0100007F:0016" or 32 digits of an IPv6 address. */
static bool read_address(struct hn_str text, struct hn_ip *ip, uint16_t *port, bool *v6)
{
    struct hn_str address;
    uint64_t value;
    uint8_t b[16];
    if (!hn_str_split(&text, ':', &address) || (address.n != 8 && address.n != 32) || !hn_str_u64(text, 16, &value) ||
        value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    *v6 = address.n == 32;
    for (size_t i = 0; i < address.n; i += 8) {
        uint32_t word;
        if (!hn_str_u64(hn_str_cut(address, i, i + 8), 16, &value))
            return false;
        word = (uint32_t)value; /* printed as a number, so in memory it lies the right way round */
        memcpy(b + i / 2, &word, sizeof(word));
    }
    *ip = *v6 ? hn_ip6(b) : hn_ip4(b);
    return true;
}

static bool inet_line(struct sockets_state *st, struct hn_str line, const struct hn_rec *r)
{
    struct hn_str w[10];
    struct sock s = {.v6only = -1, .proto = proto_of(r->path)};
    uint64_t state, uid, inode;
    bool v6;
    for (size_t i = 0; i < 10; i++) {
        if (!hn_str_word(&line, &w[i]))
            return false;
    }
    if (!read_address(w[1], &s.local, &s.lport, &s.v6) || !read_address(w[2], &s.remote, &s.rport, &v6) ||
        !hn_str_u64(w[3], 16, &state) || !hn_str_u64(w[7], 10, &uid) || !hn_str_u64(w[9], 10, &inode))
        return false;
    s.state = (uint8_t)state;
    s.uid = (uint32_t)uid;
    s.inode = inode;
    if (hn_str_starts(r->tag, "ns-"))
        s.ns = hn_arena_str(hn_parse_arena(st->p), hn_str_cut(r->tag, 3, r->tag.n));
    sockets_add(st, &s);
    return true;
}

/* raw: as above, the "port" is the protocol. packet: "sk RefCnt Type Proto Iface R Rmem User Inode". */
static bool raw_line(struct sockets_state *st, struct hn_str line, const char *family)
{
    struct hn_str w[10];
    size_t n = 0;
    uint64_t protocol, inode;
    while (n < 10 && hn_str_word(&line, &w[n]))
        n++;
    bool packet = strcmp(family, "packet") == 0;
    if (n < 9 || !hn_str_u64(packet ? w[8] : w[n - 1], 10, &inode))
        return false;
    struct hn_str port = packet ? w[3] : w[1];
    ptrdiff_t colon = hn_str_chr(port, ':');
    if (!hn_str_u64(packet ? port : hn_str_cut(port, (size_t)(colon + 1), port.n), 16, &protocol))
        return false;
    struct raw *raw = HN_NEW(hn_parse_arena(st->p), struct raw);
    if (!raw || ++st->n > SOCKETS_MAX)
        return true;
    *raw = (struct raw){.next = st->first_raw, .family = family, .protocol = (uint32_t)protocol, .inode = inode};
    st->first_raw = raw;
    return true;
}

/* "ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS": one listening or bound association endpoint. */
static bool sctp_line(struct sockets_state *st, struct hn_str line)
{
    struct hn_str w[8], address;
    uint64_t port, uid, inode;
    for (size_t i = 0; i < 8; i++) {
        if (!hn_str_word(&line, &w[i]))
            return false;
    }
    if (!hn_str_u64(w[5], 10, &port) || !hn_str_u64(w[6], 10, &uid) || !hn_str_u64(w[7], 10, &inode))
        return false;
    while (hn_str_word(&line, &address)) {
        struct sock s = {.proto = SOCKETS_SCTP,
                         .state = STATE_LISTEN,
                         .v6only = -1,
                         .lport = (uint16_t)port,
                         .uid = (uint32_t)uid,
                         .inode = inode};
        if (!hn_ip_parse(address, &s.local))
            return false;
        s.v6 = s.local.family == 6;
        sockets_add(st, &s);
    }
    return true;
}

void sockets_proc_line(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    struct hn_str path = {(const char *)r->path.p, r->path.n};
    bool packet = hn_str_ends(path, "/packet"), sctp = hn_str_ends(path, "/eps");
    bool raw = hn_str_find(path, HN_STR("/raw")) >= 0, icmp = hn_str_find(path, HN_STR("/icmp")) >= 0;
    if (r->offset == 0)
        hn_bytes_line(&rest, &line); /* headings */
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str text = {(const char *)line.p, line.n};
        bool ok = !hn_str_trim(text).n || icmp ||
                  (packet ? raw_line(st, text, "packet")
                   : raw  ? raw_line(st, text, "raw")
                   : sctp ? sctp_line(st, text)
                          : inet_line(st, text, r));
        if (!ok && !(r->more && !rest.n)) {
            hn_parse_malformed(st->p, r->path, r->offset + (uint64_t)(line.p - r->data.p),
                               "line of a socket table cannot be read");
            return;
        }
    }
}
