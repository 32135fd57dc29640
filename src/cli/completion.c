/* Completion for bash, from the table of verbs, the table of operations and the verbs of modules. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "core/ops.h"
#include "core/registry.h"

static bool small(char c)
{
    return c >= 'a' && c <= 'z';
}

/* "backup FILE|restore FILE|check": the words that the alternatives begin with. */
static void put_synopsis_words(const char *synopsis)
{
    struct hn_str rest = hn_str_c(synopsis), one, word;
    while (hn_str_split(&rest, '|', &one))
        if (hn_str_word(&one, &word) && small(word.p[0]))
            printf("%.*s ", HN_FMT(word));
}

static void put_use_words(const struct cli_use *u)
{
    const struct hn_op *op = hn_op_find(hn_str_c(u->op));
    printf("%s ", u->name);
    for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++) {
        char name[64];
        cli_dashed(name, p->name);
        if (!cli_use_positional(u, p->name))
            printf("--%s ", name);
    }
}

static void put_verb_words(const struct cli_verb *v)
{
    printf("    %s) words='", v->name);
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        put_use_words(u);
    if (v->run)
        put_synopsis_words(v->synopsis);
    for (const struct cli_option *o = v->options; o && o->name; o++)
        printf("--%s ", o->name);
    if (cli_module_of(v->name))
        cli_module_complete(cli_module_of(v->name));
    printf("' ;;\n");
}

/* What an option of a use takes when it is one of several words; the first use is also meant when none is named. */
static void put_use_values(const struct cli_verb *v, const struct cli_use *u)
{
    const struct hn_op *op = hn_op_find(hn_str_c(u->op));
    for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++) {
        char name[64];
        if (!p->enums || cli_use_positional(u, p->name))
            continue;
        cli_dashed(name, p->name);
        printf("    '%s %s --%s'", v->name, u->name, name);
        if (u == v->uses && !v->run)
            printf("|'%s  --%s'", v->name, name);
        printf(") only='%s' ;;\n", p->enums);
    }
}

/* The words that an option takes, "|" between them; NULL: anything. */
static const char *option_words(const struct cli_option *o)
{
    if (!o->value || strcmp(o->value, "SEVERITY") == 0)
        return o->value ? "info|low|medium|high|critical" : NULL;
    return small(o->value[0]) ? o->value : NULL;
}

static void put_verb_values(const struct cli_verb *v)
{
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        put_use_values(v, u);
    if (cli_module_of(v->name))
        cli_module_complete_values(cli_module_of(v->name));
    for (const struct cli_option *o = v->options; o && o->name; o++) {
        struct hn_str rest = hn_str_c(option_words(o)), word;
        if (!rest.n)
            continue;
        printf("    '%s '*' --%s') only='", v->name, o->name);
        while (hn_str_split(&rest, '|', &word))
            printf("%.*s ", HN_FMT(word));
        printf("' ;;\n");
    }
}

/* Bash gives "--severity=hi" as three words. */
static const char head[] = "# bash completion for hinomi; made by `hinomi -x completion`\n"
                           "_hinomi() {\n"
                           "    local words='' only='' use=${COMP_WORDS[2]-}\n"
                           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                           "    [ \"$word\" = = ] && word=''\n"
                           "    [ \"$before\" = = ] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
                           "    case $use in -*) use='' ;; esac\n"
                           "    case ${COMP_WORDS[1]-} in\n";

int cli_completion(int argc, char **argv)
{
    const struct hn_module *m;
    fputs(head, stdout);
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        put_verb_words(v);
    for (size_t i = 0; (m = cli_module_alone(&i));) {
        printf("    %s) words='", m->name);
        cli_module_complete(m);
        printf("' ;;\n");
    }
    printf("    esac\n    case \"${COMP_WORDS[1]-} $use $before\" in\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        put_verb_values(v);
    for (size_t i = 0; (m = cli_module_alone(&i));)
        cli_module_complete_values(m);
    printf("    *' --lang') only='en ja' ;;\n    esac\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        printf("%s ", v->name);
    for (size_t i = 0; (m = cli_module_alone(&i));)
        printf("%s ", m->name);
    printf("'\n    else\n        words=\"${only:-$words");
    for (const char *const *g = cli_global_options; *g; g++)
        printf(" --%s", *g);
    printf("}\"\n    fi\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
           "complete -o default -F _hinomi hinomi\n");
    return CLI_OK;
}
