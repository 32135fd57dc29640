/* Tags of the SPDX 2 tag-value form and the members of the JSON form that they are. */
#pragma once

#include "base/bytes.h"

enum spdx2_section {
    SPDX2_DOCUMENT,
    SPDX2_CREATION,
    SPDX2_PACKAGE,
    SPDX2_FILE,
    SPDX2_SNIPPET,
    SPDX2_LICENCE,
    SPDX2_ANNOTATION,
    SPDX2_RELATION,
    SPDX2_REVIEW,
    SPDX2_SECTIONS
};

enum spdx2_kind {
    SPDX2_TEXT,
    SPDX2_LIST, /* one item of an array of strings */
    SPDX2_BOOL,
    SPDX2_CHECKSUM,     /* SHA1: 85ed… */
    SPDX2_DOCREF,       /* DocumentRef-x https://… SHA1: … */
    SPDX2_EXTREF,       /* CATEGORY type locator */
    SPDX2_EXTREF_NOTE,  /* comment of the last one */
    SPDX2_VERIFICATION, /* digest (excludes: ./a, ./b) */
    SPDX2_RANGE,        /* 310:420 */
    SPDX2_ABOUT,        /* what an annotation is about: no member of the JSON form */
    SPDX2_TRIPLE        /* A RELATION B */
};

struct spdx2_tag {
    const char *tag, *member;
    enum spdx2_section section;
    enum spdx2_kind kind;
    bool begins; /* a new object of its section */
};

extern const struct spdx2_tag spdx2_tags[];
extern const size_t spdx2_tags_n;
