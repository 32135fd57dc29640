"""Running the real program in tests: a home of its own, made-up roots, answers as Python values."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("HINOMI", str(TOP / "build" / "hinomi"))
sys.path.insert(0, str(TOP / "tests" / "lib"))


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def text(self):
        return self.out.decode("utf-8")

    @property
    def errors(self):
        return self.err.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.out)


class World:
    """A temporary folder with a home and roots; removed by close()."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hinomi-test-"))
        self.home = self.dir / "home"
        self.env = dict(os.environ, HINOMI_HOME=str(self.home), LC_ALL="C.UTF-8", HINOMI_LANG="en")
        self.env.pop("HINOMI_NOW", None)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def root(self, kind, name=None):
        path = self.dir / (name or kind)
        if not path.exists():
            import make_root
            path.mkdir()
            getattr(make_root, kind)(path)
        return path

    def run(self, *args, stdin=None, env=None, timeout=120):
        done = subprocess.run([PROGRAM, *map(str, args)], input=stdin, capture_output=True, timeout=timeout,
                              env=dict(self.env, **(env or {})))
        return Result(done)
