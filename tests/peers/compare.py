"""compare.py OURS THEIRS HOW matches|packages: what both say, and each difference with its reason. HOW: how THEIRS is
written (osv-scanner, grype, trivy, cyclonedx). The last number of the first line: differences that nothing explains."""
import collections
import json
import subprocess
import sys

FEW = 12


def theirs_matches(doc, how):
    if how == "osv-scanner":
        return {(p["package"]["name"], p["package"]["version"], v["id"]) for r in doc["results"] for p in r["packages"]
                for v in p["vulnerabilities"]}
    if how == "grype":
        return {(m["artifact"]["name"], m["artifact"]["version"], m["vulnerability"]["id"]) for m in doc["matches"]}
    return {(v["PkgName"], v["InstalledVersion"], v["VulnerabilityID"]) for r in doc.get("Results", [])
            for v in r.get("Vulnerabilities", [])}


def plain(version):
    """Go's versions with or without their v, for names of packages that both know."""
    return version.removeprefix("go").removeprefix("v").removesuffix("+incompatible")


def matches(ours, theirs, how):
    held = {(s["component"], plain(s["version"])): s["why"] if isinstance(s["why"], str) else s.get("reason", "held back")
            for s in ours.get("suppressed", [])}
    unknown = {(u["component"], plain(u.get("version", ""))): u["why"] for u in ours.get("unknown", [])}
    a = {(m["component"], plain(m["version"]), m["advisory"]) for m in ours["matches"]}
    b = {(n, plain(v), i) for n, v, i in theirs_matches(theirs, how)}
    known = {(n, v) for n, v, _ in a} | set(held) | set(unknown)

    def missing(x):
        if x[:2] in held:
            return f"held back: {held[x[:2]]}"
        if x[:2] in unknown:
            return f"unknown: {unknown[x[:2]]}"
        return None if x[:2] in known else "of a package that our inventory does not have (see the packages)"

    def more(x):
        return "an affected version by the advisory; the peer does not have the package or evaluates otherwise"
    return a, b, missing, more


def packages_of(doc, how):
    if how == "trivy":
        return {(r.get("Type", "?"), p["Name"], p.get("Version", "") + ("-" + p["Release"] if p.get("Release") else ""))
                for r in doc.get("Results", []) for p in r.get("Packages", [])}
    found = set()

    def walk(components):
        for c in components:
            purl = c.get("purl", "")
            if purl.startswith("pkg:"):
                found.add((purl[4:].split("/", 1)[0], c["name"], c.get("version", "")))
            walk(c.get("components", []))
    walk(doc.get("components", []))
    return found


def installed():
    """What dpkg itself says."""
    try:
        text = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\\n"], check=True,
                              capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    rows = (line.split(" ") for line in text.splitlines())
    return {(name, version.split(":", 1)[-1]) for status, name, version in rows if status == "installed"}


TYPES = {"debian": "deb", "ubuntu": "deb", "python-pkg": "pypi", "node-pkg": "npm", "gobinary": "golang", "jar": "maven",
         "rustbinary": "cargo", "gemspec": "gem"}


def packages(ours, theirs, how):
    def fold(found):
        out = set()
        for kind, name, version in found:
            kind = TYPES.get(kind, kind)
            version = version.split(":", 1)[-1] if kind == "deb" else plain(version)
            if kind == "pypi":
                name = name.lower().replace("_", "-").replace(".", "-")
            out.add((kind, name.split(":")[-1].split("/")[-1] if kind in ("maven", "npm", "golang") else name, version))
        return out
    a, b = fold(packages_of(ours, "cyclonedx")), fold(packages_of(theirs, how))
    names, dpkg = {x[:2] for x in a}, installed()

    def missing(x):
        if x[0] == "deb": # the list of the package manager: nothing may be missing
            return "not installed, says dpkg: of a document or another root on the disk" if dpkg and x[1:] not in dpkg else None
        if x[:2] in names:
            return "the same package in another version: another copy, or the version written otherwise"
        return "found by the peer in folders that the quick look leaves out (sbom generate --deep looks at all)"
    return a, b, missing, lambda x: "not found by the peer"


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        ours = json.load(f)
    with open(sys.argv[2], encoding="utf-8") as f:
        theirs = json.load(f)
    a, b, missing, more = (matches if sys.argv[4] == "matches" else packages)(ours, theirs, sys.argv[3])
    reasons = {x: missing(x) for x in b - a}
    unexplained = sum(r is None for r in reasons.values())
    print(f"both {len(a & b)}, only ours {len(a - b)}, only theirs {len(b - a)}, of these unexplained {unexplained}")
    for who, what in (("theirs", reasons), ("ours", {x: more(x) for x in a - b})):
        for (kind, reason), n in sorted(collections.Counter(
                (x[0] if sys.argv[4] == "packages" else "", r or "UNEXPLAINED") for x, r in what.items()).items()):
            print(f"only {who}: {n} {kind} {reason}".replace("  ", " "))
            few = sorted(x for x, r in what.items() if (r or "UNEXPLAINED") == reason and (sys.argv[4] != "packages" or x[0] == kind))
            print("    " + ", ".join(" ".join(x[-2:] if sys.argv[4] == "packages" else x) for x in few[:FEW])
                  + (f" and {len(few) - FEW} more" if len(few) > FEW else ""))


if __name__ == "__main__":
    main()
