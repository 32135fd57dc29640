/* Bills of materials into the portfolio, and the portfolio against the advisories. Documents are read, and components
 * are judged, by a worker that may open nothing (core/work.h); this only carries bytes and answers between it and the
 * store.
 *
 *   ingest    file ─▶ worker: sbom parts ─▶ JSON ─▶ store (sboms.put)
 *   rematch   store (components.rows) ─▶ file ─▶ worker: sbom judge ─▶ lines of JSON ─▶ store (matches.put)
 *
 *   vex ingest   file ─▶ worker: sbom vex-list ─▶ JSON ─▶ store (statements.take)
 *
 * What the worker prints is caught in a file without a name. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/client.h"
#include "core/work_front.h"

#define DOCUMENT_MAX (48u << 20)
#define ANSWER_MAX   ((size_t)1 << 30)
#define FEEDS_MAX    64u

/* ---------------------------------------------------------------- the worker */

/* Runs a verb of the module sbom with one input; what it prints goes into out. feeds: values of --feed. */
static int run_worker(const char *verb, const char *input, const char *const *feeds, size_t n, struct hn_buf *out)
{
    struct hn_front_option with[FEEDS_MAX];
    struct hn_front f = {.module = cli_module_of("sbom"),
                         .verb = cli_module_verb_find("sbom", verb),
                         .words = &input,
                         .n_words = 1,
                         .options = with,
                         .n_options = n,
                         .form = HN_FORM_JSON,
                         .lang = (int)cli.lang,
                         .home = cli.home};
    struct hn_diag d = {{0}};
    int rc = CLI_FAILURE, file = memfd_create("answer", MFD_CLOEXEC), before = dup(STDOUT_FILENO);

    for (size_t i = 0; i < n; i++)
        with[i] = (struct hn_front_option){&f.verb->options[0], feeds[i]};
    fflush(stdout);
    if (!f.verb || file < 0 || before < 0 || dup2(file, STDOUT_FILENO) < 0)
        return CLI_FAILURE;
    struct hn_err e = hn_front_run(&f, &rc, &d);
    dup2(before, STDOUT_FILENO);
    close(before);
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        rc = CLI_FAILURE;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (rc == CLI_OK && !hn_ok(hn_read_file(path, out, &d)))
        rc = CLI_FAILURE;
    close(file);
    return rc;
}

/* ---------------------------------------------------------------- the store */

static int call(struct hn_client *c, const char *op, const struct hn_buf *args, struct hn_answer *ans)
{
    struct hn_diag d = {{0}};
    struct hn_err e = hn_buf_err(args);

    if (hn_ok(e))
        e = hn_client_call(c, op, hn_buf_text(args), ans, &d);
    if (hn_ok(e))
        return CLI_OK;
    if (ans->message[cli.lang].n)
        snprintf(d.msg, sizeof d.msg, "%.*s %.*s", HN_FMT(ans->message[cli.lang]), HN_FMT(ans->detail));
    cli_fail(e, &d);
    return hn_err_exit(e);
}

static struct hn_client *open_store(void)
{
    struct hn_diag d = {{0}};
    struct hn_client *c = hn_client_open(cli.home, &d);

    if (!c)
        cli_fail((struct hn_err){HN_E_IO}, &d);
    return c;
}

static void print_answer(const struct hn_answer *ans)
{
    struct hn_arena a;

    if (cli.json || cli.jsonl) {
        printf("%.*s\n", HN_FMT(ans->body));
        return;
    }
    hn_arena_init(&a, 1 << 20);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(ans->body), NULL);
    if (v)
        cli_fields(v);
    hn_arena_done(&a);
}

/* ---------------------------------------------------------------- ingest */

struct options {
    const char *product, *version, *org, *supplier, *trust;
    const char *files[256];
    size_t n_files;
};

static int read_options(int argc, char **argv, struct options *o)
{
    struct {
        const char *name, **to;
    } known[] = {{"--product", &o->product},
                 {"--version", &o->version},
                 {"--org", &o->org},
                 {"--supplier", &o->supplier},
                 {"--trust", &o->trust}};

    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < 5 && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k < 5 && i + 1 < argc) {
            *known[k].to = argv[++i];
        } else if (argv[i][0] == '-' || o->n_files == 256) {
            cli_error("cli.error.option", "option", argv[i], "nearest", "--product", NULL);
            return CLI_USAGE;
        } else {
            o->files[o->n_files++] = argv[i];
        }
    }
    if (!o->n_files || !(o->product || o->supplier)) {
        cli_error("cli.error.missing", "word", o->n_files ? "--product" : "FILE", NULL);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static bool is_id(const char *s)
{
    return strlen(s) == 26 && strspn(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26;
}

/* The version of the release: as given, else as the document's subject has it. */
static struct hn_str version_of(const struct options *o, const struct hn_jv *parts)
{
    struct hn_str subject = hn_jv_str(parts, "subject");
    size_t at = subject.n;

    if (o->version)
        return hn_str_c(o->version);
    while (at && subject.p[at - 1] != ' ')
        at--;
    return at ? hn_str_cut(subject, at, subject.n) : HN_STR("");
}

static bool write_args(struct hn_buf *args, const struct options *o, const struct hn_jv *parts, struct hn_str document)
{
    static const char *const kept[] = {"family",     "spec",  "subject", "author",  "made_at",
                                       "components", "edges", "stated",  "quality", "problems"};
    struct hn_jw w;

    hn_jw_init(&w, args);
    hn_jw_obj(&w);
    hn_jw_kc(&w, is_id(o->product) ? "product" : "name", o->product);
    if (o->org)
        hn_jw_kc(&w, "org", o->org);
    if (o->supplier)
        hn_jw_kc(&w, "supplier", o->supplier);
    hn_jw_kstr(&w, "version", version_of(o, parts));
    hn_jw_kstr(&w, "document", document);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const struct hn_jv *v = hn_jv_get(parts, kept[i]);
        if (!v)
            continue;
        hn_jw_key(&w, kept[i]);
        hn_jw_value(&w, v);
    }
    hn_jw_obj_end(&w);
    return !args->bad;
}

static int ingest_parts(struct hn_client *c, const struct options *o, const struct hn_buf *parts,
                        struct hn_str document)
{
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_arena a;
    struct hn_buf args;

    hn_arena_init(&a, (size_t)2 << 30);
    hn_buf_init(&args, 64u << 20);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(parts)), NULL);
    int rc = v && write_args(&args, o, v, document) ? call(c, "sboms.put", &args, &ans) : CLI_FAILURE;
    if (rc == CLI_OK)
        print_answer(&ans);
    else if (!v || args.bad)
        cli_error("cli.sbom.too-big", NULL);
    hn_buf_done(&args);
    hn_arena_done(&a);
    return rc;
}

static int ingest_file(struct hn_client *c, const struct options *o, const char *file)
{
    struct hn_buf raw, parts;
    struct hn_diag d = {{0}};
    struct hn_str document;
    int rc = CLI_FAILURE;

    hn_buf_init(&raw, DOCUMENT_MAX);
    hn_buf_init(&parts, ANSWER_MAX);
    struct hn_err e = hn_read_file(file, &raw, &d);
    if (!hn_ok(e))
        cli_fail(e, &d);
    else if (!hn_str_from_utf8(hn_str_bytes(hn_buf_text(&raw)), &document))
        cli_error("cli.sbom.not-text", "file", file, NULL);
    else
        rc = run_worker("parts", file, NULL, 0, &parts);
    if (rc == CLI_OK)
        rc = ingest_parts(c, o, &parts, document);
    hn_buf_done(&parts);
    hn_buf_done(&raw);
    return rc;
}

static int each_file(const struct options *o, int (*take)(struct hn_client *, const struct options *, const char *))
{
    struct hn_client *c = open_store();
    int rc = CLI_OK;

    if (!c)
        return CLI_FAILURE;
    for (size_t i = 0; i < o->n_files; i++) {
        int one = take(c, o, o->files[i]);
        rc = one > rc ? one : rc;
    }
    hn_client_close(c);
    return rc;
}

static int ingest(int argc, char **argv)
{
    struct options o = {.n_files = 0};
    int rc = read_options(argc, argv, &o);
    if (rc == CLI_OK && !o.product) {
        cli_error("cli.error.missing", "word", "--product", NULL);
        rc = CLI_USAGE;
    }
    return rc == CLI_OK ? each_file(&o, ingest_file) : rc;
}

/* ---------------------------------------------------------------- statements */

static bool vex_args(struct hn_buf *args, const struct options *o, const char *file, const struct hn_jv *list)
{
    struct hn_jw w;
    int64_t trust = 50;

    hn_jw_init(&w, args);
    hn_jw_obj(&w);
    if (o->product)
        hn_jw_kc(&w, is_id(o->product) ? "product" : "name", o->product);
    if (o->supplier)
        hn_jw_kc(&w, "supplier", o->supplier);
    if (o->org)
        hn_jw_kc(&w, "org", o->org);
    if (o->version)
        hn_jw_kc(&w, "version", o->version);
    if (o->trust && !hn_str_i64(hn_str_c(o->trust), &trust))
        return false;
    hn_jw_kint(&w, "trust", trust);
    hn_jw_kc(&w, "document", strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
    const struct hn_jv *s = hn_jv_get(list, "statements");
    struct hn_str dialect = s && s->kind == HN_JV_ARR && s->n ? hn_jv_str(&s->items[0], "dialect") : HN_STR("");
    hn_jw_kc(&w, "origin",
             hn_str_eqc(dialect, "CSAF")        ? "csaf"
             : hn_str_eqc(dialect, "CycloneDX") ? "cyclonedx"
             : hn_str_eqc(dialect, "SPDX 3")    ? "spdx"
                                                : "openvex");
    hn_jw_key(&w, "statements");
    if (s)
        hn_jw_value(&w, s);
    else
        hn_jw_raw(&w, HN_STR("[]"));
    hn_jw_obj_end(&w);
    return !args->bad;
}

static int vex_file(struct hn_client *c, const struct options *o, const char *file)
{
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_buf found, args;
    struct hn_arena a;

    hn_buf_init(&found, ANSWER_MAX);
    hn_buf_init(&args, 64u << 20);
    hn_arena_init(&a, (size_t)2 << 30);
    int rc = run_worker("vex-list", file, NULL, 0, &found);
    const struct hn_jv *v = rc == CLI_OK ? hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&found)), NULL) : NULL;
    if (rc == CLI_OK && (!v || !vex_args(&args, o, file, v))) {
        cli_error("cli.sbom.too-big", NULL);
        rc = CLI_FAILURE;
    }
    if (rc == CLI_OK)
        rc = call(c, "statements.take", &args, &ans);
    if (rc == CLI_OK)
        print_answer(&ans);
    hn_arena_done(&a);
    hn_buf_done(&args);
    hn_buf_done(&found);
    return rc;
}

static int vex_ingest(int argc, char **argv)
{
    struct options o = {.n_files = 0};
    int rc = read_options(argc, argv, &o);

    return rc == CLI_OK ? each_file(&o, vex_file) : rc;
}

/* ---------------------------------------------------------------- rematch */

/* All rows as one document in a file that only we can see, by its number. */
static int rows_into(struct hn_client *c, int file)
{
    long long after = 0;
    bool more = true, first = true;

    if (dprintf(file, "{\"rows\":[") < 0)
        return CLI_FAILURE;
    while (more) {
        struct hn_answer ans = {.body = {NULL, 0}};
        struct hn_buf args;
        struct hn_arena a;
        hn_buf_init(&args, 256);
        hn_buf_fmt(&args, "{\"after\":%lld}", after);
        int rc = call(c, "components.rows", &args, &ans);
        hn_buf_done(&args);
        if (rc != CLI_OK)
            return rc;
        hn_arena_init(&a, (size_t)1 << 30);
        const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(ans.body), NULL), *rows = hn_jv_get(v, "rows");
        more = rows && rows->n && hn_jv_bool(v, "more", false);
        if (rows && rows->n) {
            after = rows->items[rows->n - 1].items[0].i;
            const char *end = ans.body.p ? strrchr(ans.body.p, ']') : NULL;
            if (!end)
                return CLI_FAILURE;
            struct hn_str inner =
                hn_str_cut(ans.body, (size_t)hn_str_chr(ans.body, '[') + 1, (size_t)(end - ans.body.p));
            if (dprintf(file, "%s%.*s", first ? "" : ",", HN_FMT(inner)) < 0)
                rc = CLI_FAILURE;
            first = false;
        }
        hn_arena_done(&a);
        if (rc != CLI_OK)
            return rc;
    }
    return dprintf(file, "]}") < 0 ? CLI_FAILURE : CLI_OK;
}

/* What the parts of a pass came to, added up. */
struct sums {
    int64_t components, unknown, matches, opened, closed, held;
};

static void add_up(struct sums *t, const struct hn_answer *ans)
{
    struct hn_arena a;

    hn_arena_init(&a, 1 << 20);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(ans->body), NULL);
    t->components += hn_jv_int(v, "components", 0);
    t->unknown += hn_jv_int(v, "unknown", 0);
    t->matches += hn_jv_int(v, "matches", 0);
    t->opened += hn_jv_int(v, "opened", 0);
    t->closed += hn_jv_int(v, "closed", 0);
    t->held += hn_jv_int(v, "held", 0);
    hn_arena_done(&a);
}

static void print_sums(const struct sums *t)
{
    struct hn_buf b;
    struct hn_jw w;

    hn_buf_init(&b, 4096);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kint(&w, "components", t->components);
    hn_jw_kint(&w, "unknown", t->unknown);
    hn_jw_kint(&w, "matches", t->matches);
    hn_jw_kint(&w, "opened", t->opened);
    hn_jw_kint(&w, "closed", t->closed);
    hn_jw_kint(&w, "held", t->held);
    hn_jw_obj_end(&w);
    print_answer(&(const struct hn_answer){.body = hn_buf_text(&b)});
    hn_buf_done(&b);
}

/* One line is what the store takes at once; each is for components of its own. */
static int put_matches(struct hn_client *c, const struct hn_buf *found, int64_t ms)
{
    struct hn_str rest = hn_buf_text(found), line;
    struct sums t = {0};
    int rc = CLI_OK;

    while (rc == CLI_OK && hn_str_split(&rest, '\n', &line)) {
        struct hn_answer ans = {.body = {NULL, 0}};
        struct hn_buf args;
        if (line.n < 2 || line.p[0] != '{')
            continue;
        hn_buf_init(&args, ANSWER_MAX);
        hn_buf_fmt(&args, "{\"duration_ms\":%lld,", (long long)ms);
        hn_buf_str(&args, hn_str_cut(line, 1, line.n));
        rc = call(c, "matches.put", &args, &ans);
        hn_buf_done(&args);
        if (rc == CLI_OK)
            add_up(&t, &ans);
    }
    if (rc == CLI_OK)
        print_sums(&t);
    return rc;
}

/* Without --feed, the index that `hinomi feed` keeps. */
static int read_feeds(int argc, char **argv, const char **feeds, size_t *n)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--feed") != 0 || i + 1 == argc || *n == FEEDS_MAX) {
            cli_error("cli.error.option", "option", argv[i], "nearest", "--feed", NULL);
            return CLI_USAGE;
        }
        feeds[(*n)++] = argv[++i];
    }
    return CLI_OK;
}

static int rematch(int argc, char **argv)
{
    const char *feeds[FEEDS_MAX];
    size_t n = 0;
    int wrong = read_feeds(argc, argv, feeds, &n);
    if (wrong)
        return wrong;
    struct hn_client *c = open_store();
    struct hn_buf found;
    char path[64];
    hn_time from = hn_monotonic();
    int file = memfd_create("rows", MFD_CLOEXEC), rc = CLI_FAILURE;

    if (!c)
        return CLI_FAILURE;
    hn_buf_init(&found, ANSWER_MAX);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (file >= 0)
        rc = rows_into(c, file);
    if (rc == CLI_OK)
        rc = run_worker("judge", path, feeds, n, &found);
    if (rc == CLI_OK)
        rc = put_matches(c, &found, (hn_monotonic() - from) / 1000000);
    close(file);
    hn_buf_done(&found);
    hn_client_close(c);
    return rc;
}

/* People want to read who is affected; the graph is for drawing. */
static int reach(const struct cli_verb *v, int argc, char **argv)
{
    char *with[64], rows[] = "--rows=releases";
    bool given = cli.json || cli.jsonl || argc > 60;

    for (int i = 0; i < argc && i < 60; i++) {
        with[i] = argv[i];
        given = given || strncmp(argv[i], "--rows", 6) == 0;
    }
    if (given)
        return cli_run_uses(v, argc, argv);
    with[argc] = rows;
    with[argc + 1] = NULL;
    return cli_run_uses(v, argc + 1, with);
}

int cli_sbom(int argc, char **argv)
{
    const struct cli_verb *v = cli_verb_find("sbom");

    if (argc > 1 && strcmp(argv[1], "ingest") == 0)
        return ingest(argc - 1, argv + 1);
    if (argc > 2 && strcmp(argv[1], "vex") == 0 && strcmp(argv[2], "ingest") == 0)
        return vex_ingest(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "rematch") == 0)
        return rematch(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "reach") == 0)
        return reach(v, argc, argv);
    return argc > 1 ? cli_run_uses(v, argc, argv) : cli_usage(v);
}
