/* A made-up portfolio: documents of products, advisories about their parts, and the pages that show them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hinomi } from "./hinomi.mjs";

/* A document with n parts in a row, each pulled in by the one before. */
export function cyclonedx(name, version, parts) {
  const ref = (p) => `pkg:${p.startsWith("r-") ? "cran" : "npm"}/${p}@1.0.0`;
  return {
    bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
    metadata: { timestamp: new Date(Date.now() - 3 * 86400000).toISOString(), component: { type: "application", name, version, "bom-ref": "root" } },
    components: parts.map((p) => ({ type: "library", name: p, version: "1.0.0", purl: ref(p), "bom-ref": ref(p), licenses: [{ license: { id: "MIT" } }] })),
    dependencies: [{ ref: "root", dependsOn: [ref(parts[0])] }, ...parts.map((p, i) => ({ ref: ref(p), dependsOn: parts[i + 1] ? [ref(parts[i + 1])] : [] }))],
  };
}

function advisory(id, ecosystem, name, fixed, type = "ECOSYSTEM") {
  return {
    schema_version: "1.6.0", id, modified: new Date(Date.now() - 3600000).toISOString(), published: "2026-10-01T00:00:00Z", aliases: [`CVE-2026-${id.slice(-4)}`],
    summary: `Made-up flaw in ${name}`, severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
    affected: [{ package: { ecosystem, name }, ranges: [{ type, events: [{ introduced: "0" }, { fixed }] }] }],
  };
}

export function bringSoftware(s) {
  const feed = join(s.data, "advisories");
  mkdirSync(feed);
  writeFileSync(join(feed, "a.json"), JSON.stringify(advisory("OSV-2026-1001", "npm", "deep-part", "1.2.0", "SEMVER")));
  writeFileSync(join(feed, "b.json"), JSON.stringify(advisory("OSV-2026-1002", "npm", "everywhere", "2.0.0", "SEMVER")));
  writeFileSync(join(feed, "c.json"), JSON.stringify(advisory("DSA-2026-1003", "Debian:12", "openssl", "3.0.17-1~deb12u2")));
  const put = (name, version, parts) => {
    const file = join(s.data, "bom.json");
    writeFileSync(file, JSON.stringify(cyclonedx(name, version, parts)));
    hinomi(s.data, "sbom", "ingest", file, "--product", name, "--version", version, "--supplier", "架空製作所");
  };
  put("Web shop", "2.1", ["front-part", "middle-part", "deep-part", "everywhere"]);
  for (let i = 1; i <= 20; i++) put(`Gadget ${i}`, "1.0", ["everywhere"]);
  put("Unknown thing", "1", ["r-nobody-knows"]);
  hinomi(s.data, "sbom", "rematch", "--feed", feed);
}

export async function softwareViews(s) {
  const products = (await s.api("software/products?q=shop")).items;
  const part = (await s.api("software/components?q=deep-part")).items[0];
  const sbom = (await s.api("software/sboms?q=shop")).items[0];
  return {
    software: "/software",
    product: `/software/products/${products[0].id}`,
    vulnerabilities: "/software/vulnerabilities",
    vulnerability: "/software/vulnerabilities/CVE-2026-1003",
    components: "/software/components",
    component: `/software/components/${part.id}`,
    upgrades: "/software/upgrades",
    suppliers: "/software/suppliers",
    sboms: "/software/sboms",
    sbom: `/software/sboms/${sbom.id}`,
    deployments: "/software/deployments",
    statements: "/software/statements",
    feeds: "/software/feeds",
  };
}
