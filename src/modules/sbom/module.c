/* sbom: bills of materials, what in them is vulnerable, and how far that reaches. See README.md. */
#include "modules/sbom/bill.h"
#include "modules/sbom/index.h"
#include "modules/sbom/sbom.h"

/* Modules that see what is installed. */
#define COLLECTED "host,packages,languages"

/* name, synopsis, options, flags, memory, work, facts, before */
static const struct hn_verb verbs[] = {
    {"generate", "", sbom_generate_options, 0, 0, sbom_generate, COLLECTED},
    {"convert", "FILE|-", sbom_convert_options, HN_VERB_STDIN, 0, sbom_convert},
    {"diff", "A B", sbom_diff_options, HN_VERB_CSV | HN_VERB_LINES, 0, sbom_diff},
    {"check", "FILE|DIR|- …", sbom_check_options, HN_VERB_STDIN, BILL_MEMORY, sbom_check},
    {"show", "FILE|DIR|- …", sbom_show_options, HN_VERB_STDIN, BILL_MEMORY, sbom_show},
    {"why", "FILE|DIR|- …", sbom_why_options, HN_VERB_STDIN, BILL_MEMORY, sbom_why},
    {"quality", "FILE|DIR|- …", sbom_quality_options, HN_VERB_STDIN | HN_VERB_CSV | HN_VERB_LINES, 0, sbom_quality},
    {"match", "[FILE|DIR|- …]", sbom_match_options, HN_VERB_ELSE | HN_VERB_BARE | HN_VERB_CSV | HN_VERB_LINES,
     (size_t)8 << 30, sbom_match, COLLECTED, sbom_index_before},
    {"parts", "FILE|-", sbom_parts_options, HN_VERB_STDIN, BILL_MEMORY, sbom_parts_list},
    {"vex-list", "FILE|DIR|- …", sbom_vex_list_options, HN_VERB_STDIN | HN_VERB_CSV, BILL_MEMORY, sbom_vex_list},
    {"vex-merge", "FILE|DIR|- …", sbom_vex_merge_options, HN_VERB_STDIN, BILL_MEMORY, sbom_vex_write},
    {"vex-convert", "FILE|-", sbom_vex_convert_options, HN_VERB_STDIN, BILL_MEMORY, sbom_vex_write},
    {"judge", "ROWS|-", sbom_judge_options, HN_VERB_STDIN, (size_t)16 << 30, sbom_judge},
    {0},
};

static const struct hn_kind kinds[] = {{0}};

static const struct hn_rule rules[] = {{"vulnerable", HN_SEV_MEDIUM, HN_CLASS_VULNERABILITY, NULL}, {0}};

static const char *const needs[] = {"host.os", "packages.package", NULL};

const struct hn_module hn_module_sbom = {
    .name = "sbom",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .judge = sbom_host_judge,
    .verbs = verbs,
    .reads_xml = true,
};
