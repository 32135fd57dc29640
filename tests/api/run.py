"""Runs the API tests and ends with "N passed, N failed, N skipped"."""
import pathlib
import sys
import unittest

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here))
names = sys.argv[1:] or sorted(p.stem for p in here.glob("test_*.py"))
result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(unittest.defaultTestLoader.loadTestsFromNames(names))
failed = len(result.failures) + len(result.errors)
print(f"{max(0, result.testsRun - failed - len(result.skipped))} passed, {failed} failed, {len(result.skipped)} skipped")
sys.exit(failed > 0)
