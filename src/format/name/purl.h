/* Package URL, ECMA-427: a name for a package of any ecosystem.
 *
 *   pkg:type/namespace/name@version?key=value&key=value#subpath
 *
 * Reading is lenient: what can be understood is, and every departure from the standard is a fault bit; a purl with a
 * bit of HN_PURL_INVALID is one that the standard refuses. Writing is canonical. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define HN_PURL_QUALIFIERS 32
#define HN_PURL_TEXT_MAX   16384 /* a longer one is refused */

#define HN_PURL_FAULT_MAP(XX)                                                                                          \
    XX(SLASHES, 0, "slashes after \"pkg:\"")                                                                           \
    XX(CASE, 0, "capital letters in type or qualifier key")                                                            \
    XX(SPELLING, 0, "name, namespace or version not in the form of the type")                                          \
    XX(ENCODING, 0, "not percent-encoded as the standard asks")                                                        \
    XX(KEY_CASE, 1, "capital letters in a qualifier key that the type defines")                                        \
    XX(PERCENT, 1, "a percent sign without two hexadecimal digits")                                                    \
    XX(NO_NAMESPACE, 1, "the type needs a namespace")                                                                  \
    XX(NAMESPACE, 1, "the type has no namespace")                                                                      \
    XX(NO_QUALIFIER, 1, "a qualifier that the type needs is missing")                                                  \
    XX(CHARACTERS, 1, "characters that the type does not permit")                                                      \
    XX(TWICE, 1, "a qualifier twice")

enum hn_purl_fault_bit {
#define XX(name, invalid, text) HN_PURL_BIT_##name,
    HN_PURL_FAULT_MAP(XX)
#undef XX
        HN_PURL_BITS
};
enum hn_purl_fault {
#define XX(name, invalid, text) HN_PURL_##name = 1u << HN_PURL_BIT_##name,
    HN_PURL_FAULT_MAP(XX)
#undef XX
#define XX(name, invalid, text) | (invalid ? HN_PURL_##name : 0u)
        HN_PURL_INVALID = 0u HN_PURL_FAULT_MAP(XX)
#undef XX
};
const char *hn_purl_fault_text(enum hn_purl_fault_bit bit);

struct hn_purl_qualifier {
    struct hn_str key, value;
};

/* Decoded components; an absent one is empty. Everything lives in the arena or in the text that was read. */
struct hn_purl {
    struct hn_str type, namespace, name, version, subpath;
    struct hn_purl_qualifier qualifiers[HN_PURL_QUALIFIERS]; /* sorted by key, none empty */
    size_t n_qualifiers;
    unsigned faults; /* of enum hn_purl_fault */
};

/* False when no type and name can be made out (or out of memory); *ret_why (may be NULL) is then a literal. */
bool hn_purl_parse(struct hn_arena *a, struct hn_str text, struct hn_purl *ret, const char **ret_why);
/* Sets a qualifier before hn_purl_build(); keys may come in any order. False: too many. */
bool hn_purl_set(struct hn_purl *p, struct hn_str key, struct hn_str value);
/* Brings components that were filled in by hand into the form of the type, sorts the qualifiers, sets faults. False as
 * for hn_purl_parse(). */
bool hn_purl_build(struct hn_arena *a, struct hn_purl *p, const char **ret_why);
/* Canonical text. */
void hn_purl_write(const struct hn_purl *p, struct hn_buf *out);
struct hn_str hn_purl_text(const struct hn_purl *p, struct hn_arena *a);
/* Empty when absent. */
struct hn_str hn_purl_qualifier(const struct hn_purl *p, const char *key);
/* Everything that `general` says, `p` says too: type, namespace and name are the same; version, qualifiers and subpath
 * need only be so where `general` has them; the qualifier `vers` is a range that p's version must be in for certain
 * (format/version/vers.h). How a VEX product names packages. a: for what is compared. */
bool hn_purl_covers(struct hn_arena *a, const struct hn_purl *general, const struct hn_purl *p);

/* ---------------------------------------------------------------- what the standard says of a type */

enum hn_purl_need { HN_PURL_OPTIONAL, HN_PURL_REQUIRED, HN_PURL_PROHIBITED };
struct hn_purl_type {
    const char *type;
    enum hn_purl_need namespace;
    bool fold_namespace, fold_name, fold_version; /* case does not matter: lower case */
    const char *qualifiers; /* keys that it defines, separated by blanks; "!" after a needed one */
};
/* NULL when the type is not registered. */
const struct hn_purl_type *hn_purl_type_find(struct hn_str type);
/* Applies the rules of p's type to its components. */
void hn_purl_apply_type(struct hn_arena *a, struct hn_purl *p);
