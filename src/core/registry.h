/* Every module that is built in, from modules.def. */
#pragma once

#include "core/module.h"

#define HN_MODULE(name) extern const struct hn_module hn_module_##name;
#include "core/modules.def"
#undef HN_MODULE

extern const struct hn_module *const hn_modules[];
extern const size_t hn_modules_n;

const struct hn_module *hn_module_find(struct hn_str name);
const struct hn_kind *hn_kind_find(const struct hn_module *m, struct hn_str name);
const struct hn_rule *hn_rule_find(const struct hn_module *m, struct hn_str id);
/* Its bit in a set of modules. Those beyond the 63rd share one: such a set may name too many, never too few. */
uint64_t hn_module_bit(const struct hn_module *m);
/* Index of the field, or -1. */
int hn_field_find(const struct hn_kind *k, struct hn_str name);
int hn_field_named(const struct hn_kind *k, const char *name); /* a literal: faster */
const char *hn_severity_name(enum hn_severity s);              /* "info" … "critical" */
bool hn_severity_parse(struct hn_str s, enum hn_severity *ret);
const char *hn_class_name(enum hn_class c);
