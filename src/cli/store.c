/* hinomi store backup|restore|check: care for the data. Backup and check go through the role that owns the store, so
 * they work while it is in use; restore needs it to itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "core/client.h"
#include "store/store.h"

static void say(const char *key, const char *name, struct hn_str value)
{
    struct hn_param p = {name, value, NULL};
    struct hn_buf raw, out;
    hn_buf_init(&raw, 1u << 20);
    hn_buf_init(&out, 1u << 20);
    hn_text_add(&raw, cli.lang, key, &p);
    cli_put_text(&out, hn_buf_text(&raw));
    hn_buf_chr(&out, '\n');
    cli_out(&out);
    hn_buf_done(&raw);
    hn_buf_done(&out);
}

/* Calls op; with --json prints the answer and gives NULL with *rc set. */
static const struct hn_jv *call(const char *op, struct hn_str args, struct hn_arena *a, int *rc)
{
    struct hn_diag d = {{0}};
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_client *c = hn_client_open(cli.home, &d);
    struct hn_err e = c ? hn_client_call(c, op, args, &ans, &d) : (struct hn_err){HN_E_IO};
    const struct hn_jv *v = NULL;
    *rc = hn_err_exit(e);
    if (hn_ok(e)) {
        if (cli.json)
            printf("%.*s\n", HN_FMT(ans.body));
        v = hn_jv_parse(a, hn_str_bytes(hn_arena_str(a, ans.body)), &d);
    } else {
        if (ans.detail.n)
            snprintf(d.msg, sizeof d.msg, "%.*s", HN_FMT(ans.detail));
        cli_fail(e, &d);
    }
    if (c)
        hn_client_close(c);
    return v;
}

static int check(struct hn_arena *a)
{
    int rc;
    const struct hn_jv *v = call("store.check", HN_STR("{}"), a, &rc);
    if (!v)
        return rc;
    const struct hn_jv *problems = hn_jv_get(v, "problems");
    bool sound = hn_jv_bool(v, "sound", false);
    if (!cli.json && sound)
        printf("%s\n", hn_text_find(cli.lang, "cli.store.sound"));
    for (size_t i = 0; !cli.json && problems && i < problems->n; i++) {
        struct hn_buf out;
        hn_buf_init(&out, 64u << 10);
        cli_put_text(&out, hn_jv_str(&problems->items[i], "what"));
        hn_buf_c(&out, ": ");
        cli_put_text(&out, hn_jv_str(&problems->items[i], "detail"));
        hn_buf_chr(&out, '\n');
        cli_out(&out);
        hn_buf_done(&out);
    }
    return sound ? CLI_OK : CLI_FAILURE;
}

static int backup(struct hn_arena *a, const char *file)
{
    struct hn_buf args;
    struct hn_jw w;
    struct hn_str name;
    int rc;
    char *full = realpath(file, NULL); /* the role has another working folder */
    char cwd[4096];
    if (!full && file[0] != '/' && !realpath(".", cwd))
        return CLI_FAILURE;
    const char *path = full ? full : file[0] == '/' ? file : hn_arena_fmt(a, "%s/%s", cwd, file).p;
    if (!path || !hn_str_from_utf8(hn_bytes_of(path, strlen(path)), &name))
        return CLI_USAGE;
    hn_buf_init(&args, 64u << 10);
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "file", name);
    hn_jw_obj_end(&w);
    if (call("store.backup", hn_buf_text(&args), a, &rc) && !cli.json)
        say("cli.store.saved", "file", name);
    hn_buf_done(&args);
    free(full); /* libc's */
    return rc;
}

static int restore(const char *file)
{
    struct hn_diag d = {{0}};
    if (!cli.home) {
        cli_error("cli.error.home", NULL);
        return CLI_FAILURE;
    }
    struct hn_err e = hn_store_restore(cli.home, file, NULL, NULL, &d);
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        return hn_err_exit(e);
    }
    say("cli.store.restored", "file", hn_str_c(file));
    return CLI_OK;
}

int cli_store(int argc, char **argv)
{
    struct hn_arena a;
    const char *what = argc > 1 ? argv[1] : "";
    bool is_backup = strcmp(what, "backup") == 0, is_restore = strcmp(what, "restore") == 0;
    if (strcmp(what, "check") != 0 && !is_backup && !is_restore)
        return cli_usage(cli_verb_find("store"));
    if ((is_backup || is_restore) && argc != 3) {
        cli_error("cli.error.backup-file", "word", what, NULL);
        return CLI_USAGE;
    }
    hn_arena_init(&a, 64u << 20);
    int rc = is_backup ? backup(&a, argv[2]) : is_restore ? restore(argv[2]) : check(&a);
    hn_arena_done(&a);
    return rc;
}
