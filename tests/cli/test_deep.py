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


class Background(Deep):
    """The same pass by itself, beside a watch that goes on seeing what changes."""

    def watch(self):
        config = self.world.dir / "hinomi.yaml"
        config.write_text("diagnose:\n  deep_every: 3s\n")
        log = open(self.world.dir / "log", "ab")
        p = subprocess.Popen([PROGRAM, "diagnose", "--watch", "--every", "3600", "--root", str(self.root), "--config",
                              str(config)], stderr=log, env=self.world.env, start_new_session=True)
        log.close()
        self.addCleanup(self.end, p)
        return p

    @staticmethod
    def end(p):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            p.wait(30)

    def ask(self, *args):
        r = self.world.run(*args, "--json")
        return r.json if r.code == 0 else {"items": []}

    def summary(self):
        """What the newest deep pass said of the checksums."""
        for asset in self.ask("assets", "list")["items"]:
            for o in self.ask("assets", "observations", asset["id"], "--kind", "packages.summary")["items"]:
                if o["subject"] == "dpkg" and "checked" in o["fields"]:
                    return o["fields"]
        return None

    def findings(self, kind):
        items = self.ask("findings", "list", "--status", "any", "--limit", "500")["items"]
        return {f["title"]["en"]: f["status"] for f in items if f["kind"] == kind}

    def bash(self):
        return [v for k, v in self.findings("packages.file-changed").items() if "bash:amd64" in k]

    def until(self, what, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.2)
        self.fail(f"not within {seconds} s; log:\n" + (self.world.dir / "log").read_text())

    def test_goes_on_after_a_kill(self):
        """Cut short with the watch; the next one goes on where it was."""
        p = self.watch()
        state, end, some = self.world.home / "checksums", time.monotonic() + 60, 0
        while time.monotonic() < end and not some:
            data = state.read_bytes() if state.exists() else b""
            some = sum(data[i:i + 8] != bytes(8) for i in range(0, len(data), 48))
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        self.assertTrue(some, "nothing was remembered")
        self.watch()
        first = self.until(self.summary, 60)
        self.assertGreaterEqual(first["checked"], FILES)
        self.assertLess(first["checked_now"], first["checked"], "all was read again")

    def test_age_and_change(self):
        self.watch()
        self.until(self.summary, 60)
        self.assertFalse(self.bash())
        path = self.root / "usr/lib/bulk/7"
        times = path.stat()
        path.write_bytes(b"x" + path.read_bytes()[1:])
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.until(lambda: self.bash() == ["open"], 60)
        # a quick look sees no checksums, and closes nothing that rests on them; it still sees an upgrade at once
        status = self.root / "var/lib/dpkg/status"
        beside = status.with_name("status-new")
        beside.write_text(status.read_text().replace("3.0.15-1~deb12u1", "3.0.16-1~deb12u1"))
        beside.rename(status)
        self.until(lambda: "closed" in self.findings("packages.update-pending").values(), 10)
        self.assertEqual(self.bash(), ["open"])
        asset = self.ask("assets", "list")["items"][0]["id"]
        shown = self.ask("assets", "observations", asset, "--kind", "packages.checksum")["items"]
        self.assertTrue(any(o["subject"] == "bash:amd64" and o["fields"]["oldest"] for o in shown))

    test_damaged_memory_is_no_memory = None


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad != 0)
