/* The model by itself: filling, index, completeness. */
#include "base/str.h"
#include "format/sbom/bom.h"
#include "hn_test.h"

TEST(fill_and_index)
{
    struct hn_arena a;
    struct hn_bom b;
    hn_arena_init(&a, 1 << 20);
    hn_bom_init(&b, &a);
    b.family = HN_BOM_CYCLONEDX;

    struct hn_bom_component *app = hn_bom_component_add(&b, NULL), *lib = hn_bom_component_add(&b, app),
                            *twin = hn_bom_component_add(&b, NULL);
    CHECK(app && lib && twin);
    app->ref = HN_STR("app");
    lib->ref = HN_STR("lib");
    lib->purl = twin->purl = HN_STR("pkg:deb/debian/zlib1g@1");
    twin->ref = HN_STR("lib");
    struct hn_bom_dep *d = hn_bom_dep_add(&b, HN_STR("app"));
    CHECK(d != NULL);
    hn_bom_edge_add(&b, d, HN_BOM_REL_DEPENDS_ON, HN_STR("lib"));
    hn_bom_edge_add(&b, d, HN_BOM_REL_DEPENDS_ON, HN_STR("nowhere"));
    hn_bom_edge_add(&b, d, HN_BOM_REL_DEPENDS_ON, HN_STR("urn:cdx:f08a6ccd/1#x"));
    CHECK_OK(hn_bom_index(&b));

    CHECK_INT(b.n_components, 3);
    CHECK(app->first_child == lib);
    CHECK(app->next == twin);
    CHECK(hn_bom_component_by_ref(&b, HN_STR("lib")) == lib);
    CHECK(lib->next_ref == twin);
    CHECK(hn_bom_component_by_purl(&b, HN_STR("pkg:deb/debian/zlib1g@1")) == lib);
    CHECK(lib->next_purl == twin);
    CHECK(d->edges->component == lib);
    CHECK(!d->edges->next->component);
    CHECK(hn_bom_dep_of(&b, HN_STR("app")) == d);
    CHECK(!hn_bom_dep_of(&b, HN_STR("lib")));
    CHECK_INT(b.notes.n, 2);
    CHECK_C(b.notes.first->code, "duplicate-ref");
    CHECK_C(b.notes.last->code, "dangling-dep");
    CHECK(hn_str_eqc(b.notes.last->a, "nowhere"));
    CHECK(hn_str_eqc(hn_bom_component_place(&b, lib, &a), "/components/0/components/0"));
    hn_bom_done(&b);
    hn_arena_done(&a);
}

TEST(words)
{
    CHECK_INT(hn_bom_type_of(HN_STR("operating-system")), HN_BOM_TYPE_OPERATING_SYSTEM);
    CHECK_INT(hn_bom_type_of(HN_STR("OPERATING_SYSTEM")), HN_BOM_TYPE_OPERATING_SYSTEM);
    CHECK_INT(hn_bom_type_of(HN_STR("")), HN_BOM_TYPE_UNKNOWN);
    CHECK_INT(hn_bom_alg_of(HN_STR("SHA-256")), HN_BOM_ALG_SHA256);
    CHECK_INT(hn_bom_alg_of(HN_STR("SHA256")), HN_BOM_ALG_SHA256);
    CHECK_INT(hn_bom_alg_of(HN_STR("sha3_512")), HN_BOM_ALG_SHA3_512);
    CHECK_C(hn_bom_alg_word(HN_BOM_ALG_SHA1, HN_BOM_SPDX2), "SHA1");
    CHECK_INT(hn_bom_why_of(HN_STR("component_not_present")), HN_BOM_WHY_NO_COMPONENT);
}

/* A name outside of the first plane, half a pair, and every truncation. */
TEST(utf16)
{
    static const char ascii[] = "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":"
                                "[{\"type\":\"library\",\"name\":\"n??\"}]}";
    uint8_t wide[2 * sizeof ascii];
    size_t n = 2;
    wide[0] = 0xFF;
    wide[1] = 0xFE;
    for (const char *p = ascii; *p; p++, n += 2) {
        bool first = *p == '?' && p[1] == '?';
        wide[n] = *p == '?' ? (first ? 0x3D : 0x00) : (uint8_t)*p;
        wide[n + 1] = *p == '?' ? (first ? 0xD8 : 0xDE) : 0; /* U+1F600 */
    }
    for (size_t cut = 0; cut <= n; cut++) {
        struct hn_arena a;
        struct hn_bom b;
        hn_arena_init(&a, 1 << 20);
        hn_bom_init(&b, &a);
        struct hn_err e = hn_bom_read(&b, hn_bytes_of(wide, cut));
        CHECK(b.notes.n > 0);
        if (cut == n) {
            CHECK(hn_ok(e));
            CHECK_C(b.notes.first->code, "utf-16");
            CHECK(b.n_components == 1 && hn_str_eqc(b.components[0]->name, "n\xF0\x9F\x98\x80"));
        }
        hn_bom_done(&b);
        hn_arena_done(&a);
    }
}

TEST(no_family)
{
    struct hn_arena a;
    struct hn_bom b;
    hn_arena_init(&a, 1 << 20);
    hn_bom_init(&b, &a);
    CHECK_ERR(hn_bom_read(&b, hn_bytes_of("\xFF\xFE{\0", 4)), INVALID);
    CHECK_C(b.notes.first->code, "utf-16");
    CHECK(b.broken);
    hn_bom_done(&b);
    hn_arena_done(&a);
}
