/* The formats that are known, and which one a text is. A family adds one line. */
#include "base/str.h"
#include "base/utf8.h"
#include "format/sbom/bom.h"
#include "format/sbom/cdx.h"
#include "format/sbom/spdx.h"

const struct hn_bom_format *const hn_bom_formats[] = {
    &hn_bom_cdx_json,   &hn_bom_cdx_xml, &hn_bom_spdx2_json, &hn_bom_spdx2_tag, &hn_bom_spdx2_yaml, &hn_bom_spdx2_rdf,
    &hn_bom_spdx3_json, &hn_bom_swid,    &hn_bom_coswid,     &hn_bom_dsse,      &hn_bom_intoto,     NULL,
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

/* ---------------------------------------------------------------- UTF-16, as "> file" of PowerShell writes */

enum wide { WIDE_NOT, WIDE_LITTLE, WIDE_BIG };

static enum wide wide_of(struct hn_bytes t)
{
    if (t.n < 4)
        return WIDE_NOT;
    if ((t.p[0] == 0xFF && t.p[1] == 0xFE) || (!t.p[1] && (t.p[0] == '{' || t.p[0] == '<')))
        return WIDE_LITTLE;
    return (t.p[0] == 0xFE && t.p[1] == 0xFF) || (!t.p[0] && (t.p[1] == '{' || t.p[1] == '<')) ? WIDE_BIG : WIDE_NOT;
}

static uint32_t unit(struct hn_bytes t, size_t i, enum wide w)
{
    return w == WIDE_LITTLE ? (uint32_t)t.p[i] | (uint32_t)t.p[i + 1] << 8 : (uint32_t)t.p[i] << 8 | t.p[i + 1];
}

/* In the arena; half a surrogate pair becomes U+FFFD. The XML declaration goes: what it says is no longer so. */
static struct hn_bytes from_wide(struct hn_arena *a, struct hn_bytes t, enum wide w)
{
    char *out = hn_arena_alloc(a, t.n / 2 * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; out && i + 1 < t.n; i += 2) {
        uint32_t c = unit(t, i, w), low = i + 3 < t.n ? unit(t, i + 2, w) : 0;
        if (c == 0xFEFF && !i)
            continue;
        if (c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            i += 2;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD;
        }
        n += hn_utf8_put(c, out + n);
    }
    struct hn_str s = {out, n};
    ptrdiff_t end = out && hn_str_starts(s, "<?xml") ? hn_str_find(s, HN_STR("?>")) : -1;
    return end < 0 ? hn_str_bytes(s) : hn_str_bytes(hn_str_cut(s, (size_t)end + 2, n));
}

struct hn_bytes hn_bom_utf8(struct hn_arena *a, struct hn_bytes text)
{
    enum wide w = wide_of(text);
    return w ? from_wide(a, text, w) : text;
}

/* ---------------------------------------------------------------- reading */

/* What a text that no family knows looks like, as the code of its note. */
static const char *looks_like(struct hn_bytes t)
{
    if (!t.n)
        return "empty-file";
    return "not-a-bom";
}

struct hn_err hn_bom_read(struct hn_bom *b, struct hn_bytes text)
{
    struct hn_bytes read = hn_bom_utf8(b->arena, text);

    if (read.p != text.p) {
        text = read;
        hn_bom_note(b, HN_BOM_NOTE_WARNING, "utf-16", HN_STR(""), HN_STR(""), HN_STR(""));
    }
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
