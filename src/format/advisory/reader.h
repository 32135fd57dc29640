/* Readers of advisory data: bytes of a known form → records, one at a time.
 *
 * Hostile input is data: a record that cannot be read is told to bad() with its place and the reason, and the next one
 * is read. Memory is the sink's arena, cleared after each record; a document is never held as a tree when it can be
 * read piece by piece. */
#pragma once

#include "format/advisory/advisory.h"

struct hn_adv_sink {
    struct hn_arena *arena; /* of one record; cleared by the reader. Its cap bounds what one record may take */
    /* adv and text are valid during the call. */
    void (*record)(void *arg, const struct hn_adv *adv, const struct hn_adv_text *text);
    /* entry: name inside the document (id, product, line) or empty; why: a literal in English. */
    void (*bad)(void *arg, struct hn_str entry, uint64_t offset, const char *why);
    /* What a document says of itself: date of the data (EPSS score_date, KEV dateReleased). May be NULL. */
    void (*dated)(void *arg, hn_time date);
    void *arg;
};

enum hn_adv_form {
    HN_ADV_FORM_UNKNOWN,
    HN_ADV_FORM_ZIP,  /* a container: each entry is looked at anew */
    HN_ADV_FORM_GZIP, /* the same, of one */
    HN_ADV_FORM_OSV,
    HN_ADV_FORM_OSV_LIST, /* array of OSV records, or {"vulns": […]} as the OSV service answers */
    HN_ADV_FORM_CVE5,
    HN_ADV_FORM_NVD,
    HN_ADV_FORM_KEV_JSON,
    HN_ADV_FORM_KEV_CSV,
    HN_ADV_FORM_EPSS,
    HN_ADV_FORM_CSAF,
    HN_ADV_FORM_OPENVEX,
    HN_ADV_FORM_DEBIAN,
    HN_ADV_FORM_USN,
    HN_ADV_FORM_UBUNTU_CVE,
    HN_ADV_FORM_ALPINE,
    HN_ADV_FORM_VULDEF,
    HN_ADV_FORM_JVNRSS,
    HN_ADV_FORM_COUNT
};
const char *hn_adv_form_word(enum hn_adv_form f); /* "osv" */
/* By content alone (its first 64 KiB), never by name. */
enum hn_adv_form hn_adv_form_of(struct hn_bytes doc);

/* Reads one document that is no container. False when nothing in it could be read (then bad() was told). */
bool hn_adv_read(enum hn_adv_form form, struct hn_bytes doc, const struct hn_adv_sink *s);

/* One OSV record whose text begins at doc (used by hn_adv_read; here for matchers' tests). */
bool hn_adv_read_osv(struct hn_bytes doc, const struct hn_adv_sink *s);
