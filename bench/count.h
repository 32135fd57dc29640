/* Benchmarks whose instructions are counted (bench/run): deterministic work on input made here. A program is a list of
 * these and a main that calls count_main(). */
#pragma once

#include <stddef.h>

struct count_bench {
    const char *name;        /* unique over all programs: "json-read" */
    void *(*setup)(void);    /* not counted; NULL result = failed */
    void (*run)(void *ctx);  /* counted; may be called again and again */
    void (*done)(void *ctx); /* may be NULL */
};

/* PROGRAM          names, one a line
 * PROGRAM NAME     runs it once
 * PROGRAM -t NAME  seconds of wall time for one run, best of several, and the same for a fixed loop */
int count_main(int argc, char **argv, const struct count_bench *benches, size_t n);
