/* OpenPGP signatures of a feed's documents, and the keys they are checked with.
 *
 * A feed with keys takes documents that one of them signed; where the person said so (--unsigned allow) also what
 * nobody can vouch for (no signature, an unknown key, an expired one), but never one whose signature is of something
 * else. Its keys are those that a person gave (--key), else those that its provider named when the feed was first read,
 * for good: another key later is refused until a person gives it. They lie in HINOMI_HOME/feed/keys/, a file a feed. */
#pragma once

#include "format/openpgp.h"
#include "modules/feed/beside.h"

struct feed_sign {
    struct hn_str name;
    bool keyed; /* documents are checked */
    bool allow; /* those that do not pass are taken all the same */
    bool no_library;
    const char *from; /* "given", "first-use" */
    struct hn_pgp_key keys[HN_PGP_KEYS_MAX];
    uint64_t good[HN_PGP_KEYS_MAX]; /* by key */
    size_t n_keys, complaints;
};

void feed_sign_before(
    struct hn_work *w); /* of the verb that adds: loads the library when there is something to check */
/* Reads the keys. False, with a message: nothing of this feed may be taken. */
bool feed_sign_open(struct hn_work *w, struct hn_str name, struct feed_sign *ret);
/* May this document be taken? signature: {NULL, 0} when there is none. Counts, and says why not. */
bool feed_sign_takes(struct hn_work *w, struct feed_sign *s, struct hn_str document_name, struct hn_bytes document,
                     struct hn_bytes signature, struct feed_checks *c);
/* After the last document: what is kept of it, and a word to the person when some were left out. */
void feed_sign_end(struct hn_work *w, const struct feed_sign *s, struct feed_checks *c);
/* The keys, durable, before the index that was made with them. */
HN_MUST struct hn_err feed_sign_keep(struct hn_work *w, const struct feed_sign *s);
HN_MUST struct hn_err feed_sign_forget(struct hn_work *w, struct hn_str name);
