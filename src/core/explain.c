/* `hinomi findings explain`: the sum as a waterfall in plain text. Each bar begins where the one above it ended:
 *
 *   starting point                        │██████                    3.0 %
 *   + 1.20  listens on every address …    │      ████████            9.3 %   2026-11-22T05:00:00Z
 */
#include <math.h>

#include "base/str.h"
#include "core/registry.h"
#include "core/render_view.h"

#define BAR 24

struct explain {
    struct hn_buf *out;
    struct hn_arena *a;
    enum hn_lang lang;
    const struct hn_jv *f;
    unsigned columns;
};

static void text(struct explain *x, const char *key)
{
    hn_text_add(x->out, x->lang, key, NULL);
}

static double probability(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* The scale runs from one in ten thousand to certainty, in log-odds. */
static int column(double logit)
{
    const double least = -9.2, most = 4.6;
    double at = (logit - least) / (most - least) * BAR;
    return at < 0 ? 0 : at > BAR ? BAR : (int)lround(at);
}

static void bar(struct explain *x, double from, double to)
{
    int a = column(from < to ? from : to), b = column(from < to ? to : from);
    hn_buf_c(x->out, "  |");
    for (int i = 0; i < BAR; i++)
        hn_buf_chr(x->out, i >= a && (i < b || (a == b && i == a)) ? (to >= from ? '#' : '-') : ' ');
    hn_buf_c(x->out, "|");
}

/* Breaks at blanks (or anywhere in Japanese) so that no line is wider; wide characters count two. */
static unsigned width_of(const char *p, size_t n, size_t *ret_len)
{
    uint8_t c = (uint8_t)*p;
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    *ret_len = len > n ? n : len;
    return len >= 3 ? 2 : 1;
}

static void wrapped(struct explain *x, struct hn_str s, unsigned indent)
{
    unsigned at = indent, blank = 0, room = x->columns > indent + 20 ? x->columns : indent + 20;
    size_t i = 0;
    hn_buf_fmt(x->out, "%*s", (int)indent, "");
    while (i < s.n) {
        size_t end = i, len;
        unsigned w = 0;
        while (end < s.n && s.p[end] != ' ') { /* the next word; a wide character is a word of its own */
            unsigned one = width_of(s.p + end, s.n - end, &len);
            if (one == 2 && end > i)
                break;
            w += one;
            end += len;
            if (one == 2)
                break;
        }
        if (at > indent && at + blank + w > room) {
            hn_buf_fmt(x->out, "\n%*s", (int)indent, "");
            at = indent;
            blank = 0;
        }
        hn_buf_fmt(x->out, "%*s", (int)blank, "");
        hn_buf_add(x->out, s.p + i, end - i);
        at += blank + w;
        i = end;
        blank = i < s.n && s.p[i] == ' ';
        i += blank;
    }
    hn_buf_chr(x->out, '\n');
}

static void heading(struct explain *x, const char *key)
{
    hn_buf_chr(x->out, '\n');
    text(x, key);
    hn_buf_chr(x->out, '\n');
}

static void term_lines(struct explain *x, const struct hn_jv *term, double from, double to, bool on_loss)
{
    struct hn_str s = hn_term_text_from_json(x->a, x->lang, term);
    const struct hn_jv *obs = hn_jv_get(term, "obs");
    wrapped(x, s, 2);
    if (on_loss)
        hn_buf_fmt(x->out, "%*s  × %.2f", BAR + 3, "", exp(hn_jv_num(term, "weight", 0)));
    else
        bar(x, from, to);
    if (!on_loss)
        hn_buf_fmt(x->out, "  %+5.2f  %5.1f %%", to - from, 100 * probability(to));
    if (hn_jv_str(obs, "subject").n)
        hn_buf_fmt(x->out, "  %.*s %.*s, %.*s", HN_FMT(hn_jv_str(obs, "kind")), HN_FMT(hn_jv_str(obs, "subject")),
                   HN_FMT(hn_jv_str(obs, "at")));
    hn_buf_chr(x->out, '\n');
}

static void waterfall(struct explain *x)
{
    const struct hn_jv *terms = hn_jv_get(x->f, "terms");
    double at = hn_jv_num(x->f, "prior", 0);
    heading(x, "explain.sum");
    hn_buf_c(x->out, "  ");
    text(x, "explain.prior");
    hn_buf_chr(x->out, '\n');
    bar(x, -9.2, at);
    hn_buf_fmt(x->out, "  %+5.2f  %5.1f %%\n", at, 100 * probability(at));
    for (int loss = 0; loss < 2; loss++)
        for (size_t i = 0; terms && terms->kind == HN_JV_ARR && i < terms->n; i++) {
            const struct hn_jv *t = &terms->items[i];
            bool on_loss = hn_str_eqc(hn_jv_str(t, "on"), "loss");
            double w = hn_jv_num(t, "weight", 0);
            if (!hn_jv_bool(t, "seen", false) || on_loss != (loss == 1))
                continue;
            term_lines(x, t, at, on_loss ? at : at + w, on_loss);
            at += on_loss ? 0 : w;
        }
    hn_buf_fmt(x->out, "  p = %.4f   loss = %.2f   score = %.1f", hn_jv_num(x->f, "p", 0), hn_jv_num(x->f, "loss", 0),
               hn_jv_num(x->f, "score", 0));
    if (hn_jv_str(x->f, "policy").n)
        hn_buf_fmt(x->out, "   (%.*s)", HN_FMT(hn_jv_str(x->f, "policy")));
    hn_buf_chr(x->out, '\n');
}

static void unseen(struct explain *x)
{
    const struct hn_jv *terms = hn_jv_get(x->f, "terms");
    bool any = false;
    for (size_t i = 0; terms && terms->kind == HN_JV_ARR && i < terms->n; i++) {
        if (hn_jv_bool(&terms->items[i], "seen", false))
            continue;
        if (!any)
            heading(x, "explain.unseen");
        any = true;
        wrapped(x, hn_term_text_from_json(x->a, x->lang, &terms->items[i]), 2);
    }
}

static void due(struct explain *x)
{
    const struct hn_jv *in = hn_jv_get(x->f, "due_inputs"), *days = hn_jv_get(x->f, "due_days");
    heading(x, "explain.due");
    struct hn_str date = hn_jv_str(x->f, "due"); /* the store knows the day, a document the number of days */
    struct hn_param d = {"date", hn_str_cut(date, 0, date.n < 10 ? date.n : 10), NULL};
    struct hn_param n = {"days", hn_arena_fmt(x->a, "%lld", (long long)hn_jv_int(x->f, "due_days", 0)), &d};
    bool numbered = days && days->kind == HN_JV_INT;
    wrapped(x,
            hn_text(x->a, x->lang,
                    date.n     ? "explain.due-on"
                    : numbered ? "explain.due-days"
                               : "explain.due-none",
                    &n),
            2);
    wrapped(x, hn_due_rule_text(x->a, x->lang, hn_jv_str(x->f, "due_rule")), 2);
    for (size_t i = 0; in && in->kind == HN_JV_ARR && i < in->n; i++)
        wrapped(x, hn_due_input_text_from_json(x->a, x->lang, &in->items[i]), 4);
}

static void graph(struct explain *x)
{
    const struct hn_jv *g = hn_jv_get(x->f, "graph"), *nodes = hn_jv_get(g, "nodes"), *edges = hn_jv_get(g, "edges");
    if (!nodes || !edges || nodes->kind != HN_JV_ARR || edges->kind != HN_JV_ARR || !edges->n)
        return;
    heading(x, "explain.graph");
    for (size_t i = 0; i < edges->n; i++) {
        int64_t from = hn_jv_int(&edges->items[i], "from", -1), to = hn_jv_int(&edges->items[i], "to", -1);
        if (from < 0 || to < 0 || (size_t)from >= nodes->n || (size_t)to >= nodes->n)
            continue;
        struct hn_str a = hn_node_label_from_json(x->a, x->lang, &nodes->items[from]);
        struct hn_str b = hn_node_label_from_json(x->a, x->lang, &nodes->items[to]);
        struct hn_str how = hn_edge_text_from_json(x->a, x->lang, &edges->items[i]);
        wrapped(x, hn_arena_fmt(x->a, "%.*s -- %.*s -> %.*s", HN_FMT(a), HN_FMT(how), HN_FMT(b)), 2);
    }
}

void hn_finding_explain(struct hn_buf *out, struct hn_arena *a, enum hn_lang lang, const struct hn_jv *finding,
                        unsigned columns)
{
    struct explain x = {out, a, lang, finding, columns ? columns : 80};
    struct hn_finding_texts t = hn_finding_texts_from_json(a, lang, finding);
    wrapped(&x, t.sentence, 0);
    hn_buf_fmt(out, "%.*s  %.*s\n", HN_FMT(hn_jv_str(finding, "id")), HN_FMT(hn_jv_str(finding, "kind")));
    waterfall(&x);
    due(&x);
    graph(&x);
    unseen(&x);
    heading(&x, "explain.remedy");
    wrapped(&x, t.remedy, 2);
}
