/* Names: ecosystems, and the spelling by which package names are compared. */
#include "base/buf.h"
#include "format/advisory/advisory.h"

const char *hn_adv_family_word(enum hn_adv_family f)
{
    static const char *const words[] = {
#define XX(name, word) word,
        HN_ADV_FAMILY_MAP(XX)
#undef XX
    };
    return (unsigned)f < HN_ADV_FAMILIES ? words[f] : "";
}

struct hn_str hn_adv_ecosystem_base(struct hn_str ecosystem)
{
    ptrdiff_t colon = hn_str_chr(ecosystem, ':');
    return colon < 0 ? ecosystem : hn_str_cut(ecosystem, 0, (size_t)colon);
}

struct hn_str hn_adv_ecosystem_release(struct hn_str ecosystem)
{
    ptrdiff_t colon = hn_str_chr(ecosystem, ':');
    return colon < 0 ? (struct hn_str){"", 0} : hn_str_cut(ecosystem, (size_t)colon + 1, ecosystem.n);
}

/* ---------------------------------------------------------------- package names */

enum fold { FOLD_NONE, FOLD_LOWER, FOLD_PEP503, FOLD_CARGO };

/* Go module paths are case-sensitive, but older tools write them in lower case: found in either spelling. */
static enum fold fold_of(struct hn_str base)
{
    static const struct {
        const char *ecosystem;
        enum fold fold;
    } folds[] = {
        {"PyPI", FOLD_PEP503},     {"crates.io", FOLD_CARGO},      {"Go", FOLD_LOWER},
        {"Packagist", FOLD_LOWER}, {"NuGet", FOLD_LOWER},          {"Hex", FOLD_LOWER},
        {"Pub", FOLD_LOWER},       {"GitHub Actions", FOLD_LOWER}, {"SwiftURL", FOLD_LOWER},
    };
    for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
        if (hn_str_eqc(base, folds[i].ecosystem))
            return folds[i].fold;
    return FOLD_NONE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* PEP 503: runs of "-", "_" and "." are one "-". */
static size_t fold_pep503(struct hn_str name, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c != '-' && c != '_' && c != '.')
            out[n++] = lower(c);
        else if (i == 0 || n == 0 || out[n - 1] != '-')
            out[n++] = '-';
    }
    return n;
}

struct hn_str hn_adv_name_key(struct hn_str ecosystem, struct hn_str name, char *out, size_t room)
{
    size_t n = name.n;
    if (n == 0 || n > room)
        return (struct hn_str){"", 0};
    switch (fold_of(hn_adv_ecosystem_base(ecosystem))) {
    case FOLD_NONE:
        memcpy(out, name.p, n);
        break;
    case FOLD_LOWER:
        for (size_t i = 0; i < n; i++)
            out[i] = lower(name.p[i]);
        break;
    case FOLD_CARGO:
        for (size_t i = 0; i < n; i++)
            out[i] = name.p[i] == '_' ? '-' : lower(name.p[i]);
        break;
    case FOLD_PEP503:
        n = fold_pep503(name, out);
        break;
    }
    return (struct hn_str){out, n};
}

/* ---------------------------------------------------------------- purl types */

struct hn_str hn_adv_ecosystem_of_purl(struct hn_str type, struct hn_str namespace)
{
    static const struct {
        const char *type, *namespace, *ecosystem;
    } types[] = {
        {"golang", NULL, "Go"},
        {"pypi", NULL, "PyPI"},
        {"npm", NULL, "npm"},
        {"maven", NULL, "Maven"},
        {"cargo", NULL, "crates.io"},
        {"gem", NULL, "RubyGems"},
        {"composer", NULL, "Packagist"},
        {"nuget", NULL, "NuGet"},
        {"hex", NULL, "Hex"},
        {"pub", NULL, "Pub"},
        {"cran", NULL, "CRAN"},
        {"hackage", NULL, "Hackage"},
        {"conan", NULL, "ConanCenter"},
        {"swift", NULL, "SwiftURL"},
        {"bitnami", NULL, "Bitnami"},
        {"githubactions", NULL, "GitHub Actions"},
        {"deb", "debian", "Debian"},
        {"deb", "ubuntu", "Ubuntu"},
        {"apk", "alpine", "Alpine"},
        {"apk", "wolfi", "Wolfi"},
        {"apk", "chainguard", "Chainguard"},
        {"apk", "minimos", "MinimOS"},
        {"rpm", "redhat", "Red Hat"},
        {"rpm", "rhel", "Red Hat"},
        {"rpm", "rocky", "Rocky Linux"},
        {"rpm", "rocky-linux", "Rocky Linux"},
        {"rpm", "almalinux", "AlmaLinux"},
        {"rpm", "alma", "AlmaLinux"},
        {"rpm", "opensuse", "openSUSE"},
        {"rpm", "suse", "SUSE"},
        {"rpm", "sles", "SUSE"},
        {"rpm", "openeuler", "openEuler"},
        {"rpm", "mageia", "Mageia"},
        {"rpm", "azurelinux", "Azure Linux"},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (hn_str_eqc(type, types[i].type) && (!types[i].namespace || hn_str_eqc(namespace, types[i].namespace)))
            return hn_str_c(types[i].ecosystem);
    return (struct hn_str){"", 0};
}
