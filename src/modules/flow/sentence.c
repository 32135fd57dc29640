/* What an alert says to a person: who, whom, how, and what it rests on, largest share first. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "modules/flow/flow_in.h"

static struct hn_str ip_text(struct hn_arena *a, const struct hn_ip *ip)
{
    char t[HN_IP_TEXT];
    return hn_arena_str(a, hn_str_c(hn_ip_text(ip, t)));
}

/* "2.2 s", "4 min 30 s", "1 h": as one would say it. */
static struct hn_str duration(struct hn_arena *a, enum hn_lang lang, hn_time t)
{
    double s = (double)t / (double)HN_SECOND;
    bool ja = lang == HN_JA;
    if (s < 10)
        return hn_arena_fmt(a, ja ? "%.1f秒" : "%.1f s", s);
    if (s < 90)
        return hn_arena_fmt(a, ja ? "%.0f秒" : "%.0f s", s);
    if (s < 5400)
        return hn_arena_fmt(a, ja ? "%.0f分" : "%.0f min", s / 60);
    return hn_arena_fmt(a, ja ? "%.1f時間" : "%.1f h", s / 3600);
}

static const char *head_key(const struct flow_suspect *s)
{
    static const char *const keys[FLOW_KINDS] = {
        [FLOW_PORT_SCAN] = "flow.sentence.port-scan", [FLOW_LATERAL] = "flow.sentence.lateral",
        [FLOW_SPAM] = "flow.sentence.spam",           [FLOW_FLOOD] = "flow.sentence.flood",
        [FLOW_UPLOAD] = "flow.sentence.upload",       [FLOW_MADE_UP] = "flow.sentence.made-up-names",
        [FLOW_FLUX] = "flow.sentence.fast-flux",      [FLOW_DNS] = "flow.sentence.dns-tunnel"};
    if (s->kind == FLOW_SCAN)
        return s->fan->port ? "flow.sentence.scan" : "flow.sentence.sweep";
    if (s->only_print)
        return s->inward ? "flow.sentence.print-in" : "flow.sentence.print";
    if (s->kind == FLOW_INTEL)
        return s->inward ? "flow.sentence.intel-in" : "flow.sentence.intel";
    if (keys[s->kind])
        return keys[s->kind];
    if (s->inward)
        return "flow.sentence.inward";
    if (s->rhythm.contacts < 4 || (s->pair->longest >= HN_HOUR && s->pair->longest * 2 >= s->rhythm.median))
        return "flow.sentence.held";
    return s->pair->failed * 2 > s->pair->n ? "flow.sentence.retries" : "flow.sentence.beacon";
}

static struct hn_str size(struct hn_arena *a, uint64_t octets)
{
    bool small = octets < (1u << 20);
    return hn_arena_fmt(a, "%.1f %s", (double)octets / (small ? 1024 : 1048576), small ? "KiB" : "MiB");
}

/* A further sentence; in Japanese nothing stands between two. */
static void add_more(struct hn_buf *out, struct hn_arena *a, enum hn_lang lang, const char *key, unsigned n)
{
    hn_buf_c(out, lang == HN_JA ? "" : " ");
    hn_text_add(out, lang, key, &(struct hn_param){"n", hn_arena_fmt(a, "%u", n), NULL});
}

static void add_head(struct hn_buf *out, struct hn_arena *a, enum hn_lang lang, const struct flow_suspect *s)
{
    const struct flow_pair *p = s->pair;
    const struct hn_ip *src = p ? &p->src : &s->fan->src, *dst = p ? &p->dst : &s->fan->dst;
    unsigned port = flow_suspect_port(s), proto = p ? p->proto : s->fan->proto;
    struct hn_param q[13] = {
        {"host", ip_text(a, src), &q[1]},
        {"peer", dst->family ? ip_text(a, dst) : HN_STR(""), &q[2]},
        {"port",
         hn_arena_fmt(a, "%u/%s", port,
                      proto == 6    ? "tcp"
                      : proto == 17 ? "udp"
                                    : "ip"),
         &q[3]},
        {"n", hn_arena_fmt(a, "%u", p ? p->n : s->peers), &q[4]},
        {"every", p ? duration(a, lang, s->rhythm.median) : HN_STR(""), &q[5]},
        {"during", duration(a, lang, p ? p->last - p->first : s->fan->last - s->fan->first), &q[6]},
        {"failed", hn_arena_fmt(a, "%u", p ? p->failed : s->fan->failed), &q[7]},
        {"size", p ? size(a, p->bytes) : HN_STR(""), &q[8]},
        {"held", p ? duration(a, lang, p->longest) : HN_STR(""), &q[9]},
        {"list", s->list, &q[10]},
        {"what", s->what, &q[11]},
        {"print", s->print, &q[12]},
        {"listed", hn_arena_fmt(a, "%u", p ? p->listed_flows : 0), NULL}};
    hn_text_add(out, lang, head_key(s), q);
    if (s->print.n && !s->only_print)
        hn_text_add(out, lang, "flow.sentence.also-print", &q[11]);
    if (s->pool)
        add_more(out, a, lang, "flow.sentence.pool", s->pool);
    if (s->more)
        add_more(out, a, lang, s->kind == FLOW_FLUX ? "flow.sentence.more-names" : "flow.sentence.more", s->more);
}

struct hn_str flow_sentence(struct hn_arena *a, enum hn_lang lang, const struct flow_suspect *s)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    bool used[FLOW_TERMS_MAX] = {false};
    hn_buf_init(&b, 16u << 10);
    add_head(&b, a, lang, s);
    for (unsigned shown = 0; shown < 4; shown++) {
        size_t best = s->n_terms;
        double most = 0.25;
        for (size_t i = 0; i < s->n_terms; i++) {
            double share = s->terms[i].weight * s->terms[i].value;
            if (!used[i] && share > most) {
                most = share;
                best = i;
            }
        }
        if (best == s->n_terms)
            break;
        used[best] = true;
        hn_buf_c(&b, shown ? (lang == HN_JA ? "、" : ", ") : (lang == HN_JA ? "根拠: " : " Because: "));
        hn_text_add(&b, lang, hn_arena_fmt(a, "flow.term.%s", s->terms[best].name).p, NULL);
    }
    hn_buf_c(&b, lang == HN_JA ? "。" : ".");
    return hn_arena_str(a, hn_buf_text(&b));
}

const char *flow_benign_if(struct hn_arena *a, enum hn_lang lang, const struct flow_suspect *s)
{
    bool visit = s->inward && s->kind == FLOW_BEACON;
    const char *key = visit ? "inward" : s->only_print ? "intel-tls" : flow_kind_name(s->kind);
    return hn_text_find(lang, hn_arena_fmt(a, "flow.benign.%s", key).p);
}
