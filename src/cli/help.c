/* Help, man page and completion, all from the table of verbs and the table of operations. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "core/ops.h"
#include "core/registry.h"

/* The text "cli.<name><suffix>". */
static const char *text(const char *name, const char *suffix)
{
    char key[256];
    snprintf(key, sizeof key, "cli.%.100s%s", name, suffix);
    return hn_text_find(cli.lang, key);
}

static const char *option_text(const char *name)
{
    char key[256];
    snprintf(key, sizeof key, "opt.%.128s", name);
    return text(key, "");
}

static void put_padded(const char *s, size_t width)
{
    fputs(s, stdout);
    for (size_t n = hn_term_width(hn_str_c(s)); n < width; n++)
        putchar(' ');
}

static void dashed(char out[64], const char *name)
{
    size_t n = 0;
    for (; name[n] && n < 63; n++)
        out[n] = name[n] == '_' ? '-' : name[n];
    out[n] = 0;
}

static void put_line(const char *left, const char *right)
{
    fputs("  ", stdout);
    put_padded(left, 28);
    printf(" %s\n", right ? right : "");
}

static bool in_words(const char *words, const char *name)
{
    struct hn_str rest = hn_str_c(words), w;
    while (hn_str_word(&rest, &w))
        if (hn_str_eqc(w, name))
            return true;
    return false;
}

/* The meaning of a parameter: its own text if there is one, else the line of the operation's table. */
static const char *param_doc(const struct hn_op_param *p)
{
    const char *t = option_text(p->name);
    return t ? t : p->doc;
}

static void help_use(const struct cli_verb *v, const struct cli_use *u)
{
    const struct hn_op *op = hn_op_find(hn_str_c(u->op));
    printf("  hinomi %s %s", v->name, u->name);
    struct hn_str rest = hn_str_c(u->positional), w;
    while (hn_str_word(&rest, &w)) {
        putchar(' ');
        for (size_t i = 0; i < w.n; i++)
            putchar(w.p[i] >= 'a' && w.p[i] <= 'z' ? w.p[i] - 32 : w.p[i]);
    }
    putchar('\n');
    for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++) {
        char name[64], left[160];
        if (in_words(u->positional ? u->positional : "", p->name))
            continue;
        dashed(name, p->name);
        snprintf(left, sizeof left, "    --%s%s", name, p->type == HN_PT_BOOL ? "" : " …");
        put_line(left, param_doc(p));
        if (p->enums)
            printf("  %-28s (%s)\n", "", p->enums);
    }
}

static void help_verb(const struct cli_verb *v)
{
    char key[256];
    const char *t;
    printf("hinomi %s – %s\n\n", v->name, text(v->name, ".summary"));
    t = text(v->name, ".about");
    if (t)
        printf("%s\n\n", t);
    if (v->run)
        printf("  hinomi %s %s\n", v->name, v->synopsis);
    for (const struct cli_option *o = v->options; o && o->name; o++) {
        char left[96];
        snprintf(left, sizeof left, "    --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        put_line(left, option_text(o->name));
    }
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        help_use(v, u);
    if (cli_module_of(v->name))
        cli_module_help(cli_module_of(v->name));
    for (unsigned i = 1; i < 9; i++) {
        snprintf(key, sizeof key, "cli.%s.example.%u", v->name, i);
        t = hn_text_find(cli.lang, key);
        if (!t)
            break;
        printf("%s  %s\n", i == 1 ? "\n" : "", t);
    }
}

/* A module whose verbs no table of the command line repeats. */
static const struct hn_module *module_alone(size_t *i)
{
    while (*i < hn_modules_n) {
        const struct hn_module *m = hn_modules[(*i)++];
        if (m->verbs && !cli_verb_find(m->name))
            return m;
    }
    return NULL;
}

static const char *module_summary(const struct hn_module *m)
{
    char key[100];
    snprintf(key, sizeof key, "%s.summary", m->name);
    return hn_text_find(cli.lang, key);
}

static const char *const globals[] = {"json", "jsonl", "csv", "lang", "home", "config", "no-color", "quiet"};

int cli_help(int argc, char **argv)
{
    const struct cli_verb *v = argc > 1 ? cli_verb_find(argv[1]) : NULL;
    const struct hn_module *m = argc > 1 && !v ? cli_module_of(argv[1]) : NULL;
    if (m) {
        const char *summary = module_summary(m);
        printf("hinomi %s – %s\n\n", m->name, summary ? summary : "");
        cli_module_help(m);
        return CLI_OK;
    }
    if (argc > 1 && !v) {
        cli_error("cli.error.verb", "word", argv[1], NULL);
        return CLI_USAGE;
    }
    if (cli.json)
        return cli_help_json();
    if (v) {
        help_verb(v);
        return CLI_OK;
    }
    printf("%s\n\n", hn_text_find(cli.lang, "cli.about"));
    for (v = cli_verbs; v->name; v++)
        put_line(v->name, text(v->name, ".summary"));
    for (size_t i = 0; (m = module_alone(&i));)
        put_line(m->name, module_summary(m));
    printf("\n%s\n", hn_text_find(cli.lang, "cli.globals"));
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s", globals[i]);
        put_line(left, option_text(globals[i]));
    }
    printf("\n%s\n", hn_text_find(cli.lang, "cli.exit"));
    return CLI_OK;
}

int cli_usage(const struct cli_verb *v)
{
    cli_error("cli.see", "verb", v->name, NULL);
    return CLI_USAGE;
}

/* ---------------------------------------------------------------- man page (man(7)) */

static void put_roff(const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
    putchar('\n');
}

static void man_verb(const struct cli_verb *v)
{
    printf(".SS hinomi %s\n", v->name);
    put_roff(text(v->name, ".summary"));
    const char *about = text(v->name, ".about");
    if (about) {
        printf(".PP\n");
        put_roff(about);
    }
    for (const struct cli_option *o = v->options; o && o->name; o++) {
        printf(".TP\n.B \\-\\-%s%s%s\n", o->name, o->value ? " " : "", o->value ? o->value : "");
        put_roff(option_text(o->name));
    }
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        printf(".TP\n.B hinomi %s %s %s\n%s\n", v->name, u->name, u->positional ? u->positional : "", " ");
    if (cli_module_of(v->name))
        cli_module_man(cli_module_of(v->name));
}

int cli_man(int argc, char **argv)
{
    printf(".TH HINOMI 1 \"\" \"hinomi %s\"\n.SH NAME\n", HN_VERSION);
    printf("hinomi \\- ");
    put_roff(hn_text_find(cli.lang, "cli.about"));
    printf(".SH SYNOPSIS\n.B hinomi\n.I VERB\n[\\-\\-json] [\\-\\-home DIR] ...\n.SH DESCRIPTION\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        man_verb(v);
    const struct hn_module *m;
    for (size_t i = 0; (m = module_alone(&i));) {
        printf(".SS hinomi %s\n", m->name);
        put_roff(module_summary(m) ? module_summary(m) : m->name);
        cli_module_man(m);
    }
    printf(".SH OPTIONS\n");
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        printf(".TP\n.B \\-\\-%s\n", globals[i]);
        put_roff(option_text(globals[i]));
    }
    printf(".SH EXIT STATUS\n");
    put_roff(hn_text_find(cli.lang, "cli.exit"));
    printf(".SH FILES\n.I /etc/hinomi/hinomi.yaml\n.br\n.I /var/lib/hinomi\n");
    return CLI_OK;
}

/* ---------------------------------------------------------------- bash completion */

static void complete_verb(const struct cli_verb *v)
{
    printf("    %s) words='", v->name);
    for (const struct cli_use *u = v->uses; u && u->name; u++) {
        const struct hn_op *op = hn_op_find(hn_str_c(u->op));
        printf("%s ", u->name);
        for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++) {
            char name[64];
            dashed(name, p->name);
            if (!in_words(u->positional ? u->positional : "", p->name))
                printf("--%s ", name);
        }
    }
    for (const struct cli_option *o = v->options; o && o->name; o++)
        printf("--%s ", o->name);
    if (cli_module_of(v->name))
        cli_module_complete(cli_module_of(v->name));
    printf("' ;;\n");
}

int cli_completion(int argc, char **argv)
{
    printf("# bash completion for hinomi; made by `hinomi -x completion`\n_hinomi() {\n    local words=''\n"
           "    case ${COMP_WORDS[1]-} in\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        complete_verb(v);
    const struct hn_module *m;
    for (size_t i = 0; (m = module_alone(&i));) {
        printf("    %s) words='", m->name);
        cli_module_complete(m);
        printf("' ;;\n");
    }
    printf("    esac\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        printf("%s ", v->name);
    for (size_t i = 0; (m = module_alone(&i));)
        printf("%s ", m->name);
    printf("'\n    else\n        words=\"$words");
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        printf(" --%s", globals[i]);
    printf("\"\n    fi\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\n"
           "complete -o default -F _hinomi hinomi\n");
    return CLI_OK;
}
