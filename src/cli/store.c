/* hinomi store backup|restore|check: care for the data. Backup and check go through the role that owns the store, so
 * they work while it is in use; restore needs it to itself. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
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
    hn_term_put(&out, hn_buf_text(&raw));
    hn_buf_chr(&out, '\n');
    cli_out(&out);
    hn_buf_done(&raw);
    hn_buf_done(&out);
}

/* The file that was written or read: as JSON, or with the sentence of the key. */
static void tell(const char *key, struct hn_str file)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;

    if (!cli.json) {
        say(key, "file", file);
        return;
    }
    hn_buf_init(&b, 64u << 10);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "file", file);
    hn_jw_obj_end(&w);
    hn_buf_chr(&b, '\n');
    cli_out(&b);
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
        hn_term_put(&out, hn_jv_str(&problems->items[i], "what"));
        hn_buf_c(&out, ": ");
        hn_term_put(&out, hn_jv_str(&problems->items[i], "detail"));
        hn_buf_chr(&out, '\n');
        cli_out(&out);
        hn_buf_done(&out);
    }
    return sound ? CLI_OK : CLI_FAILURE;
}

/* The copy that the role has made, to where it shall be: the role itself can write in its home only. */
static struct hn_err move_out(const char *from, const char *to, struct hn_diag *reterr)
{
    struct hn_err e = HN_OK;
    char *block = hn_alloc(1 << 20);
    HN_AUTO_FD in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    HN_AUTO_FD out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t n = 0;
    if (!block || out < 0)
        e = !block ? hn_fail(reterr, HN_E_NOMEM, "out of memory") : hn_fail_errno(reterr, "%s", to);
    while (hn_ok(e) && (n = read(in, block, 1 << 20)) > 0)
        e = hn_write_all(out, block, (size_t)n);
    if (hn_ok(e) && (n < 0 || fsync(out) != 0))
        e = hn_fail_errno(reterr, "%s", to);
    else if (!hn_ok(e) && !reterr->msg[0])
        e = hn_fail(reterr, e.code, "%s: %s", to, hn_err_text(e));
    if (!hn_ok(e) && out >= 0)
        unlink(to); /* ours: O_EXCL */
    hn_free(block);
    return e;
}

static int backup_by_role(struct hn_arena *a, const char *staged, const char *full)
{
    struct hn_diag d = {{0}};
    struct hn_buf args;
    struct hn_jw w;
    struct hn_str name;
    int rc;
    if (!hn_str_from_utf8(hn_bytes_of(staged, strlen(staged)), &name))
        return CLI_USAGE;
    hn_buf_init(&args, 64u << 10);
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "file", name);
    hn_jw_obj_end(&w);
    bool json = cli.json, made;
    cli.json = false; /* what is printed names the place where the copy ends up */
    made = call("store.backup", hn_buf_text(&args), a, &rc) != NULL;
    cli.json = json;
    hn_buf_done(&args);
    if (!made)
        return rc;
    struct hn_err e = move_out(staged, full, &d);
    unlink(staged);
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        return hn_err_exit(e);
    }
    name = hn_str_from_hostile(a, hn_str_bytes(hn_str_c(full)), 8192);
    tell("cli.store.saved", name);
    return rc;
}

static int backup(struct hn_arena *a, const char *file)
{
    char id[HN_ID_TEXT], home[PATH_MAX];
    struct hn_diag d = {{0}};
    const char *slash = strrchr(file, '/');
    if (access(file, F_OK) == 0) {
        struct hn_err e = hn_fail(&d, HN_E_EXISTS, "%s", file);
        cli_fail(e, &d);
        return hn_err_exit(e);
    }
    if (!cli.home || !hn_ok(hn_mkdirs(cli.home, 0700, NULL)) || !realpath(cli.home, home)) {
        cli_error("cli.error.home", NULL);
        return CLI_FAILURE;
    }
    if (!hn_ok(hn_id_new(id)))
        return CLI_FAILURE;
    const char *staged = hn_arena_fmt(a, "%s/%s.%s", home, slash ? slash + 1 : file, id).p;
    return staged ? backup_by_role(a, staged, file) : CLI_FAILURE;
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
    struct hn_arena a;
    hn_arena_init(&a, 64u << 10);
    tell("cli.store.restored", hn_str_from_hostile(&a, hn_str_bytes(hn_str_c(file)), 8192));
    hn_arena_done(&a);
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
