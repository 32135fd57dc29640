#include "hn_test.h"

#include "base/ip.h"

TEST(addresses_read_and_print_canonically)
{
    static const char *const rows[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 §4.2.2: a single zero stays */
        {"::", "::"},
        {"::1", "::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::ffff:c000:201", "192.0.2.1"},
    };
    char text[HN_IP_TEXT];
    struct hn_ip ip;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        NOTE("%s", rows[i][0]);
        CHECK(hn_ip_parse(hn_str_c(rows[i][0]), &ip));
        CHECK_C(hn_ip_text(&ip, text), rows[i][1]);
    }
    CHECK_C(hn_ip_text(&(struct hn_ip){.family = 0}, text), "-");
}

TEST(what_is_not_an_address_is_refused)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "01.2.3.4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "0x1.2.3.4",
                                      "1.2.3.-4",
                                      ":",
                                      ":::",
                                      "1::2::3",
                                      "12345::",
                                      "::g",
                                      "fe80::1%eth0",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "[::1]",
                                      "1.2.3.4/8",
                                      "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"};
    struct hn_ip ip;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        NOTE("%s", bad[i]);
        CHECK(!hn_ip_parse(hn_str_c(bad[i]), &ip));
    }
    CHECK(!hn_ip_parse((struct hn_str){"1.2.3.4\0", 8}, &ip));
}

struct prefix_row {
    const char *prefix, *in, *out;
    unsigned bits;
};

TEST(prefixes_contain_what_they_should)
{
    static const struct prefix_row rows[] = {
        {"10.0.0.0/8", "10.255.255.255", "11.0.0.0", 8},
        {"10.1.2.3/8", "10.0.0.0", "9.255.255.255", 8},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.127", 25},
        {"192.0.2.7", "192.0.2.7", "192.0.2.6", 32},
        {"0.0.0.0/0", "203.0.113.9", "::1", 0},
        {"2001:db8::/32", "2001:db8:ffff::", "2001:db9::", 32},
        {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::", 33},
        {"::/0", "2001::", "1.2.3.4", 0},
        {"::1", "::1", "::2", 128},
        {"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0", 8},
    };
    struct hn_ip net, ip;
    unsigned bits;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        NOTE("%s", rows[i].prefix);
        CHECK(hn_ip_parse_prefix(hn_str_c(rows[i].prefix), &net, &bits));
        CHECK_UINT(bits, rows[i].bits);
        CHECK(hn_ip_parse(hn_str_c(rows[i].in), &ip));
        CHECK(hn_ip_in(&ip, &net, bits));
        CHECK(hn_ip_parse(hn_str_c(rows[i].out), &ip));
        CHECK(!hn_ip_in(&ip, &net, bits));
    }
    CHECK(hn_ip_parse_prefix(HN_STR("10.1.2.3/8"), &net, &bits));
    CHECK(hn_ip_parse(HN_STR("10.0.0.0"), &ip) && hn_ip_eq(&net, &ip)); /* host bits are cleared */
}

TEST(what_is_not_a_prefix_is_refused)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "/8",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "::/129",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/8/8",
                                      "10.0.0.0/ 8",
                                      "10.0.0/8",
                                      "::/99999999999999999999"};
    struct hn_ip net;
    unsigned bits;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        NOTE("%s", bad[i]);
        CHECK(!hn_ip_parse_prefix(hn_str_c(bad[i]), &net, &bits));
    }
}

TEST(equality_looks_at_the_family)
{
    static const uint8_t zero[16];
    struct hn_ip a = hn_ip4(zero), b = hn_ip6(zero);

    CHECK(!hn_ip_eq(&a, &b) && hn_ip_eq(&a, &a) && hn_ip_eq(&b, &b));
    CHECK(!hn_ip_in(&a, &b, 0) && !hn_ip_in(&a, &a, 33));
}

struct reach_case {
    const char *ip;
    enum hn_reach reach;
};

TEST(reach_follows_the_special_purpose_registries)
{
    static const struct reach_case rows[] = {
        {"0.0.0.0", HN_REACH_ANY},
        {"::", HN_REACH_ANY},
        {"127.0.0.1", HN_REACH_LOOPBACK},
        {"127.255.255.255", HN_REACH_LOOPBACK},
        {"::1", HN_REACH_LOOPBACK},
        {"169.254.1.1", HN_REACH_LINK},
        {"fe80::1", HN_REACH_LINK},
        {"febf::1", HN_REACH_LINK},
        {"10.0.0.1", HN_REACH_PRIVATE},
        {"172.16.0.1", HN_REACH_PRIVATE},
        {"172.31.255.255", HN_REACH_PRIVATE},
        {"172.32.0.0", HN_REACH_PUBLIC},
        {"172.15.255.255", HN_REACH_PUBLIC},
        {"192.168.255.1", HN_REACH_PRIVATE},
        {"192.169.0.1", HN_REACH_PUBLIC},
        {"100.64.0.1", HN_REACH_PRIVATE},
        {"100.127.255.255", HN_REACH_PRIVATE},
        {"100.128.0.0", HN_REACH_PUBLIC},
        {"fc00::1", HN_REACH_PRIVATE},
        {"fdff::1", HN_REACH_PRIVATE},
        {"fe00::1", HN_REACH_PUBLIC},
        {"8.8.8.8", HN_REACH_PUBLIC},
        {"203.0.113.5", HN_REACH_PUBLIC},
        {"2001:db8::1", HN_REACH_PUBLIC},
        {"2606:4700::1", HN_REACH_PUBLIC},
        {"::2", HN_REACH_PUBLIC},
        {"224.0.0.1", HN_REACH_LINK},
        {"239.1.1.1", HN_REACH_PRIVATE},
        {"232.1.1.1", HN_REACH_PUBLIC},
        {"255.255.255.255", HN_REACH_LINK},
        {"250.0.0.1", HN_REACH_NONE},
        {"0.1.2.3", HN_REACH_NONE},
        {"ff02::1", HN_REACH_LINK},
        {"ff0e::1", HN_REACH_PUBLIC},
        {"::ffff:10.0.0.1", HN_REACH_PRIVATE},
    };
    struct hn_ip ip;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        NOTE("%s", rows[i].ip);
        CHECK(hn_ip_parse(hn_str_c(rows[i].ip), &ip));
        CHECK_C(hn_reach_name(hn_ip_reach(&ip)), hn_reach_name(rows[i].reach));
    }
    CHECK_INT(hn_ip_reach(&(struct hn_ip){.family = 0}), HN_REACH_NONE);
}
