import json
import socket
import time

from case import Case
from world import read_some


class Hostile(Case):
    """What no browser sends. The role answers something sensible or hangs up; afterwards it is as well as before."""

    @classmethod
    def fill(cls, world):
        world.account("tanaka", ("root", "admin"))
        world.put("web1", [{"subject": "openssl"}])
        cls.client = world.client("tanaka")

    def tearDown(self):
        self.assertIsNone(self.world.httpd.poll(), "httpd died")
        self.assertIsNone(self.world.store.poll(), "the store role died")
        self.assertEqual(self.client.get("status").status, 200)

    def raw(self, data, seconds=10):
        with socket.create_connection(("127.0.0.1", self.world.port), 10) as s:
            try:
                s.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                return read_some(s, seconds, b"\r\n\r\n")
            except ConnectionResetError:
                return b""

    def status(self, data):
        answer = self.raw(data)
        return int(answer.split()[1]) if answer.startswith(b"HTTP/") else None

    def test_huge_headers(self):
        head = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n"
        self.assertIn(self.status(head + b"X: " + b"a" * 300000 + b"\r\n\r\n"), (431, 400, None))
        self.assertIn(self.status(head + b"X: y\r\n" * 60000 + b"\r\n"), (431, 400, None))
        self.assertIn(self.status(b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"), (414, 431, None))
        self.assertEqual(self.status(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"), 414)

    def test_not_http(self):
        for data in (b"\0" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 300, b"GET\r\n\r\n",
                     b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"\r\n" * 500,
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
                     b"GET / HTTP/1.1\r\n\r\n"):
            answer = self.raw(data, 1)
            if answer.startswith(b"HTTP/"):
                self.assertIn(int(answer.split()[1]), range(400, 506), (data[:40], answer[:80]))

    def test_bad_json(self):
        for body in (b"{", b"", b"[]", b"7", b"null", b'"x"', b'{"user": }', b'{"user": "a"} x', b'{"user": "\xff\xfe"}',
                     b'{"user": "\\ud800"}', b"[" * 100000, b'{"a":' * 5000, b'{"user": 1e999}', b"\xef\xbb\xbf{}",
                     b'{"user": "a\x00b"}', b'{"user": "a", "user": "b", "password": 7}', b"{'user': 'a'}"):
            answer = self.client.post("session", raw=body, headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 401), (body[:30], answer.data))
            self.shape(answer.json, "error")

    def test_wrong_content_type(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonx"):
            answer = self.client.post("session", raw=b'{"user": "a", "password": "b"}', headers={"Content-Type": kind})
            self.refused(answer, 415, "invalid")

    def test_large_bodies(self):
        answer = self.client.post("session", raw=b'{"user": "' + b"a" * (1 << 20) + b'"}',
                                  headers={"Content-Type": "application/json"})
        self.refused(answer, 413, "limit")
        answer = self.client.post("session", raw=b'{"user": "' + b"a" * ((1 << 20) - 20) + b'"}',
                                  headers={"Content-Type": "application/json"})
        self.refused(answer, 400, "invalid")
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        head = (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")
        self.assertIn(self.status(head + chunk * 40 + b"0\r\n\r\n"), (413, None))

    def test_many_members_and_parameters(self):
        body = json.dumps({f"k{i}": i for i in range(5000)}).encode()
        answer = self.client.post("session", raw=body, headers={"Content-Type": "application/json"})
        self.refused(answer, 400, "invalid")
        self.refused(self.client.get("findings?" + "&".join(f"a{i}=1" for i in range(500))), 400, "invalid")

    def test_paths(self):
        for path in ("/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../../etc/passwd", "//etc/passwd",
                     "/assets/%2e%2e%2fetc%2fpasswd", "/\\..\\etc", "/%00", "/assets/%c0%af", "/.git/config",
                     "/api/v1/../../etc/passwd", "/index.html%00.js", "/api", "/api/v1", "/api/v2/status"):
            answer = self.client.get(path)
            self.assertNotIn(b"root:", answer.data)
            self.assertIn(answer.status, (200, 400, 404), path)
            if answer.status == 200:  # the console, whose views are paths
                self.assertTrue(answer.headers["Content-Type"].startswith("text/html"), path)
                self.assertFalse(path.startswith("/api"), path)

    def test_hostile_values(self):
        for value in ("%00", "%ff%fe", "%", "%4", "%zz", "a%00b", "%c0%80", "%ed%a0%80"):
            self.refused(self.client.get("findings?q=" + value), 400, "invalid")
            answer = self.client.get("findings/" + value)
            self.assertEqual(answer.status, 404, value)
        for value in ("' OR 1=1 --", "%", "_", "*", "\"", "\\", ";", "<script>", "𠮷野家", "a" * 256, "(((", "NEAR(",
                      "🔥" * 60, "\u202e"):
            from urllib.parse import quote
            answer = self.client.get("findings?q=" + quote(value))
            self.assertEqual(answer.status, 200, value)
            if any(ch.isalnum() for ch in value):  # without a word there is nothing to look for
                self.assertEqual(answer.json["items"], [], value)
            answer = self.client.get("findings/" + quote(value, safe=""))
            self.assertIn((answer.status, answer.error), ((404, "noent"), (400, "invalid")), value)
        self.refused(self.client.get("findings?q=" + "a" * 257), 400, "invalid")
        for number in ("99999999999999999999", "-1", "1e3", "0x10", "", " 5"):
            answer = self.client.get("findings?limit=" + number.replace(" ", "%20"))
            self.assertEqual(answer.status, 200 if number == "" else 400, number)

    def test_text_comes_back_as_it_was(self):
        finding = self.client.get("findings").json["items"][0]["id"]
        text = "<img src=x onerror=alert(1)> \"'&\\ 漢字🔥 \u202e \u0007\n =1+1"
        self.valid(self.client.post(f"findings/{finding}/comments", {"text": text}), "comment")
        answer = self.client.get("findings/" + finding)
        self.assertEqual(answer.json["comments"][-1]["text"], text)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer.headers["Content-Type"], "application/json")

    def test_cookies(self):
        right = self.client.cookie.split("=")[1]
        for cookie in ("hinomi_session=", "hinomi_session=" + right[:-1], "hinomi_session=" + right + "0",
                       "hinomi_session=" + "z" * 64, "hinomi_session=" + "0" * 64, "hinomi_sessio=" + right,
                       "HINOMI_SESSION=" + right, "x" * 8000, "hinomi_session='" + right + "'"):
            self.refused(self.client.get("status", headers={"Cookie": cookie}), 401, "auth")
        answer = self.client.get("status", headers={"Cookie": "a=b; hinomi_session=" + right + "; c=d"})
        self.assertEqual(answer.status, 200)

    def test_slow_clients_hold_nobody_up(self):
        slow = [socket.create_connection(("127.0.0.1", self.world.port), 10) for _ in range(50)]
        for s in slow:
            s.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: loc")
        began = time.monotonic()
        for _ in range(10):
            self.assertEqual(self.client.get("status").status, 200)
        self.assertLess(time.monotonic() - began, 3)
        for s in slow:
            s.close()

    def test_clients_that_go_away(self):
        line = f"GET /api/v1/now HTTP/1.1\r\nHost: localhost\r\nCookie: {self.client.cookie}\r\n\r\n".encode()
        for cut in list(range(1, len(line), 23)) + [len(line)] * 40:
            s = socket.create_connection(("127.0.0.1", self.world.port), 10)
            s.sendall(line[:cut])
            s.close()
        self.assertEqual(self.client.get("now").status, 200)

    def test_keep_alive_and_pipelines(self):
        one = f"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nCookie: {self.client.cookie}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.world.port), 10) as s:
            s.sendall(one * 5)
            data = b""
            while data.count(b"HTTP/1.1 200 OK") < 5:
                part = s.recv(65536)
                self.assertTrue(part, data[-200:])
                data += part

    def test_headers_of_every_answer(self):
        for path in ("/", "/api/v1/status", "/api/v1/nothing", "/nothing.js", "/api/v1/findings?format=csv"):
            answer = self.client.get(path)
            csp = answer.headers["Content-Security-Policy"]
            for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
                         "connect-src 'self'", "font-src 'self'", "base-uri 'none'", "form-action 'self'",
                         "frame-ancestors 'none'"):
                self.assertIn(part, csp)
            self.assertNotIn("unsafe", csp)
            self.assertNotIn("*", csp)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["Referrer-Policy"], "same-origin")
            self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
            if path.startswith("/api"):
                self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_console_files(self):
        answer = self.client.get("/")
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
        self.assertIn(b"Hinomi", answer.data)
        self.assertEqual(self.client.get("/findings/some/view").data, answer.data)
        self.refused(self.client.get("/assets/none-0000.js"), 404, "noent")
        self.refused(self.client.request("POST", "/"), 405, "invalid")
        self.assertEqual(self.client.request("HEAD", "/").data, b"")
        import re
        for name in re.findall(rb'(?:src|href)="(/assets/[^"]+)"', answer.data):
            asset = self.client.get(name.decode())
            self.assertEqual(asset.status, 200, name)
            self.assertIn("immutable", asset.headers["Cache-Control"])
            kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[name.decode().rsplit(".", 1)[1]]
            self.assertTrue(asset.headers["Content-Type"].startswith(kind))
            again = self.client.get(name.decode(), headers={"If-None-Match": asset.headers["ETag"]})
            self.assertEqual((again.status, again.data), (304, b""))
