/* The words of bills of materials: kinds, algorithms, relations, states; each family's spelling beside the enumerator.
 */
#pragma once

#include "base/bytes.h"

enum hn_bom_family {
    HN_BOM_UNKNOWN,
    HN_BOM_CYCLONEDX,
    HN_BOM_SPDX2,
    HN_BOM_SPDX3,
    HN_BOM_SWID,
    HN_BOM_COSWID,
    HN_BOM_OWN, /* filled by a program, not read */
    HN_BOM_FAMILIES
};
enum hn_bom_form { HN_BOM_FORM_ANY, HN_BOM_JSON, HN_BOM_XML, HN_BOM_TAG, HN_BOM_YAML, HN_BOM_CBOR, HN_BOM_FORMS };

/*  enumerator, CycloneDX word, SPDX 2.3/3 purpose */
#define HN_BOM_TYPE_MAP(XX)                                                                                            \
    XX(UNKNOWN, "", "")                                                                                                \
    XX(APPLICATION, "application", "APPLICATION")                                                                      \
    XX(FRAMEWORK, "framework", "FRAMEWORK")                                                                            \
    XX(LIBRARY, "library", "LIBRARY")                                                                                  \
    XX(CONTAINER, "container", "CONTAINER")                                                                            \
    XX(PLATFORM, "platform", "PLATFORM")                                                                               \
    XX(OPERATING_SYSTEM, "operating-system", "OPERATING-SYSTEM")                                                       \
    XX(DEVICE, "device", "DEVICE")                                                                                     \
    XX(DEVICE_DRIVER, "device-driver", "DEVICE-DRIVER")                                                                \
    XX(FIRMWARE, "firmware", "FIRMWARE")                                                                               \
    XX(FILE, "file", "FILE")                                                                                           \
    XX(ML_MODEL, "machine-learning-model", "MODEL")                                                                    \
    XX(DATA, "data", "DATA")                                                                                           \
    XX(CRYPTO, "cryptographic-asset", "")                                                                              \
    XX(SOURCE, "", "SOURCE")                                                                                           \
    XX(ARCHIVE, "", "ARCHIVE")                                                                                         \
    XX(INSTALL, "", "INSTALL")                                                                                         \
    XX(OTHER, "", "OTHER")

enum hn_bom_type {
#define HN_BOM_TYPE(name, cdx, spdx) HN_BOM_TYPE_##name,
    HN_BOM_TYPE_MAP(HN_BOM_TYPE)
#undef HN_BOM_TYPE
        HN_BOM_TYPES
};

enum hn_bom_role {                       /* where in the document a component stands */
                   HN_BOM_ROLE_PART,     /* in components[]: an ingredient; what matching looks at */
                   HN_BOM_ROLE_SUBJECT,  /* what the document describes; also looked at */
                   HN_BOM_ROLE_TOOL,     /* made the document */
                   HN_BOM_ROLE_PEDIGREE, /* ancestor, descendant or variant of a part */
                   HN_BOM_ROLE_FORMULA   /* used in building */
};

enum hn_bom_scope { HN_BOM_SCOPE_NONE, HN_BOM_SCOPE_REQUIRED, HN_BOM_SCOPE_OPTIONAL, HN_BOM_SCOPE_EXCLUDED };
enum hn_bom_tri { HN_BOM_UNSAID, HN_BOM_NO, HN_BOM_YES };

/*  enumerator, CycloneDX, SPDX 2, SPDX 3, length of the digest in bytes (0: any) */
#define HN_BOM_ALG_MAP(XX)                                                                                             \
    XX(OTHER, "", "", "other", 0)                                                                                      \
    XX(MD2, "", "MD2", "md2", 16)                                                                                      \
    XX(MD4, "", "MD4", "md4", 16)                                                                                      \
    XX(MD5, "MD5", "MD5", "md5", 16)                                                                                   \
    XX(MD6, "", "MD6", "md6", 0)                                                                                       \
    XX(SHA1, "SHA-1", "SHA1", "sha1", 20)                                                                              \
    XX(SHA224, "", "SHA224", "sha224", 28)                                                                             \
    XX(SHA256, "SHA-256", "SHA256", "sha256", 32)                                                                      \
    XX(SHA384, "SHA-384", "SHA384", "sha384", 48)                                                                      \
    XX(SHA512, "SHA-512", "SHA512", "sha512", 64)                                                                      \
    XX(SHA3_224, "", "", "sha3_224", 28)                                                                               \
    XX(SHA3_256, "SHA3-256", "SHA3-256", "sha3_256", 32)                                                               \
    XX(SHA3_384, "SHA3-384", "SHA3-384", "sha3_384", 48)                                                               \
    XX(SHA3_512, "SHA3-512", "SHA3-512", "sha3_512", 64)                                                               \
    XX(BLAKE2B_256, "BLAKE2b-256", "BLAKE2b-256", "blake2b256", 32)                                                    \
    XX(BLAKE2B_384, "BLAKE2b-384", "BLAKE2b-384", "blake2b384", 48)                                                    \
    XX(BLAKE2B_512, "BLAKE2b-512", "BLAKE2b-512", "blake2b512", 64)                                                    \
    XX(BLAKE3, "BLAKE3", "BLAKE3", "blake3", 32)                                                                       \
    XX(STREEBOG_256, "Streebog-256", "", "", 32)                                                                       \
    XX(STREEBOG_512, "Streebog-512", "", "", 64)                                                                       \
    XX(ADLER32, "", "ADLER32", "adler32", 4)

enum hn_bom_alg {
#define HN_BOM_ALG(name, cdx, spdx2, spdx3, len) HN_BOM_ALG_##name,
    HN_BOM_ALG_MAP(HN_BOM_ALG)
#undef HN_BOM_ALG
        HN_BOM_ALGS
};

/* What one thing is to another, as read from `from`: from DEPENDS_ON to. A family that says it the other way round
 * ("DEPENDENCY_OF") is turned, with its own word and `turned` kept. */
/*  enumerator, SPDX 2 word, SPDX 3 word */
#define HN_BOM_REL_MAP(XX)                                                                                             \
    XX(OTHER, "OTHER", "other")                                                                                        \
    XX(DEPENDS_ON, "DEPENDS_ON", "dependsOn")                                                                          \
    XX(PROVIDES, "", "") /* CycloneDX 1.6: implements this specification or interface */                               \
    XX(CONTAINS, "CONTAINS", "contains")                                                                               \
    XX(DESCRIBES, "DESCRIBES", "describes")                                                                            \
    XX(GENERATED_FROM, "GENERATED_FROM", "")                                                                           \
    XX(VARIANT_OF, "VARIANT_OF", "")                                                                                   \
    XX(ANCESTOR_OF, "ANCESTOR_OF", "ancestorOf")                                                                       \
    XX(PATCH_FOR, "PATCH_FOR", "patchedBy")                                                                            \
    XX(COPY_OF, "COPY_OF", "copiedTo")                                                                                 \
    XX(PACKAGE_OF, "PACKAGE_OF", "packagedBy")                                                                         \
    XX(DOCUMENTATION_OF, "DOCUMENTATION_OF", "hasDocumentation")                                                       \
    XX(TEST_OF, "TEST_OF", "hasTest")                                                                                  \
    XX(BUILD_TOOL_OF, "BUILD_TOOL_OF", "usesTool")                                                                     \
    XX(STATIC_LINK, "STATIC_LINK", "hasStaticLink")                                                                    \
    XX(DYNAMIC_LINK, "DYNAMIC_LINK", "hasDynamicLink")

enum hn_bom_rel {
#define HN_BOM_REL(name, spdx2, spdx3) HN_BOM_REL_##name,
    HN_BOM_REL_MAP(HN_BOM_REL)
#undef HN_BOM_REL
        HN_BOM_RELS
};

enum hn_bom_aggregate { /* how complete the document says it is; the original word is kept beside it */
                        HN_BOM_AGG_UNSAID,
                        HN_BOM_AGG_COMPLETE,
                        HN_BOM_AGG_INCOMPLETE, /* all kinds of incomplete */
                        HN_BOM_AGG_UNKNOWN,
                        HN_BOM_AGG_NOT_SPECIFIED
};

enum hn_bom_vex {                  /* the common words of VEX; the original word is kept beside it */
                  HN_BOM_VEX_NONE, /* says nothing about status */
                  HN_BOM_VEX_NOT_AFFECTED,
                  HN_BOM_VEX_AFFECTED,
                  HN_BOM_VEX_FIXED,
                  HN_BOM_VEX_INVESTIGATING
};

enum hn_bom_why { /* justification of "not affected" */
                  HN_BOM_WHY_NONE,
                  HN_BOM_WHY_NO_COMPONENT,   /* component_not_present */
                  HN_BOM_WHY_NO_CODE,        /* vulnerable_code_not_present */
                  HN_BOM_WHY_NOT_EXECUTED,   /* vulnerable_code_not_in_execute_path */
                  HN_BOM_WHY_NOT_CONTROLLED, /* vulnerable_code_cannot_be_controlled_by_adversary */
                  HN_BOM_WHY_MITIGATED       /* inline_mitigations_already_exist */
};

const char *hn_bom_family_name(enum hn_bom_family f); /* "CycloneDX" */
const char *hn_bom_form_name(enum hn_bom_form f);     /* "JSON" */
const char *hn_bom_type_word(enum hn_bom_type t); /* CycloneDX word; those without one: the SPDX word in lower case */
enum hn_bom_type hn_bom_type_of(struct hn_str word);                  /* of CycloneDX or SPDX, any case; UNKNOWN */
const char *hn_bom_alg_word(enum hn_bom_alg a, enum hn_bom_family f); /* "" when that family has none */
enum hn_bom_alg hn_bom_alg_of(struct hn_str word);                    /* any family's spelling, any case; OTHER */
size_t hn_bom_alg_len(enum hn_bom_alg a);
const char *hn_bom_vex_word(enum hn_bom_vex v);    /* "not_affected"; "" for NONE */
const char *hn_bom_why_word(enum hn_bom_why w);    /* "component_not_present" */
enum hn_bom_vex hn_bom_vex_of(struct hn_str word); /* the common words */
enum hn_bom_why hn_bom_why_of(struct hn_str word);
