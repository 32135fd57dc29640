/* Rules as data. tools/build-rules checks the files of rules/ and writes them as const tables of these shapes; the
 * evaluator is a pure function of (rule, facts).
 *
 * Three-valued logic (Kleene): a check is true, false, or unknown when what it needs was not seen. Unknown never
 * becomes true: "all" is false as soon as one part is false, else unknown if one part is; "any" the other way round.
 *
 *   applies: all parts true → the check is evaluated: true = pass, false = fail, unknown = unknown
 *            one part false → not applicable, with that part's reason
 *            else           → unknown, with the first unknown part's reason */
#pragma once

#include "core/facts.h"

enum config_tri { CONFIG_FALSE, CONFIG_TRUE, CONFIG_UNKNOWN };

/* The value of the field against `values`. An unset field is unknown, except for SET and UNSET. Text is compared
 * without regard to ASCII case unless the field is a path. */
enum config_op {
    CONFIG_OP_NONE,
    CONFIG_OP_EQ,
    CONFIG_OP_NE,
    CONFIG_OP_IN,
    CONFIG_OP_NOT_IN,
    CONFIG_OP_LT, /* numbers; sshd's "5m" is 300; anything else is false */
    CONFIG_OP_LE,
    CONFIG_OP_GT,
    CONFIG_OP_GE,
    CONFIG_OP_MATCHES,      /* a glob matches the text, or an item of the list */
    CONFIG_OP_NOT_MATCHES,  /* none does */
    CONFIG_OP_HAS,          /* list, or words of a text (blanks, commas): all of values are in it */
    CONFIG_OP_HAS_NOT,      /* none of values is in it */
    CONFIG_OP_MODE_AT_MOST, /* octal: no permission bit beyond these */
    CONFIG_OP_MASKS,        /* octal: a umask that takes away at least these bits */
    CONFIG_OP_TRUE,         /* a bool, or yes, true, on, 1, enabled */
    CONFIG_OP_FALSE,        /* a bool, or no, false, off, 0, disabled */
    CONFIG_OP_SET,          /* there and not empty */
    CONFIG_OP_UNSET
};

struct config_cond {
    const char *field; /* NULL ends a list; in a test: only being there is asked for */
    enum config_op op;
    const char *const *values; /* NULL-terminated */
};

enum config_node_type {
    CONFIG_ALL,
    CONFIG_ANY,
    CONFIG_NOT,  /* one kid */
    CONFIG_SOME, /* an observation that fits `where` passes `test` */
    CONFIG_EVERY /* all that fit do */
};

struct config_node {
    enum config_node_type type;
    const struct config_node *const *kids; /* NULL-terminated */
    const char *kind;                      /* "config.setting" */
    const struct config_cond *where;       /* ends with {0} */
    struct config_cond test;
    const char *dflt;       /* value that holds when nothing fits `where`: the program's own default; or NULL */
    enum config_tri absent; /* result when nothing fits and there is no dflt */
};

struct config_applies {
    const char *why;  /* text config.why.<why>; NULL ends the list */
    const char *what; /* its {what} */
    const struct config_node *node;
};

struct config_rule {
    const char *id;
    const struct config_applies *applies;
    const struct config_node *check;
    enum hn_fix_kind fix;
    const char *fix_target, *fix_value; /* "{path}": of the first evidence */
    const char *cause;                  /* findings of one cause are put right by one deed; NULL: of its own */
};

extern const struct config_rule config_rule_table[];
extern const size_t config_rule_table_n;

enum config_verdict { CONFIG_PASS, CONFIG_FAIL, CONFIG_NOT_APPLICABLE, CONFIG_NOT_KNOWN };

#define CONFIG_EVIDENCE_MAX 16

struct config_result {
    enum config_verdict verdict;
    const char *why; /* of NOT_APPLICABLE and NOT_KNOWN */
    struct hn_str what;
    struct hn_str seen;   /* "login.defs PASS_MAX_DAYS = 99999 (/etc/login.defs:165)" */
    struct hn_str actual; /* the first value alone; "-" when not set */
    const struct hn_obs *evidence[CONFIG_EVIDENCE_MAX];
    size_t n_evidence;
};

void config_evaluate(const struct config_rule *r, const struct hn_facts *facts, struct hn_arena *a,
                     struct config_result *ret);
/* What the rule is about, from the first comparison of its check: "login.defs PASS_MAX_DAYS", "/etc/passwd". */
struct hn_str config_rule_subject(const struct config_rule *r, struct hn_arena *a);
const char *config_verdict_name(enum config_verdict v);
/* value.c: one comparison. o's field; unset is CONFIG_UNKNOWN. */
enum config_tri config_compare(const struct hn_obs *o, const struct config_cond *c);
/* The same for a plain text (a default). */
enum config_tri config_compare_text(struct hn_str v, const struct config_cond *c, bool exact);
/* The field as text: lists joined by commas. "-" when unset. */
struct hn_str config_show(const struct hn_obs *o, const char *field, struct hn_arena *a);
