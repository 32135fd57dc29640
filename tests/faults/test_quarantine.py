#!/usr/bin/env python3
"""A parser or collector that crashes, hangs, runs out of memory, lies or reaches for what it may not: the input is named
and left out, the module is tried again, everything else is whole. Runs the program with one module more (faulty.c)."""
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

OTHERS = "accounts,packages,config"  # enough to see that nothing else is lost


class Quarantine(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.root = self.world.root("neglected")

    def put(self, name, word):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(word + "\n")

    def put_bytes(self, name, word):
        folder = os.path.join(os.fsencode(self.root), b"fault")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as f:
            f.write(word + b"\n")

    def diagnose(self, most=60):
        began = time.monotonic()
        done = self.world.run("diagnose", "--no-store", "--json", "--root", self.root, "--modules", "faulty,self," + OTHERS)
        self.assertIn(done.code, (0, 1), done.errors)
        self.assertLess(time.monotonic() - began, most)
        doc = done.json
        cover = {c["module"]: c for c in doc["coverage"]}
        for name in OTHERS.split(","):
            self.assertTrue(cover[name]["ran"], name)
            self.assertEqual(cover[name]["quarantined"], [], name)
        packages = [o for o in doc["observations"] if (o["module"], o["kind"]) == ("packages", "package")]
        self.assertEqual(len(packages), 8)
        self.doc = doc
        return cover["faulty"]

    def things(self):
        return sorted(o["subject"] for o in self.doc["observations"] if o["module"] == "faulty")

    def self_findings(self):
        return sorted(f["subject"] for f in self.doc["findings"] if f["kind"] == "self.input-quarantined")

    def check_one_bad_input(self, word, why, most=60):
        self.put("/fault/a", "good")
        self.put("/fault/b", word)
        self.put("/fault/c", "good")
        cover = self.diagnose(most)
        self.assertEqual([q["path"] for q in cover["quarantined"]], ["/fault/b"])
        self.assertRegex(cover["quarantined"][0]["why"], why)
        self.assertTrue(cover["ran"])
        self.assertFalse(cover["complete"])
        self.assertEqual(self.things(), ["/fault/a", "/fault/c"])
        self.assertEqual(self.self_findings(), ["/fault/b"])

    def test_nothing_wrong(self):
        self.put("/fault/a", "good")
        cover = self.diagnose()
        self.assertTrue(cover["complete"])
        self.assertEqual(self.things(), ["/fault/a"])
        self.assertEqual(self.self_findings(), [])

    def test_crash(self):
        self.check_one_bad_input("crash", "signal 11|status")

    def test_abort(self):
        self.check_one_bad_input("abort", "signal 6")

    def test_exit(self):
        self.check_one_bad_input("exit", "status 0")

    def test_exit_as_if_the_collector_had_gone(self):
        self.check_one_bad_input("exit-orphaned", "parser ended with status 4")

    def test_out_of_memory(self):
        self.check_one_bad_input("oom", "signal 6")

    def test_busy_hang(self):
        self.check_one_bad_input("hang", "no progress")

    def test_sleeping_hang(self):
        self.check_one_bad_input("sleep", "signal 31")  # pause() itself is refused

    def test_closes_its_end_and_goes_on(self):
        self.check_one_bad_input("close", "signal 9")

    def test_open(self):
        self.check_one_bad_input("open", "signal 31")

    def test_socket(self):
        self.check_one_bad_input("socket", "signal 31")

    def test_exec(self):
        self.check_one_bad_input("exec", "signal 31")

    def test_lie_about_a_length(self):
        self.check_one_bad_input("lie-length", "makes no sense")

    def test_lie_with_an_unknown_message(self):
        self.check_one_bad_input("lie-type", "makes no sense")

    def test_lie_about_the_module(self):
        self.check_one_bad_input("lie-module", "makes no sense")

    def test_lie_about_being_done(self):
        self.check_one_bad_input("lie-done", "makes no sense")

    def test_flood(self):
        self.check_one_bad_input("lie-flood", "makes no sense")

    def test_nonsense_is_refused_one_by_one(self):
        self.put("/fault/a", "good")
        self.put("/fault/b", "nonsense")
        self.put("/fault/c", "good")
        cover = self.diagnose()
        self.assertEqual(cover["quarantined"], [])
        self.assertEqual(len(cover["malformed"]), 4)
        self.assertFalse(cover["complete"])
        self.assertEqual([t for t in self.things() if t[0] == "/"], ["/fault/a", "/fault/b", "/fault/c"])

    def test_several_bad_inputs(self):
        for i, word in enumerate(["crash", "good", "abort", "exit", "good"]):
            self.put(f"/fault/{i}", word)
        cover = self.diagnose()
        self.assertEqual(sorted(q["path"] for q in cover["quarantined"]), ["/fault/0", "/fault/2", "/fault/3"])
        self.assertEqual(self.things(), ["/fault/1", "/fault/4"])

    def test_too_many_bad_inputs_give_the_module_up(self):
        for i in range(30):
            self.put(f"/fault/{i:02}", "abort")
        cover = self.diagnose()
        self.assertFalse(cover["ran"])
        self.assertFalse(cover["complete"])
        self.assertEqual(len(cover["quarantined"]), 5)
        self.assertIn("faulty", [n["what"] for n in cover["not_seen"]])

    def test_crash_at_the_end_of_the_module(self):
        self.put("/fault/a", "good")
        self.put("/fault-finish", "x")
        cover = self.diagnose()
        self.assertFalse(cover["ran"])
        self.assertEqual([q["path"] for q in cover["quarantined"]], ["*"])

    def test_name_that_is_no_text(self):
        self.put("/fault/a", "good")
        self.put_bytes(b"b\xff\x1b[31m", b"abort")
        cover = self.diagnose()
        self.assertTrue(cover["ran"])
        self.assertEqual(len(cover["quarantined"]), 1)
        self.assertEqual(self.things(), ["/fault/a"])

    def test_collector_crash(self):
        self.put("/fault/a", "good")
        self.put("/fault-collect/3", "crash")
        cover = self.diagnose()
        self.assertEqual([q["path"] for q in cover["quarantined"]], ["/fault-collect/3"])
        self.assertRegex(cover["quarantined"][0]["why"], "the collector was ended by signal 6")

    def test_collector_exit(self):
        self.put("/fault-collect/3", "exit")
        self.assertRegex(self.diagnose()["quarantined"][0]["why"], "the collector ended with status 0")

    def test_collector_socket(self):
        self.put("/fault-collect/3", "socket")
        self.assertRegex(self.diagnose()["quarantined"][0]["why"], "the collector was ended by signal 31")

    def test_collector_hang(self):
        self.put("/fault/a", "good")
        self.put("/fault-collect/3", "hang")
        self.assertRegex(self.diagnose()["quarantined"][0]["why"], "the collector made no progress")

    def test_collector_cannot_write(self):
        self.put("/fault-collect/3", "write")
        cover = self.diagnose()
        self.assertEqual(cover["quarantined"], [])
        self.assertIn("writing was refused", [n["why"] for n in cover["not_seen"]])
        self.assertFalse((self.root / "made-by-collector").exists())


if __name__ == "__main__":
    unittest.main()
