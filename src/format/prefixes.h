/* Lists of prefixes with a name and a text: telescopes, members, scanners, countries. The longest prefix wins. */
#pragma once

#include "base/arena.h"
#include "base/ip.h"

struct hn_prefix {
    struct hn_ip ip;
    unsigned bits;
    struct hn_str name, text; /* organisation or telescope; evidence, contact */
    int parent;               /* index of the shortest longer one around it, or -1 */
    unsigned line;            /* of the list that it was read from; 0: none */
};

struct hn_prefixes {
    struct hn_prefix *list; /* sorted by address, then by length */
    size_t n, n4;           /* the first n4 are IPv4 */
    uint32_t *first4;       /* first addresses of the IPv4 ones, for the search */
};

/* Lines "prefix<tab or comma>name[<tab or comma>text]"; "#" begins a comment. Wrong lines are told and passed over. */
void hn_prefixes_parse(struct hn_prefixes *ps, struct hn_arena *a, struct hn_bytes text,
                       void (*bad)(void *arg, unsigned line, const char *why), void *arg);
bool hn_prefixes_add(struct hn_prefixes *ps, struct hn_arena *a, struct hn_str prefix, struct hn_str name,
                     struct hn_str text);
void hn_prefixes_sort(struct hn_prefixes *ps, struct hn_arena *a);
/* The longest prefix that holds the address, or NULL. */
const struct hn_prefix *hn_prefixes_find(const struct hn_prefixes *ps, const struct hn_ip *ip);
/* Index into list of the longest IPv4 prefix, or -1. */
int hn_prefixes_find4(const struct hn_prefixes *ps, uint32_t addr);
