#!/usr/bin/env python3
"""Advisories in the forms of the distributions, from `feed add` to the answer: sbom_distributions.py HINOMI"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HINOMI = sys.argv[1]
TMP = tempfile.TemporaryDirectory()

DEBIAN = {"foo": {
    "CVE-2026-0001": {"description": "fixed in stable", "scope": "remote", "releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1:2.4-1+deb12u2", "urgency": "high"},
        "trixie": {"status": "resolved", "fixed_version": "1:2.6-1", "urgency": "high"}}},
    "CVE-2026-0002": {"description": "nobody fixed it", "releases": {
        "bookworm": {"status": "open", "urgency": "medium", "nodsa": "Minor issue"}}},
    "CVE-2026-0003": {"description": "never had it", "releases": {
        "bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "not yet assigned"}}},
    "CVE-2026-0004": {"description": "not looked at", "releases": {
        "bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}},
    "CVE-2026-0005": {"description": "does not matter", "releases": {
        "bookworm": {"status": "open", "urgency": "unimportant"}}}}}

USN = {"7001-1": {"title": "bar vulnerability", "timestamp": 1767225600, "cves": ["CVE-2026-0101"], "releases": {
    "jammy": {"sources": {"bar": {"version": "3.0-1ubuntu1.2"}}},
    "xenial": {"sources": {"bar": {"version": "2.0-1ubuntu0.1+esm3"}}}}}}

UBUNTU_CVE = {"id": "CVE-2026-0102", "priority": "medium", "published": "2026-01-02T00:00:00", "packages": [
    {"name": "bar", "statuses": [
        {"release_codename": "jammy", "status": "needed", "description": "", "pocket": "security"},
        {"release_codename": "noble", "status": "not-affected", "description": "code not present", "pocket": "security"},
        {"release_codename": "upstream", "status": "released", "description": "3.1"}]}]}

ALPINE = {"distroversion": "v3.18", "reponame": "main", "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
          "packages": [{"pkg": {"name": "baz", "secfixes": {
              "1.2.13-r1": ["CVE-2026-0201", "CVE-2026-0202 XSA-999"], "0": ["CVE-2026-0203"]}}}]}


def rhel(number, cve, status, version, arch="x86_64", stream="", remedies=()):
    """A VEX file as Red Hat publishes it: a platform, a package, and both together."""
    cpe = f"cpe:/o:redhat:enterprise_linux:{number}::baseos"
    purl = f"pkg:rpm/redhat/qux@{version}?arch={arch}" if version else "pkg:rpm/redhat/qux"
    if stream:
        purl += f"&rpmmod={stream}"
    whole, part = f"BaseOS-{number}", f"qux-{version or 'any'}.{number}"
    return {"document": {"category": "csaf_vex", "csaf_version": "2.0", "title": cve,
                         "publisher": {"category": "vendor", "name": "Red Hat Product Security",
                                       "namespace": "https://www.redhat.com"},
                         "tracking": {"id": f"{cve}-{number}", "current_release_date": "2026-02-01T00:00:00Z",
                                      "initial_release_date": "2026-02-01T00:00:00Z", "status": "final", "version": "1",
                                      "revision_history": [{"date": "2026-02-01T00:00:00Z", "number": "1",
                                                            "summary": "first"}]}},
            "product_tree": {"branches": [{"category": "vendor", "name": "Red Hat", "branches": [
                {"category": "product_name", "name": f"Red Hat Enterprise Linux BaseOS (v. {number})", "product": {
                    "name": f"Red Hat Enterprise Linux BaseOS (v. {number})", "product_id": whole,
                    "product_identification_helper": {"cpe": cpe}}},
                {"category": "product_version", "name": "qux", "product": {
                    "name": "qux", "product_id": part, "product_identification_helper": {"purl": purl}}}]}],
                "relationships": [{"category": "default_component_of", "product_reference": part,
                                   "relates_to_product_reference": whole, "full_product_name": {
                                       "name": f"qux of {number}", "product_id": f"{whole}:{part}"}}]},
            "vulnerabilities": [{"cve": cve, "notes": [{"category": "description", "text": "a flaw in qux"}],
                                 "product_status": {status: [f"{whole}:{part}"]},
                                 "remediations": [{"category": r, "details": r, "product_ids": [f"{whole}:{part}"]}
                                                  for r in remedies]}]}


def suse(cve, product, cpe, statuses, helper):
    """An advisory as SUSE publishes it: packages by architecture, products, and each package as part of each product."""
    packages = sorted({name for names in statuses.values() for name in names})

    def package(name):
        arch = name.rsplit(".", 1)[-1] if "-" in name else "noarch"
        bare = name.rsplit("-", 2)[0]
        purl = {"product_identification_helper": {"purl": f"pkg:rpm/suse/{bare}@{name[len(bare) + 1:-len(arch) - 1]}?arch={arch}"}} if helper and "-" in name else {}
        return {"category": "product_version", "name": name, "product": {"name": name, "product_id": name, **purl}}

    return {"document": {"category": "csaf_security_advisory", "csaf_version": "2.0", "title": cve, "lang": "en",
                         "publisher": {"category": "vendor", "name": "SUSE Product Security Team", "namespace": "https://www.suse.com/"},
                         "tracking": {"id": f"SUSE-{cve}", "current_release_date": "2026-02-01T00:00:00Z", "initial_release_date": "2026-02-01T00:00:00Z",
                                      "status": "final", "version": "1", "revision_history": [{"date": "2026-02-01T00:00:00Z", "number": "1", "summary": "x"}]}},
            "product_tree": {"branches": [{"category": "vendor", "name": "SUSE", "branches": [
                {"category": "architecture", "name": "x86_64", "branches": [package(name) for name in packages]},
                {"category": "product_family", "name": "SUSE Linux Enterprise", "branches": [{"category": "product_name", "name": product, "product": {
                    "name": product, "product_id": product, "product_identification_helper": {"cpe": cpe}}}]}]}],
                "relationships": [{"category": "default_component_of", "product_reference": name, "relates_to_product_reference": product,
                                   "full_product_name": {"name": f"{name} as component of {product}", "product_id": f"{product}:{name}"}} for name in packages]},
            "vulnerabilities": [{"cve": cve, "notes": [{"category": "general", "text": "a flaw"}],
                                 "product_status": {status: [f"{product}:{name}" for name in names] for status, names in statuses.items()}}]}


def osv(ident, ecosystem, name, fixed, **more):
    return {"schema_version": "1.6.0", "id": ident, "modified": "2026-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}], **more}


OSV = [osv("UBUNTU-CVE-2026-0301", "Ubuntu:22.04:LTS", "quux", "5.0-1ubuntu2"),
       osv("UBUNTU-CVE-2026-0302", "Ubuntu:Pro:22.04:LTS", "quux", "5.0-1ubuntu1.1~esm1"),
       osv("UBUNTU-CVE-2026-0303", "Ubuntu:24.04:LTS", "quux", "9.0"),
       osv("UBUNTU-CVE-2026-0304", "Ubuntu:22.04:LTS", "quux", "9.0", withdrawn="2026-01-03T00:00:00Z"),
       osv("RLSA-2026:0401", "Rocky Linux:9", "corge", "0:2.0-1.el9_4"),
       osv("ALSA-2026:0402", "AlmaLinux:8", "corge", "2.0-1.el8"),
       osv("SUSE-SU-2026:0403-1", "SUSE:Linux Enterprise Server 15 SP5", "corge", "2.0-150500.3.1"),
       osv("openSUSE-SU-2026:0404-1", "openSUSE:Leap 15.5", "corge", "2.0-150500.3.1"),
       osv("DSA-9001-1", "Debian:12", "grault", "1.0-1+deb12u1"),
       osv("DEBIAN-CVE-2026-0601", "Debian:12", "renamed", "1.0-2", upstream=["CVE-2026-0601"]),
       osv("DSA-9002-1", "Debian:12", "renamed", "1.0-2", upstream=["CVE-2026-0601", "CVE-2026-0602"]),
       osv("CVE-2026-0602", "GIT-ONLY", "x", "1", severity=[
           {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]),
       osv("ALPINE-CVE-2026-0405", "Alpine:v3.19", "baz", "1.3-r0")]


def write(name, doc):
    path = pathlib.Path(TMP.name) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(doc), encoding="utf-8")
    return path


def run(*args, code=(0, 1)):
    env = dict(os.environ, HINOMI_HOME=TMP.name + "/home", LANG="C.UTF-8", HINOMI_NOW="2026-11-22T05:00:00Z")
    p = subprocess.run([HINOMI, *map(str, args)], capture_output=True, text=True, env=env, timeout=120)
    if p.returncode not in code:
        raise AssertionError(f"{args}: exit {p.returncode}: {p.stderr}")
    return p


def system(purls, name=None, version=None):
    """A bill of materials of a host: packages, and the operating system where one is named."""
    parts = [{"type": "library", "bom-ref": p, "name": p.split("@")[0].rsplit("/", 1)[-1],
              "version": p.split("@")[1].split("?")[0].replace("%3A", ":").replace("%2B", "+").replace("%7E", "~"),
              "purl": p} for p in purls]
    if name:
        parts.append({"type": "operating-system", "bom-ref": "os", "name": name, "version": version})
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": parts}


class Distributions(unittest.TestCase):
    count = 0

    @classmethod
    def setUpClass(cls):
        kev = {"catalogVersion": "2026.01.01", "dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": [
            {"cveID": "CVE-2026-0601", "dateAdded": "2026-01-01", "dueDate": "2026-01-22",
             "knownRansomwareCampaignUse": "Unknown"}]}
        eus = rhel(9, "CVE-2026-0505", "fixed", "1.0-2.el9_2")
        waiting = rhel(9, "CVE-2026-0506", "under_investigation", "")
        for doc, name, stream in ((eus, "eus", "rhel_eus:9.2"), (waiting, "waiting", "enterprise_linux:9")):
            text = json.dumps(doc).replace("enterprise_linux:9", stream).replace("redhat/qux", "redhat/" + name).replace('"qux"', f'"{name}"')
            doc.update(json.loads(text))
        feeds = {"kev": [kev], "debian": [DEBIAN], "usn": [USN], "ubuntu": [UBUNTU_CVE], "alpine": [ALPINE], "osv": OSV,
                 "redhat": [rhel(9, "CVE-2026-0501", "fixed", "2.0-3.el9_4"),
                            rhel(8, "CVE-2026-0501", "fixed", "1.5-9.el8"),
                            rhel(9, "CVE-2026-0502", "known_affected", "", remedies=["none_available"]),
                            rhel(9, "CVE-2026-0503", "known_not_affected", ""),
                            rhel(9, "CVE-2026-0504", "under_investigation", ""), eus, waiting]}
        for name, docs in feeds.items():
            files = [write(f"{name}/{i}.json", d) for i, d in enumerate(docs)]
            run("feed", "add", "--name", name, "--licence", "test", *files, code=(0,))

    def ask(self, *purls, os_name=None, version=None):
        Distributions.count += 1
        bom = write(f"bom{self.count}.cdx.json", system(purls, os_name, version))
        return json.loads(run("sbom", "match", "--json", bom).stdout)

    def found(self, *purls, **more):
        answer = self.ask(*purls, **more)
        return {m["advisory"]: m for m in answer["matches"]}, answer

    def ids(self, *purls, **more):
        return set(self.found(*purls, **more)[0])

    def test_debian(self):
        old = "pkg:deb/debian/libfoo1@1%3A2.4-1%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=foo"
        found, _ = self.found(old)
        self.assertEqual(set(found), {"CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0005"})
        self.assertEqual(found["CVE-2026-0001"]["fixed"], "1:2.4-1+deb12u2")
        self.assertTrue(found["CVE-2026-0005"]["unimportant"])
        self.assertEqual(self.ids(old.replace("deb12u1", "deb12u2")), {"CVE-2026-0002", "CVE-2026-0005"})
        # the epoch decides, in the purl and as a qualifier
        self.assertIn("CVE-2026-0001", self.ids("pkg:deb/debian/foo@2.5-1?epoch=0&distro=bookworm"))
        # another release, named as a code name, as a number with a point, by the operating system of the document
        for release in ("trixie", "debian-13", "debian-13.1"):
            self.assertEqual(self.ids(f"pkg:deb/debian/foo@1%3A2.5-1?distro={release}"), {"CVE-2026-0001"}, release)
        self.assertEqual(self.ids("pkg:deb/debian/foo@1%3A2.5-1", os_name="debian", version="13.2"), {"CVE-2026-0001"})
        self.assertEqual(self.ids("pkg:deb/debian/foo@1%3A2.6-1?distro=trixie"), set())
        self.assertIn("DSA-9001-1", self.ids("pkg:deb/debian/grault@1.0-1?distro=debian-12.5"))

    def test_release_without_data(self):
        found, answer = self.found("pkg:deb/debian/foo@1%3A2.4-1?distro=debian-11")
        self.assertEqual(found, {})
        self.assertEqual(answer["counts"]["unknown"], 1, "a release that no feed knows is unknown, not clean")
        found, answer = self.found("pkg:rpm/mageia/foo@1.0-1.mga9?distro=mageia-9")
        self.assertEqual((found, answer["counts"]["unknown"]), ({}, 1))

    def test_ubuntu(self):
        self.assertEqual(self.ids("pkg:deb/ubuntu/libbar2@3.0-1ubuntu1.1?distro=ubuntu-22.04&upstream=bar"),
                         {"USN-7001-1", "CVE-2026-0102"})
        self.assertEqual(self.ids("pkg:deb/ubuntu/bar@3.0-1ubuntu1.2?distro=jammy"), {"CVE-2026-0102"})
        self.assertEqual(self.ids("pkg:deb/ubuntu/bar@3.0-1ubuntu1?distro=ubuntu-24.04"), set())
        self.assertEqual(self.ids("pkg:deb/ubuntu/quux@5.0-1ubuntu1?distro=ubuntu-22.04"), {"UBUNTU-CVE-2026-0301"})
        self.assertEqual(self.ids("pkg:deb/ubuntu/quux@5.0-1ubuntu2?distro=ubuntu-22.04"), set())

    def test_alpine(self):
        self.assertEqual(self.ids("pkg:apk/alpine/baz@1.2.13-r0?arch=x86_64&distro=alpine-3.18.4"),
                         {"CVE-2026-0201", "CVE-2026-0202"})
        self.assertEqual(self.ids("pkg:apk/alpine/baz@1.2.13-r1?distro=3.18"), set())
        self.assertEqual(self.ids("pkg:apk/alpine/baz@1.2.13-r0?distro=alpine-3.19.1"), {"ALPINE-CVE-2026-0405"})
        self.assertEqual(self.ids("pkg:apk/alpine/baz-libs@1.2.13-r0?distro=alpine-3.18&upstream=baz"),
                         {"CVE-2026-0201", "CVE-2026-0202"})

    def test_red_hat(self):
        old = "pkg:rpm/redhat/qux@2.0-1.el9?arch=x86_64&distro=rhel-9.4"
        found, _ = self.found(old)
        self.assertEqual(set(found), {"CVE-2026-0501", "CVE-2026-0502"})
        self.assertEqual(found["CVE-2026-0501"]["fixed"], "2.0-3.el9_4")
        self.assertEqual(self.ids("pkg:rpm/redhat/qux@2.0-3.el9_4?distro=rhel-9.4"), {"CVE-2026-0502"})
        self.assertEqual(self.ids("pkg:rpm/redhat/qux@1.5-8.el8?distro=rhel-8.10"), {"CVE-2026-0501"})
        self.assertEqual(self.ids("pkg:rpm/redhat/qux@1.5-9.el8?distro=rhel-8.10"), set())

        # extended support is of one minor release; what a distribution still looks into is unknown, not clean
        self.assertEqual(self.ids("pkg:rpm/redhat/eus@1.0-1.el9_2?distro=rhel-9.2"), {"CVE-2026-0505"})
        self.assertEqual(self.ids("pkg:rpm/redhat/eus@1.0-1.el9_4?distro=rhel-9.4"), set())
        found, answer = self.found("pkg:rpm/redhat/waiting@1.0-1.el9?distro=rhel-9.4")
        self.assertEqual((found, answer["counts"]["unknown_why"]), ({}, {"undecided": 1}))

    def test_what_a_notice_fixes_counts(self):
        """A copy under the distribution's own id, and a notice, are as exploited as what they are made of."""
        found, _ = self.found("pkg:deb/debian/renamed@1.0-1?distro=debian-12")
        self.assertEqual(found["DEBIAN-CVE-2026-0601"]["group"], "CVE-2026-0601")
        self.assertTrue(found["DEBIAN-CVE-2026-0601"]["kev"])
        self.assertTrue(found["DSA-9002-1"]["kev"])
        self.assertEqual(found["DSA-9002-1"]["severity"], "critical")
        self.assertEqual(found["DSA-9002-1"]["group"], "DSA-9002-1")

    def test_other_rpm(self):
        self.assertEqual(self.ids("pkg:rpm/rocky/corge@1.9-1.el9?distro=rocky-9.3"), {"RLSA-2026:0401"})
        self.assertEqual(self.ids("pkg:rpm/rocky/corge@1.9-1.el8?distro=rocky-8.9"), set())
        self.assertEqual(self.ids("pkg:rpm/almalinux/corge@1.9-1.el8?distro=almalinux-8.9"), {"ALSA-2026:0402"})
        self.assertEqual(self.ids("pkg:rpm/suse/corge@1.9-1?distro=sles-15.5"), {"SUSE-SU-2026:0403-1"})
        self.assertEqual(self.ids("pkg:rpm/suse/corge@1.9-1?distro=sles-15.4"), set())
        self.assertEqual(self.ids("pkg:rpm/opensuse/corge@1.9-1?distro=opensuse-leap-15.5"), {"openSUSE-SU-2026:0404-1"})

    def test_suse_csaf(self):
        """A package is a part of a product: only where that product is installed, before the version that is recommended."""
        sles, leap = ("SUSE Linux Enterprise Server 15 SP5", "cpe:/o:suse:sles:15:sp5"), ("openSUSE Leap 15.5", "cpe:/o:opensuse:leap:15.5")
        for helper in (True, False):
            folder = f"suse-{helper}"
            write(f"{folder}/a.json", suse("CVE-2026-0701", *sles, {"recommended": ["garply-1.4.2-150500.5.41.1.x86_64", "libgarply-devel-1.4.2-150500.5.41.1.x86_64"]}, helper))
            write(f"{folder}/b.json", suse("CVE-2026-0702", *sles, {"known_not_affected": ["garply-1.4.2-150500.5.41.1.x86_64"]}, helper))
            write(f"{folder}/c.json", suse("CVE-2026-0703", *sles, {"known_affected": ["garply"]}, helper))
            write(f"{folder}/d.json", suse("CVE-2026-0704", *leap, {"recommended": ["garply-1.4.3-1.1.x86_64"]}, helper))

            def ids(purl):
                answer = json.loads(run("sbom", "match", "--json", "--feed", pathlib.Path(TMP.name) / folder, write("suse.cdx.json", system([purl]))).stdout)
                self.assertFalse(answer["unknown"], answer)
                return {i for m in answer["matches"] for i in [m["group"]]}

            self.assertEqual(ids("pkg:rpm/suse/garply@1.4.2-150500.5.40.1?arch=x86_64&distro=sles-15.5"), {"CVE-2026-0701", "CVE-2026-0703"})
            self.assertEqual(ids("pkg:rpm/suse/garply@1.4.2-150500.5.41.1?arch=x86_64&distro=sles-15.5"), {"CVE-2026-0703"})
            self.assertEqual(ids("pkg:rpm/suse/libgarply-devel@1.4.1-150500.5.41.1?arch=x86_64&distro=sles-15.5&upstream=garply-1.4.1-150500.5.41.1.src.rpm"),
                             {"CVE-2026-0701", "CVE-2026-0703"})  # the latter names the source
            self.assertEqual(ids("pkg:rpm/opensuse/garply@1.4.2-1.1?arch=x86_64&distro=opensuse-leap-15.5"), {"CVE-2026-0704"})
            self.assertEqual(ids("pkg:rpm/opensuse/garply@1.4.3-1.1?arch=x86_64&distro=opensuse-leap-15.5"), set())
        answer = json.loads(run("sbom", "match", "--json", "--feed", pathlib.Path(TMP.name) / "suse-False",
                                write("suse.cdx.json", system(["pkg:rpm/suse/garply@1.4.2-1?distro=sles-15.4"]))).stdout)
        self.assertEqual((len(answer["matches"]), [u["why"] for u in answer["unknown"]]), (0, ["release-not-covered"]))

    def test_csaf_ranges(self):
        """product_version_range as VERS, as its constraints alone (vls), in words: inside, outside, unknown."""
        def advisory(number, range_, status="known_affected", purl="pkg:npm/waldo"):
            return {"document": {"category": "csaf_security_advisory", "csaf_version": "2.0", "title": "t",
                                 "publisher": {"category": "vendor", "name": "W", "namespace": "https://w.example"},
                                 "tracking": {"id": f"W-{number}", "current_release_date": "2026-02-01T00:00:00Z", "initial_release_date": "2026-02-01T00:00:00Z",
                                              "status": "final", "version": "1", "revision_history": [{"date": "2026-02-01T00:00:00Z", "number": "1", "summary": "x"}]}},
                    "product_tree": {"branches": [{"category": "vendor", "name": "W", "branches": [{"category": "product_name", "name": "waldo", "branches": [
                        {"category": "product_version_range", "name": range_, "product": {
                            "name": "waldo", "product_id": "P", "product_identification_helper": {"purl": purl}}}]}]}]},
                    "vulnerabilities": [{"cve": "CVE-2026-0801", "notes": [{"category": "general", "text": "a flaw"}], "product_status": {status: ["P"]}}]}

        def said(range_, version, **more):
            folder = pathlib.Path(TMP.name) / "ranges"
            write("ranges/a.json", advisory(1, range_, **more))
            answer = json.loads(run("sbom", "match", "--json", "--feed", folder, write("waldo.cdx.json", system([f"pkg:npm/waldo@{version}"]))).stdout)
            return "in" if answer["matches"] else answer["unknown"][0]["why"] if answer["unknown"] else "out"

        for range_, inside, outside in (
                ("vers:npm/>=1.2.0|<2.0.0", "1.2.0 1.9.9", "1.1.9 2.0.0"),
                ("vers:npm/>1.2.0|<=2.0.0", "1.2.1 2.0.0", "1.2.0 1.1.0 2.0.1"),
                ("vers:npm/>1.2.0", "1.2.1 9.0.0", "1.2.0 1.0.0"),
                ("vers:npm/!=1.5.0", "1.4.9 1.5.1", "1.5.0"),
                ("vers:npm/>=1.0.0|!=1.5.0|<2.0.0", "1.4.9 1.5.1", "1.5.0 2.0.0 0.9.0"),
                ("vers:npm/<2.0.0|>=1.0.0", "1.0.0 1.9.9", "0.9.0 2.0.0"),  # not sorted
                ("vers:npm/<1.0.0|>=2.0.0|<3.0.0", "0.1.0 2.5.0", "1.5.0 3.0.0"),
                ("vers:npm/1.0.0|2.0.0", "1.0.0 2.0.0", "1.5.0"),
                ("vers:npm/%3E=1.0.0", "", ""),  # a comparator may be encoded: it is the same
                ("vers:npm/*", "0.0.1 99.0.0", ""),
                (">=1.2.0|<2.0.0", "1.2.0", "2.0.0"),
                ("< 2.0.0", "1.9.9", "2.0.0"),
                ("> 1.2.0 | != 1.5.0", "1.4.0", "1.2.0 1.5.0"),
                ("*", "3.0.0", "")):
            for version in inside.split():
                self.assertEqual(said(range_, version), "in", (range_, version))
            for version in outside.split():
                self.assertEqual(said(range_, version), "out", (range_, version))
        for words in ("all versions before 2.0", "vers:npm/", "vers:npm/>=", "vers:", ">=1.0 and <2.0", "V1.0 and later", "<", "|"):
            self.assertEqual(said(words, "1.0.0"), "undecided", words)
            self.assertNotEqual(said(words, "1.0.0", purl="pkg:npm/waldo@1.0.0"), "out", words)  # the purl names the version
        for status in ("known_not_affected", "fixed"):
            self.assertEqual(said("vers:npm/>=1.0.0|<2.0.0", "1.5.0", status=status), "out")
        self.assertEqual(said("vers:npm/>=1.0.0|<2.0.0", "1.5.0", status="under_investigation"), "undecided")


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Distributions)
    result = unittest.TextTestRunner(verbosity=0, stream=sys.stdout).run(suite)
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad > 0)
