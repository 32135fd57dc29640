#include "format/version/version.h"

#include "base/str.h"
#include "format/version/parts.h"

static int compare_bytes(struct hn_bytes a, struct hn_bytes b)
{
    return version_text_cmp(a, b, false);
}

static bool any_text(struct hn_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (version_digit(v.p[i]))
            return true;
    return false;
}

/* Printable, no blanks, with a digit: what every package manager asks for at least. */
static bool plain_text(struct hn_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] == 0x7F)
            return false;
    return any_text(v);
}

static bool begins_with_digit(struct hn_bytes v)
{
    v = version_without_v(v);
    return v.n && version_digit(v.p[0]) && plain_text(v);
}

static bool go_valid(struct hn_bytes v)
{
    if (v.n > 2 && memcmp(v.p, "go", 2) == 0)
        return begins_with_digit(version_from(v, 2));
    v = version_without_v(v);
    return hn_version_semver_valid(v) || begins_with_digit(v);
}

static bool cran_valid(struct hn_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!version_digit(v.p[i]) && v.p[i] != '.' && v.p[i] != '-')
            return false;
    return v.n && version_digit(v.p[0]);
}

static const struct {
    const char *name;
    int (*cmp)(struct hn_bytes a, struct hn_bytes b);
    bool (*valid)(struct hn_bytes v);
} orders[HN_ORDER_COUNT] = {
    [HN_ORDER_UNKNOWN] = {"none", compare_bytes, any_text},
    [HN_ORDER_DEB] = {"dpkg", hn_version_deb_cmp, hn_version_deb_valid},
    [HN_ORDER_RPM] = {"rpm", hn_version_rpm_cmp, plain_text},
    [HN_ORDER_APK] = {"apk", hn_version_apk_cmp, hn_version_apk_valid},
    [HN_ORDER_SEMVER] = {"SemVer", hn_version_semver_cmp, hn_version_semver_valid},
    [HN_ORDER_GO] = {"Go", hn_version_go_cmp, go_valid},
    [HN_ORDER_PUB] = {"Pub", hn_version_pub_cmp, hn_version_semver_valid},
    [HN_ORDER_PEP440] = {"PEP 440", hn_version_pep440_cmp, hn_version_pep440_valid},
    [HN_ORDER_MAVEN] = {"Maven", hn_version_maven_cmp, plain_text},
    [HN_ORDER_RUBYGEMS] = {"RubyGems", hn_version_rubygems_cmp, begins_with_digit},
    [HN_ORDER_NUGET] = {"NuGet", hn_version_nuget_cmp, begins_with_digit},
    [HN_ORDER_PACKAGIST] = {"Packagist", hn_version_packagist_cmp, begins_with_digit},
    [HN_ORDER_CRAN] = {"CRAN", hn_version_cran_cmp, cran_valid},
    [HN_ORDER_ALPM] = {"pacman", hn_version_alpm_cmp, plain_text},
    [HN_ORDER_GENERIC] = {"generic", hn_version_generic_cmp, any_text},
};

int hn_version_cmp(enum hn_version_order order, struct hn_bytes a, struct hn_bytes b)
{
    return orders[order].cmp(a, b);
}

bool hn_version_valid(enum hn_version_order order, struct hn_bytes v)
{
    return orders[order].valid(v);
}

const char *hn_version_order_name(enum hn_version_order order)
{
    return orders[order].name;
}

/* ---------------------------------------------------------------- names */

struct named {
    const char *name;
    enum hn_version_order order;
};

static enum hn_version_order find(const struct named *list, size_t n, struct hn_str name)
{
    for (size_t i = 0; i < n; i++)
        if (version_text_cmp(hn_str_bytes(name), hn_str_bytes(hn_str_c(list[i].name)), true) == 0)
            return list[i].order;
    return HN_ORDER_UNKNOWN;
}

/* The ecosystems that the OSV schema defines and whose order is known. */
enum hn_version_order hn_version_order_of_ecosystem(struct hn_str ecosystem)
{
    static const struct named list[] = {
        {"Alpaquita", HN_ORDER_APK},
        {"Alpine", HN_ORDER_APK},
        {"AlmaLinux", HN_ORDER_RPM},
        {"Azure Linux", HN_ORDER_RPM},
        {"BellSoft Hardened Containers", HN_ORDER_APK},
        {"Bioconductor", HN_ORDER_CRAN},
        {"Bitnami", HN_ORDER_SEMVER},
        {"Chainguard", HN_ORDER_APK},
        {"CleanStart", HN_ORDER_APK},
        {"ConanCenter", HN_ORDER_SEMVER},
        {"CRAN", HN_ORDER_CRAN},
        {"crates.io", HN_ORDER_SEMVER},
        {"Debian", HN_ORDER_DEB},
        {"Docker Hardened Images", HN_ORDER_DEB},
        {"Echo", HN_ORDER_DEB},
        {"GHC", HN_ORDER_CRAN},
        {"GitHub Actions", HN_ORDER_SEMVER},
        {"Go", HN_ORDER_GO},
        {"Hackage", HN_ORDER_CRAN},
        {"Hex", HN_ORDER_SEMVER},
        {"Julia", HN_ORDER_SEMVER},
        {"Kubernetes", HN_ORDER_SEMVER},
        {"Mageia", HN_ORDER_RPM},
        {"Maven", HN_ORDER_MAVEN},
        {"MinimOS", HN_ORDER_APK},
        {"npm", HN_ORDER_SEMVER},
        {"NuGet", HN_ORDER_NUGET},
        {"opam", HN_ORDER_DEB}, /* opam says that its order is Debian's */
        {"openEuler", HN_ORDER_RPM},
        {"openSUSE", HN_ORDER_RPM},
        {"Packagist", HN_ORDER_PACKAGIST},
        {"Photon OS", HN_ORDER_RPM},
        {"Pub", HN_ORDER_PUB},
        {"PyPI", HN_ORDER_PEP440},
        {"Red Hat", HN_ORDER_RPM},
        {"Rocky Linux", HN_ORDER_RPM},
        {"RubyGems", HN_ORDER_RUBYGEMS},
        {"SUSE", HN_ORDER_RPM},
        {"SwiftURL", HN_ORDER_SEMVER},
        {"Ubuntu", HN_ORDER_DEB},
        {"VSCode", HN_ORDER_SEMVER},
        {"Wolfi", HN_ORDER_APK},
    };
    ptrdiff_t colon = hn_str_chr(ecosystem, ':');
    if (colon >= 0)
        ecosystem.n = (size_t)colon;
    return find(list, sizeof list / sizeof *list, ecosystem);
}

enum hn_version_order hn_version_order_of_purl(struct hn_str type)
{
    static const struct named list[] = {
        {"alpm", HN_ORDER_ALPM},
        {"apk", HN_ORDER_APK},
        {"bitnami", HN_ORDER_SEMVER},
        {"cargo", HN_ORDER_SEMVER},
        {"composer", HN_ORDER_PACKAGIST},
        {"conan", HN_ORDER_SEMVER},
        {"cran", HN_ORDER_CRAN},
        {"deb", HN_ORDER_DEB},
        {"gem", HN_ORDER_RUBYGEMS},
        {"golang", HN_ORDER_GO},
        {"hackage", HN_ORDER_CRAN},
        {"hex", HN_ORDER_SEMVER},
        {"julia", HN_ORDER_SEMVER},
        {"maven", HN_ORDER_MAVEN},
        {"npm", HN_ORDER_SEMVER},
        {"nuget", HN_ORDER_NUGET},
        {"opam", HN_ORDER_DEB},
        {"otp", HN_ORDER_SEMVER},
        {"pub", HN_ORDER_PUB},
        {"pypi", HN_ORDER_PEP440},
        {"rpm", HN_ORDER_RPM},
        {"swift", HN_ORDER_SEMVER},
        {"vscode-extension", HN_ORDER_SEMVER},
    };
    return find(list, sizeof list / sizeof *list, type);
}
