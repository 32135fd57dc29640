/* The table that tools/build-catalogue makes; sorted by key (bytewise). Only text.c includes this. */
#pragma once

#include "core/text.h"

struct hn_catalogue_entry {
    const char *key;
    const char *text[HN_LANGS];
};
extern const struct hn_catalogue_entry hn_catalogue[];
extern const size_t hn_catalogue_n;
