/* Renderings of their own: what to do first, and why a finding stands where it stands. */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "core/render.h"

int cli_show_explain(const struct hn_jv *finding)
{
    struct hn_arena a;
    struct hn_buf raw, out;
    hn_arena_init(&a, 64u << 20);
    hn_buf_init(&raw, 16u << 20);
    hn_buf_init(&out, 16u << 20);
    hn_finding_explain(&raw, &a, cli.lang, finding, cli.columns);
    /* line by line: the ends of lines are ours, what stands in them may not be */
    struct hn_str rest = hn_buf_text(&raw), line;
    while (hn_str_split(&rest, '\n', &line)) {
        hn_term_put(&out, line);
        hn_buf_chr(&out, '\n');
    }
    cli_out(&out);
    hn_buf_done(&raw);
    hn_buf_done(&out);
    hn_arena_done(&a);
    return CLI_OK;
}

static void put_first(struct hn_buf *out, struct hn_arena *a, const struct hn_jv *row, size_t n)
{
    hn_buf_fmt(out, "%3zu  ", n);
    cli_put_severity(out, hn_jv_str(row, "severity"));
    hn_buf_chr(out, ' ');
    hn_term_put(out, cli_value(a, row, "title", false));
    hn_buf_c(out, " — ");
    hn_term_put(out, cli_value(a, row, "asset.name", false));
    hn_buf_c(out, "\n     ");
    hn_term_put(out, cli_value(a, row, "sentence", false));
    hn_buf_c(out, "\n     ");
    hn_term_put(out, cli_value(a, row, "due", true));
    hn_buf_c(out, "  ");
    hn_term_put(out, cli_value(a, row, "id", false));
    hn_buf_chr(out, '\n');
}

int cli_show_now(const struct hn_jv *now)
{
    struct hn_arena a;
    struct hn_buf out, head;
    const struct hn_jv *first = hn_jv_get(now, "first");
    hn_arena_init(&a, 64u << 20);
    hn_buf_init(&out, 16u << 20);
    hn_buf_init(&head, 64u << 10);
    struct hn_param p[6] = {{"score", cli_value(&a, now, "score.value", false), &p[1]},
                            {"overdue", cli_value(&a, now, "counts.overdue", false), &p[2]},
                            {"due_week", cli_value(&a, now, "counts.due_week", false), &p[3]},
                            {"open", cli_value(&a, now, "counts.open", false), &p[4]},
                            {"verified", cli_value(&a, now, "counts.verified_since_yesterday", false), &p[5]},
                            {"not_seen", cli_value(&a, now, "coverage.not_seen", false), NULL}};
    hn_text_add(&head, cli.lang, "cli.now.head", p);
    hn_term_put(&out, hn_buf_text(&head));
    hn_buf_c(&out, "\n\n");
    for (size_t i = 0; first && i < first->n; i++)
        put_first(&out, &a, &first->items[i], i + 1);
    if (!first || !first->n)
        hn_buf_fmt(&out, "%s\n", hn_text_find(cli.lang, "cli.findings.empty"));
    cli_out(&out);
    hn_buf_done(&head);
    hn_buf_done(&out);
    hn_arena_done(&a);
    return CLI_OK;
}
