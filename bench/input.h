/* Input for the benchmarks: files below a folder, or text made here. */
#pragma once

#include "base/buf.h"

struct bench_text {
    char *p; /* 64 readable bytes follow the text, as simdjson wants them */
    size_t n;
};

struct bench_texts {
    struct bench_text *v;
    size_t n, bytes;
};

/* All files ending in .json below path, in order of their names. Those that are not JSON are left out, so that every
 * parser reads the same. False when there is none. */
bool bench_load(struct bench_texts *t, const char *path);
void bench_texts_done(struct bench_texts *t);
/* A CycloneDX document of n components, indented by two blanks; the same on every run. */
void bench_make_sbom(struct hn_buf *b, unsigned n);
/* The folder of test data: HINOMI_TEST_DATA, else the usual place beside the checkout, else NULL. */
const char *bench_data(void);
/* Processor time of this process in seconds. */
double bench_cpu(void);
