/* All observations of one run of one asset, in memory, indexed by kind and subject. Owner: an arena. Read-only once
 * sealed. Filled from the parser role, or from an ingested document; both are validated here against the declarations,
 * since neither is trusted. */
#pragma once

#include "base/json.h"
#include "core/module.h"

struct hn_value {
    enum hn_type type;
    bool set;
    union {              /* by type: there is one for each field of each of tens of thousands of observations */
        int64_t i;       /* INT, BOOL, TIME */
        struct hn_str s; /* STR */
        struct {         /* LIST */
            const struct hn_str *items;
            size_t n;
        };
    };
};

struct hn_obs {
    const struct hn_module *module;
    const struct hn_kind *kind;
    struct hn_str subject;
    hn_time at;          /* collected */
    bool judged;         /* a judge's conclusion; made anew by every judging */
    struct hn_value *v;  /* one per declared field */
    struct hn_obs *next; /* next of the same kind */
};

struct hn_facts;

/* Limits of one run. */
#define HN_FACTS_MAX_OBS  2000000u
#define HN_FACTS_MAX_TEXT 65536u /* bytes of one text value; longer is cut when emitted, refused when read */
/* Times of facts lie between these (1970 and 2149), so that judges may add a century to one or subtract two without
 * overflow; others are moved to the nearer end when emitted, refused when read. */
#define HN_FACTS_MIN_TIME ((hn_time)1)
#define HN_FACTS_MAX_TIME (65500 * HN_DAY)

struct hn_facts *hn_facts_new(struct hn_arena *a);
void hn_facts_free(struct hn_facts *f); /* the tables; the observations belong to the arena */
/* Adds one observation given as JSON {"module","kind","subject","at"?,"fields":{…}}. False with a reason when it does
 * not fit the declarations; the caller counts it. A second one with the same subject replaces the first. */
bool hn_facts_add_json(struct hn_facts *f, const struct hn_jv *o, hn_time at, const char **ret_why);

/* Adds an observation without fields, which the caller sets in v (one per declared field); replaces one of the same
 * subject. NULL when memory or HN_FACTS_MAX_OBS is used up. Only for what judges conclude. */
struct hn_obs *hn_facts_add(struct hn_facts *f, const struct hn_module *m, const struct hn_kind *k,
                            struct hn_str subject, hn_time at);

/* Copies what was collected by the modules that keep() names, but for what judges concluded. False: memory. */
bool hn_facts_copy(struct hn_facts *to, const struct hn_facts *from, bool (*keep)(void *arg, const struct hn_module *m),
                   void *arg);

/* kind is "packages.package". NULL when there is none. */
const struct hn_obs *hn_facts_first(const struct hn_facts *f, const char *kind);
static inline const struct hn_obs *hn_facts_next(const struct hn_obs *o)
{
    return o->next;
}
const struct hn_obs *hn_facts_find(const struct hn_facts *f, const char *kind, struct hn_str subject);
size_t hn_facts_count(const struct hn_facts *f, const char *kind);
/* Was this kind looked at in this run at all (its module ran and was not "not seen")? Missing is not fine. */
bool hn_facts_seen(const struct hn_facts *f, const char *module);
void hn_facts_mark_seen(struct hn_facts *f, const struct hn_module *m);
/* Iterates over everything, in order of arrival: *i = 0 first; NULL at the end. */
const struct hn_obs *hn_facts_at(const struct hn_facts *f, size_t i);

/* Field access by name; all accept o == NULL. Absent gives the empty/default value; hn_obs_has tells. */
bool hn_obs_has(const struct hn_obs *o, const char *field);
struct hn_str hn_obs_get(const struct hn_obs *o, const char *field);
int64_t hn_obs_get_int(const struct hn_obs *o, const char *field, int64_t dflt);
bool hn_obs_get_bool(const struct hn_obs *o, const char *field, bool dflt);
hn_time hn_obs_get_time(const struct hn_obs *o, const char *field);
size_t hn_obs_get_list(const struct hn_obs *o, const char *field, const struct hn_str **ret);
bool hn_obs_list_has(const struct hn_obs *o, const char *field, struct hn_str item);

/* The same JSON as read by hn_facts_add_json; scope: of the run's, when the module covered two; else empty. */
void hn_jw_obs(struct hn_jw *w, const struct hn_obs *o, struct hn_str scope);

#define HN_FACTS_EACH(var, facts, kindname)                                                                            \
    for (const struct hn_obs *var = hn_facts_first((facts), (kindname)); var; var = hn_facts_next(var))
