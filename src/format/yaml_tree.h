/* A small, bounded YAML tree for our own data files. Mappings, sequences and plain scalars only: anchors, aliases,
 * tags, merge keys, several documents and duplicate keys are refused. Every node knows its line, and whether it was
 * used, so that a reader can refuse what it did not ask for. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define HN_YAML_DEPTH 16
#define HN_YAML_NODES 200000u

enum hn_yaml_kind { HN_YAML_SCALAR, HN_YAML_SEQ, HN_YAML_MAP };

struct hn_yaml {
    enum hn_yaml_kind kind;
    unsigned line;                /* 1 = first */
    struct hn_str key;            /* when the member of a mapping */
    struct hn_str s;              /* SCALAR */
    bool quoted;                  /* SCALAR */
    struct hn_yaml *first, *next; /* items or members, in order */
    size_t n;
    bool used;
};

/* HN_E_INVALID with the line in reterr. The tree lives in the arena. */
HN_MUST struct hn_err hn_yaml_parse(struct hn_arena *a, struct hn_bytes text, struct hn_yaml **ret,
                                    struct hn_diag *reterr);
/* The member, marked used, or NULL; accepts NULL and non-mappings. */
struct hn_yaml *hn_yaml_get(struct hn_yaml *map, const char *key);
