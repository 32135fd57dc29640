"""A real Hinomi for the tests: the store role and the httpd role of the program under test, on loopback, in a home of
its own. Nothing here stands in for a part of the program; the documents put in are made up."""
import datetime
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HINOMI", str(ROOT / "build" / "hinomi"))
PASSWORD = "correct horse 馬 battery"


# When the made-up runs were: lately, since what was not looked at for seven days has no score.
WHEN = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)).strftime("%Y-%m-%dT03:00:00Z")
LATER = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime("%Y-%m-%dT03:00:00Z")


class Failed(Exception):
    """An answer with an error."""

    def __init__(self, error):
        super().__init__(error["name"] + ": " + error["message"]["en"] + " " + error.get("detail", ""))
        self.name, self.error = error["name"], error


class Local:
    """The role's own socket: u32 length, JSON."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(60)

    def raw(self, data):
        self.sock.sendall(data)

    def read(self):
        head = self.exactly(4)
        return json.loads(self.exactly(struct.unpack(">I", head)[0]))

    def exactly(self, n):
        out = b""
        while len(out) < n:
            part = self.sock.recv(min(n - len(out), 1 << 20))
            if not part:
                raise EOFError("the store role ended")
            out += part
        return out

    def call(self, op, **args):
        body = json.dumps({"op": op, "args": args}).encode()
        self.raw(struct.pack(">I", len(body)) + body)
        answer = self.read()
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["body"] if "body" in answer else answer["text"]


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.data = response.read()

    @property
    def json(self):
        return json.loads(self.data)

    @property
    def error(self):
        return self.json["error"]["name"]


class Client:
    """One browser: cookies and CSRF token kept."""

    def __init__(self, world):
        self.world, self.cookie, self.csrf = world, None, None

    def request(self, method, path, body=None, headers=None, raw=None):
        head = dict(headers or {})
        if self.cookie and "Cookie" not in head:
            head["Cookie"] = self.cookie
        if self.csrf and method not in ("GET", "HEAD") and "X-Hinomi-CSRF" not in head:
            head["X-Hinomi-CSRF"] = self.csrf
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=60)
        try:
            connection.request(method, path if path.startswith("/") else "/api/v1/" + path, data, head)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, {} if body is None and "raw" not in kw else body, **kw)

    def patch(self, path, body, **kw):
        return self.request("PATCH", path, body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)

    def sign_in(self, **body):
        answer = self.post("session", body)
        if answer.status == 200:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
            self.csrf = answer.json["csrf"]
        return answer


class World:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="hinomi-api-")
        os.chmod(self.home, 0o700)
        self.store = self.httpd = self.asker = None
        self.start()

    def start(self):
        ours, theirs = socket.socketpair()
        self.store = subprocess.Popen([PROGRAM, "-x", "store", "--home", self.home, "--fd", str(theirs.fileno())],
                                      pass_fds=[theirs.fileno()])
        theirs.close()
        self.local = Local(ours)
        self.local.call("role.hello")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        line = self.connect()
        line.call("role.http")
        self.httpd = subprocess.Popen(
            ["sh", "-c", f'exec "$0" -x httpd 3<&{listener.fileno()} 4<&{line.sock.fileno()}', PROGRAM],
            pass_fds=[listener.fileno(), line.sock.fileno()])
        listener.close()
        line.sock.close()
        self.asker = subprocess.Popen([PROGRAM, "-x", "ask", "--home", self.home])
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("httpd does not answer")

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(os.path.join(self.home, "store.sock"))
        return Local(s)

    def stop(self):
        for p in (self.httpd, self.store):
            if p and p.poll() is None:
                p.send_signal(signal.SIGTERM)
        codes = [p.wait(20) for p in (self.httpd, self.store) if p]
        if self.asker: # it ends with the store role
            self.asker.wait(20)
        self.local.sock.close()
        return codes

    def close(self):
        try:
            return self.stop()
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    def client(self, user=None):
        c = Client(self)
        if user:
            answer = c.sign_in(user=user, password=PASSWORD)
            assert answer.status == 200, answer.data
        return c

    def account(self, user, *grants):
        return self.local.call("accounts.create", user=user, name=user.title(), password=PASSWORD, lang="ja",
                               grants=[{"org": o, "role": r} for o, r in grants])["id"]

    def put(self, name, findings, org="root", when=WHEN, run=None, complete=True):
        """One run of one host."""
        identity = {"name": name, "os": "Debian GNU/Linux 12 (bookworm)", "names": [name, name + ".example.jp"],
                    "machine_id": name.encode().hex().ljust(32, "0")[:32]}
        asset = self.local.call("assets.resolve", identity=identity, org=org)["asset"]
        rows = [finding(asset, **f) for f in findings]
        document = {"schema": "hinomi-run-1", "run_id": run or run_id(), "collected_at": when, "live": True,
                    "deep": False, "scope": "live", "privilege": "root", "asset": {"id": asset, "names": [name]},
                    "coverage": [{"module": "packages", "scope": "live", "privilege": "root", "ran": True,
                                  "complete": complete, "observations": len(rows), "duration_ms": 12,
                                  "not_seen": [{"what": "/root/secret", "why": "Permission denied"}],
                                  "malformed": [{"path": "/var/lib/dpkg/status", "offset": 17, "why": "no version"}],
                                  "quarantined": []}],
                    "observations": [observation(f) for f in rows], "findings": rows}
        self.local.call("runs.put", asset=asset, document=document, identity=identity)
        return asset


_runs = 0


def run_id():
    global _runs
    _runs += 1
    return f"01TESTRUN{_runs:017d}"


def observation(f):
    return {"module": "packages", "kind": "update", "subject": f["subject"], "at": WHEN,
            "fields": {"installed": "1.0-1", "fixed": "1.0-2", "suite": "bookworm-security"}}


def finding(asset, subject, score=50.0, severity="high", kind="packages.update-pending", cls="vulnerability", days=14,
            cause=None):
    import hashlib
    import math
    digest = hashlib.sha256(f"{asset}\0{kind}\0{subject}\0".encode()).hexdigest()[:32]
    p = -math.log(1 - score / 100) / 4.605
    ref = {"kind": "packages.update", "subject": subject, "at": WHEN}
    return {"id": digest, "kind": kind, "module": "packages", "class": cls, "severity": severity, "confidence": 100,
            "subject": subject, "location": "", "cause": cause or "upgrade:" + subject, "since": "2026-11-01T00:00:00Z",
            "params": {"source": subject, "installed": "1.0-1", "fixed": "1.0-2", "suite": "bookworm-security",
                       "count": "1", "packages": subject},
            "score": score, "prior": -3.0, "p": p, "loss": 1.0,
            "terms": [{"name": "fix-pending", "weight": 0.8, "on": "p", "seen": True, "params": {"days": "19"},
                       "obs": ref},
                      {"name": "kev", "weight": 0, "on": "p", "seen": False, "params": {}, "obs": None}],
            "due_days": days, "due_rule": "bod-26-04:14" if days >= 0 else "severity:low",
            "due_inputs": [{"name": "kev", "value": "unknown", "taken": "no"}],
            "graph": {"nodes": [{"type": "package", "label": subject, "obs": ref},
                                {"type": "process", "label": "nginx (812)", "obs": None}],
                      "edges": [{"from": 0, "to": 1, "how": "maps"}]},
            "evidence": [{"role": "update", "obs": {"module": "packages", "kind": "update", "subject": subject,
                                                    "at": WHEN, "fields": {}}}],
            "fix": {"kind": "upgrade", "target": subject, "value": "1.0-2"}}


def read_some(sock, seconds, until):
    """Reads until the bytes `until` are there, or the time is over."""
    out, end = b"", time.monotonic() + seconds
    while until not in out and time.monotonic() < end:
        if select.select([sock], [], [], 0.2)[0]:
            part = sock.recv(65536)
            if not part:
                break
            out += part
    return out
