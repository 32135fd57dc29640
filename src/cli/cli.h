/* The command line: verbs declared as data, from which dispatch, help, the man page and completion are made.
 * Exit codes: 0 nothing at or above the threshold, 1 findings, 2 usage, 3 failure. */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "base/term.h"
#include "core/config.h"
#include "core/text.h"

enum { CLI_OK = 0, CLI_FINDINGS = 1, CLI_USAGE = 2, CLI_FAILURE = 3 };

/* An option of a verb that is not an operation's parameter. Text "cli.opt.<name>". */
struct cli_option {
    const char *name;
    const char *value; /* word shown for its argument, or "one|or|another"; NULL: a switch */
};

/* A column of a table: where in a row, and how to show it. Header text "cli.col.<last part of path>". */
struct cli_column {
    const char *path; /* "asset.name" */
    bool right;       /* numbers */
    bool flex;        /* takes what width is left, cut with … */
    bool date;
};

/* One use of a verb: `hinomi findings show ID`. With op it is a call of that operation; positional names the parameters
 * that come without a dash, in order. */
struct cli_use {
    const char *name; /* "list"; the first of a verb is also meant when none is named */
    const char *op;
    const char *positional;                /* "id" or "id text", NULL */
    const struct cli_column *columns;      /* lists: table; NULL: shown as fields */
    int (*show)(const struct hn_jv *body); /* own rendering; NULL = columns or fields */
};

struct cli_verb {
    const char *name;                  /* texts: cli.<name>.summary, cli.<name>.about, examples cli.<name>.example.N */
    const struct cli_use *uses;        /* ends with {0}; NULL: run */
    int (*run)(int argc, char **argv); /* own argument handling */
    const char *synopsis;              /* of run: "[--root DIR] …" */
    const struct cli_option *options;  /* of run, for help and completion; ends with {0} */
};

extern const struct cli_verb cli_verbs[]; /* ends with {0} */
const struct cli_verb *cli_verb_find(const char *name);
/* The operation's parameter of this name comes without a dash. */
bool cli_use_positional(const struct cli_use *u, const char *name);

/* What every verb understands, taken out of argv before the verb looks. */
struct cli_global {
    bool json, jsonl, csv, color, quiet;
    const char *home;             /* --home, HINOMI_HOME or the default place; NULL when there is none */
    const char *config;           /* --config */
    const struct hn_config *conf; /* in force; set before a verb runs, but for config, help and version */
    enum hn_lang lang;
    bool lang_given;  /* --lang */
    unsigned columns; /* of the terminal; 0: not one (no cutting) */
};
extern struct cli_global cli;

extern const char *const cli_global_options[]; /* their names; ends with NULL */
/* Takes the global options out of argv (in place), gives the new argc; -1, and says so, when a value is wrong. */
int cli_take_globals(int argc, char **argv);
/* Message in the language of the user; params: name, value pairs of C strings, ended by NULL. */
void cli_error(const char *key, ...) __attribute__((sentinel));
/* getopt_long(3) for long options; what is wrong is said in the language of the user, and '?' given. */
struct option;
int cli_option_next(int argc, char **argv, const struct option *options);
/* No option has this name (without its dashes); the nearest of the n known ones is told. Gives CLI_USAGE. */
int cli_unknown_option(struct hn_str name, const char *const *names, size_t n);
/* An error of an operation or of the environment, with what to do. */
void cli_fail(struct hn_err e, const struct hn_diag *d);
int cli_usage(const struct cli_verb *v);   /* to standard error; CLI_USAGE */
int cli_help(int argc, char **argv);       /* hinomi help [VERB [USE]] */
int cli_help_json(void);                   /* hinomi help --json: all of it as one document */
int cli_man(int argc, char **argv);        /* hinomi -x man: the man page in the language in force */
int cli_completion(int argc, char **argv); /* hinomi -x completion: for bash */
/* The meaning of an option, as help and the man page say it. */
const char *cli_option_doc(const char *name);
struct hn_op_param;
const char *cli_param_doc(const struct cli_use *u, const struct hn_op_param *p);
/* min_score is --min-score; out is cut at its end. */
void cli_dashed(char out[64], const char *name);
void cli_put_roff(const char *s); /* a line of a man page */
/* An option with its meaning, in a man page; value, enums: may be NULL. */
void cli_man_option(const char *name, const char *value, const char *doc, const char *enums);
struct hn_module;
/* The next module that declares verbs and is no verb of the table itself; *i = 0 first; NULL at the end. */
const struct hn_module *cli_module_alone(size_t *i);

/* Runs a use of a verb against the store role. */
int cli_run_uses(const struct cli_verb *v, int argc, char **argv);

/* ---- showing ---- */

/* The member at "a.b"; a {"en","ja"} object gives the text in the language in force. In arena. */
struct hn_str cli_value(struct hn_arena *a, const struct hn_jv *row, const char *path, bool date);
/* A word of the data (a severity, a state) in the language in force; column: the member that holds it. */
struct hn_str cli_word(const char *column, struct hn_str s);
void cli_table(const struct cli_column *columns, const struct hn_jv *items);
void cli_csv(const struct cli_column *columns, const struct hn_jv *items);
/* A text of the catalogue, which takes its words and numbers from the members of an object, as a line. */
void cli_sentence(const char *key, const struct hn_jv *members);
void cli_fields(const struct hn_jv *body);
void cli_out(const struct hn_buf *b); /* to standard output */
/* A line of standard input; on a terminal asked for twice, unseen. False: there was none, or the two differ. */
bool cli_secret(char *out, size_t room);
int cli_output_failed(void); /* says so by errno; an exit code */
/* Start and end of a colour when standard output is a terminal: by severity or state name. */
const char *cli_color(struct hn_str word);
const char *cli_color_end(void);
/* The severity in its colour, filled to the width of a column. */
void cli_put_severity(struct hn_buf *out, struct hn_str severity);
/* A line on standard error that replaces itself; only on a terminal, only after a second. NULL ends it. */
void cli_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- verbs that modules declare (core/work.h) ---- */
struct hn_verb;
const struct hn_module *cli_module_of(const char *name); /* NULL unless it declares verbs; accepts NULL */
const struct hn_verb *cli_module_verb_find(const char *module, const char *verb);
/* Joins a verb of two words, given as two arguments ("vex", "list"), into one; true when there is such a verb. argv[0]
 * is the module; one argument less after it. */
bool cli_module_join(char **argv);
int cli_module_run(int argc, char **argv);                         /* argv: module, verb, … */
bool cli_module_help(const struct hn_module *m, const char *only); /* only: of one verb; NULL: all. False: none */
void cli_module_man(const struct hn_module *m);
void cli_module_complete(const struct hn_module *m);        /* the words of its verbs and options */
void cli_module_complete_values(const struct hn_module *m); /* of the options that take one of several words */

/* ---- verbs with a file of their own ---- */
int cli_diagnose(int argc, char **argv);
int cli_ingest(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_store(int argc, char **argv);
int cli_sbom(int argc, char **argv);          /* software.c */
int cli_feed(int argc, char **argv);          /* feed.c */
bool cli_feed_is_ours(int argc, char **argv); /* argv: "feed", … : what fetches, or a source that was */
int cli_fix(int argc, char **argv);
int cli_fix_jobs(const char *root); /* what the console approves, until a signal */
int cli_undo(int argc, char **argv);
int cli_config(int argc, char **argv);
/* Reads the configuration into cli.conf and takes home, language and log level from it. Exit code when it is wrong. */
int cli_conf_load(void);
const char *cli_conf_path(const char *key); /* an option that is empty by default: NULL when not set */
const char *cli_conf_modules(void);         /* for hn_run_options; NULL: all */
int cli_show_explain(const struct hn_jv *finding);
int cli_show_now(const struct hn_jv *now);
int cli_capture(int argc, char **argv); /* -x capture */
int cli_kinds(int argc, char **argv);   /* -x kinds */
int cli_remind(int argc, char **argv);  /* -x remind */
int cli_asker(int argc, char **argv);   /* -x ask */
int cli_version(int argc, char **argv);
