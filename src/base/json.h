/* JSON: a streaming writer and a pull reader (RFC 8259), and a small value tree built from the reader.
 *
 * Writer: appends to a hn_buf; failure (over the buffer's maximum) is sticky in the buffer. Commas and nesting are
 * kept by the writer; a key outside an object is a wrong program. Nesting beyond HN_JW_DEPTH, which data can cause,
 * makes the buffer bad.
 *
 * Reader: pulls tokens from a complete text in memory. Validates UTF-8, numbers and escapes; depth and work are
 * bounded. Strings are handed out raw; hn_jr_text() decodes escapes when there are any. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"

/* ---- writer ---- */

#define HN_JW_DEPTH 256 /* as deep as the reader goes at most */
struct hn_jw {
    struct hn_buf *out;
    unsigned depth;
    bool after_key;
    bool more[HN_JW_DEPTH];   /* a member was written at this depth */
    bool in_obj[HN_JW_DEPTH]; /* the container at this depth is an object */
};

void hn_jw_init(struct hn_jw *w, struct hn_buf *out);
void hn_jw_obj(struct hn_jw *w);
void hn_jw_obj_end(struct hn_jw *w);
void hn_jw_arr(struct hn_jw *w);
void hn_jw_arr_end(struct hn_jw *w);
void hn_jw_key(struct hn_jw *w, const char *key);
void hn_jw_key_str(struct hn_jw *w, struct hn_str key);
void hn_jw_str(struct hn_jw *w, struct hn_str s);
void hn_jw_c(struct hn_jw *w, const char *s); /* trusted C string; NULL writes null */
void hn_jw_int(struct hn_jw *w, int64_t v);
void hn_jw_num(struct hn_jw *w, double v); /* shortest form that reads back equal; not finite writes null */
void hn_jw_bool(struct hn_jw *w, bool v);
void hn_jw_null(struct hn_jw *w);
void hn_jw_time(struct hn_jw *w, hn_time t);         /* RFC 3339 string; 0 writes null */
void hn_jw_raw(struct hn_jw *w, struct hn_str json); /* one complete value, known to be valid */
/* key and value in one go */
void hn_jw_kstr(struct hn_jw *w, const char *key, struct hn_str s);
void hn_jw_kc(struct hn_jw *w, const char *key, const char *s);
void hn_jw_kint(struct hn_jw *w, const char *key, int64_t v);
void hn_jw_knum(struct hn_jw *w, const char *key, double v);
void hn_jw_kbool(struct hn_jw *w, const char *key, bool v);
void hn_jw_ktime(struct hn_jw *w, const char *key, hn_time t);

/* ---- pull reader ---- */

enum hn_jtok {
    HN_J_ERR, /* jr->why, jr->at */
    HN_J_END, /* the one top-level value is over and only white space followed */
    HN_J_OBJ,
    HN_J_OBJ_END,
    HN_J_ARR,
    HN_J_ARR_END,
    HN_J_KEY,
    HN_J_STR,
    HN_J_NUM,
    HN_J_TRUE,
    HN_J_FALSE,
    HN_J_NULL
};

#define HN_JR_DEPTH_MAX 256
struct hn_jr {
    const uint8_t *base;
    size_t len, off;
    unsigned depth, depth_max;
    uint64_t work;     /* tokens left */
    struct hn_str raw; /* of KEY, STR: between the quotes; of NUM: the digits */
    bool escaped;      /* raw holds at least one escape */
    const char *why;   /* of ERR */
    size_t at;         /* offset of ERR */
    uint8_t state;
    uint8_t in_obj[HN_JR_DEPTH_MAX / 8];
};

/* depth_max 0 and work 0 mean the defaults (64 levels; 16 tokens plus one per byte). */
void hn_jr_init(struct hn_jr *r, struct hn_bytes text, unsigned depth_max, uint64_t work);
enum hn_jtok hn_jr_next(struct hn_jr *r);
/* Skips the value that begins with the next token; after KEY, the member's value. False on error. */
bool hn_jr_skip(struct hn_jr *r);
/* The decoded text of the KEY or STR just read: raw itself when there is no escape, else a copy in the arena. Escaped
 * NUL (\u0000) and lone surrogates decode to U+FFFD. */
struct hn_str hn_jr_text(const struct hn_jr *r, struct hn_arena *a);
/* The NUM just read. hn_jr_int: false unless it is written as an integer (no fraction, no exponent) within int64.
 * hn_jr_num: beyond the range of double it is plus or minus infinity. */
bool hn_jr_int(const struct hn_jr *r, int64_t *ret);
double hn_jr_num(const struct hn_jr *r);

/* ---- value tree, for small documents (requests, observations) ---- */

enum hn_jkind { HN_JV_NULL, HN_JV_BOOL, HN_JV_INT, HN_JV_NUM, HN_JV_STR, HN_JV_ARR, HN_JV_OBJ };

struct hn_jv {
    enum hn_jkind kind;
    bool b;
    int64_t i;
    double d;
    struct hn_str s;
    size_t n;            /* members of ARR, OBJ */
    struct hn_jv *items; /* n of them */
    struct hn_str *keys; /* OBJ: n of them, in document order; duplicates keep the last */
};

/* Parses text into the arena. NULL on malformed input (why and offset in d) or memory. */
const struct hn_jv *hn_jv_parse(struct hn_arena *a, struct hn_bytes text, struct hn_diag *reterr);
/* The same with the tree in one arena and texts that had escapes in another (the others lie in `text`): a tree that is
 * read out and thrown away leaves no more than its texts. */
const struct hn_jv *hn_jv_parse_apart(struct hn_arena *nodes, struct hn_arena *texts, struct hn_bytes text,
                                      struct hn_diag *reterr);
/* Builds from a reader whose current token is t (the first token of the value). */
const struct hn_jv *hn_jv_build(struct hn_arena *a, struct hn_jr *r, enum hn_jtok t);
const struct hn_jv *hn_jv_get(const struct hn_jv *obj, const char *key); /* NULL when absent or not an object */
/* The member if it is there and of the kind, else the default. All accept obj == NULL. */
struct hn_str hn_jv_str(const struct hn_jv *obj, const char *key); /* default: {NULL, 0} */
int64_t hn_jv_int(const struct hn_jv *obj, const char *key, int64_t dflt);
double hn_jv_num(const struct hn_jv *obj, const char *key, double dflt);
bool hn_jv_bool(const struct hn_jv *obj, const char *key, bool dflt);
void hn_jw_value(struct hn_jw *w, const struct hn_jv *v);
