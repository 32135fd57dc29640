/* Every option of hinomi.yaml, in the order of the file. */
#include "core/config.h"

#define DAY        86400
#define SEVERITIES "info low medium high critical"

const struct hn_option hn_options[] = {
    {"home", HN_CONF_PATH, 0, "", 0, 0, NULL},
    {"language", HN_CONF_WORD, 0, "auto", 0, 0, "auto en ja"},
    {"policy", HN_CONF_PATH, 0, "", 0, 0, NULL},
    {"log_level", HN_CONF_WORD, 0, "info", 0, 0, "error warn info debug"},
    {"organisation.name", HN_CONF_TEXT, 0, "", 0, 200, NULL},
    {"serve.listen", HN_CONF_LISTEN, 0, "127.0.0.1:8470", 0, 0, NULL},
    {"serve.user", HN_CONF_TEXT, 0, "", 0, 32, NULL},
    {"serve.diagnose", HN_CONF_BOOL, 0, "false", 0, 0, NULL},
    {"serve.watch", HN_CONF_BOOL, 0, "false", 0, 0, NULL},
    {"diagnose.modules", HN_CONF_LIST, HN_CONF_WORD, "[]", 0, 0, "modules"},
    {"diagnose.without", HN_CONF_LIST, HN_CONF_WORD, "[]", 0, 0, "modules"},
    {"diagnose.every", HN_CONF_SPAN, 0, "1h", 60, 30 * DAY, NULL},
    {"diagnose.deep_every", HN_CONF_SPAN, 0, "1d", 0, 90 * DAY, NULL},
    {"diagnose.threshold", HN_CONF_WORD, 0, "high", 0, 0, SEVERITIES},
    {"fix.approval", HN_CONF_WORD, 0, "ask", 0, 0, "never ask approved"},
    {"fix.kinds", HN_CONF_LIST, HN_CONF_WORD, "[]", 0, 0, "upgrade sysctl mode owner unit-off sshd restart setting"},
    {"retention.history_days", HN_CONF_INT, 0, "90", 0, 3650, NULL},
    {"retention.run_days", HN_CONF_INT, 0, "90", 0, 3650, NULL},
    {"retention.closed_days", HN_CONF_INT, 0, "730", 0, 3650, NULL},
    {"retention.event_days", HN_CONF_INT, 0, "30", 0, 3650, NULL},
    {"retention.most_size", HN_CONF_SIZE, 0, "0", 0, INT64_C(1) << 50, NULL},
    {"network.places", HN_CONF_LIST, HN_CONF_PATH, "[]", 0, 0, NULL},
    {"notify.severity", HN_CONF_WORD, 0, "high", 0, 0, SEVERITIES},
    {"notify.days_before", HN_CONF_INT, 0, "3", 0, 60, NULL},
    {"mail.url", HN_CONF_URL, 0, "", 0, 0, "smtp smtps"},
    {"mail.from", HN_CONF_MAIL, 0, "", 0, 0, NULL},
    {"mail.to", HN_CONF_LIST, HN_CONF_MAIL, "[]", 0, 0, NULL},
    {"mail.user", HN_CONF_TEXT, 0, "", 0, 200, NULL},
    {"mail.password_file", HN_CONF_PATH, 0, "", 0, 0, NULL},
    {"mail.starttls", HN_CONF_BOOL, 0, "true", 0, 0, NULL},
    {"mail.ca_file", HN_CONF_PATH, 0, "", 0, 0, NULL},
    {"webhook.urls", HN_CONF_LIST, HN_CONF_URL, "[]", 0, 0, "https http"},
    {"webhook.secret_file", HN_CONF_PATH, 0, "", 0, 0, NULL},
    {"limits.memory", HN_CONF_SIZE, 0, "512M", INT64_C(64) << 20, INT64_C(16) << 30, NULL},
    {"limits.stall", HN_CONF_SPAN, 0, "15s", 5, 600, NULL},
    {0}};
