/* What no schema sees: components without version or identifier, names that are none, cycles, statements without a
 * reason. And where in the text it is. */
#include "format/sbom/bom_review.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/name/cpe.h"
#include "format/name/purl.h"
#include "format/sbom/bom_graph.h"

static void note(struct hn_bom *b, enum hn_bom_severity severity, const char *code, uint64_t offset, struct hn_str x,
                 struct hn_str y)
{
    hn_bom_note_at(b, severity, code, offset, x, y);
}

/* ---- names ---- */

/* Go's own library is the module "stdlib" to advisories and to all who write bills of materials; it is in no namespace,
 * though the type asks for one. */
static bool is_go_library(const struct hn_purl *p)
{
    return hn_str_eqc(p->type, "golang") && !p->namespace.n &&
           (hn_str_eqc(p->name, "stdlib") || hn_str_eqc(p->name, "std"));
}

static void review_purl(struct hn_bom *b, const struct hn_bom_component *c, struct hn_arena *scratch)
{
    struct hn_purl p;
    const char *why = NULL;

    if (!hn_purl_parse(scratch, c->purl, &p, &why)) {
        note(b, HN_BOM_NOTE_WARNING, "bad-purl", c->offset, c->purl, hn_str_c(why));
        return;
    }
    unsigned faults = p.faults & HN_PURL_INVALID & ~(is_go_library(&p) ? (unsigned)HN_PURL_NO_NAMESPACE : 0u);
    for (int bit = 0; bit < HN_PURL_BITS; bit++)
        if (faults & 1u << bit) {
            note(b, HN_BOM_NOTE_WARNING, "bad-purl", c->offset, c->purl,
                 hn_str_c(hn_purl_fault_text((enum hn_purl_fault_bit)bit)));
            break;
        }
    if (c->version.n && p.version.n && !hn_str_eq(c->version, p.version))
        note(b, HN_BOM_NOTE_INFO, "purl-other-version", c->offset, c->purl, c->version);
}

static void review_hashes(struct hn_bom *b, const struct hn_bom_component *c)
{
    for (const struct hn_bom_hash *h = c->hashes; h; h = h->next) {
        size_t len = hn_bom_alg_len((enum hn_bom_alg)h->alg);
        if (len && h->value.n != 2 * len)
            note(b, HN_BOM_NOTE_WARNING, "hash-length", c->offset,
                 hn_str_c(hn_bom_alg_word((enum hn_bom_alg)h->alg, HN_BOM_CYCLONEDX)), h->value);
    }
}

/* Things that come in versions; a file or a key does not. */
static bool has_versions(const struct hn_bom_component *c)
{
    return c->type != HN_BOM_TYPE_FILE && c->type != HN_BOM_TYPE_CRYPTO && c->type != HN_BOM_TYPE_DATA &&
           c->type != HN_BOM_TYPE_DEVICE;
}

static void review_component(struct hn_bom *b, const struct hn_bom_component *c, struct hn_arena *scratch)
{
    struct hn_cpe cpe;
    const char *why = NULL;

    if (c->role == HN_BOM_ROLE_PART && has_versions(c) && !c->version.n && !c->version_range.n)
        note(b, HN_BOM_NOTE_WARNING, "no-version", c->offset, c->name, HN_STR(""));
    if (c->role == HN_BOM_ROLE_PART && has_versions(c) && !c->purl.n && !c->cpe.n && !c->swid)
        note(b, HN_BOM_NOTE_INFO, "no-identifier", c->offset, c->name, c->version);
    if (c->purl.n)
        review_purl(b, c, scratch);
    if (c->cpe.n && !hn_cpe_parse(scratch, c->cpe, &cpe, &why))
        note(b, HN_BOM_NOTE_WARNING, "bad-cpe", c->offset, c->cpe, hn_str_c(why));
    review_hashes(b, c);
}

/* ---- statements ---- */

static void review_vuln(struct hn_bom *b, const struct hn_bom_vuln *v)
{
    if (!v->id.n)
        note(b, HN_BOM_NOTE_WARNING, "vuln-no-id", v->offset, HN_STR(""), HN_STR(""));
    if (v->status == HN_BOM_VEX_NOT_AFFECTED && v->why == HN_BOM_WHY_NONE && !v->impact.n && !v->justification.n)
        note(b, HN_BOM_NOTE_WARNING, "vex-no-reason", v->offset, v->id, HN_STR(""));
    if (v->status == HN_BOM_VEX_AFFECTED && !v->responses && !v->recommendation.n && !v->workaround.n && !v->impact.n)
        note(b, HN_BOM_NOTE_WARNING, "vex-no-action", v->offset, v->id, HN_STR(""));
    if (v->status != HN_BOM_VEX_NONE && !v->affects)
        note(b, HN_BOM_NOTE_WARNING, "vex-no-product", v->offset, v->id, HN_STR(""));
}

/* ---- the whole ---- */

static struct hn_str node_name(const struct hn_bom_graph *g, uint32_t node)
{
    const struct hn_bom_component *c = hn_bom_graph_component(g, node);
    const struct hn_bom_service *s = c ? NULL : hn_bom_graph_service(g, node);
    return c ? c->name : s ? s->name : HN_STR("");
}

struct cycles {
    struct hn_bom *b;
    const struct hn_bom_graph *g;
};

static void on_cycle(void *arg, const uint32_t *nodes, size_t n)
{
    struct cycles *x = arg;
    HN_AUTO(hn_buf_done) struct hn_buf text;

    hn_buf_init(&text, 400);
    for (size_t i = 0; i < n && text.n < 150; i++) {
        struct hn_str name = hn_str_cut(node_name(x->g, nodes[n - 1 - i]), 0, 60);
        hn_buf_fmt(&text, "%s%.*s", i ? " → " : "", HN_FMT(name));
    }
    const struct hn_bom_component *c = hn_bom_graph_component(x->g, nodes[n - 1]);
    char count[24];
    snprintf(count, sizeof count, "%zu", n);
    note(x->b, HN_BOM_NOTE_WARNING, "cycle", c ? c->offset : UINT64_MAX, hn_buf_text(&text), hn_str_c(count));
}

static void review_graph(struct hn_bom *b, struct hn_arena *scratch)
{
    struct hn_bom_graph g;
    size_t apart = 0;

    if (!hn_bom_graph_build(&g, b, scratch))
        return;
    hn_bom_graph_cycles(&g, scratch, on_cycle, &(struct cycles){b, &g});
    uint32_t *d = g.declared && b->subject ? hn_bom_graph_distances(&g, scratch) : NULL;
    if (!d || !g.n_roots)
        return;
    for (size_t i = 0; i < b->n_components; i++)
        apart += d[i] == UINT32_MAX;
    char count[24];
    snprintf(count, sizeof count, "%zu", apart);
    if (apart)
        note(b, HN_BOM_NOTE_INFO, "unreached", UINT64_MAX, hn_str_c(count), HN_STR(""));
}

void hn_bom_review(struct hn_bom *b)
{
    struct hn_arena scratch;
    const bool cdx = b->family == HN_BOM_CYCLONEDX; /* readers of other families say these themselves */

    hn_arena_init(&scratch, (size_t)1 << 30);
    if (cdx && !b->subject && b->n_components)
        note(b, HN_BOM_NOTE_WARNING, "no-subject", UINT64_MAX, HN_STR(""), HN_STR(""));
    if (!b->timestamp)
        note(b, HN_BOM_NOTE_WARNING, "no-time", UINT64_MAX, HN_STR(""), HN_STR(""));
    if (!b->n_components && !b->vulns && !b->n_services)
        note(b, HN_BOM_NOTE_WARNING, "no-components", UINT64_MAX, HN_STR(""), HN_STR(""));
    if (b->n_components > 1 && !b->n_deps)
        note(b, HN_BOM_NOTE_WARNING, "no-dependencies", UINT64_MAX, HN_STR(""), HN_STR(""));
    if (b->subject)
        review_component(b, b->subject, &scratch);
    for (size_t i = 0; i < b->n_components; i++) {
        review_component(b, b->components[i], &scratch);
        if (scratch.used > (1u << 20))
            hn_arena_clear(&scratch);
    }
    for (const struct hn_bom_vuln *v = cdx ? b->vulns : NULL; v; v = v->next)
        review_vuln(b, v);
    hn_arena_clear(&scratch);
    review_graph(b, &scratch);
    hn_arena_done(&scratch);
}

/* ---- places: one walk over the JSON for all notes that only know an offset ---- */

static int by_offset(const void *x, const void *y)
{
    const struct hn_bom_note *a = *(struct hn_bom_note *const *)x, *b = *(struct hn_bom_note *const *)y;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

struct level {
    struct hn_str key; /* of the object: the member we are in */
    size_t index;      /* of the array */
    bool array;
};

struct placing {
    struct hn_bom *b;
    struct hn_jr jr;
    struct level path[HN_JR_DEPTH_MAX + 1];
    struct hn_bom_note **notes;
    size_t n, at;
};

static struct hn_str pointer(struct placing *p, unsigned depth)
{
    HN_AUTO(hn_buf_done) struct hn_buf buf;

    hn_buf_init(&buf, 8192);
    for (unsigned i = 0; i < depth; i++) {
        if (p->path[i].array)
            hn_buf_fmt(&buf, "/%zu", p->path[i].index);
        else
            hn_buf_fmt(&buf, "/%.*s", HN_FMT(p->path[i].key));
    }
    return hn_arena_str(p->b->arena, hn_buf_text(&buf));
}

/* Notes before the end of the token just read lie in the value whose path we have. */
static void settle(struct placing *p, unsigned depth)
{
    for (; p->at < p->n && p->notes[p->at]->offset < p->jr.off; p->at++)
        p->notes[p->at]->place = pointer(p, depth);
}

static void walk(struct placing *p)
{
    enum hn_jtok t;

    while (p->at < p->n && (t = hn_jr_next(&p->jr)) != HN_J_ERR && t != HN_J_END) {
        unsigned d = p->jr.depth; /* containers that are open now */
        bool opens = t == HN_J_OBJ || t == HN_J_ARR, closes = t == HN_J_OBJ_END || t == HN_J_ARR_END;
        unsigned in = opens ? d - 1 : d; /* levels around the token */
        if (t == HN_J_KEY) {
            p->path[d - 1].key = p->jr.raw;
            continue;
        }
        if (!closes && in && p->path[in - 1].array)
            p->path[in - 1].index++;
        settle(p, in);
        if (opens)
            p->path[d - 1] = (struct level){.array = t == HN_J_ARR, .index = SIZE_MAX, .key = HN_STR("")};
    }
}

/* Line numbers by counting line ends between notes. */
static void count_lines(struct placing *p)
{
    const uint8_t *text = p->b->text.p;
    uint64_t off = 0;
    uint32_t line = 1;

    for (size_t i = 0; i < p->n; i++) {
        uint64_t end = p->notes[i]->offset < p->b->text.n ? p->notes[i]->offset : p->b->text.n;
        while (off < end) {
            const uint8_t *nl = memchr(text + off, '\n', end - off);
            if (!nl)
                break;
            line++;
            off = (uint64_t)(nl - text) + 1;
        }
        off = end;
        p->notes[i]->line = line;
    }
}

void hn_bom_places(struct hn_bom *b)
{
    struct placing *p = hn_alloc_zero(sizeof *p);

    if (!p)
        return;
    p->b = b;
    p->notes = hn_arena_alloc(b->arena, b->notes.n * sizeof(struct hn_bom_note *));
    for (struct hn_bom_note *n = b->notes.first; n && p->notes; n = n->next)
        if (n->offset != UINT64_MAX)
            p->notes[p->n++] = n;
    if (p->notes && p->n && b->text.n) {
        qsort(p->notes, p->n, sizeof(struct hn_bom_note *), by_offset);
        count_lines(p);
        size_t kept = 0;
        for (size_t i = 0; i < p->n; i++)
            if (!p->notes[i]->place.n)
                p->notes[kept++] = p->notes[i];
        p->n = kept;
        size_t skip = b->text.n >= 3 && memcmp(b->text.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        hn_jr_init(&p->jr, hn_bytes_of(b->text.p + skip, b->text.n - skip), HN_JR_DEPTH_MAX, UINT64_MAX);
        for (size_t i = 0; i < p->n; i++)
            p->notes[i]->offset -= skip;
        if (b->form == HN_BOM_JSON)
            walk(p);
        for (size_t i = 0; i < p->n; i++)
            p->notes[i]->offset += skip;
    }
    hn_free(p);
}
