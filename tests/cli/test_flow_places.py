#!/usr/bin/env python3
"""hinomi flow top by country and network: lists of one's own, what exporters tell, and either side."""
import collections
import importlib.machinery
import importlib.util
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hinomi  # noqa: E402
from test_flow import START, Traffic  # noqa: E402

GEO = """# prefix, country, network
192.168.0.0/16,JP,AS64500 House
203.0.113.0/24,US,AS64501 Example Net
203.0.113.128/25,BR,AS4200000001
198.51.100.0/24,,AS64502
2001:db8::/32,JP,AS64500 House
"""
WHERE = {"192.168.7.1": ("JP", "64500"), "203.0.113.5": ("US", "64501"), "203.0.113.200": ("BR", "4200000001"),
         "198.51.100.7": ("..", "64502"), "192.0.2.9": ("..", "0"), "2001:db8::1": ("JP", "64500"), "2001:db9::1": ("..", "0")}


class Places(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.geo = self.world.dir / "geo.csv"
        self.geo.write_text(GEO)
        t, v4, v6 = Traffic(), [a for a in WHERE if "." in a], [a for a in WHERE if ":" in a]
        for n in range(600):
            addresses = v6 if n % 5 == 0 else v4
            a, b = t.random.choice(addresses), t.random.choice(addresses)
            t.add(n, a, b, t.random.choice([22, 443]), 100 + n, 10 * (n % 3))
        self.log = t.write(self.world.dir / "conn.log")
        self.rows = [line.split("\t") for _, line in t.rows]

    def flow(self, *args, code=0):
        done = self.world.run("flow", *args)
        self.assertEqual(done.code, code, done.errors)
        return done

    def top(self, by, *args):
        doc = self.flow("top", "--json", "--by", by, "--top", "1000", "--from", self.log, "--geo", self.geo, *args).json
        names = by.split(",")
        return doc, {tuple(r[n] for n in names): (r["flows"], r["bytes"]) for r in doc["rows"]}

    def truth(self, *keys):
        """keys: of a row, the values that it counts for."""
        sums = collections.defaultdict(lambda: [0, 0])
        for r in self.rows:
            for key in {k(r) for k in keys}:
                sums[key][0] += 1
                sums[key][1] += int(r[10]) + int(r[12])
        return {k: tuple(v) for k, v in sums.items()}

    def test_one_side(self):
        src, dst = lambda i: lambda r: (WHERE[r[1]][i],), lambda i: lambda r: (WHERE[r[3]][i],)
        for by, key in (("srccountry", src(0)), ("dstcountry", dst(0)), ("srcgeo", src(0)), ("dstgeo", dst(0)), ("srcas", src(1)), ("dstas", dst(1))):
            self.assertEqual(self.top(by)[1], self.truth(key), by)
        self.assertEqual(self.top("srccountry,dstas,dstport")[1], self.truth(lambda r: (WHERE[r[1]][0], WHERE[r[3]][1], r[4])))
        self.assertEqual(self.top("srcip,dstcountry")[1], self.truth(lambda r: (r[1], WHERE[r[3]][0])))
        chosen = self.top("srccountry", "dst port 22 and ipv6")[1]
        self.assertEqual(sum(n for n, _ in chosen.values()), sum(r[4] == "22" and ":" in r[1] for r in self.rows))

    def test_either_side_counts_a_flow_once_for_a_place(self):
        doc, rows = self.top("country")
        self.assertEqual(rows, self.truth(lambda r: (WHERE[r[1]][0],), lambda r: (WHERE[r[3]][0],)))
        self.assertEqual(doc["flows"], len(self.rows))
        self.assertEqual(self.top("as")[1], self.truth(lambda r: (WHERE[r[1]][1],), lambda r: (WHERE[r[3]][1],)))
        self.assertEqual(self.top("country,as,dstport")[1],
                         self.truth(lambda r: (*WHERE[r[1]], r[4]), lambda r: (*WHERE[r[3]], r[4])))

    def test_tables(self):
        lines = self.flow("top", "--csv", "--by", "srccountry", "--from", self.log, "--geo", self.geo).text.splitlines()
        self.assertEqual(lines[0], "srccountry,FLOWS,PACKETS,BYTES")
        self.assertEqual({line.split(",")[0] for line in lines[1:]}, {"JP", "US", "BR", ".."})
        self.assertIn("JP", self.flow("top", "--by", "country", "--from", self.log, "--geo", self.geo).text)

    def test_networks_that_exporters_tell_come_first(self):
        record = lambda a, b, x, y: bytes(map(int, (*a.split("."), *b.split(".")))) + struct.pack(
            ">IHHIIIIHHBBBBHHBBH", 0, 3, 4, 7, 4200, 5000, 9000, 1234, 80, 0, 0x1b, 6, 0, x, y, 24, 24, 0)
        packet = struct.pack(">HHIIIIBBH", 5, 2, 10000, START, 0, 1, 1, 7, 0)
        rows = self.world.dir / "v5"
        rows.write_bytes(packet + record("203.0.113.5", "198.51.100.7", 65001, 0) + record("192.0.2.9", "203.0.113.5", 0, 65002))
        self.flow("import", rows)
        told = lambda by, *args: {r[by] for r in self.flow("top", "--json", "--by", by, *args).json["rows"]}
        self.assertEqual((told("srcas"), told("dstas"), told("as")), ({"65001", "0"}, {"0", "65002"}, {"0", "65001", "65002"}))
        geo = ["--geo", self.geo]
        self.assertEqual((told("srcas", *geo), told("dstas", *geo)), ({"65001", "0"}, {"64502", "65002"}))

    def test_databases(self):
        loader = importlib.machinery.SourceFileLoader("generate_mmdb", str(hinomi.TOP / "tools" / "generate-mmdb"))
        made = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(made)
        db, damaged = self.world.dir / "made.mmdb", self.world.dir / "damaged.mmdb"
        db.write_bytes(made.write(("192.168.0.0/16,JP,64500,House", "203.0.113.0/24,US,64501,Example Net", "203.0.113.128/25,BR,4200000001,x",
                                   "2001:db8::/32,JP,64500,House")))
        want = self.top("srccountry,dstas", "not host 198.51.100.7")[1]
        args = ["--json", "--by", "srccountry,dstas", "--top", "1000", "--from", self.log, "not", "host", "198.51.100.7"]
        rows = self.flow("top", *args, "--geo", db).json["rows"]
        self.assertEqual({(r["srccountry"], r["dstas"]): (r["flows"], r["bytes"]) for r in rows}, want)
        own = self.world.dir / "own.csv"
        own.write_text("203.0.113.0/24,NL\n")  # goes before, for what it says
        rows = self.flow("top", *args, "--geo", db, "--geo", own).json["rows"]
        self.assertEqual({r["srccountry"] for r in rows}, {"JP", "NL", ".."})
        self.assertEqual({r["dstas"] for r in rows}, {k[1] for k in want})
        raw = bytearray(db.read_bytes())
        for i in range(0, len(raw) - 400, 3):
            raw[i] ^= 0x5A
        damaged.write_bytes(raw)
        self.assertIn(self.world.run("flow", "top", *args, "--geo", damaged).code, (0, 3))

    def test_what_is_wrong_is_said(self):
        self.assertIn("--geo", self.flow("top", "--by", "country", "--from", self.log, code=2).errors)
        self.assertIn("国別", self.world.run("--lang", "ja", "flow", "top", "--by", "srccountry").errors)
        self.flow("top", "--by", "srccountry/24", "--from", self.log, "--geo", self.geo, code=2)
        bad = self.world.dir / "bad.csv"
        bad.write_text("no list\n")
        self.assertIn("neither a MaxMind", self.world.run("flow", "top", "--by", "country", "--geo", bad, "--from", self.log).errors)
        bad.write_text("no list\n203.0.113.0/24,US\n")
        self.assertIn("line 1", self.flow("top", "--by", "country", "--geo", bad, "--from", self.log).errors)
        self.assertIn("no-such-file", self.flow("top", "--by", "country", "--geo", self.world.dir / "no-such-file", "--from", self.log, code=3).errors)

    def test_places_of_the_configuration(self):
        conf, other = self.world.dir / "hinomi.yaml", self.world.dir / "other.csv"
        conf.write_text(f"network:\n  places: [{self.geo}]\n")
        other.write_text("0.0.0.0/0,NL,AS64999\n::/0,NL,AS64999\n")
        ask = lambda by, *args: self.flow("top", "--json", "--by", by, "--from", self.log, "--config", conf, *args).json
        self.assertEqual(ask("country,as"), 
                         self.flow("top", "--json", "--by", "country,as", "--from", self.log, "--geo", self.geo).json)
        self.assertTrue(ask("srcas")["places"])
        self.assertNotIn("places", self.flow("top", "--json", "--by", "srcas", "--from", self.log).json)
        self.assertEqual({r["country"] for r in ask("country", "--geo", other)["rows"]}, {"NL"})  # what is named counts alone
        conf.write_text("network:\n  places: [geo.csv]\n")
        self.assertIn("network.places", self.flow("top", "--by", "country", "--from", self.log, "--config", conf, code=2).errors)
        conf.write_text(f"network:\n  places: [{self.world.dir}/gone.mmdb]\n")
        self.assertIn("gone.mmdb", self.flow("top", "--by", "country", "--from", self.log, "--config", conf, code=3).errors)
        ask("dstport")  # nobody asked where

    def test_a_country_that_is_none_is_said(self):
        list_ = self.world.dir / "three.csv"
        list_.write_text("192.168.0.0/16,JPN,AS64500 House\n203.0.113.0/24,US,AS64501\n198.51.100.0/24,,AS64502\n"
                         "2001:db8::/32,-,-\n192.0.2.0/24,NL,Example Net\n")
        said = self.flow("top", "--csv", "--by", "country,as", "--from", self.log, "--geo", list_).errors.splitlines()
        self.assertEqual([line.split(", ")[1] for line in said],
                         ["line 1: the country is not two letters", "line 5: the network is not AS and a number"])
        self.assertIn("1行目: 国が2文字のコードではありません",
                      self.world.run("--lang", "ja", "flow", "top", "--by", "as", "--from", self.log, "--geo", list_).errors)
        rows = self.flow("top", "--csv", "--by", "srccountry,srcas", "--from", self.log, "--geo", list_).text
        self.assertIn("..,64500,", rows)  # what was right of it stands

    def test_a_list_in_small_letters(self):
        small = self.world.dir / "small.csv"
        small.write_text(GEO.lower())
        args = ("top", "--csv", "--by", "country,as", "--from", self.log, "--geo")
        self.assertEqual(self.flow(*args, small).text, self.flow(*args, self.geo).text)

    def test_tables_that_grow(self):
        n, again = 600_000, 1000  # keys: more than two threads' tables hold before they grow by doubling
        record = struct.Struct("<HHHHI" "HHQQQQQHHBBBB" "HHII")
        rows = b"".join(record.pack(11, 76, 2, 0, 0, 1, 52, 1000 * START, 1000 * START + 500, 0, 3, 200, 40000, i % n % 7, 6, 0x1b, 0, 0,
                                    2, 12, 0x0b000000 + i % n, 0xc0000201) for i in range(n + again))
        file = self.world.dir / "nf"
        file.write_bytes(struct.pack("<HHIQBBHIQII", 0xa50c, 2, 0, 0, 0, 0, 0, 0, 0, 1 << 20, 1) + struct.pack("<IIHH", n + again, len(rows), 3, 0) + rows)
        doc = self.flow("top", "--json", "--by", "srcip,dstport", "--top", str(again + 1), "--from", file).json
        self.assertEqual((doc["flows"], [r["flows"] for r in doc["rows"]]), (n + again, [2] * again + [1]))
        lines = self.flow("top", "--csv", "--by", "srcip,dstport", "--top", str(n + 1), "--from", file).text.splitlines()[1:]
        self.assertEqual((len(lines), len({line.rsplit(",", 3)[0] for line in lines})), (n, n))

    def test_ports_of_either_family_are_one_row(self):
        rows = self.top("proto,dstport")[1]
        self.assertEqual(rows, self.truth(lambda r: ("6", r[4])))


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
