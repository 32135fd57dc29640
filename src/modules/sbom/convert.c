/* hinomi sbom convert: any bill of materials into any family, with what is lost told. docs/sbom-conversion.md. */
#include "format/sbom/convert.h"

#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "modules/sbom/document.h"
#include "modules/sbom/sbom.h"

#define DOCUMENT_MAX ((size_t)1 << 30)
#define LOSSES_MOST  1000000

const struct hn_verb_option sbom_convert_options[] = {
    {"to", HN_OPT_STR, "FORMAT",
     .enums = "cyclonedx-1.4 cyclonedx-1.5 cyclonedx-1.6 cyclonedx-1.7 cyclonedx-1.4-xml cyclonedx-1.5-xml "
              "cyclonedx-1.6-xml cyclonedx-1.7-xml spdx-2.2 spdx-2.3 spdx-2.2-tv spdx-2.3-tv spdx-3.0 spdx-3.0.1"},
    {"output", HN_OPT_OUTPUT, "FILE"},
    {"losses", HN_OPT_OUTPUT, "FILE"},
    {"strict", HN_OPT_SWITCH},
    {0}};

struct group {
    struct hn_str what;
    const struct hn_bom_note *first;
    size_t n;
};

/* By what was lost, in the order of the first of each. */
static size_t group_losses(struct hn_arena *a, const struct hn_bom_notes *loss, struct group **ret)
{
    struct hn_map by_what;
    size_t n = 0;

    *ret = hn_arena_alloc(a, (loss->n + 1) * sizeof **ret);
    hn_map_init(&by_what);
    for (const struct hn_bom_note *x = *ret ? loss->first : NULL; x; x = x->next) {
        struct hn_str what = x->a.n ? x->a : hn_str_c(x->code);
        struct group *g = hn_map_find(&by_what, hn_str_bytes(what));
        if (!g) {
            g = &(*ret)[n++];
            g->what = what;
            g->first = x;
            if (!hn_ok(hn_map_set(&by_what, hn_str_bytes(what), g)))
                a->failed = true;
        }
        g->n++;
    }
    hn_map_done(&by_what);
    return n;
}

static void tell_losses(struct hn_work *w, const struct hn_bom_notes *loss)
{
    struct hn_arena *a = hn_work_arena(w);
    struct group *groups;
    size_t n = group_losses(a, loss, &groups);

    for (size_t i = 0; i < n; i++) {
        struct hn_str place = groups[i].first->place.n ? groups[i].first->place : HN_STR("/");
        hn_work_warn(w, "sbom.convert.lost", "n", hn_arena_cstr(a, hn_arena_fmt(a, "%zu", groups[i].n)), "what",
                     hn_arena_cstr(a, groups[i].what), "place", hn_arena_cstr(a, place), NULL);
    }
}

static void losses_json(struct hn_jw *j, const struct hn_bom *b, const char *to, const struct hn_bom_notes *loss,
                        struct hn_arena *a)
{
    struct group *groups;
    size_t n = group_losses(a, loss, &groups);

    hn_jw_obj(j);
    hn_jw_kc(j, "from", hn_bom_family_name(b->family));
    hn_jw_kstr(j, "from_version", b->spec_version);
    hn_jw_kc(j, "to", to);
    hn_jw_kint(j, "lost", (int64_t)(loss->n + loss->dropped));
    hn_jw_key(j, "by_kind");
    hn_jw_arr(j);
    for (size_t i = 0; i < n; i++) {
        hn_jw_obj(j);
        hn_jw_kstr(j, "what", groups[i].what);
        hn_jw_kint(j, "count", (int64_t)groups[i].n);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_key(j, "losses");
    hn_jw_arr(j);
    for (const struct hn_bom_note *x = loss->first; x; x = x->next) {
        hn_jw_obj(j);
        hn_jw_kstr(j, "what", x->a.n ? x->a : hn_str_c(x->code));
        hn_jw_kstr(j, "place", x->place);
        hn_jw_kstr(j, "value", x->b);
        hn_jw_obj_end(j);
    }
    hn_jw_arr_end(j);
    hn_jw_obj_end(j);
}

static int put_losses(struct hn_work *w, const struct hn_bom *b, const char *to, const struct hn_bom_notes *loss)
{
    int fd = hn_work_output(w, "losses"), rc;
    struct hn_buf out;
    struct hn_jw j;

    if (fd < 0) {
        tell_losses(w, loss);
        return 0;
    }
    hn_buf_init(&out, DOCUMENT_MAX);
    hn_jw_init(&j, &out);
    losses_json(&j, b, to, loss, hn_work_arena(w));
    rc = sbom_document_put(w, fd, &out);
    hn_buf_done(&out);
    return rc;
}

/* SPDX asks when the document was made; a document that does not say is made now. */
static void date(struct hn_work *w, struct hn_bom *b, enum hn_bom_family to)
{
    char text[HN_TIME_TEXT];

    if (b->timestamp_text.n || to == b->family || (to != HN_BOM_SPDX2 && to != HN_BOM_SPDX3))
        return;
    b->timestamp = hn_work_now(w) / HN_SECOND * HN_SECOND;
    b->timestamp_text = hn_arena_str(b->arena, hn_str_c(hn_time_text(b->timestamp, text)));
}

static int convert(struct hn_work *w, struct hn_bom *b, const struct hn_bom_how *how, const char *to)
{
    struct hn_bom_notes loss = {.most = LOSSES_MOST};
    struct hn_buf out;
    struct hn_err err;
    enum hn_bom_family from = b->family;
    int rc;

    date(w, b, how->family);
    hn_buf_init(&out, DOCUMENT_MAX);
    err = hn_bom_recast(b, how->family, &loss);
    if (hn_ok(err))
        err = hn_bom_write(b, how, &out, &loss);
    if (!hn_ok(err)) {
        hn_buf_done(&out);
        return hn_work_fail(w, "sbom.convert.error", "why", hn_err_text(err), NULL);
    }
    rc = sbom_document_put(w, hn_work_output(w, "output"), &out);
    hn_buf_done(&out);
    b->family = from;
    if (!rc)
        rc = put_losses(w, b, to, &loss);
    return rc ? rc : hn_work_switch(w, "strict") && loss.n ? 1 : 0;
}

int sbom_convert(struct hn_work *w)
{
    struct hn_bom_how how;
    struct hn_str to = hn_work_str(w, "to");
    struct hn_input in;
    struct hn_bom b;

    if (!hn_bom_how_of(to, &how))
        return hn_work_usage(w, "sbom.convert.to-what", NULL);
    if (!hn_work_next(w, &in))
        return hn_work_usage(w, "sbom.error.no-file", NULL);
    int rc = sbom_document_read(w, &in, &b);
    if (!rc && b.broken && !b.n_components && !b.subject)
        rc = 3; /* told already */
    if (!rc)
        rc = convert(w, &b, &how, hn_arena_cstr(hn_work_arena(w), to));
    if (b.broken)
        rc = 3; /* what could be read was written; that it is not all must not pass for a success */
    hn_bom_done(&b);
    hn_work_done(&in);
    return rc;
}
