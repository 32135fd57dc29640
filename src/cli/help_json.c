/* hinomi help --json: the tables of verbs and operations for scripts, editors and our own tests. */
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/ops.h"
#include "core/registry.h"
#include "core/work.h"

struct help {
    struct hn_jw w;
    struct hn_arena a;
};

static void put_text(struct help *h, const char *name, const char *key)
{
    if (hn_text_find(HN_EN, key))
        hn_jw_ktext(&h->w, &h->a, name, key, NULL);
}

static void put_option(struct help *h, const char *name, bool value, bool required)
{
    char dashed[66] = "--";

    cli_dashed(dashed + 2, name);
    hn_jw_obj(&h->w);
    hn_jw_kc(&h->w, "name", dashed);
    hn_jw_kbool(&h->w, "value", value);
    hn_jw_kbool(&h->w, "required", required);
    hn_jw_obj_end(&h->w);
}

static void put_positional(struct help *h, const struct cli_use *u)
{
    struct hn_str rest = hn_str_c(u->positional), word;

    hn_jw_key(&h->w, "positional");
    hn_jw_arr(&h->w);
    while (hn_str_word(&rest, &word))
        hn_jw_str(&h->w, word);
    hn_jw_arr_end(&h->w);
}

static void put_use(struct help *h, const struct cli_use *u)
{
    const struct hn_op *op = hn_op_find(hn_str_c(u->op));

    hn_jw_obj(&h->w);
    hn_jw_kc(&h->w, "name", u->name);
    put_positional(h, u);
    hn_jw_key(&h->w, "options");
    hn_jw_arr(&h->w);
    for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++)
        if (!cli_use_positional(u, p->name))
            put_option(h, p->name, p->type != HN_PT_BOOL, p->required);
    hn_jw_arr_end(&h->w);
    hn_jw_kbool(&h->w, "changes", op && (op->flags & HN_OP_CHANGES));
    hn_jw_kc(&h->w, "operation", u->op);
    if (op && op->answer)
        hn_jw_kc(&h->w, "schema", op->answer);
    hn_jw_obj_end(&h->w);
}

static void put_examples(struct help *h, const char *verb)
{
    char key[128];

    hn_jw_key(&h->w, "examples");
    hn_jw_arr(&h->w);
    for (unsigned i = 1; i < 9; i++) {
        snprintf(key, sizeof key, "cli.%.64s.example.%u", verb, i);
        if (!hn_text_find(HN_EN, key))
            break;
        hn_jw_text(&h->w, &h->a, key, NULL);
    }
    hn_jw_arr_end(&h->w);
}

static void put_module_verbs(struct help *h, const struct hn_module *m)
{
    char key[200];

    hn_jw_key(&h->w, "work"); /* verbs that a module declares and a worker carries out */
    hn_jw_arr(&h->w);
    for (const struct hn_verb *v = m->verbs; v->name; v++) {
        hn_jw_obj(&h->w);
        hn_jw_kc(&h->w, "name", v->name);
        snprintf(key, sizeof key, "%s.verb.%s", m->name, v->name);
        put_text(h, "summary", key);
        snprintf(key, sizeof key, "%s.verb.%s.example", m->name, v->name);
        put_text(h, "example", key);
        hn_jw_kc(&h->w, "synopsis", v->synopsis ? v->synopsis : "");
        hn_jw_key(&h->w, "options");
        hn_jw_arr(&h->w);
        for (const struct hn_verb_option *o = v->options; o && o->name; o++)
            put_option(h, o->name, o->type != HN_OPT_SWITCH, false);
        hn_jw_arr_end(&h->w);
        hn_jw_obj_end(&h->w);
    }
    hn_jw_arr_end(&h->w);
}

static void put_verb(struct help *h, const struct cli_verb *v)
{
    char key[128];
    const struct hn_module *m = cli_module_of(v->name);

    hn_jw_obj(&h->w);
    hn_jw_kc(&h->w, "name", v->name);
    snprintf(key, sizeof key, "cli.%.64s.summary", v->name);
    put_text(h, "summary", key);
    hn_jw_kc(&h->w, "synopsis", v->synopsis ? v->synopsis : "");
    hn_jw_key(&h->w, "options");
    hn_jw_arr(&h->w);
    for (const struct cli_option *o = v->options; o && o->name; o++)
        put_option(h, o->name, o->value != NULL, false);
    hn_jw_arr_end(&h->w);
    hn_jw_key(&h->w, "uses");
    hn_jw_arr(&h->w);
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        put_use(h, u);
    hn_jw_arr_end(&h->w);
    put_examples(h, v->name);
    if (m)
        put_module_verbs(h, m);
    hn_jw_obj_end(&h->w);
}

/* A module whose verbs no table of the command line repeats. */
static void put_module(struct help *h, const struct hn_module *m)
{
    char key[128];

    hn_jw_obj(&h->w);
    hn_jw_kc(&h->w, "name", m->name);
    snprintf(key, sizeof key, "%.64s.summary", m->name);
    put_text(h, "summary", key);
    put_module_verbs(h, m);
    hn_jw_obj_end(&h->w);
}

int cli_help_json(void)
{
    static const char *const meaning[] = {"nothing at or above the threshold", "findings", "wrong use", "failure"};
    struct help h;
    HN_AUTO(hn_buf_done) struct hn_buf b;

    hn_buf_init(&b, 4u << 20);
    hn_arena_init(&h.a, 4u << 20);
    hn_jw_init(&h.w, &b);
    hn_jw_obj(&h.w);
    hn_jw_key(&h.w, "verbs");
    hn_jw_arr(&h.w);
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        put_verb(&h, v);
    for (size_t i = 0; i < hn_modules_n; i++)
        if (hn_modules[i]->verbs && !cli_verb_find(hn_modules[i]->name))
            put_module(&h, hn_modules[i]);
    hn_jw_arr_end(&h.w);
    hn_jw_key(&h.w, "exit_codes");
    hn_jw_arr(&h.w);
    for (size_t i = 0; i < sizeof meaning / sizeof *meaning; i++)
        hn_jw_c(&h.w, meaning[i]);
    hn_jw_arr_end(&h.w);
    hn_jw_obj_end(&h.w);
    hn_buf_chr(&b, '\n');
    bool bad = h.a.failed || b.bad;
    hn_arena_done(&h.a);
    if (bad)
        return CLI_FAILURE;
    cli_out(&b);
    return CLI_OK;
}
