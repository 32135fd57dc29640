#!/usr/bin/env python3
"""hinomi telescope: whose answers are these? Attacks with known victims, start, duration and rate; telescopes of different sizes;
known scanners; crowds at a port."""
import datetime
import math
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402
import wire  # noqa: E402

START = 1700006400
DARK = wire.number("10.66.0.0")
SHARE = 65536  # a /16 sees one of so many forged addresses


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def answers(body, start, seconds, each):
    """body(i): IP packet; one every `each` seconds."""
    return [(start + i * each, body(i)) for i in range(round(seconds / each) + 1)]


def target(i):
    """One of the telescope's addresses, all of them in turn."""
    return DARK | i * 40503 % 65536


def synack(victim, port=443):
    return lambda i: wire.ip4(victim, target(i), 6, wire.tcp(port, 1024 + i % 60000, wire.SYN | wire.ACK, i, i))


def reset(victim):
    return lambda i: wire.ip4(victim, target(i), 6, wire.tcp(53, 1024 + i % 60000, wire.RST | wire.ACK, 0, i))


def unreachable(router, victim):
    """A router says of the victim what somebody with our address had sent to it."""
    return lambda i: wire.ip4(router, target(i), 1, wire.icmp(3, 1, wire.ip4(target(i), victim, 17, wire.udp(999, 5060))[:28]))


def quic(victim, version=1):
    first = 0xC0 if version else 0x80
    return lambda i: wire.ip4(victim, target(i), 17, wire.udp(443, 20000 + i % 40000, bytes([first]) + version.to_bytes(4, "big") + b"\x08" + bytes(1190)))


def dns(server, to=None):
    return lambda i: wire.ip4(server, to or target(i), 17, wire.udp(53, 30000 + i % 30000, i.to_bytes(2, "big") + b"\x81\x80" + bytes(200)))


def ntp(server, to):
    return lambda i: wire.ip4(server, to, 17, wire.udp(123, 30000 + i % 30000, b"\xd7\x00\x03\x2a" + bytes(436)))


class Attacks(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def replay(self, *runs, args=("--prefix", "10.66.0.0/16")):
        packets = sorted((p for run in runs for p in run), key=lambda p: p[0])
        done = self.world.run("telescope", "replay", "--json", *args, wire.pcap(self.world.dir / "a.pcap", packets))
        self.assertIn(done.code, (0, 1), done.errors)
        return done.json

    @staticmethod
    def told(victims):
        return [(v["address"], v["start"], v["seconds"], v["packets"], v["answer"], v["port"]) for v in victims]

    # ---- victims

    def test_victims_start_duration_and_rate(self):
        runs = [answers(synack("198.51.100.1"), START, 600, 0.5), answers(reset("198.51.100.2"), START + 900, 300, 1),
                answers(unreachable("203.0.113.9", "198.51.100.3"), START + 1800, 240, 1), answers(quic("198.51.100.4"), START + 60, 120, 0.5)]
        doc = self.replay(*runs)
        by = {v["address"]: v for v in doc["victims"]}
        self.assertEqual(sorted(self.told(doc["victims"])), [
            ("198.51.100.1", iso(START), 600, 1201, "tcp-syn-ack", 443),
            ("198.51.100.2", iso(START + 900), 300, 301, "tcp-rst-ack", 53),
            ("198.51.100.3", iso(START + 1800), 240, 241, "icmp-unreachable", 5060),
            ("198.51.100.4", iso(START + 60), 120, 241, "udp-reply", 443),
            ("203.0.113.9", iso(START + 1800), 240, 241, "icmp-unreachable", 0)])
        self.assertAlmostEqual(by["198.51.100.1"]["packets_per_minute_max"], 120, delta=1)
        self.assertAlmostEqual(by["198.51.100.1"]["spoofed_rate"], 2 * SHARE, delta=0.01 * SHARE)
        self.assertAlmostEqual(by["198.51.100.2"]["spoofed_rate"], SHARE, delta=0.01 * SHARE)

    def test_what_is_no_victim(self):
        """Below each part of the rule: 24 packets, 59 seconds, 29 packets a minute."""
        self.assertEqual(self.replay(answers(synack("198.51.100.1"), START, 69, 3), answers(synack("198.51.100.2"), START, 59, 0.5),
                                     answers(synack("198.51.100.3"), START, 600, 2.2))["victims"], [])
        at = [v["address"] for v in self.replay(answers(synack("198.51.100.3"), START, 600, 1.9))["victims"]]
        self.assertEqual(at, ["198.51.100.3"])

    def test_two_attacks_on_one_victim(self):
        doc = self.replay(answers(synack("198.51.100.1"), START, 120, 1), answers(synack("198.51.100.1", 22), START + 1000, 180, 1))
        self.assertEqual(self.told(doc["victims"]), [("198.51.100.1", iso(START + 1000), 180, 181, "tcp-syn-ack", 22),
                                                     ("198.51.100.1", iso(START), 120, 121, "tcp-syn-ack", 443)])
        self.assertEqual([v["state"] for v in doc["victims"]], ["open", "over"])

    def test_quic_servers_are_victims_not_scanners(self):
        doc = self.replay(answers(quic("198.51.100.4"), START, 120, 0.5), answers(quic("198.51.100.5", version=0), START, 120, 1))
        self.assertEqual([(c["name"], c["role"]) for c in doc["classes"]], [("udp-reply", "reflection")])
        self.assertEqual([v["address"] for v in doc["victims"]], ["198.51.100.4", "198.51.100.5"])
        scan = answers(lambda i: wire.ip4("198.51.100.4", target(i), 17, wire.udp(40000, 443, b"\xc0\0\0\0\1\x08" + bytes(1190))), START, 120, 1)
        doc = self.replay(scan)
        self.assertEqual(([(c["name"], c["role"]) for c in doc["classes"]], doc["victims"]), ([("udp", "scan")], []))

    def test_reflectors_are_told_from_victims(self):
        """A resolver that answers one of ours is made to attack it; one that answers all was itself flooded by forged addresses."""
        doc = self.replay(answers(dns("192.0.2.53", DARK | 5), START, 120, 0.5), answers(ntp("192.0.2.123", DARK | 6), START, 120, 0.5),
                          answers(dns("198.51.100.53"), START, 120, 0.5))
        self.assertEqual([(v["address"], v["port"], v["packets"], v["seconds"]) for v in doc["reflectors"]],
                         [("192.0.2.53", 53, 241, 120), ("192.0.2.123", 123, 241, 120)])
        self.assertEqual([v["address"] for v in doc["victims"]], ["198.51.100.53"])
        self.assertTrue(all("spoofed_rate" not in v for v in doc["reflectors"]))

    def test_an_amplification_attack_on_one_of_ours(self):
        r = random.Random(3)
        runs = [answers(dns(f"192.{r.randrange(256)}.{r.randrange(256)}.9", DARK | 77), START + r.random(), 20, 1) for _ in range(700)]
        floods = self.replay(*runs)["floods"]
        self.assertEqual([(f["kind"], f["target"], f["port"]) for f in floods], [("amplification", "10.66.0.77", 53)])
        self.assertGreater(floods[0]["packets"], 0.9 * 700 * 21)

    # ---- whole networks

    def test_carpet_bombing_of_a_network(self):
        r, net = random.Random(5), wire.number("198.51.100.0")
        bombed = [(START + i * 0.5, wire.ip4(net | r.randrange(256), target(i), 6, wire.tcp(80, 999, wire.SYN | wire.ACK))) for i in range(1200)]
        doc = self.replay(bombed)
        self.assertEqual([(c["network"], c["start"], c["end"]) for c in doc["carpets"]], [("198.51.100.0/24", iso(START), iso(START + 599))])
        self.assertGreater(doc["carpets"][0]["addresses"], 240)
        self.assertEqual(doc["victims"], [])

    def test_neighbours_at_different_times_are_no_carpet(self):
        net = wire.number("198.51.100.0")
        self.assertEqual(self.replay(*[answers(synack(net | k), START + k * 7200, 20, 4) for k in range(40)])["carpets"], [])
        together = self.replay(*[answers(synack(net | k), START + k * 30, 20, 4) for k in range(40)])["carpets"]
        self.assertEqual([c["addresses"] for c in together], [40])

    # ---- units

    def test_telescopes_of_different_sizes(self):
        """The same density of traffic gives the same figures for each address, whatever the size."""
        r, packets = random.Random(7), []
        for base, bits, n in (("10.66.0.0", 16, 16384), ("10.77.3.0", 24, 64), ("10.88.0.0", 20, 1024)):
            for i in range(n):
                packets.append((START + 86400 * i / (n - 1), wire.ip4(0x0B000000 + r.randrange(1 << 24), wire.number(base) + i * 4, 6, wire.tcp(4000, 23))))
        doc = self.replay(packets, args=("--prefix", "large=10.66.0.0/16", "--prefix", "small=10.77.3.0/24", "--prefix", "middle=10.88.0.0/20"))
        self.assertEqual(doc["telescope"]["addresses"], 65536 + 256 + 4096)
        by = {t["name"]: t for t in doc["telescope"]["prefixes"]}
        self.assertEqual({k: (t["addresses"], t["packets"]) for k, t in by.items()}, {"large": (65536, 16384), "small": (256, 64), "middle": (4096, 1024)})
        for t in [*by.values(), doc["telescope"]]:
            self.assertAlmostEqual(t["packets_per_address_day"], 0.25, places=6)
            self.assertAlmostEqual(t["seconds_between_packets"], 4 * 86400, delta=1)

    def test_known_scanners_with_evidence(self):
        """A known scanner is no attack whatever its tool, and the list's evidence stands beside it."""
        scanners = self.world.dir / "scanners.txt"
        scanners.write_text("# prefix, name, evidence\n192.0.2.0/24, Survey University, https://example.org/scanning\n")
        run = [(START + i, wire.ip4(src, target(i), 6, wire.tcp(4000, 23, seq=target(i)))) for i in range(100) for src in ("192.0.2.7", "198.51.100.7")]
        doc = self.replay(run, args=("--prefix", "10.66.0.0/16", "--scanners", scanners))
        by = {s["address"]: s for s in doc["top_sources"]}
        self.assertEqual((by["192.0.2.7"]["judgement"], by["192.0.2.7"]["known_as"], by["192.0.2.7"]["evidence"]),
                         ("investigation", "Survey University", "https://example.org/scanning"))
        self.assertEqual((by["198.51.100.7"]["judgement"], by["198.51.100.7"].get("known_as")), ("attack", None))
        self.assertEqual({j["name"]: j["sources"] for j in doc["judgements"] if j["sources"]}, {"investigation": 1, "attack": 1})


class Surges(unittest.TestCase):
    """Crowds by the hour with a wave by day and more variance than chance has; one injected."""

    def test_false_alarms_and_a_true_one(self):
        world = hinomi.World()
        self.addCleanup(world.close)
        r, packets, hours, surge = random.Random(23), [], 14 * 24, 13 * 24 + 15
        for port in range(1, 16):
            level, noise = 5 + 2 * port, (0, 0.1, 0.2)[port % 3]
            for hour in range(hours):
                mean = level * (1 + 0.4 * math.sin(2 * math.pi * hour / 24)) * math.exp(r.gauss(0, noise)) * (5 if (port, hour) == (9, surge) else 1)
                for _ in range(max(0, round(r.gauss(mean, math.sqrt(mean))))):
                    packets.append((START + hour * 3600 + r.random() * 3600, port))
        packets.sort()
        path = wire.pcap(world.dir / "a.pcap", ((at, wire.ip4(r.randrange(0x0B000000, 0xDF000000), target(i), 6, wire.tcp(4000, port))) for i, (at, port) in enumerate(packets)))
        told = world.run("telescope", "replay", "--json", path).json["surges"]
        self.assertIn((iso(START + surge * 3600), 9), [(s["hour"], s["port"]) for s in told["list"]])
        self.assertLessEqual(len(told["list"]), 2)
        self.assertGreater(told["tested_port_hours"], 15 * (hours - 24))
        self.assertAlmostEqual(told["false_alarms_expected"], told["tested_port_hours"] * 1.4e-5, places=6)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
