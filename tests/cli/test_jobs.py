#!/usr/bin/env python3
"""What is approved in the console is made by `hinomi fix --jobs`, on a made-up root, and by nobody else: from the
approval over HTTP to the action that the next diagnosis verified, and back by undo. The machine's own configuration has
the last word."""
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import PROGRAM, World  # noqa: E402

SHADOW, EMPTY = "accounts.shadow-readable", "config.ssh-empty-passwords"


class Console:
    """A browser: signs in with the one-time token, keeps cookie and CSRF token."""

    def __init__(self, port, token):
        self.port, self.head = port, {}
        answer, head = self.ask("POST", "session", {"token": token})
        self.head = {"Cookie": head["Set-Cookie"].split(";")[0], "X-Hinomi-CSRF": answer["csrf"]}

    def ask(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            head = dict(self.head, **({"Content-Type": "application/json"} if body is not None else {}))
            c.request(method, "/api/v1/" + path, None if body is None else json.dumps(body), head)
            r = c.getresponse()
            data = r.read()
            assert r.status < 300, (method, path, r.status, data)
            return json.loads(data) if data else None, r.headers
        finally:
            c.close()

    def get(self, path):
        return self.ask("GET", path)[0]

    def post(self, path, body):
        return self.ask("POST", path, body)[0]


class Jobs(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.root = self.world.root("neglected")
        self.made = []

    def start(self, *args, **kw):
        p = subprocess.Popen([PROGRAM, *args], env=self.world.env, stdin=subprocess.DEVNULL, start_new_session=True, **kw)
        self.addCleanup(self.end, p)
        return p

    @staticmethod
    def end(p):
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
        code = p.wait(30)
        if p.stdout:
            p.stdout.close()
        return code

    def open_console(self, *more):
        serve = self.start("serve", "--root", str(self.root), "--listen", "127.0.0.1:0", "--diagnose", *more,
                           stdout=subprocess.PIPE, text=True)
        port = token = None
        while not (port and token):
            line = serve.stdout.readline()
            self.assertTrue(line, "the console did not start")
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            port = int(found[1]) if found else port
            found = re.search(r"\b([0-9a-f]{64})\b", line)
            token = found[1] if found else token
        self.console = Console(port, token)
        self.until(lambda: self.findings("open"))

    def fixer(self, config=None):
        more = []
        if config:
            path = self.world.dir / "hinomi.yaml"
            path.write_text(config)
            more = ["--config", str(path)]
        self.log = open(self.world.dir / "fixer.log", "wb")
        self.addCleanup(self.log.close)
        return self.start("fix", "--jobs", "--root", str(self.root), *more, stderr=self.log)

    def findings(self, status):
        items = self.console.get(f"findings?status={status}&limit=500")["items"]
        return {f["id"]: f for f in items}

    def find(self, kind, text=""):
        found = [f["id"] for f in self.findings("open").values() if f["kind"] == kind and text in f["title"]["en"]]
        self.assertTrue(found, sorted({f["kind"] for f in self.findings("open").values()}))
        return found[0]

    def until(self, what, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.1)
        log = self.world.dir / "fixer.log"
        self.fail(f"not within {seconds} s; fixer: {log.read_text() if log.exists() else '-'}")

    def fix(self, finding):
        return self.console.get(f"findings/{finding}")["fix"]

    def approve(self, finding):
        self.console.post(f"findings/{finding}/fix", {"approve": True})

    def state(self, finding, want):
        return self.until(lambda: (lambda x: x if x["state"] == want else None)(self.fix(finding)))

    def mode(self):
        return (self.root / "etc/shadow").stat().st_mode & 0o7777

    def test_from_approval_to_verified_and_back(self):
        self.open_console()
        finding = self.find(SHADOW)
        action = self.console.post("actions", {"finding": finding})
        self.assertEqual(self.mode(), 0o644)
        self.approve(finding)
        time.sleep(1)
        waiting = self.fix(finding)
        self.assertEqual((self.mode(), waiting["state"]), (0o644, "approved"), "made by whom?")
        self.assertIn("hinomi-fixer.service", waiting["log"][0]["text"]["ja"])
        self.fixer()  # it may come later
        self.state(finding, "applied")
        self.assertEqual(self.mode() & 0o007, 0)
        self.until(lambda: finding in self.findings("closed"))
        self.until(lambda: self.console.get(f"actions/{action['id']}")["state"] == "verified")
        self.console.post(f"findings/{finding}/undo", {})
        self.state(finding, "undone")
        self.assertEqual(self.mode(), 0o644)
        self.until(lambda: finding in self.findings("open"))

    def test_only_the_kinds_of_the_configuration(self):
        self.open_console()
        mode, sshd = self.find(SHADOW), self.find(EMPTY)
        self.assertNotEqual(self.fix(mode)["kind"], self.fix(sshd)["kind"])
        config = self.root / "etc/ssh/sshd_config.d/00-hinomi.conf"
        before = (self.root / "etc/ssh/sshd_config").read_bytes()
        self.fixer(f"fix:\n  approval: approved\n  kinds: [{self.fix(mode)['kind']}]\n")
        self.approve(sshd)
        log = self.state(sshd, "failed")["log"]
        self.assertIn(self.fix(sshd)["kind"], log[0]["text"]["en"])
        self.assertIn("fix.kinds", log[0]["text"]["ja"])
        self.assertEqual((config.exists(), (self.root / "etc/ssh/sshd_config").read_bytes()), (False, before))
        self.approve(mode)
        self.state(mode, "applied")

    def test_never(self):
        self.open_console()
        finding = self.find(SHADOW)
        self.fixer("fix:\n  approval: never\n")
        self.approve(finding)
        log = self.state(finding, "failed")["log"]
        self.assertIn("never", log[0]["text"]["en"])
        self.assertEqual(self.mode(), 0o644)

    def test_a_finding_of_another_machine(self):
        """The console shows many; its fixer changes its own."""
        other = self.world.root("neglected", "other")
        (other / "etc/machine-id").write_text("f" * 32 + "\n")
        (other / "etc/hostname").write_text("other\n")
        self.open_console()
        doc = self.world.run("diagnose", "--no-store", "--json", "--root", other)
        self.assertEqual(self.world.run("ingest", "-", stdin=doc.out).code, 0)
        theirs = [f["id"] for f in self.findings("open").values()
                  if f["kind"] == SHADOW and f["asset"]["name"] == "other"][0]
        self.fixer()
        self.approve(theirs)
        log = self.state(theirs, "failed")["log"]
        self.assertIn("another machine", log[0]["text"]["en"])
        self.assertEqual((other / "etc/shadow").stat().st_mode & 0o7777, 0o644)
        self.assertEqual(self.mode(), 0o644)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad != 0)
