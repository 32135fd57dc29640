#include "core/registry.h"

#include "base/str.h"

const struct hn_module *hn_module_find(struct hn_str name)
{
    for (size_t i = 0; i < hn_modules_n; i++)
        if (hn_str_eqc(name, hn_modules[i]->name))
            return hn_modules[i];
    return NULL;
}

uint64_t hn_module_bit(const struct hn_module *m)
{
    size_t i = 0;
    while (i < hn_modules_n && i < 63 && hn_modules[i] != m)
        i++;
    return UINT64_C(1) << i;
}

const struct hn_kind *hn_kind_find(const struct hn_module *m, struct hn_str name)
{
    for (const struct hn_kind *k = m->kinds; k && k->name; k++)
        if (hn_str_eqc(name, k->name))
            return k;
    return NULL;
}

const struct hn_rule *hn_rule_find(const struct hn_module *m, struct hn_str id)
{
    for (const struct hn_rule *r = m->rules; r && r->id; r++)
        if (hn_str_eqc(id, r->id))
            return r;
    return NULL;
}

int hn_field_find(const struct hn_kind *k, struct hn_str name)
{
    for (int i = 0; k->fields[i].name; i++)
        if (hn_str_eqc(name, k->fields[i].name))
            return i;
    return -1;
}

/* The linker keeps one copy of equal literals: the address alone finds what is asked for by one. */
int hn_field_named(const struct hn_kind *k, const char *name)
{
    for (int i = 0; k->fields[i].name; i++)
        if (k->fields[i].name == name)
            return i;
    return hn_field_find(k, hn_str_c(name));
}

static const char *const severity_names[] = {"info", "low", "medium", "high", "critical"};
static const char *const class_names[] = {"vulnerability", "configuration", "integrity",
                                          "resilience",    "detection",     "hygiene"};

const char *hn_severity_name(enum hn_severity s)
{
    return severity_names[s];
}

bool hn_severity_parse(struct hn_str s, enum hn_severity *ret)
{
    for (unsigned i = 0; i < sizeof severity_names / sizeof severity_names[0]; i++) {
        if (hn_str_eqc(s, severity_names[i])) {
            *ret = (enum hn_severity)i;
            return true;
        }
    }
    return false;
}

const char *hn_class_name(enum hn_class c)
{
    return class_names[c];
}
