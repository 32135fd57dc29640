/* New findings told to people: part of the hourly `hinomi -x remind`. */
#pragma once

#include "core/client.h"
#include "core/config.h"

struct cli_news {
    struct hn_client *client;
    const struct hn_config *config;
    struct hn_arena *arena;
    struct hn_str password, secret; /* of the mail server, of the webhooks */
    size_t sent, failed;            /* messages */
};

/* What appeared since the last time and is severe enough (notify.severity): one mail to each of mail.to, one call of
 * each webhook. The first time only remembers when it was, so that nobody gets everything at once. What could not be
 * sent is tried again the next time. */
HN_MUST struct hn_err cli_news(struct cli_news *n, struct hn_diag *reterr);
