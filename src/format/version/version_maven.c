/* org.apache.maven.artifact.versioning.ComparableVersion. A version is a list of numbers and words; "-" and every
 * change between digits and letters opens a list inside the list, as its last item:
 *
 *   1.0-rc1   →   1 (rc (1))          zeros, "", "ga", "final" and "release" at the end of a list count for nothing
 *
 * so that it is a chain of lists, kept here as one array in which some items open a list. */
#include "format/version/parts.h"
#include "format/version/version.h"

#define ITEMS 256

enum kind { NUMBER, WORD };

struct item {
    struct hn_bytes text;
    uint16_t depth; /* of the list it is in */
    uint8_t kind;
    int8_t rank; /* of a WORD: index in `known`, or UNKNOWN_WORD */
};

struct chain {
    struct item items[ITEMS];
    size_t n;
};

static const char *const known[] = {"alpha", "beta", "milestone", "rc", "snapshot", "", "sp", NULL};
enum { RELEASE = 5, UNKNOWN_WORD = 7 };

static int rank_of(struct hn_bytes word, bool before_digit)
{
    static const char *const released[] = {"ga", "final", "release", NULL};
    static const char *const candidate[] = {"cr", NULL};
    static const char *const letters[] = {"a", "b", "m", NULL};
    if (version_word_index(word, released) >= 0)
        return RELEASE;
    if (version_word_index(word, candidate) >= 0)
        return 3;
    int i = before_digit ? version_word_index(word, letters) : -1;
    if (i < 0)
        i = version_word_index(word, known);
    return i < 0 ? UNKNOWN_WORD : i;
}

static void add(struct chain *c, struct hn_bytes text, bool number, bool before_digit, unsigned depth)
{
    if (c->n == ITEMS)
        return;
    c->items[c->n++] = (struct item){
        .text = text,
        .depth = (uint16_t)depth,
        .kind = number ? NUMBER : WORD,
        .rank = (int8_t)(number ? 0 : rank_of(text, before_digit)),
    };
}

static bool counts_for_nothing(const struct item *i)
{
    return i->kind == NUMBER ? version_number_zero(i->text) : i->rank == RELEASE;
}

/* From the innermost list outward: items that count for nothing are dropped at the end of their list, whether or not a
 * list follows there. A list of which nothing but an inner list is left is that inner list: 1-ga-1 is 1-1. */
static void normalise(struct chain *c)
{
    bool cut = true; /* only nothing or a list follows in this list */
    unsigned depth = c->n ? c->items[c->n - 1].depth : 0;
    for (size_t i = c->n; i-- > 0;) {
        if (c->items[i].depth != depth) {
            depth = c->items[i].depth;
            cut = true;
        }
        if (cut && counts_for_nothing(&c->items[i])) {
            memmove(&c->items[i], &c->items[i + 1], (c->n - i - 1) * sizeof c->items[0]);
            c->n--;
        } else {
            cut = false;
        }
    }
    for (size_t i = 0, level = 0, last = 0; i < c->n; i++) {
        level += c->items[i].depth != last;
        last = c->items[i].depth;
        c->items[i].depth = (uint16_t)level;
    }
}

static void parse(struct hn_bytes v, struct chain *c)
{
    unsigned depth = 0;
    size_t from = 0;
    c->n = 0;
    for (size_t i = 0; i <= v.n && c->n < ITEMS; i++) {
        bool end = i == v.n, sep = !end && (v.p[i] == '.' || v.p[i] == '-');
        bool number = i > from && version_digit(v.p[i - 1]);
        bool turn = !end && !sep && i > from && version_digit(v.p[i]) != number;
        if (!end && !sep && !turn)
            continue;
        if (end && i == from)
            break;
        struct hn_bytes text = i > from ? hn_bytes_of(v.p + from, i - from) : hn_bytes_of("0", 1);
        add(c, text, number || i == from, turn && !number, depth);
        from = turn ? i : i + 1;
        depth += turn || (sep && v.p[i] == '-');
    }
    normalise(c);
}

static int compare_words(const struct item *a, const struct item *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->rank == UNKNOWN_WORD ? version_text_cmp(a->text, b->text, true) : 0;
}

/* Against nothing: a number that is not zero is later, a word as it stands to the release. */
static int compare_nothing(const struct item *i)
{
    if (i->kind == NUMBER)
        return !version_number_zero(i->text);
    return version_sign(i->rank - RELEASE);
}

/* The item at the head of the list at depth: 0 none, 1 an item of it, 2 a list in it. */
static int head(const struct chain *c, size_t i, unsigned depth)
{
    return i == c->n || c->items[i].depth < depth ? 0 : c->items[i].depth == depth ? 1 : 2;
}

/* All that is left, against nothing. */
static int compare_rest(const struct chain *c, size_t i)
{
    int r = 0;
    for (; i < c->n && !r; i++)
        r = compare_nothing(&c->items[i]);
    return r;
}

/* Words before lists before numbers. */
static int compare_kinds(const struct chain *c, size_t i, int head_c)
{
    return head_c == 2 ? 1 : c->items[i].kind == WORD ? 0 : 2;
}

static int compare(const struct chain *a, const struct chain *b)
{
    size_t i = 0, j = 0;
    for (unsigned depth = 0;;) {
        int ha = head(a, i, depth), hb = head(b, j, depth);
        if (!ha && !hb)
            return 0;
        if (!ha || !hb)
            return ha ? compare_rest(a, i) : -compare_rest(b, j);
        if (ha == 2 && hb == 2) {
            depth++;
            continue;
        }
        int ka = compare_kinds(a, i, ha), kb = compare_kinds(b, j, hb);
        if (ka != kb)
            return ka < kb ? -1 : 1;
        int r = ka == 2 ? version_number_cmp(a->items[i].text, b->items[j].text)
                        : compare_words(&a->items[i], &b->items[j]);
        if (r)
            return r;
        i++;
        j++;
    }
}

int hn_version_maven_cmp(struct hn_bytes a, struct hn_bytes b)
{
    struct chain x, y;
    parse(a, &x);
    parse(b, &y);
    return compare(&x, &y);
}
