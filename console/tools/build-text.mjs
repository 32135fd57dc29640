/* text.yaml → src/text/gen/{en,ja}.ts and keys.ts. Fails on a missing language, on placeholders that differ between
 * the languages, and (--unused) on keys that no source file names. */
import { mkdirSync, readFileSync, writeFileSync, readdirSync, statSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const langs = ["en", "ja"];
const entries = Object.entries(parse(readFileSync(join(root, "text.yaml"), "utf8")));
const problems = [];
const holes = (s) => [...s.matchAll(/\{([a-z_]+)[|}]/g)].map((m) => m[1]).sort().filter((v, i, a) => a.indexOf(v) === i);

for (const [key, value] of entries) {
  if (!/^[a-z0-9_.-]+$/.test(key)) problems.push(`${key}: not a key`);
  for (const l of langs) if (typeof value?.[l] !== "string" || value[l].trim() === "") problems.push(`${key}: no ${l}`);
  for (const l of Object.keys(value ?? {})) if (!langs.includes(l)) problems.push(`${key}: unknown language ${l}`);
  if (typeof value?.en === "string" && typeof value?.ja === "string") {
    const [en, ja] = [holes(value.en), holes(value.ja)];
    const extra = ja.filter((h) => !en.includes(h)).concat(en.filter((h) => !ja.includes(h)));
    if (extra.length) problems.push(`${key}: placeholders differ: ${extra.join(", ")}`);
  }
}

/* A key counts as used when it is named, or when a source file builds it from a prefix: `t(\`state.${…}\`)`. */
function sources(dir) {
  return readdirSync(dir).flatMap((f) => {
    const p = join(dir, f);
    if (statSync(p).isDirectory()) return f === "gen" ? [] : sources(p);
    return /\.tsx?$/.test(f) ? [readFileSync(p, "utf8")] : [];
  });
}
if (existsSync(join(root, "src"))) {
  const all = sources(join(root, "src")).join("\n");
  const prefixes = [...all.matchAll(/`([a-z0-9_.-]+\.)\$\{/g)].map((m) => m[1]);
  for (const [key] of entries)
    if (!all.includes(`"${key}"`) && !prefixes.some((p) => key.startsWith(p))) problems.push(`${key}: not used`);
}

if (problems.length) {
  process.stderr.write(problems.map((p) => `text.yaml: ${p}\n`).join(""));
  process.exit(1);
}
const out = join(root, "src/text/gen");
mkdirSync(out, { recursive: true });
const head = "/* Generated from text.yaml by tools/build-text.mjs. */\n";
const put = (file, text) => {
  const path = join(out, file);
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
};
put("keys.ts", `${head}export type TextKey =\n${entries.map(([k]) => `  | ${JSON.stringify(k)}`).join("\n")};\n`);
for (const l of langs)
  put(
    `${l}.ts`,
    `${head}import type { TextKey } from "./keys";\nexport const ${l}: Record<TextKey, string> = {\n` +
      entries.map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v[l])},\n`).join("") +
      "};\n",
  );
process.stdout.write(`text.yaml: ${entries.length} texts in ${langs.length} languages\n`);
