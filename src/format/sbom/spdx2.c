/* SPDX 2 in JSON as a format. */
#include "base/str.h"
#include "format/sbom/spdx.h"
#include "format/sbom/spdx_in.h"

/* "SPDX-2." and its key lie within the first kilobytes of every real document, or the namespace and the id do. */
static unsigned sniff(struct hn_bytes text)
{
    struct hn_str head = {(const char *)text.p, text.n < 8192 ? text.n : 8192};
    size_t i = 0;

    while (i < head.n && ((unsigned char)head.p[i] <= ' ' || (unsigned char)head.p[i] >= 0xBB))
        i++; /* white space, byte order mark */
    if (i == head.n || head.p[i] != '{')
        return 0;
    if (hn_str_find(head, HN_STR("\"spdxVersion\"")) >= 0)
        return 95;
    if (hn_str_find(head, HN_STR("\"SPDXID\"")) >= 0)
        return 80;
    return hn_str_find(head, HN_STR("\"spdxElementId\"")) >= 0 ? 60 : 0;
}

static struct hn_err read_json(struct hn_bom *b, struct hn_bytes text)
{
    return spdx2_read_json(b, text, NULL);
}

static struct hn_err write_json(const struct hn_bom *b, const struct hn_bom_how *how, struct hn_buf *out,
                                struct hn_bom_notes *loss)
{
    return spdx2_write_json(b, how->version ? how->version : "2.3", out, loss);
}

static const char *const versions[] = {"2.3", "2.2", NULL};
const struct hn_bom_format hn_bom_spdx2_json = {
    .family = HN_BOM_SPDX2,
    .form = HN_BOM_JSON,
    .versions = versions,
    .sniff = sniff,
    .read = read_json,
    .write = write_json,
};
