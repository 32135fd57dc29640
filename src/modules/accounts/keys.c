/* authorized_keys (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"): [options] type base64 [comment]. Keys are decoded only to
 * learn their size and fingerprint (RFC 4253 6.6, RFC 5656, RFC 8709); neither key nor base64 leaves this file. */
#include "base/base64.h"
#include "base/cur.h"
#include "base/hash.h"
#include "modules/accounts/accounts.h"

#define MAX_KEY     16384u /* decoded bytes; RSA 16384 needs 2 KiB */
#define MAX_OPTIONS 32u

static int64_t mpint_bits(struct hn_bytes b)
{
    while (b.n && !b.p[0])
        b = hn_bytes_of(b.p + 1, b.n - 1);
    if (!b.n)
        return 0;
    int64_t bits = (int64_t)(b.n - 1) * 8;
    for (unsigned top = b.p[0]; top; top >>= 1)
        bits++;
    return bits;
}

static bool has_prefix(struct hn_bytes b, const char *prefix)
{
    size_t n = strlen(prefix);
    return b.n >= n && !memcmp(b.p, prefix, n);
}

/* Size of the key in bits; 0 when the blob is not what its type says. */
static int64_t key_bits(struct hn_bytes blob)
{
    struct hn_cur c;
    hn_cur_init(&c, blob, 16);
    struct hn_bytes type = hn_cur_take(&c, hn_cur_be32(&c));
    if (hn_bytes_eqc(type, "ssh-rsa")) {
        hn_cur_skip(&c, hn_cur_be32(&c)); /* e */
        struct hn_bytes n = hn_cur_take(&c, hn_cur_be32(&c));
        return hn_cur_bad(&c) ? 0 : mpint_bits(n);
    }
    if (hn_bytes_eqc(type, "ssh-dss")) {
        struct hn_bytes prime = hn_cur_take(&c, hn_cur_be32(&c));
        return hn_cur_bad(&c) ? 0 : mpint_bits(prime);
    }
    struct hn_bytes first = hn_cur_take(&c, hn_cur_be32(&c));
    if (hn_cur_bad(&c) || !first.n)
        return 0;
    if (has_prefix(type, "ssh-ed25519") || has_prefix(type, "sk-ssh-ed25519"))
        return 256;
    if (has_prefix(type, "ecdsa-sha2-nistp") || has_prefix(type, "sk-ecdsa-sha2-nistp"))
        return hn_bytes_eqc(first, "nistp521") ? 521 : hn_bytes_eqc(first, "nistp384") ? 384 : 256;
    return 0;
}

static bool is_key_type(struct hn_str w)
{
    return hn_str_starts(w, "ssh-") || hn_str_starts(w, "ecdsa-sha2-") || hn_str_starts(w, "sk-ssh-") ||
           hn_str_starts(w, "sk-ecdsa-") || hn_str_starts(w, "rsa-sha2-");
}

struct options {
    struct hn_str names[MAX_OPTIONS];
    size_t n;
    struct hn_str from, command;
    bool restricted;
};

/* One option of the comma separated list, quotes respected; gives what follows. False at the end of the list. */
static bool next_option(struct hn_str *rest, struct hn_str *ret)
{
    bool quoted = false;
    size_t i = 0;
    if (!rest->n || rest->p[0] == ' ' || rest->p[0] == '\t')
        return false;
    for (; i < rest->n; i++) {
        char ch = rest->p[i];
        if (ch == '\\' && i + 1 < rest->n && rest->p[i + 1] == '"')
            i++;
        else if (ch == '"')
            quoted = !quoted;
        else if (!quoted && (ch == ',' || ch == ' ' || ch == '\t'))
            break;
    }
    *ret = hn_str_cut(*rest, 0, i);
    bool comma = i < rest->n && rest->p[i] == ',';
    *rest = hn_str_cut(*rest, i + comma, rest->n);
    return true;
}

static void take_options(struct hn_str *rest, struct options *o)
{
    struct hn_str part;
    while (next_option(rest, &part)) {
        ptrdiff_t eq = hn_str_chr(part, '=');
        struct hn_str name = eq < 0 ? part : hn_str_cut(part, 0, (size_t)eq);
        struct hn_str value = eq < 0 ? (struct hn_str){"", 0} : hn_str_cut(part, (size_t)eq + 1, part.n);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = hn_str_cut(value, 1, value.n - 1);
        if (o->n < MAX_OPTIONS)
            o->names[o->n++] = name;
        if (hn_str_eqc(name, "from"))
            o->from = value;
        if (hn_str_eqc(name, "command"))
            o->command = value;
        if (hn_str_eqc(name, "from") || hn_str_eqc(name, "command") || hn_str_eqc(name, "restrict"))
            o->restricted = true;
    }
    *rest = hn_str_trim(*rest);
}

struct key_line {
    struct hn_str path, user, type, comment;
    uint32_t uid;
    bool has_uid;
    unsigned line;
    struct options o;
};

static void emit_key(struct hn_parse *p, const struct key_line *k, struct hn_bytes blob)
{
    struct hn_arena *a = hn_parse_scratch(p);
    uint8_t digest[HN_SHA256_LEN];
    char b64[HN_BASE64_LEN(HN_SHA256_LEN)];
    hn_sha256(blob, digest);
    hn_base64_encode(hn_bytes_of(digest, sizeof(digest)), b64);
    int64_t bits = key_bits(blob);
    hn_obs_begin(p, "key", hn_arena_fmt(a, "%.*s:%u", HN_FMT(k->path), k->line));
    if (k->user.n)
        hn_obs_str(p, "user", k->user);
    if (k->has_uid)
        hn_obs_int(p, "uid", k->uid);
    hn_obs_str(p, "type", k->type);
    if (bits)
        hn_obs_int(p, "bits", bits);
    hn_obs_str(p, "fingerprint", hn_arena_fmt(a, "SHA256:%s", b64));
    if (k->comment.n)
        hn_obs_str(p, "comment", hn_str_from_hostile(a, hn_str_bytes(k->comment), 512));
    if (k->o.n)
        hn_obs_list(p, "options", k->o.names, k->o.n);
    if (k->o.from.n)
        hn_obs_str(p, "from", k->o.from);
    if (k->o.command.n)
        hn_obs_str(p, "command", k->o.command);
    hn_obs_bool(p, "restricted", k->o.restricted);
    hn_obs_str(p, "path", k->path);
    hn_obs_int(p, "line", k->line);
    hn_obs_end(p);
}

/* NULL when the line holds a key, else what is wrong with it. */
static const char *parse_key(struct hn_parse *p, struct key_line *k, struct hn_str line, uint8_t *blob)
{
    struct hn_str rest = line, word, b64;
    if (!hn_str_word(&rest, &word))
        return NULL;
    if (!is_key_type(word)) {
        rest = line;
        take_options(&rest, &k->o);
        if (!hn_str_word(&rest, &word) || !is_key_type(word))
            return "no key type where one is expected";
    }
    k->type = word;
    if (!hn_str_word(&rest, &b64))
        return "a key type without a key";
    k->comment = hn_str_trim(rest);
    size_t n = hn_base64_decode(b64, blob, MAX_KEY);
    if (!n)
        return "the key is not base64, or is too long";
    struct hn_cur c;
    hn_cur_init(&c, hn_bytes_of(blob, n), 4);
    struct hn_bytes inner = hn_cur_take(&c, hn_cur_be32(&c));
    if (hn_cur_bad(&c) || inner.n != word.n || memcmp(inner.p, word.p, word.n) != 0)
        return "the key is of another type than the line says";
    emit_key(p, k, hn_bytes_of(blob, n));
    return NULL;
}

/* The account whose home the path lies in: "<home>/.ssh/…" or "<home>/.rhosts". */
static struct accounts_user *owner_of(struct accounts_state *s, struct hn_bytes path)
{
    static const char *const tails[] = {"/.ssh/authorized_keys", "/.ssh/authorized_keys2", "/.rhosts", "/.shosts"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        size_t n = strlen(tails[i]);
        if (path.n > n && !memcmp(path.p + path.n - n, tails[i], n))
            return hn_map_find(&s->by_home, hn_bytes_of(path.p, path.n - n));
    }
    return NULL;
}

static void emit_file(struct hn_parse *p, const struct hn_rec *r, struct hn_str path, const char *role,
                      const struct accounts_user *u, int64_t entries, bool any)
{
    hn_obs_begin(p, "file", path);
    hn_obs_str(p, "role", hn_str_c(role));
    if (u)
        hn_obs_str(p, "user", u->name);
    if (r->has_stat) {
        hn_obs_int(p, "mode", r->st.mode & 07777);
        hn_obs_int(p, "uid", r->st.uid);
        hn_obs_int(p, "gid", r->st.gid);
    }
    if (entries >= 0) {
        hn_obs_int(p, "entries", entries);
        hn_obs_bool(p, "any_host", any);
    }
    hn_obs_end(p);
}

void accounts_keys(struct hn_parse *p, const struct hn_rec *r)
{
    if (r->err || r->offset)
        return;
    struct accounts_user *u = owner_of(hn_parse_state(p), r->path);
    struct hn_arena *a = hn_parse_scratch(p);
    uint8_t *blob = hn_arena_alloc(a, MAX_KEY);
    struct hn_str path = hn_str_from_hostile(a, hn_path_canonical(a, r->path), 4096);
    struct hn_str text = hn_str_from_hostile(a, r->data, 4u << 20);
    struct hn_str rest = text, line;
    if (!blob)
        return;
    emit_file(p, r, path, "keys", u, -1, false);
    if (r->truncated)
        hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
    for (unsigned no = 1; no <= ACCOUNTS_MAX_LINES && hn_str_split(&rest, '\n', &line); no++) {
        size_t at = (size_t)(line.p - text.p);
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        struct key_line k = {.path = path, .line = no};
        if (u) {
            k.user = u->name;
            k.uid = u->uid;
            k.has_uid = !u->number_bad;
            u->keys++;
        }
        const char *why = parse_key(p, &k, line, blob);
        if (why)
            hn_parse_malformed(p, r->path, at, why);
    }
}

/* hosts.equiv(5), .rhosts: a line grants entry without a password; "+" means anybody. */
void accounts_trust_file(struct hn_parse *p, const struct hn_rec *r)
{
    if (r->err || r->offset)
        return;
    struct accounts_user *u = owner_of(hn_parse_state(p), r->path);
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_str rest = hn_str_from_hostile(a, r->data, 1u << 20), line, word;
    int64_t entries = 0;
    bool any = false;
    while (entries < (int64_t)ACCOUNTS_MAX_LINES && hn_str_split(&rest, '\n', &line)) {
        if (!hn_str_word(&line, &word) || word.p[0] == '#' || word.p[0] == '-')
            continue;
        entries++;
        if (hn_str_eqc(word, "+") || (hn_str_word(&line, &word) && hn_str_eqc(word, "+")))
            any = true;
    }
    emit_file(p, r, hn_str_from_hostile(a, hn_path_canonical(a, r->path), 4096), "trust", u, entries, any);
}
