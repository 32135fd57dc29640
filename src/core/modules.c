/* The table alone, so that a test of the core can bring modules of its own. */
#include "core/registry.h"

#define HN_MODULE(name) &hn_module_##name,
const struct hn_module *const hn_modules[] = {
#include "core/modules.def"
};
#undef HN_MODULE
const size_t hn_modules_n = sizeof hn_modules / sizeof hn_modules[0];
