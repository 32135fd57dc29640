import csv
import io
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
from urllib.parse import urlencode

import packets
from case import Case
from world import PROGRAM

BOT, SERVER, OTHER = "198.18.20.5", "192.0.2.250", "198.18.20.6"


class Flows(Case):
    """Stored flows asked through the API: the explorer, the page of a suspect, and what becomes of a verdict."""

    @classmethod
    def fill(cls, world):
        cls.dir = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.dir.cleanup)
        cls.now = time.time()
        world.account("tanaka", ("root", "admin"))
        cls.left = world.local.call("organisations.create", parent="root", name="Left", kind="bureau")["id"]
        world.account("sato", (cls.left, "operator"))
        world.account("ito", ("root", "viewer"))
        cls.client, cls.left_client, cls.viewer = world.client("tanaka"), world.client("sato"), world.client("ito")
        log = os.path.join(cls.dir.name, "conn.log")
        packets.conn_log(log, packets.beacon(cls.now, BOT, SERVER) + packets.browsing(cls.now, OTHER))
        cls.hinomi("flow", "import", log)
        cls.hinomi("flow", "replay", "--json", "--stored", "--store", "--internal", "198.18.0.0/16")

    @classmethod
    def hinomi(cls, *args, ok=(0, 1)):
        r = subprocess.run([PROGRAM, *args], env={**os.environ, "HINOMI_HOME": cls.world.home, "LC_ALL": "C.UTF-8"},
                           capture_output=True, timeout=120)
        assert r.returncode in ok, r.stderr.decode()
        return r.stdout.decode()

    def flows(self, part="", client=None, **args):
        return (client or self.client).get("network/flows" + part + "?" + urlencode(args))

    def suspect(self, client=None):
        rows = (client or self.client).get("network/suspects").json["items"]
        return next(r for r in rows if r["fields"]["host"] == BOT)

    # ------------------------------------------------------------------ the explorer

    def test_a_top(self):
        body = self.valid(self.flows("/top", by="srcip", order="flows", limit=1), "flows_top")
        self.assertEqual(len(body["rows"]), 1)
        same = json.loads(self.hinomi("flow", "top", "--json", "--by", "srcip", "--top", "1"))
        self.assertEqual(body["rows"], same["rows"])
        self.assertEqual(body["flows"], same["flows"])
        pair = self.valid(self.flows("/top", by="srcip,dstip,dstport,proto", filter=f"host {SERVER}"), "flows_top")
        self.assertEqual({r["dstip"] for r in pair["rows"]}, {SERVER})
        text = self.flows("/top", by="srcip", format="csv")
        self.assertEqual(text.headers["Content-Type"].split(";")[0], "text/csv")
        self.assertEqual(list(csv.DictReader(io.StringIO(text.data.decode())))[0]["srcip"], same["rows"][0]["srcip"])

    def test_a_top_by_place(self):
        """Where addresses are is configured once, for all who ask."""
        for by in ("country", "srccountry,dstport"):
            answer = self.flows("/top", by=by)
            self.refused(answer, 409, "state")
            self.assertIn("network.places", answer.json["error"]["message"]["en"])
        places, conf = os.path.join(self.dir.name, "places.csv"), os.path.join(self.world.home, "hinomi.yaml")
        self.addCleanup(lambda: os.path.exists(conf) and os.remove(conf))
        with open(places, "w") as f:
            f.write("198.18.0.0/15,JP,AS64500 House\n192.0.2.0/24,NL,AS64501 Hosting\n")
        with open(conf, "w") as f:
            f.write(f"network:\n  places: [{places}]\n")
        flows = self.flows("/top", by="dstip", filter=f"dst host {SERVER}").json["flows"]
        body = self.valid(self.flows("/top", by="country,as", filter=f"host {SERVER}"), "flows_top")
        self.assertEqual({(r["country"], r["as"]): r["flows"] for r in body["rows"]}, {("JP", "64500"): flows, ("NL", "64501"): flows})
        self.assertTrue(body["places"])
        text = self.flows("/top", by="dstcountry", filter=f"dst host {SERVER}", format="csv").data.decode()
        self.assertEqual([r["dstcountry"] for r in csv.DictReader(io.StringIO(text))], ["NL"])

    def test_b_timeline_and_time(self):
        whole = self.valid(self.flows("/timeline"), "flows_timeline")
        total = sum(b["flows"] for b in whole["bins"])
        self.assertEqual(total, self.flows("/top").json["flows"])
        middle = whole["bins"][len(whole["bins"]) // 2]["at"]
        before = sum(b["flows"] for b in self.flows("/timeline", until=middle).json["bins"])
        after = sum(b["flows"] for b in self.flows("/timeline", since=middle).json["bins"])
        self.assertEqual(before + after, total)
        self.assertTrue(0 < before < total)

    def test_c_pages_and_csv(self):
        wanted = f"src host {BOT} and dst host {SERVER}"
        total = self.flows("/top", filter=wanted).json["flows"]
        rows, cursor, pages = [], None, 0
        while pages < 100:
            body = self.valid(self.flows(filter=wanted, limit=7, **({"cursor": cursor} if cursor else {})), "flows")
            rows += body["items"]
            cursor, pages = body["next"], pages + 1
            if not cursor:
                break
        self.assertEqual(len(rows), total)
        self.assertEqual(pages, -(-total // 7))
        self.assertEqual({(r["src"], r["dst"]) for r in rows}, {(BOT, SERVER)})
        text = self.flows(filter=wanted, format="csv").data.decode()
        self.assertEqual(len(list(csv.DictReader(io.StringIO(text)))), total)
        self.refused(self.flows(cursor="-1"), 400, "invalid")

    def test_d_filter_that_is_none(self):
        answer = self.flows("/top", filter="host 192.0.2.1 and prot tcp")
        self.refused(answer, 400, "invalid")
        at = int(answer.json["error"]["detail"].split(":")[0])
        self.assertEqual("host 192.0.2.1 and prot tcp"[at:], "prot tcp")
        self.assertIn("20", answer.json["error"]["message"]["en"])

    def test_e_hostile_filters(self):
        mark = os.path.join(self.dir.name, "mark")
        for text in (f"--home={mark}", f"--from={mark}", "-- --json", f"$(touch {mark})", f"`touch {mark}`; |x",
                     "(" * 2000, "not " * 500, "host " + "9" * 1500, "port 1,2,3" + ",4" * 600, "\u202e\u0000x"[0:1],
                     "port 99999999999999999999", "src", "'\"\\"):
            answer = self.flows("/top", filter=text)
            self.assertIn(answer.status, (200, 400), (text[:40], answer.data[:200]))
            answer.json
        self.assertFalse(os.path.exists(mark))
        self.refused(self.flows("/top", filter="x" * 3000), 400, "invalid")
        self.refused(self.flows("/top", by="srcip,--home"), 400, "invalid")
        self.refused(self.flows("/top", since="yesterday"), 400, "invalid")
        self.refused(self.flows("/top", limit=100000), 400, "invalid")

    def test_f_rights(self):
        self.refused(self.world.client().get("network/flows/top"), 401, "auth")
        for part in ("", "/top", "/timeline"):
            self.refused(self.flows(part, client=self.left_client), 403, "perm")
            self.assertEqual(self.flows(part, client=self.viewer).status, 200)
        one = self.suspect()["id"] # of the root: it is not there for an organisation below
        for part in ("", "/flows", "/shape"):
            self.refused(self.left_client.get(f"network/suspects/{one}{part}"), 404, "noent")
        self.refused(self.left_client.post(f"network/suspects/{one}/judge", {"verdict": "benign", "reason": "x"}), 404,
                     "noent")
        self.refused(self.viewer.post(f"network/suspects/{one}/judge", {"verdict": "benign", "reason": "x"}), 403, "perm")
        self.refused(self.client.request("POST", f"network/suspects/{one}/judge", {"verdict": "benign", "reason": "x"},
                                         headers={"X-Hinomi-CSRF": "no"}), 403, "perm")

    def test_g_others_are_served_meanwhile(self):
        """Questions wait for their worker, nobody else does; and no more wait than there is room for."""
        answers = []

        def ask():
            answers.append(self.world.client("ito").get("network/flows/timeline?bin=1").status)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for t in threads:
            t.start()
        for _ in range(20):
            self.assertEqual(self.client.get("network/suspects").status, 200)
        for t in threads:
            t.join()
        self.assertEqual(len(answers), 8)
        self.assertTrue(set(answers) <= {200, 429}, answers)
        self.assertIn(200, answers)

    def test_g_one_asker_leaves_a_worker_to_the_others(self):
        """Of three questions of one account two are at work at a time; somebody else's goes past the third."""
        self.world.asker.kill()
        self.world.asker.wait(20)
        askers, got = [self.world.connect() for _ in range(3)], {}
        take = lambda: next((t for t in (a.call("asks.take", wait_ms=0)["ask"] for a in askers) if t), None)
        report = lambda task: askers[0].call("asks.report", id=task["id"], state="done", code=0, out='{"bins":[]}')

        def until(what):
            end = time.monotonic() + 10
            while not (value := what()) and time.monotonic() < end:
                time.sleep(0.02)
            return value

        def ask(name, who):
            got[name] = self.world.client(who).get("network/flows/timeline").status
        self.assertIsNone(take())
        threads = [threading.Thread(target=ask, args=(f"ito{i}", "ito")) for i in range(3)]
        for t in threads:
            t.start()
        first, second = until(take), until(take)
        self.assertTrue(first and second)
        time.sleep(0.5)
        self.assertIsNone(take())  # the third of the same account waits
        threads.append(threading.Thread(target=ask, args=("tanaka", "tanaka")))
        threads[-1].start()
        report(until(take))
        threads[-1].join(20)
        self.assertEqual(got, {"tanaka": 200})
        report(first)
        third = until(take)
        self.assertTrue(third)
        report(second)
        report(third)
        for t in threads:
            t.join(20)
        for a in askers:
            a.sock.close()
        self.assertEqual(got, {"tanaka": 200, "ito0": 200, "ito1": 200, "ito2": 200})
        self.world.asker = subprocess.Popen([PROGRAM, "-x", "ask", "--home", self.world.home])

    # ------------------------------------------------------------------ a suspect

    def test_h_suspect(self):
        row = self.suspect()
        body = self.valid(self.client.get("network/suspects/" + row["id"]), "network_suspect")
        self.assertEqual(body["filter"], f"host {BOT} and host {SERVER} and port {row['fields']['port']}")
        self.assertTrue(body["may_judge"])
        self.assertFalse(self.viewer.get("network/suspects/" + row["id"]).json["may_judge"])
        shape = self.valid(self.client.get(f"network/suspects/{row['id']}/shape"), "flows_shape")
        self.assertEqual(sum(b["flows"] for b in shape["bins"]), shape["flows"])
        self.assertEqual(sum(b["n"] for b in shape["intervals"]), shape["flows"] - 1)
        self.assertEqual(sum(b["n"] for b in shape["sizes"]), shape["flows"])
        self.assertAlmostEqual(shape["interval_seconds"], row["fields"]["interval"], delta=1)
        flows = self.valid(self.client.get(f"network/suspects/{row['id']}/flows?limit=500"), "flows")
        self.assertEqual(len(flows["items"]), shape["flows"])
        self.refused(self.client.get("network/suspects/nothing/shape"), 404, "noent")

    def test_i_verdict(self):
        row = self.suspect()
        before = row["fields"]["score"]
        finding = self.client.get("findings?kind=flow.beacon").json["items"][0]["id"]
        self.assertEqual(self.client.get("findings/" + finding).json["status"], "open")
        self.refused(self.client.post(f"network/suspects/{row['id']}/judge", {"verdict": "benign"}), 400, "invalid")
        self.refused(self.client.post(f"network/suspects/{row['id']}/judge", {"verdict": "maybe", "reason": "x"}), 400,
                     "invalid")
        self.valid(self.client.post(f"network/suspects/{row['id']}/judge",
                                    {"verdict": "benign", "reason": "監視装置 --json"}), "done")
        after = self.suspect()
        self.assertEqual(after["id"], row["id"]) # its page stays where it is
        self.assertLess(after["fields"]["score"], before)
        self.assertEqual((after["fields"]["verdict"], after["fields"]["verdict_reason"]), ("benign", "監視装置 --json"))
        self.assertEqual(self.client.get("findings/" + finding).json["status"], "closed")
        audit = self.client.get("audit").json["items"]
        entry = next(a for a in audit if a["what"] == "flow.judge")
        self.assertIn("監視装置", json.dumps(entry, ensure_ascii=False))
        # a later replay says the same: the verdict holds
        self.assertEqual([o["verdict"] for o in json.loads(self.hinomi("flow", "judge", "--json", "list"))["opinions"]],
                         ["benign"])
        out = json.loads(self.hinomi("flow", "replay", "--json", "--stored", "--internal", "198.18.0.0/16"))
        self.assertFalse(any(s["alert"] for s in out["suspects"] if s["host"] == BOT))
        # true, then nothing after all
        self.valid(self.client.post(f"network/suspects/{row['id']}/judge", {"verdict": "true", "reason": "analysed"}),
                   "done")
        self.assertGreaterEqual(self.suspect()["fields"]["score"], before)
        self.assertEqual(self.client.get("findings/" + finding).json["status"], "open")
        self.valid(self.client.post(f"network/suspects/{row['id']}/judge", {"verdict": "revoke"}), "done")
        fields = self.suspect()["fields"]
        self.assertNotIn("verdict", fields)
        self.assertAlmostEqual(fields["score"], before, delta=1)
        self.assertEqual(len(json.loads(self.hinomi("flow", "judge", "--json", "list"))["opinions"]), 3)

    def test_i2_indicator_that_comes_later(self):
        """An address is warned of after the flows were stored: who talked to it is a suspect at once."""
        self.assertFalse(any(r["fields"]["kind"] == "intel" for r in self.client.get("network/suspects").json["items"]))
        log = os.path.join(self.dir.name, "later.log")
        packets.conn_log(log, [(self.now - 900, OTHER, "192.0.2.222", 8080, 400, 900)]) # once: no beacon
        self.hinomi("flow", "import", log)
        indicators = os.path.join(self.dir.name, "warned.csv")
        with open(indicators, "w", encoding="utf-8") as f:
            f.write("192.0.2.222,8080,loader\n")
        self.hinomi("flow", "intel", "add", "warned", "--store", "--from", indicators)
        found = [r for r in self.client.get("network/suspects").json["items"] if r["fields"]["kind"] == "intel"]
        self.assertEqual([(r["fields"]["host"], r["fields"]["peer"]) for r in found], [(OTHER, "192.0.2.222")])
        self.assertIn("warned", found[0]["fields"]["sentence_en"])
        flows = self.client.get(f"network/suspects/{found[0]['id']}/flows").json["items"]
        self.assertEqual(len(flows), 1)
        self.assertEqual(self.client.get("findings?kind=flow.intel").json["total"], 1)

    def test_j_nobody_answers(self):
        self.world.asker.terminate()
        self.world.asker.wait(10)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.flows("/top").status == 200:
            time.sleep(0.2)
        self.refused(self.flows("/top"), 409, "state")


if __name__ == "__main__":
    unittest.main()
