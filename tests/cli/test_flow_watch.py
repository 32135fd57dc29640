#!/usr/bin/env python3
"""hinomi flow watch: packets of the loopback interface become flows, none twice, none lost at the end, losses told."""
import ctypes.util
import fcntl
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402
import wire  # noqa: E402


@unittest.skipIf(os.geteuid() != 0 and os.environ.get("CI") != "true", "needs CAP_NET_RAW")
class Watch(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)

    def watch(self, *more, interface="lo"):
        p = subprocess.Popen([hinomi.PROGRAM, "flow", "watch", "--json", "--interface", interface, *more], env=self.world.env, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        for f in (p.stdout, p.stderr):
            self.addCleanup(f.close)
        self.addCleanup(p.kill)
        self.assertIn(b"listening", p.stderr.readline())
        return p

    def worker(self, p):
        """Of its children: with --store another one looks through what is kept."""
        children = pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children").read_text().split()
        return next(int(c) for c in children if b"worker" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes())

    def end(self, p):
        p.send_signal(signal.SIGTERM)
        out, errors = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 0, errors)
        jsonschema.validate(json.loads(out), json.loads((hinomi.TOP / "docs/schemas/flow_watch.json").read_text()))
        return json.loads(out), errors.decode()

    def flows(self, *words):
        return self.world.run("flow", "list", "--json", "--top", "0", *words).json["items"]

    def udp(self, address, port, sizes):
        """A question of each size, each answered by as many octets."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind((address, port))
            for n in sizes:
                client.sendto(b"q" * n, (address, port))
                server.sendto(*server.recvfrom(65536))
                client.recv(65536)

    def tcp(self, address, port):
        with socket.create_server((address, port)) as server:
            def serve():
                with server.accept()[0] as c:
                    while c.recv(65536):
                        pass
                    c.sendall(b"a" * 500)
            t = threading.Thread(target=serve)
            t.start()
            with socket.create_connection((address, port)) as c:
                c.sendall(b"q" * 100)
                c.shutdown(socket.SHUT_WR)
                while c.recv(65536):
                    pass
            t.join()

    def test_conversations_are_flows_once_and_to_the_last_packet(self):
        p = self.watch()
        self.udp("127.9.8.7", 5301, [100, 200, 300])
        self.tcp("127.9.8.7", 8001)
        doc, _ = self.end(p)  # at once: the kernel has not handed over its block
        self.assertEqual((doc["schema"], doc["interface"], doc["dropped_packets"]), ("hinomi-flow-watch-1", "lo", 0))
        rows = self.flows("dst host 127.9.8.7")
        self.assertEqual(doc["flows"], len(self.flows()))
        udp, tcp = ([r for r in rows if r["dport"] == port] for port in (5301, 8001))
        self.assertEqual([(r["packets"], r["bytes"], r["packets_back"], r["bytes_back"]) for r in udp], [(3, 684, 3, 684)])
        self.assertEqual(len(tcp), 1)
        self.assertEqual(tcp[0]["state"], "closed")
        self.assertGreater(tcp[0]["bytes_back"], 500)
        # started again it goes on beside what is there
        p = self.watch()
        self.udp("127.9.8.7", 5302, [10])
        self.end(p)
        self.assertEqual(sorted(r["dport"] for r in self.flows("dst host 127.9.8.7")), [5301, 5302, 8001])

    def test_what_is_idle_is_kept_without_further_packets_and_survives_a_kill(self):
        p = self.watch("--idle", "1")
        self.udp("127.9.8.6", 5303, [50])
        end = time.monotonic() + 30
        while not self.flows("dst port 5303"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.5)
        p.kill()
        p.wait()
        self.assertEqual(len(self.flows("dst port 5303")), 1)

    def test_one_that_goes_on_is_told_in_pieces(self):
        p = self.watch("--active", "1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.9.8.5", 5304))
            for _ in range(8):
                client.sendto(b"x", ("127.9.8.5", 5304))
                time.sleep(0.4)
        self.end(p)
        rows = self.flows("dst port 5304")
        self.assertGreater(len(rows), 1)
        self.assertEqual(sum(r["packets"] for r in rows), 8)

    def test_what_the_kernel_had_no_room_for_is_told(self):
        p = self.watch("--store")
        worker = self.worker(p)
        os.kill(worker, signal.SIGSTOP)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.9.8.4", 5305))
            for _ in range(2500):
                client.sendto(b"x" * 60000, ("127.9.8.4", 5305))
        os.kill(worker, signal.SIGCONT)
        doc, errors = self.end(p)
        self.assertGreater(doc["dropped_packets"], 0)
        self.assertIn("faster than they could be read", errors)
        found = [f for f in self.world.run("findings", "list", "--json").json["items"] if f["kind"] == "flow.meter-loss"]
        self.assertEqual([f["asset"]["name"] for f in found], [f"{os.uname().nodename} lo"])

    @unittest.skipIf(not ctypes.util.find_library("pcap") and os.environ.get("CI") != "true", "libpcap is not installed")
    def test_a_filter_as_tcpdump_has_it(self):
        p = self.watch("--bpf", "udp port 5307 and not host 127.9.8.2")
        self.udp("127.9.8.3", 5306, [10])
        self.udp("127.9.8.3", 5307, [10])
        self.udp("127.9.8.2", 5307, [10])
        doc, _ = self.end(p)
        self.assertEqual(doc["packets"], 2)
        self.assertEqual([(r["dst"], r["dport"]) for r in self.flows()], [("127.9.8.3", 5307)])
        done = self.world.run("flow", "watch", "--interface", "lo", "--bpf", "udp prt 53")
        self.assertNotIn(done.code, (0, 1))
        self.assertIn("udp prt 53: ", done.errors)

    @unittest.skipUnless(os.geteuid() == 0 and os.access("/dev/net/tun", os.W_OK), "needs an interface of its own")
    def test_an_interface_that_goes_down_is_told_and_comes_back(self):
        tap, name = self.device(0x1002)  # IFF_TAP | IFF_NO_PI
        p = self.watch(interface=name)
        worker = self.worker(p)
        self.up(name, 0)
        self.assertIn(b"went down", p.stderr.readline())
        before = self.ticks(worker)
        time.sleep(1)
        self.assertLess(self.ticks(worker) - before, 20)  # it waits
        self.up(name, 1)
        os.write(tap, b"\xff" * 6 + b"\2" + bytes(5) + b"\x08\0" + wire.ip4("192.0.2.1", "192.0.2.2", 17, wire.udp(4000, 5306, b"q")))
        self.end(p)
        self.assertEqual(len(self.flows("dst port 5306")), 1)

    @unittest.skipUnless(os.geteuid() == 0 and os.access("/dev/net/tun", os.W_OK), "needs an interface of its own")
    @unittest.skipIf(not ctypes.util.find_library("pcap") and os.environ.get("CI") != "true", "libpcap is not installed")
    def test_packets_without_a_link_layer_pass_the_filter(self):
        tun, name = self.device(0x1001)  # IFF_TUN | IFF_NO_PI
        p = self.watch("--bpf", "udp port 5308", interface=name)
        for port in (5308, 5309):
            os.write(tun, wire.ip4("192.0.2.1", "192.0.2.2", 17, wire.udp(4000, port, b"q")))
        self.end(p)
        self.assertEqual([r["dport"] for r in self.flows()], [5308])

    def device(self, flags):
        tap, name = os.open("/dev/net/tun", os.O_RDWR), f"hn{os.getpid() % 100000}"
        self.addCleanup(os.close, tap)
        try:
            fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", name.encode(), flags))  # TUNSETIFF
            self.up(name, 1)
        except OSError as e:
            self.skipTest(str(e))
        return tap, name

    def up(self, name, flags):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, 0x8914, struct.pack("16sH22x", name.encode(), flags))  # SIOCSIFFLAGS

    def ticks(self, pid):
        return sum(int(x) for x in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])

    def test_wrong_use(self):
        self.assertEqual(self.world.run("flow", "watch").code, 2)
        done = self.world.run("flow", "watch", "--interface", "none0")
        self.assertEqual(done.code, 3)
        self.assertIn("none0", done.errors)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
