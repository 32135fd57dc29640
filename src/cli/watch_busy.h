/* Whether a package manager is at work: what lies half unpacked then is no finding yet, and would only be verified
 * closed a moment later. */
#pragma once

#include <stdbool.h>

/* Asks for the locks of dpkg, apt, rpm and apk below root (NULL: "/"). A lock that may not be opened counts as free. */
bool watch_busy(const char *root);
