#!/usr/bin/env python3
"""hinomi telescope: generated traffic with known truth, a live watch that is killed, and real captures where at hand."""
import gzip
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
import hinomi  # noqa: E402

START = 1700006400
DATA = pathlib.Path(os.environ.get("HINOMI_TEST_DATA", hinomi.TOP / "../shared/data")) / "net" / "dev"


def address(text):
    return struct.unpack(">I", socket.inet_aton(text))[0]


def frame(src, dst, dport, flags=2, seq=1, ident=7, window=1024, ttl=50, sport=4000):
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, ident, 0, ttl, 6, 0, src, dst)
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, 0, 0x50, flags, window, 0, 0)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp + bytes(6)


def tagged(body):
    """The same frame on a virtual network: not the telescope's short path."""
    return body[:12] + b"\x81\0\0\5" + body[12:]


def capture(path, packets, change=lambda body: body):
    """packets: (seconds, frame)."""
    out = bytearray(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for at, body in packets:
        body = change(body)
        out += struct.pack("<IIII", START + int(at), int(at % 1 * 1e6), len(body), len(body)) + body
    path.write_bytes(out)
    return path


def mixture(n, seconds):
    """A bit of everything, the same every time."""
    r = random.Random(5)
    for i in range(n):
        k = r.randrange(300)
        src, dst, seq = 0x0b000000 + k * 65537, address("10.66.0.0") | r.randrange(65536), r.randrange(1 << 32)
        port, ident, flags = (23, 80, 8080)[k % 3], r.randrange(65536), 18 if k % 7 == 0 else 2
        if k % 5 == 0:
            seq = dst
        if k % 5 == 1:
            ident = (dst ^ port ^ seq) & 0xffff
        yield i * seconds / n, frame(src, dst, port, flags, seq, ident, sport=80 if flags == 18 else 2000 + k)


class Telescope(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def replay(self, *args, code=0):
        done = self.world.run("telescope", "replay", "--json", *args)
        self.assertEqual(done.code, code, done.errors)
        return done.json

    def tools(self, *args):
        return {f["name"]: (f["packets"], f["sources"]) for f in self.replay(*args)["fingerprints"]}

    # ---- one result, whatever the way to it

    def test_the_short_path_and_the_decoder_agree(self):
        packets = list(mixture(20000, 5000))
        one = self.replay(capture(self.world.dir / "a.pcap", packets))
        two = self.replay(capture(self.world.dir / "b.pcap", packets, tagged))
        for doc in (one, two):
            doc.pop("input")
        self.assertEqual(one, two)
        self.assertEqual(one["packets"], 20000)

    def test_threads_do_not_matter(self):
        path = capture(self.world.dir / "a.pcap", mixture(60000, 9000))
        self.assertEqual(self.replay("--threads", "1", path), self.replay("--threads", "3", path))

    def test_only_counting_gives_the_same_ports(self):
        path = capture(self.world.dir / "a.pcap", mixture(20000, 900))
        counts = lambda doc: {(p["proto"], p["port"]): p["packets"] for p in doc["ports"]}
        self.assertEqual(counts(self.replay("--ports-only", path)), counts(self.replay(path)))

    def test_threads_do_not_matter_when_only_counting(self):
        """Also not at the turn of an hour, where records are damaged or out of order, and where the file ends within one."""
        whole = capture(self.world.dir / "whole.pcap", mixture(60000, 9000)).read_bytes()
        size = 16 + int.from_bytes(whole[32:36], "little")
        at = 24 + 20000 * size   # records of one size: of the 20,001st, the length
        odd = bytearray(whole[:-7])
        odd[at + 8:at + 12] = b"\xff" * 4
        late, early = (24 + n * size for n in (25000, 52000))
        odd[late:late + size], odd[early:early + size] = odd[early:early + size], odd[late:late + size]
        path = self.world.dir / "odd.pcap"
        path.write_bytes(odd)
        for more in ([], ["--prefix", "10.66.0.0/17"], ["--since", "2023-11-15T01:00:00Z"]):
            for what in (self.world.dir / "whole.pcap", path):
                one, two = (self.replay("--ports-only", "--threads", n, *more, what) for n in ("1", "2"))
                self.assertEqual(one, two, more)
        self.assertEqual(one["input"]["damaged"], 2)
        small = self.world.dir / "small.pcap"
        small.write_bytes(whole[:5])
        self.assertEqual(self.world.run("telescope", "replay", "--ports-only", small).code, 3)
        packed = self.world.dir / "packed.pcap.gz"
        packed.write_bytes(gzip.compress(whole))
        one, two = (self.replay("--ports-only", self.world.dir / "whole.pcap"), self.replay("--ports-only", packed))
        self.assertEqual(one, two)

    def test_japanese_and_wrong_use(self):
        path = capture(self.world.dir / "a.pcap", mixture(500, 60))
        self.assertIn("パケット", self.world.run("--lang", "ja", "telescope", "replay", path).text)
        self.assertEqual(self.world.run("telescope", "replay", "--prefix", "nonsense", path).code, 2)
        self.assertEqual(self.world.run("telescope", "replay", "/nonexistent").code, 3)

    # ---- live

    def watch(self, *more):
        p = subprocess.Popen([hinomi.PROGRAM, "telescope", "watch", "--interface", "lo", "--prefix", "127.9.0.0/16", "--members",
                              self.world.dir / "members.txt", "--every", "5", *more], env=self.world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for f in (p.stdout, p.stderr):
            self.addCleanup(f.close)
        self.addCleanup(p.kill)
        for _ in range(500):
            if "\n" in pathlib.Path("/proc/net/packet").read_text(encoding="ascii").rstrip("\n"):
                return p
            self.assertIsNone(p.poll())
            time.sleep(0.02)
        self.fail("not watching")

    def send(self, n):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for i in range(n):
                s.sendto(b"x", (f"127.9.{i % 7}.{i % 250}", 2323))

    def kept(self):
        """Packets that the store knows of."""
        for _ in range(10):
            try:
                with sqlite3.connect(f"file:{self.world.home}/store.db?mode=ro", uri=True) as d:
                    rows = d.execute("SELECT fields FROM observation WHERE subject = 'telescope'").fetchall()
                if rows:
                    return json.loads(rows[0][0])["packets"]
            except sqlite3.OperationalError:
                pass
            time.sleep(0.2)
        return 0

    @unittest.skipIf(os.geteuid() != 0 and os.environ.get("CI") != "true", "needs CAP_NET_RAW")
    def test_a_killed_watch_goes_on_from_what_it_kept(self):
        (self.world.dir / "members.txt").write_text("127.0.0.1/32, Town, soc@example.org\n")
        p = self.watch()
        time.sleep(0.5)
        begin = time.monotonic()
        self.send(300)
        alert = json.loads(p.stdout.readline())
        self.assertLess(time.monotonic() - begin, 60)
        self.assertEqual((alert["member"], alert["address"], alert["state"]), ("Town", "127.0.0.1", "open"))
        total = 0
        for _ in range(100):  # soon after an alert everything is kept
            total = self.kept()
            if total >= 300:
                break
            time.sleep(0.1)
        self.assertGreaterEqual(total, 300)
        for round_ in range(3):
            time.sleep(random.random())
            p.kill()
            p.wait()
            time.sleep(0.5)
            p = self.watch()
            time.sleep(0.5)
            self.send(100)
            time.sleep(6)
            now = self.kept()
            self.assertGreaterEqual(now, total + 100, f"round {round_}")
            total = now
        p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 0, errors)
        self.assertEqual(out, b"")  # the alert was told once, before the first kill

    # ---- captures that grow

    def geo(self):
        path = self.world.dir / "geo.txt"
        path.write_text("0.0.0.0/1,JP,AS64500 Half\n128.0.0.0/1,NL,AS64501 Other half\n")
        return path

    def follow(self, folder):
        p = subprocess.Popen([hinomi.PROGRAM, "telescope", "watch", "--follow", folder, "--every", "5", "--geo", self.geo()], env=self.world.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for f in (p.stdout, p.stderr):
            self.addCleanup(f.close)
        self.addCleanup(p.kill)
        return p

    def wait_kept(self, packets):
        end = time.monotonic() + 20
        while self.kept() != packets:
            self.assertLess(time.monotonic(), end, f"{self.kept()} packets kept, {packets} written")
            time.sleep(0.2)

    def test_captures_that_grow_are_rotated_packed_and_a_watch_that_is_killed(self):
        folder = self.world.dir / "captures"
        folder.mkdir()
        whole = capture(self.world.dir / "whole.pcap", mixture(4000, 600)).read_bytes()
        head, starts, at = whole[:24], [], 24
        while at < len(whole):
            starts.append(at)
            at += 16 + struct.unpack_from("<I", whole, at + 8)[0]
        starts.append(at)

        def part(a, b):
            return whole[starts[a]:starts[b]]

        live = folder / "dark.pcap"
        live.write_bytes(head + part(0, 1000) + part(1000, 1001)[:30])  # the last record is not wholly there yet
        p = self.follow(folder)
        self.wait_kept(1000)
        with live.open("ab") as f:
            f.write(part(1000, 1001)[30:] + part(1001, 1500))
        live.rename(folder / "dark.pcap.1")  # with what was not yet read
        live.write_bytes(head + part(1500, 2000))
        self.wait_kept(2000)
        p.kill()
        p.wait()
        with live.open("ab") as f:
            f.write(part(2000, 2600))
        (folder / "dark.pcap.1.gz").write_bytes(gzip.compress((folder / "dark.pcap.1").read_bytes()))
        (folder / "dark.pcap.1").unlink()
        p = self.follow(folder)
        self.wait_kept(2600)
        (folder / "dark.pcap.2").write_bytes(live.read_bytes())  # copied, then written anew in its place
        live.write_bytes(head + part(2600, 4000))
        self.wait_kept(4000)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(timeout=60), 0)
        self.assertEqual(self.kept(), 4000)
        told = self.world.run("telescope", "merge", "--json", "--geo", self.geo(), self.world.home / "telescope" / "telescope.state").json
        whole = self.replay("--geo", self.geo(), self.world.dir / "whole.pcap")
        for doc in (told, whole):
            doc.pop("input")
        self.assertEqual(told, whole)
        with sqlite3.connect(f"file:{self.world.home}/store.db?mode=ro", uri=True) as d:
            summary = json.loads(d.execute("SELECT fields FROM observation WHERE subject = 'telescope'").fetchone()[0])
        self.assertEqual(sum(int(x.split()[2]) for x in summary["countries"]), 4000)
        self.assertRegex(summary["networks"][0], r"^6450[01] \d+ \d+ (Half|Other half)$")
        p = self.follow(folder)
        time.sleep(2)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(timeout=60), 0)
        self.assertEqual(self.kept(), 4000)

    # ---- real captures

    def test_real_captures(self):
        if not (DATA / "telescope").is_dir():
            self.assertNotEqual(os.environ.get("CI"), "true", "HINOMI_TEST_DATA is missing")
            self.skipTest("no captures: set HINOMI_TEST_DATA")
        dev = DATA / "telescope"
        self.assertEqual(self.tools(dev / "zmap_tcp_dev.pcap"), {"zmap": (4096, 1)})
        self.assertEqual(self.tools(dev / "zmap_icmp_dev.pcap"), {"zmap": (1024, 1)})
        self.assertEqual(self.tools(dev / "masscan_tcp_dev.pcap"), {"masscan": (12288, 1)})
        self.assertEqual(list(self.tools(dev / "nmap_syn_dev.pcap")), ["nmap"])
        for flood in ("ddos_synflood_spoofed.pcap", "ddos_synack_reflection.pcap"):
            self.assertEqual(self.tools(dev / flood), {}, flood)

    def test_zmap_4_in_a_real_order(self):
        """A real scan whose identifications are made random, as ZMap 4 makes them; and the same in another order."""
        path = DATA / "telescope" / "zmap_tcp_dev.pcap"
        if not path.is_file():
            self.assertNotEqual(os.environ.get("CI"), "true", "HINOMI_TEST_DATA is missing")
            self.skipTest("no captures: set HINOMI_TEST_DATA")
        raw, packets, at, r = path.read_bytes(), [], 24, random.Random(1)
        while at < len(raw):
            n = struct.unpack_from("<I", raw, at + 8)[0]
            body = bytearray(raw[at + 16:at + 16 + n])
            body[18:20] = struct.pack(">H", r.randrange(65536))
            packets.append((len(packets) / 1000, bytes(body)))
            at += 16 + n
        self.assertEqual(self.tools(capture(self.world.dir / "a.pcap", packets)), {"zmap4": (4096, 1)})
        bodies = [b for _, b in packets]
        r.shuffle(bodies)
        self.assertEqual(self.tools(capture(self.world.dir / "b.pcap", [(i / 1000, b) for i, b in enumerate(bodies)])), {})


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
