#!/usr/bin/env python3
"""hinomi telescope watch --follow: captures that are packed while they are written, and grow."""
import gzip
import pathlib
import signal
import struct
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import test_telescope  # noqa: E402


class Packed(unittest.TestCase):
    setUp, follow, geo, kept, wait_kept = (getattr(test_telescope.Telescope, n) for n in ("setUp", "follow", "geo", "kept", "wait_kept"))

    def grows(self, pack):
        folder = self.world.dir / "captures"
        folder.mkdir()
        whole = test_telescope.capture(self.world.dir / "whole.pcap", test_telescope.mixture(3000, 600)).read_bytes()
        starts, at = [0], 24
        while at < len(whole):
            at += 16 + struct.unpack_from("<I", whole, at + 8)[0]
            starts.append(at)
        with (folder / "dark.pcap.gz").open("wb", buffering=0) as f:
            f.write(pack(whole[:starts[1000]]))
            p = self.follow(folder)
            self.wait_kept(1000)
            f.write(pack(whole[starts[1000]:starts[1500]]))
            self.wait_kept(1500)
            p.kill()
            p.wait()
            f.write(pack(whole[starts[1500]:starts[2000]]))
            p = self.follow(folder)
            self.wait_kept(2000)
            piece = pack(whole[starts[2000]:])
            f.write(piece[:len(piece) // 2])
            f.write(piece[len(piece) // 2:])
            self.wait_kept(3000)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(timeout=60), 0)
        self.assertEqual(self.kept(), 3000)
        self.assertNotIn(b"dark.pcap", p.stderr.read())  # no damage, nothing unreadable

    def test_one_stream_that_is_flushed(self):
        z = zlib.compressobj(6, zlib.DEFLATED, 31)
        self.grows(lambda b: z.compress(b) + z.flush(zlib.Z_SYNC_FLUSH))

    def test_members_in_a_row(self):
        self.grows(gzip.compress)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(Packed))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
