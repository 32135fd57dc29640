/* The front of a module's verb: starts its worker, hands it what it asks for, and takes what it finds. */
#pragma once

#include "core/work.h"

struct hn_front_option { /* given on the command line, checked against the declaration */
    const struct hn_verb_option *o;
    const char *value; /* NULL: a switch */
};

struct hn_front {
    const struct hn_module *module;
    const struct hn_verb *verb;
    const struct hn_front_option *options;
    size_t n_options;
    const char *const *words; /* positional: inputs, or words with HN_VERB_WORDS */
    size_t n_words;
    enum hn_work_form form;
    int lang;
    unsigned columns;
    bool progress;    /* standard error is a terminal */
    const char *home; /* HINOMI_HOME; NULL: there is none */
    /* What the worker found; the document is complete and untrusted. NULL: not wanted (it is counted as taken). */
    struct hn_err (*on_run)(void *arg, struct hn_bytes document);
    void (*on_progress)(void *arg, uint64_t done, uint64_t total, struct hn_str what);
    void *arg;
};

/* Of the first option of that name, "" of a switch; NULL: it was not given. */
const char *hn_front_value(const struct hn_front *f, const char *name);
/* Runs it to its end. *ret_code: exit code. An error, with its text, when the worker could not run or died. */
HN_MUST struct hn_err hn_front_run(const struct hn_front *f, int *ret_code, struct hn_diag *reterr);

/* main of the role: descriptor 3 = the front, 4 = what is asked, 5 = readable when it shall stop. */
int hn_worker_main(int argc, char **argv);
