/* In place of core/modules.c: all modules of the product and, before them all, the faulty one. */
#include "core/registry.h"

extern const struct hn_module hn_module_faulty;

#define HN_MODULE(name) &hn_module_##name,
const struct hn_module *const hn_modules[] = {
    &hn_module_faulty,
#include "core/modules.def"
};
#undef HN_MODULE
const size_t hn_modules_n = sizeof hn_modules / sizeof hn_modules[0];
