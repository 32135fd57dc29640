#include "modules/sbom/match_list.h"

#include "base/mem.h"
#include "base/str.h"

#define PIECE       ((size_t)256 << 10)
#define ELEMENT_MAX ((size_t)1 << 30)

struct sbom_piece {
    struct sbom_piece *next;
    size_t n;
    char text[];
};

void sbom_list_begin(struct sbom_list *l)
{
    *l = (struct sbom_list){.first = NULL};
    hn_buf_init(&l->now, ELEMENT_MAX);
    hn_jw_init(&l->jw, &l->now);
    hn_jw_arr(&l->jw);
}

static void put_aside(struct sbom_list *l)
{
    struct sbom_piece *p = l->now.bad ? NULL : hn_alloc(sizeof *p + l->now.n);
    l->bad = l->bad || !p;
    if (!p)
        return;
    *p = (struct sbom_piece){.n = l->now.n};
    memcpy(p->text, l->now.p, l->now.n);
    hn_buf_clear(&l->now);
    if (l->last)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
}

void sbom_list_settle(struct sbom_list *l)
{
    if (l->now.n >= PIECE)
        put_aside(l);
}

bool sbom_list_end(struct sbom_list *l)
{
    hn_jw_arr_end(&l->jw);
    l->bad = l->bad || l->now.bad;
    return !l->bad;
}

void sbom_list_write(const struct sbom_list *l, struct hn_work *w)
{
    for (const struct sbom_piece *p = l->first; p; p = p->next)
        hn_work_write(w, hn_bytes_of(p->text, p->n));
    hn_work_write(w, hn_bytes_of(l->now.p, l->now.n));
}

void sbom_list_free(struct sbom_list *l)
{
    while (l->first) {
        struct sbom_piece *next = l->first->next;
        hn_free(l->first);
        l->first = next;
    }
    hn_buf_done(&l->now);
}
