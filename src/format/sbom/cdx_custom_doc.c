/* Members of the document that do not lie in the model as they are written: version, subject, tools, annotators. */
#include "base/json_scan.h"
#include "base/str.h"
#include "format/sbom/cdx_custom.h"

/* ---- bomFormat, specVersion ---- */

bool cdx_read_bom_format(struct cdx_reading *r, void *obj)
{
    struct hn_jr before = r->jr;

    if (hn_jr_next(&r->jr) != HN_J_STR) {
        r->failed = true;
        return true;
    }
    if (hn_str_eqc(r->jr.raw, "CycloneDX"))
        return true;
    r->jr = before;
    return false;
}

bool cdx_present_bom_format(const void *obj)
{
    for (const struct hn_bom_extra *x = ((const struct hn_bom *)obj)->extra; x; x = x->next)
        if (hn_str_eqc(x->key, "bomFormat"))
            return false;
    return true;
}

void cdx_write_bom_format(struct cdx_writing *w, const void *obj)
{
    hn_jw_c(&w->w, "CycloneDX");
}

bool cdx_read_spec_version(struct cdx_reading *r, void *obj)
{
    if (hn_jr_next(&r->jr) == HN_J_STR)
        r->b->spec_version = hn_jr_text(&r->jr, r->b->arena);
    else
        r->failed = true;
    return true;
}

bool cdx_present_spec_version(const void *obj)
{
    return true;
}

void cdx_write_spec_version(struct cdx_writing *w, const void *obj)
{
    hn_jw_str(&w->w, (struct hn_str){(char[]){'1', '.', (char)('0' + w->version - 10)}, 3});
}

/* ---- metadata.component ---- */

bool cdx_read_subject(struct cdx_reading *r, void *obj)
{
    struct hn_bom_component *c = hn_bom_component_new(r->b, HN_BOM_ROLE_SUBJECT);

    hn_jr_next(&r->jr);
    if (c)
        c->offset = r->skip + r->jr.off - 1;
    r->b->subject = c;
    r->failed = !c || !cdx_read_object(r, &cdx_shape_component, c);
    return true;
}

bool cdx_present_subject(const void *obj)
{
    return ((const struct hn_bom *)obj)->subject != NULL;
}

void cdx_write_subject(struct cdx_writing *w, const void *obj)
{
    cdx_write_object(w, &cdx_shape_component, ((const struct hn_bom *)obj)->subject);
}

/* ---- metadata.tools: a list of tools up to 1.4, components and services since 1.5 ---- */

static struct hn_bom_tool **tools_end(struct hn_bom *b)
{
    struct hn_bom_tool **p = &b->tools;

    while (*p)
        p = &(*p)->next;
    return p;
}

struct toolbox { /* "tools" as an object */
    struct hn_bom_component *components;
    struct hn_bom_service *services;
    struct hn_bom_extra *extra;
};

static const struct cdx_field toolbox_fields[] = {
    {.key = "components",
     .kind = CDX_COMPONENTS,
     .offset = offsetof(struct toolbox, components),
     .offset2 = HN_BOM_ROLE_TOOL},
    {.key = "services",
     .kind = CDX_SERVICES,
     .offset = offsetof(struct toolbox, services),
     .offset2 = HN_BOM_ROLE_TOOL},
};
static const struct cdx_shape toolbox_shape = {
    .fields = toolbox_fields, .n = 2, .size = sizeof(struct toolbox), .extra = offsetof(struct toolbox, extra)};

static struct hn_str maker(const struct hn_bom_component *c)
{
    return c->manufacturer && c->manufacturer->name.n ? c->manufacturer->name
           : c->supplier && c->supplier->name.n       ? c->supplier->name
           : c->publisher.n                           ? c->publisher
           : c->author.n                              ? c->author
                                                      : c->group;
}

static bool take_toolbox(struct hn_bom *b, const struct toolbox *x)
{
    for (struct hn_bom_component *c = x->components; c; c = c->next) {
        struct hn_bom_tool *t = hn_bom_tool_add(b);
        if (!t)
            return false;
        t->component = c;
        t->name = c->name;
        t->version = c->version;
        t->vendor = maker(c);
    }
    for (struct hn_bom_service *s = x->services; s; s = s->next) {
        struct hn_bom_tool *t = hn_bom_tool_add(b);
        if (!t)
            return false;
        t->service = s;
        t->name = s->name;
        t->version = s->version;
        t->vendor = s->provider ? s->provider->name : s->group;
    }
    b->tools_extra = x->extra;
    return true;
}

bool cdx_read_tools(struct cdx_reading *r, void *obj)
{
    struct toolbox x = {0};
    void *first = NULL;

    if (cdx_peek(r) == '[') {
        if (!cdx_read_list(r, &cdx_shape_tool, &first))
            return false;
        *tools_end(r->b) = first;
        r->b->tools_legacy = true;
        return true;
    }
    struct hn_jr before = r->jr;
    hn_jr_next(&r->jr);
    r->failed = !cdx_read_object(r, &toolbox_shape, &x) || !take_toolbox(r->b, &x);
    if (r->failed || r->b->tools || r->b->tools_extra)
        return true;
    r->jr = before; /* an empty object */
    return false;
}

bool cdx_present_tools(const void *obj)
{
    const struct hn_bom *b = obj;
    return b->tools || b->tools_extra;
}

static void write_tool_component(struct cdx_writing *w, const struct hn_bom_tool *t)
{
    struct hn_bom_component c = {.type = HN_BOM_TYPE_APPLICATION,
                                 .name = t->name.p ? t->name : HN_STR(""),
                                 .version = t->version,
                                 .publisher = t->vendor,
                                 .hashes = t->hashes,
                                 .links = t->links};

    cdx_write_object(w, &cdx_shape_component, t->component ? t->component : &c);
}

static void write_toolbox(struct cdx_writing *w, const struct hn_bom *b)
{
    bool components = false, services = false;

    for (const struct hn_bom_tool *t = b->tools; t; t = t->next) {
        components |= !t->service;
        services |= t->service != NULL;
    }
    hn_jw_obj(&w->w);
    if (components) {
        hn_jw_key(&w->w, "components");
        hn_jw_arr(&w->w);
        for (const struct hn_bom_tool *t = b->tools; t; t = t->next)
            if (!t->service)
                write_tool_component(w, t);
        hn_jw_arr_end(&w->w);
    }
    if (services) {
        hn_jw_key(&w->w, "services");
        hn_jw_arr(&w->w);
        for (const struct hn_bom_tool *t = b->tools; t; t = t->next)
            if (t->service)
                cdx_write_object(w, &cdx_shape_service, t->service);
        hn_jw_arr_end(&w->w);
    }
    cdx_write_extra(w, b->tools_extra);
    hn_jw_obj_end(&w->w);
}

/* Up to 1.4 a tool has but a name, a version and a vendor. */
static void write_flat_tools(struct cdx_writing *w, const struct hn_bom *b)
{
    hn_jw_arr(&w->w);
    for (const struct hn_bom_tool *t = b->tools; t; t = t->next) {
        struct hn_bom_tool flat = *t;
        if (t->component) {
            flat.hashes = t->component->hashes;
            flat.links = t->component->links;
        }
        if (t->component || t->service) {
            flat.extra = NULL;
            hn_bom_note_in(w->loss, b->arena, HN_BOM_NOTE_INFO, "lost-tool-form", HN_STR("/metadata/tools"), t->name,
                           HN_STR(""));
        }
        cdx_write_object(w, &cdx_shape_tool, &flat);
    }
    hn_jw_arr_end(&w->w);
}

void cdx_write_tools(struct cdx_writing *w, const void *obj)
{
    const struct hn_bom *b = obj;

    if (b->tools_legacy || w->version < 15)
        write_flat_tools(w, b);
    else
        write_toolbox(w, b);
}

/* ---- annotations: the annotator is kept as written, its name is taken out ---- */

static struct hn_str first_name(struct hn_arena *a, struct hn_str json)
{
    struct hn_jr r;
    enum hn_jtok t;

    hn_jr_init(&r, hn_str_bytes(json), CDX_DEPTH, 0);
    while ((t = hn_jr_next(&r)) != HN_J_END && t != HN_J_ERR)
        if (t == HN_J_KEY && r.depth == 2 && hn_str_eqc(r.raw, "name") && hn_jr_next(&r) == HN_J_STR)
            return hn_jr_text(&r, a);
    return (struct hn_str){NULL, 0};
}

bool cdx_read_annotator(struct cdx_reading *r, void *obj)
{
    struct hn_bom_annotation *n = obj;
    struct hn_bom_extra *kept = NULL, **end = &n->extra;

    if (!cdx_keep(r, &kept, HN_STR("annotator"))) {
        r->failed = true;
        return true;
    }
    n->annotator = first_name(r->b->arena, kept->value);
    while (*end)
        end = &(*end)->next;
    *end = kept;
    return true;
}

/* The annotator as its family has it: an object of CycloneDX, a text of SPDX ("Tool: …"). */
static struct hn_str annotator_as_read(const struct hn_bom_annotation *n)
{
    for (const struct hn_bom_extra *x = n->extra; x; x = x->next)
        if (hn_str_eqc(x->key, "annotator"))
            return x->value;
    return (struct hn_str){NULL, 0};
}

/* Written with the extras; by itself only when another family or a program gave a name. */
bool cdx_present_annotator(const void *obj)
{
    const struct hn_bom_annotation *n = obj;

    return n->annotator.p && !hn_str_starts(annotator_as_read(n), "{");
}

void cdx_write_annotator(struct cdx_writing *w, const void *obj)
{
    const struct hn_bom_annotation *n = obj;
    struct hn_str said = annotator_as_read(n);
    bool tool = hn_str_starts(said, "\"Tool:");

    hn_jw_obj(&w->w);
    hn_jw_key(&w->w, tool ? "component" : hn_str_starts(said, "\"Organization:") ? "organization" : "individual");
    hn_jw_obj(&w->w);
    if (tool)
        hn_jw_kc(&w->w, "type", "application");
    hn_jw_kstr(&w->w, "name", n->annotator);
    hn_jw_obj_end(&w->w);
    hn_jw_obj_end(&w->w);
}
