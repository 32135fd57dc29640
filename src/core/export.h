/* Lists of findings for other tools: CSV, OCSF 1.x (one JSON object a line), SARIF 2.1.0. Shared by HTTP and the
 * command line, which both reach it through the operation findings.list with `format`. */
#pragma once

#include "core/ops_in.h"

#define HN_EXPORT_ROWS 100000u

/* format: "csv", "ocsf", "sarif". Writes to c->out and sets c->type. Pages through everything that q matches. */
HN_MUST struct hn_err hn_export_findings(struct hn_op_ctx *c, const struct hn_store_finding_query *q,
                                         struct hn_str format);

/* One cell: quoted where needed (RFC 4180); a cell that a spreadsheet would take for a formula gets a leading quote
 * mark ('), so that opening the file cannot run anything. */
void hn_csv_cell(struct hn_buf *out, struct hn_str s);

/* What the three formats are made from; texts in the language asked for. */
struct export_row {
    const struct hn_store_finding *f;
    const struct hn_jv *v;
    struct hn_str title, sentence, why, remedy;
};
struct export_out {
    struct hn_op_ctx *c;
    struct hn_arena *a; /* cleared after each page */
    enum hn_lang lang;
    size_t rows;
    struct hn_jw w; /* of a format that is one document */
    void *state;    /* of the format */
};
struct export_format {
    const char *name, *type;
    void (*begin)(struct export_out *o);
    void (*row)(struct export_out *o, const struct export_row *r);
    void (*end)(struct export_out *o);
};
extern const struct export_format export_csv, export_ocsf, export_sarif;
