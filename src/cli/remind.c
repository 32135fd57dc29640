/* Reminders: actions that are due soon or overdue, told to their owners by e-mail and to webhooks; and news (news.c).
 * `hinomi serve` runs this once an hour as a process of its own (`hinomi -x remind`), since it talks to other machines.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/news.h"
#include "core/client.h"
#include "core/config.h"
#include "core/notify.h"

#define AGAIN_AFTER HN_DAY

struct remind {
    struct hn_arena arena;
    struct hn_config *config;
    struct hn_client *client;
    struct hn_str password, secret;
    size_t sent, failed;
};

static struct hn_err due_actions(struct remind *r, const struct hn_jv **ret, struct hn_diag *d)
{
    struct hn_buf args;
    struct hn_jw w;
    struct hn_answer ans = {.body = {NULL, 0}};
    hn_time now = hn_now();
    hn_buf_init(&args, 1024);
    hn_jw_init(&w, &args);
    hn_jw_obj(&w);
    hn_jw_ktime(&w, "before", now + hn_config_int(r->config, "notify.days_before") * HN_DAY);
    hn_jw_ktime(&w, "since", now - AGAIN_AFTER);
    hn_jw_obj_end(&w);
    struct hn_err e = hn_client_call(r->client, "actions.remind", hn_buf_text(&args), &ans, d);
    hn_buf_done(&args);
    HN_TRY(e);
    *ret = hn_jv_get(hn_jv_parse(&r->arena, hn_str_bytes(hn_arena_str(&r->arena, ans.body)), d), "items");
    return HN_OK;
}

static void outcome(struct remind *r, struct hn_err e, const struct hn_diag *d)
{
    if (hn_ok(e)) {
        r->sent++;
        return;
    }
    r->failed++;
    hn_log(HN_LOG_ERROR, "reminder not sent: %s", d->msg);
}

static void send_mail(struct remind *r, const struct hn_jv *action, struct hn_str to, enum hn_lang lang)
{
    const struct hn_jv *f = hn_jv_get(action, "finding");
    const char *key = lang == HN_JA ? "ja" : "en";
    struct hn_arena *a = &r->arena;
    enum hn_lang before = cli.lang;
    cli.lang = lang; /* cli_value shows texts in the language in force */
    struct hn_param p[5] = {{"title", hn_jv_str(hn_jv_get(f, "title"), key), &p[1]},
                            {"sentence", hn_jv_str(hn_jv_get(f, "sentence"), key), &p[2]},
                            {"asset", hn_jv_str(hn_jv_get(f, "asset"), "name"), &p[3]},
                            {"due", cli_value(a, action, "due", true), &p[4]},
                            {"id", hn_jv_str(action, "id"), NULL}};
    cli.lang = before;
    struct hn_str user = hn_config_str(r->config, "mail.user"), ca = hn_config_str(r->config, "mail.ca_file");
    struct hn_notify_mail m = {.url = hn_config_str(r->config, "mail.url").p,
                               .from = hn_config_str(r->config, "mail.from").p,
                               .user = user.n ? user.p : NULL,
                               .password = r->password.n ? r->password.p : NULL,
                               .starttls = hn_config_bool(r->config, "mail.starttls"),
                               .ca_file = ca.n ? ca.p : NULL};
    struct hn_diag d = {{0}};
    outcome(r,
            hn_notify_mail_send(&m, to, hn_text(a, lang, "remind.subject", p), hn_text(a, lang, "remind.body", p), &d),
            &d);
}

/* To the owner, when the user name is an address; else to those of the configuration. */
static void tell_people(struct remind *r, const struct hn_jv *action)
{
    struct hn_str user = hn_jv_str(action, "owner_user"), lang = hn_jv_str(action, "owner_lang");
    enum hn_lang l = hn_str_eqc(lang, "ja") ? HN_JA : hn_str_eqc(lang, "en") ? HN_EN : cli.lang;
    const struct hn_str *to;
    if (!hn_config_str(r->config, "mail.url").n)
        return;
    if (hn_str_chr(user, '@') > 0) {
        send_mail(r, action, user, l);
        return;
    }
    size_t n = hn_config_list(r->config, "mail.to", &to);
    for (size_t i = 0; i < n; i++)
        send_mail(r, action, to[i], l);
}

static void tell_hooks(struct remind *r, const struct hn_jv *action)
{
    const struct hn_str *urls;
    size_t n = hn_config_list(r->config, "webhook.urls", &urls);
    struct hn_buf b;
    struct hn_jw w;
    hn_buf_init(&b, 4u << 20);
    hn_jw_init(&w, &b);
    hn_jw_obj(&w);
    hn_jw_kc(&w, "event", "action.reminder");
    hn_jw_ktime(&w, "at", hn_now());
    hn_jw_key(&w, "action");
    hn_jw_value(&w, action);
    hn_jw_obj_end(&w);
    for (size_t i = 0; i < n; i++) {
        struct hn_notify_hook h = {hn_arena_cstr(&r->arena, urls[i]), r->secret.n ? r->secret.p : NULL};
        struct hn_diag d = {{0}};
        outcome(r, hn_notify_hook_send(&h, hn_buf_text(&b), &d), &d);
    }
    hn_buf_done(&b);
}

static struct hn_err remind(struct remind *r, struct hn_diag *d)
{
    const struct hn_jv *items = NULL;
    const struct hn_str *urls;
    HN_TRY(hn_config_load(cli.config, &r->config, d));
    if (!hn_config_str(r->config, "mail.url").n && !hn_config_list(r->config, "webhook.urls", &urls))
        return HN_OK; /* nobody to tell: nothing is marked as told */
    HN_TRY(hn_config_secret(r->config, "mail.password_file", &r->arena, &r->password, d));
    HN_TRY(hn_config_secret(r->config, "webhook.secret_file", &r->arena, &r->secret, d));
    r->client = hn_client_open(cli.home, d);
    if (!r->client)
        return (struct hn_err){HN_E_IO};
    HN_TRY(due_actions(r, &items, d));
    for (size_t i = 0; items && i < items->n; i++) {
        tell_people(r, &items->items[i]);
        tell_hooks(r, &items->items[i]);
    }
    struct cli_news news = {
        .client = r->client, .config = r->config, .arena = &r->arena, .password = r->password, .secret = r->secret};
    struct hn_err e = cli_news(&news, d);
    r->sent += news.sent;
    r->failed += news.failed;
    return e;
}

int cli_remind(int argc, char **argv)
{
    struct remind r = {.sent = 0};
    struct hn_diag d = {{0}};
    cli_take_globals(argc, argv);
    hn_arena_init(&r.arena, 64u << 20);
    struct hn_err e = remind(&r, &d);
    if (!hn_ok(e))
        hn_log(HN_LOG_ERROR, "reminders: %s", d.msg);
    else if (r.sent || r.failed)
        hn_log(HN_LOG_INFO, "reminders: %zu sent, %zu failed", r.sent, r.failed);
    if (r.client)
        hn_client_close(r.client);
    hn_config_free(r.config);
    hn_arena_done(&r.arena);
    return hn_ok(e) ? (r.failed ? CLI_FAILURE : CLI_OK) : hn_err_exit(e);
}
