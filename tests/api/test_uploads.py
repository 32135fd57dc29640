import json
import pathlib
import subprocess
import tempfile
from urllib.parse import urlencode

from case import Case
from world import PROGRAM

MIB = 1 << 20


# {tag-id: "tag-1", tag-version: 0, software-name: "Acme Tool", software-version: "1.2", entity: {…}} (RFC 9393)
COSWID = b"\xa5\x00\x65tag-1\x0c\x00\x01\x69Acme Tool\x0d\x631.2\x02\xa2\x18\x1f\x64Acme\x18\x21\x82\x01\x02"


def bom(parts, version=1, **more):
    refs = [f"pkg:npm/{p}@1.0.0" for p in parts]
    return json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": version,
        "metadata": {"component": {"type": "application", "name": "Shop", "version": "2.1", "bom-ref": "root"}},
        "components": [{"type": "library", "name": p, "version": "1.0.0", "purl": r, "bom-ref": r} for p, r in zip(parts, refs)],
        "dependencies": [{"ref": "root", "dependsOn": refs}], **more}).encode()


def openvex(vuln, status, purl, **more):
    return json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/v1", "author": "Maker", "version": 1,
                       "timestamp": "2026-11-01T00:00:00Z",
                       "statements": [{"vulnerability": {"name": vuln}, "products": [{"@id": purl}], "status": status, **more}]}).encode()


class Uploads(Case):
    """Documents over HTTP: received, read by the program's own worker, told what became of them."""

    @classmethod
    def fill(cls, world):
        world.account("admin", ("root", "admin"))
        world.account("viewer", ("root", "viewer"))
        world.account("operator", ("root", "operator"))
        cls.client, cls.viewer, cls.operator = (world.client(n) for n in ("admin", "viewer", "operator"))

    def send(self, body, client=None, **query):
        query.setdefault("kind", "sbom")
        return (client or self.client).request("POST", "software/uploads?" + urlencode(query), raw=body,
                                               headers={"Content-Type": "application/octet-stream"})

    def read(self, *args):
        done = subprocess.run([PROGRAM, "-x", "uploads", "--home", self.world.home, *args], capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def taken(self, body, client=None, **query):
        sent = self.valid(self.send(body, client, **query), "upload")
        self.assertEqual(sent["state"], "waiting")
        self.read()
        return self.valid(self.client.get("software/uploads/" + sent["id"]), "upload")

    def feed(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.json").write_text(json.dumps({
                "schema_version": "1.6.0", "id": "OSV-2026-7", "aliases": ["CVE-2026-7777"], "modified": "2026-11-01T00:00:00Z",
                "summary": "bad", "affected": [{"package": {"ecosystem": "npm", "name": "deep"},
                                                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}]}]}))
            done = subprocess.run([PROGRAM, "feed", "add", "--name", "own", folder, "--home", self.world.home],
                                  capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 0, (done.stdout, done.stderr))

    def test_a_in_and_found(self):
        self.feed()
        got = self.taken(bom(["front", "deep"]), name="Shop", supplier="Maker", file="shop.cdx.json")
        self.assertEqual(got["state"], "done", got)
        self.assertEqual((got["result"]["components"], got["result"]["known"], got["result"]["matched"]), (2, False, True), got)
        self.assertEqual((got["found"]["version"], got["found"]["vulnerabilities"]), ("2.1", 1))
        sbom = self.client.get("software/sboms/" + got["result"]["sbom"]).json
        self.assertEqual((sbom["put_by"], sbom["product"]["name"]), ("admin", "Shop"))
        raw = self.client.get("software/sboms/" + got["result"]["sbom"] + "/document")
        self.assertEqual(raw.data, bom(["front", "deep"]))
        what = [r["what"] for r in self.client.get("audit?limit=50").json["items"]]
        self.assertTrue({"upload.put", "sbom.put", "upload.end"} <= set(what), what)
        names = [v["id"] for v in self.client.get("software/vulnerabilities").json["items"]]
        self.assertEqual(names, ["CVE-2026-7777"])

    def test_b_the_same_again(self):
        again = self.taken(bom(["front", "deep"]), name="Shop")
        self.assertEqual((again["state"], again["result"]["known"], again["found"]["vulnerabilities"]), ("done", True, 1))
        one, two = (self.valid(self.send(bom(["x"]), name="Shop", version="3"), "upload") for _ in range(2))
        self.assertEqual(one["id"], two["id"])  # not read yet: not taken twice
        self.read()
        self.assertEqual(len(self.client.get("software/sboms?all=true").json["items"]), 2)

    def test_c_hostile(self):
        for name, body in {"nothing known": b"hello", "cut": bom(["a", "b"])[:-40], "deep": b'{"bomFormat":"CycloneDX","components":' + b"[" * 100000,
                           "xml bomb": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5">&c;'}.items():
            with self.subTest(name):
                got = self.taken(body, name="Hostile", version="1", file="evil<script>.json")
                self.assertEqual(got["state"], "refused", got)
                self.assertTrue(got["result"]["why"]["en"] and got["result"]["why"]["ja"], got)
                self.assertNotIn("/proc/", json.dumps(got))
        self.assertEqual(self.client.get("software/products?q=Hostile").json["items"], [])
        circle = bom(["a", "b"], dependencies=[{"ref": "pkg:npm/a@1.0.0", "dependsOn": ["pkg:npm/b@1.0.0"]},
                                               {"ref": "pkg:npm/b@1.0.0", "dependsOn": ["pkg:npm/a@1.0.0", "gone"]}])
        got = self.taken(circle, name="Circle", version="1")
        self.assertEqual(got["state"], "done", got)
        self.assertGreater(got["result"]["problems"]["error"] + got["result"]["problems"]["warning"], 0)
        self.assertIn("gone", json.dumps(got["result"]["places"]))
        # what the command line reads is read here too: UTF-16, CoSWID in CBOR; a body that is nothing is said to be so
        wide = self.taken(b"\xff\xfe" + bom(["deep"]).decode().encode("utf-16-le"), name="U16", version="1")
        self.assertEqual(wide["state"], "done", wide)
        swid = self.taken(COSWID, name="Coswid", version="1")
        self.assertEqual(swid["state"], "done", swid)
        zeros = self.taken(b"\0" * 1000, name="Zeros")
        self.assertIn(zeros["state"], ("refused", "failed"))
        self.refused(self.send(b" " * 1000, name="Blanks"), 400, "invalid")
        self.refused(self.send(b"", name="Empty"), 400, "invalid")

    def test_d_how_big(self):
        big = bom(["b"], properties=[{"name": "x", "value": "y" * (6 * MIB)}])
        self.assertEqual(self.taken(big, name="Big", version="1")["state"], "done")
        self.refused(self.send(b" " * (48 * MIB + 1), name="Big", version="2"), 413, "limit")
        # other operations stay where they were
        self.refused(self.client.post("software/products", raw=b'{"name": "' + b"a" * (2 * MIB) + b'"}',
                                      headers={"Content-Type": "application/json"}), 413, "limit")

    def test_e_rights(self):
        self.refused(self.send(bom(["a"]), self.viewer, name="Shop"), 403, "perm")
        self.refused(self.send(bom(["a"]), self.world.client(), name="Shop"), 401, "auth")
        forged = self.client.request("POST", "software/uploads?kind=sbom&name=Shop", raw=bom(["a"]), headers={"X-Hinomi-CSRF": "0" * 64})
        self.assertEqual(forged.status, 403)
        self.refused(self.send(openvex("CVE-2026-7777", "fixed", "pkg:npm/deep@1.0.0"), self.operator, kind="vex", name="Shop"), 403, "perm")
        self.refused(self.send(bom(["a"])), 400, "invalid")  # of what product?
        self.refused(self.send(bom(["a"]), name="Shop", kind="picture"), 400, "invalid")
        self.refused(self.send(bom(["a"]), name="Shop", document="twice"), 400, "invalid")
        self.refused(self.send(openvex("CVE-1", "fixed", "pkg:npm/x"), kind="vex", name="Nobody's"), 404, "noent")
        self.refused(self.client.get("software/uploads/none"), 404, "noent")
        self.assertGreater(len(self.valid(self.viewer.get("software/uploads"), "uploads")["items"]), 3)
        # rights are those at the time of reading
        late = self.valid(self.send(bom(["late"]), self.operator, name="Shop", version="9"), "upload")
        account = [a for a in self.client.get("accounts").json["items"] if a["user"] == "operator"][0]
        self.assertEqual(self.client.patch("accounts/" + account["id"], {"disabled": True}).status, 200)
        self.read()
        got = self.client.get("software/uploads/" + late["id"]).json
        self.assertEqual(got["state"], "refused", got)

    def test_f_statements(self):
        shop = self.client.get("software/products?q=Shop").json["items"][0]
        got = self.taken(openvex("CVE-2026-7777", "not_affected", "pkg:npm/deep@1.0.0", justification="vulnerable_code_not_present"),
                         kind="vex", product=shop["id"], file="v.openvex.json")
        self.assertEqual((got["state"], got["result"]["statements"]), ("done", 1), got)
        said = self.client.get("software/statements?product=" + shop["id"]).json["items"][0]
        self.assertEqual((said["origin"], said["document"], said["trust"], said["put_by"]), ("openvex", "v.openvex.json", 50, "admin"))
        self.assertEqual(self.client.get("software/products/" + shop["id"]).json["vulnerabilities"], 0)
        again = self.taken(openvex("CVE-2026-7777", "not_affected", "pkg:npm/deep@1.0.0", justification="vulnerable_code_not_present"),
                           kind="vex", product=shop["id"], file="v.openvex.json")
        self.assertEqual((again["result"]["statements"], again["result"]["known"]), (0, 1), again)
        self.assertEqual(self.taken(b"{}", kind="vex", product=shop["id"])["state"], "refused")

    def test_f_statements_of_spdx3(self):
        """Hand-made, in UTF-8 and in UTF-16; of five statements each says something else, and one nothing that counts."""
        base, shop = "https://example.org/doc", self.client.get("software/products?q=Shop").json["items"][0]

        def element(kind, ref, **more):
            return {"type": kind, "spdxId": f"{base}#{ref}", "creationInfo": "_:c", **more}

        def says(kind, word, vuln, **more):
            return element(f"security_Vex{kind}VulnAssessmentRelationship", f"r{vuln}", relationshipType=word, to=[base + "#p"],
                           **{"from": f"{base}#v{vuln}", "security_publishedTime": "2026-11-02T00:00:00Z", **more})

        graph = [{"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-01T00:00:00Z", "createdBy": [base + "#a"]},
                 element("Organization", "a", name="Maker"),
                 element("SpdxDocument", "d", profileConformance=["core", "security"], rootElement=[base + "#p"]),
                 element("software_Package", "p", name="wide", software_packageVersion="1.0.0", software_packageUrl="pkg:npm/wide@1.0.0"),
                 says("NotAffected", "doesNotAffect", 1, security_justificationType="vulnerableCodeNotPresent"),
                 says("Fixed", "fixedIn", 2), says("Affected", "affects", 3, security_actionStatement="Upgrade to 2.0.0"),
                 says("UnderInvestigation", "underInvestigationFor", 4), says("NotAffected", "doesNotAffect", 5)]
        graph += [element("security_Vulnerability", f"v{i}", name=f"CVE-2026-880{i}") for i in range(1, 6)]
        text = json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph})
        got = self.taken(text.encode(), kind="vex", product=shop["id"], file="v.spdx3.json")
        self.assertEqual((got["state"], got["result"]["statements"], got["result"]["refused"]), ("done", 4, 1), got)
        said = {s["vuln"]: s for s in self.client.get("software/statements?product=" + shop["id"]).json["items"] if s["vuln"].startswith("CVE-2026-88")}
        self.assertEqual({k: s["status"] for k, s in said.items()},
                         {"CVE-2026-8801": "not_affected", "CVE-2026-8802": "fixed", "CVE-2026-8803": "affected", "CVE-2026-8804": "under_investigation"})
        first = said["CVE-2026-8801"]
        self.assertEqual((first["origin"], first["author"], first["purl"], first["justification"], first["at"][:10]),
                         ("spdx", "Maker", "pkg:npm/wide@1.0.0", "vulnerable_code_not_present", "2026-11-02"), first)
        self.assertEqual(said["CVE-2026-8803"]["statement"], "Upgrade to 2.0.0")
        again = self.taken(text.encode("utf-16"), kind="vex", product=shop["id"], file="v.spdx3.json")
        self.assertEqual((again["state"], again["result"]["statements"], again["result"]["known"]), ("done", 0, 4), again)

    def test_f_statements_of_ranges(self):
        """What is said of some versions is not taken for all."""
        shop, reason = self.client.get("software/products?q=Shop").json["items"][0], {"justification": "vulnerable_code_not_present"}
        got = self.taken(openvex("CVE-2026-8900", "not_affected", "pkg:generic/Shop?vers=vers:generic/%3E%3D3", **reason), kind="vex", product=shop["id"])
        self.assertEqual((got["result"]["statements"], got["result"]["refused"]), (1, 0), got)
        kept = self.client.get("software/statements?vuln=CVE-2026-8900").json["items"][0]
        self.assertEqual((kept["version"], kept["purl"]), ("", "pkg:generic/Shop?vers=vers:generic%2F%3E%3D3"))
        got = self.taken(openvex("CVE-2026-8900", "not_affected", "versions before 3 of Shop", **reason), kind="vex", product=shop["id"])
        self.assertEqual((got["result"]["statements"], got["result"]["refused"]), (0, 1), got)
        got = self.taken(openvex("CVE-2026-8900", "not_affected", "pkg:generic/Shop", **reason), kind="vex", product=shop["id"])
        self.assertEqual((got["result"]["statements"], got["result"]["refused"]), (1, 0), got)

    def test_g_statements_inside(self):
        inside = bom(["deep"], vulnerabilities=[{
            "id": "CVE-2026-7777", "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"},
            "affects": [{"ref": "pkg:npm/deep@1.0.0"}]}])
        got = self.taken(inside, name="Says", version="1", file="says.cdx.json")
        self.assertEqual((got["state"], got["result"]["statements"]["statements"]), ("done", 1), got)
        said = self.client.get("software/statements?product=" + got["result"]["product"]).json["items"][0]
        self.assertEqual((said["origin"], said["document"], said["trust"], said["version"]), ("cyclonedx", "says.cdx.json", 30, "1"))
        product = self.client.get("software/products/" + got["result"]["product"]).json
        self.assertEqual((product["vulnerabilities"], product["answered"]), (0, 1))
        # our own word counts more
        self.client.post("software/statements", {"vuln": "CVE-2026-7777", "status": "affected", "product": product["id"], "statement": "It is."})
        self.assertEqual(self.client.get("software/products/" + product["id"]).json["vulnerabilities"], 1)
        self.assertEqual(self.taken(inside, name="Says", version="1", file="says.cdx.json")["result"]["statements"]["known"], 1)
