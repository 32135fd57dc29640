/* Inside of the host module. */
#pragma once

#include "core/module.h"

/* End of life of one release of one operating system; dates as "YYYY-MM-DD". */
struct host_release {
    const char *os;                               /* ID of os-release */
    const char *version;                          /* VERSION_ID, or its beginning up to a dot */
    const char *until;                            /* everybody gets security fixes until this day */
    const char *extended;                         /* limited or paid support until this day; NULL = none */
    enum { HOST_NONE, HOST_LTS, HOST_PAID } kind; /* of the extended support: volunteers, free of charge; by contract */
};

/* NULL: not in the table. */
const struct host_release *host_release_find(struct hn_str os, struct hn_str version);

void host_judge(struct hn_judge *j);
