/* The tests that stand in rules/ beside each rule, compiled for test_rules. */
#pragma once

#include "modules/config/rules.h"

struct config_case {
    size_t rule; /* index in config_rule_table */
    enum config_verdict want;
    const char *facts; /* JSON array of observations */
};

extern const struct config_case config_cases[];
extern const size_t config_cases_n;
