/* Verbs that modules declare: arguments checked against the declaration, the work done by a worker (core/work.h). */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/keep.h"
#include "core/registry.h"
#include "core/work_front.h"

#define OPTIONS_MAX 256u
#define WORDS_MAX   100000u

/* Understood by the front itself, for every verb. */
static const struct hn_verb_option own[] = {
    {"no-store", HN_OPT_SWITCH, NULL}, {"org", HN_OPT_STR, "ID"}, {"policy", HN_OPT_STR, "FILE"}, {0}};

struct call {
    struct hn_front front;
    struct hn_front_option options[OPTIONS_MAX];
    const char **words;
    bool no_store;
    const char *policy_path;
    struct cli_keep keep;
    struct hn_policy *policy;
    size_t findings, runs;
    struct hn_err failed; /* of the store */
    struct hn_diag why;
};

const struct hn_module *cli_module_of(const char *name)
{
    const struct hn_module *m = name ? hn_module_find(hn_str_c(name)) : NULL;
    return m && m->verbs ? m : NULL;
}

const struct hn_verb *cli_module_verb_find(const char *module, const char *verb)
{
    const struct hn_module *m = cli_module_of(module);
    for (const struct hn_verb *v = m ? m->verbs : NULL; v && v->name && verb; v++)
        if (strcmp(v->name, verb) == 0)
            return v;
    return NULL;
}

/* "sbom vex list …" → "sbom vex-list …" */
bool cli_module_join(char **argv)
{
    static char joined[64];
    if (!cli_module_of(argv[0]) ||
        (size_t)snprintf(joined, sizeof joined, "%s-%s", argv[1], argv[2]) >= sizeof joined ||
        !cli_module_verb_find(argv[0], joined))
        return false;
    argv[1] = joined;
    for (char **p = argv + 2; *p; p++)
        *p = p[1];
    return true;
}

/* ---------------------------------------------------------------- arguments */

static const struct hn_verb_option *find(const struct hn_verb_option *o, struct hn_str name)
{
    for (; o && o->name; o++)
        if (hn_str_eqc(name, o->name))
            return o;
    return NULL;
}

static bool good_value(const struct hn_verb_option *o, const char *value)
{
    int64_t i;
    hn_time t;
    char *end;
    struct hn_str s;
    if (!hn_str_from_utf8(hn_bytes_of(value, strlen(value)), &s))
        return o->type == HN_OPT_INPUT || o->type == HN_OPT_FOLLOW || o->type == HN_OPT_OUTPUT ||
               o->type == HN_OPT_REPORT;
    switch (o->type) {
    case HN_OPT_INT:
        return hn_str_i64(s, &i) && (!(o->least || o->most) || (i >= o->least && i <= o->most));
    case HN_OPT_NUM:
        errno = 0;
        return s.n && isfinite(strtod(value, &end)) && !*end && !errno;
    case HN_OPT_TIME:
        return hn_time_parse(s, &t);
    case HN_OPT_STR:
        return !o->enums || hn_str_is_word_of(s, hn_str_c(o->enums));
    default:
        return s.n > 0;
    }
}

static int unknown(const struct call *c, struct hn_str name)
{
    const char *names[OPTIONS_MAX];
    size_t n = 0;
    for (const struct hn_verb_option *o = c->front.verb->options; o && o->name && n < OPTIONS_MAX - 3; o++)
        names[n++] = o->name;
    for (const struct hn_verb_option *o = own; o->name; o++)
        names[n++] = o->name;
    return cli_unknown_option(name, names, n);
}

static void take_own(struct call *c, const struct hn_verb_option *o, const char *value)
{
    if (o == &own[0])
        c->no_store = true;
    else if (o == &own[1])
        c->keep.org = value;
    else
        c->policy_path = value;
}

/* d does not take this value; NULL: none was given. */
static int refuse_value(const char *option, const struct hn_verb_option *d, const char *value)
{
    char least[24], most[24];
    snprintf(least, sizeof least, "%" PRId64, d->least);
    snprintf(most, sizeof most, "%" PRId64, d->most);
    if (!value)
        cli_error("cli.error.value", "option", option, NULL);
    else if (d->type == HN_OPT_INT && d->most)
        cli_error("cli.error.value-range", "option", option, "least", least, "most", most, "value", value, NULL);
    else
        cli_error("cli.error.value-bad", "option", option, "value", value, NULL);
    return CLI_USAGE;
}

static int take_option(struct call *c, int argc, char **argv, int *i)
{
    const char *arg = strcmp(argv[*i], "-o") == 0 ? "output" : argv[*i] + 2, *eq = strchr(arg, '=');
    struct hn_str name = {arg, eq ? (size_t)(eq - arg) : strlen(arg)};
    const struct hn_verb_option *o = find(c->front.verb->options, name), *mine = o ? NULL : find(own, name);
    const char *value = eq ? eq + 1 : NULL;
    const struct hn_verb_option *d = o ? o : mine;
    char option[80];
    if (!d)
        return unknown(c, name);
    snprintf(option, sizeof option, "--%s", d->name);
    if (d->type != HN_OPT_SWITCH && !value && *i + 1 < argc)
        value = argv[++*i];
    if (d->type == HN_OPT_SWITCH ? value != NULL : !value || !good_value(d, value))
        return refuse_value(option, d, value);
    bool again = false;
    for (size_t k = 0; o && !o->many && k < c->front.n_options; k++)
        again = again || c->options[k].o == o;
    if (again || c->front.n_options == OPTIONS_MAX) {
        cli_error(again ? "cli.error.twice" : "cli.error.too-many", "option", option, NULL);
        return CLI_USAGE;
    }
    if (mine)
        take_own(c, mine, value);
    else
        c->options[c->front.n_options++] = (struct hn_front_option){o, value};
    return CLI_OK;
}

static int take_args(struct call *c, int argc, char **argv)
{
    bool only_words = false;
    struct hn_str s;
    for (int i = 0; i < argc; i++) {
        bool dashed = strncmp(argv[i], "--", 2) == 0 || strcmp(argv[i], "-o") == 0;
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && dashed) {
            int rc = take_option(c, argc, argv, &i);
            if (rc != CLI_OK)
                return rc;
        } else if ((c->front.verb->flags & HN_VERB_WORDS) &&
                   !hn_str_from_utf8(hn_bytes_of(argv[i], strlen(argv[i])), &s)) {
            cli_error("cli.error.extra", "word", argv[i], NULL);
            return CLI_USAGE;
        } else {
            c->words[c->front.n_words++] = argv[i];
        }
    }
    return CLI_OK;
}

/* A verb that asks where addresses are gets the files of network.places unless others were named. */
static bool take_places(struct call *c, struct hn_arena *a)
{
    const struct hn_verb_option *geo = find(c->front.verb->options, HN_STR("geo"));
    const struct hn_str *files;
    for (size_t i = 0; geo && i < c->front.n_options; i++)
        geo = c->options[i].o == geo ? NULL : geo;
    size_t n = geo ? hn_config_list(cli.conf, "network.places", &files) : 0;
    for (size_t i = 0; i < n && c->front.n_options < OPTIONS_MAX; i++) {
        struct hn_front_option o = {geo, hn_arena_cstr(a, files[i])};
        if (!o.value)
            return false;
        c->options[c->front.n_options++] = o;
    }
    return true;
}

/* ---------------------------------------------------------------- what the worker found */

static struct hn_err keep_run(struct call *c, struct hn_bytes document, struct hn_diag *d)
{
    if (!c->keep.client)
        HN_TRY(cli_keep_open(&c->keep, d));
    if (!c->policy)
        HN_TRY(hn_policy_load(c->policy_path, &c->policy, d));
    struct hn_run *r = hn_run_new();
    if (!r)
        return hn_fail(d, HN_E_NOMEM, "run");
    struct hn_err e = hn_run_read(r, document, d);
    if (hn_ok(e))
        e = cli_keep_resolve(&c->keep, r, d);
    if (hn_ok(e))
        e = hn_run_judge(r, c->policy, d);
    if (hn_ok(e))
        e = cli_keep_put(&c->keep, r, c->policy, d);
    c->findings += r->judged.n;
    c->runs++;
    hn_run_free(r);
    return e;
}

static struct hn_err on_run(void *arg, struct hn_bytes document)
{
    struct call *c = arg;
    struct hn_diag d = {{0}};
    if (c->no_store)
        return HN_OK;
    struct hn_err e = keep_run(c, document, &d);
    if (!hn_ok(e) && hn_ok(c->failed)) {
        c->failed = e;
        c->why = d;
    }
    return e;
}

static void on_progress(void *arg, uint64_t done, uint64_t total, struct hn_str what)
{
    if (total)
        cli_progress("%3.0f%%  %.*s", 100.0 * (double)done / (double)total, HN_FMT(what));
    else
        cli_progress("%llu  %.*s", (unsigned long long)done, HN_FMT(what));
}

static enum hn_work_form form(const struct hn_verb *v)
{
    enum hn_work_form lines = v->flags & HN_VERB_LINES ? HN_FORM_JSONL : HN_FORM_JSON;
    return cli.json ? HN_FORM_JSON : cli.jsonl ? lines : cli.csv ? HN_FORM_CSV : HN_FORM_TEXT;
}

static int run(struct call *c)
{
    struct hn_diag d = {{0}};
    int rc = CLI_FAILURE;
    pid_t beside = c->no_store ? 0 : cli_beside_start(&c->front, c->keep.org, c->policy_path);
    struct hn_err e = hn_front_run(&c->front, &rc, &d);
    cli_beside_end(beside);
    cli_progress(NULL);
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        rc = hn_err_exit(e);
    } else if (!hn_ok(c->failed)) {
        cli_fail(c->failed, &c->why);
        rc = CLI_FAILURE;
    }
    return rc;
}

int cli_module_run(int argc, char **argv)
{
    struct call c = {.front = {.module = cli_module_of(argv[0]),
                               .verb = cli_module_verb_find(argv[0], argv[1]),
                               .lang = (int)cli.lang,
                               .columns = cli.columns,
                               .progress = isatty(STDERR_FILENO) && !cli.quiet,
                               .home = cli.home,
                               .on_run = on_run,
                               .on_progress = on_progress},
                     .policy_path = cli_conf_path("policy"),
                     .keep = {.origin = argv[0]}};
    struct hn_arena a;
    hn_arena_init(&a, 64u << 20);
    c.words = hn_arena_alloc(&a, ((size_t)argc + 1) * sizeof *c.words);
    c.front.arg = &c;
    c.front.form = form(c.front.verb);
    c.front.options = c.options;
    c.front.words = c.words;
    int rc = c.words ? take_args(&c, argc - 2, argv + 2) : CLI_FAILURE;
    bool needs = !(c.front.verb->flags & (HN_VERB_WORDS | HN_VERB_STDIN | HN_VERB_SERVES | HN_VERB_FOLDER));
    if (rc == CLI_OK && needs && !c.front.verb->facts && !c.front.n_words) {
        cli_error("cli.error.missing", "word", c.front.verb->synopsis, NULL);
        rc = CLI_USAGE;
    }
    if (rc == CLI_OK && c.front.form == HN_FORM_CSV && !(c.front.verb->flags & HN_VERB_CSV)) {
        cli_error("cli.error.no-csv", NULL);
        rc = CLI_USAGE;
    }
    if (rc == CLI_OK)
        rc = take_places(&c, &a) ? run(&c) : CLI_FAILURE;
    cli_keep_close(&c.keep);
    hn_policy_free(c.policy);
    hn_arena_done(&a);
    return rc;
}

/* ---------------------------------------------------------------- help */

static const char *text(const char *module, const char *kind, const char *name, const char *rest)
{
    char key[200];
    snprintf(key, sizeof key, "%s.%s.%s%s", module, kind, name, rest);
    return hn_text_find(cli.lang, key);
}

/* m: NULL for the options of the front. */
static const char *option_doc(const struct hn_module *m, const struct hn_verb_option *o)
{
    const char *doc = m ? text(m->name, "opt", o->name, "") : NULL;
    return doc ? doc : cli_option_doc(o->name);
}

static void help_options(const struct hn_module *m, const struct hn_verb_option *o)
{
    for (; o && o->name; o++) {
        char left[96];
        const char *doc = option_doc(m, o);
        snprintf(left, sizeof left, "    --%s%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "",
                 o->many ? " …" : "");
        printf("  %-28s %s\n", left, doc ? doc : "");
        if (o->enums)
            printf("  %-28s (%s)\n", "", o->enums);
    }
}

bool cli_module_help(const struct hn_module *m, const char *only)
{
    bool any = false;
    for (const struct hn_verb *v = m->verbs; v && v->name; v++) {
        const char *doc = text(m->name, "verb", v->name, ""), *example = text(m->name, "verb", v->name, ".example");
        if (only && strcmp(only, v->name) != 0)
            continue;
        any = true;
        printf("  hinomi %s %s %s\n      %s\n", m->name, v->name, v->synopsis ? v->synopsis : "", doc ? doc : "");
        help_options(m, v->options);
        if (example)
            printf("      %s\n", example);
        putchar('\n');
    }
    if (any)
        help_options(NULL, own);
    return any;
}

static void man_options(const struct hn_module *m, const struct hn_verb_option *o)
{
    puts(".RS");
    for (; o && o->name; o++)
        cli_man_option(o->name, o->value, option_doc(m, o), o->enums);
    puts(".RE");
}

void cli_module_man(const struct hn_module *m)
{
    for (const struct hn_verb *v = m->verbs; v && v->name; v++) {
        const char *doc = text(m->name, "verb", v->name, "");
        char line[256];
        snprintf(line, sizeof line, "hinomi %s %s %s", m->name, v->name, v->synopsis ? v->synopsis : "");
        fputs(".TP\n.B ", stdout);
        cli_put_roff(line);
        cli_put_roff(doc ? doc : "");
        man_options(m, v->options);
    }
    man_options(NULL, own);
}

void cli_module_complete(const struct hn_module *m)
{
    for (const struct hn_verb *v = m->verbs; v && v->name; v++) {
        printf("%s ", v->name);
        for (const struct hn_verb_option *o = v->options; o && o->name; o++)
            printf("--%s ", o->name);
    }
    for (const struct hn_verb_option *o = own; o->name; o++)
        printf("--%s ", o->name);
}

void cli_module_complete_values(const struct hn_module *m)
{
    for (const struct hn_verb *v = m->verbs; v && v->name; v++)
        for (const struct hn_verb_option *o = v->options; o && o->name; o++)
            if (o->enums)
                printf("    '%s %s --%s') only='%s' ;;\n", m->name, v->name, o->name, o->enums);
}
