#!/usr/bin/env python3
"""What a Japanese administrator reads: messages, reasons and lists of every verb, right and wrong use."""
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import World  # noqa: E402

JA = {"HINOMI_LANG": "ja"}
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
# Three lower-case words in a row are a sentence of another language; names of options and commands are not that.
ENGLISH = re.compile(r"(?<![\w./-])[a-z]{2,} [a-z]{2,} [a-z]{2,}")


class Japanese(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        done = cls.w.run("diagnose", "--root", cls.w.root("neglected"), "--quiet")
        assert done.code in (0, 1), done.errors

    @classmethod
    def tearDownClass(cls):
        cls.w.close()

    def ja(self, *args, **more):
        return self.w.run(*args, env=JA, **more)

    def said(self, *args):
        r = self.ja(*args)
        self.assertGreaterEqual(r.code, 2, args)
        return r.errors.strip()

    def test_an_unknown_id_is_said_once(self):
        for args in (("fix", "nosuch"), ("undo", "nosuch"), ("findings", "show", "nosuch"), ("assets", "show", "nosuch"),
                     ("actions", "show", "nosuch")):
            self.assertEqual(self.said(*args), "hinomi: 存在しないか、閲覧する権限がありません。", args)
        self.assertEqual(self.w.run("fix", "nosuch").errors.strip(), "hinomi: This does not exist, or you may not see it.")

    def test_reasons_of_the_system_are_japanese(self):
        gone = "そのようなファイルやフォルダはありません"
        for args in (("ingest", "/nonexistent"), ("diagnose", "--root", "/nonexistent"), ("store", "backup", "/nonexistent/x"),
                     ("telescope", "replay", "/nonexistent")):
            self.assertIn(gone, self.said(*args), args)
            self.assertIn("No such file or directory", self.w.run(*args).errors, args)
        self.assertIn(gone, self.ja("flow", "replay", "/nonexistent").errors)

    def test_reasons_of_parsers_are_japanese(self):
        bad = self.w.dir / "bad.json"
        bad.write_text("x\n")
        said = self.said("ingest", bad)
        self.assertIn("JSON の値ではありません（0 バイト目）", said)
        self.assertNotRegex(said, ENGLISH)
        bad.write_text('{"a": 1}')
        self.assertIn("診断結果の文書（hinomi-run-1）ではありません", self.said("ingest", bad))
        self.assertIn("既知の形式のフローログでもありません", self.ja("flow", "replay", "/etc/passwd").errors)
        self.assertIn("OpenVEX、CSAF、CycloneDX、SPDX のいずれでもありません", self.ja("sbom", "vex", "list", "/etc/passwd").errors)

    def test_wrong_use_of_every_verb(self):
        document = self.w.run("help", "--json").json
        for verb in [v["name"] for v in document["verbs"]]:
            for more in (["--no-such-option"], ["no-such-word"]):
                if verb == "version" or (verb in ("help", "config") and more[0].startswith("--")):
                    continue
                r = self.ja(verb, *more, timeout=20)
                with self.subTest(verb=verb, more=more):
                    self.assertIn(r.code, (2, 3), r.errors)
                    self.assertRegex(r.errors, JAPANESE)
                    self.assertNotRegex(re.sub(r"hinomi (help )?[a-z]+", "", r.errors), ENGLISH)
                    self.assertNotIn("「」", r.errors)
            r = self.ja(verb, "--help")
            self.assertRegex(r.text, JAPANESE, verb)

    def test_every_option_is_explained_in_japanese(self):
        lines = 0
        for verb in [v["name"] for v in self.w.run("help", "--json").json["verbs"]]:
            for line in self.w.run("help", verb, "--lang", "ja").text.splitlines():
                if re.match(" +--", line):
                    lines += 1
                    self.assertRegex(line, JAPANESE, verb)
        self.assertGreater(lines, 250)

    def test_names_that_are_not_there(self):
        said = self.said("diagnose", "--modules", "packages,nosuch")
        self.assertIn("その名前のモジュールはありません（\"nosuch\"）", said)
        self.assertIn("イメージを開けません（nosuch）", self.said("diagnose", "--image", "nosuch"))
        plain = self.w.dir / "plain.txt"
        plain.write_text("no image\n")
        self.assertIn("読み取れるコンテナイメージではありません", self.said("diagnose", "--image", plain))

    def test_near_words_are_offered_only_when_near(self):
        self.assertIn("「findings」のことでしょうか", self.said("findigs"))
        self.assertNotIn("のことでしょうか", self.said("xyzzyplugh"))
        self.assertNotIn("のことでしょうか", self.said("findings", "--qqqqqqqqq"))
        self.assertIn("続けて操作を指定", self.said("flow"))

    def test_lists_say_severity_and_state_in_japanese_and_json_does_not(self):
        rows = self.ja("findings").text.splitlines()[1:]
        self.assertTrue(rows)
        for row in rows[:20]:
            self.assertRegex(row, "^(緊急|高|中|低|情報) ")
        self.assertRegex(self.w.run("findings").text.splitlines()[1], "^(critical|high) ")
        finding = self.ja("findings", "--json").json["items"][0]
        self.assertIn(finding["severity"], ("critical", "high"))
        self.w.run("actions", "create", finding["id"])
        self.assertIn("未着手", self.ja("actions").text)
        self.assertRegex(self.ja("now").text, r"(?m)^ +1  (緊急|高) ")
        self.assertRegex(self.ja("diagnose", "--root", self.w.root("neglected"), "--quiet", "--no-store").text,
                         r"(?m)^ +1  (緊急|高) +\d")

    def test_status_is_named_and_its_times_are_local(self):
        text = self.ja("status").text
        for word in ("バージョン: ", "サンドボックス", "最終バックアップ: "):
            self.assertIn(word, text)
        self.assertRegex(self.w.run("status", env={"TZ": "Asia/Tokyo"}).text, r"started: \d{4}-\d\d-\d\d \d\d:\d\d JST")

    def test_what_was_not_seen_is_no_operation(self):
        module = next(s["module"] for s in self.ja("sources", "--json").json if s["not_seen"])
        text = self.ja("sources", "show", module).text
        self.assertIn("内容: ", text)
        self.assertNotIn("操作: ", text)
        self.assertIn("操作", self.ja("audit").text.splitlines()[0])

    def test_the_column_fits_japanese_words(self):
        lines = self.ja("now").text.splitlines()
        first = [x for x in lines if re.match(r" +\d+  (緊急|高|中)", x)]
        wide = {sum(2 if ord(c) > 0x2e80 else 1 for c in re.match(r" +\d+  \S+ +", x).group()) for x in first}
        self.assertEqual(len(wide), 1, first[:4])

    def test_what_was_not_seen_is_told_in_both_languages(self):
        notes = [n for s in self.ja("sources", "--json").json for a in
                 self.ja("sources", "show", s["module"], "--json").json for n in a["not_seen"]]
        self.assertTrue(notes, "a mounted root has no live facts: something must be not seen")
        for n in notes:
            self.assertEqual(n["why_text"]["en"], n["why"])
            self.assertRegex(n["why_text"]["ja"], JAPANESE, n)
        self.assertIn("稼働中", json.dumps([n["why_text"]["ja"] for n in notes], ensure_ascii=False))


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
