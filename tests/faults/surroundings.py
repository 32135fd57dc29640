"""Damaged and hostile input, and surroundings that lack something: a clear result, and nothing else lost."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

import hinomi


class Surroundings(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def document(self, *args, env=None, timeout=120):
        done = self.world.run("diagnose", "--no-store", "--json", *args, env=env, timeout=timeout)
        self.assertIn(done.code, (0, 1), done.errors)
        return done.json

    def cover(self, doc):
        return {c["module"]: c for c in doc["coverage"]}

    def kinds(self, doc):
        return {f"{o['module']}.{o['kind']}" for o in doc["observations"]}

    # ---- input

    def test_damaged_dpkg_status(self):
        root = self.world.root("neglected")
        whole = self.document("--root", root)
        status = root / "var/lib/dpkg/status"
        content = status.read_bytes()
        middle = content.index(b"\n\n", len(content) // 2) + 2
        status.write_bytes(content[:middle] + b"Package: broken\n\x00\xff\xfe:::\n" + b"Z" * 70000 + b"\n\n" + content[middle:])
        doc = self.document("--root", root)
        count = lambda d: sum(o["kind"] == "package" for o in d["observations"])  # noqa: E731
        self.assertGreaterEqual(count(doc), count(whole))
        self.assertTrue(self.cover(doc)["packages"]["malformed"])
        self.assertEqual(self.kinds(whole) - self.kinds(doc), set())

    def test_cut_dpkg_status(self):
        root = self.world.root("neglected")
        status = root / "var/lib/dpkg/status"
        content = status.read_bytes()
        for n in (0, 1, len(content) // 3, len(content) - 5):
            status.write_bytes(content[:n])
            doc = self.document("--root", root)
            self.assertIn("accounts.account", self.kinds(doc), "a cut package list takes the accounts away")
            for module, c in self.cover(doc).items():
                self.assertEqual(c["quarantined"], [], module)

    def test_hostile_root(self):
        root = self.world.root("hostile")
        doc = self.document("--root", root)
        for module, c in self.cover(doc).items():
            self.assertEqual(c["quarantined"], [], module)
        done = self.world.run("diagnose", "--no-store", "--root", root)
        self.assertIn(done.code, (0, 1))
        for byte in done.out:
            self.assertTrue(byte >= 32 or byte == 10, "a control character reached the terminal")
        self.assertNotIn(b"\xc2\x9b", done.out)

    def process(self, *argv):
        p = subprocess.Popen([b"sleep", b"60"] if not argv else argv[1:], executable=argv[0] if argv else None,
                             stdin=subprocess.DEVNULL)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        time.sleep(0.1)
        return p

    def test_hostile_process_title(self):
        sleep = shutil.which("sleep")
        code = "import time; time.sleep(60)"
        titles = [b"\x1b[2J\x1b]0;x\x07", b"<script>alert(1)</script>", b"\xff\xfe\xc3(", b"\n\nroot:x:0:0\n", b""]
        pids = [self.process(sleep.encode(), t, b"60").pid for t in titles]
        # one MiB of arguments, 100 KiB each: the kernel takes no more than 128 KiB in one
        long = self.process(sys.executable.encode(), b"python3", b"-c", code.encode(), *[b"\xf0\x9f" + b"A" * 100_000] * 10)
        done = self.world.run("diagnose", "--no-store", "--json", "--modules", "processes,self")
        self.assertIn(done.code, (0, 1), done.errors)
        doc = done.json
        seen = {o["fields"].get("pid") for o in doc["observations"] if o["kind"] == "process"}
        for pid in [*pids, long.pid]:
            self.assertIn(pid, seen)
        self.assertEqual(self.cover(doc)["processes"]["quarantined"], [])
        self.assertNotIn(b"\x1b", done.out)

    def test_processes_come_and_go(self):
        stop = threading.Event()

        def churn():
            while not stop.is_set():
                for p in [subprocess.Popen(["true"]) for _ in range(4)]:
                    p.wait()

        threads = [threading.Thread(target=churn) for _ in range(2)]
        for t in threads:
            t.start()
        try:
            for _ in range(5):
                began = time.monotonic()
                doc = self.document("--modules", "processes,sockets,self", timeout=60)
                self.assertLess(time.monotonic() - began, 30)
                c = self.cover(doc)["processes"]
                self.assertTrue(c["ran"])
                self.assertEqual((c["quarantined"], c["malformed"]), ([], []))
                self.assertIn(os.getpid(), {o["fields"].get("pid") for o in doc["observations"]})
        finally:
            stop.set()
            for t in threads:
                t.join()

    # ---- places

    def in_namespace(self, script, *args):
        """A shell in its own user and mount namespace; skips where that is not to be had."""
        base = ["unshare", "--mount", "--map-root-user"] if os.geteuid() else ["unshare", "--mount"]
        if subprocess.run([*base, "true"], capture_output=True).returncode:
            self.skipTest("no mount namespaces for this user")
        return subprocess.run([*base, "sh", "-euc", script, "sh", *map(str, args)], capture_output=True, env=self.world.env,
                              timeout=120)

    def test_full_disk(self):
        root = self.world.root("neglected")
        self.world.home.mkdir()
        done = self.in_namespace(
            'mount -t tmpfs -o size=400k none "$2"; '
            '"$1" diagnose --root "$3" --json --quiet >"$4/out" 2>"$4/err" && code=0 || code=$?; echo "$code"; '
            'cat "$4/err"; HINOMI_LANG=en "$1" store check >&2 || echo unsound',
            hinomi.PROGRAM, self.world.home, root, self.world.dir)
        lines = done.stdout.decode().splitlines()
        self.assertTrue(lines, done.stderr)
        self.assertEqual(lines[0], "3", done.stdout)
        self.assertIn("not kept", done.stdout.decode())
        self.assertTrue(json.loads((self.world.dir / "out").read_bytes())["findings"], "what the host says was lost")

    def test_disk_that_fills_up(self):
        """What was acknowledged before the disk was full is still there and sound."""
        root = self.world.root("neglected")
        self.world.home.mkdir()
        done = self.in_namespace(
            'mount -t tmpfs -o size=16m none "$2"; "$1" diagnose --root "$3" --json --quiet >"$4/doc" || test $? = 1; '
            'head -c 30m /dev/zero >"$2/fill" 2>/dev/null || true; '
            '"$1" diagnose --root "$3" --quiet >"$4/out" 2>"$4/err" && code=0 || code=$?; echo "$code"; cat "$4/err"; '
            'rm "$2/fill"; "$1" store check >&2 && echo sound; "$1" assets list --json',
            hinomi.PROGRAM, self.world.home, root, self.world.dir)
        out = done.stdout.decode().splitlines()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sound", out)
        self.assertEqual(len(json.loads(out[-1])["items"]), 1)
        self.assertIn(out[0], "013")

    def test_a_full_disk_can_be_read(self):
        root = self.world.root("neglected")
        self.world.home.mkdir()
        done = self.in_namespace(
            'mount -t tmpfs -o size=16m none "$2"; "$1" diagnose --root "$3" --quiet >"$4/out" || test $? = 1; '
            'head -c 30m /dev/zero >"$2/fill" 2>/dev/null || true; id=$("$1" findings --jsonl | head -n 1 | cut -d\\" -f4); '
            '"$1" findings --json; "$1" --lang en actions create "$id" 2>"$4/err" && code=0 || code=$?; echo "$code"; '
            'cat "$4/err"; rm "$2/fill"; "$1" actions create "$id" --json',
            hinomi.PROGRAM, self.world.home, root, self.world.dir)
        out = done.stdout.decode().splitlines()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(json.loads(out[0])["items"])
        self.assertEqual(out[1], "3")
        self.assertIn("disk is full", out[2])
        self.assertEqual(json.loads(out[-1])["state"], "open")

    def test_read_only_home(self):
        root = self.world.root("neglected")
        self.world.home.mkdir()
        self.assertIn(self.world.run("diagnose", "--root", root, "--quiet").code, (0, 1))
        done = self.in_namespace(
            'mount --bind "$2" "$2"; mount -o remount,ro,bind "$2"; '
            '"$1" diagnose --root "$3" --json --quiet >"$4/out" 2>"$4/err" && code=0 || code=$?; echo "$code"; cat "$4/err"',
            hinomi.PROGRAM, self.world.home, root, self.world.dir)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0], "3", done.stdout + done.stderr)
        self.assertIn("not kept", done.stdout.decode())
        self.assertTrue(json.loads((self.world.dir / "out").read_bytes())["findings"], "what the host says was lost")
        self.assertEqual(self.world.run("store", "check").code, 0)

    def read_only_home(self, *verb):
        """A verb where HINOMI_HOME can be read only: (exit code, output, errors)."""
        done = self.in_namespace('home=$2; mount --bind "$home" "$home"; mount -o remount,ro,bind "$home"; p=$1; shift 2; '
                                 'exec "$p" "$@"', hinomi.PROGRAM, self.world.home, *verb)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_reading_in_a_read_only_home(self):
        root = self.world.root("neglected")
        self.assertIn(self.world.run("diagnose", "--root", root, "--quiet").code, (0, 1))
        before = sorted(p.name for p in self.world.home.iterdir())
        for verb in (["findings"], ["assets"], ["actions"], ["now"], ["organisations"], ["audit"], ["store", "check"]):
            here = self.world.run(*verb, "--json")
            code, out, errors = self.read_only_home(*verb, "--json")
            self.assertEqual((code, errors), (0, ""), verb)
            self.assertEqual(json.loads(out).get("items"), here.json.get("items"), verb)
        status = json.loads(self.read_only_home("status", "--json")[1])
        self.assertTrue(status["store"]["read_only"])
        self.assertIn("error", [b["level"] for b in status["banner"]])
        finding = self.world.run("findings", "--json").json["items"][0]["id"]
        code, out, errors = self.read_only_home("actions", "create", finding)
        self.assertEqual((code, out), (3, ""))
        self.assertIn("can only be read", errors)
        self.assertEqual(self.world.run("actions", "--json").json["items"], [])
        self.assertEqual(sorted(p.name for p in self.world.home.iterdir()), before)

    def test_log_left_in_a_read_only_home(self):
        """What a crash left in the log is read where its index is there, and is not passed over where it is not."""
        root = self.world.root("neglected")
        self.assertIn(self.world.run("diagnose", "--root", root, "--quiet").code, (0, 1))
        left = {}
        with contextlib.closing(sqlite3.connect(self.world.home / "store.db")) as db:
            db.execute("UPDATE asset SET name = 'from-the-log'")
            db.commit()
            for name in ("store.db", "store.db-wal", "store.db-shm"):
                left[name] = (self.world.home / name).read_bytes()
        for name, content in left.items():
            (self.world.home / name).write_bytes(content)
        code, out, errors = self.read_only_home("assets", "--json")
        self.assertEqual(code, 0, errors)
        self.assertEqual(json.loads(out)["items"][0]["name"], "from-the-log")
        (self.world.home / "store.db-shm").unlink()
        code, out, errors = self.read_only_home("assets", "--json")
        self.assertEqual((code, out), (3, ""))
        self.assertIn("store.db-wal holds changes that cannot be read", errors)

    def test_without_sys(self):
        done = self.in_namespace('mount -t tmpfs none /sys; "$1" diagnose --no-store --json || test $? = 1', hinomi.PROGRAM)
        self.assertEqual(done.returncode, 0, done.stderr)
        doc = json.loads(done.stdout)
        cover = self.cover(doc)
        for module in ("packages", "processes", "accounts", "sockets"):
            self.assertTrue(cover[module]["ran"], module)
            self.assertEqual(cover[module]["quarantined"], [], module)
        self.assertIn("packages.package", self.kinds(doc))

    def test_without_systemd(self):
        """An empty /run, as in a container: no systemd to ask, and the rest is whole."""
        done = self.in_namespace('mount -t tmpfs none /run; "$1" diagnose --no-store --json || test $? = 1', hinomi.PROGRAM)
        self.assertEqual(done.returncode, 0, done.stderr)
        doc = json.loads(done.stdout)
        self.assertTrue(self.cover(doc)["services"]["ran"])
        self.assertIn("packages.package", self.kinds(doc))

    # ---- people and clocks

    def test_not_root(self):
        if os.geteuid() == 0:
            setpriv = shutil.which("setpriv")
            if not setpriv:
                self.skipTest("no setpriv")
            home = self.world.dir / "nobody"
            home.mkdir(mode=0o700)
            os.chown(home, 65534, 65534)
            self.world.dir.chmod(0o755)
            prefix = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
            # the program may lie where nobody may go: it gets a copy of its own
            program = home / "hinomi"
            shutil.copy(hinomi.PROGRAM, program)
            program.chmod(0o755)
            os.chown(program, 65534, 65534)
        else:
            prefix, home, program = [], self.world.dir / "self", hinomi.PROGRAM
            home.mkdir()
        env = dict(self.world.env, HINOMI_HOME=str(home / "data"), HOME=str(home))
        done = subprocess.run([*prefix, str(program), "diagnose", "--json", "--quiet"], capture_output=True, env=env,
                              timeout=120, cwd="/")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        doc = json.loads(done.stdout)
        self.assertIn("packages.package", self.kinds(doc))
        for c in doc["coverage"]:
            self.assertEqual(c["privilege"], "user")
            self.assertEqual(c["quarantined"], [], c["module"])
        self.assertTrue(any(c["not_seen"] for c in doc["coverage"]), "an ordinary user sees everything?")
        self.assertFalse(self.cover(doc)["accounts"]["complete"], "nobody read /etc/shadow?")
        check = subprocess.run([*prefix, str(program), "store", "check"], capture_output=True, env=env, cwd="/")
        self.assertEqual(check.returncode, 0, check.stderr)

    def test_clock_steps(self):
        """The clock goes back a year and forward two: runs keep their order, the store stays sound."""
        root = self.world.root("neglected")
        for now in ("2026-11-22T05:00:00Z", "2025-11-22T05:00:00Z", "2027-11-22T05:00:00Z", "1970-01-01T00:00:01Z"):
            done = self.world.run("diagnose", "--root", root, "--json", env={"HINOMI_NOW": now})
            self.assertIn(done.code, (0, 1), done.errors)
            self.assertTrue(done.json["findings"])
            self.assertEqual(self.world.run("store", "check").code, 0)

    def test_closed_output(self):
        """Whoever read the output has gone: no hang, no damage."""
        root = self.world.root("neglected")
        p = subprocess.Popen([hinomi.PROGRAM, "diagnose", "--root", str(root), "--json"], env=self.world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        p.stdout.close()
        self.assertLess(p.wait(timeout=60), 4)
        self.assertEqual(self.world.run("store", "check").code, 0)

    def test_interrupted(self):
        """Ctrl-C: the command goes, nothing of it stays behind."""
        root = self.world.root("neglected")
        for moment in (0.02, 0.05, 0.1):
            p = subprocess.Popen([hinomi.PROGRAM, "diagnose", "--root", str(root), "--json"], env=self.world.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(moment)
            os.killpg(p.pid, signal.SIGINT)
            p.wait(timeout=30)
            self.assertEqual(self.world.run("store", "check").code, 0)
