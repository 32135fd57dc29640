/* OpenPGP signatures (RFC 4880, RFC 9580), checked by RNP (librnp0). Nothing of it is needed to build: the library is
 * loaded when somebody has a signature to check, which must be before a sandbox is entered. Keys and signatures are
 * read inside, since both may be hostile. One thread. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define HN_PGP_PACKAGE      "librnp0"
#define HN_PGP_ID_ROOM      80u                /* a fingerprint (40 or 64 digits) or a key's id, and the end */
#define HN_PGP_KEYS_MAX     64u                /* of one ring */
#define HN_PGP_KEY_FILE_MAX ((size_t)1 << 20)  /* bytes of a file of keys */
#define HN_PGP_SIG_MAX      ((size_t)16 << 10) /* bytes of a signature */

enum hn_pgp_ring {
    HN_PGP_TRUSTED, /* signatures are checked with these keys */
    HN_PGP_OFFERED  /* keys that somebody shows: read, not believed */
};

/* Loads the library and makes both rings; `now` is the time that keys and signatures must be valid at. NOENT: the
 * library is not installed. */
HN_MUST struct hn_err hn_pgp_load(hn_time now, struct hn_diag *reterr);
bool hn_pgp_loaded(void);

/* The public keys of a file, armored or binary, that sign (openpgp_keys.h). INVALID: it has none that can be read;
 * LIMIT: it is too large or the ring has too many. */
HN_MUST struct hn_err hn_pgp_import(enum hn_pgp_ring ring, struct hn_bytes file);

struct hn_pgp_key {
    char fingerprint[HN_PGP_ID_ROOM]; /* upper case */
    bool usable;                      /* false: expired, revoked, or without a valid signature of its own */
};
/* Primary keys, sorted by fingerprint; gives how many (at most HN_PGP_KEYS_MAX). */
size_t hn_pgp_keys(enum hn_pgp_ring ring, struct hn_pgp_key *ret);
bool hn_pgp_has(enum hn_pgp_ring ring, const char *fingerprint);
/* From the offered to the trusted: as a new key, or what is new of one that is there (a later expiry, a revocation). */
HN_MUST struct hn_err hn_pgp_trust(const char *fingerprint);
/* The trusted keys, and back: all of them, or an error. */
HN_MUST struct hn_err hn_pgp_save(struct hn_buf *out);
HN_MUST struct hn_err hn_pgp_restore(struct hn_bytes saved);

enum hn_pgp_verdict {
    HN_PGP_GOOD,
    HN_PGP_BAD,     /* of a trusted key, but not of this document; or nothing that can be read as a signature */
    HN_PGP_UNKNOWN, /* of another key */
    HN_PGP_EXPIRED  /* of a trusted key, but no longer valid, or made when the key was none any more */
};
/* A detached signature, armored or binary. One good signature of several is enough. ret_key: the primary key's
 * fingerprint, of UNKNOWN the id that the signature tells; empty when there is none. */
enum hn_pgp_verdict hn_pgp_verify(struct hn_bytes document, struct hn_bytes signature, char ret_key[HN_PGP_ID_ROOM]);
