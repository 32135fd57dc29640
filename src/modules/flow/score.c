/* Which pairs look like a command channel, and why. First the loud is peeled off by its shape, then what is left is
 * weighed: a sum of named terms in log-odds, so that every alert can say what it rests on.
 *
 * The weights are judgement, tuned on the labelled captures that `make flow-eval` names and kept few; the evaluation
 * prints how they do on what they were not tuned on. */
#include <math.h>
#include <stdlib.h>

#include "modules/flow/flow_in.h"

#define CONTACTS_LEAST 8u
#define RETRIES_LEAST  30u
#define FAN_LEAST      25u /* peers on one port: Zeek's scan.zeek counted 25 in five minutes */
#define SWEEP_LEAST    15u /* … of ICMP */
#define PORTS_LEAST    50u
#define BIAS           (-4.4)

/* ---------------------------------------------------------------- roles and peeling */

static bool port_in(uint16_t port, const uint16_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == port)
            return true;
    return false;
}
#define PORT_IN(port, ...) port_in((port), (const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

/* Services whose clients are clocks by their nature: names, time, addresses, discovery, routing, logs, monitoring,
 * lists of game and voice servers. */
static bool is_role(const struct flow_pair *p)
{
    if (p->proto != 6 && p->proto != 17)
        return true;
    if (p->apps & (1u << HN_APP_DNS | 1u << HN_APP_NTP | 1u << HN_APP_DHCP))
        return true;
    return PORT_IN(p->port, 53, 67, 68, 123, 137, 138, 161, 162, 179, 319, 320, 500, 514, 520, 521, 546, 547, 853, 1812,
                   1813, 1900, 2008, 2010, 3478, 4500, 5350, 5351, 5353, 5355, 6343, 2055, 4739, 9995);
}

static bool is_login_port(uint16_t port)
{
    return PORT_IN(port, 21, 22, 23, 25, 110, 135, 139, 143, 445, 465, 587, 993, 995, 1433, 1521, 2222, 2323, 3306,
                   3389, 5060, 5432, 5900, 5985, 6379, 27017);
}

static bool is_group(const struct hn_ip *ip)
{
    if (ip->family == 4)
        return ip->b[0] >= 224 || ip->b[3] == 255 || ip->b[0] == 0;
    return ip->b[0] == 0xff;
}

static bool is_p2p(const struct flow_host *h)
{
    return h && flow_distinct(h->high_peers, 16) >= 40 &&
           flow_distinct(h->high_peers, 16) * 2 >= flow_distinct(h->peers, 16);
}

static bool fan_is_scan(const struct flow_fan *f)
{
    unsigned least = f->proto == 1 || f->proto == 58 ? SWEEP_LEAST : FAN_LEAST;
    return flow_distinct(f->seen, 8) >= least && f->failed * 10ull >= f->n * 6ull;
}

static double per_second(const struct flow_pair *p)
{
    double s = (double)(p->last - p->first) / (double)HN_SECOND;
    return p->n / (s < 1 ? 1 : s);
}

static bool never_answers(const struct flow_pair *p)
{
    return p->answered == 0 || p->failed * 20ull >= p->n * 19ull;
}

static enum flow_peel peel(const struct flow_state *s, const struct flow_pair *p, bool own_src, bool own_dst)
{
    const struct flow_host *h = flow_host_find(s, &p->src);
    const struct flow_fan *fan = flow_fan_find(s, &p->src, NULL, p->port, p->proto);
    if (p->n < CONTACTS_LEAST)
        return FLOW_PEEL_FEW;
    if (is_group(&p->dst) || is_role(p))
        return FLOW_PEEL_ROLE;
    if (per_second(p) >= 20)
        return FLOW_PEEL_FLOOD;
    if (fan && fan_is_scan(fan) && (never_answers(p) || p->n < 100))
        return FLOW_PEEL_SCAN;
    if (!own_src && is_login_port(p->port))
        return FLOW_PEEL_GUESSING;
    if (!own_src && never_answers(p))
        return FLOW_PEEL_KNOCKING;
    if (own_src && never_answers(p) && ((h && h->failing_pairs > 5) || p->n < RETRIES_LEAST || is_p2p(h)))
        return FLOW_PEEL_PEER_TO_PEER;
    if (own_src && own_dst && hn_ip_reach(&p->dst) != HN_REACH_PUBLIC)
        return FLOW_PEEL_INSIDE;
    return FLOW_PEEL_KEPT;
}

/* ---------------------------------------------------------------- terms */

static void term(struct flow_suspect *x, const char *name, double weight, double value)
{
    if (x->n_terms < FLOW_TERMS_MAX && weight * value != 0)
        x->terms[x->n_terms++] = (struct flow_term){name, weight, value};
    x->logit += weight * value;
}

static double clamp(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
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
    return clamp(one > two ? one : two);
}

static bool common_port(uint16_t port)
{
    return PORT_IN(port, 80, 443, 8080, 8443, 25, 110, 143, 993, 995, 587, 465, 22, 21, 5222, 5223, 5228, 3128, 8000,
                   8888, 1935, 554, 1194, 51820, 853);
}

static double spoken_for(const struct flow_pair *p)
{
    return (double)(p->last - p->first) / (double)HN_SECOND;
}

static void shared_terms(const struct flow_state *s, struct flow_suspect *x, double span)
{
    const struct flow_pair *p = x->pair;
    const struct flow_host *server = flow_host_find(s, x->inward ? &p->src : &p->dst);
    unsigned users = server ? flow_distinct(server->users, 4) : 1;
    double spoken = spoken_for(p), held = (double)p->longest / (double)HN_HOUR;
    double each = p->n ? (double)(p->bytes_back) / p->n : 0;
    double slices = 1 + (double)((p->last - p->first) / p->bin);
    term(x, "persistent", 1.6, clamp(spoken / (span > 3600 ? span : 3600)) * __builtin_popcountll(p->bins) / slices);
    term(x, "often", 1.2, clamp((log10((double)x->rhythm.contacts) - 1) / 2));
    term(x, "port", 0.7, !common_port(p->port));
    term(x, "popular", -1.2, !x->inward && users >= 5);
    term(x, "bulk", -1.2, clamp((log10(each + 1) - 4.5) / 1.5));
    term(x, "held", 0.5, clamp(held / 4) * !common_port(p->port));
}

static void weigh(const struct flow_state *s, struct flow_suspect *x)
{
    const struct flow_pair *p = x->pair;
    const struct flow_host *h = flow_host_find(s, &p->src);
    const struct flow_host *own = x->inward ? flow_host_find(s, &p->dst) : h;
    double span = own ? (double)(own->last - own->first) / (double)HN_SECOND : 0;
    double enough = 1 - exp(-(double)x->rhythm.contacts / 15), failing = (double)p->failed / p->n;
    x->same_size = same_size(p);
    x->logit = BIAS;
    term(x, "steady", 3.2, x->rhythm.steady * enough);
    term(x, "same-size", 1.9, clamp((x->same_size - 0.2) / 0.7) * enough);
    shared_terms(s, x, span);
    /* A server that was taken down is still asked for: "failed" alone must not clear a pair. */
    term(x, "retries", 1.0, failing >= 0.3 && p->n >= RETRIES_LEAST && !x->inward);
    /* Hundreds of requests of one size within minutes are no page being read. */
    double many = clamp((log10((double)p->n) - 2) / 1) * clamp(per_second(p) / 0.5) * (p->bytes / p->n < 3000);
    term(x, "chatter", 2.4, many * clamp((x->same_size - 0.3) / 0.4) * !x->inward);
    bool storm = h && h->dns >= 1000 && h->dns / (span > 60 ? span : 60) > 1;
    term(x, "name-storm", 1.4, storm && !x->inward);
    term(x, "p2p", -2.5, is_p2p(h) && p->port >= 1024);
    term(x, "web", -0.8, common_port(p->port) && x->rhythm.steady < 0.5);
    /* An inside service asked by an outside client like a clock is as often a monitor as a channel. */
    term(x, "inward", -0.6, x->inward);
    term(x, "brief", -1.8, x->inward && spoken_for(p) * 4 < span);
    term(x, "datagram", -1.0, p->proto == 17);
    x->score = 1 / (1 + exp(-x->logit));
}

/* ---------------------------------------------------------------- all of them */

static void count_failing(struct flow_state *s)
{
    for (size_t i = 0; i < s->n_pairs; i++) {
        struct flow_pair *p = &s->pairs[i];
        struct flow_host *h = p->n >= CONTACTS_LEAST && never_answers(p) ? flow_host_find(s, &p->src) : NULL;
        if (h)
            h->failing_pairs++;
    }
}

static bool judge_fan(const struct flow_state *s, const struct flow_fan *f, struct flow_suspect *x)
{
    bool ports = f->dst.family != 0;
    unsigned n = flow_distinct(f->seen, 8);
    if (!flow_is_own(s, &f->src) || is_group(&f->dst) || (!ports && !f->port && (f->proto == 6 || f->proto == 17)))
        return false; /* port 0: later fragments, which have none */
    double failing = (double)f->failed / f->n;
    bool icmp = f->proto == 1 || f->proto == 58;
    if (ports ? n < PORTS_LEAST : !(icmp ? n >= SWEEP_LEAST : fan_is_scan(f)))
        return false;
    if (ports ? failing < 0.5 && f->n > 3 * n : failing < 0.6 && !icmp)
        return false;
    if (is_p2p(flow_host_find(s, &f->src)) && failing < 0.9)
        return false;
    *x = (struct flow_suspect){.kind = ports ? FLOW_PORT_SCAN : FLOW_SCAN, .fan = f, .peers = n, .logit = -1.5};
    term(x, "peers", 1.2, log10((double)n) - 0.5);
    term(x, "unanswered", 2.5, failing);
    term(x, "sweep", 1.2, icmp);
    x->score = 1 / (1 + exp(-x->logit));
    return true;
}

static int worst_first(const void *a, const void *b)
{
    double x = ((const struct flow_suspect *)a)->logit, y = ((const struct flow_suspect *)b)->logit;
    return x > y ? -1 : x < y;
}

struct hn_err flow_judge_all(struct flow_state *s, struct hn_arena *a, struct flow_verdicts *ret)
{
    *ret = (struct flow_verdicts){.n = 0};
    count_failing(s);
    size_t most = 0;
    for (size_t i = 0; i < s->n_pairs; i++)
        most += s->pairs[i].n >= CONTACTS_LEAST;
    ret->list = hn_arena_alloc(a, (most + s->n_fans + 1) * sizeof *ret->list);
    if (!ret->list)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < s->n_pairs; i++) {
        const struct flow_pair *p = &s->pairs[i];
        bool own_src = flow_is_own(s, &p->src), own_dst = flow_is_own(s, &p->dst);
        enum flow_peel why = own_src || own_dst ? peel(s, p, own_src, own_dst) : FLOW_PEEL_ROLE;
        ret->peeled[why]++;
        if (why != FLOW_PEEL_KEPT)
            continue;
        struct flow_suspect *x = &ret->list[ret->n];
        *x = (struct flow_suspect){.kind = FLOW_BEACON, .pair = p, .inward = !own_src};
        flow_rhythm_of(p, &x->rhythm);
        weigh(s, x);
        ret->n += x->rhythm.contacts >= CONTACTS_LEAST || p->n >= RETRIES_LEAST;
    }
    for (size_t i = 0; i < s->n_fans; i++)
        ret->n += judge_fan(s, &s->fans[i], &ret->list[ret->n]);
    if (ret->n)
        qsort(ret->list, ret->n, sizeof *ret->list, worst_first);
    return HN_OK;
}
