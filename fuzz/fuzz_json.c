/* The JSON reader against itself (block-wise and portable, tokens and tree, written and read again) and against
 * jansson.
 *
 * Where the two readers differ on purpose:
 *   - jansson refuses integers beyond int64 and reals beyond double; ours hands the digits out and says "not an int".
 *   - jansson refuses lone surrogates in \u escapes; ours decodes them to U+FFFD, so that one bad name does not cost a
 *     whole document.
 *   - jansson keeps \u0000 when asked to, but not in keys; ours decodes it to U+FFFD.
 *   - jansson nests 2048 deep, ours as told (at most 256).
 *   - jansson loses a NUL byte behind a number or a name ("1\0" reads as "1"); ours refuses it.
 *   - jansson reads a single top-level scalar only with JSON_DECODE_ANY, which is given here.
 * Duplicate keys: both keep the last. */
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

#include "base/json.h"
#include "base/str.h"
#include "fuzz.h"

/* json_read.c compiled without SSE2 under other names; see meson.build. */
void portable_jr_init(struct hn_jr *r, struct hn_bytes text, unsigned depth_max, uint64_t work);
enum hn_jtok portable_jr_next(struct hn_jr *r);

#define DEPTH 256

struct reading {
    bool ok, too_deep, surrogate, nul;
};

/* An escape that jansson may refuse. */
static void note_escapes(struct hn_str raw, struct reading *ret)
{
    for (size_t i = 0; i + 5 < raw.n; i++) {
        if (raw.p[i] != '\\')
            continue;
        i++; /* what follows is no start of an escape */
        if (raw.p[i] != 'u')
            continue;
        ret->surrogate |= (raw.p[i + 1] | 0x20) == 'd' && strchr("89abcdefABCDEF", raw.p[i + 2]);
        ret->nul |= memcmp(raw.p + i + 1, "0000", 4) == 0;
    }
}

static struct reading read_tokens(struct hn_bytes text, struct hn_arena *a)
{
    struct reading got = {0};
    struct hn_jr r, q;
    enum hn_jtok t;
    struct hn_str s;

    hn_jr_init(&r, text, DEPTH, 0);
    portable_jr_init(&q, text, DEPTH, 0);
    do {
        t = hn_jr_next(&r);
        FUZZ_CHECK(portable_jr_next(&q) == t, "token %d", t);
        FUZZ_CHECK(q.off == r.off && q.at == r.at && q.depth == r.depth, "token %d at %zu", t, r.off);
        if (t == HN_J_KEY || t == HN_J_STR) {
            s = hn_jr_text(&r, a);
            FUZZ_CHECK(hn_str_from_utf8(hn_str_bytes(s), &s), "decoded text at %zu", r.off);
            FUZZ_CHECK(hn_str_eq(q.raw, r.raw) && q.escaped == r.escaped, "raw text at %zu", r.off);
            note_escapes(r.raw, &got);
        }
    } while (t != HN_J_END && t != HN_J_ERR);
    FUZZ_CHECK(r.off <= text.n && r.at <= text.n, "offset");
    FUZZ_CHECK((t == HN_J_ERR) == (r.why != NULL), "a reason goes with an error");
    got.ok = t == HN_J_END;
    got.too_deep = r.why && strcmp(r.why, "nested too deeply") == 0;

    hn_jr_init(&r, text, DEPTH, 0);
    bool skipped = hn_jr_skip(&r) && hn_jr_next(&r) == HN_J_END;
    FUZZ_CHECK(skipped == got.ok, "skipping judges as reading does");
    return got;
}

#ifdef HAVE_JANSSON
static bool same(const struct hn_jv *v, const json_t *j, const struct reading *got);

static bool same_str(struct hn_str s, const char *p, size_t n, const struct reading *got)
{
    return got->nul || (s.n == n && (n == 0 || memcmp(s.p, p, n) == 0));
}

static bool same_object(const struct hn_jv *v, const json_t *j, const struct reading *got)
{
    if (got->nul) /* replaced keys may coincide */
        return true;
    if (v->n != json_object_size(j))
        return false;
    for (size_t i = 0; i < v->n; i++) {
        const json_t *member = json_object_getn(j, v->keys[i].p, v->keys[i].n);
        if (!member || !same(&v->items[i], member, got))
            return false;
    }
    return true;
}

static bool same(const struct hn_jv *v, const json_t *j, const struct reading *got)
{
    switch (v->kind) {
    case HN_JV_NULL:
        return json_is_null(j);
    case HN_JV_BOOL:
        return json_is_boolean(j) && json_is_true(j) == v->b;
    case HN_JV_INT:
        return json_is_integer(j) && json_integer_value(j) == v->i;
    case HN_JV_NUM:
        return json_is_real(j) && json_real_value(j) == v->d;
    case HN_JV_STR:
        return json_is_string(j) && same_str(v->s, json_string_value(j), json_string_length(j), got);
    case HN_JV_ARR:
        if (!json_is_array(j) || json_array_size(j) != v->n)
            return false;
        for (size_t i = 0; i < v->n; i++)
            if (!same(&v->items[i], json_array_get(j, i), got))
                return false;
        return true;
    case HN_JV_OBJ:
        return json_is_object(j) && same_object(v, j, got);
    }
    return false;
}

static void against_jansson(struct hn_bytes text, const struct reading *got, const struct hn_jv *v)
{
    json_error_t e;
    json_t *j = json_loadb((const char *)text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);

    if (j) {
        FUZZ_CHECK(got->ok || got->too_deep || memchr(text.p, 0, text.n), "only jansson accepts");
        if (v)
            FUZZ_CHECK(same(v, j, got), "the values differ");
    } else if (got->ok) {
        enum json_error_code code = json_error_code(&e);
        bool meant = code == json_error_numeric_overflow || (got->nul && code == json_error_null_byte_in_key) ||
                     (got->surrogate && strstr(e.text, "invalid Unicode"));
        FUZZ_CHECK(meant, "only ours accepts; jansson: %s (%d)", e.text, code);
    }
    json_decref(j);
}

#else
static void against_jansson(struct hn_bytes text, const struct reading *got, const struct hn_jv *v)
{
}
#endif

/* Written and read again, the text is the same. */
static void round_trip(const struct hn_jv *v, struct hn_arena *a)
{
    struct hn_buf b, c;
    struct hn_jw w;

    hn_buf_init(&b, (size_t)64 << 20);
    hn_buf_init(&c, (size_t)64 << 20);
    hn_jw_init(&w, &b);
    hn_jw_value(&w, v);
    FUZZ_CHECK(!b.bad, "written");
    const struct hn_jv *again = hn_jv_parse(a, hn_str_bytes(hn_buf_text(&b)), NULL);
    FUZZ_CHECK(again, "read again: %.*s", HN_FMT(hn_buf_text(&b)));
    hn_jw_init(&w, &c);
    hn_jw_value(&w, again);
    FUZZ_CHECK(hn_str_eq(hn_buf_text(&b), hn_buf_text(&c)), "%.*s", HN_FMT(hn_buf_text(&b)));
    hn_buf_done(&b);
    hn_buf_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_bytes text = fuzz_copy(data, size);
    struct hn_arena a;

    hn_arena_init(&a, (size_t)256 << 20);
    struct reading got = read_tokens(text, &a);
    const struct hn_jv *v = hn_jv_parse(&a, text, NULL);
    FUZZ_CHECK(!v || got.ok, "the tree accepts what the tokens refuse");
    against_jansson(text, &got, v);
    if (v)
        round_trip(v, &a);
    hn_arena_done(&a);
    fuzz_free(text);
    return 0;
}
