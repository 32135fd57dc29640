/* How open a service is: the share of protections that are missing, each with a weight. Not the figure of
 * `systemd-analyze security`, though near to it; the table is the definition (README.md repeats it in words). */
#include "modules/services/services.h"

enum test { IS_YES, IS_SET, NOT_ROOT, IS_STRICT, HOME, FAMILIES, NO_CAPS, UMASK, PROC };

static const struct {
    const char *key;
    enum test test;
    unsigned weight;
} table[] = {
    {"User", NOT_ROOT, 20},
    {"NoNewPrivileges", IS_YES, 8},
    {"CapabilityBoundingSet", NO_CAPS, 10},
    {"SystemCallFilter", IS_SET, 10},
    {"ProtectSystem", IS_STRICT, 8},
    {"ProtectHome", HOME, 5},
    {"PrivateTmp", IS_YES, 4},
    {"PrivateDevices", IS_YES, 4},
    {"PrivateUsers", IS_YES, 4},
    {"PrivateNetwork", IS_YES, 5},
    {"IPAddressDeny", IS_SET, 4},
    {"RestrictAddressFamilies", FAMILIES, 6},
    {"RestrictNamespaces", IS_SET, 4},
    {"RestrictSUIDSGID", IS_YES, 3},
    {"RestrictRealtime", IS_YES, 1},
    {"ProtectKernelTunables", IS_YES, 4},
    {"ProtectKernelModules", IS_YES, 4},
    {"ProtectKernelLogs", IS_YES, 2},
    {"ProtectControlGroups", IS_YES, 3},
    {"ProtectClock", IS_YES, 2},
    {"ProtectHostname", IS_YES, 1},
    {"ProtectProc", PROC, 2},
    {"LockPersonality", IS_YES, 1},
    {"MemoryDenyWriteExecute", IS_YES, 4},
    {"SystemCallArchitectures", IS_SET, 2},
    {"UMask", UMASK, 1},
};

static bool yes(struct hn_str v)
{
    return hn_str_eqc(v, "yes") || hn_str_eqc(v, "true") || hn_str_eqc(v, "on") || hn_str_eqc(v, "1");
}

static bool dynamic_user(const struct services_settings *s)
{
    return yes(services_setting_last(s, "Service", "DynamicUser"));
}

/* systemd.exec(5): DynamicUser=yes brings these along. */
static bool implied(const char *key)
{
    static const char *const list[] = {"User",       "NoNewPrivileges", "RestrictSUIDSGID",
                                       "PrivateTmp", "ProtectHome",     "ProtectSystem"};
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (strcmp(list[i], key) == 0)
            return true;
    return false;
}

/* A bounding set that leaves none of the capabilities with which root is made. */
static bool caps_bounded(struct hn_str v)
{
    static const char *const strong[] = {"CAP_SYS_ADMIN",    "CAP_SYS_PTRACE", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
                                         "CAP_DAC_OVERRIDE", "CAP_SETUID",     "CAP_NET_ADMIN"};
    if (!v.n)
        return false;
    bool without = v.p[0] == '~';
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(strong) / sizeof(strong[0]); i++)
        found += hn_str_find(v, hn_str_c(strong[i])) >= 0;
    return without ? found >= 3 : found == 0;
}

static bool met(const struct services_settings *s, const char *key, enum test test)
{
    struct hn_str v = services_setting_last(s, "Service", key);
    if (dynamic_user(s) && implied(key))
        return true;
    switch (test) {
    case IS_YES:
        return yes(v) || hn_str_eqc(v, "disconnected") || hn_str_eqc(v, "self") || hn_str_eqc(v, "identity");
    case IS_SET:
        return v.n > 0 && !hn_str_eqc(v, "no") && !hn_str_eqc(v, "false");
    case NOT_ROOT:
        return v.n > 0 && !hn_str_eqc(v, "root") && !hn_str_eqc(v, "0");
    case IS_STRICT:
        return hn_str_eqc(v, "strict") || hn_str_eqc(v, "full");
    case HOME:
        return yes(v) || hn_str_eqc(v, "tmpfs") || hn_str_eqc(v, "read-only");
    case FAMILIES:
        return v.n > 0 && v.p[0] != '~';
    case NO_CAPS:
        return caps_bounded(v);
    case UMASK:
        return v.n >= 3 && v.p[v.n - 1] == '7';
    case PROC:
        return hn_str_eqc(v, "invisible") || hn_str_eqc(v, "noaccess") || hn_str_eqc(v, "ptraceable");
    }
    return false;
}

int64_t services_exposure(const struct services_settings *s, struct hn_str *missing, size_t max, size_t *ret_n)
{
    unsigned total = 0, open = 0;
    *ret_n = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        total += table[i].weight;
        if (met(s, table[i].key, table[i].test))
            continue;
        open += table[i].weight;
        if (*ret_n < max)
            missing[(*ret_n)++] = hn_str_c(table[i].key);
    }
    return (int64_t)(open * 100 / total);
}
