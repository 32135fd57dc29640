/* What every story asks of every screen: nothing that axe objects to, nothing wider than the window, a browser that has
 * nothing to complain about. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { check, is } from "./check.mjs";
import { settle } from "./session.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/* colours: only what a theme can change. The page's policy forbids injected script tags, which is right; evaluate is not
 * bound by it. */
export async function violations(page, name, colours = false) {
  await page.evaluate(axe);
  const only = colours ? { type: "rule", values: ["color-contrast", "link-in-text-block"] } : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), only);
  return found.violations.map((v) => `${name}: ${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).join(" | ")}`);
}

/* A list that fills with what the browser says; `unless`: what it may say. */
export function complaintsOf(page, unless) {
  const complaints = [];
  page.on("console", (m) => {
    if (["error", "warning"].includes(m.type()) && !unless.test(m.text())) complaints.push(m.text());
  });
  page.on("pageerror", (e) => complaints.push(String(e)));
  return complaints;
}

/* views: name → path, asked anew for each round. */
export async function checkScreens(page, url, views, complaints) {
  const each = async (look) => {
    const bad = [];
    for (const [name, path] of Object.entries(await views())) {
      await page.goto(url + path);
      await settle(page);
      bad.push(...(await look(name)));
    }
    return bad;
  };

  for (const scheme of ["light", "dark"])
    await check(`axe: no violation in the section, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      const bad = await each((name) => violations(page, name, scheme === "dark")); /* the theme changes nothing but colours */
      is(bad.join("\n"), "", "axe");
      await page.emulateMedia({ colorScheme: "light" });
    });

  await check("390 and 1280 px: nothing wider than the screen", async () => {
    const bad = [];
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      bad.push(...(await each(async (name) => {
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        return over > 0 ? [`${name} at ${width}: ${over} px too wide`] : [];
      })));
    }
    is(bad.join("\n"), "", "width");
  });

  await check("the browser had nothing to complain about", () => is(complaints.join("\n"), "", "complaints"));
}
