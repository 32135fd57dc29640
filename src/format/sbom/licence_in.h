/* Tables of the licence parser. */
#pragma once

#include <stddef.h>

struct hn_licence_old {
    const char *id, *now;
};

extern const char *const hn_licence_ids[];
extern const size_t hn_licence_ids_n;
extern const char *const hn_licence_exceptions[];
extern const size_t hn_licence_exceptions_n;
extern const struct hn_licence_old hn_licence_deprecated[];
extern const size_t hn_licence_deprecated_n;
