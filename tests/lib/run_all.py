#!/usr/bin/env python3
"""Runs every test_*.py of a folder (those named, when some are) in its own process; prints the sum as
"N passed, N failed, N skipped"."""
import pathlib
import re
import subprocess
import sys

passed = failed = skipped = 0
there = {t.stem: t for t in sorted(pathlib.Path(sys.argv[1]).glob("test_*.py"))}
unknown = [name for name in sys.argv[2:] if name not in there]
if unknown:
    sys.exit(f"no test is called {' '.join(unknown)}; there are: {' '.join(there)}")
for test in [there[name] for name in sys.argv[2:]] or there.values():
    done = subprocess.run([sys.executable, str(test)], capture_output=True, text=True)
    last = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", done.stdout, re.M)
    print(f"--- {test.name}\n{done.stdout}{done.stderr}")
    p, f, s = last[-1] if last else ("0", "1", "0")
    passed, failed, skipped = passed + int(p), failed + int(f), skipped + int(s or 0)
    if done.returncode and f == "0":
        failed += 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed != 0)
