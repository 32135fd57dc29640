/* hinomi -x uploads: reads the documents that came over HTTP, one after the other, then ends. `hinomi serve` starts it
 * when one came. Reading is done by a worker that may open nothing; what was read goes to the store on behalf of
 * whoever sent it, with the rights that they have then; what could not be read is told to them, in both languages.
 *
 *   store (uploads.take) ─▶ file without a name ─▶ worker: sbom parts │ sbom vex list ─▶ store (sboms.put, …)
 *                                                  worker: sbom judge, what is new    ─▶ store (matches.put) */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/software.h"
#include "core/msg.h"

#define ARGS_MAX    (64u << 20)
#define PLACES_MOST 50u /* of what was wrong, in the answer; the bill of materials keeps all of it */

struct reading {
    struct hn_client *c;
    struct hn_arena a;
    const struct hn_jv *asked;
    struct hn_str id, kind, file;
    char path[64]; /* of the document */
    struct hn_buf result;
    struct hn_jw w;
};

/* ---------------------------------------------------------------- the store */

static struct hn_err call(struct reading *r, const char *op, const struct hn_buf *args, struct hn_answer *ans)
{
    struct hn_diag d = {{0}};

    *ans = (struct hn_answer){.body = {NULL, 0}};
    HN_TRY(hn_buf_err(args));
    return hn_client_call(r->c, op, hn_buf_text(args), ans, &d);
}

static void report(struct reading *r, const char *state)
{
    struct hn_buf b;
    struct hn_answer ans;
    struct hn_jw w;

    hn_buf_init(&b, ARGS_MAX);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kstr(&w, "id", r->id);
    hn_jw_kc(&w, "state", state);
    if (r->result.n && !r->result.bad) {
        hn_jw_key(&w, "result");
        hn_jw_raw(&w, hn_buf_text(&r->result));
    }
    hn_jw_obj_end(&w);
    struct hn_err e = call(r, "uploads.report", &b, &ans);
    if (!hn_ok(e))
        hn_log(HN_LOG_WARN, "an upload's state could not be told: %s", hn_err_text(e));
    hn_buf_done(&b);
}

/* ---------------------------------------------------------------- what went wrong */

static void why_begin(struct reading *r)
{
    hn_buf_clear(&r->result);
    hn_jw_init(&r->w, &r->result);
    hn_jw_obj(&r->w);
    hn_jw_key(&r->w, "why");
    hn_jw_obj(&r->w);
}

static void refuse(struct reading *r)
{
    hn_jw_obj_end(&r->w);
    hn_jw_obj_end(&r->w);
    report(r, "refused");
}

static void refuse_answer(struct reading *r, const struct hn_answer *ans)
{
    why_begin(r);
    for (int lang = 0; lang < HN_LANGS; lang++) {
        struct hn_str said = ans->message[lang].n ? ans->message[lang] : hn_str_c(hn_err_text(ans->err));
        hn_jw_kstr(&r->w, lang == HN_JA ? "ja" : "en",
                   ans->detail.n ? hn_arena_fmt(&r->a, "%.*s %.*s", HN_FMT(said), HN_FMT(ans->detail)) : said);
    }
    refuse(r);
}

/* The worker's own words, with the name of the file that its sender knows. */
static struct hn_str in_words(struct reading *r, struct hn_str said)
{
    struct hn_buf b;
    const char *at;

    hn_buf_init(&b, 1u << 20);
    while (said.n && (at = memmem(said.p, said.n, r->path, strlen(r->path)))) {
        hn_buf_str(&b, hn_str_cut(said, 0, (size_t)(at - said.p)));
        hn_buf_str(&b, r->file);
        said = hn_str_cut(said, (size_t)(at - said.p) + strlen(r->path), said.n);
    }
    hn_buf_str(&b, said);
    struct hn_str text = hn_str_from_hostile(&r->a, hn_str_bytes(hn_str_trim(hn_buf_text(&b))), 4096);
    text = hn_arena_str(&r->a, text);
    hn_buf_done(&b);
    return hn_str_starts(text, "hinomi: ") ? hn_str_cut(text, 8, text.n) : text;
}

/* Once in each language: what is wrong is told to whoever sent it, not to whoever runs this. */
static void refuse_unread(struct reading *r, const char *verb)
{
    why_begin(r);
    for (int lang = 0; lang < HN_LANGS; lang++) {
        const struct cli_sbom_work k = {.verb = verb, .input = r->path, .lang = (enum hn_lang)lang};
        struct hn_buf out, said;
        hn_buf_init(&out, ANSWER_MAX);
        hn_buf_init(&said, 1u << 20);
        cli_sbom_worker(&k, &out, &said);
        hn_jw_kstr(&r->w, lang == HN_JA ? "ja" : "en", in_words(r, hn_buf_text(&said)));
        hn_buf_done(&said);
        hn_buf_done(&out);
    }
    refuse(r);
}

static bool is_severity(const struct hn_jv *v, const char *severity)
{
    return hn_str_eqc(hn_jv_str(v, "severity"), severity);
}

static void write_problems(struct reading *r, const struct hn_jv *problems)
{
    static const char *const severities[] = {"fatal", "error", "warning", "info"};
    size_t n = problems && problems->kind == HN_JV_ARR ? problems->n : 0, shown = 0;

    hn_jw_key(&r->w, "problems");
    hn_jw_obj(&r->w);
    for (int k = 0; k < 4; k++) {
        int64_t of = 0;
        for (size_t i = 0; i < n; i++)
            of += is_severity(&problems->items[i], severities[k]);
        hn_jw_kint(&r->w, severities[k], of);
    }
    hn_jw_obj_end(&r->w);
    hn_jw_key(&r->w, "places"); /* the gravest first: so they come */
    hn_jw_arr(&r->w);
    for (size_t i = 0; i < n && shown < PLACES_MOST; i++)
        if (!is_severity(&problems->items[i], "info")) {
            hn_jw_value(&r->w, &problems->items[i]);
            shown++;
        }
    hn_jw_arr_end(&r->w);
}

/* ---------------------------------------------------------------- reading */

static const struct hn_jv *read_with(struct reading *r, const char *verb)
{
    const struct cli_sbom_work k = {.verb = verb, .input = r->path, .lang = cli.lang};
    struct hn_buf out, said;
    const struct hn_jv *v = NULL;

    hn_buf_init(&out, ANSWER_MAX);
    hn_buf_init(&said, 1u << 20);
    if (cli_sbom_worker(&k, &out, &said) == CLI_OK)
        v = hn_jv_parse(&r->a, hn_str_bytes(hn_arena_str(&r->a, hn_buf_text(&out))), NULL);
    hn_buf_done(&said);
    hn_buf_done(&out);
    return v;
}

static void copy(struct hn_jw *w, const struct hn_jv *from, const char *key)
{
    const struct hn_jv *v = hn_jv_get(from, key);

    if (!v)
        return;
    hn_jw_key(w, key);
    hn_jw_value(w, v);
}

static void args_begin(const struct reading *r, struct hn_buf *b, struct hn_jw *w)
{
    hn_buf_init(b, ARGS_MAX);
    hn_jw_init(w, b);
    hn_jw_obj(w);
    hn_jw_kstr(w, "upload", r->id);
    copy(w, r->asked, "org");
    copy(w, r->asked, "supplier");
}

static struct hn_err put_sbom(struct reading *r, const struct hn_jv *parts, struct hn_answer *ans)
{
    struct hn_str version = hn_jv_str(r->asked, "version");
    struct hn_buf b;
    struct hn_jw w;

    args_begin(r, &b, &w);
    copy(&w, r->asked, "product");
    copy(&w, r->asked, "name");
    hn_jw_kstr(&w, "version", version.n ? version : cli_sbom_version(parts));
    cli_sbom_parts_write(&w, parts);
    hn_jw_obj_end(&w);
    struct hn_err e = call(r, "sboms.put", &b, ans);
    hn_buf_done(&b);
    return e;
}

/* Statements: of a VEX document, or inside the bill of materials of a release. */
static struct hn_err put_statements(struct reading *r, const struct hn_jv *list, struct hn_str product,
                                    struct hn_str version, struct hn_answer *ans)
{
    struct hn_buf b;
    struct hn_jw w;

    args_begin(r, &b, &w);
    if (product.n) {
        hn_jw_kstr(&w, "product", product);
        hn_jw_kint(&w, "trust", CLI_SBOM_TRUST);
        hn_jw_kstr(&w, "version", version);
    } else {
        copy(&w, r->asked, "product");
        copy(&w, r->asked, "name");
        copy(&w, r->asked, "version");
        copy(&w, r->asked, "trust");
    }
    hn_jw_kstr(&w, "document", r->file);
    cli_sbom_statements_write(&w, list);
    hn_jw_obj_end(&w);
    struct hn_err e = call(r, "statements.take", &b, ans);
    hn_buf_done(&b);
    return e;
}

static void match_new(struct reading *r, struct hn_buf *said)
{
    struct cli_sbom_sums t;

    report(r, "matching");
    r->result.n--; /* the closing brace: one member more */
    hn_buf_fmt(&r->result, ",\"matched\":%s}",
               cli_sbom_rematch(r->c, NULL, 0, true, &t, said) == CLI_OK ? "true" : "false");
    report(r, "done");
}

static void inner_statements(struct reading *r, const struct hn_jv *parts, const struct hn_jv *put)
{
    struct hn_str version = hn_jv_str(r->asked, "version");
    struct hn_answer ans;
    const struct hn_jv *list;

    if (!hn_jv_int(parts, "statements", 0) || !(list = read_with(r, "vex-list")))
        return;
    struct hn_err e =
        put_statements(r, list, hn_jv_str(put, "product"), version.n ? version : cli_sbom_version(parts), &ans);
    hn_jw_key(&r->w, "statements");
    hn_jw_raw(&r->w, hn_ok(e) ? ans.body : HN_STR("null"));
}

static void read_sbom(struct reading *r)
{
    const struct hn_jv *parts = read_with(r, "parts");
    struct hn_answer ans;
    struct hn_buf said;

    if (!parts) {
        refuse_unread(r, "parts");
        return;
    }
    if (!hn_jv_bool(parts, "complete", false)) { /* half a list must not take the place of a whole one */
        why_begin(r);
        hn_jw_kc(&r->w, "en", hn_text_find(HN_EN, "cli.sbom.incomplete"));
        hn_jw_kc(&r->w, "ja", hn_text_find(HN_JA, "cli.sbom.incomplete"));
        hn_jw_obj_end(&r->w);
        write_problems(r, hn_jv_get(parts, "problems"));
        hn_jw_obj_end(&r->w);
        report(r, "refused");
        return;
    }
    if (!hn_ok(put_sbom(r, parts, &ans))) {
        refuse_answer(r, &ans);
        return;
    }
    const struct hn_jv *put = hn_jv_parse(&r->a, hn_str_bytes(hn_arena_str(&r->a, ans.body)), NULL);
    static const char *const kept[] = {"product", "release", "known", "components", "new_components", "replaces"};
    hn_jw_init(&r->w, &r->result);
    hn_jw_obj(&r->w);
    hn_jw_kstr(&r->w, "sbom", hn_jv_str(put, "id"));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        copy(&r->w, put, kept[i]);
    write_problems(r, hn_jv_get(parts, "problems"));
    inner_statements(r, parts, put);
    hn_jw_obj_end(&r->w);
    hn_buf_init(&said, 1u << 20);
    match_new(r, &said);
    hn_buf_done(&said);
}

static void read_vex(struct reading *r)
{
    const struct hn_jv *list = read_with(r, "vex-list");
    struct hn_answer ans;

    if (!list) {
        refuse_unread(r, "vex-list");
    } else if (!hn_ok(put_statements(r, list, HN_STR(""), HN_STR(""), &ans))) {
        refuse_answer(r, &ans);
    } else {
        hn_buf_str(&r->result, ans.body);
        report(r, "done");
    }
}

/* ---------------------------------------------------------------- one after the other */

static bool into_file(struct reading *r, const struct hn_jv *v, int file)
{
    struct hn_bytes document;
    snprintf(r->path, sizeof r->path, "/proc/self/fd/%d", file);
    return file >= 0 && hn_msg_document(v, &r->a, &document) && hn_ok(hn_write_all(file, document.p, document.n));
}

/* False: none waits any more, or the store has gone. */
static bool next(struct hn_client *c)
{
    struct reading r = {.c = c};
    struct hn_answer ans;
    const struct hn_buf none = {.p = NULL};
    int file = -1;

    hn_arena_init(&r.a, (size_t)3 << 30);
    hn_buf_init(&r.result, 4u << 20);
    struct hn_err e = call(&r, "uploads.take", &none, &ans);
    const struct hn_jv *v = hn_ok(e) ? hn_jv_parse(&r.a, hn_str_bytes(hn_arena_str(&r.a, ans.body)), NULL) : NULL;
    r.id = hn_jv_str(v, "id");
    if (r.id.n) {
        r.kind = hn_jv_str(v, "kind");
        r.file = hn_jv_str(v, "file");
        r.file = r.file.n ? r.file : r.id;
        r.asked = hn_jv_get(v, "asked");
        file = memfd_create("document", MFD_CLOEXEC);
        if (!into_file(&r, v, file))
            report(&r, "failed");
        else if (hn_str_eqc(r.kind, "vex"))
            read_vex(&r);
        else
            read_sbom(&r);
    }
    if (file >= 0)
        close(file);
    hn_buf_done(&r.result);
    hn_arena_done(&r.a);
    return r.id.n > 0;
}

int cli_uploads(int argc, char **argv)
{
    static char home[4096];
    struct hn_diag d = {{0}};

    cli_take_globals(argc, argv);
    if (!cli.home && hn_home_default(home, sizeof home))
        cli.home = home;
    struct hn_client *c = hn_client_open(cli.home, &d);
    if (!c) {
        hn_log(HN_LOG_ERROR, "uploads: %s", d.msg);
        return CLI_FAILURE;
    }
    while (next(c))
        ;
    hn_client_close(c);
    return CLI_OK;
}
