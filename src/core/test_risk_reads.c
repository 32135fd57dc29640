/* What the risk engine reads exists: the declarations that its tests are made of are held against the real modules. A
 * field that a module renames breaks this test, not silently the join. */
#define WORLD_REAL_REGISTRY
#include "test_world.h"

static void check_module(const struct hn_module *want)
{
    const struct hn_module *real = hn_module_find(hn_str_c(want->name));
    NOTE("module %s", want->name);
    CHECK(real);
    for (const struct hn_kind *k = want->kinds; k->name; k++) {
        const struct hn_kind *rk = hn_kind_find(real, hn_str_c(k->name));
        NOTE("kind %s.%s", want->name, k->name);
        CHECK(rk);
        for (const struct hn_field *f = k->fields; f->name; f++) {
            int at = hn_field_find(rk, hn_str_c(f->name));
            NOTE("field %s.%s.%s", want->name, k->name, f->name);
            CHECK(at >= 0);
            CHECK_INT(rk->fields[at].type, f->type);
            CHECK_INT(rk->fields[at].ref, f->ref);
        }
    }
}

TEST(the_modules_have_what_the_join_reads)
{
    check_module(&world_m_packages);
    STOP_IF_FAILED();
    check_module(&world_m_processes);
    STOP_IF_FAILED();
    check_module(&world_m_sockets);
    STOP_IF_FAILED();
    check_module(&world_m_backup);
}

/* Kinds whose subject others refer to by meaning. */
TEST(the_subjects_of_the_join_exist)
{
    static const char *const subjects[][2] = {{"packages", "package"},
                                              {"processes", "process"},
                                              {"sockets", "listener"},
                                              {"services", "unit"},
                                              {"accounts", "account"}};
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        const struct hn_module *m = hn_module_find(hn_str_c(subjects[i][0]));
        NOTE("%s.%s", subjects[i][0], subjects[i][1]);
        CHECK(m && hn_kind_find(m, hn_str_c(subjects[i][1])));
    }
}

/* Every term that the policy weighs has a sentence, and every finding kind its three texts, in both languages. */
TEST(every_kind_of_finding_has_its_texts)
{
    static const char *const texts[] = {"title", "why", "fix"};
    char key[200];
    for (size_t i = 0; i < hn_modules_n; i++)
        for (const struct hn_rule *r = hn_modules[i]->rules; r && r->id; r++)
            for (size_t t = 0; t < 3; t++) {
                snprintf(key, sizeof key, "%s.%s.%s", hn_modules[i]->name, r->id, texts[t]);
                NOTE("%s", key);
                CHECK(hn_text_find(HN_EN, key) && hn_text_find(HN_JA, key));
            }
}
