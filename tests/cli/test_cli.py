#!/usr/bin/env python3
"""The command line from outside: made-up roots in, texts, tables, JSON and exit codes out."""
import csv
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import PROGRAM, TOP, World  # noqa: E402

import jsonschema  # noqa: E402

VERBS = ["diagnose", "now", "findings", "assets", "actions", "fix", "undo", "baseline", "organisations", "sources",
         "accounts", "audit", "ingest", "serve", "status", "store", "config", "help", "version"]


class Start(unittest.TestCase):
    def test_what_few_processes_need_is_loaded_by_these(self):
        """Libraries that bring others with them would cost every start of every role (base/library.h)."""
        env = dict(os.environ, LD_TRACE_LOADED_OBJECTS="1")
        names = subprocess.run([PROGRAM], env=env, capture_output=True, text=True, check=True).stdout
        self.assertIn("libc.so", names)
        for library in ("libxml2", "libicu", "libcurl", "libmicrohttpd", "libgnutls", "librnp"):
            self.assertNotIn(library, names)


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()

    @classmethod
    def tearDownClass(cls):
        cls.w.close()

    def run_json(self, *args, codes=(0, 1), **kw):
        r = self.w.run(*args, "--json", **kw)
        self.assertIn(r.code, codes, r.errors)
        return r.json

    def finding(self, kind, root="neglected"):
        self.w.run("diagnose", "--root", self.w.root(root), "--quiet")
        items = self.run_json("findings", "--kind", kind, "--status", "any")["items"]
        self.assertTrue(items, f"no finding of kind {kind}")
        return items[0]


class Help(Cli):
    def test_every_verb_explains_itself_in_both_languages(self):
        for lang in ("en", "ja"):
            top = self.w.run("help", "--lang", lang)
            self.assertEqual(top.code, 0)
            for verb in VERBS:
                self.assertRegex(top.text, rf"(?m)^  {verb}\b")
                r = self.w.run(verb, "--help", "--lang", lang)
                self.assertEqual(r.code, 0, verb)
                self.assertIn(f"hinomi {verb}", r.text)
                self.assertNotIn("(null)", r.text)
                if lang == "ja":
                    self.assertRegex(r.text, "[\u3040-\u30ff\u4e00-\u9fff]", verb)

    def test_wrong_use_says_what_to_do(self):
        for args in (["fndings"], ["findings", "--sevrity", "high"], ["findings", "show"], ["diagnose", "--nonsense"],
                     ["actions", "fly"], ["store", "backup"], ["diagnose", "--threshold", "awful"], []):
            r = self.w.run(*args)
            self.assertEqual(r.code, 2, args)
            self.assertTrue(r.errors or r.out, args)
        self.assertIn("--severity", self.w.run("findings", "--sevrity", "high").errors)
        nobody = self.w.run("serve", "--user", "no-such-user", "--listen", "127.0.0.1:0")
        self.assertEqual(nobody.code, 3)
        self.assertIn("--user no-such-user", nobody.errors)

    def test_output_that_cannot_be_written_is_a_failure(self):
        bill = pathlib.Path(self.w.home).parent / "bill.json"
        bill.write_text('{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}')
        for args in (["version"], ["help"], ["findings", "--json"], ["config", "list"], ["sbom", "check", "--json", bill]):
            with open("/dev/full", "wb") as full:
                r = subprocess.run([PROGRAM, *map(str, args)], stdout=full, stderr=subprocess.PIPE, env=self.w.env)
            self.assertEqual(r.returncode, 3, args)
            self.assertIn(b"could not be written: No space left", r.stderr, args)
            # a closed one does not become the store's file or its socket
            r = subprocess.run(["sh", "-c", '"$@" >&-', "sh", PROGRAM, *map(str, args)], stderr=subprocess.PIPE,
                               env=self.w.env)
            self.assertEqual(r.returncode, 3, args)
            self.assertIn(b"could not be written", r.stderr, args)

    def test_a_password_need_not_stand_on_the_command_line(self):
        made = self.w.run("accounts", "create", "tanaka", "--name", "Tanaka", stdin=b"correct horse battery\n")
        self.assertEqual(made.code, 0, made.errors)
        none = self.w.run("accounts", "create", "sato", "--name", "Sato", stdin=b"")
        self.assertEqual(none.code, 2)
        self.assertIn("standard input", none.errors)
        weak = self.w.run("accounts", "create", "sato", "--name", "Sato", stdin=b"short\n")
        self.assertEqual(weak.code, 2, weak.errors)

    def test_version(self):
        self.assertRegex(self.w.run("--version").text, r"^hinomi \d+\.\d+\.\d+\n$")

    def test_man_page_and_completion(self):
        man = self.w.run("-x", "man")
        self.assertIn(".SH EXIT STATUS", man.text)
        for verb in VERBS:
            self.assertIn(f".SS hinomi {verb}", man.text)
        self.assertIn("complete -o default -F _hinomi hinomi", self.w.run("-x", "completion").text)


class Diagnose(Cli):
    def test_document_fits_its_schema(self):
        schema = json.loads((TOP / "docs/schemas/run.json").read_text())
        for kind in ("neglected", "hardened", "alpine", "hostile"):
            doc = self.run_json("diagnose", "--root", self.w.root(kind), "--no-store")
            jsonschema.validate(doc, schema)

    def test_neglected_root_has_what_is_wrong_with_it(self):
        doc = self.run_json("diagnose", "--root", self.w.root("neglected"), "--no-store")
        kinds = {f["kind"] for f in doc["findings"]}
        for expected in ("packages.update-pending", "accounts.empty-password", "accounts.duplicate-uid0",
                         "accounts.sudo-nopasswd", "backup.none"):
            self.assertIn(expected, kinds)
        subjects = {f["subject"] for f in doc["findings"] if f["kind"] == "packages.update-pending"}
        self.assertEqual({s.split(":")[0] for s in subjects}, {"openssl", "glibc"})

    def test_hardened_root_scores_far_better(self):
        bad = self.run_json("diagnose", "--root", self.w.root("neglected"), "--no-store")
        good = self.run_json("diagnose", "--root", self.w.root("hardened"), "--no-store")
        self.assertGreater(bad["score"] - good["score"], 25)
        self.assertFalse([f for f in good["findings"] if f["kind"] == "packages.update-pending"])

    def test_live_facts_are_said_to_be_absent_in_a_root(self):
        doc = self.run_json("diagnose", "--root", self.w.root("neglected"), "--no-store")
        absent = {n["module"] for n in doc["not_seen"]}
        self.assertIn("processes", absent)
        by_name = {c["module"]: c for c in doc["coverage"]}
        self.assertFalse(by_name["processes"]["complete"])

    def test_two_runs_give_the_same_findings(self):
        a = self.run_json("diagnose", "--root", self.w.root("neglected"), "--no-store")
        b = self.run_json("diagnose", "--root", self.w.root("neglected"), "--no-store")
        self.assertEqual([(f["id"], f["score"]) for f in a["findings"]], [(f["id"], f["score"]) for f in b["findings"]])

    def test_every_finding_is_explained_in_both_languages(self):
        for kind in ("neglected", "hostile"):
            for f in self.run_json("diagnose", "--root", self.w.root(kind), "--no-store")["findings"]:
                for part in ("title", "sentence", "why", "remedy"):
                    self.assertTrue(f[part]["en"] and f[part]["ja"], (f["kind"], part))
                    self.assertNotIn("{?", f[part]["en"] + f[part]["ja"], (f["kind"], part))
                self.assertTrue(f["evidence"], f["kind"])
                self.assertIn("due_rule", f)

    def test_exit_code_follows_the_threshold(self):
        root = self.w.root("neglected")
        self.assertEqual(self.w.run("diagnose", "--root", root, "--no-store").code, 1)
        codes = [self.w.run("diagnose", "--root", self.w.root("alpine"), "--modules", "host,packages", "--no-store",
                            "--threshold", t).code
                 for t in ("info", "critical")]
        self.assertIn(codes, ([1, 0], [0, 0]))

    def test_hostile_names_never_reach_the_terminal_raw(self):
        r = self.w.run("diagnose", "--root", self.w.root("hostile"), "--no-store")
        self.assertNotIn(b"\x1b", r.out + r.err)
        self.assertNotIn("\u202e", r.text)
        doc = self.run_json("diagnose", "--root", self.w.root("hostile"), "--no-store")
        self.assertTrue([f for f in doc["findings"] if f["kind"] == "self.input-malformed"])

    def test_a_link_in_a_root_does_not_lead_out(self):
        doc = json.dumps(self.run_json("diagnose", "--root", self.w.root("hostile"), "--no-store"))
        own = pathlib.Path("/etc/hostname").read_text().strip()
        if len(own) > 4:
            self.assertNotIn(f'"{own}"', doc)

    def test_missing_root_is_a_clear_failure(self):
        r = self.w.run("diagnose", "--root", self.w.dir / "nowhere", "--no-store")
        self.assertEqual(r.code, 3)
        self.assertIn("nowhere", r.errors)
        self.assertEqual(self.w.run("diagnose", "--modules", "nosuch", "--no-store").code, 2)


class Stored(Cli):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for kind in ("neglected", "hardened"):
            r = cls.w.run("diagnose", "--root", cls.w.root(kind), "--quiet")
            assert r.code in (0, 1), r.errors

    def test_lists_filter_sort_page_and_export(self):
        everything = self.run_json("findings", "--limit", "500")
        self.assertEqual(everything["total"], len(everything["items"]))
        scores = [i["score"] for i in everything["items"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        seen, cursor = [], None
        while True:
            page = self.run_json("findings", "--limit", "3", *(["--cursor", cursor] if cursor else []))
            seen += [i["id"] for i in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
        self.assertEqual(sorted(seen), sorted(i["id"] for i in everything["items"]))
        for i in self.run_json("findings", "--severity", "high", "--limit", "500")["items"]:
            self.assertIn(i["severity"], ("high", "critical"))
        rows = list(csv.reader(io.StringIO(self.w.run("sources", "--csv").text)))
        self.assertEqual((rows[0][0], rows[1][0]), ("module", "accounts"))
        refused = self.w.run("now", "--csv")
        self.assertTrue(refused.code == 2 and "--json" in refused.errors, refused.errors)
        rows = list(csv.reader(io.StringIO(self.w.run("findings", "--csv").text)))
        self.assertEqual(len(rows) - 1, everything["total"])
        lines = self.w.run("findings", "--jsonl", "--limit", "500").text.splitlines()
        self.assertEqual(len([json.loads(line) for line in lines]), everything["total"])

    def test_sarif_and_ocsf(self):
        sarif = json.loads(self.w.run("findings", "list", "--format", "sarif").text)
        self.assertEqual(sarif["version"], "2.1.0")
        self.assertTrue(sarif["runs"][0]["results"])
        ocsf = self.w.run("findings", "list", "--format", "ocsf").text
        events = json.loads(ocsf) if ocsf.lstrip().startswith("[") else [json.loads(x) for x in ocsf.splitlines()]
        self.assertTrue({e["class_uid"] for e in events} <= {2002, 2003, 2004})
        for number in ("risk_score", "confidence_score", "time", "severity_id"):
            self.assertEqual({type(e[number]) for e in events}, {int}, number)

    def test_a_damaged_database_is_a_finding_whichever_modules_are_wanted(self):
        root = self.w.root("alpine", "damaged")
        (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
        (root / "var/lib/dpkg/status").write_text("Package: x\nVersion\n")
        r = self.w.run("diagnose", "--root", root, "--modules", "packages", "--json")
        self.assertIn(r.code, (0, 1), r.errors)
        self.assertIn("self.input-malformed", {f["kind"] for f in r.json["findings"]})

    def test_tables_fit_and_have_headers(self):
        text = self.w.run("findings").text
        self.assertRegex(text.splitlines()[0], r"SEVERITY +SCORE +DUE +PROBLEM")
        self.assertRegex(self.w.run("findings", "--lang", "ja").text.splitlines()[0], "深刻度")
        self.assertIn("neglected", self.w.run("assets").text)

    def test_explain_is_the_sum(self):
        f = self.finding("packages.update-pending")
        text = self.w.run("findings", "explain", f["id"]).text
        self.assertIn("openssl" if "openssl" in f["subject"] else "glibc", text)
        self.assertRegex(text, r"bod-26-04|BOD 26-04")
        self.assertRegex(self.w.run("findings", "explain", f["id"], "--lang", "ja").text, "期限")

    def test_action_cannot_be_verified_by_hand(self):
        f = self.finding("accounts.empty-password")
        action = self.run_json("actions", "create", f["id"])
        for to in ("accepted", "in_progress", "claimed"):
            self.assertEqual(self.run_json("actions", "move", action["id"], to)["state"], to)
        r = self.w.run("actions", "move", action["id"], "verified")
        self.assertIn(r.code, (2, 3))
        self.assertNotEqual(self.run_json("actions", "show", action["id"])["state"], "verified")

    def test_store_check_backup_restore(self):
        self.assertEqual(self.w.run("store", "check").code, 0)
        copy = self.w.dir / "copy.db"
        self.assertEqual(self.w.run("store", "backup", copy).code, 0)
        before = self.run_json("findings")["total"]
        r = self.w.run("store", "restore", copy)
        self.assertEqual(r.code, 0, r.errors)
        self.assertEqual(self.run_json("findings")["total"], before)
        copy.write_bytes(b"not a database" * 100)
        self.assertEqual(self.w.run("store", "restore", copy).code, 3)
        self.assertEqual(self.run_json("findings")["total"], before)

    def test_what_is_not_there(self):
        self.assertEqual(self.w.run("findings", "show", "0" * 32).code, 3)
        self.assertEqual(self.w.run("assets", "show", "nosuch").code, 3)


class FixLoop(Cli):
    def test_fix_is_shown_made_verified_and_undone(self):
        root = self.w.root("neglected", "fixme")
        self.w.run("diagnose", "--root", root, "--quiet")
        items = self.run_json("findings", "--limit", "500")["items"]
        fixable = [i for i in items if i["fix_kind"] in ("mode", "sshd", "sysctl", "setting")]
        self.assertTrue(fixable, "nothing fixable in the neglected root")
        target = next(i for i in fixable if i["fix_kind"] == "mode")
        snapshot = {p: (p.lstat().st_mode, p.read_bytes()) for p in sorted(root.rglob("*")) if p.is_file()}
        plan = self.run_json("fix", target["id"], "--root", root, codes=(0,))
        self.assertTrue(plan["change"])
        self.assertEqual({p: (p.lstat().st_mode, p.read_bytes()) for p in snapshot}, snapshot, "a plan changed something")
        refused = self.w.run("fix", target["id"], "--root", root, "--apply")
        self.assertEqual(refused.code, 2, "applied without approval")
        done = self.run_json("fix", target["id"], "--root", root, "--apply", "--yes", codes=(0,))
        self.assertTrue(done["verified"])
        self.assertEqual(self.run_json("findings", "show", target["id"])["status"], "closed")
        back = self.w.run("undo", target["id"], "--root", root)
        self.assertEqual(back.code, 0, back.errors)
        self.assertEqual({p: (p.lstat().st_mode, p.read_bytes()) for p in snapshot}, snapshot, "undo left something")
        self.assertEqual(self.run_json("findings", "show", target["id"])["status"], "open")

    def test_a_finding_of_another_machine_changes_nothing_here(self):
        f = self.finding("accounts.empty-password")
        other = self.w.root("hardened")
        r = self.w.run("fix", f["id"], "--root", other, "--apply", "--yes")
        self.assertIn(r.code, (2, 3))


class ManyHosts(Cli):
    def test_ingest_judges_anew_and_only_once(self):
        doc = self.w.run("diagnose", "--root", self.w.root("neglected"), "--no-store", "--json").out
        forged = json.loads(doc)
        for f in forged["findings"]:
            f["score"] = 0
        forged["score"] = 0
        path = self.w.dir / "sent.json"
        path.write_text(json.dumps(forged))
        first = self.run_json("ingest", path, codes=(0,))
        score = self.run_json("assets")["items"][0]["score"]
        self.assertGreater(score, 10, "the sender's score was believed")
        again = self.run_json("ingest", path, codes=(0,))
        self.assertEqual(first["asset"], again["asset"])
        self.assertEqual(len(self.run_json("assets")["items"]), 1)
        self.assertEqual(self.w.run("ingest", "-", stdin=doc).code, 0)

    def test_what_was_placed_stays(self):
        doc = self.w.run("diagnose", "--root", self.w.root("hardened", "placed"), "--no-store", "--json").out
        other = self.run_json("organisations", "create", "root", "Elsewhere")["id"]
        taken = self.run_json("ingest", "-", stdin=doc)
        again = self.w.run("ingest", "-", "--org", other, stdin=doc)
        self.assertEqual(again.code, 0, again.errors)
        self.assertIn(f"hinomi assets change {taken['asset']} --org {other}", again.errors)
        self.assertEqual(self.run_json("assets", "show", taken["asset"])["org"]["id"], "root")
        unknown = self.w.run("ingest", "-", "--org", "nope", stdin=doc)
        self.assertEqual((unknown.code, unknown.errors.count("does not exist")), (3, 1), unknown.errors)

    def test_a_folder_without_a_system_is_no_host_without_faults(self):
        empty = self.w.dir / "no-system"
        empty.mkdir()
        r = self.w.run("diagnose", "--root", empty, "--no-store")
        self.assertEqual((r.code, r.out), (2, b"") if isinstance(r.out, bytes) else (2, ""))
        self.assertIn("holds no system", r.errors)

    def test_hostile_documents_are_refused_with_a_reason(self):
        good = self.run_json("diagnose", "--root", self.w.root("hardened"), "--no-store")
        cases = {"": "no document", "\n \n": "no document", "{": "JSON", "[]": "schema", '{"schema":"hinomi-run-9"}': "schema",
                 json.dumps(dict(good, run_id="../../etc")): "run_id",
                 json.dumps(dict(good, collected_at="yesterday")): "collected_at",
                 json.dumps(dict(good, collected_at="2200-01-01T00:00:00Z")): "future",
                 "[" * 100000: "JSON"}
        for text, why in cases.items():
            r = self.w.run("ingest", "-", stdin=text.encode())
            self.assertIn(r.code, (2, 3), text[:40])
            self.assertIn(why, r.errors, text[:40])

    def test_organisations_and_coverage(self):
        self.run_json("organisations", "create", "root", '{"en": "Bureau", "ja": "本府"}')
        orgs = self.run_json("organisations")
        rows = orgs["items"] if isinstance(orgs, dict) else orgs
        bureau = next(o for o in rows if o["name"]["en"] == "Bureau")
        doc = self.w.run("diagnose", "--root", self.w.root("alpine"), "--no-store", "--json").out
        self.assertEqual(self.w.run("ingest", "-", "--org", bureau["id"], stdin=doc).code, 0)
        shown = self.run_json("organisations", "show", bureau["id"])
        self.assertEqual(shown["assets"], 1)


class Config(Cli):
    def write(self, text):
        path = self.w.dir / "hinomi-test.yaml"
        path.write_text(text)
        return str(path)

    def test_list_is_the_file_in_the_tree(self):
        self.assertEqual(self.w.run("config", "list").text, (TOP / "packaging/hinomi.yaml").read_text())

    def test_show_says_where_a_value_comes_from(self):
        path = self.write("diagnose: {every: 15m}\n")
        self.assertIn(f"diagnose.every: 15m  # {path}:1", self.w.run("config", "show", "--config", path).text)
        options = {o["name"]: o for o in self.run_json("config", "show", "--config", path)["options"]}
        self.assertEqual(options["diagnose.every"]["value"], 900)
        self.assertEqual(options["diagnose.every"]["line"], 1)
        self.assertNotIn("line", options["serve.listen"])
        self.assertTrue(all(o["meaning"]["ja"] and o["meaning"]["en"] for o in options.values()))

    def test_a_wrong_file_stops_every_verb_and_says_where(self):
        path = self.write("serve:\n  lisen: 127.0.0.1:1\n")
        for args in (["config", "check"], ["config", "show"], ["diagnose", "--no-store"], ["findings"], ["serve"]):
            r = self.w.run(*args, "--config", path)
            self.assertEqual(r.code, 2, args)
            self.assertIn(f"{path}:2:", r.errors)
            self.assertIn("serve.listen", r.errors)
        self.assertIn("ではありませんか", self.w.run("config", "check", "--config", path, "--lang", "ja").errors)
        self.assertEqual(self.w.run("config", "check", "--config", "/nonexistent.yaml").code, 3)

    def test_modules_and_threshold_are_taken_from_it(self):
        path = self.write("diagnose: {modules: [config], threshold: critical}\n")
        r = self.w.run("diagnose", "--root", self.w.root("neglected"), "--no-store", "--json", "--config", path)
        self.assertEqual({c["module"] for c in r.json["coverage"] if c["ran"]} - {"self"}, {"host", "config"})
        worst = {f["severity"] for f in r.json["findings"]}
        self.assertEqual(r.code, 1 if "critical" in worst else 0)

    def test_never_means_never(self):
        path = self.write("fix: {approval: never}\n")
        finding = self.finding("config.login-umask")
        r = self.w.run("fix", finding["id"], "--root", self.w.root("neglected"), "--apply", "--yes", "--config", path)
        self.assertNotEqual(r.code, 0)
        self.assertIn("fix.approval", r.errors)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
