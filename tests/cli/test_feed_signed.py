#!/usr/bin/env python3
"""hinomi feed: OpenPGP signatures of documents, from a folder and from a provider on loopback."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import hinomi  # noqa: E402
import openpgp  # noqa: E402
from test_feed import Server, csaf  # noqa: E402

GARBAGE = b"-----BEGIN PGP SIGNATURE-----\n\nnothing of the kind\n-----END PGP SIGNATURE-----\n"
STAMP = "2026-11-20T00:00:00Z"
COUNTS = ("good", "bad", "unknown_key", "expired", "unsigned", "refused")


def doc(i):
    return csaf(f"ACME-{i}", f"CVE-2026-600{i}")


@unittest.skipUnless(openpgp.library(), "librnp0 is not installed")
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not openpgp.library():
            return
        cls.maker, cls.other = openpgp.Key("Maker <psirt@maker.example>"), openpgp.Key("Other <x@other.example>")
        cls.ended = openpgp.Key("Ended <x@ended.example>")
        cls.early, cls.late = cls.ended.sign(doc(1), age=50), cls.ended.sign(doc(3))
        cls.ended.end(90)  # ten days ago

    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.folder = self.world.dir / "documents"
        self.folder.mkdir()

    def feed(self, *args, code=0, env=None):
        done = self.world.run("feed", *args, env=env)
        self.assertEqual(done.code, code, done.errors)
        return done

    def key_file(self, key, armor=True):
        path = self.world.dir / f"{key.fingerprint}{'.asc' if armor else '.gpg'}"
        path.write_bytes(key.public(armor))
        return path

    def put(self, i, signature=None):
        (self.folder / f"a-{i}.json").write_bytes(doc(i))
        if signature is not None:
            (self.folder / f"a-{i}.json.asc").write_bytes(signature)

    def listed(self, name="acme"):
        return {f["name"]: f for f in self.feed("list", "--json").json}[name]

    def counts(self, **wanted):
        for word in ("list", "verify"):
            schema = json.loads((hinomi.TOP / "docs" / "schemas" / f"feed_{word}.json").read_text())
            jsonschema.validate(self.feed(word, "--json").json, schema)
        got = self.listed()["checked"]["signatures"]
        self.assertEqual({k: got[k] for k in COUNTS}, {**dict.fromkeys(COUNTS, 0), **wanted})
        return got

    def known(self, i):
        return self.world.run("feed", "show", f"CVE-2026-600{i}").code == 0


class Folder(Case):
    def test_each_kind_of_signature(self):
        self.put(1, self.maker.sign(doc(1)))
        self.put(2, self.maker.sign(doc(2) + b" "))      # tampered document
        good = self.maker.sign(doc(3))
        self.put(3, good[:150] + (b"A" if good[150:151] != b"A" else b"B") + good[151:])  # tampered signature
        self.put(4, self.other.sign(doc(4)))
        self.put(5)
        self.put(6, GARBAGE)
        self.put(7, good * 500)                          # larger than any
        self.put(8, b"")
        done = self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), self.folder)
        for i, why in ((2, "not of this document"), (4, "a key that the feed does not have"), (5, "it is not signed"),
                       (6, "cannot be read"), (7, "cannot be read"), (8, "it is not signed")):
            line = [l for l in done.errors.splitlines() if f"a-{i}.json" in l and why in l]
            self.assertTrue(line, (i, why, done.errors))
        self.assertIn("7 documents without a good signature were left out", done.errors)
        got = self.counts(good=1, bad=4, unknown_key=1, unsigned=2, refused=7)
        self.assertEqual((got["state"], got["keys_from"]), ("checked", "given"))
        self.assertEqual(got["keys"], [{"fingerprint": self.maker.fingerprint, "documents": 1, "valid": True}])
        self.assertEqual([i for i in range(1, 9) if self.known(i)], [1])
        self.assertEqual(self.listed()["checked"]["documents"], 1)
        for word in ("list", "verify"):
            text = self.feed(word).text
            self.assertIn("1 good, 4 bad, 1 of an unknown key, 0 expired, 2 missing; 7 documents", text)
            self.assertIn(self.maker.fingerprint, text)
        self.assertIn("署名の検証結果", self.world.run("feed", "list", "--lang", "ja").text)

    def test_keys_are_kept_and_replaced(self):
        self.put(1, self.maker.sign(doc(1)))
        self.put(2, self.other.sign(doc(2)))
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker, armor=False), self.folder)
        self.feed("add", "--name", "acme", self.folder)  # the feed still has its key
        self.counts(good=1, unknown_key=1, refused=1)
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), "--key", self.key_file(self.other), self.folder)
        self.assertEqual(len(self.counts(good=2)["keys"]), 2)
        self.feed("add", "--name", "acme", "--key", self.key_file(self.other), self.folder)
        self.counts(good=1, unknown_key=1, refused=1)
        self.assertEqual((self.known(1), self.known(2)), (False, True))
        self.feed("remove", "acme")
        self.feed("add", "--name", "acme", self.folder)  # another feed, without keys: said
        self.assertEqual(self.listed()["checked"]["signature_not_checked"], 2)
        self.assertNotIn("signatures", self.listed()["checked"])
        self.assertIn("NOT checked", self.feed("verify").text)

    def test_unsigned_allow(self):
        self.put(1, self.maker.sign(doc(1)))
        self.put(2)
        self.put(3, self.other.sign(doc(3)))
        self.put(4, self.maker.sign(doc(1)))
        done = self.feed("add", "--name", "acme", "--unsigned", "allow", "--key", self.key_file(self.maker), self.folder)
        self.assertIn("2 documents without a good signature were taken", done.errors)
        self.counts(good=1, bad=1, unknown_key=1, unsigned=1, refused=1)
        self.assertEqual([i for i in range(1, 5) if self.known(i)], [1, 2, 3])  # a wrong signature is never taken
        self.feed("add", "--name", "acme", "--unsigned", "maybe", self.folder, code=2)

    def test_ended_keys(self):
        self.put(1, self.early)  # it was valid then
        self.put(2, self.maker.sign(doc(2)))
        self.put(3, self.late)
        key = self.key_file(self.ended)
        done = self.feed("add", "--name", "acme", "--key", key, "--key", self.key_file(self.maker), self.folder)
        self.assertIn(f"the key {self.ended.fingerprint} has expired", done.errors)
        self.assertEqual({k["fingerprint"]: k["valid"] for k in self.counts(good=2, expired=1, refused=1)["keys"]},
                         {self.ended.fingerprint: False, self.maker.fingerprint: True})

    def test_files_that_are_no_key(self):
        self.put(1, self.maker.sign(doc(1)))
        for content in (b"", b"no key", GARBAGE, self.maker.sign(b"x"), b"\x99\x01" + b"\xff" * 300, b"x" * (2 << 20), self.maker.public()[:200]):
            path = self.world.dir / "bad.key"
            path.write_bytes(content)
            self.feed("add", "--name", "acme", "--key", path, self.folder, code=3)
        self.feed("add", "--name", "acme", "--key", self.world.dir / "not-there", self.folder, code=3)
        self.assertEqual(self.feed("list", "--json").json, [])

    def test_all_refused_leaves_the_index(self):
        self.put(1, self.maker.sign(doc(1)))
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), self.folder)
        self.put(1, self.other.sign(doc(1)))
        self.feed("add", "--name", "acme", self.folder, code=3)
        self.assertTrue(self.known(1))

    def test_damaged_keys_are_no_missing_keys(self):
        self.put(1)
        self.put(2, self.maker.sign(doc(2)))
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), self.folder)
        kept = next((self.world.home / "feed" / "keys").iterdir())
        kept.write_bytes(b"\0" * 50)
        self.assertIn("cannot be read", self.feed("add", "--name", "acme", self.folder, code=3).errors)
        kept.write_bytes(b"")
        self.feed("add", "--name", "acme", self.folder, code=3)

    def test_without_the_library(self):
        self.put(1, self.maker.sign(doc(1)))
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), self.folder)
        hidden = self.world.dir / "lib"
        hidden.mkdir()
        (hidden / "librnp.so.0").write_bytes(b"")
        env = {"LD_LIBRARY_PATH": str(hidden)}
        done = self.feed("add", "--name", "acme", self.folder, env=env, code=3)
        self.assertIn("librnp0 is not installed", done.errors)
        self.counts(good=1)  # as it was
        self.assertEqual(self.feed("verify", "--json").json["feeds"], [{"name": "acme", "checked": self.listed()["checked"]}])
        done = self.feed("add", "--name", "acme", "--unsigned", "allow", self.folder, env=env)
        self.assertIn("librnp0 is not installed", done.errors)
        self.assertEqual(self.listed()["checked"]["signatures"]["state"], "signature not checked: librnp0 is not installed")
        self.assertIn("librnp0 is not installed", self.feed("verify").text)
        self.feed("add", "--name", "acme", self.folder)  # the key was not lost, nor whose it is
        self.assertEqual(self.counts(good=1)["keys_from"], "given")

    def test_a_bundle_brings_no_counts_of_another(self):
        self.put(1, self.maker.sign(doc(1)))
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), self.folder)
        self.feed("export", "-o", self.world.dir / "x.zst")
        self.feed("import", self.world.dir / "x.zst")
        self.assertNotIn("checked", self.listed())


class Provider(Case):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.close)
        self.home = "/.well-known/csaf/provider-metadata.json"

    def publish(self, keys, documents):
        """documents: number → signature, or None"""
        self.server.files[self.home] = json.dumps({
            "public_openpgp_keys": [{"fingerprint": k.fingerprint, "url": self.server.url(f"/csaf/{k.fingerprint}.asc")} for k in keys],
            "distributions": [{"directory_url": self.server.url("/csaf/")}]}).encode()
        for k in keys:
            self.server.files[f"/csaf/{k.fingerprint}.asc"] = k.public()
        self.server.files["/csaf/changes.csv"] = "".join(f'"2026/a-{i}.json","{s[1] if isinstance(s, tuple) else STAMP}"\n' for i, s in documents.items()).encode()
        for i, s in documents.items():
            s = s[0] if isinstance(s, tuple) else s
            self.server.files[f"/csaf/2026/a-{i}.json"] = doc(i)
            self.server.files[f"/csaf/2026/a-{i}.json.sha256"] = f"{hashlib.sha256(doc(i)).hexdigest()}  a-{i}.json\n".encode()
            self.server.files.pop(f"/csaf/2026/a-{i}.json.asc", None)
            if s is not None:
                self.server.files[f"/csaf/2026/a-{i}.json.asc"] = s

    def add(self, *more, code=0, env=None):
        return self.feed("add", "--name", "acme", *more, self.server.url(self.home), code=code, env=env)

    def test_first_use(self):
        self.publish([self.maker], {1: self.maker.sign(doc(1)), 2: self.maker.sign(doc(1)), 3: None, 4: GARBAGE})
        done = self.add()
        self.assertIn(f"key {self.maker.fingerprint} is trusted from now on", done.errors)
        got = self.counts(good=1, bad=2, unsigned=1, refused=3)
        self.assertEqual(got["keys_from"], "first-use")
        self.assertEqual([i for i in range(1, 5) if self.known(i)], [1])
        self.server.asked.clear()
        self.assertIn("nothing new", self.feed("update").text)
        self.assertEqual([p for p in self.server.paths() if p.endswith(".json.asc")], ["/csaf/2026/a-3.json.asc"])  # may still come
        self.server.files["/csaf/2026/a-3.json.asc"] = self.maker.sign(doc(3))
        self.feed("update")
        self.counts(good=2, bad=2, refused=2)
        self.assertTrue(self.known(3))
        self.assertEqual(self.counts(good=2, bad=2, refused=2)["keys_from"], "first-use")

    def test_a_huge_signature_is_cut_off(self):
        self.publish([self.maker], {1: self.maker.sign(doc(1)), 2: b"x" * (1 << 20)})
        done = self.add()
        self.assertIn("larger than the 16384 bytes", done.errors)
        self.counts(good=1, unsigned=1, refused=1)
        self.server.files["/csaf/2026/a-2.json.asc"] = self.maker.sign(doc(2))
        self.feed("update")
        self.counts(good=2)

    def test_a_changed_key_is_an_error_that_says_what_to_do(self):
        self.publish([self.maker], {1: self.maker.sign(doc(1))})
        self.add()
        self.publish([self.other], {1: (self.other.sign(doc(1)), "2026-11-25T00:00:00Z"), 2: self.other.sign(doc(2))})
        for _ in range(2):  # also the second time
            done = self.feed("update", code=3)
            for text in ("CHANGED", self.maker.fingerprint, self.other.fingerprint, "--key FILE"):
                self.assertIn(text, done.errors)
            self.assertEqual((self.known(1), self.known(2)), (True, False))
        self.counts(good=1)
        self.assertNotEqual(self.feed("sources", "--json").json[0]["error"], "")
        self.add("--key", self.key_file(self.other))  # what the message says
        self.assertEqual(self.counts(good=2)["keys_from"], "given")
        self.feed("update")

    def test_a_second_key_beside_the_first(self):
        self.publish([self.maker], {1: self.maker.sign(doc(1))})
        self.add()
        self.publish([self.maker, self.other], {1: self.maker.sign(doc(1)), 2: self.other.sign(doc(2))})
        done = self.feed("update")
        self.assertIn(f"{self.other.fingerprint}, which is NOT trusted", done.errors)
        self.counts(good=1, unknown_key=1, refused=1)

    def test_a_key_that_is_not_the_one_that_is_named(self):
        self.publish([self.maker], {1: self.maker.sign(doc(1)), 2: self.other.sign(doc(2))})
        self.server.files[f"/csaf/{self.maker.fingerprint}.asc"] = self.other.public()
        done = self.add()
        self.assertIn("does not hold that key", done.errors)
        checked = self.listed()["checked"]
        self.assertEqual((checked["signature_not_checked"], "signatures" in checked), (2, False))

    def test_given_keys(self):
        self.publish([], {1: self.maker.sign(doc(1)), 2: None})
        self.add("--key", self.key_file(self.maker))
        self.counts(good=1, unsigned=1, refused=1)
        self.publish([], {i: self.maker.sign(doc(i)) for i in (1, 2, 3)})
        self.feed("update")
        self.counts(good=3)
        self.add("--unsigned", "allow")  # the key stays
        self.counts(good=3)
        self.add("--key", self.world.dir / "not-there", code=3)
        self.feed("add", "--name", "x", "--key", self.key_file(self.maker), self.server.url("/PyPI/all.zip"), code=2)
        self.feed("add", "--name", "x", "--unsigned", "maybe", self.server.url(self.home), code=2)
        self.feed("remove", "acme")
        self.assertFalse((self.world.home / "fetch" / "acme").exists())

    def test_without_keys_no_signature_is_asked_for(self):
        self.publish([], {1: self.maker.sign(doc(1))})
        self.add()
        self.assertFalse([p for p in self.server.paths() if p.endswith(".asc")])
        self.publish([self.maker], {1: self.maker.sign(doc(1))})  # it has one now: what is there is checked, too
        self.feed("update")
        self.counts(good=1)

    def test_without_the_library(self):
        hidden = self.world.dir / "lib"
        hidden.mkdir()
        (hidden / "librnp.so.0").write_bytes(b"")
        self.publish([self.maker], {1: self.maker.sign(doc(1))})
        done = self.add(env={"LD_LIBRARY_PATH": str(hidden)})
        self.assertIn("librnp0 is not installed", done.errors)
        checked = self.listed()["checked"]
        self.assertEqual((checked["signature_not_checked"], checked["signatures"]["state"]), (1, "signature not checked: librnp0 is not installed"))

    def test_keys_elsewhere_are_not_fetched(self):
        self.publish([self.maker], {1: self.maker.sign(doc(1))})
        metadata = json.loads(self.server.files[self.home])
        metadata["public_openpgp_keys"] = [
            {"fingerprint": self.maker.fingerprint, "url": f"http://localhost:{self.server.port}/k.asc"},
            {"fingerprint": "../../../../x" + "A" * 40, "url": self.server.url("/k.asc")}, {"url": self.server.url("/k.asc")}, 7, None]
        self.server.files[self.home] = json.dumps(metadata).encode()
        done = self.add()
        self.assertIn("its key is not at the address of the source", done.errors)
        self.assertFalse([p for p in self.server.paths() if p == "/k.asc"])
        self.assertIn("4 keys that the provider names have no fingerprint", done.errors)
        self.assertEqual(self.listed()["checked"]["signature_not_checked"], 1)

    def test_a_file_and_its_signature(self):
        self.server.files["/one.json"], self.server.files["/one.json.asc"] = doc(1), self.maker.sign(doc(1))
        self.feed("add", "--name", "acme", "--key", self.key_file(self.maker), self.server.url("/one.json"))
        self.counts(good=1)
        self.assertIn("nothing new", self.feed("update").text)
        self.server.files["/one.json"] = doc(2)
        self.feed("update", code=3)  # its signature is still that of the other
        self.assertTrue(self.known(1))
        self.server.files["/one.json.asc"] = self.maker.sign(doc(2))
        self.feed("update")
        self.assertTrue(self.known(2))

    def test_a_server_that_has_no_signature_to_give_is_not_asked_for_each(self):
        self.publish([self.maker], {i: b"" for i in range(1, 31)})
        for i in range(2, 31):
            self.server.files[f"/csaf/2026/a-{i}.json.asc"] = lambda h: self.server.send(h, 500, b"")
        self.server.files["/csaf/2026/a-1.json.asc"] = self.maker.sign(doc(1))
        self.add()
        self.assertEqual(len([p for p in self.server.paths() if p.endswith(".json.asc")]), 21)
        self.counts(good=1, unsigned=29, refused=29)

    def test_killed_at_any_time(self):
        documents = {i: self.maker.sign(doc(i)) for i in range(1, 9)}
        self.publish([self.maker], documents)
        self.server.slow = {f"/csaf/2026/a-{i}.json.asc": 0.03 for i in range(1, 9)}
        env = {**os.environ, "HINOMI_HOME": str(self.world.home)}
        for wait in (0.1, 0.2, 0.3, 0.4):
            p = subprocess.Popen([hinomi.PROGRAM, "feed", "add", "--name", "acme", self.server.url(self.home)], env=env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(wait)
            p.send_signal(signal.SIGKILL)
            p.wait()
        time.sleep(0.3)  # roles end with their parent
        self.add()
        self.counts(good=8)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bool(bad))
