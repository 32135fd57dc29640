#!/usr/bin/env python3
"""Walks every verb that the program itself names (`hinomi help --json`): help with examples in both languages, JSON that
fits its documented schema, lists that page and export, exit codes as documented."""
import csv
import io
import json
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import TOP, World  # noqa: E402

import jsonschema  # noqa: E402

SCHEMAS = TOP / "docs/schemas"
# Lists whose order is what they say: the chain of the log, what to upgrade first.
ONE_ORDER = {("audit", "list"), ("software", "upgrades")}
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

    def test_help_on_one_use_is_about_that_use(self):
        for words, there, absent in ((("sbom", "why"), "--paths", "--vex-max-age"), (("feed", "add"), "--licence", "--older"), (("software", "deploy"), "--customers", "--contract"),
                                     (("sbom", "vex", "list"), "--trusted", "--paths"), (("findings", "list"), "--cause", "reason"), (("sbom", "ingest"), "--trust", "--paths")):
            pages = {self.w.run(*words, "--help", "--lang", "en").text, self.w.run("help", *words, "--lang", "en").text}
            self.assertEqual(len(pages), 1, words)
            page = pages.pop()
            self.assertIn(there, page)
            self.assertNotIn(absent, page)
            self.assertIn(f"hinomi {words[0]} {'-'.join(words[1:])}", page)
        self.assertIn("hinomi sbom generate", self.w.run("help", "sbom", "nothing-like-this").text)  # the whole page

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

    def take_examples(self, lang):
        """As they stand in the help, with what their capitals stand for; in a world of their own, for some change it."""
        w = World()
        self.addCleanup(w.close)
        w.run("diagnose", "--root", w.root("neglected"), "--quiet")
        (w.dir / "my-policy.yaml").write_text((TOP / "policy/default.yaml").read_text())
        first, last = (w.run("findings", "--json").json["items"][i] for i in (0, -1))
        person = w.run("accounts", "create", "sato", "--name", "Sato", "--password", "correct horse", "--grants",
                       '[{"org": "root", "role": "operator"}]', "--json").json["id"]
        action = w.run("actions", "create", last["id"], "--json").json["id"]
        self.assertEqual(w.run("actions", "move", action, "in_progress").code, 0)
        ids = {"findings": last["id"], "assets": last["asset"]["id"], "organisations": "root", "accounts": person,
               "actions": action}
        meant = {"FINDING": first["id"], "ACCOUNT": person, "ORG": "root", "my-policy.yaml": w.dir / "my-policy.yaml"}
        taken = 0
        for verb in self.help["verbs"]:
            uses = {u["name"] for u in verb.get("uses", [])}
            for e in verb.get("examples", []) if uses else []:
                words = shlex.split(e[lang].split(" > ")[0])[1:]
                if not verb["synopsis"] or words[1] in uses:
                    r = w.run(*[ids[verb["name"]] if x == "ID" else meant.get(x, x) for x in words],
                              stdin=b"correct horse\n")
                    self.assertIn(r.code, (0, 1, 3), (e[lang], r.errors))  # 3: the vulnerability is of no feed here
                    taken += 1
        return taken

    def test_every_example_of_an_operation_is_taken(self):
        for lang in ("en", "ja"):
            self.assertGreater(self.take_examples(lang), 20)

    def test_the_language_of_an_account_is_the_one_given(self):
        for lang in ("ja", "en"):
            r = self.w.run("accounts", "create", f"of-{lang}", "--name", "N", "--password", "correct horse", "--lang", lang, "--json")
            self.assertEqual(r.code, 0, r.errors)
            self.assertIn((f"of-{lang}", lang), [(a["user"], a["lang"]) for a in self.w.run("accounts", "--json").json["items"]])

    def test_switches_take_true_and_false(self):
        person = self.w.run("accounts", "create", "kato", "--name", "Kato", "--password", "correct horse", "--json").json["id"]
        for words, disabled in ((["--disabled", "true"], True), (["--disabled", "false"], False), (["--disabled"], True),
                                (["--disabled=false"], False), (["--disabled", "--name", "K"], True)):
            r = self.w.run("accounts", "change", person, *words)
            self.assertEqual(r.code, 0, r.errors)
            mine = [a for a in self.w.run("accounts", "--json").json["items"] if a["id"] == person]
            self.assertEqual([a["disabled"] for a in mine], [disabled], words)
        for words in (["--disabled=maybe"], ["--disabled", "maybe"]):
            self.assertEqual(self.w.run("accounts", "change", person, *words).code, 2, words)

    def test_numbers_out_of_range_are_refused(self):
        for bad in ("1e400", "-5", "101", "-1e400", "nan", "ten"):
            self.assertEqual(self.w.run("findings", "--min-score", bad).code, 2, bad)
        self.assertEqual(self.w.run("findings", "--min-score", "12.5").code, 0)

    def test_a_language_that_is_not_spoken_is_refused(self):
        for verb in (["findings"], ["help"], ["version"]):
            r = self.w.run(*verb, "--lang", "fr")
            self.assertEqual((r.code, r.text), (2, ""), verb)
            self.assertIn("ja or en", r.errors)

    def option_lines(self, text):
        """(first words of the line that they stand below, option) of a help page or of a man page's section."""
        below = None
        for line in text.splitlines():
            if m := re.match(r" *(hinomi [a-z-]+(?: [a-z-]+)?)", line):
                below = m[1]
            elif m := re.match(r" +(--[a-z0-9-]+)", line):
                yield below, m[1]

    def test_the_man_page_names_every_option_that_help_names(self):
        for lang in ("en", "ja"):
            man = self.w.run("-x", "man", env={"HINOMI_LANG": lang}).text.replace("\\-", "-")
            sections = dict(x.split("\n", 1) for x in man.split("\n.SS ")[1:])
            met = 0
            for verb in self.help["verbs"]:
                page = "\n".join(re.sub(r"^\.B ", "  ", x) for x in sections[f"hinomi {verb['name']}"].splitlines())
                named = set(self.option_lines(page))
                told = {o for o in self.option_lines(self.w.run("help", verb["name"], "--lang", lang).text)}
                self.assertLessEqual({o for _, o in told}, {o for _, o in named}, verb["name"])
                for use in verb.get("uses", []):
                    wanted = {(f"hinomi {verb['name']} {use['name']}", o["name"]) for o in use["options"]}
                    self.assertLessEqual(wanted, named)
                    met += len(wanted)
            self.assertGreater(met, 150)

    def complete(self, *words):
        script = self.w.dir / "hinomi.bash"
        script.write_text(self.w.run("-x", "completion").text)
        ask = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hinomi; printf "%s\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", ask, "bash", script, "hinomi", *words], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout.split()

    def test_completion_knows_words_and_what_options_take(self):
        levels = ["info", "low", "medium", "high", "critical"]
        for words, wanted in ((["findings", "--severity", ""], levels), (["findings", "list", "--severity", "h"], ["high"]),
                              (["findings", "--severity", "="], levels), (["findings", "--severity", "=", "cr"], ["critical"]),
                              (["diagnose", "--threshold", ""], levels), (["diagnose", "--deep", "--threshold", "m"], ["medium"]),
                              (["sbom", "say", "CVE-2021-44228", "fixed", "--lang", ""], ["en", "ja"]),
                              (["feed", "add", "--kind", ""], ["file", "osv", "csaf"]),
                              (["accounts", "create", "x", "--lang", "j"], ["ja"])):
            self.assertEqual(self.complete(*words), wanted, words)
        for verb, wanted in (("store", {"backup", "restore", "check"}), ("config", {"list", "show", "check"}),
                             ("feed", {"add", "update", "sources", "remove"}), ("sbom", {"ingest", "rematch", "reach"})):
            offered = {x for x in self.complete(verb, "") if not x.startswith("-")}
            self.assertLessEqual(wanted, offered, verb)
            if verb in ("store", "config"):
                self.assertEqual(offered, wanted)
        for verb in self.help["verbs"]:
            self.assertIn(verb["name"], self.complete(verb["name"]))

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

    def test_verbs_of_modules_without_anything(self):
        """Nothing given, an empty file, one that is not there: an answer or an error, never a worker that dies."""
        empty = self.w.dir / "empty"
        empty.touch()
        for verb in self.help["verbs"]:
            for work in verb.get("work", []):
                if work["name"] in ("collect", "watch"):  # these wait
                    continue
                for args in ([], [empty], [self.w.dir / "absent"]):
                    with self.subTest(verb=verb["name"], work=work["name"], args=args):
                        r = self.w.run(verb["name"], work["name"], *args, "--lang", "en", stdin="")
                        self.assertIn(r.code, (0, 1, 2, 3), r.errors)
                        self.assertNotIn("unexpectedly", r.errors)

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
