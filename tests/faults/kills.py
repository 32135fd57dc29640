"""kill -9 of the command or any of its roles at random moments of its work."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import hinomi

TOTAL = 220
done = 0  # processes killed, over all tests
SHARES = {"diagnose": 0.36, "ingest": 0.2, "fix": 0.2, "open": 0.12, "migrate": 0.12}
MIGRATIONS = sorted((hinomi.TOP / "src/store/migrations").glob("*.sql"))


def tree(pid):
    """pid and all that descend from it."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] != b"Z":
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [pid], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def alive(pid):
    """Not a zombie that nobody has collected yet."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


class Kills(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.acknowledged = set()
        self.root = self.world.root("neglected")

    # ---- one command, one kill

    def start(self, args, stdin=None):
        return subprocess.Popen([hinomi.PROGRAM, *map(str, args)], env=self.world.env,
                                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def kill_one(self, args, span, stdin=None):
        """Runs the command; kills one of its processes after a random part of span seconds. (killed, code, output)."""
        global done
        p = self.start(args, stdin)
        moment = random.random() * span
        killed = False
        if stdin:
            p.stdin.write(stdin)
            p.stdin.close()
            p.stdin = None
        time.sleep(moment)
        everyone = tree(p.pid)
        victim = random.choice(everyone)
        if p.poll() is None:
            try:
                os.kill(victim, signal.SIGKILL)
                killed = True
                done += 1
            except ProcessLookupError:
                pass
        out, err = p.communicate(timeout=90)
        self.await_end(everyone)
        return killed, p.returncode, out, err

    def await_end(self, pids):
        """The store role outlives the command that it was started for until its last work is done."""
        until = time.monotonic() + 20
        for pid in pids:
            while alive(pid) and time.monotonic() < until:
                time.sleep(0.005)

    def span(self, args, stdin=None):
        began = time.monotonic()
        p = self.start(args, stdin)
        out, err = p.communicate(stdin, timeout=90)
        self.assertIn(p.returncode, (0, 1), err)
        return max(time.monotonic() - began, 0.02)

    # ---- what must hold afterwards

    def query(self, sql):
        """Of a copy, which may be written to: a kill can leave a journal that whoever opens next has to play back, and
        that is to be the program, not this."""
        with tempfile.TemporaryDirectory() as place:
            for name in ("store.db", "store.db-journal", "store.db-wal"):
                if (self.world.home / name).exists():
                    shutil.copy(self.world.home / name, place)
            with contextlib.closing(sqlite3.connect(f"file:{place}/store.db?mode=rw", uri=True)) as db:
                return db.execute(sql).fetchall()

    def check_store(self):
        done = self.world.run("store", "check", "--json")
        self.assertEqual(done.code, 0, done.text + done.errors)
        self.assertTrue(done.json["sound"], done.json)
        runs = {row[0] for row in self.query("SELECT id FROM run")}
        self.assertEqual(self.acknowledged - runs, set(), "acknowledged and gone")

    def share(self, name):
        return max(1, round(TOTAL * SHARES[name]))

    def note(self, code, out):
        if code in (0, 1) and out:
            self.acknowledged.add(json.loads(out)["run_id"])

    def test_diagnose(self):
        args = ["diagnose", "--json", "--quiet", "--root", self.root]
        span, n = self.span(args), 0
        while n < self.share("diagnose"):
            killed, code, out, err = self.kill_one(args, span * 1.1)
            n += killed
            self.assertIn(code, (0, 1, 3, -signal.SIGKILL), err)
            if code == 3:
                self.assertTrue(err.strip(), "a failure without a word")
            self.note(code, out)
            self.check_store()
        self.assertTrue(self.acknowledged, "not one run came through")

    def test_ingest(self):
        doc = self.world.run("diagnose", "--no-store", "--json", "--root", self.root).json
        n, i = 0, 0
        first = json.dumps(doc).encode()
        span = self.span(["ingest", "--quiet", "-"], first)
        while n < self.share("ingest"):
            i += 1
            doc["run_id"] = f"01M82H{i:020d}"
            killed, code, out, err = self.kill_one(["ingest", "--quiet", "-"], span * 1.1, json.dumps(doc).encode())
            n += killed
            self.assertIn(code, (0, 1, 3, -signal.SIGKILL), err)
            if code in (0, 1):
                self.acknowledged.add(doc["run_id"])
            self.check_store()
        self.assertTrue(self.acknowledged, "not one document came through")

    # ---- fixes: the file is as before or as after, the store does not say more than was done

    def fix_states(self, finding):
        """Of the store: the state of each fix of the finding, newest last."""
        return [s for (s,) in self.query("SELECT fix.state FROM fix JOIN finding ON finding.n = fix.finding "
                                         f"WHERE finding.id = '{finding}' ORDER BY fix.n")]

    def test_fix_and_undo(self):
        doc = self.world.run("diagnose", "--json", "--root", self.root).json
        chosen = [f for f in doc["findings"] if f["kind"] == "accounts.shadow-readable"]
        self.assertEqual(len(chosen), 1)
        finding, path = chosen[0]["id"], self.root / "etc/shadow"
        content, before = path.read_bytes(), path.stat().st_mode & 0o7777
        common = [finding, "--root", self.root, "--apply", "--yes", "--json", "--quiet"]
        spans = {v: self.span([v, *common]) for v in ("fix", "undo")}
        APPLIED, UNDONE = 3, 5
        n, seen = 0, set()
        while n < self.share("fix"):
            verb = "fix" if path.stat().st_mode & 0o7777 == before else "undo"
            was = self.fix_states(finding)
            killed, code, out, err = self.kill_one([verb, *common], spans[verb] * 1.1)
            n += killed
            mode, states = path.stat().st_mode & 0o7777, self.fix_states(finding)
            seen.add((verb, mode))
            self.assertEqual(path.read_bytes(), content)
            self.assertIn(mode, (before, 0o640))
            if verb == "fix" and states != was and states[-1] == APPLIED:
                self.assertEqual(mode, 0o640, "said to be applied")
            if verb == "undo" and states != was and states[-1] == UNDONE:
                self.assertEqual(mode, before, "said to be undone")
            if code == 0 and out:
                self.assertEqual(mode, 0o640 if verb == "fix" else before, out)
            self.check_store()
            if killed:
                self.mend(finding, path, before)
        self.assertEqual(len(seen), 4, f"not every outcome was met: {seen}")

    def mend(self, finding, path, before):
        """Whatever was interrupted can be taken up again: after the next diagnosis, which sees what is there now, the fix
        can be made or taken back."""
        seen = self.world.run("diagnose", "--root", self.root, "--quiet", "--json")
        self.assertIn(seen.code, (0, 1), seen.errors)
        verb = "fix" if path.stat().st_mode & 0o7777 == before else "undo"
        again = self.world.run(verb, finding, "--root", self.root, "--apply", "--yes", "--json", "--quiet")
        if again.code != 0:  # the other way round must then work: nothing is stuck in between
            other = self.world.run("undo" if verb == "fix" else "fix", finding, "--root", self.root, "--apply", "--yes",
                                   "--json", "--quiet")
            self.assertEqual(other.code, 0, again.errors + other.errors)

    # ---- the very first opening: schema and all

    def test_first_opening(self):
        n, i = 0, 0
        self.world.home = self.world.dir / "first"
        self.world.env["HINOMI_HOME"] = str(self.world.home)
        span = self.span(["status", "--json"])
        while n < self.share("open"):
            i += 1
            self.world.home = self.world.dir / f"home-{i}"
            self.world.env["HINOMI_HOME"] = str(self.world.home)
            for _ in range(3):
                killed, code, out, err = self.kill_one(["status", "--json"], span)
                n += killed
                if not killed:
                    break
            done = self.world.run("store", "check", "--json")
            self.assertEqual(done.code, 0, done.text + done.errors)
            self.assertTrue(done.json["sound"])
            self.assertIn(self.world.run("status", "--json").code, (0,))

    # ---- a store that an older program made

    def made_by_the_first(self):
        """The same content in the first schema. Returns the file and what must survive."""
        self.assertIn(self.world.run("diagnose", "--root", self.root, "--quiet").code, (0, 1))
        old = self.world.dir / "old.db"
        with contextlib.closing(sqlite3.connect(old, isolation_level=None)) as db:
            db.executescript(MIGRATIONS[0].read_text())
            db.execute(f"PRAGMA application_id = {self.query('PRAGMA application_id')[0][0]}")
            db.execute("PRAGMA user_version = 1")
            db.execute("ATTACH ? AS now", (f"{self.world.home}/store.db",))
            tables = [t for (t,) in db.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
            db.execute("BEGIN")
            for table in tables:
                columns = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
                db.execute(f"DELETE FROM main.{table}")
                db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}")
            db.execute("COMMIT")
        return old, self.content()

    def content(self):
        return {t: self.query(f"SELECT count(*) FROM {t}") for t in ("run", "observation", "finding", "history", "audit")} | {
            "findings": self.query("SELECT id, score, due FROM finding ORDER BY id")}

    def test_migration(self):
        """Killed anywhere on the way from the first schema: the store is of one schema or the next, with all that was in
        it, and the next opening ends what was begun."""
        self.assertGreater(len(MIGRATIONS), 1)
        old, before = self.made_by_the_first()
        n, met, span = 0, set(), 0.05
        while n < self.share("migrate"):
            self.world.home = self.world.dir / f"old-{n}-{len(met)}-{random.random()}"
            self.world.home.mkdir()
            shutil.copy(old, self.world.home / "store.db")
            self.world.env["HINOMI_HOME"] = str(self.world.home)
            if not n:
                span = self.span(["status", "--json"])
                shutil.copy(old, self.world.home / "store.db")
            killed, code, out, err = self.kill_one(["status", "--json"], span)
            n += killed
            self.assertIn(code, (0, 3, -signal.SIGKILL), err)
            version = self.query("PRAGMA user_version")[0][0]
            met.add(version)
            self.assertIn(version, range(1, len(MIGRATIONS) + 1))
            self.assertEqual(self.content(), before)
            self.check_store()
            self.assertEqual(self.query("PRAGMA user_version")[0][0], len(MIGRATIONS))
            self.assertEqual(self.content(), before)
        self.assertEqual({min(met), max(met)}, {1, len(MIGRATIONS)}, "every kill fell on the same side")
