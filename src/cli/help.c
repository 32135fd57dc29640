/* Help and the man page, from the table of verbs and the table of operations. */
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

const char *cli_option_doc(const char *name)
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

void cli_dashed(char out[64], const char *name)
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

/* The meaning of a parameter: its text in this operation, else that of its name, else the line of the operation's
 * table. */
const char *cli_param_doc(const struct cli_use *u, const struct hn_op_param *p)
{
    char name[256];
    snprintf(name, sizeof name, "%.100s.%.100s", u->op, p->name);
    const char *t = cli_option_doc(name);
    if (!t)
        t = cli_option_doc(p->name);
    return t ? t : p->doc;
}

/* "findings comment ID TEXT" */
static void use_line(char out[160], const struct cli_verb *v, const struct cli_use *u)
{
    snprintf(out, 160, "hinomi %s %s%s%s", v->name, u->name, u->positional ? " " : "",
             u->positional ? u->positional : "");
    for (char *c = out + strlen(out) - hn_str_c(u->positional).n; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 32);
}

static void help_use(const struct cli_verb *v, const struct cli_use *u)
{
    const struct hn_op *op = hn_op_find(hn_str_c(u->op));
    char line[160];
    use_line(line, v, u);
    printf("  %s\n", line);
    for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++) {
        char name[64], left[160];
        if (cli_use_positional(u, p->name))
            continue;
        cli_dashed(name, p->name);
        snprintf(left, sizeof left, "    --%s%s", name, p->type == HN_PT_BOOL ? "" : " …");
        put_line(left, cli_param_doc(u, p));
        if (p->enums)
            printf("  %-28s (%s)\n", "", p->enums);
    }
}

/* One of the ways that a synopsis lists ("ingest FILE… --product NAME|rematch [--feed DIR]") begins with the word. */
static bool lists(struct hn_str synopsis, const char *word)
{
    struct hn_str way, first;
    while (hn_str_split(&synopsis, '|', &way))
        if (hn_str_split(&way, ' ', &first) && hn_str_eqc(first, word))
            return true;
    return false;
}

static void help_run(const struct cli_verb *v)
{
    printf("  hinomi %s %s\n", v->name, v->synopsis);
    for (const struct cli_option *o = v->options; o && o->name; o++) {
        char left[96];
        snprintf(left, sizeof left, "    --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        put_line(left, cli_option_doc(o->name));
    }
}

/* only: those that begin with "hinomi VERB ONLY"; NULL: all. */
static void help_examples(const struct cli_verb *v, const char *only)
{
    char key[256], begin[160];
    const char *t;
    bool any = false;
    snprintf(begin, sizeof begin, "hinomi %s %s", v->name, only ? only : "");
    for (unsigned i = 1; i < 9; i++) {
        snprintf(key, sizeof key, "cli.%s.example.%u", v->name, i);
        t = hn_text_find(cli.lang, key);
        if (!t)
            break;
        if (only && strncmp(t, begin, strlen(begin)) != 0)
            continue;
        printf("%s  %s\n", any ? "" : "\n", t);
        any = true;
    }
}

static void help_verb(const struct cli_verb *v)
{
    const char *t = text(v->name, ".about");
    printf("hinomi %s – %s\n\n", v->name, text(v->name, ".summary"));
    if (t)
        printf("%s\n\n", t);
    if (v->run)
        help_run(v);
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        help_use(v, u);
    if (cli_module_of(v->name))
        (void)cli_module_help(cli_module_of(v->name), NULL);
    help_examples(v, NULL);
}

/* One use of a verb: `hinomi help sbom why`. False: there is none of this name. */
static bool help_one(const struct cli_verb *v, const struct hn_module *m, const char *only)
{
    bool any = v && v->run && lists(hn_str_c(v->synopsis), only);
    if (any)
        help_run(v);
    for (const struct cli_use *u = v ? v->uses : NULL; u && u->name; u++) {
        if (strcmp(u->name, only) != 0)
            continue;
        help_use(v, u);
        any = true;
    }
    any = (m && cli_module_help(m, only)) || any;
    if (any && v)
        help_examples(v, only);
    return any;
}

const struct hn_module *cli_module_alone(size_t *i)
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

int cli_help(int argc, char **argv)
{
    const struct cli_verb *v = argc > 1 ? cli_verb_find(argv[1]) : NULL;
    const struct hn_module *m = argc > 1 && !v ? cli_module_of(argv[1]) : NULL;
    if (argc > 3 && cli_module_join(argv + 1)) /* "help sbom vex list" */
        argc--;
    if (argc > 2 && !cli.json && help_one(v, argc > 1 ? cli_module_of(argv[1]) : NULL, argv[2]))
        return CLI_OK;
    if (m) {
        const char *summary = module_summary(m);
        printf("hinomi %s – %s\n\n", m->name, summary ? summary : "");
        (void)cli_module_help(m, NULL);
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
    for (size_t i = 0; (m = cli_module_alone(&i));)
        put_line(m->name, module_summary(m));
    printf("\n%s\n", hn_text_find(cli.lang, "cli.globals"));
    for (const char *const *g = cli_global_options; *g; g++) {
        char left[64];
        snprintf(left, sizeof left, "--%s", *g);
        put_line(left, cli_option_doc(*g));
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

void cli_put_roff(const char *s)
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

void cli_man_option(const char *name, const char *value, const char *doc, const char *enums)
{
    char line[128];
    snprintf(line, sizeof line, "--%s%s%s", name, value ? " " : "", value ? value : "");
    fputs(".TP\n.B ", stdout);
    cli_put_roff(line);
    cli_put_roff(doc ? doc : "");
    if (enums)
        printf("(%s)\n", enums);
}

static void man_use(const struct cli_verb *v, const struct cli_use *u)
{
    const struct hn_op *op = hn_op_find(hn_str_c(u->op));
    char line[160];
    use_line(line, v, u);
    fputs(".PP\n.B ", stdout);
    cli_put_roff(line);
    puts(".RS");
    for (const struct hn_op_param *p = op ? op->params : NULL; p && p->name; p++) {
        char name[64];
        cli_dashed(name, p->name);
        if (!cli_use_positional(u, p->name))
            cli_man_option(name, p->type == HN_PT_BOOL ? NULL : "…", cli_param_doc(u, p), p->enums);
    }
    puts(".RE");
}

static void man_synopsis(const struct cli_verb *v)
{
    char line[256];
    snprintf(line, sizeof line, "hinomi %s %s", v->name, v->synopsis);
    fputs(".PP\n.B ", stdout);
    cli_put_roff(line);
}

static void man_verb(const struct cli_verb *v)
{
    printf(".SS hinomi %s\n", v->name);
    cli_put_roff(text(v->name, ".summary"));
    const char *about = text(v->name, ".about");
    if (about) {
        printf(".PP\n");
        cli_put_roff(about);
    }
    if (v->run)
        man_synopsis(v);
    for (const struct cli_option *o = v->options; o && o->name; o++)
        cli_man_option(o->name, o->value, cli_option_doc(o->name), NULL);
    for (const struct cli_use *u = v->uses; u && u->name; u++)
        man_use(v, u);
    if (cli_module_of(v->name))
        cli_module_man(cli_module_of(v->name));
}

int cli_man(int argc, char **argv)
{
    printf(".TH HINOMI 1 \"\" \"hinomi %s\"\n.SH NAME\n", HN_VERSION);
    printf("hinomi \\- ");
    cli_put_roff(hn_text_find(cli.lang, "cli.about"));
    printf(".SH SYNOPSIS\n.B hinomi\n.I VERB\n[\\-\\-json] [\\-\\-home DIR] ...\n.SH DESCRIPTION\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        man_verb(v);
    const struct hn_module *m;
    for (size_t i = 0; (m = cli_module_alone(&i));) {
        printf(".SS hinomi %s\n", m->name);
        cli_put_roff(module_summary(m) ? module_summary(m) : m->name);
        cli_module_man(m);
    }
    printf(".SH OPTIONS\n");
    for (const char *const *g = cli_global_options; *g; g++)
        cli_man_option(*g, NULL, cli_option_doc(*g), NULL);
    printf(".SH EXIT STATUS\n");
    cli_put_roff(hn_text_find(cli.lang, "cli.exit"));
    printf(".SH FILES\n.I /etc/hinomi/hinomi.yaml\n.br\n.I /var/lib/hinomi\n");
    return CLI_OK;
}
