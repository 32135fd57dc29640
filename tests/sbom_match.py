#!/usr/bin/env python3
"""hinomi sbom match beside recorded answers, and on cases of our own making: sbom_match.py HINOMI ROOT"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HINOMI, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
DATA = pathlib.Path(os.environ.get("HINOMI_TEST_DATA", ROOT / "../shared/data")) / "sbom"
TMP = tempfile.TemporaryDirectory()
CI = os.environ.get("CI") == "true"


def run(*args, code=(0, 1)):
    env = dict(os.environ, HINOMI_HOME=TMP.name + "/home", LANG="C.UTF-8", HINOMI_NOW="2026-11-22T05:00:00Z")
    p = subprocess.run([HINOMI, "sbom", *map(str, args)], capture_output=True, text=True, env=env, timeout=120)
    if p.returncode not in code:
        raise AssertionError(f"exit {p.returncode}: {p.stderr}")
    return p


def match(*args, feed, code=(0, 1)):
    return json.loads(run("match", "--json", "--feed", feed, *args, code=code).stdout)


def write(name, doc):
    path = pathlib.Path(TMP.name) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(doc if isinstance(doc, str) else json.dumps(doc), encoding="utf-8")
    return path


def cdx(components, **more):
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components, **more}


def library(purl, ref=None, version=None, **more):
    name = purl.split("?")[0].split("@")[0].rsplit("/", 1)[-1]
    c = {"type": "library", "bom-ref": ref or purl, "name": name, "purl": purl, **more}
    if version is not None:
        c["version"] = version
    return c


def osv(ident, ecosystem, name, events, versions=(), kind="ECOSYSTEM", **more):
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "versions": list(versions)}
    if events:
        affected["ranges"] = [{"type": kind, "events": events}]
    return {"schema_version": "1.6.0", "id": ident, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


def feed(name, *records):
    folder = pathlib.Path(TMP.name) / name
    for r in records:
        write(f"{name}/{r['id']}.json", r)
    return folder


def found(answer, key="matches"):
    return {(m["purl"], m["advisory"]) for m in answer[key]}


def real(path):
    p = DATA / path
    if not p.exists():
        if CI:
            raise AssertionError(f"{p} is missing")
        raise unittest.SkipTest("no real data: set HINOMI_TEST_DATA")
    return p


ZERO = {"introduced": "0"}


class Recorded(unittest.TestCase):
    """Answers of others on real advisories."""

    def test_osv_service(self):
        queries = [json.loads(line) for line in real("dev/ground-truth/osv-api-recorded.jsonl").read_text().splitlines()]
        kinds = {"Go": "golang", "PyPI": "pypi"}
        queries = [q for q in queries if q["query"].get("package", {}).get("ecosystem") in kinds]
        self.assertEqual(len(queries), 52)
        parts = []
        for i, q in enumerate(queries):
            p = q["query"]["package"]
            purl = f"pkg:{kinds[p['ecosystem']]}/{p['name']}@{q['query'].get('version', '').replace('+', '%2B')}"
            parts.append(library(purl, ref=f"q{i}"))
        answer = match(write("recorded.cdx.json", cdx(parts)), feed=real("shared/osv-db"))
        every = {}
        for m in answer["matches"] + answer["suppressed"]:
            every.setdefault(m["ref"], set()).add(m["advisory"])
        ids, agree = 0, 0
        for i, q in enumerate(queries):
            got, want = every.get(f"q{i}", set()), set(q["expected_local"])
            self.assertEqual(want - got, set(), q["query"])
            # What is more was published after the recording, or is the one record that PyPA merged later.
            self.assertLessEqual(got - want - set(q["tolerated_newer"]), {"PYSEC-2021-108"}, q["query"])
            ids += len(want)
            agree += 1
        self.assertEqual((agree, ids), (52, 239))

    def test_proton_bridge(self):
        want = {tuple(line.rstrip("\n").split("\t"))
                for line in real("dev/ground-truth/proton-bridge-v1.8.0.expected.tsv").read_text().splitlines()[1:]}
        bom = next(real("dev/cdx-real/SBOM/proton-bridge").glob("*.json"))
        answer = match(bom, feed=real("shared/osv-db"))
        got = {(m["why"]["name"], m["version"], m["advisory"]) for m in answer["matches"]}
        self.assertEqual(len(want), 58)
        self.assertEqual(got, want)
        self.assertEqual(answer["counts"]["unknown"], 0)

    def test_labelled_true_positives(self):
        rows = [line.split("\t") for line in
                real("dev/ground-truth/labels-with-local-advisory.tsv").read_text().splitlines()[1:]]
        rows = [r for r in rows if r[5] == "TP" and r[6] == "hit"]
        self.assertGreaterEqual(len(rows), 15)
        kinds = {"Go": "golang", "PyPI": "pypi"}
        parts = [library(f"pkg:{kinds[r[0]]}/{r[1]}@{r[2].replace('+', '%2B')}", ref=f"r{i}")
                 for i, r in enumerate(rows)]
        answer = match(write("labels.cdx.json", cdx(parts)), feed=real("shared/osv-db"))
        got = {(m["ref"], m["advisory"]) for m in answer["matches"]}
        for i, r in enumerate(rows):
            self.assertTrue(any((f"r{i}", x) in got for x in r[4].split(",")), r)

    def test_renderings_of_one_host(self):
        host = real("dev/host/trivy-host.cdx.json")
        doc = json.loads(host.read_text())
        sources = {}
        for c in doc["components"]:
            p = {x["name"]: x["value"] for x in c.get("properties", [])}
            if c.get("purl", "").startswith("pkg:deb/") and "aquasecurity:trivy:SrcName" in p:
                sources[p["aquasecurity:trivy:SrcName"]] = p
        names = sorted(sources)[::7]
        records = [osv(f"TEST-{n}", "Debian:12", n, [ZERO, {"fixed": "9999:1"}]) for n in names]
        records += [osv(f"TEST-old-{n}", "Debian:11", n, [ZERO]) for n in names[:10]]
        folder = feed("host-feed", *records)
        table = ["--sources", real("dev/host/dpkg-status")]
        plain = found(match(host, feed=folder))
        self.assertGreater(len(plain), len(names))
        self.assertFalse(any("TEST-old-" in a for _, a in plain))
        for form in ("spdx-2.3", "spdx-3.0.1"):
            out = pathlib.Path(TMP.name) / f"host.{form}.json"
            out.write_text(run("convert", "--to", form, host).stdout, encoding="utf-8")
            self.assertEqual(found(match(*table, out, feed=folder)), plain, out)
        for c in doc["components"]:
            c.pop("properties", None)
        bare = write("host-bare.cdx.json", doc)
        self.assertEqual(found(match(*table, bare, feed=folder)), plain)
        less = match(bare, feed=folder)
        self.assertLess(len(less["matches"]), len(plain))


class Own(unittest.TestCase):
    """Cases of our own making."""

    def test_source_packages_from_anybodys_words(self):
        folder = feed("src", osv("D-1", "Debian:12", "openssl", [ZERO, {"fixed": "3.0.11-1~deb12u2"}]))
        tail = "?distro=debian-12"
        props = [{"name": "aquasecurity:trivy:SrcName", "value": "openssl"},
                 {"name": "aquasecurity:trivy:SrcVersion", "value": "3.0.11"},
                 {"name": "aquasecurity:trivy:SrcRelease", "value": "1~deb12u1"}]
        cases = {
            "qualifier": library(f"pkg:deb/debian/libssl3@3.0.11-1~deb12u1{tail}&upstream=openssl"),
            "version": library(f"pkg:deb/debian/libssl3@9{tail}&upstream=openssl%403.0.11-1~deb12u1"),
            "rebuilt": library(f"pkg:deb/debian/openssl@3.0.11-1~deb12u1%2Bb1{tail}"),
            "trivy": library(f"pkg:deb/debian/libssl3@3.0.11-1~deb12u1{tail}", properties=props),
            "syft": library(f"pkg:deb/debian/libssl3@3.0.11-1~deb12u1{tail}",
                            properties=[{"name": "syft:metadata:source", "value": "openssl"}]),
        }
        for name, c in cases.items():
            answer = match(write(f"src-{name}.cdx.json", cdx([c])), feed=folder)
            self.assertEqual([m["advisory"] for m in answer["matches"]], ["D-1"], name)
            self.assertEqual(answer["matches"][0]["fixed"], "3.0.11-1~deb12u2")
        spdx = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "x", "dataLicense": "CC0-1.0",
                "documentNamespace": "https://example.invalid/x", "creationInfo": {
                    "created": "2026-01-01T00:00:00Z", "creators": ["Tool: x"]},
                "packages": [
                    {"SPDXID": "SPDXRef-OperatingSystem-1", "name": "debian", "versionInfo": "12.5",
                     "downloadLocation": "NONE"},
                    {"SPDXID": "SPDXRef-a", "name": "libssl3", "versionInfo": "3.0.11-1~deb12u1",
                     "downloadLocation": "NONE", "sourceInfo": "built package from: openssl 3.0.11-1~deb12u1",
                     "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                       "referenceLocator": "pkg:deb/debian/libssl3@3.0.11-1~deb12u1"}]}]}
        answer = match(write("src.spdx.json", spdx), feed=folder)
        self.assertEqual([m["why"]["mapping"] for m in answer["matches"]], ["source-info"])
        del spdx["packages"][1]["sourceInfo"]
        spdx["packages"].append({"SPDXID": "SPDXRef-s", "name": "openssl", "versionInfo": "3.0.11-1~deb12u1",
                                 "downloadLocation": "NONE"})
        spdx["relationships"] = [{"spdxElementId": "SPDXRef-a", "relationshipType": "GENERATED_FROM",
                                  "relatedSpdxElement": "SPDXRef-s"}]
        answer = match(write("src2.spdx.json", spdx), feed=folder)
        self.assertEqual([m["why"]["mapping"] for m in answer["matches"]], ["generated-from"])

    def test_releases(self):
        folder = feed("rel", osv("U-1", "Ubuntu:22.04:LTS", "curl", [ZERO, {"fixed": "9"}]),
                      osv("U-2", "Ubuntu:Pro:22.04:LTS", "curl", [ZERO]),
                      osv("U-3", "Ubuntu:20.04:LTS", "curl", [ZERO]))
        purl = "pkg:deb/ubuntu/curl@7.81.0-1?distro="
        answer = match(write("rel.cdx.json", cdx([library(purl + "ubuntu-22.04"), library(purl + "jammy", ref="b")])),
                       feed=folder)
        self.assertEqual([m["advisory"] for m in answer["matches"]], ["U-1", "U-1"])
        answer = match(write("rel2.cdx.json", cdx([library("pkg:deb/ubuntu/curl@1")])), feed=folder)
        self.assertEqual([u["why"] for u in answer["unknown"]], ["no-release"])
        answer = match(write("rel3.cdx.json", cdx([library(purl + "ubuntu-24.04")])), feed=folder)
        self.assertEqual([u["why"] for u in answer["unknown"]], ["release-not-covered"])

    def test_a_range_in_place_of_a_version(self):
        """CycloneDX 1.7: what is in the range as a whole is affected, what is outside is judged, the rest is unknown."""
        folder = feed("span", osv("G-1", "npm", "a", [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}], kind="SEMVER"),
                      osv("G-2", "npm", "listed", [], versions=["1.5.0"]),
                      osv("D-1", "Debian:12", "src", [ZERO, {"fixed": "2:1.0-1"}]))
        def said(purl, span):
            doc = cdx([library(purl, versionRange=span, isExternal=True)], specVersion="1.7")
            answer = match(write("span.cdx.json", doc), feed=folder)
            for x in answer["matches"] + answer["unknown"]:
                words = (x["why"] if "matches" in answer and x in answer["matches"] else x)
                for text in words.get("sentence", {}).values():
                    self.assertIn(span, text)
                self.assertEqual(x["version_range"], span)
            return ([(m["advisory"], m["why"]["reason"], m["fixed"]) for m in answer["matches"]],
                    [(u["why"], u.get("advisory")) for u in answer["unknown"]])
        self.assertEqual(said("pkg:npm/a", "vers:npm/>=1.2.0|<2.0.0"), ([("G-1", "whole-range", "2.0.0")], []))
        self.assertEqual(said("pkg:npm/a", "vers:npm/>=2.0.0|<3.0.0"), ([], []))
        self.assertEqual(said("pkg:npm/a", "vers:npm/>=1.2.0|<=2.0.0"), ([], [("range", "G-1")]))
        self.assertEqual(said("pkg:npm/a", "vers:npm/*"), ([], [("range", "G-1")]))
        self.assertEqual(said("pkg:npm/listed", "vers:npm/>=1.0.0|<2.0.0"), ([], [("range", "G-2")]))
        self.assertEqual(said("pkg:npm/listed", "vers:npm/>=1.6.0"), ([], []))
        self.assertEqual(said("pkg:npm/a", "vers:pypi/>=1.2.0|<2.0.0"), ([], [("range", "G-1")]))
        self.assertEqual(said("pkg:deb/debian/src?distro=debian-12", "vers:deb/<2%3A1.0-1"), ([("D-1", "whole-range", "2:1.0-1")], []))
        for span in ("1.x", "vers:mystery/>=1"):
            doc = cdx([library("pkg:npm/a", versionRange=span, isExternal=True)], specVersion="1.7")
            self.assertEqual([u["why"] for u in match(write("span.cdx.json", doc), feed=folder)["unknown"]], ["no-version"])
        table = run("match", "--feed", folder, write("span2.cdx.json", cdx([library("pkg:npm/a", versionRange="vers:npm/1.3.0", isExternal=True)], specVersion="1.7")), "--why")
        self.assertIn("vers:npm/1.3.0", table.stdout)

    def test_nothing_is_silently_clean(self):
        folder = feed("unk", osv("P-1", "PyPI", "a", [ZERO, {"fixed": "2"}]),
                      osv("P-2", "PyPI", "git-only", [ZERO], kind="GIT"))
        parts = [library("pkg:npm/x@1"), library("pkg:pypi/a"), library("pkg:golang/x/y@(devel)"),
                 {"type": "library", "name": "nameless"}, {"type": "library", "name": "bad", "purl": "pkg:///"},
                 library("pkg:deb/debian/x@1"), library("pkg:docker/x@1"), library("pkg:pypi/git-only@1"),
                 library("pkg:pypi/a@not~a~version", ref="odd"), {"type": "file", "name": "/etc/passwd"},
                 library("pkg:pypi/clean@1")]
        answer = match(write("unk.cdx.json", cdx(parts)), feed=folder)
        self.assertEqual([u["why"] for u in answer["unknown"]],
                         ["not-covered", "no-version", "placeholder", "no-identity", "bad-purl", "no-release",
                          "no-ecosystem", "undecided", "undecided", "file"])
        self.assertEqual(answer["counts"]["components"], len(parts))
        for u in answer["unknown"]:
            self.assertTrue(u["sentence"]["en"] and u["sentence"]["ja"])
            self.assertNotIn("{", u["sentence"]["en"] + u["sentence"]["ja"])

    def test_a_name_concluded_from_a_file_is_clean_only_where_advisories_know_it(self):
        folder = feed("guess", osv("M-1", "Maven", "org.example:lib", [ZERO, {"fixed": "2"}]))
        guessed = lambda purl: library(purl, properties=[{"name": "hinomi:package:guessed", "value": "true"}])
        parts = [guessed("pkg:maven/org.example/lib@3"), guessed("pkg:maven/lib/lib@1"), library("pkg:maven/other/lib@1"),
                 guessed("pkg:maven/org.example/lib@1"), library("pkg:maven/org.example/lib@1.1")]
        answer = match(write("guess.cdx.json", cdx(parts)), feed=folder)
        self.assertEqual([(u["purl"], u["why"]) for u in answer["unknown"]], [("pkg:maven/lib/lib@1", "guessed")])
        sure = {m["purl"]: m["confidence"] for m in answer["matches"]}
        self.assertEqual(sure["pkg:maven/org.example/lib@1.1"] - sure["pkg:maven/org.example/lib@1"], 15)

    def test_false_positives_are_set_apart(self):
        folder = feed("fp", osv("P-1", "PyPI", "urllib3", [ZERO, {"fixed": "1.26.5"}]),
                      osv("P-2", "PyPI", "pyyaml", [ZERO, {"fixed": "5.4"}]),
                      osv("P-3", "PyPI", "gradle", [ZERO]), osv("P-4", "PyPI", "mine", [ZERO]))
        path = [{"name": "syft:location:0:path", "value": "/var/jenkins/plugins/gradle.jpi"}]
        dist = [{"name": "aquasecurity:trivy:FilePath", "value": "usr/lib/python3/dist-packages/yaml/METADATA"}]
        parts = [library("pkg:rpm/redhat/python3-urllib3@1.24.2-5.el8?distro=rhel-8.4"),
                 library("pkg:pypi/urllib3@1.24.2"), library("pkg:pypi/gradle@1.36", properties=path),
                 library("pkg:pypi/mine@0.0.0"), library("pkg:pypi/urllib3@1.25.0")]
        answer = match(write("fp.cdx.json", cdx(parts)), feed=folder)
        self.assertEqual({(m["purl"], m["suppressed"]["rule"]) for m in answer["suppressed"]},
                         {("pkg:pypi/urllib3@1.24.2", "owned-by-os-package"),
                          ("pkg:pypi/gradle@1.36", "wrong-package-type"), ("pkg:pypi/mine@0.0.0", "placeholder-version")})
        self.assertTrue(all(m["suppressed"]["evidence"] for m in answer["suppressed"]))
        self.assertEqual(found(answer), {("pkg:pypi/urllib3@1.25.0", "P-1")})
        parts = [library("pkg:deb/debian/python3-yaml@6.0-3?distro=debian-12"),
                 library("pkg:pypi/pyyaml@5.3", properties=dist)]
        answer = match(write("fp2.cdx.json", cdx(parts)), feed=folder)
        self.assertEqual([m["suppressed"]["rule"] for m in answer["suppressed"]], ["owned-by-os-package"])

    def test_withdrawn_and_aliases(self):
        folder = feed("ali", osv("P-1", "PyPI", "a", [ZERO], aliases=["CVE-2026-0001"], upstream=["CVE-2026-0009"]),
                      osv("P-2", "PyPI", "a", [ZERO], aliases=["P-1"]),
                      osv("P-3", "PyPI", "a", [ZERO], withdrawn="2026-02-01T00:00:00Z"))
        answer = match(write("ali.cdx.json", cdx([library("pkg:pypi/A@1")])), feed=folder)
        self.assertEqual([m["advisory"] for m in answer["matches"]], ["P-1", "P-2"])
        self.assertEqual({m["group"] for m in answer["matches"]}, {"CVE-2026-0001"})
        self.assertNotIn("CVE-2026-0009", answer["matches"][0]["aliases"])

    def test_severity_and_exit_codes(self):
        vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"  # 6.1
        folder = feed("sev", osv("P-1", "PyPI", "a", [ZERO], severity=[{"type": "CVSS_V3", "score": vector}]))
        bom = write("sev.cdx.json", cdx([library("pkg:pypi/a@1")]))
        answer = match(bom, feed=folder, code=(0,))
        self.assertEqual((answer["matches"][0]["severity"], answer["matches"][0]["score"]), ("medium", 6.1))
        match("--fail-on", "medium", bom, feed=folder, code=(1,))
        match("--fail-on", "kev", bom, feed=folder, code=(0,))
        run("match", "--json", "--feed", folder, write("broken.json", '{"bomFormat": "CycloneDX", "components": ['),
            code=(3,))
        run("match", "--json", "--feed", folder, "--fail-on", "some", bom, code=(2,))
        run("match", "--json", bom, code=(3,))  # no index
        text = run("match", "--feed", folder, "--why", bom).stdout
        self.assertIn("medium 6.1", text)
        self.assertIn("every version of a (PyPI)", text)

    def test_an_answer_of_megabytes_is_whole(self):
        """It is kept in pieces of 256 KiB."""
        folder = feed("many", osv("P-1", "PyPI", "a", [ZERO]))
        bom = write("many.cdx.json", cdx([library(f"pkg:pypi/a@1?n={i}", f"r{i}") for i in range(3000)] + [{"type": "library", "name": f"n{i}"} for i in range(2000)]))
        text = run("match", "--json", "--feed", folder, bom).stdout
        answer = json.loads(text)
        self.assertGreater(len(text), 1 << 20)
        self.assertEqual([m["ref"] for m in answer["matches"]], [f"r{i}" for i in range(3000)])
        self.assertEqual([u["component"] for u in answer["unknown"]], [f"n{i}" for i in range(2000)])

    def test_vex(self):
        folder = feed("vex", osv("P-1", "PyPI", "a", [ZERO], aliases=["CVE-2026-0001"]))
        subject = {"component": {"type": "application", "name": "app", "bom-ref": "app", "purl": "pkg:generic/app@1"}}
        bom = write("vex.cdx.json", cdx([library("pkg:pypi/a@1?x=y")], metadata=subject))

        def openvex(status, day, product, sub=None, **more):
            p = {"@id": product, **({"subcomponents": [{"@id": sub}]} if sub else {})}
            return {"@context": "https://openvex.dev/ns/v0.2.0", "@id": f"https://example.invalid/{day}",
                    "author": "us", "timestamp": f"2026-03-{day:02}T00:00:00Z", "version": 1,
                    "statements": [{"vulnerability": {"name": "CVE-2026-0001"}, "products": [p], "status": status, **more}]}

        absent = {"justification": "vulnerable_code_not_present"}
        one = write("v1.json", openvex("not_affected", 1, "pkg:generic/app", "pkg:pypi/a", **absent))
        answer = match("--vex", one, bom, feed=folder)
        self.assertEqual((len(answer["matches"]), answer["counts"]["suppressed_why"]), (0, {"vex": 1}))
        self.assertEqual(answer["suppressed"][0]["vex"]["justification"], "vulnerable_code_not_present")
        two = write("v2.json", openvex("affected", 2, "pkg:pypi/a@1", action_statement="upgrade"))
        answer = match("--vex", one, "--vex", two, bom, feed=folder)  # the later one counts
        self.assertEqual(answer["matches"][0]["vex"]["status"], "affected")
        other = write("v3.json", openvex("not_affected", 3, "pkg:generic/other", "pkg:pypi/a", **absent))
        self.assertNotIn("vex", match("--vex", other, bom, feed=folder)["matches"][0])
        bare = write("v4.json", openvex("not_affected", 4, "pkg:pypi/a"))
        self.assertEqual(match("--vex", bare, bom, feed=folder)["matches"][0]["vex"]["effect"], "unfounded")
        old = match("--vex", one, "--vex-max-age", "30", bom, feed=folder)
        self.assertEqual(old["matches"][0]["vex"]["effect"], "expired")
        doc = cdx([library("pkg:pypi/a@1")], vulnerabilities=[
            {"id": "CVE-2026-0001", "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
             "affects": [{"ref": "pkg:pypi/a@1"}]}])
        answer = match(write("own-vex.cdx.json", doc), feed=folder)
        self.assertEqual([m["vex"]["dialect"] for m in answer["suppressed"]], ["CycloneDX"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
