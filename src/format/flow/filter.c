/* The filter language: tests, and how they are joined. What a word or a number is: filter_word.c. */
#include "format/flow/filter.h"

#include <ctype.h>

#include "format/flow/filter_in.h"

#define COL(c)  (1u << HN_SEGMENT_##c)
#define N_OF(a) (sizeof(a) / sizeof *(a))

static struct hn_flow_filter *test(struct filter_parser *p);

static struct hn_flow_filter *node(struct filter_parser *p, enum op op)
{
    struct hn_flow_filter *f = HN_NEW(p->a, struct hn_flow_filter);
    if (!f)
        return filter_fail(p, "out of memory");
    f->op = op;
    return f;
}

/* The right side is run in a room of its own while the answer of the left one is kept. */
static struct hn_flow_filter *pair(struct filter_parser *p, enum op op, struct hn_flow_filter *l,
                                   struct hn_flow_filter *r)
{
    struct hn_flow_filter *f = l && (r || op == OP_NOT) ? node(p, op) : NULL;
    if (!f)
        return NULL;
    f->left = l;
    f->right = r;
    f->columns = l->columns | (r ? r->columns : 0);
    f->rooms = r && r->rooms + 1 > l->rooms ? r->rooms + 1 : l->rooms;
    return f->rooms > HN_FLOW_FILTER_DEPTH ? filter_fail(p, "nested too deep") : f;
}

static struct hn_flow_filter *negated(struct filter_parser *p, bool yes, struct hn_flow_filter *f)
{
    return yes ? pair(p, OP_NOT, f, NULL) : f;
}

/* What other programs ask for and flows are not kept with: better said than "unknown". */
static struct hn_flow_filter *strange(struct filter_parser *p, const char *why)
{
    static const char *const words[] = {
        "mask",    "next",     "nexthop", "bgpnext", "bgpnexthop", "engine",  "engine-type", "engine-id",
        "mac",     "inmac",    "outmac",  "ether",   "geo",        "country", "label",       "ident",
        "payload", "flowstat", "event",   "vrf",     "nat",        "tun",     "mpls",        "broadcast",
        "greater", "less",     "len",     "ttl",     "dir",        "latency", "host-name"};
    return filter_fail(p, filter_is_among(p, words, N_OF(words)) ? "flows are not kept with this" : why);
}

/* ---------------------------------------------------------------- numbers */

static bool compares(struct filter_parser *p, enum compare *ret)
{
    static const struct {
        const char *word;
        enum compare c;
    } all[] = {{"<=", LE}, {">=", GE}, {"!=", NE}, {"==", EQ}, {"=", EQ},  {"<", LT}, {">", GT},
               {"eq", EQ}, {"ne", NE}, {"lt", LT}, {"gt", GT}, {"le", LE}, {"ge", GE}};
    *ret = EQ;
    for (size_t i = 0; i < N_OF(all); i++)
        if (filter_take(p, all[i].word)) {
            *ret = all[i].c;
            return true;
        }
    return false;
}

static bool brackets(struct filter_parser *p)
{
    return filter_take(p, "[") || (filter_take(p, "in") && filter_take(p, "["));
}

/* No list has more elements than the text has letters. */
static struct hn_flow_filter *number_list(struct filter_parser *p, struct hn_flow_filter *f, enum filter_unit unit,
                                          bool bracket)
{
    uint64_t *set = hn_arena_alloc(p->a, (p->text.n + 1) * sizeof *set);
    struct hn_str rest = {0}, part;
    if (!set)
        return filter_fail(p, "out of memory");
    if (!bracket) {
        rest = p->token;
        filter_advance(p);
    }
    while (filter_element(p, bracket, &rest, &part))
        if (!filter_number(part, unit, &set[f->n_set++]))
            return filter_fail(p, "a list of numbers was expected");
    f->op = OP_SET;
    f->set = set;
    return p->why || !f->n_set ? filter_fail(p, "a list of numbers was expected") : f;
}

static const char *expected(enum filter_unit unit)
{
    return unit == UNIT_TIME       ? "a time such as 500ms, 10s, 5m was expected"
           : unit == UNIT_PORT     ? "a port was expected: a number, or a name such as https"
           : unit == UNIT_PROTOCOL ? "a protocol was expected: a number, or a name such as tcp"
                                   : "a number was expected";
}

/* [CMP] N, N-N, N,N,… or in [N N …] */
static struct hn_flow_filter *numbers(struct filter_parser *p, struct hn_flow_filter *f, enum filter_unit unit)
{
    struct hn_str t;
    enum compare c;
    f->op = OP_NUMBER;
    bool is_not = compares(p, &c) && c == NE;
    if (c == EQ || c == NE) {
        bool bracket = brackets(p);
        if (bracket || hn_str_chr(p->token, ',') >= 0)
            return negated(p, is_not, number_list(p, f, unit, bracket));
    }
    f->compare = is_not ? EQ : c; /* "port != 80" means neither of the two, thus: not this port */
    t = p->token;
    ptrdiff_t dash = hn_str_chr(t, '-');
    if (filter_number(t, unit, &f->value)) {
        filter_advance(p);
        return negated(p, is_not, f);
    }
    if (dash <= 0)
        return filter_fail(p, expected(unit));
    f->compare = BETWEEN;
    if (!filter_number(hn_str_cut(t, 0, (size_t)dash), unit, &f->value) ||
        !filter_number(hn_str_cut(t, (size_t)dash + 1, t.n), unit, &f->to))
        return filter_fail(p, "a range of numbers was expected");
    filter_advance(p);
    return negated(p, is_not, f);
}

static struct hn_flow_filter *number_of(struct filter_parser *p, enum of of, enum hn_segment_column column,
                                        uint32_t columns, enum filter_unit unit)
{
    struct hn_flow_filter *f = node(p, OP_NUMBER);
    if (!f)
        return NULL;
    f->of = of;
    f->column = column;
    f->columns = columns;
    return numbers(p, f, unit);
}

static struct hn_flow_filter *column(struct filter_parser *p, enum hn_segment_column c, enum filter_unit unit)
{
    return number_of(p, OF_COLUMN, c, 1u << c, unit);
}

static struct hn_flow_filter *computed(struct filter_parser *p, enum of of, uint32_t columns)
{
    return number_of(p, of, 0, columns, UNIT_COUNT);
}

static struct hn_flow_filter *fixed(struct filter_parser *p, enum hn_segment_column c, uint64_t value)
{
    struct hn_flow_filter *f = node(p, OP_NUMBER);
    if (!f)
        return NULL;
    f->of = OF_COLUMN;
    f->column = c;
    f->columns = 1u << c;
    f->compare = EQ;
    f->value = value;
    return f;
}

/* ---------------------------------------------------------------- addresses */

static struct hn_flow_filter *nets(struct filter_parser *p, const struct filter_net *list, size_t n,
                                   enum filter_side side)
{
    struct hn_flow_filter *f = node(p, OP_ADDRESS);
    if (!f)
        return NULL;
    f->nets = list;
    f->n_nets = n;
    f->src = side != SIDE_DST;
    f->dst = side != SIDE_SRC;
    f->columns = (f->src ? COL(SRC) : 0) | (f->dst ? COL(DST) : 0);
    return f;
}

static struct hn_flow_filter *address_list(struct filter_parser *p, enum filter_side side)
{
    struct filter_net *list = hn_arena_alloc(p->a, (p->text.n + 1) * sizeof *list);
    struct hn_str rest = {0}, part;
    size_t n = 0;
    if (!list)
        return filter_fail(p, "out of memory");
    while (filter_element(p, true, &rest, &part))
        if (!filter_address(part, true, &list[n++]))
            return filter_fail(p, "a list of addresses and prefixes was expected");
    return p->why || !n ? filter_fail(p, "a list of addresses and prefixes was expected") : nets(p, list, n, side);
}

static struct hn_flow_filter *address(struct filter_parser *p, enum filter_side side, bool is_net)
{
    enum compare c;
    bool is_not = compares(p, &c) && c == NE;
    if (c != EQ && c != NE)
        return filter_fail(p, "an address or a prefix was expected");
    if (brackets(p))
        return negated(p, is_not, address_list(p, side));
    struct filter_net *net = HN_NEW(p->a, struct filter_net);
    if (!net || !filter_address(p->token, is_net, net))
        return filter_fail(p, "an address or a prefix was expected");
    filter_advance(p);
    unsigned bits;
    bool masked = is_net && net->ip.family == 4 && (filter_take(p, "mask") || net->bits == 32);
    if (masked && filter_mask(p->token, &bits)) { /* net 10.0.0.0 255.0.0.0 */
        net->bits = bits;
        filter_advance(p);
    }
    return negated(p, is_not, nets(p, net, 1, side));
}

static struct hn_flow_filter *multicast(struct filter_parser *p)
{
    static const struct filter_net groups[] = {{{.b = {224}, .family = 4}, 4}, {{.b = {255}, .family = 6}, 8}};
    return nets(p, groups, N_OF(groups), SIDE_DST);
}

/* ---------------------------------------------------------------- sides */

static struct hn_flow_filter *either(struct filter_parser *p, enum filter_side side, enum of of,
                                     enum hn_segment_column src, enum hn_segment_column dst, enum filter_unit unit)
{
    if (side == SIDE_EITHER)
        return number_of(p, of, 0, 1u << src | 1u << dst, unit);
    return column(p, side == SIDE_SRC ? src : dst, unit);
}

static struct hn_flow_filter *value(struct filter_parser *p, enum filter_kind kind, enum filter_side side)
{
    if (kind == KIND_PORT)
        return either(p, side, OF_EITHER_PORT, HN_SEGMENT_SPORT, HN_SEGMENT_DPORT, UNIT_PORT);
    if (kind == KIND_AS)
        return either(p, side, OF_EITHER_AS, HN_SEGMENT_SRC_AS, HN_SEGMENT_DST_AS, UNIT_COUNT);
    return address(p, side, kind == KIND_NET);
}

/* "src and dst port 53": the same words for either side. */
static struct hn_flow_filter *sided_value(struct filter_parser *p, enum filter_kind kind, enum filter_side side)
{
    p->kind = kind;
    p->side = side;
    if (side != SIDE_BOTH)
        return value(p, kind, side);
    struct filter_parser again = *p;
    struct hn_flow_filter *l = value(p, kind, SIDE_SRC);
    if (!l)
        return NULL;
    *p = again;
    return pair(p, OP_AND, l, value(p, kind, SIDE_DST));
}

static bool begins_address(const struct filter_parser *p)
{
    struct filter_net n;
    return filter_address(p->token, false, &n);
}

/* What may follow "ip", "src" and "dst" where an address is meant. */
static bool begins_addresses(const struct filter_parser *p)
{
    static const char *const words[] = {"in", "[", "=", "==", "!=", "eq", "ne"};
    return begins_address(p) || filter_is_among(p, words, N_OF(words));
}

static enum filter_side side(struct filter_parser *p)
{
    bool src = filter_take(p, "src");
    if (!src && !filter_take(p, "dst"))
        return SIDE_EITHER;
    struct filter_parser before = *p;
    bool both = filter_take(p, "and"), any = !both && filter_take(p, "or");
    if ((both || any) && filter_take(p, src ? "dst" : "src"))
        return both ? SIDE_BOTH : SIDE_EITHER;
    *p = before;
    return src ? SIDE_SRC : SIDE_DST;
}

static struct hn_flow_filter *sent(struct filter_parser *p, bool back);

static struct hn_flow_filter *sided(struct filter_parser *p)
{
    enum filter_side s = side(p);
    if (filter_take(p, "host") || filter_take(p, "ip") || filter_take(p, "addr"))
        return sided_value(p, KIND_ADDRESS, s);
    if (filter_take(p, "net"))
        return sided_value(p, KIND_NET, s);
    if (filter_take(p, "port") || filter_take(p, "portrange"))
        return sided_value(p, KIND_PORT, s);
    if (filter_take(p, "as") || filter_take(p, "asn"))
        return sided_value(p, KIND_AS, s);
    if ((s == SIDE_SRC || s == SIDE_DST) && (filter_is(p, "packets") || filter_is(p, "bytes")))
        return sent(p, s == SIDE_DST);
    if (begins_addresses(p)) /* "src 10.0.0.1" */
        return sided_value(p, KIND_ADDRESS, s);
    return strange(p, "host, net, port, as, packets or bytes was expected");
}

/* ---------------------------------------------------------------- protocols and flags */

static const char *const qualifiers[] = {"src", "dst", "host", "net", "port", "portrange"};

/* "tcp port 80", "ip src host A" are one test, also under "not". */
static struct hn_flow_filter *qualified(struct filter_parser *p, struct hn_flow_filter *f)
{
    return filter_is_among(p, qualifiers, N_OF(qualifiers)) ? pair(p, OP_AND, f, sided(p)) : f;
}

/* The octet of TCP flags, as tcpdump looks at it. */
static bool flag_word(struct filter_parser *p, uint64_t *ret)
{
    static const char *const names[] = {"tcp-fin", "tcp-syn", "tcp-rst", "tcp-push",
                                        "tcp-ack", "tcp-urg", "tcp-ece", "tcp-cwr"};
    bool found = false;
    for (unsigned i = 0; i < N_OF(names) && !found; i++)
        if (filter_is(p, names[i])) {
            *ret = 1u << i;
            found = true;
        }
    if (!found && (!filter_number(p->token, UNIT_COUNT, ret) || *ret > 255))
        return false;
    filter_advance(p);
    return true;
}

static bool flag_words(struct filter_parser *p, uint64_t *ret)
{
    bool open = filter_take(p, "(");
    uint64_t one;
    *ret = 0;
    do {
        if (!flag_word(p, &one))
            return false;
        *ret |= one;
    } while (open && (filter_take(p, "|") || filter_take(p, "+") || filter_take(p, "or")));
    return !open || filter_take(p, ")");
}

/* tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn */
static struct hn_flow_filter *flag_octet(struct filter_parser *p)
{
    struct hn_flow_filter *f = node(p, OP_BITS);
    if (!f)
        return NULL;
    f->column = HN_SEGMENT_FLAGS;
    f->columns = COL(FLAGS);
    f->mask = 255;
    if ((!filter_take(p, "tcpflags") && !filter_take(p, "13")) || !filter_take(p, "]"))
        return filter_fail(p, "of the header of TCP only [tcpflags] is kept");
    if (filter_take(p, "&") && !flag_words(p, &f->mask))
        return filter_fail(p, "flags such as tcp-syn or (tcp-syn|tcp-ack) were expected");
    if (!compares(p, &f->compare) || (f->compare != EQ && f->compare != NE))
        return filter_fail(p, "equal (=) or unequal (!=) was expected");
    if (!flag_words(p, &f->value))
        return filter_fail(p, "flags such as tcp-syn or (tcp-syn|tcp-ack) were expected");
    return pair(p, OP_AND, fixed(p, HN_SEGMENT_PROTO, 6), f);
}

static struct hn_flow_filter *bare_protocol(struct filter_parser *p)
{
    uint64_t number;
    if (!p->token.n || isdigit((unsigned char)*p->token.p) || !filter_number(p->token, UNIT_PROTOCOL, &number))
        return NULL;
    filter_advance(p);
    if (number == 6 && filter_take(p, "["))
        return flag_octet(p);
    return qualified(p, fixed(p, HN_SEGMENT_PROTO, number));
}

static struct hn_flow_filter *flags(struct filter_parser *p)
{
    static const char letters[] = "fsrpauec", why[] = "letters of TCP flags were expected: F S R P A U E C";
    struct hn_flow_filter *f = node(p, OP_BITS);
    enum compare c;
    if (!f)
        return NULL;
    (void)compares(p, &c);
    f->column = HN_SEGMENT_FLAGS;
    f->columns = COL(FLAGS);
    if (!p->token.n || c > NE)
        return filter_fail(p, why);
    f->mask = 255; /* a number is all of the octet, letters are those that are meant */
    if (!filter_number(p->token, UNIT_COUNT, &f->value)) {
        for (size_t i = 0; i < p->token.n; i++) {
            int letter = tolower((unsigned char)p->token.p[i]);
            const char *at = strchr(letters, letter);
            if (letter != 'x' && (!at || !*at))
                return filter_fail(p, why);
            f->value |= letter == 'x' ? 0x3f : 1u << (at - letters); /* X: all six, as nfdump means it */
        }
        f->mask = f->value;
    }
    if (f->value > 255)
        return filter_fail(p, why);
    f->compare = c;
    filter_advance(p);
    return f;
}

/* "not flags AFRPU": none of them, which is what users of nfdump mean by it and get. */
static struct hn_flow_filter *no_flags(struct filter_parser *p)
{
    struct hn_flow_filter *f = flags(p);
    if (!f || f->mask == 255)
        return pair(p, OP_NOT, f, NULL);
    f->value = f->compare == EQ ? 0 : f->value;
    f->compare = EQ;
    return f;
}

static struct hn_flow_filter *icmp_octet(struct filter_parser *p, enum of of)
{
    struct hn_flow_filter *v4 = fixed(p, HN_SEGMENT_PROTO, 1), *v6 = fixed(p, HN_SEGMENT_PROTO, 58);
    struct hn_flow_filter *f = computed(p, of, COL(DPORT));
    return pair(p, OP_AND, pair(p, OP_OR, v4, v6), f);
}

static struct hn_flow_filter *family(struct filter_parser *p, uint64_t which)
{
    struct hn_flow_filter *f = node(p, OP_FAMILY);
    if (f)
        f->value = which;
    return f;
}

/* "ip" is an address (nfdump), a family (tcpdump), or a family before something else. */
static struct hn_flow_filter *family_or_address(struct filter_parser *p, uint64_t which)
{
    filter_advance(p);
    if (which == 4 && begins_addresses(p))
        return sided_value(p, KIND_ADDRESS, SIDE_EITHER);
    struct hn_flow_filter *f = family(p, which);
    if (filter_take(p, "proto"))
        return pair(p, OP_AND, f, column(p, HN_SEGMENT_PROTO, UNIT_PROTOCOL));
    if (filter_take(p, "multicast"))
        return pair(p, OP_AND, f, multicast(p));
    return qualified(p, f);
}

/* ---------------------------------------------------------------- other tests */

static struct hn_flow_filter *word_of(struct filter_parser *p, enum hn_segment_column c, const char *const *words,
                                      size_t n, const char *why)
{
    for (size_t i = 0; i < n; i++)
        if (filter_take(p, words[i]))
            return fixed(p, c, i);
    return filter_fail(p, why);
}

static struct hn_flow_filter *state(struct filter_parser *p)
{
    static const char *const names[] = {"unknown", "attempt", "rejected", "established",
                                        "closed",  "reset",   "midstream"};
    static const struct {
        const char *word;
        uint64_t state;
    } zeek[] = {{"s0", HN_FLOW_ATTEMPT}, {"rej", HN_FLOW_REJECTED}, {"s1", HN_FLOW_ESTABLISHED}, {"sf", HN_FLOW_CLOSED},
                {"rsto", HN_FLOW_RESET}, {"rstr", HN_FLOW_RESET},   {"oth", HN_FLOW_MIDSTREAM}};
    for (size_t i = 0; i < N_OF(zeek); i++)
        if (filter_take(p, zeek[i].word))
            return fixed(p, HN_SEGMENT_STATE, zeek[i].state);
    return word_of(p, HN_SEGMENT_STATE, names, N_OF(names),
                   "attempt, rejected, established, closed, reset or midstream was expected");
}

/* Of one direction: what the source sent, or what came back. */
static struct hn_flow_filter *sent(struct filter_parser *p, bool back)
{
    if (filter_take(p, "packets"))
        return column(p, back ? HN_SEGMENT_PACKETS_BACK : HN_SEGMENT_PACKETS, UNIT_COUNT);
    if (filter_take(p, "bytes"))
        return column(p, back ? HN_SEGMENT_BYTES_BACK : HN_SEGMENT_BYTES, UNIT_COUNT);
    return filter_fail(p, "if, packets or bytes was expected");
}

/* By its address, which has as many numbers as it has domains; else by number. */
static struct hn_flow_filter *exporter(struct filter_parser *p)
{
    bool host = filter_take(p, "ip") || filter_take(p, "host"), net = !host && filter_take(p, "net");
    if (!host && !net && !begins_address(p)) {
        (void)(filter_take(p, "id") || filter_take(p, "sysid"));
        return column(p, HN_SEGMENT_EXPORTER, UNIT_COUNT);
    }
    struct hn_flow_filter *f = address(p, SIDE_EITHER, net);
    for (struct hn_flow_filter *g = f; g; g = g->left) /* below a "not", if there is one */
        if (g->op == OP_ADDRESS)
            g->op = OP_EXPORTER;
    for (struct hn_flow_filter *g = f; g; g = g->left)
        g->columns = COL(EXPORTER);
    return f;
}

static struct hn_flow_filter *counter(struct filter_parser *p)
{
    const uint32_t packets = COL(PACKETS) | COL(PACKETS_BACK), bytes = COL(BYTES) | COL(BYTES_BACK);
    if (filter_take(p, "packets"))
        return computed(p, OF_PACKETS, packets);
    if (filter_take(p, "bytes"))
        return computed(p, OF_BYTES, bytes);
    if (filter_take(p, "bps"))
        return computed(p, OF_BPS, bytes | COL(DURATION));
    if (filter_take(p, "pps"))
        return computed(p, OF_PPS, packets | COL(DURATION));
    if (filter_take(p, "bpp"))
        return computed(p, OF_BPP, packets | bytes);
    if (filter_take(p, "duration"))
        return column(p, HN_SEGMENT_DURATION, UNIT_TIME);
    if (filter_take(p, "tos"))
        return column(p, HN_SEGMENT_TOS, UNIT_COUNT);
    if (filter_take(p, "vlan"))
        return column(p, HN_SEGMENT_VLAN, UNIT_COUNT);
    if (filter_take(p, "exporter") || filter_take(p, "router"))
        return exporter(p);
    if (filter_take(p, "sysid")) /* nfdump's word for it */
        return column(p, HN_SEGMENT_EXPORTER, UNIT_COUNT);
    if (filter_take(p, "sampling"))
        return column(p, HN_SEGMENT_SAMPLING, UNIT_COUNT);
    if (filter_take(p, "icmp-type"))
        return icmp_octet(p, OF_ICMP_TYPE);
    if (filter_take(p, "icmp-code"))
        return icmp_octet(p, OF_ICMP_CODE);
    if (filter_take(p, "if"))
        return computed(p, OF_EITHER_IF, COL(IN_IF) | COL(OUT_IF));
    bool in = filter_is(p, "in");
    if (!in && !filter_is(p, "out"))
        return NULL;
    filter_advance(p);
    return filter_take(p, "if") ? column(p, in ? HN_SEGMENT_IN_IF : HN_SEGMENT_OUT_IF, UNIT_COUNT) : sent(p, !in);
}

static struct hn_flow_filter *print(struct filter_parser *p)
{
    static const char *const why[HN_TLS_PRINTS] = {"the 32 digits of a JA3 were expected",
                                                   "the 32 digits of a JA3S were expected",
                                                   "a JA4 such as t13d1516h2_8daaf6152771_e5627efa2ab1 was expected"};
    for (unsigned k = 0; k < HN_TLS_PRINTS; k++) {
        if (!filter_take(p, hn_tls_print_name((enum hn_tls_print)k)))
            continue;
        struct hn_flow_filter *f = node(p, OP_PRINT);
        if (f && !hn_tls_print_parse(&f->tls, (enum hn_tls_print)k, p->token))
            return filter_fail(p, why[k]);
        if (f) {
            f->print = (enum hn_tls_print)k;
            f->columns = 1u << hn_segment_print_column(f->print);
            filter_advance(p);
        }
        return f;
    }
    return NULL;
}

static struct hn_flow_filter *other(struct filter_parser *p)
{
    struct hn_flow_filter *f = counter(p);
    if (!f && !p->why)
        f = print(p);
    if (!f && !p->why)
        f = bare_protocol(p);
    if (f || p->why)
        return f;
    if (!p->token.n)
        return filter_fail(p, "the filter ends too early");
    return strange(p, "this word is not known here");
}

static struct hn_flow_filter *test(struct filter_parser *p)
{
    static const char *const apps[] = {"unknown", "dns", "http", "tls", "ssh", "ntp", "smtp", "irc", "dhcp", "other"};
    if (filter_take(p, "any"))
        return node(p, OP_ANY);
    if (filter_take(p, "ipv4") || filter_take(p, "inet"))
        return qualified(p, family(p, 4));
    if (filter_take(p, "ipv6") || filter_take(p, "inet6"))
        return qualified(p, family(p, 6));
    if (filter_is(p, "ip") || filter_is(p, "ip6"))
        return family_or_address(p, filter_is(p, "ip") ? 4 : 6);
    if (filter_is_among(p, qualifiers, N_OF(qualifiers)) || filter_is(p, "as") || filter_is(p, "asn") ||
        begins_address(p))
        return sided(p);
    if (filter_take(p, "proto"))
        return column(p, HN_SEGMENT_PROTO, UNIT_PROTOCOL);
    if (filter_take(p, "flags"))
        return flags(p);
    if (filter_take(p, "multicast"))
        return multicast(p);
    if (filter_take(p, "state"))
        return state(p);
    if (filter_take(p, "app") || filter_take(p, "service"))
        return word_of(p, HN_SEGMENT_APP, apps, N_OF(apps),
                       "dns, http, tls, ssh, ntp, smtp, irc, dhcp or other was expected");
    return other(p);
}

/* ---------------------------------------------------------------- expressions */

static struct hn_flow_filter *expression(struct filter_parser *p);

/* "port 80 or 443": a value alone after "and" or "or" repeats the words of the test before it. */
static bool repeats(const struct filter_parser *p)
{
    struct filter_net net;
    uint64_t number;
    if (p->kind == KIND_ADDRESS || p->kind == KIND_NET)
        return filter_address(p->token, p->kind == KIND_NET, &net);
    return p->kind != KIND_NONE && filter_number(p->token, p->kind == KIND_PORT ? UNIT_PORT : UNIT_COUNT, &number);
}

static struct hn_flow_filter *factor(struct filter_parser *p)
{
    struct hn_flow_filter *f;
    if (++p->depth >= HN_FLOW_FILTER_DEPTH)
        return filter_fail(p, "nested too deep");
    if (filter_take(p, "not") || filter_take(p, "!")) {
        f = filter_take(p, "flags") ? no_flags(p) : pair(p, OP_NOT, factor(p), NULL);
    } else if (filter_take(p, "(")) {
        f = expression(p);
        if (f && !filter_take(p, ")"))
            f = filter_fail(p, "a closing parenthesis was expected");
    } else {
        p->kind = KIND_NONE;
        f = test(p);
    }
    p->depth--;
    return f;
}

static struct hn_flow_filter *joined(struct filter_parser *p)
{
    return repeats(p) ? sided_value(p, p->kind, p->side) : factor(p);
}

static bool takes_or(struct filter_parser *p)
{
    return filter_take(p, "or") || filter_take(p, "||");
}

static struct hn_flow_filter *more_terms(struct filter_parser *p, struct hn_flow_filter *f)
{
    while (f && p->token.n && !filter_is(p, "or") && !filter_is(p, "||") && !filter_is(p, ")")) {
        bool said = filter_take(p, "and") || filter_take(p, "&&") || filter_take(p, "&");
        f = pair(p, OP_AND, f, said ? joined(p) : factor(p));
    }
    return f;
}

static struct hn_flow_filter *expression(struct filter_parser *p)
{
    struct hn_flow_filter *f = more_terms(p, factor(p));
    while (f && takes_or(p))
        f = pair(p, OP_OR, f, more_terms(p, joined(p)));
    return f;
}

struct hn_flow_filter *hn_flow_filter_parse(struct hn_arena *a, struct hn_str text, const char **ret_why,
                                            size_t *ret_at)
{
    struct filter_parser p = {.a = a, .text = text};
    filter_advance(&p);
    struct hn_flow_filter *f = p.token.n ? expression(&p) : node(&p, OP_ANY);
    if (f && p.token.n)
        f = filter_fail(&p, "this word is not known here");
    *ret_why = p.why;
    *ret_at = p.why_at;
    return f;
}

uint32_t hn_flow_filter_columns(const struct hn_flow_filter *f)
{
    return f->columns;
}
