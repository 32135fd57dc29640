import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/* The theme must be known before the first paint, and the content security policy forbids inline scripts: boot.js is
 * a small classic script of its own, with a hash in its name like everything else. */
function boot(): Plugin {
  const source = readFileSync(new URL("./src/boot.js", import.meta.url), "utf8");
  const name = `assets/boot-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.js`;
  return {
    name: "boot",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: name, source });
    },
    transformIndexHtml: {
      order: "pre",
      handler(html, ctx) {
        return html.replace("%BOOT%", ctx.server ? "/src/boot.js" : `/${name}`);
      },
    },
  };
}

export default defineConfig({
  base: "/",
  publicDir: false,
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  plugins: [boot()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": process.env.HINOMI_URL ?? "http://127.0.0.1:8420" } },
});
