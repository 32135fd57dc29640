/* Operations without a store: the table, routes, argument checks, and the small parts around them. */
#include "hn_test.h"

#include <sys/socket.h>

#include "base/str.h"
#include "core/export.h"
#include "core/limiter.h"
#include "core/msg.h"
#include "core/ops.h"
#include "core/password.h"

/* ---------------------------------------------------------------- table */

TEST(names_and_routes_are_unique_and_complete)
{
    const struct hn_op *op, *other;

    for (size_t i = 0; (op = hn_op_next(&i));) {
        NOTE("%s", op->name);
        CHECK(op->handler && op->doc && strchr(op->name, '.'));
        CHECK((op->method == NULL) == (op->path == NULL));
        CHECK((op->need == HN_NEED_LOCAL) == (op->method == NULL));
        for (size_t k = i; (other = hn_op_next(&k));) {
            CHECK(strcmp(op->name, other->name) != 0);
            CHECK(!op->method || !other->method || strcmp(op->method, other->method) != 0 ||
                  strcmp(op->path, other->path) != 0);
        }
        if (op->method)
            CHECK(((op->flags & HN_OP_CHANGES) != 0) ==
                  (strcmp(op->method, "GET") != 0 && strcmp(op->name, "session.create") != 0));
    }
}

TEST(every_answer_has_an_embedded_schema)
{
    const struct hn_op *op;

    for (size_t i = 0; (op = hn_op_next(&i));) {
        bool found = op->answer == NULL;
        char name[64];
        snprintf(name, sizeof name, "%s.json", op->answer ? op->answer : "");
        for (size_t k = 0; k < hn_schemas_n; k++)
            found = found || strcmp(hn_schemas[k].name, name) == 0;
        NOTE("%s → %s", op->name, name);
        CHECK(found);
    }
}

TEST(every_error_has_its_text)
{
    for (int code = 1; code < HN_E_COUNT; code++) {
        char key[64];
        snprintf(key, sizeof key, "error.%s", hn_err_name((struct hn_err){(enum hn_err_code)code}));
        NOTE("%s", key);
        CHECK(hn_text_find(HN_EN, key) && hn_text_find(HN_JA, key));
    }
}

TEST(paths_find_their_operation)
{
    static const struct {
        const char *method, *path, *op, *id;
    } rows[] = {
        {"GET", "findings", "findings.list", NULL},
        {"GET", "findings/abc", "findings.get", "abc"},
        {"GET", "findings/a%2Fb", "findings.get", "a/b"},
        {"GET", "findings/%E6%9C%A8", "findings.get", "木"},
        {"POST", "findings/abc/fix", "findings.fix_request", "abc"},
        {"GET", "assets/7/observations", "observations.list", "7"},
        {"DELETE", "session", "session.end", NULL},
        {"GET", "", NULL, NULL},
        {"GET", "findings/", NULL, NULL},
        {"GET", "/findings", NULL, NULL},
        {"GET", "findings//fix", NULL, NULL},
        {"GET", "findings/a/b", NULL, NULL},
        {"GET", "findings/%", NULL, NULL},
        {"GET", "findings/%00", NULL, NULL},
        {"GET", "findings/%ff", NULL, NULL},
        {"get", "findings", NULL, NULL},
        {"PUT", "findings", NULL, NULL},
    };
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 20);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_jv args = {.kind = HN_JV_NULL};
        const struct hn_op *op = hn_op_route(hn_str_c(rows[i].method), hn_str_c(rows[i].path), &a, &args, NULL);
        NOTE("%s %s", rows[i].method, rows[i].path);
        CHECK_C(op ? op->name : "none", rows[i].op ? rows[i].op : "none");
        if (rows[i].id)
            CHECK_TEXT(hn_jv_str(&args, "id"), rows[i].id);
    }
}

TEST(a_path_names_its_methods)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    struct hn_jv args;
    struct hn_str allowed;
    hn_arena_init(&a, 1 << 20);

    CHECK(!hn_op_route(HN_STR("PUT"), HN_STR("session"), &a, &args, &allowed));
    CHECK_TEXT(allowed, "POST, GET, DELETE");
    CHECK(!hn_op_route(HN_STR("PUT"), HN_STR("nothing"), &a, &args, &allowed));
    CHECK_TEXT(allowed, "");
}

/* ---------------------------------------------------------------- arguments */

static const struct hn_op_param params[] = {{"id", HN_IN_PATH, HN_PT_STR, true, NULL, "", 0, 8},
                                            {"limit", HN_IN_QUERY, HN_PT_INT, false, NULL, "", 1, 500},
                                            {"score", HN_IN_QUERY, HN_PT_NUM, false, NULL, "", 0, 0},
                                            {"deep", HN_IN_QUERY, HN_PT_BOOL, false, NULL, "", 0, 0},
                                            {"sort", HN_IN_QUERY, HN_PT_STR, false, "name -name", "", 0, 0},
                                            {"count", HN_IN_BODY, HN_PT_INT, false, NULL, "", 0, 0},
                                            {"until", HN_IN_BODY, HN_PT_TIME, false, NULL, "", 0, 64},
                                            {"name", HN_IN_BODY, HN_PT_TEXT, false, NULL, "", 0, 8},
                                            {"grants", HN_IN_BODY, HN_PT_ARR, false, NULL, "", 0, 0},
                                            {"more", HN_IN_BODY, HN_PT_OBJ, false, NULL, "", 0, 0},
                                            {0}};

TEST(arguments_are_checked_by_the_table)
{
    static const struct hn_op op = {.name = "test.op", .params = params};
    static const struct {
        const char *args, *key; /* key of the error, or NULL: accepted */
    } rows[] = {
        {"{\"id\":\"a\"}", NULL},
        {"{}", "error.param-missing"},
        {"null", "error.param-missing"},
        {"{\"id\":null}", "error.param-missing"},
        {"{\"id\":\"\"}", "error.param-missing"},
        {"{\"id\":\" \"}", "error.param-missing"},
        {"[]", "error.args-object"},
        {"7", "error.args-object"},
        {"{\"id\":\"123456789\"}", "error.param-long"},
        {"{\"id\":7}", "error.param-wrong"},
        {"{\"id\":\"a\",\"limit\":\"5\"}", NULL},
        {"{\"id\":\"a\",\"limit\":5}", NULL},
        {"{\"id\":\"a\",\"limit\":0}", "error.param-wrong"},
        {"{\"id\":\"a\",\"limit\":501}", "error.param-wrong"},
        {"{\"id\":\"a\",\"limit\":\"5x\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"limit\":5.5}", "error.param-wrong"},
        {"{\"id\":\"a\",\"count\":\"5\"}", "error.param-wrong"}, /* a body says what it means */
        {"{\"id\":\"a\",\"score\":\"1.5\"}", NULL},
        {"{\"id\":\"a\",\"score\":\"1.5 2\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"score\":\"nan\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"deep\":\"true\"}", NULL},
        {"{\"id\":\"a\",\"deep\":\"yes\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"sort\":\"-name\"}", NULL},
        {"{\"id\":\"a\",\"sort\":\"nam\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"sort\":\"name -name\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"until\":\"2026-11-22\"}", NULL},
        {"{\"id\":\"a\",\"until\":\"soon\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"name\":\"x\"}", NULL},
        {"{\"id\":\"a\",\"name\":{\"ja\":\"x\"}}", NULL},
        {"{\"id\":\"a\",\"name\":{\"fr\":\"x\"}}", "error.param-wrong"},
        {"{\"id\":\"a\",\"name\":{\"en\":\"x\",\"ja\":\"y\",\"fr\":\"z\"}}", "error.param-wrong"},
        {"{\"id\":\"a\",\"name\":{\"en\":\"123456789\"}}", "error.param-long"},
        {"{\"id\":\"a\",\"grants\":[]}", NULL},
        {"{\"id\":\"a\",\"grants\":{}}", "error.param-wrong"},
        {"{\"id\":\"a\",\"more\":{}}", NULL},
        {"{\"id\":\"a\",\"more\":\"x\"}", "error.param-wrong"},
        {"{\"id\":\"a\",\"limt\":1}", "error.param-unknown-near"},
        {"{\"id\":\"a\",\"zzzzzzzz\":1}", "error.param-unknown"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        HN_AUTO(hn_arena_done) struct hn_arena a;
        hn_arena_init(&a, 1 << 20);
        struct hn_op_ctx c = {.arena = &a};
        const struct hn_jv *raw = hn_jv_parse(&a, hn_str_bytes(hn_str_c(rows[i].args)), NULL), *args = NULL;
        NOTE("%s", rows[i].args);
        CHECK(raw);
        struct hn_err e = hn_op_check(&op, raw, &c, &args);
        CHECK_INT(hn_ok(e), rows[i].key == NULL);
        CHECK_C(c.err_key ? c.err_key : "none", rows[i].key ? rows[i].key : "none");
        if (c.err_key) /* the text has what it needs */
            CHECK(hn_str_find(hn_text(&a, HN_JA, c.err_key, c.err_params), HN_STR("{?")) < 0);
    }
}

TEST(converted_arguments_have_their_kind)
{
    static const struct hn_op op = {.name = "test.op", .params = params};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 20);
    struct hn_op_ctx c = {.arena = &a};
    const struct hn_jv *args,
        *raw = hn_jv_parse(&a,
                           hn_str_bytes(HN_STR("{\"id\":\"a\",\"limit\":\"7\",\"score\":\"2.5\",\"deep\":\"1\","
                                               "\"name\":\"both\"}")),
                           NULL);

    CHECK_OK(hn_op_check(&op, raw, &c, &args));
    CHECK_INT(hn_jv_int(args, "limit", 0), 7);
    CHECK_NUM(hn_jv_num(args, "score", 0), 2.5);
    CHECK(hn_jv_bool(args, "deep", false));
    CHECK_TEXT(hn_jv_str(hn_jv_get(args, "name"), "ja"), "both");
}

TEST(percent_encoding)
{
    static const struct {
        const char *in, *out; /* NULL: refused */
        bool form;
    } rows[] = {{"abc", "abc", false},     {"a%20b", "a b", false},  {"a+b", "a+b", false}, {"a+b", "a b", true},
                {"%e6%9c%a8", "木", true}, {"%", NULL, true},        {"%4", NULL, true},    {"%zz", NULL, true},
                {"%00", NULL, true},       {"%c0%80", NULL, true},   {"%25", "%", true},    {"", "", true},
                {"a%", NULL, false},       {"%ed%a0%80", NULL, true}};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 16);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hn_str out = {NULL, 0};
        bool ok = hn_percent_decode(hn_str_c(rows[i].in), rows[i].form, &a, &out);
        NOTE("%s", rows[i].in);
        CHECK_INT(ok, rows[i].out != NULL);
        if (ok)
            CHECK_TEXT(out, rows[i].out);
    }
}

/* ---------------------------------------------------------------- passwords, limits */

TEST_LONG(passwords, 60)
{
    char one[HN_PASSWORD_TEXT], two[HN_PASSWORD_TEXT];

    CHECK_OK(hn_password_hash(HN_STR("correct horse"), one));
    CHECK_OK(hn_password_hash(HN_STR("correct horse"), two));
    CHECK(strcmp(one, two) != 0); /* its own salt */
    CHECK(hn_str_starts(hn_str_c(one), "scrypt$15$8$1$"));
    CHECK(hn_password_check(HN_STR("correct horse"), hn_str_c(one)));
    CHECK(!hn_password_check(HN_STR("correct horsf"), hn_str_c(one)));
    CHECK(!hn_password_check(HN_STR(""), hn_str_c(one)));
    CHECK(!hn_password_check(HN_STR("correct horse"), HN_STR("")));
    CHECK(!hn_password_check(HN_STR(""), HN_STR("")));
    CHECK(!hn_password_check(HN_STR("correct horse"), HN_STR("scrypt$15$8$1$00$00")));
    CHECK(!hn_password_check(HN_STR("correct horse"), HN_STR("scrypt$1$8$1$00$00")));
    one[strlen(one) - 1] ^= 1;
    CHECK(!hn_password_check(HN_STR("correct horse"), hn_str_c(one)));
}

TEST(a_known_answer_of_scrypt)
{
    /* RFC 7914, section 12, has none with our parameters; this one was computed by Python's hashlib.scrypt. */
    CHECK(hn_password_check(HN_STR("hinomi"),
                            HN_STR("scrypt$15$8$1$000102030405060708090a0b0c0d0e0f$"
                                   "08c0463a73dea77f8c9886b94ee8b9d9e1d81aee2aab7faed30747532c0c3370")));
}

TEST(tokens)
{
    char one[HN_TOKEN_TEXT], two[HN_TOKEN_TEXT], hash[HN_TOKEN_TEXT];

    CHECK_OK(hn_token_new(one));
    CHECK_OK(hn_token_new(two));
    CHECK_UINT(strlen(one), 64);
    CHECK(strcmp(one, two) != 0);
    hn_token_hash(HN_STR("abc"), hash);
    CHECK_C(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hn_equal_secret(hn_str_c(one), hn_str_c(one)));
    CHECK(!hn_equal_secret(hn_str_c(one), hn_str_c(two)));
    CHECK(!hn_equal_secret((struct hn_str){NULL, 0}, (struct hn_str){NULL, 0}));
}

TEST(waits_grow_and_end)
{
    static struct hn_limiter l;
    struct hn_str k = HN_STR("tanaka");
    hn_time t = HN_HOUR;

    hn_limiter_init(&l, 3, 8 * HN_SECOND);
    hn_limiter_failed(&l, k, t);
    hn_limiter_failed(&l, k, t);
    CHECK_INT(hn_limiter_wait(&l, k, t), 0);
    for (hn_time want = 1; want <= 64; want *= 2) {
        hn_limiter_failed(&l, k, t);
        CHECK_INT(hn_limiter_wait(&l, k, t), (want > 8 ? 8 : want) * HN_SECOND);
    }
    CHECK_INT(hn_limiter_wait(&l, HN_STR("sato"), t), 0);
    CHECK_INT(hn_limiter_wait(&l, k, t + 8 * HN_SECOND), 0);
    hn_limiter_failed(&l, k, t + HN_HOUR); /* forgotten by then */
    CHECK_INT(hn_limiter_wait(&l, k, t + HN_HOUR), 0);
    hn_limiter_failed(&l, k, t + HN_HOUR);
    hn_limiter_failed(&l, k, t + HN_HOUR);
    CHECK_INT(hn_limiter_wait(&l, k, t + HN_HOUR), HN_SECOND);
    hn_limiter_cleared(&l, k);
    CHECK_INT(hn_limiter_wait(&l, k, t + HN_HOUR), 0);
}

TEST(made_up_names_do_not_push_out_the_one_under_attack)
{
    static struct hn_limiter l;
    char name[32];
    hn_time t = HN_HOUR;

    hn_limiter_init(&l, 2, 60 * HN_SECOND);
    for (int i = 0; i < 3000; i++, t += HN_SECOND / 1000) {
        snprintf(name, sizeof name, "user%d", i);
        hn_limiter_failed(&l, hn_str_c(name), t);
        if (i % 100 == 0)
            hn_limiter_failed(&l, HN_STR("admin"), t);
    }
    CHECK(hn_limiter_wait(&l, HN_STR("admin"), t) > 0);
}

/* ---------------------------------------------------------------- messages, cells */

TEST(messages_come_in_pieces)
{
    HN_AUTO(hn_buf_done) struct hn_buf b, all;
    size_t n;

    hn_buf_init(&b, 1 << 16);
    hn_buf_init(&all, 1 << 16);
    hn_msg_add(&all, HN_STR("{\"op\":\"x\"}"));
    for (size_t i = 0; i < all.n; i++) {
        CHECK(hn_msg_ready(&b, 1000, &n));
        CHECK_UINT(n, 0);
        hn_buf_add(&b, all.p + i, 1);
    }
    CHECK(hn_msg_ready(&b, 1000, &n));
    CHECK_UINT(n, 10);
    CHECK(!hn_msg_ready(&b, 9, &n)); /* longer than allowed */
    hn_buf_clear(&b);
    hn_buf_add(&b, "\0\0\0\0", 4);
    CHECK(!hn_msg_ready(&b, 1000, &n)); /* an empty one is nonsense */
    hn_buf_clear(&b);
    hn_buf_add(&b, "\xff\xff\xff\xff", 4);
    CHECK(!hn_msg_ready(&b, HN_MSG_MAX_LOCAL, &n));
}

TEST(messages_cross_a_socket)
{
    HN_AUTO(hn_buf_done) struct hn_buf out, in;
    int s[2];
    size_t off = 0, n = 0;
    bool eof = false;

    hn_buf_init(&out, 4 << 20);
    hn_buf_init(&in, 4 << 20);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    char *big = hn_alloc(1 << 20);
    CHECK(big);
    memset(big, 'x', 1 << 20);
    hn_msg_add(&out, (struct hn_str){big, 1 << 20});
    hn_free(big);
    for (int i = 0; i < 10000 && !n; i++) {
        CHECK_OK(hn_msg_write(s[0], &out, &off));
        CHECK_OK(hn_msg_read(s[1], &in, &eof));
        CHECK(hn_msg_ready(&in, 2 << 20, &n));
    }
    CHECK_UINT(n, 1 << 20);
    CHECK_UINT(out.n, 0);
    close(s[0]);
    CHECK_OK(hn_msg_read(s[1], &in, &eof));
    CHECK(eof);
    close(s[1]);
}

TEST(cells)
{
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"say \"x\"", "\"say \"\"x\"\"\""},
        {"=1+1", "\"'=1+1\""},
        {"@x", "\"'@x\""},
        {"+1", "\"'+1\""},
        {"-1", "-1"},
        {"-1.5e3", "-1.5e3"},
        {"-2+3", "\"'-2+3\""},
        {"-", "\"'-\""},
        {"\tx", "\"'\tx\""},
        {"two\nlines", "\"two\nlines\""},
        {"漢字", "漢字"},
        {"a;b", "\"a;b\""},
        {"-nan", "\"'-nan\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        HN_AUTO(hn_buf_done) struct hn_buf b;
        hn_buf_init(&b, 1000);
        hn_csv_cell(&b, hn_str_c(rows[i][0]));
        NOTE("%s", rows[i][0]);
        CHECK_TEXT(hn_buf_text(&b), rows[i][1]);
    }
}
