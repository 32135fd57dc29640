#!/usr/bin/env python3
"""hinomi telescope: the same packets in every kind of capture and under every kind of header are the same packets."""
import gzip
import pathlib
import random
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402
import wire  # noqa: E402

START = 1700006400


def packets(n=240, seed=7):
    """(time, IP packet): SYNs, answers, UDP and echoes; times with a quarter of a second."""
    r = random.Random(seed)
    for i in range(n):
        src, dst = 0x0B000000 + r.randrange(40) * 65537, wire.number("10.66.0.0") | r.randrange(65536)
        at, port = START + i * 30 + r.randrange(4) / 4, r.choice((22, 23, 80, 443))
        kind = r.randrange(8)
        if kind < 4:
            body = wire.ip4(src, dst, 6, wire.tcp(2000, port, seq=dst if kind == 0 else 5))
        elif kind == 4:
            body = wire.ip4(src, dst, 6, wire.tcp(80, 30000 + i, wire.SYN | wire.ACK))
        elif kind == 5:
            body = wire.ip4(src, dst, 1, wire.icmp(8, 0, bytes(56)))
        else:
            body = wire.ip4(src, dst, 17, wire.udp(4000, 123, bytes(40)))
        yield at, body


def mpls(ip):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x88\x47" + struct.pack(">II", 100 << 12 | 64, 200 << 12 | 0x100 | 64) + ip


def vlan(ip, *tags):
    frame = wire.ethernet(ip)
    for kind, tag in reversed(tags):
        frame = frame[:12] + struct.pack(">HH", kind, tag) + frame[12:]
    return frame


def outer(proto, body):
    return wire.ethernet(wire.ip4("192.0.2.1", "192.0.2.2", proto, body))


def gre(ip, flags=0):
    extra = bytes(4 * bin(flags & 0xB000).count("1"))
    return outer(47, struct.pack(">HH", flags, wire.kind_of(ip)) + extra + ip)


WRAPS = {
    "VLAN": lambda ip: vlan(ip, (0x8100, 5)),
    "QinQ": lambda ip: vlan(ip, (0x88A8, 7), (0x8100, 5)),
    "three tags": lambda ip: vlan(ip, (0x9100, 9), (0x8100, 7), (0x8100, 5)),
    "MPLS": mpls,
    "GRE": gre,
    "GRE with checksum, key and number": lambda ip: gre(ip, 0xB000),
    "Ethernet in GRE": lambda ip: outer(47, struct.pack(">HH", 0, 0x6558) + wire.ethernet(ip)),
    "VXLAN": lambda ip: outer(17, wire.udp(5000, 4789, struct.pack(">II", 8 << 24, 42 << 8) + wire.ethernet(ip))),
    "IP in IP": lambda ip: outer(4, ip),
    "4in6": lambda ip: wire.ethernet(wire.ip6("2001:db8::1", "2001:db8::2", 4, ip)),
    "IP in GRE in VLAN": lambda ip: vlan(gre(ip)[14:], (0x8100, 5)),
    "PPPoE": lambda ip: b"\2\0\0\0\0\1\2\0\0\0\0\2\x88\x64" + struct.pack(">BBHHH", 0x11, 0, 1, 2 + len(ip), 0x21) + ip,
}


class Wire(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.plain = self.replay(wire.pcap(self.world.dir / "plain.pcap", packets()))

    def replay(self, *args):
        done = self.world.run("telescope", "replay", "--json", *args)
        self.assertEqual(done.code, 0, done.errors)
        doc = done.json
        self.said = doc.pop("input")
        return doc

    def test_the_truth_of_the_plain_capture(self):
        self.assertEqual(self.plain["packets"], 240)
        truth = list(packets())
        self.assertEqual(self.plain["sources"], len({ip[12:16] for _, ip in truth}))
        self.assertEqual(sum(p["packets"] for p in self.plain["ports"] if p["proto"] == "udp" and p["port"] == 123),
                         sum(ip[9] == 17 for _, ip in truth))

    def test_every_order_of_octets_and_unit_of_time(self):
        for order in "<>":
            for nano in (False, True):
                with self.subTest(order=order, nano=nano):
                    path = wire.pcap(self.world.dir / "a.pcap", packets(), order, nano)
                    self.assertEqual(self.replay(path), self.plain)

    def test_every_link_type(self):
        for link in (wire.NULL, wire.LOOP, wire.RAW, wire.SLL, wire.SLL2):
            with self.subTest(link=link):
                self.assertEqual(self.replay(wire.pcap(self.world.dir / "a.pcap", packets(), link=link)), self.plain)

    def test_captures_of_64_octets(self):
        self.assertTrue(any(len(ip) > 50 for _, ip in packets()))
        self.assertEqual(self.replay(wire.pcap(self.world.dir / "a.pcap", packets(), snap=64)), self.plain)

    def test_options_that_the_capture_cut_make_no_system_and_no_campaign(self):
        syns = [(START + i, wire.ip4(0x0B000000 + i * 65537, "10.66.1.1", 6, wire.tcp(2000, 23, options=wire.LINUX))) for i in range(20)]
        doc = self.replay(wire.pcap(self.world.dir / "a.pcap", syns, snap=60))
        self.assertEqual((doc["ports"][0]["packets"], doc["systems"], doc["campaigns"]), (20, [], []))
        doc = self.replay(wire.pcap(self.world.dir / "a.pcap", syns))
        self.assertEqual([(s["name"], s["sources"]) for s in doc["systems"]], [("linux", 20)])

    def test_interfaces_of_different_links_and_clocks(self):
        out = wire.Pcapng()
        for order in "<>":  # two sections, the second in the other order, numbers of interfaces begin anew
            out.section(order)
            out.interface(wire.ETHERNET)
            out.interface(wire.RAW, resolution=9)
            out.interface(wire.SLL, resolution=0x80 | 10)
            out.interface(wire.SLL2, resolution=3, offset=1600000000)
            out.interface(wire.ETHERNET, resolution=9, offset=-3600, snap=64)
            half = list(packets())[:120] if order == "<" else list(packets())[120:]
            for i, (at, ip) in enumerate(half):
                out.packet(at, ip, i % 5)
        path = out.write(self.world.dir / "a.pcapng")
        self.assertEqual(self.replay(path), self.plain)
        packed = self.world.dir / "a.pcapng.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        self.assertEqual(self.replay(packed), self.plain)

    def test_every_encapsulation(self):
        for name, wrap in WRAPS.items():
            with self.subTest(name):
                path = wire.pcap(self.world.dir / "a.pcap", ((at, wrap(ip)) for at, ip in packets()), link=None)
                self.assertEqual(self.replay(path), self.plain)

    def test_a_tunnel_to_the_telescope_is_what_came(self):
        """Whoever sends GRE to a dark address does not decide what is counted."""
        inner = wire.ip4("198.51.100.9", "10.66.1.1", 6, wire.tcp(1, 23))
        frame = wire.ethernet(wire.ip4("203.0.113.77", "10.66.0.9", 47, struct.pack(">HH", 0, 0x0800) + inner))
        path = wire.pcap(self.world.dir / "a.pcap", [(START, frame)], link=None)
        doc = self.replay("--prefix", "10.66.0.0/16", path)
        self.assertEqual([s["address"] for s in doc["top_sources"]], ["203.0.113.77"])
        self.assertEqual([p["proto"] for p in doc["ports"]], ["ip-47"])

    # ---- IPv6

    def six(self, frames):
        return self.replay(wire.pcap(self.world.dir / "six.pcap", [(START + i, f) for i, f in enumerate(frames)]))

    def test_extension_headers(self):
        src, dst, syn = "2001:db8:1::5", "2001:db8:dead::77", wire.tcp(3000, 8291)
        frames = [wire.ip6(src, dst, 6, syn),
                  wire.ip6(src, dst, 0, wire.extension(6) + syn),
                  wire.ip6(src, dst, 0, wire.extension(60, 16) + wire.extension(43) + wire.extension(6, 24) + syn),
                  wire.ip6(src, dst, 44, wire.fragment6(6, 0, 0) + syn),   # an atomic fragment
                  wire.ip6(src, dst, 44, wire.fragment6(6, 0, 1) + syn)]   # the first of several
        doc = self.six(frames)
        self.assertEqual([(p["proto"], p["port"], p["packets"], p["sources"]) for p in doc["ports"]], [("tcp", 8291, 5, 1)])
        self.assertEqual({c["name"]: c["packets"] for c in doc["classes"]}, {"tcp-syn": 5})

    def test_later_fragments_have_no_ports(self):
        four = wire.ip4("198.51.100.9", "10.66.1.1", 17, bytes(64), fragment=0x2000 | 185)
        six = wire.ip6("2001:db8:1::5", "2001:db8:dead::77", 44, wire.fragment6(17, 1480, 1) + bytes(64))
        doc = self.six([four, six, wire.ip6("2001:db8:1::5", "2001:db8:dead::77", 0, wire.extension(44) + wire.fragment6(6, 1480, 0) + bytes(8))])
        self.assertEqual({c["name"]: c["packets"] for c in doc["classes"]}, {"fragment": 3})
        self.assertEqual(doc["fingerprints"], [])

    def test_6in4(self):
        inner = wire.ip6("2001:db8:1::5", "2001:db8:dead::77", 6, wire.tcp(3000, 8291))
        plain = self.six([inner])
        self.assertEqual(self.six([wire.ip4("192.0.2.1", "192.0.2.2", 41, inner)]), plain)
        self.assertEqual([s["address"] for s in plain["top_sources"]], ["2001:db8:1::5"])

    def test_six_backscatter(self):
        quoted = wire.ip6("2001:db8:dead::77", "2001:db8:2::80", 6, wire.tcp(999, 443))
        frames = [wire.ip6("2001:db8:9::1", "2001:db8:dead::77", 58, wire.icmp(1, 4, quoted)) for _ in range(200)]
        doc = self.six(frames)
        self.assertEqual([(v["address"], v["packets"], v["seconds"], v["answer"]) for v in doc["victims"]],
                         [("2001:db8:2::80", 200, 199, "icmp-unreachable"), ("2001:db8:9::1", 200, 199, "icmp-unreachable")])


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
