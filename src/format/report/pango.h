/* What is used of pango, cairo and GLib (Debian 12: 1.50, 1.16, 2.74; Debian 13: 1.56, 1.18, 2.84). Their interfaces
 * are stable C with opaque objects; declared here, so that nothing is needed to build. Names are the libraries' own. */
#pragma once

#include <stdbool.h>

#define PANGO_SCALE 1024

struct pango_rectangle {
    int x, y, width, height;
};
struct pango_attribute { /* the public head of each */
    const void *klass;
    unsigned start, end; /* bytes */
};

typedef int report_cairo_write(void *closure, const unsigned char *p, unsigned n); /* 0; 11: write error */

struct report_pango {
    void *(*pdf_create)(report_cairo_write *write, void *closure, double width, double height);
    void (*pdf_restrict)(void *surface, int version);
    void (*pdf_metadata)(void *surface, int what, const char *text);
    int (*pdf_outline)(void *surface, int parent, const char *text, const char *link, int flags);
    void *(*create)(void *surface);
    void (*destroy)(void *cr);
    int (*status)(void *cr);
    void (*surface_finish)(void *surface);
    void (*surface_destroy)(void *surface);
    int (*surface_status)(void *surface);
    const char *(*status_text)(int status);
    void (*show_page)(void *cr);
    void (*move_to)(void *cr, double x, double y);
    void (*rectangle)(void *cr, double x, double y, double width, double height);
    void (*fill)(void *cr);
    void (*source)(void *cr, double r, double g, double b);
    void (*tag_begin)(void *cr, const char *name, const char *attributes);
    void (*tag_end)(void *cr, const char *name);

    void *(*layout_new)(void *context);
    void (*layout_text)(void *layout, const char *text, int n);
    void (*layout_width)(void *layout, int width);
    void (*layout_wrap)(void *layout, int wrap);
    void (*layout_ellipsize)(void *layout, int mode);
    void (*layout_font)(void *layout, const void *description);
    void (*layout_attributes)(void *layout, void *list);
    int (*layout_lines)(void *layout);
    void *(*layout_line)(void *layout, int i);
    int (*layout_unknown)(void *layout);
    void (*layout_size)(void *layout, int *width, int *height);
    void (*line_extents)(void *line, struct pango_rectangle *ink, struct pango_rectangle *logical);
    void (*context_language)(void *context, void *language);
    void (*context_round)(void *context, int on);
    void *(*language)(const char *text);
    void *(*description)(const char *text);
    void (*description_size)(void *description, double size);
    void (*description_free)(void *description);
    void *(*attributes_new)(void);
    void (*attributes_free)(void *list);
    void (*attributes_add)(void *list, struct pango_attribute *a);
    struct pango_attribute *(*attribute_weight)(int weight);
    struct pango_attribute *(*attribute_size)(int size);
    struct pango_attribute *(*attribute_breaks)(int on);
    struct pango_attribute *(*attribute_family)(const char *family);
    struct pango_attribute *(*attribute_colour)(unsigned short r, unsigned short g, unsigned short b);

    void *(*context_new)(void *cr);
    void (*show_line)(void *cr, void *line);

    void (*unref)(void *object);
    void *(*log_handler)(void (*say)(const char *, int, const char *, void *), void *arg);
};
extern struct report_pango report_pango;
