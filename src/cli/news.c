#include "cli/news.h"

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "core/notify.h"

#define SINCE    "notify.since" /* setting of the store */
#define SHOWN    50u
#define TEXT_MAX (1u << 20)
#define HOOK_MAX (8u << 20)

struct digest {
    struct hn_buf text, hook;
    struct hn_jw w;
    size_t n;
};

static struct hn_err call(const struct cli_news *c, const char *op, struct hn_str args, const struct hn_jv **ret,
                          struct hn_diag *d)
{
    struct hn_answer ans = {.body = {NULL, 0}};
    HN_TRY(hn_client_call(c->client, op, args, &ans, d));
    *ret = hn_jv_parse(c->arena, hn_str_bytes(hn_arena_str(c->arena, ans.body)), d);
    return *ret ? HN_OK : (struct hn_err){HN_E_INVALID};
}

static struct hn_err get_since(const struct cli_news *c, hn_time *ret, struct hn_diag *d)
{
    const struct hn_jv *v;
    *ret = 0;
    HN_TRY(call(c, "settings.get", HN_STR("{\"key\":\"" SINCE "\"}"), &v, d));
    struct hn_str s = hn_jv_str(v, "value");
    if (s.n && !hn_time_parse(s, ret))
        *ret = 0;
    return HN_OK;
}

static struct hn_err put_since(const struct cli_news *c, hn_time at, struct hn_diag *d)
{
    char text[HN_TIME_TEXT];
    const struct hn_jv *v;
    struct hn_str args = hn_arena_fmt(c->arena, "{\"key\":\"" SINCE "\",\"value\":\"%s\"}", hn_time_text(at, text));
    return call(c, "settings.put", args, &v, d);
}

/* Titles hold names from outside: no control characters reach the mail. */
static void add_finding(const struct cli_news *c, struct digest *g, const struct hn_jv *f)
{
    struct hn_str due = cli_value(c->arena, f, "due", true);
    struct hn_param p[4] = {{"title", cli_value(c->arena, f, "title", false), &p[1]},
                            {"asset", cli_value(c->arena, f, "asset.name", false), &p[2]},
                            {"due", due.n ? hn_arena_fmt(c->arena, "%.*s UTC", HN_FMT(due)) : HN_STR("–"), &p[3]},
                            {"severity", cli_word("severity", hn_jv_str(f, "severity")), NULL}};
    if (g->n++ >= SHOWN)
        return;
    hn_term_put(&g->text, hn_text(c->arena, cli.lang, "news.finding", p));
    hn_buf_chr(&g->text, '\n');
    hn_jw_value(&g->w, f);
}

/* The list is newest first: it ends where the last time ended. */
static struct hn_err gather(const struct cli_news *c, struct digest *g, hn_time since, hn_time now, struct hn_diag *d)
{
    const struct hn_jv *v, *items;
    hn_time seen;
    struct hn_str args =
        hn_arena_fmt(c->arena, "{\"status\":\"open\",\"sort\":\"-first_seen\",\"limit\":500,\"severity\":\"%.*s\"}",
                     HN_FMT(hn_config_str(c->config, "notify.severity")));
    HN_TRY(call(c, "findings.list", args, &v, d));
    items = hn_jv_get(v, "items");
    hn_jw_init(&g->w, &g->hook);
    hn_jw_obj(&g->w);
    hn_jw_kc(&g->w, "event", "findings.new");
    hn_jw_ktime(&g->w, "at", now);
    hn_jw_key(&g->w, "findings");
    hn_jw_arr(&g->w);
    for (size_t i = 0; items && i < items->n; i++) {
        if (!hn_time_parse(hn_jv_str(&items->items[i], "first_seen"), &seen) || seen <= since)
            break;
        add_finding(c, g, &items->items[i]);
    }
    hn_jw_arr_end(&g->w);
    hn_jw_kint(&g->w, "count", (int64_t)g->n);
    hn_jw_obj_end(&g->w);
    return hn_buf_err(&g->hook);
}

static void outcome(struct cli_news *c, struct hn_err e, const struct hn_diag *d)
{
    c->sent += hn_ok(e);
    c->failed += !hn_ok(e);
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "news not sent: %s", d->msg);
}

static void send_mails(struct cli_news *c, const struct digest *g)
{
    const struct hn_str *to;
    size_t n = hn_config_list(c->config, "mail.to", &to);
    struct hn_str user = hn_config_str(c->config, "mail.user"), ca = hn_config_str(c->config, "mail.ca_file");
    struct hn_notify_mail m = {.url = hn_config_str(c->config, "mail.url").p,
                               .from = hn_config_str(c->config, "mail.from").p,
                               .user = user.n ? user.p : NULL,
                               .password = c->password.n ? c->password.p : NULL,
                               .starttls = hn_config_bool(c->config, "mail.starttls"),
                               .ca_file = ca.n ? ca.p : NULL};
    struct hn_param p = {"n", hn_arena_fmt(c->arena, "%zu", g->n), NULL};
    struct hn_str subject = hn_text(c->arena, cli.lang, "news.subject", &p);
    for (size_t i = 0; i < n && m.url[0]; i++) {
        struct hn_diag d = {{0}};
        outcome(c, hn_notify_mail_send(&m, to[i], subject, hn_buf_text(&g->text), &d), &d);
    }
}

static void call_hooks(struct cli_news *c, const struct digest *g)
{
    const struct hn_str *urls;
    size_t n = hn_config_list(c->config, "webhook.urls", &urls);
    for (size_t i = 0; i < n; i++) {
        struct hn_notify_hook h = {hn_arena_cstr(c->arena, urls[i]), c->secret.n ? c->secret.p : NULL};
        struct hn_diag d = {{0}};
        outcome(c, hn_notify_hook_send(&h, hn_buf_text(&g->hook), &d), &d);
    }
}

struct hn_err cli_news(struct cli_news *c, struct hn_diag *d)
{
    struct digest g = {.n = 0};
    hn_time since, now = hn_now();
    size_t failed = c->failed;
    HN_TRY(get_since(c, &since, d));
    if (!since)
        return put_since(c, now, d);
    hn_buf_init(&g.text, TEXT_MAX);
    hn_buf_init(&g.hook, HOOK_MAX);
    struct hn_err e = gather(c, &g, since, now, d);
    if (hn_ok(e) && g.n) {
        send_mails(c, &g);
        call_hooks(c, &g);
    }
    if (hn_ok(e) && failed == c->failed)
        e = put_since(c, now, d);
    hn_buf_done(&g.text);
    hn_buf_done(&g.hook);
    return e;
}
