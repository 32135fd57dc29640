#!/usr/bin/env python3
"""Findings about running programs: found, and closed by the next run although some processes cannot be looked into."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import PROGRAM, World  # noqa: E402

NOBODY = 65534
WITH = ("--modules", "processes,packages,host,self")


class Processes(unittest.TestCase):
    user = None

    def setUp(self):
        if self.user is not None and (os.geteuid() != 0 or not shutil.which("setpriv")):
            self.skipTest("only root can become another user, with setpriv")
        self.world = World()
        self.addCleanup(self.world.close)
        self.become = []
        if self.user is not None:
            self.become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
            self.world.dir.chmod(0o755)
            self.world.home.mkdir()
            os.chown(self.world.home, self.user, self.user)
            program = self.world.dir / "hinomi"  # it may lie where nobody may go
            shutil.copy(PROGRAM, program)
            program.chmod(0o755)
            self.program = str(program)
        else:
            self.program = PROGRAM

    def run_hinomi(self, *args):
        done = subprocess.run([*self.become, self.program, *args, "--json"], capture_output=True, timeout=120,
                              env=self.world.env, cwd="/")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def hidden_program(self):
        """A program that runs from where anybody may write, and whose file is gone."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hn", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder, True)
        folder.chmod(0o755)
        program = folder / "hiding"
        shutil.copy(shutil.which("sleep"), program)
        program.chmod(0o755)
        p = subprocess.Popen([*self.become, str(program), "600"])
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        until = time.monotonic() + 10
        while time.monotonic() < until and os.readlink(f"/proc/{p.pid}/exe") != str(program):
            time.sleep(0.02)
        program.unlink()
        return p, str(program)

    def status_of(self, program):
        items = self.run_hinomi("findings", "list", "--status", "any", "--limit", "500")["items"]
        return [f["status"] for f in items if f["kind"] == "processes.executable-gone" and program in f["title"]["en"]]

    def test_found_and_closed(self):
        p, program = self.hidden_program()
        doc = self.run_hinomi("diagnose", *WITH)
        cover = [c for c in doc["coverage"] if c["module"] == "processes"][0]
        self.assertTrue(cover["complete"] or cover["bounded"], cover)
        self.assertEqual(self.status_of(program), ["open"])
        p.kill()
        p.wait()
        self.run_hinomi("diagnose", *WITH)
        self.assertEqual(self.status_of(program), ["closed"])

    def test_what_is_refused_is_named(self):
        doc = self.run_hinomi("diagnose", "--no-store", *WITH)
        cover = [c for c in doc["coverage"] if c["module"] == "processes"][0]
        refused = {o["subject"] for o in doc["observations"]
                   if o["kind"] == "process" and {"executable", "mapped"} & set(o["fields"].get("not_seen", []))}
        self.assertEqual({h["who"] for h in cover.get("hidden", [])}, refused)
        self.assertEqual({w for n in cover["not_seen"] for w in n.get("each", [])}, refused)
        self.assertEqual(cover["complete"], not cover["not_seen"])
        if self.user is not None:
            self.assertTrue(refused, "an ordinary user sees everything?")


class OwnMemory(unittest.TestCase):
    """The roles of this program ask for huge pages, and get them each time."""

    def setUp(self):
        mode = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
        if not mode.exists() or "[madvise]" not in mode.read_text():
            self.skipTest("the kernel gives none, or all of them unasked")
        self.world = World()
        self.addCleanup(self.world.close)

    def advised(self, pid):
        """Is any memory of the process meant to be in huge pages ("hg", proc_pid_smaps(5))?"""
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
        except OSError:
            return False
        return any(line.startswith("VmFlags:") and "hg" in line.split() for line in text.splitlines())

    def worker(self):
        p = subprocess.Popen([PROGRAM, "sbom", "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env=self.world.env)
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                children = pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()
                if children and self.advised(children[0]):
                    return True
                time.sleep(0.01)
            return False
        finally:
            p.communicate(b"{}")

    def test_each_time(self):
        for i in range(24):
            self.assertTrue(self.worker(), i)


class OrdinaryUser(Processes):
    """The processes of others are hidden; findings about one's own close all the same."""
    user = NOBODY


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad != 0)
