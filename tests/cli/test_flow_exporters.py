#!/usr/bin/env python3
"""hinomi flow: who exported the flows, and what a wrong clock of one of them does."""
import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hinomi  # noqa: E402
import wire  # noqa: E402
from test_flow import START, Traffic  # noqa: E402


class Exporters(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def flow(self, *args, code=0):
        done = self.world.run("flow", *args)
        self.assertEqual(done.code, code, done.errors)
        return done

    # ---- numbers

    def v5(self, engine, port):
        return struct.pack(">HHIIIIBBH", 5, 1, 10000, START, 0, 0, 0, engine, 0) + bytes([10, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0]) + struct.pack(
            ">HHIIIIHHBBBBHHBBH", 3, 4, 7, 4200, 5000, 9000, 1234, port, 0, 0x1b, 6, 0, 1, 2, 24, 24, 0)

    def capture(self, name, *packets):
        """Export packets from these addresses: (address, engine, port of its flow)."""
        return wire.pcap(self.world.dir / name, [(START + i, wire.ip4(a, "192.0.2.200", 17, wire.udp(3000, 2055, self.v5(e, p))))
                                                 for i, (a, e, p) in enumerate(packets)])

    def ports(self, *args):
        return sorted(r["dstport"] for r in self.flow("top", "--json", "--by", "dstport", *args).json["rows"])

    def numbers(self, doc):
        return {(e["address"], e["domain"]): e["number"] for e in doc["exporters"]}

    def test_one_register_however_the_flows_came(self):
        one = self.capture("one.pcap", ("192.0.2.1", 1, 81), ("192.0.2.2", 1, 82))
        two = self.capture("two.pcap", ("192.0.2.3", 1, 83), ("192.0.2.2", 1, 84), ("192.0.2.2", 2, 85))
        first = self.numbers(self.flow("import", "--json", one).json)
        second = self.numbers(self.flow("import", "--json", two).json)
        self.assertEqual(first, {("192.0.2.1", 1): 1, ("192.0.2.2", 1): 2})
        self.assertEqual(second, {("192.0.2.3", 1): 3, ("192.0.2.2", 1): 2, ("192.0.2.2", 2): 4})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        doc = self.collected(port, [("127.0.0.1", self.v5(1, 86)), ("127.0.0.5", self.v5(1, 87))])
        third = self.numbers(doc)
        self.assertEqual(sorted(third.values()), [5, 6])
        self.assertEqual(self.numbers(self.flow("replay", "--json", two).json), second)
        for args, want in ((["exporter", "ip", "192.0.2.2"], [82, 84, 85]), (["router", "ip", "192.0.2.1"], [81]), (["exporter", "2"], [82, 84]),
                           (["exporter", "net", "192.0.2.2/31"], [82, 83, 84, 85]), (["exporter", "ip", "127.0.0.5"], [87]),
                           (["exporter", "ip", "in", "[192.0.2.1", "127.0.0.0/8]"], [81, 86, 87]), (["not", "exporter", "net", "192/8"], [86, 87]),
                           ([f"exporter {third['127.0.0.1', 1]}"], [86]), (["exporter", "ip", "198.51.100.1"], [])):
            self.assertEqual(self.ports(*args), [str(p) for p in want], args)
        self.assertEqual(self.ports("--from", two, "--from", one, "exporter", "2"), ["82", "84"])  # of files too
        # a damaged register is said, and what can be read of it is not given to others
        register = self.world.home / "flow" / "exporter-numbers"
        register.write_text("nonsense\n" + register.read_text())
        self.assertIn("exporter-numbers", self.flow("top", "exporter", "ip", "192.0.2.1").errors)
        again = self.capture("three.pcap", ("192.0.2.77", 1, 88))
        self.assertEqual(self.numbers(self.flow("import", "--json", again).json), {("192.0.2.77", 1): 7})

    def test_what_is_collected_is_looked_through_meanwhile(self):
        """Nobody has to ask: with --store, who talks like a bot is a finding while the collector runs."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "collect", "--json", "--udp", f"127.0.0.1:{port}", "--store", "--judge-every", "2",
                              "--internal", "10.66.0.0/16", "--org", "root"], env=self.world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.kill)
        while f":{port:04X} " not in pathlib.Path("/proc/net/udp").read_text():
            time.sleep(0.05)
        now, chance = int(time.time()), random.Random(1)
        flows = [(now - 60 * i, "10.66.0.9", "203.0.113.66", 8443, 5, 600) for i in range(300)]
        flows += [(now - chance.randrange(18000), f"10.66.0.{chance.randrange(20, 40)}", f"198.51.100.{chance.randrange(1, 200)}", 443,
                   chance.randrange(8, 60), chance.randrange(900, 90000)) for _ in range(2000)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for at, n in ((i, min(30, len(flows) - i)) for i in range(0, len(flows), 30)):
                s.sendto(struct.pack(">HHIIIIBBH", 5, n, 86400000, now, 0, at, 1, 0, 0) + b"".join(
                    socket.inet_aton(a) + socket.inet_aton(b) + bytes(4) + struct.pack(
                        ">HHIIIIHHBBBBHHBBH", 1, 2, k, size, 86400000 - 1000 * (now - t), 86400000 - 1000 * (now - t) + 200, 40000 + i, to, 0,
                        0x1b, 6, 0, 0, 0, 0, 0, 0) for i, (t, a, b, to, k, size) in enumerate(flows[at:at + n])), ("127.0.0.1", port))
        found, end = [], time.monotonic() + 60
        while not found and time.monotonic() < end:
            time.sleep(0.5)
            found = self.world.run("findings", "--json").json["items"]
        self.assertEqual([(f["kind"], f["asset"]["name"]) for f in found], [("flow.beacon", "10.66.0.9")])
        children = lambda: [pathlib.Path(f"/proc/{c}/cmdline").read_bytes() for c in pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()]
        self.assertTrue(any(b"collect" in c for c in children()))
        p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=60)  # nothing of it is left that holds the pipes
        self.assertEqual((p.returncode, json.loads(out)["exporters"][0]["lost"]), (0, 0), errors)
        self.assertNotIn(b"flow", errors.replace(b"hinomi: listening", b""))
        self.assertEqual(self.world.run("flow", "collect", "--udp", f"127.0.0.1:{port}", "--internal", "nonsense").code, 2)

    def test_templates_that_never_come_and_what_the_kernel_lost_are_told(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "collect", "--json", "--udp", f"127.0.0.1:{port}", "--store"], env=self.world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.kill)
        row = lambda: next((r.split() for r in pathlib.Path("/proc/net/udp").read_text().splitlines() if f":{port:04X} " in r), None)
        while not row():
            time.sleep(0.02)
        now = int(time.time())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.6", 0))
            for i in range(3):
                s.sendto(struct.pack(">HHIIII", 9, 1, 100000, now, i, 1) + struct.pack(">HH", 400, 24) + bytes(20), ("127.0.0.1", port))
            children = pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()
            worker = next(int(c) for c in children if b"worker" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes())
            time.sleep(0.3)
            os.kill(worker, signal.SIGSTOP)
            end = time.monotonic() + 60
            while row()[-1] == "0" and time.monotonic() < end:
                for _ in range(500):
                    s.sendto(struct.pack(">HHIIIIBBH", 5, 0, 100000, now, 0, 0, 0, 0, 0) + bytes(1440), ("127.0.0.1", port))
            lost = int(row()[-1])
        os.kill(worker, signal.SIGCONT)
        p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=60)
        self.assertGreater(lost, 0)
        self.assertEqual((p.returncode, json.loads(out)["kernel_dropped_packets"]), (0, lost), errors)
        self.assertIn(f"{lost} datagrams", errors.decode())
        found = {f["kind"]: f["asset"]["name"] for f in self.world.run("findings", "--json").json["items"]}
        self.assertEqual(found.get("flow.exporter-templates"), "127.0.0.6")

    def collected(self, port, packets):
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "collect", "--json", "--udp", f"127.0.0.1:{port}"], env=self.world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.kill)
        while f":{port:04X} " not in pathlib.Path("/proc/net/udp").read_text():
            time.sleep(0.02)
        for address, packet in packets:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((address, 0))
                s.sendto(packet, ("127.0.0.1", port))
        time.sleep(0.5)
        p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=30)
        self.assertEqual(p.returncode, 0, errors)
        return json.loads(out)

    def test_a_number_is_in_the_register_before_flows_say_it(self):
        """Else a kill in the middle of an import gives it to another one: without a register no flow is written."""
        head, flows = struct.pack(">HHIIIIBBH", 5, 30, 10000, START, 0, 0, 0, 1, 0), random.Random(1)
        packets = [(START, wire.ip4("192.0.2.1", "192.0.2.200", 17, wire.udp(3000, 2055, head + b"".join(
            flows.randbytes(12) + struct.pack(">HHIIIIHHBBBBHHBBH", 3, 4, 7, 4200, 5000, 9000, 1234, 81, 0, 0x1b, 6, 0, 1, 2, 24, 24, 0)
            for _ in range(30))))) for _ in range(8000)]
        big = wire.pcap(self.world.dir / "big.pcap", packets)
        (self.world.home / "flow" / "exporter-numbers").mkdir(parents=True)  # no file can take its place
        self.assertIn("writing failed", self.flow("import", big, code=3).errors)
        self.assertEqual(list((self.world.home / "flow").glob("flows-*")), [])

    def test_a_register_that_is_full_costs_no_flows(self):
        register = self.world.home / "flow" / "exporter-numbers"
        register.parent.mkdir(parents=True)
        register.write_text("".join(f"{i + 1} 5 256 10.0.{i >> 8}.{i & 255}\n" for i in range(65536)))
        one = self.capture("one.pcap", ("192.0.2.1", 1, 81))
        done = self.flow("top", "--json", "--by", "exporter", "--from", one)
        self.assertEqual([r["exporter"] for r in done.json["rows"]], ["0"])
        self.assertIn("no number left", done.errors)

    def test_a_store_of_before_the_register(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.collected(port, [("127.0.0.1", self.v5(1, 86)), ("127.0.0.5", self.v5(1, 87))])
        (self.world.home / "flow" / "exporter-numbers").unlink()
        one = self.capture("one.pcap", ("192.0.2.1", 1, 81))
        self.assertEqual(self.numbers(self.flow("import", "--json", one).json), {("192.0.2.1", 1): 3})
        self.assertEqual(self.ports("exporter", "ip", "127.0.0.5"), ["87"])

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
