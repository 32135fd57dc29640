#include "format/flow/filter.h"

#include <ctype.h>

#include "base/str.h"

enum op { OP_ANY, OP_AND, OP_OR, OP_NOT, OP_ADDRESS, OP_FAMILY, OP_NUMBER, OP_BITS, OP_SET, OP_PRINT };
enum compare { EQ, NE, LT, GT, LE, GE, BETWEEN };
/* What a number is of, beyond plain columns. */
enum of { OF_COLUMN, OF_EITHER_PORT, OF_PACKETS, OF_BYTES, OF_BPS, OF_PPS, OF_EITHER_AS, OF_EITHER_IF };

struct hn_flow_filter {
    enum op op;
    const struct hn_flow_filter *left, *right;
    struct hn_ip net;
    unsigned bits;
    bool src, dst; /* addresses: which side */
    enum of of;
    enum hn_segment_column column;
    enum hn_tls_print print;
    struct hn_flow_tls tls; /* holds the fingerprint that is asked for */
    enum compare compare;
    uint64_t value, to;
    const uint64_t *set;
    size_t n_set;
    uint32_t columns;
};

struct parser {
    struct hn_arena *a;
    struct hn_str text;
    size_t at, token_at;
    struct hn_str token;
    const char *why;
    size_t why_at;
    unsigned depth;
};

#define COL(c) (1u << HN_SEGMENT_##c)

/* ---------------------------------------------------------------- words */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == ':' || c == '/' || c == '-' || c == ',' || c == '_';
}

static void advance(struct parser *p)
{
    size_t i = p->at;
    while (i < p->text.n && isspace((unsigned char)p->text.p[i]))
        i++;
    p->token_at = i;
    size_t end = i;
    if (end < p->text.n && is_word(p->text.p[end]))
        while (end < p->text.n && is_word(p->text.p[end]))
            end++;
    else if (end < p->text.n)
        end += end + 1 < p->text.n && p->text.p[end + 1] == '=' && strchr("<>!=", p->text.p[end]) ? 2 : 1;
    p->token = hn_str_cut(p->text, i, end);
    p->at = end;
}

static bool is(const struct parser *p, const char *word)
{
    size_t n = strlen(word);
    if (p->token.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)p->token.p[i]) != word[i])
            return false;
    return true;
}

static bool take(struct parser *p, const char *word)
{
    if (!is(p, word))
        return false;
    advance(p);
    return true;
}

static struct hn_flow_filter *fail(struct parser *p, const char *why)
{
    if (!p->why) {
        p->why = why;
        p->why_at = p->token_at;
    }
    return NULL;
}

static struct hn_flow_filter *node(struct parser *p, enum op op)
{
    struct hn_flow_filter *f = HN_NEW(p->a, struct hn_flow_filter);
    if (!f)
        return fail(p, "out of memory");
    f->op = op;
    return f;
}

/* ---------------------------------------------------------------- numbers */

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

static bool scaled(struct hn_str s, bool is_time, uint64_t *ret)
{
    uint64_t unit = 1;
    if (!digits(&s, ret))
        return false;
    if (is_time)
        unit = !s.n || hn_str_eqc(s, "ms") ? 1
               : hn_str_eqc(s, "s")        ? 1000
               : hn_str_eqc(s, "m")        ? 60000
               : hn_str_eqc(s, "h")        ? 3600000
                                           : 0;
    else if (s.n)
        unit = s.n != 1                              ? 0
               : tolower((unsigned char)*s.p) == 'k' ? 1000
               : tolower((unsigned char)*s.p) == 'm' ? 1000000
               : tolower((unsigned char)*s.p) == 'g' ? 1000000000
                                                     : 0;
    if (!unit || *ret > UINT64_MAX / unit)
        return false;
    *ret *= unit;
    return true;
}

static enum compare comparison(struct parser *p)
{
    static const struct {
        const char *word;
        enum compare c;
    } all[] = {{"<=", LE}, {">=", GE}, {"!=", NE}, {"==", EQ}, {"=", EQ},  {"<", LT}, {">", GT},
               {"eq", EQ}, {"ne", NE}, {"lt", LT}, {"gt", GT}, {"le", LE}, {"ge", GE}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (take(p, all[i].word))
            return all[i].c;
    return EQ;
}

static struct hn_flow_filter *list(struct parser *p, struct hn_flow_filter *f)
{
    uint64_t *set = hn_arena_alloc(p->a, (p->token.n + 1) * sizeof *set);
    struct hn_str rest = p->token, part;
    while (set && hn_str_split(&rest, ',', &part))
        if (!scaled(part, false, &set[f->n_set++]))
            return fail(p, "a list of numbers was expected");
    f->op = OP_SET;
    f->set = set;
    advance(p);
    return set ? f : fail(p, "out of memory");
}

/* [CMP] N, N-N or N,N,… */
static struct hn_flow_filter *numbers(struct parser *p, struct hn_flow_filter *f, bool is_time)
{
    struct hn_str rest, from;
    f->op = OP_NUMBER;
    f->compare = comparison(p);
    if (hn_str_chr(p->token, ',') >= 0)
        return list(p, f);
    rest = p->token;
    ptrdiff_t dash = hn_str_chr(rest, '-');
    if (dash > 0) {
        from = hn_str_cut(rest, 0, (size_t)dash);
        f->compare = BETWEEN;
        if (!scaled(from, is_time, &f->value) || !scaled(hn_str_cut(rest, (size_t)dash + 1, rest.n), is_time, &f->to))
            return fail(p, "a range of numbers was expected");
    } else if (!scaled(rest, is_time, &f->value)) {
        return fail(p, is_time ? "a time such as 500ms, 10s, 5m was expected" : "a number was expected");
    }
    advance(p);
    return f;
}

static struct hn_flow_filter *column(struct parser *p, enum hn_segment_column c)
{
    struct hn_flow_filter *f = node(p, OP_NUMBER);
    if (!f)
        return NULL;
    f->of = OF_COLUMN;
    f->column = c;
    f->columns = 1u << c;
    return numbers(p, f, c == HN_SEGMENT_DURATION);
}

static struct hn_flow_filter *computed(struct parser *p, enum of of, uint32_t columns)
{
    struct hn_flow_filter *f = node(p, OP_NUMBER);
    if (!f)
        return NULL;
    f->of = of;
    f->columns = columns;
    return numbers(p, f, false);
}

/* ---------------------------------------------------------------- tests */

static struct hn_flow_filter *address(struct parser *p, bool src, bool dst)
{
    struct hn_flow_filter *f = node(p, OP_ADDRESS);
    if (!f)
        return NULL;
    if (!hn_ip_parse_prefix(p->token, &f->net, &f->bits))
        return fail(p, "an address or a prefix was expected");
    f->src = src;
    f->dst = dst;
    f->columns = (src ? COL(SRC) : 0) | (dst ? COL(DST) : 0);
    advance(p);
    return f;
}

static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {{"tcp", 6},  {"udp", 17}, {"icmp", 1},   {"icmp6", 58}, {"gre", 47},
                 {"esp", 50}, {"ah", 51},  {"sctp", 132}, {"igmp", 2},   {"ospf", 89}};

static struct hn_flow_filter *fixed(struct parser *p, enum hn_segment_column c, uint64_t value)
{
    struct hn_flow_filter *f = node(p, OP_NUMBER);
    if (!f)
        return NULL;
    f->of = OF_COLUMN;
    f->column = c;
    f->columns = 1u << c;
    f->compare = EQ;
    f->value = value;
    advance(p);
    return f;
}

static struct hn_flow_filter *protocol(struct parser *p, bool only_names)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (is(p, protocols[i].name))
            return fixed(p, HN_SEGMENT_PROTO, protocols[i].number);
    return only_names ? NULL : column(p, HN_SEGMENT_PROTO);
}

static struct hn_flow_filter *flags(struct parser *p)
{
    static const char letters[] = "fsrpauec";
    struct hn_flow_filter *f = node(p, OP_BITS);
    if (!f)
        return NULL;
    f->column = HN_SEGMENT_FLAGS;
    f->columns = COL(FLAGS);
    for (size_t i = 0; i < p->token.n; i++) {
        const char *at = strchr(letters, tolower((unsigned char)p->token.p[i]));
        if (!at || !*at)
            return fail(p, "letters of TCP flags were expected: F S R P A U E C");
        f->value |= 1u << (at - letters);
    }
    if (!p->token.n)
        return fail(p, "letters of TCP flags were expected: F S R P A U E C");
    advance(p);
    return f;
}

static struct hn_flow_filter *word_of(struct parser *p, enum hn_segment_column c, const char *const *words, size_t n,
                                      const char *why)
{
    for (size_t i = 0; i < n; i++)
        if (is(p, words[i]))
            return fixed(p, c, i);
    return fail(p, why);
}

static struct hn_flow_filter *sided(struct parser *p, bool src, bool dst)
{
    if (take(p, "host") || take(p, "ip") || take(p, "net"))
        return address(p, src, dst);
    if (take(p, "port"))
        return src && dst ? computed(p, OF_EITHER_PORT, COL(SPORT) | COL(DPORT))
                          : column(p, src ? HN_SEGMENT_SPORT : HN_SEGMENT_DPORT);
    if (take(p, "as"))
        return src && dst ? computed(p, OF_EITHER_AS, COL(SRC_AS) | COL(DST_AS))
                          : column(p, src ? HN_SEGMENT_SRC_AS : HN_SEGMENT_DST_AS);
    struct hn_ip ip;
    unsigned bits;
    if (hn_ip_parse_prefix(p->token, &ip, &bits)) /* "src 10.0.0.1" */
        return address(p, src, dst);
    return fail(p, "host, net, port or as was expected");
}

static struct hn_flow_filter *counter(struct parser *p)
{
    if (take(p, "packets"))
        return computed(p, OF_PACKETS, COL(PACKETS) | COL(PACKETS_BACK));
    if (take(p, "bytes"))
        return computed(p, OF_BYTES, COL(BYTES) | COL(BYTES_BACK));
    if (take(p, "bps"))
        return computed(p, OF_BPS, COL(BYTES) | COL(BYTES_BACK) | COL(DURATION));
    if (take(p, "pps"))
        return computed(p, OF_PPS, COL(PACKETS) | COL(PACKETS_BACK) | COL(DURATION));
    if (take(p, "duration"))
        return column(p, HN_SEGMENT_DURATION);
    if (take(p, "tos"))
        return column(p, HN_SEGMENT_TOS);
    if (take(p, "vlan"))
        return column(p, HN_SEGMENT_VLAN);
    if (take(p, "exporter"))
        return column(p, HN_SEGMENT_EXPORTER);
    if (take(p, "sampling"))
        return column(p, HN_SEGMENT_SAMPLING);
    if (take(p, "if"))
        return computed(p, OF_EITHER_IF, COL(IN_IF) | COL(OUT_IF));
    if (is(p, "in") || is(p, "out")) {
        bool in = take(p, "in");
        if (!in)
            advance(p);
        return take(p, "if") ? column(p, in ? HN_SEGMENT_IN_IF : HN_SEGMENT_OUT_IF) : fail(p, "\"if\" was expected");
    }
    return NULL;
}

static struct hn_flow_filter *print(struct parser *p)
{
    static const char *const why[HN_TLS_PRINTS] = {"the 32 digits of a JA3 were expected",
                                                   "the 32 digits of a JA3S were expected",
                                                   "a JA4 such as t13d1516h2_8daaf6152771_e5627efa2ab1 was expected"};
    for (unsigned k = 0; k < HN_TLS_PRINTS; k++) {
        if (!take(p, hn_tls_print_name((enum hn_tls_print)k)))
            continue;
        struct hn_flow_filter *f = node(p, OP_PRINT);
        if (f && !hn_tls_print_parse(&f->tls, (enum hn_tls_print)k, p->token))
            return fail(p, why[k]);
        if (f) {
            f->print = (enum hn_tls_print)k;
            f->columns = 1u << hn_segment_print_column(f->print);
            advance(p);
        }
        return f;
    }
    return NULL;
}

static struct hn_flow_filter *family(struct parser *p, uint64_t which)
{
    struct hn_flow_filter *f = node(p, OP_FAMILY);
    if (f)
        f->value = which;
    return f;
}

static struct hn_flow_filter *test(struct parser *p)
{
    static const char *const states[] = {"unknown", "attempt", "rejected", "established",
                                         "closed",  "reset",   "midstream"};
    static const char *const apps[] = {"unknown", "dns", "http", "tls", "ssh", "ntp", "smtp", "irc", "dhcp", "other"};
    if (take(p, "any"))
        return node(p, OP_ANY);
    if (take(p, "ipv4") || take(p, "inet"))
        return family(p, 4);
    if (take(p, "ipv6") || take(p, "inet6"))
        return family(p, 6);
    if (take(p, "src"))
        return sided(p, true, false);
    if (take(p, "dst"))
        return sided(p, false, true);
    if (is(p, "host") || is(p, "ip") || is(p, "net") || is(p, "port") || is(p, "as"))
        return sided(p, true, true);
    if (take(p, "proto"))
        return protocol(p, false);
    if (take(p, "flags"))
        return flags(p);
    if (take(p, "state"))
        return word_of(p, HN_SEGMENT_STATE, states, 7,
                       "attempt, rejected, established, closed, reset or midstream was expected");
    if (take(p, "app"))
        return word_of(p, HN_SEGMENT_APP, apps, 10, "dns, http, tls, ssh, ntp, smtp, irc, dhcp or other was expected");
    struct hn_flow_filter *f = counter(p);
    if (!f && !p->why)
        f = print(p);
    if (!f && !p->why)
        f = protocol(p, true);
    return f ? f : fail(p, p->token.n ? "this word is not known here" : "the filter ends too early");
}

/* ---------------------------------------------------------------- expressions */

static struct hn_flow_filter *expression(struct parser *p);

static struct hn_flow_filter *pair(struct parser *p, enum op op, const struct hn_flow_filter *l,
                                   const struct hn_flow_filter *r)
{
    struct hn_flow_filter *f = l && (r || op == OP_NOT) ? node(p, op) : NULL;
    if (f) {
        f->left = l;
        f->right = r;
        f->columns = l->columns | (r ? r->columns : 0);
    }
    return f;
}

static struct hn_flow_filter *factor(struct parser *p)
{
    struct hn_flow_filter *f;
    if (++p->depth >= HN_FLOW_FILTER_DEPTH)
        return fail(p, "nested too deep");
    if (take(p, "not") || take(p, "!")) {
        f = pair(p, OP_NOT, factor(p), NULL);
    } else if (take(p, "(")) {
        f = expression(p);
        if (f && !take(p, ")"))
            f = fail(p, "a closing parenthesis was expected");
    } else {
        f = test(p);
    }
    p->depth--;
    return f;
}

static struct hn_flow_filter *term(struct parser *p)
{
    struct hn_flow_filter *f = factor(p);
    while (f && p->token.n && !is(p, "or") && !is(p, ")")) {
        if (!take(p, "and"))
            (void)take(p, "&");
        f = pair(p, OP_AND, f, factor(p));
    }
    return f;
}

static struct hn_flow_filter *expression(struct parser *p)
{
    struct hn_flow_filter *f = term(p);
    while (f && take(p, "or"))
        f = pair(p, OP_OR, f, term(p));
    return f;
}

struct hn_flow_filter *hn_flow_filter_parse(struct hn_arena *a, struct hn_str text, const char **ret_why,
                                            size_t *ret_at)
{
    struct parser p = {.a = a, .text = text};
    advance(&p);
    struct hn_flow_filter *f = p.token.n ? expression(&p) : node(&p, OP_ANY);
    if (f && p.token.n)
        f = fail(&p, "this word is not known here");
    *ret_why = p.why;
    *ret_at = p.why_at;
    return f;
}

uint32_t hn_flow_filter_columns(const struct hn_flow_filter *f)
{
    return f->columns;
}

/* ---------------------------------------------------------------- running */

struct run {
    const struct hn_segment_block *b;
    const void *const *columns;
    const uint8_t *const *prints;
};

static uint64_t get(const struct run *r, enum hn_segment_column c, uint32_t i)
{
    const uint8_t *p = r->columns[c];
    uint32_t v4;
    uint64_t v8;
    uint16_t v2;
    switch (r->b->width[c]) {
    case 1:
        return p[i];
    case 2:
        memcpy(&v2, p + 2 * (size_t)i, 2);
        return v2;
    case 4:
        memcpy(&v4, p + 4 * (size_t)i, 4);
        return v4;
    default:
        memcpy(&v8, p + 8 * (size_t)i, 8);
        return v8;
    }
}

static bool compare(const struct hn_flow_filter *f, uint64_t v)
{
    if (f->op == OP_SET) {
        for (size_t i = 0; i < f->n_set; i++)
            if (f->set[i] == v)
                return true;
        return false;
    }
    switch (f->compare) {
    case EQ:
        return v == f->value;
    case NE:
        return v != f->value;
    case LT:
        return v < f->value;
    case GT:
        return v > f->value;
    case LE:
        return v <= f->value;
    case GE:
        return v >= f->value;
    case BETWEEN:
        return v >= f->value && v <= f->to;
    }
    return false;
}

static bool number_test(const struct hn_flow_filter *f, const struct run *r, uint32_t i)
{
    uint64_t ms, n;
    switch (f->of) {
    case OF_COLUMN:
        return compare(f, get(r, f->column, i));
    case OF_EITHER_PORT:
        return compare(f, get(r, HN_SEGMENT_SPORT, i)) || compare(f, get(r, HN_SEGMENT_DPORT, i));
    case OF_EITHER_AS:
        return compare(f, get(r, HN_SEGMENT_SRC_AS, i)) || compare(f, get(r, HN_SEGMENT_DST_AS, i));
    case OF_EITHER_IF:
        return compare(f, get(r, HN_SEGMENT_IN_IF, i)) || compare(f, get(r, HN_SEGMENT_OUT_IF, i));
    case OF_PACKETS:
        return compare(f, get(r, HN_SEGMENT_PACKETS, i) + get(r, HN_SEGMENT_PACKETS_BACK, i));
    case OF_BYTES:
        return compare(f, get(r, HN_SEGMENT_BYTES, i) + get(r, HN_SEGMENT_BYTES_BACK, i));
    case OF_BPS:
        ms = get(r, HN_SEGMENT_DURATION, i);
        n = get(r, HN_SEGMENT_BYTES, i) + get(r, HN_SEGMENT_BYTES_BACK, i);
        return compare(f, (uint64_t)((double)n * 8000 / (double)(ms ? ms : 1)));
    case OF_PPS:
        ms = get(r, HN_SEGMENT_DURATION, i);
        n = get(r, HN_SEGMENT_PACKETS, i) + get(r, HN_SEGMENT_PACKETS_BACK, i);
        return compare(f, (uint64_t)((double)n * 1000 / (double)(ms ? ms : 1)));
    }
    return false;
}

static bool in_net(const struct hn_flow_filter *f, const struct run *r, enum hn_segment_column c, uint32_t i)
{
    unsigned w = r->b->width[c];
    struct hn_ip ip = {.family = r->b->family};
    memcpy(ip.b, (const uint8_t *)r->columns[c] + (size_t)i * w, w);
    return hn_ip_in(&ip, &f->net, f->bits);
}

/* Every value stands once in a block: it is looked for once. */
static void print_test(const struct hn_flow_filter *f, const struct run *r, uint8_t *keep)
{
    struct hn_bytes want = hn_tls_print_get(&f->tls, f->print);
    uint32_t n = r->b->n_prints[f->print], number = 0;
    for (uint32_t i = 0; i < n && !number; i++)
        if (memcmp(r->prints[f->print] + (size_t)i * want.n, want.p, want.n) == 0)
            number = i + 1;
    for (uint32_t i = 0; i < r->b->n; i++)
        keep[i] = number && get(r, hn_segment_print_column(f->print), i) == number;
}

static void run(const struct hn_flow_filter *f, const struct run *r, uint8_t *keep, uint8_t *room)
{
    uint32_t n = r->b->n;
    switch (f->op) {
    case OP_ANY:
        memset(keep, 1, n);
        break;
    case OP_FAMILY:
        memset(keep, r->b->family == f->value, n);
        break;
    case OP_NOT:
        run(f->left, r, keep, room);
        for (uint32_t i = 0; i < n; i++)
            keep[i] = !keep[i];
        break;
    case OP_AND:
    case OP_OR:
        run(f->left, r, keep, room);
        run(f->right, r, room, room + n);
        for (uint32_t i = 0; i < n; i++)
            keep[i] = f->op == OP_AND ? keep[i] & room[i] : keep[i] | room[i];
        break;
    case OP_ADDRESS:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = (f->src && in_net(f, r, HN_SEGMENT_SRC, i)) || (f->dst && in_net(f, r, HN_SEGMENT_DST, i));
        break;
    case OP_BITS:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = (get(r, f->column, i) & f->value) == f->value;
        break;
    case OP_PRINT:
        print_test(f, r, keep);
        break;
    case OP_NUMBER:
    case OP_SET:
        for (uint32_t i = 0; i < n; i++)
            keep[i] = number_test(f, r, i);
        break;
    }
}

void hn_flow_filter_run(const struct hn_flow_filter *f, const struct hn_segment_block *b,
                        const void *const columns[HN_SEGMENT_COLUMNS], const uint8_t *const prints[HN_TLS_PRINTS],
                        uint8_t *keep, uint8_t *room)
{
    struct run r = {b, columns, prints};
    run(f, &r, keep, room);
}
