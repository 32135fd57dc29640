/* /lib/apk/db/installed of Alpine: paragraphs of one-letter fields (apk-tools database.c):
 *   P name  V version  A architecture  o origin (source)  I installed size  F folder  R file in the last folder
 *   m maintainer  U address  T one line  L licence  D needs  p provides */
#include "base/str.h"
#include "modules/packages/packages.h"

#define APK_PARAGRAPH (8u << 20)

static void file_seen(struct packages_state *st, const struct packages_pkg *k, struct hn_bytes folder,
                      struct hn_bytes name)
{
    struct hn_arena *a = hn_parse_scratch(st->p);
    struct hn_str full =
        folder.n ? hn_arena_fmt(a, "/%.*s/%.*s", HN_FMT(folder), HN_FMT(name)) : hn_arena_fmt(a, "/%.*s", HN_FMT(name));
    packages_owns(st, k, hn_path_canonical(a, hn_str_bytes(full)));
}

static void files(struct packages_state *st, const struct packages_pkg *k, struct hn_bytes text)
{
    struct hn_bytes line, folder = {0};
    while (hn_bytes_line(&text, &line)) {
        if (line.n < 2 || line.p[1] != ':')
            continue;
        struct hn_bytes value = {line.p + 2, line.n - 2};
        if (line.p[0] == 'F')
            folder = value;
        else if (line.p[0] == 'R')
            file_seen(st, k, folder, value);
    }
}

/* Only an inventory has a use for these, and a kernel provides thousands. */
static struct hn_str keep_list(struct packages_state *st, struct hn_bytes value)
{
    if (!value.n || !hn_parse_inventory(st->p))
        return HN_STR("");
    return hn_arena_str(hn_parse_arena(st->p), hn_str_from_hostile(hn_parse_scratch(st->p), value, APK_PARAGRAPH));
}

static void each_paragraph(void *arg, struct hn_bytes text, uint64_t offset)
{
    struct packages_state *st = arg;
    struct packages_pkg k = {.manager = "apk", .installed = true, .state = HN_STR("installed")};
    struct packages_detail d = {0};
    struct hn_bytes rest = text, line;
    uint64_t size = 0;
    while (hn_bytes_line(&rest, &line)) {
        if (line.n < 2 || line.p[1] != ':') {
            if (line.n)
                packages_malformed(st, offset, "line is no field");
            continue;
        }
        struct hn_bytes value = {line.p + 2, line.n - 2};
        switch (line.p[0]) {
        case 'P':
            k.name = packages_keep(st, value);
            break;
        case 'V':
            k.version = packages_keep(st, value);
            break;
        case 'A':
            k.arch = packages_keep(st, value);
            break;
        case 'o':
            k.source = packages_keep(st, value);
            break;
        case 'I':
            if (hn_str_u64((struct hn_str){(const char *)value.p, value.n}, 10, &size) && size < INT64_MAX)
                k.size = (int64_t)size;
            break;
        case 'm':
            d.maintainer = packages_keep(st, value);
            break;
        case 'U':
            d.homepage = packages_keep(st, value);
            break;
        case 'T':
            d.summary = packages_keep(st, value);
            break;
        case 'L':
            d.licence = packages_keep(st, value);
            break;
        case 'D':
            d.depends = keep_list(st, value);
            break;
        case 'p':
            d.provides = keep_list(st, value);
            break;
        default:
            break;
        }
    }
    if (!k.name.n || !k.version.n) {
        packages_malformed(st, offset, "package without name or version");
        return;
    }
    k.source = k.source.n ? k.source : k.name;
    k.source_version = k.version;
    struct packages_pkg *kept = packages_add(st, &k);
    if (kept && hn_parse_inventory(st->p) && packages_detail_of(st, kept))
        *kept->detail = d;
    if (kept)
        files(st, kept, text);
}

void packages_apk(struct packages_state *st, const struct hn_rec *r)
{
    if (r->err)
        return;
    if (r->offset == 0) { /* a kernel names thousands of files in one paragraph */
        if (!hn_deb822_init(&st->text, hn_parse_arena(st->p), APK_PARAGRAPH, each_paragraph, packages_malformed, st)) {
            st->out_of_memory = true;
            return;
        }
    } else if (st->text.each != each_paragraph) {
        packages_malformed(st, r->offset, "goes on without a beginning");
        return;
    }
    st->saw_apk = st->saw_apk || r->data.n > 0;
    hn_deb822_feed(&st->text, r->data);
    if (r->more)
        return;
    hn_deb822_end(&st->text);
    if (r->truncated)
        hn_parse_not_seen(st->p, HN_STR("part of the package database"), "the file is too long");
}
