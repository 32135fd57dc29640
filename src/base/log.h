/* Messages for the operator, on standard error, one line each. Only mains of roles and verbs log; libraries return
 * errors. Control characters in arguments are escaped, so a hostile name cannot forge a line. */
#pragma once

#include "base/err.h"

enum hn_log_level { HN_LOG_ERROR, HN_LOG_WARN, HN_LOG_INFO, HN_LOG_DEBUG };

void hn_log_level(enum hn_log_level most); /* default: HN_LOG_INFO */
void hn_log_role(const char *role);        /* shown before each line; a literal */
void hn_log(enum hn_log_level level, const char *fmt, ...) HN_PRINTF(2, 3);
