/* hinomi flow judge: what people say of alerts, and what follows from it for later ones.
 *
 * An alert's id is two halves, "1f00aa42-9bc0d4e1": the first stands for (kind, host), the second for (peer, port). An
 * opinion on an alert moves it, a benign one below what is an alert; the same peer and port of another host it moves
 * half as far. One line an opinion in
 * the file "opinions": id, verdict, time, reason, with tabs between. The latest on an id holds. */
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"
#include "modules/flow/flow_in.h"

#define OPINIONS_FILE HN_STR("opinions")
#define OPINIONS_MAX  ((size_t)16 << 20)
#define BENIGN_WEIGHT (-5.0)
#define BENIGN_MOST   (-1.0) /* log-odds that are left of one judged benign itself, however strong the evidence */
#define TRUE_WEIGHT   3.0
#define REASON_MAX    500u

struct opinion {
    struct hn_str id, verdict, at, reason;
};

struct flow_opinions {
    struct opinion *list;
    size_t n;
};

static void half(const void *p, size_t n, char out[9])
{
    uint8_t sum[HN_SHA256_LEN];
    hn_sha256(hn_bytes_of(p, n), sum);
    hn_hex(hn_bytes_of(sum, 4), out);
}

void flow_alert_id(const struct flow_suspect *x, char out[FLOW_ID])
{
    uint8_t who[18] = {(uint8_t)x->kind}, whom[19] = {0};
    const struct hn_ip *host = flow_suspect_host(x), *peer = flow_suspect_peer(x);
    unsigned port = flow_suspect_port(x);
    who[1] = host->family;
    memcpy(who + 2, host->b, 16);
    whom[0] = peer->family;
    memcpy(whom + 1, peer->b, 16);
    whom[17] = (uint8_t)(port >> 8);
    whom[18] = (uint8_t)port;
    half(who, sizeof who, out);
    out[8] = '-';
    half(whom, sizeof whom, out + 9);
}

static bool parse_line(struct hn_str line, struct opinion *o)
{
    return hn_str_split(&line, '\t', &o->id) && hn_str_split(&line, '\t', &o->verdict) &&
           hn_str_split(&line, '\t', &o->at) && hn_str_split(&line, '\t', &o->reason) && o->id.n == FLOW_ID - 1;
}

static struct hn_str file_text(struct hn_work *w)
{
    struct hn_buf b;
    struct hn_str text = HN_STR(""), valid;
    hn_buf_init(&b, OPINIONS_MAX);
    HN_AUTO_FD fd = hn_work_file_open(w, OPINIONS_FILE);
    if (fd >= 0 && hn_ok(hn_read_fd(fd, &b, NULL)) && hn_str_from_utf8(hn_bytes_of(b.p, b.n), &valid))
        text = hn_arena_str(hn_work_arena(w), valid);
    hn_buf_done(&b);
    return text;
}

/* In the order in which they were given. */
static struct flow_opinions load(struct hn_work *w)
{
    struct hn_str text = file_text(w), line, rest = text;
    struct flow_opinions all = {NULL, 0};
    size_t lines = 0;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    all.list = hn_arena_alloc(hn_work_arena(w), (lines + 1) * sizeof *all.list);
    while (all.list && hn_str_split(&rest, '\n', &line))
        all.n += all.n < lines && parse_line(line, &all.list[all.n]);
    return all;
}

struct flow_opinions *flow_opinions_load(struct hn_work *w)
{
    struct flow_opinions *o = hn_arena_alloc(hn_work_arena(w), sizeof *o);
    if (o)
        *o = load(w);
    return o;
}

static double weight_of(struct hn_str verdict)
{
    return hn_str_eqc(verdict, "benign") ? BENIGN_WEIGHT : hn_str_eqc(verdict, "true") ? TRUE_WEIGHT : 0;
}

/* The latest on this id, and not revoked? */
static bool holds(const struct flow_opinions *o, size_t i)
{
    for (size_t k = i + 1; k < o->n; k++)
        if (hn_str_eq(o->list[k].id, o->list[i].id))
            return false;
    return weight_of(o->list[i].verdict) != 0;
}

double flow_verdict_weight(struct hn_str verdict, double unjudged)
{
    double weight = weight_of(verdict), most = BENIGN_MOST - unjudged;
    return weight < 0 && most < weight ? most : weight;
}

void flow_opinions_apply(const struct flow_opinions *o, struct flow_suspect *x)
{
    char id[FLOW_ID];
    const struct opinion *own = NULL, *peer = NULL;
    bool has_peer = flow_suspect_peer(x)->family != 0;
    flow_alert_id(x, id);
    for (size_t i = o->n; i-- && !own;) {
        const struct opinion *p = &o->list[i];
        if (hn_str_eqc(p->id, id))
            own = p;
        else if (has_peer && !peer && memcmp(p->id.p + 9, id + 9, 8) == 0 && holds(o, i))
            peer = p;
    }
    if (own && weight_of(own->verdict) == 0)
        own = NULL; /* revoked */
    if (own)
        flow_term(x, "judged", 1, x->judged = flow_verdict_weight(own->verdict, x->logit));
    else if (peer)
        flow_term(x, "judged-peer", 0.5, 2 * (x->judged = weight_of(peer->verdict) / 2));
    x->opinion = own ? own->reason : HN_STR("");
    x->verdict = own ? own->verdict : HN_STR("");
    x->score = flow_score_of(x->logit);
}

/* ---------------------------------------------------------------- the verb */

static struct hn_str one_line(struct hn_arena *a, struct hn_str s)
{
    struct hn_str t = hn_arena_str(a, hn_str_cut(s, 0, s.n < REASON_MAX ? s.n : REASON_MAX));
    for (size_t i = 0; i < t.n; i++)
        if ((unsigned char)t.p[i] < 0x20)
            ((char *)(uintptr_t)t.p)[i] = ' ';
    return t;
}

static int say(struct hn_work *w, struct hn_str id, struct hn_str verdict)
{
    char at[HN_TIME_TEXT];
    struct hn_str reason = one_line(hn_work_arena(w), hn_work_str(w, "reason"));
    uint8_t check[4];
    if (id.n != FLOW_ID - 1 || id.p[8] != '-' || !hn_unhex(hn_str_cut(id, 0, 8), check, 4) ||
        !hn_unhex(hn_str_cut(id, 9, 17), check, 4))
        return hn_work_usage(w, "flow.bad-id", NULL);
    if (!hn_str_eqc(verdict, "revoke") && (weight_of(verdict) == 0 || !reason.n))
        return hn_work_usage(w, "flow.bad-verdict", NULL);
    HN_AUTO_FD fd = hn_work_file_append(w, OPINIONS_FILE);
    struct hn_str line = hn_arena_fmt(hn_work_arena(w), "%.*s\t%.*s\t%s\t%.*s\n", (int)id.n, id.p, (int)verdict.n,
                                      verdict.p, hn_time_text(hn_work_now(w), at), (int)reason.n, reason.p);
    if (fd < 0 || lseek(fd, 0, SEEK_END) < 0 || !hn_ok(hn_write_all(fd, line.p, line.n)) || fdatasync(fd) != 0)
        return hn_work_fail(w, "flow.not-written", NULL);
    return flow_keep_known(w, id, verdict, reason);
}

static void list_json(struct hn_work *w, const struct flow_opinions *o)
{
    struct hn_buf b;
    struct hn_jw j;
    hn_buf_init(&b, 4 * OPINIONS_MAX);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-flow-judge-1");
    hn_jw_key(&j, "opinions");
    hn_jw_arr(&j);
    for (size_t i = 0; i < o->n; i++) {
        hn_jw_obj(&j);
        hn_jw_kstr(&j, "id", o->list[i].id);
        hn_jw_kstr(&j, "verdict", o->list[i].verdict);
        hn_jw_kstr(&j, "at", o->list[i].at);
        hn_jw_kstr(&j, "reason", o->list[i].reason);
        hn_jw_kbool(&j, "holds", holds(o, i));
        hn_jw_obj_end(&j);
    }
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(w, hn_bytes_of(b.p, b.n));
    hn_buf_done(&b);
}

int flow_judge_verb(struct hn_work *w)
{
    struct hn_str word = hn_work_word(w, 0);
    if (hn_work_words(w) == 2)
        return say(w, word, hn_work_word(w, 1));
    if (hn_work_words(w) != 1 || !hn_str_eqc(word, "list"))
        return hn_work_usage(w, "flow.bad-verdict", NULL);
    struct flow_opinions o = load(w);
    if (hn_work_form(w) == HN_FORM_JSON)
        list_json(w, &o);
    for (size_t i = 0; hn_work_form(w) != HN_FORM_JSON && i < o.n; i++) {
        if (!holds(&o, i))
            continue;
        hn_work_print(w, "%.*s  %-6.*s  %.*s  ", (int)o.list[i].id.n, o.list[i].id.p, (int)o.list[i].verdict.n,
                      o.list[i].verdict.p, (int)o.list[i].at.n, o.list[i].at.p);
        hn_work_text(w, o.list[i].reason);
        hn_work_print(w, "\n");
    }
    return 0;
}
