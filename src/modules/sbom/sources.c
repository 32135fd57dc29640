/* Package databases that tell which source package a binary package is from: dpkg's status, apt's Packages (Package,
 * Version, Source) and Sources (Package, Version, Binary). */
#include "base/str.h"
#include "format/deb822.h"
#include "modules/sbom/part.h"

#define SOURCES_PARAGRAPH (1u << 20)

struct reader {
    struct sbom_sources *s;
    size_t n;
};

void sbom_sources_init(struct sbom_sources *s, struct hn_arena *a)
{
    s->arena = a;
    hn_map_init(&s->by_name);
}

void sbom_sources_done(struct sbom_sources *s)
{
    hn_map_done(&s->by_name);
}

static struct hn_str keep(struct hn_arena *a, struct hn_bytes b)
{
    return hn_arena_str(a, hn_str_from_hostile(a, b, 256));
}

static void add(struct reader *r, struct hn_bytes binary, struct hn_bytes binary_version, struct hn_bytes name,
                struct hn_bytes version)
{
    struct sbom_source *one = HN_NEW(r->s->arena, struct sbom_source);
    struct hn_str key = keep(r->s->arena, binary);
    if (!one || !key.n || !name.n)
        return;
    *one = (struct sbom_source){keep(r->s->arena, name), keep(r->s->arena, version), keep(r->s->arena, binary_version)};
    if (hn_ok(hn_map_set(&r->s->by_name, hn_str_bytes(key), one)))
        r->n++;
}

/* Sources: every binary of the list is from this package. */
static void add_binaries(struct reader *r, struct hn_bytes list, struct hn_bytes name, struct hn_bytes version)
{
    size_t from = 0;
    for (size_t i = 0; i <= list.n; i++) {
        bool sep = i == list.n || list.p[i] == ',' || list.p[i] == ' ' || list.p[i] == '\n' || list.p[i] == '\t';
        if (!sep)
            continue;
        if (i > from)
            add(r, hn_bytes_of(list.p + from, i - from), version, name, version);
        from = i + 1;
    }
}

static void paragraph(void *arg, struct hn_bytes text, uint64_t offset)
{
    struct reader *r = arg;
    struct hn_bytes package = {0}, version = {0}, source = {0}, binary = {0}, name, value, source_version = {0};
    const char *bad = NULL;
    while (hn_deb822_field(&text, &name, &value, &bad)) {
        if (hn_deb822_is(name, "Package"))
            package = value;
        else if (hn_deb822_is(name, "Version"))
            version = value;
        else if (hn_deb822_is(name, "Source"))
            source = value;
        else if (hn_deb822_is(name, "Binary"))
            binary = value;
    }
    if (!package.n)
        return;
    if (binary.n) {
        add_binaries(r, binary, package, version);
        return;
    }
    struct hn_bytes from = package;
    if (source.n)
        hn_deb822_source(source, &from, &source_version);
    add(r, package, version, from, source_version.n ? source_version : version);
}

/* A paragraph beyond the limit is no package entry. */
static void skip(void *arg, uint64_t offset, const char *why)
{
    (void)arg, (void)offset, (void)why;
}

size_t sbom_sources_read(struct sbom_sources *s, struct hn_bytes text)
{
    struct reader r = {.s = s};
    struct hn_deb822 d;
    if (!hn_deb822_init(&d, s->arena, SOURCES_PARAGRAPH, paragraph, skip, &r))
        return 0;
    hn_deb822_feed(&d, text);
    hn_deb822_end(&d);
    return r.n;
}
