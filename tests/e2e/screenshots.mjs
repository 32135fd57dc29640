/* Pictures of every screen in both languages for docs/screenshots; the data is the made-up host of the tests. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { bringSoftware, softwareViews } from "./portfolio.mjs";
import { begin, bringWorld, createAccount, settle, views } from "./session.mjs";

const out = new URL("../../docs/screenshots/", import.meta.url).pathname;
const most = 220 * 1000;
mkdirSync(out, { recursive: true });
const s = await begin();
const { page, url } = s;
let failed = 0;

async function shot(name) {
  const path = `${out}${name}.png`;
  writeFileSync(path, await page.screenshot({ animations: "disabled" }));
  const { size } = statSync(path);
  if (size > most) failed++;
  console.log(`${name}.png ${Math.round(size / 1000)} kB${size > most ? "  too large" : ""}`);
}

try {
  await page.setViewportSize({ width: 1280, height: 800 });
  await createAccount(page, url, s.token);
  await bringWorld(s);
  bringSoftware(s);
  const { items } = await s.api("findings?limit=6");
  const { csrf } = await s.api("session");
  const moves = [[], ["accepted"], ["in_progress"], ["in_progress", "claimed"]];
  for (const [i, path] of moves.entries()) {
    const post = (where, data) => page.request.post(`${url}/api/v1/${where}`, { data, headers: { "X-Hinomi-CSRF": csrf } });
    const action = await (await post("actions", { finding: items[i].id, owner: "me" })).json();
    for (const to of path) await post(`actions/${action.id}/transition`, { to });
  }
  const wanted = ["now", "findings", "finding", "assets", "asset", "observations", "organisations", "organisation", "actions", "sources", "settings", "software", "product", "vulnerability"];
  const all = { ...(await views(s)), ...(await softwareViews(s)) };
  const joined = (await s.api("findings?limit=100")).items.find((f) => f.kind === "packages.update-pending" && f.asset.name === "www-3");
  all.finding = `/findings/${joined.id}`;
  for (const lang of ["en", "ja"]) {
    await page.goto(`${url}/`);
    await page.getByRole("button", { name: lang, exact: true }).click();
    for (const name of wanted) {
      await page.goto(url + all[name]);
      await settle(page);
      await shot(`${name}-${lang}`);
    }
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${url}/`);
    await settle(page);
    await shot(`now-dark-${lang}`);
    await page.goto(url + all.finding);
    await settle(page);
    await shot(`finding-dark-${lang}`);
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${url}/`);
    await settle(page);
    await shot(`now-390-${lang}`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
} finally {
  await s.end();
}
process.exit(failed ? 1 : 0);
