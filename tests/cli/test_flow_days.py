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

    def answers(self, log, path, over_tcp=False):
        """The answers that a dns.log tells of, as packets of the name server."""
        import ipaddress
        import struct
        types, codes = {"A": 1, "AAAA": 28, "PTR": 12}, {"NOERROR": 0, "NXDOMAIN": 3, "SERVFAIL": 2}
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
            for line in log.read_text(encoding="ascii").splitlines():
                if line.startswith("#"):
                    continue
                at, src, sport, dst, _, _, query, kind, code, found, ttls = line.split("\t")
                question = b"".join(bytes([len(p)]) + p.encode() for p in query.split(".")) + b"\0" + struct.pack(">HH", types.get(kind, 65), 1)
                records = b""
                pairs = [(a, t) for a, t in zip(found.split(","), ttls.split(",")) if a != "-"]
                for address, ttl in pairs:
                    try:
                        ip = ipaddress.ip_address(address).packed
                        head = 1 if len(ip) == 4 else 28
                    except ValueError:  # a name before the addresses
                        ip, head = b"".join(bytes([len(p)]) + p.encode() for p in address.split(".")) + b"\0", 5
                    records += b"\xc0\x0c" + struct.pack(">HHIH", head, 1, int(float(ttl)), len(ip)) + ip
                dns = struct.pack(">HHHHHH", 7, 0x8180 | codes[code], 1, len(pairs), 0, 0) + question + records
                if over_tcp:
                    body = struct.pack(">HHIIBBHHH", 53, int(sport), 1, 1, 0x50, 0x18, 1000, 0, 0) + struct.pack(">H", len(dns)) + dns
                else:
                    body = struct.pack(">HHHH", 53, int(sport), 8 + len(dns), 0) + dns
                packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 6 if over_tcp else 17, 0,
                                     ipaddress.ip_address(dst).packed, ipaddress.ip_address(src).packed) + body
                second, part = at.split(".")
                out.write(struct.pack("<IIII", int(second), int(part), len(packet), len(packet)) + packet)

    def test_names_of_packets(self):
        def found(doc):
            return {(s["kind"], s["host"], s["evidence"]["flows"], s["evidence"]["failed"]) for s in doc["suspects"]
                    if s["kind"] in ("fast-flux", "made-up-names") and s["alert"]}

        for name in [n for n in flowdays.NAMED if "json" not in n]:
            flowdays.make(name, self.world.dir)
            conn, log = self.world.dir / f"{name}.log", self.world.dir / f"{name}.dns.log"
            if log.read_text(encoding="ascii").startswith("{"):
                continue
            want = self.replay(conn, log)
            for over_tcp in (False, True):
                packets = self.world.dir / f"{name}-{over_tcp}.pcap"
                self.answers(log, packets, over_tcp)
                doc = self.replay(conn, packets)
                asked = sum(i["names"] for i in want["inputs"])
                self.assertEqual([(i["names"], i["malformed"]) for i in doc["inputs"] if i["kind"] == "capture"], [(asked, 0)], name)
                self.assertEqual(found(doc), found(want), name)
                packets.unlink()


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
