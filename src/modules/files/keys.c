/* Keys and certificates by their content: PEM (RFC 7468, RFC 1421 headers), OpenSSH's private key (PROTOCOL.key), DER,
 * PKCS #12, Java key stores, PuTTY. Content is looked at only here and never handed on. */
#include "base/base64.h"
#include "base/cur.h"
#include "modules/files/files.h"

static struct files_key *add_key(struct hn_parse *p, const struct hn_rec *r, struct hn_str path, struct hn_str subject,
                                 const char *format)
{
    struct files_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct files_key *k = s->n_keys < FILES_MAX_KEYS ? HN_NEW(a, struct files_key) : NULL;
    if (!k)
        return NULL;
    k->path = hn_arena_str(a, path);
    k->subject = hn_arena_str(a, subject);
    k->format = hn_str_c(format);
    k->mode = r->st.mode;
    k->uid = r->st.uid;
    k->gid = r->st.gid;
    if (s->last_key)
        s->last_key->next = k;
    else
        s->keys = k;
    s->last_key = k;
    s->n_keys++;
    return k;
}

/* A key that others may read by its own mode: whether they reach it depends on the folders above. */
static void want_folders(struct hn_parse *p, struct hn_str path)
{
    struct files_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    for (size_t at = path.n; at > 1;) {
        while (at > 1 && path.p[at - 1] != '/')
            at--;
        at--;
        struct hn_str dir = hn_str_cut(path, 0, at);
        if (!dir.n || hn_map_has(&s->folders, hn_str_bytes(dir)))
            continue;
        for (size_t i = 0; i < dir.n; i++)
            if (strchr("*?[\\", dir.p[i]))
                return;
        struct files_folder *f = HN_NEW(a, struct files_folder);
        if (!f)
            return;
        f->path = hn_arena_str(a, dir);
        if (!hn_ok(hn_map_set(&s->folders, hn_str_bytes(f->path), f)))
            return;
        hn_parse_want_some(p, "folder", f->path, 0);
    }
}

void files_folder_stat(struct hn_parse *p, const struct hn_rec *r)
{
    struct files_state *s = hn_parse_state(p);
    struct files_folder *f = hn_map_find(&s->folders, r->path);
    if (!f || r->err || !r->has_stat)
        return;
    f->seen = true;
    f->mode = r->st.mode;
}

/* "openssh-key-v1\0", cipher, kdf, kdf options, u32 number of keys, public key (type, …) */
static void take_openssh(struct hn_parse *p, struct files_key *k, struct hn_bytes blob)
{
    static const char magic[] = "openssh-key-v1";
    struct hn_cur c;
    hn_cur_init(&c, blob, 16);
    struct hn_bytes m = hn_cur_take(&c, sizeof(magic));
    if (hn_cur_bad(&c) || memcmp(m.p, magic, sizeof(magic)) != 0)
        return;
    struct hn_bytes cipher = hn_cur_take(&c, hn_cur_be32(&c));
    hn_cur_skip(&c, hn_cur_be32(&c));
    hn_cur_skip(&c, hn_cur_be32(&c));
    hn_cur_be32(&c);
    struct hn_cur pub = hn_cur_sub(&c, hn_cur_be32(&c));
    struct hn_bytes type = hn_cur_take(&pub, hn_cur_be32(&pub));
    if (hn_cur_bad(&c) || hn_cur_bad(&pub))
        return;
    k->encryption_known = true;
    k->encrypted = !hn_bytes_eqc(cipher, "none");
    k->type = hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), type, 64));
    if (hn_bytes_eqc(type, "ssh-ed25519"))
        k->bits = 256;
    if (!hn_bytes_eqc(type, "ssh-rsa"))
        return;
    hn_cur_skip(&pub, hn_cur_be32(&pub));
    struct hn_bytes n = hn_cur_take(&pub, hn_cur_be32(&pub));
    while (n.n && !n.p[0])
        n = hn_bytes_of(n.p + 1, n.n - 1);
    k->bits = hn_cur_bad(&pub) ? 0 : (int64_t)n.n * 8;
}

/* ---------------------------------------------------------------- PEM */

struct block {
    struct hn_str label, headers, body;
};

/* The next "-----BEGIN x-----" … "-----END x-----". False when there is none; *ret_bad for one that does not end. */
static bool next_block(struct hn_str *rest, struct block *b, bool *ret_bad)
{
    *ret_bad = false;
    ptrdiff_t at = hn_str_find(*rest, HN_STR("-----BEGIN "));
    if (at < 0)
        return false;
    struct hn_str s = hn_str_cut(*rest, (size_t)at + 11, rest->n);
    ptrdiff_t end = hn_str_find(s, HN_STR("-----"));
    ptrdiff_t stop = hn_str_find(s, HN_STR("-----END "));
    if (end < 0 || end > 64 || stop < 0 || stop < end) {
        *rest = hn_str_cut(s, s.n < 1 ? s.n : 1, s.n);
        *ret_bad = true;
        return true;
    }
    b->label = hn_str_cut(s, 0, (size_t)end);
    b->body = hn_str_trim(hn_str_cut(s, (size_t)end + 5, (size_t)stop));
    b->headers = HN_STR("");
    ptrdiff_t gap = hn_str_find(b->body, HN_STR("\n\n"));
    if (gap < 0)
        gap = hn_str_find(b->body, HN_STR("\n\r\n"));
    if (gap > 0 &&
        hn_str_chr(hn_str_cut(b->body, 0, (size_t)gap), ':') >= 0) { /* RFC 1421 headers end at a blank line */
        b->headers = hn_str_cut(b->body, 0, (size_t)gap);
        b->body = hn_str_cut(b->body, (size_t)gap, b->body.n);
    }
    *rest = hn_str_cut(s, (size_t)stop + 9, s.n);
    return true;
}

static void take_private(struct hn_parse *p, const struct hn_rec *r, struct hn_str path, struct hn_str subject,
                         const struct block *b, struct hn_bytes der)
{
    bool openssh = hn_str_eqc(b->label, "OPENSSH PRIVATE KEY");
    bool pkcs8_encrypted = hn_str_eqc(b->label, "ENCRYPTED PRIVATE KEY");
    bool pgp = hn_str_starts(b->label, "PGP ");
    struct files_key *k = add_key(p, r, path, subject, openssh ? "openssh" : pgp ? "pgp" : "pem");
    if (!k)
        return;
    if (openssh) {
        take_openssh(p, k, der);
    } else if (!pgp) {
        k->encryption_known = true;
        k->encrypted = pkcs8_encrypted || hn_str_find(b->headers, HN_STR("ENCRYPTED")) >= 0;
        if (!k->encrypted && !files_private_der(p, der, &k->type, &k->bits))
            hn_parse_malformed(p, r->path, 0, "a private key that cannot be decoded");
    }
    if (k->mode & 04)
        want_folders(p, k->path);
}

static size_t count_certificates(struct hn_str text)
{
    size_t n = 0;
    for (ptrdiff_t at; (at = hn_str_find(text, HN_STR("-----BEGIN CERTIFICATE-----"))) >= 0 && n < 100000; n++)
        text = hn_str_cut(text, (size_t)at + 27, text.n);
    return n;
}

static void take_pem(struct hn_parse *p, const struct hn_rec *r, struct hn_str path, struct hn_str text)
{
    struct hn_arena *a = hn_parse_scratch(p);
    size_t certificates = count_certificates(text);
    struct block b;
    bool bad;
    if (certificates > FILES_TRUST_STORE) {
        hn_obs_begin(p, "trust_store", path);
        hn_obs_str(p, "path", path);
        hn_obs_int(p, "certificates", (int64_t)certificates);
        hn_obs_end(p);
        return;
    }
    uint8_t *der = hn_arena_alloc(a, FILES_KEY_BYTES);
    if (!der)
        return;
    for (unsigned i = 0; i < FILES_MAX_BLOCKS && next_block(&text, &b, &bad); i++) {
        if (bad) {
            if (!r->truncated)
                hn_parse_malformed(p, r->path, 0, "a PEM block that does not end");
            continue;
        }
        struct hn_str subject = i ? hn_arena_fmt(a, "%.*s#%u", HN_FMT(path), i + 1) : path;
        bool certificate = hn_str_eqc(b.label, "CERTIFICATE") || hn_str_eqc(b.label, "TRUSTED CERTIFICATE") ||
                           hn_str_eqc(b.label, "X509 CERTIFICATE");
        bool private = hn_str_find(b.label, HN_STR("PRIVATE KEY")) >= 0;
        if (!certificate && !private)
            continue;
        size_t n = hn_base64_decode(b.body, der, FILES_KEY_BYTES);
        if (private)
            take_private(p, r, path, subject, &b, hn_bytes_of(der, n));
        else if (!n || !files_certificate(p, path, subject, hn_bytes_of(der, n), r))
            hn_parse_malformed(p, r->path, 0, "a certificate that cannot be decoded");
    }
}

/* ---------------------------------------------------------------- other containers */

static bool has_magic(struct hn_bytes b, const char *magic, size_t n)
{
    return b.n >= n && memcmp(b.p, magic, n) == 0;
}

/* PKCS #12 (RFC 7292): SEQUENCE { INTEGER 3, … } */
static bool is_pkcs12(struct hn_bytes b)
{
    size_t at = b.n > 2 && b.p[0] == 0x30 ? (b.p[1] & 0x80 ? 2 + (size_t)(b.p[1] & 0x7f) : 2) : 0;
    return at && at + 3 <= b.n && memcmp(b.p + at, "\2\1\3", 3) == 0;
}

static void take_store(struct hn_parse *p, const struct hn_rec *r, struct hn_str path, const char *format,
                       bool encrypted)
{
    struct files_key *k = add_key(p, r, path, path, format);
    if (!k)
        return;
    k->encryption_known = true;
    k->encrypted = encrypted;
    if (k->mode & 04)
        want_folders(p, k->path);
}

void files_candidate(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_str type;
    int64_t bits;
    if (r->err || r->offset || !r->has_stat || !r->data.n)
        return;
    struct hn_str path = hn_str_from_hostile(a, hn_path_canonical(a, r->path), 4096);
    if (has_magic(r->data, "\xfe\xed\xfe\xed", 4) || has_magic(r->data, "\xce\xce\xce\xce", 4)) {
        take_store(p, r, path, "java", true);
    } else if (has_magic(r->data, "PuTTY-User-Key-File", 19)) {
        struct hn_str text = hn_str_from_hostile(a, r->data, 1u << 20);
        take_store(p, r, path, "putty", hn_str_find(text, HN_STR("Encryption: none")) < 0);
    } else if (is_pkcs12(r->data)) {
        take_store(p, r, path, "pkcs12", true);
    } else if (r->data.p[0] == 0x30) {
        if (files_certificate(p, path, path, r->data, r))
            return;
        if (files_private_der(p, r->data, &type, &bits))
            take_store(p, r, path, "der", false);
    } else {
        struct hn_str text = hn_str_from_hostile(a, r->data, 1u << 20);
        if (hn_str_starts(text, "[Interface]") && hn_str_find(text, HN_STR("PrivateKey")) >= 0)
            take_store(p, r, path, "wireguard", false);
        else
            take_pem(p, r, path, text);
    }
}

/* ---------------------------------------------------------------- out */

/* Every folder above lets others through; an unseen one is taken as open. */
static bool reachable(const struct files_state *s, struct hn_str path)
{
    for (size_t at = path.n; at > 1;) {
        while (at > 1 && path.p[at - 1] != '/')
            at--;
        at--;
        const struct files_folder *f = hn_map_find(&s->folders, hn_str_bytes(hn_str_cut(path, 0, at)));
        if (f && f->seen && !(f->mode & 01))
            return false;
    }
    return true;
}

void files_keys_emit(struct hn_parse *p)
{
    struct files_state *s = hn_parse_state(p);
    for (const struct files_key *k = s->keys; k; k = k->next) {
        const char *who = "owner";
        if ((k->mode & 04) && reachable(s, k->path))
            who = "everybody";
        else if (k->mode & 040)
            who = "group";
        hn_obs_begin(p, "key", k->subject);
        hn_obs_str(p, "path", k->path);
        hn_obs_str(p, "format", k->format);
        if (k->type.n)
            hn_obs_str(p, "type", k->type);
        if (k->bits > 0)
            hn_obs_int(p, "bits", k->bits);
        if (k->encryption_known)
            hn_obs_bool(p, "encrypted", k->encrypted);
        hn_obs_int(p, "mode", k->mode & 07777);
        hn_obs_int(p, "uid", k->uid);
        hn_obs_int(p, "gid", k->gid);
        hn_obs_str(p, "readable_by", hn_str_c(who));
        hn_obs_end(p);
    }
}
