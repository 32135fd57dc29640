#!/usr/bin/env python3
"""hinomi sbom convert, diff and quality from outside, on documents of our own making.

usage: test_procurement.py HINOMI"""
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

hinomi = sys.argv[1]
failures = []
folder = pathlib.Path(tempfile.mkdtemp())


def check(name, ok, detail=""):
    print(("ok " if ok else "not ok ") + name + (f": {detail}" if detail and not ok else ""))
    if not ok:
        failures.append(name)


def run(*args, stdin=None):
    env = dict(os.environ, HINOMI_NOW="2026-11-22T05:00:00Z", HINOMI_HOME=str(folder / "home"))
    r = subprocess.run([hinomi, "sbom", *map(str, args)], env=env, capture_output=True, timeout=100, input=stdin)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def write(name, value):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


component = {"type": "library", "bom-ref": "b", "name": "b", "version": "2.0", "purl": "pkg:npm/b@2.0",
             "supplier": {"name": "ACME", "url": ["https://acme.example"]}, "licenses": [{"expression": "MIT OR GPL-3.0-only"}],
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
rows = list(csv.reader(io.StringIO(run("quality", a, "--csv")[1])))
check("quality as CSV", len({len(r) for r in rows}) == 1 and len(rows) == 14, rows)

print(f"{len(failures)} failed")
sys.exit(bool(failures))
