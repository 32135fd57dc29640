#!/usr/bin/env python3
"""hinomi sbom generate from outside: a host against another scanner's view of it, roots and images against each other.

usage: test_generate.py HINOMI SOURCE_ROOT

The host is HINOMI_TEST_DATA/sbom/dev/host: its dpkg status, and Trivy's CycloneDX of the same host. Package sets, versions,
source names and source versions must agree; what does not is named in DIFFERENCES with its reason, and must stay so."""
import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

hinomi, source = sys.argv[1:3]
data = pathlib.Path(os.environ.get("HINOMI_TEST_DATA", os.path.join(source, "../shared/data"))) / "sbom/dev/host"
failures = []


def check(name, ok, detail=""):
    print(("ok " if ok else "not ok ") + name + (f": {detail}" if detail and not ok else ""))
    if not ok:
        failures.append(name)


def run(*args, expect=0):
    env = dict(os.environ, HINOMI_NOW="2026-11-22T05:00:00Z")
    r = subprocess.run([hinomi, *args], env=env, capture_output=True, timeout=100)
    if r.returncode != expect:
        sys.exit(f"hinomi {' '.join(args)}: {r.returncode} {r.stderr.decode()}")
    return r.stdout


def generate(*args):
    return json.loads(run("sbom", "generate", *args))


def walk(components, parent=None):
    for c in components:
        yield c, parent
        yield from walk(c.get("components", []), c)


def props(c):
    return {p["name"]: p["value"] for p in c.get("properties", [])}


# ---------------------------------------------------------------- a host, beside another scanner

# The status file says "install ok installed" of 934 packages. Three are not in the other document: python3-jsonschema and
# two that it needs, so they came to the host between the two records. Nothing of any other package differs.
DIFFERENCES = {("python3-jsonschema", "all"), ("python3-attr", "all"), ("python3-pyrsistent", "amd64")}


def theirs():
    out = {}
    doc = json.loads((data / "trivy-host.cdx.json").read_text())
    for c in doc["components"]:
        if not c.get("purl", "").startswith("pkg:deb/"):
            continue
        p = props(c)
        version = c["version"]  # without the epoch, which is in the purl
        if "epoch=" in c["purl"]:
            version = c["purl"].split("epoch=")[1].split("&")[0] + ":" + version
        source = p["aquasecurity:trivy:SrcVersion"]
        if "aquasecurity:trivy:SrcRelease" in p:
            source += "-" + p["aquasecurity:trivy:SrcRelease"]
        if "aquasecurity:trivy:SrcEpoch" in p:
            source = p["aquasecurity:trivy:SrcEpoch"] + ":" + source
        arch = c["purl"].split("arch=")[1].split("&")[0]
        out[c["name"], arch] = (version, p["aquasecurity:trivy:SrcName"], source)
    return out


def host_test():
    if not (data / "dpkg-status").exists():
        if os.environ.get("CI") == "true":
            sys.exit("HINOMI_TEST_DATA is missing")
        print("skip: no HINOMI_TEST_DATA")
        return
    with tempfile.TemporaryDirectory() as d:
        root = pathlib.Path(d)
        (root / "var/lib/dpkg").mkdir(parents=True)
        (root / "etc").mkdir()
        (root / "var/lib/dpkg/status").write_bytes((data / "dpkg-status").read_bytes())
        (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
        (root / "etc/debian_version").write_text("12.11\n")
        doc = generate("--root", d)
    ours = {}
    for c, _ in walk(doc["components"]):
        if c.get("purl", "").startswith("pkg:deb/"):
            p = props(c)
            ours[c["name"], p["hinomi:package:arch"]] = (c["version"], p["hinomi:package:source"], p["hinomi:package:source-version"])
    want = theirs()
    differ = {k: (ours.get(k), want.get(k)) for k in ours.keys() | want.keys() if ours.get(k) != want.get(k)}
    unexplained = {k: v for k, v in differ.items() if k not in DIFFERENCES}
    check(f"host: {len(want)} packages as another scanner has them", not unexplained, str(list(unexplained.items())[:5]))
    check("host: explained differences are still there", all(k in ours and k not in want for k in DIFFERENCES))
    os_component = [c for c, _ in walk(doc["components"]) if c["type"] == "operating-system"]
    check("host: operating system", [(c["name"], c["version"]) for c in os_component] == [("debian", "12.11")])
    suppliers = sum(1 for c, _ in walk(doc["components"]) if c.get("supplier", {}).get("name"))
    check("host: every package has a supplier", suppliers == len(ours), f"{suppliers} of {len(ours)}")


# ---------------------------------------------------------------- a root and images of it

STATUS = """Package: libx
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1:2.0-1+b1
Source: x (1:2.0-1)
Depends: liby (>= 1) | libz, virtual
Description: a library

Package: liby
Status: install ok installed
Maintainer: B <https://b.example.org/>
Architecture: amd64
Version: 3.0
Provides: virtual (= 1)
Depends: nowhere
Description: another

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ or Artistic, and Expat

Files: x
License: public-domain
 some text
"""
METADATA = "usr/lib/python3/dist-packages/foo-1.0.dist-info/METADATA"
FILES = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
    "etc/debian_version": "12.5\n",
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/libx:amd64.list": f"/.\n/usr\n/{METADATA}\n",
    "usr/share/doc/libx/copyright": COPYRIGHT,
    METADATA: "Name: foo\nVersion: 1.0\nRequires-Dist: bar\n\n",
    "usr/lib/python3/dist-packages/bar-2.0.dist-info/METADATA": "Name: Bar\nVersion: 2.0\n\n",
    "opt/app/node_modules/a/package.json": '{"name": "a", "version": "1.0.0"}',
}


def write_root(root, files):
    for name, text in files.items():
        p = root / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(text)


LOCKS = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "srv/v3/package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {
        "": {"name": "app", "dependencies": {"a": "^1", "b": "^1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"c": "^1", "alias": "npm:@s/real@2"}},
        "node_modules/alias": {"name": "@s/real", "version": "2.2.0"},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"c": "^2"}, "optionalDependencies": {"d": "1", "e": "1"}},
        "node_modules/b/node_modules/c": {"version": "2.0.0", "dependencies": {"a": "^1"}},
        "node_modules/c": {"version": "1.5.0"}, "node_modules/d": {"version": "1.1.0"}}}),
    "srv/v1/package-lock.json": json.dumps({"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.1", "requires": {"c": "^1"}}, "c": {"version": "1.5.1"},
        "b": {"version": "1.0.1", "requires": {"c": "^2"}, "dependencies": {
            "c": {"version": "2.0.1", "requires": {"a": "^1"}}}}}}),
    "srv/pnpm/pnpm-lock.yaml": "lockfileVersion: '9.0'\npackages:\n  c@1.5.2: {}\n  c@2.0.2: {}\n  b@1.0.2: {}\n"
                               "snapshots:\n  b@1.0.2:\n    dependencies:\n      c: 2.0.2(peer@1.0.0)\n",
}


def check_locks(root):
    """Which of several versions of one name is meant is where Node.js would find it."""
    write_root(root, LOCKS)
    doc = generate("--root", str(root), "--deep")
    names = {c["bom-ref"]: f'{c.get("group", "")}{c["name"]}@{c["version"]}' for c, _ in walk(doc["components"]) if "version" in c}
    deps = {names.get(x["ref"], "top"): sorted(names[r] for r in x.get("dependsOn", []) if r in names) for x in doc["dependencies"]}
    want = {"a@1.0.0": ["@sreal@2.2.0", "c@1.5.0"], "b@1.0.0": ["c@2.0.0", "d@1.1.0"], "c@2.0.0": ["a@1.0.0"], "a@1.0.1": ["c@1.5.1"],
            "b@1.0.1": ["c@2.0.1"], "c@2.0.1": ["a@1.0.1"], "b@1.0.2": ["c@2.0.2"]}
    check("locks: the nearest copy of a name is what is needed", {k: deps.get(k) for k in want} == want, str(deps))


def layer(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for name, data, kind, link in entries:
            i = tarfile.TarInfo(name)
            i.type, i.linkname, i.mode = kind, link, 0o755 if kind == tarfile.DIRTYPE else 0o644
            i.size = len(data) if data else 0
            t.addfile(i, io.BytesIO(data) if data else None)
    return out.getvalue()


def entries(files):
    return [(n, d.encode(), tarfile.REGTYPE, "") for n, d in files.items()]


LOWER = {**FILES, "opt/gone/node_modules/g/package.json": '{"name": "g", "version": "1"}',
         "opt/opaque/node_modules/o/package.json": '{"name": "o", "version": "1"}', "etc/debian_version": "0.0\n"}
LAYERS = [
    layer([("./", None, tarfile.DIRTYPE, ""), ("opt/up", None, tarfile.SYMTYPE, "../../../../../../etc")] + entries(LOWER)),
    layer([("opt/.wh.gone", None, tarfile.REGTYPE, ""), ("opt/opaque/.wh..wh..opq", None, tarfile.REGTYPE, ""),
           ("etc/debian_version", b"12.5\n", tarfile.REGTYPE, "")]),
]


def sha(b):
    return hashlib.sha256(b).hexdigest()


CONFIG = json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(x) for x in LAYERS]}}).encode()


def oci(folder, pack):
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(b):
        (blobs / sha(b)).write_bytes(b)
        return {"digest": "sha256:" + sha(b), "size": len(b)}

    def manifest(layers, config):
        return put(json.dumps({"schemaVersion": 2, "config": put(config), "layers": [put(pack(x)) for x in layers]}).encode())

    other = manifest([layer(entries({"etc/os-release": "ID=other\n"}))], b"{}") | {"platform": {"os": "linux", "architecture": "s390x"}}
    note = put(b'{"layers": []}') | {"platform": {"os": "unknown", "architecture": "unknown"}}
    mine = manifest(LAYERS, CONFIG) | {"platform": {"os": "linux", "architecture": os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64")}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [note, other, mine]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def docker(path):
    with tarfile.open(path, "w") as t:
        def put(name, b):
            i = tarfile.TarInfo(name)
            i.size = len(b)
            t.addfile(i, io.BytesIO(b))

        for n, x in enumerate(LAYERS):
            put(f"{n}/layer.tar", x)
        put("config.json", CONFIG)
        put("manifest.json", json.dumps([{"Config": "config.json", "Layers": ["0/layer.tar", "1/layer.tar"]}]).encode())


def parts(doc):
    return json.dumps({"components": doc["components"], "dependencies": [d for d in doc["dependencies"] if not d["ref"].startswith("subject")]}, sort_keys=True)


def root_tests(d):
    root = d / "root"
    write_root(root, FILES)
    doc = generate("--root", str(root), "--name", "same")
    by = {c["name"]: (c, p) for c, p in walk(doc["components"])}
    check("root: installed packages only", {"libx", "liby", "foo", "Bar", "a"} <= by.keys() and "gone" not in by, str(list(by)))
    check("root: a library that Debian ships is Debian's", by["foo"][1] and by["foo"][1]["name"] == "libx")
    check("root: one that nobody ships is nobody's", by["Bar"][1] is None)
    check("root: purl of a package", by["libx"][0]["purl"] == "pkg:deb/debian/libx@1:2.0-1%2Bb1?arch=amd64&distro=debian-12&upstream=x%401:2.0-1",
          by["libx"][0]["purl"])
    check("root: licences", by["libx"][0]["licenses"][0]["expression"] ==
          "(Artistic-1.0-Perl OR GPL-2.0-or-later) AND LicenseRef-Debian-public-domain AND MIT", str(by["libx"][0]["licenses"]))
    deps = {x["ref"]: x.get("dependsOn", []) for x in doc["dependencies"]}
    check("root: dependencies, alternatives and what is provided", deps[by["libx"][0]["bom-ref"]] == [by["liby"][0]["bom-ref"]])
    check("root: dependencies of languages by normalised name", deps[by["foo"][0]["bom-ref"]] == [by["Bar"][0]["bom-ref"]])
    told = {a: c["aggregate"] for c in doc["compositions"] for a in c.get("dependencies", [])}
    check("root: what is needed and not there is not called complete", told[by["liby"][0]["bom-ref"]] == "unknown" and told[by["libx"][0]["bom-ref"]] == "complete")
    check_locks(d / "locks")
    check("root: a quick look is not called complete", doc["compositions"][0]["aggregate"] == "incomplete")
    deep = generate("--root", str(root), "--name", "same", "--deep")
    check("root: a deep one is", deep["compositions"][0]["aggregate"] == "complete", str(deep["compositions"][0]))
    again = run("sbom", "generate", "--root", str(root), "--name", "same")
    check("root: the same bytes again", again == run("sbom", "generate", "--root", str(root), "--name", "same"))
    check("root: a maintainer's page is no mail address", by["liby"][0]["supplier"] == {"name": "B", "url": ["https://b.example.org/"]},
          str(by["liby"][0]["supplier"]))
    valid = d / "valid.json"
    for author in ("A <a@example.org>", "A <https://a.example.org/>", "A <nowhere>"):
        valid.write_bytes(run("sbom", "generate", "--root", str(root), "--author", author))
        run("sbom", "check", "--schema-only", str(valid))
    tools = json.loads(run("sbom", "generate", "--root", str(root), "--format", "spdx-2.3"))["creationInfo"]["creators"]
    check("root: SPDX 2.3 names the tool once", len(tools) == 1, str(tools))
    graph = json.loads(run("sbom", "generate", "--root", str(root), "--format", "spdx-3.0"))["@graph"]
    tools = next(e["createdUsing"] for e in graph if e["type"] == "CreationInfo")
    check("root: SPDX 3 names the tool once", len(tools) == 1, str(tools))
    kinds = next(e.get("software_sbomType") for e in graph if e["type"] == "software_Sbom")
    check("root: SPDX 3 says how it was made", kinds == ["analyzed"], str(kinds))
    # a page given as an address goes through every family; what is no address stays with the name
    spdx = json.loads(run("sbom", "generate", "--root", str(root), "--format", "spdx-2.3", "--author", "A <https://a.example.org/>"))
    check("root: SPDX 2.3 carries the page", "Organization: A (https://a.example.org/)" in spdx["creationInfo"]["creators"], str(spdx["creationInfo"]))
    next(p for p in spdx["packages"] if p["name"] == "libx")["supplier"] = "Person: C (c at example)"
    valid.write_text(json.dumps(spdx))
    back = json.loads(run("sbom", "convert", str(valid), "--to", "cyclonedx-1.6"))
    valid.write_text(json.dumps(back))
    run("sbom", "check", "--schema-only", str(valid))
    suppliers = {c["name"]: c.get("supplier") for c in back["components"]}
    check("root: from SPDX the page is a page", suppliers["liby"] == {"name": "B", "url": ["https://b.example.org/"]}, str(suppliers["liby"]))
    check("root: from SPDX no address stays with the name", suppliers["libx"]["name"] == "C (c at example)", str(suppliers["libx"]))
    graph3 = json.loads(run("sbom", "generate", "--root", str(root), "--format", "spdx-3.0", "--author", "A <https://a.example.org/>"))["@graph"]
    maker = next(e for e in graph3 if e["type"] == "Organization" and e["name"] == "A")
    check("root: SPDX 3 carries the page", maker["externalIdentifier"][0]["identifier"] == "https://a.example.org/", str(maker))
    for form in ("spdx-2.3", "spdx-3.0"):
        text = run("sbom", "generate", "--root", str(root), "--format", form).decode()
        check(f"root: {form} names every package", all(n in text for n in ("libx", "liby", "foo", "Bar")))
    return doc


def image_tests(d, doc):
    for name, pack in (("plain", lambda b: b), ("gzip", gzip.compress)):
        oci(d / name, pack)
        got = generate("--image", str(d / name), "--name", "same")
        check(f"image: OCI, layers {name}: the same parts as the root", parts(got) == parts(doc))
    docker(d / "docker.tar")
    got = generate("--image", str(d / "docker.tar"), "--name", "same")
    check("image: docker save: the same parts as the root", parts(got) == parts(doc))
    with tarfile.open(d / "oci.tar", "w") as t:
        t.add(d / "gzip", ".")
    check("image: OCI in one archive", parts(generate("--image", str(d / "oci.tar"), "--name", "same")) == parts(doc))
    other = generate("--image", str(d / "gzip"), "--platform", "linux/s390x")
    check("image: another platform when asked", [c["name"] for c in other["components"]] == ["other"], str(other["components"]))
    run("sbom", "generate", "--image", str(d / "gzip"), "--platform", "linux/riscv64", expect=2)  # none of these: no answer
    blob = max((d / "gzip/blobs/sha256").iterdir(), key=lambda p: p.stat().st_size)
    broken = bytearray(blob.read_bytes())
    broken[len(broken) // 2] ^= 1
    blob.write_bytes(broken)
    got = generate("--image", str(d / "gzip"))
    check("image: a damaged layer is said, and nothing is called complete",
          any(blob.name in p["value"] for p in got["metadata"]["properties"]) and got["compositions"][0]["aggregate"] == "incomplete")
    run("sbom", "generate", "--image", __file__, expect=2)
    run("sbom", "generate", str(d / "docker.tar"), expect=2)
    run("sbom", "generate", "--image", str(d / "nowhere"), expect=3)


def output_tests(d):
    """More than one piece of 256 KiB, each format: to a file, to standard output, the same; never in place of a device."""
    status = d / "big/var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text("".join(f"Package: p{i}\nStatus: install ok installed\nArchitecture: all\nVersion: 1.{i}\n\n" for i in range(2000)))
    for form in ("cyclonedx-1.6", "cyclonedx-1.4", "spdx-2.3", "spdx-3.0.1"):
        args = ("sbom", "generate", "--root", str(d / "big"), "--format", form)
        shown = run(*args)
        run(*args, "-o", str(d / "big.json"))
        check(f"output: {form}: a file says what standard output says", (d / "big.json").read_bytes() == shown and len(shown) > 1 << 19)
        check(f"output: {form}: whole JSON", shown.endswith(b"\n") and json.loads(shown) is not None)
    os.mkfifo(d / "pipe")
    run("sbom", "generate", "--root", str(d / "big"), "-o", str(d / "pipe"), expect=2)
    check("output: what is no plain file stays", (d / "pipe").is_fifo())


HOST = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "var/lib/dpkg/status": STATUS,
    "usr/share/doc/libx/copyright": "On Debian systems, see /usr/share/common-licenses/GPL-2 and /usr/share/common-licenses/Artistic.\n",
    "opt/lib/node_modules/t/package.json": json.dumps({"name": "t", "version": "1.0.0", "author": "The Team (https://t.example.org/team)"}),
    "opt/lib/node_modules/u/package.json": json.dumps({"name": "u", "version": "1.0.0", "license": "Some Odd License, Version 2.0",
                                                       "author": "U <u@example.org> (https://u.example.org/)"}),
    "opt/lib/node_modules/v/package.json": json.dumps({"name": "v", "version": "1.0.0", "author": "V (of some house)"}),
    METADATA: "Name: foo\nVersion: 1.0\nLicense: BSD License\n\n",
}


def family_tests(d):
    """The same host in another family is the same to diff: free names of licences, suppliers with a page in round brackets."""
    write_root(d / "root", HOST)
    forms = ("cyclonedx-1.6", "spdx-2.2", "spdx-2.3", "spdx-3.0.1")
    for form in forms:
        (d / form).write_bytes(run("sbom", "generate", "--root", str(d / "root"), "--deep", "--format", form))
    for form in forms[1:]:
        told = json.loads(run("sbom", "diff", str(d / forms[0]), str(d / form), "--json"))
        check(f"families: {form} says what CycloneDX says", told["count"]["same"] >= 6 and not told["differences"])
    by = {c["name"]: c for c, _ in walk(json.loads((d / forms[0]).read_text())["components"])}
    check("families: licences are free names there", {x["license"].get("name") for x in by["foo"]["licenses"] + by["u"]["licenses"]} ==
          {"BSD License", "Some Odd License, Version 2.0"}, str(by["u"]["licenses"]))
    check("families: the page of npm is a page", by["t"]["supplier"] == {"name": "The Team", "url": ["https://t.example.org/team"]}, str(by["t"]))
    check("families: the mail address of npm before its page", by["u"]["supplier"]["name"] == "U" and
          by["u"]["supplier"]["contact"][0]["email"] == "u@example.org", str(by["u"]["supplier"]))
    check("families: what is no page stays", by["v"]["supplier"] == {"name": "V (of some house)"}, str(by["v"]["supplier"]))


host_test()
with tempfile.TemporaryDirectory() as folder:
    family_tests(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    output_tests(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    image_tests(pathlib.Path(folder), root_tests(pathlib.Path(folder)))
sys.exit(bool(failures))
