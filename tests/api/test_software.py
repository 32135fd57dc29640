import json

from case import Case, Failed


class Software(Case):
    """The portfolio: products, what is in them, what is wrong with it, how far it reaches, who said what."""

    @classmethod
    def fill(cls, world):

        world.account("tanaka", ("root", "admin"))
        world.account("mori", ("root", "viewer"))
        cls.client = world.client("tanaka")
        cls.viewer = world.client("mori")

    def product(self, name, **more):
        return self.valid(self.client.post("software/products", {"name": name, **more}), "product")

    def sbom(self, product, version, names, document="{}", **more):
        parts = [{"ecosystem": "npm", "name": n, "version": "1.0.0", "purl": f"pkg:npm/{n}@1.0.0", "licence": "MIT"}
                 for n in names]
        edges = [[i - 1, i] for i in range(len(parts))]
        return self.world.local.call("sboms.put", product=product, version=version, document=document, family="CycloneDX",
                                     spec="1.6", components=parts, edges=edges, stated=list(range(len(parts))), **more)

    def match(self, names, kev=(), unknown=(), feed_at="2026-11-20T00:00:00Z"):
        rows = self.world.local.call("components.rows")["rows"]
        number = {r[2]: r[0] for r in rows}
        advisories = [{"id": "GHSA-" + n, "source": "osv", "aliases": ["CVE-2026-" + n], "summary": n + " is broken",
                       "severity": "high", "cvss": 8.1, "epss": 0.25, "kev": n in kev, "automatable": True,
                       "impact": "total", "published": "2026-11-01T00:00:00Z"} for n in names]
        return self.world.local.call("matches.put", feed_at=feed_at, feeds=[{"name": "osv", "records": 3}],
                                     advisories=advisories,
                                     matches=[[number[n], i, 95, "1.2.0", '{"range":"introduced 0"}'] for i, n in enumerate(names)],
                                     unknown=[[number[n], "no-data"] for n in unknown])

    def test_a_empty(self):
        for path, schema in (("software", "software_now"), ("software/products", "products"),
                             ("software/suppliers", "suppliers"), ("software/deployments", "deployments"),
                             ("software/sboms", "sboms"), ("software/components", "components"),
                             ("software/facets", "software_facets"), ("software/vulnerabilities", "vulnerabilities"),
                             ("software/upgrades", "software_upgrades"), ("software/statements", "statements"),
                             ("software/feeds", "software_feeds"),
                             ("software/changes?from=2026-01-01T00:00:00Z", "software_changes")):
            with self.subTest(path):
                self.valid(self.client.get(path), schema)
        self.refused(self.client.get("software/reach"), 400, "invalid")
        self.refused(self.client.get("software/reach?of=CVE-1-1"), 404, "noent")

    def test_b_a_life(self):
        shop = self.product("Shop", supplier="Maker", contract="C-1", contract_until="2027-01-01T00:00:00Z",
                            obligations=["SBOM with every release"], owner="me")
        self.refused(self.client.post("software/products", {"name": "Shop", "supplier": "Maker"}), 409, "exists")
        put = self.sbom(shop["id"], "1.0", ["front", "log", "deep"])
        self.assertEqual((put["known"], put["new_components"]), (False, 3))
        self.assertTrue(self.sbom(shop["id"], "1.0", ["front", "log", "deep"])["known"])
        one = self.valid(self.client.get("software/products/" + shop["id"]), "product")
        self.assertEqual((one["components"], one["unjudged"], one["vulnerabilities"]), (3, 3, 0))
        self.assertEqual([h["what"] for h in one["history"]], ["created", "sbom"])
        self.assertEqual(self.match(["log", "deep"], kev=["deep"], unknown=["front"])["opened"], 2)
        now = self.valid(self.client.get("software"), "software_now")
        self.assertEqual((now["vulnerabilities"], now["kev"], now["unknown"], now["unjudged"]), (2, 1, 1, 0))
        self.assertEqual(now["p_any"], 0.4375)  # 1 - 0.75 * 0.75
        listed = self.valid(self.client.get("software/vulnerabilities"), "vulnerabilities")["items"]
        self.assertEqual([v["id"] for v in listed], ["CVE-2026-deep", "CVE-2026-log"])
        self.assertEqual(listed[0]["due"]["rule"], "bod-26-04:15")
        self.assertEqual({i["name"]: i["value"] for i in listed[0]["due"]["inputs"]}["exposed"], "unknown")
        deep = self.valid(self.client.get("software/vulnerabilities/GHSA-deep"), "vulnerability")
        self.assertEqual((deep["id"], deep["affected_total"], deep["affected"][0]["statement"]), ("CVE-2026-deep", 1, "none"))
        row = self.client.get("software/components?q=deep").json["items"][0]
        part = self.valid(self.client.get("software/components/" + row["id"]), "component")
        self.assertEqual([s["name"] for s in part["paths"][0]["steps"]], ["front", "log", "deep"])
        unknown = self.valid(self.client.get("software/components?unknown=true"), "components")["items"]
        self.assertEqual([(c["name"], c["why_unknown"]) for c in unknown], [("front", "no-data")])
        up = self.valid(self.client.get("software/upgrades"), "software_upgrades")["items"]
        self.assertEqual([(u["package"], u["to"], u["kev"]) for u in up], [("deep", "1.2.0", 1), ("log", "1.2.0", 0)])
        sbom = self.valid(self.client.get("software/sboms/" + put["id"]), "sbom")
        self.assertEqual(sbom["unknown"], 1)
        self.assertEqual(self.client.get(f"software/sboms/{put['id']}/document").data, b"{}")
        for path in ("products", "components", "vulnerabilities", "sboms", "upgrades", "suppliers", "statements"):
            answer = self.client.get(f"software/{path}?format=csv")
            self.assertEqual((answer.status, answer.data[:3]), (200, b"\xef\xbb\xbf") if path != "statements" else (200, answer.data[:3]))

    def test_c_reach(self):
        asset = self.world.put("web1", [{"subject": "zlib"}])
        mail = self.product("Mail")
        self.sbom(mail["id"], "2", ["wide"])
        self.match(["wide"])
        where = {"product": mail["id"], "version": "2", "asset": asset, "service": "post", "customers": ["City", "Town"]}
        made = self.valid(self.client.post("software/deployments", where), "created")
        self.assertEqual(self.valid(self.client.get("software/deployments?q=city"), "deployments")["total"], 1)
        for what in ("GHSA-wide", "CVE-2026-wide", "pkg:npm/wide", "pkg:npm/wide@1.0.0"):
            with self.subTest(what):
                r = self.valid(self.client.get("software/reach?of=" + what), "software_reach")
                self.assertEqual((r["totals"]["products"], r["totals"]["assets"], r["totals"]["services"],
                                  r["totals"]["customers"]), (1, 1, 1, 2))
                names = {n["id"]: n["label"]["en"] for n in r["nodes"]}
                edges = {(names[e["from"]], names[e["to"]]) for e in r["edges"]}
                self.assertIn(("wide 1.0.0", "Mail"), edges)
                self.assertIn(("Mail", "web1"), edges)
                self.assertIn(("post", "City"), edges)
        rows = self.valid(self.client.get("software/reach?of=GHSA-wide&rows=deployments"), "software_reach")["items"]
        self.assertEqual(rows[0]["customers"], ["City", "Town"])
        before = self.client.get("software/reach?of=GHSA-wide&as_of=2026-01-01T00:00:00Z").json
        self.assertEqual(before["totals"]["products"], 0)
        self.valid(self.client.delete("software/deployments/" + made["id"]), "done")
        self.assertEqual(self.client.get("software/reach?of=GHSA-wide").json["totals"]["customers"], 0)

    def test_d_folded(self):
        """A reach over many products stays small, and opens."""
        for i in range(30):
            self.sbom(self.product(f"Many {i:02}")["id"], "1", ["common"])
        self.match(["common"])
        r = self.valid(self.client.get("software/reach?of=GHSA-common"), "software_reach")
        folded = [n for n in r["nodes"] if n["column"] == "product"]
        self.assertEqual([(n["folded"], n["count"]) for n in folded], [(True, 30)])
        r = self.valid(self.client.get("software/reach?of=GHSA-common&open=" + folded[0]["id"]), "software_reach")
        self.assertEqual(len([n for n in r["nodes"] if n["column"] == "product"]), 30)
        page = self.client.get("software/reach?of=GHSA-common&rows=releases&limit=20").json
        self.assertEqual((len(page["items"]), page["next"], page["total"]), (20, "20", 30))
        answer = self.client.get("software/reach?of=GHSA-common&rows=releases&format=csv").data.decode("utf-8-sig")
        self.assertEqual(len(answer.strip().splitlines()), 31)

    def test_e_statements(self):
        said = self.product("Said")
        self.sbom(said["id"], "1", ["said"])
        self.match(["said"])
        body = {"vuln": "CVE-2026-said", "product": said["id"], "status": "not_affected", "purl": "pkg:npm/said"}
        self.refused(self.client.post("software/statements", body), 400, "invalid")
        body["justification"] = "vulnerable_code_not_in_execute_path"
        self.refused(self.viewer.post("software/statements", body), 403, "perm")
        made = self.valid(self.client.post("software/statements", body), "statement")
        self.assertEqual(self.client.get("software/products/" + said["id"]).json["answered"], 1)
        vex = self.client.get("software/openvex?product=" + said["id"]).json
        self.assertEqual(vex["statements"][0]["products"][0]["subcomponents"], [{"@id": "pkg:npm/said"}])
        self.valid(self.client.delete("software/statements/" + made["id"]), "done")
        self.assertEqual(self.client.get("software/products/" + said["id"]).json["vulnerabilities"], 1)
        self.assertFalse(self.client.get("software/statements?ended=true").json["items"][0]["in_force"])

    def test_e_lists_of_what_was_said_and_where_it_runs(self):
        """Both are found by words, put in any order, and exported so."""
        a, b = self.product("Listed alpha"), self.product("Listed beta")
        host = self.world.put("listhost", [{"subject": "zlib"}])
        for product, version, more in ((a, "2", {"service": "zeta"}), (b, "1", {"service": "eta", "asset": host}),
                                       (a, "1", {"service": "theta", "since": "2025-01-02T00:00:00Z"})):
            self.client.post("software/deployments", {"product": product["id"], "version": version, **more})
        what = lambda r: r["product"]["name"][7:] + r["version"]  # noqa: E731
        for sort, want in (("product", "alpha1 alpha2 beta1"), ("-product", "beta1 alpha2 alpha1"), ("service", "beta1 alpha1 alpha2"),
                           ("-asset", "beta1 alpha2 alpha1"), ("since", "alpha1 alpha2 beta1"), ("", "beta1 alpha2 alpha1")):
            with self.subTest("deployments " + sort):
                path = "software/deployments?q=listed" + (f"&sort={sort}" if sort else "")
                rows = self.valid(self.client.get(path), "deployments")["items"]
                self.assertEqual(" ".join(what(r) for r in rows), want)
                page = self.client.get(path + "&limit=2").json
                rest = self.client.get(path + "&limit=2&cursor=" + page["next"]).json
                self.assertEqual([r["id"] for r in page["items"] + rest["items"]], [r["id"] for r in rows])
                lines = self.client.get(path + "&format=csv").data.decode("utf-8-sig").strip().splitlines()
                self.assertEqual([r["id"] in line for r, line in zip(rows, lines[1:], strict=True)], [True] * 3)
        self.refused(self.client.get("software/deployments?sort=nonsense"), 400, "invalid")
        far = "far " * 200 + "Needle-at-the-end"
        for n, (product, status, more) in enumerate((
                (a, "affected", {"statement": far, "author": "Zoe", "expires": "2030-01-01T00:00:00Z"}),
                (b, "under_investigation", {"author": "Adam", "expires": "2029-01-01T00:00:00Z"}),
                (a, "not_affected", {"justification": "component_not_present", "author": "Mia"}))):
            body = {"vuln": f"CVE-2026-list{n}", "product": product["id"], "status": status, "at": f"2026-0{3 - n}-01T00:00:00Z", **more}
            self.valid(self.client.post("software/statements", body), "statement")
        for sort, want in (("", "012"), ("at", "210"), ("-vuln", "210"), ("author", "120"), ("-product", "102"),
                           ("expires", "102"), ("-expires", "201")):
            with self.subTest("statements " + sort):
                path = "software/statements?q=cve-2026-LIST" + (f"&sort={sort}" if sort else "")
                got = self.valid(self.client.get(path), "statements")
                self.assertEqual(("".join(r["vuln"][-1] for r in got["items"]), got["total"]), (want, 3))
                page = self.client.get(path + "&limit=1&cursor=" + self.client.get(path + "&limit=1").json["next"]).json
                self.assertEqual(page["items"], got["items"][1:2])
        for words, want in (("needle-at-the-end", "0"), ("not_present mia", "2"), ("beta", "1"), ("beta mia", ""), ("alpha zoe", "0")):
            got = self.client.get("software/statements?q=" + words.replace(" ", "+")).json["items"]
            self.assertEqual("".join(r["vuln"][-1] for r in got), want, words)
        self.refused(self.client.get("software/statements?sort=nonsense"), 400, "invalid")

    def test_f_what_is_wrong_is_refused(self):
        p = self.product("Wrong")["id"]
        for bad in ({"edges": [[0, 9]]}, {"edges": [[-2, 0]]}, {"edges": ["x"]}, {"stated": [-1]}):
            with self.subTest(json.dumps(bad)), self.assertRaises(Failed) as e:
                self.world.local.call("sboms.put", product=p, version="1", document="{}",
                                      components=[{"name": "a"}], **bad)
            self.assertEqual(e.exception.name, "invalid")
        with self.assertRaises(Failed) as e:
            self.world.local.call("matches.put", feed_at="2026-01-01T00:00:00Z", matches=[[1, 5, 50, "", ""]])
        self.assertEqual(e.exception.name, "invalid")

    def test_g_suppliers_are_a_list_like_others(self):
        for i, n in enumerate((3, 1, 2)):
            for k in range(n):
                self.product(f"List {i} {k}", supplier=f"Listed {i}", contract_until=f"2027-0{i + 1}-01T00:00:00Z")

        def walk(query, limit):
            items, path = [], f"software/suppliers?limit={limit}&{query}"
            while True:
                page = self.valid(self.client.get(path), "suppliers")
                self.assertLessEqual(len(page["items"]), limit)
                items += page["items"]
                if not page.get("next"):
                    self.assertEqual(page["total"], len(items))
                    return items
                path = f"software/suppliers?limit={limit}&{query}&cursor={page['next']}"

        whole = walk("", 500)
        self.assertEqual(sorted(s["name"] for s in walk("", 1)), sorted(s["name"] for s in whole))
        for word in ("name", "products", "components", "vulnerabilities", "p", "oldest_sbom", "contract_next"):
            key = {"p": "p_any"}.get(word, word)
            for sign in ("", "-"):
                values = [s[key] if s[key] is not None else "" if word in ("oldest_sbom", "contract_next") else 0 for s in walk(f"sort={sign}{word}", 2)]
                self.assertEqual(values, sorted(values, reverse=bool(sign)), sign + word)
        self.assertEqual([(s["name"], s["products"]) for s in walk("q=listed&sort=-products", 2)], [("Listed 0", 3), ("Listed 2", 2), ("Listed 1", 1)])
        self.assertEqual(walk("q=nobody+of+this+name", 5), [])
        self.refused(self.client.get("software/suppliers?sort=colour"), 400, "invalid")
        self.assertIn("Listed 2", self.client.get("software/suppliers?format=csv&q=listed").data.decode())
