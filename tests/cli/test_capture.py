#!/usr/bin/env python3
"""--capture libpcap: the same packets as the ring gives, none lost at the end, losses told, every way to end."""
import ctypes.util
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

PORT = 5399
FILTER = ("--bpf", f"udp dst port {PORT}")


def children(p):
    """Processes of a watch: worker and, if there is one, pump."""
    all_ = [int(n) for n in pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()]
    names = {n: pathlib.Path(f"/proc/{n}/cmdline").read_bytes().split(b"\0") for n in all_}
    return ([n for n in all_ if b"worker" in names[n]] + [None])[0], ([n for n in all_ if b"worker" not in names[n]] + [None])[0]


def send(n, size=100, address="127.9.8.7"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        server.bind((address, PORT))
        for _ in range(n):
            client.sendto(b"x" * size, (address, PORT))


@unittest.skipIf(os.environ.get("CI") != "true" and (os.geteuid() != 0 or not ctypes.util.find_library("pcap")), "needs CAP_NET_RAW and libpcap")
class Capture(unittest.TestCase):
    def world(self):
        w = hinomi.World()
        self.addCleanup(w.close)
        return w

    def watch(self, world, *more, how="libpcap", interface="lo"):
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "watch", "--json", "--interface", interface, "--capture", how, *more], env=world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for f in (p.stdout, p.stderr):
            self.addCleanup(f.close)
        self.addCleanup(p.kill)
        self.assertIn(b"listening", p.stderr.readline())
        return p

    def end(self, p, code=0):
        if not code:
            p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=60)
        self.assertEqual(p.returncode, code, errors)
        return json.loads(out), errors.decode()

    def gone(self, pid):
        end = time.monotonic() + 20
        while pathlib.Path(f"/proc/{pid}").exists():
            self.assertLess(time.monotonic(), end, "still there")
            time.sleep(0.05)

    def rows(self, world):
        return [(r["src"], r["dst"], r["dport"], r["packets"], r["bytes"]) for r in world.run("flow", "list", "--json", "--top", "0").json["items"]]

    def test_both_ways_see_the_same_to_the_last_packet(self):
        worlds = [self.world(), self.world()]
        watches = [self.watch(w, *FILTER, how=how) for w, how in zip(worlds, ("ring", "libpcap"))]
        send(5000)
        send(3, 40000)
        docs = [self.end(p)[0] for p in watches]  # at once: the kernel has not handed over its block
        self.assertEqual([d["packets"] for d in docs], [5003, 5003])
        self.assertEqual(docs[0], docs[1])
        self.assertEqual(self.rows(worlds[0]), self.rows(worlds[1]))
        self.assertEqual(sum(r[3] for r in self.rows(worlds[1])), 5003)

    def test_a_device_that_is_no_interface(self):
        w = self.world()
        p = self.watch(w, *FILTER, interface="any")  # of another link type
        send(20)
        doc, _ = self.end(p)
        self.assertEqual((doc["interface"], doc["packets"], doc["malformed"]), ("any", 20, 0))
        self.assertEqual([r[1:] for r in self.rows(w)], [("127.9.8.7", PORT, 20, 20 * 128)])

    def test_a_device_that_has_nothing_to_give_is_waited_for(self):
        w = self.world()
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "watch", "--json", "--interface", "nflog:4711", "--capture", "libpcap"], env=w.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.kill)
        if b"listening" not in p.stderr.readline():
            p.communicate(timeout=60)
            self.skipTest("this kernel has no nflog")
        time.sleep(1)
        self.assertEqual(self.end(p)[0]["packets"], 0)

    def test_it_is_live_and_what_is_idle_needs_no_further_packets(self):
        w = self.world()
        p = self.watch(w, *FILTER, "--idle", "1")
        send(7)
        end = time.monotonic() + 30
        while not self.rows(w):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.5)
        self.assertEqual([r[3] for r in self.rows(w)], [7])
        self.end(p)

    def test_losses_are_told_and_a_finding(self):
        w = self.world()
        p = self.watch(w, *FILTER, "--store")
        worker, _ = children(p)
        os.kill(worker, signal.SIGSTOP)
        send(4000, 60000)
        os.kill(worker, signal.SIGCONT)
        doc, errors = self.end(p)
        self.assertGreater(doc["dropped_packets"], 0)
        self.assertLess(doc["packets"], 4000)
        self.assertGreaterEqual(doc["packets"] + doc["dropped_packets"], 4000)  # of loopback the kernel loses each packet twice
        self.assertIn("faster than they could be read", errors)
        found = [f for f in w.run("findings", "list", "--json").json["items"] if f["kind"] == "flow.meter-loss"]
        self.assertEqual(len(found), 1)

    def test_the_pump_has_no_rights_and_the_worker_no_libpcap(self):
        p = self.watch(self.world(), *FILTER)
        worker, pump = children(p)
        status = pathlib.Path(f"/proc/{pump}/status").read_text()
        self.assertIn("NoNewPrivs:\t1", status)
        if os.geteuid() == 0:
            self.assertNotRegex(status, r"Uid:\t0")
            self.assertRegex(status, r"CapEff:\t0+\n")
        self.assertIn("Seccomp:\t2", pathlib.Path(f"/proc/{worker}/status").read_text())
        maps = pathlib.Path(f"/proc/{worker}/maps").read_text()
        self.assertIn("libc.so", maps)
        self.assertNotIn("libpcap", maps)
        self.end(p)
        self.gone(pump)

    def test_whichever_process_goes_first_nobody_is_left(self):
        w = self.world()
        p = self.watch(w, *FILTER)  # the pump: what came before is kept
        send(9)
        time.sleep(1)
        _, pump = children(p)
        os.kill(pump, signal.SIGKILL)
        doc, errors = self.end(p, 3)
        self.assertEqual(doc["packets"], 9)
        self.assertIn("ended by itself", errors)
        self.assertEqual([r[3] for r in self.rows(w)], [9])
        p = self.watch(self.world(), *FILTER)  # the worker
        worker, pump = children(p)
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(p.wait(60), 3)
        self.gone(pump)
        p = self.watch(self.world(), *FILTER)  # the command itself
        worker, pump = children(p)
        p.kill()
        p.wait()
        self.gone(pump)
        self.gone(worker)

    def test_telescope_counts_the_same(self):
        def packets(how):
            w = self.world()
            p = subprocess.Popen([hinomi.PROGRAM, "telescope", "watch", "--interface", "lo", "--capture", how, *FILTER, "--prefix", "127.9.0.0/16",
                                  "--every", "3600"], env=w.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(p.kill)
            end = time.monotonic() + 30
            while not children(p)[0] or "Seccomp:\t2" not in pathlib.Path(f"/proc/{children(p)[0]}/status").read_text():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            for i in range(30):
                send(10, address=f"127.9.0.{i}")
            p.send_signal(signal.SIGTERM)
            _, errors = p.communicate(timeout=60)
            self.assertEqual((p.returncode, errors), (0, b""))
            with sqlite3.connect(f"file:{w.home}/store.db?mode=ro", uri=True) as d:
                return json.loads(d.execute("SELECT fields FROM observation WHERE subject = 'telescope'").fetchone()[0])["packets"]
        self.assertEqual([packets("ring"), packets("libpcap")], [300, 300])

    def test_wrong_use(self):
        w = self.world()
        done = w.run("flow", "watch", "--interface", "none0", "--capture", "libpcap")
        self.assertEqual(done.code, 3)
        self.assertTrue(re.search(r"none0: .*[Nn]o such device", done.errors), done.errors)
        done = w.run("flow", "watch", "--interface", "lo", "--capture", "libpcap", "--bpf", "udp prt 53")
        self.assertNotIn(done.code, (0, 1))
        self.assertIn("udp prt 53: ", done.errors)
        self.assertEqual(w.run("flow", "watch", "--interface", "lo", "--capture", "pcap").code, 2)
        done = w.run("telescope", "watch", "--follow", "/", "--bpf", "udp")
        self.assertEqual(done.code, 2)
        self.assertIn("go with --interface", done.errors)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
