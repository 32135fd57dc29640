/* Golden cases of a module (docs/golden.md): golden MODULE DIR. Each case.in is parsed and judged and compared with
 * case.json; then every truncation of every record's data is parsed. HINOMI_GOLDEN_UPDATE=1 rewrites the .json.
 *
 * golden --wire MODULE DIR OUT: writes each case as an input of fuzz/fuzz_module.c instead. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/judge.h"
#include "core/parse.h"
#include "core/record.h"
#include "core/registry.h"
#include "core/wire.h"

#define RECORDS_MAX     4096u
#define TRUNCATE_ALL    4096u /* every length up to this */
#define TRUNCATE_SOME   64u   /* and so many sampled above */
#define TRUNCATIONS_MAX 60000u
#define WHOLE_CASE      4096u /* up to so many bytes of data, the other records are parsed with every truncation */

struct golden_case {
    struct hn_arena arena;
    const struct hn_module *module;
    struct hn_parse_options o;
    struct hn_rec *recs;
    size_t n;
    struct hn_bytes wanted[256];
    size_t n_wanted;
    size_t bytes;                /* of data, of all records */
    struct hn_bytes facts[4096]; /* observations of other modules */
    size_t n_facts;
};

struct result {
    struct hn_arena *arena;
    struct hn_facts *facts; /* NULL while truncations run */
    struct hn_buf malformed, not_seen, wants;
    struct hn_jw wm, wn, ww;
    size_t rejected;
};

/* ---------------------------------------------------------------- reading a case */

static struct hn_bytes unescape(struct hn_arena *a, struct hn_str s)
{
    char *out = hn_arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint64_t v;
        if (s.p[i] == '%' && i + 2 < s.n && hn_str_u64(hn_str_cut(s, i + 1, i + 3), 16, &v)) {
            out[n++] = (char)v;
            i += 2;
        } else {
            out[n++] = s.p[i];
        }
    }
    return hn_bytes_of(out, n);
}

static int read_errno(struct hn_str v)
{
    static const struct {
        const char *name;
        int err;
    } names[] = {{"ENOENT", 2},  {"EACCES", 13}, {"EPERM", 1},    {"EISDIR", 21}, {"ESRCH", 3},
                 {"EINVAL", 22}, {"EIO", 5},     {"ENOTDIR", 20}, {"ELOOP", 40}};
    uint64_t n;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (hn_str_eqc(v, names[i].name))
            return names[i].err;
    return hn_str_u64(v, 10, &n) ? (int)n : 0;
}

static void read_stat(struct hn_rec *r, struct hn_str key, struct hn_str v)
{
    uint64_t n = 0;
    r->has_stat = true;
    if (hn_str_eqc(key, "mtime")) {
        hn_time_parse(v, &r->st.mtime);
        return;
    }
    hn_str_u64(v, hn_str_eqc(key, "mode") ? 8 : 10, &n);
    if (hn_str_eqc(key, "mode"))
        r->st.mode = (uint32_t)n;
    else if (hn_str_eqc(key, "uid"))
        r->st.uid = (uint32_t)n;
    else if (hn_str_eqc(key, "gid"))
        r->st.gid = (uint32_t)n;
    else if (hn_str_eqc(key, "nlink"))
        r->st.nlink = (uint32_t)n;
    else if (hn_str_eqc(key, "size"))
        r->st.size = n;
    else if (hn_str_eqc(key, "ino"))
        r->st.ino = n;
    else if (hn_str_eqc(key, "dev"))
        r->st.dev = n;
}

static void read_attribute(struct golden_case *c, struct hn_rec *r, struct hn_str key, struct hn_str v)
{
    uint64_t n = 0;
    if (hn_str_eqc(key, "tag"))
        hn_str_from_utf8(unescape(&c->arena, v), &r->tag);
    else if (hn_str_eqc(key, "path"))
        r->path = unescape(&c->arena, v);
    else if (hn_str_eqc(key, "link"))
        r->link = unescape(&c->arena, v);
    else if (hn_str_eqc(key, "err"))
        r->err = read_errno(v);
    else if (hn_str_eqc(key, "more"))
        r->more = hn_str_eqc(v, "1");
    else if (hn_str_eqc(key, "truncated"))
        r->truncated = hn_str_eqc(v, "1");
    else if (hn_str_eqc(key, "offset") && hn_str_u64(v, 10, &n))
        r->offset = n;
    else
        read_stat(r, key, v);
}

static void read_head(struct golden_case *c, struct hn_str line)
{
    struct hn_str word;
    while (hn_str_word(&line, &word)) {
        if (hn_str_eqc(word, "live=1"))
            c->o.live = true;
        else if (hn_str_eqc(word, "deep=1"))
            c->o.deep = true;
        else if (hn_str_eqc(word, "inventory=1"))
            c->o.inventory = true;
        else if (hn_str_eqc(word, "hashes=1"))
            c->o.hashes = true;
        else if (hn_str_starts(word, "now="))
            hn_time_parse(hn_str_cut(word, 4, word.n), &c->o.now);
    }
}

static void add_data(struct golden_case *c, struct hn_rec *r, struct hn_buf *b, char mark, struct hn_str line)
{
    if (mark == '#') {
        for (size_t i = 0; i + 1 < line.n; i += 2) {
            uint64_t v = 0;
            hn_str_u64(hn_str_cut(line, i, i + 2), 16, &v);
            hn_buf_chr(b, (char)v);
        }
        return;
    }
    hn_buf_str(b, line);
    if (mark == '|')
        hn_buf_chr(b, '\n');
}

static void close_record(struct golden_case *c, struct hn_buf *b)
{
    if (c->n)
        c->recs[c->n - 1].data = hn_arena_bytes(&c->arena, hn_bytes_of(b->p, b->n));
    hn_buf_clear(b);
}

static void read_line(struct golden_case *c, struct hn_buf *data, struct hn_bytes line)
{
    struct hn_str s = {(const char *)line.p + 1, line.n - 1}, word;
    char mark = (char)line.p[0];
    if (mark == '%') {
        read_head(c, s);
    } else if (mark == '@' && c->n < RECORDS_MAX) {
        close_record(c, data);
        struct hn_rec *r = &c->recs[c->n++];
        while (hn_str_word(&s, &word)) {
            ptrdiff_t eq = hn_str_chr(word, '=');
            if (eq > 0)
                read_attribute(c, r, hn_str_cut(word, 0, (size_t)eq), hn_str_cut(word, (size_t)eq + 1, word.n));
        }
    } else if ((mark == '|' || mark == '>' || mark == '#') && c->n) {
        add_data(c, &c->recs[c->n - 1], data, mark, s);
    } else if (mark == '+' && c->n_wanted < 256) {
        c->wanted[c->n_wanted++] = hn_str_bytes(hn_str_trim(s));
    } else if (mark == '=' && c->n_facts < 4096) {
        c->facts[c->n_facts++] = hn_str_bytes(hn_str_trim(s));
    } else {
        fprintf(stderr, "unknown line: %.*s\n", (int)line.n, (const char *)line.p);
        exit(3);
    }
}

static void case_read(struct golden_case *c, const struct hn_module *m, const char *path)
{
    struct hn_buf file, data;
    struct hn_diag d = {{0}};
    memset(c, 0, sizeof *c);
    hn_arena_init(&c->arena, 256u << 20);
    hn_buf_init(&file, 64u << 20);
    hn_buf_init(&data, 64u << 20);
    c->module = m;
    c->recs = hn_arena_alloc(&c->arena, RECORDS_MAX * sizeof *c->recs);
    if (!c->recs || !hn_ok(hn_read_file(path, &file, &d))) {
        fprintf(stderr, "%s\n", d.msg);
        exit(3);
    }
    struct hn_bytes rest = hn_arena_bytes(&c->arena, hn_bytes_of(file.p, file.n)), line;
    while (hn_bytes_line(&rest, &line))
        if (line.n)
            read_line(c, &data, line);
    close_record(c, &data);
    for (size_t i = 0; i < c->n; i++)
        c->bytes += c->recs[i].data.n;
    hn_buf_done(&file);
    hn_buf_done(&data);
}

/* ---------------------------------------------------------------- running it */

static void on_obs(void *arg, const struct hn_module *m, struct hn_str json)
{
    struct result *r = arg;
    const char *why = NULL;
    if (!r->facts)
        return;
    const struct hn_jv *v = hn_jv_parse(r->arena, hn_str_bytes(hn_arena_str(r->arena, json)), NULL);
    if (!v || !hn_facts_add_json(r->facts, v, 0, &why)) {
        fprintf(stderr, "observation refused (%s): %.*s\n", why ? why : "not JSON", HN_FMT(json));
        r->rejected++;
    }
}

static void on_malformed(void *arg, const struct hn_module *m, struct hn_bytes path, uint64_t offset, const char *why)
{
    struct result *r = arg;
    if (!r->facts)
        return;
    hn_jw_obj(&r->wm);
    hn_jw_kstr(&r->wm, "path", hn_str_from_hostile(r->arena, path, 1024));
    hn_jw_kint(&r->wm, "offset", (int64_t)offset);
    hn_jw_kc(&r->wm, "why", why);
    hn_jw_obj_end(&r->wm);
}

static void on_not_seen(void *arg, const struct hn_module *m, struct hn_str what, struct hn_str why, bool hidden)
{
    struct result *r = arg;
    if (!r->facts)
        return;
    hn_jw_obj(&r->wn);
    hn_jw_kstr(&r->wn, "what", what);
    hn_jw_kstr(&r->wn, "why", why);
    if (hidden)
        hn_jw_kbool(&r->wn, "hidden", true);
    hn_jw_obj_end(&r->wn);
}

static void on_want(void *arg, const struct hn_module *m, const struct hn_want *want)
{
    struct result *r = arg;
    if (!r->facts)
        return;
    hn_jw_obj(&r->ww);
    hn_jw_kc(&r->ww, "tag", want->tag);
    hn_jw_kstr(&r->ww, want->how == HN_WANT_GLOB ? "glob" : "path", hn_str_from_hostile(r->arena, want->path, 4096));
    if (want->how == HN_WANT_PART)
        hn_jw_kint(&r->ww, "offset", (int64_t)want->offset);
    if (want->how != HN_WANT_SHA512 && want->max != HN_WANT_BYTES)
        hn_jw_kint(&r->ww, "max", (int64_t)want->max);
    hn_jw_obj_end(&r->ww);
}

static void parse_all(const struct golden_case *c, struct result *res, size_t cut_rec, size_t cut_len)
{
    struct hn_parse_sink sink = {res, on_obs, on_malformed, on_not_seen, on_want};
    struct hn_parse *p = hn_parse_new(&c->o, &sink);
    if (!p || !hn_ok(hn_parse_begin(p, c->module)))
        exit(3);
    for (size_t i = 0; i < c->n_wanted; i++)
        hn_parse_path_want(p, c->wanted[i]);
    for (size_t i = 0; i < c->n; i++) {
        struct hn_rec r = c->recs[i];
        if (cut_rec != SIZE_MAX && i != cut_rec && c->bytes > WHOLE_CASE)
            continue;          /* a long case: the cut record alone, or the work would grow with the square */
        uint8_t *exact = NULL; /* exactly as long as the data: one byte too far is seen by ASan */
        if (i == cut_rec) {
            exact = hn_alloc(cut_len ? cut_len : 1);
            if (cut_len)
                memcpy(exact, r.data.p, cut_len);
            r.data = hn_bytes_of(exact, cut_len);
        }
        hn_parse_record(p, &r);
        hn_free(exact);
    }
    if (!hn_ok(hn_parse_end(p)) && cut_rec == SIZE_MAX) {
        fprintf(stderr, "the module met its memory limit\n");
        exit(3);
    }
    hn_parse_free(p);
}

static void write_findings(struct hn_jw *w, const struct hn_finding *f)
{
    hn_jw_key(w, "findings");
    hn_jw_arr(w);
    for (; f; f = f->next) {
        hn_jw_obj(w);
        hn_jw_kc(w, "rule", f->rule->id);
        hn_jw_kstr(w, "subject", f->subject);
        hn_jw_kstr(w, "location", f->location);
        hn_jw_kc(w, "severity", hn_severity_name(f->severity));
        hn_jw_kstr(w, "cause", f->cause.n == 32 ? HN_STR("(own)") : f->cause);
        hn_jw_key(w, "params");
        hn_jw_obj(w);
        for (const struct hn_param *p = f->params; p; p = p->next)
            hn_jw_kstr(w, p->name, p->value);
        hn_jw_obj_end(w);
        hn_jw_key(w, "evidence");
        hn_jw_arr(w);
        for (const struct hn_evidence *e = f->evidence; e; e = e->next)
            hn_jw_str(w, e->obs->subject);
        hn_jw_arr_end(w);
        if (f->fix != HN_FIX_NONE) {
            hn_jw_kint(w, "fix_kind", f->fix);
            hn_jw_kstr(w, "fix_target", f->fix_target);
            hn_jw_kstr(w, "fix_value", f->fix_value);
        }
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

/* Only where something is hidden. */
static void write_hidden(struct hn_jw *w, const struct hn_hidden *h)
{
    if (!h)
        return;
    hn_jw_key(w, "hidden");
    hn_jw_arr(w);
    for (; h; h = h->next) {
        hn_jw_obj(w);
        hn_jw_kstr(w, "who", h->who);
        hn_jw_kstr(w, "kind", h->kind);
        hn_jw_kstr(w, "subject", h->subject);
        hn_jw_kstr(w, "location", h->location);
        hn_jw_ktime(w, "from", h->from);
        hn_jw_obj_end(w);
    }
    hn_jw_arr_end(w);
}

static void open_list(struct hn_buf *b, struct hn_jw *w)
{
    hn_buf_init(b, 16u << 20);
    hn_jw_init(w, b);
    hn_jw_arr(w);
}

static void put_list(struct hn_jw *out, const char *key, struct hn_buf *b, struct hn_jw *w)
{
    hn_jw_arr_end(w);
    hn_jw_key(out, key);
    hn_jw_raw(out, hn_buf_text(b));
    hn_buf_done(b);
}

/* One observation or finding a line, so that a diff shows what changed. */
static void break_lines(const struct hn_buf *in, struct hn_buf *out)
{
    int depth = 0;
    bool text = false;
    for (size_t i = 0; i < in->n; i++) {
        char ch = in->p[i];
        if (ch == '"' && (i == 0 || in->p[i - 1] != '\\'))
            text = !text;
        hn_buf_chr(out, ch);
        if (text)
            continue;
        if (ch == '{' || ch == '[')
            depth++;
        else if (ch == '}' || ch == ']')
            depth--;
        if ((depth <= 2 && ch == ',') || (depth == 2 && ch == '['))
            hn_buf_chr(out, '\n');
    }
    hn_buf_chr(out, '\n');
}

static void run_case(struct golden_case *c, struct hn_buf *out)
{
    struct result res = {.arena = &c->arena, .facts = hn_facts_new(&c->arena)};
    struct hn_judged judged;
    struct hn_buf flat;
    struct hn_jw w;
    const struct hn_obs *o;
    const char *why = "";
    open_list(&res.malformed, &res.wm);
    open_list(&res.not_seen, &res.wn);
    open_list(&res.wants, &res.ww);
    parse_all(c, &res, SIZE_MAX, 0);
    hn_facts_mark_seen(res.facts, c->module);
    hn_buf_init(&flat, 64u << 20);
    hn_jw_init(&w, &flat);
    hn_jw_obj(&w);
    hn_jw_key(&w, "observations");
    hn_jw_arr(&w);
    for (size_t i = 0; (o = hn_facts_at(res.facts, i)); i++)
        hn_jw_obs(&w, o, HN_STR(""));
    hn_jw_arr_end(&w);
    for (size_t i = 0; i < c->n_facts; i++) {
        const struct hn_jv *v = hn_jv_parse(&c->arena, c->facts[i], NULL);
        if (!v || !hn_facts_add_json(res.facts, v, 0, &why)) {
            fprintf(stderr, "line \"= …\" refused (%s): %.*s\n", why, HN_FMT(c->facts[i]));
            exit(3);
        }
        hn_facts_mark_seen(res.facts, hn_module_find(hn_jv_str(v, "module")));
    }
    struct hn_judge_options jo = {
        .arena = &c->arena, .facts = res.facts, .asset = HN_STR("golden"), .now = c->o.now, .live = c->o.live};
    hn_judge_run(&jo, c->module, &judged);
    write_findings(&w, judged.first);
    write_hidden(&w, judged.hidden);
    put_list(&w, "malformed", &res.malformed, &res.wm);
    put_list(&w, "not_seen", &res.not_seen, &res.wn);
    put_list(&w, "wants", &res.wants, &res.ww);
    hn_jw_obj_end(&w);
    break_lines(&flat, out);
    hn_buf_done(&flat);
    hn_facts_free(res.facts);
    if (res.rejected)
        exit(3);
}

static void truncate_all(struct golden_case *c)
{
    struct result none = {.facts = NULL};
    size_t done = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t n = c->recs[i].data.n;
        for (size_t len = 0; len < n && done < TRUNCATIONS_MAX; done++) {
            parse_all(c, &none, i, len);
            len += len < TRUNCATE_ALL ? 1 : (n - TRUNCATE_ALL) / TRUNCATE_SOME + 1;
        }
    }
}

static bool compare(const struct hn_buf *got, const char *path)
{
    struct hn_buf want;
    bool same;
    if (getenv("HINOMI_GOLDEN_UPDATE")) {
        FILE *f = fopen(path, "w");
        same = f && fwrite(got->p, 1, got->n, f) == got->n;
        return f && fclose(f) == 0 && same;
    }
    hn_buf_init(&want, 64u << 20);
    same = hn_ok(hn_read_file(path, &want, NULL)) && hn_str_eq(hn_buf_text(&want), hn_buf_text(got));
    if (!same) {
        char got_path[4096];
        snprintf(got_path, sizeof got_path, "/tmp/golden-%d.json", (int)getpid());
        FILE *f = fopen(got_path, "w");
        if (f) {
            fwrite(got->p, 1, got->n, f);
            fclose(f);
        }
        printf("# differs: diff %s %s (HINOMI_GOLDEN_UPDATE=1 rewrites)\n", path, got_path);
    }
    hn_buf_done(&want);
    return same;
}

/* MODULE \n flags, then records as frames of u32 length (little endian) and the wire form. */
static bool write_wire(const struct golden_case *c, const char *path)
{
    struct hn_buf out, rec;
    hn_buf_init(&out, 64u << 20);
    hn_buf_init(&rec, 64u << 20);
    hn_buf_fmt(&out, "%s\n", c->module->name);
    hn_buf_chr(&out,
               (char)((c->o.live ? 1 : 0) | (c->o.deep ? 2 : 0) | (c->o.inventory ? 4 : 0) | (c->o.hashes ? 8 : 0)));
    for (size_t i = 0; i < c->n; i++) {
        hn_buf_clear(&rec);
        hn_rec_write(&rec, &c->recs[i]);
        for (unsigned k = 0; k < 4; k++)
            hn_buf_chr(&out, (char)(rec.n >> (8 * k)));
        hn_buf_add(&out, rec.p, rec.n);
    }
    FILE *f = fopen(path, "we");
    bool ok = f && !out.bad && !rec.bad && fwrite(out.p, 1, out.n, f) == out.n;
    ok = f && fclose(f) == 0 && ok;
    hn_buf_done(&out);
    hn_buf_done(&rec);
    return ok;
}

static int write_all_wire(const struct hn_module *m, const char *dir, const char *to)
{
    struct dirent **names = NULL;
    int n = scandir(dir, &names, NULL, alphasort), failed = n < 0;
    for (int i = 0; i < n; i++) {
        char in[4096], out[4096];
        size_t len = strlen(names[i]->d_name);
        if (len > 3 && strcmp(names[i]->d_name + len - 3, ".in") == 0 && len < 200) {
            struct golden_case c;
            snprintf(in, sizeof in, "%s/%s", dir, names[i]->d_name);
            snprintf(out, sizeof out, "%s/%s-%.*s", to, m->name, (int)len - 3, names[i]->d_name);
            case_read(&c, m, in);
            failed += !write_wire(&c, out);
            hn_arena_done(&c.arena);
        }
        free(names[i]);
    }
    free(names);
    return failed != 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--wire") == 0) {
        const struct hn_module *of = hn_module_find(hn_str_c(argv[2]));
        return of ? write_all_wire(of, argv[3], argv[4]) : 2;
    }
    const struct hn_module *m = argc > 2 ? hn_module_find(hn_str_c(argv[1])) : NULL;
    unsigned passed = 0, failed = 0;
    struct dirent **names = NULL;
    if (!m)
        return 2;
    int n = scandir(argv[2], &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char in[4096], json[4096];
        size_t len = strlen(names[i]->d_name);
        if (len > 3 && strcmp(names[i]->d_name + len - 3, ".in") == 0 && len < 200) {
            struct golden_case c;
            struct hn_buf out;
            snprintf(in, sizeof in, "%s/%s", argv[2], names[i]->d_name);
            snprintf(json, sizeof json, "%s/%.*s.json", argv[2], (int)len - 3, names[i]->d_name);
            hn_buf_init(&out, 64u << 20);
            case_read(&c, m, in);
            run_case(&c, &out);
            bool ok = compare(&out, json);
            truncate_all(&c);
            printf("%s %s\n", ok ? "ok" : "not ok", names[i]->d_name);
            *(ok ? &passed : &failed) += 1;
            hn_buf_done(&out);
            hn_arena_done(&c.arena);
        }
        free(names[i]);
    }
    free(names);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0; /* a module without a case is not tested */
}
