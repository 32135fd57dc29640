#include "format/sbom/licence.h"

#include <stdlib.h>
#include <strings.h>

#include "base/str.h"
#include "format/sbom/licence_in.h"

/* ---------------------------------------------------------------- tables */

static int case_cmp(struct hn_str s, const char *name)
{
    int d = strncasecmp(s.p, name, s.n);
    return d ? d : -(int)(unsigned char)name[s.n];
}

static const char *find(const char *const *names, size_t n, struct hn_str s)
{
    size_t lo = 0, hi = n;
    if (!s.n || memchr(s.p, 0, s.n))
        return NULL;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int d = case_cmp(s, names[mid]);
        if (!d)
            return names[mid];
        if (d < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const char *hn_licence_known(struct hn_str id)
{
    return find(hn_licence_ids, hn_licence_ids_n, id);
}

const char *hn_licence_exception_known(struct hn_str id)
{
    return find(hn_licence_exceptions, hn_licence_exceptions_n, id);
}

static const struct hn_licence_old *deprecated(struct hn_str id)
{
    for (size_t i = 0; i < hn_licence_deprecated_n; i++)
        if (id.n == strlen(hn_licence_deprecated[i].id) && !strncasecmp(id.p, hn_licence_deprecated[i].id, id.n))
            return &hn_licence_deprecated[i];
    return NULL;
}

const char *hn_licence_successor(struct hn_str id)
{
    const struct hn_licence_old *o = deprecated(id);
    return o ? o->now : NULL;
}

/* ---------------------------------------------------------------- words */

enum word { WORD_END, WORD_ID, WORD_AND, WORD_OR, WORD_WITH, WORD_OPEN, WORD_CLOSE, WORD_BAD };

struct parser {
    struct hn_arena *a;
    struct hn_str text;
    size_t off;
    enum word word; /* the one being looked at */
    struct hn_str s;
    size_t at; /* where it begins */
    unsigned depth, leaves;
    struct hn_licence_notes *notes;
};

static bool id_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '+' || c == ':' || c == '_';
}

static bool is_word(struct hn_str s, const char *upper)
{
    return s.n == strlen(upper) && !strncasecmp(s.p, upper, s.n);
}

/* 2.3 wants the operators in upper case, 3.0.1 allows all lower; neither allows a mixture. */
static enum word operator_of(struct parser *p, struct hn_str s)
{
    static const struct {
        const char *upper, *lower;
        enum word word;
    } ops[] = {{"AND", "and", WORD_AND}, {"OR", "or", WORD_OR}, {"WITH", "with", WORD_WITH}};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (!is_word(s, ops[i].upper))
            continue;
        if (!hn_str_eqc(s, ops[i].upper) && !hn_str_eqc(s, ops[i].lower))
            p->notes->odd_operators++;
        return ops[i].word;
    }
    return WORD_ID;
}

static void next(struct parser *p)
{
    const struct hn_str t = p->text;
    while (p->off < t.n && (t.p[p->off] == ' ' || (t.p[p->off] >= '\t' && t.p[p->off] <= '\r')))
        p->off++;
    p->at = p->off;
    p->s = (struct hn_str){t.p + p->off, 0};
    if (p->off == t.n) {
        p->word = WORD_END;
        return;
    }
    if (!id_char(t.p[p->off])) {
        char c = t.p[p->off++];
        p->word = c == '(' ? WORD_OPEN : c == ')' ? WORD_CLOSE : c == '/' ? WORD_OR : WORD_BAD;
        p->notes->odd_operators += c == '/'; /* "MIT/X11" as npm and cargo once had it */
        return;
    }
    while (p->off < t.n && id_char(t.p[p->off]))
        p->off++;
    p->s.n = p->off - p->at;
    p->word = operator_of(p, p->s);
}

/* ---------------------------------------------------------------- grammar */

static const struct hn_licence *fail(struct parser *p, const char *why)
{
    if (!p->notes->why) {
        p->notes->why = why;
        p->notes->at = p->at;
    }
    return NULL;
}

static bool is_ref(struct hn_str s, const char *what)
{
    ptrdiff_t colon = hn_str_chr(s, ':');
    if (colon >= 0) {
        if (!hn_str_starts(s, "DocumentRef-") || colon == (ptrdiff_t)strlen("DocumentRef-"))
            return false;
        s = hn_str_cut(s, (size_t)colon + 1, s.n);
    }
    return hn_str_starts(s, what) && s.n > strlen(what) && hn_str_chr(s, ':') < 0 && hn_str_chr(s, '+') < 0;
}

/* Canonical spelling, flags and "+" of the identifier at hand. */
static void name_leaf(struct parser *p, struct hn_licence *l)
{
    const struct hn_licence_old *old = deprecated(l->id);
    if (is_ref(l->id, "LicenseRef-")) {
        l->flags |= HN_LICENCE_REF;
        return;
    }
    if (old) {
        p->notes->deprecated++;
        l->flags |= HN_LICENCE_DEPRECATED | HN_LICENCE_KNOWN;
    }
    if (hn_str_ends(l->id, "+")) {
        l->id.n--;
        l->flags |= HN_LICENCE_OR_LATER;
    }
    const char *known = hn_licence_known(l->id);
    if (known) {
        l->flags |= HN_LICENCE_KNOWN;
        l->id = hn_str_c(known);
    } else {
        l->flags &= ~(unsigned)HN_LICENCE_KNOWN;
        p->notes->unknown++;
    }
    if (hn_str_ends(l->id, "-or-later"))
        l->flags |= HN_LICENCE_OR_LATER;
}

static bool take_addition(struct parser *p, struct hn_licence *l)
{
    next(p);
    if (p->word != WORD_ID)
        return fail(p, "WITH is not followed by an exception") != NULL;
    const char *known = hn_licence_exception_known(p->s);
    l->addition = known ? hn_str_c(known) : p->s;
    if (!known && !is_ref(p->s, "AdditionRef-")) {
        l->flags |= HN_LICENCE_EXCEPTION_UNKNOWN;
        p->notes->unknown++;
    }
    if (known && deprecated(p->s))
        p->notes->deprecated++;
    next(p);
    return true;
}

static const struct hn_licence *take_leaf(struct parser *p)
{
    struct hn_licence *l = HN_NEW(p->a, struct hn_licence);
    if (!l || ++p->leaves > HN_LICENCE_LEAVES)
        return fail(p, "too long");
    l->id = p->s;
    name_leaf(p, l);
    next(p);
    /* "GPL-2.0 +": a blank before the plus is not allowed, and meant */
    if (p->word == WORD_ID && hn_str_eqc(p->s, "+")) {
        l->flags |= HN_LICENCE_OR_LATER;
        p->notes->odd_operators++;
        next(p);
    }
    if (p->word == WORD_WITH && !take_addition(p, l))
        return NULL;
    return l;
}

static const struct hn_licence *take_or(struct parser *p);

static const struct hn_licence *take_factor(struct parser *p)
{
    const struct hn_licence *l;
    if (p->word == WORD_ID)
        return take_leaf(p);
    if (p->word != WORD_OPEN)
        return fail(p, p->word == WORD_END ? "ends where a licence is expected" : "a licence is expected here");
    if (++p->depth > HN_LICENCE_DEPTH)
        return fail(p, "nested too deep");
    next(p);
    l = take_or(p);
    if (!l)
        return NULL;
    if (p->word != WORD_CLOSE)
        return fail(p, "a parenthesis is not closed");
    p->depth--;
    next(p);
    return l;
}

/* Grows by doubling, so that a chain costs what its length is. */
static bool push(struct parser *p, struct hn_licence *list, const struct hn_licence *one)
{
    if ((list->n & (list->n - 1)) == 0) {
        const struct hn_licence **more = hn_arena_alloc(p->a, (list->n ? 2 * list->n : 1) * sizeof(*more));
        if (!more)
            return false;
        if (list->n)
            memcpy(more, list->items, list->n * sizeof(*more));
        list->items = more;
    }
    list->items[list->n++] = one;
    return true;
}

/* One operand, or those of a nested list of the same kind: (A AND B) AND C is one list. */
static bool push_flat(struct parser *p, struct hn_licence *list, const struct hn_licence *one)
{
    if (one->op != list->op)
        return push(p, list, one);
    for (size_t i = 0; i < one->n; i++)
        if (!push(p, list, one->items[i]))
            return false;
    return true;
}

static const struct hn_licence *take_list(struct parser *p, enum word word, enum hn_licence_op op,
                                          const struct hn_licence *(*operand)(struct parser *))
{
    const struct hn_licence *first = operand(p);
    if (!first || p->word != word)
        return first;
    struct hn_licence *list = HN_NEW(p->a, struct hn_licence);
    if (!list)
        return fail(p, "out of memory");
    list->op = op;
    if (!push_flat(p, list, first))
        return fail(p, "out of memory");
    while (p->word == word) {
        next(p);
        const struct hn_licence *one = operand(p);
        if (!one)
            return NULL;
        if (!push_flat(p, list, one))
            return fail(p, "out of memory");
    }
    return list;
}

static const struct hn_licence *take_and(struct parser *p)
{
    return take_list(p, WORD_AND, HN_LICENCE_AND, take_factor);
}

static const struct hn_licence *take_or(struct parser *p)
{
    return take_list(p, WORD_OR, HN_LICENCE_OR, take_and);
}

const struct hn_licence *hn_licence_parse(struct hn_arena *a, struct hn_str text, struct hn_licence_notes *notes)
{
    struct parser p = {.a = a, .text = text, .notes = notes};
    *notes = (struct hn_licence_notes){0};
    notes->none = hn_str_eqc(hn_str_trim(text), "NONE");
    notes->noassertion = hn_str_eqc(hn_str_trim(text), "NOASSERTION");
    if (notes->none || notes->noassertion)
        return NULL;
    next(&p);
    if (p.word == WORD_END)
        return fail(&p, "empty");
    const struct hn_licence *l = take_or(&p);
    if (l && p.word != WORD_END)
        return fail(&p, p.word == WORD_ID ? "an operator is expected here" : "not part of an expression");
    /* cppcheck-suppress returnDanglingLifetime ; it lies in the arena */
    return l;
}

/* ---------------------------------------------------------------- normal form */

static void leaf_text(struct hn_buf *b, const struct hn_licence *l)
{
    bool plus = (l->flags & HN_LICENCE_OR_LATER) && !hn_str_ends(l->id, "-or-later");
    char with_plus[64];
    const char *now = NULL;

    if (plus && l->id.n < sizeof with_plus) { /* "GPL-2.0+" has a successor of its own */
        memcpy(with_plus, l->id.p, l->id.n);
        with_plus[l->id.n] = '+';
        now = hn_licence_successor((struct hn_str){with_plus, l->id.n + 1});
        plus = now == NULL;
    }
    if (!now)
        now = hn_licence_successor(l->id);
    hn_buf_str(b, now && *now ? hn_str_c(now) : l->id);
    if (plus)
        hn_buf_chr(b, '+');
    if (l->addition.n) {
        const char *later = hn_licence_successor(l->addition);
        hn_buf_c(b, " WITH ");
        hn_buf_str(b, later && *later ? hn_str_c(later) : l->addition);
    }
}

static int text_cmp(const void *a, const void *b)
{
    const struct hn_str *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int d = strncasecmp(x->p, y->p, n);
    return d ? d : hn_str_cmp(*x, *y);
}

static struct hn_str normal(struct hn_arena *a, const struct hn_licence *l, enum hn_licence_op *ret_op);

/* Sorted, without repetition; one that is left stands alone. */
static struct hn_str normal_list(struct hn_arena *a, const struct hn_licence *l, enum hn_licence_op *ret_op)
{
    struct hn_str *texts = hn_arena_alloc(a, l->n * sizeof *texts), out = {"", 0};
    struct hn_buf b;
    size_t written = 0;
    enum hn_licence_op op = HN_LICENCE_LEAF;
    if (!texts)
        return out;
    for (size_t i = 0; i < l->n; i++) {
        texts[i] = normal(a, l->items[i], &op);
        if (l->op == HN_LICENCE_AND && op == HN_LICENCE_OR)
            texts[i] = hn_arena_fmt(a, "(%.*s)", HN_FMT(texts[i]));
    }
    qsort(texts, l->n, sizeof *texts, text_cmp);
    hn_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < l->n; i++) {
        if (i && hn_str_eq(texts[i], texts[i - 1]))
            continue;
        if (written++)
            hn_buf_c(&b, l->op == HN_LICENCE_AND ? " AND " : " OR ");
        hn_buf_str(&b, texts[i]);
    }
    out = hn_arena_str(a, hn_buf_text(&b));
    hn_buf_done(&b);
    if (written == 1 && l->op == HN_LICENCE_AND && out.n > 1 && out.p[0] == '(')
        out = hn_str_cut(out, 1, out.n - 1);
    *ret_op = written > 1 ? l->op : op;
    return out;
}

static struct hn_str normal(struct hn_arena *a, const struct hn_licence *l, enum hn_licence_op *ret_op)
{
    struct hn_buf b;
    struct hn_str out;
    if (l->op != HN_LICENCE_LEAF)
        return normal_list(a, l, ret_op);
    *ret_op = HN_LICENCE_LEAF;
    hn_buf_init(&b, 1u << 20);
    leaf_text(&b, l);
    out = hn_arena_str(a, hn_buf_text(&b));
    hn_buf_done(&b);
    return out;
}

void hn_licence_write(struct hn_buf *b, struct hn_arena *a, const struct hn_licence *l)
{
    enum hn_licence_op op;
    hn_buf_str(b, normal(a, l, &op));
}

/* ---------------------------------------------------------------- policy */

enum hn_licence_verdict hn_licence_judge(const struct hn_licence *l,
                                         enum hn_licence_verdict (*leaf)(void *arg, const struct hn_licence *leaf),
                                         void *arg, const struct hn_licence **ret_why)
{
    enum hn_licence_verdict best = HN_LICENCE_REVIEW;
    if (l->op == HN_LICENCE_LEAF) {
        *ret_why = l;
        return leaf(arg, l);
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct hn_licence *why = NULL;
        enum hn_licence_verdict v = hn_licence_judge(l->items[i], leaf, arg, &why);
        if (i == 0 || (l->op == HN_LICENCE_OR ? v < best : v > best)) {
            best = v;
            *ret_why = why;
        }
    }
    return best;
}

/* "GPL-2.0-or-later" is the family "GPL" and the version "2.0". False when the name has no version at its end. */
static bool family(struct hn_str id, struct hn_str *ret_name, struct hn_str *ret_version)
{
    if (hn_str_ends(id, "-or-later"))
        id.n -= strlen("-or-later");
    else if (hn_str_ends(id, "-only"))
        id.n -= strlen("-only");
    size_t i = id.n;
    while (i && ((id.p[i - 1] >= '0' && id.p[i - 1] <= '9') || id.p[i - 1] == '.'))
        i--;
    if (i < 2 || i == id.n || id.p[i - 1] != '-')
        return false;
    *ret_name = hn_str_cut(id, 0, i - 1);
    *ret_version = hn_str_cut(id, i, id.n);
    return true;
}

/* Versions of licences are numbers between dots. */
static int number_cmp(struct hn_str a, struct hn_str b)
{
    struct hn_str x, y;
    for (;;) {
        bool more_a = hn_str_split(&a, '.', &x), more_b = hn_str_split(&b, '.', &y);
        uint64_t m = 0, n = 0;
        if (!more_a && !more_b)
            return 0;
        if (more_a)
            (void)hn_str_u64(x, 10, &m);
        if (more_b)
            (void)hn_str_u64(y, 10, &n);
        if (m != n)
            return m < n ? -1 : 1;
    }
}

static bool same_case(struct hn_str a, struct hn_str b)
{
    return a.n == b.n && !strncasecmp(a.p, b.p, a.n);
}

static bool later_version(struct hn_str name, struct hn_str id)
{
    struct hn_str f1, v1, f2, v2;
    return family(name, &f1, &v1) && family(id, &f2, &v2) && same_case(f1, f2) && number_cmp(v1, v2) >= 0;
}

/* '*' only; no case. Bounded: one place to go back to. */
static bool star_match(struct hn_str pattern, struct hn_str s)
{
    size_t i = 0, j = 0, star = SIZE_MAX, from = 0;
    while (j < s.n) {
        if (i < pattern.n && pattern.p[i] == '*') {
            star = i++;
            from = j;
        } else if (i < pattern.n && !strncasecmp(pattern.p + i, s.p + j, 1)) {
            i++;
            j++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            j = ++from;
        } else {
            return false;
        }
    }
    while (i < pattern.n && pattern.p[i] == '*')
        i++;
    return i == pattern.n;
}

/* With the successor's name, so that a list of today covers the names of yesterday. */
static struct hn_str today(struct hn_str id, bool plus, struct hn_buf *room)
{
    struct hn_licence one = {.id = id, .flags = plus ? HN_LICENCE_OR_LATER : 0};
    leaf_text(room, &one);
    return hn_buf_text(room);
}

bool hn_licence_covers(struct hn_str name, const struct hn_licence *leaf, bool ignore_addition)
{
    ptrdiff_t with = hn_str_find(name, HN_STR(" WITH "));
    struct hn_str id = hn_str_trim(with < 0 ? name : hn_str_cut(name, 0, (size_t)with)), have, want;
    struct hn_buf b1, b2;
    bool plus = (leaf->flags & HN_LICENCE_OR_LATER) != 0, covers;
    bool pattern = hn_str_chr(id, '*') >= 0;

    if (with >= 0) {
        struct hn_str addition = hn_str_trim(hn_str_cut(name, (size_t)with + 6, name.n));
        if (!star_match(addition, leaf->addition))
            return false;
    } else if (leaf->addition.n && !pattern && !ignore_addition) {
        return false;
    }
    hn_buf_init(&b1, 4096);
    hn_buf_init(&b2, 4096);
    have = today(leaf->id, plus, &b1);
    want = pattern ? id : today(id, false, &b2);
    covers = pattern ? star_match(want, have) || star_match(want, leaf->id)
                     : same_case(want, have) || (plus && later_version(want, have));
    hn_buf_done(&b1);
    hn_buf_done(&b2);
    return covers;
}
