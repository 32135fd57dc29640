#!/usr/bin/env python3
"""The deep pass: checksums that were read survive a kill -9 and are not read again, their age shows, and what changes
behind our back is seen all the same."""
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import PROGRAM, World  # noqa: E402

FILES, SIZE = 400, 1 << 20


class Deep(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.root = self.world.root("neglected")
        self.fill()

    def fill(self):
        """A package with files that take a while to read."""
        listing, sums = "", ""
        for i in range(FILES):
            path = self.root / f"usr/lib/bulk/{i}"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = i.to_bytes(4, "big") * (SIZE // 4)
            path.write_bytes(content)
            listing += f"/usr/lib/bulk/{i}\n"
            sums += f"{hashlib.md5(content).hexdigest()}  usr/lib/bulk/{i}\n"
        info = self.root / "var/lib/dpkg/info"
        (info / "bash.list").write_text("/.\n/usr/bin/bash\n" + listing)
        (info / "bash.md5sums").write_text(sums)

    def deep(self):
        r = self.world.run("diagnose", "--deep", "--root", self.root, "--json")
        self.assertIn(r.code, (0, 1), r.errors)
        return r.json

    @staticmethod
    def observation(doc, kind, subject):
        return [o["fields"] for o in doc["observations"] if o["kind"] == kind and o["subject"] == subject][0]

    @staticmethod
    def changed(doc):
        return [f for f in doc["findings"] if f["kind"] == "packages.file-changed" and f["subject"] == "bash:amd64"]

    def test_goes_on_after_a_kill(self):
        run = subprocess.Popen([PROGRAM, "diagnose", "--deep", "--root", str(self.root)], env=self.world.env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        state, began, some = self.world.home / "checksums", time.monotonic(), False
        while time.monotonic() - began < 60 and run.poll() is None and not some:
            data = state.read_bytes() if state.exists() else b""
            some = any(data[i:i + 8] != bytes(8) for i in range(0, len(data), 48))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        self.assertTrue(some, "nothing was remembered")
        first = self.observation(self.deep(), "summary", "dpkg")
        self.assertGreaterEqual(first["checked"], FILES)
        self.assertLess(first["checked_now"], first["checked"], "all was read again")
        again = self.observation(self.deep(), "summary", "dpkg")
        self.assertEqual(again["checked"], first["checked"])
        self.assertEqual(again["checked_now"], 0)

    def test_age_and_change(self):
        before = self.deep()
        bash = self.observation(before, "checksum", "bash:amd64")
        self.assertEqual((bash["files"], bash["changed"]), (FILES, 0))
        path = self.root / "usr/lib/bulk/7"
        times = path.stat()
        content = bytearray(path.read_bytes())
        content[1000] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as who hides a change would
        after = self.deep()
        self.assertEqual(self.observation(after, "summary", "dpkg")["checked_now"], 1)
        self.assertEqual(self.observation(after, "checksum", "bash:amd64")["oldest"], bash["oldest"])
        self.assertFalse(self.changed(before))
        self.assertEqual([f["params"]["files"] for f in self.changed(after)], ["/usr/lib/bulk/7"])
        shown = self.world.run("assets", "observations", after["asset"]["id"], "--kind", "packages.checksum", "--json")
        self.assertTrue(any(o["subject"] == "bash:amd64" and o["fields"]["oldest"] for o in shown.json["items"]))

    def test_damaged_memory_is_no_memory(self):
        self.deep()
        state = self.world.home / "checksums"
        data = bytearray(state.read_bytes())
        for i in range(0, len(data), 48):
            if data[i:i + 8] != bytes(8):
                data[i + 30] ^= 0x55  # within the checksum of each slot in use
        state.write_bytes(data)
        doc = self.deep()
        summary = self.observation(doc, "summary", "dpkg")
        self.assertEqual(summary["checked_now"], summary["checked"])
        self.assertFalse(self.changed(doc))


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad != 0)
