from case import Case
from world import LATER


class Shapes(Case):
    """Every answer has the shape that the OpenAPI document promises, with and without data behind it."""

    @classmethod
    def fill(cls, world):
        cls.tanaka = world.account("tanaka", ("root", "admin"))
        cls.client = world.client("tanaka")

    READS = {"status": "status", "now": "now", "findings": "findings", "assets": "assets", "actions": "actions",
             "organisations": "organisations", "organisations/root": "organisation", "sources": "sources",
             "baseline": "baselines", "accounts": "accounts", "audit": "audit", "policy": "policy", "kinds": "kinds",
             "rules": "rules", "text/en": "text_catalogue", "text/ja": "text_catalogue", "session": "session",
             "openapi.json": "openapi", "sources/packages": "source"}

    def test_a_empty_store(self):
        for path, schema in self.READS.items():
            with self.subTest(path):
                self.valid(self.client.get(path), schema)
        now = self.client.get("now").json
        self.assertIsNone(now["score"]["value"])
        self.assertEqual(now["coverage"]["assets"], 0)
        self.assertEqual([b["level"] for b in self.client.get("status").json["banner"]], ["info"])

    def test_b_with_data(self):
        asset = self.world.put("web1", [{"subject": "openssl", "score": 90, "severity": "critical", "days": 3},
                                        {"subject": "zlib", "score": 20, "severity": "low", "days": -1},
                                        {"subject": "bash", "score": 40}])
        for path, schema in self.READS.items():
            with self.subTest(path):
                self.valid(self.client.get(path), schema)
        self.valid(self.client.get("assets/" + asset), "asset")
        for o in self.valid(self.client.get(f"assets/{asset}/observations"), "observations")["items"]:
            self.valid(self.client.get("observations/" + o["id"]), "observation")
        for f in self.client.get("findings").json["items"]:
            one = self.valid(self.client.get("findings/" + f["id"]), "finding")
            self.assertEqual({k: one[k] for k in f}, f)
            self.assertTrue(one["terms"][0]["observation"]["id"])
            self.assertTrue(one["graph"]["nodes"][0]["observation"]["id"])
            self.assertEqual(one["evidence"][0]["observation"]["fields"]["fixed"], "1.0-2")
            for text in (one["title"], one["sentence"], one["why"], one["remedy"], one["terms"][0]["text"]):
                self.assertTrue(text["en"] and text["ja"] and text["en"] != text["ja"], text)
            self.valid(self.client.get(f"findings/{f['id']}/fix"), "fix")
        now = self.client.get("now").json
        self.assertEqual([f["subject"] for f in now["first"]], ["openssl", "bash", "zlib"])
        self.assertEqual(now["counts"]["open"], 3)
        self.assertGreater(now["score"]["value"], 10)
        self.assertEqual(now["lower"][0]["cause"], "upgrade:openssl")
        one = self.client.get("sources/packages").json[0]
        self.assertEqual(one["malformed"], [{"path": "/var/lib/dpkg/status", "offset": 17, "why": "no version",
                                             "why_text": {"en": "no version", "ja": "no version"}}])
        self.assertEqual(one["not_seen"], [{"what": "/root/secret", "why": "Permission denied",
                                            "what_text": {"en": "/root/secret", "ja": "/root/secret"},
                                            "why_text": {"en": "Permission denied", "ja": "アクセスが許可されていません"}}])

    def test_c_changes(self):
        asset = self.world.put("web2", [{"subject": "curl"}, {"subject": "perl"}])
        curl, perl = sorted(self.client.get("findings?asset=" + asset).json["items"], key=lambda f: f["subject"])
        client = self.client
        action = self.valid(client.post("actions", {"finding": curl["id"], "owner": "me", "comment": "mine"}), "action")
        self.assertEqual((action["state"], action["owner"]["name"]), ("open", "Tanaka"))
        self.refused(client.post("actions", {"finding": curl["id"]}), 409, "exists")
        for state in ("accepted", "in_progress", "claimed"):
            action = self.valid(client.post(f"actions/{action['id']}/transition", {"to": state}), "action")
            self.assertEqual(action["state"], state)
        self.refused(client.post(f"actions/{action['id']}/transition", {"to": "verified"}), 400, "invalid")
        self.refused(client.post(f"actions/{action['id']}/transition", {"to": "excepted"}), 400, "invalid")
        self.valid(client.post(f"actions/{action['id']}/comments", {"text": "再起動しました"}), "comment")
        self.assertEqual(client.get("actions/" + action["id"]).json["history"][0]["detail"], "mine")
        listed = self.valid(client.get("actions?owner=me&state=claimed"), "actions")["items"]
        self.assertEqual([(a["id"], a["comments"]) for a in listed], [(action["id"], 1)])
        self.world.put("web2", [{"subject": "perl"}], when=LATER)
        action = self.valid(client.get("actions/" + action["id"]), "action")
        self.assertEqual(action["state"], "verified")
        gone = self.valid(client.get("findings/" + curl["id"]), "finding")
        self.assertEqual((gone["status"], gone["history"][-1]["what"] in ("closed", "verified")), ("closed", True))
        base = self.valid(client.post("baseline", {"finding": perl["id"], "reason": "isolated",
                                                   "expires": "2099-01-01T00:00:00Z"}), "created")
        self.assertEqual(client.get("findings/" + perl["id"]).json["status"], "excepted")
        accepted = self.valid(client.get("baseline"), "baselines")["items"][0]
        self.assertEqual(accepted["owner"]["id"], client.get("session").json["account"]["id"])
        self.assertEqual(accepted["title"], client.get("findings/" + perl["id"]).json["title"])
        self.valid(client.delete("baseline/" + base["id"]), "done")
        self.assertEqual(client.get("findings/" + perl["id"]).json["status"], "open")
        changed = self.valid(client.patch("assets/" + asset, {"criticality": 2, "name": "web-2"}), "asset")
        self.assertEqual((changed["criticality"], changed["name"]), (2, "web-2"))
        org = self.valid(client.post("organisations", {"parent": "root", "name": {"en": "Bureau", "ja": "局"},
                                                       "kind": "bureau"}), "organisation")
        self.valid(client.patch("organisations/" + org["id"], {"name": "One name"}), "organisation")
        self.assertEqual(client.get("organisations/" + org["id"]).json["name"], {"en": "One name", "ja": "One name"})
        self.valid(client.patch("accounts/me", {"lang": "en"}), "account")

    def test_d_fixes(self):
        asset = self.world.put("web3", [{"subject": "tar"}])
        finding = self.client.get("findings?asset=" + asset).json["items"][0]["id"]
        fix = self.valid(self.client.post(f"findings/{finding}/fix", {"approve": False}), "fix")
        self.assertEqual(fix["state"], "requested")
        self.refused(self.client.post(f"findings/{finding}/fix", {}), 409, "exists")
        fix = self.valid(self.client.post(f"findings/{finding}/fix", {"approve": True}), "fix")
        self.assertEqual(fix["state"], "approved")
        self.refused(self.client.post(f"findings/{finding}/undo", {}), 409, "state")
        job = self.world.local.call("jobs.take")["job"]
        self.assertEqual((job["kind"], job["finding"]), ("fix", finding))
        self.assertIsNone(self.world.local.call("jobs.take")["job"])
        for state in ("applying", "applied"):
            self.world.local.call("fixes.set", id=job["fix"], to=state, journal='[{"did": "apt-get"}]')
        self.world.local.call("jobs.report", id=job["id"], state="done")
        fix = self.valid(self.client.get(f"findings/{finding}/fix"), "fix")
        self.assertEqual((fix["state"], fix["log"]), ("applied", [{"did": "apt-get"}]))
        self.valid(self.client.post(f"findings/{finding}/undo", {}), "fix")
        self.assertEqual(self.world.local.call("jobs.take")["job"]["kind"], "undo")

    def test_e_diagnosis_on_request(self):
        self.world.local.call("watch.set", on=False, takes=False)
        self.refused(self.client.post("diagnose", {"deep": True}), 501, "unsupported")
        self.world.local.call("jobs.take")
        self.assertFalse(self.client.get("status").json["watch"]["on"], "who takes jobs does not watch by that")
        self.world.local.call("watch.set", on=True)
        self.assertTrue(self.client.get("status").json["watch"]["on"])
        run = self.valid(self.client.post("diagnose", {"deep": True}), "diagnose")["run"]
        job = self.world.local.call("jobs.take")["job"]
        self.assertEqual((job["id"], job["kind"], job["deep"]), (run, "diagnose", True))
        self.world.local.call("jobs.report", id=run, state="running", module="packages", percent=40)
        running = self.valid(self.client.get("status"), "status")["watch"]["running"]
        self.assertEqual((running["run"], running["module"], running["percent"]), (run, "packages", 40))
        self.world.local.call("jobs.report", id=run, state="done")
        self.assertIsNone(self.client.get("status").json["watch"]["running"])

    def test_f_every_change_is_in_the_audit_log(self):
        """…and the log is a chain: what changes is there, in order, each row with a hash of its own."""
        before = self.client.get("audit").json["total"]
        asset = self.world.put("web4", [{"subject": "sed"}])
        finding = self.client.get("findings?asset=" + asset).json["items"][0]["id"]
        self.client.post(f"findings/{finding}/comments", {"text": "one"})
        self.client.post("actions", {"finding": finding})
        self.client.patch("assets/" + asset, {"criticality": 3})
        self.client.post("organisations", {"parent": "root", "name": "x"})
        rows = self.valid(self.client.get("audit?limit=500"), "audit")
        new = rows["items"][:rows["total"] - before]
        self.assertGreaterEqual(len([r for r in new if r["by"].startswith("tanaka")]), 4, [r["by"] for r in new])
        self.assertEqual(len({r["hash"] for r in rows["items"]}), len(rows["items"]))
        self.assertEqual([r["seq"] for r in rows["items"]], sorted((r["seq"] for r in rows["items"]), reverse=True))
        self.assertEqual(self.world.local.call("store.check"), {"sound": True, "problems": []})

    def test_g_wrong_bodies(self):
        post = self.client.post
        self.refused(post("actions", {}), 400, "invalid")
        self.refused(post("actions", {"finding": 7}), 400, "invalid")
        self.refused(post("actions", {"finding": "  "}), 400, "invalid")
        self.refused(post("actions", {"findng": "x"}), 400, "invalid")
        self.refused(post("actions", {"finding": "f" * 32}), 404, "noent")
        self.refused(post("organisations", {"parent": "root", "name": {"fr": "x"}}), 400, "invalid")
        self.refused(post("organisations", {"parent": "root", "name": "x" * 257}), 400, "invalid")
        self.refused(post("organisations", {"parent": "nowhere", "name": "x"}), 404, "noent")
        self.refused(post("baseline", {"reason": "r", "expires": "2099-01-01"}), 400, "invalid")
        self.refused(post("baseline", {"finding": "x", "reason": "r", "expires": "tomorrow"}), 400, "invalid")
        self.refused(post("accounts", {"user": "a b", "name": "n", "password": "0123456789"}), 400, "invalid")
        self.refused(post("accounts", {"user": "ab", "name": "n", "password": "short"}), 400, "invalid")
        self.refused(post("accounts", {"user": "ab", "name": "n", "password": "0123456789",
                                       "grants": [{"org": "root", "role": "king"}]}), 400, "invalid")
        self.refused(post("accounts", {"user": "tanaka", "name": "n", "password": "0123456789"}), 409, "exists")
        self.refused(self.client.get("observations/999999"), 404, "noent")
        self.refused(self.client.get("sources/no-such-module"), 404, "noent")
        self.refused(self.client.get("nothing"), 404, "noent")
        answer = self.client.delete("findings")
        self.refused(answer, 405, "invalid")
        self.assertEqual(answer.headers["Allow"], "GET")
