#!/usr/bin/env python3
"""hinomi telescope merge: what two instances have seen, each a half, is what one would have seen."""
import json
import pathlib
import random
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402
import wire  # noqa: E402

START = 1700006400
DARK = wire.number("10.66.0.0")
TOOLS = (23, 80, 443, 8080, 2323)


def mixture(n, seconds, six=True):
    """Scanners of one port and of several, a worm, answers of victims, IPv6; sources that come back on other days."""
    r = random.Random(11)
    for i in range(n):
        k, at = r.randrange(200), START + i * seconds / n
        src, dst, seq = 0x0B000000 + k * 65537, DARK | r.randrange(65536), r.randrange(1 << 32)
        if six and k % 20 == 19:
            yield at, wire.ip6(f"2001:db8::{k:x}", f"2001:db8:ffff::{r.randrange(65536):x}", 6, wire.tcp(4000, 22, seq=seq))
        elif k % 10 == 3:
            yield at, wire.ip4(src, dst, 6, wire.tcp(80, 1024 + r.randrange(60000), wire.SYN | wire.ACK, seq, i))
        elif k % 10 == 4:
            yield at, wire.ip4(src, dst, 6, wire.tcp(4000, r.choice(TOOLS), seq=dst))
        else:
            yield at, wire.ip4(src, dst, 6, wire.tcp(2000 + k, TOOLS[k % 3] if k % 4 else r.choice(TOOLS), seq=seq))


def without(doc, *names):
    return {name: value for name, value in doc.items() if name not in names}


class Merge(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def run_json(self, *args, code=0):
        done = self.world.run("telescope", *args, "--json")
        self.assertEqual(done.code, code, done.errors)
        return done.json

    def state(self, name, packets, *args, code=0):
        """What a replay of these packets leaves."""
        path, state = wire.pcap(self.world.dir / f"{name}.pcap", packets), self.world.dir / f"{name}.state"
        self.run_json("replay", *args, "--state", state, path, code=code)
        return state

    def halves(self, packets, which, *args):
        """The whole by one replay, and merged from two."""
        parts = [[p for i, p in enumerate(packets) if which(i, p) == half] for half in (0, 1)]
        states = [self.state(f"half{i}", part, *args) for i, part in enumerate(parts)]
        whole = self.run_json("replay", *args, wire.pcap(self.world.dir / "whole.pcap", packets))
        return whole, self.run_json("merge", *states), states

    def test_halves_by_source_by_time_and_by_address_are_the_whole(self):
        packets = list(mixture(12000, 9000))
        ways = {"source": lambda i, p: p[1][15] & 1, "time": lambda i, p: int(i >= 6000),
                "address": lambda i, p: p[1][18] >> 7 if p[1][0] >> 4 == 4 else p[1][39] & 1, "turns": lambda i, p: i & 1}
        for name, which in ways.items():
            pauses = ("events", "classes") if name in ("address", "turns") else ()  # of one half are none of the whole
            with self.subTest(name):
                whole, merged, _ = self.halves(packets, which, "--prefix", "dark=10.66.0.0/16", "--prefix", "six=2001:db8:ffff::/48")
                self.assertEqual(whole["packets"], 12000)
                self.assertEqual(merged["input"]["files"], 2)
                self.assertEqual(without(whole, "input", *pauses), without(merged, "input", *pauses))
                packets_of = lambda doc: {c["name"]: c["packets"] for c in doc["classes"]}
                self.assertEqual(packets_of(whole), packets_of(merged))

    def test_days_with_new_and_returning_sources(self):
        packets = list(mixture(12000, 9 * 86400))
        for name, which in {"source": lambda i, p: p[1][15] & 1, "time": lambda i, p: int(i >= 5000)}.items():
            with self.subTest(name):
                whole, merged, _ = self.halves(packets, which)
                self.assertGreater(len(whole["days"]), 8)
                self.assertEqual(without(whole, "input", "surges"), without(merged, "input", "surges"))

    def test_a_crowd_that_both_saw_is_one_surge(self):
        r, packets = random.Random(3), []
        for hour in range(40):
            for i in range(2000 if hour == 39 else 200):
                src = r.randrange(0x0B000000, 0xDF000000)
                packets.append((START + hour * 3600 + i, wire.ip4(src, DARK | r.randrange(65536), 6, wire.tcp(4000, 445))))
        packets.append((START + 40 * 3600, wire.ip4(DARK + 1, DARK, 6, wire.tcp(4000, 1))))  # the hour is over
        whole, merged, _ = self.halves(packets, lambda i, p: i & 1)
        one, two = whole["surges"]["list"], merged["surges"]["list"]
        self.assertEqual([(s["hour"], s["port"]) for s in one], [(s["hour"], s["port"]) for s in two])
        self.assertEqual(len(two), 1)
        self.assertEqual(one[0]["sources"], two[0]["sources"])
        self.assertAlmostEqual(one[0]["sources_expected"], two[0]["sources_expected"], delta=10)
        whole, merged, _ = self.halves(packets, lambda i, p: int(p[0] >= START + 20 * 3600))
        self.assertEqual([(s["hour"], s["port"]) for s in merged["surges"]["list"]], [(one[0]["hour"], 445)])

    def test_what_is_merged_is_a_state_again_and_keeps_every_telescope(self):
        packets = list(mixture(6000, 5000, six=False))
        low, high = [p for p in packets if not p[1][18] >> 7], [p for p in packets if p[1][18] >> 7]
        states = [self.state(f"low{half}", [p for p in low if p[1][15] & 1 == half], "--prefix", "low=10.66.0.0/17") for half in (0, 1)]
        states += [self.state("high", high, "--prefix", "high=10.66.128.0/17")]
        self.run_json("merge", *states[:2], "--state", self.world.dir / "two.state")
        merged = self.run_json("merge", states[2], self.world.dir / "two.state")
        whole = self.run_json("replay", "--prefix", "high=10.66.128.0/17", "--prefix", "low=10.66.0.0/17", wire.pcap(self.world.dir / "w.pcap", packets))
        self.assertEqual(without(whole, "input", "events", "classes"), without(merged, "input", "events", "classes"))
        self.assertEqual([(t["name"], t["packets"]) for t in merged["telescope"]["prefixes"]], [("low", len(low)), ("high", len(high))])
        self.assertEqual(merged["telescope"]["addresses"], 65536)

    def test_members_alerts_need_the_list(self):
        members = self.world.dir / "members.txt"
        members.write_text("11.0.0.0/8,City,soc@city.example\n")
        packets = list(mixture(4000, 3000, six=False))
        states = [self.state(f"s{i}", packets[i::2], "--members", members, code=1) for i in (0, 1)]
        whole = self.run_json("replay", "--members", members, wire.pcap(self.world.dir / "w.pcap", packets), code=1)
        merged = self.run_json("merge", "--members", members, *states, code=1)
        alerts = lambda doc: sorted((a["address"], a["packets"]) for a in doc["members"])
        self.assertTrue(alerts(whole))
        self.assertEqual(alerts(whole), alerts(merged))
        done = self.world.run("telescope", "merge", *states)
        self.assertEqual(done.code, 0)
        self.assertRegex(done.errors, r"\d+ alerts about members are left out")

    def test_the_same_state_twice_counts_once(self):
        state = self.state("a", mixture(500, 100))
        done = self.world.run("telescope", "merge", "--json", state, state)
        self.assertEqual((done.code, done.json["packets"]), (0, 500))
        self.assertIn("not counted again", done.errors)

    def test_a_folder_the_text_form_and_the_store(self):
        folder = self.world.dir / "states"
        folder.mkdir()
        for i in (0, 1):
            self.state(f"s{i}", list(mixture(2000, 1000))[i::2]).rename(folder / f"s{i}")
        done = self.world.run("telescope", "merge", "--keep", "both", folder)
        self.assertEqual(done.code, 0, done.errors)
        self.assertIn("2000 packets", done.text)
        with sqlite3.connect(f"file:{self.world.home}/store.db?mode=ro", uri=True) as db:
            kept = db.execute("SELECT fields FROM observation WHERE subject = 'both'").fetchone()[0]
        self.assertEqual(json.loads(kept)["packets"], 2000)
        self.assertIn("2000 パケット", self.world.run("telescope", "merge", folder, env={"HINOMI_LANG": "ja"}).text)

    def test_what_is_no_state_is_refused_and_named(self):
        state = self.state("a", mixture(500, 100))
        whole = state.read_bytes()
        bad = self.world.dir / "bad.state"
        for what in (b"", b"nothing", whole[:-1], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], wire.pcap(self.world.dir / "p.pcap", mixture(10, 1)).read_bytes()):
            bad.write_bytes(what)
            done = self.world.run("telescope", "merge", "--json", state, bad)
            self.assertEqual((done.code, done.text), (3, ""))
            self.assertIn("bad.state", done.errors)
        self.assertEqual(self.world.run("telescope", "merge", state, self.world.dir / "missing").code, 3)
        self.assertNotEqual(self.world.run("telescope", "merge").code, 0)
        done = self.world.run("telescope", "replay", "--ports-only", "--state", bad, self.world.dir / "p.pcap")
        self.assertEqual(done.code, 2)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
