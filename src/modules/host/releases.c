/* When releases stop getting security fixes, from the projects' own announcements:
 *   Debian       debian.org/releases, wiki.debian.org/LTS     Ubuntu    ubuntu.com/about/release-cycle
 *   Alpine       alpinelinux.org/releases                     Red Hat   access.redhat.com/support/policy/updates/errata
 *   AlmaLinux    wiki.almalinux.org/release-notes             Rocky     wiki.rockylinux.org/rocky/version
 *   SUSE         suse.com/lifecycle                           Fedora    docs.fedoraproject.org/en-US/releases/lifecycle
 * A release that is not listed is "unknown", never "supported". */
#include "base/str.h"
#include "modules/host/host.h"

static const struct host_release releases[] = {
    {"debian", "7", "2016-04-25", "2018-05-31", HOST_LTS},
    {"debian", "8", "2018-06-17", "2020-06-30", HOST_LTS},
    {"debian", "9", "2020-07-18", "2022-06-30", HOST_LTS},
    {"debian", "10", "2022-09-10", "2024-06-30", HOST_LTS},
    {"debian", "11", "2024-08-14", "2026-08-31", HOST_LTS},
    {"debian", "12", "2026-06-10", "2028-06-30", HOST_LTS},
    {"debian", "13", "2028-08-09", "2030-06-30", HOST_LTS},
    {"raspbian", "10", "2022-09-10", NULL, HOST_NONE},
    {"raspbian", "11", "2024-08-14", NULL, HOST_NONE},
    {"raspbian", "12", "2026-06-10", NULL, HOST_NONE},
    {"ubuntu", "14.04", "2019-04-25", "2026-04-30", HOST_PAID},
    {"ubuntu", "16.04", "2021-04-30", "2028-04-30", HOST_PAID},
    {"ubuntu", "18.04", "2023-05-31", "2030-04-30", HOST_PAID},
    {"ubuntu", "20.04", "2025-05-31", "2032-04-30", HOST_PAID},
    {"ubuntu", "22.04", "2027-06-01", "2034-04-30", HOST_PAID},
    {"ubuntu", "23.10", "2024-07-11", NULL, HOST_NONE},
    {"ubuntu", "24.04", "2029-05-31", "2036-04-30", HOST_PAID},
    {"ubuntu", "24.10", "2025-07-10", NULL, HOST_NONE},
    {"ubuntu", "25.04", "2026-01-15", NULL, HOST_NONE},
    {"ubuntu", "25.10", "2026-07-31", NULL, HOST_NONE},
    {"ubuntu", "26.04", "2031-05-31", "2038-04-30", HOST_PAID},
    {"alpine", "3.14", "2023-05-01", NULL, HOST_NONE},
    {"alpine", "3.15", "2023-11-01", NULL, HOST_NONE},
    {"alpine", "3.16", "2024-05-23", NULL, HOST_NONE},
    {"alpine", "3.17", "2024-11-22", NULL, HOST_NONE},
    {"alpine", "3.18", "2025-05-09", NULL, HOST_NONE},
    {"alpine", "3.19", "2025-11-01", NULL, HOST_NONE},
    {"alpine", "3.20", "2026-04-01", NULL, HOST_NONE},
    {"alpine", "3.21", "2026-11-01", NULL, HOST_NONE},
    {"alpine", "3.22", "2027-05-01", NULL, HOST_NONE},
    {"alpine", "3.23", "2027-11-01", NULL, HOST_NONE},
    {"rhel", "6", "2020-11-30", "2024-06-30", HOST_PAID},
    {"rhel", "7", "2024-06-30", "2028-06-30", HOST_PAID},
    {"rhel", "8", "2029-05-31", "2032-05-31", HOST_PAID},
    {"rhel", "9", "2032-05-31", "2035-05-31", HOST_PAID},
    {"rhel", "10", "2035-05-31", "2038-05-31", HOST_PAID},
    {"centos", "6", "2020-11-30", NULL, HOST_NONE},
    {"centos", "7", "2024-06-30", NULL, HOST_NONE},
    {"centos", "8", "2021-12-31", NULL, HOST_NONE},
    {"centos", "9", "2027-05-31", NULL, HOST_NONE},
    {"centos", "10", "2030-01-01", NULL, HOST_NONE},
    {"almalinux", "8", "2029-03-01", NULL, HOST_NONE},
    {"almalinux", "9", "2032-05-31", NULL, HOST_NONE},
    {"almalinux", "10", "2035-05-31", NULL, HOST_NONE},
    {"rocky", "8", "2029-05-31", NULL, HOST_NONE},
    {"rocky", "9", "2032-05-31", NULL, HOST_NONE},
    {"rocky", "10", "2035-05-31", NULL, HOST_NONE},
    {"ol", "7", "2024-12-31", "2028-06-30", HOST_PAID},
    {"ol", "8", "2029-07-31", "2032-07-31", HOST_PAID},
    {"ol", "9", "2032-06-30", "2035-06-30", HOST_PAID},
    {"amzn", "2018.03", "2023-12-31", NULL, HOST_NONE},
    {"amzn", "2", "2026-06-30", NULL, HOST_NONE},
    {"amzn", "2023", "2029-06-30", NULL, HOST_NONE},
    {"sles", "12.5", "2024-10-31", "2027-10-31", HOST_PAID},
    {"sles", "15.3", "2022-12-31", "2025-12-31", HOST_PAID},
    {"sles", "15.4", "2023-12-31", "2026-12-31", HOST_PAID},
    {"sles", "15.5", "2024-12-31", "2027-12-31", HOST_PAID},
    {"sles", "15.6", "2025-12-31", "2028-12-31", HOST_PAID},
    {"sles", "15.7", "2031-07-31", "2034-07-31", HOST_PAID},
    {"opensuse-leap", "15.4", "2023-12-07", NULL, HOST_NONE},
    {"opensuse-leap", "15.5", "2024-12-31", NULL, HOST_NONE},
    {"opensuse-leap", "15.6", "2026-04-30", NULL, HOST_NONE},
    {"fedora", "39", "2024-11-26", NULL, HOST_NONE},
    {"fedora", "40", "2025-05-13", NULL, HOST_NONE},
    {"fedora", "41", "2025-12-15", NULL, HOST_NONE},
    {"fedora", "42", "2026-05-13", NULL, HOST_NONE},
    {"fedora", "43", "2026-12-02", NULL, HOST_NONE},
};

const struct host_release *host_release_find(struct hn_str os, struct hn_str version)
{
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        const struct host_release *r = &releases[i];
        size_t n = strlen(r->version);
        if (hn_str_eqc(os, r->os) && hn_str_starts(version, r->version) && (version.n == n || version.p[n] == '.'))
            return r;
    }
    return NULL;
}
