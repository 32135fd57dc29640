#!/usr/bin/env python3
"""Walks every verb that the program itself names (`hinomi help --json`): help with examples in both languages, JSON that
fits its documented schema, lists that page and export, exit codes as documented."""
import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import TOP, World  # noqa: E402

import jsonschema  # noqa: E402

SCHEMAS = TOP / "docs/schemas"
# Lists whose order is what they say: the chain of the log, what to upgrade first, and the portfolio's lists of late.
ONE_ORDER = {("audit", "list"), ("software", "upgrades"), ("software", "suppliers"), ("software", "deployments"),
             ("software", "statements")}
JAPANESE = "[\u3040-\u30ff\u4e00-\u9fff]"


class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        done = cls.w.run("diagnose", "--root", cls.w.root("neglected"), "--quiet")
        assert done.code in (0, 1), done.errors
        cls.help = cls.w.run("help", "--json").json
        finding = cls.w.run("findings", "--json").json["items"][0]
        action = cls.w.run("actions", "create", finding["id"], "--json").json
        cls.ids = {"findings": finding["id"], "assets": finding["asset"]["id"], "actions": action["id"],
                   "organisations": "root", "sources": "packages"}

    @classmethod
    def tearDownClass(cls):
        cls.w.close()

    def uses(self):
        for verb in self.help["verbs"]:
            for use in verb.get("uses", []):
                yield verb["name"], use

    def valid(self, document, name):
        schema = json.loads((SCHEMAS / f"{name}.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)

    def test_schemas_are_what_the_answers_are_made_by(self):
        done = subprocess.run([TOP / "tools/schemas", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        for path in SCHEMAS.glob("*.json"):
            jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))

    def test_the_table_itself(self):
        self.valid(self.help, "help")
        self.assertEqual(len(self.help["exit_codes"]), 4)
        listed = set(re.findall(r"(?m)^  ([a-z]+) ", self.w.run("help").text))
        self.assertEqual({v["name"] for v in self.help["verbs"]}, listed)

    def test_every_verb_has_help_with_an_example_in_both_languages(self):
        for verb in self.help["verbs"]:
            examples = verb.get("examples", []) + [w["example"] for w in verb.get("work", []) if "example" in w]
            self.assertTrue(examples, verb["name"])
            for lang in ("en", "ja"):
                r = self.w.run(verb["name"], "--help", "--lang", lang)
                self.assertEqual(r.code, 0, verb["name"])
                for e in examples:
                    with self.subTest(verb["name"], lang=lang):
                        self.assertIn(e[lang], r.text)
                        self.assertIn(f"hinomi {verb['name']}", e[lang])
                self.assertRegex(verb["summary"]["ja"], JAPANESE)
                for option in verb.get("options", []) + [o for u in verb.get("uses", []) for o in u["options"]]:
                    self.assertRegex(r.text, rf"(?m)^ +{option['name']}\b.*  \S", (verb["name"], option))

    def test_every_example_is_understood(self):
        """Their options and uses exist."""
        for verb in self.help["verbs"]:
            known = {o["name"] for o in verb.get("options", [])} | {
                o["name"] for u in verb.get("uses", []) + verb.get("work", []) for o in u["options"]}
            known |= {"--json", "--jsonl", "--csv", "--lang", "--home", "--config", "--quiet", "--no-color", "--no-store",
                      "--org", "--policy"}
            for e in verb.get("examples", []) + [w["example"] for w in verb.get("work", []) if "example" in w]:
                part = next(p for p in e["en"].split("#")[0].split("|") if f"hinomi {verb['name']}" in p)
                for option in re.findall(r"(?<=\s)--[a-z_-]+", part.split(f"hinomi {verb['name']}")[1]):
                    self.assertIn(option.replace("_", "-"), known, e["en"])

    def test_what_reads_fits_its_schema(self):
        met = 0
        for verb, use in self.uses():
            words = [self.ids.get(verb)] * len(use["positional"])
            if use["changes"] or None in words or use["name"] == "explain" or any(o["required"] for o in use["options"]):
                continue
            with self.subTest(verb=verb, use=use["name"]):
                r = self.w.run(verb, use["name"], *words, "--json")
                self.assertIn(r.code, (0, 1), r.errors)
                self.assertEqual(r.errors, "")
                if "schema" in use:
                    self.valid(r.json, use["schema"])
                    met += 1
                else:
                    self.assertTrue(r.json is not None)
        self.assertGreater(met, 20)

    def test_lists_count_page_sort_and_export(self):
        lists = 0
        for verb, use in self.uses():
            names = {o["name"] for o in use["options"]}
            words = [self.ids.get(verb)] * len(use["positional"])
            required = any(o["required"] for o in use["options"])
            if use["changes"] or None in words or required or not {"--limit", "--cursor"} <= names:
                continue
            with self.subTest(verb=verb, use=use["name"]):
                lists += 1
                whole = self.w.run(verb, use["name"], *words, "--limit", "500", "--json").json
                self.assertEqual(len(whole["items"]), min(whole["total"], 500))
                if (verb, use["name"]) not in ONE_ORDER:
                    self.assertIn("--sort", names)
                    self.assertEqual(self.w.run(verb, use["name"], *words, "--sort", "nonsense").code, 2)
                self.assertTrue(names & {"--q", "--org", "--by", "--asset"}, "nothing to filter by")
                lines = self.w.run(verb, use["name"], *words, "--limit", "500", "--jsonl").text.splitlines()
                self.assertEqual([json.loads(x) for x in lines], whole["items"])
                rows = list(csv.reader(io.StringIO(self.w.run(verb, use["name"], *words, "--csv").text)))
                self.assertEqual(max(len(rows) - 1, 0), whole["total"])
                seen, cursor = [], None
                for _ in range(4):
                    page = self.w.run(verb, use["name"], *words, "--limit", "2", *(["--cursor", cursor] if cursor else []),
                                      "--json").json
                    self.assertEqual(page["total"], whole["total"])
                    seen += page["items"]
                    cursor = page["next"]
                    if not cursor:
                        break
                self.assertEqual([i.get("id") for i in seen], [i.get("id") for i in whole["items"][:len(seen)]])
                if (verb, use["name"]) not in ONE_ORDER:
                    self.assertEqual(self.w.run(verb, use["name"], *words, "--cursor", "nonsense").code, 2)
        self.assertGreaterEqual(lists, 10)

    def test_wrong_use_is_two_and_absence_is_three(self):
        for verb, use in self.uses():
            with self.subTest(verb=verb, use=use["name"]):
                r = self.w.run(verb, use["name"], "--no-such-option", "1", *["x"] * len(use["positional"]))
                self.assertEqual(r.code, 2)
                self.assertIn("--", r.errors)
                if use["positional"]:
                    r = self.w.run(verb, use["name"])
                    self.assertEqual(r.code, 2)
                    self.assertTrue(r.errors.strip())
                if use["positional"] == ["id"] and not use["changes"]:
                    r = self.w.run(verb, use["name"], "0" * 32)
                    self.assertEqual((r.code, r.text), (3, ""), r.errors)
                    self.assertTrue(r.errors.strip())
        for verb in self.help["verbs"]:
            if not verb.get("uses"):
                self.assertEqual(self.w.run(verb["name"], "--no-such-option", "--quiet").code, 2, verb["name"])

    def test_verbs_of_their_own(self):
        for args, schema in ((["store", "check"], "check"), (["config", "show"], "config"), (["config", "list"], "config"),
                             (["config", "check"], "config"), (["help"], "help"), (["help", "findings"], "help")):
            with self.subTest(args):
                r = self.w.run(*args, "--json")
                self.assertEqual(r.code, 0, r.errors)
                self.valid(r.json, schema)
        self.assertRegex(self.w.run("version", "--json").json["version"], r"^\d+\.\d+\.\d+$")
        root = self.w.root("neglected")
        fixable = next(f["id"] for f in self.w.run("findings", "--limit", "500", "--json").json["items"]
                       if f["fix_kind"] == "mode")
        copy = self.w.dir / "copy.db"
        sent = self.w.run("diagnose", "--root", root, "--no-store", "--json").out
        for args, stdin, schema in ((["fix", fixable, "--root", root], None, "fix_plan"),
                                    (["fix", fixable, "--root", root, "--apply", "--yes"], None, "fix_done"),
                                    (["undo", fixable, "--root", root], None, "fix_done"),
                                    (["store", "backup", copy], None, "file"), (["store", "restore", copy], None, "file"),
                                    (["ingest", "-"], sent, "ingested")):
            with self.subTest(args):
                r = self.w.run(*args, "--json", stdin=stdin)
                self.assertEqual(r.code, 0, r.errors)
                self.valid(r.json, schema)

    def test_a_risk_is_accepted_and_the_acceptance_ended(self):
        finding = self.w.run("findings", "--json").json["items"][1]
        done = self.w.run("baseline", "accept", finding["id"], "--reason", "isolated network", "--expires",
                          "2099-01-01T00:00:00Z", "--json")
        self.assertEqual(done.code, 0, done.errors)
        self.valid(done.json, "created")
        self.assertEqual(self.w.run("findings", "show", finding["id"], "--json").json["status"], "excepted")
        self.assertEqual(self.w.run("baseline", "accept", finding["id"]).code, 2, "without reason and expiry")
        ended = self.w.run("baseline", "end", done.json["id"], "--json")
        self.assertEqual(ended.code, 0, ended.errors)
        self.assertEqual(self.w.run("findings", "show", finding["id"], "--json").json["status"], "open")


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
