#!/usr/bin/env python3
"""Each kind of source, end to end: a crafted feed → `feed add` → `sbom match` → the answer, with source, date and licence."""
import gzip
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

NOW = {"HINOMI_NOW": "2026-11-22T05:00:00Z"}
LOW, HIGH = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
CVE = "CVE-2026-1111"


def osv(ident, ecosystem="PyPI", name="lib", **more):
    return {"schema_version": "1.6.0", "id": ident, "modified": "2026-11-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}], **more}


def cve5(affected, adp=None):
    return {"dataType": "CVE_RECORD", "dataVersion": "5.1", "cveMetadata": {
        "cveId": CVE, "state": "PUBLISHED", "datePublished": "2026-10-01T00:00:00.000Z", "dateUpdated": "2026-11-02T00:00:00.000Z"},
        "containers": {"cna": {"providerMetadata": {"shortName": "maker"}, "descriptions": [{"lang": "en", "value": "a flaw"}], "affected": affected,
                               "metrics": [{"cvssV3_1": {"version": "3.1", "vectorString": LOW, "baseScore": 3.3, "baseSeverity": "LOW"}}]},
                       **({"adp": adp} if adp else {})}}


VULNRICHMENT = [{"title": "CISA ADP Vulnrichment", "providerMetadata": {"shortName": "CISA-ADP"}, "metrics": [
    {"other": {"type": "ssvc", "content": {"id": CVE, "role": "CISA Coordinator", "version": "2.0.3", "timestamp": "2026-11-02T00:00:00Z",
                                           "options": [{"Exploitation": "poc"}, {"Automatable": "yes"}, {"Technical Impact": "total"}]}}},
    {"cvssV3_1": {"version": "3.1", "vectorString": HIGH, "baseScore": 9.8, "baseSeverity": "CRITICAL"}}]}]


def nvd(*criteria):
    return {"resultsPerPage": 1, "format": "NVD_CVE", "version": "2.0", "vulnerabilities": [{"cve": {
        "id": CVE, "sourceIdentifier": "x", "published": "2026-10-01T00:00:00.000", "lastModified": "2026-11-03T00:00:00.000", "vulnStatus": "Analyzed",
        "descriptions": [{"lang": "en", "value": "a flaw"}],
        "metrics": {"cvssMetricV31": [{"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"version": "3.1", "vectorString": HIGH, "baseScore": 9.8}}]},
        "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [
            {"vulnerable": True, "criteria": c, "versionEndExcluding": "2.0", "matchCriteriaId": "X"} for c in criteria]}]}]}}]}


VULDEF = """<?xml version="1.0" encoding="UTF-8"?>
<VULDEF-Document version="3.2" xmlns="http://jvn.jp/vuldef/" xmlns:status="http://jvndb.jvn.jp/myjvn/Status" xml:lang="ja"><Vulinfo>
<VulinfoID>JVNDB-2026-000001</VulinfoID><VulinfoData><Title>gadget における脆弱性</Title>
<VulinfoDescription><Overview>gadget には脆弱性があります。</Overview></VulinfoDescription>
<Affected><AffectedItem><Name>Acme</Name><ProductName>gadget</ProductName><Cpe version="2.2">cpe:/a:acme:gadget</Cpe>
<VersionNumber>1.5 より前</VersionNumber></AffectedItem></Affected>
<Impact><Cvss version="3.0"><Severity type="Base">緊急</Severity><Base>9.8</Base><Vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</Vector></Cvss></Impact>
<Related><RelatedItem type="advisory"><Name>Common Vulnerabilities and Exposures (CVE)</Name><VulinfoID>CVE-2026-1111</VulinfoID>
<URL>https://www.cve.org/CVERecord?id=CVE-2026-1111</URL></RelatedItem></Related>
<DateFirstPublished>2026-10-20T12:00:00+09:00</DateFirstPublished><DateLastUpdated>2026-11-04T12:00:00+09:00</DateLastUpdated></VulinfoData></Vulinfo>
</VULDEF-Document>"""

MYJVN = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:dcterms="http://purl.org/dc/terms/" xmlns:sec="http://jvn.jp/rss/mod_sec/3.0/" xml:lang="ja">
<channel rdf:about="https://jvndb.jvn.jp/rss/ja/jvndb.rdf"><title>JVNDB</title></channel>
<item rdf:about="https://jvndb.jvn.jp/ja/contents/2026/JVNDB-2026-000002.html"><title>gadget における別の脆弱性</title>
<link>https://jvndb.jvn.jp/ja/contents/2026/JVNDB-2026-000002.html</link><description>概要</description>
<sec:identifier>JVNDB-2026-000002</sec:identifier><sec:references source="CVE" id="CVE-2026-1111">https://www.cve.org/CVERecord?id=CVE-2026-1111</sec:references>
<sec:cpe version="2.2" vendor="Acme" product="gadget">cpe:/a:acme:gadget</sec:cpe>
<sec:cvss score="9.8" severity="Critical" vector="CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" version="3.0" type="Base"/>
<dcterms:issued>2026-10-20T12:00:00+09:00</dcterms:issued><dcterms:modified>2026-11-05T12:00:00+09:00</dcterms:modified></item></rdf:RDF>"""


class Case(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def add(self, name, content, suffix=".json", licence="CC0-1.0", source="https://example.org/feed"):
        path = self.world.dir / (name + suffix)
        path.write_bytes(content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode())
        done = self.world.run("feed", "add", "--name", name, "--licence", licence, "--source", source, path, env=NOW)
        self.assertEqual(done.code, 0, done.errors)

    def match(self, *parts, env=None):
        path = self.world.dir / "bom.cdx.json"
        path.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [
            {"type": "library", "bom-ref": f"r{i}", "name": "x", **p} for i, p in enumerate(parts)]}))
        done = self.world.run("sbom", "match", "--json", path, env={**NOW, **(env or {})})
        self.assertIn(done.code, (0, 1), done.errors)
        return done.json

    def only(self, *parts, env=None):
        answer = self.match(*parts, env=env)
        self.assertEqual(len(answer["matches"]), 1, answer)
        return answer["matches"][0]

    def shown(self, ident):
        return self.world.run("feed", "show", ident, "--json", env=NOW).json[0]

    def kept(self, name, kind, date):
        """Source, licence and date of the feed, in the list and with every record."""
        feed = {f["name"]: f for f in self.world.run("feed", "list", "--json", env=NOW).json}[name]
        self.assertEqual((feed["kind"], feed["licence"], feed["source"], feed["date"][:10]), (kind, "CC0-1.0", "https://example.org/feed", date))


LIB = {"name": "lib", "version": "1", "purl": "pkg:pypi/lib@1"}


class Kinds(Case):
    def test_cve5_with_vulnrichment(self):
        self.add("cve", cve5([{"packageURL": "pkg:pypi/lib", "collectionURL": "https://pypi.python.org", "packageName": "lib", "defaultStatus": "unaffected",
                               "versions": [{"version": "0", "lessThan": "2", "versionType": "python", "status": "affected"}]}], VULNRICHMENT))
        one = self.only(LIB)
        self.assertEqual(one["advisory"], CVE)
        self.assertEqual({(s["score"], s["source"]) for s in one["cvss"]}, {(3.3, "maker"), (9.8, "CISA-ADP")}, one["cvss"])  # both are kept
        ssvc = self.shown(CVE)["records"][0]["ssvc"]
        self.assertEqual((ssvc["exploitation"], ssvc["automatable"], ssvc["technical_impact"]), ("poc", "yes", "total"), ssvc)
        self.kept("cve", "cve", "2026-11-02")
        told = self.world.run("feed", "show", CVE, env=NOW).text
        self.assertIn("0 … < 2 affected, all others not_affected", told)
        self.assertEqual(self.match({**LIB, "version": "2", "purl": "pkg:pypi/lib@2"})["matches"], [])

    def test_nvd_is_the_last_resort(self):
        self.add("nvd", nvd("cpe:2.3:a:acme:gadget:*:*:*:*:*:*:*:*"))
        bare = {"name": "gadget", "version": "1.4", "cpe": "cpe:2.3:a:acme:gadget:1.4:*:*:*:*:*:*:*"}
        one = self.only(bare)
        self.assertEqual((one["advisory"], one["why"]["mapping"]), (CVE, "cpe"))
        self.assertEqual([(s["score"], s["source"]) for s in one["cvss"]], [(9.8, "nvd@nist.gov")])
        self.assertEqual(self.match({**bare, "version": "2.0", "cpe": "cpe:2.3:a:acme:gadget:2.0:*:*:*:*:*:*:*"})["matches"], [])
        self.assertEqual(self.match({**bare, "cpe": "cpe:2.3:a:other:gadget:1.4:*:*:*:*:*:*:*"})["matches"], [])
        self.kept("nvd", "nvd", "2026-11-03")
        node = self.shown(CVE)["records"][0]["configurations"][-1]
        self.assertEqual(node["matches"][0]["versionEndExcluding"], "2.0")
        # Where a feed speaks of the package itself, CPE names are not asked.
        self.add("osv", osv("PYSEC-1", name="gadget"))
        answer = self.match({**bare, "version": "9", "purl": "pkg:pypi/gadget@9", "cpe": "cpe:2.3:a:acme:gadget:1.4:*:*:*:*:*:*:*"})
        self.assertEqual(answer["matches"], [])

    def test_nvd_of_other_target_software(self):
        self.add("nvd", nvd("cpe:2.3:a:acme:gadget:*:*:*:*:*:wordpress:*:*"))
        for target, hit in (("wordpress", True), ("*", False), ("node.js", False)):
            answer = self.match({"name": "gadget", "version": "1.4", "cpe": f"cpe:2.3:a:acme:gadget:1.4:*:*:*:*:{target}:*:*"})
            self.assertEqual((len(answer["matches"]), len(answer["unknown"])), (1, 0) if hit else (0, 1), target)  # never clean
        part = {"name": "gadget", "version": "1.4", "cpe": "cpe:2.3:a:acme:gadget:1.4:*:*:*:*:*:*:*", "purl": "pkg:npm/gadget@1.4"}
        self.assertEqual(self.match(part)["matches"], [])  # an npm package is no WordPress plugin

    def test_epss_and_kev(self):
        self.add("osv", osv("PYSEC-1", aliases=[CVE]))
        before = self.only(LIB)
        self.assertEqual((before["epss"], before["kev"]), (None, None))  # nobody was asked
        self.add("epss", gzip.compress(f"#model_version:v2026.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n{CVE},0.94321,0.999\n".encode()), ".csv.gz")
        self.add("kev", {"title": "KEV", "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T00:00:00Z", "count": 1, "vulnerabilities": [
            {"cveID": CVE, "vendorProject": "a", "product": "lib", "vulnerabilityName": "v", "dateAdded": "2026-11-19", "shortDescription": "s",
             "requiredAction": "r", "dueDate": "2026-12-10", "knownRansomwareCampaignUse": "Known"}]})
        one = self.only(LIB)
        self.assertEqual((round(one["epss"], 5), one["kev"], one["ransomware"], one["kev_due"][:10]), (0.94321, True, True, "2026-12-10"))
        self.kept("epss", "epss", "2026-11-20")
        self.kept("kev", "kev", "2026-11-20")
        self.add("epss", f"cve,epss,percentile\n{CVE},0.5,0.9\n", ".csv")  # a copy without the comment line
        self.assertEqual(self.only(LIB)["epss"], 0.5)

    def test_ghsa(self):
        self.add("ghsa", {**osv("GHSA-aaaa-bbbb-cccc", aliases=[CVE], severity=[{"type": "CVSS_V3", "score": HIGH}]),
                          "database_specific": {"severity": "CRITICAL", "github_reviewed": True, "cwe_ids": ["CWE-79"]}})
        one = self.only(LIB)
        self.assertEqual((one["advisory"], one["group"], one["severity"], one["fixed"]), ("GHSA-aaaa-bbbb-cccc", CVE, "critical", "2"))
        self.assertIn(CVE, one["aliases"] + [one["group"]])
        self.kept("ghsa", "osv", "2026-11-01")

    def test_jvn(self):
        for name, text, ident, kind, date in (("vuldef", VULDEF, "JVNDB-2026-000001", "vuldef", "2026-11-04"),
                                              ("myjvn", MYJVN, "JVNDB-2026-000002", "jvnrss", "2026-11-05")):
            self.add(name, text, ".xml")
            self.kept(name, kind, date)
            shown = self.shown(ident)
            self.assertEqual(shown["cve"], CVE)
            self.assertEqual({s["score"] for s in shown["severities"]}, {9.8})
            for version, found in (("1.4", name == "vuldef"), ("1.5", False)):  # an overview names no versions: unknown, never clean
                cpe = f"cpe:2.3:a:acme:gadget:{version}:*:*:*:*:*:*:*"
                answer = self.match({"name": "gadget", "version": version, "cpe": cpe})
                self.assertEqual({m["advisory"] for m in answer["matches"]}, {ident} if found else set(), (name, version))
                self.assertEqual(len(answer["unknown"]), 0 if found else 1, answer)
                for match in answer["matches"]:
                    self.assertEqual(match["why"]["range"], {"type": "ECOSYSTEM", "introduced": "0", "fixed": "1.5"})
                    self.assertNotIn("()", match["why"]["sentence"]["en"])
            other = self.match({"name": "gadget", "version": "1.4", "cpe": "cpe:2.3:a:other:gadget:1.4:*:*:*:*:*:*:*"})
            self.assertEqual((other["matches"], len(other["unknown"])), ([], 1))
            self.world.run("feed", "remove", name)

    def test_bundle_to_another_machine(self):
        self.add("osv", osv("PYSEC-1", aliases=[CVE]))
        self.add("nvd", nvd("cpe:2.3:a:acme:gadget:*:*:*:*:*:*:*:*"))
        bundle, other = self.world.dir / "feeds.tar.zst", {"HINOMI_HOME": str(self.world.dir / "other")}
        self.assertEqual(self.world.run("feed", "export", "-o", bundle, env=NOW).code, 0)
        gadget = {"name": "gadget", "version": "1.4", "cpe": "cpe:2.3:a:acme:gadget:1.4:*:*:*:*:*:*:*"}
        self.assertEqual(self.world.run("sbom", "match", self.world.dir / "feeds.tar.zst", env={**NOW, **other}).code, 3)  # no index: no answer
        self.assertEqual(self.world.run("feed", "import", bundle, env={**NOW, **other}).code, 0)
        here, there = self.match(LIB, gadget)["matches"], self.match(LIB, gadget, env=other)["matches"]
        self.assertEqual(len(here), 2)
        self.assertEqual(here, there)

    def test_a_record_tells_its_feed(self):
        self.add("osv", osv("PYSEC-1", aliases=[CVE]), licence="CC-BY-4.0", source="https://example.org/osv")
        record = self.shown("PYSEC-1")["records"][0]
        self.assertEqual((record["feed"]["name"], record["feed"]["licence"], record["feed"]["source"]), ("osv", "CC-BY-4.0", "https://example.org/osv"))
        why = self.only(LIB)["why"]
        self.assertIn("osv", json.dumps(why))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bool(bad))
