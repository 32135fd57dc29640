#!/usr/bin/env python3
"""Statements on vulnerabilities (VEX): which of several counts and why, and that what is written is valid."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

NOW = {"HINOMI_NOW": "2026-11-22T05:00:00Z"}
APP, LIB, VULN = "pkg:generic/app@1", "pkg:pypi/lib@1", "CVE-2026-1001"
NO_REASON = "The source states no reason."


def osv(ident, name, **more):
    return {"schema_version": "1.6.0", "id": ident, "modified": "2026-01-01T00:00:00Z", **more, "affected": [
        {"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}


def bom(**more):
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
            "metadata": {"component": {"type": "application", "bom-ref": "app", "name": "app", "version": "1", "purl": APP}},
            "components": [{"type": "library", "bom-ref": "lib", "name": "lib", "version": "1", "purl": LIB}], **more}


def openvex(status, day, product=APP, part=LIB, **more):
    thing = {"@id": product, **({"subcomponents": [{"@id": part}]} if part else {})}
    return {"@context": "https://openvex.dev/ns/v0.2.0", "@id": f"https://example.org/{day}", "author": "O", "timestamp": f"{day}T00:00:00Z",
            "version": 1, "statements": [{"vulnerability": {"name": VULN}, "products": [thing], "status": status, **more}]}


def csaf(status, day, product=APP, part=LIB, **more):
    return {"document": {"category": "csaf_vex", "csaf_version": "2.0", "title": "t", "publisher": {"category": "vendor", "name": "C",
                         "namespace": "https://example.org"},
                         "tracking": {"id": f"C-{day}", "status": "final", "version": "1", "current_release_date": f"{day}T00:00:00Z",
                                      "initial_release_date": f"{day}T00:00:00Z", "revision_history": []}},
            "product_tree": {"full_product_names": [{"name": n, "product_id": i, "product_identification_helper": {"purl": n}}
                                                    for n, i in ((product, "P"), (part, "L"))],
                             "relationships": [{"category": "default_component_of", "product_reference": "L", "relates_to_product_reference": "P",
                                                "full_product_name": {"name": "L in P", "product_id": "LP"}}]},
            "vulnerabilities": [{"cve": VULN, "product_status": {status: ["LP"]}, **more}]}


def cyclonedx(state, day=None, **analysis):
    dated = {"firstIssued": f"{day}T00:00:00Z", "lastUpdated": f"{day}T00:00:00Z"} if day else {}
    return bom(vulnerabilities=[{"id": VULN, "affects": [{"ref": "lib"}], "analysis": {"state": state, **dated, **analysis}}])


ABSENT = {"justification": "vulnerable_code_not_present"}


class Case(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.write("feed/P-1.json", osv("P-1", "lib", aliases=[VULN]))

    def write(self, name, doc, encoding="utf-8"):
        path = self.world.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((doc if isinstance(doc, str) else json.dumps(doc)).encode(encoding))
        return path

    def match(self, *args, **documents):
        """The one match of lib: (shown, what the statement came to)."""
        options = []
        for name, doc in documents.items():
            options += ["--trusted" if name.startswith("ours") else "--vex", self.write(name + ".json", doc)]
        done = self.world.run("sbom", "match", "--json", "--feed", self.world.dir / "feed", *options, *args, self.write("bom.json", bom()), env=NOW)
        self.assertIn(done.code, (0, 1), done.errors)
        answer = done.json
        self.assertEqual(len(answer["matches"]) + len(answer["suppressed"]), 1, answer)
        return bool(answer["matches"]), (answer["matches"] + answer["suppressed"])[0].get("vex")

    def listed(self, *args, **documents):
        options = []
        for name, doc in documents.items():
            options += ["--trusted"] * name.startswith("ours") + [self.write(name + ".json", doc)]
        done = self.world.run("sbom", "vex", "list", "--json", *options, *args, env=NOW)
        self.assertEqual(done.code, 0, done.errors)
        return done.json["statements"]

    def convert(self, doc, to, name="in.json"):
        done = self.world.run("sbom", "vex", "convert", self.write(name, doc), "--to", to, env=NOW)
        self.assertEqual(done.code, 0, done.errors)
        return done


class Precedence(Case):
    """Two dialects contradict each other."""

    def test_later_counts(self):
        old, new = openvex("not_affected", "2026-06-01", **ABSENT), csaf("known_affected", "2026-06-02")
        shown, vex = self.match(a=old, b=new)
        self.assertTrue(shown)
        self.assertEqual((vex["status"], vex["dialect"], vex["statements"]), ("affected", "CSAF", 2))
        self.assertEqual((vex["over"]["status"], vex["over"]["dialect"], vex["over"]["reason"]), ("not_affected", "OpenVEX", "date"))
        shown, vex = self.match(a=openvex("affected", "2026-06-01", action_statement="x"), b=csaf("known_not_affected", "2026-06-02", flags=[
            {"label": "vulnerable_code_not_present", "product_ids": ["LP"]}]))
        self.assertFalse(shown)
        self.assertEqual((vex["status"], vex["justification"], vex["over"]["reason"]), ("not_affected", "vulnerable_code_not_present", "date"))
        said = self.listed(a=old, b=new)
        self.assertEqual([(s["status"], s["state"], s.get("superseded_for")) for s in said],
                         [("affected", "in-force", None), ("not_affected", "superseded", "date")])

    def test_trusted_counts_although_older(self):
        ours, vendor = openvex("affected", "2026-01-01", action_statement="x"), cyclonedx("not_affected", "2026-10-01", justification="code_not_present")
        shown, vex = self.match(vendor=vendor, ours=ours)
        self.assertTrue(shown)
        self.assertEqual((vex["status"], vex["trust"], vex["over"]["trust"], vex["over"]["reason"]), ("affected", 2, 1, "trust"))
        self.assertFalse(self.match(vendor=vendor)[0])  # without ours it would be hidden
        said = self.listed(vendor=vendor, ours=ours)
        self.assertEqual([(s["status"], s.get("superseded_for")) for s in said], [("affected", None), ("not_affected", "trust")])
        text = self.world.run("sbom", "vex", "list", "--all", self.write("vendor.json", vendor), "--trusted", self.write("ours.json", ours), env=NOW).text
        self.assertIn("another is trusted more", text)

    def test_another_product(self):
        for other in (openvex("not_affected", "2026-10-01", "pkg:generic/other@1", **ABSENT), openvex("fixed", "2026-10-01", "pkg:generic/app@2"),
                      openvex("fixed", "2026-10-01", APP, "pkg:pypi/lib@2"), openvex("fixed", "2026-10-01", LIB.replace("lib", "libs"), None)):
            self.assertEqual(self.match(other=other), (True, None))
        # and it says nothing against what is said of ours
        shown, vex = self.match(a=openvex("not_affected", "2026-01-01", **ABSENT), b=openvex("affected", "2026-10-01", "pkg:generic/other", action_statement="x"))
        self.assertEqual((shown, vex["statements"], "over" in vex), (False, 1, False))
        said = self.listed(a=openvex("not_affected", "2026-01-01", **ABSENT), b=openvex("affected", "2026-10-01", "pkg:generic/other", action_statement="x"))
        self.assertEqual([s["state"] for s in said], ["in-force", "in-force"])

    def test_expired(self):
        old = openvex("not_affected", "2026-01-01", **ABSENT)
        self.assertFalse(self.match(old=old)[0])
        shown, vex = self.match("--vex-max-age", "30", old=old)
        self.assertEqual((shown, vex["effect"]), (True, "expired"))
        self.assertFalse(self.match("--vex-max-age", "30", old=openvex("fixed", "2026-01-01"))[0])  # stays fixed
        # What has expired does not hide what has not, be it trusted more.
        shown, vex = self.match("--vex-max-age", "30", ours=old, new=csaf("known_affected", "2026-11-20"))
        self.assertEqual((shown, vex["status"], vex["effect"], vex["over"]["reason"]), (True, "affected", "applies", "validity"))
        said = self.listed("--max-age", "30", ours=old, new=csaf("known_affected", "2026-11-20"))
        self.assertEqual([(s["status"], s.get("superseded_for")) for s in said], [("affected", None), ("not_affected", "validity")])

    def test_without_a_reason(self):
        bare = cyclonedx("not_affected", "2026-10-01")
        shown, vex = self.match(bare=bare)
        self.assertEqual((shown, vex["effect"]), (True, "unfounded"))
        shown, vex = self.match(bare=bare, a=openvex("not_affected", "2026-01-01", **ABSENT))
        self.assertEqual((shown, vex["dialect"]), (False, "OpenVEX"))  # whoever gives a reason is believed
        for to in ("openvex", "csaf", "spdx3", "cyclonedx"):  # and no detour makes a reason of none
            again = json.loads(self.convert(bare, to).out)
            self.assertEqual([s["state"] for s in self.listed(again=again)], ["unfounded"], to)

    def test_same_time_and_trust(self):
        shown, vex = self.match(a=openvex("not_affected", "2026-06-01", APP, "pkg:pypi/lib", **ABSENT), b=openvex("affected", "2026-06-01", action_statement="x"))
        self.assertEqual((shown, vex["status"], vex["contradicted"], vex["over"]["reason"]), (True, "affected", True, "precision"))


class Valid(Case):
    """What a dialect demands is there, and whatever is not the source's word is told."""

    BARE = cyclonedx("not_affected", "2026-10-01")
    NOBODY = {k: v for k, v in bom(vulnerabilities=[{"id": VULN, "analysis": {"state": "exploitable"}}]).items() if k == "vulnerabilities" or "ersion" in k or k == "bomFormat"}

    def test_openvex(self):
        done = self.convert(self.BARE, "openvex")
        said = done.json["statements"][0]
        self.assertEqual((said["impact_statement"], "justification" in said), (NO_REASON, False))
        self.assertIn("reason is not given", done.errors)
        said = self.convert(cyclonedx("not_affected", "2026-10-01", justification="code_not_present", detail="looked"), "openvex").json["statements"][0]
        self.assertEqual(("impact_statement" in said, said["justification"], said["status_notes"]), (False, "vulnerable_code_not_present", "looked"))

    def test_csaf(self):
        done = self.convert(self.BARE, "csaf")
        v = done.json["vulnerabilities"][0]
        known = v["product_status"]["known_not_affected"]
        self.assertEqual(v["threats"], [{"date": "2026-10-01T00:00:00Z", "category": "impact", "details": NO_REASON, "product_ids": known}])
        self.assertIn("reason is not given", done.errors)

    def test_spdx3(self):
        for args in (("vex", "convert", "--to", "spdx3"), ("convert", "--to", "spdx-3.0.1")):
            done = self.world.run("sbom", *args, self.write("bare.json", self.BARE), env=NOW)
            said = [e for e in done.json["@graph"] if e["type"].startswith("security_VexNotAffected")]
            self.assertEqual([e["security_impactStatement"] for e in said], [NO_REASON])

    def test_about_no_product(self):
        doc = self.convert(self.NOBODY, "cyclonedx").json
        self.assertNotIn("affects", doc["vulnerabilities"][0])
        self.assertEqual(doc["vulnerabilities"][0]["analysis"]["state"], "exploitable")
        done = self.convert(self.NOBODY, "openvex")
        self.assertNotIn("products", done.json["statements"][0])
        self.assertIn("product is not named", done.errors)
        done = self.convert(self.NOBODY, "csaf")
        ids = [p["product_id"] for p in done.json["product_tree"]["full_product_names"]]
        self.assertEqual(done.json["vulnerabilities"][0]["product_status"], {"known_affected": ids})
        done = self.convert(self.NOBODY, "spdx3")
        self.assertNotIn("VexAffected", done.text)
        self.assertIn("statement about no product", done.errors)

    def test_spdx2_describes_something(self):
        doc = self.world.run("sbom", "convert", self.write("v.json", self.NOBODY), "--to", "spdx-2.3", env=NOW).json
        self.assertEqual([(r["relationshipType"], r["relatedSpdxElement"]) for r in doc["relationships"]], [("DESCRIBES", "NOASSERTION")])


class Ranges(Case):
    """Statements about some versions only: CycloneDX affects[].versions[], CSAF product_version_range, a purl's `vers`."""

    def said(self, doc):
        """Shown, and the status that counts, of lib 1."""
        shown, vex = self.match(doc=doc)
        return shown, vex and vex["status"]

    def cyclonedx(self, state, *versions, **analysis):
        doc = cyclonedx(state, "2026-06-01", **analysis)
        doc["vulnerabilities"][0]["affects"][0]["versions"] = list(versions)
        return doc

    def test_cyclonedx(self):
        reason = {"justification": "code_not_reachable"}
        for versions, want in (([{"range": "vers:pypi/<2"}], (False, "not_affected")), ([{"range": "vers:pypi/>=2"}], (True, None)),
                               ([{"version": "1"}], (False, "not_affected")), ([{"version": "2"}, {"version": "3"}], (True, None)),
                               ([{"range": "vers:pypi/>=2"}, {"version": "1.0"}], (True, None)),  # a text, not a range: to the letter
                               ([{"range": "vers:pypi/>=0|!=1|<2"}], (True, None)), ([{"range": "vers:pypi/*"}], (False, "not_affected")),
                               ([{"range": "vers:mystery/<2"}], (True, None)), ([{"range": "below 2"}], (True, None)),
                               ([{"range": "vers:pypi/<2", "status": "unknown"}], (True, "under_investigation"))):
            self.assertEqual(self.said(self.cyclonedx("not_affected", *versions, **reason)), want, versions)
        split = ({"range": "vers:pypi/<0.9", "status": "affected"}, {"range": "vers:pypi/>=0.9|<2", "status": "unaffected"})
        self.assertEqual(self.said(self.cyclonedx("exploitable", *split)), (False, "not_affected"))
        self.assertEqual(self.said(self.cyclonedx("exploitable", {"range": "vers:pypi/<2", "status": "affected"})), (True, "affected"))

    def test_csaf(self):
        def ranged(vers, status="known_not_affected"):
            doc = csaf(status, "2026-06-01", flags=[{"label": "vulnerable_code_not_present", "product_ids": ["R"]}])
            product = {"name": "lib", "product_id": "R", "product_identification_helper": {"purl": "pkg:pypi/lib"}}
            doc["product_tree"] = {"branches": [{"category": "product_version_range", "name": vers, "product": product}]}
            doc["vulnerabilities"][0]["product_status"] = {status: ["R"]}
            return doc
        self.assertEqual(self.said(ranged("vers:pypi/<2")), (False, "not_affected"))
        for vers in ("vers:pypi/>=2", "vers:pypi/>1", "vers:pypi/!=1", "vers:mystery/<2", "<1", ">1", "all before 2"):
            self.assertEqual(self.said(ranged(vers)), (True, None), vers)
        for vers in ("<2", ">= 0.5 | < 2"):  # the constraints alone (vls): in the order of the package's kind
            self.assertEqual(self.said(ranged(vers)), (False, "not_affected"), vers)

    def test_openvex_qualifier(self):
        for vers, want in (("vers:pypi%2F%3C2", (False, "not_affected")), ("vers:pypi/%3E%3D2", (True, None)), ("vers:mystery/%3C2", (True, None))):
            self.assertEqual(self.said(openvex("not_affected", "2026-06-01", "pkg:pypi/lib?vers=" + vers, None, **ABSENT)), want, vers)

    def test_every_dialect_keeps_the_range(self):
        doc = self.cyclonedx("not_affected", {"range": "vers:pypi/>=0.5|<2"}, justification="code_not_reachable")
        for to in ("openvex", "csaf", "cyclonedx", "spdx3"):
            again = json.loads(self.convert(doc, to).out)
            self.assertEqual(self.said(again)[0], False, to)
            other = json.loads(self.convert(self.cyclonedx("not_affected", {"range": "vers:pypi/>=2"}, justification="code_not_reachable"), to).out)
            self.assertEqual(self.said(other), (True, None), to)


class Wide(Case):
    """UTF-16, as "> file" of PowerShell writes."""

    def test_every_dialect(self):
        start = openvex("not_affected", "2026-06-01", **ABSENT)
        for to in ("openvex", "csaf", "cyclonedx", "spdx3"):
            text = self.convert(start, to).text
            plain = self.listed(doc=json.loads(text))
            for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
                path = self.write("doc.json", text, encoding)
                done = self.world.run("sbom", "vex", "list", "--json", path, env=NOW)
                self.assertEqual((done.code, done.json["statements"]), (0, plain), (to, encoding, done.errors))
                done = self.world.run("sbom", "match", "--json", "--feed", self.world.dir / "feed", "--vex", path, self.write("bom.json", bom()), env=NOW)
                self.assertEqual(len(done.json["suppressed"]), 1, (to, encoding))
            cut = self.write("cut.json", text.encode("utf-16")[:301].decode("utf-16", "ignore"), "utf-16")
            self.assertEqual(self.world.run("sbom", "vex", "list", "--json", cut).code, 3, to)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bool(bad))
