/* The whole way of a diagnosis in one process: records → parse → facts → judge → rank → document → read again. Also run
 * with each of its allocations failing in turn (core-torture). */
#include "hn_test.h"

#include "base/json.h"
#include "base/str.h"
#include "core/parse.h"
#include "core/record.h"
#include "core/registry.h"
#include "core/run_try.h"

struct way {
    struct hn_run *r;
    size_t seen, refused;
};

static void on_obs(void *arg, const struct hn_module *m, struct hn_str json)
{
    struct way *w = arg;
    const char *why;
    const struct hn_jv *v = hn_jv_parse(&w->r->arena, hn_str_bytes(hn_arena_str(&w->r->arena, json)), NULL);
    if (v && hn_facts_add_json(w->r->facts, v, w->r->collected_at, &why))
        w->seen++;
    else
        w->refused++;
}

static void on_malformed(void *arg, const struct hn_module *m, struct hn_bytes path, uint64_t offset, const char *why)
{
    CHECK(why[0]);
}

static void on_not_seen(void *arg, const struct hn_module *m, struct hn_str what, struct hn_str why, bool hidden)
{
    CHECK(why.n > 0);
}

static void on_want(void *arg, const struct hn_module *m, const struct hn_want *want)
{
    CHECK(want->path.n > 0);
}

static struct hn_rec file(const char *tag, const char *path, const char *text)
{
    struct hn_rec r = {
        .tag = hn_str_c(tag), .path = hn_str_bytes(hn_str_c(path)), .data = hn_str_bytes(hn_str_c(text))};
    r.has_stat = true;
    r.st.mode = 0100644;
    r.st.nlink = 1;
    r.st.size = r.data.n;
    return r;
}

/* Over the wire form and back, as between the roles. */
static void give(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_buf wire;
    struct hn_rec back;
    hn_buf_init(&wire, 1 << 20);
    hn_rec_write(&wire, r);
    if (!wire.bad && hn_rec_read(hn_bytes_of(wire.p, wire.n), &back))
        hn_parse_record(p, &back);
    hn_buf_done(&wire);
}

static bool parse_accounts(struct way *w)
{
    const struct hn_rec recs[] = {
        file("passwd", "/etc/passwd",
             "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\na:x:1000:1000::/home/a:/bin/sh\n"),
        file("shadow", "/etc/shadow", "root:*:20000:0:99999:7:::\ntoor::20000:0:99999:7:::\na:!:20000:0:99999:7:::\n"),
        file("group", "/etc/group", "root:x:0:\nsudo:x:27:a\n"),
    };
    const struct hn_module *m = hn_module_find(HN_STR("accounts"));
    struct hn_parse_sink sink = {w, on_obs, on_malformed, on_not_seen, on_want};
    struct hn_parse_options o = {.now = 1795330800 * HN_SECOND};
    struct hn_parse *p = hn_parse_new(&o, &sink);
    bool ok = p && hn_ok(hn_parse_begin(p, m));
    for (size_t i = 0; ok && i < sizeof recs / sizeof *recs; i++)
        give(p, &recs[i]);
    ok = ok && hn_ok(hn_parse_end(p));
    hn_parse_free(p);
    hn_facts_mark_seen(w->r->facts, m);
    w->r->cover[w->r->n_cover++] = (struct hn_run_cover){.module = m, .complete = ok, .ran = true};
    return ok;
}

static bool judge(struct hn_run *r)
{
    struct hn_policy *policy = NULL;
    bool ok = hn_ok(hn_policy_load(NULL, &policy, NULL));
    r->asset = HN_STR("one");
    r->collected_at = 1795330800 * HN_SECOND;
    ok = ok && hn_ok(hn_run_judge(r, policy, NULL));
    hn_policy_free(policy);
    return ok;
}

static bool write_document(struct hn_run *r, struct hn_buf *out)
{
    struct hn_policy *policy = NULL;
    struct hn_jw w;
    bool ok = hn_ok(hn_policy_load(NULL, &policy, NULL));
    hn_buf_init(out, 64u << 20);
    hn_jw_init(&w, out);
    if (ok)
        hn_run_json(r, policy, &w, true);
    hn_policy_free(policy);
    return ok && !out->bad;
}

static size_t count(const struct hn_run *r)
{
    size_t n = 0;
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        n++;
    return n;
}

static bool has(const struct hn_run *r, const char *rule, const char *subject)
{
    for (const struct hn_finding *f = r->judged.first; f; f = f->next)
        if (strcmp(f->rule->id, rule) == 0 && hn_str_eqc(f->subject, subject))
            return true;
    return false;
}

TEST_LONG(a_document_read_again_is_judged_the_same, 30)
{
    HN_AUTO(hn_buf_done) struct hn_buf first = {0}, second = {0};
    struct way w = {.r = hn_run_new()};
    struct hn_run *again = hn_run_new();
    bool ok = w.r && again && parse_accounts(&w) && judge(w.r) && write_document(w.r, &first) &&
              hn_ok(hn_run_read(again, hn_bytes_of(first.p, first.n), NULL)) && judge(again) &&
              write_document(again, &second);
    bool whole = ok && w.seen > 5 && !w.refused && !w.r->judged.incomplete && !again->judged.incomplete;
    NOTE("%zu findings, then %zu", ok ? count(w.r) : 0, ok ? count(again) : 0);
    bool same = whole && count(w.r) == count(again) && has(w.r, "duplicate-uid0", "toor") &&
                has(again, "duplicate-uid0", "toor");
    hn_run_free(w.r);
    hn_run_free(again);
    CHECK(ok);
    CHECK(whole);
    CHECK(same);
}

/* Memory that runs out in the middle never makes a run look complete with fewer problems. */
TEST_LONG(a_judgement_short_of_memory_says_so, 60)
{
    struct way w = {.r = hn_run_new()};
    bool ok = w.r && parse_accounts(&w) && judge(w.r);
    size_t all = ok ? count(w.r) : 0;
    hn_run_free(w.r);
    CHECK(ok);
    for (unsigned long n = 1; n < 400; n++) {
        struct way x = {.r = hn_run_new()};
        bool parsed = x.r && parse_accounts(&x);
        if (!parsed)
            hn_run_free(x.r);
        CHECK(parsed);
        hn_alloc_fail_at(n);
        bool judged = judge(x.r);
        hn_alloc_fail_at(0);
        bool honest = !judged || x.r->judged.incomplete || count(x.r) == all;
        hn_run_free(x.r);
        NOTE("allocation %lu", n);
        CHECK(honest);
    }
}

#define GROUP(name) "{\"module\":\"accounts\",\"kind\":\"group\",\"subject\":\"" name "\",\"fields\":{\"gid\":7}}"

/* Handed on, observations are held against the declarations by whoever reads them; a line that does not fit makes the
 * module incomplete, and others' observations are refused before. */
TEST(handed_on_observations_are_checked_where_they_are_read)
{
    HN_AUTO(hn_buf_done) struct hn_buf lines;
    const struct hn_module *m = hn_module_find(HN_STR("accounts"));
    struct hn_run *r = hn_run_new();
    hn_buf_init(&lines, 4096);
    bool taken = run_line_add(&lines, m, hn_str_bytes(HN_STR(GROUP("a")))) &&
                 run_line_add(&lines, m, hn_str_bytes(HN_STR(GROUP("b"))));
    bool refused = !run_line_add(&lines, hn_module_find(HN_STR("host")), hn_str_bytes(HN_STR(GROUP("c")))) &&
                   !run_line_add(&lines, m, hn_str_bytes(HN_STR(GROUP("d") "\n" GROUP("e")))) &&
                   !run_line_add(&lines, m, hn_str_bytes(HN_STR("")));
    if (!r || !taken) /* memory, where that is made scarce */
        hn_run_free(r);
    CHECK(r && taken);
    r->cover[r->n_cover++] = (struct hn_run_cover){.module = m, .complete = true, .ran = true};
    hn_run_take_lines(r, hn_bytes_of(lines.p, lines.n));
    bool read = hn_facts_count(r->facts, "accounts.group") == 2 && r->cover[0].complete && !r->cover[0].rejected;
    hn_run_take_lines(r, hn_str_bytes(HN_STR("{\"module\":\"accounts\",\"kind\":\"none\"}\nnot json\n")));
    bool told = !r->cover[0].complete && r->cover[0].rejected == 2 && r->cover[0].n_malformed == 2;
    hn_run_free(r);
    CHECK(refused);
    CHECK(read);
    CHECK(told);
}

TEST(records_read_back_and_every_cut_is_refused)
{
    struct hn_rec r = file("tag", "/a/b", "data"), back;
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    hn_buf_init(&b, 1000);
    r.err = 13;
    r.offset = 1ull << 40;
    r.more = r.truncated = true;
    hn_rec_write(&b, &r);
    CHECK(hn_rec_read(hn_bytes_of(b.p, b.n), &back));
    CHECK_BYTES(back.data, r.data);
    CHECK_BYTES(back.path, r.path);
    CHECK_STR(back.tag, r.tag);
    CHECK_INT(back.err, 13);
    CHECK_UINT(back.offset, 1ull << 40);
    CHECK(back.more && back.truncated && back.has_stat);
    for (size_t n = 0; n < b.n; n++)
        CHECK(!hn_rec_read(hn_bytes_of(b.p, n), &back));
    hn_buf_chr(&b, 0);
    CHECK(!hn_rec_read(hn_bytes_of(b.p, b.n), &back));
}
