/* The formats that are known, and which one a text is. A family adds one line. */
#include "base/str.h"
#include "format/sbom/bom.h"
#include "format/sbom/cdx.h"
#include "format/sbom/spdx.h"

const struct hn_bom_format *const hn_bom_formats[] = {
    &hn_bom_cdx_json, &hn_bom_cdx_xml, &hn_bom_spdx2_json, &hn_bom_spdx2_tag, &hn_bom_spdx3_json,
    &hn_bom_swid,     &hn_bom_coswid,  &hn_bom_dsse,       &hn_bom_intoto,    NULL,
};

#define ENVELOPES_MOST 4 /* envelopes within envelopes */

const struct hn_bom_format *hn_bom_sniff(struct hn_bytes text)
{
    const struct hn_bom_format *best = NULL;
    unsigned sure = 0;

    for (size_t i = 0; hn_bom_formats[i]; i++) {
        unsigned s = hn_bom_formats[i]->sniff(text);
        if (s > sure) {
            sure = s;
            best = hn_bom_formats[i];
        }
    }
    return best;
}

/* What a text that no family knows looks like, as the code of its note. */
static const char *looks_like(struct hn_bytes t)
{
    if (!t.n)
        return "empty-file";
    if (t.n >= 2 && ((t.p[0] == 0xFF && t.p[1] == 0xFE) || (t.p[0] == 0xFE && t.p[1] == 0xFF)))
        return "utf-16";
    if (t.n >= 2 && (t.p[0] == 0 || t.p[1] == 0) && (t.p[0] == '{' || t.p[0] == '<' || t.p[1] == '{' || t.p[1] == '<'))
        return "utf-16";
    return "not-a-bom";
}

struct hn_err hn_bom_read(struct hn_bom *b, struct hn_bytes text)
{
    const struct hn_bom_format *f = b->depth <= ENVELOPES_MOST ? hn_bom_sniff(text) : NULL;

    if (!f) {
        hn_bom_note(b, HN_BOM_NOTE_FATAL, looks_like(text), HN_STR(""), HN_STR(""), HN_STR(""));
        b->broken = true;
        return (struct hn_err){HN_E_INVALID};
    }
    b->family = f->family;
    b->form = f->form;
    b->text = text;
    return f->read(b, text);
}

struct hn_err hn_bom_write(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                           struct hn_bom_notes *loss)
{
    struct hn_bom_notes unread = {.most = 0};

    if (b->arena->failed)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; hn_bom_formats[i]; i++) {
        const struct hn_bom_format *f = hn_bom_formats[i];
        if (f->family == how->family && f->write && (how->form == HN_BOM_FORM_ANY || how->form == f->form))
            return f->write(b, how, out, loss ? loss : &unread);
    }
    return (struct hn_err){HN_E_INVALID};
}
