/* The header of one rpm package as its database keeps it (rpm.org, "RPM V4 Package format", header structure):
 *
 *   be32 number of entries · be32 bytes of data
 *   entries: be32 tag · be32 type · be32 offset into the data · be32 count
 *   data
 */
#pragma once

#include "base/cur.h"

enum hn_rpm_tag {
    HN_RPM_NAME = 1000,
    HN_RPM_VERSION = 1001,
    HN_RPM_RELEASE = 1002,
    HN_RPM_EPOCH = 1003,
    HN_RPM_SUMMARY = 1004,
    HN_RPM_SIZE = 1009,
    HN_RPM_VENDOR = 1011,
    HN_RPM_LICENSE = 1014,
    HN_RPM_URL = 1020,
    HN_RPM_ARCH = 1022,
    HN_RPM_SOURCERPM = 1044,
    HN_RPM_PROVIDENAME = 1047,
    HN_RPM_REQUIRENAME = 1049,
    HN_RPM_DIRINDEXES = 1116,
    HN_RPM_BASENAMES = 1117,
    HN_RPM_DIRNAMES = 1118
};

struct hn_rpm_header {
    struct hn_bytes entries, data;
};

struct hn_rpm_list { /* of strings or numbers, read one after the other */
    struct hn_bytes rest;
    uint32_t left;
};

/* False when the lengths do not fit. */
bool hn_rpm_header_read(struct hn_bytes blob, struct hn_rpm_header *ret);
/* Empty, or false, when there is no such entry of a fitting type. */
struct hn_bytes hn_rpm_string(const struct hn_rpm_header *h, enum hn_rpm_tag tag);
bool hn_rpm_number(const struct hn_rpm_header *h, enum hn_rpm_tag tag, uint32_t *ret);
struct hn_rpm_list hn_rpm_strings(const struct hn_rpm_header *h, enum hn_rpm_tag tag);
struct hn_rpm_list hn_rpm_numbers(const struct hn_rpm_header *h, enum hn_rpm_tag tag);
bool hn_rpm_next_string(struct hn_rpm_list *l, struct hn_bytes *ret);
bool hn_rpm_next_number(struct hn_rpm_list *l, uint32_t *ret);
