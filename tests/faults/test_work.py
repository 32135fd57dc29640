#!/usr/bin/env python3
"""Verbs of modules through their worker: inputs, files, outputs, observations, stopping; and what becomes of a worker
that crashes or reaches for what it may not. Runs the program with one module more (faulty.c)."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402


class Work(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.dir = self.world.dir / "in"
        self.dir.mkdir()

    def put(self, name, data):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def sum(self, *args, **more):
        return self.world.run("faulty", "sum", *args, **more)

    # ---- inputs

    def test_files_folders_and_standard_input(self):
        self.put("b/two", b"\x02" * 10)
        self.put("b/one", b"\x01")
        self.put("a", b"\x03")
        os.symlink("/etc/passwd", self.dir / "b" / "zz-link")
        done = self.sum(self.dir / "a", self.dir / "b", "-", stdin=b"\x05\x05")
        self.assertEqual((done.code, done.errors), (0, ""))
        self.assertEqual(done.text.splitlines(), [f"{self.dir}/a 3", f"{self.dir}/b/one 1", f"{self.dir}/b/two 20", "- 10"])

    def test_a_missing_file_is_named_and_the_rest_is_read(self):
        good = self.put("good", b"\x01")
        done = self.sum(self.dir / "none", good)
        self.assertEqual(done.code, 3)
        self.assertIn(f"{self.dir}/none: No such file", done.errors)
        self.assertIn("good 1", done.text)

    def test_too_large(self):
        done = self.sum(self.put("big", b"x" * (2 << 20)))
        self.assertEqual(done.code, 3)
        self.assertIn("File too large", done.errors)
        self.assertEqual(self.sum("-", stdin=b"x" * (2 << 20)).code, 3)

    def test_hostile_names(self):
        path = os.path.join(os.fsencode(self.dir), b"n\xff\x1b[31m")
        with open(path, "wb") as f:
            f.write(b"\x07")
        done = self.sum(self.dir)
        self.assertEqual(done.code, 0)
        self.assertNotIn(b"\x1b", done.out)
        self.assertIn("\\xFF\\x1b", done.text)

    def test_many_files(self):
        for i in range(3000):
            self.put(f"many/{i:05}", b"\x01")
        done = self.sum(self.dir / "many")
        self.assertEqual(len(done.text.splitlines()), 3000)

    # ---- many small files in one message

    def test_whole_files_are_the_same(self):
        for i in range(3000):
            self.put(f"many/{i:05}", bytes([i % 251]) * (i % 700))
        self.put("many/00500-large", b"\x01" * (65 << 10))
        self.put("many/00501-largest-small", b"\x01" * (64 << 10))
        self.put("many/01000-none", b"")
        with open(os.path.join(os.fsencode(self.dir), b"many", b"02000-n\xff\x1b[31m"), "wb") as f:
            f.write(b"\x07")
        one = self.put("last", b"\x02")
        for more in ([], ["--extra", one], ["-o", self.world.dir / "out"]):
            args = (self.dir / "many", "-", one, *more)
            done, whole = self.sum(*args, stdin=b"\x05"), self.sum("--whole", *args, stdin=b"\x05")
            self.assertEqual((whole.code, whole.errors), (0, ""))
            self.assertEqual(len(whole.text.splitlines()), 3006 + (more[:1] == ["--extra"]))
            self.assertEqual(whole.text, done.text)

    def test_whole_files_that_cannot_be_read_are_named(self):
        for i in range(200):
            self.put(f"some/{i:03}", b"\x01")
        big = self.put("some/100-big", b"x" * (2 << 20))
        done = self.sum("--whole", self.dir / "none", self.dir / "some")
        self.assertEqual(done.code, 3)
        self.assertIn(f"{self.dir}/none: No such file", done.errors)
        self.assertIn(f"{big}: File too large", done.errors)
        self.assertEqual(len(done.text.splitlines()), 200)

    def test_a_crash_among_whole_files_is_narrowed_down(self):
        for i in range(5):
            self.put(f"some/{i}", b"\x01")
        bad = self.put("some/5", b"crash")
        self.put("some/6", b"\x01")
        done = self.sum("--whole", self.dir / "some")
        self.assertEqual(done.code, 3)
        self.assertIn(f"{self.dir}/some/0 or one of the 6 after it", done.errors)
        done = self.sum("--whole", bad)
        self.assertIn(str(bad), done.errors)

    # ---- options

    def test_options_are_checked(self):
        one = self.put("one", b"\x01")
        self.assertEqual(self.sum("--code", "2", one).code, 2)
        self.assertEqual(self.sum("--code=1", one).code, 1)
        for wrong in (["--code", "9", one], ["--code", "x", one], [one, "--code"], ["--code", "1", "--code", "1", one],
                      ["--cod", "1", one], ["--code", "1"], []):
            done = self.sum(*wrong)
            self.assertEqual(done.code, 2, wrong)
            self.assertTrue(done.errors)
        self.assertIn("--code", self.sum("--cod", "1", one).errors)
        extra = self.sum("--extra", one, "--extra", self.dir, one)
        self.assertEqual(extra.text.count("extra "), 2)

    def test_help(self):
        done = self.world.run("faulty", "--help")
        self.assertEqual(done.code, 0)
        self.assertIn("hinomi faulty sum FILE|DIR|- …", done.text)
        self.assertIn("--extra FILE", done.text)
        self.assertIn("faulty", self.world.run("help").text)
        self.assertEqual(self.world.run("faulty", "nothing").code, 2)

    # ---- outputs

    def test_output_appears_only_when_it_went_well(self):
        one = self.put("one", b"\x01")
        out = self.world.dir / "out"
        self.assertEqual(self.sum("-o", out, "--code", "2", one).code, 2)
        self.assertEqual(list(self.world.dir.glob("out*")), [])
        self.assertEqual(self.sum("-o", out, one).code, 0)
        self.assertEqual(out.read_text(), "written\n")
        self.assertEqual([p.name for p in self.world.dir.glob("out*")], ["out"])

    # ---- walls

    def test_a_worker_that_breaks_out_dies_and_is_named(self):
        self.assertIn("open 4", self.sum(self.put("open", b"open")).text)  # refused, as libc may try
        for word in ("socket", "exec", "crash"):
            path = self.put(word, word.encode())
            done = self.sum(path)
            self.assertEqual(done.code, 3, word)
            self.assertRegex(done.errors, "ended by signal (31|6)", word)
            self.assertIn(str(path), done.errors)

    # ---- the module's folder

    def files(self, *args):
        return self.world.run("faulty", "files", *args)

    def test_files(self):
        self.assertEqual(self.files("keep", "a/one", "text one").code, 0)
        self.assertEqual(self.files("keep", "two", "text two").code, 0)
        self.assertEqual(self.files("half", "three", "never whole").code, 0)
        self.assertEqual(self.files("show", "a/one").text, "text one")
        self.assertEqual(self.files("list", "").text, "a/one 8\ntwo 8\n")
        self.assertEqual(self.files("list", "a/").text, "a/one 8\n")
        self.assertEqual(self.files("remove", "two").code, 0)
        self.assertEqual(self.files("list", "").text, "a/one 8\n")

    def test_names_lead_nowhere_else(self):
        for name in ("../x", "/etc/passwd", "a/b/c", ".hidden", "lock", "x.new", "a//b", "", "n\x01"):
            self.assertIn("Invalid argument", self.files("show", name).text, name)
        (self.world.home / "faulty").mkdir(parents=True, exist_ok=True)
        os.symlink("/etc/passwd", self.world.home / "faulty" / "link")
        self.assertEqual(self.files("show", "link").code, 1)

    def test_one_at_a_time(self):
        self.files("keep", "a", "b")
        import fcntl
        with open(self.world.home / "faulty" / "lock", "r+") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            done = self.files("list", "")
        self.assertEqual(done.code, 3)
        self.assertIn("another hinomi faulty is at work", done.errors)

    # ---- observations

    def test_observations_reach_the_store(self):
        self.assertEqual(self.world.run("faulty", "observe", "dark-16", "seen").code, 0)
        self.assertEqual(self.world.run("faulty", "observe", "dark-16", "seen again").code, 0)
        assets = self.world.run("assets", "list", "--json").json["items"]
        self.assertEqual([(a["name"], a["kind"]) for a in assets], [("dark-16", "telescope")])
        seen = self.world.run("assets", "observations", assets[0]["id"], "--json").json["items"]
        self.assertEqual([(o["kind"], o["subject"]) for o in seen], [("faulty.thing", "one")])

    def test_not_kept_when_not_wanted(self):
        self.assertEqual(self.world.run("faulty", "observe", "dark-16", "seen", "--no-store").code, 0)
        self.assertEqual(self.world.run("assets", "list", "--json").json["items"], [])

    # ---- serving

    def start(self, port):
        p = subprocess.Popen([hinomi.PROGRAM, "faulty", "serve", "--listen", f"127.0.0.1:{port}"], env=self.world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.stderr.close)
        self.addCleanup(p.kill)
        return p

    def free_port(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def wait_bound(self, port):
        import time
        for _ in range(200):
            with open("/proc/net/udp", encoding="ascii") as f:
                if f":{port:04X} " in f.read():
                    return
            time.sleep(0.02)
        self.fail("not listening")

    def test_serves_and_stops(self):
        port = self.free_port()
        p = self.start(port)
        self.wait_bound(port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(3):
                s.sendto(b"x", ("127.0.0.1", port))
        self.assertEqual(p.wait(20), 0)
        self.assertEqual(p.stdout.read(), b"ready\nthree\n")
        p = self.start(port)
        self.wait_bound(port)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(20), 1)
        self.assertEqual(p.stdout.read(), b"ready\nstopped\n")

    def test_the_worker_goes_with_its_front(self):
        port = self.free_port()
        p = self.start(port)
        self.wait_bound(port)
        p.kill()
        p.wait(20)
        import time
        for _ in range(100):
            with open("/proc/net/udp", encoding="ascii") as f:
                if f":{port:04X} " not in f.read():
                    return
            time.sleep(0.05)
        self.fail("the worker is still there")


if __name__ == "__main__":
    unittest.main()
