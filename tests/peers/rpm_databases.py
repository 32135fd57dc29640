#!/usr/bin/env python3
"""Real rpm databases (CentOS 5 to 8, RHEL 8 of a big-endian machine: Berkeley DB; SUSE 15: ndb; Fedora, Rocky, Mariner:
SQLite), which the Go module go-rpmdb brings for its own tests, beside Syft: the same packages with epoch, architecture and
source package. Needs Go's module proxy and the Syft that tests/peers/sbom builds; without them nothing is compared.

usage: rpm_databases.py"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

MODULE = "github.com/anchore/go-rpmdb@v0.1.0"
HINOMI = pathlib.Path(__file__).resolve().parents[2] / "build/hinomi"
SYFT = pathlib.Path(os.environ.get("PEERS_BIN", pathlib.Path.home() / ".cache/hinomi-peers/bin")) / "syft"


def databases():
    if not shutil.which("go") or not SYFT.exists():
        return []
    with tempfile.TemporaryDirectory() as nowhere:
        got = subprocess.run(["go", "mod", "download", "-json", MODULE], cwd=nowhere, capture_output=True, text=True)
    folder = json.loads(got.stdout or "{}").get("Dir") if got.returncode == 0 else None
    found = pathlib.Path(folder, "pkg/testdata").glob("*/*") if folder else []
    return sorted(p for p in found if p.name in ("Packages", "Packages.db", "rpmdb.sqlite"))


def packages(command, home):
    done = subprocess.run(command, capture_output=True, check=True,
                          env=dict(os.environ, HINOMI_HOME=home, SYFT_CHECK_FOR_APP_UPDATE="false"))
    out = set()
    for component in json.loads(done.stdout).get("components", []):
        purl, _, rest = component.get("purl", "").partition("?")
        more = dict(urllib.parse.parse_qsl(rest))
        if purl.startswith("pkg:rpm/"):
            out.add((urllib.parse.unquote(purl.rsplit("/", 1)[1]), *(more.get(k, "") for k in ("epoch", "arch", "upstream"))))
    return out


def main():
    failed, every = 0, databases()
    for path in every:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder, "root")
            (root / "var/lib/rpm").mkdir(parents=True)
            (root / "etc").mkdir()
            (root / "etc/os-release").write_text('ID=centos\nVERSION_ID="8"\n')
            shutil.copyfile(path, root / "var/lib/rpm" / path.name)
            ours = packages([HINOMI, "sbom", "generate", "--root", root], folder)
            theirs = packages([SYFT, "scan", f"dir:{root}", "-q", "-o", "cyclonedx-json"], folder)
        theirs = {p for p in theirs if not p[0].startswith("gpg-pubkey@")}  # keys that rpm trusts, no packages
        well = bool(ours) and ours == theirs
        failed += not well
        print("ok     " if well else "not ok ", path.parent.name, path.name, len(ours), "packages",
              "" if well else f"only Syft: {sorted(theirs - ours)[:5]}, only ours: {sorted(ours - theirs)[:5]}")
    print(f"{len(every) - failed} passed, {failed} failed" if every else "not had rpm databases (need Go, its module proxy, and Syft)")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
