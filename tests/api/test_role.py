import json
import os
import socket
import stat
import struct
import subprocess
import threading
import time

from case import Case, Failed
from world import PROGRAM, Local, World, finding, run_id


class Role(Case):
    """The store role itself, over its own socket."""

    @classmethod
    def fill(cls, world):
        cls.asset = world.put("web1", [{"subject": "openssl"}])

    def test_the_socket_is_for_its_owner_only(self):
        mode = os.stat(self.world.home + "/store.sock")
        self.assertTrue(stat.S_ISSOCK(mode.st_mode))
        self.assertEqual(stat.S_IMODE(mode.st_mode), 0o600)

    def test_others_are_turned_away(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to be somebody else")
        os.chmod(self.world.home, 0o755)
        os.chmod(self.world.home + "/store.sock", 0o777)
        try:
            code = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(5)\n"
                    "s.connect(sys.argv[1])\n"
                    "try:\n s.sendall(b'\\0\\0\\0\\x11{\"op\":\"status.get\"}')\n sys.exit(0 if s.recv(10)==b'' else 9)\n"
                    "except ConnectionError: sys.exit(0)")
            done = subprocess.run(["python3", "-c", code, self.world.home + "/store.sock"], user=65534, timeout=20)
            self.assertEqual(done.returncode, 0)
        finally:
            os.chmod(self.world.home + "/store.sock", 0o600)
            os.chmod(self.world.home, 0o700)

    def test_one_home_one_role(self):
        done = subprocess.run([PROGRAM, "-x", "store", "--home", self.world.home], timeout=20, capture_output=True)
        self.assertEqual(done.returncode, 75)
        self.assertEqual(self.world.local.call("status.get")["store"]["runs"] >= 1, True)

    def test_slow_and_silent_clients_hold_nobody_up(self):
        lines = [self.world.connect() for _ in range(20)]
        for line in lines[:10]:
            line.raw(struct.pack(">I", 60 << 20) + b'{"op":')
        began = time.monotonic()
        for _ in range(20):
            self.world.local.call("findings.list")
        self.assertLess(time.monotonic() - began, 3)
        for line in lines:
            line.sock.close()

    def test_nonsense_ends_the_connection_only(self):
        for data in (b"\xff\xff\xff\xff", b"\0\0\0\0", struct.pack(">I", (64 << 20) + 1)):
            line = self.world.connect()
            line.raw(data)
            with self.assertRaises((EOFError, ConnectionError)):
                line.read()
            line.sock.close()
        line = self.world.connect()
        for body in (b"{", b"[]", b"7", b'{"op": 7}', b'{"op": "no.such"}', b"\xff\xfe", b'{"op":"findings.list","args":[]}'):
            line.raw(struct.pack(">I", len(body)) + body)
            answer = line.read()
            self.assertIn(answer["error"]["name"], ("invalid", "noent"), body)
        self.assertTrue(line.call("role.hello")["ok"])
        line.sock.close()

    def test_pipelined_requests_are_answered_in_order(self):
        line = self.world.connect()
        data = b""
        for i in range(50):
            body = json.dumps({"id": i, "op": "role.hello"}).encode()
            data += struct.pack(">I", len(body)) + body
        for i in range(0, len(data), 7):
            line.raw(data[i:i + 7])
        self.assertEqual([line.read()["id"] for _ in range(50)], list(range(50)))
        line.sock.close()

    def test_clients_at_the_same_time(self):
        problems = []

        def work(n):
            try:
                line = self.world.connect()
                for i in range(15):
                    org = line.call("organisations.create", parent="root", name=f"o{n}-{i}")["id"]
                    if line.call("organisations.get", id=org)["name"]["en"] != f"o{n}-{i}":
                        problems.append((n, i))
                line.sock.close()
            except Exception as e:  # noqa: BLE001  (shown below)
                problems.append(e)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(problems, [])
        names = {o["name"]["en"] for o in self.world.local.call("organisations.list")["items"]}
        self.assertEqual(len([n for n in names if n.startswith("o")]), 120)

    def test_waiting_for_a_job(self):
        waiter, began = self.world.connect(), time.monotonic()
        self.assertIsNone(waiter.call("jobs.take", wait_ms=300)["job"])
        self.assertGreater(time.monotonic() - began, 0.25)
        found = []
        t = threading.Thread(target=lambda: found.append(waiter.call("jobs.take", wait_ms=20000)["job"]))
        t.start()
        time.sleep(0.2)
        began = time.monotonic()
        run = self.world.local.call("diagnose.request")["run"]
        t.join(10)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(found[0]["id"], run)
        waiter.sock.close()  # dies with the job in its hands: the next one gets it
        end = time.monotonic() + 5
        job = None
        while not job and time.monotonic() < end:
            job = self.world.local.call("jobs.take", wait_ms=200)["job"]
        self.assertEqual(job["id"], run)
        self.world.local.call("jobs.report", id=run, state="done")

    def test_bad_run_documents(self):
        call = self.world.local.call
        good = {"run_id": run_id(), "collected_at": "2026-11-20T03:00:00Z",
                "coverage": [{"module": "packages", "complete": True, "privilege": "root"}],
                "observations": [], "findings": [finding(self.asset, "x")]}
        for change in ({"run_id": ""}, {"run_id": 7}, {"collected_at": "now"}, {"coverage": []}, {"coverage": {}},
                       {"coverage": [{}]}, {"observations": [{}]}, {"observations": [7]},
                       {"findings": [{}]}, {"findings": [{"id": "a", "kind": "b"}]},
                       {"findings": [dict(finding(self.asset, "x"), severity="awful")]},
                       {"observations": [{"module": "packages", "kind": "update", "subject": "a", "at": "never"}]}):
            with self.subTest(change), self.assertRaises(Failed) as e:
                call("runs.put", asset=self.asset, document=dict(good, **change))
            self.assertEqual(e.exception.name, "invalid")
        with self.assertRaises(Failed) as e:
            call("runs.put", asset="nothing", document=good)
        self.assertEqual(e.exception.name, "noent")
        before = call("findings.list")["total"]
        first = call("runs.put", asset=self.asset, document=good)
        again = call("runs.put", asset=self.asset, document=good)
        self.assertEqual((first["known"], again["known"]), (False, True))
        self.assertLessEqual(call("findings.list")["total"], before + 1)
        self.shape(first, "run_result")

    def test_backup_and_check(self):
        self.assertEqual(self.world.local.call("store.check"), {"sound": True, "problems": []})


class Life(Case):
    def test_with_once_it_ends_with_its_last_client(self):
        world = self.world
        world.stop()
        ours, theirs = socket.socketpair()
        role = subprocess.Popen([PROGRAM, "-x", "store", "--home", world.home, "--fd", str(theirs.fileno()), "--once"],
                                pass_fds=[theirs.fileno()])
        theirs.close()
        first = Local(ours)
        first.call("role.hello")
        second = world.connect()
        second.call("role.hello")
        first.sock.close()
        time.sleep(0.3)
        self.assertIsNone(role.poll())
        self.assertTrue(second.call("role.hello")["ok"])
        second.sock.close()
        self.assertEqual(role.wait(10), 0)
        self.assertFalse(os.path.exists(world.home + "/store.sock"))
        world.start()

    def test_state_outlives_the_role(self):
        world = World()
        try:
            world.account("tanaka", ("root", "viewer"))
            world.put("web1", [{"subject": "openssl"}])
            c = world.client("tanaka")
            world.store.kill()
            world.store.wait()
            self.assertEqual(world.httpd.wait(10), 0)  # httpd ends with the store; a supervisor starts both again
            world.local.sock.close()
            world.start()
            self.assertEqual(c.get("findings").json["total"], 1)  # the session too
            self.assertEqual(world.local.call("store.check")["problems"], [])
        finally:
            self.assertEqual(world.close(), [0, 0])
