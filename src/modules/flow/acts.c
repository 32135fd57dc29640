/* What hosts of ours do to others, on command as a rule: scans, sweeps, floods, mail by the hundred, ways from host to
 * host inside, uploads out of proportion. One suspect a host and kind; the further ports are counted. */
#include <math.h>
#include <stdlib.h>

#include "modules/flow/flow_in.h"

#define PORTS_LEAST   50u
#define LATERAL_LEAST 8u
#define MAIL_LEAST    20u
#define FLOOD_LEAST   1000u
#define FLOOD_RATE    20.0
#define UPLOAD_LEAST  (100e6)

static bool is_icmp(uint8_t proto)
{
    return proto == 1 || proto == 58;
}

static double failing_of(const struct flow_fan *f)
{
    return (double)f->failed / f->n;
}

/* Peers on one port: the more fail, the more it is a search. A browser meets as many, but they answer. */
static void weigh_scan(struct flow_suspect *x, const struct flow_fan *f)
{
    double minutes = (double)(f->last - f->first) / (double)HN_MINUTE;
    flow_term(x, "peers", 1.2, log10((double)x->peers) - 0.5);
    flow_term(x, "unanswered", 2.5, failing_of(f));
    flow_term(x, "sweep", 1.2, is_icmp(f->proto));
    flow_term(x, "quick", 0.5, !is_icmp(f->proto) && x->peers > 10 * (minutes < 1 ? 1 : minutes));
}

static bool judge_ports(const struct flow_fan *f, struct flow_suspect *x)
{
    if (x->peers < PORTS_LEAST || (failing_of(f) < 0.5 && f->n > 3 * x->peers))
        return false;
    x->kind = FLOW_PORT_SCAN;
    x->logit = -1.5;
    weigh_scan(x, f);
    return true;
}

static bool judge_scan(const struct flow_fan *f, struct flow_suspect *x)
{
    if (!f->port && (f->proto == 6 || f->proto == 17))
        return false; /* port 0: later fragments, which have none */
    if (is_icmp(f->proto) ? x->peers < 15 : !flow_is_scan(f))
        return false;
    if (f->proto == 17 && failing_of(f) < 0.9)
        return false; /* a search over UDP meets silence; where many answer they are peers, or servers that were known
                       */
    x->kind = FLOW_SCAN;
    x->logit = -1.5;
    weigh_scan(x, f);
    return true;
}

/* Inside, one host to many on a port of administration. The administrator does it too: slowly, and it is answered. */
static bool judge_lateral(const struct flow_fan *f, struct flow_suspect *x)
{
    unsigned inside = flow_distinct(&f->inside, 1);
    double hours = (double)(f->last - f->first) / (double)HN_HOUR;
    if (f->proto != 6 || !flow_admin_port(f->port) || inside < LATERAL_LEAST)
        return false;
    x->kind = FLOW_LATERAL;
    x->peers = inside;
    x->logit = -2.2;
    flow_term(x, "inside", 1.5, log10((double)inside) - 0.5);
    flow_term(x, "unanswered", 2.0, failing_of(f));
    flow_term(x, "quick", 1.2, inside > 10 * (hours < 1 ? 1 : hours));
    return true;
}

/* Mail to many servers by a host to which no mail comes. */
static bool judge_mail(const struct flow_state *s, const struct flow_fan *f, struct flow_suspect *x)
{
    const struct flow_host *h = flow_host_find(s, &f->src);
    if (f->proto != 6 || f->port != 25 || x->peers < MAIL_LEAST || !h || h->mail_in)
        return false;
    x->kind = FLOW_SPAM;
    x->logit = -1.5;
    flow_term(x, "peers", 1.5, log10((double)x->peers) - 0.5);
    flow_term(x, "unanswered", 1.0, failing_of(f));
    return true;
}

static bool judge_fan(const struct flow_state *s, const struct flow_fan *f, struct flow_suspect *x)
{
    bool ports = f->dst.family != 0;
    *x = (struct flow_suspect){.fan = f, .peers = flow_distinct(f->seen, 8)};
    if (!flow_is_own(s, &f->src) || flow_is_group(&f->dst))
        return false;
    if (flow_is_p2p(flow_host_find(s, &f->src)) && (f->proto == 17 || failing_of(f) < 0.9))
        return false; /* peers are asked over UDP whether they are still there, and many are not */
    bool is = ports ? judge_ports(f, x) : judge_lateral(f, x) || judge_scan(f, x) || judge_mail(s, f, x);
    x->score = flow_score_of(x->logit);
    return is;
}

/* Out of our network only: what is done to us is told by others. */
static bool judge_pair(const struct flow_state *s, const struct flow_pair *p, struct flow_suspect *x)
{
    double rate = flow_per_second(p), ratio = (double)p->bytes / (double)(p->bytes_back + 1);
    *x = (struct flow_suspect){.kind = FLOW_FLOOD, .pair = p, .peers = 1, .logit = -2.5};
    if (!flow_is_own(s, &p->src) || flow_is_own(s, &p->dst) || flow_is_group(&p->dst) || flow_is_role(p))
        return false;
    if (p->n >= FLOOD_LEAST && rate >= FLOOD_RATE) {
        flow_term(x, "rate", 2.0, log10(rate) - 1);
        flow_term(x, "unanswered", 1.5, (double)(p->n - p->answered) / p->n);
        flow_term(x, "volume", 1.0, log10((double)p->n) - 3);
    } else if ((double)p->bytes >= UPLOAD_LEAST && ratio >= 10 && p->bytes_back &&
               !(p->port >= 1024 && flow_is_p2p(flow_host_find(s, &p->src)))) {
        const struct flow_host *server = flow_host_find(s, &p->dst);
        x->kind = FLOW_UPLOAD;
        flow_term(x, "volume", 0.7, log10((double)p->bytes) - 7.5);
        flow_term(x, "one-way", 0.5, log10(ratio) - 0.5);
        flow_term(x, "port", 0.7, !flow_common_port(p->port));
        flow_term(x, "popular", -1.5, server && flow_distinct(server->users, 4) >= 3);
    } else {
        return false;
    }
    x->score = flow_score_of(x->logit);
    return true;
}

static int by_host_and_kind(const void *a, const void *b)
{
    const struct flow_suspect *x = a, *y = b;
    int c = memcmp(flow_suspect_host(x)->b, flow_suspect_host(y)->b, 16);
    if (c)
        return c;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->logit > y->logit ? -1 : x->logit < y->logit;
}

/* The worst of each host and kind stays; the others are counted in it. */
static size_t merge(struct flow_suspect *list, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(list, n, sizeof *list, by_host_and_kind);
    for (size_t i = 0; i < n; i++) {
        struct flow_suspect *last = kept ? &list[kept - 1] : NULL;
        if (last && last->kind == list[i].kind && hn_ip_eq(flow_suspect_host(last), flow_suspect_host(&list[i])))
            last->more++;
        else
            list[kept++] = list[i];
    }
    return kept;
}

size_t flow_acts(struct flow_state *s, struct flow_suspect *list)
{
    struct flow_suspect none;
    size_t n = 0;
    for (size_t i = 0; i < s->n_fans; i++)
        n += judge_fan(s, &s->fans[i], list ? &list[n] : &none);
    for (size_t i = 0; i < s->n_pairs; i++)
        n += judge_pair(s, &s->pairs[i], list ? &list[n] : &none);
    if (!list)
        return n;
    n = merge(list, n);
    for (size_t i = 0; i < n; i++) {
        struct flow_host *h = flow_host_find(s, flow_suspect_host(&list[i]));
        if (h && list[i].score > h->acts)
            h->acts = list[i].score;
    }
    return n;
}
