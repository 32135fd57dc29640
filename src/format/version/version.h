/* Orders of version numbers. Each gives <0, 0 or >0; any bytes are accepted (a version is never refused, it is ordered
 * the way the package manager itself would). Pure; no memory; linear in the length of the two versions, except Maven,
 * which looks at the first 256 parts only. */
#pragma once

#include "base/bytes.h"

enum hn_version_order {
    HN_ORDER_UNKNOWN, /* no order: only equality is known (hn_version_cmp compares bytes) */
    HN_ORDER_DEB,
    HN_ORDER_RPM,
    HN_ORDER_APK,
    HN_ORDER_SEMVER,
    HN_ORDER_GO,
    HN_ORDER_PUB,
    HN_ORDER_PEP440,
    HN_ORDER_MAVEN,
    HN_ORDER_RUBYGEMS,
    HN_ORDER_NUGET,
    HN_ORDER_PACKAGIST,
    HN_ORDER_CRAN,
    HN_ORDER_ALPM,
    HN_ORDER_GENERIC,
    HN_ORDER_COUNT
};

int hn_version_cmp(enum hn_version_order order, struct hn_bytes a, struct hn_bytes b);
/* The version has the form that its own specification asks for. Orders are total without it; a matcher lowers its
 * confidence. UNKNOWN and GENERIC accept every text with a digit. */
bool hn_version_valid(enum hn_version_order order, struct hn_bytes v);
const char *hn_version_order_name(enum hn_version_order order); /* "dpkg", "PEP 440", … for people */
/* Of an OSV ecosystem, with or without release ("Debian:12"), any case; UNKNOWN when its order is not known. */
enum hn_version_order hn_version_order_of_ecosystem(struct hn_str ecosystem);
/* Of a purl type ("deb", "golang"). */
enum hn_version_order hn_version_order_of_purl(struct hn_str type);

/* deb-version(7): [epoch:]upstream[-revision]; "~" sorts before the end of a part. */
int hn_version_deb_cmp(struct hn_bytes a, struct hn_bytes b);
/* The characters and the form are those of deb-version(7). */
bool hn_version_deb_valid(struct hn_bytes v);
/* rpm-version(7): [epoch:]version[-release]; "~" before the end of a part, "^" after it but before anything else. */
int hn_version_rpm_cmp(struct hn_bytes a, struct hn_bytes b);
/* Arch Linux: rpm's order with pacman's end rule: 1.0a < 1.0; a missing pkgrel is equal to any. */
int hn_version_alpm_cmp(struct hn_bytes a, struct hn_bytes b);
/* apk-package(5): number{.number}{letter}{_suffix{number}}{~hash}{-r#}; what does not fit sorts before what does. */
int hn_version_apk_cmp(struct hn_bytes a, struct hn_bytes b);
bool hn_version_apk_valid(struct hn_bytes v);
/* Semantic Versioning 2.0.0, clause 11, read leniently: "v" in front, fewer than three numbers, further numbers are
 * build metadata. */
int hn_version_semver_cmp(struct hn_bytes a, struct hn_bytes b);
bool hn_version_semver_valid(struct hn_bytes v);
/* Go modules, and releases of Go itself: "go1.21rc1" is 1.21.0-rc.1. */
int hn_version_go_cmp(struct hn_bytes a, struct hn_bytes b);
/* Dart: SemVer, but build metadata takes part in the order. */
int hn_version_pub_cmp(struct hn_bytes a, struct hn_bytes b);
/* NuGet: SemVer with four numbers and without case. */
int hn_version_nuget_cmp(struct hn_bytes a, struct hn_bytes b);
/* PEP 440; what does not conform sorts before everything that does, by the order that setuptools once used. */
int hn_version_pep440_cmp(struct hn_bytes a, struct hn_bytes b);
bool hn_version_pep440_valid(struct hn_bytes v);
/* Maven's ComparableVersion. */
int hn_version_maven_cmp(struct hn_bytes a, struct hn_bytes b);
/* Gem::Version. */
int hn_version_rubygems_cmp(struct hn_bytes a, struct hn_bytes b);
/* Composer: PHP's version_compare(). */
int hn_version_packagist_cmp(struct hn_bytes a, struct hn_bytes b);
/* R's package_version, Haskell's Data.Version: numbers between "." and "-"; more of them is later. */
int hn_version_cran_cmp(struct hn_bytes a, struct hn_bytes b);
/* Of no known ecosystem (ranges on CPE names): numbers by value, words that say "before the release" before the end,
 * other words (1.0.2k, 9.8p1) after it. */
int hn_version_generic_cmp(struct hn_bytes a, struct hn_bytes b);
