/* Which pairs look like a command channel, and why. What is left after the loud was peeled off is weighed: a sum of
 * named terms in log-odds, so that every alert can say what it rests on.
 *
 *   channels alone ─▶ what their hosts do, who else talks to the server ─▶ channels again
 *
 * The weights are judgement, rounded and few. `make flow-eval` says how they do on captures changed in ways that a bot
 * could change them, and how weights fitted without a scenario do on that scenario. */
#include <math.h>
#include <stdlib.h>

#include "modules/flow/flow_in.h"

#define RETRIES_LEAST 30u
#define BIAS          (-4.4)
#define OWN_LEAST     5u
#define USERS_MOST    8u /* a server of more hosts of ours is no rarity */

const char *flow_kind_name(enum flow_kind k)
{
    static const char *const names[] = {
#define XX(name, text, technique, channel) text,
        FLOW_KIND_MAP(XX)
#undef XX
    };
    return names[k];
}

bool flow_kind_is_channel(enum flow_kind k)
{
    static const bool is[] = {
#define XX(name, text, technique, channel) channel,
        FLOW_KIND_MAP(XX)
#undef XX
    };
    return is[k];
}

const char *flow_technique(const struct flow_suspect *x)
{
    static const char *const techniques[] = {
#define XX(name, text, technique, channel) technique,
        FLOW_KIND_MAP(XX)
#undef XX
    };
    if (x->only_print)
        return "T1573"; /* what it is known by is how it encrypts */
    if (*techniques[x->kind])
        return techniques[x->kind];
    unsigned port = flow_suspect_port(x);
    return port == 80 || port == 443 || port == 8080 ? "T1071.001" : flow_irc_port((uint16_t)port) ? "T1071" : "T1571";
}

const struct hn_ip *flow_suspect_host(const struct flow_suspect *x)
{
    return x->fan ? &x->fan->src : x->inward ? &x->pair->dst : &x->pair->src;
}

const struct hn_ip *flow_suspect_peer(const struct flow_suspect *x)
{
    return x->fan ? &x->fan->dst : x->inward ? &x->pair->src : &x->pair->dst;
}

unsigned flow_suspect_port(const struct flow_suspect *x)
{
    return x->fan ? x->fan->port : x->pair->port;
}

/* ---------------------------------------------------------------- terms */

void flow_term(struct flow_suspect *x, const char *name, double weight, double value)
{
    if (x->n_terms < FLOW_TERMS_MAX && weight * value != 0)
        x->terms[x->n_terms++] = (struct flow_term){name, weight, value};
    x->logit += weight * value;
}

double flow_score_of(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* Share of the commonest request size, or of the two commonest: a poll and its keep-alive. */
static double same_size(const struct flow_pair *p)
{
    uint32_t first = 0, second = 0;
    for (size_t i = 0; i < FLOW_SIZES; i++) {
        uint32_t n = p->sizes[i].n;
        if (n > first) {
            second = first;
            first = n;
        } else if (n > second) {
            second = n;
        }
    }
    double one = (double)first / p->n, two = (double)(first + second) / p->n - 0.1;
    return flow_clamp(one > two ? one : two);
}

static double seconds_of(hn_time t)
{
    return (double)t / (double)HN_SECOND;
}

/* From a tenth of an hour on to ten hours, on a logarithmic scale; less where much is transferred meanwhile. */
static double held(const struct flow_pair *p)
{
    double s = seconds_of(p->longest), rate = (double)(p->bytes + p->bytes_back) / (s + 1) / (p->n ? p->n : 1);
    return s < 600 ? 0 : flow_clamp(log10(s / 600) / 1.8) * (rate < 200 ? 1 : 0.3);
}

/* Share of the time that its host was seen in which the pair was, too. */
static double persistence(const struct flow_pair *p, double span)
{
    hn_time whole = (p->last - p->from) / p->bin;
    double slices = 1 + (double)whole;
    double spoken = seconds_of((p->n > 1 ? p->last : p->end) - p->first);
    double filled = p->n > 2 ? __builtin_popcountll(p->bins) / slices : 1, whole_span = span > 3600 ? span : 3600;
    hn_time held = p->spoken < p->end - p->first ? p->spoken : p->end - p->first;
    double by_contacts = flow_clamp(spoken / whole_span) * filled,
           by_holding = flow_clamp(seconds_of(held) / whole_span);
    return by_contacts > by_holding ? by_contacts : by_holding;
}

static void time_terms(struct flow_suspect *x, double span)
{
    const struct flow_pair *p = x->pair;
    double enough = 1 - exp(-(double)x->rhythm.contacts / 15);
    flow_term(x, "steady", 3.2, x->rhythm.steady * enough);
    flow_term(x, "same-size", 1.9, flow_clamp((x->same_size - 0.2) / 0.7) * enough);
    flow_term(x, "persistent", 1.6, persistence(p, span));
    flow_term(x, "often", 1.2, flow_clamp((log10((double)x->rhythm.contacts + 1) - 1) / 2));
    flow_term(x, "held", 1.2, held(p) * (!flow_common_port(p->port) || flow_irc_port(p->port)));
}

/* How many of our hosts use it: from a tenth of them on; at a third it is everybody's. */
static double popularity(const struct flow_state *s, unsigned users)
{
    double of = s->own_hosts ? (double)s->own_hosts : 1;
    return flow_clamp((users / of - 0.1) / 0.25);
}

/* A connection that is held for hours and says next to nothing, to a network that no other host of ours uses. Push
 * services and brokers are held by nature; where few hosts are seen nobody can be alone. */
static double kept_alone(const struct flow_state *s, const struct flow_suspect *x)
{
    const struct flow_pair *p = x->pair;
    double lasts = seconds_of(p->longest), rate = (double)(p->bytes + p->bytes_back) / (seconds_of(p->spoken) + 1);
    if (x->inward || p->proto != 6 || lasts < 2 * 3600 || rate > 100 || flow_held_port(p->port) ||
        s->own_hosts < OWN_LEAST || flow_network_users(s, &p->dst) > 1)
        return 0;
    return held(p);
}

static void service_terms(const struct flow_state *s, struct flow_suspect *x, const struct flow_host *own, double span)
{
    const struct flow_pair *p = x->pair;
    const struct flow_host *server = flow_host_find(s, x->inward ? &p->src : &p->dst);
    unsigned users = server ? flow_distinct(server->users, 4) : 1;
    bool p2p = flow_is_p2p(flow_host_find(s, &p->src)), bad = own && own->acts >= FLOW_ALERT;
    flow_term(x, "port", 0.7, !flow_common_port(p->port) && !flow_irc_port(p->port));
    flow_term(x, "irc", 1.4, flow_irc_port(p->port) || p->apps >> HN_APP_IRC & 1);
    flow_term(x, "popular", -1.2, !x->inward && !x->pool && users >= 5 ? popularity(s, users) : 0);
    flow_term(x, "kept-alone", 2.8, kept_alone(s, x));
    flow_term(x, "bulk", -1.2, flow_clamp((log10((double)p->bytes_back / p->n + 1) - 4.5) / 1.5));
    flow_term(x, "p2p", -2.5, p2p && p->port >= 1024);
    flow_term(x, "web", -0.8, flow_common_port(p->port) && x->rhythm.steady < 0.5 && kept_alone(s, x) <= 0);
    flow_term(x, "mail", -2.0, !x->inward && flow_mail_port(p->port));
    /* Behind a content network: so is most of what programs ask, and an exact timer is a program's. */
    flow_term(x, "pool", -1.0, x->pool > 0);
    flow_term(x, "timer", -2.5, x->pool && x->rhythm.dispersion < 0.01);
    flow_term(x, "datagram", -1.0, p->proto == 17);
    /* Who is commanded to scan or to flood has a commander: who is asked again and again, or kept on the line. */
    double kept = flow_clamp(4 * persistence(p, span) + held(p));
    flow_term(x, "acts", 1.4, kept * (bad && !x->inward && !p2p && users < USERS_MOST));
    flow_term(x, "by-name", 1.5, x->inward ? 0 : flow_names_of(s, p));
}

static void weigh(const struct flow_state *s, struct flow_suspect *x)
{
    const struct flow_pair *p = x->pair;
    const struct flow_host *h = flow_host_find(s, &p->src), *own = x->inward ? flow_host_find(s, &p->dst) : h;
    double span = own ? seconds_of(own->last - own->first) : 0, failing = (double)p->failed / p->n;
    x->same_size = x->pool ? x->same_size : same_size(p);
    x->logit = BIAS;
    x->n_terms = 0;
    time_terms(x, span);
    service_terms(s, x, own, span);
    /* A server that was taken down is still asked for: "failed" alone must not clear a pair. */
    flow_term(x, "retries", 1.0, failing >= 0.3 && p->n >= RETRIES_LEAST && !x->inward);
    /* Hundreds of requests of one size within minutes are no page being read. */
    double many = flow_clamp(log10((double)p->n) - 2) * flow_clamp(flow_per_second(p) / 0.5) * (p->bytes / p->n < 3000);
    flow_term(x, "chatter", 2.4, many * flow_clamp((x->same_size - 0.3) / 0.4) * !x->inward);
    bool storm = h && h->dns >= 1000 && h->dns / (span > 60 ? span : 60) > 1;
    flow_term(x, "name-storm", 1.4, storm && !x->inward);
    /* An inside service asked by an outside client like a clock is as often a monitor as a channel. */
    flow_term(x, "inward", -0.6, x->inward);
    flow_term(x, "brief", -1.8, x->inward && seconds_of(p->last - p->first) * 4 < span);
    x->score = flow_score_of(x->logit);
}

/* Names as a carrier: long questions, many in one socket, on and on (iodine, dnscat). Ordinary ones are 60 to 80
 * octets with their IP header, one or two packets a socket. */
static bool judge_dns(const struct flow_state *s, const struct flow_pair *p, struct flow_suspect *x)
{
    const struct flow_host *h = flow_host_find(s, &p->src);
    if (p->port != 53 || p->packets < 100)
        return false;
    double each = (double)p->bytes / (double)p->packets + (p->payload_only ? 28 : 0);
    *x = (struct flow_suspect){.kind = FLOW_DNS, .pair = p, .peers = 1, .logit = BIAS};
    double many = flow_clamp((log10((double)p->long_names + 1) - 2) / 1.3);
    bool forwards = h && h->dns_in * 2ull >= h->dns; /* a resolver asks for others, who are seen as well */
    if ((each < 85 && many <= 0) || forwards)
        return false;
    flow_term(x, "long-names", 2.4, many > 0 ? 1 : flow_clamp((each - 85) / 30));
    flow_term(x, "many-long", 3.0, many);
    flow_term(x, "volume", 1.0, flow_clamp((log10((double)p->packets) - 2) / 1.5));
    flow_term(x, "one-socket", 3.2, flow_clamp(((double)p->packets / p->n - 10) / 40));
    x->score = flow_score_of(x->logit);
    return true;
}

/* ---------------------------------------------------------------- all of them */

static void count_failing(struct flow_state *s)
{
    for (size_t i = 0; i < s->n_pairs; i++) {
        struct flow_pair *p = &s->pairs[i];
        struct flow_host *h = p->n >= 8 && flow_never_answers(p) ? flow_host_find(s, &p->src) : NULL;
        if (h)
            h->failing_pairs++;
    }
}

static enum flow_peel peel(const struct flow_state *s, const struct flow_pair *p)
{
    bool own_src = flow_is_own(s, &p->src), own_dst = flow_is_own(s, &p->dst);
    return own_src || own_dst ? flow_peel_of(s, p, own_src, own_dst) : FLOW_PEEL_ROLE;
}

/* Who of us has a fingerprint that is on a list. */
static struct hn_err learn_prints(struct flow_state *s, struct hn_arena *a)
{
    size_t size = s->intel ? flow_intel_prints(s->intel) * sizeof *s->print_users : 0;
    s->print_users = size ? hn_arena_alloc(a, size) : NULL;
    if (!s->print_users)
        return size ? (struct hn_err){HN_E_NOMEM} : HN_OK;
    memset(s->print_users, 0, size);
    for (size_t i = 0; i < s->n_pairs; i++) {
        const struct flow_pair *p = &s->pairs[i];
        if (p->listed && flow_is_own(s, &p->src))
            flow_mark(s->print_users[p->listed - 1], 4, p->src.b, sizeof p->src.b);
    }
    return HN_OK;
}

/* Fingerprints of TLS are shared by programs that have nothing else in common: worth less than an address, and next to
 * nothing where a third of our hosts have it, as with those of a library of the operating system. */
static void match_print(const struct flow_state *s, struct flow_suspect *x, bool address)
{
    struct hn_str list, what;
    if (!x->pair->listed)
        return;
    flow_intel_print_of(s->intel, x->pair->listed, &list, &what, &x->print);
    x->only_print = !address;
    x->list = address ? x->list : list;
    x->what = address ? x->what : what;
    unsigned users = flow_distinct(s->print_users[x->pair->listed - 1], 4);
    flow_term(x, "listed-print", address ? 2.0 : 5.2, x->inward ? 0.5 : 1);
    flow_term(x, "print-popular", address ? -1.0 : -3.5, users >= 5 && !x->inward ? popularity(s, users) : 0);
}

/* Who is on a list counts at once when our side asked; a listed scanner that knocks is everybody's guest. */
static bool judge_intel(const struct flow_state *s, const struct flow_pair *p, struct flow_suspect *x)
{
    bool own_src = flow_is_own(s, &p->src);
    *x = (struct flow_suspect){.kind = FLOW_INTEL, .pair = p, .peers = 1, .inward = !own_src, .logit = BIAS};
    bool address = flow_intel_match(s->intel, p, x->inward, &x->list, &x->what);
    if (!(own_src || flow_is_own(s, &p->dst)) || !(address || p->listed))
        return false;
    flow_term(x, "listed", 6.0, !address ? 0 : x->inward ? 0.5 : flow_never_answers(p) ? 0.85 : 1);
    match_print(s, x, address);
    flow_term(x, "answered", 1.0, address && x->inward && !flow_never_answers(p) && p->bytes_back > p->bytes);
    flow_rhythm_of(p, &x->rhythm);
    x->same_size = same_size(p);
    time_terms(x, seconds_of(s->last - s->first));
    x->score = flow_score_of(x->logit);
    return true;
}

static bool judge_pair(const struct flow_state *s, const struct flow_pair *p, struct flow_verdicts *v,
                       struct flow_suspect *x)
{
    if (s->intel && judge_intel(s, p, x))
        return true;
    if (s->only_intel)
        return false;
    enum flow_peel why = peel(s, p);
    if (flow_is_own(s, &p->src) && judge_dns(s, p, x))
        return true;
    v->peeled[why]++;
    if (why != FLOW_PEEL_KEPT)
        return false;
    *x = (struct flow_suspect){.kind = FLOW_BEACON, .pair = p, .peers = 1, .inward = !flow_is_own(s, &p->src)};
    flow_rhythm_of(p, &x->rhythm);
    weigh(s, x);
    return true;
}

/* A server that commands one host of ours, and to which few others talk, is suspect for those few as well. */
static void share(struct flow_state *s, struct flow_suspect *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct flow_host *peer = flow_host_find(s, flow_suspect_peer(&list[i]));
        if (list[i].kind == FLOW_BEACON && peer && list[i].score >= FLOW_ALERT) {
            peer->commands = list[i].score > peer->commands ? list[i].score : peer->commands;
            peer->commanded++;
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct flow_suspect *x = &list[i];
        const struct flow_host *peer = flow_host_find(s, flow_suspect_peer(x));
        bool alone = x->score >= FLOW_ALERT && peer && peer->commanded < 2;
        if (x->kind != FLOW_BEACON || !peer || !peer->commands || alone ||
            flow_distinct(peer->users, 4) > USERS_MOST + peer->commanded)
            continue;
        flow_term(x, "shared", 1.5, peer->commands);
        x->score = flow_score_of(x->logit);
    }
}

/* Who commands comes before what is done by command; then the worst first. */
static int worst_first(const void *a, const void *b)
{
    const struct flow_suspect *x = a, *y = b;
    bool p = flow_kind_is_channel(x->kind) && x->score >= FLOW_ALERT,
         q = flow_kind_is_channel(y->kind) && y->score >= FLOW_ALERT;
    if (p != q)
        return p ? -1 : 1;
    return x->logit > y->logit ? -1 : x->logit < y->logit;
}

static bool may_be_suspect(const struct flow_state *s, const struct flow_pair *p)
{
    struct flow_suspect x;
    return p->port == 53 || (s->intel && judge_intel(s, p, &x)) || peel(s, p) == FLOW_PEEL_KEPT;
}

struct hn_err flow_judge_all(struct flow_state *s, struct hn_arena *a, struct flow_verdicts *ret)
{
    *ret = (struct flow_verdicts){.n = 0};
    struct flow_suspect *pools = NULL;
    if (!hn_ok(flow_own_learn(s, a)) || !hn_ok(flow_networks_learn(s, a)) || !hn_ok(learn_prints(s, a)))
        return (struct hn_err){HN_E_NOMEM};
    count_failing(s);
    if (s->only_intel)
        s->n_fans = 0;
    struct flow_suspect *acts = hn_arena_alloc(a, (flow_acts(s, NULL) + 1) * sizeof *acts);
    if (!acts)
        return (struct hn_err){HN_E_NOMEM};
    struct flow_suspect *names = NULL;
    size_t n_names = s->only_intel ? 0 : flow_names_judge(s, a, &names);
    size_t n_acts = flow_acts(s, acts), n_pools = s->only_intel ? 0 : flow_pools(s, a, &pools),
           most = n_acts + n_pools + n_names;
    for (size_t i = 0; i < s->n_pairs; i++)
        most += may_be_suspect(s, &s->pairs[i]);
    ret->list = hn_arena_alloc(a, (most + 1) * sizeof *ret->list);
    if (!ret->list)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < s->n_pairs; i++)
        ret->n += judge_pair(s, &s->pairs[i], ret, &ret->list[ret->n]);
    for (size_t i = 0; i < n_pools; i++) {
        weigh(s, &pools[i]);
        ret->list[ret->n++] = pools[i];
    }
    share(s, ret->list, ret->n);
    memcpy(ret->list + ret->n, acts, n_acts * sizeof *acts);
    ret->n += n_acts;
    for (size_t i = 0; i < n_names; i++)
        ret->list[ret->n++] = names[i];
    for (size_t i = 0; s->opinions && i < ret->n; i++)
        flow_opinions_apply(s->opinions, &ret->list[i]);
    if (ret->n)
        qsort(ret->list, ret->n, sizeof *ret->list, worst_first);
    return HN_OK;
}
