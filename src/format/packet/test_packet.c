#include "hn_test.h"

#include "base/str.h"
#include "format/packet/packet.h"

/* Frames as text: hexadecimal, blanks free; built from the pieces below. */
#define ETH(type)              "020000000001 020000000002 " type " "
#define IP4(proto, total)      "45 00 " total " d431 4000 40 " proto " 0000 c6336401 cb007107 "
#define TCP_SYN                "c001 0017 01020304 00000000 50 02 ffff 0000 0000 "
#define UDP(sport, dport, len) sport " " dport " " len " 0000 "
#define IP6(next, len)                                                                                                 \
    "6 0 000000 " len " " next " 40 20010db8000000000000000000000001 20010db8000000000000000000000002 "

#define PKTAP(length, record, link)                                                                                    \
    length record link "656e3000 0000000000000000000000000000000000000000 00000000 02000000 0e000000 00000000 "        \
                       "01000000 7368000000000000000000000000000000000000 00000000 0600 0000 00000000 "                \
                       "0000000000000000000000000000000000000000"
/* IPv6 from a client of Teredo (2001:0:198.51.100.9:…) to a host. */
#define TEREDO(next, len)                                                                                              \
    "6 0 000000 " len " " next " 40 20010000c63364090000bffe3f9bfff8 20010db8000000000000000000000002 "

struct frame {
    uint8_t *p; /* of exactly n octets */
    size_t n;
};

static struct frame from_hex(const char *text)
{
    struct frame f = {hn_alloc(strlen(text) / 2 + 1), 0};
    unsigned digits = 0, v = 0;
    for (; f.p && *text; text++) {
        if (*text == ' ')
            continue;
        v = v << 4 | (unsigned)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
        if (++digits % 2 == 0)
            f.p[f.n++] = (uint8_t)v;
    }
    uint8_t *exact = hn_realloc(f.p, f.n ? f.n : 1);
    f.p = exact ? exact : f.p;
    return f;
}

static enum hn_packet_verdict decode(unsigned link, const char *hex, struct hn_packet *p)
{
    struct frame f = from_hex(hex);
    enum hn_packet_verdict v = hn_packet_decode(link, hn_bytes_of(f.p, f.n), (uint32_t)f.n, NULL, p);
    p->options = p->payload = (struct hn_bytes){0};
    hn_free(f.p);
    return v;
}

static void is_the_syn(const struct hn_packet *p)
{
    char text[HN_IP_TEXT];
    CHECK_C(hn_ip_text(&p->src, text), "198.51.100.1");
    CHECK_C(hn_ip_text(&p->dst, text), "203.0.113.7");
    CHECK_UINT(p->proto, 6);
    CHECK_UINT(p->sport, 49153);
    CHECK_UINT(p->dport, 23);
    CHECK_UINT(p->tcp_seq, 0x01020304);
    CHECK_UINT(p->tcp_flags, HN_TCP_SYN);
    CHECK_UINT(p->tcp_window, 65535);
    CHECK_UINT(p->tcp_doff, 5);
    CHECK_UINT(p->ip_id, 54321);
    CHECK_UINT(p->ttl, 64);
    CHECK(p->df && !p->mf && !p->is_fragment);
}

#define SYN IP4("06", "0028") TCP_SYN

static const struct {
    const char *what;
    unsigned link;
    const char *hex;
    unsigned layers;
} ways[] = {
    {"Ethernet", 1, ETH("0800") SYN, 0},
    {"Ethernet, padded", 1, ETH("0800") SYN "0000 00000000", 0},
    {"VLAN", 1, ETH("8100") "0005 0800" SYN, HN_LAYER_VLAN},
    {"QinQ", 1, ETH("88a8") "0005 8100 0007 0800" SYN, HN_LAYER_VLAN},
    {"MPLS", 1, ETH("8847") "00010040 00011140" SYN, HN_LAYER_MPLS},
    {"Ethernet in MPLS", 1, ETH("8847") "00011140 00000000" ETH("0800") SYN, HN_LAYER_MPLS},
    {"PPPoE", 1, ETH("8864") "1100 0001 002a 0021" SYN, HN_LAYER_PPP},
    {"802.3 SNAP", 1, ETH("0030") "aaaa03 000000 0800" SYN, 0},
    {"null, little", 0, "02000000" SYN, 0},
    {"null, big", 0, "00000002" SYN, 0},
    {"loop", 108, "00000002" SYN, 0},
    {"raw", 101, SYN, 0},
    {"raw of BSD", 12, SYN, 0},
    {"cooked", 113, "0000 0001 0006 0200000000010000 0800" SYN, 0},
    {"cooked 2", 276, "0800 0000 00000002 0001 00 06 0200000000010000" SYN, 0},
    {"PPP", 9, "ff03 0021" SYN, HN_LAYER_PPP},
    {"PPP compressed", 9, "21" SYN, HN_LAYER_PPP},
    {"Cisco HDLC", 104, "0f00 0800" SYN, 0},
    {"frame relay", 107, "1841 03 cc" SYN, 0},
    {"802.11", 105, "0801 0000 020000000001 020000000002 020000000003 0000 aaaa03 000000 0800" SYN, 0},
    {"802.11 QoS", 105, "8801 0000 020000000001 020000000002 020000000003 0000 0000 aaaa03 000000 0800" SYN, 0},
    {"radiotap", 127,
     "0000 0900 02000000 10 0801 0000 020000000001 020000000002 020000000003 0000 aaaa03 000000 0800" SYN, 0},
    {"radiotap, padded", 127,
     "0000 0900 02000000 20 8801 0000 020000000001 020000000002 020000000003 0000 0000 0000 aaaa03 000000 0800" SYN, 0},
    {"nflog", 239, "02 00 0000 0500 0a00 61000000 2c00 0900" SYN, 0},
    {"PPI", 192, "00 00 0800 01000000" ETH("0800") SYN, 0},
    {"GRE", 1, ETH("0800") IP4("2f", "0040") "0000 0800" SYN, HN_LAYER_GRE},
    {"GRE with key and sequence", 1, ETH("0800") IP4("2f", "0048") "3000 0800 00000001 00000002" SYN, HN_LAYER_GRE},
    {"ERSPAN II", 1, ETH("0800") IP4("2f", "005a") "1000 88be 00000001 1000000000000000" ETH("0800") SYN, HN_LAYER_GRE},
    {"IP in IP", 1, ETH("0800") IP4("04", "003c") SYN, HN_LAYER_IPIP},
    {"IPv4 in IPv6", 101, IP6("04", "0028") SYN, HN_LAYER_IPIP},
    {"VXLAN", 1, ETH("0800") IP4("11", "005a") UDP("c000", "12b5", "0046") "0800000000000100" ETH("0800") SYN,
     HN_LAYER_VXLAN},
    {"VXLAN out of Teredo's port", 1,
     ETH("0800") IP4("11", "005a") UDP("0dd8", "12b5", "0046") "0800000000000100" ETH("0800") SYN, HN_LAYER_VXLAN},
    {"GENEVE", 1, ETH("0800") IP4("11", "005a") UDP("c000", "17c1", "0046") "0000655800000100" ETH("0800") SYN,
     HN_LAYER_VXLAN},
    {"ATM", 100, "aaaa03 000000 0800" SYN, 0},
    {"labels alone", 219, "00010040 00011140" SYN, HN_LAYER_MPLS},
    {"netANALYZER", 240, "00000000" ETH("0800") SYN, 0},
    {"PKTAP", 258, PKTAP("6c000000", "01000000", "01000000") ETH("0800") SYN, 0},
    {"PKTAP, longer, raw", 258, PKTAP("70000000", "01000000", "0c000000") "00000000" SYN, 0},
    {"Broadcom's tag", 281, "020000000001 020000000002 20000001 0800" SYN, 0},
    {"Broadcom's tag before", 282, "20000001" ETH("0800") SYN, 0},
    {"DSA", 284, "020000000001 020000000002 00080000 0800" SYN, 0},
    {"DSA in place of a VLAN tag", 284, "020000000001 020000000002 2008e005 0800" SYN, HN_LAYER_VLAN},
    {"DSA, then VLAN", 284, "020000000001 020000000002 00080000 8100 0005 0800" SYN, HN_LAYER_VLAN},
    {"EDSA", 285, ETH("dada") "0000 20080005 0800" SYN, HN_LAYER_VLAN},
    {"PPTP", 1, ETH("0800") IP4("2f", "004a") "3001 880b 002a 0001 00000001 0021" SYN, HN_LAYER_GRE | HN_LAYER_PPP},
    {"PPTP, framed, acknowledging", 1,
     ETH("0800") IP4("2f", "0050") "3081 880b 002c 0001 00000001 00000002 ff03 0021" SYN, HN_LAYER_GRE | HN_LAYER_PPP},
    {"GTP-U", 1, ETH("0800") IP4("11", "004c") UDP("c000", "0868", "0038") "30ff002800000001" SYN, HN_LAYER_GTP},
};

TEST(one_syn_by_every_way)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct hn_packet p;
        NOTE("%s", ways[i].what);
        CHECK_UINT(decode(ways[i].link, ways[i].hex, &p), HN_PACKET_OK);
        is_the_syn(&p);
        STOP_IF_FAILED();
        CHECK_UINT(p.layers, ways[i].layers);
    }
}

/* Every truncation is told as malformed when the wire was that short, as cut when only the capture was. */
TEST(every_truncation_is_told)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct frame f = from_hex(ways[i].hex);
        size_t padding = strstr(ways[i].what, "Ethernet, padded") ? 6 : 0;
        for (size_t n = 0; n + padding < f.n; n++) {
            struct hn_packet p;
            uint8_t *copy = hn_alloc(n ? n : 1);
            CHECK(copy != NULL);
            if (n)
                memcpy(copy, f.p, n);
            NOTE("%s, %zu octets", ways[i].what, n);
            enum hn_packet_verdict wire = hn_packet_decode(ways[i].link, hn_bytes_of(copy, n), (uint32_t)n, NULL, &p);
            CHECK(wire != HN_PACKET_OK || p.proto != 6);
            wire = hn_packet_decode(ways[i].link, hn_bytes_of(copy, n), (uint32_t)f.n, NULL, &p);
            CHECK(!hn_packet_verdict_malformed(wire) || wire == HN_PACKET_TUNNEL);
            hn_free(copy);
        }
        hn_free(f.p);
    }
}

TEST(ipv6_with_its_extension_headers)
{
    struct hn_packet p;
    CHECK_UINT(decode(101, IP6("06", "0014") TCP_SYN, &p), HN_PACKET_OK);
    CHECK_UINT(p.dport, 23);
    CHECK_UINT(p.ip_len, 60);
    CHECK_UINT(decode(101, IP6("00", "0024") "2b00010400000000 0600010400000000" TCP_SYN, &p), HN_PACKET_OK);
    CHECK_UINT(p.dport, 23);
    CHECK(p.ip_options);
    CHECK_UINT(decode(101, IP6("2c", "001c") "06000001 0000abcd" TCP_SYN, &p), HN_PACKET_OK);
    CHECK(p.mf && !p.is_fragment);
    CHECK_UINT(p.dport, 23);
    CHECK_UINT(decode(101, IP6("2c", "000c") "06000009 0000abcd 01020304", &p), HN_PACKET_OK);
    CHECK(p.is_fragment && !p.has_ports);
    CHECK_UINT(p.proto, 6);
    CHECK_UINT(decode(101, IP6("33", "002c") "06040000 00000001 00000001 000000000000000000000000" TCP_SYN, &p),
               HN_PACKET_OK);
    CHECK_UINT(p.dport, 23);
    CHECK_UINT(decode(101, IP6("3b", "0000"), &p), HN_PACKET_OK);
    CHECK_UINT(p.proto, 59);
}

TEST(errors_quote_the_packet_that_caused_them)
{
    struct hn_packet p;
    char text[HN_IP_TEXT];
    /* port unreachable from 198.51.100.1, about a UDP packet to 192.0.2.9:53 */
    CHECK_UINT(decode(1,
                      ETH("0800") IP4("01", "0038") "0303 0000 00000000"
                                                    "45000040 00000000 3f110000 cb007107 c0000209 d000 0035 002c 0000",
                      &p),
               HN_PACKET_OK);
    CHECK_UINT(p.icmp_type, 3);
    CHECK_C(hn_ip_text(&p.quote.dst, text), "192.0.2.9");
    CHECK_UINT(p.quote.proto, 17);
    CHECK(p.quote.ports);
    CHECK_UINT(p.quote.dport, 53);
    /* the same cut within the quoted header: an ICMP packet without a quote */
    CHECK_UINT(decode(1,
                      ETH("0800") IP4("01", "0024") "0303 0000 00000000"
                                                    "45000040 00000000",
                      &p),
               HN_PACKET_OK);
    CHECK_UINT(p.quote.dst.family, 0);
}

static const struct {
    const char *hex;
    enum hn_packet_verdict v;
} wrong[] = {
    {ETH("0806") "0001", HN_PACKET_NOT_IP},
    {ETH("0800") "35 00 0028 0000 0000 40 06 0000 c6336401 cb007107" TCP_SYN, HN_PACKET_IP_VERSION},
    {ETH("0800") "44 00 0028 0000 0000 40 06 0000 c6336401 cb007107" TCP_SYN, HN_PACKET_IP_SHORT},
    {ETH("0800") "45 00 0013 0000 0000 40 06 0000 c6336401 cb007107" TCP_SYN, HN_PACKET_IP_LENGTH},
    {ETH("0800") "45 00 0029 0000 0000 40 06 0000 c6336401 cb007107" TCP_SYN, HN_PACKET_IP_LENGTH},
    {ETH("0800") "45 00 0028 0000 1fff 40 06 0000 c6336401 cb007107" TCP_SYN, HN_PACKET_IP_FRAGMENT},
    {ETH("0800") IP4("06", "0028") "c001 0017 01020304 00000000 40 02 ffff 0000 0000", HN_PACKET_TCP_OFFSET},
    {ETH("0800") IP4("06", "0028") "c001 0017 01020304 00000000 60 02 ffff 0000 0000", HN_PACKET_TCP_OFFSET},
    {ETH("0800") IP4("11", "001c") UDP("0001", "0002", "0007"), HN_PACKET_UDP_LENGTH},
    {ETH("0800") IP4("11", "001c") UDP("0001", "0002", "0009"), HN_PACKET_UDP_LENGTH},
    {ETH("0800") IP4("06", "0020") "c001 0017 01020304 00000000", HN_PACKET_TRANSPORT_SHORT},
    {ETH("8847") "00010040 00010040 00010040 00010040 00010040 00010040 00010040 00010040 00010040 00010040 00010040 "
                 "00010040 00010040 00010140",
     HN_PACKET_TOO_DEEP},
};

TEST(malformed_packets_are_told_by_reason)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct hn_packet p;
        NOTE("row %zu", i);
        CHECK_C(hn_packet_verdict_text(decode(1, wrong[i].hex, &p)), hn_packet_verdict_text(wrong[i].v));
    }
}

static bool stop(void *arg, const struct hn_ip *dst)
{
    return hn_ip_v4(dst) == 0xcb007107;
}

TEST(a_tunnel_is_left_closed_when_asked)
{
    struct hn_packet p;
    struct hn_packet_how how = {.stop = stop};
    struct frame f = from_hex(ETH("0800") IP4("04", "003c") SYN);
    CHECK_UINT(hn_packet_decode(1, hn_bytes_of(f.p, f.n), (uint32_t)f.n, &how, &p), HN_PACKET_OK);
    hn_free(f.p);
    CHECK_UINT(p.proto, 4);
    CHECK(!p.has_ports);
}

/* Teredo with its headers before the packet, in both directions. */
TEST(teredo_is_entered_with_every_header_before_it)
{
    static const char *const ways_in[] = {
        ETH("0800") IP4("11", "0058") UDP("c000", "0dd8", "0044") TEREDO("06", "0014") TCP_SYN,
        ETH("0800") IP4("11", "0058") UDP("0dd8", "c000", "0044") TEREDO("06", "0014") TCP_SYN,
        ETH("0800") IP4("11", "0060") UDP("0dd8", "c000", "004c") "0000 3fff 39cc9bfe" TEREDO("06", "0014") TCP_SYN,
        ETH("0800") IP4("11", "0065") UDP("c000", "0dd8", "0051") "0001 00 00 0102030405060708 00" TEREDO("06", "0014")
            TCP_SYN,
        ETH("0800") IP4("11", "0070") UDP("0dd8", "c000", "005c") "0001 01 02 aa bbbb 0102030405060708 00 "
                                                                  "0000 3fff 39cc9bfe" TEREDO("06", "0014") TCP_SYN,
    };
    for (size_t i = 0; i < sizeof(ways_in) / sizeof(ways_in[0]); i++) {
        struct hn_packet p;
        NOTE("way %zu", i);
        CHECK_UINT(decode(1, ways_in[i], &p), HN_PACKET_OK);
        CHECK_UINT(p.src.family, 6);
        CHECK_UINT(p.src.b[1], 1);
        CHECK_UINT(p.proto, 6);
        CHECK_UINT(p.dport, 23);
        CHECK_UINT(p.layers, HN_LAYER_IPIP);
    }
}

/* What only looks like it stays what it is: UDP on that port. */
TEST(what_is_no_teredo_is_not_entered)
{
    static const char *const others[] = {
        /* another version; a packet shorter, and longer, than it says; no address of Teredo's; a lone port */
        ETH("0800") IP4("11", "0058")
            UDP("c000", "0dd8", "0044") "4 0 000000 0014 06 40 20010000c63364090000bffe3f9bfff8"
                                        "20010db8000000000000000000000002" TCP_SYN,
        ETH("0800") IP4("11", "0058") UDP("c000", "0dd8", "0044") TEREDO("06", "0013") TCP_SYN,
        ETH("0800") IP4("11", "0058") UDP("c000", "0dd8", "0044") TEREDO("06", "0015") TCP_SYN,
        ETH("0800") IP4("11", "0058") UDP("c000", "0dd8", "0044") IP6("06", "0014") TCP_SYN,
        ETH("0800") IP4("11", "0020") UDP("c000", "0dd8", "000c") "00010000",
        ETH("0800") IP4("11", "0024") UDP("c000", "0dd8", "0010") "0001ffff 00000000",
        /* the same packet over IPv6, where Teredo is not */
        ETH("86dd") IP6("11", "0044") UDP("c000", "0dd8", "0044") TEREDO("06", "0014") TCP_SYN,
        /* PPTP of another type, encrypted PPP, an acknowledgement alone */
        ETH("0800") IP4("2f", "004a") "3001 0800 002a 0001 00000001 0021" SYN,
        ETH("0800") IP4("2f", "0024") "3001 880b 0004 0001 00000001 00fd 9000",
        ETH("0800") IP4("2f", "0020") "2081 880b 0000 0001 00000001",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct hn_packet p;
        NOTE("row %zu", i);
        CHECK_UINT(decode(1, others[i], &p), HN_PACKET_OK);
        CHECK_UINT(p.proto, i < 7 ? 17 : 47);
        CHECK_UINT(p.layers, 0);
    }
}

TEST(a_switch_tag_gives_the_vlan_that_it_replaced)
{
    struct hn_packet p;
    CHECK_UINT(decode(284, "020000000001 020000000002 2008e123 0800" SYN, &p), HN_PACKET_OK);
    CHECK_UINT(p.vlan, 0x123);
    CHECK_UINT(decode(285, ETH("dada") "0000 00080123 0800" SYN, &p), HN_PACKET_OK);
    CHECK_UINT(p.vlan, 0);
    CHECK_UINT(decode(258, PKTAP("6c000000", "00000000", "01000000"), &p), HN_PACKET_LINK_HIDDEN);
    CHECK_UINT(decode(258, PKTAP("6c000000", "01000000", "02010000"), &p), HN_PACKET_LINK_SHORT);
}

TEST(a_port_alone_makes_no_tunnel)
{
    struct hn_packet p;
    CHECK_UINT(decode(1, ETH("0800") IP4("11", "0020") UDP("c000", "12b5", "000c") "deadbeef", &p), HN_PACKET_OK);
    CHECK_UINT(p.dport, 4789);
    CHECK_UINT(p.layers, 0);
}
