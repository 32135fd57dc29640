/* Checksums and signatures that lie beside the documents of a feed. */
#pragma once

#include "modules/feed/feed.h"

enum beside { BESIDE_NOT, BESIDE_SHA256, BESIDE_SHA512, BESIDE_SIGNATURE };
/* What the file `name` is to the document, by its name. */
enum beside feed_beside_of(struct hn_str document, struct hn_str name);
/* Is the checksum that was told that of the document? False also when it is none. */
bool feed_beside_right(enum beside kind, struct hn_bytes document, struct hn_bytes told);

struct feed_checks {
    uint64_t documents;  /* that were read */
    uint64_t hashed;     /* of them: whose checksum is right */
    uint64_t wrong;      /* whose checksum is wrong: left out, not among documents */
    uint64_t signatures; /* documents with a signature that is not checked: no key, or no library */
    /* with keys, of all that are not wrong (documents has those of them that were taken) */
    uint64_t good, bad, unknown, expired, lacking;
    uint64_t refused;   /* of them: left out */
    struct hn_str from; /* where its keys are from: "given", "first-use"; "" none; "no-library": they are not used */
    struct hn_str keys; /* FINGERPRINT:documents:1 or 0 (usable), separated by commas */
};
struct feed_checked_key {
    struct hn_str fingerprint;
    uint64_t documents; /* that it signed well */
    bool usable;
};
bool feed_checks_key(struct hn_str *rest, struct feed_checked_key *ret); /* the next of feed_checks.keys */
/* False: nothing lay beside the documents of that feed. */
bool feed_checks_of(struct hn_work *w, struct hn_str name, struct feed_checks *ret);
/* c NULL: the feed goes. */
HN_MUST struct hn_err feed_checks_put(struct hn_work *w, struct hn_str name, const struct feed_checks *c);
void feed_checks_say(struct hn_work *w, struct hn_str name);
void feed_checks_json(struct hn_jw *j, struct hn_work *w, struct hn_str name); /* a member of the feed's object */
