#include "format/sbom/licence_names.h"

#include "base/json.h"
#include "base/str.h"
#include "format/sbom/spdx_out.h"

static void keep(struct hn_arena *a, struct hn_map *m, struct hn_str key, struct hn_str value)
{
    struct hn_str *copy = key.n && value.n ? HN_NEW(a, struct hn_str) : NULL;

    if (copy)
        *copy = value;
    if (copy && !hn_ok(hn_map_set(m, hn_str_bytes(key), copy)))
        a->failed = true;
}

/* SPDX 2: hasExtractedLicensingInfos. */
static void listed(struct hn_arena *a, const struct hn_bom *b, struct hn_map *names)
{
    struct hn_str raw = spdx_extra_get(b->extra, "hasExtractedLicensingInfos");
    const struct hn_jv *list = raw.p ? hn_jv_parse(a, hn_str_bytes(raw), NULL) : NULL;

    for (size_t i = 0; list && list->kind == HN_JV_ARR && i < list->n; i++)
        keep(a, names, hn_jv_str(&list->items[i], "licenseId"), hn_jv_str(&list->items[i], "name"));
}

static const struct hn_jv *element_with(struct hn_arena *a, const struct hn_bom_extra *e, const char *word)
{
    if (!hn_str_eqc(e->key, "@graph") || hn_str_find(e->value, hn_str_c(word)) < 0)
        return NULL;
    return hn_jv_parse(a, hn_str_bytes(e->value), NULL);
}

/* SPDX 3: texts, found from expressions by their customIdToUri. */
static void of_texts(struct hn_arena *a, const struct hn_bom *b, struct hn_map *names)
{
    struct hn_map texts;

    hn_map_init(&texts);
    for (const struct hn_bom_extra *e = b->extra; e; e = e->next) {
        const struct hn_jv *v = element_with(a, e, "LicensingText");
        if (v)
            keep(a, &texts, hn_jv_str(v, "spdxId"), hn_jv_str(v, "name"));
    }
    for (const struct hn_bom_extra *e = b->extra; e && texts.n; e = e->next) {
        const struct hn_jv *v = element_with(a, e, "customIdToUri");
        const struct hn_jv *uses = v ? hn_jv_get(v, "simplelicensing_customIdToUri") : NULL;
        for (size_t i = 0; uses && uses->kind == HN_JV_ARR && i < uses->n; i++) {
            const struct hn_str *name = hn_map_find(&texts, hn_str_bytes(hn_jv_str(&uses->items[i], "value")));
            if (name)
                keep(a, names, hn_jv_str(&uses->items[i], "key"), *name);
        }
    }
    hn_map_done(&texts);
}

void hn_bom_licence_names(struct hn_arena *a, const struct hn_bom *b, struct hn_map *names)
{
    listed(a, b, names);
    of_texts(a, b, names);
}

static const char *plus_of(const struct hn_licence *leaf)
{
    return (leaf->flags & HN_LICENCE_OR_LATER) && !hn_str_ends(leaf->id, "-or-later") ? "+" : "";
}

static bool with_names(struct hn_buf *out, const struct hn_map *names, const struct hn_licence *x, bool inner)
{
    bool named = false;

    if (x->op == HN_LICENCE_LEAF) {
        const struct hn_str *name = hn_map_find(names, hn_str_bytes(x->id));
        hn_buf_str(out, name ? *name : x->id);
        hn_buf_c(out, plus_of(x));
        if (x->addition.n) {
            hn_buf_c(out, " WITH ");
            hn_buf_str(out, x->addition);
        }
        return name != NULL;
    }
    if (inner)
        hn_buf_chr(out, '(');
    for (size_t i = 0; i < x->n; i++) {
        if (i)
            hn_buf_c(out, x->op == HN_LICENCE_AND ? " AND " : " OR ");
        named |= with_names(out, names, x->items[i], true);
    }
    if (inner)
        hn_buf_chr(out, ')');
    return named;
}

bool hn_bom_licence_named(struct hn_buf *out, const struct hn_map *names, const struct hn_licence *x)
{
    return with_names(out, names, x, false);
}
