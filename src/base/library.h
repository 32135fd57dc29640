/* Libraries that are loaded when they are needed: they bring others with them, which each of the many short-lived
 * processes here would otherwise load and relocate at its start. */
#pragma once

#include "base/err.h"

struct hn_library_function {
    const char *name;
    void *to; /* a pointer to a function pointer */
};

/* Loads a library for good, before a sandbox is entered, and finds the functions of the list. NOENT: it is not there
 * (the text names the package), or lacks one; some of them may have been set then. */
HN_MUST struct hn_err hn_library_load(const char *library, const char *package, const struct hn_library_function *list,
                                      size_t n, struct hn_diag *reterr);
