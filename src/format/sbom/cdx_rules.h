/* What CycloneDX allows, as tables made from cdx_json.rules and cdx_words.rules by cdx_rules.py. Versions are bits: 1
 * is 1.4, 8 is 1.7. */
#pragma once

#include "base/bytes.h"

enum cdx_value_kind {
    CDX_V_ANY,
    CDX_V_STR, /* min, max: characters */
    CDX_V_INT, /* min, max: value */
    CDX_V_NUM,
    CDX_V_BOOL,
    CDX_V_ENUM,   /* a: index in cdx_enums */
    CDX_V_FORMAT, /* a: enum cdx_format */
    CDX_V_OBJECT, /* a: index in cdx_types */
    CDX_V_ARRAY,  /* a: value of the items; min, max: how many */
    CDX_V_ANY_OF, /* n values from cdx_alternatives[a] */
    CDX_V_ONE_OF  /* the same, but exactly one may fit */
};

#define CDX_FORMATS(X)                                                                                                 \
    X(DATE_TIME)                                                                                                       \
    X(DATE)                                                                                                            \
    X(IRI)                                                                                                             \
    X(URI)                                                                                                             \
    X(EMAIL)                                                                                                           \
    X(BOMLINK)                                                                                                         \
    X(BOMLINK_ELEMENT)                                                                                                 \
    X(SERIAL)                                                                                                          \
    X(DIGEST)                                                                                                          \
    X(MIME)                                                                                                            \
    X(LOCALE)                                                                                                          \
    X(LICENCE_ID)                                                                                                      \
    X(CRE)                                                                                                             \
    X(COUNTRY)                                                                                                         \
    X(PATENT_NUMBER)                                                                                                   \
    X(DATETIME) /* of XML schema: the offset may be missing */                                                         \
    X(URN_UUID) /* the serial number of XML: also in braces */                                                         \
    X(CPE)
enum cdx_format {
#define CDX_FORMAT(name) CDX_IS_##name,
    CDX_FORMATS(CDX_FORMAT)
#undef CDX_FORMAT
};

struct cdx_value {
    uint8_t kind, unique;
    uint16_t a, n;
    int32_t min, max; /* -/+INT32_MAX: none */
};

struct cdx_member {
    const char *key;
    uint16_t value;
    uint8_t versions;
    uint8_t required;
    uint8_t bit; /* the same for all members of one key */
};

enum cdx_ask_kind { CDX_ASK_ONE, CDX_ASK_ANY, CDX_ASK_NOT, CDX_ASK_EXTERNAL };
struct cdx_ask { /* about which members stand together; sets of bits */
    uint8_t kind, versions, n;
    uint64_t sets[4];
};

/* Of members that are there: does it hold? What CDX_ASK_EXTERNAL asks cannot be told from them. */
static inline bool cdx_ask_holds(const struct cdx_ask *a, uint64_t members)
{
    unsigned full = 0;

    for (unsigned k = 0; k < a->n; k++)
        full += (members & a->sets[k]) == a->sets[k];
    return a->kind == CDX_ASK_ONE ? full == 1 : a->kind == CDX_ASK_ANY ? full > 0 : a->kind != CDX_ASK_NOT || full == 0;
}

struct cdx_type {
    const char *name;
    uint16_t members, n_members, asks, n_asks;
    uint8_t open; /* in these versions other members are allowed */
};

struct cdx_word {
    const char *word;
    uint8_t versions;
};
struct cdx_enum {
    uint16_t words, n;
};

extern const struct cdx_type cdx_types[]; /* the first is the document */
extern const struct cdx_member cdx_members[];
extern const struct cdx_ask cdx_asks[];
extern const struct cdx_value cdx_values[];
extern const uint16_t cdx_alternatives[];
extern const struct cdx_word cdx_words[];
extern const struct cdx_enum cdx_enums[];

/* ---- XML ---- */

enum cdx_how { /* how an element becomes JSON; see cdx_xml.rules */
               CDX_X_MEMBER,
               CDX_X_KEYED,
               CDX_X_SELF,
               CDX_X_FLAT,
               CDX_X_UNWRAP,
               CDX_X_REF
};

struct cdx_xattr {
    const char *name, *key;
    uint16_t value;
    uint8_t versions, required;
};

struct cdx_xelem {
    const char *name, *key;
    int16_t type;   /* index in cdx_xtypes, -1: only text, which is: */
    uint16_t value; /* index in cdx_values */
    uint8_t versions, how, many;
    uint8_t sym; /* the same for all of one name */
};

enum cdx_part_kind { CDX_P_ELEMENT, CDX_P_ANY, CDX_P_SEQUENCE, CDX_P_CHOICE };
struct cdx_xpart {
    uint8_t kind, min, many, versions;
    uint16_t a, n; /* ELEMENT: a is its index in cdx_xelems; SEQUENCE, CHOICE: n parts from cdx_xparts[a] */
};

enum { CDX_XT_LIST = 1, CDX_XT_REF = 2, CDX_XT_MIXED = 4, CDX_XT_TOOLBOX = 8 };
struct cdx_xtype {
    const char *name;
    uint16_t attrs, n_attrs, elems, n_elems, part;
    int16_t text; /* index in cdx_values, -1: not a type of text */
    const char *textkey;
    uint8_t flags;
};

extern const struct cdx_xtype cdx_xtypes[]; /* the first is the document */
extern const struct cdx_xattr cdx_xattrs[];
extern const struct cdx_xelem cdx_xelems[];
extern const struct cdx_xpart cdx_xparts[];

bool cdx_format_is(enum cdx_format f, struct hn_str s);
const char *cdx_format_name(enum cdx_format f); /* for people: "date-time" */
