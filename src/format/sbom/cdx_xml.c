/* CycloneDX XML: the text as a whole. */
#include "format/sbom/cdx_xml.h"
#include "base/json_scan.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/sbom/cdx.h"

static struct hn_bytes after(struct hn_bytes t, size_t n)
{
    return hn_bytes_of(t.p + n, t.n - n);
}

static bool begins(struct hn_bytes t, const char *s)
{
    return t.n >= strlen(s) && memcmp(t.p, s, strlen(s)) == 0;
}

/* What stands behind blanks, comments and processing instructions. */
static struct hn_bytes prolog(struct hn_bytes t)
{
    if (begins(t, "\xEF\xBB\xBF"))
        t = after(t, 3);
    for (;;) {
        t = after(t, hn_scan_skip_ws(t.p, 0, t.n));
        const char *end = begins(t, "<!--") ? "-->" : begins(t, "<?") ? "?>" : NULL;
        if (!end)
            return t;
        const uint8_t *p = memmem(t.p, t.n, end, strlen(end));
        t = after(t, p ? (size_t)(p - t.p) + strlen(end) : t.n);
    }
}

static unsigned sniff(struct hn_bytes text)
{
    struct hn_bytes t = prolog(text);

    if (!begins(t, "<"))
        return 0;
    if (begins(t, "<!DOCTYPE")) /* is refused, but by us */
        return memmem(t.p, t.n, CDX_NAMESPACE, strlen(CDX_NAMESPACE)) ? 80 : 0;
    const uint8_t *end = memchr(t.p, '>', t.n);
    size_t n = end ? (size_t)(end - t.p) : t.n;
    if (memmem(t.p, n, CDX_NAMESPACE, strlen(CDX_NAMESPACE)))
        return 90;
    return begins(t, "<bom ") || begins(t, "<bom>") ? 40 : 0;
}

/* The line of an offset in the JSON: that of the last object that began before. */
static uint32_t line_of(const struct cdx_line *lines, size_t n, uint64_t offset)
{
    size_t low = 0, high = n;

    if (offset == UINT64_MAX)
        return 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (lines[mid].offset <= offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? lines[low - 1].line : 0;
}

/* Offsets become lines, since the JSON is ours and nobody sees it. Repeated members are XML's way of lists. */
static void to_lines(struct hn_bom *b, const struct cdx_line *lines, size_t n)
{
    for (struct hn_bom_note *x = b->notes.first; x; x = x->next) {
        if (x->offset == UINT64_MAX)
            continue;
        x->line = line_of(lines, n, x->offset);
        x->offset = UINT64_MAX;
    }
    for (size_t i = 0; i < b->n_components; i++)
        b->components[i]->offset = line_of(lines, n, b->components[i]->offset);
    for (size_t i = 0; i < b->n_services; i++)
        b->services[i]->offset = line_of(lines, n, b->services[i]->offset);
    for (size_t i = 0; i < b->n_deps; i++)
        b->deps[i]->offset = line_of(lines, n, b->deps[i]->offset);
    for (struct hn_bom_vuln *v = b->vulns; v; v = v->next)
        v->offset = line_of(lines, n, v->offset);
}

static struct hn_err read(struct hn_bom *b, struct hn_bytes text)
{
    HN_AUTO(hn_buf_done) struct hn_buf json;
    struct cdx_line *lines = NULL;
    size_t n = 0;

    hn_buf_init(&json, b->arena->cap);
    if (begins(prolog(text), "<!DOCTYPE")) { /* before any parser has seen it */
        hn_bom_note(b, HN_BOM_NOTE_FATAL, "doctype", HN_STR(""), HN_STR(""), HN_STR(""));
        b->broken = true;
        return (struct hn_err){HN_E_INVALID};
    }
    struct hn_err e = cdx_xml_to_json(b, text, &json, &lines, &n);
    if (hn_ok(e)) {
        struct hn_bytes kept = hn_arena_bytes(b->arena, hn_str_bytes(hn_buf_text(&json)));
        e = b->arena->failed ? (struct hn_err){HN_E_NOMEM} : cdx_read_json(b, kept, 0);
        b->offsets_are_lines = true;
        to_lines(b, lines, n);
    }
    hn_free(lines);
    return e;
}

static struct hn_err write(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                           struct hn_bom_notes *loss)
{
    unsigned version = cdx_version_for(b, how);
    HN_AUTO(hn_buf_done) struct hn_buf json;

    hn_buf_init(&json, out->max);
    if (!version)
        return (struct hn_err){HN_E_INVALID};
    HN_TRY(cdx_fitted(b, version, true, &json, loss));
    return cdx_json_to_xml(hn_buf_text(&json), version, b->arena, how->compact, out, loss);
}

const struct hn_bom_format hn_bom_cdx_xml = {
    .family = HN_BOM_CYCLONEDX,
    .form = HN_BOM_XML,
    .versions = cdx_versions,
    .sniff = sniff,
    .read = read,
    .write = write,
};
