#!/usr/bin/env python3
"""hinomi telescope against a slow, simple engine of its own, on random captures; IPv6, carpets, countries, bots by day."""
import collections
import datetime
import importlib.machinery
import importlib.util
import ipaddress
import pathlib
import random
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

START = 1700006400  # a whole day: 00:00 UTC
IDLE = 600
DARK = 0x0A420000


def loaded(path):
    """A tool without an extension, as a module."""
    loader = importlib.machinery.SourceFileLoader(path.name.replace("-", "_"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Packet:
    """kind: class of the packet as the telescope calls it."""

    def __init__(self, at, src, dst, kind, sport, dport, seq=7):
        self.at, self.src, self.dst, self.kind, self.sport, self.dport, self.seq = at, src, dst, kind, sport, dport, seq
        self.proto = {"udp": 17, "icmp-echo": 1}.get(kind, 6)

    def transport(self):
        if self.proto == 17:
            return struct.pack(">HHHH", self.sport, self.dport, 12, 0) + b"abcd"
        if self.proto == 1:
            return struct.pack(">BBHHH", 8, 0, 0, 1, 1)
        flags = {"tcp-syn": 2, "tcp-syn-ack": 18, "tcp-rst": 4, "tcp-ack": 16}[self.kind]
        return struct.pack(">HHIIBBHHH", self.sport, self.dport, self.seq, 0, 0x50, flags, 1000, 0, 0)

    def frame(self):
        body = self.transport()
        if self.src > 0xFFFFFFFF:
            ip = struct.pack(">IHBB", 6 << 28, len(body), self.proto, 50) + self.src.to_bytes(16, "big") + self.dst.to_bytes(16, "big")
            return b"\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd" + ip + body
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(body), 9, 0, 50, self.proto, 0, self.src, self.dst)
        return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + body


def capture(path, packets):
    out = bytearray(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for p in packets:
        body = p.frame()
        out += struct.pack("<IIII", int(p.at), int(p.at % 1 * 1e6), len(body), len(body)) + body
    path.write_bytes(out)
    return path


class Reference:
    """Everything is kept and counted with dictionaries."""

    def __init__(self, packets):
        self.packets, self.ports, self.port_sources = 0, collections.Counter(), collections.defaultdict(set)
        self.hours, self.hour_sources = collections.Counter(), collections.defaultdict(set)
        self.classes, self.events, self.last = collections.Counter(), collections.Counter(), {}
        self.days, self.sources, self.mirai = collections.defaultdict(set), set(), [0, set()]
        for p in packets:
            self.take(p)

    def take(self, p):
        at, port = int(p.at), 8 if p.proto == 1 else p.dport
        self.packets += 1
        self.sources.add(p.src)
        self.ports[p.proto, port] += 1
        self.port_sources[p.proto, port].add(p.src)
        self.hours[at // 3600] += 1
        self.hour_sources[at // 3600].add(p.src)
        self.days[at // 86400].add(p.src)
        self.classes[p.kind] += 1
        answers = p.kind in ("tcp-syn-ack", "tcp-rst")
        key = p.src, p.sport if answers else port, p.kind
        if key not in self.last or at - self.last[key] > IDLE:
            self.events[p.kind] += 1
        self.last[key] = at
        if p.kind == "tcp-syn" and p.seq == p.dst:
            self.mirai[0] += 1
            self.mirai[1].add(p.src)

    def document(self):
        seen, days = set(), []
        for day in sorted(self.days):
            days.append((iso(day * 86400), len(self.days[day]), len(self.days[day] & seen)))
            seen |= self.days[day]
        name = {6: "tcp", 17: "udp", 1: "icmp"}
        return {
            "packets": self.packets,
            "sources": len(self.sources),
            "ports": {(name[k[0]], k[1]): (n, len(self.port_sources[k])) for k, n in self.ports.items()},
            "hours": [(iso(h * 3600), self.hours[h], len(self.hour_sources[h])) for h in sorted(self.hours)],
            "classes": {k: (n, self.events[k]) for k, n in self.classes.items()},
            "days": days,
            "mirai": (self.mirai[0], len(self.mirai[1])),
        }


def told(doc):
    tools = {f["name"]: (f["packets"], f["sources"]) for f in doc["fingerprints"]}
    return {
        "packets": doc["packets"],
        "sources": doc["sources"],
        "ports": {(p["proto"], p.get("port", p.get("type"))): (p["packets"], p["sources"]) for p in doc["ports"]},
        "hours": [(h["hour"], h["packets"], h["sources"]) for h in doc["hours"]],
        "classes": {c["name"]: (c["packets"], c["events"]) for c in doc["classes"]},
        "days": [(d["day"], d["sources"], d["returning"]) for d in doc["days"]],
        "mirai": tools.get("mirai", (0, 0)),
    }


def chance(r, n, days):
    """Sources that come back, some only once; ports that many share; every class that one packet tells."""
    kinds = ("tcp-syn", "tcp-syn", "tcp-syn", "tcp-syn-ack", "tcp-rst", "tcp-ack", "udp", "icmp-echo")
    few = [r.randrange(0x0B000000, 0xDF000000) for _ in range(60)]
    times = sorted(START + r.random() * days * 86400 for _ in range(n))
    for at in times:
        src = r.choice(few) if r.random() < 0.8 else r.randrange(0x0B000000, 0xDF000000)
        dst, kind = DARK | r.randrange(65536), r.choice(kinds)
        dport = r.choice((23, 80, 8080, 6379)) if r.random() < 0.9 else r.randrange(20000, 65536)
        seq = dst if src % 3 == 0 else r.randrange(1 << 31)
        yield Packet(at, src, dst, kind, r.choice((2000, 3000)), dport, seq)


class Truth(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def replay(self, *args, code=0):
        done = self.world.run("telescope", "replay", "--json", *args)
        self.assertEqual(done.code, code, done.errors)
        return done.json

    # ---- the simple engine

    def test_random_captures_as_the_simple_engine_counts_them(self):
        for seed in range(6):
            packets = list(chance(random.Random(seed), 6000, 1 + seed))
            path = capture(self.world.dir / "a.pcap", packets)
            expected = Reference(packets).document()
            for threads in ("1", "2"):
                self.assertEqual(told(self.replay("--threads", threads, path)), expected, f"seed {seed}, {threads} threads")

    # ---- IPv6

    def test_an_ipv6_telescope(self):
        dark, r = int(ipaddress.ip_address("2001:db8:66::")), random.Random(3)
        sources = [int(ipaddress.ip_address("2001:db8:1::")) + (i << 64) + 5 for i in range(40)]
        packets = [Packet(START + i, sources[i % 40], dark + r.randrange(1 << 80), "tcp-syn", 2000, 23) for i in range(800)]
        packets += [Packet(START + 900 + i, sources[0], dark - (1 << 90), "tcp-syn", 2000, 23) for i in range(7)]
        (self.world.dir / "members.txt").write_text("2001:db8:1:3::/64, Town, soc@example.org\n")
        path = capture(self.world.dir / "a.pcap", packets)
        doc = self.replay("--prefix", "2001:db8:66::/48", "--members", self.world.dir / "members.txt", path, code=1)
        self.assertEqual((doc["packets"], doc["sources"], doc["input"]["elsewhere"]), (800, 40, 7))
        self.assertEqual([(p["proto"], p["port"], p["sources"]) for p in doc["ports"]], [("tcp", 23, 40)])
        self.assertEqual([(m["member"], m["address"], m["packets"]) for m in doc["members"]], [("Town", "2001:db8:1:3::5", 20)])
        self.assertEqual({s["address"] for s in doc["top_sources"]}, {str(ipaddress.ip_address(s)) for s in sources})
        self.assertEqual(doc["fingerprints"], [])

    # ---- carpets

    def test_carpet_bombing_is_seen_where_no_address_alone_is_a_victim(self):
        def answers(addresses):
            return [Packet(START + minute * 60 + a + k, 0xC6336400 + a, DARK + k * 100 + a, "tcp-syn-ack", 443, 3000 + a)
                    for minute in range(4) for a in range(addresses) for k in range(5)]

        for addresses, carpets in ((16, [("198.51.100.0/24", 16, 320)]), (5, [])):
            packets = sorted(answers(addresses), key=lambda p: p.at)
            doc = self.replay("--prefix", "10.66.0.0/16", capture(self.world.dir / "a.pcap", packets))
            self.assertEqual([(c["network"], c["addresses"], c["packets"]) for c in doc["carpets"]], carpets)
            self.assertEqual(doc["victims"], [])

    # ---- bots by day

    def test_bots_by_day_new_and_returning(self):
        """Each day a hundred bots, of which thirty are new; each speaks at least once a day."""
        r, packets = random.Random(8), []
        for day in range(5):
            for bot in range(day * 30, day * 30 + 100):
                for _ in range(r.randrange(1, 4)):
                    dst = DARK | r.randrange(65536)
                    packets.append(Packet(START + day * 86400 + r.randrange(86400), 0x0B000000 + bot * 7919, dst, "tcp-syn", 2000, 23, dst))
        packets.sort(key=lambda p: p.at)
        doc = self.replay(capture(self.world.dir / "a.pcap", packets))
        mirai = [next(f for f in d["fingerprints"] if f["name"] == "mirai") for d in doc["days"]]
        self.assertEqual([(m["sources"], m["returning"]) for m in mirai], [(100, 0)] + [(100, 70)] * 4)

    # ---- countries

    ROWS = ("192.0.2.0/24,JP,64500,Example Net", "198.51.100.0/24,DE,64501,Beispiel", "198.51.100.64/26,FR,64502,Exemple",
            "2001:db8::/32,US,64503,Documentation")
    WHERE = {"192.0.2.9": ("JP", 64500), "198.51.100.9": ("DE", 64501), "198.51.100.70": ("FR", 64502), "203.0.113.9": (None, None)}

    def packets(self, addresses):
        return [Packet(START + i, int(ipaddress.ip_address(a)), DARK if ":" not in a else 1 << 120, "tcp-syn", 2000, 23)
                for i, a in enumerate(sorted(addresses))]

    def check_places(self, doc, where):
        self.assertEqual({s["address"]: (s["country"], s["asn"]) for s in doc["top_sources"]}, where)
        self.assertEqual({(c["country"], c["sources"], c["packets"]) for c in doc["countries"]}, {(c, 1, 1) for c, _ in where.values()})
        self.assertEqual({n["asn"] for n in doc["networks"]}, {n for _, n in where.values()})

    def test_countries_and_networks_from_a_database(self):
        made = loaded(hinomi.TOP / "tools" / "generate-mmdb")
        db = self.world.dir / "made.mmdb"
        for bits in (24, 28, 32):
            for version in (4, 6):
                where = dict(self.WHERE) | ({"2001:db8::1": ("US", 64503)} if version == 6 else {})
                db.write_bytes(made.write(self.ROWS if version == 6 else self.ROWS[:3], bits, version))
                doc = self.replay("--geo", db, capture(self.world.dir / "a.pcap", self.packets(where)))
                self.check_places(doc, where)
                self.assertIn("Beispiel", {n["organisation"] for n in doc["networks"]})

    def test_own_lists_come_before_databases(self):
        made = loaded(hinomi.TOP / "tools" / "generate-mmdb")
        (self.world.dir / "made.mmdb").write_bytes(made.write(self.ROWS))
        (self.world.dir / "own.txt").write_text("192.0.2.0/24,NL,AS64510 Eigen Net\n203.0.113.0/24,IT,AS64511\n")
        path = capture(self.world.dir / "a.pcap", self.packets(self.WHERE))
        doc = self.replay("--geo", self.world.dir / "made.mmdb", "--geo", self.world.dir / "own.txt", path)
        self.check_places(doc, self.WHERE | {"192.0.2.9": ("NL", 64510), "203.0.113.9": ("IT", 64511)})
        self.assertIn("Eigen Net", {n["organisation"] for n in doc["networks"]})
        self.assertIn("Countries", self.world.run("telescope", "replay", "--geo", self.world.dir / "own.txt", path).text)

    def test_a_damaged_database_is_refused(self):
        made = loaded(hinomi.TOP / "tools" / "generate-mmdb").write(self.ROWS)
        path, db = capture(self.world.dir / "a.pcap", self.packets(self.WHERE)), self.world.dir / "made.mmdb"
        for damaged in (made[:-5], made[200:], b"\0" * 64):
            db.write_bytes(damaged)
            done = self.world.run("telescope", "replay", "--json", "--geo", db, path)
            self.assertEqual(done.code, 3)
            self.assertIn("made.mmdb", done.errors)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
