/* What the build must hold to: no inline script or style, no address of another origin, hashed names, a small size. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const limit = 500 * 1000;
const allowed = ["http://www.w3.org/"]; /* XML namespaces are names, not addresses */
const problems = [];
let total = 0;

function walk(dir) {
  return readdirSync(dir).flatMap((f) => (statSync(join(dir, f)).isDirectory() ? walk(join(dir, f)) : [join(dir, f)]));
}
for (const path of walk(dist)) {
  const name = relative(dist, path);
  const data = readFileSync(path);
  total += gzipSync(data).length;
  if (name !== "index.html" && !/^assets\/[\w.-]+-[\w-]{8}\.\w+$/.test(name)) problems.push(`${name}: no hash in its name`);
  for (const m of data.toString("utf8").matchAll(/(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}\/[^\s"'`)]*/gi))
    if (!allowed.some((a) => m[0].startsWith(a))) problems.push(`${name}: address ${m[0]}`);
}
const html = readFileSync(join(dist, "index.html"), "utf8");
if (/<script(?![^>]*\bsrc=)/.test(html)) problems.push("index.html: inline script");
if (/<style|\sstyle=|\son[a-z]+=/.test(html)) problems.push("index.html: inline style or handler");
if (total > limit) problems.push(`${total} bytes gzipped, limit ${limit}`);
for (const p of problems) process.stderr.write(`dist: ${p}\n`);
process.stdout.write(`dist: ${(total / 1000).toFixed(1)} kB gzipped\n`);
process.exit(problems.length ? 1 : 0);
