import csv
import io
import json
import random

from case import Case

SEVERITIES = ["info", "low", "medium", "high", "critical"]


class Lists(Case):
    """Pages, filters and orders, against a second look in Python at everything there is."""

    @classmethod
    def fill(cls, world):
        rnd = random.Random(7)
        world.account("tanaka", ("root", "admin"))
        cls.assets = []
        for h in range(8):
            rows = [{"subject": f"pkg{h}-{i}", "score": round(rnd.uniform(1, 98), 1),
                     "severity": rnd.choice(SEVERITIES), "days": rnd.choice([-1, 1, 3, 14, 60]),
                     "cls": rnd.choice(["vulnerability", "configuration"]),
                     "kind": rnd.choice(["packages.update-pending", "packages.unsupported-release"])}
                    for i in range(40)]
            cls.assets.append(world.put(f"host{h}", rows))
        cls.client = world.client("tanaka")

    def walk(self, path, limit, schema):
        rows, cursor, totals = [], "", set()
        for _ in range(400):
            page = self.valid(self.client.get(path + ("&" if "?" in path else "?") + f"limit={limit}" + cursor), schema)
            rows += page["items"]
            totals.add(page["total"])
            if page["next"] is None:
                break
            self.assertEqual(len(page["items"]), limit)
            cursor = "&cursor=" + page["next"]
        else:
            self.fail("the pages do not end")
        self.assertEqual(totals, {len(rows)})
        return rows

    def everything(self):
        if not hasattr(type(self), "all"):
            type(self).all = self.walk("findings?status=any", 500, "findings")
        return self.all

    def test_walking_meets_every_row_once(self):
        ids = {f["id"] for f in self.everything()}
        self.assertEqual(len(ids), 320)
        for limit in (1, 7, 50, 319, 320):
            if limit == 1:
                rows = self.walk("findings?asset=" + self.assets[0], limit, "findings")
                self.assertEqual(len(rows), 40)
            else:
                rows = self.walk("findings", limit, "findings")
                self.assertEqual({f["id"] for f in rows}, ids)
            self.assertEqual(len({f["id"] for f in rows}), len(rows))

    def test_orders(self):
        for name, key in (("score", lambda f: f["score"]), ("severity", lambda f: SEVERITIES.index(f["severity"])),
                          ("first_seen", lambda f: f["first_seen"]), ("asset", lambda f: f["asset"]["name"])):
            for sign in ("", "-"):
                values = [key(f) for f in self.walk(f"findings?sort={sign}{name}", 33, "findings")]
                self.assertEqual(values, sorted(values, reverse=bool(sign)), sign + name)
        default = [f["score"] for f in self.walk("findings", 100, "findings")]
        self.assertEqual(default, sorted(default, reverse=True))
        due = [f["due"] for f in self.walk("findings?sort=due", 100, "findings")]
        dated = [d for d in due if d]
        self.assertEqual(dated, sorted(dated))

    def test_filters(self):
        everything = self.everything()
        cases = {
            "asset=" + self.assets[3]: lambda f: f["asset"]["id"] == self.assets[3],
            "severity=high": lambda f: f["severity"] in ("high", "critical"),
            "kind=packages.unsupported-release": lambda f: f["kind"] == "packages.unsupported-release",
            "module=packages": lambda f: True,
            "module=sockets": lambda f: False,
            "class=configuration": lambda f: f["class"] == "configuration",
            "due=none": lambda f: f["due"] is None,
            "due=overdue": lambda f: f["overdue"],
            "min_score=60": lambda f: f["score"] >= 60,
            "q=pkg3-1": lambda f: "pkg3-1" in f["subject"],
            "cause=upgrade:pkg5-9": lambda f: f["cause"] == "upgrade:pkg5-9",
            "status=closed": lambda f: False,
            "severity=medium&class=vulnerability&min_score=20":
                lambda f: SEVERITIES.index(f["severity"]) >= 2 and f["class"] == "vulnerability" and f["score"] >= 20,
        }
        for query, wanted in cases.items():
            with self.subTest(query):
                got = {f["id"] for f in self.walk("findings?" + query, 50, "findings")}
                self.assertEqual(got, {f["id"] for f in everything if wanted(f)})

    def test_wrong_parameters_are_named(self):
        for query, words in {"severty=high": "severity", "sort=nam": "score", "limit=0": "1–500", "limit=501": "1–500",
                             "limit=ten": "1–500", "severity=bad": "critical", "min_score=abc": "min_score",
                             "min_score=1e400": "0–100", "min_score=-5": "0–100"}.items():
            answer = self.client.get("findings?" + query)
            self.refused(answer, 400, "invalid")
            self.assertIn(words, answer.json["error"]["message"]["en"])
            self.assertIn(words, answer.json["error"]["message"]["ja"])
        self.refused(self.client.get("findings?cursor=made-up"), 400, "invalid")
        self.refused(self.client.get("findings?limit=1&limit=2"), 400, "invalid")

    def test_csv(self):
        answer = self.client.get("findings?format=csv&asset=" + self.assets[0])
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/csv"))
        self.assertEqual(answer.headers["Content-Disposition"], "attachment")
        rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
        wanted = {f["id"]: f for f in self.everything() if f["asset"]["id"] == self.assets[0]}
        self.assertEqual({r["id"] for r in rows}, set(wanted))
        for r in rows:
            self.assertEqual(r["title"], wanted[r["id"]]["title"]["en"])
            self.assertEqual(float(r["score"]), wanted[r["id"]]["score"])
        japanese = self.client.get("findings?format=csv&lang=ja&limit=1&asset=" + self.assets[0]).data.decode("utf-8-sig")
        self.assertIn("セキュリティ", japanese)
        self.assertEqual(len(list(csv.reader(io.StringIO(japanese)))), 41)

    def test_csv_of_other_lists(self):
        for path, key, n in (("assets", "name", 8), (f"assets/{self.assets[1]}/observations", "subject", 40),
                             ("organisations", "id", 1), ("audit", "seq", None), ("actions", "id", 0)):
            answer = self.client.get(path + "?format=csv")
            self.assertEqual(answer.status, 200, path)
            rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
            if n is None:
                self.assertGreater(len(rows), 3)
            else:
                self.assertEqual(len(rows), n, path)
            for r in rows:
                self.assertTrue(r[key])

    def test_ocsf(self):
        answer = self.client.get("findings?format=ocsf&asset=" + self.assets[2])
        self.assertTrue(answer.headers["Content-Type"].startswith("application/x-ndjson"))
        events = [json.loads(line) for line in answer.data.decode().splitlines()]
        wanted = {f["id"]: f for f in self.everything() if f["asset"]["id"] == self.assets[2]}
        self.assertEqual({e["finding_info"]["uid"] for e in events}, set(wanted))
        for e in events:
            f = wanted[e["finding_info"]["uid"]]
            self.assertEqual(e["class_uid"], 2002 if f["class"] == "vulnerability" else 2003)
            self.assertEqual(e["category_uid"], 2)
            self.assertEqual(e["type_uid"], e["class_uid"] * 100 + e["activity_id"])
            self.assertEqual(e["severity_id"], SEVERITIES.index(f["severity"]) + 1)
            self.assertEqual(e["metadata"]["product"]["name"], "Hinomi")
            self.assertEqual(e["status_id"], 1)
            self.assertEqual("vulnerabilities" in e, e["class_uid"] == 2002)
            self.assertEqual("compliance" in e, e["class_uid"] == 2003)
            for v in e.get("vulnerabilities", []):
                self.assertEqual(len({"cve", "advisory", "cwe"} & set(v)), 1, "one of these, exactly")
                for p in v.get("affected_packages", []):
                    self.assertTrue(p["name"] and p["version"])

    def test_sarif(self):
        answer = self.client.get("findings?format=sarif&asset=" + self.assets[2])
        self.assertEqual(answer.headers["Content-Type"], "application/sarif+json")
        doc = answer.json
        self.assertEqual(doc["version"], "2.1.0")
        run = doc["runs"][0]
        rules = {r["id"] for r in run["tool"]["driver"]["rules"]}
        self.assertEqual(len(run["results"]), 40)
        for r in run["results"]:
            self.assertIn(r["ruleId"], rules)
            self.assertIn(r["level"], ("note", "warning", "error"))
            self.assertTrue(r["message"]["text"])
            self.assertTrue(r["locations"][0]["logicalLocations"][0]["name"])
            self.assertTrue(0 <= r["rank"] <= 100)


class Formulas(Case):
    @classmethod
    def fill(cls, world):
        world.account("tanaka", ("root", "viewer"))
        cls.client = world.client("tanaka")

    def test_formulas_do_not_reach_a_spreadsheet(self):
        names = ["=1+1", "@SUM(A1)", "+cmd", "-2+3", "=\"a,b\"\n", "\tx", "plain, with \"quotes\""]
        asset = self.world.put("formula", [{"subject": n} for n in names])
        answer = self.client.get("findings?format=csv&asset=" + asset)
        cells = [r["subject"] for r in csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""))]
        self.assertEqual(len(cells), len(names))
        for cell in cells:
            self.assertNotIn(cell[0], "=@+-\t\r", cell)
        self.assertEqual({c.removeprefix("'") for c in cells}, set(names))
