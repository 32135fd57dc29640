#!/usr/bin/env python3
"""Hinomi's verdicts on a Debian 12 root beside those of OpenSCAP with ComplianceAsCode's rules for the same things
(`scap:` in rules/). Every difference must be listed, with its reason, in rules_parity.tsv: a new one fails.

usage: rules_parity.py HINOMI SOURCE_ROOT"""
import glob
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

hinomi, source = sys.argv[1], sys.argv[2]
data = os.path.join(os.environ.get("HINOMI_TEST_DATA", os.path.join(source, "../shared/data")), "posture/dev/xccdf")
if not os.path.exists(os.path.join(data, "d12root-thin.tar.xz")):
    print(f"no {data}: skipped")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def tsv(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]


def scap_names():
    for path in glob.glob(os.path.join(source, "rules/*.yaml")):
        with open(path, encoding="utf-8") as f:
            for block in re.split(r"(?m)^(?=- id: )", f.read())[1:]:
                scap = re.search(r"(?m)^  scap: (\S+)", block)
                if scap:
                    yield re.match(r"- id: (\S+)", block).group(1), scap.group(1)


truth = {}
for name in ("standard", "cis_level1_server"):
    truth.update(row[:2] for row in tsv(os.path.join(data, f"TRUTH_d12root_{name}.tsv")))
explained = {row[0]: row[1:] for row in tsv(os.path.join(source, "tests/rules_parity.tsv"))}
with tempfile.TemporaryDirectory() as tmp:
    root, home = os.path.join(tmp, "root"), os.path.join(tmp, "home")
    os.makedirs(home)
    with tarfile.open(os.path.join(data, "d12root-thin.tar.xz")) as tar:
        owned = os.geteuid() == 0
        tar.extractall(root, members=[m for m in tar if m.isfile() or m.isdir() or m.issym() or m.islnk()],
                       numeric_owner=owned)
    run = subprocess.run([hinomi, "diagnose", "--root", root, "--json"], stdout=subprocess.PIPE, check=False,
                         env={**os.environ, "HINOMI_HOME": home}, timeout=100)
    document = json.loads(run.stdout)
verdicts = {o["fields"]["rule"]: o["fields"] for o in document["observations"]
            if o["module"] == "config" and o["kind"] == "evaluation"}
names = {"not_applicable": "notapplicable"}
agree, differ, bad = 0, 0, []
for rule, scap in sorted(scap_names()):
    if scap not in truth or rule not in verdicts:
        continue
    ours = names.get(verdicts[rule]["result"], verdicts[rule]["result"])
    if ours == truth[scap]:
        agree += 1
        if rule in explained:
            bad.append(f"{rule}: agrees now; take it out of rules_parity.tsv")
    elif explained.get(rule, [None, None])[:2] == [truth[scap], ours]:
        differ += 1
    else:
        bad.append(f"{rule}: OpenSCAP says {truth[scap]}, we say {ours} ({verdicts[rule].get('seen') or verdicts[rule].get('why')})")
print("\n".join(bad))
print(f"{agree} agree, {differ} differ with a reason, {len(bad)} differ without")
sys.exit(1 if bad or agree < 60 else 0)
