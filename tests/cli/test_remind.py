#!/usr/bin/env python3
"""Reminders against a real SMTP server and a real HTTP server on loopback."""
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import pathlib
import socket
import socketserver
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from hinomi import World  # noqa: E402


class Smtp(socketserver.ThreadingTCPServer):
    """RFC 5321 as far as a client without extensions needs it: a server that really listens, reads and keeps."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        self.messages = []
        super().__init__(("127.0.0.1", 0), SmtpHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class SmtpHandler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        sender, recipients = None, []
        self.say("220 test ESMTP")
        while True:
            line = self.rfile.readline(2000)
            if not line:
                return
            word = line.decode("ascii", "replace").strip()
            verb = word.split(" ")[0].split(":")[0].upper()
            if verb in ("EHLO", "HELO"):
                self.say("250 test")
            elif verb == "MAIL":
                sender = word
                self.say("250 ok")
            elif verb == "RCPT":
                recipients.append(word)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += self.rfile.readline(2000)
                self.server.messages.append((sender, recipients, data[:-5]))
                self.say("250 kept")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("502 no")


class Hook(http.server.ThreadingHTTPServer):
    def __init__(self):
        self.calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.calls.append((dict(handler.headers), body))
                handler.send_response(204)
                handler.end_headers()

            def log_message(handler, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Reminders(unittest.TestCase):
    def setUp(self):
        self.w = World()
        self.addCleanup(self.w.close)
        self.w.run("diagnose", "--root", self.w.root("neglected"), "--quiet")
        items = self.w.run("findings", "--json", "--kind", "accounts.empty-password").json["items"]
        self.action = self.w.run("actions", "create", items[0]["id"], "--due", "2020-01-01", "--json").json

    def configure(self, **keys):
        secret = self.w.dir / "secret"
        secret.write_text("shared secret\n")
        secret.chmod(0o600)
        path = self.w.dir / "hinomi.yaml"
        path.write_text(json.dumps(dict({"language": "ja"}, **keys)))
        return path

    def test_mail_and_webhook_once(self):
        smtp, hook = Smtp(), Hook()
        config = self.configure(
            mail={"url": f"smtp://127.0.0.1:{smtp.server_address[1]}", "from": "hinomi@example.invalid",
                  "to": ["kanri@example.invalid"], "starttls": False},
            webhook={"urls": [f"http://127.0.0.1:{hook.server_address[1]}/x"], "secret_file": str(self.w.dir / "secret")})
        r = self.w.run("-x", "remind", "--config", config, "--home", self.w.home, env={"HINOMI_LANG": "ja"})
        self.assertEqual(r.code, 0, r.errors)
        self.assertEqual(len(smtp.messages), 1)
        sender, recipients, data = smtp.messages[0]
        self.assertIn("<hinomi@example.invalid>", sender)
        self.assertEqual(len(recipients), 1)
        m = email.message_from_bytes(data, policy=email.policy.default)
        self.assertIn("期限", m["Subject"])
        self.assertIn(self.action["id"], m.get_content())
        headers, body = hook.calls[0]
        self.assertEqual(json.loads(body)["action"]["id"], self.action["id"])
        expected = hmac.new(b"shared secret", body, hashlib.sha256).hexdigest()
        self.assertEqual(headers["X-Hinomi-Signature"], f"sha256={expected}")
        self.w.run("-x", "remind", "--config", config, "--home", self.w.home)
        self.assertEqual((len(smtp.messages), len(hook.calls)), (1, 1), "reminded twice within a day")

    def test_a_server_that_is_away_is_said_and_the_secret_is_not(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        config = self.configure(webhook={"urls": [f"http://127.0.0.1:{port}/"],
                                         "secret_file": str(self.w.dir / "secret")})
        r = self.w.run("-x", "remind", "--config", config, "--home", self.w.home)
        self.assertEqual(r.code, 3)
        self.assertIn("not delivered", r.errors)
        self.assertNotIn("shared secret", r.errors)

    def test_a_webhook_in_clear_text_to_elsewhere_is_refused(self):
        config = self.configure(webhook={"urls": ["http://hooks.example.invalid/"]})
        r = self.w.run("-x", "remind", "--config", config, "--home", self.w.home)
        self.assertNotEqual(r.code, 0)


class News(unittest.TestCase):
    def setUp(self):
        self.w = World()
        self.addCleanup(self.w.close)
        self.smtp, self.hook = Smtp(), Hook()
        self.path = self.w.dir / "news.yaml"
        self.path.write_text(json.dumps({
            "mail": {"url": f"smtp://127.0.0.1:{self.smtp.server_address[1]}", "from": "hinomi@example.invalid",
                     "to": ["kanri@example.invalid"], "starttls": False},
            "webhook": {"urls": [f"http://127.0.0.1:{self.hook.server_address[1]}/x"]},
            "notify": {"severity": "medium"}}))

    def remind(self, *args):
        return self.w.run("-x", "remind", "--config", self.path, "--home", self.w.home, *args)

    def diagnose(self):
        self.w.run("diagnose", "--root", self.w.root("neglected"), "--quiet")

    def test_the_first_time_only_remembers_when_it_was(self):
        self.diagnose()
        self.assertEqual(self.remind().code, 0)
        self.assertEqual((self.smtp.messages, self.hook.calls), ([], []))

    def test_what_is_new_and_severe_enough_is_told_once(self):
        self.remind()
        self.diagnose()
        r = self.remind("--lang", "ja")
        self.assertEqual(r.code, 0, r.errors)
        self.assertEqual((len(self.smtp.messages), len(self.hook.calls)), (1, 1))
        document = json.loads(self.hook.calls[0][1])
        self.assertEqual(document["event"], "findings.new")
        self.assertTrue({f["severity"] for f in document["findings"]} <= {"medium", "high", "critical"})
        m = email.message_from_bytes(self.smtp.messages[0][2], policy=email.policy.default)
        self.assertEqual(m["Subject"], f"[Hinomi] 新しい検出事項 {document['count']}件")
        self.assertEqual(len(m.get_content().splitlines()), min(document["count"], 50))
        self.remind()
        self.assertEqual((len(self.smtp.messages), len(self.hook.calls)), (1, 1))

    def test_what_could_not_be_sent_is_sent_the_next_time(self):
        self.remind()
        self.diagnose()
        good = self.path.read_text()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.path.write_text(good.replace(str(self.smtp.server_address[1]), str(s.getsockname()[1])))
            self.assertEqual(self.remind().code, 3)
        self.assertEqual(self.smtp.messages, [])
        self.path.write_text(good)
        self.assertEqual(self.remind().code, 0)
        self.assertEqual(len(self.smtp.messages), 1)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
