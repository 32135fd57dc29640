#include "core/config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/str.h"
#include "hn_test.h"

#define NAME "hinomi.yaml"

static void free_config(struct hn_config **c)
{
    hn_config_free(*c);
}

static struct hn_err parse(const char *yaml, struct hn_config **ret, struct hn_diag *d)
{
    setenv("HINOMI_LANG", "en", 1);
    return hn_config_parse(hn_bytes_of(yaml, strlen(yaml)), NAME, ret, d);
}

/* Refused, with a message that holds `says`. */
static bool refused(const char *yaml, const char *says)
{
    HN_AUTO(free_config) struct hn_config *c = NULL;
    struct hn_diag d = {""};
    bool ok = hn_ok(parse(yaml, &c, &d));
    if (ok || !strstr(d.msg, says))
        fprintf(stderr, "%s\n  %s: \"%s\", wanted \"%s\"\n", yaml, ok ? "accepted" : "refused", d.msg, says);
    return !ok && strstr(d.msg, says);
}

static bool accepted(const char *yaml)
{
    HN_AUTO(free_config) struct hn_config *c = NULL;
    struct hn_diag d = {""};
    bool ok = hn_ok(parse(yaml, &c, &d));
    if (!ok)
        fprintf(stderr, "%s\n  refused: %s\n", yaml, d.msg);
    return ok;
}

TEST(nothing_written_means_the_defaults)
{
    HN_AUTO(free_config) struct hn_config *c = NULL;
    CHECK_OK(parse("# only a comment\nserve:\n  # all comments\n", &c, NULL));
    CHECK_TEXT(hn_config_str(c, "serve.listen"), "127.0.0.1:8470");
    CHECK_INT(hn_config_int(c, "diagnose.every"), 3600);
    CHECK_INT(hn_config_int(c, "limits.memory"), 512 << 20);
    CHECK(hn_config_bool(c, "mail.starttls"));
    CHECK(!hn_config_has(c, "fix.kinds", "sysctl"));
    CHECK_INT(hn_config_line(c, "serve.listen"), 0);
}

TEST(values_are_read_with_their_lines)
{
    HN_AUTO(free_config) struct hn_config *c = NULL;
    const struct hn_str *items;
    CHECK_OK(parse(
        "language: ja\n"
        "serve: {listen: 'unix:/run/hinomi/http.sock', watch: false}\n"
        "diagnose:\n"
        "  every: 15m\n"
        "  threshold: critical\n"
        "retention: {most_size: 2G, history_days: 0}\n"
        "fix: {approval: approved, kinds: [sysctl, mode]}\n"
        "mail: {url: smtps://mail.example.org:465, from: hinomi@example.org, to: [a@example.org, b@example.org]}\n"
        "network: {places: [/var/lib/GeoIP/GeoLite2-Country.mmdb, /etc/hinomi/places.csv]}\n"
        "webhook: {urls: ['https://hooks.example.org/x', 'http://127.0.0.1:9/y']}\n",
        &c, NULL));
    CHECK_TEXT(hn_config_str(c, "language"), "ja");
    CHECK_TEXT(hn_config_str(c, "serve.listen"), "unix:/run/hinomi/http.sock");
    CHECK(!hn_config_bool(c, "serve.watch"));
    CHECK_INT(hn_config_int(c, "diagnose.every"), 900);
    CHECK_INT(hn_config_line(c, "diagnose.every"), 4);
    CHECK_INT(hn_config_int(c, "retention.most_size"), INT64_C(2) << 30);
    CHECK(hn_config_has(c, "fix.kinds", "mode"));
    CHECK(!hn_config_has(c, "fix.kinds", "upgrade"));
    CHECK_UINT(hn_config_list(c, "mail.to", &items), 2);
    CHECK_TEXT(items[1], "b@example.org");
    CHECK_UINT(hn_config_list(c, "network.places", &items), 2);
    CHECK_TEXT(items[1], "/etc/hinomi/places.csv");
    CHECK_TEXT(hn_str_c(hn_config_path(c)), NAME);
}

TEST(an_unknown_key_is_an_error_with_line_and_nearest_name)
{
    CHECK(refused("serve:\n  lisen: 127.0.0.1:1\n",
                  "hinomi.yaml:2: there is no option \"serve.lisen\"; did you mean \"serve.listen\"?"));
    CHECK(refused("langauge: ja\n", "did you mean \"language\"?"));
    CHECK(refused("serv:\n  listen: 127.0.0.1:1\n", "there is no option \"serv\"; did you mean \"serve\"?"));
    CHECK(refused("quite_something_else: 1\n", "hinomi.yaml:1: there is no option \"quite_something_else\""));
    CHECK(refused("serve.listen: 127.0.0.1:1\nserve.nothing: 1\n", ":2: "));
    CHECK(refused("serve: yes\n", "is a section"));
    CHECK(refused("- a\n- b\n", "there is no option"));
    CHECK(refused("just words\n", "there is no option"));
}

TEST(wrong_types_and_bounds_are_errors)
{
    CHECK(refused("diagnose: {every: 30s}\n", "hinomi.yaml:1: diagnose.every must be a time from 1m to 30d"));
    CHECK(refused("diagnose: {every: soon}\n", "diagnose.every must be"));
    CHECK(refused("diagnose: {every: [1h]}\n", "diagnose.every must be"));
    CHECK(refused("diagnose: {threshold: huge}\n", "one of: info, low, medium, high, critical"));
    CHECK(refused("diagnose: {modules: packages}\n", "a list"));
    CHECK(refused("diagnose:\n  modules:\n    - packages\n    - nosuchmodule\n", "hinomi.yaml:4: diagnose.modules"));
    CHECK(refused("serve: {watch: yes}\n", "true or false"));
    CHECK(refused("retention: {run_days: 99999}\n", "from 0 to 3650"));
    CHECK(refused("retention: {run_days: -1}\n", "from 0 to 3650"));
    CHECK(refused("retention: {run_days: 9999999999999999999999}\n", "from 0 to 3650"));
    CHECK(refused("limits: {memory: 1M}\n", "a size from 64M to 16G"));
    CHECK(refused("limits: {memory: 99999999999999T}\n", "a size from"));
    CHECK(refused("home: relative/path\n", "an absolute path"));
}

TEST(the_console_listens_on_loopback_only)
{
    CHECK(accepted("serve: {listen: '[::1]:8470'}\n"));
    CHECK(accepted("serve: {listen: 'localhost:0'}\n"));
    CHECK(refused("serve: {listen: '0.0.0.0:8470'}\n", "loopback"));
    CHECK(refused("serve: {listen: '192.0.2.1:8470'}\n", "loopback"));
    CHECK(refused("serve: {listen: '127.0.0.1'}\n", "loopback"));
    CHECK(refused("serve: {listen: '127.0.0.1:70000'}\n", "loopback"));
    CHECK(refused("serve: {listen: ''}\n", "loopback"));
}

TEST(addresses_cannot_smuggle_anything)
{
    CHECK(refused("mail: {from: \"a@b\\nBcc: c@d\"}\n", "a mail address"));
    CHECK(refused("mail: {to: ['a@b', 'c']}\n", "a mail address"));
    CHECK(refused("mail: {to: ['a@b,c@d']}\n", "a mail address"));
    CHECK(refused("mail: {url: 'http://mail'}\n", "smtp://, smtps://"));
    CHECK(refused("webhook: {urls: ['http://hooks.example.org/']}\n", "an address"));
    CHECK(refused("webhook: {urls: ['http://localhost@evil.example/']}\n", "an address"));
    CHECK(refused("webhook: {urls: ['http://127.0.0.1@evil.example/']}\n", "an address"));
    CHECK(refused("webhook: {urls: ['file:///etc/shadow']}\n", "an address"));
}

TEST(options_that_contradict_each_other_are_errors)
{
    CHECK(refused("fix:\n  kinds: [sysctl]\n", "hinomi.yaml:2: fix.kinds needs fix.approval: approved"));
    CHECK(refused("mail: {url: 'smtp://h'}\n", "mail.url needs mail.from"));
    CHECK(refused("diagnose: {modules: [config], without: [accounts]}\n", "cannot both be set"));
}

TEST(hostile_files_are_refused_or_read_but_never_more)
{
    CHECK(refused("a: &x [*x]\n", NAME));
    CHECK(refused("language: !!python/object x\n", NAME));
    CHECK(refused("language: ja\nlanguage: en\n", NAME));
    CHECK(refused("language: ja\n---\nlanguage: en\n", NAME));
    CHECK(refused("{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\n", NAME));
    CHECK(refused("\"\\xff\": 1\n\xff\xfe", NAME));
    char big[400];
    memset(big, '[', sizeof big - 1);
    big[sizeof big - 1] = 0;
    CHECK(refused(big, NAME));
}

TEST(a_file_that_is_too_long_is_refused)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    HN_AUTO(free_config) struct hn_config *c = NULL;
    hn_buf_init(&b, HN_CONFIG_MAX + 100);
    while (b.n <= HN_CONFIG_MAX && !b.bad)
        hn_buf_c(&b, "# comment\n");
    CHECK_ERR(hn_config_parse(hn_bytes_of(b.p, b.n), NAME, &c, NULL), LIMIT);
}

static bool write_file(const char *path, const char *p, size_t n)
{
    HN_AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd >= 0 && hn_ok(hn_write_all(fd, p, n));
}

/* The file in the tree, and the page of the docs, are what the table says. */
static bool same_as_file(const char *path, struct hn_buf *made)
{
    HN_AUTO(hn_buf_done) struct hn_buf b;
    char full[4096];
    hn_buf_init(&b, 1 << 20);
    const char *source = getenv("HINOMI_SOURCE");
    snprintf(full, sizeof full, "%s/%s", source ? source : ".", path);
    if (getenv("HINOMI_GOLDEN_UPDATE"))
        return write_file(full, made->p, made->n);
    return hn_ok(hn_read_file(full, &b, NULL)) && b.n == made->n && memcmp(b.p, made->p, b.n) == 0;
}

TEST(the_commented_file_and_the_docs_agree_with_the_table)
{
    HN_AUTO(hn_buf_done) struct hn_buf sample;
    HN_AUTO(hn_buf_done) struct hn_buf doc;
    hn_buf_init(&sample, 1 << 20);
    hn_buf_init(&doc, 1 << 20);
    hn_config_sample(&sample);
    hn_config_doc(&doc);
    CHECK_OK(hn_buf_err(&sample));
    CHECK_OK(hn_buf_err(&doc));
    CHECK(same_as_file("packaging/hinomi.yaml", &sample)); /* HINOMI_GOLDEN_UPDATE=1 writes it */
    CHECK(same_as_file("docs/config.md", &doc));
}

/* With every comment sign before an option taken away, the sample says exactly the defaults. */
TEST(the_commented_file_holds_every_default)
{
    HN_AUTO(hn_buf_done) struct hn_buf sample;
    HN_AUTO(hn_buf_done) struct hn_buf open;
    HN_AUTO(free_config) struct hn_config *c = NULL;
    HN_AUTO(free_config) struct hn_config *none = NULL;
    hn_buf_init(&sample, 1 << 20);
    hn_buf_init(&open, 1 << 20);
    hn_config_sample(&sample);
    struct hn_bytes rest = hn_bytes_of(sample.p, sample.n), line;
    while (hn_bytes_line(&rest, &line)) {
        const uint8_t *sign = memchr(line.p, '#', line.n);
        for (size_t i = 0; i < line.n; i++)
            if (!sign || line.p + i != sign || (i + 1 < line.n && line.p[i + 1] == ' '))
                hn_buf_chr(&open, (char)line.p[i]);
        hn_buf_chr(&open, '\n');
    }
    CHECK_OK(hn_config_parse(hn_bytes_of(open.p, open.n), NAME, &c, NULL));
    CHECK_OK(parse("", &none, NULL));
    for (const struct hn_option *o = hn_options; o->name; o++) {
        CHECK(hn_config_line(c, o->name) > 0);
        if (o->type != HN_CONF_LIST)
            CHECK_STR(hn_config_str(c, o->name), hn_config_str(none, o->name));
        CHECK_INT(hn_config_int(c, o->name), hn_config_int(none, o->name));
    }
}

TEST(every_option_has_its_meaning_in_both_languages)
{
    char key[128];
    for (const struct hn_option *o = hn_options; o->name; o++) {
        snprintf(key, sizeof key, "option.%s", o->name);
        CHECK(hn_text_find(HN_EN, key) != NULL);
        CHECK(hn_text_find(HN_JA, key) != NULL);
    }
}

TEST(a_secret_is_read_only_from_a_file_of_its_owner)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    char dir[] = "/tmp/hinomi-test-XXXXXX", path[128], yaml[256];
    HN_AUTO(free_config) struct hn_config *c = NULL;
    struct hn_str secret;
    hn_arena_init(&a, 1 << 16);
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/pw", dir);
    snprintf(yaml, sizeof yaml, "mail: {password_file: %s}\n", path);
    CHECK_OK(parse(yaml, &c, NULL));
    CHECK_ERR(hn_config_secret(c, "mail.password_file", &a, &secret, NULL), NOENT);
    CHECK(write_file(path, "s3cret\nmore\n", 12));
    CHECK(chmod(path, 0644) == 0);
    CHECK_ERR(hn_config_secret(c, "mail.password_file", &a, &secret, NULL), PERM);
    CHECK(chmod(path, 0600) == 0);
    CHECK_OK(hn_config_secret(c, "mail.password_file", &a, &secret, NULL));
    CHECK_TEXT(secret, "s3cret");
    CHECK_OK(hn_config_secret(c, "webhook.secret_file", &a, &secret, NULL));
    CHECK_UINT(secret.n, 0);
    unlink(path);
    rmdir(dir);
}

TEST(the_file_is_searched_where_it_is_documented)
{
    char dir[] = "/tmp/hinomi-test-XXXXXX", path[128];
    HN_AUTO(free_config) struct hn_config *c = NULL;
    CHECK(mkdtemp(dir) != NULL);
    setenv("HINOMI_LANG", "en", 1);
    setenv("HINOMI_HOME", dir, 1);
    snprintf(path, sizeof path, "%s/hinomi.yaml", dir);
    CHECK(write_file(path, "language: ja\n", 13));
    CHECK_OK(hn_config_load(NULL, &c, NULL));
    CHECK_TEXT(hn_str_c(hn_config_path(c)), path);
    CHECK_TEXT(hn_config_str(c, "language"), "ja");
    HN_AUTO(free_config) struct hn_config *none = NULL;
    struct hn_diag d = {""};
    CHECK_ERR(hn_config_load("/nonexistent/hinomi.yaml", &none, &d), NOENT); /* named, so it must be there */
    unlink(path);
    rmdir(dir);
}
