import pathlib

from case import Case

POLICY = (pathlib.Path(__file__).parents[2] / "policy" / "default.yaml").read_text(encoding="utf-8")


class Rank(Case):
    """Another policy tried on what is stored: places beside each other, nothing changed."""

    @classmethod
    def fill(cls, world):
        world.account("tanaka", ("root", "viewer"))
        world.put("host1", [{"subject": f"pkg{i}", "score": 10.0 + i, "severity": ["low", "high", "critical"][i % 3],
                             "days": 14, "cls": "vulnerability", "kind": "packages.update-pending"} for i in range(12)])
        cls.client = world.client("tanaka")

    def rank(self, text):
        return self.client.post("policy/rank", {"policy": text, "limit": 500})

    def test_places_are_two_permutations(self):
        body = self.valid(self.rank(POLICY), "ranking")
        n = body["total"]
        self.assertEqual(n, 12)
        self.assertEqual(sorted(i["rank"] for i in body["items"]), list(range(1, n + 1)))
        self.assertEqual([i["new_rank"] for i in body["items"]], list(range(1, n + 1)))
        scores = [i["new_score"] for i in body["items"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertEqual(body["moved"], sum(i["rank"] != i["new_rank"] for i in body["items"]))

    def test_the_table_of_the_other_policy_sets_the_dates(self):
        body = self.valid(self.rank(POLICY.replace("due_table: bod-26-04", "due_table: severity")), "ranking")
        rules = {i["finding"]["severity"]: (i["new_due_rule"], i["new_due_days"]) for i in body["items"]}
        self.assertEqual(rules, {"low": ("severity:low", None), "high": ("severity:high", 14), "critical": ("severity:critical", 3)})

    def test_nothing_changes(self):
        before = self.client.get("findings?sort=-score&limit=500").json
        self.valid(self.rank(POLICY.replace("high: {value: 0.01", "high: {value: 0.2")), "ranking")
        self.assertEqual(self.client.get("findings?sort=-score&limit=500").json, before)

    def test_a_wrong_policy_is_told_where(self):
        answer = self.rank(POLICY.replace("runs-as-root: {value: 0.6", "runs-as-root: {value: -0.6"))
        self.refused(answer, 400, "invalid")
        self.assertIn("runs-as-root", answer.json["error"]["detail"])
        self.refused(self.rank(""), 400, "invalid")
