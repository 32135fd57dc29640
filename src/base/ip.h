/* Addresses of both families in one type. */
#pragma once

#include "base/bytes.h"

struct hn_ip {
    uint8_t b[16];  /* network order; IPv4 in the first four bytes */
    uint8_t family; /* 4, 6, or 0 = none */
};

/* How far an address reaches, narrowest first (RFC 4291, RFC 1918, RFC 6890, RFC 4193, RFC 6598). */
enum hn_reach { HN_REACH_NONE, HN_REACH_LOOPBACK, HN_REACH_LINK, HN_REACH_PRIVATE, HN_REACH_PUBLIC, HN_REACH_ANY };

#define HN_IP_TEXT 64
struct hn_ip hn_ip4(const uint8_t b[4]);
struct hn_ip hn_ip6(const uint8_t b[16]); /* an IPv4-mapped address becomes IPv4 */
bool hn_ip_parse(struct hn_str s, struct hn_ip *ret);
/* "10.0.0.0/8", "2001:db8::/32" or a single address. */
bool hn_ip_parse_prefix(struct hn_str s, struct hn_ip *ret, unsigned *ret_bits);
const char *hn_ip_text(const struct hn_ip *ip, char out[HN_IP_TEXT]);
bool hn_ip_eq(const struct hn_ip *a, const struct hn_ip *b);
bool hn_ip_in(const struct hn_ip *ip, const struct hn_ip *net, unsigned bits);
enum hn_reach hn_ip_reach(const struct hn_ip *ip); /* the unspecified address is HN_REACH_ANY */
const char *hn_reach_name(enum hn_reach r);        /* "loopback", "link-local", "private", "public", "everywhere" */
