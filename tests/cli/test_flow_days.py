#!/usr/bin/env python3
"""hinomi flow replay over whole made-up days: the channel leads, its hosts are alerted, nobody else is."""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import flowdays  # noqa: E402
import hinomi  # noqa: E402


class Days(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def judge(self, name):
        """(rank of the best true channel, hosts alerted, truth, other alerts)"""
        subprocess.run([sys.executable, flowdays.__file__, self.world.dir, name], check=True, stdout=subprocess.DEVNULL)
        truth = json.loads((self.world.dir / f"{name}.truth.json").read_text(encoding="ascii"))
        done = self.world.run("flow", "replay", "--json", "--top", "100000", self.world.dir / f"{name}.log")
        self.assertIn(done.code, (0, 1), done.errors)
        doc = done.json
        self.assertEqual(doc["flows"], truth["flows"])
        true = {tuple(c) for c in truth["channels"]}
        rank = next((i + 1 for i, s in enumerate(doc["suspects"]) if (s["host"], s["peer"], s["port"]) in true), None)
        alerts = [s for s in doc["suspects"] if s["alert"]]
        for s in alerts:
            self.assertNotRegex(s["sentence"]["en"], r"[a-z]\.[A-Z]")  # sentences stand apart
        return rank, {s["host"] for s in alerts}, truth, alerts

    def all(self, names):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(zip(names, pool.map(self.judge, names)))

    def test_commanded(self):
        names = [n for n in flowdays.SCENARIOS if not n.startswith("benign")]
        tp = fp = fn = 0
        for name, (rank, alerted, truth, _) in self.all(names):
            infected = set(truth["infected"])
            self.assertTrue(infected, name)
            self.assertIsNotNone(rank, name)
            self.assertLessEqual(rank, 3, name)
            tp, fp, fn = tp + len(alerted & infected), fp + len(alerted - infected), fn + len(infected - alerted)
        self.assertGreaterEqual(2 * tp / (2 * tp + fp + fn), 0.95)

    def test_benign(self):
        names = [n for n in flowdays.SCENARIOS if n.startswith("benign")]
        found = self.all(names)
        false = [(name, s["sentence"]["en"]) for name, (_, _, _, alerts) in found for s in alerts]
        hours = sum(truth["host_hours"] for _, (_, _, truth, _) in found)
        self.assertLessEqual(len(false), hours / 1000, false)


    def replay(self, *args):
        done = self.world.run("flow", "replay", "--json", "--top", "100000", *args)
        self.assertIn(done.code, (0, 1), done.errors)
        return done.json

    def test_names(self):
        for name in flowdays.NAMED:
            truth = flowdays.make(name, self.world.dir)
            conn, names = self.world.dir / f"{name}.log", self.world.dir / f"{name}.dns.log"
            doc = self.replay(conn, names)
            asked = sum(not line.startswith("#") for line in names.read_text(encoding="ascii").splitlines())
            self.assertEqual({(i["flows"], i["names"], i["malformed"]) for i in doc["inputs"]}, {(truth["flows"], 0, 0), (0, asked, 0)})
            self.assertEqual(doc["forgotten_names"], 0)
            kind = "fast-flux" if name.startswith("flux") else "made-up-names"
            alerts = [s for s in doc["suspects"] if s["alert"] and s["kind"] in ("fast-flux", "made-up-names")]
            self.assertEqual([(s["kind"], s["host"]) for s in alerts], [(kind, h) for h in truth["infected"]], name)
            for s in alerts:
                self.assertTrue(s["names"] and s["benign_if"]["ja"] and s["evidence"]["terms"], name)
                self.assertIn(s["names"], s["sentence"]["ja"])
            channels = {tuple(c) for c in truth["channels"]}
            without = {(s["host"], s["peer"], s["port"]): s["score"] for s in self.replay(conn)["suspects"]}
            for s in doc["suspects"]:  # who was found by such a name is ranked higher, and nobody else
                by_name = any(t["name"] == "by-name" and t["value"] > 0 for t in s["evidence"]["terms"])
                key = s["host"], s["peer"], s["port"]
                if key in channels:
                    self.assertTrue(by_name, name)
                    self.assertGreater(s["score"], without[key], name)
                self.assertTrue(not by_name or s["host"] in truth["infected"], (name, key))


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
