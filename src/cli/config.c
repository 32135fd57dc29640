/* hinomi config: the options, what is in force, and whether the file is right. And what the other verbs take from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/registry.h"

#define OUT_MAX (1u << 20)

/* --config, or the file in the folder that --home names, or where hn_config_load() searches. */
static struct hn_err load(struct hn_config **ret, struct hn_diag *d)
{
    char beside[4096];
    if (cli.lang_given) /* messages of the reader, and of the roles that are started, follow --lang */
        setenv("HINOMI_LANG", cli.lang == HN_JA ? "ja" : "en", 1);
    if (!cli.config && cli.home && snprintf(beside, sizeof beside, "%s/hinomi.yaml", cli.home) < (int)sizeof beside &&
        access(beside, F_OK) == 0)
        return hn_config_load(beside, ret, d);
    return hn_config_load(cli.config, ret, d);
}

static int failed(struct hn_err e, const struct hn_diag *d)
{
    if (e.code == HN_E_INVALID || e.code == HN_E_LIMIT)
        fprintf(stderr, "hinomi: %s\n", d->msg);
    else
        cli_fail(e, d);
    return hn_err_exit(e);
}

static int print(struct hn_buf *out)
{
    struct hn_err e = hn_buf_err(out);
    if (hn_ok(e))
        cli_out(out);
    hn_buf_done(out);
    return hn_err_exit(e);
}

static int list(void)
{
    struct hn_buf out;
    struct hn_config *c = NULL;
    struct hn_diag d = {{0}};
    struct hn_jw w;
    hn_buf_init(&out, OUT_MAX);
    if (!cli.json) {
        hn_config_sample(&out);
        return print(&out);
    }
    struct hn_err e = hn_config_parse(hn_bytes_of("", 0), "-", &c, &d);
    if (!hn_ok(e))
        return failed(e, &d);
    hn_jw_init(&w, &out);
    hn_config_json(c, &w);
    hn_buf_chr(&out, '\n');
    hn_config_free(c);
    return print(&out);
}

static int show(const struct hn_config *c, bool values)
{
    struct hn_buf out;
    struct hn_jw w;
    hn_buf_init(&out, OUT_MAX);
    if (cli.json) {
        hn_jw_init(&w, &out);
        hn_config_json(c, &w);
        hn_buf_chr(&out, '\n');
    } else if (values) {
        hn_config_show(c, &out);
    } else {
        const char *path = hn_config_path(c);
        struct hn_param p = {"file", hn_str_c(path), NULL};
        hn_text_add(&out, cli.lang, path ? "cli.config.sound" : "cli.config.none", &p);
        hn_buf_chr(&out, '\n');
    }
    return print(&out);
}

int cli_config(int argc, char **argv)
{
    struct hn_config *c;
    struct hn_diag d = {{0}};
    const char *what = argc > 1 ? argv[1] : "show";
    if (argc > 2)
        return cli_usage(cli_verb_find("config"));
    if (strcmp(what, "list") == 0)
        return list();
    if (strcmp(what, "show") != 0 && strcmp(what, "check") != 0)
        return cli_usage(cli_verb_find("config"));
    struct hn_err e = load(&c, &d);
    if (!hn_ok(e))
        return failed(e, &d);
    int rc = show(c, strcmp(what, "show") == 0);
    hn_config_free(c);
    return rc;
}

/* ---- what the other verbs take from it ---- */

static void set_language(const struct hn_config *c)
{
    struct hn_str lang = hn_config_str(c, "language");
    const char *given = getenv("HINOMI_LANG");
    if (cli.lang_given || (given && given[0]) || hn_str_eqc(lang, "auto"))
        return;
    cli.lang = hn_str_eqc(lang, "ja") ? HN_JA : HN_EN;
    setenv("HINOMI_LANG", lang.p, 1); /* for the roles that are started */
}

static void set_log_level(const struct hn_config *c)
{
    static const struct {
        const char *name;
        enum hn_log_level level;
    } levels[] = {{"error", HN_LOG_ERROR}, {"warn", HN_LOG_WARN}, {"info", HN_LOG_INFO}, {"debug", HN_LOG_DEBUG}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (hn_str_eqc(hn_config_str(c, "log_level"), levels[i].name))
            hn_log_level(levels[i].level);
}

int cli_conf_load(void)
{
    static struct hn_config *c; /* for as long as the program runs */
    struct hn_diag d = {{0}};
    struct hn_err e = load(&c, &d);
    if (!hn_ok(e))
        return failed(e, &d);
    cli.conf = c;
    set_language(c);
    set_log_level(c);
    const char *env = getenv("HINOMI_HOME");
    if (!cli.home && !(env && env[0]) && hn_config_str(c, "home").n)
        cli.home = hn_config_str(c, "home").p;
    return CLI_OK;
}

const char *cli_conf_path(const char *key)
{
    struct hn_str s = hn_config_str(cli.conf, key);
    return s.n ? s.p : NULL;
}

const char *cli_conf_modules(void)
{
    static char names[2048];
    const struct hn_str *items;
    size_t n = hn_config_list(cli.conf, "diagnose.modules", &items), at = 0;
    bool without = hn_config_list(cli.conf, "diagnose.without", NULL) > 0;
    if (!n && !without)
        return NULL;
    if (n)
        at = (size_t)snprintf(names, sizeof names, "host");
    for (size_t i = 0; i < (n ? n : hn_modules_n); i++) {
        struct hn_str name = n ? items[i] : hn_str_c(hn_modules[i]->name);
        bool host = hn_str_eqc(name, "host"); /* says which machine this is */
        if (n && host)
            continue;
        if ((!n && !host && hn_config_has(cli.conf, "diagnose.without", name.p)) || at + name.n + 2 > sizeof names)
            continue;
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%.*s", at ? "," : "", HN_FMT(name));
    }
    return names;
}
