/* Texts of the pieces: bars, inputs of the due date, edges, nodes, rules. */
#include "core/due.h"
#include "core/render_view.h"

#include "base/str.h"

struct hn_str hn_term_text_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *term)
{
    struct hn_jv list = {.kind = HN_JV_ARR, .n = term ? 1 : 0, .items = (struct hn_jv *)(uintptr_t)term};
    const struct hn_term *t = render_terms_from_json(a, &list);
    return t ? render_term(a, lang, t) : (struct hn_str){0};
}

struct hn_str hn_due_input_text_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *input)
{
    struct hn_str value = hn_jv_str(input, "value");
    struct hn_param taken = {"taken", render_word(a, lang, "due.value.", hn_jv_str(input, "taken")), NULL};
    struct hn_param is = {"value", render_word(a, lang, "due.value.", value), &taken};
    struct hn_param name = {"input", render_word(a, lang, "due.input.", hn_jv_str(input, "name")), &is};
    return hn_text(a, lang, hn_str_eqc(value, "unknown") ? "due.unknown" : "due.known", &name);
}

struct hn_str hn_edge_text_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *edge)
{
    return render_word(a, lang, "edge.", hn_jv_str(edge, "how"));
}

struct hn_str hn_node_label_from_json(struct hn_arena *a, enum hn_lang lang, const struct hn_jv *node)
{
    struct hn_str type = hn_jv_str(node, "type"), label = hn_jv_str(node, "label");
    if (hn_str_eqc(type, "network"))
        return render_word(a, lang, "reach.", label);
    const char *key = hn_arena_fmt(a, "node.%.*s", HN_FMT(type)).p;
    if (!key || !hn_text_find(lang, key))
        return label;
    struct hn_param n = {"n", label, NULL};
    return hn_text(a, lang, key, &n);
}

/* The outcome of a row of a table that is built in, by its number. */
static struct hn_str outcome_of(struct hn_arena *a, struct hn_str table, struct hn_str row)
{
    struct hn_due_table *t = HN_NEW(a, struct hn_due_table);
    struct hn_bytes text = hn_due_builtin(table);
    uint64_t number;
    if (!t || !text.n || !hn_str_u64(row, 10, &number) || !hn_ok(hn_due_parse(a, text, t, NULL)))
        return (struct hn_str){0};
    for (size_t i = 0; i < t->n_rows; i++)
        if (t->rows[i].number == number)
            return hn_str_c(t->outcomes[t->rows[i].outcome].name);
    return (struct hn_str){0};
}

struct hn_str hn_due_rule_text(struct hn_arena *a, enum hn_lang lang, struct hn_str rule)
{
    struct hn_str table, row = rule;
    if (!hn_str_split(&row, ':', &table) || !row.n)
        return rule;
    struct hn_param value = {"row", row, NULL};
    if (hn_str_eqc(table, "severity")) {
        value.value = render_word(a, lang, "severity.", row);
        return hn_text(a, lang, "due.rule.severity", &value);
    }
    if (hn_str_eqc(table, "policy"))
        return hn_text(a, lang, "due.rule.policy", &value);
    struct hn_str outcome = outcome_of(a, table, row);
    if (!outcome.n)
        return rule;
    struct hn_param o = {"outcome", render_word(a, lang, "due.outcome.", outcome), &value};
    struct hn_param t = {"table", render_word(a, lang, "due.table.", table), &o};
    return hn_text(a, lang, "due.rule.table", &t);
}
