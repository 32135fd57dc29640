/* Sources of advisories that are fetched, and what was fetched of them. All of it is the front's; no worker can reach
 * it.
 *
 *   HINOMI_HOME/fetch/sources.json     the list, and what is known of each file (validators, sums, dates)
 *                     lock             one update at a time
 *                     NAME/part        the file that is being fetched; part.meta: its address and validator
 *                     NAME/index/      lists that a source has of its documents
 *                     NAME/given/      OpenPGP keys that a person gave for it, as they came
 *                     NAME/keys/       those that its provider names, FINGERPRINT.asc
 *                     NAME/data/       what `hinomi feed add` reads: all of it, each time
 *
 * A source is "dirty" from the moment before a new file comes into data/ until the index has been built from it: so
 * whatever ends the program in between, the next update builds it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "core/fetch.h"

#define HN_SOURCE_NAME_MAX  64u
#define HN_SOURCE_URLS_MAX  64u
#define HN_SOURCE_MOST_DFLT (UINT64_C(8) << 30)

enum hn_source_kind {
    HN_SOURCE_FILE, /* each address is a file */
    HN_SOURCE_OSV,  /* …/all.zip with modified_id.csv beside it: only what changed is fetched */
    HN_SOURCE_CSAF  /* …/provider-metadata.json of a CSAF provider */
};

struct hn_source_file { /* of one address */
    struct hn_str url, etag, modified, sha256;
    uint64_t bytes;
    hn_time date;
};

struct hn_source {
    struct hn_str name, licence, ca;
    enum hn_source_kind kind;
    struct hn_str urls[HN_SOURCE_URLS_MAX],
        hosts[HN_SOURCE_URLS_MAX]; /* hosts: allowed beside those of the addresses */
    size_t n_urls, n_hosts;
    bool plain, hash;  /* hash: a .sha256 beside each file must be there and agree */
    bool keyed;        /* a person gave keys (given/): each document's signature is fetched beside it */
    bool unsigned_too; /* documents without a good signature are taken as well */
    uint64_t most;
    int64_t stall;
    /* state */
    struct hn_source_file *files;
    size_t n_files, cap_files;
    hn_time mark;                       /* OSV: newest change that data/ has */
    hn_time checked, changed, imported; /* last try; last new data; when the index had it */
    bool dirty;
    struct hn_str error; /* of the last try; empty: none */
};

struct hn_sources {
    struct hn_arena arena;
    struct hn_source *list; /* sorted by name */
    size_t n, cap;
    int dir;  /* HINOMI_HOME/fetch; -1: not there */
    int lock; /* held; -1 */
};

/* write: makes the folder and holds the lock; BUSY when another has it. Else an absent folder is an empty list. */
HN_MUST struct hn_err hn_sources_open(const char *home, bool write, struct hn_sources *ret, struct hn_diag *reterr);
void hn_sources_close(struct hn_sources *s);
HN_MUST struct hn_err hn_sources_save(struct hn_sources *s, struct hn_diag *reterr);
struct hn_source *hn_source_find(struct hn_sources *s, struct hn_str name); /* NULL */
/* A new row, or the one of this name, emptied but for its state. NULL: no memory. */
struct hn_source *hn_source_put(struct hn_sources *s, struct hn_str name);
/* The row; with `files` also what was fetched. False: there is none. */
bool hn_source_remove(struct hn_sources *s, struct hn_str name, bool files);
bool hn_source_name_ok(struct hn_str name); /* letters, digits, ".", "-", "_", not "." first */
const char *hn_source_kind_word(enum hn_source_kind k);
bool hn_source_kind_of(struct hn_str word, enum hn_source_kind *ret);
void hn_sources_json(const struct hn_sources *s, struct hn_jw *w); /* an array */

/* ---- updating one ---- */

struct hn_update_watch {
    void (*progress)(void *arg, struct hn_str what, uint64_t done, uint64_t total);
    /* Runs a worker over the list at `path` (form: "provider", "changes", "rolie", "osv"); its lines, "what time name",
     * into out. */
    struct hn_err (*names)(void *arg, const char *form, const char *path, struct hn_buf *out, struct hn_diag *reterr);
    void *arg;
};
struct hn_update_done {
    uint64_t fetched, bytes;    /* files that came anew */
    uint64_t failed, unhashed;  /* documents that could not be had; without a sum beside them */
    struct hn_str first_failed; /* and why */
};
/* Fetches what is new into NAME/data. The rows are saved as it goes. An error: nothing of this source could be had (the
 * data there stays as it was). */
HN_MUST struct hn_err hn_source_update(struct hn_sources *s, struct hn_source *src, const char *home,
                                       const struct hn_update_watch *watch, struct hn_update_done *ret,
                                       struct hn_diag *reterr);
