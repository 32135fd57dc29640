#include "format/report/pango.h"

#include "base/library.h"
#include "format/report/report.h"

#define PACKAGE "libpangocairo-1.0-0"

struct report_pango report_pango;

/* Fonts that are damaged are told on standard error otherwise. */
static void hush(const char *domain, int level, const char *text, void *arg)
{
    (void)domain, (void)level, (void)text, (void)arg;
}

static struct hn_err load_cairo(struct report_pango *p, struct hn_diag *reterr)
{
    const struct hn_library_function list[] = {
        {"cairo_pdf_surface_create_for_stream", &p->pdf_create},
        {"cairo_pdf_surface_restrict_to_version", &p->pdf_restrict},
        {"cairo_pdf_surface_set_metadata", &p->pdf_metadata},
        {"cairo_pdf_surface_add_outline", &p->pdf_outline},
        {"cairo_create", &p->create},
        {"cairo_destroy", &p->destroy},
        {"cairo_status", &p->status},
        {"cairo_surface_finish", &p->surface_finish},
        {"cairo_surface_destroy", &p->surface_destroy},
        {"cairo_surface_status", &p->surface_status},
        {"cairo_status_to_string", &p->status_text},
        {"cairo_show_page", &p->show_page},
        {"cairo_move_to", &p->move_to},
        {"cairo_rectangle", &p->rectangle},
        {"cairo_fill", &p->fill},
        {"cairo_set_source_rgb", &p->source},
        {"cairo_tag_begin", &p->tag_begin},
        {"cairo_tag_end", &p->tag_end},
    };
    return hn_library_load("libcairo.so.2", PACKAGE, list, sizeof list / sizeof *list, reterr);
}

static struct hn_err load_pango(struct report_pango *p, struct hn_diag *reterr)
{
    const struct hn_library_function list[] = {
        {"pango_layout_new", &p->layout_new},
        {"pango_layout_set_text", &p->layout_text},
        {"pango_layout_set_width", &p->layout_width},
        {"pango_layout_set_wrap", &p->layout_wrap},
        {"pango_layout_set_ellipsize", &p->layout_ellipsize},
        {"pango_layout_set_font_description", &p->layout_font},
        {"pango_layout_set_attributes", &p->layout_attributes},
        {"pango_layout_get_line_count", &p->layout_lines},
        {"pango_layout_get_line_readonly", &p->layout_line},
        {"pango_layout_get_unknown_glyphs_count", &p->layout_unknown},
        {"pango_layout_get_size", &p->layout_size},
        {"pango_layout_line_get_extents", &p->line_extents},
        {"pango_context_set_language", &p->context_language},
        {"pango_context_set_round_glyph_positions", &p->context_round},
        {"pango_language_from_string", &p->language},
        {"pango_font_description_from_string", &p->description},
        {"pango_font_description_set_absolute_size", &p->description_size},
        {"pango_font_description_free", &p->description_free},
        {"pango_attr_list_new", &p->attributes_new},
        {"pango_attr_list_unref", &p->attributes_free},
        {"pango_attr_list_insert", &p->attributes_add},
        {"pango_attr_weight_new", &p->attribute_weight},
        {"pango_attr_size_new_absolute", &p->attribute_size},
        {"pango_attr_allow_breaks_new", &p->attribute_breaks},
        {"pango_attr_family_new", &p->attribute_family},
        {"pango_attr_foreground_new", &p->attribute_colour},
    };
    return hn_library_load("libpango-1.0.so.0", PACKAGE, list, sizeof list / sizeof *list, reterr);
}

struct hn_err hn_report_pdf_load(struct hn_diag *reterr)
{
    struct report_pango p;
    const struct hn_library_function both[] = {{"pango_cairo_create_context", &p.context_new},
                                               {"pango_cairo_show_layout_line", &p.show_line}};
    const struct hn_library_function object[] = {{"g_object_unref", &p.unref}};
    const struct hn_library_function glib[] = {{"g_log_set_default_handler", &p.log_handler}};

    if (report_pango.create)
        return HN_OK;
    HN_TRY(hn_library_load("libpangocairo-1.0.so.0", PACKAGE, both, 2, reterr));
    HN_TRY(load_cairo(&p, reterr));
    HN_TRY(load_pango(&p, reterr));
    HN_TRY(hn_library_load("libgobject-2.0.so.0", PACKAGE, object, 1, reterr));
    HN_TRY(hn_library_load("libglib-2.0.so.0", PACKAGE, glib, 1, reterr));
    p.log_handler(hush, NULL);
    report_pango = p;
    return HN_OK;
}
