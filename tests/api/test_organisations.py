from case import Case
from world import Failed


class Subtrees(Case):
    """What somebody may not see does not exist for them; what they may only see they cannot change.

        root ── ministry ── bureau
             └─ firm
    """

    @classmethod
    def fill(cls, world):
        call = world.local.call
        cls.org = {"root": "root"}
        for name, parent in (("ministry", "root"), ("bureau", "ministry"), ("firm", "root")):
            cls.org[name] = call("organisations.create", parent=cls.org[parent], name=name)["id"]
        cls.asset = {n: world.put("host-" + n, [{"subject": "pkg-" + n, "score": 60}], org=o)
                     for n, o in cls.org.items()}
        cls.finding = {n: call("findings.list", asset=a)["items"][0]["id"] for n, a in cls.asset.items()}
        cls.people = {}
        for user, grants in {"root-admin": [("root", "admin")], "ministry-viewer": [("ministry", "viewer")],
                             "ministry-operator": [("ministry", "operator")], "bureau-admin": [("bureau", "admin")],
                             "firm-approver": [("firm", "approver")], "two-hats": [("bureau", "operator"),
                                                                                 ("firm", "viewer")],
                             "nobody": []}.items():
            world.account(user, *[(cls.org[o], r) for o, r in grants])
            cls.people[user] = world.client(user)

    SEES = {"root-admin": {"root", "ministry", "bureau", "firm"}, "ministry-viewer": {"ministry", "bureau"},
            "ministry-operator": {"ministry", "bureau"}, "bureau-admin": {"bureau"}, "firm-approver": {"firm"},
            "two-hats": {"bureau", "firm"}}
    CHANGES = {"root-admin": {"root", "ministry", "bureau", "firm"}, "ministry-operator": {"ministry", "bureau"},
               "bureau-admin": {"bureau"}, "firm-approver": {"firm"}, "two-hats": {"bureau"}}

    def test_lists_hold_what_may_be_seen(self):
        for user, orgs in self.SEES.items():
            c = self.people[user]
            found = self.valid(c.get("findings"), "findings")
            self.assertEqual({f["id"] for f in found["items"]}, {self.finding[o] for o in orgs}, user)
            self.assertEqual(found["total"], len(orgs))
            assets = self.valid(c.get("assets"), "assets")
            self.assertEqual({a["id"] for a in assets["items"]}, {self.asset[o] for o in orgs}, user)
            tree = self.valid(c.get("organisations"), "organisations")["items"]
            self.assertEqual({o["id"] for o in tree}, {self.org[o] for o in orgs}, user)
            self.assertEqual(self.valid(c.get("sources"), "sources")[0]["assets"], len(orgs), user)
            now = self.valid(c.get("now"), "now")
            self.assertLessEqual({f["id"] for f in now["first"]}, {self.finding[o] for o in orgs}, user)

    def test_single_objects(self):
        for user, orgs in self.SEES.items():
            c = self.people[user]
            for o in self.org:
                paths = [f"findings/{self.finding[o]}", f"assets/{self.asset[o]}", f"organisations/{self.org[o]}",
                         f"assets/{self.asset[o]}/observations", f"findings/{self.finding[o]}/fix",
                         f"now?org={self.org[o]}", f"findings?org={self.org[o]}"]
                for path in paths:
                    answer = c.get(path)
                    if o in orgs:
                        self.assertEqual(answer.status, 200, (user, path))
                    elif answer.status == 200:  # a filter on what does not exist for them gives nothing
                        self.assertEqual(answer.json["items"], [], (user, path))
                    else:
                        self.refused(answer, 404, "noent")
                        self.assertNotIn(b"host-" + o.encode(), answer.data)

    def test_unseen_and_unknown_look_alike(self):
        c = self.people["bureau-admin"]
        for path, unknown in ((f"findings/{self.finding['firm']}", "findings/" + "0" * 32),
                              (f"assets/{self.asset['firm']}", "assets/" + "0" * 26),
                              (f"organisations/{self.org['firm']}", "organisations/nowhere")):
            self.assertEqual(c.get(path).json["error"], c.get(unknown).json["error"])

    def test_changes(self):
        for user, sees in self.SEES.items():
            c = self.people[user]
            for o in self.org:
                answers = [c.post(f"findings/{self.finding[o]}/comments", {"text": "by " + user}),
                           c.patch(f"assets/{self.asset[o]}", {"criticality": 1})]
                for answer in answers:
                    if o in self.CHANGES.get(user, ()):
                        self.assertEqual(answer.status, 200, (user, o, answer.data))
                    elif o in sees or user == "ministry-viewer":
                        self.refused(answer, 403 if o in sees or answer.status == 403 else 404,
                                     "perm" if o in sees or answer.status == 403 else "noent")
                    else:
                        self.refused(answer, 404, "noent")

    def test_roles(self):
        f = self.finding
        body = {"reason": "r", "expires": "2099-01-01T00:00:00Z"}
        self.refused(self.people["ministry-operator"].post("baseline", {"finding": f["bureau"], **body}), 403, "perm")
        self.refused(self.people["firm-approver"].post("baseline", {"finding": f["bureau"], **body}), 404, "noent")
        base = self.valid(self.people["firm-approver"].post("baseline", {"finding": f["firm"], **body}), "created")
        self.refused(self.people["two-hats"].delete("baseline/" + base["id"]), 403, "perm")
        self.valid(self.people["firm-approver"].delete("baseline/" + base["id"]), "done")
        self.refused(self.people["ministry-operator"].post(f"findings/{f['bureau']}/fix", {"approve": True}), 403, "perm")
        self.refused(self.people["firm-approver"].post("organisations", {"parent": self.org["firm"], "name": "x"}),
                     403, "perm")
        self.refused(self.people["ministry-operator"].post("diagnose", {}), 403, "perm")
        self.refused(self.people["nobody"].get("findings"), 403, "perm")
        made = self.valid(self.people["bureau-admin"].post("organisations", {"parent": self.org["bureau"],
                                                                             "name": "section"}), "organisation")
        self.refused(self.people["firm-approver"].get("organisations/" + made["id"]), 404, "noent")
        self.refused(self.people["bureau-admin"].patch("organisations/" + made["id"], {"parent": self.org["firm"]}),
                     404, "noent")

    def test_changes_that_wait(self):
        """Who may approve finds what was asked for in one list; nobody else learns of it."""
        f = self.finding["bureau"]
        self.refused(self.people["bureau-admin"].get("findings?fix=maybe"), 400, "invalid")
        waiting = lambda user: [x["id"] for x in self.valid(self.people[user].get("findings?fix=requested"), "findings")["items"]]
        before = waiting("bureau-admin")
        self.valid(self.people["ministry-operator"].post(f"findings/{f}/fix", {}), "fix")
        self.assertNotIn(f, before)
        self.assertEqual(waiting("bureau-admin"), [*before, f])
        self.assertNotIn(f, waiting("firm-approver"))
        self.assertNotIn(f, [x["id"] for x in self.people["bureau-admin"].get("findings?fix=applied").json["items"]])

    def test_nobody_grants_more_than_they_have(self):
        c = self.people["bureau-admin"]
        new = {"name": "n", "password": "0123456789ab"}
        for org, status in (("bureau", 200), ("ministry", 404), ("firm", 404), ("root", 404)):
            answer = c.post("accounts", {"user": "made-" + org, "grants": [{"org": self.org[org], "role": "admin"}],
                                         **new})
            self.assertIn(answer.status, (status, 403) if status != 200 else (200,), (org, answer.data))
        self.assertIn(c.post("accounts", {"user": "no-grants", "grants": [], **new}).status, (403, 404))
        me = c.get("session").json["account"]["id"]
        self.assertIn(c.patch("accounts/" + me, {"grants": [{"org": "root", "role": "admin"}]}).status, (403, 404))
        own = self.people["ministry-viewer"]
        me = own.get("session").json["account"]["id"]
        self.refused(own.patch("accounts/" + me, {"grants": [{"org": self.org["ministry"], "role": "admin"}]}),
                     403, "perm")

    def test_z_an_asset_moves_only_between_own_organisations(self):
        c = self.people["ministry-operator"]
        asset = self.world.put("mover", [{"subject": "m"}], org=self.org["bureau"])
        self.assertEqual(c.patch("assets/" + asset, {"org": self.org["ministry"]}).status, 200)
        self.refused(c.patch("assets/" + asset, {"org": self.org["firm"]}), 404, "noent")
        self.assertEqual(c.get("assets/" + asset).json["org"]["id"], self.org["ministry"])

    def test_local_operations_are_not_reachable_over_http(self):
        line = self.world.connect()
        line.call("role.http")
        for op in ("bootstrap.new", "store.backup", "settings.put", "runs.put", "role.stop", "jobs.take", "store.check"):
            with self.assertRaises(Failed) as e:
                line.call(op)
            self.assertEqual(e.exception.name, "noent")
        with self.assertRaises(Failed) as e:
            line.call("findings.list")
        self.assertEqual(e.exception.name, "auth")
        line.sock.close()
