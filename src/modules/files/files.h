/* Inside of the files module: what its files share. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "core/module.h"

#define FILES_MAX_ENTRIES 50000u /* interesting entries of one run */
#define FILES_MAX_OWNERS  1024u  /* distinct uids, distinct gids */
#define FILES_EXAMPLES    8u
#define FILES_MAX_KEYS    4096u /* candidates whose content is read */
#define FILES_KEY_BYTES   (256u << 10)
#define FILES_MAX_BLOCKS  64u /* PEM blocks of one file */
#define FILES_TRUST_STORE 20u /* more certificates than this are a trust store */

struct files_range {
    uint64_t from, count;
    struct files_range *next;
};

struct files_owner {
    struct hn_str id; /* "u:1234" */
    uint64_t number, count;
    bool group;
    struct hn_str examples[FILES_EXAMPLES];
    size_t n;
    struct files_owner *next;
};

struct files_folder { /* above a private key */
    struct hn_str path;
    bool seen;
    uint32_t mode;
};

struct files_key {
    struct hn_str subject, path, format, type;
    bool encrypted, encryption_known;
    int64_t bits;
    uint32_t mode, uid, gid;
    struct files_key *next;
};

struct files_state {
    struct hn_map users, groups; /* numbers as decimal text */
    struct hn_map folders;
    struct hn_map capabilities; /* path → text */
    struct files_range *ranges;
    struct files_owner *owners;
    struct files_key *keys, *last_key;
    size_t n_owners, n_keys, n_entries;
    bool ready, passwd_seen, group_seen, remote_names;
};

/* walk.c (collector role) */
void files_walk(struct hn_collect *c);
/* owners.c */
void files_names(struct hn_parse *p, const struct hn_rec *r); /* passwd, group, subuid, nsswitch */
void files_owner_count(struct hn_parse *p, const struct hn_rec *r);
void files_owner_example(struct hn_parse *p, const struct hn_rec *r);
void files_owners_emit(struct hn_parse *p);
/* keys.c */
void files_candidate(struct hn_parse *p, const struct hn_rec *r);
void files_folder_stat(struct hn_parse *p, const struct hn_rec *r);
void files_keys_emit(struct hn_parse *p);
/* certificate.c */
/* One DER certificate; false when it is none. */
bool files_certificate(struct hn_parse *p, struct hn_str path, struct hn_str subject, struct hn_bytes der,
                       const struct hn_rec *r);
/* Type and size of a private key in DER; false when it is none. */
bool files_private_der(struct hn_parse *p, struct hn_bytes der, struct hn_str *ret_type, int64_t *ret_bits);
/* judge.c */
void files_judge(struct hn_judge *j);
