/* Importing a source: a document, a container of documents, or many of them, in several threads, into a build.
 *
 * Containers: zip (stored, deflate, zip64; a zip stored inside a zip) and gzip. A record that cannot be read is counted
 * and, up to a limit, named: file, entry, offset, reason; the others are imported. */
#pragma once

#include "format/advisory/build.h"
#include "format/advisory/reader.h"

struct hn_adv_complaint {
    struct hn_str file, entry; /* entry: name in the container, and the record's id where known */
    uint64_t offset;
    const char *why;
};
#define HN_ADV_COMPLAINTS_MAX 200u

struct hn_adv_limits {
    uint64_t entries;     /* of a container */
    size_t entry_bytes;   /* unpacked, of one entry */
    uint64_t total_bytes; /* unpacked, of a container */
    unsigned ratio;       /* unpacked to packed, of a container larger than a few MiB */
};
extern const struct hn_adv_limits hn_adv_limits_default;

struct hn_adv_importer;

/* threads: at least one. limits NULL: the default. */
HN_MUST struct hn_err hn_adv_import_new(struct hn_adv_build *b, unsigned threads, const struct hn_adv_limits *limits,
                                        struct hn_adv_importer **ret);
/* Reads one file of the feed. mapped: pages of it that were read may be given back to the kernel (a read-only mapping
 * of a file, never plain memory). */
void hn_adv_import_file(struct hn_adv_importer *im, uint16_t feed, struct hn_str name, struct hn_bytes doc,
                        bool mapped);
/* Since the last call of hn_adv_import_reset(). */
uint64_t hn_adv_import_records(const struct hn_adv_importer *im);
uint64_t hn_adv_import_rejected(const struct hn_adv_importer *im);
/* Newest change or publication seen. Trackers and Go's records tell none: where most do not, when it is later, the date
 * that is given, or that of the newest entry of the archives, which a copy does not change, or that of the newest file
 * (given, file; 0: not known). */
hn_time hn_adv_import_date(const struct hn_adv_importer *im, hn_time given, hn_time file);
/* SHA-256 of the file read since this was last asked; of several, the SHA-256 of theirs one after the other. */
void hn_adv_import_sum(struct hn_adv_importer *im, uint8_t out[32]);
size_t hn_adv_import_complaints(const struct hn_adv_importer *im, const struct hn_adv_complaint **ret);
/* Word of the form that brought most records ("osv"); "" when none did. */
const char *hn_adv_import_form(const struct hn_adv_importer *im);
void hn_adv_import_reset(struct hn_adv_importer *im);
/* The lane of the calling thread: for carrying over. */
struct hn_adv_lane *hn_adv_import_lane(struct hn_adv_importer *im);
/* Ends all lanes and frees. */
HN_MUST struct hn_err hn_adv_import_end(struct hn_adv_importer *im);
