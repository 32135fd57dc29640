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
#include "cli/software.h"
#include "core/work_front.h"

#define DOCUMENT_MAX (48u << 20)
#define FEEDS_MAX    64u

/* ---------------------------------------------------------------- the worker */

/* What the worker prints goes into a file of ours instead of the descriptor `to`. */
struct catch
{
    int to, file, before;
};

static bool catch_begin(struct catch *k, int to)
{
    *k = (struct catch){.to = to, .file = memfd_create("answer", MFD_CLOEXEC), .before = dup(to)};
    fflush(stdout);
    return k->file >= 0 && k->before >= 0 && dup2(k->file, to) >= 0;
}

static bool catch_end(struct catch *k, struct hn_buf *out)
{
    char path[64];
    bool ok = k->file >= 0;

    if (k->before >= 0) {
        dup2(k->before, k->to);
        close(k->before);
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", k->file);
    ok = ok && (!out || hn_ok(hn_read_file(path, out, NULL)));
    if (k->file >= 0)
        close(k->file);
    return ok;
}

int cli_sbom_worker(const struct cli_sbom_work *k, struct hn_buf *out, struct hn_buf *said)
{
    struct hn_front_option with[FEEDS_MAX];
    struct hn_front f = {.module = cli_module_of("sbom"),
                         .verb = cli_module_verb_find("sbom", k->verb),
                         .words = &k->input,
                         .n_words = 1,
                         .options = with,
                         .n_options = k->n_feeds,
                         .form = HN_FORM_JSON,
                         .lang = (int)k->lang,
                         .home = cli.home};
    struct hn_diag d = {{0}};
    struct catch answer, words = {.to = STDERR_FILENO, .file = -1, .before = -1};
    int rc = CLI_FAILURE;

    for (size_t i = 0; i < k->n_feeds; i++)
        with[i] = (struct hn_front_option){&f.verb->options[0], k->feeds[i]};
    struct hn_err e = {HN_E_IO};
    if (f.verb && catch_begin(&answer, STDOUT_FILENO) && (!said || catch_begin(&words, STDERR_FILENO)))
        e = hn_front_run(&f, &rc, &d);
    if (said)
        (void)catch_end(&words, said);
    if (!catch_end(&answer, out))
        rc = CLI_FAILURE;
    if (hn_ok(e))
        return rc;
    if (said)
        hn_buf_c(said, d.msg[0] ? d.msg : hn_err_text(e));
    else
        cli_fail(e, &d);
    return CLI_FAILURE;
}

static int run_worker(const char *verb, const char *input, const char *const *feeds, size_t n, struct hn_buf *out)
{
    const struct cli_sbom_work k = {.verb = verb, .input = input, .feeds = feeds, .n_feeds = n, .lang = cli.lang};
    int rc = cli_sbom_worker(&k, out, NULL);

    if (rc != CLI_OK)
        hn_buf_clear(out);
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

/* The answer as a sentence; its JSON where that is asked for. */
static void say_answer(const char *key, const struct hn_answer *ans)
{
    struct hn_arena a;

    if (cli.json || cli.jsonl) {
        print_answer(ans);
        return;
    }
    hn_arena_init(&a, 1 << 20);
    cli_sentence(key, hn_jv_parse(&a, hn_str_bytes(ans->body), NULL));
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

struct hn_str cli_sbom_version(const struct hn_jv *parts)
{
    struct hn_str subject = hn_jv_str(parts, "subject");
    size_t at = subject.n;

    while (at && subject.p[at - 1] != ' ')
        at--;
    return at ? hn_str_cut(subject, at, subject.n) : HN_STR("");
}

static struct hn_str version_of(const struct options *o, const struct hn_jv *parts)
{
    return o->version ? hn_str_c(o->version) : cli_sbom_version(parts);
}

void cli_sbom_parts_write(struct hn_jw *w, const struct hn_jv *parts)
{
    static const char *const kept[] = {"family",     "spec",  "subject", "author",  "made_at",
                                       "components", "edges", "stated",  "quality", "problems"};

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const struct hn_jv *v = hn_jv_get(parts, kept[i]);
        if (!v)
            continue;
        hn_jw_key(w, kept[i]);
        hn_jw_value(w, v);
    }
}

static bool write_args(struct hn_buf *args, const struct options *o, const struct hn_jv *parts, struct hn_str document)
{
    struct hn_jw w;

    hn_jw_init(&w, args);
    hn_jw_obj(&w);
    hn_jw_kc(&w, hn_id_is(hn_str_c(o->product)) ? "product" : "name", o->product);
    if (o->org)
        hn_jw_kc(&w, "org", o->org);
    if (o->supplier)
        hn_jw_kc(&w, "supplier", o->supplier);
    hn_jw_kstr(&w, "version", version_of(o, parts));
    hn_jw_kstr(&w, "document", document);
    cli_sbom_parts_write(&w, parts);
    hn_jw_obj_end(&w);
    return !args->bad;
}

/* Statements inside a bill of materials are its maker's: taken with less trust than those that are sent as such. */
static int ingest_statements(struct hn_client *c, const char *file, struct hn_str product, struct hn_str version)
{
    struct hn_buf found, args;
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_arena a;
    struct hn_jw w;

    hn_buf_init(&found, ANSWER_MAX);
    hn_buf_init(&args, 64u << 20);
    hn_arena_init(&a, (size_t)2 << 30);
    int rc = run_worker("vex-list", file, NULL, 0, &found);
    const struct hn_jv *list = rc == CLI_OK ? hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&found)), NULL) : NULL;
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "product", product);
    hn_jw_kstr(&w, "version", version);
    hn_jw_kint(&w, "trust", CLI_SBOM_TRUST);
    hn_jw_kc(&w, "document", strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
    cli_sbom_statements_write(&w, list);
    hn_jw_obj_end(&w);
    if (list)
        rc = call(c, "statements.take", &args, &ans);
    if (list && rc == CLI_OK && !cli.json && !cli.jsonl)
        print_answer(&ans);
    hn_arena_done(&a);
    hn_buf_done(&args);
    hn_buf_done(&found);
    return rc;
}

static int ingest_parts(struct hn_client *c, const struct options *o, const char *file, const struct hn_buf *parts,
                        struct hn_str document)
{
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_arena a;
    struct hn_buf args;

    hn_arena_init(&a, (size_t)2 << 30);
    hn_buf_init(&args, 64u << 20);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(parts)), NULL);
    int rc = v && write_args(&args, o, v, document) ? call(c, "sboms.put", &args, &ans) : CLI_FAILURE;
    const struct hn_jv *put = rc == CLI_OK ? hn_jv_parse(&a, hn_str_bytes(hn_arena_str(&a, ans.body)), NULL) : NULL;
    if (rc == CLI_OK)
        say_answer(hn_jv_bool(put, "known", false) ? "cli.sbom.known" : "cli.sbom.taken", &ans);
    else if (!v || args.bad)
        cli_error("cli.sbom.too-big", NULL);
    if (put && hn_jv_int(v, "statements", 0))
        rc = ingest_statements(c, file, hn_jv_str(put, "product"), version_of(o, v));
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
        rc = ingest_parts(c, o, file, &parts, document);
    hn_buf_done(&parts);
    hn_buf_done(&raw);
    return rc;
}

static void print_sums(const struct cli_sbom_sums *t)
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
    say_answer("cli.sbom.matched", &(const struct hn_answer){.body = hn_buf_text(&b)});
    hn_buf_done(&b);
}

static int each_file(const struct options *o, int (*take)(struct hn_client *, const struct options *, const char *),
                     void (*after)(struct hn_client *))
{
    struct hn_client *c = open_store();
    int rc = CLI_OK;

    if (!c)
        return CLI_FAILURE;
    for (size_t i = 0; i < o->n_files; i++) {
        int one = take(c, o, o->files[i]);
        rc = one > rc ? one : rc;
    }
    if (rc == CLI_OK && after)
        after(c);
    hn_client_close(c);
    return rc;
}

/* What came in is matched at once; that there are no advisories to match it with is no failure of taking it in. */
static void match_new(struct hn_client *c)
{
    struct cli_sbom_sums t;
    struct hn_buf said;
    struct hn_arena a;

    hn_buf_init(&said, 1u << 20);
    hn_arena_init(&a, 4u << 20);
    if (cli_sbom_rematch(c, NULL, 0, true, &t, &said) != CLI_OK) {
        struct hn_str why = hn_str_trim(hn_buf_text(&said));
        why = hn_str_starts(why, "hinomi: ") ? hn_str_cut(why, 8, why.n) : why;
        cli_error("cli.sbom.unmatched", "why", why.n ? hn_arena_cstr(&a, why) : "–", NULL);
    } else if (!cli.json && !cli.jsonl && !cli.csv) {
        print_sums(&t);
    }
    hn_arena_done(&a);
    hn_buf_done(&said);
}

static int ingest(int argc, char **argv)
{
    struct options o = {.n_files = 0};
    int rc = read_options(argc, argv, &o);
    if (rc == CLI_OK && !o.product) {
        cli_error("cli.error.missing", "word", "--product", NULL);
        rc = CLI_USAGE;
    }
    return rc == CLI_OK ? each_file(&o, ingest_file, match_new) : rc;
}

/* ---------------------------------------------------------------- statements */

void cli_sbom_statements_write(struct hn_jw *w, const struct hn_jv *list)
{
    const struct hn_jv *s = hn_jv_get(list, "statements");
    struct hn_str dialect = s && s->kind == HN_JV_ARR && s->n ? hn_jv_str(&s->items[0], "dialect") : HN_STR("");

    hn_jw_kc(w, "origin",
             hn_str_eqc(dialect, "CSAF")        ? "csaf"
             : hn_str_eqc(dialect, "CycloneDX") ? "cyclonedx"
             : hn_str_eqc(dialect, "SPDX 3")    ? "spdx"
                                                : "openvex");
    hn_jw_key(w, "statements");
    if (s)
        hn_jw_value(w, s);
    else
        hn_jw_raw(w, HN_STR("[]"));
}

static bool vex_args(struct hn_buf *args, const struct options *o, const char *file, const struct hn_jv *list)
{
    struct hn_jw w;
    int64_t trust = 50;

    hn_jw_init(&w, args);
    hn_jw_obj(&w);
    if (o->product)
        hn_jw_kc(&w, hn_id_is(hn_str_c(o->product)) ? "product" : "name", o->product);
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
    cli_sbom_statements_write(&w, list);
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

    return rc == CLI_OK ? each_file(&o, vex_file, NULL) : rc;
}

/* ---------------------------------------------------------------- rematch */

/* What stands before and between the brackets of {"more":…,"last":…,"rows":[…]}, as the store's role wrote it. */
static bool rows_between(struct hn_str body, bool *more, long long *last, struct hn_str *ret)
{
    static const char key[] = "\"rows\":[";
    const char *at = body.n ? memmem(body.p, body.n, key, sizeof key - 1) : NULL;
    const char *end = at ? memrchr(body.p, ']', body.n) : NULL;
    size_t from = at ? (size_t)(at - body.p) + sizeof key - 1 : 0;
    struct hn_arena a;

    if (!end || (size_t)(end - body.p) < from)
        return false;
    hn_arena_init(&a, 1u << 16);
    struct hn_str head = hn_arena_fmt(&a, "%.*s\"rows\":0}", (int)(at - body.p), body.p);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(head), NULL);
    *ret = hn_str_cut(body, from, (size_t)(end - body.p));
    *more = ret->n && hn_jv_bool(v, "more", false);
    *last = hn_jv_int(v, "last", 0);
    hn_arena_done(&a);
    return v != NULL;
}

/* All rows as one document in a file that only we can see, by its number. */
static int rows_into(struct hn_client *c, int file, bool unjudged)
{
    long long after = 0;
    bool more = true, ok = dprintf(file, "{\"rows\":[") > 0, first = true;

    while (ok && more) {
        struct hn_answer ans = {.body = {NULL, 0}};
        struct hn_buf args;
        struct hn_str rows;
        hn_buf_init(&args, 256);
        hn_buf_fmt(&args, "{\"after\":%lld,\"unjudged\":%s}", after, unjudged ? "true" : "false");
        int rc = call(c, "components.rows", &args, &ans);
        hn_buf_done(&args);
        if (rc != CLI_OK)
            return rc;
        ok = rows_between(ans.body, &more, &after, &rows) && (first || !rows.n || hn_ok(hn_write_all(file, ",", 1))) &&
             hn_ok(hn_write_all(file, rows.p, rows.n));
        first = false;
    }
    return ok && dprintf(file, "]}") > 0 ? CLI_OK : CLI_FAILURE;
}

static void add_up(struct cli_sbom_sums *t, const struct hn_answer *ans)
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

/* One line is what the store takes at once; each is for components of its own. */
static int put_matches(struct hn_client *c, const struct hn_buf *found, int64_t ms, struct cli_sbom_sums *t)
{
    struct hn_str rest = hn_buf_text(found), line;
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
            add_up(t, &ans);
    }
    return rc;
}

/* The member "feed_at" of an answer's text, however long the text is. */
static struct hn_str feed_at(struct hn_str json)
{
    static const char key[] = "\"feed_at\":\"";
    const char *at = json.n ? memmem(json.p, json.n, key, sizeof key - 1) : NULL;
    size_t from = at ? (size_t)(at - json.p) + sizeof key - 1 : 0, to = from;

    while (at && to < json.n && json.p[to] != '"')
        to++;
    return at ? hn_str_cut(json, from, to) : HN_STR("");
}

/* Was the last pass made with what these matches were found with? */
static bool same_index(struct hn_client *c, const struct hn_buf *found)
{
    struct hn_answer ans = {.body = {NULL, 0}};
    struct hn_buf none;

    hn_buf_init(&none, 16);
    hn_buf_c(&none, "{}");
    int rc = call(c, "software.get", &none, &ans);
    hn_buf_done(&none);
    struct hn_str last = feed_at(ans.body);
    return rc == CLI_OK && (!last.n || hn_str_eq(last, feed_at(hn_buf_text(found))));
}

static int judge(struct hn_client *c, const struct cli_sbom_work *k, bool unjudged, struct hn_buf *found,
                 struct hn_buf *said)
{
    char path[64];
    struct cli_sbom_work with = *k;
    int file = memfd_create("rows", MFD_CLOEXEC), rc = CLI_FAILURE;

    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    with.input = path;
    if (file >= 0)
        rc = rows_into(c, file, unjudged);
    if (rc == CLI_OK)
        rc = cli_sbom_worker(&with, found, said);
    if (file >= 0)
        close(file);
    return rc;
}

int cli_sbom_rematch(struct hn_client *c, const char *const *feeds, size_t n, bool unjudged, struct cli_sbom_sums *ret,
                     struct hn_buf *said)
{
    const struct cli_sbom_work k = {.verb = "judge", .feeds = feeds, .n_feeds = n, .lang = cli.lang};
    hn_time from = hn_monotonic();
    struct hn_buf found;

    *ret = (struct cli_sbom_sums){0};
    hn_buf_init(&found, ANSWER_MAX);
    int rc = judge(c, &k, unjudged, &found, said);
    if (rc == CLI_OK && unjudged && !same_index(c, &found)) {
        hn_buf_clear(&found);
        rc = judge(c, &k, false, &found, said);
    }
    if (rc == CLI_OK)
        rc = put_matches(c, &found, (hn_monotonic() - from) / 1000000, ret);
    hn_buf_done(&found);
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
    struct cli_sbom_sums t;
    struct hn_client *c = open_store();

    if (!c)
        return CLI_FAILURE;
    int rc = cli_sbom_rematch(c, feeds, n, false, &t, NULL);
    if (rc == CLI_OK)
        print_sums(&t);
    hn_client_close(c);
    return rc;
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
        return cli_reach(v, argc, argv);
    return argc > 1 ? cli_run_uses(v, argc, argv) : cli_usage(v);
}
