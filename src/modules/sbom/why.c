/* hinomi sbom why: through what does a component come in? */
#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/bom_graph.h"
#include "modules/sbom/bill.h"

#define PATHS 5 /* shown of one component, unless asked for more */

const struct hn_verb_option sbom_why_options[] = {
    {"component", HN_OPT_STR, "PURL|NAME"}, {"paths", HN_OPT_INT, "N", .least = 1, .most = 1000}, {0}};

struct answer {
    struct hn_work *w;
    struct bill *b;
    struct hn_bom_graph g;
    struct hn_jw *j; /* NULL: text */
};

/* A purl (also without version and qualifiers), a reference, a name, or name@version. */
static bool is_asked(const struct hn_bom_component *c, struct hn_str asked)
{
    if (hn_str_eq(c->purl, asked) || hn_str_eq(c->ref, asked) || hn_str_eq(c->name, asked))
        return true;
    if (c->purl.n > asked.n && memcmp(c->purl.p, asked.p, asked.n) == 0 && strchr("@?#", c->purl.p[asked.n]) &&
        hn_str_starts(asked, "pkg:"))
        return true;
    return asked.n == c->name.n + 1 + c->version.n && c->name.n && memcmp(asked.p, c->name.p, c->name.n) == 0 &&
           asked.p[c->name.n] == '@' && hn_str_eq(hn_str_cut(asked, c->name.n + 1, asked.n), c->version);
}

static struct hn_str label(struct answer *x, uint32_t node)
{
    const struct hn_bom_component *c = hn_bom_graph_component(&x->g, node);
    const struct hn_bom_service *s = c ? NULL : hn_bom_graph_service(&x->g, node);
    struct hn_str group = c ? c->group : s->group, name = c ? c->name : s->name, version = c ? c->version : s->version;

    return hn_arena_fmt(&x->b->arena, "%.*s%s%.*s%s%.*s", HN_FMT(group), group.n ? "/" : "", HN_FMT(name),
                        version.n ? " " : "", HN_FMT(version));
}

static void on_path(void *arg, const uint32_t *path, size_t n)
{
    struct answer *x = arg;

    if (x->j) {
        hn_jw_arr(x->j);
        for (size_t i = 0; i < n; i++) {
            const struct hn_bom_component *c = hn_bom_graph_component(&x->g, path[i]);
            hn_jw_obj(x->j);
            hn_jw_kstr(x->j, "name", label(x, path[i]));
            if (c && c->purl.n)
                hn_jw_kstr(x->j, "purl", c->purl);
            if (c && c->ref.n)
                hn_jw_kstr(x->j, "ref", c->ref);
            hn_jw_obj_end(x->j);
        }
        hn_jw_arr_end(x->j);
        return;
    }
    hn_work_print(x->w, "  ");
    for (size_t i = 0; i < n; i++) {
        if (i)
            hn_work_print(x->w, " → ");
        hn_work_text(x->w, label(x, path[i]));
    }
    hn_work_print(x->w, "\n");
}

static void explain(struct answer *x, struct hn_bom_component *c)
{
    uint32_t node = hn_bom_graph_node(&x->g, c);
    size_t most = (size_t)hn_work_int(x->w, "paths", PATHS);

    if (x->j) {
        hn_jw_obj(x->j);
        hn_jw_kstr(x->j, "file", x->b->in.name);
        hn_jw_kstr(x->j, "component", label(x, node));
        hn_jw_kstr(x->j, "purl", c->purl);
        hn_jw_kint(x->j, "needed_directly_by", x->g.rfirst[node + 1] - x->g.rfirst[node]);
        hn_jw_kbool(x->j, "dependencies_declared", x->g.declared);
        hn_jw_key(x->j, "paths");
        hn_jw_arr(x->j);
        hn_bom_graph_paths(&x->g, node, most, &x->b->arena, on_path, x);
        hn_jw_arr_end(x->j);
        hn_jw_obj_end(x->j);
        return;
    }
    hn_work_text(x->w, label(x, node));
    hn_work_print(x->w, "\n");
    if (!hn_bom_graph_paths(&x->g, node, most, &x->b->arena, on_path, x)) {
        hn_work_print(x->w, "  ");
        hn_work_say(x->w, x->g.declared ? "sbom.why.apart" : "sbom.why.unknown", NULL);
    }
}

/* How many components were meant. */
static size_t answer_file(struct hn_work *w, struct bill *b, struct hn_str asked, struct hn_jw *j)
{
    struct answer x = {.w = w, .b = b, .j = j};
    size_t found = 0;

    if (!hn_bom_graph_build(&x.g, &b->bom, &b->arena))
        return 0;
    for (size_t i = 0; i < b->bom.n_components; i++)
        if (is_asked(b->bom.components[i], asked)) {
            explain(&x, b->bom.components[i]);
            found++;
        }
    return found;
}

int sbom_why(struct hn_work *w)
{
    struct hn_str asked = hn_work_str(w, "component");
    bool json = hn_work_form(w) == HN_FORM_JSON, unreadable = false;
    HN_AUTO(hn_buf_done) struct hn_buf buf = {0};
    struct hn_jw j;
    struct bill b = {0};
    size_t found = 0;

    if (!asked.n)
        return hn_work_usage(w, "sbom.why.error.component", NULL);
    hn_buf_init(&buf, (size_t)1 << 30);
    hn_jw_init(&j, &buf);
    hn_jw_obj(&j);
    hn_jw_key(&j, "components");
    hn_jw_arr(&j);
    while (sbom_bill_next(w, &b)) {
        if (b.readable)
            found += answer_file(w, &b, asked, json ? &j : NULL);
        else
            hn_work_warn(w, "sbom.bill.unreadable", "file", hn_arena_cstr(&b.arena, b.in.name), NULL);
        unreadable |= !b.readable;
        sbom_bill_done(&b);
    }
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&buf, '\n');
    if (json)
        hn_work_write(w, hn_str_bytes(hn_buf_text(&buf)));
    else if (!found)
        hn_work_say(w, "sbom.why.none", NULL);
    return unreadable || hn_work_unreadable(w) ? 3 : found == 0;
}
