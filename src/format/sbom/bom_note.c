#include "base/str.h"
#include "format/sbom/bom.h"

#define PARAM_MAX 200 /* bytes of a parameter or place that are kept */

static struct hn_str kept(struct hn_arena *a, struct hn_str s)
{
    return s.n ? hn_arena_str(a, hn_str_from_hostile(a, hn_str_bytes(s), PARAM_MAX)) : HN_STR("");
}

static struct hn_bom_note *add(struct hn_bom_notes *n, struct hn_arena *a, enum hn_bom_severity severity,
                               const char *code, struct hn_str pa, struct hn_str pb)
{
    n->by_severity[severity]++;
    if (n->n >= n->most) {
        n->dropped++;
        return NULL;
    }
    struct hn_bom_note *x = HN_NEW(a, struct hn_bom_note);
    if (!x)
        return NULL;
    *x = (struct hn_bom_note){
        .severity = severity, .code = code, .a = kept(a, pa), .b = kept(a, pb), .offset = UINT64_MAX, .place = {"", 0}};
    if (n->last)
        n->last->next = x;
    else
        n->first = x;
    n->last = x;
    n->n++;
    return x;
}

void hn_bom_note_in(struct hn_bom_notes *n, struct hn_arena *a, enum hn_bom_severity severity, const char *code,
                    struct hn_str place, struct hn_str pa, struct hn_str pb)
{
    struct hn_bom_note *x = add(n, a, severity, code, pa, pb);

    if (x)
        x->place = kept(a, place);
}

void hn_bom_note(struct hn_bom *b, enum hn_bom_severity severity, const char *code, struct hn_str place,
                 struct hn_str pa, struct hn_str pb)
{
    hn_bom_note_in(&b->notes, b->arena, severity, code, place, pa, pb);
}

struct hn_bom_note *hn_bom_note_at(struct hn_bom *b, enum hn_bom_severity severity, const char *code, uint64_t offset,
                                   struct hn_str pa, struct hn_str pb)
{
    struct hn_bom_note *x = add(&b->notes, b->arena, severity, code, pa, pb);

    if (x && b->offsets_are_lines)
        x->line = offset < UINT32_MAX ? (uint32_t)offset : 0;
    else if (x)
        x->offset = offset;
    return x;
}
