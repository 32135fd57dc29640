/* A made-up host for tests of the risk engine: declarations like those of the real modules (test_risk_reads.c holds
 * them against the registry), observations as JSON, findings built by hand. Includes its own hn_modules, so that a test
 * does not change when a module gains a field. */
#pragma once

#include "hn_test.h"

#include "base/json.h"
#include "base/str.h"
#include "core/due.h"
#include "core/registry.h"
#include "core/render.h"
#include "core/risk.h"

static const struct hn_kind world_packages[] = {
    {"package", "name:arch",
     (const struct hn_field[]){{"name", HN_T_STR}, {"version", HN_T_STR}, {"source", HN_T_STR}, {0}}},
    {"owner", "path",
     (const struct hn_field[]){{"path", HN_T_STR, HN_REF_PATH}, {"package", HN_T_STR, HN_REF_PACKAGE}, {0}}},
    {"update", "name:arch", (const struct hn_field[]){{"package", HN_T_STR, HN_REF_PACKAGE}, {0}}},
    {0}};
static const struct hn_kind world_processes[] = {{"process", "pid:start",
                                                  (const struct hn_field[]){{"exe", HN_T_STR, HN_REF_PATH},
                                                                            {"uid", HN_T_INT},
                                                                            {"capabilities", HN_T_LIST},
                                                                            {"seccomp", HN_T_STR},
                                                                            {"no_new_privs", HN_T_BOOL},
                                                                            {"unit", HN_T_STR, HN_REF_UNIT},
                                                                            {0}}},
                                                 {"mapped", "path",
                                                  (const struct hn_field[]){{"path", HN_T_STR, HN_REF_PATH},
                                                                            {"deleted", HN_T_BOOL},
                                                                            {"executable", HN_T_BOOL},
                                                                            {"processes", HN_T_LIST, HN_REF_PROCESS},
                                                                            {"users", HN_T_INT},
                                                                            {0}}},
                                                 {0}};
static const struct hn_kind world_sockets[] = {{"listener", "proto:address:port",
                                                (const struct hn_field[]){{"proto", HN_T_STR},
                                                                          {"address", HN_T_STR},
                                                                          {"port", HN_T_INT},
                                                                          {"reach", HN_T_STR},
                                                                          {"firewall", HN_T_STR},
                                                                          {"processes", HN_T_LIST, HN_REF_PROCESS},
                                                                          {0}}},
                                               {"connection", "both ends",
                                                (const struct hn_field[]){{"listener", HN_T_STR, HN_REF_LISTENER},
                                                                          {"processes", HN_T_LIST, HN_REF_PROCESS},
                                                                          {"direction", HN_T_STR},
                                                                          {"reach", HN_T_STR},
                                                                          {"count", HN_T_INT},
                                                                          {0}}},
                                               {0}};
static const struct hn_kind world_settings[] = {
    {"setting", "name", (const struct hn_field[]){{"value", HN_T_STR}, {0}}}, {0}};
static const struct hn_kind world_backup[] = {
    {"proof", "repository", (const struct hn_field[]){{"restorable", HN_T_BOOL}, {0}}}, {0}};

static const struct hn_rule world_package_rules[] = {{"update-pending", HN_SEV_HIGH, HN_CLASS_VULNERABILITY, NULL},
                                                     {"other", HN_SEV_HIGH, HN_CLASS_VULNERABILITY, NULL},
                                                     {0}};
static const struct hn_rule world_setting_rules[] = {{"weak", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, NULL}, {0}};

static const struct hn_module world_m_packages = {
    .name = "packages", .kinds = world_packages, .rules = world_package_rules};
static const struct hn_module world_m_processes = {.name = "processes", .kinds = world_processes};
static const struct hn_module world_m_sockets = {.name = "sockets", .kinds = world_sockets};
static const struct hn_module world_m_config = {
    .name = "config", .kinds = world_settings, .rules = world_setting_rules};
static const struct hn_module world_m_backup = {.name = "backup", .kinds = world_backup};

#ifndef WORLD_REAL_REGISTRY
const struct hn_module *const hn_modules[] = {&world_m_packages, &world_m_processes, &world_m_sockets, &world_m_config,
                                              &world_m_backup};
const size_t hn_modules_n = 5;
#endif

#define WORLD_NOW     ((hn_time)1795323600 * HN_SECOND) /* 2026-11-22T05:00:00Z */
#define WORLD_MODULES 5

struct world {
    struct hn_arena arena;
    struct hn_facts *facts;
    struct hn_policy *policy;
    struct hn_risk_cover cover[WORLD_MODULES];
    double criticality;
    struct hn_finding *first, *last;
    bool bad;
};

static inline void world_init(struct world *w)
{
    static const char *const names[] = {"packages", "processes", "sockets", "config", "backup"};
    *w = (struct world){0};
    hn_arena_init(&w->arena, (size_t)256 << 20);
    w->facts = hn_facts_new(&w->arena);
    w->bad = !w->facts || !hn_ok(hn_policy_load(NULL, &w->policy, NULL));
    for (size_t i = 0; i < WORLD_MODULES; i++)
        w->cover[i] = (struct hn_risk_cover){hn_str_c(names[i]), true, true, true};
}

static inline void world_done(struct world *w)
{
    hn_facts_free(w->facts);
    hn_policy_free(w->policy);
    hn_arena_done(&w->arena);
}

/* json: {"module","kind","subject","fields"}; single quotes stand for double ones. */
static inline void world_add(struct world *w, const char *json)
{
    struct hn_str copy = hn_arena_str(&w->arena, hn_str_c(json));
    const char *why = NULL;
    for (char *p = (char *)(uintptr_t)copy.p; p && *p; p++)
        *p = *p == '\'' ? '"' : *p;
    const struct hn_jv *v = hn_jv_parse(&w->arena, hn_str_bytes(copy), NULL);
    if (w->facts && v && hn_facts_add_json(w->facts, v, WORLD_NOW, &why))
        return;
    w->bad = true;
    if (w->facts && !w->arena.failed)
        printf("# not added: %s (%s)\n", json, why ? why : "not JSON");
}

static inline struct hn_finding *world_find(struct world *w, const struct hn_module *m, const char *rule)
{
    static struct hn_finding none;
    struct hn_finding *f = HN_NEW(&w->arena, struct hn_finding);
    if (!f) {
        w->bad = true;
        return &none;
    }
    f->module = m;
    f->rule = hn_rule_find(m, hn_str_c(rule));
    f->severity = f->rule->severity;
    f->confidence = 100;
    snprintf(f->id, sizeof f->id, "%032u", w->last ? (unsigned)strtoul(w->last->id, NULL, 10) + 1 : 1);
    f->cause = hn_str_c(f->id);
    if (w->last)
        w->last->next = f;
    else
        w->first = f;
    w->last = f;
    return f;
}

static inline void world_about(struct world *w, struct hn_finding *f, enum hn_ref ref, const char *value)
{
    struct hn_about *b = HN_NEW(&w->arena, struct hn_about);
    if (!b) {
        w->bad = true;
        return;
    }
    *b = (struct hn_about){ref, hn_str_c(value), f->about};
    f->about = b;
}

static inline void world_param(struct world *w, struct hn_finding *f, const char *name, const char *value)
{
    struct hn_param *p = HN_NEW(&w->arena, struct hn_param);
    if (!p) {
        w->bad = true;
        return;
    }
    *p = (struct hn_param){name, hn_str_c(value), f->params};
    f->params = p;
}

static inline void world_term(struct world *w, struct hn_finding *f, const char *name)
{
    struct hn_term *t = HN_NEW(&w->arena, struct hn_term);
    if (!t) {
        w->bad = true;
        return;
    }
    *t = (struct hn_term){.name = name, .seen = true, .next = f->extra_terms};
    f->extra_terms = t;
}

/* seen: modules that were looked at are marked so, as a run does. */
void hn_facts_mark_seen(struct hn_facts *f, const struct hn_module *m);

static inline bool world_rank(struct world *w)
{
    struct hn_risk_in in = {.facts = w->facts,
                            .policy = w->policy,
                            .cover = w->cover,
                            .n_cover = WORLD_MODULES,
                            .criticality = w->criticality,
                            .now = WORLD_NOW};
    if (w->bad)
        return false;
    for (size_t i = 0; i < WORLD_MODULES && i < hn_modules_n; i++)
        if (w->cover[i].live)
            hn_facts_mark_seen(w->facts, hn_modules[i]);
    return hn_ok(hn_risk_rank(&in, &w->arena, w->first, NULL));
}

static inline const struct hn_term *world_has(const struct hn_finding *f, const char *name)
{
    for (const struct hn_term *t = f->terms; t; t = t->next)
        if (t->seen && strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

static inline const struct hn_jv *world_json(struct world *w, const struct hn_finding *f)
{
    struct hn_buf b;
    struct hn_jw jw;
    hn_buf_init(&b, (size_t)8 << 20);
    hn_jw_init(&jw, &b);
    hn_finding_json(&jw, &w->arena, f, w->policy, true);
    struct hn_str s = hn_arena_str(&w->arena, hn_buf_text(&b));
    hn_buf_done(&b);
    return hn_jv_parse(&w->arena, hn_str_bytes(s), NULL);
}
