/* Verbs that are calls of operations: arguments are checked by the operation's own table, in the store role. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/client.h"
#include "core/ops.h"

static const struct cli_use *use_find(const struct cli_verb *v, const char *name)
{
    for (const struct cli_use *u = v->uses; u->name; u++)
        if (strcmp(u->name, name) == 0)
            return u;
    return NULL;
}

static const struct hn_op_param *param_find(const struct hn_op *op, struct hn_str name)
{
    for (const struct hn_op_param *p = op->params; p && p->name; p++)
        if (hn_str_eqc(name, p->name))
            return p;
    return NULL;
}

/* --min-score is min_score. */
static struct hn_str param_name(struct hn_arena *a, const char *arg, size_t n)
{
    char *s = hn_arena_alloc(a, n + 1);
    for (size_t i = 0; s && i < n; i++)
        s[i] = arg[i] == '-' ? '_' : arg[i];
    return (struct hn_str){s, s ? n : 0};
}

/* A policy is named by its file; the operation takes its text. */
static bool put_file(struct hn_jw *w, const char *path)
{
    struct hn_buf b;
    struct hn_str s;
    struct hn_diag d = {{0}};
    hn_buf_init(&b, 1u << 20);
    struct hn_err e = hn_read_file(path, &b, &d);
    bool ok = hn_ok(e) && hn_str_from_utf8(hn_str_bytes(hn_buf_text(&b)), &s);
    if (ok)
        hn_jw_str(w, s);
    else
        hn_jw_null(w);
    if (!hn_ok(e))
        cli_fail(e, &d);
    hn_buf_done(&b);
    return ok;
}

static bool is_switch_value(struct hn_str s)
{
    return hn_str_is_word_of(s, HN_STR("true yes 1 false no 0"));
}

/* Values come as text; numbers, switches and JSON are recognised by the type that the operation declares. A body's
 * number must be one in JSON too. */
static bool put_value(struct hn_jw *w, struct hn_arena *a, const struct hn_op_param *p, const char *value)
{
    int64_t i;
    struct hn_str s;
    hn_jw_key(w, p->name);
    if (!hn_str_from_utf8(hn_bytes_of(value, strlen(value)), &s)) {
        hn_jw_null(w);
        return false;
    }
    if (strcmp(p->name, "policy") == 0)
        return put_file(w, value);
    if (p->type == HN_PT_BOOL) {
        hn_jw_bool(w, hn_str_is_word_of(s, HN_STR("true yes 1")));
        return is_switch_value(s);
    }
    if (p->type == HN_PT_INT && hn_str_i64(s, &i)) {
        hn_jw_int(w, i);
    } else if (p->type == HN_PT_OBJ || p->type == HN_PT_ARR || p->type == HN_PT_NUM ||
               (p->type == HN_PT_TEXT && hn_str_starts(s, "{"))) {
        const struct hn_jv *v = hn_jv_parse(a, hn_str_bytes(s), NULL);
        if (!v || (v->kind == HN_JV_NUM && !isfinite(v->d))) {
            hn_jw_str(w, s);
            return p->type == HN_PT_NUM;
        }
        hn_jw_value(w, v);
    } else {
        hn_jw_str(w, s);
    }
    return true;
}

struct call {
    const struct cli_verb *verb;
    const struct cli_use *use;
    const struct hn_op *op;
    struct hn_arena arena;
    struct hn_buf args;
    struct hn_jw w;
    struct hn_str positional;
    bool has_password;
};

static int unknown_option(const struct call *c, struct hn_str name)
{
    const char *names[64];
    size_t n = 0;
    for (const struct hn_op_param *p = c->op->params; p && p->name && n < 64; p++)
        names[n++] = p->name;
    return cli_unknown_option(name, names, n);
}

static int read_option(struct call *c, int argc, char **argv, int *i)
{
    const char *arg = argv[*i] + 2, *eq = strchr(arg, '=');
    struct hn_str given = hn_str_cut(hn_str_c(arg), 0, eq ? (size_t)(eq - arg) : SIZE_MAX);
    struct hn_str name = param_name(&c->arena, given.p, given.n);
    const struct hn_op_param *p = param_find(c->op, name);
    const char *value = eq ? eq + 1 : NULL;
    if (!p)
        return unknown_option(c, name);
    c->has_password = c->has_password || strcmp(p->name, "password") == 0;
    bool next = *i + 1 < argc && (p->type != HN_PT_BOOL || is_switch_value(hn_str_c(argv[*i + 1])));
    if (!value)
        value = next ? argv[++*i] : p->type == HN_PT_BOOL ? "true" : NULL;
    if (!value || !put_value(&c->w, &c->arena, p, value)) {
        const char *option = hn_arena_fmt(&c->arena, "--%.*s", HN_FMT(given)).p;
        cli_error(value ? "cli.error.value-bad" : "cli.error.value", "option", option, "value", value ? value : "",
                  NULL);
        return CLI_USAGE;
    }
    cli.json = cli.json || (strcmp(p->name, "format") == 0 && strcmp(value, "json") == 0); /* asked for, not assumed */
    return CLI_OK;
}

/* Not named on the command line: read, or asked for. */
static int read_password(struct call *c)
{
    char text[512];
    const struct hn_op_param *p = param_find(c->op, HN_STR("password"));
    if (!p || !p->required || c->has_password)
        return CLI_OK;
    bool ok = cli_secret(text, sizeof text) && put_value(&c->w, &c->arena, p, text);
    explicit_bzero(text, sizeof text);
    if (!ok)
        cli_error("cli.error.password", NULL);
    return ok ? CLI_OK : CLI_USAGE;
}

static int read_args(struct call *c, int argc, char **argv)
{
    hn_jw_obj(&c->w);
    for (int i = 0; i < argc; i++) {
        struct hn_str name;
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2]) {
            int rc = read_option(c, argc, argv, &i);
            if (rc != CLI_OK)
                return rc;
        } else if (hn_str_word(&c->positional, &name) && param_find(c->op, name)) {
            if (!put_value(&c->w, &c->arena, param_find(c->op, name), argv[i]))
                return CLI_USAGE;
        } else {
            cli_error("cli.error.extra", "word", argv[i], NULL);
            return CLI_USAGE;
        }
    }
    struct hn_str left;
    if (hn_str_word(&c->positional, &left)) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", HN_FMT(left));
        cli_error("cli.error.missing", "word", word, NULL);
        return CLI_USAGE;
    }
    int rc = read_password(c);
    if (rc != CLI_OK)
        return rc;
    if (cli.csv && param_find(c->op, HN_STR("format"))) {
        hn_jw_kc(&c->w, "format", "csv");
    } else if (cli.csv && !c->use->columns) {
        cli_error("cli.error.no-csv", NULL);
        return CLI_USAGE;
    }
    if (cli.lang_given && param_find(c->op, HN_STR("lang"))) /* taken out of argv as an option of every verb */
        hn_jw_kc(&c->w, "lang", cli.lang == HN_JA ? "ja" : "en");
    hn_jw_obj_end(&c->w);
    return CLI_OK;
}

static void print_lines(const struct hn_jv *body)
{
    const struct hn_jv *items = hn_jv_get(body, "items");
    struct hn_buf out;
    struct hn_jw w;
    hn_buf_init(&out, 512u << 20);
    items = items ? items : body->kind == HN_JV_ARR ? body : NULL;
    for (size_t i = 0; i < (items ? items->n : 1); i++) {
        hn_jw_init(&w, &out);
        hn_jw_value(&w, items ? &items->items[i] : body);
        hn_buf_chr(&out, '\n');
    }
    cli_out(&out);
    hn_buf_done(&out);
}

static void print_list(const struct call *c, const struct hn_jv *body)
{
    const struct hn_jv *items = hn_jv_get(body, "items");
    int64_t total = hn_jv_int(body, "total", -1);
    items = items ? items : body;
    if (cli.csv) {
        cli_csv(c->use->columns, items);
        return;
    }
    if (!items->n) {
        char key[128];
        snprintf(key, sizeof key, "cli.%s.empty", c->verb->name);
        printf("%s\n", hn_text_find(cli.lang, hn_text_find(cli.lang, key) ? key : "cli.empty"));
        return;
    }
    cli_table(c->use->columns, items);
    if (total > (int64_t)items->n) {
        char shown[32], all[32];
        snprintf(shown, sizeof shown, "%zu", items->n);
        snprintf(all, sizeof all, "%lld", (long long)total);
        struct hn_param p2 = {"total", hn_str_c(all), NULL}, p1 = {"shown", hn_str_c(shown), &p2};
        struct hn_buf b;
        hn_buf_init(&b, 1024);
        hn_text_add(&b, cli.lang, "cli.more", &p1);
        fprintf(stderr, "%.*s\n", (int)b.n, b.p);
        hn_buf_done(&b);
    }
}

static int print(const struct call *c, const struct hn_answer *ans)
{
    struct hn_arena a;
    int rc = CLI_OK;
    if (cli.json || !hn_str_starts(ans->type, "application/json")) {
        fwrite(ans->body.p, 1, ans->body.n, stdout);
        if (ans->body.n && ans->body.p[ans->body.n - 1] != '\n')
            putchar('\n');
        return CLI_OK;
    }
    hn_arena_init(&a, 1u << 30);
    const struct hn_jv *body = hn_jv_parse(&a, hn_str_bytes(ans->body), NULL);
    if (!body)
        rc = CLI_FAILURE;
    else if (cli.jsonl)
        print_lines(body);
    else if (c->use->show)
        rc = c->use->show(body);
    else if (c->use->columns)
        print_list(c, body);
    else
        cli_fields(body);
    hn_arena_done(&a);
    return rc;
}

static void print_refusal(const struct hn_answer *ans, struct hn_err e, const struct hn_diag *d)
{
    struct hn_str m = ans->message[cli.lang];
    if (!m.n) {
        cli_fail(e, d);
        return;
    }
    struct hn_buf b;
    hn_buf_init(&b, 64u << 10);
    hn_buf_c(&b, "hinomi: ");
    hn_term_put(&b, m);
    if (ans->detail.n && !hn_str_eqc(ans->detail, hn_err_text(e))) {
        HN_AUTO(hn_buf_done) struct hn_buf why;
        hn_buf_init(&why, 64u << 10);
        hn_reason_add(&why, cli.lang, ans->detail);
        hn_buf_c(&b, cli.lang == HN_JA ? "（" : " (");
        hn_term_put(&b, hn_buf_text(&why));
        hn_buf_c(&b, cli.lang == HN_JA ? "）" : ")");
    }
    fprintf(stderr, "%.*s\n", (int)b.n, b.p);
    hn_buf_done(&b);
}

static int call_op(struct call *c)
{
    struct hn_diag d = {{0}};
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_client *client = hn_client_open(cli.home, &d);
    int rc;
    if (!client) {
        cli_fail((struct hn_err){HN_E_IO}, &d);
        return CLI_FAILURE;
    }
    struct hn_err e = hn_client_call(client, c->op->name, hn_buf_text(&c->args), &ans, &d);
    if (hn_ok(e)) {
        rc = print(c, &ans);
    } else {
        print_refusal(&ans, e, &d);
        rc = hn_err_exit(e);
    }
    hn_client_close(client);
    return rc;
}

int cli_run_uses(const struct cli_verb *v, int argc, char **argv)
{
    struct call c = {.verb = v, .use = v->uses};
    int skip = 1;
    if (argc > 1 && argv[1][0] != '-' && use_find(v, argv[1])) {
        c.use = use_find(v, argv[1]);
        skip = 2;
    } else if (argc > 1 && argv[1][0] != '-' && !v->uses->positional) {
        cli_error("cli.error.use", "verb", v->name, "word", argv[1], NULL);
        return CLI_USAGE;
    }
    c.op = hn_op_find(hn_str_c(c.use->op));
    c.positional = hn_str_c(c.use->positional);
    if (!c.op)
        return CLI_FAILURE;
    hn_arena_init(&c.arena, 64u << 20);
    hn_buf_init(&c.args, 64u << 20);
    hn_jw_init(&c.w, &c.args);
    int rc = read_args(&c, argc - skip, argv + skip);
    if (rc == CLI_OK)
        rc = call_op(&c);
    hn_buf_done(&c.args);
    hn_arena_done(&c.arena);
    return rc;
}
