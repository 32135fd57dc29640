#!/usr/bin/env python3
"""hinomi telescope: which tool sent it? Made-up runs of scanners after their sources, and ordinary systems that must get no label."""
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402
import wire  # noqa: E402

START = 1700006400
DARK = wire.number("10.66.0.0")
WEB = wire.number("198.51.100.7")

# nmap -O (its documentation, "TCP/IP Fingerprinting Methods"): window scale, MSS, time stamp of ones, SACK in six orders
ONES = b"\x08\x0a\xff\xff\xff\xff\0\0\0\0"
PROBES = [(1, b"\3\3\x0a\1\2\4\5\xb4" + ONES + b"\4\2"), (63, b"\2\4\5\x78\3\3\0\4\2" + ONES + b"\0"),
          (4, ONES + b"\1\1\3\3\5\1\2\4\2\x80"), (4, b"\4\2" + ONES + b"\3\3\x0a\0"),
          (16, b"\2\4\2\x18\4\2" + ONES + b"\3\3\x0a\0"), (512, b"\2\4\1\x09\4\2" + ONES)]
ODD = b"\3\3\x0a\1\2\4\1\x09" + ONES + b"\4\2"


def masscan(r, src, n, ports=(80, 443)):
    for _ in range(n):
        dst, port, seq = DARK | r.randrange(65536), r.choice(ports), r.randrange(1 << 32)
        yield wire.ip4(src, dst, 6, wire.tcp(61000, port, seq=seq), ttl=240, ident=(dst ^ port ^ seq) & 0xFFFF)


def zmap(r, src, n, options=b""):
    for _ in range(n):
        yield wire.ip4(src, DARK | r.randrange(65536), 6, wire.tcp(40000 + r.randrange(9999), 443, seq=r.randrange(1 << 32), window=65535, options=options),
                       ttl=238, ident=54321)


def zmap4(r, src, n, ordered=True):
    """From version 4 on only the order tells: x, x·g, x·g² … modulo 65537, of a scan of the /16."""
    x, g = r.randrange(1, 65537), pow(3, 2 * r.randrange(32768) + 1, 65537)
    for _ in range(n):
        dst = DARK | (x - 1 if ordered else r.randrange(65536))
        x = x * g % 65537
        yield wire.ip4(src, dst, 6, wire.tcp(40000 + r.randrange(9999), 443, seq=r.randrange(1 << 32), window=65535, options=wire.MSS),
                       ttl=238, ident=r.randrange(65536))


def nmap(r, src, n, flags=wire.SYN):
    seq, sport, ttl = r.randrange(1 << 32), r.randrange(33000, 65000), r.randrange(37, 60)
    for _ in range(n):
        yield wire.ip4(src, DARK | r.randrange(65536), 6, wire.tcp(sport, r.choice((21, 22, 25, 80, 3306)), flags, seq, window=1024 * r.randrange(1, 5),
                                                                   options=wire.MSS if flags == wire.SYN else b""), ttl=ttl, ident=r.randrange(65536))


def nmap_udp(r, src, n):
    for _ in range(n):
        yield wire.ip4(src, DARK | r.randrange(65536), 17, wire.udp(41000, r.randrange(1, 1024)), ttl=44, ident=r.randrange(65536))


def nmap_system(r, src):
    """What -O sends at one address."""
    dst, seq = DARK | r.randrange(65536), r.randrange(1 << 32)
    for i, (window, options) in enumerate(PROBES):
        yield wire.ip4(src, dst, 6, wire.tcp(50000 + i, 80, seq=seq + i, ack=r.randrange(1 << 32), window=window, options=options + bytes(-len(options) % 4)), ttl=47)
    for flags, window, port in ((0, 128, 80), (wire.SYN | wire.FIN | wire.URG | wire.PSH, 256, 80), (wire.ACK, 1024, 80), (wire.SYN, 31337, 81),
                                (wire.ACK, 32768, 81), (wire.FIN | wire.PSH | wire.URG, 65535, 81)):
        yield wire.ip4(src, dst, 6, wire.tcp(50010, port, flags, seq, window=window, options=ODD), ttl=47)


def hping(r, src, n):
    """hping3 -S -p 80: sequence and acknowledgement by chance, window 512, no options."""
    for i in range(n):
        yield wire.ip4(src, DARK | r.randrange(65536), 6, wire.tcp(1000 + i, 80, seq=r.randrange(1 << 32), ack=r.randrange(1, 1 << 32), window=512), ttl=50,
                       ident=r.randrange(65536))


def mirai(r, src, n, ports=(23, 23, 23, 2323), options=b"", sport=None):
    sport, window = sport or r.randrange(1024, 65536), r.randrange(1, 65536)
    for _ in range(n):
        dst = DARK | r.randrange(65536)
        yield wire.ip4(src, dst, 6, wire.tcp(sport, r.choice(ports), seq=dst, window=window, options=options), ttl=45, ident=r.randrange(65536))


def hajime(r, src, n):
    for _ in range(n):
        half = r.randrange(1, 65536)
        yield wire.ip4(src, DARK | r.randrange(65536), 6, wire.tcp(r.randrange(1024, 65536), r.choice((23, 5358, 7547)), seq=r.choice((half, half << 16)), window=14600),
                       ttl=45, ident=r.randrange(65536))


def system(r, src, n, options, window, ttl, again=1, df=True):
    """Programs of an ordinary system that connect, each SYN sent `again` times."""
    for _ in range(n):
        ident, seq = r.randrange(65536), r.randrange(1 << 32)
        ip = wire.ip4(src, DARK | r.randrange(65536), 6, wire.tcp(r.randrange(1024, 65536), r.choice((22, 80, 443)), seq=seq, window=window, options=options),
                      ttl=ttl, ident=ident, df=df)
        yield from [ip] * again


class Tools(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.r = random.Random(11)

    def doc(self, *runs):
        packets = [ip for run in runs for ip in run]
        self.assertTrue(packets)
        path = wire.pcap(self.world.dir / "a.pcap", ((START + i / 20, ip) for i, ip in enumerate(packets)))
        done = self.world.run("telescope", "replay", "--json", "--prefix", "10.66.0.0/16", path)
        self.assertEqual(done.code, 0, done.errors)
        self.assertEqual(done.json["packets"], len(packets))
        return done.json

    def tools(self, *runs):
        return {f["name"]: (f["packets"], f["sources"]) for f in self.doc(*runs)["fingerprints"]}

    def test_scanners_by_their_headers(self):
        r, all_runs, truth = self.r, [], {}
        for name, run, n in (("masscan", masscan, 60), ("zmap", zmap, 60), ("nmap", nmap, 60), ("hping", hping, 40), ("mirai", mirai, 30), ("hajime", hajime, 30)):
            with self.subTest(name):
                runs = [list(run(r, WEB + k * 65537, n)) for k in range(5)]
                self.assertEqual(self.tools(*runs), {name: (5 * n, 5)})
                all_runs += [list(run(r, WEB + (len(all_runs) + 9) * 65537, n))]
                truth[name] = (n, 1)
        self.assertEqual(self.tools(*all_runs), truth)  # together as each alone

    def test_masscan_over_tcp_and_udp_from_one_source(self):
        """Questions of DNS prove it; the SYNs, which only taken together do, count as well, and the source once."""
        names = []
        for _ in range(20):
            dst, cookie = DARK | self.r.randrange(65536), self.r.randrange(1 << 16)
            names.append(wire.ip4(WEB, dst, 17, wire.udp(61000, 53, cookie.to_bytes(2, "big") + b"\1\0\0\1" + bytes(6)), ttl=240, ident=(dst ^ 53 ^ cookie) & 0xFFFF))
        self.assertEqual(self.tools(names), {"masscan": (20, 1)})
        self.assertEqual(self.tools(names, masscan(self.r, WEB, 300)), {"masscan": (320, 1)})

    def campaigns(self, *timed):
        """timed: pairs of seconds since START and packets, one after the other"""
        path = wire.pcap(self.world.dir / "c.pcap", ((START + begin + i / 20, ip) for begin, run in timed for i, ip in enumerate(run)))
        done = self.world.run("telescope", "replay", "--json", "--prefix", "10.66.0.0/16", path)
        return {c["name"]: (c["sources"], c["proto"]) for c in done.json["campaigns"]}

    def test_one_tool_is_one_campaign_only_at_one_time_over_one_protocol(self):
        def many(ports):
            return [ip for k in range(8) for ip in masscan(self.r, WEB + k * 65537 + ports.count(443), 40, ports)]
        first, second = (80, 80, 80, 443), (80, 443, 443, 443)
        self.assertEqual(self.campaigns((0, many(first)), (30, many(second))), {"masscan/80": (16, "tcp")})
        self.assertEqual(self.campaigns((0, many(first)), (9 * 86400, many(second))), {"masscan/80": (8, "tcp"), "masscan/443": (8, "tcp")})

        def names(k):
            for _ in range(20):
                dst, cookie = DARK | self.r.randrange(65536), self.r.randrange(1 << 16)
                yield wire.ip4(WEB + k * 65537, dst, 17, wire.udp(61000, 53, cookie.to_bytes(2, "big") + b"\1\0\0\1" + bytes(6)), ttl=240, ident=(dst ^ 53 ^ cookie) & 0xFFFF)
        mixed = self.campaigns((0, [ip for k in range(8) for ip in masscan(self.r, WEB + (k + 50) * 65537, 40, (53,))]), (30, [ip for k in range(5) for ip in names(k)]))
        self.assertEqual(mixed, {"masscan/53": (8, "tcp"), "masscan/53/udp": (5, "udp")})

    def test_zmap_3_with_mss_too(self):
        self.assertEqual(self.tools(zmap(self.r, WEB, 10, wire.MSS)), {"zmap": (10, 1)})

    def test_zmap_4_by_order_and_only_then(self):
        runs = [list(zmap4(self.r, WEB + k * 65537, 120)) for k in range(6)]
        found = self.tools(*runs)
        self.assertEqual(set(found), {"zmap4"})
        self.assertEqual(found["zmap4"][1], 6)
        self.assertEqual(self.tools(*[zmap4(self.r, WEB + k * 65537, 120, ordered=False) for k in range(20)]), {})

    def test_successors_of_mirai(self):
        r = self.r
        for ports in ((5555,), (7547,), (37215, 52869), (8080, 81, 8443), (22, 2222)):
            self.assertEqual(self.tools(mirai(r, WEB, 20, ports)), {"mirai": (20, 1)}, ports)
        self.assertEqual(self.tools(mirai(r, WEB, 20, options=wire.MSS)), {"mirai-variant": (20, 1)})
        self.assertEqual(self.tools(mirai(r, WEB, 20, sport=500)), {"mirai-variant": (20, 1)})

    def test_nmap_without_syn(self):
        """Classes say it; the headers of these say nothing about who made them."""
        for flags, name in ((wire.FIN | wire.PSH | wire.URG, "tcp-xmas"), (0, "tcp-null"), (wire.FIN, "tcp-fin")):
            doc = self.doc(nmap(self.r, WEB, 30, flags))
            self.assertEqual([(c["name"], c["role"], c["packets"]) for c in doc["classes"]], [(name, "scan", 30)])
            self.assertEqual(doc["fingerprints"], [])
        doc = self.doc(nmap_udp(self.r, WEB, 30))
        self.assertEqual([(c["name"], c["packets"]) for c in doc["classes"]], [("udp", 30)])
        self.assertEqual(doc["fingerprints"], [])

    def test_nmap_asks_for_the_system(self):
        self.assertEqual(self.tools(nmap_system(self.r, WEB)), {"nmap": (12, 1)})

    def test_no_label_for_ordinary_systems(self):
        r = self.r
        for name, options, window, ttl in (("linux", wire.LINUX, 64240, 51), ("linux", wire.LINUX, 29200, 64), ("windows", wire.WINDOWS, 64240, 115),
                                           ("windows", wire.WINDOWS, 8192, 128), ("macos-ios", wire.APPLE, 65535, 52)):
            with self.subTest(name, window=window):
                doc = self.doc(*[system(r, WEB + k * 65537, 60, options, window, ttl, 3) for k in range(60)])
                self.assertEqual(doc["fingerprints"], [])
                self.assertEqual([(s["name"], s["sources"]) for s in doc["systems"]], [(name, 60)])

    def test_the_same_packet_again_proves_nothing(self):
        """Small devices: MSS alone, a window as nmap has it, no fragments forbidden, and each SYN sent six times."""
        r = self.r
        self.assertEqual(self.tools(*[system(r, WEB + k * 65537, 1, wire.MSS, 4096, 60, 6, df=False) for k in range(50)]), {})
        dst, seq, port = DARK | 77, 99, 80
        bare = wire.ip4(WEB, dst, 6, wire.tcp(5000, port, seq=seq), ident=(dst ^ port ^ seq) & 0xFFFF)
        self.assertEqual(self.tools([bare] * 4 + [p for k in range(400) for p in system(r, 0x0B000000 + k * 65537, 5, b"", 1024, 60, 1, df=False)]), {})

    def test_chance_makes_no_tool(self):
        """Of 60,000 bare SYNs by chance one has 54321 and one what masscan would give."""
        r, syns = self.r, []
        for i in range(60000):
            syns.append(wire.ip4(0x0B000000 + i * 257, DARK | r.randrange(65536), 6, wire.tcp(4000, 23, seq=r.randrange(1 << 32)), ident=r.randrange(65536)))
        dst = DARK | 5
        syns += [wire.ip4(WEB, dst, 6, wire.tcp(4000, 23, seq=r.randrange(1 << 32)), ident=54321),
                 wire.ip4(WEB + 65537, dst, 6, wire.tcp(4000, 23, seq=7), ident=(dst ^ 23 ^ 7) & 0xFFFF)]
        self.assertEqual(self.tools(syns), {})


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
