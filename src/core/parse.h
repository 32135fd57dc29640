/* Runs one module's parse functions over records: in the parser role, in golden tests and in fuzzers alike. */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "core/module.h"

/* What a module asks the collector for. */
enum hn_want_how { HN_WANT_GLOB = 'g', HN_WANT_PART = 'p', HN_WANT_SHA512 = 'h' };
struct hn_want {
    const char *tag;
    enum hn_want_how how;
    struct hn_bytes path; /* of GLOB a pattern, else one file */
    uint64_t offset;      /* of PART */
    size_t max;
};

/* Everything a module says while parsing. Payloads are valid only during the call. */
struct hn_parse_sink {
    void *arg;
    /* {"kind","subject","fields":{…}}: the module is known from the context */
    void (*obs)(void *arg, const struct hn_module *m, struct hn_str json);
    void (*malformed)(void *arg, const struct hn_module *m, struct hn_bytes path, uint64_t offset, const char *why);
    /* hidden: judge will name what that may hide */
    void (*not_seen)(void *arg, const struct hn_module *m, struct hn_str what, struct hn_str why, bool hidden);
    void (*want)(void *arg, const struct hn_module *m, const struct hn_want *want);
};

struct hn_parse_options {
    bool live, deep;
    bool inventory, hashes; /* see hn_run_options */
    hn_time now;
};

/* One per worker; keeps the wanted paths over the modules of a run. */
struct hn_parse *hn_parse_new(const struct hn_parse_options *o, const struct hn_parse_sink *sink);
void hn_parse_free(struct hn_parse *p);
void hn_parse_path_want(struct hn_parse *p, struct hn_bytes path); /* adds a wanted path */
HN_MUST struct hn_err hn_parse_begin(struct hn_parse *p, const struct hn_module *m);
void hn_parse_record(struct hn_parse *p, const struct hn_rec *r);
/* Calls the module's finish and frees its memory. HN_E_NOMEM when a memory limit was met: the module is incomplete. */
HN_MUST struct hn_err hn_parse_end(struct hn_parse *p);
/* main of the role: descriptor 3 = collector, 4 = core, 5 = progress page. */
int hn_parser_main(int argc, char **argv);
