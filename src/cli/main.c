/* hinomi: verbs for people, roles (-x) for itself. */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/software.h"
#include "core/client.h"
#include "core/collect.h"
#include "core/draw.h"
#include "core/fetch.h"
#include "core/fix.h"
#include "core/parse.h"
#include "core/registry.h"
#include "core/store_role.h"
#include "core/work_front.h"
#include "httpd/httpd.h"

struct cli_global cli;

/* Started by the program itself, by the build or by a developer; not listed in the help. */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} roles[] = {
    {"collector", hn_collector_main},
    {"image", hn_collector_main},
    {"parser", hn_parser_main},
    {"store", hn_store_role_argv},
    {"httpd", hn_httpd_argv},
    {"fixer", hn_fixer_main},
    {"worker", hn_worker_main},
    {"fetch", hn_fetch_main},
    {"draw", hn_draw_main},
    {"capture", cli_capture},
    {"kinds", cli_kinds},
    {"remind", cli_remind},
    {"man", cli_man},
    {"completion", cli_completion},
    {"ask", cli_asker},
    {"uploads", cli_uploads},
};

static void print_message(const char *key, const struct hn_param *params)
{
    struct hn_buf raw, b;
    hn_buf_init(&raw, 64u << 10);
    hn_buf_init(&b, 256u << 10);
    hn_text_add(&raw, cli.lang, key, params);
    hn_buf_c(&b, "hinomi: ");
    hn_term_put(&b, hn_buf_text(&raw));
    fprintf(stderr, "%.*s\n", (int)b.n, b.p ? b.p : "");
    hn_buf_done(&raw);
    hn_buf_done(&b);
}

void cli_error(const char *key, ...)
{
    struct hn_arena a;
    struct hn_param params[8];
    size_t n = 0;
    va_list ap;
    hn_arena_init(&a, 1u << 20);
    va_start(ap, key);
    for (const char *name; n < 8 && (name = va_arg(ap, const char *)); n++) {
        const char *value = va_arg(ap, const char *);
        params[n] = (struct hn_param){name, hn_str_from_hostile(&a, hn_str_bytes(hn_str_c(value)), 4096), NULL};
        if (n)
            params[n - 1].next = &params[n];
    }
    va_end(ap);
    print_message(key, n ? params : NULL);
    hn_arena_done(&a);
}

int cli_unknown_option(struct hn_str name, const char *const *names, size_t n)
{
    const char *near = hn_str_nearest(name, names, n);
    char given[128], other[128];
    snprintf(given, sizeof given, "--%.*s", HN_FMT(name));
    snprintf(other, sizeof other, "--%s", near ? near : "");
    cli_error(near ? "cli.error.option" : "cli.error.option-none", "option", given, "nearest", other, NULL);
    return CLI_USAGE;
}

int cli_option_next(int argc, char **argv, const struct option *options)
{
    char given[128];
    opterr = 0; /* getopt would say it in English */
    int opt = getopt_long(argc, argv, ":", options, NULL);
    if (opt != '?' && opt != ':')
        return opt;
    snprintf(given, sizeof given, "%s", argv[optind - 1]);
    cli_error(opt == ':' ? "cli.error.value" : "cli.error.option-none", "option", given, NULL);
    return '?';
}

void cli_fail(struct hn_err e, const struct hn_diag *d)
{
    char key[64];
    snprintf(key, sizeof key, "error.%s", hn_err_name(e));
    const char *text = hn_text_find(cli.lang, key);
    const char *detail = d ? d->msg : "";
    if (text && strncmp(detail, text, strlen(text)) == 0) /* the store's role has said it already */
        detail += strlen(text) + strspn(detail + strlen(text), " ");
    bool more = *detail && strcmp(detail, hn_err_text(e)) != 0; /* else it only says the same in other words */
    cli_error(more ? "cli.error.failed" : "cli.error.plain", "what", text ? text : hn_err_text(e), "detail", detail,
              NULL);
}

const char *const cli_global_options[] = {"json", "jsonl", "csv", "lang", "home", "config", "no-color", "quiet", NULL};

/* False: there are no texts in this language. */
static bool take_lang(struct cli_global *g, const char *name)
{
    bool ja = strcmp(name, "ja") == 0, known = ja || strcmp(name, "en") == 0;
    if (!known)
        cli_error("cli.error.lang", "word", name, NULL);
    g->lang = ja ? HN_JA : HN_EN;
    g->lang_given = true;
    return known;
}

/* Global options may stand anywhere before "--". *used: how many words; 0 when the value is wrong. */
static bool take(struct cli_global *g, const char *arg, const char *next, int *used)
{
    *used = 1;
    if (strcmp(arg, "--json") == 0)
        g->json = true;
    else if (strcmp(arg, "--jsonl") == 0)
        g->jsonl = true;
    else if (strcmp(arg, "--csv") == 0)
        g->csv = true;
    else if (strcmp(arg, "--no-color") == 0)
        g->color = false;
    else if (strcmp(arg, "--quiet") == 0)
        g->quiet = true;
    else if (strcmp(arg, "--home") == 0 && next)
        g->home = next, *used = 2;
    else if (strcmp(arg, "--config") == 0 && next)
        g->config = next, *used = 2;
    else if (strcmp(arg, "--lang") == 0 && next)
        *used = take_lang(g, next) ? 2 : 0;
    else
        return false;
    return true;
}

int cli_take_globals(int argc, char **argv)
{
    int out = 0;
    for (int i = 0; i < argc;) {
        int used = 1;
        if (strcmp(argv[i], "--") == 0) {
            while (i < argc)
                argv[out++] = argv[i++];
            break;
        }
        if (i > 0 && take(&cli, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used)) {
            if (!used)
                return -1;
            i += used;
            continue;
        }
        argv[out++] = argv[i++];
    }
    argv[out] = NULL;
    return out;
}

static unsigned terminal_columns(void)
{
    struct winsize w;
    const char *env = getenv("COLUMNS");
    uint64_t n;
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
        return w.ws_col;
    return env && hn_str_u64(hn_str_c(env), 10, &n) && n >= 20 && n < 10000 ? (unsigned)n : 80;
}

int cli_version(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") != 0)
        return cli_usage(cli_verb_find("version"));
    printf(cli.json ? "{\"version\":\"%s\"}\n" : "hinomi %s\n", HN_VERSION);
    return CLI_OK;
}

static int run_role(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(roles[i].name, argv[0]) != 0)
            continue;
        hn_log_role(roles[i].name);
        return roles[i].run(argc, argv);
    }
    return CLI_USAGE;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static void unknown_verb(const char *word)
{
    const char *names[64];
    size_t n = 0;
    for (const struct cli_verb *v = cli_verbs; v->name && n < 64; v++)
        names[n++] = v->name;
    for (size_t i = 0; i < hn_modules_n && n < 64; i++)
        if (hn_modules[i]->verbs)
            names[n++] = hn_modules[i]->name;
    const char *near = hn_str_nearest(hn_str_c(word), names, n);
    cli_error(near ? "cli.error.verb-near" : "cli.error.verb", "word", word, "nearest", near ? near : "", NULL);
}

static int run(int argc, char **argv)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
    cli.lang = hn_lang_default();
    cli.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    cli.columns = terminal_columns();
    if (argc > 2 && strcmp(argv[1], "-x") == 0)
        return run_role(argc - 2, argv + 2);
    argc = cli_take_globals(argc, argv);
    if (argc < 0)
        return CLI_USAGE;
    const struct cli_verb *verb = argc > 1 ? cli_verb_find(argv[1]) : NULL;
    bool of_module = argc > 1 && cli_module_of(argv[1]);
    bool plain = wants_help(argc - 2, argv + 2) || (!verb && !of_module) ||
                 (verb && (verb->run == cli_config || verb->run == cli_help || verb->run == cli_version));
    int wrong = plain ? CLI_OK : cli_conf_load();
    if (wrong)
        return wrong;
    static char home[4096];
    if (!cli.home && hn_home_default(home, sizeof home))
        cli.home = home;
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return cli_version(argc, argv);
    if (argc > 3 && cli_module_join(argv + 1))
        argc--;
    const struct hn_verb *module_verb = argc > 1 ? cli_module_verb_find(argv[1], argc > 2 ? argv[2] : NULL) : NULL;
    if ((verb || of_module) && wants_help(argc - 2, argv + 2))
        return cli_help(argc > 2 && argv[2][0] != '-' ? 3 : 2, (char *[]){argv[0], argv[1], argv[2], NULL});
    if (cli_feed_is_ours(argc - 1, argv + 1))
        return cli_feed(argc - 1, argv + 1);
    if (module_verb)
        return cli_module_run(argc - 1, argv + 1);
    if (verb)
        return verb->run ? verb->run(argc - 1, argv + 1) : cli_run_uses(verb, argc - 1, argv + 1);
    if (of_module) {
        cli_error(argc > 2 ? "cli.error.use" : "cli.error.use-none", "verb", argv[1], "word", argc > 2 ? argv[2] : "",
                  NULL);
        return CLI_USAGE;
    }
    if (argc > 1 && !wants_help(1, argv + 1)) {
        unknown_verb(argv[1]);
        return CLI_USAGE;
    }
    int rc = cli_help(1, argv);
    return argc > 1 ? rc : CLI_USAGE;
}

/* A file opened later must not become what is read or written as a standard stream. Opened the wrong way round, so that
 * using it fails. */
static bool have_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

/* Whether there are huge pages, which roles ask for (sandbox/spawn.c), glibc 2.36 reads from /sys at the first use of
 * malloc into a place on the stack that it does not clear, and compares it as a string: where something lies behind it,
 * in one process of five, it does without. So the first use is here, on a stack that is clear. */
__attribute__((noinline)) static void clear_stack(void)
{
    volatile char below[8192];
    for (size_t i = 0; i < sizeof below; i++)
        below[i] = 0;
}

static void first_use_of_malloc(void)
{
    int (*const volatile use)(int, int) = mallopt; /* to look it up by name would leave something on the stack */
    clear_stack();
    use(0, 0); /* there is no parameter 0: nothing is set */
}

int main(int argc, char **argv)
{
    first_use_of_malloc();
    if (!have_standard_streams())
        return CLI_FAILURE;
    signal(SIGPIPE, SIG_IGN);
    int rc = run(argc, argv);
    return fflush(stdout) == 0 && !ferror(stdout) ? rc : cli_output_failed();
}
