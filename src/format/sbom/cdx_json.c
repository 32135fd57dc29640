/* CycloneDX JSON: the text as a whole. */
#include "base/json_scan.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/cdx.h"
#include "format/sbom/cdx_in.h"

static bool contains(struct hn_bytes text, const char *s)
{
    return text.n && memmem(text.p, text.n, s, strlen(s)) != NULL;
}

static size_t byte_order_mark(struct hn_bytes t)
{
    return t.n >= 3 && memcmp(t.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static unsigned sniff(struct hn_bytes text)
{
    size_t off = hn_scan_skip_ws(text.p, byte_order_mark(text), text.n);

    if (off == text.n || text.p[off] != '{')
        return 0;
    return contains(text, "\"bomFormat\"")     ? 90
           : contains(text, "\"specVersion\"") ? 60
           : contains(text, "cyclonedx.org")   ? 30
                                               : 0;
}

struct hn_err cdx_read_json(struct hn_bom *b, struct hn_bytes text, size_t skip)
{
    struct cdx_reading r = {.b = b, .skip = skip};

    hn_jr_init(&r.jr, hn_bytes_of(text.p + skip, text.n - skip), CDX_DEPTH, 0);
    bool good =
        hn_jr_next(&r.jr) == HN_J_OBJ && cdx_read_object(&r, &cdx_shape_document, b) && hn_jr_next(&r.jr) == HN_J_END;
    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    if (!good) {
        struct hn_str why = hn_str_c(r.jr.why ? r.jr.why : "not an object");
        hn_bom_note_at(b, HN_BOM_NOTE_FATAL, "broken-json", skip + (r.jr.why ? r.jr.at : 0), why, HN_STR(""));
        b->broken = true;
    }
    cdx_understand(b);
    return good ? HN_OK : (struct hn_err){HN_E_INVALID};
}

static struct hn_err read(struct hn_bom *b, struct hn_bytes text)
{
    size_t skip = byte_order_mark(text);

    if (skip)
        hn_bom_note_at(b, HN_BOM_NOTE_INFO, "byte-order-mark", 0, HN_STR(""), HN_STR(""));
    return cdx_read_json(b, text, skip);
}

/* ---- writing ---- */

const char *const cdx_versions[] = {"1.6", "1.4", "1.5", "1.7", NULL};

/* 16 for "1.6"; 0 for what is not written. */
static unsigned version_number(struct hn_str s)
{
    for (size_t i = 0; cdx_versions[i]; i++)
        if (hn_str_eqc(s, cdx_versions[i]))
            return 10 + (unsigned)(cdx_versions[i][2] - '0');
    return 0;
}

unsigned cdx_version_for(const struct hn_bom *b, const struct hn_bom_how *how)
{
    if (how->version)
        return version_number(hn_str_c(how->version));
    unsigned own = b->family == HN_BOM_CYCLONEDX ? version_number(b->spec_version) : 0;
    struct hn_str v = b->family == HN_BOM_CYCLONEDX ? b->spec_version : HN_STR("");
    if (!own && v.n == 3 && hn_str_starts(v, "1.") && v.p[2] >= '0' && v.p[2] <= '3')
        own = 10 + (unsigned)(v.p[2] - '0'); /* only as it came */
    return own ? own : 16;
}

#define PIECE (256u << 10)

/* All but the last character, which the next may ask for. */
static void hand_over(const struct hn_bom_how *how, struct hn_buf *out)
{
    if (!how->piece || out->n < PIECE || out->bad)
        return;
    how->piece(how->arg, hn_bytes_of(out->p, out->n - 1));
    hn_buf_drop(out, out->n - 1);
}

static void line(struct hn_buf *out, size_t depth)
{
    static const char blanks[] = "                                                                ";

    hn_buf_chr(out, '\n');
    hn_buf_add(out, blanks, depth * 2 < sizeof blanks ? depth * 2 : sizeof blanks - 1);
}

void cdx_lay_out(struct cdx_layout *l, struct hn_str in)
{
    bool compact = l->how->compact;
    struct hn_buf *out = l->out;

    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (hn_scan_ws((uint8_t)c))
            continue;
        hand_over(l->how, out);
        if (c == '"') {
            size_t end = i + 1;
            while (in.p[end = hn_scan_plain((const uint8_t *)in.p, end, in.n)] != '"')
                end += in.p[end] == '\\' ? 2 : 1;
            hn_buf_add(out, in.p + i, end + 1 - i);
            i = end;
            continue;
        }
        bool close = c == '}' || c == ']', open = c == '{' || c == '[';
        size_t next = hn_scan_skip_ws((const uint8_t *)in.p, i + 1, in.n);
        bool empty = open && next < in.n && (in.p[next] == '}' || in.p[next] == ']');
        l->depth -= close;
        if (close && !compact && out->n && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
            line(out, l->depth);
        hn_buf_chr(out, c);
        l->depth += open;
        if (compact || empty)
            continue;
        if (open || c == ',')
            line(out, l->depth);
        else if (c == ':')
            hn_buf_chr(out, ' ');
    }
}

/* The number of the version that b came in, or 0. */
static unsigned own_version(const struct hn_bom *b)
{
    struct hn_bom_how same = {0};
    return b->family == HN_BOM_CYCLONEDX && b->spec_version.n == 3 ? cdx_version_for(b, &same) : 0;
}

static struct hn_err compact(const struct hn_bom *b, unsigned version, struct hn_buf *out, struct hn_bom_notes *loss,
                             struct cdx_layout *layout)
{
    struct cdx_writing w = {
        .b = b, .version = version, .loss = loss, .other_version = own_version(b) != version, .layout = layout};

    hn_jw_init(&w.w, out);
    cdx_write_object(&w, &cdx_shape_document, b);
    return hn_buf_err(out);
}

struct hn_err cdx_compact(const struct hn_bom *b, unsigned version, struct hn_buf *out, struct hn_bom_notes *loss)
{
    return compact(b, version, out, loss, NULL);
}

/* The model has nothing that the version lacks. */
static bool fits(const struct hn_bom *b, unsigned version, bool xml)
{
    return (b->plain && version >= 16) || (own_version(b) == version && (xml || b->form != HN_BOM_XML));
}

struct hn_err cdx_fitted(const struct hn_bom *b, unsigned version, bool xml, struct hn_buf *out,
                         struct hn_bom_notes *loss)
{
    HN_AUTO(hn_buf_done) struct hn_buf all;

    hn_buf_init(&all, out->max);
    if (fits(b, version, xml))
        return cdx_compact(b, version, out, loss);
    HN_TRY(cdx_compact(b, version, &all, loss));
    return cdx_fit(hn_buf_text(&all), version, own_version(b) != version, xml, b->arena, out, loss);
}

static struct hn_err write(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                           struct hn_bom_notes *loss)
{
    unsigned version = cdx_version_for(b, how);
    HN_AUTO(hn_buf_done) struct hn_buf raw = {0};
    struct cdx_layout layout = {.how = how, .out = out};

    if (!version)
        return (struct hn_err){HN_E_INVALID};
    hn_buf_init(&raw, out->max);
    HN_TRY(fits(b, version, false) ? compact(b, version, &raw, loss, &layout)
                                   : cdx_fitted(b, version, false, &raw, loss));
    cdx_lay_out(&layout, hn_buf_text(&raw)); /* what is left of it, or all */
    if (!how->compact)
        hn_buf_chr(out, '\n');
    return hn_buf_err(out);
}

const struct hn_bom_format hn_bom_cdx_json = {
    .family = HN_BOM_CYCLONEDX,
    .form = HN_BOM_JSON,
    .versions = cdx_versions,
    .sniff = sniff,
    .read = read,
    .write = write,
};
