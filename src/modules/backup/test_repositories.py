#!/usr/bin/env python3
"""Verdicts about real restic and Borg repositories, some of them damaged: HINOMI_TEST_DATA/posture/dev/backup.

usage: test_repositories.py HINOMI SOURCE_ROOT
Expected (TRUTH.tsv, column must_report): every damaged one is reported with --deep, no sound one is. Two kinds of damage
cannot be seen without the key: a pack and a snapshot that are gone. For them the evidence file says what was there."""
import json
import os
import subprocess
import sys
import tarfile
import tempfile

SNAPSHOTS = "[ab691316, c4220153]"


def evidence(names):
    out = ["copies:"]
    for n in names:
        out += [f"  - name: {n}", "    medium: disk", f"    repository: /srv/{n}", "    last_success: 2026-11-08",
                "    attested_by: test", "    valid_until: 2099-12-31"]
        if n.startswith("r"):
            out += [f"    expected: {{snapshots: {SNAPSHOTS}, packs: 4}}"]
    return "\n".join(out) + "\n"


def verdicts(hinomi, root, home, deep):
    env = dict(os.environ, HINOMI_HOME=home)
    r = subprocess.run([hinomi, "diagnose", "--root", root, "--json"] + (["--deep"] if deep else []), env=env,
                       capture_output=True, timeout=100)
    if r.returncode not in (0, 1):
        sys.exit(f"hinomi diagnose: {r.returncode} {r.stderr.decode()}")
    doc = json.loads(r.stdout)
    bad = {"backup.repository-damaged", "backup.snapshot-lost"}
    found = {os.path.basename(f["subject"]) for f in doc["findings"] if f["kind"] in bad}
    seen = {os.path.basename(o["subject"]) for o in doc["observations"]
            if (o["module"], o["kind"]) == ("backup", "repository") and o["fields"]["recognised"]}
    return found, seen


def main():
    hinomi, source = sys.argv[1:3]
    data = os.path.join(os.environ.get("HINOMI_TEST_DATA", os.path.join(source, "../shared/data")), "posture/dev/backup")
    if not os.path.isdir(data):
        print(f"test data is not there: {data}")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    truth = {}
    with open(os.path.join(data, "TRUTH.tsv")) as f:
        next(f)
        for line in f:
            name, _, _, _, _, must = line.rstrip("\n").split("\t")
            truth[name.split(".")[0]] = must
    with tempfile.TemporaryDirectory() as tmp:
        root = os.path.join(tmp, "root")
        os.makedirs(os.path.join(root, "etc/hinomi"))
        os.makedirs(os.path.join(root, "srv"))
        for name in truth:
            with tarfile.open(os.path.join(data, name + ".tar.gz")) as t:
                t.extractall(os.path.join(root, "srv"))
        wrong = 0
        for deep, ledger in ((True, True), (True, False), (False, True)):
            path = os.path.join(root, "etc/hinomi/backup-evidence.yaml")
            if ledger:
                with open(path, "w") as f:
                    f.write(evidence(truth))
            elif os.path.exists(path):
                os.remove(path)
            found, seen = verdicts(hinomi, root, os.path.join(tmp, "home"), deep)
            blind = set() if ledger else {"r_missingpack", "r_missingsnap"}
            blind |= set() if deep else {"r_bitflip", "b_bitflip", "r_missingpack"}
            for name, must in sorted(truth.items()):
                want = must == "damaged" and name not in blind
                if name not in seen or (name in found) != want:
                    wrong += 1
                    print(f"deep={deep} ledger={ledger} {name}: must {must}, reported {name in found}, seen {name in seen}")
            print(f"deep={deep} ledger={ledger}: {len(truth)} repositories, {len(found)} reported")
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
