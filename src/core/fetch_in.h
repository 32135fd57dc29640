/* Shared by fetch_file.c and fetch_kind.c only. */
#pragma once

#include "core/fetch_source.h"

struct update {
    struct hn_sources *s;
    struct hn_source *src;
    const struct hn_update_watch *watch;
    struct hn_update_done *done;
    struct hn_fetch *f;
    const char *folder;  /* HINOMI_HOME/fetch/NAME */
    int dir;             /* the same */
    struct hn_arena a;   /* of this update */
    struct hn_arena one; /* of this file */
    struct hn_str shown; /* what is being fetched, for the progress line */
    const char *url;
    size_t at, of;         /* documents; of 0: a single file */
    bool keys;             /* the source has keys: signatures are fetched too */
    unsigned no_signature; /* signatures in a row that could not be had */
};

enum file_outcome { FILE_NEW, FILE_SAME, FILE_ABSENT, FILE_FAILED };
enum file_sum { SUM_NONE, SUM_IF_THERE, SUM_MUST };
struct file_want {
    const char *url, *to; /* to: below the folder, "data/0-all.zip" */
    enum file_sum sum;
    bool conditional; /* validators are kept, and asked with */
    hn_time stamp;    /* mtime of the file; 0: leave */
    uint64_t most;    /* bytes; 0: as many as the source may have */
};

/* Fetches one file whole or not at all. why: of FAILED and ABSENT, at least 300 bytes. An error only when nothing more
 * can be fetched. */
HN_MUST struct hn_err update_file(struct update *u, const struct file_want *w, enum file_outcome *ret, char *why,
                                  struct hn_diag *reterr);
/* Before something in data/ changes. */
HN_MUST struct hn_err update_dirty(struct update *u, struct hn_diag *reterr);
HN_MUST struct hn_err update_of_kind(struct update *u, struct hn_diag *reterr);

/* ---- of fetch_kind.c, for fetch_sign.c ---- */

struct update_line {
    struct hn_str what, name;
    hn_time time;
};
/* The next line of a worker's list, "what time name"; what is none is passed over. */
bool update_next_line(struct hn_str *rest, struct update_line *ret);
/* An address that a list brought: of the origin of an address that a person named, or https of a host that was. */
bool update_allowed(const struct update *u, struct hn_str url, struct hn_url *ret);
bool update_has(const struct update *u, const char *file, hn_time time);
void update_note_failure(struct update *u, const char *url, const char *why);

/* ---- signatures (fetch_sign.c) ---- */

/* The keys that a provider names ("key:FINGERPRINT 0 URL"), into keys/FINGERPRINT.asc; those it names no more go. */
HN_MUST struct hn_err update_keys(struct update *u, struct hn_str names, struct hn_diag *reterr);
/* URL.asc beside a document that is there; anew: the document has just come, so an older signature is not its own. */
HN_MUST struct hn_err update_signature(struct update *u, const struct file_want *document, bool anew,
                                       struct hn_diag *reterr);
