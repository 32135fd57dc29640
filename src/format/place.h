/* Where an address is: from databases in MaxMind's format and from lists of one's own. */
#pragma once

#include "format/mmdb.h"
#include "format/prefixes.h"

#define HN_GEO_MOST 8
struct hn_geo {
    struct hn_mmdb db[HN_GEO_MOST]; /* countries and networks often come as two */
    unsigned n_db;
    struct hn_prefixes lists; /* name: country, text: "AS64500 Example Net" */
};
struct hn_place {
    char country[3];              /* ISO 3166-1, two letters; empty: not known */
    uint32_t asn;                 /* 0: not known */
    struct hn_bytes organisation; /* hostile */
};
/* A database or a list of prefixes, known by its content: NULL, or why it is neither (a static text). A list is copied
 * into the arena, a database must stay where it is. Lines of a list that are none are told, and those whose country is
 * not two letters or whose network is no AS number; of these the rest stands. Sort when all have been added. */
const char *hn_geo_add(struct hn_geo *geo, struct hn_arena *a, struct hn_bytes file,
                       void (*bad)(void *arg, unsigned line, const char *why), void *arg);
/* Own lists come first, then the databases in their order. False: a database leads nowhere; the rest stands. */
bool hn_place_of(const struct hn_geo *geo, const struct hn_ip *ip, struct hn_place *ret);
