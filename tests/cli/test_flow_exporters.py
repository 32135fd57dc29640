#!/usr/bin/env python3
"""hinomi flow: who exported the flows, and what a wrong clock of one of them does."""
import pathlib
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hinomi  # noqa: E402
from test_flow import START, Traffic  # noqa: E402


class Exporters(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def flow(self, *args, code=0):
        done = self.world.run("flow", *args)
        self.assertEqual(done.code, code, done.errors)
        return done

    # ---- clocks

    def knocks(self, at=0):
        """A scanner tries forty places of ours and reaches one service."""
        t = Traffic()
        for i in range(40):
            t.add(at + i, "203.0.113.9", f"192.168.7.{50 + i}", 22, 60, 0, "S0")
        t.add(at + 100, "203.0.113.9", "192.168.7.40", 22, 800, 900)
        return t

    def scanned(self, traffic, *args):
        done = self.flow("replay", "--json", "--internal", "192.168.7.0/24", *args, traffic.write(self.world.dir / "conn.log"))
        return [(s["host"], s["port"]) for s in done.json["scanned"]], done

    def test_a_clock_that_runs_ahead_does_not_move_the_last_day(self):
        found, done = self.scanned(self.knocks())
        self.assertEqual((found, done.json["flows_ahead"]), ([("192.168.7.40", 22)], 0))
        ahead = self.knocks()
        ahead.add(int(time.time()) + 40 * 86400 - START, "192.168.7.1", "192.168.7.2", 80, 500, 500)
        found, done = self.scanned(ahead, "--store")
        self.assertEqual((found, done.json["flows_ahead"]), ([("192.168.7.40", 22)], 1))
        self.assertIn("1 flows are dated in the future", done.errors)
        self.assertIn("先の日時のフローが1件", self.world.run("flow", "replay", "--lang", "ja", self.world.dir / "conn.log").errors)
        with sqlite3.connect(self.world.home / "store.db") as d:
            kept = d.execute("SELECT fields FROM observation WHERE subject = '192.168.7.40 tcp:22'").fetchall()
        self.assertEqual(len(kept), 1)

    def test_what_is_older_than_a_day_is_not_told(self):
        late = self.knocks()
        late.add(2 * 86400, "192.168.7.1", "192.168.7.2", 80, 500, 500)
        self.assertEqual(self.scanned(late)[0], [])

    def test_all_clocks_ahead(self):
        found, _ = self.scanned(self.knocks(int(time.time()) + 40 * 86400 - START))
        self.assertEqual(found, [("192.168.7.40", 22)])


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
