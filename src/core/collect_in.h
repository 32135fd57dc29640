/* Inside of the collector: its state, for the files that collect.c is made of. */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "core/collect.h"

struct hn_collect {
    const struct hn_collect_options *o;
    const struct hn_collect_sink *sink;
    const struct hn_module *module;
    struct hn_arena arena;  /* names and lists of the present module */
    uint8_t *chunk;         /* HN_REC_CHUNK bytes */
    struct hn_map *once;    /* size and time → path, within hn_collect_glob_once(); else NULL */
    struct hn_image *image; /* NULL: a live system or a mounted root */
    struct hn_at root;
    bool stopped;
    unsigned denied; /* not-seen lines of this module, so that one unreadable tree does not flood */
};

/* collect_inputs.c: names of this pattern (one component) in folder were looked for. */
void collect_input_listed(struct hn_collect *c, const char *folder, struct hn_str pattern);

/* collect_early.c: as pread of a setting that could not be opened (errno says why), from what was read before the
 * sandbox, into the chunk. */
ssize_t collect_early_setting(struct hn_collect *c, const char *path, size_t want);
