import json
import os
import subprocess
import tempfile
import time
import unittest

import packets
from case import Case
from world import PROGRAM, run_id


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def machine(name):
    return name.encode().hex().ljust(32, "0")[:32]


class Network(Case):
    """What telescopes and flows see, joined with hosts; the console's part of the API."""

    later = 0

    @classmethod
    def fill(cls, world):
        world.account("tanaka", ("root", "admin"))
        cls.client = world.client("tanaka")
        cls.now = time.time()
        cls.dir = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()
        super().tearDownClass()

    def hinomi(self, *args, ok=(0, 1)):
        r = subprocess.run([PROGRAM, *args], env={**os.environ, "HINOMI_HOME": self.world.home, "LC_ALL": "C.UTF-8"},
                           capture_output=True, timeout=120)
        self.assertIn(r.returncode, ok, r.stderr.decode())
        return r.stdout.decode()

    def host(self, name, addresses, port=443, reach="everywhere", networks=("public",), firewall="open", org="root",
             age=60):
        """A run of a host with a library that a program on this port has loaded, judged by the program itself."""
        at = stamp(self.now - age)
        lib, pkg, proc = "/usr/lib/x86_64-linux-gnu/libssl.so.3", "libssl3:amd64", "812:78764"
        installed = "3.0.15-1~deb12u1"
        rows = [("host", "identity", "host", {"hostname": name, "names": [name], "machine_id": machine(name)}),
                ("packages", "package", pkg, {"name": "libssl3", "arch": "amd64", "version": installed,
                                              "source": "openssl", "source_version": installed, "manager": "dpkg",
                                              "installed": True, "want": "install", "state": "installed"}),
                ("packages", "owner", lib, {"path": lib, "package": pkg}),
                ("packages", "update", pkg, {"package": pkg, "name": "libssl3", "installed": installed,
                                             "candidate": "3.0.17-1", "suite": "bookworm-security", "security": True,
                                             "fixed": "3.0.17-1", "fixed_suite": "bookworm-security",
                                             "source": "openssl", "source_installed": installed,
                                             "source_fixed": "3.0.17-1", "published": stamp(self.now - 12 * 86400),
                                             "held": False}),
                ("processes", "process", proc, {"pid": 812, "ppid": 1, "name": "nginx", "exe": "/usr/sbin/nginx",
                                                "uid": 0, "euid": 0, "user": "root", "started": at}),
                ("processes", "mapped", lib, {"path": lib, "deleted": False, "executable": True, "processes": [proc],
                                              "users": 1}),
                ("sockets", "listener", f"tcp:0.0.0.0:{port}",
                 {"proto": "tcp", "address": "0.0.0.0", "port": port, "reach": reach, "networks": list(networks),
                  "processes": [proc], "firewall": firewall})]
        rows += [("network", "address", "eth0 " + a, {"interface": "eth0", "address": a, "prefix": 24})
                 for a in addresses]
        observations = [{"module": m, "kind": k, "subject": s, "at": at, "fields": f} for m, k, s, f in rows]
        cover = [{"module": m, "scope": "live", "privilege": "root", "ran": True, "complete": True, "deep": False,
                  "observations": sum(o["module"] == m for o in observations), "not_seen": [], "malformed": [],
                  "quarantined": []} for m in ("host", "packages", "processes", "sockets", "network")]
        document = {"schema": "hinomi-run-1", "run_id": run_id(), "collected_at": at, "live": True, "deep": False,
                    "scope": "live", "privilege": "root", "coverage": cover, "observations": observations,
                    "findings": [], "not_seen": [],
                    "asset": {"id": name, "names": [name], "machine_id": machine(name), "hardware_id": "", "os": ""}}
        path = os.path.join(self.dir.name, name + ".json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)
        self.hinomi("ingest", "--org", org, path)
        asset = next(a["id"] for a in self.client.get("assets?q=" + name).json["items"] if a["name"] == name)
        found = self.client.get(f"findings?asset={asset}&kind=packages.update-pending").json["items"]
        self.assertEqual(len(found), 1)
        return asset, found[0]["id"]

    def telescope(self, name, **how):
        path = os.path.join(self.dir.name, f"{name}-{time.monotonic_ns()}.pcap")
        members = os.path.join(self.dir.name, "members.txt")
        with open(members, "w", encoding="utf-8") as f:
            f.write("198.18.0.0/16,Minato Hospital,soc@example.jp\n")
        self.__class__.later += 5 # each replay is of a little later, else it would tell nothing new
        packets.pcap(path, packets.darknet(self.now - 300 + self.later, **how))
        return json.loads(self.hinomi("telescope", "replay", "--json", "--keep", name, "--prefix",
                                      f"{name}=203.0.113.0/24", "--members", members, path))

    def finding(self, id_):
        return self.valid(self.client.get("findings/" + id_), "finding")

    @staticmethod
    def terms(f, seen=True):
        return {t["name"]: t for t in f["terms"] if t["seen"] is seen}

    # ------------------------------------------------------------------ scanned for

    def test_a_scan_after_the_diagnosis(self):
        asset, one = self.host("www-3", ["198.18.7.7"])
        _, other = self.host("mail-1", ["198.18.7.8"], port=25)
        _, blocked = self.host("db-1", ["198.18.7.9"], firewall="blocked")
        _, inside = self.host("inner-1", ["10.1.1.1"], networks=["private"])
        before = {i: self.finding(i) for i in (one, other, blocked, inside)}
        self.assertNotIn("scanned-now", self.terms(before[one]))
        self.telescope("dark", port=443, sources=300)
        after = self.finding(one)
        t = self.terms(after)["scanned-now"]
        self.assertEqual(t["text"]["en"], "300 hosts scanned for it today (port 443/tcp).")
        self.assertIn("本日、300台が", t["text"]["ja"])
        self.assertIn("300 hosts scanned for it today", after["sentence"]["en"])
        self.assertIn("300台", after["sentence"]["ja"])
        self.assertGreater(after["score"], before[one]["score"])
        nodes = after["graph"]["nodes"]
        scanners = [i for i, n in enumerate(nodes) if n["type"] == "scanners"]
        self.assertEqual(len(scanners), 1)
        self.assertEqual(nodes[scanners[0]]["label"]["ja"], "探索元 300台")
        edges = [e for e in after["graph"]["edges"] if e["to"] == scanners[0]]
        self.assertEqual([nodes[e["from"]]["type"] for e in edges], ["listener"])
        self.assertEqual(t["observation"]["kind"], "telescope.port") # the evidence opens, though another asset's
        self.assertEqual(t["observation"]["subject"], "tcp:443")
        # the first of Now says so
        first = self.client.get("now").json["first"][0]
        self.assertEqual(first["id"], one)
        self.assertIn("300 hosts scanned for it today", first["sentence"]["en"])
        # another port, a firewall that blocks: nothing
        for id_ in (other, blocked):
            self.assertEqual(self.finding(id_)["score"], before[id_]["score"])
            self.assertNotIn("scanned-now", self.terms(self.finding(id_)))
        # only private addresses: said, not joined
        f = self.finding(inside)
        self.assertEqual(f["score"], before[inside]["score"])
        self.assertIn("only private addresses", self.terms(f, False)["scanned-maybe"]["text"]["en"])
        self.assertNotIn("scanned-now", self.terms(f, False))
        self.__class__.scanned = (asset, one, after["score"])

    def test_b_scan_before_the_diagnosis(self):
        _, new = self.host("www-4", ["198.18.7.10"])
        f = self.finding(new)
        self.assertIn("scanned-now", self.terms(f))
        self.assertAlmostEqual(f["score"], self.scanned[2], places=1)

    def test_c_again_and_gone(self):
        _, one, score = self.scanned
        history = len(self.finding(one)["history"])
        self.host("www-3", ["198.18.7.7"], age=30)
        self.telescope("dark", port=443, sources=301) # rounded: the same
        f = self.finding(one)
        self.assertEqual(len(f["history"]), history)
        self.assertAlmostEqual(f["score"], score, places=1)
        self.telescope("dark", port=8080, sources=50) # now something else is scanned for
        f = self.finding(one)
        self.assertNotIn("scanned-now", self.terms(f))
        self.assertIn("scanned-now", self.terms(f, False))
        self.assertLess(f["score"], score)
        self.assertEqual([n for n in f["graph"]["nodes"] if n["type"] == "scanners"], [])

    # ------------------------------------------------------------------ seen in the darknet

    def test_d_darknet_sender(self):
        _, infected = self.host("clinic-2", ["198.18.9.9"], port=8443)
        before = self.finding(infected)["score"]
        report = self.telescope("dark", port=8080, sources=50, member="198.18.9.9")
        self.assertEqual(len(report["members"]), 1)
        f = self.finding(infected)
        self.assertIn("198.18.9.9", self.terms(f)["seen-in-darknet"]["text"]["en"])
        self.assertGreater(f["score"], before)
        self.assertNotIn("detection", self.terms(f, False))
        self.assertTrue([n for n in f["graph"]["nodes"] if n["type"] == "darknet"])
        # the alert is a finding of its own, closed when the address is not seen any more
        alerts = self.client.get("findings?kind=telescope.member-sends").json["items"]
        self.assertEqual(len(alerts), 1)
        self.telescope("dark", port=8080, sources=50)
        f = self.finding(infected)
        self.assertNotIn("seen-in-darknet", self.terms(f))
        self.assertAlmostEqual(f["score"], before, places=1)
        self.assertEqual(self.finding(alerts[0]["id"])["status"], "closed")

    # ------------------------------------------------------------------ command servers

    def test_e_beacon(self):
        path = os.path.join(self.dir.name, "conn.log")
        packets.conn_log(path, packets.beacon(self.now, "198.18.20.5", "192.0.2.250") +
                         packets.browsing(self.now, "198.18.20.6"))
        _, bot = self.host("desk-5", ["198.18.20.5"], port=3389)
        _, good = self.host("desk-6", ["198.18.20.6"], port=3389)
        before = self.finding(bot)["score"]
        out = json.loads(self.hinomi("flow", "replay", "--json", "--store", "--internal", "198.18.0.0/16", path))
        self.assertEqual(out["suspects"][0]["host"], "198.18.20.5")
        f = self.finding(bot)
        self.assertIn("192.0.2.250", self.terms(f)["c2-suspected"]["text"]["en"])
        self.assertGreater(f["score"], before)
        self.assertNotIn("c2-suspected", self.terms(self.finding(good)))

    def test_f_shared_address(self):
        path = os.path.join(self.dir.name, "nat.log")
        packets.conn_log(path, packets.beacon(self.now, "10.9.9.9", "192.0.2.251"))
        _, a = self.host("branch-a", ["10.9.9.9"], port=3390, networks=["private"])
        _, b = self.host("branch-b", ["10.9.9.9"], port=3390, networks=["private"])
        scores = [self.finding(i)["score"] for i in (a, b)]
        self.hinomi("flow", "replay", "--json", "--store", "--internal", "10.0.0.0/8", path)
        for id_, score in zip((a, b), scores):
            f = self.finding(id_)
            self.assertEqual(f["score"], score)
            self.assertNotIn("c2-suspected", self.terms(f))
            self.assertIn("2 hosts have that address", self.terms(f, False)["network-ambiguous"]["text"]["en"])

    # ------------------------------------------------------------------ organisations

    def test_g_serves_its_subtree_only(self):
        left = self.world.local.call("organisations.create", parent="root", name="Left", kind="bureau")["id"]
        right = self.world.local.call("organisations.create", parent="root", name="Right", kind="bureau")["id"]
        _, ours = self.host("left-1", ["198.18.30.1"], port=5900, org=left)
        _, theirs = self.host("right-1", ["198.18.30.2"], port=5900, org=right)
        path = os.path.join(self.dir.name, "left.pcap")
        packets.pcap(path, packets.darknet(self.now, port=5900, sources=60))
        self.hinomi("telescope", "replay", "--json", "--keep", "left-dark", "--org", left, path)
        self.assertIn("scanned-now", self.terms(self.finding(ours)))
        self.assertNotIn("scanned-now", self.terms(self.finding(theirs)))

    def test_h_old_evidence_is_no_evidence(self):
        _, one = self.host("old-1", ["198.18.40.1"], port=6379)
        path = os.path.join(self.dir.name, "old.pcap")
        packets.pcap(path, packets.darknet(self.now - 2 * 86400, port=6379, sources=60))
        self.hinomi("telescope", "replay", "--json", "--keep", "old-dark", path)
        self.assertNotIn("scanned-now", self.terms(self.finding(one)))

    # ------------------------------------------------------------------ scanned for, by flow records

    def flows(self, name, rows):
        path = os.path.join(self.dir.name, name)
        packets.zeek(path, rows)
        return json.loads(self.hinomi("flow", "replay", "--json", "--store", "--internal", "198.18.0.0/16", path))

    def test_i_scanners_that_reached_the_port(self):
        _, hit = self.host("ssh-1", ["198.18.60.1"], port=2222, networks=["private"])
        _, near = self.host("ssh-2", ["198.18.60.2"], port=2222, networks=["private"])
        _, other = self.host("ssh-3", ["198.18.60.1"], port=2223, networks=["private"]) # the same address
        before = {i: self.finding(i)["score"] for i in (hit, near, other)}
        rows = packets.scans(self.now + 2000, "198.18.60.1", 2222, others=["192.0.2.7", "192.0.2.8"])
        out = self.flows("scans.log", rows)
        self.assertEqual([(s["host"], s["port"], s["sources"]) for s in out["scanned"]], [("198.18.60.1", 2222, 12)])
        # two hosts have the address: neither is joined
        self.assertNotIn("scanned-now", self.terms(self.finding(hit)))
        self.host("ssh-3", ["198.18.60.3"], port=2223, networks=["private"], age=30)
        self.flows("scans.log", [(at + 1, *r) for at, *r in rows])
        f = self.finding(hit)
        t = self.terms(f)["scanned-now"]
        self.assertEqual(t["text"]["en"], "12 hosts scanned for it today (port 2222/tcp).")
        self.assertEqual((t["observation"]["kind"], t["observation"]["subject"]), ("flow.scanned", "198.18.60.1 tcp:2222"))
        self.assertIn("12 hosts scanned for it today", f["sentence"]["en"])
        self.assertIn("12台", f["sentence"]["ja"])
        self.assertGreater(f["score"], before[hit])
        for id_ in (near, other):
            self.assertEqual(self.finding(id_)["score"], before[id_])
        # the host that comes after the flows, and the flows that no longer show it
        _, later = self.host("ssh-4", ["198.18.60.4"], port=2222, networks=["private"])
        self.assertNotIn("scanned-now", self.terms(self.finding(later)))
        self.flows("scans.log", [(self.now - 15 + i, f"192.0.2.{i}", "198.18.60.1", 2222, "SF") for i in range(20)])
        self.assertNotIn("scanned-now", self.terms(self.finding(hit)))
        self.assertAlmostEqual(self.finding(hit)["score"], before[hit], places=1)

    def test_j_surge(self):
        _, one = self.host("www-9", ["198.18.70.1"], port=7547)
        now = stamp(self.now)
        fields = {"proto": "tcp", "port": 7547, "hour": stamp(self.now - self.now % 3600 - 3600), "new": False,
                  "sources": 900, "expected": 30}
        document = {"schema": "hinomi-run-1", "run_id": run_id(), "collected_at": now, "live": False, "deep": False,
                    "scope": "telescope:surging", "privilege": "user", "findings": [], "not_seen": [],
                    "coverage": [{"module": "telescope", "scope": "telescope:surging", "privilege": "user", "ran": True,
                                  "complete": True, "deep": False, "observations": 1, "not_seen": [], "malformed": [],
                                  "quarantined": []}],
                    "observations": [{"module": "telescope", "kind": "surge", "subject": "tcp:7547 " + now, "at": now,
                                      "fields": fields}],
                    "asset": {"id": "surging", "names": [], "machine_id": "", "hardware_id": "", "os": ""},
                    "subject": {"name": "surging", "kind": "telescope", "key_type": "telescope", "key": "surging"}}
        path = os.path.join(self.dir.name, "surge.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)
        before = self.finding(one)["score"]
        self.hinomi("ingest", path)
        f = self.finding(one)
        t = self.terms(f)["scanned-surge"]
        self.assertEqual(t["text"]["en"], "Scanning for it has surged: 900 hosts within an hour instead of 30 (port 7547/tcp).")
        self.assertIn("急増", t["text"]["ja"])
        self.assertIn("Scanning for it has surged", f["sentence"]["en"])
        self.assertGreater(f["score"], before)


if __name__ == "__main__":
    unittest.main()
