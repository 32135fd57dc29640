import json
import socket
import time

from case import Case
from world import read_some


class Stream:
    """A listener: raw socket, chunked encoding taken off."""

    def __init__(self, client, last=None, query=""):
        self.sock = socket.create_connection(("127.0.0.1", client.world.port), 10)
        head = f"GET /api/v1/events{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {client.cookie}\r\n"
        if last is not None:
            head += f"Last-Event-ID: {last}\r\n"
        self.sock.sendall((head + "\r\n").encode())
        self.data = b""
        raw = read_some(self.sock, 10, b"\r\n\r\n")
        if b"200 OK" in raw:
            raw += read_some(self.sock, 10, b"retry: 3000") if b"retry: 3000" not in raw else b""
        self.head, _, self.raw = raw.partition(b"\r\n\r\n")

    def text(self):
        out, rest = b"", self.raw
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            n = int(size, 16)
            if len(rest) < n:
                break
            out, rest = out + rest[:n], rest[n + 2:]
        return out.decode()

    def until(self, word, seconds=10):
        end = time.monotonic() + seconds
        while word not in self.text() and time.monotonic() < end:
            self.raw += read_some(self.sock, 0.3, b"\n\n")
        return self.events()

    def events(self):
        out = []
        for block in self.text().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
            if "event" in fields:
                out.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
        return out

    def close(self):
        self.sock.close()


class Events(Case):
    @classmethod
    def fill(cls, world):
        cls.firm = world.local.call("organisations.create", parent="root", name="firm")["id"]
        world.account("tanaka", ("root", "operator"))
        world.account("firm", (cls.firm, "viewer"))
        cls.tanaka, cls.firm_client = world.client("tanaka"), world.client("firm")

    def listen(self, client, **kw):
        """Places of listeners that went away are given back when there is something to say to them."""
        end = time.monotonic() + 20
        while True:
            s = Stream(client, **kw)
            self.addCleanup(s.close)
            if b" 503 " not in s.head or time.monotonic() > end:
                return s
            self.world.local.call("watch.set", on=True)
            time.sleep(0.1)

    def test_news_arrives_at_once(self):
        s = self.listen(self.tanaka)
        self.assertIn(b"200 OK", s.head)
        self.assertIn(b"text/event-stream", s.head)
        self.assertIn(b"no-store", s.head)
        self.assertEqual(s.events(), [])
        began = time.monotonic()
        asset = self.world.put("one", [{"subject": "openssl"}])
        finding = self.tanaka.get("findings?asset=" + asset).json["items"][0]["id"]
        events = s.until(finding)
        self.assertLess(time.monotonic() - began, 3)
        self.assertTrue([e for e in events if e[1] == "finding" and e[2]["id"] == finding
                         and e[2]["what"] == "appeared"], events)
        self.shape(self.world.local.call("events.get", after=0), "events")
        ids = [e[0] for e in events]
        self.assertEqual(ids, sorted(set(ids)))

    def test_a_listener_hears_only_what_it_may_see(self):
        theirs, ours = self.listen(self.firm_client), self.listen(self.tanaka)
        hidden = self.world.put("hidden", [{"subject": "secret"}])
        seen = self.world.put("seen", [{"subject": "visible"}], org=self.firm)
        of = {a: self.tanaka.get("findings?asset=" + a).json["items"][0]["id"] for a in (hidden, seen)}
        events = theirs.until(of[seen])
        self.assertIn(of[seen], [e[2]["id"] for e in events])
        self.assertNotIn(of[hidden], theirs.text())
        self.assertNotIn(hidden, theirs.text())
        self.assertLessEqual(set(of.values()), {e[2]["id"] for e in ours.until(of[seen])})

    def test_nothing_is_lost_between_two_connections(self):
        first = self.listen(self.tanaka)
        asset = self.world.put("two", [{"subject": "a"}])
        finding = self.tanaka.get("findings?asset=" + asset).json["items"][0]["id"]
        last = first.until(finding)[-1][0]
        first.close()
        asset = self.world.put("three", [{"subject": "b"}, {"subject": "c"}])
        missed = {f["id"] for f in self.tanaka.get("findings?asset=" + asset).json["items"]}
        again = self.listen(self.tanaka, last=last)
        for f in missed:
            again.until(f)
        self.assertLessEqual(missed, {e[2]["id"] for e in again.events()})
        self.assertGreater(min(e[0] for e in again.events()), last)
        self.assertNotIn(finding, again.text())

    def test_many_listeners_and_idle_ones_cost_nothing(self):
        streams = [self.listen(self.tanaka) for _ in range(20)]
        time.sleep(0.3)
        before = self.ticks()
        time.sleep(1)
        self.assertLess(self.ticks() - before, 20, "hundredths of a second of processor time, idle")
        asset = self.world.put("four", [{"subject": "d"}])
        finding = self.tanaka.get("findings?asset=" + asset).json["items"][0]["id"]
        for s in streams:
            self.assertIn(finding, [e[2]["id"] for e in s.until(finding)])
            s.close()
        self.assertEqual(self.tanaka.get("status").status, 200)

    def ticks(self):
        total = 0
        for p in (self.world.httpd, self.world.store):
            with open(f"/proc/{p.pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total

    def test_a_session_that_ends_ends_its_stream(self):
        c = self.world.client("tanaka")
        s = self.listen(c)
        c.delete("session")
        self.world.put("five", [{"subject": "e"}])
        end = time.monotonic() + 10
        while time.monotonic() < end:
            part = s.sock.recv(4096)
            if not part or part.endswith(b"0\r\n\r\n"):
                break
            self.assertNotIn(b"event: finding", part)
        else:
            self.fail("the stream goes on")

    def test_listeners_are_limited_and_the_newest_of_a_session_wins(self):
        streams = [Stream(self.tanaka) for _ in range(100)]
        for s in streams:
            self.addCleanup(s.close)
            self.assertIn(b"200 OK", s.head)
        alive = [self.still_open(s) for s in streams]
        self.assertTrue(40 <= sum(alive) <= 64, sum(alive))  # fewer: listeners of other tests just gone
        self.assertTrue(alive[-1])
        self.assertFalse(alive[0], "the oldest gave way")
        self.assertEqual(self.tanaka.get("status").status, 200)
        for s in streams:
            s.close()

    def test_a_session_that_fills_the_table_leaves_room_for_another(self):
        """A browser that went from page to page holds every place for a while; whoever signs in then is still heard."""
        streams = [Stream(self.tanaka) for _ in range(70)]
        other = Stream(self.firm_client)
        for s in streams + [other]:
            self.addCleanup(s.close)
        self.assertIn(b"200 OK", other.head)
        more = [Stream(self.tanaka) for _ in range(5)]
        for s in more:
            self.addCleanup(s.close)
            self.assertIn(b"200 OK", s.head)
        self.assertTrue(self.still_open(other), "one place of one's own is not taken by others")

    def still_open(self, stream):
        """False when the server has ended the stream; what it sent before is read and dropped."""
        stream.sock.settimeout(0.05)
        try:
            while True:
                part = stream.sock.recv(65536)
                if not part or part.endswith(b"0\r\n\r\n"):
                    return False
        except TimeoutError:
            return True
        except ConnectionError:
            return False

