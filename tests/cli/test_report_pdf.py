#!/usr/bin/env python3
"""The procurement report as a PDF: both languages, text that can be read back, pages, metadata, hostile names, and what is
said where pango or a Japanese font is missing. Without pango, or without pdftotext, what needs them is skipped; with
CI=true both are there (tools/setup test)."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

LONG = "a-package-" + "with-a-very-long-name-" * 12 + "indeed"
PARTS = [
    {"name": LONG, "version": "1.0.0"},
    {"name": "文字化け検査", "version": "二・〇"},
    {"name": "turned\u202egnp.exe", "version": "1"},
    {"name": "<b>bold</b>&amp;", "version": "1"},
    {"name": "unheard\U0001D7FF\U000E0FFF\U0003FFFD\U000F1234", "version": "1"},
]
DOCUMENT = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
            "version": 1, "metadata": {"timestamp": "2026-11-01T00:00:00Z", "authors": [{"name": "製造者"}],
                                       "component": {"type": "application", "bom-ref": "a", "name": "製品A", "version": "1"}},
            "components": [dict(p, type="library", **{"bom-ref": f"c{i}"}) for i, p in enumerate(PARTS)] +
                          [{"type": "library", "bom-ref": "s", "name": "s", "version": "1", "supplier": {"name": "S"}}]}


def pango():
    try:
        ctypes.CDLL("libpangocairo-1.0.so.0")
    except OSError:
        return False
    return True


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "bom.cdx.json").write_text(json.dumps(DOCUMENT))
        if os.environ.get("CI") == "true":
            self.assertTrue(pango() and shutil.which("pdftotext"), "tools/setup test installs them")

    def run_quality(self, name, lang="en", n=1, **env):
        arguments = [hinomi.PROGRAM, "sbom", "quality", *[self.folder / "bom.cdx.json"] * n, "--profile", "ntia-2021",
                     "--profile", "meti-2.0", "--report", self.folder / name, "--lang", lang]
        env = dict(os.environ, **{"HINOMI_NOW": "2026-11-22T05:00:00Z", "HINOMI_HOME": str(self.folder / "home"),
                                  "HOME": str(self.folder), **env})
        return subprocess.run([str(a) for a in arguments], env=env, capture_output=True, timeout=120)

    def drawn(self, lang, n=1):
        if not pango():
            self.skipTest("pango is not installed")
        r = self.run_quality("r.pdf", lang, n)
        self.assertEqual((r.returncode, r.stderr), (1, b""))  # whatever the libraries have to say
        self.assertEqual(sorted(p.name for p in self.folder.iterdir() if "r.pdf" in p.name), ["r.pdf"])
        return (self.folder / "r.pdf").read_bytes()

    def text(self, *options):
        if not shutil.which("pdftotext"):
            self.skipTest("pdftotext is not installed")
        r = subprocess.run(["pdftotext", *options, str(self.folder / "r.pdf"), "-"], capture_output=True, check=True)
        return r.stdout.decode()

    def test_structure(self):
        for lang in ("en", "ja"):
            data = self.drawn(lang)
            self.assertTrue(data.startswith(b"%PDF-1.4") and data.endswith(b"%%EOF\n"))
            self.assertTrue(f"/Lang ({lang})".encode() in data)
            self.assertTrue(b"/Subtype /Link" in data and b"(d1) [" in data)  # from the list to the part
            self.assertTrue(re.search(rb"/CreationDate \((D:)?20261122050000", data))
            # the last table of objects leads to the catalogue that has the language, and to the table before it
            table = int(re.findall(rb"startxref\n(\d+)\n", data)[-1])
            number, offset = re.match(rb"xref\n(\d+) 1\n(\d{10}) 00000 n \n", data[table:]).groups()
            self.assertTrue(data[int(offset):].startswith(number + b" 0 obj\n<< /Lang"))
            before = int(re.findall(rb"/Prev (\d+)", data)[-1])
            self.assertTrue(data[before:].startswith(b"xref\n0 "))
            sizes = {tuple(round(float(x)) for x in s.split()) for s in re.findall(rb"/MediaBox \[ 0 0 (.*?) \]", data)}
            self.assertEqual(sizes, {(595, 842)})
            self.assertTrue(b"/FontFile" in data)  # fonts are in it

    def test_same_bytes_again(self):
        self.assertTrue(self.drawn("ja") == self.drawn("ja"))

    def test_english(self):
        self.drawn("en")
        text = " ".join(self.text("-layout").split())
        for words in ("Quality of bills of materials", "Verdicts at a glance", "Made 2026-11-22 05:00 UTC",
                      "Where, and what to do", "Ask the supplier to state it there", "/components/0", "文字化け検査 二・〇",
                      "製品A 1", "turned\\u202egnp.exe", "<b>bold</b>&amp;"):
            self.assertIn(words, text)
        self.assertNotIn("\u202e", text)

    def test_japanese(self):
        self.drawn("ja")
        text = re.sub(r"\s", "", self.text("-layout"))
        for words in ("部品表(SBOM)の判定報告書", "判定の一覧", "作成2026-11-2205:00UTC", "箇所と対応",
                      "この箇所に記載するよう供給者に求めてください", "文字化け検査", "製造者"):
            self.assertIn(words, text)

    def test_long_names_wrap_and_rare_characters_are_spelled(self):
        self.drawn("en")
        text = re.sub(r"\s", "", self.text("-raw"))
        self.assertIn(LONG.replace(" ", ""), text)
        self.assertIn("<U+F1234>", text)
        if not shutil.which("pdftotext"):
            return
        for x in re.findall(r'xMax="([\d.]+)"', self.text("-bbox")):
            self.assertLess(float(x), 595.28 - 40)  # nothing in the margin

    def test_pages(self):
        self.drawn("ja", n=4)
        pages = self.text("-layout").split("\f")[:-1]
        self.assertGreater(len(pages), 6)
        for i, page in enumerate(pages):
            self.assertIn(f"{i + 1} / {len(pages)}", page)
            self.assertIn("部品表(SBOM)の判定報告書", page)
        for page in pages[1:]:  # each goes on with a table whose head comes again, or begins a part
            self.assertTrue("判定 " in page, page)

    def test_without_pango(self):
        """The name still chooses; what is missing is named in the user's language, and no file is left."""
        missing = self.folder / "libpangocairo-1.0.so.0"
        missing.write_text("no library")
        for lang, word in (("en", "install the package libpangocairo-1.0-0"), ("ja", "パッケージ libpangocairo-1.0-0 が必要")):
            r = self.run_quality("r.pdf", lang, LD_LIBRARY_PATH=str(self.folder))
            self.assertEqual(r.returncode, 3)
            self.assertIn(word, r.stderr.decode())
            self.assertEqual([p.name for p in self.folder.iterdir() if "r.pdf" in p.name], [])
        r = self.run_quality("r.html", "en", LD_LIBRARY_PATH=str(self.folder))
        self.assertEqual(r.returncode, 1, r.stderr)

    def test_without_a_japanese_font(self):
        if not pango():
            self.skipTest("pango is not installed")
        fonts = self.folder / "fonts.conf"
        some = "/usr/share/fonts/truetype/dejavu"
        if not pathlib.Path(some).is_dir():
            self.skipTest("fonts-dejavu-core is not installed")
        fonts.write_text(f'<?xml version="1.0"?><fontconfig><dir>{some}</dir></fontconfig>')
        # the role reads no file but those of fontconfig's folders: a configuration of one's own lies there
        home = self.folder / "me" / ".config" / "fontconfig"
        home.mkdir(parents=True)
        shutil.move(fonts, home / "fonts.conf")
        for lang in ("en", "ja"):
            r = self.run_quality("r.pdf", lang, HOME=str(self.folder / "me"), FONTCONFIG_FILE=str(home / "fonts.conf"))
            self.assertEqual(r.returncode, 3)
            self.assertIn("fonts-noto-cjk", r.stderr.decode())
            self.assertFalse((self.folder / "r.pdf").exists())


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bool(bad))
