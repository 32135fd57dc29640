/* X.509 (RFC 5280) and private keys in DER, through OpenSSL. Only what can be said without the key is handed on. */
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/hash.h"
#include "modules/files/files.h"

static hn_time time_of(const ASN1_TIME *t)
{
    struct tm tm;
    if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
        return 0;
    return hn_time_from_date(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) +
           (tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * HN_SECOND;
}

/* RFC 2253 form with UTF-8, control characters escaped. */
static struct hn_str name_of(struct hn_parse *p, const X509_NAME *n)
{
    struct hn_str out = HN_STR("");
    BIO *b = BIO_new(BIO_s_mem());
    char *text;
    if (!b)
        return out;
    if (X509_NAME_print_ex(b, n, 0, (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)) >= 0) {
        long len = BIO_get_mem_data(b, &text);
        out =
            hn_arena_str(hn_parse_scratch(p),
                         hn_str_from_hostile(hn_parse_scratch(p), hn_bytes_of(text, len > 0 ? (size_t)len : 0), 1024));
    }
    BIO_free(b);
    return out;
}

static void emit_public_key(struct hn_parse *p, EVP_PKEY *key)
{
    char group[64];
    size_t n = 0;
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    if (!key)
        return;
    if (type)
        hn_obs_str(p, "key_type", hn_str_from_hostile(hn_parse_scratch(p), hn_bytes_of(type, strlen(type)), 64));
    if (EVP_PKEY_get_bits(key) > 0)
        hn_obs_int(p, "bits", EVP_PKEY_get_bits(key));
    if (EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1)
        hn_obs_str(p, "curve", hn_arena_str(hn_parse_scratch(p), (struct hn_str){group, n}));
}

#define MAX_NAMES 64

static void emit_names(struct hn_parse *p, const X509 *x)
{
    struct hn_str list[MAX_NAMES];
    size_t n = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && n < MAX_NAMES; i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        if (g->type != GEN_DNS && g->type != GEN_EMAIL && g->type != GEN_URI)
            continue;
        const ASN1_STRING *s = g->d.ia5;
        struct hn_bytes b = hn_bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
        list[n++] = hn_arena_str(hn_parse_scratch(p), hn_str_from_hostile(hn_parse_scratch(p), b, 256));
    }
    GENERAL_NAMES_free(names);
    if (n)
        hn_obs_list(p, "names", list, n);
}

static void emit_serial(struct hn_parse *p, const X509 *x)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    char hex[64 * 2 + 1];
    int n = serial ? ASN1_STRING_length(serial) : 0;
    if (n <= 0 || n > 64)
        return;
    hn_hex(hn_bytes_of(ASN1_STRING_get0_data(serial), (size_t)n), hex);
    hn_obs_str(p, "serial", hn_arena_str(hn_parse_scratch(p), hn_str_c(hex)));
}

bool files_certificate(struct hn_parse *p, struct hn_str path, struct hn_str subject, struct hn_bytes der,
                       const struct hn_rec *r)
{
    const unsigned char *at = der.p;
    uint8_t sum[HN_SHA256_LEN];
    char hex[HN_HEX256_LEN];
    X509 *x = d2i_X509(NULL, &at, (long)der.n);
    ERR_clear_error();
    if (!x)
        return false;
    hn_sha256(hn_bytes_of(der.p, (size_t)(at - der.p)), sum);
    hn_hex(hn_bytes_of(sum, sizeof(sum)), hex);
    hn_obs_begin(p, "certificate", subject);
    hn_obs_str(p, "path", path);
    hn_obs_str(p, "subject_name", name_of(p, X509_get_subject_name(x)));
    hn_obs_str(p, "issuer_name", name_of(p, X509_get_issuer_name(x)));
    emit_serial(p, x);
    hn_obs_time(p, "not_before", time_of(X509_get0_notBefore(x)));
    hn_obs_time(p, "not_after", time_of(X509_get0_notAfter(x)));
    emit_public_key(p, X509_get0_pubkey(x));
    const char *sig = OBJ_nid2ln(X509_get_signature_nid(x));
    if (sig)
        hn_obs_str(p, "signature", hn_str_c(sig));
    hn_obs_bool(p, "self_signed", X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0);
    hn_obs_bool(p, "authority", X509_check_ca(x) == 1);
    emit_names(p, x);
    hn_obs_str(p, "fingerprint", hn_str_c(hex));
    hn_obs_int(p, "mode", r->st.mode & 07777);
    hn_obs_end(p);
    X509_free(x);
    ERR_clear_error();
    return true;
}

bool files_private_der(struct hn_parse *p, struct hn_bytes der, struct hn_str *ret_type, int64_t *ret_bits)
{
    const unsigned char *at = der.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.n);
    ERR_clear_error();
    if (!key)
        return false;
    const char *type = EVP_PKEY_get0_type_name(key);
    if (type)
        *ret_type = hn_arena_str(hn_parse_arena(p),
                                 hn_str_from_hostile(hn_parse_scratch(p), hn_bytes_of(type, strlen(type)), 64));
    *ret_bits = EVP_PKEY_get_bits(key);
    EVP_PKEY_free(key);
    return true;
}
