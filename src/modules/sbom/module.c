/* sbom: bills of materials, what in them is vulnerable, and how far that reaches. See README.md. */
#include "modules/sbom/sbom.h"

/* name, synopsis, options, flags, memory, work */
static const struct hn_verb verbs[] = {
    {"generate", "", sbom_generate_options, 0, 0, sbom_generate, "host,packages,languages"},
    {"convert", "FILE|-", sbom_convert_options, HN_VERB_STDIN, 0, sbom_convert},
    {"diff", "A B", sbom_diff_options, 0, 0, sbom_diff},
    {0},
};

static const struct hn_kind kinds[] = {{0}};

const struct hn_module hn_module_sbom = {
    .name = "sbom",
    .kinds = kinds,
    .verbs = verbs,
};
