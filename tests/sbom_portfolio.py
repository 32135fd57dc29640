#!/usr/bin/env python3
"""One path from component to query: what the portfolio holds against a document after `sbom ingest` and `sbom rematch`
is what `sbom match` says of the document alone. sbom_portfolio.py HINOMI ROOT"""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

HINOMI, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
DATA = pathlib.Path(os.environ.get("HINOMI_TEST_DATA", ROOT / "../shared/data")) / "sbom"
CI = os.environ.get("CI") == "true"
TMP = tempfile.TemporaryDirectory()


def run(home, *args, code=(0, 1)):
    env = dict(os.environ, HINOMI_HOME=str(home), LANG="C.UTF-8", HINOMI_NOW="2026-11-22T05:00:00Z")
    p = subprocess.run([HINOMI, *map(str, args)], capture_output=True, text=True, env=env, timeout=120)
    if p.returncode not in code:
        raise AssertionError(f"{args}: exit {p.returncode}: {p.stderr}")
    return p


def alone(feed, doc):
    home = pathlib.Path(tempfile.mkdtemp(dir=TMP.name))
    a = json.loads(run(home, "sbom", "match", "--json", "--feed", feed, doc).stdout)
    return ({(m["purl"] or m["component"], m["advisory"], m["confidence"], m["fixed"], m["why"]["mapping"])
             for m in a["matches"]}, {(u["purl"] or u["component"], u["why"]) for u in a["unknown"]}, a)


def portfolio(feed, doc):
    home = pathlib.Path(tempfile.mkdtemp(dir=TMP.name))
    run(home, "sbom", "ingest", doc, "--product", "p", "--version", "1", code=(0,))
    sums = json.loads(run(home, "sbom", "rematch", "--json", "--feed", feed, code=(0,)).stdout)
    db = sqlite3.connect(next(p for p in home.rglob("*") if p.suffix in (".db", ".sqlite")))
    matches = {(purl or name, ident, confidence, fixed, json.loads(why)["mapping"])
               for purl, name, ident, confidence, fixed, why in db.execute(
                   "SELECT c.purl, c.name, a.id, m.confidence, m.fixed, m.why FROM component_match m JOIN component c ON "
                   "c.n = m.component JOIN advisory a ON a.n = m.advisory WHERE m.until = 0")}
    unknown = {(purl or name, why) for purl, name, why in db.execute(
        "SELECT purl, name, why FROM component WHERE state = 2")}
    held = {(purl, json.loads(lookup)["held"]) for purl, lookup in db.execute(
        "SELECT purl, lookup FROM component WHERE lookup LIKE '%\"held\"%'")}
    left = db.execute("SELECT count(*) FROM component WHERE state = 0").fetchone()[0]
    db.close()
    return matches, unknown, held, left, sums


def osv(ident, name, *affected):
    zero = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}]
    return name, {"schema_version": "1.6.0", "id": ident, "modified": "2026-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": e, "name": n}, "ranges": zero} for e, n in affected]}


def cpe(criteria):
    return {"vulnerable": True, "criteria": criteria, "versionEndExcluding": "2.0", "matchCriteriaId": "A"}


RECORDS = [
    osv("DEBIAN-CVE-2026-1", "deb", ("Debian:12", "openssl"), ("Debian:12", "python-urllib3")),
    osv("DEBIAN-CVE-2026-2", "old", ("Debian:11", "bash")),
    osv("PYSEC-2026-1", "py", ("PyPI", "urllib3"), ("PyPI", "gradle")),
    osv("SUSE-1", "suse", ("openSUSE:Leap 15.5", "zlib")),
    osv("GO-2026-1", "go", ("Go", "stdlib")),
    ("nvd", {"vulnerabilities": [{"cve": {
        "id": "CVE-2026-5", "published": "2026-01-01T00:00:00.000", "lastModified": "2026-01-01T00:00:00.000",
        "descriptions": [{"lang": "en", "value": "x"}],
        "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [
            cpe("cpe:2.3:a:acme:front:*:*:*:*:*:*:*:*"), cpe("cpe:2.3:a:acme:plug:*:*:*:*:*:jenkins:*:*")]}]}]}}]}),
]


def lib(purl, **more):
    return {"type": "library", "bom-ref": purl + str(len(more)), "name": purl.split("@")[0].rsplit("/", 1)[-1],
            "purl": purl, **more}


def prop(**kv):
    return [{"name": k.replace("__", ":"), "value": v} for k, v in kv.items()]


DOCUMENT = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": {
    "type": "application", "bom-ref": "s", "name": "prod", "version": "1", "purl": "pkg:pypi/urllib3@1.0"}},
    "components": [
        {"type": "operating-system", "bom-ref": "os", "name": "debian", "version": "12.5"},
        lib("pkg:deb/debian/libssl3@3.0.11-1~deb12u2%2Bb1?arch=amd64", properties=prop(
            aquasecurity__trivy__SrcName="openssl", aquasecurity__trivy__SrcVersion="3.0.11",
            aquasecurity__trivy__SrcRelease="1~deb12u2")),
        lib("pkg:deb/debian/python3-urllib3@1.26.12-1?arch=all&upstream=python-urllib3"),
        lib("pkg:deb/debian/bash@5?distro=debian-11"), lib("pkg:rpm/opensuse/zlib@1.2?distro=opensuse-leap-15.5"),
        lib("pkg:deb/ubuntu/bash@5?distro=ubuntu-22.04"),
        lib("pkg:pypi/urllib3@1.26.12"), lib("pkg:pypi/urllib3@2.0.1"), lib("pkg:pypi/urllib3@0.0.0"),
        lib("pkg:pypi/gradle@1.3", properties=prop(syft__location__0__path="/x/gradle.jpi")),
        lib("pkg:golang/stdlib@go1.20"), lib("pkg:docker/x@1"), lib("pkg:pypi/urllib3"), lib("pkg:///"),
        {"type": "application", "bom-ref": "f", "name": "front", "version": "1.5",
         "cpe": "cpe:2.3:a:acme:front:1.5:*:*:*:*:*:*:*"},
        {"type": "application", "bom-ref": "g", "name": "plug", "version": "1.5",
         "cpe": "cpe:2.3:a:acme:plug:1.5:*:*:*:*:*:*:*"},
        {"type": "application", "bom-ref": "h", "name": "nothing"}, {"type": "file", "bom-ref": "i", "name": "/etc/x"}]}


class Portfolio(unittest.TestCase):
    def same(self, feed, doc):
        matches, unknown, whole = alone(feed, doc)
        found, blind, held, left, sums = portfolio(feed, doc)
        self.assertEqual(found, matches, doc)
        self.assertEqual(blind, unknown, doc)
        self.assertEqual(left, 0, "components that nobody judged")
        self.assertEqual(sums["held"], len(whole["suppressed"]))
        return matches, unknown, held

    def test_own(self):
        folder = pathlib.Path(TMP.name) / "feed"
        folder.mkdir()
        for name, record in RECORDS:
            (folder / f"{name}.json").write_text(json.dumps(record))
        doc = pathlib.Path(TMP.name) / "own.cdx.json"
        doc.write_text(json.dumps(DOCUMENT))
        matches, unknown, held = self.same(folder, doc)
        found = {(purl.split("?")[0], ident) for purl, ident, *_ in matches}
        self.assertIn(("pkg:deb/debian/libssl3@3.0.11-1~deb12u2%2Bb1", "DEBIAN-CVE-2026-1"), found)
        self.assertIn(("pkg:pypi/urllib3@1.0", "PYSEC-2026-1"), found)  # the product itself
        self.assertIn(("front", "CVE-2026-5"), found)
        self.assertNotIn(("plug", "CVE-2026-5"), found)  # a plug-in of Jenkins only
        self.assertIn(("pkg:pypi/urllib3@1.26.12", "owned-by-os-package"), held)
        self.assertIn(("pkg:pypi/gradle@1.3", "wrong-package-type"), held)
        self.assertIn(("pkg:pypi/urllib3@0.0.0", "placeholder"), unknown)
        # The same document in other words: every rendering, the same answers from the portfolio.
        for to in ("spdx-2.3", "spdx-3.0.1", "cyclonedx-1.6-xml"):
            other = pathlib.Path(TMP.name) / f"own.{to}"
            run(TMP.name, "sbom", "convert", doc, "--to", to, "--output", other)
            self.same(folder, other)

    def test_ranges_in_place_of_versions(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=TMP.name))
        for name, record in RECORDS:
            (folder / f"{name}.json").write_text(json.dumps(record))
        ranged = [lib("pkg:pypi/urllib3", versionRange=span, isExternal=True) for span in
                  ("vers:pypi/>=1.0|<2.0", "vers:pypi/>=99", "vers:pypi/>=98")]
        for n, c in enumerate(ranged):
            c["bom-ref"] = str(n)
        doc = folder / "ranged.cdx.json"
        for some, want in ((ranged[:1], ({"PYSEC-2026-1"}, set())), (ranged[1:2], (set(), set())),
                           (ranged[2:], (set(), {("pkg:pypi/urllib3", "range")})),
                           (ranged, ({"PYSEC-2026-1"}, {("pkg:pypi/urllib3", "range")}))):
            doc.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1, "components": some}))
            matches, unknown, _ = self.same(folder, doc)
            self.assertEqual(({ident for _, ident, *_ in matches}, unknown), want)

    def test_statements(self):
        """A supplier's statements apply to its products, once; what gives no reason is refused."""
        home = pathlib.Path(tempfile.mkdtemp(dir=TMP.name))
        folder = home / "feed"
        folder.mkdir()
        for name, record in RECORDS:
            (folder / f"{name}.json").write_text(json.dumps(record))
        doc = home / "own.cdx.json"
        doc.write_text(json.dumps(DOCUMENT))
        for product in ("front", "back"):
            run(home, "sbom", "ingest", doc, "--product", product, "--version", "1", "--supplier", "V", code=(0,))
        run(home, "sbom", "ingest", doc, "--product", "other", "--version", "1", "--supplier", "W", code=(0,))
        run(home, "sbom", "rematch", "--feed", folder, code=(0,))

        def open_of(product):
            rows = json.loads(run(home, "software", "products", "--json").stdout)
            ident = next(p["id"] for p in rows["items"] if p["name"] == product)
            rows = json.loads(run(home, "software", "vulnerabilities", "--json", "--product", ident).stdout)
            return {v["id"] for v in rows["items"]}

        def statement(vuln, product, status, sub=None, **more):
            what = {"@id": product, **({"subcomponents": [{"@id": sub}]} if sub else {})}
            return {"vulnerability": {"name": vuln}, "products": [what], "status": status, **more}

        absent = {"justification": "vulnerable_code_not_in_execute_path"}
        vex = home / "v.openvex.json"
        vex.write_text(json.dumps({
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.invalid/v", "author": "V", "version": 1,
            "timestamp": "2026-01-01T00:00:00Z", "statements": [
                statement("CVE-2026-5", "pkg:generic/front@1", "not_affected", **absent),
                statement("DEBIAN-CVE-2026-1", "pkg:generic/front@1", "fixed", "pkg:pypi/unrelated@1"),
                statement("PYSEC-2026-1", "pkg:generic/front@1", "not_affected")]}))
        before = open_of("front")
        self.assertLessEqual({"CVE-2026-5", "PYSEC-2026-1"}, before)
        for other, dialect in ((vex, "openvex"), (home / "v.csaf.json", "csaf"), (home / "v.cdx.json", "cyclonedx"),
                               (home / "v.spdx.json", "spdx3")):
            if other != vex:
                run(home, "sbom", "vex", "convert", vex, "--to", dialect, "--output", other)
            listed = json.loads(run(home, "sbom", "vex", "list", "--json", other).stdout)
            self.assertEqual([(s["vulnerability"], s["status"], s["state"]) for s in listed["statements"]],
                             [("CVE-2026-5", "not_affected", "in-force"), ("DEBIAN-CVE-2026-1", "fixed", "in-force"),
                              ("PYSEC-2026-1", "not_affected", "unfounded")])
            said = json.loads(run(home, "sbom", "vex", "ingest", "--json", other, "--supplier", "V", code=(0,)).stdout)
            self.assertEqual((said["products"], said["statements"], said["refused"]), (2, 3, 2))
            again = json.loads(run(home, "sbom", "vex", "ingest", "--json", other, "--supplier", "V", code=(0,)).stdout)
            self.assertEqual((again["statements"], again["known"]), (0, 3))
        # "front" is named as a whole; "back" has no such component; another supplier's product is its own.
        self.assertEqual(before - open_of("front"), {"CVE-2026-5"})
        self.assertEqual(open_of("back"), before)
        self.assertEqual(open_of("other"), before)

    def test_statements_of_ranges(self):
        """Said of some versions, by VERS or by one version: of these only, also when they come in later."""
        home = pathlib.Path(TMP.name) / "ranges"
        folder = home / "feed"
        folder.mkdir(parents=True)
        for letter in "ABCDEFGHI":
            (folder / f"{letter}.json").write_text(json.dumps({
                "schema_version": "1.6.0", "id": f"CVE-2026-10{letter}", "modified": "2026-01-01T00:00:00Z", "affected": [
                    {"package": {"ecosystem": "npm", "name": "deep"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}))

        def ingest(product, version, deep):
            doc = home / f"{product}.cdx.json"
            doc.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
                {"type": "library", "bom-ref": "d", "name": "deep", "version": deep, "purl": f"pkg:npm/deep@{deep}"}]}))
            run(home, "sbom", "ingest", doc, "--product", product, "--version", version, "--supplier", "V", code=(0,))

        def open_of(product):
            rows = json.loads(run(home, "software", "products", "--json").stdout)
            ident = next(p["id"] for p in rows["items"] if p["name"] == product)
            rows = json.loads(run(home, "software", "vulnerabilities", "--json", "--product", ident).stdout)
            return "".join(sorted(v["id"][-1] for v in rows["items"]))

        ingest("early", "1.5.0", "1.0.0")
        ingest("late", "2.5.0", "2.0.0")
        run(home, "sbom", "rematch", "--feed", folder, code=(0,))
        self.assertEqual((open_of("early"), open_of("late")), ("ABCDEFGHI", "ABCDEFGHI"))
        said = {"A": "pkg:npm/deep?vers=vers:npm%2F%3C2.0.0", "B": "pkg:generic/late?vers=vers:semver/%3E%3D2", "C": "pkg:generic/late?vers=vers:semver/%3E%3D3",
                "D": "pkg:generic/late@2.5.0", "E": "pkg:generic/late@2.4.0", "F": "pkg:npm/deep?vers=vers:mystery/%3C9", "G": "pkg:npm/deep?vers=vers:npm/%21%3D1.0.0"}
        parts = {"H": "pkg:generic/late@2.5.0", "I": "pkg:generic/late@2.4.0"}  # a part of one release, which is no part of "early"
        vex = home / "v.json"
        vex.write_text(json.dumps({
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.invalid/r", "author": "V", "version": 1, "timestamp": "2026-01-01T00:00:00Z",
            "statements": [{"vulnerability": {"name": f"CVE-2026-10{letter}"}, "products": [{"@id": what}], "status": "not_affected",
                            "justification": "vulnerable_code_not_present"} for letter, what in said.items()] + [
                {"vulnerability": {"name": f"CVE-2026-10{letter}"}, "products": [{"@id": what, "subcomponents": [{"@id": "pkg:npm/deep"}]}],
                 "status": "not_affected", "justification": "vulnerable_code_not_present"} for letter, what in parts.items()] + [
                {"vulnerability": {"name": "CVE-2026-10F"}, "products": [{"@id": "pkg:generic/late?vers=vers:semver/%2A", "subcomponents": [{"@id": "pkg:npm/deep"}]}],
                 "status": "not_affected", "justification": "vulnerable_code_not_present"}]}))
        got = json.loads(run(home, "sbom", "vex", "ingest", "--json", vex, "--supplier", "V", code=(0,)).stdout)
        self.assertEqual((got["products"], got["statements"], got["refused"]), (2, 16, 1), got)  # a part of some versions: neither can be said
        self.assertEqual(open_of("early"), "BCDEFGHI")
        self.assertEqual(open_of("late"), "ACEFI")
        ingest("early", "1.6.0", "2.1.0")  # no longer in the range of A, now in that of G
        run(home, "sbom", "rematch", "--feed", folder, code=(0,))
        answered = {letter: json.loads(run(home, "sbom", "reach", f"CVE-2026-10{letter}", "--json").stdout)["totals"] for letter in "AFG"}
        self.assertEqual({k: (t["releases"], t["answered"]) for k, t in answered.items()}, {"A": (3, 1), "F": (3, 0), "G": (3, 2)})

    def test_real(self):
        if not DATA.exists():
            self.assertFalse(CI, "HINOMI_TEST_DATA must be there in CI")
            self.skipTest("no HINOMI_TEST_DATA")
        documents = [p for top in ("cdx-real", "osv-scanner", "trivy") for p in sorted((DATA / "dev" / top).rglob("*.json"))
                     if any(w in p.read_bytes()[:4000] for w in (b"bomFormat", b"spdxVersion"))
                     and p.stat().st_size < 8 << 20]
        self.assertGreater(len(documents), 20)
        total = 0
        bridge = [p for p in documents if "proton-bridge" in str(p)]
        self.assertTrue(bridge)
        for doc in bridge[:1] + documents[::8]:
            p = run(TMP.name, "sbom", "parts", doc, code=(0, 3))
            if p.returncode == 0:
                total += len(self.same(DATA / "shared/osv-db", doc)[0])
        self.assertGreaterEqual(total, 58)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad > 0)
