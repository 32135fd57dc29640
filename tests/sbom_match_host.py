#!/usr/bin/env python3
"""hinomi sbom match without documents, over a host, a root or an image: sbom_match_host.py HINOMI

What it says must be what it says of the document that hinomi sbom generate writes of the same place."""
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

HINOMI = sys.argv[1]
TMP = tempfile.TemporaryDirectory()
HERE = pathlib.Path(TMP.name)
STATUS = """Package: libx
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1:2.0-1+b1
Source: x (1:2.0-1)
Description: a library

Package: liby
Status: install ok installed
Architecture: amd64
Version: 3.0
Description: another
"""
DEBIAN = "usr/lib/python3/dist-packages"
FILES = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
    "etc/debian_version": "12.5\n",
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/libx:amd64.list": f"/.\n/usr\n/{DEBIAN}/foo-1.0.dist-info/METADATA\n",
    f"{DEBIAN}/foo-1.0.dist-info/METADATA": "Name: foo\nVersion: 1.0\n\n",
    "usr/local/lib/python3.11/dist-packages/bar-2.0.dist-info/METADATA": "Name: Bar\nVersion: 2.0\n\n",
    "opt/lib/node_modules/a/package.json": '{"name": "a", "version": "1.0.0"}',
    "data/app/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {"node_modules/deep": {"version": "1.0.0"}}}),
}


def osv(ident, ecosystem, name, **more):
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}
    return {"schema_version": "1.6.0", "id": ident, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
LOW = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
RECORDS = [osv("D-1", "Debian:12", "x", severity=HIGH), osv("P-1", "PyPI", "foo", severity=HIGH), osv("P-2", "PyPI", "bar", severity=LOW),
           osv("N-1", "npm", "deep", severity=LOW, aliases=["CVE-2026-0001"])]


def run(*args, code, stdin=""):
    env = dict(os.environ, HINOMI_HOME=str(HERE / "home"), LANG="C.UTF-8", HINOMI_NOW="2026-11-22T05:00:00Z")
    p = subprocess.run([HINOMI, "sbom", *map(str, args)], input=stdin, capture_output=True, text=True, env=env, timeout=120)
    if p.returncode != code:
        raise AssertionError(f"{args}: exit {p.returncode}, not {code}: {p.stderr}")
    return p


def lay(folder, files):
    for name, text in files.items():
        path = HERE / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return HERE / folder


def image(path, files):
    """As docker save writes it: one layer."""
    layer = io.BytesIO()

    def put(t, name, data):
        i = tarfile.TarInfo(name)
        i.size = len(data)
        t.addfile(i, io.BytesIO(data))

    with tarfile.open(fileobj=layer, mode="w") as t:
        for name, text in files.items():
            put(t, name, text.encode())
    with tarfile.open(path, "w") as t:
        put(t, "0/layer.tar", layer.getvalue())
        put(t, "config.json", b"{}")
        put(t, "manifest.json", json.dumps([{"Config": "config.json", "Layers": ["0/layer.tar"]}]).encode())
    return path


FEED = lay("feed", {f"{r['id']}.json": json.dumps(r) for r in RECORDS})
ROOT = lay("root", FILES)
IMAGE = image(HERE / "app.tar", FILES)


def match(*args, code, feed=FEED):
    return run("match", "--feed", feed, *args, code=code)


def plain(answer):
    """Without the one thing that differs: what was looked at."""
    for rows in ("matches", "suppressed", "unknown"):
        for r in answer[rows]:
            r.pop("file")
    for d in answer["documents"]:
        for member in ("file", "family", "version"):
            d.pop(member)
    return answer


class MatchHost(unittest.TestCase):
    maxDiff = None

    def same(self, where, code):
        """In one command what two say, in every form; gives the answer."""
        document = HERE / "two-steps.cdx.json"
        run("generate", *where, "-o", document, code=0)
        one = json.loads(match("--json", *where, code=code).stdout)
        name = one["documents"][0]["file"]
        two = json.loads(match("--json", document, code=code).stdout)
        self.assertEqual(two["documents"][0]["file"], str(document))
        self.assertEqual({r["file"] for k in ("matches", "suppressed", "unknown") for r in one[k]}, {name})
        self.assertEqual((one["documents"][0]["family"], one["counts"]["documents"]), ("Hinomi", 1))
        self.assertEqual(plain(json.loads(json.dumps(one))), plain(two))
        for form in ("--jsonl", "--csv"):
            mine, theirs = (match(form, *args, code=code).stdout for args in (where, [document]))
            self.assertEqual(mine.replace(name, str(document)), theirs)
        text = match(*where, "--why", code=code).stdout
        self.assertEqual(text.replace(f"Looked at: {name}\n", ""), match(document, "--why", code=code).stdout)
        self.assertIn(f"Looked at: {name}\n", text)
        return one

    def test_root(self):
        answer = self.same(("--root", ROOT), 1)
        self.assertEqual(answer["documents"][0]["file"], f"root:{ROOT}")
        self.assertEqual({(m["advisory"], m["component"]) for m in answer["matches"]}, {("D-1", "libx"), ("P-2", "Bar")})
        self.assertEqual([(s["advisory"], s["suppressed"]["rule"]) for s in answer["suppressed"]], [("P-1", "owned-by-os-package")])
        self.assertIn("looked at with --deep only", "".join(answer["documents"][0]["not_seen"]))

    def test_deep(self):
        answer = self.same(("--root", ROOT, "--deep"), 1)
        self.assertIn("deep", {m["component"] for m in answer["matches"]})
        self.assertNotIn("--deep", "".join(answer["documents"][0]["not_seen"]))

    def test_image(self):
        answer = self.same(("--image", IMAGE), 1)
        self.assertEqual(answer["documents"][0]["file"], f"image:{IMAGE}")
        self.assertEqual({m["component"] for m in answer["matches"]}, {"libx", "Bar"})

    def test_this_host(self):
        """Nothing in the feed is installed anywhere; the host may change between two looks, so nothing else is compared."""
        feed = lay("nobody", {"Z-1.json": json.dumps(osv("Z-1", "PyPI", "no-such-package-anywhere"))})
        answer = json.loads(match("--json", code=0, feed=feed).stdout)
        self.assertTrue(answer["documents"][0]["file"].startswith("host:"), answer["documents"])
        self.assertGreater(answer["counts"]["components"], 10)
        self.assertEqual(answer["matches"], [])
        self.assertIn("Looked at: host:", match(code=0, feed=feed).stdout)

    def test_exit_codes(self):
        match("--root", ROOT, code=1)
        match("--root", ROOT, "--fail-on", "none", code=0)
        only = lay("low", {"P-2.json": json.dumps(RECORDS[2])})
        self.assertIn("P-2", match("--root", ROOT, code=0, feed=only).stdout)
        run("match", "--root", ROOT, code=3)  # no index

    def test_nothing_there_is_no_good_news(self):
        for where in ("empty", "other"):
            root = lay(where, {"home/x": "", **({"etc/os-release": "ID=debian\n"} if where == "other" else {})})
            done = match("--root", root, "--json", code=3)
            self.assertIn("No packages were found", done.stderr)
            self.assertTrue(any("database" in x for x in json.loads(done.stdout)["documents"][0]["not_seen"]))
            self.assertIn("not seen: packages: installed packages", match("--root", root, code=3).stdout)
            self.assertIn("通常の場所以外のフォルダー: --deep を指定したとき", match("--root", root, "--lang", "ja", code=3).stdout)
        done = match("--root", root, "--csv", code=3)
        self.assertIn("not seen: packages: installed packages", done.stderr)

    def test_what_cannot_be_opened(self):
        self.assertIn("cannot open the root", match("--root", HERE / "nowhere", code=3).stderr)
        (HERE / "file").write_text("x")
        match("--root", HERE / "file", code=3)
        match("--image", HERE / "nowhere.tar", code=3)
        self.assertIn("no image of a container", match("--image", HERE / "file", code=2).stderr)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_what_may_not_be_read_is_told(self):
        root = lay("closed", FILES)
        (root / "var/lib/dpkg/status").chmod(0)
        answer = json.loads(match("--root", root, "--json", code=1).stdout)  # foo is Debian's, which cannot be known now
        self.assertTrue(any("dpkg" in x for x in answer["documents"][0]["not_seen"]), answer["documents"])

    def test_damaged_is_told(self):
        root = lay("damaged", {**FILES, "opt/lib/node_modules/b/package.json": '{"name": '})
        answer = self.same(("--root", root), 1)
        self.assertTrue(any("/opt/lib/node_modules/b/package.json" in x for x in answer["documents"][0]["not_seen"]), answer["documents"])

    def test_documents_or_a_place(self):
        document = HERE / "named.cdx.json"
        run("generate", "--root", ROOT, "-o", document, code=0)
        for options in (("--root", ROOT), ("--image", IMAGE), ("--deep",), ("--platform", "linux/amd64")):
            done = match(document, *options, code=2)
            self.assertIn(f"{options[0]} says what to look at in place of documents", done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertIn("どちらか一方", match(document, "--deep", "--lang", "ja", code=2).stderr)

    def test_documents_alone(self):
        """Nothing is collected when there is a document; - is one."""
        bill = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "bar", "version": "1", "purl": "pkg:pypi/bar@1"}]}'
        document = lay("alone", {"bill.json": bill}) / "bill.json"
        for args, stdin, name in (([document], "", str(document)), (["-"], bill, "-")):
            answer = json.loads(run("match", "--feed", FEED, "--json", *args, code=0, stdin=stdin).stdout)
            self.assertEqual([(d["file"], d["components"]) for d in answer["documents"]], [(name, 1)])
        # a root that cannot be opened would be told if somebody looked there
        self.assertNotIn("cannot open", match(document, "--root", HERE / "nowhere", code=2).stderr)

    def test_statements(self):
        """VEX counts here as it does for documents, in XML too."""
        vex = lay("vex", {"vex.xml": '<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"><vulnerabilities><vulnerability>'
                          '<id>CVE-2026-0001</id><analysis><state>not_affected</state><justification>code_not_reachable</justification></analysis>'
                          '<affects><target><ref>pkg:npm/deep@1.0.0</ref></target></affects></vulnerability></vulnerabilities></bom>'}) / "vex.xml"
        answer = json.loads(match("--root", ROOT, "--deep", "--vex", vex, "--json", code=1).stdout)
        self.assertNotIn("deep", {m["component"] for m in answer["matches"]})
        self.assertIn("deep", {s["component"] for s in answer["suppressed"]})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
