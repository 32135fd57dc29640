/* A list of an answer, as JSON in pieces: it grows to megabytes, and one buffer that doubles would be copied again and
 * again and touch twice the memory. */
#pragma once

#include "base/json.h"
#include "core/work.h"

struct sbom_list {
    struct hn_buf now; /* the end of the list */
    struct hn_jw jw;   /* writes elements into it */
    struct sbom_piece *first, *last;
    bool bad; /* out of memory: the list is not whole */
};

void sbom_list_begin(struct sbom_list *l);
/* After an element: what was written is put aside when it is enough for a piece. */
void sbom_list_settle(struct sbom_list *l);
/* No element follows. False: it is not whole. */
bool sbom_list_end(struct sbom_list *l);
void sbom_list_write(const struct sbom_list *l, struct hn_work *w);
void sbom_list_free(struct sbom_list *l);
