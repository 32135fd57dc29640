/* Fingerprints of TLS: of the program that opened a connection (JA3, JA4) and of what answered (JA3S).
 *
 *   JA3   MD5 of "version,ciphers,extensions,groups,point formats" in decimal, without GREASE (salesforce/ja3, BSD)
 *   JA3S  MD5 of "version,cipher,extensions" of the answer; only as a log tells it
 *   JA4   "t13d1516h2_8daaf6152771_e5627efa2ab1" (FoxIO, technical_details/JA4.md, BSD). The other members of that
 * family are under another licence and are not made here.
 *
 * Fingerprints are no names: many programs share one, and browsers that shuffle their extensions have a new JA3 for
 * every connection (which is why JA4 sorts them). */
#pragma once

#include "base/bytes.h"

enum hn_tls_print { HN_TLS_JA3, HN_TLS_JA3S, HN_TLS_JA4, HN_TLS_PRINTS };

#define HN_TLS_MD5  16u
#define HN_TLS_JA4N 36u
#define HN_TLS_TEXT 40u /* of any of them, with the NUL */

/* All octets 0: not known. */
struct hn_flow_tls {
    uint8_t ja3[HN_TLS_MD5], ja3s[HN_TLS_MD5];
    uint8_t ja4[HN_TLS_JA4N]; /* the text, without NUL */
};

const char *hn_tls_print_name(enum hn_tls_print p); /* "ja3" */
unsigned hn_tls_print_size(enum hn_tls_print p);    /* octets as kept */
/* Empty: not known. */
struct hn_bytes hn_tls_print_get(const struct hn_flow_tls *t, enum hn_tls_print p);
/* Octets as kept, of hn_tls_print_size(). */
void hn_tls_print_set(struct hn_flow_tls *t, enum hn_tls_print p, const uint8_t *octets);
/* "de350869b8c85de67a350c8d186f11e6", a JA4 of TLS, DTLS or QUIC; capitals count as small ones. False: has not its
 * shape. */
bool hn_tls_print_parse(struct hn_flow_tls *t, enum hn_tls_print p, struct hn_str text);
const char *hn_tls_print_text(enum hn_tls_print p, const uint8_t *octets, char out[HN_TLS_TEXT]);

#define HN_HELLO_MAX 16384u /* octets of a stream in which a hello must end */

enum hn_hello {
    HN_HELLO_NONE, /* what begins here is no ClientHello, or a malformed one */
    HN_HELLO_MORE, /* … so far it is: more of the stream is needed */
    HN_HELLO_READ
};
/* stream: what a client sent over TCP, from the first octet on. The hello may lie in several records. */
enum hn_hello hn_tls_hello(struct hn_bytes stream, struct hn_flow_tls *ret);
