#!/usr/bin/env python3
"""hinomi sbom convert, diff and quality from outside, on documents of our own making.

usage: test_procurement.py HINOMI"""
import csv
import hashlib
import io
import json
import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import sys
import tempfile
import termios

hinomi = sys.argv[1]
failures = []
folder = pathlib.Path(tempfile.mkdtemp())


def check(name, ok, detail=""):
    print(("ok " if ok else "not ok ") + name + (f": {detail}" if detail and not ok else ""))
    if not ok:
        failures.append(name)


def run(*args, stdin=None, **more):
    env = dict(os.environ, HINOMI_NOW="2026-11-22T05:00:00Z", HINOMI_HOME=str(folder / "home"), **more)
    r = subprocess.run([hinomi, "sbom", *map(str, args)], env=env, capture_output=True, timeout=100, input=stdin)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def on_terminal(columns, *args):
    """What a terminal of so many columns shows, as lines."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.execv(hinomi, [hinomi, "sbom", *map(str, args)])
    out = b""
    try:
        while piece := os.read(fd, 65536):
            out += piece
    except OSError:  # how Linux tells the end
        pass
    os.waitpid(pid, 0)
    os.close(fd)
    return out.decode().replace("\r", "").split("\n")


def write(name, value):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


component = {"type": "library", "bom-ref": "b", "name": "b", "version": "2.0", "purl": "pkg:npm/b@2.0",
             "supplier": {"name": "ACME", "url": ["https://acme.example", "https://acme.example/lost"]}, "licenses": [{"expression": "MIT OR GPL-3.0-only"}],
             "hashes": [{"alg": "SHA-256", "content": "00" * 32}]}
vendor = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
          "version": 1, "metadata": {"timestamp": "2026-11-01T00:00:00Z", "authors": [{"name": "A"}],
                                     "component": {"type": "application", "bom-ref": "a", "name": "a", "version": "1"}},
          "components": [component], "dependencies": [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": []}]}
own = json.loads(json.dumps(vendor))
own["components"][0].update(version="1.9", purl="pkg:npm/b@1.9", hashes=[])
own["components"].append({"type": "library", "bom-ref": "c", "name": "c<script>", "version": "1", "purl": "pkg:npm/c@1"})
a, b = write("vendor.cdx.json", vendor), write("own.cdx.json", own)

# convert
rc, out, err = run("convert", a, "--to", "spdx-2.3", "--losses", folder / "losses.json")
spdx = json.loads(out)
check("spdx-2.3", rc == 0 and spdx["spdxVersion"] == "SPDX-2.3" and len(spdx["packages"]) == 2)
losses = json.loads((folder / "losses.json").read_text())
check("losses are counted", losses["lost"] == len(losses["losses"]) and
      [k["what"] for k in losses["by_kind"]] == ["supplier.contact"], losses)
check("strict", run("convert", a, "--to", "spdx-2.3", "--strict")[0] == 1)
rc, back, _ = run("convert", "-", "--to", "cyclonedx-1.6", stdin=out.encode())
check("there and back", rc == 0 and {c["bom-ref"] for c in json.loads(back)["components"]} == {"b"}, back)
for form in ("spdx-2.3-tv", "spdx-3.0", "cyclonedx-1.5-xml"):
    rc, out, err = run("convert", a, "--to", form)
    check(form, rc == 0 and "pkg:npm/b@2.0" in out, err)
check("same bytes again", run("convert", a, "--to", "spdx-3.0")[1] == run("convert", a, "--to", "spdx-3.0")[1])
check("no document", run("convert", write("x", "hello"), "--to", "spdx-3.0")[0] == 3)
check("no format", run("convert", a)[0] == 2)

# diff
rc, out, _ = run("diff", a, b, "--json")
d = json.loads(out)
check("diff", rc == 1 and d["count"]["downgraded"] == 1 and d["count"]["added"] == 1, out)
check("diff with itself", run("diff", a, a)[0] == 0)
check("diff in the scan's words", "missing in the vendor's" in run("diff", "--scan", a, b, "--lang", "en")[1])
rows = list(csv.reader(io.StringIO(run("diff", a, b, "--csv", "--only", "added")[1])))
check("diff as CSV", len(rows) == 2 and rows[1][:2] == ["added", "npm/c"], rows)
check("diff of one", run("diff", a)[0] == 2)

# tables of long licences: folded on a terminal, whole elsewhere
long = [" AND ".join(["MIT", "BSD-3-Clause", "GPL-2.0-or-later", "LGPL-2.1-or-later", "Apache-2.0", "ISC", "Zlib", last]) for last in ("curl", "OpenSSL")]
x, y = (write(f"long{i}.json", dict(vendor, components=[dict(component, name="a-rather-long-name-of-a-library", licenses=[{"expression": e}],
                                                            hashes=[{"alg": "SHA-512", "content": "78"[i] * 128}])])) for i, e in enumerate(long))
for columns in (60, 80, 130):
    lines = on_terminal(columns, "diff", "--scan", x, y, "--lang", "en")
    shown = " ".join(" ".join(lines).split())
    check(f"diff on {columns} columns", max(map(len, lines)) <= columns and "OpenSSL" in shown and "curl" in shown and
          sum(line.count("7") for line in lines) == 128 and any("licence" in line for line in lines), "\n".join(lines))
out = run("diff", "--scan", x, y, "--lang", "en")[1]
check("diff elsewhere has whole cells", len(out.splitlines()) == 6 and "8" * 128 in out, out)

# quality
for profile in ("ntia-2021", "cisa-2025", "bsi-tr-03183-2", "meti-2.0"):
    for lang in ("en", "ja"):
        rc, out, err = run("quality", a, "--profile", profile, "--json", "--lang", lang)
        p = json.loads(out)["documents"][0]["profiles"][0]
        check(f"profile {profile} {lang}", rc == 1 and p["profile"] == profile and len(p["elements"]) > 10, err)
rc, out, _ = run("quality", a, "--json")
elements = {e["element"]: e for e in json.loads(out)["documents"][0]["profiles"][0]["elements"]}
check("an element that holds", elements["author"]["verdict"] == "pass")
check("an element with its place", elements["supplier"]["verdict"] == "fail" and
      elements["supplier"]["places"][0]["place"] == "/metadata/component", elements["supplier"])
check("a person must answer", elements["frequency"]["verdict"] == "open" and elements["frequency"]["needs_answer"])
answers = write("answers.yaml", "answers:\n  frequency: yes\n  access: {answer: no, by: Buyer, note: not yet}\n")
rc, out, _ = run("quality", a, "--json", "--answers", answers)
elements = {e["element"]: e for e in json.loads(out)["documents"][0]["profiles"][0]["elements"]}
check("answers count", elements["frequency"]["verdict"] == "pass" and elements["access"]["verdict"] == "fail")
check("a mistyped key is refused", run("quality", a, "--answers", write("bad.yaml", "answer:\n  x: yes\n"))[0] == 2)
mine = write("mine.yaml", "id: mine\ntitle: Mine\nelements:\n"
                          "  - {id: v, check: component.version, need: required, title: Version}\n"
                          "  - {id: h, check: component.hash, need: recommended, least: 50, title: Hash}\n")
rc, out, err = run("quality", a, "--profile-file", mine, "--json")
check("a profile of one's own passes", rc == 0 and json.loads(out)["verdict"] == "pass", out + err)
allow = write("allow.yaml", "allow: [MIT]\ndeny: [GPL-*]\nunsaid: review\n")
rc, out, _ = run("quality", a, "--profile-file", mine, "--licences", allow, "--json")
licences = json.loads(out)["documents"][0]["licences"]
check("of a choice the best counts", licences["allow"] == 1 and licences["deny"] == 0 and licences["review"] == 1, licences)
deny = write("deny.yaml", "deny: [MIT, GPL-*]\n")
rc, out, _ = run("quality", a, "--profile-file", mine, "--licences", deny, "--json")
check("a denied licence fails the gate", rc == 1 and json.loads(out)["verdict"] == "fail")
for lang in ("en", "ja"):
    rc, _, err = run("quality", a, b, "--profile", "meti-2.0", "--report", folder / "r.html", "--lang", lang)
    page = (folder / "r.html").read_text()
    check(f"report {lang}", f'lang="{lang}"' in page and "@media print" in page and "c<script>" not in page and
          "c&lt;script&gt;" in page and page.endswith("</html>\n"), err)


# BSI TR-03183-2, element by element: one document that says everything, and what changes when one thing goes
full_part = {"type": "library", "bom-ref": "b", "name": "b", "version": "2.0", "purl": "pkg:npm/b@2.0",
             "manufacturer": {"name": "ACME", "url": ["https://acme.example"]},
             "licenses": [{"license": {"id": "MIT", "acknowledgement": "concluded"}},
                          {"license": {"id": "ISC", "acknowledgement": "declared"}}],
             "externalReferences": [
                 {"type": "distribution", "url": "https://acme.example/b.tgz",
                  "hashes": [{"alg": "SHA-512", "content": "ab" * 64}]},
                 {"type": "source-distribution", "url": "https://acme.example/b-src.tgz",
                  "hashes": [{"alg": "SHA-512", "content": "cd" * 64}]},
                 {"type": "rfc-9116", "url": "https://acme.example/.well-known/security.txt"}],
             "properties": [{"name": "bsi:component:filename", "value": "b.tgz"},
                            {"name": "bsi:component:executable", "value": "non-executable"},
                            {"name": "bsi:component:archive", "value": "archive"},
                            {"name": "bsi:component:structured", "value": "structured"},
                            {"name": "bsi:component:effectiveLicence", "value": "MIT"}]}
full = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": vendor["serialNumber"], "version": 1,
        "metadata": {"timestamp": "2026-11-01T00:00:00Z", "authors": [{"name": "A", "email": "a@acme.example"}],
                     "component": dict(full_part, **{"type": "application", "bom-ref": "a", "name": "a",
                                                     "purl": "pkg:npm/a@2.0"})},
        "components": [full_part], "dependencies": [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b"}],
        "compositions": [{"aggregate": "complete", "assemblies": ["a", "b"], "dependencies": ["a", "b"]}]}


def bsi(change=lambda d: None):
    document = json.loads(json.dumps(full))
    change(document)
    rc, out, err = run("quality", write("bsi.cdx.json", document), "--profile", "bsi-tr-03183-2", "--json")
    profile = json.loads(out)["documents"][0]["profiles"][0]
    return rc, profile["verdict"], {e["element"]: e for e in profile["elements"]}


rc, verdict, elements = bsi()
check("BSI: a document that says everything passes", rc == 0 and verdict == "pass" and
      {e["verdict"] for e in elements.values()} == {"pass"}, elements)
part = lambda d: d["components"][0]
reference = lambda d, kind: next(r for r in part(d)["externalReferences"] if r["type"] == kind)
prop = lambda d, name: next(p for p in part(d)["properties"] if p["name"] == "bsi:component:" + name)
for element, verdict, state, place, change in (
        ("format", "fail", "invalid", "/specVersion", lambda d: d.update(specVersion="1.5")),
        ("sbom-creator", "fail", "invalid", "/metadata/authors", lambda d: d["metadata"]["authors"][0].pop("email")),
        ("sbom-creator", "fail", "missing", "/metadata/authors", lambda d: d["metadata"].pop("authors")),
        ("timestamp", "fail", "missing", "/metadata/timestamp", lambda d: d["metadata"].pop("timestamp")),
        ("timestamp", "fail", "invalid", "/metadata/timestamp", lambda d: d["metadata"].update(timestamp="today")),
        ("component-creator", "fail", "invalid", "/components/0", lambda d: part(d)["manufacturer"].pop("url")),
        ("version", "fail", "missing", "/components/0", lambda d: part(d).pop("version")),
        ("filename", "fail", "missing", "/components/0", lambda d: part(d)["properties"].pop(0)),
        ("dependencies", "fail", "missing", "/components/0", lambda d: d["dependencies"].pop()),
        ("completeness", "fail", "missing", "/metadata/component", lambda d: d.pop("compositions")),
        ("licence", "fail", "missing", "/components/0", lambda d: part(d).pop("licenses")),
        ("licence", "fail", "invalid", "/components/0",
         lambda d: part(d).update(licenses=[{"license": {"name": "Our own"}}])),
        ("hash", "fail", "missing", "/components/0", lambda d: reference(d, "distribution").pop("hashes")),
        ("hash", "fail", "missing", "/components/0",
         lambda d: reference(d, "distribution").update(hashes=[{"alg": "SHA-256", "content": "ab" * 32}])),
        ("hash", "fail", "invalid", "/components/0",
         lambda d: reference(d, "distribution")["hashes"][0].update(content="ab" * 32)),
        ("executable", "fail", "missing", "/components/0", lambda d: part(d)["properties"].remove(prop(d, "executable"))),
        ("archive", "fail", "invalid", "/components/0", lambda d: prop(d, "archive").update(value="yes")),
        ("structured", "fail", "invalid", "/components/0", lambda d: prop(d, "structured").update(value="archive")),
        ("sbom-uri", "warn", "missing", "/serialNumber", lambda d: d.pop("serialNumber")),
        ("source-uri", "warn", "missing", "/components/0",
         lambda d: part(d)["externalReferences"].remove(reference(d, "source-distribution"))),
        ("deployable-uri", "warn", "missing", "/components/0",
         lambda d: part(d)["externalReferences"].remove(reference(d, "distribution"))),
        ("identifiers", "warn", "invalid", "/components/0", lambda d: part(d).update(purl="npm/b")),
        ("original-licence", "warn", "missing", "/components/0", lambda d: part(d)["licenses"].pop()),
        ("effective-licence", "absent", "missing", "/components/0", lambda d: part(d)["properties"].pop()),
        ("source-hash", "absent", "missing", "/components/0",
         lambda d: reference(d, "source-distribution").pop("hashes")),
        ("security-txt", "absent", "missing", "/components/0", lambda d: part(d)["externalReferences"].pop()),
        ("no-vulnerabilities", "fail", "invalid", "/vulnerabilities",
         lambda d: d.update(vulnerabilities=[{"id": "CVE-2026-1"}])),
        ("coverage", "fail", "invalid", "/dependencies", lambda d: d["dependencies"].pop(0))):
    rc, whole, elements = bsi(change)
    e = elements[element]
    ok = e["verdict"] == verdict and e["places"][0]["place"] == place and e["places"][0]["state"] == state
    check(f"BSI: {element} {state}", ok and (state == "invalid") == ("found" in e["places"][0]), e)
    if verdict == "absent":
        check(f"BSI: without {element} it still passes", rc == 0 and whole == "pass", whole)
rc, out, _ = run("quality", a, "--profile", "bsi-tr-03183-2", "--json")
found = {e["element"]: e["places"][0].get("found") for e in json.loads(out)["documents"][0]["profiles"][0]["elements"]
         if e.get("places")}
check("what stands there is told", found["sbom-creator"] == "A", found)

# SPDX 3 has the same by other means: the file that is delivered, and what the relation says of completeness
spdx3 = {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
    {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-01T00:00:00Z",
     "createdBy": ["https://x.example/acme"]},
    {"type": "Organization", "spdxId": "https://x.example/acme", "creationInfo": "_:c", "name": "ACME",
     "externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "email",
                             "identifier": "sbom@acme.example"}]},
    {"type": "SpdxDocument", "spdxId": "https://x.example/doc", "creationInfo": "_:c",
     "rootElement": ["https://x.example/a"], "element": ["https://x.example/a"]},
    {"type": "software_Package", "spdxId": "https://x.example/a", "creationInfo": "_:c", "name": "a",
     "software_packageVersion": "1", "originatedBy": ["https://x.example/acme"]},
    {"type": "software_File", "spdxId": "https://x.example/f", "creationInfo": "_:c", "name": "a.tgz",
     "software_additionalPurpose": ["archive"],
     "verifiedUsing": [{"type": "Hash", "algorithm": "sha512", "hashValue": "ab" * 64}]},
    {"type": "Relationship", "spdxId": "https://x.example/r1", "creationInfo": "_:c", "from": "https://x.example/a",
     "relationshipType": "hasDistributionArtifact", "to": ["https://x.example/f"]},
    {"type": "Relationship", "spdxId": "https://x.example/r2", "creationInfo": "_:c", "from": "https://x.example/a",
     "relationshipType": "dependsOn", "to": ["https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"],
     "completeness": "noAssertion"}]}
rc, out, err = run("quality", write("a.spdx3.json", spdx3), "--profile", "bsi-tr-03183-2", "--json")
elements = {e["element"]: e for e in json.loads(out)["documents"][0]["profiles"][0]["elements"]}
for element in ("format", "sbom-creator", "component-creator", "filename", "hash", "executable", "archive", "structured",
                "dependencies", "completeness"):
    check(f"BSI in SPDX 3: {element}", elements[element]["verdict"] == "pass", elements[element])
spdx3["@graph"][5]["relationshipType"] = "contains"
rc, out, err = run("quality", write("a.spdx3.json", spdx3), "--profile", "bsi-tr-03183-2", "--json")
elements = {e["element"]: e["verdict"] for e in json.loads(out)["documents"][0]["profiles"][0]["elements"]}
check("BSI in SPDX 3: a file that is only contained is not the one delivered",
      {elements[e] for e in ("filename", "hash", "archive")} == {"fail"}, elements)

# the report as its reader needs it
rc, _, err = run("quality", a, b, "--licences", allow, "--answers", answers, "--report", folder / "r.html", "--lang", "en")
page = (folder / "r.html").read_text()
check("report: at a glance first", page.index("Verdicts at a glance") < page.index('id="d1"') < page.index('id="d2"'))
check("report: which file was judged", hashlib.sha256(a.read_bytes()).hexdigest() in page and "<td>a 1</td>" in page)
check("report: places of the document", "<code>/metadata/authors</code>" not in page and
      "<code>/metadata/component</code>" in page)
check("report: who answered", "No. not yet <small>Buyer" in page and "<code>mistakes</code>" in page)
run("quality", a, "--report", folder / "dated.html", "--lang", "en", SOURCE_DATE_EPOCH="1000000000")
check("report: SOURCE_DATE_EPOCH is its time", "2001-09-09 01:46" in (folder / "dated.html").read_text() and "2026-11-22 05:00" in page)
check("report: licences are grouped", "<td>nothing said</td>" in page)
rows = list(csv.reader(io.StringIO(run("quality", a, "--csv")[1])))
check("quality as CSV", len({len(r) for r in rows}) == 1 and len(rows) == 17, rows)

# what is no bill of materials, or only the beginning of one, is no success of any verb
statement = write("slsa.json", {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "x", "digest": {"sha256": "00" * 32}}],
                                "predicateType": "https://slsa.dev/provenance/v1", "predicate": {"buildDefinition": {}}})
tag = '<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd" name="A" tagId="t"><Entity name="E" role="tagCreator"'
cut = {"a statement of provenance": statement, "a damaged SWID tag": write("cut.swidtag", tag),
       "a damaged CycloneDX document": write("cut.json", json.dumps(vendor)[:-40])}
for what, path in cut.items():
    for verb in (["show", path], ["check", path], ["quality", path], ["convert", path, "--to", "cyclonedx-1.6"], ["diff", path, a], ["diff", a, path]):
        rc, out, err = run(*verb, "--lang", "en")
        check(f"{verb[0]} of {what}", rc == 3, f"{rc} {err}")
        if path == statement:
            check(f"{verb[0]} of {what} says what it is", "https://slsa.dev/provenance/v1" in out + err, out + err)

print(f"{len(failures)} failed")
sys.exit(bool(failures))
