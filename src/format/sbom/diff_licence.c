/* What two documents say of a licence, in one form: CycloneDX lists free names, SPDX joins references by AND and gives
 * the names elsewhere. */
#include <stdlib.h>

#include "base/str.h"
#include "format/sbom/diff.h"
#include "format/sbom/licence_names.h"

struct term { /* what stands between ANDs */
    struct hn_str text;
    bool choice;
};

struct terms {
    struct hn_arena *a;
    struct term *list;
    size_t n, cap;
};

static void term_add(struct terms *t, struct hn_str text, bool choice)
{
    struct term *more = hn_arena_more(t->a, t->list, t->n, &t->cap, sizeof *more);
    if (!more)
        return;
    t->list = more;
    t->list[t->n++] = (struct term){text, choice};
}

static void text_add(struct terms *t, struct hn_str text, const struct hn_map *names);

static void normal_add(struct terms *t, const struct hn_licence *x)
{
    struct hn_buf b;

    hn_buf_init(&b, 1u << 20);
    hn_licence_write(&b, t->a, x);
    term_add(t, hn_arena_str(t->a, hn_buf_text(&b)), x->op == HN_LICENCE_OR);
    hn_buf_done(&b);
}

/* A name may be an expression again ("GPL-2 AND Artistic"), but its references are nobody's. */
static void tree_add(struct terms *t, const struct hn_licence *x, const struct hn_map *names)
{
    struct hn_buf b;

    if (x->op == HN_LICENCE_AND) {
        for (size_t i = 0; i < x->n; i++)
            tree_add(t, x->items[i], names);
        return;
    }
    hn_buf_init(&b, 1u << 20);
    if (names && hn_bom_licence_named(&b, names, x))
        text_add(t, hn_arena_str(t->a, hn_buf_text(&b)), NULL);
    else
        normal_add(t, x);
    hn_buf_done(&b);
}

static void text_add(struct terms *t, struct hn_str text, const struct hn_map *names)
{
    struct hn_licence_notes notes;
    const struct hn_licence *x = hn_licence_parse(t->a, text, &notes);

    if (x)
        tree_add(t, x, names);
    else
        term_add(t, hn_str_trim(text), false); /* a name that is no expression */
}

static int by_text(const void *a, const void *b)
{
    return hn_str_cmp(((const struct term *)a)->text, ((const struct term *)b)->text);
}

static struct hn_str joined(struct terms *t)
{
    struct hn_buf b;
    size_t n = 0;

    if (t->n)
        qsort(t->list, t->n, sizeof *t->list, by_text);
    for (size_t i = 0; i < t->n; i++)
        if (!n || !hn_str_eq(t->list[i].text, t->list[n - 1].text))
            t->list[n++] = t->list[i];
    hn_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < n; i++) {
        bool inner = t->list[i].choice && n > 1;
        hn_buf_c(&b, i ? " AND " : "");
        hn_buf_c(&b, inner ? "(" : "");
        hn_buf_str(&b, t->list[i].text);
        hn_buf_c(&b, inner ? ")" : "");
    }
    struct hn_str out = hn_arena_str(t->a, hn_buf_text(&b));
    hn_buf_done(&b);
    return out;
}

struct hn_str hn_bom_licence_compared(struct hn_arena *a, const struct hn_map *names, const struct hn_bom_component *c)
{
    struct terms t = {.a = a};
    bool concluded = false;

    for (const struct hn_bom_licence *l = c->licences; l; l = l->next)
        concluded |= l->says == HN_BOM_LICENCE_CONCLUDED && !hn_str_eqc(l->value, "NOASSERTION");
    for (const struct hn_bom_licence *l = c->licences; l; l = l->next)
        if (concluded == (l->says == HN_BOM_LICENCE_CONCLUDED) && !hn_str_eqc(l->value, "NOASSERTION"))
            text_add(&t, l->value, names);
    return joined(&t);
}
