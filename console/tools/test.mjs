/* Unit tests of what needs no browser: bundles src/unit.ts with Vite and runs it. */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "node_modules/.unit");
process.env.TZ = "Asia/Tokyo";
globalThis.document = { documentElement: { lang: "en", dataset: {} }, addEventListener() {}, querySelector: () => null };
globalThis.history = { state: null };
globalThis.window = { location: { pathname: "/", search: "" }, addEventListener() {} };
await build({ root, configFile: false, logLevel: "error", esbuild: { jsx: "automatic", jsxImportSource: "preact" }, build: { ssr: join(root, "src/unit.ts"), outDir: out, emptyOutDir: true, target: "es2022", rollupOptions: { output: { entryFileNames: "unit.mjs" } } }, ssr: { noExternal: true } });
const { failed } = await import(pathToFileURL(join(out, "unit.mjs")).href);
rmSync(out, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
