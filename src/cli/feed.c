/* hinomi feed add URL, update, sources, remove: the part of the feeds that fetches. The rows are the front's, what is
 * fetched is read by a worker (core/fetch_source.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/fetch_source.h"
#include "core/work_front.h"

#define NAMES_MAX ((size_t)256 << 20)
#define WORDS_MAX HN_SOURCE_URLS_MAX
#define KEY_MAX   (1u << 20)

/* ---------------------------------------------------------------- workers */

/* Runs a verb of the module feed; what it prints goes into out, or to standard output when out is NULL. */
static struct hn_err run_worker(const char *verb, struct hn_front_option *options, size_t n, const char *const *words,
                                size_t n_words, struct hn_buf *out, int *ret_code, struct hn_diag *reterr)
{
    const struct hn_verb *v = cli_module_verb_find("feed", verb);
    struct hn_front f = {.module = cli_module_of("feed"),
                         .verb = v,
                         .options = options,
                         .n_options = n,
                         .words = words,
                         .n_words = n_words,
                         .form = cli.json && !out ? HN_FORM_JSON : HN_FORM_TEXT,
                         .lang = (int)cli.lang,
                         .home = cli.home};
    HN_AUTO_FD file = memfd_create("answer", MFD_CLOEXEC);
    HN_AUTO_FD before = dup(STDOUT_FILENO);
    if (!v || file < 0 || before < 0)
        return hn_fail(reterr, HN_E_IO, "feed %s", verb);
    fflush(stdout);
    if (out && dup2(file, STDOUT_FILENO) < 0)
        return hn_fail_errno(reterr, "feed %s", verb);
    struct hn_err e = hn_front_run(&f, ret_code, reterr);
    dup2(before, STDOUT_FILENO);
    if (hn_ok(e) && out && lseek(file, 0, SEEK_SET) == 0)
        e = hn_read_fd(file, out, reterr);
    return e;
}

static const struct hn_verb_option *option(const char *verb, const char *name)
{
    const struct hn_verb *v = cli_module_verb_find("feed", verb);
    for (const struct hn_verb_option *o = v ? v->options : NULL; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static struct hn_err names(void *arg, const char *form, const char *path, struct hn_buf *out, struct hn_diag *reterr)
{
    struct hn_front_option o = {option("names", "form"), form};
    int rc = CLI_FAILURE;
    (void)arg;
    HN_TRY(run_worker("names", &o, 1, &path, 1, out, &rc, reterr));
    return rc == CLI_OK ? HN_OK : hn_fail(reterr, HN_E_CORRUPT, "%s cannot be read", path);
}

static const char *folder_of(const struct hn_source *src, struct hn_arena *a, const char *part)
{
    return hn_arena_fmt(a, "%s/fetch/%.*s/%s", cli.home, HN_FMT(src->name), part).p;
}

static bool holds_files(const char *folder)
{
    DIR *d = opendir(folder);
    bool any = false;
    for (const struct dirent *e; d && (e = readdir(d));)
        any = any || e->d_name[0] != '.';
    if (d)
        closedir(d);
    return any;
}

/* The index with what was fetched. */
static struct hn_err import(struct hn_source *src, struct hn_arena *a, struct hn_diag *reterr)
{
    struct hn_front_option o[8];
    size_t n = 0;
    int rc = CLI_FAILURE;
    char date[HN_TIME_TEXT];
    hn_time newest = 0;
    const char *given = folder_of(src, a, "given"), *keys = folder_of(src, a, "keys");
    const char *folder = folder_of(src, a, "data");
    for (size_t i = 0; i < src->n_files; i++)
        newest = src->files[i].date > newest ? src->files[i].date : newest;
    o[n++] = (struct hn_front_option){option("add", "name"), hn_arena_cstr(a, src->name)};
    o[n++] = (struct hn_front_option){option("add", "source"), hn_arena_cstr(a, src->urls[0])};
    if (src->licence.n)
        o[n++] = (struct hn_front_option){option("add", "licence"), hn_arena_cstr(a, src->licence)};
    if (newest)
        o[n++] = (struct hn_front_option){option("add", "date"), hn_time_text(newest, date)};
    if (src->keyed)
        o[n++] = (struct hn_front_option){option("add", "key"), given};
    if (src->kind == HN_SOURCE_CSAF && holds_files(keys))
        o[n++] = (struct hn_front_option){option("add", "offered"), keys};
    if (src->unsigned_too)
        o[n++] = (struct hn_front_option){option("add", "unsigned"), "allow"};
    HN_AUTO(hn_buf_done) struct hn_buf unsaid = {0};
    hn_buf_init(&unsaid, 1u << 20);
    HN_TRY(run_worker("add", o, n, &folder, 1, cli.quiet ? &unsaid : NULL, &rc, reterr));
    return rc == CLI_OK ? HN_OK : hn_fail(reterr, HN_E_CORRUPT, "%.*s: not taken into the index", HN_FMT(src->name));
}

/* ---------------------------------------------------------------- updating */

static void on_progress(void *arg, struct hn_str what, uint64_t done, uint64_t total)
{
    (void)arg;
    if (total)
        cli_progress("%3.0f%%  %.*s", 100.0 * (double)done / (double)total, HN_FMT(what));
    else
        cli_progress("%llu KiB  %.*s", (unsigned long long)(done >> 10), HN_FMT(what));
}

static void tell_counts(const struct hn_source *src, const struct hn_update_done *done)
{
    char name[HN_SOURCE_NAME_MAX + 1], n[24], why[512];
    snprintf(name, sizeof name, "%.*s", HN_FMT(src->name));
    if (done->failed) {
        snprintf(n, sizeof n, "%llu", (unsigned long long)done->failed);
        snprintf(why, sizeof why, "%.*s", HN_FMT(done->first_failed));
        cli_error("cli.feed.some_failed", "name", name, "n", n, "why", why, NULL);
    }
    if (done->unhashed) {
        snprintf(n, sizeof n, "%llu", (unsigned long long)done->unhashed);
        cli_error("cli.feed.unhashed", "name", name, "n", n, NULL);
    }
}

/* What came was told by the worker that took it in. */
static void tell_same(const struct hn_source *src)
{
    struct hn_arena a;
    if (cli.quiet)
        return;
    hn_arena_init(&a, 1u << 16);
    struct hn_param p = {"name", src->name, NULL};
    struct hn_str text = cli.json ? hn_arena_fmt(&a, "{\"name\":\"%.*s\",\"changed\":false}", HN_FMT(src->name))
                                  : hn_text(&a, cli.lang, "cli.feed.same", &p);
    printf("%.*s\n", HN_FMT(text));
    hn_arena_done(&a);
}

/* One source: fetched, and taken into the index when something came or an earlier try was cut off. */
static int update(struct hn_sources *s, struct hn_source *src)
{
    struct hn_update_watch watch = {on_progress, names, NULL};
    struct hn_update_done done;
    struct hn_diag d = {{0}};
    struct hn_err e = hn_source_update(s, src, cli.home, &watch, &done, &d);
    cli_progress(NULL);
    tell_counts(src, &done);
    bool changed = hn_ok(e) && src->dirty;
    if (changed) {
        e = import(src, &s->arena, &d);
        src->error = hn_ok(e) ? src->error : hn_arena_str(&s->arena, hn_str_c(d.msg));
        src->dirty = !hn_ok(e);
        src->imported = hn_ok(e) ? hn_now() : src->imported;
        struct hn_err saved = hn_sources_save(s, hn_ok(e) ? &d : NULL);
        e = hn_ok(e) ? saved : e;
    }
    if (hn_ok(e) && !changed)
        tell_same(src);
    if (hn_ok(e))
        return CLI_OK;
    char name[HN_SOURCE_NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s", HN_FMT(src->name));
    cli_error("cli.feed.failed", "name", name, "why", d.msg, NULL);
    return CLI_FAILURE;
}

static int feed_update(int argc, char **argv)
{
    struct hn_sources s;
    struct hn_diag d = {{0}};
    int rc = CLI_OK;
    bool all = argc == 0;
    for (int i = 0; i < argc; i++)
        all = all || strcmp(argv[i], "--all") == 0;
    struct hn_err e = hn_sources_open(cli.home, true, &s, &d);
    for (int i = 0; hn_ok(e) && !all && i < argc; i++)
        if (!hn_source_find(&s, hn_str_c(argv[i]))) {
            cli_error("cli.feed.unknown", "name", argv[i], NULL);
            hn_sources_close(&s);
            return CLI_USAGE;
        }
    for (size_t i = 0; hn_ok(e) && i < s.n; i++) {
        bool asked = all;
        for (int k = 0; k < argc; k++)
            asked = asked || hn_str_eqc(s.list[i].name, argv[k]);
        if (!asked)
            continue;
        int one = update(&s, &s.list[i]);
        rc = one > rc ? one : rc;
    }
    if (hn_ok(e) && !s.n)
        cli_error("cli.feed.no_sources", NULL);
    hn_sources_close(&s);
    if (hn_ok(e))
        return rc;
    cli_fail(e, &d);
    return hn_err_exit(e);
}

/* ---------------------------------------------------------------- a new source */

struct wish {
    const char *name, *kind, *licence, *ca, *most, *stall, *unsigned_too;
    const char *urls[WORDS_MAX], *hosts[WORDS_MAX], *keys[WORDS_MAX];
    size_t n_urls, n_hosts, n_keys;
    bool plain, hash;
};

static const char *const wish_options[] = {"name",     "kind", "licence", "ca",    "max", "stall",
                                           "unsigned", "host", "key",     "plain", "hash"};

/* False: not an option of this. */
static bool take_value(struct wish *w, const char *name, const char *value)
{
    const char **const to[] = {&w->name, &w->kind, &w->licence, &w->ca, &w->most, &w->stall, &w->unsigned_too};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        if (strcmp(name, wish_options[i]) == 0) {
            *to[i] = value;
            return true;
        }
    if (strcmp(name, "key") == 0 && w->n_keys < WORDS_MAX) {
        w->keys[w->n_keys++] = value;
        return true;
    }
    if (strcmp(name, "host") != 0 || w->n_hosts == WORDS_MAX)
        return false;
    w->hosts[w->n_hosts++] = value;
    return true;
}

static int take_args(struct wish *w, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--plain") == 0) {
            w->plain = true;
        } else if (strcmp(arg, "--hash") == 0) {
            w->hash = true;
        } else if (strncmp(arg, "--", 2) == 0) {
            if (i + 1 >= argc || !take_value(w, arg + 2, argv[i + 1]))
                return cli_unknown_option(hn_str_c(arg + 2), wish_options, sizeof wish_options / sizeof *wish_options);
            i++;
        } else if (w->n_urls < WORDS_MAX) {
            w->urls[w->n_urls++] = arg;
        }
    }
    return CLI_OK;
}

static int bad(const char *key, const char *value)
{
    cli_error(key, "value", value, NULL);
    return CLI_USAGE;
}

/* "https://host/…/Go/all.zip" → "osv"; the kind that an address speaks for when none is told. */
static enum hn_source_kind kind_of(const struct wish *w)
{
    struct hn_str url = hn_str_c(w->urls[0]);
    if (w->n_urls == 1 && hn_str_ends(url, "/all.zip"))
        return HN_SOURCE_OSV;
    return w->n_urls == 1 && hn_str_ends(url, "/provider-metadata.json") ? HN_SOURCE_CSAF : HN_SOURCE_FILE;
}

static int fill_row(struct hn_sources *s, const struct wish *w, struct hn_source *src)
{
    struct hn_arena *a = &s->arena;
    uint64_t n = 0;
    struct hn_url url;
    src->kind = kind_of(w);
    if (w->kind && !hn_source_kind_of(hn_str_c(w->kind), &src->kind))
        return bad("cli.feed.kind", w->kind);
    if (src->kind == HN_SOURCE_OSV && !hn_str_ends(hn_str_c(w->urls[0]), "/all.zip"))
        return bad("cli.feed.osv", w->urls[0]);
    if (src->kind != HN_SOURCE_FILE && w->n_urls != 1)
        return bad("cli.feed.one", w->urls[1]);
    for (src->n_urls = 0; src->n_urls < w->n_urls; src->n_urls++) {
        const char *one = w->urls[src->n_urls];
        if (!hn_url_parse(hn_str_c(one), &url))
            return bad("cli.feed.url", one);
        if (hn_str_eqc(url.scheme, "http") && !w->plain && !hn_url_is_loopback(&url))
            return bad("cli.feed.plain", one);
        src->urls[src->n_urls] = hn_arena_str(a, hn_str_c(one));
    }
    for (src->n_hosts = 0; src->n_hosts < w->n_hosts; src->n_hosts++)
        src->hosts[src->n_hosts] = hn_arena_str(a, hn_str_c(w->hosts[src->n_hosts]));
    src->licence = hn_arena_str(a, hn_str_c(w->licence ? w->licence : ""));
    src->ca = hn_arena_str(a, hn_str_c(w->ca ? w->ca : ""));
    src->plain = w->plain;
    src->hash = w->hash;
    if (w->most && (!hn_str_u64(hn_str_c(w->most), 10, &n) || !n || n > UINT64_C(1) << 40))
        return bad("cli.feed.number", w->most);
    src->most = w->most ? n : HN_SOURCE_MOST_DFLT;
    if (w->stall && (!hn_str_u64(hn_str_c(w->stall), 10, &n) || !n || n > 3600))
        return bad("cli.feed.number", w->stall);
    src->stall = w->stall ? (int64_t)n : 60;
    if (w->unsigned_too && strcmp(w->unsigned_too, "allow") != 0 && strcmp(w->unsigned_too, "refuse") != 0)
        return bad("cli.feed.unsigned", w->unsigned_too);
    if (w->n_keys && src->kind == HN_SOURCE_OSV)
        return bad("cli.feed.osv_key", w->urls[0]);
    src->unsigned_too = w->unsigned_too && strcmp(w->unsigned_too, "allow") == 0;
    src->dirty = src->dirty || (src->imported && (w->n_keys || w->unsigned_too)); /* what is there is judged anew */
    return CLI_OK;
}

static struct hn_err copy_key(int folder, const char *from, size_t i, struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    char name[24];
    snprintf(name, sizeof name, "%zu.key", i);
    hn_buf_init(&b, KEY_MAX);
    HN_TRY(hn_read_file(from, &b, reterr));
    return hn_write_atomic(folder, name, hn_bytes_of(b.p, b.n), 0600, reterr);
}

/* The keys of the command line, in place of those that were given before: every update checks with them. */
static struct hn_err keep_keys(const struct wish *w, struct hn_source *src, struct hn_arena *a, struct hn_diag *reterr)
{
    const char *folder = folder_of(src, a, "given");
    char name[24];
    if (!w->n_keys)
        return HN_OK;
    HN_TRY(hn_mkdirs(folder, 0700, reterr));
    HN_AUTO_FD fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return hn_fail_errno(reterr, "%s", folder);
    for (size_t i = 0; i < w->n_keys; i++)
        HN_TRY(copy_key(fd, w->keys[i], i, reterr));
    for (size_t i = w->n_keys; i < WORDS_MAX; i++) {
        snprintf(name, sizeof name, "%zu.key", i);
        unlinkat(fd, name, 0);
    }
    src->keyed = true;
    return HN_OK;
}

/* The row stays only when its first fetch brought something; what came of a file that was cut off stays in its folder
 * for the next try. */
static int feed_add(int argc, char **argv)
{
    struct wish w = {0};
    struct hn_sources s;
    struct hn_diag d = {{0}};
    int rc = take_args(&w, argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (!w.name || !hn_source_name_ok(hn_str_c(w.name)))
        return bad("cli.feed.name", w.name ? w.name : "");
    struct hn_err e = hn_sources_open(cli.home, true, &s, &d);
    struct hn_source *src = hn_ok(e) ? hn_source_put(&s, hn_str_c(w.name)) : NULL;
    bool known = src && src->imported;
    rc = src ? fill_row(&s, &w, src) : CLI_FAILURE;
    if (rc == CLI_OK) {
        e = keep_keys(&w, src, &s.arena, &d);
        rc = hn_ok(e) ? update(&s, src) : CLI_FAILURE;
    }
    if (rc == CLI_FAILURE && hn_ok(e) && src && !known && !src->dirty && hn_source_remove(&s, src->name, false))
        e = hn_sources_save(&s, &d);
    hn_sources_close(&s);
    if (hn_ok(e))
        return rc;
    cli_fail(e, &d);
    return hn_err_exit(e);
}

/* ---------------------------------------------------------------- rows */

static int feed_sources(void)
{
    struct hn_sources s;
    struct hn_diag d = {{0}};
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_jw w;
    struct hn_arena a;
    static const struct cli_column columns[] = {{"name", .right = false},  {"kind", .right = false},
                                                {"checked", .date = true}, {"imported", .date = true},
                                                {"error", .flex = true},   {0}};
    struct hn_err e = hn_sources_open(cli.home, false, &s, &d);
    hn_arena_init(&a, 64u << 20);
    hn_buf_init(&b, 32u << 20);
    hn_jw_init(&w, &b);
    if (hn_ok(e))
        hn_sources_json(&s, &w);
    hn_sources_close(&s);
    if (hn_ok(e) && cli.json)
        cli_out(&b);
    else if (hn_ok(e))
        cli_table(columns, hn_jv_parse(&a, hn_bytes_of(b.p, b.n), NULL));
    hn_arena_done(&a);
    if (hn_ok(e))
        return CLI_OK;
    cli_fail(e, &d);
    return hn_err_exit(e);
}

/* The feed out of the index, the source out of the list. */
static int feed_remove(int argc, char **argv)
{
    struct hn_sources s;
    struct hn_diag d = {{0}};
    const char *name = argc == 1 ? argv[0] : "";
    struct hn_err e = hn_sources_open(cli.home, true, &s, &d);
    struct hn_source *src = hn_ok(e) ? hn_source_find(&s, hn_str_c(name)) : NULL;
    bool fetched = src && src->imported;
    bool removed = src && hn_source_remove(&s, hn_str_c(name), true);
    if (removed)
        e = hn_sources_save(&s, &d);
    hn_sources_close(&s);
    if (!hn_ok(e)) {
        cli_fail(e, &d);
        return hn_err_exit(e);
    }
    char *args[] = {"feed", "remove", argc == 1 ? argv[0] : NULL, NULL};
    return removed && !fetched ? CLI_OK : cli_module_run(argc == 1 ? 3 : 2, args);
}

bool cli_feed_is_ours(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[0], "feed") != 0)
        return false;
    if (strcmp(argv[1], "update") == 0 || strcmp(argv[1], "sources") == 0 || strcmp(argv[1], "remove") == 0)
        return true;
    for (int i = 2; strcmp(argv[1], "add") == 0 && i < argc; i++)
        if (strcmp(argv[i], "--source") == 0 || strcmp(argv[i], "--key") == 0) /* nothing to fetch */
            i++;
        else if (strncmp(argv[i], "https://", 8) == 0 || strncmp(argv[i], "http://", 7) == 0)
            return true;
    return false;
}

int cli_feed(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "update") == 0)
        return feed_update(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "sources") == 0)
        return feed_sources();
    if (argc > 1 && strcmp(argv[1], "remove") == 0)
        return feed_remove(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "add") == 0)
        return feed_add(argc - 2, argv + 2);
    return cli_usage(cli_verb_find("feed"));
}
