#!/usr/bin/env python3
"""hinomi flow: made-up traffic with known truth through the real program, and real captures where they are at hand."""
import datetime
import os
import pathlib
import random
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

START = 1700000000
DATA = pathlib.Path(os.environ.get("HINOMI_TEST_DATA", hinomi.TOP / "../shared/data")) / "net" / "dev"
HEADER = "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes"


class Traffic:
    """A Zeek log in the making; the same every time."""

    def __init__(self):
        self.rows, self.random = [], random.Random(7)

    def add(self, at, src, dst, to, size, back, state="SF", proto="tcp", service="-", duration=0.2, port=None):
        port = port or self.random.randrange(32768, 61000)
        self.rows.append((at, f"{START + at:.6f}\t{src}\t{port}\t{dst}\t{to}\t{proto}\t{service}\t{duration}\t"
                              f"{state}\t4\t{size}\t{4 if back else 0}\t{back}"))

    def people(self, host, hours=8):
        """Pages read in bursts, at random times, of all sizes."""
        for _ in range(40 * hours):
            at = self.random.uniform(0, hours * 3600)
            server = f"198.51.100.{self.random.randrange(1, 40)}"
            for _ in range(self.random.randrange(1, 8)):
                self.add(at, host, server, 443, self.random.randrange(300, 9000), self.random.randrange(500, 900000), service="ssl")
                at += self.random.expovariate(0.5)
        for i in range(60 * hours):
            self.add(i * 60 + self.random.random(), host, "192.168.7.1", 53, 70, 150, proto="udp", service="dns")
        for i in range(4 * hours):
            self.add(i * 900, host, "203.0.113.123", 123, 76, 76, proto="udp", service="ntp")

    def beacon(self, host, peer, every, jitter=0.0, lost=0.0, hours=8, port=443, dead=False, size=420):
        at = 100.0
        while at < hours * 3600:
            if self.random.random() >= lost:
                self.add(at, host, peer, port, 180 if dead else size, 0 if dead else 800, "S0" if dead else "SF")
            at += every * (1 + self.random.uniform(-jitter, jitter))

    def write(self, path):
        self.rows.sort()
        path.write_text("\n".join(["#separator \\x09", "#path\tconn", HEADER] + [r for _, r in self.rows]) + "\n")
        return path


class Flow(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def replay(self, *args, code=None):
        done = self.world.run("flow", "replay", "--json", *args)
        self.assertIn(done.code, (0, 1) if code is None else (code,), done.errors)
        return done.json

    def alerts(self, doc):
        return [(s["host"], s["peer"], s["port"]) for s in doc["suspects"] if s["alert"]]

    def traffic(self):
        t = Traffic()
        for i in range(10, 14):
            t.people(f"192.168.7.{i}")
        return t

    # ---- channels

    def test_people_and_clocks_raise_nothing(self):
        doc = self.replay(self.traffic().write(self.world.dir / "conn.log"), code=0)
        self.assertEqual(self.alerts(doc), [])
        self.assertGreater(doc["peeled"]["role"], 0)

    def check_channel(self, **how):
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", **how)
        doc = self.replay(t.write(self.world.dir / "conn.log"), code=1)
        first = doc["suspects"][0]
        self.assertEqual((first["host"], first["peer"]), ("192.168.7.12", "203.0.113.66"))
        self.assertEqual(len(self.alerts(doc)), 1)
        self.assertTrue(first["sentence"]["ja"] and first["benign_if"]["en"] and first["technique"].startswith("T"))
        return first

    def test_beacon(self):
        first = self.check_channel(every=60)
        self.assertAlmostEqual(first["evidence"]["interval_seconds"], 60, delta=1)
        self.assertEqual(sum(first["evidence"]["intervals"]), first["evidence"]["contacts"] - 1)

    def test_in_whatever_order_the_records_come(self):
        """Logs are sorted by when flows ended, files are given in any order, and one-way records wait for their answer."""
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=300)
        log = t.write(self.world.dir / "conn.log")
        lines = log.read_text().splitlines()
        head, rows = [r for r in lines if r.startswith("#")], [r for r in lines if not r.startswith("#")]
        told = lambda *files: [(s["host"], s["peer"], round(s["score"], 2), s["evidence"]["contacts"], s["evidence"]["first"], s["evidence"]["last"])
                               for s in self.replay(*files)["suspects"] if s["alert"]]
        want = told(log)
        self.assertEqual([w[:2] for w in want], [("192.168.7.12", "203.0.113.66")])
        other = self.world.dir / "other.log"
        for order in (rows[::-1], random.Random(3).sample(rows, len(rows))):
            other.write_text("\n".join([*head, *order]) + "\n")
            self.assertEqual(told(other), want)
        late, early = self.world.dir / "a.log", self.world.dir / "b.log"
        late.write_text("\n".join([*head, *rows[len(rows) // 2:]]) + "\n")
        early.write_text("\n".join([*head, *rows[:len(rows) // 2]]) + "\n")
        self.assertEqual(told(late, early), want)

    def test_beacon_with_jitter(self):
        self.check_channel(every=120, jitter=0.4)

    def test_beacon_with_lost_contacts(self):
        self.check_channel(every=60, jitter=0.02, lost=0.35)

    def test_server_that_was_taken_down(self):
        first = self.check_channel(every=45, jitter=0.1, dead=True, port=8081)
        self.assertIn("retries", [t["name"] for t in first["evidence"]["terms"]])

    def test_sleep_that_changes(self):
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=30, hours=3)
        for row in range(60):
            t.add(3 * 3600 + row * 300, "192.168.7.12", "203.0.113.66", 443, 420, 800)
        doc = self.replay(t.write(self.world.dir / "conn.log"))
        self.assertEqual((doc["suspects"][0]["host"], doc["suspects"][0]["peer"]), ("192.168.7.12", "203.0.113.66"))

    def test_channel_among_louder_things(self):
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=60, jitter=0.2)
        for i in range(3000):  # an inside host scans, an outside one knocks, a third guesses passwords
            t.add(i * 0.2, "192.168.7.13", f"198.18.{i // 250}.{i % 250 + 1}", 23, 60, 0, "S0")
            t.add(i * 9, "203.0.113.9", "192.168.7.10", 3306, 60, 40, "REJ")
            t.add(i * 9 + 1, "203.0.113.10", "192.168.7.10", 22, 2000, 1900)
        doc = self.replay(t.write(self.world.dir / "conn.log"), code=1)
        beacons = [s for s in doc["suspects"] if s["kind"] == "beacon"]
        self.assertEqual(beacons[0]["peer"], "203.0.113.66")
        self.assertEqual({(s["kind"], s["host"], s["port"]) for s in doc["suspects"] if s["alert"]},
                         {("beacon", "192.168.7.12", 443), ("scan", "192.168.7.13", 23)})

    def test_thinned_records_are_said_to_hide_beacons(self):
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=60)
        doc = self.replay("--thin", "1000", t.write(self.world.dir / "conn.log"))
        self.assertFalse(doc["beacons_visible"])
        self.assertEqual(doc["sampling_most"], 1000)

    # ---- what hosts do to others

    def kinds(self, t):
        doc = self.replay(t.write(self.world.dir / "conn.log"))
        return {(s["kind"], s["host"]) for s in doc["suspects"] if s["alert"]}, doc

    def test_acts_have_kinds_of_their_own(self):
        t = self.traffic()
        for i in range(60):
            t.add(3000 + i * 2, "192.168.7.11", f"192.168.7.{i + 100}", 445, 200, 200 if i % 3 else 0, "SF" if i % 3 else "S0")
            t.add(4000 + i * 9, "192.168.7.12", f"203.0.{i}.25", 25, 4000, 600)
        for i in range(4000):
            t.add(9000 + i * 0.01, "192.168.7.13", "203.0.113.80", 80, 60, 0, "S0")
        found, doc = self.kinds(t)
        self.assertEqual(found, {("lateral", "192.168.7.11"), ("spam", "192.168.7.12"), ("flood", "192.168.7.13")})
        self.assertTrue(all(s["benign_if"]["ja"] and s["sentence"]["ja"] for s in doc["suspects"]))

    def test_one_held_connection_of_a_host_that_scans(self):
        t = self.traffic()
        t.add(50, "192.168.7.13", "203.0.113.66", 48101, 900, 700, duration=25000)
        for i in range(900):
            t.add(600 + i * 3, "192.168.7.13", f"203.{i // 250}.{i % 250}.7", 23, 60, 0, "S0")
        found, doc = self.kinds(t)
        self.assertEqual(found, {("beacon", "192.168.7.13"), ("scan", "192.168.7.13")})
        self.assertEqual(doc["suspects"][0]["peer"], "203.0.113.66")

    def test_scans_of_high_ports_do_not_hide_their_commander(self):
        t = self.traffic()
        t.beacon("192.168.7.13", "203.0.113.66", every=70, jitter=0.2, port=48101)
        for i in range(900):
            t.add(600 + i * 3, "192.168.7.13", f"203.{i // 250}.{i % 250}.7", (37215, 52869)[i % 2], 60, 0, "S0")
        found, doc = self.kinds(t)
        self.assertEqual(found, {("beacon", "192.168.7.13"), ("scan", "192.168.7.13")})
        self.assertEqual(doc["suspects"][0]["peer"], "203.0.113.66")

    def test_pieces_of_one_connection_are_no_beacon(self):
        t = self.traffic()
        for i in range(400):  # told once a minute by the exporter, as regular as its timer
            t.add(100 + i * 60, "192.168.7.13", "203.0.113.66", 9443, 4200, 4200, duration=60, port=51515)
        found, doc = self.kinds(t)
        self.assertEqual(found, set())
        pair = next(s for s in doc["suspects"] if s["peer"] == "203.0.113.66")
        self.assertEqual(pair["evidence"]["flows"], 1)
        self.assertGreater(pair["evidence"]["longest_seconds"], 20000)

    def test_public_addresses_of_ours_are_learnt(self):
        t = self.traffic()
        for k in range(20, 60):
            t.add(k * 100, f"198.51.100.{k}", f"203.0.113.{k}", 443, 500, 9000)
        t.beacon("198.51.100.30", "45.45.45.45", every=60, port=8444)
        self.assertIn(("beacon", "198.51.100.30"), self.kinds(t)[0])

    # ---- what people say

    def test_an_alert_is_judged_and_the_judgement_revoked(self):
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=60)
        t.beacon("192.168.7.13", "203.0.113.66", every=60, jitter=0.1)
        log = t.write(self.world.dir / "conn.log")
        before = {s["host"]: s for s in self.replay(log)["suspects"] if s["peer"] == "203.0.113.66"}
        alert = before["192.168.7.12"]["id"]
        self.flow("judge", alert, "benign", "--reason", "monitoring of\tthe shop")
        after = {s["host"]: s for s in self.replay(log)["suspects"] if s["peer"] == "203.0.113.66"}
        self.assertFalse(after["192.168.7.12"]["alert"])
        self.assertEqual(after["192.168.7.12"]["judged_because"], "monitoring of the shop")
        self.assertLess(after["192.168.7.13"]["score"], before["192.168.7.13"]["score"])  # the same peer: half as far
        self.assertEqual([o["holds"] for o in self.flow("judge", "list", "--json").json["opinions"]], [True])
        self.flow("judge", alert, "revoke")
        again = {s["host"]: s for s in self.replay(log)["suspects"] if s["peer"] == "203.0.113.66"}
        self.assertEqual(again["192.168.7.12"]["score"], before["192.168.7.12"]["score"])
        self.assertEqual(again["192.168.7.13"]["score"], before["192.168.7.13"]["score"])  # of the peer too
        self.assertEqual(self.flow("judge", "list").text, "")
        self.flow("judge", alert, "benign", code=2)  # without a reason
        listed = self.world.dir / "listed"  # however strong the evidence is
        listed.write_text("203.0.113.66\n")
        self.flow("intel", "add", "listed", "--from", listed)
        of = lambda: next(s for s in self.replay(log)["suspects"] if s["host"] == "192.168.7.12" and s["peer"] == "203.0.113.66")
        strong = of()
        self.assertGreater(strong["score"], 0.995)
        self.flow("judge", strong["id"], "benign", "--reason", "ours")
        self.assertFalse(of()["alert"])
        self.flow("judge", strong["id"], "revoke")
        self.assertEqual(of()["score"], strong["score"])
        self.flow("judge", "nonsense", "benign", "--reason", "x", code=2)

    def test_indicators_now_and_afterwards(self):
        t = self.traffic()
        t.add(100, "192.168.7.12", "203.0.113.200", 8081, 300, 300)
        t.add(200, "203.0.113.9", "192.168.7.12", 80, 300, 200)
        log = t.write(self.world.dir / "conn.log")
        feed = self.world.dir / "feed.csv"
        feed.write_text('# a feed\n"ip","port","what"\n"203.0.113.192/28","8081","loader"\n203.0.113.9,,scanner\nevil.example,,x\n')
        self.assertEqual(self.alerts(self.replay(log)), [])
        self.flow("import", log)
        doc = self.flow("intel", "add", "feed", "--from", feed, "--json", code=1).json  # what is stored is looked through
        self.assertEqual(self.alerts(doc), [("192.168.7.12", "203.0.113.200", 8081)])
        hit = doc["suspects"][0]
        self.assertEqual((hit["kind"], hit["list"], hit["indicator"]), ("intel", "feed", "loader"))
        self.assertEqual([s["alert"] for s in doc["suspects"] if s["peer"] == "203.0.113.9"], [False])  # it only knocked
        self.assertEqual(self.alerts(self.replay(log)), self.alerts(doc))
        self.assertEqual(self.flow("intel", "list", "--json").json["lists"],
                         [{"name": "feed", "indicators": 2, "not_matchable": 1}])
        self.flow("intel", "remove", "feed")
        self.assertEqual(self.alerts(self.replay(log)), [])
        feed.write_text("203.0.113.200\n")  # a plain list: the sentence names what stands in it
        plain = self.flow("intel", "add", "plain", "--from", feed, "--json", code=1).json["suspects"][0]
        self.assertIn("(203.0.113.200)", plain["sentence"]["en"])
        self.flow("intel", "remove", "plain")
        self.flow("intel", "remove", "feed", code=3)
        self.flow("intel", "add", "feed", code=2)

    # ---- fingerprints of TLS

    JA4, JA3 = "t13d1516h2_8daaf6152771_e5627efa2ab1", "e7d705a3286e19ea42f587b344ee6865"

    def zeek_with_prints(self, packed=False):
        """conn.log and ssl.log as two files of a folder, in which conn.log comes first; the third host has no print."""
        import gzip
        folder = self.world.dir / "zeek"
        folder.mkdir()
        t = self.traffic()
        for i in range(3):
            for k in range(4):
                t.add(500 + 3000 * k + 700 * i, f"192.168.7.{11 + i}", f"203.0.113.{150 + i}", 443, 900, 4000, service="ssl", port=50000 + i)
        rows = [(at, r.split("\t")) for at, r in sorted(t.rows)]
        conn, ssl = ["#separator \\x09", "#path\tconn", HEADER.replace("\tts\t", "\tts\tuid\t")], []
        ssl = ["#separator \\x09", "#path\tssl", "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tja3\tja4"]
        for n, (_, r) in enumerate(rows):
            conn.append("\t".join([r[0], f"C{n}", *r[1:]]))
            if r[3] in ("203.0.113.150", "203.0.113.151"):
                ja3, ja4 = ("-", self.JA4) if r[3].endswith("150") else (self.JA3, "-")
                ssl.append("\t".join([r[0], f"C{n}", *r[1:5], "TLSv13", ja3, ja4]))
        name, pack = ("conn.log.gz", gzip.compress) if packed else ("conn.log", bytes)
        (folder / name).write_bytes(pack("\n".join(conn + [""]).encode()))
        (folder / "ssl.log").write_text("\n".join(ssl + [""]))
        return folder

    def check_print_alerts(self, doc):
        found = {s["host"]: s for s in doc["suspects"] if s["alert"]}
        self.assertEqual(set(found), {"192.168.7.11", "192.168.7.12"})
        first, second = found["192.168.7.11"], found["192.168.7.12"]
        self.assertEqual((first["kind"], first["list"], first["indicator"], first["fingerprint"], first["fingerprint_flows"]),
                         ("intel", "c2", "sliver", "ja4 " + self.JA4, 4))
        self.assertEqual((second["fingerprint"], second["technique"]), ("ja3 " + self.JA3, "T1573"))
        for lang in ("en", "ja"):
            for word in (self.JA4, "c2", "sliver", "203.0.113.150"):
                self.assertIn(word, first["sentence"][lang])
            self.assertIn("JA4", first["benign_if"][lang])
        self.assertEqual(first["evidence"]["flows"], 4)

    def indicators(self):
        feed = self.world.dir / "c2.csv"
        feed.write_text(f"# ja3_md5,first,what\n{self.JA3.upper()},2025-01-01,loader\nja4:{self.JA4},sliver\nja3s:{self.JA3[::-1]},x\nevil.example,x\n")
        return feed

    def test_fingerprints_of_ssl_log_now_and_afterwards(self):
        folder = self.zeek_with_prints()
        self.assertEqual(self.alerts(self.replay(folder)), [])
        self.flow("import", folder)
        listed = self.flow("list", "--json", "ja4", self.JA4).json["items"]
        self.assertEqual({(f["src"], f["dst"], f["ja4"]) for f in listed}, {("192.168.7.11", "203.0.113.150", self.JA4)})
        self.assertEqual(len(listed), 4)
        self.assertEqual(len(self.flow("list", "--json", "--top", "0", f"ja3 {self.JA3} or ja4 {self.JA4}").json["items"]), 8)
        self.assertIn(f"ja3 {self.JA3}", self.flow("list", "--top", "1", "ja3", self.JA3).text)
        self.assertIn("a JA4 such as", self.flow("list", "ja4", "t13", code=2).errors)
        doc = self.flow("intel", "add", "c2", "--from", self.indicators(), "--json", code=1).json  # what is stored is looked through
        self.check_print_alerts(doc)
        self.check_print_alerts(self.replay(folder))
        self.check_print_alerts(self.flow("replay", "--json", "--stored", code=1).json)
        self.assertEqual(self.flow("intel", "list", "--json").json["lists"],
                         [{"name": "c2", "indicators": 3, "not_matchable": 1}])
        kinds = {pathlib.Path(i["name"]).name: i for i in self.replay(folder)["inputs"]}
        self.assertEqual((kinds["ssl.log"]["fingerprints"], kinds["ssl.log"]["flows"], kinds["conn.log"]["fingerprints"]), (8, 0, 8))

    def test_fingerprints_meet_packed_logs_and_become_findings(self):
        folder = self.zeek_with_prints(packed=True)
        self.flow("intel", "add", "c2", "--from", self.indicators())
        self.flow("replay", "--store", folder, code=1)
        rules = {(f["kind"], f["title"]["en"]) for f in self.world.run("findings", "--json").json["items"] if f["kind"].startswith("flow.")}
        self.assertEqual(rules, {("flow.intel-tls", f"192.168.7.{i} opens TLS as a listed program does") for i in (11, 12)})

    def test_fingerprint_and_address(self):
        folder = self.zeek_with_prints()
        feed = self.world.dir / "both.csv"
        feed.write_text(f"203.0.113.150,,server\n{self.JA4},client\n")
        self.flow("intel", "add", "both", "--from", feed)
        first = self.replay(folder)["suspects"][0]
        self.assertEqual((first["indicator"], first["fingerprint"]), ("server", "ja4 " + self.JA4))
        self.assertIn("as well", first["sentence"]["en"])

    def test_a_fingerprint_that_everybody_has_is_no_alert(self):
        t = Traffic()
        for i in range(12):
            for k in range(4):
                t.add(500 + 3000 * k + 100 * i, f"192.168.7.{11 + i}", f"203.0.113.{150 + i}", 443, 900, 4000, service="ssl")
        lines = []
        for n, (_, r) in enumerate(sorted(t.rows)):
            r = r.split("\t")
            print_of = self.JA3 if r[1] != "192.168.7.13" else self.JA3[::-1]
            lines.append(",".join([r[0], r[1], r[2], r[3], r[4], "6", r[10], r[12], print_of]))
        log = self.world.dir / "flows.csv"
        log.write_text("\n".join(["first,src,sport,dst,dport,proto,bytes,dbytes,ja3"] + lines) + "\n")
        feed = self.world.dir / "ja3.csv"
        feed.write_text(f"{self.JA3},common\nja3:{self.JA3[::-1]},rare\n")
        self.flow("intel", "add", "ja3", "--from", feed)
        doc = self.replay("--top", "1000", log)
        self.assertEqual([(s["host"], s["indicator"]) for s in doc["suspects"] if s["alert"]], [("192.168.7.13", "rare")])
        self.assertEqual(sum(s.get("indicator") == "common" for s in doc["suspects"]), 11)

    def tls_capture(self, cut):
        """A connection whose ClientHello comes in segments of `cut` octets, the second before the first."""
        listed = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35]
        kinds = [0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0xd, 5, 0x23, 0x12, 0x2b, 0xff01, 0xb, 0xa, 0x15]
        pack = lambda v: b"".join(struct.pack(">H", x) for x in v)  # noqa: E731
        bodies = {0: b"\0\x0e\0\0\x0bexample.org", 0x10: b"\0\3\2h2", 0x2b: b"\2\3\4", 0xb: b"\1\0", 0xa: b"\0\2\0\x1d",
                  0xd: b"\0\x10" + pack([0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601])}
        more = b"".join(struct.pack(">HH", k, len(bodies.get(k, b""))) + bodies.get(k, b"") for k in kinds)
        body = b"\3\3" + bytes(32) + b"\0" + struct.pack(">H", 30) + pack(listed) + b"\1\0" + struct.pack(">H", len(more)) + more
        hello = b"\x16\3\1" + struct.pack(">H", len(body) + 4) + b"\1\0" + struct.pack(">H", len(body)) + body

        def packet(out, seq, flags, payload=b""):
            a, b = (bytes([192, 168, 7, 11]), bytes([203, 0, 113, 150]))
            src, dst, sp, dp = (a, b, 50000, 443) if out else (b, a, 443, 50000)
            tcp = struct.pack(">HHIIBBHHH", sp, dp, seq, 1, 0x50, flags, 1000, 0, 0) + payload
            return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, src, dst) + tcp

        parts = [(i, hello[i:i + cut]) for i in range(0, len(hello), cut)]
        if len(parts) > 1:
            parts[0], parts[1] = parts[1], parts[0]
        packets = [packet(True, 99, 2), packet(False, 0, 0x12)] + [packet(True, 100 + i, 0x18, p) for i, p in parts]
        path = self.world.dir / f"tls-{cut}.pcap"
        path.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101) + b"".join(
            struct.pack("<IIII", START + i, 0, len(p), len(p)) + p for i, p in enumerate(packets)))
        return path

    def test_fingerprints_of_packets(self):
        for cut in (60, 100, 1400):
            flows = self.flow("list", "--json", "--from", self.tls_capture(cut)).json["items"]
            self.assertEqual([(f["src"], f["ja4"]) for f in flows], [("192.168.7.11", self.JA4)], cut)
            self.assertEqual(len(flows[0]["ja3"]), 32)
        self.flow("intel", "add", "c2", "--from", self.indicators())
        doc = self.flow("replay", "--json", self.tls_capture(60), code=1).json
        self.assertEqual([(s["host"], s["fingerprint"]) for s in doc["suspects"] if s["alert"]], [("192.168.7.11", "ja4 " + self.JA4)])

    # ---- inputs and answers

    def test_kinds_are_told_by_content_and_damage_is_named(self):
        one = Traffic()
        one.add(0, "192.168.7.1", "203.0.113.66", 443, 100, 100)
        log = one.write(self.world.dir / "a.txt")
        import gzip
        packed = self.world.dir / "b"
        packed.write_bytes(gzip.compress(log.read_bytes()))
        v5 = struct.pack(">HHIIIIBBH", 5, 1, 10000, START, 0, 1, 1, 7, 0) + bytes(
            [10, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0]) + struct.pack(">HHIIIIHHBBBBHHBBH", 3, 4, 7, 4200, 5000, 9000, 1234, 80, 0,
                                                                    0x1b, 6, 0, 1, 2, 24, 24, 0)
        raw = self.world.dir / "c"
        raw.write_bytes(v5)
        bad = self.world.dir / "d"
        bad.write_bytes(b"\x00\x01nothing that is known")
        cut = self.world.dir / "e"
        cut.write_bytes(gzip.compress(log.read_bytes() * 50)[:-20])
        done = self.world.run("flow", "replay", "--json", log, packed, raw, bad, cut, self.world.dir / "missing")
        doc = done.json
        kinds = {pathlib.Path(i["name"]).name: i for i in doc["inputs"]}
        self.assertEqual([kinds[k]["kind"] for k in ("a.txt", "b", "c", "d")], ["zeek", "zeek", "export packet", "unknown"])
        self.assertIn("why", kinds["d"])
        self.assertIn("why", kinds["e"])
        self.assertEqual(doc["exporters"][0]["protocol"], "netflow5")
        for word in ("d:", "e:", "missing: No such file"):
            self.assertIn(word, done.errors)
        self.assertEqual(self.world.run("flow", "replay", bad).code, 3)

    def test_a_mapping_that_does_not_fit_is_said(self):
        table = self.world.dir / "own.csv"
        table.write_text("von,nach,an,wie,wann\n192.168.7.1,203.0.113.5,443,6,1700000000\n")
        good = "src=von,dst=nach,dport=an,proto=wie,first=wann"
        done = self.flow("import", "--map", good, "--json", table)
        self.assertEqual((done.json["flows"], done.errors), (1, ""))
        for wrong, says in ((good.replace("an,proto", "hafen,proto"), "a column of --map is not in the header"), (good.replace("dport", "port"), "a field of --map is not known")):
            done = self.flow("import", "--map", wrong, "--json", table)
            self.assertIn(says, done.errors)
            self.assertEqual(done.json["flows"], 1)  # and what does fit is taken
        self.assertIn("no column of times", self.flow("import", "--map", good.replace(",first=wann", ""), table).errors)
        self.assertIn("no line of it is a flow", self.flow("import", "--map", "first=wann", table, code=3).errors)
        self.assertIn("見出しにありません", self.world.run("--lang", "ja", "flow", "import", "--map", good + ",last=x", table).errors)

    def nfdump_file(self, n, pack):
        """n flows as nfcapd 1.7 writes them, ten a block; pack 2: bzip2."""
        import bz2
        blocks, out = [range(i, min(n, i + 10)) for i in range(0, n, 10)], b""
        for block in blocks:
            body = b"".join(
                struct.pack("<HHHHI", 11, 76, 2, 0, 0) +
                struct.pack("<HHQQQQQHHBBBB", 1, 52, 1000 * (START + i), 1000 * (START + i) + 500, 0, 3, 200 + i, 40000 + i, 443, 6, 0x1b, 0, 0) +
                struct.pack("<HHII", 2, 12, 0x0a000001, 0xc0000201) for i in block)
            body = bz2.compress(body) if pack == 2 else body
            out += struct.pack("<IIHH", len(block), len(body), 3, 0) + body
        return struct.pack("<HHIQBBHIQII", 0xa50c, 2, 0, 0, pack, 0, 0, 0, 0, 1 << 20, len(blocks)) + out

    def test_bzip2_inside_and_around(self):
        import bz2
        plain, inside, around, cut = (self.world.dir / n for n in ("p", "i", "a", "c"))
        plain.write_bytes(self.nfdump_file(25, 0))
        inside.write_bytes(self.nfdump_file(25, 2))
        want = self.flow("list", "--json", "--from", plain).text
        self.assertEqual(self.flow("list", "--json", "--from", inside).text, want)
        self.assertEqual(sum(1 for _ in self.flow("list", "--jsonl", "--top", "0", "--from", inside).text.splitlines()), 25)
        # streams in a row, as pbzip2 writes them
        around.write_bytes(bz2.compress(plain.read_bytes()[:500]) + bz2.compress(plain.read_bytes()[500:]))
        self.assertEqual(self.flow("list", "--json", "--from", around).text, want)
        one = Traffic()
        one.people("192.168.7.1", hours=1)
        log = one.write(self.world.dir / "conn.log")
        packed = self.world.dir / "conn.log.bz2"
        packed.write_bytes(bz2.compress(log.read_bytes()))
        self.assertEqual(self.flow("top", "--json", "--from", packed).json, self.flow("top", "--json", "--from", log).json)
        cut.write_bytes(packed.read_bytes()[:-9])
        done = self.world.run("flow", "top", "--lang", "ja", "--from", cut)
        self.assertIn("圧縮データが途中で終わっています", done.errors)
        bad = bytearray(inside.read_bytes())
        bad[-30] ^= 0x40  # of the last block only
        inside.write_bytes(bad)
        done = self.flow("top", "--json", "--from", inside)
        self.assertEqual(done.json["flows"], 20)
        self.assertIn("damaged, or it was cut short", done.errors)  # never silently less
        plain.write_bytes(plain.read_bytes()[:-20])
        self.assertIn("途中で切れています", self.world.run("flow", "import", "--lang", "ja", plain).errors)
        self.assertIn("damaged", self.flow("replay", inside).errors)

    def test_answers_keep_to_their_schemas(self):
        import json
        import jsonschema
        schemas = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "schemas"
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=60)
        log = t.write(self.world.dir / "conn.log")
        jsonschema.validate(self.replay(log), json.loads((schemas / "flow_replay.json").read_text()))
        top = self.world.run("flow", "top", "--json", "--by", "srcip,dstport", "--from", log).json
        jsonschema.validate(top, json.loads((schemas / "flow_top.json").read_text()))
        nf = self.world.dir / "nf"
        nf.write_bytes(self.nfdump_file(25, 0))
        v5 = self.world.dir / "v5"  # one datagram as it was sent: an exporter
        v5.write_bytes(struct.pack(">HHIIIIBBH", 5, 1, 10000, START, 0, 0, 1, 7, 0) + bytes(48))
        done = self.flow("import", "--json", log, nf, v5).json
        self.assertEqual(len(done["exporters"]), 1)
        jsonschema.validate(done, json.loads((schemas / "flow_import.json").read_text()))

    def test_usage(self):
        log = Traffic().write(self.world.dir / "conn.log")
        for wrong in (["--internal", "nonsense"], ["--sampling", "1.2.3.4"], ["--top", "0"], ["--nonsense"]):
            done = self.world.run("flow", "replay", *wrong, log)
            self.assertEqual(done.code, 2, wrong)
            self.assertTrue(done.errors)
        self.assertIn("警告", self.world.run("--lang", "ja", "flow", "replay", log).text)

    def test_alerts_become_findings(self):
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=60)
        self.replay("--store", t.write(self.world.dir / "conn.log"), code=1)
        found = self.world.run("findings", "list", "--json").json["items"]
        self.assertEqual([(f["kind"], f["asset"]["name"]) for f in found], [("flow.beacon", "192.168.7.12")])
        self.assertIn("203.0.113.66", found[0]["title"]["ja"])

    # ---- stored flows

    def flow(self, *args, code=0):
        done = self.world.run("flow", *args)
        self.assertEqual(done.code, code, done.errors)
        return done

    def test_a_clock_that_runs_ahead_keeps_nothing_out_of_the_store(self):
        import time
        t = self.traffic()
        t.beacon("192.168.7.12", "203.0.113.66", every=60)
        t.add(time.time() + 86400 - START, "192.168.7.13", "203.0.113.1", 443, 300, 900)
        done = self.world.run("flow", "replay", "--store", t.write(self.world.dir / "conn.log"))
        self.assertRegex(done.errors, r"\Ahinomi: 1 flows are dated in the future [^\n]*\n\Z")
        self.assertIn("flow.beacon", {f["kind"] for f in self.world.run("findings", "list", "--json").json["items"]})

    def test_kept_and_asked_again(self):
        t = self.traffic()
        log = t.write(self.world.dir / "conn.log")
        rows = [r.split("\t") for _, r in t.rows]
        self.flow("import", log)
        top = self.flow("top", "--json", "--by", "dstport", "--top", "5").json
        self.assertEqual(top["flows"], len(rows))
        ports = {}
        for r in rows:
            ports[r[4]] = ports.get(r[4], 0) + 1
        self.assertEqual({r["dstport"]: r["flows"] for r in top["rows"]}, ports)
        both = self.flow("top", "--json", "--by", "srcip,dstip", "--order", "bytes", "--top", "1", "dst port 443").json
        sums = {}
        for r in rows:
            if r[4] == "443":
                sums[r[1], r[3]] = sums.get((r[1], r[3]), 0) + int(r[10]) + int(r[12])
        best = max(sums, key=sums.get)
        self.assertEqual([(both["rows"][0]["srcip"], both["rows"][0]["dstip"]), both["rows"][0]["bytes"]], [best, sums[best]])
        listed = self.flow("list", "--jsonl", "--top", "0", "src", "host", "192.168.7.11", "and", "udp").text.splitlines()
        self.assertEqual(len(listed), sum(r[1] == "192.168.7.11" and r[5] == "udp" for r in rows))
        line = self.flow("timeline", "--json", "--bin", "3600").json["bins"]
        self.assertEqual(sum(b["flows"] for b in line), len(rows))
        half = START + 4 * 3600
        import datetime
        at = datetime.datetime.fromtimestamp(half, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        early = self.flow("top", "--json", "--until", at).json["flows"]
        late = self.flow("top", "--json", "--since", at).json["flows"]
        self.assertEqual(early, sum(float(r[0]) < half for r in rows))
        self.assertEqual(early + late, len(rows))
        self.assertEqual(self.flow("top", "--json", "--from", log).json["flows"], len(rows))
        self.assertEqual(self.flow("pairs", "--csv", "--top", "1").text.splitlines()[0],
                         "srcip,dstip,dstport,proto,FLOWS,PACKETS,BYTES")

    def test_flows_are_shown_as_users_of_nfdump_know_them(self):
        t = Traffic()
        t.add(100, "192.168.7.12", "203.0.113.200", 443, 300, 900, port=40001)
        t.add(101, "192.168.7.12", "203.0.113.200", 8, 84, 0, "S0", proto="icmp", port=8)
        log = t.write(self.world.dir / "conn.log")
        head, first, second = self.flow("list", "--from", log).text.splitlines()
        self.assertEqual(head.split()[:5], ["FIRST", "DURATION", "PROTO", "SOURCE", "DESTINATION"])
        self.assertEqual(first.split()[2:6], ["tcp", "192.168.7.12:40001", "->", "203.0.113.200:443"])
        self.assertEqual(first.split()[-1], "closed")
        self.assertEqual(second.split()[2], "icmp")
        names, row, _ = (x.split(",") for x in self.flow("list", "--csv", "--from", log).text.splitlines())
        self.assertEqual(len(names), len(row))
        self.assertEqual(dict(zip(names, row))["bytes_back"], "900")
        self.assertIn("tcp  closed", self.flow("top", "--by", "proto,state", "--from", log, "tcp").text)
        self.assertEqual(self.flow("top", "--json", "--by", "proto", "--from", log, "tcp").json["rows"][0]["proto"], "6")

    def test_sampled_counters_as_told_and_scaled(self):
        record = bytes([10, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0]) + struct.pack(
            ">HHIIIIHHBBBBHHBBH", 3, 4, 7, 4200, 5000, 9000, 1234, 80, 0, 0x1b, 6, 0, 1, 2, 24, 24, 0)
        files = []
        for n, sampling in enumerate((0x4000 | 100, 0x4000)):  # one packet in 100, and in 0: never x 0
            files.append(self.world.dir / f"v5-{n}")
            files[-1].write_bytes(struct.pack(">HHIIIIBBH", 5, 1, 10000, START, 0, 1, 1, n, sampling) + record)
        files = [x for f in files for x in ("--from", f)]
        for scaled, want in (([], 14), (["--scaled"], 707)):
            top = self.flow("top", "--json", *scaled, *files).json
            self.assertEqual((top["packets"], top["bytes"]), (want, want * 600))
            self.assertEqual(self.flow("top", "--json", *scaled, "--by", "srcip,dstip,exporter", *files).json["packets"], want)
            bins = self.flow("timeline", "--json", *scaled, *files).json["bins"]
            self.assertEqual(sum(b["packets"] for b in bins), want)

    def test_what_cannot_be_read_is_said(self):
        odd = self.world.dir / "odd.pcap"
        odd.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 187) + struct.pack("<IIII", START, 0, 4, 4) + b"abcd")
        self.assertIn("1 packets of the link layer 187", self.flow("list", "--from", odd, code=3).errors)
        self.assertIn("1 packets of the link layer 187", self.world.run("flow", "replay", odd).errors)
        self.flow("top", "--json", "--from", self.world.dir / "missing", code=3)

    def test_addresses_are_added_up_by_network(self):
        import collections
        import ipaddress
        import random
        r, lines, pairs = random.Random(24), ["src,dst,sport,dport,proto,first,packets,bytes"], []
        for i in range(3000):
            src = f"198.51.{r.randrange(100, 108)}.{r.randrange(256)}" if i % 3 else \
                f"2001:db8:{r.randrange(4):x}:{r.randrange(1 << 16):x}::{r.randrange(1, 1 << 16):x}"
            dst = f"203.0.113.{r.randrange(256)}" if i % 3 else f"2001:db8:ffff::{r.randrange(1, 9):x}"
            pairs.append((src, dst))
            lines.append(f"{src},{dst},{r.randrange(1024, 65536)},{r.choice((53, 443))},17,{START + i},1,100")
        log = self.world.dir / "flows.csv"
        log.write_text("\n".join(lines) + "\n")

        def network(address, four, six):
            version = ipaddress.ip_address(address).version
            bits = four if version == 4 else six
            return str(ipaddress.ip_network(f"{address}/{bits}", strict=False)) if bits else address

        def rows(by, *keys):
            top = self.flow("top", "--json", "--top", "100000", "--by", by, "--from", log).json
            return {tuple(row[k] for k in keys): row["flows"] for row in top["rows"]}

        for by, four, six in (("srcip/24", 24, 0), ("srcip4/22", 22, 0), ("srcip4/32", 32, 0), ("srcip4/1", 1, 0),
                              ("srcip/48", 0, 48), ("srcip6/32", 0, 32), ("srcip6/45", 0, 45), ("srcip6/128", 0, 128),
                              ("srcip4/24,srcip6/48", 24, 48), ("srcip6/60,srcip/23", 23, 60)):
            truth = collections.Counter((network(s, four, six),) for s, _ in pairs)
            self.assertEqual(rows(by, "srcip"), truth, by)
        # one key of numbers, one of octets; the field beside it is left whole
        self.assertEqual(rows("srcip/24,dstip4/25,dstip6/64", "srcip", "dstip"),
                         collections.Counter((network(s, 24, 0), network(d, 25, 64)) for s, d in pairs))
        self.assertEqual(rows("dstip,srcip/16", "dstip", "srcip"),
                         collections.Counter((d, network(s, 16, 0)) for s, d in pairs))
        self.assertEqual(rows("proto,srcip/24,dstip/28,dstport,state,app", "srcip", "dstip").keys(),
                         {(network(s, 24, 0), network(d, 28, 0)) for s, d in pairs})
        self.assertTrue(self.flow("top", "--by", "srcip/24", "--from", log).text.splitlines()[1].startswith("198.51."))
        for wrong in ("srcip/0", "srcip4/33", "srcip/129", "srcip6/", "srcip/x", "dstport/24", "proto4", "srcip4", "/24",
                      "srcip,srcip", "srcip,srcip/24", "srcip/24,srcip", "srcip/24,srcip4/16", "srcip/24/48"):
            self.assertIn("srcip4/24", self.flow("top", "--by", wrong, "--from", log, code=2).errors)

    def test_a_half_written_block_hides_nothing_else(self):
        self.flow("import", self.traffic().write(self.world.dir / "conn.log"))
        n = self.flow("top", "--json").json["flows"]
        self.flow("import", self.traffic().write(self.world.dir / "conn.log"))
        last = sorted((self.world.home / "flow").glob("flows-*"))[-1]
        last.write_bytes(last.read_bytes()[:-7])
        self.assertEqual(self.flow("top", "--json").json["flows"], n)

    def test_filters_that_are_not_understood(self):
        done = self.flow("top", "dst prt 80", code=2)
        self.assertIn("prt 80", done.errors)
        self.flow("top", "--by", "nonsense", code=2)
        self.assertIn("not kept with", self.flow("top", "src mask 24", code=2).errors)
        self.assertIn("何も保存されていません", self.world.run("--lang", "ja", "flow", "top").errors)

    def test_reasons_of_filters_are_in_both_languages(self):
        import re
        source = "".join(f.read_text() for f in (hinomi.TOP / "src/format/flow").glob("filter*.c"))
        texts = (hinomi.TOP / "console/text.yaml").read_text()
        of_flow = (hinomi.TOP / "src/modules/flow/text.yaml").read_text()
        self.assertIn("角括弧", self.world.run("--lang", "ja", "flow", "top", "port in [80").errors)
        reasons = {w for w in re.findall(r'"([^"%]* (?:expected|early|deep|kept|here|this))"', source)}
        self.assertGreater(len(reasons), 15)
        for why in reasons:
            self.assertTrue("flow.why." + re.sub("[^a-z0-9]+", "-", why.lower()) + ":" in of_flow, why)
            self.assertTrue("flows-why." + re.sub("[^a-z0-9]+", "-", why.lower()) + ":" in texts, why)

    # ---- collecting

    def collect(self, port, *more):
        import subprocess
        import time
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "collect", "--json", "--udp", f"127.0.0.1:{port}", *more],
                             env=self.world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.stderr.close)
        self.addCleanup(p.kill)
        for _ in range(500):
            with open("/proc/net/udp", encoding="ascii") as f:
                if f":{port:04X} " in f.read():
                    return p
            time.sleep(0.02)
        self.fail("not listening")

    def stop(self, p):
        import signal
        p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=30)
        self.assertEqual(p.returncode, 0, errors)
        import json
        import jsonschema
        jsonschema.validate(json.loads(out), json.loads((hinomi.TOP / "docs/schemas/flow_collect.json").read_text()))
        return json.loads(out)

    def test_collects_and_remembers_templates(self):
        import socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        head = lambda q: struct.pack(">HHIIII", 9, 1, 60000, START, q, 7)
        fields = struct.pack(">HH10H", 300, 5, 8, 4, 12, 4, 11, 2, 2, 4, 1, 4)
        template = struct.pack(">HH", 0, 4 + len(fields)) + fields
        record = bytes([10, 0, 0, 1, 192, 0, 2, 1]) + struct.pack(">HII", 443, 5, 5000)
        data = struct.pack(">HH", 300, 4 + 20 * len(record)) + record * 20
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            p = self.collect(port)
            s.sendto(head(1) + template, ("127.0.0.1", port))
            for q in range(2, 102):
                s.sendto(head(q) + data, ("127.0.0.1", port))
            import time
            time.sleep(0.5)
            doc = self.stop(p)
            self.assertEqual((doc["packets"], doc["flows"]), (101, 2000))
            p = self.collect(port)  # the template is known from before; five packets were lost meanwhile
            s.sendto(head(107) + data, ("127.0.0.1", port))
            time.sleep(0.5)
            doc = self.stop(p)
            self.assertEqual(doc["flows"], 20)
            self.assertEqual(doc["exporters"][0]["lost"], 5)
        self.assertEqual(self.flow("top", "--json", "--by", "dstport").json["rows"],
                         [{"dstport": "443", "flows": 2020, "packets": 10100, "bytes": 10100000}])

    def free_port(self, kind):
        import socket
        with socket.socket(socket.AF_INET, kind) as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def connect(self, port):
        import socket
        import time
        for _ in range(500):  # the datagram socket is bound first
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                time.sleep(0.02)
        self.fail("not listening")

    def ipfix(self, sequence, sets):
        body = b"".join(sets)
        return struct.pack(">HHIII", 10, 16 + len(body), START, sequence, 3) + body

    def test_ipfix_over_tcp_in_odd_pieces(self):
        import socket
        import time
        port, udp = self.free_port(socket.SOCK_STREAM), self.free_port(socket.SOCK_DGRAM)
        fields = struct.pack(">HH10H", 300, 5, 8, 4, 12, 4, 11, 2, 2, 4, 1, 4)
        record = bytes([10, 0, 0, 1, 192, 0, 2, 1]) + struct.pack(">HII", 443, 5, 5000)
        stream = self.ipfix(0, [struct.pack(">HH", 2, 4 + len(fields)) + fields])
        for i in range(50):
            stream += self.ipfix(20 * i, [struct.pack(">HH", 300, 4 + 20 * len(record)) + record * 20])
        p = self.collect(udp, "--tcp", f"127.0.0.1:{port}")
        with self.connect(port) as s:
            for at in range(0, len(stream), 333):
                s.sendall(stream[at:at + 333])
            time.sleep(0.5)
        with self.connect(port) as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n" + b"x" * 100)
            self.assertEqual(s.recv(1), b"")  # what is no IPFIX is hung up on
        doc = self.stop(p)
        self.assertEqual((doc["messages"], doc["flows"], doc["connections"], doc["connections_not_ipfix"]), (51, 1000, 2, 1))
        self.assertEqual(doc["exporters"][0]["lost"], 0)

    def test_killed_collector_keeps_what_was_written(self):
        import socket
        import time
        port = self.free_port(socket.SOCK_DGRAM)
        p = self.collect(port)
        head = lambda q: struct.pack(">HHIIIIBBH", 5, 30, 100000, START, 0, q, 1, 7, 0)
        record = bytes([10, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0]) + struct.pack(
            ">HHIIIIHHBBBBHHBBH", 3, 4, 7, 4200, 5000, 9000, 1234, 80, 0, 0x1b, 6, 0, 1, 2, 24, 24, 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for q in range(100):
                s.sendto(head(30 * q) + record * 30, ("127.0.0.1", port))
        folder = self.world.home / "flow"
        for _ in range(300):  # what waits is made durable within five seconds
            if any(f.stat().st_size > 8 for f in folder.glob("flows-*")):
                break
            time.sleep(0.05)
        p.kill()
        p.wait()
        time.sleep(0.3)
        self.assertEqual(self.flow("top", "--json", "--by", "dstport").json["flows"], 3000)
        p = self.collect(port)  # and goes on beside it
        self.assertEqual(self.stop(p)["flows"], 0)
        self.assertEqual(self.flow("top", "--json").json["flows"], 3000)

    def test_what_is_too_old_or_too_much_goes(self):
        """By age and by size, the oldest first; the newest stays whatever it is."""
        import socket
        import time
        log = self.traffic().write(self.world.dir / "conn.log")
        for _ in range(4):
            self.flow("import", log)
        folder = self.world.home / "flow"
        segments = lambda: sorted(f.name for f in folder.glob("flows-*"))
        names = segments()
        self.assertEqual(len(names), 4)
        flows = self.flow("top", "--json").json["flows"]
        each = (folder / names[0]).stat().st_size
        self.assertLess(each, 25 * flows / 4)  # octets a flow
        for name, days in zip(names, (9, 5, 1, 0)):
            os.utime(folder / name, times=(time.time() - days * 86400 - 60,) * 2)
        self.stop(self.collect(self.free_port(socket.SOCK_DGRAM), "--keep-days", "7"))
        self.assertEqual(segments(), names[1:])
        self.stop(self.collect(self.free_port(socket.SOCK_DGRAM), "--keep-days", "2"))
        self.assertEqual(segments(), names[2:])
        self.assertEqual(self.flow("top", "--json").json["flows"], flows / 2)
        os.truncate(folder / names[2], 17 << 20)  # an older one over the limit
        self.stop(self.collect(self.free_port(socket.SOCK_DGRAM), "--keep-mib", "16"))
        self.assertEqual(segments(), names[3:])
        os.truncate(folder / names[3], 17 << 20)
        self.stop(self.collect(self.free_port(socket.SOCK_DGRAM), "--keep-mib", "16", "--keep-days", "1"))
        self.assertEqual(segments(), names[3:])

    def test_times_are_an_index(self):
        """A question about an hour reads the blocks of that hour, and counts what a question about all counts of it."""
        for k in range(4):
            t = Traffic()
            for i in range(10000 * k, 10000 * (k + 1)):
                t.add(i, f"192.168.7.{i % 50 + 1}", "203.0.113.5", 443, 500, 900)
            self.flow("import", t.write(self.world.dir / "conn.log"))
        at = lambda s: datetime.datetime.fromtimestamp(START + s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        for since, until in ((0, 3600), (20000, 23600), (39999, 50000), (50000, 60000), (12345, 12346)):
            doc = self.flow("top", "--json", "--since", at(since), "--until", at(until)).json
            self.assertEqual(doc["flows"], max(0, min(until, 40000) - since), (since, until))
        whole, hour = (self.flow("top", "--json", *a).json for a in ((), ("--since", at(20000), "--until", at(20010))))
        self.assertEqual((hour["looked_at"], whole["looked_at"]), (10000, 40000))

    def test_health_of_exporters_becomes_findings(self):
        head = lambda q, n: struct.pack(">HHIIIIBBH", 5, n, 10000, START, 0, q, 1, 7, 0x4000 | 1000)
        record = bytes([10, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0]) + struct.pack(
            ">HHIIIIHHBBBBHHBBH", 3, 4, 7, 4200, 5000, 9000, 1234, 80, 0, 0x1b, 6, 0, 1, 2, 24, 24, 0)
        frames = b""
        for q in (0, 1, 11):
            payload = head(q, 1) + record
            udp = struct.pack(">HHHH", 9995, 9995, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + bytes([192, 0, 2, 77, 192, 0, 2, 9]) + udp
            frame = bytes(12) + b"\x08\x00" + ip
            frames += struct.pack("<IIII", START + 300, 0, len(frame), len(frame)) + frame
        capture = self.world.dir / "export.pcap"
        capture.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + frames)
        self.replay("--store", capture)
        found = self.world.run("findings", "list", "--json").json["items"]
        self.assertEqual({f["kind"] for f in found}, {"flow.exporter-loss", "flow.exporter-clock", "flow.exporter-sampling"})
        self.assertEqual({f["asset"]["name"] for f in found}, {"192.0.2.77"})

    # ---- real captures

    def test_real_captures(self):
        if not DATA.is_dir():
            self.assertNotEqual(os.environ.get("CI"), "true", "HINOMI_TEST_DATA is missing")
            self.skipTest("no captures: set HINOMI_TEST_DATA")
        channels = {"flows/iot23_34-1_mirai_conn.log.labeled": ("192.168.1.195", "185.244.25.235", 6667),
                    "flows/rita_missing_host_72h_conn.log.gz": ("64.225.56.201", "73.54.23.243", 80),
                    "flows/slips_cc_periodic2s.pcap": ("147.32.80.37", "141.193.213.21", 443),
                    "exporters/softflowd_testcc1-ipfix.pcap": ("147.32.80.37", "141.193.213.21", 443),
                    "flows/slips_test5_full_labelled.binetflow": ("10.0.2.15", "23.253.126.58", 80)}
        for name, true in channels.items():
            doc = self.replay(DATA / name, code=1)
            self.assertIn(true, [(s["host"], s["peer"], s["port"]) for s in doc["suspects"][:3]], name)
        for name in ("ctu_normal7.binetflow", "ctu_normal_2013-10-21.binetflow", "slips_test2_android.binetflow"):
            self.assertEqual(self.alerts(self.replay(DATA / "flows" / name, code=0)), [], name)
        self.assertEqual(self.alerts(self.replay(DATA / "benign", code=0)), [])
        counts = {"flows/ctu_normal7.binetflow": 9797, "flows/slips_test1_vertical_scan.nfdump": 4593}
        for name, n in counts.items():
            self.assertEqual(sum(i["flows"] for i in self.replay(DATA / name)["inputs"]), n, name)

    def test_real_exporters(self):
        if not DATA.is_dir():
            self.assertNotEqual(os.environ.get("CI"), "true", "HINOMI_TEST_DATA is missing")
            self.skipTest("no captures: set HINOMI_TEST_DATA")
        flows = {"pmacct/100-IPFIXv10-CISCO__traffic-00.pcap": 12, "pmacct/101-NFv9-CISCO-cust_primitives__traffic-00.pcap": 51,
                 "pmacct/106-IPFIXv10-HUAWEI-vrf_name__traffic-00.pcap": 3, "softflowd_masscan-v5.pcap": 12288}
        for name, n in flows.items():
            doc = self.replay("--exports", DATA / "exporters" / name)
            self.assertEqual(sum(e["flows"] for e in doc["exporters"]), n, name)
            self.assertEqual([e["malformed"] for e in doc["exporters"]], [{}] * len(doc["exporters"]), name)
        for name, n in {"softflowd_testcc1-ipfix.pcap": 594, "softflowd_testcc1-v9.pcap": 594, "softflowd_test7-v9.pcap": 349}.items():
            self.assertEqual([(e["flows"], e["lost"]) for e in self.replay("--exports", DATA / "exporters" / name)["exporters"]], [(n, 0)], name)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
