#include "core/due.h"

#include "base/str.h"

/* ---------------------------------------------------------------- reading */

struct reader {
    struct hn_arena *a;
    struct hn_due_table *t;
    bool row_set[HN_DUE_ROWS];
    const char *why;
};

static bool bad(struct reader *r, const char *why)
{
    r->why = why;
    return false;
}

static const char *keep(struct reader *r, struct hn_str s)
{
    const char *c = hn_arena_cstr(r->a, s);
    return c ? c : "";
}

static bool read_one(struct reader *r, struct hn_str rest, const char **ret)
{
    struct hn_str word, more;
    if (*ret)
        return bad(r, "given twice");
    if (!hn_str_word(&rest, &word) || hn_str_word(&rest, &more))
        return bad(r, "one word is expected");
    *ret = keep(r, word);
    return true;
}

/* input NAME VALUE… | VALUE */
static bool read_input(struct reader *r, struct hn_str rest)
{
    struct hn_due_table *t = r->t;
    struct hn_str word;
    if (t->n_inputs == HN_DUE_INPUTS)
        return bad(r, "too many inputs");
    if (t->n_rows)
        return bad(r, "inputs come before rows");
    if (!hn_str_word(&rest, &word))
        return bad(r, "an input needs a name");
    size_t i = t->n_inputs++;
    t->inputs[i].name = keep(r, word);
    while (hn_str_word(&rest, &word) && !hn_str_eqc(word, "|")) {
        if (t->inputs[i].n == HN_DUE_VALUES)
            return bad(r, "too many values");
        t->inputs[i].values[t->inputs[i].n++] = keep(r, word);
    }
    struct hn_str cautious, more;
    if (t->inputs[i].n < 2 || !hn_str_word(&rest, &cautious) || hn_str_word(&rest, &more))
        return bad(r, "an input is: name, at least two values, |, the value when unknown");
    for (size_t v = 0; v < t->inputs[i].n; v++)
        if (hn_str_eqc(cautious, t->inputs[i].values[v])) {
            t->inputs[i].cautious = v;
            return true;
        }
    return bad(r, "the value when unknown is none of the values");
}

static bool read_outcome(struct reader *r, struct hn_str rest)
{
    struct hn_due_table *t = r->t;
    struct hn_str name, days, more;
    uint64_t n = 0;
    if (t->n_outcomes == sizeof t->outcomes / sizeof t->outcomes[0])
        return bad(r, "too many outcomes");
    if (!hn_str_word(&rest, &name) || !hn_str_word(&rest, &days) || hn_str_word(&rest, &more))
        return bad(r, "an outcome is: name, days or none");
    bool none = hn_str_eqc(days, "none");
    if (!none && (!hn_str_u64(days, 10, &n) || n > 3650))
        return bad(r, "days are a number up to 3650, or none");
    t->outcomes[t->n_outcomes++] = (struct hn_due_outcome){keep(r, name), none ? -1 : (int64_t)n};
    return true;
}

static size_t combinations(const struct hn_due_table *t)
{
    size_t n = 1;
    for (size_t i = 0; i < t->n_inputs; i++)
        n *= t->inputs[i].n;
    return n;
}

/* row NUMBER VALUE… OUTCOME */
static bool read_row(struct reader *r, struct hn_str rest)
{
    struct hn_due_table *t = r->t;
    struct hn_str word;
    uint64_t number = 0;
    size_t at = 0;
    if (!t->n_inputs || !t->n_outcomes || combinations(t) > HN_DUE_ROWS)
        return bad(r, "rows come after inputs and outcomes, at most 256 of them");
    if (!hn_str_word(&rest, &word) || !hn_str_u64(word, 10, &number) || number > 9999)
        return bad(r, "a row begins with its number");
    for (size_t i = 0; i < t->n_inputs; i++) {
        size_t v = 0;
        if (!hn_str_word(&rest, &word))
            return bad(r, "a row names one value for each input, then the outcome");
        while (v < t->inputs[i].n && !hn_str_eqc(word, t->inputs[i].values[v]))
            v++;
        if (v == t->inputs[i].n)
            return bad(r, "no such value");
        at = at * t->inputs[i].n + v;
    }
    if (!hn_str_word(&rest, &word))
        return bad(r, "a row names one value for each input, then the outcome");
    if (r->row_set[at])
        return bad(r, "the same combination twice");
    for (size_t o = 0; o < t->n_outcomes; o++)
        if (hn_str_eqc(word, t->outcomes[o].name)) {
            r->row_set[at] = true;
            t->rows[at].number = (unsigned)number;
            t->rows[at].outcome = (unsigned)o;
            t->n_rows++;
            return hn_str_word(&rest, &word) ? bad(r, "too many words") : true;
        }
    return bad(r, "no such outcome");
}

static bool read_line(struct reader *r, struct hn_str line)
{
    struct hn_str word;
    if (!hn_str_word(&line, &word) || word.p[0] == '#')
        return true;
    if (hn_str_eqc(word, "table"))
        return read_one(r, line, &r->t->name);
    if (hn_str_eqc(word, "version"))
        return read_one(r, line, &r->t->version);
    if (hn_str_eqc(word, "source"))
        return read_one(r, line, &r->t->source);
    if (hn_str_eqc(word, "input"))
        return read_input(r, line);
    if (hn_str_eqc(word, "outcome"))
        return read_outcome(r, line);
    if (hn_str_eqc(word, "row"))
        return read_row(r, line);
    return bad(r, "table, version, source, input, outcome or row is expected");
}

struct hn_err hn_due_parse(struct hn_arena *a, struct hn_bytes text, struct hn_due_table *ret, struct hn_diag *reterr)
{
    struct reader r = {.a = a, .t = ret};
    struct hn_bytes line;
    unsigned number = 0;
    *ret = (struct hn_due_table){0};
    while (hn_bytes_line(&text, &line)) {
        struct hn_str s;
        number++;
        if (!hn_str_from_utf8(line, &s))
            return hn_fail(reterr, HN_E_INVALID, "line %u: not UTF-8", number);
        if (!read_line(&r, s))
            return hn_fail(reterr, HN_E_INVALID, "line %u: %s", number, r.why);
    }
    if (a->failed)
        return hn_fail(reterr, HN_E_NOMEM, "decision table");
    if (!ret->name || !ret->version || !ret->source || !ret->n_inputs)
        return hn_fail(reterr, HN_E_INVALID, "a table needs table, version, source and inputs");
    if (ret->n_rows != combinations(ret))
        return hn_fail(reterr, HN_E_INVALID, "%zu rows instead of %zu: every combination needs one", ret->n_rows,
                       combinations(ret));
    return HN_OK;
}

/* ---------------------------------------------------------------- deciding */

static size_t value_index(const struct hn_due_table *t, size_t input, const struct hn_param *values)
{
    for (const struct hn_param *p = values; p; p = p->next)
        if (strcmp(p->name, t->inputs[input].name) == 0)
            for (size_t v = 0; v < t->inputs[input].n; v++)
                if (hn_str_eqc(p->value, t->inputs[input].values[v]))
                    return v;
    return HN_DUE_VALUES;
}

void hn_due_decide(struct hn_arena *a, const struct hn_due_table *t, const struct hn_param *values,
                   struct hn_due_result *ret)
{
    size_t at = 0;
    *ret = (struct hn_due_result){.n_inputs = t->n_inputs};
    for (size_t i = 0; i < t->n_inputs; i++) {
        size_t v = value_index(t, i, values);
        bool known = v < HN_DUE_VALUES;
        if (!known)
            v = t->inputs[i].cautious;
        ret->inputs[i] = (struct hn_due_input){
            .name = t->inputs[i].name,
            .value = known ? t->inputs[i].values[v] : "unknown",
            .taken = t->inputs[i].values[v],
        };
        at = at * t->inputs[i].n + v;
    }
    const struct hn_due_outcome *o = &t->outcomes[t->rows[at].outcome];
    ret->days = o->days;
    ret->outcome = o->name;
    ret->rule = hn_arena_fmt(a, "%s:%u", t->name, t->rows[at].number).p;
}
