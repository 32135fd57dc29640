/* Releases of distributions: does an advisory for "Debian:12" speak of a system that says "bookworm"? */
#include "format/advisory/eval.h"

static bool eq_fold(struct hn_str a, const char *b)
{
    for (size_t i = 0; i < a.n; i++)
        if ((a.p[i] >= 'A' && a.p[i] <= 'Z' ? a.p[i] | 0x20 : a.p[i]) !=
            (b[i] >= 'A' && b[i] <= 'Z' ? b[i] | 0x20 : b[i]))
            return false;
    return strlen(b) == a.n;
}

/* How many parts of a version number make a release of its own: Debian 12, Alpine 3.18. */
static const struct {
    const char *ecosystem;
    const char *ids; /* os-release IDs, separated by blanks */
    unsigned parts;  /* 0: not divided into releases */
} distros[] = {
    {"Debian", "debian", 1},
    {"Ubuntu", "ubuntu", 2},
    {"Alpine", "alpine", 2},
    {"AlmaLinux", "almalinux alma", 1},
    {"Rocky Linux", "rocky rocky-linux", 1},
    {"Red Hat", "rhel redhat centos", 1},
    {"SUSE", "sles suse sled sle", 2},
    {"openSUSE", "opensuse-leap opensuse opensuse-tumbleweed", 2},
    {"Mageia", "mageia", 1},
    {"openEuler", "openeuler", 2},
    {"Photon OS", "photon", 1},
    {"Azure Linux", "azurelinux mariner", 1},
    {"Alpaquita", "alpaquita", 1},
    {"BellSoft Hardened Containers", "bellsoft-hardened-containers", 1},
    {"Wolfi", "wolfi", 0},
    {"Chainguard", "chainguard", 0},
    {"MinimOS", "minimos", 0},
};

static int index_of(struct hn_str base)
{
    for (size_t i = 0; i < sizeof distros / sizeof *distros; i++)
        if (eq_fold(base, distros[i].ecosystem))
            return (int)i;
    return -1;
}

bool hn_adv_has_releases(struct hn_str ecosystem)
{
    int i = index_of(hn_adv_ecosystem_base(ecosystem));
    return i >= 0 && distros[i].parts > 0;
}

/* Code names of Debian and Ubuntu. */
static struct hn_str number_of(struct hn_str release)
{
    static const struct {
        const char *name, *number;
    } names[] = {
        {"wheezy", "7"},       {"jessie", "8"},     {"stretch", "9"},      {"buster", "10"},      {"bullseye", "11"},
        {"bookworm", "12"},    {"trixie", "13"},    {"forky", "14"},       {"duke", "15"},        {"trusty", "14.04"},
        {"xenial", "16.04"},   {"bionic", "18.04"}, {"focal", "20.04"},    {"jammy", "22.04"},    {"noble", "24.04"},
        {"oracular", "24.10"}, {"plucky", "25.04"}, {"questing", "25.10"}, {"resolute", "26.04"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (eq_fold(release, names[i].name))
            return hn_str_c(names[i].number);
    return release;
}

/* The first `parts` numbers: "3.18.4" → "3.18". Empty when it does not begin with a number (after a "v"). */
static struct hn_str leading(struct hn_str s, unsigned parts)
{
    size_t n = 0;
    s = number_of(s);
    if (s.n && s.p[0] == 'v')
        s = hn_str_cut(s, 1, s.n);
    while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || (s.p[n] == '.' && n && --parts > 0)))
        n++;
    while (n && s.p[n - 1] == '.')
        n--;
    return hn_str_cut(s, 0, n);
}

/* Words of the advisory's release, between colons and blanks: is one of them this number ("Leap 15.5",
 * "rhel_aus:8.4::appstream", "Linux Enterprise Server 15 SP5")? */
static bool names_number(struct hn_str release, struct hn_str number, unsigned parts)
{
    size_t from = 0;
    for (size_t i = 0; i <= release.n; i++) {
        if (i < release.n && release.p[i] != ':' && release.p[i] != ' ')
            continue;
        struct hn_str word = leading(hn_str_cut(release, from, i), parts);
        if (word.n && hn_str_eq(word, number))
            return true;
        from = i + 1;
    }
    return false;
}

/* "Linux Enterprise Server 15 SP5" against "15.5": the service pack is the second number. */
static bool names_service_pack(struct hn_str release, struct hn_str number)
{
    ptrdiff_t dot = hn_str_chr(number, '.'), pack = hn_str_find(release, HN_STR(" SP"));
    if (pack < 0)
        return dot < 0 && names_number(release, number, 1);
    struct hn_str major = dot < 0 ? number : hn_str_cut(number, 0, (size_t)dot);
    struct hn_str minor = dot < 0 ? HN_STR("0") : hn_str_cut(number, (size_t)dot + 1, number.n);
    struct hn_str said = leading(hn_str_cut(release, (size_t)pack + 3, release.n), 1);
    return hn_str_eq(said, minor) && names_number(hn_str_cut(release, 0, (size_t)pack), major, 1);
}

/* Red Hat's streams of extended support are for one minor release ("rhel_eus:9.2::baseos"); others are for all. */
static bool is_other_minor(struct hn_str release, struct hn_str said)
{
    struct hn_str minor = leading(said, 2);
    ptrdiff_t colon = hn_str_chr(release, ':');
    if (!hn_str_starts(release, "rhel_") || colon < 0 || hn_str_chr(minor, '.') < 0)
        return false;
    struct hn_str its = leading(hn_str_cut(release, (size_t)colon + 1, release.n), 2);
    return hn_str_chr(its, '.') >= 0 && !hn_str_eq(its, minor);
}

static bool has_word(struct hn_str version, const char *word)
{
    return hn_str_find(version, hn_str_c(word)) >= 0;
}

enum hn_adv_release_fit hn_adv_release_fits(struct hn_str ecosystem, const struct hn_adv_distro *d,
                                            struct hn_str version)
{
    struct hn_str base = hn_adv_ecosystem_base(ecosystem), release = hn_adv_ecosystem_release(ecosystem);
    int i = index_of(base);
    if (i < 0 || !distros[i].parts || !release.n)
        return HN_RELEASE_SAME;
    if (!d->release.n)
        return HN_RELEASE_UNSAID;
    struct hn_str number = leading(d->release, distros[i].parts);
    bool same;
    if (!number.n) /* "sid", "edge", "tumbleweed" */
        same = hn_str_eq(release, d->release);
    else if (hn_str_eqc(base, "SUSE"))
        same = names_service_pack(release, number);
    else
        same = names_number(release, number, distros[i].parts) && !is_other_minor(release, d->release);
    if (!same)
        return HN_RELEASE_OTHER;
    bool extended = hn_str_starts(release, "Pro");
    if (extended && !has_word(version, "esm") && !has_word(version, "fips"))
        return HN_RELEASE_EXTRA;
    return HN_RELEASE_SAME;
}
