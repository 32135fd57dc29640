#!/usr/bin/env python3
"""A second diagnosis of this machine: what has not changed is kept, says the same, and is given up as soon as the
databases or the store are not what they were."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import PROGRAM, World  # noqa: E402

STATUS = pathlib.Path("/var/lib/dpkg/status")
MODULES = "self,host,packages,languages"


class Seen(unittest.TestCase):
    def setUp(self):
        if not STATUS.exists():
            self.skipTest("not a machine with dpkg")
        self.world = World()
        self.addCleanup(self.world.close)
        self.home = pathlib.Path(self.world.env["HINOMI_HOME"])

    def run_it(self, *args, before=()):
        done = subprocess.run([*before, PROGRAM, *args], capture_output=True, timeout=120, env=self.world.env)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout

    def diagnose(self, before=()):
        return json.loads(self.run_it("diagnose", "--json", "--modules", MODULES, before=before))

    def packages(self, document):
        return {o["subject"]: o["fields"].get("version") for o in document["observations"]
                if o["kind"] == "package" and o["module"] == "packages"}

    def looked(self):
        """When the store last heard of the packages by a look at them."""
        sources = json.loads(self.run_it("sources", "--json"))
        return next(s["last_run"] for s in sources if s["module"] == "packages")

    def test_an_unchanged_machine_is_not_read_twice(self):
        first = self.diagnose()
        looked = self.looked()
        self.assertTrue((self.home / "seen").exists())
        second = self.diagnose()
        self.assertEqual(self.looked(), looked)
        self.assertEqual(self.packages(first), self.packages(second))
        self.assertEqual([f["id"] for f in first["findings"]], [f["id"] for f in second["findings"]])
        cover = next(c for c in second["coverage"] if c["module"] == "packages")
        self.assertTrue(cover["ran"] and cover["complete"])

    def test_a_restored_store_is_filled_again(self):
        self.diagnose()
        first = self.packages(self.diagnose())
        (self.home / "store.db").unlink()
        for beside in self.home.glob("store.db-*"):
            beside.unlink()
        self.diagnose()
        assets = json.loads(self.run_it("assets", "list", "--json"))["items"]
        observed = json.loads(self.run_it("sources", "--json"))
        self.assertEqual(len(assets), 1)
        count = next(s for s in observed if s["module"] == "packages")["observations"]
        self.assertGreaterEqual(count, len(first))

    def test_a_changed_database_is_read(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"]).returncode != 0:
            self.skipTest("no mount namespace can be made here")
        versions = self.packages(self.diagnose())
        copy = self.world.dir / "status"
        text = STATUS.read_text(errors="surrogateescape")
        name = next(s for s, v in versions.items() if v).split(":")[0]
        head = f"Package: {name}\n"
        at = text.index(head)
        end = text.index("\n\n", at)
        lines = [("Version: 0~changed" if l.startswith("Version:") else l) for l in text[at:end].split("\n")]
        copy.write_text(text[:at] + "\n".join(lines) + text[end:], errors="surrogateescape")
        script = f'mount --bind "{copy}" {STATUS} && exec "$@"'
        changed = self.packages(self.diagnose(before=["unshare", "--mount", "sh", "-c", script, "sh"]))
        different = {s for s in versions if versions[s] != changed.get(s)}
        self.assertEqual({s.split(":")[0] for s in different}, {name})
        self.assertEqual(self.packages(self.diagnose()), versions)

    def test_a_library_that_came_is_seen(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"]).returncode != 0:
            self.skipTest("no mount namespace can be made here")
        self.diagnose()
        script = ("mount -t tmpfs none /srv && mkdir -p /srv/app/node_modules/left && "
                  """echo '{"name":"left","version":"1.2.3"}' >/srv/app/node_modules/left/package.json && exec "$@\"""")
        document = self.diagnose(before=["unshare", "--mount", "sh", "-c", script, "sh"])
        names = {o["fields"].get("name") for o in document["observations"] if o["module"] == "languages"}
        self.assertIn("left", names)
        names = {o["fields"].get("name") for o in self.diagnose()["observations"] if o["module"] == "languages"}
        self.assertNotIn("left", names)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"]))
    bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    print(f"{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped")
    sys.exit(bad != 0)
