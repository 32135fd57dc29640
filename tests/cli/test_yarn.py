#!/usr/bin/env python3
"""Lock files of Yarn 1 and of Yarn 2 and later (Berry) say the same: packages, and what needs what."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402

CLASSIC = """# yarn lockfile v1


a@^1.0.0:
  version "1.2.0"
  integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==
  dependencies:
    "@s/b" "^2.0.0"
  optionalDependencies:
    c "~3.0.0"

"@s/b@^2.0.0", "@s/b@^2.1.0":
  version "2.1.0"

c@~3.0.0:
  version "3.0.1"
"""
BERRY = """__metadata:
  version: 8
  cacheKey: 10c0

"@s/b@npm:^2.0.0, @s/b@npm:^2.1.0":
  version: 2.1.0
  resolution: "@s/b@npm:2.1.0"
  checksum: 10c0/cf83e1357eefb8bdf1542850d66d8007
  languageName: node
  linkType: hard

"a@npm:^1.0.0":
  version: 1.2.0
  resolution: "a@npm:1.2.0"
  dependencies:
    "@s/b": "npm:^2.0.0"
    c: "npm:~3.0.0"
  languageName: node
  linkType: hard

"c@npm:~3.0.0":
  version: 3.0.1
  resolution: "c@npm:3.0.1"
  languageName: node
  linkType: hard

"proj@workspace:.":
  version: 0.0.0-use.local
  resolution: "proj@workspace:."
  dependencies:
    a: ^1.0.0
  languageName: unknown
  linkType: soft
"""


class Yarn(unittest.TestCase):
    def bom(self, text):
        world = hinomi.World()
        self.addCleanup(world.close)
        project = world.dir / "root" / "srv" / "p"
        project.mkdir(parents=True)
        (project / "package.json").write_text(json.dumps({"name": "proj", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}}))
        (project / "yarn.lock").write_text(text)
        done = world.run("sbom", "generate", "--json", "--deep", "--root", world.dir / "root")
        self.assertEqual(done.code, 0, done.errors)
        return done.json

    def test_packages_and_edges(self):
        for text in (CLASSIC, BERRY):
            doc = self.bom(text)
            purls = {c["bom-ref"]: c["purl"].split("#")[0] for c in doc["components"] if "purl" in c}
            self.assertEqual(sorted(purls.values()), ["pkg:npm/%40s/b@2.1.0", "pkg:npm/a@1.2.0", "pkg:npm/c@3.0.1"])
            needs = {purls[d["ref"]]: sorted(purls[r] for r in d["dependsOn"]) for d in doc["dependencies"] if d["ref"] in purls}
            self.assertEqual(needs, {"pkg:npm/a@1.2.0": ["pkg:npm/%40s/b@2.1.0", "pkg:npm/c@3.0.1"], "pkg:npm/%40s/b@2.1.0": [], "pkg:npm/c@3.0.1": []})

    def test_the_sum_is_that_of_the_package(self):
        """Yarn 1 has npm's own; that of Berry is of its own archive, and says nothing about the package."""
        a = [c for c in self.bom(CLASSIC)["components"] if c["name"] == "a"][0]
        self.assertEqual([(h["alg"], h["content"][:16]) for h in a["hashes"]], [("SHA-512", "cf83e1357eefb8bd")])
        self.assertFalse(any(c.get("hashes") for c in self.bom(BERRY)["components"] if c["name"] == "b"))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=1).result
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bool(bad))
