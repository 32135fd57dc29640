#!/usr/bin/env python3
"""diagnose --watch on a made-up root: what changes shows within five seconds, by a run of the modules concerned only,
and a quiet machine costs next to nothing."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import PROGRAM, World  # noqa: E402

WITHIN = 5.0
NOBODY = 65534


class Watch(unittest.TestCase):
    as_user = None  # a user id: without the right to fanotify

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.root = self.world.root("neglected")
        command = [PROGRAM, "diagnose", "--watch", "--every", "3600", "--root", str(self.root)]
        self.become = []
        if self.as_user is not None:
            if os.geteuid() != 0:
                self.skipTest("only root can become another user")
            self.own(self.world.dir, *self.world.dir.rglob("*"))
            self.become = ["setpriv", f"--reuid={self.as_user}", f"--regid={self.as_user}", "--clear-groups"]
            command = self.become + command
        self.log = open(self.world.dir / "log", "wb")
        self.watch = subprocess.Popen(command, stderr=self.log, env=self.world.env, start_new_session=True)
        self.addCleanup(self.stop)
        self.until(lambda: self.modules(), 20)

    def stop(self):
        self.watch.send_signal(signal.SIGTERM)
        self.watch.wait(20)
        self.log.close()

    def own(self, *paths):
        for path in paths:
            if self.as_user is not None and not path.is_symlink():
                os.chown(path, self.as_user, self.as_user)

    def ask(self, *args):
        done = subprocess.run([*self.become, PROGRAM, *args, "--json"], capture_output=True, timeout=60,
                              env=self.world.env)
        return json.loads(done.stdout) if done.returncode == 0 else []

    def until(self, what, seconds=WITHIN):
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            found = what()
            if found:
                return time.monotonic() - began
            time.sleep(0.1)
        self.fail(f"not within {seconds} s; log:\n" + (self.world.dir / "log").read_text())

    def modules(self):
        """module → time of its last run"""
        return {m["module"]: m["last_run"] for m in self.ask("sources") if m["last_run"]}

    def finding(self, kind, subject=""):
        items = self.ask("findings", "list", "--status", "any", "--limit", "500")["items"]
        states = [f["status"] for f in items if f["kind"] == kind and subject in f["title"]["en"]]
        return states[0] if states else None

    def replace(self, path, change):
        """As a package manager does: a new file beside, then renamed."""
        target = self.root / path
        text = change(target.read_text())
        beside = target.with_name(target.name + "-new")
        beside.write_text(text)
        self.own(beside)
        beside.rename(target)

    def upgrade(self):
        self.replace("var/lib/dpkg/status", lambda s: s.replace("3.0.15-1~deb12u1", "3.0.16-1~deb12u1"))

    def test_an_upgrade_shows_within_five_seconds(self):
        self.assertEqual(self.finding("packages.update-pending", "openssl"), "open")
        before = self.modules()
        self.upgrade()
        took = self.until(lambda: self.finding("packages.update-pending", "openssl") == "closed")
        self.assertLess(took, WITHIN)
        after = self.modules()
        self.assertGreater(after["packages"], before["packages"])
        for module in ("accounts", "services", "backup", "kernel"):
            self.assertEqual(after[module], before[module], f"{module} was looked at though nothing of it changed")
        self.assertEqual(self.finding("packages.update-pending", "glibc"), "open")

    def test_a_package_manager_at_work_is_waited_for(self):
        lock = self.root / "var/lib/dpkg/lock"
        with open(lock, "w") as held:
            fcntl.lockf(held, fcntl.LOCK_EX)
            self.replace("var/lib/dpkg/status", lambda s: s.replace("install ok installed", "install ok unpacked", 1))
            time.sleep(4)
            self.assertIsNone(self.finding("packages.package-broken"))
            self.replace("var/lib/dpkg/status", lambda s: s.replace("install ok unpacked", "install ok installed", 1))
            self.upgrade()
        self.until(lambda: self.finding("packages.update-pending", "openssl") == "closed")
        self.assertIsNone(self.finding("packages.package-broken"))
        self.replace("var/lib/dpkg/status", lambda s: s.replace("install ok installed", "install ok unpacked", 1))
        self.until(lambda: self.finding("packages.package-broken") == "open")

    def test_the_next_run_is_told(self):
        self.until(lambda: self.ask("status")["watch"]["next_run"])

    def test_settings_accounts_and_new_folders(self):
        before = self.modules()
        self.replace("etc/ssh/sshd_config", lambda s: s.replace("PermitEmptyPasswords yes", "PermitEmptyPasswords no"))
        self.until(lambda: self.finding("config.ssh-empty-passwords") == "closed")
        self.assertEqual(self.modules()["packages"], before["packages"])
        folder = self.root / "etc/sudoers.d"  # not there before
        folder.mkdir()
        (folder / "late").write_text("alice ALL=(ALL) NOPASSWD: ALL\n")
        self.own(folder, folder / "late")
        self.until(lambda: self.finding("accounts.sudo-nopasswd", "alice") == "open")
        (folder / "late").unlink()
        self.until(lambda: self.finding("accounts.sudo-nopasswd", "alice") == "closed")

    def test_what_can_no_longer_be_seen_is_not_closed(self):
        (self.root / "var/lib/dpkg/status").unlink()
        self.until(lambda: self.finding("packages.update-pending", "openssl") == "not_seen")
        self.assertEqual(self.finding("accounts.empty-password", "alice"), "open")

    def test_a_quiet_machine_costs_nothing(self):
        self.upgrade()
        self.until(lambda: self.finding("packages.update-pending", "openssl") == "closed")
        time.sleep(1)

        def cpu():
            fields = pathlib.Path(f"/proc/{self.watch.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # own and of children that ended
        before = cpu()
        time.sleep(8)
        self.assertLess(cpu() - before, 0.08, "more than one per cent of a processor")


@unittest.skipUnless(shutil.which("setpriv"), "needs setpriv")
class WithoutRights(Watch):
    """The same by inotify."""
    as_user = NOBODY


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad != 0)
