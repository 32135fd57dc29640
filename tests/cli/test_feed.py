#!/usr/bin/env python3
"""hinomi feed: fetching from a real HTTP server on loopback, and what becomes of it."""
import csv
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import signal
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import hinomi  # noqa: E402


def osv(name, package="thing", modified="2026-11-20T00:00:00Z", fixed="2.0.0", ecosystem="PyPI", **more):
    return {"id": name, "modified": modified, "summary": f"about {name}", "affected": [
        {"package": {"ecosystem": ecosystem, "name": package},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}], **more}


def zipped(records):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for r in records:
            z.writestr(zipfile.ZipInfo(r["id"] + ".json", (2026, 11, 20, 0, 0, 0)), json.dumps(r))
    return out.getvalue()


def csaf(name, cve, modified="2026-11-20T00:00:00Z"):
    return json.dumps({
        "document": {"csaf_version": "2.0", "category": "csaf_vex", "title": name, "publisher": {"name": "Made up"},
                     "tracking": {"id": name, "status": "final", "initial_release_date": modified, "current_release_date": modified}},
        "product_tree": {"full_product_names": [{"product_id": "P", "name": "P", "product_identification_helper": {"purl": "pkg:pypi/p@1"}}]},
        "vulnerabilities": [{"cve": cve, "product_status": {"known_affected": ["P"]}}]}).encode()


class Server:
    """Files by path. A file may be cut after some bytes, be slow, or be a function of the handler."""

    def __init__(self, certificate=None):
        self.files, self.cut, self.asked, self.slow = {}, {}, [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                try:
                    outer.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    pass

        class Threads(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass  # of a client that went away

        self.http = Threads(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.scheme = "https"
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def paths(self):
        return [p for p, _ in self.asked]

    def answer(self, h):
        body = self.files.get(h.path)
        if callable(body):
            return body(h)
        if body is None:
            return self.send(h, 404, b"no such thing")
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        head = {"ETag": tag, "Last-Modified": "Fri, 20 Nov 2026 00:00:00 GMT"}
        if h.headers.get("If-None-Match") == tag:
            return self.send(h, 304, b"", head)
        wanted = h.headers.get("Range")
        if wanted and h.headers.get("If-Range", tag) == tag:
            start = int(wanted.split("=")[1].split("-")[0])
            if start >= len(body):
                return self.send(h, 416, b"", head)
            head["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self.send(h, 206, body[start:], head)
        self.send(h, 200, body, head)

    def send(self, h, status, body, head=None):
        h.send_response(status)
        for k, v in (head or {}).items():
            h.send_header(k, v)
        if status != 304:
            h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        cut = self.cut.pop(h.path, None) if status == 200 else None
        for at in range(0, len(body) if cut is None else cut, 65536):
            h.wfile.write(body[at:min(at + 65536, len(body) if cut is None else cut)])
            if h.path in self.slow:
                h.wfile.flush()
                time.sleep(self.slow[h.path])
        if cut is not None:
            h.wfile.flush()
            h.close_connection = True
            h.connection.close()


def redirect(to):
    def answer(h):
        h.send_response(302)
        h.send_header("Location", to)
        h.send_header("Content-Length", "0")
        h.end_headers()
    return answer


class Case(unittest.TestCase):
    def setUp(self):
        self.world = hinomi.World()
        self.addCleanup(self.world.close)
        self.server = Server()
        self.addCleanup(self.server.close)

    def feed(self, *args, code=0, env=None):
        done = self.world.run("feed", *args, env=env)
        self.assertEqual(done.code, code, done.errors)
        return done

    def listed(self):
        return {f["name"]: f for f in self.feed("list", "--json").json}

    def folder(self, *parts):
        return pathlib.Path(self.world.home).joinpath("fetch", *parts)


class Files(Case):
    def test_data_without_a_date_is_called_so(self):
        path = self.world.dir / "undated.json"
        path.write_text(json.dumps({k: v for k, v in osv("A-1").items() if k not in ("modified", "published")}))
        os.utime(path, (0, 0))
        self.assertIn("neither they nor their file tell a date", self.feed("add", "--name", "u", path).text)
        self.assertIn("日付がなく", self.feed("add", "--name", "u", path, "--lang", "ja").text)
        self.assertIsNone(self.listed()["u"]["date"])
        os.utime(path, (1000000000, 1000000000))
        self.assertIn("as of 2001-09-09", self.feed("add", "--name", "u", path).text)

    def test_what_did_not_change_is_not_sent_again(self):
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        done = self.feed("add", "--name", "a", "--licence", "CC0", self.server.url("/a.zip"))
        self.assertIn("records, as of", done.text)
        row = self.listed()["a"]
        self.assertEqual((row["records"], row["licence"], row["source"]), (1, "CC0", self.server.url("/a.zip")))
        self.assertEqual(row["sha256"], hashlib.sha256(self.server.files["/a.zip"]).hexdigest())
        self.assertIn("nothing new", self.feed("update").text)
        self.assertIn("If-None-Match", self.server.asked[-1][1])
        self.server.files["/a.zip"] = zipped([osv("A-1"), osv("A-2")])
        self.assertIn("records, as of", self.feed("update", "a").text)
        self.assertEqual(self.listed()["a"]["records"], 2)
        self.assertEqual(json.loads(self.feed("update", "--json").text), {"name": "a", "changed": False})
        self.server.files["/a.zip"] = zipped([osv("A-1"), osv("A-2"), osv("A-3")])
        self.assertEqual(json.loads(self.feed("update", "--json").text)["records"], 3)
        source = self.feed("sources", "--json").json[0]
        self.assertEqual((source["name"], source["kind"], source["error"], source["dirty"]), ("a", "file", "", False))

    def test_a_document_is_matched_as_it_is_taken_in(self):
        file = self.world.dir / "app.cdx.json"
        file.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
            {"type": "library", "name": "thing", "version": "1.0", "purl": "pkg:pypi/thing@1.0"}]}))
        done = self.world.run("sbom", "ingest", file, "--product", "App", "--version", "1", "--lang", "en")
        self.assertEqual(done.code, 0)
        self.assertIn("not matched: there is no advisory index yet", done.errors)
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        self.feed("add", self.server.url("/a.zip"), "--name", "osv")
        done = self.world.run("sbom", "ingest", file, "--product", "App", "--version", "2", "--lang", "en")
        self.assertEqual(done.code, 0)
        self.assertIn("1 components taken in, 0 of them new", done.text)
        self.assertIn("1 matches (1 new", done.text)
        products = self.world.run("software", "products", "--json").json["items"]
        for listed in ("products", "suppliers", "upgrades"):  # no list of exploited ones: nobody can say
            self.assertEqual([(r["kev"], r["kev_unknown"]) for r in self.world.run("software", listed, "--json").json["items"]], [(0, 1)], listed)
        self.assertEqual([p["p_any"] for p in products], [None])  # no EPSS: how likely is not known, which is not nought
        # Products go by their names; each table of the reach has its own columns.
        asset = self.world.run("assets", "--json").json["items"]
        self.assertEqual(asset, [])
        self.assertEqual(self.world.run("software", "deploy", "App", "2", "--service", "pay", "--customers", '["Mr Sato"]').code, 0)
        told = self.world.run("sbom", "reach", "A-1", "--rows", "deployments", "--lang", "en").text
        self.assertIn("deployments: 1, services: 1, to be told: 1", told)
        self.assertRegex(told, r"App +2 +pay .*Mr Sato")
        self.assertEqual(self.world.run("software", "vulnerabilities", "--product", "App", "--json").json["total"], 1)
        missing = self.world.run("software", "product", "Ap", "--lang", "en")
        self.assertTrue(missing.code == 3 and "No product is called Ap" in missing.errors, missing.errors)
        self.assertEqual(self.world.run("software", "vulnerabilities", "--json").json["items"][0]["id"], "A-1")
        self.assertEqual(self.world.run("sbom", "say", "A-1", "not_affected", "--product", "App", "--justification", "component_not_present").code, 0)

    def test_a_cut_download_is_gone_on_with(self):
        whole = zipped([osv(f"A-{i}", details="x" * 3000 + str(i) * 50) for i in range(3000)])
        self.assertGreater(len(whole), 200000)
        self.server.files["/a.zip"] = whole
        self.server.cut["/a.zip"] = 150000
        self.feed("add", "--name", "a", self.server.url("/a.zip"), code=3)
        self.assertEqual(self.feed("list", "--json").json, [])
        self.feed("add", "--name", "a", self.server.url("/a.zip"))
        path, head = self.server.asked[-1]
        self.assertTrue(head["Range"].startswith("bytes=") and head["Range"] != "bytes=0-", head)
        self.assertEqual(self.listed()["a"]["records"], 3000)

    def test_a_part_of_another_file_is_thrown_away(self):
        self.server.files["/a.zip"] = zipped([osv(f"A-{i}", details=os.urandom(3000).hex()) for i in range(100)])
        self.server.cut["/a.zip"] = 150000
        self.feed("add", "--name", "a", self.server.url("/a.zip"), code=3)
        self.server.files["/a.zip"] = zipped([osv("B-1")])
        self.feed("add", "--name", "a", self.server.url("/a.zip"))
        self.assertEqual(self.listed()["a"]["records"], 1)
        self.assertFalse(self.folder("a", "part").exists())

    def test_a_wrong_sum_leaves_the_old_data(self):
        good = zipped([osv("A-1")])
        self.server.files["/a.zip"] = good
        self.feed("add", "--name", "a", "--hash", self.server.url("/a.zip"), code=3)  # there is none
        self.server.files["/a.zip.sha256"] = (hashlib.sha256(good).hexdigest() + "  a.zip\n").encode()
        self.feed("add", "--name", "a", "--hash", self.server.url("/a.zip"))
        self.server.files["/a.zip"] = zipped([osv("A-1"), osv("A-2")])
        done = self.feed("update", code=3)
        self.assertIn("checksum is wrong", done.errors)
        self.assertEqual(self.listed()["a"]["records"], 1)
        self.assertIn("checksum", self.feed("sources", "--json").json[0]["error"])

    def test_too_large_and_too_slow(self):
        self.server.files["/a.zip"] = zipped([osv(f"A-{i}", details=os.urandom(3000).hex()) for i in range(100)])
        self.assertIn("larger than", self.feed("add", "--name", "a", "--max", "100000", self.server.url("/a.zip"), code=3).errors)
        self.server.slow["/a.zip"] = 30
        began = time.monotonic()
        self.assertIn("too slow", self.feed("add", "--name", "b", "--stall", "2", self.server.url("/a.zip"), code=3).errors)
        self.assertLess(time.monotonic() - began, 20)

    def test_redirects_stay_where_they_may(self):
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        self.server.files["/here"] = redirect("/a.zip")
        self.feed("add", "--name", "a", self.server.url("/here"))
        for name, to, why in (("scheme", "https://127.0.0.1:1/x", "another scheme"), ("file", "file:///etc/passwd", "not an address"),
                              ("loopback", f"http://localhost:{self.server.port}/a.zip", "not public"),
                              ("private", "http://10.1.2.3/a.zip", "http is not fetched"), ("loop", "/loop", "redirects")):
            self.server.files["/" + name] = redirect(to)
            done = self.feed("add", "--name", name, self.server.url("/" + name), code=3)
            self.assertIn(why, done.errors, name)
        self.assertEqual(list(self.listed()), ["a"])

    def test_only_https_beyond_this_machine(self):
        for url in ("http://feeds.example.invalid/a.zip", "https://user:secret@127.0.0.1/a", "https://a b/", "https://127.0.0.1:0/"):
            self.feed("add", "--name", "a", url, code=2)
        self.assertIn("answered 404", self.feed("add", "--name", "a", self.server.url("/none"), code=3).errors)
        for name in ("../x", ".x", "a/b", "", "lock"):
            self.feed("add", "--name", name, self.server.url("/none"), code=2)

    def test_nonsense_leaves_the_index(self):
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        self.feed("add", "--name", "a", self.server.url("/a.zip"))
        self.server.files["/a.zip"] = b"<html>sorry</html>"
        self.feed("update", code=3)
        self.assertEqual(self.listed()["a"]["records"], 1)
        self.server.files["/a.zip"] = zipped([osv("A-1"), osv("A-2")])
        self.feed("update")
        self.assertEqual(self.listed()["a"]["records"], 2)

    def test_remove_takes_the_source_too(self):
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        self.feed("add", "--name", "a", self.server.url("/a.zip"))
        self.feed("remove", "a")
        self.assertEqual((self.feed("list", "--json").json, self.feed("sources", "--json").json), ([], []))
        self.assertFalse(self.folder("a").exists())
        self.feed("remove", "a", code=3)

    def test_several_addresses_are_one_feed(self):
        self.server.files["/1.json"] = json.dumps(osv("A-1")).encode()
        self.server.files["/2.csv.gz?x=1"] = gzip.compress(b"cve,epss,percentile\nCVE-2024-0001,0.5,0.9\n")
        self.feed("add", "--name", "a", self.server.url("/1.json"), self.server.url("/2.csv.gz?x=1"))
        self.assertEqual(self.listed()["a"]["records"], 2)

    def test_killed_at_any_time_the_old_index_is_in_force(self):
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        self.feed("add", "--name", "a", self.server.url("/a.zip"))
        self.server.files["/a.zip"] = zipped([osv(f"A-{i}", details=os.urandom(600).hex()) for i in range(2000)])
        self.server.slow["/a.zip"] = 0.005
        for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
            p = subprocess.Popen([hinomi.PROGRAM, "feed", "update"], env=self.world.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            p.send_signal(signal.SIGKILL)
            p.wait()
            self.feed("verify")
            self.assertIn(self.listed()["a"]["records"], (1, 2000))
        self.feed("update")
        self.assertEqual(self.listed()["a"]["records"], 2000)

    def test_two_updates_do_not_meet(self):
        self.server.files["/a.zip"] = zipped([osv(f"A-{i}", details=os.urandom(600).hex()) for i in range(1000)])
        self.server.slow["/a.zip"] = 0.1
        p = subprocess.Popen([hinomi.PROGRAM, "feed", "add", "--name", "a", self.server.url("/a.zip")], env=self.world.env)
        while not self.server.asked:
            time.sleep(0.01)
        self.feed("update", code=3)
        self.assertEqual(p.wait(), 0)


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificate")
class Https(Case):
    def test_only_who_is_trusted(self):
        key, cert = (str(pathlib.Path(self.world.home).parent / n) for n in ("key.pem", "cert.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "30", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
        server = Server((cert, key))
        self.addCleanup(server.close)
        server.files["/a.zip"] = zipped([osv("A-1")])
        server.files["/down"] = redirect(f"http://127.0.0.1:{self.server.port}/a.zip")
        self.assertIn("certificate", self.feed("add", "--name", "a", server.url("/a.zip", "localhost"), code=3).errors)
        self.feed("add", "--name", "a", "--ca", cert, server.url("/a.zip", "localhost"))
        self.assertIn("another scheme", self.feed("add", "--name", "b", "--ca", cert, server.url("/down"), code=3).errors)


class Osv(Case):
    def put(self, records):
        self.records = {r["id"]: r for r in records}
        self.server.files["/PyPI/all.zip"] = zipped(records)
        rows = sorted(((r["modified"], r["id"]) for r in records), reverse=True)
        self.server.files["/PyPI/modified_id.csv"] = "".join(f"{t},{i}\n" for t, i in rows).encode()
        for r in records:
            self.server.files[f"/PyPI/{r['id']}.json"] = json.dumps(r).encode()

    def test_only_what_changed_is_fetched(self):
        self.put([osv(f"P-{i}") for i in range(20)])
        self.feed("add", "--name", "pypi", self.server.url("/PyPI/all.zip"))
        self.assertEqual(self.feed("sources", "--json").json[0]["kind"], "osv")
        self.server.asked.clear()
        self.assertIn("nothing new", self.feed("update").text)
        self.assertEqual(self.server.paths(), ["/PyPI/modified_id.csv"])
        self.records.pop("P-3")
        self.put(list(self.records.values()) + [osv("P-20", modified="2026-11-21T00:00:00Z", package="new")] +
                 [osv("P-3", modified="2026-11-22T00:00:00Z", fixed="9.9.9")])
        self.server.asked.clear()
        self.feed("update")
        self.assertEqual(sorted(self.server.paths()), ["/PyPI/P-20.json", "/PyPI/P-3.json", "/PyPI/modified_id.csv"])
        shown = self.feed("show", "P-3", "--json").json[0]
        self.assertEqual(shown["records"][0]["affected"][0]["ranges"][0]["events"][1]["fixed"], "9.9.9")
        self.feed("show", "P-20")
        self.server.asked.clear()
        self.assertIn("nothing new", self.feed("update").text)

    def test_names_that_lead_elsewhere_are_left_out(self):
        self.put([osv("P-1")])
        self.feed("add", "--name", "pypi", self.server.url("/PyPI/all.zip"))
        self.server.files["/PyPI/modified_id.csv"] = (
            b"2026-11-23T00:00:00Z,../../etc/passwd\n2026-11-23T00:00:00Z,http://127.0.0.1/x\n2026-11-23T00:00:00Z,.hidden\n"
            b"2026-11-23T00:00:00Z,a b\nnonsense\n\xff\xfe\n2026-11-23T00:00:00Z,%2e%2e\n2026-11-20T00:00:00Z,P-1\n")
        self.server.asked.clear()
        self.feed("update")
        self.assertEqual(self.server.paths(), ["/PyPI/modified_id.csv"])


class Csaf(Case):
    def put(self, documents, hosts=""):
        self.server.files["/.well-known/csaf/provider-metadata.json"] = json.dumps({"distributions": [
            {"directory_url": self.server.url("/csaf/")}] + ([{"directory_url": hosts}] if hosts else [])}).encode()
        self.server.files["/csaf/changes.csv"] = "".join(f'"{p}","{t}"\n' for p, t, _ in documents).encode()
        for path, _, body in documents:
            self.server.files["/csaf/" + path] = body
            self.server.files[f"/csaf/{path}.sha256"] = f"{hashlib.sha256(body).hexdigest()}  {path}\n".encode()

    def add(self, code=0):
        return self.feed("add", "--name", "acme", self.server.url("/.well-known/csaf/provider-metadata.json"), code=code)

    def test_documents_by_their_list(self):
        docs = [(f"2026/acme-{i}.json", "2026-11-20T00:00:00Z", csaf(f"ACME-{i}", f"CVE-2026-000{i}")) for i in range(4)]
        self.put(docs)
        self.add()
        self.assertEqual((self.listed()["acme"]["records"], self.listed()["acme"]["kind"]), (4, "csaf"))
        self.server.asked.clear()
        self.assertIn("nothing new", self.feed("update").text)
        self.assertFalse([p for p in self.server.paths() if p.endswith(".json") and "provider" not in p])
        self.put(docs[1:] + [("2026/acme-0.json", "2026-11-25T00:00:00Z", csaf("ACME-0", "CVE-2026-0009", "2026-11-25T00:00:00Z"))])
        self.server.asked.clear()
        self.feed("update")
        self.assertEqual([p for p in self.server.paths() if p.endswith(".json") and "provider" not in p], ["/csaf/2026/acme-0.json"])
        self.feed("show", "CVE-2026-0009")

    def test_a_document_with_a_wrong_sum_is_left_out_and_said(self):
        docs = [(f"2026/acme-{i}.json", "2026-11-20T00:00:00Z", csaf(f"ACME-{i}", f"CVE-2026-000{i}")) for i in range(3)]
        self.put(docs)
        self.server.files["/csaf/2026/acme-1.json"] += b" "
        self.server.files["/csaf/2026/acme-2.json.sha512"] = hashlib.sha512(docs[2][2]).hexdigest().encode()
        del self.server.files["/csaf/2026/acme-2.json.sha256"]
        done = self.add()
        self.assertIn("checksum is wrong", done.errors)
        self.assertEqual(self.listed()["acme"]["records"], 2)

    def test_lists_lead_nowhere_else(self):
        self.put([("2026/acme-1.json", "2026-11-20T00:00:00Z", csaf("ACME-1", "CVE-2026-0001")),
                  ("../../secret.json", "2026-11-20T00:00:00Z", b"{}"), ("2026/.x.json", "2026-11-20T00:00:00Z", b"{}")],
                 hosts=f"http://localhost:{self.server.port}/csaf/")
        done = self.add()
        self.assertIn("3 documents", done.errors)
        self.assertEqual(self.listed()["acme"]["records"], 1)
        self.assertFalse([p for p in self.server.paths() if "secret" in p or ".x" in p])

    def test_rolie(self):
        body = csaf("ACME-1", "CVE-2026-0001")
        self.server.files["/p/provider-metadata.json"] = json.dumps({"distributions": [{"rolie": {"feeds": [
            {"tlp_label": "WHITE", "url": self.server.url("/p/white.json")}]}}]}).encode()
        self.server.files["/p/white.json"] = json.dumps({"feed": {"entry": [
            {"id": "ACME-1", "updated": "2026-11-20T00:00:00Z", "content": {"src": self.server.url("/p/2026/acme-1.json")}},
            {"id": "BAD", "updated": "2026-11-20T00:00:00Z", "content": {"src": "https://elsewhere.example.invalid/x.json"}}]}}).encode()
        self.server.files["/p/2026/acme-1.json"] = body
        done = self.feed("add", "--name", "acme", self.server.url("/p/provider-metadata.json"))
        self.assertIn("no checksum", done.errors)
        self.assertIn("not below the address", done.errors)
        self.assertEqual(self.listed()["acme"]["records"], 1)


class Diagnosed(Case):
    """Advisory data from the file to the deadline, on a made-up root and on this machine."""

    def tracker(self, **packages):
        return json.dumps({p: {cve: {"description": "made up", "scope": "remote", "releases": {
            "bookworm": {"status": "resolved", "fixed_version": fixed, "urgency": "high"}}} for cve, fixed in cves.items()}
            for p, cves in packages.items()}).encode()

    def diagnose(self, *args, now=None):
        done = self.world.run("diagnose", "--json", *args, env={"HINOMI_NOW": now} if now else None)
        self.assertIn(done.code, (0, 1), done.errors)
        return done.json

    def kinds(self, doc, prefix):
        return {f["kind"]: f for f in doc["findings"] if f["kind"].startswith(prefix)}

    def test_no_data_then_a_finding_with_its_deadline_then_closed(self):
        root = self.world.root("neglected")
        doc = self.diagnose("--root", root)
        self.assertIn("feed.no-data", self.kinds(doc, "feed."))
        self.assertIn("Debian", self.kinds(doc, "feed.")["feed.no-data"]["title"]["en"])
        self.server.files["/tracker.json"] = self.tracker(openssl={"CVE-2026-0001": "99.0-1"}, curl={"CVE-2026-0002": "0.1-1"})
        self.server.files["/kev.json"] = json.dumps({"catalogVersion": "1", "dateReleased": "2026-11-20T00:00:00Z", "vulnerabilities": [
            {"cveID": "CVE-2026-0001", "vendorProject": "v", "product": "p", "vulnerabilityName": "n", "dateAdded": "2026-11-19",
             "shortDescription": "s", "requiredAction": "a", "dueDate": "2026-12-01", "knownRansomwareCampaignUse": "Known"}]}).encode()
        self.server.files["/epss.csv.gz"] = gzip.compress(
            b"#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.9,0.99\n")
        for name in ("tracker.json", "kev.json", "epss.csv.gz"):
            self.feed("add", "--name", name.split(".")[0], self.server.url("/" + name))
        doc = self.diagnose("--root", root)
        found = [f for f in doc["findings"] if f["kind"] == "sbom.vulnerable"]
        self.assertEqual(len(found), 1, [f["title"] for f in found])
        f = found[0]
        self.assertIn("CVE-2026-0001", json.dumps(f))
        self.assertIn("99.0-1", json.dumps(f))
        terms = {t["name"]: t for t in f["terms"]}
        self.assertIn("kev", terms)
        self.assertTrue(f["deadline"], f)
        self.assertIn("bod-26-04", f["deadline_rule"])
        self.assertNotIn("feed.no-data", self.kinds(doc, "feed."))
        closed = [x for x in self.world.run("findings", "list", "--json", "--status", "closed").json["items"] if x["kind"] == "feed.no-data"]
        self.assertEqual(len(closed), 1)
        self.server.files["/tracker.json"] = self.tracker(openssl={"CVE-2026-0001": "0.1-1"})
        self.feed("update", "tracker")
        doc = self.diagnose("--root", root)
        self.assertFalse([f for f in doc["findings"] if f["kind"] == "sbom.vulnerable"])

    def test_old_data_is_a_finding_until_it_is_asked_for_again(self):
        root = self.world.root("neglected")
        self.server.files["/tracker.json"] = self.tracker(openssl={"CVE-2026-0001": "0.1-1"})
        self.feed("add", "--name", "tracker", self.server.url("/tracker.json"))
        self.assertFalse(self.kinds(self.diagnose("--root", root), "feed."))
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 9 * 86400 + 60))
        old = self.kinds(self.diagnose("--root", root, now=later), "feed.")["feed.old"]
        self.assertEqual(old["title"]["en"], "Advisory data of tracker is 9 days old")
        self.assertIn("9 日前", old["title"]["ja"])
        self.feed("update", env={"HINOMI_NOW": later})
        self.assertIn("If-None-Match", self.server.asked[-1][1])
        self.assertFalse(self.kinds(self.diagnose("--root", root, now=later), "feed."))

    def test_this_machine(self):
        release = pathlib.Path("/etc/os-release").read_text()
        if "ID=debian" not in release or "VERSION_ID=\"12\"" not in release:
            self.skipTest("not Debian 12")
        self.server.files["/tracker.json"] = self.tracker(glibc={"CVE-2026-0003": "99.0-1"})
        self.feed("add", "--name", "tracker", self.server.url("/tracker.json"))
        doc = self.diagnose("--no-store")
        found = [f for f in doc["findings"] if f["kind"] == "sbom.vulnerable"]
        self.assertEqual(len(found), 1)
        terms = {t["name"] for t in found[0]["terms"]}
        self.assertTrue(terms & {"mapped-running", "listens-none", "listens-loopback", "listens-one-network", "listens-everywhere"}, terms)


class Beside(Case):
    """A folder of a CSAF provider, brought by hand: checksums are compared, signatures are said not to be."""

    def folder(self):
        folder = self.world.dir / "provider"
        folder.mkdir()
        for i in range(1, 6):
            text = csaf(f"A-{i}", f"CVE-2026-500{i}")
            (folder / f"a-{i}.json").write_bytes(text)
            kind = "sha512" if i == 2 else "sha256"
            if i != 4:
                (folder / f"a-{i}.json.{kind}").write_text(hashlib.new(kind, text).hexdigest().upper() + f"  a-{i}.json\n")
        (folder / "a-1.json.asc").write_text("-----BEGIN PGP SIGNATURE-----\n")
        (folder / "a-4.json.asc").write_text("-----BEGIN PGP SIGNATURE-----\n")
        (folder / "a-3.json").write_bytes(csaf("A-3", "CVE-2026-5003", "2026-11-21T00:00:00Z"))  # changed after its sum
        (folder / "a-5.json.sha512").write_text("no sum at all")
        return folder

    def test_sums_and_signatures(self):
        done = self.feed("add", "--name", "vendor", self.folder())
        self.assertIn("a-3.json", done.errors)
        self.assertIn("a-5.json", done.errors)
        self.assertNotIn(".asc", done.errors)
        listed = self.feed("list", "--json").json[0]
        self.assertEqual((listed["records"], listed["rejected"]), (3, 0))
        self.assertEqual(listed["checked"], {"documents": 3, "checksum_right": 2, "checksum_wrong": 2, "signature_not_checked": 2})
        for word in ("list", "verify"):
            self.assertIn("2 documents have an OpenPGP signature (.asc), which is NOT checked", self.feed(word).text)
        for cve, there in (("CVE-2026-5001", True), ("CVE-2026-5003", False), ("CVE-2026-5005", False)):
            self.assertEqual(self.world.run("feed", "show", cve).code == 0, there, cve)
        self.feed("add", "--name", "vendor", self.world.dir / "provider" / "a-1.json")  # nothing beside it was named
        self.assertNotIn("checked", self.feed("list", "--json").json[0])

    def test_a_feed_that_goes_leaves_nothing(self):
        folder = self.folder()
        self.feed("add", "--name", "one", folder)
        self.feed("add", "--name", "two", folder)
        self.feed("remove", "one")
        self.assertEqual([(f["name"], f["checked"]["signature_not_checked"]) for f in self.feed("list", "--json").json], [("two", 2)])
        self.assertNotIn("one\t", (self.world.home / "feed" / "checks").read_text())


class Bundle(Case):
    def test_one_file_for_a_machine_without_a_network(self):
        self.server.files["/a.zip"] = zipped([osv("A-1"), osv("A-2")])
        self.feed("add", "--name", "a", "--licence", "CC0", self.server.url("/a.zip"))
        one, two = self.world.dir / "one.zst", self.world.dir / "two.zst"
        self.feed("export", "-o", one)
        self.feed("export", "-o", two)
        self.assertEqual(one.read_bytes(), two.read_bytes())
        other = {"HINOMI_HOME": str(self.world.dir / "other")}
        local = self.world.dir / "b.json"
        local.write_text(json.dumps(osv("B-1")))
        self.feed("add", "--name", "b", local, env=other)
        self.feed("add", "--name", "a", local, env=other)
        self.assertIn("records, as of", self.feed("import", one, env=other).text)
        self.assertTrue(self.feed("import", "--json", one, env=other).text.endswith("]\n"))
        rows = {f["name"]: f for f in self.feed("list", "--json", env=other).json}
        self.assertEqual({n: f["records"] for n, f in rows.items()}, {"a": 2, "b": 1})
        mine = self.listed()["a"]
        for key in ("licence", "source", "date", "sha256", "kind", "imported"):
            self.assertEqual(rows["a"][key], mine[key])
        self.feed("verify", env=other)
        good = one.read_bytes()
        for bad in (good[:len(good) // 2], good[:-1], b"", b"nothing", good[:40] + bytes([good[40] ^ 1]) + good[41:]):
            two.write_bytes(bad)
            self.feed("import", two, code=3, env=other)
            self.assertEqual({f["name"]: f["records"] for f in self.feed("list", "--json", env=other).json}, {"a": 2, "b": 1})

    def test_another_index_than_the_manifest_tells(self):
        self.server.files["/a.zip"] = zipped([osv("A-1")])
        self.feed("add", "--name", "a", self.server.url("/a.zip"))
        path = self.world.dir / "one.zst"
        self.feed("export", "-o", path)
        tar = subprocess.run(["zstd", "-dc", str(path)], capture_output=True, check=True).stdout if shutil.which("zstd") else None
        if tar is None:
            self.skipTest("no zstd")
        at = tar.index(b"HNADVIX\n")
        path.write_bytes(subprocess.run(["zstd", "-c"], input=tar[:at + 300] + b"\xff" + tar[at + 301:], capture_output=True, check=True).stdout)
        self.assertIn("checksum of its index", self.feed("import", path, code=3, env={"HINOMI_HOME": str(self.world.dir / "x")}).errors)


class Shown(Case):
    def test_every_source_in_its_own_words(self):
        local = self.world.dir / "in"
        local.mkdir()
        (local / "osv.json").write_text(json.dumps(osv("GHSA-1", aliases=["CVE-2026-0001"])))
        (local / "cve.json").write_text(json.dumps({
            "dataType": "CVE_RECORD", "cveMetadata": {"cveId": "CVE-2026-0001", "state": "PUBLISHED"},
            "containers": {"cna": {"descriptions": [{"lang": "en", "value": "d"}], "affected": [{"vendor": "v", "product": "p"}],
                                   "metrics": [{"cvssV3_1": {"version": "3.1", "vectorString": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N",
                                                             "baseScore": 3.3, "baseSeverity": "LOW"}}]}}}))
        (local / "nvd.json").write_text(json.dumps({"vulnerabilities": [{"cve": {
            "id": "CVE-2026-0001", "sourceIdentifier": "x", "lastModified": "2026-11-20T00:00:00.000", "published": "2026-11-19T00:00:00.000",
            "vulnStatus": "Analyzed", "descriptions": [{"lang": "en", "value": "d"}], "metrics": {"cvssMetricV31": [
                {"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"version": "3.1",
                 "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "baseScore": 9.8}}]}}}]}))
        self.feed("add", "--name", "mixed", "--licence", "CC0", local)
        for asked in ("GHSA-1", "cve-2026-0001"):
            one = self.feed("show", asked, "--json").json[0]
            self.assertEqual(one["cve"], "CVE-2026-0001")
            self.assertEqual({r["form"] for r in one["records"]}, {"osv", "cve", "nvd"})
            self.assertEqual({(s["by"], s["score"]) for s in one["severities"]}, {("cna", 3.3), ("nvd", 9.8)})
            self.assertEqual(one["exploited"], "unknown")
            self.assertEqual({r["feed"]["licence"] for r in one["records"]}, {"CC0"})
        self.assertIn("9.8 CVSS-B  CVSS:3.1/", self.feed("show", "GHSA-1").text)
        self.feed("show", "CVE-1999-0000", code=3)
        self.assertIn("introduced 0, fixed 2.0.0", self.feed("show", "GHSA-1").text)
        self.feed("show", code=2)

    def test_list_filters_and_sorts(self):
        for name, when in (("new", "2026-11-27T00:00:00Z"), ("old", "2020-01-01T00:00:00Z")):
            path = self.world.dir / (name + ".json")
            path.write_text(json.dumps(osv(name, modified=when)))
            self.feed("add", "--name", name, path)
        self.assertEqual([f["name"] for f in self.feed("list", "--json", "--sort", "date").json], ["old", "new"])
        self.assertEqual([f["name"] for f in self.feed("list", "--json", "--older", "1000").json], ["old"])
        self.assertEqual(self.feed("list", "--json", "--kind", "kev").json, [])

    def test_lists_as_csv_and_as_lines(self):
        """The same names of columns in both languages; what is no list says so; a component listed twice is told once."""
        for name, more in (("one", {}), ("two", {"licence": "=1+1"})):
            path = self.world.dir / (name + ".json")
            path.write_text(json.dumps(osv("PYSEC-" + name, severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}])))
            self.feed("add", "--name", name, "--licence", more.get("licence", "CC0-1.0"), path)
        for lang in ("en", "ja"):
            rows = list(csv.DictReader(io.StringIO(self.feed("list", "--csv", "--lang", lang).text)))
            self.assertEqual([(r["name"], r["records"], r["date"], r["licence"]) for r in rows],
                             [("one", "1", "2026-11-20", "CC0-1.0"), ("two", "1", "2026-11-20", "'=1+1")])
        self.assertEqual([json.loads(x)["name"] for x in self.feed("list", "--jsonl").text.splitlines()], ["one", "two"])
        self.assertIn("--json", self.feed("verify", "--csv", code=2).errors)
        bill = self.world.dir / "bill.cdx.json"
        part = {"type": "library", "name": "thing", "version": "1.0", "purl": "pkg:pypi/thing@1.0"}
        bill.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [part, {**part, "name": "other", "purl": "pkg:pypi/other@1"}, part]}))
        done = self.world.run("sbom", "match", bill, "--csv")
        self.assertEqual(done.code, 1)
        rows = list(csv.DictReader(io.StringIO(done.text)))
        self.assertEqual([(r["severity"], r["score"], r["vulnerability"], r["purl"], r["fixed"], r["kev"]) for r in rows],
                         [("critical", "9.8", f"PYSEC-{n}", "pkg:pypi/thing@1.0", "2.0.0", "") for n in ("one", "two")])
        self.assertIn("3 components", done.errors)
        self.assertEqual(self.world.run("sbom", "match", bill, "--json").json["judged"], [{"ecosystem": "PyPI", "components": 3, "entries": 2}])
        self.assertIn("3 of PyPI, advisory entries held: 2", self.world.run("sbom", "match", bill, "--lang", "en").text)

    def test_a_copy_of_an_archive_is_no_newer_than_what_is_in_it(self):
        """Records of Go tell no change: the archive's entries do, and the file's own time says only when it was copied."""
        path = self.world.dir / "all.zip"
        path.write_bytes(zipped([osv("GO-1", modified="0001-01-01T00:00:00Z"), osv("GO-2", modified="0001-01-01T00:00:00Z")]))
        self.feed("add", "--name", "go", path)
        self.assertEqual(self.feed("list", "--json").json[0]["date"], "2026-11-20T00:00:00Z")
        self.feed("add", "--name", "go", "--date", "2026-11-23T00:00:00Z", path)
        self.assertEqual(self.feed("list", "--json").json[0]["date"], "2026-11-23T00:00:00Z")


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(bad != 0)
